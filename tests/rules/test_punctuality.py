"""Promised against actual delivery (E4, F5)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_customer.rules.punctuality import Delivery, Standing, first_promise, punctuality

DUE = date(2026, 12, 10)
TODAY = date(2026, 12, 15)


def left(day: int, quantity: int = 5) -> Delivery:
	return Delivery(date(2026, 12, day), Decimal(quantity))


@pytest.mark.rule("E4", "F5")
def test_a_line_is_delivered_when_the_last_piece_of_it_leaves() -> None:
	found = punctuality(DUE, DUE - timedelta(5), Decimal(5), [left(12, 3), left(8, 2)], TODAY)
	assert (found.first_on, found.last_on, found.complete_on) == (
		date(2026, 12, 8),
		date(2026, 12, 12),
		date(2026, 12, 12),
	)
	assert (found.standing, found.days, found.days_first) == (Standing.LATE, 2, 7)
	assert punctuality(DUE, DUE, Decimal(5), [left(10)], TODAY).standing is Standing.ON_TIME
	assert punctuality(DUE, DUE, Decimal(5), [left(7)], TODAY).days == -3


@pytest.mark.rule("F5")
def test_what_has_not_left_is_overdue_once_its_day_is_over() -> None:
	assert punctuality(DUE, DUE, Decimal(5), [left(9, 4)], DUE).standing is Standing.OPEN
	found = punctuality(DUE, DUE, Decimal(5), [left(9, 4)], TODAY)
	assert (found.standing, found.days, found.complete_on) == (Standing.OVERDUE, 5, None)
	assert punctuality(DUE, DUE, Decimal(5), [], TODAY, closed=True).standing is Standing.CLOSED
	assert punctuality(None, None, Decimal(5), [], TODAY).standing is Standing.OPEN


@pytest.mark.rule("E4")
def test_the_first_promise_is_the_date_before_the_earliest_shift() -> None:
	one, two, three = date(2026, 12, 1), date(2026, 12, 5), date(2026, 12, 9)
	assert first_promise(three, []) == three
	assert first_promise(three, [(one, two), (two, three)]) == one
	assert first_promise(three, [(three, three)]) == three


@pytest.mark.rule("F5")
@given(st.lists(st.tuples(st.integers(1, 28), st.integers(1, 5)), min_size=1, max_size=6))
def test_a_later_piece_never_makes_a_line_punctual(parts: list[tuple[int, int]]) -> None:
	deliveries = [left(day, quantity) for day, quantity in parts]
	total = sum((d.quantity for d in deliveries), Decimal())
	found = punctuality(DUE, DUE, total, deliveries, TODAY)
	assert found.complete_on == max(d.day for d in deliveries)
	assert (found.standing is Standing.LATE) == (found.complete_on > DUE)
