from frappe.model.document import Document


class RegulatorExchange(Document):
	"""H4: what was exchanged with a regulator, recorded by Quality."""
