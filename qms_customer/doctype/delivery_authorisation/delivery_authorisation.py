"""Delivery Authorisation: goods that leave without an order; moved by contract/authorise.py only."""

from qms_customer.records.controlled import ControlledRecord


class DeliveryAuthorisation(ControlledRecord):
	"""D4."""
