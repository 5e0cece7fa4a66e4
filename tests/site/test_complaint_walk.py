"""A complaint from the telephone to its closing, each step by the people who do it, with the regulators' own
decisions (H1-H5, C12).
"""

from __future__ import annotations

import frappe
import pytest
from frappe.utils import add_to_date, now_datetime, nowdate

from qms_customer.feedback import closing, complaint_api, investigation
from qms_customer.feedback import reporting_api as api
from qms_customer.messages import QMSRefusal
from qms_customer.rules import complaint as states
from qms_customer.rules import people as roles
from qms_customer.rules import reportability as rules
from tests.support import advisory
from tests.support import complaints as h
from tests.support import contracts as c
from tests.support import feedback as f
from tests.support import reported as r
from tests.support.doors import nothing_changes
from tests.support.people import as_user, make_user

MANAGEMENT = roles.MANAGEMENT_REPRESENTATIVE
FDA, EU = rules.FDA, rules.EU


def from_the_telephone(world: c.World) -> tuple[frappe.model.document.Document, str]:
	"""Return a complaint that Sales has recorded and Service has assessed, and its feedback."""
	one = f.recorded(
		world,
		customer=c.customer(),
		item_code=r.device(FDA, EU),
		contact_name="Dr Gu",
		contact_phone="+86 10 5555",
		serial_no="SN-5",
		received_on=add_to_date(now_datetime(), days=-3),
		aware_on=add_to_date(now_datetime(), days=-4),
	)
	one = f.assess(world, one, "Complaint", user=world.person(roles.SERVICE))
	return frappe.get_doc(h.COMPLAINT, one.complaint), one.name


@pytest.mark.rule("H1", "H2", "H3", "H4", "H5", "I1", "C12")
def test_from_the_telephone_to_the_closing(world: c.World) -> None:
	doc, feedback = from_the_telephone(world)
	assert {d.regime for d in (r.of(doc, FDA), r.of(doc, EU))} == {FDA, EU}
	assert doc.aware_on == frappe.db.get_value(f.FEEDBACK, feedback, "aware_on")

	h.investigated(world, doc)
	r.answer(world, doc, serious_injury="Yes")
	h.acted(world, doc)
	# Undecided is not "no": nothing moves on before every regime is decided.
	assert doc.workflow_state == states.ACTING
	r.decide(world, r.of(doc, FDA), rules.REPORTABLE, "A serious injury")
	assert doc.reload().workflow_state == states.ACTING
	decision = r.decide(world, r.of(doc, EU), rules.REPORTABLE, "A serious incident")
	assert doc.reload().workflow_state == states.REPLYING
	h.replied(world, doc)
	assert doc.workflow_state == states.CLOSING

	# What is owed to a regulator is sent before two others close.
	other, management = h.second_quality(world), world.person(MANAGEMENT)
	with nothing_changes(doc), pytest.raises(QMSRefusal, match="H4: Something is owed to the regulator"):
		h.do(other, "close", doc, "/")
	r.send(world, r.of(doc, FDA), number="FDA-1")
	with (
		nothing_changes(doc),
		pytest.raises(QMSRefusal, match=f"H4: Something is owed to the regulator .*: {EU}"),
	):
		h.do(other, "close", doc, "/")
	r.send(world, decision, what=decision.clocks[0].what, number="EU-1")
	# A serious injury: users may have to be told, and nobody has decided that yet.
	with nothing_changes(doc), pytest.raises(QMSRefusal, match="I1: Whether users are told"):
		h.do(other, "close", doc, "/")
	with as_user(other):
		assert "I1: Whether users are told" in complaint_api.get_complaint(doc.name)["html"]
	advisory.decided(world, doc)
	# It was investigated before it was reportable: what such a record holds is asked for now.
	with nothing_changes(doc), pytest.raises(QMSRefusal, match="H4: The event is reportable: fill in"):
		h.do(other, "close", doc, "/")
	event = {"failed_specification": "Yes", "used_for": "Treatment", "event_relation": "The leak caused it"}
	with nothing_changes(doc), pytest.raises(QMSRefusal, match="H3: Complaints are handled by"):
		h.do(world.person(roles.SERVICE), "complete_event", doc, event)
	with nothing_changes(doc), pytest.raises(QMSRefusal, match="H4: The event is reportable"):
		h.do(world.person(roles.QUALITY), "complete_event", doc, {**event, "event_relation": "/"})
	with nothing_changes(doc), pytest.raises(QMSRefusal, match="H4: Perhaps is no answer"):
		h.do(world.person(roles.QUALITY), "complete_event", doc, {**event, "used_for": "Perhaps"})
	h.do(world.person(roles.QUALITY), "complete_event", doc, event)
	assert h.meanings(doc)[-1] == investigation.EVENT_COMPLETED
	h.do(other, "close", doc, "/")
	h.do(management, "close", doc, "/")
	assert doc.workflow_state == states.CLOSED
	assert h.meanings(doc)[-2:] == [closing.CLOSED] * 2
	h.verified(doc)

	# The regulator asks: a later entry. Two people close it anew.
	question = {
		"direction": rules.FROM,
		"kind": rules.QUESTION,
		"number": "EU-2",
		"comment": "Which batches?",
	}
	r.send(world, decision, file="", **question)
	assert doc.reload().workflow_state == states.CLOSING
	assert "EU-2" in doc.reopenings[-1].reason
	assert {other, management} <= h.todos(doc)
	h.verified(doc)


