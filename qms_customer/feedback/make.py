"""Feedback from a document in which something was heard: an issue, a warranty claim, a service visit, a
return slip, an e-mail (H1, F6).
"""

from datetime import datetime
from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import (
	get_datetime,
	get_time,
	getdate,
	now_datetime,
	strip_html,
	validate_email_address,
)

from qms_customer.feedback import email_text, intake, record
from qms_customer.messages import refuse, refuse_one
from qms_customer.records.token import moving
from qms_customer.rules import mark
from qms_customer.rules.qualification import AGENT, CLINIC, DISTRIBUTOR, HOSPITAL

# K2: the event of the chain.
RECORDED = mark("Feedback Recorded")
VISIT, EMAIL = "Maintenance Visit", "Communication"
# Who says it, by what the customer is.
SOURCE = {
	DISTRIBUTOR: "Distributor",
	AGENT: "Distributor",
	HOSPITAL: "Clinical Institution",
	CLINIC: "Clinical Institution",
}


def from_document(doctype: str, name: str) -> Document:
	"""Return the unsaved feedback of a document that the user may read (H1)."""
	if doctype not in record.ORIGINS:
		refuse_one("F6", mark("Feedback is not made from {0}."), doctype)
	origin = frappe.get_doc(doctype, name)
	origin.check_permission("read")
	if doctype == EMAIL and origin.reference_doctype in (intake.DOCTYPE, "Customer Complaint"):
		refuse_one("H1", mark("The e-mail is recorded already: {0}."), origin.reference_name)
	return _new(origin)


def of_visit(visit: Document) -> Document:
	"""Return the feedback of a service visit that says that it is about a complaint, inserted; the one that
	was made before, if there is (F6).
	"""
	names = [one for one in (visit.name, visit.amended_from) if one]
	known = frappe.db.get_value(
		intake.DOCTYPE, {"origin_doctype": VISIT, "origin_name": ("in", names)}, "name", order_by="creation"
	)
	if known:
		return frappe.get_doc(intake.DOCTYPE, known)
	feedback = _new(visit)
	record.complete(feedback)
	if found := record.problems(feedback):
		refuse(found)
	feedback.flags.ignore_links = True
	with moving(feedback, RECORDED):
		# Whoever finishes the visit need hold no role of ours to report what was heard on it.
		feedback.insert(ignore_permissions=True)
	return feedback


def of_email(email: Document) -> Document:
	"""Return the unsaved feedback of an e-mail that is being kept, whoever may read it (A10, H1)."""
	return _new(email)


def company() -> str | None:
	"""Return the company of what names none: the site's own, else its first one."""
	return frappe.defaults.get_user_default("Company") or frappe.db.get_value(
		"Company", {}, "name", order_by="creation"
	)


def _new(origin: Document) -> Document:
	feedback = frappe.new_doc(intake.DOCTYPE)
	is_email = origin.doctype == EMAIL
	customer = email_text.customer(origin.sender or "") if is_email else origin.get("customer")
	kind = frappe.get_cached_value("Customer", customer, "qms_buyer_kind") if customer else None
	now = now_datetime().replace(microsecond=0)
	feedback.update(
		{
			"origin_doctype": origin.doctype,
			"origin_name": origin.name,
			"channel": record.CHANNELS.get(origin.doctype, origin.doctype),
			# Who writes a mail is not said by it: whoever reads it says so.
			"source": SOURCE.get(kind or "", "" if is_email else "User"),
			"phase": "" if is_email else "After the Sale",
			"company": origin.get("company") or company(),
			"customer": customer,
			"received_on": now,
			**_SAID[origin.doctype](origin),
		}
	)
	if feedback.received_on and get_datetime(feedback.received_on) > now:
		feedback.received_on = now
	feedback.aware_on = feedback.received_on
	return feedback


def _issue(doc: Document) -> dict[str, Any]:
	return {
		"subject": (doc.subject or "")[: record.SUBJECT],
		"details": strip_html(doc.description or "").strip() or doc.subject,
		"contact_email": doc.raised_by,
		"received_on": _moment(doc.opening_date, doc.opening_time),
	}


def _claim(doc: Document) -> dict[str, Any]:
	return {
		"details": strip_html(doc.complaint or "").strip(),
		"item_code": doc.item_code,
		"serial_no": doc.serial_no,
		"contact_name": doc.complaint_raised_by or strip_html(doc.contact_display or ""),
		"contact_email": doc.contact_email,
		"contact_phone": doc.contact_mobile,
		"contact_address": strip_html(doc.address_display or ""),
		"received_on": _moment(doc.complaint_date, None),
	}


def _visit(doc: Document) -> dict[str, Any]:
	rows = doc.purposes
	said = [doc.customer_feedback, doc.get("qms_complaint_reason")]
	for row in rows:
		said += [strip_html(row.description or ""), row.work_done]
	items = {row.item_code for row in rows if row.item_code}
	serials = {row.serial_no for row in rows if row.serial_no}
	return {
		"details": "\n".join(one.strip() for one in said if one and one.strip()),
		# Of several devices the person who assesses it says which it is.
		"item_code": items.pop() if len(items) == 1 else None,
		"serial_no": serials.pop() if len(serials) == 1 else None,
		"contact_name": strip_html(doc.contact_display or ""),
		"contact_email": doc.contact_email,
		"contact_phone": doc.contact_mobile,
		"contact_address": strip_html(doc.address_display or ""),
		# Ours knew of it on the visit, whenever it is typed in (H4).
		"received_on": _moment(doc.mntc_date, doc.mntc_time),
	}


def _slip(doc: Document) -> dict[str, Any]:
	rows = doc.items
	items, batches = {row.item_code for row in rows}, {row.batch_no for row in rows if row.batch_no}
	said = [doc.claim_reason, *(row.reason_details for row in rows)]
	return {
		"details": "\n".join(dict.fromkeys(one.strip() for one in said if one and one.strip())),
		"item_code": items.pop() if len(items) == 1 else None,
		"batch_no": batches.pop() if len(batches) == 1 else None,
		"contact_name": doc.contact_name,
		"contact_phone": doc.contact_details,
		"received_on": _moment(doc.posting_date, None),
	}


def _email(doc: Document) -> dict[str, Any]:
	# What is no address, or more than one, is read in the e-mail.
	sender = validate_email_address(doc.sender or "")
	return {
		"subject": email_text.subject(doc),
		"details": email_text.details(doc),
		"contact_name": email_text.name(doc.sender_full_name or doc.sender or ""),
		"contact_email": sender if sender and len(sender) <= record.SUBJECT and "," not in sender else None,
		"received_on": get_datetime(doc.communication_date) if doc.communication_date else None,
		"aware_by": doc.email_account,
	}


_SAID = {"Issue": _issue, "Warranty Claim": _claim, VISIT: _visit, "Return Slip": _slip, EMAIL: _email}


def _moment(day: object, time: object) -> datetime:
	"""When a document says that something came: where it says no time, the day from its beginning."""
	if not day:
		return now_datetime().replace(microsecond=0)
	return datetime.combine(getdate(day), get_time(time) if time else datetime.min.time())
