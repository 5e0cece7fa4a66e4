"""What a customer has of an item and batch: delivered, back, claimed by open return slips (G7).

Counted from the documents with which goods leave, as the sales record counts them, whenever they were made.
What moved is read from Serial and Batch Bundles and, where there is none, from the texts of rows; parts of
product bundles among them. A constant number of queries, each by an index, whatever the number of rows.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import frappe
from frappe.query_builder.functions import Sum
from frappe.utils import cint, get_datetime, getdate

from qms_customer.contract.facts import number
from qms_customer.contract.sales_record import PACKED, SOURCES
from qms_customer.erp.release import RETURNED
from qms_customer.returns.making import CLAIMING
from qms_customer.rules.allocation import Lot, Share
from qms_customer.rules.returns import Balance, Claimed, Key, Movement, balances
from qms_customer.rules.sales_record import Entry, parts, serials_in

SLIP = "Return Slip"
Document = tuple[str, str]


@dataclass(frozen=True)
class Wanted:
	"""Whose goods: of a customer, or of all but one; these items, and of those with batches these batches. No
	company is any.

	`plain`: the items without batches among them. `exact`: read what is stored now, and let nobody change it
	until the transaction ends.
	"""

	company: str
	customer: str
	pairs: frozenset[Key]
	plain: frozenset[str] = frozenset()
	exact: bool = False

	@property
	def items(self) -> list[str]:
		"""Return the items."""
		return sorted({item for item, _batch in self.pairs})

	@property
	def batches(self) -> list[str]:
		"""Return the batches."""
		return sorted({batch for _item, batch in self.pairs if batch})


@dataclass
class Row:
	"""One delivered row, or part of a bundle, as far as it is of one item and batch; quantity in the stock
	unit, negative if it came back.
	"""

	doctype: str
	document: str
	name: str
	origin: str
	item: str
	batch: str
	quantity: Decimal
	serials: tuple[str, ...]
	day: date
	at: Any
	company: str
	customer: str
	contract: str = ""
	contract_row: str = ""
	rate: Decimal | None = None
	packed: bool = False


@dataclass
class Facts:
	"""All that is known of a customer's goods: by item and batch, and by row of a delivery."""

	balances: dict[Key, Balance]
	lots: list[Lot]
	rows: dict[tuple[str, Key], Row] = field(default_factory=dict)


def facts(wanted: Wanted, slip: str = "") -> Facts:
	"""Return what a customer has (G7). `slip`: the one that asks, whose own claim does not count."""
	if not wanted.pairs:
		return Facts({}, [])
	claims = list(_claims(wanted, slip))
	rows = sorted(_rows(wanted), key=lambda r: (r.at, r.quantity < 0))
	moved = [
		Movement(r.item, r.batch, r.quantity, frozenset(r.serials), r.document, r.day, place)
		for place, r in enumerate(rows)
	]
	found = balances(moved, [claim for _row, claim in claims])
	return Facts(
		found,
		_lots(rows, claims, found),
		{(r.name, (r.item, r.batch)): r for r in rows if r.quantity >= 0},
	)


def others(wanted: Wanted) -> dict[Key, str]:
	"""Return by item and batch another customer to whom it was delivered: the latest (G7)."""
	rows = sorted(_rows(wanted, other=True), key=lambda r: r.at)
	return {(r.item, r.batch): r.customer for r in rows if r.quantity > 0}


def buyers(item: str, batch: str, serial: str = "") -> list[tuple[str, str]]:
	"""Return which company delivered a batch, or a device with a serial number, to whom, the latest first
	(G1).
	"""
	plain = frozenset() if batch else frozenset({item})
	rows = _rows(Wanted("", "", frozenset({(item, batch)}), plain), other=True)
	return list(
		dict.fromkeys(
			(r.company, r.customer)
			for r in sorted(rows, key=lambda r: r.at, reverse=True)
			if r.quantity > 0 and (not serial or serial in r.serials)
		)
	)


