"""Signing a contract and what follows: number, signature, hand-overs, the formal contract for a provisional
one (D1, D2, A4). One function each, in one transaction, by the right person, on what was shown.
"""

import json
from collections.abc import Iterable
from datetime import date

import frappe
from frappe import _
from frappe.desk.form import assign_to
from frappe.model.document import Document
from frappe.model.naming import NamingSeries, parse_naming_series
from frappe.utils import add_days, cint, getdate, now_datetime, nowdate

from qms_customer.contract import approved, content, notify, people, register, reviews
from qms_customer.contract.settings import settings
from qms_customer.erp.file import is_stored
from qms_customer.messages import refuse, refuse_one
from qms_customer.records import signing
from qms_customer.records.completeness import refuse_incomplete
from qms_customer.records.token import moving
from qms_customer.rules import content as content_rules
from qms_customer.rules import mark, says
from qms_customer.rules import people as people_rules
from qms_customer.rules import register as rules
from qms_customer.rules.people import FINANCE, GENERAL_MANAGER, SALES_VP
from qms_customer.rules.review import Refusal

DOCTYPE = register.DOCTYPE
SERIES = "HT-.YYYY.-.####"
# K3: what a signature means.
CONTRACT_SIGNED = mark("Contract Signed")
ORIGINAL_RECEIVED = mark("Original Received")
REPLACED = mark("Replaced by the Formal Contract")
# A4: the entries of provisional contracts that no formal one has replaced.
WAITING_FOR_FORMAL = {
	"contract_kind": rules.PROVISIONAL,
	"formal_on": ("is", "not set"),
	"register_state": ("!=", rules.CANCELLED),
}
# The events of a chain that are recorded without a signature: see K2.
NUMBERED, COPY_KEPT = mark("Numbered"), mark("Copy Kept")
HANDED_OVER = mark("Original Handed Over")


def is_signed(order: str) -> bool:
	"""Return whether the contract of a sales order is signed (D1); one query."""
	return bool(
		frappe.db.exists(
			DOCTYPE,
			{"reference_doctype": "Sales Order", "reference_name": order, "signed_on": ("is", "set")},
		)
	)


# The number (D1)


def proposed_number() -> str:
	"""Return the number that the series of the settings gives next; it is not used up by being shown (D1)."""
	return _next(_current())[1]


def assign_number(name: str, number: str, kind: str, formal_due: str | date | None = None) -> Document:
	"""Give a contract its number, once and for good, and say whether it is formal; returns it (D1, A4).

	Who may sign it is asked to (L3). Raises QMSRefusal.
	"""
	user = frappe.session.user
	_refuse_without(user, set(reviews.PREPARERS), "D1")
	_contract, entry = _open(name)
	if entry.contract_number:
		refuse_one(
			"D1", mark("{0} has its number already: {1}."), entry.reference_name, entry.contract_number
		)
	number, due = " ".join((number or "").split()), getdate(formal_due) if formal_due else None
	if found := rules.number_refusals(entry.register_state, number, _taken(number), kind, due):
		refuse(found)
	_use_up(number)
	entry.update(
		{
			"contract_number": number,
			"contract_kind": kind,
			"formal_due": due if kind == rules.PROVISIONAL else None,
			"numbered_by": user,
			"numbered_by_name": people.full_name(user),
			"numbered_on": now_datetime(),
		}
	)
	try:
		_save(entry, NUMBERED)
	except frappe.UniqueValidationError:
		frappe.clear_last_message()
		refuse_one("D1", mark("The number {0} was given already, and is not given again."), number)
	ask(entry)
	if not signers(entry):
		notify.tell(
			[user],
			_(
				"Nobody can sign contract {0}: each {1} prepared it. A delegation or another person is "
				"needed."
			).format(number, _(signer_role())),
			entry,
			also_oneself=True,
		)
	return entry


def _series() -> NamingSeries:
	return NamingSeries(settings().contract_series or SERIES)


