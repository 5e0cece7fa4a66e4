"""The life of a contract change notice 合同变更通知单 (E1-E5, E7, E8, C9-C13).

Made from a committed order and edited as a draft; put forward to the customer and, where it decides, to
PMC; then reviewed, or signed by the sales manager; on approval the order is changed in the same transaction.
"""

from datetime import datetime

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import get_datetime, now_datetime, nowdate

from qms_customer.contract import (
	altering,
	change_review,
	distribution,
	facts,
	letters,
	measure,
	notify,
	people,
	reviews,
	states,
	workdays,
)
from qms_customer.contract.proposed import (
	NOTICE as DOCTYPE,
)
from qms_customer.contract.proposed import (
	ORDER,
	is_out_of_date,
	proposal_of,
	refuse_out_of_date,
)
from qms_customer.contract.settings import settings
from qms_customer.erp import file as files
from qms_customer.messages import refuse, refuse_one
from qms_customer.records import signing
from qms_customer.records.completeness import refuse_incomplete
from qms_customer.records.token import moving
from qms_customer.rules import change, mark, says
from qms_customer.rules import notice as rules
from qms_customer.rules import people as people_rules
from qms_customer.rules import review as review_rules

__all__ = ["DOCTYPE", "proposal_of"]

# K3: what the signatures mean.
CONFIRMED = mark("Confirmation of the Customer Recorded")
PLAN_ANSWERED = mark("Production Plan Answered For")
APPLIED = mark("Change Approved")
REJECTED = mark("Change Rejected")
RETURNED = mark("Returned to Sales")
WITHDRAWN = mark("Change Withdrawn")

ANSWERS = (change.PLAN_NOT_AFFECTED, change.PLAN_AFFECTED)
PLAN_FIELDS = ("plan_answer", "plan_comment", "plan_answered_by", "plan_answered_by_name", "plan_answered_on")
CONFIRMATION_FIELDS = (
	"confirmed_by",
	"confirmed_on",
	"confirmed_how",
	"confirmed_evidence",
	"confirmed_communication",
	"call_record",
	"internal_record",
	"confirmation_recorded_by",
	"confirmation_recorded_by_name",
	"confirmation_recorded_on",
)
NEGOTIATED = ("Not Agreed Yet", "Customer Insists", "Customer Gives Way", "Met Half-way")


def make(
	order: Document,
	kind: str,
	asked_by: str = rules.CUSTOMER,
	reason: str = "",
	category: str = "",
	communication: str = "",
	feedback: str = "",
) -> Document:
	"""Make a notice from a committed order, filled in with what it says, and return it (E1, E8)."""
	_refuse_unless_sales()
	if kind not in rules.KINDS:
		refuse_one("E1", mark("{0} is not something that is done to a contract."), kind)
	if order.docstatus != 1 or not facts.is_gated(order):
		refuse_one("E1", mark("{0} is no committed contract: it needs no change notice."), order.name)
	if asked_by not in rules.ASKERS:
		refuse_one("E1", mark("Say who asks for the change: the customer or the company."))
	user = frappe.session.user
	notice = frappe.get_doc(
		{
			"doctype": DOCTYPE,
			"reference_doctype": order.doctype,
			"reference_name": order.name,
			"company": order.company,
			"customer": order.customer,
			"customer_name": order.customer_name,
			"kind": kind,
			"asked_by": asked_by,
			"asked_on": nowdate(),
			"reason": reason,
			"reason_category": category,
			"communication": communication or None,
			# H9: the changed requirement that asks for it.
			"feedback": feedback or None,
			"prepared_by": user,
			"prepared_by_name": people.full_name(user),
			"prepared_on": now_datetime(),
			"editors": user,
			"workflow_state": states.NOTICE_DRAFT,
		}
	)
	measure.take_over(notice, order)
	measure.measure(notice)
	with moving(notice, mark("Notice Made")):
		# Sales makes it by this function only; nobody creates one by hand.
		notice.insert(ignore_permissions=True)
	letters.keep(notice, communication)
	return notice


