"""What of the lines of orders has left, and when (F5): read set by set, from all documents that deliver."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

import frappe
from frappe.query_builder.functions import Sum
from frappe.utils import getdate

from qms_customer.contract.facts import number
from qms_customer.rules.punctuality import Delivery

# By document, the field of its rows that names the order's row, and whether it delivers only by a tick.
_SOURCES = (("Delivery Note", "so_detail", ""), ("Sales Invoice", "so_detail", "update_stock"))


def by_row(rows: Iterable[str]) -> dict[str, list[Delivery]]:
	"""Return by row of an order what left on which day, in stock units; two queries, whatever the number.

	What came back is left out: it does not undo that the goods left. What a supplier delivers himself has no
	document of ours that says when, and is not among these.
	"""
	rows = list(rows)
	found: dict[str, list[Delivery]] = defaultdict(list)
	if not rows:
		return found
	for doctype, field, tick in _SOURCES:
		head, line = frappe.qb.DocType(doctype), frappe.qb.DocType(f"{doctype} Item")
		query = (
			frappe.qb.from_(line)
			.join(head)
			.on(head.name == line.parent)
			.select(line[field], head.posting_date, Sum(line.stock_qty))
			.where(line[field].isin(rows) & (head.docstatus == 1) & (head.is_return == 0))
			.groupby(line[field], head.posting_date)
		)
		if tick:
			query = query.where(head[tick] == 1)
		for row, day, quantity in query.run():
			found[row].append(Delivery(getdate(day), number(quantity)))
	return found


def total(deliveries: Iterable[Delivery]) -> Decimal:
	"""Return how much has left."""
	return sum((d.quantity for d in deliveries), Decimal())
