"""Escalation Step: who is told of what is overdue, and after how many business days (L3)."""

from frappe.model.document import Document


class EscalationStep(Document):
	"""L3."""
