"""What an attacker found around the gate of contracts and goods; each test tries one way in."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable
from typing import Any

import frappe
import pytest
from erpnext.controllers.accounts_controller import update_child_qty_rate
from erpnext.manufacturing.doctype.blanket_order.blanket_order import make_order
from frappe.model.base_document import get_controller
from frappe.model.document import Document
from frappe.utils import add_days, nowdate

from qms_customer.contract import api, facts, inherit
from qms_customer.contract.approved import committed
from qms_customer.erp.customer_site import INWARD
from qms_customer.messages import QMSRefusal
from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support import goods as g
from tests.support.company import COMPANY, CURRENCY
from tests.support.doors import fresh
from tests.support.people import as_user, make_user
from tests.support.sql import count_queries

SIGNATURE, CONVENED = "Salesperson Signature", "Convened"


def set_limits(**values: Any) -> None:
	settings = frappe.get_doc("QMS Customer Settings")
	settings.update({"change_reason": "limits for a test", **values})
	c.save_settings(settings)


def tender(world: c.World, **values: Any) -> Document:
	doc = c.quotation(c.item(stock=50), qms_is_tender=1, **values)
	c.approve(world, doc)
	doc.reload()
	return doc.submit()


def company() -> str:
	return (
		frappe.get_doc(
			{
				"doctype": "Company",
				"company_name": c.unique("Other"),
				"abbr": frappe.generate_hash(length=4).upper(),
				"default_currency": CURRENCY,
				"country": "China",
			}
		)
		.insert()
		.name
	)


def warehouse(customer: str | None = None, **values: Any) -> str:
	"""A warehouse, at a customer's site if one is named."""
	return (
		frappe.get_doc(
			{
				"doctype": "Warehouse",
				"warehouse_name": c.unique("At"),
				"company": COMPANY,
				"qms_customer": customer,
				**values,
			}
		)
		.insert()
		.name
	)


# How large an order is


def on_record(rate: float, **values: Any) -> None:
	frappe.get_doc(
		{
			"doctype": "Currency Exchange",
			"date": nowdate(),
			"from_currency": "USD",
			"to_currency": CURRENCY,
			"exchange_rate": rate,
			**values,
		}
	).insert()


def dollars(rate: float = 50000, code: str | None = None, **values: Any) -> Document:
	frappe.db.set_value("Currency", "USD", "enabled", 1)
	values = {"currency": "USD", "conversion_rate": 0.001, "plc_conversion_rate": 1, **values}
	return c.order(code or c.item(stock=50), rate=rate, **values)


@pytest.mark.rule("C4", "C5")
def test_an_invented_exchange_rate_does_not_make_an_order_small(world: c.World) -> None:
	set_limits(small_amount=10000, small_quantity=100)
	on_record(7)
	assert dollars().qms_review_path == CONVENED
	# What is small stays small, and a rate that makes it larger counts too.
	assert dollars(rate=10).qms_review_path == SIGNATURE
	assert dollars(rate=10, conversion_rate=70000).qms_review_path == CONVENED
	review = c.start(world, dollars())
	assert (review.amount, review.approver_role) == (50000 * 5 * 7, roles.GENERAL_MANAGER)


@pytest.mark.rule("B2", "C4", "C5")
@pytest.mark.parametrize("record", [None, {"date": "2099-01-01"}, {"for_selling": 0, "for_buying": 1}])
def test_a_value_that_nobody_knows_is_not_known_to_be_small(record: dict | None) -> None:
	set_limits(small_amount=10000, small_quantity=100)
	frappe.db.delete("Currency Exchange", {"from_currency": "USD", "to_currency": CURRENCY})
	if record:
		on_record(7, **record)
	doc = dollars(rate=10)
	assert doc.qms_review_path == CONVENED
	assert "no exchange rate" in api.get_overview("Sales Order", doc.name)["html"]
	set_limits(large_amount=0)
	doc.save()
	assert doc.qms_review_path == "Sales Alone"


def test_an_exchange_rate_is_asked_for_once_whatever_the_number_of_lines() -> None:
	on_record(7)
	code, counts = c.item(stock=500), set()
	for lines in (1, 20):
		rows = [{"item_code": code, "qty": 1, "rate": 10 + i} for i in range(lines)]
		doc = dollars(code=rows)
		with count_queries() as queries:
			facts.evaluate(doc)
		counts.add(queries.count)
	assert len(counts) == 1, counts


