"""Which DocTypes are records of ours, whatever way of writing its name a row or a file came with (K2)."""

import frappe
from frappe.model.base_document import get_controller

from qms_customer.records.controlled import ControlledRecord

MODULE = "QMS Customer"


def stored_name(doctype: str | None) -> str:
	"""Return the name of a DocType as it is stored, "" if there is none.

	MariaDB finds rows of "Sales Order" for "sales order", too: names are not compared as they came.
	"""
	if not doctype:
		return ""
	try:
		return frappe.get_meta(doctype).name
	except frappe.DoesNotExistError:
		frappe.clear_last_message()
		return ""


def is_record(doctype: str) -> bool:
	"""Return whether a DocType (its stored name) is one whose documents only decision functions write."""
	meta = frappe.get_meta(doctype)
	if meta.module != MODULE or meta.custom or meta.istable:
		return False
	return issubclass(get_controller(doctype), ControlledRecord)
