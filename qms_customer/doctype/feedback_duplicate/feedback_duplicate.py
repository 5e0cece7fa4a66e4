from frappe.model.document import Document


class FeedbackDuplicate(Document):
	"""H1: another report of the same event. Both stay."""
