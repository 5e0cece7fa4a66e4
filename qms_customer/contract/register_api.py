"""What the form of a register entry may call. Each checks permission first and is one transaction (D1, D2,
A4).
"""

import json

import frappe
from frappe.model.document import Document

from qms_customer.contract import people, register, register_panel, register_prints, registration
from qms_customer.records import signing


@frappe.whitelist(methods=["GET", "POST"])
def get_register_panel(name: str) -> dict:
	"""Return what the form of an entry shows and may do (D5)."""
	return register_panel.panel(_readable(name))


@frappe.whitelist(methods=["GET", "POST"])
def get_proposed_number(name: str) -> dict:
	"""Return the number that the contract would get; it is not used up by that (D1)."""
	_readable(name)
	return {"number": registration.proposed_number()}


@frappe.whitelist(methods=["POST"])
def assign_number(name: str, number: str, kind: str, formal_due: str | None = None) -> dict:
	"""Give a contract its number, as Sales, and say whether it is formal or provisional (D1, A4)."""
	_readable(name)
	return {"contract_number": registration.assign_number(name, number, kind, formal_due).contract_number}


@frappe.whitelist(methods=["POST"])
def sign_entry(name: str, content_hash: str, comment: str = "", signature: str | dict | None = None) -> dict:
	"""Sign a contract as (vice) general manager (D1, K3)."""
	_readable(name)
	with signing.pen(signature):
		return {"register_state": registration.sign_entry(name, content_hash, comment).register_state}


@frappe.whitelist(methods=["POST"])
def hand_over(name: str, what: str, place: str = "") -> dict:
	"""Record where Sales keeps the copy, or that it handed the original to Finance (D2)."""
	_readable(name)
	return {"name": registration.hand_over(name, what, place).name}


@frappe.whitelist(methods=["POST"])
def acknowledge_original(
	name: str, content_hash: str, comment: str = "", signature: str | dict | None = None
) -> dict:
	"""Acknowledge the original, as Finance (D2, K3)."""
	_readable(name)
	with signing.pen(signature):
		return {"name": registration.acknowledge_original(name, content_hash, comment).name}


@frappe.whitelist(methods=["POST"])
def make_formal(
	name: str,
	content_hash: str,
	formal_entry: str = "",
	formal_file: str = "",
	formal_reference: str = "",
	comment: str = "",
	signature: str | dict | None = None,
) -> dict:
	"""Record which formal contract replaces a provisional one, as Sales (A4, K3)."""
	_readable(name)
	with signing.pen(signature):
		registration.make_formal(name, content_hash, formal_entry, formal_file, formal_reference, comment)
	return {"name": name}


@frappe.whitelist(methods=["GET"])
def print_page(filters: str | dict | None = None) -> None:
	"""Answer with a page of the register as a PDF file: the entries that the user may read (K6)."""
	frappe.has_permission(register.DOCTYPE, "print", throw=True)
	given = json.loads(filters) if isinstance(filters, str) else filters
	frappe.local.response.filename = "contract-register.pdf"
	frappe.local.response.filecontent = register_prints.page_pdf(_plain(given))
	frappe.local.response.type = "pdf"


def _plain(filters: object) -> dict[str, str]:
	"""Filters as a client sends them: names with plain values, all else is left out."""
	given = filters if isinstance(filters, dict) else {}
	return {str(k): str(v) for k, v in given.items() if isinstance(v, str | int) and v}


def _readable(name: str) -> Document:
	entry = frappe.get_doc(register.DOCTYPE, name)
	people.check_readable(entry)
	return entry