def readable(customers: Iterable[str]) -> dict[str, str]:
	"""Return the names of those of these customers whom the current user may read; one query (G1)."""
	wanted = sorted(set(customers) - {""})
	if not wanted or not frappe.has_permission("Customer", "read"):
		return {}
	return dict(
		frappe.get_list(
			"Customer",
			filters={"name": ("in", wanted)},
			fields=["name", "customer_name"],
			as_list=True,
			limit_page_length=0,
		)
	)


def shares(taken: dict[Document, Decimal], slip: str) -> list[Share]:
	"""Return of each delivery what went out with it, what is back or on other open slips, what is taken (G2).

	What is back moved stock: a credit note alone brings nothing. Four queries for each type of document, and
	two.
	"""
	names: dict[str, list[str]] = defaultdict(list)
	for doctype, name in taken:
		names[doctype].append(name)
	went: dict[Document, Decimal] = defaultdict(Decimal)
	back: dict[Document, Decimal] = defaultdict(Decimal)
	for doctype, some in names.items():
		head, row, item = (frappe.qb.DocType(n) for n in (doctype, f"{doctype} Item", "Item"))
		for key, sums in ((head.name, went), (head.return_against, back)):
			query = (
				frappe.qb.from_(row)
				.join(head)
				.on((head.name == row.parent) & (row.parenttype == doctype))
				.join(item)
				.on(item.name == row.item_code)
				.select(key, Sum(row.stock_qty))
				.where(key.isin(some) & (head.docstatus == 1) & (item.is_stock_item == 1))
				.groupby(key)
			)
			part = frappe.qb.DocType(PACKED)
			# A bundle is no stock item: its parts are what moved.
			of_parts = (
				frappe.qb.from_(part)
				.join(head)
				.on((head.name == part.parent) & (part.parenttype == doctype))
				.select(key, Sum(part.qty))
				.where(key.isin(some) & (head.docstatus == 1))
				.groupby(key)
			)
			for each in (query, of_parts):
				if sums is back:
					each = each.where(head.is_return == 1)
					for name, value in SOURCES[doctype].which.items():
						each = each.where(head[name] == value)
				for name, quantity in each.run():
					sums[doctype, name] += abs(number(quantity))
	for doctype, name, quantity in _claimed_of(sorted({n for _d, n in taken}), slip):
		back[doctype, name] += quantity
	return [Share(went[key], back[key], quantity) for key, quantity in taken.items()]


def _claimed_of(names: Sequence[str], slip: str) -> Iterator[tuple[str, str, Decimal]]:
	"""What other open slips claim of deliveries, and is not back yet (see _claims)."""
	if not names:
		return
	head, row, arrival = (frappe.qb.DocType(n) for n in (SLIP, "Return Slip Item", "Return Arrival"))
	claimed = (
		frappe.qb.from_(row)
		.join(head)
		.on((head.name == row.parent) & (row.parenttype == SLIP))
		.where(row.delivery.isin(names) & head.workflow_state.isin(CLAIMING) & (head.name != slip))
		.groupby(row.delivery_doctype, row.delivery)
	)
	arrived = claimed.join(arrival).on(
		(arrival.parent == head.name) & (arrival.slip_row == row.name) & arrival.taken_back_on.isnull()
	)
	for query, quantity in ((claimed, Sum(row.stock_qty)), (arrived, -Sum(arrival.qty))):
		for doctype, name, found in query.select(row.delivery_doctype, row.delivery, quantity).run():
			yield doctype, name, number(found)


