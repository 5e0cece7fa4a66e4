"""Stock Entry: goods put down at a customer's site (consignment) need reason code and authorisation, and
material goes into no work order that may not start (D4).
"""

import frappe
from frappe.model.document import Document

from qms_customer.contract.authorise import consignees, is_authorised, refuse_two_consignees
from qms_customer.erp import work_order
from qms_customer.messages import refuse_one
from qms_customer.rules import mark
from qms_customer.rules.production import begins_by_entry


def before_validate(doc: Document, method: str | None = None) -> None:
	"""A submit that skips ERPNext's validation does not skip the gate (D4)."""
	if doc.flags.ignore_validate and doc.docstatus == 1:
		before_submit(doc)


def before_submit(doc: Document, method: str | None = None) -> None:
	"""Refuse goods sent to a customer's site that no manager authorised, and what would begin a work order
	that waits (D4).
	"""
	_refuse_start(doc)
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


def _refuse_start(doc: Document) -> None:
	if not begins_by_entry(doc.purpose or "", doc.get("job_card") or ""):
		return
	# ERPNext fills the work order in from the job card when it validates, and keeps what was typed.
	named = {doc.work_order, doc.job_card and frappe.db.get_value("Job Card", doc.job_card, "work_order")}
	for name in sorted(n for n in named if n):
		work_order.refuse_start_of(name)
