"""Sales Order, Quotation and Blanket Order: the events of a contract document (C1, C13, D4, E8, B4)."""

import hashlib

import frappe
from frappe.model.document import Document
from frappe.utils import get_files_path

from qms_customer.contract import approved, capacity, content, facts, forecast, gate, permit, reviews
from qms_customer.erp import commitment_row, delivery_terms, status_change
from qms_customer.messages import refuse_one
from qms_customer.rules import content as rules
from qms_customer.rules import inheritance, mark

OUR_DOCTYPES = (
	"Contract Review",
	"Contract Review Opinion",
	"Review Action",
	"Approved Content",
	"Contract Status Change",
	"Delivery Authorisation",
	"Contract Adoption",
	"Adopted Contract",
	"Contract Change Notice",
	"Change Acknowledgement",
	"Contract Sweep Finding",
	"Contract Register Entry",
	"Production Notice",
	"Return Slip",
)
# Written by us alone, to show where the review stands: what a form or an API sends for them does not count.
SHOWN = ("qms_review_status", "qms_contract_review", "qms_contract_class", "qms_review_path")


def before_validate(doc: Document, method: str | None = None) -> None:
	"""Hash the contract documents (A6); refuse a submit that skips ERPNext's validation as well (C1)."""
	_keep_shown(doc)
	hash_documents(doc)
	_spell_out_terms(doc)
	if doc.flags.ignore_validate and doc.docstatus == 1:
		# before_submit will not run, and ERPNext's own calculation neither: what would be stored must be
		# approved.
		_pass_gate(doc)


def before_save(doc: Document, method: str | None = None) -> None:
	"""Evaluate the class of a draft (B1, B4), for its form and lists; mark what is paid first (F1)."""
	delivery_terms.mark_schedule(doc)
	if not facts.is_gated(doc):
		doc.update({"qms_contract_class": None, "qms_review_path": None})
		return
	classification = facts.evaluate(doc)
	doc.qms_contract_class = "Routine" if classification.routine else "Non-routine"
	doc.qms_review_path = classification.path.value
	doc.flags.qms_wants_forecast = any(
		forecast.is_wanted(e) for c in classification.criteria for e in c.evidence
	)


def on_update(doc: Document, method: str | None = None) -> None:
	"""Show on an open review that its contract was edited (C13); have its capacity forecast computed (C8)."""
	if doc.docstatus == 0 and not doc.flags.in_insert:
		reviews.keep_in_step(doc)
	if doc.docstatus == 0 and doc.flags.qms_wants_forecast:
		capacity.enqueue(doc)


def before_submit(doc: Document, method: str | None = None) -> None:
	"""Refuse to commit without approval of exactly this content (C1)."""
	_pass_gate(doc)


def before_update_after_submit(doc: Document, method: str | None = None) -> None:
	"""Refuse to alter what a committed contract promises (E8)."""
	_keep_shown(doc)
	delivery_terms.mark_schedule(doc)
	if permit.allows(doc.doctype, doc.name):
		# An approved change is being applied: compared with what was approved once all of it is written.
		return
	before = doc.get_doc_before_save()
	gate.refuse_alteration(doc, before)
	status_change.require_reason_for_status(doc, before)
	if facts.is_gated(doc):
		if before and not facts.is_gated(before):
			commitment_row.refuse_goods(doc.name)
		approvals = approved.rows(doc.doctype, [doc.name])
		# Rows may have been written alone before their parent is saved: then `before` has them already.
		if approvals and not approved.match(doc.doctype, content.fingerprint_of(doc), approvals):
			refuse_one(
				"E8",
				mark(
					"{0} would no longer say what was approved. A change goes through a contract change "
					"notice."
				),
				doc.name,
				notice_of=doc.name if doc.doctype == "Sales Order" else "",
			)


def on_update_after_submit(doc: Document, method: str | None = None) -> None:
	"""Refuse an alteration that skipped before_update_after_submit, and put back what was stored (E8)."""
	before = doc.get_doc_before_save()
	if not doc.flags.ignore_validate or before is None or permit.allows(doc.doctype, doc.name):
		return
	try:
		gate.refuse_alteration(doc, before)
	except frappe.ValidationError:
		before.db_update()
		before.update_children()
		raise


