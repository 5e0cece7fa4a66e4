"""The fingerprint: what does not move it, and that everything committed does."""

import json
from copy import deepcopy
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_customer.rules import content as c
from qms_customer.rules.aspects import COMMERCIAL, TOPICS
from qms_customer.rules.content import (
	DATE,
	DATETIME,
	NUMBER,
	TEXT,
	Change,
	Schema,
	content,
	diff,
	fingerprint,
	normal,
)
from qms_customer.rules.fields import COMMITTED, NOT_COMMITTED, TABLES, topics

NUMBERS = {
	"qty",
	"rate",
	"conversion_factor",
	"conversion_rate",
	"discount_amount",
	"discount_percentage",
	"additional_discount_percentage",
	"is_free_item",
	"is_alternative",
	"tax_amount",
	"invoice_portion",
	"payment_amount",
	"none_identified",
}


def kind(name):
	return NUMBER if name in NUMBERS else DATE if name.endswith("_date") else TEXT


def schema(doctype):
	def columns(name, tables=()):
		return {f: kind(f) for f in COMMITTED[name] if f not in tables}

	tables = TABLES[doctype]
	return Schema(doctype, columns(doctype, tables), {t: columns(row) for t, row in tables.items()})


ORDER = schema("Sales Order")
VALUES = {
	NUMBER: st.one_of(
		st.sampled_from([None, "", 0, 0.0, "0.00"]),
		st.integers(-5, 10**9),
		st.decimals(-1000, 1000, places=6),
		st.booleans(),
	),
	DATE: st.one_of(st.none(), st.just(""), st.dates(date(2020, 1, 1), date(2030, 1, 1))),
	TEXT: st.one_of(st.none(), st.sampled_from(["", " "]), st.text("ab \r\n×中", max_size=6)),
}


def row(columns):
	return st.fixed_dictionaries({}, optional={n: VALUES[k] for n, k in columns.items()})


DOCUMENTS = st.builds(
	lambda head, tables: {**head, **tables},
	row(ORDER.fields),
	st.fixed_dictionaries(
		{}, optional={t: st.lists(row(cols), max_size=4) for t, cols in ORDER.tables.items()}
	),
)
# The places of one committed value: the head, or a table.
PLACES = [("", n) for n in ORDER.fields] + [(t, n) for t, cols in ORDER.tables.items() for n in cols]


def read(values):
	return content(ORDER, values)


def noisy(value, kind_):
	"""The same value as another layer of the ERP would give it."""
	if kind_ == NUMBER:
		if isinstance(value, bool):
			return int(value)
		if value in (None, "", 0, 0.0, "0.00"):
			return {None: 0, "": None}.get(value, "0.000000000")
		return f"{Decimal(str(value)) + Decimal('0.00000000004')}"
	if kind_ == DATE:
		return f"{value.isoformat()} 00:00:00" if value else ("" if value is None else None)
	if value is None or not value.strip():
		return "" if value is None else None
	return " " + value.replace("\r\n", "\n").replace("\n", "\r\n") + "\n"


@pytest.mark.rule("E8", "C12")
@pytest.mark.parametrize(
	("one", "other", "kind_"),
	[
		(0.1 + 0.2, 0.3, NUMBER),
		(0.1 + 0.2, "0.30", NUMBER),
		(Decimal("5.000"), 5, NUMBER),
		(1e3, "1000", NUMBER),
		(10**25, Decimal("1E+25"), NUMBER),
		(True, 1, NUMBER),
		(False, None, NUMBER),
		(None, "", NUMBER),
		(0, "", NUMBER),
		(-0.0, None, NUMBER),
		(0.0000001, None, NUMBER),
		(None, "", TEXT),
		("a\r\nb", "a\nb", TEXT),
		("a\rb ", "a\nb", TEXT),
		(date(2026, 5, 20), "2026-05-20", DATE),
		(datetime(2026, 5, 20, 23, 59), "2026-05-20", DATE),
		("2026-05-20 00:00:00", "2026-05-20", DATE),
		(datetime(2026, 5, 20, 1, 2, 3, 4), "2026-05-20T01:02:03", DATETIME),
	],
	ids=str,
)
def test_normal_is_the_same(one, other, kind_):
	assert normal(one, kind_) == normal(other, kind_)


@pytest.mark.rule("E8")
@pytest.mark.parametrize(
	("one", "other", "kind_"),
	[
		(100, 10, NUMBER),
		(1000, 1, NUMBER),
		(1, -1, NUMBER),
		(1.000001, 1, NUMBER),
		("many", "few", NUMBER),
		("a\n\nb", "a\nb", TEXT),
		("a", "A", TEXT),
		(date(2026, 5, 20), date(2026, 5, 21), DATE),
		("2026-05-20 01:00:00", "2026-05-20 02:00:00", DATETIME),
	],
	ids=str,
)
def test_normal_tells_apart(one, other, kind_):
	assert normal(one, kind_) != normal(other, kind_)


