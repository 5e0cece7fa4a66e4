"""A complaint in a person's hands: locked, as it was shown, and not closed (C12, H5, K3).

What moves a record of any kind, its hash, its saving, is that of returns/opened.py.
"""

from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import cint, getdate, now_datetime

from qms_customer.contract import people
from qms_customer.contract.settings import settings
from qms_customer.feedback import standing
from qms_customer.messages import refuse, refuse_one
from qms_customer.returns import opened
from qms_customer.rules import complaint as rules
from qms_customer.rules import complaint_age, mark
from qms_customer.rules.people import BUSINESS_MANAGER, QUALITY, RND, SALES_USER, SERVICE

DOCTYPE = "Customer Complaint"
# Who talks with the customer, who investigates, the strongest last.
SPEAKERS = (SERVICE, SALES_USER, BUSINESS_MANAGER, QUALITY)
INVESTIGATORS = (RND, QUALITY)


def days() -> int:
	"""Return within how many calendar days a complaint is to be closed, our own target (H5, L3)."""
	return cint(settings().get("complaint_due_days")) or rules.DAYS


def step_days() -> int:
	"""Return after how many business days at one step a complaint is overdue there (L3)."""
	return cint(settings().get("complaint_step_days")) or complaint_age.STEP_DAYS


def readable(name: str) -> Document:
	"""Return a complaint; who may not read it is refused (L1)."""
	doc = frappe.get_doc(DOCTYPE, name)
	people.check_readable(doc)
	return doc


def locked(name: str, content_hash: str) -> Document:
	"""Lock a complaint and return it if it is still what was shown; who may not read it is refused (C12,
	L1).
	"""
	doc = frappe.get_doc(DOCTYPE, name, for_update=True)
	people.check_readable(doc)
	if concerned(doc) == frappe.session.user:
		refuse_one("H2", mark("The complaint is about you: somebody else handles it."))
	if content_hash != opened.shown_hash(doc):
		refuse_one(
			"C12", mark("The complaint has changed since it was shown to you. Reload it and do it again.")
		)
	return doc


def open_one(name: str, content_hash: str, *at: str, rule: str = "H3") -> Document:
	"""Return, as `locked`, a complaint of which nobody has signed the closing; `at`: its step (H5).

	Once somebody has, an entry needs that it is opened again, with a reason: nobody has signed something
	else.
	"""
	doc = locked(name, content_hash)
	if standing.closings(doc):
		if found := rules.reopening_refusals(doc.workflow_state == rules.CLOSED, ""):
			refuse(found)
		refuse_one("H5", mark("The closing is signed already. Open the complaint again first."))
	if at:
		opened.require_state(doc, rule, *at)
	return doc


def concerned(doc: Document) -> str:
	"""Return whom a complaint is about, "" if it is about nobody of ours; one query (H2, C12)."""
	if not doc.feedback:
		return ""
	return frappe.db.get_value("Customer Feedback", doc.feedback, "concerned_user") or ""


def require_quality() -> str:
	"""Return Quality's role; refuse who does not hold it (L1)."""
	return opened.require_role("H3", mark("Complaints are handled by: {0}."), (QUALITY,))


def signed_now(prefix: str) -> dict[str, Any]:
	"""Return who does something now, as `prefix`_by, _by_name and _on."""
	user = frappe.session.user
	return {
		f"{prefix}_by": user,
		f"{prefix}_by_name": people.full_name(user),
		f"{prefix}_on": now_datetime(),
	}


def day(value: Any) -> Any:
	"""Return a date that a form sent, None if it is empty; what is no date is refused (K3)."""
	try:
		return getdate(value) if value else None
	except Exception:
		refuse_one("K3", mark("This is no date: {0}."), str(value))
