"""The life of a contract review: started, kept in step with its contract, superseded (C1-C6, C10, C13, B3,
B4).
"""

import json
from dataclasses import asdict

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import add_days, now_datetime, nowdate
from frappe.workflow.doctype.workflow_action.workflow_action import process_workflow_actions

from qms_customer.contract import (
	approved,
	capacity,
	content,
	facts,
	inherit,
	notify,
	people,
	proposed,
	rejected,
	states,
	workdays,
)
from qms_customer.contract.gate import describe, place
from qms_customer.contract.settings import aspects, departments, settings
from qms_customer.messages import refuse, refuse_one, term
from qms_customer.records import signing
from qms_customer.records.token import moving
from qms_customer.rules import content as content_rules
from qms_customer.rules import contract as contract_rules
from qms_customer.rules import mark
from qms_customer.rules import review as rules
from qms_customer.rules.aspects import SALES, Department
from qms_customer.rules.classification import CRITERIA, Classification, Criterion, Path, Verdict
from qms_customer.rules.fields import topics
from qms_customer.rules.inheritance import contradictions
from qms_customer.rules.people import (
	ACCOUNTS_WITHOUT_PERSON,
	AUTHORITY_RANK,
	BUSINESS_MANAGER,
	GENERAL_MANAGER,
	SALES_USER,
	SALES_VP,
)

REVIEW, OPINION, ACTION = "Contract Review", "Contract Review Opinion", "Review Action"
# C5: what the salesperson's signature alone means.
BY_SIGNATURE = mark("Reviewed and Approved")
PREPARERS = (SALES_USER, BUSINESS_MANAGER, SALES_VP, GENERAL_MANAGER)


def start(doc: Document, again_reason: str = "") -> Document:
	"""Start the review of a contract document as it is stored now, and return it (C1-C6, C10, C13).

	One review stands for one content: a review in progress of other content is superseded, linked as the
	previous version. Raises QMSRefusal with everything that is missing at once.
	"""
	doc, canonical, _fingerprint, earlier = _ready(doc)
	capacity.keep_fresh(doc, always=True)
	classification = facts.evaluate(doc)
	full_record = classification.path not in (Path.SIGNATURE, Path.SALES)
	if missing := facts.missing_to_start(doc, full_record):
		refuse([rules.Refusal(m.rule, m.message, m.args) for m in missing], _("The Contract Is Incomplete"))
	required = rules.APPROVERS[classification.path] or SALES_VP
	required = _check_again(canonical, again_reason, required)
	seats = rules.seats(classification, departments()) or [
		# C5 is an offer, not a duty: reviewed the ordinary way, a small order is Sales' alone.
		rules.Seat(d, mark("C2: routine and in stock"))
		for d in departments()
		if d.name == SALES
	]
	refuse_empty_seats(seats, required, doc)
	review = new_review(doc, canonical, classification, required, earlier, again_reason)
	review.workflow_state = states.IN_REVIEW
	with moving(review):
		# Who may start a review was checked in _ready; nobody creates one by hand.
		review.insert(ignore_permissions=True)
	supersede(earlier, review)
	given = carried(earlier, canonical) if earlier else {}
	for seat in seats:
		ask(review, seat.department, seat.reason, given.get(seat.department.name))
	with moving(review, mark("Review Started")):
		# As above; it now knows how many opinions are outstanding.
		review.save(ignore_permissions=True)
	show_on_contract(review)
	return review


