"""What was sold over the counter is returned at the till, for a slip that awaits it (G2, G6, G7).

ERPNext books stock of the till at its closing, so that no step of a slip can make such a return. The POS
Invoice that a slip covers names it, and is counted by that.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import frappe
from frappe.model.document import Document

from qms_customer.contract import states
from qms_customer.contract.facts import number
from qms_customer.erp.release import RETURNED, stock_items
from qms_customer.returns import making
from qms_customer.returns.accounted import serials
from qms_customer.returns.documents import COUNTER, PACKED
from qms_customer.rules import returns as rules
from qms_customer.rules.returns import Key

ITEM, ORIGIN = f"{COUNTER} Item", RETURNED[COUNTER][0]


def before_validate(doc: Document, method: str | None = None) -> None:
	"""An amended return is another one: which slip covers it is found when it is submitted (G7)."""
	if doc.is_new() and doc.get("amended_from"):
		doc.set(making.FIELD, None)


def covering(doc: Document) -> tuple[str, list[str]]:
	"""Return the approved slip that awaits all that a return at the till brings, "" if there is none, and
	the slips that await something of the same sale; at most eight queries (G2, G7).

	The slips are locked, so that two tills are counted one after the other.
	"""
	awaited = _awaited(doc)
	if not awaited:
		return "", []
	came = _came(doc, list(awaited))
	coming = came.pop("")
	granted = [
		rules.Granted(
			name,
			{key: quantity - came[name].quantities.get(key, Decimal()) for key, quantity in one.items()},
			frozenset(numbers) - came[name].serials,
		)
		for name, (one, numbers) in awaited.items()
	]
	return rules.covering(coming.quantities, frozenset(coming.serials), granted), list(awaited)


def _awaited(doc: Document) -> dict[str, tuple[dict[Key, Decimal], set[tuple[str, str]]]]:
	"""By slip, what of a sale it awaits back: quantities by item and batch, serial numbers; one query."""
	slip, row = frappe.qb.DocType("Return Slip"), frappe.qb.DocType("Return Slip Item")
	found: dict[str, tuple[dict[Key, Decimal], set[tuple[str, str]]]] = {}
	for name, item, batch, quantity, numbers in (
		frappe.qb.from_(row)
		.join(slip)
		.on((slip.name == row.parent) & (row.parenttype == "Return Slip"))
		.select(slip.name, row.item_code, row.batch_no, row.stock_qty, row.serial_nos)
		.where((row.delivery == (doc.get("return_against") or "")) & (row.delivery_doctype == COUNTER))
		.where((slip.docstatus == 1) & (slip.decision == "Approved"))
		.where((slip.workflow_state == states.RETURN_AWAITED) & (slip.route == rules.BACK))
		.where((slip.customer == doc.customer) & (slip.company == doc.company))
		.orderby(slip.name, row.idx)
		.for_update()
		.run()
	):
		quantities, known = found.setdefault(name, (defaultdict(Decimal), set()))
		quantities[item, batch or ""] += number(quantity)
		known.update((item, one) for one in serials(numbers))
	return found


@dataclass
class _Came:
	quantities: dict[Key, Decimal]
	serials: set[tuple[str, str]]


def _came(doc: Document, slips: list[str]) -> dict[str, _Came]:
	"""What this return brings (under ""), and by slip what returns at the till have brought (G7)."""
	lines = [("", one) for one in _lines(doc)]
	lines += [(one.slip, one) for one in _earlier(doc, slips)]
	sold = _sold(doc.get("return_against") or "")
	entries: dict[str, list[Any]] = defaultdict(list)
	told = [*(one for _of, one in lines), *sold.values()]
	if bundles := {one.serial_and_batch_bundle for one in told} - {None, ""}:
		for entry in frappe.get_all(
			"Serial and Batch Entry",
			filters={"parent": ("in", sorted(bundles))},
			fields=["parent", "batch_no", "serial_no", "qty"],
		):
			entries[entry.parent].append(entry)
	items = stock_items({one.item_code for _of, one in lines})
	found = {of: _Came(defaultdict(Decimal), set()) for of in ("", *slips)}
	for of, one in lines:
		if one.item_code in items:
			_add(found[of], one, sold.get((one.origin, one.item_code)), entries)
	return found


def _add(came: _Came, line: Any, sold: Any, entries: dict[str, list[Any]]) -> None:
	"""Count a line by what it says of batches and serial numbers; else by what was sold, as ERPNext will."""
	quantity = max(-number(line.stock_qty), -number(line.qty) * number(line.get("conversion_factor") or 1))
	told = line if line.serial_and_batch_bundle or line.batch_no or line.serial_no or not sold else sold
	if parts := entries.get(told.serial_and_batch_bundle or ""):
		came.serials.update((line.item_code, one.serial_no) for one in parts if one.serial_no)
		batches = {one.batch_no or "" for one in parts}
		if len(batches) > 1 and told is line:
			for one in parts:
				came.quantities[line.item_code, one.batch_no or ""] += abs(number(one.qty))
			return
		# Of several that were sold, nobody says which comes.
		batch = batches.pop() if len(batches) == 1 else ""
	else:
		batch = told.batch_no or ""
		came.serials.update((line.item_code, one) for one in serials(told.serial_no))
	came.quantities[line.item_code, batch] += quantity


def _lines(doc: Document) -> list[Any]:
	"""The rows of a return in hand, bundles by their parts."""
	origins = {row.name: row.get(ORIGIN) for row in doc.items}
	parts = [_line(part, origins.get(part.parent_detail_docname)) for part in doc.get("packed_items") or ()]
	bundled = {part.parent_detail_docname for part in doc.get("packed_items") or ()}
	return [_line(row, row.get(ORIGIN)) for row in doc.items if row.name not in bundled] + parts


def _line(row: Any, origin: str | None, slip: str = "") -> frappe._dict:
	return frappe._dict(
		slip=slip,
		origin=origin or "",
		**{
			name: row.get(name)
			for name in (
				*("item_code", "qty", "stock_qty", "conversion_factor"),
				*("batch_no", "serial_no", "serial_and_batch_bundle"),
			)
		},
	)


def _earlier(doc: Document, slips: Iterable[str]) -> list[Any]:
	"""The rows of other returns at the till that slips cover; two queries."""
	head, row, part = (frappe.qb.DocType(name) for name in (COUNTER, ITEM, PACKED))
	rows = (
		frappe.qb.from_(head)
		.join(row)
		.on((row.parent == head.name) & (row.parenttype == COUNTER))
		.select(
			head[making.FIELD].as_("slip"),
			*(row.name, row.item_code, row.qty, row.stock_qty, row.conversion_factor),
			*(row.batch_no, row.serial_no, row.serial_and_batch_bundle, row[ORIGIN].as_("origin")),
		)
		.where(head[making.FIELD].isin(list(slips)) & (head.docstatus == 1) & (head.name != (doc.name or "")))
		.for_update()
		.run(as_dict=True)
	)
	if not rows:
		return []
	of_row = {one.name: one for one in rows}
	parts = (
		frappe.qb.from_(part)
		.select(
			*(part.parent_detail_docname, part.item_code, part.qty),
			*(part.batch_no, part.serial_no, part.serial_and_batch_bundle),
		)
		.where(part.parent_detail_docname.isin(sorted(of_row)) & (part.parenttype == COUNTER))
		.run(as_dict=True)
	)
	bundled = {one.parent_detail_docname for one in parts}
	return [_line(one, one.origin, one.slip) for one in rows if one.name not in bundled] + [
		_line(one, of_row[one.parent_detail_docname].origin, of_row[one.parent_detail_docname].slip)
		for one in parts
	]


def _sold(name: str) -> dict[tuple[str, str], Any]:
	"""By row and item, what a sale says of batches and serial numbers; two queries."""
	fields = ["name", "item_code", "batch_no", "serial_no", "serial_and_batch_bundle"]
	of = {"parent": name, "parenttype": COUNTER}
	found = {(one.name, one.item_code): one for one in frappe.get_all(ITEM, filters=of, fields=fields)}
	for one in frappe.get_all(PACKED, filters=of, fields=[*fields, "parent_detail_docname"]):
		found[one.parent_detail_docname, one.item_code] = one
	return found