def _current(lock: bool = False) -> int:
	prefix = _series().get_prefix()
	return cint(frappe.db.get_value("Series", prefix, "current", order_by="name", for_update=lock))


def _next(current: int) -> tuple[int, str]:
	"""The next number of the series that was not given yet: what it counts, and how it is written."""
	while True:
		current += 1
		written = parse_naming_series(
			_series().series,
			number_generator=lambda _prefix, digits, n=current: str(n).zfill(digits),
		)
		if not _taken(written):
			return current, written


def _taken(number: str) -> bool:
	return bool(number and frappe.db.exists(DOCTYPE, {"contract_number": number}))


def _use_up(number: str) -> None:
	"""Let the series go on behind a number that it proposed itself. Who comes second waits for the lock."""
	count, written = _next(_current(lock=True))
	if number == written:
		_series().update_counter(count)


# The signature (D1)


def signer_role() -> str:
	"""Return whose authority it takes to sign contracts: (vice) general manager, by the settings (D1)."""
	return GENERAL_MANAGER if settings().contract_signer == "General Manager" else SALES_VP


def signers(entry: Document) -> list[str]:
	"""Return who is asked to sign a contract: nobody who prepared it, delegates included (D1, C12, L2)."""
	without = preparers(entry)
	return people.deciders(signer_role(), without) or people.deciders(GENERAL_MANAGER, without)


def preparers(entry: Document) -> list[str]:
	"""Return who prepared a contract, its review, or its entry: they do not sign it themselves (C12)."""
	found = [frappe.db.get_value(entry.reference_doctype, entry.reference_name, "owner"), entry.numbered_by]
	names = [entry.contract_review] if entry.contract_review else _reviews_inherited(entry)
	for name in names:
		found += reviews.preparers(frappe.get_doc(reviews.REVIEW, name))
	return [user for user in dict.fromkeys(found) if user]


def _reviews_inherited(entry: Document) -> list[str]:
	"""The reviews of the quotations and blanket orders that an order without one of its own came from."""
	sources = frappe.get_all(
		approved.DOCTYPE,
		filters={
			"reference_doctype": entry.reference_doctype,
			"reference_name": entry.reference_name,
			"inherited": 1,
		},
		fields=["source_doctype", "source_name"],
		distinct=True,
	)
	return [
		name
		for s in sources
		for name in frappe.get_all(
			reviews.REVIEW,
			filters={
				"reference_doctype": s.source_doctype,
				"reference_name": s.source_name,
				"docstatus": 1,
				"decision": "Approved",
			},
			pluck="name",
		)
	]


def authority(entry: Document, user: str) -> tuple[people_rules.Authority | None, str]:
	"""Return with what right a user signs a contract, and else why not: marked for translation (D1, C12)."""
	options = people.authorities(user, signer_role()) if people.is_present(user) else []
	if not options:
		return None, ""
	return people_rules.choose_authority(options, user, preparers(entry), [])


def approval_of(contract: Document) -> bool:
	"""Return whether exactly what a contract says now is approved, and may be committed (C1, B4)."""
	rows = approved.rows(contract.doctype, [contract.name])
	row = approved.match(contract.doctype, content.fingerprint_of(contract), rows)
	return bool(row and (contract.docstatus == 1 or approved.is_valid(row)))


def shown_hash(entry: Document, contract: Document) -> str:
	"""Return the hash of what a signature on the entry rests on: the form sends it back (C12)."""
	seen = {
		"entry": entry.name,
		"number": entry.contract_number or "",
		"kind": entry.contract_kind or "",
		"formal_due": str(entry.formal_due or ""),
		"contract": content.fingerprint_of(contract),
		"signed": str(entry.signed_on or ""),
		"original": str(entry.original_on or ""),
		"received": str(entry.original_received_on or ""),
		"formal": str(entry.formal_on or ""),
	}
	return content_rules.fingerprint(json.dumps(seen, ensure_ascii=False, sort_keys=True))


