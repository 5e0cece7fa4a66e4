"""Record Correction: what a corrected field said before, with who, when and why; written by
records/corrections.py only.
"""

from qms_customer.records.controlled import ControlledRecord


class RecordCorrection(ControlledRecord):
	"""K2."""