def put_forward(name: str, content_hash: str, again_reason: str = "") -> Document:
	"""Send a draft to the customer for confirmation and, where it decides, to PMC; returns the notice (E1-E5,
	C13).
	"""
	notice, order = _open(name, content_hash, (states.NOTICE_DRAFT,))
	_refuse_unless_sales()
	refuse_out_of_date(notice, order)
	measure.measure(notice)
	if again_reason:
		notice.again_reason = again_reason
	found = rules.forward_refusals(
		proposal_of(notice),
		notice.asked_by or "",
		notice.reason or "",
		notice.reason_category or "",
		notice.affects_production or "",
		(notice.refusals or "").splitlines(),
	)
	found += measure.line_refusals(notice)
	if notice.supplementary_contract and not files.is_stored(notice.supplementary_contract):
		found.append(
			review_rules.Refusal("E1", mark("The supplementary contract is no file that is stored here."))
		)
	if notice.outcome == change.Needed.NONE and not found:
		found.append(review_rules.Refusal("E1", mark("The notice changes nothing yet.")))
	if not found and notice.outcome == change.Needed.REVIEW:
		found += change_review.missing(notice, order)
	again, role = review_rules.again_refusals(
		review_rules.REJECTED if (earlier := rejected_by(notice)) else "",
		earlier,
		True,
		notice.again_reason or "",
		people_rules.BUSINESS_MANAGER,
	)
	if found + again:
		refuse(found + again, _("The Notice Is Incomplete"))
	notice.approver_role = role
	_move(notice, states.NOTICE_CONFIRMING)
	_save(notice, mark("Put Forward"))
	_ask_pmc(notice)
	return notice


def answer_plan(name: str, content_hash: str, answer: str, comment: str) -> Document:
	"""Let PMC say, signed, whether the production plan is affected; returns the notice (E3).

	What ERPNext's data shows as affected PMC does not turn away.
	"""
	notice, order = _open(name, content_hash, (states.NOTICE_CONFIRMING,))
	refuse_out_of_date(notice, order)
	user = frappe.session.user
	if people_rules.PLANNING not in people.own_roles(user) or not people.is_present(user):
		refuse_one("E3", mark("This is answered by a person with the role {0}."), people_rules.PLANNING)
	if answer not in ANSWERS:
		refuse_one("E3", mark("Say whether the production plan is affected."))
	if not says(comment) and answer == change.PLAN_AFFECTED:
		refuse_one("E3", mark("Say how the production plan is affected."))
	if not comment.strip():
		refuse_one("K1", mark('Give a comment, or write "/" where there is none.'))
	if not measure.asks_pmc(notice):
		refuse_one("E3", mark("This change is reviewed: PMC gives its opinion there."))
	signing.in_hand()
	notice.plan_answer, notice.plan_comment = answer, comment
	notice.plan_answered_by, notice.plan_answered_by_name = user, people.full_name(user)
	notice.plan_answered_on = now_datetime()
	measure.measure(notice)
	_keep_confirmation(notice)
	_advance(notice)
	with moving(notice):
		# PMC has no general right to write notices; its role was checked above.
		notice.save(ignore_permissions=True)
	signing.sign(notice, PLAN_ANSWERED, people_rules.PLANNING, "", comment, content_hash)
	_moved_on(notice, order)
	return notice


def confirm(
	name: str,
	content_hash: str,
	confirmed_by: str,
	confirmed_on: str,
	how: str,
	evidence: str = "",
	communication: str = "",
	call_record: str = "",
	internal_record: str = "",
) -> Document:
	"""Record, signed, that the customer confirmed a change, with what shows it; returns the notice (E2, E4,
	E5).

	What needs a review goes on to it; what does not, to the sales manager.
	"""
	notice, order = _open(name, content_hash, (states.NOTICE_CONFIRMING,))
	_refuse_unless_sales()
	refuse_out_of_date(notice, order)
	if notice.confirmed_by:
		refuse_one("E2", mark("{0} was confirmed already."), notice.name)
	when = _moment(confirmed_on)
	measure.measure(notice)
	given = rules.Confirmation(
		confirmed_by or "",
		when,
		how or "",
		files.is_stored(evidence) or _is_about(communication, notice),
		call_record or "",
		internal_record or "",
	)
	call_is_enough = notice.outcome == change.Needed.CALL_RECORD
	if found := rules.confirmation_refusals(given, notice.asked_by, call_is_enough, now_datetime()):
		refuse(found, _("The Confirmation Is Incomplete"))
	user = frappe.session.user
	role = sales_role(user)
	signing.in_hand()
	notice.update(
		{
			"confirmed_by": confirmed_by,
			"confirmed_on": when,
			"confirmed_how": how,
			"confirmed_evidence": evidence or None,
			"confirmed_communication": communication or None,
			"call_record": call_record,
			"internal_record": internal_record,
			"confirmation_recorded_by": user,
			"confirmation_recorded_by_name": people.full_name(user),
			"confirmation_recorded_on": now_datetime(),
		}
	)
	_advance(notice)
	with moving(notice):
		notice.save(ignore_permissions=True)
	signing.sign(notice, CONFIRMED, role, "", call_record or internal_record or "", content_hash)
	letters.keep(notice, communication)
	_moved_on(notice, order)
	return notice


