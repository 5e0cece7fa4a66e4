"""Dates and numbers as people's ERPs write them. How a column is written is decided over the whole column."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from qms_customer.rules import mark

DAY_FIRST, MONTH_FIRST = mark("day-month-year"), mark("month-day-year")
WAYS = (DAY_FIRST, MONTH_FIRST)
POINT, COMMA = "1,234.56", "1.234,56"

_YEAR_FIRST = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[T\s].*)?$")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})$")
_YEAR_LAST = re.compile(r"(\d{1,2})\s*[-/.]\s*(\d{1,2})\s*[-/.]\s*(\d{4})(?:[T\s].*)?$")
_SERIAL = re.compile(r"(\d{5})(?:\.\d+)?$")
# Days since 1899-12-30 in Excel: from 1990 to 2100.
_EXCEL_ZERO, _EXCEL_FIRST, _EXCEL_LAST = date(1899, 12, 30), 32874, 73415
_YEARS = range(1990, 2101)

# Currencies and units around a number; "(12)" is minus 12 in accounts.
_AROUND = re.compile(r"^[^\d\-+.,(]*|[^\d.,)]*$")
_SPACES = re.compile(r"[\s'’_]")


class Unreadable(ValueError):
	"""A value that is no date, or no number."""


def text(value: object) -> str:
	"""Return a cell as text without outer blanks, full-width characters made plain."""
	if value is None:
		return ""
	if isinstance(value, str):
		value = value.strip()
		return value if value.isascii() else unicodedata.normalize("NFKC", value).strip()
	if isinstance(value, float) and value.is_integer():
		return str(int(value))
	return str(value)


def storable(value: object) -> object:
	"""Return a cell as JSON can keep it: dates in ISO form."""
	if isinstance(value, datetime):
		return value.date().isoformat()
	if isinstance(value, date):
		return value.isoformat()
	if isinstance(value, str | int | float | bool) or value is None:
		return value
	return str(value)


@dataclass
class DateColumn:
	"""What the values of a column say about the order of day and month."""

	day_first: int = 0
	month_first: int = 0
	either: int = 0
	example: str = ""

	def see(self, value: object) -> None:
		"""Note a value."""
		if not isinstance(value, str) or not (found := _YEAR_LAST.match(value.strip())):
			return
		one, two = int(found[1]), int(found[2])
		if "." in value or one > 12 >= two:
			self.day_first += 1
		elif two > 12 >= one:
			self.month_first += 1
		elif one <= 12 and two <= 12 and one != two:
			self.either += 1
			self.example = self.example or value.strip()


@dataclass(frozen=True)
class Decision:
	"""How values are read; `ambiguous` names a value that does not tell, where nothing else did either."""

	way: str
	ambiguous: str = ""
	mixed: int = 0


def decide_dates(columns: Iterable[DateColumn], wanted: str = "") -> dict[int, Decision]:
	"""Return for each column how its dates are read.

	The settings say it, else the column itself, else the other date columns of the file, else day first. Of a
	column that says both, the majority holds; the rest will be no dates, and reported.
	"""
	columns = list(columns)
	day, month = sum(c.day_first for c in columns), sum(c.month_first for c in columns)
	found = {}
	for number, c in enumerate(columns):
		if wanted:
			found[number] = Decision(wanted)
		elif c.day_first or c.month_first:
			way = DAY_FIRST if c.day_first >= c.month_first else MONTH_FIRST
			found[number] = Decision(way, mixed=min(c.day_first, c.month_first))
		elif day or month:
			found[number] = Decision(DAY_FIRST if day >= month else MONTH_FIRST)
		else:
			found[number] = Decision(DAY_FIRST, ambiguous=c.example)
	return found


def read_date(value: object, way: str = DAY_FIRST) -> date | None:
	"""Return a date, None for an empty cell; raise Unreadable for anything else."""
	if value is None or value == "":
		return None
	if isinstance(value, bool):
		raise Unreadable(value)
	if isinstance(value, int | float):
		return _serial(float(value))
	value = text(value)
	if not value:
		return None
	if found := _YEAR_FIRST.match(value) or _COMPACT.match(value):
		return _date(value, int(found[1]), int(found[2]), int(found[3]))
	if found := _YEAR_LAST.match(value):
		one, two, year = int(found[1]), int(found[2]), int(found[3])
		month_first = way == MONTH_FIRST and "." not in found[0][: found.end(2) + 1]
		return _date(value, year, one, two) if month_first else _date(value, year, two, one)
	if found := _SERIAL.match(value):
		return _serial(float(found[1]))
	raise Unreadable(value)


def _serial(days: float) -> date:
	if not _EXCEL_FIRST <= days <= _EXCEL_LAST:
		raise Unreadable(days)
	return _EXCEL_ZERO + timedelta(days=int(days))


def _date(value: str, year: int, month: int, day: int) -> date:
	if year not in _YEARS:
		raise Unreadable(value)
	try:
		return date(year, month, day)
	except ValueError:
		raise Unreadable(value)


@dataclass
class NumberColumn:
	"""What the values of a column say about decimal points and commas."""

	point: int = 0
	comma: int = 0
	either: Counter = field(default_factory=Counter)
	example: str = ""

	def see(self, value: object) -> None:
		"""Note a value."""
		if not isinstance(value, str) or not value or value.isdigit():
			return
		value = _bare(value)
		points, commas = value.count("."), value.count(",")
		if points and commas:
			if value.rfind(".") > value.rfind(","):
				self.point += 1
			else:
				self.comma += 1
			return
		if not points and not commas:
			return
		separator = "." if points else ","
		head, _, tail = value.partition(separator)
		if points + commas > 1:
			decimal = False
		elif len(tail) != 3 or head.lstrip("-+(0") == "" or len(head.lstrip("-+(")) > 3:
			decimal = True
		else:
			self.either[separator] += 1
			self.example = self.example or value
			return
		if decimal == (separator == "."):
			self.point += 1
		else:
			self.comma += 1


def decide_numbers(columns: Iterable[NumberColumn], wanted: str = "") -> dict[int, Decision]:
	"""Return for each column how its numbers are read: by settings, column, file, else as 1,234.56."""
	columns = list(columns)
	point, comma = sum(c.point for c in columns), sum(c.comma for c in columns)
	found = {}
	for number, c in enumerate(columns):
		if wanted:
			found[number] = Decision(wanted)
		elif c.point or c.comma:
			found[number] = Decision(POINT if c.point >= c.comma else COMMA, mixed=min(c.point, c.comma))
		elif point or comma:
			found[number] = Decision(POINT if point >= comma else COMMA)
		else:
			found[number] = Decision(POINT, ambiguous=c.example)
	return found


def _bare(value: str) -> str:
	"""A number without currency, unit and blanks."""
	value = _SPACES.sub("", text(value))
	return _AROUND.sub("", value)


_GROUPED = {
	POINT: re.compile(r"\d{1,3}(?:,\d{2,4})*(?:\.\d*)?$|\d*(?:\.\d+)$|\d+\.?$"),
	COMMA: re.compile(r"\d{1,3}(?:\.\d{2,4})*(?:,\d*)?$|\d*(?:,\d+)$|\d+,?$"),
}
_EXPONENT = re.compile(r"[-+]?\d+(?:\.\d+)?[eE][-+]?\d{1,3}$")


def read_number(value: object, way: str = POINT) -> Decimal | None:
	"""Return an exact number, None for an empty cell; raise Unreadable for anything else."""
	if value is None or value == "":
		return None
	if isinstance(value, bool):
		return Decimal(int(value))
	if isinstance(value, int):
		return Decimal(value)
	if isinstance(value, float):
		if value != value or value in (float("inf"), float("-inf")):
			raise Unreadable(value)
		# Float noise is rounded away, as on the live system.
		return Decimal(str(round(value, 9)))
	plain = text(value)
	if not plain or plain in ("-", "—", "–"):
		return None
	if plain.isdigit() and plain.isascii():
		return Decimal(plain)
	if _EXPONENT.match(plain):
		return Decimal(plain)
	bare = _bare(plain)
	minus = bare.startswith(("-", "(")) or bare.endswith("-")
	bare = bare.strip("-+()")
	if not bare or not _GROUPED[way].match(bare):
		raise Unreadable(plain)
	group, decimal = (",", ".") if way == POINT else (".", ",")
	try:
		number = Decimal(bare.replace(group, "").replace(decimal, "."))
	except InvalidOperation:
		raise Unreadable(plain)
	return -number if minus else number


_YES = {"1", "yes", "true", "y", "是", "ja", "oui", "sí", "si", "x", "✓"}
_NO = {"0", "no", "false", "n", "否", "nein", "non", ""}


def read_flag(value: object) -> bool:
	"""Return a check box; raise Unreadable for anything else."""
	if isinstance(value, bool | int | float):
		return bool(value)
	plain = text(value).casefold()
	if plain in _YES:
		return True
	if plain in _NO:
		return False
	raise Unreadable(plain)
