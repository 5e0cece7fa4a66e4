"""Record Alias: under which name a renamed or merged master is found; written by erp/rename.py only."""

from qms_customer.records.controlled import ControlledRecord


class RecordAlias(ControlledRecord):
	"""K2: approved text keeps the old name."""