def sign_small_order(doc: Document, content_hash: str) -> Document:
	"""Let the salesperson's signature be review and approval of a small routine order; returns the review
	(C5, C9).
	"""
	doc, canonical, fingerprint, earlier = _ready(doc)
	if content_hash != fingerprint:
		refuse_one("C12", mark("The contract has changed since it was shown. Reload it and sign again."))
	user = frappe.session.user
	capacity.keep_fresh(doc)
	classification = facts.evaluate(doc)
	refusal = rules.signature_refusal(
		bool(settings().small_amount and settings().small_quantity),
		classification.path,
		people.is_present(user),
		SALES_USER in people.own_roles(user),
	)
	if refusal:
		refuse([refusal])
	if missing := facts.missing_to_start(doc, full_record=False):
		refuse([rules.Refusal(m.rule, m.message, m.args) for m in missing], _("The Contract Is Incomplete"))
	if rejected.authority(canonical):
		refuse_one("C13", mark("This content was rejected, so a signature alone does not approve it."))
	if doc.get("qms_contract_form") == contract_rules.VERBAL_ORDER:
		refuse_one(
			"A3",
			mark("A verbal order needs the customer's confirmation: start a review and record it there."),
		)
	review = new_review(doc, canonical, classification, "", earlier, "")
	review.workflow_state = states.IN_REVIEW
	if review.discrepancies:
		refuse_one(
			"C7",
			mark("The order differs from its quotation: start a review and resolve the differences there."),
		)
	signing.in_hand()
	with moving(review):
		# C5: the checks above are the permission.
		review.insert(ignore_permissions=True)
		supersede(earlier, review)
		close_approved(
			review,
			canonical,
			user,
			SALES_USER,
			"",
			_("Reviewed and approved by the salesperson's signature (C5)."),
			content_hash,
		)
	signing.sign(review, BY_SIGNATURE, SALES_USER, shown_hash=content_hash)
	return review


def ask(
	review: Document,
	department: Department,
	reason: str,
	earlier: frappe._dict | None = None,
	may_re_affirm: bool | None = None,
) -> Document:
	"""Ask a department for its opinion: an empty one of its own, in its own inbox (C6, C11, L3).

	The caller holds the lock of the review, and saves it: it counts the opinions outstanding.
	"""
	due = workdays.after(settings().opinion_due_days, review.company)
	opinion = frappe.get_doc(
		{
			"doctype": OPINION,
			"contract_review": review.name,
			"department": department.name,
			"department_role": department.role,
			"seat_reason": _(reason),
			"customer_name": review.customer_name,
			"company": review.company,
			"customer": review.customer,
			"reference_doctype": review.reference_doctype,
			"reference_name": review.reference_name,
			"due_date": due,
			"re_affirms": earlier.name if earlier else None,
			"may_re_affirm": int(
				bool(earlier and (earlier.untouched if may_re_affirm is None else may_re_affirm))
			),
			"workflow_state": states.AWAITING_OPINION,
			"answers": [
				{"aspect": a.question, "topic": a.topic} for a in rules.aspects_of(department.name, aspects())
			],
		}
	)
	with moving(opinion, mark("Asked")):
		# The review asks; the department only answers.
		opinion.insert(ignore_permissions=True)
	notify.assign(
		opinion,
		people.holders(department.role),
		_("Give the opinion of {0} on {1} for {2}").format(
			_(department.name, context="Review Department"), review.reference_name, review.customer_name
		),
		due,
	)
	review.outstanding = (review.outstanding or 0) + 1
	return opinion


def keep_in_step(doc: Document) -> None:
	"""After a draft contract was edited, show on its open review whether that is out of date, and why
	(C13).
	"""
	before = doc.get_doc_before_save()
	# The stored document was read under lock: it names a review that began a moment ago.
	name = (before and before.get("qms_contract_review")) or frappe.db.get_value(
		REVIEW,
		{
			"reference_doctype": doc.doctype,
			"reference_name": doc.name,
			"docstatus": 0,
			"change_notice": ("is", "not set"),
		},
		"name",
	)
	if not name or not frappe.db.exists(REVIEW, name):
		return
	review = frappe.get_doc(REVIEW, name, for_update=True)
	if review.docstatus != 0 or review.reference_name != doc.name:
		return
	canonical = content.content_of(doc)
	stale = not approved.says_the_same(canonical, review)
	changes = changes_in_words(review, canonical) if stale else ""
	if bool(review.out_of_date) == stale and (review.changes or "") == changes:
		return
	was_stale = bool(review.out_of_date)
	review.out_of_date, review.changes = int(stale), changes
	review.workflow_state = states.OUT_OF_DATE if stale else state_of(review)
	with moving(review, mark("Contract Edited")):
		# The person edits the contract, not the review: the review only says so.
		review.save(ignore_permissions=True)
	if stale and not was_stale:
		notify.tell(
			[review.prepared_by, *_open_reviewers(review.name)],
			_("{0} was edited during its review {1}: the review is out of date").format(
				doc.name, review.name
			),
			review,
		)
	elif not stale:
		assign_deciders(review)


