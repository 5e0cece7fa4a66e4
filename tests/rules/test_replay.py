"""The replay's arithmetic: the same rules, other limits exactly, assumptions only where nothing is known."""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path as File

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_customer.rules import classification, people
from qms_customer.rules import replay as r
from qms_customer.rules.aspects import DEPARTMENTS, PMC, PURCHASING, QUALITY, SALES
from qms_customer.rules.classification import (
	Facts,
	Line,
	Path,
	Price,
	Standard,
	Thresholds,
	Verdict,
	classify,
)

DAY = date(2025, 3, 14)
ALL = frozenset(r.NEEDED)
LIMITS = Thresholds(Decimal(5000), Decimal(100), Decimal(200000), Decimal(1000))


def order(
	amount: int | None = 10000,
	quantity: int = 10,
	absent: frozenset[str] = ALL - {r.AMOUNT, r.RATE, r.DUE, r.PAYMENT_TERMS},
	day: date = DAY,
	**values,
) -> r.PastOrder:
	"""An order as a plain ERPNext exports it."""
	line = Line("PUMP", Decimal(quantity), due=day + timedelta(days=30), **values.pop("line", {}))
	facts = Facts(
		today=day,
		lines=[line],
		prices=[Price("PUMP", Decimal(1000))],
		packaging="",
		payment_terms=values.pop("payment_terms", "30 days"),
		payment_method="",
		delivery_method="",
		special=values.pop("special", ()),
		amount=None if amount is None else Decimal(amount),
		quantity=Decimal(quantity),
	)
	return r.PastOrder(values.pop("name", "SO-1"), facts, absent, **values)


def replay(
	*orders: r.PastOrder, limits: Thresholds = LIMITS, assumptions: r.Assumptions = r.IN_ORDER
) -> r.Replay:
	found = r.Replay(limits, DEPARTMENTS, assumptions)
	for o in orders:
		found.add(o)
	return found


@pytest.mark.rule("B2")
def test_as_it_stands_unknown_is_not_met() -> None:
	found = r.judge(order(), LIMITS)
	assert found.path is Path.CONVENED and not found.routine
	assert {c.verdict for c in found.criteria} == {Verdict.UNKNOWN}
	assert r.reasons(found) == {
		("a", "Unknown", "No enterprise standard is recorded for an item"),
		("b", "Unknown", "No lead time is recorded for an item"),
		("c", "Unknown", "Packaging is not stated"),
		("c", "Unknown", "Payment method is not stated"),
		("c", "Unknown", "Delivery method is not stated"),
	}


@pytest.mark.rule("B1")
def test_with_everything_in_order_it_is_routine() -> None:
	assert r.judge(order(), LIMITS, r.IN_ORDER).path is Path.CIRCULATED
	assert r.judge(order(), LIMITS, replace(r.IN_ORDER, in_stock=True)).path is Path.SALES
	assert r.judge(order(1000), LIMITS, r.IN_ORDER).path is Path.SIGNATURE
	assert r.judge(order(200000), LIMITS, r.IN_ORDER).path is Path.CONVENED


@pytest.mark.rule("B2")
def test_an_assumption_does_not_replace_what_the_source_says() -> None:
	"""An empty field of a column that is there is evidence; so are a late date and an item without price."""
	assert r.judge(order(payment_terms=""), LIMITS, r.IN_ORDER).path is Path.CONVENED
	late = order(absent=ALL - {r.LEAD_TIME, r.DUE, r.PAYMENT_TERMS}, line={"lead_time_days": 31})
	assert r.reasons(r.judge(late, LIMITS, r.IN_ORDER)) == {
		("b", "Not Met", "The lead time of an item ends after the delivery date")
	}
	unknown_item = order(absent=ALL - {r.LEAD_TIME, r.DUE, r.PAYMENT_TERMS})
	assert r.judge(unknown_item, LIMITS, r.IN_ORDER).path is Path.CONVENED
	free = order(absent=ALL - {r.STOCK, r.PAYMENT_TERMS}, line={"free": Decimal(0)})
	assert not r.judge(free, LIMITS, replace(r.IN_ORDER, in_stock=True)).in_stock
	none = order(quantity=0)
	assert r.judge(none, LIMITS, r.IN_ORDER).path is Path.CONVENED


