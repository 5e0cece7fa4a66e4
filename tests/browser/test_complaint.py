"""A complaint from what somebody said to its closing, by the people who do each step."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import frappe
import pytest
from playwright.sync_api import expect

from qms_customer.rules import complaint as states
from qms_customer.rules import people as roles
from qms_customer.rules import reportability as rules
from tests.support import advisory, returned
from tests.support import complaints as cc
from tests.support import contracts as c
from tests.support import feedback as f
from tests.support import reported as r
from tests.support.hands import Hands
from tests.support.people import make_user

if TYPE_CHECKING:
	from tests.support.browser import DeskPage

ACTION, REPLY = "Action", "Reply"


@pytest.fixture
def staff(cast: c.World) -> c.World:
	"""The people who handle complaints, with names."""
	for role, name in (
		(roles.SERVICE, "Ma Lin"),
		(roles.MANAGEMENT_REPRESENTATIVE, "Gao Feng"),
		(roles.AUDITOR, "Xu Fang"),
	):
		frappe.db.set_value("User", cast.person(role), {"first_name": name, "full_name": name})
	frappe.db.set_value("User", cc.second_quality(cast), {"first_name": "Hu Bin", "full_name": "Hu Bin"})
	return cast


def stands(hand: Hands, panel: str = ".qms-complaint") -> Hands:
	"""Wait until the form shows where it stands."""
	hand.page.wait_for_selector(panel, state="attached")
	hand.page.settle()
	return hand


def moved(hand: Hands, state: str) -> None:
	"""Wait until the complaint stands there, and the form shows it."""
	hand.page.wait_for_function("(state) => cur_frm.doc.workflow_state === state", arg=state)
	stands(hand)


def press(hand: Hands, label: str, group: str = "") -> None:
	"""Press a button, in a group whose name is a word of the complaint."""
	hand.button(label, group, of=cc.COMPLAINT)


@pytest.mark.rule("H1", "H2", "H3", "H4", "H5", "L3")
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_complaint_from_what_was_said_to_its_closing(
	desk: Callable[..., DeskPage], staff: c.World, lang: str
) -> None:
	customer = c.customer(customer_name="Ruijin Hospital")
	code = returned.device(item_name="Infusion Set IS-10", qms_markets=[{"regime": rules.NMPA}])
	note = returned.delivered(10, customer, code)
	batch = note.items[0].batch_no
	elsewhere = returned.delivered(5, c.customer(customer_name="Renji Hospital"), code, batch_no=batch)
	cause, problem = cc.code(), cc.code()
	procedure = frappe.get_doc(
		{"doctype": "Quality Procedure", "quality_procedure_name": "Nonconforming Product"}
	).insert()
	frappe.db.commit()

	# Sales, on the road.
	sales = Hands(desk(staff.sales, lang=lang, phone=True, path="/app/customer-feedback/new"))
	sales.fill(details="The catheter leaks at the hub, twice")
	sales.fill(source="Clinical Institution", channel="Phone", customer=customer)
	sales.fill(contact_name="Dr Gu", contact_phone="+86 10 5555", item_code=code, batch_no=batch)
	assert sales.value("event_country") == ""
	sales.page.shot("01-new", full_page=True)
	sales.save()
	stands(sales, ".qms-customer-feedback").page.shot("02-recorded", full_page=True)
	frappe.db.rollback()
	feedback = frappe.get_last_doc(f.FEEDBACK)

	# Service assesses, by the definition.
	service = Hands(desk(staff.person(roles.SERVICE), lang=lang))
	service.inbox(f.FEEDBACK, feedback.name)
	stands(service, ".qms-customer-feedback").page.shot("03-to-assess", full_page=True)
	service.action("Assess")
	expect(service.dialog.locator(".qms-definition")).to_be_visible()
	service.field("deficiencies", service.dialog).locator("input").nth(1).check()
	service.fill(service.dialog, released="Yes", decision="Complaint")
	service.page.shot("04-assess")
	service.sign()
	service.page.wait_for_function("() => cur_frm.doc.complaint")
	stands(service, ".qms-customer-feedback").page.shot("05-assessed", full_page=True)
	frappe.db.rollback()
	name = feedback.reload().complaint
	stands(service.open(cc.COMPLAINT, name))
	for label in ("Decide Severity", "Decide Actions", "Record Investigation"):
		assert not service.has_button(label), label

	# Quality: what the matrix says, otherwise only with a reason; nothing typed is lost.
	quality = Hands(desk(staff.person(roles.QUALITY), lang=lang)).open(cc.COMPLAINT, name)
	stands(quality)
	product = quality.find(".qms-complaint-product")
	expect(product).to_contain_text(elsewhere.name)
	quality.page.shot("06-complaint", full_page=True)
	press(quality, "Decide Severity")
	quality.fill(quality.dialog, harm="Serious", probability="Remote")
	assert quality.value("severity", quality.dialog) == "High"
	quality.fill(quality.dialog, severity="Low")
	quality.give_signature()
	quality.refused("H5")
	quality.page.shot("07-severity-refused")
	quality.close_message()
	assert quality.value("severity", quality.dialog) == "Low"
	quality.fill(quality.dialog, severity_reason="One set, seen before use")
	quality.send()
	stands(quality)

	# Whether it is reported is decided before anything else goes on.
	decision = r.of(frappe.get_doc(cc.COMPLAINT, name), rules.NMPA)
	frappe.db.rollback()
	r.answer(staff, frappe.get_doc(cc.COMPLAINT, name))
	r.decide(staff, decision.reload(), rules.NOT_REPORTABLE, "Nobody was harmed, and nobody could be")
	frappe.db.commit()

	stands(quality.open(cc.COMPLAINT, name))
	press(quality, "Record Investigation")
	quality.page.shot("08-investigate")
	quality.fill(
		quality.dialog,
		begun=quality.page.evaluate("() => frappe.datetime.str_to_user(frappe.datetime.get_today())"),
		ended=quality.page.evaluate("() => frappe.datetime.str_to_user(frappe.datetime.get_today())"),
		results="The hub was glued at too low a temperature",
		confirmed="Yes",
		cause_code=cause,
		department="Production",
	)
	codes = quality.field("problem_codes", quality.dialog)
	codes.locator("input").first.fill(problem)
	codes.locator("li").filter(has_text=problem).first.click()
	expect(codes.locator(".tb-selected-value")).to_have_count(1)
	quality.page.shot("09-investigated")
	quality.sign()
	moved(quality, states.ACTING)
	quality.page.shot("10-acting", full_page=True)

	# What is done: an action here, and ERPNext's own documents.
	press(quality, "Add Action", ACTION)
	today = quality.page.evaluate("() => frappe.datetime.str_to_user(frappe.datetime.get_today())")
	quality.fill(quality.dialog, kind="Correction", description="Replace the set <b>at once</b>")
	quality.fill(quality.dialog, action_owner=staff.person(roles.SERVICE), due_date=today)
	quality.page.shot("11-action")
	quality.send()
	stands(quality)
	press(quality, "Open Non-Conformance", ACTION)
	quality.fill(quality.dialog, procedure=procedure.name, subject="Glue too cold")
	quality.page.shot("12-non-conformance")
	quality.send()
	stands(quality)
	press(quality, "Open Quality Action", ACTION)
	quality.fill(quality.dialog, problem="Oven without alarm", responsible=staff.person(roles.QUALITY))
	quality.fill(quality.dialog, completion_by=today)
	quality.page.shot("13-quality-action")
	quality.send()
	stands(quality)
	press(quality, "Decide Actions")
	quality.slash("comment")
	# One of them is corrective: that is checked.
	assert quality.page.evaluate("() => cur_dialog.get_value('check_needed')")
	quality.fill(quality.dialog, criterion="No leak for a month", due=today)
	quality.page.shot("14-actions")
	quality.sign()
	stands(quality).page.shot("15-actions-open", full_page=True)

	# Service carries out its action; the documents are done where they are.
	stands(service.open(cc.COMPLAINT, name))
	service.page.shot("16-owner", full_page=True)
	done = service._encoded("Action Done")
	service.find(f'.inner-group-button[data-label="{done}"] > button').click()
	service.page.shot("17-owner-menu")
	service.find(f'.inner-group-button[data-label="{done}"] .dropdown-item').first.click()
	service.page.settle()
	service.fill(service.dialog, comment="Replaced the same day")
	service.sign()
	stands(service)
	frappe.db.rollback()
	doc = frappe.get_doc(cc.COMPLAINT, name)
	for row in doc.corrections:
		if row.non_conformance:
			frappe.get_doc("Non Conformance", row.non_conformance).update({"status": "Resolved"}).save()
		if row.quality_action:
			capa = frappe.get_doc("Quality Action", row.quality_action)
			capa.resolutions[0].status = "Completed"
			capa.save()
	frappe.db.commit()

	stands(service.open(cc.COMPLAINT, name))
	moved(service, states.REPLYING)
	press(service, "Send Reply", REPLY)
	template = "Complaint Reply (Chinese)" if lang == "zh" else "Complaint Reply (English)"
	service.fill(service.dialog, email_template=template)
	expect(service.field("message", service.dialog)).to_contain_text("glued at too low")
	service.page.shot("18-send")
	service.dialog.locator(".btn-modal-close").click()
	expect(service.page.locator(".modal.show")).to_have_count(0)
	press(service, "Record Reply", REPLY)
	service.fill(service.dialog, how="Letter", message="We are sorry; a new set is on its way.")
	service.page.shot("19-reply")
	service.sign()
	moved(service, states.VERIFYING)

	stands(quality.open(cc.COMPLAINT, name))
	quality.page.shot("20-verifying", full_page=True)
	press(quality, "Check Effectiveness")
	quality.fill(quality.dialog, effective="Yes", evidence="No leak since, of 500 sets")
	quality.page.shot("21-effective")
	quality.sign()
	moved(quality, states.CLOSING)
	# Who handled it does not close it, and is told why.
	expect(quality.find(".actions-btn-group > button")).to_have_count(0)
	quality.page.shot("22-handler", full_page=True)

	# The harm is serious: whether users are told is decided before.
	advisory.decided(staff, doc)
	frappe.db.commit()
	second = Hands(desk(cc.second_quality(staff), lang=lang, phone=True)).open(cc.COMPLAINT, name)
	stands(second).page.shot("23-closing", full_page=True)
	second.action("Close Complaint")
	second.slash("comment")
	second.page.shot("24-close")
	second.sign()
	stands(second)
	expect(second.find(".actions-btn-group > button")).to_have_count(0)
	head = Hands(desk(staff.person(roles.MANAGEMENT_REPRESENTATIVE), lang=lang))
	head.inbox(cc.COMPLAINT, name)
	stands(head).action("Close Complaint")
	head.slash("comment")
	head.sign()
	moved(head, states.CLOSED)
	head.page.shot("25-closed", full_page=True)

	auditor = Hands(desk(staff.person(roles.AUDITOR), lang=lang)).open(cc.COMPLAINT, name)
	stands(auditor).page.shot("26-auditor", full_page=True)
	# The one that is there leads to the advisory notice decision.
	assert auditor.steps() == 1
	cc.verified(frappe.get_doc(cc.COMPLAINT, name))


@pytest.mark.rule("H3", "H5", "C12")
def test_no_investigation_is_approved_by_another_and_a_closed_complaint_opened_again(
	desk: Callable[..., DeskPage], staff: c.World
) -> None:
	code = returned.device(qms_markets=[{"regime": rules.NMPA}])
	similar, doc = (cc.complaint(staff, item_code=code) for _ in range(2))
	for one in (similar, doc):
		cc.rated(staff, r.answer(staff, one))
		r.decide(staff, r.of(one, rules.NMPA), rules.NOT_REPORTABLE, "Nobody was harmed, and nobody could be")
	cc.investigated(staff, similar.reload())
	third = make_user(roles.QUALITY, first_name="Deng Lan")
	frappe.db.commit()
	quality = Hands(desk(staff.person(roles.QUALITY), lang="zh")).open(cc.COMPLAINT, doc.name)
	stands(quality)
	press(quality, "Propose No Investigation", ACTION)
	quality.fill(quality.dialog, reason="The same batch, the same leak", similar=similar.name)
	quality.page.shot("1-propose")
	quality.sign()
	stands(quality).page.shot("2-proposed", full_page=True)
	assert not quality.has_button("Decide on No Investigation")

	second = Hands(desk(cc.second_quality(staff), lang="zh", phone=True)).open(cc.COMPLAINT, doc.name)
	stands(second).page.shot("3-to-approve", full_page=True)
	second.button("Decide on No Investigation")
	second.fill(second.dialog, decision="Approved")
	second.slash("comment")
	second.page.shot("4-approve")
	second.sign()
	moved(second, states.ACTING)

	frappe.db.rollback()
	doc = cc.replied(staff, cc.acted(staff, doc.reload()))
	cc.do(third, "close", doc, "/")
	cc.do(staff.person(roles.MANAGEMENT_REPRESENTATIVE), "close", doc, "/")
	assert doc.workflow_state == states.CLOSED
	frappe.db.commit()
	service = Hands(desk(staff.person(roles.SERVICE), lang="zh")).open(cc.COMPLAINT, doc.name)
	stands(service).button("Open Again")
	service.fill(service.dialog, again="Investigation", reason="A second set leaks")
	service.page.shot("5-again")
	service.sign()
	moved(service, states.INVESTIGATING)
	service.sees("A second set leaks", where=".qms-complaint")
	service.page.shot("6-open-again", full_page=True)
