from frappe.model.document import Document


class ReturnSampleTest(Document):
	"""G3: what Quality found on the retained sample of a batch."""
