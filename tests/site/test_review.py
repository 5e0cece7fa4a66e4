"""A contract review from start to decision, by the people who do it."""

from __future__ import annotations

import json
from typing import Any

import frappe
import pytest
from frappe.utils import add_days, nowdate

from qms_customer.contract import api, inherit, scheduled
from qms_customer.messages import QMSRefusal
from qms_customer.rules import people as roles
from qms_customer.rules.contract import CLASSES, VERBAL_ORDER
from tests.support import contracts as c
from tests.support.people import as_user, make_user


def departments(review: Any) -> list[str]:
	return frappe.get_all(
		"Contract Review Opinion",
		filters={"contract_review": review.name, "superseded": 0},
		pluck="department",
		order_by="creation",
	)


def set_limits(**values: float) -> None:
	settings = frappe.get_doc("QMS Customer Settings")
	settings.update({"change_reason": "limits for a test", **values})
	c.save_settings(settings)


@pytest.mark.rule("C1", "C2", "C9", "B1")
def test_routine_in_stock_is_reviewed_by_sales_and_approved_by_the_vp(world: c.World) -> None:
	doc = c.order(c.item(stock=50))
	with pytest.raises(QMSRefusal, match="C1"):
		doc.submit()
	doc.reload()
	review = c.start(world, doc)
	assert (review.contract_class, review.review_path) == ("Routine", "Sales Alone")
	assert review.approver_role == roles.SALES_VP
	assert departments(review) == ["Sales"]
	c.answer_all(world, review)
	review.reload()
	assert review.workflow_state == "Pending Approval"
	c.decide(review, world.vp)
	assert (review.docstatus, review.decision, review.decided_by) == (1, "Approved", world.vp)
	doc.reload()
	assert doc.qms_review_status == "Approved"
	doc.submit()
	assert doc.docstatus == 1


@pytest.mark.rule("C3", "C6", "C9")
def test_routine_not_in_stock_is_circulated(world: c.World) -> None:
	review = c.start(world, c.order(c.item()))
	assert review.review_path == "Circulated"
	assert departments(review) == ["Sales", "R&D", "Quality", "Production"]
	questions = [a.aspect for a in c.opinion(review, "Quality").answers]
	assert "Acceptance criteria" in questions and "Price" not in questions
	assert all(not a.answer for a in c.opinion(review, "Quality").answers)


@pytest.mark.rule("B2", "C4", "C9")
@pytest.mark.parametrize(
	("values", "why"),
	[
		({"item": {"with_standard": False}}, "no enterprise standard"),
		({"item": {"lead_time_days": 0}}, "lead time not recorded"),
		({"order": {"qms_packaging": ""}}, "Packaging is not stated"),
		({"order": {"qms_packaging": "Special", "qms_packaging_details": "double pouch"}}, ""),
		({"order": {"days": 3}}, "lead time 10 days"),
	],
)
def test_unknown_or_special_is_convened_and_decided_by_the_general_manager(
	world: c.World, values: dict, why: str
) -> None:
	review = c.start(world, c.order(c.item(**values.get("item", {})), **values.get("order", {})))
	assert review.review_path == "Convened" and review.approver_role == roles.GENERAL_MANAGER
	assert departments(review) == ["Sales", "R&D", "Quality", "Production", "PMC", "Purchasing"]
	assert why in api.get_review_panel(review.name)["html"]
	c.answer_all(world, review)
	with pytest.raises(QMSRefusal, match="C9"):
		c.decide(review.reload(), world.vp)
	c.decide(review.reload(), world.gm)
	assert review.decision == "Approved"


@pytest.mark.rule("C4")
def test_a_large_order_is_convened(world: c.World) -> None:
	review = c.start(world, c.order(c.item(stock=50), rate=200000))
	assert (review.contract_class, review.is_large, review.review_path) == ("Routine", 1, "Convened")


