"""Adoption: contracts that were committed before the gate was live are listed, signed, and stand (E8).

Preparing makes a record. Its list is collected in the background, in batches that are transactions of their
own: each locks the record, reads on after the last name, and notes how far it is. So a job that was killed is
resumed, and one that was started twice does the work of one. The signature makes the whole list approvals in
force, because the ledger (`approved.rows`) takes the lines of a signed adoption: nothing is written a line.
"""

from collections.abc import Iterable
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import add_days, add_to_date, cint, get_datetime, getdate, now_datetime, nowdate
from frappe.utils.background_jobs import is_job_enqueued

from qms_customer.contract import approved, baseline, content, notify, people, rejected, scope
from qms_customer.contract.settings import DOCTYPE as SETTINGS
from qms_customer.contract.settings import settings
from qms_customer.messages import refuse, refuse_one
from qms_customer.records import signing
from qms_customer.records.completeness import refuse_incomplete
from qms_customer.records.token import moving
from qms_customer.rules import adoption as rules
from qms_customer.rules import content as content_rules
from qms_customer.rules import mark, says
from qms_customer.rules import people as people_rules
from qms_customer.rules import scope as scope_rules
from qms_customer.rules.review import Refusal
from qms_customer.rules.scope import Cell

DOCTYPE, LINE = approved.ADOPTION, baseline.LINE
# A supplementary list is looked at by a person.
MOST_NAMED = 2000
# Without a sign of life for so long, a collection was killed.
DEAD_AFTER_MINUTES = 5
PREPARERS = ("System Manager", *rules.SIGNERS)


# Preparing


def may_prepare(user: str) -> bool:
	"""Return whether a user may prepare adoptions: no decision yet, so an administrator may, too (L1)."""
	return bool(set(PREPARERS) & set(frappe.get_roles(user)))


def prepare(company: str = "") -> Document:
	"""Prepare the go-live of what waits for it in the scope, or of its part in one company (E8).

	An earlier one that nobody has signed is superseded: there is one list at a time.
	"""
	_refuse_others()
	if company and not frappe.db.exists("Company", company):
		refuse_one("E8", mark("There is no company {0}."), company)
	cells = scope_rules.pending(scope.cells(frappe.get_doc(SETTINGS)), company)
	if not cells:
		refuse_one(
			"E8",
			mark("Nothing waits for its go-live. Widen the scope in {0} first."),
			SETTINGS,
		)
	for name in frappe.get_all(DOCTYPE, filters={"docstatus": 0, "kind": rules.GO_LIVE}, pluck="name"):
		earlier = frappe.get_doc(DOCTYPE, name, for_update=True)
		if earlier.docstatus == 0 and earlier.status != rules.SUPERSEDED:
			with moving(earlier, mark("Superseded")):
				earlier.db_set("status", rules.SUPERSEDED)
			# Its hash and its numbers stay on record; lines that nobody signed would only stand in the way.
			frappe.db.delete(LINE, {"adoption": name})
			notify.done(earlier)
	return _new(rules.GO_LIVE, company, cells, "")


def supplement(documents: Iterable[tuple[str, str]], reason: str) -> Document:
	"""List single contracts from before the go-live that came into the system later, for signature (E8).

	Drafts that were imported are submitted afterwards as listed, within the time that any approval is valid.
	"""
	_refuse_others()
	if not says(reason or ""):
		refuse_one("E8", mark("Say why."))
	named = sorted(set(documents))
	if not named or len(named) > MOST_NAMED:
		refuse_one("E8", mark("Name between 1 and {0} contracts."), MOST_NAMED)
	by_doctype: dict[str, list[str]] = {}
	for doctype, name in named:
		if doctype not in content.CONTRACT_DOCTYPES:
			refuse_one("E8", mark("{0} is not reviewed."), doctype)
		by_doctype.setdefault(doctype, []).append(name)
	found, drafts = [], False
	for doctype, names in by_doctype.items():
		candidates = _candidates(doctype, names)
		found += rules.supplement_refusals(candidates)
		drafts = drafts or any(c.docstatus == 0 for c in candidates)
	if found:
		refuse(found)
	record = _new(rules.SUPPLEMENT, "", [], reason.strip())
	read_on = now_datetime()
	for doctype, names in by_doctype.items():
		baseline.insert(record.name, baseline.read(doctype, names, read_on))
	valid = cint(settings().approval_validity_days)
	_ready(record, add_days(nowdate(), valid) if drafts and valid else None)
	return record


