"""Codes of problems, causes and health effects: the published terminology and a site's own, by import (H3,
H8).

A file is read and judged as a whole in a background job and written in one transaction, or not at all: then
all that is wrong with it stands on the import, row by row. The job begins with the locks of the import and of
all codes, so that one that is started twice does the work of one, and one that is killed has done nothing.
"""

import hashlib
from collections.abc import Iterable, Sequence

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import now_datetime
from frappe.utils.background_jobs import is_job_enqueued
from frappe.utils.nestedset import rebuild_tree

from qms_customer.contract import notify, people
from qms_customer.messages import QMSRefusal, refuse, refuse_one, say, sentence
from qms_customer.records.token import is_moving, moving
from qms_customer.rules import code_tables, mark
from qms_customer.rules import event_codes as rules
from qms_customer.rules.people import MANAGEMENT_REPRESENTATIVE, QUALITY

DOCTYPE, IMPORT = "Event Code", "Event Code Import"
PUBLISHED, SITE = "Published Terminology", "Codes of the Site"
WAITING, FINISHED, REFUSED = "Waiting", "Finished", "Refused"
IMPORTERS = (QUALITY, MANAGEMENT_REPRESENTATIVE)
# The fields of a code by what the rules call them.
FIELDS = {
	"term": "term",
	"term_zh": "term_zh",
	"definition": "definition",
	"parent": "parent_event_code",
	"edition": "edition",
	"retired": "retired",
	"disabled": "disabled",
}
SET_BY_US = ("annex", "own", "retired", "edition", "is_group", "old_parent")
_COLUMNS = ("code", *FIELDS.values(), "annex", "own", "is_group", "old_parent")
_HEAD = ("name", "owner", "creation", "modified", "modified_by", "docstatus", "idx", "lft", "rgt")
MOST_LISTED = 2000


# Importing


def begin(file: str, edition: str = "") -> Document:
	"""Record the import of an uploaded file and start its job (H3, L1). Raises QMSRefusal.

	`edition`: the year of the release, where a published file does not say it.
	"""
	_refuse_others()
	found = _file(file)
	name = found.file_name or file
	content = _content(found)
	record = frappe.get_doc(
		{
			"doctype": IMPORT,
			"status": WAITING,
			"kind": PUBLISHED if code_tables.is_published(name) else SITE,
			"file_name": name[:140],
			"file_url": found.file_url,
			"file_hash": hashlib.sha256(content).hexdigest(),
			"edition": edition.strip()[:10],
			"started_by": frappe.session.user,
			"started_by_name": people.full_name(frappe.session.user),
			"started_on": now_datetime(),
		}
	)
	with moving(record):
		# Who may import was checked above; nobody makes one by hand.
		record.insert(ignore_permissions=True)
	_enqueue(record.name)
	return record


def again(name: str) -> Document:
	"""Start the job of an import anew that was killed; one that waits or runs is left alone (H3)."""
	_refuse_others()
	record = frappe.get_doc(IMPORT, name)
	record.check_permission("read")
	if record.status != WAITING:
		refuse_one("H3", mark("{0} has ended: {1}."), record.name, _(record.status, context=IMPORT))
	_enqueue(record.name)
	return record


def _refuse_others() -> None:
	if not set(IMPORTERS) & people.own_roles(frappe.session.user):
		refuse_one("H3", mark("Codes are imported by: {0}."), ", ".join(IMPORTERS))


def _file(url: str) -> Document:
	# The same bytes may have been uploaded before, under another name.
	names = frappe.get_list(
		"File",
		filters={"file_url": url or "-", "is_folder": 0},
		pluck="name",
		order_by="creation desc",
		limit=1,
	)
	if not names:
		refuse_one("H3", mark("There is no file {0}. Upload it again."), url or "–")
	found = frappe.get_doc("File", names[0])
	found.check_permission("read")
	return found


def _content(file: Document) -> bytes:
	content = file.get_content()
	return content if isinstance(content, bytes) else content.encode()


def _enqueue(name: str) -> None:
	job = f"qms_event_codes::{name}"
	if is_job_enqueued(job):
		return
	frappe.enqueue(
		"qms_customer.feedback.event_codes.run",
		queue="long",
		job_id=job,
		deduplicate=True,
		enqueue_after_commit=True,
		timeout=3600,
		name=name,
	)


def run(name: str) -> None:
	"""Import a file; the job, whose result is kept where no document belongs."""
	import_file(name)


