"""The production doors (D4, C10): no work order starts for an order that is not approved, by no way."""

from __future__ import annotations

import json
from typing import Any

import frappe
import pytest
from erpnext.manufacturing.doctype.production_plan.production_plan import get_items_for_material_requests
from erpnext.manufacturing.doctype.work_order.work_order import make_stock_entry, stop_unstop
from erpnext.selling.doctype.sales_order.sales_order import (
	make_material_request,
)
from erpnext.stock.doctype.material_request.material_request import raise_work_orders
from frappe import client
from frappe.desk.form.save import savedocs
from frappe.model.document import Document
from frappe.utils import add_days, now_datetime, nowdate

from tests.support import contracts as c
from tests.support import goods as g
from tests.support.company import COMPANY
from tests.support.doors import fresh, nothing_changes, sent
from tests.support.people import as_user
from tests.support.plant import from_order, product, ready, typed

NOT_APPROVED = "D4: Order .* no approved contract review"


@pytest.fixture(autouse=True)
def _no_notices(_isolated: None) -> None:
	"""What production notices are needed for is tested in test_production: here it is the review alone."""
	c.without_production_notices()


def request(*orders: Document) -> Document:
	"""Return a submitted material request, to manufacture what these orders need."""
	doc = None
	for order in orders:
		doc = make_material_request(order.name, doc)
	doc.material_request_type = "Manufacture"
	doc.schedule_date = add_days(nowdate(), 20)
	doc.insert()
	doc.submit()
	return doc


def plan(*sources: Document, clear_box: bool = False, by_request: bool = False, **values: Any) -> Document:
	"""Return a submitted production plan of orders or material requests, sub-assemblies included.

	`clear_box`: once the sub-assemblies are combined. `by_request`: others are asked to make them.
	"""
	kind = sources[0].doctype
	field = frappe.scrub(kind)
	doc = frappe.get_doc({"doctype": "Production Plan", "company": COMPANY, "get_items_from": kind, **values})
	for source in sources:
		doc.append(f"{field}s", {field: source.name})
	doc.get_items()
	doc.insert()
	doc.get_sub_assembly_items()
	if clear_box:
		doc.combine_sub_items = 0
	if by_request:
		for row in doc.sub_assembly_items:
			row.type_of_manufacturing = "Material Request"
		doc.ignore_existing_ordered_qty = 1
		for row in get_items_for_material_requests(doc.as_dict(convert_dates_to_str=True)):
			if frappe.db.get_value("Item", row["item_code"], "default_bom"):
				doc.append("mr_items", {**row, "warehouse": c.warehouse()})
	doc.save()
	doc.submit()
	return doc


def planned(doc: Document) -> dict[str, list[Document]]:
	"""Return the draft work orders that the plan's button makes, by the order that they name, if any."""
	doc.make_work_order()
	made: dict[str, list[Document]] = {}
	for name in frappe.get_all(
		"Work Order", filters={"production_plan": doc.name, "docstatus": 0}, pluck="name", order_by="creation"
	):
		order, part = frappe.db.get_value(
			"Work Order", name, ["sales_order", "production_plan_sub_assembly_item"]
		)
		# ERPNext writes the order on a part's work order, and then refuses to save it until it is taken off.
		work = ready(name, **({"sales_order": None} if part else {}))
		made.setdefault(order or "", []).append(work)
	return made


def started(order: Document) -> float:
	"""Return how much of the first row of an order ERPNext counts as in production."""
	return frappe.db.get_value("Sales Order Item", order.items[0].name, "work_order_qty")


# From the order, by hand


@pytest.mark.rule("D4", "E8")
def test_d4_from_the_order(world: c.World, actors: tuple[str, ...]) -> None:
	code = product()
	for turn in (0, 1):
		order = c.committed_order(world, code)
		g.submitted(actors[turn:], from_order(order))
		assert started(order) == 5
	for order in (g.unreviewed(code), g.altered(world, code)):
		said = g.submit_refused(actors, from_order(order), f"{NOT_APPROVED}.* Open the order")
		assert order.name in said
		assert not started(order)


@pytest.mark.rule("D4", "E8")
def test_d4_by_hand(world: c.World, actors: tuple[str, ...]) -> None:
	code = product()
	fine, never = c.committed_order(world, code), g.unreviewed(code)
	work = typed(code, sales_order=never.name).insert()
	g.submit_refused(actors, work, NOT_APPROVED)
	work.sales_order = fine.name
	work.save()
	frappe.db.set_value("Sales Order Item", fine.items[0].name, "qty", 6)
	g.submit_refused(actors, work, NOT_APPROVED)
	frappe.db.set_value("Sales Order Item", fine.items[0].name, "qty", 5)
	g.submitted(actors, work)


