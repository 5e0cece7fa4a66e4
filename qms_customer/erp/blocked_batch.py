"""Goods of a blocked batch neither leave nor are used, whatever the document (G5; ISO 13485 8.3.1, 8.3.2).

ERPNext takes a disabled batch out of its choices and lets any document leave that names it. Here every batch
that is disabled is held, not only one that a return slip has blocked: Quality blocks for other reasons too
(a complaint, a recall, a finding in stock) with the same tick on the batch, nobody reads the reason off a
batch, and a batch that may be sold has no cause to be disabled. What was blocked because of its retained
sample is released by Quality alone.

What moves inside the company goes on: into quarantine, out of it, to be written off; and so do returns.
"""

from collections.abc import Iterable, Iterator

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import cint

from qms_customer.contract import people
from qms_customer.contract.facts import number
from qms_customer.contract.sites import customers_at
from qms_customer.erp.delivery_note import is_internal_transfer
from qms_customer.erp.release import leaving
from qms_customer.erp.sales_invoice import refuse_false_consolidation
from qms_customer.messages import refuse, refuse_one
from qms_customer.rules import claim as rules
from qms_customer.rules import mark
from qms_customer.rules.people import QUALITY
from qms_customer.rules.review import Refusal
from qms_customer.rules.sales_record import serials_in

ENTRY, INVOICE = "Stock Entry", "Sales Invoice"
# Stock entries that neither use goods up in a product nor hand them to somebody: written off, tested, moved.
INSIDE = ("Material Receipt", "Material Issue", "Material Transfer")
BRINGS_BACK = "Material Transfer for Manufacture"
# By document: the table of what it uses up, of a subcontractor's or our own.
USED_UP = {
	"Subcontracting Receipt": "supplied_items",
	"Purchase Receipt": "supplied_items",
	"Purchase Invoice": "supplied_items",
	"Asset Capitalization": "stock_items",
}


def before_validate(doc: Document, method: str | None = None) -> None:
	"""A submit that skips ERPNext's validation does not skip the door (G5)."""
	if doc.flags.ignore_validate and doc.docstatus == 1:
		before_submit(doc)


def before_submit(doc: Document, method: str | None = None) -> None:
	"""Refuse goods of blocked batches that would leave, or be used; at most four queries (G5).

	The batches are locked: one that is being blocked is blocked before the goods leave, or after.
	"""
	doc.flags.qms_batches_open = None
	rows = list(_leaving(doc))
	if not rows:
		return
	bundles = _bundled({r.serial_and_batch_bundle for r in rows if r.get("serial_and_batch_bundle")})
	named: list[tuple[Document, str]] = []
	devices: list[tuple[Document, str]] = []
	choosing = set()
	for row in rows:
		entries = bundles.get(row.get("serial_and_batch_bundle") or "") or [
			(row.get("batch_no") or "", serial) for serial in serials_in(row.get("serial_no") or "") or ("",)
		]
		named += [(row, batch) for batch, _serial in entries if batch]
		devices += [(row, serial) for batch, serial in entries if serial and not batch]
		if entries == [("", "")]:
			choosing.add(_item(row))
	of_device = _batches_of({serial for _row, serial in devices})
	named += [(row, of_device[s.casefold()]) for row, s in devices if s.casefold() in of_device]
	_refuse(doc, named)
	if not choosing or _repeats_counter_sales(doc):
		return
	if frappe.get_all("Item", {"name": ("in", sorted(choosing)), "has_batch_no": 1}, limit=1):
		# ERPNext chooses a batch while it books; of devices with serial numbers also a blocked one.
		doc.flags.qms_batches_open = f"qms_{frappe.generate_hash(length=10)}"
		frappe.db.savepoint(doc.flags.qms_batches_open)


def on_submit(doc: Document, method: str | None = None) -> None:
	"""Refuse what ERPNext has chosen itself, and take back what it has written; one query (G5)."""
	point = doc.flags.qms_batches_open
	if not point:
		return
	bundle, entry, batch = (
		frappe.qb.DocType(n) for n in ("Serial and Batch Bundle", "Serial and Batch Entry", "Batch")
	)
	chosen = (
		frappe.qb.from_(bundle)
		.join(entry)
		.on(entry.parent == bundle.name)
		.join(batch)
		.on(batch.name == entry.batch_no)
		.select(bundle.voucher_detail_no, entry.batch_no)
		.distinct()
		.where((bundle.voucher_type == doc.doctype) & (bundle.voucher_no == doc.name))
		.where((bundle.type_of_transaction == "Outward") & (bundle.is_cancelled == 0) & (batch.disabled == 1))
		.run()
	)
	rows = {row.name: row for row in _leaving(doc)}
	found = [(rows[name], batch_no) for name, batch_no in chosen if name in rows]
	if found:
		frappe.db.rollback(save_point=point)
		refuse(_refusals(found, [batch_no for _row, batch_no in found]), _("Batch Blocked"))


