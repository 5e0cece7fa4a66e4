"""The capacity forecast on real documents: what is read, when it decides, who answers (B1, C8)."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import frappe
import pytest
from frappe.model.document import Document
from frappe.utils import add_days, getdate, nowdate

from qms_customer.contract import api, capacity, facts, forecast, prints, scheduled
from qms_customer.messages import QMSRefusal
from qms_customer.rules import capacity as rules
from qms_customer.rules import people as roles
from qms_customer.rules.classification import Verdict
from tests.support import contracts as c
from tests.support import factory as f
from tests.support.people import as_user
from tests.support.sql import count_queries

MET, NOT_MET, UNKNOWN = Verdict.MET, Verdict.NOT_MET, Verdict.UNKNOWN


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


# A review: who answers with a date (C8)


@pytest.fixture
def busy(world: c.World) -> tuple[f.Factory, Document, Document]:
	"""A plant that is full for four weeks, an order that is due in two, and its review."""
	by_forecast()
	plant = f.Factory()
	c.receive(plant.body, 1000)
	plant.keep_busy(8 * 28, ends=13)
	doc = c.order(plant.pump, qty=16, days=14)
	return plant, doc, c.start(world, doc)


def possible(review: Document) -> str:
	return str(review.earliest_date)


def assess(world: c.World, review: Document, when: str, countermeasure: str = "A second shift") -> None:
	with as_user(world.person(roles.PLANNING)):
		api.answer_date(review.name, review.fingerprint, when, countermeasure)
	review.reload()


def agree(world: c.World, review: Document, when: str, answer: str = "Dr Li, by phone today") -> None:
	with as_user(world.sales):
		api.agree_date(review.name, review.fingerprint, when, answer)
	review.reload()


@pytest.mark.rule("B1", "C8")
def test_a_review_starts_with_a_forecast_and_keeps_it(busy: tuple) -> None:
	plant, _doc, review = busy
	assert review.contract_class == "Non-routine"
	assert review.criteria[1].computed == "Not Met"
	assert plant.assembly in review.criteria[1].evidence
	# 28 days of committed work, two of its own.
	assert possible(review) == add_days(nowdate(), 29)
	assert json.loads(review.forecast)["loaded"][0]["name"] == plant.assembly
	with as_user("Administrator"):
		shown = api.get_review_panel(review.name)
	assert plant.assembly in shown["html"]
	assert "PMC has to answer with a date" in shown["html"]


@pytest.mark.rule("C8")
def test_approval_waits_for_the_answer_and_for_the_contract_to_say_it(world: c.World, busy: tuple) -> None:
	_plant, doc, review = busy
	c.answer_all(world, review)
	review.reload()
	for needed in ("PMC has to answer", "Sales has to agree"):
		with pytest.raises(QMSRefusal, match=needed):
			c.decide(review, world.gm)
		if needed.startswith("PMC"):
			assess(world, review, possible(review))
	agree(world, review, possible(review))
	assert (review.assessed_by, review.agreed_by) == (world.person(roles.PLANNING), world.sales)
	with pytest.raises(QMSRefusal, match="Sales changes the contract"):
		c.decide(review, world.gm)
	# The contract is changed to it; the next version keeps what was agreed, and finds it within capacity.
	doc.reload()
	doc.delivery_date = doc.items[0].delivery_date = review.agreed_date
	doc.payment_schedule = []
	doc.save()
	again = c.start(world, doc)
	assert again.answered_in == review.name
	assert str(again.agreed_date) == possible(review)
	assert again.contract_class == "Routine"
	c.answer_all(world, again)
	assert c.decide(again.reload(), world.vp).decision == "Approved"


@pytest.mark.rule("C8")
def test_what_is_answered_is_for_these_goods(world: c.World, busy: tuple) -> None:
	_plant, doc, review = busy
	assess(world, review, possible(review))
	agree(world, review, possible(review))
	doc.reload()
	doc.items[0].qty = 17
	doc.save()
	again = c.start(world, doc)
	assert not again.possible_date
	assert not again.agreed_date


@pytest.mark.rule("C8", "L1")
def test_only_pmc_answers_and_only_sales_agrees(world: c.World, busy: tuple) -> None:
	_plant, _doc, review = busy
	when = possible(review)
	for user in (world.sales, world.gm, world.person(roles.PRODUCTION)):
		with as_user(user), pytest.raises(QMSRefusal, match="C8"):
			api.answer_date(review.name, review.fingerprint, when, "/")
	with as_user(world.sales), pytest.raises(QMSRefusal, match="PMC answers with a date first"):
		api.agree_date(review.name, review.fingerprint, when, "By phone")
	assess(world, review, when)
	for user in (world.person(roles.PLANNING), world.person(roles.PRODUCTION)):
		with as_user(user), pytest.raises(QMSRefusal, match="C8"):
			api.agree_date(review.name, review.fingerprint, when, "By phone")
	for bad, match in ((add_days(when, -1), "before"), ("soon", "no date"), ("", "Give the date")):
		with as_user(world.sales), pytest.raises(QMSRefusal, match=match):
			api.agree_date(review.name, review.fingerprint, bad, "By phone")
	with as_user(world.person(roles.PLANNING)), pytest.raises(QMSRefusal, match="countermeasure"):
		api.answer_date(review.name, review.fingerprint, when, "/")
	with as_user(world.person(roles.PLANNING)), pytest.raises(QMSRefusal, match="has changed"):
		api.answer_date(review.name, "0" * 64, when, "A second shift")


@pytest.mark.rule("C8", "K3")
def test_an_answer_is_signed_and_not_written_past_the_form(world: c.World, busy: tuple) -> None:
	_plant, _doc, review = busy
	frappe.set_user(world.person(roles.PLANNING))
	with pytest.raises(QMSRefusal, match="K3"):
		api.answer_date(review.name, review.fingerprint, possible(review), "A second shift")
	frappe.set_user("Administrator")
	assess(world, review, possible(review))
	agree(world, review, possible(review))
	signed = frappe.get_all(
		"Electronic Signature",
		filters={"reference_name": review.name, "signer": ("is", "set")},
		fields=["meaning", "signer"],
		order_by="sequence",
	)
	assert [(s.meaning, s.signer) for s in signed] == [
		("Delivery Date Answered", world.person(roles.PLANNING)),
		("Delivery Date Agreed with the Customer", world.sales),
	]
	for field in ("possible_date", "agreed_date", "customer_answer", "earliest_date"):
		review.reload()
		review.set(field, add_days(nowdate(), 1) if "date" in field else "Another")
		with as_user(world.sales), pytest.raises(QMSRefusal):
			review.save()


@pytest.mark.rule("C8", "C12")
def test_who_agreed_the_date_does_not_approve_it(world: c.World, busy: tuple) -> None:
	_plant, _doc, review = busy
	assess(world, review, possible(review))
	with as_user(world.gm):
		api.agree_date(review.name, review.fingerprint, possible(review), "By phone")
	c.answer_all(world, review)
	with pytest.raises(QMSRefusal, match="C12"):
		c.decide(review.reload(), world.gm)


@pytest.mark.rule("C8", "C12")
def test_a_decision_is_on_the_dates_that_were_shown(world: c.World, busy: tuple) -> None:
	_plant, _doc, review = busy
	c.answer_all(world, review)
	shown = c.shown(review)
	assess(world, review, possible(review))
	with as_user(world.gm), pytest.raises(QMSRefusal, match="has changed since it was shown"):
		api.decide_review(review.name, "Rejected", shown, "No")


@pytest.mark.rule("B3", "C8")
def test_an_override_to_met_needs_no_answer(world: c.World, busy: tuple) -> None:
	_plant, _doc, review = busy
	with as_user(world.person(roles.PLANNING)):
		api.override_criterion(review.name, "b", "Met", "Overtime is agreed")
	review.reload()
	c.answer_all(world, review)
	review.reload()
	assert c.decide(review, world.gm if review.approver_role == roles.GENERAL_MANAGER else world.vp).decision


@pytest.mark.rule("C8", "B4")
def test_pmc_refreshes_the_forecast_of_an_open_review(world: c.World) -> None:
	"""It rises by it, and asks who is newly concerned; it does not fall."""
	by_forecast()
	plant = f.Factory()
	c.receive(plant.body, 1000)
	doc = c.order(plant.pump, qty=16, days=14)
	review = c.start(world, doc)
	assert (review.contract_class, review.review_path) == ("Routine", "Circulated")
	order = plant.keep_busy(8 * 28, ends=13)
	with as_user(world.person(roles.PRODUCTION)), pytest.raises(QMSRefusal, match="C8"):
		api.refresh_forecast("Contract Review", review.name)
	with as_user(world.person(roles.PLANNING)):
		api.refresh_forecast("Contract Review", review.name)
	review.reload()
	assert (review.contract_class, review.review_path) == ("Non-routine", "Convened")
	assert review.approver_role == roles.GENERAL_MANAGER
	assert review.criteria[1].computed == "Not Met"
	frappe.db.set_value("Work Order", order.name, "status", "Stopped")
	with as_user(world.person(roles.PLANNING)):
		api.refresh_forecast("Sales Order", doc.name)
	review.reload()
	assert review.criteria[1].computed == "Met"
	assert review.review_path == "Convened"


@pytest.mark.rule("C8")
def test_with_lead_times_the_forecast_informs_and_holds_nothing_up(world: c.World) -> None:
	plant = f.Factory(hours=0)
	frappe.db.set_value("Item", plant.pump, "lead_time_days", 5)
	doc = c.order(plant.pump, qty=16, days=14)
	review = c.start(world, doc)
	assert (review.contract_class, review.by_forecast) == ("Routine", 0)
	assert "has no working hours" in review.forecast
	c.answer_all(world, review)
	assert c.decide(review.reload(), world.vp).decision == "Approved"


@pytest.mark.rule("B4", "C8")
def test_an_approval_does_not_lapse_because_its_forecast_is_old(world: c.World) -> None:
	by_forecast(forecast_valid_days=1)
	plant = f.Factory()
	doc = c.order(plant.pump, qty=4, days=30)
	review = c.approve(world, doc)
	row = forecast.stored(doc)
	frappe.db.set_value(forecast.DOCTYPE, row.name, "computed_on", add_days(row.computed_on, -9))
	scheduled.recheck_approvals()
	assert not frappe.db.get_value("Contract Review", review.name, "withdrawn")
	# But because the plant is full now.
	frappe.db.set_value(forecast.DOCTYPE, row.name, "computed_on", add_days(row.computed_on, -9))
	plant.keep_busy(8 * 60, ends=20)
	scheduled.recheck_approvals()
	assert frappe.db.get_value("Contract Review", review.name, "withdrawn")


@pytest.mark.rule("C8")
def test_the_print_carries_the_dates(world: c.World, busy: tuple) -> None:
	_plant, _doc, review = busy
	assess(world, review, possible(review), "A second shift from Monday")
	agree(world, review, possible(review), "Dr Li agrees")
	html = prints.qms_contract_review_form(review)
	for text in ("A second shift from Monday", "Dr Li agrees", possible(review), "产能与交期"):
		assert text in html


@pytest.mark.rule("C8")
def test_saving_asks_for_a_forecast_in_the_background() -> None:
	by_forecast()
	doc = c.order(f.Factory().pump, qty=4, days=30)
	assert doc.flags.qms_wants_forecast
	capacity.compute_in_background("Sales Order", doc.name)
	doc = frappe.get_doc("Sales Order", doc.name)
	doc.save()
	assert not doc.flags.qms_wants_forecast
	assert doc.qms_contract_class == "Routine"
	# One that was deleted meanwhile.
	capacity.compute_in_background("Sales Order", "SAL-ORD-NONE")


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
