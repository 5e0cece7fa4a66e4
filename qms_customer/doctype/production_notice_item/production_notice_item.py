"""A line of a production notice (D3)."""

from frappe.model.document import Document


class ProductionNoticeItem(Document):
	"""D3."""
