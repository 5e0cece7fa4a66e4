"""Reading what rules/goods.py asks about deliveries, in a constant number of queries (D4, C10)."""

from collections.abc import Iterable

import frappe
from frappe.model.document import Document

from qms_customer.contract import approved
from qms_customer.contract.facts import number
from qms_customer.messages import refuse
from qms_customer.rules import goods
from qms_customer.rules.review import Refusal


def goods_items(codes: Iterable[str]) -> set[str]:
	"""Return which items are goods: stock items, fixed assets, and bundles of such. Services are not held up."""
	codes = list(set(codes))
	items = frappe.get_all(
		"Item", filters={"name": ("in", codes)}, fields=["name", "is_stock_item", "is_fixed_asset"]
	)
	found = {i.name for i in items if i.is_stock_item or i.is_fixed_asset}
	rest = [i.name for i in items if i.name not in found]
	if rest:
		found |= set(
			frappe.get_all("Product Bundle", filters={"new_item_code": ("in", rest)}, pluck="new_item_code")
		)
	return found


def order_states(names: Iterable[str], blocks: str, lock: bool = True) -> dict[str, goods.OrderState]:
	"""Return the sales orders as they stand: approved content or not, and open actions that hold up `blocks` (C10).

	The orders are locked, so that two deliveries of one order are counted one after the other.
	"""
	names = sorted(set(names))
	if not names:
		return {}
	order = frappe.qb.DocType("Sales Order")
	query = (
		frappe.qb.from_(order)
		.select(order.name, order.customer, order.company)
		.where(order.name.isin(names))
		.orderby(order.name)
	)
	heads = (query.for_update() if lock else query).run(as_dict=True)
	committed = approved.committed("Sales Order", names)
	actions: dict[str, list[str]] = {}
	for a in frappe.get_all(
		"Review Action",
		filters={
			"reference_doctype": "Sales Order",
			"reference_name": ("in", names),
			"blocks": blocks,
			"status": ("in", ("Open", "Done")),
		},
		fields=["name", "reference_name"],
	):
		actions.setdefault(a.reference_name, []).append(a.name)
	return {
		h.name: goods.OrderState(
			h.name, h.customer, h.company, committed.get(h.name, False), tuple(actions.get(h.name, ()))
		)
		for h in heads
	}


def order_rows(names: Iterable[str], taken: str = "delivered_qty") -> dict[str, goods.OrderRow]:
	"""Return rows of sales orders by name; `taken` is the field that says what has left, in the row's own unit
	(`delivered_qty`) or in the stock unit (`ordered_qty`)."""
	names = list(set(names))
	if not names:
		return {}
	rows = frappe.get_all(
		"Sales Order Item",
		filters={"name": ("in", names)},
		fields=["name", "parent", "item_code", "stock_qty", "qty", "conversion_factor", taken],
	)
	return {
		r.name: goods.OrderRow(
			r.name,
			r.parent,
			r.item_code,
			number(r.stock_qty),
			number(r[taken] or 0) * (number(r.conversion_factor or 1) if taken == "delivered_qty" else 1),
		)
		for r in rows
	}


def refuse_release(
	doc: Document,
	rows: list[goods.ReleaseRow],
	customer: str,
	without_order_allowed: bool,
	taken: str = "delivered_qty",
) -> None:
	"""Refuse goods that may not leave, with everything that stands against it in one message (D4)."""
	found = refusals(rows, customer, doc.company, without_order_allowed, taken)
	if found:
		refuse(found)


def refusals(
	rows: list[goods.ReleaseRow],
	customer: str,
	company: str,
	without_order_allowed: bool,
	taken: str = "delivered_qty",
) -> list[Refusal]:
	"""Return what stands against these goods leaving (D4)."""
	orders = order_states({r.order for r in rows if r.order}, "Delivery")
	return goods.release_refusals(
		customer,
		company,
		rows,
		orders,
		order_rows({r.order_row for r in rows if r.order_row}, taken),
		without_order_allowed,
	)


def release_rows(
	doc: Document, order_field: str, row_field: str, only_goods: bool = True
) -> list[goods.ReleaseRow]:
	"""Return the rows of a document that are goods leaving, in stock units; services and returned rows are not."""
	items = goods_items(d.item_code for d in doc.items) if only_goods else {d.item_code for d in doc.items}
	return [
		goods.ReleaseRow(
			d.idx,
			d.item_code,
			number(d.get("stock_qty") or (d.qty or 0) * (d.conversion_factor or 1)),
			d.get(order_field) or "",
			d.get(row_field) or "",
		)
		for d in doc.items
		if d.item_code in items and (d.qty or 0) > 0
	]
