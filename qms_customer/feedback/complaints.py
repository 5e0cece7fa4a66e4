"""A complaint is opened from feedback, completed, handed over, and follows the documents opened for it (H2,
H3, H5).
"""

from collections.abc import Mapping
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import add_days, get_datetime, getdate, now_datetime

from qms_customer.contract import people
from qms_customer.feedback import action_rows, complaint_inbox, handled, reporting, standing
from qms_customer.messages import refuse, refuse_one
from qms_customer.records import signing
from qms_customer.records.token import moving
from qms_customer.returns import opened
from qms_customer.rules import complaint as rules
from qms_customer.rules import feedback as feedback_rules
from qms_customer.rules import mark
from qms_customer.rules.people import MANAGEMENT_REPRESENTATIVE, QUALITY
from qms_customer.rules.review import Refusal

# K2: the events of the chain.
OPENED = mark("Complaint Opened")
DESCRIBED = mark("Complaint Described")
HANDED_OVER = mark("Complaint Handed Over")
AWARENESS = mark("Time of Awareness Corrected")
FOLLOWED = mark("Complaint Followed Its Documents")

# What a complaint has from its feedback, under the same names.
COPIED = (
	*("company", "customer", "customer_name", "item_code", "item_name", "batch_no", "serial_no", "udi"),
	*("received_on", "aware_on", "happened_on", "event_country", "details"),
	*("patient_reference", "patient_age", "patient_sex", "patient_details"),
)
# What is asked for later, and completed on the complaint (21 CFR 820.35(a)).
DESCRIBING = (
	*("complainant", "complainant_contact", "item_code", "batch_no", "serial_no", "udi"),
	*("happened_on", "event_country", "details", "why_not_known"),
)
_LINKS = {"item_code": "Item", "event_country": "Country"}


def open_from(feedback: Document) -> Document:
	"""Open the complaint of feedback that was assessed as one, and return it (H2, H3).

	Called by the assessment, which is signed; once for each feedback.
	"""
	if feedback.decision != feedback_rules.COMPLAINT:
		refuse_one("H2", mark("{0} was not assessed as a complaint."), feedback.name)
	if known := frappe.db.get_value(handled.DOCTYPE, {"feedback": feedback.name}, "name", for_update=True):
		return frappe.get_doc(handled.DOCTYPE, known)
	# A visitor's own words for customer and product are no links of ours.
	complainant = (feedback.contact_name, feedback.customer_told)
	contact = (feedback.contact_address, feedback.contact_phone, feedback.contact_email)
	doc = frappe.get_doc(
		{
			"doctype": handled.DOCTYPE,
			"feedback": feedback.name,
			**{name: feedback.get(name) for name in COPIED},
			"item_name": feedback.item_name or feedback.item_told,
			"complainant": ", ".join(c for c in complainant if c),
			"complainant_contact": "\n".join(c for c in contact if c),
			"due_on": add_days(getdate(feedback.received_on), handled.days()),
		}
	)
	standing.settle(doc)
	# The feedback may name what is gone by now: no reason to lose a complaint.
	doc.flags.ignore_links = True
	with moving(doc, OPENED):
		# Who assesses feedback opens its complaint, and nobody else does.
		doc.insert(ignore_permissions=True)
	reporting.ask(doc)
	complaint_inbox.ask(doc)
	return doc


def describe(name: str, content_hash: str, values: Mapping[str, Any]) -> Document:
	"""Complete what a complaint says of device, complainant and event; returns it (H3; 21 CFR 820.35(a)).

	What the customer said first stays on the feedback.
	"""
	doc = handled.open_one(name, content_hash)
	opened.require_role("H3", mark("A complaint is completed by: {0}."), handled.SPEAKERS)
	unknown = sorted(set(values) - set(DESCRIBING))
	if unknown:
		refuse_one("H3", mark("{0} is not completed here."), unknown[0])
	given = {k: (v.strip() if isinstance(v, str) else v) or None for k, v in values.items()}
	for field, doctype in _LINKS.items():
		if given.get(field) and not frappe.db.exists(doctype, given[field]):
			refuse_one("H3", mark("There is no {0} {1}."), doctype, given[field])
	if given.get("happened_on"):
		given["happened_on"] = _moment(given["happened_on"])
		if given["happened_on"] > now_datetime():
			refuse_one("K3", mark("What happened lies in the future."))
	if "event_country" in given and (given["event_country"] or "") != (doc.event_country or ""):
		# It decides how much time there is.
		opened.require_role("H4", mark("The country of the event starts clocks: {0} says it."), (QUALITY,))
	before = doc.item_code
	doc.update(given)
	# What somebody called it stays as long as it is no item of ours.
	if before or doc.item_code:
		doc.item_name = frappe.db.get_value("Item", doc.item_code, "item_name") if doc.item_code else None
	# What the customer read off a label need not be ours; a batch of ours is of its item.
	item = frappe.db.get_value("Batch", doc.batch_no, "item") if doc.batch_no else None
	if item and doc.item_code and doc.item_code != item:
		refuse_one("H3", mark("{0} is no batch of {1}."), doc.batch_no, doc.item_code)
	opened.save(doc, DESCRIBED)
	return doc


