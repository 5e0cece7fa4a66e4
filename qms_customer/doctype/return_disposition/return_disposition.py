from frappe.model.document import Document


class ReturnDisposition(Document):
	"""G6: what becomes of goods in quarantine."""