def negotiate(
	name: str, with_whom: str, talked_on: str, said: str, outcome: str, evidence: str = ""
) -> Document:
	"""Record what was said with the customer while both sides do not agree; returns the notice (E2, E5)."""
	waiting = (states.NOTICE_CONFIRMING, states.NOTICE_REVIEW, states.NOTICE_PENDING)
	notice, _order = _open(name, None, waiting)
	_refuse_unless_sales()
	when = _moment(talked_on)
	if not (says(with_whom) and says(said) and when and outcome in NEGOTIATED):
		refuse_one("E2", mark("Say with whom you talked, when, what was said, and what came of it."))
	if when > now_datetime():
		refuse_one("K3", mark("The talk lies in the future."))
	if evidence and not files.is_stored(evidence):
		refuse_one("E2", mark("The evidence of the talk is no file that is stored here."))
	notice.append(
		"negotiations",
		{
			"with_whom": with_whom,
			"talked_on": when,
			"said": said,
			"outcome": outcome,
			"evidence": evidence or None,
			"recorded_by": frappe.session.user,
			"recorded_on": now_datetime(),
		},
	)
	_save(notice, mark("Negotiation Recorded"))
	return notice


def decide(name: str, decision: str, content_hash: str, comment: str) -> Document:
	"""Approve, reject or return a change that needs no review, signed; returns the notice (E3, C12, C13, L2).

	Approval changes the order in the same transaction, exactly as approved (E7).
	"""
	notice, order = _open(name, content_hash, (states.NOTICE_PENDING,))
	if decision not in review_rules.DECISIONS:
		refuse_one("C9", mark("{0} is not a decision."), decision)
	authority = _authority(notice)
	approving = decision == review_rules.APPROVED
	if not comment.strip() or not (approving or says(comment)):
		refuse_one(
			"C13", mark('Say why the change is rejected or returned; to approve it, write at least "/".')
		)
	if approving:
		refuse_out_of_date(notice, order)
		_refuse_risen(notice)
	signing.in_hand()
	if decision == review_rules.RETURNED:
		_back_to_draft(notice)
		notice.decision_comment = _("Returned by {0}: {1}").format(
			people.full_name(frappe.session.user), comment
		)
		with moving(notice):
			notice.save(ignore_permissions=True)
		signing.sign(notice, RETURNED, authority.role, authority.acting_for, comment, content_hash)
		notify.done(notice)
		notify.tell([notice.prepared_by], _("{0} was returned to you").format(notice.name), notice)
		return notice
	close(notice, decision, authority.role, authority.acting_for, comment, content_hash)
	return notice


def follow_review(
	review: Document, decision: str, role: str, acting_for: str, comment: str, content_hash: str
) -> None:
	"""Close the notice whose review has just been decided, and on approval change the order (E2, E7).

	The caller has signed the review, and locked order, notice and review.
	"""
	notice = frappe.get_doc(DOCTYPE, review.change_notice, for_update=True)
	if decision == review_rules.RETURNED or notice.docstatus != 0:
		return
	notice.review_path = review.review_path
	close(notice, decision, role, acting_for, comment, content_hash)


