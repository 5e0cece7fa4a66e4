"""The other goods doors (D4, C12): invoices with stock, the till, drop-shipment, consignment, samples."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import frappe
import pytest
from erpnext.accounts.doctype.pos_closing_entry.pos_closing_entry import make_closing_entry_from_opening
from erpnext.accounts.doctype.pos_invoice.pos_invoice import make_sales_return as return_to_till
from erpnext.accounts.doctype.sales_invoice.sales_invoice import make_sales_return
from erpnext.buying.doctype.purchase_order.purchase_order import (
	close_or_unclose_purchase_orders,
	update_status,
)
from erpnext.controllers.accounts_controller import update_child_qty_rate
from erpnext.selling.doctype.sales_order.sales_order import make_purchase_order, make_sales_invoice
from frappe import client
from frappe.model.document import Document
from frappe.utils import add_days, nowdate

from qms_customer.contract import api
from qms_customer.messages import QMSRefusal
from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support import goods as g
from tests.support.company import ABBR, COMPANY
from tests.support.counter import pay, sale, standing, till
from tests.support.doors import fresh, nothing_changes, sent
from tests.support.people import as_user, make_user

NOT_APPROVED = "D4: Order .* no approved contract review"


def delivered(order: Document) -> float:
	"""Return how much of the first row of an order ERPNext counts as delivered."""
	return frappe.db.get_value("Sales Order Item", order.items[0].name, "delivered_qty")


# Sales Invoice with Update Stock


def invoice(order: Document, qty: float | None = None, **values: Any) -> Document:
	"""Return a stored draft invoice made from an order that moves the stock itself."""
	doc = make_sales_invoice(order.name)
	doc.update({"update_stock": 1, **values})
	for row in doc.items:
		row.warehouse = c.warehouse()
		if qty is not None:
			row.qty = qty
	return doc.insert()


def invoice_by_hand(customer: str, *rows: dict[str, Any], **values: Any) -> Document:
	"""Return an unsaved invoice with stock as somebody types it."""
	return frappe.get_doc(
		{
			"doctype": "Sales Invoice",
			"company": COMPANY,
			"customer": customer,
			"update_stock": 1,
			"items": [{"qty": 1, "rate": 100, "warehouse": c.warehouse(), **row} for row in rows],
			**values,
		}
	)


@pytest.mark.rule("D4", "E8")
def test_d4_an_invoice_moves_stock_of_approved_orders_only(world: c.World, actors: tuple[str, ...]) -> None:
	code = c.item(stock=50)
	for turn in (0, 1):
		order = c.committed_order(world, code)
		assert g.moved(g.submitted(actors[turn:], invoice(order))) == -5
		assert delivered(order) == 5
	for order in (g.unreviewed(code), g.altered(world, code)):
		assert order.name in g.submit_refused(actors, invoice(order), NOT_APPROVED)
		assert not delivered(order)
	# To bill is not to deliver.
	assert g.moved(g.submitted(actors, invoice(order, update_stock=0))) == 0


@pytest.mark.rule("D4")
def test_d4_an_invoice_with_stock_names_an_order(world: c.World, actors: tuple[str, ...]) -> None:
	order, other = c.committed_order(world, c.item(stock=50)), c.item(stock=9)
	alone = invoice_by_hand(order.customer, {"item_code": other}).insert()
	assert other in g.submit_refused(actors, alone, "D4: Row 1.*Deliver from the order, or ask a manager")
	mixed = invoice(order)
	mixed.append("items", {"item_code": other, "qty": 1, "rate": 1, "warehouse": c.warehouse()})
	mixed.save()
	g.submit_refused(actors, mixed, "D4: Row 2")
	service = c.item(is_stock_item=0, with_standard=False)
	assert g.moved(g.submitted(actors, invoice_by_hand(order.customer, {"item_code": service}).insert())) == 0


@pytest.mark.rule("D4")
def test_d4_no_general_door_submits_an_invoice_with_stock(actors: tuple[str, ...]) -> None:
	order = g.unreviewed(c.item(stock=50))
	doc = invoice(order)
	bypass = fresh(doc)
	bypass.flags.ignore_validate = bypass.flags.ignore_permissions = True
	one = json.dumps([{"doctype": doc.doctype, "docname": doc.name, "docstatus": 1}])
	with nothing_changes(doc, order):
		for door in (
			lambda: client.submit(sent(doc)),
			lambda: client.save(sent(doc, docstatus=1)),
			bypass.submit,
		):
			g.refused(actors, door, NOT_APPROVED)
		for actor in actors:
			with as_user(actor):
				assert len(client.bulk_update(one)["failed_docs"]) == 1
	# The box is ticked at the last moment.
	doc.update_stock = 0
	doc.save()
	g.refused(actors, lambda: client.save(sent(doc, docstatus=1, update_stock=1)), NOT_APPROVED)
	for flags in ({}, {"ignore_validate": True}):
		new = make_sales_invoice(order.name)
		new.update({"update_stock": 1, "docstatus": 1})
		new.flags.update(flags)
		g.refused(actors, new.insert, NOT_APPROVED)
	assert frappe.get_all("Sales Invoice Item", {"sales_order": order.name}, pluck="parent") == [doc.name]


@pytest.mark.rule("D4")
def test_d4_invoices_and_deliveries_count_together(world: c.World, actors: tuple[str, ...]) -> None:
	frappe.db.set_single_value("Stock Settings", "over_delivery_receipt_allowance", 50)
	frappe.db.set_single_value("Accounts Settings", "over_billing_allowance", 50)
	order = c.committed_order(world, c.item(stock=50))
	g.submit_refused(actors, invoice(order, qty=6), "D4: .* 6 would leave .* 5 are approved")
	note, bill = g.delivery(order, qty=3), invoice(order, qty=3)
	assert g.moved(g.submitted(actors, note)) == -3
	g.submit_refused(actors, bill, "D4: .* 3 would leave .* 3 delivered")
	bill.items[0].qty = 1
	bill.save()
	assert g.moved(g.submitted(actors, bill)) == -1
	g.submit_refused(actors, g.delivery(order, qty=2), "D4: .* 2 would leave .* 4 delivered")
	assert g.moved(g.submitted(actors, g.delivery(order, qty=1))) == -1
	assert delivered(order) == 5


@pytest.mark.rule("D4")
def test_d4_an_invoice_returns_what_an_invoice_delivered(world: c.World, actors: tuple[str, ...]) -> None:
	code = c.item(stock=50)
	order = c.committed_order(world, code)
	bill = g.submitted(actors, invoice(order))
	c.plain_returns()
	back = make_sales_return(bill.name)
	back.items[0].qty = -2
	assert g.moved(g.submitted(actors, back.insert())) == 2
	assert g.moved(g.submitted(actors, g.delivery(order, qty=2))) == -2
	# An invoice that moved nothing has nothing to take back: the order would be deliverable once more.
	billed = c.committed_order(world, code, customer=order.customer)
	silent = g.submitted(actors, invoice(billed, update_stock=0))
	false = make_sales_return(silent.name).insert()
	false.update_stock = 1
	false.flags.ignore_validate = True
	g.refused(actors, false.submit, "D4: A return names")
	crossed = make_sales_return(bill.name).insert()
	crossed.items[0].update({"sales_order": billed.name, "so_detail": billed.items[0].name})
	crossed.flags.ignore_validate = True
	g.refused(actors, crossed.submit, "D4: Row 1, .*Make the return from that document")


# The till


@pytest.mark.rule("D4")
def test_d4_the_till_sells_what_the_standing_review_covers(world: c.World, actors: tuple[str, ...]) -> None:
	code, other = c.item(stock=90), c.item(stock=90)
	opening, customer = till(), c.customer()
	first = sale(opening, customer, {"item_code": code, "qty": 2})
	g.submit_refused(actors, first, "D4: Row 1")
	# The box changes nothing: the closing of the till moves the stock of all of them.
	silent = fresh(first)
	silent.update_stock = 0
	g.refused(actors, silent.submit, "D4: Row 1")
	bypass = fresh(first)
	bypass.flags.ignore_validate = True
	g.refused(actors, bypass.submit, "D4: Row 1")
	review = standing(world, c.blanket_order((code, 5, 100)))
	g.submitted(actors, first)
	g.submitted(actors[1:], sale(opening, customer, {"item_code": code, "qty": 5, "rate": 130}))
	# The same over the counter with a sales invoice.
	over_counter = {"is_pos": 1, "pos_profile": opening.pos_profile}
	payments = [{"mode_of_payment": "Cash", "amount": 0}]
	bill = pay(invoice_by_hand(customer, {"item_code": code}, payments=payments, **over_counter))
	assert g.moved(g.submitted(actors, bill)) == -1
	g.submit_refused(actors, invoice_by_hand(customer, {"item_code": code}).insert(), "D4: Row 1")

	for rows, values in (
		([{"item_code": code, "rate": 99}], {}),
		([{"item_code": code, "qty": 6}], {}),
		([{"item_code": code, "qty": 3}, {"item_code": code, "qty": 3}], {}),
		([{"item_code": code, "qty": 1, "conversion_factor": 6, "rate": 600, "uom": "Box"}], {}),
		([{"item_code": code, "qty": 1, "conversion_factor": 2, "rate": 199, "uom": "Box"}], {}),
		([{"item_code": other}], {}),
		([{"item_code": code}, {"item_code": other}], {}),
		([{"item_code": code, "rate": 99}, {"item_code": code, "rate": 300}], {}),
	):
		doc = sale(opening, customer, *rows, **values)
		g.submit_refused(actors, doc, f"D4: Row {len(rows) if other in str(rows) and len(rows) > 1 else 1}")
	frappe.db.set_value("Contract Review", review.name, "withdrawn", 1)
	g.submit_refused(actors, sale(opening, customer, {"item_code": code}), "D4: Row 1")


@pytest.mark.rule("D4")
def test_d4_no_discount_takes_a_counter_sale_below_the_reviewed_price(
	world: c.World, actors: tuple[str, ...]
) -> None:
	code = c.item(stock=90)
	service = c.item(is_stock_item=0, with_standard=False)
	opening, customer = till(), c.customer()
	standing(world, c.blanket_order((code, 5, 100)))
	frappe.db.set_single_value("Selling Settings", "allow_negative_rates_for_items", 1)
	income = frappe.db.get_value("Company", COMPANY, "default_income_account")
	goods = {"item_code": code, "rate": 100}
	dear = {"item_code": code, "rate": 200}
	taken_off = {"charge_type": "Actual", "account_head": income, "description": "Rebate"}
	tricks: list[tuple[list[dict[str, Any]], dict[str, Any]]] = [
		([{**goods, "price_list_rate": 100, "discount_percentage": 10, "rate": 90}], {}),
		([{**goods, "price_list_rate": 100, "discount_percentage": 100}, dear], {}),
		([goods], {"apply_discount_on": "Grand Total", "additional_discount_percentage": 1}),
		([goods], {"apply_discount_on": "Net Total", "discount_amount": 1}),
		(
			[goods],
			{
				"apply_discount_on": "Grand Total",
				"discount_amount": 50,
				"is_cash_or_non_trade_discount": 1,
				"additional_discount_account": income,
			},
		),
		([goods], {"taxes": [{**taken_off, "tax_amount": -50}]}),
		([goods, {"item_code": service, "rate": -50}], {}),
		([goods], {"currency": "USD", "conversion_rate": 0.01}),
		([goods], {"currency": "USD", "conversion_rate": 7}),
	]
	for rows, values in tricks:
		doc = sale(opening, customer, *rows, **values)
		g.submit_refused(actors, doc, "D4: Row 1")
	# What is above the reviewed price may come down to it; a tax on top is none of the price.
	for rows, values in (
		([dear], {"apply_discount_on": "Grand Total", "additional_discount_percentage": 50}),
		([dear], {"taxes": [{**taken_off, "tax_amount": -100}]}),
		([goods], {"taxes": [{**taken_off, "tax_amount": 13}]}),
		([goods, {"item_code": service, "rate": 50}], {}),
	):
		g.submitted(actors, sale(opening, customer, *rows, **values))


@pytest.mark.rule("D4", "B4")
def test_d4_a_standing_review_holds_while_its_contract_does(world: c.World, actors: tuple[str, ...]) -> None:
	code = c.item(stock=90)
	opening, customer = till(), c.customer()
	quoted = c.quotation(code, qty=5, rate=100, qms_is_tender=1)
	standing(world, quoted)
	g.submitted(actors, sale(opening, customer, {"item_code": code}))
	doc = sale(opening, customer, {"item_code": code})

	def held() -> None:
		g.submit_refused(actors, doc, "D4: Row 1")

	frappe.db.set_value("Quotation Item", {"parent": quoted.name}, "rate", 1)
	held()
	frappe.db.set_value("Quotation Item", {"parent": quoted.name}, "rate", 100)
	frappe.db.set_value("Quotation", quoted.name, "docstatus", 2)
	held()
	# Its time is over, or has not come.
	past = {"from_date": add_days(nowdate(), -30), "to_date": add_days(nowdate(), -1)}
	standing(world, c.blanket_order((code, 5, 100), **past))
	held()
	standing(world, c.blanket_order((code, 5, 100), from_date=add_days(nowdate(), 2)))
	held()
	standing(world, c.blanket_order((code, 5, 100)))
	g.submitted(actors, doc)


@pytest.mark.rule("D4")
def test_d4_the_till_sells_nothing_of_an_order(world: c.World, actors: tuple[str, ...]) -> None:
	code = c.item(stock=90)
	order, opening = c.committed_order(world, code), till()
	standing(world, c.blanket_order((code, 5, 100)))
	row = {"sales_order": order.name, "so_detail": order.items[0].name}
	for values in (row, {"sales_order": order.name}, {"so_detail": order.items[0].name}):
		doc = sale(opening, order.customer, {"item_code": code, **values})
		said = g.submit_refused(actors, doc, "D4: Row 1.*not counted against an order")
		assert not doc.items[0].sales_order or order.name in said


@pytest.mark.rule("D4")
def test_d4_the_till_takes_back_what_it_sold(world: c.World, actors: tuple[str, ...]) -> None:
	code, other = c.item(stock=90), c.item(stock=90)
	opening, customer = till(), c.customer()
	standing(world, c.blanket_order((code, 5, 100), (other, 5, 100)))
	sold = g.submitted(actors, sale(opening, customer, {"item_code": code, "qty": 2}))
	draft = sale(opening, customer, {"item_code": code})
	back = pay(return_to_till(sold.name))
	for change in (
		{"return_against": None},
		{"return_against": draft.name},
		{"customer": c.customer()},
		{"qty": -3, "stock_qty": -3},
		{"qty": 2, "stock_qty": 2},
		{"item_code": other},
	):
		false = fresh(back)
		false.flags.ignore_validate = True
		(false if "qty" not in change and "item_code" not in change else false.items[0]).update(change)
		g.refused(actors, false.submit, "D4: (A return names|Row 1, .*Make the return from that document)")
	c.plain_returns()
	g.submitted(actors, back)


@pytest.mark.rule("D4")
def test_d4_the_closing_of_the_till_moves_the_stock_once(
	world: c.World, committed: Callable[[], None]
) -> None:
	actors = g.everybody()
	code, other = c.item(stock=90), c.item(stock=90)
	opening, customer = till(), c.customer()
	standing(world, c.blanket_order((code, 5, 100), (other, 5, 100)))
	sold, more = (
		g.submitted(("Administrator",), sale(opening, customer, {"item_code": code, "qty": q}))
		for q in (4, 2)
	)
	c.plain_returns()
	back = return_to_till(sold.name)
	back.items[0].qty = -1
	g.submitted(("Administrator",), pay(back))
	draft = sale(opening, customer, {"item_code": code, "qty": 2})

	def forged(*rows: dict[str, Any]) -> Document:
		real = {"item_code": code, "qty": 2, "pos_invoice": more.name, "pos_invoice_item": more.items[0].name}
		doc = invoice_by_hand(customer, *({**real, **row} for row in rows)).insert()
		doc.is_consolidated = 1  # from now on ERPNext counts nothing anew
		return doc.save()

	of_draft = {"pos_invoice": draft.name, "pos_invoice_item": draft.items[0].name}
	for rows in (
		[{"pos_invoice": None, "pos_invoice_item": None}],
		[of_draft],
		[{"pos_invoice": sold.name}],
		[{"qty": 4}],
		[{"item_code": other}],
		[{"qty": 1}, {"qty": 1}],
		[{}, {}],
		[{}, {"item_code": other, "pos_invoice": None, "pos_invoice_item": None}],
		[{"pos_invoice": back.name, "pos_invoice_item": back.items[0].name, "qty": 1}],
	):
		g.submit_refused(actors, forged(*rows), r"D4: Row \d: a consolidated invoice repeats")
	bypass = forged({})
	bypass.items[0].stock_qty = 40
	bypass.flags.ignore_validate = True
	g.refused(actors, bypass.submit, "D4: Row 1: a consolidated invoice repeats")
	late = forged({})
	closing = make_closing_entry_from_opening(opening)
	closing.insert()
	closing.submit()  # ERPNext commits here
	made = frappe.get_all(
		"Sales Invoice",
		filters={"is_consolidated": 1, "docstatus": 1, "customer": customer},
		fields=["name", "is_return"],
		order_by="is_return",
	)
	docs = [frappe.get_doc("Sales Invoice", m.name) for m in made]
	assert [g.moved(d) for d in docs] == [-6, 1]
	assert frappe.db.get_value("POS Invoice", more.name, "consolidated_invoice") == docs[0].name
	g.submit_refused(actors, late, "D4: Row 1: a consolidated invoice repeats")
	again = frappe.copy_doc(docs[0])
	again.update({"docstatus": 0, "is_consolidated": 1})
	for row, source in zip(again.items, docs[0].items, strict=True):
		row.update({"pos_invoice": source.pos_invoice, "pos_invoice_item": source.pos_invoice_item})
	again.is_pos, again.payments = 0, []
	g.submit_refused(actors, again.insert(), "D4: Row 1: a consolidated invoice repeats")


# Drop-shipment


def supplier() -> str:
	return (
		frappe.get_doc(
			{
				"doctype": "Supplier",
				"supplier_name": c.unique("Maker"),
				"supplier_group": "All Supplier Groups",
			}
		)
		.insert()
		.name
	)


def drop_row(code: str, maker: str) -> list[dict[str, Any]]:
	"""Return the rows of an order of which the supplier delivers the first."""
	return [{"item_code": code, "qty": 5, "rate": 100, "delivered_by_supplier": 1, "supplier": maker}]


def purchase(order: Document, maker: str, **row: Any) -> Document:
	"""Return a stored draft purchase order that the button of the order makes."""
	items = [{"item_code": d.item_code} for d in order.items]
	doc = make_purchase_order(order.name, selected_items=items)
	doc.supplier = maker
	for d in doc.items:
		d.update({"rate": 50, **row})
	return doc.insert()


def purchase_by_hand(maker: str, *rows: dict[str, Any], **values: Any) -> Document:
	"""Return a stored draft purchase order as somebody types it."""
	return frappe.get_doc(
		{
			"doctype": "Purchase Order",
			"company": COMPANY,
			"supplier": maker,
			"schedule_date": add_days(nowdate(), 20),
			"items": [
				{
					"qty": 1,
					"rate": 50,
					"warehouse": c.warehouse(),
					"schedule_date": add_days(nowdate(), 20),
					**row,
				}
				for row in rows
			],
			**values,
		}
	).insert()


@pytest.mark.rule("D4", "E8")
def test_d4_a_supplier_delivers_for_approved_orders_only(world: c.World, actors: tuple[str, ...]) -> None:
	code, maker = c.item(), supplier()
	fine = c.committed_order(world, drop_row(code, maker))
	for order in (g.unreviewed(drop_row(code, maker)), g.altered(world, drop_row(code, maker))):
		doc = purchase(order, maker)
		assert doc.items[0].delivered_by_supplier
		assert order.name in g.submit_refused(actors, doc, NOT_APPROVED)
		bypass = fresh(doc)
		bypass.flags.ignore_validate = True
		g.refused(actors, bypass.submit, NOT_APPROVED)
		new = purchase(order, maker)
		new.delete()
		again = frappe.copy_doc(new)
		again.docstatus = 1
		g.refused(actors, again.insert, NOT_APPROVED)
		# Bought for us, it does not leave by this order.
		ours = frappe.copy_doc(new)
		ours.items[0].update({"delivered_by_supplier": 0, "warehouse": c.warehouse()})
		g.submitted(actors, ours.insert())
	doc = g.submitted(actors, purchase(fine, maker))
	with as_user(actors[0]):
		update_status("Delivered", doc.name)
	assert delivered(fine) == 5


@pytest.mark.rule("D4")
def test_d4_a_drop_shipment_is_of_the_row_that_it_names(world: c.World, actors: tuple[str, ...]) -> None:
	frappe.db.set_single_value("Stock Settings", "over_delivery_receipt_allowance", 100)
	code, maker = c.item(stock=50), supplier()
	order = c.committed_order(world, [*drop_row(code, maker), {"item_code": code, "qty": 5, "rate": 100}])
	row = {
		"item_code": code,
		"delivered_by_supplier": 1,
		"sales_order": order.name,
		"sales_order_item": order.items[0].name,
	}
	other = c.item()
	for change, pattern in (
		({"sales_order": None, "sales_order_item": None}, "D4: Row 1, .*names the sales order"),
		({"sales_order": None}, "D4: Row 1, .*names the sales order"),
		({"sales_order_item": None}, "D4: Row 1, .*not a row of order"),
		({"item_code": other}, "D4: Row 1, .*not a row of order"),
		({"sales_order_item": order.items[1].name}, "D4: Row 1, .*we deliver this, not the supplier"),
		({"qty": 6}, "D4: .* 6 would leave .* 5 are approved"),
	):
		doc = purchase_by_hand(maker, {**row, **change})
		doc.items[0].db_set("delivered_by_supplier", 1)
		g.submit_refused(actors, doc, pattern)
	foreign = purchase_by_hand(maker, row)
	foreign.db_set("customer", c.customer())
	g.submit_refused(actors, foreign, "D4: .*another customer")
	# By both ways.
	taken = {"against_sales_order": order.name, "so_detail": order.items[0].name}
	note = g.delivery_by_hand(order.customer, {"item_code": code, **taken})
	g.submit_refused(actors, note, "D4: Row 1, .*the supplier delivers this")
	taken = {"sales_order": order.name, "so_detail": order.items[0].name}
	bill = invoice_by_hand(order.customer, {"item_code": code, **taken}, update_stock=0).insert()
	bill.update_stock, bill.flags.ignore_validate = 1, True  # ERPNext would refuse it by itself
	g.refused(actors, bill.submit, "D4: Row 1, .*the supplier delivers this")
	assert g.moved(g.submitted(actors, g.delivery(order))) == -5


@pytest.mark.rule("D4", "E8")
def test_d4_a_drop_shipment_does_not_outgrow_its_order(world: c.World, actors: tuple[str, ...]) -> None:
	frappe.db.set_single_value("Stock Settings", "over_delivery_receipt_allowance", 100)
	code, maker = c.item(), supplier()
	order = c.committed_order(world, drop_row(code, maker))
	first, second = purchase(order, maker, qty=2), purchase(order, maker, qty=4)
	g.submitted(actors, first)
	g.submit_refused(actors, second, "D4: .* 4 would leave .* 2 delivered")
	second.items[0].qty = 2
	second.save()
	g.submitted(actors, second)

	def grow(doc: Document, **row: Any) -> Callable[[], None]:
		old = fresh(doc).items[0]
		values = {"docname": old.name, "item_code": code, "qty": old.qty, "rate": 50, "uom": "Nos", **row}
		values["conversion_factor"] = 1
		return lambda: update_child_qty_rate("Purchase Order", json.dumps([values]), doc.name)

	def both(door: Callable[[], None], pattern: str) -> None:
		for actor in actors:
			# A request that fails is rolled back: ERPNext stores the rows before it asks.
			frappe.db.savepoint("request")
			g.refused((actor,), door, pattern)
			frappe.db.rollback(save_point="request")
			frappe.clear_document_cache("Purchase Order", first.name)

	with nothing_changes(first, second, order):
		both(grow(first, qty=4), "D4: .* 4 would leave .* 2 delivered")
	with as_user(actors[0]):
		grow(first, qty=3)()
	# What is closed counts: it may have been delivered, and may come back. What is cancelled does not.
	with as_user(actors[0]):
		update_status("Delivered", second.name)
		close_or_unclose_purchase_orders(json.dumps([first.name, second.name]), "Closed")
	assert {fresh(d).status for d in (first, second)} == {"Closed"}
	row = {
		"item_code": code,
		"delivered_by_supplier": 1,
		"sales_order": order.name,
		"sales_order_item": order.items[0].name,
	}
	third = purchase_by_hand(maker, {**row, "qty": 3})
	g.submit_refused(actors, third, "D4: .* 3 would leave .* 5 delivered")
	with as_user(actors[0]):
		close_or_unclose_purchase_orders(json.dumps([second.name]), "Submitted")
		update_status("Submitted", first.name)
		fresh(first).cancel()
	g.submitted(actors, third)


@pytest.mark.rule("D4", "C10", "E8")
def test_d4_a_supplier_has_delivered_only_what_is_still_approved(
	world: c.World, actors: tuple[str, ...]
) -> None:
	code, maker = c.item(), supplier()
	order = c.order(drop_row(code, maker))
	review = c.start(world, order)
	c.hold_up(world, review, "Delivery")
	c.answer_all(world, review)
	c.decide(review.reload(), world.vp)
	order.reload().submit()
	doc = purchase(order, maker)
	g.submit_refused(actors, doc, "C10: Order .* done and verified")
	action = frappe.get_doc("Review Action", {"contract_review": review.name})
	c.report_done(world, action.name)
	c.verify_done(world, action.name)
	g.submitted(actors, doc)
	frappe.db.set_value("Sales Order Item", order.items[0].name, "rate", 1)
	with nothing_changes(doc, order):
		for door in (
			lambda: update_status("Delivered", doc.name),
			lambda: fresh(doc).db_set("status", "Delivered"),
		):
			g.refused(actors, door, NOT_APPROVED)
	assert not delivered(order)
	frappe.db.set_value("Sales Order Item", order.items[0].name, "rate", 100)
	with as_user(actors[0]):
		update_status("Delivered", doc.name)
	assert delivered(order) == 5


# Consignment


def site_of(customer: str, parent: str | None = None, **values: Any) -> str:
	"""Return a warehouse at a customer's site."""
	return (
		frappe.get_doc(
			{
				"doctype": "Warehouse",
				"warehouse_name": c.unique("Site"),
				"company": COMPANY,
				"parent_warehouse": parent or f"All Warehouses - {ABBR}",
				"qms_customer": customer,
				**values,
			}
		)
		.insert()
		.name
	)


