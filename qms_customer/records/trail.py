"""What Frappe logs about records, and deletes after some weeks, is kept with them: e-mails that went out,
notifications, prints and exports, activity (K2; 21 CFR 11.10(c), (e)).

Versions, comments and written e-mails are not deleted at all (protect.py). A row of a log is kept once, as a
line.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from email import message_from_string
from email.header import decode_header, make_header
from typing import Any

import frappe
from frappe.model.document import Document
from frappe.query_builder import DocType
from frappe.utils import add_to_date, cstr, now_datetime, strip_html

from qms_customer.records import texts
from qms_customer.records.kinds import MODULE
from qms_customer.records.protect import is_ours, is_upgrade
from qms_customer.rules import mark

TRAIL = "Record Trail"
BATCH = 500
# How much of a line is kept.
SHORT = 10_000
# An e-mail that is not out yet is kept once it is, or once it has waited so long.
WAITING, SETTLED_AFTER = ("Not Sent", "Sending"), {"days": -1}
COLUMNS = (
	"name",
	"owner",
	"creation",
	"modified",
	"modified_by",
	"reference_doctype",
	"reference_name",
	"kind",
	"happened_on",
	"by_whom",
	"to_whom",
	"state",
	"summary",
	"source_doctype",
	"source_name",
)


@dataclass(frozen=True)
class Log:
	"""A log of Frappe's: where it names the document, what is read of it, and how that reads as a line."""

	kind: str
	doctype: str
	name: str
	fields: tuple[str, ...]
	line: Callable[[Any, str], dict[str, Any]]


def _email(row: Any, recipients: str) -> dict[str, Any]:
	head = message_from_string((row.message or "").partition("\n\n")[0])
	return {
		"by_whom": row.sender,
		"to_whom": recipients,
		"state": row.status,
		"summary": str(make_header(decode_header(head.get("Subject", "")))),
	}


def _notification(row: Any, _recipients: str) -> dict[str, Any]:
	return {
		"by_whom": row.from_user,
		"to_whom": row.for_user,
		"state": row.type,
		"summary": strip_html(row.subject or ""),
	}


def _access(row: Any, _recipients: str) -> dict[str, Any]:
	what = (row.method, row.file_type, row.report_name, row.filters)
	return {
		"by_whom": row.user,
		"to_whom": "",
		"state": row.method,
		"summary": ", ".join(cstr(w) for w in what if w),
	}


def _activity(row: Any, _recipients: str) -> dict[str, Any]:
	return {
		"by_whom": row.user,
		"to_whom": "",
		"state": row.operation or row.status,
		"summary": strip_html(row.subject or ""),
	}


LOGS = {
	"Email Queue": Log(
		mark("E-mail"), "reference_doctype", "reference_name", ("sender", "status", "message"), _email
	),
	"Notification Log": Log(
		mark("Notification"),
		"document_type",
		"document_name",
		("from_user", "for_user", "type", "subject"),
		_notification,
	),
	"Access Log": Log(
		mark("Print or Export"),
		"export_from",
		"reference_document",
		("user", "method", "file_type", "report_name", "filters"),
		_access,
	),
	"Activity Log": Log(
		mark("Activity"),
		"reference_doctype",
		"reference_name",
		("user", "operation", "status", "subject"),
		_activity,
	),
}


def keep() -> None:
	"""Keep what was logged about records since the last time (K2); daily, and before every clean-up.

	Run again, it finds nothing left. A log that cannot be read stops neither the others nor the day's other
	jobs; it is named in the Error Log.
	"""
	for log in LOGS:
		frappe.db.savepoint("qms_trail")
		try:
			_keep(log)
		except Exception:
			frappe.db.rollback(save_point="qms_trail")
			frappe.log_error(title=f"Record Trail: {log}")


def before_clean_up(doc: Document, method: str | None = None) -> None:
	"""Frappe saves its Log Settings each time before it cleans up (doc event): what would go is kept first.

	What cannot be kept is not cleaned up: the error ends the clean-up.
	"""
	if not is_upgrade():
		for log in LOGS:
			_keep(log)


