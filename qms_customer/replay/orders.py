"""Past orders out of the rows of an export.

The rows go through a temporary database on disk, once: how dates and numbers are written is known only when
the whole column was seen, and the rows of an order need not stand together. So memory stays small however
long the file is.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path

from qms_customer.replay import Unusable, columns, table, values
from qms_customer.replay.columns import ITEM, ORDER, PACKED, REQUIREMENT, SCHEDULE, Layout
from qms_customer.replay.settings import Settings
from qms_customer.rules import contract, mark
from qms_customer.rules import replay as rules
from qms_customer.rules.classification import Facts, Line, Price, Standard

# Bad rows that are listed; beyond, they are counted.
LISTED = 1000
_BATCH = 2000
_TOTALS = {
	*("total", "totals", "grand total", "总", "总计", "合计", "总数", "summe", "gesamt", "gesamtbetrag"),
	*("total general", "suma total", "suma"),
}
_DRAFT = {"0", "draft", "草案", "草稿", "entwurf", "brouillon", "borrador"}
_CANCELLED = {
	*(
		"2",
		"cancelled",
		"canceled",
		"取消",
		"已取消",
		"abgesagt",
		"abgebrochen",
		"storniert",
		"annulé",
		"cancelado",
	),
}
# In whose children's rows what else stands.
_CHILDREN = {
	"items": ITEM,
	"packed_items": PACKED,
	"payment_schedule": SCHEDULE,
	"qms_requirements": REQUIREMENT,
}


@dataclass(frozen=True)
class Bad:
	"""A row that was left out: its line, its order, and why (marked for translation)."""

	line: int
	order: str
	message: str
	args: tuple[str, ...] = ()


@dataclass(frozen=True)
class Note:
	"""Something that the reader should know about how the file was read."""

	message: str
	args: tuple[str, ...] = ()


@dataclass
class Source:
	"""What a file holds and how it was read."""

	path: str
	kind: str
	headings: dict[tuple[str, str], str] = field(default_factory=dict)
	item_headings: dict[tuple[str, str], str] = field(default_factory=dict)
	items_path: str = ""
	rows: int = 0
	bad: list[Bad] = field(default_factory=list)
	bad_count: int = 0
	incomplete: int = 0
	excluded: Counter = field(default_factory=Counter)
	notes: list[Note] = field(default_factory=list)
	absent: frozenset[str] = frozenset()
	from_items: frozenset[str] = frozenset()
	amount_from: str = ""
	unknown_headings: list[str] = field(default_factory=list)

	def refuse(self, line: int, order: str, message: str, *args: str) -> None:
		"""List a row that is left out."""
		self.bad_count += 1
		if len(self.bad) < LISTED:
			self.bad.append(Bad(line, order, message, args))


@dataclass(frozen=True)
class Master:
	"""What an export of the items says of one of them."""

	lead_time_days: int | None = None
	goods: bool = True
	standard: str = ""
	group: str = ""
	free: Decimal | None = None


class Orders:
	"""The orders of a file. Iterate to get them; `source` is complete after that."""

	def __init__(
		self,
		path: Path,
		settings: Settings,
		items: Path | None = None,
		sheet: str = "",
		encoding: str = "",
	) -> None:
		self.settings = settings
		self.source = Source(path.name, table.kind(path))
		self.masters, self._item_targets = {}, frozenset()
		if items:
			self._read_masters(items, encoding)
		# An empty name: a file that the system removes by itself.
		self._database = sqlite3.connect("")
		self._database.executescript(
			"pragma journal_mode = off; pragma synchronous = off; pragma temp_store = file;"
			"create table row (id integer primary key, number integer, line integer, cells text);"
		)
		self._numbers: dict[str, int] = {}
		self._targets: list[tuple[str, str]] = []
		self._places: dict[tuple[str, str], int] = {}
		self._dates = {t: values.DateColumn() for t in columns.FIELDS if t in columns.DATES}
		self._figures = {t: values.NumberColumn() for t in columns.FIELDS if t in columns.NUMBERS}
		try:
			if self.source.kind == "json":
				self._store(self._json_rows(path, encoding))
			else:
				rows = (
					table.read_xlsx(path, sheet)
					if self.source.kind == "xlsx"
					else table.read_csv(path, encoding)
				)
				self._store(self._table_rows(rows))
		except sqlite3.Error as error:
			raise Unusable(mark("No room for temporary data: {0}"), str(error))
		self._check_columns()
		self._decide()

	def __iter__(self) -> Iterator[rules.PastOrder]:
		names = {number: name for name, number in self._numbers.items()}
		rows = self._database.execute("select number, line, cells from row order by number, id")
		number, group = None, []
		for found, line, cells in rows:
			if found != number and group:
				yield from self._order(names[number], group)
				group = []
			number = found
			group.append((line, json.loads(cells)))
		if group:
			yield from self._order(names[number], group)
		self._database.close()

	# Reading rows

	def _table_rows(self, rows: Iterator[table.Row]) -> Iterator[tuple[int, dict, frozenset]]:
		"""Rows of a table as {field: cell}, with the fields whose cells are merged from above."""
		rows = iter(rows)
		head = list(islice(rows, columns.HEADING_ROWS))
		layout = columns.layout_of([(r.line, r.cells) for r in head], self.settings.columns)
		if layout is None:
			if not any(any(values.text(c) for c in r.cells) for r in head):
				raise Unusable(mark("{0} is empty."), self.source.path)
			raise Unusable(
				mark("{0} has no row of headings that is known among its first {1} rows."),
				self.source.path,
				str(columns.HEADING_ROWS),
			)
		self._use(layout)
		heading, last = [columns.plain(c) for c in head[layout.row].cells], head[layout.row].cells[-1]
		for row in chain(head[layout.row + 1 :], rows):
			if layout.blocks and row.cells and values.text(row.cells[0]):
				# The rest of the headings; of data the first column is blank.
				continue
			if row.cells and row.cells[-1] == last and [columns.plain(c) for c in row.cells] == heading:
				continue
			cells = {
				target: row.cells[column]
				for column, target in layout.columns.items()
				if column < len(row.cells) and row.cells[column] not in (None, "")
			}
			merged = frozenset(layout.columns[c] for c in row.merged if c in layout.columns)
			yield row.line, cells, merged

	def _use(self, layout: Layout) -> None:
		if lacking := columns.missing(layout.headings):
			found = [layout.headings[t] for t in layout.columns.values()]
			raise _impossible(lacking, found, layout.unknown)
		self.source.headings = dict(layout.headings)
		self.source.unknown_headings = layout.unknown

	def _json_rows(self, path: Path, encoding: str) -> Iterator[tuple[int, dict, frozenset]]:
		"""Rows of documents: a document with its items, or a flat row of a list."""
		resolved: dict[tuple[str, str], tuple[str, str] | None] = {}

		def target(name: str, child: str) -> tuple[str, str] | None:
			key = (child, name)
			if key not in resolved:
				if child:
					known = (_CHILDREN[child], name)
					known = known if known in columns.FIELDS else columns.SAME.get(name)
				else:
					known = next(iter(columns.candidates(name, self.settings.columns)), None)
				resolved[key] = known
				if known:
					self.source.headings.setdefault(known, f"{child}.{name}" if child else name)
			return resolved[key]

		for doc in table.read_json(path, encoding):
			if not doc.values:
				self.source.rows += 1
				self.source.refuse(doc.line, "", mark("It is no document: an object is expected"))
				continue
			parent, children = {}, []
			for name, value in doc.values.items():
				if isinstance(value, list):
					if name in _CHILDREN:
						children += [(name, row) for row in value if isinstance(row, dict)]
				elif not isinstance(value, dict) and (known := target(name, "")):
					parent[known] = value
			rows = []
			for name, row in children:
				cells = {
					known: value
					for field_, value in row.items()
					if not isinstance(value, list | dict) and (known := target(field_, name))
				}
				rows.append(cells)
			if not rows or not children:
				yield doc.line, parent, frozenset()
				continue
			for cells in rows:
				yield doc.line, parent | cells, frozenset()

	def _store(self, rows: Iterator[tuple[int, dict, frozenset]]) -> None:
		"""Keep the rows, and note how their dates and numbers are written."""
		batch, last = [], ""
		for line, cells, merged in rows:
			name = self._name(cells.get((ORDER, "name")))
			if not cells or not any(values.text(v) for v in cells.values()):
				continue
			if columns.plain(name) in _TOTALS and not values.text(cells.get((ORDER, "transaction_date"))):
				continue
			self.source.rows += 1
			if not name:
				name = last
			if not name:
				self.source.refuse(line, "", mark("It has no order number, and there is none above"))
				continue
			last = name
			if halves := merged & columns.NEVER_MERGED:
				self.source.refuse(
					line,
					name,
					mark("{0} is merged over several rows: it is counted in the first"),
					", ".join(self.source.headings[t] for t in sorted(halves)),
				)
				continue
			packed = {}
			for target, value in cells.items():
				if target not in self._places:
					self._places[target] = len(self._targets)
					self._targets.append(target)
				value = values.storable(value)
				if target in self._dates:
					self._dates[target].see(value)
				elif target in self._figures:
					self._figures[target].see(value)
				packed[self._places[target]] = value
			number = self._numbers.setdefault(name, len(self._numbers))
			batch.append((number, line, json.dumps(packed, ensure_ascii=False)))
			if len(batch) == _BATCH:
				self._write(batch)
		self._write(batch)

	def _write(self, batch: list) -> None:
		self._database.executemany("insert into row (number, line, cells) values (?, ?, ?)", batch)
		batch.clear()

	@staticmethod
	def _name(value: object) -> str:
		"""The number of an order; Data Export puts it in quotes."""
		return values.text(value).strip('"').strip()

	# Deciding

	def _check_columns(self) -> None:
		if self.source.kind == "json" and (lacking := columns.missing(self.source.headings)):
			raise _impossible(lacking, self.source.headings.values(), ())
		if not self._numbers:
			raise Unusable(mark("{0} holds no order that can be used."), self.source.path)

	def _decide(self) -> None:
		"""Decide how dates and numbers are read, and which facts the file does not hold."""
		self._date_ways = self._ways(self._dates, values.decide_dates, self.settings.date_format, _DATE_NOTES)
		self._number_ways = self._ways(
			self._figures, values.decide_numbers, self.settings.number_format, _NUMBER_NOTES
		)
		has = self.source.headings.__contains__
		items = self._item_targets
		held = {
			rules.STANDARD: [(ITEM, "qms_product_standard")],
			rules.STOCK: [(ITEM, "free_qty")],
			rules.LEAD_TIME: [(ITEM, "lead_time_days")],
			rules.DUE: [(ITEM, "delivery_date"), (ORDER, "delivery_date")],
			rules.PACKAGING: [(ORDER, "qms_packaging")],
			rules.PAYMENT_TERMS: [(ORDER, "payment_terms_template"), (SCHEDULE, "payment_term")],
			rules.PAYMENT_METHOD: [(ORDER, "qms_payment_method")],
			rules.DELIVERY_METHOD: [(ORDER, "qms_delivery_method")],
			rules.RATE: [(ITEM, f) for f in ("rate", "base_rate", "amount", "base_amount")],
			rules.SPECIAL: [(REQUIREMENT, "special")],
			rules.AMOUNT: [
				*((ORDER, f) for f in ("base_grand_total", "grand_total", "base_net_total")),
				*((ITEM, f) for f in ("base_amount", "base_rate", "amount", "rate")),
			],
		}
		self.source.absent = frozenset(
			fact for fact, targets in held.items() if not any(has(t) or t in items for t in targets)
		)
		self.source.from_items = frozenset(
			fact
			for fact, targets in held.items()
			if any(t in items for t in targets) and not any(has(t) for t in targets)
		)
		self._decide_amount()

	def _ways(
		self, seen: dict, decide, wanted: str, notes: tuple[str, str, str]
	) -> dict[tuple[str, str], str]:
		targets = [t for t in seen if t in self.source.headings]
		decided = decide([seen[t] for t in targets], wanted)
		for number, target in enumerate(targets):
			decision, heading = decided[number], self.source.headings[target]
			if decision.ambiguous:
				self.source.notes.append(
					Note(notes[0], (heading, decision.ambiguous, decision.way, notes[2]))
				)
			if decision.mixed:
				self.source.notes.append(Note(notes[1], (heading, decision.way, str(decision.mixed))))
		return {target: decided[number].way for number, target in enumerate(targets)}

	def _decide_amount(self) -> None:
		"""Which column the value is taken from. Without a rate, only one currency can be the company's."""
		has = self.source.headings.__contains__
		self._currency = ""
		foreign = not has((ORDER, "conversion_rate")) and has((ORDER, "currency"))
		order = [
			*((ORDER, f) for f in ("base_grand_total", "grand_total", "base_net_total")),
			*((ITEM, f) for f in ("base_amount", "base_rate", "amount", "rate")),
		]
		chosen = next((t for t in order if has(t)), None)
		self.source.amount_from = self.source.headings[chosen] if chosen else ""
		self._amount_target = chosen
		if chosen is None or chosen[1].startswith("base_"):
			return
		if foreign:
			place = self._places.get((ORDER, "currency"))
			counted: Counter = Counter()
			for (cells,) in self._database.execute("select cells from row group by number"):
				counted[values.text(json.loads(cells).get(str(place)))] += 1
			counted.pop("", None)
			if counted:
				self._currency = counted.most_common(1)[0][0]
			if len(counted) > 1:
				self.source.notes.append(
					Note(
						mark(
							"{0} is in several currencies and there is no exchange rate: only orders in {1} "
							"have a known value. Export Grand Total (Company Currency)."
						),
						(self.source.amount_from, self._currency),
					)
				)
				return
		if not has((ORDER, "conversion_rate")):
			self.source.notes.append(
				Note(mark("{0} is taken to be in company currency."), (self.source.amount_from,))
			)

	# Masters

	def _read_masters(self, path: Path, encoding: str) -> None:
		"""Read an export of Item: lead times, standards, groups, whether stock is kept."""
		self.source.items_path = path.name
		if table.kind(path) == "json":
			rows = (
				(
					doc.line,
					{
						t: v
						for n, v in doc.values.items()
						if not isinstance(v, list | dict) and (t := _item_target(n))
					},
				)
				for doc in table.read_json(path, encoding)
			)
			found, targets = list(rows), set()
			for _line, cells in found:
				targets |= set(cells)
			headings = {t: t[1] for t in targets}
		else:
			headings, found = self._master_table(path, encoding)
		if (ITEM, "item_code") not in headings or len(headings) < 2:
			raise Unusable(
				mark("{0} is no list of items: it needs Item Code, and Lead Time in days or another of: {1}"),
				path.name,
				", ".join(columns.label((ITEM, f)) for f in _MASTER if f != "item_code"),
			)
		self.source.item_headings = headings
		self._item_targets = frozenset(headings)
		figures = {t: values.NumberColumn() for t in headings if t in columns.NUMBERS}
		for _line, cells in found:
			for target, column in figures.items():
				column.see(values.storable(cells.get(target)))
		decided = values.decide_numbers(figures.values(), self.settings.number_format)
		ways = {t: decided[n].way for n, t in enumerate(figures)}
		for line, cells in found:
			code = values.text(cells.get((ITEM, "item_code"))).strip('"')
			if not code:
				continue
			try:
				days = values.read_number(
					cells.get((ITEM, "lead_time_days")), ways.get((ITEM, "lead_time_days"), "")
				)
				flag = cells.get((ITEM, "is_stock_item"))
				self.masters[code] = Master(
					lead_time_days=int(days) if days and days > 0 else None,
					goods=True if flag in (None, "") else values.read_flag(flag),
					standard=values.text(cells.get((ITEM, "qms_product_standard"))),
					group=values.text(cells.get((ITEM, "item_group"))),
					free=values.read_number(cells.get((ITEM, "free_qty")), ways.get((ITEM, "free_qty"), "")),
				)
			except values.Unreadable as error:
				self.source.refuse(
					line, f"{path.name}: {code}", mark("{0} is no value that can be read"), str(error)
				)

	def _master_table(self, path: Path, encoding: str) -> tuple[dict, list]:
		kind = table.kind(path)
		rows = iter(table.read_xlsx(path) if kind == "xlsx" else table.read_csv(path, encoding))
		head = list(islice(rows, columns.HEADING_ROWS))
		best, at, most = {}, 0, 1
		for position, row in enumerate(head):
			found: dict[int, tuple[str, str]] = {}
			for column, cell in enumerate(row.cells):
				if (target := _item_target(cell)) and target not in found.values():
					found[column] = target
			if len(found) > most:
				best, at, most = found, position, len(found)
		headings = {t: values.text(head[at].cells[c]) for c, t in best.items()}
		return headings, [
			(row.line, {t: row.cells[c] for c, t in best.items() if c < len(row.cells)})
			for row in chain(head[at + 1 :], rows)
		]

	# Making orders

	def _order(self, name: str, group: list[tuple[int, dict]]) -> Iterator[rules.PastOrder]:
		"""Return the order that a group of rows describes; nothing if it is left out."""
		maker = _Maker(self, name, group)
		order = maker.make()
		if maker.refused_rows and order is not None:
			self.source.incomplete += 1
		if order is not None:
			yield order

	def cell(self, cells: dict, target: tuple[str, str]) -> object:
		"""Return a cell of a stored row."""
		place = self._places.get(target)
		return None if place is None else cells.get(str(place))

	def date(self, cells: dict, target: tuple[str, str]) -> date | None:
		"""Return a date of a stored row."""
		found = self.cell(cells, target)
		return None if found is None else _read_date(found, self._date_ways.get(target, values.DAY_FIRST))

	def number(self, cells: dict, target: tuple[str, str]) -> Decimal | None:
		"""Return a number of a stored row."""
		found = self.cell(cells, target)
		return (
			None if found is None else values.read_number(found, self._number_ways.get(target, values.POINT))
		)


