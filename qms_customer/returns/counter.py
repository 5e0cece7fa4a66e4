"""What was sold over the counter is returned at the till, for a slip that awaits it (G2, G6, G7).

ERPNext books stock of the till at its closing, so that no step of a slip can make such a return. The POS
Invoice that a slip covers is booked on it when it is submitted, and brings its goods into quarantine.
"""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import cint

from qms_customer.contract import states
from qms_customer.contract.facts import number
from qms_customer.erp.release import RETURNED, stock_items
from qms_customer.erp.sales_invoice import refuse_false_consolidation
from qms_customer.messages import refuse, refuse_one
from qms_customer.returns import accounted, arrival, edit, inbox, making, opened, quarantine, slips
from qms_customer.returns.accounted import serials
from qms_customer.returns.documents import COUNTER, PACKED
from qms_customer.rules import disposal, mark
from qms_customer.rules import returns as rules
from qms_customer.rules.goods import TOLERANCE
from qms_customer.rules.returns import Key

ITEM, ORIGIN = f"{COUNTER} Item", RETURNED[COUNTER][0]
INVOICE, BUNDLE = "Sales Invoice", "Serial and Batch Bundle"


def before_validate(doc: Document, method: str | None = None) -> None:
	"""An amended return is another one: which slip covers it is found when it is submitted (G7)."""
	if doc.is_new() and doc.get("amended_from"):
		doc.set(making.FIELD, None)


def covering(doc: Document) -> tuple[str, list[str]]:
	"""Return the approved slip that awaits all that a return at the till brings, "" if there is none, and
	the slips that await something of the same sale; at most seven queries (G2, G7).

	Their customer and the slips are locked, so that two tills are counted one after the other.
	"""
	opened.lock(doc.customer)
	awaited = _awaited(doc)
	if not awaited:
		return "", []
	coming = _coming(doc)
	granted = [
		rules.Granted(name, quantities, frozenset(numbers)) for name, (quantities, numbers) in awaited.items()
	]
	if not any(coming.quantities.values()):
		return "", list(awaited)
	return rules.covering(coming.quantities, frozenset(coming.serials), granted), list(awaited)


def cover(doc: Document, slip: str) -> None:
	"""Let a return at the till name the slip that covers it, and bring its goods into quarantine; at most
	four queries (G2, G6).

	ERPNext books them at the closing, by the warehouses that the return has.
	"""
	_refuse_taken(doc, frappe.get_doc(opened.DOCTYPE, slip))
	making.cover(doc, slip)
	place = quarantine.warehouse(doc.company)
	parts = doc.get("packed_items") or ()
	stocked = stock_items(row.item_code for row in doc.items)
	bundled = {part.parent_detail_docname for part in parts}
	# Parts are booked where the row of their bundle says.
	rows = [row for row in doc.items if row.item_code in stocked or row.name in bundled] + list(parts)
	for row in rows:
		row.warehouse = place
	doc.set_warehouse = None
	if bundles := {row.serial_and_batch_bundle for row in rows if row.serial_and_batch_bundle}:
		for table, field in ((BUNDLE, "name"), ("Serial and Batch Entry", "parent")):
			frappe.db.set_value(table, {field: ("in", sorted(bundles)), "docstatus": 0}, "warehouse", place)


def _refuse_taken(doc: Document, slip: Document) -> None:
	"""Refuse goods of which the customer has not so many any more, each batch by itself (G7)."""
	coming = _coming(doc)
	rows = disposal.allotted(coming.quantities, frozenset(coming.serials), _of_sale(slip, doc)) or ()
	if found := edit.taken_since(slip, {one.row: (one.quantity, one.serials) for one in rows}):
		refuse(found)


def _of_sale(slip: Document, doc: Document) -> list[disposal.Part]:
	"""The rows of a slip that are of the sale of which something comes back."""
	parts = accounted.parts(slip)
	sale = (COUNTER, doc.get("return_against") or "")
	return [parts[row.name] for row in slip.items if (row.delivery_doctype, row.delivery) == sale]


