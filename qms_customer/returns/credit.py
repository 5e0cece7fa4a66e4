"""Money for goods that came back: a credit note, drafted for Finance and posted by it alone (G6)."""

from collections import defaultdict
from decimal import Decimal

import frappe
from erpnext.controllers.sales_and_purchase_return import make_return_doc
from frappe import _
from frappe.model.document import Document

from qms_customer.contract import notify, people, states
from qms_customer.contract.facts import number
from qms_customer.erp.release import stock_items
from qms_customer.messages import refuse, refuse_one
from qms_customer.returns import accounted, documents, inbox, making, opened, route, slips
from qms_customer.rules import disposal as rules
from qms_customer.rules import mark
from qms_customer.rules.goods import TOLERANCE
from qms_customer.rules.people import FINANCE

INVOICE = "Sales Invoice"
# The event of a chain (K2).
DRAFTED = mark("Credit Note Drafted")
DRAFTERS = (*route.SALES, FINANCE)


def draft(name: str, content_hash: str) -> list[Document]:
	"""Make draft credit notes, one for each invoice, of all that came back and has no credit or replacement
	yet, and put them into the inbox of Finance; returns them (G6, G7).

	An invoice that moved the stock is credited by the return itself. Raises QMSRefusal.
	"""
	slip = opened.locked(name, content_hash)
	opened.require_state(slip, "G6", *states.RETURN_APPROVED)
	opened.require_role("G6", mark("A credit note is drafted by: {0}."), DRAFTERS)
	if accounted.wanted(slip) not in rules.MONEY:
		refuse_one("G6", mark("No money was asked for on {0}: what is wanted stands on the slip."), slip.name)
	wanted = _to_credit(slip)
	invoices = _invoiced(wanted)
	if not invoices:
		if bundled := by_hand(slip):
			refuse_one(
				"G6",
				mark("{0} was sold as bundle {1}: Finance credits the bundle by hand, on its invoice."),
				*bundled[0],
			)
		refuse_one(
			"G6",
			mark(
				"Nothing of {0} is to be credited: what came back was not invoiced, or was credited, "
				"replaced or sent back already."
			),
			slip.name,
		)
	items = rules.totals((item, quantity) for lines in invoices.values() for item, quantity in lines.values())
	if found := rules.owed_refusals(items, accounted.owed(slip, exact=True), rules.TO_CREDIT):
		refuse(found)
	made = []
	with making.documents(slip.name) as step:
		for invoice, lines in invoices.items():
			made.append(step.insert(_credit_note(invoice, lines)))
	slips.settle(slip)
	opened.save(slip, DRAFTED)
	inbox.ask(slip)
	for doc in made:
		notify.assign(
			doc,
			people.holders(FINANCE),
			_("Check and post the credit note of return slip {0}").format(slip.name),
		)
	return made


def offers(slip: Document) -> bool:
	"""Return whether a credit note can be drafted: something of what came back, and is due, was invoiced."""
	return accounted.wanted(slip) in rules.MONEY and bool(_invoiced(_to_credit(slip)))


def by_hand(slip: Document) -> list[tuple[str, str]]:
	"""Return parts that came back, each with the bundle as which it was sold: their price is the bundle's,
	which no row of the slip names; one query, none where no money is wanted.
	"""
	came = {row.slip_row for row in accounted.live(slip.arrivals) if row.how != rules.NOT_COMING}
	rows = [
		row.delivery_row
		for row in slip.items
		if row.name in came and row.delivery_doctype == "Delivery Note" and row.delivery_row
	]
	if accounted.wanted(slip) not in rules.MONEY or not rows:
		return []
	return frappe.get_all(
		documents.PACKED,
		filters={"name": ("in", rows), "parenttype": "Delivery Note"},
		fields=["item_code", "parent_item"],
		order_by="parent, idx",
		as_list=True,
	)


def _to_credit(slip: Document) -> dict[tuple[str, str], tuple[str, Decimal]]:
	"""By row of a delivery note, with its contract line: item and quantity that came back and are due."""
	room = {item: one.room for item, one in accounted.owed(slip).items()}
	rows = {row.name: row for row in slip.items}
	found: dict[tuple[str, str], tuple[str, Decimal]] = {}
	for one in accounted.live(slip.arrivals):
		row = rows.get(one.slip_row)
		if one.how == rules.NOT_COMING or row is None or row.delivery_doctype != "Delivery Note":
			continue
		quantity = min(number(one.qty), room.get(row.item_code, Decimal()))
		if quantity > TOLERANCE:
			room[row.item_code] -= quantity
			key = (row.delivery_row or "", row.contract_row or "")
			found[key] = (row.item_code, found.get(key, ("", Decimal()))[1] + quantity)
	return found


