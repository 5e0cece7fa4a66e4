"""Opinions and decisions: one function each, in one transaction, by the right person, on what was shown
(C9-C13).
"""

from collections.abc import Sequence

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import CallbackManager, now_datetime

from qms_customer.contract import (
	capacity,
	delivery_date,
	facts,
	notices,
	notify,
	people,
	reviews,
	states,
	workdays,
)
from qms_customer.contract.settings import departments, settings
from qms_customer.erp import file as files
from qms_customer.messages import refuse, refuse_one
from qms_customer.records import signing
from qms_customer.records.completeness import refuse_incomplete
from qms_customer.records.token import moving
from qms_customer.rules import contract as contract_rules
from qms_customer.rules import mark, says
from qms_customer.rules import people as people_rules
from qms_customer.rules import review as rules
from qms_customer.rules.aspects import PMC
from qms_customer.rules.classification import CRITERIA, Path, Verdict, has_risen, override_refusal

# K3: what a signature means.
MEANINGS = {
	"Agreed": mark("Agreed"),
	"Agreed with Conditions": mark("Agreed with Conditions"),
	"Objected": mark("Objected"),
	rules.APPROVED: mark("Approved"),
	"Overruled": mark("Approved, Objections Overruled"),
	rules.REJECTED: mark("Rejected"),
	rules.RETURNED: mark("Returned to Sales"),
}
ANSWER_FIELDS = ("answer", "comment", "action_owner", "action_due", "action_verifier", "action_blocks")


def give_opinion(
	opinion_name: str, content_hash: str, answers: Sequence[dict] | None = None, comment: str | None = None
) -> Document:
	"""Give a department's opinion and return it (C6, C10, C11).

	`answers`: by row, what the person chose in the dialog; without it the saved answers stand. Raises
	QMSRefusal.
	"""
	review, opinion = _open_opinion(opinion_name, content_hash)
	if answers is not None:
		by_row = {a.get("name"): a for a in answers}
		for row in opinion.answers:
			for field in ANSWER_FIELDS:
				row.set(field, (by_row.get(row.name) or {}).get(field))
	if comment is not None:
		opinion.comment = comment
	return _close_opinion(review, opinion)


def re_affirm(opinion_name: str, content_hash: str) -> Document:
	"""Repeat a department's earlier opinion on content that leaves its aspects alone, and return it (C13)."""
	review, opinion = _open_opinion(opinion_name, content_hash)
	if not (opinion.may_re_affirm and opinion.re_affirms):
		refuse_one(
			"C13", mark("The change touches the aspects of {0}: give a new opinion."), opinion.department
		)
	earlier = frappe.get_doc(reviews.OPINION, opinion.re_affirms)
	by_aspect = {a.aspect: a for a in earlier.answers}
	for row in opinion.answers:
		if source := by_aspect.get(row.aspect):
			for field in ANSWER_FIELDS:
				row.set(field, source.get(field))
	opinion.comment = _("Re-affirmed: {0}").format(earlier.name)
	opinion.flags.qms_re_affirmed = True
	return _close_opinion(review, opinion)


