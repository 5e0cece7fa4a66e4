"""What the forms of feedback and complaints show: where somebody would trip otherwise (H1-H5)."""

from __future__ import annotations

import frappe
import pytest
from frappe.utils import add_days, nowdate

from qms_customer.contract import mail_templates
from qms_customer.feedback import complaint_api, feedback_api, reply, reporting_api, reporting_panel
from qms_customer.messages import say
from qms_customer.rules import complaint as states
from qms_customer.rules import people as roles
from qms_customer.rules import reportability as rules
from qms_customer.shown import language
from tests.support import complaints as h
from tests.support import contracts as c
from tests.support import feedback as f
from tests.support.people import as_user


@pytest.mark.rule("H4")
def test_the_country_of_the_event_is_not_filled_in_by_itself(world: c.World) -> None:
	"""A site has a default country: what happened somewhere unknown did not happen there."""
	for doctype in (f.FEEDBACK, h.COMPLAINT):
		frappe.defaults.set_global_default("country", "China")
		frappe.clear_cache()
		assert not frappe.new_doc(doctype).event_country
	# The Desk fills in what users have a default of, unless a field says otherwise.
	assert frappe.get_meta(f.FEEDBACK).get_field("event_country").ignore_user_permissions
	assert not f.recorded(world).event_country


@pytest.mark.rule("H1", "H2")
def test_the_definition_and_a_button_for_each_like_report_are_on_the_form(world: c.World) -> None:
	code = c.item()
	first, second = (f.recorded(world, item_code=code, serial_no="SN-1") for _ in range(2))
	button = f'data-name="{first.name}"'
	with as_user(world.person(roles.SERVICE)):
		panel = feedback_api.get_panel(second.name)
	assert "a device that has left our control" in panel["definition"]
	assert button in panel["html"]
	for role in (roles.SALES_USER, roles.AUDITOR):
		with as_user(world.person(role)):
			html = feedback_api.get_panel(second.name)["html"]
		assert first.name in html and button not in html


@pytest.mark.rule("H4")
def test_each_question_says_what_it_means(world: c.World) -> None:
	doc = h.complaint(world)
	with as_user(world.person(roles.QUALITY)):
		asked = reporting_api.get_complaint_panel(doc.name)["questions"]
	assert {one["question"] for one in asked} == set(rules.QUESTIONS)
	assert all(one["hint"] for one in asked)


@pytest.mark.rule("H5")
def test_effectiveness_is_checked_from_its_day_on(world: c.World, monkeypatch: pytest.MonkeyPatch) -> None:
	later = {"check_needed": 1, "criterion": "No leak for a month", "due": add_days(nowdate(), 30)}
	with h.regulators(monkeypatch):
		doc = h.replied(world, h.acted(world, h.investigated(world, h.complaint(world)), **later))
	assert doc.workflow_state == states.VERIFYING
	quality = world.person(roles.QUALITY)
	with as_user(quality):
		panel = complaint_api.get_complaint(doc.name)
	assert "check" not in panel["may"]
	assert "No leak for a month" in panel["html"]
	frappe.db.set_value(h.COMPLAINT, doc.name, "effectiveness_due", nowdate())
	with as_user(quality):
		assert "check" in complaint_api.get_complaint(doc.name)["may"]


@pytest.mark.rule("H3", "C12")
def test_whoever_approves_no_investigation_reads_why_first(
	world: c.World, monkeypatch: pytest.MonkeyPatch
) -> None:
	doc = h.rated(world, h.complaint(world))
	with h.regulators(monkeypatch):
		h.do(world.person(roles.QUALITY), "propose_none", doc, "Seen on <b>LOT-1</b> before")
	with as_user(h.second_quality(world)):
		panel = complaint_api.get_complaint(doc.name)
	assert "Seen on &lt;b&gt;LOT-1" in panel["html"]
	assert "Somebody else of Quality approves" in panel["html"]
	assert "decide_none" in panel["may"]


@pytest.mark.rule("H4")
def test_times_are_shown_in_the_zone_of_who_reads_them(world: c.World) -> None:
	quality = world.person(roles.QUALITY)
	zone = frappe.utils.get_system_timezone()
	with as_user(quality):
		assert reporting_panel.at("2026-11-01 12:00:00").endswith(f"12:00:00 ({zone})")
	frappe.db.set_value("User", quality, "time_zone", "Pacific/Honolulu")
	frappe.clear_document_cache("User", quality)
	with as_user(quality):
		shown = reporting_panel.at("2026-11-01 12:00:00")
	assert shown.endswith("(Pacific/Honolulu)") and "12:00:00" not in shown


@pytest.mark.rule("H5", "K7")
def test_replies_begin_with_the_templates_that_are_brought_along(world: c.World) -> None:
	mail_templates.make()
	doc = h.investigated(world, h.complaint(world))
	for name in reply.TEMPLATES.values():
		with as_user(world.person(roles.SERVICE)):
			made = complaint_api.preview_reply(doc.name, name)
		assert doc.name in made["subject"]
		assert "Dr Gu" in made["message"] and "glued" in made["message"]
		assert "{{" not in made["message"] and "Fever" not in made["message"]


@pytest.mark.rule("H3")
def test_a_list_of_words_is_said_in_one_language() -> None:
	with language("zh"):
		said = say("{0} is missing: enter it, or say why it is not known.", ("UDI, batch or serial number",))
	assert "serial" not in said
