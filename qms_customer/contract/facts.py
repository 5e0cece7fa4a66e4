"""What the classification looks at, read from ERPNext in a constant number of queries (B1, B3, C2, C5)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import frappe
from frappe.model.document import Document
from frappe.query_builder.functions import Sum
from frappe.utils import flt, getdate
from pypika import Table
from pypika.terms import Criterion

from qms_customer.contract import forecast, scope
from qms_customer.contract.settings import settings, thresholds
from qms_customer.rules import contract as contract_rules
from qms_customer.rules.classification import Classification, Facts, Line, Price, Standard, Verdict, classify


@dataclass(frozen=True)
class Free:
	"""Stock of an item in the company's own warehouses, and what open commitments take of it."""

	actual: Decimal
	reserved: Decimal


def number(value: object) -> Decimal:
	"""Return a quantity or an amount as an exact decimal, float noise rounded away; 0 for no number."""
	found = Decimal(str(round(flt(value), 9)))
	return found if found.is_finite() else Decimal()


def read_facts(doc: Document) -> Facts:
	"""Return the facts of a contract document (B1, B3); at most 5 queries, whatever the number of lines, and
	2 more where the capacity forecast decides.
	"""
	rows = goods_rows(doc)
	codes = {r[0] for r in rows}
	items = _items(codes)
	standards = _standards({i.qms_product_standard for i in items.values() if i.qms_product_standard})
	stocked = {c for c, i in items.items() if i.is_stock_item}
	free = _free_stock(stocked, doc.company)
	own = _own_reservation(doc)
	rate = _exchange_rate(doc)
	made = forecast.made(stocked) if forecast.decides() else set()
	lines = []
	for code, quantity, due in rows:
		item = items.get(code)
		if item is None:
			lines.append(Line(code, quantity, due=due, disabled=True))
			continue
		stock = free.get(code, Free(Decimal(), Decimal()))
		lines.append(
			Line(
				item=code,
				quantity=quantity,
				goods=bool(item.is_stock_item or item.is_fixed_asset),
				standard=standards.get(item.qms_product_standard) if item.qms_product_standard else None,
				free=stock.actual - stock.reserved + own.get(code, Decimal()) if code in stocked else None,
				lead_time_days=item.lead_time_days or None,
				due=due,
				disabled=bool(item.disabled or (item.end_of_life and getdate(item.end_of_life) < getdate())),
				made=code in made,
			)
		)
	return Facts(
		today=getdate(),
		lines=lines,
		prices=[Price(d.item_code, number(d.rate), bool(d.get("is_free_item"))) for d in doc.items],
		packaging=doc.get("qms_packaging") or "",
		payment_terms=payment_terms(doc),
		payment_method=doc.get("qms_payment_method") or "",
		delivery_method=doc.get("qms_delivery_method") or "",
		special=contract_rules.special_requirements(requirements(doc), doc.get("qms_packaging") or ""),
		amount=number(amount(doc, rate)) if rate else None,
		quantity=sum((r[1] for r in rows), Decimal()),
		capacity=forecast.evidence(doc, rows) if made else None,
	)


def evaluate(doc: Document, overrides: dict[str, Verdict] | None = None) -> Classification:
	"""Return class, size and path of a contract document as it stands now (B1-B4)."""
	return classify(read_facts(doc), thresholds(), overrides)


def requirements(doc: Document) -> list[contract_rules.Requirement]:
	"""Return the requirements recorded on a contract document (A2, A7)."""
	return [
		contract_rules.Requirement(
			r.requirement_class or "", r.requirement or "", r.special or "", bool(r.none_identified)
		)
		for r in doc.get("qms_requirements") or ()
	]


def documents(doc: Document) -> list[contract_rules.Document]:
	"""Return the attachments of a contract document that carry requirements (A6)."""
	return [
		contract_rules.Document(d.title or "", d.document_version or "", d.file or "", d.sha256 or "")
		for d in doc.get("qms_documents") or ()
	]


