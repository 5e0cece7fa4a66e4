"""Whether a complaint is reported: the questionnaire, the countdown, what is overdue, the exchange."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import frappe
import pytest
from frappe.utils import add_to_date, formatdate, now_datetime
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
	quality.fill(quality.dialog, which="0", number="2026-17", owed_next="Final Report")
	announced = str(add_to_date(now_datetime(), days=20))[:10]
	quality.fill(quality.dialog, next_day=formatdate(announced))
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
	quality.sees(quality.say("Final Report"), where=".qms-reporting .qms-owed")
	quality.page.shot("9-sent", full_page=True)
	frappe.db.rollback()
	decision = r.of(doc, rules.NMPA)
	assert (decision.decision, decision.exchanges[0].number) == (rules.REPORTABLE, "2026-17")
	assert str(decision.first_due_on)[:10] == announced  # the site is where this regulator is
	r.send(cast, decision, kind=rules.FINAL, number="2026-18")
	frappe.db.commit()
	quality.open(r.DECISION, decision.name)
	quality.sees(quality.say("What is owed was sent."), where=".qms-reporting")
	assert frappe.db.get_value("File", {"file_url": decision.exchanges[0].file}, "is_private")

	auditor = Hands(desk(cast.person(roles.AUDITOR), lang="zh")).open(r.DECISION, decision.name)
	auditor.page.wait_for_selector(".qms-reporting", state="attached")
	auditor.page.settle()
	auditor.sees("2026-17")
	assert auditor.steps() == 0


@pytest.mark.rule("H4")
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_a_regulator_asks_is_owed_until_it_is_answered(
	desk: Callable[..., DeskPage], cast: c.World, tmp_path: Path, lang: str
) -> None:
	decision = r.of(r.complaint(rules.EU), rules.EU)
	frappe.db.commit()
	quality = Hands(desk(cast.person(roles.QUALITY), lang=lang)).open(r.DECISION, decision.name)
	quality.page.wait_for_selector(".qms-reporting", state="attached")
	help_ = quality.field("aware_on").locator(".help-box")
	expect(help_).to_contain_text({"en": "first knew", "zh": "首次获知"}[lang])
	quality.button("Record Exchange")
	# Until it is decided: the answer to a question, a question, a receipt.
	quality.fill(quality.dialog, which="0")
	expect(quality.field("owed_next", quality.dialog)).to_be_visible()
	expect(quality.field("next_day", quality.dialog)).to_have_count(0)
	quality.fill(quality.dialog, which="1", number="BfArM-7", comment="Which batch?")
	expect(quality.field("owed_next", quality.dialog)).to_have_count(0)
	quality.fill(quality.dialog, next_day=formatdate(add_to_date(now_datetime(), days=5)))
	quality.page.shot("1-question")
	quality.sign()
	quality.page.wait_for_selector(".qms-reporting", state="attached")
	quality.sees(quality.say("Answer to a Question"), where=".qms-reporting .qms-owed")
	quality.page.shot("2-owed", full_page=True)
	quality.button("Record Exchange")
	quality.fill(quality.dialog, which="0", number="QA-12", owed_next="Nothing More")
	file = tmp_path / "answer.txt"
	file.write_text("Batch B-1", encoding="utf-8")
	quality.field("file", quality.dialog).locator(".btn-attach").click()
	quality.dialog.locator("input[type=file]").first.set_input_files(file)
	quality.dialog.locator(".btn-modal-primary").click()
	expect(quality.page.locator(".modal.show")).to_have_count(1)
	quality.page.settle()
	quality.page.shot("3-answer")
	quality.sign()
	frappe.db.rollback()
	decision.reload()
	assert [row.kind for row in decision.exchanges] == [rules.QUESTION, rules.ANSWER]
	assert decision.exchanges[1].answers.startswith("BfArM-7 (") and decision.clocks[0].sent_on
	quality.page.shot("4-answered", full_page=True)
