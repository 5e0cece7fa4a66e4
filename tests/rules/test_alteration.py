"""What a change asks of Update Items, and what stands against changing an order at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_customer.rules.alteration import Standing, kind_refusals, missed, plan
from qms_customer.rules.content import DATE, NUMBER, TEXT
from qms_customer.rules.notice import CANCEL, CHANGE, CLOSE, KINDS, REOPEN, Proposal, RowChange

ASKED = ("item_code", "qty", "rate", "uom", "conversion_factor")
ROWS = [
	{"name": n, "item_code": n.upper(), "qty": 5, "rate": 10, "uom": "Nos", "conversion_factor": 1}
	for n in "abc"
]
VALUES = st.fixed_dictionaries({}, optional={"qty": st.integers(1, 99), "rate": st.integers(0, 99)})


def change(*rows: RowChange) -> Proposal:
	return Proposal(CHANGE, rows)


@pytest.mark.rule("E8")
@pytest.mark.parametrize("docstatus", [0, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_e8_only_a_committed_order_is_changed(kind, docstatus):
	assert [r.rule for r in kind_refusals(kind, Standing("SO-1", docstatus, "Draft"))] == ["E7"]


@pytest.mark.rule("E8")
@pytest.mark.parametrize(
	("kind", "status", "delivered", "billed", "refused"),
	[
		(CHANGE, "To Deliver and Bill", 0, 0, False),
		(CHANGE, "Completed", 100, 100, False),
		(CHANGE, "Closed", 0, 0, True),
		(CANCEL, "To Deliver and Bill", 0, 0, False),
		(CANCEL, "Closed", 0, 0, True),
		(CLOSE, "To Bill", 100, 50, False),
		(CLOSE, "Completed", 100, 100, True),
		(CLOSE, "Closed", 0, 0, True),
		(REOPEN, "Closed", 0, 0, False),
		(REOPEN, "To Bill", 100, 0, True),
		("Delete", "To Bill", 100, 0, True),
	],
)
def test_e8_which_kind_follows_what(kind, status, delivered, billed, refused):
	assert bool(kind_refusals(kind, Standing("SO-1", 1, status, delivered, billed))) is refused


@pytest.mark.rule("E7")
def test_e7_all_rows_are_named_the_changed_the_added_and_not_the_removed():
	made = plan(
		change(
			RowChange("b", values={"qty": 9}),
			RowChange("c", remove=True),
			RowChange("", values={"item_code": "D", "qty": 1, "rate": None}),
		),
		ROWS,
		ASKED,
	)
	assert [(i.get("docname"), i["item_code"], i["qty"], i["idx"]) for i in made.items] == [
		("a", "A", 5, 1),
		("b", "B", 9, 2),
		(None, "D", 1, 3),
	]
	assert made.asks and "rate" not in made.items[2] and made.expected == {"b": {"qty": 9}}


@pytest.mark.rule("E7")
def test_e7_a_new_unit_takes_the_factor_of_the_item_unless_one_is_given():
	assert (
		plan(change(RowChange("a", values={"uom": "Box"})), ROWS, ASKED).items[0]["conversion_factor"] is None
	)
	given_too = change(RowChange("a", values={"uom": "Box", "conversion_factor": 12}))
	assert plan(given_too, ROWS, ASKED).items[0]["conversion_factor"] == 12


@pytest.mark.rule("E7")
def test_e7_what_update_items_does_not_know_is_written_apart():
	made = plan(change(RowChange("a", values={"supplier": "Maker"})), ROWS, ASKED)
	assert not made.asks and made.written == {"a": {"supplier": "Maker"}} == made.expected


@pytest.mark.rule("E7")
def test_e7_a_row_that_is_gone_is_refused():
	assert [r.args for r in plan(change(RowChange("z", values={"qty": 1})), ROWS, ASKED).refusals] == [("z",)]


@pytest.mark.rule("E7")
@given(st.dictionaries(st.sampled_from("abc"), VALUES))
def test_e7_a_row_that_is_not_named_stays_as_it_is(changes):
	made = plan(change(*(RowChange(n, values=v) for n, v in changes.items())), ROWS, ASKED)
	for row, item in zip(ROWS, made.items, strict=True):
		assert {n: item[n] for n in ASKED} == {**{n: row[n] for n in ASKED}, **changes.get(row["name"], {})}
	assert made.asks == any(changes.values())


@pytest.mark.rule("E7")
def test_e7_a_value_that_was_not_taken_is_named():
	kinds = {"rate": NUMBER, "delivery_date": DATE, "terms": TEXT}
	wanted = {"rate": 10.1234, "delivery_date": "2026-01-02", "terms": "x\r\ny"}
	assert (
		missed(wanted, {"rate": "10.1234000", "delivery_date": "2026-01-02 00:00", "terms": "x\ny"}, kinds)
		== []
	)
	found = missed(wanted, {"rate": 10.12, "delivery_date": None, "terms": "x\ny"}, kinds, "A")
	assert [r.args for r in found] == [
		("A", "rate", "10.12", "10.1234"),
		("A", "delivery_date", "/", "2026-01-02"),
	]
