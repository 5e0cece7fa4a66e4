"""Customer Feedback 顾客信息反馈单: what anybody says about us or our products (H1)."""

from frappe.model.document import Document


class CustomerFeedback(Document):
	"""H1: the fields that a complaint is opened from; the intake brings its steps."""
