"""Release to production: what a production notice may say, what it covers, how far production and delivery
are against the promise (A7, D3, D4, M1; ISO 13485 7.5.1).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from qms_customer.rules import mark, says
from qms_customer.rules.contract import CLOCKS_DIFFER
from qms_customer.rules.goods import TOLERANCE
from qms_customer.rules.review import Refusal

# D3: where a notice stands; `withdrawn` when it is decided that nothing more is made by it.
PASSED, RELEASED, WITHDRAWN = "passed", "released", "withdrawn"

# D4: what ERPNext calls the entries by which material goes into a work order, or goods come out of it.
BEGINNING = ("Material Transfer for Manufacture", "Material Consumption for Manufacture", "Manufacture")
# D4: where a work order stands while nothing is made by it, and while something may be.
HALTED, GOING = ("Not Started", "Stopped", "Closed"), ("Not Started", "In Process", "Completed")


def has_begun(moved: bool, timed: bool) -> bool:
	"""Return whether work on a work order has begun (D4): from then on it is finished, whatever is asked.

	`moved`: a submitted stock entry of `BEGINNING` is for it. `timed`: a job card of it has a time log.
	A work order that was only submitted, planned, picked for or given job cards has not begun.
	"""
	return moved or timed


def begins_by_entry(purpose: str, job_card: str) -> bool:
	"""Return whether a stock entry for a work order begins it, if nothing has yet (D4).

	What is moved or repacked for one of its job cards does as well; taking goods apart does not.
	"""
	return purpose in BEGINNING or bool(job_card)


def is_put_to_work(before: str, after: str) -> bool:
	"""Return whether a work order goes from standing still to where something is made by it (D4).

	Stopping and closing hold up nothing, and neither does what stays as it was.
	"""
	return before != after and before in HALTED and after in GOING


@dataclass(frozen=True)
class Part:
	"""What a row of an order asks to be made, in the stock unit: its item, or a part of its bundle.

	`promised`: the date on which the customer was promised it; `delivered`: what has left of it.
	"""

	row: str
	item: str
	quantity: Decimal
	promised: date | None = None
	delivered: Decimal = Decimal()

	@property
	def key(self) -> tuple[str, str]:
		"""A row of a bundle has several parts."""
		return self.row, self.item


@dataclass(frozen=True)
class Line:
	"""D3: a line of a production notice, quantity in the stock unit."""

	number: int
	row: str
	item: str
	quantity: Decimal
	start: date | None = None
	finish: date | None = None
	standard: str = ""

	@property
	def key(self) -> tuple[str, str]:
		"""Which part of the order it is about."""
		return self.row, self.item


@dataclass(frozen=True)
class Design:
	"""A7: the design of a special packaging or process, and who of the customer's confirmed it, when, how."""

	number: int
	kind: str
	title: str = ""
	stored: bool = False
	confirmed_by: str = ""
	confirmed_on: datetime | None = None
	method: str = ""


@dataclass(frozen=True)
class Demand:
	"""D4: what a work order takes of an order's notices.

	`quantity`: in the stock unit; None for a sub-assembly, which the notice of the finished item covers.
	`item`: "" where it is not known which finished item that is.
	"""

	order: str
	item: str
	quantity: Decimal | None = None


@dataclass(frozen=True)
class Work:
	"""A work order, as far as it is for one order and item of it; quantities in the stock unit.

	`taken`: what it makes in the end: of a closed one what it made, never what was lost on the way.
	"""

	name: str
	order: str
	item: str
	taken: Decimal
	made: Decimal = Decimal()
	draft: bool = False


@dataclass(frozen=True)
class Progress:
	"""M1, D5, F5: how far one part of an order is, in the stock unit; `late` against the promised date."""

	row: str
	item: str
	ordered: Decimal
	noticed: Decimal
	in_work: Decimal
	made: Decimal
	delivered: Decimal
	promised: date | None
	planned: date | None
	late: bool
	at_risk: bool

	@property
	def done(self) -> bool:
		"""Whether all of it has left."""
		return self.delivered + TOLERANCE >= self.ordered


