"""What the forms may call. Each checks permission first and is one transaction; nothing is decided in the
browser.
"""

import json
from collections.abc import Iterable

import frappe
from frappe.model.document import Document

from qms_customer.contract import (
	adopt,
	adoption_panel,
	authorise,
	decide,
	delivery_date,
	panel,
	people,
	reviews,
)
from qms_customer.contract.content import CONTRACT_DOCTYPES
from qms_customer.erp import status_change
from qms_customer.messages import refuse_one
from qms_customer.records import signing
from qms_customer.rules import mark


@frappe.whitelist(methods=["GET", "POST"])
def get_overview(doctype: str, name: str) -> dict:
	"""Return what the form of a contract document shows about its review (C2-C6, C9)."""
	return panel.overview(_contract(doctype, name))


@frappe.whitelist(methods=["POST"])
def start_review(doctype: str, name: str, reason: str = "") -> dict:
	"""Start the review of a contract document; returns its name and state (C1-C6, C13)."""
	review = reviews.start(_contract(doctype, name), reason)
	return {"name": review.name, "workflow_state": review.workflow_state}


@frappe.whitelist(methods=["POST"])
def sign_small_order(doctype: str, name: str, content_hash: str, signature: str | dict | None = None) -> dict:
	"""Let the salesperson's signature approve a small routine order; returns the review's name (C5)."""
	doc = _contract(doctype, name)
	with signing.pen(signature):
		return {"name": reviews.sign_small_order(doc, content_hash).name}


@frappe.whitelist(methods=["GET", "POST"])
def get_review_panel(name: str) -> dict:
	"""Return what the form of a review shows and may do (C9, C12)."""
	return panel.review_panel(_readable(reviews.REVIEW, name))


@frappe.whitelist(methods=["GET", "POST"])
def get_opinion_panel(name: str) -> dict:
	"""Return what the form of an opinion shows and may do (C6, C11)."""
	return panel.opinion_panel(_readable(reviews.OPINION, name))


@frappe.whitelist(methods=["GET", "POST"])
def get_authorisation_panel(name: str) -> dict:
	"""Return what the form of a delivery authorisation shows and may do (D4)."""
	return panel.authorisation_panel(_readable(authorise.DOCTYPE, name))


@frappe.whitelist(methods=["GET", "POST"])
def get_release(doctype: str, name: str) -> dict:
	"""Return where the authorisation of goods without an order stands, nothing if none was asked for (D4)."""
	if doctype not in authorise.COVERED:
		_not_covered(doctype)
	return panel.release_standing(_readable(doctype, name))


@frappe.whitelist(methods=["POST"])
def give_opinion(
	name: str,
	content_hash: str,
	answers: str | list | None = None,
	comment: str | None = None,
	signature: str | dict | None = None,
) -> dict:
	"""Give the opinion of a department (C6, C10, C11); `answers` is a list of rows, or the same as JSON."""
	_readable(reviews.OPINION, name)
	with signing.pen(signature):
		opinion = decide.give_opinion(name, content_hash, _rows(answers), comment)
		return {"name": opinion.name, "outcome": opinion.outcome}


@frappe.whitelist(methods=["POST"])
def re_affirm(name: str, content_hash: str, signature: str | dict | None = None) -> dict:
	"""Repeat the earlier opinion of a department that the change does not touch (C13)."""
	_readable(reviews.OPINION, name)
	with signing.pen(signature):
		opinion = decide.re_affirm(name, content_hash)
		return {"name": opinion.name, "outcome": opinion.outcome}


@frappe.whitelist(methods=["POST"])
def decide_review(
	name: str,
	decision: str,
	content_hash: str,
	comment: str = "",
	overrule_reason: str = "",
	solution: str = "",
	signature: str | dict | None = None,
) -> dict:
	"""Approve, reject or return a review (C9, C11-C13)."""
	_readable(reviews.REVIEW, name)
	with signing.pen(signature):
		review = decide.decide(name, decision, content_hash, comment, overrule_reason, solution)
		return {"name": review.name, "workflow_state": review.workflow_state}


