"""Contract Sweep Finding: a committed contract that says what nobody approved; see contract/sweep.py."""

from qms_customer.records.controlled import ControlledRecord


class ContractSweepFinding(ControlledRecord):
	"""E8."""