def _invoiced(
	wanted: dict[tuple[str, str], tuple[str, Decimal]],
) -> dict[str, dict[str, tuple[str, Decimal]]]:
	"""By invoice and its row: item and quantity of what is to be credited, the row of the delivery first,
	else its contract line; two queries. What was credited already leaves no room.
	"""
	deliveries, lines = ({key[place] for key in wanted if key[place]} for place in (0, 1))
	invoice, row = frappe.qb.DocType(INVOICE), frappe.qb.DocType(f"{INVOICE} Item")
	sold = (
		frappe.qb.from_(row)
		.join(invoice)
		.on((invoice.name == row.parent) & (row.parenttype == INVOICE))
		.select(row.name, row.parent, row.item_code, row.stock_qty, row.dn_detail, row.so_detail)
		.where((invoice.docstatus == 1) & (invoice.is_return == 0) & (invoice.update_stock == 0))
		.where(row.dn_detail.isin(sorted(deliveries) or [""]) | row.so_detail.isin(sorted(lines) or [""]))
		.orderby(invoice.posting_date, row.parent, row.idx)
		.run(as_dict=True)
	)
	left = {one.name: number(one.stock_qty) for one in sold}
	for name, quantity in (
		frappe.qb.from_(row)
		.select(row.sales_invoice_item, row.stock_qty)
		.where(row.sales_invoice_item.isin(sorted(left) or [""]) & (row.docstatus < 2))
		.where(row.parenttype == INVOICE)
		.run()
	):
		left[name] -= abs(number(quantity))
	found: dict[str, dict[str, tuple[str, Decimal]]] = defaultdict(dict)
	for (delivery, line), (item, quantity) in wanted.items():
		due = quantity
		for one in sorted(sold, key=lambda one: one.dn_detail != delivery):
			billed = one.dn_detail == delivery or (not one.dn_detail and line and one.so_detail == line)
			part = min(due, left[one.name])
			if not billed or one.item_code != item or part <= TOLERANCE:
				continue
			before = found[one.parent].get(one.name, (item, Decimal()))[1]
			found[one.parent][one.name] = (item, before + part)
			left[one.name] -= part
			due -= part
	return dict(found)


def _credit_note(invoice: str, lines: dict[str, tuple[str, Decimal]]) -> Document:
	doc = make_return_doc(INVOICE, invoice, making.blank(INVOICE))
	kept = []
	for row in doc.items:
		if row.sales_invoice_item in lines:
			quantity = lines[row.sales_invoice_item][1]
			row.qty = -float(quantity / number(row.conversion_factor or 1))
			row.stock_qty = -float(quantity)
			kept.append(row)
	doc.set("items", kept)
	for place, row in enumerate(doc.items, 1):
		row.idx = place
	doc.update_stock = 0
	# Finance decides how the money goes back.
	doc.is_pos = 0
	doc.set("payments", [])
	documents.share_charges(doc)
	return making.anew(doc)


# The door of a credit note


def before_validate(doc: Document, method: str | None = None) -> None:
	"""A submit that skips ERPNext's validation does not skip the door (G7)."""
	if doc.flags.ignore_validate and doc.docstatus == 1:
		before_submit(doc)


def before_submit(doc: Document, method: str | None = None) -> None:
	"""Refuse to post more of a slip's credit than is due: Finance may have edited the draft, or the goods may
	have been replaced or sent back since (G7).

	The slip is locked, so that what is posted for it is counted one after the other. What is no goods is
	Finance's to credit.
	"""
	if not (doc.get(making.FIELD) and doc.is_return) or doc.get("update_stock"):
		return
	opened.lock_customer(doc.get(making.FIELD))
	slip = frappe.get_doc(opened.DOCTYPE, doc.get(making.FIELD), for_update=True)
	if (doc.customer, doc.company) != (slip.customer, slip.company):
		refuse_one("G7", mark("{0} is of another customer or company."), slip.name)
	goods = stock_items({row.item_code for row in doc.items})
	wanted = rules.totals(
		(
			row.item_code,
			max(-number(row.stock_qty), -number(row.qty) * number(row.conversion_factor or 1), Decimal()),
		)
		for row in doc.items
		if row.item_code in goods
	)
	owed = accounted.owed(slip, but=doc.name or "", exact=True)
	if found := rules.owed_refusals(wanted, owed, rules.TO_CREDIT):
		refuse(found)


def notes(slip: str) -> list[frappe._dict]:
	"""Return the credit notes of a slip that are not cancelled; one query."""
	return frappe.get_all(
		INVOICE,
		filters={making.FIELD: slip, "is_return": 1, "docstatus": ("<", 2)},
		fields=["name", "docstatus", "posting_date", "grand_total", "currency"],
		order_by="creation",
	)
