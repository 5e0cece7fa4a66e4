"""Release to production, by the people who do it, in their screens."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import frappe
import pytest
from frappe.utils import add_days, nowdate
from playwright.sync_api import expect

from qms_customer.contract import states
from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support.company import COMPANY, CURRENCY
from tests.support.hands import Hands

if TYPE_CHECKING:
	from tests.support.browser import DeskPage

NOTICE = "Production Notice"


@pytest.fixture
def maker(cast: c.World) -> str:
	"""Somebody of Production who may also make work orders in ERPNext."""
	user = cast.person(roles.PRODUCTION)
	doc = frappe.get_doc("User", user)
	doc.append("roles", {"role": "Manufacturing User"})
	doc.save()
	frappe.get_doc(
		{
			"doctype": "BOM",
			"item": "IP-200",
			"company": COMPANY,
			"currency": CURRENCY,
			"conversion_rate": 1,
			"quantity": 1,
			"items": [
				{
					"item_code": c.item(stock=50, with_standard=False),
					"qty": 1,
					"source_warehouse": c.warehouse(),
				}
			],
		}
	).insert().submit()
	return user


@pytest.mark.rule("D3", "D4", "M1", "F5", "L3")
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_task_from_pmc_to_the_work_orders(
	desk: Callable[..., DeskPage], cast: c.World, maker: str, lang: str
) -> None:
	order = c.committed_order(
		cast, "IP-200", qty=20, customer=c.customer(customer_name="Riverside Hospital", language=lang)
	)

	# PMC passes the task on.
	pmc = Hands(desk(cast.person(roles.PLANNING), lang=lang)).open("Sales Order", order.name)
	pmc.page.wait_for_selector(".qms-production", state="attached")
	pmc.page.evaluate("() => cur_frm.scroll_to_field('qms_progress_panel')")
	pmc.page.settle()
	pmc.page.shot("1-order", full_page=True)
	pmc.button("Pass On to Production", "Production")
	pmc.fill(pmc.dialog, task="Serial numbers from 3001 on")
	pmc.page.shot("2-pass-on")
	pmc.sign()
	pmc.page.wait_for_url("**/app/production-notice/PN-*")
	pmc.page.settle()
	frappe.db.rollback()
	notice = frappe.get_last_doc(NOTICE, {"reference_name": order.name})
	assert [(row.item_code, row.qty) for row in notice.items] == [("IP-200", 20)]
	pmc.sees("Liu Yang", where=".form-message-container")
	pmc.page.shot("3-passed", full_page=True)

	# Production finds it in the inbox, is told what is missing, fills it in and releases it.
	hand = Hands(desk(maker, lang=lang))
	hand.inbox(NOTICE, notice.name)
	hand.sees("D3", where=".qms-panel")
	hand.page.shot("4-to-release", full_page=True)
	hand.page.evaluate(
		"""([start, finish]) => cur_frm.doc.items.forEach((row) => {
			frappe.model.set_value(row.doctype, row.name, "planned_start", start);
			frappe.model.set_value(row.doctype, row.name, "planned_finish", finish);
		})""",
		[nowdate(), add_days(nowdate(), 12)],
	)
	hand.fill(special_requirements="/", packaging="/", instructions="/")
	hand.save()
	hand.page.shot("5-compiled", full_page=True)
	hand.action("Release to Production")
	hand.slash("comment")
	hand.page.shot("6-sign")
	hand.sign()
	hand.page.wait_for_function("() => cur_frm.doc.docstatus === 1")
	frappe.db.rollback()
	assert notice.reload().workflow_state == states.PRODUCTION_RELEASED
	hand.page.settle()

	# One click, and no second one.
	hand.button("Work Orders", "Create")
	hand.page.shot("7-made")
	hand.close_message()
	hand.page.settle()
	frappe.db.rollback()
	assert frappe.get_all("Work Order", {"sales_order": order.name}, ["qty", "docstatus"]) == [
		{"qty": 20, "docstatus": 0}
	]
	assert not hand.has_button("Work Orders", "Create")
	hand.page.shot("8-released", full_page=True)

	# Sales sees how far it is, and tells the customer.
	sales = Hands(desk(cast.sales, lang=lang)).open("Sales Order", order.name)
	sales.page.wait_for_selector(".qms-production", state="attached")
	sales.button("Tell the Customer", "Production")
	expect(sales.dialog.locator(".ql-editor table, .ql-editor").first).to_contain_text("IP-200")
	# A check that is not of a form has a second, disabled input behind it.
	sales.dialog.locator('[data-fieldname="by_mail"] input.input-with-feedback').set_checked(False)
	sales.page.settle()
	sales.page.shot("9-tell")
	sales.send()
	frappe.db.rollback()
	assert frappe.db.exists("Communication", {"reference_name": order.name, "communication_medium": "Other"})

	# The workshop's list.
	hand.page.go("/app/query-report/Production by Notice")
	hand.page.settle()
	expect(hand.find(".dt-cell").filter(has_text="IP-200").first).to_be_visible()
	hand.page.shot("10-list", full_page=True)


@pytest.mark.rule("D3")
def test_a_notice_is_withdrawn_on_a_telephone(
	desk: Callable[..., DeskPage], cast: c.World, maker: str
) -> None:
	from tests.site.test_production import released

	order = c.committed_order(cast, "IP-200", qty=20)
	notice = released(cast, order)
	frappe.db.commit()
	hand = Hands(desk(maker, lang="zh", phone=True)).open(NOTICE, notice.name)
	hand.page.wait_for_selector(".qms-production")
	hand.page.shot("1-notice", full_page=True)
	hand.button("Withdraw")
	hand.fill(hand.dialog, reason="Drawing is wrong")
	hand.page.shot("2-withdraw")
	hand.sign()
	frappe.db.rollback()
	assert notice.reload().withdrawn
	hand.page.settle()
	hand.page.shot("3-withdrawn", full_page=True)
