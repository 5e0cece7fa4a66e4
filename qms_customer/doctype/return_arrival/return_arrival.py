from frappe.model.document import Document


class ReturnArrival(Document):
	"""G6: goods that came back, were destroyed on site, or will not come."""
