"""What goes out again for goods that came back: a replacement under the same contract line, once, or the
goods themselves (G6, G7, C1).
"""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

import frappe
from erpnext.selling.doctype.sales_order.sales_order import make_delivery_note
from frappe.model.document import Document

from qms_customer.contract import states
from qms_customer.contract.facts import number
from qms_customer.erp.release import leaving, parts_by_row
from qms_customer.messages import refuse, refuse_one
from qms_customer.returns import accounted, making, opened, route
from qms_customer.returns.documents import Goods
from qms_customer.rules import disposal, mark
from qms_customer.rules import returns as rules
from qms_customer.rules.goods import TOLERANCE
from qms_customer.rules.people import SERVICE
from qms_customer.rules.review import Refusal

EXCHANGE = "Exchange"
NOTE, ORDER = "Delivery Note", "Sales Order"
# The event of a chain (K2).
REPLACING = mark("Replacement Drafted")
SENDERS = (SERVICE, *route.SALES)


def draft_replacement(name: str, content_hash: str) -> Document:
	"""Make the draft delivery note of a replacement of all that came back and was not replaced yet (G6, G7).

	Under the contract line of the delivery: the return has made room in it. What was delivered without a
	contract goes out without one. Stock sends it as ever. Raises QMSRefusal.
	"""
	slip = opened.locked(name, content_hash)
	opened.require_state(slip, "G6", *states.RETURN_APPROVED)
	opened.require_role("G6", mark("A replacement is made by: {0}."), SENDERS)
	if accounted.wanted(slip) != EXCHANGE:
		refuse_one(
			"G6",
			mark("An exchange was not asked for on {0}: what is wanted stands on the slip."),
			slip.name,
		)
	if draft := frappe.db.get_value(
		NOTE, {making.FIELD: slip.name, making.REPLACEMENT: 1, "docstatus": 0}, "name"
	):
		refuse_one("G7", mark("{0} is the replacement, and still a draft. Finish it, or delete it."), draft)
	rows = _to_replace(slip)
	if not rows:
		refuse_one(
			"G7",
			mark("Nothing of {0} is to be replaced: what came back was replaced, credited or sent back."),
			slip.name,
		)
	contracts = sorted({row.contract or "" for row, _quantity in rows})
	if len(contracts) > 1:
		# One at a time: a delivery note is of one contract's terms.
		rows = [(row, quantity) for row, quantity in rows if (row.contract or "") == contracts[0]]
	doc = _under_contract(contracts[0], rows) if contracts[0] else _without_contract(slip, rows)
	doc.set(making.REPLACEMENT, 1)
	with making.documents(slip.name) as step:
		step.insert(doc)
	opened.save(slip, REPLACING)
	return doc


def _to_replace(slip: Document) -> list[tuple[Document, Decimal]]:
	"""The rows of a slip with what is to be replaced of each: as came back, the first row first."""
	room = {item: one.room for item, one in accounted.owed(slip).items()}
	line, under = _under_lines(slip)
	came: dict[str, Decimal] = defaultdict(Decimal)
	for row in accounted.live(slip.arrivals):
		if row.how != disposal.NOT_COMING:
			came[row.slip_row] += number(row.qty)
	found = []
	for row in slip.items:
		key = (line[row.name], row.item_code)
		quantity = min(came[row.name], room.get(row.item_code, Decimal()), under[key])
		if quantity > TOLERANCE:
			room[row.item_code] -= quantity
			under[key] -= quantity
			found.append((row, quantity))
	return found


