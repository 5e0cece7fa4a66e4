"""Contract Scope: a company and an item group whose contracts are reviewed, and since when."""

from frappe.model.document import Document


class ContractScope(Document):
	"""C1, E8: see rules/scope.py."""
