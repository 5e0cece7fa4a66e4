"""Patient data: sealed when it is recorded, shown to whom it may be, logged, erased by a decision (K7)."""

from __future__ import annotations

from collections.abc import Callable

import frappe
import pytest
from frappe.utils import add_days, add_to_date, now_datetime, nowdate

from qms_customer.feedback import patient, patient_erase, patient_grant, patient_show
from qms_customer.feedback import patient_api as api
from qms_customer.messages import QMSRefusal
from qms_customer.records import verification
from qms_customer.rules import patient as rules
from qms_customer.rules import people as roles
from tests.support import complaints as h
from tests.support import contracts as c
from tests.support import feedback as f
from tests.support import patients as p
from tests.support.doors import nothing_changes
from tests.support.people import as_user, logged_in, make_user

MASKED = tuple(rules.MASK for _field in rules.FIELDS)
MANAGEMENT = roles.MANAGEMENT_REPRESENTATIVE
TYPES = ("Patient Data", "Patient Data Grant", "Patient Data Access")


def masks(doctype: str, name: str) -> tuple:
	return frappe.db.get_value(doctype, name, list(rules.FIELDS))


def verified(*doctypes: str) -> None:
	for doctype in (*TYPES, *doctypes):
		assert verification.verify(doctype).findings == [], doctype


# Recorded


@pytest.mark.rule("K7")
@pytest.mark.parametrize("role", rules.RECORDERS)
def test_it_is_sealed_by_who_records_it(world: c.World, role: str) -> None:
	with as_user(world.person(role)):
		doc = frappe.get_doc(f.values(**p.PATIENT)).insert()
		assert tuple(doc.get(field) for field in rules.FIELDS) == MASKED
		# Edited: one is known better, one was wrong, two stay; what is no mask of ours says nothing.
		doc.patient_age, doc.patient_sex = "62 y", ""
		doc.save()
		empty = frappe.get_doc(f.values(patient_age=rules.MASK)).insert()
	assert masks(f.FEEDBACK, doc.name) == (rules.MASK, rules.MASK, None, rules.MASK)
	assert p.read(world.person(roles.QUALITY), doc) == {
		"patient_reference": p.PATIENT["patient_reference"],
		"patient_age": "62 y",
		"patient_details": p.PATIENT["patient_details"],
	}
	assert masks(f.FEEDBACK, empty.name) == (None,) * 4 and not patient.of(empty.name)
	events = frappe.get_all(
		"Record Snapshot",
		{"reference_doctype": "Patient Data", "reference_name": patient.of(doc.name).name},
		["event", "recorded_by"],
		order_by="sequence",
	)
	assert [e.event for e in events] == ["Patient Data Recorded", "Patient Data Changed"]
	assert {e.recorded_by for e in events} == {world.person(role)}
	verified(f.FEEDBACK)


@pytest.mark.rule("K7")
def test_who_may_not_record_it_neither_writes_nor_wipes_it_out(world: c.World) -> None:
	with as_user(world.sales):
		own = frappe.get_doc(f.values(**p.PATIENT)).insert()
	assert masks(f.FEEDBACK, own.name) == (None,) * 4 and not patient.of(own.name)
	doc = p.recorded(world)
	sealed = patient.of(doc.name).sealed
	with as_user(world.sales):
		frappe.client.set_value(f.FEEDBACK, doc.name, "subject", "Leaks")
		frappe.client.set_value(f.FEEDBACK, doc.name, "patient_details", "None")
		frappe.client.save({**frappe.client.get(f.FEEDBACK, doc.name), "patient_age": ""})
	assert masks(f.FEEDBACK, doc.name) == MASKED and patient.of(doc.name).sealed == sealed


