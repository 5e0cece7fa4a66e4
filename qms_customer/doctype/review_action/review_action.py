"""Review Action: what follows from a condition, an objection or a decision; moved by contract/decide.py
only.
"""

from qms_customer.contract import decide
from qms_customer.records.controlled import ControlledRecord


class ReviewAction(ControlledRecord):
	"""C10."""

	def onload(self) -> None:
		"""C10: tell the form what this person may do."""
		self.set_onload("may_report", self.status == "Open" and decide.may_report(self))
		self.set_onload("may_verify", self.status == "Done" and decide.may_verify(self))
