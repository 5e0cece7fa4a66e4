from frappe.model.document import Document


class ReturnApproval(Document):
	"""G2: the decision of one of those who approve."""
