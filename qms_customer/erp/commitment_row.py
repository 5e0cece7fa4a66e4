"""Rows of contract documents that are saved alone, not with their document (E8).

Update Items and `frappe.client.save` write single rows; then only the row's own events fire. A row that is saved
with its document fires none, so these handlers cost nothing there.
"""

import frappe
from frappe.model.document import Document

from qms_customer.contract.content import CONTRACT_DOCTYPES
from qms_customer.contract.facts import is_gated
from qms_customer.messages import refuse_one
from qms_customer.rules import content as rules
from qms_customer.rules import mark
from qms_customer.rules.fields import NOT_COMMITTED


def before_insert(row: Document, method: str | None = None) -> None:
	"""Refuse a new row on a committed contract (E8)."""
	if _committed_parent(row):
		_refuse(row)


def before_validate(row: Document, method: str | None = None) -> None:
	"""Refuse a row saved alone, before anything is written (E8)."""
	if not row.is_new() and _changed(row) and _committed_parent(row):
		_refuse(row)


def before_change(row: Document, method: str | None = None) -> None:
	"""Refuse single committed fields of a row written past the form (E8)."""
	if _changed(row) and _committed_parent(row):
		_refuse(row)


def before_removal(row: Document, method: str | None = None) -> None:
	"""Refuse to cancel or delete a row of a committed contract (E8)."""
	if _committed_parent(row):
		_refuse(row)


def _changed(row: Document) -> bool:
	before = row.get_doc_before_save()
	if before is None:
		return True
	out = NOT_COMMITTED.get(row.doctype, {})
	columns = {
		f.fieldname: rules.NUMBER
		if f.fieldtype in ("Currency", "Float", "Percent", "Int", "Check")
		else rules.TEXT
		for f in row.meta.fields
		if f.fieldname not in out
	}
	return any(
		rules.normal(row.get(name), kind) != rules.normal(before.get(name), kind)
		for name, kind in columns.items()
	)


def _committed_parent(row: Document) -> bool:
	if row.get("parenttype") not in CONTRACT_DOCTYPES or not row.get("parent"):
		return False
	parents = _cache()
	key = (row.parenttype, row.parent)
	if key not in parents:
		parent = frappe.db.get_value(row.parenttype, row.parent, "docstatus")
		parents[key] = parent == 1 and is_gated(frappe.get_doc(row.parenttype, row.parent))
	return parents[key]


def _cache() -> dict:
	"""By request: Update Items saves many rows of one document, whose docstatus is asked once."""
	request = getattr(frappe.local, "request", None)
	if not request:
		return {}
	if not hasattr(frappe.local, "qms_committed_parents"):
		frappe.local.qms_committed_parents = {}
	return frappe.local.qms_committed_parents


def _refuse(row: Document) -> None:
	refuse_one(
		"E8",
		mark(
			"{0} is committed. Its rows are not changed here. A change goes through a contract change notice."
		),
		row.parent,
	)
