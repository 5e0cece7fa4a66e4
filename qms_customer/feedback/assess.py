"""Feedback is assessed, answered and closed; when it was first known is corrected (H2, H4, A10)."""

import frappe
from frappe.model.document import Document
from frappe.utils import get_datetime, now_datetime

from qms_customer.contract import notify, people, states
from qms_customer.feedback import complaints, intake, record
from qms_customer.messages import refuse, refuse_one
from qms_customer.records import signing
from qms_customer.records.completeness import refuse_incomplete
from qms_customer.returns import opened
from qms_customer.rules import feedback as rules
from qms_customer.rules import mark
from qms_customer.rules.people import MANAGEMENT_REPRESENTATIVE

# K3: what the signatures mean.
IS_COMPLAINT = mark("Assessed as a Complaint")
NO_COMPLAINT = mark("Assessed as No Complaint")
ANSWERED = mark("Feedback Answered")
AWARENESS = mark("Time of Awareness Corrected")
RELEASED = {"Yes": True, "No": False, "Not Known": None}


def assess(
	name: str,
	content_hash: str,
	decision: str,
	deficiencies: list[str],
	released: str,
	nature: str,
	reason: str,
	requirement: str = "",
) -> Document:
	"""Decide, signed, whether feedback is a complaint; returns the feedback (H2, C12).

	A complaint is opened with it. What was assessed as none may still turn out to be one, until it is closed.
	"""
	feedback = intake.locked(name, content_hash)
	opened.require_state(feedback, "H2", states.FEEDBACK_TO_ASSESS, states.FEEDBACK_TO_ANSWER)
	role = opened.require_role("H2", mark("Feedback is assessed by: {0}."), intake.ASSESSORS)
	user = frappe.session.user
	found = rules.assessment_refusals(
		rules.Assessment(
			decision=decision,
			deficiencies=tuple(deficiencies),
			released=RELEASED.get(released),
			nature=nature,
			reason=reason,
			by=user,
			concerned=frozenset({feedback.concerned_user} - {None, ""}),
			requirement=requirement,
		)
	)
	if released not in RELEASED:
		found.append(rules.Refusal("H2", mark("Say whether the product has left our control.")))
	# A mail does not say what its sender is.
	found += rules.record_refusals(feedback.as_dict(), ("source",))
	if feedback.decision and decision != rules.COMPLAINT:
		found.append(rules.Refusal("H2", mark("It was assessed as no complaint already.")))
	if found:
		refuse(found)
	signing.in_hand()
	is_complaint = decision == rules.COMPLAINT
	feedback.update(
		{
			"decision": decision,
			"deficiencies": "\n".join(deficiencies),
			"released": released,
			"nature": "" if is_complaint else nature,
			"requirement": requirement if not is_complaint and nature == rules.REQUIREMENT else "",
			"assessment_reason": reason,
			"assessed_by": user,
			"assessed_by_name": people.full_name(user),
			"assessed_on": now_datetime(),
		}
	)
	if is_complaint:
		feedback.workflow_state = states.COMPLAINT_OPENED
		feedback.closed_on = feedback.assessed_on
		feedback.complaint = complaints.open_from(feedback).name
		opened.submit(feedback)
	else:
		feedback.workflow_state = states.FEEDBACK_TO_ANSWER
		opened.save(feedback)
	refuse_incomplete(feedback)
	meaning = IS_COMPLAINT if is_complaint else NO_COMPLAINT
	signing.sign(feedback, meaning, role, comment=reason, shown_hash=content_hash)
	record.ask(feedback)
	return feedback


def answer(name: str, content_hash: str, text: str, how: str) -> Document:
	"""Record, signed, the answer that was given, or what was done about it; closes it (A10, H1, C12)."""
	feedback = intake.locked(name, content_hash)
	opened.require_state(feedback, "A10", states.FEEDBACK_TO_ANSWER)
	intake.refuse_concerned(feedback, "H2", mark("The feedback is about you: somebody else answers it."))
	role = opened.require_role("A10", mark("Feedback is answered by: {0}."), intake.RECORDERS)
	user = frappe.session.user
	if found := rules.answer_refusals(
		feedback.nature or "", text, rules.says(how), user, bool(feedback.taken_up_on)
	):
		refuse(found)
	signing.in_hand()
	feedback.update(
		{
			"answer": text,
			"answered_how": how,
			"answered_by": user,
			"answered_by_name": people.full_name(user),
			"answered_on": now_datetime(),
			"workflow_state": states.FEEDBACK_CLOSED,
		}
	)
	feedback.closed_on = feedback.answered_on
	opened.submit(feedback)
	refuse_incomplete(feedback)
	signing.sign(feedback, ANSWERED, role, comment=how, shown_hash=content_hash)
	notify.done(feedback)
	return feedback


def correct_awareness(name: str, content_hash: str, aware_on: str, aware_by: str, reason: str) -> Document:
	"""Correct, signed, when it was first known; returns the feedback (H4, K2, C12).

	Earlier: by whoever records feedback. Later gives us more time: the management representative does that,
	who has not recorded it. On a complaint it is the complaint's.
	"""
	feedback = intake.locked(name, content_hash)
	opened.require_state(feedback, "H4", states.FEEDBACK_TO_ASSESS, states.FEEDBACK_TO_ANSWER)
	intake.refuse_concerned(feedback, "H2", mark("The feedback is about you: somebody else edits it."))
	role = opened.require_role("H4", mark("Awareness is corrected by: {0}."), intake.RECORDERS)
	user = frappe.session.user
	try:
		after = get_datetime(aware_on)
	except (ValueError, TypeError):
		after = None
	if after is None:
		refuse_one("H4", mark("Say when anybody in the company or a distributor first knew of it."))
	approved = MANAGEMENT_REPRESENTATIVE in people.own_roles(user) and user != feedback.owner
	found = rules.awareness_refusals(get_datetime(feedback.aware_on), after, reason, approved)
	found += rules.time_refusals(record.times(feedback, after))
	if found:
		refuse(found)
	signing.in_hand()
	feedback.update(
		{"aware_on": after, "aware_by": aware_by or feedback.aware_by, "aware_reason": reason},
	)
	opened.save(feedback)
	# A later awareness is approved as what it takes.
	as_role = MANAGEMENT_REPRESENTATIVE if approved else role
	signing.sign(feedback, AWARENESS, as_role, comment=reason, shown_hash=content_hash)
	return feedback
