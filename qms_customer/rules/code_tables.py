"""Files of codes as they are published and as sites write them: JSON, Excel and CSV, read into rows (H3, H8).

The IMDRF publishes its adverse-event terminology (IMDRF/AE WG/N43) as a workbook with a sheet for each annex
and as JSON, one array for each annex or one for all. In the workbook a title and the release stand above the
header ("Level 1 Term", "Level 2 Term", ..., "Code", "Definition", "Status", "CodeHierarchy"), on each sheet
in another row; the spelling of the names differs between files: they are compared without case and spaces.
"""

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from qms_customer.rules import mark

# A published annex has some thousand codes and less than two megabytes.
MOST_BYTES = 10 * 1024 * 1024
MOST_ROWS = 20_000
_UNPACKED = 200 * 1024 * 1024
# The header stands within these rows.
_HEAD = 30

# How the columns are called, without case and spaces.
COLUMNS = {
	"code": ("code", "imdrfcode", "编码", "代码"),
	"term": ("term", "术语", "名称"),
	"term_zh": (
		"terminchinese",
		"chineseterm",
		"termzh",
		"term(zh)",
		"term_zh",
		"中文术语",
		"中文名称",
		"中文",
	),
	"definition": ("definition", "定义"),
	"parent": ("parent", "parentcode", "上级", "上级编码"),
	"hierarchy": ("codehierarchy",),
	"status": ("status",),
}
_NAMES = {alias: name for name, aliases in COLUMNS.items() for alias in aliases}
_LEVEL = re.compile(r"level(\d)term")
_RELEASE = re.compile(r"release\s*(?:number)?\s*:?\s*(\d{4})\b", re.IGNORECASE)


class Unreadable(Exception):
	"""A file that is no table of codes; `message` is marked for translation."""

	def __init__(self, message: str, *args: str) -> None:
		super().__init__(message, *args)
		self.message, self.args_of_message = message, args


@dataclass(frozen=True)
class Row:
	"""One row: its values by the names of COLUMNS, and where a person finds it in the file."""

	number: int
	values: dict[str, str]
	sheet: str = ""

	def get(self, name: str) -> str:
		"""Return a value, "" if the file has no such column."""
		return self.values.get(name, "")


@dataclass
class Table:
	"""The rows of a file, and which release it says it is."""

	rows: list[Row] = field(default_factory=list)
	edition: str = ""


def is_published(name: str) -> bool:
	"""Return whether a file of this name is read as the published terminology, not as codes of the site."""
	return name.lower().endswith((".json", ".xlsx"))


def read(name: str, content: bytes) -> Table:
	"""Return the rows of a file, by its ending. Raises Unreadable."""
	if len(content) > MOST_BYTES:
		raise Unreadable(mark("{0} is too large to be a table of codes."), name)
	ending = name.lower().rpartition(".")[2]
	readers = {"json": _json, "xlsx": _xlsx, "csv": _csv}
	if ending not in readers:
		raise Unreadable(
			mark("Codes are read from {1}, not from {0}."), name, ", ".join(map(".{}".format, readers))
		)
	table = readers[ending](name, content)
	if len(table.rows) > MOST_ROWS:
		raise Unreadable(mark("{0} is too large to be a table of codes."), name)
	if not table.rows:
		raise Unreadable(mark("{0} has no codes."), name)
	return table


def _text(value: object) -> str:
	"""A value as one line of text; a number as it is shown."""
	if value is None:
		return ""
	if isinstance(value, float) and value.is_integer():
		value = int(value)
	return " ".join(str(value).split())


def _column(header: object) -> str:
	"""By which name a header is known here: of COLUMNS, "level1" of a column of terms, "" if none."""
	plain = re.sub(r"\s", "", str(header or "")).lower()
	if level := _LEVEL.fullmatch(plain):
		return f"level{level[1]}"
	return _NAMES.get(plain, "")


