"""Whether users are told by an advisory notice: what asks, to whom it went, who decides (I1, I2)."""

from datetime import date
from decimal import Decimal

import pytest

from qms_customer.rules import advisory as rules
from qms_customer.rules.advisory import Line

DAY = date(2026, 3, 2)


def line(document: str, quantity: int, batch: str = "L1", customer: str = "A", **more: object) -> Line:
	return Line("Delivery Note", document, DAY, customer, customer, batch, (), Decimal(quantity), **more)


@pytest.mark.rule("I1")
@pytest.mark.parametrize(
	("harm", "severity", "answers", "found"),
	[
		("", "", {}, []),
		("Minor", "High", {"malfunction": "Yes", "group_event": "Yes"}, []),
		("Serious", "High", {}, [("Serious Harm", "Serious")]),
		("Catastrophic", "Critical", {}, [("Serious Harm", "Catastrophic")]),
		("None", "Critical", {}, [("Serious Harm", "Critical")]),
		("", "", {"death": "No", "potential": "Yes"}, [("Could Cause Death or Serious Injury", "")]),
		(
			"Critical",
			"Critical",
			{"remedial": "Yes", "death": "Yes"},
			[("Serious Harm", "Critical"), ("Death", ""), ("Remedial Action Needed", "")],
		),
	],
)
def test_i1_what_asks_whether_users_are_told(harm: str, severity: str, answers: dict, found: list) -> None:
	assert rules.grounds(harm, severity, answers) == found


@pytest.mark.rule("I2")
def test_i2_what_came_back_is_taken_off_the_delivery_against_which_it_came() -> None:
	found = rules.recipients(
		[
			# A return may stand before its delivery.
			line("R1", -2, is_return=True, against="D1"),
			line("D1", 6),
			line("D1", 4),
			line("D1", 5, "L2"),
			line("D2", 3, customer="B"),
			line("R2", -3, customer="B", is_return=True, against="D2"),
			# Of a delivery that is not on record.
			line("R3", -1, customer="C", is_return=True, against="D9"),
		],
		["l1"],
	)
	assert [(d.document, d.customer, d.quantity, d.returned) for d in found.deliveries] == [
		("D1", "A", 10, 2),
		("D2", "B", 3, 3),
		("R3", "C", 0, 1),
	]
	assert (found.customers, found.total("quantity"), found.total("returned")) == (3, 13, 6)


@pytest.mark.rule("I2")
def test_i2_what_was_delivered_without_a_batch_is_counted_where_batches_are_named() -> None:
	lines = [line("D1", 6), line("D2", 4, ""), line("R2", -1, "", is_return=True, against="D2")]
	assert rules.recipients(lines, ["L1"]).unbatched == 3
	whole = rules.recipients(lines)
	assert (whole.unbatched, whole.total("quantity"), len(whole.deliveries)) == (0, 10, 2)


@pytest.mark.rule("I2")
def test_i2_devices_are_followed_by_serial_number() -> None:
	def devices(document: str, serials: tuple[str, ...], back: str = "") -> Line:
		sign = -1 if back else 1
		return Line(
			*("Delivery Note", document, DAY, "A", "A", "", serials, Decimal(sign * len(serials))),
			is_return=bool(back),
			against=back,
		)

	lines = [devices("D1", ("S1", "S2", "S3")), devices("D2", ("S4",)), devices("R1", ("S2",), "D1")]
	(one,) = rules.recipients(lines, (), ["s1", "S2"]).deliveries
	assert (one.document, one.quantity, one.returned, one.serials) == ("D1", 2, 1, ["S1"])


@pytest.mark.rule("I1", "I2", "C12")
def test_i1_who_decides_says_why_and_judges_no_own_case_away() -> None:
	def refused(*given: object) -> list[str]:
		return [r.rule for r in rules.decision_refusals(*given)]

	assert refused(rules.NEEDED, "Sharp edge", True, False, "mr@x") == []
	assert refused(rules.NOT_NEEDED, "No contact with patients", False, False, "mr@x") == []
	assert refused(rules.NEEDED, "Sharp edge", True, True, "mr@x") == []
	assert refused(rules.NOT_NEEDED, "x", True, True, "mr@x") == ["C12"]
	assert refused(rules.NEEDED, "/", False, False, "Administrator") == ["I1", "I2", "I1"]
	assert refused("Undecided", "x", True, False, "mr@x") == ["I1"]


@pytest.mark.rule("I2")
def test_i2_another_scope_names_what_there_is_and_why() -> None:
	def refused(*given: object) -> list[str]:
		return [r.rule for r in rules.scope_refusals(*given)]

	assert refused(["L1"], [], False, "Same mould") == []
	assert refused([], [], True, "Same mould") == []
	assert refused(["L1"], [], True, "x") == ["I2"]
	assert refused([], [], False, " ") == ["I2", "I2"]
	assert refused(["L1", "L9"], ["L9"], False, "x") == ["I2"]
