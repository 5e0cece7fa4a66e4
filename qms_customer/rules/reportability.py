"""Whether an event is reported to a regulator, and until when (H4; ISO 13485 8.2.3; docs name each source).

Undecided is never "not reportable": without a rule, an answer or a date there is no way to "no". The rules
are data of the site, dated and cited, so that a regulatory-affairs person can correct them; `DEFAULTS` ships.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from qms_customer.rules import mark, says
from qms_customer.rules.people import ACCOUNTS_WITHOUT_PERSON
from qms_customer.rules.review import Refusal
from qms_customer.rules.workdays import EVERY_DAY, Calendar

HOURS, CALENDAR_DAYS, WORKING_DAYS = "Hours", "Calendar Days", "Working Days"
UNITS = (HOURS, CALENDAR_DAYS, WORKING_DAYS)

REPORTABLE, NOT_REPORTABLE, UNDECIDED = "Reportable", "Not Reportable", "Undecided"

NMPA, NMPA_RECALL, EU, FDA = "CN NMPA", "CN Recall", "EU", "US FDA"

# The classes of events that the rules speak of.
DEATH = "Death"
SERIOUS_INJURY = "Serious Injury"
POTENTIAL = "Could Cause Death or Serious Injury"
UNANTICIPATED = "Unanticipated Serious Deterioration"
SERIOUS_INCIDENT = "Serious Incident"
PUBLIC_HEALTH_THREAT = "Serious Public Health Threat"
MALFUNCTION = "Malfunction"
REMEDIAL_ACTION = "Remedial Action Needed"
CORRECTION_OR_REMOVAL = "Correction or Removal"
GROUP_EVENT = "Group Event"
RECALL_I, RECALL_II, RECALL_III = "Recall Class I", "Recall Class II", "Recall Class III"
EVENTS = (
	*(DEATH, SERIOUS_INJURY, POTENTIAL, UNANTICIPATED, SERIOUS_INCIDENT, PUBLIC_HEALTH_THREAT, MALFUNCTION),
	*(REMEDIAL_ACTION, CORRECTION_OR_REMOVAL, GROUP_EVENT, RECALL_I, RECALL_II, RECALL_III),
)


@dataclass(frozen=True)
class ClockRule:
	"""One limit of one regime: for which class of event, how long, since when and until when it holds.

	`overseas`: of events that happened outside the regime's country; None: of all. `confirmed`: the source
	was read; else the form says "to be confirmed".
	"""

	regime: str
	event: str
	what: str
	limit: int
	unit: str
	source: str
	overseas: bool | None = None
	valid_from: date | None = None
	valid_to: date | None = None
	confirmed: bool = True

	def holds(self, day: date) -> bool:
		"""Return whether the rule was in force on the day of awareness, first and last day included (H4)."""
		return (not self.valid_from or self.valid_from <= day) and (not self.valid_to or day <= self.valid_to)


# What of a rule says for whom it holds, and what is owed.
_SAYS = ("regime", "event", "what", "unit")


def more_time(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
	"""Return by which field a corrected rule gives more time than before, or may, "" if by none (H4).

	As the site stores it. Less time is a correction; another event or unit is another rule.
	"""
	for name in _SAYS:
		if after.get(name) != before.get(name):
			return name
	if int(after.get("time_limit") or 0) > int(before.get("time_limit") or 0):
		return "time_limit"
	if after.get("overseas") and after.get("overseas") != before.get("overseas"):
		return "overseas"
	begins, began = str(after.get("valid_from") or ""), str(before.get("valid_from") or "")
	return "valid_from" if begins > began else ""


def deadline(
	rule: ClockRule, awareness: datetime, zone: ZoneInfo | str, calendar: Calendar = EVERY_DAY
) -> datetime:
	"""Return the last moment at which a report is in time, in UTC (H4).

	`awareness`: when anyone in the company or a distributor first knew, with a time zone. `zone`: that of the
	regulator. Hours run from the moment; days are counted from the day after awareness, there, and end with
	the last second of the last day. Working days follow the country's calendar. Raises ValueError for a
	moment without a time zone or a unit that there is not.
	"""
	if awareness.tzinfo is None:
		raise ValueError("awareness needs a time zone")
	if rule.unit == HOURS:
		return awareness.astimezone(UTC) + timedelta(hours=rule.limit)
	zone = ZoneInfo(zone) if isinstance(zone, str) else zone
	day = awareness.astimezone(zone).date()
	if rule.unit == CALENDAR_DAYS:
		last = day + timedelta(days=rule.limit)
	elif rule.unit == WORKING_DAYS:
		last = calendar.add_workdays(day, rule.limit)
	else:
		raise ValueError(f"no unit: {rule.unit}")
	return end_of_day(last, zone)


def end_of_day(day: date, zone: ZoneInfo | str) -> datetime:
	"""Return the last second of a day in a time zone, in UTC (H4)."""
	zone = ZoneInfo(zone) if isinstance(zone, str) else zone
	# The first moment of the next day, less a second: a day of that zone may have 23 or 25 hours.
	following = datetime.combine(day + timedelta(days=1), time(), zone)
	return following.astimezone(UTC) - timedelta(seconds=1)


def clocks(
	rules: Iterable[ClockRule], regime: str, events: Iterable[str], aware_on: date, overseas: bool | None
) -> list[ClockRule]:
	"""Return the rules that an event starts in a regime, as in force on the day of awareness (H4).

	`overseas`: None where nobody knows in which country it happened: the rules of both hold, and the shorter
	counts.
	"""
	wanted = set(events)
	return [
		rule
		for rule in rules
		if rule.regime == regime
		and rule.event in wanted
		and (overseas is None or rule.overseas in (None, overseas))
		and rule.holds(aware_on)
	]


def first_due(
	rules: Sequence[ClockRule],
	awareness: datetime,
	zone: ZoneInfo | str,
	calendar: Calendar = EVERY_DAY,
) -> datetime | None:
	"""Return the earliest of the deadlines, in UTC, None if there is none (H4)."""
	return min((deadline(rule, awareness, zone, calendar) for rule in rules), default=None)


# The questionnaire: of each question the class of event that "yes" means. A blank answer is no "no".
QUESTIONS = {
	"death": DEATH,
	"serious_injury": SERIOUS_INJURY,
	"potential": POTENTIAL,
	"malfunction": MALFUNCTION,
	"public_threat": PUBLIC_HEALTH_THREAT,
	"unanticipated": UNANTICIPATED,
	"remedial": REMEDIAL_ACTION,
	"group_event": GROUP_EVENT,
}
YES, NO = "Yes", "No"


def taken_back(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
	"""Return the questions that were answered with yes and are not any more: that may give more time (H4)."""
	return [q for q in QUESTIONS if before.get(q) == YES and q in after and after[q] != YES]


@dataclass(frozen=True)
class Suggestion:
	"""What the answers come to for one regime; a person decides."""

	decision: str
	events: tuple[str, ...] = ()
	rules: tuple[ClockRule, ...] = ()
	unanswered: tuple[str, ...] = ()


# Where a regime speaks of a wider class, an event of the narrower one is one of these as well. What could
# cause death or serious injury if it happened again is a reportable malfunction to the FDA (21 CFR 803.3).
IMPLIES = {
	DEATH: (SERIOUS_INCIDENT,),
	SERIOUS_INJURY: (SERIOUS_INCIDENT,),
	POTENTIAL: (SERIOUS_INCIDENT, MALFUNCTION),
	UNANTICIPATED: (SERIOUS_INJURY, SERIOUS_INCIDENT),
	PUBLIC_HEALTH_THREAT: (POTENTIAL, SERIOUS_INCIDENT, MALFUNCTION),
}


def suggest(
	answers: Mapping[str, str],
	rules: Iterable[ClockRule],
	regime: str,
	aware_on: date,
	overseas: bool | None,
) -> Suggestion:
	"""Return what the answers to the questionnaire come to in a regime (H4).

	Reportable as soon as one answer starts a clock, but for a malfunction that could do no harm
	(`_doubtful`). Not reportable only if every question was answered, none of them starts one, and the regime
	has rules in force at all. Everything else is undecided.
	"""
	rules = list(rules)
	events = _events(answers, YES)
	found = tuple(clocks(rules, regime, events, aware_on, overseas))
	unanswered = tuple(q for q in QUESTIONS if answers.get(q) not in (YES, NO))
	if found:
		sure = any(not _doubtful(rule, answers, events) for rule in found)
		return Suggestion(REPORTABLE if sure else UNDECIDED, tuple(events), found, unanswered)
	known = any(rule.regime == regime and rule.holds(aware_on) for rule in rules)
	if unanswered or not known or events:
		# An event for which the regime has no rule is not known to be free of one.
		return Suggestion(UNDECIDED, tuple(events), (), unanswered)
	return Suggestion(NOT_REPORTABLE, (), (), ())


def possible(
	answers: Mapping[str, str],
	rules: Iterable[ClockRule],
	regime: str,
	aware_on: date,
	overseas: bool | None,
) -> list[ClockRule]:
	"""Return the rules of all events that no answer has ruled out (H4).

	While a regime is undecided the shortest of these counts: what is not known does not give more time.
	"""
	return clocks(rules, regime, _events(answers, YES, ""), aware_on, overseas)


def provisional(
	answers: Mapping[str, str],
	rules: Iterable[ClockRule],
	regime: str,
	aware_on: date,
	overseas: bool | None,
) -> list[ClockRule]:
	"""Return the rules of which the shortest counts while a regime is undecided (H4).

	Those that are possible. Where something happened, or may have, of which the regime's rules say nothing,
	and all that they speak of is ruled out, it is not known to have more time than that: all of them.
	"""
	rules = list(rules)
	if found := possible(answers, rules, regime, aware_on, overseas):
		return found
	return clocks(rules, regime, EVENTS if _events(answers, YES, "") else (), aware_on, overseas)


def _events(answers: Mapping[str, str], *given: str) -> list[str]:
	"""The events of the questions that were answered so, and what these imply; "" is no answer."""
	found: list[str] = []
	for question, event in QUESTIONS.items():
		answer = answers.get(question)
		if (answer if answer in (YES, NO) else "") in given:
			found += [event, *IMPLIES.get(event, ())]
	return list(dict.fromkeys(found))


def _doubtful(rule: ClockRule, answers: Mapping[str, str], events: Collection[str]) -> bool:
	"""Whether a rule of the FDA speaks of malfunctions, and it was answered that this one could do no harm if
	it happened again: then it is no reportable one (21 CFR 803.3). Its clock runs until a person decides.
	"""
	return (
		(rule.regime, rule.event) == (FDA, MALFUNCTION)
		and POTENTIAL not in events
		and answers.get("potential") == NO
	)


@dataclass(frozen=True)
class Due:
	"""What is owed to a regulator until when (UTC), by which rule: of several for the same, the earliest."""

	what: str
	at: datetime
	rule: ClockRule


def dues(
	rules: Iterable[ClockRule], awareness: datetime, zone: ZoneInfo | str, calendar: Calendar = EVERY_DAY
) -> list[Due]:
	"""Return what is owed by these rules, one deadline for each thing that is owed, the earliest first (H4).

	A group event is noticed within hours and reported within days: two things. A death in the EU is a serious
	incident too: one report, by the shorter of both limits.
	"""
	found: dict[str, Due] = {}
	for rule in rules:
		one = Due(rule.what, deadline(rule, awareness, zone, calendar), rule)
		if rule.what not in found or one.at < found[rule.what].at:
			found[rule.what] = one
	return sorted(found.values(), key=lambda one: (one.at, one.what))


# What is owed anew when something worse becomes known after a report was sent.
UPDATES = {
	DEATH: mark("Update: Death"),
	SERIOUS_INJURY: mark("Update: Serious Injury"),
	POTENTIAL: mark("Update: Could Cause Death or Serious Injury"),
	UNANTICIPATED: mark("Update: Unanticipated Serious Deterioration"),
	SERIOUS_INCIDENT: mark("Update: Serious Incident"),
	PUBLIC_HEALTH_THREAT: mark("Update: Serious Public Health Threat"),
	MALFUNCTION: mark("Update: Malfunction"),
	REMEDIAL_ACTION: mark("Update: Remedial Action Needed"),
	CORRECTION_OR_REMOVAL: mark("Update: Correction or Removal"),
	GROUP_EVENT: mark("Update: Group Event"),
	RECALL_I: mark("Update: Recall Class I"),
	RECALL_II: mark("Update: Recall Class II"),
	RECALL_III: mark("Update: Recall Class III"),
}


def owed_anew(sent_for: str, sent_due: datetime, now: Due) -> bool:
	"""Return whether a report that was sent does not cover what is known now (H4).

	`sent_for`: its class of event; `sent_due`: until when it is due for that, by the awareness of now. What
	has more time, or the same, was covered by it; what has less is worse.
	"""
	return now.rule.event != sent_for and now.at < sent_due


# The decision of a person


def decision_refusals(
	decision: str,
	reason: str,
	suggestion: Suggestion,
	in_force: bool,
	by_hand: bool,
	before: str,
	by: str,
) -> list[Refusal]:
	"""Return what stands against a decision, all at once (H4).

	Not to report needs a reason, an answer to every question, and rules to decide by (`in_force`: the regime
	has some on the day of awareness). To report needs a deadline: from a rule, or from a person where no rule
	gives one (`by_hand`). `before`: what was decided until now; another decision says why.
	"""
	found = []
	if by in ACCOUNTS_WITHOUT_PERSON:
		found.append(Refusal("H4", mark("An account of the system decides nothing."), ()))
	if decision not in (REPORTABLE, NOT_REPORTABLE):
		return [
			*found,
			Refusal("H4", mark("Decide: is this reportable or not? Undecided stays undecided."), ()),
		]
	if decision == before:
		found.append(Refusal("H4", mark("It is decided so already: {0}."), (decision,)))
	if decision == NOT_REPORTABLE:
		if suggestion.unanswered:
			found.append(
				Refusal(
					"H4",
					mark('{0} question(s) have no answer: what is not known is never "not reportable".'),
					(str(len(suggestion.unanswered)),),
				)
			)
		if not in_force:
			found.append(
				Refusal(
					"H4",
					mark("This regime has no rules in force: enter them before it is decided not to report."),
					(),
				)
			)
		if not says(reason):
			found.append(Refusal("H4", mark("Say why it is not reportable."), ()))
	else:
		if before == NOT_REPORTABLE and not says(reason):
			found.append(Refusal("H4", mark("Say why it is decided otherwise now."), ()))
		if not suggestion.rules and not by_hand:
			found.append(
				Refusal(
					"H4",
					mark("By the answers no rule says until when it is reported: say until when."),
					(),
				)
			)
	return found


def basis(suggestion: Suggestion) -> tuple[str, ...]:
	"""Return what a decision is taken on: the classes of events, and whether one starts a clock (H4)."""
	return (*suggestion.events, *((REPORTABLE,) if suggestion.rules else ()))


def stands(decision: str, taken_on: Collection[str], suggestion: Suggestion) -> bool:
	"""Return whether a decision still stands on what is known now (H4).

	`taken_on`: its basis. Not to report was decided on what was known then: what is answered otherwise since,
	or a rule that came since, opens it again. To report stands.
	"""
	if decision != NOT_REPORTABLE:
		return True
	return not suggestion.unanswered and set(basis(suggestion)) <= set(taken_on)


# What is exchanged with the regulator

TO, FROM = "To the Regulator", "From the Regulator"
DIRECTIONS = (TO, FROM)
INITIAL, FOLLOW_UP, FINAL, ANSWER, QUESTION, ACKNOWLEDGED, WITHDRAWN = (
	"Initial Report",
	"Follow-up Report",
	"Final Report",
	"Answer to a Question",
	"Question",
	"Acknowledgement of Receipt",
	"Not Owed Any More",
)
# By direction what can be sent.
EXCHANGES: Mapping[str, tuple[str, ...]] = {
	TO: (INITIAL, FOLLOW_UP, FINAL, ANSWER),
	FROM: (QUESTION, ACKNOWLEDGED, WITHDRAWN),
}


@dataclass(frozen=True)
class Exchange:
	"""H4: one letter, message or form to or from a regulator. `what`: which of the things owed it is.

	`owed_next`, `next_day`: what was announced or asked for with it, and until which day; `answers`: by its
	key what it is about, such as a question that it answers. See rules/owed_next.py.
	"""

	direction: str
	kind: str
	what: str = ""
	number: str = ""
	on: datetime | None = None
	has_file: bool = False
	comment: str = ""
	by: str = ""
	owed_next: str = ""
	next_day: date | None = None
	answers: str = ""


def exchange_refusals(
	one: Exchange,
	decision: str,
	owed: Collection[str],
	sent: Collection[str],
	awareness: datetime,
	now: datetime,
) -> list[Refusal]:
	"""Return what stands against recording an exchange, all at once (H4, K1, K3).

	`owed`: what is owed by the rules; `sent`: what of it was reported already. All times with a time zone.
	"""
	found = []
	if one.by in ACCOUNTS_WITHOUT_PERSON:
		found.append(Refusal("H4", mark("An account of the system records no exchange."), ()))
	if one.kind not in EXCHANGES.get(one.direction, ()):
		return [*found, Refusal("H4", mark("Say what was sent, and by whom to whom."), ())]
	if one.direction == TO:
		# The regulator may ask, and is answered, whatever was decided.
		if decision != REPORTABLE and one.kind != ANSWER:
			found.append(Refusal("H4", mark("Decide first that it is reportable."), ()))
		if one.kind == INITIAL and owed and one.what not in owed:
			found.append(Refusal("H4", mark("Say which of the reports that are due it is."), ()))
		elif one.kind == INITIAL and one.what in sent:
			found.append(Refusal("H4", mark("{0} was sent already: record a follow-up."), (one.what or "–",)))
		elif one.kind in (FOLLOW_UP, FINAL) and not sent:
			found.append(Refusal("H4", mark("There is no initial report to follow up."), ()))
		if not one.has_file:
			found.append(Refusal("H4", mark("Attach what was sent."), ()))
	elif not one.has_file and not says(one.comment):
		found.append(Refusal("H4", mark("Attach what the regulator sent, or write down what was said."), ()))
	if not (one.number or "").strip():
		found.append(Refusal("K1", mark('Give the number, or write "/" where there is none.'), ()))
	if one.on is None:
		found.append(Refusal("H4", mark("Say when it was sent or received."), ()))
	elif one.on > now:
		found.append(Refusal("K3", mark("What was exchanged lies in the future."), ()))
	elif one.on < awareness:
		found.append(
			Refusal("H4", mark("It was exchanged before anybody knew of the event: check the time."), ())
		)
	return found


# Alerts before and after a deadline

# So many hours before it, and from it on once a day.
BEFORE = (72, 24, 4)


def urgency(due: datetime, now: datetime) -> int:
	"""Return how urgent a deadline is: 0 for far away, one more with each alert that is due by now (H4).

	It only grows as time goes on: what was told before needs no more than this number.
	"""
	left = due - now
	if left >= timedelta(0):
		return sum(left <= timedelta(hours=hours) for hours in BEFORE)
	return len(BEFORE) + 1 + (now - due).days


def is_overdue(stage: int) -> bool:
	"""Return whether a stage of urgency lies behind the deadline (H4)."""
	return stage > len(BEFORE)


_ORDER_1 = "Measures for adverse-event monitoring and re-evaluation, Order No. 1 of 2018"
_ORDER_29 = "CFDA Order No. 29 of 2017"
_MDR = "MDR 2017/745 Art. 87"
_INITIAL = mark("Event Report")

# H4: what ships. Read second-hand or not confirmed: so it says on the form.
DEFAULTS = (
	ClockRule(NMPA, DEATH, _INITIAL, 7, CALENDAR_DAYS, _ORDER_1, False, confirmed=False),
	ClockRule(NMPA, SERIOUS_INJURY, _INITIAL, 20, CALENDAR_DAYS, _ORDER_1, False, confirmed=False),
	ClockRule(NMPA, POTENTIAL, _INITIAL, 20, CALENDAR_DAYS, _ORDER_1, False, confirmed=False),
	*(
		ClockRule(NMPA, event, _INITIAL, 30, CALENDAR_DAYS, _ORDER_1, True, confirmed=False)
		for event in (DEATH, SERIOUS_INJURY, POTENTIAL)
	),
	ClockRule(NMPA, GROUP_EVENT, mark("Notice of a Group Event"), 12, HOURS, _ORDER_1, confirmed=False),
	ClockRule(NMPA, GROUP_EVENT, mark("Report of Each Case"), 24, HOURS, _ORDER_1, confirmed=False),
	ClockRule(
		NMPA,
		GROUP_EVENT,
		mark("Stop, Self-Inspection and Report"),
		7,
		CALENDAR_DAYS,
		_ORDER_1,
		confirmed=False,
	),
	ClockRule(NMPA_RECALL, RECALL_I, mark("Notice to Users"), 1, CALENDAR_DAYS, _ORDER_29, confirmed=False),
	ClockRule(NMPA_RECALL, RECALL_II, mark("Notice to Users"), 3, CALENDAR_DAYS, _ORDER_29, confirmed=False),
	ClockRule(NMPA_RECALL, RECALL_III, mark("Notice to Users"), 7, CALENDAR_DAYS, _ORDER_29, confirmed=False),
	*(
		ClockRule(
			NMPA_RECALL,
			event,
			mark("Assessment Report and Plan"),
			5,
			WORKING_DAYS,
			_ORDER_29,
			confirmed=False,
		)
		for event in (RECALL_I, RECALL_II, RECALL_III)
	),
	ClockRule(EU, SERIOUS_INCIDENT, _INITIAL, 15, CALENDAR_DAYS, _MDR),
	ClockRule(EU, DEATH, _INITIAL, 10, CALENDAR_DAYS, _MDR),
	ClockRule(EU, UNANTICIPATED, _INITIAL, 10, CALENDAR_DAYS, _MDR),
	ClockRule(EU, PUBLIC_HEALTH_THREAT, _INITIAL, 2, CALENDAR_DAYS, _MDR),
	*(
		ClockRule(FDA, event, _INITIAL, 30, CALENDAR_DAYS, "21 CFR 803.10")
		for event in (DEATH, SERIOUS_INJURY, MALFUNCTION)
	),
	ClockRule(FDA, REMEDIAL_ACTION, mark("5-Day Report"), 5, WORKING_DAYS, "21 CFR 803.53"),
	ClockRule(
		FDA,
		CORRECTION_OR_REMOVAL,
		mark("Report of Correction or Removal"),
		10,
		WORKING_DAYS,
		"21 CFR 806",
		confirmed=False,
	),
)


@dataclass(frozen=True)
class Regime:
	"""Under whose rules events are reported: where its days begin and end, and in which country it is, "" for
	a union of several. `asked`: of each complaint it is decided whether it is reportable there; a recall
	begins with a decision of ours.
	"""

	name: str
	authority: str
	zone: str
	country: str = ""
	asked: bool = True


REGIMES = (
	Regime(NMPA, "National Medical Products Administration", "Asia/Shanghai", "China"),
	Regime(NMPA_RECALL, "National Medical Products Administration", "Asia/Shanghai", "China", asked=False),
	Regime(EU, "Competent authority of the member state", "Europe/Brussels"),
	Regime(FDA, "Food and Drug Administration", "America/New_York", "United States"),
)


def regimes_of(markets: Iterable[str], regimes: Iterable[Regime], event_country: str) -> list[str]:
	"""Return in which regimes a complaint is decided (H4).

	Where the product is marketed, and where the event happened. Where nobody has said in which markets a
	product is, it may be in any: all of them are asked.
	"""
	asked = [one for one in regimes if one.asked]
	wanted = set(markets)
	found = [one.name for one in asked if one.name in wanted]
	if not found:
		return [one.name for one in asked]
	return found + [
		one.name for one in asked if one.name not in wanted and event_country and one.country == event_country
	]
