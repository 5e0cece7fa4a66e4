"""The design of special packaging or a special process, and the customer's confirmation of it (A7)."""

from frappe.model.document import Document


class ProductionDesign(Document):
	"""A7."""
