"""A return slip is put forward, or withdrawn (G1, G7)."""

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import now_datetime

from qms_customer.contract import notify, people, states
from qms_customer.messages import refuse, refuse_one
from qms_customer.records import signing
from qms_customer.records.completeness import refuse_incomplete
from qms_customer.returns import approval, batch, claim, edit, opened, slips
from qms_customer.rules import mark, says
from qms_customer.rules.people import BUSINESS_MANAGER, QUALITY, SALES_USER, SERVICE
from qms_customer.rules.review import Refusal

# K2, K3: the event of the chain; what the signature means.
PUT_FORWARD = mark("Return Put Forward")
WITHDRAWN = mark("Return Withdrawn")
# Who fills in return slips (the customer calls one of them), the lowest first.
MAKERS = (SERVICE, QUALITY, SALES_USER, BUSINESS_MANAGER)
SALES = (SALES_USER, BUSINESS_MANAGER)


def require_maker() -> str:
	"""Return the role in which the current user fills in slips; refuse who holds none (L1)."""
	return opened.require_role("G1", mark("Return slips are filled in by: {0}."), MAKERS)


def put_forward(name: str, content_hash: str) -> Document:
	"""Put a slip forward that the customer has confirmed, and return it (G1, G7).

	What it claims is counted here, once more and locked. A quality claim goes to Quality (G3), another slip
	to approval (G2). Raises QMSRefusal with all that is missing at once.
	"""
	opened.lock_customer(name)
	slip = opened.locked(name, content_hash)
	opened.require_state(slip, "G1", states.RETURN_DRAFT)
	require_maker()
	said = edit.statement(slip)
	known = edit.complete(slip, exact=True)
	found = edit.problems(slip, known)
	if not slip.confirmation:
		found.append(
			Refusal(
				"G1",
				mark("The customer has not confirmed the slip: attach the signed paper, or send the link."),
			)
		)
	elif said != edit.statement(slip):
		found.append(
			Refusal("G1", mark("The slip says something else than was confirmed. Save it, and ask again."))
		)
	if found:
		refuse(found)
	user = frappe.session.user
	slip.update(
		{
			"put_forward_by": user,
			"put_forward_by_name": people.full_name(user),
			"put_forward_on": now_datetime(),
			"link_hash": None,
			"link_expires": None,
		}
	)
	claim.prepare(slip)
	slips.settle(slip)
	opened.save(slip, PUT_FORWARD)
	notify.done(slip)
	if slip.workflow_state == states.RETURN_PENDING:
		approval.ask(slip)
	claim.ask(slip)
	return slip


def withdraw(name: str, content_hash: str, reason: str) -> Document:
	"""Withdraw a slip that is not decided, signed, with the reason; returns it (G1, C13).

	By Sales, or by who made it or put it forward. What it claimed may be claimed again.
	"""
	slip = opened.locked(name, content_hash)
	if slip.docstatus != 0:
		refuse_one("C12", mark("{0} was decided already: {1}."), slip.name, slip.decision or "")
	role = require_maker()
	user = frappe.session.user
	if not may_withdraw(slip, user):
		refuse_one("G1", mark("A return slip is withdrawn by Sales, or by who made it."))
	if not says(reason):
		refuse_one("G1", mark("Say why it is withdrawn."))
	signing.in_hand()
	slip.update(
		{
			"decision": "Withdrawn",
			"decision_comment": reason,
			"decided_on": now_datetime(),
			"link_hash": None,
			"link_expires": None,
		}
	)
	slips.settle(slip)
	opened.submit(slip)
	refuse_incomplete(slip)
	signing.sign(slip, WITHDRAWN, role, "", reason, content_hash)
	notify.done(slip)
	notify.tell(
		[slip.put_forward_by, slip.owner], _("{0}: {1}").format(slip.name, _(slip.workflow_state)), slip
	)
	# The rest of a bad batch is looked at whatever becomes of this slip (G5).
	batch.ask(slip)
	return slip


def may_withdraw(slip: Document, user: str) -> bool:
	"""Return whether a user may withdraw a slip that is not decided (G1)."""
	roles = people.own_roles(user)
	return bool(roles & set(SALES)) or (
		bool(roles & set(MAKERS)) and user in (slip.owner, slip.put_forward_by)
	)
