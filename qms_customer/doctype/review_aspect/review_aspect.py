from frappe.model.document import Document


class ReviewAspect(Document):
	pass
