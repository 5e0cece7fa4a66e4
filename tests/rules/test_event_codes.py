"""The published terminology and a site's own codes, from files to what an import does."""

from __future__ import annotations

import io
import json
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_customer.rules import code_tables as tables
from qms_customer.rules import event_codes as rules
from qms_customer.rules.code_tables import Row
from qms_customer.rules.event_codes import Code, Known


def entry(code: str, term: str = "", hierarchy: str = "", **more: str) -> dict[str, str]:
	"""An entry as the publisher writes it; the names differ in case between its files."""
	return {
		"code": code,
		"term": term or f"Term of {code}",
		"definition": f"What {code} means",
		"non-IMDRF code": "FDA:1",
		"status": "",
		"status description": "",
		"codehierarchy": hierarchy,
		**more,
	}


def annex_a() -> list[dict[str, str]]:
	return [
		entry("A01", "Patient Device Interaction Problem", "A01"),
		entry("A0101", "Patient-Device Incompatibility", "A01|A0101"),
		entry("A010101", "Biocompatibility", "A01|A0101|A010101"),
		entry("A02", "Manufacturing Problem", "A02"),
	]


def as_json(entries: object) -> bytes:
	return json.dumps(entries).encode()


def workbook(*sheets: tuple[str, list[list[Any]]]) -> bytes:
	book = openpyxl.Workbook()
	book.remove(book.active)
	for name, lines in sheets:
		sheet = book.create_sheet(name)
		for line in lines:
			sheet.append(line)
	out = io.BytesIO()
	book.save(out)
	return out.getvalue()


HEADER = [
	*("Level 1 Term", "Level 2 Term", "Level 3 Term", "Code", "Definition", "Non-IMDRF Code/Term"),
	*("Status", "Status Description", "CodeHierarchy"),
]


def sheet_a() -> list[list[Any]]:
	return [
		["Annex Name: Annex A"],
		["Release Number: 2026"],
		[],
		HEADER,
		["Patient Device Interaction Problem", None, None, "A01", "D", None, None, None, "A01"],
		[None, "Patient-Device Incompatibility", None, "A0101", "D", None, None, None, "A01|A0101"],
		[None, None, "Biocompatibility", "A010101", "D", None, None, None, "A01|A0101|A010101"],
		[],
		["Old", None, None, "A02", "D", None, "Retired (2020)", None, "A02"],
	]


def published(entries: list[dict[str, str]]) -> dict[str, Code]:
	codes, problems = rules.published(tables.read("annexa.JSON", as_json(entries)).rows)
	assert not problems
	return {one.code: one for one in codes}


def known(*codes: Code, edition: str = "2025") -> dict[str, Known]:
	plan = rules.plan_edition(list(codes), {}, edition)
	return {one.code: one for one in plan.added}


# Files


@pytest.mark.rule("H3")
def test_h3_json_of_one_annex_is_read() -> None:
	codes = published(annex_a())
	assert {c: one.parent for c, one in codes.items()} == {
		"A01": "A",
		"A0101": "A01",
		"A010101": "A0101",
		"A02": "A",
	}
	assert codes["A0101"].term == "Patient-Device Incompatibility"
	assert codes["A0101"].definition == "What A0101 means"
	assert {one.annex for one in codes.values()} == {"A"}


@pytest.mark.rule("H3")
def test_h3_json_of_all_annexes_begins_with_their_letters() -> None:
	entries = [
		entry("A", "Medical Device Problem", "A"),
		entry("A01", hierarchy="A|A01"),
		entry("A0101", hierarchy="A|A01|A0101"),
		entry("G", "Component", "G"),
		entry("G02", hierarchy="G|G02"),
		entry("G02002", hierarchy="G|G02|G02002"),
	]
	codes = published(entries)
	assert [codes[c].parent for c in ("A", "A01", "A0101", "G02", "G02002")] == ["", "A", "A01", "G", "G02"]
	assert codes["A"].term == "Medical Device Problem"


