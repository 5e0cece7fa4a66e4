"""Sales Invoice and POS Invoice that move stock: the same gate as a Delivery Note (D4)."""

from collections import Counter
from decimal import Decimal

import frappe
from frappe.model.document import Document

from qms_customer.contract import approved, inherit
from qms_customer.contract.authorise import is_authorised
from qms_customer.contract.facts import number
from qms_customer.contract.settings import settings
from qms_customer.erp import customer_site, delivery_terms
from qms_customer.erp.delivery_note import is_internal_transfer, refuse_unverified_return
from qms_customer.erp.release import is_reviewed, refuse_release, release_rows
from qms_customer.messages import refuse, refuse_one
from qms_customer.rules import goods, mark
from qms_customer.rules.review import Refusal


def before_validate(doc: Document, method: str | None = None) -> None:
	"""Bear the terms of the contract (F1); a submit that skips ERPNext's validation does not skip the gate
	(D4).
	"""
	delivery_terms.fill(doc)
	if doc.flags.ignore_validate and doc.docstatus == 1:
		before_submit(doc)


def before_submit(doc: Document, method: str | None = None) -> None:
	"""Refuse stock that leaves with an invoice without an approved order or standing review (D4), and an
	invoice on other terms than its order's (F1).

	A POS Invoice is always such: consolidation moves the stock of all of them, with Update Stock or without.
	"""
	counter = doc.doctype == "POS Invoice"
	if not (counter or doc.get("update_stock")):
		delivery_terms.refuse_other_terms(doc)
		return
	if not counter and doc.get("is_consolidated"):
		if is_reviewed(doc):
			refuse_false_consolidation(doc)
		return
	customer_site.before_submit(doc)
	if doc.is_return:
		if is_reviewed(doc):
			refuse_unverified_return(doc)
		return
	rows = release_rows(doc, "sales_order", "so_detail")
	if counter:
		_refuse_order_at_counter(rows)
	without = [r for r in rows if not r.order]
	allowed = bool(without) and (
		is_internal_transfer(doc) or is_standing_sale(doc, without) or is_authorised(doc)
	)
	refuse_release(doc, rows, doc.customer, allowed)
	# Services of an order are asked for on its terms too, with goods or without.
	services = set() if counter else delivery_terms.reviewed_orders(doc)
	delivery_terms.refuse_deviation(doc, {r.order for r in rows} | services)