def transfer(*rows: dict[str, Any], **values: Any) -> Document:
	"""Return a stored draft that moves goods from the finished goods store."""
	return frappe.get_doc(
		{
			"doctype": "Stock Entry",
			"stock_entry_type": "Material Transfer",
			"company": COMPANY,
			"items": [{"qty": 2, "s_warehouse": c.warehouse(), **row} for row in rows],
			**values,
		}
	).insert()


def manager(world: c.World) -> str:
	"""Return a business manager who may handle stock as well."""
	return world.person(roles.BUSINESS_MANAGER, "Stock User")


def ask(doc: Document, user: str, code: str = "Sample", why: str = "Trial at the clinic") -> Document:
	"""Ask for an authorisation of a draft as a user."""
	with as_user(user):
		name = api.request_authorisation(doc.doctype, doc.name, code, why)["name"]
	return frappe.get_doc("Delivery Authorisation", name)


def judge(asked: Document, user: str, decision: str = "Approved", comment: str = "/") -> None:
	"""Decide an authorisation as a user."""
	with as_user(user):
		api.decide_authorisation(asked.name, decision, asked.fingerprint, comment)


@pytest.mark.rule("D4", "C12")
def test_d4_goods_put_down_at_a_site_are_authorised(world: c.World, actors: tuple[str, ...]) -> None:
	code, hospital = c.item(stock=50), c.customer()
	group = site_of(hospital, is_group=1)
	for target in (site_of(hospital), site_of("", parent=group)):
		doc = transfer({"item_code": code, "t_warehouse": target})
		assert hospital in g.submit_refused(actors, doc, "D4: .* puts goods down at the site of")
	bypass = fresh(doc)
	bypass.flags.ignore_validate = True
	g.refused(actors, bypass.submit, "D4: .* puts goods down")
	new = frappe.copy_doc(doc)
	new.docstatus = 1
	g.refused(actors, new.insert, "D4: .* puts goods down")
	asked = ask(doc, actors[0], "Consignment")
	assert (asked.customer, asked.docstatus) == (hospital, 0)
	g.submit_refused(actors, doc, "D4: .* puts goods down")
	# Neither an account of the system nor who asked decides; a manager does.
	with nothing_changes(asked):
		for user in actors:
			with pytest.raises((QMSRefusal, frappe.PermissionError)):
				judge(asked, user)
	judge(asked, manager(world))
	doc.reload()
	doc.items[0].qty = 3
	doc.save()
	g.submit_refused(actors, doc, "D4: .* puts goods down")
	doc.items[0].qty = 2
	doc.save()
	g.submitted(actors, doc)
	assert frappe.db.get_value("Bin", {"item_code": code, "warehouse": target}, "actual_qty") == 2
	# Back again, and between our own stores.
	home = f"Stores - {ABBR}"
	g.submitted(actors, transfer({"item_code": code, "s_warehouse": target, "t_warehouse": home}))
	g.submitted(actors, transfer({"item_code": code, "t_warehouse": home}))


