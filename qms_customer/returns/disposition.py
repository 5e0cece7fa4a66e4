"""What becomes of goods in quarantine: Quality decides, signs, and the stock follows (G6; ISO 13485 8.3)."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import get_datetime, getdate, now_datetime

from qms_customer.contract import notify, people
from qms_customer.contract.sites import customers_at
from qms_customer.messages import refuse, refuse_one
from qms_customer.records import signing
from qms_customer.returns import (
	accounted,
	arrival,
	claim,
	counter,
	documents,
	exchange,
	inbox,
	making,
	opened,
	quarantine,
	slips,
)
from qms_customer.rules import disposal as rules
from qms_customer.rules import mark, says
from qms_customer.rules.people import QUALITY
from qms_customer.rules.review import Refusal

# K3: what the signature means.
DISPOSED = mark("Disposition Decided")
NON_CONFORMANCE = "Non Conformance"


def decide(
	name: str,
	content_hash: str,
	wanted: rules.Disposing,
	quality_inspection: str = "",
	target: str = "",
	non_conformance: str = "",
	procedure: str = "",
) -> Document:
	"""Decide, signed by Quality, what becomes of goods in quarantine, and move them; returns the slip (G6,
	K3).

	`target`: the warehouse for goods that go back to stock. The Non Conformance is the one named, the one
	that is open on the slip, or a new one by `procedure`. All of it happens, or nothing. Raises QMSRefusal.
	"""
	slip = opened.locked(name, content_hash)
	role = opened.require_role(
		"G6", mark("What becomes of goods in quarantine is decided by: {0}."), (QUALITY,)
	)
	held = arrival.in_quarantine(slip, wanted.source).get((wanted.item, wanted.batch))
	seen = inspection(slip, quality_inspection, wanted.source) if quality_inspection else None
	found = rules.disposition_refusals(wanted, held, seen)
	if wanted.disposition == rules.SEND_BACK:
		owed = accounted.owed(slip, exact=True)
		found += rules.owed_refusals({wanted.item: wanted.quantity}, owed, rules.TO_SEND_BACK)
		inspected, expired = _before_delivery(wanted)
		found += rules.sending_refusals(wanted, seen, inspected, expired)
	if wanted.source == rules.RETURNED and wanted.disposition in rules.FINAL and held is not None:
		waiting = counter.not_booked(slip, (wanted.item, wanted.batch))
		if waiting and wanted.quantity > held.left - waiting:
			found.append(
				Refusal(
					"G6",
					mark(
						"{0} of {1} came at the till, and are not in the stock ledger before its POS "
						"Closing. Close the till first."
					),
					(rules.plain(waiting), wanted.item),
				)
			)
	if found:
		refuse(found)
	if wanted.disposition == rules.TO_STOCK:
		_refuse_target(slip.company, target)
	case = _case(slip, non_conformance, procedure)
	signing.in_hand()
	case = case or _open_case(slip, wanted, procedure)
	document = _move(slip, wanted, target, quality_inspection)
	user = frappe.session.user
	slip.append(
		"dispositions",
		{
			"item_code": wanted.item,
			"batch_no": wanted.batch or None,
			"serial_nos": "\n".join(wanted.serials) or None,
			"qty": float(wanted.quantity),
			"source": wanted.source,
			"disposition": wanted.disposition,
			"quality_inspection": quality_inspection or None,
			"target_warehouse": target if wanted.disposition == rules.TO_STOCK else None,
			"comment": wanted.comment,
			"non_conformance": case,
			"document_type": document.doctype if document else None,
			"document": document.name if document else None,
			"decided_by": user,
			"decided_by_name": people.full_name(user),
			"decided_on": now_datetime(),
		},
	)
	slips.settle(slip)
	opened.save(slip)
	signing.sign(slip, DISPOSED, role, comment=wanted.comment, shown_hash=content_hash)
	inbox.ask(slip)
	text = _("{0}, {1}: {2}").format(
		slip.name, wanted.item, _(wanted.disposition, context="Return Disposition")
	)
	notify.tell([slip.put_forward_by, slip.routed_by], text, slip)
	return slip


def inspection(slip: Document, name: str, source: str) -> rules.Inspection | None:
	"""Return an inspection as the rules ask about it, None if there is none of this name.

	`source`: returned goods and blocked stock of the same batch are inspected each by itself.
	"""
	one = frappe.db.get_value(
		arrival.INSPECTION,
		name,
		(
			*("name", "item_code", "batch_no", "creation", "status", "docstatus", "owner", "inspected_by"),
			"remarks",
			*("reference_type", "reference_name", "inspection_type"),
		),
		as_dict=True,
	)
	if not one:
		return None
	return rules.Inspection(
		one.name,
		one.item_code or "",
		one.batch_no or "",
		get_datetime(one.creation),
		one.status == "Accepted",
		one.docstatus == 1,
		(one.reference_type, one.reference_name, one.inspection_type)
		== (opened.DOCTYPE, slip.name, arrival.KINDS.get(source)),
		all(QUALITY in people.own_roles(user) for user in {one.owner, one.inspected_by}),
		is_tested(one.remarks, _readings(one.name)),
	)


def is_tested(remarks: str | None, readings: Iterable[Any]) -> bool:
	"""Return whether an inspection of goods in quarantine says what was found: in its readings, in words
	where it has none (G6).
	"""
	readings = list(readings)
	return claim.has_values(readings) if readings else says(remarks or "")


def _readings(inspection: str) -> list[frappe._dict]:
	return frappe.get_all(
		"Quality Inspection Reading",
		filters={"parent": inspection, "parenttype": arrival.INSPECTION},
		fields=["manual_inspection", *claim.VALUES],
	)


def refuse_untested(inspection: Document) -> None:
	"""Refuse to submit the inspection of goods in quarantine before somebody of Quality says in it what was
	found (G6).
	"""
	if (
		inspection.reference_type != opened.DOCTYPE
		or inspection.inspection_type not in arrival.KINDS.values()
	):
		return
	opened.require_role("G6", mark("Goods in quarantine are inspected by: {0}."), (QUALITY,))
	if not is_tested(inspection.remarks, inspection.readings):
		refuse([rules.untested(inspection.name)])


def inspections(slip: Document) -> list[frappe._dict]:
	"""Return the inspections of goods in quarantine by a slip, the youngest first; one query (G6)."""
	return frappe.get_all(
		arrival.INSPECTION,
		filters={
			"reference_type": opened.DOCTYPE,
			"reference_name": slip.name,
			"inspection_type": ("in", list(arrival.KINDS.values())),
			"docstatus": ("<", 2),
		},
		fields=[
			*("name", "item_code", "batch_no", "status", "docstatus", "creation", "inspection_type"),
		],
		order_by="creation desc",
	)


def refuse_if_used(name: str) -> None:
	"""Refuse to cancel or delete an inspection on which a disposition rests (G6, K2)."""
	if slip := frappe.db.get_value(
		"Return Disposition", {"quality_inspection": name, "taken_back_on": ("is", "not set")}, "parent"
	):
		refuse_one("G6", mark("{0} stays: a disposition of return slip {1} rests on it."), name, slip)


def targets(company: str) -> list[str]:
	"""Return the warehouses into which goods may go back to stock, by name: neither quarantine nor retained
	samples nor at a customer's site; at most three queries (G6).
	"""
	found = frappe.get_all(
		"Warehouse",
		filters={
			"company": company,
			"is_group": 0,
			"disabled": 0,
			quarantine.FLAG: 0,
			"qms_retained_samples": 0,
		},
		pluck="name",
		order_by="name",
	)
	away = customers_at(found)
	return [name for name in found if name not in away]


def _refuse_target(company: str, target: str) -> None:
	if target not in targets(company):
		refuse_one(
			"G6",
			mark("Choose the warehouse of the company, for goods that are sold, in which the goods go back."),
		)


def _case(slip: Document, name: str, procedure: str) -> str:
	"""The Non Conformance that is named or open on the slip; "" if a new one is to be made, and can be."""
	if name:
		one = frappe.db.get_value(NON_CONFORMANCE, name, ["status", making.FIELD], as_dict=True)
		if not one or one.status == "Cancelled" or one.get(making.FIELD) != slip.name:
			refuse_one("G6", mark("{0} is no Non Conformance of this return slip."), name)
		return name
	if found := open_case(slip):
		return found
	if not (procedure and frappe.db.exists("Quality Procedure", procedure)):
		refuse_one("G6", mark("Choose the quality procedure by which nonconforming product is handled."))
	return ""


def open_case(slip: Document) -> str:
	"""Return the Non Conformance that is open on a slip, "" if there is none (G6)."""
	filters: dict[str, Any] = {making.FIELD: slip.name, "status": "Open"}
	return frappe.db.get_value(NON_CONFORMANCE, filters, order_by="creation desc") or ""


def _open_case(slip: Document, wanted: rules.Disposing, procedure: str) -> str:
	case = frappe.get_doc(
		{
			"doctype": NON_CONFORMANCE,
			"subject": _("Returned by {0}: {1}, batch {2}").format(
				slip.customer_name, wanted.item, wanted.batch or "–"
			)[:140],
			"procedure": procedure,
			"status": "Open",
			"details": frappe.utils.escape_html(wanted.comment) if says(wanted.comment) else "",
			making.FIELD: slip.name,
		}
	)
	# That Quality decides on goods in quarantine was checked: the procedure opens with it.
	return case.insert(ignore_permissions=True).name


def _before_delivery(wanted: rules.Disposing) -> tuple[bool, date | None]:
	"""Whether an item is inspected before it is delivered, and when its batch expired, if it did."""
	inspected = frappe.get_cached_value("Item", wanted.item, "inspection_required_before_delivery")
	expiry = frappe.db.get_value("Batch", wanted.batch, "expiry_date") if wanted.batch else None
	return bool(inspected), expiry if expiry and getdate(expiry) < getdate() else None


def _move(slip: Document, wanted: rules.Disposing, target: str, inspected: str) -> Document | None:
	"""Move the goods as decided; what is reworked stays in quarantine until it is inspected again."""
	if wanted.disposition == rules.REWORK:
		return None
	place = _where(slip, wanted)
	goods = [documents.Goods(wanted.item, wanted.batch, wanted.quantity, wanted.serials)]
	remarks = _("Return slip {0}: {1}").format(slip.name, _(wanted.disposition, context="Return Disposition"))
	with making.documents(slip.name) as step:
		if wanted.disposition == rules.SEND_BACK:
			return exchange.send_back(step, slip, goods[0], place, inspected)
		if wanted.disposition == rules.SCRAP:
			return step.submit(documents.issue(slip.company, goods, place, remarks))
		return step.submit(documents.transfer(slip.company, goods, place, target, remarks))


def _where(slip: Document, wanted: rules.Disposing) -> str:
	"""The quarantine in which the goods stand: where the last of them were put."""
	if wanted.source == rules.BLOCKED:
		entry = next(m.stock_entry for m in slip.batch_measures if m.batch_no == wanted.batch)
		return frappe.db.get_value("Stock Entry Detail", {"parent": entry}, "t_warehouse")
	places = [
		row.warehouse
		for row in accounted.live(slip.arrivals)
		if (row.how, row.item_code, row.batch_no or "") == (rules.RECEIVED, wanted.item, wanted.batch)
		and row.warehouse
	]
	return places[-1] if places else quarantine.warehouse(slip.company)
