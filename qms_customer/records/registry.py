"""The documents that are records: each declares itself here, and nowhere else (K1-K4, L2).

A DocType named here is chained from its first recorded state on, protected with its attachments and comments,
completed before it is signed, corrected legibly, and verified.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from qms_customer.contract import states
from qms_customer.rules import forms

REVIEW, OPINION, ACTION = "Contract Review", "Contract Review Opinion", "Review Action"
DELEGATION, AUTHORISATION, SETTINGS = "Approval Delegation", "Delivery Authorisation", "QMS Customer Settings"
ALIAS = "Record Alias"
ADOPTION = "Contract Adoption"
NOTICE = "Contract Change Notice"
ACKNOWLEDGEMENT = "Change Acknowledgement"
REGISTER = "Contract Register Entry"
PRODUCTION_NOTICE = "Production Notice"
RETURN_SLIP = "Return Slip"
COMPLAINT = "Customer Complaint"
FEEDBACK = "Customer Feedback"
SWEEP_FINDING = "Contract Sweep Finding"
REPORTABILITY = "Reportability Decision"
COMPLAINT_SIGNAL = "Complaint Signal"
ADVISORY = "Advisory Notice Decision"
PATIENT_DATA, PATIENT_DATA_GRANT = "Patient Data", "Patient Data Grant"
PATIENT_DATA_ACCESS = "Patient Data Access"


def always(doc: Any) -> bool:
	"""A field that applies to every record of its type (K1)."""
	return True


@dataclass(frozen=True)
class States:
	"""Which workflow states follow from what a record says: from which `fields`, and by which function."""

	fields: tuple[str, ...]
	of: Callable[[Any], tuple[str, ...]]


def _of_review(doc: Any) -> tuple[str, ...]:
	if not doc.docstatus:
		return states.UNDECIDED
	closed = {"Approved": states.APPROVED, "Rejected": states.REJECTED, "Superseded": states.SUPERSEDED}
	return tuple(s for decision, s in closed.items() if decision == doc.decision)


def _of_opinion(doc: Any) -> tuple[str, ...]:
	if not doc.docstatus:
		return (states.AWAITING_OPINION,)
	return (states.OPINION_GIVEN if doc.given_by else states.OPINION_CLOSED,)


def _of_authorisation(doc: Any) -> tuple[str, ...]:
	if not doc.docstatus:
		return (states.PENDING_AUTHORISATION,)
	return (states.AUTHORISED if doc.decision == "Approved" else states.REFUSED,)


def _of_notice(doc: Any) -> tuple[str, ...]:
	if not doc.docstatus:
		return states.NOTICE_OPEN
	closed = {
		"Approved": states.NOTICE_APPLIED,
		"Rejected": states.NOTICE_REJECTED,
		"Withdrawn": states.NOTICE_WITHDRAWN,
	}
	return tuple(s for decision, s in closed.items() if decision == doc.decision)


def _of_acknowledgement(doc: Any) -> tuple[str, ...]:
	return (states.ACKNOWLEDGED if doc.docstatus else states.AWAITING_ACKNOWLEDGEMENT,)


def _of_production_notice(doc: Any) -> tuple[str, ...]:
	if not doc.docstatus:
		return (states.PRODUCTION_PASSED,)
	return (states.PRODUCTION_WITHDRAWN if int(doc.withdrawn or 0) else states.PRODUCTION_RELEASED,)


def _of_return_slip(doc: Any) -> tuple[str, ...]:
	if not doc.docstatus:
		return states.RETURN_OPEN
	closed = {
		"Approved": states.RETURN_APPROVED,
		"Rejected": (states.RETURN_REJECTED,),
		"Withdrawn": (states.RETURN_WITHDRAWN,),
		# G4: the sample is good and the customer keeps the goods.
		"Kept by the Customer": (states.RETURN_CLOSED,),
	}
	return closed.get(doc.decision, ())


def _of_complaint(doc: Any) -> tuple[str, ...]:
	if doc.closed_on:
		return (states.COMPLAINT_CLOSED,)
	# One that was closed stays submitted when it is opened again.
	return states.COMPLAINT_OPEN


def _of_feedback(doc: Any) -> tuple[str, ...]:
	complaint = doc.decision == "Complaint"
	if doc.docstatus:
		return (states.COMPLAINT_OPENED if complaint else states.FEEDBACK_CLOSED,)
	if not doc.decision:
		return (states.FEEDBACK_TO_ASSESS,)
	return () if complaint else (states.FEEDBACK_TO_ANSWER,)


@dataclass(frozen=True)
class RecordType:
	"""What is particular to a type of record.

	`bookkeeping`: fields, and "table.field", that count or point, and follow from other records; they are no
	content.
	`from_draft`: a draft is a record already, as it is made by a decision function; else from its submission.
	`complete`: K1: fields that a person fills in, or marks "/", before signing, each with when it applies.
	`correctable`: K2: fields, and "table.field", that are corrected legibly; a field that decides something
	is not among them, it is superseded by a new version.
	`files_from`: the field that says since when its files are kept, though nobody has signed it yet; all
	others are kept from the first signature on.
	`version`: the field that holds the record's version.
	`states`: the workflow states that its content allows, verified with it.
	`form`: K4: which form of the settings a record is printed as.
	"""

	bookkeeping: frozenset[str] = frozenset()
	from_draft: bool = True
	complete: Mapping[str, Callable[[Any], bool]] = field(default_factory=dict)
	correctable: frozenset[str] = frozenset()
	files_from: str = ""
	version: str = ""
	states: States | None = None
	form: Callable[[Any], str] = lambda doc: doc.doctype


RECORDS: dict[str, RecordType] = {
	REVIEW: RecordType(
		# The state follows from decision and opinions; the turn and the outstanding ones are counted.
		bookkeeping=frozenset({"workflow_state", "turn", "outstanding"}),
		complete={
			# C4: the outcome of a review that was convened may include a solution.
			"solution": lambda d: d.review_path == "Convened" and d.decision == "Approved",
			"decision_comment": always,
		},
		correctable=frozenset(
			{
				"solution",
				"decision_comment",
				"countermeasure",
				"customer_answer",
				"discrepancies.resolution",
				"confirmations.confirmed_by",
				"confirmations.method",
			}
		),
		version="review_version",
		states=States(("docstatus", "decision"), _of_review),
		# A class that is not known is not routine (B2).
		form=lambda d: forms.ROUTINE_REVIEW if d.contract_class == "Routine" else forms.NON_ROUTINE_REVIEW,
	),
	OPINION: RecordType(
		bookkeeping=frozenset({"workflow_state"}),
		complete={"comment": always},
		states=States(("docstatus", "given_by"), _of_opinion),
		correctable=frozenset({"comment", "answers.comment"}),
	),
	ACTION: RecordType(
		correctable=frozenset({"description", "evidence", "verification"}),
	),
	DELEGATION: RecordType(from_draft=False, complete={"reason": always}, correctable=frozenset({"reason"})),
	AUTHORISATION: RecordType(
		bookkeeping=frozenset({"workflow_state"}),
		complete={"decision_comment": always},
		correctable=frozenset({"explanation", "decision_comment"}),
		states=States(("docstatus", "decision"), _of_authorisation),
	),
	SETTINGS: RecordType(bookkeeping=frozenset({"change_reason"})),
	ADOPTION: RecordType(
		# How far its job is; the list, its counts and its hash are content.
		bookkeeping=frozenset(
			{"status", "expected", "looked_at", "cursor_doctype", "cursor_name", "heartbeat"}
		),
		complete={"decision_comment": lambda d: bool(d.signed_by)},
		correctable=frozenset({"reason", "decision_comment"}),
	),
	NOTICE: RecordType(
		# The turn is counted. How the customer was told is content: it is written with an event of its own.
		bookkeeping=frozenset({"workflow_state", "turn", "due_date"}),
		complete={"decision_comment": always},
		correctable=frozenset(
			{"reason", "decision_comment", "plan_comment", "confirmed_by", "call_record", "internal_record"}
		),
		states=States(("docstatus", "decision"), _of_notice),
	),
	ACKNOWLEDGEMENT: RecordType(
		bookkeeping=frozenset({"workflow_state"}),
		complete={"comment": always},
		correctable=frozenset({"comment"}),
		states=States(("docstatus",), _of_acknowledgement),
	),
	REGISTER: RecordType(
		# Where the contract stands, and what its documents say of it, is computed from them at any time;
		# number, signatures, hand-overs and what replaces a provisional contract are content.
		bookkeeping=frozenset(
			{
				"customer",
				"customer_name",
				"company",
				"currency",
				"amount",
				"contract_date",
				"delivery_date",
				"contract_form",
				"contract_class",
				"contract_review",
				"review_status",
				"register_state",
				"received_on",
				"review_started_on",
				"approved_on",
				"released_on",
				"production_on",
				"per_delivered",
				"delivery_started_on",
				"delivered_on",
				"per_billed",
				"payment_started_on",
				"paid_on",
				"closed_on",
				"cancelled_on",
				"changes",
				"returns",
				"complaints",
				"reminded_on",
			}
		),
		complete={
			"sign_comment": lambda d: bool(d.signed_by),
			"received_comment": lambda d: bool(d.received_by),
			"formal_comment": lambda d: bool(d.formal_by),
		},
		correctable=frozenset(
			{"sign_comment", "copy_place", "received_comment", "formal_reference", "formal_comment"}
		),
		form=lambda d: "Contract Register",
	),
	PRODUCTION_NOTICE: RecordType(
		# The turn counts the work orders that it let pass.
		bookkeeping=frozenset({"workflow_state", "turn"}),
		complete={
			name: lambda d: bool(d.released_by)
			for name in ("special_requirements", "packaging", "instructions", "release_comment")
		},
		correctable=frozenset(
			{"task", "instructions", "release_comment", "withdrawn_reason", "items.remarks", "designs.title"}
		),
		states=States(("docstatus", "withdrawn"), _of_production_notice),
	),
	RETURN_SLIP: RecordType(
		bookkeeping=frozenset(
			{"workflow_state", "turn", "reminded_on", "link_hash", "link_expires"}
			# Written by ERPNext when an inspection of the item is saved.
			| {"items.quality_inspection"}
		),
		complete={
			"decision_comment": always,
			"route_reason": lambda d: bool(d.route),
			"given_reason": lambda d: bool(d.given),
		},
		correctable=frozenset(
			{"claim_reason", "explanation", "decision_comment", "route_reason", "given_reason"}
			| {"items.reason_details"}
			| {
				"arrivals.difference",
				"dispositions.comment",
				"sample_tests.comment",
				"batch_measures.comment",
			}
		),
		# G1: photos of what is complained about are in front of whoever tests and approves.
		files_from="put_forward_on",
		states=States(("docstatus", "decision"), _of_return_slip),
	),
	COMPLAINT: RecordType(
		# K7: their masks; what is known of the patient is in Patient Data.
		bookkeeping=frozenset(
			{"workflow_state", "turn", "reminded_on"}
			| {"patient_reference", "patient_age", "patient_sex", "patient_details"}
		),
		complete={
			"actions_comment": always,
			"effectiveness_evidence": lambda d: bool(d.check_needed),
			"severity_reason": always,
		},
		correctable=frozenset(
			{"severity_reason", "investigation_results", "no_department", "why_not_known", "event_relation"}
			| {"no_investigation_reason", "no_investigation_comment", "actions_comment"}
			| {"effectiveness_evidence", "corrections.comment", "closings.comment", "reopenings.reason"}
		),
		# Photos of the device are in front of whoever investigates.
		files_from="received_on",
		states=States(("closed_on",), _of_complaint),
	),
	FEEDBACK: RecordType(
		bookkeeping=frozenset(
			{"workflow_state", "turn", "reminded_on"}
			# K7: their masks; what is known of the patient is in Patient Data.
			| {"patient_reference", "patient_age", "patient_sex", "patient_details"}
		),
		complete={
			"assessment_reason": lambda d: d.decision == "Not a Complaint",
			"answer": lambda d: bool(d.answered_by),
			"taken_up_comment": lambda d: bool(d.taken_up_by),
		},
		correctable=frozenset(
			{"contact_name", "contact_email", "contact_phone", "contact_address", "subject"}
			| {"assessment_reason", "answer", "answered_how", "taken_up_comment"}
		),
		# H1: what was sent in with it is evidence from the moment it is recorded.
		files_from="received_on",
		states=States(("docstatus", "decision"), _of_feedback),
	),
	SWEEP_FINDING: RecordType(
		complete={"explanation": lambda d: bool(d.explained_by)},
		correctable=frozenset({"explanation"}),
	),
	REPORTABILITY: RecordType(
		bookkeeping=frozenset({"turn", "told", "decide_by", "clocks.told"}),
		complete={"reason": lambda d: bool(d.decided_by)},
		correctable=frozenset({"reason", "exchanges.number", "exchanges.comment"}),
		# H4: what was exchanged is evidence from the moment it is attached.
		files_from="asked_on",
	),
	COMPLAINT_SIGNAL: RecordType(
		# By which its group is found again, and that one of it is open at most.
		bookkeeping=frozenset({"open_key", "group_key"}),
		complete={"assessment": lambda d: bool(d.assessed_by)},
		correctable=frozenset({"assessment"}),
	),
	ADVISORY: RecordType(
		# By which it is found again: once for each source and product.
		bookkeeping=frozenset({"turn", "source_key"}),
		complete={"reason": lambda d: bool(d.decided_by)},
		correctable=frozenset({"reason"}),
		# I1: what is attached is in front of whoever decides.
		files_from="asked_on",
	),
	# K7: what is sealed is no content, its hash is: the chain proves it, and survives its erasure.
	PATIENT_DATA: RecordType(bookkeeping=frozenset({"sealed", "told_on"})),
	PATIENT_DATA_GRANT: RecordType(),
	# Each reading is a record of one entry, so that one that is taken out, or changed, is found.
	PATIENT_DATA_ACCESS: RecordType(),
	# Under which name a renamed master is found: verification follows these, so they are chained too.
	ALIAS: RecordType(),
}


def record_type(doctype: str) -> RecordType | None:
	"""Return what is declared of a DocType, None if it is no record."""
	return RECORDS.get(doctype)
