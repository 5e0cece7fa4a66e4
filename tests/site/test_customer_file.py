"""D6, A5: the customer register and the customer file, each shown to whom it may be."""

from __future__ import annotations

import json
import re
from typing import Any

import frappe
import pytest
from frappe.desk.desk_page import get as get_page
from frappe.desk.desktop import get_desktop_page
from frappe.desk.query_report import run
from frappe.model.document import Document
from frappe.utils import add_days, getdate, nowdate

from qms_customer.contract import (
	customer_api,
	customer_file,
	customer_prints,
	customer_register,
	register,
)
from qms_customer.contract.customer_register import Wanted
from qms_customer.rules import forms
from qms_customer.rules import people as roles
from qms_customer.rules import qualification as q
from qms_customer.rules.qualification import Standing
from tests.site.test_sales_record import pages
from tests.support import contracts as c
from tests.support import sales as s
from tests.support.company import COMPANY
from tests.support.people import as_user, make_user
from tests.support.sql import count_queries

REPORT = "Customer Register"


def licence(days: int = 400, kind: str = q.BUSINESS_LICENCE, **values: Any) -> dict[str, Any]:
	return {
		"kind": kind,
		"number": c.unique("沪食药监械经营许"),
		"scope": "II 类：6854 手术室设备",
		"issued_by": "上海市药品监督管理局",
		"valid_from": add_days(nowdate(), -100),
		"valid_to": add_days(nowdate(), days),
		**values,
	}


def buyer(kind: str = q.DISTRIBUTOR, *licences: dict[str, Any], **values: Any) -> str:
	return c.customer(qms_buyer_kind=kind, qms_qualifications=list(licences), **values)


def entry(customer: str, user: str | None = None, **filters: Any) -> dict:
	"""Return the row of the register that a user sees of a customer."""
	with as_user(user or "Administrator"):
		found = run(REPORT, filters=json.dumps({"customer": customer, **filters}))
	rows = [row for row in found["result"] if isinstance(row, dict)]
	assert len(rows) <= 1
	return rows[0] if rows else {}


def registered(order: Document) -> None:
	"""Have the contract register follow an order, as a job does after the commit."""
	register.follow(order.doctype, order.name)


def shown(customer: str, user: str | None = None) -> str:
	with as_user(user or "Administrator"):
		return customer_api.get_customer_file(customer)["html"]


def section(html: str, key: str) -> str:
	return re.search(rf'<section data-section="{key}">(.*?)</section>', html, re.DOTALL)[1]


@pytest.mark.rule("A5", "D6")
def test_the_register_says_whether_a_buyer_is_qualified() -> None:
	for customer, standing, until in (
		(buyer(q.DISTRIBUTOR, licence(400)), Standing.VALID, 400),
		(buyer(q.AGENT, licence(30)), Standing.ENDS_SOON, 30),
		(buyer(q.HOSPITAL, licence(-1, q.PRACTICE_LICENCE)), Standing.EXPIRED, -1),
		(buyer(q.CLINIC, licence(400)), Standing.MISSING, None),
		(buyer(q.OTHER), Standing.NONE_NEEDED, None),
		(c.customer(), Standing.UNKNOWN, None),
	):
		row = entry(customer)
		assert row["standing"] == standing.value
		assert row["valid_to"] == (None if until is None else getdate(add_days(nowdate(), until)))
		assert entry(customer, standing=standing.value) and not entry(customer, standing="None such")
	row = entry(buyer(q.AGENT, licence(no_expiry=1, valid_to=None, number="No. 7")))
	assert (row["standing"], row["licences"]) == (
		"Licence Valid",
		"Medical Device Business Licence No. 7 (unlimited)",
	)
	assert "6854" in row["scope"]


