"""What visitors of the site tell us: taken in as feedback, once each, in the transaction of the request (H1,
A10).

Who sends it is not known to us. Nothing of it is a link to a document of ours but what Frappe itself lists
(country, language), and nothing is shown to them afterwards but the number of their own message.
"""

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.translate import get_all_languages
from frappe.utils import add_days, cint, now_datetime
from frappe.utils.password import get_encryption_key
from frappe.workflow.doctype.workflow_action.workflow_action import process_workflow_actions

from qms_customer.contract.settings import settings
from qms_customer.feedback import guest_files, intake, make, receipts, received, record
from qms_customer.feedback.reporting_job import alone
from qms_customer.records.token import moving
from qms_customer.rules import guest_form as rules
from qms_customer.rules import mark
from qms_customer.rules.review import Refusal

CHANNEL, TASK = "Web Form", "Workflow Action"
PER_HOUR = 100
# How long a form is held back that is being written, and how often that is tried.
HELD, TRIES = 60, 8
_STORED_AS_SAID = frozenset(rules.LENGTHS) - {"happened_on", "aware_on", "event_country"}


@dataclass
class Answer:
	"""What a visitor is told. `number`: that of their message, "" where it was not taken in; `faults`: why.
	`ticket`: for the next try.
	"""

	number: str = ""
	mailed: bool = False
	faults: list[str] = field(default_factory=list)
	status: int = 200
	ticket: str = ""


def company() -> str:
	"""Return the company that the form speaks for, "" where the site does not open it (H1)."""
	if not cint(settings().get("guest_form")):
		return ""
	return settings().get("guest_form_company") or frappe.defaults.get_global_default("company") or ""


def ticket() -> str:
	"""Return the signed ticket of a form that is shown now (H1)."""
	return rules.ticket(_secret(), int(time.time()), frappe.generate_hash(length=24))


def countries() -> list[tuple[str, str]]:
	"""Return the countries as they are stored and in the visitor's language, sorted by the latter."""
	names = frappe.get_all("Country", pluck="name")
	return sorted(((name, _(name)) for name in names), key=lambda one: one[1])


def receive(given: str, said: Mapping[str, str], trap: str, files: Sequence[Any]) -> Answer:
	"""Take in what a visitor sent, and return what they are told (H1).

	Nothing is written before all was looked at. A form counts once: sent again, by a double click or because
	the answer was lost, it gets the number that it has.
	"""
	state, nonce = rules.read_ticket(_secret(), given, int(time.time()))
	key = received.key(CHANNEL, nonce)
	if nonce and (known := _number_of(nonce)):
		return Answer(number=known)
	if state == rules.OVER:
		if nonce and (number := _stored(key)):
			return Answer(number=number)
		text = mark("The form was open for too long. Look at it once more, and send it again.")
		return _refused([Refusal("H1", text, ())])
	if state == rules.EARLY:
		text = mark("That was very fast. Wait some seconds, and send the form again.")
		return _refused([Refusal("H1", text, ())], given)
	said = {name: rules.plain(said.get(name) or "", name in rules.LINES) for name in rules.LENGTHS}
	uploads = guest_files.read(files)
	found = rules.refusals(said, [one.attached for one in uploads], trap.strip())
	times = _times(said, found)
	found += _unknown(said)
	feedback = _made(said, times)
	if found := found or record.problems(feedback):
		return _refused(found, given)
	feedback.intake_key = key
	is_held = _hold(nonce)
	if number := _stored(key):
		# Whoever took it in died before it said so.
		_keep(nonce, number)
		return Answer(number=number)
	if not is_held:
		text = mark("Your message is just being taken in. Wait some seconds, and send the form again.")
		return _refused([Refusal("H1", text, ())], given, status=409)
	if not _below_limit():
		_let_go(nonce)
		return too_many(given)
	frappe.db.after_rollback.add(lambda: _let_go(nonce))
	try:
		_write(feedback, uploads)
	except frappe.UniqueValidationError:
		frappe.db.rollback()
		if not (number := _stored(key)):
			raise
		_keep(nonce, number)
		return Answer(number=number)
	frappe.db.after_commit.add(lambda: _keep(nonce, feedback.name))
	return Answer(number=feedback.name, mailed=receipts.is_due(feedback.contact_email or ""))


