from frappe.model.document import Document


class ReturnBatchMeasure(Document):
	"""G5: what was done about the rest of a batch whose retained sample is bad."""
