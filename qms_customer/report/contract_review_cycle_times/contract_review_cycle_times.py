"""Contract Review Cycle Times: how long reviews took, to the last opinion and from there to the decision,
with averages and a chart by month (C10, C11).
"""

from collections import defaultdict
from datetime import datetime
from statistics import mean, median
from typing import Any

import frappe
from frappe import _
from frappe.utils import add_months, getdate, nowdate

from qms_customer.contract.content import CONTRACT_DOCTYPES
from qms_customer.contract.reviews import OPINION, REVIEW
from qms_customer.messages import refuse_one
from qms_customer.rules import mark

MONTHS = 12


def execute(filters: dict[str, Any] | None = None) -> tuple:
	"""Return a row a decided review; at most five queries, with the permissions of who asks.

	Days are calendar days with one decimal. With a department: the reviews on which it gave an opinion, and
	how long that took.
	"""
	filters = frappe._dict(filters or {})
	last = getdate(filters.to_date or nowdate())
	first = getdate(filters.from_date or add_months(last, -MONTHS))
	if first > last:
		refuse_one("C10", mark("The period ends before it begins: {0} to {1}."), first, last)
	reviews = _reviews(filters, first, last)
	given = _opinions([r.name for r in reviews])
	rows = [_row(r, given[r.name], filters.department) for r in reviews]
	if filters.department:
		rows = [row for row in rows if row["days_department"] is not None]
	summary = _summary(rows)
	chart = _chart(rows)
	if rows:
		rows.append(_totals(rows))
	return _columns(filters.department), rows, None, chart, summary


def _reviews(filters: frappe._dict, first: Any, last: Any) -> list[frappe._dict]:
	conditions = [
		["docstatus", "=", 1],
		["decision", "in", ["Approved", "Rejected"]],
		["decided_on", "between", [f"{first} 00:00:00", f"{last} 23:59:59"]],
	]
	for field in ("company", "customer", "contract_class"):
		if filters.get(field):
			conditions.append([field, "=", filters.get(field)])
	if filters.item_code:
		conditions.append(["reference_name", "in", _contracts_with(filters.item_code)])
	return frappe.get_list(
		REVIEW,
		filters=conditions,
		fields=[
			"name",
			"reference_doctype",
			"reference_name",
			"customer_name",
			"contract_class",
			"review_path",
			"decision",
			"prepared_on",
			"decided_on",
		],
		order_by="decided_on, name",
		limit_page_length=0,
	)


def _contracts_with(item: str) -> list[str]:
	"""Return the contracts that name an item; one query a type of contract."""
	found = []
	for doctype in CONTRACT_DOCTYPES:
		rows = frappe.get_meta(doctype).get_field("items").options
		# Which of these may be seen, the list of reviews says.
		found += frappe.get_all(
			rows, filters={"item_code": item, "parenttype": doctype}, pluck="parent", distinct=True
		)
	return found or [""]


def _opinions(names: list[str]) -> dict[str, list[frappe._dict]]:
	found = defaultdict(list)
	if names:
		for row in frappe.get_list(
			OPINION,
			filters={"contract_review": ("in", names), "docstatus": 1, "given_on": ("is", "set")},
			fields=["contract_review", "department", "creation", "given_on", "due_date"],
			limit_page_length=0,
		):
			found[row.contract_review].append(row)
	return found


def _row(review: frappe._dict, opinions: list[frappe._dict], department: str | None) -> dict[str, Any]:
	last = max((o.given_on for o in opinions), default=review.prepared_on)
	own = [_days(o.creation, o.given_on) for o in opinions if o.department == department]
	return {
		"review": review.name,
		"reference_doctype": review.reference_doctype,
		"reference_name": review.reference_name,
		"customer_name": review.customer_name,
		"contract_class": _(review.contract_class, context="Contract Review"),
		"review_path": _(review.review_path, context="Contract Review"),
		"decision": _(review.decision, context="Contract Review"),
		"prepared_on": review.prepared_on,
		"decided_on": review.decided_on,
		"opinions": len(opinions),
		"late": sum(bool(o.due_date and getdate(o.given_on) > o.due_date) for o in opinions),
		"days_opinions": _days(review.prepared_on, last),
		"days_decision": _days(last, review.decided_on),
		"days": _days(review.prepared_on, review.decided_on),
		# Asked more than once, it took as long as all of it together.
		"days_department": round(sum(own), 1) if own else None,
	}


