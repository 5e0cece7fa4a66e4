"""Delivery by the agreed method, and paid before dispatch where that is agreed (F1)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_customer.rules import delivery as d

pytestmark = pytest.mark.rule("F1")

SEA, AIR = d.Terms("Sea", "Cash", "30 Days"), d.Terms("Air", "Cash", "30 Days")
MONEY = st.decimals(0, 10**6, places=2)


def test_what_the_contract_says_passes_and_anything_else_does_not() -> None:
	order = d.OrderTerms("SO-1", SEA)
	assert not d.terms_refusals(SEA, [order])
	assert not d.terms_refusals(d.Terms(), [order])
	found = d.terms_refusals(d.Terms("Air", "Cheque", "60 Days"), [order])
	assert [r.args[0] for r in found] == ["Delivery Method", "Payment Method", "Payment Terms"]


def test_orders_with_different_terms_do_not_leave_together() -> None:
	orders = [d.OrderTerms("SO-1", SEA), d.OrderTerms("SO-2", AIR)]
	assert [r.args for r in d.terms_refusals(SEA, orders)] == [("Delivery Method", "SO-1, SO-2")]
	assert d.common(orders) == d.Terms("", "Cash", "30 Days")


def test_what_no_contract_says_is_not_compared() -> None:
	assert not d.terms_refusals(AIR, [d.OrderTerms("SO-1", d.Terms())])


@given(due=MONEY, paid=MONEY)
def test_goods_leave_once_the_part_is_paid(due: Decimal, paid: Decimal) -> None:
	order = d.OrderTerms("SO-1", SEA, due, "CNY")
	assert bool(d.payment_refusals([order], {"SO-1": paid})) == (paid + d.ROUNDING < due)


@given(amounts=st.lists(MONEY, max_size=5))
def test_what_is_paid_back_does_not_count(amounts: list[Decimal]) -> None:
	order = d.OrderTerms("SO-1", SEA, Decimal(1), "CNY")
	receipts = [d.Receipt("SO-1", sign * a, "CNY") for a in amounts for sign in (1, -1)]
	assert not any(d.paid([order], receipts).values())


def test_company_currency_counts_at_the_rate_of_the_order() -> None:
	order = d.OrderTerms("SO-1", SEA, Decimal(100), "USD", Decimal(7))
	receipts = [d.Receipt("SO-1", Decimal(350), "CNY"), d.Receipt("SO-1", Decimal(50), "USD")]
	assert d.paid([order], receipts) == {"SO-1": Decimal(100)}


def test_an_invoice_of_several_orders_is_shared_by_what_it_bills() -> None:
	found = d.shares([("I", "A", Decimal(30)), ("I", "B", Decimal(60)), ("I", "", Decimal(10))])
	assert found == {"I": {"A": Decimal("0.3"), "B": Decimal("0.6")}}
	assert d.shares([("I", "A", Decimal())]) == {}
	back = d.shares([("R", "A", Decimal(-30))])
	assert back == {"R": {"A": Decimal(1)}}


def test_a_journal_entry_counts_as_far_as_money_moved() -> None:
	def line(amount: int) -> d.JournalLine:
		return d.JournalLine("J", ("Sales Order", "A"), Decimal(amount), "CNY", Decimal(amount))

	assert [x.amount for x in d.settled([line(100)], {"J": Decimal(100)})] == [100]
	assert [x.amount for x in d.settled([line(100)], {"J": Decimal(40)})] == [40]
	assert d.settled([line(100)], {}) == []
	assert [x.amount for x in d.settled([line(-100)], {"J": Decimal(-100)})] == [-100]
	assert d.settled([line(100), line(-100)], {}) == []
