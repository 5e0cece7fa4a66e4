"""The register on paper: an entry, and a page of 合同登记表 (D1, D5, K4, K6)."""

from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import get_system_timezone, getdate, now_datetime
from markupsafe import Markup

from qms_customer.contract import register, register_panel
from qms_customer.contract.people import full_name
from qms_customer.contract.settings import settings
from qms_customer.messages import refuse_one
from qms_customer.records import pdf, prints
from qms_customer.rules import mark
from qms_customer.rules import register as rules
from qms_customer.shown import both, render

FORM = "Contract Register"
# What a page carries: English, Chinese as on paper, how much of its width.
COLUMNS = (
	("No.", "序号", 3),
	("Contract Number", "合同编号", 10),
	("Contract", "订单号", 11),
	("Customer", "客户名称", 14),
	("Contract Date", "合同日期", 7),
	("Amount", "合同金额", 9),
	("Class", "合同类别", 6),
	("Kind", "正式/临时", 6),
	("Signed By, On", "签订人/日期", 10),
	("Copy / Original", "副本/正本移交", 10),
	("State", "状态", 8),
	("Changes / Returns", "变更/退货", 6),
)
MOST = 5000


def qms_register_entry_form(doc: Document) -> Markup:
	"""Return an entry of the register as a paper form; refuses who may not read it (K6)."""
	entry = prints.stored(doc)
	replaced = getdate(entry.formal_on) if entry.formal_on else None
	return Markup(
		prints.page(
			entry,
			"prints/contract_register_entry.html",
			both("Contract Register Entry", "合同登记表"),
			company=entry.company,
			provisional=rules.is_open(entry.contract_kind or "", replaced, entry.register_state),
			steps=register_panel.steps(entry),
		)
	)


def page_html(filters: dict[str, Any]) -> str:
	"""Return a page of the register with the entries that the user may read and that the filters choose (K6).

	`filters`: from_date, to_date, company, customer, state, contract_class, kind; as of the report.
	"""
	rows = frappe.get_list(
		register.DOCTYPE,
		filters=conditions(filters),
		fields=[
			"contract_number",
			"reference_name",
			"customer_name",
			"contract_date",
			"amount",
			"currency",
			"contract_class",
			"contract_kind",
			"signed_by_name",
			"signed_on",
			"copy_on",
			"original_received_on",
			"register_state",
			"changes",
			"returns",
		],
		order_by="contract_date, name",
		limit_page_length=MOST + 1,
	)
	if len(rows) > MOST:
		refuse_one(
			"K6", mark("A page of the register has at most {0} contracts. Choose a shorter period."), MOST
		)
	term = lambda text, context=None: both(text, context=context) if text else ""  # noqa: E731
	found = [
		(
			number,
			r.contract_number or "/",
			r.reference_name,
			r.customer_name or "",
			r.contract_date or "",
			prints.amount(r.amount, r.currency),
			term(r.contract_class, "Contract Review"),
			term(r.contract_kind, register.DOCTYPE),
			f"{r.signed_by_name} {getdate(r.signed_on)}" if r.signed_on else "/",
			" / ".join(str(getdate(d)) if d else "–" for d in (r.copy_on, r.original_received_on)),
			term(r.register_state, register.DOCTYPE),
			f"{r.changes} / {r.returns}",
		)
		for number, r in enumerate(rows, 1)
	]
	kept = next((f for f in settings().record_forms if f.record_type == FORM), None)
	return render(
		"prints/register_page.html",
		title=FORM,
		form=frappe._dict(number=kept.form_number if kept else "", version=kept.form_version if kept else ""),
		columns=[{"english": e, "chinese": c, "share": s} for e, c, s in COLUMNS],
		rows=found,
		period=" – ".join(str(filters.get(f) or "…") for f in ("from_date", "to_date")),
		company=filters.get("company") or "",
		customer=filters.get("customer") or "",
		both=both,
		printed_by=full_name(frappe.session.user),
		printed_on=prints.when(now_datetime(), get_system_timezone()),
	)


def page_pdf(filters: dict[str, Any]) -> bytes:
	"""Return a page of the register as a PDF file, its sheets numbered (K6)."""
	return pdf.numbered(page_html(filters), {"orientation": "Landscape"})


def conditions(filters: dict[str, Any]) -> list[list[Any]]:
	"""Return the filters of the report and of the page as those of a list; all of them are optional."""
	found: list[list[Any]] = []
	if filters.get("from_date"):
		found.append(["contract_date", ">=", filters["from_date"]])
	if filters.get("to_date"):
		found.append(["contract_date", "<=", filters["to_date"]])
	for name, field in (
		("company", "company"),
		("customer", "customer"),
		("state", "register_state"),
		("contract_class", "contract_class"),
		("kind", "contract_kind"),
	):
		if filters.get(name):
			found.append([field, "=", filters[name]])
	return found
