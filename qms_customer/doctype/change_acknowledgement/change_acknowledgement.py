"""Change Acknowledgement: a department knows of a change of a contract; moved by contract/distribution.py
only.
"""

from qms_customer.records.controlled import ControlledRecord


class ChangeAcknowledgement(ControlledRecord):
	"""E6."""
