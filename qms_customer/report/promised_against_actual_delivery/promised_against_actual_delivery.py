"""Promised against Actual Delivery: of each line of a contract the date promised first, the date promised
last, and when it left (E4, F5).
"""

from collections import defaultdict
from datetime import date
from typing import Any

import frappe
from frappe import _
from frappe.utils import add_months, flt, getdate, nowdate

from qms_customer.contract import delivered
from qms_customer.contract.facts import number
from qms_customer.contract.proposed import NOTICE, ORDER
from qms_customer.messages import refuse_one
from qms_customer.rules import mark
from qms_customer.rules.punctuality import Delivery, Punctuality, Standing, first_promise, punctuality

BACK, AHEAD = 6, 1
CUSTOMER, ITEM, MONTH = "Customer", "Item", "Month"
COLOURS = {
	Standing.ON_TIME: "#48bb74",
	Standing.LATE: "#e24c4c",
	Standing.OVERDUE: "#f8814f",
	Standing.OPEN: "#2490ef",
	Standing.CLOSED: "#b8c2cc",
}


def execute(filters: dict[str, Any] | None = None) -> tuple:
	"""Return a row for each line promised in the period, or the sums by customer, item or month.

	At most five queries, with the permissions of who asks. Days are calendar days; above 0 is late. What was
	promised last is what stands on the order: nothing else than an approved change alters it (E8).
	"""
	filters = frappe._dict(filters or {})
	today = getdate(nowdate())
	first = getdate(filters.from_date or add_months(today, -BACK))
	last = getdate(filters.to_date or add_months(today, AHEAD))
	if first > last:
		refuse_one("C10", mark("The period ends before it begins: {0} to {1}."), first, last)
	lines = _lines(filters, first, last)
	shifts = _shifts(sorted({line.contract for line in lines}))
	deliveries = delivered.by_row([line.line for line in lines])
	rows = []
	for line in lines:
		promised = getdate(line.promised) if line.promised else None
		promised_first = first_promise(promised, shifts.get(line.line, ()))
		left = deliveries.get(line.line, [])
		found = punctuality(
			promised,
			promised_first,
			number(line.stock_qty),
			left,
			today,
			line.status in ("Closed", "Completed"),
		)
		if not filters.standing or found.standing == filters.standing:
			rows.append(_row(line, promised, promised_first, left, found))
	chart, summary = _chart(rows), _summary(rows)
	if filters.group_by in (CUSTOMER, ITEM, MONTH):
		return _group_columns(filters.group_by), _groups(rows, filters.group_by), None, chart, summary
	for row in rows:
		row["standing"] = _(row["standing"])
	return _columns(), rows, None, chart, summary


def _lines(filters: frappe._dict, first: date, last: date) -> list[frappe._dict]:
	conditions = [
		["docstatus", "=", 1],
		[f"{ORDER} Item", "delivery_date", "between", [first, last]],
		# What a supplier delivers himself leaves without a document that says when.
		[f"{ORDER} Item", "delivered_by_supplier", "=", 0],
	]
	conditions += [
		[field, "=", filters.get(field)] for field in ("company", "customer") if filters.get(field)
	]
	if filters.item_code:
		conditions.append([f"{ORDER} Item", "item_code", "=", filters.item_code])
	item = f"`tab{ORDER} Item`"
	return frappe.get_list(
		ORDER,
		filters=conditions,
		fields=[
			"name as contract",
			"customer_name",
			"status",
			f"{item}.name as line",
			f"{item}.item_code",
			f"{item}.item_name",
			f"{item}.qty",
			f"{item}.stock_qty",
			f"{item}.conversion_factor",
			f"{item}.uom",
			f"{item}.delivery_date as promised",
		],
		order_by=f"{item}.delivery_date, `tab{ORDER}`.name, {item}.idx",
		limit_page_length=0,
	)


def _shifts(orders: list[str]) -> dict[str, list[tuple[date | None, date | None]]]:
	"""By row, the shifts of its date that were applied, the earliest first; one query (E4)."""
	found = defaultdict(list)
	if not orders:
		return found
	notice, line = frappe.qb.DocType(NOTICE), frappe.qb.DocType("Contract Change Line")
	for row, old, new in (
		frappe.qb.from_(line)
		.join(notice)
		.on((notice.name == line.parent) & (line.parenttype == NOTICE))
		.select(line.order_row, line.old_delivery_date, line.new_delivery_date)
		.where((notice.reference_doctype == ORDER) & notice.reference_name.isin(orders))
		.where((notice.docstatus == 1) & (notice.decision == "Approved"))
		.where((line.order_row != "") & (line.change == "Change"))
		.orderby(notice.decided_on)
		.orderby(notice.name)
		.run()
	):
		found[row].append((getdate(old) if old else None, getdate(new) if new else None))
	return found


def _row(
	line: frappe._dict,
	promised: date | None,
	promised_first: date | None,
	left: list[Delivery],
	found: Punctuality,
) -> dict[str, Any]:
	return {
		"order": line.contract,
		"customer_name": line.customer_name,
		"item_code": line.item_code,
		"item_name": line.item_name,
		"qty": line.qty,
		"uom": line.uom,
		"promised_first": promised_first,
		"promised": promised,
		"first_on": found.first_on,
		"complete_on": found.complete_on,
		"left": float(delivered.total(left)) / (flt(line.conversion_factor) or 1),
		"standing": found.standing.value,
		"days": found.days,
		"days_first": found.days_first,
	}


