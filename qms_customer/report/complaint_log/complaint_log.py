"""Complaint Log: all complaints of a period for the auditor, from receipt to closing (H3, H4, H5)."""

from collections import Counter
from typing import Any

import frappe
from frappe import _
from frappe.utils import cint, format_date, getdate, nowdate

from qms_customer.feedback import overview, standing
from qms_customer.feedback.overview import COMPLAINT, column, figure, link
from qms_customer.messages import term
from qms_customer.rules import complaint as rules
from qms_customer.rules.people import MANAGEMENT_REPRESENTATIVE, QUALITY
from qms_customer.rules.sheet import plain

FILTERS = ("company", "customer", "item_code", "batch_no", "severity", "workflow_state")
FIELDS = (
	*("name", "feedback", "received_on", "aware_on", "customer", "customer_name", "complainant", "company"),
	*("item_code", "item_name", "batch_no", "serial_no", "udi", "details", "severity", "workflow_state"),
	*("investigated_on", "confirmed", "cause_code", "department", "no_department", "due_on", "closed_on"),
	*("no_investigation_reason", "no_investigation_on", "no_investigation_approved_on"),
	*("check_needed", "effectiveness_due", "effective", "checked_on"),
)
# What of a text field is shown as it is.
_TEXTS = ("customer_name", "complainant", "item_name", "batch_no", "serial_no", "udi", "department")
_AS_THEY_ARE = ("name", "feedback", "received_on", "aware_on", "customer", "item_code", "due_on", "company")


def execute(filters: dict[str, Any] | None = None) -> tuple:
	"""Return a row for each complaint that was received in the period, the latest first, with the
	permissions of who asks; a constant number of queries (H3, H4, H5).

	What was done before a complaint was opened again at its step counts as not done. Days are calendar days.
	"""
	filters = frappe._dict(filters or {})
	first, last = overview.period(filters)
	complaints = frappe.get_list(
		COMPLAINT,
		filters=[*overview.equal(filters, *FILTERS), *overview.within("received_on", first, last)],
		fields=list(FIELDS),
		order_by="received_on desc, name desc",
		limit_page_length=0,
	)
	found = _Read(complaints)
	rows = [_row(one, found) for one in complaints]
	message = overview.withheld(("Reportability Decision", found.regulators))
	return _columns(), rows, message, _chart(complaints), _summary(rows)


class _Read:
	"""What stands in the tables of complaints, and beside them, by complaint."""

	def __init__(self, complaints: list[frappe._dict]) -> None:
		names = [one.name for one in complaints]
		self.again = overview.reopenings(names)
		self.closings = overview.rows_of(
			COMPLAINT, "Complaint Closing", names, "role", "closed_by_name", "closed_on"
		)
		self.replies = overview.rows_of(
			COMPLAINT, "Complaint Reply", names, "kind", "answered_on", "replied_on"
		)
		rows = overview.rows_of(
			COMPLAINT, "Complaint Action", names, "kind", "done_on", *standing.DONE, "description"
		)
		self.actions: dict[str, list[frappe._dict]] = {}
		for one in standing.actions_of(row for mine in rows.values() for row in mine):
			self.actions.setdefault(one.row.parent, []).append(one)
		problems = overview.rows_of(COMPLAINT, "Complaint Code", names, "parentfield", "event_code")
		self.problems = {
			name: [r.event_code for r in mine if r.parentfield == "problem_codes"]
			for name, mine in problems.items()
		}
		codes = [one.cause_code for one in complaints]
		self.terms = overview.terms([*codes, *(code for mine in self.problems.values() for code in mine)])
		self.natures = {
			row.name: row.deficiencies
			for row in frappe.get_all(
				"Customer Feedback",
				filters={"name": ("in", [one.feedback for one in complaints if one.feedback] or [""])},
				fields=["name", "deficiencies"],
			)
		}
		self.regulators = overview.regulators(names)
		self.today = getdate(nowdate())


def _row(one: frappe._dict, found: _Read) -> dict[str, Any]:
	again = found.again[one.name]
	investigated, why_not = _investigation(one, again)
	signed = {
		row.role: row.closed_by_name
		for row in found.closings[one.name]
		if overview.counts(again, "Closing", row.closed_on)
	}
	replies = [
		row.answered_on or row.replied_on
		for row in found.replies[one.name]
		if row.kind == rules.FINAL and overview.counts(again, "Reply", row.replied_on)
	]
	actions = found.actions.get(one.name, [])
	regimes = found.regulators
	closed = getdate(one.closed_on) if one.closed_on else None
	nature = (found.natures.get(one.feedback) or "").split("\n")
	problems = [found.terms.get(code, code) for code in found.problems.get(one.name, ())]
	return {
		**{field: one.get(field) for field in _AS_THEY_ARE},
		**{field: plain(one.get(field) or "") for field in _TEXTS},
		"department": plain(term(one.department) if one.department else one.no_department or ""),
		"nature": ", ".join(_(line) for line in nature if line),
		"problems": plain(", ".join(problems)),
		"details": plain(overview.short(one.details)),
		"severity": _(one.severity or "", context=COMPLAINT),
		"investigated": investigated,
		"why_not": plain(why_not),
		"confirmed": _(one.confirmed or "", context=COMPLAINT),
		"cause": plain(found.terms.get(one.cause_code, one.cause_code or "")),
		"reportable": None if regimes is None else overview.in_short(regimes[one.name]),
		"actions": _("{0} of {1} done").format(sum(not a.open for a in actions), len(actions))
		if actions
		else "",
		"kinds": ", ".join(
			_(kind, context="Complaint Action") for kind in dict.fromkeys(a.row.kind for a in actions) if kind
		),
		"replied_on": max(replies, default=None),
		"effective": _effective(one, again),
		"by_quality": plain(signed.get(QUALITY) or ""),
		"by_representative": plain(signed.get(MANAGEMENT_REPRESENTATIVE) or ""),
		"closed_on": one.closed_on,
		"days": rules.open_days(getdate(one.received_on), closed, found.today),
		"state": _(one.workflow_state),
		"is_closed": int(one.workflow_state == rules.CLOSED),
		"is_late": int(bool(one.due_on) and (closed or found.today) > getdate(one.due_on)),
		"reopened": len(again),
	}


