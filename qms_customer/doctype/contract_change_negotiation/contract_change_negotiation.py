from frappe.model.document import Document


class ContractChangeNegotiation(Document):
	"""E2, E5: what was said with the customer while both sides did not agree."""
