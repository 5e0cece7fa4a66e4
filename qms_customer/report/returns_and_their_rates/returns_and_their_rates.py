"""Returns and Their Rates: what comes back by item, batch, customer or reason, against what was delivered
(G1, H8).
"""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

import frappe
from frappe import _
from frappe.query_builder.functions import Sum
from frappe.utils import add_months, getdate, nowdate

from qms_customer.contract import sales_record
from qms_customer.contract.facts import number
from qms_customer.contract.sales_record import Wanted
from qms_customer.messages import refuse_one
from qms_customer.returns.opened import DOCTYPE
from qms_customer.rules import mark, returns
from qms_customer.rules.claim import APPROVED, REJECTED
from qms_customer.rules.disposal import NOT_COMING
from qms_customer.rules.return_age import rate
from qms_customer.rules.sheet import plain

MONTHS = 12
ITEM, BATCH, CUSTOMER, REASON = "Item", "Batch", "Customer", "Reason"
GROUPS = (ITEM, BATCH, CUSTOMER, REASON)
MOST_BARS = 15
ROW = "Return Slip Item"
# What became of what was put forward, and its colour.
OUTCOMES = {
	"approved": (mark("Approved Quantity"), "#f8814f"),
	"refused": (mark("Not Taken Back"), "#b8c2cc"),
	"open": (mark("Not Decided"), "#2490ef"),
}


def execute(filters: dict[str, Any] | None = None) -> tuple:
	"""Return a row for each item, batch, customer or reason, with the permissions of who asks.

	Quantities are in stock units. Slips count by their date, deliveries by theirs, in the same period; one
	batch is followed whatever the period. The rate is what was approved against what was delivered, percent.
	"""
	filters = frappe._dict(filters or {})
	by = filters.group_by or ITEM
	if by not in GROUPS:
		refuse_one("H8", mark("Returns are summed by item, batch, customer or reason, not by {0}."), by)
	last = getdate(filters.to_date or nowdate())
	first = getdate(filters.from_date or add_months(last, -MONTHS))
	if first > last:
		refuse_one("H8", mark("The period ends before it begins: {0} to {1}."), first, last)
	lines = _lines(filters, first, last)
	delivered, withheld = _delivered(filters, first, last, by)
	rows = _rows(lines, delivered, by, withheld)
	return _columns(by), rows, _message(filters, withheld), _chart(rows), _summary(rows, delivered, withheld)


def _lines(filters: frappe._dict, first: date, last: date) -> list[frappe._dict]:
	"""The rows of slips that were put forward and not withdrawn, with what came of each."""
	conditions: list[list] = [
		[DOCTYPE, "put_forward_on", "is", "set"],
		[DOCTYPE, "workflow_state", "!=", returns.WITHDRAWN],
	]
	if not filters.batch_no:
		conditions.append([DOCTYPE, "posting_date", "between", [str(first), str(last)]])
	conditions += [[DOCTYPE, f, "=", filters[f]] for f in ("company", "customer") if filters.get(f)]
	conditions += [
		[ROW, f, "=", filters[f]] for f in ("item_code", "batch_no", "reason_code") if filters.get(f)
	]
	item = f"`tab{ROW}`"
	lines = frappe.get_list(
		DOCTYPE,
		filters=conditions,
		fields=[
			*("name", "customer", "customer_name", "decision", "is_quality_claim"),
			*(
				f"{item}.name as row",
				f"{item}.item_code",
				f"{item}.item_name",
				f"{item}.batch_no",
				f"{item}.stock_qty",
				f"{item}.stock_uom",
				f"{item}.reason_code",
			),
		],
		order_by="",
		limit_page_length=0,
	)
	lines = [line for line in lines if line.row]
	names = sorted({line.name for line in lines}) or [""]
	came, bad = _came(names), _bad(names)
	for line in lines:
		line.qty, line.came = number(line.stock_qty), came.get(line.row, Decimal())
		line.bad = (line.name, line.item_code, line.batch_no or "") in bad
		line.outcome = {APPROVED: "approved", REJECTED: "refused", "Kept by the Customer": "refused"}.get(
			line.decision or "", "open"
		)
	return lines


def _came(names: list[str]) -> dict[str, Decimal]:
	"""By row what came back or was destroyed."""
	row = frappe.qb.DocType("Return Arrival")
	return {
		name: number(quantity)
		for name, quantity in frappe.qb.from_(row)
		.select(row.slip_row, Sum(row.qty))
		.where(row.parent.isin(names) & (row.parenttype == DOCTYPE) & (row.how != NOT_COMING))
		.where(row.taken_back_on.isnull())
		.groupby(row.slip_row)
		.run()
	}


def _bad(names: list[str]) -> set[tuple[str, str, str]]:
	return {
		(parent, item, batch or "")
		for parent, item, batch in frappe.get_all(
			"Return Sample Test",
			filters={"parenttype": DOCTYPE, "parent": ("in", names), "finding": returns.BAD},
			fields=["parent", "item_code", "batch_no"],
			as_list=True,
		)
	}


def _delivered(
	filters: frappe._dict, first: date, last: date, by: str
) -> tuple[dict[str, Decimal], list[str]]:
	"""What was delivered, as the sales record counts it, and what of it the reader may not see (D6)."""
	record = sales_record.read(
		Wanted(
			first,
			last,
			*(filters.get(f) or "" for f in ("company", "customer", "item_code", "batch_no")),
		)
	)
	found: dict[str, Decimal] = defaultdict(Decimal)
	for line in record.lines:
		if not line.is_return:
			found["" if by == REASON else _key(line, by)] += number(line.qty)
	return found, record.withheld