def _refuse_others() -> None:
	if not may_prepare(frappe.session.user):
		refuse_one("E8", mark("An adoption is prepared by: {0}."), ", ".join(PREPARERS))


def _new(kind: str, company: str, cells: Iterable[Cell], reason: str) -> Document:
	record = frappe.get_doc(
		{
			"doctype": DOCTYPE,
			"kind": kind,
			"status": rules.PREPARED,
			"for_company": company or None,
			"prepared_by": frappe.session.user,
			"prepared_by_name": people.full_name(frappe.session.user),
			"prepared_on": now_datetime(),
			"reason": reason,
			"scope": [{"for_company": c.company or None, "item_group": c.group or None} for c in cells],
		}
	)
	with moving(record, mark("Adoption Prepared")):
		# Who may prepare was checked above.
		record.insert(ignore_permissions=True)
	return record


def _candidates(doctype: str, names: list[str]) -> list[rules.Candidate]:
	"""Return what the rule asks about single contracts; a constant number of queries but for what was
	rejected.
	"""
	date = baseline.SHOWN[doctype][1]
	stored = {
		r.name: r
		for r in frappe.get_all(
			doctype, filters={"name": ("in", names)}, fields=["name", "docstatus", f"{date} as dated"]
		)
	}
	for name in names:
		if name not in stored:
			refuse_one("E8", mark("There is no {0} {1}."), doctype, name)
	since: dict[str, Any] = {}
	for cell in sorted(scope.live(), key=lambda c: c.live_since, reverse=True):
		for name in scope.covered_contracts(doctype, names, [cell]):
			since[name] = getdate(cell.live_since)
	reviewed = set(
		frappe.get_all(
			"Contract Review",
			filters={"reference_doctype": doctype, "reference_name": ("in", names), "withdrawn": 0},
			pluck="reference_name",
		)
	)
	contents = content.stored_contents(doctype, names)
	approvals: dict[str, list] = {}
	for row in approved.rows(doctype, names):
		approvals.setdefault(row.reference_name, []).append(row)
	return [
		rules.Candidate(
			name,
			stored[name].docstatus,
			stored[name].dated and getdate(stored[name].dated),
			since.get(name),
			approved=bool(
				name in approvals
				and approved.match(doctype, content_rules.fingerprint(contents[name]), approvals[name])
			),
			in_review=name in reviewed,
			rejected=bool(rejected.authority(contents[name])),
			problem=rules.problem_of(contents[name]),
		)
		for name in names
	]


# Collecting


def start(name: str) -> Document:
	"""Start the collection of a list, or resume one that was killed; started twice it is one job (E8)."""
	_refuse_others()
	record = _locked(name)
	if record.kind != rules.GO_LIVE or record.status not in (rules.PREPARED, rules.COLLECTING):
		refuse_one(
			"E8",
			mark("{0} is not collected any more: it is {1}."),
			record.name,
			_(record.status, context=DOCTYPE),
		)
	if record.status == rules.PREPARED:
		with moving(record):
			record.db_set(
				{
					"status": rules.COLLECTING,
					"cursor_doctype": content.CONTRACT_DOCTYPES[0],
					"cursor_name": "",
					"expected": _expected(record),
					"heartbeat": now_datetime(),
				}
			)
	_enqueue(record.name)
	return record


def _enqueue(name: str) -> None:
	frappe.enqueue(
		"qms_customer.contract.adopt_job.collect",
		queue="long",
		job_id=_job(name),
		deduplicate=True,
		enqueue_after_commit=True,
		timeout=6 * 3600,
		name=name,
	)


def _job(name: str) -> str:
	return f"qms_adoption::{name}"


