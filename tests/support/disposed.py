"""Approved return slips, and what becomes of their goods: routed, received, destroyed, inspected, disposed
of.
"""

from __future__ import annotations

from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import now_datetime, nowdate

from qms_customer.contract.facts import number
from qms_customer.records.token import moving
from qms_customer.returns import disposition_api as api
from qms_customer.returns import slips
from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support import goods as g
from tests.support import sales
from tests.support.company import ABBR, COMPANY, CURRENCY
from tests.support.people import as_user
from tests.support.staged import staged

SLIP = "Return Slip"
ROW_FIELD = {"Delivery Note": "against_sales_order", "Sales Invoice": "sales_order"}


@staged
def quarantine() -> str:
	"""Return the quarantine warehouse of the company, made if there is none."""
	name = f"QMS Quarantine - {ABBR}"
	if not frappe.db.exists("Warehouse", name):
		frappe.get_doc(
			{
				"doctype": "Warehouse",
				"warehouse_name": "QMS Quarantine",
				"company": COMPANY,
				"parent_warehouse": f"All Warehouses - {ABBR}",
				"qms_quarantine": 1,
			}
		).insert()
	return name


@staged
def ordered(
	world: c.World, qty: float = 10, batched: bool = True, **values: Any
) -> tuple[Document, Document, str]:
	"""Return a committed order, its submitted delivery note and the batch that went out ("" without)."""
	batch = ""
	if batched:
		code = c.item(has_batch_no=1, create_new_batch=0)
		batch = sales.batch(code, qty * 3)
	else:
		code = c.item(stock=qty * 3)
	order = c.committed_order(world, code, qty=qty, **values)
	note = g.delivery(order, **({"use_serial_batch_fields": 1, "batch_no": batch} if batch else {}))
	with as_user(g.everybody()[0]):
		note.submit()
	return order, note.reload(), batch


@staged
def approved(world: c.World, *rows: tuple[Document, int, float] | dict[str, Any], **values: Any) -> Document:
	"""Return an approved slip. A row: a delivery, the index of its row, and how much in the stock unit; or a
	dict of the fields of a slip's row besides `delivery` (a document), and `place` (that index).
	"""
	quarantine()
	made = [_row(row) for row in rows]
	delivery = made[0].pop("_delivery")
	for one in made[1:]:
		one.pop("_delivery")
	slip = frappe.get_doc(
		{
			"doctype": SLIP,
			"customer": delivery.customer,
			"customer_name": delivery.customer_name,
			"company": delivery.company,
			"currency": CURRENCY,
			"posting_date": nowdate(),
			"wanted": "Exchange",
			"put_forward_by": world.sales,
			"put_forward_on": now_datetime(),
			"items": made,
			"approvals": [{"role": roles.BUSINESS_MANAGER, "decision": "Approved", "decided_by": world.vp}],
			"decision": "Approved",
			"decision_comment": "/",
			"decided_on": now_datetime(),
			**values,
		}
	)
	slips.settle(slip)
	with moving(slip, "Put Forward"):
		slip.insert(ignore_permissions=True)
	with moving(slip, "Approved"):
		slip.flags.ignore_permissions = True
		slip.submit()
	return slip


def _row(row: tuple[Document, int, float] | dict[str, Any]) -> dict[str, Any]:
	if not isinstance(row, dict):
		row = {"delivery": row[0], "place": row[1], "stock_qty": row[2]}
	row = dict(row)
	delivery, source = row.pop("delivery"), row.pop("row", None)
	source = source or delivery.items[row.pop("place", 0)]
	row.pop("place", None)
	code = row.get("item_code") or source.item_code
	item = frappe.db.get_value("Item", code, ["has_batch_no", "has_serial_no", "stock_uom"], as_dict=True)
	field = ROW_FIELD.get(delivery.doctype)
	quantity = row["stock_qty"]
	return {
		"_delivery": delivery,
		"item_code": code,
		"qty": quantity,
		"uom": item.stock_uom,
		"stock_uom": item.stock_uom,
		"reason_details": "Leaks",
		"batch_no": batch_of(source) or None,
		"has_batch_no": item.has_batch_no,
		"has_serial_no": item.has_serial_no,
		"delivery_doctype": delivery.doctype,
		"delivery": delivery.name,
		"delivery_row": source.name,
		"delivered_on": delivery.posting_date,
		"contract": (source.get(field) if field else None) or None,
		"contract_row": source.get("so_detail") or None,
		"rate": source.get("rate") or 0,
		"amount": (source.get("rate") or 0) * quantity,
		**row,
	}


def batch_of(row: Document) -> str:
	"""Return the (first) batch of a row of a delivery."""
	if row.get("serial_and_batch_bundle"):
		return (
			frappe.db.get_value("Serial and Batch Entry", {"parent": row.serial_and_batch_bundle}, "batch_no")
			or ""
		)
	return row.get("batch_no") or ""


def shown(slip: Document) -> str:
	"""Return the hash that the form of the slip would send back."""
	return api.get_goods(slip.name)["hash"]


@staged
def routed(world: c.World, slip: Document, to: str = "Back to Us", user: str = "", **values: Any) -> Document:
	"""Sales decides where the goods go."""
	with as_user(user or world.sales):
		api.decide_route(
			slip.name,
			shown(slip),
			to,
			**{"freight": 10, "reason": "Worth more than the freight", **values},
		)
	return slip.reload()


