"""What the screens of the customer register, the sales record and the customer file may call. Each checks
permission first; nothing is changed.
"""

import json

import frappe
from frappe import _
from frappe.utils import fmt_money, format_date
from markupsafe import Markup, escape

from qms_customer.contract import customer_file, customer_prints
from qms_customer.contract.customer_file import Attached, Money, Ref, Term
from qms_customer.contract.sales_record import text_of
from qms_customer.report.customer_register import customer_register
from qms_customer.report.sales_record import sales_record
from qms_customer.shown import render


@frappe.whitelist(methods=["GET", "POST"])
def get_customer_file(customer: str) -> dict:
	"""Return the file of a customer as the page shows it: its title and html (D6)."""
	found = customer_file.read(customer)
	html = render(
		"panels/customer_file.html",
		file=found,
		customer=found.customer,
		address=text_of(found.customer.get("primary_address") or ""),
		colour=customer_file.COLOURS.get(found.standing, "gray"),
		withheld=", ".join(_(doctype) for doctype in found.withheld),
		cell=_cell,
	)
	return {"title": found.customer.customer_name, "html": html}


@frappe.whitelist(methods=["POST"])
def customer_file_pdf(customer: str) -> None:
	"""Answer with the file of a customer as a PDF file (D6, K6)."""
	frappe.has_permission("Customer", "print", throw=True)
	_answer(customer, customer_prints.customer_file_form(customer))


@frappe.whitelist(methods=["POST"])
def sales_record_pdf(filters: str | dict | None = None) -> None:
	"""Answer with the sales record QP07-02 as a PDF file (D6, K6)."""
	_check_report("Sales Record")
	wanted = sales_record.wanted_of(_parsed(filters))
	_answer("QP07-02", customer_prints.sales_record_form(wanted))


@frappe.whitelist(methods=["POST"])
def customer_register_pdf(filters: str | dict | None = None) -> None:
	"""Answer with the customer register as a PDF file (D6)."""
	_check_report("Customer Register")
	wanted = customer_register.wanted_of(_parsed(filters))
	_answer("Customer Register", customer_prints.customer_register_form(wanted))


def _check_report(name: str) -> None:
	"""Refuse who may not see a report, or not print what it is about."""
	report = frappe.get_cached_doc("Report", name)
	if not report.is_permitted():
		raise frappe.PermissionError
	frappe.has_permission(report.ref_doctype, "print", throw=True)


def _parsed(filters: str | dict | None) -> dict:
	found = json.loads(filters) if isinstance(filters, str) and filters else filters
	return found if isinstance(found, dict) else {}


def _answer(name: str, content: bytes) -> None:
	frappe.local.response.filename = f"{name}.pdf".replace(" ", "-").replace("/", "-")
	frappe.local.response.filecontent = content
	frappe.local.response.type = "pdf"


def _cell(value: object) -> Markup | str:
	"""A cell of the customer file on the screen, in the reader's language."""
	if isinstance(value, Term):
		text = _(value.text, context=value.context or None) if value.text else ""
		if not value.colour:
			return escape(text)
		return Markup('<span class="indicator-pill no-indicator-dot {}">{}</span>').format(value.colour, text)
	if isinstance(value, Ref):
		href = frappe.utils.get_url_to_form(value.doctype, value.name)
		return Markup('<a href="{}">{}</a>').format(href, value.label or value.name)
	if isinstance(value, Attached):
		return Markup('<a href="{}" target="_blank" rel="noopener">{}</a>').format(value.url, value.title)
	if isinstance(value, Money):
		return fmt_money(value.amount or 0, currency=value.currency)
	if value is None or value == "":
		return ""
	return escape(format_date(value) if not isinstance(value, str) else value)
