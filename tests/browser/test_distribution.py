"""What follows a change, on the screens of those who do it: acknowledged, told, and made of a letter."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import frappe
import pytest
from playwright.sync_api import expect

from qms_customer.rules import people as roles
from tests.browser.test_workspace import drawn
from tests.support import changes as ch
from tests.support import contracts as c
from tests.support.hands import Hands
from tests.support.people import make_user

if TYPE_CHECKING:
	from tests.support.browser import DeskPage

Desk = Callable[..., "DeskPage"]
ACKNOWLEDGEMENT = "Change Acknowledgement"


@pytest.mark.rule("E6", "E7", "F5", "L3")
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_change_is_acknowledged_and_the_customer_told(desk: Desk, cast: c.World, lang: str) -> None:
	customer = c.customer(customer_name="Riverside Hospital", language=lang)
	order = c.committed_order(cast, "IP-200", qty=20, rate=1500, customer=customer)
	cast.person(roles.FINANCE)
	notice = ch.apply(cast, ch.edit(cast, ch.make(cast, order), new_rate=1400, new_qty=25))
	record = frappe.db.get_value(
		ACKNOWLEDGEMENT, {"change_notice": notice.name, "department": "Production"}, "name"
	)
	frappe.db.commit()
	workshop = Hands(desk(cast.person(roles.PRODUCTION), lang=lang))
	workshop.inbox(ACKNOWLEDGEMENT, record)
	workshop.sees(order.name, where=".qms-acknowledgement")
	workshop.page.shot("1-asked", full_page=True)
	workshop.action("Acknowledge")
	workshop.slash("comment")
	workshop.page.shot("2-sign")
	workshop.sign()
	frappe.db.rollback()
	assert frappe.db.get_value(ACKNOWLEDGEMENT, record, "docstatus") == 1
	workshop.page.shot("3-acknowledged", full_page=True)
	phone = Hands(desk(cast.person(roles.PLANNING), lang=lang, phone=True)).open(ch.NOTICE, notice.name)
	phone.sees(phone.say("Acknowledged"), where=".qms-distribution")
	phone.page.shot("4-phone", full_page=True)

	sales = Hands(desk(cast.second_sales(), lang=lang)).open(ch.NOTICE, notice.name)
	sales.button("Tell the Customer")
	sales.fill(sales.dialog, whom="Dr. Li")
	expect(sales.field("message", sales.dialog)).to_contain_text("1,400")
	sales.page.shot("5-tell", full_page=True)
	sales.send()
	frappe.db.rollback()
	assert notice.reload().told_whom == "Dr. Li" and notice.told_how == "Call"
	sales.sees("Dr. Li", where=".qms-distribution")
	sales.page.shot("6-told", full_page=True)
	sales.page.go("/app/change-acknowledgement")
	sales.page.shot("7-list")


@pytest.mark.rule("E1")
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_letter_becomes_a_notice(desk: Desk, cast: c.World, lang: str) -> None:
	customer = c.customer(customer_name="Riverside Hospital")
	order = c.committed_order(cast, "IP-200", qty=20, rate=1500, customer=customer)
	mail = frappe.get_doc(
		{
			"doctype": "Communication",
			"communication_type": "Communication",
			"communication_medium": "Email",
			"sent_or_received": "Received",
			"subject": "Please deliver a week later",
			"content": "<p>Our ward is not ready yet.</p>",
			"sender": "li@hospital.example",
			"reference_doctype": "Sales Order",
			"reference_name": order.name,
		}
	).insert()
	user = make_user(roles.SALES_USER, "Sales User", "Inbox User")
	frappe.db.commit()
	sales = Hands(desk(user, lang=lang)).open("Communication", mail.name)
	sales.button("Make Contract Change Notice", group="Actions")
	assert sales.value("order", sales.dialog) == order.name
	sales.page.shot("1-make")
	sales.send()
	sales.page.wait_for_url("**/app/contract-change-notice/CCN-*")
	sales.page.settle()
	assert sales.page.evaluate("cur_frm.doc.communication") == mail.name
	sales.page.shot("2-notice", full_page=True)


@pytest.mark.rule("E1", "E6", "F5")
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_reports_of_changes(desk: Desk, cast: c.World, lang: str) -> None:
	customer = c.customer(customer_name="Riverside Hospital")
	for rate in (1400, 1300):
		order = c.committed_order(cast, "IP-200", qty=20, rate=1500, customer=customer)
		ch.apply(cast, ch.edit(cast, ch.make(cast, order), new_rate=rate))
	ch.make(cast, order, reason_category="Quantity")
	auditor = make_user(roles.AUDITOR)
	frappe.db.commit()
	page = desk(auditor, lang=lang)
	for number, report in enumerate(
		(
			"Contract Changes by Customer and Reason",
			"Change Notices Unacknowledged",
			"Promised against Actual Delivery",
		),
		1,
	):
		page.go(f"/app/query-report/{report}")
		page.wait_for_selector(".datatable .dt-row-0")
		drawn(page, 1)
		page.shot(f"{number}-{report.split()[0]}")
	page.go("/app/qms-customer")
	page.wait_for_selector(".number-widget-box .number")
	page.wait_for_selector(".links-widget-box")
	page.settle()
	page.shot("4-workspace", full_page=True)
