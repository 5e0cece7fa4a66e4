"""Open Complaints by Age: how long each is open, at which step, against our own targets, and who has it next
(H5, L3).
"""

from collections import Counter
from typing import Any

import frappe
from frappe import _
from frappe.utils import add_days, getdate, nowdate

from qms_customer.contract import workdays
from qms_customer.feedback import handled, overview
from qms_customer.feedback.overview import COMPLAINT, column, figure, link
from qms_customer.messages import refuse_one
from qms_customer.rules import complaint as rules
from qms_customer.rules import complaint_age, mark
from qms_customer.rules.people import QUALITY
from qms_customer.rules.sheet import plain
from qms_customer.rules.workdays import Calendar

FILTERS = ("company", "customer", "item_code", "severity", "handler", "workflow_state")
FIELDS = (
	*("name", "customer", "customer_name", "complainant", "item_code", "item_name", "batch_no", "severity"),
	*("received_on", "creation", "due_on", "handler", "workflow_state", "company"),
	*("investigated_on", "no_investigation_on", "no_investigation_approved_on", "actions_on"),
	*("check_needed", "effectiveness_due", "effective", "checked_on"),
)
COLOURS = ("#b8c2cc", "#2490ef", "#f8814f", "#ffa00a", "#48bb74")


def execute(filters: dict[str, Any] | None = None) -> tuple:
	"""Return a row for each open complaint, the oldest first, with the permissions of who asks; a constant
	number of queries (H5, L3).

	Ages are in calendar days since it was received, as is the target for all of it; days at a step are
	business days of the company.
	"""
	filters = frappe._dict(filters or {})
	if filters.age and filters.age not in complaint_age.AGE_GROUPS:
		refuse_one("H5", mark("There is no such age group: {0}."), filters.age)
	complaints = frappe.get_list(
		COMPLAINT,
		filters=[*overview.equal(filters, *FILTERS), ["workflow_state", "!=", rules.CLOSED]],
		fields=list(FIELDS),
		order_by="received_on, name",
		limit_page_length=0,
	)
	found = _Read(complaints)
	rows = [_row(one, found) for one in complaints]
	if filters.age:
		rows = [row for row in rows if row["age_group"] == filters.age]
	if filters.overdue:
		rows = [row for row in rows if row["late"] or row["late_at_step"]]
	chart, summary = _chart(rows), _summary(rows)
	for row in rows:
		row["state"] = _(row["state"])
	return _columns(), rows, overview.withheld(("Reportability Decision", found.regulators)), chart, summary


class _Read:
	"""What stands in the tables of complaints, and beside them, by complaint."""

	def __init__(self, complaints: list[frappe._dict]) -> None:
		names = [one.name for one in complaints]
		self.again = overview.reopenings(names)
		self.followed = overview.followed(names)
		self.done = {
			name: max((getdate(r.done_on) for r in rows if r.done_on), default=None)
			for name, rows in overview.rows_of(COMPLAINT, "Complaint Action", names, "done_on").items()
		}
		replies = overview.rows_of(COMPLAINT, "Complaint Reply", names, "kind", "replied_on")
		self.replied = {
			name: max((getdate(r.replied_on) for r in rows if r.kind == rules.FINAL), default=None)
			for name, rows in replies.items()
		}
		self.people = overview.waited_for(names)
		self.regulators = overview.regulators(names)
		self.handlers = dict(
			frappe.get_all(
				"User",
				filters={"name": ("in", [one.handler for one in complaints if one.handler] or [""])},
				fields=["name", "full_name"],
				as_list=True,
			)
		)
		self.today, self.days, self.most = getdate(nowdate()), handled.days(), handled.step_days()
		self._calendars: dict[str, Calendar] = {}

	def calendar(self, company: str) -> Calendar:
		return self._calendars.get(company) or self._calendars.setdefault(company, workdays.calendar(company))