# Goods that only seem to stay in the house


def ticked(hospital: str, represents: str) -> None:
	customer = frappe.get_doc("Customer", hospital)
	customer.update({"is_internal_customer": 1, "represents_company": represents})
	customer.append("companies", {"company": COMPANY})
	customer.save()


@pytest.mark.rule("D4")
def test_a_hospital_does_not_become_a_company_of_ours_by_a_tick(world: c.World) -> None:
	"""One person who may edit customers and submit delivery notes, and nobody else, sends goods away."""
	other, hospital, code = company(), c.customer(), c.item(stock=9)
	theirs = frappe.db.get_value("Warehouse", {"company": other, "is_group": 0})
	with as_user(make_user("Sales User", "Stock User")):
		ticked(hospital, other)
		note = g.delivery_by_hand(hospital, {"item_code": code, "target_warehouse": theirs})
		assert note.is_internal_customer
		with pytest.raises(QMSRefusal, match="D4"):
			note.submit()


@pytest.mark.rule("D4")
@pytest.mark.parametrize("to", ["nowhere", "another company", "a customer"])
def test_a_transfer_is_one_when_every_row_stays_in_the_company(to: str) -> None:
	"""The hospital is said to be the company itself; ERPNext's validation is walked around, too."""
	frappe.db.set_value("Customer", {"represents_company": COMPANY}, "is_internal_customer", 0)
	frappe.db.set_value("Customer", {"represents_company": COMPANY}, "represents_company", None)
	hospital, code, inside = c.customer(), c.item(stock=9), warehouse()
	ticked(hospital, COMPANY)
	rows = [{"item_code": code, "target_warehouse": inside}, {"item_code": code, "target_warehouse": inside}]
	note = g.delivery_by_hand(hospital, *rows)
	target = {
		"nowhere": lambda: None,
		"another company": lambda: frappe.db.get_value("Warehouse", {"company": company(), "is_group": 0}),
		"a customer": lambda: warehouse(c.customer()),
	}[to]()
	note.items[1].target_warehouse = target
	if to != "a customer":
		note.flags.ignore_validate = True
	with pytest.raises(QMSRefusal, match="D4"):
		note.submit()
	note = fresh(note).submit()
	assert g.moved(note) == 0 and note.docstatus == 1


# Orders that turn into something else


def update_items(world: c.World, doc: Document, *rows: dict[str, Any]) -> None:
	common = {"delivery_date": str(doc.delivery_date), "conversion_factor": 1, "uom": "Nos"}
	with as_user(world.sales):
		update_child_qty_rate("Sales Order", json.dumps([{**common, **row} for row in rows]), doc.name)


@pytest.mark.rule("C1", "E8")
@pytest.mark.parametrize("way", ["stock item", "bundle", "document"])
def test_an_order_of_services_does_not_grow_into_one_of_goods(world: c.World, way: str) -> None:
	set_limits(gate_services=0)
	doc = c.order(c.item(is_stock_item=0), qty=5, rate=100)
	doc.submit()
	code = c.item(stock=50)
	if way == "bundle":
		part, code = code, c.item(is_stock_item=0)
		bundle = {"doctype": "Product Bundle", "new_item_code": code}
		frappe.get_doc({**bundle, "items": [{"item_code": part, "qty": 1}]}).insert()
	service = {"docname": doc.items[0].name, "item_code": doc.items[0].item_code, "qty": 5, "rate": 80}
	if way == "document":
		doc = fresh(doc)
		doc.append("items", {**doc.items[0].as_dict(no_default_fields=True), "item_code": code, "name": None})
		doc.flags.ignore_validate_update_after_submit = True
		with pytest.raises(QMSRefusal, match=r"C1|E8"):
			doc.save()
	else:
		# The total stays what it was, and the payment schedule with it.
		goods = {"__islocal": True, "item_code": code, "qty": 10, "rate": 10, "idx": 2}
		with pytest.raises(QMSRefusal, match="C1"):
			update_items(world, doc, service, goods)
	assert frappe.db.count("Sales Order Item", {"parent": doc.name}) == 1