@pytest.mark.rule("E8")
@given(st.decimals(-(10**12), 10**12, allow_nan=False, places=6))
def test_normal_number_is_canonical_and_exact(number):
	text = normal(number, NUMBER)
	assert normal(text, NUMBER) == text
	assert Decimal(text or "0") == number
	assert "e" not in text.lower()


@given(st.one_of(st.integers(-(10**18), 10**18), st.integers(-(10**17), 10**17).map(float)))
def test_a_whole_number_is_said_at_once_as_the_long_way_says_it(number):
	assert normal(number, NUMBER) == normal(Decimal(str(number)), NUMBER) == normal(str(number), NUMBER)


@pytest.mark.rule("E8")
@given(DOCUMENTS, st.randoms())
def test_fingerprint_ignores_row_order_noise_line_ends_and_emptiness(values, random):
	other = {}
	for name, value in values.items():
		if name in ORDER.tables:
			columns = ORDER.tables[name]
			rows = [{n: noisy(v, columns[n]) for n, v in r.items()} for r in value]
			random.shuffle(rows)
			other[name] = rows
		else:
			other[name] = noisy(value, ORDER.fields[name])
	assert fingerprint(read(values)) == fingerprint(read(other))


@pytest.mark.rule("E8")
@given(DOCUMENTS)
def test_fingerprint_of_content_of_its_text_and_after_storing(values):
	canonical = read(values)
	text = c.text(canonical)
	assert fingerprint(canonical) == fingerprint(text) == fingerprint(json.loads(text))
	assert len(fingerprint(text)) == 64


@pytest.mark.rule("E8")
@given(DOCUMENTS, st.sampled_from(PLACES), st.data())
def test_fingerprint_moves_with_every_committed_value(values, place, data):
	table, name = place
	columns = ORDER.tables[table] if table else ORDER.fields
	changed = deepcopy(values)
	if table:
		changed.setdefault(table, [])
		if not changed[table]:
			changed[table].append({})
		target = changed[table][data.draw(st.integers(0, len(changed[table]) - 1))]
	else:
		target = changed
	before = normal(target.get(name), columns[name])
	target[name] = data.draw(VALUES[columns[name]].filter(lambda v: normal(v, columns[name]) != before))
	assert fingerprint(read(changed)) != fingerprint(read(values))
	assert diff(read(values), read(changed))


@pytest.mark.rule("E8")
@pytest.mark.parametrize("place", PLACES, ids=".".join)
def test_each_committed_field_alone_moves_the_fingerprint(place):
	table, name = place
	value = {NUMBER: 7, DATE: date(2026, 1, 1), TEXT: "x"}[
		(ORDER.tables[table] if table else ORDER.fields)[name]
	]
	empty = {table: [{"item_code": "A"}]} if table == "items" else {}
	full = {table: [{**(empty.get(table) or [{}])[0], name: value}]} if table else {name: value}
	assert fingerprint(read(full)) != fingerprint(read(empty))


@pytest.mark.rule("E8")
@given(DOCUMENTS, st.data())
def test_fingerprint_never_moves_with_what_is_not_committed(values, data):
	changed = deepcopy(values)
	for name in data.draw(st.lists(st.sampled_from(sorted(NOT_COMMITTED["Sales Order"])), min_size=1)):
		changed[name] = "anything"
	for table, doctype in TABLES["Sales Order"].items():
		for r in changed.get(table) or ():
			r.update({name: 99 for name in NOT_COMMITTED[doctype]})
	assert fingerprint(read(changed)) == fingerprint(read(values))
	assert diff(read(values), read(changed)) == []


@pytest.mark.rule("E8")
def test_two_equal_rows_are_not_one():
	one = {"items": [{"item_code": "A", "qty": 5}]}
	two = {"items": [{"item_code": "A", "qty": 5}] * 2}
	assert fingerprint(read(one)) != fingerprint(read(two))
	assert [x.field for x in diff(read(one), read(two))] == [""]


@pytest.mark.rule("E8")
def test_doctypes_do_not_share_a_fingerprint():
	assert fingerprint(content(ORDER, {})) != fingerprint(content(schema("Quotation"), {}))


@pytest.mark.rule("E8")
def test_a_field_added_to_the_form_later_leaves_old_approvals_alone():
	wider = Schema(ORDER.doctype, {**ORDER.fields, "new": TEXT}, {**ORDER.tables, "new_table": {"x": TEXT}})
	values = {"company": "C", "items": [{"item_code": "A"}]}
	assert fingerprint(content(wider, values)) == fingerprint(read(values))
	assert fingerprint(content(wider, {**values, "new": "said"})) != fingerprint(read(values))