@pytest.mark.rule("H3")
def test_h3_the_workbook_is_read_wherever_its_header_stands() -> None:
	read = tables.read(
		"AET.xlsx",
		workbook(("README", [["What the columns mean"], ["Code", "is the code"]]), ("A", sheet_a())),
	)
	assert read.edition == "2026"
	assert [(r.sheet, r.number) for r in read.rows] == [("A", 5), ("A", 6), ("A", 7), ("A", 9)]
	codes, problems = rules.published(read.rows)
	assert not problems
	assert [(c.code, c.term, c.parent, c.retired) for c in codes] == [
		("A01", "Patient Device Interaction Problem", "A", False),
		("A0101", "Patient-Device Incompatibility", "A01", False),
		("A010101", "Biocompatibility", "A0101", False),
		("A02", "Old", "A", True),
	]


@pytest.mark.rule("H3")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_h3_a_csv_of_the_site_is_read(encoding: str, delimiter: str) -> None:
	lines = [
		["Code", "Parent", "Term", "Term in Chinese", "Definition"],
		["X1", "", "Leak", "泄漏", ""],
		["x11", "X1", "", "接头泄漏", ""],
	]
	content = "\r\n".join(delimiter.join(line) for line in lines).encode(encoding)
	rows = tables.read("own.csv", content).rows
	codes, problems = rules.site_codes(rows, {})
	assert not problems
	assert codes == [
		Code("X1", "Leak", term_zh="泄漏"),
		Code("X11", "接头泄漏", "X1", term_zh="接头泄漏"),
	]


@pytest.mark.rule("H3")
@pytest.mark.parametrize(
	("name", "content"),
	[
		("a.json", b"{}"),
		("a.json", b"[]"),
		("a.json", b"[{"),
		("a.json", b"[" * 100_000),
		("a.json", b"\xff\xfe"),
		("a.xlsx", b"no zip"),
		("a.xlsx", workbook(("A", [["nothing"]]))),
		("a.csv", b"a,b\n1,2"),
		("a.csv", b""),
		("a.pdf", b"%PDF"),
		("noending", b"x"),
		("a.json", b" " * (tables.MOST_BYTES + 1)),
		("a.json", as_json([{"code": "A01", "term": "x"}] * (tables.MOST_ROWS + 1))),
	],
	ids=str,
)
def test_h3_what_is_no_table_of_codes_is_said_to_be_none(name: str, content: bytes) -> None:
	with pytest.raises(tables.Unreadable) as error:
		tables.read(name, content)
	error.value.message.format(*error.value.args_of_message)


# The published terminology


@pytest.mark.rule("H3")
def test_h3_without_a_hierarchy_the_code_says_what_is_above() -> None:
	codes = published([entry(c) for c in ("A010101", "A0101", "A01", "G02", "G02002", "G0200201")])
	assert [codes[c].parent for c in ("A010101", "A0101", "A01")] == ["A0101", "A01", "A"]
	assert [codes[c].parent for c in ("G0200201", "G02002", "G02")] == ["G02002", "G02", "G"]


@pytest.mark.rule("H3")
def test_h3_a_code_that_annex_e_lists_twice_keeps_one_place() -> None:
	listed = [
		entry("E01", hierarchy="E01"),
		entry("E05", hierarchy="E05"),
		entry("E0104", "Cerebral Hyperperfusion Syndrome", "E05|E0104"),
		entry("E0104", "Cerebral Hyperperfusion Syndrome", "E01|E0104"),
	]
	for entries in (listed, [*listed[:2], listed[3], listed[2]]):
		assert published(entries)["E0104"].parent == "E01"
	assert published(listed[:3])["E0104"].parent == "E05"


@pytest.mark.rule("H3")
def test_h3_all_bad_rows_are_listed_with_their_numbers() -> None:
	entries: list[Any] = [
		entry("A01", hierarchy="A01"),
		entry("", "No code"),
		entry("A01", "Another term", "A01"),
		entry("Z01"),
		{"code": "A02"},
		entry("A0301", hierarchy="A03|A0301"),
		entry("A0401"),
		entry("A0101", hierarchy="A01|A0102"),
		entry("B01", hierarchy="A01|B01"),
		entry("A05", "<img src=x onerror=alert(1)>", "A05"),
		entry("A06", "x" * 501, "A06"),
		"no object",
		{},
		entry("A07", hierarchy="A07|A07"),
	]
	_codes, problems = rules.published(tables.read("a.json", as_json(entries)).rows)
	assert [p.row for p in problems] == list(range(2, 15))
	for p in problems:
		p.message.format(*p.args)
	text = {p.row: p.message.format(*p.args) for p in problems}
	assert text[3] == "A01 stands in the file with two terms, also in row 1."
	assert text[6] == "Above A0301 stands A03, which is not in the file."
	assert text[9] == "A01 is no level above B01."


