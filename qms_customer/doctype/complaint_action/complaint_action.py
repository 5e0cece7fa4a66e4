from frappe.model.document import Document


class ComplaintAction(Document):
	"""H5: what is done about a complaint, here or by a document of ERPNext that is followed."""
