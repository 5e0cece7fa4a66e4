"""Workflows that put decisions into the ERP inbox, generated from the routing table (L3, C3, C4, C9).

A workflow shows and notifies. Whether a step is allowed is decided in contract/decide.py, whatever is done to
the workflow.
"""

from typing import Any

import frappe

from qms_customer.contract import states as s
from qms_customer.contract.settings import departments
from qms_customer.rules.people import (
	AUDITOR,
	BUSINESS_MANAGER,
	FINANCE,
	GENERAL_MANAGER,
	MANAGEMENT_REPRESENTATIVE,
	PLANNING,
	PRODUCTION,
	QUALITY,
	RND,
	ROLES,
	SALES_USER,
	SALES_VP,
	SERVICE,
)

STATES = {
	s.IN_REVIEW: "Primary",
	s.PENDING_APPROVAL: "Warning",
	s.RETURNED: "Warning",
	s.OUT_OF_DATE: "Danger",
	s.APPROVED: "Success",
	s.REJECTED: "Danger",
	s.SUPERSEDED: "",
	s.AWAITING_OPINION: "Warning",
	s.OPINION_GIVEN: "Success",
	s.OPINION_CLOSED: "",
	s.PENDING_AUTHORISATION: "Warning",
	s.AUTHORISED: "Success",
	s.REFUSED: "Danger",
	s.NOTICE_DRAFT: "",
	s.NOTICE_CONFIRMING: "Warning",
	s.NOTICE_REVIEW: "Primary",
	s.NOTICE_PENDING: "Warning",
	s.NOTICE_APPLIED: "Success",
	s.NOTICE_REJECTED: "Danger",
	s.NOTICE_WITHDRAWN: "",
	s.AWAITING_ACKNOWLEDGEMENT: "Warning",
	s.ACKNOWLEDGED: "Success",
	s.PRODUCTION_PASSED: "Warning",
	s.PRODUCTION_RELEASED: "Success",
	s.PRODUCTION_WITHDRAWN: "",
	s.RETURN_DRAFT: "",
	s.RETURN_TESTING: "Primary",
	s.RETURN_EXPLAINING: "Warning",
	s.RETURN_PENDING: "Warning",
	s.RETURN_ROUTING: "Warning",
	s.RETURN_AWAITED: "Primary",
	s.RETURN_DESTROYING: "Primary",
	s.RETURN_QUARANTINED: "Danger",
	s.RETURN_SETTLING: "Warning",
	s.RETURN_CLOSED: "Success",
	s.RETURN_REJECTED: "Danger",
	s.RETURN_WITHDRAWN: "",
	s.COMPLAINT_INVESTIGATING: "Warning",
	s.COMPLAINT_ACTING: "Warning",
	s.COMPLAINT_REPLYING: "Warning",
	s.COMPLAINT_VERIFYING: "Primary",
	s.COMPLAINT_CLOSING: "Primary",
	s.COMPLAINT_CLOSED: "Success",
	s.FEEDBACK_TO_ASSESS: "Warning",
	s.FEEDBACK_TO_ANSWER: "Primary",
	s.FEEDBACK_CLOSED: "Success",
	s.COMPLAINT_OPENED: "Danger",
}
ACTIONS = (
	*(s.APPROVE, s.REJECT, s.RETURN, s.SUBMIT_OPINION, s.RE_AFFIRM, s.AUTHORISE, s.REFUSE),
	*(s.ACKNOWLEDGE, s.RELEASE, s.CLOSE_COMPLAINT, s.ASSESS),
)


def sync_workflows() -> None:
	"""Create or update the workflows so that they follow the settings; does nothing before the fixtures are
	there.
	"""
	if frappe.db.count("Workflow State", {"name": ("in", list(STATES))}) < len(STATES):
		return
	if frappe.db.count("Workflow Action Master", {"name": ("in", ACTIONS)}) < len(ACTIONS):
		return
	_sync("Contract Review", *_review())
	_sync("Contract Review Opinion", *_opinion())
	_sync("Delivery Authorisation", *_authorisation())
	_sync("Contract Change Notice", *_notice())
	_sync("Change Acknowledgement", *_acknowledgement())
	_sync("Production Notice", *_production_notice())
	_sync("Return Slip", *_return_slip())
	_sync("Customer Complaint", *_complaint())
	_sync("Customer Feedback", *_feedback())


def remove_workflows() -> None:
	"""Delete the workflows; states and actions may serve others and stay."""
	for doctype in (
		"Contract Review",
		"Contract Review Opinion",
		"Delivery Authorisation",
		"Contract Change Notice",
		"Change Acknowledgement",
		"Production Notice",
		"Return Slip",
		"Customer Complaint",
		"Customer Feedback",
	):
		frappe.delete_doc(
			"Workflow", f"QMS {doctype}", force=True, ignore_permissions=True, ignore_missing=True
		)


