"""The canonical text of what a document promises, its fingerprint, and the difference of two (C7, C12, E8).

A content is `{"v", "doctype", "fields": {name: text}, "tables": {name: [row, ...]}}` with text values only.
Empty values are left out, so that a field added to a form later does not change what was approved before. Row
order, float noise, locale and time zone do not matter.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, InvalidOperation
from typing import Any

from qms_customer.rules.aspects import TOPICS

FORMAT = 1
# Numbers are told apart by 6 decimals, with room for any amount in any currency.
STEP = Decimal("0.000001")
WIDE = Context(prec=60)
# Up to here a float that is whole is written without an exponent.
WHOLE = 1e15

NUMBER, DATE, DATETIME, TEXT = "number", "date", "datetime", "text"

# By type of field; any other is text.
KINDS = {
	"Currency": NUMBER,
	"Float": NUMBER,
	"Percent": NUMBER,
	"Int": NUMBER,
	"Check": NUMBER,
	"Date": DATE,
	"Datetime": DATETIME,
}

# Which fields say that two rows of different contents are the same row, the strongest first.
ROW_KEYS = {
	"items": ("item_code", "uom"),
	"packed_items": ("parent_item", "item_code"),
	"taxes": ("account_head", "charge_type"),
	"payment_schedule": ("payment_term", "due_date"),
	"qms_requirements": ("requirement_class", "requirement"),
	"qms_documents": ("title",),
}


@dataclass(frozen=True)
class Schema:
	"""Which fields of a document and of its child tables count, and of what kind each is."""

	doctype: str
	fields: Mapping[str, str]
	tables: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, order=True)
class Change:
	"""One difference of two contents; `table` and `row` are empty for a field of the head.

	A row that only one side has stands as one change with `field` empty and its label in `row`.
	"""

	table: str
	row: str
	field: str
	old: str
	new: str


def normal(value: Any, kind: str) -> str:
	"""Return the one text of a value: numbers to 6 decimals, no trailing zeros, dates ISO, line ends LF."""
	if value is None or value == "":
		return ""
	if kind == NUMBER:
		# Most numbers are whole: said at once, as the long way says them.
		if type(value) is int or (type(value) is float and value.is_integer() and abs(value) < WHOLE):
			return str(int(value)) if value else ""
		try:
			number = Decimal(str(int(value) if isinstance(value, bool) else value)).quantize(
				STEP, context=WIDE
			)
		except InvalidOperation:
			return str(value).strip()
		text = f"{number:f}"
		if "." in text:
			text = text.rstrip("0").rstrip(".")
		return "" if text in ("0", "-0", "") else text
	if kind == DATE:
		return str(value)[:10]
	if kind == DATETIME:
		return str(value).replace("T", " ")[:19]
	return str(value).replace("\r\n", "\n").replace("\r", "\n").strip()


def content(schema: Schema, values: Mapping[str, Any]) -> dict[str, Any]:
	"""Return the canonical content of a document given as nested dicts."""
	fields = _row(schema.fields, values)
	tables = {}
	for table, columns in schema.tables.items():
		rows = [row for row in (_row(columns, r) for r in values.get(table) or ()) if row]
		if rows:
			tables[table] = sorted(rows, key=_dump)
	return {"v": FORMAT, "doctype": schema.doctype, "fields": fields, "tables": tables}


def text(canonical: Mapping[str, Any]) -> str:
	"""Return the canonical text of a content."""
	return _dump(canonical)


def fingerprint(canonical: Mapping[str, Any] | str) -> str:
	"""Return the SHA-256 (hex) of a content or of its canonical text."""
	raw = canonical if isinstance(canonical, str) else text(canonical)
	return hashlib.sha256(raw.encode()).hexdigest()


def renamed(
	canonical: Mapping[str, Any], links: Mapping[str, str], aliases: Mapping[str, Mapping[str, str]]
) -> dict:
	"""Return the content as it reads after masters were renamed or merged.

	`links`: "field" or "table.field" -> the kind of master it names; `aliases`: kind -> {old: new}, chains
	followed.
	"""

	def follow(kind: str, value: str) -> str:
		names, seen = aliases.get(kind) or {}, set()
		while value in names and value not in seen:
			seen.add(value)
			value = names[value]
		return value

	def row(prefix: str, values: Mapping[str, str]) -> dict[str, str]:
		return {f: follow(links.get(prefix + f, ""), v) for f, v in values.items()}

	tables = {
		table: sorted((row(f"{table}.", r) for r in rows), key=_dump)
		for table, rows in canonical["tables"].items()
	}
	return {**canonical, "fields": row("", canonical["fields"]), "tables": tables}


def diff(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
	"""Return each difference of two contents, rows matched by their keys; empty if they are equal (C7)."""
	changes = _row_changes("", "", old["fields"], new["fields"])
	for table in sorted(set(old["tables"]) | set(new["tables"])):
		changes += table_changes(table, old["tables"].get(table, ()), new["tables"].get(table, ()))
	return changes


def topics_of(
	changes: Iterable[Change], doctype: str, topics: Mapping[str, Mapping[str, frozenset]]
) -> set[str]:
	"""Return the topics (C6) that the changes touch; a field that nobody classified touches all of them."""
	touched: set[str] = set()
	for change in changes:
		by_field = topics.get(f"{doctype}.{change.table}" if change.table else doctype, {})
		if change.field:
			touched |= by_field.get(change.field, frozenset(TOPICS))
		else:
			touched |= by_field.get("*", frozenset(TOPICS))
	return touched


def _dump(value: Any) -> str:
	return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _row(columns: Mapping[str, str], values: Mapping[str, Any]) -> dict[str, str]:
	found = {name: normal(values.get(name), kind) for name, kind in columns.items()}
	return {name: value for name, value in found.items() if value}


def _row_changes(table: str, row: str, old: Mapping[str, str], new: Mapping[str, str]) -> list[Change]:
	return [
		Change(table, row, name, old.get(name, ""), new.get(name, ""))
		for name in sorted(set(old) | set(new))
		if old.get(name, "") != new.get(name, "")
	]


def label(table: str, row: Mapping[str, str]) -> str:
	"""Return how a reader knows this row: its key fields, else what it starts with."""
	keys = ROW_KEYS.get(table, ())
	parts = [row[k] for k in keys if row.get(k)]
	if table in ("items", "packed_items") and row.get("qty"):
		parts.append("× " + row["qty"])
	return " ".join(parts) or " ".join(list(row.values())[:2])


def table_changes(table: str, old: Sequence[Mapping], new: Sequence[Mapping]) -> list[Change]:
	"""Return the differences of the rows of one table, whatever their order (C7)."""
	rest_old, rest_new = list(old), []
	for row in new:
		if row in rest_old:
			rest_old.remove(row)
		else:
			rest_new.append(row)
	changes = []
	keys = ROW_KEYS.get(table, ())
	# All key fields equal, then fewer and fewer of them; among equals the row that differs least.
	for depth in range(len(keys), 0, -1):
		for row in list(rest_new):
			wanted = [row.get(k) for k in keys[:depth]]
			if not any(wanted):
				continue
			same = [o for o in rest_old if [o.get(k) for k in keys[:depth]] == wanted]
			if same:
				best = min(same, key=lambda o: len(_row_changes("", "", o, row)))
				rest_old.remove(best)
				rest_new.remove(row)
				changes += _row_changes(table, label(table, best), best, row)
	changes += [Change(table, label(table, row), "", _dump(row), "") for row in rest_old]
	changes += [Change(table, label(table, row), "", "", _dump(row)) for row in rest_new]
	return changes
