"""The capacity forecast on real documents: what is read, when it decides, who answers (B1, C8)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import frappe
import pytest
from frappe.model.document import Document
from frappe.utils import add_days, getdate, nowdate

from qms_customer.contract import capacity, facts, forecast
from qms_customer.rules import capacity as rules
from qms_customer.rules.classification import Verdict
from tests.support import contracts as c
from tests.support import factory as f
from tests.support.sql import count_queries

MET, NOT_MET, UNKNOWN = Verdict.MET, Verdict.NOT_MET, Verdict.UNKNOWN


@pytest.fixture
def world() -> c.World:
	return c.World()


def by_forecast(**values: Any) -> None:
	settings = frappe.get_doc("QMS Customer Settings")
	settings.update({"capacity_by": forecast.BY_FORECAST, "change_reason": "Capacity", **values})
	c.save_settings(settings)


def judged(doc: Document) -> tuple[Verdict, list[str]]:
	"""Criterion (b) of a contract document as its form shows it."""
	criterion = facts.evaluate(doc).criteria[1]
	return criterion.verdict, [e.message.format(*e.args) for e in criterion.evidence]


def own_minutes(found: rules.Forecast, station: str) -> int:
	return sum(w.own for one in found.loaded if one.name == station for w in one.weeks)


def others(found: rules.Forecast, station: str) -> tuple[int, int]:
	weeks = [w for one in found.loaded if one.name == station for w in one.weeks]
	return sum(w.committed for w in weeks), sum(w.in_review for w in weeks)


# What is read


@pytest.mark.rule("B1", "C8")
def test_two_levels_are_read_with_hours_stock_and_lead_times() -> None:
	plant = f.Factory()
	c.receive(plant.pump, 4)
	c.receive(plant.body, 20)
	found = capacity.compute(c.order(plant.pump, qty=20, days=40))
	assert found.verdict is MET
	# 16 pumps of 32 bodies, 20 of them in stock.
	assert own_minutes(found, plant.assembly) == 16 * 60
	assert own_minutes(found, plant.press) == 12 * 24
	assert {w.capacity for one in found.loaded for w in one.weeks} == {7 * 480}


@pytest.mark.rule("C8")
def test_what_is_committed_and_in_review_goes_first(world: c.World) -> None:
	plant = f.Factory()
	c.receive(plant.pump, 4)
	committed = c.committed_order(world, plant.pump, qty=6, days=20)
	in_review = c.order(plant.pump, qty=3, days=20)
	c.start(world, in_review)
	own = c.order(plant.pump, qty=1, days=30)
	found = capacity.compute(own)
	assert others(found, plant.assembly) == (2 * 60, 3 * 60)
	# The stock is gone to the committed one.
	assert own_minutes(found, plant.assembly) == 60
	# A review that begins later does not stand before one that began earlier.
	c.start(world, own)
	assert others(capacity.compute(in_review), plant.assembly) == (2 * 60, 0)
	# What is delivered or closed needs nothing.
	frappe.db.set_value("Sales Order", committed.name, "status", "Closed")
	assert others(capacity.compute(own), plant.assembly)[0] == 0


@pytest.mark.rule("C8")
def test_an_approved_order_that_is_not_submitted_yet_is_counted_a_rejected_one_not(world: c.World) -> None:
	plant = f.Factory()
	waiting = c.order(plant.pump, qty=2, days=20)
	review = c.approve(world, waiting)
	own = c.order(plant.pump, qty=1, days=30)
	assert others(capacity.compute(own), plant.assembly) == (0, 120)
	frappe.db.set_value("Contract Review", review.name, "withdrawn", 1)
	assert others(capacity.compute(own), plant.assembly) == (0, 0)


@pytest.mark.rule("C8")
def test_bundles_are_counted_by_their_components(world: c.World) -> None:
	plant = f.Factory()
	parent = c.item(is_stock_item=0, lead_time_days=0)
	frappe.get_doc(
		{"doctype": "Product Bundle", "new_item_code": parent, "items": [{"item_code": plant.pump, "qty": 2}]}
	).insert()
	c.committed_order(world, parent, qty=3, days=20)
	found = capacity.compute(c.order(plant.pump, qty=1, days=30))
	assert others(found, plant.assembly) == (6 * 60, 0)
	bundle = c.order(parent, qty=2, days=30)
	assert own_minutes(capacity.compute(bundle), plant.assembly) == 4 * 60


@pytest.mark.rule("C8")
def test_work_orders_load_what_is_left_of_them_and_supply_what_they_make() -> None:
	plant = f.Factory()
	order = plant.work_order(10, ends=5)
	own = c.order(plant.pump, qty=12, days=30)
	found = capacity.compute(own)
	# 10 of the 12 are being made.
	assert others(found, plant.assembly)[0] == 600
	assert own_minutes(found, plant.assembly) == 2 * 60
	# Its bodies have no work order yet: they are pressed for it.
	assert others(found, plant.press)[0] == 20 * 24
	operation = order.operations[0]
	card = frappe.get_doc("Job Card", {"work_order": order.name})
	operation.db_set("completed_qty", 4)
	card.db_set({"for_quantity": 6, "total_time_in_mins": 90})
	# 6 left, an hour and a half of them done.
	assert others(capacity.compute(own), plant.assembly)[0] == 360 - 90
	elsewhere = f.workstation()
	card.db_set("workstation", elsewhere)
	assert others(capacity.compute(own), plant.assembly)[0] == 0
	order.db_set("status", "Stopped")
	found = capacity.compute(own)
	assert others(found, plant.assembly)[0] == 0
	assert own_minutes(found, plant.assembly) == 12 * 60


@pytest.mark.rule("C8")
def test_purchase_orders_that_come_in_time_are_used() -> None:
	plant = f.Factory()
	frappe.db.set_value("Item", plant.seal, "lead_time_days", 60)
	own = c.order(plant.pump, qty=30, days=20)
	assert capacity.compute(own).verdict is NOT_MET
	order = f.purchase_order(plant.seal, 20, 10)
	assert capacity.compute(own).verdict is MET
	order.db_set("status", "Closed")
	assert capacity.compute(own).verdict is NOT_MET


@pytest.mark.rule("C8")
def test_fixed_times_batches_and_types_of_workstations_are_read() -> None:
	plant = f.Factory()
	kind = frappe.get_doc({"doctype": "Workstation Type", "workstation_type": c.unique("Type")}).insert().name
	f.workstation(workstation_type=kind)
	f.workstation(workstation_type=kind, production_capacity=2)
	code = c.item()
	f.bom(
		code,
		{plant.steel: 1},
		[
			{"workstation": plant.press, "time_in_mins": 45, "fixed_time": 1},
			{"workstation_type": kind, "workstation": None, "time_in_mins": 60, "batch_size": 5},
		],
		quantity=2,
	)
	found = capacity.compute(c.order(code, qty=20, days=30))
	assert own_minutes(found, plant.press) == 45
	# 60 minutes for 5 times the quantity of the BOM, as ERPNext plans a work order.
	assert own_minutes(found, kind) == 60 * 20 / 2 / 5
	assert {w.capacity for one in found.loaded if one.name == kind for w in one.weeks} == {3 * 7 * 480}


@pytest.mark.rule("C8")
def test_a_variant_is_made_by_the_bom_of_its_template() -> None:
	plant = f.Factory()
	variant = c.item(lead_time_days=0)
	frappe.db.set_value("Item", variant, "variant_of", plant.pump)
	assert forecast.made([variant]) == {variant}
	assert own_minutes(capacity.compute(c.order(variant, qty=2, days=30)), plant.assembly) == 120


@pytest.mark.rule("C8")
def test_what_is_bought_or_subcontracted_has_no_forecast() -> None:
	plant = f.Factory()
	assert capacity.compute(c.order(c.item(), days=30)) is None
	frappe.db.set_value("Item", plant.pump, "is_sub_contracted_item", 1)
	assert capacity.compute(c.order(plant.pump, days=30)) is None
	assert not frappe.db.exists(forecast.DOCTYPE, {"company": c.COMPANY})


@pytest.mark.rule("C8")
def test_holidays_take_their_days() -> None:
	plant = f.Factory(holiday_list=f.holiday_list(days_off=tuple(range(0, 91, 2))))
	found = capacity.compute(c.order(plant.pump, qty=10, days=60))
	loaded = next(one for one in found.loaded if one.name == plant.press)
	assert [w.capacity for w in loaded.weeks[:2]] == [3 * 480, 4 * 480]
	frappe.db.set_single_value("Manufacturing Settings", "allow_production_on_holidays", 1)
	found = capacity.compute(c.order(plant.pump, qty=10, days=60))
	loaded = next(one for one in found.loaded if one.name == plant.press)
	assert loaded.weeks[0].capacity == 7 * 480


# Bad input


def said(doc: Document) -> list[str]:
	found = capacity.compute(doc)
	assert found.verdict is UNKNOWN
	return [e.message.format(*e.args) for e in found.evidence if e.verdict is UNKNOWN]


@pytest.mark.rule("B2", "C8")
def test_a_workstation_without_hours_is_unknown() -> None:
	plant = f.Factory(hours=0)
	assert said(c.order(plant.pump, qty=10, days=60)) == [f"Workstation {plant.press} has no working hours"]


@pytest.mark.rule("B2", "C8")
def test_a_holiday_list_that_ends_is_unknown() -> None:
	plant = f.Factory(holiday_list=(name := f.holiday_list(until=20)))
	assert capacity.compute(c.order(plant.pump, qty=10, days=20)).verdict is MET
	(text,) = said(c.order(plant.pump, qty=10, days=60))
	assert text.startswith(f"{plant.press}: its Holiday List {name} ends on {add_days(nowdate(), 20)}")


@pytest.mark.rule("B2", "C8")
def test_a_bom_loop_is_unknown_and_named() -> None:
	"""ERPNext refuses to make one; imports and old data have them all the same."""
	plant = f.Factory()
	frappe.db.set_value(
		"BOM Item", {"parent": plant.body_bom}, {"item_code": plant.pump, "bom_no": plant.pump_bom}
	)
	assert said(c.order(plant.pump, qty=10, days=60)) == [
		f"BOM loop: {plant.pump} → {plant.body} → {plant.pump}"
	]


@pytest.mark.rule("B2", "C8")
def test_an_operation_without_time_or_place_is_unknown() -> None:
	plant = f.Factory()
	frappe.db.set_value("BOM Operation", {"parent": plant.body_bom}, "time_in_mins", 0)
	frappe.db.set_value("BOM Operation", {"parent": plant.pump_bom}, "workstation", None)
	assert len(said(c.order(plant.pump, qty=10, days=60))) == 2


# When it decides


@pytest.mark.rule("B1", "C8")
def test_without_the_setting_lead_times_decide_as_before() -> None:
	plant = f.Factory()
	frappe.db.set_value("Item", plant.pump, "lead_time_days", 5)
	doc = c.order(plant.pump, qty=9999, days=30)
	assert judged(doc)[0] is MET
	assert "lead time 5 days" in judged(doc)[1][0]
	frappe.db.set_value("Item", plant.pump, "lead_time_days", 0)
	assert judged(doc)[0] is UNKNOWN


@pytest.mark.rule("B1", "B2", "C8")
def test_with_the_setting_a_fresh_forecast_of_these_goods_decides() -> None:
	by_forecast()
	plant = f.Factory()
	doc = c.order(plant.pump, qty=10, days=30)
	assert judged(doc) == (UNKNOWN, ["There is no capacity forecast of these goods yet: refresh it"])
	capacity.compute(doc)
	verdict, texts = judged(doc)
	assert verdict is MET
	assert any(plant.press in text for text in texts)
	# Another quantity, another date: another forecast.
	for change in ({"qty": 11}, {"delivery_date": add_days(nowdate(), 31)}):
		other = frappe.get_doc("Sales Order", doc.name)
		other.items[0].update(change)
		other.save()
		assert judged(other)[0] is UNKNOWN
		assert "of other goods or dates" in judged(other)[1][0]
		capacity.compute(other)
		assert judged(other)[0] is MET


@pytest.mark.rule("B2", "C8")
def test_an_old_forecast_is_unknown() -> None:
	by_forecast(forecast_valid_days=3)
	plant = f.Factory()
	doc = c.order(plant.pump, qty=10, days=30)
	capacity.compute(doc)
	row = forecast.stored(doc)
	frappe.db.set_value(forecast.DOCTYPE, row.name, "computed_on", add_days(row.computed_on, -3))
	assert judged(doc)[0] is MET
	frappe.db.set_value(forecast.DOCTYPE, row.name, "computed_on", add_days(row.computed_on, -4))
	assert judged(doc) == (UNKNOWN, ["The capacity forecast is 4 days old, it counts for 3: refresh it"])
	capacity.keep_fresh(doc)
	assert judged(doc)[0] is MET


@pytest.mark.rule("C8")
def test_what_is_bought_or_in_stock_is_judged_as_before_with_the_setting() -> None:
	by_forecast()
	bought, stocked = c.item(), c.item(stock=50)
	assert judged(c.order(bought, days=30))[0] is MET
	assert judged(c.order(stocked, days=30))[0] is MET
	assert judged(c.order(bought, days=3))[0] is NOT_MET


# Cost


def queries_of(doc: Document) -> int:
	with count_queries() as queries:
		capacity.compute(doc)
	return queries.count


def test_reading_takes_a_constant_number_of_queries(world: c.World) -> None:
	"""Whatever the number of lines, orders, work orders and workstations; four more a level of BOMs."""
	plant = f.Factory()

	def lines(number: int) -> Document:
		return c.order([{"item_code": plant.pump, "qty": 1 + i, "rate": 10} for i in range(number)], days=60)

	def busier() -> None:
		plant.work_order(2)
		f.workstation()
		f.purchase_order(plant.seal, 5, 10)
		c.start(world, lines(5))

	busier()
	doc = lines(1)
	queries_of(doc)
	before = queries_of(doc)
	assert before <= 26
	doc = lines(30)
	for _ in range(3):
		busier()
	queries_of(doc)
	assert queries_of(doc) == before
	top = c.item()
	f.bom(top, {plant.pump: 1}, [{"workstation": plant.assembly, "time_in_mins": 5}])
	deeper = c.order(top, qty=1, days=60)
	queries_of(deeper)
	assert queries_of(deeper) <= before + 4


def test_saving_reads_the_stored_forecast_only() -> None:
	"""Two queries more, however many lines."""
	plant = f.Factory()
	docs = [
		c.order([{"item_code": plant.pump, "qty": 1 + i, "rate": 10} for i in range(n)], days=60)
		for n in (1, 30)
	]

	def queries(doc: Document) -> int:
		facts.evaluate(doc)
		with count_queries() as seen:
			facts.evaluate(doc)
		return seen.count

	before = [queries(doc) for doc in docs]
	by_forecast()
	for doc in docs:
		capacity.compute(doc)
	assert [queries(doc) for doc in docs] == [n + 2 for n in before]


def test_a_draft_with_a_forecast_can_be_deleted() -> None:
	doc = c.order(f.Factory().pump, qty=1, days=60)
	capacity.compute(doc)
	frappe.delete_doc("Sales Order", doc.name)
	assert not frappe.db.exists("Sales Order", doc.name)


def test_numbers_are_exact() -> None:
	doc = c.order(f.Factory().pump, qty=1, days=60)
	assert facts.goods_rows(doc) == [(doc.items[0].item_code, Decimal(1), getdate(doc.delivery_date))]
