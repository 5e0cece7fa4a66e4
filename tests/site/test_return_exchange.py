"""What the customer gets for goods that came back: a replacement under the same contract line, or a credit,
once (G6, G7, C1, D4).
"""

from __future__ import annotations

import frappe
import pytest
from erpnext.selling.doctype.sales_order.sales_order import make_sales_invoice
from frappe.model.document import Document

from qms_customer.contract import states
from qms_customer.messages import QMSRefusal
from qms_customer.returns import disposition_api as api
from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support import disposed as d
from tests.support import goods as g
from tests.support import sales
from tests.support.people import as_user

NOTE, INVOICE = "Delivery Note", "Sales Invoice"


def replacement(world: c.World, slip: Document) -> Document:
	with as_user(world.sales):
		return frappe.get_doc(NOTE, api.draft_replacement(slip.name, d.shown(slip))["name"])


@pytest.mark.rule("G6")
@pytest.mark.rule("G7")
@pytest.mark.rule("C1")
def test_g7_a_replacement_leaves_under_the_same_contract_line_and_once(world, actors):
	order, note, batch = d.ordered(world)
	assert d.delivered(order) == 10
	slip = d.approved(world, (note, 0, 4))
	with as_user(world.sales), pytest.raises(QMSRefusal, match="Nothing of"):
		api.draft_replacement(slip.name, d.shown(slip))
	slip = d.back(world, slip)
	assert d.delivered(order) == 6
	assert frappe.db.get_value("Sales Order Item", order.items[0].name, "returned_qty") == 4
	assert note.reload().items[0].returned_qty == 4
	doc = replacement(world, slip)
	(row,) = doc.items
	assert (row.against_sales_order, row.so_detail, row.qty) == (order.name, order.items[0].name, 4)
	assert (doc.docstatus, doc.qms_replacement, doc.qms_return_slip) == (0, 1, slip.name)
	with as_user(world.sales), pytest.raises(QMSRefusal, match="still a draft"):
		api.draft_replacement(slip.name, d.shown(slip.reload()))
	row.use_serial_batch_fields, row.batch_no = 1, batch
	doc.save()
	g.submitted(actors, doc)
	assert d.delivered(order) == 10
	with as_user(world.sales), pytest.raises(QMSRefusal, match="Nothing of"):
		api.draft_replacement(slip.name, d.shown(slip.reload()))
	# Nor are the same goods sent back, credited, or their arrival taken back.
	with pytest.raises(QMSRefusal, match="sent back already"):
		d.disposed(world, slip, "Send Back to the Customer", 1)
	with pytest.raises(QMSRefusal, match="Cancel that document"):
		d.taken_back(world, slip, slip.arrivals[0])
	doc.reload().cancel()
	assert d.delivered(order) == 6
	again = replacement(world, slip.reload())
	assert again.items[0].qty == 4


@pytest.mark.rule("C1")
@pytest.mark.rule("G7")
def test_c1_anything_else_than_what_came_back_meets_the_gate(world, actors):
	_order, note, _batch = d.ordered(world, batched=False)
	slip = d.back(world, d.approved(world, (note, 0, 4)))
	doc = replacement(world, slip)
	doc.items[0].qty = 5
	doc.save()
	g.submit_refused(actors, doc, "G7: .*5 would go out")
	doc.items[0].update(
		{"qty": 4, "item_code": c.item(stock=10), "so_detail": None, "against_sales_order": None}
	)
	doc.items[0].item_name = doc.items[0].description = None
	doc.save()
	g.submit_refused(actors, doc, "C1: .*not what comes back")
	doc.delete()
	doc = replacement(world, slip.reload())
	doc.append("items", {"item_code": c.item(stock=10), "qty": 1, "rate": 1, "warehouse": c.warehouse()})
	doc.save()
	g.submit_refused(actors, doc, "C1: .*not what comes back")


@pytest.mark.rule("G7")
def test_g7_two_replacements_of_the_same_goods_do_not_both_leave(world, actors):
	_order, note, _batch = d.ordered(world, batched=False)
	slip = d.back(world, d.approved(world, (note, 0, 4)))
	doc = replacement(world, slip)
	frappe.db.set_value(NOTE, doc.name, "qms_return_slip", None, update_modified=False)
	other = replacement(world, slip.reload())
	frappe.db.set_value(NOTE, doc.name, "qms_return_slip", slip.name, update_modified=False)
	g.submitted(actors, doc)
	g.submit_refused(actors, other, "G7")


@pytest.mark.rule("D4")
@pytest.mark.rule("G6")
def test_d4_what_was_delivered_without_a_contract_is_replaced_by_the_slip(world, actors):
	code = c.item(stock=30)
	note = sales.delivered(c.customer(), {"item_code": code, "qty": 10, "use_serial_batch_fields": 0})
	slip = d.back(world, d.approved(world, (note, 0, 4)))
	doc = replacement(world, slip)
	doc.items[0].warehouse = c.warehouse()
	doc.save()
	g.submitted(actors, doc)
	plain = g.delivery_by_hand(note.customer, {"item_code": code})
	g.submit_refused(actors, plain, "D4")


