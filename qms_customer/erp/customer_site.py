"""Goods come to a warehouse at a customer's site by an authorised stock entry, and by nothing else (D4).

Every other document that ERPNext lets put goods down is refused there, and so is turning a warehouse with
goods in it into one at a customer's site, or back: then they would stand there without having been sent.
"""

from collections.abc import Iterator
from typing import Any, NoReturn

import frappe
from frappe.model.document import Document

from qms_customer.contract.facts import number
from qms_customer.contract.sites import customers_at
from qms_customer.messages import refuse_one
from qms_customer.rules import mark

_PURCHASE = (
	("warehouse", "qty", 1),
	("from_warehouse", "qty", -1),
	("rejected_warehouse", "rejected_qty", 1),
)
_SALE = (("target_warehouse", "qty", 1), ("warehouse", "qty", -1))
# By document: the warehouses of a row, and the sign that its quantity has where goods come in there.
INWARD = {
	"Purchase Receipt": _PURCHASE,
	"Purchase Invoice": _PURCHASE,
	"Subcontracting Receipt": _PURCHASE,
	"Delivery Note": _SALE,
	"Sales Invoice": _SALE,
	"POS Invoice": _SALE,
	"Stock Reconciliation": (("warehouse", "", 1),),
}


def before_validate(doc: Document, method: str | None = None) -> None:
	"""A submit that skips ERPNext's validation does not skip the gate (D4)."""
	if doc.flags.ignore_validate and doc.docstatus == 1:
		before_submit(doc)


def before_submit(doc: Document, method: str | None = None) -> None:
	"""Refuse goods that come to a customer's site by another document than a stock entry (D4)."""
	if doc.doctype in ("Purchase Invoice", "Sales Invoice") and not doc.get("update_stock"):
		return
	customers = customers_at(_inward(doc))
	for warehouse, customer in customers.items():
		refuse_one(
			"D4",
			mark(
				"{0} is at the site of {1}. Bring the goods into a warehouse of the company; from there they "
				"go to the customer by a stock entry that a manager authorises."
			),
			warehouse,
			customer,
		)


def _inward(doc: Document) -> Iterator[str]:
	"""The warehouses into which a document puts goods."""
	for row in (*doc.items, *(doc.get("packed_items") or ())):
		for field, quantity, sign in INWARD[doc.doctype]:
			if row.get(field) and _comes_in(row, quantity, sign):
				yield row.get(field)


def _comes_in(row: Document, quantity: str, sign: int) -> bool:
	if not quantity:
		# A stock reconciliation states how much there is.
		return number(row.qty) > number(row.get("current_qty"))
	names = (quantity, "stock_qty", "received_stock_qty") if quantity == "qty" else (quantity,)
	return any(number(row.get(name)) * sign > 0 for name in names)


def before_warehouse(doc: Document, method: str | None = None) -> None:
	"""Refuse to say of a warehouse that it is at another place while goods stand there (D4)."""
	before = doc.get_doc_before_save()
	if before is None or all(_same(doc, before, name) for name in ("qms_customer", "parent_warehouse")):
		return
	was = customers_at([doc.name]).get(doc.name, "")
	now = doc.get("qms_customer") or customers_at([doc.parent_warehouse]).get(doc.parent_warehouse, "")
	if was != now and holds_goods(doc.name):
		_refuse_move(doc.name, was or now)


def before_warehouse_rename(doc: Document, method: str | None, old: str, new: str, merge: bool) -> None:
	"""Refuse to merge a warehouse with goods into one at another place (D4)."""
	if merge:
		at = customers_at([old, new])
		if at.get(old) != at.get(new) and holds_goods(old):
			_refuse_move(old, at.get(old) or at.get(new))


def _same(doc: Document, before: Document, name: str) -> bool:
	def value(one: Any) -> str:
		return one.get(name) or ""

	return value(doc) == value(before)


def holds_goods(warehouse: str) -> bool:
	"""Return whether goods stand in a warehouse, or in one below it."""
	bin_, leaf, group = (frappe.qb.DocType(n) for n in ("Bin", "Warehouse", "Warehouse"))
	leaf, group = leaf.as_("leaf"), group.as_("top")
	return bool(
		frappe.qb.from_(bin_)
		.join(leaf)
		.on(leaf.name == bin_.warehouse)
		.join(group)
		.on((group.lft <= leaf.lft) & (group.rgt >= leaf.rgt))
		.select(bin_.name)
		.where((group.name == warehouse) & (bin_.actual_qty != 0))
		.limit(1)
		.run()
	)


def _refuse_move(warehouse: str, customer: str) -> NoReturn:
	refuse_one(
		"D4",
		mark(
			"Goods stand in {0}. Whether it is at the site of {1} is changed when it is empty: move them out "
			"by a stock entry first."
		),
		warehouse,
		customer,
	)
