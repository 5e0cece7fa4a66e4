"""Whether users are told by an advisory notice: asked where harm is possible, decided by the management
representative (I1, I2).

`of_complaint`, `of_signal` and `by_hand` ask. One decision stands for each source and product: what asks
again is added to it, and opens one again that was decided against. Undecided stays undecided, and goes up the
line. The notice itself is made from what is needed, elsewhere.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import frappe
from frappe import _
from frappe.core.doctype.user_permission.user_permission import get_user_permissions
from frappe.model.document import Document
from frappe.utils import add_days, cint, getdate, now_datetime

from qms_customer.contract import notify, people
from qms_customer.contract.settings import settings
from qms_customer.feedback import concerned
from qms_customer.feedback.decisions import save
from qms_customer.messages import refuse_one
from qms_customer.records.token import moving
from qms_customer.rules import advisory as rules
from qms_customer.rules import mark, says
from qms_customer.rules import reportability as events
from qms_customer.rules import signals as signal_rules
from qms_customer.rules.people import MANAGEMENT_REPRESENTATIVE, QUALITY

DOCTYPE, COMPLAINT, SIGNAL = "Advisory Notice Decision", "Customer Complaint", "Complaint Signal"
SOURCES = (COMPLAINT, SIGNAL)
# K2: the events of the chain.
ASKED = mark("Advisory Notice Asked For")
ADDED = mark("Advisory Notice Asked For Again")
REOPENED = mark("Advisory Notice to be Decided Again")
FOLLOWED = mark("Advisory Notice Followed Its Complaint")
# What of a complaint a decision rests on.
FOLLOWED_FIELDS = (
	*("harm", "probability", "severity", "item_code", "batch_no", "serial_no"),
	*rules.ANSWERS,
)


# What asks


def on_complaint(complaint: Document, method: str | None = None) -> None:
	"""Follow a complaint on which anything was written that says whether somebody may be harmed (I1)."""
	before = complaint.get_doc_before_save()
	if before and any((complaint.get(f) or "") != (before.get(f) or "") for f in FOLLOWED_FIELDS):
		of_complaint(complaint)


def on_decision(decision: Document, method: str | None = None) -> None:
	"""It was decided that a complaint is reported to a regulator: users may have to be told as well (I1)."""
	if decision.decision == events.REPORTABLE and decision.complaint:
		of_complaint(frappe.get_doc(COMPLAINT, decision.complaint))


def of_complaint(complaint: Document) -> str:
	"""Ask, where a complaint gives a ground, whether users are told; return the decision's name, "" if none
	(I1).
	"""
	grounds = rules.grounds(
		complaint.harm or "",
		complaint.severity or "",
		{question: complaint.get(question) or "" for question in rules.ANSWERS},
	)
	grounds += [
		(rules.REPORTABLE, regime)
		for regime in frappe.get_all(
			"Reportability Decision",
			{"complaint": complaint.name, "decision": events.REPORTABLE},
			pluck="regime",
			order_by="creation, name",
		)
	]
	if not grounds and not frappe.db.exists(DOCTYPE, _about(complaint)):
		return ""
	return ask(complaint, complaint.item_code or "", grounds)


def of_signal(signal: Document) -> list[str]:
	"""Ask whether users are told of the products of a signal that needs action; return the decisions' names
	(I1).
	"""
	products = _products(signal)
	return [ask(signal, item, [(rules.SIGNAL, signal.assessment or "")]) for item in products]


def by_hand(doctype: str, name: str, reason: str) -> list[str]:
	"""Ask, as Quality, whether users are told, of a complaint or a signal; return the decisions' names (I1).

	Raises QMSRefusal.
	"""
	if doctype not in SOURCES:
		refuse_one("I1", mark("Whether users are told is asked of a complaint or a signal."))
	source = frappe.get_doc(doctype, name)
	people.check_readable(source)
	if not may_ask(frappe.session.user):
		refuse_one("I1", mark("This is asked by: {0}."), f"{QUALITY}, {MANAGEMENT_REPRESENTATIVE}")
	if not says(reason):
		refuse_one("I1", mark("Say why users may have to be told."))
	products = _products(source) if doctype == SIGNAL else [source.item_code or ""]
	return [ask(source, item, [(rules.BY_HAND, reason)]) for item in products]


def undecided(source: Document) -> list[str]:
	"""Return the decisions about a complaint or a signal that are not taken yet; one query (I1)."""
	return frappe.get_all(
		DOCTYPE,
		filters={
			"reference_doctype": source.doctype,
			"reference_name": source.name,
			"decision": rules.UNDECIDED,
		},
		pluck="name",
		order_by="creation, name",
	)


def may_ask(user: str) -> bool:
	"""Return whether a user may ask whether users are told (I1)."""
	held = people.own_roles(user)
	return people.is_present(user) and bool({QUALITY, MANAGEMENT_REPRESENTATIVE} & held)


def ask(source: Document, item: str, grounds: Iterable[tuple[str, str]]) -> str:
	"""Ask whether users are told of a product because of a complaint or a signal; return the decision's name
	(I1).

	`grounds`: of `rules.ENTRIES`, each with details. Idempotent: what was asked for the same ground stays as
	it is. A new ground opens one again that was decided against, and so does another batch one that was
	decided at all. Of a complaint that names its product by now, the decision about the unknown one becomes
	that of the product.
	"""
	# Two who ask at once ask one after the other.
	frappe.db.get_value(source.doctype, source.name, "name", for_update=True)
	name = frappe.db.get_value(DOCTYPE, {"source_key": key(source, item)}, "name")
	if not name and item:
		name = frappe.db.get_value(
			DOCTYPE, {"source_key": key(source, ""), "decision": rules.UNDECIDED}, "name"
		)
	if not name:
		return _open(source, item, list(grounds))
	doc = frappe.get_doc(DOCTYPE, name, for_update=True)
	known = {(row.entry, row.details or "") for row in doc.entries}
	fresh = [one for one in grounds if one not in known]
	scope = (doc.batches or "", cint(doc.whole))
	changed = _follow(doc, source, item)
	moved = scope != (doc.batches or "", cint(doc.whole))
	if doc.decision == rules.UNDECIDED:
		if not fresh and not changed:
			return name
		event = ADDED if fresh else FOLLOWED
	elif moved or (fresh and doc.decision == rules.NOT_NEEDED):
		open_again(doc)
		event = REOPENED
	elif fresh:
		# What was signed stays as it was signed.
		doc.reload()
		event = ADDED
	else:
		return name
	for ground, details in fresh:
		enter(doc, ground, details)
	save(doc, event)
	if doc.decision == rules.UNDECIDED:
		put_into_inbox(doc)
	return name


def key(source: Document, item: str) -> str:
	"""Return by which the decision of a source and a product is found again."""
	return hashlib.sha256("\n".join((source.doctype, source.name, item)).encode()).hexdigest()


def enter(doc: Document, entry: str, details: str) -> None:
	"""Write down what happened to a decision, by whom, now; the caller saves it (K3)."""
	user = frappe.session.user
	doc.append(
		"entries",
		{
			"entry": entry,
			"details": details,
			"by_user": user,
			"by_name": people.full_name(user),
			"entered_on": now_datetime(),
		},
	)


def open_again(doc: Document) -> None:
	"""Let a decision be decided anew, within the days of the settings; the caller saves it (I1)."""
	doc.update(
		{
			"decision": rules.UNDECIDED,
			"due_on": due(),
			**dict.fromkeys(("reason", "decided_by", "decided_by_name", "acting_for", "decided_on")),
		}
	)
	concerned.compute(doc)


def due() -> Any:
	"""Return until when what is asked today is decided (I1). Calendar days: harm waits for no working day."""
	return add_days(getdate(), cint(settings().get("advisory_days")) or rules.DAYS)


def deciders() -> list[str]:
	"""Return who decides: management representatives and their delegates, who see all customers (I1, L2)."""
	return [user for user in people.deciders(MANAGEMENT_REPRESENTATIVE) if not is_limited(user)]


def put_into_inbox(doc: Document, asked: Sequence[str] = ()) -> None:
	"""Put a decision into the inboxes of who decides; `asked`: who is asked for more (I1, L3)."""
	notify.done(doc)
	if doc.decision == rules.NOT_NEEDED:
		return
	about = doc.item_name or doc.item_code or doc.reference_name
	# What is needed stays there: nothing else reminds of it.
	day = str(doc.due_on) if doc.due_on and doc.decision == rules.UNDECIDED else None
	users = deciders()
	notify.assign(doc, users, _task(doc), day)
	others = [user for user in asked if user not in users and not is_limited(user)]
	notify.assign(doc, others, _("More is asked about {0}: {1}").format(about, doc.name), day)


def ask_delegate(delegate: str, asked: Collection[str]) -> None:
	"""Ask a delegate, whose period has begun, to decide what waits and was not `asked` of them (I1, L2)."""
	for name in frappe.get_all(
		DOCTYPE, {"decision": rules.UNDECIDED}, pluck="name", order_by="creation, name"
	):
		doc = frappe.get_doc(DOCTYPE, name)
		if name not in asked and delegate in deciders():
			notify.assign(doc, [delegate], _task(doc), str(doc.due_on))


def _task(doc: Document) -> str:
	about = doc.item_name or doc.item_code or doc.reference_name
	if doc.decision == rules.NEEDED:
		return _("Issue the advisory notice about {0}: {1}").format(about, doc.name)
	return _("Decide whether users of {0} are told: {1}").format(about, doc.name)


# Who sees it


def is_limited(user: str) -> bool:
	"""Return whether User Permissions of the site limit a user to some customers (L1)."""
	return bool(get_user_permissions(user).get("Customer"))


def has_permission(doc: Document, ptype: str | None = None, user: str | None = None) -> bool | None:
	"""Refuse who is limited to some customers: a decision names all to whom the product went (I2, L1)."""
	return False if is_limited(user or frappe.session.user) else None


def query_conditions(user: str | None = None) -> str:
	"""Leave decisions out of the lists of who is limited to some customers (I2, L1)."""
	return "1 = 0" if is_limited(user or frappe.session.user) else ""


# A new one


def _open(source: Document, item: str, grounds: list[tuple[str, str]]) -> str:
	doc = frappe.get_doc(
		{
			"doctype": DOCTYPE,
			"decision": rules.UNDECIDED,
			"reference_doctype": source.doctype,
			"reference_name": source.name,
			"company": source.get("company"),
			"asked_on": now_datetime(),
			"due_on": due(),
		}
	)
	_follow(doc, source, item)
	for ground, details in grounds:
		enter(doc, ground, details)
	doc.flags.ignore_links = True
	with moving(doc, ASKED):
		# Whoever says that somebody may be harmed makes it with that.
		doc.insert(ignore_permissions=True)
	put_into_inbox(doc)
	return doc.name


def _follow(doc: Document, source: Document, item: str) -> bool:
	"""Bring what a decision says of its source to what that says now, and return whether that changed it.

	What a person has said is concerned stays.
	"""
	before = _state(doc)
	doc.update(
		{
			"item_code": item or None,
			"item_name": frappe.get_cached_value("Item", item, "item_name")
			if item and frappe.db.exists("Item", item)
			else source.get("item_name"),
			"source_key": key(source, item),
		}
	)
	cases = _cases(source)
	doc.complaints = "\n".join(cases)
	if source.doctype == COMPLAINT:
		doc.update({name: source.get(name) for name in ("harm", "probability", "severity")})
		doc.answers = "\n".join(q for q in rules.ANSWERS if source.get(q) == events.YES)
	if not doc.scope_by:
		named = _named(source, item, cases) if item else []
		doc.update({"batches": "\n".join(named), "whole": int(not named)})
	if before == _state(doc):
		return False
	concerned.compute(doc)
	return True


def _state(doc: Document) -> list[str]:
	return [
		str(doc.get(name) or "")
		for name in (
			*("item_code", "complaints", "harm", "probability", "severity", "answers"),
			*("batches", "whole", "source_key"),
		)
	]


def _named(source: Document, item: str, cases: list[str]) -> list[str]:
	"""The batch, or else the device, that a source names; none where all of the product is concerned (I2).

	What the customer read off a label and we do not know narrows nothing.
	"""
	if source.doctype == COMPLAINT:
		named = [one for one in (source.batch_no, source.serial_no) if one]
		named = [one for one in named if one not in concerned.unknown(item, [one])]
		return named[:1]
	if source.dimension == signal_rules.BATCH:
		return [] if concerned.unknown(item, [source.batch_no]) else [source.batch_no]
	if source.dimension == signal_rules.PRODUCT:
		return []
	# Of a common cause or customer: the batches complained about, where all are known.
	named = frappe.get_all(
		COMPLAINT, {"name": ("in", cases or [""]), "item_code": item}, pluck="batch_no", distinct=True
	)
	named = sorted({one or "" for one in named})
	return [] if "" in named or concerned.unknown(item, named) else named


def _cases(source: Document) -> list[str]:
	if source.doctype == COMPLAINT:
		return [source.name]
	return [row.complaint for row in source.cases]


def _products(signal: Document) -> list[str]:
	"""The product of a signal, or those of its complaints where cause or customer is in common."""
	if signal.item_code:
		return [signal.item_code]
	items = frappe.get_all(
		COMPLAINT,
		{"name": ("in", _cases(signal) or [""]), "item_code": ("is", "set")},
		pluck="item_code",
		distinct=True,
		order_by="item_code",
	)
	return items or [""]


def _about(source: Document) -> dict[str, str]:
	return {"reference_doctype": source.doctype, "reference_name": source.name}