@pytest.mark.rule("D4", "C12")
def test_d4_a_stock_entry_goes_to_one_customer(world: c.World, actors: tuple[str, ...]) -> None:
	code, hospital, other = c.item(stock=50), c.customer(), c.customer()
	mine, theirs = site_of(hospital, is_group=1), site_of(other)
	doc = transfer(
		{"item_code": code, "t_warehouse": site_of("", parent=mine)},
		{"item_code": code, "t_warehouse": theirs},
	)
	said = g.submit_refused(actors, doc, "D4: .*more than one customer")
	assert hospital in said and other in said
	with nothing_changes(doc):
		g.refused(
			actors,
			lambda: api.request_authorisation(doc.doctype, doc.name, "Consignment", "Two at once"),
			"D4: .*more than one customer",
		)
	# Of nested sites the inner one says where the goods are. Authorised for one, moved to another.
	inner = site_of(other, parent=mine)
	doc = transfer({"item_code": code, "t_warehouse": inner})
	assert other in g.submit_refused(actors, doc, "D4: .* puts goods down")
	judge(ask(doc, actors[0], "Consignment"), manager(world))
	doc.reload()
	doc.items[0].t_warehouse = site_of(hospital)
	doc.save()
	assert hospital in g.submit_refused(actors, doc, "D4: .* puts goods down")


