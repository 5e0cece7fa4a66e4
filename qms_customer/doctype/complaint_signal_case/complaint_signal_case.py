from frappe.model.document import Document


class ComplaintSignalCase(Document):
	"""H8: a complaint that a signal speaks of."""
