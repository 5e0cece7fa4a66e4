"""Quarantine: what came back stands there, and nothing leaves or enters but by a step of a return slip (G6;
ISO 13485 8.3.1).

The door is on the stock ledger, through which everything goes that moves stock. Documents are asked before
they are submitted as well, so that a refusal leaves nothing half written.
"""

from collections.abc import Iterable, Iterator
from typing import NoReturn

import frappe
from frappe.model.document import Document

from qms_customer.contract.facts import number
from qms_customer.erp.customer_site import holds_goods
from qms_customer.messages import refuse_one
from qms_customer.returns import making
from qms_customer.rules import mark
from qms_customer.rules.disposal import FINAL

FLAG = "qms_quarantine"
# By document: the fields of its rows that name a warehouse.
WAREHOUSES = ("warehouse", "s_warehouse", "t_warehouse", "from_warehouse", "target_warehouse")
REJECTED = ("rejected_warehouse",)


def warehouse(company: str) -> str:
	"""Return the warehouse of a company in which returned goods stand until Quality decides (G6).

	The first by name of those that are flagged. Raises QMSRefusal if there is none.
	"""
	found = flagged(company, FLAG)
	if not found:
		refuse_one(
			"G6",
			mark("{0} has no quarantine warehouse. Flag one: Warehouse, Quarantine of Returned Goods."),
			company,
		)
	return found[0]


def flagged(company: str, flag: str) -> list[str]:
	"""Return the leaf warehouses of a company that carry a flag of ours, by name."""
	return frappe.get_all(
		"Warehouse",
		filters={"company": company, flag: 1, "is_group": 0, "disabled": 0},
		pluck="name",
		order_by="name",
	)


def is_quarantine(name: str | None) -> bool:
	"""Return whether a warehouse is one in which returned goods stand."""
	return bool(name and frappe.get_cached_value("Warehouse", name, FLAG))


# The doors


def before_ledger(entry: Document, method: str | None = None) -> None:
	"""Refuse an entry that takes goods out of quarantine, or puts some there, past a return slip (G6).

	What a cancelled document took out may come back: that makes the goods neither saleable nor new there.
	"""
	if not is_quarantine(entry.warehouse) or making.moves(entry.voucher_type, entry.voucher_no):
		return
	comes = number(entry.actual_qty) > 0
	if entry.is_cancelled:
		if comes or _undoes_closing(entry):
			return
	elif comes and making.is_covered(entry.voucher_type, entry.voucher_no):
		return
	_refuse(entry.warehouse)


def before_submit(doc: Document, method: str | None = None) -> None:
	"""Refuse a document that would move goods in quarantine, before anything is written (G6)."""
	if making.moves(doc.doctype, doc.name) or not _moves_stock(doc):
		return
	if making.is_covered(doc.doctype, doc.name):
		# Returns at the till that slips await: they bring goods, and take none out.
		return
	for name in dict.fromkeys(_named(doc)):
		if is_quarantine(name):
			_refuse(name)


def before_validate(doc: Document, method: str | None = None) -> None:
	"""A submit that skips ERPNext's validation does not skip the door (G6)."""
	if doc.flags.ignore_validate and doc.docstatus == 1:
		before_submit(doc)


def _undoes_closing(entry: Document) -> bool:
	"""Whether an entry takes back what a cancelled POS Closing had put into quarantine: the return at the
	till stays, and is booked by the next closing. Not once Quality has decided what becomes of it; one query.
	"""
	if entry.voucher_type != "Sales Invoice":
		return False
	invoice, row, came, gone = (
		frappe.qb.DocType(name)
		for name in ("Sales Invoice", "Sales Invoice Item", "Return Arrival", "Return Disposition")
	)
	found = (
		frappe.qb.from_(invoice)
		.join(row)
		.on((row.parent == invoice.name) & (row.parenttype == "Sales Invoice"))
		.join(came)
		.on((came.document_type == "POS Invoice") & (came.document == row.pos_invoice))
		.left_join(gone)
		.on(
			(gone.parent == came.parent)
			& (gone.item_code == came.item_code)
			& gone.disposition.isin(FINAL)
			& gone.taken_back_on.isnull()
		)
		.select(gone.name)
		.where((invoice.name == entry.voucher_no) & (invoice.docstatus == 2))
		.where((invoice.is_consolidated == 1) & (invoice.is_return == 1) & came.taken_back_on.isnull())
		.run(pluck=True)
	)
	return bool(found) and not any(found)


def _moves_stock(doc: Document) -> bool:
	return doc.doctype not in ("Sales Invoice", "Purchase Invoice") or bool(doc.get("update_stock"))


def _named(doc: Document) -> Iterator[str]:
	tables: Iterable = (*(doc.get("items") or ()), *(doc.get("packed_items") or ()))
	for row in tables:
		for name in (*WAREHOUSES, *(REJECTED if number(row.get("rejected_qty")) else ())):
			if row.get(name):
				yield row.get(name)
	for row in doc.get("supplied_items") or ():
		if doc.get("supplier_warehouse") and row:
			yield doc.get("supplier_warehouse")


def _refuse(name: str) -> NoReturn:
	refuse_one(
		"G6",
		mark(
			"{0} is the quarantine of returned goods: they come there and leave it by their return slip, "
			"after Quality has decided. Choose another warehouse, or open the return slip."
		),
		name,
	)


# The flag


def before_warehouse(doc: Document, method: str | None = None) -> None:
	"""Refuse to make a warehouse a quarantine, or none any more, while goods stand in it (G6)."""
	before = doc.get_doc_before_save()
	if before is None or bool(frappe.utils.cint(before.get(FLAG))) == bool(frappe.utils.cint(doc.get(FLAG))):
		return
	if holds_goods(doc.name):
		_refuse_flag(doc.name)


def before_warehouse_rename(doc: Document, method: str | None, old: str, new: str, merge: bool) -> None:
	"""Refuse to merge a quarantine with goods into another warehouse, or goods into a quarantine (G6)."""
	if merge and is_quarantine(old) != is_quarantine(new) and holds_goods(old):
		_refuse_flag(old)


def _refuse_flag(name: str) -> NoReturn:
	refuse_one(
		"G6",
		mark("Goods stand in {0}. Whether it is a quarantine is changed when it is empty."),
		name,
	)
