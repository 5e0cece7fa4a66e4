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
from tests.support.sql import Queries, count_queries

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


def two_rows(world: c.World) -> tuple[Document, Document]:
	"""One batch of an item under two lines of a contract, and its delivery."""
	code = c.item(has_batch_no=1, create_new_batch=0)
	batch = sales.batch(code, 30)
	rows = [{"item_code": code, "qty": qty, "rate": 100, "description": f"For site {qty}"} for qty in (4, 6)]
	order = c.committed_order(world, rows)
	note = g.delivery(order, use_serial_batch_fields=1, batch_no=batch)
	with as_user(g.everybody()[0]):
		note.submit()
	return order, note.reload()


def lines(doc: Document) -> list[tuple[str, float]]:
	return [(row.so_detail, row.qty) for row in doc.items]


@pytest.mark.rule("G6")
@pytest.mark.rule("G7")
def test_g6_goods_of_two_lines_of_a_contract_are_sent_back_under_both(world):
	order, note = two_rows(world)
	first, second = (row.name for row in order.items)
	slip = d.back(world, d.approved(world, (note, 0, 2), (note, 1, 3), wanted="Repair"))
	slip = d.disposed(world, slip, "Send Back to the Customer", 4)
	sent = frappe.get_doc(NOTE, slip.dispositions[0].document)
	assert lines(sent) == [(first, 2), (second, 2)]
	assert {d.batch_of(row) for row in sent.items} == {slip.items[0].batch_no}
	slip = d.disposed(world, slip, "Send Back to the Customer", 1)
	assert lines(frappe.get_doc(NOTE, slip.dispositions[1].document)) == [(second, 1)]
	assert slip.workflow_state == states.RETURN_CLOSED


@pytest.mark.rule("G7")
def test_g7_what_was_replaced_of_a_line_is_not_sent_back_under_it(world, actors):
	order, note = two_rows(world)
	first, second = (row.name for row in order.items)
	slip = d.back(world, d.approved(world, (note, 0, 2), (note, 1, 3)))
	doc = replacement(world, slip)
	assert lines(doc) == [(first, 2), (second, 3)]
	doc.items[0].update({"use_serial_batch_fields": 1, "batch_no": slip.items[0].batch_no})
	doc.set("items", doc.items[:1])
	doc.save()
	g.submitted(actors, doc)
	# Nor is a line asked for twice by the next replacement.
	again = replacement(world, slip.reload())
	assert lines(again) == [(second, 3)]
	again.delete()
	slip = d.disposed(world, slip.reload(), "Send Back to the Customer", 3)
	assert lines(frappe.get_doc(NOTE, slip.dispositions[0].document)) == [(second, 3)]


@pytest.mark.rule("G6")
def test_g6_goods_of_two_contracts_are_sent_back_one_contract_at_a_time(world):
	order, note, batch = d.ordered(world)
	other = c.committed_order(world, note.items[0].item_code, qty=5, customer=order.customer)
	later = g.delivery(other, use_serial_batch_fields=1, batch_no=batch)
	with as_user(g.everybody()[0]):
		later.submit()
	slip = d.back(world, d.approved(world, (note, 0, 2), (later.reload(), 0, 3), wanted="Repair"))
	with pytest.raises(QMSRefusal, match=rf"G6: .*: 2 of these were delivered under {order.name}"):
		d.disposed(world, slip, "Send Back to the Customer", 5)
	for place, (name, quantity) in enumerate(((order.name, 2), (other.name, 3))):
		slip = d.disposed(world, slip, "Send Back to the Customer", quantity)
		sent = frappe.get_doc(NOTE, slip.dispositions[place].document)
		assert [(row.against_sales_order, row.qty) for row in sent.items] == [(name, quantity)]


@pytest.mark.rule("G6")
def test_g6_devices_of_two_lines_are_sent_back_each_under_its_own(world):
	code = c.item(has_serial_no=1)
	numbers = sales.serials(code, 4)
	rows = [{"item_code": code, "qty": 2, "rate": 100, "description": text} for text in ("One", "Two")]
	order = c.committed_order(world, rows)
	note = g.delivery(order, use_serial_batch_fields=1)
	for place, row in enumerate(note.items):
		row.serial_no = "\n".join(numbers[2 * place : 2 * place + 2])
	note.save()
	with as_user(g.everybody()[0]):
		note.submit()
	made = [
		{
			"delivery": note.reload(),
			"place": p,
			"stock_qty": 2,
			"serial_nos": "\n".join(numbers[2 * p : 2 * p + 2]),
		}
		for p in (0, 1)
	]
	slip = d.back(world, d.approved(world, *made, wanted="Repair"))
	slip = d.disposed(world, slip, "Send Back to the Customer", 3, serial_nos="\n".join(numbers[1:]))
	sent = frappe.get_doc(NOTE, slip.dispositions[0].document)
	assert lines(sent) == [(order.items[0].name, 1), (order.items[1].name, 2)]
	assert {frappe.db.get_value("Serial No", n, "warehouse") for n in numbers[1:]} == {None}
	assert frappe.db.get_value("Serial No", numbers[0], "warehouse") == d.quarantine()