def state_of(review: Document) -> str:
	"""Return the state in which an undecided, current review is: until the last opinion is given, in review;
	once returned, that until Sales resubmits it (C11).
	"""
	if review.returned:
		return states.RETURNED
	return states.IN_REVIEW if review.outstanding else states.PENDING_APPROVAL


def changes_in_words(review: Document, canonical: dict) -> str:
	"""Return what changed in the contract since its review began, a line a change."""
	changes = content_rules.diff(json.loads(review.content), canonical)
	return "\n".join(describe(review.reference_doctype, c) for c in changes)


def count_move(review: Document) -> None:
	"""Count a move of a review that nobody's open form of it has to be reloaded for (C11, C12).

	Somebody may be typing a resolution or a solution there: the opinion of a department does not take it
	away. The caller holds the lock of the review. A decision on what was shown before is refused all the
	same, by the turn in its hash.
	"""
	with moving(review):
		review.db_set(
			{
				"outstanding": review.outstanding,
				"workflow_state": review.workflow_state,
				"turn": (review.turn or 0) + 1,
			},
			update_modified=False,
		)
	process_workflow_actions(review, "on_update")
	# A form that nobody types in shows it at once.
	frappe.publish_realtime(
		"doc_update",
		{"modified": str(now_datetime()), "doctype": review.doctype, "name": review.name},
		doctype=review.doctype,
		docname=review.name,
		after_commit=True,
	)


def refuse_closed(review: Document) -> None:
	"""Refuse what is done to a review that was decided meanwhile (C12)."""
	if review.docstatus != 0:
		refuse_one(
			"C12",
			mark("Review {0} was decided already by {1}: {2}."),
			review.name,
			review.decided_by_name or "–",
			review.decision,
		)


def refuse_closed_or_changed(review: Document, canonical: str) -> None:
	"""Refuse that, too, for a contract that is not any more what its review was begun with (C12)."""
	refuse_closed(review)
	if not approved.says_the_same(canonical, review):
		refuse_one(
			"C12",
			mark("{0} has changed since this review began. Sales has to start the next version."),
			review.reference_name,
		)


def live_contract(review: Document, lock: bool = True) -> tuple[Document, dict]:
	"""Return the contract document as it is stored now, and its content; of a review of a change, as the
	change would make it (E2).
	"""
	if review.get("change_notice"):
		return proposed.of_review(review, lock)
	doc = frappe.get_doc(review.reference_doctype, review.reference_name, for_update=lock)
	return doc, content.content_of(doc)


def opinions_of(review_name: str) -> list[frappe._dict]:
	"""Return the opinions that count for a review, with their answers in `answers`; two queries (C11)."""
	opinions = frappe.get_all(
		OPINION,
		filters={"contract_review": review_name, "superseded": 0},
		fields=[
			"name",
			"department",
			"department_role",
			"docstatus",
			"given_by",
			"given_by_name",
			"given_on",
			"outcome",
			"comment",
			"re_affirms",
			"may_re_affirm",
			"due_date",
		],
		order_by="creation, name",
	)
	answers = frappe.get_all(
		"Contract Review Answer",
		filters={"parent": ("in", [o.name for o in opinions] or [""]), "parenttype": OPINION},
		fields=["parent", "aspect", "topic", "answer", "comment"],
		order_by="idx",
	)
	for o in opinions:
		o.answers = [a for a in answers if a.parent == o.name]
	return opinions