# Samples, loans, replacements


@pytest.mark.rule("D4", "C12")
def test_d4_a_manager_who_did_not_prepare_it_authorises_a_sample(
	world: c.World, actors: tuple[str, ...]
) -> None:
	code, boss = c.item(stock=50), manager(world)
	note = g.delivery_by_hand(c.customer(), {"item_code": code, "qty": 2, "rate": 0})
	for reason, why, pattern in (
		("", "Trial", "D4: .* not a valid reason code"),
		("Nonsense", "Trial", "D4: .* not a valid reason code"),
		("Sample", " ", "D4: Say why"),
	):
		g.refused(
			actors,
			lambda: api.request_authorisation(note.doctype, note.name, reason, why),  # noqa: B023
			pattern,
		)
	frappe.db.set_value("Delivery Reason Code", "Loan", "disabled", 1)
	g.refused(
		actors, lambda: api.request_authorisation(note.doctype, note.name, "Loan", "x"), "D4: .* reason code"
	)
	# The manager asks, and prepares: somebody else decides.
	asked = ask(note, boss)
	second = make_user(roles.BUSINESS_MANAGER, *g.EVERY_RIGHT)
	note.db_set("owner", second)
	with nothing_changes(note, asked):
		for user in (boss, second):
			g.refused((user,), lambda: judge(asked, user), "C12: you prepared")  # noqa: B023
		for user in actors:
			with pytest.raises((QMSRefusal, frappe.PermissionError)):
				judge(asked, user)
		third = make_user(roles.BUSINESS_MANAGER)
		with as_user(third):
			g.refused(
				(third,), lambda: api.decide_authorisation(asked.name, "Approved", "other"), "C12: .*changed"
			)
		g.refused((third,), lambda: judge(asked, third, "Rejected"), "D4: Say why")
	g.submit_refused(actors, note, "D4: Row 1")
	judge(asked, third, "Rejected", "No trial without a contract")
	g.submit_refused(actors, note, "D4: Row 1")
	g.refused((third,), lambda: judge(asked, third), "D4: .* decided already")
	judge(ask(note, boss), third)
	# It covers this note, this customer and these goods.
	for change in ({"qty": 3}, {"item_code": c.item(stock=9)}):
		false = fresh(note)
		false.items[0].update(change)
		false.flags.ignore_validate = True
		g.refused(actors, false.submit, "D4: Row 1")
	false = fresh(note)
	false.customer = c.customer()
	false.flags.ignore_validate = True
	g.refused(actors, false.submit, "D4: Row 1")
	copy = frappe.copy_doc(note).insert()
	g.submit_refused(actors, copy, "D4: Row 1")
	assert g.moved(g.submitted(actors, note)) == -2
	g.refused(
		actors, lambda: api.request_authorisation(note.doctype, note.name, "Sample", "x"), "D4: .*draft"
	)
	with as_user(actors[0]):
		note.cancel()
	assert frappe.db.get_value("Delivery Authorisation", {"reference_name": note.name, "docstatus": 1})
	again = frappe.copy_doc(note)
	again.update({"docstatus": 0, "amended_from": note.name})
	g.submit_refused(actors, again.insert(), "D4: Row 1")


