"""What the list and the form of code imports may call. Each checks permission first (H3, L1)."""

import frappe

from qms_customer.feedback import event_codes


@frappe.whitelist(methods=["POST"])
def start_import(file: str, edition: str = "") -> dict:
	"""Start the import of an uploaded file of codes, and return its record (H3)."""
	frappe.has_permission(event_codes.IMPORT, "read", throw=True)
	return {"name": event_codes.begin(file, edition).name}


@frappe.whitelist(methods=["POST"])
def run_again(name: str) -> dict:
	"""Start an import anew whose job was killed (H3)."""
	frappe.has_permission(event_codes.IMPORT, "read", name, throw=True)
	return {"name": event_codes.again(name).name}
