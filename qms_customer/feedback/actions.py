"""What is done about a complaint: corrections, corrective actions, the product concerned (H5).

Non Conformance and Quality Action are ERPNext's own: opened from here, and followed to their end.
"""

from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import cint, getdate, nowdate

from qms_customer.contract import people
from qms_customer.feedback import complaint_inbox, handled, standing
from qms_customer.messages import refuse, refuse_one
from qms_customer.records import signing
from qms_customer.returns import make, opened
from qms_customer.rules import complaint as rules
from qms_customer.rules import mark, says
from qms_customer.rules.people import QUALITY, SERVICE

# K2, K3: the events of the chain, and what the signatures mean.
ADDED = mark("Action on Complaint Added")
DONE = mark("Action on Complaint Done")
DECIDED = mark("Actions on Complaint Decided")
# Who has the product concerned sent back.
RETURNERS = (SERVICE, QUALITY)


def add(
	name: str, content_hash: str, kind: str, description: str, action_owner: str, due_date: str
) -> Document:
	"""Add an action that somebody carries out; returns the complaint (H5)."""
	doc = _open(name, content_hash)
	if kind not in rules.KINDS_OF_ACTION:
		refuse_one("H5", mark("Say of which kind the action is."))
	if not says(description):
		refuse_one("H5", mark("Say what is to be done."))
	if not people.is_enabled_person(action_owner) or not people.may_see(action_owner, doc):
		refuse_one("H5", mark("{0} is nobody who can do it."), action_owner or "–")
	due = handled.day(due_date)
	if due is None or due < getdate(nowdate()):
		refuse_one("H5", mark("Say until when it is done; the day is not in the past."))
	row = {"kind": kind, "description": description, "action_owner": action_owner, "due_date": due}
	return _append(doc, row)


def open_non_conformance(
	name: str, content_hash: str, procedure: str, subject: str, details: str = ""
) -> Document:
	"""Open ERPNext's Non Conformance for a complaint, by who may; returns the complaint (H5)."""
	doc = _open(name, content_hash)
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
	row = {"kind": rules.CORRECTION, "description": subject, "non_conformance": made.name}
	return _append(doc, row)


def open_quality_action(
	name: str,
	content_hash: str,
	corrective_preventive: str,
	problem: str,
	responsible: str,
	completion_by: str,
	procedure: str = "",
) -> Document:
	"""Open ERPNext's Quality Action, the CAPA, for a complaint, by who may; returns the complaint (H5)."""
	doc = _open(name, content_hash)
	frappe.has_permission("Quality Action", "create", throw=True)
	if corrective_preventive not in ("Corrective", "Preventive"):
		refuse_one("H5", mark("Say whether the action is corrective or preventive."))
	if not says(problem):
		refuse_one("H5", mark("Say what the problem is."))
	if not people.is_enabled_person(responsible):
		refuse_one("H5", mark("{0} is nobody who can do it."), responsible or "–")
	due = handled.day(completion_by)
	if due is None or due < getdate(nowdate()):
		refuse_one("H5", mark("Say until when it is done; the day is not in the past."))
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
	return _append(
		doc,
		{
			"kind": rules.CORRECTIVE,
			"description": problem,
			"action_owner": responsible,
			"due_date": due,
			"quality_action": made.name,
		},
	)


def link_return(name: str, content_hash: str, return_slip: str) -> Document:
	"""Name the return slip by which the product concerned comes back; returns the complaint (H5)."""
	doc = _open(name, content_hash)
	if not frappe.db.exists("Return Slip", return_slip):
		refuse_one("H5", mark("There is no {0} {1}."), "Return Slip", return_slip or "–")
	frappe.has_permission("Return Slip", "read", return_slip, throw=True)
	if return_slip in [row.return_slip for row in doc.corrections]:
		refuse_one("H5", mark("{0} is among the actions already."), return_slip)
	return _append(doc, {"kind": rules.PRODUCT, "description": return_slip, "return_slip": return_slip})


def slip_of(name: str) -> Document:
	"""Return the unsaved return slip of what a complaint is about, by Service or Quality (G1, H5).

	Saved, it is among the actions (see `on_slip`).
	"""
	doc = handled.readable(name)
	_refuse_slip(doc)
	return make.from_complaint(doc)