def sign_entry(name: str, content_hash: str, comment: str = "") -> Document:
	"""Sign a contract as (vice) general manager, and return its entry (D1, C12, K3, L2).

	What is signed is what was shown, and what is approved. It stands as signed at once. Raises QMSRefusal.
	"""
	contract, entry = _open(name)
	if entry.signed_on:
		refuse_one(
			"D1", mark("{0} was signed already by {1}."), entry.reference_name, entry.signed_by_name or "–"
		)
	_refuse_not_shown(entry, contract, content_hash)
	user = frappe.session.user
	right, why_not = authority(entry, user)
	if right is None:
		if why_not:
			refuse([Refusal("C12", why_not)])
		refuse_one("D1", mark("A contract is signed by: {0}."), signer_role())
	state = rules.CANCELLED if contract.docstatus == 2 else entry.register_state
	if found := rules.signing_refusals(state, entry.contract_number or "", approval_of(contract)):
		refuse(found)
	signing.in_hand()
	entry.update(
		{
			"signed_by": user,
			"signed_by_name": people.full_name(user),
			"signed_role": right.role,
			"acting_for": right.acting_for or None,
			"signed_on": now_datetime(),
			"signed_amount": entry.amount,
			"signed_currency": entry.currency,
			"signed_fingerprint": content.fingerprint_of(contract),
			"sign_comment": comment,
		}
	)
	_save(entry)
	refuse_incomplete(entry)
	signing.sign(entry, CONTRACT_SIGNED, right.role, right.acting_for, comment, content_hash)
	register.update([entry.name])
	entry.reload()
	ask(entry)
	notify.tell(
		[entry.numbered_by],
		_("{0} is signed: {1}").format(entry.reference_name, entry.contract_number),
		entry,
	)
	return entry


# The hand-overs (D2)


def hand_over(name: str, what: str, place: str = "") -> Document:
	"""Record that Sales keeps the copy, or that it handed the original to Finance; returns the entry (D2).

	`what`: "Copy", with the place where it is kept, or "Original": then Finance is asked to acknowledge it.
	"""
	user = frappe.session.user
	_refuse_without(user, set(reviews.PREPARERS), "D2")
	_contract, entry = _open(name)
	_refuse_unsigned(entry)
	if what not in (rules.COPY, rules.ORIGINAL):
		refuse_one("D2", mark("{0} is not handed over."), what or "?")
	field = {rules.COPY: "copy", rules.ORIGINAL: "original"}[what]
	if entry.get(f"{field}_on"):
		refuse_one("D2", mark("This hand-over of {0} is recorded already."), entry.reference_name)
	if what == rules.COPY and not says(place or ""):
		refuse_one("D2", mark("Say where the copy is kept."))
	entry.update(
		{
			f"{field}_by": user,
			f"{field}_by_name": people.full_name(user),
			f"{field}_on": now_datetime(),
			**({"copy_place": place} if what == rules.COPY else {}),
		}
	)
	_save(entry, COPY_KEPT if what == rules.COPY else HANDED_OVER)
	ask(entry)
	return entry


def acknowledge_original(name: str, content_hash: str, comment: str = "") -> Document:
	"""Let Finance acknowledge that it has the original, signed; returns the entry (D2, K3)."""
	user = frappe.session.user
	_refuse_without(user, {FINANCE}, "D2")
	contract, entry = _open(name)
	_refuse_unsigned(entry)
	if not entry.original_on:
		refuse_one("D2", mark("Sales has not handed the original over yet."))
	if entry.original_received_on:
		refuse_one("D2", mark("This hand-over of {0} is recorded already."), entry.reference_name)
	if user == entry.original_by:
		refuse_one("D2", mark("Who handed the original over does not acknowledge it as well."))
	_refuse_not_shown(entry, contract, content_hash)
	signing.in_hand()
	entry.update(
		{
			"received_by": user,
			"received_by_name": people.full_name(user),
			"original_received_on": now_datetime(),
			"received_comment": comment,
		}
	)
	_save(entry)
	refuse_incomplete(entry)
	signing.sign(entry, ORIGINAL_RECEIVED, FINANCE, comment=comment, shown_hash=content_hash)
	ask(entry)
	notify.tell(
		[entry.original_by], _("Finance has the original of {0}").format(entry.contract_number), entry
	)
	return entry


