"""A row of an advisory notice decision: what asked for it, what was asked and answered since."""

from frappe.model.document import Document


class AdvisoryNoticeEntry(Document):
	"""I1."""
