"""Replay: what the rules would have made of past orders, and of other limits (B1, B2, C2-C5, C9).

The same `classify` and `seats` as on the live system, over orders of which less is known: the stock of that
day is gone, and a company that has not used the app yet has recorded neither standards nor packaging. So
each order is judged twice: as it stands (unknown counts as not met, B2), and with assumptions that are
stated. An assumption fills in what the source does not hold; it never replaces what the source says, be it
that a field is empty.

Orders are added one by one and kept as counts, so that memory does not grow with their number.
"""

import heapq
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from qms_customer.rules import mark
from qms_customer.rules.aspects import Department
from qms_customer.rules.classification import (
	CAPACITY,
	Classification,
	Criterion,
	Facts,
	Path,
	Price,
	Standard,
	Thresholds,
	Verdict,
	classify,
)
from qms_customer.rules.people import AUTHORITY_RANK
from qms_customer.rules.review import APPROVERS, seats

# The facts that a source of past orders may not hold.
STANDARD = "standard"
STOCK = "stock"
LEAD_TIME = "lead_time"
DUE = "delivery_date"
PACKAGING = "packaging"
PAYMENT_TERMS = "payment_terms"
PAYMENT_METHOD = "payment_method"
DELIVERY_METHOD = "delivery_method"
AMOUNT = "amount"
RATE = "rate"
SPECIAL = "special"

# B1: what is needed to judge each criterion, and C4, C5 the size.
NEEDED = {
	STANDARD: ("a",),
	STOCK: ("b",),
	LEAD_TIME: ("b",),
	DUE: ("b",),
	PACKAGING: ("c",),
	PAYMENT_TERMS: ("c",),
	PAYMENT_METHOD: ("c",),
	DELIVERY_METHOD: ("c",),
	RATE: ("c",),
	AMOUNT: ("size",),
	SPECIAL: ("special",),
}
FACT_NAMES = {
	STANDARD: mark("Enterprise standard of the item"),
	STOCK: mark("Free stock on the day of the order"),
	LEAD_TIME: mark("Lead time of the item"),
	DUE: mark("Delivery date of each line"),
	PACKAGING: mark("Packaging of the order"),
	PAYMENT_TERMS: mark("Payment terms of the order"),
	PAYMENT_METHOD: mark("Payment method of the order"),
	DELIVERY_METHOD: mark("Delivery method of the order"),
	RATE: mark("Price of each line"),
	AMOUNT: mark("Value in company currency"),
	SPECIAL: mark("Special requirements of the order"),
}
TERMS = (PACKAGING, PAYMENT_TERMS, PAYMENT_METHOD, DELIVERY_METHOD)

# What each piece of evidence is called where many orders are counted: its message names one item.
REASONS = {
	"{0}: the item is disabled": mark("An item is disabled"),
	"{0}: no enterprise standard is recorded": mark("No enterprise standard is recorded for an item"),
	"{0}: enterprise standard {1} is withdrawn": mark("The enterprise standard of an item is withdrawn"),
	"{0}: enterprise standard {1} has no validity date": mark(
		"The enterprise standard of an item has no validity date"
	),
	"{0}: enterprise standard {1} is not valid until delivery": mark(
		"The enterprise standard of an item is not valid until delivery"
	),
	"{0}: enterprise standard {1} ends, and there is no delivery date": mark(
		"The enterprise standard of an item ends, and there is no delivery date"
	),
	"{0}: a quantity is not stated": mark("A quantity is not stated"),
	"{0}: {1} needed, {2} free in stock, no delivery date": mark("A line has no delivery date"),
	"{0}: {1} needed, {2} free in stock, lead time not recorded": mark(
		"No lead time is recorded for an item"
	),
	"{0}: {1} needed, {2} free in stock, lead time {3} days gives {4}, due {5}": mark(
		"The lead time of an item ends after the delivery date"
	),
	"No price: {0}": mark("A line has no price"),
	"Special requirements: {0}": mark("The order has special requirements"),
	"Value unknown: no exchange rate to the company's currency is on record for this date": mark(
		"The value in company currency is unknown"
	),
	"Large: at or above the limit for amount or quantity": mark("Large: at or above a limit"),
}
# The reasons of `classify` that only repeat a criterion, which has its own evidence.
_REPEATS = "Non-routine: criterion ({0}) is {1}"

# How many of the longest lists are kept.
LARGEST = 10
TOP = 15


