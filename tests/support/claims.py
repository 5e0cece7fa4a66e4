"""Return slips with a quality claim: put forward, tested, explained and decided by the right people."""

from __future__ import annotations

from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import now_datetime, nowdate

from qms_customer.contract import states
from qms_customer.records.token import moving
from qms_customer.returns import approval, claim, slips
from qms_customer.returns import claim_api as api
from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support import sales
from tests.support.company import ABBR, COMPANY, CURRENCY
from tests.support.people import as_user
from tests.support.staged import staged

SLIP = "Return Slip"


@staged
def template() -> str:
	"""Return an inspection template with one measured parameter, good from 1 to 10."""
	parameter = c.unique("Sterility")
	frappe.get_doc({"doctype": "Quality Inspection Parameter", "parameter": parameter}).insert()
	doc = frappe.get_doc(
		{
			"doctype": "Quality Inspection Template",
			"quality_inspection_template_name": c.unique("QIT"),
			"item_quality_inspection_parameter": [
				{"specification": parameter, "numeric": 1, "min_value": 1, "max_value": 10}
			],
		}
	)
	return doc.insert().name


@staged
def device(**values: Any) -> str:
	"""Return an item with batches and an inspection template."""
	values = {"quality_inspection_template": template(), **values}
	return c.item(has_batch_no=1, create_new_batch=0, **values)


@staged
def place(flag: str, name: str = "") -> str:
	"""Return a new warehouse that carries a flag of ours."""
	doc = frappe.get_doc(
		{
			"doctype": "Warehouse",
			"warehouse_name": name or c.unique("W"),
			"company": COMPANY,
			"parent_warehouse": f"All Warehouses - {ABBR}",
			flag: 1,
		}
	)
	return doc.insert().name


@staged
def sold(code: str, quantity: float = 10, stock: float = 25, customer: str = "") -> tuple[str, str]:
	"""Return customer and batch: `quantity` of a batch of `stock` pieces were delivered."""
	batch, customer = sales.batch(code, stock), customer or c.customer()
	sales.delivered(customer, {"item_code": code, "qty": quantity, "batch_no": batch})
	return customer, batch


@staged
def put_forward(
	world: c.World,
	customer: str,
	*rows: tuple[str, str, float],
	claimed: bool = True,
	**values: Any,
) -> Document:
	"""Return a slip that Sales has put forward; rows of item, batch and quantity."""
	with as_user(world.second_sales()):
		slip = frappe.get_doc(
			{
				"doctype": SLIP,
				"customer": customer,
				"customer_name": frappe.db.get_value("Customer", customer, "customer_name"),
				"company": COMPANY,
				"posting_date": nowdate(),
				"currency": CURRENCY,
				"is_quality_claim": int(claimed),
				"put_forward_by": frappe.session.user,
				"put_forward_on": now_datetime(),
				"items": [
					{"item_code": i, "batch_no": b, "qty": q, "stock_qty": q, "reason_details": "Leaks"}
					for i, b, q in rows
				],
				**values,
			}
		)
		claim.prepare(slip)
		slips.settle(slip)
		with moving(slip, "Put Forward"):
			slip.insert(ignore_permissions=True)
		if slip.workflow_state == states.RETURN_PENDING:
			approval.ask(slip)
		claim.ask(slip)
	return slip


@staged
def claimed(world: c.World, quantity: float = 4, **values: Any) -> Document:
	"""Return a put forward claim on one batch."""
	code = device()
	customer, batch = sold(code)
	return put_forward(world, customer, (code, batch, quantity), **values)


def shown(slip: Document) -> str:
	"""Return the hash that the form of the slip would send back."""
	return api.get_claim(slip.name)["hash"]


@staged
def inspected(world: c.World, slip: Document, reading: str = "5", row: int = 0, submit: bool = True) -> str:
	"""Return the inspection of a row's retained sample, with this reading, made by Quality."""
	with as_user(world.person(roles.QUALITY)):
		name = api.make_inspection(slip.name, slip.sample_tests[row].name)["name"]
		doc = frappe.get_doc("Quality Inspection", name)
		doc.readings[0].reading_1 = reading
		doc.save()
		if submit:
			doc.submit()
	slip.reload()
	return name


@staged
def found(
	world: c.World, slip: Document, finding: str, inspection: str = "", comment: str = "/", row: int = 0
) -> Document:
	"""Record a finding as Quality."""
	with as_user(world.person(roles.QUALITY)):
		api.find(
			slip.name,
			shown(slip),
			[
				{
					"row": slip.sample_tests[row].name,
					"finding": finding,
					"quality_inspection": inspection,
					"comment": comment,
				}
			],
		)
	return slip.reload()


@staged
def good(world: c.World, slip: Document) -> Document:
	"""The sample is good."""
	return found(world, slip, "Good", inspected(world, slip))


@staged
def bad(world: c.World, slip: Document) -> Document:
	"""The sample is bad."""
	return found(world, slip, "Bad", inspected(world, slip, "20"))


@staged
def explained(world: c.World, slip: Document) -> Document:
	"""Sales explains the finding."""
	with as_user(world.second_sales()):
		api.explain(slip.name, shown(slip), "The sample is tight, see the report")
	return slip.reload()


@staged
def answered(world: c.World, slip: Document, answer: str, **values: Any) -> Document:
	"""Sales records the customer's answer."""
	with as_user(world.second_sales()):
		api.record_answer(
			slip.name,
			shown(slip),
			answer,
			**{"answered_by": "Dr Gu", "answered_on": nowdate(), "comment": "/", **values},
		)
	return slip.reload()


@staged
def decide(slip: Document, user: str, decision: str = "Approved", comment: str = "/") -> Document:
	"""Decide a slip as a user, on what its form shows now."""
	with as_user(user):
		api.decide(slip.name, decision, shown(slip), comment)
	return slip.reload()