def _under_lines(slip: Document) -> tuple[dict[str, str], dict[tuple[str, str], Decimal]]:
	"""By row of a slip its contract line; by line and item what came back and was not sent out again; two
	queries (G7).

	A row without a line has "", and so has a part of a bundle: the contract counts bundles.
	"""
	sold = dict(
		frappe.get_all(
			f"{ORDER} Item",
			filters={"name": ("in", sorted({row.contract_row for row in slip.items} - {None, ""}) or [""])},
			fields=["name", "item_code"],
			as_list=True,
		)
	)
	line = {
		row.name: row.contract_row if sold.get(row.contract_row) == row.item_code else ""
		for row in slip.items
	}
	room: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
	for one in accounted.live(slip.arrivals):
		if one.how != disposal.NOT_COMING:
			room[line[one.slip_row], one.item_code] += number(one.qty)
	note, row = frappe.qb.DocType(NOTE), frappe.qb.DocType(f"{NOTE} Item")
	for of, item, quantity in (
		frappe.qb.from_(note)
		.join(row)
		.on((row.parent == note.name) & (row.parenttype == NOTE))
		.select(row.so_detail, row.item_code, row.stock_qty)
		.where((note[making.FIELD] == slip.name) & (note.docstatus == 1) & (note.is_return == 0))
		.run()
	):
		room[of or "", item] -= number(quantity)
	return line, room


def _under_contract(order: str, rows: list[tuple[Document, Decimal]]) -> Document:
	wanted = _by_line(order, rows)
	if frappe.db.get_value(ORDER, order, "docstatus") != 1:
		refuse_one("C1", mark("{0} is not in force any more: a replacement is a new order."), order)
	doc = make_delivery_note(order, making.blank(NOTE), kwargs={"filtered_children": sorted(wanted)})
	kept = []
	for line in doc.items:
		room = number(line.qty) * number(line.conversion_factor or 1)
		quantity = min(wanted.pop(line.so_detail, Decimal()), room)
		if quantity > TOLERANCE:
			line.qty = float(quantity / number(line.conversion_factor or 1))
			line.batch_no = line.serial_no = line.serial_and_batch_bundle = None
			kept.append(line)
	doc.set("items", kept)
	if not kept or any(quantity > TOLERANCE for quantity in wanted.values()):
		refuse_one(
			"D4",
			mark("Contract {0} has no room for the replacement: what came back was delivered again already."),
			order,
		)
	doc.set("packed_items", [])
	return doc


def _by_line(order: str, rows: list[tuple[Document, Decimal]]) -> dict[str, Decimal]:
	"""By line of a contract how much of it, in the stock unit: whole bundles where it sells bundles."""
	asked: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
	for row, quantity in rows:
		asked[row.contract_row or ""][row.item_code] += quantity
	lines = {
		line.name: line
		for line in frappe.get_all(
			f"{ORDER} Item",
			filters={"parent": order, "name": ("in", sorted(asked))},
			fields=["name", "item_code", "stock_qty"],
		)
	}
	whole: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
	for part in frappe.get_all(
		"Packed Item",
		filters={"parent": order, "parenttype": ORDER, "parent_detail_docname": ("in", sorted(asked))},
		fields=["parent_detail_docname", "item_code", "qty"],
	):
		whole[part.parent_detail_docname][part.item_code] += number(part.qty)
	found = {}
	for name, items in asked.items():
		if name in whole:
			shares = [items.get(item, Decimal()) / quantity for item, quantity in whole[name].items()]
			found[name] = Decimal(int(min(shares) * number(lines[name].stock_qty) + TOLERANCE))
		else:
			found[name] = items.get(lines[name].item_code, Decimal()) if name in lines else Decimal(1)
	return found


def _without_contract(slip: Document, rows: list[tuple[Document, Decimal]]) -> Document:
	return frappe.get_doc(
		{
			"doctype": NOTE,
			"company": slip.company,
			"customer": slip.customer,
			"currency": slip.currency,
			"items": [_free_row(row, quantity) for row, quantity in rows],
		}
	)


def _free_row(row: Document, quantity: Decimal) -> dict:
	return {
		"item_code": row.item_code,
		"qty": float(quantity),
		"uom": row.stock_uom,
		"stock_uom": row.stock_uom,
		"conversion_factor": 1,
		"rate": row.rate,
		"price_list_rate": row.rate,
	}


