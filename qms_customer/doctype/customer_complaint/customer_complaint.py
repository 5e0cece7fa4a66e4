"""Customer Complaint 投诉处理记录: from the assessment to the closing; moved by feedback/ only."""

from qms_customer.records.controlled import ControlledRecord
from qms_customer.records.token import is_moving


class CustomerComplaint(ControlledRecord):
	"""H3, H5. Nobody edits it, and nobody makes one: each of its steps writes what belongs to it."""

	def before_validate(self) -> None:
		"""Refuse whatever no step writes: an empty save too, as who wrote on it has handled it (C11, C12)."""
		super().before_validate()
		if not is_moving(self):
			self._refuse()

	def before_save(self) -> None:
		"""C12: count every move, so that a decision on an older view is noticed."""
		self.turn = (self.turn or 0) + 1
