"""How long complaints stand where they stand, and what was in time, by dates computed by hand."""

from datetime import date, datetime

import pytest

from qms_customer.rules import complaint as rules
from qms_customer.rules import complaint_age as age
from qms_customer.rules.complaint_age import Moments, since

DAY = {name: date(2026, 3, n) for n, name in enumerate(Moments.__dataclass_fields__, 1)}
# Without what comes in at any step.
PLAIN = {name: day for name, day in DAY.items() if name not in ("followed", "reopened")}


@pytest.mark.rule("L3", "H5")
@pytest.mark.parametrize(
	("state", "begun"),
	[
		(rules.INVESTIGATING, "opened"),
		(rules.ACTING, "ineffective"),
		(rules.REPLYING, "done"),
		(rules.VERIFYING, "check_from"),
		(rules.CLOSING, "effective"),
	],
)
def test_a_step_begins_with_what_led_to_it(state: str, begun: str) -> None:
	assert since(state, Moments(**PLAIN)) == DAY[begun]
	# What never happened counts for nothing.
	assert since(state, Moments(DAY["opened"])) == DAY["opened"]
	# Opened again, or moved by a document, it stands there since then.
	for again in ("followed", "reopened"):
		assert since(state, Moments(**PLAIN, **{again: date(2026, 4, 1)})) == date(2026, 4, 1)


@pytest.mark.rule("L3", "H5")
def test_a_check_that_lies_ahead_holds_up_its_own_step_alone() -> None:
	moments = Moments(date(2026, 3, 1), replied=date(2026, 3, 5), check_from=date(2026, 6, 1))
	assert since(rules.VERIFYING, moments) == date(2026, 6, 1)
	assert since(rules.CLOSING, moments) == date(2026, 3, 5)
	assert since(rules.CLOSED, moments) is None


@pytest.mark.parametrize(
	("days", "group"),
	[(0, "0–7"), (7, "0–7"), (8, "8–14"), (30, "15–30"), (31, "31–60"), (90, "61–90"), (91, ">90")],
)
def test_ages_fall_into_groups(days: int, group: str) -> None:
	assert age.age_group(days) == group


@pytest.mark.rule("H2", "H4", "H5")
def test_what_was_due_was_done_in_time_or_not() -> None:
	due, before, after = date(2026, 2, 28), date(2026, 2, 27), date(2026, 3, 1)
	assert age.timeliness(None, due, after) == ""
	assert age.timeliness(due, due, after) == age.IN_TIME
	assert age.timeliness(due, after, after) == age.LATE
	assert age.timeliness(due, None, due) == age.timeliness(due, None, before) == age.DUE
	assert age.timeliness(due, None, after) == age.OVERDUE


@pytest.mark.rule("H4")
def test_what_is_late_is_so_by_days_of_24_hours() -> None:
	due = datetime(2024, 2, 28, 12)
	# 2024-02-29 is a day as well: 2.5 days until the first of March at midnight.
	assert age.days_late(due, datetime(2024, 3, 2, 0), due) == 2.5
	assert age.days_late(due, None, datetime(2024, 2, 29, 12)) == 1
	assert age.days_late(due, due, datetime(2025, 1, 1)) is None
	assert age.days_late(None, None, due) is None
