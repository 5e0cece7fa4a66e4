"""What the reports about feedback and complaints share: read set by set, whatever the number of complaints
(H1-H5). About patients they say nothing (K7).
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import frappe
from frappe import _
from frappe.query_builder.functions import Max
from frappe.utils import add_days, add_months, get_datetime, getdate, nowdate

from qms_customer.feedback import complaints, decisions, handled, standing
from qms_customer.messages import refuse_one
from qms_customer.records import ledger
from qms_customer.rules import complaint as rules
from qms_customer.rules import complaint_age, mark

COMPLAINT = handled.DOCTYPE
CODE = "Event Code"
MONTHS = 12
# Of free text a report shows the beginning.
SHOWN = 140


def period(filters: frappe._dict) -> tuple[date, date]:
	"""Return the first and the last day that are asked for: the twelve months until today, unless said
	otherwise. Raises QMSRefusal.
	"""
	last = getdate(filters.to_date or nowdate())
	first = getdate(filters.from_date or add_months(last, -MONTHS))
	if first > last:
		refuse_one("H5", mark("The period ends before it begins: {0} to {1}."), first, last)
	return first, last


def within(field: str, first: date | str | None, last: date | str | None) -> list[list]:
	"""Return the conditions that a time is on these days, from the first moment to the last."""
	found = [[field, ">=", str(getdate(first))]] if first else []
	return found + ([[field, "<", str(getdate(add_days(last, 1)))]] if last else [])


def equal(filters: frappe._dict, *fields: str) -> list[list]:
	"""Return the conditions of the filters that are set."""
	return [[field, "=", filters[field]] for field in fields if filters.get(field)]


def rows_of(doctype: str, table: str, parents: Iterable[str], *fields: str) -> dict[str, list[frappe._dict]]:
	"""Return by document the rows of one of its tables; one query. Who may read the documents is asked
	before.
	"""
	found: dict[str, list[frappe._dict]] = defaultdict(list)
	for row in frappe.get_all(
		table,
		filters={"parenttype": doctype, "parent": ("in", list(parents) or [""])},
		fields=["parent", *fields],
		order_by="parent, idx",
	):
		found[row.parent].append(row)
	return found


def reopenings(names: Iterable[str]) -> dict[str, list[tuple[str, datetime]]]:
	"""Return by complaint at which step it was opened again, and when, as the rules take it; one query
	(H5).
	"""
	found = rows_of(COMPLAINT, "Complaint Reopening", names, "again", "reopened_on")
	return defaultdict(
		list, {name: [(r.again, get_datetime(r.reopened_on)) for r in rows] for name, rows in found.items()}
	)


def followed(names: Iterable[str]) -> dict[str, date]:
	"""Return by complaint when its state last changed with a document of it; one query (H4, H5)."""
	snapshot = frappe.qb.DocType(ledger.SNAPSHOT)
	return {
		name: getdate(on)
		for name, on in frappe.qb.from_(snapshot)
		.select(snapshot.reference_name, Max(snapshot.recorded_on))
		.where((snapshot.reference_doctype == COMPLAINT) & (snapshot.event == complaints.FOLLOWED))
		.where(snapshot.reference_name.isin(list(names) or [""]))
		.groupby(snapshot.reference_name)
		.run()
	}


def regulators(names: Iterable[str]) -> dict[str, list[frappe._dict]] | None:
	"""Return by complaint what was decided in which regime, None to who may not read that; one query (H4)."""
	if not frappe.has_permission(decisions.DOCTYPE, "read"):
		return None
	found: dict[str, list[frappe._dict]] = defaultdict(list)
	for row in frappe.get_list(
		decisions.DOCTYPE,
		filters={"complaint": ("in", list(names) or [""])},
		fields=["complaint", "regime", "decision"],
		order_by="complaint, regime",
		limit_page_length=0,
	):
		found[row.complaint].append(row)
	return found


def in_short(rows: Iterable[frappe._dict]) -> str:
	"""Return the decisions of a complaint in a line: the regimes by what was decided (H4)."""
	by_decision: dict[str, list[str]] = defaultdict(list)
	for row in rows:
		by_decision[row.decision].append(row.regime)
	return "; ".join(
		f"{_(what, context=decisions.DOCTYPE)}: {', '.join(regimes)}"
		for what, regimes in sorted(by_decision.items())
	)


def withheld(*readable: tuple[str, object]) -> str | None:
	"""Return what a report says of what its reader may not read: pairs of a DocType and what was read."""
	missing = ", ".join(_(doctype) for doctype, found in readable if found is None)
	return _("Not shown, as you may not read them: {0}.").format(missing) if missing else None


def terms(codes: Iterable[str | None]) -> dict[str, str]:
	"""Return by code of the tree the code with its term in the reader's language; one query (H8)."""
	chinese = (frappe.local.lang or "").startswith("zh")
	wanted = sorted({code for code in codes if code}) or [""]
	return {
		row.name: " ".join(filter(None, (row.name, (chinese and row.term_zh) or row.term)))
		for row in frappe.get_all(
			CODE, filters={"name": ("in", wanted)}, fields=["name", "term", "term_zh"], order_by="name"
		)
	}


