"""Complaints about batches that were delivered, and what follows of advisory notices."""

from __future__ import annotations

from typing import Any

import frappe
from frappe.model.document import Document

from qms_customer.feedback import advisory, decisions
from qms_customer.feedback import advisory_api as api
from qms_customer.rules import people as roles
from tests.support import complaints as k
from tests.support import contracts as c
from tests.support import returned as r
from tests.support.people import as_user
from tests.support.staged import staged

DECISION = advisory.DOCTYPE


@staged
def complaint(world: c.World, note: Document, **values: Any) -> Document:
	"""Return a complaint about the batch of a delivery note, by its customer."""
	row = note.items[0]
	batch = row.batch_no or frappe.db.get_value(
		"Serial and Batch Entry", {"parent": row.serial_and_batch_bundle}, "batch_no"
	)
	given = {"customer": note.customer, "item_code": row.item_code, "batch_no": batch, **values}
	return k.complaint(world, **given)


@staged
def serious(world: c.World, doc: Document, harm: str = "Serious") -> Document:
	"""Quality decides that the harm is serious, or another one."""
	severity = "High" if harm == "Serious" else "Critical"
	return k.rated(world, doc, harm=harm, probability="Occasional", chosen=severity)


def of(source: Document, item: str = "") -> Document:
	"""Return the decision of a complaint or a signal."""
	about = {"reference_doctype": source.doctype, "reference_name": source.name}
	(name,) = frappe.get_all(DECISION, {**about, **({"item_code": item} if item else {})}, pluck="name")
	return frappe.get_doc(DECISION, name)


@staged
def asked(world: c.World, quantity: float = 10) -> Document:
	"""Return the decision that a serious complaint about a delivered batch has asked for."""
	return of(serious(world, complaint(world, r.delivered(quantity))))


def shown(doc: Document) -> str:
	"""Return the hash of what the form shows now."""
	return decisions.shown_hash(frappe.get_doc(DECISION, doc.name))


@staged
def do(user: str, step: str, doc: Document, *args: Any, **values: Any) -> Document:
	"""Take a step of the form as a user, on what it shows now."""
	with as_user(user):
		getattr(api, step)(doc.name, shown(doc), *args, **values)
	return doc.reload()


def representative(world: c.World) -> str:
	"""Return the management representative."""
	return world.person(roles.MANAGEMENT_REPRESENTATIVE)


@staged
def decided(world: c.World, source: Document, decision: str = "Notice Needed") -> None:
	"""The management representative decides whether users are told because of a complaint or a signal."""
	about = {"reference_doctype": source.doctype, "reference_name": source.name}
	for name in frappe.get_all(DECISION, {**about, "decision": "Undecided"}, pluck="name"):
		do(representative(world), "decide", frappe.get_doc(DECISION, name), decision, "All of them are told")


def todos(doc: Document) -> dict[str, str]:
	"""Return who has a decision in the inbox, and until when."""
	return {
		row.allocated_to: str(row.date)
		for row in frappe.get_all(
			"ToDo",
			{"reference_type": DECISION, "reference_name": doc.name, "status": "Open"},
			["allocated_to", "date"],
		)
	}
