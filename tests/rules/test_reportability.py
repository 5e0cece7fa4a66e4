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
