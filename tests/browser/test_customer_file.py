"""Customer register, customer file and sales record in the Desk, as those they are for, in both languages."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import frappe
import pytest
from frappe.utils import add_days, nowdate

from qms_customer.rules import people as roles
from qms_customer.rules import qualification as q
from tests.support import contracts as c
from tests.support import sales as s

if TYPE_CHECKING:
	from tests.support.browser import DeskPage

Desk = Callable[..., "DeskPage"]
CJK = re.compile("[\u3400-\u9fff]")
CUSTOMER = "Riverside Hospital"


@pytest.fixture
def sold(cast: c.World) -> str:
	"""A hospital whose licence expired, with a contract, deliveries of a batch, and a return; its batch."""
	customer = c.customer(
		customer_name=CUSTOMER,
		qms_buyer_kind=q.HOSPITAL,
		qms_qualifications=[
			{
				"kind": q.PRACTICE_LICENCE,
				"number": "PDY 10023-X",
				"scope": "内科、外科、急诊",
				"issued_by": "上海市卫生健康委员会",
				"valid_to": add_days(nowdate(), -5),
			}
		],
	)
	s.address(customer)
	s.contact(customer)
	c.customer(
		customer_name="Harbour Medical Trading",
		qms_buyer_kind=q.DISTRIBUTOR,
		qms_qualifications=[
			{"kind": q.BUSINESS_LICENCE, "number": "沪浦 0456", "valid_to": add_days(nowdate(), 20)}
		],
	)
	code = "TS-10"
	c.item(item_code=code, item_name="Thermometer TS-10", has_batch_no=1, has_expiry_date=1)
	batch = s.batch(code, 500, name="TS-10-2601")
	c.committed_order(cast, code, customer=customer)
	for months in range(3):
		note = s.delivered(customer, {"item_code": code, "qty": 10 + months, "batch_no": batch})
		day = add_days(nowdate(), -31 * months)
		frappe.db.set_value("Delivery Note", note.name, "posting_date", day)
	s.returned(note, qty=-2, batch_no=batch, use_serial_batch_fields=1)
	return batch


def in_chinese(page: DeskPage, selector: str) -> None:
	"""Assert that each heading says something in Chinese."""
	for head in page.locator(selector).all():
		words = head.inner_text().strip()
		assert not words or CJK.search(words), words


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_customer_file_from_the_form(desk: Desk, cast: c.World, sold: str, lang: str) -> None:
	page = desk(cast.sales, lang=lang, path=f"/app/customer/{CUSTOMER}")
	view, file = {"en": ("View", "Customer File"), "zh": ("查看", "客户档案")}[lang]
	page.locator(f".inner-group-button:has-text('{view}') button").first.click()
	page.locator(f".inner-group-button .dropdown-item:has-text('{file}')").first.click()
	page.wait_for_selector("[data-section=deliveries] td")
	page.settle()
	assert page.locator("[data-section=deliveries] tbody tr").count() == 3
	assert page.locator("[data-section=returns] tbody tr").count() == 1
	assert CUSTOMER in page.locator(".title-text:visible").first.inner_text()
	if lang == "zh":
		in_chinese(page, ".qms-customer-file th, .qms-customer-file h6, .qms-customer-file .text-muted.small")
	page.set_viewport_size({"width": 1366, "height": 2000})
	page.shot(full_page=True)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_auditor_reads_register_and_sales_record(desk: Desk, cast: c.World, sold: str, lang: str) -> None:
	page = desk(cast.person(roles.AUDITOR), lang=lang, path="/app/query-report/Customer Register")
	page.wait_for_selector(".dt-scrollable .dt-row")
	page.settle()
	if lang == "zh":
		in_chinese(page, ".dt-row-header .dt-cell__content:visible")
	page.shot("register", full_page=True)
	page.locator(f".dt-cell a[href*='customer-file']:has-text('{CUSTOMER}')").first.click()
	page.wait_for_selector("[data-section=licences] td")
	page.go(f"/app/query-report/Sales Record?batch_no={sold}")
	page.wait_for_selector(".dt-scrollable .dt-row")
	page.settle()
	assert page.evaluate("() => frappe.query_report.data.map((r) => r.qty)") == [12, -2, 11, 10] or (
		sorted(page.evaluate("() => frappe.query_report.data.map((r) => r.qty)")) == [-2, 10, 11, 12]
	)
	body = page.locator(".layout-main-section:visible").first.inner_text()
	assert "undefined" not in body and "NaN" not in body
	if lang == "zh":
		in_chinese(page, ".dt-row-header .dt-cell__content:visible")
	page.wait_for_timeout(1200)
	page.shot("sales", full_page=True)
	label = {"en": "Print as Form", "zh": "打印表单"}[lang]
	with page.context.expect_page() as opened:
		page.locator(f"button:has-text('{label}'):visible").first.click()
	assert opened.value


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_licences_are_entered_on_the_customer(desk: Desk, cast: c.World, sold: str, lang: str) -> None:
	frappe.db.set_value("Customer", CUSTOMER, "disabled", 0)
	page = desk(cast.sales, lang=lang, path=f"/app/customer/{CUSTOMER}")
	page.wait_for_selector(".form-tabs .nav-link")
	page.evaluate("() => cur_frm.scroll_to_field('qms_buyer_kind')")
	page.locator("[data-fieldname=qms_qualifications] .grid-row[data-idx='1']").wait_for()
	page.settle()
	page.shot(full_page=True)
	if lang == "zh":
		in_chinese(page, "[data-fieldname=qms_qualifications] .grid-heading-row .static-area:visible")
