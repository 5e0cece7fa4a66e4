"""What people do about an advisory notice decision: narrow or widen it, ask for more, decide (I1, I2)."""

from collections.abc import Iterable

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import getdate, now_datetime

from qms_customer.contract import notify, people
from qms_customer.feedback import advisory, closing, concerned, decisions
from qms_customer.messages import refuse, refuse_one
from qms_customer.records import signing
from qms_customer.records.completeness import refuse_incomplete
from qms_customer.returns.opened import require_role
from qms_customer.rules import advisory as rules
from qms_customer.rules import mark, says
from qms_customer.rules.people import (
	GENERAL_MANAGER,
	MANAGEMENT_REPRESENTATIVE,
	QUALITY,
	Authority,
	authorities,
)

# K3: what the signatures mean, and K2: the events of the chain.
DECIDED = {
	rules.NEEDED: mark("Decided: Advisory Notice Needed"),
	rules.NOT_NEEDED: mark("Decided: No Advisory Notice Needed"),
}
MORE = mark("More Information Asked For")
INFORMED = mark("Information on the Advisory Notice Given")
SCOPED = mark("Scope of the Advisory Notice Changed")
RECOMPUTED = mark("Deliveries of the Advisory Notice Computed Anew")


def readable(name: str) -> Document:
	"""Return a decision; who may not read it, or what it is about, is refused (L1)."""
	doc = frappe.get_doc(advisory.DOCTYPE, name)
	people.check_readable(doc)
	return doc


def locked(name: str, content_hash: str) -> Document:
	"""Lock a decision and return it if it is still what was shown (C12, L1)."""
	readable(name)
	doc = frappe.get_doc(advisory.DOCTYPE, name, for_update=True)
	if content_hash != decisions.shown_hash(doc):
		refuse_one(
			"C12", mark("The decision has changed since it was shown to you. Reload it and do it again.")
		)
	return doc


def recompute(name: str, content_hash: str) -> Document:
	"""Compute deliveries and stock anew; returns the decision (I2)."""
	doc = _undecided(name, content_hash)
	if not _authorities():
		require_role("I2", mark("This is computed by: {0}."), (QUALITY,))
	concerned.compute(doc)
	decisions.save(doc, RECOMPUTED)
	return doc


def set_scope(name: str, content_hash: str, whole: bool, named: Iterable[str], reason: str) -> Document:
	"""Say, with the reason, which batches or devices are concerned, or all of the product; returns the
	decision (I2).
	"""
	doc = _undecided(name, content_hash)
	_authority()
	if not doc.item_code:
		refuse_one("I2", mark("Which product it is, is not known yet."))
	named = concerned.lines("\n".join(named))
	if found := rules.scope_refusals(named, concerned.unknown(doc.item_code, named), whole, reason or ""):
		refuse(found)
	doc.update({"whole": int(whole), "batches": "\n".join(named), "scope_by": frappe.session.user})
	advisory.enter(doc, rules.SCOPE, reason)
	concerned.compute(doc)
	decisions.save(doc, SCOPED)
	return doc


def ask_more(name: str, content_hash: str, question: str) -> Document:
	"""Say, signed, what has to be known first; returns the decision (I1).

	It stays undecided, with its date: Quality is asked, and what is overdue goes up the line all the same.
	"""
	doc = _undecided(name, content_hash)
	authority = _authority()
	if not says(question or ""):
		refuse_one("I1", mark("Say what has to be known."))
	signing.in_hand()
	advisory.enter(doc, rules.QUESTION, question)
	decisions.save(doc)
	signing.sign(doc, MORE, authority.role, authority.acting_for, question, content_hash)
	advisory.put_into_inbox(doc, people.holders(QUALITY))
	return doc


def give(name: str, content_hash: str, information: str) -> Document:
	"""Record, as Quality, what was asked for; returns the decision (I1)."""
	doc = _undecided(name, content_hash)
	require_role("I1", mark("This is answered by: {0}."), (QUALITY,))
	if not says(information or ""):
		refuse_one("I1", mark("Say what is known."))
	advisory.enter(doc, rules.GIVEN, information)
	decisions.save(doc, INFORMED)
	advisory.put_into_inbox(doc)
	return doc


