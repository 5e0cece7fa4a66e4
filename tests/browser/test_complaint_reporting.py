"""Whether a complaint is reported: the questionnaire, the countdown, what is overdue, the exchange."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import frappe
import pytest
from frappe.utils import add_to_date, now_datetime
from playwright.sync_api import expect

from qms_customer.feedback import reporting_job
from qms_customer.rules import people as roles
from qms_customer.rules import reportability as rules
from tests.support import contracts as c
from tests.support import reported as r
from tests.support.hands import Hands

if TYPE_CHECKING:
	from tests.support.browser import DeskPage


@pytest.mark.rule("H4")
def test_what_is_overdue_is_seen_decided_and_reported(
	desk: Callable[..., DeskPage], cast: c.World, tmp_path: Path
) -> None:
	for role in (roles.MANAGEMENT_REPRESENTATIVE, roles.GENERAL_MANAGER):
		cast.person(role)
	doc = r.complaint(rules.NMPA, rules.EU, event_country="China")
	frappe.db.commit()

	# While nobody has decided, the shortest limit counts, and the form counts down.
	quality = Hands(desk(cast.person(roles.QUALITY), lang="zh")).open(r.COMPLAINT, doc.name)
	quality.page.wait_for_selector(".qms-complaint-reporting", state="attached")
	quality.button("Answer Questionnaire", "Action", of=r.COMPLAINT)
	for question in rules.QUESTIONS:
		assert quality.field(question, quality.dialog).locator(".help-box").inner_text(), question
	quality.page.shot("1-questionnaire")
	quality.fill(quality.dialog, death="No", serious_injury="Yes")
	quality.sign()
	quality.page.wait_for_selector(".qms-complaint-reporting [data-regime]")
	left = quality.say("{0} day(s) and {1} hour(s) left").split("{1}")[1]
	expect(quality.find(f'.qms-complaint-reporting [data-regime="{rules.EU}"]')).to_contain_text(left)
	quality.page.shot("2-answered", full_page=True)

	# A month later nobody has done anything: who owes it hears of it, and the form says it.
	frappe.db.rollback()
	late = add_to_date(now_datetime(), days=-40)
	frappe.db.set_value(r.COMPLAINT, doc.name, {"aware_on": late, "received_on": late})
	reporting_job.catch_up()
	frappe.db.commit()
	quality.open(r.COMPLAINT, doc.name)
	row = quality.find(f'.qms-complaint-reporting [data-regime="{rules.NMPA}"]')
	overdue = quality.say("Overdue by {0} day(s) and {1} hour(s)").split("{0}")[0]
	expect(row).to_contain_text(overdue)
	quality.page.shot("3-overdue", full_page=True)
	quality.find(".notifications-icon").first.click()
	quality.page.settle()
	expect(quality.find(".notifications-list").first).to_contain_text(doc.name)
	quality.page.shot("4-alert")
	quality.page.keyboard.press("Escape")

	row.locator("a").first.click()
	quality.page.wait_for_selector(".qms-reporting", state="attached")
	quality.page.settle()
	quality.page.shot("5-decision", full_page=True)
	quality.button("Decide Reportability")
	quality.slash("reason")
	quality.page.shot("6-decide")
	quality.sign()
	quality.page.wait_for_function("() => cur_frm.doc.decision === 'Reportable'")
	quality.page.wait_for_selector(".qms-reporting", state="attached")
	quality.page.settle()
	quality.button("Record Exchange")
	quality.fill(quality.dialog, which="0", number="2026-17")
	# What was typed is there after a refusal: the report itself is missing.
	quality.give_signature()
	quality.refused("H4")
	quality.page.shot("7-refused")
	quality.close_message()
	assert quality.value("number", quality.dialog) == "2026-17"
	file = tmp_path / "report.txt"
	file.write_text("Report of an event", encoding="utf-8")
	quality.field("file", quality.dialog).locator(".btn-attach").click()
	quality.dialog.locator("input[type=file]").first.set_input_files(file)
	quality.dialog.locator(".btn-modal-primary").click()
	expect(quality.page.locator(".modal.show")).to_have_count(1)
	quality.page.settle()
	quality.page.shot("8-exchange")
	quality.dialog.locator(".btn-modal-primary").click()
	expect(quality.page.locator(".modal.show")).to_have_count(0)
	quality.page.wait_for_function("() => cur_frm.doc.exchanges.length === 1")
	quality.page.wait_for_selector(".qms-reporting", state="attached")
	quality.page.settle()
	quality.sees(quality.say("What is owed was sent."), where=".qms-reporting")
	quality.page.shot("9-sent", full_page=True)
	frappe.db.rollback()
	decision = r.of(doc, rules.NMPA)
	assert (decision.decision, decision.exchanges[0].number, decision.due_on) == (
		rules.REPORTABLE,
		"2026-17",
		None,
	)
	assert frappe.db.get_value("File", {"file_url": decision.exchanges[0].file}, "is_private")

	auditor = Hands(desk(cast.person(roles.AUDITOR), lang="zh")).open(r.DECISION, decision.name)
	auditor.page.wait_for_selector(".qms-reporting", state="attached")
	auditor.page.settle()
	auditor.sees("2026-17")
	assert auditor.steps() == 0