def _claims(wanted: Wanted, slip: str) -> Iterator[tuple[str, Claimed]]:
	"""What other open slips of the customer claim and is not back yet, each with the row of its delivery."""
	head, row = frappe.qb.DocType(SLIP), frappe.qb.DocType("Return Slip Item")
	query = (
		frappe.qb.from_(head)
		.join(row)
		.on((row.parent == head.name) & (row.parenttype == SLIP))
		.select(
			head.name, row.name, row.item_code, row.batch_no, row.stock_qty, row.serial_nos, row.delivery_row
		)
		.where((head.customer == wanted.customer) & (head.company == wanted.company))
		.where(head.workflow_state.isin(CLAIMING) & (head.name != slip) & row.item_code.isin(wanted.items))
	)
	rows = (query.for_update() if wanted.exact else query).run(as_list=True)
	arrived: dict[str, Decimal] = defaultdict(Decimal)
	gone: dict[str, set[str]] = defaultdict(set)
	if rows:
		arrival = frappe.qb.DocType("Return Arrival")
		query = (
			frappe.qb.from_(arrival)
			.select(arrival.slip_row, arrival.qty, arrival.serial_nos)
			.where(arrival.parent.isin(sorted({r[0] for r in rows})) & arrival.taken_back_on.isnull())
		)
		for name, quantity, serials in (query.for_update() if wanted.exact else query).run():
			arrived[name] += number(quantity)
			gone[name].update(serials_in(serials or ""))
	for other, name, item, batch, quantity, serials, delivery_row in rows:
		key = (item, batch or "")
		rest = number(quantity) - arrived[name]
		if key in wanted.pairs and rest > 0:
			numbers = frozenset(serials_in(serials or "")) - gone[name]
			yield delivery_row or "", Claimed(other, *key, rest, numbers)


def _lots(rows: Sequence[Row], claims: Sequence[tuple[str, Claimed]], found: dict[Key, Balance]) -> list[Lot]:
	back: dict[tuple[str, Key], Decimal] = defaultdict(Decimal)
	for r in rows:
		if r.quantity < 0:
			back[r.origin, (r.item, r.batch)] -= r.quantity
	for delivery_row, claim in claims:
		back[delivery_row, (claim.item, claim.batch)] += claim.quantity
	last: dict[tuple[str, str], str] = {}
	went: dict[tuple[str, Key], Row] = {}
	sums: dict[tuple[str, Key], Decimal] = defaultdict(Decimal)
	numbers: dict[tuple[str, Key], set[str]] = defaultdict(set)
	order: dict[tuple[str, Key], int] = {}
	for place, r in enumerate(rows):
		if r.quantity < 0:
			continue
		key = (r.name, (r.item, r.batch))
		went[key], order[key] = r, place
		sums[key] += r.quantity
		numbers[key].update(r.serials)
		last.update({(r.item, s): r.name for s in r.serials})
	lots = []
	for key, r in went.items():
		balance = found[r.item, r.batch]
		there = {s for s in numbers[key] if s in balance.serials and last[r.item, s] == r.name}
		lots.append(
			Lot(
				r.name,
				r.item,
				r.batch,
				sums[key],
				back[key],
				frozenset(there - set(balance.claimed_serials or ())),
				(r.doctype, r.document),
				order[key],
			)
		)
	return lots


def _rows(wanted: Wanted, other: bool = False) -> Iterator[Row]:
	"""Deliveries and returns of a customer, or (`other`) those of everybody else."""
	for doctype in SOURCES:
		for table in (f"{doctype} Item", PACKED):
			bundles: dict[str, list[Entry]] = defaultdict(list)
			heads: dict[str, dict] = {}
			for values in _read(doctype, table, wanted, other, bundled=True):
				if values.batch in (None, "") or (values.item_code, values.batch) in wanted.pairs:
					heads[values.name] = values
					bundles[values.name].append(
						Entry(values.batch or "", values.serial or "", number(values.part))
					)
			for name, values in heads.items():
				quantity = sum((abs(e.quantity) for e in bundles[name]), Decimal())
				yield from _moved(doctype, table, values, quantity, bundles[name], wanted)
			for values in _read(doctype, table, wanted, other, bundled=False):
				yield from _moved(doctype, table, values, abs(number(values.qty)), (), wanted)


