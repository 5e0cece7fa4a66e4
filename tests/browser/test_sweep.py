"""What nobody approved, as who looks after it sees it; goods that would leave otherwise than agreed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import frappe
import pytest

from qms_customer.contract import sweep
from qms_customer.rules import people as roles
from tests.site.test_sweep import swept, tamper
from tests.support import contracts as c
from tests.support.hands import Hands

if TYPE_CHECKING:
	from tests.support.browser import DeskPage

REPORT = "/app/contract-sweep-finding/view/report/Contracts Altered without Approval"


@pytest.mark.rule("E8")
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_an_altered_contract_is_found_and_read(
	desk: Callable[..., DeskPage], cast: c.World, lang: str
) -> None:
	order = c.committed_order(cast, "IP-200", customer=c.customer(customer_name="Riverside Hospital"))
	tamper(order)
	swept()
	finding = frappe.get_last_doc(sweep.FINDING)
	auditor = Hands(desk(cast.person(roles.AUDITOR), lang=lang, path=REPORT))
	auditor.page.wait_for_selector(".dt-row .dt-cell__content")
	auditor.page.settle()
	auditor.sees(order.name)
	auditor.page.shot("report", full_page=True)
	auditor.open(sweep.FINDING, finding.name)
	auditor.sees(order.name)
	auditor.sees("1")
	auditor.page.shot("finding", full_page=True)


@pytest.mark.rule("F1")
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_goods_do_not_leave_by_another_method(
	desk: Callable[..., DeskPage], cast: c.World, lang: str
) -> None:
	order = c.committed_order(cast, "IP-200", customer=c.customer(customer_name="Riverside Hospital"))
	c.receive("IP-200", 20)
	sales = Hands(desk(cast.sales, lang=lang)).open("Sales Order", order.name)
	sales.button("Delivery Note", "Create")
	sales.page.wait_for_url("**/app/delivery-note/new-delivery-note-*")
	sales.page.settle()
	sales.page.evaluate("() => cur_frm.set_value('qms_delivery_method', 'By hand')")
	sales.save()
	refusal = sales.refused("F1", order.name, do=sales.submit)
	assert refusal.messages
	sales.page.shot("refused")
	sales.close_message()
	frappe.db.rollback()
	assert frappe.get_last_doc("Delivery Note").docstatus == 0
