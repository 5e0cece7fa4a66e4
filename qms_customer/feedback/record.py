"""Feedback as people record it: completed from what they know, refused where it cannot be so (H1, H4)."""

from datetime import datetime

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import get_datetime, getdate, now_datetime

from qms_customer.contract import notify, people, states, workdays
from qms_customer.feedback import intake
from qms_customer.messages import QMSRefusal, refuse, refuse_one
from qms_customer.returns import scanned
from qms_customer.rules import feedback as rules
from qms_customer.rules import mark
from qms_customer.rules.people import QUALITY, SERVICE
from qms_customer.rules.review import Refusal

# What a new record says besides what is edited later: where it comes from, and when it was first known.
_NEW = ("naming_series", "origin_doctype", "origin_name", "aware_on")
_LAYOUT = ("Section Break", "Column Break", "HTML")
# F6: documents of ERPNext, and ours, in which something was heard: each is a channel by its name.
ORIGINS = ("Issue", "Warranty Claim", "Maintenance Visit", "Return Slip", "Communication")
# But for e-mails, also those that Frappe could not keep as such.
CHANNELS = {"Communication": "E-mail", "Unhandled Email": "E-mail"}
SUBJECT = 140


def refuse_unless_plain(feedback: Document) -> None:
	"""Refuse new feedback that says more than people record: that somebody assessed it, say (C11)."""
	if feedback.docstatus != 0:
		refuse_one("C11", mark("Feedback begins as a draft."))
	for field in feedback.meta.fields:
		name = field.fieldname
		if name in feedback.EDITABLE or name in _NEW or field.fieldtype in _LAYOUT:
			continue
		if field.fieldtype == "Table":
			if feedback.get(name):
				refuse_one("C11", mark("{0} of new feedback is filled in by its steps."), _(field.label))
		else:
			feedback.set(name, None)
	if feedback.origin_doctype or feedback.origin_name:
		if feedback.origin_doctype not in ORIGINS:
			refuse_one("F6", mark("Feedback is not made from {0}."), feedback.origin_doctype or "?")
		frappe.get_doc(feedback.origin_doctype, feedback.origin_name).check_permission("read")


def refuse_other_awareness(feedback: Document, before: Document) -> None:
	"""Refuse an edit of when it was first known: that has a step of its own, with its reason (H4, K2)."""
	if not feedback.aware_on or get_datetime(feedback.aware_on) != get_datetime(before.aware_on):
		refuse_one("H4", mark("When it was first known starts clocks: use Correct Awareness on the form."))


def on_edit(feedback: Document) -> None:
	"""Before a person's edit is stored: complete it, and refuse what cannot be so (H1, H4)."""
	complete(feedback)
	if found := problems(feedback):
		refuse(found)


def complete(feedback: Document) -> None:
	"""Fill in what follows from what was recorded: names, times, until when it is assessed (H1, H2, H4)."""
	now = now_datetime().replace(microsecond=0)
	feedback.workflow_state = feedback.workflow_state or states.FEEDBACK_TO_ASSESS
	feedback.received_on = feedback.received_on or now
	# What is not known is the moment in which we got it.
	feedback.aware_on = feedback.aware_on or min(get_datetime(feedback.received_on), now)
	feedback.aware_by = feedback.aware_by or people.full_name(frappe.session.user)
	if feedback.origin_doctype:
		feedback.channel = CHANNELS.get(feedback.origin_doctype, feedback.origin_doctype)
	feedback.customer_name = _cached("Customer", feedback.customer, "customer_name")
	_device(feedback)
	details = " ".join(str(feedback.details or "").split())
	feedback.subject = feedback.subject or details[:SUBJECT]
	due = rules.assess_by(
		getdate(feedback.received_on),
		intake.days(),
		workdays.calendar(feedback.company),
	)
	# A later receipt gives nobody more time.
	feedback.assess_by = min(getdate(feedback.assess_by), due) if feedback.assess_by else due


def problems(feedback: Document) -> list[Refusal]:
	"""Return what stands against what was recorded, all at once (H1, H4)."""
	return [*rules.record_refusals(feedback.as_dict()), *rules.time_refusals(times(feedback))]


def times(feedback: Document, aware: datetime | None = None) -> rules.Times:
	"""Return the times of feedback as the rules take them, of one clock: the site's (H4)."""
	return rules.Times(
		recorded=now_datetime(),
		aware=aware or _time(feedback.aware_on),
		happened=_time(feedback.happened_on),
		received=_time(feedback.received_on),
	)


def ask(feedback: Document) -> None:
	"""Put feedback into the inbox of who assesses it, takes up what it requires, or answers it (H2, H9, A10,
	L3).
	"""
	# Here, as it asks anew once that is done.
	from qms_customer.feedback import requirements

	notify.done(feedback)
	if feedback.workflow_state == states.FEEDBACK_TO_ASSESS:
		text = _("Is this a complaint? Assess the feedback {0}").format(feedback.name)
		users = {*people.holders(SERVICE), *people.holders(QUALITY)} - {feedback.concerned_user}
		notify.assign(feedback, sorted(users), text, str(feedback.assess_by or "") or None)
	elif requirements.waits(feedback):
		requirements.ask(feedback)
	elif feedback.workflow_state == states.FEEDBACK_TO_ANSWER:
		text = _("Answer the feedback {0}, or record what was done about it").format(feedback.name)
		notify.assign(feedback, answerers(feedback), text)


def answerers(feedback: Document) -> list[str]:
	"""Return who answers: whoever recorded it, Service where that person has left or is none (A10, L3)."""
	recorder = feedback.owner
	concerned = feedback.concerned_user
	if recorder != concerned and people.is_enabled_person(recorder):
		if set(intake.RECORDERS) & people.own_roles(recorder):
			return [recorder]
	return [user for user in people.holders(SERVICE) if user != concerned]


def _device(feedback: Document) -> None:
	"""Fill in the item from its code or serial number where we know it, and its name (K6)."""
	if feedback.udi and not feedback.item_code:
		_read_code(feedback)
	serial = feedback.serial_no and frappe.db.get_value(
		"Serial No", feedback.serial_no, ["item_code", "batch_no"], as_dict=True
	)
	if serial:
		feedback.item_code = feedback.item_code or serial.item_code
		if feedback.item_code == serial.item_code:
			feedback.batch_no = feedback.batch_no or serial.batch_no
	feedback.item_name = _cached("Item", feedback.item_code, "item_name")


def _read_code(feedback: Document) -> None:
	"""Fill in what a scanned code says and nobody has typed; one unknown to us is recorded as it is."""
	try:
		found = scanned.resolve(feedback.udi)
	except QMSRefusal:
		frappe.clear_last_message()
		return
	for field in ("item_code", "batch_no", "serial_no"):
		feedback.set(field, feedback.get(field) or getattr(found, field) or None)


def _cached(doctype: str, name: str | None, field: str) -> str | None:
	return frappe.get_cached_value(doctype, name, field) if name else None


def _time(value: object) -> datetime | None:
	return get_datetime(value) if value else None