@pytest.mark.rule("A1", "A2", "A6", "A9")
def test_all_that_is_missing_is_named_at_once(world: c.World) -> None:
	doc = c.order(
		c.item(),
		qms_contract_form="",
		qms_delivery_method="",
		qms_payment_method=None,
		qms_requirements=[],
		qms_documents=[{"title": "Drawing", "document_type": "Drawing"}],
	)
	with pytest.raises(QMSRefusal) as refusal:
		c.start(world, doc)
	for part in ("A1", "A9", "A6", "A2", CLASSES[4]):
		assert part in str(refusal.value) + json.dumps(frappe.message_log, default=str), part
	assert not frappe.db.exists("Contract Review", {"reference_name": doc.name})


@pytest.mark.rule("A6")
def test_a_document_is_known_by_its_bytes_not_by_what_the_client_says(world: c.World) -> None:
	file = frappe.get_doc(
		{"doctype": "File", "file_name": "drawing.txt", "content": "rev A", "is_private": 1}
	).insert()
	row = {"title": "Drawing", "document_version": "A", "file": file.file_url, "sha256": "0" * 64}
	doc = c.order(c.item(), qms_documents=[row])
	assert doc.qms_documents[0].sha256 == "e3b0" or len(doc.qms_documents[0].sha256) == 64
	assert doc.qms_documents[0].sha256 != "0" * 64
	review = c.start(world, doc)
	with open(file.get_full_path(), "w") as handle:
		handle.write("rev B")
	doc.reload()
	doc.save()
	assert review.reload().out_of_date


@pytest.mark.rule("A3")
def test_a_verbal_order_needs_the_customers_confirmation(world: c.World) -> None:
	review = c.start(world, c.order(c.item(stock=50), qms_contract_form=VERBAL_ORDER))
	c.answer_all(world, review)
	with pytest.raises(QMSRefusal, match="A3"):
		c.decide(review.reload(), world.vp)
	review.reload()
	review.append(
		"confirmations",
		{
			"confirmed_by": "Dr Wang",
			"confirmed_on": frappe.utils.now_datetime(),
			"method": "E-mail",
			"evidence": c.upload().file_url,
		},
	)
	with as_user(world.sales):
		review.save()
	assert review.confirmations[0].recorded_by == world.sales
	c.decide(review.reload(), world.vp)
	assert review.decision == "Approved"


@pytest.mark.rule("C10", "C11")
def test_conditions_and_objections_become_actions(world: c.World) -> None:
	review = c.start(world, c.order(c.item()))
	with pytest.raises(QMSRefusal, match="C10"):
		c.answer(world, review, "R&D", answer="Met with Conditions")
	c.answer(
		world, review, "R&D", answer="Met with Conditions", comment="new mould", action_blocks="Production"
	)
	c.answer(world, review, "Quality", answer="Not Met", comment="no gauge")
	actions = {
		a.description.split(": ")[1]: a
		for a in frappe.get_all("Review Action", {"contract_review": review.name}, "*")
	}
	assert actions["new mould"].blocks == "Production" and not actions["new mould"].from_objection
	assert actions["no gauge"].from_objection and actions["no gauge"].action_owner == world.sales
	assert frappe.db.exists("ToDo", {"reference_name": actions["no gauge"].name, "allocated_to": world.sales})


