from frappe.model.document import Document


class ReturnSlipItem(Document):
	"""G1: goods of one delivery that would come back."""
