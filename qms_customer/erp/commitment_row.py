"""Rows of contracts and of our own records that are saved alone, not with their document (E8, K2).

Update Items and `frappe.client.save` write single rows; then only the row's own events fire. A row that is
saved with its document fires none, so these handlers cost nothing there.
"""

from typing import NoReturn

import frappe
from frappe.model.document import Document

from qms_customer.contract import permit, scope
from qms_customer.contract.content import CONTRACT_DOCTYPES, schema
from qms_customer.contract.facts import is_gated
from qms_customer.contract.settings import DOCTYPE as SETTINGS
from qms_customer.erp.release import goods_items
from qms_customer.messages import refuse_one
from qms_customer.records.kinds import is_record, stored_name
from qms_customer.rules import content as rules
from qms_customer.rules import mark

# Where a row belongs: a row moved to another document is one less here and one more there.
PLACE = ("parenttype", "parent", "parentfield")


def before_insert(row: Document, method: str | None = None) -> None:
	"""Refuse a row on a committed contract (E8) or a record (K2), and goods on an order of services (C1)."""
	_refuse_row_of_record(row)
	if place := _place(row):
		_refuse_if_committed(place, row)


def before_validate(row: Document, method: str | None = None) -> None:
	"""Refuse a row saved alone, before anything is written (E8)."""
	if row.is_new():
		return
	_refuse_change(row)


def before_change(row: Document, method: str | None = None) -> None:
	"""Refuse single committed fields of a row written past the form (E8)."""
	_refuse_change(row)


def on_update_after_submit(row: Document, method: str | None = None) -> None:
	"""Refuse a row saved with `flags.ignore_validate`, and put back what was stored (E8)."""
	before = row.get_doc_before_save()
	if not row.flags.ignore_validate or before is None:
		return
	try:
		_refuse_change(row)
	except frappe.ValidationError:
		before.db_update()
		raise


def before_removal(row: Document, method: str | None = None) -> None:
	"""Refuse to cancel or delete a row of a committed contract (E8)."""
	_refuse_row_of_record(row)
	for place in _places(row):
		_refuse_if_committed(place)


def forget(parent: Document) -> None:
	"""A document was submitted: what this request remembers about it is old."""
	_cache().pop((parent.doctype, parent.name), None)


def _refuse_row_of_record(row: Document) -> None:
	"""K2, C9: a row of a record or of the settings is written with its document, never alone.

	Saved alone it would pass neither the record's own checks nor the count of its moves.
	"""
	for one in (row, row.get_doc_before_save()):
		kind = stored_name(one.get("parenttype")) if one else ""
		if kind and (kind == SETTINGS or is_record(kind)):
			refuse_one(
				"K2",
				mark("Rows of {0} {1} are not changed by themselves. Open it and use its form."),
				kind,
				one.get("parent") or "",
			)


def _refuse_change(row: Document) -> None:
	_refuse_row_of_record(row)
	if not (places := _places(row)):
		return
	if _changed(row, places[0]):
		for place in places:
			_refuse_if_committed(place, row)


def _places(row: Document) -> list[tuple[str, str, str]]:
	"""The tables of contracts that the row stands in now and stood in before, that count."""
	before = row.get_doc_before_save()
	found = [_place(row), _place(before) if before else None]
	return list(dict.fromkeys(p for p in found if p))


def _place(row: Document) -> tuple[str, str, str] | None:
	doctype, parent, table = (row.get(name) or "" for name in PLACE)
	doctype = stored_name(doctype)
	if doctype not in CONTRACT_DOCTYPES or not parent:
		return None
	tables = schema(doctype).tables
	# The database finds "Items" where "items" is asked for: a table that no form knows counts as well.
	if table not in tables and frappe.get_meta(doctype).get_field(table):
		return None
	return doctype, parent, table


def _changed(row: Document, place: tuple[str, str, str]) -> bool:
	before = row.get_doc_before_save()
	if before is None or any(row.get(n) != before.get(n) for n in (*PLACE, "docstatus")):
		return True
	columns = schema(place[0]).tables.get(place[2])
	return columns is None or any(
		rules.normal(row.get(name), kind) != rules.normal(before.get(name), kind)
		for name, kind in columns.items()
	)


def _refuse_if_committed(place: tuple[str, str, str], row: Document | None = None) -> None:
	doctype, name, _table = place
	if permit.allows(doctype, name):
		return
	parents = _cache()
	if (doctype, name) not in parents:
		committed = frappe.db.get_value(doctype, name, "docstatus") == 1
		parent = frappe.get_doc(doctype, name) if committed else None
		gated = parent is not None and is_gated(parent)
		parents[doctype, name] = (committed, gated, parent.company if parent else "")
	committed, gated, company = parents[doctype, name]
	if gated:
		_refuse(doctype, name)
	# Asked only where services are not reviewed, or not all goods: then no order that was submitted without a
	# review turns into one that needs it.
	code = row.get("item_code") if row and committed and doctype == "Sales Order" else ""
	if code and scope.covered_items(company, [code]) and goods_items([code]):
		refuse_goods(name)


def refuse_goods(name: str) -> NoReturn:
	"""Refuse goods on an order that was submitted without a review because it needed none (C1)."""
	refuse_one(
		"C1",
		mark(
			"{0} was submitted as an order that needs no review. Goods that need one are not added to it: "
			"make an order of their own for them."
		),
		name,
	)


def _cache() -> dict[tuple[str, str], tuple[bool, bool, str]]:
	"""By request: Update Items saves many rows of one document, whose docstatus is asked once."""
	if not getattr(frappe.local, "request", None):
		return {}
	if not hasattr(frappe.local, "qms_committed_parents"):
		frappe.local.qms_committed_parents = {}
	return frappe.local.qms_committed_parents


def _refuse(doctype: str, parent: str) -> None:
	refuse_one(
		"E8",
		mark(
			"{0} is committed. Its rows are not changed here. A change goes through a contract change notice."
		),
		parent,
		notice_of=parent if doctype == "Sales Order" else "",
	)
