"""Work Order: production for a contract starts only when its review is approved and no change of what it
makes is pending (D4, C10). Work that has begun is finished.
"""

from collections.abc import Iterable, Mapping

import frappe
from frappe.model.document import Document

from qms_customer.contract import worked
from qms_customer.contract.facts import number
from qms_customer.erp import production_need
from qms_customer.erp.release import order_states
from qms_customer.messages import refuse
from qms_customer.rules import goods, production


def before_validate(doc: Document, method: str | None = None) -> None:
	"""A submit that skips ERPNext's validation does not skip the gate (D4)."""
	if doc.flags.ignore_validate and doc.docstatus == 1:
		before_submit(doc)


def before_submit(doc: Document, method: str | None = None) -> None:
	"""Refuse production for orders whose review is not approved, however the work order names them (D4)."""
	_refuse(doc, orders_of(doc))


def before_update_after_submit(doc: Document, method: str | None = None) -> None:
	"""Refuse to move a running work order to an order that is not approved (D4)."""
	before = doc.get_doc_before_save()
	unchanged = before is not None and before.docstatus == 1 and before.sales_order == doc.sales_order
	if doc.sales_order and not unchanged and doc.sales_order not in (doc.flags.qms_orders or ()):
		_refuse(doc, {doc.sales_order})
	elif _takes_more(doc, before):
		_refuse_without_notice(doc, orders_of(doc))
	if before and before.docstatus == 1 and production.is_put_to_work(before.status, doc.status):
		refuse_start(doc)


def before_change(doc: Document, method: str | None = None) -> None:
	"""The same for a single field written past the form (D4)."""
	if doc.docstatus == 1:
		before_update_after_submit(doc)


def refuse_start_of(name: str) -> None:
	"""Refuse that work on a stored work order begins; where it has begun, two queries (D4). Raises
	QMSRefusal.
	"""
	if _has_begun(name):
		return
	work = frappe.db.get_value("Work Order", name, [*_START_FIELDS], as_dict=True)
	if work:
		_refuse_start(work)


def refuse_start(doc: Document) -> None:
	"""Refuse that work begins on a work order as it stands in memory, if it has not begun (D4)."""
	if not _has_begun(doc.name):
		_refuse_start(doc)


# What says which orders, and which row of one, a work order is for.
_START_FIELDS = ("name", "sales_order_item", *worked.FIELDS)


def _refuse_start(work: Document | frappe._dict) -> None:
	names = orders_of(work)
	if not names:
		return
	# Locked: a notice made while this waited counts, and none is made until this is done.
	states = order_states(names, "Production")
	if found := goods.start_refusals(work.name, sorted(names), states, _rows_of(work, states)):
		refuse(found)


def _has_begun(name: str) -> bool:
	return production.has_begun(_is_moved(name), _is_timed(name))


def _is_moved(name: str) -> bool:
	entries = {"work_order": name, "docstatus": 1, "purpose": ("in", production.BEGINNING), "is_return": 0}
	return bool(frappe.db.exists("Stock Entry", entries))


def _is_timed(name: str) -> bool:
	"""Whether a job card has a time log; the people assigned to a card are rows of the same DocType."""
	card, log = frappe.qb.DocType("Job Card"), frappe.qb.DocType("Job Card Time Log")
	return bool(
		frappe.qb.from_(card)
		.join(log)
		.on((log.parent == card.name) & (log.parenttype == "Job Card") & (log.parentfield == "time_logs"))
		.select(log.name)
		.where((card.work_order == name) & (card.docstatus < 2))
		.limit(1)
		.run()
	)


def _takes_more(doc: Document, before: Document | None) -> bool:
	"""Whether a running work order would make other goods, more of them, or for somebody else (D4)."""
	if before is None or before.docstatus != 1:
		# In its own submit it is compared with what was checked then.
		before = doc.flags.qms_checked
	if before is None:
		return False
	more = number(doc.qty) > number(before.get("qty"))
	# Of a closed one only what it made is taken.
	more = more or (before.get("status") == "Closed" and doc.status != "Closed")
	return more or any(
		(doc.get(name) or "") != (before.get(name) or "") for name in worked.FIELDS if name != "qty"
	)


def orders_of(doc: Document | frappe._dict) -> set[str]:
	"""Return the sales orders that a work order is for: named, or by its production plan or material request.

	A plan that combines items blanks the order on its work orders: then the orders that were combined count.
	"""
	found = {doc.sales_order} if doc.sales_order else set()
	if doc.production_plan:
		found |= _orders_of_plan(doc)
	if doc.material_request:
		found |= _orders_of_request(doc.material_request, doc.material_request_item, doc.production_item)
	return found


