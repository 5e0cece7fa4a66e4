"""Contract Reviews by State and Class: where the reviews stand that one may see, with a chart (C10, B1)."""

from collections import Counter
from typing import Any

import frappe
from frappe import _

from qms_customer.contract import states
from qms_customer.contract.reviews import REVIEW

# As a review goes through them.
ORDER = (
	states.IN_REVIEW,
	states.PENDING_APPROVAL,
	states.RETURNED,
	states.OUT_OF_DATE,
	states.APPROVED,
	states.REJECTED,
	states.SUPERSEDED,
)
CLASSES = ("Routine", "Non-routine")


def execute(filters: dict[str, Any] | None = None) -> tuple:
	"""Return a row a state, a column a class; one query, with the permissions of who asks."""
	filters = frappe._dict(filters or {})
	conditions = []
	if filters.company:
		conditions.append(["company", "=", filters.company])
	if filters.from_date:
		conditions.append(["prepared_on", ">=", filters.from_date])
	if filters.to_date:
		conditions.append(["prepared_on", "<=", f"{filters.to_date} 23:59:59"])
	counted: Counter = Counter()
	for row in frappe.get_list(
		REVIEW,
		filters=conditions,
		fields=["workflow_state", "contract_class", "count(name) as number"],
		group_by="workflow_state, contract_class",
		order_by="workflow_state",
		limit_page_length=0,
	):
		counted[(row.workflow_state or "", row.contract_class or "")] += row.number
	found = [s for s in ORDER if any(counted[(s, c)] for c in CLASSES)]
	found += sorted({s for s, _class in counted} - set(ORDER))
	rows = [
		{
			"state": _(state),
			"routine": counted[(state, "Routine")],
			# Unknown is never routine (B2).
			"non_routine": sum(n for (s, c), n in counted.items() if s == state and c != "Routine"),
			"all": sum(n for (s, _c), n in counted.items() if s == state),
		}
		for state in found
	]
	return _columns(), rows, None, _chart(rows)


def _columns() -> list[dict]:
	return [
		{"fieldname": "state", "label": _("Workflow State"), "fieldtype": "Data", "width": 220},
		{
			"fieldname": "routine",
			"label": _("Routine", context="Contract Review"),
			"fieldtype": "Int",
			"width": 130,
		},
		{
			"fieldname": "non_routine",
			"label": _("Non-routine", context="Contract Review"),
			"fieldtype": "Int",
			"width": 130,
		},
		{"fieldname": "all", "label": _("All"), "fieldtype": "Int", "width": 130},
	]


def _chart(rows: list[dict]) -> dict | None:
	if not rows:
		return None
	return {
		"data": {
			"labels": [r["state"] for r in rows],
			"datasets": [
				{"name": _("Routine", context="Contract Review"), "values": [r["routine"] for r in rows]},
				{
					"name": _("Non-routine", context="Contract Review"),
					"values": [r["non_routine"] for r in rows],
				},
			],
		},
		"type": "bar",
		"disableEntryAnimation": 1,  # redrawn while it grows, Frappe's chart throws
		"barOptions": {"stacked": 1},
		"colors": ["#2490ef", "#f8814f"],
	}
