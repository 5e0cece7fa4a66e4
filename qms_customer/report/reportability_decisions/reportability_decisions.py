"""Reportability Decisions: of each complaint and regime what was decided, and whether reports were in time
(H4).
"""

from collections import Counter
from typing import Any

import frappe
from frappe import _
from frappe.utils import get_datetime, now_datetime

from qms_customer.feedback.decisions import DOCTYPE
from qms_customer.rules.reportability import NOT_REPORTABLE, REPORTABLE, UNDECIDED
from qms_customer.rules.sheet import plain

FILTERS = ("company", "customer", "regime", "decision", "item_code")
IN_TIME, LATE, OPEN, OVERDUE = "In Time", "Late", "Due", "Overdue"


def execute(filters: dict[str, Any] | None = None) -> tuple:
	"""Return a row for each thing that is owed, one for a decision that owes nothing; two queries (H4)."""
	filters = frappe._dict(filters or {})
	conditions: dict[str, Any] = {f: filters[f] for f in FILTERS if filters.get(f)}
	if filters.from_date or filters.to_date:
		last = f"{filters.to_date or '2999-12-31'} 23:59:59"
		conditions["aware_on"] = ("between", (filters.from_date or "1900-01-01", last))
	decisions = frappe.get_list(
		DOCTYPE,
		filters=conditions,
		fields=[
			*("name", "complaint", "regime", "decision", "suggested", "reason", "aware_on", "due_on"),
			*("decided_on", "decided_by_name", "item_code", "batch_no", "customer_name", "company"),
		],
		order_by="aware_on desc, name",
		limit_page_length=0,
	)
	clocks: dict[str, list[frappe._dict]] = {}
	for row in frappe.get_all(
		"Reporting Clock",
		filters={"parenttype": DOCTYPE, "parent": ("in", [d.name for d in decisions] or [""])},
		fields=["parent", "what", "due_on", "sent_on"],
		order_by="parent, idx",
	):
		clocks.setdefault(row.parent, []).append(row)
	now = now_datetime()
	rows = [row for d in decisions for row in _rows(d, clocks.get(d.name, ()), now)]
	if filters.timeliness:
		rows = [row for row in rows if row["timeliness"] == filters.timeliness]
	summary, chart = _summary(decisions, rows), _chart(rows)
	for row in rows:
		row["timeliness"] = _(row["timeliness"]) if row["timeliness"] else ""
		row["decision"], row["suggested"] = _(row["decision"]), _(row["suggested"] or "")
	return _columns(), rows, None, chart, summary


def _rows(decision: frappe._dict, clocks: Any, now: Any) -> list[dict[str, Any]]:
	head = {
		"name": decision.name,
		"complaint": decision.complaint,
		"regime": decision.regime,
		"decision": decision.decision,
		"suggested": decision.suggested,
		"aware_on": decision.aware_on,
		"decided_on": decision.decided_on,
		"decided_by": plain(decision.decided_by_name or ""),
		"reason": plain(decision.reason or ""),
		"item_code": plain(decision.item_code or ""),
		"batch_no": plain(decision.batch_no or ""),
		"customer_name": plain(decision.customer_name or ""),
		"company": plain(decision.company or ""),
	}
	if not clocks:
		# An undecided one has the shortest deadline that is possible.
		one = {"what": "", "due_on": decision.due_on, "sent_on": None}
		return [{**head, **one, "timeliness": _timeliness(decision.due_on, None, now)}]
	return [
		{
			**head,
			"what": _(c.what),
			"due_on": c.due_on,
			"sent_on": c.sent_on,
			"timeliness": _timeliness(c.due_on, c.sent_on, now),
		}
		for c in clocks
	]


def _timeliness(due: Any, sent: Any, now: Any) -> str:
	if not due:
		return ""
	if sent:
		return IN_TIME if get_datetime(sent) <= get_datetime(due) else LATE
	return OPEN if now <= get_datetime(due) else OVERDUE


def _columns() -> list[dict]:
	def column(name: str, label: str, kind: str, width: int, **more: Any) -> dict:
		return {"fieldname": name, "label": label, "fieldtype": kind, "width": width, **more}

	return [
		column("name", _(DOCTYPE), "Link", 150, options=DOCTYPE),
		column("complaint", _("Customer Complaint"), "Link", 150, options="Customer Complaint"),
		column("regime", _("Regime"), "Data", 100),
		column("decision", _("Decision"), "Data", 120),
		column("suggested", _("Suggested"), "Data", 120),
		column("aware_on", _("Aware On"), "Datetime", 150),
		column("what", _("What Is Owed"), "Data", 150),
		column("due_on", _("Due"), "Datetime", 150),
		column("sent_on", _("Reported On"), "Datetime", 150),
		column("timeliness", _("Timeliness"), "Data", 100),
		column("decided_on", _("Decided On"), "Datetime", 150),
		column("decided_by", _("Decided By"), "Data", 130),
		column("reason", _("Reason"), "Data", 220),
		column("item_code", _("Item Code"), "Data", 120),
		column("batch_no", _("Batch No"), "Data", 120),
		column("customer_name", _("Customer"), "Data", 160),
		column("company", _("Company"), "Data", 130),
	]


def _chart(rows: list[dict]) -> dict | None:
	counted = Counter(row["timeliness"] for row in rows if row["timeliness"])
	if not counted:
		return None
	order = [one for one in (IN_TIME, LATE, OPEN, OVERDUE) if one in counted]
	return {
		"data": {
			"labels": [_(one) for one in order],
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