@pytest.mark.rule("D4")
def test_d4_what_is_authorised_makes_no_room_for_an_order(world: c.World, actors: tuple[str, ...]) -> None:
	"""An authorisation covers the rows without an order; the others are of approved orders all the same."""
	code, boss = c.item(stock=50), manager(world)
	order, never = c.committed_order(world, code), g.unreviewed(code)
	note = g.delivery(order)
	g.refused(
		actors, lambda: api.request_authorisation(note.doctype, note.name, "Sample", "x"), "D4: Every row"
	)
	note.append("items", {"item_code": code, "qty": 1, "rate": 0, "warehouse": c.warehouse()})
	note.save()
	judge(ask(note, actors[0], "Replacement"), boss)
	note.reload()
	frappe.db.set_value("Sales Order Item", order.items[0].name, "rate", 1)
	g.submit_refused(actors, note, NOT_APPROVED)
	frappe.db.set_value("Sales Order Item", order.items[0].name, "rate", 100)
	assert g.moved(g.submitted(actors, note)) == -6
	bill = invoice_by_hand(c.customer(), {"item_code": code, "rate": 0}).insert()
	judge(ask(bill, actors[0]), boss)
	bill.reload()
	bill.items[0].update({"sales_order": never.name, "so_detail": never.items[0].name})
	bill.flags.ignore_validate = True
	g.refused(actors, bill.submit, NOT_APPROVED)
	assert g.moved(g.submitted(actors, bill)) == -1
