"""Daily: approvals that were not used in time, or whose contract needs more scrutiny now, are withdrawn (B4)."""

import frappe
from frappe import _

from qms_customer.contract import approved, facts, notify, reviews
from qms_customer.records.token import moving
from qms_customer.rules.classification import Path, has_risen


def recheck_approvals() -> None:
	"""Withdraw approvals of drafts that expired or whose class has risen, and tell who prepared them (B4).

	Idempotent; one contract that fails is logged and does not stop the rest.
	"""
	rows = frappe.get_all(
		approved.DOCTYPE,
		filters={"withdrawn": 0, "source_doctype": reviews.REVIEW},
		fields=["name", "reference_doctype", "reference_name", "source_name", "valid_until", "review_path"],
	)
	by_doctype: dict[str, list] = {}
	for row in rows:
		by_doctype.setdefault(row.reference_doctype, []).append(row)
	for doctype, candidates in by_doctype.items():
		drafts = set(
			frappe.get_all(
				doctype,
				filters={"name": ("in", [r.reference_name for r in candidates]), "docstatus": 0},
				pluck="name",
			)
		)
		for row in candidates:
			if row.reference_name in drafts:
				_recheck(row)


def _recheck(row: frappe._dict) -> None:
	frappe.db.savepoint("qms_recheck")
	try:
		reason = _reason(row)
		if not reason:
			return
		approved.withdraw(row.name, reason)
		review = frappe.get_doc(reviews.REVIEW, row.source_name)
		with moving(review):
			review.db_set({"withdrawn": 1, "withdrawn_reason": reason})
		frappe.db.set_value(
			row.reference_doctype, row.reference_name, "qms_review_status", "Withdrawn", update_modified=False
		)
		notify.tell([review.prepared_by, review.decided_by], f"{row.reference_name}: {reason}", review)
	except Exception:
		frappe.db.rollback(save_point="qms_recheck")
		frappe.log_error(title=_("Approval of {0} could not be re-checked").format(row.reference_name))


def _reason(row: frappe._dict) -> str:
	if not approved.is_valid(row):
		return _("The approval was valid until {0} and was not used.").format(row.valid_until)
	doc = frappe.get_doc(row.reference_doctype, row.reference_name)
	review = frappe.get_doc(reviews.REVIEW, row.source_name)
	now = facts.evaluate(doc, reviews.overrides_of(review))
	if has_risen(Path(row.review_path), now.path):
		return _("The contract needs more scrutiny now: {0} instead of {1}.").format(
			_(now.path.value), _(row.review_path)
		)
	return ""
