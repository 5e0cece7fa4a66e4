"""Where the auditor sees feedback and complaints: workspace, lists, reports, in English and Chinese."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import frappe
import pytest
from frappe.utils import add_days, add_to_date, now_datetime, nowdate
from playwright.sync_api import expect

from qms_customer.rules import people as roles
from qms_customer.rules import reportability as regulators
from tests.support import complaints as h
from tests.support import contracts as c
from tests.support import feedback as f
from tests.support import reported as r
from tests.support.hands import Hands

if TYPE_CHECKING:
	from tests.support.browser import DeskPage

CJK = re.compile("[\u3400-\u9fff]")
# The report, a filter that it is opened with, and how many charts it draws.
REPORTS = {
	"Complaint Log": 1,
	"Feedback Log": 1,
	"Open Complaints by Age": 1,
	"Complaints Without Investigation": 0,
	"Effectiveness of Complaint Actions": 1,
	"Reportability Decisions": 1,
}


@pytest.fixture
def told(cast: c.World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
	"""Complaints at each step, with feedback and decisions about regulators."""
	customer = c.customer(customer_name="Ruijin Hospital")
	quality, code = cast.person(roles.QUALITY), h.code()
	item = c.item(has_batch_no=1, create_new_batch=0, item_name="Infusion Pump IP-10")
	said = {"customer": customer, "item_code": item}
	with h.regulators(monkeypatch):
		first = h.closed(cast, **said)
		later = h.investigated(cast, h.complaint(cast, **said), cause_code=code)
		h.acted(cast, later, check_needed=1, criterion="No leak in 100 pieces", due=nowdate())
		h.replied(cast, later)
		none = h.rated(cast, h.complaint(cast, **said))
		h.do(quality, "propose_none", none, reason="The same as before", similar=first.name)
		h.do(h.second_quality(cast), "decide_none", none, decision="Approved", comment="Agreed")
		old = h.rated(cast, h.complaint(cast, **said))
		fresh = h.complaint(cast, **said)
	for doc, days in ((first, 80), (later, 45), (none, 20), (old, 100)):
		moment = f"{add_days(nowdate(), -days)} 10:00:00"
		due = add_days(nowdate(), 30 - days)
		values = {"received_on": moment, "creation": moment, "due_on": due}
		frappe.db.set_value(h.COMPLAINT, doc.name, values, update_modified=False)
	frappe.db.set_value(h.COMPLAINT, later.name, "effectiveness_due", add_days(nowdate(), -30))
	asked = f.recorded(cast, customer=customer, details="Which needles fit the pump?")
	f.answer(cast, f.assess(cast, asked, "Not a Complaint"))
	late = f.recorded(cast, customer=customer, details="The alarm is faint")
	frappe.db.set_value(f.FEEDBACK, late.name, "assess_by", add_days(nowdate(), -3))
	reported = r.complaint(regulators.NMPA, regulators.EU, event_country="China", customer=customer)
	r.answer(cast, reported, serious_injury="Yes")
	decision = r.decide(cast, r.of(reported, regulators.NMPA), regulators.REPORTABLE)
	overdue = add_to_date(now_datetime(), hours=-36)
	frappe.db.set_value("Reporting Clock", decision.clocks[0].name, "due_on", overdue)
	frappe.db.set_value(r.DECISION, decision.name, "due_on", overdue)
	frappe.db.commit()
	return [old.name, later.name, fresh.name]


@pytest.mark.rule("H1", "H3", "H4", "H5", "L3")
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_auditor_finds_feedback_and_complaints(
	desk: Callable[..., DeskPage], cast: c.World, told: list[str], lang: str
) -> None:
	hand = Hands(desk(cast.person(roles.AUDITOR), lang=lang, path="/app/qms-customer"))
	page = hand.page
	hand.sees(hand.say("Complaints Without Investigation"), where=".widget.links-widget-box")
	page.settle()
	page.set_viewport_size({"width": 1366, "height": 2600})
	page.wait_for_timeout(800)
	page.shot("1-workspace")

	def card(name: str) -> None:
		"""Open what a card counts, and see as many."""
		page.go("/app/qms-customer")
		box = page.locator(".number-widget-box").filter(has_text=hand.say(name))
		expect(box.locator(".number")).to_have_text(re.compile(r"[1-9]"))
		number = int(box.locator(".number").inner_text())
		box.locator(".widget-body").click()
		expect(hand.find(".list-row")).to_have_count(number)
		page.settle()

	page.set_viewport_size({"width": 1366, "height": 900})
	card("Complaints Open")
	hand.sees(told[0], where=".frappe-list")
	expect(hand.find(".list-row .text-danger").first).to_be_visible()
	page.shot("2-complaints")
	card("Regulator Deadlines Overdue")
	page.shot("3-decisions")
	card("Feedback to Assess")
	page.shot("4-feedback")

	for number, (name, charts) in enumerate(REPORTS.items(), 5):
		page.go(f"/app/query-report/{name}")
		page.wait_for_selector(".dt-scrollable .dt-row")
		page.settle()
		body = hand.text(".layout-main-section")
		assert "undefined" not in body and "NaN" not in body and "null" not in body, name
		if charts:
			page.wait_for_selector(".chart-wrapper rect.bar")
			page.wait_for_timeout(800)
		if lang == "zh":
			for head in hand.find(".dt-row-header .dt-cell__content").all():
				words = head.inner_text().strip()
				assert not words or CJK.search(words), (name, words)
			for label in hand.find(".summary-label").all():
				assert CJK.search(label.inner_text()), (name, label.inner_text())
		page.shot(f"{number}-{name.split()[0].lower()}-{name.split()[-1].lower()}", full_page=True)
	page.go("/app/query-report/Open Complaints by Age?overdue=1")
	hand.sees(told[0], where=".dt-scrollable")
	hand.sees_not(told[2], where=".dt-scrollable")
