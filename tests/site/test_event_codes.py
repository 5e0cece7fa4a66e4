"""Codes come from the published terminology and from a site's file: all of a file or nothing (H3, H8)."""

import json
from typing import Any

import frappe
import pytest
from frappe.model.document import Document

from qms_customer.feedback import event_code_api as api
from qms_customer.feedback import event_codes as codes
from qms_customer.rules import people as roles
from tests.rules.test_event_codes import annex_a, entry, sheet_a, workbook
from tests.support import complaints as made
from tests.support import contracts as c
from tests.support.people import as_user, make_user

CODE = codes.DOCTYPE


def quality() -> str:
	return make_user(roles.QUALITY)


def imported(name: str, content: bytes | str, edition: str = "", user: str = "") -> Document:
	"""Upload and import a file, its job run here and now; returns the import."""
	with as_user(user or quality()):
		file = c.upload(file_name=name, content=content)
		started = api.start_import(file.file_url, edition)["name"]
		assert frappe.db.get_value(codes.IMPORT, started, "status") == codes.WAITING
		return codes.import_file(started)


def as_json(entries: list[dict], edition: str = "2026") -> Document:
	return imported(f"{frappe.generate_hash(length=6)}.json", json.dumps(entries), edition)


def as_csv(*lines: str) -> Document:
	text = "\n".join(("code,parent,term,term in Chinese,definition", *lines))
	return imported(f"{frappe.generate_hash(length=6)}.csv", text)


def stored(*fields: str) -> dict[str, Any]:
	rows = frappe.get_all(CODE, fields=["name", *fields], order_by="name")
	return {r.name: tuple(r[f] for f in fields) if len(fields) > 1 else r[fields[0]] for r in rows}


def check_tree() -> None:
	"""The numbers of the tree say what the parents say."""
	rows = {r.name: r for r in frappe.get_all(CODE, fields=["name", "parent_event_code", "lft", "rgt"])}
	numbers = [n for r in rows.values() for n in (r.lft, r.rgt)]
	assert sorted(numbers) == list(range(1, 2 * len(rows) + 1))
	for r in rows.values():
		inside = {o.name for o in rows.values() if o.lft < r.lft and o.rgt > r.rgt}
		above, at = set(), r.parent_event_code
		while at:
			above.add(at)
			at = rows[at].parent_event_code
		assert inside == above, r.name


@pytest.mark.rule("H3")
def test_h3_an_annex_is_imported_as_a_tree() -> None:
	record = as_json(annex_a())
	assert (record.status, record.kind, record.annexes, record.edition) == (
		codes.FINISHED,
		codes.PUBLISHED,
		"A",
		"2026",
	)
	assert (record.rows_read, record.added, record.changed, record.dropped) == (4, 5, 0, 0)
	assert stored("parent_event_code", "is_group", "annex", "edition", "own") == {
		"A": ("", 1, "A", "2026", 0),
		"A01": ("A", 1, "A", "2026", 0),
		"A0101": ("A01", 1, "A", "2026", 0),
		"A010101": ("A0101", 0, "A", "2026", 0),
		"A02": ("A", 0, "A", "2026", 0),
	}
	check_tree()
	# As any other document, with what Frappe needs of it.
	frappe.get_doc(CODE, "A0101").check_permission("read")


@pytest.mark.rule("H3")
def test_h3_the_workbook_says_its_edition_itself() -> None:
	record = imported("AET 2026.xlsx", workbook(("A", sheet_a())))
	assert (record.status, record.edition) == (codes.FINISHED, "2026"), record.problems
	assert stored("disabled", "retired")["A02"] == (1, 1)
	check_tree()


