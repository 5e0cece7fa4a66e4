"""ERPNext's own documents for goods that come back: the return of their delivery, stock entries out of
quarantine (G6).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import frappe
from erpnext.controllers.sales_and_purchase_return import make_return_doc
from erpnext.stock.doctype.serial_no.serial_no import get_serial_nos
from frappe.model.document import Document
from frappe.utils import flt

from qms_customer.contract.facts import number
from qms_customer.erp.release import RETURNED
from qms_customer.messages import refuse_one
from qms_customer.returns import making
from qms_customer.rules import mark
from qms_customer.rules.goods import TOLERANCE

COUNTER, PACKED = "POS Invoice", "Packed Item"


@dataclass(frozen=True)
class Goods:
	"""Goods in hand: item, batch and serial numbers, quantity in the stock unit; for a return the row of the
	delivery that they were part of.
	"""

	item: str
	batch: str
	quantity: Decimal
	serials: tuple[str, ...] = ()
	row: str = ""


def returns_of(deliveries: Mapping[tuple[str, str], list[Goods]], warehouse: str) -> list[Document]:
	"""Return the unsaved returns, one for each delivery, that bring goods into a warehouse (G6, G7).

	Made by ERPNext's own function, so that orders, bills and serial numbers follow. Raises QMSRefusal where
	it cannot be.
	"""
	made = []
	for (doctype, name), goods in deliveries.items():
		if doctype == COUNTER:
			refuse_one(
				"G6",
				mark(
					"{0} was sold over the counter: return it at the till, where it was sold, while its "
					"route is Back to Us. The till books it here."
				),
				name,
			)
		delivery = frappe.db.get_value(doctype, name, ["docstatus", "is_return"], as_dict=True)
		if not delivery or delivery.docstatus != 1 or delivery.is_return:
			refuse_one(
				"G7", mark("{0} is cancelled, or no delivery: nothing of it can come back."), name or "?"
			)
		_refuse_foreign(doctype, name, goods)
		made.append(_return_of(doctype, name, goods, warehouse))
	return made


def _refuse_foreign(doctype: str, name: str, goods: list[Goods]) -> None:
	"""Refuse batches and serial numbers that were not part of the row that is returned; two or three queries
	(G7). What a row of before bundles does not say is left to ERPNext.
	"""
	sold: dict[str, tuple[set[str], set[str]]] = {}
	bundles: dict[str, str] = {}
	for table in (f"{doctype} Item", PACKED):
		for row in frappe.get_all(
			table,
			filters={
				"parent": name,
				"parenttype": doctype,
				"name": ("in", [one.row for one in goods]),
			},
			fields=["name", "batch_no", "serial_no", "serial_and_batch_bundle"],
		):
			sold[row.name] = ({row.batch_no} - {None, ""}, set(get_serial_nos(row.serial_no or "")))
			if row.serial_and_batch_bundle:
				sold[row.name] = (set(), set())
				bundles[row.serial_and_batch_bundle] = row.name
	for entry in frappe.get_all(
		"Serial and Batch Entry",
		filters={"parent": ("in", sorted(bundles) or [""])},
		fields=["parent", "batch_no", "serial_no"],
	):
		batches, numbers = sold[bundles[entry.parent]]
		batches.update({entry.batch_no} - {None, ""})
		numbers.update({entry.serial_no} - {None, ""})
	for one in goods:
		batches, numbers = sold.get(one.row, (set(), set()))
		if (batches and one.batch and one.batch not in batches) or (
			numbers and not numbers.issuperset(one.serials)
		):
			refuse_one(
				"G7",
				mark("{0}, batch {1}: this is not what {2} delivered. Check batch and serial numbers."),
				one.item,
				one.batch or "–",
				name,
			)


def _return_of(doctype: str, name: str, goods: list[Goods], warehouse: str) -> Document:
	doc = make_return_doc(doctype, name, making.blank(doctype))
	mapped = {row.get(RETURNED[doctype][0]): row for row in doc.items}
	plain = [one for one in goods if one.row in mapped]
	rows = [_row(doc, mapped[one.row], one) for one in plain]
	rest = [one for one in goods if one.row not in mapped]
	if rest:
		rows += _bundles(doctype, name, mapped, rest)
	doc.set("items", [])
	for row in rows:
		doc.append("items", row)
	doc.set("packed_items", [])
	for place, row in enumerate(doc.items, 1):
		row.idx, row.warehouse, row.target_warehouse = place, warehouse, None
		row.serial_and_batch_bundle = None
	doc.set_warehouse = warehouse if doctype == "Delivery Note" else None
	doc.set_posting_time = 0
	if doctype == "Delivery Note":
		# What is owed for it is drafted for Finance, and not posted here.
		doc.issue_credit_note = 0
	else:
		# Money goes back when Finance sends it.
		doc.is_pos = 0
		doc.set("payments", [])
		doc.update_stock = 1
	share_charges(doc)
	return making.anew(doc)


def share_charges(doc: Document) -> None:
	"""Let a return bear its part of the charges and of the discount that are fixed amounts: ERPNext gives
	each return all of them; three queries (G7).

	Its part is that of its rows in the total before discount. Parts are rounded as they add up, and never
	give back more than what is left.
	"""
	charges = [tax for tax in doc.get("taxes") or () if tax.charge_type == "Actual"]
	total, discount, pieces = map(
		number,
		frappe.db.get_value(doc.doctype, doc.return_against, ["total", "discount_amount", "total_qty"]),
	)
	# Of what was free each piece bears as much as the next.
	free = not total
	total = pieces if free else total
	if doc.get("additional_discount_percentage"):
		discount = Decimal()
	if not total or not (charges or discount):
		return
	others = [
		one
		for one in frappe.get_all(
			doc.doctype,
			filters={"return_against": doc.return_against, "is_return": 1, "docstatus": ("<", 2)},
			fields=["name", "docstatus", "total", "total_qty", "discount_amount", making.FIELD],
		)
		# A draft that no slip has made may never be posted.
		if one.docstatus == 1 or one.get(making.FIELD)
	]
	before = -sum((number(one.total_qty if free else one.total) for one in others), Decimal()) / total
	now = (
		sum((abs(number(row.qty)) * (1 if free else number(row.rate)) for row in doc.items), Decimal())
		/ total
	)

	def part(amount: Decimal, given: Decimal, precision: int) -> float:
		"""Given back of an amount: negative, as on a return."""
		done, there = (flt(amount * min(share, Decimal(1)), precision) for share in (before, before + now))
		back = max(min(abs(number(there) - number(done)), abs(amount) - abs(given)), Decimal())
		return float((-back).copy_sign(-amount)) if back else 0.0

	if discount:
		given = sum((number(one.discount_amount) for one in others), Decimal())
		doc.discount_amount = part(discount, given, doc.precision("discount_amount"))
	if not charges:
		return
	taken: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
	for one in frappe.get_all(
		charges[0].doctype,
		filters={
			"parent": ("in", [one.name for one in others] or [""]),
			"parenttype": doc.doctype,
			"charge_type": "Actual",
		},
		fields=["account_head", "description", "tax_amount"],
	):
		taken[one.account_head, one.description] += number(one.tax_amount)
	for tax in charges:
		# Another row of the same charge begins where the one before ended.
		key, amount = (tax.account_head, tax.description), -number(tax.tax_amount)
		given = min(abs(taken[key]), abs(amount))
		taken[key] = max(abs(taken[key]) - given, Decimal())
		tax.tax_amount = part(amount, given, tax.precision("tax_amount"))


def _row(doc: Document, mapped: Document, goods: Goods) -> dict:
	factor = number(mapped.conversion_factor or 1)
	quantity = goods.quantity / factor
	if frappe.get_cached_value("UOM", mapped.uom, "must_be_whole_number") and quantity % 1:
		refuse_one(
			"G7",
			mark("{0} was delivered in {1} of {2}: such a unit comes back whole, or none of it."),
			goods.item,
			mapped.uom,
			f"{factor.normalize():f}",
		)
	row = mapped.as_dict(no_default_fields=True)
	row.update(
		{
			"qty": -float(quantity),
			"stock_qty": -float(goods.quantity),
			"use_serial_batch_fields": int(bool(goods.batch or goods.serials)),
			"batch_no": goods.batch or None,
			"serial_no": "\n".join(goods.serials) or None,
		}
	)
	return row


def _bundles(doctype: str, name: str, mapped: Mapping[str, Document], goods: list[Goods]) -> list[dict]:
	"""Rows of whole product bundles, of which the goods are the parts: ERPNext takes no single part back."""
	parts = frappe.get_all(
		PACKED,
		filters={"parent": name, "parenttype": doctype},
		fields=["name", "item_code", "qty", "parent_detail_docname", "parent_item"],
	)
	of_row = {p.name: p for p in parts}
	asked: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
	for one in goods:
		part = of_row.get(one.row)
		if part is None or part.item_code != one.item or part.parent_detail_docname not in mapped:
			refuse_one("G7", mark("{0} was not delivered by {1}."), one.item, name)
		asked[part.parent_detail_docname][one.item] += one.quantity
	sold = dict(
		frappe.get_all(
			f"{doctype} Item",
			filters={"name": ("in", sorted(asked))},
			fields=["name", "qty"],
			as_list=True,
		)
	)
	rows = []
	for row_name, wanted in asked.items():
		whole: dict[str, Decimal] = defaultdict(Decimal)
		for part in parts:
			if part.parent_detail_docname == row_name:
				whole[part.item_code] += number(part.qty)
		shares = {wanted.get(item, Decimal()) / quantity for item, quantity in whole.items() if quantity}
		bundles = max(shares) * number(sold[row_name])
		if max(shares) - min(shares) > TOLERANCE or abs(bundles - round(bundles)) > TOLERANCE:
			refuse_one(
				"G7",
				mark("{0} was delivered as a bundle: its parts come back together, whole bundles at a time."),
				mapped[row_name].item_code,
			)
		row = mapped[row_name].as_dict(no_default_fields=True)
		row["qty"] = -float(round(bundles))
		rows.append(row)
	return rows


def place_parts(doc: Document, warehouse: str) -> None:
	"""Let the parts of returned bundles go where the rows go; ERPNext has listed them at the first save."""
	if not doc.get("packed_items"):
		return
	for part in doc.packed_items:
		part.warehouse, part.target_warehouse = warehouse, None
	doc.flags.ignore_permissions = True
	doc.save()


def issue(company: str, goods: Iterable[Goods], warehouse: str, remarks: str) -> Document:
	"""Return the unsaved stock entry that writes goods off to the company's write-off account (G6)."""
	account = _write_off(company)
	return _entry(
		company,
		"Material Issue",
		remarks,
		[{**_moved(one), "s_warehouse": warehouse, "expense_account": account} for one in goods],
	)


