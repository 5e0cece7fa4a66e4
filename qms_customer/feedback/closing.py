"""A complaint is closed by Quality and the management representative, who did not handle it (H5, C12)."""

from collections.abc import Iterable

import frappe
from frappe import _
from frappe.model.document import Document

from qms_customer.contract import notify, people
from qms_customer.feedback import (
	advisory,
	complaint_inbox,
	complaints,
	handled,
	investigation,
	reporting,
	standing,
)
from qms_customer.messages import refuse, refuse_one
from qms_customer.records import ledger, signing
from qms_customer.records.completeness import refuse_incomplete
from qms_customer.returns import opened
from qms_customer.rules import complaint as rules
from qms_customer.rules import mark
from qms_customer.rules.review import Refusal

# K3: what the signature means.
CLOSED = mark("Complaint Closed")
# What is written on a complaint without handling it: closing it, opening it again, what follows by itself.
NOT_HANDLING = (CLOSED, "Complaint Opened Again", "Complaint Followed Its Documents")


def handlers(doc: Document) -> frozenset[str]:
	"""Return who handled a complaint: all who wrote on it, assessed its feedback, handle it, carried out an
	action, or decided on and reported it to regulators; whom it is about counts with them; four queries (H5,
	C12).
	"""
	wrote = frappe.get_all(
		ledger.SNAPSHOT,
		filters={
			"reference_doctype": doc.doctype,
			"reference_name": doc.name,
			"event": ("not in", NOT_HANDLING),
		},
		pluck="recorded_by",
		distinct=True,
	)
	owners = (row.action_owner or "" for row in doc.corrections)
	others = (doc.owner or "", doc.handler or "", handled.concerned(doc))
	return rules.handlers([*wrote, *owners, *others, *reporting.handlers(doc.name)])


def close(name: str, content_hash: str, comment: str) -> Document:
	"""Sign that a complaint is closed, in the role that is missing; returns it (H5, C12).

	With the second signature it is closed. Who could sign in both roles signs once: two people close.
	"""
	doc = handled.locked(name, content_hash)
	if doc.workflow_state == rules.CLOSED:
		refuse_one("H5", mark("{0} is closed already."), doc.name)
	# What was opened elsewhere meanwhile counts, too.
	standing.settle(doc)
	opened.require_state(doc, "H5", rules.CLOSING)
	if found := hindrances(doc):
		refuse(found)
	user = frappe.session.user
	role, reason = may_close(doc, user)
	if not role or not people.is_present(user):
		refuse([Refusal("H5", reason or mark("Only a person with a login of their own does this."))])
	if not (comment or "").strip():
		refuse_one("K1", mark('Give a comment, or write "/" where there is none.'))
	signing.in_hand()
	doc.append("closings", {"role": role, "comment": comment, **handled.signed_now("closed")})
	standing.settle(doc)
	if doc.workflow_state == rules.CLOSED:
		refuse_incomplete(doc)
	if doc.workflow_state == rules.CLOSED and doc.docstatus == 0:
		opened.submit(doc)
	else:
		opened.save(doc)
	signing.sign(doc, CLOSED, role, "", comment, content_hash)
	complaint_inbox.ask(doc)
	if doc.workflow_state == rules.CLOSED:
		notify.tell([doc.handler, doc.owner], _("{0}: {1}").format(doc.name, _(doc.workflow_state)), doc)
	return doc


def hindrances(doc: Document) -> list[Refusal]:
	"""Return what is still owed before a complaint is closed: what its record has to hold, reports to
	regulators, and whether users are told (H3, H4, I1).
	"""
	found = complaints.lacking(doc)
	if reporting.reportable(doc.name):
		found += investigation.event_refusals(doc)
	if owed := reporting.owed(doc.name):
		found.append(
			Refusal(
				"H4",
				mark("Something is owed to the regulator and not recorded as sent: {0}."),
				(", ".join(owed),),
			)
		)
	if asked := advisory.undecided(doc):
		found.append(
			Refusal("I1", mark("Whether users are told is not decided yet: {0}."), (", ".join(asked),))
		)
	return found


def may_close(doc: Document, user: str) -> tuple[str, str]:
	"""Return in which role a user may sign the closing now, or "" and why not (H5, C12)."""
	held = people.own_roles(user)
	signed, handled_by = standing.closings(doc), handlers(doc)
	reason = ""
	for role in [r for r in rules.CLOSERS if r in held] or [""]:
		reason = rules.closing_refusal(user, role, handled_by, signed)
		if not reason:
			return role, ""
	return "", reason


def who_closes(doc: Document) -> list[str]:
	"""Return who may give a signature that is missing (H5, L3)."""
	signed, handled_by = standing.closings(doc), handlers(doc)
	return list(
		dict.fromkeys(
			user
			for role in rules.CLOSERS
			for user in people.holders(role)
			if not rules.closing_refusal(user, role, handled_by, signed)
		)
	)


def missing(doc: Document) -> Iterable[str]:
	"""Return the roles whose signature is missing."""
	return [role for role in rules.CLOSERS if role not in standing.closings(doc)]