@pytest.mark.rule("H3")
def test_h3_a_new_edition_updates_and_disables_and_deletes_nothing() -> None:
	as_json(annex_a(), "2025")
	as_json([entry("B01", hierarchy="B01")], "2025")
	as_csv("X1,A0101,Ours,我们的,", "A02,,,制造问题,")
	new = annex_a()
	new[1]["term"] = "Incompatible"
	del new[2]
	new.append(entry("A0201", hierarchy="A02|A0201"))
	record = as_json(new, "2026")
	assert (record.added, record.changed, record.dropped) == (1, 2, 1)
	assert "A0101" in record.changes and "Patient-Device Incompatibility → Incompatible" in record.changes
	assert stored("term")["A0101"] == "Incompatible"
	assert stored("disabled", "retired", "edition")["A010101"] == (1, 1, "2025")
	assert stored("disabled", "retired", "edition")["B01"] == (0, 0, "2025")
	assert stored("term_zh")["A02"] == "制造问题"
	assert stored("disabled", "own", "term_zh")["X1"] == (0, 1, "我们的")
	assert stored("is_group")["A02"] == 1
	check_tree()
	# What comes back is in use again; what was disabled here is not.
	frappe.get_doc(CODE, "A02").update({"disabled": 1}).save()
	new.append(annex_a()[2])
	assert as_json(new, "2027").restored == 1
	assert stored("disabled", "retired")["A010101"] == (0, 0)
	assert stored("disabled", "retired")["A02"] == (1, 0)


@pytest.mark.rule("H3")
def test_h3_the_same_file_again_changes_nothing() -> None:
	as_json(annex_a())
	before = frappe.get_all(CODE, fields=["*"], order_by="name")
	record = as_json(annex_a())
	assert (record.added, record.changed, record.dropped, record.unchanged) == (0, 0, 0, 5)
	assert frappe.get_all(CODE, fields=["*"], order_by="name") == before


@pytest.mark.rule("H3")
def test_h3_bad_rows_are_all_listed_and_nothing_is_half_done() -> None:
	as_json(annex_a(), "2025")
	before = frappe.get_all(CODE, fields=["*"], order_by="name")
	bad = [
		*annex_a(),
		entry("A03", "Fine", "A03"),
		entry("A0401", hierarchy="A04|A0401"),
		entry("", "x"),
		entry("A05", "<script>alert(1)</script>", "A05"),
	]
	bad[0]["term"] = "Changed"
	record = as_json(bad)
	assert (record.status, record.problem_count) == (codes.REFUSED, 3)
	assert [line.split(":")[0] for line in record.problems.split("\n")] == ["Row 6", "Row 7", "Row 8"]
	assert "<script>" not in record.problems
	assert frappe.get_all(CODE, fields=["*"], order_by="name") == before


@pytest.mark.rule("H3")
@pytest.mark.parametrize(
	("name", "content", "edition", "said"),
	[
		("a.json", "{}", "2026", "not an array"),
		("a.xlsx", "no workbook", "2026", "damaged"),
		("a.txt", "x", "2026", "from .json, .xlsx, .csv"),
		("a.json", json.dumps(annex_a()), "", "Say which edition"),
		("a.json", json.dumps(annex_a()), "2024", "older"),
		("a.csv", "code,term\nA0101,\nX1,", "", "Row 2"),
	],
)
def test_h3_what_cannot_be_imported_says_why(name: str, content: str, edition: str, said: str) -> None:
	as_json(annex_a(), "2025")
	record = imported(name, content, edition)
	assert record.status == codes.REFUSED and said in record.problems
	assert len(stored("term")) == 5


@pytest.mark.rule("H3", "L1")
def test_h3_only_quality_and_the_management_representative_import(world: c.World) -> None:
	file = c.upload(file_name="a.json", content=json.dumps(annex_a()))
	frappe.db.set_value("File", file.name, "is_private", 0)
	for user in (
		world.sales,
		world.gm,
		make_user(roles.AUDITOR),
		make_user("System Manager"),
		"Administrator",
	):
		with as_user(user), pytest.raises((frappe.ValidationError, frappe.PermissionError)):
			api.start_import(file.file_url, "2026")
	representative = make_user(roles.MANAGEMENT_REPRESENTATIVE)
	with as_user(representative):
		with pytest.raises(frappe.ValidationError, match="H3"):
			api.start_import("/private/files/there-is-none.json", "2026")
	assert imported("b.json", json.dumps(annex_a()), "2026", representative).status == codes.FINISHED


@pytest.mark.rule("H3", "L1")
def test_h3_nobody_imports_a_file_that_they_may_not_read() -> None:
	with as_user(make_user(roles.FINANCE)):
		file = c.upload(file_name="theirs.json", content=json.dumps(annex_a()))
	with as_user(quality()), pytest.raises((frappe.ValidationError, frappe.PermissionError)):
		api.start_import(file.file_url, "2026")


