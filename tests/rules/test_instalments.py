"""An invoice asks for the instalments that its order agreed (F1)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_customer.rules import delivery as d
from qms_customer.rules import instalments as i

pytestmark = pytest.mark.rule("F1")

DAY = "Day(s) after invoice date"
DAY_OF_MONTH = "Day(s) after the end of the invoice month"
MONTH = "Month(s) after the end of the invoice month"
ORDERED, TODAY = date(2026, 3, 1), date(2026, 5, 20)
DATES = i.Dates(ORDERED, TODAY, TODAY)


def counted(portion: int, days: int, term: str = "", **values: object) -> i.Instalment:
	due = ORDERED + timedelta(days=days)
	return i.Instalment(due, Decimal(portion), term=term, counted_from=DAY, days=days, **values)


def fixed(portion: int, day: date, **values: object) -> i.Instalment:
	return i.Instalment(day, Decimal(portion), **values)


PREPAID = (counted(40, 0, "Advance"), counted(60, 30, "Rest", mode="Cheque"))
FIXED = (fixed(50, date(2026, 6, 1)), fixed(50, date(2026, 7, 1)))


def altered(schedule: i.Schedule, **values: object) -> i.Schedule:
	"""The second instalment, as somebody writes it over."""
	return (schedule[0], replace(schedule[1], **values))


def test_what_was_agreed_passes() -> None:
	for schedule in (PREPAID, FIXED):
		assert i.as_agreed(i.due(schedule, DATES), schedule, DATES)
		assert i.as_agreed(i.due(schedule, DATES)[::-1], schedule, DATES)
	assert i.as_agreed((), PREPAID, DATES)


@pytest.mark.parametrize(
	"values",
	[
		{"due": TODAY + timedelta(days=60)},
		{"due": TODAY + timedelta(days=20)},
		{"portion": Decimal(50)},
		{"term": "Other"},
		{"mode": "Cash"},
		{"discount": Decimal(2), "discount_until": TODAY},
	],
)
def test_what_somebody_wrote_over_does_not(values: dict) -> None:
	assert not i.as_agreed(altered(i.due(PREPAID, DATES), **values), PREPAID, DATES)


def test_nor_another_number_of_instalments() -> None:
	assert not i.as_agreed(i.due(PREPAID, DATES)[:1], PREPAID, DATES)
	assert not i.as_agreed(i.due(FIXED, DATES)[:1], PREPAID, DATES)


def test_a_name_that_is_left_out_says_nothing() -> None:
	written = i.due(PREPAID, DATES)
	assert i.as_agreed(altered(written, term=""), PREPAID, DATES)
	assert not i.as_agreed(altered(written, mode=""), PREPAID, DATES)


def test_a_draft_that_is_dated_later_keeps_its_dates() -> None:
	written = i.due(PREPAID, DATES)
	later = replace(DATES, posted=TODAY + timedelta(days=3))
	assert i.as_agreed(written, PREPAID, later)
	assert not i.as_agreed(altered(written, due=written[1].due - timedelta(days=1)), PREPAID, later)


def test_fixed_dates_are_kept_until_they_have_passed() -> None:
	assert [x.due for x in i.due(FIXED, DATES)] == [date(2026, 6, 1), date(2026, 7, 1)]
	late = i.Dates(ORDERED, date(2026, 8, 1), date(2026, 8, 1))
	written = i.due(FIXED, late)
	assert [x.due for x in written] == [date(2026, 8, 1), date(2026, 8, 2)]
	assert i.as_agreed(written, FIXED, late)
	assert i.as_agreed(FIXED, FIXED, late)
	assert not i.as_agreed(altered(written, due=date(2026, 9, 1)), FIXED, late)
	assert not i.as_agreed(altered(FIXED, due=date(2026, 7, 2)), FIXED, DATES)


def test_a_date_set_by_hand_on_the_order_holds_too() -> None:
	order = altered(PREPAID, due=date(2026, 9, 30))
	written = i.due(order, DATES)
	assert i.as_agreed(written, order, DATES)
	assert i.as_agreed(altered(written, due=date(2026, 9, 30)), order, DATES)
	assert not i.as_agreed(altered(written, due=PREPAID[1].due), PREPAID, DATES)


def test_the_end_of_the_month_counts_from_the_invoice() -> None:
	for counted_from, days, months, due in (
		(DAY_OF_MONTH, 15, 0, date(2026, 6, 15)),
		(MONTH, 0, 2, date(2026, 7, 31)),
	):
		order = (
			i.Instalment(
				ORDERED, Decimal(100), term="T", counted_from=counted_from, days=days, months=months
			),
		)
		assert [x.due for x in i.due(order, DATES)] == [due]
		assert not i.as_agreed((replace(order[0], due=due + timedelta(days=1)),), order, DATES)


def test_amounts_are_shares_of_the_whole() -> None:
	order = tuple(
		replace(x, portion=Decimal(), amount=Decimal(a)) for x, a in zip(FIXED, (100, 200), strict=True)
	)
	part = tuple(replace(x, amount=Decimal(a)) for x, a in zip(order, ("16.67", "33.33"), strict=True))
	assert i.as_agreed(part, order, DATES)
	assert i.as_agreed(i.due(order, DATES), order, DATES)
	assert not i.as_agreed(altered(part, amount=Decimal("40")), order, DATES)


def test_discounts() -> None:
	off = {"discount": Decimal(2), "discount_from": DAY, "discount_days": 10}
	order = (counted(100, 30, "Skonto", **off, discount_until=date(2026, 3, 11)),)
	(written,) = i.due(order, DATES)
	assert written.discount_until == TODAY + timedelta(days=10)
	assert i.as_agreed((written,), order, DATES)
	for values in (
		{"discount": Decimal(3)},
		{"discount": Decimal()},
		{"discount_type": "Amount"},
		{"discount_until": None},
		{"discount_until": TODAY + timedelta(days=11)},
	):
		assert not i.as_agreed((replace(written, **values),), order, DATES)
	by_hand = replace(FIXED[0], portion=Decimal(100), discount=Decimal(2), discount_until=date(2026, 5, 25))
	assert i.as_agreed((by_hand,), (by_hand,), DATES)
	# ERPNext copies neither this date nor an amount.
	assert i.as_agreed((replace(by_hand, discount_until=None),), (by_hand,), DATES)
	amount = replace(by_hand, discount_type="Amount")
	assert i.as_agreed((replace(by_hand, discount=Decimal()),), (amount,), DATES)
	undated = replace(by_hand, discount_until=None)
	assert not i.as_agreed((by_hand,), (undated,), DATES)


def test_what_nobody_agreed_is_not_compared() -> None:
	assert i.agreed([fixed(100, ORDERED)], ORDERED) == i.agreed([], ORDERED) == ()
	assert i.agreed([fixed(100, ORDERED, term="T")], ORDERED)
	assert i.agreed(FIXED, ORDERED) == FIXED
	placeholder = d.OrderTerms("SO-1", d.Terms(), schedule=(fixed(100, ORDERED),), ordered=ORDERED)
	assert not d.schedule_refusals(PREPAID, [placeholder], TODAY, TODAY)
	assert d.common_schedule([placeholder]) == d.common_schedule([]) == ()


def test_discounts_are_those_agreed_where_the_term_is_the_same() -> None:
	agreed = altered(PREPAID, discount=Decimal(2))
	assert i.with_discounts_of(agreed, altered(agreed, discount=Decimal(5))) == agreed
	other = altered(agreed, discount=Decimal(5), term="Other")
	assert i.with_discounts_of(agreed, other) == other
	assert i.with_discounts_of(agreed, other[:1]) == other[:1]


def test_one_instalment_at_a_later_date_is_agreed() -> None:
	later = (fixed(100, date(2026, 6, 30)),)
	assert i.agreed(later, ORDERED) == later
	order = d.OrderTerms("SO-1", d.Terms(), schedule=later, ordered=ORDERED)
	assert not d.schedule_refusals(later, [order], TODAY, TODAY)
	for day in (TODAY, date(2027, 3, 1)):
		assert d.schedule_refusals((fixed(100, day),), [order], TODAY, TODAY)


def test_what_is_paid_at_once_is_paid_where_instalments_were_agreed() -> None:
	order = d.OrderTerms("SO-1", d.Terms(), schedule=PREPAID, ordered=ORDERED)
	nothing = d.OrderTerms("SO-2", d.Terms(), schedule=(fixed(100, ORDERED),), ordered=ORDERED)
	assert not d.at_once_refusals(Decimal(0), [order])
	assert not d.at_once_refusals(Decimal(-1), [order])
	assert not d.at_once_refusals(Decimal(500), [nothing])
	(refusal,) = d.at_once_refusals(Decimal(500), [nothing, order])
	assert refusal.args == ("500", "SO-1")


def test_orders_on_other_terms_are_billed_apart() -> None:
	one, two = (d.OrderTerms(n, d.Terms(), schedule=s) for n, s in (("A", PREPAID), ("B", FIXED)))
	again = d.OrderTerms("C", d.Terms(), schedule=tuple(replace(x, due=TODAY) for x in PREPAID))
	assert d.common_schedule([one, again]) == PREPAID
	assert not d.schedule_refusals(i.due(PREPAID, DATES), [one, again], TODAY, TODAY)
	(refusal,) = d.schedule_refusals(i.due(PREPAID, DATES), [one, two], TODAY, TODAY)
	assert refusal.args == ("Payment schedule", "A, B")


def test_the_refusal_says_both() -> None:
	order = d.OrderTerms("A", d.Terms(), schedule=PREPAID, ordered=ORDERED)
	(refusal,) = d.schedule_refusals((fixed(100, TODAY),), [order], TODAY, TODAY)
	assert refusal.args == (
		"A",
		"40.00% 2026-05-20 Advance; 60.00% 2026-06-19 Rest Cheque",
		"100.00% 2026-05-20",
	)
	off = counted(100, 30, discount=Decimal(2), discount_until=TODAY)
	assert i.text([off]) == "100.00% 2026-03-31 −2% ≤ 2026-05-20"


DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31))
INSTALMENTS = st.builds(
	i.Instalment,
	due=DAYS,
	portion=st.just(Decimal(25)),
	term=st.sampled_from(("", "A", "B")),
	counted_from=st.sampled_from(("", DAY, DAY_OF_MONTH, MONTH)),
	days=st.integers(0, 90),
	months=st.integers(0, 12),
)


@given(st.lists(INSTALMENTS, min_size=1, max_size=4), DAYS, DAYS)
def test_what_is_filled_in_always_passes(rows: list[i.Instalment], ordered: date, posted: date) -> None:
	dates = i.Dates(ordered, posted, posted)
	filled = i.due(rows, dates)
	assert i.as_agreed(filled, rows, dates)
	assert len({x.due for x in filled}) == len(filled)
	assert all(x.due >= posted for x in filled)


@given(INSTALMENTS, DAYS, DAYS, st.integers(1, 400))
def test_later_than_agreed_never_passes(row: i.Instalment, ordered: date, posted: date, late: int) -> None:
	row = replace(row, portion=Decimal(100), term="A", counted_from=row.counted_from or DAY)
	dates = i.Dates(None, posted, posted)
	(written,) = i.due((row,), dates)
	assert not i.as_agreed((replace(written, due=written.due + timedelta(days=late)),), (row,), dates)