def transfer(company: str, goods: Iterable[Goods], source: str, target: str, remarks: str) -> Document:
	"""Return the unsaved stock entry that moves goods from one warehouse to another (G6)."""
	return _entry(
		company,
		"Material Transfer",
		remarks,
		[{**_moved(one), "s_warehouse": source, "t_warehouse": target} for one in goods],
	)


def _entry(company: str, purpose: str, remarks: str, rows: list[dict]) -> Document:
	kind = frappe.db.get_value("Stock Entry Type", {"purpose": purpose}, order_by="is_standard desc, name")
	return frappe.get_doc(
		{
			"doctype": "Stock Entry",
			"stock_entry_type": kind or purpose,
			"purpose": purpose,
			"company": company,
			"remarks": remarks,
			"items": rows,
		}
	)


def _moved(goods: Goods) -> dict:
	unit = frappe.get_cached_value("Item", goods.item, "stock_uom")
	return {
		"item_code": goods.item,
		"qty": float(goods.quantity),
		"uom": unit,
		"stock_uom": unit,
		"conversion_factor": 1,
		"use_serial_batch_fields": int(bool(goods.batch or goods.serials)),
		"batch_no": goods.batch or None,
		"serial_no": "\n".join(goods.serials) or None,
	}


def _write_off(company: str) -> str | None:
	accounts = frappe.get_cached_value(
		"Company",
		company,
		["write_off_account", "stock_adjustment_account", "enable_perpetual_inventory"],
		as_dict=True,
	)
	account = accounts.write_off_account or accounts.stock_adjustment_account
	if not account and accounts.enable_perpetual_inventory:
		refuse_one(
			"G6",
			mark("{0} has no write-off account. Finance enters one: Company, Write Off Account."),
			company,
		)
	return account