def kits(world: c.World, **values: str) -> tuple[Document, Document, Document]:
	"""Two of three kits of a contract came back: order, delivery, slip."""
	part = c.item(stock=50)
	order = c.committed_order(world, sales.kit((part, 2)), qty=3)
	note = g.delivery(order)
	with as_user(g.everybody()[0]):
		note.submit()
	if values.get("wanted") == "Refund":
		invoiced(order)
	packed = note.reload().packed_items[0]
	row = {"delivery": note, "row": packed, "item_code": part, "stock_qty": 4}
	bundle = note.items[0]
	row.update({"contract": bundle.against_sales_order, "contract_row": bundle.so_detail})
	return order, note, d.back(world, d.approved(world, row, **values))


@pytest.mark.rule("G6")
def test_g6_a_part_of_a_bundle_is_sent_back_under_no_line(world):
	_order, note, slip = kits(world, wanted="Repair")
	slip = d.disposed(world, slip, "Send Back to the Customer", 1)
	sent = frappe.get_doc(NOTE, slip.dispositions[0].document)
	assert lines(sent) == [(None, 1)]
	assert (sent.items[0].item_code, sent.customer) == (slip.items[0].item_code, note.customer)
	assert d.disposed(world, slip, "Send Back to the Customer", 3).workflow_state == states.RETURN_CLOSED


@pytest.mark.rule("G6")
def test_g6_a_bundle_is_credited_by_hand_and_that_is_said(world):
	_order, note, slip = kits(world, wanted="Refund")
	said = f"{slip.items[0].item_code} was sold as bundle {note.items[0].item_code}"
	with as_user(world.sales):
		panel = api.get_goods(slip.name)
		assert not panel["may_credit"] and said in panel["html"]
		with pytest.raises(QMSRefusal, match=f"G6: .*{said}"):
			api.draft_credit_notes(slip.name, d.shown(slip))


@pytest.mark.rule("G6")
def test_g6_destroyed_goods_make_room_for_a_replacement(world, actors):
	order, note, _batch = d.ordered(world, batched=False)
	slip = d.destroyed(world, d.routed(world, d.approved(world, (note, 0, 4)), "Destroyed on Site"))
	assert d.delivered(order) == 6
	g.submitted(actors, replacement(world, slip))
	assert d.delivered(order) == 10


# Money


def invoiced(order: Document, **values: object) -> Document:
	doc = make_sales_invoice(order.name)
	doc.update(values)
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


@pytest.mark.rule("G7")
def test_g7_a_credit_note_bears_its_part_of_charges_and_discount(world):
	order, note, _batch = d.ordered(world, batched=False)
	invoice = invoiced(order, **sales.charged())
	assert invoice.grand_total == 950
	slip = d.routed(world, d.approved(world, (note, 0, 10), wanted="Credit"))
	notes = []
	for part in (3, 7):
		slip = d.received(world, slip, part)
		with as_user(world.sales):
			(name,) = api.draft_credit_notes(slip.name, d.shown(slip))
		notes.append(frappe.get_doc(INVOICE, name))
		slip.reload()
	given = [(n.discount_amount, n.taxes[0].tax_amount, n.grand_total) for n in notes]
	assert given == [(-30, -15, -285), (-70, -35, -665)]
	for doc in notes:
		doc.submit()
	assert sum(doc.reload().grand_total for doc in notes) == -invoice.grand_total


@pytest.mark.rule("G7")
def test_g7_no_more_is_credited_than_came_whoever_edits_the_draft(world, actors):
	order, note, _batch = d.ordered(world, batched=False)
	invoiced(order)
	slip = d.back(world, d.approved(world, (note, 0, 4), wanted="Refund"))
	with as_user(world.sales):
		assert api.get_goods(slip.name)["may_credit"]
		(name,) = api.draft_credit_notes(slip.name, d.shown(slip))
		assert not api.get_goods(slip.name)["may_credit"]
	doc = frappe.get_doc(INVOICE, name)
	doc.items[0].qty = -5
	doc.save()
	g.submit_refused(actors, doc, "G7: .*5 would be credited; 4 came back")
	unchecked = frappe.get_doc(INVOICE, name)
	unchecked.flags.ignore_validate = True
	with pytest.raises(QMSRefusal, match="5 would be credited"):
		unchecked.submit()
	doc.reload()
	doc.items[0].qty = -4
	doc.save()
	g.submitted(actors, doc)


@pytest.mark.rule("G7")
def test_g7_what_decides_reads_what_others_have_posted_meanwhile(world, actors):
	_order, note, _batch = d.ordered(world, batched=False)
	slip = d.back(world, d.approved(world, (note, 0, 4)))
	doc = replacement(world, slip)
	doc.items[0].qty = 1
	doc.save()

	def sums(seen: Queries) -> list[str]:
		return [q for q in seen.reads if "SUM(" in q and "qms_return_slip" in q]

	with count_queries() as seen:
		g.submitted(actors, doc)
	assert sums(seen) and all(q.endswith("FOR UPDATE") for q in sums(seen))
	with count_queries() as seen:
		d.disposed(world, slip.reload(), "Send Back to the Customer", 1)
	# What the form shows locks nothing.
	shown = [q for q in sums(seen) if not q.endswith("FOR UPDATE")]
	assert sums(seen) and len(shown) < len(sums(seen))
	with count_queries() as seen:
		api.get_goods(slip.name)
	assert sums(seen) and not any(q.endswith("FOR UPDATE") for q in sums(seen))


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