@pytest.mark.rule("C1")
def test_an_order_of_services_may_grow_into_one_of_more_services(world: c.World) -> None:
	set_limits(gate_services=0)
	doc = c.order(c.item(is_stock_item=0), qty=5, rate=100)
	doc.submit()
	more = {"__islocal": True, "item_code": c.item(is_stock_item=0), "qty": 10, "rate": 10, "idx": 2}
	service = {"docname": doc.items[0].name, "item_code": doc.items[0].item_code, "qty": 5, "rate": 80}
	update_items(world, doc, service, more)
	assert len(fresh(doc).items) == 2


@pytest.mark.rule("C1", "C2")
def test_the_name_of_an_item_is_what_was_approved(world: c.World) -> None:
	"""It stands on the order that is printed and sent, and a form lets one write over it in the row."""
	doc = c.order(c.item(stock=50))
	c.approve(world, doc)
	doc.reload()
	doc.items[0].item_name = "Another device"
	doc.save()
	with pytest.raises(QMSRefusal, match="C1"):
		doc.submit()


@pytest.mark.rule("C1", "E8")
def test_an_item_that_is_renamed_keeps_its_contracts(world: c.World) -> None:
	"""ERPNext gives the item a new name on the way, if it was called by its code; the rows keep the old
	one.
	"""
	code = c.item(stock=50)
	draft, done = c.order(code), c.committed_order(world, code)
	c.approve(world, draft)
	quotation = c.quotation(code, qms_is_tender=1)
	c.approve(world, quotation)
	quotation.reload().submit()
	new = frappe.rename_doc("Item", code, c.unique("Renamed"), force=True)
	assert frappe.db.get_value("Item", new, "item_name") == new
	assert committed("Sales Order", [done.name])[done.name]
	fresh(draft).submit()
	c.order_from(quotation).insert().submit()
	g.submitted(("Administrator",), g.delivery(done))


@pytest.mark.rule("C1", "E8")
def test_an_item_that_was_approved_is_not_merged_into_another(world: c.World) -> None:
	code, other = c.item(stock=50), c.item()
	done = c.committed_order(world, code)
	with pytest.raises(QMSRefusal, match="E8"):
		frappe.rename_doc("Item", code, other, merge=True, force=True)
	assert fresh(done).items[0].item_code == code
	frappe.rename_doc("Item", c.item(), code, merge=True, force=True)


# What an order inherits from


@pytest.mark.rule("C1", "K3")
def test_a_date_in_the_past_does_not_revive_an_expired_tender(world: c.World) -> None:
	frappe.db.set_single_value("Selling Settings", "allow_sales_order_creation_for_expired_quotation", 1)
	expired = tender(world, transaction_date=add_days(nowdate(), -30), valid_till=add_days(nowdate(), -5))
	order = c.order_from(expired)
	order.transaction_date = add_days(nowdate(), -10)
	order.insert()
	with pytest.raises(QMSRefusal, match="C1"):
		order.submit()


@pytest.mark.rule("C1", "C7")
def test_an_order_does_not_inherit_from_a_tender_that_was_lost(world: c.World) -> None:
	quotation = tender(world)
	order, late = (c.order_from(quotation).insert() for _ in range(2))
	base = inherit.base_of(late)
	assert api.get_overview("Sales Order", order.name)["committable"]
	reason = {"doctype": "Quotation Lost Reason", "order_lost_reason": c.unique("Price")}
	lost = [{"lost_reason": frappe.get_doc(reason).insert().name}]
	quotation.declare_enquiry_lost(lost, [])
	with pytest.raises(QMSRefusal, match="C1"):
		order.submit()
	assert not api.get_overview("Sales Order", order.name)["committable"]
	# Lost while another order was on its way in; and what it said is compared all the same.
	assert not inherit.lock(base)
	late.items[0].rate = 50
	late.save()
	assert c.start(world, late).discrepancies


def blanket(world: c.World, terms: str) -> Document:
	doc = c.blanket_order((c.item(stock=50), 10, 100), qms_payment_terms=terms)
	c.approve(world, doc)
	return fresh(doc)


def call_off(blanket: Document, **values: Any) -> Document:
	frappe.flags.args = frappe._dict(doctype="Sales Order")
	try:
		doc = make_order(blanket.name)
	finally:
		del frappe.flags["args"]
	due = add_days(nowdate(), 30)
	doc.update({"transaction_date": nowdate(), "delivery_date": due, **values})
	for row in doc.items:
		row.update({"qty": 2, "delivery_date": due, "warehouse": c.warehouse()})
	return doc.insert()


