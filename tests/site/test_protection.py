"""What belongs to a record is kept as it is by every ordinary door, as Administrator and with full rights."""

from __future__ import annotations

import contextlib
import io
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import frappe
import pytest
from frappe import client
from frappe.core.doctype.log_settings.log_settings import run_log_clean_up
from frappe.desk import like, reportview
from frappe.desk.doctype.tag.tag import add_tag
from frappe.desk.form import assign_to
from frappe.desk.form import utils as timeline
from frappe.desk.form.save import savedocs
from frappe.model.document import Document
from frappe.utils import add_days, now_datetime
from frappe.utils.password import update_password
from PIL import Image

from qms_customer import hooks
from qms_customer.messages import QMSRefusal
from qms_customer.records import (
	anchoring,
	contents,
	corrections,
	credentials,
	ledger,
	protect,
	trail,
	verification,
)
from qms_customer.records.registry import RECORDS
from tests.support import contracts as c
from tests.support.doors import ADMINISTRATOR, WHO, fresh, login, nothing_changes, sent
from tests.support.people import as_user, make_user

LEDGERS = (
	"Record Snapshot",
	"Electronic Signature",
	"Record Anchor",
	"Record Anchor Entry",
	"Record Correction",
	"Record Trail",
	"Signing Attempt",
	"Signing Credential",
	"Approved Content",
	"Record Alias",
)


@pytest.fixture(params=WHO)
def user(request: pytest.FixtureRequest) -> str:
	return login(request.param)


@pytest.fixture
def review(world: c.World) -> Document:
	"""A review that was decided, so signed, as were its opinions."""
	return c.approve(world, c.order(c.item()))


@contextlib.contextmanager
def no_rows_more_or_less() -> Iterator[None]:
	counted = (
		*LEDGERS,
		"Version",
		"Comment",
		"Communication",
		"Communication Link",
		"File",
		"Property Setter",
	)
	before = {d: frappe.db.count(d) for d in counted}
	yield
	assert {d: frappe.db.count(d) for d in counted} == before


# What Frappe refuses by itself, to Administrator too.
BY_FRAPPE = (frappe.DocstatusTransitionError, frappe.LinkValidationError, frappe.LinkExistsError)


def closed(
	door: Callable[[], Any], *documents: Document, user: str, undo: bool = False, ours: bool = True
) -> None:
	"""Expect a refusal with nothing changed: ours for Administrator, whom Frappe lets do nearly everything.

	`undo`: as at the end of a request, for doors that do other things before they are refused.
	"""
	expected = (frappe.ValidationError, frappe.PermissionError)
	if user == ADMINISTRATOR and ours:
		expected = (QMSRefusal, *BY_FRAPPE)
	with no_rows_more_or_less(), nothing_changes(*documents), as_user(user):
		frappe.db.savepoint("door")
		with pytest.raises(expected):
			door()
		if undo:
			frappe.db.rollback(save_point="door")
	frappe.clear_messages()


def doors_of(doc: Document, **changes: Any) -> list[Callable[[], Any]]:
	"""The ways to change or delete a document that Frappe offers."""
	field, value = next(iter(changes.items()))
	return [
		lambda: client.set_value(doc.doctype, doc.name, field, value),
		lambda: client.set_value(doc.doctype, doc.name, changes),
		lambda: client.save(sent(doc, **changes)),
		lambda: savedocs(sent(doc, **changes), "Save"),
		lambda: fresh(doc).update(changes).save(ignore_permissions=True),
		lambda: fresh(doc).db_set(field, value),
		lambda: client.delete(doc.doctype, doc.name),
		lambda: frappe.delete_doc(doc.doctype, doc.name, force=True, ignore_permissions=True),
	]


def new(doctype: str, **values: Any) -> Document:
	return frappe.get_doc({"doctype": doctype, **values}).insert(ignore_permissions=True)


def comment_on(doc: Document, text: str = "as agreed", **values: Any) -> Document:
	return doc.add_comment("Comment", text).reload()


def email_about(doc: Document, **values: Any) -> Document:
	return new(
		"Communication",
		communication_type="Communication",
		communication_medium="Email",
		subject="Your order",
		content="We confirm.",
		sender="sales@qms-test.localhost",
		recipients="buyer@hospital.example",
		reference_doctype=doc.doctype,
		reference_name=doc.name,
		**values,
	).reload()


def attach(doc: Document, **values: Any) -> Document:
	given = {
		"file_name": f"{frappe.generate_hash(length=8)}.txt",
		"content": f"a drawing {frappe.generate_hash()}",
		"is_private": 1,
		**values,
	}
	return new("File", attached_to_doctype=doc.doctype, attached_to_name=doc.name, **given).reload()


