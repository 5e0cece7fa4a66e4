"""What a person proves to be themselves with when signing: password, LDAP, or a signing PIN (21 CFR
11.100-11.300).

A password that somebody else set proves nothing. Signing is suspended until its owner has chosen another.
"""

import hashlib
from dataclasses import dataclass

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import add_to_date, cint, now_datetime
from frappe.utils.password import delete_all_passwords_for, passlibctx, rename_password, update_password

from qms_customer.messages import QMSRefusal, refuse_one
from qms_customer.records import ledger
from qms_customer.rules import mark

DOCTYPE = "Signing Credential"
PASSWORD, LDAP, PIN = "Password", "LDAP", "Signing PIN"
ACTIVE, SUSPENDED = "Active", "Suspended"
BY_OTHERS = mark(
	"Your password was set by somebody else. Choose another one with the button in this dialog, or under My "
	"Settings > Change Password; then sign."
)
PIN_MISSING = mark(
	"You log in without a password here: set a signing PIN first, with the button in this dialog."
)
PIN_LENGTH = 6


class WrongSecret(QMSRefusal):
	"""What somebody typed to prove themselves is not right."""


@dataclass(frozen=True)
class Credential:
	"""What is stored to prove that somebody is `user`, and whether it may be signed with."""

	user: str
	password: str
	pin: str
	status: str
	mark: str

	@property
	def method(self) -> str:
		"""With what the user signs: this site's password, the directory's, or a PIN of their own."""
		if self.password:
			return PASSWORD
		return LDAP if cint(frappe.db.get_single_value("LDAP Settings", "enabled")) else PIN

	@property
	def suspended(self) -> str:
		"""Why the user may not sign for now (marked for translation), or "" (11.300)."""
		if self.password:
			strange = bool(self.mark) and self.mark != _mark(self.password)
			return BY_OTHERS if self.status == SUSPENDED or strange else ""
		return PIN_MISSING if self.method == PIN and not self.pin else ""

	def prove(self, secret: str) -> str:
		"""Return the factor that was proved, "" if the secret is wrong; never ends the session (K3).

		At a user's first signing the password in force is noted as theirs.
		"""
		method = self.method
		if method == LDAP:
			return LDAP if _in_directory(self.user, secret) else ""
		stored = self.password if method == PASSWORD else self.pin
		if not stored or not _matches(secret, stored):
			return ""
		if method == PASSWORD and not self.status:
			_note(self.user, stored)
		return method

	def is_password(self, text: str) -> bool:
		"""Whether a text is the password of this site that is in force."""
		return bool(self.password) and _matches(text, self.password)


def of(user: str) -> Credential:
	"""Return what is stored of a user, in one query."""
	auth, pin = frappe.qb.Table("__Auth").as_("auth"), frappe.qb.Table("__Auth").as_("pin")
	person, known = frappe.qb.DocType("User"), frappe.qb.DocType(DOCTYPE)
	rows = (
		frappe.qb.from_(person)
		.left_join(auth)
		.on(
			(auth.name == person.name)
			& (auth.doctype == "User")
			& (auth.fieldname == "password")
			& (auth.encrypted == 0)
		)
		.left_join(pin)
		.on((pin.name == person.name) & (pin.doctype == DOCTYPE) & (pin.fieldname == "pin"))
		.left_join(known)
		.on(known.name == person.name)
		.select(auth.password, pin.password, known.status, known.mark)
		.where(person.name == user)
		.run()
	)
	return Credential(user, *((v or "" for v in rows[0]) if rows else ("", "", "", "")))


def is_id_of(text: str, user: str) -> bool:
	"""Return whether somebody typed the id that this user logs in with."""
	text = text.strip().lower()
	if text == user.lower():
		return True
	names = frappe.get_cached_value("User", user, ["username", "mobile_no"], as_dict=True) or {}
	return bool(
		text
		and (
			(
				cint(frappe.get_system_settings("allow_login_using_user_name"))
				and text == (names.username or "").lower()
			)
			or (
				cint(frappe.get_system_settings("allow_login_using_mobile_number"))
				and text == (names.mobile_no or "")
			)
		)
	)


