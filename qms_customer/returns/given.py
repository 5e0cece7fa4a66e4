"""What a customer gets for goods that came back instead of what was asked for; or nothing more (G6, K3)."""

import frappe
from frappe.model.document import Document
from frappe.utils import now_datetime

from qms_customer.contract import people, states
from qms_customer.messages import refuse
from qms_customer.records import signing
from qms_customer.records.completeness import refuse_incomplete
from qms_customer.returns import accounted, inbox, making, opened, slips
from qms_customer.rules import disposal as rules
from qms_customer.rules import mark
from qms_customer.rules.people import BUSINESS_MANAGER, GENERAL_MANAGER, SALES_VP
from qms_customer.rules.returns import NOTHING_MORE

# K3: what the signature means.
GIVEN = mark("What Is Given Instead Decided")
# Who approves returns approves that something else is given for them.
DECIDERS = (BUSINESS_MANAGER, SALES_VP, GENERAL_MANAGER)


def decide(name: str, content_hash: str, instead: str, reason: str) -> Document:
	"""Decide, signed, that something else is given than was asked for, or nothing more; returns the slip (G6,
	K3).

	What was asked for stays on the slip as the customer confirmed it. Raises QMSRefusal.
	"""
	slip = opened.locked(name, content_hash)
	opened.require_state(slip, "G6", *states.RETURN_APPROVED)
	role = opened.require_role("G6", mark("What is given instead is decided by: {0}."), DECIDERS)
	if found := rules.given_refusals(instead, slip.given or slip.wanted, reason):
		refuse(found)
	if instead == NOTHING_MORE:
		# Of what is still to come, or to be decided on, nobody knows yet.
		opened.require_state(slip, "G6", states.RETURN_SETTLING)
	signing.in_hand()
	user = frappe.session.user
	slip.update(
		{
			"given": instead,
			"waived_qty": float(accounted.due(slip, exact=True)) if instead == NOTHING_MORE else 0,
			"given_reason": reason,
			"given_by": user,
			"given_by_name": people.full_name(user),
			"given_on": now_datetime(),
		}
	)
	refuse_incomplete(slip)
	slips.settle(slip)
	opened.save(slip)
	signing.sign(slip, GIVEN, role, comment=reason, shown_hash=content_hash)
	inbox.ask(slip)
	return slip


def on_document(doc: Document, method: str | None = None) -> None:
	"""A replacement or credit note of a slip was submitted, changed, cancelled or deleted by somebody: what
	the customer is owed follows (G6).
	"""
	if not doc.get(making.FIELD) or making.is_for(doc.get(making.FIELD)):
		return
	if doc.get(making.REPLACEMENT) or (doc.doctype == "Sales Invoice" and doc.is_return):
		inbox.follow(doc.get(making.FIELD))