_MASTER = ("item_code", "lead_time_days", "is_stock_item", "qms_product_standard", "item_group", "free_qty")
# Of an item, its number and its name are what a list of them calls it.
_MASTER_NAMES = {columns.plain(n) for n in ("ID", "name", "Item Code", "编号", "Item")}
_DATE_NOTES = (
	mark(
		"The dates in {0} can be read in two ways (for example {1}); they are read as {2}. Set {3} in the "
		"settings if that is wrong."
	),
	mark("{0} is written in two ways: it is read as {1}, and {2} values say otherwise."),
	"replay.date_format",
)
_NUMBER_NOTES = (
	mark(
		"The numbers in {0} can be read in two ways (for example {1}); they are read as {2}. Set {3} in the "
		"settings if that is wrong."
	),
	_DATE_NOTES[1],
	"replay.number_format",
)


def _impossible(lacking: Iterable[tuple[str, str]], found: Iterable[str], unknown: Sequence[str]) -> Unusable:
	return Unusable(
		mark(
			"A replay is impossible without these columns: {0}. Found: {1}. Not known: {2}. Export them, or "
			"name your headings under {3} in the settings."
		),
		", ".join(f"{columns.label(t)} ({t[1]})" for t in lacking),
		", ".join(found) or "-",
		", ".join(unknown[:30]) or "-",
		"replay.columns",
	)


