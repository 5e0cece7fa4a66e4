from frappe.model.document import Document


class RecordForm(Document):
	pass
