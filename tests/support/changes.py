"""Change notices for the tests: made, put forward, confirmed and decided by the right people."""

from __future__ import annotations

from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import add_days, now_datetime

from qms_customer.contract import change_api as api
from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support.people import as_user
from tests.support.staged import staged

NOTICE = "Contract Change Notice"
GOOD: dict[str, Any] = {
	"reason": "The hospital opens its ward earlier",
	"reason_category": "Customer's Requirement",
	"affects_production": "No",
}


@staged
def make(world: c.World, order: Document, kind: str = "Change", **values: Any) -> Document:
	"""Return a draft notice on an order, made by the second person of Sales."""
	with as_user(world.second_sales()):
		name = api.make_notice(order.name, kind, values.pop("asked_by", "Customer"))["name"]
		notice = frappe.get_doc(NOTICE, name)
		notice.update({**GOOD, **values})
		notice.save()
	return notice


@staged
def edit(world: c.World, notice: Document, **line: Any) -> Document:
	"""Propose new values for the first line, as Sales."""
	with as_user(world.second_sales()):
		notice.reload()
		notice.lines[0].update(line)
		notice.save()
	return notice


def shown(notice: Document) -> str:
	"""Return the hash that the form of the notice would send back."""
	return api.get_notice_panel(notice.name)["hash"]


@staged
def forward(world: c.World, notice: Document, again_reason: str = "") -> Document:
	"""Put a notice forward, as Sales."""
	with as_user(world.second_sales()):
		api.put_forward(notice.name, shown(notice), again_reason)
	return notice.reload()


@staged
def confirm(world: c.World, notice: Document, how: str = "E-mail", **values: Any) -> Document:
	"""Record the customer's confirmation, as Sales; with evidence unless it was a call."""
	if how != "Call" and "evidence" not in values:
		values["evidence"] = c.upload().file_url
	with as_user(world.second_sales()):
		api.confirm(notice.name, shown(notice), "Dr. Li", str(now_datetime()), how, **values)
	return notice.reload()


def forward_and_confirm(world: c.World, notice: Document, how: str = "E-mail", **values: Any) -> Document:
	"""Put a notice forward and record the customer's confirmation, as Sales."""
	return confirm(world, forward(world, notice), how, **values)


@staged
def answer_plan(
	world: c.World, notice: Document, answer: str = "Not Affected", comment: str = "/"
) -> Document:
	"""Answer for the production plan, as PMC."""
	with as_user(world.person(roles.PLANNING)):
		api.answer_plan(notice.name, shown(notice), answer, comment)
	return notice.reload()


@staged
def decide(notice: Document, user: str, decision: str = "Approved", comment: str = "/") -> Document:
	"""Decide a notice that needs no review."""
	with as_user(user):
		api.decide_notice(notice.name, decision, shown(notice), comment)
	return notice.reload()


def review_of(notice: Document) -> Document:
	"""Return the review of a notice."""
	return frappe.get_doc("Contract Review", notice.contract_review)


@staged
def agree(world: c.World, notice: Document) -> Document:
	"""Have all departments agree to a notice in review, and return the review."""
	review = review_of(notice)
	for department in frappe.get_all(
		"Contract Review Opinion",
		filters={"contract_review": review.name, "docstatus": 0},
		pluck="department",
		order_by="creation",
	):
		# The second person of Sales made the notice.
		c.answer(world, review, department, world.sales if department == "Sales" else None)
	return review.reload()


@staged
def apply(world: c.World, notice: Document) -> Document:
	"""Take a draft that needs a review through it, to the changed order, and return the notice."""
	world.everybody()
	forward_and_confirm(world, notice)
	review = agree(world, notice)
	c.decide(review, world.vp if review.approver_role == roles.SALES_VP else world.gm)
	return notice.reload()


def edited(world: c.World, order: Document, **line: Any) -> Document:
	"""Return a draft notice that proposes new values for the first line."""
	return edit(world, make(world, order), **line)


def shifted(world: c.World, order: Document, days: int, **values: Any) -> Document:
	"""Return a draft notice that shifts the first line's date by some days."""
	notice = make(world, order, **values)
	return edit(world, notice, new_delivery_date=add_days(notice.lines[0].old_delivery_date, days))
