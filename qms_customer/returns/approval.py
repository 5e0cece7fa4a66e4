"""Who approves a return slip: the business manager, for a bulk return the general manager as well (G2, C12,
L2).
"""

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import now_datetime

from qms_customer.contract import notify, people, states
from qms_customer.messages import refuse, refuse_one
from qms_customer.records import ledger, signing
from qms_customer.records.completeness import refuse_incomplete
from qms_customer.returns import accounted, batch, edit, inbox, opened, said, slips
from qms_customer.rules import claim as rules
from qms_customer.rules import mark
from qms_customer.rules import people as people_rules
from qms_customer.rules.review import Refusal

# K3: what the signatures mean.
APPROVED = mark("Return Approved")
REJECTED = mark("Return Rejected")
# What is done on a slip by others than those who prepare it: to have done it does not make one its preparer.
NOT_PREPARING = (
	APPROVED,
	REJECTED,
	"Retained Sample Tested",
	"Batch Blocked",
	"Batch Moved to Quarantine",
	"Non-Conformance Opened",
	"Batch Looked At",
)


def preparers(slip: Document) -> list[str]:
	"""Return who prepared a slip: they do not approve it (C12). One query.

	Who made or edited it, put it forward, recorded what the customer confirmed, explained and answered: all
	who moved it so far, but for those who tested or decided.
	"""
	moved = frappe.get_all(
		ledger.SNAPSHOT,
		filters={
			"reference_doctype": slip.doctype,
			"reference_name": slip.name,
			"event": ("not in", NOT_PREPARING),
		},
		pluck="recorded_by",
		distinct=True,
	)
	named = (slip.owner, slip.put_forward_by, slip.explained_by, slip.answer_recorded_by)
	return sorted({u for u in (*named, *moved) if u} - people_rules.ACCOUNTS_WITHOUT_PERSON)


def finders(slip: Document) -> list[str]:
	"""Return who tested the retained sample: they do not approve (C12)."""
	return sorted({t.found_by for t in slip.sample_tests if t.found_by})


def who_decides(slip: Document) -> list[str]:
	"""Return who may give an approval that is missing (G2, C12, L2).

	Where nobody of the role may, those of the next higher one; a general manager's own approval has no higher
	one.
	"""
	took_part = {p for a in said.given(slip) for p in (a.by, a.acting_for) if p}
	without = {*preparers(slip), *finders(slip), *took_part}
	found: list[str] = []
	for role in said.outstanding(slip):
		for candidate in _from(role):
			if users := people.deciders(candidate, without):
				found += users
				break
	return list(dict.fromkeys(found))


def ask(slip: Document) -> None:
	"""Put a slip into the inbox of who may approve it; tell who put it forward if there is nobody (L3)."""
	users = who_decides(slip)
	if not users:
		notify.tell(
			[slip.put_forward_by],
			_("Nobody can decide {0}: a delegation or another person is needed.").format(slip.name),
			slip,
			also_oneself=True,
		)
	ask_to_decide(slip, users)


def ask_to_decide(slip: Document, users: list[str]) -> None:
	"""Put a slip into the inbox of these users (L3)."""
	notify.assign(slip, users, _("Decide the return {0} of {1}").format(slip.name, slip.customer_name))


def decide(name: str, decision: str, content_hash: str, comment: str) -> Document:
	"""Approve or reject a return, signed; returns the slip (G2, C12, C13, L2).

	A rejection is final, whoever of the approvers gives it. A bulk return is approved when both have. What is
	approved may still come back: that is counted once more, locked (G7).
	"""
	opened.lock_customer(name)
	slip = opened.locked(name, content_hash)
	if slip.docstatus != 0:
		refuse_one("C12", mark("{0} was decided already: {1}."), slip.name, slip.decision or "")
	opened.require_state(slip, "G2", states.RETURN_PENDING)
	role, authority = _authority(slip)
	if found := rules.decision_refusals(decision, comment):
		refuse(found)
	if decision == rules.APPROVED and (found := edit.taken_since(slip, accounted.outstanding(slip))):
		refuse(found)
	signing.in_hand()
	user = frappe.session.user
	slip.append(
		"approvals",
		{
			"role": role,
			"decision": decision,
			"decided_by": user,
			"decided_by_name": people.full_name(user),
			"acting_for": authority.acting_for or None,
			"decided_on": now_datetime(),
			"comment": comment,
		},
	)
	approving = decision == rules.APPROVED
	if approving and said.outstanding(slip):
		slips.settle(slip)
		opened.save(slip)
	else:
		slip.update({"decision": decision, "decision_comment": comment, "decided_on": now_datetime()})
		if not approving:
			slip.closed_on = slip.decided_on
		slips.settle(slip)
		opened.submit(slip)
		refuse_incomplete(slip)
	meaning = APPROVED if approving else REJECTED
	signing.sign(slip, meaning, authority.role, authority.acting_for, comment, content_hash)
	_decided(slip)
	return slip


def may_decide(slip: Document, user: str) -> tuple[str, str]:
	"""Return for which role a user may decide a slip now, or why not who has the authority (G2, C12)."""
	options = _options(slip, user)
	if not options:
		return "", ""
	role, _one, reason = rules.choose(options, user, preparers(slip), finders(slip), said.given(slip))
	return role, reason


def _authority(slip: Document) -> tuple[str, people_rules.Authority]:
	user = frappe.session.user
	options = _options(slip, user) if people.is_present(user) else []
	if not options:
		refuse_one("G2", mark("This is decided by: {0}."), ", ".join(said.outstanding(slip)))
	role, authority, reason = rules.choose(options, user, preparers(slip), finders(slip), said.given(slip))
	if authority is None:
		refuse([Refusal("G2" if reason.startswith("G2") else "C12", reason)])
	return role, authority


def _options(slip: Document, user: str) -> list[tuple[str, people_rules.Authority]]:
	return [(role, one) for role in said.outstanding(slip) for one in people.authorities(user, role)]


def _from(role: str) -> list[str]:
	"""The role and those above it, the lowest first."""
	rank = people_rules.AUTHORITY_RANK
	return sorted((r for r in rank if rank[r] >= rank[role]), key=rank.get)


def _decided(slip: Document) -> None:
	notify.done(slip)
	if slip.docstatus == 0:
		ask(slip)
	else:
		notify.tell(
			[slip.put_forward_by, slip.owner], _("{0}: {1}").format(slip.name, _(slip.workflow_state)), slip
		)
		if slip.workflow_state in states.RETURN_APPROVED:
			inbox.ask(slip)
			return
	# The rest of a bad batch is looked at whatever becomes of this slip (G5).
	batch.ask(slip)
