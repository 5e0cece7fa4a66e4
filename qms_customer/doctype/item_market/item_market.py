from frappe.model.document import Document


class ItemMarket(Document):
	"""H4: where a product is marketed, and so under which regimes its complaints are decided."""
