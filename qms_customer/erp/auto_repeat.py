"""Auto Repeat of contracts: each new contract waits as a draft for its own review (C1)."""

from frappe.model.document import Document

from qms_customer.contract import scope
from qms_customer.contract.content import CONTRACT_DOCTYPES
from qms_customer.messages import refuse_one
from qms_customer.rules import mark


def before_validate(doc: Document, method: str | None = None) -> None:
	"""Refuse to set up repeats that submit by themselves, before the contract is marked as repeated (C1)."""
	if (
		doc.submit_on_creation
		and doc.reference_doctype in CONTRACT_DOCTYPES
		and scope.covered_contracts(doc.reference_doctype, [doc.reference_document])
	):
		refuse_one(
			"C1",
			mark(
				"Contracts are not submitted by Auto Repeat: each waits as a draft for its review. Untick "
				"Submit on Creation."
			),
		)