def waited_for(names: Iterable[str]) -> dict[str, list[str]]:
	"""Return by complaint in whose inbox it is; one query (L3)."""
	todo, user = frappe.qb.DocType("ToDo"), frappe.qb.DocType("User")
	found: dict[str, list[str]] = defaultdict(list)
	for name, allocated, full_name in (
		frappe.qb.from_(todo)
		.left_join(user)
		.on(user.name == todo.allocated_to)
		.select(todo.reference_name, todo.allocated_to, user.full_name)
		.where((todo.reference_type == COMPLAINT) & (todo.status == "Open"))
		.where(todo.reference_name.isin(list(names) or [""]))
		.orderby(todo.reference_name, user.full_name)
		.run()
	):
		person = full_name or allocated
		if person and person not in found[name]:
			found[name].append(person)
	return found


def counts(again: list[tuple[str, datetime]], step: str, on: Any) -> bool:
	"""Return whether what was done at a step still counts where a complaint was opened again (H5)."""
	return standing.counts(on, rules.counts_from(again, step))


def in_words(timeliness: str) -> str:
	"""Return how what was due stands, in the reader's language."""
	return {
		complaint_age.IN_TIME: _("In Time", context="Timeliness"),
		complaint_age.LATE: _("Late", context="Timeliness"),
		complaint_age.DUE: _("Due", context="Timeliness"),
		complaint_age.OVERDUE: _("Overdue"),
	}.get(timeliness, "")


def short(text: str | None) -> str:
	"""Return the beginning of a text in one line."""
	line = " ".join((text or "").split())
	return line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"


def column(name: str, label: str, kind: str, width: int, **more: Any) -> dict:
	"""Return a column of a report."""
	return {"fieldname": name, "label": label, "fieldtype": kind, "width": width, **more}


def link(name: str, label: str, doctype: str, width: int) -> dict:
	"""Return a column that leads to documents, where the reader may read such: else Frappe would refuse the
	whole report.
	"""
	if frappe.has_permission(doctype, "read"):
		return column(name, label, "Link", width, options=doctype)
	return column(name, label, "Data", width)


def bars(labels: list[str], sets: list[tuple[str, list, str]]) -> dict | None:
	"""Return a chart of stacked bars: of each set its name, its values and its colour."""
	if not any(any(values) for _name, values, _colour in sets):
		return None
	return {
		"data": {
			"labels": labels,
			"datasets": [{"name": name, "values": values} for name, values, _colour in sets],
		},
		"type": "bar",
		"disableEntryAnimation": 1,  # redrawn while it grows, Frappe's chart throws
		"barOptions": {"stacked": 1},
		"colors": [colour for _name, _values, colour in sets],
	}


def figure(label: str, value: int | float | str, colour: str = "", kind: str = "Int") -> dict:
	"""Return a number above a report."""
	return {
		"label": label,
		"value": value,
		"datatype": kind,
		**({"indicator": colour} if colour else {}),
	}
