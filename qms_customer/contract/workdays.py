"""The business days of a company, by its Holiday List (L3)."""

from datetime import date

import frappe
from frappe.utils import getdate, nowdate

from qms_customer.rules.workdays import EVERY_DAY, Calendar

HOLIDAY_LIST = "Holiday List"


def calendar(company: str | None) -> Calendar:
	"""Return the calendar of a company; every day counts where it has no Holiday List."""
	return of_list(frappe.get_cached_value("Company", company, "default_holiday_list") if company else None)


def of_list(name: str | None) -> Calendar:
	"""Return the calendar of a Holiday List; every day counts without one."""
	if not name:
		return EVERY_DAY
	try:
		days = frappe.get_cached_doc(HOLIDAY_LIST, name)
	except frappe.DoesNotExistError:
		# It was deleted past its links: as if there were none.
		return EVERY_DAY
	return Calendar(
		getdate(days.from_date) if days.from_date else None,
		getdate(days.to_date) if days.to_date else None,
		frozenset(getdate(h.holiday_date) for h in days.holidays if h.holiday_date),
	)


def after(number: int | None, company: str | None) -> date:
	"""Return the business day that is so many business days from today."""
	return calendar(company).add_workdays(getdate(nowdate()), number or 0)
