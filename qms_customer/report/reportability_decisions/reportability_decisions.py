"""Reportability Decisions: of each complaint and regime what was decided, since when it is undecided, and
whether decisions and reports were in time (H4).
"""

from collections import Counter
from typing import Any

import frappe
from frappe import _
from frappe.utils import get_datetime, getdate, now_datetime

from qms_customer.feedback import overview
from qms_customer.feedback.decisions import DOCTYPE
from qms_customer.rules.complaint_age import DUE, IN_TIME, LATE, OVERDUE, days_late, timeliness
from qms_customer.rules.reportability import NOT_REPORTABLE, REPORTABLE, TO, UNDECIDED
from qms_customer.rules.sheet import plain

FILTERS = ("company", "customer", "regime", "decision", "item_code")


def execute(filters: dict[str, Any] | None = None) -> tuple:
	"""Return a row for each thing that is owed, one for a decision that owes nothing; three queries (H4).

	Decisions are in time by their day, reports to the second. Late is in days of 24 hours.
	"""
	filters = frappe._dict(filters or {})
	decisions = frappe.get_list(
		DOCTYPE,
		filters=[
			*overview.equal(filters, *FILTERS),
			*overview.within("aware_on", filters.from_date, filters.to_date),
		],
		fields=[
			*("name", "complaint", "regime", "decision", "suggested", "reason", "aware_on", "due_on"),
			*("asked_on", "decide_by", "decided_on", "decided_by_name"),
			*("item_code", "batch_no", "customer_name", "company"),
		],
		order_by="aware_on desc, name",
		limit_page_length=0,
	)
	clocks: dict[str, list[frappe._dict]] = {}
	for row in frappe.get_all(
		"Reporting Clock",
		filters={"parenttype": DOCTYPE, "parent": ("in", [d.name for d in decisions] or [""])},
		fields=["parent", "what", "due_on", "sent_on", "asked_on", "withdrawn_on"],
		order_by="parent, idx",
	):
		if not row.withdrawn_on:
			clocks.setdefault(row.parent, []).append(row)
	sent = _numbers([d.name for d in decisions])
	now = now_datetime()
	rows = [row for d in decisions for row in _rows(d, clocks.get(d.name, ()), sent, now)]
	for field in ("timeliness", "decided_in_time"):
		if filters.get(field):
			rows = [row for row in rows if row[field] == filters[field]]
	summary, chart = _summary(decisions, rows), _chart(rows)
	for row in rows:
		for field in ("timeliness", "decided_in_time"):
			row[field] = overview.in_words(row[field])
		for field in ("decision", "suggested"):
			row[field] = _(row[field]) if row[field] else ""
	return _columns(), rows, None, chart, summary


def _numbers(names: list[str]) -> dict[tuple, list[str]]:
	"""The numbers of what was sent, by decision and what was owed by a rule, else by when; one query."""
	found: dict[tuple, list[str]] = {}
	for row in frappe.get_all(
		"Regulator Exchange",
		filters={"parenttype": DOCTYPE, "parent": ("in", names or [""]), "direction": TO},
		fields=["parent", "what", "on", "number"],
		order_by="parent, idx",
	):
		if row.number:
			found.setdefault((row.parent, row.what or row.on), []).append(row.number)
	return found


def _rows(decision: frappe._dict, clocks: Any, sent: dict, now: Any) -> list[dict[str, Any]]:
	undecided = decision.decision == UNDECIDED
	head = {
		"name": decision.name,
		"complaint": decision.complaint,
		"regime": decision.regime,
		"decision": decision.decision,
		"suggested": decision.suggested,
		"aware_on": decision.aware_on,
		"undecided_since": decision.asked_on if undecided else None,
		"decide_by": decision.decide_by,
		"decided_on": None if undecided else decision.decided_on,
		"decided_in_time": timeliness(
			getdate(decision.decide_by) if decision.decide_by else None,
			None if undecided or not decision.decided_on else getdate(decision.decided_on),
			now.date(),
		),
		"decided_by": plain(decision.decided_by_name or ""),
		"reason": plain(decision.reason or ""),
		"item_code": decision.item_code,
		"batch_no": plain(decision.batch_no or ""),
		"customer_name": plain(decision.customer_name or ""),
		"company": decision.company,
	}
	owed = list(clocks)
	if undecided or not owed:
		# An undecided one has the shortest deadline that is possible, beside what the regulator has asked.
		owed.insert(0, frappe._dict(what="", due_on=decision.due_on, sent_on=None))
	return [
		{
			**head,
			**_owed(one, sent.get((decision.name, one.sent_on if one.asked_on else one.what), ()), now),
		}
		for one in owed
	]


