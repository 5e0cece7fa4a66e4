"""Open Return Slips: where each stands, since when, who owes the next step, what is overdue (L3, G2-G6)."""

from collections import Counter
from typing import Any

import frappe
from frappe import _
from frappe.utils import getdate, nowdate

from qms_customer.contract import workdays
from qms_customer.returns import waiting
from qms_customer.returns.opened import DOCTYPE
from qms_customer.rules import return_age
from qms_customer.rules.sheet import plain
from qms_customer.rules.workdays import Calendar

FILTERS = ("company", "customer", "workflow_state")


def execute(filters: dict[str, Any] | None = None) -> tuple:
	"""Return a row for each open slip, the longest waiting first, with the permissions of who asks.

	Days in the state are business days of the company, the age is in calendar days since it was made.
	"""
	filters = frappe._dict(filters or {})
	conditions = {f: filters[f] for f in FILTERS if filters.get(f) and f != "workflow_state"}
	today, most = getdate(nowdate()), waiting.days()
	calendars: dict[str, Calendar] = {}
	names = _names()
	rows = []
	for one in waiting.read(conditions, visible=True):
		if filters.workflow_state and one.row.workflow_state != filters.workflow_state:
			continue
		company = one.row.company
		calendar = calendars.get(company) or calendars.setdefault(company, workdays.calendar(company))
		rows.append(_row(one, calendar.workdays_between(one.since, today), today, most, names))
	rows.sort(key=lambda row: (-row["days"], row["slip"]))
	if filters.overdue:
		rows = [row for row in rows if row["late"]]
	chart, summary = _chart(rows), _summary(rows)
	for row in rows:
		row["state"] = _(row["state"])
	return _columns(), rows, None, chart, summary


def _names() -> dict[str, str]:
	return dict(frappe.get_all("User", fields=["name", "full_name"], as_list=True))


def _row(one: waiting.Open, days: int, today: Any, most: int, names: dict[str, str]) -> dict[str, Any]:
	row = one.row
	return {
		"slip": row.name,
		"customer_name": plain(row.customer_name or row.customer or ""),
		"state": row.workflow_state,
		"since": one.since,
		"days": days,
		"late": max(days - most, 0),
		"waits_for": ", ".join([*(names.get(u) or u for u in one.people), *(_(r) for r in one.roles)]),
		"claim": _("Yes") if row.is_quality_claim else _("No"),
		"wanted": _(row.wanted, context=DOCTYPE) if row.wanted else "",
		"qty": row.total_qty,
		"amount": row.total_amount,
		"currency": row.currency,
		"made_on": row.posting_date,
		"age": (today - getdate(row.creation)).days,
		"company": row.company,
	}


def _columns() -> list[dict]:
	def column(name: str, label: str, kind: str, width: int, **more: Any) -> dict:
		return {"fieldname": name, "label": label, "fieldtype": kind, "width": width, **more}

	return [
		column("slip", _(DOCTYPE), "Link", 150, options=DOCTYPE),
		column("customer_name", _("Customer", context="Contract Review"), "Data", 190),
		column("state", _("Status"), "Data", 150),
		column("since", _("In This State Since"), "Date", 110),
		column("days", _("Business Days in This State"), "Int", 130),
		column("late", _("Business Days Overdue"), "Int", 130),
		column("waits_for", _("Who Owes the Next Step"), "Data", 200),
		column("claim", _("Quality Claim"), "Data", 100),
		column("wanted", _("Wanted by the Customer"), "Data", 110),
		column("qty", _("Quantity"), "Float", 90),
		column("amount", _("Amount"), "Float", 110, precision=2),
		column("currency", _("Currency"), "Data", 80),
		column("made_on", _("Date"), "Date", 110),
		column("age", _("Age in Days"), "Int", 100),
		column("company", _("Company"), "Data", 150),
	]


def _chart(rows: list[dict]) -> dict | None:
	if not rows:
		return None
	late = Counter(r["state"] for r in rows if r["late"])
	every = Counter(r["state"] for r in rows)
	order = [state for state in return_age.OPEN if state in every]
	return {
		"data": {
			"labels": [_(state) for state in order],
			"datasets": [
				{"name": _("Not Overdue"), "values": [every[s] - late[s] for s in order]},
				{"name": _("Overdue"), "values": [late[s] for s in order]},
			],
		},
		"type": "bar",
		"disableEntryAnimation": 1,  # redrawn while it grows, Frappe's chart throws
		"barOptions": {"stacked": 1},
		"colors": ["#48bb74", "#e24c4c"],
	}


def _summary(rows: list[dict]) -> list[dict]:
	if not rows:
		return []
	late = sum(bool(r["late"]) for r in rows)
	return [
		{"label": _("Open Return Slips"), "value": len(rows), "datatype": "Int"},
		{
			"label": _("Overdue"),
			"value": late,
			"datatype": "Int",
			"indicator": "Red" if late else "Green",
		},
		{"label": _("Oldest in Days"), "value": max(r["age"] for r in rows), "datatype": "Int"},
	]
