"""Files: what contracts and records name is neither moved nor deleted, and no file writes into a record (A3,
A6, C10, E8, K2).
"""

import os
import re
from collections.abc import Callable
from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import get_files_path
from frappe.utils.file_manager import save_file_on_filesystem

from qms_customer.contract.content import CONTRACT_DOCTYPES
from qms_customer.messages import refuse_one
from qms_customer.records import protect
from qms_customer.records.kinds import is_record, stored_name
from qms_customer.rules import mark

ATTACHES = ("Attach", "Attach Image")
# Where a file is, what it holds, and what it hangs on.
PLACE = ("file_url", "is_private", "content_hash")
FIXED = (*PLACE, "attached_to_doctype", "attached_to_name", "attached_to_field")
# Which field of which record names a file as evidence.
EVIDENCE = (
	("Contract Confirmation", "evidence"),
	("Review Action", "evidence_file"),
	("Contract Change Notice", "supplementary_contract"),
	("Contract Change Notice", "confirmed_evidence"),
	("Contract Change Negotiation", "evidence"),
	("Customer Qualification", "file"),
	("Production Design", "file"),
	("Return Slip", "confirmation_file"),
	("Return Arrival", "evidence"),
	("Return Arrival", "certificate"),
	("Regulator Exchange", "file"),
)
# Records that have the contract's documents as rows of their own.
KEEP_DOCUMENTS = ("Contract Review", "Contract Change Notice")


def before_validate(file: Document, method: str | None = None) -> None:
	"""Refuse to move a file that something committed rests on (A6, K2), or to write through it (E8, K2)."""
	before = file.get_doc_before_save()
	if before is None:
		return
	changed = {name for name in FIXED if _text(file.get(name)) != _text(before.get(name))}
	if not changed:
		return
	for one in (before, file):
		if _is_fixed(one.attached_to_doctype, one.attached_to_name):
			_refuse(file, one.attached_to_name)
	if changed.intersection(PLACE):
		urls = [file.file_url, *_addresses(before)]
		if name := kept_by(urls) or protect.signed_with(urls):
			_refuse(file, name)
	if "is_private" in changed:
		_refuse_to_write_through(file, before.file_url)


def on_trash(file: Document, method: str | None = None) -> None:
	"""Refuse to delete a file that a contract in review, a committed one, or a record names (A3, A6, C10)."""
	if not frappe.flags.in_uninstall and (name := kept_by([file.file_url])):
		_refuse(file, name)


def delete_content(file: Document, only_thumbnail: bool = False) -> None:
	"""Refuse before the bytes are gone: frappe deletes them, and asks `on_trash` of apps afterwards (A6)."""
	urls = _on_disk(file, only_thumbnail)
	kept = kept_by(urls) or protect.signed_with(urls)
	if kept and file.flags.new_file:
		# A new file is rolled back that shared the bytes of a kept one.
		return
	if not file.flags.new_file:
		if not only_thumbnail:
			on_trash(file)
		protect.refuse_file(file)
	if kept and not frappe.flags.in_uninstall:
		_refuse(file, kept)
	if other := _other_app("delete_file_data_content", delete_content):
		other(file, only_thumbnail=only_thumbnail)
	else:
		file.delete_file_from_filesystem(only_thumbnail=only_thumbnail)


def write_content(file: Document | str, *args: Any, **kwargs: Any) -> dict:
	"""Refuse to write over a kept file: an image that is optimised is written where its name says (A6)."""
	other = _other_app("write_file", write_content)
	if isinstance(file, str):
		# The older of frappe's two ways to write a file, always under a name that is free.
		return (other or save_file_on_filesystem)(file, *args, **kwargs)
	name = re.sub(r"[/\\%?#]", "_", file.file_name)
	if os.path.exists(get_files_path(name, is_private=file.is_private)):
		urls = [f"/private/files/{name}" if file.is_private else f"/files/{name}"]
		if kept := kept_by(urls) or protect.signed_with(urls):
			_refuse(file, kept)
	return other(file) if other else file.save_file_on_filesystem()


def is_stored(url: str | None) -> bool:
	"""Return whether an address is that of a file of this site, bytes and all (A3)."""
	if not (url or "").startswith(("/files/", "/private/files/")):
		return False
	name = frappe.db.get_value("File", {"file_url": url})
	return bool(name) and frappe.get_doc("File", name).exists_on_disk()


