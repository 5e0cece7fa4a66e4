"""From which delivery goods come that a customer returns, and how much of it that is (G1, G2, G7)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from qms_customer.rules import mark
from qms_customer.rules.disposal import plain
from qms_customer.rules.goods import TOLERANCE
from qms_customer.rules.returns import Balance, BulkLimits, Key, SlipRow, approver
from qms_customer.rules.review import Refusal


@dataclass(frozen=True)
class Lot:
	"""What one row of a delivery brought of one item and batch, in the stock unit.

	`back`: what came back of it, or is claimed by other open slips. `serials`: those that are still with the
	customer. `order`: the position in time.
	"""

	row: str
	item: str
	batch: str
	delivered: Decimal
	back: Decimal = Decimal()
	serials: frozenset[str] = frozenset()
	document: tuple[str, str] = ("", "")
	order: int = 0

	@property
	def left(self) -> Decimal:
		"""Return what may still come back of it; never below zero (G7)."""
		return max(self.delivered - self.back, Decimal())


@dataclass(frozen=True)
class Piece:
	"""So much of a row of a slip comes from one lot, or from none that is known."""

	lot: Lot | None
	quantity: Decimal
	serials: tuple[str, ...] = ()


def allocate(
	rows: Sequence[SlipRow], lots: Iterable[Lot], preferred: Mapping[int, str] | None = None
) -> dict[int, list[Piece]]:
	"""Return by number of row from which lots it comes (G1, G7).

	`preferred`: by number of row the row of a delivery that it was made from; then the latest delivery first.
	Serial numbers come from the lot that delivered them last. What no lot has is a piece without one. Pieces
	of a row add up to it, and no lot gives more than it has left, whatever the number of rows.
	"""
	by_key: dict[Key, list[Lot]] = {}
	for lot in sorted(lots, key=lambda lot: -lot.order):
		by_key.setdefault((lot.item, lot.batch), []).append(lot)
	left = {id(lot): lot.left for found in by_key.values() for lot in found}
	taken: set[tuple[str, str]] = set()
	found = {}
	for row in rows:
		wish = (preferred or {}).get(row.number, "")
		# A sort is stable: the wish first, then the latest.
		choice = sorted(by_key.get((row.item, row.batch), []), key=lambda lot: lot.row != wish)
		found[row.number] = (
			_by_serials(row, choice, left, taken) if row.has_serials else _by_quantity(row, choice, left)
		)
	return found


def _by_quantity(row: SlipRow, lots: list[Lot], left: dict[int, Decimal]) -> list[Piece]:
	pieces, open_ = [], row.quantity
	for lot in lots:
		share = min(left[id(lot)], open_)
		if share > 0:
			left[id(lot)] -= share
			open_ -= share
			pieces.append(Piece(lot, share))
	if open_ > TOLERANCE or not pieces:
		pieces.append(Piece(None, open_))
	elif open_ > 0:
		# The rest was rounded.
		pieces[-1] = Piece(pieces[-1].lot, pieces[-1].quantity + open_)
	return pieces


def _by_serials(
	row: SlipRow, lots: list[Lot], left: dict[int, Decimal], taken: set[tuple[str, str]]
) -> list[Piece]:
	pieces, open_ = [], list(row.serials)
	for lot in lots:
		here = [s for s in open_ if s in lot.serials and (row.item, s) not in taken]
		here = here[: int(left[id(lot)])]
		if not here:
			continue
		taken.update((row.item, s) for s in here)
		open_ = [s for s in open_ if s not in here]
		left[id(lot)] -= len(here)
		pieces.append(Piece(lot, Decimal(len(here)), tuple(here)))
	rest = row.quantity - sum((p.quantity for p in pieces), Decimal())
	if not pieces or (open_ and rest > 0):
		pieces.append(Piece(None, rest, tuple(open_)))
	elif open_ or rest:
		# Quantity and serial numbers do not agree: it stays visible, and is refused when it counts.
		last = pieces[-1]
		pieces[-1] = Piece(last.lot, last.quantity + rest, (*last.serials, *open_))
	return pieces


def approval_refusals(
	rows: Sequence[SlipRow],
	balances: Mapping[Key, Balance],
	lots: Iterable[Lot],
	named: Mapping[int, str],
	approved: bool = False,
) -> list[Refusal]:
	"""Return what stands against approving a return that was put forward, or (`approved`) against booking
	what comes of it: what others have taken since (G7).

	`balances`, `lots`: as they are now, without what this slip claims. `named`: by number of row the row of a
	delivery that it comes from: its goods are still to come of that one.
	"""
	found: list[Refusal] = []
	wanted: dict[Key, Decimal] = {}
	for row in rows:
		key = (row.item, row.batch)
		wanted[key] = wanted.get(key, Decimal()) + row.quantity
		balance = balances.get(key, Balance())
		gone = [s for s in row.serials if s not in balance.serials or s in (balance.claimed_serials or {})]
		if gone:
			message = mark(
				"Row {0}, {1}: since the slip was put forward, serial number {2} came back or went on "
				"another slip. Reject it, or have it withdrawn: what is left needs a new slip."
			)
			if approved:
				message = mark(
					"Row {0}, {1}: since the return was approved, serial number {2} came back or went on "
					"another slip. Record here as not coming what does not come by this slip."
				)
			found.append(Refusal("G7", message, (str(row.number), row.item, ", ".join(gone))))
	for (item, batch), quantity in wanted.items():
		now = balances.get((item, batch), Balance())
		if quantity > now.returnable + TOLERANCE:
			message = mark(
				"{0}, batch {1}: {2} would come back. Since the slip was put forward others have taken of "
				"it, and {3} may still: {4} were delivered, {5} are back and {6} are on other slips. Reject "
				"it, or have it withdrawn: what is left needs a new slip."
			)
			if approved:
				message = mark(
					"{0}, batch {1}: {2} would come back. Since the return was approved others have taken of "
					"it, and {3} may still: {4} were delivered, {5} are back and {6} are on other slips. "
					"Record here as not coming what does not come by this slip."
				)
			numbers = (quantity, now.returnable, now.delivered, now.back, now.claimed)
			found.append(Refusal("G7", message, (item, batch or "–", *map(plain, numbers))))
	return found or _of_other_deliveries(rows, lots, named, approved)


def _of_other_deliveries(
	rows: Sequence[SlipRow], lots: Iterable[Lot], named: Mapping[int, str], approved: bool
) -> list[Refusal]:
	"""What is left in all, and not any more of the delivery that a row names."""
	pieces = allocate(rows, lots, named)
	message = mark(
		"Row {0}, {1}: since the slip was put forward, goods of the same delivery came back or went on "
		"another slip. Reject it, or have it withdrawn: a new slip finds the delivery that has them."
	)
	if approved:
		message = mark(
			"Row {0}, {1}: since the return was approved, goods of the same delivery came back or went on "
			"another slip. Record them here as not coming: a new slip finds the delivery that has them."
		)
	return [
		Refusal("G7", message, (str(row.number), row.item))
		for row in rows
		if row.number in named
		and any(p.lot is None or p.lot.row != named[row.number] for p in pieces[row.number])
	]


@dataclass(frozen=True)
class Share:
	"""Of one delivery: what went out with it in all, what is back or on other open slips, what this slip
	takes.
	"""

	delivered: Decimal
	back: Decimal
	taken: Decimal


def is_bulk(quantity: Decimal, amount: Decimal | None, shares: Iterable[Share], limits: BulkLimits) -> bool:
	"""Return whether a return is a bulk return, which the general manager approves as well (G2).

	Quantity and amount are those of the slip. Each delivery is looked at by itself as well, and what came
	back of it before counts: a bulk return in parts is one, by share and by quantity. What was worth how much
	is known of the slip alone.
	"""
	whole = BulkLimits(limits.quantity, limits.amount)
	if len(approver(quantity, amount, Decimal(), whole)) > 1:
		return True
	of_delivery = BulkLimits(limits.quantity, share=limits.share)
	return any(len(approver(s.back + s.taken, Decimal(), s.delivered, of_delivery)) > 1 for s in shares)


def correction_refusals(
	stated: Mapping[str, tuple[Decimal, frozenset[str]]],
	corrected: Mapping[str, tuple[Decimal, frozenset[str]]],
) -> list[Refusal]:
	"""Return what stands against a customer's corrections: fewer may come back, never more (G1, G7).

	Both by row: quantity and serial numbers.
	"""
	if not any(quantity > 0 for quantity, _serials in corrected.values()):
		return [Refusal("G1", mark("Nothing would come back. Tell the salesperson, who withdraws the slip."))]
	for row, (quantity, serials) in corrected.items():
		if row not in stated:
			return [Refusal("G1", mark("The slip has changed meanwhile. Ask for a new link."))]
		most, known = stated[row]
		if quantity < 0 or quantity > most or not serials <= known:
			return [
				Refusal("G7", mark("The quantity is corrected downward only. For more, ask for a new slip."))
			]
		if known and len(serials) != quantity:
			return [Refusal("G1", mark("Name as many serial numbers as pieces come back."))]
	return []
