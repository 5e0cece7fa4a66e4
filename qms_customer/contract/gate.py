"""The gate: nothing is committed, and nothing committed is altered, without approval of exactly that content.

C1 (commitment), E8 (alteration), D4 (release). Each function reads, asks rules/, and refuses or returns.
"""

from typing import NoReturn

import frappe
from frappe import _
from frappe.model.document import Document

from qms_customer.contract import approved, content, inherit, rejected
from qms_customer.contract.facts import is_gated
from qms_customer.messages import refuse_one
from qms_customer.rules import content as content_rules
from qms_customer.rules import mark
from qms_customer.rules.contract import VERBAL_ORDER


def require_approval(doc: Document) -> None:
	"""Refuse to commit a contract document whose content nobody approved (C1, C2-C5, B4)."""
	if not is_gated(doc):
		return
	canonical = content.content_of(doc)
	fingerprint = content_rules.fingerprint(canonical)
	approvals = approved.rows(doc.doctype, [doc.name]) if doc.name else []
	row = approved.match(doc.doctype, fingerprint, approvals)
	if row and approved.is_valid(row):
		doc.flags.qms_adopted = row.source_doctype == approved.ADOPTION
		return
	if row is None and _inherits(doc, canonical):
		return
	_refuse_commitment(doc, row, approvals)


def refuse_alteration(doc: Document, before: Document | None) -> None:
	"""Refuse to change what a committed contract promises, by any door (E8)."""
	if before is None or not is_gated(before):
		return
	changes = content_rules.diff(content.content_of(before), content.content_of(doc))
	if changes:
		refuse_changes(doc, changes)


def refuse_changes(doc: Document, changes: list[content_rules.Change]) -> NoReturn:
	"""Refuse, naming what would change (E8)."""
	refuse_one(
		"E8",
		mark(
			"{0} is committed. What it promises is not changed here: {1}. A change goes through a contract "
			"change notice."
		),
		doc.name,
		"; ".join(describe(doc.doctype, c) for c in changes[:8]),
		title=_("Contract Cannot Be Changed"),
		notice_of=doc.name if doc.doctype == "Sales Order" else "",
	)


def describe(doctype: str, change: content_rules.Change) -> str:
	"""Return one difference in words, in the user's language."""
	where = place(doctype, change)
	if not change.field:
		if not change.old and not change.new:
			return where
		if not change.old:
			return _("{0} added").format(where)
		if not change.new:
			return _("{0} removed").format(where)
		return _("{0}: {1} instead of {2}").format(where, change.new, change.old)
	meta = frappe.get_meta(doctype)
	if change.table:
		meta = frappe.get_meta(meta.get_field(change.table).options)
	field = meta.get_field(change.field)
	old, new = change.old, change.new
	if field and field.fieldtype == "Select":
		old, new = (_(value, context=meta.name) if value else "" for value in (old, new))
	return _("{0}: {1} instead of {2}").format(where, new or _("(empty)"), old or _("(empty)"))


def place(doctype: str, change: content_rules.Change) -> str:
	"""Return where in the document a difference lies, in words, in the user's language."""
	meta = frappe.get_meta(doctype)
	where = ""
	if change.table:
		table = meta.get_field(change.table)
		where = _(table.label or change.table, context=doctype) + (f" {change.row}" if change.row else "")
		meta = frappe.get_meta(table.options)
	if not change.field:
		return where
	field = meta.get_field(change.field)
	label = _(field.label or change.field, context=meta.name) if field else change.field
	return f"{where} {label}".strip()


def _inherits(doc: Document, canonical: dict) -> bool:
	"""Whether the approved review of the quotation or blanket order covers the order; if so, that is
	recorded.
	"""
	base = inherit.base_of(doc)
	if base is None or base.approval is None:
		return False
	if doc.get("qms_contract_form") == VERBAL_ORDER:
		# A3: what was said has to be confirmed, and that is recorded on a review of its own.
		return False
	if rejected.of_document(doc) or rejected.authority(canonical):
		# C13: what its own review, or one of the same content, says is not passed by.
		return False
	if not inherit.lock(base) or inherit.differences(doc, base, current=True):
		return False
	approved.record(
		doc.doctype,
		doc.name,
		canonical,
		source_doctype=base.doctype,
		source_name=base.name,
		approved_by=frappe.db.get_value(approved.DOCTYPE, base.approval.name, "approved_by"),
		valid_until=None,
		review_path=base.approval.review_path,
		inherited=True,
	)
	return True


def _refuse_commitment(doc: Document, expired: frappe._dict | None, approvals: list) -> None:
	title = _("Contract Review Needed")
	if expired:
		refuse_one(
			"B4",
			mark("The approval of {0} was valid until {1}. Start the review again from its form."),
			doc.name,
			expired.valid_until,
			title=title,
		)
	review = (
		frappe.get_all(
			"Contract Review",
			filters={
				"reference_doctype": doc.doctype,
				"reference_name": doc.name,
				"change_notice": ("is", "not set"),
			},
			fields=[
				"name",
				"workflow_state",
				"fingerprint",
				"content",
				"prepared_on",
				"decision",
				"withdrawn",
			],
			order_by="creation desc",
			limit=1,
		)
		if doc.name
		else []
	)
	if not review:
		refuse_one(
			"C1",
			mark("{0} has no contract review yet. Save it, open it and press Start Contract Review."),
			doc.name or _(doc.doctype),
			title=title,
		)
	review = review[0]
	if review.withdrawn:
		message = mark("The approval {1} of {0} was withdrawn. Start the review again from its form.")
	elif review.decision == "Rejected":
		message = mark("{0} was rejected in review {1}. Change it and start the next version of the review.")
	elif approvals or not approved.says_the_same(content.content_of(doc), review):
		message = mark(
			"{0} no longer says what review {1} is about. Start the next version of the review from its form."
		)
	else:
		message = mark("Review {1} of {0} is not approved yet: {2}. Its form says who it waits for.")
	refuse_one("C1", message, doc.name, review.name, review.workflow_state or "", title=title)
