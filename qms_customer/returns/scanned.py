"""What a scanned label is here: item, batch, serial number (G1).

The device of a GS1 or HIBC code is found by the item's barcodes, in whatever of the usual spellings it stands
there. A code that is neither may be a barcode, a serial number, a batch or an item code.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import NoReturn

import frappe
from frappe.permissions import has_user_permission
from frappe.utils import format_date, getdate, nowdate

from qms_customer.messages import refuse, refuse_one, say
from qms_customer.rules import mark, udi
from qms_customer.rules.review import Refusal

BARCODE, ITEM, BATCH, SERIAL = "Item Barcode", "Item", "Batch", "Serial No"


@dataclass
class Scanned:
	"""What a label is; "" or None where it does not say. `notes`: where it and the ERP differ, in words.

	`incomplete`: the label has a second code, which says which item it is.
	"""

	scanned: str
	item_code: str = ""
	item_name: str = ""
	batch_no: str = ""
	serial_no: str = ""
	uom: str = ""
	stock_uom: str = ""
	has_batch_no: bool = False
	has_serial_no: bool = False
	quantity: int | None = None
	expires: date | None = None
	incomplete: bool = False
	notes: list[str] = field(default_factory=list)


def resolve(text: str, before: str = "") -> Scanned:
	"""Return what a scanned code is, in a constant number of queries; refuses what is broken or unknown (G1).

	Names are compared as they are stored: the database ignores case.
	"""
	code = _read(text)
	if before:
		code = udi.joined(_read(before), code)
		if isinstance(code, Refusal):
			refuse([code])
	item, uom = _item(code)
	found = Scanned(udi.shown(code.text)[:500], quantity=code.quantity, expires=code.expires, uom=uom)
	if not item and (not code.scheme or _is_number(code) or _is_ours(code.text)):
		_plain(code.text, found)
		return found
	if not item and code.device:
		refuse_one(
			"G1",
			mark("No item has the barcode {0}. Enter it on the item (Barcodes), or choose the item."),
			code.device,
		)
	serial, batch = code.serial, code.batch
	if not item:
		item = _item_of(serial, batch)
		if not item:
			# What the other code of the label says is missing.
			found.incomplete = True
			return found
	_about(item, found)
	if batch and not found.has_batch_no:
		found.notes.append(say(mark("{0} has no batches here; the label says {1}."), (item, batch)))
		batch = ""
	if serial and not found.has_serial_no:
		found.notes.append(say(mark("{0} has no serial numbers here; the label says {1}."), (item, serial)))
		serial = ""
	_serial(serial, batch, found)
	_batch(batch or found.batch_no, found)
	return found


def _is_number(code: udi.Code) -> bool:
	"""Whether a code is a number alone, with the length and check digit of a GTIN, by chance perhaps."""
	return code.text.isdigit() and len(code.text) <= 14


def _read(text: str) -> udi.Code:
	code = udi.read(text, getdate(nowdate()))
	if not isinstance(code, Refusal):
		return code
	name = (text or "").strip()
	if name and _is_ours(name):
		return udi.Code(name)
	refuse([code])


def _is_ours(text: str) -> bool:
	"""Whether what looks like the code of a label is the name of something here."""
	return any(_stored(doctype, text, ()) for doctype in (SERIAL, BATCH, ITEM))


def _item(code: udi.Code) -> tuple[str, str]:
	"""The item of a code, by its barcodes, and the unit in which one of this package is counted."""
	spelled = tuple(dict.fromkeys((*code.devices(), code.text)))
	rows = [
		r
		for r in frappe.get_all(
			BARCODE,
			filters={"barcode": ("in", spelled), "parenttype": ITEM},
			fields=["parent", "barcode", "uom"],
			order_by="parent, idx",
		)
		if r.barcode in spelled
	]
	items = list(dict.fromkeys(r.parent for r in rows))
	if len(items) > 1:
		refuse_one(
			"G1",
			mark("{0} is a barcode of several items: {1}. Choose the item."),
			udi.shown(code.text),
			", ".join(items),
		)
	return (items[0], rows[0].uom or "") if items else ("", "")


def _plain(text: str, found: Scanned) -> None:
	"""A text is a serial number, a batch or an item code; refused where it is none, or of several items."""
	serial = _stored(SERIAL, text, ("item_code", "batch_no"))
	batch = _stored(BATCH, text, ("item",))
	item = _stored(ITEM, text, ())
	items = dict.fromkeys(
		filter(None, (serial and serial.item_code, batch and batch.item, item and item.name))
	)
	if not items:
		_refuse_unknown(text)
	if len(items) > 1:
		refuse_one("G1", mark("{0} stands for several items: {1}. Choose the item."), text, ", ".join(items))
	_about(next(iter(items)), found)
	_serial(text if serial else "", "", found)
	_batch(text if batch else found.batch_no, found)


def _item_of(serial: str, batch: str) -> str:
	"""The item of a label's second code, by its serial number or batch; "" if neither is known."""
	if serial and (row := _stored(SERIAL, serial, ("item_code",))):
		return row.item_code or ""
	if batch and (row := _stored(BATCH, batch, ("item",))):
		return row.item or ""
	return ""