def actions_of(review_name: str) -> list[frappe._dict]:
	"""Return the actions that followed from a review, and, until it is decided, those of earlier versions
	that still block an approval: the next version does not shake them off (C10). One query.
	"""
	action, review = frappe.qb.DocType(ACTION), frappe.qb.DocType(REVIEW)
	open_block = (action.blocks == rules.BLOCKS_APPROVAL) & action.status.isin(["Open", "Done"])
	return (
		frappe.qb.from_(action)
		.join(review)
		.on(review.name == review_name)
		.select(
			action.name,
			action.description,
			action.status,
			action.blocks,
			action.action_owner,
			action.due_date,
			action.from_objection,
		)
		.where(
			(action.contract_review == review_name)
			| (
				open_block
				& (review.docstatus == 0)
				& (action.reference_doctype == review.reference_doctype)
				& (action.reference_name == review.reference_name)
			)
		)
		.orderby(action.creation, action.name)
		.run(as_dict=True)
	)


def shown_hash(review: Document) -> str:
	"""Return the hash of all that a decision on the review rests on: content, criteria, differences,
	opinions, actions.

	The form shows these and sends the hash back; a decision on anything else is refused (C12).
	"""
	seen = {
		"fingerprint": review.fingerprint,
		# Counts every move of the review. It is read under lock when somebody decides, so that an opinion
		# given
		# since the form was shown is noticed however the database orders the two.
		"turn": review.turn,
		"path": review.review_path,
		"criteria": [[c.criterion, c.computed, c.override, c.override_reason] for c in review.criteria],
		"differences": [[d.item, d.old_value, d.new_value, d.resolution] for d in review.discrepancies],
		"confirmations": [
			[c.confirmed_by, str(c.confirmed_on), c.method, c.evidence] for c in review.confirmations
		],
		"solution": review.solution or "",
		"dates": [
			str(review.get(f) or "")
			for f in ("earliest_date", "possible_date", "countermeasure", "agreed_date", "customer_answer")
		],
		"opinions": [
			[o.name, o.docstatus, o.given_by, o.comment, [[a.aspect, a.answer, a.comment] for a in o.answers]]
			for o in opinions_of(review.name)
		],
		"actions": [[a.name, a.status, a.blocks] for a in actions_of(review.name)],
	}
	return content_rules.fingerprint(json.dumps(seen, ensure_ascii=False, sort_keys=True, default=str))


def close_approved(
	review: Document, canonical: dict, user: str, role: str, acting_for: str, comment: str, content_hash: str
) -> None:
	"""Submit a review as approved and write its content into the ledger; the caller holds the token (C1,
	C9).
	"""
	review.update(_decision(rules.APPROVED, user, role, acting_for, comment, content_hash))
	days = settings().approval_validity_days
	review.valid_until = add_days(nowdate(), days) if days else None
	review.workflow_state = states.APPROVED
	# The decision function that calls this has checked role, delegation and separation of duties.
	review.flags.ignore_permissions = True
	review.submit()
	if review.get("change_notice"):
		# The order's own review stays the order's; what was approved goes into the ledger as it is applied
		# (E7).
		notify.done(review)
		return
	approved.record(
		review.reference_doctype,
		review.reference_name,
		canonical,
		source_doctype=REVIEW,
		source_name=review.name,
		approved_by=user,
		valid_until=review.valid_until,
		review_path=review.review_path,
	)
	notify.done(review)
	show_on_contract(review)


