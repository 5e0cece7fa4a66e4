"""Patient data in tests: what is recorded, and where of it something might be found."""

from __future__ import annotations

from typing import Any

import frappe
from frappe.model.document import Document

from qms_customer.feedback import patient_grant, patient_show
from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support import feedback as f
from tests.support.people import as_user
from tests.support.staged import staged

# Words that stand nowhere else.
PATIENT = {
	"patient_reference": "PZX-9417",
	"patient_age": "61 y zx",
	"patient_sex": "F zx",
	"patient_details": "Stroke after the puncture,\nzxq ward 7",
}
WORDS = ("PZX-9417", "61 y zx", "F zx", "Stroke after", "zxq ward")


@staged
def recorded(world: c.World, by: str = roles.QUALITY, **more: Any) -> Document:
	"""Return feedback that somebody has recorded with what is known of a patient."""
	with as_user(world.person(by)):
		return frappe.get_doc(f.values(**{**PATIENT, **more})).insert()


def read(user: str, doc: Document) -> dict[str, str]:
	"""Show a user the patient data of a record."""
	with as_user(user):
		return patient_show.show(doc.doctype, doc.name)


@staged
def granted(world: c.World, to: str, doc: Document, until: str = "", whole: bool = False) -> Document:
	"""Let the management representative grant somebody a case, or its whole company."""
	with as_user(world.person(roles.MANAGEMENT_REPRESENTATIVE)):
		return patient_grant.grant(
			to, until or frappe.utils.nowdate(), "Audit of 8.2.2", doc.company, None if whole else doc
		)


def accesses(doc: Document) -> list[frappe._dict]:
	"""Return who has read the patient data of feedback, in order."""
	return frappe.get_all(
		"Patient Data Access",
		filters={"feedback": doc.name},
		fields=["name", "user", "how", "role", "patient_data_grant", "document_name"],
		order_by="creation, name",
	)


def leaks(text: object) -> list[str]:
	"""Return which of the words of the patient stand in something."""
	shown = text if isinstance(text, str) else frappe.as_json(text)
	return [word for word in WORDS if word in shown]


def tables_with(*words: str) -> list[str]:
	"""Return the tables of the site in which one of the words stands, whatever the column."""
	columns: dict[str, list[str]] = {}
	for table, column in frappe.db.sql(
		"""select table_name, column_name from information_schema.columns where table_schema = database()
		and data_type in ('char', 'varchar', 'text', 'mediumtext', 'longtext', 'tinytext', 'json')"""
	):
		columns.setdefault(table, []).append(column)
	found = []
	for table, names in columns.items():
		text = "concat_ws('|', " + ", ".join(f"`{name}`" for name in names) + ")"
		where = " or ".join([f"{text} like %s"] * len(words))
		if frappe.db.sql(f"select 1 from `{table}` where {where} limit 1", [f"%{w}%" for w in words]):
			found.append(table)
	return found
