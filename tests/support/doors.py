"""Trying doors: people with full rights in ERPNext, what is stored before and after, and the ways in."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import frappe
import pytest
from frappe.model.document import Document

from qms_customer.messages import QMSRefusal
from tests.support.people import as_user, make_user

ADMINISTRATOR, FULL_RIGHTS = "Administrator", "full rights"
WHO = [ADMINISTRATOR, FULL_RIGHTS]
# Everything that ERPNext and frappe have to give; none of our roles.
ERP_ROLES = (
	"System Manager",
	"Sales User",
	"Sales Manager",
	"Sales Master Manager",
	"Stock User",
	"Stock Manager",
	"Item Manager",
	"Accounts User",
	"Accounts Manager",
	"Purchase User",
	"Purchase Manager",
	"Purchase Master Manager",
	"Manufacturing User",
	"Manufacturing Manager",
	"Maintenance Manager",
)
OUR_DOCTYPES = (
	"Contract Review",
	"Contract Review Opinion",
	"Review Action",
	"Approved Content",
	"Contract Status Change",
	"Record Alias",
	"Delivery Authorisation",
)


def login(who: str) -> str:
	"""Return the user who tries the door."""
	return ADMINISTRATOR if who == ADMINISTRATOR else make_user(*ERP_ROLES)


def stored(doctype: str, name: str) -> dict[str, Any]:
	"""Return all that the database holds of a document: its row and the rows of all its tables.

	Not who has looked at it: frappe notes that before it asks anybody (`_seen`).
	"""
	table = frappe.qb.DocType(doctype)
	found = {doctype: frappe.qb.from_(table).select("*").where(table.name == name).run(as_dict=True)}
	for field in frappe.get_meta(doctype).get_table_fields():
		child = frappe.qb.DocType(field.options)
		found[field.fieldname] = (
			frappe.qb.from_(child)
			.select("*")
			.where(
				(child.parent == name)
				& (child.parenttype == doctype)
				& (child.parentfield == field.fieldname)
			)
			.orderby(child.name)
			.run(as_dict=True)
		)
	for row in found[doctype]:
		row.pop("_seen", None)
	return found


def counts() -> dict[str, int]:
	"""Return how many rows there are of whatever a door might leave half done."""
	names = (*OUR_DOCTYPES, "Sales Order", "Sales Order Item", "Quotation", "Blanket Order", "Packed Item")
	return {name: frappe.db.count(name) for name in names}


@contextlib.contextmanager
def nothing_changes(*documents: Document) -> Iterator[None]:
	"""Fail if the block changes these documents, or makes or removes rows of contracts or records."""
	before = [stored(d.doctype, d.name) for d in documents], counts()
	yield
	after = [stored(d.doctype, d.name) for d in documents], counts()
	assert after == before, _difference(before, after)


def _difference(before: tuple[list, dict], after: tuple[list, dict]) -> list[str]:
	"""What changed, in words: this module's asserts are not rewritten by pytest."""
	found = [f"{k}: {before[1][k]} -> {v}" for k, v in after[1].items() if before[1][k] != v]
	for old, new in zip(before[0], after[0], strict=True):
		for table, rows in new.items():
			for was, is_ in zip(old[table], rows, strict=False):
				found += [f"{table}.{f}: {was[f]!r} -> {v!r}" for f, v in is_.items() if was[f] != v]
			if len(old[table]) != len(rows):
				found.append(f"{table}: {len(old[table])} -> {len(rows)} rows")
	return found


@contextlib.contextmanager
def refused(rule: str, *documents: Document, user: str | None = None, words: str = "") -> Iterator[None]:
	"""Expect a refusal that names the rule, with nothing changed though nothing is rolled back either."""
	with nothing_changes(*documents):
		with as_user(user or frappe.session.user), pytest.raises(QMSRefusal) as refusal:
			yield
		text = str(refusal.value)
		assert text.startswith(f"{rule}:") and words in text, text
	frappe.clear_messages()


def sent(doc: Document, **changes: Any) -> str:
	"""Return a document as a form would send it back, with changes."""
	return frappe.as_json({**json.loads(doc.as_json()), **changes})


def fresh(doc: Document) -> Document:
	"""Return the document as it is stored."""
	return frappe.get_doc(doc.doctype, doc.name)


def copied(doc: Document) -> dict[str, Any]:
	"""Return a document's values for a new one, as an API client would send them."""
	copy = json.loads(frappe.copy_doc(doc).as_json())
	for values in (copy, *(r for v in copy.values() if isinstance(v, list) for r in v)):
		for key in (
			"name",
			"owner",
			"creation",
			"modified",
			"modified_by",
			"parent",
			"__islocal",
			"__unsaved",
		):
			values.pop(key, None)
	return copy
