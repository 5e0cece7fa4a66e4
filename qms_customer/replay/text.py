"""The report in a terminal: the findings and the tables that fit there."""

import unicodedata
from collections.abc import Iterator

from qms_customer.replay.figures import show
from qms_customer.replay.view import Bar, Money, Rate, Share, Table, View

# Of the page's sections, those whose tables are short.
SHOWN = ("outcome", "why", "people", "limits", "basis", "left_out")
MOST_ROWS = 20


def render(view: View, language: str) -> str:
	"""Return the report as text in a language."""
	return "\n".join(_lines(view, language)) + "\n"


def _lines(view: View, language: str) -> Iterator[str]:
	title = show(view.title, language)
	yield title
	yield "=" * width(title)
	yield " · ".join(show(part, language) for part in view.subtitle)
	yield ""
	for finding in view.findings:
		yield f"- {show(finding, language)}"
	for section in view.sections:
		if section.key not in SHOWN:
			continue
		heading = show(section.title, language)
		yield ""
		yield heading
		yield "-" * width(heading)
		if section.key in ("basis", "left_out"):
			for part in section.text:
				yield show(part, language)
		for block in section.blocks:
			if isinstance(block, Table):
				yield from _table(block, language)


def _table(table: Table, language: str) -> Iterator[str]:
	if table.caption:
		yield ""
		yield f"{show(table.caption, language)}:"
	cells = [[show(heading, language) for heading in table.headings]]
	cells += [[show(cell, language) for cell in row] for row in table.rows[:MOST_ROWS]]
	numeric = [
		bool(table.rows)
		and all(isinstance(row[column], int | Bar | Share | Money | Rate) for row in table.rows)
		for column in range(len(table.headings))
	]
	widths = [max(width(row[column]) for row in cells) for column in range(len(table.headings))]
	yield ""
	for number, row in enumerate(cells):
		mark = "*" if number - 1 in table.marked else " "
		yield (
			mark
			+ "  ".join(
				_pad(cell, widths[column], numeric[column]) for column, cell in enumerate(row)
			).rstrip()
		)
	if len(table.rows) > MOST_ROWS:
		yield " …"


def width(text: str) -> int:
	"""Return how many columns of a terminal a text takes: Chinese characters take two."""
	return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _pad(text: str, size: int, right: bool) -> str:
	blanks = " " * (size - width(text))
	return blanks + text if right else text + blanks
