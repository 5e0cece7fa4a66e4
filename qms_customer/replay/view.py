"""What a replay tells: findings, tables and charts, the same for the terminal and for the page.

Nothing here knows a language or a markup: texts are `Say`, and both renderers translate them.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from qms_customer.replay import orders as reading
from qms_customer.replay.columns import ITEM, ORDER, REQUIREMENT, SCHEDULE
from qms_customer.replay.settings import Settings
from qms_customer.replay.values import WAYS
from qms_customer.replay.words import ROLE, Say, say, several
from qms_customer.rules import mark
from qms_customer.rules import replay as rules
from qms_customer.rules.classification import CRITERIA, Path
from qms_customer.rules.review import APPROVERS

# From which columns each fact is read.
READ_FROM = {
	rules.STANDARD: ((ITEM, "qms_product_standard"),),
	rules.STOCK: ((ITEM, "free_qty"),),
	rules.LEAD_TIME: ((ITEM, "lead_time_days"),),
	rules.DUE: ((ITEM, "delivery_date"), (ORDER, "delivery_date")),
	rules.RATE: tuple((ITEM, f) for f in ("rate", "base_rate", "amount", "base_amount")),
	rules.PACKAGING: ((ORDER, "qms_packaging"),),
	rules.PAYMENT_TERMS: ((ORDER, "payment_terms_template"), (SCHEDULE, "payment_term")),
	rules.PAYMENT_METHOD: ((ORDER, "qms_payment_method"),),
	rules.DELIVERY_METHOD: ((ORDER, "qms_delivery_method"),),
	rules.SPECIAL: ((REQUIREMENT, "special"),),
}


@dataclass(frozen=True)
class Share:
	"""A part of a whole, shown in per cent."""

	part: int
	whole: int


@dataclass(frozen=True)
class Bar:
	"""A number, with a bar as long as its part of the largest."""

	value: int
	largest: int
	path: Path | None = None


@dataclass(frozen=True)
class Money:
	"""A value or a quantity; None is unknown."""

	value: Decimal | None


@dataclass(frozen=True)
class Rate:
	"""A number a month, with one decimal place."""

	value: float


@dataclass
class Table:
	"""A table: headings, rows of cells, the rows and the columns that stand out."""

	headings: list
	rows: list[list]
	marked: set[int] = field(default_factory=set)
	columns: set[int] = field(default_factory=set)
	caption: Say | None = None
	key: str = ""


@dataclass(frozen=True)
class Stacked:
	"""A chart of columns, stacked by path: (label, counts)."""

	title: Say
	columns: tuple[tuple[str, Counter], ...]


@dataclass(frozen=True)
class Split:
	"""A chart of one bar, split by path."""

	title: Say
	paths: Counter


@dataclass(frozen=True)
class Curve:
	"""A chart of what a limit makes of the orders: (limit, convened, the limit in use)."""

	title: Say
	axis: Say
	points: tuple[tuple[Decimal | None, int, bool], ...]
	whole: int


@dataclass
class Section:
	"""A part of the report."""

	key: str
	title: Say
	text: list = field(default_factory=list)
	blocks: list = field(default_factory=list)


@dataclass
class View:
	"""The whole report."""

	title: Say
	subtitle: list
	cards: list[tuple[Say, object, Say]]
	findings: list[Say]
	sections: list[Section]
	made: datetime

	def table(self, key: str) -> Table | None:
		"""Return a table by its key, None where the orders gave none."""
		blocks = (block for section in self.sections for block in section.blocks)
		return next((b for b in blocks if isinstance(b, Table) and b.key == key), None)


def role(name: str) -> Say:
	"""Return how a role is called; "" is the salesperson's signature alone (C5)."""
	return Say(name, (), ROLE) if name else say(mark("the salesperson alone"))


def department(name: str) -> Say:
	"""Return how a department is called."""
	return Say(name, (), "Review Department")


