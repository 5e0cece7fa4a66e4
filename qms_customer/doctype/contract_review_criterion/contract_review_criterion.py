from frappe.model.document import Document


class ContractReviewCriterion(Document):
	pass