@pytest.mark.rule("C10")
def test_an_action_is_done_by_its_owner_and_verified_by_another(world: c.World) -> None:
	review = c.start(world, c.order(c.item()))
	c.answer(
		world, review, "Quality", answer="Met with Conditions", comment="gauge", action_blocks="Approval"
	)
	name = frappe.db.get_value("Review Action", {"contract_review": review.name})
	c.answer_all(world, review)
	with pytest.raises(QMSRefusal, match="C10"):
		c.decide(review.reload(), world.vp)
	quality = world.person(roles.QUALITY)
	with as_user(quality), pytest.raises(QMSRefusal, match="C10"):
		api.complete_action(name, "bought")
	with as_user(world.sales):
		with pytest.raises(QMSRefusal, match="C10"):
			api.complete_action(name, " ")
		api.complete_action(name, "bought")
		with pytest.raises(QMSRefusal, match="C10"):
			api.verify_action(name, 1, "seen")
	with as_user(quality):
		assert api.verify_action(name, 0, "not calibrated")["status"] == "Open"
	with as_user(world.sales):
		api.complete_action(name, "calibrated")
	with as_user(quality):
		assert api.verify_action(name, 1, "seen")["status"] == "Verified"
	c.decide(review.reload(), world.vp)
	assert review.decision == "Approved"


@pytest.mark.rule("C11")
def test_an_objection_blocks_and_only_the_general_manager_overrules_with_a_reason(world: c.World) -> None:
	review = c.start(world, c.order(c.item()))
	c.answer(world, review, "Quality", answer="Not Met", comment="no gauge")
	c.answer_all(world, review)
	with pytest.raises(QMSRefusal, match="only the general manager"):
		c.decide(review.reload(), world.vp, overrule_reason="I say so")
	with pytest.raises(QMSRefusal, match="reason for overruling"):
		c.decide(review.reload(), world.gm)
	c.decide(review.reload(), world.gm, overrule_reason="gauge on loan from the customer")
	assert (review.decision, review.overruled) == ("Approved", "Quality")
	assert frappe.db.get_value("Review Action", {"contract_review": review.name}, "status") == "Overruled"


@pytest.mark.rule("C11")
def test_an_outstanding_opinion_blocks_the_decision(world: c.World) -> None:
	review = c.start(world, c.order(c.item()))
	c.answer_all(world, review, but=("Quality",))
	assert review.reload().workflow_state == "In Review"
	with pytest.raises(QMSRefusal, match="C11"):
		c.decide(review, world.vp)


@pytest.mark.rule("C12")
@pytest.mark.parametrize("who", ["preparer", "opiner", "Administrator", "outsider"])
def test_nobody_decides_their_own_work(world: c.World, who: str) -> None:
	doc = c.order(c.item(stock=50))
	both = make_user(roles.SALES_USER, roles.SALES_VP, roles.GENERAL_MANAGER, *c.ERP_SALES)
	world.everybody()
	with as_user(both if who == "preparer" else world.sales):
		review = frappe.get_doc("Contract Review", api.start_review(doc.doctype, doc.name)["name"])
	c.answer(world, review, "Sales", user=both if who == "opiner" else world.second_sales())
	user = {"Administrator": "Administrator", "outsider": make_user("System Manager")}.get(who, both)
	with as_user("Administrator"):
		seen = c.shown(review.reload())
	with as_user(user), pytest.raises((QMSRefusal, frappe.PermissionError)) as refusal:
		api.decide_review(review.name, "Approved", seen, "/")
	if who in ("preparer", "opiner"):
		assert "C12" in str(refusal.value)
	assert review.reload().docstatus == 0 and not frappe.db.exists(
		"Approved Content", {"reference_name": doc.name}
	)


@pytest.mark.rule("C12")
def test_administrator_gives_no_opinion(world: c.World) -> None:
	review = c.start(world, c.order(c.item(stock=50)))
	with pytest.raises(QMSRefusal, match="C11"):
		c.answer(world, review, "Sales", user="Administrator")


@pytest.mark.rule("C12")
def test_what_is_approved_is_what_was_shown(world: c.World) -> None:
	doc = c.order(c.item(stock=50))
	review = c.start(world, doc)
	c.answer_all(world, review)
	seen = c.shown(review.reload())
	doc.reload()
	doc.items[0].qty = 6
	doc.save()
	with as_user(world.vp), pytest.raises(QMSRefusal, match="C12"):
		api.decide_review(review.name, "Approved", seen, "/")
	doc.items[0].qty = 5
	doc.save()
	assert not review.reload().out_of_date and review.workflow_state == "Pending Approval"
	review.solution = "partial deliveries"
	with as_user(world.sales):
		review.save()
	with as_user(world.vp), pytest.raises(QMSRefusal, match="C12"):
		api.decide_review(review.name, "Approved", seen, "/")
	c.decide(review.reload(), world.vp)


