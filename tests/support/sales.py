"""What was sold: batches, devices with serial numbers, deliveries of them, returns, counter sales."""

from __future__ import annotations

from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import add_days, nowdate

from tests.support import contracts as c
from tests.support.company import ABBR, COMPANY
from tests.support.plain import hooks_off
from tests.support.staged import staged


@staged
def batch(code: str, quantity: float, expires: int = 700, name: str = "") -> str:
	"""Return a batch of an item, `quantity` of it in stock, that expires in so many days."""
	doc = frappe.get_doc(
		{
			"doctype": "Batch",
			"batch_id": name or c.unique("B"),
			"item": code,
			"expiry_date": add_days(nowdate(), expires),
		}
	).insert()
	received(code, quantity, batch_no=doc.name)
	return doc.name


@staged
def serials(code: str, quantity: int) -> list[str]:
	"""Return the serial numbers of so many devices in stock."""
	names = [c.unique("SN") for _ in range(quantity)]
	received(code, quantity, serial_no="\n".join(names))
	return names


@staged
def received(code: str, quantity: float, **row: Any) -> None:
	"""Put batches or devices in stock."""
	frappe.get_doc(
		{
			"doctype": "Stock Entry",
			"stock_entry_type": "Material Receipt",
			"company": COMPANY,
			"items": [
				{
					"item_code": code,
					"qty": quantity,
					"t_warehouse": c.warehouse(),
					"basic_rate": 10,
					"use_serial_batch_fields": 1,
					**row,
				}
			],
		}
	).insert().submit()


@staged
def delivered(customer: str, *rows: dict[str, Any], **values: Any) -> Document:
	"""Return a submitted delivery note, made as if our app were not there: the doors are tested elsewhere."""
	return _submitted("Delivery Note", customer, rows, values)


@staged
def invoiced(customer: str, *rows: dict[str, Any], **values: Any) -> Document:
	"""Return a submitted sales invoice that moved the stock."""
	return _submitted("Sales Invoice", customer, rows, {"update_stock": 1, **values})


def _submitted(
	doctype: str, customer: str, rows: tuple[dict[str, Any], ...], values: dict[str, Any]
) -> Document:
	with hooks_off():
		doc = frappe.get_doc(
			{
				"doctype": doctype,
				"company": COMPANY,
				"customer": customer,
				"set_posting_time": 1,
				"posting_date": nowdate(),
				"items": [
					{"qty": 1, "rate": 100, "warehouse": c.warehouse(), "use_serial_batch_fields": 1, **row}
					for row in rows
				],
				**values,
			}
		).insert()
		doc.submit()
	return doc


@staged
def returned(note: Document, **row: Any) -> Document:
	"""Return the submitted return of a delivery note, with ERPNext's own button."""
	from erpnext.stock.doctype.delivery_note.delivery_note import make_sales_return

	with hooks_off():
		doc = make_sales_return(note.name)
		for d in doc.items:
			d.update(row)
		doc.insert()
		doc.submit()
	return doc


def charged(freight: float = 50, discount: float = 100) -> dict[str, Any]:
	"""Return what a sale says of a freight and an additional discount of fixed amounts."""
	return {
		"apply_discount_on": "Net Total",
		"discount_amount": discount,
		"taxes": [
			{
				"charge_type": "Actual",
				"account_head": f"Freight and Forwarding Charges - {ABBR}",
				"description": "Freight",
				"tax_amount": freight,
			}
		],
	}


@staged
def kit(*parts: tuple[str, float]) -> str:
	"""Return a product bundle of these items and quantities."""
	code = c.item(is_stock_item=0)
	frappe.get_doc(
		{
			"doctype": "Product Bundle",
			"new_item_code": code,
			"items": [{"item_code": item, "qty": quantity} for item, quantity in parts],
		}
	).insert()
	return code


def as_text(doctype: str, document: Document) -> None:
	"""Turn a delivery into one of before bundles: batches and serial numbers only in the texts of rows."""
	for table in (f"{doctype} Item", "Packed Item"):
		frappe.db.set_value(table, {"parent": document.name}, "serial_and_batch_bundle", None)
		for row in frappe.get_all(table, {"parent": document.name}, ["item_code", "batch_no", "serial_no"]):
			moved = {"voucher_no": document.name, "item_code": row.item_code}
			frappe.db.set_value(
				"Stock Ledger Entry", moved, {"batch_no": row.batch_no, "serial_no": row.serial_no}
			)
	for name in frappe.get_all(
		"Serial and Batch Bundle", filters={"voucher_no": document.name}, pluck="name"
	):
		frappe.db.delete("Serial and Batch Entry", {"parent": name})
		frappe.db.delete("Serial and Batch Bundle", {"name": name})


@staged
def address(customer: str, line: str = "1 Harbour Road", kind: str = "Shipping") -> str:
	"""Return the name of an address of a customer."""
	return (
		frappe.get_doc(
			{
				"doctype": "Address",
				"address_title": customer,
				"address_type": kind,
				"address_line1": line,
				"city": "Shanghai",
				"country": "China",
				"links": [{"link_doctype": "Customer", "link_name": customer}],
			}
		)
		.insert()
		.name
	)


@staged
def contact(customer: str, name: str = "Dr Gu", phone: str = "+86 21 555 0100") -> str:
	"""Return the name of a contact of a customer."""
	return (
		frappe.get_doc(
			{
				"doctype": "Contact",
				"first_name": name,
				"phone_nos": [{"phone": phone, "is_primary_mobile_no": 1, "is_primary_phone": 1}],
				"links": [{"link_doctype": "Customer", "link_name": customer}],
			}
		)
		.insert()
		.name
	)
