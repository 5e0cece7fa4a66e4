"""What lists and forms may call about codes and their imports. Each checks permission first (H3, L1)."""

import frappe
from frappe.utils import cint

from qms_customer.feedback import coding, event_codes


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


@frappe.whitelist(methods=["GET", "POST"])
def choose_code(
	doctype: str = "",
	txt: str = "",
	searchfield: str = "",
	start: int | str = 0,
	page_len: int | str = 20,
	filters: dict | str | list | None = None,
	as_dict: bool = False,
) -> list:
	"""Return the codes that a link in a dialog offers: enabled, and of the kind that `filters` says (H3).

	The arguments are those of Frappe's link search.
	"""
	frappe.has_permission(event_codes.DOCTYPE, "read", throw=True)
	given = frappe.parse_json(filters) or {}
	use = str(given.get("use") or "") if isinstance(given, dict) else ""
	found = coding.choose(use, str(txt or ""), max(cint(start), 0), max(cint(page_len), 1))
	return found if as_dict else [tuple(one.values()) for one in found]
