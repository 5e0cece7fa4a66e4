"""Product Standard: the enterprise standard (product technical requirements) to which items are made."""

from frappe.model.document import Document


class ProductStandard(Document):
	"""B1 (a)."""

	def validate(self) -> None:
		"""A standard is valid over a period."""
		self.validate_from_to_dates("valid_from", "valid_to")
