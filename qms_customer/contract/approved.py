"""The ledger of approved contents: the one place that says what somebody with the authority approved (C1, D4, E8)."""

import json
from collections.abc import Iterable
from typing import Any

import frappe
from frappe.utils import getdate, now_datetime

from qms_customer.contract import content
from qms_customer.records.token import moving
from qms_customer.rules import content as rules

DOCTYPE = "Approved Content"


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


def withdraw(name: str, reason: str) -> None:
	"""Take back an approval that has not been used yet (B4)."""
	row = frappe.get_doc(DOCTYPE, name)
	with moving(row):
		row.db_set({"withdrawn": 1, "withdrawn_reason": reason})


def rows(doctype: str, names: Iterable[str]) -> list[frappe._dict]:
	"""Return the approvals that stand for these documents, the oldest first; one query."""
	return frappe.get_all(
		DOCTYPE,
		filters={"reference_doctype": doctype, "reference_name": ("in", list(names)), "withdrawn": 0},
		fields=[
			"name",
			"reference_name",
			"fingerprint",
			"content",
			"approved_on",
			"valid_until",
			"source_doctype",
			"source_name",
			"review_path",
		],
		order_by="approved_on, creation",
	)


def match(doctype: str, fingerprint: str, approvals: Iterable[frappe._dict]) -> frappe._dict | None:
	"""Return the latest approval of exactly this content, masters renamed since then followed, or None.

	Approved text is never rewritten: where no fingerprint matches, the approved text is read with the names that its
	masters bear today.
	"""
	approvals = list(approvals)
	for row in reversed(approvals):
		if row.fingerprint == fingerprint:
			return row
	aliases = _aliases(approvals)
	for row in reversed(approvals) if aliases else ():
		since = _since(aliases, row.approved_on)
		if since:
			now = rules.renamed(json.loads(row.content), content.link_kinds(doctype), since)
			if rules.fingerprint(now) == fingerprint:
				return row
	return None


def committed(doctype: str, names: Iterable[str]) -> dict[str, bool]:
	"""Return for each document whether it is submitted and its stored content is an approved one (D4).

	A constant number of queries, whatever the number of documents. How long the approval was valid does not matter
	once the order is committed.
	"""
	names = sorted(set(names))
	if not names:
		return {}
	submitted = set(frappe.get_all(doctype, filters={"name": ("in", names), "docstatus": 1}, pluck="name"))
	by_name: dict[str, list[frappe._dict]] = {}
	for row in rows(doctype, submitted or [""]):
		by_name.setdefault(row.reference_name, []).append(row)
	contents = content.stored_contents(doctype, by_name)
	return {
		name: name in contents
		and match(doctype, rules.fingerprint(contents[name]), by_name[name]) is not None
		for name in names
	}


def is_valid(row: frappe._dict) -> bool:
	"""Return whether an approval may still be used to commit the document today (B4)."""
	return not row.valid_until or getdate(row.valid_until) >= getdate()


def _aliases(approvals: list[frappe._dict]) -> list[frappe._dict]:
	if not approvals:
		return []
	return frappe.get_all(
		"Record Alias",
		filters={"renamed_on": (">=", min(r.approved_on for r in approvals))},
		fields=["master_doctype", "old_name", "new_name", "renamed_on"],
		order_by="renamed_on",
	)


def _since(aliases: list[frappe._dict], moment: object) -> dict[str, dict[str, str]]:
	found: dict[str, dict[str, str]] = {}
	for a in aliases:
		if a.renamed_on >= moment:
			found.setdefault(a.master_doctype, {})[a.old_name] = a.new_name
	return found
