"""Patient data on the screen: masked on the form, shown on request, to the auditor by a grant (K7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import frappe
import pytest
from frappe.utils import add_days, nowdate
from playwright.sync_api import expect

from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support import feedback as f
from tests.support import patients as p
from tests.support.hands import Hands

if TYPE_CHECKING:
	from tests.support.browser import DeskPage

GROUP = "Patient Data"


def unfold(hand: Hands) -> None:
	"""The section about the patient is folded until somebody opens it."""
	if not hand.field("patient_reference").count():
		hand.find(".section-head.collapsible").filter(has_text=hand.say("Patient")).first.click()


@pytest.mark.rule("K7")
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_patient_data_is_shown_and_granted(desk: Callable[..., DeskPage], cast: c.World, lang: str) -> None:
	quality, manager = cast.person(roles.QUALITY), cast.person(roles.MANAGEMENT_REPRESENTATIVE)
	auditor = cast.person(roles.AUDITOR)
	doc = p.recorded(cast, patient_details="")
	frappe.db.commit()

	hand = Hands(desk(quality, lang=lang))
	hand.open(f.FEEDBACK, doc.name)
	unfold(hand)
	hand.fill(patient_details=p.PATIENT["patient_details"])
	hand.save()
	assert hand.page.evaluate("() => cur_frm.doc.patient_details") == "•••"
	unfold(hand)
	hand.page.shot("1-masked", full_page=True)
	hand.button("Show Patient Data", GROUP)
	expect(hand.dialog).to_contain_text("PZX-9417")
	expect(hand.dialog).to_contain_text("zxq ward 7")
	hand.page.shot("2-shown")
	with hand.page.context.expect_page() as paper:
		hand.dialog.locator(".btn-modal-primary").click()
	expect(paper.value.locator("body")).to_contain_text("zxq ward 7")
	paper.value.close()
	assert "PZX-9417" not in hand.page.content()

	hand = Hands(desk(manager, lang=lang))
	hand.open(f.FEEDBACK, doc.name).button("Grant Reading", GROUP)
	hand.fill(hand.dialog, grantee=auditor, reason="Audit of 8.2.2")
	hand.fill(
		hand.dialog, until=hand.page.evaluate("(d) => frappe.datetime.str_to_user(d)", add_days(nowdate(), 3))
	)
	hand.page.shot("3-grant")
	hand.sign()

	hand = Hands(desk(auditor, lang=lang))
	hand.open(f.FEEDBACK, doc.name)
	hand.sees_not("•••")
	hand.button("Show Patient Data", GROUP)
	expect(hand.dialog).to_contain_text("PZX-9417")
	hand.page.go("/app/patient-data-access")
	hand.page.shot("4-log")
	frappe.db.rollback()
	assert [(e.user, e.how) for e in p.accesses(doc)] == [
		(quality, "Form"),
		(quality, "Print"),
		(auditor, "Form"),
	]