def close_rejected(
	review: Document, user: str, role: str, acting_for: str, comment: str, content_hash: str
) -> None:
	"""Submit a review as rejected; final, and kept. The caller holds the token (C13)."""
	review.update(_decision(rules.REJECTED, user, role, acting_for, comment, content_hash))
	review.workflow_state = states.REJECTED
	# Nobody waits for the opinions that are still outstanding.
	for name in frappe.get_all(
		OPINION, filters={"contract_review": review.name, "docstatus": 0}, pluck="name"
	):
		close_opinion(name)
	review.outstanding = 0
	# As in close_approved.
	review.flags.ignore_permissions = True
	review.submit()
	notify.done(review)
	show_on_contract(review)


def show_on_contract(review: Document) -> None:
	"""Write where the review stands onto the contract document, for its form and lists only (never
	trusted).
	"""
	if review.get("change_notice"):
		# The review under which the order was committed stays on it; a change shows on its notice.
		return
	frappe.db.set_value(
		review.reference_doctype,
		review.reference_name,
		{"qms_contract_review": review.name, "qms_review_status": review.workflow_state},
		# The salesperson may have the form open: this is no edit of theirs.
		update_modified=False,
	)


def assign_deciders(review: Document) -> None:
	"""When all opinions are in, put the review into the inbox of who decides it, delegates included (L2,
	L3).
	"""
	if review.workflow_state != states.PENDING_APPROVAL:
		return
	users = who_decides(review)
	if not users:
		notify.tell(
			[review.prepared_by],
			_(
				"Nobody can decide review {0}: each {1} prepared it or gave an opinion. A delegation or "
				"another person is needed."
			).format(review.name, _(review.approver_role)),
			review,
		)
	ask_to_decide(review, users)


def ask_to_decide(review: Document, users: list[str]) -> None:
	"""Put a review into the inbox of these users (L3)."""
	notify.assign(
		review,
		users,
		_("Decide review {0} of {1} for {2}").format(
			review.name, review.reference_name, review.customer_name
		),
	)


def who_decides(review: Document) -> list[str]:
	"""Return who may decide a review: its authority, without those who took part and their delegates; if
	there is nobody left, the general manager (C9, C12, L2).
	"""
	without = {*preparers(review), *opiners(review)}
	users = people.deciders(review.approver_role, without)
	if not users and review.approver_role != GENERAL_MANAGER:
		users = people.deciders(GENERAL_MANAGER, without)
	return users


def preparers(review: Document) -> list[str]:
	"""Return who prepared a review (C12): who wrote the contract, who started the review, who replaced a
	computed verdict (B3), who said how a difference is resolved (C7), who answered with a date or agreed it
	(C8).
	"""
	owner = frappe.db.get_value(review.reference_doctype, review.reference_name, "owner")
	found = [
		review.prepared_by,
		owner,
		*(c.override_by for c in review.criteria),
		*(d.resolved_by for d in review.discrepancies),
		review.assessed_by,
		review.agreed_by,
		*_preparers_of_change(review),
	]
	return [user for user in dict.fromkeys(found) if user and user not in ACCOUNTS_WITHOUT_PERSON]


def _preparers_of_change(review: Document) -> list[str]:
	"""Who wrote the notice that a review is of, or recorded its confirmation (C12)."""
	if not review.get("change_notice"):
		return []
	row = frappe.db.get_value(
		proposed.NOTICE,
		review.change_notice,
		["prepared_by", "editors", "confirmation_recorded_by"],
		as_dict=True,
	)
	return [row.prepared_by, row.confirmation_recorded_by, *(row.editors or "").split("\n")] if row else []


def opiners(review: Document) -> list[str]:
	"""Return who gave an opinion on a review, those included that were asked for anew since (C12)."""
	return frappe.get_all(
		OPINION,
		filters={"contract_review": review.name, "given_by": ("is", "set")},
		pluck="given_by",
		distinct=True,
	)


def criteria_rows(criteria: tuple[Criterion, ...]) -> list[dict]:
	"""Return the criteria as rows of a review, evidence and all (B3)."""
	return [
		{
			"criterion": c.code,
			"title": CRITERIA[c.code],
			"computed": c.computed.value,
			"evidence": json.dumps([asdict(e) for e in c.evidence], ensure_ascii=False, default=str),
		}
		for c in criteria
	]


