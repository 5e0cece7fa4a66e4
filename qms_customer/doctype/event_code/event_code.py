"""Event Code: a term with which complaints are coded (H8); the code trees bring import and tree."""

from frappe.model.document import Document


class EventCode(Document):
	"""H8: one code of a tree."""
