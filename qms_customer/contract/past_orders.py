"""Submitted Sales Orders as a replay takes them: month by month, a constant number of queries for each.

So memory holds the orders of one month, however long the period is.

What was on hand on the day of an order is gone, so stock is never known here; what an item says is what it
says today. What the app asks for and an order of the past does not say is absent, and can be assumed.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple, TypeVar

import frappe
from frappe.query_builder import DocType
from frappe.utils import get_last_day, getdate

from qms_customer.contract.facts import number
from qms_customer.rules import contract
from qms_customer.rules import replay as rules
from qms_customer.rules.classification import Facts, Line, Price, Standard


@dataclass(frozen=True)
class Wanted:
	"""Which orders: those of a period, of a company or of all that the user may see."""

	start: date
	end: date
	company: str = ""
	customer_group: str = ""


def read(wanted: Wanted) -> Iterator[rules.PastOrder]:
	"""Yield the submitted orders that the user may see, the oldest first."""
	items = None
	for month in _months(wanted):
		orders = _orders(month)
		if not orders:
			continue
		items = _items() if items is None else items
		rows = _children(month, "Sales Order Item", "items", _Row)
		packed = _children(month, "Packed Item", "packed_items", _Packed)
		terms = _children(month, "Payment Schedule", "payment_schedule", _Term)
		special = _children(month, "Contract Requirement", "qms_requirements", _Special)
		for order in orders:
			yield _order(
				order,
				rows.get(order.name, ()),
				packed.get(order.name, ()),
				terms.get(order.name, ()),
				special.get(order.name, ()),
				items,
			)


def _months(wanted: Wanted) -> Iterator[Wanted]:
	"""The period in parts of a month at most, from the first order of the site to the last."""
	first, last = frappe.db.sql("select min(transaction_date), max(transaction_date) from `tabSales Order`")[
		0
	]
	if first is None:
		return
	start, end = max(wanted.start, first), min(wanted.end, last)
	while start <= end:
		until = min(get_last_day(start), end)
		yield replace(wanted, start=start, end=until)
		start = until + timedelta(days=1)


def _orders(wanted: Wanted) -> list[frappe._dict]:
	filters = {"docstatus": 1, "transaction_date": ("between", [wanted.start, wanted.end])}
	for name in ("company", "customer_group"):
		if value := getattr(wanted, name):
			filters[name] = value
	return frappe.get_list(
		"Sales Order",
		filters=filters,
		fields=[
			*("name", "transaction_date", "customer_name", "customer_group", "base_grand_total"),
			*("payment_terms_template", "qms_packaging", "qms_payment_method", "qms_delivery_method"),
			"delivery_date",
		],
		order_by="transaction_date, name",
		limit_page_length=0,
	)


class _Row(NamedTuple):
	"""What is read of a line; the names are those of the columns, here and below."""

	item_code: str | None
	qty: float | None
	stock_qty: float | None
	conversion_factor: float | None
	rate: float | None
	is_free_item: int
	delivery_date: date | None


class _Packed(NamedTuple):
	parent_item: str | None
	item_code: str | None
	qty: float | None
	conversion_factor: float | None


class _Term(NamedTuple):
	payment_term: str | None
	description: str | None


class _Special(NamedTuple):
	special: str | None
	none_identified: int


_Kind = TypeVar("_Kind", _Row, _Packed, _Term, _Special)


@dataclass(frozen=True)
class _Item:
	"""An item as its master describes it today."""

	goods: bool
	lead_time_days: int | None
	standard: Standard | None


def _children(wanted: Wanted, doctype: str, parentfield: str, kind: type[_Kind]) -> dict[str, list[_Kind]]:
	"""The rows of a table of the orders by order, in one query."""
	row, order = DocType(doctype), DocType("Sales Order")
	query = (
		frappe.qb.from_(row)
		.join(order)
		.on(order.name == row.parent)
		.select(row.parent, *(row[field] for field in kind._fields))
		.where(
			(row.parenttype == "Sales Order")
			& (row.parentfield == parentfield)
			& (order.docstatus == 1)
			& order.transaction_date[wanted.start : wanted.end]
		)
		.orderby(row.parent, row.idx)
	)
	if wanted.company:
		query = query.where(order.company == wanted.company)
	found = defaultdict(list)
	for parent, *values in query.run():
		found[parent].append(kind(*values))
	return found


def _items() -> dict[str, _Item]:
	"""All items with the standards to which they are made, in one query."""
	item, standard = DocType("Item"), DocType("Product Standard")
	rows = (
		frappe.qb.from_(item)
		.left_join(standard)
		.on(standard.name == item.qms_product_standard)
		.select(
			item.name,
			item.is_stock_item,
			item.is_fixed_asset,
			item.lead_time_days,
			standard.standard_number,
			standard.standard_version,
			standard.valid_from,
			standard.valid_to,
			standard.disabled,
		)
	).run()
	return {
		name: _Item(
			bool(stock or asset),
			lead or None,
			Standard(standard_number, version or "", valid_from, valid_to, not disabled)
			if standard_number
			else None,
		)
		for name, stock, asset, lead, standard_number, version, valid_from, valid_to, disabled in rows
	}


def _order(
	order: frappe._dict, rows: list, packed: list, terms: list, special: list, items: dict[str, _Item]
) -> rules.PastOrder:
	lines = tuple(_lines(order, rows, packed, items))
	requirements = [contract.Requirement("", "", r.special or "", bool(r.none_identified)) for r in special]
	said = [t.payment_term or t.description or "" for t in terms]
	facts = Facts(
		today=getdate(order.transaction_date),
		lines=lines,
		prices=tuple(Price(r.item_code, number(r.rate), bool(r.is_free_item)) for r in rows),
		packaging=order.qms_packaging or "",
		payment_terms=order.payment_terms_template or (", ".join(said) if said and all(said) else ""),
		payment_method=order.qms_payment_method or "",
		delivery_method=order.qms_delivery_method or "",
		special=contract.special_requirements(requirements, order.qms_packaging or ""),
		amount=number(order.base_grand_total),
		quantity=sum((line.quantity for line in lines), Decimal()),
	)
	return rules.PastOrder(
		order.name, facts, frozenset(_absent(facts)), order.customer_name or "", order.customer_group or ""
	)


def _lines(order: frappe._dict, rows: list, packed: list, items: dict[str, _Item]) -> Iterator[Line]:
	"""The lines, bundles taken apart, as `contract.facts` does it for one document."""
	bundles, due_of = {p.parent_item for p in packed}, {}
	for row in rows:
		due = row.delivery_date or order.delivery_date
		if row.item_code in bundles:
			due_of[row.item_code] = min(filter(None, (due, due_of.get(row.item_code))), default=None)
			continue
		quantity = row.stock_qty or (row.qty or 0) * (row.conversion_factor or 1)
		yield _line(order, row.item_code, quantity, due, items)
	for row in packed:
		quantity = (row.qty or 0) * (row.conversion_factor or 1)
		yield _line(order, row.item_code, quantity, due_of.get(row.parent_item), items)


def _line(order: frappe._dict, code: str, quantity: float, due: date | None, items: dict[str, _Item]) -> Line:
	item = items.get(code) or _Item(True, None, None)
	standard = item.standard
	if standard and standard.valid_from and standard.valid_from > getdate(order.transaction_date):
		# It came later. Which one was in force then is not on record.
		standard = None
	return Line(
		item=code or "",
		quantity=number(quantity),
		goods=item.goods,
		standard=standard,
		lead_time_days=item.lead_time_days,
		due=getdate(due) if due else None,
	)


def _absent(facts: Facts) -> Iterator[str]:
	"""What an order of the past, or an item of it, does not say."""
	yield rules.STOCK
	goods = [line for line in facts.lines if line.goods]
	if any(line.standard is None for line in goods):
		yield rules.STANDARD
	if any(not line.lead_time_days for line in goods):
		yield rules.LEAD_TIME
	for term in (rules.PACKAGING, rules.PAYMENT_METHOD, rules.DELIVERY_METHOD):
		if not getattr(facts, term):
			yield term