def is_dead(record: Document | frappe._dict) -> bool:
	"""Return whether a collection has given no sign of life for so long that its job was killed."""
	return record.status == rules.COLLECTING and record.heartbeat < add_to_date(
		now_datetime(), minutes=-DEAD_AFTER_MINUTES
	)


def resume_killed() -> None:
	"""Take up collections that were killed (hourly); one that runs is left alone (E8)."""
	for record in frappe.get_all(
		DOCTYPE,
		filters={"docstatus": 0, "status": rules.COLLECTING},
		fields=["name", "status", "heartbeat"],
	):
		if is_dead(record) and not is_job_enqueued(_job(record.name)):
			_enqueue(record.name)


def collect_batch(name: str) -> bool:
	"""List the next contracts; returns whether there may be more. One short transaction (E8).

	The lock comes first: what is read afterwards is read as it stands then, and a second job waits for it.
	"""
	record = _locked(name)
	if record.status != rules.COLLECTING:
		return False
	read_on = now_datetime()
	if not record.collected_from:
		with moving(record):
			record.db_set("collected_from", read_on, update_modified=False)
	doctype = record.cursor_doctype
	names = frappe.get_all(
		doctype,
		filters=[*baseline.committed(doctype), ["name", ">", record.cursor_name or ""]],
		pluck="name",
		order_by="name",
		limit=baseline.BATCH,
	)
	baseline.insert(name, baseline.read(doctype, baseline.mine(record, doctype, names), read_on))
	moved = {"looked_at": record.looked_at + len(names), "heartbeat": read_on}
	if len(names) == baseline.BATCH:
		moved["cursor_name"] = names[-1]
	else:
		kinds = content.CONTRACT_DOCTYPES
		following = kinds[kinds.index(doctype) + 1 :]
		moved |= {"cursor_doctype": following[0] if following else "", "cursor_name": ""}
	with moving(record):
		record.db_set(moved, update_modified=False)
	if moved.get("cursor_doctype") == "":
		_ready(record)
		return False
	return True


def _expected(record: Document) -> int:
	"""Return about how many contracts will be looked at, for the progress that is shown."""
	return sum(frappe.db.count(d, baseline.committed(d)) for d in content.CONTRACT_DOCTYPES)


def _ready(record: Document, valid_until: Any = None) -> None:
	"""Count the list and bind it by its hash; from now on it can be signed (E8)."""
	numbers = baseline.numbers(record.name)
	with moving(record, mark("List Collected")):
		record.db_set({**numbers, "status": rules.READY, "valid_until": valid_until})
	notify.assign(record, _who_signs(record), _("Sign the list of contracts {0}").format(record.name))


def refresh(name: str) -> Document:
	"""Bring a list up to date with what was altered, submitted or cancelled since it was read (E8)."""
	_refuse_others()
	record = _locked(name)
	if record.kind != rules.GO_LIVE or record.status != rules.READY:
		refuse_one(
			"E8",
			mark("{0} is not collected any more: it is {1}."),
			record.name,
			_(record.status, context=DOCTYPE),
		)
	found = baseline.delta(record)
	if not found.names():
		return record
	stale = [(r["reference_doctype"], r["reference_name"]) for r in found.altered] + found.gone
	line = frappe.qb.DocType(LINE)
	for doctype in content.CONTRACT_DOCTYPES:
		names = [n for d, n in stale if d == doctype]
		if names:
			(
				frappe.qb.from_(line)
				.delete()
				.where((line.adoption == name) & (line.reference_doctype == doctype))
				.where(line.reference_name.isin(names))
				.run()
			)
	baseline.insert(name, [*found.altered, *found.added])
	with moving(record, mark("List Brought up to Date")):
		record.db_set(baseline.numbers(name))
	return record


# Signing


def authority(record: Document, user: str) -> tuple[people_rules.Authority | None, str]:
	"""Return with what right a user may sign a list, and why not otherwise (E8, L2, C12, K3)."""
	options: list[people_rules.Authority] = []
	if people.is_enabled_person(user):
		roles = people.own_roles(user)
		for role in rules.SIGNERS:
			options += people_rules.authorities(
				user, role, roles, people.delegations(role), people.holders(role), getdate()
			)
	return people_rules.choose_authority(options, user, preparers(record), [])


