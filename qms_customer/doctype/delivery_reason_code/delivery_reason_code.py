from frappe.model.document import Document


class DeliveryReasonCode(Document):
	pass
