"""Documents that move goods, and what must not have happened when one is refused."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from typing import Any

import frappe
import pytest
from erpnext.selling.doctype.sales_order.sales_order import make_delivery_note
from frappe.model.document import Document
from frappe.utils import nowdate

from qms_customer.messages import QMSRefusal
from tests.support import contracts as c
from tests.support.company import COMPANY
from tests.support.people import as_user, make_user
from tests.support.staged import staged

# Whoever holds all of these may do in ERPNext whatever has to do with goods.
EVERY_RIGHT = (
	"System Manager",
	"Sales User",
	"Sales Manager",
	"Sales Master Manager",
	"Stock User",
	"Stock Manager",
	"Accounts User",
	"Accounts Manager",
	"Purchase User",
	"Purchase Manager",
	"Manufacturing User",
	"Manufacturing Manager",
	"Delivery User",
	"Delivery Manager",
)
LEDGERS = ("Stock Ledger Entry", "GL Entry")


def ledgers() -> dict[str, int]:
	"""Return how many entries the ledgers hold."""
	return {name: frappe.db.count(name) for name in LEDGERS}


@staged
def everybody() -> tuple[str, str]:
	"""Return the users at whom every door is tried: one with every right of ERPNext, and Administrator."""
	return make_user(*EVERY_RIGHT), "Administrator"


def refused(actors: tuple[str, ...], call: Callable[[], Any], pattern: str) -> str:
	"""Try something as each user, assert that it is refused and that no ledger moved; return what was
	said.
	"""
	before = ledgers()
	said = ""
	for actor in actors:
		with as_user(actor), _as_it_was(call), pytest.raises(QMSRefusal) as caught:
			call()
		assert ledgers() == before
		said = str(caught.value)
		assert re.search(pattern, said), said
	return said


@contextlib.contextmanager
def _as_it_was(call: Callable[[], Any]) -> Iterator[None]:
	"""If a document's own method is tried, put its status in memory back, so that the next user can try
	it.
	"""
	doc = getattr(call, "__self__", None)
	if not isinstance(doc, Document):
		yield
		return
	rows = [doc, *doc.get_all_children()]
	before = [(r.docstatus, r.modified, r.modified_by) for r in rows]
	try:
		yield
	finally:
		for row, (docstatus, modified, by) in zip(rows, before, strict=True):
			row.docstatus, row.modified, row.modified_by = docstatus, modified, by


def submit_refused(actors: tuple[str, ...], doc: Document, pattern: str) -> str:
	"""Assert that no user can submit a stored draft, and that it is still the draft that it was."""
	said = ""
	for actor in actors:
		doc.reload()
		modified = doc.modified
		said = refused((actor,), doc.submit, pattern)
		stored = frappe.db.get_value(doc.doctype, doc.name, ["docstatus", "modified"], as_dict=True)
		assert (stored.docstatus, stored.modified) == (0, modified)
	doc.reload()
	return said


@staged
def submitted(actors: tuple[str, ...], doc: Document) -> Document:
	"""Submit a stored draft as the first of these users."""
	doc.reload()
	with as_user(actors[0]):
		doc.submit()
	assert frappe.db.get_value(doc.doctype, doc.name, "docstatus") == 1
	return doc


def moved(doc: Document) -> float:
	"""Return by how much a document changed the stock of all its items together."""
	return sum(
		frappe.get_all(
			"Stock Ledger Entry",
			filters={"voucher_type": doc.doctype, "voucher_no": doc.name, "is_cancelled": 0},
			pluck="actual_qty",
		)
	)


@staged
def delivery(order: Document, qty: float | None = None, **row: Any) -> Document:
	"""Return a stored draft delivery note made from an order, with ERPNext's own button."""
	doc = make_delivery_note(order.name)
	for d in doc.items:
		if qty is not None:
			d.qty = qty
		d.update(row)
	return doc.insert()


@staged
def delivery_by_hand(customer: str, *rows: dict[str, Any], **values: Any) -> Document:
	"""Return a stored draft delivery note typed in."""
	return frappe.get_doc(
		{
			"doctype": "Delivery Note",
			"company": COMPANY,
			"customer": customer,
			"posting_date": nowdate(),
			"items": [{"qty": 1, "rate": 100, "warehouse": c.warehouse(), **row} for row in rows],
			**values,
		}
	).insert()


@staged
def unreviewed(code: str | list[dict[str, Any]], **values: Any) -> Document:
	"""Return a sales order that became submitted behind everybody's back, never reviewed."""
	doc = c.order(code, **values)
	frappe.db.set_value("Sales Order", doc.name, {"docstatus": 1, "status": "To Deliver and Bill"})
	frappe.db.set_value("Sales Order Item", {"parent": doc.name}, "docstatus", 1)
	return doc.reload()


@staged
def altered(world: c.World, code: str | list[dict[str, Any]], **values: Any) -> Document:
	"""Return a committed sales order that somebody changed in the database since."""
	doc = c.committed_order(world, code, **values)
	frappe.db.set_value("Sales Order Item", doc.items[0].name, "rate", doc.items[0].rate - 1)
	return doc.reload()


@staged
def by_sql(doc: Document) -> Document:
	"""Make a stored draft a submitted document without any event."""
	frappe.db.set_value(doc.doctype, doc.name, "docstatus", 1)
	for table in doc.meta.get_table_fields():
		frappe.db.set_value(table.options, {"parent": doc.name}, "docstatus", 1)
	return doc.reload()
