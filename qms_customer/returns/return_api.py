"""What the form of a return slip, the forms of deliveries, and the customer's page may call until a slip is
put forward. Each checks permission first; nothing is decided in the browser (G1, G7).
"""

import json
from dataclasses import asdict
from typing import Any

import frappe
from frappe.model.document import Document
from frappe.rate_limiter import rate_limit

from qms_customer.messages import refuse_one
from qms_customer.records import signing
from qms_customer.returns import confirm, forward, make, opened, panel, scanned
from qms_customer.rules import mark


@frappe.whitelist(methods=["GET", "POST"])
def get_panel(name: str) -> dict:
	"""Return what the form shows: where the slip stands, what comes next, what is missing (G1)."""
	return panel.panel(opened.readable(name))


@frappe.whitelist(methods=["POST"])
def make_from_delivery(doctype: str, name: str) -> dict:
	"""Return the unsaved slip of a delivery (G1)."""
	_may_make()
	return make.from_delivery(doctype, name).as_dict()


@frappe.whitelist(methods=["POST"])
def make_from_code(code: str, company: str = "", customer: str = "") -> dict:
	"""Return, of the batch, device or item that a code names, the unsaved slip as `slip`, or the `choice` of
	customers (G1).
	"""
	_may_make()
	found = scanned.resolve(code)
	if found.incomplete:
		text = mark("{0} does not say which item it is. Scan the other code of the label.")
		refuse_one("G1", text, found.scanned)
	made = make.from_goods(found.item_code, found.batch_no, found.serial_no, company, customer)
	return {"choice": made} if isinstance(made, list) else {"slip": made.as_dict()}


@frappe.whitelist(methods=["GET", "POST"])
def read_code(code: str, before: str = "") -> dict:
	"""Return which item, batch and serial number a scanned code names, as `scanned.Scanned` (G1).

	`before`: the code of the same label that was scanned before it and did not say the item.
	"""
	_may_make()
	return asdict(scanned.resolve(code, before))


@frappe.whitelist(methods=["POST"])
def attach_paper(name: str, content_hash: str, file: str, confirmed_by: str, confirmed_on: str) -> dict:
	"""Record that the customer signed on paper (G1)."""
	opened.readable(name)
	return _state(confirm.attach_paper(name, content_hash, file, confirmed_by, confirmed_on))


@frappe.whitelist(methods=["POST"])
def make_link(name: str, content_hash: str) -> dict:
	"""Return a link for the customer, once (G1)."""
	opened.readable(name)
	return {"url": confirm.make_link(name, content_hash)}


@frappe.whitelist(methods=["POST"])
def put_forward(name: str, content_hash: str) -> dict:
	"""Put a slip forward (G1, G7)."""
	opened.readable(name)
	return _state(forward.put_forward(name, content_hash))


@frappe.whitelist(methods=["POST"])
def withdraw(name: str, content_hash: str, reason: str = "", signature: str | dict | None = None) -> dict:
	"""Withdraw a slip that is not decided (G1)."""
	opened.readable(name)
	with signing.pen(signature):
		return _state(forward.withdraw(name, content_hash, reason))


# The token is the permission: whoever holds the link speaks for the customer, and sees this slip only.
@frappe.whitelist(methods=["POST"], allow_guest=True)
@rate_limit(limit=20, seconds=60 * 60)
def confirm_by_link(
	token: str, confirmed_by: str = "", rows: str | list | None = None, agreed: int | str = 0
) -> dict:
	"""Record the customer's confirmation (G1)."""
	confirm.by_link(token, confirmed_by, _rows(rows), agreed)
	return {"confirmed": True}


def _may_make() -> None:
	frappe.has_permission(opened.DOCTYPE, "create", throw=True)


def _state(slip: Document) -> dict[str, Any]:
	return {"name": slip.name, "state": slip.workflow_state}


def _rows(given: str | list | None) -> list:
	try:
		rows = json.loads(given) if isinstance(given, str) else given
	except ValueError:
		rows = None
	if not isinstance(rows, list) or len(rows) > 1000:
		refuse_one("G1", mark("Say what comes back."))
	return rows