def import_file(name: str) -> Document:
	"""Import a file to its end: all of it, or nothing and a list of what is wrong (H3)."""
	record = frappe.get_doc(IMPORT, name, for_update=True)
	if record.status != WAITING:
		return record
	before = known()
	_progress(record, 10)
	try:
		file = _file(record.file_url)
		content = _content(file)
		if hashlib.sha256(content).hexdigest() != record.file_hash:
			raise code_tables.Unreadable(mark("{0} has changed since it was uploaded."), record.file_name)
		table = code_tables.read(record.file_name, content)
	except code_tables.Unreadable as error:
		return _end(record, [say(error.message, error.args_of_message)])
	except QMSRefusal as error:
		# The file is gone: nobody is there to read a message.
		frappe.clear_last_message()
		return _end(record, [str(error)])
	_progress(record, 30)
	if record.kind == SITE:
		codes, problems = rules.site_codes(table.rows, before)
		wrong = _sentences(problems)
		plan = rules.plan_site(codes, before) if not problems else None
		edition, annexes = "", ""
	else:
		codes, problems = rules.published(table.rows)
		edition = record.edition or table.edition
		covered = sorted({one.annex for one in codes})
		annexes = ", ".join(covered)
		wrong = [
			*(sentence(r) for r in rules.edition_refusals(edition, before.values(), covered)),
			*_sentences(problems),
		]
		plan = rules.plan_edition(codes, before, edition) if not wrong else None
	values = {"rows_read": len(table.rows), "edition": edition, "annexes": annexes}
	if plan is None:
		return _end(record, wrong, values)
	write(plan, before, lambda share: _progress(record, 40 + 50 * share))
	return _end(
		record,
		[],
		{
			**values,
			"added": len(plan.added),
			"changed": sum(1 for c in plan.changed.values() if set(c) - {"edition"}),
			"dropped": len(plan.dropped),
			"restored": len(plan.restored),
			"unchanged": plan.unchanged,
			"changes": "\n".join(_changes(plan, before)),
		},
	)


def _sentences(problems: Iterable[rules.Problem]) -> list[str]:
	found = []
	for p in problems:
		text = say(p.message, p.args)
		where = (
			_("Sheet {0}, row {1}: {2}").format(frappe.utils.escape_html(p.sheet), p.row, text)
			if p.sheet
			else _("Row {0}: {1}").format(p.row, text)
		)
		found.append(where)
	return found


def _changes(plan: rules.Plan, before: dict[str, rules.Known]) -> list[str]:
	"""What the import changed of codes that were there, a line each; nothing else keeps the old terms."""
	found = []
	for code, new in plan.changed.items():
		for name, value in new.items():
			if name in ("edition", "disabled"):
				continue
			label = _(frappe.get_meta(DOCTYPE).get_label(FIELDS[name]), context=DOCTYPE)
			old = getattr(before[code], name)
			shown = (_("Yes") if v is True else _("No") if v is False else v or "–" for v in (old, value))
			found.append(f"{code} {label}: {' → '.join(map(str, shown))}")
	return found


def _end(record: Document, wrong: Sequence[str], values: dict | None = None) -> Document:
	listed = list(wrong[:MOST_LISTED]) + (["…"] if len(wrong) > MOST_LISTED else [])
	with moving(record):
		record.update(
			{
				**(values or {}),
				"status": REFUSED if wrong else FINISHED,
				"finished_on": now_datetime(),
				"problem_count": len(wrong),
				"problems": "\n".join(listed),
			}
		)
		# The job: who may import was checked as it was started.
		record.save(ignore_permissions=True)
	text = (
		_("{0} was not imported: {1} problems").format(record.file_name, len(wrong))
		if wrong
		else _("{0} is imported").format(record.file_name)
	)
	notify.tell([record.started_by], text, record, also_oneself=True)
	_progress(record, 100)
	return record


def _progress(record: Document, percent: float) -> None:
	frappe.publish_progress(percent, title=record.name, doctype=IMPORT, docname=record.name)


def known() -> dict[str, rules.Known]:
	"""Return all codes of the site, locked: as they stand now, whatever this transaction has read before."""
	table = frappe.qb.DocType(DOCTYPE)
	rows = (
		frappe.qb.from_(table)
		.select(table.name, table.annex, *(table[f] for f in FIELDS.values()))
		.for_update()
		.run(as_dict=True)
	)
	return {
		r.name: rules.Known(
			r.name,
			r.term or "",
			r.parent_event_code or "",
			r.annex,
			r.term_zh or "",
			r.definition or "",
			bool(r.retired),
			bool(r.disabled),
			r.edition or "",
		)
		for r in rows
	}


