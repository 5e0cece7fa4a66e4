"""Contract Change Notice: what is to change in a contract; moved by contract/notices.py only."""

from typing import ClassVar

from qms_customer.records.controlled import ControlledRecord
from qms_customer.records.token import is_moving
from qms_customer.rules.notice import HEAD_FIELDS


class ContractChangeNotice(ControlledRecord):
	"""E1-E5. Sales edits what is asked for while the notice is a draft."""

	EDITABLE: ClassVar[frozenset[str]] = frozenset(
		{
			"asked_by",
			"reason_category",
			"reason",
			"affects_production",
			"asked_on",
			"communication",
			"supplementary_contract",
			"lines",
			*(f"new_{name}" for name in HEAD_FIELDS),
		}
	)

	def validate(self) -> None:
		"""E1: what an edit comes to is computed, whatever the form sent."""
		# notices reads the whole life of a contract, this document among it.
		from qms_customer.contract import notices

		if not is_moving(self):
			notices.on_edit(self)

	def before_save(self) -> None:
		"""C12: count every move, so that a decision on an older view is noticed."""
		self.turn = (self.turn or 0) + 1