@pytest.mark.rule("C12")
def test_an_order_edited_by_sql_is_not_what_was_reviewed(world: c.World) -> None:
	doc = c.order(c.item(stock=50))
	review = c.start(world, doc)
	c.answer_all(world, review)
	frappe.db.set_value("Sales Order Item", doc.items[0].name, "rate", 1)
	with pytest.raises(QMSRefusal, match="C12"):
		c.decide(review.reload(), world.vp)


@pytest.mark.rule("L2", "C9")
def test_a_delegate_decides_for_the_manager_in_the_period_only(world: c.World) -> None:
	review = c.start(world, c.order(c.item(stock=50)))
	c.answer_all(world, review)
	delegate = make_user(roles.SERVICE)
	with pytest.raises(QMSRefusal, match="C9"):
		c.decide(review.reload(), delegate)
	with as_user(world.vp):
		delegation = frappe.get_doc(
			{
				"doctype": "Approval Delegation",
				"role": roles.SALES_VP,
				"delegate": delegate,
				"from_date": add_days(nowdate(), 1),
				"to_date": add_days(nowdate(), 5),
				"reason": "travel",
			}
		).insert()
		delegation.submit()
	with pytest.raises(QMSRefusal, match="C9"):
		c.decide(review.reload(), delegate)
	frappe.db.set_value("Approval Delegation", delegation.name, "from_date", nowdate())
	c.decide(review.reload(), delegate)
	assert (review.decided_by, review.acting_for, review.decided_role) == (delegate, world.vp, roles.SALES_VP)


@pytest.mark.rule("L2")
def test_a_delegation_is_given_in_person_by_who_holds_the_role(world: c.World) -> None:
	values = {
		"doctype": "Approval Delegation",
		"role": roles.SALES_VP,
		"delegate": make_user(roles.SERVICE),
		"from_date": nowdate(),
		"to_date": add_days(nowdate(), 5),
		"reason": "travel",
	}
	for user, change, why in (
		(world.gm, {}, "do not hold"),
		("Administrator", {}, "in person"),
		(world.vp, {"delegate": world.vp}, "another person"),
		(world.vp, {"from_date": add_days(nowdate(), -1)}, "past"),
		(world.vp, {"role": roles.SALES_USER}, "not an authority"),
	):
		with as_user(user), pytest.raises(QMSRefusal, match=why):
			frappe.get_doc({**values, **change}).insert(ignore_permissions=True)


@pytest.mark.rule("L2", "C12")
def test_a_delegate_cannot_use_the_authority_of_who_prepared(world: c.World) -> None:
	boss = make_user(roles.SALES_USER, roles.SALES_VP, *c.ERP_SALES)
	delegate = make_user(roles.SERVICE)
	world.everybody()
	doc = c.order(c.item(stock=50))
	with as_user(boss):
		review = frappe.get_doc("Contract Review", api.start_review(doc.doctype, doc.name)["name"])
		frappe.get_doc(
			{
				"doctype": "Approval Delegation",
				"role": roles.SALES_VP,
				"delegate": delegate,
				"from_date": nowdate(),
				"to_date": add_days(nowdate(), 5),
				"reason": "travel",
			}
		).insert().submit()
	c.answer(world, review, "Sales")
	with pytest.raises(QMSRefusal, match="C12"):
		c.decide(review.reload(), delegate)


