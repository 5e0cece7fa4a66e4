"""A complaint is closed by two people who did not handle it; a later entry opens it again (H5, C12)."""

from __future__ import annotations

from collections.abc import Iterator

import frappe
import pytest
from frappe.model.document import Document

from qms_customer.feedback import closing, complaints, reopening
from qms_customer.messages import QMSRefusal
from qms_customer.rules import complaint as rules
from qms_customer.rules import people as roles
from qms_customer.rules.patient import MASK
from tests.support import complaints as h
from tests.support import contracts as c
from tests.support.doors import nothing_changes
from tests.support.people import as_user, logged_in, make_user

MANAGEMENT = roles.MANAGEMENT_REPRESENTATIVE


@pytest.fixture(autouse=True)
def _decided(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
	"""Regulators' decisions are a matter of their own."""
	with h.regulators(monkeypatch):
		yield


@pytest.mark.rule("H5", "C12")
def test_two_people_close_who_did_not_handle_it(world: c.World) -> None:
	doc, other = h.to_close(world), h.second_quality(world)
	management = world.person(MANAGEMENT)
	h.do(other, "close", doc, "/")
	assert (doc.workflow_state, doc.docstatus) == (rules.CLOSING, 0)
	# Only who is missing is still asked.
	assert other not in h.todos(doc) and management in h.todos(doc)
	with nothing_changes(doc), pytest.raises(QMSRefusal, match="H5: this role has signed"):
		h.do(other, "close", doc, "/")
	h.do(management, "close", doc, "Nothing left to do")
	assert (doc.workflow_state, doc.docstatus) == (rules.CLOSED, 1)
	assert doc.closed_on and not h.todos(doc)
	assert [(r.role, r.closed_by) for r in doc.closings] == [(roles.QUALITY, other), (MANAGEMENT, management)]
	assert h.meanings(doc)[-2:] == [closing.CLOSED] * 2
	h.verified(doc)


@pytest.mark.rule("H5", "C12")
def test_whoever_handled_it_does_not_close_it(world: c.World) -> None:
	quality, service = world.person(roles.QUALITY), world.person(roles.SERVICE)
	doc = h.to_close(world)
	assert {quality, service} <= closing.handlers(doc)
	assert quality not in h.todos(doc)
	with nothing_changes(doc), pytest.raises(QMSRefusal, match="H5: you handled this complaint"):
		h.do(quality, "close", doc, "/")
	# Another role changes nothing about it.
	frappe.get_doc("User", service).add_roles(roles.QUALITY, MANAGEMENT)
	with nothing_changes(doc), pytest.raises(QMSRefusal, match="H5: you handled this complaint"):
		h.do(service, "close", doc, "/")


@pytest.mark.rule("H5", "C12")
def test_who_did_an_action_or_answers_for_it_has_handled_it(world: c.World) -> None:
	owner = make_user(MANAGEMENT, roles.QUALITY)
	doc = h.complaint(world)
	h.do(world.person(roles.QUALITY), "hand_over", doc, owner)
	assert owner in closing.handlers(doc)


@pytest.mark.rule("H5", "C12")
def test_one_person_with_both_roles_signs_once(world: c.World) -> None:
	both = make_user(roles.QUALITY, MANAGEMENT)
	doc = h.to_close(world)
	h.do(both, "close", doc, "/")
	with nothing_changes(doc), pytest.raises(QMSRefusal, match=r"H5: .*two people|H5: this role"):
		h.do(both, "close", doc, "/")
	assert doc.workflow_state == rules.CLOSING


@pytest.mark.rule("H5", "C12", "K3")
def test_administrator_and_other_roles_close_nothing(world: c.World) -> None:
	doc = h.to_close(world)
	for user in ("Administrator", world.gm, world.second_sales(), world.person(roles.AUDITOR)):
		with nothing_changes(doc), pytest.raises(QMSRefusal):
			h.do(user, "close", doc, "/")
	# Nor is it closed without a password, or without a word.
	with logged_in(world.person(MANAGEMENT)), nothing_changes(doc), pytest.raises(QMSRefusal, match="K3"):
		closing.close(doc.name, h.shown(doc), "/")
	with nothing_changes(doc), pytest.raises(QMSRefusal, match="K1"):
		h.do(world.person(MANAGEMENT), "close", doc, " ")


@pytest.mark.rule("H5")
def test_what_is_not_done_is_not_closed(world: c.World) -> None:
	doc, management = h.complaint(world), world.person(MANAGEMENT)
	for step in (lambda d: d, lambda d: h.investigated(world, d), lambda d: h.acted(world, d)):
		doc = step(doc)
		with nothing_changes(doc), pytest.raises(QMSRefusal, match=r"H5: .*not at this step"):
			h.do(management, "close", doc, "/")


@pytest.mark.rule("H5", "L3")
def test_where_nobody_may_close_it_is_said(world: c.World) -> None:
	doc, other = h.to_close(world), h.second_quality(world)
	assert closing.who_closes(doc) == [other]
	frappe.db.set_value("User", other, "enabled", 0)
	assert closing.who_closes(doc) == []


# Entries after a signature


@pytest.mark.rule("H5")
def test_nothing_is_written_behind_a_signature(world: c.World) -> None:
	quality = world.person(roles.QUALITY)
	doc = h.to_close(world)
	h.do(h.second_quality(world), "close", doc, "/")
	with nothing_changes(doc), pytest.raises(QMSRefusal, match="H5: The closing is signed already"):
		h.rated(world, doc)
	h.do(world.person(MANAGEMENT), "close", doc, "/")
	for step, args in (
		("rate", ("Minor", "Remote", "Low")),
		("describe", ({"details": "Otherwise"},)),
		("hand_over", (quality,)),
		("add_action", ("Correction", "More", quality, "2999-01-01")),
		("decide_actions", ("Otherwise",)),
		("check_effectiveness", ("Yes", "It is")),
		("propose_none", ("Not worth it",)),
	):
		with nothing_changes(doc), pytest.raises(QMSRefusal, match="H5: The complaint is closed"):
			h.do(quality, step, doc, *args)


@pytest.mark.rule("H5")
def test_it_is_opened_again_with_a_reason_and_closed_anew(world: c.World) -> None:
	doc, service = h.closed(world), world.person(roles.SERVICE)
	with nothing_changes(doc), pytest.raises(QMSRefusal, match=r"H5: .*Say why"):
		h.do(service, "reopen", doc, "Reply", "/")
	with nothing_changes(doc), pytest.raises(QMSRefusal, match="H5: Say from which step"):
		h.do(service, "reopen", doc, "Somewhere", "He called again")
	with nothing_changes(doc), pytest.raises(QMSRefusal, match=r"H5: .*opened again by"):
		h.do(world.person(roles.AUDITOR), "reopen", doc, "Reply", "He called again")
	h.do(service, "reopen", doc, "Reply", "He called again")
	assert (doc.workflow_state, doc.docstatus, doc.closed_on) == (rules.REPLYING, 1, None)
	with nothing_changes(doc), pytest.raises(QMSRefusal, match=r"H5: .*is open"):
		h.do(service, "reopen", doc, "Reply", "He called again")
	h.verified(doc)
	h.replied(world, doc, message="It is glued better now")
	assert doc.workflow_state == rules.CLOSING
	# What was signed before does not close it, and the same people may sign again.
	h.do(h.second_quality(world), "close", doc, "/")
	h.do(world.person(MANAGEMENT), "close", doc, "/")
	assert (doc.workflow_state, doc.docstatus, len(doc.closings)) == (rules.CLOSED, 1, 4)
	assert reopening.REOPENED in h.meanings(doc)
	h.verified(doc)


@pytest.mark.rule("H5")
@pytest.mark.parametrize(
	("again", "state"),
	[
		("Investigation", rules.INVESTIGATING),
		("Actions", rules.ACTING),
		("Reply", rules.REPLYING),
		("Effectiveness", rules.CLOSING),
		("Closing", rules.CLOSING),
	],
)
def test_what_follows_the_step_is_void(world: c.World, again: str, state: str) -> None:
	doc = h.closed(world)
	h.do(world.person(roles.QUALITY), "reopen", doc, again, "Something came up")
	assert doc.workflow_state == state
	if again == "Investigation":
		h.replied(world, h.acted(world, h.investigated(world, doc)))
		assert doc.workflow_state == rules.CLOSING
	h.verified(doc)


def mail(doc: Document, direction: str = "Received") -> None:
	frappe.get_doc(
		{
			"doctype": "Communication",
			"communication_type": "Communication",
			"communication_medium": "Email",
			"sent_or_received": direction,
			"subject": "It leaks again",
			"content": "See above",
			"sender": "gu@hospital.example",
			"reference_doctype": doc.doctype,
			"reference_name": doc.name,
		}
	).insert(ignore_permissions=True)


@pytest.mark.rule("H5")
def test_a_mail_or_a_comment_is_a_later_entry(world: c.World) -> None:
	doc = h.closed(world)
	mail(doc, "Sent")
	assert doc.reload().workflow_state == rules.CLOSED
	mail(doc)
	assert doc.reload().workflow_state == rules.CLOSING
	assert "It leaks again" in doc.reopenings[0].reason
	assert world.person(MANAGEMENT) in h.todos(doc)
	h.do(h.second_quality(world), "close", doc, "/")
	with as_user(world.second_sales()):
		doc.add_comment("Comment", "He <b>called</b>")
	assert not closing.missing(doc.reload()) or len(closing.missing(doc)) == 2
	assert len(doc.reopenings) == 2
	h.verified(doc)


@pytest.mark.rule("H5", "H4")
def test_what_is_open_again_elsewhere_opens_it_again(world: c.World, monkeypatch: pytest.MonkeyPatch) -> None:
	doc = h.closed(world)
	with h.regulators(monkeypatch, undecided=True):
		complaints.follow(doc.name)
		assert doc.reload().workflow_state == rules.ACTING and len(doc.reopenings) == 1
	complaints.follow(doc.name)
	# Decided again, it is still closed anew by two people.
	assert doc.reload().workflow_state == rules.CLOSING
	h.verified(doc)


# Other doors


@pytest.mark.rule("C11", "C12")
def test_steps_are_not_written_past_their_functions(world: c.World, actors: tuple[str, ...]) -> None:
	doc = h.to_close(world)
	for user in (world.person(roles.QUALITY), "Administrator", *actors[:1]):
		for field, value in (
			("workflow_state", rules.CLOSED),
			("severity", "Low"),
			("investigated_on", "2026-01-01 00:00:00"),
			("closed_on", "2026-01-01 00:00:00"),
			("aware_on", "2026-01-01 00:00:00"),
			("check_needed", 1),
			("patient_details", "Nothing"),
		):
			with as_user(user), nothing_changes(doc), pytest.raises((QMSRefusal, frappe.PermissionError)):
				frappe.client.set_value(h.COMPLAINT, doc.name, field, value)
		for act in (
			lambda: frappe.get_doc(h.COMPLAINT, doc.name).submit(),
			lambda: frappe.delete_doc(h.COMPLAINT, doc.name, force=True),
			lambda: frappe.rename_doc(h.COMPLAINT, doc.name, "CC-0"),
			lambda: frappe.model.workflow.apply_workflow(
				frappe.get_doc(h.COMPLAINT, doc.name), "Close Complaint"
			),
		):
			with as_user(user), nothing_changes(doc):
				with pytest.raises((QMSRefusal, frappe.PermissionError, frappe.ValidationError)):
					act()


@pytest.mark.rule("C11")
def test_nobody_makes_or_edits_one_by_hand(world: c.World) -> None:
	doc = h.closed(world)
	for user in (world.person(roles.QUALITY), "Administrator"):
		with as_user(user):
			with pytest.raises((QMSRefusal, frappe.PermissionError)):
				frappe.get_doc({"doctype": h.COMPLAINT, "customer": doc.customer}).insert()
			with nothing_changes(doc), pytest.raises((QMSRefusal, frappe.PermissionError)):
				copy = frappe.get_doc(h.COMPLAINT, doc.name)
				copy.closings[0].closed_by = user
				copy.save()
			with nothing_changes(doc), pytest.raises((QMSRefusal, frappe.PermissionError)):
				frappe.get_doc(h.COMPLAINT, doc.name).cancel()


@pytest.mark.rule("C12")
def test_an_older_view_moves_nothing(world: c.World) -> None:
	from qms_customer.feedback import complaint_api as api

	doc = h.to_close(world)
	old = h.shown(doc)
	h.do(h.second_quality(world), "close", doc, "/")
	with as_user(world.person(MANAGEMENT)), nothing_changes(doc), pytest.raises(QMSRefusal, match="C12"):
		api.close(doc.name, old, "/")


@pytest.mark.rule("K7")
def test_what_is_known_of_the_patient_is_masked(world: c.World) -> None:
	doc = h.closed(world)
	for role, records in (
		(roles.QUALITY, True),
		(MANAGEMENT, True),
		(roles.SERVICE, True),
		(roles.SALES_USER, False),
		(roles.AUDITOR, False),
	):
		with as_user(world.person(role)):
			one = frappe.get_doc(h.COMPLAINT, doc.name)
			one.apply_fieldlevel_read_permissions()
			(row,) = frappe.get_list(
				h.COMPLAINT, filters={"name": doc.name}, fields=["name", "patient_reference"]
			)
			mask = MASK if records else None
			assert one.get("patient_details") == row.get("patient_reference") == mask, role
	for content in frappe.get_all("Record Snapshot", {"reference_name": doc.name}, pluck="content"):
		assert "Fever" not in content and "P-17" not in content


@pytest.mark.rule("L1")
def test_who_may_not_read_it_moves_nothing(world: c.World) -> None:
	from qms_customer.feedback import complaint_api as api

	doc = h.to_close(world)
	with as_user(make_user("Stock User")):
		for act in (
			lambda: api.get_complaint(doc.name),
			lambda: api.close(doc.name, h.shown(doc), "/"),
			lambda: api.preview_reply(doc.name, "x"),
		):
			with pytest.raises(frappe.PermissionError):
				act()


@pytest.mark.rule("K2")
def test_what_is_written_carries_no_script(world: c.World) -> None:
	doc = h.complaint(world)
	h.replied(world, doc, kind="Interim", message="<p>Hello</p><script>alert(1)</script>")
	assert "<script" not in doc.reply[0].message
	h.do(world.person(roles.SERVICE), "describe", doc, {"details": '<img src=x onerror="alert(1)">'})
	assert "onerror" not in doc.details


@pytest.mark.rule("H5")
def test_a_complaint_that_was_closed_in_the_database_is_found(world: c.World) -> None:
	from qms_customer.records import verification

	doc = h.to_close(world)
	table = frappe.qb.DocType(h.COMPLAINT)
	frappe.qb.update(table).set(table.workflow_state, rules.CLOSED).where(table.name == doc.name).run()
	assert verification.verify(h.COMPLAINT, doc.name).findings
