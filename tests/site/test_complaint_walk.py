"""A complaint from the telephone to its closing, each step by the people who do it, with the regulators' own
decisions (H1-H5, C12).
"""

from __future__ import annotations

import frappe
import pytest
from frappe.utils import add_to_date, now_datetime

from qms_customer.feedback import closing, complaint_api
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
from tests.support.people import as_user

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
	with nothing_changes(doc), pytest.raises(QMSRefusal, match="H4: A report is owed"):
		h.do(other, "close", doc, "/")
	r.send(world, r.of(doc, FDA), number="FDA-1")
	with nothing_changes(doc), pytest.raises(QMSRefusal, match=f"H4: A report is owed .*: {EU}"):
		h.do(other, "close", doc, "/")
	r.send(world, decision, what=decision.clocks[0].what, number="EU-1")
	# A serious injury: users may have to be told, and nobody has decided that yet.
	with nothing_changes(doc), pytest.raises(QMSRefusal, match="I1: Whether users are told"):
		h.do(other, "close", doc, "/")
	with as_user(other):
		assert "I1: Whether users are told" in complaint_api.get_complaint(doc.name)["html"]
	advisory.decided(world, doc)
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
	with pytest.raises(QMSRefusal, match="H4: A report is owed"):
		h.do(h.second_quality(world), "close", doc, "/")