@pytest.mark.rule("C5", "C9")
def test_a_small_routine_order_is_signed_by_the_salesperson(world: c.World) -> None:
	doc = c.order(c.item(stock=50))
	world.everybody()
	with as_user(world.sales):
		shown = api.get_overview(doc.doctype, doc.name)
		assert "sign" not in shown["actions"]
		with pytest.raises(QMSRefusal, match="C5"):
			api.sign_small_order(doc.doctype, doc.name, shown["hash"])
	set_limits(small_amount=1000, small_quantity=10)
	with as_user("Administrator"), pytest.raises(QMSRefusal):
		api.sign_small_order(doc.doctype, doc.name, shown["hash"])
	with as_user(world.vp), pytest.raises((QMSRefusal, frappe.PermissionError)):
		api.sign_small_order(doc.doctype, doc.name, shown["hash"])
	with as_user(world.sales):
		assert "sign" in api.get_overview(doc.doctype, doc.name)["actions"]
		with pytest.raises(QMSRefusal, match="C12"):
			api.sign_small_order(doc.doctype, doc.name, "something else")
		name = api.sign_small_order(doc.doctype, doc.name, shown["hash"])["name"]
	review = frappe.get_doc("Contract Review", name)
	assert (review.docstatus, review.decision, review.decided_by) == (1, "Approved", world.sales)
	doc.reload()
	doc.submit()


@pytest.mark.rule("C13", "C6")
def test_an_edit_makes_the_review_out_of_date_and_untouched_departments_re_affirm(world: c.World) -> None:
	doc = c.order(c.item())
	review = c.start(world, doc)
	c.answer_all(world, review, but=("Production",))
	doc.reload()
	doc.qms_payment_method = "Wire Transfer"
	with as_user(world.sales):
		doc.save()
	review.reload()
	assert review.workflow_state == "Out of Date" and "Wire Transfer" in review.changes
	with pytest.raises(QMSRefusal, match="C12"):
		c.answer(world, review, "Production")
	following = c.start(world, doc)
	assert (following.review_version, following.previous_review) == (2, review.name)
	assert review.reload().workflow_state == "Superseded" and review.docstatus == 1
	quality = c.opinion(following, "Quality")
	assert quality.may_re_affirm and quality.re_affirms and not quality.answers[0].answer
	with as_user(world.person(roles.QUALITY)):
		api.re_affirm(quality.name, following.fingerprint)
	assert [a.answer for a in quality.reload().answers] == ["Met"] * 3
	sales = c.opinion(following, "Sales")
	assert not sales.may_re_affirm
	with as_user(world.second_sales()), pytest.raises(QMSRefusal, match="C13"):
		api.re_affirm(sales.name, following.fingerprint)
	assert not c.opinion(following, "Production").re_affirms


@pytest.mark.rule("C13")
def test_a_rejection_is_final_and_the_same_content_needs_a_reason_and_the_same_authority(
	world: c.World,
) -> None:
	doc = c.order(c.item(lead_time_days=0))
	review = c.start(world, doc)
	c.answer_all(world, review)
	with pytest.raises(QMSRefusal, match="C13"):
		c.decide(review.reload(), world.gm, "Rejected")
	c.decide(review.reload(), world.gm, "Rejected", "no capacity")
	assert (review.docstatus, review.workflow_state) == (1, "Rejected")
	doc.reload()
	with pytest.raises(QMSRefusal, match="rejected"):
		doc.submit()
	frappe.db.set_value("Item", doc.items[0].item_code, "lead_time_days", 5)
	with pytest.raises(QMSRefusal, match="C13"):
		c.start(world, doc)
	again = c.start(world, doc, "the customer accepts partial deliveries")
	assert again.review_path == "Circulated" and again.approver_role == roles.GENERAL_MANAGER
	c.answer_all(world, again)
	with pytest.raises(QMSRefusal, match="C9"):
		c.decide(again.reload(), world.vp)
	c.decide(again.reload(), world.gm)


