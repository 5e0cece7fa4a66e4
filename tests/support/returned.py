"""Deliveries that customers return something of, and return slips up to putting them forward."""

from __future__ import annotations

from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import nowdate

from qms_customer.returns import make, opened
from qms_customer.returns import return_api as api
from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support import sales
from tests.support.people import as_user
from tests.support.staged import staged

SLIP = "Return Slip"


@staged
def device(**values: Any) -> str:
	"""Return an item with batches."""
	return c.item(has_batch_no=1, create_new_batch=0, **values)


@staged
def delivered(quantity: float = 10, customer: str = "", code: str = "", **row: Any) -> Document:
	"""Return the submitted delivery note of one batch of an item."""
	code = code or device()
	batch = row.pop("batch_no", "") or sales.batch(code, quantity * 3 * (row.get("conversion_factor") or 1))
	return sales.delivered(
		customer or c.customer(), {"item_code": code, "qty": quantity, "batch_no": batch, **row}
	)


@staged
def slip(world: c.World, note: Document, *quantities: float, **values: Any) -> Document:
	"""Return the draft slip that Sales makes of a delivery; `quantities`: of its rows, else all of it."""
	with as_user(world.second_sales()):
		doc = make.from_delivery(note.doctype, note.name)
		doc.update({"wanted": "Exchange", **values})
		for row, quantity in zip(list(doc.items), quantities, strict=False):
			row.qty = quantity
		for row in doc.items:
			row.reason_details = "Leaks"
		return doc.insert()


def shown(doc: Document) -> str:
	"""Return the hash of what the form shows now."""
	return opened.shown_hash(frappe.get_doc(SLIP, doc.name))


@staged
def confirmed(world: c.World, doc: Document) -> Document:
	"""Sales attaches the paper that the customer has signed."""
	with as_user(world.second_sales()):
		api.attach_paper(doc.name, shown(doc), c.upload().file_url, "Dr Gu", nowdate())
	return doc.reload()


@staged
def put_forward(world: c.World, doc: Document) -> Document:
	"""Sales puts a confirmed slip forward."""
	with as_user(world.second_sales()):
		api.put_forward(doc.name, shown(doc))
	return doc.reload()


@staged
def claiming(world: c.World, note: Document, *quantities: float, **values: Any) -> Document:
	"""Return a slip that was confirmed and put forward."""
	return put_forward(world, confirmed(world, slip(world, note, *quantities, **values)))


@staged
def approved_slip(world: c.World, note: Document, *quantities: float, **values: Any) -> Document:
	"""Return a slip that the business manager, and for a bulk return the general manager, has approved."""
	from tests.support import claims

	doc = claiming(world, note, *quantities, **values)
	for role in (roles.BUSINESS_MANAGER, *((roles.GENERAL_MANAGER,) if doc.is_bulk else ())):
		claims.decide(doc, world.person(role))
	return doc
