"""What is made here: products with their parts, and work orders as the buttons of ERPNext make them."""

from __future__ import annotations

import json
from typing import Any

import frappe
from erpnext.manufacturing.doctype.work_order.work_order import make_stock_entry, make_work_order
from erpnext.selling.doctype.sales_order.sales_order import get_work_order_items, make_work_orders
from frappe.model.document import Document

from tests.support import contracts as c
from tests.support.company import ABBR, COMPANY
from tests.support.factory import bom
from tests.support.staged import staged


@staged
def product(*parts: str) -> str:
	"""Return the code of an item that is made of these parts, or of one on hand."""
	code = c.item()
	parts = parts or (c.item(stock=50, with_standard=False),)
	bom(code, dict.fromkeys(parts, 1), source=c.warehouse())
	return code


@staged
def ready(name: str, **values: Any) -> Document:
	"""Return a draft work order with what a person fills in before it is submitted."""
	doc = frappe.get_doc("Work Order", name)
	return doc.update(_places(values)).save()


@staged
def from_order(order: Document, qty: float | None = None) -> Document:
	"""Return the draft work order that ERPNext's button on the order makes of its first row."""
	rows = get_work_order_items(order.name)[:1]
	if qty:
		rows[0]["pending_qty"] = qty
	return ready(make_work_orders(json.dumps({"items": rows}), order.name, order.company)[0])


@staged
def typed(code: str, qty: float = 5, **values: Any) -> Document:
	"""Return an unsaved work order as somebody types it."""
	doc = make_work_order(frappe.db.get_value("Item", code, "default_bom"), code, qty)
	return doc.update({"company": COMPANY, **_places(values)})


@staged
def make(work: Document, qty: float) -> None:
	"""Produce a quantity of a submitted work order."""
	for purpose in ("Material Transfer for Manufacture", "Manufacture"):
		entry = frappe.get_doc(make_stock_entry(work.name, purpose, qty))
		entry.insert()
		entry.submit()


def _places(values: dict[str, Any]) -> dict[str, Any]:
	return {"wip_warehouse": f"Work In Progress - {ABBR}", "fg_warehouse": c.warehouse(), **values}
