"""What is typed and read on the single screens: a new order, inbox, review, evidence, lists, settings,
print.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import frappe
import pytest
from frappe.utils import add_days, format_date, nowdate

from qms_customer.rules import people as roles
from qms_customer.rules.contract import CLASSES, VERBAL_ORDER
from tests.support import contracts as c
from tests.support.hands import Hands
from tests.support.people import as_user, make_user

if TYPE_CHECKING:
	from pathlib import Path

	from frappe.model.document import Document

	from tests.support.browser import DeskPage

Desk = Callable[..., "DeskPage"]


def now(doc: Document) -> Document:
	"""Return the document as the web server left it."""
	frappe.db.rollback()
	return doc.reload()


def typed(days: int) -> str:
	"""Return a date as it is typed into a form."""
	return format_date(add_days(nowdate(), days), "dd-mm-yyyy")


@pytest.mark.rule("A1", "A2", "A7", "A9", "B1", "C1")
def test_a_salesperson_types_a_new_order_and_starts_its_review(desk: Desk, cast: c.World) -> None:
	customer = c.customer(customer_name="Riverside Hospital")
	terms = c.payment_terms()
	sales = Hands(desk(cast.sales, path="/app/sales-order/new"))
	sales.fill(customer=customer, delivery_date=typed(30))
	sales.cell("items", 1, "item_code", "IP-200")
	sales.cell("items", 1, "qty", 20)
	sales.cell("items", 1, "rate", 1500)
	sales.tab("payment_schedule_section")
	sales.fill(payment_terms_template=terms)
	sales.tab("qms_review_tab")
	sales.sees("Save the document")
	sales.fill(
		qms_contract_form="Order",
		qms_delivery_method="Sea freight",
		qms_payment_method="Cash",
		qms_packaging="Special",
		qms_packaging_details="Double pouch",
	)
	sales.find('[data-fieldname="qms_requirements"] .btn-custom').click()
	sales.cell("qms_requirements", 1, "requirement", "Sterile, delivered on pallets")
	for row in range(2, len(CLASSES) + 1):
		sales.cell("qms_requirements", row, "none_identified", 1)
	sales.save()
	sales.page.shot("saved", full_page=True)
	sales.tab("qms_review_tab")
	# Special packaging: everybody is asked, and the general manager decides.
	sales.sees("Non-routine", "Purchasing", roles.GENERAL_MANAGER, where=".qms-panel")
	assert sales.find(".qms-panel .alert-warning").count() == 0
	sales.button("Start Contract Review")
	sales.page.wait_for_function("() => cur_frm.doc.qms_contract_review")
	frappe.db.rollback()
	review = frappe.get_last_doc("Contract Review")
	assert (review.prepared_by, review.review_path, review.special) == (cast.sales, "Convened", "Packaging")
	assert [r.requirement_class for r in review.requirements] == list(CLASSES)


@pytest.mark.rule("L3", "A2", "A6", "C6", "C7")
def test_a_reviewer_is_told_finds_the_opinion_and_reads_what_it_is_about(desk: Desk, cast: c.World) -> None:
	drawing = frappe.get_doc(
		{"doctype": "File", "file_name": "drawing.txt", "content": "rev A", "is_private": 0}
	).insert()
	document = {
		"title": "Drawing of the housing",
		"document_type": "Drawing",
		"document_version": "A",
		"file": drawing.file_url,
	}
	quotation = c.quotation("IP-200", rate=1400)
	quotation.submit()
	doc = c.order_from(quotation)
	doc.items[0].rate = 1500
	doc.append("qms_documents", document)
	doc.insert()
	review = c.start(cast, doc)
	asked = c.opinion(review, "Quality")
	quality = Hands(desk(cast.person(roles.QUALITY), path="/app"))
	quality.find(".notifications-icon").click()
	quality.sees("Contract Review Opinion Quality", where=".dropdown-notifications")
	quality.page.shot("bell")
	quality.page.go("/app/todo")
	quality.sees("Give the opinion of Quality", where=".list-row")
	quality.page.shot("todo")
	quality.find(".list-row .list-actions button, .list-row .btn-action").first.click()
	quality.page.wait_for_url(f"**/contract-review-opinion/{asked.name}")
	quality.page.settle()
	quality.sees(
		"Sterile, delivered on pallets",
		"Drawing of the housing",
		*CLASSES,
		quotation.name,
		"1,500.00",
		where=".qms-panel",
	)
	quality.page.shot("opinion", full_page=True)
	# Incomplete, closed to look something up, opened again: what was typed is still there.
	quality.action("Submit Opinion")
	quality.fill(quality.dialog, answer_0="Not Met", comment_0="no gauge")
	quality.dialog.locator(".btn-modal-close").click()
	quality.action("Submit Opinion")
	assert quality.value("comment_0", quality.dialog) == "no gauge"
	quality.fill(
		quality.dialog,
		answer_1="Met",
		answer_2="Met with Conditions",
		comment_2="certificate to be renewed",
		owner_2=cast.person(roles.PURCHASING),
		due_2=typed(20),
		blocks_2="Approval",
	)
	quality.slash("comment")
	quality.page.shot("dialog")
	quality.sees("Objected", where=".qms-meaning")
	quality.sign()
	assert now(asked).outcome == "Objected"
	action = frappe.get_last_doc("Review Action", {"opinion": asked.name, "from_objection": 0})
	assert (action.action_owner, action.blocks) == (cast.person(roles.PURCHASING), "Approval")
	assert str(action.due_date) == add_days(nowdate(), 20)
	quality.sees("Objected", "no gauge")
	assert not quality.actions()
	quality.page.shot("given")


@pytest.mark.rule("C9", "C11", "L3")
def test_the_vp_approves_on_a_telephone_what_nobody_objects_to(desk: Desk, cast: c.World) -> None:
	objected = c.start(cast, c.order("IP-200"))
	c.answer(cast, objected, "Quality", answer="Not Met", comment="no gauge")
	c.answer_all(cast, objected)
	review = c.pending(cast, c.order("IP-200", customer=c.customer(customer_name="Riverside Hospital")))
	vp = Hands(desk(cast.vp, phone=True))
	vp.inbox("Contract Review", review.name)
	vp.page.shot("1-review", full_page=True)
	assert vp.page.evaluate("document.documentElement.scrollWidth") <= vp.page.viewport_size["width"]
	vp.action("Approve")
	vp.slash("comment")
	vp.page.shot("2-approve")
	vp.sign()
	assert now(review).decision == "Approved"
	vp.inbox("Contract Review", objected.name)
	vp.action("Approve")
	vp.slash("comment")
	vp.give_signature()
	vp.refused("C11", "general manager")
	assert now(objected).docstatus == 0


@pytest.mark.rule("C11")
def test_a_returned_review_is_resubmitted_by_sales(desk: Desk, cast: c.World) -> None:
	review = c.start(cast, c.order("IP-200"))
	c.answer(cast, review, "Quality", answer="Not Met", comment="no gauge")
	c.answer_all(cast, review)
	vp = Hands(desk(cast.vp)).open("Contract Review", review.name)
	vp.action("Return")
	vp.dialog.locator(".btn-modal-primary").click()
	vp.page.settle()
	assert now(review).workflow_state == "Pending Approval"  # a return says why
	if vp.page.locator(".modal.show .msgprint-dialog").count():
		vp.close_message()
	vp.fill(vp.dialog, comment="talk to Quality")
	vp.sign()
	assert now(review).workflow_state == "Review Returned"
	sales = Hands(desk(cast.sales)).open("Contract Review", review.name)
	sales.sees("talk to Quality")
	sales.page.shot("returned")
	sales.button("Resubmit Unchanged")
	assert now(review).workflow_state == "In Review"
	assert "Quality" in sales.headline


@pytest.mark.rule("C12")
def test_who_prepared_reads_why_somebody_else_decides(desk: Desk, cast: c.World) -> None:
	boss = make_user(roles.SALES_USER, roles.SALES_VP, *c.ERP_SALES)
	doc = c.order("IP-200")
	with as_user(boss):
		review = frappe.get_doc("Contract Review", c.api.start_review(doc.doctype, doc.name)["name"])
	c.answer_all(cast, review)
	hands = Hands(desk(boss)).open("Contract Review", review.name)
	assert "C12" in hands.headline
	hands.page.shot("prepared")
	hands.action("Approve")
	hands.sees("C12", where=".modal.show .msgprint")
	assert now(review).docstatus == 0


@pytest.mark.rule("A3")
def test_sales_records_the_confirmation_of_a_verbal_order_with_its_evidence(
	desk: Desk, cast: c.World, tmp_path: Path
) -> None:
	mail = tmp_path / "confirmation.txt"
	mail.write_text("Yes, we order 5 pumps.")
	review = c.start(cast, c.order("IP-200", qms_contract_form=VERBAL_ORDER))
	sales = Hands(desk(cast.sales)).open("Contract Review", review.name)
	sales.add_row("confirmations")
	sales.cell("confirmations", 1, "confirmed_by", "Dr Wang")
	sales.cell("confirmations", 1, "confirmed_on", f"{typed(-1)} 08:00:00")
	sales.cell("confirmations", 1, "method", "E-mail")
	sales.attach("confirmations", 1, "evidence", mail)
	sales.page.shot("confirmation")
	# Frappe saves a stored document when a file is attached to it.
	sales.page.wait_for_function("() => !cur_frm.is_dirty()")
	sales.page.settle()
	row = now(review).confirmations[0]
	assert (row.confirmed_by, row.method, row.recorded_by) == ("Dr Wang", "E-mail", cast.sales)
	assert row.evidence.startswith("/private/files/confirmation")
	c.answer_all(cast, review)
	review.reload()
	c.decide(review, cast.vp)
	assert review.decision == "Approved"


@pytest.mark.rule("C7")
def test_sales_writes_how_a_difference_from_the_quotation_is_resolved(desk: Desk, cast: c.World) -> None:
	quotation = c.quotation("IP-200", rate=1400)
	quotation.submit()
	doc = c.order_from(quotation)
	doc.items[0].rate = 1500
	doc.insert()
	review = c.pending(cast, doc)
	assert len(review.discrepancies) >= 1
	vp = Hands(desk(cast.vp)).open("Contract Review", review.name)
	vp.sees("Not Resolved", where=".qms-panel")
	vp.action("Approve")
	vp.slash("comment")
	vp.give_signature()
	vp.refused("C7")
	sales = Hands(desk(cast.sales)).open("Contract Review", review.name)
	assert sales.find('[data-fieldname="discrepancies"] .grid-add-row').count() == 0
	for number in range(1, len(review.discrepancies) + 1):
		sales.cell("discrepancies", number, "resolution", "agreed by phone, letter of 3 June")
	sales.page.shot("resolved", full_page=True)
	sales.save()
	assert all(d.resolution and d.resolved_by == cast.sales for d in now(review).discrepancies)
	vp.open("Contract Review", review.name)
	vp.page.reload()
	vp.page.settle()
	vp.action("Approve")
	vp.slash("comment")
	vp.sign()
	assert now(review).decision == "Approved"


@pytest.mark.rule("B3", "C4")
def test_a_criterion_is_overridden_in_a_dialog_and_more_departments_are_asked(
	desk: Desk, cast: c.World
) -> None:
	review = c.start(cast, c.order("IP-200"))
	planning = Hands(desk(cast.person(roles.PLANNING))).open("Contract Review", review.name)
	planning.button("Override a Criterion", "Tools")
	planning.fill(planning.dialog, criterion="b", verdict="Not Met", reason="the line is down in week 50")
	planning.page.shot("override")
	planning.sign()
	planning.sees("the line is down in week 50", where=".qms-panel")
	planning.sees("Non-routine", "PMC")
	assert now(review).review_path == "Convened"
	planning.page.shot("overridden", full_page=True)


@pytest.mark.rule("E8")
def test_update_items_of_a_committed_order_is_refused(desk: Desk, cast: c.World) -> None:
	doc = c.committed_order(cast, "IP-200")
	sales = Hands(desk(cast.sales)).open("Sales Order", doc.name)
	sales.button("Update Items")
	row = sales.dialog.locator('.grid-row[data-idx="1"] .grid-static-col[data-fieldname="qty"]')
	row.click()
	row.locator("input").fill("50")
	row.locator("input").press("Tab")
	sales.refused("E8", "change notice")
	sales.page.shot("refused")
	assert now(doc).items[0].qty == 5


@pytest.mark.rule("L3", "C10")
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_lists_say_where_each_record_stands(desk: Desk, cast: c.World, lang: str) -> None:
	review = c.start(cast, c.order("IP-200", customer=c.customer(customer_name="Riverside Hospital")))
	c.answer(cast, review, "Quality", answer="Met with Conditions", comment="gauge")
	with as_user(cast.vp):
		frappe.get_doc(
			{
				"doctype": "Approval Delegation",
				"role": roles.SALES_VP,
				"delegate": cast.person(roles.QUALITY),
				"from_date": nowdate(),
				"to_date": add_days(nowdate(), 3),
				"reason": "travel",
			}
		).insert().submit()
	vp = Hands(desk(cast.vp, lang=lang))
	for doctype, *texts in (
		("Contract Review", vp.say("In Review"), "Riverside Hospital"),
		("Contract Review Opinion", vp.say("Awaiting Opinion"), vp.say("Production", "Review Department")),
		("Review Action", vp.say("Open", "Review Action"), "gauge"),
		("Approval Delegation", vp.say("In Force"), vp.say(roles.SALES_VP)),
	):
		vp.page.go(f"/app/{doctype.lower().replace(' ', '-')}/view/list")
		vp.sees(*texts, where=".list-row")
		vp.page.shot(doctype.lower().replace(" ", "-"))


@pytest.mark.rule("C3", "C4", "C6", "C9")
def test_the_routing_table_is_changed_in_the_settings(desk: Desk, cast: c.World) -> None:
	manager = Hands(desk(cast.gm, path="/app/qms-customer-settings"))
	manager.page.shot("settings", full_page=True)
	manager.add_row("departments")
	number = 7
	manager.cell("departments", number, "department", "Finance")
	manager.cell("departments", number, "role", roles.FINANCE)
	manager.cell("departments", number, "convened", 1)
	manager.primary()
	manager.fill(manager.dialog, change_reason="Finance looks at credit")
	manager.give_signature()
	manager.refused("C6", "Finance")
	manager.close_message()
	manager.dialog.locator(".btn-modal-close").click()
	manager.add_row("aspects")
	last = manager.find('.frappe-control[data-fieldname="aspects"] .grid-row').last
	row = int(last.get_attribute("data-idx") or 0)
	manager.cell("aspects", row, "department", "Finance")
	manager.cell("aspects", row, "topic", "Commercial")
	manager.cell("aspects", row, "question", "Credit limit")
	manager.primary()
	manager.fill(manager.dialog, change_reason="Finance looks at credit")
	manager.sign()
	frappe.db.rollback()
	frappe.clear_cache()
	assert [d.department for d in frappe.get_doc("QMS Customer Settings").departments][-1] == "Finance"


@pytest.mark.rule("L1", "K6")
def test_a_review_is_printed_as_it_was_decided(desk: Desk, cast: c.World) -> None:
	review = c.approve(cast, c.order("IP-200", customer=c.customer(customer_name="Riverside Hospital")))
	auditor = Hands(desk(make_user(roles.AUDITOR))).open("Contract Review", review.name)
	auditor.page.locator(".page-icon-group [data-original-title], .page-icon-group button").last.click()
	auditor.page.wait_for_url("**/print/**")
	auditor.page.settle()
	frame = auditor.page.frame_locator("iframe.print-format-container")
	frame.get_by_text("Riverside Hospital").first.wait_for()
	text = frame.locator("body").inner_text()
	assert review.name in text and "Sun Hong" in text
	assert '"verdict"' not in text
	auditor.page.shot("print", full_page=True)
