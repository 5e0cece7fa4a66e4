"""Complaints Without Investigation: which were not investigated, why, and who approved that (H3, C12)."""

from collections import Counter
from typing import Any

import frappe
from frappe import _

from qms_customer.feedback import overview, standing
from qms_customer.feedback.overview import COMPLAINT, column, figure, link
from qms_customer.rules import complaint as rules
from qms_customer.rules import mark
from qms_customer.rules.people import ACCOUNTS_WITHOUT_PERSON
from qms_customer.rules.sheet import plain

FILTERS = ("company", "customer", "item_code", "severity")
FIELDS = (
	*("name", "received_on", "customer", "customer_name", "item_code", "item_name", "batch_no", "severity"),
	*("details", "workflow_state", "investigated_on", "no_investigation_reason", "similar_complaint"),
	*("no_investigation_by", "no_investigation_by_name", "no_investigation_on", "no_investigation_comment"),
	*("no_investigation_approved_by", "no_investigation_approved_by_name", "no_investigation_approved_on"),
	"company",
)
# What became of it.
APPROVED, WAITING, REJECTED = mark("Approved"), mark("Waiting for Approval"), mark("Rejected")
AFTER_ALL, INVESTIGATED = mark("To Be Investigated After All"), mark("Investigated After All")
NO_REASON = mark("No Reason on Record")
STANDINGS = (APPROVED, WAITING, REJECTED, AFTER_ALL, INVESTIGATED, NO_REASON)


def execute(filters: dict[str, Any] | None = None) -> tuple:
	"""Return a row for each complaint of the period of which somebody proposed not to investigate it, or
	which went on without, with the permissions of who asks; a constant number of queries (H3, C12).
	"""
	filters = frappe._dict(filters or {})
	first, last = overview.period(filters)
	found = frappe.get_list(
		COMPLAINT,
		filters=[*overview.equal(filters, *FILTERS), *overview.within("received_on", first, last)],
		# What went on without an investigation and without a reason would be a hole: it is shown.
		or_filters=[["no_investigation_reason", "is", "set"], ["investigated_on", "is", "not set"]],
		fields=list(FIELDS),
		order_by="received_on desc, name desc",
		limit_page_length=0,
	)
	found = [one for one in found if one.no_investigation_reason or one.workflow_state != rules.INVESTIGATING]
	names = [one.name for one in found]
	again, regulators = overview.reopenings(names), overview.regulators(names)
	similar = {
		one.name: one
		for one in frappe.get_list(
			COMPLAINT,
			filters={"name": ("in", [o.similar_complaint for o in found if o.similar_complaint] or [""])},
			fields=["name", "batch_no", "investigated_on", "investigation_results"],
			limit_page_length=0,
		)
	}
	rows = []
	for one in found:
		what = _standing(one, again[one.name])
		if not filters.standing or what == filters.standing:
			rows.append(_row(one, what, similar.get(one.similar_complaint), regulators))
	message = overview.withheld(("Reportability Decision", regulators))
	return _columns(), rows, message, None, _summary(rows)


def _standing(one: frappe._dict, again: list) -> str:
	if overview.counts(again, "Investigation", one.investigated_on):
		return INVESTIGATED
	if not one.no_investigation_reason:
		return NO_REASON
	if one.no_investigation_approved_on:
		# Approved, and then reportable or opened again: it is investigated all the same.
		return AFTER_ALL if one.workflow_state == rules.INVESTIGATING else APPROVED
	return WAITING if one.no_investigation_on else REJECTED


def _row(
	one: frappe._dict,
	what: str,
	similar: frappe._dict | None,
	regulators: dict[str, list[frappe._dict]] | None,
) -> dict[str, Any]:
	approver = one.no_investigation_approved_by
	other = bool(approver) and approver != one.no_investigation_by and approver not in ACCOUNTS_WITHOUT_PERSON
	return {
		"name": one.name,
		"received_on": one.received_on,
		"customer": one.customer,
		"customer_name": plain(one.customer_name or ""),
		"item_code": one.item_code,
		"batch_no": plain(one.batch_no or ""),
		"severity": _(one.severity or "", context=COMPLAINT),
		"details": plain(overview.short(one.details)),
		"reason": plain(overview.short(one.no_investigation_reason)),
		# One that the reader may not see is not named.
		"similar": similar.name if similar else None,
		"similar_batch": plain(similar.batch_no or "") if similar else "",
		"similar_investigated": int(bool(similar and standing.is_investigated(similar))),
		"proposed_by": plain(one.no_investigation_by_name or ""),
		"proposed_on": one.no_investigation_on,
		"approved_by": plain(one.no_investigation_approved_by_name or ""),
		"approved_on": one.no_investigation_approved_on,
		"by_other": int(other),
		"same_person": int(bool(approver) and not other),
		"comment": plain(overview.short(one.no_investigation_comment)),
		"what": what,
		"standing": _(what),
		"reportable": None if regulators is None else overview.in_short(regulators[one.name]),
		"state": _(one.workflow_state),
		"company": one.company,
	}


def _columns() -> list[dict]:
	return [
		column("name", _(COMPLAINT), "Link", 150, options=COMPLAINT),
		column("received_on", _("Received On", context="Customer Complaint"), "Datetime", 150),
		column("customer_name", _("Customer", context="Contract Review"), "Data", 170),
		link("item_code", _("Item"), "Item", 130),
		column("batch_no", _("Batch No"), "Data", 110),
		column("severity", _("Severity", context="Customer Complaint"), "Data", 90),
		column("details", _("What Is Complained About"), "Data", 220),
		column("standing", _("What Became of It"), "Data", 160),
		column("reason", _("Why It Is Not Investigated"), "Data", 240),
		column("similar", _("Similar Complaint That Was Investigated"), "Link", 150, options=COMPLAINT),
		column("similar_batch", _("Batch of the Similar One"), "Data", 120),
		column("similar_investigated", _("The Similar One Was Investigated"), "Check", 110),
		column("proposed_by", _("Proposed By"), "Data", 130),
		column("proposed_on", _("Proposed On"), "Datetime", 150),
		column("approved_by", _("Approved By"), "Data", 130),
		column("approved_on", _("Approved On"), "Datetime", 150),
		column("by_other", _("Approved by Somebody Else"), "Check", 110),
		column("comment", _("Comment", context="Customer Complaint"), "Data", 160),
		column("reportable", _("Reporting to Regulators"), "Data", 220),
		column("state", _("Status"), "Data", 170),
		column("company", _("Company"), "Data", 130),
	]


def _summary(rows: list[dict]) -> list[dict]:
	if not rows:
		return []
	counted = Counter(row["what"] for row in rows)
	# Neither can be by the doors of the app: whoever writes past them is seen here.
	wrong = counted[NO_REASON] + sum(row["same_person"] for row in rows)
	return [
		figure(_("Not Investigated"), counted[APPROVED]),
		figure(_("Waiting for Approval"), counted[WAITING], "Orange" if counted[WAITING] else "Green"),
		figure(_("Investigated After All"), counted[INVESTIGATED] + counted[AFTER_ALL]),
		figure(_("Without Reason or Second Person"), wrong, "Red" if wrong else "Green"),
	]
