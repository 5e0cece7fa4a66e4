"""When complaints are a signal: counts, rates, the exact test against hand-computed numbers."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_customer.rules import signals as rules
from qms_customer.rules.signals import Complaint, Delivery, Key, Limits, Standing, Tally

TODAY = date(2026, 6, 30)
LIMITS = Limits()
WINDOW, BEFORE = rules.periods(TODAY, LIMITS)


def tally(count: int, delivered: float, references: int, reference_delivered: float) -> Tally:
	names = tuple(f"C{n}" for n in range(count))
	return Tally(Key(rules.PRODUCT, "P"), names, delivered, references, reference_delivered)


def found(complaints: list[Complaint], deliveries: list[Delivery]) -> dict[Key, Tally]:
	return {t.key: t for t in rules.tallies(complaints, deliveries, WINDOW, BEFORE)}


def at(days_ago: int) -> date:
	return TODAY - timedelta(days=days_ago)


# Periods


@pytest.mark.rule("H8")
def test_h8_window_and_reference_touch_and_do_not_overlap() -> None:
	assert (WINDOW.first, WINDOW.last) == (date(2026, 4, 2), TODAY)
	assert (BEFORE.first, BEFORE.last) == (date(2025, 4, 2), date(2026, 4, 1))
	assert (WINDOW.last - WINDOW.first).days + 1 == 90
	assert (BEFORE.last - BEFORE.first).days + 1 == 365


# Counting


@pytest.mark.rule("H8")
def test_h8_product_cause_and_customer_are_compared_with_their_past() -> None:
	complaints = [
		Complaint("C1", at(1), "P", "B1", "A01", "Hospital"),
		Complaint("C2", at(89), "P", "", "A01", "Clinic"),
		Complaint("C3", at(90), "P", "B1", "A01", "Hospital"),
		Complaint("C4", at(455), "P", "B1", "A01", "Hospital"),
		Complaint("C5", at(-1), "P", "B1", "A01", "Hospital"),
	]
	deliveries = [
		Delivery(at(10), 100, "P", "B1", "Hospital"),
		Delivery(at(10), 50, "Q", "", "Clinic"),
		Delivery(at(100), 400, "P", "B2", "Hospital"),
		Delivery(at(100), 7, "P", "B1", "Clinic"),
		Delivery(at(500), 999, "P", "B1", "Hospital"),
		Delivery(at(10), -30, "P", "B1", "Hospital"),
	]
	groups = found(complaints, deliveries)
	assert groups[Key(rules.PRODUCT, "P")] == Tally(Key(rules.PRODUCT, "P"), ("C1", "C2"), 100, 1, 407)
	assert groups[Key(rules.CAUSE, "A01")] == Tally(Key(rules.CAUSE, "A01"), ("C1", "C2"), 150, 1, 407)
	assert groups[Key(rules.CUSTOMER, "Hospital")] == Tally(
		Key(rules.CUSTOMER, "Hospital"), ("C1",), 100, 1, 400
	)


@pytest.mark.rule("H8")
def test_h8_a_batch_is_compared_with_the_other_batches_of_its_product() -> None:
	complaints = [
		*(Complaint(f"B1-{n}", at(n), "P", "B1") for n in (1, 2)),
		Complaint("B1-old", at(200), "P", "B1"),
		Complaint("B2", at(300), "P", "B2"),
		Complaint("unknown batch", at(3), "P"),
		Complaint("other product", at(3), "Q", "B1"),
	]
	deliveries = [
		Delivery(at(210), 100, "P", "B1"),
		Delivery(at(310), 300, "P", "B2"),
		Delivery(at(310), 50, "P"),
		Delivery(at(310), 10, "Q", "B1"),
	]
	groups = found(complaints, deliveries)
	key = Key(rules.BATCH, "B1", "P")
	assert groups[key] == Tally(key, ("B1-1", "B1-2", "B1-old"), 100, 2, 350)
	assert groups[Key(rules.BATCH, "B1", "Q")].delivered == 10
	# Only old complaints: nothing happens now.
	assert Key(rules.BATCH, "B2", "P") not in groups


@pytest.mark.rule("H8")
def test_h8_what_is_not_known_is_no_group() -> None:
	assert found([Complaint("C1", at(1))], []) == {}


@pytest.mark.rule("H8")
def test_h8_rates_per_1000_and_none_where_nothing_was_delivered() -> None:
	assert rules.rate(3, 1500) == 2
	assert rules.rate(0, 10) == 0
	assert rules.rate(3, 0) is None


# The test, by hand


def by_hand(count: int, references: int, share: Fraction) -> Fraction:
	"""P(X >= count) of a binomial of count + references, summed as a fraction."""
	n = count + references
	return sum(
		(comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(count, n + 1)), start=Fraction()
	)


@pytest.mark.rule("H8")
@pytest.mark.parametrize(
	("count", "delivered", "references", "reference_delivered", "expected"),
	[
		# One of one, half of the deliveries: a coin.
		(1, 100, 0, 100, 1 / 2),
		# Three of three with a fifth of the deliveries: (1/5)^3.
		(3, 250, 0, 1000, 0.008),
		# Five of five: (1/5)^5 = 0.00032, the first below 0.00135 without any complaint before.
		(5, 250, 0, 1000, 0.00032),
		# Two or more of three, half each: (3 + 1)/8.
		(2, 10, 1, 10, 1 / 2),
		# Four or more of five with a quarter: 5 * (1/4)^4 * 3/4 + (1/4)^5 = 16/1024.
		(4, 100, 1, 300, 16 / 1024),
		(0, 10, 5, 10, 1),
	],
)
def test_h8_the_probability_as_computed_by_hand(
	count: int, delivered: float, references: int, reference_delivered: float, expected: float
) -> None:
	assert rules.chance(count, delivered, references, reference_delivered) == pytest.approx(
		expected, rel=1e-12
	)


@pytest.mark.rule("H8")
def test_h8_nothing_delivered_is_nothing_to_compare_with() -> None:
	assert rules.chance(5, 0, 0, 100) is None
	assert rules.chance(5, 100, 0, 0) is None
	assert rules.limit(tally(5, 100, 0, 0), LIMITS) is None
	assert rules.crossed(tally(50, 100, 0, 0), LIMITS) == ()
	# The number that is configured needs no deliveries.
	assert rules.crossed(tally(5, 0, 0, 0), Limits(number=5)) == (rules.NUMBER,)


@pytest.mark.rule("H8")
@given(
	st.integers(1, 60),
	st.integers(0, 60),
	st.integers(1, 10_000),
	st.integers(1, 10_000),
)
def test_h8_the_library_computes_the_exact_sum(
	count: int, references: int, delivered: int, reference_delivered: int
) -> None:
	exact = by_hand(count, references, Fraction(delivered, delivered + reference_delivered))
	assert rules.chance(count, delivered, references, reference_delivered) == pytest.approx(
		float(exact), rel=1e-9, abs=1e-300
	)


@pytest.mark.rule("H8")
@given(
	st.integers(0, 200),
	st.integers(0, 200),
	st.floats(0.5, 1e6),
	st.floats(0.5, 1e6),
	st.floats(1, 100),
)
def test_h8_more_complaints_are_less_probable_and_more_deliveries_more(
	count: int, references: int, delivered: float, reference_delivered: float, factor: float
) -> None:
	p = rules.chance(count, delivered, references, reference_delivered)
	tiny = 1e-12
	assert 0 <= p <= 1
	assert rules.chance(count + 1, delivered, references, reference_delivered) <= p + tiny
	assert rules.chance(count, delivered, references + 1, reference_delivered) >= p - tiny
	assert rules.chance(count, delivered * factor, references, reference_delivered) >= p - tiny
	# Units do not matter: boxes or pieces.
	assert rules.chance(count, delivered * factor, references, reference_delivered * factor) == pytest.approx(
		p, rel=1e-6, abs=1e-12
	)


@pytest.mark.rule("H8")
@given(st.integers(0, 40), st.integers(0, 40), st.floats(1, 1e5), st.floats(1, 1e5), st.integers(1, 5))
def test_h8_the_limit_is_the_first_number_that_crosses(
	count: int, references: int, delivered: float, reference_delivered: float, least: int
) -> None:
	given_limits = Limits(least=least)
	limit = rules.limit(tally(count, delivered, references, reference_delivered), given_limits)
	assert limit is not None
	for n in {max(0, limit - 1), limit, limit + 1, count}:
		signal = rules.STATISTICAL in rules.crossed(
			tally(n, delivered, references, reference_delivered), given_limits
		)
		assert signal is (n >= limit)


@pytest.mark.rule("H8")
def test_h8_the_limit_by_hand() -> None:
	# A fifth of the deliveries and no complaint before: (1/5)^4 = 0.0016 is none, (1/5)^5 is.
	assert rules.limit(tally(0, 250, 0, 1000), LIMITS) == 5
	# Half of the deliveries: (1/2)^9 = 0.00195, (1/2)^10 = 0.00098.
	assert rules.limit(tally(0, 100, 0, 100), LIMITS) == 10
	# So improbable that one would do: the least that is configured counts.
	assert rules.limit(tally(0, 1, 0, 1_000_000), LIMITS) == 3


@pytest.mark.rule("H8")
def test_h8_a_site_sets_a_number_and_a_rate() -> None:
	one = tally(4, 1000, 40, 10_000)
	assert rules.crossed(one, LIMITS) == ()
	assert rules.crossed(one, Limits(number=4)) == (rules.NUMBER,)
	assert rules.crossed(one, Limits(number=5)) == ()
	assert rules.crossed(one, Limits(rate=4)) == (rules.RATE,)
	assert rules.crossed(one, Limits(rate=4.01)) == ()
	assert rules.crossed(tally(30, 1000, 40, 10_000), Limits(number=4, rate=4)) == rules.METHODS


@pytest.mark.rule("H8")
def test_h8_false_signals_are_as_rare_as_configured() -> None:
	"""Of all ways in which 30 complaints fall on two equal halves, at most 0.135 % are a signal."""
	n = 30
	signals = sum(
		comb(n, k)
		for k in range(n + 1)
		if rules.STATISTICAL in rules.crossed(tally(k, 100, n - k, 100), LIMITS)
	)
	assert 0 < Fraction(signals, 2**n) <= Fraction("0.00135")


@pytest.mark.rule("H8")
@pytest.mark.parametrize(
	("limits", "right"),
	[
		(Limits(), True),
		(Limits(window_days=0), False),
		(Limits(reference_days=-1), False),
		(Limits(probability=0), False),
		(Limits(probability=0.6), False),
		(Limits(least=0), False),
		(Limits(number=-1), False),
		(Limits(rate=-1), False),
	],
)
def test_h8_settings_that_say_nothing_are_refused(limits: Limits, right: bool) -> None:
	assert (not rules.limits_refusals(limits)) is right


# What becomes of it


@pytest.mark.rule("H8")
def test_h8_a_group_has_one_open_signal_and_after_its_assessment_only_new_complaints_count() -> None:
	one = tally(3, 1, 0, 1)
	names = frozenset(one.complaints)
	assert rules.step(one, None) == rules.OPENED
	assert rules.step(one, Standing(rules.OPEN, names)) == rules.NOTHING
	assert rules.step(one, Standing(rules.OPEN, names - {"C0"})) == rules.GROWN
	assert rules.step(one, Standing(rules.ASSESSED, names)) == rules.NOTHING
	assert rules.step(one, Standing(rules.ASSESSED, names | {"older"})) == rules.NOTHING
	assert rules.step(one, Standing(rules.ASSESSED, names - {"C0"})) == rules.OPENED


@pytest.mark.rule("H8")
def test_h8_an_assessment_says_what_comes_of_it_and_happens_once() -> None:
	assert not rules.assessment_refusals(rules.OPEN, rules.CHANCE, "Two hospitals, two causes")
	assert len(rules.assessment_refusals(rules.ASSESSED, "", "/")) == 3


@pytest.mark.rule("H8")
@pytest.mark.parametrize(
	("outcome", "actions", "status"),
	[
		("", (), rules.OPEN),
		(rules.WATCHED, (), rules.ASSESSED),
		(rules.CHANCE, (), rules.ASSESSED),
		(rules.ACTION, (), rules.ACTING),
		(rules.ACTION, (True, False), rules.ACTING),
		(rules.ACTION, (False, False), rules.ASSESSED),
	],
)
def test_h8_action_needed_waits_until_all_of_it_is_done(
	outcome: str, actions: tuple[bool, ...], status: str
) -> None:
	assert rules.status(outcome, actions) == status
