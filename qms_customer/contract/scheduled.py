"""Daily: unused approvals are withdrawn when they expire or the class rises (B4); what is overdue goes up
(L3).
"""

import frappe
from frappe import _
from frappe.utils import nowdate

from qms_customer.contract import (
	approved,
	authorise,
	capacity,
	escalation,
	facts,
	notices,
	notify,
	reviews,
	states,
)
from qms_customer.feedback import advisory
from qms_customer.records.token import moving
from qms_customer.returns import approval, opened
from qms_customer.rules import mark
from qms_customer.rules.classification import Path, has_risen
from qms_customer.rules.people import BUSINESS_MANAGER, GENERAL_MANAGER, MANAGEMENT_REPRESENTATIVE


def recheck_approvals() -> None:
	"""Withdraw approvals of drafts that expired or whose class has risen, and tell who prepared them (B4).

	Idempotent; one contract that fails is logged and does not stop the rest.
	"""
	rows = frappe.get_all(
		approved.DOCTYPE,
		filters={"withdrawn": 0, "source_doctype": reviews.REVIEW},
		fields=["name", "reference_doctype", "reference_name", "source_name", "valid_until", "review_path"],
	)
	by_doctype: dict[str, list] = {}
	for row in rows:
		by_doctype.setdefault(row.reference_doctype, []).append(row)
	for doctype, candidates in by_doctype.items():
		drafts = set(
			frappe.get_all(
				doctype,
				filters={"name": ("in", [r.reference_name for r in candidates]), "docstatus": 0},
				pluck="name",
			)
		)
		for row in candidates:
			if row.reference_name in drafts:
				_recheck(row)


def _recheck(row: frappe._dict) -> None:
	frappe.db.savepoint("qms_recheck")
	try:
		reason = _reason(row)
		if not reason:
			return
		approved.withdraw(row.name, reason)
		review = frappe.get_doc(reviews.REVIEW, row.source_name)
		with moving(review, mark("Withdrawn")):
			review.db_set({"withdrawn": 1, "withdrawn_reason": reason})
		frappe.db.set_value(
			row.reference_doctype, row.reference_name, "qms_review_status", "Withdrawn", update_modified=False
		)
		notify.tell([review.prepared_by, review.decided_by], f"{row.reference_name}: {reason}", review)
	except Exception:
		frappe.db.rollback(save_point="qms_recheck")
		frappe.log_error(title=_("Approval of {0} could not be re-checked").format(row.reference_name))


def _reason(row: frappe._dict) -> str:
	if not approved.is_valid(row):
		return _("The approval was valid until {0} and was not used.").format(row.valid_until)
	doc = frappe.get_doc(row.reference_doctype, row.reference_name)
	review = frappe.get_doc(reviews.REVIEW, row.source_name)
	# An approval does not lapse because nobody refreshed a forecast.
	capacity.keep_fresh(doc)
	now = facts.evaluate(doc, reviews.overrides_of(review))
	if has_risen(Path(row.review_path), now.path):
		return _("The contract needs more scrutiny now: {0} instead of {1}.").format(
			_(now.path.value), _(row.review_path)
		)
	return ""


def remind_overdue() -> None:
	"""Tell who is waited for, and those above, about overdue opinions, decisions, actions and authorisations
	(L3): once a day at most for each document and person, however often it runs.
	"""
	escalation.escalate()


def assign_to_delegates() -> None:
	"""Put what waits for a manager into the inbox of the delegate whose period has begun (L2, L3).

	Idempotent: nobody is asked twice; one delegation that fails is logged and does not stop the rest.
	"""
	today = nowdate()
	for delegation in frappe.get_all(
		"Approval Delegation",
		filters={"docstatus": 1, "from_date": ("<=", today), "to_date": (">=", today)},
		fields=["name", "role", "delegate"],
	):
		frappe.db.savepoint("qms_delegate")
		try:
			assign_to_delegate(delegation.role, delegation.delegate)
		except Exception:
			frappe.db.rollback(save_point="qms_delegate")
			frappe.log_error(title=f"What waits for {delegation.role} was not assigned: {delegation.name}")


def assign_to_delegate(role: str, delegate: str) -> None:
	"""Ask a delegate, whose period has begun, to decide what waits for a role (L2, L3, C12)."""
	asked = set(
		frappe.get_all(
			"ToDo",
			filters={
				"allocated_to": delegate,
				"reference_type": (
					"in",
					(reviews.REVIEW, authorise.DOCTYPE, notices.DOCTYPE, opened.DOCTYPE, advisory.DOCTYPE),
				),
			},
			pluck="reference_name",
		)
	)
	# A review whose own authority is excluded falls to the general manager, and so to the delegate.
	waiting = {"docstatus": 0, "workflow_state": states.PENDING_APPROVAL, "approver_role": role}
	if role == GENERAL_MANAGER:
		waiting.pop("approver_role")
	for name in frappe.get_all(reviews.REVIEW, filters=waiting, pluck="name", order_by="creation"):
		review = frappe.get_doc(reviews.REVIEW, name)
		if name not in asked and delegate in reviews.who_decides(review):
			reviews.ask_to_decide(review, [delegate])
	changes = {"docstatus": 0, "workflow_state": states.NOTICE_PENDING}
	for name in frappe.get_all(notices.DOCTYPE, filters=changes, pluck="name", order_by="creation"):
		notice = frappe.get_doc(notices.DOCTYPE, name)
		if name not in asked and delegate in notices.who_decides(notice):
			notices.ask_to_decide(notice, [delegate])
	returned = {"docstatus": 0, "workflow_state": states.RETURN_PENDING}
	for name in frappe.get_all(opened.DOCTYPE, filters=returned, pluck="name", order_by="creation"):
		slip = frappe.get_doc(opened.DOCTYPE, name)
		if name not in asked and delegate in approval.who_decides(slip):
			approval.ask_to_decide(slip, [delegate])
	if role == MANAGEMENT_REPRESENTATIVE:
		advisory.ask_delegate(delegate, asked)
	if role != BUSINESS_MANAGER:
		return
	for name in frappe.get_all(
		authorise.DOCTYPE, filters={"docstatus": 0}, pluck="name", order_by="creation"
	):
		record = frappe.get_doc(authorise.DOCTYPE, name)
		if name not in asked and delegate in authorise.who_decides(record):
			notify.assign(record, [delegate], authorise.request_text(record))
