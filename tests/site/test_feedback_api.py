"""Feedback from other systems and from surveys: recorded once, and nothing but recorded (H1, C11, L1)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import frappe
import pytest
from frappe.utils import add_days, get_datetime, now_datetime

from qms_customer.contract import states
from qms_customer.feedback import received_api as api
from qms_customer.messages import QMSRefusal
from qms_customer.records import verification
from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support import feedback as f
from tests.support.doors import nothing_changes
from tests.support.people import as_user, make_user
from tests.support.web import messages

RECORD = "qms_customer.feedback.received_api.record"
ALERT = "<img src=x onerror=alert(1)>"


def said(**more: Any) -> dict[str, Any]:
	return {"reference": "T-17", "details": "The catheter leaks", "source": "Distributor", **more}


@pytest.mark.rule("H1", "H4")
def test_another_system_records_what_it_knows_once(world: c.World) -> None:
	code = c.item()
	given = said(
		customer=c.customer(),
		item_code=code,
		batch_no="B-9",
		contact_email="gu@hospital.example",
		received_on="2026-11-02T08:30:00+08:00",
		aware_on="2026-11-02T00:20:00Z",
		happened_on="2026-11-01 10:00:00",
	)
	with as_user(world.sales):
		made = api.record(**given)
		assert made["created"] and made["state"] == states.FEEDBACK_TO_ASSESS
		again = api.record(**given)
		assert (again["name"], again["created"]) == (made["name"], False)
		with pytest.raises(QMSRefusal, match=made["name"]), nothing_changes():
			api.record(**{**given, "details": "All is well"})
		assert api.record(**{**given, "reference": "T-18"})["created"]
	doc = frappe.get_doc(f.FEEDBACK, made["name"])
	assert (doc.channel, doc.external_reference, doc.item_code) == ("API", "T-17", code)
	assert (get_datetime(doc.received_on) - get_datetime(doc.aware_on)).total_seconds() == 600
	assert verification.verify(f.FEEDBACK, doc.name).findings == []
	# What somebody else calls the same is something else.
	with as_user(world.person(roles.QUALITY)):
		assert api.record(**given)["created"]
	# Also once somebody has edited it, it is known.
	doc.subject = "Leak"
	doc.save()
	with as_user(world.sales):
		assert not api.record(**given)["created"]


@pytest.mark.rule("H1")
def test_the_answer_to_a_survey_is_feedback(world: c.World) -> None:
	customer = c.customer()
	with as_user(world.person(roles.SERVICE)):
		made = api.record(
			"Survey 2026 / answer 12",
			"Delivery was late",
			"Survey",
			customer=customer,
			subject="Question 4",
		)
	doc = frappe.get_doc(f.FEEDBACK, made["name"])
	assert (doc.channel, doc.external_reference, doc.source) == ("Survey", "Survey 2026 / answer 12", "")
	with as_user(world.person(roles.SERVICE)):
		assert not api.record(
			"Survey 2026 / answer 12",
			"Delivery was late",
			"Survey",
			customer=doc.customer,
			subject="Question 4",
		)["created"]


@pytest.mark.rule("H1")
def test_what_is_not_known_here_is_recorded_all_the_same(world: c.World) -> None:
	with as_user(world.sales):
		made = api.record(**said(customer=f"Nobody {ALERT}", item_code="NO-SUCH", udi="(01)069"))
	assert made["not_known"] == {"customer": f"Nobody {ALERT}", "item_code": "NO-SUCH"}
	doc = frappe.get_doc(f.FEEDBACK, made["name"])
	assert not doc.customer and not doc.item_code
	(comment,) = frappe.get_all(
		"Comment", {"reference_name": doc.name, "comment_type": "Info"}, pluck="content"
	)
	assert "NO-SUCH" in comment and "<img" not in comment


@pytest.mark.rule("H1", "H4", "K3")
def test_what_cannot_be_recorded_is_refused_clearly(world: c.World) -> None:
	future = str(add_days(now_datetime(), 2))
	for given, message in (
		({"reference": " "}, "H1: Send the reference"),
		({"reference": "x" * 141}, "at most 140"),
		({"details": " "}, "H1: Say what was said"),
		({"source": ""}, "H1: Say who it comes from"),
		({"source": "Nobody"}, "source is one of"),
		({"phase": "Later"}, "phase is one of"),
		({"channel": "Phone"}, "Phone is no channel"),
		({"company": "No such company"}, "There is no"),
		({"received_on": "yesterday"}, "received_on is no time"),
		({"received_on": future}, "K3: "),
		({"aware_on": future}, "H4: "),
	):
		with as_user(world.sales), pytest.raises(QMSRefusal) as refusal, nothing_changes():
			api.record(**said(**given))
		assert message in str(refusal.value), (given, str(refusal.value))


@pytest.mark.rule("L1")
def test_who_may_record_nothing_records_nothing_here(world: c.World) -> None:
	mine, other = c.customer(), c.customer()
	limited = make_user(roles.SALES_USER)
	frappe.get_doc(
		{"doctype": "User Permission", "user": limited, "allow": "Customer", "for_value": mine}
	).insert()
	for user, given in (
		("Guest", {}),
		(make_user("System Manager"), {}),
		(world.person(roles.AUDITOR), {}),
		("Administrator", {}),
		(limited, {"customer": other}),
	):
		with as_user(user), pytest.raises((frappe.PermissionError, QMSRefusal)), nothing_changes():
			api.record(**said(**given))
	with as_user(limited):
		assert api.record(**said(customer=mine))["created"]


@pytest.mark.rule("H1", "C11")
def test_over_the_network_a_retried_call_doubles_nothing(world: c.World, http: Callable[..., Any]) -> None:
	user = frappe.get_doc("User", make_user(roles.SERVICE))
	user.api_key = frappe.generate_hash(length=15)
	user.api_secret = secret = frappe.generate_hash(length=15)
	user.save()
	# The first number of a year is made with the first record.
	f.recorded(world)
	guest = http("Guest")
	assert guest.call(RECORD, **said()).status_code == 403
	head = {"Authorization": f"token {user.api_key}:{secret}"}
	path = f"/api/method/{RECORD}"

	def call(reference: str) -> Any:
		return guest.post(path, json=said(reference=reference), headers=head)

	with ThreadPoolExecutor(6) as pool:
		answers = list(pool.map(call, ["T-1"] * 3 + ["T-2"] * 3))
	assert [a.status_code for a in answers] == [200] * 6, [
		a.text[-1500:] for a in answers if a.status_code != 200
	]
	found = [a.json()["message"] for a in answers]
	for three in (found[:3], found[3:]):
		assert len({one["name"] for one in three}) == 1
		assert sum(one["created"] for one in three) == 1
	refused = guest.post(path, json=said(reference="T-1", details="Other"), headers=head)
	assert refused.status_code == 417 and found[0]["name"] in messages(refused)[0]
	assert guest.get(path, params=said(), headers=head).status_code != 200
	# By the key of a system nobody signs, nor is anything recorded as known that a key names.
	forged = {
		"decision": "Not a Complaint",
		"intake_key": "x",
		"external_reference": "T-9",
		"assessed_by": user.name,
	}
	made = guest.post(f"/api/resource/{f.FEEDBACK}", json={**f.values(channel="API"), **forged}, headers=head)
	assert made.status_code == 200, made.text
	# What the server wrote is seen by a transaction that begins after it.
	frappe.db.rollback()
	stored = frappe.db.get_value(f.FEEDBACK, made.json()["data"]["name"], list(forged), as_dict=True)
	assert stored and not any(stored.values())
	ignored = guest.post(path, json=said(reference="T-3", decision="Not a Complaint"), headers=head)
	assert ignored.status_code == 200
