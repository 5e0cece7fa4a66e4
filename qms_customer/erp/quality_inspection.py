"""Quality Inspection: on some of them a signed finding or disposition of a return slip rests (G3, G6, K2)."""

from frappe.model.document import Document

from qms_customer.returns import claim, disposition


def before_validate(doc: Document, method: str | None = None) -> None:
	"""A submit that skips ERPNext's validation does not skip the door (G3)."""
	if doc.flags.ignore_validate and doc.docstatus == 1:
		before_submit(doc)


def before_submit(doc: Document, method: str | None = None) -> None:
	"""Refuse the test of a retained sample, or of goods in quarantine, that nobody of Quality has made (G3,
	G6).
	"""
	claim.refuse_untested(doc)
	disposition.refuse_untested(doc)


def before_cancel(doc: Document, method: str | None = None) -> None:
	"""Refuse to cancel an inspection on which a signed finding or disposition rests (G3, G6)."""
	claim.refuse_if_found(doc.name)
	disposition.refuse_if_used(doc.name)


def on_trash(doc: Document, method: str | None = None) -> None:
	"""Refuse to delete one (G3, G6)."""
	before_cancel(doc)