def test_a_lead_time_can_be_assumed() -> None:
	a = replace(r.IN_ORDER, within_capacity=False, lead_time_days=30)
	assert r.judge(order(), LIMITS, a).path is Path.CIRCULATED
	assert r.judge(order(), LIMITS, replace(a, lead_time_days=31)).path is Path.CONVENED
	assert r.judge(order(), LIMITS, replace(a, lead_time_days=None)).path is Path.CONVENED
	# What is assumed about capacity does not outweigh a lead time that is assumed to be too long.
	assert r.judge(order(), LIMITS, replace(r.IN_ORDER, lead_time_days=31)).path is Path.CONVENED


@pytest.mark.rule("C3", "C4", "C9")
def test_who_reviews_and_who_decides() -> None:
	found = replay(order(1000), order(), order(), order(300000), order(None))
	assert found.paths == {Path.SIGNATURE: 1, Path.CIRCULATED: 2, Path.CONVENED: 2}
	opinions = found.opinions()
	assert opinions[SALES] == opinions[QUALITY] == 4
	assert opinions[PMC] == opinions[PURCHASING] == 2
	assert found.decisions() == {people.GENERAL_MANAGER: 2, people.SALES_VP: 2, "": 1}
	assert list(found.decisions()) == [people.GENERAL_MANAGER, people.SALES_VP, ""]
	assert found.strict_paths == {Path.CONVENED: 5} and found.strict_non_routine == 5
	assert found.stocked_paths == {Path.SIGNATURE: 1, Path.SALES: 2, Path.CONVENED: 2}
	assert found.value == Decimal(321000) and found.value_unknown == 1
	assert found.large == 2


def test_months_without_an_order_are_there() -> None:
	found = replay(order(day=date(2024, 11, 30)), order(day=date(2025, 2, 1)), order(day=date(2025, 2, 2)))
	assert found.all_months() == ["2024-11", "2024-12", "2025-01", "2025-02"]
	assert found.busiest({m: c.total() for m, c in found.months.items()}) == ("2025-02", 2)
	assert replay().all_months() == [] and replay().busiest({}) == ("", 0)


def test_the_only_thing_that_stands_against() -> None:
	found = replay(order(300000), order(payment_terms=""), order(300000, payment_terms=""))
	large, terms = (
		("size", "Not Met", "Large: at or above a limit"),
		("c", "Unknown", "Payment terms are not stated"),
	)
	assert found.reasons == {large: 2, terms: 2}
	assert found.alone == {large: 1, terms: 1}


def test_the_largest_orders() -> None:
	found = replay(
		*[order(n * 1000, name=f"SO-{n}") for n in (5, 30, 7, 2, 11, 12, 13, 1, 40, 50, 60, 70)], order(None)
	)
	names = [entry.name for entry in found.largest_first()]
	assert names == [f"SO-{n}" for n in (70, 60, 50, 40, 30, 13, 12, 11, 7, 5)]


def test_groups_and_items() -> None:
	found = replay(order(group="Hospitals"), order(300000, group="Hospitals"), order(group="Dealers"))
	assert (found.groups["Hospitals"].orders, found.groups["Hospitals"].convened) == (2, 1)
	assert (found.items["PUMP"].orders, found.items["PUMP"].quantity) == (3, 30)


