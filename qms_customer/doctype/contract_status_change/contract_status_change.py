"""Contract Status Change: why a contract was cancelled, closed or re-opened; written by erp/status_change.py
only.
"""

from qms_customer.records.controlled import ControlledRecord


class ContractStatusChange(ControlledRecord):
	"""E8."""