def decide(
	review_name: str,
	decision: str,
	content_hash: str,
	comment: str = "",
	overrule_reason: str = "",
	solution: str = "",
) -> Document:
	"""Approve, reject or return a review, signed, and return it (C4, C7, C9, C10-C13, A3, B4, K3, L2).

	The contract and the review are locked; what is approved is what was shown (`content_hash`), if it still
	is what the contract says. Of two people who decide at once, the second is told. Raises QMSRefusal.
	"""
	review = frappe.get_doc(reviews.REVIEW, review_name)
	people.check_readable(review)
	doc, canonical = reviews.live_contract(review)
	review = frappe.get_doc(reviews.REVIEW, review_name, for_update=True)
	reviews.refuse_closed_or_changed(review, canonical)
	if review.workflow_state not in (states.PENDING_APPROVAL, states.IN_REVIEW):
		refuse_one(
			"C9", mark("Review {0} does not wait for a decision: {1}."), review.name, review.workflow_state
		)
	if content_hash != reviews.shown_hash(review):
		refuse_one(
			"C12", mark("The review has changed since it was shown to you. Reload it and decide again.")
		)
	opinions = reviews.opinions_of(review.name)
	user, authority = _authority(review, overrule_reason)
	actions = reviews.actions_of(review.name)
	overruling = authority.role == people_rules.GENERAL_MANAGER and says(overrule_reason)
	refusals = rules.decision_refusals(
		decision,
		authority.role,
		review.approver_role,
		[
			rules.Opinion(
				o.department, o.given_by or "", tuple(a.answer for a in o.answers) if o.docstatus == 1 else ()
			)
			for o in opinions
		],
		[
			rules.Action(
				a.name,
				a.blocks,
				a.status in ("Verified", "Overruled") or bool(overruling and a.from_objection),
			)
			for a in actions
		],
		sum(1 for d in review.discrepancies if not says(d.resolution or "")),
		comment,
		overrule_reason,
	)
	if decision == rules.APPROVED:
		refusals += _before_approval(review, doc)
	if refusals:
		refuse(refusals)
	signing.in_hand()
	if solution.strip():
		review.solution = solution
	with moving(review):
		if decision == rules.APPROVED:
			_approve(
				review,
				doc,
				canonical,
				user,
				authority,
				comment,
				overrule_reason,
				opinions,
				actions,
				content_hash,
			)
		elif decision == rules.REJECTED:
			reviews.close_rejected(review, user, authority.role, authority.acting_for, comment, content_hash)
		else:
			review.returned, review.workflow_state = 1, states.RETURNED
			review.decision_comment = _("Returned by {0}: {1}").format(people.full_name(user), comment)
			# The authority was checked above; approvers have no general right to write reviews.
			review.save(ignore_permissions=True)
			notify.done(review)
			reviews.show_on_contract(review)
	refuse_incomplete(review)
	overruled = decision == rules.APPROVED and bool(review.overruled)
	signing.sign(
		review,
		MEANINGS["Overruled"] if overruled else MEANINGS[decision],
		authority.role,
		authority.acting_for,
		f"{comment} {overrule_reason}".strip() if overruled else comment,
		content_hash,
	)
	if review.change_notice:
		# What the review approved is applied with it, or neither is (E7).
		notices.follow_review(review, decision, authority.role, authority.acting_for, comment, content_hash)
	notify.tell(
		[review.prepared_by],
		_("Review {0} of {1}: {2}").format(review.name, review.reference_name, _(review.workflow_state)),
		review,
	)
	return review


def decide_many(
	wanted: Sequence[dict], decision: str, comment: str = "", solution: str = ""
) -> list[dict[str, str | int]]:
	"""Decide several reviews, each with a signature of its own; return of each what became of it (C9, C12,
	K3).

	`wanted`: rows of `name` and `content_hash`. Who signs is verified once, before anything else. A review
	that is refused is left as it was, and the others go on. Raises QMSRefusal if the signature, or what all
	of them need, is not there.
	"""
	if len(wanted) > MOST_AT_ONCE:
		refuse_one("C9", mark("At most {0} reviews are decided at once."), str(MOST_AT_ONCE))
	if not comment.strip():
		refuse_one("K1", mark('Give a comment, or write "/" where there is none.'))
	signing.in_hand()
	# In one order for everybody: two people who decide the same ones never wait for each other in a circle.
	return [
		_decide_one(row, decision, comment, solution)
		for row in sorted(wanted, key=lambda row: str(row.get("name") or ""))
	]


# A decision locks its contract until the request ends.
MOST_AT_ONCE = 50


