"""Feedback that requirements change feeds contract changes, reviews and design (H9, E1, C7).

Those responsible are asked: who has open contracts with the customer, and R&D where the law or the design is
concerned. Until somebody has signed how it was taken up, the reviews of the customer and the product show it,
and the feedback is not closed.
"""

from collections.abc import Iterable
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document

from qms_customer.contract import notices, notify, people, states
from qms_customer.feedback import intake, record
from qms_customer.messages import refuse, refuse_one
from qms_customer.records import signing
from qms_customer.records.completeness import refuse_incomplete
from qms_customer.returns import opened
from qms_customer.rules import feedback as rules
from qms_customer.rules import mark
from qms_customer.rules.people import BUSINESS_MANAGER, RND

# K3: what the signature means.
TAKEN_UP = mark("Changed Requirement Taken Up")
ORDER, NOTICE, REVIEW = "Sales Order", "Contract Change Notice", "Contract Review"
# Of these contracts nothing more is owed.
ENDED = ("Completed", "Closed", "Cancelled")


def waits(feedback: Document) -> bool:
	"""Return whether a changed requirement was not taken up yet (H9)."""
	return (
		feedback.workflow_state == states.FEEDBACK_TO_ANSWER
		and feedback.nature == rules.REQUIREMENT
		and not feedback.taken_up_on
	)


def responsible(feedback: Document) -> list[str]:
	"""Return who takes a changed requirement up, or passes it on (H9, L3): R&D where the law or the design is
	concerned, and who has open contracts with the customer, else the business manager.
	"""
	found = []
	if feedback.requirement != rules.CONTRACT:
		found += people.holders(RND)
	if feedback.requirement == rules.CONTRACT or feedback.customer:
		found += [user for user in _sellers(feedback.customer) if people.is_enabled_person(user)] or (
			people.holders(BUSINESS_MANAGER)
		)
	return [user for user in dict.fromkeys(found) if user != feedback.concerned_user]


def ask(feedback: Document) -> None:
	"""Put a changed requirement into the inbox of who takes it up (H9, L3)."""
	text = _("Take up the changed requirement {0}: change notice, review or design").format(feedback.name)
	notify.assign(feedback, responsible(feedback), text)


def make_notice(name: str, order: str) -> Document:
	"""Make the change notice of an order that a changed requirement asks for, and return it (E1, H9)."""
	feedback = intake.readable(name)
	if not waits(feedback):
		refuse_one("H9", mark("{0} is no changed requirement that waits to be taken up."), feedback.name)
	doc = frappe.get_doc(ORDER, order)
	doc.check_permission("read")
	if feedback.customer and doc.customer != feedback.customer:
		refuse_one("H9", mark("{0} is no contract of {1}."), order, feedback.customer_name)
	text = f"{feedback.name}: {feedback.details or feedback.subject}"
	return notices.make(doc, "Change", reason=text, feedback=feedback.name)


def take_up(name: str, content_hash: str, how: str, reference: str, comment: str) -> Document:
	"""Sign how a changed requirement was taken up; returns the feedback (H9, C12).

	`reference`: the change notice or the review. What concerns the law or the design R&D takes up.
	"""
	feedback = intake.locked(name, content_hash)
	if not waits(feedback):
		refuse_one("H9", mark("{0} is no changed requirement that waits to be taken up."), feedback.name)
	intake.refuse_concerned(feedback, "H2", mark("The feedback is about you: somebody else answers it."))
	role = opened.require_role(
		"H9", mark("This requirement is taken up by: {0}."), rules.taken_up_by(feedback.requirement or "")
	)
	doctype = {rules.BY_NOTICE: NOTICE, rules.BY_REVIEW: REVIEW}.get(how, "")
	found = rules.taken_up_refusals(
		how, _fits(doctype, reference or "", feedback), comment or "", frappe.session.user
	)
	if found:
		refuse(found)
	signing.in_hand()
	user = frappe.session.user
	feedback.update(
		{
			"taken_up_how": how,
			"taken_up_doctype": doctype or None,
			"taken_up_name": reference if doctype else None,
			"taken_up_comment": comment,
			"taken_up_by": user,
			"taken_up_by_name": people.full_name(user),
			"taken_up_on": frappe.utils.now_datetime(),
		}
	)
	refuse_incomplete(feedback)
	opened.save(feedback)
	signing.sign(feedback, TAKEN_UP, role, comment=comment, shown_hash=content_hash)
	record.ask(feedback)
	return feedback


def open_of(customer: str | None, items: Iterable[str]) -> list[frappe._dict]:
	"""Return the changed requirements of a customer, and of products by law or design, that nobody has taken
	up; one query, with the permissions of who asks (H9, C7).
	"""
	items = sorted({one for one in items if one})
	about: list[list[Any]] = [["item_code", "in", items]] if items else []
	about += [["customer", "=", customer]] if customer else []
	if not about or not frappe.has_permission(intake.DOCTYPE, "read"):
		return []
	found = frappe.get_list(
		intake.DOCTYPE,
		filters={
			"nature": rules.REQUIREMENT,
			"workflow_state": states.FEEDBACK_TO_ANSWER,
			"taken_up_on": ("is", "not set"),
		},
		or_filters=about,
		fields=["name", "subject", "received_on", "requirement", "customer", "item_code"],
		order_by="received_on, name",
		limit_page_length=50,
	)
	return [
		one
		for one in found
		if one.customer == customer or not one.customer or one.requirement != rules.CONTRACT
	]


def of_contract(doc: Document) -> list[frappe._dict]:
	"""Return what `open_of` finds for a contract document (H9, C7)."""
	customer = doc.get("customer") or (doc.get("party_name") if doc.get("quotation_to") == "Customer" else "")
	return open_of(customer, (row.get("item_code") for row in doc.get("items") or ()))


def notices_of(feedback: Document) -> list[str]:
	"""Return the change notices made of a changed requirement that the user may read; one query."""
	if not frappe.has_permission(NOTICE, "read"):
		return []
	return frappe.get_list(NOTICE, {"feedback": feedback.name}, pluck="name", order_by="creation")


def orders_of(customer: str | None) -> list[str]:
	"""Return the open contracts of a customer that the user may read; one query."""
	if not customer or not frappe.has_permission(ORDER, "read"):
		return []
	return frappe.get_list(
		ORDER,
		{"customer": customer, "docstatus": 1, "status": ("not in", ENDED)},
		pluck="name",
		order_by="transaction_date desc, name desc",
		limit_page_length=50,
	)


def _sellers(customer: str | None) -> list[str]:
	"""Who wrote the open contracts of a customer; one query."""
	if not customer:
		return []
	return frappe.get_all(
		ORDER,
		{"customer": customer, "docstatus": 1, "status": ("not in", ENDED)},
		pluck="owner",
		distinct=True,
		order_by="owner",
	)


def _fits(doctype: str, name: str, feedback: Document) -> bool:
	"""Whether the document by which it was taken up is there, readable, and of this customer."""
	if not doctype:
		return True
	if not name or not frappe.db.exists(doctype, name):
		return False
	doc = frappe.get_doc(doctype, name)
	people.check_readable(doc)
	return not feedback.customer or doc.customer == feedback.customer
