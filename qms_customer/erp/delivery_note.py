"""Delivery Note: goods leave only for a contract whose review is approved (D4)."""

from collections import defaultdict
from decimal import Decimal

import frappe
from frappe.model.document import Document

from qms_customer.contract.authorise import is_authorised
from qms_customer.contract.facts import number
from qms_customer.erp import customer_site, delivery_terms
from qms_customer.erp.release import (
	RETURNED,
	is_reviewed,
	leaving,
	parts_by_row,
	refuse_release,
	release_rows,
)
from qms_customer.messages import refuse_one
from qms_customer.returns import exchange
from qms_customer.rules import mark
from qms_customer.rules.goods import TOLERANCE


def before_validate(doc: Document, method: str | None = None) -> None:
	"""Bear the terms of the contract (F1); a submit that skips ERPNext's validation does not skip the gate
	(D4).
	"""
	delivery_terms.fill(doc)
	if doc.flags.ignore_validate and doc.docstatus == 1:
		before_submit(doc)


def before_submit(doc: Document, method: str | None = None) -> None:
	"""Refuse goods without an approved order, an authorisation, or a verified return or transfer (D4)."""
	customer_site.before_submit(doc)
	if doc.is_return:
		if is_reviewed(doc):
			refuse_unverified_return(doc)
		return
	rows = release_rows(doc, "against_sales_order", "so_detail")
	if not rows:
		return
	allowed = any(not r.order for r in rows) and (
		is_internal_transfer(doc) or is_authorised(doc) or exchange.is_covered(doc)
	)
	refuse_release(doc, rows, doc.customer, allowed)
	delivery_terms.refuse_deviation(doc, (r.order for r in rows))


def refuse_unverified_return(doc: Document) -> None:
	"""A return passes only against a real document of the same customer, row by row, and brings goods in
	(D4).
	"""
	fields = ["docstatus", "customer", "company", "is_return"]
	if doc.doctype == "Sales Invoice":
		fields.append("update_stock")
	name = doc.get("return_against")
	against = name and frappe.db.get_value(doc.doctype, name, fields, as_dict=True)
	real = (
		against
		and against.docstatus == 1
		and against.customer == doc.customer
		and against.company == doc.company
		and not against.is_return
		and against.get("update_stock", 1)
	)
	leaves = any(leaving(d) > 0 or (d.qty or 0) > 0 for d in doc.items) or any(
		q > 0 for parts in parts_by_row(doc).values() for q in parts.values()
	)
	if not real or leaves:
		refuse_one(
			"D4",
			mark(
				"A return names the submitted document of the same customer that it returns, and its "
				"quantities are negative."
			),
		)
	_refuse_false_rows(doc)


def _refuse_false_rows(doc: Document) -> None:
	"""What comes back is of the row that went out: else another order would become deliverable once more
	(D4).
	"""
	row_field, order_field = RETURNED[doc.doctype]
	went_out = {
		r.name: r
		for r in frappe.get_all(
			f"{doc.doctype} Item",
			filters={"parent": doc.return_against, "parenttype": doc.doctype},
			fields=["name", "item_code", "stock_qty", "so_detail", order_field],
		)
	}
	coming: dict[str, Decimal] = defaultdict(Decimal)
	for row in doc.items:
		source = went_out.get(row.get(row_field) or "")
		if source:
			coming[source.name] -= leaving(row)
		if (
			source is None
			or source.item_code != row.item_code
			or (row.get("so_detail") or "") not in ("", source.so_detail or "")
			or (row.get(order_field) or "") not in ("", source[order_field] or "")
			or coming[source.name] > number(source.stock_qty) + TOLERANCE
		):
			refuse_one(
				"D4",
				mark(
					"Row {0}, {1}: this is not what {2} delivered. Make the return from that document, with "
					"its button."
				),
				row.idx,
				row.item_code,
				doc.return_against,
			)


def is_internal_transfer(doc: Document) -> bool:
	"""Return whether the goods stay in the company: each row is booked into another of its warehouses (D4).

	A tick on a customer proves nothing, a stock ledger does. ERPNext books so only for the customer that
	represents the company itself. To another company of the group goods are sold: by an order, or authorised.
	"""
	targets = {d.get("target_warehouse") or "" for d in doc.items}
	if (
		doc.doctype == "POS Invoice"
		or not doc.get("is_internal_customer")
		or doc.represents_company != doc.company
		or doc.get("packed_items")
		or "" in targets
	):
		return False
	by_record = {"name": doc.customer, "is_internal_customer": 1, "represents_company": doc.company}
	own = {"name": ("in", list(targets)), "company": doc.company}
	return bool(frappe.db.exists("Customer", by_record)) and frappe.db.count("Warehouse", own) == len(targets)