def missing_to_start(doc: Document, full_record: bool) -> list[contract_rules.Missing]:
	"""Return what the contract document lacks before its review can start (A1, A2, A6, A7, A9)."""
	return contract_rules.missing_to_start(
		doc.get("qms_contract_form") or "",
		doc.get("qms_delivery_method") or "",
		doc.get("qms_payment_method") or "",
		doc.get("qms_packaging") or "",
		doc.get("qms_packaging_details") or "",
		documents(doc),
		requirements(doc),
		full_record,
	)


def amount(doc: Document, rate: float | None = None) -> float:
	"""Return the value of a contract document in company currency (C4, C5).

	The exchange rate on the document is what somebody typed: the rate that is on record makes it no smaller.
	"""
	if doc.doctype == "Blanket Order":
		return sum(flt(d.qty) * flt(d.rate) for d in doc.items)
	rate = _exchange_rate(doc) if rate is None else rate
	return max(flt(doc.base_grand_total), flt(doc.grand_total) * rate)


def _exchange_rate(doc: Document) -> float:
	"""The rate on record (Currency Exchange) on the document's date, 0 if none: then its value is unknown.

	ERPNext's own function would ask a service in the internet, while the document waits to be saved.
	"""
	own = frappe.get_cached_value("Company", doc.company, "default_currency")
	if not doc.get("currency") or doc.currency == own:
		return 1.0
	on_record = frappe.get_all(
		"Currency Exchange",
		filters={
			"from_currency": doc.currency,
			"to_currency": own,
			"for_selling": 1,
			"date": ("<=", doc.transaction_date),
		},
		pluck="exchange_rate",
		order_by="date desc",
		limit=1,
	)
	return flt(on_record[0]) if on_record else 0.0


def payment_terms(doc: Document) -> str:
	"""Return the payment terms as text, "" if the contract states none (A9, B1c).

	A schedule that ERPNext fills by itself (one row, no term) states nothing.
	"""
	if stated := doc.get("payment_terms_template") or doc.get("qms_payment_terms"):
		return stated
	terms = [d.payment_term or d.description for d in doc.get("payment_schedule") or ()]
	return ", ".join(terms) if terms and all(terms) else ""


def is_gated(doc: Document) -> bool:
	"""Return whether a contract document needs an approved review before it is committed (C1).

	Where the gate is not live, and outside of its scope, none does.
	"""
	if not scope.covers(doc):
		return False
	if doc.doctype == "Quotation":
		return bool(doc.get("qms_is_tender") or settings().gate_quotations or _was_reviewed(doc))
	if doc.doctype == "Blanket Order":
		return doc.blanket_order_type == "Selling"
	if settings().gate_services or not doc.items:
		return True
	items = _items({d.item_code for d in doc.items} | {d.item_code for d in doc.get("packed_items") or ()})
	return any(i.is_stock_item or i.is_fixed_asset for i in items.values())


def _was_reviewed(doc: Document) -> bool:
	"""Whether a quotation, or the one that it amends, has a review: without the tick it is a tender still
	(C1, C13).
	"""
	names = [name for name in (doc.name, doc.get("amended_from")) if name]
	return bool(
		names
		and frappe.db.exists(
			"Contract Review", {"reference_doctype": doc.doctype, "reference_name": ("in", names)}
		)
	)


def goods_rows(doc: Document) -> list[tuple[str, Decimal, date | None]]:
	"""(item, quantity in stock units, due date) of each line, bundles replaced by their components."""
	packed = doc.get("packed_items") or []
	bundles = {p.parent_item for p in packed}
	promised = _promised(doc)
	found, bundle_due = [], {}
	for row in doc.items:
		due = row.get("delivery_date") or promised
		due = getdate(due) if due else None
		if row.item_code in bundles:
			known = bundle_due.get(row.item_code, due)
			bundle_due[row.item_code] = None if due is None or known is None else min(known, due)
			continue
		quantity = row.get("stock_qty") or flt(row.qty) * flt(row.get("conversion_factor") or 1)
		found.append((row.item_code, number(quantity), due))
	for row in packed:
		quantity = flt(row.qty) * flt(row.conversion_factor or 1)
		found.append((row.item_code, number(quantity), bundle_due.get(row.parent_item)))
	return found