@dataclass(frozen=True)
class PastOrder:
	"""An order of the past: its facts as far as they are known, and which the source does not hold."""

	name: str
	facts: Facts
	absent: frozenset[str] = frozenset()
	customer: str = ""
	group: str = ""

	@property
	def day(self) -> date:
		"""The day on which it would have been reviewed."""
		return self.facts.today


@dataclass(frozen=True)
class Assumptions:
	"""What is taken for granted where the source does not hold a fact; the default takes nothing for granted.

	`within_capacity`: criterion (b) holds where stock alone cannot show it and lead time or date are absent.
	"""

	standard: bool = False
	in_stock: bool | None = None
	lead_time_days: int | None = None
	within_capacity: bool = False
	packaging: bool = False
	payment_terms: bool = False
	payment_method: bool = False
	delivery_method: bool = False
	rate: bool = False

	def of(self, fact: str) -> bool:
		"""Return whether something is assumed about a fact."""
		if fact == STOCK:
			return self.in_stock is not None
		if fact == LEAD_TIME:
			return self.lead_time_days is not None or self.within_capacity
		if fact == DUE:
			return self.within_capacity
		return bool(getattr(self, fact, False))


NOTHING = Assumptions()
# What a company that prepares its masters before it goes live can count on; goods are made to order.
IN_ORDER = Assumptions(
	standard=True,
	in_stock=False,
	within_capacity=True,
	packaging=True,
	payment_terms=True,
	payment_method=True,
	delivery_method=True,
	rate=True,
)
_ASSUMED = "assumed"
_ALWAYS = Standard(_ASSUMED, "", date.min, None)


def suppose(order: PastOrder, assumptions: Assumptions) -> tuple[Facts, dict[str, Verdict]]:
	"""Return the facts with the assumptions filled in, and the criteria taken as met (B3 overrides).

	Only what is absent from the source is filled in.
	"""
	facts, absent = order.facts, order.absent
	if not absent or assumptions == NOTHING:
		return facts, {}
	a, changes = assumptions, {}
	standard = a.standard and STANDARD in absent
	stock = a.in_stock is not None and STOCK in absent
	lead = a.lead_time_days is not None and LEAD_TIME in absent
	if standard or stock or lead:
		changes["lines"] = _suppose_lines(facts, a, standard, stock, lead)
	if a.rate and RATE in absent:
		changes["prices"] = tuple(Price(line.item, Decimal(1)) for line in facts.lines)
	for term in TERMS:
		if term in absent and getattr(a, term):
			changes[term] = _ASSUMED
	facts = replace(facts, **changes) if changes else facts
	overrides = {}
	if a.within_capacity and absent & {LEAD_TIME, DUE} and _only_absent_stands_against(facts, absent):
		overrides[CAPACITY] = Verdict.MET
	return facts, overrides


def _suppose_lines(facts: Facts, a: Assumptions, standard: bool, stock: bool, lead: bool) -> tuple:
	total: dict[str, Decimal] = {}
	for line in facts.lines:
		total[line.item] = total.get(line.item, Decimal()) + line.quantity
	return tuple(
		replace(
			line,
			standard=line.standard or _ALWAYS if standard else line.standard,
			# Free stock is shared by the lines of an item.
			free=(total[line.item] if a.in_stock else Decimal())
			if stock and line.free is None
			else line.free,
			lead_time_days=line.lead_time_days or a.lead_time_days if lead else line.lead_time_days,
		)
		for line in facts.lines
	)


def _only_absent_stands_against(facts: Facts, absent: frozenset[str]) -> bool:
	"""Whether criterion (b) is open for nothing but facts that the source does not hold."""
	for line in facts.lines:
		if line.quantity <= 0:
			return False
		if not line.goods or (line.free is not None and line.free >= line.quantity):
			continue
		if line.due is None and DUE not in absent:
			return False
		if not line.lead_time_days and LEAD_TIME not in absent:
			return False
		if (
			line.due is not None
			and line.lead_time_days
			and (line.due - facts.today).days < line.lead_time_days
		):
			return False
	return True


def judge(order: PastOrder, thresholds: Thresholds, assumptions: Assumptions = NOTHING) -> Classification:
	"""Return what the rules make of a past order (B1, B2, C2-C5)."""
	facts, overrides = suppose(order, assumptions)
	return classify(facts, thresholds, overrides)


