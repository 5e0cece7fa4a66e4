"""Feedback Log: all that was said to us in a period, what it was assessed as, by whom and in time or not, and
what was answered (H1, H2, A10).
"""

from collections import Counter
from datetime import date
from typing import Any

import frappe
from frappe import _
from frappe.query_builder.functions import Min
from frappe.utils import getdate, nowdate

from qms_customer.contract import workdays
from qms_customer.feedback import assess, intake, overview
from qms_customer.feedback.overview import column, figure, link
from qms_customer.records import ledger
from qms_customer.rules import complaint_age, feedback
from qms_customer.rules.sheet import plain
from qms_customer.rules.workdays import Calendar

FEEDBACK = intake.DOCTYPE
FILTERS = ("company", "customer", "item_code", "source", "channel", "phase", "decision", "nature")
FIELDS = (
	*("name", "received_on", "source", "phase", "channel", "customer", "customer_name", "contact_name"),
	*("company", "item_code", "item_name", "batch_no", "serial_no", "details", "assess_by", "decision"),
	*("deficiencies", "nature", "complaint", "assessment_reason", "assessed_by_name", "assessed_on"),
	*("answer", "answered_how", "answered_by_name", "answered_on", "closed_on", "workflow_state"),
)
NOT_ASSESSED = "Not Assessed"


def execute(filters: dict[str, Any] | None = None) -> tuple:
	"""Return a row for all feedback that was received in the period, the latest first, with the permissions
	of who asks; a constant number of queries (H1, H2, A10).

	In time: assessed by its day, answered within the business days of the settings after that.
	"""
	filters = frappe._dict(filters or {})
	first, last = overview.period(filters)
	given = frappe._dict(filters)
	conditions = overview.within("received_on", first, last)
	if given.decision == NOT_ASSESSED:
		conditions.append(["decision", "is", "not set"])
		given.decision = ""
	found = frappe.get_list(
		FEEDBACK,
		filters=[*overview.equal(given, *FILTERS), *conditions],
		fields=list(FIELDS),
		order_by="received_on desc, name desc",
		limit_page_length=0,
	)
	names = [one.name for one in found]
	assessed, alike = (
		_first_assessed(names),
		overview.rows_of(FEEDBACK, "Feedback Duplicate", names, "feedback"),
	)
	today, days = getdate(nowdate()), intake.days()
	calendars: dict[str, Calendar] = {}
	rows = []
	for one in found:
		calendar = calendars.get(one.company) or calendars.setdefault(
			one.company, workdays.calendar(one.company)
		)
		rows.append(_row(one, assessed.get(one.name), len(alike[one.name]), (today, days, calendar)))
	for field in ("timeliness", "answer_timeliness"):
		if filters.get(field):
			rows = [row for row in rows if row[field] == filters[field]]
	chart, summary = _chart(rows), _summary(rows)
	for row in rows:
		row["decision"] = _(row["decision"], context=FEEDBACK)
		for field in ("timeliness", "answer_timeliness"):
			row[field] = overview.in_words(row[field])
	return _columns(), rows, None, chart, summary


def _first_assessed(names: list[str]) -> dict[str, date]:
	"""When each was assessed first: as no complaint, say, before it turned out to be one; one query (H2)."""
	signature = frappe.qb.DocType(ledger.SIGNATURE)
	return {
		name: getdate(on)
		for name, on in frappe.qb.from_(signature)
		.select(signature.reference_name, Min(signature.signed_on))
		.where((signature.reference_doctype == FEEDBACK) & signature.reference_name.isin(names or [""]))
		.where(signature.meaning.isin([assess.IS_COMPLAINT, assess.NO_COMPLAINT]))
		.groupby(signature.reference_name)
		.run()
	}


def _row(
	one: frappe._dict, first: date | None, alike: int, now: tuple[date, int, Calendar]
) -> dict[str, Any]:
	today, days, calendar = now
	assessed = first or (getdate(one.assessed_on) if one.assessed_on else None)
	answer_due = None
	if one.decision == feedback.NOT_A_COMPLAINT and one.assessed_on:
		answer_due = calendar.add_workdays(getdate(one.assessed_on), days)
	return {
		"name": one.name,
		"received_on": one.received_on,
		"source": _(one.source or "", context=FEEDBACK),
		"phase": _(one.phase or "", context=FEEDBACK),
		"channel": _(one.channel or "", context=FEEDBACK),
		"customer": one.customer,
		"customer_name": plain(one.customer_name or ""),
		"contact_name": plain(one.contact_name or ""),
		"item_code": one.item_code,
		"item_name": plain(one.item_name or ""),
		"batch_no": plain(one.batch_no or ""),
		"serial_no": plain(one.serial_no or ""),
		"details": plain(overview.short(one.details)),
		"decision": one.decision or NOT_ASSESSED,
		"deficiencies": ", ".join(_(line) for line in (one.deficiencies or "").split("\n") if line),
		"nature": _(one.nature or "", context=FEEDBACK),
		"reason": plain(overview.short(one.assessment_reason)),
		"assessed_by": plain(one.assessed_by_name or ""),
		"assessed_on": assessed,
		"assess_by": one.assess_by,
		"timeliness": complaint_age.timeliness(
			getdate(one.assess_by) if one.assess_by else None, assessed, today
		),
		"complaint": one.complaint,
		"answer": plain(overview.short(one.answer)),
		"answered_how": plain(one.answered_how or ""),
		"answered_by": plain(one.answered_by_name or ""),
		"answered_on": one.answered_on,
		"answer_by": answer_due,
		"answer_timeliness": complaint_age.timeliness(
			answer_due, getdate(one.answered_on) if one.answered_on else None, today
		),
		"state": _(one.workflow_state or ""),
		"is_enquiry": int(one.nature == feedback.ENQUIRY),
		"alike": alike,
		"company": one.company,
	}


