"""Actions on complaints and on signals: what a person does, and ERPNext's Non Conformance and Quality Action,
opened for them and followed to their end (H5, H8).

Each function that opens something returns the row of a *Complaint Action*; the caller has checked who may,
and appends it.
"""

from collections.abc import Callable
from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import getdate, nowdate

from qms_customer.contract import people
from qms_customer.feedback import handled, standing
from qms_customer.messages import refuse_one
from qms_customer.rules import complaint as rules
from qms_customer.rules import mark, says
from qms_customer.rules.people import QUALITY

ROW = "Complaint Action"


def by_person(doc: Document, kind: str, description: str, owner: str, due_date: str) -> dict[str, Any]:
	"""Return the row of an action that somebody carries out, who may read what it is about (H5)."""
	if kind not in rules.KINDS_OF_ACTION:
		refuse_one("H5", mark("Say of which kind the action is."))
	if not says(description):
		refuse_one("H5", mark("Say what is to be done."))
	# Who holds no role of ours could not sign that it is done.
	ours = [role for role in people.own_roles(owner or "") if role.startswith("QMS ")]
	if not people.is_enabled_person(owner) or not ours or not people.may_see(owner, doc):
		refuse_one("H5", mark("{0} is nobody who can do it."), owner or "–")
	_due(due_date)
	return {"kind": kind, "description": description, "action_owner": owner, "due_date": due_date}


def non_conformance(procedure: str, subject: str, details: str = "") -> dict[str, Any]:
	"""Open ERPNext's Non Conformance, as who may, and return its row (H5)."""
	frappe.has_permission("Non Conformance", "create", throw=True)
	if not (procedure and frappe.db.exists("Quality Procedure", procedure)):
		refuse_one("H5", mark("Choose the quality procedure by which nonconforming product is handled."))
	if not says(subject):
		refuse_one("H5", mark("Say what the non-conformance is about."))
	made = frappe.get_doc(
		{
			"doctype": "Non Conformance",
			"subject": subject,
			"procedure": procedure,
			"status": "Open",
			"details": details,
		}
	).insert()
	return {"kind": rules.CORRECTION, "description": subject, "non_conformance": made.name}


def quality_action(
	corrective_preventive: str, problem: str, responsible: str, completion_by: str, procedure: str = ""
) -> dict[str, Any]:
	"""Open ERPNext's Quality Action, the CAPA, as who may, and return its row (H5)."""
	frappe.has_permission("Quality Action", "create", throw=True)
	if corrective_preventive not in ("Corrective", "Preventive"):
		refuse_one("H5", mark("Say whether the action is corrective or preventive."))
	if not says(problem):
		refuse_one("H5", mark("Say what the problem is."))
	if not people.is_enabled_person(responsible):
		refuse_one("H5", mark("{0} is nobody who can do it."), responsible or "–")
	due = _due(completion_by)
	made = frappe.get_doc(
		{
			"doctype": "Quality Action",
			"corrective_preventive": corrective_preventive,
			"date": nowdate(),
			"procedure": procedure or None,
			"resolutions": [
				{
					"problem": problem,
					"status": "Open",
					"responsible": responsible,
					"completion_by": due,
				}
			],
		}
	).insert()
	return {
		"kind": rules.CORRECTIVE,
		"description": problem,
		"action_owner": responsible,
		"due_date": due,
		"quality_action": made.name,
	}


def finishing(doc: Document, row: str, comment: str, otherwise: Callable[[], str]) -> tuple[Document, str]:
	"""Return the row of an action that is signed as done, and in which role: its owner's, or that of who may
	`otherwise` (H5, K3).

	One that a document stands for is done there; where that was cancelled, or is gone, it is signed here why
	nothing is open.
	"""
	one = next((a for a in standing.actions(doc) if a.row.name == row), None)
	if one is None:
		refuse_one("H5", mark("{0} has no such action."), doc.name)
	roles = people.own_roles(frappe.session.user)
	if one.row.action_owner == frappe.session.user and QUALITY not in roles:
		role = next(iter(sorted(r for r in roles if r.startswith("QMS "))), "")
	else:
		role = otherwise()
	if not people.is_present(frappe.session.user):
		refuse_one("K3", mark("Only a person with a login of their own does this."))
	if not one.may_finish:
		refuse_one("H5", mark("This action is done, or it is done on {0}."), one.document or doc.name)
	if not says(comment):
		refuse_one("H5", mark("Say what was done."))
	return one.row, role


def owed(doc: Document) -> dict[str, str]:
	"""Return who still has an action to do on a complaint or a signal, and until when, "" for no day (L3)."""
	found: dict[str, str] = {}
	for one in standing.actions(doc):
		if one.may_finish and one.open and one.row.action_owner:
			found.setdefault(one.row.action_owner, str(one.row.due_date or ""))
	return found


def parents(document: Document, parenttype: str) -> list[str]:
	"""Return the complaints or signals for which a document was opened; one query (H5)."""
	field = next(f for f, (doctype, *_rest) in standing.DONE.items() if doctype == document.doctype)
	filters = {field: document.name, "parenttype": parenttype}
	return frappe.get_all(ROW, filters, pluck="parent", distinct=True)


def _due(value: str) -> Any:
	due = handled.day(value)
	if due is None or due < getdate(nowdate()):
		refuse_one("H5", mark("Say until when it is done; the day is not in the past."))
	return due