def rows(slip: Document, *quantities: float, **values: Any) -> list[dict[str, Any]]:
	"""Return the rows that the form would send: all of each row, or these quantities."""
	found = []
	for place, row in enumerate(slip.items):
		quantity = row.stock_qty if not quantities else quantities[place]
		found.append({"slip_row": row.name, "qty": quantity, "serial_nos": row.serial_nos or "", **values})
	return [row for row in found if row["qty"] or row.get("other_qty")]


@staged
def received(world: c.World, slip: Document, *quantities: float, user: str = "", **values: Any) -> Document:
	"""Quality books what arrived: all of it, or these quantities by row."""
	with as_user(user or world.person(roles.QUALITY)):
		api.receive(slip.name, shown(slip), rows(slip, *quantities, **values))
	return slip.reload()


@staged
def back(world: c.World, slip: Document, *quantities: float) -> Document:
	"""The goods are decided to come back, and come."""
	return received(world, routed(world, slip), *quantities)


def evidence(**values: Any) -> dict[str, Any]:
	"""Return the evidence of a destruction that lacks nothing."""
	return {
		"destroyed_by": "Dr Gu",
		"destroyed_on": nowdate(),
		"witness": "Mr Lin",
		"photos": c.upload().file_url,
		**values,
	}


@staged
def destroyed(world: c.World, slip: Document, *quantities: float, user: str = "", **values: Any) -> Document:
	"""Sales records that the goods were destroyed on site."""
	with as_user(user or world.sales):
		given = evidence(**values)
		api.record_destruction(slip.name, shown(slip), rows(slip, *quantities), given)
	return slip.reload()


@staged
def not_coming(world: c.World, slip: Document, *quantities: float, reason: str = "Lost") -> Document:
	"""Sales records that goods will not come."""
	with as_user(world.sales):
		api.write_off(slip.name, shown(slip), rows(slip, *quantities), reason)
	return slip.reload()


@staged
def inspected(
	world: c.World,
	slip: Document,
	status: str = "Accepted",
	place: int = 0,
	user: str = "",
	submit: bool = True,
	**values: Any,
) -> str:
	"""Return the inspection of goods in quarantine, as Quality."""
	row = slip.items[place]
	with as_user(user or world.person(roles.QUALITY)):
		name = api.make_inspection(slip.name, row.item_code, row.batch_no or "", **values)["name"]
		doc = frappe.get_doc("Quality Inspection", name)
		doc.manual_inspection, doc.status, doc.remarks = 1, status, "Seen and measured"
		for reading in doc.readings:
			reading.manual_inspection, reading.status = 1, status
		doc.save()
		if submit:
			doc.submit()
	return name


@staged
def procedure() -> str:
	"""Return a quality procedure."""
	return (
		frappe.get_doc(
			{
				"doctype": "Quality Procedure",
				"quality_procedure_name": c.unique("QP-13485-20"),
				"processes": [],
			}
		)
		.insert()
		.name
	)


@staged
def disposed(
	world: c.World,
	slip: Document,
	what: str,
	qty: float | None = None,
	place: int = 0,
	user: str = "",
	**values: Any,
) -> Document:
	"""Quality decides what becomes of goods of a row of the slip."""
	row = slip.items[place]
	values.setdefault("procedure", procedure())
	with as_user(user or world.person(roles.QUALITY)):
		api.dispose(
			slip.name,
			shown(slip),
			row.item_code,
			what,
			row.stock_qty if qty is None else qty,
			row.batch_no or "",
			**{"serial_nos": row.serial_nos or "", "comment": "As inspected", **values},
		)
	return slip.reload()


@staged
def given(world: c.World, slip: Document, instead: str = "Nothing More", user: str = "") -> Document:
	"""The business manager decides what is given instead of what was asked for."""
	with as_user(user or world.person(roles.BUSINESS_MANAGER)):
		api.decide_given(slip.name, shown(slip), instead, "Agreed with Dr Gu by phone")
	return slip.reload()


@staged
def taken_back(world: c.World, slip: Document, row: Document, reason: str = "Booked twice") -> Document:
	"""Quality takes a booking back."""
	with as_user(world.person(roles.QUALITY)):
		api.take_back(slip.name, shown(slip), row.name, reason)
	return slip.reload()


def stock(code: str, warehouse: str, batch: str = "") -> float:
	"""Return how much of an item, or of a batch, stands in a warehouse."""
	if not batch:
		return frappe.db.get_value("Bin", {"item_code": code, "warehouse": warehouse}, "actual_qty") or 0.0
	from erpnext.stock.doctype.batch.batch import get_batch_qty

	return get_batch_qty(batch, warehouse, item_code=code) or 0.0


def booked(account: str) -> float:
	"""Return the balance of an account."""
	found = frappe.get_all(
		"GL Entry", filters={"account": account, "is_cancelled": 0}, fields=["sum(debit - credit) as sum"]
	)
	return float(number(found[0].sum))


def delivered(order: Document) -> float:
	"""Return what ERPNext counts as delivered of the first row of an order."""
	return frappe.db.get_value("Sales Order Item", order.items[0].name, "delivered_qty")