def _columns() -> list[dict]:
	day = {"fieldtype": "Date", "width": 120}
	return [
		{"fieldname": "order", "label": _(ORDER), "fieldtype": "Link", "options": ORDER, "width": 180},
		{
			"fieldname": "customer_name",
			"label": _("Customer", context="Contract Review"),
			"fieldtype": "Data",
			"width": 180,
		},
		{"fieldname": "item_code", "label": _("Item"), "fieldtype": "Link", "options": "Item", "width": 140},
		{
			"fieldname": "item_name",
			"label": _("Item Name", context="Contract Change Line"),
			"fieldtype": "Data",
			"width": 160,
		},
		{"fieldname": "qty", "label": _("Quantity"), "fieldtype": "Float", "width": 90},
		{"fieldname": "left", "label": _("Delivered"), "fieldtype": "Float", "width": 90},
		{"fieldname": "uom", "label": _("Unit"), "fieldtype": "Data", "width": 70},
		{"fieldname": "promised_first", "label": _("Promised First"), **day},
		{"fieldname": "promised", "label": _("Promised Last"), **day},
		{"fieldname": "first_on", "label": _("First Delivery"), **day},
		{"fieldname": "complete_on", "label": _("Delivered Completely"), **day},
		{"fieldname": "standing", "label": _("Status"), "fieldtype": "Data", "width": 100},
		{"fieldname": "days", "label": _("Days Late"), "fieldtype": "Int", "width": 100},
		{
			"fieldname": "days_first",
			"label": _("Days Late against the First Promise"),
			"fieldtype": "Int",
			"width": 150,
		},
	]


def _groups(rows: list[dict], by: str) -> list[dict[str, Any]]:
	groups = defaultdict(list)
	for row in rows:
		groups[_key(row, by)].append(row)
	return [{"group": key, **_sums(groups[key])} for key in sorted(groups)]


def _key(row: dict, by: str) -> str:
	if by == CUSTOMER:
		return row["customer_name"] or ""
	if by == ITEM:
		return row["item_code"] or ""
	return _month(row)


def _month(row: dict) -> str:
	return row["promised"].strftime("%Y-%m") if row["promised"] else "–"


def _sums(rows: list[dict]) -> dict[str, Any]:
	counts = {s: sum(row["standing"] == s for row in rows) for s in Standing}
	judged = counts[Standing.ON_TIME] + counts[Standing.LATE] + counts[Standing.OVERDUE]
	late = [row["days"] for row in rows if row["standing"] in (Standing.LATE, Standing.OVERDUE)]
	moved = sum(row["promised_first"] != row["promised"] for row in rows)
	return {
		"lines": len(rows),
		"on_time": counts[Standing.ON_TIME],
		"late": counts[Standing.LATE],
		"overdue": counts[Standing.OVERDUE],
		"open": counts[Standing.OPEN],
		"moved": moved,
		"share": flt(100 * counts[Standing.ON_TIME] / judged, 1) if judged else None,
		"days": flt(sum(late) / len(late), 1) if late else None,
	}


def _group_columns(by: str) -> list[dict]:
	count = {"fieldtype": "Int", "width": 110}
	labels = {CUSTOMER: _("Customer"), ITEM: _("Item"), MONTH: _("Month")}
	return [
		{"fieldname": "group", "label": labels[by], "fieldtype": "Data", "width": 220},
		{"fieldname": "lines", "label": _("Lines of Contracts"), **count},
		{"fieldname": "on_time", "label": _("On Time"), **count},
		{"fieldname": "late", "label": _("Late"), **count},
		{"fieldname": "overdue", "label": _("Overdue"), **count},
		{"fieldname": "open", "label": _("Not Due Yet"), **count},
		{"fieldname": "moved", "label": _("Promised Anew"), **count},
		{
			"fieldname": "share",
			"label": _("Share on Time (%)"),
			"fieldtype": "Float",
			"precision": 1,
			"width": 130,
		},
		{
			"fieldname": "days",
			"label": _("Days Late on Average"),
			"fieldtype": "Float",
			"precision": 1,
			"width": 150,
		},
	]


def _summary(rows: list[dict]) -> list[dict]:
	if not rows:
		return []
	sums = _sums(rows)
	share = sums["share"]
	number_ = frappe.format_value(share or 0, {"fieldtype": "Float", "precision": 1})
	return [
		{"label": _("Lines of Contracts"), "value": sums["lines"], "datatype": "Int"},
		{
			"label": _("Share on Time (%)"),
			"value": number_ if share is not None else "–",
			"datatype": "Data",
			"indicator": "Green" if share == 100 else "Orange",
		},
		{
			"label": _("Late"),
			"value": sums["late"],
			"datatype": "Int",
			"indicator": "Red" if sums["late"] else "Green",
		},
		{
			"label": _("Overdue"),
			"value": sums["overdue"],
			"datatype": "Int",
			"indicator": "Red" if sums["overdue"] else "Green",
		},
		{"label": _("Promised Anew"), "value": sums["moved"], "datatype": "Int"},
	]


def _chart(rows: list[dict]) -> dict | None:
	if not rows:
		return None
	months = defaultdict(list)
	for row in rows:
		months[_month(row)].append(row["standing"])
	order = sorted(months)
	return {
		"data": {
			"labels": order,
			"datasets": [
				{
					"name": _(standing.value),
					"values": [months[month].count(standing) for month in order],
				}
				for standing in COLOURS
			],
		},
		"type": "bar",
		"disableEntryAnimation": 1,  # redrawn while it grows, Frappe's chart throws
		"barOptions": {"stacked": 1},
		"colors": list(COLOURS.values()),
	}
