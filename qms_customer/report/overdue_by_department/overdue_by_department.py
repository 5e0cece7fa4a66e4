"""Overdue by Department: opinions and actions that departments owe, and how many are late, with a chart (L3,
C10).
"""

from collections import defaultdict
from datetime import date
from typing import Any

import frappe
from frappe import _
from frappe.utils import getdate, nowdate

from qms_customer.contract.reviews import ACTION, OPINION
from qms_customer.contract.settings import departments
from qms_customer.messages import term

COUNTS = ("opinions", "opinions_overdue", "actions", "actions_overdue")


def execute(filters: dict[str, Any] | None = None) -> tuple:
	"""Return a row a department; two queries, with the permissions of who asks.

	As in the reminders an opinion counts as long as it can be given: not on a review that was returned or
	is out of date. An action belongs to the department whose opinion asked for it.
	"""
	filters = frappe._dict(filters or {})
	today, company = getdate(nowdate()), {"company": filters.company} if filters.company else {}
	found: dict[str, dict[str, Any]] = defaultdict(lambda: {**dict.fromkeys(COUNTS, 0), "oldest": None})
	for row in frappe.get_list(
		OPINION,
		filters={"docstatus": 0, "superseded": 0, **company},
		fields=[
			"department",
			"due_date",
			"contract_review.out_of_date as out_of_date",
			"contract_review.returned as returned",
		],
		limit_page_length=0,
	):
		if not row.out_of_date and not row.returned:
			_count(found[row.department or ""], "opinions", row.due_date, today)
	for row in frappe.get_list(
		ACTION,
		filters={"status": ("in", ("Open", "Done")), **company},
		fields=["due_date", "opinion.department as department"],
		limit_page_length=0,
	):
		_count(found[row.department or ""], "actions", row.due_date, today)
	known = [d.name for d in departments()]
	order = [d for d in known if d in found] + sorted(set(found) - set(known))
	rows = [{"department": term(d) if d else _("No Department"), **found[d]} for d in order]
	return _columns(), rows, None, _chart(rows)


def _count(row: dict[str, Any], what: str, due: date | None, today: date) -> None:
	row[what] += 1
	if due and due < today:
		row[f"{what}_overdue"] += 1
		row["oldest"] = min(due, row["oldest"] or due)


def _columns() -> list[dict]:
	number = {"fieldtype": "Int", "width": 140}
	return [
		{"fieldname": "department", "label": _("Department"), "fieldtype": "Data", "width": 180},
		{"fieldname": "opinions", "label": _("Opinions Outstanding"), **number},
		{"fieldname": "opinions_overdue", "label": _("Opinions Overdue"), **number},
		{"fieldname": "actions", "label": _("Actions Open"), **number},
		{"fieldname": "actions_overdue", "label": _("Actions Overdue"), **number},
		{"fieldname": "oldest", "label": _("Overdue Since"), "fieldtype": "Date", "width": 140},
	]


def _chart(rows: list[dict]) -> dict | None:
	if not rows:
		return None
	return {
		"data": {
			"labels": [r["department"] for r in rows],
			"datasets": [
				{"name": _("Opinions Overdue"), "values": [r["opinions_overdue"] for r in rows]},
				{"name": _("Actions Overdue"), "values": [r["actions_overdue"] for r in rows]},
			],
		},
		"type": "bar",
		"disableEntryAnimation": 1,  # redrawn while it grows, Frappe's chart throws
		"barOptions": {"stacked": 1},
		"colors": ["#e24c4c", "#f8814f"],
	}
