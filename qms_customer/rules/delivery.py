"""Goods leave by the agreed delivery method, and are paid by the agreed method and terms (F1)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from qms_customer.rules import instalments, mark
from qms_customer.rules.instalments import Dates, Schedule
from qms_customer.rules.review import Refusal

# Of the currency of the order: what rounding leaves over.
ROUNDING = Decimal("0.01")


@dataclass(frozen=True)
class Terms:
	"""How goods are delivered and paid; "" is what nobody agreed."""

	delivery_method: str = ""
	payment_method: str = ""
	payment_terms: str = ""


# As a person reads them, in the order in which they are said.
LABELS = {
	"delivery_method": mark("Delivery Method"),
	"payment_method": mark("Payment Method"),
	"payment_terms": mark("Payment Terms"),
}
SCHEDULE = mark("Payment schedule")


@dataclass(frozen=True)
class OrderTerms:
	"""What an order says of them, and how much of it is paid before dispatch, in its currency; its payment
	schedule, and the day on which it was written.
	"""

	name: str
	terms: Terms
	before_dispatch: Decimal = Decimal()
	currency: str = ""
	rate: Decimal = Decimal(1)
	schedule: Schedule = ()
	ordered: date | None = None


@dataclass(frozen=True)
class Receipt:
	"""Money that came in for an order, below zero if paid back, in the currency of the account booked on.

	`share`: which part of it is the order's, where an invoice bills several.
	"""

	order: str
	amount: Decimal
	currency: str
	share: Decimal = Decimal(1)


@dataclass(frozen=True)
class JournalLine:
	"""A line of a journal entry that settles something: above zero it credits the customer."""

	entry: str
	target: tuple[str, str]
	amount: Decimal
	currency: str
	in_company_currency: Decimal = field(default=Decimal())


def common(orders: Iterable[OrderTerms]) -> Terms:
	"""Return the terms on which these orders agree; "" where they say nothing or differ (F1)."""
	found = {}
	orders = list(orders)
	for name in LABELS:
		said = {getattr(o.terms, name) for o in orders} - {""}
		found[name] = said.pop() if len(said) == 1 else ""
	return Terms(**found)


def terms_refusals(written: Terms, orders: Sequence[OrderTerms]) -> list[Refusal]:
	"""Return what a delivery document says otherwise than its contracts (F1).

	Orders with different terms leave on documents of their own. What a contract does not say, as one from
	before the go-live may not, is not compared.
	"""
	found = []
	for name, label in LABELS.items():
		said = {order.name: getattr(order.terms, name) for order in orders if getattr(order.terms, name)}
		if len(set(said.values())) > 1:
			found.append(_differs(label, said))
			continue
		value = getattr(written, name)
		for order, agreed in sorted(said.items())[:1]:
			if value and value != agreed:
				found.append(
					Refusal(
						"F1",
						mark(
							"{0}: order {1} agreed {2}, this document says {3}. Keep to what was agreed, or "
							"change the contract first, by a contract change notice."
						),
						(label, order, agreed, value),
					)
				)
	return found


def common_schedule(orders: Iterable[OrderTerms]) -> Schedule:
	"""Return the instalments on which these orders agree; none where they say nothing or differ (F1)."""
	first, *rest = _schedules(orders) or [None]
	if first is None or not all(instalments.same_terms(first.schedule, o.schedule) for o in rest):
		return ()
	return first.schedule


def schedule_refusals(
	written: Schedule, orders: Iterable[OrderTerms], drafted: date, posted: date
) -> list[Refusal]:
	"""Return what an invoice asks for otherwise than its contracts (F1): other shares, other dates, another
	discount.

	`drafted`, `posted`: when the invoice was made, and its date.
	"""
	found = _schedules(orders)
	if not written or not found:
		return []
	agreed = common_schedule(found)
	if not agreed:
		return [_differs(SCHEDULE, [o.name for o in found])]
	dates = Dates(found[0].ordered, drafted, posted)
	if instalments.as_agreed(written, agreed, dates):
		return []
	return [
		Refusal(
			"F1",
			mark(
				"Payment schedule: order {0} agreed {1}, this document says {2}. Empty the table and save: "
				"it is taken from the order. Or change the contract first, by a contract change notice."
			),
			(found[0].name, instalments.text(instalments.due(agreed, dates)), instalments.text(written)),
		)
	]


def at_once_refusals(still_open: Decimal, orders: Iterable[OrderTerms]) -> list[Refusal]:
	"""Return what stands against an invoice that says it is paid at once and so bears no instalments: that it
	is not paid, where instalments were agreed (F1).

	`still_open`: what is not paid of it.
	"""
	found = _schedules(orders)
	if not found or still_open <= ROUNDING:
		return []
	return [
		Refusal(
			"F1",
			mark(
				"This document says that it is paid at once, and {0} of it is not. Enter the payment, or "
				"untick Include Payment (POS): then it asks for what order {1} agreed."
			),
			(f"{still_open.normalize():f}", found[0].name),
		)
	]


def _schedules(orders: Iterable[OrderTerms]) -> list[OrderTerms]:
	"""The orders of which a schedule was agreed."""
	return [o for o in orders if instalments.agreed(o.schedule, o.ordered)]


def _differs(label: str, orders: Iterable[str]) -> Refusal:
	return Refusal(
		"F1",
		mark("{0} of the orders {1} differs. Make a document of its own for each."),
		(label, ", ".join(sorted(orders))),
	)


def payment_refusals(orders: Iterable[OrderTerms], paid: Mapping[str, Decimal]) -> list[Refusal]:
	"""Return the orders that are to be paid before dispatch and are not yet (F1)."""
	found = []
	for order in orders:
		so_far = paid.get(order.name, Decimal())
		if so_far + ROUNDING < order.before_dispatch:
			found.append(
				Refusal(
					"F1",
					mark(
						"Order {0} is paid before dispatch: {1} {3} are due, {2} {3} are paid. Book the "
						"payment against the order, or change the terms first, by a contract change notice."
					),
					(order.name, _money(order.before_dispatch), _money(so_far), order.currency),
				)
			)
	return found


def paid(orders: Iterable[OrderTerms], receipts: Iterable[Receipt]) -> dict[str, Decimal]:
	"""Return by order what was paid for it and not paid back, in the currency of the order (F1).

	What was booked in another currency, the company's, is converted at the rate of the order: the difference
	of exchange is no debt of the customer.
	"""
	by_name = {o.name: o for o in orders}
	found: dict[str, Decimal] = defaultdict(Decimal)
	for receipt in receipts:
		order = by_name.get(receipt.order)
		if order is None:
			continue
		amount = receipt.amount * receipt.share
		if receipt.currency != order.currency:
			amount /= order.rate or Decimal(1)
		found[order.name] += amount
	return dict(found)


def settled(lines: Iterable[JournalLine], money: Mapping[str, Decimal]) -> list[JournalLine]:
	"""Return the lines of journal entries as far as money moved: what came into, or left, a bank or cash
	account (`money`, by entry, in company currency).

	An entry that writes off a debt, or sets a credit note against an invoice, moves none.
	"""
	by_entry: dict[str, list[JournalLine]] = defaultdict(list)
	for line in lines:
		by_entry[line.entry].append(line)
	found = []
	for entry, some in by_entry.items():
		moved = money.get(entry, Decimal())
		same = [line for line in some if line.in_company_currency * moved > 0]
		total = sum((line.in_company_currency for line in same), Decimal())
		if not total:
			continue
		part = min(Decimal(1), moved / total)
		found += [
			JournalLine(
				line.entry, line.target, line.amount * part, line.currency, line.in_company_currency * part
			)
			for line in same
		]
	return found


def shares(billed: Iterable[tuple[str, str, Decimal]]) -> dict[str, dict[str, Decimal]]:
	"""Return by invoice which part of it bills which order, from (invoice, order, amount) of its rows.

	An invoice of nothing, all of it free, is nobody's.
	"""
	amounts: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
	for invoice, order, amount in billed:
		amounts[invoice][order] += amount
	found = {}
	for invoice, by_order in amounts.items():
		total = sum(by_order.values(), Decimal())
		if total:
			found[invoice] = {order: amount / total for order, amount in by_order.items() if order}
	return found


def _money(amount: Decimal) -> str:
	return f"{amount.quantize(ROUNDING):f}"
