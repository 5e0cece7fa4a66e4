"""The till: a point of sale, what is sold there, and the review that stands for its sales."""

from __future__ import annotations

from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import get_datetime

from tests.support import contracts as c
from tests.support.company import ABBR, COMPANY, CURRENCY
from tests.support.staged import staged


@staged
def till(cashier: str = "Administrator") -> Document:
	"""Return an open point of sale."""
	account = frappe.db.get_value("Company", COMPANY, ["default_cash_account", "cost_center"], as_dict=True)
	profile = frappe.get_doc(
		{
			"doctype": "POS Profile",
			"__newname": c.unique("Till"),
			"company": COMPANY,
			"currency": CURRENCY,
			"warehouse": c.warehouse(),
			"write_off_account": f"Write Off - {ABBR}",
			"write_off_cost_center": account.cost_center,
			"account_for_change_amount": account.default_cash_account,
			"selling_price_list": "Standard Selling",
			"payments": [{"mode_of_payment": "Cash", "default": 1}],
		}
	).insert()
	opening = frappe.get_doc(
		{
			"doctype": "POS Opening Entry",
			"company": COMPANY,
			"pos_profile": profile.name,
			"user": cashier,
			"period_start_date": get_datetime(),
			"balance_details": [{"mode_of_payment": "Cash", "opening_amount": 0}],
		}
	).insert()
	opening.submit()
	return opening


@staged
def sale(opening: Document, customer: str, *rows: dict[str, Any], **values: Any) -> Document:
	"""Return a stored draft POS Invoice, paid in cash."""
	doc = frappe.get_doc(
		{
			"doctype": "POS Invoice",
			"company": COMPANY,
			"customer": customer,
			"pos_profile": opening.pos_profile,
			"is_pos": 1,
			"update_stock": 1,
			"currency": CURRENCY,
			"conversion_rate": 1,
			"items": [{"qty": 1, "rate": 100, "warehouse": c.warehouse(), **row} for row in rows],
			"payments": [{"mode_of_payment": "Cash", "amount": 0}],
			**values,
		}
	)
	return pay(doc)


@staged
def pay(doc: Document) -> Document:
	"""Pay a draft in full and store it."""
	for payment in doc.payments:
		payment.amount = 0
	doc.paid_amount = doc.base_paid_amount = 0
	doc.save()
	doc.payments[0].amount = doc.rounded_total or doc.grand_total
	return doc.save()


@staged
def standing(world: c.World, contract: Document) -> Document:
	"""Have a contract approved as the standing review of counter sales, and return the review."""
	review = c.approve(world, contract)
	contract.reload().submit()
	settings = frappe.get_doc("QMS Customer Settings")
	settings.update({"standing_review": review.name, "change_reason": "Counter sales"})
	c.save_settings(settings)
	return review