@pytest.mark.rule("G6")
def test_g6_goods_of_a_contract_are_sent_back_under_its_line(world):
	order, note, _batch = d.ordered(world)
	slip = d.back(world, d.approved(world, (note, 0, 4), wanted="Repair"))
	with as_user(world.sales), pytest.raises(QMSRefusal, match="exchange was not asked"):
		api.draft_replacement(slip.name, d.shown(slip))
	slip = d.disposed(world, slip, "Send Back to the Customer")
	sent = frappe.get_doc(NOTE, slip.dispositions[0].document)
	assert sent.items[0].so_detail == order.items[0].name
	assert d.delivered(order) == 10
	assert slip.workflow_state == states.RETURN_CLOSED
	slip = d.taken_back(world, slip, slip.dispositions[0])
	assert d.delivered(order) == 6
	assert d.stock(note.items[0].item_code, d.quarantine()) == 4


@pytest.mark.rule("G6")
def test_g6_destroyed_goods_make_room_for_a_replacement(world, actors):
	order, note, _batch = d.ordered(world, batched=False)
	slip = d.destroyed(world, d.routed(world, d.approved(world, (note, 0, 4)), "Destroyed on Site"))
	assert d.delivered(order) == 6
	g.submitted(actors, replacement(world, slip))
	assert d.delivered(order) == 10


# Money


def invoiced(order: Document) -> Document:
	doc = make_sales_invoice(order.name)
	doc.insert()
	doc.submit()
	return doc


@pytest.mark.rule("G6")
@pytest.mark.rule("G7")
def test_g6_a_credit_note_is_drafted_for_finance_and_not_posted(world):
	order, note, _batch = d.ordered(world, batched=False)
	invoice = invoiced(order)
	slip = d.back(world, d.approved(world, (note, 0, 4), wanted="Refund"))
	entries = frappe.db.count("GL Entry")
	finance = world.person(roles.FINANCE)
	with as_user(world.sales):
		(name,) = api.draft_credit_notes(slip.name, d.shown(slip))
	doc = frappe.get_doc(INVOICE, name)
	assert (doc.docstatus, doc.is_return, doc.return_against, doc.update_stock) == (0, 1, invoice.name, 0)
	assert (doc.items[0].qty, doc.net_total) == (-4, -400)
	assert frappe.db.count("GL Entry") == entries
	assert frappe.db.exists("ToDo", {"reference_name": name, "allocated_to": finance})
	# Once.
	with as_user(world.sales), pytest.raises(QMSRefusal, match="Nothing of"):
		api.draft_credit_notes(slip.name, d.shown(slip.reload()))
	doc.submit()
	with as_user(world.sales), pytest.raises(QMSRefusal, match="Nothing of"):
		api.draft_credit_notes(slip.name, d.shown(slip.reload()))
	with pytest.raises(QMSRefusal, match="sent back already"):
		d.disposed(world, slip, "Send Back to the Customer", 1)


@pytest.mark.rule("G6")
def test_g6_money_is_given_back_only_where_it_was_asked_for_and_invoiced(world):
	_order, note, _batch = d.ordered(world, batched=False)
	slip = d.back(world, d.approved(world, (note, 0, 4), wanted="Credit"))
	with as_user(world.sales), pytest.raises(QMSRefusal, match="not invoiced"):
		api.draft_credit_notes(slip.name, d.shown(slip))
	with as_user(world.person(roles.QUALITY)), pytest.raises(QMSRefusal, match="drafted by"):
		api.draft_credit_notes(slip.name, d.shown(slip))
	exchange = d.back(world, d.approved(world, (note, 0, 2)))
	with as_user(world.sales), pytest.raises(QMSRefusal, match="No money was asked"):
		api.draft_credit_notes(exchange.name, d.shown(exchange))


@pytest.mark.rule("G6")
def test_g6_a_replacement_for_invoiced_goods_is_not_invoiced_again(world, actors):
	order, note, _batch = d.ordered(world, batched=False)
	invoiced(order)
	assert note.reload().per_billed == 100
	slip = d.back(world, d.approved(world, (note, 0, 4)))
	doc = g.submitted(actors, replacement(world, slip))
	assert doc.reload().status == "Closed"
	assert frappe.db.get_value("Sales Order", order.name, "per_billed") == 100
	assert d.delivered(order) == 10


@pytest.mark.rule("G6")
def test_g6_a_replacement_for_goods_that_are_not_invoiced_is(world, actors):
	_order, note, _batch = d.ordered(world, batched=False)
	slip = d.back(world, d.approved(world, (note, 0, 4)))
	assert g.submitted(actors, replacement(world, slip)).reload().status == "To Bill"