def removed(file: Document) -> None:
	"""As the cross beside an attachment does."""
	frappe.form_dict.fid = file.name
	timeline.remove_attach()


def sound(doc: Document) -> None:
	found = verification.verify(doc.doctype, doc.name).findings
	assert not found, found


# Ledgers


def one_of_each(world: c.World, review: Document) -> list[Document]:
	"""Return a row of each ledger."""
	with as_user(world.vp):
		corrections.correct(
			review.doctype, review.name, "decision_comment", "agreed", "a slip", shown=review.decision_comment
		)
	anchoring.anchor()
	credentials.suspend(world.vp, "a test")
	ledger.insert("Signing Attempt", user=world.vp, reason="Wrong password")
	new(
		"Notification Log",
		subject="x",
		for_user=world.vp,
		document_type=review.doctype,
		document_name=review.name,
	)
	trail.keep()
	order = frappe.get_doc("Sales Order", review.reference_name)
	frappe.rename_doc("Customer", order.customer, c.unique("Renamed"), force=True)
	return [frappe.get_last_doc(doctype) for doctype in LEDGERS]


FIELD = {
	"Record Snapshot": "content",
	"Electronic Signature": "signer",
	"Record Anchor": "manifest",
	"Record Anchor Entry": "anchor",
	"Record Correction": "old_value",
	"Record Trail": "summary",
	"Signing Attempt": "user",
	"Signing Credential": "status",
	"Approved Content": "fingerprint",
	"Record Alias": "new_name",
}


@pytest.mark.rule("K2", "K3")
def test_no_door_leads_into_a_ledger(world: c.World, review: Document, user: str) -> None:
	rows = one_of_each(world, review)
	assert {r.doctype for r in rows} == set(LEDGERS)
	for row in rows:
		values = {k: v for k, v in json.loads(sent(row)).items() if k not in ("name", "creation", "modified")}
		wanted = "other"
		if row.doctype == "Signing Credential":
			wanted = "Active" if row.status == "Suspended" else "Suspended"
		extra: list[Callable[[], Any]] = [
			lambda r=row: client.rename_doc(r.doctype, r.name, "mine"),
			lambda r=row: frappe.rename_doc(r.doctype, r.name, "mine", force=True),
			lambda r=row: fresh(r).cancel(),
			lambda r=row: fresh(r).submit(),
			lambda v=values: client.insert(v),
			lambda v=values: frappe.get_doc({**v, "name": "mine"}).insert(ignore_permissions=True),
			lambda v=values: client.insert_many([v]),
			lambda v=values: client.insert({**v, "docstatus": 1}),
			lambda v=values: savedocs(frappe.as_json({**v, "__islocal": 1, "name": "mine"}), "Save"),
		]
		for door in (*doors_of(row, **{FIELD[row.doctype]: wanted}), *extra):
			closed(door, row, user=user)
		with no_rows_more_or_less(), nothing_changes(row), as_user(user):
			failed = client.bulk_update(
				json.dumps([{"doctype": row.doctype, "docname": row.name, FIELD[row.doctype]: wanted}])
			)
			assert len(failed["failed_docs"]) == 1
		frappe.clear_messages()


@pytest.mark.rule("K2", "K3")
def test_nor_does_one_over_the_network(world: c.World, review: Document, http: Callable[..., Any]) -> None:
	rows = one_of_each(world, review)
	records = [fresh(review), c.opinion(review, "Quality")]
	update_password(world.vp, "a secret", doctype="Signing Credential", fieldname="pin")
	admin = http()
	for row in (*rows, *records):
		url = f"/api/resource/{row.doctype}/{row.name}"
		with no_rows_more_or_less(), nothing_changes(row):
			field = FIELD.get(row.doctype, "docstatus")
			assert admin.put(url, json={field: "2"}).status_code == 417
			assert admin.delete(url).status_code == 417
			values = json.loads(sent(row, name=None))
			assert admin.post(f"/api/resource/{row.doctype}", json=values).status_code == 417
			admin.call(
				"frappe.desk.reportview.delete_items", doctype=row.doctype, items=json.dumps([row.name])
			)
			frappe.db.rollback()
	# Frappe deletes the secrets of a document before it asks whether it may be deleted.
	assert credentials.of(world.vp).pin


@pytest.mark.rule("K2")
def test_bulk_deletion_and_bulk_update_change_nothing(
	world: c.World, review: Document, user: str, committed: Callable[[], None]
) -> None:
	from frappe.desk.doctype.bulk_update.bulk_update import _bulk_action

	rows = [*one_of_each(world, review), fresh(review), c.opinion(review, "Quality"), comment_on(review)]
	committed()
	for row in rows:
		with no_rows_more_or_less(), nothing_changes(row), as_user(user):
			reportview.delete_bulk(row.doctype, [row.name])
			for action in ("update", "submit", "cancel"):
				field = {**FIELD, "Comment": "content"}.get(row.doctype, "amended_from")
				_bulk_action(row.doctype, [row.name], action, {field: "other"})
		frappe.clear_messages()