def _stored(doctype: str, name: str, fields: Iterable[str]) -> frappe._dict | None:
	row = frappe.db.get_value(doctype, name, ["name", *fields], as_dict=True)
	return row if row and row.name == name else None


def _about(code: str, found: Scanned) -> None:
	item = frappe.get_cached_doc(ITEM, code)
	if not has_user_permission(item):
		# Nobody learns what they may not see by scanning it.
		_refuse_unknown(found.scanned)
	found.item_code, found.item_name = item.name, item.item_name
	found.stock_uom = item.stock_uom
	found.uom = found.uom or item.stock_uom
	found.has_batch_no, found.has_serial_no = bool(item.has_batch_no), bool(item.has_serial_no)


def _serial(serial: str, batch: str, found: Scanned) -> None:
	if not serial:
		return
	row = _stored(SERIAL, serial, ("item_code", "batch_no"))
	if not row or row.item_code != found.item_code:
		refuse_one(
			"G1",
			mark("{0} has no serial number {1} here. Compare the label with the device."),
			found.item_code,
			serial,
		)
	if batch and row.batch_no and row.batch_no != batch:
		refuse_one(
			"G7",
			mark("Serial number {0} is of batch {1}; the label says {2}. Ask Quality before it comes back."),
			serial,
			row.batch_no,
			batch,
		)
	found.serial_no = serial
	found.batch_no = batch or row.batch_no or (_batch_of(serial) if found.has_batch_no else "")


def _batch_of(serial: str) -> str:
	"""The batch in which a device moved last, where its own document does not say it."""
	entry, bundle = frappe.qb.DocType("Serial and Batch Entry"), frappe.qb.DocType("Serial and Batch Bundle")
	found = (
		frappe.qb.from_(entry)
		.join(bundle)
		.on(bundle.name == entry.parent)
		.select(entry.batch_no)
		.where((entry.serial_no == serial) & (bundle.is_cancelled == 0) & entry.batch_no.isnotnull())
		.orderby(bundle.creation, order=frappe.qb.desc)
		.limit(1)
		.run(pluck=True)
	)
	return found[0] if found else ""


def _batch(batch: str, found: Scanned) -> None:
	if not batch or not found.has_batch_no:
		return
	row = _stored(BATCH, batch, ("item", "expiry_date"))
	if not row or row.item != found.item_code:
		refuse_one(
			"G7",
			mark("{0} has no batch {1} here. Compare the label with the device."),
			found.item_code,
			batch,
		)
	found.batch_no = batch
	if found.expires and row.expiry_date and getdate(row.expiry_date) != found.expires:
		found.notes.append(
			say(
				mark("Batch {0} expires on {1}; the label says {2}."),
				(batch, format_date(row.expiry_date), format_date(found.expires)),
			)
		)


def _refuse_unknown(text: str) -> NoReturn:
	refuse_one(
		"G1",
		mark("{0} is no barcode, serial number, batch or item here. Scan it again, or choose the item."),
		text,
	)
