"""The review of a change: of the proposed content, by the departments whose aspects change (E2, C1, C6,
C9).
"""

import json

import frappe
from frappe import _
from frappe.model.document import Document

from qms_customer.contract import capacity, facts, proposed, rejected, reviews, states
from qms_customer.contract.gate import describe
from qms_customer.contract.settings import departments
from qms_customer.records.token import moving
from qms_customer.rules import content as content_rules
from qms_customer.rules import mark
from qms_customer.rules import review as rules
from qms_customer.rules.classification import Path
from qms_customer.rules.people import AUTHORITY_RANK, SALES_VP


def missing(notice: Document, order: Document) -> list[rules.Refusal]:
	"""Return what the contract would lack, as changed, for its review to start (A1, A2, A6, A7, A9)."""
	doc = proposed.document(notice, order)
	found = facts.missing_to_start(doc, full_record=False)
	return [rules.Refusal(m.rule, m.message, m.args) for m in found]


def start(notice: Document, order: Document) -> Document:
	"""Start the review of a notice's content, and return it; the caller has locked order and notice (E2, C9).

	Class and way of review are those of the changed contract; the approver follows from them, and is never
	lower than who rejected the same before (C13).
	"""
	doc, canonical = proposed.document(notice, order), json.loads(notice.content)
	capacity.keep_fresh(doc, always=True)
	classification = facts.evaluate(doc)
	required = rules.APPROVERS[classification.path] or SALES_VP
	for floor in (notice.approver_role or "", _rejected(notice, canonical)):
		if AUTHORITY_RANK.get(floor, 0) > AUTHORITY_RANK[required]:
			required = floor
	seats = _seats(notice)
	reviews.refuse_empty_seats(seats, required, order)
	earlier = _earlier(notice)
	review = reviews.new_review(
		doc, canonical, classification, required, earlier, notice.again_reason or "", notice
	)
	if review.review_path == Path.SIGNATURE.value:
		# C5 is for orders that one person accepts; a change of one is looked at by somebody else.
		review.review_path = Path.SALES.value
	review.workflow_state = states.IN_REVIEW
	with moving(review):
		# Who may put a notice forward was checked; nobody creates a review by hand.
		review.insert(ignore_permissions=True)
	reviews.supersede(earlier, review)
	carried = reviews.carried(earlier, canonical) if earlier else {}
	for seat in seats:
		reviews.ask(review, seat.department, seat.reason, carried.get(seat.department.name))
	with moving(review, mark("Review Started")):
		# As above; it now knows how many opinions are outstanding.
		review.save(ignore_permissions=True)
	return review


def _seats(notice: Document) -> list[rules.Seat]:
	names = (notice.departments_concerned or "").split(", ")
	return [
		rules.Seat(d, mark("E2: the change touches the aspects of this department"))
		for d in departments()
		if d.name in names
	]


def _rejected(notice: Document, canonical: dict) -> str:
	return rejected.authority(canonical) if notice.kind == "Change" else ""


def _earlier(notice: Document) -> frappe._dict | None:
	"""The latest review of this notice: it was taken back, changed and put forward again."""
	found = frappe.get_all(
		reviews.REVIEW,
		filters={"change_notice": notice.name},
		fields=["name", "docstatus", "content", "review_version", "prepared_on"],
		order_by="creation desc",
		limit=1,
	)
	return found[0] if found else None


def described(review: Document) -> list[str]:
	"""Return what the change under review changes, in words, a line each (E1)."""
	old = frappe.db.get_value(proposed.NOTICE, review.change_notice, ["old_content", "kind"], as_dict=True)
	if not old:
		return []
	if old.kind != "Change":
		return [_(old.kind, context=proposed.NOTICE)]
	changes = content_rules.diff(json.loads(old.old_content), json.loads(review.content))
	return [describe(review.reference_doctype, c) for c in changes]
