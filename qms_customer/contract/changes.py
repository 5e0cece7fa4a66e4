"""Which lines of committed orders wait for a change to be decided (D4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import frappe

from qms_customer.contract.proposed import NOTICE, ORDER, proposal_of
from qms_customer.rules import notice as rules
from qms_customer.rules.goods import Pending

# The fields of a notice that say what it proposes for the head; its tables are read apart.
_HEAD = tuple(f"new_{name}" for name in rules.HEAD_FIELDS if name not in rules.HEAD_TABLES)
_TABLES = tuple(f"new_{name}" for name in rules.HEAD_TABLES)
_LINE = ("new_qty", "new_uom", "new_conversion_factor", "new_rate", "new_delivery_date")
_OLD_LINE = tuple(name.replace("new_", "old_") for name in _LINE)

__all__ = ["Pending", "pending"]


def pending(orders: Iterable[str], lock: bool = False) -> dict[str, Pending]:
	"""Return the open change notices of these orders, of those that have any (D4).

	One query where there is none; else one more for each table of a notice, whatever the number of orders,
	notices and lines. `lock`: read anew, for callers that hold the lock of the orders: a notice that was made
	while they waited for it counts, and none is made until they are done.
	"""
	names = sorted(set(orders))
	if not names:
		return {}
	notice = frappe.qb.DocType(NOTICE)
	query = (
		frappe.qb.from_(notice)
		.select(notice.name, notice.reference_name, notice.kind, notice.old_content)
		.select(*(notice[field] for field in _HEAD))
		.where((notice.reference_doctype == ORDER) & notice.reference_name.isin(names))
		.where(notice.docstatus == 0)
		.orderby(notice.name)
	)
	notices = (query.for_update() if lock else query).run(as_dict=True)
	if not notices:
		return {}
	_add_tables(notices)
	by_order: dict[str, list[frappe._dict]] = defaultdict(list)
	for one in notices:
		by_order[one.reference_name].append(one)
	return {order: _of_order(found) for order, found in by_order.items()}


def _of_order(notices: list[frappe._dict]) -> Pending:
	proposals = [proposal_of(notice) for notice in notices]
	return Pending(
		tuple(n.name for n, proposal in zip(notices, proposals, strict=True) if proposal),
		any(p.kind != rules.CHANGE or p.head for p in proposals),
		frozenset(change.row for p in proposals for change in p.rows if change.row),
	)


def _add_tables(notices: list[frappe._dict]) -> None:
	by_name = {notice.name: notice for notice in notices}
	meta = frappe.get_meta(NOTICE)
	for table in ("lines", *_TABLES):
		for notice in notices:
			notice[table] = []
		for row in frappe.get_all(
			meta.get_field(table).options,
			filters={"parent": ("in", list(by_name)), "parenttype": NOTICE, "parentfield": table},
			fields=["*"]
			if table != "lines"
			else ["parent", "order_row", "remove", "item_code", *_LINE, *_OLD_LINE],
			order_by="idx",
		):
			by_name[row.parent][table].append(row)