def _item_target(heading: object) -> tuple[str, str] | None:
	"""The field of an item that a heading of a list of items names."""
	if columns.plain(heading) in _MASTER_NAMES:
		return (ITEM, "item_code")
	return next((t for t in columns.candidates(heading) if t[0] == ITEM and t[1] in _MASTER), None)


@lru_cache(maxsize=4096)
def _read_date(value: object, way: str) -> date | None:
	return values.read_date(value, way)


class _Leave(Exception):
	"""The order is left out."""


class _Maker:
	"""Makes one order out of its rows."""

	def __init__(self, orders: Orders, name: str, group: list[tuple[int, dict]]) -> None:
		self.orders, self.source, self.settings = orders, orders.source, orders.settings
		self.name, self.group = name, group
		self.refused_rows = 0

	def make(self) -> rules.PastOrder | None:
		"""Return the order, None if it is left out: a draft, out of scope, or not readable."""
		first = self.group[0][0]
		if state := self._state():
			self.source.excluded[state] += 1
			return None
		try:
			day = self._day()
		except values.Unreadable as error:
			self._refuse_all(first, mark("{0} is no date that can be read"), str(error))
			return None
		if day is None:
			self._refuse_all(first, mark("The order has no date"))
			return None
		found = self._lines(day)
		lines, prices = found
		if "" not in self.groups and not self.in_scope:
			self.source.excluded[mark("out of scope: item groups")] += 1
			return None
		if not lines:
			if self.refused_rows:
				self.source.excluded[mark("not readable")] += 1
			else:
				self._refuse_all(first, mark("The order has no lines"))
			return None
		if not self.settings.services and not any(line.goods for line in lines):
			self.source.excluded[mark("out of scope: services only")] += 1
			return None
		try:
			amount = self._amount(lines)
		except values.Unreadable as error:
			self._refuse_all(first, mark("{0} is no number that can be read"), str(error))
			return None
		return rules.PastOrder(
			self.name,
			Facts(
				today=day,
				lines=lines,
				prices=prices,
				packaging=self._text("qms_packaging"),
				payment_terms=self._terms(),
				payment_method=self._text("qms_payment_method"),
				delivery_method=self._text("qms_delivery_method"),
				special=self._special(),
				amount=amount,
				quantity=sum((line.quantity for line in lines), Decimal()),
			),
			self.source.absent,
			self._text("customer_name") or self._text("customer"),
			self._text("customer_group"),
		)

	def _refuse_all(self, line: int, message: str, *args: str) -> None:
		self.source.refuse(line, self.name, message, *args)
		self.source.excluded[mark("not readable")] += 1

	def _text(self, field_: str) -> str:
		"""A field of the order: the first of its rows that says something."""
		target = (ORDER, field_)
		for _line, cells in self.group:
			if found := values.text(self.orders.cell(cells, target)):
				return found
		return ""

	def _state(self) -> str:
		"""Why the order does not count, "" if it does."""
		for field_ in ("docstatus", "status"):
			state = self._text(field_).casefold()
			if state in _DRAFT and (field_ == "docstatus" or state != "0"):
				return mark("drafts")
			if state in _CANCELLED and (field_ == "docstatus" or state != "2"):
				return mark("cancelled")
		company = self._text("company")
		self.groups = {group for where, group in self.settings.scope if where in ("", company)}
		if not self.groups:
			return mark("out of scope: company")
		return ""

	def _day(self) -> date | None:
		for target in ((ORDER, "transaction_date"), (ITEM, "transaction_date")):
			for _line, cells in self.group:
				if found := self.orders.date(cells, target):
					return found
		return None

	def _lines(self, day: date) -> tuple[tuple[Line, ...], tuple[Price, ...]]:
		"""The lines that can be read; bundles are replaced by their components where the file holds these."""
		o, lines, prices = self.orders, [], []
		bundles = {
			values.text(o.cell(cells, (PACKED, "parent_item")))
			for _line, cells in self.group
			if o.cell(cells, (PACKED, "parent_item"))
		}
		self.in_scope = False
		promised, bundle_due = None, {}
		for line, cells in self.group:
			code = values.text(o.cell(cells, (ITEM, "item_code")))
			if not code and o.cell(cells, (ITEM, "qty")) is None:
				continue
			try:
				if not code:
					raise _Leave(mark("The row has no item"))
				quantity = self._quantity(cells)
				promised = o.date(cells, (ORDER, "delivery_date")) or promised
				due = o.date(cells, (ITEM, "delivery_date")) or promised
				made = self._line(cells, code, quantity, due)
				price = self._price(cells, code)
			except values.Unreadable as error:
				self._refuse_row(line, mark("{0} is no value that can be read"), str(error))
				continue
			except _Leave as why:
				self._refuse_row(line, *why.args)
				continue
			group = values.text(o.cell(cells, (ITEM, "item_group"))) or o.masters.get(code, Master()).group
			self.in_scope |= group in self.groups
			if price is not None:
				prices.append(price)
			if code in bundles:
				bundle_due[code] = due
			else:
				lines.append(made)
		for line, cells in self.group if bundles else ():
			code, parent = (values.text(o.cell(cells, (PACKED, f))) for f in ("item_code", "parent_item"))
			if not code:
				continue
			try:
				quantity = o.number(cells, (PACKED, "qty")) or Decimal()
				quantity *= o.number(cells, (PACKED, "conversion_factor")) or 1
				lines.append(self._line({}, code, quantity, bundle_due.get(parent)))
			except values.Unreadable as error:
				self._refuse_row(line, mark("{0} is no value that can be read"), str(error))
		return tuple(lines), tuple(prices)

	def _refuse_row(self, line: int, message: str, *args: str) -> None:
		self.refused_rows += 1
		self.source.refuse(line, self.name, message, *args)

	def _quantity(self, cells: dict) -> Decimal:
		"""The quantity in stock units."""
		o = self.orders
		found = o.number(cells, (ITEM, "stock_qty"))
		if found is None:
			found = o.number(cells, (ITEM, "qty"))
			if found is None:
				raise _Leave(mark("The row has no quantity"))
			found *= o.number(cells, (ITEM, "conversion_factor")) or 1
		if found < 0:
			raise _Leave(mark("The quantity is negative: {0}"), f"{found:f}")
		return found

	def _line(self, cells: dict, code: str, quantity: Decimal, due: date | None) -> Line:
		o = self.orders
		master = o.masters.get(code, Master())
		days = o.number(cells, (ITEM, "lead_time_days"))
		standard = values.text(o.cell(cells, (ITEM, "qms_product_standard"))) or master.standard
		flag = o.cell(cells, (ITEM, "is_stock_item"))
		free = o.number(cells, (ITEM, "free_qty"))
		return Line(
			item=code,
			quantity=quantity,
			goods=master.goods if flag in (None, "") else values.read_flag(flag),
			standard=_named(standard) if standard else None,
			free=master.free if free is None else free,
			lead_time_days=int(days) if days and days > 0 else master.lead_time_days,
			due=due,
		)

	def _price(self, cells: dict, code: str) -> Price | None:
		"""The price of a row; None where the file holds no prices."""
		o = self.orders
		if rules.RATE in self.source.absent:
			return None
		flag = o.cell(cells, (ITEM, "is_free_item"))
		free = flag not in (None, "") and values.read_flag(flag)
		for field_ in ("rate", "base_rate", "amount", "base_amount"):
			if (found := o.number(cells, (ITEM, field_))) is not None:
				return Price(code, found, free)
		return Price(code, Decimal(), free)

	def _amount(self, lines: tuple[Line, ...]) -> Decimal | None:
		"""The value in company currency, None if the file does not tell it."""
		o, target = self.orders, self.orders._amount_target
		if target is None:
			return None
		factor: Decimal | None = Decimal(1)
		if not target[1].startswith("base_"):
			if o._currency and self._text("currency") != o._currency:
				return None
			factor = self._first_number((ORDER, "conversion_rate")) or Decimal(1)
		if target[0] == ORDER:
			found = self._first_number(target)
			return None if found is None else found * factor
		total, known = Decimal(), False
		for _line, cells in self.group:
			try:
				found = o.number(cells, target)
				if found is not None and target[1].endswith("rate"):
					found *= o.number(cells, (ITEM, "qty")) or Decimal()
			except values.Unreadable:
				continue
			if found is not None:
				total, known = total + found, True
		return total * factor if known else None

	def _first_number(self, target: tuple[str, str]) -> Decimal | None:
		for _line, cells in self.group:
			if (found := self.orders.number(cells, target)) is not None:
				return found
		return None

	def _terms(self) -> str:
		"""The payment terms: the template, or the terms of the schedule if each of its rows names one."""
		if found := self._text("payment_terms_template"):
			return found
		terms, o = [], self.orders
		for _line, cells in self.group:
			said = [values.text(o.cell(cells, (SCHEDULE, f))) for f in ("payment_term", "description")]
			terms += [t for t in said if t][:1]
		return ", ".join(terms)

	def _special(self) -> tuple[str, ...]:
		"""A7: the kinds of special requirement that the order states."""
		o = self.orders
		requirements = [
			contract.Requirement("", "", values.text(o.cell(cells, (REQUIREMENT, "special"))))
			for _line, cells in self.group
			if not self._none_identified(cells)
		]
		return tuple(contract.special_requirements(requirements, self._text("qms_packaging")))

	def _none_identified(self, cells: dict) -> bool:
		try:
			return values.read_flag(self.orders.cell(cells, (REQUIREMENT, "none_identified")) or 0)
		except values.Unreadable:
			return False


@lru_cache(maxsize=4096)
def _named(name: str) -> Standard:
	"""A standard of which only the name is known."""
	return Standard(name, "", date.min, None)
