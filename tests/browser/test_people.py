"""What each person does besides the main walk, on the screen: decide, overrule, delegate, authorise,
re-affirm.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import frappe
import pytest
from frappe.utils import add_days, format_date, now_datetime, nowdate

from qms_customer.contract import api
from qms_customer.rules import people as roles
from qms_customer.rules.contract import VERBAL_ORDER
from tests.support import contracts as c
from tests.support.hands import Hands
from tests.support.people import as_user, make_user

if TYPE_CHECKING:
	from frappe.model.document import Document

	from tests.support.browser import DeskPage

Desk = Callable[..., "DeskPage"]


def pending(cast: c.World, **values: object) -> Document:
	"""A review with all opinions in, waiting for its decision."""
	return c.pending(cast, c.order("IP-200", **values))


def now(doc: Document) -> Document:
	"""The document as the web server left it."""
	frappe.db.rollback()
	return doc.reload()


@pytest.mark.rule("C9", "L3")
def test_the_vp_rejects_on_a_telephone_with_a_reason(desk: Desk, cast: c.World) -> None:
	review = pending(cast)
	vp = Hands(desk(cast.vp, phone=True)).open("Contract Review", review.name)
	vp.page.shot("phone-review")
	vp.action("Reject")
	vp.fill(vp.dialog, comment="the customer does not pay")
	vp.page.shot("phone-reject")
	vp.sign()
	assert now(review).decision == "Rejected"
	assert review.decision_comment == "the customer does not pay"


@pytest.mark.rule("C6", "C10", "C11")
def test_a_condition_is_given_on_a_telephone_and_a_refusal_keeps_what_was_typed(
	desk: Desk, cast: c.World
) -> None:
	review = c.start(cast, c.order("IP-200"))
	asked = c.opinion(review, "Quality")
	quality = Hands(desk(cast.person(roles.QUALITY), phone=True)).open(asked.doctype, asked.name)
	quality.action("Submit Opinion")
	assert [quality.value(f"answer_{i}", quality.dialog) for i in range(3)] == ["", "", ""]
	quality.fill(quality.dialog, answer_0="Met", answer_1="Met with Conditions", answer_2="Met")
	quality.page.shot("phone-opinion")
	# The comment is asked for on the spot; that owner and verifier are two people, the server says.
	quality.fill(
		quality.dialog, comment_1="calibrate the gauge first", blocks_1="Production", owner_1=cast.sales
	)
	quality.fill(quality.dialog, verifier_1=cast.sales)
	quality.slash("comment")
	quality.give_signature()
	quality.refused("C10")
	quality.close_message()
	assert quality.value("answer_1", quality.dialog) == "Met with Conditions"
	assert quality.value("comment_1", quality.dialog) == "calibrate the gauge first"
	quality.fill(quality.dialog, verifier_1=cast.person(roles.QUALITY))
	quality.send()
	assert now(asked).outcome == "Agreed with Conditions"
	assert frappe.db.get_value("Review Action", {"opinion": asked.name}, "blocks") == "Production"


@pytest.mark.rule("C11")
def test_an_objection_is_overruled_by_the_general_manager_with_a_reason(desk: Desk, cast: c.World) -> None:
	review = c.start(cast, c.order("IP-200"))
	c.answer(cast, review, "Quality", answer="Not Met", comment="no gauge")
	c.answer_all(cast, review)
	vp = Hands(desk(cast.vp)).open("Contract Review", review.name)
	assert "only the general manager" in vp.headline
	gm = Hands(desk(cast.gm)).open("Contract Review", review.name)
	gm.action("Approve")
	gm.fill(gm.dialog, overrule_reason="the customer lends us one")
	gm.slash("comment")
	gm.page.shot("overrule")
	gm.sign()
	assert (now(review).decision, review.overruled) == ("Approved", "Quality")


@pytest.mark.rule("L2")
def test_a_delegate_sees_for_whom_and_decides(desk: Desk, cast: c.World) -> None:
	review = pending(cast)
	delegate = make_user(roles.SERVICE)
	vp = Hands(desk(cast.vp, path="/app/approval-delegation/new"))
	vp.fill(
		role=roles.SALES_VP,
		delegate=delegate,
		to_date=format_date(add_days(nowdate(), 3), "dd-mm-yyyy"),
		reason="travel",
	)
	vp.page.shot("delegation")
	vp.save()
	vp.primary()
	vp.page.shot("delegate-signature")
	vp.sign()
	frappe.db.rollback()
	assert frappe.db.get_value("Approval Delegation", {"delegator": cast.vp}, "docstatus") == 1
	hands = Hands(desk(delegate)).open("Contract Review", review.name)
	assert "Sun Hong" in hands.headline
	hands.button("Approve", "Actions")
	hands.slash("comment")
	hands.page.shot("delegate")
	hands.sees(hands.say(roles.SALES_VP), "Sun Hong", where=".qms-meaning")
	hands.sign()
	assert (now(review).decided_by, review.acting_for) == (delegate, cast.vp)


@pytest.mark.rule("C12")
def test_a_review_that_changed_since_it_was_shown_is_reloaded_and_of_two_approvers_the_second_is_told(
	desk: Desk, cast: c.World
) -> None:
	review = pending(cast)
	other = make_user(roles.SALES_VP)
	first = Hands(desk(cast.vp)).open("Contract Review", review.name)
	second = Hands(desk(other)).open("Contract Review", review.name)
	frappe.db.rollback()
	review.reload()
	review.solution = "delivered in two parts"
	with as_user(cast.sales):
		review.save()
	frappe.db.commit()
	first.action("Approve")
	first.slash("comment")
	first.give_signature()
	first.refused("C12", "Reload")
	first.close_message()
	first.page.go(f"/app/contract-review/{review.name}")
	first.page.reload()
	first.page.settle()
	first.action("Approve")
	first.slash("comment")
	first.sign()
	assert now(review).decision == "Approved"
	second.action("Reject")
	second.fill(second.dialog, comment="too late")
	second.give_signature()
	second.refused("C12")
	assert now(review).decision == "Approved"


@pytest.mark.rule("C13", "C6")
def test_an_edit_shows_out_of_date_and_an_untouched_department_re_affirms_with_one_click(
	desk: Desk, cast: c.World
) -> None:
	review = pending(cast)
	sales = Hands(desk(cast.sales)).open("Sales Order", review.reference_name)
	sales.tab("qms_review_tab")
	sales.fill(qms_delivery_method="Air freight")
	sales.save()
	sales.sees("Air freight", where=".qms-panel")
	assert now(review).workflow_state == "Out of Date"
	sales.page.shot("out-of-date", full_page=True)
	sales.button("Start Contract Review")
	sales.page.wait_for_function(f"() => cur_frm.doc.qms_contract_review !== '{review.name}'")
	frappe.db.rollback()
	following = frappe.get_last_doc("Contract Review", {"previous_review": review.name})
	asked = c.opinion(following, "Quality")
	quality = Hands(desk(cast.person(roles.QUALITY))).open(asked.doctype, asked.name)
	quality.page.shot("re-affirm")
	quality.action("Re-affirm")
	quality.sees("Agreed", where=".qms-meaning")
	quality.sign()
	assert now(asked).docstatus == 1 and asked.answers[0].answer == "Met"


@pytest.mark.rule("A3")
def test_a_verbal_order_is_confirmed_on_the_review(desk: Desk, cast: c.World) -> None:
	review = pending(cast, qms_contract_form=VERBAL_ORDER)
	vp = Hands(desk(cast.vp)).open("Contract Review", review.name)
	vp.action("Approve")
	vp.slash("comment")
	vp.give_signature()
	vp.refused("A3")
	frappe.db.rollback()
	review.reload()
	evidence = {"confirmed_by": "Dr Wang", "confirmed_on": now_datetime(), "method": "E-mail"}
	review.append("confirmations", {**evidence, "evidence": c.upload().file_url})
	with as_user(cast.sales):
		review.save()
	frappe.db.commit()
	vp = Hands(desk(cast.vp)).open("Contract Review", review.name)
	vp.sees("Dr Wang")
	vp.action("Approve")
	vp.slash("comment")
	vp.sign()
	assert now(review).decision == "Approved"


@pytest.mark.rule("C1", "C7")
def test_a_tender_is_reviewed_and_its_order_inherits_or_shows_each_difference(
	desk: Desk, cast: c.World
) -> None:
	tender = c.quotation("IP-200", qms_is_tender=1)
	sales = Hands(desk(cast.sales)).open("Quotation", tender.name)
	sales.refused("C1", do=sales.submit)
	frappe.db.rollback()
	c.approve(cast, tender)
	tender.reload()
	tender.submit()
	equal = c.order_from(tender).insert()
	cheaper = frappe.copy_doc(equal)
	cheaper.items[0].update(
		{"rate": 80, "prevdoc_docname": tender.name, "quotation_item": tender.items[0].name}
	)
	cheaper.insert()
	sales = Hands(desk(cast.sales)).open("Sales Order", equal.name)
	sales.tab("qms_review_tab")
	sales.sees(tender.name, where=".qms-panel")
	sales.page.shot("inherited")
	sales.submit()
	sales.page.wait_for_function("() => cur_frm.doc.docstatus === 1")
	sales.open("Sales Order", cheaper.name)
	sales.tab("qms_review_tab")
	sales.sees("80 instead of 100", where=".qms-panel")
	sales.page.shot("differs")


@pytest.mark.rule("D4", "C12")
def test_goods_without_an_order_wait_for_a_manager(desk: Desk, cast: c.World) -> None:
	c.receive("IP-200", 5)
	storekeeper = make_user("Stock User", "Sales User")
	manager = cast.person(roles.BUSINESS_MANAGER)
	note = frappe.get_doc(
		{
			"doctype": "Delivery Note",
			"company": c.COMPANY,
			"customer": c.customer(),
			"items": [{"item_code": "IP-200", "qty": 1, "rate": 0, "warehouse": c.warehouse()}],
		}
	).insert()
	store = Hands(desk(storekeeper)).open("Delivery Note", note.name)
	store.refused("D4", do=store.submit)
	store.close_message()
	store.button("Ask for Authorisation")
	store.fill(store.dialog, reason_code="Sample", explanation="trial at the clinic")
	store.page.shot("ask")
	store.send()
	frappe.db.rollback()
	asked = frappe.get_last_doc("Delivery Authorisation", {"reference_name": note.name})
	boss = Hands(desk(manager))
	boss.inbox(asked.doctype, asked.name)
	boss.page.shot("authorise")
	boss.action("Authorise")
	boss.slash("comment")
	boss.sign()
	assert now(asked).decision == "Approved"
	store.open("Delivery Note", note.name)
	store.submit()
	store.page.wait_for_function("() => cur_frm.doc.docstatus === 1")


@pytest.mark.rule("E8")
def test_closing_and_cancelling_a_committed_order_asks_for_a_notice(desk: Desk, cast: c.World) -> None:
	doc = c.committed_order(cast, "IP-200")
	sales = Hands(desk(cast.sales)).open("Sales Order", doc.name)
	sales.button("Close", "Status")
	sales.fill(sales.dialog, reason="the customer asked")
	sales.page.shot("close")
	sales.dialog.locator(".btn-modal-primary").click()
	sales.page.wait_for_function("() => cur_frm.doctype === 'Contract Change Notice'")
	sales.open("Sales Order", doc.name)
	sales.find(".page-actions .btn-secondary").get_by_text("Cancel", exact=True).click()
	sales.yes()
	sales.fill(sales.dialog, reason="the customer withdrew")
	sales.page.shot("cancel")
	sales.dialog.locator(".btn-modal-primary").click()
	sales.page.wait_for_function("() => cur_frm.doctype === 'Contract Change Notice'")
	frappe.db.rollback()
	kinds = frappe.get_all("Contract Change Notice", {"reference_name": doc.name}, pluck="kind")
	assert sorted(kinds) == ["Cancel", "Close"]
	assert frappe.db.get_value("Sales Order", doc.name, ["docstatus", "status"]) == (1, "To Deliver and Bill")


@pytest.mark.rule("L1")
def test_the_auditor_reads_and_prints_and_has_no_buttons(desk: Desk, cast: c.World) -> None:
	review = c.approve(cast, c.order("IP-200"))
	auditor = Hands(desk(make_user(roles.AUDITOR))).open("Contract Review", review.name)
	auditor.sees("Wang Wei", where=".qms-panel")
	assert not auditor.actions() and not auditor.has_button("Override a Criterion", "Tools")
	auditor.page.shot("auditor")
	for doctype in ("contract-review", "contract-review-opinion", "review-action", "approved-content"):
		auditor.page.go(f"/app/{doctype}/view/list")
		auditor.page.settle()
	auditor.page.go(f"/app/print/Contract Review/{review.name}")
	auditor.page.settle()


@pytest.mark.rule("C9")
def test_the_settings_ask_why_they_change(desk: Desk, cast: c.World) -> None:
	representative = make_user(roles.MANAGEMENT_REPRESENTATIVE)
	page = desk(representative, path="/app/qms-customer-settings")
	hands = Hands(page)
	hands.fill(large_amount=400000)
	hands.primary()
	hands.give_signature()
	# A change is signed with its reason, or not made.
	hands.dialog.locator(".btn-modal-primary").click()
	hands.sees("Not filled in yet", where=".msgprint")
	hands.close_message()
	hands.fill(hands.dialog, change_reason="decided by the board")
	page.shot("signature")
	hands.send()
	frappe.db.rollback()
	assert frappe.db.get_single_value("QMS Customer Settings", "large_amount") == 400000
	page.shot("settings")


@pytest.mark.rule("C5")
def test_a_small_routine_order_is_signed_with_one_button(desk: Desk, cast: c.World) -> None:
	settings = frappe.get_doc("QMS Customer Settings")
	settings.update({"small_amount": 1000, "small_quantity": 10, "change_reason": "for a test"})
	c.save_settings(settings)
	doc = c.order("IP-200", qty=1)
	sales = Hands(desk(cast.sales)).open("Sales Order", doc.name)
	sales.button("Sign as Reviewed")
	sales.page.shot("signature")
	sales.sign()
	sales.page.wait_for_function("() => cur_frm.doc.qms_review_status === 'Approved'")
	sales.submit()
	sales.page.wait_for_function("() => cur_frm.doc.docstatus === 1")


@pytest.mark.rule("C10")
def test_an_action_is_reported_and_verified(desk: Desk, cast: c.World) -> None:
	review = c.start(cast, c.order("IP-200"))
	c.answer(cast, review, "Quality", answer="Met with Conditions", comment="gauge")
	action = frappe.get_last_doc("Review Action", {"contract_review": review.name})
	owner = Hands(desk(cast.sales)).open("Review Action", action.name)
	owner.button("Report Done")
	owner.fill(owner.dialog, evidence="bought, certificate 4711")
	owner.sign()
	quality = Hands(desk(cast.person(roles.QUALITY))).open("Review Action", action.name)
	quality.button("Verify")
	quality.fill(quality.dialog, comment="seen")
	quality.sign()
	assert now(action).status == "Verified"
	assert api.get_review_panel(review.name)["html"]
