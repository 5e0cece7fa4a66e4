"""What the forms of feedback and complaint may call about patients (K7). Each checks permission first;
nothing is decided in the browser.
"""

import json
from typing import Any

import frappe

from qms_customer.feedback import handled, patient, patient_erase, patient_grant, patient_show
from qms_customer.messages import refuse_one
from qms_customer.records import signing
from qms_customer.returns import opened
from qms_customer.rules import mark


@frappe.whitelist(methods=["GET", "POST"])
def get_state(doctype: str, name: str) -> dict:
	"""Return which buttons the form shows; nothing of the patient (K7)."""
	return patient_show.state(doctype, name)


@frappe.whitelist(methods=["POST"])
def show(doctype: str, name: str) -> dict:
	"""Return what is known of the patient, to who may read it; logged (K7)."""
	patient.case(doctype, name)
	_refuse_within(f"{__name__}.show")
	return patient_show.show(doctype, name)


@frappe.whitelist(methods=["POST"])
def print_form(doctype: str, name: str, print_format: str = "") -> str:
	"""Return the print of a record with its patient data, to who may read it; logged (K7)."""
	patient.case(doctype, name)
	_refuse_within(f"{__name__}.print_form")
	return patient_show.print_form(doctype, name, print_format)


@frappe.whitelist(methods=["POST"])
def record(name: str, content_hash: str, values: str | dict | None = None) -> dict:
	"""Record what became known of the patient of a complaint (K7)."""
	handled.readable(name)
	try:
		given = json.loads(values) if isinstance(values, str) else values
	except ValueError:
		given = None
	if not isinstance(given, dict) or not opened.is_plain(given):
		refuse_one("K7", mark("Say what is known of the patient."))
	return {"name": patient.record(name, content_hash, given).name}


@frappe.whitelist(methods=["POST"])
def grant(
	doctype: str,
	name: str,
	grantee: str,
	until: str,
	reason: str,
	whole_company: bool | int | str = 0,
	signature: str | dict | None = None,
) -> dict:
	"""Grant somebody the patient data of this case, or of all of its company (K7)."""
	_doc, feedback = patient.case(doctype, name)
	one = None if frappe.utils.cint(whole_company) else feedback
	with signing.pen(signature):
		return _named(patient_grant.grant(grantee, until, reason, feedback.company, one))


@frappe.whitelist(methods=["POST"])
def revoke(name: str, reason: str, signature: str | dict | None = None) -> dict:
	"""Take a grant back (K7)."""
	frappe.has_permission(patient_grant.DOCTYPE, "read", name, throw=True)
	with signing.pen(signature):
		return _named(patient_grant.revoke(name, reason))


@frappe.whitelist(methods=["POST"])
def erase(doctype: str, name: str, reason: str, signature: str | dict | None = None) -> dict:
	"""Erase the patient data of a closed case (K7)."""
	_doc, feedback = patient.case(doctype, name)
	with signing.pen(signature):
		return _named(patient_erase.erase(feedback, reason))


def _named(doc: Any) -> dict:
	return {"name": doc.name}


def _refuse_within(method: str) -> None:
	"""Refuse to answer inside something else: a template of a mail, a print, a script may call what is
	whitelisted, and what it makes goes elsewhere.
	"""
	request = getattr(frappe.local, "request", None)
	if not request or request.method != "POST" or request.path != f"/api/method/{method}":
		refuse_one("K7", mark("Patient data is shown on the form, and nowhere else."))
