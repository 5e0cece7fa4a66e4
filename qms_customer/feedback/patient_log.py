"""Each reading of patient data is logged, whatever becomes of the request in which it was read (K7)."""

import frappe
from frappe.utils import now_datetime

from qms_customer.contract import people
from qms_customer.records.token import moving
from qms_customer.rules import mark

DOCTYPE = "Patient Data Access"
READ = mark("Patient Data Read")


def log(document_type: str, document_name: str, feedback: str, how: str, role: str, grant: str) -> None:
	"""Log that the current user reads patient data now, in which right; before it is handed out (K7).

	Kept with the transaction, and also when that is rolled back: what was read stays read.
	"""
	user = frappe.session.user
	values = {
		"doctype": DOCTYPE,
		"user": user,
		"user_name": people.full_name(user),
		"read_on": now_datetime(),
		"how": how,
		"feedback": feedback,
		"document_type": document_type,
		"document_name": document_name,
		"role": role or None,
		"patient_data_grant": grant or None,
		"ip_address": getattr(frappe.local, "request_ip", None),
	}
	_insert(values)

	def again() -> None:
		_insert(values)
		# The request's own transaction has ended already.
		frappe.db.commit()

	frappe.db.after_rollback.add(again)


def _insert(values: dict) -> None:
	entry = frappe.get_doc(values)
	entry.flags.ignore_links = True
	with moving(entry, READ):
		# Nobody has a right to write the log; reading is what writes it.
		entry.insert(ignore_permissions=True)
