"""The management representative grants a named person the reading of patient data, and revokes it (K7)."""

from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import format_date, getdate, now_datetime, nowdate

from qms_customer.contract import notify, people
from qms_customer.feedback import handled
from qms_customer.messages import refuse, refuse_one
from qms_customer.records import signing
from qms_customer.records.token import moving
from qms_customer.returns import opened
from qms_customer.rules import mark
from qms_customer.rules import patient as rules
from qms_customer.rules.people import MANAGEMENT_REPRESENTATIVE

DOCTYPE = "Patient Data Grant"
# K3: what the signatures mean.
GRANTED = mark("Patient Data Granted")
REVOKED = mark("Grant of Patient Data Revoked")
FIELDS = ("name", "grantee", "company", "feedback", "valid_until", "revoked_on")


def grant(grantee: str, until: str, reason: str, company: str, feedback: Document | None = None) -> Document:
	"""Grant, signed, the patient data of one case, or of all of a company; returns the grant (K7)."""
	user = frappe.session.user
	role = require_representative()
	found = rules.grant_refusals(user, grantee, handled.day(until), getdate(nowdate()), reason or "")
	if not people.is_enabled_person(grantee):
		refuse_one("K7", mark("{0} is nobody to whom it can be granted."), grantee or "–")
	if found:
		refuse(found)
	if not frappe.db.exists("Company", company):
		refuse_one("K7", mark("There is no company {0}."), company or "–")
	signing.in_hand()
	doc = frappe.get_doc(
		{
			"doctype": DOCTYPE,
			"grantee": grantee,
			"grantee_name": people.full_name(grantee),
			"valid_until": handled.day(until),
			"company": company,
			"feedback": feedback.name if feedback else None,
			"reason": reason,
			"granted_by": user,
			"granted_by_name": people.full_name(user),
			"granted_on": now_datetime(),
		}
	)
	with moving(doc):
		# The role was checked above; nobody has a general right to write grants.
		doc.insert(ignore_permissions=True)
	signing.sign(doc, GRANTED, role, "", reason)
	about = feedback or doc
	notify.tell(
		[grantee],
		_("You may read patient data of {0} until {1}").format(about.name, format_date(doc.valid_until)),
		about,
	)
	return doc


def revoke(name: str, reason: str) -> Document:
	"""Take a grant back, signed, by a management representative; returns it (K7)."""
	role = require_representative()
	doc = frappe.get_doc(DOCTYPE, name, for_update=True)
	if found := rules.revoke_refusals(_rule(doc), getdate(nowdate()), reason or ""):
		refuse(found)
	signing.in_hand()
	user = frappe.session.user
	doc.update(
		{
			"revoked_by": user,
			"revoked_by_name": people.full_name(user),
			"revoked_on": now_datetime(),
			"revoke_reason": reason,
		}
	)
	doc.flags.ignore_links = True
	with moving(doc):
		# As above.
		doc.save(ignore_permissions=True)
	signing.sign(doc, REVOKED, role, "", reason)
	return doc


def right(user: str, feedback: Document) -> tuple[str, str]:
	"""Return in which role, or by which grant, a user reads the patient data of a case now; ("", "") is not
	at all (K7). At most two queries.
	"""
	held = people.own_roles(user)
	if role := next((r for r in reversed(rules.READERS) if r in held), ""):
		return role, ""
	today = getdate(nowdate())
	for row in frappe.get_all(
		DOCTYPE, filters={"grantee": user, "revoked_on": ("is", "not set")}, fields=list(FIELDS)
	):
		if _rule(row).covers(user, feedback.company, feedback.name, today):
			return "", row.name
	return "", ""


def require_representative() -> str:
	"""Return the management representative's role; refuse who does not hold it (K7, L1)."""
	return opened.require_role(
		"K7", mark("Patient data is granted and erased by: {0}."), (MANAGEMENT_REPRESENTATIVE,)
	)


def _rule(row: Any) -> rules.Grant:
	return rules.Grant(
		row.name,
		row.grantee,
		row.company,
		row.feedback or "",
		getdate(row.valid_until),
		bool(row.revoked_on),
	)