@pytest.mark.rule("K7")
def test_the_complaint_uses_the_same_and_what_becomes_known_is_recorded(
	world: c.World, monkeypatch: pytest.MonkeyPatch
) -> None:
	from qms_customer.feedback import complaint_api

	feedback = p.recorded(world, patient_sex="")
	doc = frappe.get_doc(h.COMPLAINT, f.assess(world, feedback, "Complaint").complaint)
	assert masks(h.COMPLAINT, doc.name) == (rules.MASK, rules.MASK, None, rules.MASK)
	values = {"patient_sex": "F zx", "patient_age": " "}
	for user in (world.sales, world.person(roles.AUDITOR), world.gm, "Administrator"):
		with as_user(user), pytest.raises((QMSRefusal, frappe.PermissionError)), nothing_changes(doc):
			api.record(doc.name, h.shown(doc), values)
	service = world.person(roles.SERVICE)
	with as_user(service):
		for wrong in ({}, {"patient_sex": " "}, {"details": "x"}, {"patient_sex": ["x"]}, "no"):
			with pytest.raises(QMSRefusal, match="K7"), nothing_changes(doc):
				api.record(doc.name, h.shown(doc), wrong)
		with pytest.raises(QMSRefusal, match="C12"):
			api.record(doc.name, "another", values)
		api.record(doc.name, h.shown(doc), values)
		assert "Patient Data Recorded" in frappe.get_all(
			"Record Snapshot", {"reference_name": doc.name, "recorded_by": service}, pluck="event"
		)
		complaint_api.get_complaint(doc.name)
	assert p.read(world.person(roles.QUALITY), doc.reload()) == p.PATIENT
	assert masks(h.COMPLAINT, doc.name) == masks(f.FEEDBACK, feedback.name) == MASKED
	verified(f.FEEDBACK, h.COMPLAINT)
	with h.regulators(monkeypatch):
		closed = h.closed(world)
	with as_user(service), pytest.raises(QMSRefusal, match="H5"), nothing_changes(closed):
		api.record(closed.name, h.shown(closed), values)


# Shown, and logged


@pytest.mark.rule("K7")
@pytest.mark.parametrize("role", [*roles.ROLES, "Administrator"])
def test_who_reads_it_and_that_it_is_logged(world: c.World, role: str) -> None:
	doc = p.recorded(world)
	user = role if role == "Administrator" else world.person(role)
	if role in rules.READERS:
		assert p.read(user, doc) == p.PATIENT
		(entry,) = p.accesses(doc)
		assert (entry.user, entry.how, entry.role, entry.patient_data_grant) == (user, "Form", role, None)
	else:
		with pytest.raises(QMSRefusal, match="K7: Patient data is read by"):
			p.read(user, doc)
		with as_user(user):
			assert "show" not in patient_show.state(f.FEEDBACK, doc.name)["may"]
		assert p.accesses(doc) == []
	with as_user(user):
		seen = (
			frappe.has_permission("Patient Data Access", "read"),
			frappe.has_permission("Patient Data Access", "write"),
		)
	assert seen[0] is (role in (MANAGEMENT, roles.AUDITOR, "Administrator"))
	verified()


@pytest.mark.rule("K7")
def test_by_whom_it_is_never_read(world: c.World, monkeypatch: pytest.MonkeyPatch) -> None:
	doc, quality = p.recorded(world), world.person(roles.QUALITY)
	nobody, concerned = make_user(roles.QUALITY), make_user("System Manager")
	frappe.db.set_value("User", nobody, "enabled", 0)
	for user in (nobody, concerned):
		with as_user(user), pytest.raises((QMSRefusal, frappe.PermissionError)):
			patient_show.show(f.FEEDBACK, doc.name)
	with as_user(quality):
		# In a job, and in a session that somebody else has taken.
		with monkeypatch.context() as m:
			m.setattr(frappe.local, "job", frappe._dict(site="x"), raising=False)
			with pytest.raises(QMSRefusal, match="K7"):
				patient_show.show(f.FEEDBACK, doc.name)
		with monkeypatch.context() as m:
			m.setitem(frappe.session, "data", frappe._dict(impersonated_by="Administrator"))
			with pytest.raises(QMSRefusal, match="K7"):
				patient_show.show(f.FEEDBACK, doc.name)
		for doctype in ("Customer", "customer feedback", "Patient Data"):
			with pytest.raises(QMSRefusal, match="holds no patient data"):
				patient_show.show(doctype, doc.name)
		with pytest.raises(QMSRefusal, match="Nothing is recorded"):
			patient_show.show(f.FEEDBACK, f.recorded(world).name)
	assert p.accesses(doc) == []