def is_standing_sale(doc: Document, rows: list[goods.ReleaseRow]) -> bool:
	"""Return whether the standing review named in the settings covers a counter sale (D4).

	It covers the items it lists, bundles with the parts they were reviewed with, in company currency, not
	below its price, at most its quantity a sale. A blanket order does not say what is in a bundle: it covers
	none.
	"""
	name = settings().standing_review
	review = (
		name
		and doc.get("is_pos")
		and frappe.db.get_value(
			"Contract Review",
			name,
			["docstatus", "decision", "withdrawn", "reference_doctype", "reference_name", "company"],
			as_dict=True,
		)
	)
	if not review or review.docstatus != 1 or review.decision != "Approved" or review.withdrawn:
		return False
	if review.company != doc.company or not _stands(review):
		return False
	if doc.currency != frappe.get_cached_value("Company", doc.company, "default_currency"):
		return False
	blanket = review.reference_doctype == "Blanket Order"
	listed = frappe.get_all(
		f"{review.reference_doctype} Item",
		filters={"parent": review.reference_name},
		fields=["item_code", "qty", *(("rate",) if blanket else ("base_rate as rate", "conversion_factor"))],
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
	if any(item not in most or quantity > most[item] for item, quantity in sold.items()):
		return False
	parts = {} if blanket else _reviewed_parts(review)
	for row in rows:
		listed_row = goods.OrderRow("", "", row.item, most[row.item], parts=parts.get(row.item, {}))
		if not goods.same_parts(row, listed_row):
			return False
	counted = {r.number for r in rows}
	kept = _kept(doc)
	return all(
		_charged(doc, row) * kept >= least[row.item_code] - goods.TOLERANCE
		for row in doc.items
		if row.idx in counted
	)


def _reviewed_parts(review: frappe._dict) -> dict[str, dict[str, Decimal]]:
	"""By bundle, the parts of all that the standing review lists of it."""
	found: dict[str, dict[str, Decimal]] = {}
	for p in frappe.get_all(
		"Packed Item",
		filters={"parent": review.reference_name, "parenttype": review.reference_doctype},
		fields=["parent_item", "item_code", "qty"],
	):
		row = found.setdefault(p.parent_item, {})
		row[p.item_code] = row.get(p.item_code, Decimal()) + number(p.qty)
	return found


def _charged(doc: Document, row: Document) -> Decimal:
	"""Return what a row charges per stock unit, taxes as in its rate, the discounts of the whole invoice
	taken off.
	"""
	charged = _discounted(row, number(row.rate) / number(row.conversion_factor or 1))
	off = number(doc.get("discount_amount")) if doc.get("is_cash_or_non_trade_discount") else Decimal()
	if off:
		total = number(doc.grand_total)
		charged *= total / (total + off) if total + off else Decimal()
	return charged


def _discounted(row: Document, value: Decimal) -> Decimal:
	net, discount = number(row.net_amount), number(row.get("distributed_discount_amount"))
	if not discount:
		return value
	return value * net / (net + discount) if net + discount else Decimal()


def _kept(doc: Document) -> Decimal:
	"""Return which part of the prices remains once rows and charges below zero have given some of it back."""
	amounts = [_discounted(row, number(row.amount)) for row in doc.items]
	taxes = [
		number(tax.tax_amount_after_discount_amount)
		for tax in doc.get("taxes") or ()
		if not tax.get("included_in_print_rate")
	]
	total = sum((a for a in amounts if a > 0), Decimal())
	given_back = -sum((a for a in (*amounts, *taxes) if a < 0), Decimal())
	return max(total - given_back, Decimal()) / total if total and given_back else Decimal(1)


def _stands(review: frappe._dict) -> bool:
	if not approved.committed(review.reference_doctype, [review.reference_name]).get(review.reference_name):
		return False
	blanket = review.reference_doctype == "Blanket Order"
	first, last = ("from_date", "to_date") if blanket else ("transaction_date", "valid_till")
	fields = ["docstatus", first, last, *(() if blanket else ("status",))]
	dates = frappe.db.get_value(review.reference_doctype, review.reference_name, fields, as_dict=True)
	if not inherit.stands(dates):
		return False
	today = frappe.utils.getdate()
	return not (
		(dates[first] and frappe.utils.getdate(dates[first]) > today)
		or (dates[last] and frappe.utils.getdate(dates[last]) < today)
	)


def _refuse_order_at_counter(rows: list[goods.ReleaseRow]) -> None:
	"""ERPNext forgets the order when it consolidates, so that one order could be sold again and again
	(D4).
	"""
	found = [
		Refusal(
			"D4",
			mark(
				"Row {0}, {1}: a POS sale is not counted against an order. Deliver order {2} by a delivery "
				"note or sales invoice."
			),
			(str(r.number), r.item, r.order or "?"),
		)
		for r in rows
		if r.order or r.order_row
	]
	if found:
		refuse(found)


def refuse_false_consolidation(doc: Document) -> None:
	"""A consolidated invoice passes when every row's POS Invoice is real and passed the gate itself (D4)."""
	names = [d.get("pos_invoice_item") for d in doc.items]
	given = [n for n in names if n] or [""]
	real = {
		r.name: r
		for r in frappe.get_all(
			"POS Invoice Item",
			filters={"name": ("in", given), "docstatus": 1, "parenttype": "POS Invoice"},
			fields=["name", "parent", "item_code", "qty", "conversion_factor"],
		)
	}
	sources = {
		p.name: p
		for p in frappe.get_all(
			"POS Invoice",
			filters={"name": ("in", list({r.parent for r in real.values()}) or [""]), "docstatus": 1},
			fields=["name", "company", "is_return", "consolidated_invoice"],
		)
	}
	# Forged once and then made by ERPNext, or the other way round: the goods would leave twice.
	repeated = set(
		frappe.get_all(
			"Sales Invoice Item",
			filters={"pos_invoice_item": ("in", given), "docstatus": 1, "parent": ("!=", doc.name or "")},
			pluck="pos_invoice_item",
		)
	)
	for row in doc.items:
		source = real.get(row.get("pos_invoice_item") or "")
		invoice = sources.get(source.parent) if source else None
		if (
			invoice is None
			or source.parent != row.get("pos_invoice")
			or invoice.consolidated_invoice
			or invoice.company != doc.company
			or bool(invoice.is_return) != bool(doc.is_return)
			or source.name in repeated
			or source.item_code != row.item_code
			or not _same_quantity(source, row)
			or names.count(row.pos_invoice_item) > 1
		):
			refuse_one(
				"D4",
				mark(
					"Row {0}: a consolidated invoice repeats submitted POS Invoices, each row once; this one "
					"does not. Let POS Closing make it."
				),
				row.idx,
			)


def _same_quantity(source: frappe._dict, row: Document) -> bool:
	sold = number(source.qty) * number(source.conversion_factor or 1)
	found = [number(row.qty) * number(row.get("conversion_factor") or 1)]
	if row.get("stock_qty"):
		found.append(number(row.stock_qty))
	return all(abs(sold - quantity) <= goods.TOLERANCE for quantity in found)
