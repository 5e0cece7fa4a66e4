from frappe.model.document import Document


class ReturnReason(Document):
	"""G1: a reason for a return; a site adds its own."""
