"""Contract Register 合同登记表: a row a contract, from receipt to payment, with a chart of where they stand
(D1, D2, D5, K6).
"""

from collections import Counter
from typing import Any

import frappe
from frappe import _
from frappe.utils import add_months, getdate, nowdate

from qms_customer.contract import register
from qms_customer.contract.register_panel import COLOURS
from qms_customer.contract.register_prints import conditions
from qms_customer.messages import refuse_one
from qms_customer.rules import mark
from qms_customer.rules import register as rules
from qms_customer.rules.contract import FORMS

MONTHS = 12
CONTEXT = register.DOCTYPE
# The columns as on paper; those of the class and the form are worded as in the review.
FIELDS = (
	("contract_number", "Data", 130),
	("entry", "Link", 150),
	("reference_name", "Dynamic Link", 170),
	("customer_name", "Data", 200),
	("contract_date", "Date", 110),
	("amount", "Currency", 130),
	("contract_class", "Data", 90),
	("contract_form", "Data", 110),
	("contract_kind", "Data", 90),
	("register_state", "Data", 110),
	("approved_on", "Date", 110),
	("signed_by_name", "Data", 120),
	("signed_on", "Date", 110),
	("copy_on", "Date", 110),
	("original_on", "Date", 120),
	("original_received_on", "Date", 120),
	("released_on", "Date", 110),
	("production_on", "Date", 110),
	("delivery_date", "Date", 110),
	("per_delivered", "Percent", 90),
	("delivered_on", "Date", 110),
	("per_billed", "Percent", 90),
	("paid_on", "Date", 110),
	("changes", "Int", 80),
	("returns", "Int", 80),
	("complaints", "Int", 80),
	("company", "Data", 150),
)
HEX = {
	"gray": "#c0c6cc",
	"orange": "#f8814f",
	"blue": "#2490ef",
	"purple": "#9b59e0",
	"yellow": "#ecad4b",
	"cyan": "#49c0d6",
	"green": "#48bb74",
	"darkgrey": "#6b7177",
	"red": "#e24c4c",
}


def execute(filters: dict[str, Any] | None = None) -> tuple:
	"""Return a row a contract of a period, by the date of the contract; one query, with the permissions of
	who asks.
	"""
	filters = frappe._dict(filters or {})
	last = getdate(filters.to_date or nowdate())
	first = getdate(filters.from_date or add_months(last, -MONTHS))
	if first > last:
		refuse_one("K6", mark("The period ends before it begins: {0} to {1}."), first, last)
	given = {**filters, "from_date": first, "to_date": last}
	names = [f for f, _type, _width in FIELDS]
	rows = frappe.get_list(
		register.DOCTYPE,
		filters=conditions(given),
		fields=[
			"name as entry",
			"reference_doctype",
			"currency",
			"cancelled_on",
			*(n for n in names if n != "entry"),
		],
		order_by="contract_date, name",
		limit_page_length=0,
	)
	counted: Counter = Counter()
	words = _words()
	for row in rows:
		counted[row.register_state] += 1
		for field, said in words.items():
			row[field] = said.get(row[field], row[field])
	return _columns(), rows, None, _chart(counted), _summary(rows, counted)


def _words() -> dict[str, dict[str, str]]:
	"""What the columns with terms say, in the user's language: worked out once, not a row."""
	return {
		"contract_class": {c: _(c, context="Contract Review") for c in ("Routine", "Non-routine")},
		"contract_form": {f: _(f, context="Sales Order") for f in FORMS},
		"contract_kind": {k: _(k, context=CONTEXT) for k in rules.KINDS},
		"register_state": {s: _(s, context=CONTEXT) for s in rules.STATES},
	}


def _columns() -> list[dict]:
	meta = frappe.get_meta(register.DOCTYPE)
	found = []
	for name, fieldtype, width in FIELDS:
		field = meta.get_field(name)
		label = _(field.label, context=CONTEXT) if field else _("Register Entry")
		column = {"fieldname": name, "label": label, "fieldtype": fieldtype, "width": width}
		if fieldtype == "Link":
			column["options"] = register.DOCTYPE
		elif fieldtype == "Dynamic Link":
			column["options"] = "reference_doctype"
		elif fieldtype == "Currency":
			column["options"] = "currency"
		found.append(column)
	return found


def _summary(rows: list[frappe._dict], counted: Counter) -> list[dict]:
	if not rows:
		return []
	unsigned = sum(1 for r in rows if not (r.signed_on or r.cancelled_on))
	return [
		{"label": _("Contracts"), "value": len(rows), "datatype": "Int"},
		{
			"label": _("Not Signed"),
			"value": unsigned,
			"datatype": "Int",
			"indicator": "Orange" if unsigned else "Green",
		},
		{
			"label": _("Paid", context="Contract Register Entry"),
			"value": counted[rules.PAID],
			"datatype": "Int",
			"indicator": "Green",
		},
	]


def _chart(counted: Counter) -> dict | None:
	found = [s for s in rules.STATES if counted[s]]
	if not found:
		return None
	return {
		"data": {
			"labels": [_(s, context=CONTEXT) for s in found],
			"datasets": [{"name": _("Contracts"), "values": [counted[s] for s in found]}],
		},
		"type": "percentage",
		"disableEntryAnimation": 1,  # redrawn while it grows, Frappe's chart throws
		"colors": [HEX[COLOURS[s]] for s in found],
	}
