"""Feedback in a person's hands: locked, as it was shown (C12). Its steps are written as a return slip's
are.
"""

import frappe
from frappe.model.document import Document
from frappe.utils import cint

from qms_customer.contract import people
from qms_customer.contract.settings import settings
from qms_customer.messages import refuse_one
from qms_customer.returns import opened
from qms_customer.rules import feedback as rules
from qms_customer.rules import mark
from qms_customer.rules.people import AUDITOR, MANAGEMENT_REPRESENTATIVE, QUALITY, ROLES, SERVICE

DOCTYPE = "Customer Feedback"
# H1: whoever of ours hears something records it.
RECORDERS = tuple(role for role in ROLES if role != AUDITOR)
# H2: who assesses it.
ASSESSORS = (SERVICE, QUALITY, MANAGEMENT_REPRESENTATIVE)


def days() -> int:
	"""Return within how many business days feedback is assessed, and answered (H2, A10, L3)."""
	return cint(settings().get("feedback_days")) or rules.DAYS


def readable(name: str) -> Document:
	"""Return feedback; who may not read it is refused (L1)."""
	feedback = frappe.get_doc(DOCTYPE, name)
	people.check_readable(feedback)
	return feedback


def refuse_concerned(feedback: Document, rule: str, message: str) -> None:
	"""Refuse a step of whom the feedback is about (H2); `message` is marked for translation."""
	if feedback.concerned_user and feedback.concerned_user == frappe.session.user:
		refuse_one(rule, message)


def locked(name: str, content_hash: str) -> Document:
	"""Lock feedback and return it if it is still what was shown; who may not read it is refused (C12, L1)."""
	readable(name)
	feedback = frappe.get_doc(DOCTYPE, name, for_update=True)
	if content_hash != opened.shown_hash(feedback):
		refuse_one(
			"C12", mark("The feedback has changed since it was shown to you. Reload it and do it again.")
		)
	return feedback
