"""Whether an event is reported to a regulator, and until when (H4; ISO 13485 8.2.3; docs name each source).

Undecided is never "not reportable": without a rule, an answer or a date there is no way to "no". The rules
are data of the site, dated and cited, so that a regulatory-affairs person can correct them; `DEFAULTS` ships.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from qms_customer.rules.workdays import EVERY_DAY, Calendar

HOURS, CALENDAR_DAYS, WORKING_DAYS = "Hours", "Calendar Days", "Working Days"
UNITS = (HOURS, CALENDAR_DAYS, WORKING_DAYS)

REPORTABLE, NOT_REPORTABLE, UNDECIDED = "Reportable", "Not Reportable", "Undecided"

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
	# The first moment of the next day, less a second: a day of that zone may have 23 or 25 hours.
	following = datetime.combine(last + timedelta(days=1), time(), zone)
	return following.astimezone(UTC) - timedelta(seconds=1)


def clocks(
	rules: Iterable[ClockRule], regime: str, events: Iterable[str], aware_on: date, overseas: bool
) -> list[ClockRule]:
	"""Return the rules that an event starts in a regime, as in force on the day of awareness (H4)."""
	wanted = set(events)
	return [
		rule
		for rule in rules
		if rule.regime == regime
		and rule.event in wanted
		and rule.overseas in (None, overseas)
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


@dataclass(frozen=True)
class Suggestion:
	"""What the answers come to for one regime; a person decides."""

	decision: str
	events: tuple[str, ...] = ()
	rules: tuple[ClockRule, ...] = ()
	unanswered: tuple[str, ...] = ()


# Where a regime speaks of a wider class, an event of the narrower one is one of these as well.
IMPLIES = {
	DEATH: (SERIOUS_INCIDENT,),
	SERIOUS_INJURY: (SERIOUS_INCIDENT,),
	POTENTIAL: (SERIOUS_INCIDENT,),
	UNANTICIPATED: (SERIOUS_INCIDENT,),
	PUBLIC_HEALTH_THREAT: (SERIOUS_INCIDENT,),
}


def suggest(
	answers: Mapping[str, str],
	rules: Iterable[ClockRule],
	regime: str,
	aware_on: date,
	overseas: bool,
) -> Suggestion:
	"""Return what the answers to the questionnaire come to in a regime (H4).

	Reportable as soon as one answer starts a clock. Not reportable only if every question was answered, none
	of them starts one, and the regime has rules in force at all. Everything else is undecided.
	"""
	rules = list(rules)
	events: list[str] = []
	for question, event in QUESTIONS.items():
		if answers.get(question) == YES:
			events += [event, *IMPLIES.get(event, ())]
	found = tuple(clocks(rules, regime, events, aware_on, overseas))
	unanswered = tuple(q for q in QUESTIONS if answers.get(q) not in (YES, NO))
	events = list(dict.fromkeys(events))
	if found:
		return Suggestion(REPORTABLE, tuple(events), found, unanswered)
	known = any(rule.regime == regime and rule.holds(aware_on) for rule in rules)
	if unanswered or not known or events:
		# An event for which the regime has no rule is not known to be free of one.
		return Suggestion(UNDECIDED, tuple(events), (), unanswered)
	return Suggestion(NOT_REPORTABLE, (), (), ())


NMPA, NMPA_RECALL, EU, FDA = "CN NMPA", "CN Recall", "EU", "US FDA"
_ORDER_1 = "Measures for adverse-event monitoring and re-evaluation, Order No. 1 of 2018"
_ORDER_29 = "CFDA Order No. 29 of 2017"
_MDR = "MDR 2017/745 Art. 87"
_INITIAL = "Report"

# H4: what ships. Read second-hand or not confirmed: so it says on the form.
DEFAULTS = (
	ClockRule(NMPA, DEATH, _INITIAL, 7, CALENDAR_DAYS, _ORDER_1, False, confirmed=False),
	ClockRule(NMPA, SERIOUS_INJURY, _INITIAL, 20, CALENDAR_DAYS, _ORDER_1, False, confirmed=False),
	ClockRule(NMPA, POTENTIAL, _INITIAL, 20, CALENDAR_DAYS, _ORDER_1, False, confirmed=False),
	*(
		ClockRule(NMPA, event, _INITIAL, 30, CALENDAR_DAYS, _ORDER_1, True, confirmed=False)
		for event in (DEATH, SERIOUS_INJURY, POTENTIAL)
	),
	ClockRule(NMPA, GROUP_EVENT, "Notice", 12, HOURS, _ORDER_1, confirmed=False),
	ClockRule(NMPA, GROUP_EVENT, "Each case", 24, HOURS, _ORDER_1, confirmed=False),
	ClockRule(
		NMPA, GROUP_EVENT, "Stop, self-inspection and report", 7, CALENDAR_DAYS, _ORDER_1, confirmed=False
	),
	ClockRule(NMPA_RECALL, RECALL_I, "Notice to users", 1, CALENDAR_DAYS, _ORDER_29, confirmed=False),
	ClockRule(NMPA_RECALL, RECALL_II, "Notice to users", 3, CALENDAR_DAYS, _ORDER_29, confirmed=False),
	ClockRule(NMPA_RECALL, RECALL_III, "Notice to users", 7, CALENDAR_DAYS, _ORDER_29, confirmed=False),
	*(
		ClockRule(
			NMPA_RECALL, event, "Assessment report and plan", 5, WORKING_DAYS, _ORDER_29, confirmed=False
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
	ClockRule(FDA, REMEDIAL_ACTION, _INITIAL, 5, WORKING_DAYS, "21 CFR 803.53"),
	ClockRule(FDA, CORRECTION_OR_REMOVAL, _INITIAL, 10, WORKING_DAYS, "21 CFR 806", confirmed=False),
)
