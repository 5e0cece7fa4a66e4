"""From a released notice to ERPNext's own documents: draft work orders, a draft production plan (D3, M1)."""

import json

import frappe
from erpnext.selling.doctype.sales_order.sales_order import make_work_orders
from erpnext.stock.get_item_details import get_default_bom
from frappe.model.document import Document

from qms_customer.contract import production, worked
from qms_customer.erp import production_need
from qms_customer.messages import refuse_one
from qms_customer.rules import mark
from qms_customer.rules import production as rules


def work_orders(name: str) -> list[str]:
	"""Make draft work orders of what a released notice still asks for, and return their names (D3).

	What drafts, plans and submitted work orders take already is not made again, however often this is
	pressed. Raises PermissionError for who may not make work orders in ERPNext.
	"""
	frappe.has_permission("Work Order", "create", throw=True)
	notice, lines = _left(name)
	order = frappe.get_doc(worked.ORDER, notice.reference_name)
	rows = {row.name: row for row in order.items}
	packed = {(row.parent_detail_docname, row.item_code): row for row in order.get("packed_items") or ()}
	made = []
	for line in lines:
		bom = get_default_bom(line.item)
		if not bom:
			refuse_one(
				"D3",
				mark("{0} has no default bill of materials."),
				line.item,
			)
		row = packed.get(line.key) or rows[line.row]
		asked = {
			"item_code": line.item,
			"bom": bom,
			"pending_qty": float(line.quantity),
			"sales_order_item": row.name,
			"warehouse": row.warehouse,
			"description": row.description,
		}
		(one,) = make_work_orders(
			json.dumps({"items": [asked]}), order.name, order.company, order.get("project")
		)
		work = frappe.get_doc("Work Order", one)
		if line.start:
			work.planned_start_date = f"{line.start} 08:00:00"
		work.expected_delivery_date = line.finish or work.expected_delivery_date
		# As ERPNext's own button: warehouses are filled in before it is submitted.
		work.flags.ignore_mandatory = True
		work.save()
		made.append(one)
	return made


def plan(name: str) -> str:
	"""Make a draft production plan of what a released notice still asks for, and return its name (D3)."""
	frappe.has_permission("Production Plan", "create", throw=True)
	notice, lines = _left(name)
	doc = frappe.get_doc(
		{"doctype": "Production Plan", "company": notice.company, "get_items_from": worked.ORDER}
	)
	doc.append("sales_orders", {"sales_order": notice.reference_name, "customer": notice.customer})
	doc.get_items()
	wanted = {line.key: line for line in lines}
	rows = []
	for row in doc.po_items:
		if line := wanted.pop((row.sales_order_item, row.item_code), None):
			row.planned_qty = float(line.quantity)
			if line.start:
				row.planned_start_date = f"{line.start} 08:00:00"
			rows.append(row)
	if not rows:
		refuse_one("D3", mark("Nothing of {0} can be planned: its items have no bill of materials."), name)
	doc.set("po_items", rows)
	for place, row in enumerate(doc.po_items, 1):
		row.idx = place
	return doc.insert().name


def _left(name: str) -> tuple[Document, list[rules.Line]]:
	"""A released notice, its order locked, and what is not taken of it yet."""
	order = frappe.db.get_value(production.DOCTYPE, name, "reference_name")
	frappe.db.get_value(worked.ORDER, order, "name", for_update=True)
	notice = frappe.get_doc(production.DOCTYPE, name, for_update=True)
	if notice.docstatus != 1 or notice.withdrawn:
		refuse_one("D3", mark("{0} is not released: nothing is made by it."), name)
	released = worked.by_item(worked.released([order]))
	taken = production_need.planned_too([order])
	lines = rules.to_make(
		production.lines_of(notice),
		{item: quantity for (_order, item), quantity in released.items()},
		{item: quantity for (_order, item), quantity in taken.items()},
	)
	if not lines:
		refuse_one("D3", mark("All of {0} is on work orders or plans already, drafts among them."), name)
	return notice, lines
