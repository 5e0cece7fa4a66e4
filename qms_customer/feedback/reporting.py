"""Whether complaints are reported to regulators: a decision for each regime in which the product is marketed
(H4).

Asked when a complaint is made, and followed with every answer, correction of awareness and change of a rule:
what is known decides how much time is left, whoever changed it and through whatever door.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import cint, get_datetime, getdate, now_datetime

from qms_customer.contract import notify, people, workdays
from qms_customer.contract.settings import settings
from qms_customer.feedback import regimes, reporting_alerts
from qms_customer.feedback.decisions import COMPLAINT, DOCTYPE, asked, local, moment, now, save
from qms_customer.records import contents
from qms_customer.records.token import moving
from qms_customer.rules import mark, owed_next
from qms_customer.rules import reportability as rules
from qms_customer.rules.people import QUALITY
from qms_customer.rules.reportability import REPORTABLE, UNDECIDED
from qms_customer.rules.workdays import Calendar

# K2: the events of the chain.
ASKED = mark("Reportability Asked")
RECOMPUTED = mark("Deadline Recomputed")
REOPENED = mark("To be Decided Again")
# What of a complaint decides on deadlines.
FOLLOWED = ("aware_on", "received_on", "event_country", "item_code", *rules.QUESTIONS)
# What is owed where a person has said until when.
BY_HAND = "Event Report"


# The interface of complaints


def ask(complaint: Document) -> list[str]:
	"""Make the decisions of a complaint that are not there yet, undecided, and return their names (H4).

	Idempotent. Quality finds each in the inbox.
	"""
	known = regimes.read()
	# Two who ask at once ask one after the other.
	frappe.db.get_value(COMPLAINT, complaint.name, "name", for_update=True)
	there = set(frappe.get_all(DOCTYPE, filters={"complaint": complaint.name}, pluck="regime"))
	wanted = regimes_of([complaint], known)[complaint.name]
	return [_make(complaint, regime, known) for regime in wanted if regime not in there]


def undecided(complaint: str) -> list[str]:
	"""Return the regimes in which it is not decided whether a complaint is reportable (H4).

	A regime that was never asked is not decided either, nor is a complaint on a site that knows no regime.
	"""
	row = frappe.db.get_value(COMPLAINT, complaint, ["name", "item_code", "event_country"], as_dict=True)
	if not row:
		return []
	decided = dict(
		frappe.get_all(DOCTYPE, filters={"complaint": complaint}, fields=["regime", "decision"], as_list=True)
	)
	wanted = dict.fromkeys([*regimes_of([row], regimes.read())[complaint], *decided])
	if not wanted:
		# Unknown is never "no": it stays undecided until somebody has set up where complaints are reported.
		return [_("no regime is set up (Quality enters one in the list of Reporting Regimes)")]
	return [regime for regime in wanted if decided.get(regime, UNDECIDED) == UNDECIDED]


def reportable(complaint: str) -> bool:
	"""Return whether a complaint was decided to be reportable in any regime (H4)."""
	return bool(frappe.db.exists(DOCTYPE, {"complaint": complaint, "decision": REPORTABLE}))


def owed(complaint: str) -> list[str]:
	"""Return the regimes in which it is decided and something is owed that is not sent yet (H4)."""
	return frappe.get_all(
		DOCTYPE,
		filters={"complaint": complaint, "decision": ("!=", UNDECIDED)},
		or_filters={"due_on": ("is", "set"), "first_due_on": ("is", "set")},
		pluck="regime",
		order_by="creation, name",
	)


def handlers(complaint: str) -> list[str]:
	"""Return who decided whether a complaint is reported, and who recorded what was exchanged; two queries
	(H5, C12).
	"""
	names = frappe.get_all(DOCTYPE, filters={"complaint": complaint}, fields=["name", "decided_by"])
	return [
		*(row.decided_by or "" for row in names),
		*frappe.get_all(
			"Regulator Exchange", {"parent": ("in", [row.name for row in names] or [""])}, pluck="by_user"
		),
	]


def on_complaint(complaint: Document, method: str | None = None) -> None:
	"""Follow a complaint on which anything was written that deadlines depend on (H4)."""
	before = complaint.get_doc_before_save()
	changed = before and [f for f in FOLLOWED if _plain(complaint.get(f)) != _plain(before.get(f))]
	if not changed:
		return
	if {"item_code", "event_country"} & set(changed):
		ask(complaint)
	follow(complaint)


def follow(complaint: Document) -> None:
	"""Bring the decisions of a complaint to what is known of it now (H4)."""
	known = regimes.read()
	for name in frappe.get_all(
		DOCTYPE, filters={"complaint": complaint.name}, pluck="name", order_by="creation, name"
	):
		refresh(frappe.get_doc(DOCTYPE, name, for_update=True), complaint, known)


def refresh(decision: Document, complaint: Any, known: regimes.Known) -> bool:
	"""Bring one decision to what is known now, write it if that changes it, and return whether it did (H4).

	What is nearer its deadline by this is told at once.
	"""
	before, was, owed_before = _state(decision), decision.decision, decision.due_on
	bring(decision, complaint, known)
	if before == _state(decision):
		return False
	reopened = decision.decision != was
	save(decision, REOPENED if reopened else RECOMPUTED)
	if reopened or (decision.due_on and not owed_before):
		put_into_inbox(decision)
	reporting_alerts.alert(decision)
	return True


def is_current(decision: Document, complaint: Any, known: regimes.Known) -> bool:
	"""Return whether a decision says what is known now; it is brought to that in memory only (H4)."""
	before = _state(decision)
	bring(decision, complaint, known)
	return before == _state(decision)


# What is known


@dataclass(frozen=True)
class Found:
	"""What the rules say of a complaint in one regime. `owed`: of what was answered, `possible`: of what was
	not ruled out, `provisional`: what counts while it is undecided; `in_force`: the regime has rules at all.
	`zone`, `calendar`: in which its days are counted.
	"""

	aware: datetime
	zone: str
	calendar: Calendar
	suggestion: rules.Suggestion
	owed: list[rules.Due]
	possible: list[rules.Due]
	provisional: list[rules.Due]
	in_force: bool


def evaluate(complaint: Any, regime: str, known: regimes.Known, events: Iterable[str] = ()) -> Found:
	"""Return what the rules say of a complaint in a regime; `events`: of what was decided before (H4)."""
	one, calendar = known.regimes[regime], known.calendars[regime]
	aware = aware_of(complaint)
	day = aware.astimezone(ZoneInfo(one.zone)).date()
	country = complaint.get("event_country")
	overseas = country != one.country if country and one.country else None
	answers = answers_of(complaint)
	suggestion = rules.suggest(answers, known.rules, regime, day, overseas)
	owed_by = rules.clocks(known.rules, regime, {*suggestion.events, *events}, day, overseas)
	possible = rules.possible(answers, known.rules, regime, day, overseas)
	provisional = rules.provisional(answers, known.rules, regime, day, overseas)
	return Found(
		aware,
		one.zone,
		calendar,
		suggestion,
		rules.dues(owed_by, aware, one.zone, calendar),
		rules.dues(possible, aware, one.zone, calendar),
		rules.dues(provisional, aware, one.zone, calendar),
		any(rule.regime == regime and rule.holds(day) for rule in known.rules),
	)


def answers_of(complaint: Any) -> dict[str, str]:
	"""Return the answers to the questionnaire that a complaint holds (H4)."""
	return {question: complaint.get(question) or "" for question in rules.QUESTIONS}


def aware_of(complaint: Any) -> datetime:
	"""Return when anybody first knew of what a complaint is about; not known is when it came (H4)."""
	return moment(complaint.get("aware_on") or complaint.get("received_on") or complaint.get("creation"))


def regimes_of(complaints: Iterable[Any], known: regimes.Known) -> dict[str, list[str]]:
	"""Return by complaint in which regimes it is decided; one query (H4)."""
	complaints = list(complaints)
	marketed = regimes.markets(c.get("item_code") for c in complaints)
	return {
		c.name: rules.regimes_of(
			marketed.get(c.get("item_code"), ()), known.regimes.values(), c.get("event_country") or ""
		)
		for c in complaints
	}


# What was announced or asked for


def reported(decision: Document) -> set[str]:
	"""Return what of that which the rules ask for was reported (H4)."""
	return {c.what for c in decision.clocks if c.sent_on and not c.asked_on}


def waiting(decision: Document) -> list[owed_next.Open]:
	"""Return what was announced to the regulator, or asked for by it, and is not sent yet (H4)."""
	return [
		owed_next.Open(c.name, c.what, moment(c.asked_on), moment(c.due_on), c.direction)
		for c in asked(decision)
	]


def called(clock: Document) -> str:
	"""Return how people tell what was announced or asked for from others: by number and time (H4)."""
	return f"{clock.source} ({get_datetime(clock.asked_on):%Y-%m-%d %H:%M})"


def go_on(decision: Document, one: rules.Exchange, was_open: list[owed_next.Open], zone: str) -> None:
	"""Settle what an exchange settles, and note what is owed after it, until the end of that day in `zone`,
	where the regulator is (H4).
	"""
	rows, on = {c.name: c for c in decision.clocks}, local(one.on)
	settled = owed_next.settled(one, was_open)
	for key in settled:
		rows[key].set("withdrawn_on" if one.kind == rules.WITHDRAWN else "sent_on", on)
	if not owed_next.is_more(one.owed_next):
		return
	values = {
		"due_on": local(rules.end_of_day(one.next_day, zone)),
		"source": one.number,
		"asked_on": on,
		"direction": one.direction,
	}
	left = [o for o in was_open if o.key not in settled]
	if key := owed_next.moved(one, left, now()):
		rows[key].update(values)
	else:
		decision.append("clocks", {"what": one.owed_next, **values})


# A decision


def bring(decision: Document, complaint: Any, known: regimes.Known) -> Found:
	"""Bring a decision to what is known now; the caller saves it. Returns what was found (H4)."""
	taken_on = (decision.taken_on or "").split("\n")
	held = taken_on if decision.decision == REPORTABLE else ()
	found = evaluate(complaint, decision.regime, known, [e for e in held if e in rules.EVENTS])
	decision.update(
		{
			"suggested": found.suggestion.decision,
			"events": ", ".join(found.suggestion.events),
			"aware_on": local(found.aware),
		}
	)
	if not rules.stands(decision.decision, taken_on, found.suggestion):
		decision.update({"decision": UNDECIDED, "asked_on": now_datetime(), "taken_on": None})
	settle(decision, found)
	return found


def settle(decision: Document, found: Found) -> None:
	"""Let clocks, deadline and the time to decide follow what was decided and found (H4).

	What was sent stays sent. It was due earlier if awareness was, and does not cover what is worse.
	"""
	due = found.owed if decision.decision == REPORTABLE else []
	wanted = {one.what: _clock(one) for one in [*due, *_sent(decision, due, found)]}
	if decision.decision == REPORTABLE and not wanted and decision.due_by_hand:
		wanted[BY_HAND] = {
			"due_on": get_datetime(decision.due_by_hand),
			"source": _("Until when is a person's decision"),
		}
	# A rule that is taken out does not end what is owed: nothing does but another decision.
	kept = decision.decision == REPORTABLE and not wanted
	for row in list(decision.clocks):
		if row.asked_on:
			_keep_quiet(row, row.due_on)
			continue
		values = wanted.pop(row.what, None)
		if values and not row.sent_on:
			row.update(values)
		elif values is None and not row.sent_on and not kept:
			decision.remove(row)
	for what, values in wanted.items():
		decision.append("clocks", {"what": what, **values})
	decision.due_on = None
	if decision.decision == REPORTABLE:
		decision.due_on = min(
			(get_datetime(c.due_on) for c in decision.clocks if not (c.sent_on or c.asked_on)), default=None
		)
	elif decision.decision == UNDECIDED and found.provisional:
		decision.due_on = local(found.provisional[0].at)
	# A regulator may ask whatever was decided.
	until = [decision.due_on, *(c.due_on for c in asked(decision))]
	decision.first_due_on = min((get_datetime(one) for one in until if one), default=None)
	# Of what is decided it stays, as by then it had to be: whether it was in time is asked later.
	if decision.decision == UNDECIDED:
		days = cint(settings().decision_due_days)
		by = workdays.calendar(decision.company).add_workdays(getdate(decision.asked_on), days)
		decision.decide_by = min(by, getdate(decision.due_on)) if decision.due_on else by
	_keep_quiet(decision, decision.due_on)


def _keep_quiet(told: Document, due_on: Any) -> None:
	"""A deadline that moved away is told of anew when it comes near."""
	near = rules.urgency(moment(due_on), now()) if due_on else 0
	told.told = min(cint(told.told), near)


def put_into_inbox(decision: Document) -> None:
	"""Put what a decision waits for into the inboxes of Quality, and of nobody else (H4, L3)."""
	notify.done(decision)
	about = (decision.complaint, decision.regime)
	texts, days = [], []
	if decision.decision == UNDECIDED:
		texts.append(_("Decide whether complaint {0} is reportable: {1}").format(*about))
		days.append(decision.decide_by)
	elif decision.due_on:
		texts.append(_("Report complaint {0}: {1}").format(*about))
		days.append(decision.due_on)
	for clock in asked(decision):
		texts.append(_("To the regulator on complaint {0} ({1}): {2}").format(*about, _(clock.what)))
		days.append(clock.due_on)
	if not texts:
		return
	due = min((getdate(day) for day in days if day), default=None)
	notify.assign(decision, people.holders(QUALITY), "; ".join(texts), str(due) if due else None)


def _make(complaint: Document, regime: str, known: regimes.Known) -> str:
	decision = frappe.get_doc(
		{
			"doctype": DOCTYPE,
			"complaint": complaint.name,
			"regime": regime,
			"decision": UNDECIDED,
			"asked_on": now_datetime(),
			**{
				field: complaint.get(field)
				for field in ("item_code", "batch_no", "customer", "customer_name", "company")
			},
		}
	)
	bring(decision, complaint, known)
	decision.flags.ignore_links = True
	with moving(decision, ASKED):
		# Whoever makes the complaint makes these with it.
		decision.insert(ignore_permissions=True)
	put_into_inbox(decision)
	reporting_alerts.alert(decision)
	return decision.name


def _sent(decision: Document, due: Iterable[rules.Due], found: Found) -> list[rules.Due]:
	"""Let what was sent be due when it is by what is known now, if that is earlier; returns what is owed
	anew (H4).
	"""
	owed = {one.what: one for one in due}
	taken_on = (decision.taken_on or "").split("\n")
	anew: dict[str, rules.Due] = {}
	for row in decision.clocks:
		if not row.sent_on or row.asked_on:
			continue
		now_due = owed.get(row.what) or anew.get(row.what)
		by_rule = bool(row.time_limit)
		if by_rule:
			own = rules.ClockRule(
				decision.regime, row.event, row.what, cint(row.time_limit), row.unit, row.source or ""
			)
			until = rules.deadline(own, found.aware, found.zone, found.calendar)
		else:
			until = moment(row.due_on)
		row.due_on = min(get_datetime(row.due_on), local(until))
		if not now_due:
			continue
		if now_due.rule.event == row.event:
			# Where it happened is known better, or the rule was corrected.
			if local(now_due.at) < row.due_on:
				row.update(_clock(now_due))
		# A person's date was for what was known when it was decided.
		elif rules.owed_anew(row.event, until, now_due) if by_rule else now_due.rule.event not in taken_on:
			what = rules.UPDATES[now_due.rule.event]
			if what not in anew or now_due.at < anew[what].at:
				anew[what] = replace(now_due, what=what)
	return list(anew.values())


def _clock(due: rules.Due) -> dict[str, Any]:
	rule = due.rule
	return {
		"due_on": local(due.at),
		"event": rule.event,
		"time_limit": rule.limit,
		"unit": rule.unit,
		"source": rule.source,
		"confirmed": int(rule.confirmed),
	}


def _state(decision: Document) -> tuple:
	"""What of a decision is worth a new entry in its chain, and when it is to be decided."""
	told = [cint(one.told) for one in (decision, *decision.clocks)]
	return contents.text_of(decision), str(decision.decide_by or ""), told


def _plain(value: Any) -> str:
	return "" if value is None else str(get_datetime(value) if isinstance(value, datetime) else value)
