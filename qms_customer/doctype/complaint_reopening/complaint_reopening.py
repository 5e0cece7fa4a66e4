from frappe.model.document import Document


class ComplaintReopening(Document):
	"""H5: a complaint was opened again, from which step on, and why."""
