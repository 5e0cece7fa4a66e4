"""Contract Sweep: one walk over all committed contracts; written by contract/sweep.py only."""

from qms_customer.records.controlled import ControlledRecord


class ContractSweep(ControlledRecord):
	"""E8."""