@pytest.mark.rule("C11")
def test_a_returned_review_asks_who_objected_anew(world: c.World) -> None:
	review = c.start(world, c.order(c.item()))
	c.answer(world, review, "Quality", answer="Not Met", comment="no gauge")
	c.answer_all(world, review)
	c.decide(review.reload(), world.vp, "Returned", "talk to Quality")
	assert (review.docstatus, review.workflow_state) == (0, "Review Returned")
	with as_user(world.sales):
		api.resubmit_review(review.name)
	assert review.reload().workflow_state == "In Review"
	c.answer(world, review, "Quality")
	c.decide(review.reload(), world.vp)
	assert review.decision == "Approved"


@pytest.mark.rule("B3")
def test_a_criterion_is_overridden_with_a_reason_and_the_one_who_did_does_not_approve(world: c.World) -> None:
	review = c.start(world, c.order(c.item(lead_time_days=0)))
	assert review.review_path == "Convened"
	with as_user(world.sales), pytest.raises(QMSRefusal, match="B3"):
		api.override_criterion(review.name, "b", "Met", "trust me")
	with as_user(world.vp):
		with pytest.raises(QMSRefusal, match="B3"):
			api.override_criterion(review.name, "b", "Met", " ")
		api.override_criterion(review.name, "b", "Met", "PMC confirmed week 50")
	review.reload()
	assert (review.review_path, review.approver_role) == ("Circulated", roles.SALES_VP)
	assert set(departments(review)) == {"Sales", "R&D", "Quality", "Production"}
	assert review.criteria[1].override_by == world.vp and review.criteria[1].evidence
	c.answer_all(world, review)
	with pytest.raises(QMSRefusal, match="C12"):
		c.decide(review.reload(), world.vp)
	with as_user(world.sales):
		api.override_criterion(review.name, "b", "Not Met", "on second thought")
	assert review.reload().review_path == "Convened"
	assert review.workflow_state == "In Review" and "PMC" in departments(review)


@pytest.mark.rule("B4")
def test_a_class_that_has_risen_stops_the_approval_and_withdraws_an_unused_one(world: c.World) -> None:
	doc = c.order(c.item(stock=50))
	review = c.start(world, doc)
	c.answer_all(world, review)
	frappe.db.set_value("Item", doc.items[0].item_code, "qms_product_standard", None)
	with pytest.raises(QMSRefusal, match="B4"):
		c.decide(review.reload(), world.vp)
	frappe.db.set_value("Item", doc.items[0].item_code, "qms_product_standard", c.standard())
	c.decide(review.reload(), world.vp)
	frappe.db.set_value("Item", doc.items[0].item_code, "qms_product_standard", None)
	scheduled.recheck_approvals()
	scheduled.recheck_approvals()
	assert review.reload().withdrawn
	doc.reload()
	with pytest.raises(QMSRefusal, match="withdrawn"):
		doc.submit()


@pytest.mark.rule("B4")
def test_an_approval_expires(world: c.World) -> None:
	doc = c.order(c.item(stock=50))
	review = c.approve(world, doc)
	assert str(review.valid_until) == add_days(nowdate(), 30)
	frappe.db.set_value(
		"Approved Content", {"source_name": review.name}, "valid_until", add_days(nowdate(), -1)
	)
	doc.reload()
	with pytest.raises(QMSRefusal, match="B4"):
		doc.submit()
	doc.reload()
	following = c.start(world, doc)
	assert following.review_version == 2


@pytest.mark.rule("A7", "C10")
def test_special_packaging_is_designed_and_confirmed_before_production(world: c.World) -> None:
	doc = c.order(c.item(), qms_packaging="Special", qms_packaging_details="double pouch")
	c.approve(world, doc)
	action = frappe.get_last_doc("Review Action", {"reference_name": doc.name})
	assert action.blocks == "Production" and action.action_owner == world.person(roles.RND)


