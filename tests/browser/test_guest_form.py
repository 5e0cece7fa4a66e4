"""A visitor writes to us on a telephone, without an account, and Quality finds it in the inbox (H1, H2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import frappe
import pytest

from qms_customer.feedback import guest
from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support import env, services
from tests.support import feedback as f
from tests.support import guest as g
from tests.support.browser import PATIENCE, PHONE
from tests.support.hands import Hands

if TYPE_CHECKING:
	from playwright.sync_api import Browser

	from tests.support.browser import DeskPage

WORDS = {
	"en": ("Send", "is not accepted", "Thank you for your message"),
	"zh": ("发送", "不接受", "感谢您的反馈"),
}


@pytest.mark.rule("H1", "H2")
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_visitor_writes_on_a_telephone_and_quality_reads_it(
	desk: Callable[..., DeskPage],
	cast: c.World,
	chromium: Browser,
	web_server: services.WebServer,
	lang: str,
) -> None:
	g.opened()
	frappe.db.commit()
	send, refused, thanks = WORDS[lang]
	context = chromium.new_context(
		viewport=PHONE, is_mobile=True, has_touch=True, locale={"zh": "zh-CN"}.get(lang, "en-GB")
	)
	context.set_default_timeout(PATIENCE)
	page = context.new_page()
	problems: list[str] = []
	page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
	page.on("pageerror", lambda error: problems.append(str(error)))
	page.on("dialog", lambda dialog: problems.append(f"a script ran: {dialog.message}"))
	folder = env.home() / "screenshots"
	try:
		page.goto(web_server.url + g.PAGE)
		page.screenshot(path=folder / f"guest_form_empty-{lang}.png", full_page=True)
		assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
		# Each field has its label.
		assert page.evaluate(
			"[...document.querySelectorAll('.qms-write :is(input, select, textarea)')]"
			".every((one) => one.type === 'hidden' || one.labels.length)"
		)
		page.locator("#qms-concern").select_option("Problem")
		page.locator("#qms-source").select_option("Clinical Institution")
		page.locator("#qms-details").fill(f"The set leaks at the hub {g.SCRIPT}")
		page.locator("#qms-contact_name").fill("Dr Gu")
		page.locator("#qms-customer_told").fill("Ruijin Hospital")
		page.locator("#qms-item_told").fill("Infusion Set IS-10")
		page.locator("#qms-patient_details").fill("Fever for two days, 61 years")
		page.wait_for_timeout(3000)  # people take longer
		page.locator("#qms-files").set_input_files(
			{"name": "leak.svg", "mimeType": "image/svg+xml", "buffer": b"<svg onload=alert(1)></svg>"}
		)
		page.get_by_role("button", name=send, exact=True).click()
		page.get_by_text(refused).wait_for()
		page.screenshot(path=folder / f"guest_form_refused-{lang}.png", full_page=True)
		assert problems and all("422" in one for one in problems), problems
		problems.clear()
		# What was typed is still there.
		page.locator("#qms-files").set_input_files(
			{"name": "leak.jpg", "mimeType": "image/jpeg", "buffer": g.picture()}
		)
		page.get_by_role("button", name=send, exact=True).click()
		page.get_by_text(thanks, exact=True).wait_for()
		page.screenshot(path=folder / f"guest_form_sent-{lang}.png", full_page=True)
		number = page.locator(".qms-number").inner_text()
		assert not problems
	finally:
		context.close()

	frappe.db.rollback()
	doc = frappe.get_doc(f.FEEDBACK, number)
	assert (doc.language[:2], doc.contact_name, doc.channel) == (lang, "Dr Gu", "Web Form")
	guest.follow_up(number)
	frappe.db.commit()
	reader = Hands(desk(cast.person(roles.QUALITY), lang=lang)).open(f.FEEDBACK, number)
	reader.page.wait_for_selector(".qms-customer-feedback", state="attached")
	reader.page.settle()
	# Sealed: read by the dialog that logs it (K7).
	assert reader.page.evaluate("cur_frm.doc.patient_details") == "•••"
	reader.page.shot("desk", full_page=True)
	reader.page.go("/app/customer-feedback")
	reader.page.shot("list")
