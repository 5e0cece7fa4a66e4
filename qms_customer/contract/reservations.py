"""Keeping what is reserved for an order while Update Items cancels and makes anew its reservations (E7).

ERPNext makes them anew only where nothing was picked, for whole rows, and of whatever batches come first.
What was reserved before, of which batches and serial numbers, for which pick list, is put back as far as the
rows still ask for it. A row that asks for more gets what ERPNext reserves for it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import frappe
from erpnext.stock.doctype.stock_reservation_entry.stock_reservation_entry import (
	get_available_qty_to_reserve,
)
from frappe.model.document import Document
from frappe.utils import flt

from qms_customer.contract.permit import ORDER

DOCTYPE = "Stock Reservation Entry"
COPIED = (
	"item_code",
	"warehouse",
	"has_serial_no",
	"has_batch_no",
	"voucher_type",
	"voucher_no",
	"voucher_detail_no",
	"company",
	"stock_uom",
	"project",
	"reservation_based_on",
	"from_voucher_type",
	"from_voucher_no",
	"from_voucher_detail_no",
)


def of(order_name: str) -> list[Document]:
	"""Return what is reserved for an order and has not been delivered."""
	names = frappe.get_all(
		DOCTYPE,
		filters={
			"voucher_type": ORDER,
			"voucher_no": order_name,
			"docstatus": 1,
			"status": ("not in", ("Delivered", "Cancelled")),
		},
		pluck="name",
		order_by="creation, name",
	)
	return [frappe.get_doc(DOCTYPE, name) for name in names]


def restore(order_name: str, before: Sequence[Document]) -> None:
	"""Put back what was reserved, where Update Items left less, or something else (E7)."""
	if not before:
		return
	rows = {
		r.name: r
		for r in frappe.get_all(
			"Sales Order Item",
			filters={"parent": order_name, "parenttype": ORDER},
			fields=["name", "stock_qty", "delivered_qty", "conversion_factor"],
		)
	}
	now = _by_row(of(order_name))
	for row, earlier in _by_row(before).items():
		if row in rows:
			_restore_row(rows[row], earlier, now.get(row, []))


def _restore_row(row: frappe._dict, earlier: list[Document], now: list[Document]) -> None:
	room = flt(row.stock_qty) - flt(row.delivered_qty) * (flt(row.conversion_factor) or 1)
	wanted = min(sum(_left(e) for e in earlier), room)
	chosen = any(e.reservation_based_on == "Serial and Batch" or e.from_voucher_type for e in earlier)
	if {e.name for e in earlier} == {e.name for e in now}:
		return
	if not chosen and sum(_left(e) for e in now) >= wanted:
		return
	for entry in now:
		entry.cancel()
	for entry in earlier:
		quantity = min(_left(entry), wanted)
		if quantity > 0:
			_reserve(entry, row, quantity)
			wanted -= quantity


def _reserve(earlier: Document, row: frappe._dict, quantity: float) -> None:
	entry = frappe.new_doc(DOCTYPE)
	entry.update({name: earlier.get(name) for name in COPIED})
	entry.available_qty = get_available_qty_to_reserve(entry.item_code, entry.warehouse)
	entry.voucher_qty = row.stock_qty
	entry.reserved_qty = quantity
	for part in earlier.sb_entries:
		taken = min(flt(part.qty) - flt(part.delivered_qty), quantity)
		if taken > 0:
			entry.append("sb_entries", _part(part, taken))
			quantity -= taken
	entry.save()
	entry.submit()


def _part(part: Document, quantity: float) -> Mapping[str, Any]:
	return {
		"serial_no": part.serial_no,
		"batch_no": part.batch_no,
		"warehouse": part.warehouse,
		"qty": quantity,
	}


def _left(entry: Document) -> float:
	return flt(entry.reserved_qty) - flt(entry.delivered_qty)


def _by_row(entries: Sequence[Document]) -> dict[str, list[Document]]:
	found: dict[str, list[Document]] = defaultdict(list)
	for entry in entries:
		found[entry.voucher_detail_no].append(entry)
	return found