@pytest.mark.rule("K2")
def test_an_import_changes_nothing(
	world: c.World, review: Document, user: str, committed: Callable[[], None], tmp_path: Any
) -> None:
	from frappe.core.doctype.data_import.importer import Importer

	snapshot = frappe.get_last_doc("Record Snapshot")
	comment = comment_on(review)
	committed()
	for doc, label in ((review, "Decision Comment"), (snapshot, "Content"), (comment, "Content")):
		file = tmp_path / f"{doc.doctype}.csv"
		file.write_text(f"ID,{label}\n{doc.name},other\n")
		for kind in ("Update Existing Records", "Insert New Records"):
			settings = new("Data Import", reference_doctype="Customer", import_type=kind)
			settings.reference_doctype = doc.doctype
			with no_rows_more_or_less(), nothing_changes(doc), as_user(user):
				importer = Importer(doc.doctype, data_import=settings, file_path=str(file), console=True)
				log = importer.import_data()
			assert not any(row.success for row in log or ()), log
			frappe.clear_messages()


@pytest.mark.rule("K2")
def test_nor_the_import_of_a_package(review: Document) -> None:
	"""It deletes what is there without asking the document, then inserts."""
	from frappe.modules.import_file import import_doc

	for doc in (frappe.get_last_doc("Record Snapshot"), fresh(review)):
		frappe.db.savepoint("package")
		with pytest.raises(QMSRefusal):
			import_doc(json.loads(doc.as_json()))
		frappe.db.rollback(save_point="package")
		frappe.flags.in_import = False


@pytest.mark.rule("K2")
def test_what_was_deleted_elsewhere_is_not_restored_as_a_record(review: Document, user: str) -> None:
	from frappe.core.doctype.deleted_document.deleted_document import restore

	copy = json.loads(sent(review, name="REV-FORGED"))
	deleted = new(
		"Deleted Document", deleted_doctype=review.doctype, deleted_name="REV-FORGED", data=json.dumps(copy)
	)
	closed(lambda: restore(deleted.name), review, user=user)


@pytest.mark.rule("K2")
def test_rows_of_a_signed_record_are_not_written_alone(review: Document, user: str) -> None:
	row = review.criteria[0]
	for door in doors_of(row, evidence="other"):
		closed(door, review, user=user)
	sound(review)


@pytest.mark.rule("K2", "C9")
def test_the_settings_are_not_written_past_their_form_nor_deleted(user: str) -> None:
	settings = frappe.get_doc("QMS Customer Settings")
	for door in (
		lambda: fresh(settings).db_set("action_due_days", 1),
		lambda: client.set_value(settings.doctype, settings.doctype, "action_due_days", 77),
		lambda: client.delete(settings.doctype, settings.doctype),
		lambda: frappe.delete_doc(settings.doctype, settings.doctype, force=True, ignore_permissions=True),
		lambda: frappe.rename_doc(settings.doctype, settings.doctype, "x", force=True),
	):
		before = frappe.db.get_singles_dict(settings.doctype)
		closed(door, user=user)
		assert frappe.db.get_singles_dict(settings.doctype) == before


# Versions, comments, e-mails


@pytest.mark.rule("K2")
def test_versions_are_kept(review: Document, user: str) -> None:
	version = new("Version", ref_doctype=review.doctype, docname=review.name, data='{"changed": []}')
	for door in doors_of(version, data="{}", docname="other"):
		closed(door, version, user=user)
	values = {"doctype": "Version", "ref_doctype": review.doctype, "docname": review.name, "data": "{}"}
	closed(lambda: client.insert({**values, "flags": {"ignore_permissions": 1}}), user=user)
	closed(lambda: client.insert({**values, "ref_doctype": review.doctype.lower()}), user=user)
	closed(lambda: frappe.rename_doc("Version", version.name, "mine", force=True), version, user=user)