def close(
	notice: Document, decision: str, role: str, acting_for: str, comment: str, content_hash: str
) -> None:
	"""Submit a notice as decided; on approval the order is changed, or nothing is written (E7, C13)."""
	approving = decision == review_rules.APPROVED
	user = frappe.session.user
	notice.update(
		{
			"decision": decision,
			"decision_comment": comment,
			"decided_by": user,
			"decided_by_name": people.full_name(user),
			"decided_role": role,
			"acting_for": acting_for or None,
			"decided_on": now_datetime(),
			"approved_hash": content_hash,
			"workflow_state": states.NOTICE_APPLIED if approving else states.NOTICE_REJECTED,
		}
	)
	proposal = proposal_of(notice)
	_submit(notice)
	if approving:
		# After the notice: a record that is submitted does not name an order that is cancelled already.
		altering.apply(notice, proposal, notice.fingerprint)
	refuse_incomplete(notice)
	signing.sign(notice, APPLIED if approving else REJECTED, role, acting_for, comment, content_hash)
	notify.done(notice)
	notify.tell(
		[notice.prepared_by],
		_("{0} of {1}: {2}").format(notice.name, notice.reference_name, _(notice.workflow_state)),
		notice,
	)
	# Last: the tasks of the notice are closed, and those that follow from its result are given (E6, E7).
	if approving:
		distribution.after_applied(notice)
	else:
		distribution.after_rejected(notice)


def revise(name: str, reason: str) -> Document:
	"""Take a notice back to draft, to change what it asks for; confirmation and review begin anew (C12,
	C13).
	"""
	waiting = (states.NOTICE_CONFIRMING, states.NOTICE_REVIEW, states.NOTICE_PENDING)
	notice, _order = _open(name, None, waiting)
	_refuse_unless_sales()
	if not says(reason):
		refuse_one("E1", mark("Say why."))
	_back_to_draft(notice)
	_save(notice, mark("Taken Back to Draft"))
	notice.add_comment("Info", frappe.utils.escape_html(reason))
	notify.done(notice)
	return notice


def rebase(name: str) -> Document:
	"""Bring a notice up to date with its order, what it proposes kept; it is a draft again (E7).

	Of two notices on one order, the second is brought up to date when the first is applied.
	"""
	notice, order = _open(name, None, states.NOTICE_OPEN)
	_refuse_unless_sales()
	if not is_out_of_date(notice, order):
		refuse_one("E7", mark("{0} is up to date with {1}."), notice.name, order.name)
	if order.docstatus != 1:
		refuse_one("E1", mark("{0} is no committed contract: it needs no change notice."), order.name)
	_back_to_draft(notice)
	measure.take_over(notice, order)
	measure.measure(notice)
	_save(notice, mark("Brought up to Date"))
	notify.done(notice)
	return notice


def withdraw(name: str, reason: str) -> Document:
	"""Withdraw a notice that is not decided, signed: its outcome is that the contract stays as it is (E2,
	E5).
	"""
	notice, _order = _open(name, None, states.NOTICE_OPEN)
	_refuse_unless_sales()
	if not says(reason):
		refuse_one("E1", mark("Say why."))
	user = frappe.session.user
	role = sales_role(user)
	signing.in_hand()
	_close_review(notice)
	notice.update(
		{
			"decision": "Withdrawn",
			"decision_comment": reason,
			"decided_by": user,
			"decided_by_name": people.full_name(user),
			"decided_role": role,
			"decided_on": now_datetime(),
			"workflow_state": states.NOTICE_WITHDRAWN,
		}
	)
	_submit(notice)
	signing.sign(notice, WITHDRAWN, role, "", reason)
	notify.done(notice)
	return notice


def on_edit(notice: Document) -> None:
	"""Before a person's edit of a draft is stored: lines kept, values completed, what it needs computed
	(E1).
	"""
	if notice.workflow_state != states.NOTICE_DRAFT:
		refuse_one("E1", mark("{0} is put forward: take it back to draft first."), notice.name)
	measure.keep_lines(notice)
	measure.complete(notice)
	editors = [*(notice.editors or "").split("\n"), frappe.session.user]
	notice.editors = "\n".join(dict.fromkeys(e for e in editors if e))
	measure.measure(notice)


def open_notices(order: str) -> list[frappe._dict]:
	"""Return the notices on an order that are not decided, the oldest first; one query (E1)."""
	return frappe.get_all(
		DOCTYPE,
		filters={"reference_doctype": ORDER, "reference_name": order, "docstatus": 0},
		fields=["name", "kind", "workflow_state", "prepared_by_name", "prepared_on", "old_fingerprint"],
		order_by="creation",
	)


