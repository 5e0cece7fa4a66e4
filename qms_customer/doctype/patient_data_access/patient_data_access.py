"""Patient Data Access: who has read patient data, when; written by feedback/patient_log.py only."""

from qms_customer.records.controlled import ControlledRecord


class PatientDataAccess(ControlledRecord):
	"""K7. Only ever added to."""
