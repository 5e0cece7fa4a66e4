"""What the form of a return slip shows first: where it stands, who does what next, what is missing (G1-G6).

Claim, approval and goods have panels of their own; this one begins the slip and names the step of each state.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import get_datetime, now_datetime

from qms_customer.contract import people, states
from qms_customer.messages import sentence
from qms_customer.returns import edit, forward, opened
from qms_customer.rules import mark
from qms_customer.shown import render


@dataclass(frozen=True)
class Step:
	"""What comes next in a state, in words, with the colour of its line."""

	text: str
	colour: str = "blue"


# A part that brings a state of its own adds its step here.
NEXT: dict[str, Step] = {
	states.RETURN_DRAFT: Step(
		mark("Fill in the goods, have the customer confirm, then put the slip forward.")
	),
	states.RETURN_TESTING: Step(mark("Quality tests the retained sample of each batch.")),
	states.RETURN_EXPLAINING: Step(
		mark("The sample is good: Sales explains it and records the answer."), "orange"
	),
	states.RETURN_PENDING: Step(
		mark("The business manager decides, for a bulk return the general manager too."), "orange"
	),
	states.RETURN_ROUTING: Step(
		mark("Sales decides by cost whether the goods come back or are destroyed on site."), "orange"
	),
	states.RETURN_AWAITED: Step(mark("The goods are on their way back: book them when they arrive.")),
	states.RETURN_DESTROYING: Step(
		mark("The goods are destroyed where they are: record it with the evidence.")
	),
	states.RETURN_QUARANTINED: Step(
		mark("The goods are in quarantine: Quality inspects them and decides on them."), "red"
	),
	states.RETURN_SETTLING: Step(
		mark("The customer still gets what was asked for; or the business manager decides what instead."),
		"orange",
	),
	states.RETURN_CLOSED: Step(mark("Nothing is open on this slip."), "green"),
	states.RETURN_REJECTED: Step(mark("The return was rejected: nothing comes back."), "red"),
	states.RETURN_WITHDRAWN: Step(mark("The slip was withdrawn: nothing comes back."), "gray"),
}
Allowed = Callable[[Document, str, set[str]], bool]


def _is_draft(slip: Document, user: str, roles: set[str]) -> bool:
	return slip.workflow_state == states.RETURN_DRAFT and bool(roles & set(forward.MAKERS))


def _is_confirmed(slip: Document, user: str, roles: set[str]) -> bool:
	return _is_draft(slip, user, roles) and bool(slip.confirmation)


def _is_open(slip: Document, user: str, roles: set[str]) -> bool:
	return slip.docstatus == 0 and forward.may_withdraw(slip, user)


# The buttons of the form by name, each with who sees it; the server asks again when it is pressed.
STEPS: dict[str, Allowed] = {
	"scan": _is_draft,
	"attach_paper": _is_draft,
	"make_link": _is_draft,
	"put_forward": _is_confirmed,
	"withdraw": _is_open,
}


def panel(slip: Document) -> dict[str, Any]:
	"""Return what the form shows, and which steps the current user may take (G1)."""
	user = frappe.session.user
	roles = people.own_roles(user) if people.is_present(user) else set()
	draft = slip.workflow_state == states.RETURN_DRAFT
	step = NEXT.get(slip.workflow_state) or Step("")
	found = []
	if draft:
		# A copy: looking at a slip changes nothing.
		copy = frappe.get_doc(slip.as_dict())
		found = [sentence(r) for r in edit.problems(copy, edit.complete(copy))]
	expires = get_datetime(slip.link_expires) if slip.link_hash and slip.link_expires else None
	return {
		"html": render(
			"panels/return_slip.html",
			doc=slip,
			step=step,
			draft=draft,
			problems=found,
			linked=bool(expires and expires > now_datetime()),
			expired=bool(expires and expires <= now_datetime()),
		),
		"hash": opened.shown_hash(slip),
		"may": [name for name, allowed in STEPS.items() if allowed(slip, user, roles)],
	}
