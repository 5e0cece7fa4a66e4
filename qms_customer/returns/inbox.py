"""Whoever owes the next step of an approved return slip finds it in the inbox (L3)."""

import frappe
from frappe import _
from frappe.model.document import Document

from qms_customer.contract import notify, people, states
from qms_customer.returns import accounted, batch, opened, slips
from qms_customer.rules import mark
from qms_customer.rules.people import BUSINESS_MANAGER, QUALITY

# The event of a chain (K2).
SETTLED = mark("Replacement or Credit Changed")


def sellers(slip: Document) -> list[str]:
	"""Return who sees to a slip for Sales: who put it forward, the business managers where that person has
	left (L3).
	"""
	user = slip.put_forward_by
	return [user] if user and people.is_enabled_person(user) else people.holders(BUSINESS_MANAGER)


def ask(slip: Document) -> None:
	"""Put an approved slip into the inbox of who owes its next step, and of nobody else (G5, G6, L3)."""
	notify.done(slip)
	if slip.workflow_state == states.RETURN_ROUTING:
		text = _("Decide by cost whether the goods come back: {0} of {1}")
		notify.assign(slip, sellers(slip), text.format(slip.name, slip.customer_name))
	elif slip.workflow_state == states.RETURN_SETTLING:
		text = _("Replace, credit or send back what came back from {0}, or say what is given instead: {1}")
		notify.assign(slip, sellers(slip), text.format(slip.customer_name, slip.name))
	if any(one.left for held in (accounted.held(slip), accounted.blocked(slip)) for one in held.values()):
		text = _("Inspect what came back from {0}: {1}").format(slip.customer_name, slip.name)
		notify.assign(slip, people.holders(QUALITY), text)
	# The rest of a bad batch waits to be looked at, whatever becomes of the slip (G5).
	batch.ask(slip)


def follow(name: str) -> None:
	"""Let a slip follow what the customer got for its goods outside its own steps: a replacement that leaves,
	a credit note that Finance changes (G6).
	"""
	slip = frappe.get_doc(opened.DOCTYPE, name, for_update=True)
	before = slip.workflow_state
	slips.settle(slip)
	if slip.workflow_state != before:
		opened.save(slip, SETTLED)
		ask(slip)
