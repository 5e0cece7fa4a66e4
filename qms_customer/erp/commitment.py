"""Sales Order, Quotation and Blanket Order: the events of a contract document (C1, C13, D4, E8, B4)."""

import hashlib

import frappe
from frappe.model.document import Document
from frappe.utils import get_files_path

from qms_customer.contract import approved, content, facts, gate, reviews
from qms_customer.erp import status_change
from qms_customer.messages import refuse_one
from qms_customer.rules import mark

OUR_DOCTYPES = (
	"Contract Review",
	"Contract Review Opinion",
	"Review Action",
	"Approved Content",
	"Contract Status Change",
	"Delivery Authorisation",
)


def before_validate(doc: Document, method: str | None = None) -> None:
	"""Hash the contract documents (A6); refuse a submit that skips ERPNext's validation as well (C1)."""
	hash_documents(doc)
	if doc.flags.ignore_validate and doc.docstatus == 1:
		# before_submit will not run, and ERPNext's own calculation neither: what would be stored must be approved.
		gate.require_approval(doc)


def before_save(doc: Document, method: str | None = None) -> None:
	"""Evaluate the class of a draft (B1, B4), for its form and lists."""
	if not facts.is_gated(doc):
		doc.update({"qms_contract_class": None, "qms_review_path": None})
		return
	classification = facts.evaluate(doc)
	doc.qms_contract_class = "Routine" if classification.routine else "Non-routine"
	doc.qms_review_path = classification.path.value


def on_update(doc: Document, method: str | None = None) -> None:
	"""Show on an open review that its contract was edited (C13)."""
	if doc.docstatus == 0 and not doc.flags.in_insert:
		reviews.keep_in_step(doc)


def before_submit(doc: Document, method: str | None = None) -> None:
	"""Refuse to commit without approval of exactly this content (C1)."""
	gate.require_approval(doc)


def before_update_after_submit(doc: Document, method: str | None = None) -> None:
	"""Refuse to alter what a committed contract promises (E8)."""
	before = doc.get_doc_before_save()
	gate.refuse_alteration(doc, before)
	if facts.is_gated(doc):
		approvals = approved.rows(doc.doctype, [doc.name])
		# Rows may have been written alone before their parent is saved: then `before` has them already.
		if approvals and not approved.match(doc.doctype, content.fingerprint_of(doc), approvals):
			refuse_one(
				"E8",
				mark(
					"{0} would no longer say what was approved. A change goes through a contract change notice."
				),
				doc.name,
			)


def before_change(doc: Document, method: str | None = None) -> None:
	"""Refuse single fields written past the form, and closing or re-opening without a reason (E8)."""
	before = doc.get_doc_before_save()
	if before is None or before.docstatus != 1 or doc.docstatus != 1:
		return
	shape = content.schema(doc.doctype)
	if any(str(doc.get(f) or "") != str(before.get(f) or "") for f in shape.fields):
		gate.refuse_alteration(doc, before)
	status_change.require_reason_for_status(doc, before)


def before_cancel(doc: Document, method: str | None = None) -> None:
	"""Refuse to cancel a contract without a reason on record (E8)."""
	if facts.is_gated(doc) and doc.doctype != "Quotation":
		status_change.require_reason(doc, "Cancel")


def on_cancel(doc: Document, method: str | None = None) -> None:
	"""Let the order be cancelled although records point to it: they stay as they are (C10)."""
	doc.ignore_linked_doctypes = (*(doc.get("ignore_linked_doctypes") or ()), *OUR_DOCTYPES)


def on_submit(doc: Document, method: str | None = None) -> None:
	"""Show the approval that the document was committed under, an inherited one included."""
	if facts.is_gated(doc) and not doc.get("qms_contract_review"):
		frappe.db.set_value(doc.doctype, doc.name, "qms_review_status", "Inherited", update_modified=False)


def hash_documents(doc: Document) -> None:
	"""Write the SHA-256 of each contract document's bytes into its row; what the client sent does not count (A6)."""
	for row in doc.get("qms_documents") or ():
		row.sha256 = file_hash(row.file)


def file_hash(url: str | None) -> str:
	"""Return the SHA-256 (hex) of an uploaded file, "" if it is not one of this site's files."""
	if not url:
		return ""
	for prefix, private in (("/private/files/", True), ("/files/", False)):
		if url.startswith(prefix) and "/" not in url[len(prefix) :] and ".." not in url:
			try:
				with open(get_files_path(url[len(prefix) :], is_private=private), "rb") as file:
					return hashlib.sha256(file.read()).hexdigest()
			except OSError:
				return ""
	return ""
