"""Several reviews decided at once: each signed for itself, or left as it was (C9, C12, K1, K3)."""

from __future__ import annotations

from collections.abc import Callable

import frappe
import pytest
from frappe.database import get_db

from qms_customer.contract import api, decide
from qms_customer.messages import QMSRefusal
from qms_customer.records import ledger
from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support import env
from tests.support.people import as_user

pytestmark = pytest.mark.usefixtures("isolated")


def pending(world: c.World, code: str, **values: object) -> frappe.model.document.Document:
	"""Return a review with all opinions in, waiting for its decision."""
	return c.pending(world, c.order(code, **values))


def rows(*reviews: frappe.model.document.Document) -> list[dict]:
	"""Return what the list sends of reviews, as it was shown."""
	return [{k: r[k] for k in ("name", "content_hash")} for r in shown(*reviews)["reviews"]]


def shown(*reviews: frappe.model.document.Document) -> dict:
	"""Return what the list shows of reviews."""
	return api.get_decisions([r.name for r in reviews])


@pytest.mark.rule("K3", "C9")
def test_each_is_signed_by_the_person_for_itself(world: c.World) -> None:
	code = c.item()
	first, second = pending(world, code), pending(world, code)
	with as_user(world.vp):
		outcome = api.decide_reviews(rows(first, second), "Approved", "/")
	assert [(o["name"], o["done"]) for o in outcome] == [(first.name, 1), (second.name, 1)]
	for review in (first.reload(), second.reload()):
		assert (review.decision, review.decided_by) == ("Approved", world.vp)
		given = ledger.signatures(review.doctype, review.name)
		assert [(s.meaning, s.signer, s.role) for s in given] == [("Approved", world.vp, roles.SALES_VP)]
		assert given[0].shown_hash == review.approved_hash


@pytest.mark.rule("C12", "C9", "C11")
def test_a_refused_one_is_left_as_it_was_and_the_others_go_on(world: c.World) -> None:
	code = c.item()
	good, moved = pending(world, code), pending(world, code)
	objected = c.start(world, c.order(code))
	c.answer(world, objected, "Quality", answer="Not Met", comment="no gauge")
	c.answer_all(world, objected)
	convened = pending(world, code, qms_packaging="Special", qms_packaging_details="Double pouch")
	wanted = rows(good, moved, objected, convened)
	moved.solution = "in two parts"
	with as_user(world.sales):
		moved.save()
	before = {r.name: len(list(ledger.entries(r.doctype, r.name))) for r in (moved, objected, convened)}
	messages = len(frappe.message_log)
	with as_user(world.vp):
		outcome = api.decide_reviews(wanted, "Approved", "/", "none")
	# What is said of each stands in the answer, and nowhere else.
	assert len(frappe.message_log) == messages
	said = {o["name"]: (o["done"], o["message"]) for o in outcome}
	assert said[good.name][0] == 1
	for review, rule in ((moved, "C12"), (objected, "C11"), (convened, "C9")):
		assert said[review.name][0] == 0 and f"{rule}:" in said[review.name][1]
		assert review.reload().docstatus == 0
		assert len(list(ledger.entries(review.doctype, review.name))) == before[review.name]


@pytest.mark.rule("K3")
def test_one_that_is_refused_after_it_was_written_is_taken_back(
	world: c.World, committed: Callable[[], None]
) -> None:
	code = c.item()
	breaks, good = pending(world, code), pending(world, code)
	wanted = rows(breaks, good)
	committed()
	# Somebody appends to the chain of the first one after this transaction has begun to read: it is told when
	# its own entry is written, at the very end.
	frappe.db.get_value("Record Snapshot", {"reference_name": breaks.name}, "name")
	conf = frappe.conf
	other = get_db(
		socket=conf.db_socket, user=conf.db_name, password=conf.db_password, cur_db_name=conf.db_name
	)
	other.connect()
	try:
		latest = other.sql(
			"select max(sequence) from `tabRecord Snapshot` where reference_name = %s", breaks.name
		)[0][0]
		other.sql(
			"insert into `tabRecord Snapshot` (name, reference_doctype, reference_name, sequence)"
			" values ('of another', 'Contract Review', %s, %s)",
			(breaks.name, latest + 1),
		)
		other.commit()
	finally:
		other.close()
	with as_user(world.vp):
		outcome = api.decide_reviews(wanted, "Approved", "/")
	assert [o["done"] for o in outcome] == [0, 1]
	assert "K3" in str(outcome[0]["message"])
	committed()
	assert breaks.reload().docstatus == 0 and good.reload().docstatus == 1
	assert not ledger.signatures(breaks.doctype, breaks.name)
	assert not frappe.db.exists("Approved Content", {"source_name": breaks.name})
	assert frappe.db.exists("Approved Content", {"source_name": good.name})


@pytest.mark.rule("K3")
def test_who_signs_is_verified_once_and_before_anything_else(world: c.World) -> None:
	review = pending(world, c.item())
	wanted = rows(review)
	with as_user(world.vp):
		with pytest.raises(QMSRefusal, match="K3"):
			api.decide_reviews(wanted, "Approved", "/", signature={"user": world.vp, "password": "wrong"})
		with pytest.raises(QMSRefusal, match="K1"):
			api.decide_reviews(wanted, "Approved", "  ")
		with pytest.raises(QMSRefusal, match="C9"):
			api.decide_reviews(wanted * (decide.MOST_AT_ONCE + 1), "Approved", "/")
	assert review.reload().docstatus == 0
	with as_user(world.vp):
		signature = {"user": world.vp, "password": env.PASSWORD}
		twice = api.decide_reviews(wanted * 2, "Approved", "/", signature=signature)
	assert [o["done"] for o in twice] == [1, 0]
	assert len(ledger.signatures(review.doctype, review.name)) == 1


@pytest.mark.rule("C4", "K1")
def test_convened_ones_need_a_solution(world: c.World) -> None:
	review = pending(world, c.item(), qms_packaging="Special", qms_packaging_details="Double pouch")
	with as_user(world.gm):
		assert "K1" in api.decide_reviews(rows(review), "Approved", "/")[0]["message"]
		assert api.decide_reviews(rows(review), "Approved", "/", "/")[0]["done"] == 1
	assert review.reload().solution == "/"


@pytest.mark.rule("C9", "C12", "L1")
def test_what_is_shown_says_what_each_would_sign_or_why_not(world: c.World) -> None:
	code = c.item()
	review, waiting = pending(world, code), c.start(world, c.order(code))
	with as_user(world.vp):
		panel = shown(review, waiting)
	assert [(r["may_decide"], r["role"]) for r in panel["reviews"]] == [(True, roles.SALES_VP), (False, "")]
	for text in (review.reference_name, review.customer_name, "waits for the opinions of"):
		assert text in panel["html"]
	with as_user(world.sales):
		assert not any(r["may_decide"] for r in shown(review, waiting)["reviews"])
