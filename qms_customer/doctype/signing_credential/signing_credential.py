"""Signing Credential: whether a user may sign, and with what; written by records/credentials.py only."""

from qms_customer.records.controlled import ControlledRecord


class SigningCredential(ControlledRecord):
	"""K3."""
