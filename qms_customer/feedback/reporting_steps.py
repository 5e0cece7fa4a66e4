"""What Quality does about regulators: answers the questionnaire, decides, records what was exchanged (H4,
K3).
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import get_datetime, now_datetime

from qms_customer.contract import notify, people
from qms_customer.erp.file import is_stored, require_readable
from qms_customer.feedback import decisions, handled, regimes, reopening, reporting
from qms_customer.feedback.decisions import moment
from qms_customer.messages import refuse, refuse_one
from qms_customer.records import contents, signing
from qms_customer.records.completeness import refuse_incomplete
from qms_customer.returns import opened
from qms_customer.returns.opened import require_role
from qms_customer.rules import mark, owed_next, says
from qms_customer.rules import reportability as rules
from qms_customer.rules.people import MANAGEMENT_REPRESENTATIVE, QUALITY
from qms_customer.shown import label

# K3: what the signatures mean, and K2: the events of the chain.
ANSWERED = mark("Questionnaire Answered")
DECIDED = {
	rules.REPORTABLE: mark("Decided: Reportable"),
	rules.NOT_REPORTABLE: mark("Decided: Not Reportable"),
}
EXCHANGED = mark("Exchange with the Regulator Recorded")


def answer(name: str, content_hash: str, answers: Mapping[str, Any], reason: str = "") -> Document:
	"""Record the answers to the questionnaire on a complaint, signed by Quality, and return it (H4).

	What follows in each regime is suggested at once. A question may stay open; that is no "no". `reason`: why
	a "yes" is taken back; it stands with the signature. Raises QMSRefusal.
	"""
	role = require_role("H4", mark("The questionnaire is answered by: {0}."), (QUALITY,))
	complaint = handled.open_one(name, content_hash, rule="H4")
	wrong = [
		question
		for question, given in answers.items()
		if question not in rules.QUESTIONS or given not in (rules.YES, rules.NO, "", None)
	]
	if wrong:
		refuse_one("H4", mark("{0} is no question that can be answered so."), wrong[0])
	back = rules.taken_back(reporting.answers_of(complaint), answers)
	if back and not says(reason or ""):
		refuse_one(
			"H4",
			mark("Say why this is not answered with Yes any more, as it may give more time: {0}"),
			"; ".join(label(complaint.meta, question) for question in back),
		)
	signing.in_hand()
	complaint.update({question: given or "" for question, given in answers.items()})
	opened.save(complaint)
	signing.sign(complaint, ANSWERED, role, comment=reason or "", shown_hash=content_hash)
	return complaint


def decide(name: str, content_hash: str, decision: str, reason: str = "", due_on: str = "") -> Document:
	"""Decide, signed by Quality, whether a complaint is reportable in a regime, and return the decision (H4).

	`due_on`: until when, where no rule says so. Raises QMSRefusal.
	"""
	doc, complaint = decisions.locked(name, content_hash)
	role = require_role("H4", mark("Whether it is reported is decided by: {0}."), (QUALITY,))
	known = regimes.read()
	found = reporting.evaluate(complaint, doc.regime, known)
	by_hand = _time(due_on) if due_on and not found.suggestion.rules else None
	refusals = rules.decision_refusals(
		decision,
		reason or "",
		found.suggestion,
		found.in_force,
		by_hand is not None,
		doc.decision,
		frappe.session.user,
	)
	if by_hand and moment(by_hand) < found.aware:
		refuse_one("H4", mark("It cannot be due before anybody knew of it."))
	if decision == rules.NOT_REPORTABLE and reporting.reported(doc):
		refuse_one("H4", mark("It was reported already. Record a follow-up that takes it back."))
	if refusals:
		refuse(refusals)
	signing.in_hand()
	user = frappe.session.user
	doc.update(
		{
			"decision": decision,
			"reason": reason,
			"due_by_hand": by_hand,
			"taken_on": "\n".join(rules.basis(found.suggestion)),
			"decided_by": user,
			"decided_by_name": people.full_name(user),
			"decided_on": now_datetime(),
			# Until now it was told of something else: that nobody had decided.
			"told": 0,
		}
	)
	found = reporting.bring(doc, complaint, known)
	refuse_incomplete(doc)
	decisions.save(doc)
	signing.sign(doc, DECIDED[decision], role, comment=reason, shown_hash=content_hash)
	reporting.put_into_inbox(doc)
	reopening.by_entry(complaint.name, f"{_(DECIDED[decision])}: {doc.regime}")
	text = ""
	if decision == rules.REPORTABLE:
		text = _("Complaint {0} is reportable: {1}").format(complaint.name, doc.regime)
	elif found.suggestion.decision == rules.REPORTABLE:
		text = _("Complaint {0} is not reported, against what the rules say of the answers: {1}").format(
			complaint.name, doc.regime
		)
	if text:
		notify.tell(people.holders(MANAGEMENT_REPRESENTATIVE), text, doc)
	return doc


def record_exchange(name: str, content_hash: str, given: Mapping[str, Any]) -> Document:
	"""Record, signed by Quality, what a regulator got or sent; returns the decision (H4, K3).

	`given`: direction, kind, what, number, on, file, comment; owed_next and next_day, what was announced or
	asked for with it; answers, the row of the deadline that it is about, such as a question's. The file is
	kept with its hash.
	"""
	doc, complaint = decisions.locked(name, content_hash)
	role = require_role("H4", mark("What is exchanged with regulators is recorded by: {0}."), (QUALITY,))
	values = {
		field: str(given.get(field) or "").strip()
		for field in ("direction", "kind", "what", "number", "owed_next", "answers")
	}
	values["owed_next"] = owed_next.owed_after(values["direction"], values["kind"], values["owed_next"])
	more = owed_next.is_more(values["owed_next"])
	values["next_day"] = _day(given.get("next_day")) if more else None
	file, comment = str(given.get("file") or ""), str(given.get("comment") or "").strip()
	on = _time(given.get("on"))
	one = rules.Exchange(
		**values,
		on=moment(on) if on else None,
		has_file=is_stored(file),
		comment=comment,
		by=frappe.session.user,
	)
	initial = (one.direction, one.kind) == (rules.TO, rules.INITIAL)
	by_rule = [c for c in doc.clocks if not c.asked_on]
	waiting = reporting.waiting(doc)
	found = rules.exchange_refusals(
		one,
		doc.decision,
		{c.what for c in by_rule},
		reporting.reported(doc),
		reporting.aware_of(complaint),
		decisions.now(),
	)
	known = regimes.read()
	zone = known.regimes[doc.regime].zone
	if found := found + owed_next.refusals(one, bool(reporting.reported(doc)), waiting, zone):
		refuse(found)
	if file:
		require_readable("H4", file)
	about = one.answers or (one.kind == rules.ANSWER and owed_next.settled(one, waiting)[0])
	signing.in_hand()
	user = frappe.session.user
	doc.append(
		"exchanges",
		{
			**values,
			"what": one.what if initial else None,
			"answers": next((reporting.called(c) for c in doc.clocks if c.name == about), None),
			"on": on,
			"comment": comment,
			"file": file or None,
			"file_hash": (contents.file_hash(frappe._dict(file_url=file)) or None) if file else None,
			"by_user": user,
			"by_name": people.full_name(user),
			"recorded_on": now_datetime(),
		},
	)
	if initial:
		for clock in by_rule:
			if clock.what == one.what:
				clock.sent_on = on
		# What is the next now was not told of.
		doc.told = 0
	reporting.go_on(doc, one, waiting, zone)
	reporting.bring(doc, complaint, known)
	decisions.save(doc)
	said = f"{one.direction}: {one.kind} {one.number}"
	signing.sign(doc, EXCHANGED, role, comment=comment or said, shown_hash=content_hash)
	reporting.put_into_inbox(doc)
	reopening.by_entry(complaint.name, f"{_(EXCHANGED)}: {doc.regime}, {said}")
	return doc


def _time(value: Any) -> Any:
	try:
		return get_datetime(value) if value else None
	except Exception:
		refuse_one("H4", mark("This is no time: {0}."), str(value))


def _day(value: Any) -> date | None:
	try:
		return date.fromisoformat(str(value)) if value else None
	except ValueError:
		refuse_one("H4", mark("This is no day: {0}."), str(value))