def later(terms: str) -> None:
	template = frappe.get_doc("Payment Terms Template", terms)
	template.terms[0].credit_days = 720
	template.save()


@pytest.mark.rule("C1")
def test_payment_terms_that_changed_since_are_not_those_of_the_blanket_order(world: c.World) -> None:
	terms = c.payment_terms()
	agreed = blanket(world, terms).submit()
	assert "credit_days: 30" in agreed.qms_agreed_terms
	call_off(agreed, payment_terms_template=terms).submit()
	later(terms)
	assert committed("Blanket Order", [agreed.name])[agreed.name]
	with pytest.raises(QMSRefusal, match="C1"):
		call_off(agreed, payment_terms_template=terms).submit()
	# Saving the committed blanket order does not take the new terms over.
	agreed = fresh(agreed)
	agreed.save()
	assert "credit_days: 30" in agreed.qms_agreed_terms
	agreed.qms_agreed_terms = "credit_days: 720"
	with pytest.raises(QMSRefusal, match="E8"):
		agreed.save()


@pytest.mark.rule("C1")
@pytest.mark.parametrize("false", [{"due_date": 31}, {"credit_days": 60}], ids=str)
def test_a_schedule_says_what_the_terms_say_whose_name_it_bears(world: c.World, false: dict) -> None:
	terms = c.payment_terms()
	order = call_off(blanket(world, terms).submit(), payment_terms_template=terms)
	row = order.payment_schedule[0]
	row.update({k: add_days(nowdate(), v) if k == "due_date" else v for k, v in false.items()})
	order.save()
	with pytest.raises(QMSRefusal, match="C1"):
		order.submit()


@pytest.mark.rule("C1")
def test_payment_terms_that_change_between_approval_and_submit_are_reviewed_again(world: c.World) -> None:
	terms = c.payment_terms()
	doc = blanket(world, terms)
	later(terms)
	with pytest.raises(QMSRefusal, match="C1"):
		doc.submit()


# Goods


@pytest.mark.rule("A7", "C10", "D4")
def test_what_holds_up_production_holds_up_goods_from_stock(world: c.World) -> None:
	"""The special packaging is not designed yet, and the goods leave in the ordinary one."""
	order = c.committed_order(
		world, c.item(stock=50), qms_packaging="Special", qms_packaging_details="double pouch"
	)
	actions = frappe.get_all(
		"Review Action", {"reference_name": order.name, "status": "Open"}, ["name", "blocks"]
	)
	assert [a.blocks for a in actions] == ["Production"]
	note = g.delivery(order)
	with pytest.raises(QMSRefusal, match="C10"):
		note.submit()
	frappe.db.set_value("Review Action", actions[0].name, "status", "Verified")
	g.submitted(("Administrator",), note)


def from_supplier(doctype: str, **values: Any) -> Document:
	maker = {
		"doctype": "Supplier",
		"supplier_name": c.unique("Maker"),
		"supplier_group": "All Supplier Groups",
	}
	doc = frappe.get_doc({"doctype": doctype, "company": COMPANY, **values})
	doc.supplier = frappe.get_doc(maker).insert().name
	return doc


def received(row: dict[str, Any], site: str) -> Document:
	doc = from_supplier("Purchase Receipt")
	doc.append("items", {**row, "warehouse": site, "rate": 10})
	return doc


def rejected(row: dict[str, Any], site: str) -> Document:
	doc = from_supplier("Purchase Receipt")
	doc.append(
		"items",
		{
			**row,
			"warehouse": c.warehouse(),
			"rejected_warehouse": site,
			"qty": 1,
			"rejected_qty": 4,
			"received_qty": 5,
			"rate": 10,
		},
	)
	return doc


def billed(row: dict[str, Any], site: str) -> Document:
	doc = from_supplier("Purchase Invoice", update_stock=1)
	doc.append("items", {**row, "warehouse": site, "rate": 10})
	return doc