def is_part(item: str, finished: str | None, asked: Iterable[str]) -> bool:
	"""Return whether a work order makes a sub-assembly, as far as one order is concerned that asks for these
	items (D4); else it makes what the order asks for, and is counted.

	`finished`: what its production plan builds it into, "" where that is not known, None where no plan makes
	it as a part. What the order asks for as well is a part only of something else that it asks for.
	"""
	if finished is None:
		return False
	asked = set(asked)
	return item not in asked or (finished in asked and finished != item)


def text(quantity: Decimal) -> str:
	"""Return a quantity as people write it."""
	return f"{quantity.normalize():f}"


def line_refusals(
	lines: Sequence[Line],
	parts: Iterable[Part],
	others: Mapping[tuple[str, str], Decimal],
	reason: str,
) -> list[Refusal]:
	"""Return what is wrong with the lines of a notice (D3).

	Each is of a row of the order and its item, some quantity, none twice; all notices of a row together
	(`others`: the other ones) stay within what is ordered, unless a reason says why more is made.
	"""
	known = {part.key: part for part in parts}
	found, seen = [], set()
	if not lines:
		found.append(Refusal("D3", mark("The production notice has no line: say what is to be made.")))
	for line in lines:
		number = str(line.number)
		part = known.get(line.key)
		if part is None:
			found.append(
				Refusal(
					"D3",
					mark("Line {0}, {1}: the order does not ask for this to be made."),
					(number, line.item),
				)
			)
			continue
		if line.key in seen:
			found.append(
				Refusal(
					"D3",
					mark("Line {0}, {1}: there is a line for it already."),
					(number, line.item),
				)
			)
		seen.add(line.key)
		if line.quantity <= 0:
			found.append(
				Refusal("D3", mark("Line {0}, {1}: the quantity is more than 0."), (number, line.item))
			)
		already = others.get(line.key, Decimal())
		if not says(reason) and already + line.quantity > part.quantity + TOLERANCE:
			found.append(
				Refusal(
					"D3",
					mark(
						"Line {0}, {1}: {2} would be made, {3} are ordered and {4} are on other production "
						"notices. Reduce the quantity, or say why more is made."
					),
					(number, line.item, text(line.quantity), text(part.quantity), text(already)),
				)
			)
	return found


def schedule_refusals(lines: Iterable[Line]) -> list[Refusal]:
	"""Return what the schedule of a notice lacks before its release (D3, M1): start and finish of each line,
	in that order, and the standard that it is made to ("/" where there is none).
	"""
	found = []
	for line in lines:
		args = (str(line.number), line.item)
		if line.start is None or line.finish is None:
			found.append(Refusal("D3", mark("Line {0}, {1}: say when it starts and finishes."), args))
		elif line.finish < line.start:
			found.append(Refusal("D3", mark("Line {0}, {1}: it is finished before it starts."), args))
		if not line.standard.strip():
			found.append(
				Refusal(
					"K1",
					mark('Line {0}, {1}: name the product standard, or write "/" where there is none.'),
					args,
				)
			)
	return found


def design_refusals(needed: Iterable[str], designs: Sequence[Design], now: datetime) -> list[Refusal]:
	"""Return what the designs of special packaging and processes lack before production (A7).

	Each kind that the contract asks for has one, and each that is there is complete: a stored file, and who
	of the customer's confirmed it, when and how; nothing is confirmed ahead of time (K3).
	"""
	found = []
	for kind in needed:
		if not any(design.kind == kind for design in designs):
			found.append(
				Refusal(
					"A7",
					mark(
						"The contract asks for a special requirement ({0}): attach its design, with the "
						"customer's confirmation, before production."
					),
					(kind,),
				)
			)
	for design in designs:
		number = str(design.number)
		if not design.stored:
			found.append(
				Refusal("A7", mark("Design in row {0}: attach its file, which is stored here."), (number,))
			)
		if not (says(design.confirmed_by) and design.confirmed_on and says(design.method)):
			found.append(
				Refusal(
					"A7",
					mark("Design in row {0}: say who of the customer's confirmed it, when and how."),
					(number,),
				)
			)
		elif design.confirmed_on > now + CLOCKS_DIFFER:
			found.append(
				Refusal("A7", mark("Design in row {0}: its confirmation lies in the future."), (number,))
			)
	return found


