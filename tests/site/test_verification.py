"""Whatever is done to records past every door, by SQL, is found and named exactly (K2, K3; 21 CFR
11.10(c)).
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import frappe
import pytest
from frappe.desk import query_report
from frappe.model.document import Document
from frappe.utils import add_days, now_datetime, nowdate

from qms_customer.contract import api
from qms_customer.messages import QMSRefusal
from qms_customer.records import anchoring, corrections, credentials, ledger, verification
from qms_customer.report.record_integrity import record_integrity
from qms_customer.rules import chain
from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support import pool
from tests.support.people import as_user, make_user

REVIEW, OPINION, SETTINGS = "Contract Review", "Contract Review Opinion", "QMS Customer Settings"
Named = tuple[str, str, str, int]


@pytest.fixture
def review(world: c.World) -> Document:
	"""An approved review: asked and given opinion, started and decided, signed twice."""
	made = c.approve(world, c.order(c.item(stock=50)))
	assert not found()
	return made


def findings(doctype: str = "", name: str = "", **more: Any) -> list[chain.Finding]:
	return verification.verify(doctype, name, **more).findings


def found(doctype: str = "", name: str = "", **more: Any) -> set[Named]:
	return {(f.kind, f.doctype, f.name, f.sequence) for f in findings(doctype, name, **more)}


@contextlib.contextmanager
def undone() -> Iterator[None]:
	"""Undo what the block does to the database."""
	frappe.db.savepoint("tamper")
	yield
	frappe.db.rollback(save_point="tamper")


def sql(statement: str, *values: Any) -> None:
	"""Do what nobody does in the Desk, and change something by it."""
	frappe.db.sql(statement, values)
	assert frappe.db._cursor.rowcount, statement
	frappe.clear_document_cache(SETTINGS, SETTINGS)


def put(doctype: str, name: str, field: str, value: Any) -> None:
	table = frappe.qb.DocType(doctype)
	frappe.qb.update(table).set(table[field], value).where(table.name == name).run()


def copied(doctype: str, name: str, **changes: Any) -> str:
	"""Insert a row like another one, with another name."""
	row = frappe.db.sql(f"select * from `tab{doctype}` where name = %s", name, as_dict=True)[0]
	row.update({"name": frappe.generate_hash(length=10), **changes})
	table = frappe.qb.DocType(doctype)
	frappe.qb.into(table).columns(*row).insert(*row.values()).run()
	return row["name"]


def rows_of(doctype: str, name: str) -> list[frappe._dict]:
	"""The snapshots of a record, oldest first."""
	return frappe.get_all(
		ledger.SNAPSHOT,
		filters={"reference_doctype": doctype, "reference_name": name},
		fields=["*"],
		order_by="sequence",
	)


def another(value: Any) -> Any:
	"""A value of the same type that is not the same."""
	if hasattr(value, "year"):
		return value + timedelta(seconds=1)
	return value + 7 if isinstance(value, int) else f"{value or ''}x"


def mark_anchored(entry: str, anchor: str) -> None:
	"""Say of an entry that an anchor lists it."""
	table = frappe.qb.DocType(ledger.ANCHORED)
	frappe.qb.into(table).columns("name", "anchor").insert(entry, anchor).run()


def chained(stored: frappe._dict, **changes: Any) -> dict[str, Any]:
	"""The columns of a forged entry whose own hash is right."""
	values = {**stored, **changes}
	entry = chain.sealed(chain.Entry(*(values[f] for f in ledger.ENTRY_FIELDS)))
	return {**changes, "chain_hash": entry.chain_hash}


# Records that nobody touched


@pytest.mark.rule("K2", "K3")
def test_all_kinds_of_records_that_nobody_touched_are_sound(world: c.World) -> None:
	review = c.start(world, c.order(c.item()))
	c.answer(
		world, review, "Quality", answer="Met with Conditions", comment="test it", action_owner=world.sales
	)
	c.answer_all(world, review)
	with as_user(world.person(roles.RND)):
		api.override_criterion(review.name, review.criteria[0].criterion, "Not Met", "it looks odd")
	c.answer_all(world, review)
	review = c.decide(
		review.reload(), world.vp if review.reload().approver_role == roles.SALES_VP else world.gm
	)
	action = frappe.get_last_doc("Review Action")
	with as_user(world.sales):
		api.complete_action(action.name, "tested")
	with as_user(world.person(roles.QUALITY)):
		api.verify_action(action.name, 1, "seen")
	settings = frappe.get_doc(SETTINGS)
	settings.update({"opinion_due_days": 3, "change_reason": "faster"})
	c.save_settings(settings)
	with as_user(world.vp):
		lent = frappe.get_doc(
			{
				"doctype": "Approval Delegation",
				"role": roles.SALES_VP,
				"delegate": world.sales,
				"from_date": nowdate(),
				"to_date": add_days(nowdate(), 3),
				"reason": "leave",
			}
		).insert()
		lent.submit()
		lent.cancel()
	with as_user(world.gm):
		corrections.correct(REVIEW, review.name, "decision_comment", "approved <b>so</b>", "typo", shown="/")
	result = verification.verify()
	assert result.findings == []
	assert result.records >= 8 and result.signatures >= 10
	anchoring.anchor()
	anchoring.anchor()
	again = verification.verify()
	assert again.findings == [] and again.anchors == 1 and again.holds[0] == 1
	assert findings(REVIEW, review.name) == findings(OPINION) == findings("Approved Content") == []


# The chain


@pytest.mark.rule("K2")
def test_whatever_is_changed_in_an_entry_is_named(review: Document) -> None:
	anchoring.anchor()
	_started, decided = rows_of(REVIEW, review.name)
	changed = {"time_zone": "Asia/Tokyo"}
	expected = {
		"content": chain.CONTENT_CHANGED,
		"content_hash": chain.ENTRY_CHANGED,
		"signature": chain.SIGNATURE_REMOVED,
		**dict.fromkeys(
			("event", "recorded_by", "recorded_at", "recorded_on", "time_zone"), chain.ENTRY_CHANGED
		),
		**dict.fromkeys(("signature_hash", "previous_hash", "chain_hash"), chain.ENTRY_CHANGED),
	}
	for field, kind in expected.items():
		with undone():
			put(ledger.SNAPSHOT, decided.name, field, changed.get(field, another(decided[field])))
			names = found()
		assert (kind, REVIEW, review.name, 2) in names, field
		# Nothing else is called wrong than this entry: its document, its signature and its anchor as well.
		approval = (
			{(chain.NOT_APPROVED, "Approved Content")} if field in ("event", "signature_hash") else set()
		)
		assert {n[1:] for n in names if n[:2] not in approval} == {(REVIEW, review.name, 2)}, (field, names)
	with undone():
		frappe.db.delete(ledger.ANCHORED, {"name": decided.name})
		assert found() == {(chain.ENTRY_CHANGED, REVIEW, review.name, 2)}
	for field in ("reference_name", "reference_doctype", "sequence"):
		with undone():
			put(ledger.SNAPSHOT, decided.name, field, another(decided[field]))
			names = found()
		assert (chain.RECORD_REMOVED, REVIEW, review.name, 2) in names, field


@pytest.mark.rule("K2")
def test_a_content_that_is_rewritten_with_its_hashes_is_named(review: Document) -> None:
	"""By somebody who knows how they are made: the entry behind it, or its anchor, knows the other one."""
	started, decided = rows_of(REVIEW, review.name)
	forged = started.content.replace('"company":', '"companx":')
	with undone():
		for field, value in chained(started, content=forged, content_hash=chain.sha256(forged)).items():
			put(ledger.SNAPSHOT, started.name, field, value)
		assert found() == {(chain.ENTRY_CHANGED, REVIEW, review.name, 1)}
	anchoring.anchor()
	for field, value in chained(decided, recorded_by="somebody").items():
		put(ledger.SNAPSHOT, decided.name, field, value)
	assert found() == {(chain.NOT_ANCHORED, REVIEW, review.name, 2)}


@pytest.mark.rule("K3")
def test_whatever_is_changed_in_a_signature_is_named(review: Document) -> None:
	signature = frappe.get_doc(ledger.SIGNATURE, rows_of(REVIEW, review.name)[1].signature)
	for field in (*ledger.FIELDS, "signed_on", "time_zone", "sequence", "reference_name"):
		with undone():
			value = "Asia/Tokyo" if field == "time_zone" else another(signature.get(field))
			put(ledger.SIGNATURE, signature.name, field, value)
			names = found()
		assert (chain.SIGNATURE_CHANGED, REVIEW, review.name, 2) in names, field
		assert {n[0] for n in names} <= {chain.SIGNATURE_CHANGED, chain.SIGNATURE_STRAY}, (field, names)


@pytest.mark.rule("K3")
def test_signatures_that_are_removed_exchanged_or_put_in_are_named(review: Document, world: c.World) -> None:
	other = c.approve(world, c.order(c.item(stock=50)))
	mine, theirs = (rows_of(REVIEW, r.name)[1] for r in (review, other))
	with undone():
		sql("delete from `tabElectronic Signature` where name = %s", mine.signature)
		assert found() == {(chain.SIGNATURE_REMOVED, REVIEW, review.name, 2)}
	with undone():
		put(ledger.SNAPSHOT, mine.name, "signature", theirs.signature)
		assert found() == {(chain.SIGNATURE_CHANGED, REVIEW, review.name, 2)}
	with undone():
		put(ledger.SNAPSHOT, mine.name, "signature", theirs.signature)
		put(ledger.SNAPSHOT, theirs.name, "signature", mine.signature)
		assert found() == {(chain.SIGNATURE_CHANGED, REVIEW, r.name, 2) for r in (review, other)}
	with undone():
		copied(ledger.SIGNATURE, mine.signature)
		assert found() == {(chain.SIGNATURE_STRAY, REVIEW, review.name, 2)}
		assert found(REVIEW, other.name) == set()
	with undone():
		forged = copied(ledger.SIGNATURE, mine.signature, sequence=1)
		put(ledger.SNAPSHOT, rows_of(REVIEW, review.name)[0].name, "signature", forged)
		assert found() == {(chain.SIGNATURE_INSERTED, REVIEW, review.name, 1)}


@pytest.mark.rule("K2")
def test_entries_that_are_removed_are_named(review: Document) -> None:
	corrected(review, "one")
	corrected(review, "two")
	rows = rows_of(REVIEW, review.name)
	assert [r.sequence for r in rows] == [1, 2, 3, 4]
	with undone():
		frappe.db.delete(ledger.SNAPSHOT, {"name": rows[2].name})
		assert (chain.REMOVED, REVIEW, review.name, 3) in found()
	with undone():
		# The last one: the document has gone on, and the signature is there.
		frappe.db.delete(ledger.SNAPSHOT, {"name": rows[3].name})
		assert found() == {
			(chain.DOCUMENT_CHANGED, REVIEW, review.name, 3),
			(chain.SIGNATURE_STRAY, REVIEW, review.name, 4),
			(chain.CORRECTION_STRAY, REVIEW, review.name, 0),
		}
	with undone():
		frappe.db.delete(ledger.SNAPSHOT, {"reference_name": review.name})
		frappe.db.delete(ledger.SIGNATURE, {"reference_name": review.name})
		frappe.db.delete(corrections.DOCTYPE, {"reference_name": review.name})
		names = found()
		assert (chain.NOT_RECORDED, REVIEW, review.name, 0) in names
		assert {n[0] for n in names} == {chain.NOT_RECORDED, chain.NOT_APPROVED}
	anchoring.anchor()
	remove_all(review)
	assert found() == {(chain.RECORD_REMOVED, REVIEW, review.name, n) for n in range(1, 5)}


def corrected(review: Document, text: str) -> None:
	"""Correct the comment of a decision, as one who keeps the records."""
	shown = frappe.db.get_value(REVIEW, review.name, "decision_comment")
	with as_user(pool.enabled(roles.QUALITY)):
		corrections.correct(REVIEW, review.name, "decision_comment", text, f"because of {text}", shown=shown)


def remove_all(review: Document) -> None:
	"""Remove a record with everything that speaks of it."""
	frappe.db.delete(ledger.SNAPSHOT, {"reference_name": review.name})
	frappe.db.delete(ledger.SIGNATURE, {"reference_name": review.name})
	frappe.db.delete(corrections.DOCTYPE, {"reference_name": review.name})
	frappe.db.delete("Approved Content", {"source_name": review.name})
	for field in review.meta.get_table_fields():
		frappe.db.delete(field.options, {"parent": review.name})
	frappe.db.delete(REVIEW, {"name": review.name})


@pytest.mark.rule("K2")
def test_entries_that_are_put_in_are_named(review: Document) -> None:
	corrected(review, "one")
	rows = rows_of(REVIEW, review.name)
	content = rows[1].content.replace("Approved", "Rejected")
	values = {
		"content": content,
		"content_hash": chain.sha256(content),
		"signature": None,
		"signature_hash": "",
	}
	behind = {**values, "sequence": 3, "previous_hash": rows[1].chain_hash}
	with undone():
		# Between two others, the number of the one behind it raised.
		put(ledger.SNAPSHOT, rows[2].name, "sequence", 4)
		copied(ledger.SNAPSHOT, rows[1].name, **chained(rows[1], **behind))
		assert (chain.REORDERED, REVIEW, review.name, 4) in found()
	with undone():
		# And its hash made anew.
		put(ledger.SNAPSHOT, rows[2].name, "chain_hash", chained(rows[2], sequence=4)["chain_hash"])
		put(ledger.SNAPSHOT, rows[2].name, "sequence", 4)
		copied(ledger.SNAPSHOT, rows[1].name, **chained(rows[1], **behind))
		assert (chain.INSERTED, REVIEW, review.name, 3) in found()
	with undone():
		# Behind the last one: the document does not say so.
		behind = {**values, "sequence": 4, "previous_hash": rows[2].chain_hash}
		copied(ledger.SNAPSHOT, rows[2].name, **chained(rows[2], **behind))
		assert (chain.DOCUMENT_CHANGED, REVIEW, review.name, 4) in found()


@pytest.mark.rule("K2")
def test_entries_that_are_exchanged_are_named(review: Document) -> None:
	started, decided = rows_of(REVIEW, review.name)
	for number, row in ((99, started), (1, decided), (2, started)):
		put(ledger.SNAPSHOT, row.name, "sequence", number)
	names = found()
	assert {(chain.REORDERED, REVIEW, review.name, n) for n in (1, 2)} <= names
	with undone():
		put(ledger.SNAPSHOT, started.name, "content", decided.content)
		assert (chain.CONTENT_CHANGED, REVIEW, review.name, 2) in found()


# The anchors


@pytest.mark.rule("K2")
def test_anchors_that_are_removed_or_changed_are_named(review: Document) -> None:
	names = []
	for number in range(3):
		corrected(review, str(number))
		names.append(anchoring.anchor())
	assert found() == set() and verification.verify().holds[0] == 3
	for number, name in enumerate(names, 1):
		with undone():
			frappe.db.delete(ledger.ANCHOR, {"name": name})
			result = verification.verify()
		assert {(f.kind, f.sequence) for f in result.findings} == {(chain.ANCHOR_REMOVED, number)}
		assert result.holds[0] == number - 1
	middle = frappe.get_doc(ledger.ANCHOR, names[1])
	for field in (
		"made_at",
		"made_on",
		"time_zone",
		"entries",
		"manifest",
		"previous_hash",
		"anchor_hash",
		"sequence",
	):
		with undone():
			value = "Asia/Tokyo" if field == "time_zone" else another(middle.get(field))
			put(ledger.ANCHOR, middle.name, field, value)
			result = verification.verify()
		assert (chain.ANCHOR_CHANGED, "", "", 2) in {
			(f.kind, f.doctype, f.name, f.sequence) for f in result.findings
		} or (field == "sequence" and (chain.ANCHOR_REMOVED, "", "", 2) in found_of(result)), field
		assert result.holds[0] == 1, field


def found_of(result: verification.Result) -> set[Named]:
	return {(f.kind, f.doctype, f.name, f.sequence) for f in result.findings}


@pytest.mark.rule("K2")
def test_a_line_taken_out_of_an_anchor_leaves_the_entry_unknown(review: Document) -> None:
	name = anchoring.anchor()
	anchor = frappe.get_doc(ledger.ANCHOR, name)
	lines = [line for line in anchor.manifest.split("\n") if f"{review.name}\t2\t" not in line]
	put(ledger.ANCHOR, name, "manifest", "\n".join(lines))
	put(ledger.ANCHOR, name, "entries", len(lines))
	assert found() == {(chain.ANCHOR_CHANGED, "", "", 1), (chain.NOT_ANCHORED, REVIEW, review.name, 2)}


@pytest.mark.rule("K2")
def test_a_record_forged_for_a_day_that_is_anchored_is_named(review: Document, world: c.World) -> None:
	for text in ("one", "two"):
		corrected(review, text)
		anchoring.anchor()
	old = frappe.get_all(ledger.ANCHOR, pluck="name", order_by="sequence")[0]
	forged = c.start(world, c.order(c.item(stock=50)))
	row = rows_of(REVIEW, forged.name)[0]
	with undone():
		# As if the first anchor had seen it.
		mark_anchored(row.name, old)
		assert found() == {(chain.NOT_ANCHORED, REVIEW, forged.name, 1)}
	with undone():
		mark_anchored(row.name, "no such anchor")
		assert found() == {(chain.ANCHOR_REMOVED, "", "", 3)}
	earlier = "2020-01-01T00:00:00.000000+00:00"
	values = {"recorded_at": earlier, "recorded_on": ledger.local(earlier)}
	for field, value in {**values, **chained(row, **values)}.items():
		put(ledger.SNAPSHOT, row.name, field, value)
	assert found() == {(chain.ANCHORED_LATE, REVIEW, forged.name, 1)}
	anchoring.anchor()
	assert found() == {(chain.ANCHORED_LATE, REVIEW, forged.name, 1)}


@pytest.mark.rule("K2")
def test_days_without_an_anchor_make_nothing_late(review: Document, monkeypatch: pytest.MonkeyPatch) -> None:
	"""The scheduler was switched off for a while."""
	anchoring.anchor()
	corrected(review, "one")
	monkeypatch.setattr(ledger, "now", lambda: "2090-01-01T00:00:00.000000+00:00")
	anchoring.anchor()
	monkeypatch.undo()
	assert found() == set()
	# The clock is right again, behind the last anchor: time stands still until it is passed.
	corrected(review, "two")
	assert rows_of(REVIEW, review.name)[-1].recorded_at == "2090-01-01T00:00:00.000000+00:00"
	assert found() == set()


@pytest.mark.rule("K3")
def test_with_the_clock_set_back_time_does_not_run_backwards(
	world: c.World, review: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
	anchoring.anchor()
	monkeypatch.setattr(ledger, "now", lambda: "2001-01-01T00:00:00.000000+00:00")
	corrected(review, "one")
	other = c.approve(world, c.order(c.item(stock=50)))
	last, first = rows_of(REVIEW, review.name)[-1], rows_of(REVIEW, other.name)[0]
	anchor = frappe.get_last_doc(ledger.ANCHOR)
	assert last.recorded_at >= anchor.made_at and first.recorded_at >= anchor.made_at
	anchoring.anchor()
	made = frappe.get_all(ledger.ANCHOR, pluck="made_at", order_by="sequence")
	assert made == sorted(made) and len(made) == 2
	assert found() == set()


@pytest.mark.rule("K2")
def test_a_restored_backup_holds_up_to_its_last_anchor(review: Document, world: c.World) -> None:
	anchoring.anchor()
	frappe.db.savepoint("backup")
	corrected(review, "lost by the restore")
	lost = c.approve(world, c.order(c.item(stock=50)))
	anchoring.anchor()
	exported = [json.loads(line) for line in anchoring.export_anchors()]
	kept = [chain.Anchor(**line) for line in exported]
	assert found(exported=kept) == set()
	frappe.db.rollback(save_point="backup")
	# By itself the restored state is whole; what was kept elsewhere knows more.
	assert found() == set()
	result = verification.verify(exported=kept)
	names = found_of(result)
	assert result.holds == (1, kept[0].at)
	assert (chain.ANCHOR_REMOVED, "", "", 2) in names
	assert {
		(chain.RECORD_REMOVED, REVIEW, review.name, 3),
		(chain.RECORD_REMOVED, REVIEW, lost.name, 1),
	} <= names
	assert (chain.RECORD_REMOVED, REVIEW, review.name, 2) not in names
	# Work goes on after the restore: another second anchor.
	corrected(review, "after the restore")
	anchoring.anchor()
	result = verification.verify(exported=kept)
	assert found_of(result) == {(chain.ANCHOR_CHANGED, "", "", 2)} and result.holds[0] == 1


@pytest.mark.rule("K2")
@pytest.mark.parametrize(
	"tables", [(ledger.SNAPSHOT, ledger.SIGNATURE), (REVIEW,), (ledger.ANCHOR,)], ids=str
)
def test_tables_that_were_restored_from_an_older_backup_are_noticed(
	review: Document, tables: tuple[str, ...]
) -> None:
	before = {t: frappe.db.sql(f"select * from `tab{t}`", as_dict=True) for t in tables}
	corrected(review, "newer")
	anchoring.anchor()
	assert found() == set()
	for table, rows in before.items():
		frappe.db.delete(table)
		for row in rows:
			target = frappe.qb.DocType(table)
			frappe.qb.into(target).columns(*row).insert(*row.values()).run()
	names = found()
	assert {n[1:3] for n in names} == (
		{("", "")} if tables == (ledger.ANCHOR,) else {(REVIEW, review.name)}
	) or (ledger.SNAPSHOT in tables and (chain.RECORD_REMOVED, REVIEW, review.name, 3) in names)


# The documents


@pytest.mark.rule("K2")
def test_a_document_that_was_changed_is_named_with_what_changed(review: Document) -> None:
	for field, value in {
		"decision": "Rejected",
		"decision_comment": "other",
		"decided_by": "Administrator",
		"amount": 1,
		"docstatus": 2,
		"owner": "Guest",
		"creation": "2020-01-01 10:00:00",
		"fingerprint": "x",
		"valid_until": "2099-01-01",
	}.items():
		with undone():
			put(REVIEW, review.name, field, value)
			named = [f for f in findings() if f.kind == chain.DOCUMENT_CHANGED]
			assert [(f.name, f.sequence) for f in named] == [(review.name, 2)], field
			assert named[0].detail.startswith(f"{field}: "), named
			rest = {n[0] for n in found()} - {chain.DOCUMENT_CHANGED}
			assert rest <= {chain.NOT_APPROVED, chain.APPROVAL_REMOVED}, field
	put(REVIEW, review.name, "workflow_state", "Rejected")
	assert [f.detail for f in findings()] == ["workflow_state: Approved → Rejected"], "it is what lists show"


@pytest.mark.rule("K2")
def test_rows_that_are_changed_removed_or_put_in_are_named(review: Document) -> None:
	row = review.criteria[0]
	for tamper, start in {
		lambda: put(row.doctype, row.name, "computed", "Not Met"): f"criteria.{row.name}.computed: ",
		lambda: frappe.db.delete(row.doctype, {"name": row.name}): f"criteria.{row.name}: ",
		lambda: put(row.doctype, row.name, "parent", "elsewhere"): f"criteria.{row.name}: ",
		lambda: put(row.doctype, row.name, "idx", 99): f"criteria.{row.name}.idx: ",
		lambda: copied(row.doctype, row.name): "criteria.",
	}.items():
		with undone():
			tamper()
			named = findings()
		assert [(f.kind, f.name, f.sequence) for f in named] == [(chain.DOCUMENT_CHANGED, review.name, 2)], (
			named
		)
		assert named[0].detail.startswith(start), named


@pytest.mark.rule("K2")
def test_documents_that_are_removed_or_put_in_are_named(review: Document, world: c.World) -> None:
	opinion = c.opinion(review, "Sales")
	with undone():
		frappe.db.delete(OPINION, {"name": opinion.name})
		assert found() == {(chain.DOCUMENT_REMOVED, OPINION, opinion.name, 2)}
		assert found(OPINION, opinion.name) == found()
	with undone():
		put_in = copied(OPINION, opinion.name)
		assert found() == {(chain.NOT_RECORDED, OPINION, put_in, 0)}
	with undone():
		sql(
			"update `tabSingles` set value = '999' where doctype = %s and field = 'approval_validity_days'",
			SETTINGS,
		)
		assert {n[:3] for n in found()} == {(chain.DOCUMENT_CHANGED, SETTINGS, SETTINGS)}
	with undone():
		sql(
			"update `tabReview Department` set role = 'All' where parent = %s and department = 'Quality'",
			SETTINGS,
		)
		assert {n[:3] for n in found(SETTINGS)} == {(chain.DOCUMENT_CHANGED, SETTINGS, SETTINGS)}


@pytest.mark.rule("K3")
def test_a_file_that_was_signed_and_is_not_the_same_any_more_is_named(world: c.World) -> None:
	review = c.start(world, c.order(c.item(stock=50)))
	c.answer_all(world, review)
	file = frappe.get_doc(
		{
			"doctype": "File",
			"file_name": f"{frappe.generate_hash(length=8)}.txt",
			"content": "as agreed",
			"attached_to_doctype": REVIEW,
			"attached_to_name": review.name,
			"is_private": 1,
		}
	).insert()
	c.decide(review.reload(), world.vp)
	path = frappe.get_site_path(file.file_url.lstrip("/"))
	try:
		assert found() == set()
		with open(path, "w") as stream:
			stream.write("as we would like it")
		assert {f.detail for f in findings()} == {file.file_name}
		assert found() == {(chain.ATTACHMENT_CHANGED, REVIEW, review.name, 2)}
		frappe.db.delete("File", {"name": file.name})
		assert found() == {(chain.ATTACHMENT_REMOVED, REVIEW, review.name, 2)}
	finally:
		with contextlib.suppress(OSError):
			frappe.utils.file_manager.delete_file(file.file_url)


# Approvals


@pytest.mark.rule("C1", "K2")
def test_an_approval_that_nobody_gave_is_named(review: Document, world: c.World) -> None:
	name = frappe.db.get_value("Approved Content", {"source_name": review.name})
	row = frappe.get_doc("Approved Content", name)
	other = c.approve(world, c.order(c.item(stock=50)))
	for field, value in {
		"content": "{}",
		"fingerprint": "0" * 64,
		"reference_name": other.reference_name,
		"source_name": other.name,
		"source_doctype": "Quotation",
		"approved_by": "Administrator",
		"approved_on": add_days(now_datetime(), -9),
		"valid_until": "2099-01-01",
		"review_path": "Signature",
		"withdrawn": 1,
		"inherited": 1,
	}.items():
		with undone():
			put("Approved Content", name, field, value)
			names = found()
		assert (chain.NOT_APPROVED, "Approved Content", name, 0) in names, field
		assert names <= {
			(chain.NOT_APPROVED, "Approved Content", name, 0),
			(chain.APPROVAL_REMOVED, REVIEW, review.name, 0),
		}, field
	with undone():
		forged = copied("Approved Content", name, fingerprint=chain.sha256("{}"), content="{}")
		assert (
			found()
			== {(chain.NOT_APPROVED, "Approved Content", forged, 0)}
			== found("Approved Content", forged)
		)
	with undone():
		frappe.db.delete("Approved Content", {"name": name})
		assert found() == {(chain.APPROVAL_REMOVED, REVIEW, review.name, 0)}
		assert found(REVIEW, other.name) == set()
	assert row.approved_by == world.vp


@pytest.mark.rule("C1", "K2")
def test_an_approval_of_a_review_that_nobody_signed_is_named(review: Document) -> None:
	name = frappe.db.get_value("Approved Content", {"source_name": review.name})
	decided = rows_of(REVIEW, review.name)[1]
	frappe.db.delete(ledger.SIGNATURE, {"name": decided.signature})
	values = {"signature": None, "signature_hash": ""}
	for field, value in {**values, **chained(decided, **values)}.items():
		put(ledger.SNAPSHOT, decided.name, field, value)
	assert found() == {(chain.NOT_APPROVED, "Approved Content", name, 0)}


@pytest.mark.rule("C1", "C7", "K2")
def test_an_inherited_approval_points_to_one_that_was_given(world: c.World) -> None:
	quotation = c.quotation(c.item(stock=50), qms_is_tender=1)
	c.approve(world, quotation)
	quotation.reload().submit()
	order = c.order_from(quotation).insert()
	order.submit()
	assert found() == set()
	name = frappe.db.get_value("Approved Content", {"reference_name": order.name, "inherited": 1})
	assert name
	other = c.committed_order(world, c.item(stock=50))
	for values in (
		{"source_name": other.name, "source_doctype": "Sales Order"},
		{"source_name": "no such quotation"},
		{"reference_name": other.name},
		{"approved_by": world.gm},
		{"content": "{}"},
	):
		with undone():
			for field, value in values.items():
				put("Approved Content", name, field, value)
			assert found() == {(chain.NOT_APPROVED, "Approved Content", name, 0)}, values


@pytest.mark.rule("B4", "K2")
def test_an_approval_that_was_withdrawn_and_is_put_back_is_named(review: Document) -> None:
	from qms_customer.contract import scheduled

	frappe.db.set_value(
		"Approved Content", {"source_name": review.name}, "valid_until", add_days(nowdate(), -1)
	)
	scheduled.recheck_approvals()
	name = frappe.db.get_value("Approved Content", {"source_name": review.name, "withdrawn": 1})
	put("Approved Content", name, "valid_until", review.valid_until)
	assert found() == set()
	put("Approved Content", name, "withdrawn", 0)
	assert [(f.kind, f.name, f.detail) for f in findings()] == [(chain.NOT_APPROVED, name, "withdrawn")]


# Corrections


@pytest.mark.rule("K2")
def test_notes_of_corrections_are_what_was_signed(review: Document) -> None:
	corrected(review, "one")
	corrected(review, "two")
	assert found() == set()
	one, two = frappe.get_all(
		corrections.DOCTYPE, filters={"reference_name": review.name}, order_by="creation", pluck="name"
	)
	for field in ("old_value", "new_value", "reason", "field", "corrected_by"):
		with undone():
			put(corrections.DOCTYPE, two, field, "x")
			assert found() == {
				(chain.CORRECTION_REMOVED, REVIEW, review.name, 4),
				(chain.CORRECTION_STRAY, REVIEW, review.name, 0),
			}, field
	with undone():
		frappe.db.delete(corrections.DOCTYPE, {"name": one})
		assert found() == {(chain.CORRECTION_REMOVED, REVIEW, review.name, 3)}
	with undone():
		copied(corrections.DOCTYPE, one)
		assert found() == {(chain.CORRECTION_STRAY, REVIEW, review.name, 0)} == found(REVIEW, review.name)
	with undone():
		copied(
			corrections.DOCTYPE,
			one,
			reference_doctype=OPINION,
			reference_name=c.opinion(review, "Sales").name,
		)
		assert {n[0] for n in found()} == {chain.CORRECTION_STRAY}


# Masters that were renamed


@pytest.mark.rule("K2", "K3")
@pytest.mark.parametrize("merge", [False, True], ids=["renamed", "merged"])
def test_renaming_a_person_changes_no_record(review: Document, world: c.World, merge: bool) -> None:
	corrected(review, "one")
	anchoring.anchor()
	new = make_user(roles.SALES_VP) if merge else f"{frappe.generate_hash(length=8)}@qms-test.localhost"
	frappe.rename_doc("User", world.vp, new, merge=merge, force=True)
	review.reload()
	assert review.decided_by == new, "frappe rewrote the link"
	signature = ledger.signatures(REVIEW, review.name)[0]
	assert signature.signer == world.vp, "the signature stands as it was given"
	assert found() == set()
	with undone():
		put(REVIEW, review.name, "decided_by", world.vp)
		names = found()
		assert (chain.DOCUMENT_CHANGED, REVIEW, review.name, 3) in names, "that name is another one's now"
	if not merge:
		assert credentials.of(new).status == credentials.SUSPENDED, "as after a password from others"
		credentials.establish(new)
		following = c.start(world, c.order(c.item(stock=50)))
		c.answer_all(world, following)
		c.decide(following.reload(), new)
		assert found() == set()


@pytest.mark.rule("K3")
def test_who_signed_is_not_deleted(review: Document, world: c.World) -> None:
	with undone(), pytest.raises(QMSRefusal, match="disable"):
		frappe.delete_doc("User", world.vp, force=True)
	assert frappe.db.exists("User", world.vp)
	frappe.delete_doc("User", make_user(roles.SALES_VP))


@pytest.mark.rule("K2")
def test_renaming_the_master_of_any_link_changes_no_record(world: c.World) -> None:
	from erpnext.stock.doctype.delivery_note.delivery_note import DeliveryNote

	note: DeliveryNote = frappe.get_doc(
		{
			"doctype": "Delivery Note",
			"company": c.COMPANY,
			"customer": c.customer(),
			"items": [{"item_code": c.item(stock=5), "qty": 1, "rate": 1, "warehouse": c.warehouse()}],
		}
	).insert()
	reason = frappe.get_all("Delivery Reason Code", pluck="name", limit=1)[0]
	with as_user(world.sales):
		name = api.request_authorisation("Delivery Note", note.name, reason, "a sample")["name"]
	doc = frappe.get_doc("Delivery Authorisation", name)
	with as_user(world.person(roles.BUSINESS_MANAGER)):
		api.decide_authorisation(name, "Approved", doc.fingerprint, "/")
	frappe.rename_doc("Customer", note.customer, c.unique("Renamed"), force=True)
	frappe.rename_doc("Delivery Reason Code", reason, "OTHER", force=True)
	frappe.rename_doc("Delivery Note", note.name, "DN-RENAMED", force=True)
	doc.reload()
	assert (doc.reason_code, doc.reference_name) == ("OTHER", "DN-RENAMED")
	assert found() == set()
	put(doc.doctype, name, "customer", c.customer())
	assert found() == {(chain.DOCUMENT_CHANGED, doc.doctype, name, 2)}


@pytest.mark.rule("K2")
def test_an_alias_that_is_forged_hides_nothing(review: Document, world: c.World) -> None:
	put(REVIEW, review.name, "decided_by", world.gm)
	put(
		"Approved Content",
		frappe.db.get_value("Approved Content", {"source_name": review.name}),
		"approved_by",
		world.gm,
	)
	assert found() == {(chain.DOCUMENT_CHANGED, REVIEW, review.name, 2)}
	alias = frappe.get_doc(
		{
			"doctype": "Record Alias",
			"name": "forged",
			"master_doctype": "User",
			"old_name": world.vp,
			"new_name": world.gm,
			"renamed_on": now_datetime(),
		}
	)
	alias.db_insert()
	assert found() == {
		(chain.DOCUMENT_CHANGED, REVIEW, review.name, 2),
		(chain.NOT_RECORDED, "Record Alias", "forged", 0),
	}


# The report


@pytest.mark.rule("K2")
def test_the_report_names_what_was_found(review: Document, world: c.World) -> None:
	put(REVIEW, review.name, "decision_comment", "other")
	with as_user(pool.enabled(roles.AUDITOR)):
		answer = query_report.run(
			"Record Integrity", filters={"reference_doctype": REVIEW}, ignore_prepared_report=True
		)
	(row,) = answer["result"]
	assert (row["finding"], row["reference_name"], row["sequence"]) == (
		chain.DOCUMENT_CHANGED,
		review.name,
		2,
	)
	assert row["detail"] == "decision_comment: / → other" and row["saved_by"]
	assert "entries" in answer["message"]
	for one in ({"reference_doctype": REVIEW, "reference_name": review.name}, {}):
		assert len(record_integrity.execute(one)[1]) == 1
	with pytest.raises(QMSRefusal):
		record_integrity.execute({"reference_doctype": "Sales Order"})
	with as_user(world.sales), pytest.raises(frappe.PermissionError):
		query_report.run("Record Integrity", ignore_prepared_report=True)


@pytest.mark.rule("K2")
def test_many_records_are_verified_in_the_background(
	review: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
	monkeypatch.setattr(record_integrity, "AT_ONCE", 1)
	with pytest.raises(QMSRefusal, match="background"):
		record_integrity.execute({})
	frappe.clear_messages()
	record_integrity.execute({"reference_doctype": REVIEW, "reference_name": review.name})
	frappe.local.job = frappe._dict(method="generate_report")
	try:
		assert record_integrity.execute({})[1] == []
	finally:
		del frappe.local.job
