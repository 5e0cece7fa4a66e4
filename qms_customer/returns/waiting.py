"""Which return slips are open, since when they stand where they stand, and who is waited for (L3, G2-G6)."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import frappe
from frappe.query_builder import Case
from frappe.query_builder.functions import Max
from frappe.utils import cint, getdate

from qms_customer.contract.settings import settings
from qms_customer.returns.opened import DOCTYPE
from qms_customer.rules import return_age as rules
from qms_customer.rules import returns as states
from qms_customer.rules.claim import APPROVED
from qms_customer.rules.disposal import RECEIVED
from qms_customer.rules.people import BUSINESS_MANAGER, GENERAL_MANAGER

FIELDS = (
	*("name", "company", "customer", "customer_name", "workflow_state", "is_bulk", "is_quality_claim"),
	*("wanted", "total_qty", "total_amount", "currency", "posting_date"),
	*("creation", "put_forward_on", "answered_on", "decided_on", "routed_on", "given_on", "reopened_on"),
)
# By table of a slip the moments that its rows tell, the last of each.
_ROWS: dict[str, dict[str, Callable[[Any], Any]]] = {
	"Return Sample Test": {"found": lambda row: row.found_on},
	"Return Arrival": {
		"received": lambda row: Case().when(row.how == RECEIVED, row.on),
		"booked": lambda row: row.on,
		"taken_back": lambda row: row.taken_back_on,
	},
	"Return Disposition": {
		"disposed": lambda row: row.decided_on,
		"taken_back": lambda row: row.taken_back_on,
	},
}


@dataclass(frozen=True)
class Open:
	"""A slip that somebody owes the next step of: since when, and who does, by role or (asked by name) in
	person.
	"""

	row: frappe._dict
	since: date
	roles: tuple[str, ...]
	people: tuple[str, ...] = ()


def days() -> int:
	"""Return after how many business days in one state a slip is overdue (L3)."""
	return cint(settings().get("return_days")) or rules.DAYS


def read(conditions: dict[str, Any] | None = None, visible: bool = False) -> list[Open]:
	"""Return the open slips, the oldest first; six queries whatever their number (L3).

	`visible`: only what the user may see.
	"""
	rows = (frappe.get_list if visible else frappe.get_all)(
		DOCTYPE,
		filters={**(conditions or {}), "workflow_state": ("in", rules.OPEN)},
		fields=list(FIELDS),
		order_by="creation, name",
		limit_page_length=0,
	)
	names = [row.name for row in rows] or [""]
	moments: dict[str, dict[str, date]] = defaultdict(dict)
	for table, told in _ROWS.items():
		for name, *days in _last(table, told.values(), names):
			for moment, when in zip(told, days, strict=True):
				if when:
					moments[name][moment] = max(getdate(when), moments[name].get(moment, date.min))
	given, asked = _approvals(names), _asked(names)
	found = []
	for row in rows:
		state = row.workflow_state
		since = rules.since(
			state,
			rules.Moments(
				getdate(row.creation),
				_day(row.put_forward_on),
				answered=_day(row.answered_on),
				decided=_day(row.decided_on),
				routed=_day(row.routed_on),
				given=_day(row.given_on),
				reopened=_day(row.reopened_on),
				**moments[row.name],
			),
		)
		approvers = (BUSINESS_MANAGER, GENERAL_MANAGER) if row.is_bulk else (BUSINESS_MANAGER,)
		# Who may approve follows from who took part (C12): the inboxes say whom that leaves.
		people = tuple(asked[row.name]) if state == states.PENDING else ()
		roles = () if people else rules.waited_for(state, approvers, frozenset(given[row.name]))
		found.append(Open(row, since, roles, people))
	return found


def _day(value: object) -> date | None:
	return getdate(value) if value else None


def _last(table: str, told: Iterable[Callable[[Any], Any]], names: list[str]) -> list[tuple]:
	row = frappe.qb.DocType(table)
	return (
		frappe.qb.from_(row)
		.select(row.parent, *(Max(of(row)) for of in told))
		.where((row.parenttype == DOCTYPE) & row.parent.isin(names))
		.groupby(row.parent)
		.run()
	)


def _approvals(names: list[str]) -> dict[str, set[str]]:
	found = defaultdict(set)
	for name, role in frappe.get_all(
		"Return Approval",
		filters={"parenttype": DOCTYPE, "parent": ("in", names), "decision": APPROVED},
		fields=["parent", "role"],
		as_list=True,
	):
		found[name].add(role)
	return found


def _asked(names: list[str]) -> dict[str, list[str]]:
	found = defaultdict(list)
	for name, user in frappe.get_all(
		"ToDo",
		filters={"reference_type": DOCTYPE, "reference_name": ("in", names), "status": "Open"},
		fields=["reference_name", "allocated_to"],
		order_by="allocated_to",
		as_list=True,
	):
		if user and user not in found[name]:
			found[name].append(user)
	return found
