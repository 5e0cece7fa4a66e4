"""Clocks of the regulators, against dates that were counted by hand."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_customer.rules import reportability as r
from qms_customer.rules.workdays import Calendar

SHANGHAI, BERLIN, NEW_YORK = "Asia/Shanghai", "Europe/Berlin", "America/New_York"


def at(zone, *when):
	return datetime(*when, tzinfo=ZoneInfo(zone))


def rule(limit, unit, **more):
	return r.ClockRule("X", r.DEATH, "Report", limit, unit, "source", **more)


def weekends(first, last, *more):
	days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
	return Calendar(first, last, frozenset([d for d in days if d.weekday() > 4] + list(more)))


# Labour Day and Memorial Day of 2026 are Mondays: 7 September and 25 May. Spring Festival: 15-23 February.
US_2026 = weekends(date(2026, 1, 1), date(2026, 12, 31), date(2026, 5, 25), date(2026, 9, 7))
CN_2026 = weekends(
	date(2026, 1, 1), date(2026, 12, 31), *(date(2026, 2, d) for d in range(16, 21)), date(2026, 2, 23)
)


# As the State Council announced it on 4 November 2025: days off, and weekend days worked for them.
CN_OFF = [
	*(date(2026, 2, d) for d in range(15, 24)),
	*(date(2026, 5, d) for d in range(1, 6)),
	*(date(2026, 10, d) for d in range(1, 8)),
]
CN_WORKED = [date(2026, 2, 14), date(2026, 2, 28), date(2026, 5, 9), date(2026, 9, 20), date(2026, 10, 10)]
CN_MADE_UP = Calendar(
	date(2026, 1, 1),
	date(2026, 12, 31),
	weekends(date(2026, 1, 1), date(2026, 12, 31), *CN_OFF).off - frozenset(CN_WORKED),
)
# Veterans Day (a Wednesday) and Thanksgiving.
US_AUTUMN = weekends(date(2026, 10, 1), date(2026, 12, 31), date(2026, 11, 11), date(2026, 11, 26))


@pytest.mark.rule("H4")
@pytest.mark.parametrize(
	("limit", "unit", "zone", "aware", "calendar", "due"),
	[
		# NMPA, death: known on the 1st, in time until the end of the 8th there.
		(7, r.CALENDAR_DAYS, SHANGHAI, (2026, 11, 1, 0, 5), None, (2026, 11, 8, 23, 59, 59)),
		(7, r.CALENDAR_DAYS, SHANGHAI, (2026, 11, 1, 23, 55), None, (2026, 11, 8, 23, 59, 59)),
		(20, r.CALENDAR_DAYS, SHANGHAI, (2026, 12, 20, 9), None, (2027, 1, 9, 23, 59, 59)),
		# Over a leap day, and not over one.
		(30, r.CALENDAR_DAYS, NEW_YORK, (2028, 2, 10, 9), None, (2028, 3, 11, 23, 59, 59)),
		(30, r.CALENDAR_DAYS, NEW_YORK, (2027, 2, 10, 9), None, (2027, 3, 12, 23, 59, 59)),
		# Known on the leap day itself.
		(15, r.CALENDAR_DAYS, BERLIN, (2028, 2, 29, 12), None, (2028, 3, 15, 23, 59, 59)),
		# A public health threat in the night in which clocks go forward.
		(2, r.CALENDAR_DAYS, BERLIN, (2027, 3, 27, 23, 30), None, (2027, 3, 29, 23, 59, 59)),
		# Working days: over a weekend, over Memorial Day, known on a Saturday.
		(5, r.WORKING_DAYS, NEW_YORK, (2026, 6, 10, 9), US_2026, (2026, 6, 17, 23, 59, 59)),
		(5, r.WORKING_DAYS, NEW_YORK, (2026, 5, 20, 9), US_2026, (2026, 5, 28, 23, 59, 59)),
		(5, r.WORKING_DAYS, NEW_YORK, (2026, 9, 5, 9), US_2026, (2026, 9, 14, 23, 59, 59)),
		(10, r.WORKING_DAYS, NEW_YORK, (2026, 8, 31, 9), US_2026, (2026, 9, 15, 23, 59, 59)),
		(5, r.WORKING_DAYS, SHANGHAI, (2026, 2, 12, 9), CN_2026, (2026, 2, 27, 23, 59, 59)),
		# Spring Festival with its days made up: 13 and 14 (a Saturday), 24, 25, 26 February.
		(5, r.WORKING_DAYS, SHANGHAI, (2026, 2, 12, 9), CN_MADE_UP, (2026, 2, 26, 23, 59, 59)),
		# National Day: 8, 9, 10 (a Saturday), 12, 13 October. Labour Day: 6, 7, 8, 9 (a Saturday), 11 May.
		(5, r.WORKING_DAYS, SHANGHAI, (2026, 9, 30, 9), CN_MADE_UP, (2026, 10, 13, 23, 59, 59)),
		(5, r.WORKING_DAYS, SHANGHAI, (2026, 4, 30, 23, 59), CN_MADE_UP, (2026, 5, 11, 23, 59, 59)),
		# Known in the holidays.
		(5, r.WORKING_DAYS, SHANGHAI, (2026, 10, 4, 12), CN_MADE_UP, (2026, 10, 13, 23, 59, 59)),
		# Ten work days before and over Thanksgiving: 17-20, 23-25, 27, 30 November, 1 December.
		(10, r.WORKING_DAYS, NEW_YORK, (2026, 11, 16, 9), US_AUTUMN, (2026, 12, 1, 23, 59, 59)),
		(5, r.WORKING_DAYS, NEW_YORK, (2026, 11, 6, 17), US_AUTUMN, (2026, 11, 16, 23, 59, 59)),
		# Beyond the Holiday List only its weekends are known: 28-31 December, 1 January.
		(5, r.WORKING_DAYS, NEW_YORK, (2026, 12, 25, 9), US_AUTUMN, (2027, 1, 1, 23, 59, 59)),
		# Without a Holiday List every day counts, which gives less time.
		(5, r.WORKING_DAYS, SHANGHAI, (2026, 9, 30, 9), None, (2026, 10, 5, 23, 59, 59)),
		# 20 days to the leap day, and in another year to 1 March; a day before a year ends.
		(20, r.CALENDAR_DAYS, SHANGHAI, (2028, 2, 9, 9), None, (2028, 2, 29, 23, 59, 59)),
		(20, r.CALENDAR_DAYS, SHANGHAI, (2027, 2, 9, 9), None, (2027, 3, 1, 23, 59, 59)),
		(7, r.CALENDAR_DAYS, SHANGHAI, (2026, 12, 25, 23, 59, 59), None, (2027, 1, 1, 23, 59, 59)),
		# The day on which clocks go back has 25 hours, that on which they go forward 23.
		(2, r.CALENDAR_DAYS, BERLIN, (2026, 10, 23, 10), None, (2026, 10, 25, 23, 59, 59)),
		(30, r.CALENDAR_DAYS, NEW_YORK, (2026, 10, 15, 9), None, (2026, 11, 14, 23, 59, 59)),
		(30, r.CALENDAR_DAYS, NEW_YORK, (2027, 2, 20, 9), None, (2027, 3, 22, 23, 59, 59)),
		(24, r.HOURS, NEW_YORK, (2027, 3, 13, 12), None, (2027, 3, 14, 13)),
		(24, r.HOURS, NEW_YORK, (2026, 10, 31, 12), None, (2026, 11, 1, 11)),
		# Hours go on through everything.
		(12, r.HOURS, SHANGHAI, (2026, 2, 16, 20), CN_2026, (2026, 2, 17, 8)),
		(24, r.HOURS, BERLIN, (2027, 3, 27, 23, 30), None, (2027, 3, 29, 0, 30)),
	],
)
def test_h4_each_deadline_as_counted_by_hand(limit, unit, zone, aware, calendar, due):
	found = r.deadline(rule(limit, unit), at(zone, *aware), zone, calendar or r.EVERY_DAY)
	assert found == at(zone, *due)


@pytest.mark.rule("H4")
def test_h4_the_day_is_the_regulators_day():
	"""Half past eight in the evening in New York is the next morning in Shanghai."""
	known = at(NEW_YORK, 2026, 11, 1, 20, 30)
	seven = rule(7, r.CALENDAR_DAYS)
	assert r.deadline(seven, known, SHANGHAI) == at(SHANGHAI, 2026, 11, 9, 23, 59, 59)
	assert r.deadline(seven, known, NEW_YORK) == at(NEW_YORK, 2026, 11, 8, 23, 59, 59)


@pytest.mark.rule("H4")
def test_h4_a_moment_without_a_time_zone_and_a_unit_that_there_is_not_are_refused():
	with pytest.raises(ValueError, match="time zone"):
		r.deadline(rule(1, r.HOURS), datetime(2026, 1, 1), SHANGHAI)
	with pytest.raises(ValueError, match="no unit"):
		r.deadline(rule(1, "Moons"), at(SHANGHAI, 2026, 1, 1), SHANGHAI)


MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))


@pytest.mark.rule("H4")
@given(MOMENTS, MOMENTS, st.integers(0, 60), st.sampled_from(r.UNITS), st.sampled_from([SHANGHAI, NEW_YORK]))
def test_h4_awareness_corrected_to_earlier_never_gives_more_time(one, other, limit, unit, zone):
	earlier, later = sorted((one, other))
	clock = rule(limit, unit)
	assert r.deadline(clock, earlier, zone, US_2026) <= r.deadline(clock, later, zone, US_2026)
	assert r.deadline(clock, later, zone, US_2026) >= later


@pytest.mark.rule("H4")
def test_h4_the_rule_in_force_at_awareness_counts():
	old = rule(10, r.CALENDAR_DAYS, valid_to=date(2026, 10, 31))
	new = rule(5, r.CALENDAR_DAYS, valid_from=date(2026, 11, 1))
	assert r.clocks([old, new], "X", [r.DEATH], date(2026, 10, 31), False) == [old]
	assert r.clocks([old, new], "X", [r.DEATH], date(2026, 11, 1), False) == [new]


# Each limit that ships: known on Monday, 2 November 2026, at nine in the morning there. Counted by hand, from
# the source and not from the table: in the US Veterans Day is off, of China only the weekends are.
EVENT, NOTICE, PLAN = "Event Report", "Notice to Users", "Assessment Report and Plan"
MONITORING, RECALLS = "Order No. 1 of 2018", "Order No. 29 of 2017"
SHIPPED = [
	(r.NMPA, r.DEATH, False, EVENT, (11, 9), MONITORING),
	(r.NMPA, r.SERIOUS_INJURY, False, EVENT, (11, 22), MONITORING),
	(r.NMPA, r.POTENTIAL, False, EVENT, (11, 22), MONITORING),
	(r.NMPA, r.DEATH, True, EVENT, (12, 2), MONITORING),
	(r.NMPA, r.SERIOUS_INJURY, True, EVENT, (12, 2), MONITORING),
	(r.NMPA, r.POTENTIAL, True, EVENT, (12, 2), MONITORING),
	(r.NMPA, r.GROUP_EVENT, None, "Notice of a Group Event", (11, 2, 21), MONITORING),
	(r.NMPA, r.GROUP_EVENT, None, "Report of Each Case", (11, 3, 9), MONITORING),
	(r.NMPA, r.GROUP_EVENT, None, "Stop, Self-Inspection and Report", (11, 9), MONITORING),
	(r.NMPA_RECALL, r.RECALL_I, None, NOTICE, (11, 3), RECALLS),
	(r.NMPA_RECALL, r.RECALL_II, None, NOTICE, (11, 5), RECALLS),
	(r.NMPA_RECALL, r.RECALL_III, None, NOTICE, (11, 9), RECALLS),
	(r.NMPA_RECALL, r.RECALL_I, None, PLAN, (11, 9), RECALLS),
	(r.NMPA_RECALL, r.RECALL_II, None, PLAN, (11, 9), RECALLS),
	(r.NMPA_RECALL, r.RECALL_III, None, PLAN, (11, 9), RECALLS),
	(r.EU, r.SERIOUS_INCIDENT, None, EVENT, (11, 17), "2017/745 Art. 87"),
	(r.EU, r.DEATH, None, EVENT, (11, 12), "2017/745 Art. 87"),
	(r.EU, r.UNANTICIPATED, None, EVENT, (11, 12), "2017/745 Art. 87"),
	(r.EU, r.PUBLIC_HEALTH_THREAT, None, EVENT, (11, 4), "2017/745 Art. 87"),
	(r.FDA, r.DEATH, None, EVENT, (12, 2), "21 CFR 803.10"),
	(r.FDA, r.SERIOUS_INJURY, None, EVENT, (12, 2), "21 CFR 803.10"),
	(r.FDA, r.MALFUNCTION, None, EVENT, (12, 2), "21 CFR 803.10"),
	(r.FDA, r.REMEDIAL_ACTION, None, "5-Day Report", (11, 9), "21 CFR 803.53"),
	(r.FDA, r.CORRECTION_OR_REMOVAL, None, "Report of Correction or Removal", (11, 17), "21 CFR 806"),
]


@pytest.mark.rule("H4")
@pytest.mark.parametrize(("regime", "event", "overseas", "what", "due", "source"), SHIPPED)
def test_h4_each_limit_that_ships_gives_the_date_of_its_source(regime, event, overseas, what, due, source):
	wanted = (regime, event, overseas, what)
	(one,) = (d for d in r.DEFAULTS if (d.regime, d.event, d.overseas, d.what) == wanted)
	zone = {one.name: one.zone for one in r.REGIMES}[regime]
	days = US_AUTUMN if regime == r.FDA else weekends(date(2026, 11, 1), date(2026, 12, 31))
	until = at(zone, 2026, *due) if len(due) == 3 else at(zone, 2026, *due, 23, 59, 59)
	assert r.deadline(one, at(zone, 2026, 11, 2, 9), zone, days) == until
	assert source in one.source


@pytest.mark.rule("H4")
def test_h4_no_limit_ships_that_was_not_counted():
	shipped = [(one.regime, one.event, one.overseas, one.what) for one in r.DEFAULTS]
	assert sorted(map(str, shipped)) == sorted(str(row[:4]) for row in SHIPPED)


@pytest.mark.rule("H4")
@pytest.mark.parametrize(
	("values", "field"),
	[
		({"time_limit": 11}, "time_limit"),
		({"time_limit": 9}, ""),
		({"unit": r.HOURS}, "unit"),
		({"event": r.MALFUNCTION}, "event"),
		({"overseas": "Yes"}, "overseas"),
		({"valid_from": date(2026, 2, 1)}, "valid_from"),
		({"valid_from": date(2025, 12, 1)}, ""),
		({"valid_from": None}, ""),
		({"source": "Law 2", "confirmed": 1}, ""),
	],
)
def test_h4_a_rule_in_force_is_corrected_to_less_time_only(values, field):
	before = {
		**{"regime": "X", "event": r.DEATH, "what": "Report", "unit": r.CALENDAR_DAYS},
		**{"time_limit": 10, "overseas": "", "valid_from": date(2026, 1, 1)},
	}
	assert r.more_time(before, {**before, **values}) == field


def suggest(regime, overseas=False, **answers):
	given = {**dict.fromkeys(r.QUESTIONS, r.NO), **answers}
	return r.suggest(given, r.DEFAULTS, regime, date(2026, 11, 1), overseas)


@pytest.mark.rule("H4")
def test_h4_one_yes_that_starts_a_clock_is_enough():
	found = suggest(r.NMPA, death=r.YES, potential="")
	assert (found.decision, [c.limit for c in found.rules]) == (r.REPORTABLE, [7])
	assert [c.limit for c in suggest(r.NMPA, overseas=True, death=r.YES).rules] == [30]
	eu = suggest(r.EU, death=r.YES)
	assert sorted(c.limit for c in eu.rules) == [10, 15]
	assert r.first_due(eu.rules, at(BERLIN, 2026, 11, 1, 9), BERLIN) == at(BERLIN, 2026, 11, 11, 23, 59, 59)


@pytest.mark.rule("H4")
def test_h4_undecided_is_never_not_reportable():
	assert suggest(r.FDA).decision == r.NOT_REPORTABLE
	for question in r.QUESTIONS:
		assert suggest(r.FDA, **{question: ""}).decision == r.UNDECIDED
		assert suggest(r.FDA, **{question: "n/a"}).decision == r.UNDECIDED
	# A regime without rules, and an event that a regime has no rule for.
	assert suggest("BR ANVISA").decision == r.UNDECIDED
	assert suggest(r.NMPA, malfunction=r.YES).decision == r.UNDECIDED


@pytest.mark.rule("H4")
@pytest.mark.parametrize(
	("regime", "question", "limits"),
	[
		# Nothing but this is answered with yes.
		(r.NMPA, "potential", [20]),
		(r.NMPA, "unanticipated", [20]),
		(r.NMPA, "public_threat", [20]),
		(r.EU, "potential", [15]),
		(r.EU, "unanticipated", [10, 15]),
		(r.EU, "public_threat", [2, 15]),
		(r.FDA, "potential", [30]),
		(r.FDA, "unanticipated", [30]),
		(r.FDA, "public_threat", [30]),
		(r.FDA, "remedial", [5]),
	],
)
def test_h4_what_is_of_a_wider_class_starts_its_clock(regime, question, limits):
	found = suggest(regime, **{question: r.YES})
	assert (found.decision, sorted(c.limit for c in found.rules)) == (r.REPORTABLE, limits)


@pytest.mark.rule("H4")
def test_h4_a_malfunction_that_could_do_no_harm_is_for_a_person_and_does_not_lapse():
	"""21 CFR 803.3: reportable if it is likely to cause or contribute to harm when it happens again."""
	found = suggest(r.FDA, malfunction=r.YES)
	assert (found.decision, [c.limit for c in found.rules]) == (r.UNDECIDED, [30])
	for answers in ({"potential": r.YES}, {"potential": ""}, {"serious_injury": r.YES}):
		assert suggest(r.FDA, malfunction=r.YES, **answers).decision == r.REPORTABLE
	given = {**dict.fromkeys(r.QUESTIONS, r.NO), "malfunction": r.YES}
	assert [c.limit for c in r.possible(given, r.DEFAULTS, r.FDA, date(2026, 11, 1), None)] == [30]
	# Decided not to be reported; then it turns out that it could.
	assert not r.stands(r.NOT_REPORTABLE, r.basis(found), suggest(r.FDA, malfunction=r.YES, potential=r.YES))


@pytest.mark.rule("H4")
@pytest.mark.parametrize(
	("regime", "question", "shortest"),
	[
		(r.NMPA, "malfunction", 12),
		(r.NMPA, "remedial", 12),
		(r.EU, "malfunction", 2),
		(r.EU, "remedial", 2),
		(r.EU, "group_event", 2),
		(r.FDA, "group_event", 5),
	],
)
def test_h4_an_event_without_a_rule_has_the_shortest_limit_of_the_regime(regime, question, shortest):
	def first(**answers):
		found = r.provisional(answers, r.DEFAULTS, regime, date(2026, 11, 1), False)
		return r.dues(found, at(BERLIN, 2026, 11, 2, 9), BERLIN)[0].rule.limit

	given = {**dict.fromkeys(r.QUESTIONS, r.NO), question: r.YES}
	assert suggest(regime, **given).decision == r.UNDECIDED
	assert first(**given) == shortest
	assert not r.possible(given, r.DEFAULTS, regime, date(2026, 11, 1), False)
	# What no answer has ruled out comes before.
	assert first(**{**given, "death": ""}) == {r.NMPA: 7, r.EU: 10, r.FDA: 30}[regime]


@pytest.mark.rule("H4")
@given(st.dictionaries(st.sampled_from(list(r.QUESTIONS)), st.sampled_from([r.YES, r.NO, ""])))
def test_h4_whatever_is_answered_a_clock_runs_until_it_is_no(answers):
	for regime in (r.NMPA, r.EU, r.FDA):
		found = r.suggest(answers, r.DEFAULTS, regime, date(2026, 11, 1), None)
		runs = bool(r.provisional(answers, r.DEFAULTS, regime, date(2026, 11, 1), None))
		assert runs == (found.decision != r.NOT_REPORTABLE)


@pytest.mark.rule("H4")
@given(st.dictionaries(st.sampled_from(list(r.QUESTIONS)), st.sampled_from([r.YES, r.NO, ""])))
def test_h4_not_reportable_needs_every_question_answered_with_no(answers):
	for regime in (r.NMPA, r.EU, r.FDA):
		found = r.suggest(answers, r.DEFAULTS, regime, date(2026, 11, 1), False)
		if found.decision == r.NOT_REPORTABLE:
			assert all(answers.get(question) == r.NO for question in r.QUESTIONS)
		if found.decision == r.REPORTABLE:
			assert found.rules


@pytest.mark.rule("H4")
def test_h4_what_ships_is_cited_and_says_what_is_not_confirmed():
	for one in r.DEFAULTS:
		assert one.source and one.limit > 0 and one.unit in r.UNITS
	assert not any(one.confirmed for one in r.DEFAULTS if one.regime in (r.NMPA, r.NMPA_RECALL))
	assert all(one.confirmed for one in r.DEFAULTS if one.regime == r.EU)


@pytest.mark.rule("H4")
@pytest.mark.parametrize(
	("limit", "unit", "zone", "calendar", "aware", "due", "earlier", "due_then"),
	[
		# 20 days from the 10th, and from the 3rd.
		(
			*(20, r.CALENDAR_DAYS, SHANGHAI, None),
			*((2026, 11, 10, 9), (2026, 11, 30, 23, 59, 59)),
			*((2026, 11, 3, 9), (2026, 11, 23, 23, 59, 59)),
		),
		# An hour earlier is the day before.
		(
			*(7, r.CALENDAR_DAYS, SHANGHAI, None),
			*((2026, 11, 10, 0, 30), (2026, 11, 17, 23, 59, 59)),
			*((2026, 11, 9, 23, 30), (2026, 11, 16, 23, 59, 59)),
		),
		# From after the leap day to before it.
		(
			*(15, r.CALENDAR_DAYS, BERLIN, None),
			*((2028, 3, 1, 9), (2028, 3, 16, 23, 59, 59)),
			*((2028, 2, 28, 9), (2028, 3, 14, 23, 59, 59)),
		),
		# From the last day of the holidays to the day before them: the same first working day.
		(
			*(5, r.WORKING_DAYS, SHANGHAI, CN_MADE_UP),
			*((2026, 10, 7, 9), (2026, 10, 13, 23, 59, 59)),
			*((2026, 9, 29, 9), (2026, 10, 12, 23, 59, 59)),
		),
		(
			*(12, r.HOURS, SHANGHAI, None),
			*((2026, 11, 10, 9), (2026, 11, 10, 21)),
			*((2026, 11, 9, 22, 15), (2026, 11, 10, 10, 15)),
		),
	],
)
def test_h4_awareness_corrected_to_earlier(limit, unit, zone, calendar, aware, due, earlier, due_then):
	clock, days = rule(limit, unit), calendar or r.EVERY_DAY
	assert r.deadline(clock, at(zone, *aware), zone, days) == at(zone, *due)
	assert r.deadline(clock, at(zone, *earlier), zone, days) == at(zone, *due_then)


@pytest.mark.rule("H4")
def test_h4_where_nobody_knows_the_country_the_shorter_limit_counts():
	given = {**dict.fromkeys(r.QUESTIONS, r.NO), "death": r.YES}
	found = r.suggest(given, r.DEFAULTS, r.NMPA, date(2026, 11, 1), None)
	assert sorted(c.limit for c in found.rules) == [7, 30]
	known = at(SHANGHAI, 2026, 11, 1, 9)
	(one,) = r.dues(found.rules, known, SHANGHAI)
	assert (one.what, one.at, one.rule.limit) == ("Event Report", at(SHANGHAI, 2026, 11, 8, 23, 59, 59), 7)


@pytest.mark.rule("H4")
def test_h4_each_thing_that_is_owed_has_its_own_deadline():
	found = suggest(r.NMPA, group_event=r.YES, death=r.YES)
	owed = r.dues(found.rules, at(SHANGHAI, 2026, 11, 1, 9), SHANGHAI)
	assert [(one.what, one.at) for one in owed] == [
		("Notice of a Group Event", at(SHANGHAI, 2026, 11, 1, 21)),
		("Report of Each Case", at(SHANGHAI, 2026, 11, 2, 9)),
		("Event Report", at(SHANGHAI, 2026, 11, 8, 23, 59, 59)),
		("Stop, Self-Inspection and Report", at(SHANGHAI, 2026, 11, 8, 23, 59, 59)),
	]


@pytest.mark.rule("H4")
def test_h4_while_undecided_only_a_no_rules_a_limit_out():
	def shortest(**answers):
		rules = r.possible(answers, r.DEFAULTS, r.EU, date(2026, 11, 1), None)
		return min((c.limit for c in rules), default=None)

	assert shortest() == 2
	assert shortest(public_threat=r.NO) == 10
	assert shortest(public_threat=r.NO, death=r.NO) == 10
	assert shortest(public_threat=r.NO, death=r.NO, unanticipated=r.NO) == 15
	assert shortest(public_threat="n/a") == 2
	assert shortest(**dict.fromkeys(r.QUESTIONS, r.NO)) is None


@pytest.mark.rule("H4")
def test_h4_what_was_sent_does_not_cover_what_is_worse():
	def due(**answers):
		return r.dues(suggest(r.EU, **answers).rules, at(BERLIN, 2026, 11, 1, 9), BERLIN)[0]

	injury, death = due(serious_injury=r.YES), due(death=r.YES)
	assert r.owed_anew(injury.rule.event, injury.at, death)
	assert not r.owed_anew(death.rule.event, death.at, injury)
	assert not r.owed_anew(death.rule.event, death.at, death)
	# As much time: a follow-up says it.
	assert not r.owed_anew(death.rule.event, death.at, due(unanticipated=r.YES))
	assert set(r.UPDATES) == set(r.EVENTS)


def decision(
	what, reason="Because", answers=None, in_force=True, by_hand=False, before=r.UNDECIDED, by="q@x"
):
	found = suggest(r.NMPA, **(answers or {}))
	refusals = r.decision_refusals(what, reason, found, in_force, by_hand, before, by)
	return [one.message for one in refusals]


@pytest.mark.rule("H4")
def test_h4_a_decision_has_what_it_needs():
	assert decision(r.NOT_REPORTABLE) == []
	assert "Say why" in decision(r.NOT_REPORTABLE, reason="/")[0]
	assert "have no answer" in decision(r.NOT_REPORTABLE, answers={"death": ""})[0]
	assert "no rules in force" in decision(r.NOT_REPORTABLE, in_force=False)[0]
	assert decision(r.REPORTABLE, reason="/", answers={"death": r.YES}) == []
	assert "until when" in decision(r.REPORTABLE, answers={"malfunction": r.YES})[0]
	assert decision(r.REPORTABLE, answers={"malfunction": r.YES}, by_hand=True) == []
	# A person may decide otherwise than the answers suggest, with a reason.
	assert decision(r.NOT_REPORTABLE, answers={"death": r.YES}) == []
	assert "Undecided stays" in decision(r.UNDECIDED)[0]
	assert "already" in decision(r.NOT_REPORTABLE, before=r.NOT_REPORTABLE)[0]
	assert "otherwise" in decision(r.REPORTABLE, "/", {"death": r.YES}, before=r.NOT_REPORTABLE)[0]
	assert "account of the system" in decision(r.NOT_REPORTABLE, by="Administrator")[0]


@pytest.mark.rule("H4")
def test_h4_a_no_stands_on_what_was_known_and_a_yes_stands():
	no, death = suggest(r.NMPA), suggest(r.NMPA, death=r.YES)
	unclear, rule_less = suggest(r.NMPA, death=""), suggest(r.NMPA, malfunction=r.YES)
	assert r.stands(r.NOT_REPORTABLE, r.basis(no), no)
	for later in (death, unclear, rule_less):
		assert not r.stands(r.NOT_REPORTABLE, r.basis(no), later)
		assert r.stands(r.REPORTABLE, r.basis(death), later)
	# Decided in spite of it, and nothing more is known; then less.
	assert r.stands(r.NOT_REPORTABLE, r.basis(death), death)
	assert r.stands(r.NOT_REPORTABLE, r.basis(death), no)
	# A rule came since for what was answered then.
	more = [*r.DEFAULTS, r.ClockRule(r.NMPA, r.MALFUNCTION, "Report", 20, r.CALENDAR_DAYS, "New")]
	given = {**dict.fromkeys(r.QUESTIONS, r.NO), "malfunction": r.YES}
	now = r.suggest(given, more, r.NMPA, date(2026, 11, 1), False)
	assert not r.stands(r.NOT_REPORTABLE, r.basis(rule_less), now)


@pytest.mark.rule("H4")
def test_h4_urgency_grows_with_each_alert():
	due = at(SHANGHAI, 2026, 11, 30, 23, 59, 59)
	hours = (100, 72.1, 72, 24, 23, 4, 0, -0.1, -23, -24.1, -48.1)
	stages = [r.urgency(due, due - timedelta(hours=h)) for h in hours]
	assert stages == [0, 0, 1, 2, 2, 3, 3, 4, 4, 5, 6]
	assert [r.is_overdue(stage) for stage in stages] == [False] * 7 + [True] * 4


@pytest.mark.rule("H4")
@given(MOMENTS, MOMENTS, MOMENTS)
def test_h4_urgency_never_falls(due, one, other):
	assert r.urgency(due, min(one, other)) <= r.urgency(due, max(one, other))


@pytest.mark.rule("H4")
def test_h4_a_complaint_is_asked_in_its_markets_or_in_all():
	def found(markets, country=""):
		return r.regimes_of(markets, r.REGIMES, country)

	assert found([r.EU]) == [r.EU]
	assert found([r.EU], "China") == [r.EU, r.NMPA]
	assert found([r.EU], "Brazil") == [r.EU]
	everywhere = [r.NMPA, r.EU, r.FDA]
	assert found([]) == found([r.NMPA_RECALL]) == found(["BR ANVISA"]) == everywhere


@pytest.mark.rule("H4")
def test_h4_what_ships_names_regimes_that_ship_with_time_zones_that_there_are():
	names = {one.name for one in r.REGIMES}
	assert {one.regime for one in r.DEFAULTS} == names
	for one in r.REGIMES:
		assert ZoneInfo(one.zone) and one.authority
	assert {one.event for one in r.DEFAULTS} <= set(r.EVENTS)
	assert set(r.QUESTIONS.values()) | {e for es in r.IMPLIES.values() for e in es} <= set(r.EVENTS)
