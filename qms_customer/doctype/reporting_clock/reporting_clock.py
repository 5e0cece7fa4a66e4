from frappe.model.document import Document


class ReportingClock(Document):
	"""H4: something that is owed to a regulator, until when, by which rule, and when it was sent."""
