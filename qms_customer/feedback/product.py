"""The product that a complaint is about: where the rest of its batch is, what came back of it with what the
sample showed, what else is complained about (H3, H5, K6).
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import frappe
from frappe.model.document import Document

from qms_customer.contract import sales_record
from qms_customer.feedback import handled
from qms_customer.returns import batch, claim_panel
from qms_customer.rules.sales_record import serials_in
from qms_customer.shown import render

SLIP = "Return Slip"
# So many slips and complaints are shown; lists have the others.
MOST = 20
COLOURS = {"Good": "green", "Bad": "red", "No Sample Left": "gray"}


@dataclass(frozen=True)
class Product:
	"""What we know of what was told: `pairs` of item and batch, and the `serials` that were named."""

	item: str
	pairs: tuple[tuple[str, str], ...]
	serials: tuple[str, ...]

	@property
	def batches(self) -> list[str]:
		"""Return the batches concerned."""
		return sorted({name for _item, name in self.pairs})


def panel(complaint: Document) -> dict[str, Any]:
	"""Return what the form of a complaint shows of its product, as far as the current user may see it; a
	constant number of queries (H3, H5, K6).
	"""
	product = _product(complaint)
	slips, more_slips = _slips(complaint, product)
	others, more_others = _others(complaint, product)
	return {
		"html": render(
			"panels/complaint_product.html",
			doc=complaint,
			batches=_batches(complaint, product),
			unknown=bool(complaint.batch_no) and not product.pairs,
			devices=[] if product.pairs else _devices(complaint, product),
			slips=slips,
			more_slips=more_slips,
			others=others,
			more_others=more_others,
			colours=COLOURS,
			record=_record,
			most=MOST,
		)
	}


def _product(complaint: Document) -> Product:
	"""The batch that was named, and those of the devices: what was told need not be one of ours."""
	serials = serials_in(complaint.serial_no or "")
	names = {complaint.batch_no}
	if serials:
		names.update(frappe.get_all("Serial No", {"name": ("in", serials)}, pluck="batch_no"))
	names -= {None, ""}
	known = frappe.get_all("Batch", {"name": ("in", sorted(names))}, ["name", "item"]) if names else []
	pairs = sorted((b.item, b.name) for b in known if b.item == (complaint.item_code or b.item))
	return Product(complaint.item_code or "", tuple(pairs), serials)


def _batches(complaint: Document, product: Product) -> list[frappe._dict]:
	"""The batches with their deliveries by customer and their stock."""
	found = batch.rests(complaint, product.pairs)
	stock = claim_panel.shown(found)
	return [
		frappe._dict(rest, item=pair[0], batch=pair[1], stock=stock[pair]) for pair, rest in found.items()
	]


def _devices(complaint: Document, product: Product) -> list[frappe._dict]:
	"""Where devices without a batch were delivered."""
	if not product.serials:
		return []
	record = sales_record.read(sales_record.Wanted(serial_no=product.serials[0], item_code=product.item))
	return batch.by_customer(complaint.customer, record.lines)


def _slips(complaint: Document, product: Product) -> tuple[list[frappe._dict], bool]:
	"""The return slips that the complaint names, or that are of its batch or device, with what the retained
	samples showed; and whether there are more.
	"""
	if not frappe.has_permission(SLIP, "read"):
		return [], False
	named = {row.return_slip for row in complaint.corrections if row.return_slip}
	origin = frappe.db.get_value(
		"Customer Feedback", complaint.feedback, ["origin_doctype", "origin_name"], as_dict=True
	)
	if origin and origin.origin_doctype == SLIP:
		named.add(origin.origin_name)
	of_product = []
	if product.pairs:
		of_product = [["Return Slip Item", "batch_no", "in", product.batches]]
	elif product.serials and product.item:
		of_product = [
			["Return Slip Item", "item_code", "=", product.item],
			["Return Slip Item", "serial_nos", "like", f"%{product.serials[0]}%"],
		]
	wanted = [*_names([["name", "in", sorted(named)]] if named else None)]
	wanted += [n for n in _names(of_product or None) if n not in wanted]
	rows = frappe.get_all(
		SLIP,
		filters={"name": ("in", wanted[:MOST] or [""])},
		fields=["name", "customer_name", "workflow_state", "items.batch_no", "items.stock_qty as qty"],
		order_by="`tabReturn Slip`.posting_date desc, `tabReturn Slip`.name desc, `tabReturn Slip Item`.idx",
	)
	tests = frappe.get_all(
		"Return Sample Test",
		filters={"parent": ("in", wanted[:MOST] or [""]), "parenttype": SLIP},
		fields=["parent", "batch_no", "finding", "quality_inspection", "found_by_name", "found_on"],
		order_by="parent, idx",
	)
	found: dict[str, frappe._dict] = {}
	for row in rows:
		if product.pairs and row.name not in named and row.batch_no not in product.batches:
			continue
		one = found.setdefault(row.name, frappe._dict(row, qty=0, named=row.name in named, tests=[]))
		one.qty += row.qty or 0
	for test in tests:
		if test.parent in found and (not product.pairs or test.batch_no in product.batches):
			found[test.parent].tests.append(test)
	return list(found.values()), len(wanted) > MOST


def _names(filters: list | None) -> list[str]:
	"""The latest return slips, as far as they may be read; one more than is shown."""
	if not filters:
		return []
	filters = [*filters, ["docstatus", "<", 2]]
	# One with many such rows is found with each of them.
	names = frappe.get_list(
		SLIP,
		filters=filters,
		pluck="name",
		order_by="`tabReturn Slip`.creation desc",
		limit_page_length=10 * MOST,
	)
	return list(dict.fromkeys(names))[: MOST + 1]


def _others(complaint: Document, product: Product) -> tuple[list[frappe._dict], bool]:
	"""Other complaints about the batch, or the device: the latest, and whether there are more."""
	if product.pairs:
		same: dict[str, Any] = {"batch_no": ("in", product.batches)}
	elif product.serials and product.item:
		same = {"item_code": product.item, "serial_no": complaint.serial_no}
	else:
		return [], False
	rows = frappe.get_list(
		handled.DOCTYPE,
		filters={**same, "name": ("!=", complaint.name)},
		fields=["name", "customer_name", "complainant", "received_on", "severity", "workflow_state"],
		order_by="received_on desc, name desc",
		limit_page_length=MOST + 1,
	)
	return rows[:MOST], len(rows) > MOST


def _record(item: str, of_batch: str = "", serial: str = "") -> str:
	"""The address of the sales record of a batch or device."""
	wanted = {"item_code": item, "batch_no": of_batch, "serial_no": serial}
	return "/app/query-report/Sales%20Record?" + urlencode({k: v for k, v in wanted.items() if v})