def on_submit(doc: Document, method: str | None = None) -> None:
	"""Book what a return at the till brings on the slip that covers it, whoever the cashier is (G6, G7).

	By what ERPNext has chosen of batches and serial numbers, now that it has.
	"""
	if not making.is_covered(doc.doctype, doc.name):
		return
	slip = frappe.get_doc(opened.DOCTYPE, doc.get(making.FIELD), for_update=True)
	coming = _coming(doc)
	rows = disposal.allotted(coming.quantities, frozenset(coming.serials), _of_sale(slip, doc))
	if rows is None:
		refuse_one(
			"G7",
			mark(
				"Return slip {0} does not cover this: other items, batches or serial numbers, or more "
				"than is still to come."
			),
			slip.name,
		)
	place = quarantine.warehouse(slip.company)
	for one in rows:
		arrival.book(slip, one, disposal.RECEIVED, doc).warehouse = place
	slips.settle(slip)
	opened.save(slip, arrival.ARRIVED)
	inbox.ask(slip)


def repeat(doc: Document) -> None:
	"""Let the invoice that POS Closing makes bring goods into quarantine if it repeats what slips have booked
	of returns at the till, row by row; refuse one that brings such goods elsewhere. At most five queries,
	none for other documents (G6).
	"""
	if doc.doctype != INVOICE or not (cint(doc.get("is_consolidated")) and cint(doc.get("is_return"))):
		return
	placed = _placed([row.pos_invoice_item for row in doc.items if row.pos_invoice_item])
	astray = [
		row
		for row in doc.items
		if row.pos_invoice_item in placed and row.warehouse != placed[row.pos_invoice_item]
	]
	if astray:
		refuse_one(
			"G6",
			mark("Row {0}, {1}: this came at the till for a return slip, and goes into {2}."),
			str(astray[0].idx),
			astray[0].item_code,
			placed[astray[0].pos_invoice_item],
		)
	rows = [row for row in doc.items if quarantine.is_quarantine(row.warehouse)]
	parts = [one for one in doc.get("packed_items") or () if quarantine.is_quarantine(one.warehouse)]
	if not (rows or parts) or any(
		quarantine.is_quarantine(one.get("target_warehouse"))
		for one in (*doc.items, *(doc.get("packed_items") or ()))
	):
		return
	# Each row repeats one of a POS Invoice, in full, and no other invoice does.
	refuse_false_consolidation(doc)
	if all(row.pos_invoice_item in placed for row in rows) and _repeats_parts(rows, parts):
		making.repeat(doc)


def _placed(rows: list[str]) -> dict[str, str]:
	"""By row of returns at the till that slips have booked, the quarantine for its goods; one query."""
	row, came = frappe.qb.DocType(ITEM), frappe.qb.DocType("Return Arrival")
	found = (
		frappe.qb.from_(row)
		.join(came)
		.on((came.document == row.parent) & (came.document_type == COUNTER) & came.taken_back_on.isnull())
		.select(row.name, row.warehouse)
		.distinct()
		.where(row.name.isin(rows or [""]) & (row.parenttype == COUNTER))
		.run()
	)
	return {name: place for name, place in found if quarantine.is_quarantine(place)}


def _repeats_parts(rows: list[Any], parts: list[Any]) -> bool:
	"""Whether parts of bundles are those of the returns that rows repeat; one query, none without parts."""
	if not parts:
		return True
	came: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
	for one in frappe.get_all(
		PACKED,
		filters={
			"parent": ("in", sorted({row.pos_invoice for row in rows}) or [""]),
			"parenttype": COUNTER,
		},
		fields=["parent_detail_docname", "item_code", "qty"],
	):
		came[one.parent_detail_docname, one.item_code] += number(one.qty)
	source = {row.name: row.pos_invoice_item for row in rows}
	found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
	for one in parts:
		found[source.get(one.parent_detail_docname, ""), one.item_code] += number(one.qty)
	return all(key in came and abs(came[key] - quantity) <= TOLERANCE for key, quantity in found.items())


def not_booked(slip: Document, key: Key) -> Decimal:
	"""Return how much of an item and batch came at a till that is not closed yet, so that the stock ledger
	does not have it; at most one query (G6).
	"""
	rows = [
		row
		for row in accounted.live(slip.arrivals)
		if row.document_type == COUNTER and (row.item_code, row.batch_no or "") == key
	]
	if not rows:
		return Decimal()
	unclosed = frappe.get_all(
		COUNTER,
		filters={
			"name": ("in", sorted({row.document for row in rows})),
			"consolidated_invoice": ("is", "not set"),
		},
		pluck="name",
	)
	return sum((number(row.qty) for row in rows if row.document in unclosed), Decimal())


