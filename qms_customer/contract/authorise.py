"""Goods that leave without an order: a reason code, and a manager who is not the one that asks (D4, C12)."""

import json
from collections import defaultdict
from decimal import Decimal
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import now_datetime

from qms_customer.contract import notify, people, states
from qms_customer.contract.facts import number
from qms_customer.contract.sites import customers_at
from qms_customer.messages import refuse, refuse_one
from qms_customer.records import signing
from qms_customer.records.completeness import refuse_incomplete
from qms_customer.records.token import moving
from qms_customer.rules import content as content_rules
from qms_customer.rules import mark, says
from qms_customer.rules import people as people_rules
from qms_customer.rules.content import NUMBER, normal
from qms_customer.rules.review import Refusal

DOCTYPE = "Delivery Authorisation"
# By document: the field that names the order of a row, if its rows can have one.
COVERED = {
	"Delivery Note": "against_sales_order",
	"Sales Invoice": "sales_order",
	"POS Invoice": "sales_order",
	"Stock Entry": "",
}


def goods_without_order(doc: Document) -> dict[str, Any]:
	"""Return what would leave without an order: to whom and where, and how much of what, in stock units,
	bundles with parts.

	A negative row takes nothing off: what comes back makes no room for what leaves.
	"""
	field = COVERED[doc.doctype]
	total: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
	parts: dict[str, Decimal] = defaultdict(Decimal)
	without = set()
	for row in doc.items:
		if not (field and row.get(field)):
			without.add(row.name)
			by_unit = number(row.qty) * number(row.get("conversion_factor") or 1)
			stored = number(row.get("stock_qty") or row.get("transfer_qty"))
			total[(row.item_code, row.get("stock_uom") or "")] += max(by_unit, stored, Decimal())
	for row in doc.get("packed_items") or ():
		if row.parent_detail_docname in without:
			parts[row.item_code] += max(number(row.qty), Decimal())
	found = {
		"doctype": doc.doctype,
		"customer": doc.get("customer") or "".join(consignees(doc)[:1]),
		"company": doc.company,
		"rows": [
			{"item": item, "uom": uom, "quantity": normal(quantity, NUMBER)}
			for (item, uom), quantity in sorted(total.items())
		],
	}
	if address := _goes_to(doc):
		found["address"] = address
	if parts:
		found["parts"] = [{"item": i, "quantity": normal(q, NUMBER)} for i, q in sorted(parts.items())]
	return found


def _goes_to(doc: Document) -> str:
	"""Where the goods go: the shipping address, else the customer's; with a stock entry the warehouses."""
	if doc.doctype == "Stock Entry":
		return ", ".join(sorted({d.t_warehouse for d in doc.items if d.get("t_warehouse")}))
	shipping = doc.get("shipping_address_name") or doc.get("shipping_address")
	billing = ("customer_address", "address_display")
	fields = ("shipping_address_name", "shipping_address") if shipping else billing
	lines = frappe.utils.strip_html("\n".join(doc.get(f) or "" for f in fields).replace("<br>", "\n"))
	return ", ".join(line.strip() for line in lines.splitlines() if line.strip())


def consignees(doc: Document) -> list[str]:
	"""Return the customers at whose sites a stock entry puts goods down."""
	if doc.doctype != "Stock Entry":
		return []
	return sorted(set(customers_at(d.get("t_warehouse") for d in doc.items).values()))


def refuse_two_consignees(customers: list[str]) -> None:
	"""Refuse a stock entry for more than one customer: a manager authorises goods for one (D4)."""
	if len(customers) > 1:
		refuse_one(
			"D4",
			mark("These goods go to the sites of more than one customer ({0}). Make a stock entry for each."),
			", ".join(customers),
		)


def preparers(record: Document) -> list[str]:
	"""Return who prepared what would leave: they do not authorise it themselves (C12)."""
	owner = frappe.db.get_value(record.reference_doctype, record.reference_name, "owner")
	return [user for user in (record.requested_by, owner) if user]