def check_code(user: str, code: str) -> bool:
	"""Return whether a code is the user's second factor now: of the app, or the one that was sent."""
	import pyotp
	from frappe.twofactor import get_otpsecret_for_, get_verification_method

	# One code has many spellings in Unicode, which the comparison takes for the same; it is used up in one.
	if not (code.strip().isascii() and code.strip().isdigit()):
		return False
	secret = get_otpsecret_for_(user)
	if get_verification_method() == "OTP App":
		if not pyotp.TOTP(secret).verify(code.strip(), valid_window=1):
			return False
		# A code proves something once, of two requests at the same moment to one.
		key = frappe.cache.make_key(f"qms_code_used:{user}:{code.strip()}")
		return bool(frappe.cache.set(key, 1, ex=120, nx=True))
	counter = frappe.cache.get_value(f"qms_code_sent:{user}")
	if counter is None or not pyotp.HOTP(secret).verify(code.strip(), int(counter)):
		return False
	frappe.cache.delete_value(f"qms_code_sent:{user}")
	return True


def sends_code() -> bool:
	"""Return whether the site sends its second factors, by e-mail or SMS, instead of using an app."""
	return (frappe.get_system_settings("two_factor_method") or "OTP App") != "OTP App"


def send_code(user: str) -> None:
	"""Send the second factor by e-mail or SMS, where the site uses that instead of an app."""
	import pyotp
	from frappe.twofactor import get_otpsecret_for_, get_verification_obj

	secret = get_otpsecret_for_(user)
	counter = int(pyotp.TOTP(secret).now())
	frappe.cache.set_value(f"qms_code_sent:{user}", counter, expires_in_sec=300)
	get_verification_obj(user, counter, secret)


def suspend(user: str, reason: str) -> None:
	"""Suspend a user's signing, and tell them (11.300)."""
	_write(user, status=SUSPENDED, reason=reason, mark="")
	if frappe.db.exists("User", user):
		from qms_customer.contract import notify

		notify.tell(
			[user], _("Your signing is suspended: {0}").format(_(reason)), frappe.get_doc("User", user)
		)


def establish(user: str) -> None:
	"""Note that the password now in force is one that its owner chose (11.300)."""
	if stored := of(user).password:
		_note(user, stored)


def set_pin(user: str, pin: str, old_pin: str = "") -> None:
	"""Set the signing PIN of somebody who logs in without a password here; stored as Frappe stores passwords.

	The first one right after logging in, each later one against the one before. Raises QMSRefusal.
	"""
	known = of(user)
	if known.method != PIN:
		refuse_one("K3", mark("You sign with your password; a signing PIN is for logins without one."))
	if len(pin) < PIN_LENGTH or len(set(pin)) < 3:
		refuse_one("K3", mark("A signing PIN has at least {0} characters, not all alike."), str(PIN_LENGTH))
	if known.pin and not _matches(old_pin, known.pin):
		frappe.throw(_("K3: The signing PIN up to now is not right."), WrongSecret)
	last = frappe.db.get_value("User", user, "last_login")
	if not known.pin and (
		not last or frappe.utils.get_datetime(last) < add_to_date(now_datetime(), minutes=-10)
	):
		refuse_one("K3", mark("Log out, log in again, and set your signing PIN within ten minutes."))
	_write(user, status=ACTIVE, reason="", mark="")
	update_password(user, pin, doctype=DOCTYPE, fieldname="pin")


def clear_pin(user: str) -> None:
	"""Take a forgotten or known signing PIN out of use; its owner sets another (11.300(c)).

	Raises QMSRefusal for one's own, and where there is none.
	"""
	if user == frappe.session.user:
		refuse_one("K3", mark("Your own signing PIN is cleared by another administrator."))
	if not of(user).pin:
		refuse_one("K3", mark("{0} has no signing PIN."), user)
	delete_all_passwords_for(DOCTYPE, user)
	suspend(user, mark("your signing PIN was cleared; log in again and set another"))


def change_password(user: str, old: str, new: str) -> None:
	"""Let a user choose another password than the one that somebody set for them; signing goes on (11.300).

	Raises QMSRefusal.
	"""
	from frappe.core.doctype.user.user import test_password_strength

	stored = of(user).password
	if not stored or not _matches(old, stored):
		frappe.throw(_("K3: The password up to now is not right."), WrongSecret)
	if new == old or len(new) < 6:
		refuse_one("K3", mark("Choose another password, of at least six characters."))
	feedback = (test_password_strength(new) or {}).get("feedback") or {}
	if feedback and not feedback.get("password_policy_validation_passed", True):
		refuse_one("K3", mark("The password is too easy to guess. Choose another."))
	update_password(user, new)
	establish(user)


