from frappe.model.document import Document


class ReviewDepartment(Document):
	pass
