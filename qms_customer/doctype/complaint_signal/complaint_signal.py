"""Complaint Signal: more complaints of one kind than there should be; written by feedback/signals.py only."""

from qms_customer.records.controlled import ControlledRecord


class ComplaintSignal(ControlledRecord):
	"""H8."""