@pytest.mark.rule("K2", "K3")
def test_comments_stay_what_their_writer_said(review: Document, user: str) -> None:
	with as_user(user):
		comment = comment_on(review)
	elsewhere = new(
		"Comment", comment_type="Comment", content="older", reference_doctype="User", reference_name=user
	).reload()
	for name, value in {
		"content": "never agreed",
		"comment_email": "somebody@else.example",
		"comment_by": "Somebody",
		"reference_name": "other",
		"comment_type": "Info",
	}.items():
		for door in doors_of(comment, **{name: value}):
			closed(door, comment, user=user)
	for name, value in {"creation": "2020-01-01 00:00:00", "owner": "x@y.example", "docstatus": 1}.items():
		closed(lambda n=name, v=value: client.save(sent(comment, **{n: v})), comment, user=user)
	closed(lambda: timeline.update_comment(comment.name, "never agreed"), comment, user=user)
	moved = {"reference_doctype": review.doctype, "reference_name": review.name}
	closed(lambda: client.set_value("Comment", elsewhere.name, moved), elsewhere, user=user)
	closed(lambda: frappe.rename_doc("Comment", comment.name, "mine", force=True), comment, user=user)
	with as_user(user):
		forged = (
			client.insert(
				{
					"doctype": "Comment",
					"comment_type": "Comment",
					"content": "mine",
					**moved,
					"comment_email": "gm@qms-test.localhost",
					"comment_by": "General Manager",
				}
			)
			if user == ADMINISTRATOR
			else timeline.add_comment(
				review.doctype, review.name, "mine", "gm@qms-test.localhost", "General Manager"
			)
		)
	assert forged.comment_email == user and forged.comment_by == frappe.utils.get_fullname(user)


@pytest.mark.rule("K2")
def test_emails_stay_as_they_were_and_with_the_record(review: Document, user: str) -> None:
	email = email_about(review)
	other = email_about(frappe.get_doc("User", user))
	other.append("timeline_links", {"link_doctype": review.doctype, "link_name": review.name})
	other.save()
	row = other.timeline_links[-1]
	for name, value in {
		"content": "We refuse.",
		"subject": "other",
		"recipients": "x@y.example",
		"reference_name": "other",
		"communication_date": "2020-01-01 00:00:00",
	}.items():
		for door in doors_of(email, **{name: value}):
			closed(door, email, user=user)
	for door in doors_of(row, link_name="other"):
		closed(door, other, user=user)
	closed(lambda: client.delete("Communication", other.name), other, user=user)
	closed(lambda: client.save(sent(other, timeline_links=[])), other, user=user)
	closed(lambda: protect.relink(email.name, "User", user), email, user=user)
	# What says nothing of it: whether it was read, is answered, went out.
	with as_user(ADMINISTRATOR):
		client.set_value("Communication", email.name, "status", "Replied")
		fresh(email).db_set("delivery_status", "Sent")
	protect.relink(email_about(frappe.get_doc("User", user)).name, review.doctype, review.name)


@pytest.mark.rule("K2")
def test_relinking_over_the_network_is_ours(review: Document, http: Callable[..., Any]) -> None:
	email = email_about(review)
	admin = http()
	with nothing_changes(email):
		answer = admin.call(
			"frappe.email.relink", name=email.name, reference_doctype="User", reference_name="Administrator"
		)
		assert answer.status_code == 417, answer.text[-300:]
		frappe.db.rollback()


# Files


@pytest.mark.rule("K2", "K3")
def test_files_of_a_signed_record_stay_what_and_where_they_are(review: Document, user: str) -> None:
	file = attach(review)
	path, content = fresh(file).get_full_path(), fresh(file).get_content()
	of_mail = new(
		"File",
		file_name="quote.txt",
		content="the quote" + frappe.generate_hash(),
		attached_to_doctype="Communication",
		attached_to_name=email_about(review).name,
	).reload()
	for one in (file, of_mail):
		for name, value in {
			"file_name": "other.txt",
			"attached_to_name": "other",
			"attached_to_doctype": "User",
			"is_private": 1 - one.is_private,
			"content_hash": "0",
			"file_url": "/files/other.txt",
		}.items():
			for door in doors_of(one, **{name: value}):
				closed(door, one, user=user)
		closed(lambda one=one: frappe.rename_doc("File", one.name, "mine", force=True), one, user=user)
		closed(lambda one=one: removed(one), one, user=user)
	assert os.path.exists(path) and fresh(file).get_content() == content
	with as_user(ADMINISTRATOR):
		client.set_value("File", file.name, "folder", "Home")
	sound(review)


@pytest.mark.rule("K2")
def test_nor_are_their_bytes_reached_by_another_file(review: Document, user: str) -> None:
	file = attach(review)
	path = fresh(file).get_full_path()
	sibling = new("File", file_url=file.file_url, is_private=1, file_name="mine.txt")
	with as_user(user):
		thumbnail = attach(frappe.get_doc("User", user), thumbnail_url=file.file_url)
	for url in (file.file_url, f"x/{os.path.basename(file.file_url)}"):
		thumbnail.db_set("thumbnail_url", url)
		closed(lambda: client.delete("File", thumbnail.name), file, thumbnail, user=user)
	for name, value in {"is_private": 0, "content_hash": "0"}.items():
		closed(lambda n=name, v=value: client.set_value("File", sibling.name, n, v), file, user=user)
	frappe.db.set_value("File", sibling.name, "content_hash", "0")
	closed(lambda: client.delete("File", sibling.name), file, user=user)
	assert os.path.exists(path)


