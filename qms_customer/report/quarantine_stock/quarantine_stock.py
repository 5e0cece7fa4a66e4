"""Quarantine Stock: what came back and waits for Quality, of which return slip, since when (G6)."""

from typing import Any

import frappe
from frappe import _
from frappe.utils import date_diff, flt, nowdate

from qms_customer.returns import quarantine_stock
from qms_customer.returns.quarantine_stock import Standing
from qms_customer.rules.sheet import plain

# By their age in days, the bars of the chart.
AGES = ((30, "#48bb74"), (90, "#ecad4b"), (None, "#e24c4c"))


def execute(filters: dict[str, Any] | None = None) -> tuple:
	"""Return a row for each company, item and batch in quarantine, with the permissions of who asks.

	Quantities are in stock units, values in the currency of the company, ages in calendar days.
	"""
	filters = frappe._dict(filters or {})
	found = quarantine_stock.read(filters.company or "", filters.item_code or "")
	about = {
		r.name: r
		for r in frappe.get_all(
			"Item",
			filters={"name": ("in", sorted({one.item for one in found}) or [""])},
			fields=["name", "item_name", "stock_uom"],
		)
	}
	rows = [_row(one, about.get(one.item) or frappe._dict()) for one in found]
	rows.sort(key=lambda row: (-(row["age"] or 0), row["item_code"], row["batch_no"]))
	return _columns(), rows, None, _chart(rows), _summary(rows)


def _row(one: Standing, item: frappe._dict) -> dict[str, Any]:
	return {
		"item_code": one.item,
		"product": plain(item.item_name or ""),
		"batch_no": plain(one.batch),
		"qty": float(one.quantity),
		"stock_uom": item.stock_uom,
		"value": float(one.value),
		"currency": frappe.get_cached_value("Company", one.company, "default_currency"),
		"slips": ", ".join(name or _("Not shown to you") for name in one.slips),
		"customers": plain(", ".join(one.customers)),
		"since": one.since,
		"age": date_diff(nowdate(), one.since) if one.since else None,
		"rework": float(one.rework),
		"non_conformances": ", ".join(one.non_conformances),
		"without_slip": float(one.without_slip),
		"warehouses": ", ".join(one.warehouses),
		"company": one.company,
	}


def _columns() -> list[dict]:
	def column(name: str, label: str, kind: str, width: int, **more: Any) -> dict:
		return {"fieldname": name, "label": label, "fieldtype": kind, "width": width, **more}

	# No links to what our readers may not read: Frappe would refuse them the whole report.
	return [
		column("item_code", _("Item"), "Data", 130),
		column("product", _("Product", context="Sales Record"), "Data", 170),
		column("batch_no", _("Batch", context="Sales Record"), "Data", 130),
		column("qty", _("Quantity"), "Float", 100),
		column("stock_uom", _("Unit"), "Data", 70),
		column("since", _("In Quarantine Since"), "Date", 130),
		column("age", _("Age in Days"), "Int", 110),
		column("slips", _("Return Slips"), "Data", 170),
		column("customers", _("Customers"), "Data", 180),
		column("rework", _("In Rework"), "Float", 100),
		column("non_conformances", _("Open Non-Conformances"), "Data", 170),
		column("without_slip", _("Without a Return Slip"), "Float", 140),
		column("value", _("Value of the Goods"), "Float", 110, precision=2),
		column("currency", _("Currency"), "Data", 80),
		column("warehouses", _("Quarantine Warehouse"), "Data", 180),
		column("company", _("Company"), "Data", 150),
	]


def _bucket(age: int | None) -> int:
	return next(n for n, (most, _colour) in enumerate(AGES) if most is None or (age or 0) <= most)


def _chart(rows: list[dict]) -> dict | None:
	if not rows:
		return None
	labels = [_("{0} days at most").format(AGES[0][0]), _("{0} days at most").format(AGES[1][0])]
	labels.append(_("More than {0} days").format(AGES[1][0]))
	return {
		"data": {
			"labels": labels,
			"datasets": [
				{
					"name": _("Items and Batches in Quarantine"),
					"values": [sum(_bucket(r["age"]) == n for r in rows) for n in range(len(AGES))],
				}
			],
		},
		"type": "bar",
		"disableEntryAnimation": 1,  # redrawn while it grows, Frappe's chart throws
		"colors": ["#f8814f"],
	}


def _summary(rows: list[dict]) -> list[dict]:
	if not rows:
		return []
	ages = [r["age"] or 0 for r in rows]
	loose = sum(flt(r["without_slip"]) > 0 for r in rows)
	return [
		{"label": _("Items and Batches in Quarantine"), "value": len(rows), "datatype": "Int"},
		{
			"label": _("Oldest in Days"),
			"value": max(ages),
			"datatype": "Int",
			"indicator": "Red" if _bucket(max(ages)) == 2 else "Orange" if _bucket(max(ages)) else "Green",
		},
		{
			"label": _("Without a Return Slip"),
			"value": loose,
			"datatype": "Int",
			"indicator": "Red" if loose else "Green",
		},
	]
