"""What production notices may say, what they cover, and how far production is (A7, D3, D4, M1)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_customer.rules import production as rules
from qms_customer.rules.production import Demand, Design, Line, Part, Work

TODAY = date(2026, 11, 26)
NOW = datetime(2026, 11, 26, 12)
quantities = st.decimals(min_value=0, max_value=1000, places=3)


def said(found: list) -> str:
	return " ".join(f"{r.rule}: {r.message.format(*r.args)}" for r in found)


def line(quantity: str | D = "5", item: str = "pump", row: str = "r1", number: int = 1, **values) -> Line:
	return Line(number, row, item, D(quantity), **values)


PARTS = [Part("r1", "pump", D(5), date(2026, 12, 1)), Part("r2", "set", D(10))]


# D3


@pytest.mark.rule("D3")
def test_a_notice_says_what_the_order_asks_for() -> None:
	assert not rules.line_refusals([line(), line("10", "set", "r2", 2)], PARTS, {}, "")
	assert "no line" in said(rules.line_refusals([], PARTS, {}, ""))
	assert "does not ask" in said(rules.line_refusals([line(item="set")], PARTS, {}, ""))
	assert "more than 0" in said(rules.line_refusals([line("0")], PARTS, {}, ""))
	assert "more than 0" in said(rules.line_refusals([line("-1")], PARTS, {}, ""))
	assert "already" in said(rules.line_refusals([line("1"), line("1", number=2)], PARTS, {}, ""))


@pytest.mark.rule("D3")
def test_more_than_ordered_needs_a_reason() -> None:
	others = {("r1", "pump"): D(3)}
	assert not rules.line_refusals([line("2")], PARTS, others, "")
	for reason in ("", " ", "/"):
		assert "3 would be made, 5 are ordered and 3" in said(
			rules.line_refusals([line("3")], PARTS, others, reason)
		)
	assert not rules.line_refusals([line("3")], PARTS, others, "retained sample")


@pytest.mark.rule("D3")
@given(st.lists(quantities.filter(lambda q: q > 0), min_size=1, max_size=6))
def test_no_way_of_splitting_passes_the_order(amounts: list[D]) -> None:
	total, refused = D(), False
	for amount in amounts:
		others = {("r1", "pump"): total}
		if rules.line_refusals([line(amount)], PARTS, others, ""):
			refused = True
		else:
			total += amount
	assert total <= 5 + rules.TOLERANCE
	assert refused or sum(amounts) <= 5 + rules.TOLERANCE


@pytest.mark.rule("D3", "M1", "K1")
def test_a_line_is_scheduled_and_has_its_standard() -> None:
	good = line(start=TODAY, finish=TODAY, standard="/")
	assert not rules.schedule_refusals([good])
	assert "starts and finishes" in said(rules.schedule_refusals([line(start=TODAY, standard="x")]))
	late = line(start=TODAY, finish=TODAY - timedelta(1), standard="x")
	assert "before it starts" in said(rules.schedule_refusals([late]))
	assert "K1" in said(rules.schedule_refusals([line(start=TODAY, finish=TODAY, standard=" ")]))


@pytest.mark.rule("D3", "C12")
def test_who_passes_a_task_on_does_not_release_it() -> None:
	assert "C12" in rules.release_refusal("a", "a")
	assert not rules.release_refusal("a", "b")


# A7


def design(**values) -> Design:
	given_ = {
		"kind": "Packaging",
		"stored": True,
		"confirmed_by": "Wu",
		"confirmed_on": NOW,
		"method": "E-mail",
	}
	return Design(1, **{**given_, **values})


@pytest.mark.rule("A7")
def test_special_packaging_is_designed_and_confirmed() -> None:
	assert not rules.design_refusals([], [], NOW)
	assert not rules.design_refusals(["Packaging"], [design()], NOW)
	assert "asks for" in said(rules.design_refusals(["Packaging"], [], NOW))
	assert "asks for" in said(rules.design_refusals(["Production Process"], [design()], NOW))
	assert "attach its file" in said(rules.design_refusals(["Packaging"], [design(stored=False)], NOW))
	for values in ({"confirmed_by": "/"}, {"confirmed_on": None}, {"method": ""}):
		assert "who of the customer" in said(rules.design_refusals(["Packaging"], [design(**values)], NOW))
	later = design(confirmed_on=NOW + timedelta(hours=1))
	assert "future" in said(rules.design_refusals(["Packaging"], [later], NOW))
	# What nobody asked for is complete, too.
	assert rules.design_refusals([], [design(stored=False)], NOW)


# Withdrawal


@pytest.mark.rule("D3")
def test_a_notice_stays_once_something_was_made_by_it() -> None:
	work = [Work("W1", "SO", "pump", D(3), D(2)), Work("W2", "SO", "set", D(3), D(3))]
	assert "2 were made" in said(rules.withdrawal_refusals([line()], {}, work))
	assert "2 were made" in said(rules.withdrawal_refusals([line()], {("r1", "pump"): D(1)}, work))
	assert not rules.withdrawal_refusals([line()], {("r1", "pump"): D(2)}, work)
	assert not rules.withdrawal_refusals([line()], {}, work[1:])


@pytest.mark.rule("D3")
def test_work_orders_that_run_without_a_notice_are_named() -> None:
	work = [
		Work("W1", "SO", "pump", D(2), D(2)),
		Work("W2", "SO", "pump", D(2)),
		Work("W3", "SO", "pump", D(1)),
		Work("W4", "SO", "pump", D(9), draft=True),
	]
	assert rules.without_notice(["pump"], {("r1", "pump"): D(5)}, work) == []
	assert rules.without_notice(["pump"], {("r1", "pump"): D(4)}, work) == ["W3"]
	assert rules.without_notice(["pump", "pump"], {("r1", "pump"): D(2)}, work) == ["W3", "W2"]
	assert rules.without_notice(["pump"], {}, work) == ["W3", "W2"]


# D4


@pytest.mark.rule("D4")
def test_what_work_orders_take_is_covered() -> None:
	released = {("SO", "pump"): D(5)}
	assert not rules.cover_refusals([Demand("SO", "pump", D(5))], released, {})
	assert not rules.cover_refusals([Demand("SO", "pump", D(2))], released, {("SO", "pump"): D(3)})
	assert "no production notice" in said(rules.cover_refusals([Demand("SO", "set", D(1))], released, {}))
	assert "no production notice" in said(rules.cover_refusals([Demand("S2", "pump", D(1))], released, {}))
	found = said(rules.cover_refusals([Demand("SO", "pump", D(3))], released, {("SO", "pump"): D(3)}))
	assert "3 of pump would be put in work, production notices release 5, and 3" in found
	# Two rows of one document count together.
	assert rules.cover_refusals([Demand("SO", "pump", D(3))] * 2, released, {})


@pytest.mark.rule("D4")
def test_a_sub_assembly_goes_with_the_finished_item() -> None:
	released = {("SO", "pump"): D(1)}
	full = {("SO", "pump"): D(1)}
	assert not rules.cover_refusals([Demand("SO", "pump")], released, full)
	assert not rules.cover_refusals([Demand("SO", "")], released, full)
	assert rules.cover_refusals([Demand("SO", "set")], released, {})
	assert rules.cover_refusals([Demand("S2", "")], released, {})


@pytest.mark.rule("D4")
@given(
	st.lists(quantities.filter(lambda q: q > 0), min_size=1, max_size=8),
	quantities,
	st.lists(st.booleans(), min_size=8, max_size=8),
)
def test_no_split_and_no_cancelling_passes_a_notice(amounts: list[D], noticed: D, stays: list[bool]) -> None:
	taken = D()
	for amount, keep in zip(amounts, stays, strict=False):
		if not rules.cover_refusals(
			[Demand("SO", "pump", amount)], {("SO", "pump"): noticed}, {("SO", "pump"): taken}
		):
			taken += amount
			assert taken <= noticed + rules.TOLERANCE
			if not keep:
				taken -= amount


# One click


@pytest.mark.rule("D3", "M1")
@given(st.lists(quantities.filter(lambda q: q > 0), min_size=1, max_size=5), quantities)
def test_what_is_made_by_a_click_is_made_once(amounts: list[D], taken: D) -> None:
	lines = [line(q, row=f"r{n}", number=n) for n, q in enumerate(amounts, 1)]
	total = sum(amounts, D())
	found = rules.to_make(lines, {"pump": total}, {"pump": taken})
	made = sum((one.quantity for one in found), D())
	assert made <= max(total - taken, D())
	assert all(one.quantity <= lines[one.number - 1].quantity for one in found)
	# Pressed again: what was made counts.
	assert (
		sum((x.quantity for x in rules.to_make(lines, {"pump": total}, {"pump": taken + made})), D())
		<= len(lines) * rules.TOLERANCE
	)


# Progress


@pytest.mark.rule("M1", "D5")
@given(quantities, st.lists(quantities, min_size=1, max_size=6))
def test_what_is_spread_is_neither_lost_nor_doubled(amount: D, wanted: list[D]) -> None:
	shares = rules.spread(amount, wanted)
	assert sum(shares) == amount
	assert all(share <= want for share, want in zip(shares[:-1], wanted[:-1], strict=True))
	assert all(share >= 0 for share in shares)
	# The first are served first.
	for before, want, after in zip(shares, wanted, shares[1:], strict=False):
		assert before == want or after == 0


@pytest.mark.rule("M1", "D5", "F5")
def test_progress_goes_to_the_row_promised_first() -> None:
	parts = [
		Part("r1", "pump", D(5), date(2026, 12, 20), D(0)),
		Part("r2", "pump", D(5), date(2026, 11, 20), D(2)),
		Part("r3", "set", D(1), date(2026, 11, 20), D(1)),
	]
	noticed = [
		line("5", row="r1", finish=date(2026, 12, 22)),
		line("3", row="r2", number=2, finish=date(2026, 11, 19)),
	]
	work = [
		Work("W1", "SO", "pump", D(4), D(4)),
		Work("W2", "SO", "pump", D(3), D(1)),
		Work("W3", "SO", "pump", D(9), draft=True),
	]
	one, two, three = rules.progress(parts, noticed, work, TODAY)
	assert (two.made, two.in_work, two.noticed, two.late, two.at_risk) == (D(5), D(0), D(3), True, False)
	assert (one.made, one.in_work, one.noticed, one.late, one.at_risk) == (D(0), D(2), D(5), False, True)
	assert three.done and not three.late and three.planned is None


@pytest.mark.rule("M1")
def test_what_work_orders_take_is_summed_by_order_and_item() -> None:
	work = [
		Work("W1", "S1", "pump", D(1)),
		Work("W2", "S1", "pump", D(2), draft=True),
		Work("W3", "S2", "pump", D(4)),
	]
	assert rules.taken_by_item(work) == {("S1", "pump"): D(1), ("S2", "pump"): D(4)}
	assert rules.taken_by_item(work, drafts=True) == {("S1", "pump"): D(3), ("S2", "pump"): D(4)}


@pytest.mark.rule("D4")
def test_what_a_plan_makes_as_a_part() -> None:
	assert not rules.is_part("pump", None, {"pump"})
	assert not rules.is_part("board", None, {"pump"})
	assert rules.is_part("board", "pump", {"pump"})
	assert rules.is_part("board", "", {"pump"})
	# What the order asks for as well: only as a part of something else that it asks for.
	assert rules.is_part("board", "pump", {"pump", "board"})
	for finished in ("", "set", "board"):
		assert not rules.is_part("board", finished, {"pump", "board"})


@pytest.mark.rule("D4")
def test_d4_work_begins_with_material_or_a_time_log():
	assert [rules.has_begun(*seen) for seen in ((0, 0), (1, 0), (0, 1), (1, 1))] == [0, 1, 1, 1]
	for purpose in (
		"Material Transfer for Manufacture",
		"Manufacture",
		"Material Consumption for Manufacture",
	):
		assert rules.begins_by_entry(purpose, "")
	for purpose in ("Material Transfer", "Material Issue", "Disassemble", "Repack", ""):
		assert not rules.begins_by_entry(purpose, "")
		assert rules.begins_by_entry(purpose, "JC-1")


@pytest.mark.rule("D4")
def test_d4_put_to_work_is_what_stood_still():
	states = ("Draft", "Not Started", "In Process", "Completed", "Stopped", "Closed", "Cancelled")
	found = {(b, a) for b in states for a in states if rules.is_put_to_work(b, a)}
	assert found == {
		*((b, a) for b in ("Stopped", "Closed") for a in ("Not Started", "In Process", "Completed")),
		("Not Started", "In Process"),
		("Not Started", "Completed"),
	}
