"""The app as it is installed on a site."""

from __future__ import annotations

import sys
from pathlib import Path

import frappe

import qms_customer
from tests.support import env
from tests.support.company import ABBR, COMPANY


def test_the_app_is_installed() -> None:
	assert frappe.get_installed_apps() == ["frappe", "erpnext", "qms_customer"]


def test_the_site_runs_this_checkout() -> None:
	assert Path(qms_customer.__file__).parent == env.PACKAGE
	assert Path(frappe.get_app_path("qms_customer")) == env.PACKAGE


def test_the_module_is_the_app_package() -> None:
	"""There is one copy of the app's module, and controllers are imported by one name only."""
	assert Path(frappe.get_module_path("QMS Customer")).resolve() == env.PACKAGE
	for name in frappe.get_all("DocType", {"module": "QMS Customer", "istable": 0}, pluck="name"):
		frappe.get_meta(name)
		frappe.new_doc(name)
	assert not [name for name in sys.modules if name.startswith("qms_customer.doctype.")]


def test_the_company_is_set_up() -> None:
	company = frappe.get_doc("Company", COMPANY)
	assert (company.abbr, company.country, company.default_currency) == (ABBR, "China", "CNY")
	assert frappe.db.count("Account", {"company": COMPANY}) > 50
	assert frappe.is_setup_complete()
	for year in (2025, 2026, 2027, 2028):
		assert frappe.db.exists("Fiscal Year", {"year_start_date": f"{year}-01-01"})
