"""Work that was let pass before a change was asked for does not begin while it is pending (D4): every way by
which material goes in, an operation is started, or a stopped work order is put to work again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import frappe
import pytest
from erpnext.manufacturing.doctype.job_card.job_card import make_stock_entry as transfer_for_card
from erpnext.manufacturing.doctype.job_card.job_card import make_time_log
from erpnext.manufacturing.doctype.work_order.work_order import (
	close_work_order,
	create_pick_list,
	make_job_card,
	make_stock_entry,
	make_stock_return_entry,
	stop_unstop,
)
from erpnext.stock.doctype.pick_list.pick_list import create_stock_entry
from frappe import client
from frappe.desk.form.save import savedocs
from frappe.model.document import Document
from frappe.utils import add_to_date, now_datetime

from qms_customer.contract import notices
from qms_customer.contract.settings import settings
from tests.site.test_doors_production import plan, planned
from tests.support import altering as h
from tests.support import contracts as c
from tests.support import factory
from tests.support import goods as g
from tests.support.company import ABBR
from tests.support.doors import fresh, nothing_changes, sent
from tests.support.people import as_user
from tests.support.plant import from_order, product, typed
from tests.support.sql import count_queries

WAITS = "D4: Work order .* does not start: .*not decided yet"
TRANSFER, CONSUMPTION, MANUFACTURE = (
	"Material Transfer for Manufacture",
	"Material Consumption for Manufacture",
	"Manufacture",
)


@pytest.fixture(autouse=True)
def _no_notices(_isolated: None) -> None:
	"""What production notices are needed for is tested in test_production."""
	c.without_production_notices()


def two_lines(world: c.World) -> Document:
	return c.committed_order(world, [{"item_code": product(), "qty": 5, "rate": 10} for _ in range(2)])


def work_of(actors: tuple[str, ...], order: Document, line: int = 0, **values: Any) -> Document:
	"""Return a submitted work order for a line of an order."""
	row = order.items[line]
	work = typed(
		row.item_code,
		sales_order=order.name,
		sales_order_item=row.name,
		source_warehouse=c.warehouse(),
		**values,
	)
	return g.submitted(actors, work.insert())


def with_operations(code: str) -> tuple[str, str]:
	"""Give a product a bill of materials of two operations, and return their workstations."""
	places = factory.workstation(), factory.workstation()
	part = c.item(with_standard=False)
	# Where ERPNext looks for material that the bill does not place.
	c.receive(part, 50, f"Stores - {ABBR}")
	factory.bom(code, {part: 1}, [{"workstation": place, "time_in_mins": 10} for place in places])
	frappe.db.set_single_value("Manufacturing Settings", "disable_capacity_planning", 1)
	return places


def cards_of(work: Document) -> list[Document]:
	names = frappe.get_all("Job Card", {"work_order": work.name}, pluck="name", order_by="sequence_id, name")
	return [frappe.get_doc("Job Card", name) for name in names]


def pending(world: c.World, order: Document, line: int = 0) -> Document:
	"""Return a notice, a draft, that asks for another quantity of a line."""
	notice = h.notice(world, order)
	with as_user(world.sales):
		notice.lines[line].new_qty = 9
		return notice.save()


def withdraw(world: c.World, notice: Document) -> None:
	with as_user(world.sales):
		notices.withdraw(notice.name, "It was a mistake")


def entry_of(work: Document, purpose: str, qty: float = 5) -> Document:
	return frappe.get_doc(make_stock_entry(work.name, purpose, qty)).insert()


def started(card: Document, **more: Any) -> None:
	"""What the button Start Job of a card calls."""
	now = now_datetime()
	make_time_log(
		json.dumps(
			{"job_card_id": card.name, "start_time": str(now), "status": "Work In Progress", **more},
		)
	)


def finished(card: Document, qty: float = 5) -> None:
	"""What the button Complete Job of a card calls, and its submit."""
	make_time_log(
		json.dumps(
			{
				"job_card_id": card.name,
				"complete_time": str(add_to_date(now_datetime(), minutes=5)),
				"completed_qty": qty,
				"status": "Complete",
			}
		)
	)
	card.reload().submit()


# Material


@pytest.mark.rule("D4")
@pytest.mark.parametrize("purpose", [TRANSFER, CONSUMPTION, MANUFACTURE])
def test_d4_no_material_goes_into_work_whose_change_is_pending(
	world: c.World, actors: tuple[str, ...], purpose: str
) -> None:
	frappe.db.set_single_value("Manufacturing Settings", "material_consumption", 1)
	order = two_lines(world)
	work = work_of(actors, order, skip_transfer=int(purpose != TRANSFER))
	entry = entry_of(work, purpose)
	notice = pending(world, order)
	said = g.submit_refused(actors, entry, WAITS)
	assert notice.name in said and work.name in said and "withdrawn" in said
	bypass = fresh(entry)
	bypass.flags.ignore_validate = bypass.flags.ignore_permissions = True
	# ERPNext would say first that there is a draft already.
	new = frappe.get_doc({**make_stock_entry(work.name, purpose, 1), "docstatus": 1})
	new.flags.ignore_validate = True
	with nothing_changes(work, order, entry):
		for door in (
			lambda: savedocs(sent(entry), "Submit"),
			lambda: client.submit(sent(entry)),
			lambda: client.save(sent(entry, docstatus=1)),
			bypass.submit,
			new.insert,
		):
			g.refused(actors, door, WAITS)
		one = json.dumps([{"doctype": entry.doctype, "docname": entry.name, "docstatus": 1}])
		with as_user(actors[0]):
			assert len(client.bulk_update(one)["failed_docs"]) == 1
	withdraw(world, notice)
	g.submitted(actors, entry)


@pytest.mark.rule("D4")
def test_d4_nor_by_a_pick_list(world: c.World, actors: tuple[str, ...]) -> None:
	order = two_lines(world)
	work = work_of(actors, order)
	picked = create_pick_list(work.name, for_qty=5)
	picked.insert()
	g.submitted(actors, picked)
	pending(world, order)
	entry = frappe.get_doc(create_stock_entry(picked.as_json())).insert()
	g.submit_refused(actors, entry, WAITS)


@pytest.mark.rule("D4")
def test_d4_the_other_lines_start_and_a_change_of_the_head_holds_all(
	world: c.World, actors: tuple[str, ...]
) -> None:
	order = two_lines(world)
	works = [work_of(actors, order, line) for line in (0, 1)]
	stock = g.submitted(actors, typed(order.items[0].item_code, source_warehouse=c.warehouse()).insert())
	notice = pending(world, order)
	g.submit_refused(actors, entry_of(works[0], TRANSFER), WAITS)
	g.submitted(actors, entry_of(stock, TRANSFER))
	with as_user(world.sales):
		notice.reload().lines[0].new_qty = notice.lines[0].old_qty
		notice.new_qms_delivery_method = "Air freight"
		notice.save()
	entry = entry_of(works[1], TRANSFER)
	g.submit_refused(actors, entry, WAITS)
	with as_user(world.sales):
		notice.reload().new_qms_delivery_method = order.qms_delivery_method
		notice.lines[0].new_qty = 9
		notice.save()
	g.submitted(actors, entry)


@pytest.mark.rule("D4")
def test_d4_a_plan_that_combines_orders_waits_for_each_of_them(
	world: c.World, actors: tuple[str, ...]
) -> None:
	code = product()
	orders = [c.committed_order(world, code) for _ in range(2)]
	(work,) = planned(plan(*orders, combine_items=1))[""]
	g.submitted(actors, work)
	notice = pending(world, orders[1])
	entry = entry_of(work, TRANSFER)
	said = g.submit_refused(actors, entry, WAITS)
	assert orders[1].name in said and notice.name in said and orders[0].name not in said
	withdraw(world, notice)
	g.submitted(actors, entry)


@pytest.mark.rule("D4")
def test_d4_what_has_begun_is_finished(world: c.World, actors: tuple[str, ...]) -> None:
	order = two_lines(world)
	work = work_of(actors, order)
	first = g.submitted(actors, entry_of(work, TRANSFER, 2))
	pending(world, order)
	with as_user(actors[0]):
		entry_of(work, TRANSFER, 3).submit()
		stop_unstop(work.name, "Stopped")
		stop_unstop(work.name, "Resumed")
		entry_of(work, MANUFACTURE, 3).submit()
		assert frappe.db.get_value("Work Order", work.name, ["status", "produced_qty"]) == ("In Process", 3)
		back = make_stock_return_entry(work.name)
		back.insert()
		back.submit()
	assert first.docstatus == 1


@pytest.mark.rule("D4")
def test_d4_work_whose_beginning_was_cancelled_has_not_begun(world: c.World, actors: tuple[str, ...]) -> None:
	order = two_lines(world)
	work = work_of(actors, order)
	first = g.submitted(actors, entry_of(work, TRANSFER, 2))
	pending(world, order)
	entry = entry_of(work, TRANSFER, 3)
	with as_user(actors[0]):
		first.cancel()
	g.submit_refused(actors, entry, WAITS)
	# A return that returns nothing is no way around it.
	entry.reload().is_return = 1
	g.refused(actors, entry.submit, WAITS)


@pytest.mark.rule("D4")
def test_d4_work_goes_on_where_the_gate_is_not_live(world: c.World, actors: tuple[str, ...]) -> None:
	order = two_lines(world)
	work = work_of(actors, order)
	frappe.db.set_value("Sales Order", order.name, "status", "On Hold")
	entry = entry_of(work, TRANSFER)
	g.submit_refused(actors, entry, "D4: .* is not in force")
	where = settings().scope[0]
	frappe.db.set_value(where.doctype, where.name, "for_company", "Another Company")
	frappe.clear_document_cache("QMS Customer Settings")
	g.submitted(actors, entry)


# Operations


@pytest.mark.rule("D4")
def test_d4_no_operation_starts_while_a_change_is_pending(world: c.World, actors: tuple[str, ...]) -> None:
	order = two_lines(world)
	place, _other = with_operations(order.items[0].item_code)
	work = work_of(actors, order, skip_transfer=1)
	card, second = cards_of(work)
	notice = pending(world, order)
	now = now_datetime()
	log = {"from_time": now, "to_time": add_to_date(now, minutes=5), "completed_qty": 5}
	station = frappe.get_doc("Workstation", place)

	def edited(**values: Any) -> Document:
		doc = fresh(card)
		doc.append("time_logs", log)
		return doc.update(values)

	def alone() -> Document:
		return frappe.get_doc(
			{
				"doctype": "Job Card Time Log",
				"parent": card.name,
				"parenttype": "Job Card",
				"parentfield": "time_logs",
				**log,
			}
		)

	bypass = edited()
	bypass.flags.ignore_validate = bypass.flags.ignore_permissions = True
	doors: tuple[Callable[[], Any], ...] = (
		lambda: started(card),
		lambda: started(card, employees=[]),
		lambda: station.start_job(card.name, now, None),
		lambda: client.save(sent(edited())),
		lambda: savedocs(sent(edited()), "Save"),
		lambda: savedocs(sent(edited()), "Submit"),
		lambda: client.submit(sent(edited())),
		lambda: client.insert(alone().as_json()),
		lambda: alone().insert(),
		bypass.save,
		fresh(card).submit,
	)
	with nothing_changes(work, card, second):
		for door in doors:
			said = g.refused(actors, door, WAITS)
			assert notice.name in said and work.name in said
		with as_user(actors[0]):
			assert make_job_card(work.name, "[]") is None
	# Neither is one begun elsewhere moved here.
	free = typed(order.items[0].item_code, skip_transfer=1, source_warehouse=c.warehouse())
	g.submitted(actors, free.insert())
	other = cards_of(free)[0]
	with as_user(actors[0]):
		started(other)
	for door in (
		lambda: client.set_value("Job Card", other.name, "work_order", work.name),
		lambda: fresh(other).db_set("work_order", work.name),
	):
		g.refused(actors, door, WAITS)
	withdraw(world, notice)
	with as_user(actors[0]):
		started(card)
	assert frappe.db.get_value("Job Card", card.name, "status") == "Work In Progress"


@pytest.mark.rule("D4")
def test_d4_operations_of_work_that_has_begun_go_on(world: c.World, actors: tuple[str, ...]) -> None:
	order = two_lines(world)
	places = with_operations(order.items[0].item_code)
	work = work_of(actors, order, skip_transfer=1)
	first, second = cards_of(work)
	with as_user(actors[0]):
		started(first)
	pending(world, order)
	with as_user(actors[0]):
		finished(first)
		frappe.get_doc("Workstation", places[1]).start_job(second.name, now_datetime(), None)
		finished(second)
		entry_of(work, MANUFACTURE).submit()
	assert frappe.db.get_value("Work Order", work.name, ["status", "produced_qty"]) == ("Completed", 5)


@pytest.mark.rule("D4")
def test_d4_who_is_to_work_on_it_may_be_said_before(world: c.World, actors: tuple[str, ...]) -> None:
	"""The people assigned to a card are rows like its time logs, and begin nothing."""
	order = two_lines(world)
	with_operations(order.items[0].item_code)
	work = work_of(actors, order, skip_transfer=1)
	card = cards_of(work)[0]
	pending(world, order)
	with as_user(actors[0]):
		card.append("employee", {"completed_qty": 0})
		card.save()
	assert frappe.db.count("Job Card Time Log", {"parent": card.name}) == 1
	g.refused(actors, lambda: started(card), WAITS)


@pytest.mark.rule("D4")
def test_d4_material_for_a_card_begins_its_work_order(world: c.World, actors: tuple[str, ...]) -> None:
	order = two_lines(world)
	code = order.items[0].item_code
	with_operations(code)
	bom = frappe.db.get_value("Item", code, "default_bom")
	frappe.db.set_value("BOM", bom, "transfer_material_against", "Job Card")
	first = frappe.db.get_value("BOM Operation", {"parent": bom, "idx": 1}, "operation")
	frappe.db.set_value("BOM Item", {"parent": bom}, "operation", first)
	frappe.clear_document_cache("BOM", bom)
	work = work_of(actors, order)
	assert work.transfer_material_against == "Job Card"
	card = next(one for one in cards_of(work) if one.items)
	entry = transfer_for_card(card.name).insert()
	notice = pending(world, order)
	g.submit_refused(actors, entry, WAITS)
	frappe.db.set_value("Stock Entry", entry.name, "work_order", None)
	bypass = fresh(entry)
	bypass.flags.ignore_validate = bypass.flags.ignore_permissions = True
	g.refused(actors, bypass.submit, WAITS)
	frappe.db.set_value("Stock Entry", entry.name, "work_order", work.name)
	withdraw(world, notice)
	g.submitted(actors, entry)


# Stopped


@pytest.mark.rule("D4")
def test_d4_a_stopped_work_order_is_not_put_to_work_again(world: c.World, actors: tuple[str, ...]) -> None:
	order = two_lines(world)
	work, other = work_of(actors, order), work_of(actors, order, 1)
	notice = pending(world, order)
	with as_user(actors[0]):
		for one in (work, other):
			assert stop_unstop(one.name, "Stopped") == "Stopped"
		assert stop_unstop(other.name, "Resumed") == "Not Started"
	with nothing_changes(work):
		for door in (
			lambda: stop_unstop(work.name, "Resumed"),
			lambda: fresh(work).db_set("status", "In Process"),
			lambda: fresh(work).update_status("Resumed"),
		):
			assert notice.name in g.refused(actors, door, WAITS)
	with as_user(actors[0]):
		# What is not made any more is closed all the same.
		close_work_order(other.name, "Closed")
	withdraw(world, notice)
	with as_user(actors[0]):
		assert stop_unstop(work.name, "Resumed") == "Not Started"


# No approval any more


@pytest.mark.rule("D4", "C10")
def test_d4_work_of_an_order_that_is_not_approved_any_more_does_not_start(
	world: c.World, actors: tuple[str, ...]
) -> None:
	order = c.committed_order(world, product())
	work = g.submitted(actors, from_order(order))
	entry = entry_of(work, TRANSFER)
	frappe.db.set_value("Sales Order Item", order.items[0].name, "rate", 1)
	assert order.name in g.submit_refused(actors, entry, "D4: Order .* no approved contract review")
	frappe.db.set_value("Sales Order Item", order.items[0].name, "rate", order.items[0].rate)
	for status in ("Closed", "On Hold"):
		frappe.db.set_value("Sales Order", order.name, "status", status)
		assert order.name in g.submit_refused(actors, entry, "D4: .*not in force")
	frappe.db.set_value("Sales Order", order.name, "status", order.status)
	row = frappe.get_value("Approved Content", {"reference_name": order.name}, "name")
	frappe.db.set_value("Approved Content", row, "withdrawn", 1)
	g.submit_refused(actors, entry, "D4: Order .* no approved contract review")
	frappe.db.set_value("Approved Content", row, "withdrawn", 0)
	g.submitted(actors, entry)


@pytest.mark.rule("D4")
def test_d4_asking_whether_work_may_start_costs_the_same_whatever_it_is_for(
	world: c.World, actors: tuple[str, ...]
) -> None:
	from qms_customer.erp import work_order

	counted = []
	for lines in (1, 20):
		rows = [{"item_code": product(), "qty": 5, "rate": 10} for _ in range(2)]
		rows += [{"item_code": rows[1]["item_code"], "qty": 1, "rate": 10} for _ in range(lines)]
		order = c.committed_order(world, rows)
		work = work_of(actors, order)
		pending(world, order, 1)
		work_order.refuse_start_of(work.name)
		with count_queries() as waiting:
			work_order.refuse_start_of(work.name)
		with as_user(actors[0]):
			entry_of(work, TRANSFER).submit()
		with count_queries() as going:
			work_order.refuse_start_of(work.name)
		counted.append((waiting.count, going.count))
	assert counted[0] == counted[1] and counted[0][1] == 2, counted
	assert counted[0][0] <= 24, counted
