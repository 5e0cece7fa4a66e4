"""Customer Register 客户登记表: every buyer, its qualification, and what there is about it (A5, D6)."""

from collections import Counter
from typing import Any

import frappe
from frappe import _
from frappe.utils import format_date, getdate, nowdate

from qms_customer.contract import customer_register as register
from qms_customer.contract.customer_register import Found, Wanted
from qms_customer.contract.sales_record import text_of
from qms_customer.rules.qualification import Standing
from qms_customer.rules.sheet import plain

INDICATORS = {
	Standing.VALID: "green",
	Standing.NONE_NEEDED: "gray",
	Standing.ENDS_SOON: "orange",
	Standing.UNKNOWN: "gray",
	Standing.MISSING: "red",
	Standing.EXPIRED: "red",
}


def execute(filters: dict[str, Any] | None = None) -> tuple:
	"""Return a row a customer, with the permissions of who asks, and how many are qualified."""
	wanted = wanted_of(filters)
	found = register.read(wanted, getdate(nowdate()))
	standings = Counter(row.standing for row in found.rows)
	return (
		_columns(),
		[_row(row) for row in found.rows],
		message(found),
		_chart(standings),
		_summary(standings),
	)


def wanted_of(filters: dict[str, Any] | None) -> Wanted:
	"""Return which customers a reader asks for."""
	filters = frappe._dict(filters or {})
	texts = {
		name: str(filters.get(name) or "").strip()
		for name in ("company", "customer", "customer_group", "territory", "buyer_kind", "standing")
	}
	return Wanted(**texts, disabled=bool(filters.get("disabled")))


def message(found: Found) -> str | None:
	"""Return what the reader may not see."""
	if not found.withheld:
		return None
	missing = ", ".join(_(doctype) for doctype in dict.fromkeys(found.withheld))
	return _("Not shown, as you may not read them: {0}.").format(missing)


def licence_text(row: frappe._dict) -> str:
	"""Return a licence on file in one line: what, number, until when."""
	until = _("unlimited", context="Customer Qualification") if row.no_expiry else format_date(row.valid_to)
	return " ".join(
		filter(
			None,
			(_(row.kind or "", context="Customer Qualification"), row.number, f"({until})" if until else ""),
		)
	)


def _row(row: frappe._dict) -> dict[str, Any]:
	return {
		"customer": row.name,
		"customer_name": plain(row.customer_name or ""),
		"registered_on": getdate(row.creation),
		"buyer_kind": _(row.qms_buyer_kind or "", context="Customer"),
		"standing": _(row.standing.value),
		"colour": INDICATORS[row.standing],
		"valid_to": row.valid_to,
		"licences": plain("; ".join(licence_text(one) for one in row.licences)),
		"scope": plain("; ".join(text_of(one.scope) for one in row.licences if one.scope)),
		"contracts": row.contracts,
		"open_changes": row.open_changes,
		"last_delivery": row.last_delivery,
		"returns": row.returns,
		"complaints": row.complaints,
		"customer_group": _(row.customer_group or ""),
		"territory": _(row.territory or ""),
		"address": plain(text_of(row.primary_address or "")),
		"contact": plain(", ".join(filter(None, (row.mobile_no, row.email_id)))),
		"disabled": _("Yes") if row.disabled else "",
	}


def _columns() -> list[dict]:
	def column(name: str, label: str, kind: str, width: int, **more: Any) -> dict:
		return {"fieldname": name, "label": label, "fieldtype": kind, "width": width, **more}

	own = "Customer Register"
	return [
		column("customer", _("Customer", context="Contract Review"), "Link", 150, options="Customer"),
		column("customer_name", _("Name", context=own), "Data", 200),
		column("registered_on", _("Registered On", context=own), "Date", 120),
		column("buyer_kind", _("Kind of Buyer", context="Customer"), "Data", 100),
		column("standing", _("Qualification", context="Customer"), "Data", 140),
		column("valid_to", _("Valid Until", context="Customer Qualification"), "Date", 120),
		column("licences", _("Licences", context="Customer"), "Data", 260),
		column("scope", _("Scope", context="Customer Qualification"), "Data", 200),
		column("contracts", _("Contracts", context=own), "Int", 90),
		column("open_changes", _("Open Changes", context=own), "Int", 110),
		column("last_delivery", _("Last Delivery", context=own), "Date", 120),
		column("returns", _("Returns", context=own), "Int", 80),
		column("complaints", _("Complaints", context=own), "Int", 90),
		column("customer_group", _("Customer Group"), "Data", 130),
		column("territory", _("Territory"), "Data", 120),
		column("address", _("Address", context="Sales Record"), "Data", 220),
		column("contact", _("Contact", context="Sales Record"), "Data", 180),
		column("disabled", _("Disabled"), "Data", 80),
	]


def _summary(standings: Counter) -> list[dict]:
	if not standings:
		return []
	figures = [
		{
			"label": _("Customers", context="Customer Register"),
			"value": standings.total(),
			"datatype": "Int",
		}
	]
	for standing in (Standing.EXPIRED, Standing.MISSING, Standing.ENDS_SOON, Standing.UNKNOWN):
		if standings[standing]:
			figures.append(
				{
					"label": _(standing.value),
					"value": standings[standing],
					"datatype": "Int",
					"indicator": INDICATORS[standing].capitalize(),
				}
			)
	return figures


def _chart(standings: Counter) -> dict | None:
	if not standings:
		return None
	shown = [s for s in Standing if standings[s]]
	return {
		"data": {
			"labels": [_(s.value) for s in shown],
			"datasets": [
				{"name": _("Customers", context="Customer Register"), "values": [standings[s] for s in shown]}
			],
		},
		"type": "bar",
		"disableEntryAnimation": 1,  # redrawn while it grows, Frappe's chart throws
		"colors": ["#2490ef"],
	}