def _decide_one(row: dict, decision: str, comment: str, solution: str) -> dict[str, str | int]:
	name, said, waiting = str(row.get("name") or ""), len(frappe.local.message_log), frappe.db.after_commit
	# What a decision sends once it is committed, its mails among it, is not sent of one that is taken back.
	frappe.db.after_commit = CallbackManager()
	frappe.db.savepoint("qms_decide_one")
	try:
		path = frappe.db.get_value(reviews.REVIEW, name, "review_path")
		convened = path == Path.CONVENED.value and decision == rules.APPROVED
		if convened and not solution.strip():
			refuse_one("K1", mark('Give a solution, or write "/" where there is none.'))
		review = decide(
			name, decision, str(row.get("content_hash") or ""), comment, "", solution if convened else ""
		)
	except (frappe.ValidationError, frappe.PermissionError) as refusal:
		frappe.db.rollback(save_point="qms_decide_one")
		frappe.clear_document_cache(reviews.REVIEW, name)
		if notice := frappe.db.get_value(reviews.REVIEW, name, "change_notice"):
			frappe.clear_document_cache(notices.DOCTYPE, notice)
		frappe.local.message_log = frappe.local.message_log[:said]
		texts = refusal.args[0] if refusal.args else ""
		return {"name": name, "done": 0, "message": "<br>".join([texts] if isinstance(texts, str) else texts)}
	else:
		waiting.add(frappe.db.after_commit.run)
		return {"name": name, "done": 1, "message": _(review.workflow_state)}
	finally:
		frappe.db.after_commit = waiting


def resubmit(review_name: str) -> Document:
	"""Send a returned review, its contract unchanged, back: departments that objected are asked anew
	(C11).
	"""
	review = frappe.get_doc(reviews.REVIEW, review_name, for_update=True)
	review.check_permission("write")
	people.check_readable(review)
	if not reviews.may_prepare(frappe.session.user):
		refuse_one(
			"C2", mark("A review is started by Sales: the role {0} is needed."), people_rules.SALES_USER
		)
	reviews.refuse_closed(review)
	if review.workflow_state != states.RETURNED:
		refuse_one("C9", mark("Review {0} was not returned."), review.name)
	by_name = {d.name: d for d in departments()}
	for opinion in reviews.opinions_of(review.name):
		if opinion.outcome == "Objected" and opinion.department in by_name:
			old = frappe.get_doc(reviews.OPINION, opinion.name)
			with moving(old, mark("Superseded")):
				old.db_set("superseded", 1)
			reviews.ask(
				review,
				by_name[opinion.department],
				mark("C11: the earlier objection is looked at again"),
				opinion,
				False,
			)
	review.returned = 0
	review.workflow_state = reviews.state_of(review)
	with moving(review, mark("Resubmitted")):
		review.save()
	reviews.show_on_contract(review)
	reviews.assign_deciders(review)
	return review


def override_criterion(review_name: str, criterion: str, verdict: str, reason: str) -> Document:
	"""Replace the computed verdict of a criterion by a person's, reclassify, and return the review (B3).

	Towards more scrutiny anybody who takes part may; towards less a manager or the department that knows,
	with a reason, and whoever does it cannot decide the review (C12). Departments newly concerned are asked.
	"""
	review = frappe.get_doc(reviews.REVIEW, review_name)
	people.check_readable(review)
	doc, canonical = reviews.live_contract(review)
	review = frappe.get_doc(reviews.REVIEW, review_name, for_update=True)
	reviews.refuse_closed_or_changed(review, canonical)
	user = frappe.session.user
	row = next((c for c in review.criteria if c.criterion == criterion), None)
	if row is None or criterion not in CRITERIA or verdict not in [v.value for v in Verdict]:
		refuse_one("B3", mark("There is no such criterion or verdict."))
	roles = people.own_roles(user)
	allowed = _may_override(verdict == Verdict.MET.value)
	if not roles & allowed or not people.is_present(user):
		refuse_one("B3", mark("Your role may not set this verdict."))
	if message := override_refusal(Verdict(row.computed), Verdict(verdict), reason, people.full_name(user)):
		refuse([rules.Refusal("B3", message)])
	signing.in_hand()
	row.override, row.override_reason = verdict, reason
	row.override_by, row.override_by_name, row.override_on = user, people.full_name(user), now_datetime()
	capacity.keep_fresh(doc)
	reviews.reclassify(review, facts.evaluate(doc, reviews.overrides_of(review)))
	with moving(review):
		# Who may override was checked above.
		review.save(ignore_permissions=True)
	signing.sign(review, mark("Verdict Replaced"), _first(roles & allowed), comment=reason)
	reviews.show_on_contract(review)
	reviews.assign_deciders(review)
	return review


