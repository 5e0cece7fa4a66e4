"""Contract Changes by Customer and Reason: how often whose contracts are changed, why, and what came of it
(E1, H8).
"""

from collections import defaultdict
from typing import Any

import frappe
from frappe import _
from frappe.utils import add_months, flt, getdate, nowdate

from qms_customer.contract.proposed import NOTICE
from qms_customer.messages import refuse_one
from qms_customer.rules import mark

MONTHS = 12
# What became of a notice, and its colour.
OUTCOMES = {
	"applied": (mark("Change Applied"), "#48bb74"),
	"rejected": (mark("Change Rejected"), "#e24c4c"),
	"withdrawn": (mark("Change Withdrawn"), "#b8c2cc"),
	"open": (mark("Not Decided"), "#2490ef"),
}
_OF_DECISION = {"Approved": "applied", "Rejected": "rejected", "Withdrawn": "withdrawn"}
FILTERS = ("company", "customer", "kind", "asked_by", "reason_category")


def execute(filters: dict[str, Any] | None = None) -> tuple:
	"""Return a row for each customer, reason and currency; one query, with the permissions of who asks.

	Money is in the currency of the contracts, of what was applied only; days are calendar days, all shifts
	together, on average over the notices that shift a date.
	"""
	filters = frappe._dict(filters or {})
	last = getdate(filters.to_date or nowdate())
	first = getdate(filters.from_date or add_months(last, -MONTHS))
	if first > last:
		refuse_one("C10", mark("The period ends before it begins: {0} to {1}."), first, last)
	notices = _notices(filters, first, last)
	groups = defaultdict(list)
	for one in notices:
		groups[(one.customer_name or "", one.reason_category or "", one.currency or "")].append(one)
	rows = [_row(*key, groups[key]) for key in sorted(groups)]
	return _columns(), rows, None, _chart(notices), _summary(notices)


def _notices(filters: frappe._dict, first: Any, last: Any) -> list[frappe._dict]:
	conditions = [["prepared_on", "between", [f"{first} 00:00:00", f"{last} 23:59:59"]]]
	conditions += [[field, "=", filters.get(field)] for field in FILTERS if filters.get(field)]
	return frappe.get_list(
		NOTICE,
		filters=conditions,
		fields=[
			"name",
			"customer_name",
			"reason_category",
			"currency",
			"decision",
			"docstatus",
			"difference",
			"shift_days",
			"affects_production",
			"asked_by",
		],
		limit_page_length=0,
	)


def outcome(notice: frappe._dict) -> str:
	"""Return what became of a notice: one of OUTCOMES."""
	return _OF_DECISION.get(notice.decision or "", "open") if notice.docstatus == 1 else "open"


def _row(customer: str, reason: str, currency: str, notices: list[frappe._dict]) -> dict[str, Any]:
	applied = [n for n in notices if outcome(n) == "applied"]
	shifts = [n.shift_days for n in notices if n.shift_days]
	return {
		"customer_name": customer,
		"reason_category": _(reason, context=NOTICE) if reason else _("No Reason Yet"),
		"notices": len(notices),
		**{name: sum(outcome(n) == name for n in notices) for name in OUTCOMES},
		"by_company": sum(n.asked_by == "Company" for n in notices),
		"production": sum(n.affects_production == "Yes" for n in notices),
		"days": round(sum(shifts) / len(shifts), 1) if shifts else None,
		"difference": round(sum(flt(n.difference) for n in applied), 2),
		"currency": currency,
	}


def _columns() -> list[dict]:
	count = {"fieldtype": "Int", "width": 100}
	return [
		{
			"fieldname": "customer_name",
			"label": _("Customer", context="Contract Review"),
			"fieldtype": "Data",
			"width": 220,
		},
		{
			"fieldname": "reason_category",
			"label": _("Reason Category", context="Contract Change Notice"),
			"fieldtype": "Data",
			"width": 190,
		},
		{"fieldname": "notices", "label": _("Change Notices"), **count},
		*({"fieldname": name, "label": _(text), **count} for name, (text, _colour) in OUTCOMES.items()),
		{"fieldname": "by_company", "label": _("Asked By the Company"), **count, "width": 140},
		{"fieldname": "production", "label": _("Production Affected"), **count, "width": 140},
		{
			"fieldname": "days",
			"label": _("Days Shifted on Average"),
			"fieldtype": "Float",
			"precision": 1,
			"width": 150,
			"disable_total": 1,
		},
		{
			"fieldname": "difference",
			"label": _("Change of Amount"),
			"fieldtype": "Float",
			"precision": 2,
			"width": 150,
			# Currencies are not added up.
			"disable_total": 1,
		},
		{"fieldname": "currency", "label": _("Currency"), "fieldtype": "Data", "width": 90},
	]


def _summary(notices: list[frappe._dict]) -> list[dict]:
	if not notices:
		return []
	found = [outcome(n) for n in notices]
	return [
		{"label": _("Change Notices"), "value": len(notices), "datatype": "Int"},
		*(
			{
				"label": _(text),
				"value": found.count(name),
				"datatype": "Int",
				"indicator": {"applied": "Green", "rejected": "Red", "open": "Blue"}.get(name, "Grey"),
			}
			for name, (text, _colour) in OUTCOMES.items()
		),
	]


def _chart(notices: list[frappe._dict]) -> dict | None:
	if not notices:
		return None
	by_reason = defaultdict(list)
	for one in notices:
		by_reason[one.reason_category or ""].append(outcome(one))
	order = sorted(by_reason, key=lambda reason: (-len(by_reason[reason]), reason))
	return {
		"data": {
			"labels": [_(r, context=NOTICE) if r else _("No Reason Yet") for r in order],
			"datasets": [
				{
					"name": _(text),
					"values": [by_reason[reason].count(name) for reason in order],
				}
				for name, (text, _colour) in OUTCOMES.items()
			],
		},
		"type": "bar",
		"disableEntryAnimation": 1,  # redrawn while it grows, Frappe's chart throws
		"barOptions": {"stacked": 1},
		"colors": [colour for _text, colour in OUTCOMES.values()],
	}
