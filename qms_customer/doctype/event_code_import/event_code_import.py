"""Event Code Import: one file of codes, and what came of it; written by feedback/event_codes.py only."""

from qms_customer.records.controlled import ControlledRecord


class EventCodeImport(ControlledRecord):
	"""H3."""