def _columns() -> list[dict]:
	return [
		column("name", _(FEEDBACK), "Link", 150, options=FEEDBACK),
		column("received_on", _("Received On", context="Customer Feedback"), "Datetime", 150),
		column("source", _("Source", context="Customer Feedback"), "Data", 130),
		column("phase", _("Phase of the Sale", context="Customer Feedback"), "Data", 110),
		column("channel", _("Channel"), "Data", 100),
		link("customer", _("Customer", context="Contract Review"), "Customer", 140),
		column("customer_name", _("Customer Name"), "Data", 170),
		column("contact_name", _("Contact", context="Customer Feedback"), "Data", 120),
		link("item_code", _("Item"), "Item", 130),
		column("item_name", _("Product Name"), "Data", 150),
		column("batch_no", _("Batch No"), "Data", 110),
		column("serial_no", _("Serial No", context="Customer Complaint"), "Data", 110),
		column("details", _("What Was Said", context="Customer Feedback"), "Data", 240),
		column("decision", _("Decision", context="Customer Feedback"), "Data", 120),
		column("deficiencies", _("What Is Said to Be Deficient"), "Data", 150),
		column("nature", _("Nature"), "Data", 120),
		column("reason", _("Reason of the Assessment"), "Data", 220),
		column("assessed_by", _("Assessed By"), "Data", 130),
		column("assessed_on", _("First Assessed On"), "Date", 110),
		column("assess_by", _("To Be Assessed By", context="Customer Feedback"), "Date", 110),
		column("timeliness", _("Assessment in Time"), "Data", 110),
		column(
			"complaint",
			_("Complaint", context="Customer Feedback"),
			"Link",
			150,
			options="Customer Complaint",
		),
		column("answer", _("Answer", context="Customer Feedback"), "Data", 220),
		column("answered_how", _("How and When It Was Given"), "Data", 150),
		column("answered_by", _("Answered By", context="Customer Feedback"), "Data", 130),
		column("answered_on", _("Answered On", context="Customer Feedback"), "Datetime", 150),
		column("answer_by", _("To Be Answered By"), "Date", 110),
		column("answer_timeliness", _("Answer in Time"), "Data", 110),
		column("state", _("Status"), "Data", 150),
		column("alike", _("Reports of the Same Event", context="Customer Feedback"), "Int", 110),
		column("company", _("Company"), "Data", 130),
	]


def _chart(rows: list[dict]) -> dict | None:
	"""By month of receipt, by what it was assessed as."""
	months = sorted({str(row["received_on"])[:7] for row in rows})
	counted = Counter((str(row["received_on"])[:7], row["decision"]) for row in rows)
	colours = {
		feedback.COMPLAINT: "#e24c4c",
		feedback.NOT_A_COMPLAINT: "#48bb74",
		NOT_ASSESSED: "#b8c2cc",
	}
	return overview.bars(
		months,
		[
			(_(decision, context=FEEDBACK), [counted[month, decision] for month in months], colour)
			for decision, colour in colours.items()
		],
	)


def _summary(rows: list[dict]) -> list[dict]:
	if not rows:
		return []
	decided = Counter(row["decision"] for row in rows)
	late = sum(
		row[field] in (complaint_age.LATE, complaint_age.OVERDUE)
		for row in rows
		for field in ("timeliness", "answer_timeliness")
	)
	waiting = decided[NOT_ASSESSED]
	return [
		figure(_("Feedback"), len(rows)),
		figure(_("Complaints"), decided[feedback.COMPLAINT]),
		figure(_("Enquiries"), sum(row["is_enquiry"] for row in rows)),
		figure(_("Not Assessed"), waiting, "Orange" if waiting else "Green"),
		figure(_("Late or Overdue"), late, "Red" if late else "Green"),
	]
