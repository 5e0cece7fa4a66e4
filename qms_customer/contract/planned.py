"""What ERPNext has planned for the rows of an order: the evidence that its production plan is affected or not
(E3)."""

from collections.abc import Mapping
from datetime import date

import frappe
from frappe.query_builder.functions import Coalesce
from frappe.utils import flt, getdate

from qms_customer.rules.change import Work

OVER = ("Completed", "Stopped", "Closed", "Cancelled")
WORK_ORDER, JOB_CARD, PLAN, RESERVED = "Work Order", "Job Card", "Production Plan", "Stock Reservation Entry"


def works(order: str, dues: Mapping[str, date | None]) -> list[Work]:
	"""Return the open work orders, job cards and production plans of an order's rows (E3); three queries.

	`dues`: by row, the date that is proposed. Work that names the order and no row of it counts for the
	earliest.
	"""
	if not dues:
		return []
	known = [d for d in dues.values() if d]
	earliest = min(known) if known else None
	work, card = frappe.qb.DocType(WORK_ORDER), frappe.qb.DocType(JOB_CARD)
	found = []
	rows = (
		frappe.qb.from_(work)
		.select(
			work.name,
			work.sales_order_item,
			Coalesce(work.planned_end_date, work.expected_delivery_date).as_("ends"),
		)
		.where((work.sales_order == order) & (work.docstatus == 1) & work.status.notin(OVER))
		.orderby(work.name)
		.run(as_dict=True)
	)
	row_of = {row.name: row.sales_order_item for row in rows}
	for row in rows:
		if row.sales_order_item and row.sales_order_item not in dues:
			continue
		found.append(Work(WORK_ORDER, row.name, _day(row.ends), dues.get(row.sales_order_item, earliest)))
	cards = (
		frappe.qb.from_(card)
		.join(work)
		.on(work.name == card.work_order)
		.select(
			card.name,
			card.work_order,
			Coalesce(card.expected_end_date, work.planned_end_date, work.expected_delivery_date).as_("ends"),
		)
		.where((work.sales_order == order) & (work.docstatus == 1) & work.status.notin(OVER))
		.where((card.docstatus == 0) & card.status.notin(OVER))
		.orderby(card.name)
		.run(as_dict=True)
	)
	for row in cards:
		item = row_of.get(row.work_order)
		if item and item not in dues:
			continue
		found.append(Work(JOB_CARD, row.name, _day(row.ends), dues.get(item, earliest)))
	return found + _plans(order, dues, earliest)


def reserved(order: str, rows: Mapping[str, date | None]) -> list[str]:
	"""Return the stock reservations of rows of an order that still hold something; one query.

	A date that shifts leaves them as they are: they are shown to PMC, and affect no plan.
	"""
	return frappe.get_all(
		RESERVED,
		filters={
			"voucher_type": "Sales Order",
			"voucher_no": order,
			"voucher_detail_no": ("in", list(rows) or [""]),
			"docstatus": 1,
			"status": ("not in", ("Delivered", "Cancelled")),
		},
		pluck="name",
		order_by="name",
	)


def _plans(order: str, dues: Mapping[str, date | None], earliest: date | None) -> list[Work]:
	plan, item = frappe.qb.DocType(PLAN), frappe.qb.DocType("Production Plan Item")
	rows = (
		frappe.qb.from_(item)
		.join(plan)
		.on(plan.name == item.parent)
		.select(plan.name, item.sales_order_item, item.planned_start_date, item.planned_qty, item.ordered_qty)
		.where((item.sales_order == order) & (plan.docstatus == 1) & plan.status.notin(OVER))
		.orderby(plan.name)
		.run(as_dict=True)
	)
	return [
		# A plan says when it starts only: when it ends nobody knows.
		Work(PLAN, row.name, None, dues.get(row.sales_order_item, earliest))
		for row in rows
		if (not row.sales_order_item or row.sales_order_item in dues)
		and flt(row.planned_qty) > flt(row.ordered_qty)
	]


def _day(value: object) -> date | None:
	return getdate(value) if value else None
