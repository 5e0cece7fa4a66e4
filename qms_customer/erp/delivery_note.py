"""Delivery Note: goods leave only for a contract whose review is approved (D4)."""

import frappe
from frappe.model.document import Document

from qms_customer.contract.authorise import is_authorised
from qms_customer.erp.release import refuse_release, release_rows
from qms_customer.messages import refuse_one
from qms_customer.rules import mark


def before_validate(doc: Document, method: str | None = None) -> None:
	"""A submit that skips ERPNext's validation does not skip the gate (D4)."""
	if doc.flags.ignore_validate and doc.docstatus == 1:
		before_submit(doc)


def before_submit(doc: Document, method: str | None = None) -> None:
	"""Refuse goods without an approved order, an authorisation, or a verified return or transfer (D4)."""
	if doc.is_return:
		refuse_unverified_return(doc)
		return
	rows = release_rows(doc, "against_sales_order", "so_detail")
	if not rows:
		return
	allowed = any(not r.order for r in rows) and (is_internal_transfer(doc) or is_authorised(doc))
	refuse_release(doc, rows, doc.customer, allowed)


def refuse_unverified_return(doc: Document) -> None:
	"""A return passes only against a real document of the same customer, and brings goods in, not out (D4)."""
	against = frappe.db.get_value(
		doc.doctype, doc.get("return_against") or "", ["docstatus", "customer", "is_return"], as_dict=True
	)
	real = against and against.docstatus == 1 and against.customer == doc.customer and not against.is_return
	if not real or any((d.qty or 0) > 0 for d in doc.items):
		refuse_one(
			"D4",
			mark(
				"A return names the submitted document of the same customer that it returns, and its quantities are negative."
			),
		)


def is_internal_transfer(doc: Document) -> bool:
	"""Return whether the customer is, by its own record, a company of this site (D4)."""
	if not doc.get("is_internal_customer"):
		return False
	customer = frappe.db.get_value(
		"Customer", doc.customer, ["is_internal_customer", "represents_company"], as_dict=True
	)
	return bool(
		customer
		and customer.is_internal_customer
		and customer.represents_company
		and frappe.db.exists("Company", customer.represents_company)
	)
