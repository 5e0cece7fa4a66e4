"""Record Anchor: chained over all entries since the one before; written by records/anchoring.py only."""

from qms_customer.records.controlled import ControlledRecord


class RecordAnchor(ControlledRecord):
	"""K2."""
