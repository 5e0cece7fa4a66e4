"""What the forms of complaints, signals and advisory notice decisions may call. Each checks permission first;
nothing is decided in the browser (I1, I2).
"""

import json
from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import cint

from qms_customer.contract import people
from qms_customer.feedback import advisory, advisory_panel, advisory_steps
from qms_customer.messages import refuse_one
from qms_customer.records import signing
from qms_customer.rules import mark


@frappe.whitelist(methods=["GET", "POST"])
def get_panel(name: str) -> dict:
	"""Return what the form shows, and what this person may do (I1)."""
	return advisory_panel.panel(advisory_steps.readable(name))


@frappe.whitelist(methods=["GET", "POST"])
def get_of(doctype: str, name: str) -> dict:
	"""Return the decisions of a complaint or a signal, and whether this person may ask for one (I1)."""
	if doctype not in advisory.SOURCES:
		refuse_one("I1", mark("Whether users are told is asked of a complaint or a signal."))
	people.check_readable(frappe.get_doc(doctype, name))
	return advisory_panel.of_source(doctype, name)


@frappe.whitelist(methods=["POST"])
def ask(doctype: str, name: str, reason: str) -> dict:
	"""Ask whether users are told (I1)."""
	if doctype not in advisory.SOURCES:
		refuse_one("I1", mark("Whether users are told is asked of a complaint or a signal."))
	frappe.has_permission(doctype, "read", name, throw=True)
	return {"names": advisory.by_hand(doctype, name, reason)}


@frappe.whitelist(methods=["POST"])
def recompute(name: str, content_hash: str) -> dict:
	"""Compute deliveries and stock anew (I2)."""
	advisory_steps.readable(name)
	return _state(advisory_steps.recompute(name, content_hash))


@frappe.whitelist(methods=["POST"])
def set_scope(
	name: str, content_hash: str, whole: int | str = 0, named: str | list | None = None, reason: str = ""
) -> dict:
	"""Say which batches or devices are concerned (I2)."""
	advisory_steps.readable(name)
	return _state(advisory_steps.set_scope(name, content_hash, bool(cint(whole)), _texts(named), reason))


@frappe.whitelist(methods=["POST"])
def ask_more(name: str, content_hash: str, question: str, signature: str | dict | None = None) -> dict:
	"""Say what has to be known first (I1)."""
	advisory_steps.readable(name)
	with signing.pen(signature):
		return _state(advisory_steps.ask_more(name, content_hash, question))


@frappe.whitelist(methods=["POST"])
def give(name: str, content_hash: str, information: str) -> dict:
	"""Record what was asked for (I1)."""
	advisory_steps.readable(name)
	return _state(advisory_steps.give(name, content_hash, information))


@frappe.whitelist(methods=["POST"])
def decide(
	name: str, content_hash: str, decision: str, reason: str = "", signature: str | dict | None = None
) -> dict:
	"""Decide whether users are told (I1)."""
	advisory_steps.readable(name)
	with signing.pen(signature):
		return _state(advisory_steps.decide(name, content_hash, decision, reason))


@frappe.whitelist(methods=["POST"])
def reopen(name: str, content_hash: str, reason: str, signature: str | dict | None = None) -> dict:
	"""Open a decision again (I1)."""
	advisory_steps.readable(name)
	with signing.pen(signature):
		return _state(advisory_steps.reopen(name, content_hash, reason))


def _state(doc: Document) -> dict[str, Any]:
	return {"name": doc.name, "decision": doc.decision}


def _texts(given: str | list | None) -> list[str]:
	"""What a form sent as texts: a list of them, or one text a line."""
	if isinstance(given, str) and given.lstrip().startswith("["):
		try:
			given = json.loads(given)
		except ValueError:
			given = None
	found = given.splitlines() if isinstance(given, str) else given or []
	if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
		refuse_one("I2", mark("What was filled in cannot be read. Reload the form and do it again."))
	return found
