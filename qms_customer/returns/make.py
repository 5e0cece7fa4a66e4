"""A return slip is begun from what is at hand: a delivery, a batch, a device, a scanned code (G1)."""

from typing import Any

import frappe
from frappe.model.document import Document

from qms_customer.messages import QMSRefusal, refuse_one
from qms_customer.returns import delivered
from qms_customer.returns.making import DOCTYPES
from qms_customer.returns.opened import DOCTYPE
from qms_customer.rules import mark

DELIVERIES = DOCTYPES[:3]
NOTE = DELIVERIES[0]


def from_delivery(doctype: str, name: str) -> Document:
	"""Return the unsaved slip of all that a delivery brought and that may still come back (G1, G7).

	Raises QMSRefusal for a document that delivered nothing, is cancelled, or is a return itself.
	"""
	if doctype not in DELIVERIES:
		refuse_one("G1", mark("{0} is no delivery."), doctype)
	note = frappe.get_doc(doctype, name)
	note.check_permission("read")
	if note.docstatus != 1 or note.is_return:
		refuse_one("G7", mark("{0} delivered nothing that could come back."), name)
	goods, source = [*note.items, *(note.get("packed_items") or ())], doctype
	if doctype == "Sales Invoice" and not note.update_stock:
		goods = _billed(note)
		source = NOTE
	pairs, plain = _goods_of(goods)
	mine = {row.name for row in goods}
	found = delivered.facts(delivered.Wanted(note.company, note.customer, pairs, plain))
	rows = [
		_row(lot.item, lot.batch, float(lot.left), sorted(lot.serials), found.rows.get(_key(lot)))
		for lot in sorted(found.lots, key=lambda lot: lot.order)
		if lot.document[0] == source and lot.row in mine and lot.left > 0
	]
	if not rows:
		refuse_one("G7", mark("All of {0} is back already, or on other return slips."), name)
	return _new(note.company, note.customer, rows, doctype, name)


def from_goods(
	item: str, batch: str = "", serial: str = "", company: str = "", customer: str = ""
) -> Document | list[dict[str, str]]:
	"""Return the unsaved slip of a batch, or of a device, for the customer who has it; where several may be,
	the choice of them with company, customer and name (G1, G7).
	"""
	if not (batch or serial) and frappe.get_cached_value("Item", item, "has_batch_no"):
		refuse_one("G1", mark("{0} has batches: scan or type the batch."), item)
	buyers = delivered.buyers(item, batch, serial)
	if customer:
		buyers = [b for b in buyers if b[1] == customer and company in ("", b[0])]
	if not buyers:
		refuse_one("G7", mark("{0} was delivered to nobody."), serial or batch or item)
	if serial:
		# It may have come back and gone to somebody else: whoever had it last.
		buyers = buyers[:1]
	names = delivered.readable(c for _company, c in buyers)
	buyers = [b for b in buyers if b[1] in names]
	if not buyers:
		refuse_one(
			"G7",
			mark("{0} was delivered to nobody whom you may see among the customers."),
			serial or batch or item,
		)
	if len(buyers) > 1:
		return [{"company": co, "customer": c, "customer_name": names[c]} for co, c in buyers]
	company, customer = buyers[0]
	row = _row(item, batch, 1 if serial else 0, [serial] if serial else [], None)
	source = ("Serial No", serial) if serial else ("Batch", batch) if batch else ("Item", item)
	return _new(company, customer, [row], *source)


def from_complaint(complaint: Document) -> Document:
	"""Return the unsaved slip of what a complaint is about, with the delivery if it is found (G1, H5).

	What is not known of product or batch is filled in by who makes it: a complaint may name what we do not
	have, or did not deliver to this customer.
	"""
	item = _known("Item", complaint.item_code)
	batch = _known("Batch", complaint.batch_no, item=item) if item else ""
	serial = _known("Serial No", complaint.serial_no, item_code=item) if item else ""
	slip = None
	if item and complaint.customer:
		try:
			slip = from_goods(item, batch, serial, complaint.company or "", complaint.customer)
		except QMSRefusal:
			# Not delivered, or not said which batch: it is begun all the same.
			frappe.clear_last_message()
	if not isinstance(slip, Document):
		rows = [_row(item, batch, 1 if serial else 0, [serial] if serial else [], None)] if item else []
		slip = _new(complaint.company or "", complaint.customer or "", rows, "", "")
	slip.update(
		{
			"source_doctype": complaint.doctype,
			"source_name": complaint.name,
			"contact_name": complaint.complainant,
			"contact_details": " ".join((complaint.complainant_contact or "").split())[:140],
			"is_quality_claim": 1,
			"claim_reason": complaint.details,
		}
	)
	for row in slip.items:
		row.reason_details = complaint.details
	return slip


