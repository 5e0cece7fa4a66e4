"""Quality Inspection: on some of them a signed finding of a return slip rests (G3, K2)."""

from frappe.model.document import Document

from qms_customer.returns import claim


def before_cancel(doc: Document, method: str | None = None) -> None:
	"""Refuse to cancel an inspection on which a signed finding rests (G3)."""
	claim.refuse_if_found(doc.name)


def on_trash(doc: Document, method: str | None = None) -> None:
	"""Refuse to delete one (G3)."""
	claim.refuse_if_found(doc.name)