def override_roles(user: str) -> dict[str, str]:
	"""Return as what a user replaces a verdict, towards less scrutiny and towards more; "" if they may not
	(B3).
	"""
	roles = people.own_roles(user)
	return {"less": _first(roles & _may_override(True)), "more": _first(roles & _may_override(False))}


def _may_override(to_less: bool) -> set[str]:
	return LESS_SCRUTINY if to_less else LESS_SCRUTINY | {d.role for d in departments()}


def _first(roles: set[str]) -> str:
	"""The highest of the roles that allowed something; any of them if none ranks; "" of none."""
	return max(sorted(roles), key=lambda r: people_rules.AUTHORITY_RANK.get(r, 0), default="")


LESS_SCRUTINY = {
	people_rules.BUSINESS_MANAGER,
	people_rules.SALES_VP,
	people_rules.GENERAL_MANAGER,
	people_rules.RND,
	people_rules.QUALITY,
	people_rules.PLANNING,
}


def _open_opinion(opinion_name: str, content_hash: str) -> tuple[Document, Document]:
	opinion = frappe.get_doc(reviews.OPINION, opinion_name)
	people.check_readable(opinion)
	review = frappe.get_doc(reviews.REVIEW, opinion.contract_review)
	_, canonical = reviews.live_contract(review)
	# The review is locked before the opinion, by everybody in this order: two departments never wait for each
	# other.
	review = frappe.get_doc(reviews.REVIEW, review.name, for_update=True)
	opinion = frappe.get_doc(reviews.OPINION, opinion_name, for_update=True)
	user = frappe.session.user
	if opinion.department_role not in people.own_roles(user) or not people.is_present(user):
		refuse_one(
			"C11", mark("This opinion is given by a person with the role {0}."), opinion.department_role
		)
	if opinion.docstatus != 0 or opinion.superseded:
		refuse_one(
			"C11",
			mark("The opinion of {0} was given already by {1}."),
			opinion.department,
			opinion.given_by_name or "–",
		)
	reviews.refuse_closed_or_changed(review, canonical)
	if content_hash != review.fingerprint:
		refuse_one(
			"C12", mark("The review has changed since it was shown to you. Reload it and decide again.")
		)
	return review, opinion


def _close_opinion(review: Document, opinion: Document) -> Document:
	user = frappe.session.user
	refusals = rules.opinion_refusals([(a.aspect, a.answer or "", a.comment or "") for a in opinion.answers])
	new_actions = _new_actions(review, opinion)
	for row in new_actions:
		refusals += _hands_refusals(review, row)
	if refusals:
		refuse(refusals, _("The Opinion Is Incomplete"))
	signing.in_hand()
	given = {a.answer for a in opinion.answers}
	opinion.outcome = (
		"Objected"
		if rules.NOT_MET in given
		else "Agreed with Conditions"
		if rules.CONDITIONS in given
		else "Agreed"
	)
	opinion.given_by, opinion.given_by_name, opinion.given_on = user, people.full_name(user), now_datetime()
	opinion.content_hash = review.fingerprint
	opinion.workflow_state = states.OPINION_GIVEN
	with moving(opinion):
		# Membership of the department was checked; its role has no general right to submit.
		opinion.flags.ignore_permissions = True
		opinion.submit()
	refuse_incomplete(opinion)
	signing.sign(
		opinion, MEANINGS[opinion.outcome], opinion.department_role, "", opinion.comment, review.fingerprint
	)
	_raise_actions(review, opinion, new_actions)
	notify.done(opinion)
	before = review.workflow_state
	review.outstanding = max((review.outstanding or 0) - 1, 0)
	review.workflow_state = reviews.state_of(review)
	reviews.count_move(review)
	if review.workflow_state != before:
		reviews.show_on_contract(review)
		reviews.assign_deciders(review)
	return opinion


