"""D6, K6: a delivered row by batches and serial numbers: nothing sold is missing, nothing is there twice."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_customer.rules.sales_record import TOLERANCE, Entry, Part, narrowed, parts, serials_in

QUANTITIES = st.decimals(min_value=-1000, max_value=1000, places=3).filter(bool)
ENTRIES = st.lists(
	st.builds(
		Entry,
		st.sampled_from(["", "A", "B", "C"]),
		st.sampled_from(["", "S1", "S2", "S3"]),
		st.decimals(min_value=-100, max_value=100, places=3),
	),
	max_size=8,
)


@pytest.mark.rule("D6")
def test_a_batch_split_over_entries_is_one_part() -> None:
	entries = [Entry("A", "", Decimal(-2)), Entry("B", "", Decimal(-1)), Entry("A", "", Decimal(-3))]
	assert parts(Decimal(6), entries) == [Part("A", (), Decimal(5)), Part("B", (), Decimal(1))]
	assert parts(Decimal(-6), entries) == [Part("A", (), Decimal(-5)), Part("B", (), Decimal(-1))]


@pytest.mark.rule("D6")
def test_serial_numbers_come_from_entries_or_from_the_text() -> None:
	entries = [Entry("A", "S1", Decimal(-1)), Entry("A", "S2", Decimal(-1))]
	assert parts(Decimal(2), entries, "ignored", "ignored") == [Part("A", ("S1", "S2"), Decimal(2))]
	assert parts(Decimal(2), (), "A", "S1\nS2") == [Part("A", ("S1", "S2"), Decimal(2))]
	assert serials_in(" S1\n\n S2,S1\r\n") == ("S1", "S2")
	assert serials_in("") == ()


@pytest.mark.rule("D6")
def test_what_a_bundle_does_not_account_for_is_shown_without_a_batch() -> None:
	assert parts(Decimal(5), [Entry("A", "", Decimal(-3))]) == [
		Part("A", (), Decimal(3)),
		Part("", (), Decimal(2)),
	]
	# Rounded, not missing.
	assert len(parts(Decimal("1.0004"), [Entry("A", "", Decimal(1))])) == 1


@pytest.mark.rule("D6", "K6")
@given(QUANTITIES, ENTRIES)
def test_the_parts_add_up_to_the_row(quantity: Decimal, entries: list[Entry]) -> None:
	found = parts(quantity, entries)
	assert abs(sum(p.quantity for p in found) - quantity) < TOLERANCE
	named = [p.batch for p in found if p.batch]
	assert len(named) == len(set(named)) and set(named) == {e.batch for e in entries if e.batch}
	assert {s for p in found for s in p.serials} == {e.serial for e in entries if e.serial}


@pytest.mark.rule("K6")
def test_one_device_is_one_piece() -> None:
	found = [Part("A", ("S1", "S2"), Decimal(2)), Part("B", ("S3",), Decimal(-1))]
	assert narrowed(found, serial="s2") == [Part("A", ("S2",), Decimal(1))]
	assert narrowed(found, serial="S3") == [Part("B", ("S3",), Decimal(-1))]
	assert narrowed(found, ["a"]) == found[:1]
	assert narrowed(found, ["a", "b"]) == found[:2]
	assert narrowed(found, ["B"], "S1") == []
	assert narrowed(found, serial="S") == []
	assert narrowed(found) == found


@pytest.mark.rule("K6")
@given(QUANTITIES, ENTRIES)
def test_all_batches_together_are_the_row(quantity: Decimal, entries: list[Entry]) -> None:
	found = parts(quantity, entries)
	by_batch = [p for b in {e.batch for e in entries if e.batch} for p in narrowed(found, [b])]
	without = [p for p in found if not p.batch]
	assert sorted(map(repr, [*by_batch, *without])) == sorted(map(repr, found))
