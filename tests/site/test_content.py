"""The table of all fields against the real meta, and what makes a fingerprint move."""

from __future__ import annotations

import frappe
import pytest
from frappe.custom.doctype.custom_field.custom_field import create_custom_field

from qms_customer.contract import content
from qms_customer.rules.content import fingerprint
from tests.support import contracts as c


def stored(name: str) -> str:
	return fingerprint(content.stored_contents("Sales Order", [name])[name])


@pytest.mark.rule("C1", "E8")
@pytest.mark.parametrize("doctype", content.CONTRACT_DOCTYPES)
def test_every_field_of_the_meta_is_classified(doctype: str) -> None:
	assert content.unclassified(doctype) == []


@pytest.mark.rule("C1")
def test_the_stored_document_has_the_fingerprint_of_the_one_in_memory(world: c.World) -> None:
	doc = c.order(c.item(stock=50))
	assert stored(doc.name) == content.fingerprint_of(doc) == content.fingerprint_of(doc.reload())


@pytest.mark.rule("E8")
def test_a_custom_field_of_the_site_counts_until_somebody_classifies_it(committed: object) -> None:
	create_custom_field(
		"Sales Order",
		{"fieldname": "site_promise", "fieldtype": "Data", "label": "Promise", "allow_on_submit": 1},
	)
	doc = c.order(c.item(stock=50))
	before = stored(doc.name)
	frappe.db.set_value("Sales Order", doc.name, "site_promise", "free installation")
	frappe.local.qms_schemas = {}
	assert stored(doc.name) != before
	assert "Sales Order.site_promise" in content.unclassified("Sales Order")


@pytest.mark.rule("E8")
@pytest.mark.parametrize(
	("table", "field", "value"),
	[
		("Sales Order", "po_no", "PO-1"),
		("Sales Order", "delivery_date", "2030-01-01"),
		("Sales Order", "qms_delivery_method", "Air"),
		("Sales Order", "terms", "other terms"),
		("Sales Order Item", "qty", 6),
		("Sales Order Item", "rate", 99.5),
		("Sales Order Item", "delivery_date", "2030-01-01"),
		("Sales Order Item", "description", "blue"),
		("Payment Schedule", "due_date", "2030-01-01"),
		("Contract Requirement", "requirement", "something else"),
	],
)
def test_what_is_promised_moves_the_fingerprint(
	world: c.World, table: str, field: str, value: object
) -> None:
	doc = c.order(c.item(stock=50))
	before = stored(doc.name)
	where = (
		{"name": doc.name} if table == "Sales Order" else {"parent": doc.name, "parenttype": "Sales Order"}
	)
	frappe.db.set_value(table, where, field, value, update_modified=False)
	assert stored(doc.name) != before


@pytest.mark.rule("E8")
@pytest.mark.parametrize(
	("table", "field", "value"),
	[
		("Sales Order", "status", "To Bill"),
		("Sales Order", "per_delivered", 50),
		("Sales Order", "advance_paid", 10),
		("Sales Order", "letter_head", "Other"),
		("Sales Order", "qms_review_status", "Approved"),
		("Sales Order Item", "delivered_qty", 2),
		("Sales Order Item", "billed_amt", 20),
		("Sales Order Item", "warehouse", "Stores - QTC"),
		("Sales Order Item", "idx", 9),
		("Payment Schedule", "paid_amount", 100),
	],
)
def test_what_has_happened_since_does_not(world: c.World, table: str, field: str, value: object) -> None:
	doc = c.order(c.item(stock=50))
	before = stored(doc.name)
	where = (
		{"name": doc.name} if table == "Sales Order" else {"parent": doc.name, "parenttype": "Sales Order"}
	)
	frappe.db.set_value(table, where, field, value, update_modified=False)
	assert stored(doc.name) == before
