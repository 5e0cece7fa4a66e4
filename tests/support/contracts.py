"""A device maker's world for the tests: people by role, items with standards, customers, orders, reviews."""

from __future__ import annotations

import itertools
from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import add_days, nowdate

from qms_customer.contract import api, permit
from qms_customer.rules import people as roles
from qms_customer.rules.contract import CLASSES, ORDER
from tests.support import pool
from tests.support.company import ABBR, COMPANY
from tests.support.people import as_user, make_user
from tests.support.pool import ERP_SALES
from tests.support.staged import staged

_numbers = itertools.count(1)

DEPARTMENT_ROLES = {
	"Sales": roles.SALES_USER,
	"R&D": roles.RND,
	"Quality": roles.QUALITY,
	"Production": roles.PRODUCTION,
	"PMC": roles.PLANNING,
	"Purchasing": roles.PURCHASING,
}


def unique(prefix: str) -> str:
	"""Return a name that no other test of this run uses."""
	return f"{prefix} {next(_numbers)}-{frappe.generate_hash(length=5)}"


class World:
	"""The people of one test, from the pool or made on first use; rolled back with the test."""

	def __init__(self) -> None:
		self._people: dict[str, str] = {}

	def person(self, role: str, *others: str) -> str:
		"""Return a user with this role of ours, the same one each time."""
		if role not in self._people:
			erp = ERP_SALES if role in (roles.SALES_USER, roles.BUSINESS_MANAGER) else ()
			self._people[role] = make_user(role, *others, *erp) if others else pool.enabled(role)
		return self._people[role]

	@property
	def sales(self) -> str:
		"""The salesperson who makes orders and starts reviews."""
		return self.person(roles.SALES_USER)

	@property
	def vp(self) -> str:
		"""The Sales VP."""
		return self.person(roles.SALES_VP)

	@property
	def gm(self) -> str:
		"""The general manager."""
		return self.person(roles.GENERAL_MANAGER)

	def everybody(self) -> None:
		"""Make one person for every department, the VP and the general manager."""
		for role in (*DEPARTMENT_ROLES.values(), roles.SALES_VP, roles.GENERAL_MANAGER):
			self.person(role)

	def second_sales(self) -> str:
		"""A second person of Sales, who gives its opinion when the first one prepared."""
		if "second sales" not in self._people:
			self._people["second sales"] = pool.enabled("second sales")
		return self._people["second sales"]


@staged
def cast(world: World) -> None:
	"""Give the people of a browser test names, and a device to sell: IP-200, made to order."""
	world.everybody()
	for role, name in (
		(roles.SALES_USER, "Li Na"),
		(roles.RND, "Wang Wei"),
		(roles.QUALITY, "Zhang Min"),
		(roles.PRODUCTION, "Chen Jun"),
		(roles.PLANNING, "Liu Yang"),
		(roles.PURCHASING, "Zhao Lei"),
		(roles.SALES_VP, "Sun Hong"),
		(roles.GENERAL_MANAGER, "Zhou Jian"),
	):
		frappe.db.set_value("User", world.person(role), {"first_name": name, "full_name": name})
	frappe.db.set_value("User", world.second_sales(), {"first_name": "He Jing", "full_name": "He Jing"})
	item(
		item_code="IP-200",
		item_name="Infusion Pump IP-200",
		qms_product_standard=standard(standard_number="Q/QTC 012-2025"),
	)


@staged
def standard(**values: Any) -> str:
	"""Return the name of a product standard, valid unless said otherwise."""
	doc = frappe.get_doc(
		{
			"doctype": "Product Standard",
			"standard_number": unique("Q/QTC"),
			"standard_version": "A/0",
			"valid_from": add_days(nowdate(), -100),
			"valid_to": add_days(nowdate(), 1000),
			**values,
		}
	)
	return doc.insert().name


@staged
def item(stock: float = 0, with_standard: bool = True, **values: Any) -> str:
	"""Return the code of a stock item with a valid standard and a lead time of 10 days; `stock` pieces on
	hand.
	"""
	code = unique("DEV")
	frappe.get_doc(
		{
			"doctype": "Item",
			"item_code": code,
			"item_name": code,
			"item_group": "All Item Groups",
			"stock_uom": "Nos",
			"is_stock_item": 1,
			"lead_time_days": 10,
			"valuation_rate": 10,
			"qms_product_standard": standard() if with_standard else None,
			**values,
		}
	).insert()
	if stock:
		receive(code, stock)
	return code


def warehouse() -> str:
	"""Return the warehouse that holds finished goods."""
	return f"Finished Goods - {ABBR}"


@staged
def receive(code: str, quantity: float, into: str | None = None) -> Document:
	"""Put stock on hand."""
	entry = frappe.get_doc(
		{
			"doctype": "Stock Entry",
			"stock_entry_type": "Material Receipt",
			"company": COMPANY,
			"items": [
				{"item_code": code, "qty": quantity, "t_warehouse": into or warehouse(), "basic_rate": 10}
			],
		}
	)
	entry.insert()
	entry.submit()
	return entry