def preparers(record: Document) -> list[str]:
	"""Return who prepared a list: of single drafts, who entered them as well (C12).

	At go-live that is who started the collection. Who once entered one of all the contracts of the company
	prepared no list: otherwise nobody could sign it.
	"""
	found = [record.prepared_by]
	if record.kind == rules.SUPPLEMENT:
		for doctype in content.CONTRACT_DOCTYPES:
			line, contract = frappe.qb.DocType(LINE), frappe.qb.DocType(doctype)
			found += (
				frappe.qb.from_(line)
				.join(contract)
				.on(contract.name == line.reference_name)
				.select(contract.owner)
				.distinct()
				.where((line.adoption == record.name) & (line.reference_doctype == doctype))
				.where(contract.docstatus == 0)
				.run(pluck=True)
			)
	return found


def _who_signs(record: Document) -> list[str]:
	without = preparers(record)
	return sorted({user for role in rules.SIGNERS for user in people.deciders(role, without)})


def sign(name: str, content_hash: str, comment: str) -> Document:
	"""Sign a list: its contracts stand as they are, and at go-live the gate is live (E8, C12, K3).

	`content_hash`: the hash of the list that was shown. The go-live moment is that of the signature.
	"""
	record = _locked(name)
	if record.docstatus != 0 or record.status != rules.READY:
		refuse_one(
			"E8", mark("{0} cannot be signed: it is {1}."), record.name, _(record.status, context=DOCTYPE)
		)
	user = frappe.session.user
	option, reason = authority(record, user) if people.is_present(user) else (None, "")
	if option is None:
		if reason:
			refuse([Refusal("C12", reason)])
		refuse_one("E8", mark("This is signed by: {0}."), ", ".join(rules.SIGNERS))
	if (
		content_hash != record.baseline_hash
		or baseline.numbers(name)["baseline_hash"] != record.baseline_hash
	):
		refuse_one("C12", mark("The list has changed since it was shown to you. Reload it and look again."))
	# The long part first: until here nothing is locked but this record.
	_refuse_stale(record)
	target = frappe.get_doc(SETTINGS, SETTINGS, for_update=True)
	if record.kind == rules.GO_LIVE:
		waiting = scope_rules.pending(scope.cells(target), record.for_company or "")
		if {c.place for c in baseline.cells_of(record)} != {c.place for c in waiting}:
			refuse_one("E8", mark("The scope was changed since this list was prepared. Prepare a new one."))
	moment = now_datetime()
	record.update(
		{
			"status": rules.SIGNED,
			"go_live_on": moment if record.kind == rules.GO_LIVE else None,
			"decision_comment": comment,
			"signed_by": user,
			"signed_by_name": people.full_name(user),
			"signed_role": option.role,
			"acting_for": option.acting_for or None,
		}
	)
	refuse_incomplete(record)
	signing.in_hand()
	with moving(record):
		# The authority was checked above; its role has no general right to submit.
		record.flags.ignore_permissions = True
		record.submit()
	signing.sign(
		record,
		rules.MEANINGS[record.kind == rules.SUPPLEMENT],
		option.role,
		option.acting_for,
		comment,
		content_hash,
	)
	if record.kind == rules.GO_LIVE:
		_go_live(target, record, moment)
	notify.done(record)
	frappe.enqueue(
		"qms_customer.contract.adopt_job.after_signing",
		queue="long",
		job_id=f"qms_adopted::{name}",
		deduplicate=True,
		enqueue_after_commit=True,
		timeout=6 * 3600,
		name=name,
	)
	return record


def _refuse_stale(record: Document) -> None:
	"""Refuse a list of which contracts were altered since they were read: never silently (E8)."""
	names = baseline.delta(record).names()
	if names:
		shown = ", ".join(names[:8]) + (" …" if len(names) > 8 else "")
		refuse_one(
			"E8",
			mark(
				"{0} contracts were altered, submitted or cancelled since the list was collected: {1}. Bring "
				"the list up to date, and look at it again."
			)
			if record.kind == rules.GO_LIVE
			else mark("{0} contracts were altered since they were listed: {1}. Make a new list of them."),
			len(names),
			shown,
		)


