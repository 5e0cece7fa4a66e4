"""Advisory Notice Decision 忠告性通知决定: are users told; written by feedback/advisory*.py only."""

from qms_customer.records.controlled import ControlledRecord
from qms_customer.records.token import is_moving


class AdvisoryNoticeDecision(ControlledRecord):
	"""I1. Nobody edits it, and nobody makes one: each of its steps writes what belongs to it."""

	def before_validate(self) -> None:
		"""Refuse whatever no step writes (C11)."""
		super().before_validate()
		if not is_moving(self):
			self._refuse()

	def before_save(self) -> None:
		"""C12: count every move, so that a decision on an older view is noticed."""
		self.turn = (self.turn or 0) + 1
