"""A complaint of which the closing is signed is opened again by any later entry, with a reason (H5)."""

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import strip_html

from qms_customer.feedback import complaint_inbox, complaints, handled, standing
from qms_customer.messages import refuse, refuse_one
from qms_customer.records import signing
from qms_customer.returns import opened
from qms_customer.rules import complaint as rules
from qms_customer.rules import mark
from qms_customer.rules.people import MANAGEMENT_REPRESENTATIVE, QUALITY

# K2, K3: the event of the chain, and what the signature means.
REOPENED = mark("Complaint Opened Again")
# Comments that say something, and files.
ENTRIES = ("Comment", "Attachment")


def reopen(name: str, content_hash: str, again: str, reason: str) -> Document:
	"""Open a complaint again from a step on, signed, with the reason; returns it (H5).

	What was signed before stays; from that step on it is done anew, and closed anew.
	"""
	doc = handled.locked(name, content_hash)
	allowed = who_reopens(doc)
	if not allowed:
		refuse_one("H5", mark("{0} is open."), doc.name)
	role = opened.require_role("H5", mark("A complaint is opened again by: {0}."), allowed)
	if again not in rules.AGAIN:
		refuse_one("H5", mark("Say from which step on it is handled again."))
	if found := rules.reopening_refusals(True, reason or ""):
		refuse(found)
	signing.in_hand()
	complaints.reopen(doc, again, reason)
	opened.save(doc)
	signing.sign(doc, REOPENED, role, "", reason, content_hash)
	complaint_inbox.ask(doc)
	return doc


def who_reopens(doc: Document) -> tuple[str, ...]:
	"""Return the roles that may have a complaint handled again from a step on: all who speak of it once its
	closing is signed, Quality before that, where the investigation has ended; else nobody (H5).
	"""
	if standing.closings(doc):
		return (*handled.SPEAKERS, MANAGEMENT_REPRESENTATIVE)
	return () if doc.workflow_state == rules.INVESTIGATING else (QUALITY,)


def on_email(doc: Document, method: str | None = None) -> None:
	"""A mail about a complaint comes in: it is an entry, but not if a program answers that somebody is away
	(H5).
	"""
	if doc.sent_or_received == "Received" and not doc.flags.qms_automatic:
		_on_entry(doc, _("A mail came in: {0}").format(doc.subject or "–"))


def on_comment(doc: Document, method: str | None = None) -> None:
	"""Somebody writes a comment on a complaint, or attaches a file: it is an entry (H5)."""
	if doc.comment_type in ENTRIES:
		_on_entry(doc, _("A comment was written: {0}").format(strip_html(doc.content or "")[:140]))


def by_entry(name: str, reason: str) -> None:
	"""Open a complaint again for an entry that somebody else made, if its closing is signed (H5)."""
	doc = frappe.get_doc(handled.DOCTYPE, name, for_update=True)
	if not standing.closings(doc):
		return
	# Somebody reads what came in, and then says from which step on it matters.
	complaints.reopen(doc, "Closing", reason)
	opened.save(doc, REOPENED)
	complaint_inbox.ask(doc)


def _on_entry(entry: Document, reason: str) -> None:
	if entry.reference_doctype == handled.DOCTYPE and entry.reference_name:
		by_entry(entry.reference_name, reason)
