"""Effectiveness of Complaint Actions: by which criterion each is checked, in time or not, with what result,
and what was complained about again all the same (H5, H8).
"""

from collections import Counter, defaultdict
from datetime import datetime
from typing import Any

import frappe
from frappe import _
from frappe.utils import get_datetime, getdate, nowdate

from qms_customer.contract import workdays
from qms_customer.feedback import handled, overview, standing
from qms_customer.feedback.overview import COMPLAINT, column, figure, link
from qms_customer.messages import term
from qms_customer.rules import complaint_age
from qms_customer.rules.complaint_age import LATE, OVERDUE
from qms_customer.rules.sheet import plain
from qms_customer.rules.workdays import Calendar

FILTERS = ("company", "customer", "item_code", "cause_code", "department")
FIELDS = (
	*("name", "received_on", "customer", "customer_name", "item_code", "item_name", "cause_code", "company"),
	*("department", "severity", "actions_on", "effectiveness_criterion", "effectiveness_due", "effective"),
	*("effectiveness_evidence", "checked_by_name", "checked_on", "workflow_state"),
)
DOCUMENTS = ("non_conformance", "quality_action")


def execute(filters: dict[str, Any] | None = None) -> tuple:
	"""Return a row for each complaint whose actions are checked in the period, with the permissions of who
	asks; a constant number of queries (H5, H8).

	In time: by so many business days after the day that was set as a complaint may stand at one step.
	Repeats: complaints of the same item and cause that were received after the actions were decided.
	"""
	filters = frappe._dict(filters or {})
	conditions = overview.equal(filters, *FILTERS)
	conditions += [["effectiveness_due", ">=", filters.from_date]] if filters.from_date else []
	conditions += [["effectiveness_due", "<=", filters.to_date]] if filters.to_date else []
	complaints = frappe.get_list(
		COMPLAINT,
		filters=[*conditions, ["check_needed", "=", 1], ["effectiveness_due", "is", "set"]],
		fields=list(FIELDS),
		order_by="effectiveness_due desc, name desc",
		limit_page_length=0,
	)
	found = _Read(complaints)
	rows = [_row(one, found) for one in complaints]
	if filters.timeliness:
		rows = [row for row in rows if row["timeliness"] == filters.timeliness]
	if filters.repeated:
		rows = [row for row in rows if row["repeats"]]
	chart, summary = _chart(rows), _summary(rows)
	for row in rows:
		row["timeliness"] = overview.in_words(row["timeliness"])
	return _columns(), rows, None, chart, summary


class _Read:
	"""What stands in the tables of complaints, and which others there are of the same item and cause."""

	def __init__(self, complaints: list[frappe._dict]) -> None:
		names = [one.name for one in complaints]
		self.again = overview.reopenings(names)
		rows = overview.rows_of(COMPLAINT, "Complaint Action", names, "kind", "done_on", *standing.DONE)
		self.actions: dict[str, list[frappe._dict]] = defaultdict(list)
		for one in standing.actions_of(row for mine in rows.values() for row in mine):
			self.actions[one.row.parent].append(one)
		self.terms = overview.terms(one.cause_code for one in complaints)
		self.like = _like(complaints)
		self.today, self.days = getdate(nowdate()), handled.step_days()
		self._calendars: dict[str, Calendar] = {}

	def calendar(self, company: str) -> Calendar:
		return self._calendars.get(company) or self._calendars.setdefault(company, workdays.calendar(company))


def _like(complaints: list[frappe._dict]) -> dict[tuple[str, str], list[tuple[datetime, str]]]:
	"""By item and cause the complaints that the reader may see, the oldest first; one query."""
	found: dict[tuple[str, str], list[tuple[datetime, str]]] = defaultdict(list)
	known = [one for one in complaints if one.item_code and one.cause_code]
	for row in frappe.get_list(
		COMPLAINT,
		filters={
			"item_code": ("in", sorted({one.item_code for one in known}) or [""]),
			"cause_code": ("in", sorted({one.cause_code for one in known}) or [""]),
		},
		fields=["name", "item_code", "cause_code", "received_on"],
		order_by="received_on, name",
		limit_page_length=0,
	):
		if row.received_on:
			found[row.item_code, row.cause_code].append((get_datetime(row.received_on), row.name))
	return found


