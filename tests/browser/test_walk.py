"""The main walk: an order from the salesperson's draft to the goods, by the people who do it, in their
screens.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import frappe
import pytest
from playwright.sync_api import expect

from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support.hands import Hands

if TYPE_CHECKING:
	from tests.support.browser import DeskPage

CLASSES = 5


@pytest.mark.rule("B1", "C1", "C3", "C6", "C9", "C11", "D4", "L3")
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_an_order_from_draft_to_delivery(desk: Callable[..., DeskPage], cast: c.World, lang: str) -> None:
	doc = c.order(
		"IP-200",
		qty=20,
		rate=1500,
		customer=c.customer(customer_name="Riverside Hospital"),
		qms_contract_form="",
		qms_requirements=[],
	)

	# Sales: what the order is, what it lacks, who reviews and who approves.
	sales = Hands(desk(cast.sales, lang=lang)).open("Sales Order", doc.name)
	sales.find(".qms-show-review").click()
	panel = sales.find(".qms-panel")
	for code in "abc":
		expect(panel.locator(f'tr[data-criterion="{code}"]')).to_have_count(1)
	sales.sees("Q/QTC 012-2025", "IP-200", where=".qms-panel")
	missing = panel.locator(".alert-warning li")
	assert missing.count() == CLASSES + 1
	for department in ("Sales", "R&D", "Quality", "Production"):
		sales.sees(sales.say(department, "Review Department"), where=".qms-panel")
	sales.sees(sales.say(roles.SALES_VP), where=".qms-panel")
	sales.page.shot("1-missing", full_page=True)
	sales.refused("A1", do=lambda: sales.button("Start Contract Review"))
	sales.close_message()

	sales.fill(qms_contract_form="Order")
	sales.find('[data-fieldname="qms_requirements"] .btn-custom').click()
	sales.cell("qms_requirements", 1, "requirement", "Sterile, delivered on pallets")
	for row in range(2, CLASSES + 1):
		sales.cell("qms_requirements", row, "none_identified", 1)
	sales.save()
	sales.button("Start Contract Review")
	sales.page.wait_for_function("() => cur_frm.doc.qms_contract_review")
	sales.page.settle()
	frappe.db.rollback()
	review = frappe.get_last_doc("Contract Review", {"reference_name": doc.name})
	assert review.name in sales.headline
	assert panel.locator(f'a[href*="{review.name}"]').count() == 1
	sales.page.shot("2-started", full_page=True)

	# The standard Submit stays refused, with the rule and the next step.
	refusal = sales.refused("C1", review.name, do=sales.submit)
	sales.page.shot("3-refused")
	assert refusal.messages
	sales.close_message()

	# R&D answers in its inbox; the others do the same.
	opinion = c.opinion(review, "R&D")
	rnd = Hands(desk(cast.person(roles.RND), lang=lang))
	rnd.inbox("Contract Review Opinion", opinion.name)
	rnd.action("Submit Opinion")
	for number in range(len(opinion.answers)):
		rnd.fill(rnd.dialog, **{f"answer_{number}": "Met"})
	rnd.slash("comment")
	rnd.page.shot("4-opinion")
	rnd.sign()
	frappe.db.rollback()
	assert opinion.reload().outcome == "Agreed"
	c.answer_all(cast, review)
	frappe.db.commit()

	# The Sales VP approves in the inbox.
	vp = Hands(desk(cast.vp, lang=lang))
	vp.inbox("Contract Review", review.name)
	vp.page.shot("5-decision", full_page=True)
	assert set(map(vp.say, ("Approve", "Reject", "Return"))) <= set(vp.actions())
	vp.action("Approve")
	vp.slash("comment")
	vp.page.shot("5-signature")
	vp.sign()
	frappe.db.rollback()
	assert review.reload().decision == "Approved"
	vp.sees(vp.say("Approved"))
	assert not vp.actions()
	vp.page.shot("6-approved", full_page=True)

	# The order is submitted, and delivered from the order.
	sales.open("Sales Order", doc.name)
	assert review.name in sales.headline
	sales.page.shot("7-committable")
	sales.submit()
	sales.page.wait_for_function("() => cur_frm.doc.docstatus === 1")
	frappe.db.rollback()
	c.receive("IP-200", 20)
	frappe.db.commit()
	sales.page.settle()
	sales.button("Delivery Note", "Create")
	sales.page.wait_for_url("**/app/delivery-note/new-delivery-note-*")
	sales.page.settle()
	sales.save()
	sales.submit()
	sales.page.wait_for_function("() => cur_frm.doc.docstatus === 1")
	frappe.db.rollback()
	note = frappe.get_last_doc("Delivery Note")
	assert (note.docstatus, note.items[0].against_sales_order) == (1, doc.name)
