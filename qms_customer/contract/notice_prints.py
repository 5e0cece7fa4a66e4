"""The contract change notice 合同变更通知单 on paper (E1, K6)."""

from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import strip_html
from markupsafe import Markup

from qms_customer.contract import distribution, measure
from qms_customer.contract.proposed import ORDER
from qms_customer.records import prints
from qms_customer.rules.content import Change
from qms_customer.shown import both, label_in_both


def qms_change_notice_form(doc: Document) -> Markup:
	"""Return a change notice as the paper form would be; refuses who may not read it (K6)."""
	notice = prints.stored(doc)
	return Markup(
		prints.page(
			notice,
			"prints/contract_change_notice.html",
			both("Contract Change Notice", "合同变更通知单"),
			company=notice.company,
			currency=notice.currency,
			changes=[_row(c) for c in measure.described(notice)],
			reasons=(notice.reasons or "").splitlines(),
			evidence=(notice.plan_evidence or "").splitlines(),
			acknowledgements=distribution.of_notice(notice.name),
			full_name=prints.full_name,
		)
	)


def _row(c: Change) -> dict[str, Any]:
	"""One difference: where, which field, the value before and the one after."""
	meta, where = frappe.get_meta(ORDER), c.row
	if c.table:
		table = meta.get_field(c.table)
		where = Markup("{} {}").format(label_in_both(meta, c.table), c.row)
		meta = frappe.get_meta(table.options)
	return {
		"where": where,
		"field": label_in_both(meta, c.field) if c.field else "",
		"old": _text(c.old),
		"new": _text(c.new),
	}


def _text(value: str) -> str:
	"""A value on paper; of a whole row its fields."""
	if not value.startswith("{"):
		return strip_html(value)
	row = frappe.parse_json(value)
	return ", ".join(f"{name}: {strip_html(str(text))}" for name, text in row.items())