@pytest.mark.rule("H3")
@given(
	st.lists(st.sampled_from(["A", "A01", "A02", "A0101", "A0102", "A010101", "B01", "B0101"]), unique=True)
)
def test_h3_a_file_without_problems_is_a_tree(chosen: list[str]) -> None:
	codes, problems = rules.published([Row(n, {"code": c, "term": c}) for n, c in enumerate(chosen, 1)])
	lacking = {
		c for c in chosen if len(c) > 3 and not any(o != c and c.startswith(o) for o in chosen if len(o) > 2)
	}
	assert {p.args[0] for p in problems} == lacking
	if problems:
		return
	parents = {one.code: one.parent for one in codes}
	for code in parents:
		at, steps = code, 0
		while at in parents:
			at, steps = parents[at], steps + 1
			assert steps <= len(parents)
		assert at in ("", code[0])


@pytest.mark.rule("H3")
def test_h3_an_edition_is_a_year_and_never_older() -> None:
	there = known(*published(annex_a()).values(), edition="2026").values()
	assert not rules.edition_refusals("2026", there, ["A"])
	assert not rules.edition_refusals("2027", there, ["A"])
	assert not rules.edition_refusals("2025", there, ["B"])
	for edition in ("2025", "", "new", "26"):
		assert [r.rule for r in rules.edition_refusals(edition, there, ["A"])] == ["H3"]


# What an import does


@pytest.mark.rule("H3")
def test_h3_the_first_import_adds_all_below_their_annex() -> None:
	plan = rules.plan_edition(list(published(annex_a()).values()), {}, "2026")
	assert [(k.code, k.parent, k.edition) for k in plan.added][:2] == [
		("A", "", "2026"),
		("A01", "A", "2026"),
	]
	assert plan.added[0].term == "Medical Device Problem"
	assert not plan.changed and not plan.dropped
	assert rules.groups(k.parent for k in plan.added) == {"A", "A01", "A0101"}


@pytest.mark.rule("H3")
def test_h3_the_same_edition_again_changes_nothing() -> None:
	codes = list(published(annex_a()).values())
	plan = rules.plan_edition(codes, known(*codes), "2025")
	assert (plan.added, plan.changed, plan.dropped, plan.unchanged) == ([], {}, [], 5)


@pytest.mark.rule("H3")
def test_h3_a_new_edition_changes_terms_and_disables_what_it_dropped() -> None:
	there = known(*published(annex_a()).values())
	there["B01"] = Known("B01", "Of another annex", "B", "B", edition="2025")
	there["X1"] = Known("X1", "Ours", "A01")
	new = annex_a()
	new[1]["term"] = "Incompatibility of Device and Patient"
	new[3]["status"] = "Retired (2026)"
	del new[2]
	new.append(entry("A03", hierarchy="A03"))
	plan = rules.plan_edition(list(published(new).values()), there, "2026")
	assert [k.code for k in plan.added] == ["A03"]
	assert plan.changed["A0101"] == {"term": "Incompatibility of Device and Patient", "edition": "2026"}
	assert plan.changed["A010101"] == {"retired": True, "disabled": True}
	assert plan.changed["A02"] == {"retired": True, "disabled": True, "edition": "2026"}
	assert sorted(plan.dropped) == ["A010101", "A02"]
	assert not {"B01", "X1"} & set(plan.changed)


@pytest.mark.rule("H3")
def test_h3_what_comes_back_is_in_use_again_but_not_what_the_site_disabled() -> None:
	codes = list(published(annex_a()).values())
	there = known(*codes)
	there["A02"] = Known("A02", "Manufacturing Problem", "A", "A", "", "What A02 means", True, True, "2025")
	there["A01"] = Known(
		"A01", "Patient Device Interaction Problem", "A", "A", "", "What A01 means", False, True, "2025"
	)
	plan = rules.plan_edition(codes, there, "2025")
	assert plan.changed == {"A02": {"retired": False, "disabled": False}} and plan.restored == ["A02"]