def release_refusal(user: str, passed_by: str) -> str:
	"""Return why a person may not release a notice (marked for translation), or "" (D3, C12): who passed the
	task on as PMC does not compile and release it as Production.
	"""
	if user == passed_by:
		return mark("C12: you passed this task on, so somebody else of Production has to release it.")
	return ""


def withdrawal_refusals(
	lines: Iterable[Line], others: Mapping[tuple[str, str], Decimal], work: Iterable[Work]
) -> list[Refusal]:
	"""Return what stands against taking a notice back: what was made by it (D3).

	`others`: what the notices that stay release; `work`: the work orders of the order.
	"""
	rest, made = _by_item(others), _sum(work, lambda w: w.made)
	found = []
	for item in dict.fromkeys(line.item for line in lines):
		if made.get(item, Decimal()) > rest.get(item, Decimal()) + TOLERANCE:
			found.append(
				Refusal(
					"D3",
					mark(
						"{0}: {1} were made already, and the other production notices release {2}. The "
						"notice stays."
					),
					(item, text(made[item]), text(rest.get(item, Decimal()))),
				)
			)
	return found


def without_notice(
	items: Iterable[str], released: Mapping[tuple[str, str], Decimal], work: Iterable[Work]
) -> list[str]:
	"""Return the work orders that run for more of these items than is released, by name, the last first in
	each item (D3): they are listed when a notice is withdrawn.
	"""
	rest, found = _by_item(released), []
	running = [w for w in work if not w.draft]
	for item in dict.fromkeys(items):
		mine = [w for w in running if w.item == item]
		over = sum((w.taken for w in mine), Decimal()) - rest.get(item, Decimal())
		for one in reversed(mine):
			if over <= TOLERANCE:
				break
			if one.taken > one.made:
				found.append(one.name)
			over -= one.taken
	return found


def cover_refusals(
	demands: Iterable[Demand],
	released: Mapping[tuple[str, str], Decimal],
	taken: Mapping[tuple[str, str], Decimal],
) -> list[Refusal]:
	"""Return what of this is not covered by released production notices (D4).

	`released`, `taken`: by order and item, what its notices release, and what other work orders take.
	"""
	found = []
	wanted: dict[tuple[str, str], Decimal | None] = {}
	for demand in demands:
		key = demand.order, demand.item
		before = wanted.get(key)
		if before is None or demand.quantity is None:
			wanted[key] = demand.quantity if before is None else before
		else:
			wanted[key] = before + demand.quantity
	for (order, item), quantity in wanted.items():
		if item:
			covered = released.get((order, item), Decimal())
		else:
			covered = sum((q for (o, _i), q in released.items() if o == order), Decimal())
		if covered <= 0:
			found.append(
				Refusal(
					"D4",
					mark(
						"Order {0}: no production notice for {1} has been released. Planning (PMC) passes "
						"the task on, Production releases the notice."
					),
					(order, item or "*"),
				)
			)
		elif quantity is not None:
			before = taken.get((order, item), Decimal())
			if before + quantity > covered + TOLERANCE:
				found.append(
					Refusal(
						"D4",
						mark(
							"Order {0}: {1} of {2} would be put in work, production notices release {3}, and "
							"{4} of these are in work already. Release a notice for the rest first."
						),
						(order, text(quantity), item, text(covered), text(before)),
					)
				)
	return found