def _row(one: frappe._dict, found: _Read) -> dict[str, Any]:
	checked = None
	if overview.counts(found.again[one.name], "Effectiveness", one.checked_on):
		checked = get_datetime(one.checked_on)
	until = found.calendar(one.company).add_workdays(getdate(one.effectiveness_due), found.days)
	repeats = since_check = None
	latest = ""
	if one.item_code and one.cause_code and one.actions_on:
		later = [
			(on, name)
			for on, name in found.like[one.item_code, one.cause_code]
			if name != one.name and on > get_datetime(one.actions_on)
		]
		repeats, latest = len(later), later[-1][1] if later else ""
		if checked and one.effective == "Yes":
			since_check = sum(on > checked for on, _name in later)
	actions = found.actions[one.name]
	return {
		"name": one.name,
		"customer_name": plain(one.customer_name or ""),
		"item_code": one.item_code,
		"item_name": plain(one.item_name or ""),
		"cause": plain(found.terms.get(one.cause_code, one.cause_code or "")),
		"department": plain(term(one.department or "")),
		"severity": _(one.severity or "", context=COMPLAINT),
		"documents": ", ".join(a.document for a in actions if any(a.row.get(f) for f in DOCUMENTS)),
		"actions": _("{0} of {1} done").format(sum(not a.open for a in actions), len(actions))
		if actions
		else "",
		"decided_on": one.actions_on,
		"criterion": plain(overview.short(one.effectiveness_criterion)),
		"check_from": one.effectiveness_due,
		"check_until": until,
		"result": one.effective if checked else "",
		"effective": _(one.effective or "", context=COMPLAINT) if checked else _("Not Checked Yet"),
		"checked_on": checked,
		"checked_by": plain(one.checked_by_name or "") if checked else "",
		"timeliness": complaint_age.timeliness(until, getdate(checked) if checked else None, found.today),
		"evidence": plain(overview.short(one.effectiveness_evidence)) if checked else "",
		"repeats": repeats,
		"since_check": since_check,
		"latest": latest,
		"state": _(one.workflow_state),
		"company": one.company,
	}


def _columns() -> list[dict]:
	return [
		column("name", _(COMPLAINT), "Link", 150, options=COMPLAINT),
		column("customer_name", _("Customer", context="Contract Review"), "Data", 170),
		link("item_code", _("Item"), "Item", 130),
		column("cause", _("Cause"), "Data", 160),
		column("department", _("Responsible Department"), "Data", 140),
		column("severity", _("Severity", context="Customer Complaint"), "Data", 90),
		column("documents", _("Non Conformances and Quality Actions"), "Data", 170),
		column("actions", _("Actions on the Complaint"), "Data", 110),
		column("decided_on", _("Actions Decided On"), "Datetime", 150),
		column("criterion", _("Criterion of Effectiveness"), "Data", 230),
		column("check_from", _("Effectiveness Checked From"), "Date", 120),
		column("check_until", _("To Be Checked By"), "Date", 120),
		column("effective", _("Effective", context="Customer Complaint"), "Data", 120),
		column("timeliness", _("Checked in Time"), "Data", 100),
		column("checked_on", _("Effectiveness Checked On"), "Datetime", 150),
		column("checked_by", _("Effectiveness Checked By"), "Data", 130),
		column("evidence", _("What Shows It"), "Data", 220),
		column("repeats", _("Complained About Again"), "Int", 110),
		column("since_check", _("Again Since It Was Found Effective"), "Int", 120),
		column("latest", _("Latest of These"), "Link", 150, options=COMPLAINT),
		column("state", _("Status"), "Data", 170),
		column("company", _("Company"), "Data", 130),
	]


def _chart(rows: list[dict]) -> dict | None:
	"""By month of the check, by result."""
	months = sorted({str(row["check_from"])[:7] for row in rows})
	counted = Counter((str(row["check_from"])[:7], row["result"]) for row in rows)
	results = (
		(_("Effective", context="Effectiveness"), "Yes", "#48bb74"),
		(_("Not Effective"), "No", "#e24c4c"),
		(_("Not Checked Yet"), "", "#b8c2cc"),
	)
	sets = [(name, [counted[month, value] for month in months], colour) for name, value, colour in results]
	return overview.bars(months, sets)


def _summary(rows: list[dict]) -> list[dict]:
	if not rows:
		return []
	results = Counter(row["result"] for row in rows)
	timely = Counter(row["timeliness"] for row in rows)
	late = timely[LATE] + timely[OVERDUE]
	again = sum(bool(row["since_check"]) for row in rows)
	checked = results["Yes"] + results["No"]
	return [
		figure(_("Effective", context="Effectiveness"), f"{results['Yes']} / {checked}", kind="Data"),
		figure(_("Not Checked Yet"), results[""]),
		figure(_("Late or Overdue"), late, "Red" if late else "Green"),
		figure(_("Again Since It Was Found Effective"), again, "Red" if again else "Green"),
	]