def receive_or_say_why(given: str, said: Mapping[str, str], trap: str, files: Sequence[Any]) -> Answer:
	"""Return the answer of `receive`; where Frappe refuses something on the way, with nothing written (H1).

	Visitors who write at the same moment may lose a lock to each other: they do not notice.
	"""
	for left in reversed(range(TRIES)):
		try:
			return receive(given, said, trap, files)
		except (frappe.QueryDeadlockError, frappe.QueryTimeoutError):
			frappe.db.rollback()
			if not left:
				raise
			# Not all at the same moment again: whoever is first in a year makes the row that numbers them.
			time.sleep(random.uniform(0.02, 0.2))
			for one in files:
				one.stream.seek(0)
		except frappe.ValidationError:
			frappe.db.rollback()
			told = [
				frappe.utils.strip_html(str(one.get("message") or "")) for one in frappe.local.message_log
			]
			frappe.clear_messages()
			return Answer(faults=told or [_("It did not work. Please try again.")], status=422, ticket=given)
	raise AssertionError


def too_many(given: str) -> Answer:
	"""Return what is said where the site, or an address of the network, has sent enough for this hour."""
	text = _("Too many messages at the moment. Keep what you wrote, and try again in an hour, or call us.")
	return Answer(faults=[text], status=429, ticket=given)


def follow_up(name: str) -> None:
	"""Put feedback of a visitor before who assesses it, and send its receipt; in the background, after its
	commit: the visitor does not wait for it (H1, H2). Done again it does nothing more.
	"""
	feedback = frappe.get_doc(intake.DOCTYPE, name)
	if not (feedback.decision or feedback.get("_assign")):
		frappe.db.delete(TASK, _held(feedback))
		process_workflow_actions(feedback, "on_update")
		record.ask(feedback)
	if receipts.is_sent(feedback):
		return
	frappe.db.savepoint("qms_receipt")
	try:
		receipts.send(feedback, feedback.contact_email, feedback.language or frappe.local.lang)
	except Exception:
		# Somebody was asked about it, whatever becomes of its receipt.
		frappe.db.rollback(save_point="qms_receipt")
		frappe.log_error(title=f"Receipt of {name} could not be sent")


def hold_place(feedback: Document) -> None:
	"""Hold the place of the task that Frappe makes of a workflow at the first save; `follow_up` lets Frappe
	make it. It takes half of the time of the save, and nobody has to wait for it.
	"""
	task = frappe.get_doc({"doctype": TASK, "status": "Open", **_held(feedback)})
	task.name = frappe.generate_hash(length=20)
	task.db_insert()


def _held(feedback: Document) -> dict[str, str]:
	return {
		"reference_doctype": feedback.doctype,
		"reference_name": feedback.name,
		"workflow_state": feedback.workflow_state,
	}


def follow_up_again() -> None:
	"""Follow up what a lost job has left: nobody was asked about it; hourly (H1, H2)."""
	for name in frappe.get_all(
		intake.DOCTYPE,
		filters={
			"channel": CHANNEL,
			"decision": ("is", "not set"),
			"_assign": ("is", "not set"),
			"creation": (">", add_days(now_datetime(), -7)),
		},
		pluck="name",
		order_by="creation",
		limit_page_length=500,
	):
		with alone(f"Feedback {name} of a visitor could not be followed up"):
			follow_up(name)