@pytest.mark.rule("K2")
def test_an_image_is_not_optimised_nor_an_archive_unpacked(review: Document, user: str) -> None:
	picture, archive = io.BytesIO(), io.BytesIO()
	Image.new("RGB", (1500, 1500), tuple(os.urandom(3))).save(picture, "PNG", compress_level=0)
	with zipfile.ZipFile(archive, "w") as packed:
		packed.writestr("inside.txt", frappe.generate_hash())
	image = attach(review, file_name="drawing.png", content=picture.getvalue())
	zipped = attach(review, file_name="all.zip", content=archive.getvalue())
	sibling = new("File", file_url=image.file_url, is_private=1, file_name=os.path.basename(image.file_url))
	for one, door in (
		(image, lambda: fresh(image).optimize_file()),
		(image, lambda: fresh(sibling).optimize_file()),
		(zipped, lambda: fresh(zipped).unzip()),
	):
		with open(fresh(one).get_full_path(), "rb") as stream:
			before = stream.read()
		closed(door, one, user=user, undo=True)
		with open(fresh(one).get_full_path(), "rb") as stream:
			assert stream.read() == before


@pytest.mark.rule("K2")
def test_a_file_of_what_is_not_signed_yet_may_go(world: c.World) -> None:
	review = c.start(world, c.order(c.item(stock=50)))
	file = attach(review)
	with as_user(ADMINISTRATOR):
		client.delete("File", file.name)
	assert not frappe.db.exists("File", file.name)


# The forms


def setters() -> list[tuple[str, str, str, str]]:
	return [
		("Contract Review", "", "track_changes", "0"),
		("Contract Review", "", "allow_rename", "1"),
		("Contract Review", "", "is_submittable", "0"),
		("Contract Review", "", "protect_attached_files", "1"),
		("Contract Review", "decision", "read_only", "0"),
		("Contract Review", "decision", "hidden", "1"),
		("Contract Review", "decision", "options", "Approved"),
		("Contract Review", "decision", "label", "Never Mind"),
		("Contract Review", "decided_by", "allow_on_submit", "1"),
		("Contract Review Answer", "answer", "read_only", "1"),
		("QMS Customer Settings", "", "track_changes", "0"),
		("Electronic Signature", "", "in_create", "0"),
		("Electronic Signature", "signer", "read_only", "0"),
		("Record Snapshot", "content", "fieldtype", "Data"),
		("record snapshot", "", "allow_rename", "1"),
	]


@pytest.mark.rule("K2")
def test_property_setters_loosen_no_record(user: str) -> None:
	for doctype, field, name, value in setters():
		values = {
			"doctype": "Property Setter",
			"doctype_or_field": "DocField" if field else "DocType",
			"doc_type": doctype,
			"field_name": field or None,
			"property": name,
			"value": value,
			"property_type": "Check",
		}
		closed(lambda v=values: client.insert(v), user=user)
		closed(lambda v=values: frappe.get_doc(v).insert(ignore_permissions=True), user=user)
		closed(
			lambda v=values: frappe.make_property_setter(
				{**v, "doctype": v["doc_type"], "fieldname": v["field_name"]}
			),
			user=user,
		)
	frappe.make_property_setter(
		{"doctype": "Contract Review", "fieldname": "decision", "property": "in_list_view", "value": "1"}
	)
	harmless = frappe.get_last_doc("Property Setter", {"property": "in_list_view"})
	for door in (
		lambda: client.set_value("Property Setter", harmless.name, {"property": "read_only", "value": "0"}),
		lambda: fresh(harmless).db_set("property", "hidden"),
	):
		closed(door, harmless, user=user)
	frappe.make_property_setter(
		{"doctype": "Customer", "doctype_or_field": "DocType", "property": "track_changes", "value": "0"}
	)
	elsewhere = frappe.get_last_doc("Property Setter", {"doc_type": "Customer", "property": "track_changes"})
	closed(
		lambda: client.set_value("Property Setter", elsewhere.name, "doc_type", "Contract Review"),
		elsewhere,
		user=user,
	)