def _review() -> tuple[list[dict], list[dict]]:
	states = [
		_state(state, docstatus, role)
		for state, docstatus in (
			(s.IN_REVIEW, 0),
			(s.PENDING_APPROVAL, 0),
			(s.RETURNED, 0),
			(s.OUT_OF_DATE, 0),
			(s.APPROVED, 1),
			(s.REJECTED, 1),
			(s.SUPERSEDED, 1),
		)
		for role in (SALES_USER, BUSINESS_MANAGER)
	]
	transitions = []
	for role, condition in (
		(SALES_VP, f"doc.approver_role == '{SALES_VP}'"),
		(GENERAL_MANAGER, ""),
	):
		for action, target in ((s.APPROVE, s.APPROVED), (s.REJECT, s.REJECTED), (s.RETURN, s.RETURNED)):
			transitions.append(_transition(s.PENDING_APPROVAL, action, target, role, condition))
	return states, transitions


def _opinion() -> tuple[list[dict], list[dict]]:
	routing = departments()
	roles = list(dict.fromkeys(d.role for d in routing)) or [SERVICE]
	states = [
		_state(state, docstatus, role)
		for state, docstatus in ((s.AWAITING_OPINION, 0), (s.OPINION_GIVEN, 1), (s.OPINION_CLOSED, 1))
		for role in roles
	]
	for row in states:
		# Its list says "Overdue" in place of the state, once it is.
		row["avoid_status_override"] = int(row["state"] == s.AWAITING_OPINION)
	transitions = []
	for d in routing:
		condition = f"doc.department == {d.name!r}"
		transitions.append(
			_transition(s.AWAITING_OPINION, s.SUBMIT_OPINION, s.OPINION_GIVEN, d.role, condition)
		)
		transitions.append(
			_transition(
				s.AWAITING_OPINION, s.RE_AFFIRM, s.OPINION_GIVEN, d.role, f"{condition} and doc.may_re_affirm"
			)
		)
	return states, transitions


def _authorisation() -> tuple[list[dict], list[dict]]:
	roles = (BUSINESS_MANAGER, SALES_VP, GENERAL_MANAGER)
	states = [
		_state(state, docstatus, BUSINESS_MANAGER)
		for state, docstatus in ((s.PENDING_AUTHORISATION, 0), (s.AUTHORISED, 1), (s.REFUSED, 1))
	]
	transitions = [
		_transition(s.PENDING_AUTHORISATION, action, target, role, "")
		for role in roles
		for action, target in ((s.AUTHORISE, s.AUTHORISED), (s.REFUSE, s.REFUSED))
	]
	return states, transitions


def _notice() -> tuple[list[dict], list[dict]]:
	states = [
		_state(state, docstatus, role)
		for state, docstatus in (
			*((state, 0) for state in s.NOTICE_OPEN),
			(s.NOTICE_APPLIED, 1),
			(s.NOTICE_REJECTED, 1),
			(s.NOTICE_WITHDRAWN, 1),
		)
		for role in (SALES_USER, BUSINESS_MANAGER, SALES_VP, GENERAL_MANAGER)
	]
	transitions = [
		_transition(s.NOTICE_PENDING, action, target, role, "")
		for role in (BUSINESS_MANAGER, SALES_VP, GENERAL_MANAGER)
		for action, target in (
			(s.APPROVE, s.NOTICE_APPLIED),
			(s.REJECT, s.NOTICE_REJECTED),
			(s.RETURN, s.NOTICE_DRAFT),
		)
	]
	return states, transitions


def _acknowledgement() -> tuple[list[dict], list[dict]]:
	# Finance reviews nothing, and so stands in no routing table.
	roles = list(dict.fromkeys([*(d.role for d in departments()), FINANCE]))
	states = [
		_state(state, docstatus, role)
		for state, docstatus in ((s.AWAITING_ACKNOWLEDGEMENT, 0), (s.ACKNOWLEDGED, 1))
		for role in roles
	]
	for row in states:
		# Its list says "Overdue" in place of the state, once it is.
		row["avoid_status_override"] = int(row["state"] == s.AWAITING_ACKNOWLEDGEMENT)
	transitions = [
		_transition(
			s.AWAITING_ACKNOWLEDGEMENT,
			s.ACKNOWLEDGE,
			s.ACKNOWLEDGED,
			role,
			f"doc.department_role == {role!r}",
		)
		for role in roles
	]
	return states, transitions


def _production_notice() -> tuple[list[dict], list[dict]]:
	# Who may edit a state is one role for Frappe: PMC and Technology hold rows of their own.
	states = [
		_state(state, docstatus, role)
		for state, docstatus in (
			(s.PRODUCTION_PASSED, 0),
			(s.PRODUCTION_RELEASED, 1),
			(s.PRODUCTION_WITHDRAWN, 1),
		)
		for role in (PRODUCTION, PLANNING, RND)
	]
	return states, [_transition(s.PRODUCTION_PASSED, s.RELEASE, s.PRODUCTION_RELEASED, PRODUCTION, "")]


