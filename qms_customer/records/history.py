"""A record's signatures, corrections and past versions, as people read and print them (K2, K3; 21 CFR
11.50).
"""

import json
from collections.abc import Callable
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import format_datetime

from qms_customer.contract.people import full_name
from qms_customer.messages import refuse_one
from qms_customer.records import contents, corrections, ledger
from qms_customer.rules import chain, mark
from qms_customer.rules.content import Change
from qms_customer.shown import HEAD_LABELS, both, label, render, value

# What a version shows of its signature.
SIGNED = ("meaning", "full_name", "signer", "role", "acting_for_name", "signed_on", "time_zone", "comment")


def html(doc: Document) -> str:
	"""Return the signature block and the corrections of a record (11.50)."""
	return signatures_html(doc.doctype, doc.name) + corrections.html(doc.doctype, doc.name)


def signatures_html(doctype: str, name: str) -> str:
	"""Return the signatures of a record: printed name, role, date and time, meaning (11.50)."""
	return render("records/signatures.html", signatures=ledger.signatures(doctype, name))


def versions(doctype: str, name: str) -> list[dict]:
	"""Return the recorded versions of a record, newest first."""
	rows = frappe.get_all(
		ledger.SNAPSHOT,
		filters={"reference_doctype": doctype, "reference_name": name},
		fields=["sequence", "event", "recorded_by", "recorded_on", "chain_hash"],
		order_by="sequence desc",
	)
	return [
		{
			"sequence": r.sequence,
			"label": _("{0}. {1}, {2}, {3}").format(
				r.sequence,
				_(r.event),
				frappe.utils.get_fullname(r.recorded_by),
				format_datetime(r.recorded_on),
			),
			"hash": r.chain_hash,
		}
		for r in rows
	]


def version_html(doctype: str, name: str, sequence: int) -> str:
	"""Return a past version, every field that had a value, with the labels of today; its head says what it is
	(K2).
	"""
	entry = entry_of(doctype, name, sequence)
	return render("records/version.html", entry=entry, **parts(entry, _label, _shown), both=both, when=_when)


def entry_of(doctype: str, name: str, sequence: int) -> frappe._dict:
	"""Return what is recorded of one version, its signature, and the number of the last one; three queries.

	Raises QMSRefusal if there is no such version.
	"""
	place = {"reference_doctype": doctype, "reference_name": name}
	entry = frappe.db.get_value(
		ledger.SNAPSHOT,
		{**place, "sequence": sequence},
		[
			"reference_doctype",
			"reference_name",
			"sequence",
			"event",
			"recorded_by",
			"recorded_on",
			"time_zone",
			"content",
			"content_hash",
			"chain_hash",
			"signature",
		],
		as_dict=True,
	)
	if not entry or not entry.content:
		refuse_one("K2", mark("{0} has no version {1}."), name, str(sequence))
	entry.last = frappe.db.get_value(ledger.SNAPSHOT, place, "sequence", order_by="sequence desc")
	entry.by_name = full_name(entry.recorded_by)
	entry.altered = chain.sha256(entry.content) != entry.content_hash
	entry.signed = (
		frappe.db.get_value(
			ledger.SIGNATURE,
			entry.signature,
			[
				"meaning",
				"full_name",
				"signer",
				"role",
				"acting_for_name",
				"signed_on",
				"time_zone",
				"comment",
			],
			as_dict=True,
		)
		if entry.signature
		else None
	)
	return entry


def parts(entry: frappe._dict, label: Callable[..., str], shown: Callable[..., str]) -> dict[str, Any]:
	"""Return head and tables of a version in the order of the form, shown by `label` and `shown`."""
	content = json.loads(entry.content)
	meta = frappe.get_meta(entry.reference_doctype)
	places = {f.fieldname: place for place, f in enumerate(meta.fields)}
	tables = []
	for table, rows in content["tables"].items():
		child = _child(meta, table)
		ordered = sorted(rows, key=lambda r: int(r.get("idx") or 0))
		columns = [c for c in dict.fromkeys(k for r in ordered for k in r) if c not in ("name", "idx")]
		tables.append(
			{
				"label": label(meta, table),
				"columns": [label(child, c) for c in columns],
				"rows": [[shown(child, c, r.get(c, "")) for c in columns] for r in ordered],
			}
		)
	fields = sorted(content["fields"].items(), key=lambda one: (places.get(one[0], -1), one[0]))
	return {"head": [(label(meta, f), shown(meta, f, text)) for f, text in fields], "tables": tables}


def _when(value: object, zone: str = "") -> str:
	return f"{value:%Y-%m-%d %H:%M:%S} {zone}".strip()


def comparison_html(doctype: str, name: str, old: int, new: int) -> str:
	"""Return what differs between two versions, field by field, old and new side by side (K2)."""
	meta = frappe.get_meta(doctype)
	changes = contents.differences(_snapshot(doctype, name, old), _snapshot(doctype, name, new))
	rows = [(_place(meta, c), *_values(meta, c)) for c in changes]
	return render("records/comparison.html", rows=rows, old=old, new=new)


def _snapshot(doctype: str, name: str, sequence: int) -> str:
	return entry_of(doctype, name, sequence).content


def _child(meta: object, table: str) -> object | None:
	field = meta.get_field(table)
	return frappe.get_meta(field.options) if field else None


def _place(meta: object, change: Change) -> str:
	if not change.table:
		return _label(meta, change.field)
	return f"{_label(meta, change.table)}: {_label(_child(meta, change.table), change.field)}"


def _values(meta: object, change: Change) -> tuple[str, str]:
	where = _child(meta, change.table) if change.table else meta
	return _shown(where, change.field, change.old), _shown(where, change.field, change.new)


def _label(meta: object | None, field: str) -> str:
	if meta and meta.get_field(field):
		return label(meta, field)
	return _(HEAD_LABELS.get(field, field))


_STATUS = {"0": "Draft", "1": "Submitted", "2": "Cancelled"}


def _shown(meta: object | None, field: str, text: str) -> str:
	if field == "docstatus":
		return _(_STATUS.get(text, text))
	if meta and (known := meta.get_field(field)) and known.options in ("Role", "Workflow State"):
		return _(text)
	return value(meta, field, text) if meta else text