@frappe.whitelist(methods=["GET", "POST"])
def get_decisions(names: str | list) -> dict:
	"""Return what a decision on several reviews shows of each, and the hashes to send back (C9, C12)."""
	given = json.loads(names) if isinstance(names, str) else names
	return panel.decisions(
		[_readable(reviews.REVIEW, str(name)) for name in list(given)[: decide.MOST_AT_ONCE]]
	)


@frappe.whitelist(methods=["POST"])
def decide_reviews(
	reviews: str | list,
	decision: str,
	comment: str = "",
	solution: str = "",
	signature: str | dict | None = None,
) -> list[dict]:
	"""Decide several reviews, each signed for itself; returns what became of each (C9, C12, K3).

	`reviews`: rows of name and content_hash, or the same as JSON. Whether the user may read and decide each
	of them is checked one by one.
	"""
	with signing.pen(signature):
		return decide.decide_many(_rows(reviews) or [], decision, comment, solution)


@frappe.whitelist(methods=["POST"])
def resubmit_review(name: str) -> dict:
	"""Send a returned review back to the departments that objected (C11)."""
	_readable(reviews.REVIEW, name)
	review = decide.resubmit(name)
	return {"name": review.name, "workflow_state": review.workflow_state}


@frappe.whitelist(methods=["POST"])
def override_criterion(
	name: str, criterion: str, verdict: str, reason: str, signature: str | dict | None = None
) -> dict:
	"""Replace the computed verdict of a criterion by a person's (B3)."""
	_readable(reviews.REVIEW, name)
	with signing.pen(signature):
		review = decide.override_criterion(name, criterion, verdict, reason)
		return {"name": review.name, "review_path": review.review_path}


@frappe.whitelist(methods=["POST"])
def refresh_forecast(doctype: str, name: str) -> dict:
	"""Compute the capacity forecast of a contract, or of a review's contract, anew (C8)."""
	if doctype == reviews.REVIEW:
		_readable(reviews.REVIEW, name)
		delivery_date.refresh(name)
	else:
		delivery_date.refresh_contract(_contract(doctype, name))
	return {"name": name}


@frappe.whitelist(methods=["POST"])
def answer_date(
	name: str,
	content_hash: str,
	possible_date: str,
	countermeasure: str = "",
	signature: str | dict | None = None,
) -> dict:
	"""Answer with the date by which all of a contract can be delivered, as PMC (C8)."""
	_readable(reviews.REVIEW, name)
	with signing.pen(signature):
		return {"name": delivery_date.assess(name, content_hash, possible_date, countermeasure).name}


@frappe.whitelist(methods=["POST"])
def agree_date(
	name: str,
	content_hash: str,
	agreed_date: str,
	customer_answer: str = "",
	signature: str | dict | None = None,
) -> dict:
	"""Record the delivery date agreed with the customer, as Sales (C8)."""
	_readable(reviews.REVIEW, name)
	with signing.pen(signature):
		return {"name": delivery_date.agree(name, content_hash, agreed_date, customer_answer).name}


@frappe.whitelist(methods=["POST"])
def complete_action(
	name: str, evidence: str, evidence_file: str = "", signature: str | dict | None = None
) -> dict:
	"""Report an action done, with evidence (C10)."""
	_readable(reviews.ACTION, name)
	with signing.pen(signature):
		return {"status": decide.complete_action(name, evidence, evidence_file).status}


@frappe.whitelist(methods=["POST"])
def verify_action(
	name: str, effective: bool | int | str, comment: str, signature: str | dict | None = None
) -> dict:
	"""Verify that an action was done and works, or send it back (C10)."""
	_readable(reviews.ACTION, name)
	with signing.pen(signature):
		return {"status": decide.verify_action(name, bool(frappe.utils.cint(effective)), comment).status}


@frappe.whitelist(methods=["POST"])
def record_reason(doctype: str, name: str, action: str, reason: str) -> dict:
	"""Record why a contract is about to be cancelled, closed or re-opened (E8)."""
	doc = _contract(doctype, name)
	doc.check_permission("cancel" if action == "Cancel" else "submit")
	return {"name": status_change.record_reason(doc, action, reason).name}


