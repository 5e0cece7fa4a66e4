"""What belongs to a record is neither changed nor deleted by any door of Frappe, nor its form loosened (K2;
21 CFR 11.10(c), (e)).

Records and ledgers refuse by themselves (controlled.py). Here are Frappe's own documents about them:
versions, comments, e-mails, files, and the settings of their forms.
"""

from collections.abc import Iterable
from typing import NoReturn

import frappe
from frappe import _
from frappe.model import no_value_fields, table_fields
from frappe.model.document import Document
from frappe.utils import cint, cstr, get_fullname

from qms_customer.messages import refuse_one
from qms_customer.records import ledger
from qms_customer.records.kinds import MODULE, is_record, stored_name
from qms_customer.records.registry import RECORDS
from qms_customer.rules import mark
from qms_customer.rules.content import DATETIME, normal

WHO_AND_WHEN = ("owner", "creation", "docstatus")
COMMENT = (
	"comment_type",
	"comment_email",
	"comment_by",
	"subject",
	"content",
	"reference_doctype",
	"reference_name",
	*WHO_AND_WHEN,
)
VERSION = ("ref_doctype", "docname", "data", *WHO_AND_WHEN)
EMAIL = (
	"subject",
	"content",
	"text_content",
	"sender",
	"recipients",
	"cc",
	"bcc",
	"phone_no",
	"user",
	"communication_type",
	"communication_medium",
	"communication_date",
	"sent_or_received",
	"message_id",
	"in_reply_to",
	"reference_doctype",
	"reference_name",
	*WHO_AND_WHEN,
)
FILE = (
	"file_name",
	"file_url",
	"is_private",
	"content_hash",
	"attached_to_doctype",
	"attached_to_name",
	*WHO_AND_WHEN,
)

# What a site may set of a record's form: how it is listed and laid out. Whatever decides who may write what,
# what is kept, and what is shown of it, stays as the app has it.
LAYOUT = frozenset(
	{
		"search_fields",
		"sort_field",
		"sort_order",
		"image_field",
		"default_print_format",
		"default_email_template",
		"default_view",
		"force_re_route_to_default_view",
		"editable_grid",
		"quick_entry",
		"show_name_in_global_search",
		"show_preview_popup",
		"show_title_field_in_link",
		"is_calendar_and_gantt",
		"grid_page_length",
		"rows_threshold_for_grid_search",
		"track_views",
		"field_order",
		"links_order",
		"actions_order",
		"states_order",
		"insert_after",
		"idx",
		"description",
		"documentation_url",
		"placeholder",
		"width",
		"columns",
		"print_width",
		"max_height",
		"bold",
		"sticky",
		"hide_border",
		"collapsible",
		"in_list_view",
		"in_standard_filter",
		"in_filter",
		"in_global_search",
		"in_preview",
		"show_dashboard",
		"sort_options",
		"remember_last_selected_value",
	}
)
# How new records are numbered is the site's (C10).
NUMBERING = frozenset({"options", "default"})
# What even a developer does not change in the Desk: the app's files say it, and migrate brings it.
OF_DOCTYPE = (
	"module",
	"custom",
	"is_submittable",
	"issingle",
	"istable",
	"is_virtual",
	"track_changes",
	"allow_rename",
	"allow_import",
	"read_only",
	"in_create",
	"autoname",
)
OF_FIELD = ("fieldtype", "options", "read_only", "allow_on_submit", "is_virtual", "hidden", "no_copy")


def is_ours(doctype: str | None) -> bool:
	"""Return whether documents of a type are records or ledgers of ours, however its name is written (K2)."""
	kind = stored_name(doctype)
	return bool(kind) and (kind in RECORDS or is_record(kind))


def is_signed(doctype: str | None, name: str | None) -> bool:
	"""Return whether a document is a record that somebody has signed; at most one query (K3)."""
	if not (name and is_ours(doctype)):
		return False
	kind = stored_name(doctype)
	return kind not in RECORDS or bool(
		frappe.db.exists(ledger.SIGNATURE, {"reference_doctype": kind, "reference_name": name})
	)