def reasons(found: Classification) -> set[tuple[str, str, str]]:
	"""Return why an order is convened: (criterion or "size" or "special", verdict, title) of each reason."""
	against = {
		(c.code, e.verdict.value, title(e.message))
		for c in found.criteria
		if c.verdict is not Verdict.MET
		for e in _behind(c)
	}
	if found.path is Path.CONVENED:
		for e in found.reasons:
			if e.message != _REPEATS:
				kind = "special" if found.special and e.args else "size"
				against.add((kind, e.verdict.value, title(e.message)))
	return against


def _behind(criterion: Criterion) -> Iterable:
	"""The evidence that keeps a criterion from being met."""
	return (e for e in criterion.evidence if e.verdict is not Verdict.MET)


def _stock_counts(found: Classification) -> bool:
	"""Whether stock can change the path: it bears on criterion (b) alone."""
	return found.path is not Path.CONVENED or all(
		e.message == _REPEATS and e.args[0] == CAPACITY for e in found.reasons
	)


def title(message: str) -> str:
	"""Return what a piece of evidence is called where orders are counted."""
	return REASONS.get(message, message)


def ladder(*limits: Decimal | None) -> tuple[Decimal, ...]:
	"""Return the limits that a replay can try: 1, 2, 5, 10, 20, 50 … up to 10^12, and those given."""
	steps = {Decimal(step) * 10**power for power in range(13) for step in (1, 2, 5)}
	return tuple(sorted(steps | {limit for limit in limits if limit is not None and limit > 0}))


@dataclass(frozen=True)
class Size:
	"""Where an order lies between the limits, and what else decides its path.

	`amount` and `quantity` count the limits of the ladder that it reaches; `amount` is None if unknown.
	"""

	amount: int | None
	quantity: int
	plain: bool
	in_stock: bool


@dataclass
class Largest:
	"""One of the largest orders."""

	name: str
	day: date
	customer: str
	amount: Decimal | None
	quantity: Decimal
	path: Path
	reasons: tuple[str, ...]


@dataclass
class Tally:
	"""How many orders a customer group or an item is in, and how many of them are convened."""

	orders: int = 0
	convened: int = 0
	quantity: Decimal = Decimal()