def send_back(
	step: making.Making, slip: Document, goods: Goods, place: str, inspection: str = ""
) -> Document:
	"""Submit the delivery note with which goods in quarantine go back to the customer, under their contract
	lines where they had some; who decided it has signed (G6).
	"""
	shares = _to_send(slip, goods)
	order = shares[0].order
	if any(one.order != order for one in shares):
		refuse_one(
			"G6",
			mark(
				"{0}: {1} of these were delivered under {2}, the others not. A delivery note is of one "
				"contract: send back {1} first, then the others."
			),
			goods.item,
			disposal.plain(sum(one.quantity for one in shares if one.order == order)),
			order or mark("no contract"),
		)
	rows = [(one.row, one.quantity) for one in shares]
	doc = _under_contract(order, rows) if order else _without_contract(slip, rows)
	for row, share in zip(doc.items, shares, strict=False):
		of_row = [one for one in shares if one.row.contract_row == row.so_detail] if order else [share]
		numbers = [serial for one in of_row for serial in one.serials]
		row.update(
			{
				"warehouse": place,
				"use_serial_batch_fields": int(bool(goods.batch or numbers)),
				"batch_no": goods.batch or None,
				"serial_no": "\n".join(numbers) or None,
				"quality_inspection": inspection or None,
			}
		)
	room = sum((number(row.qty) * number(row.conversion_factor or 1) for row in doc.items), Decimal())
	if room + TOLERANCE < goods.quantity:
		refuse_one(
			"D4",
			mark(
				"{0}: {1} would be sent back, contract {2} has room for {3}: it was delivered again, or "
				"changed, since they came. Amend the contract, or decide otherwise."
			),
			goods.item,
			disposal.plain(goods.quantity),
			order or "–",
			disposal.plain(room),
		)
	doc.set_warehouse = None
	return step.submit(doc)


@dataclass(frozen=True)
class _Share:
	"""What goes back of a row of a slip. `order`: its contract, "" without."""

	row: Document
	order: str
	quantity: Decimal
	serials: tuple[str, ...]


def _to_send(slip: Document, goods: Goods) -> list[_Share]:
	"""The rows of which goods go back, the first row first: of each at most what came of it, and what its
	contract line was not delivered again of (G7). A part of a bundle goes back by itself, under no line.
	"""
	line, under = _under_lines(slip)
	came: dict[str, Decimal] = defaultdict(Decimal)
	numbers: dict[str, set[str]] = defaultdict(set)
	for one in accounted.live(slip.arrivals):
		if one.how == disposal.RECEIVED:
			came[one.slip_row] += number(one.qty)
			numbers[one.slip_row].update(accounted.serials(one.serial_nos))
	left, shares = goods.quantity, []
	for row in slip.items:
		if (row.item_code, row.batch_no or "") != (goods.item, goods.batch):
			continue
		key = (line[row.name], row.item_code)
		mine = tuple(serial for serial in goods.serials if serial in numbers[row.name])
		most = Decimal(len(mine)) if goods.serials else came[row.name]
		quantity = min(left, most, under[key])
		if quantity > TOLERANCE:
			under[key] -= quantity
			left -= quantity
			shares.append(_Share(row, (row.contract or "") if key[0] else "", quantity, mine))
	if left > TOLERANCE or not shares:
		refuse_one(
			"G7",
			mark(
				"{0}, batch {1}: {2} would be sent back. Under the contract lines that they were delivered "
				"under, {3} still may: for the others the customer has something already."
			),
			goods.item,
			goods.batch or "–",
			disposal.plain(goods.quantity),
			disposal.plain(goods.quantity - left),
		)
	return shares


# The door of a replacement


def before_submit(doc: Document, method: str | None = None) -> None:
	"""Refuse a replacement that is not of what came back under its slip, or more of it (G7, C1)."""
	if doc.get(making.REPLACEMENT) and not doc.is_return and (found := refusals(doc)):
		refuse(found)


