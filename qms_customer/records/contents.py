"""The canonical content of a record: all that it says, rows and attachments, as one text (K2)."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import frappe
from frappe.model import no_value_fields, table_fields
from frappe.model.document import Document

from qms_customer.caches import request_cache
from qms_customer.records.registry import RECORDS
from qms_customer.rules import content as rules
from qms_customer.rules.content import DATETIME, KINDS, NUMBER, TEXT, Change

HEAD = {"owner": TEXT, "creation": DATETIME, "docstatus": NUMBER}
ROW = {"name": TEXT, "idx": NUMBER}


def schema(doctype: str) -> rules.Schema:
	"""Return which fields of a record are its content: all that hold a value, but for its bookkeeping."""
	cache = request_cache("qms_record_schemas")
	if doctype not in cache:
		meta = frappe.get_meta(doctype)
		left_out = RECORDS[doctype].bookkeeping if doctype in RECORDS else frozenset()
		head = {} if meta.issingle else HEAD
		tables = {
			f.fieldname: _without(_columns(f.options), left_out, f"{f.fieldname}.") | ROW
			for f in meta.get_table_fields()
		}
		columns = _without(_columns(doctype), left_out)
		cache[doctype] = rules.Schema(doctype, columns | head, tables)
	return cache[doctype]


def _without(columns: dict[str, str], left_out: frozenset[str], table: str = "") -> dict[str, str]:
	return {k: v for k, v in columns.items() if f"{table}{k}" not in left_out}


def _columns(doctype: str) -> dict[str, str]:
	return {
		f.fieldname: KINDS.get(f.fieldtype, TEXT)
		for f in frappe.get_meta(doctype).fields
		if f.fieldtype not in no_value_fields and f.fieldtype not in table_fields
	}


def text_of(doc: Document) -> str:
	"""Return the canonical text of a record as it stands in memory after it was written."""
	return rules.text(rules.content(schema(doc.doctype), doc))


def link_kinds(doctype: str) -> dict[str, str]:
	"""Return which master each field names: "field" or "table.field" -> DocType; its owner is a user."""
	cache = request_cache("qms_record_links")
	if doctype not in cache:
		meta, kinds = frappe.get_meta(doctype), schema(doctype)
		tables = {t: frappe.get_meta(meta.get_field(t).options) for t in kinds.tables}
		cache[doctype] = {
			**({"owner": "User"} if "owner" in kinds.fields else {}),
			**{f.fieldname: f.options for f in _links(meta, "Link") if f.fieldname in kinds.fields},
			**{f"{t}.{f.fieldname}": f.options for t, child in tables.items() for f in _links(child, "Link")},
		}
	return cache[doctype]


def _links(meta: Any, fieldtype: str) -> list[Any]:
	return [f for f in meta.fields if f.fieldtype == fieldtype]


def renamed(doctype: str, content: str, aliases: Iterable[tuple[str, str, str]]) -> str:
	"""Return a canonical text as it reads after masters were renamed or merged, one after the other.

	Frappe rewrites the names in links by SQL. `aliases`: kind, old and new name, in the order of time: a name
	that was given up may have been taken by another master since.
	"""
	canonical = json.loads(content)
	kinds = {**link_kinds(doctype)}
	for f in _links(frappe.get_meta(doctype), "Dynamic Link"):
		if kind := canonical["fields"].get(f.options):
			kinds[f.fieldname] = kind
	for kind, old, new in aliases:
		canonical = rules.renamed(canonical, kinds, {kind: {old: new}})
	return rules.text(canonical)


def differences(old: str, new: str) -> list[Change]:
	"""Return each difference of two canonical texts of one record, rows matched by their names.

	A field that the other text does not know, and that is empty, is no difference: a later version of the app
	may have brought it.
	"""
	before, after = json.loads(old), json.loads(new)
	found = _differences("", "", before["fields"], after["fields"])
	for table in sorted({*before["tables"], *after["tables"]}):
		rows = [{r.get("name", ""): r for r in side["tables"].get(table, ())} for side in (before, after)]
		for name in sorted({*rows[0], *rows[1]}):
			found += _differences(table, name, rows[0].get(name, {}), rows[1].get(name, {}))
	return found


def _differences(table: str, row: str, old: dict[str, str], new: dict[str, str]) -> list[Change]:
	return [
		Change(table, row, field, old.get(field, ""), new.get(field, ""))
		for field in sorted({*old, *new} - {"name"})
		if old.get(field, "") != new.get(field, "")
	]


def stored_texts(doctype: str, names: Iterable[str]) -> dict[str, str]:
	"""Return the canonical texts of stored records by name, in one query a table whatever their number."""
	names, kinds = list(names), schema(doctype)
	if frappe.get_meta(doctype).issingle:
		return {doctype: text_of(frappe.get_doc(doctype))}
	heads = frappe.get_all(doctype, filters={"name": ("in", names)}, fields=["name", *kinds.fields])
	rows: dict[str, dict[str, list]] = defaultdict(dict)
	for table, columns in kinds.tables.items():
		child = frappe.get_meta(doctype).get_field(table).options
		for row in frappe.get_all(
			child,
			filters={"parent": ("in", names), "parenttype": doctype, "parentfield": table},
			fields=["parent", *columns],
			order_by="parent, idx",
		):
			rows[row.parent].setdefault(table, []).append(row)
	return {h.name: rules.text(rules.content(kinds, {**h, **rows[h.name]})) for h in heads}


def attachments(doctype: str, name: str) -> list[dict[str, str]]:
	"""Return the files attached to a record with the SHA-256 of what is in them; one query (K3, 11.70)."""
	found = []
	for file in frappe.get_all(
		"File",
		filters={"attached_to_doctype": doctype, "attached_to_name": name, "is_folder": 0},
		fields=["name", "file_name", "file_url", "is_private"],
		order_by="creation, name",
	):
		found.append({"file": file.name, "file_name": file.file_name or "", "sha256": file_hash(file)})
	return found


def file_hash(file: Any) -> str:
	"""Return the SHA-256 of a stored file; of one that lies elsewhere, or is gone, that of nothing: ""."""
	url = file.file_url or ""
	if not url.startswith(("/files/", "/private/files/")):
		return ""
	folder = "private" if url.startswith("/private/") else "public"
	path = frappe.get_site_path(folder, "files", url.rpartition("/files/")[2])
	digest = hashlib.sha256()
	try:
		with open(path, "rb") as stream:
			while block := stream.read(1 << 20):
				digest.update(block)
	except OSError:
		return ""
	return digest.hexdigest()