def _row(one: frappe._dict, found: _Read) -> dict[str, Any]:
	state, today = one.workflow_state, found.today
	since = complaint_age.since(state, _moments(one, found)) or getdate(one.creation)
	at_step = max(found.calendar(one.company).workdays_between(since, today), 0)
	age = rules.open_days(getdate(one.received_on), None, today)
	due = getdate(one.due_on) if one.due_on else getdate(add_days(getdate(one.received_on), found.days))
	undecided = None
	if found.regulators is not None:
		undecided = ", ".join(r.regime for r in found.regulators[one.name] if r.decision == "Undecided")
	# Who closes it are two roles; the inbox names who of them may.
	roles = rules.CLOSERS if state == rules.CLOSING else (QUALITY,)
	return {
		"name": one.name,
		"customer": one.customer,
		"customer_name": plain(one.customer_name or one.complainant or ""),
		"item_code": one.item_code,
		"item_name": plain(one.item_name or ""),
		"batch_no": plain(one.batch_no or ""),
		"severity": _(one.severity or "", context=COMPLAINT),
		"state": state,
		"since": since,
		"at_step": at_step,
		"late_at_step": max(at_step - found.most, 0),
		"waits_for": ", ".join(found.people.get(one.name) or [_(role) for role in roles]),
		"received_on": one.received_on,
		"age": age,
		"age_group": complaint_age.age_group(age),
		"due_on": due,
		"late": max((today - due).days, 0),
		"undecided": undecided,
		"handler": plain(found.handlers.get(one.handler) or one.handler or ""),
		"company": one.company,
	}


def _moments(one: frappe._dict, found: _Read) -> complaint_age.Moments:
	again = found.again[one.name]
	checked = _day(one.checked_on) if overview.counts(again, "Effectiveness", one.checked_on) else None
	accounted = [day for day in (_day(one.investigated_on), _day(one.no_investigation_approved_on)) if day]
	return complaint_age.Moments(
		opened=getdate(one.creation),
		followed=found.followed.get(one.name),
		reopened=max((getdate(on) for _step, on in again), default=None),
		accounted=max(accounted, default=None),
		ineffective=checked if one.effective == "No" else None,
		planned=_day(one.actions_on),
		done=found.done.get(one.name),
		replied=found.replied.get(one.name),
		check_from=_day(one.effectiveness_due) if one.check_needed else None,
		effective=checked if one.effective == "Yes" else None,
	)


def _day(value: Any) -> Any:
	return getdate(value) if value else None


def _columns() -> list[dict]:
	return [
		column("name", _(COMPLAINT), "Link", 150, options=COMPLAINT),
		column("customer_name", _("Customer", context="Contract Review"), "Data", 180),
		link("item_code", _("Item"), "Item", 130),
		column("severity", _("Severity", context="Customer Complaint"), "Data", 90),
		column("state", _("Status"), "Data", 180),
		column("since", _("At This Step Since"), "Date", 120),
		column("at_step", _("Business Days at This Step"), "Int", 110),
		column("late_at_step", _("Business Days Overdue"), "Int", 110),
		column("waits_for", _("Who Has It Next"), "Data", 210),
		column("received_on", _("Received On", context="Customer Complaint"), "Datetime", 150),
		column("age", _("Age in Days"), "Int", 90),
		column("age_group", _("Age Group (Days)"), "Data", 90),
		column("due_on", _("To Be Closed By"), "Date", 110),
		column("late", _("Days Overdue"), "Int", 90),
		column("undecided", _("Not Decided Whether Reportable"), "Data", 150),
		column("batch_no", _("Batch No"), "Data", 110),
		column("item_name", _("Product Name"), "Data", 150),
		column("handler", _("Handler", context="Customer Complaint"), "Data", 130),
		column("company", _("Company"), "Data", 130),
	]


def _chart(rows: list[dict]) -> dict | None:
	"""By age, by step."""
	counted = Counter((row["age_group"], row["state"]) for row in rows)
	return overview.bars(
		list(complaint_age.AGE_GROUPS),
		[
			(_(state), [counted[group, state] for group in complaint_age.AGE_GROUPS], colour)
			for state, colour in zip(complaint_age.OPEN, COLOURS, strict=True)
			if any(counted[group, state] for group in complaint_age.AGE_GROUPS)
		],
	)


def _summary(rows: list[dict]) -> list[dict]:
	if not rows:
		return []
	late = sum(bool(row["late"]) for row in rows)
	at_step = sum(bool(row["late_at_step"]) for row in rows)
	return [
		figure(_("Open Complaints"), len(rows)),
		figure(_("Not Closed in Time"), late, "Red" if late else "Green"),
		figure(_("Overdue at Their Step"), at_step, "Orange" if at_step else "Green"),
		figure(_("Oldest in Days"), max(row["age"] for row in rows)),
	]
