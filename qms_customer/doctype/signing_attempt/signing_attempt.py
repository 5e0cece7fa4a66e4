"""Signing Attempt: a signature that was refused, and why; written by records/signing.py only."""

from qms_customer.records.controlled import ControlledRecord


class SigningAttempt(ControlledRecord):
	"""K3."""
