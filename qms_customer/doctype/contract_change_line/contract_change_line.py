from frappe.model.document import Document


class ContractChangeLine(Document):
	"""E1: a line of the contract, as it stands and as proposed."""
