"""Goods that come back by ERPNext's own return, past a return slip: refused, or said, by setting (G1, G2)."""

from collections.abc import Iterator

import frappe
from frappe import _
from frappe.model.document import Document

from qms_customer.contract import scope
from qms_customer.contract.settings import settings
from qms_customer.erp.delivery_note import is_internal_transfer
from qms_customer.erp.release import stock_items
from qms_customer.messages import refuse, warn
from qms_customer.returns import counter, making
from qms_customer.rules import mark
from qms_customer.rules.returns import ALLOW, REFUSE, WARN
from qms_customer.rules.review import Refusal

SLIP = "Return Slip"


def before_validate(doc: Document, method: str | None = None) -> None:
	"""A submit that skips ERPNext's validation does not skip the door (G1)."""
	if doc.flags.ignore_validate and doc.docstatus == 1:
		before_submit(doc)


def before_submit(doc: Document, method: str | None = None) -> None:
	"""Refuse goods that come back without a step of a return slip, or say so, as the settings have it
	(G1, G2).

	That a document names a slip proves nothing: what counts is that a step of the slip submits it, in this
	process, now; at the till, that an approved slip awaits these goods. Credit that moves no stock passes.
	"""
	making.uncover(doc)
	if making.moves(doc.doctype, doc.name):
		return
	slips: list[str] = []
	if doc.doctype == counter.COUNTER and doc.get("is_return"):
		# Whatever the setting: what a slip awaits is booked on it.
		slip, slips = counter.covering(doc)
		if slip:
			counter.cover(doc, slip)
			return
	counter.repeat(doc)
	mode = policy()
	if mode == ALLOW or not _comes_back(doc) or is_internal_transfer(doc):
		return
	found = _refusals(doc, slips)
	if mode == WARN:
		warn(found, _make_slip(doc))
	else:
		refuse(found, action=_make_slip(doc))


def policy() -> str:
	"""Return what the settings say of returns without a slip; refused where they say nothing (G1)."""
	mode = settings().get("plain_returns")
	return mode if mode in (WARN, ALLOW) else REFUSE


def _comes_back(doc: Document) -> bool:
	"""Return whether goods that are looked at come back with a document; nothing is asked of a delivery.

	An invoice that POS Closing makes repeats returns that passed here one by one, and its own door has it
	proved (D4).
	"""
	if doc.doctype == "Sales Invoice" and (not doc.get("update_stock") or doc.get("is_consolidated")):
		return False
	codes = set(_coming(doc))
	return bool(codes) and bool(scope.covered_items(doc.company, stock_items(codes)))


def _coming(doc: Document) -> Iterator[str]:
	"""The items of rows, and the parts of bundles, that come back if they are kept in stock."""
	for row in (*doc.items, *(doc.get("packed_items") or ())):
		if row.item_code and (doc.is_return or (row.qty or 0) < 0 or (row.get("stock_qty") or 0) < 0):
			yield row.item_code


def _refusals(doc: Document, slips: list[str]) -> list[Refusal]:
	found = [
		Refusal(
			"G1",
			mark(
				"{0} brings goods back without a return slip, on which the customer says what comes back and "
				"why. Make one on {1}: Create, Return Slip."
			),
			(doc.name or "?", doc.get("return_against") or mark("the delivery")),
		)
	]
	if doc.doctype != counter.COUNTER:
		found.append(
			Refusal(
				"G2",
				mark(
					"The business manager approves the slip. The return is then made by it, with Goods "
					"Received."
				),
			)
		)
		return found
	found.append(
		Refusal(
			"G2",
			mark(
				"The business manager approves the slip. Once its goods are awaited back, the till returns "
				"what it says."
			),
		)
	)
	if slips:
		found.append(
			Refusal(
				"G7",
				mark(
					"Return slip {0} does not cover this: other items, batches or serial numbers, or more "
					"than is still to come."
				),
				(", ".join(slips),),
			)
		)
	return found


def _make_slip(doc: Document) -> dict | None:
	"""The button of a message that begins the slip of the delivery that is returned (G1)."""
	against = doc.get("return_against")
	if not against or not frappe.has_permission(SLIP, "create"):
		return None
	return {
		"label": _("Make Return Slip"),
		"client_action": "qms_customer.make_return_slip",
		"args": {"doctype": doc.doctype, "name": against},
		"hide_on_success": True,
	}
