"""Customer Complaint 投诉处理记录: moved by feedback/ only."""

from qms_customer.records.controlled import ControlledRecord


class CustomerComplaint(ControlledRecord):
	"""H3-H5."""

	def before_save(self) -> None:
		"""C12: count every move, so that a decision on an older view is noticed."""
		self.turn = (self.turn or 0) + 1
