"""Capacity forecast: what an order needs of workstations and materials over three months, against what they
give (B1 criterion b, C8).

Pure arithmetic. Time is counted from the beginning of today in parts of a day that are so small that each
minute of each workstation is a whole number of them (`_Shop.day` to a day): an operation of half a working
day takes half a day, exactly. Work is counted in minutes. What is assumed stands in docs/capacity.md.

Why windows and not a schedule: a schedule that is made by dispatching operations can get later when work is
taken away or a machine is added. Here each operation has a window (from when its materials are there, until
when what follows needs it), and a workstation is asked, for each stretch of days, whether the work whose
window lies within it fits. That is exact for one workstation and work that can be interrupted, it never gets
better by more work or worse by more hours, and it can be shown as two numbers and a date.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from math import ceil, lcm

from qms_customer.rules import mark
from qms_customer.rules.classification import Evidence, Verdict

# C8: two to three months.
WEEKS = 13
DAYS = WEEKS * 7
# How many facts of a kind are listed; the others are counted.
MOST = 5

OPEN_WORK, COMMITTED, IN_REVIEW, OWN = "work_orders", "committed", "in_review", "own"


@dataclass(frozen=True)
class Workstation:
	"""What a workstation gives: minutes a day of each of its units, but on holidays.

	`known_until`: the last day of its Holiday List; None: there is none, it works every day. `kind`: its
	workstation type.
	"""

	name: str
	minutes: int
	units: int = 1
	holidays: frozenset[date] = frozenset()
	known_until: date | None = None
	kind: str = ""
	holiday_list: str = ""


@dataclass(frozen=True)
class Step:
	"""An operation of a BOM: minutes for `batch` pieces of the BOM's quantity, or once for all of them
	(`fixed`); at a workstation, or at any of a type.
	"""

	operation: str
	minutes: Decimal
	workstation: str = ""
	kind: str = ""
	fixed: bool = False
	batch: Decimal = Decimal(1)


@dataclass(frozen=True)
class Part:
	"""A material of a BOM: how much the BOM's quantity takes, and by which BOM it is made if not by its
	own.
	"""

	item: str
	quantity: Decimal
	bom: str = ""


@dataclass(frozen=True)
class Bom:
	"""How `quantity` of an item is made; `loss` is the percentage that does not come out."""

	name: str
	item: str
	quantity: Decimal
	steps: tuple[Step, ...] = ()
	parts: tuple[Part, ...] = ()
	loss: Decimal = Decimal()


@dataclass(frozen=True)
class Item:
	"""An item: the BOM it is made by ("": it is bought), its lead time, and its stock."""

	code: str
	bom: str = ""
	lead_time_days: int | None = None
	stock: Decimal = Decimal()


@dataclass(frozen=True)
class Supply:
	"""What is on its way: an open purchase order or work order, and the day on which it is there."""

	item: str
	quantity: Decimal
	on: date


@dataclass(frozen=True)
class Load:
	"""What an open work order still needs of a workstation, or of a type, and by when."""

	minutes: int
	due: date
	workstation: str = ""
	kind: str = ""


@dataclass(frozen=True)
class Demand:
	"""A quantity that is needed by a date; `since`: when the review of its order began."""

	item: str
	quantity: Decimal
	due: date | None
	source: str = ""
	since: str = ""


@dataclass(frozen=True)
class Plant:
	"""All that the forecast looks at besides the order itself.

	`committed`: what open work orders and submitted orders need; `in_review`: orders whose review began
	earlier. `gap`: minutes between two operations.
	"""

	today: date
	workstations: tuple[Workstation, ...] = ()
	items: tuple[Item, ...] = ()
	boms: tuple[Bom, ...] = ()
	supplies: tuple[Supply, ...] = ()
	loads: tuple[Load, ...] = ()
	committed: tuple[Demand, ...] = ()
	in_review: tuple[Demand, ...] = ()
	gap: int = 0


@dataclass(frozen=True)
class Week:
	"""What one week of a workstation gives, and what is needed of it by then, in minutes."""

	begins: date
	capacity: int
	committed: int
	in_review: int
	own: int


@dataclass(frozen=True)
class Loaded:
	"""The weeks of a workstation, or of a workstation type, that the order loads."""

	name: str
	weeks: tuple[Week, ...]


@dataclass(frozen=True)
class Forecast:
	"""What the forecast found (C8); the tightest workstations come first.

	`earliest`: the first date on which all of the order could be there; None: not within the horizon, or
	unknown. `left_out`: operations of other orders that could not be placed, for want of a workstation, a
	time or working hours.
	"""

	evidence: tuple[Evidence, ...]
	earliest: date | None
	loaded: tuple[Loaded, ...]
	left_out: int = 0

	@property
	def verdict(self) -> Verdict:
		"""The worst of the evidence; none is unknown (B2)."""
		found = {e.verdict for e in self.evidence}
		if Verdict.NOT_MET in found:
			return Verdict.NOT_MET
		return Verdict.MET if found == {Verdict.MET} else Verdict.UNKNOWN


def goods_hash(goods: Iterable[tuple[str, Decimal, date | None]], dates: bool = True) -> str:
	"""Return a hash of goods: items, quantities and dates, whatever the order of the rows.

	Without `dates` the same goods at other dates have the same hash: an answer with a date holds for those.
	"""
	total: dict[tuple[str, str], Decimal] = {}
	for item, quantity, due in goods:
		key = (item, due.isoformat() if dates and due else "")
		total[key] = total.get(key, Decimal()) + quantity
	rows = [[item, due, f"{quantity.normalize():f}"] for (item, due), quantity in sorted(total.items())]
	return hashlib.sha256(json.dumps(rows, ensure_ascii=False).encode()).hexdigest()


def forecast(plant: Plant, own: Sequence[Demand]) -> Forecast:
	"""Return whether an order lies within capacity, why, and from when on it would (B1 b, B2, C8)."""
	shop = _Shop(plant)
	found = shop.judge(own)
	earliest = None
	if found.verdict is Verdict.MET:
		earliest = max((d.due for d in own if d.due), default=None)
	elif not any(e.verdict is Verdict.UNKNOWN for e in found.evidence) and own:
		earliest = _earliest(shop, own)
		fact = (
			Evidence(Verdict.NOT_MET, mark("All of it would be possible by {0}"), (earliest.isoformat(),))
			if earliest
			else Evidence(
				Verdict.NOT_MET, mark("It is not possible within {0} weeks from today"), (str(WEEKS),)
			)
		)
		found = replace(found, evidence=(*found.evidence, fact))
	return replace(found, earliest=earliest)


def _earliest(shop: "_Shop", own: Sequence[Demand]) -> date | None:
	"""The first date to which what is due before would have to move. A later date never makes it harder."""
	low, high = 0, DAYS - 1

	def holds(day: int) -> bool:
		moved = shop.today + timedelta(days=day)
		return shop.judge([replace(d, due=max(d.due, moved)) for d in own]).verdict is Verdict.MET

	if not holds(high):
		return None
	while low < high:
		middle = (low + high) // 2
		low, high = (low, middle) if holds(middle) else (middle + 1, high)
	return max(shop.today + timedelta(days=low), *(d.due for d in own))


class _Calendar:
	"""What a workstation, or all workstations of a type, give day by day from today."""

	def __init__(self, name: str, members: Sequence[Workstation], today: date, day: int) -> None:
		self.name, self.day = name, day
		days = [today + timedelta(days=i) for i in range(DAYS)]
		gives = [[0 if day in w.holidays else w.minutes for day in days] for w in members]
		# An operation runs on one unit at a time, as ERPNext plans it; of a type, on one that works longest.
		self.most = max((w.minutes for w in members), default=0)
		self.open = [any(row[i] for row in gives) for i in range(DAYS)]
		self.minute = day // self.most if self.most else 0
		total = [
			sum(row[i] * max(w.units, 1) for row, w in zip(gives, members, strict=True)) for i in range(DAYS)
		]
		self.until = [0]
		for minutes in total:
			self.until.append(self.until[-1] + minutes)
		ends = [(w.known_until, w.holiday_list) for w in members if w.known_until]
		self.known_until, self.holiday_list = min(ends, default=(None, ""))

	def between(self, first: int, last: int) -> int:
		"""The minutes from the beginning of a day to the end of another."""
		return self.until[last + 1] - self.until[first]

	def start_of(self, end: int, minutes: int) -> int:
		"""The latest point at which work begins that ends at a point; before today every day counts."""
		left = minutes * self.minute
		while True:
			day = -(-end // self.day) - 1
			begins = day * self.day
			if day < 0:
				return end - left
			if day >= DAYS or self.open[day]:
				if end - begins >= left:
					return end - left
				left -= end - begins
			end = begins

	def end_of(self, start: int, minutes: int) -> int:
		"""The earliest point at which work ends that begins at one; after the horizon every day counts."""
		left = minutes * self.minute
		while True:
			day = start // self.day
			ends = (day + 1) * self.day
			if day >= DAYS:
				return start + left
			if self.open[day]:
				if ends - start >= left:
					return start + left
				left -= ends - start
			start = ends


@dataclass
class _Work:
	"""Minutes at a workstation or type within a window of days, for whom."""

	place: tuple[str, str]
	first: int
	last: int
	minutes: int
	who: str


@dataclass
class _Found:
	"""What came up while the order itself was taken apart."""

	unknown: dict[Evidence, None] = field(default_factory=dict)
	late: list[tuple[int, Evidence]] = field(default_factory=list)
	work: list[_Work] = field(default_factory=list)
	# Whether sub-assemblies that are being made are waited for.
	waits: bool = True
	waited: bool = False


class _Pool:
	"""Stock and what is on its way, by item, in order of its day; each piece is given once."""

	def __init__(self, rows: Mapping[str, list[tuple[int, Decimal]]]) -> None:
		self.rows = {item: list(rows) for item, rows in rows.items()}

	def copy(self) -> "_Pool":
		return _Pool(self.rows)

	def take(self, item: str, quantity: Decimal, until: int | None) -> tuple[int, Decimal]:
		"""Give out what there is, the earliest first; return when it is there, and how much is lacking.

		`until`: what is there later is left for others.
		"""
		ready, rows = 0, self.rows.get(item)
		while rows and quantity > 0 and (until is None or rows[0][0] <= until):
			ready, available = rows[0]
			if available > quantity:
				rows[0] = (ready, available - quantity)
				return ready, Decimal()
			quantity -= available
			del rows[0]
		return ready, quantity


class _Shop:
	"""The plant with what stands ahead of the order placed in it."""

	def __init__(self, plant: Plant) -> None:
		self.today = plant.today
		self.day = lcm(24 * 60, *(w.minutes for w in plant.workstations if w.minutes > 0))
		self.gap = plant.gap * (self.day // (24 * 60))
		self.items = {i.code: i for i in plant.items}
		self.boms = {b.name: b for b in plant.boms}
		stations = sorted(plant.workstations, key=lambda w: w.name)
		self.calendars = {(w.name, ""): _Calendar(w.name, [w], plant.today, self.day) for w in stations}
		self.kind_of = {w.name: w.kind for w in stations}
		for kind in {w.kind for w in stations if w.kind}:
			members = [w for w in stations if w.kind == kind]
			self.calendars["", kind] = _Calendar(kind, members, plant.today, self.day)
		self.pool = self._pool(plant)
		self.left_out = 0
		self.work: list[_Work] = []
		for load in plant.loads:
			place = self._place(load.workstation, load.kind)
			if place is None:
				self.left_out += 1
			elif (last := self._day(load.due)) < DAYS:
				self.work.append(_Work(place, 0, max(last, 0), load.minutes, OPEN_WORK))
		for demand in sorted(plant.committed, key=_by_due):
			self._ahead(demand, COMMITTED)
		for demand in sorted(plant.in_review, key=lambda d: (d.since, *_by_due(d))):
			self._ahead(demand, IN_REVIEW)
		self.by_place = _by_place(self.work, self.kind_of)
		self.open_kinds = {w.place for w in self.work if not w.place[0]}

	def judge(self, own: Sequence[Demand]) -> Forecast:
		"""Place the order last, waiting for sub-assemblies that are being made, else making its own: it is
		enough that it can be done in one way. To choose one by one would not be: a later date could then
		make it worse.
		"""
		first, waited = self._judge(own, waits=True)
		if first.verdict is Verdict.MET or not waited:
			return first
		second, _ = self._judge(own, waits=False)
		return second if second.verdict is Verdict.MET else first

	def _judge(self, own: Sequence[Demand], waits: bool) -> tuple[Forecast, bool]:
		found, pool = _Found(waits=waits), self.pool.copy()
		for demand in sorted(own, key=_by_due):
			self._own(demand, pool, found)
		evidence = list(found.unknown)
		late = [e for _, e in sorted(found.late, key=lambda row: (-row[0], row[1].args))]
		evidence += [*late[:MOST], *_more(late[MOST:])]
		work = self.by_place
		mine = _by_place(found.work, self.kind_of)
		# Where nothing is planned for just any workstation of a type, its workstations say it all.
		open_kinds = self.open_kinds | {w.place for w in found.work if not w.place[0]}
		mine = {place: rows for place, rows in mine.items() if place[0] or place in open_kinds}
		fits, fails, by_slack = [], [], []
		for place in sorted(mine):
			calendar = self.calendars[place]
			ends = self.today + timedelta(days=max(w.last for w in mine[place]))
			if calendar.known_until and calendar.known_until < ends:
				evidence.append(
					Evidence(
						Verdict.UNKNOWN,
						mark("{0}: its Holiday List {1} ends on {2}, work is planned until {3}"),
						(
							calendar.name,
							calendar.holiday_list,
							calendar.known_until.isoformat(),
							ends.isoformat(),
						),
					)
				)
			slack, fact = self._tightest(calendar, work.get(place, []), mine[place])
			(fails if slack < 0 else fits).append((slack, fact))
			by_slack.append((slack, place))
		fails, fits = (
			[e for _, e in sorted(rows, key=lambda r: (r[0], r[1].args))] for rows in (fails, fits)
		)
		evidence += [*fails[:MOST], *_more(fails[MOST:]), *fits[:MOST], *_more(fits[MOST:])]
		if not mine and not evidence and own:
			evidence.append(Evidence(Verdict.MET, mark("All that is made is in stock or on its way in time")))
		loaded = tuple(self._weeks(place, work.get(place, []), mine[place]) for _, place in sorted(by_slack))
		return Forecast(tuple(evidence), None, loaded, self.left_out), found.waited

	def _own(self, demand: Demand, pool: _Pool, found: _Found) -> None:
		if demand.due is None or demand.quantity <= 0:
			text = (
				mark("{0}: no delivery date") if demand.due is None else mark("{0}: a quantity is not stated")
			)
			found.unknown[Evidence(Verdict.UNKNOWN, text, (demand.item,))] = None
			return
		# Beyond the horizon nothing is known: what is due later is judged at its end.
		deadline = max(min(self._day(demand.due) + 1, DAYS), 0) * self.day
		before = len(found.late)
		ready = self._need(demand.item, demand.quantity, deadline, "", (), pool, found, OWN)
		if ready > deadline and len(found.late) == before:
			text = mark("{0}: {1} can be made by {2} at the earliest, due {3}")
			args = (demand.item, _plain(demand.quantity), self._date(ready), demand.due.isoformat())
			found.late.append((ready - deadline, Evidence(Verdict.NOT_MET, text, args)))

	def _ahead(self, demand: Demand, who: str) -> None:
		"""What stands ahead takes its stock, and its place at the workstations."""
		if demand.quantity <= 0:
			return
		due = self._day(demand.due) if demand.due else DAYS
		found = _Found()
		deadline = (max(due, 0) + 1) * self.day
		self._need(demand.item, demand.quantity, deadline, "", (), self.pool, found, who)
		self.left_out += len(found.unknown)
		# What is due after the horizon can be made after it.
		self.work += [w for w in found.work if w.last < DAYS]

	def _need(
		self,
		code: str,
		quantity: Decimal,
		deadline: int,
		bom_name: str,
		path: tuple[str, ...],
		pool: _Pool,
		found: _Found,
		who: str,
	) -> int:
		"""Return when a quantity of an item is there at the earliest: stock, on its way, made or bought."""
		item = self.items.get(code) or Item(code)
		bom = self.boms.get(bom_name or item.bom)
		made = bool(bom and bom.steps)
		days = item.lead_time_days or 0
		bought = (days + 1) * self.day if days > 0 else None
		until: int | None = None
		# What stands ahead takes what is there first, however late: what is on its way is for those who
		# ordered first.
		if who == OWN:
			if not made:
				# What comes later than what would be ordered today is of no use.
				until = bought
			elif not path:
				until = deadline
			elif not found.waits:
				until = 0
		ready, lacking = pool.take(code, quantity, until)
		found.waited |= made and bool(path) and ready > 0
		if lacking > 0 and made:
			if bom.name in path:
				names = [self.boms[name].item for name in path[path.index(bom.name) :]]
				self._unknown(found, mark("BOM loop: {0}"), " → ".join([*names, bom.item]))
				return ready
			return max(ready, self._make(bom, lacking, deadline, (*path, bom.name), pool, found, who))
		if lacking > 0 and bought is None:
			if bom:
				text = mark("{0}: its BOM {1} has no operations, and its lead time is not recorded")
				self._unknown(found, text, code, bom.name)
			else:
				self._unknown(found, mark("{0}: it has no BOM, and its lead time is not recorded"), code)
			return ready
		if lacking > 0:
			ready = max(ready, bought)
		if ready > deadline and not made:
			text = mark("{0}: {1} needed at the beginning of {2}, there on {3}")
			args = (code, _plain(quantity), self._begins(deadline), self._date(ready))
			found.late.append((ready - deadline, Evidence(Verdict.NOT_MET, text, args)))
		return ready

	def _make(
		self,
		bom: Bom,
		quantity: Decimal,
		deadline: int,
		path: tuple[str, ...],
		pool: _Pool,
		found: _Found,
		who: str,
	) -> int:
		"""Place the operations of a BOM, the last one ending by the deadline; its materials are there before
		the first one begins.
		"""
		if bom.quantity <= 0:
			self._unknown(found, mark("{0}: its BOM {1} is of no quantity"), bom.item, bom.name)
			return 0
		if Decimal(0) < bom.loss < 100:
			quantity = quantity * 100 / (100 - bom.loss)
		steps = []
		for step in bom.steps:
			minutes = (
				step.minutes if step.fixed else step.minutes * quantity / (bom.quantity * (step.batch or 1))
			)
			place = self._place(step.workstation, step.kind)
			if not step.workstation and not step.kind:
				self._unknown(found, mark("{0}: operation {1} has no workstation"), bom.item, step.operation)
			elif minutes <= 0:
				self._unknown(found, mark("{0}: operation {1} has no time"), bom.item, step.operation)
			elif place is None:
				name = step.workstation or step.kind
				self._unknown(found, mark("Workstation {0} has no working hours"), name)
			else:
				steps.append((self.calendars[place], place, ceil(minutes)))
		ends, end = [], deadline
		for calendar, _place, minutes in reversed(steps):
			ends.append(end)
			end = calendar.start_of(end, minutes)
			start, end = end, end - self.gap
		begins = start if steps else deadline
		ready = 0
		for part in bom.parts:
			needed = quantity * part.quantity / bom.quantity
			ready = max(ready, self._need(part.item, needed, begins, part.bom, path, pool, found, who))
		for (calendar, place, minutes), end in zip(steps, reversed(ends), strict=True):
			last = max(-(-end // self.day) - 1, 0)
			found.work.append(_Work(place, min(ready // self.day, last), last, minutes, who))
			ready = calendar.end_of(ready, minutes) + self.gap
		return ready - self.gap if steps else ready

	def _place(self, workstation: str, kind: str) -> tuple[str, str] | None:
		"""Where an operation runs: its workstation, else any of its type; None if that has no hours."""
		place = (workstation, "") if workstation else ("", kind)
		calendar = self.calendars.get(place)
		return place if calendar and calendar.most > 0 else None

	def _tightest(
		self, calendar: _Calendar, others: Sequence[_Work], mine: Sequence[_Work]
	) -> tuple[int, Evidence]:
		"""The stretch of days in which least is left, or most is lacking, of those that the order needs."""
		best: tuple[int, int, int, int, int] | None = None
		all_at, own_at = [0] * DAYS, [0] * DAYS
		by_first: dict[int, list[tuple[int, int, bool]]] = {}
		for rows, own in ((others, False), (mine, True)):
			for work in rows:
				by_first.setdefault(work.first, []).append((work.last, work.minutes, own))
		for first in sorted(by_first, reverse=True):
			for last, minutes, own in by_first[first]:
				all_at[last] += minutes
				own_at[last] += minutes if own else 0
			needed = needed_own = 0
			for last in range(first, DAYS):
				needed, needed_own = needed + all_at[last], needed_own + own_at[last]
				if not needed_own or not all_at[last]:
					continue
				slack = calendar.between(first, last) - needed
				# Of stretches with the same slack, the one that ends first, from its beginning.
				this = (slack, last, first, needed, needed_own)
				best = this if best is None else min(best, this)
		slack, last, first, needed, needed_own = best
		return slack, Evidence(
			Verdict.NOT_MET if slack < 0 else Verdict.MET,
			mark("{0}: {1} h needed from {2} to {3} ({4} h by this order), {5} h available"),
			(
				calendar.name,
				hours(needed),
				(self.today + timedelta(days=first)).isoformat(),
				(self.today + timedelta(days=last)).isoformat(),
				hours(needed_own),
				hours(calendar.between(first, last)),
			),
		)

	def _weeks(self, place: tuple[str, str], others: Sequence[_Work], mine: Sequence[_Work]) -> Loaded:
		calendar = self.calendars[place]
		by_week = [{COMMITTED: 0, IN_REVIEW: 0, OWN: 0} for _ in range(WEEKS)]
		for work in (*others, *mine):
			by_week[work.last // 7][COMMITTED if work.who == OPEN_WORK else work.who] += work.minutes
		return Loaded(
			calendar.name,
			tuple(
				Week(
					self.today + timedelta(days=7 * i),
					calendar.between(7 * i, 7 * i + 6),
					week[COMMITTED],
					week[IN_REVIEW],
					week[OWN],
				)
				for i, week in enumerate(by_week)
			),
		)

	def _pool(self, plant: Plant) -> _Pool:
		rows: dict[str, dict[int, Decimal]] = {}
		for item in plant.items:
			if item.stock > 0:
				rows.setdefault(item.code, {})[0] = item.stock
		for supply in plant.supplies:
			if supply.quantity > 0:
				# What comes on a day is used from the next one on; what is overdue is there today at best.
				days = rows.setdefault(supply.item, {})
				there = (max(self._day(supply.on), 0) + 1) * self.day
				days[there] = days.get(there, Decimal()) + supply.quantity
		return _Pool({item: sorted(days.items()) for item, days in rows.items()})

	def _unknown(self, found: _Found, text: str, *args: str) -> None:
		found.unknown[Evidence(Verdict.UNKNOWN, text, args)] = None

	def _day(self, day: date) -> int:
		return (day - self.today).days

	def _date(self, point: int) -> str:
		"""The day at whose end, or in which, something is ready."""
		return (self.today + timedelta(days=max(-(-point // self.day) - 1, 0))).isoformat()

	def _begins(self, point: int) -> str:
		"""The day in which something begins."""
		return (self.today + timedelta(days=point // self.day)).isoformat()


def _by_due(demand: Demand) -> tuple:
	return (demand.due or date.max, demand.item, demand.quantity, demand.source)


def _by_place(work: Iterable[_Work], kind_of: Mapping[str, str]) -> dict[tuple[str, str], list[_Work]]:
	"""Work by workstation; and by type, what its workstations do counts there too."""
	found: dict[tuple[str, str], list[_Work]] = {}
	for one in work:
		found.setdefault(one.place, []).append(one)
		if one.place[0] and (kind := kind_of.get(one.place[0])):
			found.setdefault(("", kind), []).append(one)
	return found


def _more(rest: Sequence[Evidence]) -> list[Evidence]:
	if not rest:
		return []
	return [Evidence(rest[0].verdict, mark("{0} more of this kind"), (str(len(rest)),))]


def hours(minutes: int) -> str:
	"""Return minutes as hours with one decimal, as people read them."""
	return f"{(Decimal(minutes) / 60):.1f}"


def _plain(number: Decimal) -> str:
	text = f"{number.quantize(Decimal('0.001')):f}"
	return text.rstrip("0").rstrip(".")