def path_name(path: Path) -> Say:
	"""Return how a path is called."""
	return say(path.value)


def view(replay: rules.Replay, source: reading.Source, settings: Settings, made: datetime) -> View:
	"""Return the report of a replay."""
	writer = _Writer(replay, source, settings)
	return View(
		title=say(mark("What contract review would have made of past orders")),
		subtitle=[
			say(mark("{0} orders with {1} lines, {2} to {3}"), replay.orders, replay.lines, *writer.period()),
			say(mark("from {0}"), source.path),
		],
		cards=writer.cards(),
		findings=writer.findings(),
		sections=[
			writer.outcome(),
			writer.why(),
			writer.people(),
			writer.months(),
			writer.limits(),
			writer.whom(),
			writer.basis(),
			writer.left_out(),
			writer.settings_used(),
		],
		made=made,
	)


class _Writer:
	def __init__(self, replay: rules.Replay, source: reading.Source, settings: Settings) -> None:
		self.r, self.source, self.settings = replay, source, settings
		self.month_names = replay.all_months()
		self.month_count = max(len(self.month_names), 1)
		self.convened = replay.paths[Path.CONVENED]

	def period(self) -> tuple[str, str]:
		return str(self.r.first), str(self.r.last)

	def monthly(self, count: int) -> Rate:
		return Rate(count / self.month_count)

	def cards(self) -> list[tuple[Say, object, Say]]:
		r = self.r
		opinions = r.opinions()
		busiest = max(opinions, key=lambda name: opinions[name])
		decided = r.orders - r.paths[Path.SIGNATURE]
		return [
			(
				say(mark("would have been non-routine")),
				Share(r.non_routine, r.orders),
				say(mark("{0} of {1} orders, with the assumptions below"), r.non_routine, r.orders),
			),
			(
				say(mark("convened by the general manager")),
				self.convened,
				say(mark("orders, {0} a month: non-routine, large or special"), self.monthly(self.convened)),
			),
			(
				say(mark("decided by a manager")),
				decided,
				say(mark("orders, {0} a month"), self.monthly(decided)),
			),
			(
				say(mark("opinions of the busiest department")),
				opinions[busiest],
				say(mark("{0}, {1} a month"), department(busiest), self.monthly(opinions[busiest])),
			),
			(
				say(mark("signed by the salesperson alone")),
				r.paths[Path.SIGNATURE],
				say(mark("small and routine orders, {0} a month"), self.monthly(r.paths[Path.SIGNATURE])),
			),
		]

	def findings(self) -> list[Say]:
		r = self.r
		found = [
			say(
				mark(
					"As recorded, {0} of {1} orders ({2}) are non-routine: what is not on record "
					"counts as not met. With the assumptions stated below it is {3} ({4}). What you record "
					"before going live decides where between the two you start."
				),
				r.strict_non_routine,
				r.orders,
				Share(r.strict_non_routine, r.orders),
				r.non_routine,
				Share(r.non_routine, r.orders),
			)
		]
		if rules.AMOUNT in self.source.absent and r.thresholds.large_amount:
			found.append(
				say(
					mark(
						"The file does not tell the value of an order, so none is known to be below the "
						"limit of large orders: all are convened. Export Grand Total (Company Currency)."
					)
				)
			)
		if self.convened:
			months = {month: counts[Path.CONVENED] for month, counts in r.months.items()}
			month, most = r.busiest(months)
			found.append(
				say(
					mark("The general manager decides {0} orders ({1}), at most {2} in a month ({3})."),
					self.convened,
					Share(self.convened, r.orders),
					most,
					month,
				)
			)
		if stated := [(key, count) for key, count in r.reasons.most_common() if key[1] == "Not Met"][:1]:
			(key, count), alone = stated[0], r.alone[stated[0][0]]
			found.append(
				say(
					mark("The most frequent known reason is: {0} ({1} orders; in {2} the only reason)."),
					say(key[2]),
					count,
					alone,
				)
			)
		if change := self._best_change():
			found.append(change)
		stocked = r.stocked_paths[Path.SALES] - r.paths[Path.SALES]
		if stocked > 0:
			found.append(
				say(
					mark(
						"Had everything been in stock, Sales alone would have reviewed {0} more orders that "
						"are circulated now."
					),
					stocked,
				)
			)
		return found

	def _best_change(self) -> Say | None:
		"""What the next higher limit of large orders saves."""
		trials = [t for t in rules.try_large(self.r, "amount") if t.limit is not None]
		place = next((n for n, t in enumerate(trials) if t.current), None)
		if place is None or place + 1 >= len(trials):
			return None
		higher = trials[place + 1]
		saved = self.convened - higher.paths[Path.CONVENED]
		if saved <= 0:
			return None
		return say(
			mark("With {0} instead of {1} as the limit of large orders, {2} fewer would be convened."),
			Money(higher.limit),
			Money(trials[place].limit),
			saved,
		)

	# Sections

	def outcome(self) -> Section:
		r = self.r
		rows = []
		for path in Path:
			rows.append(
				[
					path_name(path),
					Bar(r.paths[path], r.orders, path),
					Share(r.paths[path], r.orders),
					r.stocked_paths[path],
					r.strict_paths[path],
					several(department(d.name) for d in r.seated[path]) if r.seated[path] else "–",
					role(APPROVERS[path]),
				]
			)
		return Section(
			"outcome",
			say(mark("How the orders would have gone")),
			[
				say(
					mark(
						"An order is routine if its products meet the enterprise standard, quantity and "
						"date lie within capacity, and packaging, price and terms are explicit. Everything "
						"else, and what is large or special, is convened by the general manager."
					)
				)
			],
			[
				Split(say(mark("Orders by the way they would have been reviewed")), r.paths),
				Table(
					[
						say(mark("Way of review")),
						say(mark("Number of orders")),
						say(mark("Share of all")),
						say(mark("If all had been in stock")),
						say(mark("As recorded")),
						say(mark("Opinions by")),
						say(mark("Decided by")),
					],
					rows,
					key="outcome",
				),
			],
		)

	def why(self) -> Section:
		r = self.r
		blocks = [self._reason_table("reasons", r.reasons, r.alone, say(mark("With the assumptions")))]
		if r.strict_reasons != r.reasons:
			blocks.append(self._reason_table("recorded", r.strict_reasons, None, say(mark("As recorded"))))
		return Section(
			"why",
			say(mark("Why orders would have been convened")),
			[
				say(
					mark(
						"An order can have several reasons. Where the reason is that something is not "
						"recorded, recording it is what to do before going live."
					)
				)
			],
			blocks,
		)

	def _reason_table(self, key: str, counts: Counter, alone: Counter | None, caption: Say) -> Table:
		largest = max(counts.values(), default=0)
		rows = []
		for (code, verdict, text), count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
			row = [
				self._criterion(code),
				say(text),
				say(verdict),
				Bar(count, largest),
				Share(count, self.r.orders),
			]
			rows.append(row if alone is None else [*row, alone[(code, verdict, text)]])
		headings = [
			say(mark("Criterion")),
			say(mark("What stands against it")),
			say(mark("Verdict")),
			say(mark("Number of orders")),
			say(mark("Share of all")),
		]
		if alone is not None:
			headings.append(say(mark("Only reason")))
		return Table(headings, rows, caption=caption, key=key)

	def _criterion(self, code: str) -> Say:
		if code in CRITERIA:
			return say(mark("({0}) {1}"), code, say(_SHORT[code]))
		return say(_SHORT[code])

	def people(self) -> Section:
		r = self.r
		opinions = r.opinions()
		by_month = {
			name: {
				month: sum(n for path, n in counts.items() if name in {d.name for d in r.seated[path]})
				for month, counts in r.months.items()
			}
			for name in opinions
		}
		rows = []
		largest = max(opinions.values(), default=0)
		for name, count in opinions.items():
			month, most = r.busiest(by_month[name])
			rows.append(
				[
					department(name),
					Bar(count, largest),
					Share(count, r.orders),
					self.monthly(count),
					say(mark("{0} in {1}"), most, month) if most else "–",
				]
			)
		deciders = []
		decisions = r.decisions()
		for name, count in decisions.items():
			paths = [path for path in Path if APPROVERS[path] == name]
			month, most = r.busiest({m: sum(c[p] for p in paths) for m, c in r.months.items()})
			deciders.append(
				[
					role(name),
					Bar(count, max(decisions.values())),
					Share(count, r.orders),
					self.monthly(count),
					say(mark("{0} in {1}"), most, month),
				]
			)
		headings = [
			say(mark("Number of orders")),
			say(mark("Share of all")),
			say(mark("A month")),
			say(mark("Busiest month")),
		]
		return Section(
			"people",
			say(mark("Who would have had to review, and how often")),
			[],
			[
				Table([say(mark("Department that gives an opinion")), *headings], rows, key="departments"),
				Table([say(mark("Authority that decides")), *headings], deciders, key="authorities"),
			],
		)

	def months(self) -> Section:
		r = self.r
		rows = []
		for month in self.month_names:
			counts = r.months.get(month, Counter())
			rows.append([month, counts.total(), *(counts[path] for path in Path)])
		return Section(
			"months",
			say(mark("Month by month")),
			[],
			[
				Stacked(
					say(mark("Orders a month, by the way they would have been reviewed")),
					tuple((month, r.months.get(month, Counter())) for month in self.month_names),
				),
				Table(
					[say(mark("Month of the order")), say(mark("All orders")), *(path_name(p) for p in Path)],
					rows,
					key="months",
				),
			],
		)

	def limits(self) -> Section:
		r, blocks = self.r, []
		for what, heading, title, axis in (
			(
				"amount",
				mark("Limit of large orders: amount"),
				mark("Orders convened by the general manager, by the limit of large orders (amount)"),
				mark("Limit: from this amount an order is large"),
			),
			(
				"quantity",
				mark("Limit of large orders: quantity"),
				mark("Orders convened by the general manager, by the limit of large orders (quantity)"),
				mark("Limit: from this quantity an order is large"),
			),
		):
			wanted = self.settings.try_amounts if what == "amount" else self.settings.try_quantities
			trials = rules.try_large(r, what, wanted)
			blocks.append(
				Curve(
					say(title),
					say(axis),
					tuple((t.limit, t.paths[Path.CONVENED], t.current) for t in trials),
					r.orders,
				)
			)
			blocks.append(
				Table(
					[
						say(heading),
						say(mark("Large orders")),
						*(path_name(path) for path in Path),
						say(mark("Convened, a month")),
					],
					[
						[
							Money(t.limit) if t.limit is not None else say(mark("no limit")),
							t.reached,
							*(t.paths[path] for path in Path),
							self.monthly(t.paths[Path.CONVENED]),
						]
						for t in trials
					],
					{n for n, t in enumerate(trials) if t.current},
					key=f"large_{what}",
				)
			)
		amounts, quantities, counts = rules.try_small(r)
		if amounts and quantities:
			t = r.thresholds
			blocks.append(
				Table(
					[
						say(mark("Small: below this amount, and below this quantity")),
						*(Money(q) for q in quantities),
					],
					[[Money(a), *counts[n]] for n, a in enumerate(amounts)],
					{n for n, a in enumerate(amounts) if a == t.small_amount},
					{n + 1 for n, q in enumerate(quantities) if q == t.small_quantity},
					say(mark("How many orders the salesperson alone would have signed")),
					"small",
				)
			)
		return Section(
			"limits",
			say(mark("What other limits would change")),
			[
				say(
					mark(
						"Each row counts all orders again with that limit, all other settings unchanged. "
						"The row of the limit in use stands out."
					)
				)
			],
			blocks,
		)

	def whom(self) -> Section:
		r, blocks = self.r, []
		if any(r.groups):
			blocks.append(self._tallies("groups", say(mark("Customer group")), r.groups))
		blocks.append(self._tallies("items", say(mark("Item (the most ordered)")), r.items, True))
		blocks.append(
			Table(
				[
					say(mark("The largest orders")),
					say(mark("Ordered on")),
					say(mark("Ordered by")),
					say(mark("Value in company currency")),
					say(mark("Quantity in stock units")),
					say(mark("Way of review")),
				],
				[
					[
						e.name,
						str(e.day),
						e.customer or "–",
						Money(e.amount),
						Money(e.quantity),
						path_name(e.path),
					]
					for e in r.largest_first()
				],
				key="orders",
			)
		)
		return Section("whom", say(mark("Which customers and items")), [], blocks)

	def _tallies(
		self, key: str, heading: Say, tallies: dict[str, rules.Tally], quantity: bool = False
	) -> Table:
		top = sorted(tallies.items(), key=lambda pair: (-pair[1].orders, pair[0]))[: rules.TOP]
		largest = max((tally.orders for _name, tally in top), default=0)
		rows = []
		for name, tally in top:
			row = [
				name or say(mark("(not stated)")),
				Bar(tally.orders, largest),
				tally.convened,
				Share(tally.convened, tally.orders),
			]
			rows.append([*row, Money(tally.quantity)] if quantity else row)
		headings = [
			heading,
			say(mark("Number of orders")),
			say(mark("Of these convened")),
			say(mark("Share convened")),
		]
		if quantity:
			headings.append(say(mark("Quantity in stock units")))
		return Table(headings, rows, key=key)

	def basis(self) -> Section:
		absent, a = self.source.absent, self.settings.assumptions
		rows, marked = [], set()
		for fact, name in rules.FACT_NAMES.items():
			where, state = self._held(fact), None
			if fact not in absent:
				state = say(mark("from the file: {0}"), where)
			elif fact == rules.SPECIAL:
				state = say(mark("not in the file; taken as: none"))
			elif a.of(fact):
				state = say(mark("not in the file; assumed: {0}"), self._assumed(fact))
			else:
				state = say(mark("not in the file: unknown, so the criterion cannot be met"))
				marked.add(len(rows))
			rows.append([say(name), several(self._criterion(c) for c in rules.NEEDED[fact]), state])
		text = [
			say(
				mark(
					"An assumption stands in only where the file has no such column. Where there is one and "
					"it is empty, the fact is unknown, as on the live system."
				)
			),
			say(mark("The assumptions come from the settings file."))
			if self.settings.assumptions_given
			else say(
				mark(
					"No assumptions were given, so these are the usual ones: all that is not in the file "
					"would have been on record and in order, and goods are made to order. Change them under "
					"{0} in the settings."
				),
				"replay.assume",
			),
		]
		if self.source.from_items:
			text.append(
				say(
					mark(
						"Facts about items come from {0} as they are today, not as they were on the day of "
						"the order."
					),
					self.source.items_path,
				)
			)
		if rules.STANDARD not in absent:
			text.append(say(mark("A standard that is named counts as valid: its dates are not in the file.")))
		text += [Say(n.message, tuple(say(a) if a in WAYS else a for a in n.args)) for n in self.source.notes]
		return Section(
			"basis",
			say(mark("What this rests on")),
			text,
			[
				Table(
					[say(mark("Fact")), say(mark("Needed for")), say(mark("Where it comes from"))],
					rows,
					marked,
				)
			],
		)

	def _held(self, fact: str) -> object:
		"""The headings from which a fact is read."""
		if fact == rules.AMOUNT:
			return self.source.amount_from
		found = []
		for target in READ_FROM[fact]:
			if target in self.source.headings:
				found.append(self.source.headings[target])
			elif target in self.source.item_headings:
				found.append(f"{self.source.items_path}, {self.source.item_headings[target]}")
		return several(found)

	def _assumed(self, fact: str) -> Say:
		a = self.settings.assumptions
		if fact == rules.STOCK:
			return say(mark("all in stock")) if a.in_stock else say(mark("nothing in stock, made to order"))
		if fact == rules.LEAD_TIME and a.lead_time_days is not None:
			return say(mark("{0} days"), a.lead_time_days)
		if fact in (rules.LEAD_TIME, rules.DUE):
			return say(mark("within capacity"))
		if fact == rules.STANDARD:
			return say(mark("made to a valid enterprise standard"))
		return say(mark("stated on every order"))

	def left_out(self) -> Section:
		s = self.source
		text = [
			say(mark("{0} rows were read, {1} of them were left out as not readable."), s.rows, s.bad_count)
		]
		for why, count in s.excluded.items():
			text.append(say(mark("Not counted, {0}: {1} orders"), say(why), count))
		if s.incomplete:
			text.append(
				say(
					mark("Judged without those of their rows that are not readable: {0} orders"),
					s.incomplete,
				)
			)
		if s.bad_count > len(s.bad):
			text.append(say(mark("The first {0} of these rows are listed."), len(s.bad)))
		blocks = []
		if s.bad:
			blocks.append(
				Table(
					[
						say(mark("Row in the file")),
						say(mark("Of the order")),
						say(mark("Why it was left out")),
					],
					[[b.line, b.order or "–", Say(b.message, b.args)] for b in s.bad],
				)
			)
		return Section("left_out", say(mark("What was left out")), text, blocks)

	def settings_used(self) -> Section:
		t, s = self.r.thresholds, self.settings

		def shown(limit: Decimal | None) -> object:
			return Money(limit) if limit is not None else say(mark("no limit"))

		text = [
			say(mark("Settings of {0}."), s.source)
			if s.source
			else say(mark("No settings were given: limits and routing are those of a new installation."))
		]
		if s.companies:
			text.append(say(mark("Only the companies {0} are counted."), several(sorted(s.companies))))
		if s.item_groups:
			text.append(
				say(mark("Only orders with items of {0} are counted."), several(sorted(s.item_groups)))
			)
		if not (s.companies or s.item_groups) and s.scope != (("", ""),):
			cells = [" / ".join(part for part in cell if part) for cell in s.scope]
			text.append(say(mark("Only the scope of the settings is counted: {0}."), several(cells)))
		if not s.services:
			text.append(say(mark("Orders of services only are not reviewed.")))
		return Section(
			"settings",
			say(mark("Limits and routing")),
			text,
			[
				Table(
					[say(mark("Limit Tried")), say(mark("By amount")), say(mark("By quantity"))],
					[
						[say(mark("Small: below both")), shown(t.small_amount), shown(t.small_quantity)],
						[
							say(mark("Large: from one of them")),
							shown(t.large_amount),
							shown(t.large_quantity),
						],
					],
				),
				Table(
					[
						say(mark("Department that gives an opinion")),
						say(mark("Answered by")),
						say(mark("Takes part if circulated")),
						say(mark("Takes part if convened")),
					],
					[
						[
							department(d.name),
							role(d.role),
							_tick(d.name in {x.name for x in self.r.seated[Path.CIRCULATED]}),
							_tick(d.name in {x.name for x in self.r.seated[Path.CONVENED]}),
						]
						for d in self.r.departments
					],
				),
			],
		)


def _tick(value: bool) -> str:
	return "✓" if value else "–"


# The criteria in a word or two, where they stand in a column.
_SHORT = {
	"a": mark("enterprise standard"),
	"b": mark("capacity"),
	"c": mark("packaging, price, terms"),
	"size": mark("size of the order"),
	"special": mark("special requirements"),
}
