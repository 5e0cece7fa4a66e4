"""What a contract would say: the proposal of a notice, and the document as it would read (E1, E2, C1, C9).

Reviews of a change are of this content, not of the one that stands.
"""

import copy
import json
from collections.abc import Iterable, Mapping
from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import flt

from qms_customer.contract import content
from qms_customer.messages import refuse_one
from qms_customer.rules import content as content_rules
from qms_customer.rules import mark
from qms_customer.rules import notice as rules
from qms_customer.rules.content import DATE, NUMBER, TEXT, normal

NOTICE, ORDER = "Contract Change Notice", "Sales Order"
# What of a line can be proposed, and of what kind it is.
LINE_FIELDS = {
	"qty": NUMBER,
	"uom": TEXT,
	"conversion_factor": NUMBER,
	"rate": NUMBER,
	"delivery_date": DATE,
}


def proposal_of(notice: Document) -> rules.Proposal:
	"""Return what a notice proposes: only what differs from the order as it stood when it was made (E1)."""
	if notice.kind != rules.CHANGE:
		return rules.Proposal(notice.kind)
	rows = tuple(change for change in (_row_change(line) for line in notice.lines) if change)
	return rules.Proposal(notice.kind, rows, head_changes(notice))


def head_changes(notice: Document) -> dict[str, Any]:
	"""Return the terms of the head that a notice changes, with their new values (E1)."""
	if not notice.old_content:
		return {}
	shape, old = content.schema(ORDER), json.loads(notice.old_content)
	found: dict[str, Any] = {}
	for name in rules.HEAD_FIELDS:
		new = notice.get(f"new_{name}")
		if name in rules.HEAD_TABLES:
			rows = [_plain_row(shape.tables[name], row) for row in new or ()]
			if not same_rows(shape, name, rows, old):
				found[name] = rows
		elif normal(new, shape.fields[name]) != old["fields"].get(name, ""):
			found[name] = flt(new) if shape.fields[name] == NUMBER else (str(new) if new else None)
	return found


def same_rows(
	shape: content_rules.Schema, table: str, rows: Iterable[Mapping[str, Any]], canonical: Mapping[str, Any]
) -> bool:
	"""Return whether rows of a table say what a content says, whatever their order."""
	made = content_rules.content(shape, {table: list(rows)})
	return made["tables"].get(table, []) == canonical["tables"].get(table, [])


def document(notice: Document, order: Document) -> Document:
	"""Return the order as it would read, in memory only, for the criteria of its review (C9, B1).

	`flags.qms_stored` is the order as it stands: what it reserves is reserved by that one.
	"""
	doc = frappe.get_doc(copy.deepcopy(order.as_dict()))
	doc.flags.qms_stored = order
	if notice.kind != rules.CHANGE:
		return doc
	_put_lines(doc, notice)
	doc.update(head_changes(notice))
	doc.grand_total = flt(notice.new_grand_total)
	doc.base_grand_total = doc.grand_total * flt(doc.conversion_rate or 1)
	canonical = json.loads(notice.content) if notice.content else None
	for table in ("packed_items", "payment_schedule"):
		if canonical:
			kinds = content.schema(ORDER).tables[table]
			doc.set(table, [_typed(kinds, row) for row in canonical["tables"].get(table, ())])
	return doc


def of_review(review: Document, lock: bool = True) -> tuple[Document, dict]:
	"""Return the document as a change under review would make it, and that content (C12).

	Order and notice are locked, in this order. Raises QMSRefusal once the order does not say any more what
	the notice was made from.
	"""
	order = frappe.get_doc(ORDER, review.reference_name, for_update=lock)
	notice = frappe.get_doc(NOTICE, review.change_notice, for_update=lock)
	if lock:
		refuse_out_of_date(notice, order)
	# A notice that was taken back may have no content for now; its closed review still has one.
	return document(notice, order), json.loads(notice.content or review.content)


def is_out_of_date(notice: Document, order: Document) -> bool:
	"""Return whether the order says something else than what the notice was made from."""
	return content.fingerprint_of(order) != notice.old_fingerprint


def refuse_out_of_date(notice: Document, order: Document) -> None:
	"""Refuse to go on with a notice whose order has been changed since (E7, C12)."""
	if notice.docstatus == 0 and is_out_of_date(notice, order):
		refuse_one(
			"E7",
			mark(
				"{0} has changed since notice {1} was made from it. Bring the notice up to date on its form."
			),
			order.name,
			notice.name,
		)


def _row_change(line: Document) -> rules.RowChange | None:
	if line.order_row and line.remove:
		return rules.RowChange(line.order_row, remove=True)
	values: dict[str, Any] = {}
	for name, kind in LINE_FIELDS.items():
		new = line.get(f"new_{name}")
		if line.order_row and normal(new, kind) == normal(line.get(f"old_{name}"), kind):
			continue
		values[name] = flt(new) if kind == NUMBER else (str(new) if new else None)
	if not line.order_row:
		return rules.RowChange("", values={"item_code": line.item_code, **values})
	return rules.RowChange(line.order_row, values=values) if values else None


def _put_lines(doc: Document, notice: Document) -> None:
	by_name, rows = {row.name: row for row in doc.items}, []
	for line in notice.lines:
		if line.remove and line.order_row:
			continue
		row = by_name.get(line.order_row) or doc.append("items", {"item_code": line.item_code})
		for name in LINE_FIELDS:
			row.set(name, line.get(f"new_{name}"))
		row.stock_qty = flt(row.qty) * flt(row.conversion_factor or 1)
		rows.append(row)
	doc.set("items", rows)


def _plain_row(columns: Mapping[str, str], row: Document) -> dict[str, Any]:
	names = [*columns, *(("file",) if row.get("file") else ())]
	return {name: row.get(name) for name in names if row.get(name) not in (None, "")}


def _typed(kinds: Mapping[str, str], row: Mapping[str, str]) -> dict[str, Any]:
	return {name: flt(value) if kinds.get(name) == NUMBER else value for name, value in row.items()}
