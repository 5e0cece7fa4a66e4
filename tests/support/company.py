"""Complete ERPNext's setup wizard on the test site: `python -m tests.support.company` in its sites."""

from __future__ import annotations

import datetime

import frappe

from tests.support import env

COMPANY = "QMS Test Co"
ABBR = "QTC"
COUNTRY = "China"
CURRENCY = "CNY"
TIME_ZONE = "Asia/Shanghai"


def complete_wizard() -> None:
	"""Answer the wizard as a person would, in English."""
	from frappe.desk.page.setup_wizard.setup_wizard import setup_complete

	year = datetime.date.today().year
	answer = setup_complete(
		{
			"language": "English",
			"country": COUNTRY,
			"timezone": TIME_ZONE,
			"currency": CURRENCY,
			"full_name": "Test Owner",
			"email": "owner@qms-test.localhost",
			"password": env.PASSWORD,
			"company_name": COMPANY,
			"company_abbr": ABBR,
			"chart_of_accounts": "Standard",
			"fy_start_date": f"{year}-01-01",
			"fy_end_date": f"{year}-12-31",
			"enable_telemetry": 0,
			"setup_demo": 0,
		}
	)
	if answer != {"status": "ok"} or not frappe.db.exists("Company", COMPANY):
		raise RuntimeError(f"the setup wizard did not finish: {answer}")


def make_fiscal_years() -> None:
	"""Add the years around the current one, so that tests may date documents in them."""
	this_year = datetime.date.today().year
	for year in sorted({2025, 2026, 2027, 2028, this_year - 1, this_year, this_year + 1, this_year + 2}):
		starts = f"{year}-01-01"
		if frappe.db.exists("Fiscal Year", {"year_start_date": starts}):
			continue
		frappe.get_doc(
			{
				"doctype": "Fiscal Year",
				"year": str(year),
				"year_start_date": starts,
				"year_end_date": f"{year}-12-31",
			}
		).insert()


def quieten() -> None:
	"""Switch off what would reach out of the machine or cover the page in the browser tests."""
	frappe.db.set_single_value("System Settings", "enable_onboarding", 0)
	frappe.db.set_single_value("System Settings", "enable_scheduler", 0)
	frappe.db.set_single_value("System Settings", "disable_system_update_notification", 1)
	frappe.db.set_single_value("System Settings", "disable_change_log_notification", 1)
	frappe.db.set_single_value("System Settings", "enable_password_policy", 0)
	frappe.db.set_value("Form Tour", {"name": ("is", "set")}, "ui_tour", 0)


def main() -> None:
	"""Set the company up and commit."""
	frappe.init(env.SITE)
	frappe.connect()
	try:
		complete_wizard()
		make_fiscal_years()
		quieten()
		frappe.db.commit()
		frappe.clear_cache()
	finally:
		frappe.destroy()


if __name__ == "__main__":
	main()
