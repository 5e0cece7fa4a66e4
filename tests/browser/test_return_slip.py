"""A return slip from the delivery to approval: made by Sales, confirmed by the customer on a telephone, put
forward.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import frappe
import pytest
from erpnext.controllers.sales_and_purchase_return import make_return_doc

from qms_customer.contract import states
from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support import disposed as d
from tests.support import env, services
from tests.support import goods as g
from tests.support import returned as r
from tests.support.browser import PHONE
from tests.support.hands import Hands
from tests.support.people import make_user

if TYPE_CHECKING:
	from playwright.sync_api import Browser

	from tests.support.browser import DeskPage

WORDS = {
	"en": ("Confirm", "Thank you", "This link is not valid"),
	"zh": ("确认", "谢谢", "链接无效"),
}


def shown(hand: Hands) -> None:
	hand.page.wait_for_selector(".qms-return-slip", state="attached")
	hand.page.settle()


@pytest.mark.rule("G1")
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_slip_is_made_confirmed_on_a_telephone_and_put_forward(
	desk: Callable[..., DeskPage],
	cast: c.World,
	chromium: Browser,
	web_server: services.WebServer,
	lang: str,
) -> None:
	code = r.device(item_name="Infusion Set IS-10")
	note = r.delivered(10, c.customer(customer_name="Ruijin Hospital"), code)
	frappe.db.commit()
	seller = Hands(desk(cast.sales, lang=lang)).open("Delivery Note", note.name)
	seller.page.settle()
	seller.button("Return Slip", "Create")
	seller.page.wait_for_url("**/app/return-slip/new-*")
	seller.page.settle()
	seller.page.shot("1-new", full_page=True)
	seller.fill(wanted="Exchange")
	seller.page.evaluate(
		"""() => {
			const row = cur_frm.doc.items[0];
			return frappe.model
				.set_value(row.doctype, row.name, "qty", 4)
				.then(() => frappe.model.set_value(row.doctype, row.name, "reason_details", "Tube leaks"));
		}"""
	)
	seller.save()
	shown(seller)
	seller.page.shot("2-draft", full_page=True)
	seller.button("Link for the Customer")
	url = seller.value("url", seller.dialog) if seller.dialog.locator("textarea").count() else ""
	url = url or seller.page.evaluate("() => cur_dialog.get_value('url')")
	seller.page.shot("3-link")
	seller.page.keyboard.press("Escape")
	shown(seller)

	confirm, thanks, invalid = WORDS[lang]
	context = chromium.new_context(
		viewport=PHONE, is_mobile=True, has_touch=True, locale={"zh": "zh-CN"}.get(lang, "en-GB")
	)
	page = context.new_page()
	try:
		address = f"{web_server.url}/return-slip?token={url.split('token=')[1]}"
		page.goto(address)
		page.locator(".qms-qty").fill("3")
		page.locator("#confirmed-by").fill("Dr Gu")
		page.locator("#agreed").check()
		folder = env.home() / "screenshots"
		page.screenshot(path=folder / f"return_slip_customer-{lang}.png", full_page=True)
		assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
		page.get_by_role("button", name=confirm, exact=True).click()
		page.get_by_text(thanks, exact=True).wait_for()
		page.goto(address)
		page.get_by_text(invalid, exact=True).wait_for()
		page.screenshot(path=folder / f"return_slip_used-{lang}.png", full_page=True)
	finally:
		context.close()

	seller.page.evaluate("() => cur_frm.reload_doc()")
	seller.page.locator(".qms-confirmation .green").wait_for()
	seller.page.settle()
	seller.page.shot("4-confirmed", full_page=True)
	seller.button("Put Forward", context="Return Slip")
	seller.yes()
	seller.page.wait_for_function("() => cur_frm.doc.workflow_state === 'Return Pending Approval'")
	seller.page.settle()
	seller.page.shot("5-put-forward", full_page=True)
	frappe.db.rollback()
	slip = frappe.get_last_doc(r.SLIP)
	assert (slip.workflow_state, slip.confirmation, slip.items[0].qty) == (
		states.RETURN_PENDING,
		"Signed Link",
		3,
	)


@pytest.mark.rule("G1", "G2")
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_return_without_a_slip_is_refused_and_its_button_begins_one(
	desk: Callable[..., DeskPage], cast: c.World, lang: str
) -> None:
	code = r.device(item_name="Infusion Set IS-10")
	note = r.delivered(10, c.customer(customer_name="Ruijin Hospital"), code)
	draft = make_return_doc(note.doctype, note.name).insert()
	user = make_user(*g.EVERY_RIGHT, roles.SALES_USER)
	frappe.db.commit()
	hand = Hands(desk(user, lang=lang)).open("Delivery Note", draft.name)
	hand.page.settle()
	hand.refused("G1", "G2", do=hand.submit)
	hand.page.shot("1-refused")
	hand.find(".modal.show .msgprint-dialog .btn-primary").last.click()
	hand.page.wait_for_url("**/app/return-slip/new-*")
	hand.page.settle()
	rows = hand.page.evaluate("() => cur_frm.doc.items.map((row) => [row.item_code, row.qty, row.delivery])")
	assert rows == [[code, 10, note.name]]
	hand.page.shot("2-slip")
	frappe.db.rollback()
	assert frappe.db.get_value("Delivery Note", draft.name, "docstatus") == 0


@pytest.mark.rule("G2", "G6")
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_business_manager_decides_on_a_telephone(
	desk: Callable[..., DeskPage], cast: c.World, lang: str
) -> None:
	d.quarantine()
	code = r.device(item_name="Infusion Set IS-10")
	slip = r.claiming(cast, r.delivered(10, c.customer(customer_name="Ruijin Hospital"), code), 3)
	frappe.db.commit()
	manager = Hands(desk(cast.person(roles.BUSINESS_MANAGER), lang=lang, phone=True))
	shown(manager.open(r.SLIP, slip.name))
	manager.page.shot("1-slip", full_page=True)
	manager.button("Decide Return")
	manager.fill(manager.dialog, decision="Approved")
	manager.slash("comment")
	manager.page.shot("2-decide")
	manager.sign()
	frappe.db.rollback()
	assert slip.reload().workflow_state == states.RETURN_ROUTING
	d.destroyed(cast, d.routed(cast, slip, "Destroyed on Site"))
	frappe.db.commit()
	manager.open(r.SLIP, slip.name)
	manager.page.wait_for_selector(".qms-return-goods", state="attached")
	manager.page.settle()
	manager.page.shot("3-settlement", full_page=True)
	manager.button("Give Something Else")
	manager.fill(manager.dialog, instead="Nothing More", reason="The customer waives it, by phone")
	manager.page.shot("4-instead")
	manager.sign()
	frappe.db.rollback()
	assert slip.reload().workflow_state == states.RETURN_CLOSED
