"""Patient data has a retention of its own: erased by a signed decision, while the record stays (K7, K5)."""

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import cint, getdate, now_datetime, nowdate

from qms_customer.contract import notify, people
from qms_customer.contract.settings import settings
from qms_customer.feedback import handled, intake, patient, patient_grant
from qms_customer.messages import refuse
from qms_customer.records import signing
from qms_customer.records.token import moving
from qms_customer.rules import mark
from qms_customer.rules import patient as rules
from qms_customer.rules.people import MANAGEMENT_REPRESENTATIVE

# K3: what the signature means.
ERASED = mark("Patient Data Erased")


def erase(feedback: Document, reason: str) -> Document:
	"""Erase, signed, the patient data of a closed case; returns what stays: by whom, when, why (K7).

	The chain has only ever had its hash; backups from before keep it, sealed.
	"""
	role = patient_grant.require_representative()
	data = patient.of(feedback.name)
	data = frappe.get_doc(patient.DOCTYPE, data.name, for_update=True) if data else None
	if found := rules.erasure_refusals(bool(data and data.sealed), is_closed(feedback), reason or ""):
		refuse(found)
	signing.in_hand()
	user = frappe.session.user
	data.update(
		{
			"sealed": None,
			"seal": None,
			"erased_by": user,
			"erased_by_name": people.full_name(user),
			"erased_on": now_datetime(),
			"erase_reason": reason,
		}
	)
	data.flags.ignore_links = True
	with moving(data):
		# The role was checked above; nobody has a general right to write patient data.
		data.save(ignore_permissions=True)
	signing.sign(data, ERASED, role, "", reason)
	patient.show_masks(feedback.name, {})
	notify.done(data)
	return data


def is_closed(feedback: Document) -> bool:
	"""Return whether a case is closed: the feedback, and its complaint where it became one (K7)."""
	return bool(_closed_on([feedback.name]).get(feedback.name))


def remind() -> None:
	"""Ask the management representative, once, about patient data that is older than the setting says (K7).

	Daily; nothing is erased by itself: records of adverse events with implants are kept for good.
	"""
	years, today = cint(settings().get("patient_data_years")), getdate(nowdate())
	if years <= 0:
		return
	rows = frappe.get_all(
		patient.DOCTYPE,
		filters={"seal": ("is", "set"), "told_on": ("is", "not set")},
		fields=["name", "feedback"],
		order_by="name",
	)
	closed, users = _closed_on([r.feedback for r in rows]), people.holders(MANAGEMENT_REPRESENTATIVE)
	for row in rows:
		if users and rules.is_due(closed.get(row.feedback), years, today):
			_ask(row.name, row.feedback, users)


def _ask(name: str, feedback: str, users: list[str]) -> None:
	frappe.db.set_value(patient.DOCTYPE, name, "told_on", nowdate(), update_modified=False)
	text = _("Decide whether the patient data of {0} is still needed").format(feedback)
	notify.assign(frappe.get_doc(patient.DOCTYPE, name), users, text)


def _closed_on(feedback: list[str]) -> dict:
	"""The day on which each of these cases was closed, without those that are open; two queries."""
	closed = {
		name: getdate(on)
		for name, on in frappe.get_all(
			intake.DOCTYPE,
			filters={"name": ("in", feedback or [""]), "closed_on": ("is", "set")},
			fields=["name", "closed_on"],
			as_list=True,
		)
	}
	for name, on in frappe.get_all(
		handled.DOCTYPE,
		filters={"feedback": ("in", feedback or [""])},
		fields=["feedback", "closed_on"],
		as_list=True,
	):
		if on and name in closed:
			closed[name] = max(closed[name], getdate(on))
		else:
			closed.pop(name, None)
	return closed
