"""Reports of the same event: suggested, and linked by a person; nothing is merged away (H1)."""

from collections.abc import Iterable
from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import now_datetime
from rapidfuzz import fuzz

from qms_customer.feedback import intake
from qms_customer.messages import refuse_one
from qms_customer.returns import opened
from qms_customer.rules import feedback as rules
from qms_customer.rules import mark
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
	return feedback


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