@pytest.mark.rule("K7")
def test_what_was_put_in_past_the_record_is_not_shown(world: c.World) -> None:
	one, other = p.recorded(world), p.recorded(world, patient_age="12 y")
	sealed = patient.of(other.name).sealed
	frappe.db.set_value("Patient Data", patient.of(one.name).name, "sealed", sealed)
	with pytest.raises(QMSRefusal, match="is not what was recorded"):
		p.read(world.person(roles.QUALITY), one)


@pytest.mark.rule("K7")
def test_a_print_with_it_is_made_in_one_place_and_logged(world: c.World) -> None:
	doc, quality = p.recorded(world), world.person(roles.QUALITY)
	with as_user(quality):
		assert patient_show.printed(doc) == {}
		assert p.leaks(frappe.get_print(f.FEEDBACK, doc.name)) == []
		html = patient_show.print_form(f.FEEDBACK, doc.name)
		assert "PZX-9417" in html and "zxq ward" in html
		assert patient_show.printed(doc) == {}
	assert [entry.how for entry in p.accesses(doc)] == ["Print"]
	for user in (world.sales, world.person(roles.AUDITOR)):
		with as_user(user), pytest.raises(QMSRefusal, match="K7"):
			patient_show.print_form(f.FEEDBACK, doc.name)
	assert masks(f.FEEDBACK, doc.name) == MASKED


@pytest.mark.rule("K7")
def test_what_was_read_stays_logged_though_all_else_is_rolled_back(
	world: c.World, committed: Callable[[], None]
) -> None:
	doc, quality = p.recorded(world), world.person(roles.QUALITY)
	committed()
	with as_user(quality):
		assert patient_show.show(f.FEEDBACK, doc.name)
		frappe.db.rollback()
		committed()
	assert [entry.user for entry in p.accesses(doc)] == [quality]
	verified()


# Granted


@pytest.mark.rule("K7")
def test_the_auditor_reads_what_is_granted_and_nothing_else(world: c.World) -> None:
	auditor, doc = world.person(roles.AUDITOR), p.recorded(world)
	other = p.recorded(world)
	complaint = frappe.get_doc(h.COMPLAINT, f.assess(world, doc, "Complaint").complaint)
	grant = p.granted(world, auditor, doc)
	assert p.read(auditor, complaint) == p.read(auditor, doc) == p.PATIENT
	assert {e.patient_data_grant for e in p.accesses(doc)} == {grant.name}
	with pytest.raises(QMSRefusal, match="K7"):
		p.read(auditor, other)
	# Lists and exports stay as they are.
	with as_user(auditor):
		assert not frappe.client.get(f.FEEDBACK, doc.name).get("patient_details")
		assert "show" in patient_show.state(h.COMPLAINT, complaint.name)["may"]
	# It ends by itself.
	frappe.db.set_value("Patient Data Grant", grant.name, "valid_until", add_days(nowdate(), -1))
	with pytest.raises(QMSRefusal, match="K7"):
		p.read(auditor, doc)
	whole = p.granted(world, auditor, doc, add_days(nowdate(), 3), whole=True)
	assert p.read(auditor, other) == p.PATIENT
	frappe.db.set_value(f.FEEDBACK, other.name, "company", "Another")
	with pytest.raises(QMSRefusal, match="K7"):
		p.read(auditor, other)
	# And is taken back.
	with as_user(world.person(MANAGEMENT)):
		with pytest.raises(QMSRefusal, match="why it is revoked"):
			api.revoke(whole.name, "/")
		api.revoke(whole.name, "The audit is over")
		with pytest.raises(QMSRefusal, match="ended already"):
			api.revoke(whole.name, "Once more")
	with pytest.raises(QMSRefusal, match="K7"):
		p.read(auditor, doc)
	assert h.meanings(whole) == ["Patient Data Granted", "Grant of Patient Data Revoked"]
	assert "zx" not in frappe.as_json(frappe.get_all("Notification Log", fields=["*"]))


