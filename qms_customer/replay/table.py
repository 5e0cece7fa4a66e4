"""Rows of a CSV, XLSX or JSON file, one after the other: a file is never held in memory as a whole.

Cells are text, or in XLSX and JSON also numbers and dates. Where cells of a sheet are merged downwards, the
rows below get the value and are marked.
"""

import csv
import heapq
import json
import re
import zipfile
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from qms_customer.replay import Unusable
from qms_customer.rules import mark

ENDINGS = (".csv", ".tsv", ".txt", ".xlsx", ".json", ".jsonl")
_DELIMITERS = (",", ";", "\t", "|")
_CELL_LIMIT = 16 * 1024 * 1024
# A sheet that unpacks to more than this is no list of orders.
_UNPACKED_LIMIT = 8 * 1024**3
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Row:
	"""A row with its number in the file; `merged`: the columns whose value stands in a row above."""

	line: int
	cells: list
	merged: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Doc:
	"""A document of a JSON file, with its number."""

	line: int
	values: dict = field(default_factory=dict)


def kind(path: Path) -> str:
	"""Return "csv", "xlsx" or "json", by the file's name and its first bytes."""
	try:
		with path.open("rb") as file:
			head = file.read(8)
	except OSError as error:
		raise Unusable(mark("{0} cannot be read: {1}"), str(path), error.strerror or str(error), usage=True)
	ending = path.suffix.lower()
	if head.startswith(b"\xd0\xcf\x11\xe0"):
		raise Unusable(
			mark("{0} is an old or encrypted workbook. Save it as {1} without a password, or as {2}."),
			path.name,
			".xlsx",
			"CSV",
		)
	if ending == ".xlsx" or head.startswith(b"PK\x03\x04"):
		if not head.startswith(b"PK"):
			raise Unusable(mark("{0} is called {1} but is no such file."), path.name, ".xlsx")
		return "xlsx"
	if ending not in ENDINGS:
		raise Unusable(
			mark("{0} is of a kind that is not read. Read are: {1}"),
			path.name,
			", ".join(ENDINGS),
			usage=True,
		)
	if not head:
		raise Unusable(mark("{0} is empty."), path.name)
	return "json" if ending in (".json", ".jsonl") else "csv"


# CSV


def encoding_of(path: Path) -> str:
	"""Return the encoding of a text file: UTF-16 by its mark, else UTF-8 if it is, else GB18030 if it is."""
	with path.open("rb") as file:
		head = file.read(4)
	if head.startswith((b"\xff\xfe", b"\xfe\xff")):
		return "utf-16"
	for encoding in ("utf-8-sig", "gb18030"):
		try:
			with path.open(encoding=encoding) as file:
				while file.read(_CHUNK):
					pass
		except UnicodeDecodeError:
			continue
		return encoding
	raise Unusable(
		mark("{0} is neither UTF-8 nor GB18030 text. Name its encoding with {1}."), path.name, "--encoding"
	)


def read_csv(path: Path, encoding: str = "") -> Iterator[Row]:
	"""Yield the rows of a text file; the delimiter is the one that makes the most of its first lines."""
	encoding = encoding or encoding_of(path)
	try:
		with path.open(encoding=encoding, newline="") as file:
			head = file.read(_CHUNK)
			file.seek(0)
			csv.field_size_limit(_CELL_LIMIT)
			reader = csv.reader(
				(line.replace("\0", "") for line in file), delimiter=_delimiter(head), skipinitialspace=False
			)
			line = 1
			for cells in reader:
				yield Row(line, cells)
				line = reader.line_num + 1
	except LookupError:
		raise Unusable(mark("There is no encoding {0}."), encoding, usage=True)
	except UnicodeError:
		raise Unusable(mark("{0} is not {1} text."), path.name, encoding)
	except csv.Error as error:
		raise Unusable(mark("{0} cannot be read: {1}"), path.name, str(error))


def _delimiter(head: str) -> str:
	"""The character that splits the first lines into the most columns, a comma if none does."""
	lines = head.splitlines()[:40]
	best = {d: max((len(cells) for cells in csv.reader(lines, delimiter=d)), default=0) for d in _DELIMITERS}
	return max(_DELIMITERS, key=lambda d: best[d])


# XLSX


