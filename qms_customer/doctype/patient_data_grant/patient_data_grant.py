"""Patient Data Grant: who may read patient data, until when; written by feedback/patient_grant.py only."""

from qms_customer.records.controlled import ControlledRecord


class PatientDataGrant(ControlledRecord):
	"""K7."""
