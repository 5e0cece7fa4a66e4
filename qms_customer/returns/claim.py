"""A return that is a quality claim: Quality tests the retained sample, Sales explains and records the answer
(G3, G4).
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import cint, getdate, now_datetime, nowdate

from qms_customer.contract import notify, people, reviews, states
from qms_customer.messages import refuse, refuse_one
from qms_customer.records import signing
from qms_customer.records.completeness import refuse_incomplete
from qms_customer.returns import approval, batch, inbox, opened, slips
from qms_customer.rules import claim as rules
from qms_customer.rules import mark, says
from qms_customer.rules.people import QUALITY
from qms_customer.rules.returns import BAD, KEEPS

# K3: what the signatures mean, and the event of the chain.
TESTED = mark("Retained Sample Tested")
EXPLAINED = mark("Finding Explained to the Customer")
KEPT = mark("Goods Kept by the Customer")
INSISTED = mark("Return Insisted on by the Customer")

INSPECTION = "Quality Inspection"
# A retained sample is tested as its batch was when it went out.
KIND = "Outgoing"
# Where the values of a reading stand.
VALUES = ("reading_value", *(f"reading_{n}" for n in range(1, 11)))


def prepare(slip: Document) -> None:
	"""List on a claim that is put forward what Quality has to test, with the samples that are left (G3).

	One row for each item and batch of which the quality is complained about; all, where no reason says so.
	The caller saves the slip.
	"""
	if not slip.is_quality_claim:
		return
	known = {(t.item_code, t.batch_no or "") for t in slip.sample_tests}
	wanted = [pair for pair in _claimed(slip) if pair not in known]
	samples = batch.samples_left(slip.company, wanted)
	for pair in wanted:
		warehouse, left = samples.get(pair, ("", Decimal()))
		slip.append(
			"sample_tests",
			{
				"item_code": pair[0],
				"batch_no": pair[1] or None,
				"sample_warehouse": warehouse or None,
				"sample_qty": float(left),
			},
		)


def ask(slip: Document) -> None:
	"""Put what a claim waits for into the inbox of Quality, or of Sales (G3, G4, L3)."""
	if slip.workflow_state == states.RETURN_TESTING:
		text = _("Test the retained sample: {0} of {1}").format(slip.name, slip.customer_name)
		notify.assign(slip, people.holders(QUALITY), text)
	elif slip.workflow_state == states.RETURN_EXPLAINING:
		text = _("The sample is good. Explain it to {0}: {1}").format(slip.customer_name, slip.name)
		notify.assign(slip, inbox.sellers(slip), text)


def make_inspection(name: str, row: str, template: str = "") -> Document:
	"""Make the draft Quality Inspection of a retained sample by the item's template, and return it (G3).

	`template`: where the item names none. Who may make inspections in ERPNext makes this one.
	"""
	slip = frappe.get_doc(opened.DOCTYPE, name)
	people.check_readable(slip)
	opened.require_state(slip, "G3", states.RETURN_TESTING)
	frappe.has_permission(INSPECTION, "create", throw=True)
	test = _row(slip, row)
	if test.finding:
		refuse_one("G3", mark("{0}, batch {1} is tested already."), test.item_code, test.batch_no or "–")
	if open_one := _inspections(slip).get((test.item_code, test.batch_no or "")):
		return frappe.get_doc(INSPECTION, open_one[-1].name)
	template = template or frappe.get_cached_value("Item", test.item_code, "quality_inspection_template")
	if not template:
		refuse_one(
			"G3",
			mark("{0} has no Quality Inspection Template. Choose one, or set it on the item."),
			test.item_code,
		)
	inspection = frappe.get_doc(
		{
			"doctype": INSPECTION,
			"inspection_type": KIND,
			"reference_type": opened.DOCTYPE,
			"reference_name": slip.name,
			"item_code": test.item_code,
			"batch_no": test.batch_no,
			"sample_size": 1,
			"report_date": nowdate(),
			"inspected_by": frappe.session.user,
			"quality_inspection_template": template,
			"remarks": _("Retained sample, for return slip {0}").format(slip.name),
		}
	)
	inspection.insert()
	return inspection


def find(name: str, content_hash: str, findings: Sequence[Mapping[str, Any]]) -> Document:
	"""Record, signed by Quality, what was found on retained samples; returns the slip (G3, G5).

	`findings`: of each row of the tests its name (`row`), `finding`, `quality_inspection` and `comment`; rows
	that are not among them are tested later.
	"""
	slip = opened.locked(name, content_hash)
	opened.require_state(slip, "G3", states.RETURN_TESTING)
	role = opened.require_role("G3", mark("A retained sample is tested by: {0}."), (QUALITY,))
	if not findings:
		refuse_one("G3", mark("Say what was found."))
	tests = [(_row(slip, str(f.get("row") or "")), f) for f in findings]
	if len({t.name for t, _given in tests}) < len(tests):
		refuse_one("G3", mark("A batch has two findings. Give one."))
	samples = batch.samples_left(slip.company, [(t.item_code, t.batch_no or "") for t, _given in tests])
	inspections = _read(slip, [str(f.get("quality_inspection") or "") for _t, f in tests])
	refusals = []
	for test, given in tests:
		if test.finding:
			refuse_one("G3", mark("{0}, batch {1} is tested already."), test.item_code, test.batch_no or "–")
		pair = (test.item_code, test.batch_no or "")
		warehouse, left = samples.get(pair, ("", Decimal()))
		comment = str(given.get("comment") or "").strip()
		refusals += rules.finding_refusals(
			rules.Found(
				*pair,
				str(given.get("finding") or ""),
				comment,
				left,
				inspections.get(str(given.get("quality_inspection") or "")),
			)
		)
		test.update(
			{
				"finding": given.get("finding"),
				"comment": comment,
				"quality_inspection": given.get("quality_inspection") or None,
				"sample_warehouse": warehouse or None,
				"sample_qty": float(left),
				"found_by": frappe.session.user,
				"found_by_name": people.full_name(frappe.session.user),
				"found_on": now_datetime(),
			}
		)
	if refusals:
		refuse(refusals, _("The Finding Is Incomplete"))
	signing.in_hand()
	slips.settle(slip)
	batch.prepare(slip)
	opened.save(slip)
	said = "; ".join(f"{t.item_code} {t.batch_no or ''}: {t.finding}" for t, _given in tests)
	signing.sign(slip, TESTED, role, "", said, content_hash)
	_moved_on(slip)
	return slip


def explain(name: str, content_hash: str, explanation: str) -> Document:
	"""Record what Sales explained to the customer whose sample is good, signed; returns the slip (G4)."""
	slip = _explaining(name, content_hash)
	role = _sales()
	if found := rules.explanation_refusals(explanation):
		refuse(found)
	signing.in_hand()
	user = frappe.session.user
	slip.update(
		{
			"explanation": explanation,
			"explained_by": user,
			"explained_by_name": people.full_name(user),
			"explained_on": now_datetime(),
		}
	)
	opened.save(slip)
	signing.sign(slip, EXPLAINED, role, "", explanation, content_hash)
	return slip


def record_answer(
	name: str, content_hash: str, answer: str, answered_by: str, answered_on: str, comment: str = ""
) -> Document:
	"""Record the customer's answer to the explanation, signed by Sales; returns the slip (G4).

	Who keeps the goods closes the slip; who insists sends it on to approval.
	"""
	slip = _explaining(name, content_hash)
	role = _sales()
	day, explained = (
		_day(answered_on),
		getdate(slip.explained_on) if slip.explained_on else getdate(nowdate()),
	)
	found = rules.answer_refusals(
		slip.explanation or "", answer, answered_by or "", day, explained, getdate(nowdate())
	)
	if not (comment or "").strip():
		refuse_one("K1", mark('Give a comment, or write "/" where there is none.'))
	if found:
		refuse(found, _("The Answer Is Incomplete"))
	signing.in_hand()
	user = frappe.session.user
	slip.update(
		{
			"customer_answer": answer,
			"answered_by": answered_by,
			"answered_on": day,
			"answer_recorded_by": user,
			"answer_recorded_by_name": people.full_name(user),
		}
	)
	keeps = answer == KEEPS
	if keeps:
		slip.decision, slip.decision_comment = "Kept by the Customer", comment
		slip.decided_on = slip.closed_on = now_datetime()
	slips.settle(slip)
	if keeps:
		opened.submit(slip)
		refuse_incomplete(slip)
	else:
		opened.save(slip)
	signing.sign(slip, KEPT if keeps else INSISTED, role, "", comment, content_hash)
	_moved_on(slip)
	return slip


def refuse_untested(inspection: Document) -> None:
	"""Refuse to submit the test of a retained sample before somebody of Quality has tested it (G3).

	ERPNext says "Accepted" on it from the beginning, whoever made it.
	"""
	if (inspection.reference_type, inspection.inspection_type) != (opened.DOCTYPE, KIND):
		return
	opened.require_role("G3", mark("A retained sample is tested by: {0}."), (QUALITY,))
	one = _as_rules(inspection, inspection.readings, inspection.reference_name or "", people.holders(QUALITY))
	if found := rules.result_refusal(one):
		refuse([found])


def has_values(readings: Iterable[Any]) -> bool:
	"""Return whether each reading of an inspection has a value, or was rated by hand (G3)."""
	return all(cint(r.manual_inspection) or any(says(str(r.get(f) or "")) for f in VALUES) for r in readings)


def refuse_if_found(inspection: str) -> None:
	"""Refuse to take back an inspection on which a signed finding rests (G3, K2)."""
	slip = frappe.db.get_value(
		"Return Sample Test", {"quality_inspection": inspection, "finding": ("is", "set")}, "parent"
	)
	if slip:
		refuse_one(
			"G3",
			mark("The finding of return slip {0} rests on {1}: it is neither cancelled nor deleted."),
			slip,
			inspection,
		)


def usable(slip: Document) -> dict[tuple[str, str], list[frappe._dict]]:
	"""Return by item and batch the inspections that were made for a slip and are not cancelled, the first
	first; one query (G3).
	"""
	return _inspections(slip)


def _moved_on(slip: Document) -> None:
	if slip.workflow_state != states.RETURN_TESTING:
		notify.done(slip)
	if slip.workflow_state == states.RETURN_PENDING:
		approval.ask(slip)
	elif slip.workflow_state == states.RETURN_EXPLAINING:
		ask(slip)
	if any(t.finding == BAD for t in slip.sample_tests):
		batch.ask(slip)
	if says(slip.put_forward_by or "") and slip.workflow_state != states.RETURN_TESTING:
		notify.tell([slip.put_forward_by], _("{0}: {1}").format(slip.name, _(slip.workflow_state)), slip)


def _claimed(slip: Document) -> list[tuple[str, str]]:
	"""The items and batches of which the quality is complained about; all, where no reason says so."""
	codes = {r.reason_code for r in slip.items if r.reason_code}
	quality = (
		set(frappe.get_all("Return Reason", {"name": ("in", sorted(codes)), "is_quality": 1}, pluck="name"))
		if codes
		else set()
	)
	rows = [r for r in slip.items if r.reason_code in quality] or slip.items
	return list(dict.fromkeys((r.item_code, r.batch_no or "") for r in rows))


def _inspections(slip: Document) -> dict[tuple[str, str], list[frappe._dict]]:
	found: dict[tuple[str, str], list[frappe._dict]] = {}
	for one in frappe.get_all(
		INSPECTION,
		filters={
			"reference_type": opened.DOCTYPE,
			"reference_name": slip.name,
			"inspection_type": KIND,
			"docstatus": ("<", 2),
		},
		fields=["name", "item_code", "batch_no", "docstatus", "status"],
		order_by="creation, name",
	):
		found.setdefault((one.item_code, one.batch_no or ""), []).append(one)
	return found


def _read(slip: Document, names: Iterable[str]) -> dict[str, rules.Inspection]:
	"""The inspections by name as the rules take them; three queries, locked so that none is cancelled
	meanwhile.
	"""
	wanted = sorted({n for n in names if n})
	if not wanted:
		return {}
	head, reading = frappe.qb.DocType(INSPECTION), frappe.qb.DocType("Quality Inspection Reading")
	rows = (
		frappe.qb.from_(head)
		.select(
			head.name,
			head.item_code,
			head.batch_no,
			head.reference_type,
			head.reference_name,
			head.inspection_type,
			head.inspected_by,
			head.docstatus,
			head.status,
		)
		.where(head.name.isin(wanted))
		.for_update()
		.run(as_dict=True)
	)
	readings: dict[str, list[frappe._dict]] = {}
	for one in (
		frappe.qb.from_(reading)
		.select(reading.parent, reading.status, reading.manual_inspection, *(reading[f] for f in VALUES))
		.where(reading.parent.isin(wanted) & (reading.parenttype == INSPECTION))
		.orderby(reading.parent, reading.idx)
		.run(as_dict=True)
	):
		readings.setdefault(one.parent, []).append(one)
	quality = people.holders(QUALITY)
	return {r.name: _as_rules(r, readings.get(r.name, ()), slip.name, quality) for r in rows}


def _as_rules(
	inspection: Any, readings: Iterable[Any], slip: str, quality: Iterable[str]
) -> rules.Inspection:
	"""An inspection, or what was read of one, as the rules take it."""
	about = (inspection.reference_type, inspection.reference_name, inspection.inspection_type)
	readings = list(readings)
	return rules.Inspection(
		inspection.name,
		inspection.item_code,
		inspection.batch_no or "",
		about == (opened.DOCTYPE, slip, KIND),
		inspection.docstatus == 1,
		inspection.status == rules.ACCEPTED,
		tuple(r.status or "" for r in readings),
		has_values(readings),
		inspection.inspected_by in quality,
	)


def _row(slip: Document, name: str) -> Document:
	row = next((t for t in slip.sample_tests if t.name == name), None)
	if row is None:
		refuse_one("G3", mark("{0} is no test of {1}."), name or "–", slip.name)
	return row


def _explaining(name: str, content_hash: str) -> Document:
	slip = opened.locked(name, content_hash)
	opened.require_state(slip, "G4", states.RETURN_EXPLAINING)
	return slip


def _sales() -> str:
	return opened.require_role(
		"G4", mark("The finding is explained to the customer by: {0}."), reviews.PREPARERS
	)


def _day(value: str) -> Any:
	try:
		return getdate(value) if value else None
	except Exception:
		refuse_one("G4", mark("This is no date: {0}."), str(value))