@staged
def customer(**values: Any) -> str:
	"""Return the name of a customer."""
	return (
		frappe.get_doc(
			{
				"doctype": "Customer",
				"customer_name": unique("Hospital"),
				"customer_type": "Company",
				"customer_group": "All Customer Groups",
				"territory": "All Territories",
				**values,
			}
		)
		.insert()
		.name
	)


@staged
def save_settings(settings: Document) -> None:
	"""Save the settings as a management representative, who signs the change."""
	with as_user(make_user(roles.MANAGEMENT_REPRESENTATIVE)):
		settings.save()


@staged
def without_production_notices() -> None:
	"""Let work orders start without a production notice, where a test is about something else (D3)."""
	frappe.db.set_single_value("QMS Customer Settings", "production_needs_notice", 0)
	frappe.clear_document_cache("QMS Customer Settings", "QMS Customer Settings")


@staged
def plain_returns(policy: str = "Allow") -> None:
	"""Let goods come back without a return slip, where a test is about something else (G1, G2)."""
	frappe.db.set_single_value("QMS Customer Settings", "plain_returns", policy)
	frappe.clear_document_cache("QMS Customer Settings", "QMS Customer Settings")


@staged
def upload(**values: Any) -> Document:
	"""Return a private file that was uploaded, with bytes of its own."""
	name, text = f"{frappe.generate_hash(length=8)}.txt", frappe.generate_hash()
	return frappe.get_doc(
		{"doctype": "File", "file_name": name, "content": text, "is_private": 1, **values}
	).insert()


@staged
def payment_terms() -> str:
	"""Return the name of a payment terms template: all of it, 30 days after the invoice."""
	name = "QMS 30 Days"
	if not frappe.db.exists("Payment Terms Template", name):
		if not frappe.db.exists("Payment Term", name):
			frappe.get_doc(
				{
					"doctype": "Payment Term",
					"payment_term_name": name,
					"invoice_portion": 100,
					"due_date_based_on": "Day(s) after invoice date",
					"credit_days": 30,
				}
			).insert()
		frappe.get_doc(
			{
				"doctype": "Payment Terms Template",
				"template_name": name,
				"terms": [
					{
						"payment_term": name,
						"invoice_portion": 100,
						"due_date_based_on": "Day(s) after invoice date",
						"credit_days": 30,
					}
				],
			}
		).insert()
	return name


def requirements() -> list[dict[str, Any]]:
	"""Return one requirement of each class, or the statement that there is none (A2)."""
	return [
		{"requirement_class": CLASSES[0], "requirement": "Sterile, delivered on pallets"},
		*({"requirement_class": kind, "none_identified": 1} for kind in CLASSES[1:]),
	]


@staged
def order(
	code: str | list[dict[str, Any]], qty: float = 5, rate: float = 100, days: int = 30, **values: Any
) -> Document:
	"""Return a saved draft sales order that lacks nothing; `code` is an item or whole rows."""
	due = add_days(nowdate(), days)
	rows = code if isinstance(code, list) else [{"item_code": code, "qty": qty, "rate": rate}]
	doc = frappe.get_doc(
		{
			"doctype": "Sales Order",
			"company": COMPANY,
			"customer": values.pop("customer", None) or customer(),
			"transaction_date": nowdate(),
			"delivery_date": due,
			"qms_contract_form": ORDER,
			"qms_delivery_method": "Sea freight",
			"qms_payment_method": "Cash",
			"qms_packaging": "Standard",
			"payment_terms_template": payment_terms(),
			"qms_requirements": requirements(),
			"items": [{"warehouse": warehouse(), "delivery_date": due, **row} for row in rows],
			**values,
		}
	)
	return doc.insert()


@staged
def imported_order(code: str, **values: Any) -> Document:
	"""Return a draft from before the go-live of the test site, whatever day it was made on: runs go on over
	midnight.
	"""
	return order(code, transaction_date=add_days(nowdate(), -7), **values)


@staged
def quotation(code: str, qty: float = 5, rate: float = 100, **values: Any) -> Document:
	"""Return a saved draft quotation to a customer, on the same terms as `order`."""
	doc = frappe.get_doc(
		{
			"doctype": "Quotation",
			"company": COMPANY,
			"quotation_to": "Customer",
			"party_name": values.pop("customer", None) or customer(),
			"transaction_date": nowdate(),
			"valid_till": add_days(nowdate(), 60),
			"qms_contract_form": ORDER,
			"qms_delivery_method": "Sea freight",
			"qms_payment_method": "Cash",
			"qms_packaging": "Standard",
			"qms_promised_date": add_days(nowdate(), 30),
			"payment_terms_template": payment_terms(),
			"qms_requirements": requirements(),
			"items": [{"item_code": code, "qty": qty, "rate": rate, "warehouse": warehouse()}],
			**values,
		}
	)
	return doc.insert()