def read_xlsx(path: Path, sheet: str = "") -> Iterator[Row]:
	"""Yield the rows of a sheet, the first one if none is named."""
	try:
		import openpyxl
	except ImportError:
		raise Unusable(
			mark("Reading {0} needs the package {1}. Install it, or save the file as {2}."),
			".xlsx",
			"openpyxl",
			"CSV",
			usage=True,
		)
	try:
		with zipfile.ZipFile(path) as archive:
			if sum(info.file_size for info in archive.infolist()) > _UNPACKED_LIMIT:
				raise Unusable(mark("{0} is too large to be a list of orders."), path.name)
		book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
	except Unusable:
		raise
	# openpyxl raises whatever a damaged part of the file makes it stumble over.
	except Exception as error:
		raise Unusable(mark("{0} cannot be read: {1}"), path.name, str(error) or type(error).__name__)
	try:
		names = [s.title for s in book.worksheets]
		if sheet and sheet not in names:
			raise Unusable(
				mark("{0} has no sheet {1}; it has: {2}"), path.name, sheet, ", ".join(names), usage=True
			)
		if not names:
			raise Unusable(mark("{0} is empty."), path.name)
		chosen = book[sheet] if sheet else book.worksheets[0]
		# The size that a sheet claims is often wrong.
		chosen.reset_dimensions()
		yield from _filled(chosen.iter_rows(values_only=True), _merges(path, chosen))
	except Unusable:
		raise
	except Exception as error:
		raise Unusable(mark("{0} cannot be read: {1}"), path.name, str(error) or type(error).__name__)
	finally:
		book.close()


_MERGE = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')


def _merges(path: Path, sheet: object) -> array:
	"""The cells that are merged downwards, packed and sorted: first row, last row, column.

	They stand behind the rows in the file, and openpyxl does not read them from a sheet that it streams.
	"""
	found, rest = array("Q"), b""
	with zipfile.ZipFile(path) as archive, archive.open(sheet._worksheet_path.lstrip("/")) as part:
		while chunk := part.read(_CHUNK):
			text = rest + chunk
			end = 0
			for match in _MERGE.finditer(text):
				end = match.end()
				first, last = int(match[2]), int(match[4])
				if last > first:
					column = _column(match[1])
					found.append(first << 44 | last << 20 | column)
			rest = text[max(end, len(text) - 200) :]
	return array("Q", sorted(found))


def _column(letters: bytes) -> int:
	number = 0
	for letter in letters:
		number = number * 26 + letter - 64
	return number - 1


def _filled(rows: Iterator[tuple], merges: array) -> Iterator[Row]:
	"""Rows with the merged cells filled downwards."""
	position, active = 0, []
	for line, values in enumerate(rows, 1):
		cells, merged = list(values), set()
		while active and active[0][0] < line:
			heapq.heappop(active)
		for _last, column, value in active:
			cells.extend([None] * (column + 1 - len(cells)))
			if cells[column] is None:
				cells[column] = value
				merged.add(column)
		while position < len(merges) and merges[position] >> 44 <= line:
			packed = merges[position]
			first, last, column = packed >> 44, packed >> 20 & 0xFFFFFF, packed & 0xFFFFF
			if first == line and column < len(cells) and cells[column] is not None:
				# The position breaks ties: values cannot always be compared.
				heapq.heappush(active, (last, column, cells[column]))
			position += 1
		yield Row(line, cells, frozenset(merged))


# JSON

_WRAPPED = re.compile(r'\s*\{\s*"(?:message|data|docs|result|values)"\s*:\s*(?=\[)')
_BETWEEN = re.compile(r"[\s,]*")


def read_json(path: Path, encoding: str = "") -> Iterator[Doc]:
	"""Yield the documents of a list, of a list in an answer of ERPNext, or one document a line."""
	encoding = encoding or encoding_of(path)
	try:
		with path.open(encoding=encoding) as file:
			yield from _documents(file, path.name)
	except LookupError:
		raise Unusable(mark("There is no encoding {0}."), encoding, usage=True)
	except UnicodeError:
		raise Unusable(mark("{0} is not {1} text."), path.name, encoding)


def _documents(file: object, name: str) -> Iterator[Doc]:
	decoder = json.JSONDecoder()
	buffer, ended, number = file.read(_CHUNK), False, 0
	listed = False
	if wrapped := _WRAPPED.match(buffer):
		buffer = buffer[wrapped.end() :]
	buffer = buffer.lstrip()
	if buffer.startswith("["):
		buffer, listed = buffer[1:], True
	position = 0
	while True:
		position = _BETWEEN.match(buffer, position).end()
		if listed and buffer[position : position + 1] == "]":
			return
		found = None
		if position < len(buffer):
			try:
				found, position = decoder.raw_decode(buffer, position)
			except json.JSONDecodeError as error:
				if ended:
					raise Unusable(
						mark("{0} is no JSON that can be read: document {1}, {2}"),
						name,
						str(number + 1),
						error.msg,
					)
		elif ended:
			if listed:
				raise Unusable(
					mark("{0} ends in the middle of the list, after {1} documents."), name, str(number)
				)
			return
		if found is None and not ended:
			more = file.read(max(_CHUNK, len(buffer) - position))
			ended = not more
			buffer, position = buffer[position:] + more, 0
			continue
		number += 1
		yield Doc(number, found if isinstance(found, dict) else {})
		if position > _CHUNK:
			buffer, position = buffer[position:], 0