def on_submit(doc: Document, method: str | None = None) -> None:
	"""Close what goes out again for goods that were invoiced: nobody invoices them a second time (G6).

	Where the delivery is not, or not wholly, invoiced yet, Finance invoices what the customer has in the end.
	"""
	if doc.get(making.FIELD) and not doc.is_return and _is_invoiced(doc):
		doc.update_status("Closed")


def _is_invoiced(doc: Document) -> bool:
	"""Whether every delivery note from which the goods of a document came back is invoiced; two queries."""
	items = {row.item_code for row in (*doc.items, *(doc.get("packed_items") or ()))}
	notes = set(
		frappe.get_all(
			"Return Slip Item",
			filters={
				"parent": doc.get(making.FIELD),
				"item_code": ("in", sorted(items)),
				"delivery_doctype": NOTE,
			},
			pluck="delivery",
		)
	)
	billed = frappe.get_all(
		NOTE, filters={"name": ("in", sorted(notes) or [""]), "per_billed": (">=", 99.99)}, pluck="name"
	)
	return bool(notes) and notes == set(billed)


def before_validate(doc: Document, method: str | None = None) -> None:
	"""A submit that skips ERPNext's validation does not skip the door (G7)."""
	if doc.flags.ignore_validate and doc.docstatus == 1:
		before_submit(doc)


def refusals(doc: Document) -> list[Refusal]:
	"""Return what stands against a replacement, all at once; the slip is locked, so that two replacements are
	counted one after the other (G7, C1).
	"""
	slip = frappe.get_doc(opened.DOCTYPE, doc.get(making.FIELD), for_update=True)
	found: list[Refusal] = []
	if slip.docstatus != 1 or slip.decision != "Approved" or accounted.wanted(slip) != EXCHANGE:
		found.append(Refusal("G6", mark("{0} is no approved exchange."), (slip.name,)))
	if (doc.customer, doc.company) != (slip.customer, slip.company):
		found.append(Refusal("G7", mark("{0} is of another customer or company."), (slip.name,)))
	owed = accounted.owed(slip, but=doc.name or "", exact=True)
	approved = {item: one.came for item, one in owed.items()}
	given = {item: one.came - one.room for item, one in owed.items()}
	lines = {(row.item_code, row.contract_row or "") for row in slip.items}
	wanted: dict[str, Decimal] = defaultdict(Decimal)
	parts = parts_by_row(doc)
	for row in doc.items:
		# Of a bundle its parts came back.
		leaves = parts.get(row.name) or {row.item_code: leaving(row)}
		for item, quantity in leaves.items():
			wanted[item] += max(quantity, Decimal())
		if any(i in approved and (i, row.get("so_detail") or "") not in lines for i in leaves):
			found.append(
				Refusal(
					"C1",
					mark("Row {0}, {1}: a replacement goes out under the contract line of what came back."),
					(str(row.idx), row.item_code),
				)
			)
	for item, quantity in wanted.items():
		if one := rules.replacement_refusal(item, quantity, approved, given):
			found.append(one)
	return found


def is_covered(doc: Document) -> bool:
	"""Return whether rows without an order leave by a return slip: as a replacement, which its own door has
	checked, or because Quality decided to send the goods back (D4, G6).
	"""
	if doc.doctype != NOTE or not doc.get(making.FIELD):
		return False
	return making.moves(doc.doctype, doc.name) or (bool(doc.get(making.REPLACEMENT)) and not refusals(doc))


def replacements(slip: str) -> list[frappe._dict]:
	"""Return the replacements of a slip that are not cancelled; one query."""
	return frappe.get_all(
		NOTE,
		filters={making.FIELD: slip, making.REPLACEMENT: 1, "docstatus": ("<", 2)},
		fields=["name", "docstatus", "posting_date"],
		order_by="creation",
	)
