"""Watch the statements that frappe sends to the database."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

_WRITE = re.compile(
	r"(?:insert\s+(?:ignore\s+)?into|replace\s+into|update|delete\s+from)\s+[`\"]?([^`\"(]+?)[`\"]?(?:\s*\(|\s+|$)",
	re.IGNORECASE,
)
_QUOTED = re.compile(r"[`\"]([^`\"]+)[`\"]")
_listeners: list[Callable[[Statement], None]] = []
# Those who listen in every test.
_always: list[Callable[[Statement], None]] = []
_installed = False


@dataclass(frozen=True)
class Statement:
	"""A statement as it was sent: kind is read, write, ddl, commit, rollback or other."""

	kind: str
	table: str
	text: str


def parse(text: str) -> Statement:
	"""Tell what a statement does, and to which table."""
	text = text.strip()
	word = text[:12].split(None, 1)[0].lower().rstrip(";") if text else ""
	if word in ("select", "show", "describe", "desc", "explain", "with"):
		return Statement("read", "", text)
	if word in ("insert", "update", "delete", "replace"):
		quoted = _QUOTED.search(text)
		found = _WRITE.match(text)
		table = found[1] if found else quoted[1] if quoted else ""
		if quoted and quoted.start() < 25:
			table = quoted[1]  # names with a space are always quoted
		return Statement("write", table.strip(), text)
	if word in ("alter", "create", "drop", "truncate", "rename"):
		quoted = _QUOTED.search(text)
		return Statement("ddl", quoted[1] if quoted else "", text)
	if word == "commit" or (word == "rollback" and " to " not in text.lower()):
		return Statement(word, "", text)
	return Statement("other", "", text)


def install() -> None:
	"""Put the watch below every frappe database connection of this process."""
	global _installed
	if _installed:
		return
	from frappe.database.database import Database

	# Every statement passes here once, right before it goes to the cursor.
	original = Database._transform_query

	def transform(self: Database, query: Any, values: Any) -> tuple:
		if _listeners:
			statement = parse(str(query))
			for listener in list(_listeners):
				listener(statement)
		return original(self, query, values)

	Database._transform_query = transform
	_installed = True


def listen(listener: Callable[[Statement], None], always: bool = False) -> None:
	"""Call a function with every statement from now on; `always`: in every test, whatever it is about."""
	_listeners.append(listener)
	if always:
		_always.append(listener)


def unlisten(listener: Callable[[Statement], None]) -> None:
	"""Stop calling the function."""
	_listeners.remove(listener)
	if listener in _always:
		_always.remove(listener)


def counting() -> bool:
	"""Return whether the running test looks at the statements itself."""
	return len(_listeners) > len(_always)


@dataclass
class Queries:
	"""The statements seen by `count_queries`, transaction control left out."""

	statements: list[Statement] = field(default_factory=list)

	@property
	def count(self) -> int:
		"""Return the number of statements."""
		return len(self.statements)

	@property
	def reads(self) -> list[str]:
		"""Return the text of the reading statements."""
		return [statement.text for statement in self.statements if statement.kind == "read"]

	@property
	def writes(self) -> list[str]:
		"""Return the text of the writing statements."""
		return [statement.text for statement in self.statements if statement.kind == "write"]

	def __str__(self) -> str:
		return "\n".join(f"{number}. {statement.text}" for number, statement in enumerate(self.statements, 1))


@contextlib.contextmanager
def count_queries() -> Iterator[Queries]:
	"""Collect the SQL statements sent in the block: `with count_queries() as queries: ...; queries.count`."""
	install()
	queries = Queries()

	def note(statement: Statement) -> None:
		if statement.kind in ("read", "write", "ddl"):
			queries.statements.append(statement)

	listen(note)
	try:
		yield queries
	finally:
		unlisten(note)