@pytest.mark.rule("K2")
@pytest.mark.parametrize("doctype", ["Contract Review", "Review Action", "Record Snapshot"])
def test_customize_form_neither(doctype: str, user: str) -> None:
	def customized(**values: Any) -> Document:
		form = frappe.get_doc("Customize Form")
		form.doc_type = doctype
		form.fetch_to_customize()
		form.update(values)
		return form

	for values in (
		{"track_changes": 1 - (frappe.get_meta(doctype).track_changes or 0)},
		{"autoname": "hash", "naming_rule": "By script"},
		{"allow_auto_repeat": 1},
	):
		frappe.clear_cache(doctype=doctype)
		closed(lambda v=values: customized(**v).save_customization(), user=user, undo=True)

	def hidden() -> None:
		form = customized()
		form.fields[1].hidden = 1 - (form.fields[1].hidden or 0)
		form.save_customization()

	def added() -> None:
		form = customized()
		form.append(
			"fields", {"label": "Mine", "fieldtype": "Data", "is_custom_field": 1, "fieldname": "mine"}
		)
		form.save_customization()

	for door in (hidden, added):
		closed(door, user=user, undo=True)
	with as_user(ADMINISTRATOR):
		form = customized()
		form.sort_order = "ASC"
		form.save_customization()
	frappe.clear_cache(doctype=doctype)
	assert frappe.get_meta(doctype).sort_order == "ASC"


@pytest.mark.rule("K2")
def test_no_field_with_a_value_comes_to_a_record(user: str) -> None:
	for doctype in ("Contract Review", "Contract Review Answer", "Electronic Signature"):
		for kind, options in (("Data", None), ("Check", None), ("Link", "Company"), ("Table", "Sales Team")):
			values = {
				"doctype": "Custom Field",
				"dt": doctype,
				"fieldname": "mine",
				"label": "Mine",
				"fieldtype": kind,
				"options": options,
			}
			closed(lambda v=values: client.insert(v), user=user)
	field = frappe.get_doc(
		{"doctype": "Custom Field", "dt": "User", "fieldname": "mine", "label": "M", "fieldtype": "Data"}
	)
	closed(lambda: field.update({"dt": "Contract Review"}).insert(ignore_permissions=True), user=user)


@pytest.mark.rule("K2")
@pytest.mark.parametrize("developer", [0, 1])
def test_the_doctypes_are_not_changed_in_the_desk(
	user: str, developer: int, monkeypatch: pytest.MonkeyPatch
) -> None:
	monkeypatch.setitem(frappe.conf, "developer_mode", developer)
	for doctype in ("Contract Review", "Electronic Signature", "Contract Review Answer"):
		kind = frappe.get_doc("DocType", doctype)
		for name, value in {"track_changes": 0, "allow_rename": 1, "read_only": 1, "custom": 1}.items():
			if kind.get(name) == value:
				continue
			for door in doors_of(kind, **{name: value})[:6]:
				closed(door, kind, user=user)
		row = kind.fields[0]
		for door in doors_of(row, hidden=1 - row.hidden, label="Mine"):
			closed(door, kind, user=user)
		fewer = [f.as_dict() for f in kind.fields[1:]]
		closed(lambda k=kind, f=fewer: client.save(sent(k, fields=f)), kind, user=user)
		closed(lambda k=kind: frappe.rename_doc("DocType", k.name, "Mine", force=True), kind, user=user)
		closed(
			lambda k=kind: frappe.get_doc(
				{
					"doctype": "DocPerm",
					"parent": k.name,
					"parenttype": "DocType",
					"parentfield": "permissions",
					"role": "All",
					"write": 1,
					"read": 1,
				}
			).insert(ignore_permissions=True),
			kind,
			user=user,
		)


@pytest.mark.rule("K2")
def test_no_workflow_writes_into_a_record(review: Document, user: str) -> None:
	own = frappe.get_doc("Workflow", "QMS Contract Review")
	closed(
		lambda: client.set_value("Workflow", own.name, "workflow_state_field", "decision_comment"),
		own,
		review,
		user=user,
	)
	values = json.loads(frappe.copy_doc(own).as_json())
	for doctype, field in (
		("Review Action", "workflow_state"),
		("Record Snapshot", "event"),
		("Contract Review", "overrule_reason"),
	):
		new_one = {**values, "workflow_name": "Mine", "document_type": doctype, "workflow_state_field": field}
		closed(lambda v=new_one: client.insert(v), review, user=user)


@pytest.mark.rule("K2")
def test_every_right_in_the_world_opens_no_record(review: Document) -> None:
	"""Permissions are the site's; the records do not lean on them."""
	from frappe.permissions import add_permission, update_permission_property

	user = make_user("System Manager")
	rows = [
		fresh(review),
		frappe.get_last_doc("Electronic Signature"),
		frappe.get_last_doc("Record Snapshot"),
	]
	for row in rows:
		add_permission(row.doctype, "System Manager", 0)
		for right in ("write", "create", "delete", "cancel", "submit", "import"):
			with contextlib.suppress(frappe.ValidationError):
				update_permission_property(row.doctype, "System Manager", 0, right, 1, validate=False)
		frappe.share.add(row.doctype, row.name, user, write=1, share=1, notify=0)
		frappe.clear_cache(doctype=row.doctype)
		for door in doors_of(row, **{FIELD.get(row.doctype, "decision_comment"): "other"}):
			closed(door, row, user=user)


