"""Transaction Deletion Record: a company's transactions may be deleted, our records are not (C10)."""

import frappe
from frappe.model.document import Document

from qms_customer.messages import refuse_one
from qms_customer.records.kinds import MODULE
from qms_customer.rules import mark


def before_submit(doc: Document, method: str | None = None) -> None:
	"""Refuse a deletion from whose exclusions somebody took our records."""
	_refuse(doc)


def before_update_after_submit(doc: Document, method: str | None = None) -> None:
	"""The same for what is altered before the deletion starts."""
	_refuse(doc)


def before_change(doc: Document, method: str | None = None) -> None:
	"""The same when it starts: its table may have been altered by itself."""
	if doc.docstatus == 1 and doc.status in ("Queued", "Running"):
		_refuse(frappe.get_doc(doc.doctype, doc.name))


def _refuse(doc: Document) -> None:
	ignored = {row.doctype_name for row in doc.doctypes_to_be_ignored}
	company = frappe.get_all(
		"DocField", filters={"fieldtype": "Link", "options": "Company"}, pluck="parent", distinct=True
	)
	# ERPNext deletes nothing of a single document: our settings, which name a company, need no exclusion.
	ours = frappe.get_all(
		"DocType",
		filters={"module": MODULE, "istable": 0, "issingle": 0, "name": ("in", company)},
		pluck="name",
	)
	if missing := sorted(set(ours) - ignored):
		refuse_one(
			"C10",
			mark("Records are not deleted with the transactions of a company. Leave these excluded: {0}."),
			", ".join(missing),
		)
