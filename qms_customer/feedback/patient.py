"""What is known of a patient: sealed when it is recorded, and apart from the record (K7).

The fields of feedback and complaint take it in and hold a mask afterwards. What was typed is encrypted with
the key of the site and stands in `Patient Data`, a record of its own with a chain of its own, of which the
SHA-256 of the sealed text is content. So no list, export, print, template or query has anything to show:
Frappe's templates and reports read every table, whatever the permission level of a field.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import now_datetime
from frappe.utils.password import decrypt, encrypt

from qms_customer.contract import people
from qms_customer.feedback import handled, intake
from qms_customer.messages import refuse_one
from qms_customer.records import secrets, texts
from qms_customer.records.token import moving
from qms_customer.returns import opened
from qms_customer.rules import mark
from qms_customer.rules import patient as rules

DOCTYPE = "Patient Data"
CASES = (intake.DOCTYPE, handled.DOCTYPE)
# K2: the events of the chain.
RECORDED = mark("Patient Data Recorded")
CHANGED = mark("Patient Data Changed")


def case(doctype: str, name: str) -> tuple[Document, Document]:
	"""Return a record that the user may read, and its feedback: itself, or that of the complaint (L1)."""
	if doctype not in CASES:
		refuse_one("K7", mark("{0} holds no patient data."), doctype)
	if doctype == intake.DOCTYPE:
		doc = intake.readable(name)
		return doc, doc
	doc = handled.readable(name)
	return doc, frappe.get_doc(intake.DOCTYPE, doc.feedback)


def of(feedback: str) -> Document | None:
	"""Return the patient data of feedback, sealed, or None (K7)."""
	name = frappe.db.get_value(DOCTYPE, {"feedback": feedback}, "name")
	return frappe.get_doc(DOCTYPE, name) if name else None


def opened_up(data: Document | None) -> dict[str, str]:
	"""Return what is sealed, by field, to be logged by whoever hands it out.

	Raises QMSRefusal where it is not what was recorded.
	"""
	if data is None or not data.sealed:
		return {}
	if seal_of(data.sealed) != data.seal:
		refuse_one(
			"K7", mark("The patient data of {0} is not what was recorded. Verify the record."), data.feedback
		)
	values = json.loads(decrypt(data.sealed))
	keep_out_of_logs(values.values())
	return values


def seal_of(sealed: str) -> str:
	"""Return the SHA-256 of a sealed text: it names what was recorded, and tells nothing of it."""
	return hashlib.sha256(sealed.encode()).hexdigest()


# Recording

# Where a document has it between both: the underscore keeps it from templates of the site, and out of what is
# sent or stored.
_TAKEN = "_qms_patient"


def take(feedback: Document) -> None:
	"""Take what was typed out of the fields of feedback, before anything else sees it; `store` keeps it.

	Called twice it takes nothing twice.
	"""
	before, taken = feedback.get_doc_before_save(), feedback.__dict__.get(_TAKEN)
	if taken is not None:
		was = rules.masks(taken)
	else:
		was = {field: before.get(field) if before else None for field in rules.FIELDS}
	given = {field: str(feedback.get(field) or "") for field in rules.FIELDS}
	plain = [v for v in given.values() if v not in ("", rules.MASK)]
	keep_out_of_logs(plain)
	if not plain and all(given[field] or not was[field] for field in rules.FIELDS):
		feedback.update(was)
		return
	if taken is None:
		taken = opened_up(of(feedback.name)) if before else {}
	feedback.__dict__[_TAKEN] = known = rules.merged(taken, given)
	feedback.update(rules.masks(known))


def store(feedback: Document) -> None:
	"""Seal what `take` has taken from feedback that was just written (K2, K7)."""
	known = feedback.__dict__.pop(_TAKEN, None)
	if known is not None:
		_seal(feedback, known)


def record(name: str, content_hash: str, values: Mapping[str, Any]) -> Document:
	"""Record what became known of the patient of an open complaint; returns it (K7, C12).

	A field that is left empty stays as it is.
	"""
	doc = handled.open_one(name, content_hash, rule="K7")
	opened.require_role("K7", mark("Patient data is recorded by: {0}."), rules.RECORDERS)
	given = {k: v.strip() for k, v in values.items() if isinstance(v, str) and v.strip()}
	keep_out_of_logs(given.values())
	unknown = sorted(set(values) - set(rules.FIELDS))
	if unknown:
		refuse_one("K7", mark("{0} is no patient data."), unknown[0])
	if not given:
		refuse_one("K7", mark("Say what is known of the patient."))
	feedback = frappe.get_doc(intake.DOCTYPE, doc.feedback)
	known = rules.merged(opened_up(of(feedback.name)), given)
	_seal(feedback, known)
	doc.update(rules.masks(known))
	opened.save(doc, RECORDED)
	show_masks(feedback.name, known)
	return doc


def _seal(feedback: Document, known: Mapping[str, str]) -> None:
	clean = {k: texts.clean(v) for k, v in known.items()}
	sealed = encrypt(json.dumps(clean, ensure_ascii=False)) if clean else None
	data = of(feedback.name)
	event = CHANGED if data else RECORDED
	data = data or frappe.get_doc({"doctype": DOCTYPE, "feedback": feedback.name})
	data.update(
		{
			"company": feedback.company,
			"sealed": sealed,
			"seal": seal_of(sealed) if sealed else None,
			"told_on": None,
			"recorded_by": frappe.session.user,
			"recorded_by_name": people.full_name(frappe.session.user),
			"recorded_on": now_datetime(),
		}
	)
	data.flags.ignore_links = True
	with moving(data, event):
		# Who records it was checked with the record that it belongs to; nobody has a right of their own to
		# write it.
		data.save(ignore_permissions=True)


def show_masks(feedback: str, known: Mapping[str, str]) -> None:
	"""Let feedback and complaint say what is known now; their masks are no content (K7)."""
	masks = rules.masks(known)
	frappe.db.set_value(intake.DOCTYPE, feedback, masks, update_modified=False)
	frappe.db.set_value(handled.DOCTYPE, {"feedback": feedback}, masks, update_modified=False)


# Logs of errors


def keep_out_of_logs(values: Any) -> None:
	"""Note what the running request knows of a patient, so that no error log of it shows that (K7)."""
	known = getattr(frappe.local, "qms_patient_values", None)
	if known is None:
		known = frappe.local.qms_patient_values = set()
	known.update(str(v) for v in values if v and v != rules.MASK)


def mask_parameters(given: Any) -> None:
	"""Mask what a client has sent about a patient in the parameters of a request that has failed (K7)."""
	for key, value in list((given or {}).items()):
		if key in rules.FIELDS or (isinstance(value, str) and "patient_" in value):
			given[key] = rules.MASK


def before_error_log(doc: Document, method: str | None = None) -> None:
	"""Take what the running request knows of a patient out of what is logged (doc event of Error Log, K7)."""
	keep_out_of_logs(_sent(getattr(frappe.local, "form_dict", None)))
	for value in sorted(frappe.local.qms_patient_values, key=len, reverse=True):
		for field in ("error", "method"):
			if doc.get(field):
				doc.set(field, secrets.without(doc.get(field), value))


def _sent(given: Any) -> list[str]:
	"""Return what a client has sent in fields about a patient, however deep, whether it was read or not."""
	if isinstance(given, str) and "patient_" in given:
		try:
			given = json.loads(given)
		except ValueError:
			return []
	if isinstance(given, Mapping):
		found = [str(v) for k, v in given.items() if k in rules.FIELDS and v]
		return found + [text for v in given.values() for text in _sent(v)]
	return [text for v in given for text in _sent(v)] if isinstance(given, list) else []