def hand_over(name: str, content_hash: str, handler: str, due_on: str = "") -> Document:
	"""Say who handles a complaint, and until when; returns it (H5, L3)."""
	doc = handled.open_one(name, content_hash)
	handled.require_quality()
	if not people.is_enabled_person(handler) or not people.may_see(handler, doc):
		refuse_one("H5", mark("{0} is nobody who can handle it."), handler or "–")
	if QUALITY not in people.own_roles(handler):
		refuse_one("H5", mark("A complaint is handled by somebody of Quality."))
	due = handled.day(due_on)
	if due and due < getdate(doc.received_on):
		refuse_one("K3", mark("It cannot be due before it came."))
	doc.update({"handler": handler, **({"due_on": due} if due else {})})
	opened.save(doc, HANDED_OVER)
	complaint_inbox.ask(doc)
	return doc


def correct_awareness(name: str, content_hash: str, aware_on: str, reason: str) -> Document:
	"""Correct, signed, when anybody first knew of what is complained about; returns the complaint (H4, K2).

	Earlier: by who talks with the customer. Later gives us more time: the management representative does
	that, who has not handled the complaint.
	"""
	# Here, as closing asks who handled it.
	from qms_customer.feedback import closing

	doc = handled.open_one(name, content_hash, rule="H4")
	user = frappe.session.user
	role = opened.require_role(
		"H4",
		mark("Awareness is corrected by: {0}."),
		(*handled.SPEAKERS, MANAGEMENT_REPRESENTATIVE),
	)
	recorder = frappe.db.get_value("Customer Feedback", doc.feedback, "owner") if doc.feedback else ""
	approved = role == MANAGEMENT_REPRESENTATIVE and user not in {recorder, *closing.handlers(doc)}
	before, after = get_datetime(doc.aware_on or doc.received_on), _moment(aware_on)
	if after is None:
		refuse_one("H4", mark("Say when anybody in the company or a distributor first knew of it."))
	found = feedback_rules.awareness_refusals(before, after, reason or "", approved)
	if after > now_datetime():
		found.append(
			Refusal("H4", mark("Nobody learns of it after it is recorded: awareness is at the latest now."))
		)
	if doc.happened_on and get_datetime(doc.happened_on) > after:
		found.append(Refusal("H4", mark("It was known before it happened: check both times.")))
	if found:
		refuse(found)
	signing.in_hand()
	doc.update({"aware_on": after, "aware_reason": reason})
	opened.save(doc)
	signing.sign(doc, AWARENESS, role, "", reason, content_hash)
	return doc


def lacking(doc: Document) -> list[Refusal]:
	"""Return what the record of a complaint lacks (H3; 21 CFR 820.35(a))."""
	return rules.record_refusals(
		rules.Record(
			device=doc.item_code or doc.item_name or "",
			received_on=getdate(doc.received_on) if doc.received_on else None,
			identified=any((doc.udi, doc.batch_no, doc.serial_no)),
			complainant=doc.complainant or "",
			reachable=bool((doc.complainant_contact or "").strip()),
			details=doc.details or "",
			why_not=doc.why_not_known or "",
		)
	)


def follow(name: str) -> None:
	"""Let a complaint follow what was decided or done elsewhere: a Non Conformance, a Quality Action, a
	return slip, whether it is reportable (H4, H5).

	Where something is open again on a complaint of which the closing is signed, it is opened again with it.
	"""
	doc = frappe.get_doc(handled.DOCTYPE, name, for_update=True)
	before = doc.workflow_state
	standing.settle(doc)
	if doc.workflow_state == before:
		return
	if standing.closings(doc) and doc.workflow_state not in (rules.CLOSING, rules.CLOSED):
		reopen(doc, "Closing", _("A document that belongs to it is open again."))
	opened.save(doc, FOLLOWED)
	complaint_inbox.ask(doc)


def reopen(doc: Document, again: str, reason: str) -> None:
	"""Write down that a complaint is opened again; the caller saves it (H5)."""
	doc.append("reopenings", {"again": again, "reason": reason, **handled.signed_now("reopened")})
	standing.settle(doc)


def on_document(doc: Document, method: str | None = None) -> None:
	"""A Non Conformance, Quality Action or return slip has changed: complaints follow it (H5)."""
	for name in action_rows.parents(doc, handled.DOCTYPE):
		follow(name)


def on_decision(doc: Document, method: str | None = None) -> None:
	"""It was decided, or is to be decided again, whether a complaint is reportable: it follows (H4, H5)."""
	if doc.complaint:
		follow(doc.complaint)


def before_deletion(doc: Document, method: str | None = None) -> None:
	"""Refuse to delete what a complaint was handled by (H5, K2)."""
	for name in action_rows.parents(doc, handled.DOCTYPE):
		refuse_one("H5", mark("Complaint {0} is handled by {1}: it is not deleted."), name, doc.name)


def _moment(value: Any) -> Any:
	try:
		return get_datetime(value) if value else None
	except Exception:
		refuse_one("K3", mark("This is no date: {0}."), str(value))
