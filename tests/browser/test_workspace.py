"""Where people look, as those it is for, in English and Chinese: workspace, reports, lists, connections."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import frappe
import pytest
from frappe.utils import add_days, nowdate

from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support import goods as g
from tests.support.people import as_user
from tests.support.staged import staged

if TYPE_CHECKING:
	from tests.support.browser import DeskPage

Desk = Callable[..., "DeskPage"]

CJK = re.compile("[\u3400-\u9fff]")
PATHS = {
	"Contract Review Cycle Times": "/app/query-report/Contract Review Cycle Times",
	"Contract Reviews by State and Class": "/app/query-report/Contract Reviews by State and Class",
	"Overdue by Department": "/app/query-report/Overdue by Department",
	"Contract Reviews by Class and Decision": (
		"/app/contract-review/view/report/Contract Reviews by Class and Decision"
	),
	"Review Opinions Outstanding": "/app/contract-review-opinion/view/report/Review Opinions Outstanding",
	"Review Actions Outstanding": "/app/review-action/view/report/Review Actions Outstanding",
	"Overruled Objections": "/app/contract-review/view/report/Overruled Objections",
	"Deliveries under Reason Codes": (
		"/app/delivery-authorisation/view/report/Deliveries under Reason Codes"
	),
}


@pytest.fixture
def trade(cast: c.World) -> c.World:
	"""Some reviews in each state, with opinions and actions overdue."""
	traded(cast)
	return cast


@staged
def traded(cast: c.World) -> None:
	customer = c.customer(customer_name="Riverside Hospital")
	stocked = "TS-10"
	c.item(item_code=stocked, item_name="Thermometer TS-10")
	c.receive(stocked, 500)
	for number in range(3):
		review = c.approve(cast, c.order(stocked, customer=customer))
		for field, days in (("prepared_on", -35 * number - 9), ("decided_on", -35 * number - 2)):
			frappe.db.set_value(
				"Contract Review", review.name, field, f"{add_days(nowdate(), days)} 09:00:00"
			)
		given = f"{add_days(nowdate(), -35 * number - 5)} 09:00:00"
		frappe.db.set_value("Contract Review Opinion", {"contract_review": review.name}, "given_on", given)
	objected = c.start(cast, c.order("IP-200", customer=customer))
	c.answer(cast, objected, "Quality", answer="Not Met", comment="No method to test it")
	c.answer_all(cast, objected)
	c.decide(objected.reload(), cast.gm, overrule_reason="Tested outside")
	waiting = c.start(cast, c.order("IP-200", customer=customer))
	c.answer(cast, waiting, "R&D")
	c.hold_up(cast, c.start(cast, c.order(stocked, customer=customer)), "Delivery")
	late = add_days(nowdate(), -6)
	frappe.db.set_value("Contract Review Opinion", {"contract_review": waiting.name}, "due_date", late)
	frappe.db.set_value("Review Action", {"blocks": "Delivery"}, "due_date", late)
	g.delivery_by_hand(customer, {"item_code": stocked})
	note = frappe.get_last_doc("Delivery Note")
	with as_user(cast.person(roles.BUSINESS_MANAGER)):
		frappe.get_attr("qms_customer.contract.api.request_authorisation")(
			"Delivery Note", note.name, "Sample", "Trial at the clinic"
		)


def drawn(page: DeskPage, charts: int) -> None:
	"""Wait until the bars of so many charts have grown."""
	page.wait_for_function(
		"""(wanted) => [...document.querySelectorAll('.frappe-chart')].filter((chart) =>
			[...chart.querySelectorAll('rect.bar')].some((bar) => bar.getBBox().height > 5)
		).length >= wanted""",
		arg=charts,
	)
	page.wait_for_timeout(1200)


def text(page: DeskPage, selector: str) -> str:
	return page.locator(selector).first.inner_text()


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("role", [roles.SALES_USER, roles.GENERAL_MANAGER, roles.AUDITOR])
def test_the_workspace_shows_where_the_reviews_stand(
	desk: Desk, trade: c.World, role: str, lang: str
) -> None:
	frappe.db.set_single_value("System Settings", "enable_onboarding", 1)
	page = desk(trade.person(role), lang=lang, path="/app/qms-customer")
	page.wait_for_selector(".number-widget-box .number")
	page.wait_for_selector(".dashboard-widget-box .frappe-chart")
	page.settle()
	shown = {
		box.locator(".widget-title").text_content().strip(): box.locator(".number").inner_text().strip()
		for box in page.locator(".number-widget-box").all()
	}
	titles = {
		"en": {"Overdue Opinions": "3", "Overdue Actions": "1", "Contract Reviews in Progress": "2"},
		"zh": {"逾期评审意见": "3", "逾期措施": "1", "进行中的合同评审": "2"},
	}[lang]
	assert {title: shown.get(title) for title in titles} == titles
	assert page.locator(".dashboard-widget-box .frappe-chart").count() == 3
	drawn(page, 3)
	assert page.locator(".shortcut-widget-box").count() == 4
	if lang == "zh":
		for part in page.locator(".widget-title, .link-content, .shortcut-widget-box").all():
			words = part.inner_text().strip()
			assert not words or CJK.search(words), words
	onboarding = page.locator(".onboarding-widget-box").count()
	assert bool(onboarding) == (role == roles.GENERAL_MANAGER)
	page.set_viewport_size({"width": 1366, "height": 2300})
	page.wait_for_timeout(1500)
	page.shot()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_auditor_opens_each_report(desk: Desk, trade: c.World, lang: str) -> None:
	page = desk(trade.person(roles.AUDITOR), lang=lang, path="/app/qms-customer")
	for name, path in PATHS.items():
		page.go(path)
		page.wait_for_selector(".dt-row .dt-cell__content, .datatable .dt-row")
		page.settle()
		body = text(page, ".layout-main-section:visible")
		assert "undefined" not in body and "NaN" not in body, name
		assert page.locator(".dt-scrollable .dt-row:visible").count() >= 1, name
		if "view/report" in path:
			# Shown as it is saved: its own columns, and no "Not Saved".
			assert page.locator(".page-head .indicator-pill:visible").count() == 0, name
		if lang == "zh":
			for head in page.locator(".dt-row-header .dt-cell__content:visible").all():
				words = head.inner_text().strip()
				assert not words or words == "ID" or CJK.search(words), words
		if "query-report" in path:
			drawn(page, 1)
		page.shot(name, full_page=True)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_lists_show_what_is_overdue_and_filter(desk: Desk, trade: c.World, lang: str) -> None:
	page = desk(trade.person(roles.BUSINESS_MANAGER), lang=lang, path="/app/contract-review-opinion")
	page.wait_for_selector(".list-row .indicator-pill")
	overdue = page.locator(
		".list-row .indicator-pill.red:visible", has_text={"en": "Overdue", "zh": "逾期"}[lang]
	)
	assert overdue.count() == 3
	page.shot("opinions")
	page.go("/app/review-action?status=Open")
	page.locator(
		".list-row .indicator-pill.red:visible", has_text={"en": "Overdue", "zh": "逾期"}[lang]
	).wait_for()
	page.shot("actions")
	page.go("/app/delivery-authorisation")
	page.wait_for_selector(".list-row .indicator-pill")
	page.shot("authorisations")
	page.go("/app/contract-review")
	page.wait_for_selector(".list-row .indicator-pill")
	for field in ("contract_class", "decision", "workflow_state", "customer_name", "company"):
		assert page.locator(f".standard-filter-section [data-fieldname={field}]").count(), field
	page.shot("reviews")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_contract_a_customer_and_an_item_lead_to_reviews(desk: Desk, trade: c.World, lang: str) -> None:
	order = frappe.get_last_doc("Sales Order", {"docstatus": 0})
	page = desk(trade.sales, lang=lang, path=f"/app/sales-order/{order.name}")
	page.locator(
		".form-tabs .nav-link[data-fieldname=connections_tab], a:has-text('Connections')"
	).first.click()
	link = page.locator(".document-link[data-doctype='Contract Review']")
	link.wait_for()
	link.locator(".count", has_text="1").wait_for()
	page.shot("order")
	link.locator(".badge-link").click()
	page.wait_for_selector(".list-row")
	page.settle()
	assert page.locator(".list-row").count() == 1
	page.go("/app/customer/Riverside Hospital")
	page.locator(".document-link[data-doctype='Contract Review']").wait_for(state="attached")
	page.shot("customer")
	page.go("/app/item/IP-200")
	page.locator(".document-link[data-doctype='Product Standard']").wait_for(state="attached")
	page.evaluate(
		"() => cur_frm.dashboard.links_area.body"
		".find('[data-report=\"Contract Review Cycle Times\"] .report-link').click()"
	)
	page.wait_for_selector(".dt-row")
	page.settle()
	assert page.evaluate("() => frappe.query_report.get_filter_value('item_code')") == "IP-200"


def test_the_settings_are_shown_step_by_step(desk: Desk, trade: c.World) -> None:
	"""The onboarding leads to the form tour of the settings."""
	page = desk(trade.gm, path="/app/qms-customer-settings")
	page.wait_for_selector(".form-page [data-fieldname=large_amount]")
	page.evaluate(
		"() => cur_frm.tour.init({ tour_name: 'QMS Customer Settings' }).then(() => cur_frm.tour.start())"
	)
	page.wait_for_selector(".driver-popover, #driver-popover-item")
	page.shot()
	seen = []
	for _step in range(6):
		title = page.locator(".driver-popover-title:visible").inner_text()
		seen.append(title)
		button = page.locator(".driver-next-btn:visible")
		if "Who Hears" in title or not button.count():
			break
		button.click()
		page.wait_for_timeout(900)
	assert seen[0] == "When Is an Order Large?" and seen[-1] == "Who Hears When It Is Overdue?"
	page.shot("last")