# A provisional contract (A4)


def make_formal(
	name: str,
	content_hash: str,
	formal_entry: str = "",
	formal_file: str = "",
	formal_reference: str = "",
	comment: str = "",
) -> Document:
	"""Record which formal contract replaces a provisional one, signed by Sales; returns the entry (A4, K3).

	The formal contract is named by its entry in the register, by its file, or by both.
	"""
	user = frappe.session.user
	role = _refuse_without(user, set(reviews.PREPARERS), "A4")
	contract, entry = _open(name)
	_refuse_unsigned(entry)
	_refuse_not_shown(entry, contract, content_hash)
	if formal_file and not is_stored(formal_file):
		refuse_one("A4", mark("The file of the formal contract is not stored. Attach it again."))
	found = rules.formal_refusals(
		entry.contract_kind or "",
		bool(entry.formal_on),
		bool(formal_file or formal_entry),
		_is_formal(formal_entry, entry) if formal_entry else None,
	)
	if found:
		refuse(found)
	signing.in_hand()
	entry.update(
		{
			"formal_entry": formal_entry or None,
			"formal_file": formal_file or None,
			"formal_reference": formal_reference or "",
			"formal_by": user,
			"formal_by_name": people.full_name(user),
			"formal_on": now_datetime(),
			"formal_comment": comment,
		}
	)
	_save(entry)
	refuse_incomplete(entry)
	signing.sign(entry, REPLACED, role, comment=comment, shown_hash=content_hash)
	ask(entry)
	return entry


def _is_formal(name: str, entry: Document) -> bool:
	other = frappe.db.get_value(DOCTYPE, name, ["contract_kind", "signed_on", "customer"], as_dict=True)
	return bool(
		other
		and name != entry.name
		and other.contract_kind == rules.FORMAL
		and other.signed_on
		and other.customer == entry.customer
	)


def remind() -> None:
	"""Daily: remind Sales of formal contracts that are due soon, and ask who signs and receives by now, new
	delegates included (A4, D1, D2, L2, L3). What is overdue goes up the line: `escalation`.

	Idempotent, and days that were missed are made up for; one entry that fails is logged and does not stop
	the rest.
	"""
	every = cint(settings().provisional_reminder_days) or rules.REMINDED_EVERY
	today = getdate(nowdate())
	for row in _open_provisional(today, add_days(today, every)):
		last = getdate(row.reminded_on) if row.reminded_on else None
		if rules.is_reminded(getdate(row.formal_due), last, today, every):
			_try(_remind, row.name)
	for name in frappe.get_all(
		DOCTYPE,
		filters={
			"contract_number": ("is", "set"),
			"signed_on": ("is", "not set"),
			"register_state": ("!=", rules.CANCELLED),
		},
		pluck="name",
		order_by="name",
	):
		_try(lambda name: ask(frappe.get_doc(DOCTYPE, name)), name)


def _open_provisional(first: date, last: date) -> list[frappe._dict]:
	return frappe.get_all(
		DOCTYPE,
		filters={**WAITING_FOR_FORMAL, "formal_due": ("between", (first, last))},
		fields=["name", "formal_due", "reminded_on"],
		order_by="formal_due, name",
	)


def _try(step: object, name: str) -> None:
	frappe.db.savepoint("qms_remind")
	try:
		step(name)
	except Exception:
		frappe.db.rollback(save_point="qms_remind")
		frappe.log_error(title=f"Nobody was reminded of {name}")


