"""What the form of a complaint shows first: where it stands, who does what next, what is missing (H3, H5)."""

from collections.abc import Callable
from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import getdate, nowdate

from qms_customer.contract import people
from qms_customer.contract.settings import departments
from qms_customer.feedback import (
	closing,
	complaints,
	handled,
	investigation,
	reopening,
	reporting,
	signals,
	standing,
)
from qms_customer.messages import say, sentence
from qms_customer.returns import opened
from qms_customer.returns.panel import Step
from qms_customer.rules import complaint as rules
from qms_customer.rules import mark
from qms_customer.rules import signals as signal_rules
from qms_customer.rules.people import MANAGEMENT_REPRESENTATIVE, QUALITY
from qms_customer.shown import render

NEXT = {
	rules.INVESTIGATING: Step(
		mark(
			"Quality decides the severity, then it is investigated; or Quality says why not, and somebody "
			"else of Quality approves it."
		),
		"orange",
	),
	rules.ACTING: Step(
		mark("Quality decides what is done; it goes on when no action and no regulator's decision is open."),
		"orange",
	),
	rules.REPLYING: Step(mark("Service, Sales or Quality answers the customer."), "orange"),
	rules.VERIFYING: Step(
		mark("Quality checks from the day that was set whether the actions were effective.")
	),
	rules.CLOSING: Step(
		mark("Quality and the management representative close it: two people who did not handle it."),
		"orange",
	),
	rules.CLOSED: Step(
		mark("The complaint is closed. Any later entry opens it again, with a reason."), "green"
	),
}
# What comes next where somebody has proposed not to investigate (H3).
TO_APPROVE = Step(
	mark("Somebody else of Quality approves that it is not investigated, or rejects it."), "orange"
)
COLOURS = {rules.LOW: "gray", rules.MEDIUM: "blue", rules.HIGH: "orange", rules.CRITICAL: "red"}
Allowed = Callable[[Document, set[str]], bool]


def _at(*allowed: str, by: tuple[str, ...] = (QUALITY,)) -> Allowed:
	return lambda doc, roles: (
		bool(roles & set(by))
		and not standing.closings(doc)
		and (not allowed or doc.workflow_state in allowed)
	)


def _once_rated(allowed: Allowed) -> Allowed:
	return lambda doc, roles: bool(doc.severity) and allowed(doc, roles)


def _waits_for_approval(doc: Document) -> bool:
	return (
		doc.workflow_state == rules.INVESTIGATING
		and bool(doc.no_investigation_on)
		and not doc.no_investigation_approved_on
	)


def _is_proposed(doc: Document, roles: set[str]) -> bool:
	return _at()(doc, roles) and _waits_for_approval(doc) and doc.no_investigation_by != frappe.session.user


def _is_checked_now(doc: Document, roles: set[str]) -> bool:
	due = doc.effectiveness_due
	return _at(rules.VERIFYING)(doc, roles) and not (due and getdate(due) > getdate(nowdate()))


def _may_reopen(doc: Document, roles: set[str]) -> bool:
	return bool(roles & set(reopening.who_reopens(doc)))


def _lacks_event(doc: Document, roles: set[str]) -> bool:
	# Before the investigation has ended it asks for the same.
	return (
		_at(*rules.STATES[1:])(doc, roles)
		and reporting.reportable(doc.name)
		and bool(investigation.event_refusals(doc))
	)


# The buttons of the form by name, each with who sees it; the server asks again when it is pressed.
STEPS: dict[str, Allowed] = {
	"describe": _at(by=handled.SPEAKERS),
	"correct_awareness": _at(by=(*handled.SPEAKERS, MANAGEMENT_REPRESENTATIVE)),
	"hand_over": _at(),
	"rate": _at(),
	"investigate": _once_rated(_at(rules.INVESTIGATING, by=handled.INVESTIGATORS)),
	"complete_event": _lacks_event,
	"propose_none": _once_rated(_at(rules.INVESTIGATING)),
	"decide_none": _is_proposed,
	"add_action": _at(),
	"open_non_conformance": _at(),
	"open_quality_action": _at(),
	"link_return": _at(),
	"decide_actions": _at(rules.ACTING),
	"reply": _at(by=handled.SPEAKERS),
	"check": _is_checked_now,
	"reopen": _may_reopen,
}


def panel(doc: Document) -> dict[str, Any]:
	"""Return what the form shows, and which steps the current user may take (H3, H5)."""
	user = frappe.session.user
	roles = people.own_roles(user) if people.is_present(user) else set()
	if handled.concerned(doc) == user:
		roles = set()
	may = [name for name, allowed in STEPS.items() if allowed(doc, roles)]
	role = why_not = ""
	if doc.workflow_state == rules.CLOSING:
		if roles & set(rules.CLOSERS):
			role, why_not = closing.may_close(doc, user)
		if role:
			may.append("close")
	actions, proposed = standing.actions(doc), _waits_for_approval(doc)
	today = getdate(nowdate())
	return {
		"html": render(
			"panels/complaint.html",
			doc=doc,
			proposed=proposed,
			step=TO_APPROVE if proposed else NEXT.get(doc.workflow_state) or Step(""),
			checks=doc.workflow_state == rules.VERIFYING,
			colour=COLOURS.get(doc.severity, "gray"),
			days=rules.open_days(
				getdate(doc.received_on), getdate(doc.closed_on) if doc.closed_on else None, today
			),
			overdue=bool(doc.due_on and not doc.closed_on and getdate(doc.due_on) < today),
			lacking=[sentence(r) for r in complaints.lacking(doc)]
			if doc.workflow_state == rules.INVESTIGATING
			else [],
			undecided=reporting.undecided(doc.name),
			actions=actions,
			signals=_signals(doc),
			missing=closing.missing(doc) if doc.workflow_state == rules.CLOSING else [],
			hindrances=[sentence(r) for r in closing.hindrances(doc)]
			if doc.workflow_state == rules.CLOSING
			else [],
		),
		"hash": opened.shown_hash(doc),
		"may": may,
		"closes_as": role,
		"why_not": say(why_not) if why_not else "",
		"final": doc.workflow_state == rules.REPLYING,
		# Whom to answer: whoever spoke, as far as we know how.
		"recipient": (frappe.db.get_value("Customer Feedback", doc.feedback, "contact_email") or "")
		if doc.feedback
		else "",
		"matrix": rules.MATRIX,
		"departments": [d.name for d in departments()],
		"reportable": reporting.reportable(doc.name),
		"actions": [
			{"row": a.row.name, "number": a.row.idx, "description": a.row.description}
			for a in actions
			if a.may_finish
			and not standing.closings(doc)
			and (QUALITY in roles or (roles and a.row.action_owner == user))
		],
	}


def _signals(doc: Document) -> list[dict[str, Any]]:
	"""The signals of what the complaint is about. `asks`: nobody has said yet whether it is a group event."""
	return [
		{**one, "asks": not doc.group_event and one.outcome != signal_rules.CHANCE}
		for one in signals.about(doc)
	]