def preparers(notice: Document) -> list[str]:
	"""Return who prepared a notice (C12): who made, edited or confirmed it, and who wrote the contract."""
	owner = frappe.db.get_value(notice.reference_doctype, notice.reference_name, "owner")
	found = [
		notice.prepared_by,
		owner,
		notice.confirmation_recorded_by,
		*(notice.editors or "").split("\n"),
	]
	return [u for u in dict.fromkeys(found) if u and u not in people_rules.ACCOUNTS_WITHOUT_PERSON]


def opiners(notice: Document) -> list[str]:
	"""Return who answered for the production plan: they do not decide (C12)."""
	return [notice.plan_answered_by] if notice.plan_answered_by else []


def who_decides(notice: Document) -> list[str]:
	"""Return who may decide a change that needs no review (E3, C12, L2): the sales manager, else who is
	above.
	"""
	without = {*preparers(notice), *opiners(notice)}
	role = notice.approver_role or people_rules.BUSINESS_MANAGER
	ranks = sorted(people_rules.AUTHORITY_RANK.items(), key=lambda item: item[1])
	for candidate, rank in ranks:
		if rank >= people_rules.AUTHORITY_RANK[role] and (users := people.deciders(candidate, without)):
			return users
	return []


def ask_to_decide(notice: Document, users: list[str]) -> None:
	"""Put a notice into the inbox of these users (L3)."""
	notify.assign(
		notice,
		users,
		_("Decide the change of {0} for {1}").format(notice.reference_name, notice.customer_name),
	)


# What follows


def _advance(notice: Document) -> None:
	"""Where a notice stands once the customer, or PMC, has answered; the caller saves it."""
	if not notice.confirmed_by:
		return
	if notice.outcome == change.Needed.REVIEW:
		_move(notice, states.NOTICE_REVIEW)
	elif notice.plan_answer == change.PLAN_NOT_AFFECTED:
		_move(notice, states.NOTICE_PENDING)


def _move(notice: Document, state: str) -> None:
	"""Where a notice stands from now on, and by when who is waited for there has to act (L3); the caller
	saves it. In review its opinions and its decision have dates of their own.
	"""
	notice.workflow_state = state
	notice.due_date = None
	if (days := due_days(state)) is not None:
		notice.due_date = workdays.after(days, notice.company)


def due_days(state: str) -> int | None:
	"""Return within how many business days a notice leaves a state, None where that is not asked (L3)."""
	return {
		states.NOTICE_CONFIRMING: settings().notice_due_days or 0,
		states.NOTICE_PENDING: settings().decision_due_days or 0,
	}.get(state)


def _moved_on(notice: Document, order: Document) -> None:
	"""Ask whom a notice that has moved waits for now (L3)."""
	if notice.workflow_state == states.NOTICE_REVIEW:
		review = change_review.start(notice, order)
		notice.contract_review, notice.review_path = review.name, review.review_path
		_save(notice, mark("Review Started"))
		notify.done(notice)
	elif notice.workflow_state == states.NOTICE_PENDING:
		notify.done(notice)
		users = who_decides(notice)
		if not users:
			notify.tell(
				[notice.prepared_by],
				_("Nobody can decide {0}: a delegation or another person is needed.").format(notice.name),
				notice,
				also_oneself=True,
			)
		ask_to_decide(notice, users)
	elif notice.plan_answer:
		notify.done(notice)


def _ask_pmc(notice: Document) -> None:
	if measure.asks_pmc(notice) and notice.outcome != change.Needed.REVIEW:
		notify.assign(
			notice,
			people.holders(people_rules.PLANNING),
			_("Say whether the change of {0} affects the production plan").format(notice.reference_name),
		)


def _keep_confirmation(notice: Document) -> None:
	"""E4: a call that was enough is not any more once the plan is affected: the customer confirms in
	writing.
	"""
	if notice.confirmed_how == rules.CALL and notice.outcome != change.Needed.CALL_RECORD:
		for field in CONFIRMATION_FIELDS:
			notice.set(field, None)
		_move(notice, states.NOTICE_CONFIRMING)


