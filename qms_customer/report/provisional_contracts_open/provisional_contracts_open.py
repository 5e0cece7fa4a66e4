"""Provisional Contracts Open: which provisional contracts wait for a formal one, and how long (A4)."""

from typing import Any

import frappe
from frappe import _
from frappe.utils import getdate

from qms_customer.contract import register
from qms_customer.rules import register as rules

CONTEXT = register.DOCTYPE
# Days late, from which on a contract counts to a group.
GROUPS = ((31, "#e24c4c"), (8, "#f8814f"), (1, "#ecad4b"), (None, "#48bb74"))


def execute(filters: dict[str, Any] | None = None) -> tuple:
	"""Return a row a provisional contract that no formal one has replaced, the latest first; one query, with
	the permissions of who asks.
	"""
	filters = frappe._dict(filters or {})
	conditions = [
		["contract_kind", "=", rules.PROVISIONAL],
		["formal_on", "is", "not set"],
		["register_state", "!=", rules.CANCELLED],
	]
	for field in ("company", "customer"):
		if filters.get(field):
			conditions.append([field, "=", filters.get(field)])
	rows = frappe.get_list(
		register.DOCTYPE,
		filters=conditions,
		fields=[
			"name as entry",
			"contract_number",
			"reference_doctype",
			"reference_name",
			"customer_name",
			"register_state",
			"amount",
			"currency",
			"signed_on",
			"formal_due",
			"numbered_by_name",
			"reminded_on",
			"company",
		],
		order_by="formal_due, name",
		limit_page_length=0,
	)
	for row in rows:
		row.days_late = max((getdate() - row.formal_due).days, 0) if row.formal_due else 0
		row.register_state = _(row.register_state, context=CONTEXT)
	return _columns(), rows, None, _chart(rows)


def _columns() -> list[dict]:
	meta = frappe.get_meta(register.DOCTYPE)

	def column(name: str, fieldtype: str, width: int, **more: Any) -> dict:
		label = _(meta.get_field(name).label, context=CONTEXT)
		return {"fieldname": name, "label": label, "fieldtype": fieldtype, "width": width, **more}

	return [
		column("contract_number", "Data", 140),
		{
			"fieldname": "entry",
			"label": _("Register Entry"),
			"fieldtype": "Link",
			"options": register.DOCTYPE,
			"width": 150,
		},
		column("reference_name", "Dynamic Link", 180, options="reference_doctype"),
		column("customer_name", "Data", 200),
		column("register_state", "Data", 120),
		column("amount", "Currency", 130, options="currency"),
		column("signed_on", "Date", 110),
		column("formal_due", "Date", 140),
		{"fieldname": "days_late", "label": _("Days Late"), "fieldtype": "Int", "width": 100},
		column("numbered_by_name", "Data", 140),
		column("reminded_on", "Date", 120),
		column("company", "Data", 150),
	]


def _chart(rows: list[frappe._dict]) -> dict | None:
	if not rows:
		return None
	counted = dict.fromkeys((since for since, _colour in GROUPS), 0)
	for row in rows:
		counted[next((s for s, _c in GROUPS if s and row.days_late >= s), None)] += 1
	labels = {
		None: _("In Time"),
		1: _("1–7 days late"),
		8: _("8–30 days late"),
		31: _("More than 30 days late"),
	}
	found = [(since, colour) for since, colour in reversed(GROUPS) if counted[since]]
	return {
		"data": {
			"labels": [labels[since] for since, _colour in found],
			"datasets": [{"name": _("Contracts"), "values": [counted[since] for since, _colour in found]}],
		},
		"type": "percentage",
		"disableEntryAnimation": 1,  # redrawn while it grows, Frappe's chart throws
		"colors": [colour for _since, colour in found],
	}