def _row(number: int, pairs: Iterable[tuple[str, str]], sheet: str = "") -> Row | None:
	"""A row from columns and texts; None of an empty one. Of the columns of terms the deepest counts."""
	values = {name: text for name, text in pairs if name and text}
	levels = sorted(name for name in values if name.startswith("level"))
	if levels:
		values.setdefault("term", values[levels[-1]])
	for name in levels:
		del values[name]
	return Row(number, values, sheet) if values else None


def _json(name: str, content: bytes) -> Table:
	try:
		data = json.loads(content.decode("utf-8-sig"))
	except (ValueError, RecursionError):
		raise Unreadable(mark("{0} is damaged, or of another kind than its name says."), name)
	if not isinstance(data, list):
		raise Unreadable(mark("{0} is not an array of codes."), name)
	table = Table()
	for number, entry in enumerate(data, 1):
		if not isinstance(entry, dict):
			# Listed with the other bad rows: it has no code.
			table.rows.append(Row(number, {}))
		else:
			pairs = ((_column(k), _text(v)) for k, v in entry.items())
			table.rows.append(_row(number, pairs) or Row(number, {}))
	return table


def _xlsx(name: str, content: bytes) -> Table:
	# Only who imports a workbook waits for it.
	import openpyxl

	try:
		with zipfile.ZipFile(io.BytesIO(content)) as archive:
			if sum(info.file_size for info in archive.infolist()) > _UNPACKED:
				raise Unreadable(mark("{0} is too large to be a table of codes."), name)
		book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
		table = Table()
		for sheet in book.worksheets:
			# The size that a sheet claims is often wrong.
			sheet.reset_dimensions()
			_sheet(name, sheet.title, sheet.iter_rows(values_only=True), table)
	except Unreadable:
		raise
	# openpyxl raises whatever a damaged part of the file makes it stumble over.
	except Exception:
		raise Unreadable(mark("{0} is damaged, or of another kind than its name says."), name)
	return table


def _sheet(name: str, title: str, lines: Iterable[Sequence[object]], table: Table) -> None:
	"""Read one sheet into the table; one without a header of codes, a cover for instance, has none."""
	columns: list[str] = []
	for number, cells in enumerate(lines, 1):
		if not columns:
			if number > _HEAD:
				return
			columns = _header(cells)
			for cell in cells:
				if not columns and not table.edition and (found := _RELEASE.search(_text(cell))):
					table.edition = found[1]
			continue
		# A row may be longer than its header.
		pairs = zip(columns, (_text(cell) for cell in cells), strict=False)
		if row := _row(number, pairs, title):
			table.rows.append(row)
			if len(table.rows) > MOST_ROWS:
				raise Unreadable(mark("{0} is too large to be a table of codes."), name)


def _header(cells: Sequence[object]) -> list[str]:
	"""The columns of a row that is a header: it names the code and a term."""
	columns = [_column(cell) for cell in cells]
	named = set(columns)
	return columns if "code" in named and named & {"term", "term_zh", "level1"} else []


def _csv(name: str, content: bytes) -> Table:
	text = _decoded(name, content)
	lines = list(_lines(text, _delimiter(text)))
	if not lines or not (columns := _header(lines[0])):
		raise Unreadable(
			mark("The first line of {0} names the columns: code, parent, term, term in Chinese, definition."),
			name,
		)
	table = Table()
	for number, cells in enumerate(lines[1:], 2):
		if row := _row(number, zip(columns, (_text(cell) for cell in cells), strict=False)):
			table.rows.append(row)
	return table


def _decoded(name: str, content: bytes) -> str:
	# UTF-8, or as Excel in China saves a CSV.
	for encoding in ("utf-8-sig", "gb18030"):
		try:
			return content.decode(encoding)
		except UnicodeDecodeError:
			continue
	raise Unreadable(mark("{0} is damaged, or of another kind than its name says."), name)


def _delimiter(text: str) -> str:
	first = text.partition("\n")[0]
	return max(",;\t", key=first.count)


def _lines(text: str, delimiter: str) -> Iterator[list[str]]:
	try:
		yield from csv.reader(io.StringIO(text), delimiter=delimiter)
	except csv.Error:
		raise Unreadable(mark("{0} is damaged, or of another kind than its name says."), "CSV")