def _promised(doc: Document) -> object:
	"""The date that a quotation or blanket order promises: its own, or its lead time from today."""
	if doc.get("delivery_date"):
		return doc.delivery_date
	if doc.get("qms_promised_date"):
		return doc.qms_promised_date
	if doc.get("qms_lead_time_days"):
		return frappe.utils.add_days(frappe.utils.nowdate(), doc.qms_lead_time_days)
	return None


def _items(codes: Iterable[str]) -> dict[str, frappe._dict]:
	codes = list(codes)
	if not codes:
		return {}
	fields = [
		"name",
		"is_stock_item",
		"is_fixed_asset",
		"disabled",
		"end_of_life",
		"lead_time_days",
		"qms_product_standard",
	]
	return {i.name: i for i in frappe.get_all("Item", filters={"name": ("in", codes)}, fields=fields)}


def _standards(names: set[str]) -> dict[str, Standard]:
	if not names:
		return {}
	found = {
		s.name: Standard(
			s.standard_number,
			s.standard_version,
			getdate(s.valid_from) if s.valid_from else None,
			getdate(s.valid_to) if s.valid_to else None,
			not s.disabled,
		)
		for s in frappe.get_all(
			"Product Standard",
			filters={"name": ("in", list(names))},
			fields=["name", "standard_number", "standard_version", "valid_from", "valid_to", "disabled"],
		)
	}
	# A standard that was deleted under an item is withdrawn, not unknown.
	return {n: found.get(n) or Standard(n, "", None, None, enabled=False) for n in names}


def is_own_stock(warehouse: Table, company: str) -> Criterion:
	"""Return the condition that what lies in a warehouse is a company's to sell: not rejected, not at a
	customer's site.
	"""
	return (
		(warehouse.company == company)
		& (warehouse.disabled == 0)
		& (warehouse.is_rejected_warehouse == 0)
		& (warehouse.qms_customer.isnull() | (warehouse.qms_customer == ""))
	)


def _free_stock(codes: set[str], company: str) -> dict[str, Free]:
	if not codes:
		return {}
	bin_, warehouse = frappe.qb.DocType("Bin"), frappe.qb.DocType("Warehouse")
	rows = (
		frappe.qb.from_(bin_)
		.join(warehouse)
		.on(warehouse.name == bin_.warehouse)
		.select(
			bin_.item_code,
			Sum(bin_.actual_qty),
			Sum(bin_.reserved_qty + bin_.reserved_qty_for_production + bin_.reserved_qty_for_sub_contract),
		)
		.where(bin_.item_code.isin(list(codes)) & is_own_stock(warehouse, company))
		.groupby(bin_.item_code)
		.run()
	)
	return {code: Free(number(actual), number(reserved)) for code, actual, reserved in rows}


def _own_reservation(doc: Document) -> dict[str, Decimal]:
	"""What a submitted order reserves itself, which does not compete with it; where a change of it is
	looked at, what the order as it stands does.
	"""
	doc = doc.flags.qms_stored or doc
	if doc.doctype != "Sales Order" or doc.docstatus != 1:
		return {}
	own: dict[str, Decimal] = {}
	for row in doc.items:
		left = number(max(flt(row.stock_qty) - flt(row.delivered_qty) * flt(row.conversion_factor or 1), 0))
		own[row.item_code] = own.get(row.item_code, Decimal()) + left
	for row in doc.get("packed_items") or ():
		own[row.item_code] = own.get(row.item_code, Decimal()) + number(row.qty)
	return own
