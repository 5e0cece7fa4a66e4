"""Production Plan: what is planned for a contract is covered by released production notices (D3, D4)."""

from frappe.model.document import Document

from qms_customer.erp import production_need
from qms_customer.messages import refuse


def before_validate(doc: Document, method: str | None = None) -> None:
	"""A submit that skips ERPNext's validation does not skip the need for a notice (D4)."""
	if doc.flags.ignore_validate and doc.docstatus == 1:
		_check(doc)


def before_submit(doc: Document, method: str | None = None) -> None:
	"""Refuse to plan for an order more than its production notices release (D4)."""
	_check(doc)


def before_change(doc: Document, method: str | None = None) -> None:
	"""The same for a status written past the form (D4)."""
	before = doc.get_doc_before_save()
	if doc.docstatus == 1 and before is not None and before.docstatus == 0 and not doc.flags.qms_checked:
		_check(doc)


def _check(doc: Document) -> None:
	if found := production_need.of_plan(doc):
		refuse(found)
	doc.flags.qms_checked = True
