"""C8: the forecast of a review refreshed, PMC's answer with a date, what Sales agreed with the customer."""

from datetime import date

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import getdate, now_datetime

from qms_customer.contract import capacity, facts, notify, people, reviews
from qms_customer.messages import refuse, refuse_one
from qms_customer.records import signing
from qms_customer.records.token import moving
from qms_customer.rules import agreement as rules
from qms_customer.rules import mark
from qms_customer.rules import people as people_rules
from qms_customer.rules import review as review_rules
from qms_customer.rules.classification import CAPACITY, Path, Verdict, has_risen

# K3: what the signatures mean.
ASSESSED = mark("Delivery Date Answered")
AGREED = mark("Delivery Date Agreed with the Customer")


def refresh(review_name: str) -> Document:
	"""Compute the forecast of an open review anew, and keep on the review what it says (C8, B4).

	Its class may rise by it, and departments newly concerned are asked; it does not fall.
	"""
	user = frappe.session.user
	_refuse_strangers(user)
	doc, review = _open(review_name)
	capacity.compute(doc)
	review.update(capacity.snapshot(doc))
	classification = facts.evaluate(doc, reviews.overrides_of(review))
	now = next(c for c in reviews.criteria_rows(classification.criteria) if c["criterion"] == CAPACITY)
	for row in review.criteria:
		if row.criterion == CAPACITY:
			row.computed, row.evidence = now["computed"], now["evidence"]
	if has_risen(Path(review.review_path), classification.path):
		reviews.reclassify(review, classification)
	with moving(review, mark("Capacity Forecast Refreshed")):
		# PMC has no general right to write reviews; who may refresh was checked above.
		review.save(ignore_permissions=True)
	reviews.show_on_contract(review)
	reviews.assign_deciders(review)
	return review


def refresh_contract(doc: Document) -> None:
	"""Compute the forecast of a draft contract anew, before its review or during it (C8)."""
	_refuse_strangers(frappe.session.user)
	review = frappe.db.get_value(
		reviews.REVIEW,
		{
			"reference_doctype": doc.doctype,
			"reference_name": doc.name,
			"docstatus": 0,
			"out_of_date": 0,
			"change_notice": ("is", "not set"),
		},
	)
	if review:
		refresh(review)
	elif doc.docstatus == 0:
		capacity.compute(doc)


def assess(review_name: str, content_hash: str, possible: str | None, countermeasure: str) -> Document:
	"""Let PMC answer with the date by which all of it can be delivered, signed (C8)."""
	user = frappe.session.user
	_refuse_without(user, {people_rules.PLANNING})
	doc, review = _open(review_name, content_hash)
	when = _date(possible)
	refuse_all(rules.assessment_refusals(when, countermeasure or "", dues(doc), getdate()))
	signing.in_hand()
	review.possible_date, review.countermeasure = when, countermeasure
	review.assessed_by, review.assessed_by_name = user, people.full_name(user)
	review.assessed_on = now_datetime()
	review.answer_goods, review.answered_in = capacity.goods_of(doc), None
	with moving(review):
		# As in refresh.
		review.save(ignore_permissions=True)
	signing.sign(review, ASSESSED, people_rules.PLANNING, comment=countermeasure, shown_hash=content_hash)
	notify.tell(
		[review.prepared_by],
		_("PMC answers {0}: all of it can be delivered by {1}").format(review.reference_name, when),
		review,
	)
	return review


def agree(review_name: str, content_hash: str, agreed: str | None, customer_answer: str) -> Document:
	"""Let Sales record the date agreed with the customer, and what the customer answered, signed (C8)."""
	user = frappe.session.user
	role = _refuse_without(user, set(reviews.PREPARERS))
	doc, review = _open(review_name, content_hash)
	when = _date(agreed)
	refuse_all(rules.agreement_refusals(answer(review), when, customer_answer or ""))
	signing.in_hand()
	review.agreed_date, review.customer_answer = when, customer_answer
	review.agreed_by, review.agreed_by_name = user, people.full_name(user)
	review.agreed_on = now_datetime()
	review.answer_goods = capacity.goods_of(doc)
	with moving(review):
		# As in refresh.
		review.save(ignore_permissions=True)
	signing.sign(review, AGREED, role, comment=customer_answer, shown_hash=content_hash)
	notify.tell(
		people.holders(people_rules.PLANNING),
		_("{0}: {1} is agreed with the customer").format(review.reference_name, when),
		review,
	)
	return review


def before_approval(review: Document, doc: Document) -> list[review_rules.Refusal]:
	"""Return what of C8 stands against the approval of a review."""
	verdict = reviews.overrides_of(review).get(CAPACITY) or next(
		(Verdict(c.computed) for c in review.criteria if c.criterion == CAPACITY), Verdict.UNKNOWN
	)
	needed = bool(review.by_forecast) and verdict is not Verdict.MET
	return rules.approval_refusals(needed, answer(review), dues(doc))


def answer(review: Document) -> rules.Answer:
	"""Return the dates that a review holds."""
	return rules.Answer(
		getdate(review.possible_date) if review.possible_date else None,
		getdate(review.agreed_date) if review.agreed_date else None,
	)


def dues(doc: Document) -> list[date]:
	"""Return the dates by which the goods of a contract are due."""
	return [due for _code, _quantity, due in facts.goods_rows(doc) if due]


def may_refresh(user: str) -> bool:
	"""Return whether a user may have a forecast computed: PMC, and who prepares reviews."""
	return people_rules.PLANNING in people.own_roles(user) or reviews.may_prepare(user)


def refuse_all(refusals: list[review_rules.Refusal]) -> None:
	"""Refuse if anything stands against it."""
	if refusals:
		refuse(refusals)


def _open(review_name: str, content_hash: str | None = None) -> tuple[Document, Document]:
	"""Return contract and open review, both locked, of which the person saw what they are now."""
	review = frappe.get_doc(reviews.REVIEW, review_name)
	people.check_readable(review)
	doc, canonical = reviews.live_contract(review)
	review = frappe.get_doc(reviews.REVIEW, review_name, for_update=True)
	reviews.refuse_closed_or_changed(review, canonical)
	if content_hash is not None and content_hash != review.fingerprint:
		refuse_one(
			"C12", mark("The review has changed since it was shown to you. Reload it and decide again.")
		)
	return doc, review


def _refuse_without(user: str, roles: set[str]) -> str:
	"""Return the highest of the roles in which somebody answers; refuse who holds none."""
	held = people.own_roles(user) & roles
	if not held or not people.is_present(user):
		refuse_one("C8", mark("This is answered by a person with the role {0}."), ", ".join(sorted(roles)))
	return max(sorted(held), key=lambda r: people_rules.AUTHORITY_RANK.get(r, 0))


def _refuse_strangers(user: str) -> None:
	if not may_refresh(user):
		refuse_one(
			"C8",
			mark("The forecast is refreshed by PMC or Sales: the role {0} is needed."),
			people_rules.PLANNING,
		)


def _date(value: str | None) -> date | None:
	try:
		return getdate(value) if value else None
	except Exception:
		refuse_one("C8", mark("This is no date: {0}."), str(value))
