"""Complaint Trends: complaints and their rates by product, batch, cause or customer, each beside what it is
compared with and its limit (H8).
"""

from collections import Counter
from datetime import date
from typing import Any

import frappe
from frappe import _
from frappe.utils import add_months, getdate, nowdate

from qms_customer.feedback import signals
from qms_customer.messages import refuse_one
from qms_customer.rules import mark
from qms_customer.rules import signals as rules
from qms_customer.rules.sheet import plain

MOST_LINES = 5
MONTHS = 15


def execute(filters: dict[str, Any] | None = None) -> tuple:
	"""Return a row for each group that has complaints in the window, with the permissions of who asks.

	What is counted, and what it is compared with, say rules/signals.py.
	"""
	filters = frappe._dict(filters or {})
	by = filters.group_by or rules.PRODUCT
	if by not in rules.DIMENSIONS:
		refuse_one("H8", mark("Trends are shown by product, batch, cause or customer, not by {0}."), by)
	today, limits = getdate(filters.to_date or nowdate()), signals.limits()
	window, reference = rules.periods(today, limits)
	complaints = signals.complaints(reference.first, window.last, frappe.get_list)
	deliveries, withheld = signals.deliveries(reference.first, window.last)
	found = [t for t in rules.tallies(complaints, deliveries, window, reference) if t.key.dimension == by]
	rows = [_row(tally, limits, bool(withheld)) for tally in found]
	missing = ", ".join(_(doctype) for doctype in withheld)
	message = _("Not shown, as you may not read them: {0}.").format(missing) if withheld else None
	return _columns(by), rows, message, _chart(found, complaints, today)


def _row(tally: rules.Tally, limits: rules.Limits, withheld: bool) -> dict[str, Any]:
	"""What is not known of deliveries is left empty: it is no 0."""
	row = {
		"group": plain(tally.key.value),
		"item_code": tally.key.product or None,
		"complaints": tally.count,
		"reference_complaints": tally.reference_complaints,
	}
	if withheld:
		return row | dict.fromkeys(("delivered", "rate", "reference_rate", "limit_count", "crossed"))
	return row | {
		"delivered": tally.delivered,
		"rate": rules.rate(tally.count, tally.delivered),
		"reference_rate": rules.rate(tally.reference_complaints, tally.reference_delivered),
		"limit_count": rules.limit(tally, limits),
		"crossed": int(bool(rules.crossed(tally, limits))),
	}


def _columns(by: str) -> list[dict]:
	def column(name: str, label: str, kind: str, width: int, **more: Any) -> dict:
		return {"fieldname": name, "label": label, "fieldtype": kind, "width": width, **more}

	found = [column("group", _(by, context=signals.DOCTYPE), "Data", 200)]
	if by == rules.BATCH:
		found.append(column("item_code", _("Item"), "Data", 150))
	return [
		*found,
		column("complaints", _("Complaints"), "Int", 110),
		column("delivered", _("Delivered"), "Float", 110),
		column("rate", _("Rate per 1,000"), "Float", 120, precision=2),
		column("reference_complaints", _("Complaints Before"), "Int", 130),
		column("reference_rate", _("Rate Before"), "Float", 120, precision=2),
		column("limit_count", _("Limit of Complaints"), "Int", 90),
		column("crossed", _("Signal"), "Check", 80),
	]


def _chart(found: list[rules.Tally], complaints: list[rules.Complaint], today: date) -> dict | None:
	"""Complaints by month of the groups with the most."""
	if not found:
		return None
	months = [getdate(add_months(today.replace(day=1), -n)) for n in reversed(range(MONTHS + 1))]
	counted: dict[rules.Key, Counter] = {t.key: Counter() for t in found[:MOST_LINES]}
	for one in complaints:
		for key in rules.keys(one):
			if key in counted:
				counted[key][one.day.replace(day=1)] += 1
	return {
		"data": {
			"labels": [month.strftime("%y-%m") for month in months],
			"datasets": [
				{
					"name": " ".join(filter(None, (key.product, key.value))),
					"values": [counts[month] for month in months],
				}
				for key, counts in counted.items()
			],
		},
		"type": "line",
		"disableEntryAnimation": 1,  # redrawn while it grows, Frappe's chart throws
	}