def _refuse(doc: Document, named: list[tuple[Document, str]]) -> None:
	names = sorted({batch for _row, batch in named})
	if not names:
		return
	batch = frappe.qb.DocType("Batch")
	rows = (
		frappe.qb.from_(batch)
		.select(batch.name, batch.disabled)
		.where(batch.name.isin(names))
		.orderby(batch.name)
		.for_update()
		.run()
	)
	found = _refusals(named, [name for name, disabled in rows if cint(disabled)])
	if found and _repeats_counter_sales(doc):
		# The goods left over the counter, where this door was; now the stock is booked.
		refuse_false_consolidation(doc)
	elif found:
		refuse(found, _("Batch Blocked"))


def _refusals(named: Iterable[tuple[Document, str]], blocked: Iterable[str]) -> list[Refusal]:
	return rules.blocked_refusals(
		[rules.Leaving(row.idx, _item(row), batch) for row, batch in named], blocked
	)


def _item(row: Document) -> str:
	return row.get("rm_item_code") or row.item_code


def _repeats_counter_sales(doc: Document) -> bool:
	return doc.doctype == INVOICE and bool(cint(doc.get("is_consolidated")))


def _leaving(doc: Document) -> Iterator[Document]:
	"""The rows of a document, and parts of bundles, that take goods out of the company or use them up."""
	if doc.doctype == ENTRY:
		yield from _leaving_by_entry(doc)
		return
	if table := USED_UP.get(doc.doctype):
		# What goes back to a supplier passes, and what a return brings back to them.
		if not doc.get("is_return") and (doc.doctype != "Purchase Invoice" or doc.get("update_stock")):
			yield from doc.get(table) or ()
		return
	if doc.doctype == INVOICE and not doc.get("update_stock"):
		return
	found = [row for row in doc.items if leaving(row) > 0]
	found += [row for row in doc.get("packed_items") or () if number(row.qty) > 0]
	if found and not is_internal_transfer(doc):
		yield from found


def _leaving_by_entry(doc: Document) -> Iterator[Document]:
	sources = [row for row in doc.items if row.s_warehouse]
	if doc.purpose in INSIDE or (doc.purpose == BRINGS_BACK and doc.get("is_return")):
		away = customers_at(row.t_warehouse for row in sources)
		sources = [row for row in sources if row.t_warehouse in away]
	yield from sources


def _bundled(names: set[str]) -> dict[str, list[tuple[str, str]]]:
	"""Batches and serial numbers by bundle; one query, none without bundles."""
	found: dict[str, list[tuple[str, str]]] = {}
	if not names:
		return found
	entry = frappe.qb.DocType("Serial and Batch Entry")
	for parent, batch, serial in (
		frappe.qb.from_(entry)
		.select(entry.parent, entry.batch_no, entry.serial_no)
		.where(entry.parent.isin(sorted(names)))
		.run()
	):
		found.setdefault(parent, []).append((batch or "", serial or ""))
	return found


def _batches_of(serials: set[str]) -> dict[str, str]:
	"""The batches of devices that are named by their serial numbers only; at most one query."""
	if not serials:
		return {}
	filters = {"name": ("in", sorted(serials)), "batch_no": ("is", "set")}
	found = frappe.get_all("Serial No", filters=filters, fields=["name", "batch_no"])
	return {one.name.casefold(): one.batch_no for one in found}


# The batch itself


def before_batch(doc: Document, method: str | None = None) -> None:
	"""Let Quality alone release a batch that a return slip has blocked, and record who did (G5, K2)."""
	before = doc.get_doc_before_save()
	if before is None or not cint(before.get("disabled")) or cint(doc.get("disabled")):
		return
	slip = blocked_by(doc.name)
	if not slip:
		return
	if QUALITY not in people.own_roles(frappe.session.user):
		refuse_one(
			"G5",
			mark("Batch {0} is blocked by return slip {1}: it is released by {2}."),
			doc.name,
			slip,
			QUALITY,
		)
	doc.add_comment("Info", _("Released by {0}").format(people.full_name(frappe.session.user)))


def before_batch_rename(doc: Document, method: str | None, old: str, new: str, merge: bool = False) -> None:
	"""Refuse to turn a blocked batch into one that is not: its goods would leave as the other's (G5)."""
	if not merge:
		return
	blocked = dict(
		frappe.get_all(
			"Batch", filters={"name": ("in", (old, new))}, fields=["name", "disabled"], as_list=True
		)
	)
	if cint(blocked.get(old)) and not cint(blocked.get(new)):
		refuse_one("G5", mark("Batch {0} is blocked, {1} is not: they are not made one batch."), old, new)


def blocked_by(batch: str) -> str:
	"""Return the return slip that has blocked a batch because its sample is bad, "" if none has (G5)."""
	found = {"batch_no": batch, "blocked": 1, "parenttype": "Return Slip"}
	return frappe.db.get_value("Return Batch Measure", found, "parent", order_by="creation desc") or ""
