"""What forms may call about signatures, corrections and the history of a record. Each checks permission
first.
"""

import json

import frappe
from frappe import _
from frappe.model.document import Document

from qms_customer.contract.people import check_readable
from qms_customer.messages import refuse_one
from qms_customer.records import corrections, credentials, history, ledger, prints, secrets, signing
from qms_customer.records.registry import RECORDS
from qms_customer.rules import mark
from qms_customer.rules.people import ACCOUNTS_WITHOUT_PERSON


@frappe.whitelist(methods=["GET", "POST"])
def get_signing_state() -> dict:
	"""Return what the signature dialog asks the current user for (11.200)."""
	_refuse_nobody()
	return signing.state()


@frappe.whitelist(methods=["POST"])
def send_code() -> dict:
	"""Send the second factor to the current user, where the site sends one (11.200)."""
	_refuse_nobody()
	credentials.send_code(frappe.session.user)
	return {}


@frappe.whitelist(methods=["POST"])
def change_password(old: str, new: str) -> dict:
	"""Choose another password than the one that somebody set, so that signing goes on (11.300)."""
	_refuse_nobody()
	secrets.keep_out_of_logs([old, new])
	with signing.counted():
		credentials.change_password(frappe.session.user, old, new)
	return {}


@frappe.whitelist(methods=["POST"])
def set_pin(pin: str, old_pin: str = "") -> dict:
	"""Set the signing PIN of somebody who logs in without a password here (11.200)."""
	_refuse_nobody()
	secrets.keep_out_of_logs([pin, old_pin])
	with signing.counted():
		credentials.set_pin(frappe.session.user, pin, old_pin)
	return {}


@frappe.whitelist(methods=["POST"])
def clear_pin(user: str) -> dict:
	"""Take somebody's signing PIN out of use, as an administrator of the site (11.300(c))."""
	if "System Manager" not in frappe.get_roles():
		frappe.throw(_("A signing PIN is cleared by a System Manager."), frappe.PermissionError)
	credentials.clear_pin(user)
	return {}


@frappe.whitelist(methods=["POST"])
def save_signed(doc: str | dict, signature: str | dict | None = None, submit: bool | int | str = 0) -> dict:
	"""Save a record that people fill in as a form, signed; with `submit`, submit it (L2, K3).

	The document's own controller decides whether that may be, as at any other door, and signs it.
	"""
	values = json.loads(doc) if isinstance(doc, str) else doc
	doctype = values.get("doctype")
	if doctype not in RECORDS:
		refuse_one("K3", mark("{0} is not signed."), doctype or "?")
	document = frappe.get_doc(values)
	document.check_permission("create" if document.is_new() else "write")
	with signing.pen(signature):
		if frappe.utils.cint(submit):
			document.submit()
		else:
			document.save()
	return {"name": document.name, "docstatus": document.docstatus}


@frappe.whitelist(methods=["POST"])
def cancel_signed(doctype: str, name: str, signature: str | dict | None = None) -> dict:
	"""Cancel a record that people may cancel, signed: a delegation is taken back (L2, K3)."""
	document = _readable(doctype, name)
	document.check_permission("cancel")
	with signing.pen(signature):
		document.cancel()
	return {"name": document.name, "docstatus": document.docstatus}


@frappe.whitelist(methods=["GET", "POST"])
def get_record(doctype: str, name: str) -> dict:
	"""Return the signatures and corrections of a record, what may be corrected, and its versions (K2, K3)."""
	doc = _readable(doctype, name)
	return {
		"signatures": ledger.signatures(doctype, name),
		"html": history.html(doc),
		"corrected": corrections.of_fields(doctype, name),
		"correctable": corrections.correctable(doc),
		"versions": history.versions(doctype, name),
	}


@frappe.whitelist(methods=["POST"])
def correct(
	doctype: str,
	name: str,
	field: str,
	value: str,
	reason: str,
	signature: str | dict | None = None,
	table: str = "",
	row: str = "",
	shown: str = "",
) -> dict:
	"""Correct a field of a signed record, legibly, with reason and signature (K2)."""
	_readable(doctype, name)
	with signing.pen(signature):
		corrections.correct(doctype, name, field, value, reason, table, row, shown)
	return {"name": name}


@frappe.whitelist(methods=["GET", "POST"])
def get_version(doctype: str, name: str, sequence: int | str) -> dict:
	"""Return a past version of a record, as it can be read and printed (K2)."""
	_readable(doctype, name)
	return {"html": history.version_html(doctype, name, frappe.utils.cint(sequence))}


@frappe.whitelist(methods=["GET"])
def print_version(doctype: str, name: str, sequence: int | str) -> None:
	"""Answer with a past version of a record as a PDF file (K2, K6)."""
	doc = _readable(doctype, name)
	number = frappe.utils.cint(sequence)
	frappe.local.response.filename = f"{name}-{number}.pdf".replace(" ", "-").replace("/", "-")
	frappe.local.response.filecontent = prints.version_pdf(doc, number)
	frappe.local.response.type = "pdf"


@frappe.whitelist(methods=["GET", "POST"])
def compare_versions(doctype: str, name: str, old: int | str, new: int | str) -> dict:
	"""Return what differs between two versions of a record, field by field (K2)."""
	_readable(doctype, name)
	return {"html": history.comparison_html(doctype, name, frappe.utils.cint(old), frappe.utils.cint(new))}


def _refuse_nobody() -> None:
	if frappe.session.user in ACCOUNTS_WITHOUT_PERSON:
		frappe.throw(_("Only a person with a login of their own signs."), frappe.PermissionError)


def _readable(doctype: str, name: str) -> Document:
	if doctype not in RECORDS:
		refuse_one("K3", mark("{0} is not signed."), doctype)
	doc = frappe.get_doc(doctype, name)
	check_readable(doc)
	return doc
