from frappe.model.document import Document


class ComplaintReply(Document):
	"""H5: a reply to the customer who complained, as it was sent or given."""