def _key(line: frappe._dict, by: str) -> str:
	if by == ITEM:
		return line.item_code or ""
	if by == BATCH:
		return f"{line.item_code}\n{line.batch_no or ''}"
	return (line.customer if by == CUSTOMER else line.reason_code) or ""


def _rows(
	lines: list[frappe._dict], delivered: dict[str, Decimal], by: str, withheld: list[str]
) -> list[dict[str, Any]]:
	groups: dict[str, list[frappe._dict]] = defaultdict(list)
	for line in lines:
		groups[_key(line, by)].append(line)
	rows = []
	for key, mine in groups.items():
		sums = {name: sum((x.qty for x in mine if x.outcome == name), Decimal()) for name in OUTCOMES}
		out = delivered.get("" if by == REASON else key, Decimal())
		share = None if withheld else rate(sums["approved"], out)
		units = {x.stock_uom for x in mine}
		rows.append(
			{
				**_named(mine[0], by),
				"slips": len({x.name for x in mine}),
				"claims": len({x.name for x in mine if x.is_quality_claim}),
				"bad": len({x.name for x in mine if x.bad}),
				"put_forward": float(sum((x.qty for x in mine), Decimal())),
				**{name: float(quantity) for name, quantity in sums.items()},
				"came": float(sum((x.came for x in mine), Decimal())),
				"delivered": None if withheld else float(out),
				"rate": None if share is None else round(float(share), 2),
				"stock_uom": units.pop() if len(units) == 1 else "",
			}
		)
	rows.sort(key=lambda r: (-r["approved"], -r["put_forward"], r["group"], r.get("batch_no") or ""))
	return rows


def _named(line: frappe._dict, by: str) -> dict[str, str]:
	if by in (ITEM, BATCH):
		about = {"group": line.item_code, "product": plain(line.item_name or "")}
		return about if by == ITEM else {**about, "batch_no": plain(line.batch_no or "")}
	if by == CUSTOMER:
		return {"group": line.customer, "customer_name": plain(line.customer_name or "")}
	return {"group": plain(_(line.reason_code)) if line.reason_code else _("No Reason Yet")}


def _columns(by: str) -> list[dict]:
	def column(name: str, label: str, kind: str, width: int, **more: Any) -> dict:
		return {"fieldname": name, "label": label, "fieldtype": kind, "width": width, **more}

	# Links to what all our readers may read: of another one Frappe would refuse them the whole report.
	if by == CUSTOMER:
		label = _("Customer", context="Contract Review")
		found = [column("group", label, "Link", 140, options=CUSTOMER)]
		found.append(column("customer_name", _("Customer Name"), "Data", 190))
	elif by == REASON:
		found = [column("group", _("Reason"), "Data", 200)]
	else:
		found = [column("group", _("Item"), "Link", 150, options=ITEM)]
		found.append(column("product", _("Product", context="Sales Record"), "Data", 170))
	if by == BATCH:
		found.append(column("batch_no", _("Batch", context="Sales Record"), "Data", 130))
	# Of a reason all deliveries are the same number in each row.
	once = {"disable_total": 1}
	outcomes = {name: column(name, _(text), "Float", 110) for name, (text, _colour) in OUTCOMES.items()}
	return [
		*found,
		column("put_forward", _("Quantity Put Forward"), "Float", 130),
		outcomes.pop("approved"),
		column("delivered", _("Delivered"), "Float", 110, **once),
		column("rate", _("Return Rate (%)"), "Float", 120, precision=2, **once),
		column("stock_uom", _("Unit"), "Data", 70),
		*outcomes.values(),
		column("came", _("Back or Destroyed"), "Float", 130),
		column("slips", _("Return Slips"), "Int", 100),
		column("claims", _("Quality Claims"), "Int", 130),
		column("bad", _("Bad Samples"), "Int", 110),
	]


def _message(filters: frappe._dict, withheld: list[str]) -> str | None:
	said = []
	if filters.batch_no:
		said.append(_("A batch or a serial number is followed whatever the period."))
	if withheld:
		missing = ", ".join(_(doctype) for doctype in withheld)
		said.append(_("Not shown, as you may not read them: {0}.").format(missing))
	return " ".join(said) or None


def _chart(rows: list[dict]) -> dict | None:
	if not rows:
		return None
	shown = rows[:MOST_BARS]
	return {
		"data": {
			"labels": [
				" ".join(filter(None, (r.get("customer_name") or r["group"], r.get("batch_no"))))
				for r in shown
			],
			"datasets": [
				{"name": _(text), "values": [r[name] for r in shown]}
				for name, (text, _colour) in OUTCOMES.items()
			],
		},
		"type": "bar",
		"disableEntryAnimation": 1,  # redrawn while it grows, Frappe's chart throws
		"barOptions": {"stacked": 1},
		"colors": [colour for _text, colour in OUTCOMES.values()],
	}


def _summary(rows: list[dict], delivered: dict[str, Decimal], withheld: list[str]) -> list[dict]:
	if not rows:
		return []
	approved = sum((number(r["approved"]) for r in rows), Decimal())
	share = None if withheld else rate(approved, sum(delivered.values(), Decimal()))
	shown = (
		"–" if share is None else frappe.format_value(float(share), {"fieldtype": "Float", "precision": 2})
	)
	return [
		{
			"label": _("Quantity Put Forward"),
			"value": sum(r["put_forward"] for r in rows),
			"datatype": "Float",
		},
		{"label": _("Approved Quantity"), "value": float(approved), "datatype": "Float"},
		{"label": _("Return Rate (%)"), "value": shown, "datatype": "Data"},
	]
