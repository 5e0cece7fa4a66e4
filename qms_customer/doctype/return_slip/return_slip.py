"""Return Slip 退货单: goods that come back, or are destroyed where they are; moved by returns/ only."""

from typing import ClassVar

from qms_customer.records.controlled import ControlledRecord


class ReturnSlip(ControlledRecord):
	"""G1-G7. Whoever makes it edits what is asked for while it is a draft."""

	EDITABLE: ClassVar[frozenset[str]] = frozenset(
		{"customer", "company", "posting_date", "contact_name", "contact_details", "wanted"}
		| {"is_quality_claim", "claim_reason", "items"}
	)

	def before_save(self) -> None:
		"""C12: count every move, so that a decision on an older view is noticed."""
		self.turn = (self.turn or 0) + 1
