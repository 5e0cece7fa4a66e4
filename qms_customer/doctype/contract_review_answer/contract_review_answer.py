from frappe.model.document import Document


class ContractReviewAnswer(Document):
	pass