@pytest.mark.rule("K7")
def test_who_grants_and_to_whom(world: c.World) -> None:
	auditor, doc, manager = world.person(roles.AUDITOR), p.recorded(world), world.person(MANAGEMENT)
	given = {"doctype": f.FEEDBACK, "name": doc.name, "reason": "Audit", "until": nowdate()}
	count = frappe.db.count("Patient Data Grant")
	for user in (world.person(roles.QUALITY), world.gm, auditor, world.sales, "Administrator"):
		with as_user(user), pytest.raises(QMSRefusal, match="granted and erased by"):
			api.grant(**given, grantee=auditor)
	for grantee in (manager, "Administrator", "Guest", "nobody@x.example", ""):
		with as_user(manager), pytest.raises(QMSRefusal, match="K7"):
			api.grant(**given, grantee=grantee)
	with logged_in(manager), pytest.raises(QMSRefusal, match="K3"):
		api.grant(**given, grantee=auditor)
	for user in (manager, auditor, "Administrator"):
		with as_user(user), pytest.raises((QMSRefusal, frappe.PermissionError)):
			frappe.client.insert(
				{
					"doctype": "Patient Data Grant",
					"grantee": auditor,
					"company": doc.company,
					"valid_until": nowdate(),
					"reason": "Audit",
				}
			)
	assert frappe.db.count("Patient Data Grant") == count


# Erased


def old(doc: frappe.model.document.Document, years: int) -> None:
	on = add_to_date(now_datetime(), years=-years, days=-1)
	frappe.db.set_value(doc.doctype, doc.name, "closed_on", on)


def todos(name: str) -> list[str]:
	return frappe.get_all(
		"ToDo",
		{"reference_type": "Patient Data", "reference_name": name, "status": "Open"},
		pluck="allocated_to",
	)


@pytest.mark.rule("K7", "K5")
def test_it_is_erased_by_a_decision_and_the_record_stays(
	world: c.World, monkeypatch: pytest.MonkeyPatch
) -> None:
	with h.regulators(monkeypatch):
		doc = h.closed(world, **p.PATIENT)
	feedback = frappe.get_doc(f.FEEDBACK, doc.feedback)
	data = patient.of(feedback.name)
	given = {"doctype": h.COMPLAINT, "name": doc.name}
	manager = world.person(MANAGEMENT)
	with as_user(manager), pytest.raises(QMSRefusal, match="once feedback and complaint are closed"):
		# The feedback of the helper is not closed yet.
		api.erase(**given, reason="The patient asked for it")
	frappe.db.set_value(f.FEEDBACK, feedback.name, "closed_on", now_datetime())
	for user in (world.person(roles.QUALITY), world.gm, world.person(roles.AUDITOR), "Administrator"):
		with as_user(user), pytest.raises(QMSRefusal, match="granted and erased by"), nothing_changes(data):
			api.erase(**given, reason="The patient asked for it")
	with as_user(manager), pytest.raises(QMSRefusal, match="Say why"), nothing_changes(data):
		api.erase(**given, reason="/")
	with logged_in(manager), pytest.raises(QMSRefusal, match="K3"), nothing_changes(data):
		api.erase(**given, reason="The patient asked for it")
	assert p.tables_with(data.sealed[:60]) == ["tabPatient Data"]
	with as_user(manager):
		assert "erase" in patient_show.state(**given)["may"]
		api.erase(**given, reason="The patient asked for it")
		assert patient_show.state(**given)["may"] == ["grant"]
	assert p.tables_with(*p.WORDS, data.sealed[:60]) == []
	stays = patient.of(feedback.name)
	assert (stays.erased_by, stays.erase_reason, stays.sealed) == (manager, "The patient asked for it", None)
	assert h.meanings(stays) == ["Patient Data Erased"]
	assert masks(h.COMPLAINT, doc.name) == masks(f.FEEDBACK, feedback.name) == (None,) * 4
	# The complaint is closed as it was.
	assert doc.reload().workflow_state == "Complaint Closed"
	verified(h.COMPLAINT)
	for user in (manager, world.person(roles.QUALITY)):
		with pytest.raises(QMSRefusal, match=r"was erased on .* by"):
			p.read(user, doc)
	with as_user(manager), pytest.raises(QMSRefusal, match="no patient data to erase"):
		api.erase(**given, reason="Once more")