def _awaited(doc: Document) -> dict[str, tuple[dict[Key, Decimal], set[tuple[str, str]]]]:
	"""By slip, what of a sale it still awaits back: quantities by item and batch, serial numbers; two locking
	queries.
	"""
	slip, row = frappe.qb.DocType(opened.DOCTYPE), frappe.qb.DocType("Return Slip Item")
	rows = (
		frappe.qb.from_(row)
		.join(slip)
		.on((slip.name == row.parent) & (row.parenttype == opened.DOCTYPE))
		.select(slip.name, row.name, row.item_code, row.batch_no, row.stock_qty, row.serial_nos)
		.where((row.delivery == (doc.get("return_against") or "")) & (row.delivery_doctype == COUNTER))
		.where((slip.docstatus == 1) & (slip.decision == "Approved"))
		.where((slip.workflow_state == states.RETURN_AWAITED) & (slip.route == rules.BACK))
		.where((slip.customer == doc.customer) & (slip.company == doc.company))
		.orderby(slip.name, row.idx)
		.for_update()
		.run()
	)
	if not rows:
		return {}
	came = frappe.qb.DocType("Return Arrival")
	accounted_for: dict[str, Decimal] = defaultdict(Decimal)
	gone: dict[str, set[str]] = defaultdict(set)
	for name, quantity, numbers in (
		frappe.qb.from_(came)
		.select(came.slip_row, came.qty, came.serial_nos)
		.where(came.parent.isin(sorted({one[0] for one in rows})) & (came.parenttype == opened.DOCTYPE))
		.where(came.taken_back_on.isnull())
		.for_update()
		.run()
	):
		accounted_for[name] += number(quantity)
		gone[name].update(serials(numbers))
	found: dict[str, tuple[dict[Key, Decimal], set[tuple[str, str]]]] = {}
	for of, name, item, batch, quantity, numbers in rows:
		quantities, known = found.setdefault(of, (defaultdict(Decimal), set()))
		quantities[item, batch or ""] += max(number(quantity) - accounted_for[name], Decimal())
		known.update((item, one) for one in serials(numbers) if one not in gone[name])
	return found


@dataclass
class _Came:
	quantities: dict[Key, Decimal]
	serials: set[tuple[str, str]]


def _coming(doc: Document) -> _Came:
	"""What a return in hand brings; four queries (G7)."""
	lines = _lines(doc)
	sold = _sold(doc.get("return_against") or "")
	entries: dict[str, list[Any]] = defaultdict(list)
	if bundles := {one.serial_and_batch_bundle for one in (*lines, *sold.values())} - {None, ""}:
		for entry in frappe.get_all(
			"Serial and Batch Entry",
			filters={"parent": ("in", sorted(bundles))},
			fields=["parent", "batch_no", "serial_no", "qty"],
		):
			entries[entry.parent].append(entry)
	items = stock_items({one.item_code for one in lines})
	found = _Came(defaultdict(Decimal), set())
	for one in lines:
		if one.item_code in items:
			_add(found, one, sold.get((one.origin, one.item_code)), entries)
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
	for part in parts:
		# Already in the stock unit: the factor is that of the bundle.
		part.conversion_factor = 1
	bundled = {part.parent_detail_docname for part in doc.get("packed_items") or ()}
	return [_line(row, row.get(ORIGIN)) for row in doc.items if row.name not in bundled] + parts


def _line(row: Any, origin: str | None) -> frappe._dict:
	return frappe._dict(
		origin=origin or "",
		**{
			name: row.get(name)
			for name in (
				*("item_code", "qty", "stock_qty", "conversion_factor"),
				*("batch_no", "serial_no", "serial_and_batch_bundle"),
			)
		},
	)


def _sold(name: str) -> dict[tuple[str, str], Any]:
	"""By row and item, what a sale says of batches and serial numbers; two queries."""
	fields = ["name", "item_code", "batch_no", "serial_no", "serial_and_batch_bundle"]
	of = {"parent": name, "parenttype": COUNTER}
	found = {(one.name, one.item_code): one for one in frappe.get_all(ITEM, filters=of, fields=fields)}
	for one in frappe.get_all(PACKED, filters=of, fields=[*fields, "parent_detail_docname"]):
		found[one.parent_detail_docname, one.item_code] = one
	return found