def _new_actions(review: Document, opinion: Document) -> list[Document]:
	"""Return the answers that raise an action (C10): each condition and each objection.

	A re-affirmed one whose earlier action on this contract stands needs no second one.
	"""
	found = [a for a in opinion.answers if a.answer in (rules.CONDITIONS, rules.NOT_MET)]
	if not (found and opinion.flags.qms_re_affirmed):
		return found
	known = frappe.get_all(
		reviews.ACTION,
		filters={
			"reference_doctype": review.reference_doctype,
			"reference_name": review.reference_name,
			"verifier_role": opinion.department_role,
			"status": ("!=", "Overruled"),
		},
		pluck="description",
	)
	return [a for a in found if not any(text.endswith(f": {a.comment}") for text in known)]


def _hands(review: Document, row: Document) -> tuple[str, str | None]:
	"""Return who does and who verifies what an answer asks for: without a name, who prepared the review, and
	who gives the opinion or, if that is the same person, anybody of the department (C10).
	"""
	user = frappe.session.user
	owner = row.action_owner or review.prepared_by
	return owner, row.action_verifier or (user if user != owner else None)


def _hands_refusals(review: Document, row: Document) -> list[rules.Refusal]:
	owner, verifier = _hands(review, row)
	if owner == verifier or row.action_owner == (verifier or frappe.session.user):
		message = mark("Owner and verifier of an action are two people: {0}")
		return [rules.Refusal("C10", message, (row.aspect,))]
	return [
		rules.Refusal("C10", mark("{0} cannot take on an action here: name somebody else."), (user,))
		for user in (owner, verifier)
		if user and not (people.is_enabled_person(user) and people.may_see(user, review))
	]


def _raise_actions(review: Document, opinion: Document, rows: Sequence[Document]) -> None:
	"""Each condition and each objection becomes an action (C10)."""
	for row in rows:
		objection = row.answer == rules.NOT_MET
		owner, verifier = _hands(review, row)
		add_action(
			review,
			f"{_(row.aspect)}: {row.comment}",
			# An objection blocks by itself (C11); a condition, unless said otherwise, before goods leave.
			row.action_blocks or (rules.BLOCKS_NOTHING if objection else rules.BLOCKS_DELIVERY),
			owner,
			row.action_due,
			verifier,
			opinion.department_role,
			opinion.name,
			objection,
		)


def add_action(
	review: Document,
	description: str,
	blocks: str,
	owner: str,
	due: str | None,
	verifier: str | None,
	verifier_role: str,
	opinion: str | None = None,
	from_objection: bool = False,
) -> Document:
	"""Open an action of a review: who does what by when, who verifies it, what it holds up (C10)."""
	action = frappe.get_doc(
		{
			"doctype": reviews.ACTION,
			"description": description,
			"blocks": blocks,
			"action_owner": owner,
			"due_date": due or workdays.after(settings().action_due_days, review.company),
			"verifier": verifier,
			"verifier_role": verifier_role,
			"contract_review": review.name,
			"opinion": opinion,
			"from_objection": int(from_objection),
			"company": review.company,
			"customer": review.customer,
			"reference_doctype": review.reference_doctype,
			"reference_name": review.reference_name,
			"status": "Open",
		}
	)
	with moving(action, mark("Action Opened")):
		# Actions follow from an opinion or a decision, whose author was checked.
		action.insert(ignore_permissions=True)
	notify.assign(action, [owner], description, str(action.due_date))
	return action


