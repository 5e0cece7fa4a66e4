"""Production by Notice: what the workshops make, in the order scheduled, and how far it is (M1)."""

from typing import Any

import frappe
from frappe import _
from frappe.utils import getdate

from qms_customer.contract import progress, worked
from qms_customer.rules import production as rules


def execute(filters: dict[str, Any] | None = None) -> tuple:
	"""Return a row a line of the released notices, the first to start first, as who asks may read them.

	Quantities are in the stock unit; at most 20 queries. What is made of an item of an order counts for the
	line that starts first.
	"""
	filters = frappe._dict(filters or {})
	lines = _lines(filters)
	found = progress.of({line.reference_name for line in lines})
	rows = _rows(lines, found)
	if not filters.show_finished:
		rows = [row for row in rows if row["made"] < row["qty"]]
	return _columns(), rows, None, _chart(rows)


def _lines(filters: frappe._dict) -> list[frappe._dict]:
	conditions: dict[str, Any] = {"docstatus": 1, "withdrawn": 0}
	if filters.sales_order:
		conditions["reference_name"] = filters.sales_order
	if filters.customer:
		conditions["customer"] = filters.customer
	if filters.company:
		conditions["company"] = filters.company
	notices = {
		n.name: n
		for n in frappe.get_list(
			worked.NOTICE,
			filters=conditions,
			fields=["name", "reference_name", "customer_name"],
			limit_page_length=0,
		)
	}
	conditions = {"parent": ("in", list(notices) or [""]), "parenttype": worked.NOTICE}
	if filters.item_code:
		conditions["item_code"] = filters.item_code
	if filters.starts_until:
		conditions["planned_start"] = ("<=", filters.starts_until)
	found = frappe.get_all(
		worked.LINE,
		filters=conditions,
		fields=[
			"parent",
			"order_row",
			"item_code",
			"item_name",
			"qty",
			"uom",
			"planned_start",
			"planned_finish",
			"promised_date",
			"remarks",
		],
		order_by="planned_start, parent, idx",
	)
	for line in found:
		line.update(notices[line.parent])
	return found


def _rows(lines: list[frappe._dict], found: dict[str, list[rules.Progress]]) -> list[dict[str, Any]]:
	of_row = {(order, p.row, p.item): p for order, some in found.items() for p in some}
	by_part: dict[tuple[str, str, str], list[frappe._dict]] = {}
	for line in lines:
		by_part.setdefault((line.reference_name, line.order_row, line.item_code), []).append(line)
	today = getdate()
	for key, some in by_part.items():
		part = of_row.get(key)
		wanted = [worked.number(line.qty) for line in some]
		for name in ("made", "in_work"):
			amount = getattr(part, name) if part else worked.number(0)
			for line, share in zip(some, rules.spread(amount, wanted), strict=True):
				line[name] = float(share)
		for line in some:
			line.delivered = float(part.delivered) if part else 0.0
			# What the order says today: a change may have moved the date.
			line.promised_date = part.promised if part else line.promised_date
	return [
		{
			**line,
			"notice": line.parent,
			"sales_order": line.reference_name,
			"late": int(bool(line.planned_finish and line.planned_finish < today and line.made < line.qty)),
		}
		for line in lines
	]


def _columns() -> list[dict[str, Any]]:
	def column(fieldname: str, label: str, fieldtype: str, width: int, options: str = "") -> dict[str, Any]:
		found = {"fieldname": fieldname, "label": label, "fieldtype": fieldtype, "width": width}
		return {**found, "options": options} if options else found

	return [
		column("planned_start", _("Planned Start"), "Date", 110),
		column("planned_finish", _("Planned Finish"), "Date", 110),
		column("notice", _("Production Notice"), "Link", 150, worked.NOTICE),
		column("sales_order", _("Sales Order"), "Link", 170, worked.ORDER),
		column("customer_name", _("Customer"), "Data", 160),
		column("item_code", _("Item"), "Link", 130, "Item"),
		column("item_name", _("Item Name"), "Data", 160),
		column("qty", _("Quantity to Make"), "Float", 110),
		column("uom", _("Unit"), "Data", 70),
		column("in_work", _("In Work"), "Float", 100),
		column("made", _("Made"), "Float", 100),
		column("delivered", _("Delivered"), "Float", 100),
		column("promised_date", _("Promised Date"), "Date", 110),
		column("late", _("Behind Schedule"), "Check", 100),
		column("remarks", _("Remarks"), "Data", 200),
	]


def _chart(rows: list[dict[str, Any]]) -> dict[str, Any] | None:
	"""What is to be made by the week in which it starts: made, in work, not begun."""
	weeks: dict[str, list[float]] = {}
	for row in rows:
		if not row["planned_start"]:
			continue
		start = getdate(row["planned_start"])
		name = str(frappe.utils.add_days(start, -start.weekday()))
		week = weeks.setdefault(name, [0.0, 0.0, 0.0])
		week[0] += row["made"]
		week[1] += row["in_work"]
		week[2] += max(row["qty"] - row["made"] - row["in_work"], 0)
	if not weeks:
		return None
	names = sorted(weeks)
	labels = (_("Made"), _("In Work"), _("Not Begun"))
	return {
		"data": {
			"labels": [frappe.utils.format_date(name) for name in names],
			"datasets": [
				{"name": label, "values": [weeks[n][place] for n in names]}
				for place, label in enumerate(labels)
			],
		},
		"type": "bar",
		"colors": ["green", "blue", "light-blue"],
		"barOptions": {"stacked": 1},
		"disableEntryAnimation": 1,
	}
