"""Customer Complaint 投诉处理记录. Minimal: what feedback hands over."""

from qms_customer.records.controlled import ControlledRecord


class CustomerComplaint(ControlledRecord):
	"""H2, H3: opened by the assessment of feedback, never by hand."""
