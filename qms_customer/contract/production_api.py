"""What the forms may call about production. Each checks permission first; nothing is decided in the
browser.
"""

import json

import frappe
from frappe.model.document import Document
from frappe.utils import cint

from qms_customer.contract import people, production, production_make, production_panel, progress_mail
from qms_customer.messages import refuse_one
from qms_customer.records import signing
from qms_customer.rules import mark


@frappe.whitelist(methods=["GET", "POST"])
def get_order(name: str) -> dict:
	"""Return what the form of a sales order shows of production and delivery (M1, D3)."""
	return production_panel.of_order(_readable(production.ORDER, name))


@frappe.whitelist(methods=["GET", "POST"])
def get_notice(name: str) -> dict:
	"""Return what the form of a production notice shows and may do (D3, A7)."""
	return production_panel.of_notice(_readable(production.DOCTYPE, name))


@frappe.whitelist(methods=["POST"])
def pass_on(
	order: str,
	task: str,
	content_hash: str,
	lines: str | list | None = None,
	supersedes: str = "",
	signature: str | dict | None = None,
) -> dict:
	"""Pass the task of an order on to production, as PMC; returns the notice (D3).

	`lines`: rows of order_row, item_code, qty, planned_start and planned_finish, or the same as JSON.
	"""
	doc = _readable(production.ORDER, order)
	with signing.pen(signature):
		return {"name": production.pass_on(doc, _rows(lines), task, content_hash, supersedes).name}


@frappe.whitelist(methods=["POST"])
def release(name: str, content_hash: str, comment: str = "", signature: str | dict | None = None) -> dict:
	"""Release a notice to the workshop, as Production (D3, A7)."""
	_readable(production.DOCTYPE, name)
	with signing.pen(signature):
		return {"workflow_state": production.release(name, content_hash, comment).workflow_state}


@frappe.whitelist(methods=["POST"])
def withdraw(name: str, content_hash: str, reason: str = "", signature: str | dict | None = None) -> dict:
	"""Withdraw a notice by which nothing was made, as Production or PMC (D3)."""
	_readable(production.DOCTYPE, name)
	with signing.pen(signature):
		notice = production.withdraw(name, content_hash, reason)
		return {"workflow_state": notice.workflow_state, "still_running": notice.still_running or ""}


@frappe.whitelist(methods=["POST"])
def make_work_orders(name: str) -> list[str]:
	"""Make draft work orders of what a released notice still asks for; returns their names (D3)."""
	_readable(production.DOCTYPE, name)
	return production_make.work_orders(name)


@frappe.whitelist(methods=["POST"])
def make_production_plan(name: str) -> dict:
	"""Make a draft production plan of what a released notice still asks for (D3)."""
	_readable(production.DOCTYPE, name)
	return {"name": production_make.plan(name)}


@frappe.whitelist(methods=["GET", "POST"])
def draft_message(order: str) -> dict:
	"""Return the e-mail with which the customer is told how far the order is (F5)."""
	return progress_mail.draft(_mailable(order))


@frappe.whitelist(methods=["POST"])
def tell_customer(
	order: str, subject: str, message: str, recipients: str = "", by_mail: bool | int | str = True
) -> dict:
	"""Tell the customer how far the order is, and keep what was said (F5)."""
	doc = _mailable(order)
	return {"name": progress_mail.send(doc, recipients, subject, message, bool(cint(by_mail)))}


def _mailable(name: str) -> Document:
	doc = _readable(production.ORDER, name)
	doc.check_permission("email")
	return doc


def _readable(doctype: str, name: str) -> Document:
	doc = frappe.get_doc(doctype, name)
	people.check_readable(doc)
	return doc


def _rows(lines: str | list | None) -> list[dict]:
	"""The lines as rows of plain values; anything else that a client sends is refused (D3)."""
	try:
		rows = json.loads(lines) if isinstance(lines, str) and lines else lines
	except ValueError:
		rows = lines
	rows = rows or []
	plain = (str, int, float, type(None))
	if not isinstance(rows, list) or not all(
		isinstance(r, dict) and all(isinstance(v, plain) for v in r.values()) for r in rows
	):
		refuse_one("D3", mark("The lines cannot be read. Reload the form and pass the task on again."))
	return rows