def counted(row: dict[str, Any], site: str) -> Document:
	account = {"company": COMPANY, "account_type": "Stock Adjustment", "is_group": 0}
	doc = frappe.get_doc(
		{"doctype": "Stock Reconciliation", "company": COMPANY, "purpose": "Stock Reconciliation"}
	)
	doc.expense_account = frappe.db.get_value("Account", account)
	doc.append("items", {**row, "warehouse": site, "valuation_rate": 10})
	return doc


def entered(row: dict[str, Any], site: str) -> Document:
	return frappe.get_doc(
		{
			"doctype": "Stock Entry",
			"stock_entry_type": "Material Receipt",
			"company": COMPANY,
			"items": [{**row, "t_warehouse": site, "basic_rate": 10}],
		}
	)


@pytest.mark.rule("D4")
@pytest.mark.parametrize("quietly", [False, True])
@pytest.mark.parametrize("way", [received, rejected, billed, counted, entered], ids=lambda f: f.__name__)
def test_goods_are_put_down_at_a_customers_by_no_other_document_either(
	way: Callable[..., Document], quietly: bool
) -> None:
	doc = way({"item_code": c.item(stock=9), "qty": 5}, warehouse(c.customer())).insert()
	if quietly:
		doc.flags.ignore_validate = True
	g.refused(g.everybody(), doc.submit, "D4")


@pytest.mark.rule("D4")
def test_goods_at_a_customers_are_counted_down_and_sent_back() -> None:
	code, site = c.item(stock=9), warehouse(c.customer())
	place(code, site, 5)
	counted({"item_code": code, "qty": 3}, site).insert().submit()
	back = frappe.get_doc(
		{
			"doctype": "Stock Entry",
			"stock_entry_type": "Material Transfer",
			"company": COMPANY,
			"items": [{"item_code": code, "qty": 3, "s_warehouse": site, "t_warehouse": c.warehouse()}],
		}
	).insert()
	back.submit()
	assert not frappe.db.get_value("Bin", {"item_code": code, "warehouse": site}, "actual_qty")


@pytest.mark.rule("D4")
def test_a_return_does_not_put_goods_down_at_a_customers(world: c.World) -> None:
	"""They would stand there on nobody's authority, and the order would be deliverable once more."""
	from erpnext.stock.doctype.delivery_note.delivery_note import make_sales_return

	order = c.committed_order(world, c.item(stock=50))
	note = g.submitted(("Administrator",), g.delivery(order))
	back = make_sales_return(note.name)
	back.items[0].warehouse = warehouse(order.customer)
	g.submit_refused(g.everybody(), back.insert(), "D4: At .* is at the site of")


def place(code: str, site: str, qty: float) -> None:
	"""Goods at a customer's site, as if authorised."""
	customer = frappe.db.get_value("Warehouse", site, "qms_customer")
	frappe.db.set_value("Warehouse", site, "qms_customer", None)
	c.receive(code, qty, site)
	frappe.db.set_value("Warehouse", site, "qms_customer", customer)


@pytest.mark.rule("D4")
@pytest.mark.parametrize("way", ["emptied", "another", "filled in", "moved in the tree", "group", "merged"])
def test_a_warehouse_with_goods_does_not_change_its_place(way: str) -> None:
	code, customer = c.item(stock=9), c.customer()
	group = warehouse(customer, is_group=1)
	name = warehouse(None if way in ("filled in", "group") else customer)
	if way == "group":
		group = warehouse(is_group=1)
		name = warehouse(parent_warehouse=group)
	elif way == "moved in the tree":
		name = warehouse(parent_warehouse=group)
	if way in ("filled in", "group"):
		c.receive(code, 5, name)
	else:
		place(code, name, 5) if way != "moved in the tree" else into_group(code, name, group)
	doc = frappe.get_doc("Warehouse", group if way == "group" else name)
	another, own = c.customer(), warehouse()
	with (
		as_user(make_user("System Manager", "Stock Manager", "Item Manager")),
		pytest.raises(QMSRefusal, match="D4"),
	):
		if way == "merged":
			frappe.rename_doc("Warehouse", name, own, merge=True, force=True)
		elif way == "moved in the tree":
			doc.parent_warehouse = frappe.db.get_value("Warehouse", c.warehouse(), "parent_warehouse")
			doc.save()
		else:
			doc.qms_customer = {"emptied": None, "another": another}.get(way, customer)
			doc.save()