@dataclass
class Replay:
	"""The counts of a replay. Add orders with `add`; everything else reads.

	`tried` holds the ladders of amounts and quantities for which other limits can be counted exactly.
	"""

	thresholds: Thresholds
	departments: Sequence[Department]
	assumptions: Assumptions = IN_ORDER
	try_amounts: Sequence[Decimal] = ()
	try_quantities: Sequence[Decimal] = ()

	orders: int = 0
	lines: int = 0
	first: date | None = None
	last: date | None = None
	paths: Counter = field(default_factory=Counter)
	non_routine: int = 0
	large: int = 0
	special: int = 0
	in_stock: int = 0
	value: Decimal = Decimal()
	value_unknown: int = 0
	months: dict[str, Counter] = field(default_factory=dict)
	reasons: Counter = field(default_factory=Counter)
	alone: Counter = field(default_factory=Counter)
	absent: Counter = field(default_factory=Counter)
	# As it stands: nothing assumed.
	strict_paths: Counter = field(default_factory=Counter)
	strict_non_routine: int = 0
	strict_reasons: Counter = field(default_factory=Counter)
	# The assumptions, and everything in stock: what a warehouse changes.
	stocked_paths: Counter = field(default_factory=Counter)
	sizes: Counter = field(default_factory=Counter)
	groups: dict[str, Tally] = field(default_factory=dict)
	items: dict[str, Tally] = field(default_factory=dict)
	largest: list = field(default_factory=list)

	def __post_init__(self) -> None:
		t = self.thresholds
		self.amounts = ladder(t.small_amount, t.large_amount, *self.try_amounts)
		self.quantities = ladder(t.small_quantity, t.large_quantity, *self.try_quantities)
		self._stocked = replace(self.assumptions, in_stock=True)
		# C3, C4, C9: who reviews depends on the path alone.
		self.seated = {
			path: tuple(
				seat.department
				for seat in seats(
					Classification((), path is Path.SALES, False, False, (), path), self.departments
				)
			)
			for path in Path
		}

	def add(self, order: PastOrder) -> Classification:
		"""Count an order, and return what the rules make of it with the assumptions."""
		found = judge(order, self.thresholds, self.assumptions)
		convened = found.path is Path.CONVENED
		self.orders += 1
		self.lines += len(order.facts.lines)
		self.first = order.day if self.first is None else min(self.first, order.day)
		self.last = order.day if self.last is None else max(self.last, order.day)
		self.paths[found.path] += 1
		self.months.setdefault(f"{order.day:%Y-%m}", Counter())[found.path] += 1
		self.non_routine += not found.routine
		self.large += found.large
		self.special += bool(found.special)
		self.in_stock += found.in_stock
		if order.facts.amount is None:
			self.value_unknown += 1
		else:
			self.value += order.facts.amount
		against = reasons(found)
		self.reasons.update(against)
		if len(against) == 1:
			self.alone.update(against)
		self.absent.update(order.absent)
		self._count_otherwise(order, found)
		self.sizes[self._size(order.facts, found)] += 1
		self._count_groups(order, convened)
		self._keep_largest(order, found, against)
		return found

	def _count_otherwise(self, order: PastOrder, found: Classification) -> None:
		"""Count the order as it stands, and as if everything had been in stock."""
		strict = found if not order.absent else judge(order, self.thresholds)
		self.strict_paths[strict.path] += 1
		self.strict_non_routine += not strict.routine
		self.strict_reasons.update(reasons(strict))
		if STOCK in order.absent and not found.in_stock and _stock_counts(found):
			found = judge(order, self.thresholds, self._stocked)
		self.stocked_paths[found.path] += 1

	def _size(self, facts: Facts, found: Classification) -> Size:
		amount = None if facts.amount is None else bisect_right(self.amounts, facts.amount)
		plain = found.routine and not found.special
		return Size(amount, bisect_right(self.quantities, facts.quantity), plain, found.in_stock)

	def _count_groups(self, order: PastOrder, convened: bool) -> None:
		tally = self.groups.setdefault(order.group, Tally())
		tally.orders += 1
		tally.convened += convened
		tally.quantity += order.facts.quantity
		quantities: dict[str, Decimal] = {}
		for line in order.facts.lines:
			quantities[line.item] = quantities.get(line.item, Decimal()) + line.quantity
		for item, quantity in quantities.items():
			tally = self.items.setdefault(item, Tally())
			tally.orders += 1
			tally.convened += convened
			tally.quantity += quantity

	def _keep_largest(self, order: PastOrder, found: Classification, against: set) -> None:
		amount = order.facts.amount
		# The number breaks ties, so that the same orders give the same list.
		key = (amount if amount is not None else Decimal(-1), order.facts.quantity, -self.orders)
		if len(self.largest) == LARGEST and key <= self.largest[0][0]:
			return
		entry = Largest(
			order.name,
			order.day,
			order.customer,
			amount,
			order.facts.quantity,
			found.path,
			tuple(sorted(text for _kind, _verdict, text in against)),
		)
		(heapq.heappushpop if len(self.largest) == LARGEST else heapq.heappush)(self.largest, (key, entry))

	# Reading

	def largest_first(self) -> list[Largest]:
		"""Return the largest orders, the largest first."""
		return [entry for _key, entry in sorted(self.largest, key=lambda pair: pair[0], reverse=True)]

	def opinions(self, paths: Mapping[Path, int] | None = None) -> dict[str, int]:
		"""Return how many opinions each department gives (C2-C4), in the order of the routing table."""
		paths = self.paths if paths is None else paths
		return {
			d.name: sum(
				count for path, count in paths.items() if d.name in {s.name for s in self.seated[path]}
			)
			for d in self.departments
		}

	def decisions(self, paths: Mapping[Path, int] | None = None) -> dict[str, int]:
		"""Return how many orders each authority decides (C9); "" is the salesperson's signature (C5)."""
		found: dict[str, int] = {}
		for path, count in (self.paths if paths is None else paths).items():
			if count:
				found[APPROVERS[path]] = found.get(APPROVERS[path], 0) + count
		return dict(sorted(found.items(), key=lambda pair: -AUTHORITY_RANK.get(pair[0], 0)))

	def all_months(self) -> list[str]:
		"""Return every month of the period, those without an order included."""
		if self.first is None or self.last is None:
			return []
		year, month, found = self.first.year, self.first.month, []
		while (year, month) <= (self.last.year, self.last.month):
			found.append(f"{year:04d}-{month:02d}")
			year, month = (year, month + 1) if month < 12 else (year + 1, 1)
		return found

	def busiest(self, counts: Mapping[str, int]) -> tuple[str, int]:
		"""Return the month with the highest count, the earliest of several."""
		return max(
			((m, counts.get(m, 0)) for m in self.all_months()), key=lambda pair: pair[1], default=("", 0)
		)

	def paths_with(self, thresholds: Thresholds) -> Counter:
		"""Return how the orders would go with other limits, which lie on the ladders (C3-C5); exact."""
		limits = (
			_reach(self.amounts, thresholds.small_amount),
			_reach(self.quantities, thresholds.small_quantity),
			_reach(self.amounts, thresholds.large_amount),
			_reach(self.quantities, thresholds.large_quantity),
		)
		found: Counter = Counter()
		for size, count in self.sizes.items():
			found[_path(size, *limits)] += count
		return found