def overrides_of(review: Document) -> dict[str, Verdict]:
	"""Return the verdicts that people set on a review, by criterion (B3); signed ones, of criteria that there
	are.
	"""
	return {
		c.criterion: Verdict(c.override)
		for c in review.criteria
		if c.override and c.override_by and c.criterion in CRITERIA
	}


def set_class(review: Document, classification: Classification) -> None:
	"""Write class, path, approver and reasons of a classification onto a review (B1, C9)."""
	review.contract_class = "Routine" if classification.routine else "Non-routine"
	review.review_path = classification.path.value
	review.is_large, review.is_small = int(classification.large), int(classification.small)
	review.in_stock = int(classification.in_stock)
	review.special = ", ".join(classification.special)
	review.reasons = "\n".join(
		_(e.message).format(*(term(a) for a in e.args)) for e in classification.reasons
	)


def reclassify(review: Document, classification: Classification) -> None:
	"""Write a new class onto an open review, with its approver and the departments it calls for; the caller
	saves it (B1, C3, C4, C9, C13).
	"""
	set_class(review, classification)
	required = rules.APPROVERS[classification.path] or SALES_VP
	# Below the authority of an earlier rejection of the same content it cannot fall.
	floor = rejected.authority(json.loads(review.content)) or SALES_VP
	if review.get("change_notice"):
		asked = frappe.db.get_value(proposed.NOTICE, review.change_notice, "approver_role") or ""
		floor = max(floor, asked, key=lambda role: AUTHORITY_RANK.get(role, 0))
	review.approver_role = required if AUTHORITY_RANK[required] >= AUTHORITY_RANK[floor] else floor
	_match_seats(review, classification)
	review.workflow_state = state_of(review)


def _match_seats(review: Document, classification: Classification) -> None:
	"""Ask departments that the new class calls for; close outstanding opinions that it does not (C3, C4).

	Who reviews a change follows from what changes (E2), not from the class.
	"""
	if review.get("change_notice"):
		return
	opinions = opinions_of(review.name)
	seats = {s.department.name: s for s in rules.seats(classification, departments())}
	asked = {o.department for o in opinions}
	for name, seat in seats.items():
		if name not in asked:
			ask(review, seat.department, seat.reason)
	for opinion in opinions:
		if opinion.docstatus == 0 and seats and opinion.department not in seats:
			close_opinion(opinion.name)
			review.outstanding = max((review.outstanding or 0) - 1, 0)


def may_prepare(user: str) -> bool:
	"""Return whether a user may start reviews (C2: Sales)."""
	return bool(people.own_roles(user) & set(PREPARERS))


def _ready(doc: Document) -> tuple[Document, dict, str, frappe._dict | None]:
	"""Lock the contract and check that a review of it may start now."""
	user = frappe.session.user
	doc.check_permission("read")
	if not may_prepare(user):
		refuse_one("C2", mark("A review is started by Sales: the role {0} is needed."), SALES_USER)
	doc = frappe.get_doc(doc.doctype, doc.name, for_update=True)
	if doc.docstatus == 2:
		refuse_one("C1", mark("{0} is cancelled."), doc.name)
	if not facts.is_gated(doc):
		refuse_one("C1", mark("{0} needs no contract review."), doc.name)
	canonical = content.content_of(doc)
	fingerprint = content_rules.fingerprint(canonical)
	row = approved.match(doc.doctype, fingerprint, approved.rows(doc.doctype, [doc.name]))
	if row and (approved.is_valid(row) or doc.docstatus == 1):
		refuse_one("C1", mark("{0} is approved already, in {1}."), doc.name, row.source_name)
	earlier = _latest(doc)
	if (
		earlier
		and earlier.docstatus == 0
		and earlier.reference_name == doc.name
		and approved.says_the_same(canonical, earlier)
	):
		refuse_one("C1", mark("{0} is under review already, in {1}."), doc.name, earlier.name)
	return doc, canonical, fingerprint, earlier


