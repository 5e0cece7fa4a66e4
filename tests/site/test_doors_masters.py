"""Masters renamed under an approval, and call-offs that inherit the review of their blanket order."""

from __future__ import annotations

from typing import Any

import frappe
import pytest
from frappe.model.document import Document
from frappe.utils import add_days, nowdate

from qms_customer.contract.approved import committed
from tests.support import contracts as c
from tests.support.doors import WHO, fresh, login, refused
from tests.support.people import as_user


@pytest.fixture(params=WHO)
def user(request: pytest.FixtureRequest) -> str:
	return login(request.param)


@pytest.mark.rule("C1", "E8")
@pytest.mark.parametrize(
	("master", "merge"),
	# An item is not merged into another device: test_attack_contracts.
	[("Customer", False), ("Customer", True), ("Item", False)],
	ids=["customer renamed", "customer merged", "item renamed"],
)
def test_a_master_that_is_renamed_or_merged_keeps_the_approval(
	world: c.World, master: str, merge: bool
) -> None:
	code = c.item(stock=50)
	draft, done = c.order(code), c.committed_order(world, code)
	c.approve(world, draft)
	old = {"Customer": draft.customer, "Item": code}[master]
	new = c.customer() if merge else c.unique("New name")
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
	blanket = c.blanket_order((code, 10, 100))
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