@pytest.mark.rule("D6")
def test_the_register_counts_contracts_deliveries_returns() -> None:
	customer, code = buyer(), c.item(stock=90)
	assert entry(customer)["last_delivery"] is None and not entry(customer)["contracts"]
	world = c.World()
	registered(c.committed_order(world, code, customer=customer))
	note = s.delivered(customer, {"item_code": code, "qty": 4})
	s.invoiced(customer, {"item_code": code})
	s.returned(note, qty=-1)
	frappe.db.set_value("Delivery Note", note.name, "posting_date", add_days(nowdate(), -9))
	row = entry(customer)
	assert row["contracts"] == 1
	assert (row["last_delivery"], row["returns"]) == (getdate(nowdate()), 1)
	assert entry(customer, company="no such company")["returns"] is None
	assert entry(customer, company=COMPANY)["returns"] == 1
	assert entry(customer, buyer_kind=q.HOSPITAL) == {}
	frappe.db.set_value("Customer", customer, "disabled", 1)
	assert entry(customer) == {} and entry(customer, disabled=1)["disabled"]


@pytest.mark.rule("D6")
def test_the_register_takes_a_constant_number_of_queries() -> None:
	counts = []
	for _round in range(3):
		for _one in range(3):
			buyer(q.AGENT, licence())
		customer_register.read(Wanted(), getdate(nowdate()))
		with count_queries() as queries:
			customer_register.read(Wanted(), getdate(nowdate()))
		counts.append(queries.count)
	assert len(set(counts)) == 1 and counts[0] <= 30, counts


@pytest.mark.rule("D6", "L1")
@pytest.mark.parametrize("role", roles.ROLES)
def test_each_role_opens_register_and_file(role: str) -> None:
	customer = buyer(q.AGENT, licence())
	s.invoiced(customer, {"item_code": c.item(stock=9)})
	user = make_user(role)
	with as_user(user):
		get_page("customer-file")
		found = run(REPORT, filters=json.dumps({"customer": customer}))
		desk = get_desktop_page(json.dumps({"name": "QMS Customer", "title": "QMS Customer", "public": 1}))
		may = bool(frappe.has_permission("Sales Invoice", "read"))
		html = customer_api.get_customer_file(customer)["html"]
	assert len(found["result"]) >= 1
	links = {link["label"] for card in desk["cards"]["items"] for link in card["links"]}
	assert {"Customer Register", "Customer File", "Sales Record"} <= links
	assert ("Sales Invoice" in (found.get("message") or "")) is not may
	assert ("qms-withheld" in html) is not may
	assert ("None on record" in section(html, "deliveries")) is not may


@pytest.mark.rule("D6", "K6")
def test_the_file_holds_all_that_there_is_about_a_customer() -> None:
	world, code = c.World(), c.item(stock=90)
	customer = buyer(q.HOSPITAL, licence(500, q.PRACTICE_LICENCE))
	frappe.db.set_value("Customer", customer, "customer_name", "<b>Clinic</b> & Co")
	order = c.committed_order(world, code, customer=customer)
	registered(order)
	review = frappe.db.get_value("Contract Review", {"reference_name": order.name})
	note = s.delivered(customer, {"item_code": code, "qty": 4})
	back = s.returned(note, qty=-1)
	mail = frappe.get_doc(
		{
			"doctype": "Communication",
			"communication_type": "Communication",
			"communication_medium": "Email",
			"sent_or_received": "Received",
			"subject": "Where is our pump <script>alert(1)</script>",
			"sender": "ward@hospital.example",
			"reference_doctype": "Customer",
			"reference_name": customer,
		}
	).insert()
	file = c.upload(attached_to_doctype="Customer", attached_to_name=customer)
	html = shown(customer, world.person(roles.AUDITOR))
	for key, parts in {
		"licences": ["Medical Practice Licence", "6854", "Licence Valid"],
		"contracts": [order.name],
		"reviews": [review, order.name, "Approved"],
		"changes": [],
		"deliveries": [note.name, ">4<"],
		"returns": [back.name, note.name],
		"complaints": ["None on record"],
		"communication": ["Where is our pump", "ward@hospital.example"],
		"files": [file.file_name, file.file_url],
	}.items():
		for part in parts:
			assert part in section(html, key), (key, part)
	assert back.name not in section(html, "deliveries") and mail.name
	assert "<script" not in html and "<b>Clinic" not in html


