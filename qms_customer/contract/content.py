"""The content of ERPNext's own documents, read through their meta (the invariant of C1, D4, E8)."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import frappe
from frappe.model import no_value_fields, table_fields
from frappe.model.document import Document

from qms_customer.caches import request_cache
from qms_customer.rules import content as rules
from qms_customer.rules.fields import COMMITTED, NOT_COMMITTED, TABLES

CONTRACT_DOCTYPES = tuple(TABLES)


def schema(doctype: str) -> rules.Schema:
	"""Return which fields of a contract document count; a custom field that nobody classified does."""
	cache = request_cache("qms_schemas")
	if doctype not in cache:
		tables = {}
		for field in frappe.get_meta(doctype).get_table_fields():
			row = TABLES[doctype].get(field.fieldname)
			if row or field.fieldname not in NOT_COMMITTED[doctype]:
				tables[field.fieldname] = _columns(row or field.options)
		cache[doctype] = rules.Schema(doctype, _columns(doctype), tables)
	return cache[doctype]


def unclassified(doctype: str) -> list[str]:
	"""Return the fields of a contract document and its rows that the table of fields does not name (they
	count).
	"""
	found = []
	for name in (doctype, *TABLES.get(doctype, {}).values()):
		for field in frappe.get_meta(name).fields:
			if field.fieldtype in no_value_fields and field.fieldtype not in table_fields:
				continue
			if field.fieldtype == "Link" and field.options == "Workflow State":
				continue
			if field.fieldname not in COMMITTED[name] and field.fieldname not in NOT_COMMITTED[name]:
				found.append(f"{name}.{field.fieldname}")
	return found


def content_of(doc: Document) -> dict[str, Any]:
	"""Return the canonical content of a contract document as it stands in memory."""
	return rules.content(schema(doc.doctype), doc)


def fingerprint_of(doc: Document) -> str:
	"""Return the fingerprint of a contract document as it stands in memory."""
	return rules.fingerprint(content_of(doc))


def stored_contents(doctype: str, names: Iterable[str]) -> dict[str, dict[str, Any]]:
	"""Return the contents of stored documents by name, in one query a table whatever their number."""
	shape = schema(doctype)
	return {name: rules.content(shape, values) for name, values in stored_values(doctype, names).items()}


def stored_values(doctype: str, names: Iterable[str]) -> dict[str, dict[str, Any]]:
	"""Return what stored documents say in the fields that count, their tables with the names of the rows.

	One query a table, whatever the number of documents.
	"""
	names = list(names)
	if not names:
		return {}
	shape = schema(doctype)
	heads = frappe.get_all(doctype, filters={"name": ("in", names)}, fields=["name", *shape.fields])
	tables: dict[str, dict[str, list]] = defaultdict(lambda: defaultdict(list))
	meta = frappe.get_meta(doctype)
	for table, columns in shape.tables.items():
		for row in frappe.get_all(
			meta.get_field(table).options,
			filters={"parent": ("in", names), "parenttype": doctype, "parentfield": table},
			fields=["name", "parent", *columns],
		):
			tables[row.parent][table].append(row)
	return {h.name: {**h, **tables[h.name]} for h in heads}


def same_document(doc: Document, before: Document) -> bool:
	"""Return whether two states of a document promise the same, comparing only what is in memory."""
	return fingerprint_of(doc) == fingerprint_of(before)


def link_kinds(doctype: str) -> dict[str, str]:
	"""Return which master each committed field names: "field" or "table.field" -> DocType."""
	cache = request_cache("qms_links")
	if doctype not in cache:
		shape, meta, kinds = schema(doctype), frappe.get_meta(doctype), {}
		for field in meta.fields:
			if field.fieldname in shape.fields and field.fieldtype == "Link":
				kinds[field.fieldname] = field.options
		for table, columns in shape.tables.items():
			for field in frappe.get_meta(meta.get_field(table).options).fields:
				if field.fieldname in columns and field.fieldtype == "Link":
					kinds[f"{table}.{field.fieldname}"] = field.options
		if doctype == "Quotation":
			kinds["party_name"] = "Customer"
		cache[doctype] = kinds
	return cache[doctype]


def _columns(doctype: str) -> dict[str, str]:
	out = NOT_COMMITTED.get(doctype, {})
	return {
		f.fieldname: rules.KINDS.get(f.fieldtype, rules.TEXT)
		for f in frappe.get_meta(doctype).fields
		if f.fieldtype not in no_value_fields
		and f.fieldtype not in table_fields
		and not f.get("is_virtual")
		# Where a workflow of the site stands is no promise; its field is made by frappe when one is set up.
		and not (f.fieldtype == "Link" and f.options == "Workflow State")
		and f.fieldname not in out
	}