def request(doc: Document, reason_code: str, explanation: str) -> Document:
	"""Ask a manager to authorise goods without an order, and return the request (D4, L3)."""
	if doc.docstatus != 0:
		refuse_one("D4", mark("{0} is not a draft."), doc.name)
	if not frappe.db.exists("Delivery Reason Code", {"name": reason_code, "disabled": 0}):
		refuse_one("D4", mark("{0} is not a valid reason code."), reason_code)
	if not (explanation or "").strip():
		refuse_one("D4", mark("Say why the goods leave without an order."))
	refuse_two_consignees(consignees(doc))
	goods = goods_without_order(doc)
	if not goods["rows"]:
		refuse_one("D4", mark("Every row of {0} names an order; no authorisation is needed."), doc.name)
	canonical = json.dumps(goods, ensure_ascii=False, sort_keys=True)
	authorisation = frappe.get_doc(
		{
			"doctype": DOCTYPE,
			"reference_doctype": doc.doctype,
			"reference_name": doc.name,
			"reason_code": reason_code,
			"explanation": explanation,
			"customer": goods["customer"] or None,
			"company": doc.company,
			"requested_by": frappe.session.user,
			"requested_on": now_datetime(),
			"content": canonical,
			"fingerprint": content_rules.fingerprint(canonical),
			"workflow_state": states.PENDING_AUTHORISATION,
		}
	)
	with moving(authorisation, mark("Authorisation Requested")):
		# The right to write the document itself was checked by the caller.
		authorisation.insert(ignore_permissions=True)
	notify.assign(
		authorisation,
		who_decides(authorisation),
		request_text(authorisation),
	)
	return authorisation


def who_decides(record: Document) -> list[str]:
	"""Return who is asked to authorise: business managers and their delegates who did not prepare it (C12,
	L2).
	"""
	return people.deciders(people_rules.BUSINESS_MANAGER, preparers(record))


def request_text(record: Document) -> str:
	"""Return what the ToDo of an authorisation says (L3)."""
	return _("Authorise goods without an order: {0}").format(record.reference_name)


def decide(name: str, decision: str, content_hash: str, comment: str) -> Document:
	"""Authorise or refuse goods without an order, and return the record (D4, C12, L2)."""
	record = frappe.get_doc(DOCTYPE, name, for_update=True)
	people.check_readable(record)
	if record.docstatus != 0:
		refuse_one("D4", mark("{0} was decided already by {1}."), record.name, record.decided_by_name)
	if content_hash != record.fingerprint:
		refuse_one(
			"C12", mark("The review has changed since it was shown to you. Reload it and decide again.")
		)
	if decision not in ("Approved", "Rejected"):
		refuse_one("D4", mark("{0} is not a decision."), decision)
	user = frappe.session.user
	options = people.authorities(user, people_rules.BUSINESS_MANAGER) if people.is_present(user) else []
	if not options:
		refuse_one("D4", mark("This is decided by: {0}."), people_rules.BUSINESS_MANAGER)
	authority, reason = people_rules.choose_authority(options, user, preparers(record), [])
	if authority is None:
		refuse([Refusal("C12", reason)])
	if decision == "Rejected" and not says(comment):
		refuse_one("D4", mark("Say why."))
	signing.in_hand()
	record.update(
		{
			"decision": decision,
			"decision_comment": comment,
			"decided_by": user,
			"decided_by_name": people.full_name(user),
			"decided_role": authority.role,
			"acting_for": authority.acting_for or None,
			"decided_on": now_datetime(),
			"workflow_state": states.AUTHORISED if decision == "Approved" else states.REFUSED,
		}
	)
	with moving(record):
		# The authority was checked above; its role has no general right to submit.
		record.flags.ignore_permissions = True
		record.submit()
	refuse_incomplete(record)
	signing.sign(
		record,
		mark("Authorised") if decision == "Approved" else mark("Refused"),
		authority.role,
		authority.acting_for,
		comment,
		content_hash,
	)
	notify.done(record)
	notify.tell(
		[record.requested_by], _("{0}: {1}").format(record.reference_name, _(record.workflow_state)), record
	)
	return record


def is_authorised(doc: Document) -> bool:
	"""Return whether a manager authorised exactly the goods that would leave without an order (D4)."""
	canonical = json.dumps(goods_without_order(doc), ensure_ascii=False, sort_keys=True)
	return bool(
		frappe.db.exists(
			DOCTYPE,
			{
				"reference_doctype": doc.doctype,
				"reference_name": doc.name,
				"docstatus": 1,
				"decision": "Approved",
				"fingerprint": content_rules.fingerprint(canonical),
			},
		)
	)
