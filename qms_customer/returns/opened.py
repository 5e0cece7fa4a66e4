"""A return slip in a person's hands: locked, as it was shown, and written by the step that moves it (C12,
K3).
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import frappe
from frappe.model.document import Document

from qms_customer.contract import people
from qms_customer.messages import refuse_one
from qms_customer.records import contents
from qms_customer.records.token import moving
from qms_customer.rules import mark

DOCTYPE = "Return Slip"


def shown_hash(slip: Document) -> str:
	"""Return the hash of all that a person sees on a slip: what it says, where it stands, each move (C12)."""
	seen = json.dumps([contents.text_of(slip), slip.workflow_state or "", slip.turn or 0], ensure_ascii=False)
	return hashlib.sha256(seen.encode()).hexdigest()


def readable(name: str) -> Document:
	"""Return a slip; who may not read it is refused (L1)."""
	slip = frappe.get_doc(DOCTYPE, name)
	people.check_readable(slip)
	return slip


def sent_rows(given: str | list | None, rule: str, message: str) -> list[dict[str, Any]]:
	"""Return the rows that a form sent as plain values; anything else that a client sends is refused."""
	try:
		found = (json.loads(given) if isinstance(given, str) and given else given) or []
	except ValueError:
		found = None
	if not isinstance(found, list) or not all(isinstance(r, dict) and is_plain(r) for r in found):
		refuse_one(rule, message)
	return found


def is_plain(values: Mapping[str, Any]) -> bool:
	"""Return whether values that a form sent are texts and numbers."""
	return all(isinstance(v, str | int | float | type(None)) for v in values.values())


def lock_customer(name: str) -> None:
	"""Lock the customer of a slip: two slips are counted one after the other, also what has no batch (G7).

	Before the slip itself, so that two who do this wait for each other and never crosswise.
	"""
	lock(frappe.db.get_value(DOCTYPE, name, "customer"))


def lock(customer: str | None) -> None:
	"""Lock a customer (G7; see `lock_customer`)."""
	if customer:
		frappe.db.get_value("Customer", customer, "name", for_update=True)


def locked(name: str, content_hash: str) -> Document:
	"""Lock a slip and return it if it is still what was shown; who may not read it is refused (C12, L1)."""
	readable(name)
	slip = frappe.get_doc(DOCTYPE, name, for_update=True)
	if content_hash != shown_hash(slip):
		refuse_one("C12", mark("The slip has changed since it was shown to you. Reload it and do it again."))
	return slip


def require_state(slip: Document, rule: str, *allowed: str) -> None:
	"""Refuse a step that does not belong to where a slip stands; tells who decided one that is decided."""
	if slip.workflow_state not in allowed:
		refuse_one(rule, mark("{0} is not at this step: {1}."), slip.name, slip.workflow_state)


def require_role(rule: str, message: str, roles: tuple[str, ...]) -> str:
	"""Return the role in which the current user acts; refuse who holds none of them, or is not here (K3,
	L1).
	"""
	user = frappe.session.user
	held = [r for r in roles if r in people.own_roles(user)]
	if not held or not people.is_present(user):
		refuse_one(rule, message, ", ".join(roles))
	return held[-1]


def save(slip: Document, event: str = "") -> None:
	"""Write a slip that a step has moved, submitted or not; `event`: what its chain records (K2).

	Its fields are read-only to everybody else: after its decision the steps that follow are written here.
	"""
	slip.flags.ignore_validate_update_after_submit = True
	# What it names may be cancelled or gone by now: no reason against recording what was done.
	slip.flags.ignore_links = True
	with moving(slip, event):
		# Who may do this step was checked by its function.
		slip.save(ignore_permissions=True)


def submit(slip: Document) -> None:
	"""Submit a slip with its final decision; the caller signs it (C13)."""
	slip.flags.ignore_links = True
	with moving(slip):
		# As in save.
		slip.flags.ignore_permissions = True
		slip.submit()
