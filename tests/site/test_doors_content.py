"""No door alters what a committed contract promises; what happens to it since goes on."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import frappe
import pytest
from erpnext.controllers.accounts_controller import update_child_qty_rate
from erpnext.selling.doctype.sales_order import sales_order as erpnext_so
from erpnext.selling.doctype.sales_order.sales_order import close_or_unclose_sales_orders
from frappe import client
from frappe.model.document import Document
from frappe.utils import add_days, nowdate

from qms_customer.contract import api
from qms_customer.contract.approved import committed
from tests.support import contracts as c
from tests.support.doors import WHO, fresh, login, refused, sent, stored
from tests.support.people import as_user
from tests.support.web import messages


@pytest.fixture
def world() -> c.World:
	return c.World()


@pytest.fixture(params=WHO)
def user(request: pytest.FixtureRequest) -> str:
	return login(request.param)


def update_items(doc: Document, rows: list[dict[str, Any]]) -> None:
	update_child_qty_rate(doc.doctype, json.dumps(rows), doc.name)


def as_dialog(doc: Document, **changes: Any) -> list[dict[str, Any]]:
	"""The rows that the dialog Update Items sends."""
	return [
		{
			"docname": d.name,
			"item_code": d.item_code,
			"qty": d.qty,
			"rate": d.rate,
			"delivery_date": str(d.get("delivery_date") or ""),
			"conversion_factor": d.conversion_factor,
			"uom": d.uom,
			**changes,
		}
		for d in doc.items
	]


@pytest.mark.rule("E8")
@pytest.mark.parametrize(
	"changes",
	[{"qty": 6}, {"qty": 4}, {"rate": 99}, {"delivery_date": "2031-01-31"}],
	ids=["more", "less", "price", "date"],
)
def test_update_items(world: c.World, user: str, changes: dict) -> None:
	doc = c.committed_order(world, c.item(stock=50))
	with refused("E8", doc, user=user, words="change notice"):
		update_items(doc, as_dialog(doc, **changes))
	assert committed("Sales Order", [doc.name]) == {doc.name: True}


@pytest.mark.rule("E8")
def test_update_items_adds_and_removes_no_row(world: c.World, user: str) -> None:
	first, second = c.item(stock=50), c.item(stock=50)
	doc = c.committed_order(world, [{"item_code": i, "qty": 1, "rate": 10} for i in (first, second)])
	new = {"item_code": first, "qty": 1, "rate": 10, "delivery_date": add_days(nowdate(), 30)}
	with refused("E8", doc, user=user):
		update_items(doc, [*as_dialog(doc), new])
	with refused("E8", doc, user=user):
		update_items(doc, as_dialog(doc)[:1])


@pytest.mark.rule("E8")
def test_update_items_of_a_tender(world: c.World, user: str) -> None:
	doc = c.quotation(c.item(stock=50), qms_is_tender=1)
	c.approve(world, doc)
	doc = fresh(doc)
	doc.submit()
	with refused("E8", doc, user=user):
		update_items(doc, as_dialog(doc, qty=6))
	plain = c.quotation(c.item(stock=50))
	plain.submit()
	with as_user(user):
		update_items(plain, as_dialog(plain, qty=6))
	assert fresh(plain).items[0].qty == 6


LATER = "2031-01-31"
HEAD = {"po_no": "PO-9", "po_date": "2026-01-31", "shipping_address": "elsewhere"}


@pytest.mark.rule("E8")
@pytest.mark.parametrize("field", HEAD)
def test_fields_that_erpnext_lets_change_after_submit(world: c.World, user: str, field: str) -> None:
	doc = c.committed_order(world, c.item(stock=50))
	with refused("E8", doc, user=user):
		changed = fresh(doc)
		changed.set(field, HEAD[field])
		changed.save()
	with refused("E8", doc, user=user):
		client.set_value(doc.doctype, doc.name, field, HEAD[field])
	with refused("E8", doc, user=user):
		client.save(sent(doc, **{field: HEAD[field]}))
	with refused("E8", doc, user=user):
		fresh(doc).db_set(field, HEAD[field])


@pytest.mark.rule("E8")
def test_the_delivery_date_of_the_head_follows_the_rows_or_is_refused(world: c.World, user: str) -> None:
	doc = c.committed_order(world, c.item(stock=50))
	with as_user(user):
		# ERPNext sets it back to the latest date of the rows.
		client.set_value(doc.doctype, doc.name, "delivery_date", LATER)
	assert str(fresh(doc).delivery_date) == str(doc.delivery_date)
	doc = fresh(doc)
	with refused("E8", doc, user=user):
		fresh(doc).db_set("delivery_date", LATER)
	rows = json.loads(sent(doc))
	rows["items"][0]["delivery_date"] = LATER
	with refused("E8", doc, user=user):
		client.save(json.dumps(rows))


@pytest.mark.rule("E8")
@pytest.mark.parametrize("field", ["delivery_date", "supplier"])
def test_rows_saved_alone(world: c.World, user: str, field: str) -> None:
	doc = c.committed_order(world, c.item(stock=50))
	row = doc.items[0]
	supplier = frappe.get_doc({"doctype": "Supplier", "supplier_name": c.unique("Supplier")}).insert().name
	value = {"delivery_date": LATER, "supplier": supplier}[field]
	for door in (
		lambda: client.save(sent(row, **{field: value})),
		lambda: client.set_value(row.doctype, row.name, field, value),
		lambda: frappe.get_doc(row.doctype, row.name).update({field: value}).save(),
		lambda: frappe.get_doc(row.doctype, row.name).db_set(field, value),
	):
		with refused("E8", doc, user=user):
			door()


@pytest.mark.rule("E8")
@pytest.mark.parametrize("table", ["items", "payment_schedule", "qms_requirements"])
def test_rows_are_neither_removed_nor_added_alone(world: c.World, user: str, table: str) -> None:
	doc = c.committed_order(world, c.item(stock=50))
	row = doc.get(table)[0]
	with refused("E8", doc, user=user):
		client.delete(row.doctype, row.name)
	with refused("E8", doc, user=user):
		frappe.get_doc(row.doctype, row.name).delete()
	values = {k: v for k, v in row.as_dict().items() if k not in ("name", "idx", "creation", "modified")}
	with refused("E8", doc, user=user):
		frappe.get_doc({**values, "docstatus": 0}).insert()


@pytest.mark.rule("E8")
def test_over_http(world: c.World, user: str, http: Callable[..., Any]) -> None:
	doc = c.committed_order(world, c.item(stock=50))
	web = http(user)
	before = stored(doc.doctype, doc.name)
	row = doc.items[0].name
	for response in (
		web.put(f"/api/resource/Sales Order/{doc.name}", json={"po_no": "X"}),
		web.put(f"/api/resource/Sales Order Item/{row}", json={"delivery_date": LATER}),
		web.delete(f"/api/resource/Sales Order Item/{row}"),
		web.put(f"/api/resource/Sales Order/{doc.name}", json={"docstatus": 2}),
		web.call(
			"erpnext.controllers.accounts_controller.update_child_qty_rate",
			parent_doctype="Sales Order",
			trans_items=json.dumps(as_dialog(doc, qty=6)),
			parent_doctype_name=doc.name,
		),
		web.call(
			"frappe.client.bulk_update",
			docs=json.dumps([{"doctype": "Sales Order", "docname": doc.name, "po_no": "X"}]),
		),
		web.call("frappe.client.cancel", doctype="Sales Order", name=doc.name),
		web.call(
			"erpnext.selling.doctype.sales_order.sales_order.update_status", status="Closed", name=doc.name
		),
	):
		text = " ".join(messages(response)) + response.text
		assert "E8" in text, (response.url, response.status_code, response.text[-300:])
		frappe.db.rollback()
		assert stored(doc.doctype, doc.name) == before, response.url


@pytest.mark.rule("E8")
def test_closing_re_opening_and_cancelling_need_a_reason(world: c.World, user: str) -> None:
	doc = c.committed_order(world, c.item(stock=50))
	with refused("E8", doc, user=user, words="reason"):
		erpnext_so.update_status("Closed", doc.name)
	with refused("E8", doc, user=user, words="reason"):
		close_or_unclose_sales_orders(json.dumps([doc.name]), "Closed")
	with as_user(user):
		api.record_reason("Sales Order", doc.name, "Close", "nothing more to come")
		erpnext_so.update_status("Closed", doc.name)
	assert fresh(doc).status == "Closed"
	with refused("E8", fresh(doc), user=user, words="reason"):
		erpnext_so.update_status("Draft", doc.name)
	with as_user(user):
		api.record_reason("Sales Order", doc.name, "Re-open", "they ordered more")
		erpnext_so.update_status("Draft", doc.name)
	with refused("E8", fresh(doc), user=user, words="reason"):
		fresh(doc).cancel()
	with as_user(user):
		api.record_reason("Sales Order", doc.name, "Cancel", "withdrawn")
	# Somebody else's reason is not mine, and one reason is for one time.
	with refused("E8", fresh(doc), user=c.World().sales):
		fresh(doc).cancel()
	with as_user(user):
		fresh(doc).cancel()
	assert fresh(doc).docstatus == 2


@pytest.mark.rule("D4", "E8")
def test_a_committed_order_is_delivered_billed_and_paid_and_stays_approved(world: c.World) -> None:
	from erpnext.accounts.doctype.payment_entry.payment_entry import get_payment_entry
	from erpnext.selling.doctype.sales_order.sales_order import make_delivery_note, make_sales_invoice

	doc = c.committed_order(world, c.item(stock=50))
	make_delivery_note(doc.name).insert().submit()
	invoice = make_sales_invoice(doc.name).insert()
	invoice.submit()
	payment = get_payment_entry("Sales Invoice", invoice.name)
	payment.reference_no, payment.reference_date = "1", nowdate()
	payment.insert()
	payment.submit()
	doc = fresh(doc)
	assert (doc.status, doc.per_delivered, doc.per_billed) == ("Completed", 100, 100)
	assert committed("Sales Order", [doc.name]) == {doc.name: True}
	doc.letter_head = None
	doc.group_same_items = 1
	doc.save()


@pytest.mark.rule("C1", "E8")
@pytest.mark.parametrize("master", ["Customer", "Item"])
@pytest.mark.parametrize("merge", [False, True], ids=["renamed", "merged"])
def test_a_master_that_is_renamed_or_merged_keeps_the_approval(
	world: c.World, master: str, merge: bool
) -> None:
	code = c.item(stock=50)
	draft, done = c.order(code), c.committed_order(world, code)
	c.approve(world, draft)
	old = {"Customer": draft.customer, "Item": code}[master]
	other = c.customer() if master == "Customer" else c.item(with_standard=True)
	new = other if merge else c.unique("New name")
	frappe.rename_doc(master, old, new, merge=merge, force=True)
	if master == "Item":
		assert committed("Sales Order", [done.name]) == {done.name: True}
	draft = fresh(draft)
	assert draft.customer == new or draft.items[0].item_code == new
	draft.submit()
	assert committed("Sales Order", [draft.name]) == {draft.name: True}


@pytest.mark.rule("C1")
def test_a_customer_who_is_swapped_is_not_one_who_was_renamed(world: c.World, user: str) -> None:
	doc = c.order(c.item(stock=50))
	c.approve(world, doc)
	other = c.customer()
	doc = fresh(doc)
	doc.customer = other
	with as_user(user):
		doc.save()
	with refused("C1", doc, user=user):
		fresh(doc).submit()


@pytest.mark.rule("C1", "C7")
def test_a_blanket_order_is_reviewed_and_its_call_offs_inherit_until_it_is_used_up(world: c.World) -> None:
	from erpnext.manufacturing.doctype.blanket_order.blanket_order import make_order

	code = c.item(stock=50)
	blanket = frappe.get_doc(
		{
			"doctype": "Blanket Order",
			"blanket_order_type": "Selling",
			"customer": c.customer(),
			"company": c.COMPANY,
			"from_date": nowdate(),
			"to_date": add_days(nowdate(), 300),
			"qms_contract_form": "Formal Contract",
			"qms_delivery_method": "Sea freight",
			"qms_payment_method": "Cash",
			"qms_packaging": "Standard",
			"qms_payment_terms": c.payment_terms(),
			"qms_promised_date": add_days(nowdate(), 20),
			"qms_requirements": c.requirements(),
			"items": [{"item_code": code, "qty": 10, "rate": 100}],
		}
	).insert()
	with refused("C1", blanket):
		fresh(blanket).submit()
	c.approve(world, blanket)
	fresh(blanket).submit()
	# ERPNext's own limit may be set wider than what was approved.
	frappe.db.set_single_value("Selling Settings", "blanket_order_allowance", 100)
	frappe.flags.args = frappe._dict(doctype="Sales Order")

	def call_off(qty: float, **values: Any) -> Document:
		doc = make_order(blanket.name)
		doc.update(
			{
				"transaction_date": nowdate(),
				"delivery_date": add_days(nowdate(), 30),
				"payment_terms_template": c.payment_terms(),
				**values,
			}
		)
		for row in doc.items:
			row.update({"qty": qty, "delivery_date": doc.delivery_date, "warehouse": c.warehouse()})
		return doc.insert()

	try:
		call_off(6).submit()
		with refused("C1", over := call_off(5)):
			fresh(over).submit()
		call_off(4).submit()
	finally:
		del frappe.flags["args"]