def _owed(one: frappe._dict, numbers: Any, now: Any) -> dict[str, Any]:
	due = get_datetime(one.due_on) if one.due_on else None
	done = get_datetime(one.sent_on) if one.sent_on else None
	late = days_late(due, done, now)
	return {
		"what": _(one.what or ""),
		"due_on": one.due_on,
		"sent_on": one.sent_on,
		"number": plain(", ".join(numbers)),
		"timeliness": timeliness(due, done, now),
		"days_late": None if late is None else round(late, 1),
	}


def _columns() -> list[dict]:
	column = overview.column
	return [
		column("name", _(DOCTYPE), "Link", 150, options=DOCTYPE),
		column("complaint", _("Customer Complaint"), "Link", 150, options="Customer Complaint"),
		column("regime", _("Regime"), "Data", 100),
		column("decision", _("Decision", context="Reportability Decision"), "Data", 120),
		column("suggested", _("Suggested"), "Data", 120),
		column("aware_on", _("Aware On"), "Datetime", 150),
		column("undecided_since", _("Undecided Since"), "Datetime", 150),
		column("decide_by", _("Decide By", context="Reportability Decision"), "Date", 110),
		column("decided_on", _("Decided On", context="Reportability Decision"), "Datetime", 150),
		column("decided_in_time", _("Decision in Time"), "Data", 110),
		column("what", _("What Is Owed"), "Data", 150),
		column("due_on", _("Due"), "Datetime", 150),
		column("sent_on", _("Reported On"), "Datetime", 150),
		column("number", _("Number of the Report"), "Data", 130),
		column("timeliness", _("Timeliness"), "Data", 100),
		column("days_late", _("Late by (Days)"), "Float", 100, precision=1),
		column("decided_by", _("Decided By", context="Reportability Decision"), "Data", 130),
		column("reason", _("Reason"), "Data", 220),
		overview.link("item_code", _("Item Code"), "Item", 130),
		column("batch_no", _("Batch No"), "Data", 120),
		column("customer_name", _("Customer"), "Data", 160),
		column("company", _("Company"), "Data", 130),
	]


def _chart(rows: list[dict]) -> dict | None:
	counted = Counter(row["timeliness"] for row in rows if row["timeliness"])
	if not counted:
		return None
	order = [one for one in (IN_TIME, LATE, DUE, OVERDUE) if one in counted]
	return {
		"data": {
			"labels": [overview.in_words(one) for one in order],
			"datasets": [{"name": _("Timeliness"), "values": [counted[one] for one in order]}],
		},
		"type": "bar",
		"disableEntryAnimation": 1,  # redrawn while it grows, Frappe's chart throws
	}


def _summary(decisions: list[frappe._dict], rows: list[dict]) -> list[dict]:
	if not decisions:
		return []
	decided = Counter(d.decision for d in decisions)
	late = sum(row["timeliness"] in (LATE, OVERDUE) for row in rows)

	def one(label: str, value: int, colour: str) -> dict:
		return {"label": label, "value": value, "datatype": "Int", "indicator": colour}

	return [
		one(_("Reportable"), decided[REPORTABLE], "Blue"),
		one(_("Not Reportable"), decided[NOT_REPORTABLE], "Green"),
		one(_("Undecided"), decided[UNDECIDED], "Orange" if decided[UNDECIDED] else "Green"),
		one(_("Late or Overdue"), late, "Red" if late else "Green"),
	]