def _latest(doc: Document) -> frappe._dict | None:
	"""The latest review of the document, or of the one that it amends."""
	names = [doc.name] + ([doc.amended_from] if doc.get("amended_from") else [])
	fields = [
		"name",
		"reference_name",
		"docstatus",
		"fingerprint",
		"decision",
		"decided_role",
		"review_version",
		"content",
		"prepared_on",
	]
	found = frappe.get_all(
		REVIEW,
		# Reviews of changes are those of their notices.
		filters={
			"reference_doctype": doc.doctype,
			"reference_name": ("in", names),
			"change_notice": ("is", "not set"),
		},
		fields=fields,
		order_by="creation desc",
		limit=1,
	)
	latest = found[0] if found else None
	# The contract was read under lock and names its latest review, one that began a moment ago included.
	named = doc.get("qms_contract_review")
	if named and (latest is None or latest.name != named):
		fresh = frappe.db.get_value(REVIEW, named, fields, as_dict=True, for_update=True)
		if fresh and fresh.reference_name == doc.name:
			return fresh
	return latest


def _check_again(canonical: dict, reason: str, required: str) -> str:
	role = rejected.authority(canonical)
	refusals, role = rules.again_refusals(rules.REJECTED if role else "", role, True, reason, required)
	if refusals:
		refuse(refusals)
	return role


def refuse_empty_seats(seats: list[rules.Seat], approver: str, doc: Document) -> None:
	"""Refuse a review that a department, or who decides it, could not take part in (C9, C11)."""
	empty = [
		rules.Refusal(
			"C11",
			mark(
				"Nobody holds the role {0}, so {1} cannot give an opinion. Ask the system manager to assign "
				"it."
			),
			(s.department.role, s.department.name),
		)
		for s in seats
		if not any(people.may_see(user, doc) for user in people.holders(s.department.role))
	]
	if not people.deciders(approver) and not people.deciders(GENERAL_MANAGER):
		empty.append(
			rules.Refusal(
				"C9", mark("Nobody holds the role {0}, so the review could not be decided."), (approver,)
			)
		)
	if empty:
		refuse(empty)


def new_review(
	doc: Document,
	canonical: dict,
	classification: Classification,
	required: str,
	earlier: frappe._dict | None,
	again_reason: str,
	notice: Document | None = None,
) -> Document:
	"""Return a review of a content, not stored yet; `notice`: the change notice that it is of (C10, E2)."""
	user = frappe.session.user
	review = frappe.get_doc(
		{
			"doctype": REVIEW,
			"reference_doctype": doc.doctype,
			"reference_name": doc.name,
			"review_version": (earlier.review_version or 0) + 1 if earlier else 1,
			"previous_review": earlier.name if earlier else None,
			"again_reason": again_reason,
			"customer_name": doc.get("customer_name") or doc.get("party_name") or doc.get("customer"),
			"company": doc.company,
			"customer": approved.customer_of(canonical),
			"transaction_date": doc.get("transaction_date") or doc.get("from_date"),
			"contract_form": doc.get("qms_contract_form"),
			"amount": facts.amount(doc),
			"quantity": float(
				sum(d.stock_qty or d.qty for d in doc.items)
				if doc.doctype != "Blanket Order"
				else sum(d.qty for d in doc.items)
			),
			"approver_role": required or None,
			"criteria": criteria_rows(classification.criteria),
			"requirements": [
				{k: r.get(k) for k in ("requirement_class", "requirement", "special", "none_identified")}
				for r in doc.get("qms_requirements") or ()
			],
			"documents": [
				{k: d.get(k) for k in ("title", "document_type", "document_version", "file", "sha256")}
				for d in doc.get("qms_documents") or ()
			],
			# What a change differs in is what it is about.
			"discrepancies": [] if notice else _discrepancies(doc),
			"change_notice": notice.name if notice else None,
			"change_kind": notice.kind if notice else None,
			"prepared_by": user,
			"prepared_by_name": people.full_name(user),
			"prepared_on": now_datetime(),
			"content": content_rules.text(canonical),
			"fingerprint": content_rules.fingerprint(canonical),
			**capacity.snapshot(doc),
			**capacity.carried(earlier.name if earlier else None, doc),
		}
	)
	set_class(review, classification)
	return review


