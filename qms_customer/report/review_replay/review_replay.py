"""Review Replay: what the rules would have made of submitted orders, the limits as filters (B1, C2-C5, C9).

The arithmetic is that of `qms-customer replay`, the tables are those of its page.
"""

from decimal import Decimal
from typing import Any

import frappe
from frappe import _
from frappe.translate import get_user_lang
from frappe.utils import add_years, flt, getdate, now_datetime, nowdate

from qms_customer.contract import past_orders
from qms_customer.contract.settings import departments, thresholds
from qms_customer.messages import refuse_one
from qms_customer.replay import Unusable
from qms_customer.replay.orders import Source
from qms_customer.replay.settings import Settings, check_limits
from qms_customer.replay.view import Bar, Money, Rate, Share, Table, View, view
from qms_customer.replay.words import ROLE, Say, Several
from qms_customer.rules import mark
from qms_customer.rules import replay as rules
from qms_customer.rules.classification import Path, Thresholds
from qms_customer.shown import language

LIMITS = ("small_amount", "small_quantity", "large_amount", "large_quantity")
# What the filter "Show" offers, and the table of the page that it is.
TABLES = {
	"Way of Review": "outcome",
	"Reasons": "reasons",
	"Reasons as Recorded": "recorded",
	"Departments": "departments",
	"Authorities": "authorities",
	"By Month": "months",
	"Limit of Large Orders: Amount": "large_amount",
	"Limit of Large Orders: Quantity": "large_quantity",
	"Small Orders": "small",
	"By Customer Group": "groups",
	"Items": "items",
	"Largest Orders": "orders",
}
COLOURS = {
	Path.SIGNATURE: "#9ccbc4",
	Path.SALES: "#4b9aa8",
	Path.CIRCULATED: "#f0b754",
	Path.CONVENED: "#a8323e",
}


def execute(filters: dict[str, Any] | None = None) -> tuple:
	"""Return columns, rows, findings, chart and summary of a replay over what the user may see.

	Frappe prepares a report that takes long in the background, where a job speaks the site's language.
	"""
	in_job = getattr(frappe.local, "job", None)
	with language(get_user_lang() if in_job else frappe.local.lang):
		return _execute(frappe._dict(filters or {}))


def _execute(filters: frappe._dict) -> tuple:
	table = TABLES.get(filters.show or "Way of Review")
	if not table:
		refuse_one("B1", mark("{0} is nothing that this report shows."), filters.show)
	end = getdate(filters.to_date or nowdate())
	start = getdate(filters.from_date or add_years(end, -1))
	if start > end:
		refuse_one("B1", mark("The period ends before it begins."))
	replay = rules.Replay(_limits(filters), departments(), _assumptions(filters))
	wanted = past_orders.Wanted(start, end, filters.company or "", filters.customer_group or "")
	for order in past_orders.read(wanted):
		replay.add(order)
	if not replay.orders:
		return [], [], _("No submitted Sales Order in this period."), None, []
	settings = Settings(replay.thresholds, tuple(replay.departments), assumptions=replay.assumptions)
	found = view(replay, Source("Sales Order", "erpnext"), settings, now_datetime())
	shown = found.table(table)
	columns, rows = _table(shown) if shown else ([], [])
	return columns, rows, _message(found, replay), _chart(table, shown, replay), _summary(found)


def _limits(filters: frappe._dict) -> Thresholds:
	"""The limits of the settings, or those of the filters: 0 says that one is not used."""
	if not filters.own_limits:
		return thresholds()
	limits = {}
	for name in LIMITS:
		if flt(filters.get(name)) < 0:
			refuse_one("C4", mark("A limit is not negative."))
		limits[name] = Decimal(str(flt(filters.get(name)))) or None
	try:
		check_limits(limits)
	except Unusable as error:
		refuse_one("C5", error.message, *error.args)
	return Thresholds(**limits)


def _assumptions(filters: frappe._dict) -> rules.Assumptions:
	"""What is taken for granted where nothing is recorded; a filter that is not there assumes nothing."""
	terms = bool(filters.assume_terms)
	return rules.Assumptions(
		standard=bool(filters.assume_standard),
		in_stock=bool(filters.assume_in_stock),
		within_capacity=bool(filters.assume_capacity),
		packaging=terms,
		payment_method=terms,
		delivery_method=terms,
	)


def told(what: object) -> str:
	"""Return a text of the page in the user's language."""
	if isinstance(what, Say):
		text = _(what.source, context=what.context or None)
		if what.context == ROLE:
			text = text.removeprefix("QMS ")
		return text.format(*(told(a) for a in what.args)) if what.args else text
	if isinstance(what, Several):
		return ", ".join(told(part) for part in what.parts)
	value = _value(what)
	if isinstance(what, Share):
		return f"{value:.1f} %"
	if isinstance(what, Rate):
		return f"{value:,.1f}"
	if isinstance(value, float):
		return f"{value:,.2f}".removesuffix(".00")
	return f"{value:,}" if isinstance(value, int) else str(value)