def _days(start: datetime | None, end: datetime | None) -> float:
	if not start or not end:
		return 0.0
	return round(max((end - start).total_seconds(), 0) / 86400, 1)


def _average(rows: list[dict], field: str) -> float | None:
	values = [row[field] for row in rows if row[field] is not None]
	return round(mean(values), 1) if values else None


def _totals(rows: list[dict]) -> dict[str, Any]:
	days = ("days_opinions", "days_decision", "days", "days_department")
	return {
		"customer_name": _("Sums; Days on Average"),
		"opinions": sum(row["opinions"] for row in rows),
		"late": sum(row["late"] for row in rows),
		**{field: _average(rows, field) for field in days},
		"is_total": 1,
	}


def _columns(department: str | None) -> list[dict]:
	days = {"fieldtype": "Float", "precision": 1, "width": 160}
	columns = [
		{
			"fieldname": "review",
			"label": _("Contract Review"),
			"fieldtype": "Link",
			"options": REVIEW,
			"width": 150,
		},
		{
			"fieldname": "reference_name",
			"label": _("Contract", context="Contract Review"),
			"fieldtype": "Dynamic Link",
			"options": "reference_doctype",
			"width": 190,
		},
		{
			"fieldname": "customer_name",
			"label": _("Customer", context="Contract Review"),
			"fieldtype": "Data",
			"width": 200,
		},
		{
			"fieldname": "contract_class",
			"label": _("Class", context="Contract Review"),
			"fieldtype": "Data",
			"width": 100,
		},
		{
			"fieldname": "review_path",
			"label": _("Way of Review", context="Contract Review"),
			"fieldtype": "Data",
			"width": 120,
		},
		{
			"fieldname": "decision",
			"label": _("Decision", context="Contract Review"),
			"fieldtype": "Data",
			"width": 90,
		},
		{"fieldname": "prepared_on", "label": _("Started On"), "fieldtype": "Datetime", "width": 180},
		{
			"fieldname": "decided_on",
			"label": _("Decided On", context="Contract Review"),
			"fieldtype": "Datetime",
			"width": 180,
		},
		{"fieldname": "opinions", "label": _("Opinions"), "fieldtype": "Int", "width": 100},
		{"fieldname": "late", "label": _("Given Late"), "fieldtype": "Int", "width": 100},
		{"fieldname": "days_opinions", "label": _("Days to Last Opinion"), **days},
		{"fieldname": "days_decision", "label": _("Days to Decision"), **days},
		{"fieldname": "days", "label": _("Days in All"), **days},
	]
	if department:
		columns.append(
			{"fieldname": "days_department", "label": _("Days of the Department"), **days, "width": 150}
		)
	return columns


def _summary(rows: list[dict]) -> list[dict]:
	if not rows:
		return []
	opinions = sum(row["opinions"] for row in rows)
	late = sum(row["late"] for row in rows)

	def decimal(value: float) -> str:
		return frappe.format_value(value, {"fieldtype": "Float", "precision": 1})

	days = [row["days"] for row in rows]
	share = decimal(100 * late / opinions if opinions else 0)
	return [
		{"label": _("Reviews Decided"), "value": len(rows), "datatype": "Int"},
		{"label": _("Days on Average"), "value": decimal(mean(days)), "datatype": "Data"},
		{"label": _("Days, Median"), "value": decimal(median(days)), "datatype": "Data"},
		{"label": _("Days at Most"), "value": decimal(max(days)), "datatype": "Data"},
		{
			"label": _("Opinions Given Late"),
			"value": f"{share} %",
			"datatype": "Data",
			"indicator": "Red" if late else "Green",
		},
	]


def _chart(rows: list[dict]) -> dict | None:
	if not rows:
		return None
	months = defaultdict(list)
	for row in rows:
		months[row["decided_on"].strftime("%Y-%m")].append(row)
	order = sorted(months)
	return {
		"data": {
			"labels": order,
			"datasets": [
				{
					"name": _("Days to Last Opinion"),
					"values": [_average(months[m], "days_opinions") for m in order],
				},
				{
					"name": _("Days to Decision"),
					"values": [_average(months[m], "days_decision") for m in order],
				},
			],
		},
		"type": "bar",
		"disableEntryAnimation": 1,  # redrawn while it grows, Frappe's chart throws
		"barOptions": {"stacked": 1},
		"colors": ["#2490ef", "#f8814f"],
	}