def complete_action(action_name: str, evidence: str, evidence_file: str = "") -> Document:
	"""Let the owner of an action say what was done, with the evidence (C10)."""
	action = frappe.get_doc(reviews.ACTION, action_name, for_update=True)
	people.check_readable(action)
	if not may_report(action) or not people.is_present(frappe.session.user):
		refuse_one("C10", mark("Only the owner of the action, {0}, reports it done."), action.action_owner)
	if action.status != "Open":
		refuse_one(
			"C10", mark("Action {0} is not open: {1}."), action.name, _(action.status, context=reviews.ACTION)
		)
	if not says(evidence):
		refuse_one("C10", mark("Say what was done; it is the evidence."))
	action.update(
		{
			"status": "Done",
			"evidence": evidence,
			"evidence_file": evidence_file or None,
			"done_by": frappe.session.user,
			"done_on": now_datetime(),
		}
	)
	signing.in_hand()
	_save_action(action, _verifiers(action))
	signing.sign(action, mark("Reported Done"), mark("Action Owner"), "", evidence)
	return action


def verify_action(action_name: str, effective: bool, comment: str) -> Document:
	"""Let the verifier, who is not the one that did it, close an action or send it back to its owner
	(C10).
	"""
	action = frappe.get_doc(reviews.ACTION, action_name, for_update=True)
	people.check_readable(action)
	user = frappe.session.user
	if not may_verify(action) or not people.is_present(user):
		refuse_one(
			"C10",
			mark("This action is verified by {0}, and not by who did it."),
			action.verifier or action.verifier_role,
		)
	if action.status != "Done":
		refuse_one(
			"C10",
			mark("Action {0} waits for its owner: {1}."),
			action.name,
			_(action.status, context=reviews.ACTION),
		)
	if not says(comment):
		refuse_one("C10", mark("Say what you verified."))
	action.update(
		{
			"status": "Verified" if effective else "Open",
			"verification": comment,
			"verified_by": user,
			"verified_on": now_datetime(),
		}
	)
	signing.in_hand()
	_save_action(action, [] if effective else [action.done_by])
	role = mark("Verifier") if action.verifier else action.verifier_role
	signing.sign(action, mark("Verified") if effective else mark("Sent Back"), role, "", comment)
	return action


def may_report(action: Document) -> bool:
	"""Return whether this person reports an action done (C10)."""
	user = frappe.session.user
	enabled = people.is_enabled_person(action.action_owner)
	return rules.may_report(
		user, people.own_roles(user), action.action_owner, enabled, action.verifier_role or ""
	)


def may_verify(action: Document) -> bool:
	"""Return whether this person verifies an action (C10)."""
	user, named = frappe.session.user, action.verifier or ""
	enabled = bool(named) and people.is_enabled_person(named)
	return rules.may_verify(
		user, people.own_roles(user), action.done_by or "", named, enabled, action.verifier_role or ""
	)


def _verifiers(action: Document) -> list[str]:
	"""Return who is asked to verify an action that is done (C10)."""
	named = action.verifier
	if named and named != action.done_by and people.is_enabled_person(named):
		return [named]
	return [user for user in people.holders(action.verifier_role) if user != action.done_by]


def _save_action(action: Document, next_people: list[str], event: str = "") -> None:
	with moving(action, event):
		# Owner or verifier, checked above; nobody has a general right to write actions.
		action.save(ignore_permissions=True)
	notify.done(action)
	notify.assign(action, next_people, action.description)