def _value(cell: object) -> Any:
	"""A cell as the grid takes it: numbers stay numbers."""
	if isinstance(cell, Say | Several):
		return told(cell)
	if isinstance(cell, Bar):
		return cell.value
	if isinstance(cell, Share):
		return 100 * cell.part / cell.whole if cell.whole else 0.0
	if isinstance(cell, Rate):
		return round(cell.value, 1)
	if isinstance(cell, Money):
		return None if cell.value is None else float(cell.value)
	return cell


def _table(table: Table) -> tuple[list[dict], list[dict]]:
	columns = []
	for number, heading in enumerate(table.headings):
		kinds = {type(row[number]) for row in table.rows}
		kind = "Data"
		if kinds and kinds <= {int, Bar}:
			kind = "Int"
		elif kinds == {Share}:
			kind = "Percent"
		elif kinds and kinds <= {Money, Rate}:
			kind = "Float"
		link = {"fieldtype": "Link", "options": "Sales Order"} if table.key == "orders" and not number else {}
		columns.append(
			{
				"fieldname": f"c{number}",
				"label": told(heading),
				"fieldtype": kind,
				"width": 220 if kind == "Data" else 150,
				**link,
			}
		)
	rows = []
	for place, row in enumerate(table.rows):
		values = {}
		for number, cell in enumerate(row):
			text = columns[number]["fieldtype"] == "Data" and not isinstance(cell, str)
			values[f"c{number}"] = told(cell) if text else _value(cell)
		rows.append({**values, "marked": place in table.marked})
	return columns, rows


def _message(found: View, replay: rules.Replay) -> str:
	"""The findings, and what was assumed for how many orders."""
	t = replay.thresholds
	lines = [told(finding) for finding in found.findings]
	if t.small_amount is None or t.small_quantity is None:
		lines.append(_("Small orders: no limits, so none is signed by the salesperson alone."))
	else:
		lines.append(
			_("Small orders: below {0}, and below {1} in stock units.").format(
				told(Money(t.small_amount)), told(Money(t.small_quantity))
			)
		)
	amount, quantity = (
		told(Money(limit)) if limit is not None else _("no limit")
		for limit in (t.large_amount, t.large_quantity)
	)
	lines.append(_("Large orders: limit of amount {0}, of quantity {1}.").format(amount, quantity))
	lines += [
		_("{0}: not recorded for {1} of {2} orders, {3}").format(
			_(name),
			replay.absent[fact],
			replay.orders,
			_("assumed") if replay.assumptions.of(fact) else _("unknown"),
		)
		for fact, name in rules.FACT_NAMES.items()
		if replay.absent[fact]
	]
	return "".join(f"<div>{frappe.utils.escape_html(line)}</div>" for line in lines)


def _summary(found: View) -> list[dict]:
	return [
		{
			"label": told(name),
			"value": round(_value(value), 1),
			"datatype": "Percent" if isinstance(value, Share) else "Int",
		}
		for name, value, _more in found.cards
	]


def _chart(key: str, table: Table | None, replay: rules.Replay) -> dict:
	"""A chart of the table: bars of its first numbers, a line for limits, else the months."""
	if table and key in ("large_amount", "large_quantity"):
		convened = [row[1 + len(Path)] for row in table.rows]
		return {
			"type": "line",
			"disableEntryAnimation": 1,  # redrawn while it grows, Frappe's chart throws
			"title": told(Say(mark("Orders convened, by limit"))),
			"data": {
				"labels": [told(row[0]) for row in table.rows],
				"datasets": [{"name": _(Path.CONVENED.value), "values": convened}],
			},
			"colors": [COLOURS[Path.CONVENED]],
		}
	if table and key in ("reasons", "recorded", "departments", "authorities", "groups", "items"):
		column = (
			next(n for n in range(len(table.headings)) if isinstance(table.rows[0][n], Bar))
			if table.rows
			else 0
		)
		label = 1 if key in ("reasons", "recorded") else 0
		return {
			"type": "bar",
			"disableEntryAnimation": 1,  # redrawn while it grows, Frappe's chart throws
			"data": {
				"labels": [told(row[label]) for row in table.rows],
				"datasets": [
					{
						"name": told(table.headings[column]),
						"values": [row[column].value for row in table.rows],
					}
				],
			},
			"colors": ["#4b6f97"],
		}
	months = replay.all_months()
	return {
		"type": "bar",
		"disableEntryAnimation": 1,  # redrawn while it grows, Frappe's chart throws
		"data": {
			"labels": months,
			"datasets": [
				{
					"name": _(path.value),
					"values": [replay.months.get(month, {}).get(path, 0) for month in months],
				}
				for path in reversed(Path)
			],
		},
		"colors": [COLOURS[path] for path in reversed(Path)],
		"barOptions": {"stacked": 1},
	}