@pytest.mark.rule("D6", "K6")
def test_a_section_holds_the_latest_and_leads_to_all() -> None:
	customer, code = buyer(), c.item(stock=90)
	notes = [s.delivered(customer, {"item_code": code}).name for _ in range(3)]
	found = {one.key: one for one in customer_file.read(customer, 2).sections}
	assert len(found["deliveries"].rows) == 2 and found["deliveries"].total == 3
	assert {row[0].name for row in found["deliveries"].rows} <= set(notes)
	assert found["deliveries"].where.endswith(f"customer={frappe.utils.quoted(customer)}")
	assert [one for one in customer_file.ORDER if one in found] == [
		one.key for one in customer_file.read(customer).sections
	]


@pytest.mark.rule("D6")
def test_the_file_takes_a_constant_number_of_queries() -> None:
	customer, code = buyer(), c.item(stock=90)
	counts = []
	for _round in range(3):
		for _one in range(3):
			s.delivered(customer, {"item_code": code})
		customer_file.read(customer)
		with count_queries() as queries:
			customer_file.read(customer)
		counts.append(queries.count)
	assert len(set(counts)) == 1 and counts[0] <= 50, counts


@pytest.mark.rule("L1")
def test_who_may_not_read_the_customer_sees_none_of_it() -> None:
	mine, theirs = buyer(), buyer()
	user = make_user(roles.SALES_USER)
	frappe.get_doc(
		{"doctype": "User Permission", "user": user, "allow": "Customer", "for_value": mine}
	).insert()
	frappe.clear_cache(user=user)
	assert shown(mine, user) and entry(mine, user) and not entry(theirs, user)
	outsider = make_user("Employee")
	for who in (user, outsider):
		with as_user(who):
			for call in (customer_api.get_customer_file, customer_api.customer_file_pdf):
				with pytest.raises(frappe.PermissionError):
					call(theirs)
	with as_user(outsider), pytest.raises(frappe.PermissionError):
		customer_api.customer_register_pdf()


@pytest.mark.rule("D6", "K4", "K6")
def test_register_and_file_are_printed_in_both_languages() -> None:
	world, code = c.World(), c.item(stock=90)
	customer = buyer(q.HOSPITAL, licence(-3, q.PRACTICE_LICENCE), customer_name="河滨医院 " + c.unique("R"))
	c.committed_order(world, code, customer=customer)
	s.delivered(customer, {"item_code": code})
	form = next(f for f in forms.DEFAULTS if f.record_type == "Customer Register")
	with as_user(world.person(roles.AUDITOR)):
		customer_api.customer_register_pdf({"customer": customer})
		register = "".join(pages(frappe.local.response.filecontent))
		customer_api.customer_file_pdf(customer)
		file = pages(frappe.local.response.filecontent)
	for part in (
		"客户登记表CustomerRegister",
		form.number,
		"资质已过期LicenceExpired",
		"长期保存Forgood",
		"第1页共1页",
	):
		assert part in register, (part, register)
	whole = "".join(file)
	for part in (
		"客户档案CustomerFile",
		"河滨医院",
		"交货Deliveries",
		"投诉Complaints",
		"医疗机构执业许可证",
	):
		assert part in whole, (part, whole)
	assert f"Page{len(file)}of{len(file)}" in file[-1]


@pytest.mark.rule("K4")
def test_the_form_in_force_is_that_of_the_settings() -> None:
	assert customer_prints.form_in_force(forms.SALES_RECORD).number == "QP07-02"
	settings = frappe.get_doc("QMS Customer Settings")
	row = next(r for r in settings.record_forms if r.record_type == "Customer Register")
	row.form_number = "QR-77"
	settings.change_reason = "New form"
	c.save_settings(settings)
	assert customer_prints.form_in_force("Customer Register").number == "QR-77"
	assert customer_prints.form_in_force("no such form").number == ""


@pytest.mark.rule("D6", "K2")
def test_a_licence_on_file_is_neither_lost_nor_deleted() -> None:
	file = c.upload()
	customer = buyer(q.AGENT, licence(file=file.file_url))
	with pytest.raises(frappe.ValidationError):
		frappe.delete_doc("File", file.name)
	assert frappe.db.exists("File", file.name) and frappe.get_meta("Customer").track_changes
	assert file.file_url in shown(customer)
