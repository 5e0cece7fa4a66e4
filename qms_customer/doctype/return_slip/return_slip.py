"""Return Slip 退货单: goods that come back, or are destroyed where they are; moved by returns/ only."""

from typing import ClassVar

from qms_customer.records.controlled import ControlledRecord
from qms_customer.records.token import is_moving
from qms_customer.returns import edit


class ReturnSlip(ControlledRecord):
	"""G1-G7. Who fills in slips edits what is asked for until the slip is put forward."""

	EDITABLE: ClassVar[frozenset[str]] = frozenset(
		{"customer", "company", "posting_date", "contact_name", "contact_details", "wanted"}
		| {"is_quality_claim", "claim_reason", "items"}
	)

	def before_validate(self) -> None:
		"""Let people begin a slip, and edit it while it is a draft; refuse all else (C11)."""
		if not is_moving(self) and self.is_new():
			edit.refuse_unless_plain(self)
			return
		super().before_validate()
		if not is_moving(self) and self.get_doc_before_save().put_forward_on:
			self._refuse()

	def validate(self) -> None:
		"""Complete what a person has filled in (G1, G7)."""
		if not is_moving(self):
			edit.on_edit(self)

	def before_save(self) -> None:
		"""C12: count every move, so that a decision on an older view is noticed."""
		self.turn = (self.turn or 0) + 1
