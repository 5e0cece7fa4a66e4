"""Review Replay in the Desk: a manager opens it, changes the table and the limits, in both languages."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import frappe
import pytest
from frappe.utils import add_days, nowdate

from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support.plain import hooks_off

if TYPE_CHECKING:
	from tests.support.browser import DeskPage


@pytest.fixture
def past(cast: c.World) -> None:
	"""Orders of some months: small ones, and one that is large."""
	for month, rate in enumerate((100, 150, 200000, 120)):
		with hooks_off():
			day = add_days(nowdate(), -30 * (month + 1))
			doc = c.order("IP-200", rate=rate, transaction_date=day)
			doc.submit()


@pytest.mark.parametrize(
	("lang", "convened", "departments"), [("en", "Convened", "Production"), ("zh", "组织评审", "生产部")]
)
def test_a_manager_tries_other_limits(
	desk: Callable[..., DeskPage],
	cast: c.World,
	past: None,
	lang: str,
	convened: str,
	departments: str,
) -> None:
	page = desk(cast.person(roles.GENERAL_MANAGER), lang=lang, path="/app/query-report/Review Replay")
	page.wait_for_selector(".dt-scrollable .dt-row")
	page.wait_for_selector(".chart-wrapper svg, .report-chart svg, .chart-container svg")
	assert convened in page.locator(".report-wrapper, .layout-main").first.inner_text()

	def rows() -> list[list]:
		return page.evaluate("() => frappe.query_report.data.map((row) => [row.c0, row.c1])")

	assert dict(rows())[convened] == 1
	page.settle()
	page.shot("ways", full_page=True)
	page.evaluate(
		"() => frappe.query_report.set_filter_value({ own_limits: 1, large_amount: 2000000, large_quantity: "
		"0 })"
	)
	page.wait_for_function(
		"(name) => frappe.query_report.data.some((r) => r.c0 == name && r.c1 == 0)", arg=convened
	)
	page.settle()
	page.shot("limits", full_page=True)
	page.evaluate("() => frappe.query_report.set_filter_value('show', 'Departments')")
	page.wait_for_function("(name) => frappe.query_report.data.some((r) => r.c0 == name)", arg=departments)
	page.settle()
	page.shot("departments")
	assert frappe.db.exists("Report", "Review Replay")
