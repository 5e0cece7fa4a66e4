"""Whether goods may leave, and production may start, for a contract (D4, C10; ISO 13485 7.2.2)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from qms_customer.rules import mark
from qms_customer.rules.review import Refusal

# Quantities are compared with this much room for unit conversion, in stock units.
TOLERANCE = Decimal("0.000001")


@dataclass(frozen=True)
class ReleaseRow:
	"""A row of goods that leaves: the order and row that it claims, item, quantity in the stock unit.

	`parts`: of a product bundle, what is in it, for the whole quantity.
	"""

	number: int
	item: str
	quantity: Decimal
	order: str = ""
	order_row: str = ""
	parts: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class OrderRow:
	"""A row of a committed order: what it promised, and what has left already, in the stock unit.

	`by_supplier`: the supplier delivers it to the customer. `parts`: of a product bundle, as approved.
	`line`: of a part of a bundle that is shipped by itself, the row of the order that the bundle stands in.
	"""

	name: str
	order: str
	item: str
	quantity: Decimal
	delivered: Decimal = Decimal()
	by_supplier: bool = False
	parts: Mapping[str, Decimal] = field(default_factory=dict)
	line: str = ""


@dataclass(frozen=True)
class Pending:
	"""Open change notices of one order, and what of it waits: all its lines, or these rows (D4)."""

	notices: tuple[str, ...] = ()
	all_rows: bool = False
	rows: frozenset[str] = frozenset()

	def holds(self, row: str = "") -> bool:
		"""Return whether a row of the order waits; "" is a row that is not known: any change holds it."""
		return self.all_rows or (row in self.rows if row else bool(self.rows))


@dataclass(frozen=True)
class OrderState:
	"""An order at the moment of release: whether its content is approved, open blocking actions (C10), and
	changes that are not decided (D4). `in_force`: committed, neither closed nor on hold, or none of ours.
	"""

	name: str
	customer: str
	company: str
	approved: bool
	blocked_by: tuple[str, ...] = ()
	pending: Pending = Pending()
	in_force: bool = True


def release_refusals(
	customer: str,
	company: str,
	rows: Sequence[ReleaseRow],
	orders: Mapping[str, OrderState],
	order_rows: Mapping[str, OrderRow],
	without_order_allowed: bool = False,
	by_supplier: bool = False,
) -> list[Refusal]:
	"""Return what stands against these goods leaving, all at once (D4).

	Each row names a row of an order whose review is approved, of the same customer and company, for the same
	item, bundles with the parts approved, and all deliveries together stay within what was approved.
	`without_order_allowed`: a manager approved rows without an order under a reason code; rows that name an
	order, or a row of one, are checked all the same. `by_supplier`: the supplier delivers, so each row is
	of an order that says so; else none is, so that nothing leaves by both ways.
	"""
	found: list[Refusal] = []
	leaving: dict[str, Decimal] = defaultdict(Decimal)
	for row in rows:
		number = str(row.number)
		if not row.order and not row.order_row:
			if not without_order_allowed:
				found.append(
					Refusal(
						"D4",
						mark(
							"Row {0}, {1}: goods leave only for an order whose contract review is "
							"approved. Deliver from the "
							"order, or ask a manager to authorise a sample, loan or replacement."
						),
						(number, row.item),
					)
				)
			continue
		target = order_rows.get(row.order_row)
		if target is None or target.order != row.order or target.item != row.item:
			found.append(
				Refusal(
					"D4",
					mark(
						"Row {0}, {1}: this is not a row of order {2}. Make the document anew from the order."
					),
					(number, row.item, row.order or "?"),
				)
			)
			continue
		if target.by_supplier != by_supplier:
			message = (
				mark(
					"Row {0}, {1}: by order {2} the supplier delivers this to the customer. Use a "
					"purchase order made from it."
				)
				if target.by_supplier
				else mark(
					"Row {0}, {1}: by order {2} we deliver this, not the supplier. Use a delivery "
					"note made from it."
				)
			)
			found.append(Refusal("D4", message, (number, row.item, row.order)))
		if not same_parts(row, target):
			found.append(
				Refusal(
					"D4",
					mark(
						"Row {0}, {1}: the parts of this bundle are not those that order {2} was "
						"approved with. Deliver those, or change the contract first."
					),
					(number, row.item, row.order),
				)
			)
		state = orders.get(row.order)
		if state and state.pending.holds(target.line or target.name):
			found.append(pending_refusal(state, number, row.item))
		# What comes back in the same document makes no room for what leaves.
		leaving[target.name] += max(row.quantity, Decimal())
	found += order_refusals(customer, company, sorted({r.order for r in rows if r.order}), orders)
	for name, quantity in leaving.items():
		target = order_rows[name]
		if quantity and max(target.delivered, Decimal()) + quantity > target.quantity + TOLERANCE:
			found.append(
				Refusal(
					"D4",
					mark(
						"{0}: {1} would leave for order {2}, of which {3} are approved and {4} "
						"delivered already. Reduce the quantity, or change the contract first."
					),
					(
						target.item,
						f"{quantity.normalize():f}",
						target.order,
						f"{target.quantity.normalize():f}",
						f"{target.delivered.normalize():f}",
					),
				)
			)
	return found


def undone_return_refusals(
	rows: Sequence[ReleaseRow],
	orders: Mapping[str, OrderState],
	order_rows: Mapping[str, OrderRow],
	counted: bool = False,
) -> list[Refusal]:
	"""Return what stands against undoing a return: its goods have left once more (D4, C10).

	`rows`: what came back, as positive quantities. What was delivered again since, or taken out of the
	contract, does not leave a second time; nor does anything while its order is not approved, held up by an
	action, or a change of its line not decided. `counted`: the order rows say already what is delivered
	without the return.
	"""
	again: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
	for row in rows:
		again[row.order, row.order_row, row.item] += row.quantity
	found = order_refusals("", "", sorted({row.order for row in rows}), orders)
	for row in rows:
		state, target = orders.get(row.order), order_rows.get(row.order_row)
		if state and state.pending.holds((target.line if target else "") or row.order_row):
			found.append(pending_refusal(state, str(row.number), row.item))
	for (order, name, item), quantity in again.items():
		target = order_rows.get(name)
		approved, delivered = (target.quantity, target.delivered) if target else (Decimal(), Decimal())
		out = delivered + (Decimal() if target and counted else quantity)
		if out > approved + TOLERANCE:
			found.append(
				Refusal(
					"D4",
					mark(
						"{0}: without this return {1} would have left for order {2}, of which {3} are "
						"approved. Cancel a later delivery, or change the contract first."
					),
					(item, f"{out.normalize():f}", order, f"{approved.normalize():f}"),
				)
			)
	return found


def pending_refusal(order: OrderState, number: str, item: str) -> Refusal:
	"""Return that goods wait for the change of their line, or of the order, to be decided (D4)."""
	return Refusal(
		"D4",
		mark(
			"Row {0}, {1}: a change of this in order {2} is not decided yet ({3}). It waits until the notice "
			"is decided or withdrawn."
		),
		(number, item, order.name, ", ".join(order.pending.notices)),
	)


def production_refusals(
	names: Iterable[str], orders: Mapping[str, OrderState], rows: Mapping[str, str]
) -> list[Refusal]:
	"""Return what stands against producing for these orders (D4, C10).

	`rows`: by order, the row that is produced for, "" where it is not known: then any pending change of the
	order holds production up.
	"""
	names = list(names)
	found = order_refusals("", "", names, orders)
	for name in names:
		order = orders.get(name)
		if order and order.pending.holds(rows.get(name, "")):
			found.append(
				Refusal(
					"D4",
					mark(
						"Production for order {0} waits: a change of what it is for is not decided yet ({1})."
					),
					(name, ", ".join(order.pending.notices)),
				)
			)
	return found


def start_refusals(
	work: str, names: Iterable[str], orders: Mapping[str, OrderState], rows: Mapping[str, str]
) -> list[Refusal]:
	"""Return what stands against beginning a work order that was submitted before (D4, C10).

	`rows`: as of `production_refusals`. An order that ended or is on hold since is not made for either.
	"""
	found = []
	for name in names:
		order = orders.get(name)
		if order and not order.in_force:
			found.append(Refusal("D4", mark("{0} is not in force: nothing is made for it."), (name,)))
			continue
		found += order_refusals("", "", [name], orders)
		if order and order.pending.holds(rows.get(name, "")):
			found.append(
				Refusal(
					"D4",
					mark(
						"Work order {0} does not start: a change of what order {1} asks for is not decided "
						"yet ({2}). It can start once that notice is decided or withdrawn."
					),
					(work, name, ", ".join(order.pending.notices)),
				)
			)
	return found


def same_parts(row: ReleaseRow, target: OrderRow) -> bool:
	"""Whether a bundle leaves with the parts, piece for piece, that its order was approved with."""
	room = TOLERANCE * max(row.quantity, target.quantity, Decimal(1))
	return all(
		abs(
			row.parts.get(item, Decimal()) * target.quantity
			- target.parts.get(item, Decimal()) * row.quantity
		)
		<= room
		for item in {*row.parts, *target.parts}
	)


def order_refusals(
	customer: str, company: str, names: Iterable[str], orders: Mapping[str, OrderState]
) -> list[Refusal]:
	"""Return what stands against delivering or producing for these orders (D4, C10).

	"" skips the check of customer or company.
	"""
	found = []
	for name in names:
		order = orders.get(name)
		if order is None or not order.approved:
			found.append(
				Refusal(
					"D4",
					mark(
						"Order {0} has no approved contract review for what it says now. Open the "
						"order to see what is missing."
					),
					(name,),
				)
			)
			continue
		if (customer and order.customer != customer) or (company and order.company != company):
			found.append(
				Refusal(
					"D4",
					mark(
						"Order {0} is of another customer or company. Make the document anew from "
						"the right order."
					),
					(name,),
				)
			)
		for action in order.blocked_by:
			found.append(
				Refusal(
					"C10",
					mark("Order {0}: action {1} of its review holds this up until it is done and verified."),
					(name, action),
				)
			)
	return found