def test_every_title_belongs_to_a_message() -> None:
	"""Titles of messages that the rules no longer give are found here."""
	source = ast.parse(File(classification.__file__).read_text(encoding="utf-8"))
	said = {n.value for n in ast.walk(source) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
	assert set(r.REASONS) <= said
	assert {r._REPEATS} <= said


amounts = st.one_of(st.none(), st.integers(0, 3000).map(lambda n: n * 100))
plain_orders = st.builds(
	order,
	amount=amounts,
	quantity=st.integers(0, 2000),
	payment_terms=st.sampled_from(["", "30 days"]),
	special=st.sampled_from([(), ("Packaging",)]),
	absent=st.sampled_from([ALL - {r.PAYMENT_TERMS}, ALL, frozenset(), ALL - {r.STOCK}]),
	line=st.fixed_dictionaries(
		{
			"free": st.sampled_from([None, Decimal(0), Decimal(5000)]),
			"lead_time_days": st.sampled_from([None, 0, 10, 60]),
			"standard": st.sampled_from([None, Standard("Q/1", "A", date(2020, 1, 1), None)]),
		}
	),
)
limit = st.sampled_from([None, *map(Decimal, (1, 50, 100, 1000, 5000, 20000, 200000, 10**9))])
all_limits = st.builds(Thresholds, limit, limit, limit, limit)


@pytest.mark.rule("C4", "C5")
@given(st.lists(plain_orders, max_size=12), all_limits, all_limits)
def test_other_limits_are_counted_exactly(orders, current, other) -> None:
	"""What the counts say of other limits is what the rules say of each order with them."""
	found = replay(*orders, limits=current)
	assert found.paths_with(other) == Counter(r.judge(o, other, r.IN_ORDER).path for o in orders)
	assert found.paths_with(current) == found.paths
	for what in ("amount", "quantity"):
		for trial in r.try_large(found, what):
			limits = replace(current, **{f"large_{what}": trial.limit})
			assert trial.paths == Counter(r.judge(o, limits, r.IN_ORDER).path for o in orders)
			values = [getattr(o.facts, what) for o in orders]
			reached = sum(v is None or v >= trial.limit for v in values) if trial.limit is not None else 0
			assert trial.reached == reached
	amount_steps, quantity_steps, counts = r.try_small(found)
	for i, amount in enumerate(amount_steps):
		for j, quantity in enumerate(quantity_steps):
			limits = replace(current, small_amount=amount, small_quantity=quantity)
			assert counts[i][j] == sum(r.judge(o, limits, r.IN_ORDER).path is Path.SIGNATURE for o in orders)


@pytest.mark.rule("B2")
@given(plain_orders, all_limits, st.booleans())
def test_an_assumption_never_adds_scrutiny_and_never_helps_what_is_known(o, limits, stocked) -> None:
	strict = classify(o.facts, limits)
	assert r.judge(o, limits) == strict
	found = r.judge(o, limits, replace(r.IN_ORDER, in_stock=stocked))
	assert found.path.rank <= strict.path.rank
	for before, after in zip(strict.criteria, found.criteria, strict=True):
		if before.verdict is Verdict.NOT_MET and not (before.code == "b" and stocked and r.STOCK in o.absent):
			assert after.verdict is not Verdict.MET
	if not o.absent:
		assert found == strict


@given(plain_orders, all_limits, st.sampled_from((r.IN_ORDER, r.NOTHING)))
def test_everything_in_stock_is_judged_in_full(o, limits, assumptions) -> None:
	"""Where stock is left out of account as it cannot matter, judging all of it again finds the same."""
	stocked = r.judge(o, limits, replace(assumptions, in_stock=True))
	assert replay(o, limits=limits, assumptions=assumptions).stocked_paths == {stocked.path: 1}


@given(st.lists(plain_orders, max_size=12))
def test_the_parts_add_up(orders) -> None:
	found = replay(*orders)
	assert found.paths.total() == found.orders == found.strict_paths.total() == found.stocked_paths.total()
	assert sum((c for c in found.months.values()), Counter()) == found.paths
	assert sum(found.decisions().values()) == found.orders
	assert sum(t.orders for t in found.groups.values()) == found.orders
	assert found.paths[Path.CONVENED] >= found.non_routine
	assert found.strict_non_routine >= found.non_routine


def test_a_limit_that_was_not_prepared_is_refused() -> None:
	with pytest.raises(ValueError, match="1234"):
		replay().paths_with(Thresholds(large_amount=Decimal(1234)))
	found = r.Replay(LIMITS, DEPARTMENTS, try_amounts=[Decimal(1234)])
	assert found.paths_with(Thresholds(large_amount=Decimal(1234))) == {}