@pytest.mark.rule("K2")
def test_a_deleted_companys_data_does_not_take_records_along() -> None:
	for doctype in frappe.get_all("DocType", filters={"module": "QMS Customer", "istable": 0}, pluck="name"):
		if protect.is_ours(doctype) and not frappe.get_meta(doctype).issingle:
			assert doctype in hooks.company_data_to_be_ignored, doctype
	assert set(RECORDS) - {"QMS Customer Settings"} <= set(hooks.company_data_to_be_ignored)


# People


@pytest.mark.rule("K3")
def test_a_person_who_signed_is_not_deleted(world: c.World, review: Document, user: str) -> None:
	vp = review.decided_by
	closed(lambda: client.delete("User", vp), fresh(review), user=user, undo=True)
	closed(lambda: frappe.delete_doc("User", vp, force=True, ignore_permissions=True), user=user, undo=True)
	assert frappe.db.exists("User", vp)


@pytest.mark.rule("K2", "K5")
def test_a_persons_data_is_not_redacted_in_records(world: c.World, review: Document) -> None:
	request = new("Personal Data Deletion Request", email=review.decided_by)
	request.status = "Pending Approval"
	request.save(ignore_permissions=True)
	assert request.status == "On Hold"
	with pytest.raises(frappe.ValidationError):
		request.trigger_data_deletion()
	request.db_set("status", "Pending Approval")
	with pytest.raises(QMSRefusal):
		fresh(request)._anonymize_data()
	nobody = make_user()
	free = new("Personal Data Deletion Request", email=nobody)
	free.status = "Pending Approval"
	assert free.save(ignore_permissions=True).status == "Pending Approval"


# What stays possible


@pytest.mark.rule("K2")
def test_what_people_do_around_a_signed_record_goes_on(world: c.World, review: Document) -> None:
	before = contents.text_of(fresh(review))
	with as_user(world.sales):
		comment = timeline.add_comment(review.doctype, review.name, "Thank you", world.sales, "x")
		like.toggle_like(review.doctype, review.name, "Yes")
		like.toggle_like(review.doctype, review.name, "No")
		file = attach(review)
		add_tag("urgent", review.doctype, review.name)
		assign_to.add({"doctype": review.doctype, "name": review.name, "assign_to": [world.vp]})
	with as_user(world.vp):
		assign_to.remove(review.doctype, review.name, world.vp, ignore_permissions=True)
		frappe.share.add(review.doctype, review.name, world.sales, notify=0)
	email = email_about(review)
	kinds = set(
		frappe.get_all(
			"Comment",
			{"reference_doctype": review.doctype, "reference_name": review.name},
			pluck="comment_type",
		)
	)
	assert {"Comment", "Attachment", "Assigned", "Assignment Completed"} <= kinds and "Like" not in kinds
	for doc in (comment, file, email):
		assert frappe.db.exists(doc.doctype, doc.name)
	assert contents.text_of(fresh(review)) == before
	sound(review)


@pytest.mark.rule("K2")
def test_other_documents_are_left_alone() -> None:
	customer = frappe.get_doc("Customer", c.customer())
	comment = comment_on(customer)
	client.set_value("Comment", comment.name, "content", "changed")
	client.delete("Comment", comment.name)
	email = email_about(customer)
	client.set_value("Communication", email.name, "subject", "changed")
	client.delete("Communication", email.name)
	file = attach(customer)
	path = file.get_full_path()
	client.delete("File", file.name)
	assert not os.path.exists(path)
	frappe.make_property_setter(
		{"doctype": "Customer", "doctype_or_field": "DocType", "property": "track_changes", "value": "0"}
	)


# The trail


def logged(review: Document, who: str) -> dict[str, Document]:
	"""Have Frappe log one of each about a record, long ago."""
	about = {"reference_doctype": review.doctype, "reference_name": review.name}
	rows = {
		"Email Queue": new(
			"Email Queue",
			sender="qms@qms-test.localhost",
			status="Sent",
			message="Subject: =?utf-8?b?5ZCI5ZCM?= 17\nTo: x\n\nHello",
			recipients=[
				{"recipient": "a@x.example", "status": "Sent"},
				{"recipient": "b@x.example", "status": "Not Sent"},
			],
			**about,
		),
		"Notification Log": new(
			"Notification Log",
			subject="<b>Please</b> decide",
			type="Alert",
			for_user=who,
			from_user="Administrator",
			document_type=review.doctype,
			document_name=review.name,
		),
		"Access Log": new(
			"Access Log",
			export_from=review.doctype,
			reference_document=review.name,
			method="Print",
			file_type="PDF",
			user=who,
		),
		"Activity Log": new("Activity Log", subject="did something", user=who, status="Linked", **about),
	}
	for doctype, row in rows.items():
		long_ago = add_days(now_datetime(), -400)
		frappe.db.set_value(
			doctype, row.name, {"creation": long_ago, "modified": long_ago}, update_modified=False
		)
	return rows


