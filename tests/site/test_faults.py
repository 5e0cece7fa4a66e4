"""Two at once, a kill in the middle, and what else goes wrong: nothing lost, nothing half done, somebody
told.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import frappe
import pytest

from qms_customer.contract import api, reviews
from qms_customer.messages import QMSRefusal
from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support.people import as_user, make_user
from tests.support.services import WebServer
from tests.support.web import messages

Http = Callable[..., Any]
API = "qms_customer.contract.api."


def at_once(*calls: Callable[[], Any]) -> list[Any]:
	"""Run the calls in threads that start together; return their results in order."""
	results: list[Any] = [None] * len(calls)
	barrier = threading.Barrier(len(calls))

	def run(i: int, call: Callable[[], Any]) -> None:
		barrier.wait()
		results[i] = call()

	threads = [threading.Thread(target=run, args=(i, call)) for i, call in enumerate(calls)]
	for t in threads:
		t.start()
	for t in threads:
		t.join()
	return results


@pytest.mark.rule("C12")
def test_of_two_approvers_at_once_one_decides_and_the_other_is_told(world: c.World, http: Http) -> None:
	doc = c.order(c.item(stock=50))
	review = c.start(world, doc)
	c.answer_all(world, review)
	second = make_user(roles.SALES_VP)
	seen = c.shown(review.reload())
	clients = [http(world.vp), http(second)]
	answers = at_once(
		*(
			lambda client=client, decision=decision: client.sign(
				API + "decide_review", name=review.name, decision=decision, content_hash=seen, comment="x"
			)
			for client, decision in zip(clients, ("Approved", "Rejected"), strict=True)
		)
	)
	assert sorted(a.status_code for a in answers) == [200, 417]
	refused = next(a for a in answers if a.status_code == 417)
	assert any("decided already" in m for m in messages(refused)), messages(refused)
	frappe.db.rollback()
	decided = frappe.get_doc("Contract Review", review.name)
	assert decided.docstatus == 1
	approvals = frappe.db.count("Approved Content", {"source_name": review.name})
	assert approvals == (1 if decided.decision == "Approved" else 0)


@pytest.mark.rule("C11")
def test_departments_give_their_opinions_at_once_without_conflict(world: c.World, http: Http) -> None:
	review = c.start(world, c.order(c.item()))
	asked = {d: c.opinion(review, d) for d in ("Sales", "R&D", "Quality", "Production")}
	people = {d: world.second_sales() if d == "Sales" else world.person(c.DEPARTMENT_ROLES[d]) for d in asked}
	clients = {d: http(user) for d, user in people.items()}
	answers = at_once(
		*(
			lambda d=d: clients[d].sign(
				API + "give_opinion",
				name=asked[d].name,
				content_hash=review.fingerprint,
				answers=frappe.as_json([{"name": a.name, "answer": "Met"} for a in asked[d].answers]),
				comment="/",
			)
			for d in asked
		)
	)
	assert [a.status_code for a in answers] == [200] * 4, [messages(a) for a in answers]
	frappe.db.rollback()
	assert frappe.db.get_value("Contract Review", review.name, "workflow_state") == "Pending Approval"
	assert frappe.db.exists(
		"ToDo", {"reference_name": review.name, "allocated_to": world.vp, "status": "Open"}
	)


@pytest.mark.rule("C11")
def test_two_colleagues_cannot_both_give_the_opinion_of_their_department(world: c.World, http: Http) -> None:
	review = c.start(world, c.order(c.item(stock=50)))
	asked = c.opinion(review, "Sales")
	third = make_user(roles.SALES_USER)
	clients = [http(world.second_sales()), http(third)]
	rows = frappe.as_json([{"name": a.name, "answer": "Met"} for a in asked.answers])
	answers = at_once(
		*(
			lambda client=client: client.sign(
				API + "give_opinion",
				name=asked.name,
				content_hash=review.fingerprint,
				answers=rows,
				comment="/",
			)
			for client in clients
		)
	)
	assert sorted(a.status_code for a in answers) == [200, 417]


@pytest.mark.rule("C13")
def test_a_review_is_started_once_however_often_the_button_is_pressed(world: c.World, http: Http) -> None:
	doc = c.order(c.item(stock=50))
	world.everybody()
	client, other = http(world.sales), http(world.second_sales())
	answers = at_once(
		lambda: client.call(API + "start_review", doctype=doc.doctype, name=doc.name),
		lambda: other.call(API + "start_review", doctype=doc.doctype, name=doc.name),
	)
	assert sorted(a.status_code for a in answers) == [200, 417], [messages(a) for a in answers]
	frappe.db.rollback()
	assert frappe.db.count("Contract Review", {"reference_name": doc.name}) == 1


@pytest.mark.rule("C12")
def test_an_edit_and_an_approval_at_once_never_approve_what_was_not_shown(world: c.World, http: Http) -> None:
	doc = c.order(c.item(stock=50))
	review = c.start(world, doc)
	c.answer_all(world, review)
	seen = c.shown(review.reload())
	vp, sales = http(world.vp), http(world.sales)
	answers = at_once(
		lambda: vp.sign(
			API + "decide_review", name=review.name, decision="Approved", content_hash=seen, comment="/"
		),
		lambda: sales.put(
			f"/api/resource/Sales Order/{doc.name}", json={"qms_delivery_method": "Air freight"}
		),
	)
	frappe.db.rollback()
	doc.reload()
	approved = frappe.get_all("Approved Content", {"reference_name": doc.name}, ["fingerprint"])
	if answers[0].status_code == 200:
		assert approved[0].fingerprint == review.fingerprint
	else:
		assert not approved and "has changed" in " ".join(messages(answers[0]))
	if doc.qms_delivery_method == "Air freight":
		with pytest.raises(QMSRefusal):
			doc.submit()


@pytest.mark.rule("C12")
@pytest.mark.parametrize("step", ["record", "submit", "show_on_contract", "done"])
def test_a_failure_in_the_middle_of_an_approval_leaves_no_trace(
	world: c.World, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
	review = c.start(world, c.order(c.item(stock=50)))
	c.answer_all(world, review)
	seen = c.shown(review.reload())
	target = {
		"record": (reviews.approved, "record"),
		"show_on_contract": (reviews, "show_on_contract"),
		"done": (reviews.notify, "done"),
		"submit": (type(review), "on_submit"),
	}[step]

	def die(*args: Any, **kwargs: Any) -> None:
		raise OSError("the worker dies here")

	monkeypatch.setattr(*target, die, raising=False)
	frappe.db.savepoint("before_decision")
	with as_user(world.vp), pytest.raises(OSError):
		api.decide_review(review.name, "Approved", seen, "/")
	# What a request does when its handler fails.
	frappe.db.rollback(save_point="before_decision")
	monkeypatch.undo()
	assert review.reload().docstatus == 0 and not frappe.db.exists(
		"Approved Content", {"source_name": review.name}
	)
	c.decide(review, world.vp)
	assert review.decision == "Approved"


@pytest.mark.rule("C1")
def test_the_worker_dies_between_approval_and_submit(
	world: c.World, http: Http, web_server: WebServer
) -> None:
	doc = c.order(c.item(stock=50))
	review = c.start(world, doc)
	c.answer_all(world, review)
	seen = c.shown(review.reload())
	answer = http(world.vp).sign(
		API + "decide_review", name=review.name, decision="Approved", content_hash=seen, comment="/"
	)
	assert answer.status_code == 200
	for pid in web_server.worker_pids():
		web_server.kill_worker(pid)
	assert web_server.answers()
	frappe.db.rollback()
	assert frappe.db.get_value("Sales Order", doc.name, "docstatus") == 0
	submitted = http(world.sales).put(f"/api/resource/Sales Order/{doc.name}", json={"docstatus": 1})
	assert submitted.status_code == 200, messages(submitted)
	frappe.db.rollback()
	assert frappe.db.get_value("Sales Order", doc.name, "docstatus") == 1


@pytest.mark.rule("C10")
def test_the_order_of_a_review_is_cancelled_and_the_records_stay(world: c.World) -> None:
	doc = c.committed_order(world, c.item(stock=50))
	with as_user(world.sales):
		c.end(doc)
		doc.reload()
	review = frappe.get_last_doc("Contract Review", {"reference_name": doc.name})
	assert (review.docstatus, review.decision) == (1, "Approved")
	with as_user(world.sales):
		amended = frappe.copy_doc(doc)
		amended.amended_from = doc.name
		amended.docstatus = 0
		amended.insert()
		with pytest.raises(QMSRefusal, match="C1"):
			amended.submit()
	following = c.start(world, amended.reload())
	assert following.previous_review == review.name
	assert c.opinion(following, "Sales").may_re_affirm


@pytest.mark.rule("C10")
def test_a_draft_order_with_a_review_is_not_deleted(world: c.World) -> None:
	doc = c.order(c.item(stock=50))
	c.start(world, doc)
	with pytest.raises(frappe.LinkExistsError):
		frappe.delete_doc("Sales Order", doc.name)


@pytest.mark.rule("C1")
def test_an_order_that_was_committed_before_the_app_is_reviewed_as_it_stands(world: c.World) -> None:
	doc = c.order(c.item(stock=50))
	frappe.db.set_value("Sales Order", doc.name, "docstatus", 1)
	frappe.db.set_value("Sales Order Item", {"parent": doc.name}, "docstatus", 1)
	review = c.start(world, doc.reload())
	c.answer_all(world, review)
	c.decide(review.reload(), world.vp)
	from qms_customer.contract.approved import committed

	assert committed("Sales Order", [doc.name]) == {doc.name: True}


@pytest.mark.rule("B1")
@pytest.mark.parametrize(
	("values", "expected"),
	[
		({"rate": 0}, "Convened"),
		({"currency": "USD", "conversion_rate": 7}, "Sales Alone"),
	],
)
def test_odd_orders_have_a_defined_class(world: c.World, values: dict, expected: str) -> None:
	# Without a rate on record the amount of a foreign order is unknown, and unknown never counts as met (B2).
	rate = {"from_currency": "USD", "to_currency": "CNY", "exchange_rate": 7, "for_selling": 1}
	frappe.get_doc({"doctype": "Currency Exchange", "date": frappe.utils.nowdate(), **rate}).insert()
	review = c.start(world, c.order(c.item(stock=50), **values))
	assert review.review_path == expected
	if "conversion_rate" in values:
		assert review.amount == 5 * 100 * 7


@pytest.mark.rule("B1")
def test_an_item_disabled_or_a_standard_deleted_midway_raises_the_class(world: c.World) -> None:
	doc = c.order(c.item(stock=50))
	review = c.start(world, doc)
	c.answer_all(world, review)
	frappe.db.set_value("Item", doc.items[0].item_code, "disabled", 1)
	with pytest.raises(QMSRefusal, match="B4"):
		c.decide(review.reload(), world.vp)
	frappe.db.set_value("Item", doc.items[0].item_code, "disabled", 0)
	name = frappe.db.get_value("Item", doc.items[0].item_code, "qms_product_standard")
	frappe.db.delete("Product Standard", {"name": name})
	with pytest.raises(QMSRefusal, match="B4"):
		c.decide(review.reload(), world.vp)


@pytest.mark.rule("C4")
def test_five_hundred_lines_are_reviewed_like_one(world: c.World) -> None:
	codes = [c.item(stock=500) for _ in range(3)]
	rows = [{"item_code": codes[i % 3], "qty": 1, "rate": 10} for i in range(500)]
	review = c.start(world, c.order(rows))
	assert review.review_path == "Sales Alone"
	assert "more" in api.get_review_panel(review.name)["html"] or len(rows) == 500
	c.answer_all(world, review)
	c.decide(review.reload(), world.vp)
	doc = frappe.get_doc("Sales Order", review.reference_name)
	doc.submit()


@pytest.mark.rule("C2")
def test_services_alone_are_gated_by_setting(world: c.World) -> None:
	service = c.item(is_stock_item=0)
	doc = c.order(service)
	with pytest.raises(QMSRefusal, match="C1"):
		doc.submit()
	settings = frappe.get_doc("QMS Customer Settings")
	settings.update({"gate_services": 0, "change_reason": "services are reviewed elsewhere"})
	c.save_settings(settings)
	doc.reload()
	doc.submit()
	mixed = c.order(
		[{"item_code": service, "qty": 1, "rate": 10}, {"item_code": c.item(stock=9), "qty": 1, "rate": 10}]
	)
	with pytest.raises(QMSRefusal, match="C1"):
		mixed.submit()