def _known(doctype: str, name: str | None, **values: str) -> str:
	"""The name of a document as it is stored, "" if there is none that is so."""
	return (frappe.db.get_value(doctype, {"name": name, **values}, "name") or "") if name else ""


def _billed(invoice: Document) -> list[Document]:
	"""The rows of delivery notes, and parts of bundles, that an invoice bills which moved no stock: those it
	names, and those that were made from it; three queries. Refused where nothing was delivered.
	"""
	head, row = frappe.qb.DocType(NOTE), frappe.qb.DocType(f"{NOTE} Item")
	named = [one.dn_detail for one in invoice.items if one.dn_detail]
	rows = (
		frappe.qb.from_(row)
		.join(head)
		.on((head.name == row.parent) & (row.parenttype == NOTE))
		.select(row.name)
		.where((head.docstatus == 1) & (head.is_return == 0))
		.where(row.name.isin(named or [""]) | (row.against_sales_invoice == invoice.name))
		.run(pluck=True)
	)
	if not rows:
		refuse_one(
			"G7",
			mark("Nothing that {0} bills was delivered by a delivery note: nothing can come back."),
			invoice.name,
		)
	fields = ["name", "parent", "item_code", "batch_no", "serial_and_batch_bundle"]
	return [
		*frappe.get_all(f"{NOTE} Item", filters={"name": ("in", rows)}, fields=fields),
		*frappe.get_all(
			"Packed Item",
			filters={"parent_detail_docname": ("in", rows), "parenttype": NOTE},
			fields=fields,
		),
	]


def _goods_of(rows: list[Document]) -> tuple[frozenset[tuple[str, str]], frozenset[str]]:
	"""Item and batch of rows of a delivery, and the items without batches; two queries."""
	items = {
		i.name: i.has_batch_no
		for i in frappe.get_all(
			"Item",
			filters={"name": ("in", sorted({r.item_code for r in rows})), "is_stock_item": 1},
			fields=["name", "has_batch_no"],
		)
	}
	bundles = {r.serial_and_batch_bundle: r.item_code for r in rows if r.serial_and_batch_bundle}
	pairs = {(r.item_code, r.batch_no or "") for r in rows if not r.serial_and_batch_bundle}
	pairs |= {
		(bundles[one.parent], one.batch_no or "")
		for one in frappe.get_all(
			"Serial and Batch Entry",
			filters={"parent": ("in", sorted(bundles) or [""])},
			fields=["parent", "batch_no"],
			distinct=True,
		)
	}
	plain = frozenset(item for item, batched in items.items() if not batched)
	return frozenset(p for p in pairs if p[0] in items and (p[1] or p[0] in plain)), plain


def _key(lot: Any) -> tuple[str, tuple[str, str]]:
	return lot.row, (lot.item, lot.batch)


def _row(item: str, batch: str, quantity: float, serials: list[str], source: Any) -> dict[str, Any]:
	stored = frappe.get_cached_value(
		"Item", item, ["item_name", "stock_uom", "has_batch_no", "has_serial_no"], as_dict=True
	)
	row = {
		"item_code": item,
		**stored,
		"uom": stored.stock_uom,
		"conversion_factor": 1,
		"batch_no": batch or None,
		"qty": quantity,
		"stock_qty": quantity,
		"serial_nos": "\n".join(serials) or None,
	}
	if source:
		row |= {
			"delivery_doctype": source.doctype,
			"delivery": source.document,
			"delivery_row": source.name,
			"delivered_on": source.day,
		}
	return row


def _new(company: str, customer: str, rows: list[dict], doctype: str, name: str) -> Document:
	frappe.has_permission(DOCTYPE, "create", throw=True)
	slip = frappe.new_doc(DOCTYPE)
	slip.update(
		{
			"company": company,
			"customer": customer,
			"customer_name": frappe.get_cached_value("Customer", customer, "customer_name")
			if customer
			else None,
			"currency": frappe.get_cached_value("Company", company, "default_currency") if company else None,
			"source_doctype": doctype,
			"source_name": name,
		}
	)
	slip.set("items", [])
	for row in rows:
		slip.append("items", row)
	return slip