@pytest.mark.rule("H3")
def test_h3_a_job_that_is_started_twice_does_the_work_of_one() -> None:
	user = quality()
	with as_user(user):
		file = c.upload(file_name="a.json", content=json.dumps(annex_a()))
		name = api.start_import(file.file_url, "2026")["name"]
		assert api.run_again(name) == {"name": name}
		codes.run(name)
		before = frappe.get_doc(codes.IMPORT, name).as_dict()
		assert before.status == codes.FINISHED
		codes.run(name)
		assert frappe.get_doc(codes.IMPORT, name).as_dict() == before
		with pytest.raises(frappe.ValidationError, match="H3"):
			api.run_again(name)


@pytest.mark.rule("H3", "K2")
def test_h3_a_file_that_was_changed_after_its_upload_is_not_imported() -> None:
	with as_user(quality()):
		file = c.upload(file_name="a.json", content=json.dumps(annex_a()))
		name = api.start_import(file.file_url, "2026")["name"]
		frappe.db.sql("update `tabEvent Code Import` set file_hash = 'x' where name = %s", name)
		assert codes.import_file(name).status == codes.REFUSED
	assert not stored("term")


@pytest.mark.rule("H3")
def test_h3_a_file_that_is_gone_ends_its_import() -> None:
	with as_user(quality()):
		file = c.upload(file_name="a.json", content=json.dumps(annex_a()))
		name = api.start_import(file.file_url, "2026")["name"]
		frappe.db.delete("File", {"name": file.name})
		record = codes.import_file(name)
	assert record.status == codes.REFUSED and "There is no file" in record.problems


@pytest.mark.rule("H3", "K2")
def test_h3_nobody_writes_an_import_by_hand() -> None:
	name = as_json(annex_a()).name
	for change in (
		lambda: frappe.get_doc({"doctype": codes.IMPORT, "status": codes.FINISHED}).insert(),
		lambda: frappe.get_doc(codes.IMPORT, name).db_set("status", codes.WAITING),
		lambda: frappe.get_doc(codes.IMPORT, name).update({"added": 99}).save(),
		lambda: frappe.delete_doc(codes.IMPORT, name),
	):
		with pytest.raises((frappe.ValidationError, frappe.PermissionError)):
			change()


# By hand


def own(code: str, parent: str = "", **values: Any) -> Document:
	return frappe.get_doc(
		{"doctype": CODE, "code": code, "parent_event_code": parent, "term": "Ours", **values}
	).insert()


@pytest.mark.rule("H3")
def test_h3_own_codes_are_entered_beside_the_published_ones() -> None:
	as_json(annex_a())
	with as_user(quality()):
		doc = own(" leak-1 ", "A02", annex="A", edition="2026", retired=1, own=0)
		assert (doc.name, doc.annex, doc.own, doc.retired, doc.edition) == ("LEAK-1", "Own", 1, 0, None)
		below = own("LEAK-1.1", doc.name)
		own("ROOT")
		for code in ("A03", "B01", "", "x y", "<b>"):
			with pytest.raises((frappe.ValidationError, frappe.NameError)):
				own(code)
		with pytest.raises(frappe.ValidationError):
			own("HTML", term="<img src=x onerror=alert(1)>")
		check_tree()
		assert stored("is_group")["A02"] == stored("is_group")["LEAK-1"] == 1
		below.parent_event_code = "ROOT"
		below.save()
		assert (stored("is_group")["LEAK-1"], stored("is_group")["ROOT"]) == (0, 1)
		check_tree()
		doc.reload()
		doc.parent_event_code = doc.name
		with pytest.raises(frappe.ValidationError):
			doc.save()
	with as_user(make_user(roles.SALES_USER)), pytest.raises(frappe.PermissionError):
		own("THEIRS")


@pytest.mark.rule("H3")
@pytest.mark.parametrize(
	("field", "value"), [("term", "Ours"), ("definition", "Ours"), ("parent_event_code", "A02")]
)
def test_h3_a_published_code_changes_with_an_edition_only(field: str, value: str) -> None:
	as_json(annex_a())
	with as_user(quality()):
		with pytest.raises(frappe.ValidationError, match="H3"):
			frappe.get_doc(CODE, "A0101").update({field: value}).save()
		with pytest.raises(frappe.ValidationError, match="H3"):
			frappe.client.set_value(CODE, "A0101", field, value)
		doc = frappe.get_doc(CODE, "A0101").update(
			{"term_zh": "不相容", "disabled": 1, "edition": "2030", "annex": "Own", "retired": 1}
		)
		doc.save()
	assert stored("term_zh", "disabled", "edition", "annex", "retired")["A0101"] == (
		"不相容",
		1,
		"2026",
		"A",
		0,
	)


