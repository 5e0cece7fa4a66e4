"""Reports of the same event: suggested, and linked by a person; nothing is merged away (H1)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import format_datetime, get_datetime, now_datetime
from rapidfuzz import fuzz

from qms_customer.contract import notify, people
from qms_customer.feedback import complaint_inbox, intake
from qms_customer.feedback.decisions import COMPLAINT
from qms_customer.messages import refuse_one
from qms_customer.returns import opened
from qms_customer.rules import feedback as rules
from qms_customer.rules import mark
from qms_customer.rules.people import QUALITY
from qms_customer.rules.sales_record import serials_in

# K2: the event of the chain.
LINKED = mark("Reports of One Event Linked")
# How many of the latest reports on the same item are compared.
MOST = 200
# How much of a text is compared: more says no more, and takes seconds.
LONGEST = 2000
FIELDS = (
	*("name", "subject", "details", "item_code", "batch_no", "serial_no", "contact_email", "contact_phone"),
	*("contact_name", "received_on", "workflow_state"),
)


def suggested(feedback: Document) -> list[dict[str, Any]]:
	"""Return the reports that may be of the same event, the likeliest first, that the user may see; one query
	(H1).
	"""
	if not feedback.item_code:
		return []
	linked = {feedback.name, *(row.feedback for row in feedback.duplicates)}
	rows = {
		row.name: row
		for row in frappe.get_list(
			intake.DOCTYPE,
			filters={"item_code": feedback.item_code, "name": ("not in", sorted(linked))},
			fields=list(FIELDS),
			order_by="received_on desc, name desc",
			limit_page_length=MOST,
		)
	}
	found = rules.duplicates(_like(feedback, ""), (_like(r, _words(feedback)) for r in rows.values()))
	return [{**rows[name], "points": round(points)} for name, points in found]


def named_by(name: str) -> list[str]:
	"""Return the reports that name this one as of the same event (H1)."""
	return frappe.get_all(
		"Feedback Duplicate",
		filters={"feedback": name, "parenttype": intake.DOCTYPE},
		pluck="parent",
		order_by="parent",
	)


def link(name: str, content_hash: str, other: str) -> Document:
	"""Say that another report is of the same event; returns the feedback (H1, C12). Both stay."""
	feedback = intake.locked(name, content_hash)
	opened.require_role("H1", mark("Reports of one event are linked by: {0}."), intake.ASSESSORS)
	if other == name:
		refuse_one("H1", mark("Feedback is not another report of itself."))
	if not frappe.db.exists(intake.DOCTYPE, other):
		refuse_one("H1", mark("There is no feedback {0}."), other)
	twin = intake.readable(other)
	if any(row.feedback == other for row in feedback.duplicates) or name in {
		row.feedback for row in twin.duplicates
	}:
		refuse_one("H1", mark("{0} is linked already."), other)
	feedback.append(
		"duplicates",
		{
			"feedback": other,
			"points": rules.points(_like(feedback, ""), _like(twin, _words(feedback))),
			"linked_by": frappe.session.user,
			"linked_on": now_datetime(),
		},
	)
	opened.save(feedback, LINKED)
	_say_known_earlier(feedback, twin)
	return feedback


def known_earlier(name: str | None, aware_on: Any) -> dict[str, Any] | None:
	"""Return the report of the same event that was known first, if before this time: name and aware_on (H1,
	H4).

	Of those that are linked with feedback and that the user may read; three queries. Clocks of regulators
	count from the first that anybody knew of the event.
	"""
	if not name or not aware_on or not frappe.has_permission(intake.DOCTYPE, "read"):
		return None
	pairs = frappe.get_all(
		"Feedback Duplicate",
		filters={"parenttype": intake.DOCTYPE},
		or_filters={"parent": name, "feedback": name},
		fields=["parent", "feedback"],
		order_by="",
	)
	linked = sorted({one for row in pairs for one in (row.parent, row.feedback)} - {name})
	if not linked:
		return None
	rows = frappe.get_list(
		intake.DOCTYPE,
		filters={"name": ("in", linked)},
		fields=["name", "aware_on", "complaint"],
		limit_page_length=0,
	)
	aware = _aware(rows)
	first = min(aware, key=lambda one: aware[one], default=None)
	if first is None or aware[first] >= get_datetime(aware_on):
		return None
	return {"name": first, "aware_on": aware[first]}


def _aware(rows: Iterable[Any]) -> dict[str, datetime]:
	"""When it was first known, by feedback: as it says, or its complaint if that is earlier; one query."""
	rows = list(rows)
	names = sorted({row.complaint for row in rows if row.complaint})
	of_complaints = dict(
		frappe.get_all(COMPLAINT, {"name": ("in", names or [""])}, ["name", "aware_on"], as_list=True)
	)
	found = {}
	for row in rows:
		times = [get_datetime(t) for t in (row.aware_on, of_complaints.get(row.complaint)) if t]
		if times:
			found[row.name] = min(times)
	return found


def _say_known_earlier(*reports: Document) -> None:
	"""Tell whoever handles the report that was known later, and who has linked it (H1, H4)."""
	aware = _aware(reports)
	for one, other in (reports, reports[::-1]):
		about = frappe.get_doc(COMPLAINT, one.complaint) if one.complaint else one
		if other.name not in aware or not about.aware_on or aware[other.name] >= get_datetime(about.aware_on):
			continue
		text = _(
			"{0} is of the same event and was known earlier, on {1}: use Correct Awareness on {2}."
		).format(other.name, format_datetime(aware[other.name]), about.name)
		users = complaint_inbox.handlers(about) if one.complaint else people.holders(QUALITY)
		notify.tell([u for u in users if people.may_see(u, about)], text, about)
		frappe.msgprint(text, indicator="orange")


def _like(row: Any, words: str) -> rules.Like:
	return rules.Like(
		name=row.name,
		item=row.item_code or "",
		batch=row.batch_no or "",
		serials=frozenset(serials_in(row.serial_no or "")),
		contact=_contact((row.contact_email, row.contact_phone, row.contact_name)),
		words=fuzz.token_set_ratio(words, _words(row)) if words else 0,
	)


def _words(row: Any) -> str:
	return f"{row.subject or ''} {row.details or ''}"[:LONGEST].casefold()


def _contact(ways: Iterable[str | None]) -> str:
	return next((one.strip() for one in ways if one and one.strip()), "")
