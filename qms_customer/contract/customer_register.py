"""The customer register 客户登记表: who buys, whether they are qualified, and what there is about them (A5,
D6).
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import frappe

from qms_customer.contract import states
from qms_customer.contract.sales_record import SOURCES
from qms_customer.rules import qualification as rules
from qms_customer.rules.qualification import Licence, Standing

CUSTOMER, LICENCES = "Customer", "Customer Qualification"
REGISTER_ENTRY, CHANGE_NOTICE = "Contract Register Entry", "Contract Change Notice"
COMPLAINT = "Customer Complaint"
# Where the states of a change notice are not known, a draft counts as open.
WITHDRAWN = getattr(states, "NOTICE_WITHDRAWN", "Change Withdrawn")
_FIELDS = (
	*("name", "customer_name", "customer_group", "territory", "qms_buyer_kind", "creation", "disabled"),
	*("primary_address", "mobile_no", "email_id"),
)


@dataclass(frozen=True)
class Wanted:
	"""Which customers, and of which company their contracts and deliveries are counted; empty is all."""

	company: str = ""
	customer: str = ""
	customer_group: str = ""
	territory: str = ""
	buyer_kind: str = ""
	standing: str = ""
	disabled: bool = False


@dataclass
class Found:
	"""The register, and the DocTypes that this user may not read: their counts are left empty."""

	rows: list[frappe._dict]
	withheld: list[str]


def exists(doctype: str) -> bool:
	"""Return whether the site has a DocType: a part of the app that is not installed yet counts nothing."""
	return bool(frappe.db.exists("DocType", doctype))


def open_changes() -> dict[str, Any]:
	"""Return the filters of change notices that are neither decided nor withdrawn (E1)."""
	return {"docstatus": 0, "workflow_state": ("!=", WITHDRAWN)}


def licences_of(customers: Iterable[str]) -> dict[str, list[frappe._dict]]:
	"""Return the licences on file by customer, the longest valid first; one query."""
	names, found = sorted(customers), defaultdict(list)
	if names:
		for row in frappe.get_all(
			LICENCES,
			filters={"parenttype": CUSTOMER, "parent": ("in", names)},
			fields=[
				*("parent", "kind", "number", "issued_by", "scope", "valid_from", "valid_to", "no_expiry"),
				"file",
			],
			order_by="no_expiry desc, valid_to desc, idx",
		):
			found[row.parent].append(row)
	return found


def licence(row: frappe._dict) -> Licence:
	"""Return a licence on file as the rules know it."""
	return Licence(row.kind or "", row.number or "", row.valid_from, row.valid_to, bool(row.no_expiry))


def licence_standing_of(row: frappe._dict, on: date) -> Standing:
	"""Return whether a licence on file holds on a day (A5)."""
	return rules.licence_standing(licence(row), on)


def standing_of(buyer_kind: str, rows: Iterable[frappe._dict], on: date) -> tuple[Standing, Licence | None]:
	"""Return where the qualification of a customer stands on a day, and the licence that says so (A5)."""
	return rules.standing(buyer_kind or "", [licence(row) for row in rows], on)


def read(wanted: Wanted, on: date) -> Found:
	"""Return the register by name, with the permissions of who asks; a constant number of queries (D6)."""
	filters: dict[str, Any] = {} if wanted.disabled else {"disabled": 0}
	for field, value in (
		("name", wanted.customer),
		("qms_buyer_kind", wanted.buyer_kind),
		("customer_group", wanted.customer_group),
		("territory", wanted.territory),
	):
		if value:
			filters[field] = (
				("descendants of (inclusive)", value) if field in ("customer_group", "territory") else value
			)
	customers = frappe.get_list(
		CUSTOMER, filters=filters, fields=list(_FIELDS), order_by="customer_name, name", limit_page_length=0
	)
	licences = licences_of(c.name for c in customers) if customers else {}
	counts, withheld = _counts(wanted)
	rows = []
	for customer in customers:
		on_file = licences.get(customer.name, [])
		standing, decisive = standing_of(customer.qms_buyer_kind, on_file, on)
		if wanted.standing and standing.value != wanted.standing:
			continue
		row = frappe._dict(customer, licences=on_file, standing=standing)
		row.valid_to = decisive.until if decisive else None
		for name, by_customer in counts.items():
			row[name] = None if by_customer is None else by_customer.get(customer.name)
		rows.append(row)
	return Found(rows, withheld)


def _counts(wanted: Wanted) -> tuple[dict[str, dict[str, Any] | None], list[str]]:
	"""By column what there is of each customer, None where this user may read none of it."""
	withheld: list[str] = []
	narrow = {f: getattr(wanted, f) for f in ("company", "customer") if getattr(wanted, f)}

	def counted(doctype: str, filters: dict[str, Any], field: str = "count(name)") -> dict[str, Any] | None:
		if not exists(doctype):
			return {}
		if not frappe.has_permission(doctype, "read"):
			withheld.append(doctype)
			return None
		meta = frappe.get_meta(doctype)
		more = {f: value for f, value in narrow.items() if meta.has_field(f)}
		return _by_customer(doctype, {**filters, **more}, field) if meta.has_field("customer") else {}

	found: dict[str, dict[str, Any] | None] = {
		"contracts": counted(REGISTER_ENTRY, {}),
		"open_changes": counted(CHANGE_NOTICE, open_changes()),
		"complaints": counted(COMPLAINT, {"docstatus": ("<", 2)}),
	}
	last: dict[str, date] = {}
	returns: dict[str, int] = defaultdict(int)
	readable = False
	for doctype, source in SOURCES.items():
		submitted = {"docstatus": 1, **source.which}
		delivered = counted(doctype, {**submitted, "is_return": 0}, "max(posting_date)")
		if delivered is None:
			continue
		readable = True
		for customer, day in delivered.items():
			last[customer] = max(day, last.get(customer, day))
		for customer, number in (counted(doctype, {**submitted, "is_return": 1}) or {}).items():
			returns[customer] += number
	found["last_delivery"] = last if readable else None
	found["returns"] = returns if readable else None
	return found, withheld


def _by_customer(doctype: str, filters: dict[str, Any], field: str) -> dict[str, Any]:
	return {
		row.customer: row.found
		for row in frappe.get_list(
			doctype,
			filters=filters,
			fields=["customer", f"{field} as found"],
			group_by="customer",
			order_by="customer",
			limit_page_length=0,
		)
		if row.customer
	}