def before_log_is_deleted(doc: Document, method: str | None = None) -> None:
	"""A row of a log that somebody deletes is kept before (doc event; K2)."""
	if is_ours(doc.get(LOGS[doc.doctype].doctype)):
		_keep(doc.doctype, doc.name)


def _keep(doctype: str, name: str = "") -> None:
	for rows in _missing(doctype, name):
		recipients = _recipients(r.name for r in rows) if doctype == "Email Queue" else {}
		_insert([_line(doctype, row, recipients.get(row.name, "")) for row in rows])


def _missing(doctype: str, name: str) -> Iterator[list[Any]]:
	"""Yield the rows of a log that are about records and not kept yet, a batch at a time."""
	log, source, trail = LOGS[doctype], DocType(doctype), DocType(TRAIL)
	fields = ("name", "owner", "creation", log.doctype, log.name, *log.fields)
	last = ""
	while True:
		query = (
			frappe.qb.from_(source)
			.left_join(trail)
			.on((trail.source_doctype == doctype) & (trail.source_name == source.name))
			.select(*(source[f] for f in dict.fromkeys(fields)))
			.where(trail.name.isnull() & source[log.doctype].isin(_ours()))
			.where(source.name == name if name else source.name > last)
			.orderby(source.name)
			.limit(BATCH)
		)
		if doctype == "Email Queue" and not name:
			settled = add_to_date(now_datetime(), **SETTLED_AFTER)
			query = query.where(source.status.notin(WAITING) | (source.creation < settled))
		rows = query.run(as_dict=True)
		if rows:
			yield rows
		if name or len(rows) < BATCH:
			return
		last = rows[-1].name


def _ours() -> list[str]:
	names = frappe.get_all("DocType", filters={"module": MODULE, "istable": 0}, pluck="name")
	return [name for name in names if is_ours(name)]


def _recipients(names: Iterable[str]) -> dict[str, str]:
	found: dict[str, list[str]] = defaultdict(list)
	for row in frappe.get_all(
		"Email Queue Recipient",
		filters={"parent": ("in", list(names)), "parenttype": "Email Queue"},
		fields=["parent", "recipient", "status"],
		order_by="parent, idx",
	):
		found[row.parent].append(f"{row.recipient} ({row.status})" if row.status else row.recipient)
	return {name: ", ".join(some) for name, some in found.items()}


def _line(doctype: str, row: Any, recipients: str) -> dict[str, Any]:
	log = LOGS[doctype]
	try:
		said = log.line(row, recipients)
	except Exception as error:
		# Unreadable, but it was there: who, when and about what is known all the same.
		said = {"by_whom": row.owner, "to_whom": recipients, "state": "", "summary": f"? ({error})"}
	return {
		"reference_doctype": row[log.doctype],
		"reference_name": row[log.name] or "",
		"kind": log.kind,
		"happened_on": row.creation,
		"source_doctype": doctype,
		"source_name": row.name,
		# What stands in an address or a subject is no script here.
		**{key: texts.clean(cstr(value)[:SHORT]) for key, value in said.items()},
	}


def _insert(lines: list[dict[str, Any]]) -> None:
	"""Insert lines in one query; who keeps the same at the same moment is not in the way, and what is too
	long is cut.
	"""
	at, user = now_datetime(), frappe.session.user
	values = [
		tuple(
			{"name": frappe.generate_hash(length=20), "owner": user, "modified_by": user, **line}.get(c, at)
			for c in COLUMNS
		)
		for line in lines
	]
	frappe.db.bulk_insert(TRAIL, list(COLUMNS), values, ignore_duplicates=True)


def of(doctype: str, name: str) -> list[Any]:
	"""Return what was kept about a record, oldest first (K2)."""
	return frappe.get_all(
		TRAIL,
		filters={"reference_doctype": doctype, "reference_name": name},
		fields=["kind", "happened_on", "by_whom", "to_whom", "state", "summary"],
		order_by="happened_on, name",
	)
