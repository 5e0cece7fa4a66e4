from frappe.model.document import Document


class ComplaintClosing(Document):
	"""H5: a signature with which a complaint is closed; two people give one each."""