@pytest.mark.rule("K7", "K5")
def test_the_management_representative_is_asked_after_its_years(world: c.World) -> None:
	manager = world.person(MANAGEMENT)
	docs = [f.assess(world, p.recorded(world), "Not a Complaint") for _n in range(3)]
	ended, young, still_open = docs
	for doc in (ended, young):
		f.answer(world, doc)
	old(ended, 2)
	old(young, 1)
	names = {doc.name: patient.of(doc.name).name for doc in docs}
	settings = frappe.get_doc("QMS Customer Settings")

	def asked(years: int) -> list[list[str]]:
		frappe.db.set_single_value(settings.doctype, "patient_data_years", years)
		frappe.clear_document_cache(settings.doctype, settings.doctype)
		patient_erase.remind()
		patient_erase.remind()
		return [todos(names[doc.name]) for doc in (ended, young, still_open)]

	assert asked(0) == [[], [], []]
	assert asked(2) == [[manager], [], []]
	assert p.read(manager, ended) == p.PATIENT
	with as_user(manager):
		patient_erase.erase(frappe.get_doc(f.FEEDBACK, ended.name), "Two years are over")
	assert asked(1) == [[], [manager], []]
	verified()


# The doors of grants, logs and what is sealed


@pytest.mark.rule("K7")
def test_nobody_writes_the_log_a_grant_or_what_is_sealed_by_another_door(world: c.World) -> None:
	doc, auditor = p.recorded(world), world.person(roles.AUDITOR)
	grant = p.granted(world, auditor, doc)
	p.read(auditor, doc)
	log = frappe.get_doc("Patient Data Access", p.accesses(doc)[0].name)
	data = patient.of(doc.name)
	fields = {"Patient Data": "seal", "Patient Data Grant": "reason", "Patient Data Access": "user_name"}
	for user in ("Administrator", world.person(MANAGEMENT), world.person(roles.QUALITY), auditor):
		for one in (data, grant, log):
			field = fields[one.doctype]
			doors = (
				lambda one=one, field=field: frappe.client.set_value(one.doctype, one.name, field, "x"),
				lambda one=one, field=field: frappe.get_doc(one.doctype, one.name).db_set(field, "x"),
				lambda one=one: frappe.delete_doc(one.doctype, one.name, force=True),
				lambda one=one: frappe.rename_doc(one.doctype, one.name, f"{one.name}-2", force=True),
				lambda one=one: frappe.client.insert(
					{**one.as_dict(), "name": None, "feedback": f.recorded(world).name}
				),
			)
			for door in doors:
				with as_user(user), nothing_changes(data, grant, log):
					with pytest.raises((QMSRefusal, frappe.PermissionError, frappe.ValidationError)):
						door()
	verified()
	frappe.db.sql("delete from `tabPatient Data Access` where name = %s", log.name)
	(found,) = verification.verify("Patient Data Access").findings
	assert found.name == log.name


@pytest.mark.rule("K7")
def test_showing_costs_the_same_however_much_there_is(world: c.World) -> None:
	from tests.support.sql import count_queries

	doc, auditor = p.recorded(world), world.person(roles.AUDITOR)
	p.granted(world, auditor, doc)
	counted = []
	for _round in range(2):
		p.read(auditor, doc)
		with as_user(auditor):
			patient_show.state(f.FEEDBACK, doc.name)
			with count_queries() as queries:
				patient_show.show(f.FEEDBACK, doc.name)
		counted.append(queries.count)
		for _number in range(3):
			p.read(world.person(roles.QUALITY), p.recorded(world))
			p.granted(world, auditor, doc)
	assert counted[0] == counted[1]
	assert patient_grant.right(auditor, doc)[1]
