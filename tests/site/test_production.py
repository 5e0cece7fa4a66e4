"""Release to production: PMC passes the task on, Production releases the notice, work orders need it (A7, D3,
D4, M1, F5).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import frappe
import pytest
from erpnext.manufacturing.doctype.work_order.work_order import (
	close_work_order,
)
from erpnext.selling.doctype.sales_order.sales_order import (
	make_material_request,
)
from erpnext.stock.doctype.material_request.material_request import raise_work_orders
from frappe import client
from frappe.desk.form.save import savedocs
from frappe.desk.query_report import run
from frappe.model.document import Document
from frappe.utils import add_days, getdate, now_datetime, nowdate
from frappe.www.printview import get_html_and_style

from qms_customer.contract import production, production_api, progress, states, worked
from qms_customer.contract.settings import DOCTYPE as SETTINGS
from qms_customer.erp import production_need
from qms_customer.messages import QMSRefusal
from qms_customer.records import verification
from qms_customer.rules import people as roles
from qms_customer.setup import install
from tests.support import contracts as c
from tests.support import goods as g
from tests.support.company import COMPANY
from tests.support.doors import fresh, nothing_changes, sent
from tests.support.people import as_user, make_user
from tests.support.plant import from_order, make, product, ready, typed
from tests.support.sql import count_queries

NOTICE = "Production Notice"
NO_NOTICE = "D4: .*no production notice"
TOO_MUCH = "D4: .*would be put in work"


def passed_on(world: c.World, order: Document, lines: Any = None, **values: Any) -> Document:
	"""Pass the task of an order on as PMC, and return the notice."""
	with as_user(world.person(roles.PLANNING)):
		shown = production_api.get_order(order.name)
		name = production_api.pass_on(order.name, "Make it", shown["hash"], lines, **values)["name"]
	return frappe.get_doc(NOTICE, name)


def compiled(world: c.World, notice: Document, **values: Any) -> Document:
	"""Fill a notice in as Production does."""
	with as_user(world.person(roles.PRODUCTION)):
		notice.reload()
		for row in notice.items:
			row.planned_start = row.planned_start or nowdate()
			row.planned_finish = row.planned_finish or add_days(nowdate(), 10)
		notice.update(
			{
				"special_requirements": notice.special_requirements or "/",
				"packaging": notice.packaging or "/",
				"instructions": "/",
				**values,
			}
		)
		notice.save()
	return notice.reload()


def shown(notice: Document) -> dict:
	return production_api.get_notice(notice.name)


def release(world: c.World, notice: Document, user: str | None = None) -> Document:
	"""Release a notice as Production."""
	with as_user(user or world.person(roles.PRODUCTION)):
		production_api.release(notice.name, shown(notice)["hash"], "/")
	return notice.reload()


def released(world: c.World, order: Document, lines: Any = None, **values: Any) -> Document:
	"""Return a released notice of an order."""
	return release(world, compiled(world, passed_on(world, order, lines), **values))


def line(order: Document, qty: float, row: int = 0, **values: Any) -> dict[str, Any]:
	"""Return a line of a notice for a row of an order."""
	d = order.items[row]
	return {"order_row": d.name, "item_code": d.item_code, "qty": qty, **values}


def plan(*orders: Document, **values: Any) -> Document:
	"""Return a draft production plan of orders."""
	doc = frappe.get_doc(
		{"doctype": "Production Plan", "company": COMPANY, "get_items_from": "Sales Order", **values}
	)
	for order in orders:
		doc.append("sales_orders", {"sales_order": order.name})
	doc.get_items()
	doc.insert()
	doc.get_sub_assembly_items()
	return doc.save()


def setting(**values: Any) -> None:
	"""Change the settings without their form."""
	for name, value in values.items():
		frappe.db.set_single_value(SETTINGS, name, value)
	frappe.clear_document_cache(SETTINGS, SETTINGS)


def refused(user: str, call: Callable[[], Any], words: str) -> None:
	"""Expect a person to be refused."""
	with as_user(user), pytest.raises(QMSRefusal, match=words):
		call()
	frappe.clear_messages()


# The notice itself


@pytest.mark.rule("D3")
def test_d3_pmc_passes_on_and_production_releases(world: c.World) -> None:
	order = c.committed_order(world, product())
	notice = passed_on(world, order)
	pmc, maker = world.person(roles.PLANNING), world.person(roles.PRODUCTION)
	assert (notice.docstatus, notice.workflow_state) == (0, states.PRODUCTION_PASSED)
	assert (notice.passed_by, notice.task, notice.customer) == (pmc, "Make it", order.customer)
	(row,) = notice.items
	assert (row.item_code, row.qty, row.ordered_qty) == (order.items[0].item_code, 5, 5)
	assert row.order_row == order.items[0].name and row.promised_date == getdate(order.items[0].delivery_date)
	assert row.product_standard.startswith("Q/QTC")
	assert frappe.db.exists("ToDo", {"reference_name": notice.name, "allocated_to": maker, "status": "Open"})
	with as_user(maker):
		panel = shown(notice)
		assert panel["may_release"] and "say when it starts" in panel["html"]
		with pytest.raises(QMSRefusal, match="starts and finishes"):
			production_api.release(notice.name, panel["hash"], "/")
	compiled(world, notice)
	refused(maker, lambda: production_api.release(notice.name, panel["hash"], "/"), "has changed since")
	release(world, notice)
	assert (notice.docstatus, notice.workflow_state) == (1, states.PRODUCTION_RELEASED)
	assert notice.released_by == maker and notice.planned_start == getdate()
	assert not frappe.db.exists("ToDo", {"reference_name": notice.name, "status": "Open"})
	signed = frappe.get_all(
		"Electronic Signature",
		{"reference_name": notice.name},
		["meaning", "role", "signer"],
		order_by="sequence",
	)
	assert [(s.meaning, s.role, s.signer) for s in signed] == [
		("Task Passed On", roles.PLANNING, pmc),
		("Released to Production", roles.PRODUCTION, maker),
	]
	assert not verification.verify(NOTICE, notice.name).findings


@pytest.mark.rule("D3", "C12", "K3")
def test_d3_who_may_pass_on_and_release(world: c.World) -> None:
	order = c.committed_order(world, product())
	key = production_api.get_order(order.name)["hash"]
	for user in (world.sales, world.person(roles.PRODUCTION), "Administrator"):
		refused(user, lambda: production_api.pass_on(order.name, "x", key), "D3: A task is passed on")
	both = make_user(roles.PLANNING, roles.PRODUCTION)
	with as_user(both):
		name = production_api.pass_on(order.name, "Make it", key)["name"]
	notice = compiled(world, frappe.get_doc(NOTICE, name))
	hash_ = shown(notice)["hash"]
	for user in (world.sales, world.person(roles.PLANNING), "Administrator"):
		refused(user, lambda: production_api.release(name, hash_, "/"), "D3: A production notice is released")
	refused(both, lambda: production_api.release(name, hash_, "/"), "C12")
	outsider = make_user("Stock User")
	with as_user(outsider), pytest.raises(frappe.PermissionError):
		production_api.get_notice(name)
	# No pen, no signature.
	frappe.set_user(world.person(roles.PRODUCTION))
	with pytest.raises(QMSRefusal, match="K3"):
		production_api.release(name, hash_, "/")
	frappe.set_user("Administrator")
	assert notice.reload().docstatus == 0


@pytest.mark.rule("D3", "D4")
def test_d3_only_from_an_approved_contract(world: c.World) -> None:
	code = product()
	pmc = world.person(roles.PLANNING)
	for order in (g.unreviewed(code), g.altered(world, code)):
		key = production.content.fingerprint_of(order)
		refused(pmc, lambda: production_api.pass_on(order.name, "x", key), "D4: Order")  # noqa: B023
	draft = c.order(code)
	key = production.content.fingerprint_of(draft)
	refused(pmc, lambda: production_api.pass_on(draft.name, "x", key), "not in force")
	order = c.committed_order(world, code)
	refused(pmc, lambda: production_api.pass_on(order.name, "x", "other"), "has changed since")
	setting(production_needs_signed=1)
	key = production.content.fingerprint_of(order)
	refused(pmc, lambda: production_api.pass_on(order.name, "x", key), "D1: .*not signed")


@pytest.mark.rule("D3")
def test_d3_all_notices_together_stay_within_the_order(world: c.World) -> None:
	order = c.committed_order(world, product())
	released(world, order, [line(order, 3)])
	pmc, maker = world.person(roles.PLANNING), world.person(roles.PRODUCTION)
	key = production.content.fingerprint_of(order)
	for rows, words in (
		([line(order, 3)], "3 would be made, 5 are ordered and 3"),
		([line(order, 0)], "more than 0"),
		([line(order, 1), line(order, 1)], "a line for it already"),
		([{**line(order, 1), "item_code": c.item()}], "does not ask for this"),
	):
		refused(pmc, lambda: production_api.pass_on(order.name, "x", key, rows), words)  # noqa: B023
	notice = passed_on(world, order)
	assert [row.qty for row in notice.items] == [2]
	assert not production_api.get_order(order.name)["left"]
	compiled(world, notice)
	with as_user(maker):
		notice.items[0].qty = 3
		notice.save()
	hash_ = shown(notice)["hash"]
	refused(maker, lambda: production_api.release(notice.name, hash_, "/"), "say why more is made")
	with as_user(maker):
		notice.excess_reason = "One is kept as a retained sample"
		notice.save()
	release(world, notice)
	assert (
		production.worked.by_item(worked.released([order.name]))[order.name, notice.items[0].item_code] == 6
	)


@pytest.mark.rule("D3", "K2")
def test_d3_a_draft_is_filled_in_and_nothing_else_is_changed(world: c.World) -> None:
	order = c.committed_order(world, product())
	notice = compiled(world, passed_on(world, order))
	maker = world.person(roles.PRODUCTION)
	other, unasked = c.committed_order(world, product()), c.item()
	for values in ({"reference_name": other.name}, {"task": "x"}, {"released_by": maker}, {"withdrawn": 1}):
		refused(maker, lambda: client.save(sent(fresh(notice), **values)), "C11")  # noqa: B023
		refused(maker, lambda: client.set_value(NOTICE, notice.name, values), "C11")  # noqa: B023
	for submit in (
		lambda: client.submit(sent(fresh(notice))),
		lambda: savedocs(sent(fresh(notice)), "Submit"),
	):
		with as_user(maker), pytest.raises(frappe.PermissionError):
			submit()
		g.refused(("Administrator",), submit, "C11")
	with as_user(maker):
		doc = fresh(notice)
		doc.append("items", {"item_code": unasked, "qty": 1})
		with pytest.raises(QMSRefusal, match="does not ask for this"):
			doc.save()
	with as_user(world.sales), pytest.raises(frappe.PermissionError):
		fresh(notice).save()
	g.refused(("Administrator",), lambda: client.delete(NOTICE, notice.name), "C10")
	release(world, notice)
	for door in (
		lambda: client.save(sent(fresh(notice), instructions="y")),
		lambda: fresh(notice).db_set("withdrawn", 1),
		lambda: fresh(notice).cancel(),
	):
		with nothing_changes(notice):
			g.refused(("Administrator",), door, "C1[01]")
	row = fresh(notice).items[0]
	row.qty = 50
	g.refused(("Administrator",), row.save, "K2")


# A7


@pytest.mark.rule("A7")
def test_a7_special_packaging_is_designed_and_confirmed_first(world: c.World) -> None:
	order = c.committed_order(
		world, product(), qms_packaging="Special", qms_packaging_details="Double sterile pouch"
	)
	notice = compiled(world, passed_on(world, order))
	assert "Double sterile pouch" in notice.packaging
	maker, rnd = world.person(roles.PRODUCTION), world.person(roles.RND)
	panel = shown(notice)
	assert "A7" in panel["html"]
	(action,) = frappe.get_all(
		"Review Action", {"reference_name": order.name, "blocks": "Production"}, pluck="name"
	)
	assert action in panel["html"]
	refused(maker, lambda: production_api.release(notice.name, panel["hash"], "/"), "A7: The contract asks")
	design = {"kind": "Packaging", "title": "Pouch", "design_version": "A"}
	with as_user(rnd):
		notice.append("designs", design)
		notice.save()
	refused(maker, lambda: production_api.release(notice.name, shown(notice)["hash"], "/"), "attach its file")
	with as_user(rnd):
		row = notice.designs[0]
		row.file = c.upload(attached_to_doctype=NOTICE, attached_to_name=notice.name).file_url
		row.update({"confirmed_by": "Ms Wu", "confirmed_on": add_days(now_datetime(), 1), "method": "E-mail"})
		notice.save()
		assert len(row.sha256) == 64 and row.recorded_by == rnd
	refused(maker, lambda: production_api.release(notice.name, shown(notice)["hash"], "/"), "in the future")
	with as_user(rnd):
		notice.designs[0].confirmed_on = now_datetime()
		notice.save()
	# C10: the action of the review holds as well.
	refused(maker, lambda: production_api.release(notice.name, shown(notice)["hash"], "/"), "C10")
	doc = frappe.get_doc("Review Action", action)
	with as_user(doc.action_owner):
		c.api.complete_action(action, "Drawn and confirmed")
	with as_user(world.person(roles.QUALITY)):
		c.api.verify_action(action, 1, "Seen")
	release(world, notice)
	with pytest.raises(QMSRefusal):
		frappe.get_doc("File", {"file_url": notice.designs[0].file}).delete()


# Work orders


@pytest.mark.rule("D3", "D4")
def test_d4_a_work_order_needs_a_released_notice(world: c.World, actors: tuple[str, ...]) -> None:
	order = c.committed_order(world, product())
	work = from_order(order)
	g.submit_refused(actors, work, NO_NOTICE)
	notice = compiled(world, passed_on(world, order, [line(order, 3)]))
	# Compiled is not released.
	g.submit_refused(actors, work, NO_NOTICE)
	release(world, notice)
	g.submit_refused(actors, work, f"{TOO_MUCH}, production notices release 3")
	work = ready(work.name, qty=3)
	g.submitted(actors, work)
	rest = from_order(order)
	assert rest.qty == 2
	g.submit_refused(actors, rest, TOO_MUCH)
	released(world, order)
	g.submitted(actors, rest)


@pytest.mark.rule("D4")
def test_d4_no_door_makes_without_a_notice(world: c.World, actors: tuple[str, ...]) -> None:
	code = product()
	order = c.committed_order(world, code)
	work = from_order(order)
	bypass = fresh(work)
	bypass.flags.ignore_validate = bypass.flags.ignore_permissions = True
	one = json.dumps([{"doctype": work.doctype, "docname": work.name, "docstatus": 1}])
	with nothing_changes(work, order):
		for door in (
			lambda: savedocs(sent(work), "Submit"),
			lambda: client.submit(sent(work)),
			lambda: client.save(sent(work, docstatus=1)),
			bypass.submit,
		):
			g.refused(actors, door, NO_NOTICE)
		with as_user(actors[0]):
			assert len(client.bulk_update(one)["failed_docs"]) == 1
	frappe.clear_messages()
	work.delete()
	new = typed(code, sales_order=order.name, docstatus=1)
	new.flags.ignore_validate = True
	g.refused(actors, new.insert, NO_NOTICE)
	# Made for stock, and given to the order afterwards.
	stock = g.submitted(actors, typed(code).insert())
	with nothing_changes(stock):
		for door in (
			lambda: client.set_value(stock.doctype, stock.name, "sales_order", order.name),
			lambda: fresh(stock).db_set("sales_order", order.name),
		):
			g.refused(actors, door, NO_NOTICE)


@pytest.mark.rule("D4")
def test_d4_work_is_moved_only_where_a_notice_covers_it(world: c.World, actors: tuple[str, ...]) -> None:
	code = product()
	first, second, third = (c.committed_order(world, code) for _ in range(3))
	released(world, first)
	released(world, second, [line(second, 2)])
	work = g.submitted(actors, from_order(first))
	for order, words in ((second, TOO_MUCH), (third, NO_NOTICE)):
		for door in (
			lambda: client.set_value(work.doctype, work.name, "sales_order", order.name),  # noqa: B023
			lambda: fresh(work).db_set("sales_order", order.name),  # noqa: B023
		):
			with nothing_changes(work):
				g.refused(actors, door, words)
	released(world, second, [line(second, 3)])
	# It counts for the order that it was moved to, and not against itself.
	fresh(work).db_set("sales_order", second.name)
	fresh(work).db_set("sales_order", first.name)
	fresh(work).db_set("sales_order", first.name)
	with nothing_changes(work):
		g.refused(actors, lambda: fresh(work).db_set("qty", 6), TOO_MUCH)
	fresh(work).db_set("qty", 4)
	g.submitted(actors, from_order(second))


@pytest.mark.rule("D4")
def test_d4_what_is_split_cancelled_amended_or_closed_is_counted(
	world: c.World, actors: tuple[str, ...]
) -> None:
	code = product()
	order = c.committed_order(world, code)
	released(world, order, [line(order, 4)])
	works = [from_order(order, 2) for _ in range(2)] + [typed(code, 1, sales_order=order.name).insert()]
	for work in works[:2]:
		g.submitted(actors, work)
	g.submit_refused(actors, works[2], TOO_MUCH)
	with as_user(actors[0]):
		works[0].reload().cancel()
	g.submitted(actors, works[2])
	amended = frappe.copy_doc(works[0])
	amended.update({"amended_from": works[0].name, "qty": 2, "docstatus": 0, "status": "Draft"})
	amended.insert()
	g.submit_refused(actors, amended, TOO_MUCH)
	amended = ready(amended.name, qty=1)
	g.submitted(actors, amended)
	# Of a closed one only what it made is taken.
	make(works[1], 1)
	with as_user(actors[0]):
		close_work_order(works[1].name, "Closed")
	g.submitted(actors, typed(code, 1, sales_order=order.name).insert())
	g.submit_refused(actors, typed(code, 1, sales_order=order.name).insert(), TOO_MUCH)


@pytest.mark.rule("D3", "D4")
def test_d4_who_needs_no_notice(world: c.World, actors: tuple[str, ...]) -> None:
	code = product()
	order = c.committed_order(world, code)
	assert worked.needing([order.name]) == {order.name}
	setting(production_needs_notice=0)
	assert not worked.needing([order.name])
	g.submitted(actors, from_order(order))
	setting(production_needs_notice=1)
	g.submitted(actors, typed(code).insert())


# Production plans


@pytest.mark.rule("D3", "D4")
def test_d4_a_production_plan_needs_notices(world: c.World, actors: tuple[str, ...]) -> None:
	part = product()
	code = product(part)
	order, other = c.committed_order(world, code), c.committed_order(world, code)
	doc = plan(order)
	g.submit_refused(actors, doc, NO_NOTICE)
	released(world, order, [line(order, 3)])
	g.submit_refused(actors, doc, TOO_MUCH)
	notice = released(world, order)
	g.submitted(actors, doc)
	g.submit_refused(actors, plan(other), NO_NOTICE)
	doc.make_work_order()
	names = frappe.get_all("Work Order", {"production_plan": doc.name}, ["name", "production_item"])
	works = {
		w.production_item: ready(w.name, **({"sales_order": None} if w.production_item == part else {}))
		for w in names
	}
	# The sub-assembly goes with the notice of what it is built into.
	g.submitted(actors, works[part])
	with as_user(world.person(roles.PLANNING)):
		production_api.withdraw(notice.name, shown(notice)["hash"], "Postponed")
	g.submit_refused(actors, works[code], TOO_MUCH)
	released(world, order)
	g.submitted(actors, works[code])


@pytest.mark.rule("D4")
def test_d4_combined_plans_count_for_each_of_their_orders(world: c.World, actors: tuple[str, ...]) -> None:
	code = product()
	first, second = c.committed_order(world, code), c.committed_order(world, code)
	released(world, first)
	doc = plan(first, second, combine_items=1)
	said = g.submit_refused(actors, doc, NO_NOTICE)
	assert second.name in said and first.name not in said
	released(world, second, [line(second, 4)])
	said = g.submit_refused(actors, doc, TOO_MUCH)
	assert second.name in said and first.name not in said
	released(world, second)
	g.submitted(actors, doc)
	doc.make_work_order()
	work = ready(frappe.db.get_value("Work Order", {"production_plan": doc.name}))
	assert work.qty == 10 and not work.sales_order
	g.submitted(actors, work)
	for order in (first, second):
		(one,) = worked.work([order.name])
		assert (one.taken, one.order) == (5, order.name)
		g.submit_refused(actors, typed(code, 1, sales_order=order.name).insert(), TOO_MUCH)


# Bundles and requests


@pytest.mark.rule("D3", "D4")
def test_d4_a_bundle_is_made_by_its_parts(world: c.World, actors: tuple[str, ...]) -> None:
	part, bundle = product(), c.item(is_stock_item=0)
	frappe.get_doc(
		{"doctype": "Product Bundle", "new_item_code": bundle, "items": [{"item_code": part, "qty": 2}]}
	).insert()
	order = c.committed_order(world, bundle)
	notice = passed_on(world, order)
	assert [(row.item_code, row.qty, row.order_row) for row in notice.items] == [
		(part, 10, order.items[0].name)
	]
	with as_user(world.person(roles.PLANNING)):
		production_api.withdraw(notice.name, shown(notice)["hash"], "In two lots")
	notice = released(world, order, [{"order_row": order.items[0].name, "item_code": part, "qty": 6}])
	(name,) = production_api.make_work_orders(notice.name)
	assert frappe.db.get_value("Work Order", name, ["production_item", "qty"]) == (part, 6)
	g.submitted(actors, ready(name))
	g.submit_refused(actors, typed(part, 1, sales_order=order.name).insert(), TOO_MUCH)
	(found,) = progress.of([order.name])[order.name]
	assert (found.item, found.ordered, found.noticed, found.in_work) == (part, 10, 6, 6)


@pytest.mark.rule("D4")
def test_d4_what_was_requested_is_counted_whatever_it_names(world: c.World, actors: tuple[str, ...]) -> None:
	code = product()
	order = c.committed_order(world, code)
	asked = make_material_request(order.name)
	asked.material_request_type = "Manufacture"
	asked.schedule_date = add_days(nowdate(), 20)
	asked.insert()
	asked.submit()
	work = ready(raise_work_orders(asked.name)[0], sales_order=None)
	assert order.name in g.submit_refused(actors, work, NO_NOTICE)
	released(world, order)
	g.submitted(actors, work)
	(one,) = worked.work([order.name])
	assert (one.name, one.taken) == (work.name, 5)
	other = typed(code, 1).insert()
	other.update({"material_request": asked.name})
	other.save()
	g.submit_refused(actors, other, TOO_MUCH)


@pytest.mark.rule("D4")
def test_d4_adopted_contracts_are_made_without_a_notice(world: c.World, actors: tuple[str, ...]) -> None:
	order = c.committed_order(world, product())
	adoption = frappe.new_doc("Contract Adoption")
	adoption.update({"name": frappe.generate_hash(length=8), "docstatus": 1})
	adoption.db_insert()
	row = frappe.new_doc("Adopted Contract")
	row.update(
		{
			"name": frappe.generate_hash(length=8),
			"adoption": adoption.name,
			"reference_doctype": "Sales Order",
			"reference_name": order.name,
			"fingerprint": production.content.fingerprint_of(order),
			"content": "{}",
			"read_on": now_datetime(),
		}
	)
	row.db_insert()
	assert not worked.needing([order.name])
	g.submitted(actors, from_order(order))


@pytest.mark.rule("D4")
def test_d4_a_finished_item_is_not_passed_off_as_a_part(world: c.World, actors: tuple[str, ...]) -> None:
	pump = product()
	tower = product(pump)
	order, other = c.committed_order(world, pump), c.committed_order(world, tower)
	released(world, order, [line(order, 1)])
	released(world, other)
	doc = plan(other)
	g.submitted(actors, doc)
	(part,) = doc.sub_assembly_items
	assert part.production_item == pump
	# Of another order's plan, the pump is a part; for this order it is what the order asks for.
	work = typed(pump, sales_order=order.name).insert()
	work.update({"production_plan": doc.name, "production_plan_sub_assembly_item": part.name})
	work.save()
	assert order.name in g.submit_refused(actors, work, TOO_MUCH)
	work = ready(work.name, qty=1)
	g.submitted(actors, work)
	assert [(w.name, w.taken) for w in worked.work([order.name])] == [(work.name, 1)]
	assert not worked.work([other.name])


@pytest.mark.rule("D4")
def test_d4_the_cost_does_not_grow_with_the_rows(world: c.World) -> None:
	code = product()
	counts = []
	for rows in (1, 12):
		order = c.committed_order(world, [{"item_code": code, "qty": 5, "rate": 100} for _ in range(rows)])
		released(world, order)
		work = typed(code, 5, sales_order=order.name).insert()
		production_need.of_work_order(work, {order.name})
		with count_queries() as queries:
			assert not production_need.of_work_order(work, {order.name})
		counts.append(queries.count)
	assert counts[0] == counts[1] <= 24


@pytest.mark.rule("D4")
def test_d4_a_work_order_that_waited_sees_what_the_other_one_took(
	world: c.World, actors: tuple[str, ...], committed: Callable[[], None]
) -> None:
	"""The second transaction began, and read, before the first one was committed."""
	from frappe.database import get_db

	code = product()
	order = c.committed_order(world, code, qty=10)
	released(world, order, [line(order, 5)])
	works = [typed(code, 5, sales_order=order.name).insert() for _ in range(2)]
	committed()
	mine = frappe.local.db
	conf = frappe.conf
	other = get_db(
		socket=conf.db_socket, user=conf.db_name, password=conf.db_password, cur_db_name=conf.db_name
	)
	frappe.local.db = other
	try:
		assert not worked.work([order.name])
	finally:
		frappe.local.db = mine
	works[0].submit()
	frappe.db.commit()
	frappe.local.db = other
	try:
		g.refused(("Administrator",), works[1].submit, "moved meanwhile")
		frappe.db.rollback()
		g.refused(("Administrator",), works[1].submit, TOO_MUCH)
	finally:
		frappe.db.rollback()
		other.close()
		frappe.local.db = mine


# Withdrawal


@pytest.mark.rule("D3")
def test_d3_a_notice_is_withdrawn_while_nothing_was_made(world: c.World, actors: tuple[str, ...]) -> None:
	order = c.committed_order(world, product())
	notice = released(world, order)
	maker = world.person(roles.PRODUCTION)
	work = g.submitted(actors, from_order(order))
	refused(maker, lambda: production_api.withdraw(notice.name, shown(notice)["hash"], "/"), "Say why")
	refused(world.sales, lambda: production_api.withdraw(notice.name, shown(notice)["hash"], "x"), "D3")
	with as_user(maker):
		answer = production_api.withdraw(notice.name, shown(notice)["hash"], "The drawing is wrong")
	assert answer == {"workflow_state": states.PRODUCTION_WITHDRAWN, "still_running": work.name}
	assert work.name in shown(notice.reload())["html"]
	assert not verification.verify(NOTICE, notice.name).findings
	refused(
		maker, lambda: production_api.withdraw(notice.name, shown(notice)["hash"], "x"), "withdrawn already"
	)
	again = released(world, order)
	make(work, 2)
	refused(maker, lambda: production_api.withdraw(again.name, shown(again)["hash"], "x"), "2 were made")
	draft = passed_on(world, c.committed_order(world, product()))
	with as_user(world.person(roles.PLANNING)):
		production_api.withdraw(draft.name, shown(draft)["hash"], "Passed on by mistake")
	assert (draft.reload().docstatus, draft.withdrawn) == (1, 1)


@pytest.mark.rule("D3", "C10")
def test_d3_a_cancelled_order_leaves_its_notices(world: c.World) -> None:
	order = c.committed_order(world, product())
	notice, draft = released(world, order, [line(order, 2)]), passed_on(world, order)
	c.end(order)
	refused(
		world.person(roles.PRODUCTION),
		lambda: production_api.release(draft.name, shown(draft)["hash"], "/"),
		"not in force",
	)
	for one in (notice, draft):
		with as_user(world.person(roles.PLANNING)):
			production_api.withdraw(one.name, shown(one)["hash"], "The order was cancelled")
		assert one.reload().withdrawn
		assert not verification.verify(NOTICE, one.name).findings


@pytest.mark.rule("D3")
def test_d3_a_notice_supersedes_another(world: c.World) -> None:
	order = c.committed_order(world, product())
	old = released(world, order)
	new = passed_on(world, order, [line(order, 4)], supersedes=old.name)
	assert not old.reload().withdrawn
	release(world, compiled(world, new))
	old.reload()
	assert (old.withdrawn, old.superseded_by) == (1, new.name)
	assert worked.by_item(worked.released([order.name])) == {(order.name, order.items[0].item_code): 4}
	assert not [f for name in (old.name, new.name) for f in verification.verify(NOTICE, name).findings]
	key = production.content.fingerprint_of(order)
	pmc = world.person(roles.PLANNING)
	rows = [line(order, 1)]
	refused(pmc, lambda: production_api.pass_on(order.name, "x", key, rows, old.name), "cannot be superseded")


# One click


@pytest.mark.rule("D3", "M1")
def test_m1_work_orders_are_made_once_however_often_it_is_pressed(
	world: c.World, actors: tuple[str, ...]
) -> None:
	order = c.committed_order(world, product())
	notice = released(world, order, [line(order, 4)])
	with as_user(world.person(roles.PRODUCTION)), pytest.raises(frappe.PermissionError):
		production_api.make_work_orders(notice.name)
	(name,) = production_api.make_work_orders(notice.name)
	work = frappe.get_doc("Work Order", name)
	assert (work.qty, work.sales_order, work.sales_order_item) == (4, order.name, order.items[0].name)
	assert getdate(work.planned_start_date) == notice.items[0].planned_start
	for door in (production_api.make_work_orders, production_api.make_production_plan):
		refused("Administrator", lambda: door(notice.name), "drafts among them")  # noqa: B023
	g.submitted(actors, ready(name))
	refused("Administrator", lambda: production_api.make_work_orders(notice.name), "drafts among them")
	rest = released(world, order)
	(second,) = production_api.make_work_orders(rest.name)
	assert frappe.db.get_value("Work Order", second, "qty") == 1
	frappe.delete_doc("Work Order", second)
	planned = frappe.get_doc("Production Plan", production_api.make_production_plan(rest.name)["name"])
	assert [(row.item_code, row.planned_qty) for row in planned.po_items] == [(order.items[0].item_code, 1)]
	refused("Administrator", lambda: production_api.make_work_orders(rest.name), "drafts among them")
	g.submitted(actors, planned)


# Progress


@pytest.mark.rule("M1", "F5")
def test_m1_progress_against_the_promise(world: c.World, actors: tuple[str, ...]) -> None:
	order = c.committed_order(world, product())
	released(world, order, [line(order, 4)])
	work = g.submitted(actors, ready(from_order(order).name, qty=3))
	make(work, 2)
	note = g.delivery(order, 1)
	note.submit()
	(found,) = progress.of([order.name])[order.name]
	assert (found.ordered, found.noticed, found.in_work, found.made, found.delivered) == (5, 4, 1, 2, 1)
	assert found.promised == getdate(order.items[0].delivery_date) and not found.late
	panel = production_api.get_order(order.name)
	assert panel["shown"] and order.items[0].item_code in panel["html"]
	rows = run("Production by Notice", filters=json.dumps({"sales_order": order.name}))["result"]
	(row,) = [r for r in rows if isinstance(r, dict)]
	assert (row["qty"], row["in_work"], row["made"], row["delivered"]) == (4, 1, 2, 1)


@pytest.mark.rule("M1")
def test_m1_progress_costs_the_same_for_many_orders(world: c.World) -> None:
	code = product()
	orders = [c.committed_order(world, code) for _ in range(3)]
	for order in orders:
		released(world, order)
	counts = []
	for names in ([orders[0].name], [o.name for o in orders]):
		progress.of(names)
		with count_queries() as queries:
			progress.of(names)
		counts.append(queries.count)
	assert counts[0] == counts[1] <= 12


@pytest.mark.rule("M1")
@pytest.mark.parametrize("role", (roles.SALES_USER, roles.PRODUCTION, roles.AUDITOR))
def test_m1_the_workshop_list_is_for_all_our_people(world: c.World, role: str) -> None:
	order = c.committed_order(world, product())
	notice = released(world, order)
	with as_user(make_user(role)):
		rows = run("Production by Notice", filters="{}")["result"]
		assert notice.name in {r["notice"] for r in rows if isinstance(r, dict)}
		assert production_api.get_notice(notice.name)["html"]


@pytest.mark.rule("F5")
def test_f5_the_customer_is_told_and_it_is_kept(world: c.World) -> None:
	buyer = c.customer(language="zh")
	order = c.committed_order(world, product(), customer=buyer, po_no="<b>17</b>")
	with as_user(world.sales):
		mail = production_api.draft_message(order.name)
		assert "进度" in mail["subject"] and order.items[0].item_code in mail["message"]
		assert "<b>17</b>" not in mail["message"]
		with pytest.raises(QMSRefusal, match="F5"):
			production_api.tell_customer(order.name, mail["subject"], mail["message"])
		name = production_api.tell_customer(order.name, mail["subject"], mail["message"], by_mail=0)["name"]
	kept = frappe.get_doc("Communication", name)
	assert (kept.reference_doctype, kept.reference_name) == ("Sales Order", order.name)
	with as_user(make_user(roles.SERVICE)), pytest.raises(frappe.PermissionError):
		production_api.draft_message(order.name)


# Print


@pytest.mark.rule("D3", "K6")
def test_d3_the_notice_on_paper(world: c.World) -> None:
	order = c.committed_order(world, product())
	notice = compiled(world, passed_on(world, order))
	html = get_html_and_style(NOTICE, notice.name, NOTICE)["html"]
	assert "生产通知单" in html and "尚未下达" in html and "QMS-CR-12" in html
	release(world, notice)
	html = get_html_and_style(NOTICE, notice.name, NOTICE)["html"]
	assert "尚未下达" not in html and order.name in html


@pytest.mark.rule("D3", "K4")
def test_an_older_site_gets_the_new_settings() -> None:
	frappe.db.delete("Singles", {"doctype": SETTINGS, "field": "production_needs_notice"})
	frappe.db.delete("Record Form", {"record_type": NOTICE})
	frappe.clear_document_cache(SETTINGS, SETTINGS)
	install._settings()
	settings = frappe.get_doc(SETTINGS)
	assert settings.production_needs_notice and not settings.production_needs_signed
	assert [f.form_number for f in settings.record_forms if f.record_type == NOTICE] == ["QMS-CR-12"]
	# Switched off, it stays so.
	setting(production_needs_notice=0)
	install._settings()
	assert not frappe.get_doc(SETTINGS).production_needs_notice