def _refuse_risen(notice: Document) -> None:
	"""E3, B4: what was not affected when PMC answered may be by now."""
	before = notice.outcome
	measure.measure(notice)
	if change.ORDER.index(change.Needed(notice.outcome or "Review")) > change.ORDER.index(
		change.Needed(before)
	):
		refuse_one(
			"E3",
			mark("The change needs more by now ({0}) than it was given ({1}). Return it to Sales."),
			notice.outcome or "",
			before,
		)
	if notice.refusals:
		refuse_one("E7", mark("ERPNext would refuse it: {0}"), notice.refusals)


def _back_to_draft(notice: Document) -> None:
	_close_review(notice)
	for field in (*PLAN_FIELDS, *CONFIRMATION_FIELDS):
		notice.set(field, None)
	_move(notice, states.NOTICE_DRAFT)
	measure.measure(notice)


def _close_review(notice: Document) -> None:
	if not notice.contract_review:
		return
	if frappe.db.get_value(reviews.REVIEW, notice.contract_review, "docstatus") == 0:
		reviews.close_superseded(
			notice.contract_review, _("The notice {0} was taken back").format(notice.name)
		)


# Who, and on what


def _open(name: str, content_hash: str | None, allowed: tuple[str, ...]) -> tuple[Document, Document]:
	"""Lock order and notice, in this order, and return them: open, in one of these states, and as shown."""
	notice = frappe.get_doc(DOCTYPE, name)
	people.check_readable(notice)
	order = frappe.get_doc(ORDER, notice.reference_name, for_update=True)
	notice = frappe.get_doc(DOCTYPE, name, for_update=True)
	if notice.docstatus != 0:
		refuse_one(
			"C12",
			mark("{0} was decided already by {1}: {2}."),
			notice.name,
			notice.decided_by_name or "–",
			notice.decision,
		)
	if notice.workflow_state not in allowed:
		refuse_one("E1", mark("{0} is not at this step: {1}."), notice.name, notice.workflow_state)
	if content_hash is not None and content_hash != shown_hash(notice):
		refuse_one(
			"C12", mark("The notice has changed since it was shown to you. Reload it and do it again.")
		)
	return notice, order


def shown_hash(notice: Document) -> str:
	"""Return the hash of what a person sees on a notice: contents, what it needs, each move (C12)."""
	return measure.shown_hash(notice)


def _authority(notice: Document) -> people_rules.Authority:
	user = frappe.session.user
	role = notice.approver_role or people_rules.BUSINESS_MANAGER
	options = people.authorities(user, role) if people.is_present(user) else []
	if not options:
		refuse_one("E3", mark("This is decided by: {0}."), role)
	authority, reason = people_rules.choose_authority(options, user, preparers(notice), opiners(notice))
	if authority is None:
		refuse([review_rules.Refusal("C12", reason)])
	return authority


def _refuse_unless_sales() -> None:
	if not reviews.may_prepare(frappe.session.user):
		refuse_one(
			"E1", mark("A change notice is made by Sales: the role {0} is needed."), people_rules.SALES_USER
		)


def sales_role(user: str) -> str:
	held = people.own_roles(user) & set(reviews.PREPARERS)
	return max(sorted(held), key=lambda r: people_rules.AUTHORITY_RANK.get(r, 0), default="")


def rejected_by(notice: Document) -> str:
	"""The highest authority that rejected the same change of this order (C13), "" if nobody did."""
	return people_rules.highest(
		role or ""
		for role in frappe.get_all(
			DOCTYPE,
			filters={
				"reference_name": notice.reference_name,
				"kind": notice.kind,
				"decision": "Rejected",
				"fingerprint": notice.fingerprint,
			},
			pluck="decided_role",
		)
	)


def _is_about(communication: str, notice: Document) -> bool:
	"""Whether a letter or e-mail is there, and its reader may see it."""
	return bool(
		communication
		and frappe.db.exists("Communication", communication)
		and frappe.has_permission("Communication", "read", communication)
	)


def _moment(value: str | None) -> datetime | None:
	try:
		return get_datetime(value) if value else None
	except Exception:
		refuse_one("E2", mark("This is no date: {0}."), str(value))


def _save(notice: Document, event: str) -> None:
	with moving(notice, event):
		# The step was checked by its function; its person need not write notices in general.
		notice.save(ignore_permissions=True)


def _submit(notice: Document) -> None:
	with moving(notice):
		# As in _save.
		notice.flags.ignore_permissions = True
		notice.submit()
