from frappe.model.document import Document


class ComplaintCode(Document):
	"""H8: a code of the tree that a complaint bears."""