def _authority(review: Document, overrule_reason: str) -> tuple[str, people_rules.Authority]:
	user = frappe.session.user
	options = people.authorities(user, review.approver_role) if people.is_present(user) else []
	if not options:
		refuse_one("C9", mark("This review is decided by: {0}."), review.approver_role)
	if says(overrule_reason):
		options = people_rules.strongest_first(options)
	authority, reason = people_rules.choose_authority(
		options, user, reviews.preparers(review), reviews.opiners(review)
	)
	if authority is None:
		refuse([rules.Refusal("C12", reason)])
	return user, authority


def _before_approval(review: Document, doc: Document) -> list[rules.Refusal]:
	"""What else approval needs: a verbal order's confirmation (A3); a class that has not risen (B4).

	Of a change the customer's confirmation stands on its notice.
	"""
	found = [] if review.change_notice else _unconfirmed(review, doc)
	if not review.change_notice or _concerns_pmc(review):
		found += delivery_date.before_approval(review, doc)
	capacity.keep_fresh(doc)
	now = facts.evaluate(doc, reviews.overrides_of(review))
	if has_risen(Path(review.review_path), now.path):
		found.append(
			rules.Refusal(
				"B4",
				mark(
					"The contract needs more scrutiny now ({0}) than this review gave it ({1}). Return it; "
					"Sales starts the next version."
				),
				(now.path.value, review.review_path),
			)
		)
	return found


def _unconfirmed(review: Document, doc: Document) -> list[rules.Refusal]:
	return [
		rules.Refusal(m.rule, m.message, m.args)
		for m in contract_rules.missing_to_approve(
			doc.get("qms_contract_form") or "",
			[
				contract_rules.Confirmation(
					c.confirmed_by or "",
					str(c.confirmed_on or ""),
					c.method or "",
					c.evidence if files.is_stored(c.evidence) else "",
				)
				for c in review.confirmations
			],
		)
	]


def _concerns_pmc(review: Document) -> bool:
	"""Whether PMC is asked about a change: then what it can deliver by when is agreed first (C8)."""
	return any(o.department == PMC for o in reviews.opinions_of(review.name))


def _approve(
	review: Document,
	doc: Document,
	canonical: dict,
	user: str,
	authority: people_rules.Authority,
	comment: str,
	overrule_reason: str,
	opinions: list,
	actions: list,
	content_hash: str,
) -> None:
	objecting = [o.department for o in opinions if o.outcome == "Objected"]
	passed = [a.name for a in actions if a.from_objection and a.status not in ("Verified", "Overruled")]
	if authority.role == people_rules.GENERAL_MANAGER and says(overrule_reason) and (objecting or passed):
		# The reason is kept for what it let pass: an objection, or the action of one that was taken back.
		review.overruled = ", ".join(objecting or passed)[:140]
		review.overrule_reason = overrule_reason
		for name in passed:
			action = frappe.get_doc(reviews.ACTION, name)
			action.status = "Overruled"
			action.verification = overrule_reason
			_save_action(action, [], mark("Overruled"))
	reviews.close_approved(
		review, canonical, user, authority.role, authority.acting_for, comment, content_hash
	)
	for kind in _to_design(review, doc):
		owners = people.holders(people_rules.RND)
		add_action(
			review,
			_(
				"A7: design the special requirement ({0}) and have the customer confirm it before production"
			).format(_(kind)),
			rules.BLOCKS_PRODUCTION,
			owners[0] if owners else review.prepared_by,
			None,
			None,
			people_rules.QUALITY,
		)


def _to_design(review: Document, doc: Document) -> list[str]:
	"""The special requirements to be designed before production (A7); of a change, those that it brings."""
	kinds = contract_rules.design_before_production(facts.requirements(doc), doc.get("qms_packaging") or "")
	before = doc.flags.qms_stored
	if not review.change_notice or before is None:
		return kinds
	names = ("qms_packaging", "qms_packaging_details")
	if any((doc.get(n) or "") != (before.get(n) or "") for n in names):
		return kinds
	return kinds if facts.requirements(doc) != facts.requirements(before) else []
