"""Maintenance Visit: no service is finished before it says whether it is about a complaint (F6)."""

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import get_link_to_form

from qms_customer.feedback import make
from qms_customer.messages import refuse
from qms_customer.rules import feedback as rules


def before_validate(doc: Document, method: str | None = None) -> None:
	"""F6: nor by a submit that skips ERPNext's validation."""
	if doc.flags.ignore_validate and doc.docstatus == 1:
		before_submit(doc)


def before_submit(doc: Document, method: str | None = None) -> None:
	"""Refuse a visit that does not answer: is this a complaint? (F6)."""
	if found := rules.service_refusals(
		doc.get("qms_is_complaint") or "", doc.get("qms_complaint_reason") or ""
	):
		refuse(found)


def on_submit(doc: Document, method: str | None = None) -> None:
	"""A visit that says yes is recorded as feedback, to be assessed like any other (F6, H1)."""
	if doc.get("qms_is_complaint") != rules.IS_COMPLAINT:
		return
	feedback = make.of_visit(doc)
	frappe.msgprint(
		_("Recorded as feedback {0}.").format(get_link_to_form(feedback.doctype, feedback.name)), alert=True
	)


def before_cancel(doc: Document, method: str | None = None) -> None:
	"""What was heard stays recorded: it does not hold the visit."""
	doc.ignore_linked_doctypes = (*(doc.get("ignore_linked_doctypes") or ()), make.intake.DOCTYPE)