def before_change(doc: Document, method: str | None = None) -> None:
	"""Refuse single fields written past the form, and closing or re-opening without a reason (E8, C1).

	Compared with what is stored: what this object remembers may be from before its own submit.
	"""
	if permit.allows(doc.doctype, doc.name):
		return
	shape = content.schema(doc.doctype)
	stored = frappe.db.get_value(doc.doctype, doc.name, ["docstatus", *shape.fields], as_dict=True)
	if stored is None or (stored.docstatus, doc.docstatus) in ((0, 0), (2, 2)):
		return
	if (stored.docstatus, doc.docstatus) == (0, 1):
		gate.require_approval(doc)
		return
	if stored.docstatus != 1 or doc.docstatus == 0:
		if _is_or_was_gated(doc):
			refuse_one(
				"E8",
				mark(
					"{0} is not made a draft again, nor revived. Cancel it with a reason on its form and "
					"amend it."
				),
				doc.name,
			)
		return
	if doc.docstatus == 2:
		_require_reason_to_cancel(doc)
		return
	changes = [
		rules.Change("", "", name, old, new)
		for name, kind in shape.fields.items()
		if (old := rules.normal(stored[name], kind)) != (new := rules.normal(doc.get(name), kind))
	]
	if changes and _is_or_was_gated(doc):
		gate.refuse_changes(doc, changes)
	before = doc.get_doc_before_save()
	if before is not None:
		status_change.require_reason_for_status(doc, before)


def before_cancel(doc: Document, method: str | None = None) -> None:
	"""Refuse to cancel a contract without a reason on record (E8)."""
	_require_reason_to_cancel(doc)


def on_cancel(doc: Document, method: str | None = None) -> None:
	"""Let the order be cancelled although records point to it: they stay as they are (C10)."""
	if doc.flags.ignore_validate:
		# before_cancel did not run.
		_require_reason_to_cancel(doc)
	doc.ignore_linked_doctypes = (*(doc.get("ignore_linked_doctypes") or ()), *OUR_DOCTYPES)


def on_submit(doc: Document, method: str | None = None) -> None:
	"""Show the approval that the document was committed under; refuse what was altered after the gate
	(C1).
	"""
	commitment_row.forget(doc)
	if not facts.is_gated(doc):
		return
	if doc.flags.qms_fingerprint != content.fingerprint_of(doc):
		frappe.db.rollback(save_point=doc.flags.qms_savepoint)
		refuse_one(
			"C1",
			mark(
				"{0} was altered while it was submitted, after its approval had been checked. Reload it and "
				"review what it says now."
			),
			doc.name,
		)
	if not doc.get("qms_contract_review"):
		shown = "Adopted" if doc.flags.qms_adopted else "Inherited"
		frappe.db.set_value(doc.doctype, doc.name, "qms_review_status", shown, update_modified=False)


def _pass_gate(doc: Document) -> None:
	gate.require_approval(doc)
	# What other apps still do to it until it is stored is looked at in on_submit.
	doc.flags.qms_fingerprint = content.fingerprint_of(doc)
	doc.flags.qms_savepoint = f"qms_{frappe.generate_hash(length=10)}"
	frappe.db.savepoint(doc.flags.qms_savepoint)


def _keep_shown(doc: Document) -> None:
	"""Put back what we show on the document: a form that was open meanwhile would write over it."""
	before = doc.get_doc_before_save()
	for field in SHOWN:
		doc.set(field, before.get(field) if before else None)


def _require_reason_to_cancel(doc: Document) -> None:
	# A quotation that is not taken up is no contract.
	if permit.allows(doc.doctype, doc.name, permit.CANCEL):
		return
	if doc.doctype != "Quotation" and facts.is_gated(doc):
		status_change.require_reason(doc, "Cancel")


def _is_or_was_gated(doc: Document) -> bool:
	before = doc.get_doc_before_save()
	return facts.is_gated(doc) or bool(before and facts.is_gated(before))


def _spell_out_terms(doc: Document) -> None:
	"""Write down what the payment terms template of a blanket order says: it may be changed afterwards (A9,
	C1).
	"""
	before = doc.get_doc_before_save()
	if doc.doctype != "Blanket Order" or (before and before.docstatus == 1):
		return
	template = doc.get("qms_payment_terms")
	rows = template and frappe.get_all(
		"Payment Terms Template Detail",
		filters={"parent": template, "parenttype": "Payment Terms Template"},
		fields=list(inheritance.SCHEDULE_TERMS),
	)
	doc.qms_agreed_terms = inheritance.agreed_terms(rows or ())


def hash_documents(doc: Document) -> None:
	"""Write the SHA-256 of each contract document's bytes into its row; what the client sent does not count
	(A6).
	"""
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