def _moved(
	doctype: str, table: str, values: Any, quantity: Decimal, entries: Sequence[Entry], wanted: Wanted
) -> Iterator[Row]:
	packed = table == PACKED
	signed = -quantity if cint(values.is_return) else quantity
	for part in parts(signed, entries, values.batch_no or "", values.serial_no or ""):
		if (values.item_code, part.batch) not in wanted.pairs:
			continue
		yield Row(
			doctype,
			values.parent,
			values.name,
			values.origin or "",
			values.item_code,
			part.batch,
			part.quantity,
			part.serials,
			getdate(values.posting_date),
			(get_datetime(f"{values.posting_date} {values.posting_time or '0:0:0'}"), values.creation),
			values.company,
			values.customer,
			values.contract or "",
			values.contract_row or "",
			None if packed or values.rate is None else number(values.rate),
			packed,
		)


def _read(doctype: str, table: str, wanted: Wanted, other: bool, bundled: bool) -> list[Any]:
	"""One query: rows with the entries of their bundle, or rows without one."""
	source, packed = SOURCES[doctype], table == PACKED
	head, row = frappe.qb.DocType(doctype), frappe.qb.DocType(table)
	line = frappe.qb.DocType(f"{doctype} Item") if packed else row
	query = frappe.qb.from_(row).join(head).on((head.name == row.parent) & (row.parenttype == doctype))
	if packed:
		query = query.left_join(line).on(line.name == row.parent_detail_docname)
	returns = line[RETURNED[doctype][0]]
	query = query.select(
		*(row.name, row.parent, row.item_code, row.batch_no, row.serial_no),
		*(head.company, head.customer, head.posting_date, head.posting_time, head.creation, head.is_return),
		*(line[source.order].as_("contract"), line.so_detail.as_("contract_row")),
		returns.as_("origin"),
		(row.qty if packed else row.stock_qty).as_("qty"),
		*(() if packed else ((row.base_net_rate / row.conversion_factor).as_("rate"),)),
	)
	query = query.where(head.docstatus == 1)
	if wanted.company:
		query = query.where(head.company == wanted.company)
	query = query.where((head.customer != wanted.customer) if other else (head.customer == wanted.customer))
	if frappe.get_meta(doctype).has_field("is_internal_customer"):
		# What a company delivers to itself is no sale.
		query = query.where(
			(head.is_internal_customer == 0)
			| head.represents_company.isnull()
			| (head.represents_company != head.company)
		)
	for name, value in source.which.items():
		query = query.where(head[name] == value)
	query = query.where(row.item_code.isin(wanted.items))
	plain, batches = sorted(wanted.plain), wanted.batches
	if bundled:
		entry = frappe.qb.DocType("Serial and Batch Entry")
		query = query.join(entry).on(entry.parent == row.serial_and_batch_bundle)
		query = query.select(
			entry.batch_no.as_("batch"), entry.serial_no.as_("serial"), entry.qty.as_("part")
		)
		of = entry.batch_no
	else:
		query = query.where(row.serial_and_batch_bundle.isnull() | (row.serial_and_batch_bundle == ""))
		of = row.batch_no
	if batches and plain:
		query = query.where(of.isin(batches) | row.item_code.isin(plain))
	elif batches:
		query = query.where(of.isin(batches))
	found = (query.for_update() if wanted.exact else query).run(as_dict=True)
	if packed:
		_name_origins(doctype, found)
	return found


def _name_origins(doctype: str, found: Iterable[Any]) -> None:
	"""A returned part names the row of its bundle: the part of the delivery is the one of the same item."""
	rows = sorted({one.origin for one in found if one.origin and cint(one.is_return)})
	if not rows:
		return
	named = {
		(p.parent_detail_docname, p.item_code): p.name
		for p in frappe.get_all(
			PACKED,
			filters={"parenttype": doctype, "parent_detail_docname": ("in", rows)},
			fields=["name", "parent_detail_docname", "item_code"],
		)
	}
	for one in found:
		one.origin = named.get((one.origin, one.item_code), one.origin)
