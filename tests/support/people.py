"""Users for the tests."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Iterator

import frappe

from qms_customer.records import credentials, signing
from tests.support import env
from tests.support.staged import staged

_numbers = itertools.count(1)
# What frappe caches that is the same for everybody.
METADATA = (
	"doctype_meta",
	"table_columns",
	"db_tables",
	"app_hooks",
	"workflow",
	"notifications",
	"document_naming_rule_map",
	"assignment_rule_map",
	"milestone_tracker_map",
)


@contextlib.contextmanager
def as_user(user: str) -> Iterator[str]:
	"""Run the block as another user, logged in as in a browser and ready to sign with the password."""
	before, sid = frappe.session.user, frappe.session.sid
	become(user)
	frappe.session.sid = f"test session of {user}"
	try:
		with signing.pen({"user": user, "password": env.PASSWORD}):
			yield user
	finally:
		become(before)
		frappe.session.sid = sid


def become(user: str) -> None:
	"""Go on as another user, who knows nothing of what was cached for the one before, but for the metadata:
	unpickling that again and again is a quarter of a test.
	"""
	known = frappe.local.cache
	frappe.set_user(user)
	for name in METADATA:
		if (key := frappe.cache.make_key(name)) in known:
			frappe.local.cache[key] = known[key]


@contextlib.contextmanager
def logged_in(user: str, sid: str = "a browser") -> Iterator[None]:
	"""As this user in a session of a browser, with no pen in hand."""
	before, before_sid = frappe.session.user, frappe.session.sid
	become(user)
	frappe.session.sid = sid
	try:
		yield
	finally:
		become(before)
		frappe.session.sid = before_sid


@contextlib.contextmanager
def outside_tests() -> Iterator[None]:
	"""Run the block as in production: with `flags.in_test` frappe keeps no versions and logs less."""
	frappe.flags.in_test = False
	try:
		yield
	finally:
		frappe.flags.in_test = True


@staged
def make_user(
	*roles: str | Iterable[str],
	email: str | None = None,
	first_name: str | None = None,
	language: str | None = None,
	password: str = env.PASSWORD,
) -> str:
	"""Make an enabled user with exactly these roles (and the automatic ones); return the user's name.

	The user is rolled back with the test. For the web server, commit: `http` and `desk` do that.
	"""
	names = [name for role in roles for name in ([role] if isinstance(role, str) else role)]
	number = next(_numbers)
	user = frappe.new_doc("User")
	user.update(
		{
			"email": email or f"user{number}@qms-test.localhost",
			"first_name": first_name or f"User {number}",
			"language": language,
			"send_welcome_email": 0,
			"enabled": 1,
			"new_password": password,
		}
	)
	user.append_roles(*names)
	user.flags.no_welcome_mail = True
	before = frappe.session.user
	become("Administrator")
	try:
		user.insert(ignore_permissions=True)
		if password:
			# As if its owner had chosen it.
			credentials.establish(user.name)
	finally:
		become(before)
	return user.name