def write(plan: rules.Plan, before: dict[str, rules.Known], progress=lambda share: None) -> None:
	"""Write what an import does, in this transaction (H3).

	New codes come in a few statements, changed ones one by one, and the tree is numbered once at the end: in
	Frappe's own way each of some thousand new codes would number it anew.
	"""
	now, user = now_datetime(), frappe.session.user
	parents = {k.code: k.parent for k in before.values()}
	parents |= {one.code: one.parent for one in plan.added}
	parents |= {code: str(new["parent"]) for code, new in plan.changed.items() if "parent" in new}
	groups = rules.groups(parents.values())
	frappe.db.bulk_insert(
		DOCTYPE,
		[*_HEAD, *_COLUMNS],
		[
			(
				*(one.code, user, now, now, user, 0, 0, 0, 0),
				one.code,
				*(_stored(name, getattr(one, name)) for name in FIELDS),
				one.annex,
				int(one.own),
				int(one.code in groups),
				one.parent,
			)
			for one in plan.added
		],
	)
	for number, (code, new) in enumerate(plan.changed.items()):
		values = {FIELDS[name]: _stored(name, value) for name, value in new.items()}
		if "parent" in new:
			values["old_parent"] = new["parent"]
		frappe.db.set_value(DOCTYPE, code, values, modified=now, modified_by=user)
		if number % 100 == 0:
			progress(number / len(plan.changed))
	_show_groups(groups)
	if plan.added or any("parent" in new for new in plan.changed.values()):
		rebuild_tree(DOCTYPE)
	progress(1)
	frappe.clear_document_cache(DOCTYPE)


def _stored(name: str, value: object) -> object:
	return int(value) if isinstance(value, bool) else value


def _show_groups(groups: set[str]) -> None:
	table = frappe.qb.DocType(DOCTYPE)
	marked = set(frappe.get_all(DOCTYPE, filters={"is_group": 1}, pluck="name"))
	for names, value in ((groups - marked, 1), (marked - groups, 0)):
		if names:
			frappe.qb.update(table).set(table.is_group, value).where(table.name.isin(sorted(names))).run()


# By hand


def before_validate(doc: Document) -> None:
	"""Let people enter codes of the site, and of a published one its term in Chinese and whether it is used
	here; the rest of it is the publisher's (H3). Raises QMSRefusal.
	"""
	if is_moving(doc):
		return
	before = None
	if not doc.is_new():
		doc.load_doc_before_save()
		before = doc.get_doc_before_save()
	for field in SET_BY_US:
		doc.set(field, before.get(field) if before else {"annex": rules.OWN, "own": 1}.get(field))
	if before is None:
		doc.code = doc.name
		if found := rules.own_refusals(doc.name or "", doc.term or ""):
			refuse(found)
		return
	if before.annex == rules.OWN:
		if found := rules.own_refusals(doc.name, doc.term or ""):
			refuse(found)
		return
	for field in ("term", "definition", "parent_event_code"):
		if (doc.get(field) or "") != (before.get(field) or ""):
			refuse_one(
				"H3",
				mark("{0} is a published code: its {1} changes with an edition only."),
				doc.name,
				_(doc.meta.get_label(field), context=DOCTYPE),
			)


def show_below(doc: Document) -> None:
	"""Show in the tree that what stands above a code has codes below, and what it left may have none."""
	before = doc.get_doc_before_save()
	touched = {doc.parent_event_code, before.parent_event_code if before else None} - {None, ""}
	for name in sorted(touched):
		below = frappe.db.exists(DOCTYPE, {"parent_event_code": name})
		frappe.db.set_value(DOCTYPE, name, "is_group", int(bool(below)), update_modified=False)


def refuse_removal(doc: Document) -> None:
	"""Refuse to delete a code: reports and trends hold it (H3, C10)."""
	if not frappe.flags.in_uninstall:
		refuse_one("H3", mark("{0} is kept, as records name it. Disable it instead."), doc.name)


def refuse_rename(code: str) -> None:
	"""Refuse to call a code otherwise (H3, C10)."""
	refuse_one("H3", mark("{0} keeps its name. Disable it, and enter another one."), code)
