from frappe.model.document import Document


class ContractDocument(Document):
	pass