def into_group(code: str, name: str, group: str) -> None:
	customer = frappe.db.get_value("Warehouse", group, "qms_customer")
	frappe.db.set_value("Warehouse", group, "qms_customer", None)
	c.receive(code, 5, name)
	frappe.db.set_value("Warehouse", group, "qms_customer", customer)


@pytest.mark.rule("D4")
def test_an_empty_warehouse_may_change_its_place() -> None:
	code, name = c.item(), warehouse()
	c.receive(code, 5, name)
	counted({"item_code": code, "qty": 0}, name).insert().submit()
	doc = frappe.get_doc("Warehouse", name)
	for customer in (c.customer(), c.customer(), None):
		doc.qms_customer = customer
		doc.save()


@pytest.mark.rule("D4")
def test_every_document_that_moves_stock_is_known_to_the_gate() -> None:
	"""A DocType whose controller writes the stock ledger is gated, or only takes goods out."""
	only_out = {"Asset Capitalization"}
	found = set()
	for name in frappe.get_all(
		"DocType", {"istable": 0, "is_submittable": 1, "module": ("!=", "Core")}, pluck="name"
	):
		try:
			module = sys.modules[get_controller(name).__module__]
		except ImportError:
			continue
		source = inspect.getsource(module)
		if "self.update_stock_ledger(" in source or "self.make_sl_entries(" in source:
			found.add(name)
	assert found == {*INWARD, "Stock Entry"} - {"POS Invoice"} | only_out


@pytest.mark.rule("D4")
def test_a_standing_review_covers_a_bundle_with_its_parts(world: c.World) -> None:
	from qms_customer.erp.sales_invoice import is_standing_sale
	from qms_customer.rules.goods import ReleaseRow

	part, other, code = c.item(stock=50), c.item(stock=50), c.item(is_stock_item=0)
	bundle = {"doctype": "Product Bundle", "new_item_code": code}
	frappe.get_doc({**bundle, "items": [{"item_code": part, "qty": 2}]}).insert()
	quotation = c.quotation(code, qms_is_tender=1)
	review = c.approve(world, quotation)
	quotation.reload().submit()
	set_limits(standing_review=review.name)
	sale = frappe.new_doc("Sales Invoice", company=COMPANY, is_pos=1, currency=CURRENCY)
	sale.append("items", {"item_code": code, "qty": 1, "rate": 100, "amount": 100, "idx": 1})
	for parts, covered in (({part: 2}, True), ({part: 1}, False), ({other: 2}, False), ({}, False)):
		rows = [ReleaseRow(1, code, 1, parts=parts)]
		assert is_standing_sale(sale, rows) is covered, parts
	quotation.db_set("status", "Lost")
	assert not is_standing_sale(sale, [ReleaseRow(1, code, 1, parts={part: 2})])


@pytest.mark.rule("D4")
def test_goods_that_were_authorised_go_where_they_were_authorised_to_go(world: c.World) -> None:
	hospital = c.customer()

	def address(line: str) -> str:
		doc = {
			"doctype": "Address",
			"address_title": c.unique(line),
			"address_type": "Shipping",
			"address_line1": line,
			"city": "Suzhou",
			"country": "China",
			"links": [{"link_doctype": "Customer", "link_name": hospital}],
		}
		return frappe.get_doc(doc).insert().name

	first, second = address("Harbour Road 1"), address("Forest Lane 2")
	note = g.delivery_by_hand(hospital, {"item_code": c.item(stock=9)}, shipping_address_name=first)
	code = frappe.get_all("Delivery Reason Code", {"disabled": 0}, pluck="name", limit=1)[0]
	boss = world.person(roles.BUSINESS_MANAGER)

	def authorise() -> None:
		with as_user(world.sales):
			name = api.request_authorisation("Delivery Note", note.name, code, "a sample")["name"]
		with as_user(boss):
			panel = api.get_authorisation_panel(name)
			assert "Road 1" in panel["html"] or "Lane 2" in panel["html"]
			api.decide_authorisation(name, "Approved", panel["hash"], "/")

	authorise()
	note.reload()
	note.shipping_address_name, note.shipping_address = second, None
	note.save()
	g.submit_refused(("Administrator",), note, "D4: Row 1")
	authorise()
	g.submitted(("Administrator",), note)
