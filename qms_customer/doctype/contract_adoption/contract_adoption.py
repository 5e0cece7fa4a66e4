"""Contract Adoption: contracts committed before the go-live, listed and signed; see contract/adopt.py."""

from qms_customer.records.controlled import ControlledRecord


class ContractAdoption(ControlledRecord):
	"""E8."""
