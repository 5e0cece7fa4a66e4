"""Stock Entry that puts goods down at a customer's site (consignment): reason code and authorisation (D4)."""

import frappe
from frappe.model.document import Document

from qms_customer.contract.authorise import consignees, is_authorised, refuse_two_consignees
from qms_customer.messages import refuse_one
from qms_customer.rules import mark


def before_validate(doc: Document, method: str | None = None) -> None:
	"""A submit that skips ERPNext's validation does not skip the gate (D4)."""
	if doc.flags.ignore_validate and doc.docstatus == 1:
		before_submit(doc)


def before_submit(doc: Document, method: str | None = None) -> None:
	"""Refuse goods sent to a customer's site that no manager authorised (D4)."""
	customers = consignees(doc)
	if not customers:
		return
	refuse_two_consignees(customers)
	if not is_authorised(doc):
		refuse_one(
			"D4",
			mark("{0} puts goods down at the site of {1}: ask a manager to authorise it with a reason code."),
			doc.name or frappe._("Stock Entry"),
			customers[0],
		)
