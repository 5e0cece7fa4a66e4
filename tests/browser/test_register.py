"""The register on the screen: numbered, signed, handed over, listed, by the people who do it (D1, D2, D5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import frappe
import pytest
from frappe.utils import add_days, nowdate
from playwright.sync_api import expect

from qms_customer.contract import register, register_api
from qms_customer.rules import people as roles
from qms_customer.rules import register as rules
from tests.support import contracts as c
from tests.support.hands import Hands
from tests.support.people import as_user

if TYPE_CHECKING:
	from tests.support.browser import DeskPage

ENTRY = register.DOCTYPE


def entry(doc: frappe.model.document.Document) -> frappe.model.document.Document:
	(name,) = register.follow(doc.doctype, doc.name)
	return frappe.get_doc(ENTRY, name)


@pytest.mark.rule("D1", "D2", "D5", "L3")
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_contract_is_numbered_signed_and_handed_over(
	desk: Callable[..., DeskPage], cast: c.World, lang: str
) -> None:
	c.receive("IP-200", 50)
	doc = c.committed_order(
		cast, "IP-200", qty=2, rate=1500, customer=c.customer(customer_name="Riverside Hospital")
	)
	one = entry(doc)
	finance = cast.person(roles.FINANCE)

	# Sales takes the number that is proposed.
	sales = Hands(desk(cast.sales, lang=lang)).open(ENTRY, one.name)
	sales.page.shot("1-entry", full_page=True)
	sales.button("Give Number", "Actions")
	sales.fill(sales.dialog, kind="Formal")
	sales.page.shot("2-number")
	sales.send()
	frappe.db.rollback()
	number = one.reload().contract_number
	assert number and one.contract_kind == rules.FORMAL
	assert number in sales.headline

	# The Sales VP finds it among what is to be done, and signs.
	assert frappe.db.exists("ToDo", {"allocated_to": cast.vp, "reference_name": one.name, "status": "Open"})
	vp = Hands(desk(cast.vp, lang=lang)).open(ENTRY, one.name)
	vp.button("Sign Contract", "Actions")
	vp.slash("comment")
	vp.page.shot("3-signature")
	vp.sign()
	frappe.db.rollback()
	assert one.reload().signed_by == cast.vp and one.register_state == rules.SIGNED
	vp.sees(vp.say("Signed", ENTRY), where=".qms-panel")
	vp.page.shot("4-signed", full_page=True)

	# Sales keeps the copy and hands the original over; Finance acknowledges it.
	sales.open(ENTRY, one.name)
	sales.button("Record Copy", "Actions")
	sales.fill(sales.dialog, place="Cabinet 3")
	sales.send()
	sales.button("Hand Original to Finance", "Actions")
	sales.yes()
	sales.page.wait_for_function("() => cur_frm.doc.original_on")
	hands = Hands(desk(finance, lang=lang)).open(ENTRY, one.name)
	hands.button("Acknowledge Original", "Actions")
	hands.slash("comment")
	hands.sign()
	frappe.db.rollback()
	assert one.reload().received_by == finance and one.copy_place == "Cabinet 3"
	hands.page.shot("5-handed-over", full_page=True)

	# The list, the report, and the order itself say where it stands.
	hands.page.go("/app/contract-register-entry")
	hands.sees(number, where=".list-row")
	hands.page.shot("6-list")
	hands.page.go("/app/query-report/Contract Register")
	hands.sees(number, where=".dt-scrollable")
	hands.page.shot("7-report")
	if lang == "zh":
		hands.page.go(f"/app/print/{ENTRY}/{one.name}")
		frame = hands.page.frame_locator("iframe.print-format-container").first
		expect(frame.locator(".qms-title")).to_contain_text("合同登记表")
		hands.page.shot("9-print", full_page=True)
	sales.open("Sales Order", doc.name)
	sales.tab("qms_review_tab")
	sales.sees(number, where=".qms-panel")
	sales.page.shot("8-order", full_page=True)


@pytest.mark.rule("A4")
def test_a_provisional_contract_is_replaced(desk: Callable[..., DeskPage], cast: c.World) -> None:
	c.receive("IP-200", 50)
	doc = c.committed_order(cast, "IP-200", customer=c.customer(customer_name="Riverside Hospital"))
	one = entry(doc)
	sales = Hands(desk(cast.sales)).open(ENTRY, one.name)
	sales.button("Give Number", "Actions")
	sales.fill(sales.dialog, kind="Provisional")
	expect(sales.field("formal_due", sales.dialog)).to_be_visible()
	sales.fill(
		sales.dialog, number="LS-1", formal_due=frappe.utils.formatdate(add_days(nowdate(), 5), "dd-mm-yyyy")
	)
	sales.send()
	frappe.db.rollback()
	assert one.reload().contract_number == "LS-1" and str(one.formal_due) == add_days(nowdate(), 5)
	formal = entry(c.committed_order(cast, "IP-200", customer=doc.customer))
	with as_user(cast.sales):
		register_api.assign_number(formal.name, "HT-1", rules.FORMAL)
	for each in (one, formal):
		with as_user(cast.vp):
			register_api.sign_entry(each.name, register_api.get_register_panel(each.name)["hash"], "/")
	frappe.db.commit()
	sales.open(ENTRY, one.name)
	sales.page.shot("1-provisional", full_page=True)
	sales.button("Replace by Formal Contract", "Actions")
	sales.fill(sales.dialog, formal_entry=formal.name, formal_reference="HT-1")
	sales.slash("comment")
	sales.page.shot("2-replace")
	sales.sign()
	frappe.db.rollback()
	assert one.reload().formal_entry == formal.name
	sales.page.go("/app/query-report/Provisional Contracts Open")
	sales.sees_not("LS-1", where=".dt-scrollable")
