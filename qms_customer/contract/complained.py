"""Which contracts complaints are about: those by which the customer got that batch or serial (D5, H3)."""

from collections.abc import Iterable

import frappe
from frappe.query_builder import DocType

COMPLAINT = "Customer Complaint"
# By type of delivery the field of its rows that names the order.
_ORDERS = {"Delivery Note": "against_sales_order", "Sales Invoice": "sales_order"}


def counts(orders: Iterable[str]) -> dict[str, int]:
	"""Return by order how many complaints its goods may be about; four queries (D5)."""
	found: dict[str, set[str]] = {}
	for order, complaint in _pairs(orders=sorted(orders)):
		found.setdefault(order, set()).add(complaint)
	return {order: len(complaints) for order, complaints in found.items()}


def orders_of(complaint: str) -> set[str]:
	"""Return the orders whose goods a complaint may be about; four queries (D5)."""
	return {order for order, _complaint in _pairs(complaint=complaint)}


def _pairs(orders: list[str] | None = None, complaint: str = "") -> set[tuple[str, str]]:
	"""Orders and complaints of the same customer, item, and batch or serial number as it was delivered.

	Of a batch that came by two orders it may be either, and counts for both.
	"""
	about, entry = DocType(COMPLAINT), DocType("Serial and Batch Entry")
	found: set[tuple[str, str]] = set()
	for doctype, field in _ORDERS.items():
		doc, row = DocType(doctype), DocType(f"{doctype} Item")
		# As ERPNext keeps it: in a bundle, or as text in the row.
		for bundled in (False, True):
			query = (
				frappe.qb.from_(row)
				.join(doc)
				.on((doc.name == row.parent) & (row.parenttype == doctype))
				.join(about)
				.on((about.customer == doc.customer) & (about.item_code == row.item_code))
			)
			told = row
			if bundled:
				query, told = query.join(entry).on(entry.parent == row.serial_and_batch_bundle), entry
			same = (told.batch_no != "") & (about.batch_no == told.batch_no)
			same = same | ((told.serial_no != "") & (about.serial_no == told.serial_no))
			query = query.select(row[field], about.name).distinct().where(same)
			query = query.where((doc.docstatus == 1) & (doc.is_return == 0) & (row[field] != ""))
			if doctype == "Sales Invoice":
				query = query.where(doc.update_stock == 1)
			query = (
				query.where(about.name == complaint)
				if complaint
				else query.where(row[field].isin(orders or [""]))
			)
			found |= set(query.run())
	return found