def before_rename(doc: Document, method: str | None, old: str, new: str, merge: bool = False) -> None:
	"""What belongs to a record keeps its name: chains and signatures name it (K2)."""
	{
		"Version": version_on_trash,
		"Comment": comment_on_trash,
		"Communication": email_on_trash,
		"File": refuse_file,
	}[doc.doctype](doc)


# Versions and comments


def before_version(doc: Document, method: str | None = None) -> None:
	"""A version is written by Frappe as a record is saved; nobody makes or changes one (K2)."""
	if doc.is_new():
		# Who inserts one over the network cannot set a flag.
		if is_ours(doc.ref_doctype) and not doc.flags.ignore_permissions:
			_refuse(doc, doc.docname)
		return
	_refuse_change(doc, VERSION, "ref_doctype", "docname")


def version_on_trash(doc: Document, method: str | None = None) -> None:
	"""The versions of a record are kept (K2)."""
	if is_ours(doc.ref_doctype):
		_refuse(doc, doc.docname)


def before_comment(doc: Document, method: str | None = None) -> None:
	"""A comment on a record is its writer's, and stays what it said (K2, K3)."""
	if not doc.is_new():
		_refuse_change(doc, COMMENT, "reference_doctype", "reference_name")
	elif is_ours(doc.reference_doctype) and frappe.session.user != "Guest":
		# The form sends both, and could send anybody's.
		doc.comment_email, doc.comment_by = frappe.session.user, get_fullname(frappe.session.user)


def comment_on_trash(doc: Document, method: str | None = None) -> None:
	"""Comments on a record are kept; a like may be taken back, it says nothing (K2)."""
	if is_ours(doc.reference_doctype) and doc.comment_type != "Like":
		_refuse(doc, doc.reference_name)


# E-mails


def before_email(doc: Document, method: str | None = None) -> None:
	"""An e-mail about a record stays as it was sent, and with the record (K2)."""
	# What is received is written twice: its pictures get their addresses once they are stored.
	if doc.is_new() or doc.flags.in_receive or not (before := _before(doc)):
		return
	linked = _links(before)
	if linked and (_changed(doc, before, EMAIL) or not set(linked) <= set(_links(doc))):
		_refuse(doc, linked[0][1])


def email_on_trash(doc: Document, method: str | None = None) -> None:
	"""E-mails about a record are kept (K2)."""
	if linked := _links(doc):
		_refuse(doc, linked[0][1])


def before_email_link(row: Document, method: str | None = None) -> None:
	"""Nor is the row changed or deleted that links an e-mail to a record (K2)."""
	for one in (row, _before(row)):
		if one and not row.is_new() and is_ours(one.link_doctype):
			_refuse(row, one.link_name)


@frappe.whitelist(methods=["POST"])
def relink(name: str, reference_doctype: str | None = None, reference_name: str | None = None) -> None:
	"""Frappe's own way to hang an e-mail on another document, by SQL; not away from a record (K2).

	Frappe asks for no permission here; whoever may not read the e-mail moves none.
	"""
	from frappe.email import relink as frappes

	email = frappe.get_doc("Communication", name)
	email.check_permission("read")
	if is_ours(email.reference_doctype):
		_refuse(email, email.reference_name)
	frappes(name, reference_doctype, reference_name)


def _links(email: Document) -> list[tuple[str, str]]:
	"""The records that an e-mail is about."""
	rows = [(email.reference_doctype, email.reference_name)]
	rows += [(row.link_doctype, row.link_name) for row in email.get("timeline_links") or ()]
	return [(stored_name(doctype), name) for doctype, name in rows if name and is_ours(doctype)]


# Files


def before_file(doc: Document, method: str | None = None) -> None:
	"""A file that a record keeps, or of an e-mail about one, stays what and where it is (K2; 11.70)."""
	before = None if doc.is_new() else _before(doc)
	if before and _changed(doc, before, FILE):
		refuse_file(before)


def refuse_file(doc: Document, method: str | None = None) -> None:
	"""Refuse what would be done to a file that a record keeps, or of an e-mail about one (K2)."""
	if not frappe.flags.in_uninstall and (name := _record_of(doc.attached_to_doctype, doc.attached_to_name)):
		_refuse(doc, name)


