"""Customer Complaint 投诉处理记录: from the assessment to the closing; moved by feedback/ only."""

from qms_customer.records.controlled import ControlledRecord


class CustomerComplaint(ControlledRecord):
	"""H3, H5. Nobody edits it, and nobody makes one: each of its steps writes what belongs to it."""

	def before_save(self) -> None:
		"""C12: count every move, so that a decision on an older view is noticed."""
		self.turn = (self.turn or 0) + 1
