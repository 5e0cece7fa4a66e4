"""What somebody says, recorded from where it is heard, assessed, linked, answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import frappe
import pytest
from frappe.permissions import add_permission
from frappe.utils import nowdate
from playwright.sync_api import expect

from qms_customer.contract import states
from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support import feedback as f
from tests.support import sales as sales_records
from tests.support.company import COMPANY
from tests.support.hands import Hands
from tests.support.people import make_user

if TYPE_CHECKING:
	from tests.support.browser import DeskPage


def shown(hand: Hands) -> Hands:
	hand.page.wait_for_selector(".qms-customer-feedback", state="attached")
	hand.page.settle()
	return hand


@pytest.mark.rule("H1", "H2", "A10", "F6")
def test_what_is_heard_elsewhere_is_recorded_assessed_and_answered(
	desk: Callable[..., DeskPage], cast: c.World
) -> None:
	customer = c.customer(customer_name="Ruijin Hospital")
	code = c.item(item_name="Infusion Pump IP-10", has_serial_no=1)
	(serial,) = sales_records.serials(code, 1)
	issue = frappe.get_doc(
		{
			"doctype": "Issue",
			"subject": "Which tube fits?",
			"customer": customer,
			"raised_by": "gu@ruijin.example",
		}
	).insert()
	claim = frappe.get_doc(
		{
			"doctype": "Warranty Claim",
			"company": COMPANY,
			"customer": customer,
			"complaint_date": nowdate(),
			"complaint": "<p>The hub leaks</p>",
			"item_code": code,
			"serial_no": serial,
		}
	).insert()
	visit = frappe.get_doc(
		{
			"doctype": "Maintenance Visit",
			"company": COMPANY,
			"customer": customer,
			"mntc_date": nowdate(),
			"maintenance_type": "Breakdown",
			"completion_status": "Fully Completed",
			"purposes": [
				{
					"item_code": code,
					"serial_no": serial,
					"service_person": sales_person(),
					"work_done": "Hub replaced",
				}
			],
		}
	).insert()
	# ERPNext's form of an issue asks for these, whoever opens it.
	add_permission("Support Settings", "Support Team")
	heard = make_user(roles.SALES_USER, "Support Team", "Maintenance User", "Sales User", first_name="Li Na")
	frappe.db.set_value("User", cast.person(roles.SERVICE), {"first_name": "Ma Lin", "full_name": "Ma Lin"})
	frappe.db.commit()

	sales = Hands(desk(heard, lang="en"))
	made = {}
	for number, doc in enumerate((issue, claim), 1):
		sales.open(doc.doctype, doc.name)
		sales.page.settle()
		sales.button("Feedback", "Create")
		sales.page.wait_for_url("**/app/customer-feedback/new-*")
		sales.page.settle()
		sales.page.shot(f"{number}-{doc.doctype}", full_page=True)
		assert sales.page.evaluate("() => cur_frm.doc.origin_name") == doc.name
		sales.save()
		shown(sales)
		made[doc.doctype] = sales.page.evaluate("() => cur_frm.doc.name")

	# F6: a visit is not finished before it says whether it is about a complaint.
	sales.open("Maintenance Visit", visit.name)
	sales.page.settle()
	sales.refused("F6", do=sales.submit)
	sales.page.shot("3-visit-refused")
	sales.close_message()
	sales.fill(qms_is_complaint="Yes", qms_complaint_reason="The hub leaks")
	sales.save()
	sales.page.shot("4-visit", full_page=True)
	sales.submit()
	sales.page.wait_for_function("() => cur_frm.doc.docstatus === 1")
	sales.page.settle()
	assert not sales.has_button("Feedback", "Create")
	assert sales.has_button("Feedback", "View")
	frappe.db.rollback()
	seen = frappe.get_last_doc(f.FEEDBACK, {"origin_name": visit.name})

	# Service: the enquiry is none, and answered; two reports of one leak are linked.
	service = Hands(desk(cast.person(roles.SERVICE), lang="en")).open(f.FEEDBACK, made["Issue"])
	shown(service).action("Assess")
	expect(service.dialog.locator(".qms-definition")).to_be_visible()
	service.fill(service.dialog, released="Not Known", decision="Not a Complaint")
	service.page.shot("5-not-a-complaint")
	service.dialog.locator(".btn-modal-primary").click()
	service.sees(service.say("Nature", "Customer Feedback"), where=".msgprint")
	service.close_message()
	service.fill(service.dialog, nature="Enquiry", reason="Asks which tube fits")
	service.sign()
	service.page.wait_for_function(f"() => cur_frm.doc.workflow_state === '{states.FEEDBACK_TO_ANSWER}'")
	shown(service).page.shot("6-to-answer", full_page=True)
	service.button("Record Answer", context="Customer Feedback")
	service.fill(service.dialog, answer="Tube T-3 fits", how="E-mail, today")
	service.page.shot("7-answer")
	service.sign()
	service.page.wait_for_function(f"() => cur_frm.doc.workflow_state === '{states.FEEDBACK_CLOSED}'")
	shown(service).page.shot("8-answered", full_page=True)

	service.open(f.FEEDBACK, seen.name)
	shown(service).page.shot("9-visit", full_page=True)
	service.find(f'.qms-link-report[data-name="{made["Warranty Claim"]}"]').click()
	service.page.wait_for_function("() => cur_frm.doc.duplicates.length === 1")
	shown(service).page.shot("10-linked", full_page=True)

	auditor = Hands(desk(cast.person(roles.AUDITOR), lang="en")).open(f.FEEDBACK, seen.name)
	shown(auditor)
	assert auditor.steps() == 0
	assert auditor.find(".qms-link-report").count() == 0


def sales_person() -> str:
	doc = frappe.get_doc({"doctype": "Sales Person", "sales_person_name": c.unique("Ma"), "is_group": 0})
	return doc.insert().name
