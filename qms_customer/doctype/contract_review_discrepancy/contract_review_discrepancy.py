from frappe.model.document import Document


class ContractReviewDiscrepancy(Document):
	pass
