"""What the form of a return slip may call about its goods once it is approved. Each checks permission first
and is one transaction (G6, G7).
"""

import json
from typing import Any

import frappe
from frappe.model.document import Document

from qms_customer.contract.facts import number
from qms_customer.records import signing
from qms_customer.returns import (
	accounted,
	arrival,
	credit,
	destruction,
	disposition,
	exchange,
	given,
	goods_panel,
	opened,
	route,
	taking_back,
)
from qms_customer.rules import disposal, mark

UNREADABLE = mark("The rows cannot be read. Reload the form and start again.")


@frappe.whitelist(methods=["GET", "POST"])
def get_goods(name: str) -> dict:
	"""Return what the form shows of the goods of a slip, and may do (G6)."""
	return goods_panel.panel(opened.readable(name))


@frappe.whitelist(methods=["POST"])
def decide_route(
	name: str,
	content_hash: str,
	route_to: str,
	freight: float | str | None = None,
	reason: str = "",
	signature: str | dict | None = None,
) -> dict:
	"""Decide by cost where the goods go, as Sales (G6, K3)."""
	opened.readable(name)
	with signing.pen(signature):
		return _moved(route.decide(name, content_hash, route_to, freight, reason))


@frappe.whitelist(methods=["POST"])
def receive(name: str, content_hash: str, rows: str | list | None = None) -> dict:
	"""Book goods that arrived into quarantine (G6)."""
	opened.readable(name)
	return _moved(arrival.receive(name, content_hash, opened.sent_rows(rows, "G6", UNREADABLE)))


@frappe.whitelist(methods=["POST"])
def write_off(
	name: str,
	content_hash: str,
	rows: str | list | None = None,
	reason: str = "",
	signature: str | dict | None = None,
) -> dict:
	"""Record that goods will not come after all, as Sales (G6, K3)."""
	opened.readable(name)
	with signing.pen(signature):
		return _moved(arrival.write_off(name, content_hash, opened.sent_rows(rows, "G6", UNREADABLE), reason))


@frappe.whitelist(methods=["POST"])
def record_destruction(
	name: str,
	content_hash: str,
	rows: str | list | None = None,
	evidence: str | dict | None = None,
	signature: str | dict | None = None,
) -> dict:
	"""Record that goods were destroyed where they are, with the evidence (G6, K3)."""
	opened.readable(name)
	with signing.pen(signature):
		return _moved(
			destruction.record(
				name, content_hash, opened.sent_rows(rows, "G6", UNREADABLE), _values(evidence)
			)
		)


@frappe.whitelist(methods=["POST"])
def make_inspection(
	name: str, item: str, batch: str = "", template: str = "", source: str = disposal.RETURNED
) -> dict:
	"""Make the draft inspection of goods in quarantine (G6)."""
	opened.readable(name)
	return {"name": arrival.inspect(name, item, batch, template, source).name}


@frappe.whitelist(methods=["POST"])
def dispose(
	name: str,
	content_hash: str,
	item: str,
	disposition_of: str,
	qty: float | str,
	batch: str = "",
	serial_nos: str = "",
	comment: str = "",
	quality_inspection: str = "",
	target: str = "",
	non_conformance: str = "",
	procedure: str = "",
	source: str = disposal.RETURNED,
	signature: str | dict | None = None,
) -> dict:
	"""Decide what becomes of goods in quarantine, as Quality (G6, K3)."""
	opened.readable(name)
	wanted = disposal.Disposing(
		item, batch, number(qty), disposition_of, accounted.serials(serial_nos), comment, source
	)
	with signing.pen(signature):
		slip = disposition.decide(
			name, content_hash, wanted, quality_inspection, target, non_conformance, procedure
		)
	return _moved(slip)


@frappe.whitelist(methods=["POST"])
def take_back(
	name: str, content_hash: str, row: str, reason: str = "", signature: str | dict | None = None
) -> dict:
	"""Take back what was booked by mistake (G6, K3)."""
	opened.readable(name)
	with signing.pen(signature):
		return _moved(taking_back.take_back(name, content_hash, row, reason))


@frappe.whitelist(methods=["POST"])
def decide_given(
	name: str, content_hash: str, instead: str, reason: str = "", signature: str | dict | None = None
) -> dict:
	"""Decide what is given instead of what was asked for, or that nothing more is (G6, K3)."""
	opened.readable(name)
	with signing.pen(signature):
		return _moved(given.decide(name, content_hash, instead, reason))


@frappe.whitelist(methods=["POST"])
def draft_replacement(name: str, content_hash: str) -> dict:
	"""Draft the delivery note of the replacement (G6, G7)."""
	opened.readable(name)
	return {"name": exchange.draft_replacement(name, content_hash).name}


@frappe.whitelist(methods=["POST"])
def draft_credit_notes(name: str, content_hash: str) -> list[str]:
	"""Draft the credit notes for Finance (G6)."""
	opened.readable(name)
	return [doc.name for doc in credit.draft(name, content_hash)]


def _moved(slip: Document) -> dict:
	return {"workflow_state": slip.workflow_state}


def _values(given: str | dict | None) -> dict[str, Any]:
	try:
		found = json.loads(given) if isinstance(given, str) and given else given
	except ValueError:
		found = None
	found = found or {}
	return found if isinstance(found, dict) and opened.is_plain(found) else {}
