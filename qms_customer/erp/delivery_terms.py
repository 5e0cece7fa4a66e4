"""The delivery method and the payment terms of a delivery, and of an invoice, are its contract's (F1).

Filled in from the order where a document says nothing; what differs, the payment schedule of an invoice
included, and what is to be paid before dispatch and is not, is refused on submit.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date
from decimal import Decimal
from typing import Any

import frappe
from erpnext.accounts.party import get_payment_terms_template
from frappe.model.document import Document
from frappe.query_builder.functions import Sum
from frappe.utils import cint, getdate

from qms_customer.contract import scope
from qms_customer.contract.facts import number
from qms_customer.contract.settings import settings
from qms_customer.messages import refuse, refuse_one
from qms_customer.rules import delivery as rules
from qms_customer.rules import instalments, mark
from qms_customer.rules.instalments import Instalment, Schedule

# By document: the field of a row that names its order, and where each term is written.
ORDER_FIELD = {"Delivery Note": "against_sales_order", "Sales Invoice": "sales_order"}
FIELDS = {
	"Delivery Note": {
		"delivery_method": "qms_delivery_method",
		"payment_method": "qms_payment_method",
		"payment_terms": "qms_payment_terms",
	},
	"Sales Invoice": {
		"delivery_method": "qms_delivery_method",
		"payment_method": "qms_payment_method",
		# ERPNext's own.
		"payment_terms": "payment_terms_template",
	},
}
# A row of a payment schedule, as `_schedule` reads it.
SCHEDULE_FIELDS = (
	*("payment_term", "description", "due_date", "invoice_portion", "payment_amount", "mode_of_payment"),
	*("due_date_based_on", "credit_days", "credit_months", "discount_type", "discount", "discount_date"),
	*("discount_validity_based_on", "discount_validity"),
)


def applies(doc: Document) -> bool:
	"""Return whether goods leave with a document: a return brings them back, and is as it was delivered."""
	return _is_sale(doc) and (doc.doctype == "Delivery Note" or bool(cint(doc.get("update_stock"))))


def fill(doc: Document) -> None:
	"""Write the terms of its orders on a draft that says nothing of them (F1); one query, at most four more
	on an invoice where the gate is live for a part of the company.

	An invoice that was made from an order bears the customer's usual terms, as ERPNext sets them: on its
	first save these give way to the contract's, and so does the schedule that ERPNext made of them.
	"""
	before = doc.get_doc_before_save()
	if not _is_sale(doc) or doc.docstatus == 2 or (before and before.docstatus == 1):
		return
	fields = _fields(doc)
	invoice = doc.doctype == "Sales Invoice"
	if invoice and before:
		_keep_discounts(doc, before)
	usual = ""
	if invoice and doc.is_new() and doc.customer:
		usual = get_payment_terms_template(doc.customer, "Customer", doc.company) or ""
	scheduled = not _is_scheduled(doc) or (doc.get("payment_schedule") and not doc.is_new())
	if scheduled and all(doc.get(f) and doc.get(f) != usual for f in fields.values()):
		return
	names = reviewed_orders(doc) if invoice else _orders(doc)
	if not names:
		return
	orders = read(names)
	agreed = rules.common(orders)
	made = _is_made_by_erpnext(doc, {"", usual, agreed.payment_terms}) if invoice else False
	for name, fieldname in fields.items():
		value, said = getattr(agreed, name), doc.get(fieldname) or ""
		if invoice and name == "payment_terms":
			# A schedule that somebody wrote by hand is theirs.
			gives_way = made and said in ("", usual)
		else:
			gives_way = not said
		if value and gives_way:
			doc.set(fieldname, value)
	if _is_scheduled(doc):
		_fill_schedule(doc, orders, made)


def refuse_deviation(doc: Document, orders: Iterable[str]) -> None:
	"""Refuse a delivery or an invoice by another method or on other terms, and goods that leave before they
	are paid where that is agreed (F1).

	`orders`: those of its rows that are reviewed. One query; five more where something is to be paid before
	dispatch.
	"""
	names = sorted({o for o in orders if o})
	if not names or not _is_sale(doc):
		return
	found = read(names, lock=True)
	written = rules.Terms(**{name: (doc.get(f) or "").strip() for name, f in _fields(doc).items()})
	refusals = rules.terms_refusals(written, found)
	if doc.doctype == "Sales Invoice":
		reviewed = reviewed_orders(doc)
		ours = [o for o in found if o.name in reviewed]
		if _is_scheduled(doc):
			drafted, posted = _dates(doc)
			refusals += rules.schedule_refusals(_schedule(doc.payment_schedule), ours, drafted, posted)
			if doc.get("ignore_default_payment_terms_template"):
				# ERPNext has not asked whether it comes to the whole: `fill` told it to leave the schedule.
				doc.validate_payment_schedule_amount()
		elif cint(doc.get("is_pos")):
			refusals += rules.at_once_refusals(number(doc.get("outstanding_amount")), ours)
	due = [o for o in found if o.before_dispatch > 0] if applies(doc) and pays_first() else []
	if due:
		refusals += rules.payment_refusals(due, rules.paid(due, receipts(due, doc)))
	if refusals:
		refuse(refusals)


def refuse_other_terms(doc: Document) -> None:
	"""Refuse an invoice without stock that asks for payment on other terms than its orders (F1); at most
	five queries.
	"""
	refuse_deviation(doc, reviewed_orders(doc))


def before_change(doc: Document, method: str | None = None) -> None:
	"""Refuse writing over the terms of goods that have left (F1)."""
	fields = FIELDS[doc.doctype].values()
	if doc.docstatus != 1 or not applies(doc):
		return
	stored = frappe.db.get_value(doc.doctype, doc.name, ["docstatus", *fields], as_dict=True)
	if stored and stored.docstatus == 1 and any((stored[f] or "") != (doc.get(f) or "") for f in fields):
		refuse_one(
			"F1",
			mark("{0} has left. How it was delivered and is paid is not changed on it any more."),
			doc.name,
		)


def mark_schedule(doc: Document) -> None:
	"""Write on the payment schedule of a contract which payments are due before dispatch, as its payment
	terms say now (F1). On a committed contract only in rows that are new: a term altered later alters none.
	"""
	for row in doc.get("payment_schedule") or ():
		if doc.docstatus == 0 or row.is_new():
			row.qms_before_dispatch = cint(_is_before_dispatch(row.payment_term))


def pays_first() -> bool:
	"""Return whether what is to be paid before dispatch holds up deliveries (F1); it does by default."""
	return bool(cint(settings().get("payment_before_dispatch")))


def read(names: Iterable[str], lock: bool = False) -> list[rules.OrderTerms]:
	"""Return what orders say, with their payment schedules; one query, by name.

	`lock`: read under the lock of the orders, so that a change applied meanwhile is seen.
	"""
	order, row = frappe.qb.DocType("Sales Order"), frappe.qb.DocType("Payment Schedule")
	query = (
		frappe.qb.from_(order)
		.left_join(row)
		.on(
			(row.parent == order.name)
			& (row.parenttype == "Sales Order")
			& (row.parentfield == "payment_schedule")
		)
		.select(
			order.name,
			order.qms_delivery_method,
			order.qms_payment_method,
			order.payment_terms_template,
			order.currency,
			order.conversion_rate,
			order.transaction_date,
			row.name.as_("instalment"),
			row.qms_before_dispatch,
			*(row[name] for name in SCHEDULE_FIELDS),
		)
		.where(order.name.isin(sorted(set(names))))
		.orderby(order.name, row.idx)
	)
	by_order: dict[str, list[frappe._dict]] = defaultdict(list)
	for r in (query.for_update() if lock else query).run(as_dict=True):
		by_order[r.name].append(r)
	return [
		rules.OrderTerms(
			name,
			rules.Terms(
				(rows[0].qms_delivery_method or "").strip(),
				rows[0].qms_payment_method or "",
				rows[0].payment_terms_template or "",
			),
			sum((number(r.payment_amount) for r in rows if r.qms_before_dispatch), Decimal()),
			rows[0].currency or "",
			number(rows[0].conversion_rate) or Decimal(1),
			_schedule(r for r in rows if r.instalment),
			rows[0].transaction_date,
		)
		for name, rows in by_order.items()
	]


def receipts(orders: Iterable[rules.OrderTerms], doc: Document | None = None) -> list[rules.Receipt]:
	"""Return the money that came in for orders and was paid back: with the orders, and with their invoices
	(F1).

	Read from the payments themselves, submitted ones: a reconciliation moves their rows from the order to
	the invoice, so nothing counts twice. `doc`: what delivers; an invoice that is paid at once counts.
	"""
	names = sorted({o.name for o in orders})
	billed = _billed(names)
	shares = rules.shares((r.parent, r.sales_order or "", number(r.amount)) for r in billed)
	paid_at_once = {r.parent: (number(r.paid), r.party_account_currency or "") for r in billed if r.is_pos}
	if doc is not None and doc.doctype == "Sales Invoice" and cint(doc.get("is_pos")):
		rows = [
			(doc.name or "", d.get("sales_order") or "", number(d.get("base_net_amount"))) for d in doc.items
		]
		shares |= rules.shares(rows)
		paid_at_once[doc.name or ""] = (
			number(doc.get("paid_amount")) - number(doc.get("change_amount")),
			doc.currency,
		)
	found = []

	def add(target: tuple[str, str], amount: Decimal, currency: str) -> None:
		doctype, name = target
		if doctype == "Sales Order":
			found.append(rules.Receipt(name, amount, currency))
		for order, share in shares.get(name, {}).items() if doctype == "Sales Invoice" else ():
			found.append(rules.Receipt(order, amount, currency, share))

	for invoice, (amount, currency) in paid_at_once.items():
		add(("Sales Invoice", invoice), amount, currency)
	for target, amount, currency in (*_payments(names, list(shares)), *_journals(names, list(shares))):
		add(target, amount, currency)
	return found


def _is_before_dispatch(term: str | None) -> int | None:
	# An import may name a term that is gone: that is refused, or not, by who imports it.
	if not term or not frappe.db.exists("Payment Term", term, cache=True):
		return None
	return frappe.get_cached_value("Payment Term", term, "qms_before_dispatch")


def reviewed_orders(doc: Document) -> set[str]:
	"""Return the orders of a delivery or an invoice whose terms are compared, services among them: where the
	gate is not live ERPNext's terms are as they were.
	"""
	return scope.covered_contracts("Sales Order", _orders(doc))


def _is_sale(doc: Document) -> bool:
	"""Whether a document sells something on the terms of its orders."""
	return doc.doctype in FIELDS and not doc.get("is_return") and not doc.get("is_consolidated")


def _fields(doc: Document) -> dict[str, str]:
	"""Where the terms are written; an invoice without goods says nothing of their delivery."""
	return {n: f for n, f in FIELDS[doc.doctype].items() if n != "delivery_method" or applies(doc)}


def _is_scheduled(doc: Document) -> bool:
	"""Whether a document bears a payment schedule: ERPNext takes it off what is paid at once, and counts what
	was open at the start without orders.
	"""
	return doc.doctype == "Sales Invoice" and not cint(doc.get("is_pos")) and doc.get("is_opening") != "Yes"


def _schedule(rows: Iterable[Any]) -> Schedule:
	"""The instalments of the rows of a payment schedule, or of a template: that has no dates yet."""
	return tuple(
		Instalment(
			due=getdate(r.get("due_date")),
			portion=number(r.get("invoice_portion")),
			amount=number(r.get("payment_amount")),
			term=r.get("payment_term") or "",
			mode=r.get("mode_of_payment") or "",
			counted_from=r.get("due_date_based_on") or "",
			days=cint(r.get("credit_days")),
			months=cint(r.get("credit_months")),
			discount=number(r.get("discount")),
			discount_type=r.get("discount_type") or "Percentage",
			discount_until=getdate(r.get("discount_date")) if r.get("discount_date") else None,
			discount_from=r.get("discount_validity_based_on") or "",
			discount_days=cint(r.get("discount_validity")),
			description=r.get("description") or "",
		)
		for r in rows
	)


def _dates(doc: Document) -> tuple[date, date]:
	"""When an invoice was made, and its date; ERPNext dates a draft anew where nobody set its date."""
	drafted = getdate(doc.creation) if doc.creation and not doc.is_new() else getdate()
	fixed = doc.posting_date and (cint(doc.get("set_posting_time")) or doc.docstatus == 1)
	return drafted, getdate(doc.posting_date) if fixed else getdate()


def _is_made_by_erpnext(doc: Document, templates: Collection[str]) -> bool:
	"""Whether ERPNext wrote the schedule of an invoice, of one of these templates or of none, and nobody by
	hand: then it gives way to the contract's while the invoice is new.
	"""
	written = _schedule(doc.get("payment_schedule") or ())
	if not written:
		# Emptied: it is taken from the order.
		return True
	template = doc.get("payment_terms_template") or ""
	if not doc.is_new() or template not in templates:
		return False
	if instalments.whole(written):
		return True
	if not template or not frappe.db.exists("Payment Terms Template", template, cache=True):
		return False
	terms = frappe.get_cached_doc("Payment Terms Template", template).terms
	return instalments.same_terms(_schedule(terms), written)


def _fill_schedule(doc: Document, orders: list[rules.OrderTerms], made: bool) -> None:
	"""Write what was agreed: in place of what ERPNext made, and, as the dates are not those of the document
	it was copied from, of the terms of an invoice that is amended.
	"""
	agreed = rules.common_schedule(orders)
	if not agreed:
		return
	drafted, posted = _dates(doc)
	dates = instalments.Dates(orders[0].ordered, drafted, posted)
	written = _schedule(doc.get("payment_schedule") or ())
	made = made or (
		doc.is_new() and instalments.same_terms(agreed, instalments.with_discounts_of(agreed, written))
	)
	if not made or (written and instalments.as_agreed(written, agreed, dates)):
		return
	doc.set("payment_schedule", [])
	for one in instalments.due(agreed, dates):
		doc.append(
			"payment_schedule",
			{
				"payment_term": one.term,
				"description": one.description,
				"due_date": one.due,
				"invoice_portion": float(one.portion),
				"mode_of_payment": one.mode,
				"due_date_based_on": one.counted_from,
				"credit_days": one.days,
				"credit_months": one.months,
				"discount_type": one.discount_type,
				"discount": float(one.discount),
				"discount_date": one.discount_until,
				"discount_validity_based_on": one.discount_from,
				"discount_validity": one.discount_days,
			},
		)
	if doc.get("payment_terms_template"):
		# As ERPNext does where it fetches the schedule of the order: it, no template, is agreed.
		doc.ignore_default_payment_terms_template = 1


def _keep_discounts(doc: Document, before: Document) -> None:
	"""Undo what Frappe does at each save of a draft: it writes the discounts of the payment terms as they are
	now over those that were agreed.
	"""
	stored = {row.name: row for row in before.get("payment_schedule") or ()}
	for row in doc.get("payment_schedule") or ():
		was = stored.get(row.name)
		if was and row.payment_term and row.payment_term == was.payment_term:
			row.discount, row.discount_type = was.discount, was.discount_type


def _orders(doc: Document) -> list[str]:
	field = ORDER_FIELD[doc.doctype]
	return sorted({d.get(field) for d in doc.items if d.get(field)})


def _billed(names: list[str]) -> list[frappe._dict]:
	"""The rows, summed by order, of the invoices of these orders, credit notes among them; one query."""
	row, mine = frappe.qb.DocType("Sales Invoice Item"), frappe.qb.DocType("Sales Invoice Item").as_("mine")
	invoice = frappe.qb.DocType("Sales Invoice")
	of_these = frappe.qb.from_(mine).select(mine.parent).where(mine.sales_order.isin(names))
	return (
		frappe.qb.from_(row)
		.join(invoice)
		.on(invoice.name == row.parent)
		.select(
			row.parent,
			row.sales_order,
			Sum(row.base_net_amount).as_("amount"),
			invoice.is_pos,
			(invoice.paid_amount - invoice.change_amount).as_("paid"),
			invoice.currency.as_("party_account_currency"),
		)
		.where((invoice.docstatus == 1) & row.parent.isin(of_these))
		.groupby(row.parent, row.sales_order)
		.run(as_dict=True)
	)


def _payments(orders: list[str], invoices: list[str]) -> list[tuple[tuple[str, str], Decimal, str]]:
	"""What payment entries brought in, or paid back; two queries."""
	entry, row = frappe.qb.DocType("Payment Entry"), frappe.qb.DocType("Payment Entry Reference")
	rows = (
		frappe.qb.from_(row)
		.join(entry)
		.on(entry.name == row.parent)
		.select(
			entry.name,
			entry.payment_type,
			entry.paid_from_account_currency,
			entry.paid_to_account_currency,
			row.reference_doctype,
			row.reference_name,
			row.allocated_amount,
		)
		.where((entry.docstatus == 1) & (entry.party_type == "Customer"))
		.where(
			((row.reference_doctype == "Sales Order") & row.reference_name.isin(orders))
			| ((row.reference_doctype == "Sales Invoice") & row.reference_name.isin(invoices or [""]))
		)
		.run(as_dict=True)
	)
	found, by_entry = [], defaultdict(list)
	for r in rows:
		came_in = r.payment_type == "Receive"
		currency = r.paid_from_account_currency if came_in else r.paid_to_account_currency
		amount = number(r.allocated_amount) if came_in else -abs(number(r.allocated_amount))
		target = (r.reference_doctype, r.reference_name)
		found.append((target, amount, currency or ""))
		if came_in:
			by_entry[r.name].append((target, amount, currency or ""))
	return found + _paid_back(by_entry)


def _paid_back(by_entry: dict[str, list]) -> list[tuple[tuple[str, str], Decimal, str]]:
	"""What was paid back of the payments themselves: a payment out that names the one that came in."""
	if not by_entry:
		return []
	entry, row = frappe.qb.DocType("Payment Entry"), frappe.qb.DocType("Payment Entry Reference")
	found = []
	for name, back in (
		frappe.qb.from_(row)
		.join(entry)
		.on(entry.name == row.parent)
		.select(row.reference_name, Sum(row.allocated_amount))
		.where((entry.docstatus == 1) & (entry.payment_type == "Pay"))
		.where((row.reference_doctype == "Payment Entry") & row.reference_name.isin(sorted(by_entry)))
		.groupby(row.reference_name)
		.run()
	):
		total = sum((amount for _target, amount, _currency in by_entry[name]), Decimal())
		part = min(Decimal(1), abs(number(back)) / total) if total > 0 else Decimal()
		found += [(target, -amount * part, currency) for target, amount, currency in by_entry[name]]
	return found


def _journals(orders: list[str], invoices: list[str]) -> list[tuple[tuple[str, str], Decimal, str]]:
	"""What journal entries brought in, or paid back, over a bank or cash account; two queries."""
	entry, row = frappe.qb.DocType("Journal Entry"), frappe.qb.DocType("Journal Entry Account")
	lines = [
		rules.JournalLine(
			r.parent,
			(r.reference_type, r.reference_name),
			number(r.credit_in_account_currency) - number(r.debit_in_account_currency),
			r.account_currency or "",
			number(r.credit) - number(r.debit),
		)
		for r in frappe.qb.from_(row)
		.join(entry)
		.on(entry.name == row.parent)
		.select(
			row.parent,
			row.reference_type,
			row.reference_name,
			row.credit_in_account_currency,
			row.debit_in_account_currency,
			row.account_currency,
			row.credit,
			row.debit,
		)
		.where((entry.docstatus == 1) & (row.party_type == "Customer"))
		.where(
			((row.reference_type == "Sales Order") & row.reference_name.isin(orders))
			| ((row.reference_type == "Sales Invoice") & row.reference_name.isin(invoices or [""]))
		)
		.run(as_dict=True)
	]
	if not lines:
		return []
	account = frappe.qb.DocType("Account")
	money = {
		name: number(moved)
		for name, moved in frappe.qb.from_(row)
		.join(account)
		.on(account.name == row.account)
		.select(row.parent, Sum(row.debit - row.credit))
		.where(row.parent.isin(sorted({line.entry for line in lines})))
		.where(account.account_type.isin(["Bank", "Cash"]))
		.groupby(row.parent)
		.run()
	}
	return [(line.target, line.amount, line.currency) for line in rules.settled(lines, money)]
