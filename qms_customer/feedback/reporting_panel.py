"""What forms show of regulators: the questionnaire, what follows in each regime, the time left (H4)."""

from typing import Any
from zoneinfo import ZoneInfo

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import cint, format_datetime, get_datetime, get_system_timezone

from qms_customer.contract import people
from qms_customer.feedback import alike, decisions, regimes, reporting, standing
from qms_customer.returns import opened
from qms_customer.rules import owed_next
from qms_customer.rules import reportability as rules
from qms_customer.rules.people import QUALITY
from qms_customer.shown import label, render

COLOUR = {rules.REPORTABLE: "red", rules.NOT_REPORTABLE: "green", rules.UNDECIDED: "orange"}


def panel(decision: Document, complaint: Document) -> dict[str, Any]:
	"""Return what the form of a decision shows, and which steps the current user may take (H4)."""
	known = regimes.read()
	found = reporting.evaluate(complaint, decision.regime, known)
	quality = _holds(QUALITY)
	return {
		"html": render(
			"panels/reporting.html",
			decision=decision,
			complaint=complaint,
			colour=COLOUR,
			time=left(decision),
			reports=[c for c in decision.clocks if not c.sent_on and not c.asked_on],
			asked=decisions.asked(decision),
			at=at,
			questions=questions(complaint),
			suggestion=found.suggestion,
			possible=found.possible,
			country=complaint.get("event_country"),
			in_force=found.in_force,
			zone=known.regimes[decision.regime].zone,
			rules=found.suggestion.rules if decision.decision != rules.UNDECIDED else _shown_rules(found),
		),
		"hash": decisions.shown_hash(decision, complaint),
		"decisions": [one for one in (rules.REPORTABLE, rules.NOT_REPORTABLE) if one != decision.decision],
		"suggested": found.suggestion.decision,
		"no_rule": int(not found.suggestion.rules),
		"owed": [c.what for c in decision.clocks if not c.sent_on and not c.asked_on],
		"asked": [
			{"key": c.name, "what": c.what, "called": reporting.called(c)} for c in decisions.asked(decision)
		],
		"after": [[*which, list(choices)] for which, choices in owed_next.AFTER.items()],
		"exchanges": {
			direction: [
				kind
				for kind in kinds
				if direction == rules.FROM or kind == rules.ANSWER or decision.decision == rules.REPORTABLE
			]
			for direction, kinds in rules.EXCHANGES.items()
		},
		"may": ["decide", "exchange"] if quality else [],
	}


def of_complaint(complaint: Document) -> dict[str, Any]:
	"""Return what the form of a complaint shows of regulators, and what the current user may do (H4)."""
	readable = frappe.has_permission(decisions.DOCTYPE, "read")
	found = (
		[
			frappe.get_doc(decisions.DOCTYPE, name)
			for name in frappe.get_list(
				decisions.DOCTYPE,
				filters={"complaint": complaint.name},
				pluck="name",
				order_by="creation, name",
			)
		]
		if readable
		else []
	)
	return {
		"html": render(
			"panels/complaint_reporting.html",
			complaint=complaint,
			decisions=[(one, left(one, "first_due_on")) for one in found],
			at=at,
			colour=COLOUR,
			questions=questions(complaint),
			open=reporting.undecided(complaint.name),
			earlier=alike.known_earlier(complaint.get("feedback"), complaint.get("aware_on")),
		),
		"hash": opened.shown_hash(complaint),
		"questions": [
			{
				"question": question,
				"label": text,
				"hint": _(complaint.meta.get_field(question).description, context=complaint.doctype),
				"answer": given,
			}
			for question, text, given in questions(complaint)
		],
		"may": ["answer"] if _holds(QUALITY) and not standing.closings(complaint) else [],
	}


def questions(complaint: Document) -> list[tuple[str, str, str]]:
	"""Return each question with its words and its answer (H4)."""
	return [
		(question, label(complaint.meta, question), complaint.get(question) or "")
		for question in rules.QUESTIONS
	]


def at(value: Any) -> str:
	"""Return a time of the site as the fields of the form show it, in the user's time zone, which it names
	(H4).
	"""
	if not value:
		return ""
	user = frappe.get_cached_value("User", frappe.session.user, "time_zone")
	zone = user or get_system_timezone()
	local = decisions.moment(get_datetime(value)).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
	return f"{format_datetime(local)} ({zone})"


def left(decision: Document, until: str = "due_on") -> dict[str, Any] | None:
	"""Return how much time is left until a deadline of a decision, in words, with its colour (H4)."""
	if not decision.get(until):
		return None
	due, now = decisions.moment(get_datetime(decision.get(until))), decisions.now()
	stage, seconds = rules.urgency(due, now), int(abs((due - now).total_seconds()))
	days, hours = seconds // 86400, seconds % 86400 // 3600
	late = rules.is_overdue(stage)
	if late:
		text = _("Overdue by {0} day(s) and {1} hour(s)").format(days, hours)
	elif days:
		text = _("{0} day(s) and {1} hour(s) left").format(days, hours)
	else:
		text = _("{0} hour(s) and {1} minute(s) left").format(hours, cint(seconds % 3600 // 60))
	return {"text": text, "colour": "red" if late or stage > 1 else "orange" if stage else "blue"}


def _shown_rules(found: reporting.Found) -> list[rules.ClockRule]:
	return list(found.suggestion.rules) or [one.rule for one in found.provisional]


def _holds(role: str) -> bool:
	user = frappe.session.user
	return people.is_present(user) and role in people.own_roles(user)