# Differences


def apply(old, changes):
	"""Replay the changes on the old content, as a reader of the notice would."""
	fields = dict(old["fields"])
	gone, come, edits = {}, {}, {}
	for x in changes:
		if not x.table:
			assert fields.get(x.field, "") == x.old
			fields[x.field] = x.new
		elif x.field:
			edits.setdefault(x.table, []).append(x)
		else:
			side = gone if x.old else come
			side.setdefault(x.table, []).append(json.loads(x.old or x.new))
	return {n: v for n, v in fields.items() if v}, gone, come, edits


@pytest.mark.rule("C7", "E1")
@given(DOCUMENTS, DOCUMENTS)
def test_diff_is_empty_iff_equal(one, other):
	old, new = read(one), read(other)
	assert (diff(old, new) == []) is (fingerprint(old) == fingerprint(new))
	assert diff(old, old) == []


@pytest.mark.rule("C7", "E1")
@given(DOCUMENTS, DOCUMENTS)
def test_diff_covers_each_changed_field(one, other):
	old, new = read(one), read(other)
	changes = diff(old, new)
	assert all(x.old != x.new for x in changes)
	fields, gone, come, edits = apply(old, changes)
	assert fields == new["fields"]
	for table in ORDER.tables:
		before, after = old["tables"].get(table, []), new["tables"].get(table, [])
		# What the rows held, less what went, plus what came, is what they hold: nothing unmentioned.
		bag = [(n, v) for r in before for n, v in r.items()]
		for r in gone.get(table, ()):
			for pair in r.items():
				bag.remove(pair)
		for r in come.get(table, ()):
			bag += r.items()
		for x in edits.get(table, ()):
			if x.old:
				bag.remove((x.field, x.old))
			if x.new:
				bag.append((x.field, x.new))
		assert sorted(bag) == sorted((n, v) for r in after for n, v in r.items())
		assert len(before) - len(gone.get(table, ())) + len(come.get(table, ())) == len(after)


@pytest.mark.rule("C7", "E1")
def test_diff_matches_rows_by_item_and_the_least_difference():
	old = read({"items": [{"item_code": "A", "qty": 5, "rate": 1}, {"item_code": "A", "qty": 9, "rate": 2}]})
	new = read({"items": [{"item_code": "A", "qty": 9, "rate": 3}, {"item_code": "A", "qty": 5, "rate": 1}]})
	assert diff(old, new) == [Change("items", "A × 9", "rate", "2", "3")]


@pytest.mark.rule("C7", "E1")
def test_diff_shows_a_row_that_only_one_side_has():
	old, new = read({"items": [{"item_code": "A"}]}), read({"items": [{"item_code": "B"}]})
	assert [(x.table, x.field, bool(x.old), bool(x.new)) for x in diff(old, new)] == [
		("items", "", True, False),
		("items", "", False, True),
	]


# Topics and renames


@pytest.mark.rule("C6")
def test_c6_topics_of_changes():
	table = topics("Sales Order")

	def touched(*changes):
		return c.topics_of(changes, "Sales Order", table)

	assert touched() == set()
	assert touched(Change("", "", "payment_terms_template", "", "x")) == {COMMERCIAL}
	assert touched(Change("items", "A", "rate", "1", "2")) == {COMMERCIAL}
	assert touched(Change("items", "A", "", "{}", "")) == set(TOPICS)
	assert touched(Change("taxes", "VAT", "", "", "{}")) == {COMMERCIAL}
	assert touched(Change("", "", "custom_of_the_site", "", "x")) == set(TOPICS)
	assert touched(Change("items", "A", "custom_of_the_site", "", "x")) == set(TOPICS)
	assert touched(Change("custom_table", "A", "x", "", "x")) == set(TOPICS)


@pytest.mark.rule("E8")
def test_renamed_masters_read_as_approved():
	links = {"customer": "Customer", "items.item_code": "Item", "taxes.account_head": "Account"}
	old = read({"customer": "C1", "po_no": "A", "items": [{"item_code": "A"}, {"item_code": "M"}]})
	new = read({"customer": "C3", "po_no": "A", "items": [{"item_code": "Z"}, {"item_code": "M"}]})
	aliases = {"Customer": {"C1": "C2", "C2": "C3"}, "Item": {"A": "Z"}}
	assert fingerprint(c.renamed(old, links, aliases)) == fingerprint(new)
	assert c.renamed(old, links, {}) == old
	assert old["fields"]["customer"] == "C1"


@pytest.mark.rule("E8")
def test_renamed_ends_on_a_ring():
	old = read({"customer": "C1"})
	ring = {"Customer": {"C1": "C2", "C2": "C1"}}
	assert c.renamed(old, {"customer": "Customer"}, ring)["fields"]["customer"] in ("C1", "C2")