@frappe.whitelist(methods=["POST"])
def request_authorisation(doctype: str, name: str, reason_code: str, explanation: str) -> dict:
	"""Ask a manager to let goods leave without an order: sample, loan, replacement (D4)."""
	doc = frappe.get_doc(doctype, name) if doctype in authorise.COVERED else _not_covered(doctype)
	doc.check_permission("write")
	return {"name": authorise.request(doc, reason_code, explanation).name}


@frappe.whitelist(methods=["POST"])
def decide_authorisation(
	name: str, decision: str, content_hash: str, comment: str = "", signature: str | dict | None = None
) -> dict:
	"""Authorise goods to leave without an order, or refuse it (D4)."""
	_readable(authorise.DOCTYPE, name)
	with signing.pen(signature):
		return {"workflow_state": authorise.decide(name, decision, content_hash, comment).workflow_state}


@frappe.whitelist(methods=["GET", "POST"])
def get_adoption_panel(name: str) -> dict:
	"""Return what the form of an adoption shows and may do (E8)."""
	return adoption_panel.panel(_readable(adopt.DOCTYPE, name))


@frappe.whitelist(methods=["POST"])
def prepare_adoption(company: str = "") -> dict:
	"""Prepare the go-live of what waits for it in the scope (E8)."""
	frappe.has_permission(adopt.DOCTYPE, "read", throw=True)
	return {"name": adopt.prepare(company).name}


@frappe.whitelist(methods=["POST"])
def prepare_supplement(documents: str | list, reason: str) -> dict:
	"""List single contracts from before the go-live for signature (E8); rows of doctype and name."""
	rows = [(str(r.get("doctype") or ""), str(r.get("name") or "")) for r in _rows(documents) or []]
	for doctype, name in rows:
		if doctype in CONTRACT_DOCTYPES and frappe.db.exists(doctype, name):
			frappe.has_permission(doctype, "read", name, throw=True)
	return {"name": adopt.supplement(rows, reason).name}


@frappe.whitelist(methods=["POST"])
def start_adoption(name: str) -> dict:
	"""Start the collection of a list, or resume it (E8)."""
	_readable(adopt.DOCTYPE, name)
	return {"status": adopt.start(name).status}


@frappe.whitelist(methods=["POST"])
def refresh_adoption(name: str) -> dict:
	"""Bring a collected list up to date (E8)."""
	_readable(adopt.DOCTYPE, name)
	return {"hash": adopt.refresh(name).baseline_hash}


@frappe.whitelist(methods=["POST"])
def sign_adoption(
	name: str, content_hash: str, comment: str = "", signature: str | dict | None = None
) -> dict:
	"""Sign a list of contracts: at go-live, or a supplementary one (E8)."""
	_readable(adopt.DOCTYPE, name)
	with signing.pen(signature):
		return {"status": adopt.sign(name, content_hash, comment).status}


def _contract(doctype: str, name: str) -> Document:
	if doctype not in CONTRACT_DOCTYPES:
		_not_covered(doctype)
	return _readable(doctype, name)


def _readable(doctype: str, name: str) -> Document:
	doc = frappe.get_doc(doctype, name)
	people.check_readable(doc)
	return doc


def _not_covered(doctype: str) -> Document:
	refuse_one("C1", mark("{0} is not reviewed."), doctype)


def _rows(answers: str | list | None) -> list[dict] | None:
	"""The answers as rows of plain values; anything else that a client sends is refused (C11)."""
	try:
		rows = json.loads(answers) if isinstance(answers, str) else answers
	except ValueError:
		rows = answers
	if rows is None:
		return None
	if not isinstance(rows, list) or not all(isinstance(r, dict) and _plain(r.values()) for r in rows):
		refuse_one("C11", mark("The answers cannot be read. Reload the form and answer again."))
	return rows


def _plain(values: Iterable[object]) -> bool:
	return all(value is None or isinstance(value, str | int | float) for value in values)