@pytest.mark.rule("H4", "H5")
def test_behind_a_signed_closing_nothing_is_answered_and_a_decision_opens_it_again(world: c.World) -> None:
	doc, _feedback = from_the_telephone(world)
	h.investigated(world, doc)
	r.answer(world, doc)
	for regime in (FDA, EU):
		r.decide(world, r.of(doc, regime), rules.NOT_REPORTABLE, "Nobody was harmed, nor could be")
	h.replied(world, h.acted(world, doc))
	h.do(h.second_quality(world), "close", doc, "/")
	with nothing_changes(doc), pytest.raises(QMSRefusal, match="H5: The closing is signed already"):
		r.answer(world, doc, death="Yes")
	with nothing_changes(doc), pytest.raises(QMSRefusal, match="H5: The closing is signed already"):
		r.correct(world, doc, add_to_date(now_datetime(), days=-9), "A letter was found")
	with as_user(world.person(roles.QUALITY)):
		assert api.get_complaint_panel(doc.name)["may"] == []
	# Somebody decides otherwise all the same: the signature was for something else.
	due = str(add_to_date(now_datetime(), days=3))[:19]
	r.decide(world, r.of(doc, EU), rules.REPORTABLE, "The authority sees it otherwise", due_on=due)
	assert doc.reload().workflow_state == states.CLOSING
	assert closing.missing(doc) == [roles.QUALITY, MANAGEMENT]
	with pytest.raises(QMSRefusal, match="H4: Something is owed to the regulator"):
		h.do(h.second_quality(world), "close", doc, "/")


def ready(world: c.World) -> tuple[frappe.model.document.Document, str]:
	"""Return a complaint that only waits to be closed, and its feedback."""
	doc, feedback = from_the_telephone(world)
	h.investigated(world, doc)
	r.answer(world, doc)
	for regime in (FDA, EU):
		r.decide(world, r.of(doc, regime), rules.NOT_REPORTABLE, "Nobody was harmed, nor could be")
	h.replied(world, h.acted(world, doc.reload()))
	assert doc.workflow_state == states.CLOSING
	return doc, feedback


