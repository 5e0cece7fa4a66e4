"""What came into the inbox of feedback as the mail of a program is looked through, and recorded (H1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import frappe
import pytest

from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support import mails as m
from tests.support.hands import Hands

if TYPE_CHECKING:
	from tests.support.browser import DeskPage

REPORT = "E-mails Not Recorded as Feedback"


@pytest.mark.rule("H1")
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_mail_taken_for_a_programs_is_recorded(
	desk: Callable[..., DeskPage], cast: c.World, lang: str
) -> None:
	kept = m.deliver(m.message("It leaks at the hub", subject="Leak", Auto_Submitted="auto-replied"))
	assert kept.reference_doctype != "Customer Feedback"
	quality = Hands(desk(cast.person(roles.QUALITY), lang=lang, path=f"/app/query-report/{REPORT}"))
	page = quality.page
	page.wait_for_selector(".dt-scrollable .dt-row")
	quality.sees("Leak", where=".datatable")
	page.shot("1-report", full_page=True)
	record = page.get_by_role("button", name=quality.say("Record as Feedback"), exact=True)
	record.click()
	quality.sees(
		quality.say("Tick the e-mails that a person has written, then record them."), where=".modal.show"
	)
	page.shot("2-nothing-ticked")
	quality.close_message()
	page.locator(".dt-scrollable .dt-row .dt-cell__content input[type=checkbox]").first.check()
	record.click()
	page.locator(".datatable").wait_for(state="hidden")
	page.shot("3-recorded")
	frappe.db.rollback()
	kept.reload()
	assert kept.reference_doctype == "Customer Feedback"
	assert frappe.db.get_value("Customer Feedback", kept.reference_name, "channel") == "E-mail"
