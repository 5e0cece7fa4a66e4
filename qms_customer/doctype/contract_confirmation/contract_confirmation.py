from frappe.model.document import Document


class ContractConfirmation(Document):
	pass
