from frappe.model.document import Document


class ContractRequirement(Document):
	pass
