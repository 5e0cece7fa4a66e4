"""What the forms of acknowledgements, notices and letters may call about a change. Each checks permission
first and is one transaction; nothing is decided in the browser (E1, E6, E7, F5).
"""

import frappe
from frappe.model.document import Document

from qms_customer.contract import distribution, distribution_panel, letters, notices, people, telling
from qms_customer.contract.proposed import NOTICE, ORDER
from qms_customer.messages import refuse_one
from qms_customer.records import signing
from qms_customer.rules import mark
from qms_customer.rules import notice as rules


@frappe.whitelist(methods=["GET", "POST"])
def get_acknowledgement_panel(name: str) -> dict:
	"""Return what the form of an acknowledgement shows, and whether this person may give it (E6)."""
	return distribution_panel.of_acknowledgement(_readable(distribution.DOCTYPE, name))


@frappe.whitelist(methods=["GET", "POST"])
def get_distribution(notice: str) -> dict:
	"""Return who has acknowledged a change, and whether the customer was told (E6, E7)."""
	return distribution_panel.of_notice(_readable(NOTICE, notice))


@frappe.whitelist(methods=["POST"])
def acknowledge(name: str, content_hash: str, comment: str = "", signature: str | dict | None = None) -> dict:
	"""Acknowledge a change for one's department (E6)."""
	_readable(distribution.DOCTYPE, name)
	with signing.pen(signature):
		return {"workflow_state": distribution.acknowledge(name, content_hash, comment).workflow_state}


@frappe.whitelist(methods=["GET", "POST"])
def draft_result(notice: str, language: str = "") -> dict:
	"""Return the message to the customer for a person to look at (E7, F5)."""
	return telling.draft(_readable(NOTICE, notice), language)


@frappe.whitelist(methods=["POST"])
def tell_result(
	notice: str,
	how: str,
	subject: str = "",
	message: str = "",
	recipients: str = "",
	whom: str = "",
	told_on: str = "",
) -> dict:
	"""Tell the customer the result of a change, or record how they were told (E7, F5)."""
	_readable(NOTICE, notice)
	told = telling.tell(notice, how, subject, message, recipients, whom, told_on)
	return {"told_on": str(told.told_on), "communication": told.told_communication}


@frappe.whitelist(methods=["GET", "POST"])
def get_orders_about(communication: str) -> dict:
	"""Return the contracts that a letter may be about (E1)."""
	return letters.about(_letter(communication))


@frappe.whitelist(methods=["POST"])
def make_notice_of(communication: str, order: str, kind: str = "Change", reason: str = "") -> dict:
	"""Make a change notice of a customer's letter, which stays with it as evidence (E1)."""
	letter = _letter(communication)
	if not frappe.db.exists(ORDER, order):
		refuse_one("E1", mark("{0} is no committed contract: it needs no change notice."), order)
	doc = _readable(ORDER, order)
	return {"name": notices.make(doc, kind, rules.CUSTOMER, reason, "", letter.name).name}


def _letter(name: str) -> Document:
	letter = frappe.get_doc(letters.COMMUNICATION, name)
	letter.check_permission("read")
	return letter


def _readable(doctype: str, name: str) -> Document:
	doc = frappe.get_doc(doctype, name)
	people.check_readable(doc)
	return doc
