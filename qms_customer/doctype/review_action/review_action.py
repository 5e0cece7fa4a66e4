"""Review Action: what follows from a condition, an objection or a decision; moved by contract/decide.py
only.
"""

from qms_customer.records.controlled import ControlledRecord


class ReviewAction(ControlledRecord):
	"""C10."""
