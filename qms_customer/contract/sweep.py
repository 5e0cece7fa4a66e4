"""The nightly sweep: is what each committed contract says what somebody approved (E8)?

The doors refuse what they see. The sweep looks at what is stored, whoever wrote it and however: a restored
backup, a script, another app, the database itself.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import add_to_date, now_datetime
from frappe.utils.background_jobs import is_job_enqueued

from qms_customer.contract import approved, content, notify, people, scope
from qms_customer.contract.gate import describe
from qms_customer.contract.settings import settings
from qms_customer.erp.release import goods_items
from qms_customer.messages import refuse_one
from qms_customer.records import signing
from qms_customer.records.token import moving
from qms_customer.rules import content as content_rules
from qms_customer.rules import mark, says
from qms_customer.rules import sweep as rules
from qms_customer.rules.people import GENERAL_MANAGER, MANAGEMENT_REPRESENTATIVE

SWEEP, FINDING = "Contract Sweep", "Contract Sweep Finding"
RUNNING, FINISHED = "Running", "Finished"
BATCH = 500
# A sweep that gives no sign of life for so long was killed.
DEAD_AFTER_MINUTES = 15
# Who may start a sweep by hand, and who answers for what it finds.
STARTERS = (MANAGEMENT_REPRESENTATIVE, GENERAL_MANAGER, "System Manager")
EXPLAINERS = (MANAGEMENT_REPRESENTATIVE, GENERAL_MANAGER)
EXPLAINED = mark("Deviation Explained")
MOST_DIFFERENCES = 60


def nightly() -> None:
	"""Start the sweep of this night, or take up one that was killed (E8)."""
	start()


def start() -> Document:
	"""Start a sweep, and return it; one that is under way already is returned instead (E8).

	The database lets one run at a time: `running` is unique.
	"""
	if name := frappe.db.get_value(SWEEP, {"running": RUNNING}):
		record = frappe.get_doc(SWEEP, name)
		_enqueue(record.name)
		return record
	record = frappe.get_doc(
		{
			"doctype": SWEEP,
			"status": RUNNING,
			"running": RUNNING,
			"started_by": frappe.session.user,
			"started_on": now_datetime(),
			"heartbeat": now_datetime(),
			"expected": sum(frappe.db.count(d, _committed(d)) for d in content.CONTRACT_DOCTYPES),
			"cursor_doctype": content.CONTRACT_DOCTYPES[0],
			"cursor_name": "",
		}
	)
	frappe.db.savepoint("qms_sweep")
	try:
		with moving(record):
			# The scheduler, or one of STARTERS; nobody makes one by hand.
			record.insert(ignore_permissions=True)
	except (frappe.UniqueValidationError, frappe.DuplicateEntryError):
		frappe.db.rollback(save_point="qms_sweep")
		frappe.clear_last_message()
		refuse_one("E8", mark("A sweep has just been started by somebody else. Reload the list."))
	_enqueue(record.name)
	return record


def start_by_hand() -> Document:
	"""Start a sweep as one of those who may (E8)."""
	if not set(STARTERS) & set(frappe.get_roles()):
		refuse_one("E8", mark("A sweep is started by: {0}."), ", ".join(STARTERS))
	return start()


def resume_killed() -> None:
	"""Take up a sweep that was killed (hourly); one that runs is left alone (E8)."""
	for record in frappe.get_all(SWEEP, filters={"running": RUNNING}, fields=["name", "heartbeat"]):
		if record.heartbeat < add_to_date(now_datetime(), minutes=-DEAD_AFTER_MINUTES):
			_enqueue(record.name)


def _enqueue(name: str) -> None:
	if is_job_enqueued(_job(name)):
		return
	frappe.enqueue(
		"qms_customer.contract.sweep_job.run",
		queue="long",
		job_id=_job(name),
		deduplicate=True,
		enqueue_after_commit=True,
		timeout=6 * 3600,
		name=name,
	)


def _job(name: str) -> str:
	return f"qms_sweep::{name}"


def _committed(doctype: str) -> list[list]:
	"""All that is committed, a quotation too that is no tender any more: its approvals say what it was."""
	filters = [["docstatus", "=", 1]]
	if doctype == "Blanket Order":
		filters.append(["blanket_order_type", "=", "Selling"])
	return filters


def sweep_batch(name: str) -> bool:
	"""Look at the next contracts; returns whether there may be more. One short transaction (E8).

	The lock of the sweep comes first: what is read afterwards is read as it stands then, and a second job
	waits for it and goes on where this one ended.
	"""
	record = frappe.get_doc(SWEEP, name, for_update=True)
	if record.status != RUNNING:
		return False
	doctype, now = record.cursor_doctype, now_datetime()
	names = frappe.get_all(
		doctype,
		filters=[*_committed(doctype), ["name", ">", record.cursor_name or ""]],
		pluck="name",
		order_by="name",
		limit=BATCH,
	)
	found, fit_again = _note(record.name, doctype, look_at(doctype, names), now)
	moved: dict[str, Any] = {
		"looked_at": (record.looked_at or 0) + len(names),
		"found": (record.found or 0) + found,
		"fit_again": (record.fit_again or 0) + fit_again,
		"heartbeat": now,
	}
	last = len(names) < BATCH
	if not last:
		moved["cursor_name"] = names[-1]
	else:
		kinds = content.CONTRACT_DOCTYPES
		following = kinds[kinds.index(doctype) + 1 :]
		moved |= {"cursor_doctype": following[0] if following else None, "cursor_name": ""}
		last = not following
	with moving(record):
		record.db_set(moved, update_modified=False)
	if last:
		_finish(record, now)
	return not last


def _finish(record: Document, now: Any) -> None:
	ended = _not_in_force(now)
	still = frappe.db.count(FINDING, {"status": rules.OPEN})
	with moving(record):
		record.db_set(
			{
				"status": FINISHED,
				"running": None,
				"finished_on": now,
				"fit_again": record.fit_again + ended,
				"open_findings": still,
			}
		)
	if record.found:
		notify.assign(
			record,
			dict.fromkeys(user for role in EXPLAINERS for user in people.holders(role)),
			_("{0} contracts say what nobody approved: see the findings of {1}").format(
				record.found, record.name
			),
		)


@dataclass(frozen=True)
class Look:
	"""What a contract says now, and the latest approval that it was compared with."""

	name: str
	fits: bool
	fingerprint: str
	values: dict[str, Any]
	canonical: dict[str, Any]
	latest: frappe._dict | None


def look_at(doctype: str, names: Collection[str]) -> list[Look]:
	"""Return of each of these committed contracts that are under the gate whether it says what was approved.

	A constant number of queries, whatever the number of contracts (E8).
	"""
	if not names:
		return []
	approvals: dict[str, list[frappe._dict]] = {}
	everything = approved.rows(doctype, names)
	for row in everything:
		approvals.setdefault(row.reference_name, []).append(row)
	values = content.stored_values(doctype, names)
	gated = _gated(doctype, values, approvals)
	aliases = approved.aliases_since(everything)
	shape, looks = content.schema(doctype), []
	for name in names:
		if name not in gated or name not in values:
			continue
		canonical = content_rules.content(shape, values[name])
		fingerprint = content_rules.fingerprint(canonical)
		mine = approvals.get(name, ())
		fits = approved.match(doctype, fingerprint, mine, aliases) is not None
		looks.append(Look(name, fits, fingerprint, values[name], canonical, mine[-1] if mine else None))
	return looks


def _gated(
	doctype: str, values: dict[str, dict[str, Any]], approvals: dict[str, list[frappe._dict]]
) -> set[str]:
	"""Which of these contracts have to say what was approved.

	As `facts.is_gated` says it of one; but what was approved once stays under the gate, whatever its rows say
	now, as long as what was approved is in the scope.
	"""
	names = set(values)
	covered = scope.covered_contracts(doctype, names)
	for name in names - covered:
		if name in approvals and _was_covered(approvals[name][-1]):
			covered.add(name)
	if doctype == "Blanket Order":
		return covered
	if doctype == "Quotation":
		always = bool(settings().gate_quotations)
		return {n for n in covered if always or values[n].get("qms_is_tender") or n in approvals}
	if settings().gate_services:
		return covered
	codes = {name: _codes(values[name]) for name in covered}
	goods = goods_items({code for some in codes.values() for code in some})
	return {n for n in covered if n in approvals or not codes[n] or codes[n] & goods}


def _was_covered(approval: frappe._dict) -> bool:
	canonical = json.loads(approval.content)
	codes = {row.get("item_code", "") for row in canonical["tables"].get("items", ())}
	return bool(scope.covered_items(canonical["fields"].get("company"), codes))


def _codes(values: dict[str, Any]) -> set[str]:
	rows = (*(values.get("items") or ()), *(values.get("packed_items") or ()))
	return {row["item_code"] for row in rows if row.get("item_code")}


def _note(sweep: str, doctype: str, looks: Iterable[Look], now: Any) -> tuple[int, int]:
	"""Write down what was found; returns how many findings are new, and how many ended."""
	looks = list(looks)
	known = _known(doctype, [look.name for look in looks])
	steps = [(look, rules.step(look.fits, look.fingerprint, known.get(look.name))) for look in looks]
	wrong = [look for look, what in steps if what in (rules.FOUND, rules.ALTERED_AGAIN)]
	heads = _heads(doctype, [look.name for look in wrong])
	saved = _last_saved(doctype, wrong, heads)
	for look, what in steps:
		if what == rules.NOTHING:
			continue
		if what == rules.ENDED:
			_end(known[look.name].name, rules.FITS_AGAIN, now)
			continue
		said = _finding(doctype, look, heads.get(look.name) or frappe._dict(), saved.get(look.name), now)
		if what == rules.FOUND:
			finding = frappe.get_doc({"doctype": FINDING, "contract_sweep": sweep, "found_on": now, **said})
			with moving(finding, mark("Deviation Found")):
				# The sweep finds; nobody writes findings by hand. What a contract names may not be there.
				finding.insert(ignore_permissions=True, ignore_links=True)
		else:
			finding = frappe.get_doc(FINDING, known[look.name].name, for_update=True)
			finding.update(said)
			finding.flags.ignore_links = True
			with moving(finding, mark("Altered Again")):
				finding.save(ignore_permissions=True)
	counted = [what for _look, what in steps]
	return counted.count(rules.FOUND), counted.count(rules.ENDED)


@dataclass(frozen=True)
class _Known(rules.Known):
	name: str


def _known(doctype: str, names: list[str]) -> dict[str, _Known]:
	"""The latest finding of each contract; one query."""
	found = frappe.get_all(
		FINDING,
		filters={"reference_doctype": doctype, "reference_name": ("in", names or [""])},
		fields=["name", "reference_name", "status", "fingerprint"],
		order_by="creation, name",
	)
	return {f.reference_name: _Known(f.status, f.fingerprint or "", f.name) for f in found}


def _heads(doctype: str, names: list[str]) -> dict[str, frappe._dict]:
	if not names:
		return {}
	return {
		h.name: h
		for h in frappe.get_all(
			doctype, filters={"name": ("in", names)}, fields=["name", "modified", "modified_by"]
		)
	}


def _last_saved(
	doctype: str, looks: list[Look], heads: dict[str, frappe._dict]
) -> dict[str, tuple[Any, str]]:
	"""When, and by whom, head or rows of these contracts were last saved; one query a table."""
	found = {name: (h.modified, h.modified_by) for name, h in heads.items()}
	meta = frappe.get_meta(doctype)
	for table in content.schema(doctype).tables if looks else ():
		for row in frappe.get_all(
			meta.get_field(table).options,
			filters={"parent": ("in", list(heads)), "parenttype": doctype, "parentfield": table},
			fields=["parent", "modified", "modified_by"],
		):
			found[row.parent] = max(found[row.parent], (row.modified, row.modified_by), key=lambda s: s[0])
	return found


def _finding(
	doctype: str, look: Look, head: frappe._dict, saved: tuple[Any, str] | None, now: Any
) -> dict[str, Any]:
	values, latest = look.values, look.latest
	if latest:
		changes = content_rules.diff(json.loads(latest.content), look.canonical)
		words = [describe(doctype, c) for c in changes[:MOST_DIFFERENCES]]
		if len(changes) > MOST_DIFFERENCES:
			words.append("…")
	else:
		words = [_("Nobody approved what it says: it has neither a review nor an adoption.")]
	customer = approved.customer_of(look.canonical)
	return {
		"reference_doctype": doctype,
		"reference_name": look.name,
		"company": values.get("company"),
		"customer": customer,
		"customer_name": values.get("customer_name") or customer,
		"status": rules.OPEN,
		"differences": "\n".join(words),
		"approval_doctype": latest.source_doctype if latest else None,
		"approval_name": latest.source_name if latest else None,
		"fingerprint": look.fingerprint,
		"last_saved_on": saved[0] if saved else head.modified,
		"last_saved_by": saved[1] if saved else head.modified_by,
	}


def _end(name: str, status: str, now: Any) -> None:
	finding = frappe.get_doc(FINDING, name, for_update=True)
	if finding.status != rules.OPEN:
		return
	finding.update({"status": status, "ended_on": now})
	finding.flags.ignore_links = True
	with moving(finding, mark("Deviation Ended")):
		finding.save(ignore_permissions=True)


def _not_in_force(now: Any) -> int:
	"""End the open findings of contracts that are not committed any more; two queries a kind."""
	ended = 0
	for doctype in content.CONTRACT_DOCTYPES:
		still = dict(
			frappe.get_all(
				FINDING,
				filters={"status": rules.OPEN, "reference_doctype": doctype},
				fields=["reference_name", "name"],
				as_list=True,
			)
		)
		if not still:
			continue
		in_force = set(
			frappe.get_all(doctype, filters={"name": ("in", list(still)), "docstatus": 1}, pluck="name")
		)
		for contract, name in still.items():
			if contract not in in_force:
				_end(name, rules.NOT_IN_FORCE, now)
				ended += 1
	return ended


def explain(name: str, content_hash: str, explanation: str) -> Document:
	"""Explain, signed, why a contract says what nobody approved, and return the finding (E8, C12, K3).

	The contract stays as it is, and no delivery leaves for it: it is put right by a change notice or an
	adoption. Not by who last saved it. Raises QMSRefusal.
	"""
	finding = frappe.get_doc(FINDING, name)
	people.check_readable(finding)
	finding = frappe.get_doc(FINDING, name, for_update=True)
	user = frappe.session.user
	held = [role for role in EXPLAINERS if role in people.own_roles(user)]
	if not held or not people.is_present(user):
		refuse_one("E8", mark("A finding is explained by: {0}."), ", ".join(EXPLAINERS))
	if finding.status != rules.OPEN:
		refuse_one(
			"E8", mark("{0} is not open any more: {1}."), finding.name, _(finding.status, context=FINDING)
		)
	if content_hash != finding.fingerprint:
		refuse_one("C12", mark("The contract was altered again since it was shown. Reload the finding."))
	if finding.last_saved_by == user:
		refuse_one("C12", mark("You saved this contract last, so somebody else has to explain it."))
	if not says(explanation):
		refuse_one("K1", mark("Say how it came about, and what is done about it."))
	signing.in_hand()
	finding.update(
		{
			"status": rules.EXPLAINED,
			"explanation": explanation,
			"explained_by": user,
			"explained_by_name": people.full_name(user),
			"explained_on": now_datetime(),
		}
	)
	finding.flags.ignore_links = True
	with moving(finding):
		# Its role was checked above; nobody has a general right to write findings.
		finding.save(ignore_permissions=True)
	signing.sign(finding, EXPLAINED, held[0], "", explanation, content_hash)
	return finding
