"""Business days, and who hears of what is overdue."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_customer.rules import people
from qms_customer.rules.escalation import (
	ACTION,
	DECISION,
	DEFAULTS,
	KINDS,
	OPINION,
	Staff,
	Step,
	Waiting,
	days_late,
	reached,
	refusals,
	who_hears,
)
from qms_customer.rules.people import BUSINESS_MANAGER, GENERAL_MANAGER, QUALITY, SALES_VP, Delegation
from qms_customer.rules.workdays import DAY, EVERY_DAY, Calendar

MONDAY = date(2026, 6, 1)
FRIDAY = date(2026, 6, 5)
FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)


def weekends(first: date, last: date, *days: date) -> Calendar:
	"""A list as ERPNext makes it of two weekly days off, with some holidays more."""
	off = {first + DAY * n for n in range((last - first).days + 1)}
	return Calendar(first, last, frozenset({d for d in off if d.weekday() > 4} | set(days)))


YEAR = weekends(FIRST, LAST, MONDAY + DAY)
STAFF = Staff(
	holders={
		QUALITY: ["quan"],
		BUSINESS_MANAGER: ["bao"],
		SALES_VP: ["vera"],
		GENERAL_MANAGER: ["gao"],
	},
	enabled=frozenset({"quan", "bao", "vera", "gao", "deng", "olga"}),
)
OWED = Waiting(OPINION, MONDAY - 3 * DAY, roles=(QUALITY,), department="Quality")


@pytest.mark.rule("L3")
def test_l3_weekends_and_holidays_are_no_business_days():
	assert [YEAR.is_workday(MONDAY + DAY * n) for n in range(7)] == [1, 0, 1, 1, 1, 0, 0]
	assert YEAR.workdays_between(FRIDAY, FRIDAY + 3 * DAY) == 1
	assert YEAR.workdays_between(FRIDAY, FRIDAY + 2 * DAY) == 0
	assert YEAR.add_workdays(MONDAY, 3) == FRIDAY
	assert YEAR.add_workdays(FRIDAY, 1) == FRIDAY + 3 * DAY
	assert YEAR.add_workdays(FRIDAY, 0) == FRIDAY


@pytest.mark.rule("L3")
def test_l3_without_a_list_every_day_counts():
	assert EVERY_DAY.is_workday(FRIDAY + DAY)
	assert EVERY_DAY.workdays_between(MONDAY, MONDAY + 7 * DAY) == 7


@pytest.mark.rule("L3")
def test_l3_beyond_the_end_of_a_list_its_weekly_days_off_go_on():
	old = weekends(date(2025, 1, 1), date(2025, 12, 31), date(2025, 10, 1), date(2025, 10, 2))
	assert not old.covers(MONDAY)
	assert [old.is_workday(MONDAY + DAY * n) for n in range(7)] == [1, 1, 1, 1, 1, 0, 0]
	# A holiday of next year is not known.
	assert old.is_workday(date(2026, 10, 1))
	assert old.is_workday(date(2024, 10, 1)) and not old.is_workday(date(2024, 10, 5))


@pytest.mark.rule("L3")
def test_l3_a_saturday_worked_now_and_then_stays_a_day_off():
	some = Calendar(FIRST, LAST, YEAR.off - {date(2026, 1, 10), date(2026, 2, 14)})
	assert some.is_workday(date(2026, 1, 10)) and not some.is_workday(date(2027, 1, 9))
	# Every other Saturday, 大小周: not more often off than not.
	every_other = frozenset(d for d in YEAR.off if d.weekday() == 5 and d.isocalendar().week % 2)
	assert Calendar(FIRST, LAST, every_other).is_workday(date(2027, 1, 9))


@pytest.mark.parametrize(
	"calendar",
	[
		Calendar(FIRST, LAST, frozenset(FIRST + DAY * n for n in range(365))),
		Calendar(LAST, FIRST, frozenset({MONDAY})),
		Calendar(FIRST, None, frozenset({MONDAY})),
		Calendar(MONDAY, MONDAY, frozenset({MONDAY})),
	],
	ids=["all off", "backwards", "no end", "one day"],
)
@pytest.mark.rule("L3")
def test_l3_a_bad_list_leaves_days_to_work_on(calendar):
	assert calendar.add_workdays(MONDAY, 10) > MONDAY
	assert calendar.workdays_between(LAST, LAST + 14 * DAY) >= 12


CALENDARS = st.builds(
	lambda first, length, off: Calendar(first, first + length * DAY, frozenset(first + DAY * n for n in off)),
	st.dates(date(2024, 1, 1), date(2027, 1, 1)),
	st.integers(0, 400),
	st.frozensets(st.integers(-10, 410), max_size=300),
)


@given(CALENDARS, st.dates(date(2023, 1, 1), date(2028, 1, 1)), st.integers(0, 60))
def test_l3_adding_and_counting_agree(calendar, start, number):
	end = calendar.add_workdays(start, number)
	assert calendar.workdays_between(start, end) == number
	assert number == 0 or calendar.is_workday(end)


@given(CALENDARS, st.dates(date(2023, 1, 1), date(2028, 1, 1)), st.integers(0, 40), st.integers(0, 40))
def test_l3_counting_adds_up(calendar, start, some, more):
	middle, end = start + some * DAY, start + (some + more) * DAY
	assert calendar.workdays_between(start, end) == (
		calendar.workdays_between(start, middle) + calendar.workdays_between(middle, end)
	)


@pytest.mark.rule("L3")
def test_l3_who_is_waited_for_is_told_first_and_then_the_line():
	heard = []
	for n in range(8):
		heard.append(who_hears(OWED, OWED.due + DAY * n, EVERY_DAY, DEFAULTS, STAFF))
	assert heard[0] == {}
	assert heard[1] == heard[2] == {"quan": "", "bao": BUSINESS_MANAGER}
	assert heard[3] == {**heard[1], "vera": SALES_VP}
	assert heard[5] == heard[7] == {**heard[3], "gao": GENERAL_MANAGER}


@pytest.mark.rule("L3")
def test_l3_nobody_is_told_on_a_day_off_and_after_it_the_days_off_do_not_count():
	due = Waiting(OPINION, FRIDAY, roles=(QUALITY,))
	assert who_hears(due, FRIDAY + DAY, YEAR, DEFAULTS, STAFF) == {}
	assert days_late(due, FRIDAY + 3 * DAY, YEAR) == 1
	assert "quan" in who_hears(due, FRIDAY + 3 * DAY, YEAR, DEFAULTS, STAFF)


@pytest.mark.rule("L2")
def test_l2_absence_is_covered_by_delegation():
	lent = Delegation("gao", "deng", GENERAL_MANAGER, MONDAY, FRIDAY)
	staff = Staff(STAFF.holders, [lent], STAFF.enabled)
	assert staff.acting_as(GENERAL_MANAGER) == ["gao", "deng"]
	owed = Waiting(DECISION, MONDAY - DAY, roles=(GENERAL_MANAGER,))
	assert who_hears(owed, MONDAY, EVERY_DAY, DEFAULTS, staff) == {"gao": "", "deng": ""}
	# C12: who took part is not asked to decide, through nobody; the delegate neither.
	without = Waiting(DECISION, MONDAY - DAY, roles=(GENERAL_MANAGER,), without=frozenset({"gao"}))
	assert who_hears(without, MONDAY, EVERY_DAY, DEFAULTS, staff) == {}
	# What a manager owes by name is told to who covers for them, too.
	named = Waiting(ACTION, MONDAY - DAY, people=("gao",))
	assert who_hears(named, MONDAY, EVERY_DAY, (), staff) == {"gao": "", "deng": ""}


@pytest.mark.parametrize(
	"lent",
	[
		Delegation("vera", "deng", GENERAL_MANAGER, MONDAY, FRIDAY),  # not hers to give
		Delegation("gao", "gone", GENERAL_MANAGER, MONDAY, FRIDAY),  # the delegate has left
		Delegation("quan", "deng", QUALITY, MONDAY, FRIDAY),  # a department's signature is its own
	],
)
@pytest.mark.rule("L2")
def test_l2_a_delegation_that_counts_for_nothing_reaches_nobody(lent):
	staff = Staff(STAFF.holders, [lent], STAFF.enabled)
	assert not {"deng", "gone"} & {*staff.acting_as(GENERAL_MANAGER), *staff.acting_as(QUALITY)}


@pytest.mark.rule("C12", "L2")
def test_c12_a_change_waits_for_the_lowest_authority_that_took_no_part():
	assert STAFF.deciding(BUSINESS_MANAGER) == BUSINESS_MANAGER
	assert STAFF.deciding(SALES_VP) == SALES_VP
	assert STAFF.deciding(BUSINESS_MANAGER, {"bao"}) == SALES_VP
	assert STAFF.deciding(BUSINESS_MANAGER, {"bao", "vera"}) == GENERAL_MANAGER
	assert STAFF.deciding(BUSINESS_MANAGER, {"bao", "vera", "gao"}) == ""
	# Who covers for somebody that took part does not decide either.
	lent = Delegation("bao", "deng", BUSINESS_MANAGER, MONDAY, FRIDAY)
	assert Staff(STAFF.holders, [lent], STAFF.enabled).deciding(BUSINESS_MANAGER, {"bao"}) == SALES_VP


@pytest.mark.rule("L3")
@pytest.mark.parametrize("kind", KINDS)
def test_l3_everything_that_can_be_overdue_reaches_the_top_by_default(kind):
	owed = Waiting(kind, MONDAY, people=("quan",))
	assert who_hears(owed, MONDAY + DAY, EVERY_DAY, DEFAULTS, STAFF)["quan"] == ""
	assert "gao" in who_hears(owed, MONDAY + 10 * DAY, EVERY_DAY, DEFAULTS, STAFF)


@pytest.mark.rule("L3")
def test_l3_if_nobody_is_left_who_owes_it_the_line_hears():
	left = Waiting(ACTION, MONDAY - DAY, people=("gone",))
	assert who_hears(left, MONDAY, EVERY_DAY, DEFAULTS, STAFF) == {"bao": BUSINESS_MANAGER}


@pytest.mark.rule("L3")
def test_l3_a_step_of_a_department_is_for_that_department():
	steps = (Step(OPINION, 1, GENERAL_MANAGER, "Quality"), Step(OPINION, 2, BUSINESS_MANAGER))
	assert [s.role for s in reached(steps, OPINION, 2, "Quality")] == [GENERAL_MANAGER, BUSINESS_MANAGER]
	assert [s.role for s in reached(steps, OPINION, 2, "PMC")] == [BUSINESS_MANAGER]


@given(
	st.integers(0, 400),
	st.lists(st.builds(Step, st.sampled_from(KINDS), st.integers(1, 30), st.sampled_from(people.ROLES))),
	CALENDARS,
)
def test_l3_nobody_hears_before_it_is_late_and_nobody_is_dropped_as_it_gets_later(days, steps, calendar):
	today = OWED.due + days * DAY
	heard = who_hears(OWED, today, calendar, steps, STAFF)
	late = calendar.workdays_between(OWED.due, today)
	if not late or not calendar.is_workday(today):
		assert heard == {}
		return
	next_day = calendar.add_workdays(today, 1)
	assert set(heard) <= set(who_hears(OWED, next_day, calendar, steps, STAFF))
	assert heard["quan"] == ""
	assert not set(heard) & people.ACCOUNTS_WITHOUT_PERSON


@pytest.mark.rule("L3")
def test_l3_administrator_is_nobody_who_is_told():
	staff = Staff({GENERAL_MANAGER: ["Administrator"]}, [], {"Administrator"})
	owed = Waiting(DECISION, MONDAY - timedelta(9), roles=(GENERAL_MANAGER,), people=("Administrator",))
	assert who_hears(owed, MONDAY, EVERY_DAY, DEFAULTS, staff) == {}


@pytest.mark.rule("L3")
def test_l3_the_line_of_the_settings_is_checked():
	assert refusals(DEFAULTS, ["Quality"]) == []
	assert len(refusals((*DEFAULTS, DEFAULTS[0]), [])) == 1
	assert len(refusals((*DEFAULTS, Step(OPINION, 0, SALES_VP)), [])) == 1
	assert len(refusals((*DEFAULTS, Step(OPINION, 1, SALES_VP, "Nobody")), ["Quality"])) == 1
	for kind in KINDS:
		left = tuple(s for s in DEFAULTS if s.kind != kind)
		assert [r.args[0] for r in refusals(left, [])] == [kind]
		assert len(refusals((*left, Step(kind, 1, SALES_VP, "Quality")), ["Quality"])) == 1
