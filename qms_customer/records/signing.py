"""Signing: verify the person, write the signature, move the document, in one transaction (K3; 21 CFR 11.50,
11.70, 11.200).

A decision function is called with a pen in hand (`pen`): the person has proved who they are, for this one
call. What it signs is bound to the record by `sign`. Without a pen nothing is signed, whatever door is used.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import add_to_date, cint, now_datetime

from qms_customer.contract import notify
from qms_customer.contract.people import full_name, holders, is_enabled_person, is_present
from qms_customer.contract.settings import settings
from qms_customer.messages import refuse_one
from qms_customer.records import contents, credentials, ledger, secrets, texts
from qms_customer.records.registry import RECORDS
from qms_customer.rules import mark
from qms_customer.rules.chain import Entry
from qms_customer.rules.people import MANAGEMENT_REPRESENTATIVE

ATTEMPT = "Signing Attempt"


@dataclass(frozen=True)
class Signer:
	"""A person who proved who they are, for the length of one call."""

	user: str
	factor: str
	session: str


@dataclass
class Pen:
	"""What a person typed to sign with, and, once that was verified, who they are."""

	values: dict
	signer: Signer | None = None


@contextmanager
def pen(given: str | dict | None) -> Iterator[None]:
	"""Let the block sign with what the person typed (K3, 11.200).

	`given`: {"user", "password", "code"}, or the same as JSON. It is verified when the block first asks for
	the signer (`in_hand`): after everything else that can be refused, and before anything is written.
	"""
	before = getattr(frappe.local, "qms_pen", None)
	# A caller in this process may hold one already; what comes over the network never does.
	if given is not None:
		frappe.local.qms_pen = Pen(_values(given))
		held = frappe.local.qms_pen.values
		secrets.keep_out_of_logs([held.get("password"), held.get("code")])
	try:
		yield
	finally:
		frappe.local.qms_pen = before


def sign(
	doc: Document,
	meaning: str,
	role: str,
	acting_for: str = "",
	comment: str = "",
	shown_hash: str = "",
) -> Entry:
	"""Sign a record that was just moved, and return what was appended to its chain (K3, C12, L2).

	`shown_hash`: what the person's screen showed; the decision function has compared it.
	"""
	held = in_hand()
	if not role:
		refuse_one("K3", mark("You hold no role in which this is signed."))
	files = contents.attachments(doc.doctype, doc.name)
	return ledger.append(
		doc,
		meaning,
		meaning=meaning,
		signer=held.user,
		full_name=full_name(held.user),
		role=role,
		acting_for=acting_for or "",
		acting_for_name=full_name(acting_for) if acting_for else "",
		# As the record itself keeps it.
		comment=texts.clean(comment or ""),
		factor=held.factor,
		session=held.session,
		record_version=cint(doc.get(RECORDS[doc.doctype].version)) or 1,
		shown_hash=shown_hash or "",
		attachments=json.dumps(files, ensure_ascii=False) if files else "",
	)


def in_hand() -> Signer:
	"""Return who signs in the running call; verified at the first time that it is asked (K3, 11.200).

	The user id is needed at the first signing of a session, and again after a pause; the second factor where
	the login asks for one. Raises QMSRefusal without a pen, and for a wrong try: that is counted and logged,
	and ends neither the session nor what was typed.
	"""
	held = getattr(frappe.local, "qms_pen", None)
	if held is None or not held.values.get("password"):
		refuse_one("K3", mark("This is signed. Use the button on the form, which asks for your password."))
	if held.signer is None or held.signer.user != frappe.session.user:
		held.signer = _verified(held.values)
	return held.signer


def state() -> dict:
	"""Return what the signature dialog has to ask the current user for (11.200)."""
	user = frappe.session.user
	if message := _not_in_person(user):
		return {"refused": message}
	known, first = credentials.of(user), _is_first(user)
	return {
		"user": user,
		"first": int(first),
		"method": known.method,
		"code": int(first and _needs_code(user)),
		"sends_code": int(credentials.sends_code()),
		"suspended": _(known.suspended) if known.suspended else "",
		"locked_until": str(_locked_until(user) or ""),
	}


# Verifying


def _values(given: str | dict | None) -> dict:
	try:
		values = json.loads(given) if isinstance(given, str) else given
	except ValueError:
		values = None
	return {k: str(v) for k, v in values.items() if v is not None} if isinstance(values, dict) else {}


def _not_in_person(user: str) -> str:
	"""Return why this session cannot sign at all, in the user's language, or ""."""
	if not is_enabled_person(user):
		return _("Only a person with a login of their own signs.")
	if not is_present(user) or frappe.session.sid in (user, "Guest", "Administrator"):
		return _("A signature is given by a person who is logged in, not by an API key.")
	if frappe.session.data and frappe.session.data.get("impersonated_by"):
		return _("Nobody signs for another: this session is impersonated by {0}.").format(
			frappe.session.data.impersonated_by
		)
	return ""