def kept(review: Document, rows: dict[str, Document]) -> list[Any]:
	names = [row.name for row in rows.values()]
	return frappe.get_all(
		"Record Trail",
		filters={"source_name": ("in", names)},
		fields=["*"],
		order_by="source_doctype",
	)


@pytest.mark.rule("K2")
def test_what_frappe_cleans_up_is_kept(
	world: c.World, review: Document, committed: Callable[[], None]
) -> None:
	rows = logged(review, world.vp)
	settings = frappe.get_doc("Log Settings")
	for doctype in rows:
		settings.register_doctype(doctype, 30)
	# Nothing of ours can be cleaned up so.
	for doctype in (*LEDGERS, *RECORDS, "Version", "Comment", "Communication", "File"):
		settings.append("logs_to_clear", {"ref_doctype": doctype, "days": 1})
	settings.save()
	assert not {r.ref_doctype for r in settings.logs_to_clear} & {
		*LEDGERS,
		*RECORDS,
		"Version",
		"Comment",
		"File",
	}
	frappe.db.delete("Record Trail")
	comment, version = comment_on(review), new("Version", ref_doctype=review.doctype, docname=review.name)
	committed()
	run_log_clean_up()
	for row in rows.values():
		assert not frappe.db.exists(row.doctype, row.name), row.doctype
	lines = {line.source_doctype: line for line in kept(review, rows)}
	assert set(lines) == set(rows)
	assert {(x.reference_doctype, x.reference_name) for x in lines.values()} == {
		(review.doctype, review.name)
	}
	mail = lines["Email Queue"]
	assert mail.summary == "合同 17" and mail.to_whom == "a@x.example (Sent), b@x.example (Not Sent)"
	assert lines["Notification Log"].summary == "Please decide"
	assert lines["Access Log"].by_whom == world.vp and "PDF" in lines["Access Log"].summary
	assert lines["Activity Log"].happened_on.year < now_datetime().year
	assert frappe.db.exists("Comment", comment.name) and frappe.db.exists("Version", version.name)
	sound(review)


@pytest.mark.rule("K2")
def test_a_print_over_the_network_is_logged_and_kept(review: Document, http: Callable[..., Any]) -> None:
	admin = http()
	arguments = {"doctype": review.doctype, "name": review.name}
	assert admin.get("/printview", params=arguments).status_code == 200
	frappe.db.rollback()
	trail.keep()
	line = trail.of(review.doctype, review.name)[-1]
	assert (line.kind, line.by_whom, line.state) == ("Print or Export", "Administrator", "Print")


@pytest.mark.rule("K2")
def test_kept_once_in_few_queries_and_one_bad_row_stops_nothing(world: c.World, review: Document) -> None:
	from tests.support import sql

	rows = logged(review, world.vp)
	frappe.db.set_value("Email Queue", rows["Email Queue"].name, "message", "Subject: =?nonsense?b?x?=\n\n")
	frappe.db.set_value("Notification Log", rows["Notification Log"].name, "subject", "x" * 60000)
	waiting = new(
		"Email Queue",
		sender="x@x.example",
		status="Not Sent",
		message="",
		recipients=[],
		reference_doctype=review.doctype,
		reference_name=review.name,
	)
	other = new("Notification Log", subject="y", for_user=world.vp, document_type="User", document_name="x")
	trail.keep()
	assert len(kept(review, rows)) == 4
	assert not frappe.db.exists("Record Trail", {"source_name": ("in", (waiting.name, other.name))})
	count = frappe.db.count("Record Trail")
	trail.keep()
	assert frappe.db.count("Record Trail") == count
	many = [logged(review, world.vp) for _ in range(10)]
	with sql.count_queries() as queries:
		trail.keep()
	assert len(kept(review, many[0])) == 4 and len(kept(review, many[9])) == 4
	assert queries.count <= 40, str(queries)


@pytest.mark.rule("K2")
def test_what_somebody_deletes_of_the_logs_is_kept_too(world: c.World, review: Document) -> None:
	rows = logged(review, world.vp)
	for row in rows.values():
		frappe.delete_doc(row.doctype, row.name, force=True, ignore_permissions=True)
	assert len(kept(review, rows)) == 4
	assert [line.kind for line in trail.of(review.doctype, review.name)]