def to_make(
	lines: Iterable[Line], released: Mapping[str, Decimal], taken: Mapping[str, Decimal]
) -> list[Line]:
	"""Return the lines of a released notice with the quantities that no work order, draft or not, takes yet.

	`released`, `taken`: by item, of the whole order; what is taken counts against any of its notices, so that
	what was asked for twice is made once.
	"""
	left = {item: quantity - taken.get(item, Decimal()) for item, quantity in released.items()}
	found = []
	for line in lines:
		quantity = min(line.quantity, left.get(line.item, Decimal()))
		if quantity > TOLERANCE:
			left[line.item] -= quantity
			found.append(replace(line, quantity=quantity))
	return found


def spread(amount: Decimal, wanted: Sequence[Decimal]) -> list[Decimal]:
	"""Return an amount spread over what is wanted, the first first; what is left over goes to the last."""
	found = []
	for want in wanted:
		part = min(max(want, Decimal()), amount)
		found.append(part)
		amount -= part
	if found:
		found[-1] += amount
	return found


def progress(
	parts: Sequence[Part],
	noticed: Iterable[Line],
	work: Iterable[Work],
	today: date,
) -> list[Progress]:
	"""Return how far each part of an order is (M1, D5, F5).

	Work orders name the item, not always the row: what is made of an item counts for the row that was
	promised first. Late: the day that was promised is over, and not all has left; at risk: it is planned to
	be finished after that day.
	"""
	work = [w for w in work if not w.draft]
	made, taken = _sum(work, lambda w: w.made), _sum(work, lambda w: max(w.taken, w.made))
	on_notice: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
	planned: dict[tuple[str, str], date] = {}
	for line in noticed:
		on_notice[line.key] += line.quantity
		if line.finish:
			planned[line.key] = max(planned.get(line.key, line.finish), line.finish)
	of_row: dict[tuple[str, str], tuple[Decimal, Decimal]] = {}
	for item in dict.fromkeys(part.item for part in parts):
		rows = sorted((p for p in parts if p.item == item), key=lambda p: (p.promised or date.max, p.row))
		wanted = [p.quantity for p in rows]
		shares = zip(
			spread(made.get(item, Decimal()), wanted), spread(taken.get(item, Decimal()), wanted), strict=True
		)
		of_row |= {p.key: share for p, share in zip(rows, shares, strict=True)}
	found = []
	for part in parts:
		row_made, row_taken = of_row[part.key]
		open_ = part.delivered + TOLERANCE < part.quantity
		finish = planned.get(part.key)
		found.append(
			Progress(
				row=part.row,
				item=part.item,
				ordered=part.quantity,
				noticed=on_notice.get(part.key, Decimal()),
				in_work=max(row_taken - row_made, Decimal()),
				made=row_made,
				delivered=part.delivered,
				promised=part.promised,
				planned=finish,
				late=bool(open_ and part.promised and part.promised < today),
				at_risk=bool(open_ and part.promised and finish and finish > part.promised),
			)
		)
	return found


def taken_by_item(work: Iterable[Work], drafts: bool = False) -> dict[tuple[str, str], Decimal]:
	"""Return by order and item what work orders take; with `drafts` those that are not submitted, too."""
	found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
	for one in work:
		if drafts or not one.draft:
			found[one.order, one.item] += one.taken
	return dict(found)


def _by_item(of_rows: Mapping[tuple[str, str], Decimal]) -> dict[str, Decimal]:
	found: dict[str, Decimal] = defaultdict(Decimal)
	for (_row, item), quantity in of_rows.items():
		found[item] += quantity
	return dict(found)


def _sum(work: Iterable[Work], amount: Callable[[Work], Decimal]) -> dict[str, Decimal]:
	found: dict[str, Decimal] = defaultdict(Decimal)
	for one in work:
		found[one.item] += amount(one)
	return dict(found)
