"""The ledger of approved contents: the one place that says what somebody with the authority approved (C1, D4,
E8).
"""

import json
from collections.abc import Iterable
from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import get_datetime, getdate, now_datetime
from pypika.terms import ValueWrapper

from qms_customer.contract import content
from qms_customer.records.token import moving
from qms_customer.rules import content as rules

DOCTYPE = "Approved Content"
ADOPTION, ADOPTED = "Contract Adoption", "Adopted Contract"


def record(
	reference_doctype: str,
	reference_name: str,
	canonical: dict[str, Any],
	*,
	source_doctype: str,
	source_name: str,
	approved_by: str,
	valid_until: str | None,
	review_path: str,
	inherited: bool = False,
) -> str:
	"""Write that a content was approved; returns the name of the row (C1)."""
	row = frappe.get_doc(
		{
			"doctype": DOCTYPE,
			"reference_doctype": reference_doctype,
			"reference_name": reference_name,
			"company": canonical["fields"].get("company"),
			"customer": customer_of(canonical),
			"content": rules.text(canonical),
			"fingerprint": rules.fingerprint(canonical),
			"source_doctype": source_doctype,
			"source_name": source_name,
			"approved_by": approved_by,
			"approved_on": now_datetime(),
			"valid_until": valid_until,
			"review_path": review_path,
			"inherited": int(inherited),
		}
	)
	with moving(row):
		# The decision function that calls this has checked the authority; nobody else can write the ledger.
		row.insert(ignore_permissions=True)
	return row.name


def customer_of(canonical: dict[str, Any]) -> str | None:
	"""Return the customer whom a content names, None if it is made to somebody else (L1)."""
	fields = canonical["fields"]
	if fields.get("quotation_to"):
		return fields.get("party_name") if fields["quotation_to"] == "Customer" else None
	return fields.get("customer")


def says_the_same(canonical: dict[str, Any], earlier: Document | frappe._dict) -> bool:
	"""Return whether a content is that of a review, masters renamed since it began followed (C12, K2)."""
	fingerprint = rules.fingerprint(canonical)
	if earlier.fingerprint == fingerprint:
		return True
	row = frappe._dict(
		fingerprint=earlier.fingerprint,
		content=earlier.content,
		approved_on=get_datetime(earlier.prepared_on),
	)
	return match(canonical["doctype"], fingerprint, [row]) is not None


def withdraw(name: str, reason: str) -> None:
	"""Take back an approval that has not been used yet (B4)."""
	row = frappe.get_doc(DOCTYPE, name)
	with moving(row):
		row.db_set({"withdrawn": 1, "withdrawn_reason": reason})


def rows(doctype: str, names: Iterable[str]) -> list[frappe._dict]:
	"""Return the approvals that stand for these documents, the oldest first; one query.

	Those that reviews gave, and those that a signed adoption gave its whole list (E8): these are in force as
	soon as it is signed, without one of its lines being written.
	"""
	names = list(names)
	ledger = frappe.qb.DocType(DOCTYPE)
	line, signed = frappe.qb.DocType(ADOPTED), frappe.qb.DocType(ADOPTION)
	reviewed = (
		frappe.qb.from_(ledger)
		.select(
			ledger.name,
			ledger.reference_name,
			ledger.fingerprint,
			ledger.content,
			ledger.approved_on,
			ledger.creation,
			ledger.valid_until,
			ledger.source_doctype,
			ledger.source_name,
			ledger.review_path,
			ledger.approved_by,
		)
		.where((ledger.reference_doctype == doctype) & ledger.reference_name.isin(names))
		.where(ledger.withdrawn == 0)
	)
	adopted = (
		frappe.qb.from_(line)
		.join(signed)
		.on(signed.name == line.adoption)
		.select(
			line.name,
			line.reference_name,
			line.fingerprint,
			line.content,
			# Masters are followed from when the content was read: later than that nobody looked.
			line.read_on,
			line.creation,
			signed.valid_until,
			ValueWrapper(ADOPTION),
			line.adoption,
			ValueWrapper(""),
			signed.signed_by,
		)
		.where((line.reference_doctype == doctype) & line.reference_name.isin(names))
		.where((line.fingerprint != "") & (signed.docstatus == 1))
	)
	both = reviewed.union_all(adopted)
	found = frappe.qb.from_(both).select("*").run(as_dict=True)
	return sorted(found, key=lambda row: (row.approved_on, row.creation))


def match(
	doctype: str,
	fingerprint: str,
	approvals: Iterable[frappe._dict],
	aliases: list[frappe._dict] | None = None,
) -> frappe._dict | None:
	"""Return the latest approval of exactly this content, masters renamed since then followed, or None.

	Approved text is never rewritten: it is read with the names that its masters bear today. So a new customer
	that took over the name of a renamed one is not the customer who was approved.
	"""
	approvals = list(approvals)
	if aliases is None:
		aliases = aliases_since(approvals)
	for row in reversed(approvals):
		if _fingerprint_today(doctype, row, aliases) == fingerprint:
			return row
	return None


def committed(doctype: str, names: Iterable[str]) -> dict[str, bool]:
	"""Return for each document whether it is submitted and its stored content is an approved one (D4).

	A constant number of queries, whatever the number of documents. How long the approval was valid does not
	matter once the order is committed.
	"""
	names = sorted(set(names))
	if not names:
		return {}
	submitted = set(frappe.get_all(doctype, filters={"name": ("in", names), "docstatus": 1}, pluck="name"))
	by_name: dict[str, list[frappe._dict]] = {}
	approvals = rows(doctype, submitted or [""])
	for row in approvals:
		by_name.setdefault(row.reference_name, []).append(row)
	aliases = aliases_since(approvals)
	contents = content.stored_contents(doctype, by_name)
	return {
		name: name in contents
		and match(doctype, rules.fingerprint(contents[name]), by_name[name], aliases) is not None
		for name in names
	}


def is_valid(row: frappe._dict) -> bool:
	"""Return whether an approval may still be used to commit the document today (B4)."""
	return not row.valid_until or getdate(row.valid_until) >= getdate()


def aliases_since(approvals: list[frappe._dict]) -> list[frappe._dict]:
	"""Return the names given to masters since the first of these approvals, in the order of time; one
	query.
	"""
	if not approvals:
		return []
	return frappe.get_all(
		"Record Alias",
		filters={"renamed_on": (">=", min(r.approved_on for r in approvals))},
		fields=["master_doctype", "old_name", "new_name", "renamed_on"],
		order_by="renamed_on, creation",
	)


def _fingerprint_today(doctype: str, row: frappe._dict, aliases: list[frappe._dict]) -> str:
	"""The fingerprint of an approved text as it reads today."""
	since = [a for a in aliases if a.renamed_on >= row.approved_on]
	if not since:
		return row.fingerprint
	canonical = json.loads(row.content)
	tables = [r for rows in canonical["tables"].values() for r in rows]
	names = {value for values in (canonical["fields"], *tables) for value in values.values()}
	kinds = {**content.link_kinds(doctype)}
	if canonical["fields"].get("quotation_to"):
		kinds["party_name"] = canonical["fields"]["quotation_to"]
	# One after the other: a name that was given up may have been taken by another master since.
	for a in since:
		if a.old_name in names:
			canonical = rules.renamed(canonical, kinds, {a.master_doctype: {a.old_name: a.new_name}})
			names.add(a.new_name)
	return rules.fingerprint(canonical)