def decide(name: str, content_hash: str, decision: str, reason: str) -> Document:
	"""Decide, signed by the management representative, whether users are told; returns the decision (I1,
	C12).

	What is signed is what is stored now: where goods have moved since it was computed, that is looked at
	first.
	"""
	doc = _undecided(name, content_hash)
	user = frappe.session.user
	handled = handlers(doc)
	options = _authorities()
	free = [one for one in options if not {user, one.acting_for} & handled]
	authority = next(iter(free), None) or _authority()
	found = rules.decision_refusals(
		decision, reason or "", bool(doc.item_code), not free and decision == rules.NOT_NEEDED, user
	)
	if found:
		refuse(found)
	if not concerned.is_current(doc):
		refuse_one("I2", mark("Goods have moved since this was computed. Recompute it and look at it again."))
	signing.in_hand()
	doc.update(
		{
			"decision": decision,
			"reason": reason,
			"decided_by": user,
			"decided_by_name": people.full_name(user),
			"acting_for": authority.acting_for or None,
			"decided_on": now_datetime(),
		}
	)
	refuse_incomplete(doc)
	decisions.save(doc)
	signing.sign(doc, DECIDED[decision], authority.role, authority.acting_for, reason, content_hash)
	advisory.put_into_inbox(doc)
	told = [*people.holders(QUALITY), *people.holders(GENERAL_MANAGER)]
	text = _("{0}: {1}").format(doc.item_name or doc.reference_name, _(decision, context=advisory.DOCTYPE))
	notify.tell([u for u in told if not advisory.is_limited(u)], text, doc)
	return doc


def reopen(name: str, content_hash: str, reason: str) -> Document:
	"""Open a decision again, signed by the management representative; returns it (I1).

	What was decided before stays in its chain.
	"""
	doc = locked(name, content_hash)
	authority = _authority()
	if doc.decision == rules.UNDECIDED:
		refuse_one("I1", mark("{0} is not decided."), doc.name)
	if not says(reason or ""):
		refuse_one("I1", mark("Say why it is decided again."))
	signing.in_hand()
	advisory.enter(doc, rules.AGAIN, reason)
	advisory.open_again(doc)
	decisions.save(doc)
	signing.sign(doc, advisory.REOPENED, authority.role, authority.acting_for, reason, content_hash)
	advisory.put_into_inbox(doc)
	return doc


def handlers(doc: Document) -> frozenset[str]:
	"""Return who handled the complaint that a decision is about, nobody where it is about a signal (C12)."""
	if doc.reference_doctype != advisory.COMPLAINT:
		return frozenset()
	return closing.handlers(frappe.get_doc(advisory.COMPLAINT, doc.reference_name))


def may_decide(doc: Document) -> tuple[list[str], Authority | None]:
	"""Return what the current user may decide, and as whom (I1, C12, L2)."""
	user, options = frappe.session.user, _authorities()
	if not options or doc.decision != rules.UNDECIDED:
		return [], None
	handled = handlers(doc)
	free = [one for one in options if not {user, one.acting_for} & handled]
	return [rules.NEEDED, rules.NOT_NEEDED] if free else [rules.NEEDED], (free or options)[0]


def is_representative() -> bool:
	"""Return whether the current user may act as management representative (I1, L2)."""
	return bool(_authorities())


def _undecided(name: str, content_hash: str) -> Document:
	doc = locked(name, content_hash)
	if doc.decision != rules.UNDECIDED:
		refuse_one("I1", mark("{0} is decided. Open it again first."), doc.name)
	return doc


def _authorities() -> list[Authority]:
	"""As whom the current user decides: in person, or for a management representative (L2)."""
	user, role = frappe.session.user, MANAGEMENT_REPRESENTATIVE
	if not people.is_present(user):
		return []
	return authorities(
		user, role, people.own_roles(user), people.delegations(role), people.holders(role), getdate()
	)


def _authority() -> Authority:
	options = _authorities()
	if not options:
		refuse_one("I1", mark("Whether users are told is decided by: {0}."), MANAGEMENT_REPRESENTATIVE)
	return options[0]
