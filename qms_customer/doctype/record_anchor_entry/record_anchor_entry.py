"""Record Anchor Entry: which anchor lists the snapshot of this name; written by records/anchoring.py only."""

from qms_customer.records.controlled import ControlledRecord


class RecordAnchorEntry(ControlledRecord):
	"""K2: beside the snapshots, whose rows are never written again: nobody who signs waits for the anchor."""