def signed_with(urls: Iterable[str]) -> str:
	"""Return the record to which a file with one of these addresses is attached and that keeps it, or ""."""
	places = frappe.get_all(
		"File",
		filters={"file_url": ("in", list(urls)), "attached_to_name": ("is", "set")},
		fields=["attached_to_doctype", "attached_to_name"],
		distinct=True,
	)
	return next((n for p in places if (n := _record_of(p.attached_to_doctype, p.attached_to_name))), "")


def _record_of(doctype: str | None, name: str | None) -> str:
	if not name:
		return ""
	if stored_name(doctype) == "Communication":
		if not frappe.db.exists("Communication", name):
			return ""
		linked = _links(frappe.get_doc("Communication", name))
		return linked[0][1] if linked else ""
	return name if is_signed(doctype, name) or _keeps_files(doctype, name) else ""


def _keeps_files(doctype: str | None, name: str) -> bool:
	"""Whether a record that nobody has signed yet is at work with the files on it; at most one query (K2)."""
	kind = stored_name(doctype)
	field = RECORDS[kind].files_from if kind in RECORDS else ""
	return bool(field and frappe.db.get_value(kind, name, field))


# The forms of records


def before_property(doc: Document, method: str | None = None) -> None:
	"""No Property Setter, nor Customize Form, which makes them, loosens a record's form (K2; 11.10(e))."""
	for one in (doc, None if doc.is_new() else _before(doc)):
		if one is None or not is_protected(one.doc_type):
			continue
		if one.property in LAYOUT or (one.field_name == "naming_series" and one.property in NUMBERING):
			continue
		if one.doctype_or_field in ("DocType", "DocField") and _is_as_shipped(one):
			continue
		_refuse_form(_(one.property), one.doc_type)


def before_custom_field(doc: Document, method: str | None = None) -> None:
	"""No field with a value is added to a record, changed or removed: nobody could fill it in or correct it,
	and all records would read differently from what was signed (K2).
	"""
	for one in (doc, None if doc.is_new() else _before(doc)):
		if one and is_protected(one.dt):
			if one.fieldtype not in no_value_fields or one.fieldtype in table_fields:
				_refuse_form(one.label or one.fieldname, one.dt)


@frappe.whitelist(methods=["POST"])
def rename_fieldname(custom_field: str, fieldname: str) -> None:
	"""Frappe's own renaming of a custom field; it renames the column before anybody is asked (K2)."""
	from frappe.custom.doctype.custom_field.custom_field import rename_fieldname as frappes

	frappe.only_for("System Manager")
	before_custom_field(frappe.get_doc("Custom Field", custom_field))
	frappes(custom_field, fieldname)


def before_doctype(doc: Document, method: str | None = None) -> None:
	"""Nor does the DocType itself change so, developer mode or not; migrate brings what the app's files say
	(K2).
	"""
	before = None if doc.is_new() or is_upgrade() else _before(doc)
	if not before or not is_protected(before.name):
		return
	for name in OF_DOCTYPE:
		if cstr(doc.get(name) or "") != cstr(before.get(name) or ""):
			_refuse_form(_(before.meta.get_label(name)), before.name)
	fields = {f.fieldname: f for f in doc.fields}
	for old in before.fields:
		new = fields.get(old.fieldname)
		if new is None or any(cstr(new.get(p) or "") != cstr(old.get(p) or "") for p in OF_FIELD):
			_refuse_form(_(old.label or old.fieldname), before.name)


def before_doctype_rename(doc: Document, method: str | None, old: str, new: str, merge: bool = False) -> None:
	"""Nor is it renamed: the chains name it (K2)."""
	if is_protected(old):
		_refuse_form(old, old)


def before_doctype_row(row: Document, method: str | None = None) -> None:
	"""Nor is a field or permission of it saved alone, past the DocType's own checks (K2)."""
	for one in (row, None if row.is_new() else _before(row)):
		if one and one.parenttype == "DocType" and is_protected(one.parent) and not is_upgrade():
			_refuse_form(_(row.get("label") or row.get("fieldname") or row.doctype), one.parent)


