"""Sales Record 销售记录 QP07-02: what was delivered to whom, by batch and serial number (D6, K6)."""

from collections import defaultdict
from functools import lru_cache
from typing import Any

import frappe
from frappe import _
from frappe.utils import add_months, flt, getdate, nowdate

from qms_customer.contract import sales_record
from qms_customer.contract.sales_record import Found, Wanted
from qms_customer.messages import refuse_one
from qms_customer.rules import mark
from qms_customer.rules.sheet import plain

MONTHS = 12
# What people type, and what may come from their files.
_TEXTS = (
	*("customer_name", "item_name", "specification", "batch_no", "serial_no", "address", "contact"),
	*("part_of", "customer", "item_code"),
)


def execute(filters: dict[str, Any] | None = None) -> tuple:
	"""Return a row for each batch of each delivered row, returns negative, with the permissions of who asks.

	Quantities are in stock units. A batch or a serial number is followed whatever the period.
	"""
	wanted = wanted_of(filters)
	found = sales_record.read(wanted)
	kinds = {True: _("Return", context="Sales Record"), False: _("Delivery", context="Sales Record")}
	# The same few thousand texts stand in all lines.
	shown = lru_cache(4096)(plain)
	for line in found.lines:
		del line["place"]
		for name in _TEXTS:
			line[name] = shown(line[name] or "")
		# Under its own name the grid would add it to the item's code.
		line["product"] = line.pop("item_name")
		line["kind"] = kinds[line["is_return"]]
	return _columns(), found.lines, message(wanted, found), _chart(found.lines), _summary(found.lines)


def wanted_of(filters: dict[str, Any] | None) -> Wanted:
	"""Return which deliveries a reader asks for: the last twelve months unless they say otherwise (K6)."""
	filters = frappe._dict(filters or {})
	texts = {
		name: str(filters.get(name) or "").strip()
		for name in ("company", "customer", "item_code", "batch_no", "serial_no", "contract")
	}
	last = getdate(filters.to_date or nowdate())
	first = getdate(filters.from_date or add_months(last, -MONTHS))
	if first > last:
		refuse_one("K6", mark("The period ends before it begins: {0} to {1}."), first, last)
	return Wanted(first, last, **texts)


def message(wanted: Wanted, found: Found) -> str | None:
	"""Return what the reader has to know about the lines: whole in time, and what they may not see."""
	said = []
	if wanted.traced:
		said.append(_("A batch or a serial number is followed whatever the period."))
	if found.withheld:
		missing = ", ".join(_(doctype) for doctype in found.withheld)
		said.append(_("Not shown, as you may not read them: {0}.").format(missing))
	return " ".join(said) or None


def _columns() -> list[dict]:
	def column(name: str, label: str, kind: str, width: int, **more: Any) -> dict:
		return {"fieldname": name, "label": label, "fieldtype": kind, "width": width, **more}

	# No links to what our readers may not read: Frappe would refuse them the whole report.
	return [
		column("posting_date", _("Date", context="Sales Record"), "Date", 120),
		column("kind", _("Movement", context="Sales Record"), "Data", 105),
		column("product", _("Product", context="Sales Record"), "Data", 180),
		column("item_code", _("Model", context="Sales Record"), "Link", 130, options="Item"),
		column("specification", _("Specification", context="Sales Record"), "Data", 160),
		column("batch_no", _("Batch", context="Sales Record"), "Data", 130),
		column("serial_no", _("Serial Numbers", context="Sales Record"), "Data", 150),
		column("expiry_date", _("Expiry Date", context="Sales Record"), "Date", 120),
		column("qty", _("Quantity", context="Sales Record"), "Float", 90),
		column("stock_uom", _("Unit", context="Sales Record"), "Data", 70),
		column("customer", _("Customer", context="Contract Review"), "Link", 140, options="Customer"),
		column("customer_name", _("Buyer", context="Sales Record"), "Data", 180),
		column("address", _("Address", context="Sales Record"), "Data", 220),
		column("contact", _("Contact", context="Sales Record"), "Data", 180),
		column(
			"delivery",
			_("Delivery Document", context="Sales Record"),
			"Dynamic Link",
			160,
			options="reference_doctype",
		),
		column("contract", _("Contract", context="Contract Review"), "Link", 160, options="Sales Order"),
		column("return_against", _("Return of", context="Sales Record"), "Data", 160),
		column("part_of", _("Part of Bundle", context="Sales Record"), "Data", 130),
	]


def _summary(lines: list[frappe._dict]) -> list[dict]:
	if not lines:
		return []
	delivered, returned = ([x for x in lines if x.is_return is back] for back in (False, True))
	figures = [
		{"label": _("Lines", context="Sales Record"), "value": len(lines), "datatype": "Int"},
		{
			"label": _("Buyers", context="Sales Record"),
			"value": len({x.customer for x in lines}),
			"datatype": "Int",
		},
	]
	units = {x.stock_uom for x in lines}
	if len(units) == 1:
		for label, some in (
			(_("Delivered", context="Sales Record"), delivered),
			(_("Returned", context="Sales Record"), returned),
		):
			total = frappe.format_value(abs(sum(x.qty for x in some)), {"fieldtype": "Float"})
			figures.append({"label": label, "value": f"{total} {_(*units)}", "datatype": "Data"})
	return figures


def _chart(lines: list[frappe._dict]) -> dict | None:
	"""Quantities by month; those of different units are not added up."""
	if not lines or len({x.stock_uom for x in lines}) > 1:
		return None
	months: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
	for line in lines:
		months[f"{line.posting_date:%Y-%m}"][line.is_return] += abs(line.qty)
	order = sorted(months)
	names = (_("Delivered", context="Sales Record"), _("Returned", context="Sales Record"))
	return {
		"data": {
			"labels": order,
			"datasets": [
				{"name": name, "values": [flt(months[m][place], 3) for m in order]}
				for place, name in enumerate(names)
			],
		},
		"type": "bar",
		"disableEntryAnimation": 1,  # redrawn while it grows, Frappe's chart throws
		"colors": ["#2490ef", "#e24c4c"],
	}
