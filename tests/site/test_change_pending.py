"""While a change is not decided, goods and production of its lines wait; the others go on (D4)."""

from __future__ import annotations

import json

import frappe
import pytest
from erpnext.selling.doctype.sales_order.sales_order import (
	get_work_order_items,
	make_delivery_note,
	make_sales_invoice,
	make_work_orders,
)
from frappe.model.document import Document
from frappe.utils import add_days

from qms_customer.contract import changes, notices
from qms_customer.messages import QMSRefusal
from tests.support import altering as h
from tests.support import contracts as c
from tests.support.people import as_user
from tests.support.plant import product, ready
from tests.support.sql import count_queries

WAITS = "D4: .*not decided yet"


def two_lines(world: c.World) -> Document:
	codes = [c.item(stock=50), c.item(stock=50)]
	return c.committed_order(world, [{"item_code": code, "qty": 5, "rate": 10} for code in codes])


def edit(world: c.World, notice: Document, line: int | None = None, **values: object) -> Document:
	with as_user(world.sales):
		notice.reload()
		(notice if line is None else notice.lines[line]).update(values)
		return notice.save()


def note_of(order: Document, *lines: int) -> Document:
	note = make_delivery_note(order.name)
	note.items = [row for row in note.items if row.so_detail in {order.items[n].name for n in lines}]
	return note.insert()


@pytest.mark.rule("D4")
def test_lines_of_a_pending_change_wait_and_the_others_go_on(world: c.World) -> None:
	order = two_lines(world)
	notice = h.notice(world, order)
	# It asks for nothing yet.
	assert changes.pending([order.name])[order.name] == changes.Pending((), False, frozenset())
	edit(world, notice, 0, new_qty=9)
	found = changes.pending([order.name, "SO-none"])
	assert found == {order.name: changes.Pending((notice.name,), False, frozenset({order.items[0].name}))}
	held = note_of(order, 0)
	with pytest.raises(QMSRefusal, match=WAITS):
		held.submit()
	bill = make_sales_invoice(order.name)
	bill.update_stock = 1
	bill.insert()
	with pytest.raises(QMSRefusal, match=notice.name):
		bill.submit()
	note_of(order, 1).submit()
	with as_user(world.sales):
		notices.withdraw(notice.name, "It was a mistake")
	assert changes.pending([order.name]) == {}
	held.reload().submit()


@pytest.mark.rule("D4")
@pytest.mark.parametrize("kind", ["Change", "Cancel", "Close"])
def test_a_change_of_the_head_or_an_end_concerns_all_lines(world: c.World, kind: str) -> None:
	order = two_lines(world)
	notice = h.notice(world, order, kind)
	if kind == "Change":
		edit(world, notice, new_qms_delivery_method="Air freight")
	assert changes.pending([order.name])[order.name].all_rows
	with pytest.raises(QMSRefusal, match=WAITS):
		note_of(order, 1).submit()


@pytest.mark.rule("D4")
def test_requirements_are_of_the_head_and_an_added_row_holds_nothing(world: c.World) -> None:
	order = two_lines(world)
	notice = h.notice(world, order)
	due, code = add_days(order.delivery_date, 0), c.item()
	with as_user(world.sales):
		notice.reload().append(
			"lines", {"item_code": code, "new_qty": 1, "new_rate": 5, "new_delivery_date": due}
		)
		notice.save()
	assert changes.pending([order.name])[order.name] == changes.Pending((notice.name,), False, frozenset())
	with as_user(world.sales):
		notice.reload().new_qms_requirements[0].requirement = "Not sterile"
		notice.save()
	assert changes.pending([order.name])[order.name].all_rows


@pytest.mark.rule("D4")
def test_production_of_a_line_waits_and_that_of_others_goes_on(world: c.World) -> None:
	c.without_production_notices()
	codes = [product(), product()]
	order = c.committed_order(world, [{"item_code": code, "qty": 5, "rate": 10} for code in codes])
	edit(world, h.notice(world, order), 0, new_qty=9)
	rows = get_work_order_items(order.name)
	names = make_work_orders(json.dumps({"items": rows}), order.name, order.company)
	works = {(w := ready(name)).production_item: w for name in names}
	with pytest.raises(QMSRefusal, match=WAITS):
		works[codes[0]].submit()
	works[codes[1]].submit()
	# A row that is not of this item does not count for it.
	works[codes[0]].reload().sales_order_item = order.items[1].name
	with pytest.raises(QMSRefusal, match=WAITS):
		works[codes[0]].submit()


@pytest.mark.rule("D4")
def test_asking_costs_one_query_and_a_constant_number_where_notices_are_open(world: c.World) -> None:
	orders = [two_lines(world) for _ in range(3)]
	with count_queries() as none:
		assert changes.pending([o.name for o in orders], lock=True) == {}
	assert none.count == 1
	counted = []
	for order in orders:
		edit(world, h.notice(world, order), 0, new_qty=9)
		frappe.clear_messages()
		with count_queries() as some:
			changes.pending([o.name for o in orders])
		counted.append(some.count)
	assert len(set(counted)) == 1 and counted[0] <= 4, counted