def require_readable(rule: str, url: str | None) -> None:
	"""Refuse an address that is of no file of this site which the current user may read: who names a file on
	a record shows it to all who read the record (A3).
	"""
	names = frappe.get_all("File", filters={"file_url": url}, pluck="name") if is_stored(url) else ()
	# The same bytes may hang on several documents: one that they may read is enough.
	if not any(frappe.get_doc("File", name).has_permission("read") for name in names):
		refuse_one(rule, mark("{0} is no file that you may read. Attach it anew."), url or "?")


def kept_by(urls: list[str]) -> str:
	"""Return the document for which one of these files is kept, "" if there is none; one query.

	A review has the contract's documents as rows of its own, so that a contract in review is found by them.
	"""
	urls = [url for url in urls if url]
	if not urls:
		return ""
	row = frappe.qb.DocType("Contract Document")
	found = (
		frappe.qb.from_(row)
		.select(row.parent)
		.where(row.file.isin(urls) & (row.parenttype.isin(KEEP_DOCUMENTS) | (row.docstatus > 0)))
	)
	for doctype, field in EVIDENCE:
		table = frappe.qb.DocType(doctype)
		name = table.parent if frappe.is_table(doctype) else table.name
		found = found.union_all(frappe.qb.from_(table).select(name).where(table[field].isin(urls)))
	names = frappe.qb.from_(found).select("*").limit(1).run(pluck=True)
	return names[0] if names else ""


def _other_app(hook: str, ours: Callable) -> Callable | None:
	"""The function of another app that stores files elsewhere: frappe calls the first such hook only."""
	mine = f"{__name__}.{ours.__name__}"
	others = [path for path in frappe.get_hooks(hook) if path != mine]
	return frappe.get_attr(others[0]) if others else None


def _on_disk(file: Document, only_thumbnail: bool) -> list[str]:
	"""The addresses of the bytes that frappe would delete: it takes the last part of any path, and a
	thumbnail's is what somebody sent.
	"""
	found = []
	for url in (file.thumbnail_url, "" if only_thumbnail else file.file_url):
		folder, name = os.path.split((url or "").strip("/"))
		if name:
			found.append(f"/files/{name}" if folder == "files" else f"/private/files/{name}")
	return found


def _addresses(file: Document) -> list[str]:
	"""The addresses of all files with these bytes: frappe moves them together."""
	same = (
		frappe.get_all("File", {"content_hash": file.content_hash}, pluck="file_url")
		if file.content_hash
		else []
	)
	return [file.file_url, *same]


def _is_fixed(doctype: str | None, name: str | None) -> bool:
	"""Whether a document is a record of ours or a committed contract."""
	kind = stored_name(doctype)
	if not (kind and name):
		return False
	if is_record(kind):
		return True
	return kind in CONTRACT_DOCTYPES and (frappe.db.get_value(kind, name, "docstatus") or 0) > 0


def _refuse_to_write_through(file: Document, old_url: str) -> None:
	"""When `is_private` changes, frappe writes the new address into a field of the document by SQL.

	It does so for any field that the file names, and, if it names none, for the one that holds the address.
	"""
	kind = stored_name(file.attached_to_doctype)
	if not (kind and file.attached_to_name):
		return
	meta = frappe.get_meta(kind)
	names = [file.attached_to_field] if file.attached_to_field else []
	if not names:
		values = frappe.get_doc(kind, file.attached_to_name).as_dict()
		names = [name for name, value in values.items() if value == old_url]
	for name in names:
		field = meta.get_field(name)
		if not field or field.fieldtype not in ATTACHES:
			refuse_one(
				"K2",
				mark("A file does not write into {0} of {1}: that is no field for attachments."),
				name,
				file.attached_to_name,
			)


def _text(value: object) -> str:
	"""A value as text; a form sends "0" for what is stored as 0, or as nothing."""
	return "" if value in (None, "", 0, "0") else str(value)


def _refuse(file: Document, name: str) -> None:
	refuse_one(
		"K2",
		mark("The file {0} belongs to {1}, which is kept as it is. It is not changed, moved or deleted."),
		file.file_name or file.file_url,
		name,
	)