@pytest.mark.rule("H3")
def test_h3_a_term_in_chinese_outlives_an_edition_that_has_none() -> None:
	codes = list(published(annex_a()).values())
	there = known(*codes)
	there["A02"] = Known(
		"A02", "Manufacturing Problem", "A", "A", "制造问题", "What A02 means", edition="2025"
	)
	assert not rules.plan_edition(codes, there, "2025").changed


# A site's own


def csv(*lines: str) -> list[Row]:
	text = "\n".join(("code,parent,term,term in Chinese,definition", *lines))
	return tables.read("own.csv", text.encode()).rows


@pytest.mark.rule("H3")
def test_h3_own_codes_hang_below_published_ones_and_each_other() -> None:
	there = known(*published(annex_a()).values())
	codes, problems = rules.site_codes(csv("X2,X1,Deep,,", "X1,A0101,Ours,,", "A0101,,,不相容,"), there)
	assert not problems
	plan = rules.plan_site(codes, there)
	assert [(k.code, k.parent, k.annex, k.edition) for k in plan.added] == [
		("X2", "X1", "Own", ""),
		("X1", "A0101", "Own", ""),
	]
	assert plan.changed == {"A0101": {"term_zh": "不相容"}}
	assert not plan.dropped


@pytest.mark.rule("H3")
def test_h3_all_bad_rows_of_a_site_file_are_listed() -> None:
	there = known(*published(annex_a()).values())
	_codes, problems = rules.site_codes(
		csv(
			"X1,,Fine,,",
			"X1,,Twice,,",
			",,No code,,",
			"X2,,,,",
			"X3,NONE,Nowhere,,",
			"X4,X5,Round,,",
			"X5,X4,Round,,",
			"A0199,,New in ours,,",
			"A0101,,Another term,不相容,",
			"A0101,A02,,不相容,",
			"A02,,,,",
			"A B,,Blank,,",
			"X6,,<script>,,",
			"X7,X7,Self,,",
		),
		there,
	)
	assert [p.row for p in problems] == list(range(3, 16))
	for p in problems:
		p.message.format(*p.args)


@pytest.mark.rule("H3")
def test_h3_codes_that_a_site_file_does_not_name_are_left_alone() -> None:
	there = {"X1": Known("X1", "One"), "X2": Known("X2", "Two", disabled=True)}
	codes, problems = rules.site_codes(csv("X1,,One!,,"), there)
	assert not problems
	plan = rules.plan_site(codes, there)
	assert plan.changed == {"X1": {"term": "One!"}} and not plan.dropped


@pytest.mark.rule("H3")
@pytest.mark.parametrize(
	("code", "right"),
	[("X1", True), ("漏气", True), ("A01", False), ("", False), ("A", False), ("a b", False)],
)
def test_h3_a_code_of_the_site_is_none_of_the_terminology(code: str, right: bool) -> None:
	assert (not rules.own_refusals(code, "Term")) is right
	assert rules.own_refusals("X1", "<b>x</b>")


@pytest.mark.rule("H3", "H8")
@pytest.mark.parametrize(
	("code", "annex", "above", "uses"),
	[
		("A0401", "A", "", {rules.PROBLEM}),
		("G01001", "G", "", {rules.PROBLEM}),
		("B01", "B", "", set()),
		("C0101", "C", "", {rules.CAUSE}),
		("D12", "D", "", {rules.CAUSE}),
		("E0301", "E", "", {rules.HEALTH}),
		("F05", "F", "", {rules.HEALTH}),
		# The letter of an annex is a heading.
		("A", "A", "", set()),
		("GLUE-1", rules.OWN, "C", {rules.CAUSE}),
		("GLUE-2", rules.OWN, "B", set()),
		("GLUE-3", rules.OWN, "", set(rules.USES)),
	],
)
def test_h3_a_complaint_is_coded_by_codes_of_the_right_kind(
	code: str, annex: str, above: str, uses: set[str]
) -> None:
	assert {use for use in rules.USES if rules.fits(use, code, annex, above)} == uses
