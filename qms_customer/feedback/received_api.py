"""Feedback from other systems and from surveys, and e-mails that were taken for those of a program (H1).

Each function checks permission first. Another system calls with the API key of a user of its own.
"""

import json
from datetime import datetime
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import escape_html, get_datetime

from qms_customer.contract import people
from qms_customer.feedback import decisions, intake, mails, make, received
from qms_customer.messages import refuse_one
from qms_customer.rules import feedback as rules
from qms_customer.rules import mark

# H1: how it comes, of what is sent here.
CHANNELS = ("API", "Survey")
LONGEST = 140
TRIES = 4
_LINKS = {"customer": "Customer", "item_code": "Item", "event_country": "Country", "language": "Language"}
_TIMES = ("received_on", "aware_on", "happened_on")
_CHOICES = {"source": rules.SOURCES, "phase": rules.PHASES}


@frappe.whitelist(methods=["POST"])
def record(
	reference: str,
	details: str,
	channel: str = "API",
	source: str = "",
	phase: str = "",
	subject: str = "",
	company: str = "",
	customer: str = "",
	contact_name: str = "",
	contact_email: str = "",
	contact_phone: str = "",
	contact_address: str = "",
	language: str = "",
	item_code: str = "",
	batch_no: str = "",
	serial_no: str = "",
	udi: str = "",
	event_country: str = "",
	received_on: str = "",
	aware_on: str = "",
	aware_by: str = "",
	happened_on: str = "",
) -> dict[str, Any]:
	"""Record what another system, or a survey, says; returns its number and whether it is new (H1, H4).

	`reference`: what the sender calls it. Sent again it is recorded once, with other words it is refused: so
	whoever gets no answer sends it again. Times with an offset are moments; others are of the site's zone.
	"""
	frappe.has_permission(intake.DOCTYPE, "create", throw=True)
	user = frappe.session.user
	if not set(intake.RECORDERS) & people.own_roles(user):
		refuse_one("H1", mark("Feedback is recorded by: {0}."), ", ".join(intake.RECORDERS))
	if channel not in CHANNELS:
		refuse_one("H1", mark("{0} is no channel of this interface: {1}."), channel, ", ".join(CHANNELS))
	given = {
		name: value.strip() if isinstance(value, str) else value
		for name, value in {
			"external_reference": reference,
			"details": details,
			"source": source,
			"phase": phase,
			"subject": subject,
			"company": company,
			"customer": customer,
			"contact_name": contact_name,
			"contact_email": contact_email,
			"contact_phone": contact_phone,
			"contact_address": contact_address,
			"language": language,
			"item_code": item_code,
			"batch_no": batch_no,
			"serial_no": serial_no,
			"udi": udi,
			"event_country": event_country,
			"received_on": received_on,
			"aware_on": aware_on,
			"aware_by": aware_by,
			"happened_on": happened_on,
		}.items()
		if value
	}
	feedback, is_new, unknown = _store_again(channel, user, given)
	return {
		"name": feedback.name,
		"created": is_new,
		"state": feedback.workflow_state,
		"complaint": feedback.complaint or "",
		"not_known": unknown,
	}


@frappe.whitelist(methods=["POST"])
def record_email(name: str) -> dict[str, str]:
	"""Record an e-mail that was taken for one of a program (H1)."""
	frappe.has_permission(intake.DOCTYPE, "create", throw=True)
	if not set(intake.ASSESSORS) & people.own_roles(frappe.session.user):
		refuse_one("H1", mark("E-mails are recorded by: {0}."), ", ".join(intake.ASSESSORS))
	return {"name": mails.record_kept(name).name}


def _store_again(channel: str, user: str, given: dict[str, Any]) -> tuple[Document, bool, dict[str, str]]:
	"""Record it, once more where many record at the same moment and the database gives one of them up: until
	here the request has written nothing.
	"""
	for _try in range(TRIES - 1):
		try:
			return _store(channel, user, given)
		except frappe.QueryDeadlockError:
			frappe.db.rollback()
	return _store(channel, user, given)


def _store(channel: str, user: str, given: dict[str, Any]) -> tuple[Document, bool, dict[str, str]]:
	_refuse_malformed(given)
	content = received.key(json.dumps(given, sort_keys=True, ensure_ascii=False))
	feedback = frappe.new_doc(intake.DOCTYPE)
	feedback.update({"channel": channel, "company": make.company(), "aware_by": people.full_name(user)})
	feedback.update({**given, **{name: _moment(name, given[name]) for name in _TIMES if name in given}})
	if "received_on" not in given:
		feedback.received_on = None
	# What we do not have is no reason not to record it: it is said in a comment.
	unknown = {
		name: given[name]
		for name, doctype in _LINKS.items()
		if name in given and not frappe.db.exists(doctype, given[name])
	}
	for name in unknown:
		feedback.set(name, None)
	feedback.intake_content = content
	# What User Permissions keep from this user they do not record either.
	feedback.check_permission("create")
	key = received.key("api", channel, user, given["external_reference"])
	required = rules.REQUIRED if channel == "API" else received.WITHOUT_SOURCE
	feedback, is_new = received.store(feedback, key, tuple(required))
	if not is_new and feedback.intake_content != content:
		refuse_one(
			"H1",
			mark("{0} is recorded with other content, as {1}. Send it under another reference."),
			given["external_reference"],
			feedback.name,
		)
	if is_new and unknown:
		said = ", ".join(f"{_(feedback.meta.get_label(n))}: {value}" for n, value in unknown.items())
		feedback.add_comment("Info", escape_html(_("Sent with it, and not known here: {0}").format(said)))
	return feedback, is_new, unknown


def _refuse_malformed(given: dict[str, Any]) -> None:
	for name, value in given.items():
		if not isinstance(value, str):
			refuse_one("H1", mark("{0} is text."), name)
		if name not in ("details", "contact_address", "udi") and len(value) > LONGEST:
			refuse_one("H1", mark("{0} has at most {1} characters."), name, str(LONGEST))
	if not given.get("external_reference"):
		refuse_one("H1", mark("Send the reference by which you know it: so it is recorded once."))
	for name, choices in _CHOICES.items():
		if given.get(name) and given[name] not in choices:
			refuse_one("H1", mark("{0} is one of: {1}."), name, ", ".join(choices))
	if given.get("company") and not frappe.db.exists("Company", given["company"]):
		refuse_one("H1", mark("There is no {0} {1}."), "Company", given["company"])


def _moment(name: str, value: str) -> datetime:
	try:
		at = datetime.fromisoformat(value)
	except ValueError:
		at = None
	if at is None:
		try:
			at = get_datetime(value)
		except Exception:
			at = None
	if at is None:
		refuse_one("H4", mark("{0} is no time: write 2026-11-30T14:05:00+08:00."), name)
	return decisions.local(at) if at.tzinfo else at