def _made(said: Mapping[str, str], times: Mapping[str, datetime]) -> Document:
	"""The unsaved feedback of what was said: field by field, since a visitor has no rights."""
	feedback = frappe.new_doc(intake.DOCTYPE)
	feedback.update({name: said[name] or None for name in _STORED_AS_SAID})
	feedback.update(
		{
			"channel": CHANNEL,
			"company": company(),
			"event_country": said["event_country"] or None,
			"language": frappe.local.lang if frappe.local.lang in get_all_languages() else None,
			"aware_by": (times.get("aware_on") and said["customer_told"]) or CHANNEL,
			**times,
		}
	)
	record.complete(feedback)
	return feedback


def _write(feedback: Document, uploads: Sequence[guest_files.Upload]) -> None:
	feedback.flags.asked_later = True
	# Company, language and country were taken from what there is.
	feedback.flags.ignore_links = True
	with moving(feedback, make.RECORDED):
		feedback.insert(ignore_permissions=True)
	guest_files.store(feedback, uploads)
	frappe.enqueue(f"{__name__}.follow_up", name=feedback.name, enqueue_after_commit=True)


def _times(said: Mapping[str, str], found: list[Refusal]) -> dict[str, datetime]:
	"""The moments that a visitor named by their day, none later than now: it may be tomorrow with them."""
	now = now_datetime().replace(microsecond=0)
	times = {"received_on": now}
	for name in ("happened_on", "aware_on"):
		if not said[name] or (name == "aware_on" and said["source"] != "Distributor"):
			continue
		try:
			day = date.fromisoformat(said[name])
		except ValueError:
			found.append(Refusal("H1", mark("This is no date: {0}."), (said[name],)))
			continue
		if (day - now.date()).days > 1 or day.year < 1990:
			found.append(Refusal("H1", mark("This day is not possible: {0}."), (said[name],)))
		times[name] = min(datetime.combine(day, datetime.min.time()), now)
	return times


def _unknown(said: Mapping[str, str]) -> list[Refusal]:
	found = []
	if said["event_country"] and not frappe.db.exists("Country", said["event_country"]):
		found.append(Refusal("H1", mark("Choose a country of the list."), ()))
	if said["contact_email"] and not receipts.is_address(said["contact_email"]):
		found.append(Refusal("H1", mark("{0} is no e-mail address."), (said["contact_email"],)))
	return found


def _refused(found: Sequence[Refusal], given: str = "", status: int = 422) -> Answer:
	"""What stands against it, in the visitor's language: the IDs of our rules say nothing to them."""
	labels = set(rules.LABELS.values())
	told = [_(one.message).format(*(_(a) if a in labels else a for a in one.args)) for one in found]
	return Answer(faults=list(dict.fromkeys(told)), status=status, ticket=given or ticket())


# Each form once


def _secret() -> bytes:
	return get_encryption_key().encode()


def _key(nonce: str) -> bytes:
	return frappe.cache.make_key(f"qms_guest_form:{nonce}")


def _hold(nonce: str) -> bool:
	return bool(frappe.cache.set(_key(nonce), "", nx=True, ex=HELD))


def _let_go(nonce: str) -> None:
	frappe.cache.delete(_key(nonce))


def _keep(nonce: str, number: str) -> None:
	frappe.cache.set(_key(nonce), number, ex=rules.LONGEST)


def _number_of(nonce: str) -> str:
	return (frappe.cache.get(_key(nonce)) or b"").decode()


def _stored(key: str) -> str:
	return frappe.db.get_value(intake.DOCTYPE, {"intake_key": key}) or ""


def _below_limit() -> bool:
	"""Whether the site takes in another message within this hour; that it does not is told once (H1)."""
	limit = cint(settings().get("guest_form_per_hour")) or PER_HOUR
	key = frappe.cache.make_key(f"qms_guest_form_hour:{int(time.time()) // 3600}")
	count = frappe.cache.incrby(key, 1)
	if count == 1:
		frappe.cache.expire(key, 3600)
	if count == limit + 1:
		frappe.log_error(
			"Web form for visitors: limit per hour reached", f"{limit} messages; more are turned away."
		)
	return count <= limit