@pytest.mark.rule("D4")
def test_d4_no_general_door_submits_a_work_order(actors: tuple[str, ...]) -> None:
	code = product()
	order = g.unreviewed(code)
	work = from_order(order)
	values = sent(work, docstatus=1)
	bypass = fresh(work)
	bypass.flags.ignore_validate = bypass.flags.ignore_permissions = True
	one = json.dumps([{"doctype": work.doctype, "docname": work.name, "docstatus": 1}])
	with nothing_changes(work, order):
		for door in (
			lambda: savedocs(sent(work), "Submit"),
			lambda: client.submit(sent(work)),
			lambda: client.save(values),
			bypass.submit,
		):
			g.refused(actors, door, NOT_APPROVED)
		for actor in actors:
			with as_user(actor):
				assert len(client.bulk_update(one)["failed_docs"]) == 1
	work.delete()
	for flags in ({}, {"ignore_validate": True}):
		new = typed(code, sales_order=order.name, docstatus=1)
		new.flags.update(flags)
		g.refused(actors, new.insert, NOT_APPROVED)
	assert not frappe.db.exists("Work Order", {"sales_order": order.name})


@pytest.mark.rule("D4")
def test_d4_work_orders_for_stock_are_not_held_up(actors: tuple[str, ...]) -> None:
	code = product()
	g.submitted(actors, typed(code).insert())
	doc = frappe.get_doc(
		{
			"doctype": "Production Plan",
			"company": COMPANY,
			"po_items": [
				{
					"item_code": code,
					"bom_no": frappe.db.get_value("Item", code, "default_bom"),
					"planned_qty": 5,
					"warehouse": c.warehouse(),
					"stock_uom": "Nos",
					"planned_start_date": now_datetime(),
				}
			],
		}
	).insert()
	doc.submit()
	(work,) = planned(doc)[""]
	g.submitted(actors, work)
	asked = frappe.get_doc(
		{
			"doctype": "Material Request",
			"company": COMPANY,
			"material_request_type": "Manufacture",
			"schedule_date": nowdate(),
			"items": [{"item_code": code, "qty": 5, "warehouse": c.warehouse(), "schedule_date": nowdate()}],
		}
	).insert()
	asked.submit()
	g.submitted(actors, ready(raise_work_orders(asked.name)[0]))


# From a production plan


@pytest.mark.rule("D4", "E8")
def test_d4_from_a_production_plan(world: c.World, actors: tuple[str, ...]) -> None:
	part = product()
	code = product(part)
	fine, never, changed = c.committed_order(world, code), g.unreviewed(code), g.altered(world, code)
	made = planned(plan(fine, never, changed))
	assert {order: [w.production_item for w in works] for order, works in made.items()} == {
		order.name: [code, part] for order in (fine, never, changed)
	}
	for order in (never, changed):
		for work in made[order.name]:
			assert order.name in g.submit_refused(actors, work, NOT_APPROVED)
			# The plan knows the order as well.
			work.sales_order = None
			work.save()
			assert order.name in g.submit_refused(actors, work, NOT_APPROVED)
		part_of = fresh(made[order.name][1])
		part_of.sales_order = order.name
		part_of.flags.ignore_validate = True
		g.refused(actors, part_of.submit, NOT_APPROVED)
		assert not started(order)
	for work in made[fine.name]:
		g.submitted(actors, work)


@pytest.mark.rule("D4", "E8")
def test_d4_a_plan_that_combines_items_is_for_all_its_orders(world: c.World, actors: tuple[str, ...]) -> None:
	part = product()
	code = product(part)
	first, second, never = c.committed_order(world, code), c.committed_order(world, code), g.unreviewed(code)
	made = planned(plan(first, never, combine_items=1))
	assert [(w.production_item, w.qty) for w in made[""]] == [(code, 10), (part, 10)] and len(made) == 1
	for work in made[""]:
		said = g.submit_refused(actors, work, NOT_APPROVED)
		assert never.name in said and first.name not in said
	made = planned(plan(first, second, combine_items=1))
	frappe.db.set_value("Sales Order Item", second.items[0].name, "rate", 1)
	for work in made[""]:
		assert second.name in g.submit_refused(actors, work, NOT_APPROVED)
	assert not started(first) and not started(second)
	frappe.db.set_value("Sales Order Item", second.items[0].name, "rate", 100)
	for work in made[""]:
		g.submitted(actors, work)


