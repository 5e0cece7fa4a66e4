"""An order that says what its quotation or blanket order said inherits that review (C1, C7)."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import frappe
from frappe.model.document import Document
from frappe.query_builder.functions import Sum

from qms_customer.contract import approved, content
from qms_customer.contract.facts import number
from qms_customer.rules import inheritance
from qms_customer.rules.content import Change, fingerprint

# What ERPNext tells apart among committed bases, and when a base has come to its end there.
_STATE = {"Quotation": ("docstatus", "status"), "Blanket Order": ("docstatus",)}
ENDED = ("Lost", "Cancelled", "Expired")


@dataclass(frozen=True)
class Base:
	"""What an order comes from: the document, its content, and the approval of that content if there is
	one.
	"""

	doctype: str
	name: str
	content: dict[str, Any]
	approval: frappe._dict | None
	customer: str
	promised: str


def source_of(doc: Document) -> tuple[str, str] | None:
	"""Return the one quotation or blanket order from which all rows of a sales order come, or None."""
	if doc.doctype != "Sales Order" or not doc.items:
		return None
	quotations = {d.get("prevdoc_docname") or "" for d in doc.items}
	if len(quotations) == 1 and "" not in quotations:
		return "Quotation", quotations.pop()
	blankets = {(d.get("blanket_order") or "") if d.get("against_blanket_order") else "" for d in doc.items}
	if len(blankets) == 1 and "" not in blankets:
		return "Blanket Order", blankets.pop()
	return None


def base_of(doc: Document) -> Base | None:
	"""Return what a sales order comes from, if it is committed itself."""
	source = source_of(doc)
	if not source:
		return None
	doctype, name = source
	head = frappe.db.get_value(
		doctype,
		name,
		[*_STATE[doctype], "qms_promised_date", "qms_lead_time_days", *(_PARTY[doctype])],
		as_dict=True,
	)
	if not head or head.docstatus != 1:
		return None
	stored = content.stored_contents(doctype, [name])[name]
	# One that was lost is still what was said earlier (C7), but nothing is ordered from it any more.
	approval = None
	if stands(head):
		# What was adopted at go-live was committed, but nobody reviewed it: a new order from it is reviewed.
		reviewed = [r for r in approved.rows(doctype, [name]) if r.source_doctype != approved.ADOPTION]
		approval = approved.match(doctype, fingerprint(stored), reviewed)
	return Base(doctype, name, stored, approval, _customer(head), _promised(doctype, head, doc))


def differences(doc: Document, base: Base, *, current: bool = False) -> list[Change]:
	"""Return in what an order promises other or more than what it comes from; quantities of all its orders
	together.

	`current`: under the lock of the base, count orders that others have committed since this transaction
	began, too.
	"""
	return inheritance.differences(
		content.content_of(doc),
		base.content,
		base.customer,
		base.promised,
		_ordered_elsewhere(doc, base, current),
		frappe.get_cached_value("Company", doc.company, "default_currency"),
		_item_defaults(doc),
		# What is committed was committed in time.
		frappe.utils.nowdate() if current or doc.docstatus == 0 else "",
	)


def _item_defaults(doc: Document) -> dict[str, dict[str, Any]]:
	"""By item, what its master puts into a row of an order: no promise of the order's own."""
	return {
		i.name: {"description": i.description, "bom_no": i.default_bom}
		for i in frappe.get_all(
			"Item",
			filters={"name": ("in", list({d.item_code for d in doc.items}))},
			fields=["name", "description", "default_bom"],
		)
	}


def lock(base: Base) -> bool:
	"""Make orders from the same base wait for each other; returns whether the base stands still."""
	state = frappe.db.get_value(base.doctype, base.name, _STATE[base.doctype], as_dict=True, for_update=True)
	return bool(state and stands(state))


def stands(state: frappe._dict) -> bool:
	"""Return whether a quotation or blanket order is committed, and not lost or expired since (C1)."""
	return state.docstatus == 1 and state.get("status") not in ENDED


_PARTY = {"Quotation": ("quotation_to", "party_name"), "Blanket Order": ("customer",)}


def _customer(head: frappe._dict) -> str:
	"""The customer of the base; a lead, mapped to the customer that was made of it."""
	if head.get("customer"):
		return head.customer
	if head.quotation_to == "Customer":
		return head.party_name
	field = {"Lead": "lead_name", "Prospect": "prospect_name"}.get(head.quotation_to)
	if not field:
		return ""
	made = frappe.get_all("Customer", filters={field: head.party_name}, pluck="name", limit=2)
	return made[0] if len(made) == 1 else ""


def _promised(doctype: str, head: frappe._dict, doc: Document) -> str:
	"""The earliest delivery that the base promises: its date, or its lead time counted from the order's
	date.
	"""
	if head.qms_promised_date:
		return str(head.qms_promised_date)[:10]
	if head.qms_lead_time_days:
		return str(frappe.utils.add_days(doc.transaction_date, head.qms_lead_time_days))[:10]
	return ""


def _ordered_elsewhere(doc: Document, base: Base, current: bool) -> dict[str, Decimal]:
	"""By item, what other committed orders took from the base, in the base's unit."""
	row = frappe.qb.DocType("Sales Order Item")
	link = row.prevdoc_docname if base.doctype == "Quotation" else row.blanket_order
	taking = (link == base.name) & (row.docstatus == 1) & (row.parenttype == "Sales Order")
	orders = set(frappe.qb.from_(row).select(row.parent).distinct().where(taking).run(pluck=True))
	if current:
		# What this transaction sees was fixed when it began, maybe before the lock was given. A locking read
		# sees
		# what is stored; the ledger is asked because it is indexed by the base, and each such order wrote
		# there.
		ledger = frappe.qb.DocType("Approved Content")
		orders |= set(
			frappe.qb.from_(ledger)
			.select(ledger.reference_name)
			.where((ledger.source_name == base.name) & (ledger.source_doctype == base.doctype))
			.where(ledger.reference_doctype == "Sales Order")
			.for_update()
			.run(pluck=True)
		)
	orders.discard(doc.name)
	if not orders:
		return {}
	query = (
		frappe.qb.from_(row)
		.select(row.item_code, Sum(row.stock_qty))
		.where(taking & row.parent.isin(list(orders)))
		.groupby(row.item_code)
	)
	taken = (query.for_update() if current else query).run()
	factors: dict[str, Decimal] = {}
	for line in base.content["tables"].get("items", ()):
		factor = Decimal(line.get("conversion_factor") or "1")
		# The smallest unit of the item on the base: what others took weighs at least as much as it was.
		factors[line["item_code"]] = min(factors.get(line["item_code"], factor), factor)
	return {item: number(qty) / factors.get(item, Decimal(1)) for item, qty in taken}