def _reach(steps: Sequence[Decimal], limit: Decimal | None) -> int | None:
	"""How many limits of the ladder an order reaches that lies at the limit; None: the limit is not used."""
	if limit is None:
		return None
	place = bisect_left(steps, limit)
	if place == len(steps) or steps[place] != limit:
		raise ValueError(f"the limit {limit} is not one that this replay tries")
	return place + 1


def _path(
	size: Size,
	small_amount: int | None,
	small_quantity: int | None,
	large_amount: int | None,
	large_quantity: int | None,
) -> Path:
	"""The path of an order of this size, as `classify` finds it."""
	large = (large_amount is not None and (size.amount is None or size.amount >= large_amount)) or (
		large_quantity is not None and size.quantity >= large_quantity
	)
	if large or not size.plain:
		return Path.CONVENED
	if (
		small_amount is not None
		and small_quantity is not None
		and size.amount is not None
		and size.amount < small_amount
		and size.quantity < small_quantity
	):
		return Path.SIGNATURE
	return Path.SALES if size.in_stock else Path.CIRCULATED


@dataclass(frozen=True)
class Trial:
	"""A limit that was tried: how many orders it makes large (or small), and how they would go."""

	limit: Decimal | None
	reached: int
	paths: Mapping[Path, int]
	current: bool = False


def try_large(replay: Replay, what: str, wanted: Sequence[Decimal] = (), most: int = 11) -> list[Trial]:
	"""Return what other limits of large orders change (C4). `what`: "amount" or "quantity".

	None below the limit of small orders, and none at all last.
	"""
	steps = replay.amounts if what == "amount" else replay.quantities
	t, attribute = replay.thresholds, f"large_{what}"
	current, small = getattr(t, attribute), getattr(t, f"small_{what}")
	found = []
	for limit in [*interesting(replay, what, {current, *wanted}, most, low=small), None]:
		reach, reached = _reach(steps, limit), 0
		if reach is not None:
			reached = sum(
				count
				for size, count in replay.sizes.items()
				if getattr(size, what) is None or getattr(size, what) >= reach
			)
		paths = replay.paths_with(replace(t, **{attribute: limit}))
		found.append(Trial(limit, reached, paths, limit == current))
	return found


def try_small(replay: Replay, most: int = 6) -> tuple[list[Decimal], list[Decimal], list[list[int]]]:
	"""Return amounts, quantities, and for each pair how many orders the salesperson alone signs (C5)."""
	t = replay.thresholds
	amounts = interesting(replay, "amount", {t.small_amount}, most, high=t.large_amount)
	quantities = interesting(replay, "quantity", {t.small_quantity}, most, high=t.large_quantity)

	def signed(amount: Decimal, quantity: Decimal) -> int:
		limits = replace(t, small_amount=amount, small_quantity=quantity)
		return replay.paths_with(limits)[Path.SIGNATURE]

	return amounts, quantities, [[signed(a, q) for q in quantities] for a in amounts]


def interesting(
	replay: Replay,
	what: str,
	keep: Iterable[Decimal | None],
	most: int,
	low: Decimal | None = None,
	high: Decimal | None = None,
) -> list[Decimal]:
	"""Return limits between the smallest and the largest order, the highest `most`, and those to keep."""
	steps = replay.amounts if what == "amount" else replay.quantities
	kept = {limit for limit in keep if limit is not None and limit > 0}
	reached = [getattr(size, what) for size in replay.sizes if getattr(size, what) is not None]
	between: list[Decimal] = []
	if reached:
		between = [s for s in steps[max(min(reached) - 1, 0) : max(reached) + 1] if s in _ROUND]
	return [
		limit
		for limit in sorted(kept | set(_within(between, low, high)[-most:]))
		if limit in _within([limit], low, high)
	]


_ROUND = frozenset(ladder())


def _within(steps: Iterable[Decimal], low: Decimal | None, high: Decimal | None) -> list[Decimal]:
	return [s for s in steps if (low is None or s >= low) and (high is None or s <= high)]
