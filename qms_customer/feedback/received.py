"""Feedback that comes in without anybody of ours typing it: by e-mail, from another system, from a survey
(H1).

Who sends it twice has said it once: what is sent has a key, and of each key there is one record.
"""

import hashlib
from collections.abc import Sequence

import frappe
from frappe.model.document import Document

from qms_customer.feedback import intake, make, record
from qms_customer.messages import refuse
from qms_customer.records.token import moving
from qms_customer.rules import feedback as rules

# Nobody says in a mail what they are: whoever assesses it does (H1).
WITHOUT_SOURCE = tuple(name for name in rules.REQUIRED if name != "source")


def key(*parts: str) -> str:
	"""Return the key of what is sent: its door, who sends it, and what they call it."""
	return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()


def known(of_key: str) -> Document | None:
	"""Return what was recorded under a key, also by somebody who was faster, None if nothing was (H1)."""
	name = frappe.db.get_value(intake.DOCTYPE, {"intake_key": of_key}, "name", for_update=True)
	# Read under the lock: it may have been written since this transaction began.
	return frappe.get_doc(intake.DOCTYPE, name, for_update=True) if name else None


def store(
	feedback: Document, of_key: str = "", required: Sequence[str] = tuple(rules.REQUIRED)
) -> tuple[Document, bool]:
	"""Record what came in, and return it with whether it is new; refuses what cannot be recorded (H1, H4).

	`required`: what has to be said now. The rest is said by whoever assesses it.
	"""
	# Without a lock: two who ask for what there is not yet would lock the gap, and each other out.
	if of_key and frappe.db.exists(intake.DOCTYPE, {"intake_key": of_key}):
		return known(of_key), False
	record.complete(feedback)
	values = feedback.as_dict()
	if found := [*rules.record_refusals(values, required), *rules.time_refusals(record.times(feedback))]:
		refuse(found)
	feedback.intake_key = of_key or None
	# What it names may be unknown to us: no reason not to record it.
	feedback.flags.ignore_links = feedback.flags.ignore_mandatory = True
	frappe.db.savepoint("qms_received")
	try:
		with moving(feedback, make.RECORDED):
			# Who may send it was checked at its door.
			feedback.insert(ignore_permissions=True)
	except frappe.UniqueValidationError:
		frappe.db.rollback(save_point="qms_received")
		frappe.clear_last_message()
		if not (other := known(of_key)):
			raise
		return other, False
	return feedback, True
