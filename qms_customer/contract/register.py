"""The contract register follows its contracts, and can be computed anew from the documents at any time (D5).

An entry is made when the first review of a contract begins, or when it is found to be approved without one of
its own: by a quotation, or by an adoption. From then on it is kept for good, and each of its states follows
from the documents: `follow` after each event, `rebuild` at any time, by the same function.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import getdate

from qms_customer.contract import approved, register_facts, reviews
from qms_customer.contract.content import CONTRACT_DOCTYPES
from qms_customer.records.registry import RECORDS, REGISTER
from qms_customer.records.token import moving
from qms_customer.rules import mark
from qms_customer.rules import register as rules
from qms_customer.rules.content import KINDS, TEXT, normal

DOCTYPE = REGISTER
BATCH = 500
# Where the date of each state is kept; when it was signed, its signature says.
DATES = {
	rules.RECEIVED: "received_on",
	rules.UNDER_REVIEW: "review_started_on",
	rules.APPROVED: "approved_on",
	rules.RELEASED: "released_on",
	rules.IN_PRODUCTION: "production_on",
	rules.PARTLY_DELIVERED: "delivery_started_on",
	rules.DELIVERED: "delivered_on",
	rules.PARTLY_PAID: "payment_started_on",
	rules.PAID: "paid_on",
	rules.CLOSED: "closed_on",
	rules.CANCELLED: "cancelled_on",
}
COUNTS = ("changes", "returns", "complaints")


def entry_of(doctype: str, name: str) -> str | None:
	"""Return the entry of a contract, None if it has none yet; one query."""
	return frappe.db.get_value(DOCTYPE, {"reference_doctype": doctype, "reference_name": name})


def follow(doctype: str, name: str) -> list[str]:
	"""Bring the entries of all contracts that a document is about to where their documents are, and return
	them (D5).

	One is made where a contract was reviewed, or is approved, and has none yet.
	"""
	entries = entries_about(doctype, name)
	update(entries)
	return entries


def entries_about(doctype: str, name: str) -> list[str]:
	"""Return the entries of all contracts that a document is about, made where they are missing (D5)."""
	found = []
	for kind, names in register_facts.contracts_of(doctype, name).items():
		if names:
			_make(kind, _without_entry(kind, *names))
			found += _entries(kind, names)
	return found


def rebuild() -> int:
	"""Compute the whole register anew from the documents, and return how many entries were not right (D5).

	In one transaction; the background does it batch by batch (register_job.py).
	"""
	make_missing()
	after, wrong = "", 0
	while names := batch(after):
		wrong += update(names)
		after = names[-1]
	return wrong


def make_missing(most: int | None = None) -> int:
	"""Make the entries that are missing, at most so many of a type, and return how many (D5)."""
	return sum(_make(doctype, _without_entry(doctype, most=most)) for doctype in CONTRACT_DOCTYPES)


def batch(after: str, most: int = BATCH) -> list[str]:
	"""Return the names of the next entries after one, in their order."""
	return frappe.get_all(DOCTYPE, filters={"name": (">", after)}, pluck="name", order_by="name", limit=most)


def update(names: Iterable[str]) -> int:
	"""Compute these entries anew, and return how many had to be written; a constant number of queries (D5).

	They are locked first: what is read afterwards is read as it stands then, so that of two jobs at once the
	second one writes what is newer.
	"""
	rows = _locked(names)
	wrong: dict[str, dict[str, Any]] = {}
	for doctype in sorted({r.reference_doctype for r in rows}):
		mine = {r.reference_name: r for r in rows if r.reference_doctype == doctype}
		told = register_facts.read(doctype, mine, {name: _signed(r) for name, r in mine.items()})
		for name, row in mine.items():
			if name in told and (values := _differing(row, values_of(told[name]))):
				wrong[row.name] = values
	if wrong:
		frappe.db.bulk_update(DOCTYPE, wrong, update_modified=False)
		for name in wrong:
			frappe.clear_document_cache(DOCTYPE, name)
	return len(wrong)


def values_of(told: register_facts.Told) -> dict[str, Any]:
	"""Return what an entry shows of a contract: its bookkeeping, all of which follows from the documents."""
	found = rules.standing(told.facts)
	return {
		**told.shown,
		"register_state": found.state,
		**{field: found.dates.get(state) for state, field in DATES.items()},
		**{field: getattr(told.facts, field) for field in COUNTS},
	}


def later(doctype: str, name: str) -> None:
	"""Have the contracts that a document is about followed once this transaction is committed (D5).

	Costs the database nothing, and is asked for once, however often the document is written. If the job is
	lost, the nightly one catches up.
	"""
	key = (doctype, name)
	waiting = frappe.db.after_commit
	if any(getattr(one, "qms_register", None) == key for one in getattr(waiting, "_functions", ())):
		return

	def ask() -> None:
		from qms_customer.contract import register_job

		register_job.enqueue(doctype, name)

	ask.qms_register = key
	waiting.add(ask)


def _signed(row: frappe._dict) -> date | None:
	return getdate(row.signed_on) if row.signed_on else None


def _followed() -> list[str]:
	"""What of an entry is its bookkeeping, but for when people were reminded."""
	return sorted(RECORDS[DOCTYPE].bookkeeping - {"reminded_on"})


def _locked(names: Iterable[str]) -> list[frappe._dict]:
	table = frappe.qb.DocType(DOCTYPE)
	fields = ("name", "reference_doctype", "reference_name", "signed_on", *_followed())
	return (
		frappe.qb.from_(table)
		.select(*(table[f] for f in fields))
		.where(table.name.isin(sorted(set(names)) or [""]))
		.orderby(table.name)
		.for_update()
		.run(as_dict=True)
	)


def _differing(row: frappe._dict, values: dict[str, Any]) -> dict[str, Any]:
	"""What of an entry is not what its documents say; whatever way the database gives a number or a date."""
	meta = frappe.get_meta(DOCTYPE)

	def plain(field: str, value: Any) -> str:
		return normal(value, KINDS.get(meta.get_field(field).fieldtype, TEXT))

	return {f: v for f, v in values.items() if plain(f, row.get(f)) != plain(f, v)}


def _entries(doctype: str, names: Iterable[str]) -> list[str]:
	return frappe.get_all(
		DOCTYPE,
		filters={"reference_doctype": doctype, "reference_name": ("in", sorted(names) or [""])},
		pluck="name",
	)


def _without_entry(doctype: str, *names: str, most: int | None = None) -> list[str]:
	"""Return the contracts that were reviewed, or are approved, and have no entry; three queries.

	With `names` only of these.
	"""
	entry, contract = frappe.qb.DocType(DOCTYPE), frappe.qb.DocType(doctype)
	found: set[str] = set()
	for source in (reviews.REVIEW, approved.DOCTYPE, approved.ADOPTED):
		row = frappe.qb.DocType(source)
		query = (
			frappe.qb.from_(row)
			.join(contract)
			.on(contract.name == row.reference_name)
			.left_join(entry)
			.on((entry.reference_name == row.reference_name) & (entry.reference_doctype == doctype))
			.select(row.reference_name)
			.distinct()
			.where((row.reference_doctype == doctype) & entry.name.isnull())
			.orderby(row.reference_name)
		)
		if names:
			query = query.where(row.reference_name.isin(names))
		if source == approved.ADOPTED:
			adoption = frappe.qb.DocType(approved.ADOPTION)
			query = query.join(adoption).on((adoption.name == row.adoption) & (adoption.docstatus == 1))
		if most:
			query = query.limit(most)
		found |= set(query.run(pluck=True))
	return sorted(found)[:most]


def _make(doctype: str, names: list[str]) -> int:
	"""Make the entries of these contracts, as their documents say; returns how many (D5)."""
	made = 0
	for start in range(0, len(names), BATCH):
		told = register_facts.read(doctype, names[start : start + BATCH], {})
		for name, one in told.items():
			made += _make_one(doctype, name, values_of(one))
	return made


def _make_one(doctype: str, name: str, values: dict[str, Any]) -> int:
	entry: Document = frappe.get_doc(
		{"doctype": DOCTYPE, "reference_doctype": doctype, "reference_name": name, **values}
	)
	# Nobody enters a contract by hand, and a link that has gone since is no reason to leave it out.
	entry.flags.ignore_links = True
	frappe.db.savepoint("qms_register")
	try:
		with moving(entry, mark("Entered in the Register")):
			entry.insert(ignore_permissions=True)
	except (frappe.DuplicateEntryError, frappe.UniqueValidationError):
		# Somebody else made it at the same moment.
		frappe.db.rollback(save_point="qms_register")
		frappe.clear_last_message()
		return 0
	except Exception:
		# One that cannot be entered does not keep the others out.
		frappe.db.rollback(save_point="qms_register")
		frappe.log_error(title=f"{name} was not entered in the register")
		return 0
	return 1
