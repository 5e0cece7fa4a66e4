"""Goods that arrive: into quarantine by ERPNext's own return, with what differs from the slip; and what never
comes (G6, G7).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import now_datetime, nowdate

from qms_customer.contract import notify, people, states
from qms_customer.contract.facts import number
from qms_customer.messages import refuse, refuse_one
from qms_customer.records import signing
from qms_customer.returns import accounted, documents, making, opened, quarantine, route, slips
from qms_customer.rules import disposal as rules
from qms_customer.rules import mark, says
from qms_customer.rules.people import QUALITY, SERVICE
from qms_customer.rules.returns import Key
from qms_customer.rules.review import Refusal

# The event of a chain, and what a signature means (K2, K3).
ARRIVED, NOT_COMING = mark("Goods Received"), mark("Goods Not Coming")
INSPECTION = "Quality Inspection"
# As what goods in quarantine are inspected: what came back, and stock that never left.
KINDS = {rules.RETURNED: "Incoming", rules.BLOCKED: "In Process"}
# Goods are accounted for once their route is decided, and also when some stand in quarantine already.
OPEN = (states.RETURN_AWAITED, states.RETURN_DESTROYING)
RECEIVERS = (SERVICE, *route.SALES, QUALITY)


def receive(name: str, content_hash: str, rows: Iterable[Mapping[str, Any]]) -> Document:
	"""Book goods that arrived into quarantine, in one transaction with their return, and return the slip
	(G6).

	`rows`: slip_row, qty in the stock unit, serial_nos, difference, and other_batch and other_qty of what
	came with it that is not on the slip. Some now and some later is fine. Raises QMSRefusal.
	"""
	slip = opened.locked(name, content_hash)
	opened.require_state(slip, "G6", states.RETURN_AWAITED)
	opened.require_role("G6", mark("Returned goods are received by: {0}."), RECEIVERS)
	coming = read(rows)
	if found := rules.coming_refusals(coming, accounted.parts(slip)):
		refuse(found)
	place = quarantine.warehouse(slip.company)
	made = take_in(slip, coming, place) if any(one.quantity for one in coming) else {}
	for one in coming:
		book(slip, one, rules.RECEIVED, made.get(one.row)).warehouse = place if one.quantity else None
	slips.settle(slip)
	opened.save(slip, ARRIVED)
	ask_to_inspect(slip)
	if any(one.difference for one in coming):
		text = _("What came back from {0} differs from return slip {1}").format(slip.customer_name, slip.name)
		notify.tell([slip.put_forward_by, slip.routed_by], text, slip)
	return slip


def ask_to_inspect(slip: Document) -> None:
	"""Put goods that came into the inbox of Quality; who has the slip there already has it once (G6, L3)."""
	asked = frappe.get_all(
		"ToDo",
		filters={"reference_type": opened.DOCTYPE, "reference_name": slip.name, "status": "Open"},
		pluck="allocated_to",
	)
	notify.assign(
		slip,
		[user for user in people.holders(QUALITY) if user not in asked],
		_("Inspect what came back from {0}: {1}").format(slip.customer_name, slip.name),
	)


def write_off(name: str, content_hash: str, rows: Iterable[Mapping[str, Any]], reason: str) -> Document:
	"""Record, signed by Sales, that goods will not come after all, with the reason; returns the slip (G6,
	K3).

	They stay delivered: no stock and no account moves.
	"""
	slip = opened.locked(name, content_hash)
	opened.require_state(slip, "G6", *OPEN)
	role = opened.require_role("G6", mark("That goods will not come is recorded by: {0}."), route.SALES)
	coming = read(rows)
	found = rules.coming_refusals(coming, accounted.parts(slip))
	if not says(reason or ""):
		found.append(Refusal("G6", mark("Say why the goods will not come."), ()))
	if found:
		refuse(found)
	signing.in_hand()
	for one in coming:
		book(slip, one, rules.NOT_COMING, None).difference = reason
	slips.settle(slip)
	opened.save(slip)
	signing.sign(slip, NOT_COMING, role, comment=reason, shown_hash=content_hash)
	return slip


def in_quarantine(slip: Document, source: str) -> dict[Key, rules.Held]:
	"""Return by item and batch what is in quarantine by a slip: what came back, or stock that was blocked
	(G5, G6).
	"""
	return accounted.blocked(slip) if source == rules.BLOCKED else accounted.held(slip)


def inspect(
	name: str, item: str, batch: str = "", template: str = "", source: str = rules.RETURNED
) -> Document:
	"""Make the draft Quality Inspection of goods in quarantine and return it; the one that is open is not
	made again (G6).

	`template`: where the item names none. Who may make inspections in ERPNext makes this one.
	"""
	slip = frappe.get_doc(opened.DOCTYPE, name)
	people.check_readable(slip)
	frappe.has_permission(INSPECTION, "create", throw=True)
	if source not in KINDS:
		refuse_one("G6", mark("{0} is not in quarantine."), source)
	held = in_quarantine(slip, source).get((item, batch))
	if held is None or held.left <= 0:
		refuse_one(
			"G6",
			mark("{0}, batch {1}: nothing of it is in quarantine by this return slip."),
			item or "?",
			batch or "–",
		)
	about = {
		"inspection_type": KINDS[source],
		"reference_type": opened.DOCTYPE,
		"reference_name": slip.name,
		"item_code": item,
	}
	if one := frappe.db.get_value(
		INSPECTION,
		{**about, "batch_no": batch or ("is", "not set"), "docstatus": 0, "creation": (">=", held.since)},
		order_by="creation desc",
	):
		return frappe.get_doc(INSPECTION, one)
	template = template or frappe.get_cached_value("Item", item, "quality_inspection_template")
	inspection = frappe.get_doc(
		{
			"doctype": INSPECTION,
			**about,
			"batch_no": batch or None,
			"sample_size": float(held.left),
			"report_date": nowdate(),
			"inspected_by": frappe.session.user,
			"quality_inspection_template": template or None,
			"remarks": _("Returned goods in quarantine, return slip {0}").format(slip.name),
			# Without a template a person says whether the goods are accepted.
			"manual_inspection": int(not template),
		}
	)
	return inspection.insert()


# Shared with destruction.py


def read(rows: Iterable[Mapping[str, Any]]) -> list[rules.Coming]:
	"""Return rows of a form as the rules take them."""
	return [
		rules.Coming(
			str(row.get("slip_row") or ""),
			number(row.get("qty")),
			accounted.serials(str(row.get("serial_nos") or "")),
			str(row.get("difference") or "").strip(),
			str(row.get("other_batch") or "").strip(),
			number(row.get("other_qty")),
		)
		for row in rows
	]


def take_in(slip: Document, coming: Iterable[rules.Coming], place: str) -> dict[str, Document]:
	"""Submit the returns that bring goods into quarantine; by row of the slip the document (G6, G7)."""
	rows = {row.name: row for row in slip.items}
	of_delivery: dict[tuple[str, str], list[documents.Goods]] = defaultdict(list)
	where: dict[tuple[str, str], list[str]] = defaultdict(list)
	for one in coming:
		if one.quantity:
			row = rows[one.row]
			key = (row.delivery_doctype or "", row.delivery or "")
			of_delivery[key].append(goods_of(row, one))
			where[key].append(one.row)
	found = {}
	with making.documents(slip.name) as step:
		for key, doc in zip(of_delivery, documents.returns_of(of_delivery, place), strict=True):
			step.insert(doc)
			documents.place_parts(doc, place)
			step.submit(doc)
			documents.refuse_other(doc, of_delivery[key])
			found.update(dict.fromkeys(where[key], doc))
	return found


def goods_of(row: Document, one: rules.Coming) -> documents.Goods:
	"""Return the goods of a row of a slip that came, or were destroyed."""
	return documents.Goods(
		row.item_code, row.batch_no or "", one.quantity, one.serials, row.delivery_row or ""
	)


def book(slip: Document, one: rules.Coming, how: str, document: Document | None) -> Document:
	"""Append to a slip what became of goods of one of its rows, and return the new row; nothing is saved."""
	row = next(row for row in slip.items if row.name == one.row)
	user = frappe.session.user
	return slip.append(
		"arrivals",
		{
			"slip_row": row.name,
			"item_code": row.item_code,
			"batch_no": row.batch_no,
			"serial_nos": "\n".join(one.serials) or None,
			"qty": float(one.quantity),
			"how": how,
			"difference": one.difference or None,
			"other_batch": one.other_batch or None,
			"other_qty": float(one.other_quantity),
			"document_type": document.doctype if document else None,
			"document": document.name if document else None,
			"on": now_datetime(),
			"by_user": user,
			"by_name": people.full_name(user),
		},
	)