@pytest.mark.rule("D4")
def test_d4_a_plan_that_combines_sub_assemblies_makes_them_for_all_its_orders(
	world: c.World, actors: tuple[str, ...]
) -> None:
	part = product()
	code = product(part)
	fine, other, never = c.committed_order(world, code), c.committed_order(world, code), g.unreviewed(code)
	made = planned(plan(fine, never, combine_sub_items=1))
	(shared,) = made[""]
	assert (shared.production_item, shared.qty) == (part, 10)
	assert never.name in g.submit_refused(actors, shared, NOT_APPROVED)
	g.submitted(actors, made[fine.name][0])
	g.submit_refused(actors, made[never.name][0], NOT_APPROVED)
	(shared,) = planned(plan(other, combine_sub_items=1))[""]
	g.submitted(actors, shared)
	# Combined, and the box cleared before the plan is saved.
	orders = c.committed_order(world, code), g.unreviewed(code)
	(shared,) = planned(plan(*orders, combine_sub_items=1, clear_box=True))[""]
	assert shared.qty == 10
	assert orders[1].name in g.submit_refused(actors, shared, NOT_APPROVED)


@pytest.mark.rule("D4")
def test_d4_a_plan_of_material_requests_is_for_the_orders_behind_them(
	world: c.World, actors: tuple[str, ...]
) -> None:
	part = product()
	code = product(part)
	fine, never = c.committed_order(world, code), g.unreviewed(code)
	asked = {request(order).name: order for order in (fine, never)}
	sources = [frappe.get_doc("Material Request", name) for name in asked]
	(shared,) = [w for w in planned(plan(*sources, combine_sub_items=1))[""] if w.production_item == part]
	assert shared.qty == 10
	assert never.name in g.submit_refused(actors, shared, NOT_APPROVED)
	doc = plan(*sources)
	works = planned(doc)[""]
	assert [w.production_item for w in works] == [code, code, part, part]
	rows = {row.name: row.material_request for row in doc.po_items}
	parts = {row.name: rows[row.production_plan_item] for row in doc.sub_assembly_items}
	for work in works:
		source = rows.get(work.production_plan_item) or parts[work.production_plan_sub_assembly_item]
		if asked[source] is fine:
			g.submitted(actors, work)
		else:
			assert never.name in g.submit_refused(actors, work, NOT_APPROVED)


@pytest.mark.rule("D4")
def test_d4_what_a_plan_requests_is_for_its_orders(world: c.World, actors: tuple[str, ...]) -> None:
	"""A plan can ask others for its sub-assemblies; ERPNext does not write the order on that request."""
	part = product()
	code = product(part)
	frappe.db.set_value("Item", part, "default_material_request_type", "Manufacture")
	fine, never = c.committed_order(world, code), g.unreviewed(code)
	for order in (fine, never):
		doc = plan(order, by_request=True)
		doc.make_material_request()
		asked = frappe.get_doc("Material Request", {"docstatus": 0, "material_request_type": "Manufacture"})
		assert [(r.item_code, r.sales_order, r.production_plan) for r in asked.items] == [
			(part, None, doc.name)
		]
		asked.submit()
		(again,) = planned(plan(asked))[""]
		for work in (ready(raise_work_orders(asked.name)[0]), again):
			if order is fine:
				g.submitted(actors, work)
			else:
				assert never.name in g.submit_refused(actors, work, NOT_APPROVED)


# From a material request


@pytest.mark.rule("D4", "E8")
def test_d4_from_a_material_request(world: c.World, actors: tuple[str, ...]) -> None:
	code = product()
	fine, never, changed = c.committed_order(world, code), g.unreviewed(code), g.altered(world, code)
	names = raise_work_orders(request(fine, never, changed).name)
	made = {work.sales_order: work for work in (ready(name) for name in names)}
	for order in (never, changed):
		work = made[order.name]
		assert order.name in g.submit_refused(actors, work, NOT_APPROVED)
		# The request knows the order as well.
		work.sales_order = None
		work.save()
		assert order.name in g.submit_refused(actors, work, NOT_APPROVED)
		assert not started(order)
	g.submitted(actors, made[fine.name])
	assert started(fine) == 5


# Forged