def before_workflow(doc: Document, method: str | None = None) -> None:
	"""A workflow writes its state field into all documents by SQL: it is the one made for it (K2)."""
	for one in (doc, None if doc.is_new() else _before(doc)):
		if one and is_protected(one.document_type):
			state = frappe.get_meta(one.document_type).get_field(one.workflow_state_field or "")
			if not state or state.fieldname != "workflow_state":
				_refuse_form(one.workflow_state_field or "", one.document_type)


def before_notification(doc: Document, method: str | None = None) -> None:
	"""A notification tells; it sets no field of a record, that is perhaps being signed (K2, K3)."""
	if doc.set_property_after_alert and is_ours(doc.document_type):
		_refuse_form(_(doc.set_property_after_alert), doc.document_type)


def is_protected(doctype: str | None) -> bool:
	"""Return whether a DocType is one of our records or ledgers, or the table of one."""
	kind = stored_name(doctype)
	if not kind:
		return False
	meta = frappe.get_meta(kind)
	return is_ours(kind) or (bool(meta.istable) and meta.module == MODULE)


def _is_as_shipped(setter: Document) -> bool:
	"""Whether a Property Setter says what the DocType says already."""
	kind, place = setter.doctype_or_field, {"name": setter.doc_type}
	if kind == "DocField":
		place = {"parent": setter.doc_type, "fieldname": setter.field_name}
	field = frappe.get_meta(kind).get_field(setter.property)
	if not field:
		return False
	shipped = frappe.db.get_value(kind, place, field.fieldname)
	if field.fieldtype == "Check":
		return cint(shipped) == cint(setter.value)
	return cstr(shipped or "") == cstr(setter.value or "")


def is_upgrade() -> bool:
	"""Return whether the site is being installed, brought to another version, or rid of the app."""
	flags = frappe.flags
	return bool(flags.in_migrate or flags.in_install or flags.in_patch or flags.in_uninstall)


# People


def before_data_deletion(doc: Document, method: str | None = None) -> None:
	"""A person's data is not redacted where it is part of a record that must be kept: the request waits (K2,
	K5).

	Redaction rewrites comments, e-mails and files by SQL, so it is stopped before it begins.
	"""
	if doc.status not in ("Pending Approval", "Deleted") and not doc.deletion_steps:
		return
	user = doc.email
	if frappe.db.exists(ledger.SNAPSHOT, {"recorded_by": user}) or frappe.db.exists(
		ledger.SIGNATURE, {"signer": user}
	):
		if doc.deletion_steps or doc.status == "Deleted":
			refuse_one("K2", mark("{0} stands in records that are kept: the data is not redacted."), user)
		doc.status = "On Hold"
		frappe.msgprint(
			_("{0} stands in records that are kept: the data is not redacted.").format(user), alert=True
		)


# Parts


def _before(doc: Document) -> Document | None:
	if doc.get_doc_before_save() is None:
		doc.load_doc_before_save()
	return doc.get_doc_before_save()


def _changed(doc: Document, before: Document, fields: Iterable[str]) -> bool:
	return any(_text(doc.get(name), name) != _text(before.get(name), name) for name in fields)


def _text(value: object, name: str = "") -> str:
	"""A value as text: a form sends "0" for what is stored as 0, and times as text."""
	if name in ("creation", "communication_date"):
		return normal(value, DATETIME)
	return "" if value in (None, "", 0, "0") else cstr(value)


def _refuse_change(doc: Document, fields: Iterable[str], kind: str, name: str) -> None:
	"""Refuse to change what belongs to a record, or to put an older one in under another's time."""
	before = _before(doc)
	if not before or not _changed(doc, before, fields):
		return
	for one in (before, doc):
		if is_ours(one.get(kind)):
			_refuse(doc, one.get(name))


def _refuse(doc: Document, record: str | None) -> NoReturn:
	refuse_one(
		"K2",
		mark("{0} {1} belongs to {2}, a record that is kept as it is. It is not changed or deleted."),
		doc.doctype,
		doc.get("file_name") or doc.name or "",
		record or "",
	)


def _refuse_form(what: str, doctype: str) -> NoReturn:
	refuse_one("K2", mark("{0} of {1} stays as it is: its documents are records."), what, doctype)
