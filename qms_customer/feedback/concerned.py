"""Whom an advisory notice would have to reach: the deliveries and the stock of what is concerned (I2).

Computed set by set, a constant number of queries whatever the number of deliveries, and whatever the reader
may see: none is missing. Kept on the decision as of the time computed.
"""

import json
from decimal import Decimal
from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import cint, getdate, now_datetime

from qms_customer.contract import sales_record
from qms_customer.contract.facts import number
from qms_customer.returns import batch, quarantine
from qms_customer.rules import advisory as rules
from qms_customer.rules.content import NUMBER, normal
from qms_customer.rules.goods import TOLERANCE

# What is computed of a decision; `computed_on` besides.
COMPUTED = (
	*("customers", "delivered_qty", "returned_qty", "stock_qty", "unbatched_qty"),
	*("deliveries", "stock"),
)


def compute(doc: Document) -> None:
	"""Bring deliveries and stock of a decision to what is stored now; the caller saves it (I2)."""
	doc.update({**read(doc), "computed_on": now_datetime()})


def is_current(doc: Document) -> bool:
	"""Return whether a decision says what is stored now (I2, C12)."""
	now = read(doc)
	return all(_plain(now[name]) == _plain(doc.get(name)) for name in COMPUTED)


def read(doc: Document) -> dict[str, Any]:
	"""Return the values of `COMPUTED` for what a decision says is concerned (I2)."""
	item = doc.item_code
	if not item or not frappe.db.exists("Item", item):
		return {**dict.fromkeys(COMPUTED, 0), "deliveries": "[]", "stock": "[]"}
	batches, serials = scope(doc)
	record = sales_record.read(sales_record.Wanted(item_code=item, unrestricted=True))
	found = rules.recipients(
		[
			rules.Line(
				line.reference_doctype,
				line.delivery,
				getdate(line.posting_date),
				line.customer or "",
				line.customer_name or "",
				line.batch_no or "",
				tuple(s for s in (line.serial_no or "").split(", ") if s),
				number(line.qty),
				line.is_return,
				line.return_against,
			)
			for line in record.lines
		],
		batches,
		serials,
	)
	stock = _stock(item, batches, serials)
	return {
		"customers": found.customers,
		"delivered_qty": float(found.total("quantity")),
		"returned_qty": float(found.total("returned")),
		"stock_qty": float(sum((one["quantity"] for one in stock), Decimal())),
		"unbatched_qty": float(found.unbatched),
		"deliveries": _text(
			{
				"doctype": one.doctype,
				"document": one.document,
				"date": str(one.day),
				"customer": one.customer,
				"customer_name": one.customer_name,
				"batch": one.batch,
				"quantity": normal(one.quantity, NUMBER),
				"returned": normal(one.returned, NUMBER),
				"serials": one.serials,
			}
			for one in found.deliveries
		),
		"stock": _text({**one, "quantity": normal(one["quantity"], NUMBER)} for one in stock),
	}


def scope(doc: Document) -> tuple[list[str], list[str]]:
	"""Return the batches and the serial numbers to which a decision is narrowed, none where it is of all of
	the product; one query (I2).
	"""
	if cint(doc.whole):
		return [], []
	named = lines(doc.batches)
	known = batches_of(doc.item_code, named)
	serials = [one for one in named if one not in known]
	return [one for one in named if one in known], serials


def batches_of(item: str, named: list[str]) -> set[str]:
	"""Return which of these are batches of an item; one query, none without names."""
	if not named:
		return set()
	stored = frappe.get_all("Batch", {"name": ("in", named), "item": item}, pluck="name")
	folded = {one.casefold() for one in stored}
	return {one for one in named if one.casefold() in folded}


def unknown(item: str, named: list[str]) -> list[str]:
	"""Return which of these are neither batches nor serial numbers of an item; two queries (I2)."""
	rest = sorted(set(named) - batches_of(item, named))
	if not rest:
		return []
	stored = frappe.get_all("Serial No", {"name": ("in", rest), "item_code": item}, pluck="name")
	folded = {one.casefold() for one in stored}
	return [one for one in rest if one.casefold() not in folded]


def lines(text: str | None) -> list[str]:
	"""Return the lines of a text that say something, each once."""
	return list(dict.fromkeys(one.strip() for one in (text or "").splitlines() if one.strip()))


def table(text: str | None) -> list[frappe._dict]:
	"""Return deliveries or stock as they are kept on a decision."""
	return [frappe._dict(one) for one in json.loads(text or "[]")]


def _stock(item: str, batches: list[str], serials: list[str]) -> list[dict[str, Any]]:
	"""What of an item is in which warehouse, by batch; at most five queries."""
	found: list[dict[str, Any]] = []
	if serials:
		for name, warehouse, lot in frappe.get_all(
			"Serial No",
			{"name": ("in", serials), "item_code": item, "warehouse": ("is", "set")},
			["name", "warehouse", "batch_no"],
			order_by="name",
			as_list=True,
		):
			found.append({"warehouse": warehouse, "batch": lot or "", "serial": name, "quantity": Decimal(1)})
	if not serials or batches:
		batched = frappe.get_cached_value("Item", item, "has_batch_no")
		if batched:
			lots = batches or frappe.get_all("Batch", {"item": item}, pluck="name", order_by="name")
			for (_item, lot), places in batch.on_hand((item, lot) for lot in lots).items():
				found += [
					{"warehouse": w, "batch": lot, "serial": "", "quantity": quantity}
					for w, quantity in places.items()
				]
		else:
			found += [
				{"warehouse": w, "batch": "", "serial": "", "quantity": number(quantity)}
				for w, quantity in frappe.get_all(
					"Bin",
					{"item_code": item, "actual_qty": (">", 0)},
					["warehouse", "actual_qty"],
					as_list=True,
				)
			]
	found = [one for one in found if one["quantity"] > TOLERANCE]
	held = set(
		frappe.get_all(
			"Warehouse",
			{"name": ("in", sorted({one["warehouse"] for one in found}) or [""]), quarantine.FLAG: 1},
			pluck="name",
		)
	)
	for one in found:
		one["quarantine"] = int(one["warehouse"] in held)
	return sorted(found, key=lambda one: (one["batch"], one["warehouse"], one["serial"]))


def _text(rows: Any) -> str:
	return json.dumps(list(rows), ensure_ascii=False)


def _plain(value: Any) -> str:
	return value if isinstance(value, str) else normal(value, NUMBER)