def on_slip(slip: Document, method: str | None = None) -> None:
	"""A return slip is made of a complaint: it becomes an action on it, once (H5)."""
	if slip.source_doctype != handled.DOCTYPE or not slip.source_name:
		return
	handled.readable(slip.source_name)
	doc = frappe.get_doc(handled.DOCTYPE, slip.source_name, for_update=True)
	_refuse_slip(doc)
	if doc.customer and doc.customer != slip.customer:
		refuse_one("H5", mark("The slip is not of {0}, who complained."), doc.customer_name or doc.customer)
	_append(doc, {"kind": rules.PRODUCT, "description": slip.name, "return_slip": slip.name})


def _refuse_slip(doc: Document) -> None:
	opened.require_role("H5", mark("A return slip of a complaint is made by: {0}."), RETURNERS)
	if standing.closings(doc):
		refuse_one("H5", mark("The closing is signed already. Open the complaint again first."))


def finish(name: str, content_hash: str, row: str, comment: str) -> Document:
	"""Sign that an action is done, by its owner or Quality; returns the complaint (H5).

	One that a document stands for is done there; where that was cancelled, or is gone, it is signed here why
	nothing is open.
	"""
	doc = handled.open_one(name, content_hash, rule="H5")
	one = next((a for a in standing.actions(doc) if a.row.name == row), None)
	if one is None:
		refuse_one("H5", mark("{0} has no such action."), doc.name)
	roles = people.own_roles(frappe.session.user)
	if one.row.action_owner == frappe.session.user and QUALITY not in roles:
		role = next(iter(sorted(r for r in roles if r.startswith("QMS "))), "")
	else:
		role = handled.require_quality()
	if not people.is_present(frappe.session.user):
		refuse_one("K3", mark("Only a person with a login of their own does this."))
	if not one.may_finish:
		refuse_one("H5", mark("This action is done, or it is done on {0}."), one.document or doc.name)
	if not says(comment):
		refuse_one("H5", mark("Say what was done."))
	signing.in_hand()
	one.row.update({"comment": comment, **handled.signed_now("done")})
	standing.settle(doc)
	opened.save(doc)
	signing.sign(doc, DONE, role, "", comment, content_hash)
	complaint_inbox.ask(doc)
	return doc


def decide(
	name: str,
	content_hash: str,
	comment: str,
	check_needed: Any = 0,
	criterion: str = "",
	due: str = "",
) -> Document:
	"""Decide, signed by Quality, that these are the actions, and how it is checked that they help; returns
	the complaint (H5).

	What was not effective is decided on anew, and checked anew.
	"""
	doc = handled.open_one(name, content_hash, rules.ACTING, rule="H5")
	role = handled.require_quality()
	needed = bool(cint(check_needed))
	corrective = any(row.quality_action or row.kind == rules.CORRECTIVE for row in doc.corrections)
	found = rules.plan_refusals(len(doc.corrections), corrective, needed, comment)
	one = rules.Effectiveness(needed, criterion or "", handled.day(due))
	found += rules.effectiveness_refusals(one, False, getdate(nowdate()))
	if found:
		refuse(found)
	if not (comment or "").strip():
		refuse_one("K1", mark('Give a comment, or write "/" where there is none.'))
	if doc.effective == "No" and not _added_since(doc):
		refuse_one("H5", mark("What was done did not help: add another action first."))
	signing.in_hand()
	doc.update(
		{
			"actions_comment": comment,
			"check_needed": int(needed),
			"effectiveness_criterion": criterion if needed else None,
			"effectiveness_due": one.due if needed else None,
			**dict.fromkeys(
				("effective", "effectiveness_evidence", "checked_by", "checked_by_name", "checked_on")
			),
			**handled.signed_now("actions"),
		}
	)
	standing.settle(doc)
	opened.save(doc)
	signing.sign(doc, DECIDED, role, "", comment, content_hash)
	complaint_inbox.ask(doc)
	return doc


def _open(name: str, content_hash: str) -> Document:
	doc = handled.open_one(name, content_hash, rule="H5")
	handled.require_quality()
	return doc


def _append(doc: Document, row: dict[str, Any]) -> Document:
	doc.append("corrections", {**row, **handled.signed_now("added")})
	standing.settle(doc)
	opened.save(doc, ADDED)
	complaint_inbox.ask(doc)
	return doc


def _added_since(doc: Document) -> bool:
	return any(standing.counts(row.added_on, doc.checked_on) for row in doc.corrections)
