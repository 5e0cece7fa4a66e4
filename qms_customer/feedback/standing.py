"""Where a complaint stands (H3, H5): read from what it says, and from the documents opened for it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import cint, get_datetime, now_datetime

from qms_customer.contract import states
from qms_customer.feedback import reporting
from qms_customer.rules import complaint as rules

# What is opened in ERPNext, or here, for a complaint: the field of its row, and since when it is done.
DONE = {
	"non_conformance": ("Non Conformance", "status", ("Resolved",)),
	"quality_action": ("Quality Action", "status", ("Completed",)),
	"return_slip": (
		"Return Slip",
		"workflow_state",
		(states.RETURN_CLOSED, states.RETURN_REJECTED, states.RETURN_WITHDRAWN),
	),
}


def settle(doc: Document) -> None:
	"""Set the state of a complaint to what follows from what it says; the caller saves it (H3, H5)."""
	doc.workflow_state = rules.state(standing(doc))
	if doc.workflow_state != rules.CLOSED:
		doc.closed_on = None
	elif not doc.closed_on:
		doc.closed_on = now_datetime()


def standing(doc: Document) -> rules.Standing:
	"""Return what is known of a complaint as the rules take it."""
	again = _reopenings(doc)
	checked = counts(doc.checked_on, rules.counts_from(again, "Effectiveness"))
	return rules.Standing(
		accounted=_accounted(doc, again),
		acting=(
			not counts(doc.actions_on, rules.counts_from(again, "Actions"))
			# What was added since was not decided on, nor whether it is checked.
			or any(counts(row.added_on, get_datetime(doc.actions_on)) for row in doc.corrections)
			or any(one.open for one in actions(doc))
			or bool(reporting.undecided(doc.name))
		),
		replied=any(
			one.kind == rules.FINAL and counts(one.replied_on, rules.counts_from(again, "Reply"))
			for one in doc.reply
		),
		check_needed=bool(cint(doc.check_needed)),
		effective={"Yes": True, "No": False}.get(doc.effective) if checked else None,
		closings=frozenset(closings(doc)),
	)


def closings(doc: Document) -> dict[str, str]:
	"""Return by role who has signed the closing, since the complaint was last opened again (H5)."""
	since = rules.counts_from(_reopenings(doc), "Closing")
	return {row.role: row.closed_by for row in doc.closings if counts(row.closed_on, since)}


def actions(doc: Document) -> list[frappe._dict]:
	"""Return the actions on a complaint, each with what it names and whether it is open (H5)."""
	return actions_of(doc.corrections)


def actions_of(rows: Iterable[Any]) -> list[frappe._dict]:
	"""Return the actions in these rows, of one complaint or of many; a query for each kind of document (H5).

	A Non Conformance that was cancelled settles nothing by itself, nor a Quality Action whose steps were
	taken out, nor what is gone: somebody signs for it on the complaint.
	"""
	rows = list(rows)
	known = {field: _states(field, rows) for field in DONE}
	found = []
	for row in rows:
		field = next((f for f in DONE if row.get(f)), "")
		doctype, _column, done = DONE.get(field, ("", "", ()))
		state = known[field].get(row.get(field), "") if field else ""
		waiting = state == "Open" or (field == "return_slip" and state and state not in done)
		found.append(
			frappe._dict(
				row=row,
				doctype=doctype,
				document=row.get(field) if field else "",
				state=state,
				# What is still open there is not signed off here.
				may_finish=not row.done_on and not waiting and state not in done,
				open=waiting or (state not in done and not row.done_on),
			)
		)
	return found


def is_investigated(doc: Any) -> bool:
	"""Return whether a complaint was ever investigated: another may rest on it (H3)."""
	return bool(doc.investigated_on and doc.investigation_results)


def counts(on: Any, since: datetime | None) -> bool:
	"""Return whether what was done at a time still counts."""
	return bool(on) and (since is None or get_datetime(on) > since)


def _accounted(doc: Document, again: list[tuple[str, datetime]]) -> bool:
	since = rules.counts_from(again, "Investigation")
	if counts(doc.investigated_on, since):
		return True
	if not counts(doc.no_investigation_approved_on, since):
		return False
	# What turns out to be reportable is investigated after all.
	return not reporting.reportable(doc.name)


def _reopenings(doc: Document) -> list[tuple[str, datetime]]:
	return [(row.again, get_datetime(row.reopened_on)) for row in doc.reopenings]


def _states(field: str, rows: Iterable[Any]) -> dict[str, str]:
	names = sorted({row.get(field) for row in rows if row.get(field)})
	if not names:
		return {}
	doctype, column, _done = DONE[field]
	found = dict(frappe.get_all(doctype, {"name": ("in", names)}, ["name", column], as_list=True))
	if field == "quality_action":
		# ERPNext takes an action without steps for completed.
		steps = set(
			frappe.get_all(
				"Quality Action Resolution",
				{"parenttype": doctype, "parent": ("in", names)},
				pluck="parent",
				distinct=True,
			)
		)
		found = {name: state if name in steps else "" for name, state in found.items()}
	return found