def _go_live(target: Document, record: Document, moment: Any) -> None:
	cells = scope_rules.gone_live(
		scope.cells(target), baseline.cells_of(record), str(moment)[:19], record.name, scope.above()
	)
	set_cells(target, cells)
	with moving(target, mark("Gone Live")):
		target.flags.ignore_permissions = True
		target.save()
	stop_submitting_repeats()


def set_cells(target: Document, cells: Iterable[Cell]) -> None:
	"""Write a scope into the settings document, in memory."""
	target.set(
		"scope",
		[
			{
				# Not called "company": Frappe would fill in the user's own where it is left empty.
				"for_company": c.company or None,
				"item_group": c.group or None,
				"live_since": c.live_since or None,
				"adoption": c.adoption or None,
			}
			for c in cells
		],
	)


def stop_submitting_repeats() -> None:
	"""C1: repeats from before the gate was live go on making drafts; each waits for its review."""
	for name in frappe.get_all(
		"Auto Repeat",
		filters={"reference_doctype": ("in", content.CONTRACT_DOCTYPES), "submit_on_creation": 1},
		fields=["name", "reference_doctype", "reference_document"],
	):
		if not scope.covered_contracts(name.reference_doctype, [name.reference_document]):
			continue
		repeat = frappe.get_doc("Auto Repeat", name.name)
		repeat.db_set("submit_on_creation", 0)
		repeat.add_comment("Info", _("Contracts wait for their review: Submit on Creation was switched off."))


def _locked(name: str) -> Document:
	return frappe.get_doc(DOCTYPE, name, for_update=True)


# Afterwards


def mark_batch(name: str, last: tuple[str, str]) -> tuple[str, str] | None:
	"""Show on the next contracts of a signed list that they were adopted; returns where to go on (E8)."""
	doctype, after = last
	names = frappe.get_all(
		LINE,
		filters=[
			["adoption", "=", name],
			["reference_doctype", "=", doctype],
			["reference_name", ">", after],
			["fingerprint", "!=", ""],
		],
		pluck="reference_name",
		order_by="reference_name",
		limit=baseline.BATCH,
	)
	if names:
		contract = frappe.qb.DocType(doctype)
		(
			frappe.qb.update(contract)
			.set(contract.qms_review_status, "Adopted")
			.where(contract.name.isin(names))
			.where(contract.qms_review_status.isnull() | (contract.qms_review_status == ""))
			.run()
		)
	if len(names) == baseline.BATCH:
		return doctype, names[-1]
	kinds = content.CONTRACT_DOCTYPES
	following = kinds[kinds.index(doctype) + 1 :]
	return (following[0], "") if following else None


def list_stragglers(name: str) -> Document | None:
	"""Put contracts on a supplementary list that somebody committed while the go-live was being signed (E8).

	Their transaction had begun before the gate was live. Until the list is signed they are not delivered.
	"""
	record = frappe.get_doc(DOCTYPE, name)
	late: list[tuple[str, str]] = []
	for doctype in content.CONTRACT_DOCTYPES:
		names = frappe.get_all(
			doctype,
			filters=[*baseline.committed(doctype), ["modified", ">=", record.collected_from]],
			pluck="name",
		)
		names = sorted(scope.covered_contracts(doctype, names, baseline.cells_of(record)))
		if names:
			late += [(doctype, n) for n, stands in approved.committed(doctype, names).items() if not stands]
	read_on, lines = now_datetime(), []
	for doctype in content.CONTRACT_DOCTYPES:
		names = [n for d, n in late if d == doctype]
		# What could not be listed before is not listed now.
		lines += [line for line in baseline.read(doctype, names, read_on) if line["fingerprint"]]
	if not lines:
		return None
	reason = _("Committed while {0} was signed").format(name)
	made = _new(rules.SUPPLEMENT, record.for_company or "", [], reason)
	for line in lines:
		line["read_on"] = max(read_on, get_datetime(made.prepared_on))
	baseline.insert(made.name, lines)
	_ready(made)
	return made