def before_user_changes(doc: Document, method: str | None = None) -> None:
	"""A password that is given to a user past the old one suspends that user's signing; nor does anybody
	write the key of a link that was mailed to nobody, or a login that was none (doc event of User; 11.300).
	"""
	before = None if doc.is_new() else doc.get_doc_before_save()
	# A form asks for no old password, whoever's name the session has.
	if doc.get("new_password"):
		doc.flags.qms_password_by_others = True
	# Frappe writes both past its documents, and empties the key by saving one.
	if doc.get("reset_password_key"):
		doc.reset_password_key = before.reset_password_key if before else ""
	doc.last_login = before.last_login if before else None


def after_user_changed(doc: Document, method: str | None = None) -> None:
	"""See `before_user_changes`; the user exists now, and the password is stored."""
	if doc.flags.qms_password_by_others and doc.name not in ("Administrator", "Guest"):
		doc.flags.qms_password_by_others = False
		suspend(doc.name, mark("your password was set by somebody else"))


def after_user_renamed(doc: Document, method: str | None, old: str, new: str, merge: bool = False) -> None:
	"""What a user signs with, and whether it is suspended, goes with the user (doc event of User; 11.300)."""
	if merge:
		# Frappe deletes the old one next; its alias says who it is from now on.
		frappe.flags.qms_merged_user = old
		return
	if frappe.db.exists(DOCTYPE, old):
		_rename(old, new)
	# Links to choose a password go to the address of the new id: with the old id back, nobody would know.
	suspend(new, mark("your user id was changed by somebody else"))


def _rename(old: str, new: str) -> None:
	known = frappe.qb.DocType(DOCTYPE)
	frappe.qb.update(known).set(known.name, new).where(known.name == old).run()
	rename_password(DOCTYPE, old, new)


def before_user_is_deleted(doc: Document, method: str | None = None) -> None:
	"""K3: who signed stays known; the signature itself holds the id as a text, which links nothing."""
	if frappe.flags.qms_merged_user == doc.name:
		frappe.flags.qms_merged_user = None
		return
	if frappe.db.exists(ledger.SIGNATURE, {"signer": doc.name}) or frappe.db.exists(
		ledger.SIGNATURE, {"acting_for": doc.name}
	):
		refuse_one("K3", mark("{0} has signed records: disable this user instead."), doc.name)
	# What somebody who never signed would have signed with keeps nobody's login.
	frappe.db.delete(DOCTYPE, {"name": doc.name})
	delete_all_passwords_for(DOCTYPE, doc.name)


def _in_directory(user: str, secret: str) -> bool:
	"""Return whether the directory accepts the secret; Frappe's own check would rewrite the user as well."""
	from ldap3.utils.conv import escape_filter_chars

	ldap = frappe.get_cached_doc("LDAP Settings")
	known = frappe.get_cached_value("User", user, "username") or user
	try:
		connection = ldap.connect_to_ldap(ldap.base_dn, ldap.get_password(raise_exception=False))
		connection.search(
			search_base=ldap.ldap_search_path_user,
			search_filter=ldap.ldap_search_string.format(escape_filter_chars(known)),
			attributes=[ldap.ldap_email_field],
		)
		found = connection.entries
		if len(found) != 1 or str(found[0][ldap.ldap_email_field]).lower() != user.lower():
			return False
		return bool(secret) and bool(connection.rebind(user=found[0].entry_dn, password=secret))
	except Exception:
		# A directory that does not answer, or says no, in whichever way: nothing is proved.
		frappe.clear_messages()
		return False


def _matches(secret: str, stored: str) -> bool:
	try:
		return bool(passlibctx.verify(secret, stored))
	except (ValueError, TypeError):
		return False


def _mark(stored: str) -> str:
	return hashlib.sha256(stored.encode()).hexdigest()


def _note(user: str, stored: str) -> None:
	_write(user, status=ACTIVE, reason="", mark=_mark(stored))


def _write(user: str, **values: str) -> None:
	if frappe.db.exists(DOCTYPE, user):
		frappe.db.set_value(DOCTYPE, user, values)
	else:
		doc = frappe.get_doc({"doctype": DOCTYPE, "name": user, "user": user, **values})
		doc.db_insert()
