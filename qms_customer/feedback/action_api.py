"""What the forms of complaints and of signals may call about actions, which are opened and signed as done by
the same doors. Each checks permission first (H5, H8, L1).
"""

from types import ModuleType
from typing import Any

import frappe
from frappe.model.document import Document

from qms_customer.feedback import action_rows, actions, handled, signal_actions, signals
from qms_customer.messages import refuse_one
from qms_customer.records import signing
from qms_customer.rules import mark

# What actions are taken on: how it is read, and how it is acted on.
PLACES = {handled.DOCTYPE: (handled.readable, actions), signals.DOCTYPE: (signals.readable, signal_actions)}


@frappe.whitelist(methods=["POST"])
def add_action(
	doctype: str,
	name: str,
	content_hash: str,
	kind: str,
	description: str,
	action_owner: str,
	due_date: str,
) -> dict:
	"""Add an action that somebody carries out (H5, H8)."""
	place = _readable(doctype, name)
	doc = place.opened_one(name, content_hash)
	return _state(place.append(doc, action_rows.by_person(doc, kind, description, action_owner, due_date)))


@frappe.whitelist(methods=["POST"])
def open_non_conformance(
	doctype: str, name: str, content_hash: str, procedure: str, subject: str, details: str = ""
) -> dict:
	"""Open ERPNext's Non Conformance, by who may (H5, H8)."""
	place = _readable(doctype, name)
	doc = place.opened_one(name, content_hash)
	return _state(place.append(doc, action_rows.non_conformance(procedure, subject, details)))


@frappe.whitelist(methods=["POST"])
def open_quality_action(
	doctype: str,
	name: str,
	content_hash: str,
	corrective_preventive: str,
	problem: str,
	responsible: str,
	completion_by: str,
	procedure: str = "",
) -> dict:
	"""Open ERPNext's Quality Action, the CAPA, by who may (H5, H8)."""
	place = _readable(doctype, name)
	doc = place.opened_one(name, content_hash)
	row = action_rows.quality_action(corrective_preventive, problem, responsible, completion_by, procedure)
	return _state(place.append(doc, row))


@frappe.whitelist(methods=["POST"])
def finish_action(
	doctype: str,
	name: str,
	content_hash: str,
	row: str,
	comment: str,
	signature: str | dict | None = None,
) -> dict:
	"""Sign that an action is done (H5, H8, K3)."""
	place = _readable(doctype, name)
	with signing.pen(signature):
		return _state(place.finish(name, content_hash, row, comment))


def _readable(doctype: str, name: str) -> ModuleType:
	"""Refuse who may not read what is acted on; return how it is acted on."""
	if doctype not in PLACES:
		refuse_one("H5", mark("Actions are taken on complaints and on signals."))
	readable, place = PLACES[doctype]
	readable(name)
	return place


def _state(doc: Document) -> dict[str, Any]:
	return {"name": doc.name}
