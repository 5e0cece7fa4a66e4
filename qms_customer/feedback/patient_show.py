"""Patient data is shown to who may read it, and each time that is logged (K7)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import format_date
from frappe.utils.print_utils import get_print

from qms_customer.contract import people
from qms_customer.feedback import handled, patient, patient_erase, patient_grant, patient_log, standing
from qms_customer.messages import refuse_one
from qms_customer.rules import mark
from qms_customer.rules import patient as rules
from qms_customer.rules.people import MANAGEMENT_REPRESENTATIVE


def show(doctype: str, name: str, how: str = rules.FORM) -> dict[str, str]:
	"""Return what is known of the patient of a record, by field, and log that the user has read it (K7).

	Raises QMSRefusal for who may not, and where nothing is known or it was erased.
	"""
	doc, feedback = patient.case(doctype, name)
	user = frappe.session.user
	role, grant = patient_grant.right(user, feedback)
	if not (role or grant) or not people.is_present(user):
		refuse_one(
			"K7",
			mark("Patient data is read by: {0}, and by whom the management representative grants it to."),
			", ".join(rules.READERS),
		)
	data = patient.of(feedback.name)
	values = patient.opened_up(data)
	if not values and data and data.erased_on:
		refuse_one(
			"K7",
			mark("The patient data of {0} was erased on {1} by {2}."),
			feedback.name,
			format_date(data.erased_on),
			data.erased_by_name or data.erased_by,
		)
	if not values:
		refuse_one("K7", mark("Nothing is recorded of a patient on {0}."), doc.name)
	patient_log.log(doc.doctype, doc.name, feedback.name, how, role, grant)
	return {field: values[field] for field in rules.FIELDS if field in values}


def printed(doc: Document) -> dict[str, str]:
	"""Return the patient data of a record that is being printed with it, by field; else nothing (K7).

	For prints: it says something only while `print_form` makes the paper, which has logged that.
	"""
	doctype, name, values = getattr(frappe.local, "qms_patient_printed", None) or ("", "", {})
	return dict(values) if (doc.doctype, doc.name) == (doctype, name) else {}


def print_form(doctype: str, name: str, print_format: str = "") -> str:
	"""Return the print of a record with its patient data, as a page, and log it (K7)."""
	doc, _feedback = patient.case(doctype, name)
	doc.check_permission("print")
	values = show(doctype, name, rules.PRINT)
	# The standard format prints the fields: on this copy, which is never stored, they say it.
	doc.update(values)
	with _printing(doc, values):
		return get_print(doctype, name, print_format or None, doc=doc)


@contextmanager
def _printing(doc: Document, values: dict[str, str]) -> Iterator[None]:
	frappe.local.qms_patient_printed = (doc.doctype, doc.name, values)
	try:
		yield
	finally:
		frappe.local.qms_patient_printed = None


def state(doctype: str, name: str) -> dict[str, Any]:
	"""Return which buttons the form shows; the server asks again when one is pressed. Tells nothing (K7)."""
	if doctype == handled.DOCTYPE and not handled.readable(name).feedback:
		return {"may": [], "feedback": "", "company": "", "erased_on": "", "erased_by": ""}
	doc, feedback = patient.case(doctype, name)
	user = frappe.session.user
	roles = people.own_roles(user) if people.is_present(user) else set()
	data = patient.of(feedback.name)
	may = []
	if data and data.seal and roles and any(patient_grant.right(user, feedback)):
		may.append("show")
	if doctype == handled.DOCTYPE and not standing.closings(doc) and roles & set(rules.RECORDERS):
		may.append("record")
	if MANAGEMENT_REPRESENTATIVE in roles:
		may.append("grant")
		if data and data.seal and patient_erase.is_closed(feedback):
			may.append("erase")
	return {
		"may": may,
		"feedback": feedback.name,
		"company": feedback.company,
		"erased_on": str(data.erased_on) if data and data.erased_on and not data.seal else "",
		"erased_by": data.erased_by_name if data else "",
	}