def _orders_of_plan(doc: Document | frappe._dict) -> set[str]:
	plan = doc.production_plan
	by_name = {line.name: line for line in _lines_of_plans([plan])}
	line = by_name.get(doc.production_plan_item or "")
	if line and line.item_code != doc.production_item:
		line = None
	if doc.production_plan_sub_assembly_item:
		part = frappe.db.get_value(
			"Production Plan Sub Assembly Item",
			{
				"name": doc.production_plan_sub_assembly_item,
				"parent": plan,
				"production_item": doc.production_item,
			},
			["production_plan_item", "sales_order"],
			as_dict=True,
		)
		if part and part.sales_order:
			return {part.sales_order}
		# Combined sub-assemblies are for several rows, and name only the first of them.
		combined = frappe.db.get_value("Production Plan", plan, "combine_sub_items")
		line = by_name.get(part.production_plan_item or "") if part and not combined else None
		if line and line.sales_order:
			line = None  # made while the box was ticked: without it the part would name this order itself
	if line and line.sales_order:
		return {line.sales_order}
	if line and line.material_request:
		return _orders_of_request(line.material_request, line.material_request_item, line.item_code)
	# Which orders a combined row is for is not kept by row: all that the plan was made from count.
	return _all_orders_of_plans({plan})


def _lines_of_plans(plans: Iterable[str]) -> list[frappe._dict]:
	return frappe.get_all(
		"Production Plan Item",
		filters={"parent": ("in", list(plans)), "parenttype": "Production Plan"},
		fields=["name", "item_code", "sales_order", "material_request", "material_request_item"],
	)


def _rows_of_requests(requests: Iterable[str]) -> list[frappe._dict]:
	return frappe.get_all(
		"Material Request Item",
		filters={"parent": ("in", list(requests)), "parenttype": "Material Request"},
		fields=["name", "item_code", "sales_order", "production_plan"],
	)


def _all_orders_of_plans(plans: set[str]) -> set[str]:
	"""The orders that plans were made from, and those of the plans that these were requested by.

	The number of queries does not depend on that of rows or requests, only on how many plans follow upon each
	other; forged ones that name each other come to an end.
	"""
	found: set[str] = set()
	seen: set[str] = set()
	while plans:
		seen |= plans
		lines = _lines_of_plans(plans)
		found |= {line.sales_order for line in lines}
		for table in ("Production Plan Sales Order", "Production Plan Item Reference"):
			found |= set(
				frappe.get_all(
					table,
					filters={"parent": ("in", list(plans)), "parenttype": "Production Plan"},
					pluck="sales_order",
				)
			)
		requests = {line.material_request for line in lines if line.material_request}
		rows = _rows_of_requests(requests) if requests else []
		found |= {row.sales_order for row in rows}
		plans = _plans_behind(rows) - seen
	return {f for f in found if f}


def _plans_behind(rows: Iterable[frappe._dict]) -> set[str]:
	"""A plan requests sub-assemblies without saying for which order: then all orders of that plan count."""
	return {row.production_plan for row in rows if row.production_plan and not row.sales_order}


def _orders_of_request(request: str, row: str | None, item: str) -> set[str]:
	"""The orders of a material request: of the row if it is one of that request and item, else of all its
	rows.
	"""
	rows = _rows_of_requests([request])
	rows = [r for r in rows if row and r.name == row and r.item_code == item] or rows
	return {r.sales_order for r in rows if r.sales_order} | _all_orders_of_plans(_plans_behind(rows))


def _rows_of(doc: Document | frappe._dict, states: Mapping[str, goods.OrderState]) -> dict[str, str]:
	"""By order that waits for a change, the row that is made for, where it is known (D4)."""
	state = states.get(doc.sales_order or "")
	return {doc.sales_order: _row_of(doc)} if state and state.pending.notices else {}


def _row_of(doc: Document | frappe._dict) -> str:
	"""The row of the order that a work order is for, "" if it is none of this order and item (D4).

	What is produced is the item of the row, or a part of the bundle that stands there. Parts that are made
	for an item of their own are not known by row.
	"""
	row = doc.get("sales_order_item")
	if not row:
		return ""
	item = frappe.db.get_value(
		"Sales Order Item",
		{"name": row, "parent": doc.sales_order, "parenttype": "Sales Order"},
		"item_code",
	)
	bundled = item and frappe.db.exists(
		"Packed Item",
		{
			"parent": doc.sales_order,
			"parenttype": "Sales Order",
			"parent_detail_docname": row,
			"item_code": doc.production_item,
		},
	)
	return row if item == doc.production_item or bundled else ""


def _refuse(doc: Document, names: set[str]) -> None:
	if names:
		states = order_states(names, "Production", lock=False)
		found = goods.production_refusals(sorted(names), states, _rows_of(doc, states))
		if found:
			refuse(found)
	_refuse_without_notice(doc, names)
	doc.flags.qms_orders = tuple(names)


def _refuse_without_notice(doc: Document, names: set[str]) -> None:
	"""D3, D4: what is made for a contract is on a production notice that was released."""
	if names:
		if found := production_need.of_work_order(doc, names):
			refuse(found)
		production_need.let_pass(names)
	doc.flags.qms_checked = frappe._dict({name: doc.get(name) for name in worked.FIELDS})
