"""A return slip as people fill it in: rows completed from what was delivered, totals, what is wrong with it
(G1, G2, G7).
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import cint, flt

from qms_customer.contract.facts import number
from qms_customer.contract.sales_record import text_of
from qms_customer.contract.settings import settings
from qms_customer.messages import refuse_one
from qms_customer.returns import delivered, slips
from qms_customer.rules import allocation, mark, says
from qms_customer.rules import returns as rules
from qms_customer.rules.goods import TOLERANCE
from qms_customer.rules.review import Refusal
from qms_customer.rules.sales_record import serials_in

# What the customer has confirmed, and what was asked for it: void once the slip says something else.
CONFIRMATION = (
	*("confirmation", "confirmed_by", "confirmed_on", "confirmation_file", "confirmation_hash"),
	*("link_hash", "link_expires"),
)
# What a row says by itself; the rest follows from what was delivered.
_TYPED = ("item_code", "reason_code", "reason_details", "qty", "uom", "batch_no", "serial_nos", "scanned")
# Where a new slip was made from.
_SOURCE = ("naming_series", "source_doctype", "source_name")
_LAYOUT = ("Section Break", "Column Break", "HTML")


@dataclass(frozen=True)
class Known:
	"""What was read to complete a slip."""

	items: Mapping[str, frappe._dict]
	facts: delivered.Facts
	wanted: delivered.Wanted


def refuse_unless_plain(slip: Document) -> None:
	"""Refuse a new slip that says more than people fill in: that somebody approved it, say (C11)."""
	if slip.docstatus != 0:
		refuse_one("C11", mark("A return slip begins as a draft."))
	for field in slip.meta.fields:
		name = field.fieldname
		if name in slip.EDITABLE or name in _SOURCE or field.fieldtype in _LAYOUT:
			continue
		if field.fieldtype == "Table":
			if slip.get(name):
				refuse_one("C11", mark("{0} of a new return slip is filled in by its steps."), _(field.label))
		else:
			slip.set(name, None)


def on_edit(slip: Document) -> None:
	"""Before a person's edit of a draft is stored: complete it; what was confirmed about another content is
	void (G1).
	"""
	before = slip.get_doc_before_save()
	complete(slip)
	slips.settle(slip)
	if before and statement(before) != statement(slip):
		if slip.confirmation:
			frappe.msgprint(
				_("The slip says something else than the customer confirmed: have it confirmed again."),
				alert=True,
			)
		slip.update(dict.fromkeys(CONFIRMATION))


def complete(slip: Document, exact: bool = False) -> Known:
	"""Fill in what follows from item, batch and quantity: names, units, deliveries, totals, bulk (G1, G2,
	G7).

	A row whose goods are of several deliveries becomes several. A constant number of queries. `exact`: count
	what is stored now, locked (see delivered.Wanted).
	"""
	slip.customer_name = frappe.get_cached_value("Customer", slip.customer, "customer_name")
	slip.currency = frappe.get_cached_value("Company", slip.company, "default_currency")
	known = _read(slip, exact)
	_units(slip, known.items)
	_deliveries(slip, known)
	_claim(slip)
	slip.total_qty = flt(sum(number(r.stock_qty) for r in slip.items))
	slip.total_amount = flt(sum(number(r.amount) for r in slip.items))
	slip.is_bulk = int(_is_bulk(slip, known))
	return known


def problems(slip: Document, known: Known) -> list[Refusal]:
	"""Return all that stands against putting a completed slip forward, but for its confirmation (G1, G7)."""
	found: list[Refusal] = []
	if not slip.wanted:
		found.append(Refusal("G1", mark("Say what the customer wants: exchange, refund, repair or credit.")))
	rows = []
	for row, one in zip(slip.items, _as_rules(slip, known.items), strict=True):
		item = known.items.get(row.item_code)
		if item is None or not item.is_stock_item:
			found.append(
				Refusal(
					"G1",
					mark("Row {0}, {1}: this is no stock item. Name the parts that come back."),
					(str(row.idx), row.item_code),
				)
			)
		elif not number(row.conversion_factor):
			found.append(
				Refusal(
					"G1",
					mark("Row {0}, {1}: {2} is no unit of this item. Choose one of its units."),
					(str(row.idx), row.item_code, row.uom or "–"),
				)
			)
		elif _is_broken(one.quantity, item.stock_uom):
			found.append(
				Refusal(
					"G1",
					mark("Row {0}, {1}: {2} come in whole numbers."),
					(str(row.idx), row.item_code, item.stock_uom),
				)
			)
		else:
			rows.append(one)
	missing = frozenset((r.item, r.batch) for r in rows) - {
		key for key, balance in known.facts.balances.items() if balance.delivered
	}
	w = known.wanted
	others = delivered.others(delivered.Wanted(w.company, w.customer, missing, w.plain)) if missing else {}
	# Who else has a batch is said to those only who may see that customer.
	names = delivered.readable(others.values())
	against = rules.slip_refusals(
		rows,
		known.facts.balances,
		slip.customer_name or slip.customer,
		{key: names[c] for key, c in others.items() if c in names},
	)
	if not against:
		against = [
			Refusal(
				"G7",
				mark(
					"Row {0}, {1}: no delivery has so much of it left that could come back. What came back "
					"without naming its delivery is counted; look at the returns of this customer."
				),
				(str(row.idx), row.item_code),
			)
			for row in slip.items
			if not row.delivery and any(row.idx == r.number for r in rows)
		]
	return found + against


def taken_since(slip: Document, coming: Mapping[str, tuple[Decimal, Sequence[str]]]) -> list[Refusal]:
	"""Return what of a slip that was put forward may not come back any more, counted locked (G7).

	A return that ERPNext books without a slip, or a delivery that is cancelled, takes it from under the slip.
	`coming`: by name of a row how much of it, and which serial numbers. A constant number of queries.
	"""
	known = _read(slip, exact=True)
	numbers = {row.idx: coming[row.name] for row in slip.items if row.name in coming}
	rows = [
		replace(row, quantity=numbers[row.number][0], serials=tuple(numbers[row.number][1]))
		for row in _as_rules(slip, known.items)
		if row.number in numbers and numbers[row.number][0] > 0
	]
	return allocation.approval_refusals(
		rows,
		known.facts.balances,
		known.facts.lots,
		{row.idx: row.delivery_row for row in slip.items if row.delivery_row},
		approved=slip.docstatus == 1,
	)


def statement(slip: Document) -> str:
	"""Return what the customer confirms, as canonical text: who, what comes back, why, what is wanted (G1).

	From which deliveries it comes is ours to know: that changes nothing.
	"""
	goods: dict[tuple[str, str], dict] = defaultdict(
		lambda: {"qty": Decimal(), "serials": set(), "why": set()}
	)
	for row in slip.items:
		one = goods[row.item_code, row.batch_no or ""]
		one["qty"] += number(row.stock_qty)
		one["serials"].update(serials_in(row.serial_nos or ""))
		one["why"].add(f"{row.reason_code or ''}: {(row.reason_details or '').strip()}")
	return json.dumps(
		{
			"company": slip.company,
			"customer": slip.customer,
			"wanted": slip.wanted or "",
			"goods": [
				[item, batch, f"{one['qty'].normalize():f}", sorted(one["serials"]), sorted(one["why"])]
				for (item, batch), one in sorted(goods.items())
			],
		},
		ensure_ascii=False,
	)


def _read(slip: Document, exact: bool) -> Known:
	codes = sorted({r.item_code for r in slip.items if r.item_code})
	items = {
		i.name: i
		for i in frappe.get_all(
			"Item",
			filters={"name": ("in", codes or [""])},
			fields=[
				*("name", "item_name", "description", "stock_uom", "is_stock_item"),
				*("has_batch_no", "has_serial_no"),
			],
		)
	}
	for i in items.values():
		i.factors = {i.stock_uom: 1}
	for parent, uom, factor in frappe.get_all(
		"UOM Conversion Detail",
		filters={"parent": ("in", codes or [""]), "parenttype": "Item"},
		fields=["parent", "uom", "conversion_factor"],
		as_list=True,
	):
		if parent in items:
			items[parent].factors.setdefault(uom, factor)
	plain = frozenset(i.name for i in items.values() if not i.has_batch_no)
	pairs = frozenset(
		(r.item_code, r.batch_no or "")
		for r in slip.items
		if r.item_code in items and (r.batch_no or r.item_code in plain)
	)
	wanted = delivered.Wanted(slip.company, slip.customer, pairs, plain, exact)
	return Known(items, delivered.facts(wanted, slip.name or ""), wanted)


def _units(slip: Document, items: Mapping[str, frappe._dict]) -> None:
	typed = {(r.item_code, s) for r in slip.items for s in serials_in(r.serial_nos or "")}
	stored = _stored_serials(typed)
	for row in slip.items:
		item = items.get(row.item_code)
		if item is None:
			continue
		text = text_of(item.description or "")
		serials = serials_in(row.serial_nos or "")
		serials = tuple(dict.fromkeys(stored.get((row.item_code, s.casefold()), s) for s in serials))
		row.uom = row.uom or item.stock_uom
		factor = number(item.factors.get(row.uom))
		if item.has_serial_no and serials and not flt(row.qty) and factor:
			row.qty = len(serials) / float(factor)
		row.update(
			{
				"item_name": item.item_name,
				"specification": "" if text in (item.name, item.item_name) else text[:140],
				"stock_uom": item.stock_uom,
				"conversion_factor": float(factor),
				"stock_qty": float(number(row.qty) * factor),
				"has_batch_no": cint(item.has_batch_no),
				"has_serial_no": cint(item.has_serial_no),
				"serial_nos": "\n".join(serials) or None,
			}
		)


def _stored_serials(typed: set[tuple[str, str]]) -> dict[tuple[str, str], str]:
	"""Serial numbers as they are stored: the database does not tell upper from lower case."""
	if not typed:
		return {}
	found = frappe.get_all(
		"Serial No",
		filters={"name": ("in", sorted({s for _i, s in typed}))},
		fields=["name", "item_code"],
	)
	return {(s.item_code, s.name.casefold()): s.name for s in found}


def _as_rules(slip: Document, items: Mapping[str, frappe._dict]) -> list[rules.SlipRow]:
	return [
		rules.SlipRow(
			row.idx,
			row.item_code,
			number(row.stock_qty),
			row.batch_no or "",
			serials_in(row.serial_nos or ""),
			bool(row.has_batch_no),
			bool(row.has_serial_no),
			row.reason_code or row.reason_details or "",
		)
		for row in slip.items
	]


def _deliveries(slip: Document, known: Known) -> None:
	for place, row in enumerate(slip.items, 1):
		row.idx = place
	pieces = allocation.allocate(
		_as_rules(slip, known.items),
		known.facts.lots,
		{row.idx: row.delivery_row for row in slip.items if row.delivery_row},
	)
	rows = []
	for row in list(slip.items):
		first, *rest = pieces[row.idx]
		rows.append(row)
		whole = len(pieces[row.idx]) == 1
		more = [row.__class__({"doctype": row.doctype, **{k: row.get(k) for k in _TYPED}}) for _p in rest]
		for one, piece in zip((row, *more), (first, *rest), strict=True):
			if one is not row:
				one.update({k: row.get(k) for k in ("item_name", "specification", "stock_uom")})
				one.update({k: row.get(k) for k in ("has_batch_no", "has_serial_no", "conversion_factor")})
				rows.append(one)
			_place(one, piece, whole, known)
	slip.set("items", [])
	for place, row in enumerate(rows, 1):
		row.idx = place
		slip.append("items", row)
		row.idx = place


def _place(row: Document, piece: allocation.Piece, whole: bool, known: Known) -> None:
	if not whole:
		factor = number(row.conversion_factor) or Decimal(1)
		if _is_broken(piece.quantity / factor, row.uom):
			row.uom, row.conversion_factor, factor = row.stock_uom, 1, Decimal(1)
		row.update(
			{
				"qty": float(piece.quantity / factor),
				"stock_qty": float(piece.quantity),
				"serial_nos": "\n".join(piece.serials) or None,
			}
		)
	lot = piece.lot
	source = known.facts.rows.get((lot.row, (lot.item, lot.batch))) if lot else None
	rate = source.rate if source else None
	row.update(
		{
			"delivery_doctype": source.doctype if source else None,
			"delivery": source.document if source else None,
			"delivery_row": source.name if source else None,
			"delivered_on": source.day if source else None,
			"contract": (source.contract or None) if source else None,
			"contract_row": (source.contract_row or None) if source else None,
			"rate": float(rate or 0),
			"amount": float((rate or 0) * piece.quantity),
		}
	)


def _claim(slip: Document) -> None:
	"""A reason of quality makes it a claim, unless somebody says why not (G3)."""
	codes = sorted({r.reason_code for r in slip.items if r.reason_code})
	if slip.is_quality_claim or says(slip.claim_reason or "") or not codes:
		return
	slip.is_quality_claim = int(
		bool(frappe.db.exists("Return Reason", {"name": ("in", codes), "is_quality": 1}))
	)


def _is_bulk(slip: Document, known: Known) -> bool:
	s = settings()
	share = number(s.bulk_return_share) / 100
	limits = rules.BulkLimits(
		number(s.bulk_return_qty) or None, number(s.bulk_return_amount) or None, share or None
	)
	taken: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
	unknown = False
	for row in slip.items:
		source = known.facts.rows.get((row.delivery_row, (row.item_code, row.batch_no or "")))
		unknown = unknown or source is None or source.rate is None
		if row.delivery:
			taken[row.delivery_doctype, row.delivery] += number(row.stock_qty)
	shares: Sequence[allocation.Share] = (
		delivered.shares(dict(taken), slip.name or "") if taken and (limits.share or limits.quantity) else ()
	)
	amount = None if unknown else number(slip.total_amount)
	return allocation.is_bulk(number(slip.total_qty), amount, shares, limits)


def _is_broken(quantity: Decimal, uom: str | None) -> bool:
	"""Whether a quantity is none of a unit of whole numbers."""
	if not uom or not frappe.get_cached_value("UOM", uom, "must_be_whole_number"):
		return False
	return abs(quantity - round(quantity)) > TOLERANCE
