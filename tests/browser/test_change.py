"""Changes of a contract on the screens: made, confirmed, reviewed, signed and applied, in both languages."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import frappe
import pytest
from frappe.utils import add_days, getdate

from qms_customer.rules import people as roles
from tests.support import changes as ch
from tests.support import contracts as c
from tests.support.hands import Hands

if TYPE_CHECKING:
	from tests.support.browser import DeskPage


def made(sales: Hands, order: str) -> str:
	"""Make a notice with the button on the order, and say why; returns its name."""
	sales.open("Sales Order", order)
	sales.button("Change Notice")
	sales.fill(sales.dialog, reason="The hospital opens its ward earlier")
	sales.page.shot("1-make")
	sales.send()
	sales.page.wait_for_url("**/app/contract-change-notice/CCN-*")
	sales.page.settle()
	sales.fill(reason_category="Customer's Requirement", affects_production="No")
	return sales.page.evaluate("cur_frm.doc.name")


def confirmed(sales: Hands, how: str, **values: str) -> None:
	"""Record the customer's confirmation in its dialog."""
	sales.button("Record the Customer's Confirmation")
	sales.fill(sales.dialog, confirmed_by="Dr. Li", how=how, **values)
	if how != "Call":
		url = c.upload().file_url
		frappe.db.commit()
		sales.page.evaluate("(url) => cur_dialog.set_value('evidence', url)", url)
	sales.page.shot("3-confirm")
	sales.sign()


@pytest.mark.rule("E1", "E2", "E7", "L3")
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_change_from_the_order_to_the_changed_order(
	desk: Callable[..., DeskPage], cast: c.World, lang: str
) -> None:
	customer = c.customer(customer_name="Riverside Hospital")
	order = c.committed_order(cast, "IP-200", qty=20, rate=1500, customer=customer)
	frappe.db.commit()
	sales = Hands(desk(cast.second_sales(), lang=lang))
	name = made(sales, order.name)
	sales.cell("lines", 1, "new_rate", 1400)
	sales.save()
	sales.sees(sales.say("What Changes"), where=".qms-notice")
	assert sales.page.evaluate("cur_frm.doc.lines[0].change") == "Change"
	sales.page.shot("2-draft", full_page=True)
	sales.button("Put Forward")
	sales.page.wait_for_function("() => cur_frm.doc.workflow_state === 'Awaiting Customer'")
	sales.page.settle()
	confirmed(sales, "E-mail")
	sales.page.wait_for_function("() => cur_frm.doc.workflow_state === 'Notice In Review'")
	sales.page.settle()
	sales.page.shot("4-in-review", full_page=True)

	frappe.db.rollback()
	notice = frappe.get_doc(ch.NOTICE, name)
	review = ch.agree(cast, notice)
	frappe.db.commit()
	who = cast.vp if review.approver_role == roles.SALES_VP else cast.gm
	boss = Hands(desk(who, lang=lang))
	boss.inbox("Contract Review", review.name)
	boss.sees(name, where=".qms-panel")
	boss.page.shot("5-review", full_page=True)
	boss.action("Approve")
	boss.slash("comment")
	if boss.field("solution", boss.dialog).count():
		boss.slash("solution")
	boss.sign()
	frappe.db.rollback()
	assert notice.reload().decision == "Approved"
	assert frappe.db.get_value("Sales Order", order.name, "grand_total") == 28000
	sales.open(ch.NOTICE, name)
	sales.sees(sales.say("Change Applied"))
	sales.page.shot("6-applied", full_page=True)


@pytest.mark.rule("E3", "E4", "L3")
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_small_shift_by_call_pmc_and_the_business_manager(
	desk: Callable[..., DeskPage], cast: c.World, lang: str
) -> None:
	customer = c.customer(customer_name="Riverside Hospital")
	order = c.committed_order(cast, "IP-200", qty=20, rate=1500, customer=customer)
	manager = cast.person(roles.BUSINESS_MANAGER)
	notice = ch.shifted(cast, order, 3)
	frappe.db.commit()
	sales = Hands(desk(cast.second_sales(), lang=lang)).open(ch.NOTICE, notice.name)
	sales.button("Put Forward")
	sales.page.wait_for_function("() => cur_frm.doc.workflow_state === 'Awaiting Customer'")
	sales.page.settle()
	confirmed(sales, "Call", call_record="He called at nine", internal_record="Told PMC and production")

	pmc = Hands(desk(cast.person(roles.PLANNING), lang=lang)).open(ch.NOTICE, notice.name)
	pmc.button("Answer for the Production Plan")
	pmc.fill(pmc.dialog, answer="Not Affected")
	pmc.slash("comment")
	pmc.page.shot("1-pmc")
	pmc.sign()

	boss = Hands(desk(manager, lang=lang, phone=False))
	boss.inbox(ch.NOTICE, notice.name)
	boss.page.shot("2-decision", full_page=True)
	boss.action("Approve")
	boss.slash("comment")
	boss.sign()
	frappe.db.rollback()
	assert notice.reload().decision == "Approved"
	due = frappe.db.get_value("Sales Order Item", order.items[0].name, "delivery_date")
	assert getdate(due) == getdate(add_days(order.items[0].delivery_date, 3))
	phone = Hands(desk(cast.sales, lang=lang, phone=True)).open(ch.NOTICE, notice.name)
	phone.page.shot("3-phone", full_page=True)