def _investigation(one: frappe._dict, again: list) -> tuple[str, str]:
	"""Whether it was investigated, and why not (H3)."""
	if overview.counts(again, "Investigation", one.investigated_on):
		return _("Yes"), ""
	if overview.counts(again, "Investigation", one.no_investigation_approved_on):
		return _("No"), overview.short(one.no_investigation_reason)
	return _("Not Yet", context="Complaint Log"), ""


def _effective(one: frappe._dict, again: list) -> str:
	if not cint(one.check_needed) or not one.effectiveness_due:
		return ""
	if overview.counts(again, "Effectiveness", one.checked_on):
		return _(one.effective or "", context=COMPLAINT)
	return (
		_("To Be Checked from {0}").format(format_date(one.effectiveness_due))
		if one.effectiveness_due
		else ""
	)


def _columns() -> list[dict]:
	return [
		column("name", _(COMPLAINT), "Link", 150, options=COMPLAINT),
		column("received_on", _("Received On", context="Customer Complaint"), "Datetime", 150),
		column("aware_on", _("First Known On"), "Datetime", 150),
		link("customer", _("Customer", context="Contract Review"), "Customer", 140),
		column("customer_name", _("Customer Name"), "Data", 170),
		column("complainant", _("Complainant"), "Data", 120),
		link("item_code", _("Item"), "Item", 130),
		column("item_name", _("Product Name"), "Data", 150),
		column("batch_no", _("Batch No"), "Data", 110),
		column("serial_no", _("Serial No", context="Customer Complaint"), "Data", 110),
		column("udi", _("UDI", context="Customer Complaint"), "Data", 110),
		column("nature", _("What Is Said to Be Deficient"), "Data", 150),
		column("details", _("What Is Complained About"), "Data", 240),
		column("problems", _("Problem Codes"), "Data", 140),
		column("severity", _("Severity", context="Customer Complaint"), "Data", 90),
		column("investigated", _("Investigated"), "Data", 110),
		column("why_not", _("Why It Is Not Investigated"), "Data", 200),
		column("confirmed", _("Was What Is Complained About Found"), "Data", 110),
		column("cause", _("Cause"), "Data", 160),
		column("department", _("Responsible Department"), "Data", 140),
		column("reportable", _("Reporting to Regulators"), "Data", 230),
		column("actions", _("Actions on the Complaint"), "Data", 110),
		column("kinds", _("Kind of Action"), "Data", 160),
		column("replied_on", _("Final Reply On"), "Datetime", 150),
		column("effective", _("Effective", context="Customer Complaint"), "Data", 130),
		column("by_quality", _("Closed by Quality"), "Data", 130),
		column("by_representative", _("Closed by the Management Representative"), "Data", 150),
		column("closed_on", _("Closed On"), "Datetime", 150),
		column("due_on", _("To Be Closed By"), "Date", 110),
		column("days", _("Days Open"), "Int", 90),
		column("state", _("Status"), "Data", 170),
		column("reopened", _("Times Opened Again"), "Int", 110),
		column("feedback", _("Feedback"), "Link", 150, options="Customer Feedback"),
		column("company", _("Company"), "Data", 130),
	]


def _chart(complaints: list[frappe._dict]) -> dict | None:
	"""By month of receipt, by severity."""
	months = sorted({str(one.received_on)[:7] for one in complaints})
	counted = Counter((str(one.received_on)[:7], one.severity or "") for one in complaints)
	colours = {
		rules.LOW: "#b8c2cc",
		rules.MEDIUM: "#2490ef",
		rules.HIGH: "#f8814f",
		rules.CRITICAL: "#e24c4c",
		"": "#48bb74",
	}
	sets = [
		(
			_(severity, context=COMPLAINT) if severity else _("No Severity Yet"),
			[counted[month, severity] for month in months],
			colour,
		)
		for severity, colour in colours.items()
	]
	return overview.bars(months, [one for one in sets if any(one[1])])


def _summary(rows: list[dict]) -> list[dict]:
	if not rows:
		return []
	still = sum(not row["is_closed"] for row in rows)
	late = sum(row["is_late"] for row in rows)
	again = sum(bool(row["reopened"]) for row in rows)
	closed = [row["days"] for row in rows if row["is_closed"]]
	average = f"{sum(closed) / len(closed):.1f}" if closed else "–"
	return [
		figure(_("Complaints"), len(rows)),
		figure(_("Open Complaints"), still, "Orange" if still else "Green"),
		figure(_("Not Closed in Time"), late, "Red" if late else "Green"),
		figure(_("Opened Again"), again),
		figure(_("Days to Closing on Average"), average, kind="Data"),
	]