def _remind(name: str) -> None:
	entry = frappe.get_doc(DOCTYPE, name)
	users = [entry.numbered_by] if people.is_enabled_person(entry.numbered_by or "") else []
	notify.tell(
		users or people.holders(people_rules.BUSINESS_MANAGER),
		_("The formal contract that replaces {0} of {1} is due on {2}").format(
			entry.contract_number, entry.customer_name, entry.formal_due
		),
		entry,
		also_oneself=True,
	)
	ask(entry)
	frappe.db.set_value(DOCTYPE, name, "reminded_on", nowdate(), update_modified=False)


# Who waits for what (L3)


def ask(entry: Document) -> None:
	"""Put into the inbox of each what waits for them on an entry, and take out what does not any more (L3).

	The signature of the (vice) general manager; the acknowledgement of Finance; the formal contract, of who
	numbered the provisional one.
	"""
	wanted: dict[str, tuple[str, object]] = {}
	for users, text, due in _waiting(entry):
		for user in users:
			wanted.setdefault(user, (text, due))
	asked = frappe.get_all(
		"ToDo",
		filters={"reference_type": DOCTYPE, "reference_name": entry.name, "status": "Open"},
		pluck="allocated_to",
	)
	for user in set(asked) - set(wanted):
		assign_to.set_status(DOCTYPE, entry.name, "", user, status="Closed", ignore_permissions=True)
	for user, (text, due) in wanted.items():
		if user not in asked:
			notify.assign(entry, [user], text, due)


def _waiting(entry: Document) -> Iterable[tuple[list[str], str, object]]:
	if entry.register_state == rules.CANCELLED:
		return
	named = f"{entry.contract_number or entry.reference_name} ({entry.customer_name})"
	if entry.contract_number and not entry.signed_on:
		yield signers(entry), _("Sign the contract {0}").format(named), None
	if entry.original_on and not entry.original_received_on:
		finance = [user for user in people.holders(FINANCE) if user != entry.original_by]
		yield finance, _("Acknowledge the original of the contract {0}").format(named), None
	replaced = getdate(entry.formal_on) if entry.formal_on else None
	if entry.signed_on and rules.is_open(entry.contract_kind or "", replaced, entry.register_state):
		users = [entry.numbered_by] if people.is_enabled_person(entry.numbered_by or "") else []
		text = _("Replace the provisional contract {0} by a formal one").format(named)
		yield users or people.holders(people_rules.BUSINESS_MANAGER), text, entry.formal_due


# Shared


def _open(name: str) -> tuple[Document, Document]:
	"""Return the contract and its entry, locked in this order; refuses who may not read them."""
	entry = frappe.get_doc(DOCTYPE, name)
	people.check_readable(entry)
	contract = frappe.get_doc(entry.reference_doctype, entry.reference_name, for_update=True)
	return contract, frappe.get_doc(DOCTYPE, name, for_update=True)


def _save(entry: Document, event: str = "") -> None:
	# A link that has gone since is no reason against a signature; and who may write it was checked above.
	entry.flags.ignore_links = True
	with moving(entry, event):
		entry.save(ignore_permissions=True)


def _refuse_unsigned(entry: Document) -> None:
	if not entry.signed_on:
		refuse_one("D1", mark("{0} is not signed yet."), entry.reference_name)


def _refuse_not_shown(entry: Document, contract: Document, content_hash: str) -> None:
	if content_hash != shown_hash(entry, contract):
		refuse_one("C12", mark("The contract has changed since it was shown. Reload it and sign again."))


def _refuse_without(user: str, roles: set[str], rule: str) -> str:
	"""Return the highest of the roles in which somebody acts; refuse who holds none."""
	held = people.own_roles(user) & roles
	if not held or not people.is_present(user):
		refuse_one(rule, mark("This is answered by a person with the role {0}."), ", ".join(sorted(roles)))
	return max(sorted(held), key=lambda r: people_rules.AUTHORITY_RANK.get(r, 0))
