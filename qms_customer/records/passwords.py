"""Frappe's own functions that ask for the password that people sign with (21 CFR 11.200, 11.300).

A wrong try counts as one at signing; a password that somebody else set is not "chosen" by being set again.
"""

from contextlib import nullcontext

import frappe
from frappe.utils.data import sha256_hash

from qms_customer.records import credentials, secrets, signing
from qms_customer.rules.people import ACCOUNTS_WITHOUT_PERSON


@frappe.whitelist(methods=["POST"])
def verify_password(password: str) -> None:
	"""Frappe's own check of the password before something grave (11.300(d))."""
	from frappe.core.doctype.user.user import verify_password as frappes

	secrets.keep_out_of_logs([password])
	with signing.counted_elsewhere():
		frappes(password)


@frappe.whitelist(allow_guest=True, methods=["POST"])
def update_password(
	new_password: str, logout_all_sessions: int = 0, key: str | None = None, old_password: str | None = None
) -> str | None:
	"""Frappe's own change of password; afterwards the password counts as chosen by its owner.

	It is the owner's where the owner proved the old one, or had the link that was mailed to them; and it was
	chosen where it is another one than somebody else had set.
	"""
	from frappe.core.doctype.user.user import update_password as frappes

	secrets.keep_out_of_logs([new_password, old_password, key])
	user = frappe.session.user
	if key:
		user = frappe.db.get_value("User", {"reset_password_key": sha256_hash(key)}) or ""
	before = credentials.of(user)
	# With a link no password is checked.
	with nullcontext() if key else signing.counted_elsewhere():
		answer = frappes(new_password, logout_all_sessions, key, old_password)
	after = credentials.of(user)
	if user in ("", *ACCOUNTS_WITHOUT_PERSON) or after.password == before.password:
		return answer
	if not before.suspended or not before.is_password(new_password):
		credentials.establish(user)
	return answer
