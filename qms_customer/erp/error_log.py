"""Error Log: what it is not to say is taken out on each of its ways into the database (K7)."""

import frappe
from frappe.core.doctype.error_log.error_log import ErrorLog

from qms_customer.feedback import patient
from qms_customer.records import secrets


class QMSErrorLog(ErrorLog):
	"""What a request that failed leaves. Frappe keeps it in redis first, and runs no event for that."""

	def deferred_insert(self) -> None:
		"""K7: take out passwords, and what is known of a patient, while the request that knows them runs."""
		secrets.before_error_log(self)
		patient.before_error_log(self)
		# The log file gets the parameters of the request next.
		patient.mask_parameters(frappe.local.form_dict)
		super().deferred_insert()
