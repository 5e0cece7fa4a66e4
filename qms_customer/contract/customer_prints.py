"""Sales record, customer register and customer file on paper, in Chinese and English, with form number and
page x of y (D6, K4, K6).
"""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

import frappe
from frappe.utils import get_system_timezone, getdate, now_datetime, nowdate
from markupsafe import Markup, escape

from qms_customer.contract import customer_file, customer_register, sales_record
from qms_customer.contract.customer_file import Attached, Money, Ref, Term
from qms_customer.contract.people import full_name
from qms_customer.contract.settings import settings
from qms_customer.messages import refuse_one
from qms_customer.records import pdf
from qms_customer.records.prints import amount, when
from qms_customer.rules import forms, mark
from qms_customer.shown import both, render

# A form of more lines is no form: 1,000 are some 80 sheets.
MOST = 1000
LANDSCAPE = {"orientation": "Landscape"}
# On paper more of each kind than on the screen.
LATEST = 50


def sales_record_form(wanted: sales_record.Wanted) -> bytes:
	"""Return the sales record QP07-02 as a PDF, by month (D6, K6)."""
	found = sales_record.read(wanted)
	_refuse_too_many(len(found.lines))
	months = [
		(f"{month:%Y-%m}", _totals(lines), lines)
		for month, lines in (
			(month, list(lines))
			for month, lines in groupby(found.lines, key=lambda line: line.posting_date.replace(day=1))
		)
	]
	period = (
		both("whatever the period", "不限期间") if wanted.traced else f"{wanted.from_date} – {wanted.to_date}"
	)
	return _pdf(
		"prints/sales_record.html",
		forms.SALES_RECORD,
		both("Sales Record", "销售记录"),
		wanted.company,
		[
			(both("Period", "期间"), period),
			(both("Customer", "客户"), _named("Customer", wanted.customer)),
			(both("Item", "物料"), _named("Item", wanted.item_code)),
			(both("Batch", "批号"), wanted.batch_no),
			(both("Serial Number", "序列号"), wanted.serial_no),
			(both("Contract", "合同"), wanted.contract),
		],
		found.withheld,
		LANDSCAPE,
		months=months,
		totals=_totals(found.lines),
	)


def customer_register_form(wanted: customer_register.Wanted) -> bytes:
	"""Return the customer register as a PDF (D6)."""
	found = customer_register.read(wanted, getdate(nowdate()))
	_refuse_too_many(len(found.rows))
	for row in found.rows:
		row.address = sales_record.text_of(row.primary_address or "")
	return _pdf(
		"prints/customer_register.html",
		forms.CUSTOMER_REGISTER,
		both("Customer Register", "客户登记表"),
		wanted.company,
		[
			(both("Customer", "客户"), _named("Customer", wanted.customer)),
			(both("Kind of Buyer", "客户类型"), _term(wanted.buyer_kind, "Customer")),
			(both("Qualification", "资质"), _term(wanted.standing)),
			(both("Customer Group", "客户组"), wanted.customer_group),
			(both("Territory", "区域"), wanted.territory),
		],
		found.withheld,
		LANDSCAPE,
		rows=found.rows,
	)


def customer_file_form(name: str) -> bytes:
	"""Return the file of a customer as a PDF; refuses who may not read the customer (D6, K6)."""
	found = customer_file.read(name, LATEST)
	customer = found.customer
	return _pdf(
		"prints/customer_file.html",
		forms.CUSTOMER_REGISTER,
		both("Customer File", "客户档案"),
		"",
		[],
		found.withheld,
		{},
		name=customer.name,
		customer=customer,
		standing=_term(found.standing.value),
		valid_to=found.valid_to or "",
		address=sales_record.text_of(customer.get("primary_address") or ""),
		sections=found.sections,
		cell=_cell,
		number=lambda total, shown: both(
			f"{total}, the latest {shown} shown", f"共 {total} 项，列出最近 {shown} 项"
		),
	)


def form_in_force(kind: str) -> frappe._dict:
	"""Return number, version, owner and years of a form as the settings have it, else as it ships (K4)."""
	for row in settings().record_forms:
		if row.record_type == kind:
			return frappe._dict(
				number=row.form_number,
				version=row.form_version,
				owner=row.form_owner,
				years=int(row.retention_years or 0),
			)
	return next(
		(
			frappe._dict(number=f.number, version=f.version, owner=f.owner, years=f.years)
			for f in forms.DEFAULTS
			if f.record_type == kind
		),
		frappe._dict(number="", version="", owner="", years=None),
	)


def _pdf(
	template: str,
	kind: str,
	title: Markup,
	company: str,
	selection: list[tuple[Markup, Any]],
	withheld: Iterable[str],
	options: dict[str, str],
	name: str = "",
	**context: Any,
) -> bytes:
	return pdf.numbered(
		render(
			template,
			# The footer names what it stands under.
			doc=frappe._dict(name=name or kind),
			title=title,
			company=company or frappe.defaults.get_user_default("Company") or "",
			form=form_in_force(kind),
			selection=[(label, value) for label, value in selection if value],
			withheld=[both(doctype) for doctype in dict.fromkeys(withheld)],
			printed_by=full_name(frappe.session.user),
			printed_on=when(now_datetime(), get_system_timezone()),
			both=both,
			term=_term,
			entry=None,
			**context,
		),
		options,
	)


def _term(value: str | None, context: str | None = None) -> Markup | str:
	return both(value, context=context) if value else ""


def _named(doctype: str, name: str) -> str:
	"""A master by its code and its name."""
	if not name:
		return ""
	title = frappe.db.get_value(doctype, name, frappe.get_meta(doctype).get_title_field())
	return name if title in (None, name) else f"{name} {title}"


def _totals(lines: Iterable[frappe._dict]) -> list[tuple[str, float, float]]:
	"""By unit what was delivered and what came back, both positive."""
	found: dict[str, list[float]] = {}
	for line in lines:
		found.setdefault(line.stock_uom, [0.0, 0.0])[line.is_return] += abs(line.qty)
	return [(unit, round(out, 3), round(back, 3)) for unit, (out, back) in sorted(found.items())]


def _cell(value: Any) -> Markup | str:
	"""A cell of the customer file on paper: words in both languages, times and amounts in one form."""
	if isinstance(value, Term):
		return _term(value.text, value.context or None)
	if isinstance(value, Ref):
		return escape(value.label or value.name)
	if isinstance(value, Attached):
		return escape(value.title)
	if isinstance(value, Money):
		return amount(value.amount, value.currency)
	return "" if value is None else escape(str(value))


def _refuse_too_many(number: int) -> None:
	if number > MOST:
		refuse_one(
			"K6",
			mark("{0} lines are too many for a form, {1} at most: choose a shorter period, or export it."),
			number,
			MOST,
		)