@pytest.mark.rule("H4", "H5", "C12")
def test_who_decided_for_regulators_or_is_complained_about_does_not_close(world: c.World) -> None:
	doc, feedback = ready(world)
	decider, about = make_user(roles.QUALITY), make_user(roles.QUALITY)
	with as_user(decider):
		one = r.of(doc, EU)
		api.record_exchange(
			one.name,
			r.shown(one),
			{
				"direction": rules.FROM,
				"kind": rules.QUESTION,
				"number": "EU-1",
				"on": str(now_datetime())[:19],
				"comment": "?",
				"next_day": str(add_to_date(now_datetime(), days=5))[:10],
			},
		)
	# What the regulator asked is answered before the complaint is closed.
	with (
		nothing_changes(doc),
		pytest.raises(QMSRefusal, match=r"H4: Something is owed to the regulator .*EU"),
	):
		h.do(h.second_quality(world), "close", doc, "/")
	r.send(world, one.reload(), kind=rules.ANSWER)
	with nothing_changes(doc), pytest.raises(QMSRefusal, match="H5: you handled this complaint"):
		h.do(decider, "close", doc, "/")
	# Whom it is about neither handles nor closes it, whatever the role.
	frappe.db.set_value(f.FEEDBACK, feedback, "concerned_user", about)
	for step, args in (("close", ("/",)), ("rate", ("Minor", "Remote", "Low", "")), ("describe", ({},))):
		with nothing_changes(doc), pytest.raises(QMSRefusal, match="H2: The complaint is about you"):
			h.do(about, step, doc, *args)
	with as_user(about):
		assert complaint_api.get_complaint(doc.name)["may"] == []
	assert about in closing.handlers(doc)


@pytest.mark.rule("H5")
def test_what_is_added_to_the_actions_is_decided_on_and_checked_too(world: c.World) -> None:
	doc, _feedback = ready(world)
	quality = world.person(roles.QUALITY)
	h.do(quality, "add_action", doc, "Corrective Action", "New oven", quality, nowdate())
	h.do(quality, "finish_action", doc, doc.corrections[-1].name, "Bought")
	assert doc.workflow_state == states.ACTING
	with nothing_changes(doc), pytest.raises(QMSRefusal, match="H5"):
		h.acted(world, doc)
	h.acted(world, doc, check_needed=1, criterion="No leak for a month", due=nowdate())
	assert doc.workflow_state == states.VERIFYING


@pytest.mark.rule("H3", "H5")
def test_quality_has_a_step_done_again_before_anybody_has_signed_the_closing(world: c.World) -> None:
	doc, _feedback = from_the_telephone(world)
	quality = world.person(roles.QUALITY)
	with nothing_changes(doc), pytest.raises(QMSRefusal, match=r"H5: .* is open"):
		h.do(quality, "reopen", doc, "Investigation", "The device came back")
	h.investigated(world, doc)
	with nothing_changes(doc), pytest.raises(QMSRefusal, match="H5: A complaint is opened again by"):
		h.do(world.person(roles.SERVICE), "reopen", doc, "Investigation", "The device came back")
	h.do(quality, "reopen", doc, "Investigation", "The device came back")
	assert doc.workflow_state == states.INVESTIGATING
	h.investigated(world, doc)
	assert doc.workflow_state == states.ACTING
	h.verified(doc)


@pytest.mark.rule("H4")
def test_the_country_of_the_event_is_said_by_quality(world: c.World) -> None:
	doc, _feedback = from_the_telephone(world)
	with nothing_changes(doc), pytest.raises(QMSRefusal, match="H4: The country of the event"):
		h.do(world.person(roles.SERVICE), "describe", doc, {"event_country": "Chad"})
	h.do(world.person(roles.QUALITY), "describe", doc, {"event_country": "Chad"})
	# What does not change it is no matter of it.
	h.do(world.person(roles.SERVICE), "describe", doc, {"event_country": "Chad", "udi": "(01)0690"})
	assert (doc.event_country, doc.udi) == ("Chad", "(01)0690")


@pytest.mark.rule("H3")
def test_what_the_record_has_to_hold_is_not_taken_out_before_the_closing(world: c.World) -> None:
	doc, _feedback = ready(world)
	h.do(world.person(roles.SERVICE), "describe", doc, {"complainant": ""})
	with nothing_changes(doc), pytest.raises(QMSRefusal, match="H3: name of the complainant is missing"):
		h.do(h.second_quality(world), "close", doc, "/")


@pytest.mark.rule("H4", "C12")
def test_who_recorded_the_feedback_does_not_approve_a_later_awareness_alone(world: c.World) -> None:
	doc, feedback = from_the_telephone(world)
	management = world.person(MANAGEMENT)
	frappe.db.set_value(f.FEEDBACK, feedback, "owner", management)
	later = str(add_to_date(doc.aware_on, hours=1))[:19]
	with nothing_changes(doc), pytest.raises(QMSRefusal, match="H4: A later awareness"):
		h.do(management, "correct_awareness", doc, later, "A slip of the pen")
