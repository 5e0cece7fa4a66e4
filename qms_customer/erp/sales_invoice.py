"""Sales Invoice and POS Invoice that move stock: the same gate as a Delivery Note (D4)."""

from collections import Counter
from decimal import Decimal

import frappe
from frappe.model.document import Document

from qms_customer.contract import approved
from qms_customer.contract.authorise import is_authorised
from qms_customer.contract.facts import number
from qms_customer.contract.settings import settings
from qms_customer.erp.delivery_note import is_internal_transfer, refuse_unverified_return
from qms_customer.erp.release import refuse_release, release_rows
from qms_customer.messages import refuse_one
from qms_customer.rules import goods, mark


def before_validate(doc: Document, method: str | None = None) -> None:
	"""A submit that skips ERPNext's validation does not skip the gate (D4)."""
	if doc.flags.ignore_validate and doc.docstatus == 1:
		before_submit(doc)


def before_submit(doc: Document, method: str | None = None) -> None:
	"""Refuse stock that leaves with an invoice without an approved order or standing review (D4)."""
	if not doc.get("update_stock"):
		return
	if doc.doctype == "Sales Invoice" and doc.get("is_consolidated"):
		_refuse_false_consolidation(doc)
		return
	if doc.is_return:
		refuse_unverified_return(doc)
		return
	rows = release_rows(doc, "sales_order", "so_detail")
	without = [r for r in rows if not r.order]
	allowed = bool(without) and (
		is_internal_transfer(doc) or is_standing_sale(doc, without) or is_authorised(doc)
	)
	refuse_release(doc, rows, doc.customer, allowed)


def is_standing_sale(doc: Document, rows: list[goods.ReleaseRow]) -> bool:
	"""Return whether the standing review named in the settings covers a counter sale (D4).

	It covers the items it lists, in company currency, not below its price, at most its quantity a sale.
	"""
	name = settings().standing_review
	review = name and frappe.db.get_value(
		"Contract Review",
		name,
		["docstatus", "decision", "withdrawn", "reference_doctype", "reference_name", "company"],
		as_dict=True,
	)
	if not review or review.docstatus != 1 or review.decision != "Approved" or review.withdrawn:
		return False
	if review.company != doc.company or not _stands(review):
		return False
	if doc.currency != frappe.get_cached_value("Company", doc.company, "default_currency"):
		return False
	listed = frappe.get_all(
		"Blanket Order Item" if review.reference_doctype == "Blanket Order" else "Quotation Item",
		filters={"parent": review.reference_name},
		fields=["item_code", "qty", "rate"]
		+ (["conversion_factor"] if review.reference_doctype != "Blanket Order" else []),
	)
	most, least = {}, {}
	for line in listed:
		factor = number(line.get("conversion_factor") or 1)
		most[line.item_code] = most.get(line.item_code, Decimal()) + number(line.qty) * factor
		rate = number(line.rate) / factor
		least[line.item_code] = min(least.get(line.item_code, rate), rate)
	sold: Counter = Counter()
	for row in rows:
		sold[row.item] += row.quantity
	for row in doc.items:
		if row.item_code in sold and row.item_code in least:
			# What is charged, all discounts of the invoice taken off.
			charged = number(row.get("net_rate") if row.get("net_rate") is not None else row.rate) / number(
				row.conversion_factor or 1
			)
			listed_rate = number(row.rate) / number(row.conversion_factor or 1)
			if max(charged, listed_rate) < least[row.item_code] - Decimal("0.000001"):
				return False
	return all(item in most and quantity <= most[item] for item, quantity in sold.items())


def _stands(review: frappe._dict) -> bool:
	if not approved.committed(review.reference_doctype, [review.reference_name]).get(review.reference_name):
		return False
	field = "to_date" if review.reference_doctype == "Blanket Order" else "valid_till"
	last = frappe.db.get_value(review.reference_doctype, review.reference_name, field)
	return not last or frappe.utils.getdate(last) >= frappe.utils.getdate()


def _refuse_false_consolidation(doc: Document) -> None:
	"""A consolidated invoice passes when every row's POS Invoice is real and passed the gate itself (D4)."""
	names = [d.get("pos_invoice_item") for d in doc.items]
	real = {
		r.name: r
		for r in frappe.get_all(
			"POS Invoice Item",
			filters={"name": ("in", [n for n in names if n] or [""]), "docstatus": 1},
			fields=["name", "parent", "item_code", "qty", "conversion_factor"],
		)
	}
	consolidated = set(
		frappe.get_all(
			"POS Invoice",
			filters={
				"name": ("in", list({r.parent for r in real.values()}) or [""]),
				"consolidated_invoice": ("is", "set"),
			},
			pluck="name",
		)
	)
	for row in doc.items:
		source = real.get(row.get("pos_invoice_item") or "")
		if (
			source is None
			or source.parent != row.get("pos_invoice")
			or source.parent in consolidated
			or source.item_code != row.item_code
			or abs(number(source.qty) - number(row.qty)) > Decimal("0.000001")
			or names.count(row.pos_invoice_item) > 1
		):
			refuse_one(
				"D4",
				mark(
					"Row {0}: a consolidated invoice repeats submitted POS Invoices, each row once; this one does not."
				),
				row.idx,
			)
