"""What a return slip says became of its goods, as the rules take it (G6, G7)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import frappe
from erpnext.stock.doctype.serial_no.serial_no import get_serial_nos
from frappe.model.document import Document
from frappe.query_builder.functions import Sum
from frappe.utils import cint, get_datetime

from qms_customer.contract.facts import number
from qms_customer.returns import making
from qms_customer.rules import disposal as rules
from qms_customer.rules.returns import NOTHING_MORE, Key

# Their returns are their credit notes.
CREDITING = ("Sales Invoice", "POS Invoice")


def live(rows: Iterable[Document]) -> list[Document]:
	"""Return the arrivals, or dispositions, that were not taken back."""
	return [row for row in rows if not row.taken_back_on]


def serials(text: str | None) -> tuple[str, ...]:
	"""Return the serial numbers of a text, each once, as ERPNext reads them."""
	return tuple(dict.fromkeys(get_serial_nos(text or "")))


def parts(slip: Document) -> dict[str, rules.Part]:
	"""Return by name the rows of a slip, with what is still to be accounted for (G7)."""
	booked: dict[str, Decimal] = defaultdict(Decimal)
	gone: dict[str, set[str]] = defaultdict(set)
	for row in live(slip.arrivals):
		booked[row.slip_row] += number(row.qty)
		gone[row.slip_row].update(serials(row.serial_nos))
	return {
		row.name: rules.Part(
			row.name,
			row.idx,
			row.item_code,
			row.batch_no or "",
			number(row.stock_qty),
			booked[row.name],
			frozenset(serials(row.serial_nos)) - gone[row.name],
			bool(cint(row.has_serial_no)),
		)
		for row in slip.items
	}


def outstanding(slip: Document) -> dict[str, tuple[Decimal, tuple[str, ...]]]:
	"""Return by name of a row how much of it is still to come, and which serial numbers (G7)."""
	return {name: (part.outstanding, tuple(sorted(part.serials))) for name, part in parts(slip).items()}


def wanted(slip: Document) -> str:
	"""Return what the customer gets for the goods: what was asked for, or what was decided instead (G6).

	That they get nothing more is of what was due then: for what comes later they get what was asked for.
	"""
	given = slip.get("given")
	return (given if given != NOTHING_MORE else "") or slip.wanted or ""


def held(slip: Document) -> dict[Key, rules.Held]:
	"""Return by item and batch what of a slip came into quarantine, and what of it has left (G6)."""
	found: dict[Key, _Tally] = defaultdict(_Tally)
	for row in live(slip.arrivals):
		if row.how == rules.RECEIVED:
			found[row.item_code, row.batch_no or ""].comes(row.qty, serials(row.serial_nos), row.on)
	return _after(slip, found, rules.RETURNED)


def blocked(slip: Document) -> dict[Key, rules.Held]:
	"""Return by item and batch the stock of bad batches that was put into quarantine, and what of it has
	left; one query, none where there is none (G5, G6).
	"""
	moved = [row for row in slip.get("batch_measures") or () if number(row.moved_qty)]
	found: dict[Key, _Tally] = defaultdict(_Tally)
	numbers = _blocked_serials(slip.name) if moved else {}
	for row in moved:
		key = (row.item_code, row.batch_no or "")
		found[key].comes(row.moved_qty, numbers.get(key, ()), row.moved_on)
	return _after(slip, found, rules.BLOCKED)


@dataclass
class _Tally:
	received: Decimal = Decimal()
	disposed: Decimal = Decimal()
	reworked: Decimal = Decimal()
	serials: set[str] = field(default_factory=set)
	since: datetime | None = None

	def comes(self, quantity: float, numbers: Iterable[str], on: object) -> None:
		self.received += number(quantity)
		self.serials.update(numbers)
		self.at(on)

	def at(self, on: object) -> None:
		time = get_datetime(on)
		self.since = max(self.since or time, time)


def _after(slip: Document, found: dict[Key, _Tally], source: str) -> dict[Key, rules.Held]:
	for row in live(slip.dispositions):
		one = found.get((row.item_code, row.batch_no or ""))
		if one is None or (row.source or rules.RETURNED) != source:
			continue
		if row.disposition == rules.REWORK:
			one.reworked += number(row.qty)
			one.at(row.decided_on)
			continue
		one.disposed += number(row.qty)
		# What was in rework is the first to leave.
		one.reworked = max(one.reworked - number(row.qty), Decimal())
		one.serials.difference_update(serials(row.serial_nos))
	return {
		key: rules.Held(
			one.received,
			one.disposed,
			one.reworked,
			frozenset(one.serials),
			bool(cint(frappe.get_cached_value("Item", key[0], "has_serial_no"))),
			one.since,
		)
		for key, one in found.items()
	}


def _blocked_serials(slip: str) -> dict[Key, list[str]]:
	"""By item and batch the serial numbers that stock entries of a slip put into quarantine."""
	entry, moved, one = (
		frappe.qb.DocType(name) for name in ("Stock Entry", "Stock Ledger Entry", "Serial and Batch Entry")
	)
	place = frappe.qb.DocType("Warehouse")
	found: dict[Key, list[str]] = defaultdict(list)
	for item, batch, serial in (
		frappe.qb.from_(moved)
		.join(entry)
		.on((moved.voucher_no == entry.name) & (moved.voucher_type == "Stock Entry"))
		.join(place)
		.on(place.name == moved.warehouse)
		.join(one)
		.on(one.parent == moved.serial_and_batch_bundle)
		.select(moved.item_code, one.batch_no, one.serial_no)
		.where((entry[making.FIELD] == slip) & (entry.docstatus == 1) & (place.qms_quarantine == 1))
		.where((moved.actual_qty > 0) & (moved.is_cancelled == 0) & one.serial_no.isnotnull())
		.run()
	):
		found[item, batch or ""].append(serial)
	return found


def came(slip: Document) -> dict[str, Decimal]:
	"""Return by item what of a slip came back or was destroyed (G6)."""
	return rules.totals(
		(row.item_code, number(row.qty)) for row in live(slip.arrivals) if row.how != rules.NOT_COMING
	)


def sent_back(slip: Document) -> dict[str, Decimal]:
	"""Return by item what of a slip was sent back to the customer (G6)."""
	return rules.totals(
		(row.item_code, number(row.qty))
		for row in live(slip.dispositions)
		if row.disposition == rules.SEND_BACK and row.source != rules.BLOCKED
	)


def due(slip: Document, exact: bool = False) -> Decimal:
	"""Return how much came back or was destroyed that is neither replaced, credited nor sent back; five
	queries at most (G6). `exact`: as in `owed`. What was waived is not due.
	"""
	if not came(slip):
		return Decimal()
	room = sum((one.room for one in owed(slip, exact=exact).values()), Decimal())
	return max(room - number(slip.get("waived_qty")), Decimal())


def owed(slip: Document, but: str = "", exact: bool = False) -> dict[str, rules.Owed]:
	"""Return by item what the customer is owed for what came back, and has for it; three queries (G7).

	`but`: a document that is not counted, because it is the one that is asked about. `exact`: read what is
	stored now, locked: what others posted before the slip was locked counts, where the answer decides.
	"""
	back, again = came(slip), sent_back(slip)
	replaced, credited = _replaced(slip.name, but, exact), _credited(slip, but, exact)
	for item, quantity in _credited_by_return(slip, but).items():
		credited[item] = credited.get(item, Decimal()) + quantity
	return {
		item: rules.Owed(
			quantity,
			replaced.get(item, Decimal()),
			credited.get(item, Decimal()),
			again.get(item, Decimal()),
		)
		for item, quantity in back.items()
	}


def _replaced(slip: str, but: str, exact: bool) -> dict[str, Decimal]:
	"""By item what submitted replacements have sent out, in the stock unit."""
	note = frappe.qb.DocType("Delivery Note")
	sums: list[tuple[str, Decimal]] = []
	# A bundle is no stock item: its parts are what went out.
	for table, quantity in (("Delivery Note Item", "stock_qty"), ("Packed Item", "qty")):
		row = frappe.qb.DocType(table)
		sums += _totals(
			frappe.qb.from_(note)
			.join(row)
			.on((row.parent == note.name) & (row.parenttype == "Delivery Note"))
			.select(row.item_code, Sum(row[quantity]))
			.where((note[making.FIELD] == slip) & (note[making.REPLACEMENT] == 1))
			.where((note.docstatus == 1) & (note.is_return == 0) & (note.name != but))
			.groupby(row.item_code),
			exact,
		).items()
	return rules.totals(sums)


def _credited_by_return(slip: Document, but: str) -> dict[str, Decimal]:
	"""By item what came of invoices that moved stock, and at the till, where money is wanted: their return is
	their credit note. Where goods are wanted for it, these are invoiced anew.
	"""
	if wanted(slip) not in rules.MONEY:
		return {}
	return rules.totals(
		(row.item_code, number(row.qty))
		for row in live(slip.arrivals)
		if row.document_type in CREDITING and row.document != but
	)


def _credited(slip: Document, but: str, exact: bool) -> dict[str, Decimal]:
	"""By item what credit notes have, drafts too, that move no stock."""
	invoice, row = frappe.qb.DocType("Sales Invoice"), frappe.qb.DocType("Sales Invoice Item")
	return _totals(
		frappe.qb.from_(invoice)
		.join(row)
		.on((row.parent == invoice.name) & (row.parenttype == "Sales Invoice"))
		.select(row.item_code, Sum(-row.stock_qty))
		.where((invoice[making.FIELD] == slip.name) & (invoice.docstatus < 2))
		.where((invoice.customer == slip.customer) & (invoice.company == slip.company))
		.where((invoice.is_return == 1) & (invoice.update_stock == 0) & (invoice.name != but))
		.groupby(row.item_code),
		exact,
	)


def _totals(query: Any, exact: bool) -> dict[str, Decimal]:
	found = (query.for_update() if exact else query).run()
	return rules.totals((item, number(quantity)) for item, quantity in found)
