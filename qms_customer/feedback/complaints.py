"""A complaint is opened by the assessment of what was reported (H2, H3)."""

import frappe
from frappe.model.document import Document

from qms_customer.records.token import moving
from qms_customer.rules import mark

DOCTYPE = "Customer Complaint"
# K2: the event of the chain.
OPENED = mark("Complaint Opened")
COPIED = (
	*("company", "customer", "customer_name", "item_code", "item_name", "batch_no", "serial_no", "udi"),
	*("received_on", "aware_on", "happened_on", "event_country", "details"),
	*("patient_reference", "patient_age", "patient_sex", "patient_details"),
)


def open_from(feedback: Document) -> Document:
	"""Return the complaint that the assessment of feedback opens, inserted (H2).

	It says what was reported; whoever assessed that has the right to open it.
	"""
	reach = (feedback.contact_email, feedback.contact_phone, feedback.contact_address)
	complaint = frappe.get_doc(
		{
			"doctype": DOCTYPE,
			"feedback": feedback.name,
			"complainant": feedback.contact_name,
			"complainant_contact": "\n".join(one for one in reach if one),
			**{field: feedback.get(field) for field in COPIED},
		}
	)
	# What it names may be gone by now: no reason against opening it.
	complaint.flags.ignore_links = True
	with moving(complaint, OPENED):
		complaint.insert(ignore_permissions=True)
	return complaint