def _discrepancies(doc: Document) -> list[dict]:
	"""Each difference of an order from the quotation or blanket order that it comes from (C7)."""
	base = inherit.base_of(doc)
	if base is None:
		return []
	return [
		{
			"source": base.name,
			"item": place(doc.doctype, c)[:140],
			"old_value": _readable(doc.doctype, c.table, c.old),
			"new_value": _readable(doc.doctype, c.table, c.new),
		}
		for c in contradictions(inherit.differences(doc, base))
	]


def _readable(doctype: str, table: str, value: str) -> str:
	"""A whole row of a content as labels and values; anything else as it is."""
	if not value.startswith("{"):
		return value
	meta = frappe.get_meta(frappe.get_meta(doctype).get_field(table).options)
	return "; ".join(
		f"{_(meta.get_label(name) or name, context=meta.name)}: {frappe.utils.strip_html(text)}"
		for name, text in json.loads(value).items()
	)


def supersede(earlier: frappe._dict | None, review: Document) -> None:
	"""Close an undecided earlier review, and its outstanding opinions; both are kept (C10)."""
	if not earlier or earlier.docstatus != 0:
		return
	close_superseded(earlier.name, _("Continued as {0}").format(review.name))


def close_superseded(name: str, comment: str) -> None:
	"""Close an undecided review that is not gone on with, and its outstanding opinions; all kept (C10)."""
	old = frappe.get_doc(REVIEW, name, for_update=True)
	for opinion in frappe.get_all(
		OPINION, filters={"contract_review": old.name, "docstatus": 0}, pluck="name"
	):
		close_opinion(opinion)
	old.decision = "Superseded"
	old.decision_comment = comment
	old.decided_on = now_datetime()
	old.workflow_state = states.SUPERSEDED
	with moving(old, mark("Superseded")):
		# Whoever starts the next version closes this one.
		old.flags.ignore_permissions = True
		old.submit()
	notify.done(old)


def close_opinion(name: str) -> None:
	"""Close an opinion that is not needed any more; it is kept, unanswered (C10)."""
	opinion = frappe.get_doc(OPINION, name, for_update=True)
	opinion.superseded = 1
	opinion.workflow_state = states.OPINION_CLOSED
	with moving(opinion, mark("Closed")):
		# As in _supersede.
		opinion.flags.ignore_permissions = True
		opinion.submit()
	notify.done(opinion)


def carried(earlier: frappe._dict, canonical: dict) -> dict[str, frappe._dict]:
	"""Earlier opinions by department; `untouched` says that a click may re-affirm it (C6, C13)."""
	old = json.loads(earlier.content)
	touched = content_rules.topics_of(
		content_rules.diff(old, canonical), canonical["doctype"], topics(canonical["doctype"])
	)
	given = {o.department: o for o in opinions_of(earlier.name) if o.docstatus == 1 and o.given_by}
	for department, opinion in given.items():
		opinion.untouched = rules.untouched(department, touched, aspects())
	return given


def _open_reviewers(review_name: str) -> list[str]:
	return [o.given_by for o in opinions_of(review_name) if o.given_by]


def _decision(decision: str, user: str, role: str, acting_for: str, comment: str, content_hash: str) -> dict:
	return {
		"decision": decision,
		"decision_comment": comment,
		"decided_by": user,
		"decided_by_name": people.full_name(user),
		"decided_role": role,
		"acting_for": acting_for or None,
		"decided_on": now_datetime(),
		"approved_hash": content_hash,
	}