def _verified(values: dict) -> Signer:
	user = frappe.session.user
	if message := _not_in_person(user):
		_fail(user, "Not in person", message)
	_refuse_locked(user)
	known = credentials.of(user)
	if known.suspended:
		refuse_one("K3", known.suspended)
	first = _is_first(user)
	if first and not credentials.is_id_of(values.get("user") or "", user):
		_fail(
			user,
			"Wrong user id",
			_("At the first signing of a session, and after a pause, give your user id and your password."),
		)
	factor = known.prove(values["password"])
	if not factor:
		_fail(
			user, "Wrong password", _("The password is not right. Nothing was signed, and nothing is lost.")
		)
	if first and _needs_code(user):
		if not credentials.check_code(user, values.get("code") or ""):
			_fail(user, "Wrong code", _("The code of your second factor is not right. Nothing was signed."))
		factor += " + code"
	return Signer(user, factor, session_hash())


def _refuse_locked(user: str) -> None:
	if until := _locked_until(user):
		refuse_one(
			"K3",
			mark("Signing is locked until {0} after too many wrong tries. Nothing else is lost."),
			frappe.utils.format_datetime(until, "HH:mm"),
		)


@contextmanager
def counted() -> Iterator[None]:
	"""Let the block prove the current user's secret in another way, its wrong tries counted with the
	others.
	"""
	user = frappe.session.user
	if message := _not_in_person(user):
		_fail(user, "Not in person", message)
	_refuse_locked(user)
	try:
		yield
	except credentials.WrongSecret:
		_log_afterwards(user, "Wrong password")
		raise


@contextmanager
def counted_elsewhere() -> Iterator[None]:
	"""Let the block check the current user's password as Frappe does; wrong tries count as at signing.

	Who cannot sign has nothing to guess here: an account of the system goes on as ever.
	"""
	user = frappe.session.user
	if not is_enabled_person(user):
		yield
		return
	_refuse_locked(user)
	try:
		yield
	except frappe.AuthenticationError:
		_log_afterwards(user, "Wrong password")
		raise


def session_hash() -> str:
	"""Return what names the session without giving it away."""
	return hashlib.sha256((frappe.session.sid or "").encode()).hexdigest()[:16]


def _is_first(user: str) -> bool:
	"""Return whether this would be the first signing of the session, or the first after a pause (11.200)."""
	minutes = cint(settings().signing_pause_minutes) or 15
	return not frappe.db.exists(
		ledger.SIGNATURE,
		{
			"signer": user,
			"session": session_hash(),
			"creation": (">", add_to_date(now_datetime(), minutes=-minutes)),
		},
	)


def _needs_code(user: str) -> bool:
	"""Return whether the user's login asks for a second factor."""
	if not cint(frappe.get_system_settings("enable_two_factor_auth")):
		return False
	from frappe.twofactor import two_factor_is_enabled_for_

	return bool(two_factor_is_enabled_for_(user))


def _locked_until(user: str) -> object | None:
	"""Return until when signing is locked after too many wrong tries, or None; one query (11.300(d))."""
	most, minutes = cint(settings().signing_attempts) or 5, cint(settings().signing_lock_minutes) or 30
	wrong = frappe.get_all(
		ATTEMPT,
		filters={"user": user, "creation": (">", add_to_date(now_datetime(), minutes=-minutes))},
		order_by="creation desc",
		limit=most,
		pluck="creation",
	)
	return add_to_date(wrong[-1], minutes=minutes) if len(wrong) >= most else None


def _fail(user: str, reason: str, message: str) -> None:
	"""Refuse, and log the try."""
	_log_afterwards(user, reason)
	refuse_one("K3", mark("{0}"), message)


def _log_afterwards(user: str, reason: str) -> None:
	"""Log a wrong try once what this request did is rolled back: it is kept, and nothing else is
	(11.300(d)).
	"""
	sid, address, logged = session_hash(), getattr(frappe.local, "request_ip", None), []

	def log() -> None:
		if logged:
			return
		logged.append(True)
		attempt = frappe.get_doc(
			{
				"doctype": ATTEMPT,
				"name": frappe.generate_hash(length=20),
				"user": user,
				"reason": reason,
				"session": sid,
				"ip_address": address,
			}
		)
		attempt.db_insert()
		# The request's own transaction has ended already.
		frappe.db.commit()
		if until := _locked_until(user):
			_raise_alarm(user, until)

	frappe.db.after_rollback.add(log)
	# Whoever calls this, and swallows the refusal, does not swallow the try.
	frappe.db.after_commit.add(log)


def _raise_alarm(user: str, until: object) -> None:
	"""Tell the person, and who answers for logins and records, that signing was locked (11.300(d))."""
	text = _(
		"Signing of {0} is locked until {1} after too many wrong tries. Was it them? See Signing Attempt."
	).format(full_name(user), frappe.utils.format_datetime(until, "HH:mm"))
	people = [user, *holders("System Manager"), *holders(MANAGEMENT_REPRESENTATIVE)]
	notify.tell(people, text, frappe.get_doc("User", user), also_oneself=True)
