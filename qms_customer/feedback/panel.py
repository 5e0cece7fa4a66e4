"""What the form of feedback shows first: where it stands, what comes next, other reports of the event (H1,
H2, A10). About patients it says nothing (K7).
"""

from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import getdate, nowdate

from qms_customer.contract import people, reviews, states
from qms_customer.feedback import alike, intake, requirements
from qms_customer.messages import say
from qms_customer.returns import opened
from qms_customer.returns.panel import Step
from qms_customer.rules import feedback as rules
from qms_customer.rules import mark
from qms_customer.shown import render

NEXT: dict[str, Step] = {
	states.FEEDBACK_TO_ASSESS: Step(
		mark("Service or Quality decides whether this is a complaint."), "orange"
	),
	states.FEEDBACK_TO_ANSWER: Step(
		mark("No complaint: it is answered, or what was done about it is recorded.")
	),
	states.FEEDBACK_CLOSED: Step(mark("It was answered, and nothing is open on it."), "green"),
	states.COMPLAINT_OPENED: Step(mark("It is a complaint: the rest happens there."), "red"),
}
OPEN = (states.FEEDBACK_TO_ASSESS, states.FEEDBACK_TO_ANSWER)


def panel(feedback: Document) -> dict[str, Any]:
	"""Return what the form shows, and which steps the current user may take (H1, H2)."""
	similar, may = alike.suggested(feedback), _may(feedback)
	waits = requirements.waits(feedback)
	made = requirements.notices_of(feedback) if feedback.nature == rules.REQUIREMENT else []
	return {
		"html": render(
			"panels/customer_feedback.html",
			doc=feedback,
			step=NEXT.get(feedback.workflow_state) or Step(""),
			late=_is_late(feedback),
			similar=similar,
			may_link="link_duplicate" in may,
			named_by=alike.named_by(feedback.name),
			# Of a complaint it is said there, where it is corrected.
			earlier=None if feedback.complaint else alike.known_earlier(feedback.name, feedback.aware_on),
			requirement_waits=waits,
			notices=made,
		),
		"hash": opened.shown_hash(feedback),
		"may": may,
		"similar": [one["name"] for one in similar],
		"definition": say(rules.DEFINITION),
		"deficiencies": list(rules.DEFICIENCIES),
		"natures": list(rules.NATURES),
		"requirements": list(rules.REQUIREMENTS),
		"ways": list(rules.WAYS),
		"notices": made,
		"orders": requirements.orders_of(feedback.customer) if waits else [],
	}


def _may(feedback: Document) -> list[str]:
	"""The buttons of the form; the server asks again when one is pressed."""
	user = frappe.session.user
	roles = people.own_roles(user) if people.is_present(user) else set()
	state, found = feedback.workflow_state, []
	if user == feedback.concerned_user:
		roles = set()
	recorder, assessor = bool(roles & set(intake.RECORDERS)), bool(roles & set(intake.ASSESSORS))
	if state in OPEN and assessor:
		found.append("assess")
	waits = requirements.waits(feedback)
	if state == states.FEEDBACK_TO_ANSWER and recorder and not waits:
		found.append("answer")
	if waits and roles & set(rules.taken_up_by(feedback.requirement or "")):
		found.append("take_up")
	if waits and roles & set(reviews.PREPARERS):
		found.append("make_notice")
	if state in OPEN and recorder:
		found.append("correct_awareness")
	if assessor:
		found.append("link_duplicate")
	return found


def _is_late(feedback: Document) -> bool:
	due = feedback.assess_by
	return bool(
		due and feedback.workflow_state == states.FEEDBACK_TO_ASSESS and getdate(due) < getdate(nowdate())
	)
