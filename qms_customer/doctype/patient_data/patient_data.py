"""Patient Data: what is known of the patient of a case, sealed; written by feedback/patient.py only."""

from qms_customer.records.controlled import ControlledRecord


class PatientData(ControlledRecord):
	"""K7. One for each feedback; its complaint uses the same."""
