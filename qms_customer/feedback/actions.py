"""What is done about a complaint: corrections, corrective actions, the product concerned (H5).

Non Conformance and Quality Action are ERPNext's own: opened from here, and followed to their end.
"""

from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import cint, getdate, nowdate

from qms_customer.feedback import action_rows, complaint_inbox, handled, standing
from qms_customer.messages import refuse, refuse_one
from qms_customer.records import signing
from qms_customer.returns import make, opened
from qms_customer.rules import complaint as rules
from qms_customer.rules import mark
from qms_customer.rules.people import QUALITY, SERVICE

# K2, K3: the events of the chain, and what the signatures mean.
ADDED = mark("Action on Complaint Added")
DONE = mark("Action on Complaint Done")
DECIDED = mark("Actions on Complaint Decided")
# Who has the product concerned sent back.
RETURNERS = (SERVICE, QUALITY)


def opened_one(name: str, content_hash: str) -> Document:
	"""Lock a complaint and return it if Quality may add an action to it now (H5)."""
	doc = handled.open_one(name, content_hash, rule="H5")
	handled.require_quality()
	return doc


def append(doc: Document, row: dict[str, Any]) -> Document:
	"""Write an action of `action_rows` on a complaint, and return it (H5)."""
	doc.append("corrections", {**row, **handled.signed_now("added")})
	standing.settle(doc)
	opened.save(doc, ADDED)
	complaint_inbox.ask(doc)
	return doc


def link_return(name: str, content_hash: str, return_slip: str) -> Document:
	"""Name the return slip by which the product concerned comes back; returns the complaint (H5)."""
	doc = opened_one(name, content_hash)
	if not frappe.db.exists("Return Slip", return_slip):
		refuse_one("H5", mark("There is no {0} {1}."), "Return Slip", return_slip or "–")
	frappe.has_permission("Return Slip", "read", return_slip, throw=True)
	if return_slip in [row.return_slip for row in doc.corrections]:
		refuse_one("H5", mark("{0} is among the actions already."), return_slip)
	return append(doc, {"kind": rules.PRODUCT, "description": return_slip, "return_slip": return_slip})


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
	append(doc, {"kind": rules.PRODUCT, "description": slip.name, "return_slip": slip.name})


def _refuse_slip(doc: Document) -> None:
	opened.require_role("H5", mark("A return slip of a complaint is made by: {0}."), RETURNERS)
	if standing.closings(doc):
		refuse_one("H5", mark("The closing is signed already. Open the complaint again first."))


def finish(name: str, content_hash: str, row: str, comment: str) -> Document:
	"""Sign that an action is done, by its owner or Quality; returns the complaint (H5)."""
	doc = handled.open_one(name, content_hash, rule="H5")
	done, role = action_rows.finishing(doc, row, comment, handled.require_quality)
	signing.in_hand()
	done.update({"comment": comment, **handled.signed_now("done")})
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


def _added_since(doc: Document) -> bool:
	return any(standing.counts(row.added_on, doc.checked_on) for row in doc.corrections)
