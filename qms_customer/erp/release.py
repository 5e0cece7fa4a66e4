"""Reading what rules/goods.py asks about deliveries, in a constant number of queries (D4, C10)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal

import frappe
from frappe.model.document import Document
from frappe.query_builder.functions import Sum

from qms_customer.contract import approved, changes, scope
from qms_customer.contract.authorise import DOCTYPE as AUTHORISATION
from qms_customer.contract.facts import number
from qms_customer.erp.delivery_terms import ORDER_FIELD
from qms_customer.messages import refuse
from qms_customer.rules import goods
from qms_customer.rules.review import Refusal

# By document: the field of a row that names the row it returns, and the one that names its order.
RETURNED = {
	"Delivery Note": ("dn_detail", "against_sales_order"),
	"Sales Invoice": ("sales_invoice_item", "sales_order"),
	"POS Invoice": ("pos_invoice_item", "sales_order"),
}


def before_cancel(doc: Document, method: str | None = None) -> None:
	"""Refuse to undo a return whose goods could not leave now (D4, C10)."""
	_refuse_undone_return(doc)


def on_cancel(doc: Document, method: str | None = None) -> None:
	"""Let goods come back although an authorisation points to their document: the record stays (C10)."""
	if doc.flags.ignore_validate:
		# before_cancel did not run; by now ERPNext has counted.
		_refuse_undone_return(doc, counted=True)
	doc.ignore_linked_doctypes = (*(doc.get("ignore_linked_doctypes") or ()), AUTHORISATION)


def _refuse_undone_return(doc: Document, counted: bool = False) -> None:
	"""A return that is cancelled lets its goods leave again, past every delivery note: what holds up the one
	holds up the other (D4, C10).
	"""
	field = ORDER_FIELD.get(doc.doctype)
	if (
		not field
		or not doc.get("is_return")
		or not (doc.doctype == "Delivery Note" or doc.get("update_stock"))
	):
		return
	items = goods_items(d.item_code for d in doc.items)
	back = [
		goods.ReleaseRow(d.idx, d.item_code, -leaving(d), d.get(field) or "", d.so_detail)
		for d in doc.items
		if d.get("so_detail") and d.item_code in items
	]
	if not (back := reviewed_rows(doc.company, back)):
		return
	# The orders first, as for a delivery: of the two, one waits for the other.
	orders = order_states({row.order for row in back}, "Delivery")
	found = goods.undone_return_refusals(back, orders, order_rows({row.order_row for row in back}), counted)
	if found:
		refuse(found)


def goods_items(codes: Iterable[str]) -> set[str]:
	"""Return which items are goods: stock items, fixed assets, and bundles of such. Services are not held
	up.
	"""
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


def stock_items(codes: Iterable[str]) -> set[str]:
	"""Return which items are kept in stock; one query (G1)."""
	return set(
		frappe.get_all("Item", filters={"name": ("in", sorted(set(codes))), "is_stock_item": 1}, pluck="name")
	)


def order_states(names: Iterable[str], blocks: str, lock: bool = True) -> dict[str, goods.OrderState]:
	"""Return the sales orders as they stand: approved content or not, changes that are not decided (D4), and
	open actions that hold up `blocks` (C10). What holds up production holds up delivery too: goods from stock
	were made before it was done.

	The orders are locked, so that two deliveries of one order are counted one after the other.
	"""
	names = sorted(set(names))
	if not names:
		return {}
	order = frappe.qb.DocType("Sales Order")
	query = (
		frappe.qb.from_(order)
		.select(order.name, order.customer, order.company, order.docstatus, order.status)
		.where(order.name.isin(names))
		.orderby(order.name)
	)
	heads = (query.for_update() if lock else query).run(as_dict=True)
	committed = approved.committed("Sales Order", names)
	gated = scope.covered_contracts("Sales Order", names)
	actions = _blocking_actions(names, blocks)
	pending = changes.pending(names, lock)
	return {
		h.name: goods.OrderState(
			h.name,
			h.customer,
			h.company,
			committed.get(h.name, False) or h.name not in gated,
			tuple(actions.get(h.name, ())),
			pending.get(h.name, goods.Pending()),
			h.name not in gated or (h.docstatus == 1 and h.status not in ("Closed", "On Hold")),
		)
		for h in heads
	}


def _blocking_actions(names: list[str], blocks: str) -> dict[str, list[str]]:
	"""By order, the open actions of its own review and of the review that it inherited (C10)."""
	owners: dict[tuple[str, str], list[str]] = {("Sales Order", name): [name] for name in names}
	for row in frappe.get_all(
		approved.DOCTYPE,
		filters={
			"reference_doctype": "Sales Order",
			"reference_name": ("in", names),
			"inherited": 1,
			"withdrawn": 0,
		},
		fields=["reference_name", "source_doctype", "source_name"],
		distinct=True,
	):
		owners.setdefault((row.source_doctype, row.source_name), []).append(row.reference_name)
	held = (blocks, "Production") if blocks == "Delivery" else (blocks,)
	found: dict[str, list[str]] = {}
	for a in frappe.get_all(
		"Review Action",
		filters={
			"reference_doctype": ("in", list({doctype for doctype, _name in owners})),
			"reference_name": ("in", list({name for _doctype, name in owners})),
			"blocks": ("in", held),
			"status": ("in", ("Open", "Done")),
		},
		fields=["name", "reference_doctype", "reference_name"],
		order_by="name",
	):
		for name in owners.get((a.reference_doctype, a.reference_name), ()):
			found.setdefault(name, []).append(a.name)
	return found


def order_rows(names: Iterable[str]) -> dict[str, goods.OrderRow]:
	"""Return rows of sales orders by name, with what has left of them, in the stock unit.

	The rows are read locked: a delivery that waited for another one counts what that one took, not what was
	there when its own transaction began.
	"""
	names = sorted(set(names))
	if not names:
		return {}
	item = frappe.qb.DocType("Sales Order Item")
	rows = (
		frappe.qb.from_(item)
		.select(
			item.name,
			item.parent,
			item.item_code,
			item.stock_qty,
			item.conversion_factor,
			item.delivered_qty,
			item.delivered_by_supplier,
		)
		.where(item.name.isin(names) & (item.parenttype == "Sales Order"))
		.orderby(item.name)
		.for_update()
		.run(as_dict=True)
	)
	parts: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
	for p in frappe.get_all(
		"Packed Item",
		filters={"parent": ("in", list({r.parent for r in rows}) or [""]), "parenttype": "Sales Order"},
		fields=["parent_detail_docname", "item_code", "qty"],
	):
		parts[p.parent_detail_docname][p.item_code] += number(p.qty)
	return {
		r.name: goods.OrderRow(
			r.name,
			r.parent,
			r.item_code,
			number(r.stock_qty),
			number(r.delivered_qty) * number(r.conversion_factor or 1),
			bool(r.delivered_by_supplier),
			dict(parts.get(r.name, {})),
		)
		for r in rows
	}


def drop_ship_rows(rows: Iterable[str], parts: Iterable[str], but: str) -> dict[str, goods.OrderRow]:
	"""Return rows of sales orders, and parts of their bundles, with what purchase orders but `but` ship of
	them.

	A closed one counts, as it does for ERPNext: it may have been delivered before, and may be re-opened.
	"""
	found: dict[str, goods.OrderRow] = {}
	purchase, line = frappe.qb.DocType("Purchase Order"), frappe.qb.DocType("Purchase Order Item")
	for doctype, field, quantity, names in (
		("Sales Order Item", "sales_order_item", "stock_qty", sorted(set(rows))),
		("Packed Item", "sales_order_packed_item", "qty", sorted(set(parts))),
	):
		if not names:
			continue
		taken = dict(
			frappe.qb.from_(line)
			.join(purchase)
			.on(purchase.name == line.parent)
			.select(line[field], Sum(line.stock_qty))
			.where(
				line[field].isin(names)
				& (line.delivered_by_supplier == 1)
				& (purchase.docstatus == 1)
				& (purchase.name != but)
			)
			.groupby(line[field])
			.for_update()
			.run()
		)
		for r in frappe.get_all(
			doctype,
			filters={"name": ("in", names), "parenttype": "Sales Order"},
			fields=[
				"name",
				"parent",
				"item_code",
				quantity,
				"delivered_by_supplier",
				*(("parent_detail_docname",) if doctype == "Packed Item" else ()),
			],
		):
			found[r.name] = goods.OrderRow(
				r.name,
				r.parent,
				r.item_code,
				number(r[quantity]),
				number(taken.get(r.name)),
				bool(r.delivered_by_supplier),
				line=r.get("parent_detail_docname") or "",
			)
	return found


def refuse_release(
	doc: Document, rows: list[goods.ReleaseRow], customer: str, without_order_allowed: bool
) -> None:
	"""Refuse goods that may not leave, with everything that stands against it in one message (D4)."""
	found = refusals(rows, customer, doc.company, without_order_allowed)
	if found:
		refuse(found)


def refusals(
	rows: list[goods.ReleaseRow], customer: str, company: str, without_order_allowed: bool
) -> list[Refusal]:
	"""Return what stands against these goods leaving (D4)."""
	# The orders first: their lock is what a second delivery waits for.
	orders = order_states({r.order for r in rows if r.order}, "Delivery")
	return goods.release_refusals(
		customer,
		company,
		rows,
		orders,
		order_rows({r.order_row for r in rows if r.order_row}),
		without_order_allowed,
	)


def release_rows(doc: Document, order_field: str, row_field: str) -> list[goods.ReleaseRow]:
	"""Return the rows of a document that are goods leaving, in stock units; services and returned rows are
	not, nor what is not reviewed.
	"""
	items = goods_items(d.item_code for d in doc.items)
	parts = parts_by_row(doc)
	found = [
		goods.ReleaseRow(
			d.idx,
			d.item_code,
			leaving(d),
			d.get(order_field) or "",
			d.get(row_field) or "",
			parts.get(d.name, {}),
		)
		for d in doc.items
		if d.item_code in items and (leaving(d) > 0 or any(q > 0 for q in parts.get(d.name, {}).values()))
	]
	return reviewed_rows(doc.company, found)


def reviewed_rows(company: str, rows: list[goods.ReleaseRow]) -> list[goods.ReleaseRow]:
	"""Return the rows that the gate looks at where it is not live for everything: goods that are reviewed, or
	that leave for an order, named or by its row, that is reviewed as a whole (D4).
	"""
	if not rows or scope.everything():
		return rows
	codes = {r.item for r in rows} | {part for r in rows for part in r.parts}
	items = scope.covered_items(company, codes)
	named = {r.order_row for r in rows if r.order_row}
	orders = dict(
		frappe.get_all(
			"Sales Order Item",
			filters={"name": ("in", sorted(named) or [""]), "parenttype": "Sales Order"},
			fields=["name", "parent"],
			as_list=True,
		)
	)
	gated = scope.covered_contracts("Sales Order", {*orders.values(), *(r.order for r in rows if r.order)})
	return [
		r
		for r in rows
		if r.item in items or items & set(r.parts) or gated & {r.order, orders.get(r.order_row, "")}
	]


def is_reviewed(doc: Document) -> bool:
	"""Return whether any goods of a delivery are ones that the gate looks at (D4)."""
	return bool(scope.covered_items(doc.company, {d.item_code for d in doc.items}))


def leaving(row: Document) -> Decimal:
	"""Return the quantity of a row in the stock unit.

	Where nobody validated, the two quantities of a row can differ: the stock moves by one, the order is
	counted by the other. The larger one holds.
	"""
	by_unit = number(row.qty) * number(row.get("conversion_factor") or 1)
	return max(number(row.get("stock_qty")), by_unit) if row.get("stock_qty") else by_unit


def parts_by_row(doc: Document) -> Mapping[str, dict[str, Decimal]]:
	"""By row, what its product bundle consists of, for the whole quantity."""
	found: dict[str, dict[str, Decimal]] = {}
	for p in doc.get("packed_items") or ():
		row = found.setdefault(p.parent_detail_docname, {})
		row[p.item_code] = row.get(p.item_code, Decimal()) + number(p.qty)
	return found
