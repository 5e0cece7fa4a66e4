"""What is asked for in between: patient data on a complaint, its erasure, a reportable event on a telephone,
a changed requirement that is taken up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import frappe
import pytest
from frappe.utils import now_datetime
from playwright.sync_api import expect

from qms_customer.feedback import patient
from qms_customer.rules import feedback as feedback_rules
from qms_customer.rules import people as roles
from qms_customer.rules import reportability as rules
from tests.support import complaints as cc
from tests.support import contracts as c
from tests.support import feedback as f
from tests.support import patients as p
from tests.support import reported as r
from tests.support.hands import Hands

if TYPE_CHECKING:
	from tests.support.browser import DeskPage

Desk = Callable[..., "DeskPage"]
PATIENT = "Patient Data"


def stands(hand: Hands, panel: str = ".qms-complaint") -> Hands:
	"""Wait until the form shows where it stands."""
	hand.page.wait_for_selector(panel, state="attached")
	hand.page.settle()
	return hand


@pytest.mark.rule("K7")
def test_patient_data_is_recorded_on_a_complaint_and_erased_once_it_is_closed(
	desk: Desk, cast: c.World, monkeypatch: pytest.MonkeyPatch
) -> None:
	manager = cast.person(roles.MANAGEMENT_REPRESENTATIVE)
	doc = cc.complaint(cast, patient_reference="", patient_details="")
	frappe.db.commit()
	quality = Hands(desk(cast.person(roles.QUALITY), lang="zh")).open(cc.COMPLAINT, doc.name)
	stands(quality).button("Record Patient Data", PATIENT)
	quality.fill(quality.dialog, patient_reference="PZX-9417", patient_age="61", patient_sex="Female")
	quality.fill(quality.dialog, patient_details="Fever after treatment")
	quality.page.shot("1-record")
	quality.send()
	stands(quality)
	assert quality.page.evaluate("() => cur_frm.doc.patient_sex") == "•••"
	quality.button("Show Patient Data", PATIENT)
	expect(quality.dialog).to_contain_text("PZX-9417")
	expect(quality.dialog).to_contain_text("Fever after treatment")
	quality.page.shot("2-shown")

	frappe.db.rollback()
	with cc.regulators(monkeypatch):
		doc = cc.acted(cast, cc.investigated(cast, doc.reload()))
		cc.replied(cast, doc)
		cc.do(cc.second_quality(cast), "close", doc, "/")
		cc.do(manager, "close", doc, "/")
	frappe.db.set_value(f.FEEDBACK, doc.feedback, "closed_on", now_datetime())
	frappe.db.commit()
	head = Hands(desk(manager, lang="zh")).open(cc.COMPLAINT, doc.name)
	stands(head).button("Erase Patient Data", PATIENT)
	head.fill(head.dialog, reason="The patient asked for it")
	head.page.shot("3-erase")
	head.sign()
	stands(head)
	head.page.shot("4-erased", full_page=True)
	frappe.db.rollback()
	assert patient.of(doc.feedback).erased_by == manager and p.tables_with("PZX-9417") == []


@pytest.mark.rule("H4")
def test_a_reportable_event_is_completed_on_a_telephone(desk: Desk, cast: c.World) -> None:
	cast.person(roles.MANAGEMENT_REPRESENTATIVE)
	doc = cc.investigated(cast, cc.complaint(cast))
	r.answer(cast, doc, death="Yes")
	r.decide(cast, r.of(doc, rules.NMPA), rules.REPORTABLE)
	frappe.db.commit()
	quality = Hands(desk(cast.person(roles.QUALITY), lang="zh", phone=True)).open(cc.COMPLAINT, doc.name)
	stands(quality).page.shot("1-complaint", full_page=True)
	quality.button("Complete Reportable Event")
	quality.page.shot("2-empty")
	for field in (
		quality.dialog.locator(".frappe-control[data-fieldtype=Select] select").locator("visible=true").all()
	):
		field.select_option(index=1)
	for box in quality.dialog.locator("textarea").locator("visible=true").all():
		box.fill("It was in use")
	quality.page.shot("3-filled")
	quality.sign()
	stands(quality)
	assert not quality.has_button("Complete Reportable Event")


@pytest.mark.rule("H9")
def test_a_changed_requirement_is_taken_up(desk: Desk, cast: c.World) -> None:
	customer = c.customer(customer_name="Ruijin Hospital")
	order = c.order(c.item(stock=50), customer=customer)
	frappe.db.set_value(order.doctype, order.name, "owner", cast.sales)
	c.approve(cast, order.reload())
	order.reload().submit()
	doc = f.assess(
		cast,
		f.recorded(cast, customer=customer, details="Send it in double bags from now on"),
		feedback_rules.NOT_A_COMPLAINT,
		nature=feedback_rules.REQUIREMENT,
		requirement=feedback_rules.CONTRACT,
		reason="No deficiency",
	)
	frappe.db.commit()
	sales = Hands(desk(cast.sales, lang="en")).open(f.FEEDBACK, doc.name)
	stands(sales, ".qms-customer-feedback").page.shot("1-feedback", full_page=True)
	sales.button("Take Up Requirement")
	sales.page.shot("2-empty")
	sales.fill(sales.dialog, how=feedback_rules.NOT_TAKEN_UP)
	sales.fill(sales.dialog, comment="The bags are double already")
	sales.page.shot("3-take-up")
	sales.sign()
	stands(sales, ".qms-customer-feedback").page.shot("4-taken-up", full_page=True)
	assert not sales.has_button("Take Up Requirement")