@pytest.mark.rule("C11")
def test_a_department_with_nobody_in_it_is_named_before_anything_is_written(world: c.World) -> None:
	doc = c.order(c.item())
	world.everybody()
	quality = frappe.get_all("Has Role", {"role": roles.QUALITY, "parenttype": "User"}, pluck="parent")
	for user in quality:
		frappe.db.set_value("User", user, "enabled", 0)
	frappe.clear_cache()
	with as_user(world.sales), pytest.raises(QMSRefusal, match="QMS Quality"):
		api.start_review(doc.doctype, doc.name)
	assert not frappe.db.exists("Contract Review", {"reference_name": doc.name})


@pytest.mark.rule("C11")
def test_a_user_disabled_while_holding_an_opinion_is_replaced_by_a_colleague(world: c.World) -> None:
	review = c.start(world, c.order(c.item()))
	holder = world.person(roles.QUALITY)
	user = frappe.get_doc("User", holder)
	user.enabled = 0
	user.save()
	with pytest.raises(QMSRefusal):
		c.answer(world, review, "Quality", user=holder)
	colleague = make_user(roles.QUALITY)
	c.answer(world, review, "Quality", user=colleague)
	assert c.opinion(review, "Quality").given_by == colleague


@pytest.mark.rule("L3")
def test_the_inbox_has_workflow_action_todo_and_notification(world: c.World) -> None:
	review = c.start(world, c.order(c.item(stock=50)))
	asked = c.opinion(review, "Sales")
	open_action = {"reference_doctype": asked.doctype, "reference_name": asked.name, "status": "Open"}
	todo = {
		"reference_type": asked.doctype,
		"reference_name": asked.name,
		"allocated_to": world.second_sales(),
	}
	assert frappe.db.exists("Workflow Action", open_action)
	assert frappe.get_all("ToDo", {"reference_name": asked.name, "status": "Open"}, pluck="allocated_to")
	c.answer_all(world, review)
	assert not frappe.db.exists("Workflow Action", open_action)
	assert not frappe.db.exists("ToDo", {**todo, "status": "Open"})
	waiting = {"reference_doctype": review.doctype, "reference_name": review.name, "status": "Open"}
	assert frappe.db.exists("Workflow Action", waiting)
	with as_user(world.vp):
		assert review.name in frappe.get_list("Workflow Action", {"status": "Open"}, pluck="reference_name")
	assert frappe.db.exists(
		"ToDo", {"reference_name": review.name, "allocated_to": world.vp, "status": "Open"}
	)
	assert frappe.db.exists("Notification Log", {"document_name": review.name, "for_user": world.vp})
	c.decide(review.reload(), world.vp)
	assert not frappe.db.exists("Workflow Action", waiting)
	assert not frappe.db.exists("ToDo", {"reference_name": review.name, "status": "Open"})


@pytest.mark.rule("L1")
def test_the_auditor_reads_everything_and_changes_nothing(world: c.World) -> None:
	doc = c.order(c.item(stock=50))
	review = c.approve(world, doc)
	auditor = make_user(roles.AUDITOR)
	with as_user(auditor):
		for doctype in (
			"Contract Review",
			"Contract Review Opinion",
			"Review Action",
			"Approved Content",
			"Sales Order",
		):
			assert frappe.has_permission(doctype, "read"), doctype
			for right in ("write", "create", "delete", "submit", "cancel"):
				assert not frappe.has_permission(doctype, right), (doctype, right)
		assert api.get_review_panel(review.name)["may_decide"] is False
		with pytest.raises(QMSRefusal):
			api.start_review(doc.doctype, doc.name)