def refuse_other(doc: Document, goods: Iterable[Goods]) -> None:
	"""Refuse a submitted document that moved other goods than those in hand: other batches or serial numbers,
	or a quantity that its unit cannot express (G7).
	"""
	wanted: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
	numbers: set[tuple[str, str]] = set()
	for one in goods:
		wanted[one.item, one.batch] += one.quantity
		numbers.update((one.item, serial) for serial in one.serials)
	moved, seen = moved_by(doc)
	differs = any(
		abs(wanted.get(key, Decimal()) - moved.get(key, Decimal())) > TOLERANCE for key in {*wanted, *moved}
	)
	if differs or numbers != seen:
		refuse_one(
			"G7",
			mark(
				"The return would book other batches or quantities of {0} than those that came: look at the "
				"delivery, and at the units of its items."
			),
			doc.get("return_against") or doc.name,
		)


def moved_by(doc: Document) -> tuple[dict[tuple[str, str], Decimal], set[tuple[str, str]]]:
	"""Return what a submitted document moved: quantities by item and batch, and serial numbers; 2 queries."""
	moved: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
	numbers: set[tuple[str, str]] = set()
	entries = frappe.get_all(
		"Stock Ledger Entry",
		filters={"voucher_type": doc.doctype, "voucher_no": doc.name, "is_cancelled": 0},
		fields=["item_code", "actual_qty", "batch_no", "serial_and_batch_bundle"],
	)
	bundled = defaultdict(list)
	for one in frappe.get_all(
		"Serial and Batch Entry",
		filters={"parent": ("in", [e.serial_and_batch_bundle for e in entries if e.serial_and_batch_bundle])},
		fields=["parent", "batch_no", "serial_no", "qty"],
	):
		bundled[one.parent].append(one)
	for entry in entries:
		if not entry.serial_and_batch_bundle:
			moved[entry.item_code, entry.batch_no or ""] += number(entry.actual_qty)
			continue
		for one in bundled[entry.serial_and_batch_bundle]:
			moved[entry.item_code, one.batch_no or ""] += number(one.qty)
			if one.serial_no:
				numbers.add((entry.item_code, one.serial_no))
	return moved, numbers