@pytest.mark.rule("D4")
def test_d4_a_row_of_another_plan_or_request_hides_no_order(world: c.World, actors: tuple[str, ...]) -> None:
	part = product()
	code, other = product(part), product()
	fine, never, planned_too = c.committed_order(world, code), g.unreviewed(code), g.unreviewed(code)
	good, bad = plan(fine), plan(never)
	asked, of_never = request(fine), request(never)
	mixed = plan(c.committed_order(world, other), planned_too)
	row = next(r for r in mixed.po_items if r.item_code == other)
	forged: list[dict[str, Any]] = [
		{"production_plan": bad.name, "production_plan_item": good.po_items[0].name},
		{"production_plan": bad.name, "production_plan_item": None},
		{"production_plan": mixed.name, "production_plan_item": row.name},
		{
			"production_plan": bad.name,
			"production_plan_sub_assembly_item": good.sub_assembly_items[0].name,
		},
		{
			"production_plan": mixed.name,
			"production_plan_sub_assembly_item": mixed.sub_assembly_items[0].name,
		},
		{"material_request": of_never.name, "material_request_item": asked.items[0].name},
		{"material_request": of_never.name, "material_request_item": None},
	]
	work = typed(code).insert()
	clean = {field: None for values in forged for field in values}
	for values in forged:
		work.update({**clean, **values})
		work.save()
		order = planned_too if values.get("production_plan") == mixed.name else never
		assert order.name in g.submit_refused(actors, work, NOT_APPROVED), values
	# What it says itself counts besides what the plan says.
	work.update({**clean, "production_plan": good.name, "sales_order": never.name})
	work.save()
	assert never.name in g.submit_refused(actors, work, NOT_APPROVED)
	work.update({**clean, "production_plan": good.name, "sales_order": None})
	work.save()
	g.submitted(actors, work)


# After it was submitted


@pytest.mark.rule("D4", "E8")
def test_d4_a_running_work_order_is_moved_to_approved_orders_only(
	world: c.World, actors: tuple[str, ...]
) -> None:
	code = product()
	orders = [c.committed_order(world, code) for _ in range(2)]
	never, changed = g.unreviewed(code), g.altered(world, code)
	for work in (from_order(orders[0]), typed(code).insert()):
		g.submitted(actors, work)
		with nothing_changes(work):
			for order in (never, changed):
				for door in (
					lambda: savedocs(sent(fresh(work), sales_order=order.name), "Update"),  # noqa: B023
					lambda: client.set_value(work.doctype, work.name, "sales_order", order.name),  # noqa: B023
					lambda: fresh(work).db_set("sales_order", order.name),  # noqa: B023
					lambda: fresh(work).db_set({"sales_order": order.name}),  # noqa: B023
				):
					assert order.name in g.refused(actors, door, NOT_APPROVED)
		with as_user(actors[0]):
			client.set_value(work.doctype, work.name, "sales_order", orders[1].name)
		fresh(work).db_set("sales_order", orders[0].name)
		assert frappe.db.get_value(work.doctype, work.name, "sales_order") == orders[0].name


@pytest.mark.rule("D4")
def test_d4_what_has_started_goes_on(world: c.World, actors: tuple[str, ...]) -> None:
	order = c.committed_order(world, product())
	work = g.submitted(actors, from_order(order))
	g.submitted(
		actors, frappe.get_doc(make_stock_entry(work.name, "Material Transfer for Manufacture", 2)).insert()
	)
	frappe.db.set_value("Sales Order Item", order.items[0].name, "rate", 1)
	with as_user(actors[0]):
		client.set_value(work.doctype, work.name, "expected_delivery_date", nowdate())
		stop_unstop(work.name, "Stopped")
		stop_unstop(work.name, "Resumed")
		for purpose, qty in (("Material Transfer for Manufacture", 3), ("Manufacture", 5)):
			entry = frappe.get_doc(make_stock_entry(work.name, purpose, qty))
			entry.insert()
			entry.submit()
	assert frappe.db.get_value(work.doctype, work.name, ["status", "produced_qty"]) == ("Completed", 5)


# Actions of the review (C10)


@pytest.mark.rule("C10", "D4")
def test_c10_an_action_that_holds_up_production_is_done_and_verified_first(
	world: c.World, actors: tuple[str, ...]
) -> None:
	code = product()
	order = c.order(code)
	review = c.start(world, order)
	c.hold_up(world, review, "Production", "Qualify the new mould")
	c.answer_all(world, review)
	c.decide(review.reload(), world.vp)
	order.reload().submit()
	action = frappe.get_doc("Review Action", {"contract_review": review.name, "blocks": "Production"})
	held = [from_order(order), *planned(plan(order, combine_items=1))[""]]
	for work in held:
		said = g.submit_refused(actors, work, "C10: Order .* done and verified")
		assert action.name in said and order.name in said
	stock = g.submitted(actors, typed(code).insert())
	with nothing_changes(stock):
		g.refused(
			actors, lambda: client.set_value(stock.doctype, stock.name, "sales_order", order.name), "C10"
		)
	c.report_done(world, action.name)
	g.submit_refused(actors, held[0], "C10")
	c.verify_done(world, action.name)
	g.submitted(actors, held[0])