@pytest.mark.rule("C9")
def test_settings_change_only_with_a_reason_and_within_the_procedure() -> None:
	settings = frappe.get_doc("QMS Customer Settings")
	settings.large_amount = 9
	with pytest.raises(QMSRefusal, match="C9"):
		c.save_settings(settings)
	for change, _rule in (
		({"small_amount": 10}, "C5"),
		({"small_amount": 600000, "small_quantity": 5}, "C5"),
		({"approval_validity_days": -1}, "B4"),
	):
		settings = frappe.get_doc("QMS Customer Settings")
		settings.update({"change_reason": "test", **change})
		with pytest.raises((QMSRefusal, frappe.ValidationError)):
			c.save_settings(settings)
	settings = frappe.get_doc("QMS Customer Settings")
	settings.change_reason = "test"
	settings.departments = [d for d in settings.departments if d.department != "Quality"]
	with pytest.raises(QMSRefusal, match="C3"):
		c.save_settings(settings)


@pytest.mark.rule("C6")
def test_a_department_of_the_site_takes_part_once_settings_name_it(world: c.World) -> None:
	settings = frappe.get_doc("QMS Customer Settings")
	settings.change_reason = "Finance looks at credit"
	settings.append(
		"departments", {"department": "Finance", "role": roles.FINANCE, "circulated": 1, "convened": 1}
	)
	settings.append("aspects", {"department": "Finance", "topic": "Commercial", "question": "Credit limit"})
	c.save_settings(settings)
	world.person(roles.FINANCE)
	review = c.start(world, c.order(c.item()))
	assert "Finance" in departments(review)
	workflow = frappe.get_doc("Workflow", "QMS Contract Review Opinion")
	assert any(t.allowed == roles.FINANCE and "Finance" in t.condition for t in workflow.transitions)
	with as_user(world.person(roles.FINANCE)):
		doc = c.opinion(review, "Finance")
		api.give_opinion(doc.name, review.fingerprint, [{"name": doc.answers[0].name, "answer": "Met"}], "/")
	assert c.opinion(review, "Finance").docstatus == 1


@pytest.mark.rule("C7")
def test_each_difference_from_the_quotation_is_resolved_before_approval(world: c.World) -> None:
	quotation = c.quotation(c.item(stock=50))
	quotation.submit()
	doc = c.order_from(quotation)
	doc.items[0].rate = 90
	doc.insert()
	review = c.start(world, doc)
	assert [(d.source, d.old_value, d.new_value) for d in review.discrepancies] == [
		(quotation.name, "100", "90")
	]
	c.answer_all(world, review)
	with pytest.raises(QMSRefusal, match="C7"):
		c.decide(review.reload(), world.vp)
	review.reload()
	review.discrepancies[0].old_value = "90"
	with as_user(world.sales), pytest.raises(QMSRefusal, match="C7"):
		review.save()
	review.reload()
	review.discrepancies[0].resolution = "discount agreed by e-mail"
	with as_user(world.sales):
		review.save()
	assert review.discrepancies[0].resolved_by == world.sales
	c.decide(review.reload(), world.vp)


@pytest.mark.rule("C1", "C7")
def test_a_tender_is_reviewed_and_the_order_that_equals_it_inherits(world: c.World) -> None:
	plain = c.quotation(c.item(stock=50))
	plain.submit()
	tender = c.quotation(c.item(stock=50), qms_is_tender=1)
	with pytest.raises(QMSRefusal, match="C1"):
		tender.submit()
	tender.reload()
	c.approve(world, tender)
	tender.reload()
	tender.submit()
	doc = c.order_from(tender).insert()
	assert api.get_overview(doc.doctype, doc.name)["committable"], inherit.differences(
		doc, inherit.base_of(doc)
	)
	doc.submit()
	row = frappe.get_last_doc("Approved Content", {"reference_name": doc.name})
	assert row.inherited and row.source_name == tender.name
	more = frappe.copy_doc(doc)
	more.docstatus = 0
	more.items[0].update({"qty": 1, "prevdoc_docname": tender.name, "quotation_item": tender.items[0].name})
	more.insert()
	with pytest.raises(QMSRefusal, match="C1"):
		more.submit()