@staged
def blanket_order(*rows: tuple[str, float, float], **values: Any) -> Document:
	"""Return a saved draft blanket order of (item, quantity, rate) that lacks nothing."""
	return frappe.get_doc(
		{
			"doctype": "Blanket Order",
			"blanket_order_type": "Selling",
			"company": COMPANY,
			"customer": values.pop("customer", None) or customer(),
			"from_date": nowdate(),
			"to_date": add_days(nowdate(), 300),
			"qms_contract_form": "Formal Contract",
			"qms_delivery_method": "Sea freight",
			"qms_payment_method": "Cash",
			"qms_packaging": "Standard",
			"qms_payment_terms": payment_terms(),
			"qms_promised_date": add_days(nowdate(), 20),
			"qms_requirements": requirements(),
			"items": [{"item_code": code, "qty": qty, "rate": rate} for code, qty, rate in rows],
			**values,
		}
	).insert()


def order_from(doc: Document, days: int = 30) -> Document:
	"""Return the unsaved sales order that ERPNext makes of a quotation."""
	from erpnext.selling.doctype.quotation.quotation import make_sales_order

	made = make_sales_order(doc.name)
	made.delivery_date = add_days(nowdate(), days)
	for row in made.items:
		row.delivery_date = made.delivery_date
	return made


@staged
def start(world: World, doc: Document, reason: str = "") -> Document:
	"""Start the review of a contract document as the salesperson, and return it."""
	world.everybody()
	with as_user(world.sales):
		name = api.start_review(doc.doctype, doc.name, reason)["name"]
	return frappe.get_doc("Contract Review", name)


def opinion(review: Document, department: str) -> Document:
	"""Return the opinion that counts of a department."""
	name = frappe.db.get_value(
		"Contract Review Opinion",
		{"contract_review": review.name, "department": department, "superseded": 0},
		order_by="creation desc",
	)
	return frappe.get_doc("Contract Review Opinion", name)


@staged
def answer(
	world: World, review: Document, department: str, user: str | None = None, **answers: Any
) -> Document:
	"""Give a department's opinion: everything met, but for the last aspect if `answer` or more is passed."""
	doc = opinion(review, department)
	rows = [{"name": a.name, "answer": "Met"} for a in doc.answers]
	rows[-1].update(answers)
	user = user or (
		world.second_sales() if department == "Sales" else world.person(DEPARTMENT_ROLES[department])
	)
	with as_user(user):
		api.give_opinion(doc.name, review.fingerprint, rows, "/")
	return doc.reload()


@staged
def hold_up(world: World, review: Document, blocks: str, comment: str = "Enclose the certificate") -> None:
	"""Have Sales set a condition that holds something up; one salesperson does it, another verifies it."""
	answer(
		world,
		review,
		"Sales",
		answer="Met with Conditions",
		comment=comment,
		action_blocks=blocks,
		action_owner=world.sales,
		action_verifier=world.second_sales(),
	)


@staged
def report_done(world: World, action: str) -> None:
	"""Report done what `hold_up` asked for."""
	with as_user(world.sales):
		api.complete_action(action, "Enclosed")


@staged
def verify_done(world: World, action: str) -> None:
	"""Verify what was reported done."""
	with as_user(world.second_sales()):
		api.verify_action(action, 1, "Seen")


@staged
def answer_all(world: World, review: Document, *, but: tuple[str, ...] = ()) -> None:
	"""Give all outstanding opinions, everything met."""
	for department in frappe.get_all(
		"Contract Review Opinion",
		filters={"contract_review": review.name, "docstatus": 0},
		pluck="department",
		order_by="creation",
	):
		if department not in but:
			answer(world, review, department)


@staged
def pending(world: World, doc: Document | None = None, **values: Any) -> Document:
	"""Return a review with all opinions in, waiting for its decision."""
	review = start(world, doc or order(item(stock=50), **values))
	answer_all(world, review)
	return review.reload()


def shown(review: Document) -> str:
	"""Return the hash that the form of the review would send back."""
	return api.get_review_panel(review.name)["hash"]


@staged
def decide(
	review: Document, user: str, decision: str = "Approved", comment: str = "/", overrule_reason: str = ""
) -> Document:
	"""Decide a review as a user, on what its form shows now."""
	with as_user(user):
		api.decide_review(review.name, decision, shown(review), comment, overrule_reason, "/")
	return review.reload()


@staged
def approve(world: World, doc: Document) -> Document:
	"""Take a contract document through its whole review to approval, and return the review."""
	review = start(world, doc)
	answer_all(world, review)
	review.reload()
	return decide(review, world.vp if review.approver_role == roles.SALES_VP else world.gm)


@staged
def end(doc: Document, kind: str = "Cancel") -> Document:
	"""Cancel, close or re-open an order as its approved change notice does, and return it."""
	with permit.granted(doc.name, kind):
		doc = frappe.get_doc(doc.doctype, doc.name)
		if kind == "Cancel":
			doc.cancel()
		else:
			doc.update_status("Closed" if kind == "Close" else "Draft")
	return doc


@staged
def committed_order(world: World, code: str, **values: Any) -> Document:
	"""Return a submitted sales order whose review was approved."""
	doc = order(code, **values)
	approve(world, doc)
	doc.reload()
	doc.submit()
	return doc
