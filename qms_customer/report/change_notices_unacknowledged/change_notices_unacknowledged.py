"""Change Notices Unacknowledged: which department does not know of which change yet, and which customer has
not been told (E6, E7).
"""

from collections import Counter
from datetime import date
from typing import Any

import frappe
from frappe import _
from frappe.utils import date_diff, getdate, nowdate

from qms_customer.contract.distribution import DOCTYPE
from qms_customer.contract.proposed import NOTICE

OVERDUE, WAITING = "#e24c4c", "#f8814f"


def execute(filters: dict[str, Any] | None = None) -> tuple:
	"""Return a row for each department that has not acknowledged a change, and for each customer who has not
	been told a result; two queries, with the permissions of who asks.

	Days are calendar days since the change was decided, and since the acknowledgement was due.
	"""
	filters = frappe._dict(filters or {})
	today = getdate(nowdate())
	rows = _departments(filters, today)
	if not filters.department and not filters.overdue:
		rows += _customers(filters, today)
	rows.sort(key=lambda row: (-row["late"], -row["days"], row["notice"], row["waits_for"]))
	return _columns(), rows, None, _chart(rows), _summary(rows)


def _departments(filters: frappe._dict, today: date) -> list[dict[str, Any]]:
	conditions = [["docstatus", "=", 0]]
	conditions += [
		[field, "=", filters.get(field)]
		for field in ("company", "customer", "department")
		if filters.get(field)
	]
	if filters.overdue:
		conditions.append(["due_date", "<", today])
	return [
		_row(
			one.change_notice,
			one.reference_doctype,
			one.reference_name,
			one.customer_name,
			_(one.department, context="Review Department"),
			getdate(one.asked_on),
			today,
			due=getdate(one.due_date) if one.due_date else None,
			acknowledgement=one.name,
		)
		for one in frappe.get_list(
			DOCTYPE,
			filters=conditions,
			fields=[
				"name",
				"change_notice",
				"reference_doctype",
				"reference_name",
				"customer_name",
				"department",
				"asked_on",
				"due_date",
			],
			limit_page_length=0,
		)
	]


def _customers(filters: frappe._dict, today: date) -> list[dict[str, Any]]:
	conditions = [
		["docstatus", "=", 1],
		["decision", "in", ["Approved", "Rejected"]],
		["told_on", "is", "not set"],
	]
	conditions += [
		[field, "=", filters.get(field)] for field in ("company", "customer") if filters.get(field)
	]
	return [
		_row(
			one.name,
			one.reference_doctype,
			one.reference_name,
			one.customer_name,
			_("Customer, to be told by Sales"),
			getdate(one.decided_on),
			today,
		)
		for one in frappe.get_list(
			NOTICE,
			filters=conditions,
			fields=["name", "reference_doctype", "reference_name", "customer_name", "decided_on"],
			limit_page_length=0,
		)
	]


def _row(
	notice: str,
	doctype: str,
	order: str,
	customer: str,
	waits_for: str,
	since: date,
	today: date,
	due: date | None = None,
	acknowledgement: str = "",
) -> dict[str, Any]:
	return {
		"notice": notice,
		"reference_doctype": doctype,
		"reference_name": order,
		"customer_name": customer,
		"waits_for": waits_for,
		"asked_on": since,
		"days": max(date_diff(today, since), 0),
		"due_date": due,
		"late": max(date_diff(today, due), 0) if due else 0,
		"acknowledgement": acknowledgement,
	}


def _columns() -> list[dict]:
	return [
		{
			"fieldname": "notice",
			"label": _("Contract Change Notice"),
			"fieldtype": "Link",
			"options": NOTICE,
			"width": 170,
		},
		{
			"fieldname": "reference_name",
			"label": _("Contract", context="Contract Change Notice"),
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
		{"fieldname": "waits_for", "label": _("Waits For"), "fieldtype": "Data", "width": 190},
		{"fieldname": "asked_on", "label": _("Changed On"), "fieldtype": "Date", "width": 120},
		{"fieldname": "days", "label": _("Days Since"), "fieldtype": "Int", "width": 100},
		{"fieldname": "due_date", "label": _("Due"), "fieldtype": "Date", "width": 120},
		{"fieldname": "late", "label": _("Days Overdue"), "fieldtype": "Int", "width": 110},
		{
			"fieldname": "acknowledgement",
			"label": _("Change Acknowledgement"),
			"fieldtype": "Link",
			"options": DOCTYPE,
			"width": 170,
		},
	]


def _summary(rows: list[dict]) -> list[dict]:
	if not rows:
		return []
	late = sum(bool(row["late"]) for row in rows)
	return [
		{
			"label": _("Changes Concerned"),
			"value": len({row["notice"] for row in rows}),
			"datatype": "Int",
		},
		{"label": _("Not Acknowledged or Told"), "value": len(rows), "datatype": "Int"},
		{
			"label": _("Overdue"),
			"value": late,
			"datatype": "Int",
			"indicator": "Red" if late else "Green",
		},
	]


def _chart(rows: list[dict]) -> dict | None:
	if not rows:
		return None
	late = Counter(row["waits_for"] for row in rows if row["late"])
	waiting = Counter(row["waits_for"] for row in rows if not row["late"])
	order = sorted(late | waiting, key=lambda name: (-late[name], -waiting[name], name))
	return {
		"data": {
			"labels": order,
			"datasets": [
				{"name": _("Overdue"), "values": [late[name] for name in order]},
				{"name": _("Not Due Yet"), "values": [waiting[name] for name in order]},
			],
		},
		"type": "bar",
		"disableEntryAnimation": 1,  # redrawn while it grows, Frappe's chart throws
		"barOptions": {"stacked": 1},
		"colors": [OVERDUE, WAITING],
	}
