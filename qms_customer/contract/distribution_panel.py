"""What the forms show of what follows a change: on an acknowledgement, and on its notice (E6, E7)."""

import json
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import format_date, format_datetime, getdate, nowdate

from qms_customer.contract import changed_rows, distribution, people, telling
from qms_customer.contract.proposed import NOTICE
from qms_customer.contract.settings import departments
from qms_customer.messages import say, term
from qms_customer.rules import mark
from qms_customer.rules.people import FINANCE
from qms_customer.shown import render

# Of what is affected, what is shown of how it stands today.
_TODAY = {
	"Work Order": ("status", "production_item", "qty", "planned_end_date"),
	"Job Card": ("status", "operation", "for_quantity", "expected_end_date"),
	"Production Plan": ("status",),
}


def of_acknowledgement(record: Document) -> dict[str, Any]:
	"""Return what the form of an acknowledgement shows, the hash to send back, and whether this person may
	acknowledge (E6).
	"""
	notice = frappe.get_doc(NOTICE, record.change_notice)
	user = frappe.session.user
	mine = record.docstatus == 0 and record.department_role in people.own_roles(user)
	standing, colour = _standing(record, mine)
	html = render(
		"panels/acknowledgement.html",
		record=record,
		notice=notice,
		changes=changed_rows.rows(notice),
		affected=_affected(record),
		others=[_shown(one) for one in distribution.of_notice(notice.name) if one.name != record.name],
	)
	return {
		"html": html,
		"standing": standing,
		"colour": colour,
		"hash": record.fingerprint,
		"may_acknowledge": mine,
		"by_workflow": record.department_role in {FINANCE, *(d.role for d in departments())},
	}


def of_notice(notice: Document) -> dict[str, Any]:
	"""Return what the form of a notice shows of its distribution, and whether this person may tell the
	customer; nothing while it is not decided (E6, E7).
	"""
	if notice.docstatus != 1:
		return {"html": "", "may_tell": False}
	given = [_shown(one) for one in distribution.of_notice(notice.name)]
	return {
		"html": render(
			"panels/distribution.html",
			notice=notice,
			acknowledgements=given,
			told=say(
				mark("Told on {0}: {1}, {2}, by {3}."),
				[
					format_datetime(notice.told_on),
					_(notice.told_how or "", context="Contract Change Notice"),
					notice.told_whom or "–",
					people.full_name(notice.told_by or ""),
				],
			)
			if notice.told_on
			else "",
		),
		"may_tell": telling.may_tell(notice, frappe.session.user),
		"told": bool(notice.told_on),
	}


def _shown(one: frappe._dict) -> dict[str, Any]:
	late = one.docstatus == 0 and one.due_date and getdate(one.due_date) < getdate(nowdate())
	if one.docstatus == 1:
		text, colour = mark("Acknowledged"), "green"
	else:
		text, colour = (mark("Overdue"), "red") if late else (mark("Awaiting Acknowledgement"), "orange")
	return {
		"name": one.name,
		"department": one.department,
		"state": text,
		"colour": colour,
		"by": one.acknowledged_by_name,
		"on": one.acknowledged_on,
		"due": one.due_date,
		"comment": one.comment if one.comment != "/" else "",
	}


def _standing(record: Document, mine: bool) -> tuple[str, str]:
	if record.docstatus == 1:
		when = format_datetime(record.acknowledged_on)
		return say(mark("Acknowledged by {0} on {1}."), [record.acknowledged_by_name, when]), "green"
	if mine:
		return _("Your department is asked to acknowledge this change: Actions > Acknowledge."), "blue"
	return say(
		mark("It waits for: {0}, until {1}."), [record.department, format_date(record.due_date)]
	), "blue"


def _affected(record: Document) -> list[dict[str, Any]]:
	"""What is open in production for the lines that changed, as it stood then and stands today; one query a
	kind of document.
	"""
	found = json.loads(record.affected or "[]")
	today: dict[tuple[str, str], frappe._dict] = {}
	for kind, fields in _TODAY.items():
		if names := [one["name"] for one in found if one["kind"] == kind]:
			# What is told of these, and no more, the department needs for the change.
			for row in frappe.get_all(kind, filters={"name": ("in", names)}, fields=["name", *fields]):
				today[(kind, row.name)] = row
	rows = []
	for one in found:
		now = today.get((one["kind"], one["name"])) or frappe._dict()
		late = not one["ends"] or (one["due"] and one["ends"][:10] > one["due"][:10])
		rows.append(
			{
				"kind": one["kind"],
				"name": one["name"],
				"ends": format_date(one["ends"]) if one["ends"] else _("unknown", context="Production Plan"),
				"due": format_date(one["due"]) if one["due"] else "–",
				"late": bool(late),
				"status": term(_(now.status)) if now.status else _("no longer there"),
				"what": now.production_item or now.operation or "",
				"may_open": frappe.has_permission(one["kind"], "read"),
			}
		)
	return rows
