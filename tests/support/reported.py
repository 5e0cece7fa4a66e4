"""Complaints, and what Quality decides and sends about them to regulators."""

from __future__ import annotations

from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import add_to_date, now_datetime

from qms_customer.feedback import complaint_api, decisions, reporting
from qms_customer.feedback import reporting_api as api
from qms_customer.records.token import moving
from qms_customer.returns import opened
from qms_customer.rules import owed_next
from qms_customer.rules import people as roles
from qms_customer.rules import reportability as rules
from tests.support import contracts as c
from tests.support.company import COMPANY
from tests.support.people import as_user
from tests.support.staged import staged

DECISION, COMPLAINT = "Reportability Decision", "Customer Complaint"


@staged
def device(*regimes: str, **values: Any) -> str:
	"""Return an item that is marketed in these regimes."""
	return c.item(qms_markets=[{"regime": regime} for regime in regimes], **values)


@staged
def complaint(*regimes: str, **values: Any) -> Document:
	"""Return a complaint about a product of these markets, whose reportability was asked."""
	customer = values.pop("customer", "") or c.customer()
	doc = frappe.get_doc(
		{
			"doctype": COMPLAINT,
			"company": COMPANY,
			"customer": customer,
			"customer_name": frappe.db.get_value("Customer", customer, "customer_name"),
			"item_code": None if "item_code" in values else device(*regimes),
			"received_on": add_to_date(now_datetime(), minutes=-30),
			"aware_on": add_to_date(now_datetime(), hours=-1),
			"details": "It stopped",
			**values,
		}
	)
	doc.flags.ignore_mandatory = True
	with moving(doc, "Complaint Opened"):
		doc.insert(ignore_permissions=True)
	reporting.ask(doc)
	return doc.reload()


def of(doc: Document, regime: str) -> Document:
	"""Return the decision of a complaint in a regime."""
	return frappe.get_doc(DECISION, {"complaint": doc.name, "regime": regime})


def shown(doc: Document) -> str:
	"""Return the hash of what the form shows now, of a decision or of a complaint."""
	doc = frappe.get_doc(doc.doctype, doc.name)
	if doc.doctype == COMPLAINT:
		return opened.shown_hash(doc)
	return decisions.shown_hash(doc, frappe.get_doc(COMPLAINT, doc.complaint))


@staged
def answer(world: c.World, doc: Document, reason: str = "It was clarified", **answers: str) -> Document:
	"""Quality answers the questionnaire: "No" but for what is given. `reason`: why a "Yes" is taken back."""
	given = {**dict.fromkeys(rules.QUESTIONS, rules.NO), **answers}
	with as_user(world.person(roles.QUALITY)):
		api.answer(doc.name, shown(doc), given, reason)
	return doc.reload()


@staged
def decide(world: c.World, decision: Document, what: str, reason: str = "/", **more: str) -> Document:
	"""Quality decides."""
	with as_user(world.person(roles.QUALITY)):
		api.decide(decision.name, shown(decision), what, reason, **more)
	return decision.reload()


@staged
def send(world: c.World, decision: Document, **values: Any) -> Document:
	"""Quality records what was exchanged: an initial report, after which nothing more is owed, unless said
	otherwise.
	"""
	which = (values.get("direction", rules.TO), values.get("kind", rules.INITIAL))
	choices = owed_next.AFTER.get(which, ())
	with as_user(world.person(roles.QUALITY)):
		exchange = {
			"direction": rules.TO,
			"kind": rules.INITIAL,
			"what": "Event Report",
			"number": "2026-1",
			"on": str(now_datetime())[:19],
			"file": c.upload().file_url if "file" not in values else "",
			"comment": "",
			"owed_next": owed_next.NOTHING_MORE if len(choices) > 1 else "",
			"next_day": str(add_to_date(now_datetime(), days=30))[:10] if choices == (rules.ANSWER,) else "",
			**values,
		}
		api.record_exchange(decision.name, shown(decision), exchange)
	return decision.reload()


@staged
def correct(world: c.World, doc: Document, aware_on: Any, reason: str, role: str = roles.QUALITY) -> Document:
	"""Somebody corrects when it was first known."""
	with as_user(world.person(role)):
		complaint_api.correct_awareness(doc.name, shown(doc), str(aware_on), reason)
	return doc.reload()