@pytest.mark.rule("H3", "C10")
def test_h3_codes_are_neither_deleted_nor_called_otherwise(actors: tuple[str, ...]) -> None:
	as_json(annex_a())
	own("X1")
	for name in ("A010101", "X1"):
		for user in actors:
			with as_user(user):
				for change in (
					lambda: frappe.delete_doc(CODE, name),  # noqa: B023
					lambda: frappe.delete_doc(CODE, name, force=True, ignore_permissions=True),  # noqa: B023
					lambda: frappe.rename_doc(CODE, name, "OTHER"),  # noqa: B023
					lambda: frappe.rename_doc(CODE, name, "A02", merge=True),  # noqa: B023
				):
					with pytest.raises((frappe.ValidationError, frappe.PermissionError)):
						change()
	assert {"A010101", "X1"} <= set(stored("term"))


@pytest.mark.rule("H3")
def test_h3_a_whole_terminology_is_imported_in_a_minute() -> None:
	import time

	entries = []
	for n in range(1, 31):
		entries.append(entry(f"E{n:02}", hierarchy=f"E{n:02}"))
		for m in range(1, 11):
			entries.append(entry(f"E{n:02}{m:02}", hierarchy=f"E{n:02}|E{n:02}{m:02}"))
			for k in range(1, 10):
				code = f"E{n:02}{m:02}{k:02}"
				entries.append(entry(code, hierarchy=f"E{n:02}|{code[:5]}|{code}"))
	began = time.monotonic()
	record = as_json(entries)
	assert (record.status, record.added) == (codes.FINISHED, len(entries) + 1)
	assert time.monotonic() - began < 60


@pytest.mark.rule("H3", "H8")
def test_h3_a_complaint_is_coded_by_enabled_codes_of_the_right_kind(world: c.World) -> None:
	found = (("A", ""), ("A04", "A"), ("A0401", "A04"), ("C", ""), ("C01", "C"), ("E", ""), ("E01", "E"))
	as_json([{"code": one, "term": f"Term {one}", "codehierarchy": ""} for one, _above in found])
	as_csv("OWN-1,A0401,Glue,胶,", "OWN-2,C01,Oven,,", "OWN-3,,Weather,,", "OWN-4,OWN-3,Fog,,")
	frappe.get_doc(CODE, "A0401").update({"disabled": 1}).save()

	def offered(use: str, text: str = "") -> set[str]:
		return {row[0] for row in api.choose_code("Event Code", text, "name", 0, 50, {"use": use})}

	user = quality()
	with as_user(user):
		own = {"OWN-3", "OWN-4"}
		assert offered("problem_codes") == {"A04", "OWN-1"} | own
		assert offered("cause_code") == {"C01", "OWN-2"} | own
		assert offered("health_codes") == {"E01"} | own
		assert offered("anything") == set()
		assert offered("problem_codes", "glu") == {"OWN-1"} == offered("problem_codes", "胶")
		assert offered("problem_codes", "%") == set()
		(row,) = api.choose_code(
			"Event Code", "OWN-1", filters=json.dumps({"use": "problem_codes"}), as_dict=1
		)
		assert row["path"].endswith("Term A04 > Term A0401")
	with as_user(make_user("Customer")), pytest.raises(frappe.PermissionError):
		offered("problem_codes")
	doc = made.rated(world, made.complaint(world))
	wrong = {"cause_code": "OWN-1", "problem_codes": ["A0401", "C01"], "health_codes": ["NONE"]}
	with pytest.raises(frappe.ValidationError) as refused:
		made.do(user, "investigate", doc, made.findings(**wrong))
	said = str(refused.value)
	for text in (
		"OWN-1 is no code of the cause",
		"There is no code A0401 in the tree",
		"C01 is no code of the problem",
		"There is no code NONE in the tree",
	):
		assert text in said
	good = {"cause_code": "OWN-2", "problem_codes": ["A04", "OWN-1"], "health_codes": ["E01"]}
	made.do(user, "investigate", doc, made.findings(**good))
	assert [row.event_code for row in doc.problem_codes] == ["A04", "OWN-1"]