def _return_slip() -> tuple[list[dict], list[dict]]:
	closed = (*s.RETURN_APPROVED, s.RETURN_REJECTED, s.RETURN_WITHDRAWN)
	states = [
		_state(state, docstatus, role)
		for state, docstatus in (*((one, 0) for one in s.RETURN_OPEN), *((one, 1) for one in closed))
		for role in (SALES_USER, BUSINESS_MANAGER, SERVICE, QUALITY)
	]
	transitions = [
		_transition(s.RETURN_PENDING, action, target, role, condition)
		for role, condition in ((BUSINESS_MANAGER, ""), (GENERAL_MANAGER, "doc.is_bulk"))
		for action, target in ((s.APPROVE, s.RETURN_ROUTING), (s.REJECT, s.RETURN_REJECTED))
	]
	return states, transitions


def _complaint() -> tuple[list[dict], list[dict]]:
	# One that was closed stays submitted when it is opened again.
	states = [
		_state(state, docstatus, role)
		for state, docstatus in (*((one, 0) for one in s.COMPLAINT_OPEN), (s.COMPLAINT_CLOSED, 1))
		for role in (QUALITY, SERVICE, SALES_USER, BUSINESS_MANAGER)
	]
	transitions = [
		_transition(s.COMPLAINT_CLOSING, s.CLOSE_COMPLAINT, s.COMPLAINT_CLOSED, role, "")
		for role in (QUALITY, MANAGEMENT_REPRESENTATIVE)
	]
	return states, transitions


def _feedback() -> tuple[list[dict], list[dict]]:
	# Whoever hears something records it (H1).
	open_ones, closed = (s.FEEDBACK_TO_ASSESS, s.FEEDBACK_TO_ANSWER), (s.FEEDBACK_CLOSED, s.COMPLAINT_OPENED)
	states = [
		_state(state, docstatus, role)
		for state, docstatus in (*((one, 0) for one in open_ones), *((one, 1) for one in closed))
		for role in ROLES
		if role != AUDITOR
	]
	for row in states:
		# Its list says "Overdue" in place of the state, once it is.
		row["avoid_status_override"] = int(row["state"] == s.FEEDBACK_TO_ASSESS)
	transitions = [
		# H2: whoever it is about is not offered it either.
		_transition(
			s.FEEDBACK_TO_ASSESS,
			s.ASSESS,
			s.FEEDBACK_TO_ANSWER,
			role,
			"doc.concerned_user != frappe.session.user",
		)
		for role in (SERVICE, QUALITY, MANAGEMENT_REPRESENTATIVE)
	]
	return states, transitions


def _state(state: str, docstatus: int, role: str) -> dict[str, Any]:
	return {"state": state, "doc_status": str(docstatus), "allow_edit": role}


def _transition(state: str, action: str, target: str, role: str, condition: str) -> dict[str, Any]:
	return {
		"state": state,
		"action": action,
		"next_state": target,
		"allowed": role,
		"allow_self_approval": 1,
		"condition": condition,
	}


def _sync(doctype: str, states: list[dict], transitions: list[dict]) -> None:
	name = f"QMS {doctype}"
	workflow = (
		frappe.get_doc("Workflow", name) if frappe.db.exists("Workflow", name) else frappe.new_doc("Workflow")
	)
	wanted = {
		"workflow_name": name,
		"document_type": doctype,
		"workflow_state_field": "workflow_state",
		"is_active": 1,
		# Who is asked is told by ToDo and notification; the link in a workflow e-mail decides nothing of
		# ours.
		"send_email_alert": 0,
		"override_status": 0,
	}
	if not workflow.is_new() and _same(workflow, wanted, states, transitions):
		return
	workflow.update(wanted)
	workflow.set("states", states)
	workflow.set("transitions", transitions)
	# Generated by install, migrate, or a change of settings whose author was checked.
	workflow.save(ignore_permissions=True)


def _same(workflow: Any, wanted: dict, states: list[dict], transitions: list[dict]) -> bool:
	def rows(table: str, wanted_rows: list[dict]) -> bool:
		return [
			{k: str(r.get(k) or "") for k in w}
			for r, w in zip(workflow.get(table), wanted_rows, strict=False)
		] == [{k: str(v or "") for k, v in w.items()} for w in wanted_rows] and len(
			workflow.get(table)
		) == len(wanted_rows)

	return (
		all(str(workflow.get(k)) == str(v) for k, v in wanted.items())
		and rows("states", states)
		and rows("transitions", transitions)
	)
