"""Job Card: work is not begun on a work order that may not start (D4).

ERPNext counts a card as in progress from its first time log. Every button of the shop floor
(card, workstation) adds one and saves the card; a log can be saved alone as well.
"""

import frappe
from frappe.model.document import Document

from qms_customer.erp import work_order

LOGS = "time_logs"


def before_validate(doc: Document, method: str | None = None) -> None:
	"""Refuse a card with time logs, or one that is submitted, whose work order may not start (D4)."""
	if doc.work_order and (doc.get(LOGS) or doc.docstatus == 1):
		work_order.refuse_start_of(doc.work_order)


def before_change(doc: Document, method: str | None = None) -> None:
	"""The same for a card that is moved to another work order past the form (D4)."""
	before = doc.get_doc_before_save()
	if before is None or before.work_order != doc.work_order:
		before_validate(doc)


def before_log(row: Document, method: str | None = None) -> None:
	"""Refuse a time log that is saved alone, on a card whose work order may not start (D4)."""
	if row.parenttype != "Job Card" or row.parentfield != LOGS:
		return
	if name := frappe.db.get_value("Job Card", row.parent, "work_order"):
		work_order.refuse_start_of(name)
