"""What the documents say of contracts, for the register: read set-based, in a constant number of queries
whatever their number (D5).
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import frappe
from frappe.query_builder.functions import Count, Max, Min, Sum
from frappe.utils import getdate

from qms_customer.contract import approved, complained, content, reviews
from qms_customer.contract.approved import ADOPTED, ADOPTION
from qms_customer.contract.facts import number
from qms_customer.rules import content as content_rules
from qms_customer.rules import returns
from qms_customer.rules.register import Facts

ORDER, QUOTATION, BLANKET = "Sales Order", "Quotation", "Blanket Order"
NOTICE, CHANGE, STATUS_CHANGE = "Production Notice", "Contract Change Notice", "Contract Status Change"
APPLIED = "Change Applied"
RETURN_SLIP, NO_RETURN = "Return Slip", (returns.DRAFT, returns.REJECTED, returns.WITHDRAWN)
ADVANCES = "Advance Payment Ledger Entry"
STARTED = ("In Process", "Completed", "Stopped", "Closed")
# What people call a cent: less than that is not owed.
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Told:
	"""What the documents say of a contract: the facts that it stands by, and what the register repeats."""

	facts: Facts
	shown: dict[str, Any]


def read(doctype: str, names: Iterable[str], signed: dict[str, date | None]) -> dict[str, Told]:
	"""Return by contract what its documents say of it; one that is no more is missing (D5).

	`signed`: when each was signed, as the register itself says. At most 25 queries, for a quotation or a
	blanket order at most 10; two tables of ERPNext's, and those of parts that are not there, are not asked.
	"""
	names = sorted(set(names))
	if not names:
		return {}
	heads = _heads(doctype, names)
	names = list(heads)
	given = _reviews(doctype, names)
	in_force = _approved(doctype, heads, given)
	ended = _ended(doctype, names)
	of_order = _of_orders(heads) if doctype == ORDER else defaultdict(dict)
	changes = _changes(doctype, names)
	found = {}
	for name, head in heads.items():
		rows = given.get(name, [])
		latest = rows[-1] if rows else frappe._dict()
		facts = Facts(
			received=_day(head.received),
			review_started=_day(min((r.prepared_on for r in rows if r.prepared_on), default=None)),
			approved=in_force.get(name),
			signed=_day(signed.get(name)),
			cancelled=_ended_on(head, ended.get((name, "Cancel"))) if head.docstatus == 2 else None,
			closed=_ended_on(head, ended.get((name, "Close"))) if head.status == "Closed" else None,
			changes=changes.get(name, 0),
			**of_order[name],
		)
		found[name] = Told(
			facts,
			{
				"customer": head.customer or None,
				"customer_name": head.customer_name or head.customer or "",
				"company": head.company or None,
				"currency": head.currency or "",
				"amount": head.amount or 0,
				"contract_date": head.received,
				"delivery_date": head.due,
				"contract_form": head.contract_form or "",
				"contract_class": latest.get("contract_class") or head.contract_class or "",
				"contract_review": latest.get("name"),
				"review_status": latest.get("workflow_state") or head.review_status or "",
				"per_delivered": head.per_delivered or 0,
				"per_billed": head.per_billed or 0,
			},
		)
	return found


def _day(value: Any) -> date | None:
	return getdate(value) if value else None


def _ended_on(head: frappe._dict, when: Any) -> date | None:
	# Without a reason on record, from before the go-live, it was ended when it was last written.
	return _day(when or head.modified)


# Who, what, how much


def _heads(doctype: str, names: list[str]) -> dict[str, frappe._dict]:
	"""The contracts themselves; one query, two for blanket orders, which have neither total nor currency."""
	common = {
		"contract_form": "qms_contract_form",
		"contract_class": "qms_contract_class",
		"review_status": "qms_review_status",
		"name": "name",
		"docstatus": "docstatus",
		"company": "company",
		"modified": "modified",
		"customer_name": "customer_name",
	}
	own = {
		ORDER: {
			"received": "transaction_date",
			"due": "delivery_date",
			"customer": "customer",
			"currency": "currency",
			"amount": "grand_total",
			"status": "status",
			"per_delivered": "per_delivered",
			"per_billed": "per_billed",
			"skip_delivery": "skip_delivery_note",
		},
		QUOTATION: {
			"received": "transaction_date",
			"due": "qms_promised_date",
			"customer": "party_name",
			"quotation_to": "quotation_to",
			"currency": "currency",
			"amount": "grand_total",
			"status": "status",
		},
		BLANKET: {"received": "from_date", "due": "to_date", "customer": "customer"},
	}[doctype]
	rows = frappe.get_all(
		doctype,
		filters={"name": ("in", names)},
		fields=[f"{field} as {shown}" for shown, field in (common | own).items()],
		order_by="name",
	)
	heads = {r.name: r for r in rows}
	for head in rows:
		if doctype == QUOTATION and head.quotation_to != "Customer":
			# A lead is no customer yet.
			head.customer = None
	if doctype == BLANKET and heads:
		line = frappe.qb.DocType("Blanket Order Item")
		totals = (
			frappe.qb.from_(line)
			.select(line.parent, Sum(line.qty * line.rate))
			.where(line.parent.isin(list(heads)) & (line.parenttype == BLANKET))
			.groupby(line.parent)
			.run()
		)
		for name, total in totals:
			heads[name].amount = total
		for head in rows:
			head.currency = frappe.get_cached_value("Company", head.company, "default_currency")
	return heads


# Reviewed and approved


def _reviews(doctype: str, names: list[str]) -> dict[str, list[frappe._dict]]:
	"""The reviews of each contract, the oldest first; one query."""
	found = defaultdict(list)
	for row in frappe.get_all(
		reviews.REVIEW,
		filters={"reference_doctype": doctype, "reference_name": ("in", names or [""])},
		fields=["name", "reference_name", "docstatus", "prepared_on", "workflow_state", "contract_class"],
		order_by="creation, name",
	):
		found[row.reference_name].append(row)
	return found


def _approved(
	doctype: str, heads: dict[str, frappe._dict], given: dict[str, list[frappe._dict]]
) -> dict[str, date]:
	"""When each contract was approved first, as far as an approval is in force; two queries.

	Of a committed contract one is: the gate saw to that. A draft may have been edited since: what it says now
	is compared, a constant number of queries more where there are such drafts.
	"""
	ledger = frappe.qb.DocType(approved.DOCTYPE)
	line, adoption = frappe.qb.DocType(ADOPTED), frappe.qb.DocType(ADOPTION)
	names = list(heads) or [""]
	rows = (
		frappe.qb.from_(ledger)
		.select(ledger.reference_name, Min(ledger.approved_on))
		.where((ledger.reference_doctype == doctype) & ledger.reference_name.isin(names))
		.where(ledger.withdrawn == 0)
		.groupby(ledger.reference_name)
		.run()
	) + (
		frappe.qb.from_(line)
		.join(adoption)
		.on(adoption.name == line.adoption)
		.select(line.reference_name, Min(line.read_on))
		.where((line.reference_doctype == doctype) & line.reference_name.isin(names))
		.where((line.fingerprint != "") & (adoption.docstatus == 1))
		.groupby(line.reference_name)
		.run()
	)
	found: dict[str, date] = {}
	for name, on in rows:
		found[name] = min(found.get(name, _day(on)), _day(on))
	drafts = [name for name in found if heads[name].docstatus == 0]
	for name in set(drafts) - _still_approved(doctype, drafts):
		del found[name]
	return found


def _still_approved(doctype: str, names: list[str]) -> set[str]:
	if not names:
		return set()
	by_name: dict[str, list[frappe._dict]] = defaultdict(list)
	approvals = approved.rows(doctype, names)
	for row in approvals:
		by_name[row.reference_name].append(row)
	aliases = approved.aliases_since(approvals)
	return {
		name
		for name, says in content.stored_contents(doctype, names).items()
		if approved.match(doctype, content_rules.fingerprint(says), by_name[name], aliases)
	}


def _ended(doctype: str, names: list[str]) -> dict[tuple[str, str], Any]:
	"""When contracts were cancelled or closed: by the notice that did it, or the reason that was recorded for
	it; one query.
	"""
	change, notice = frappe.qb.DocType(STATUS_CHANGE), frappe.qb.DocType(CHANGE)
	recorded = (
		frappe.qb.from_(change)
		.select(change.reference_name, change.action, change.recorded_on)
		.where((change.reference_doctype == doctype) & change.reference_name.isin(names or [""]))
		.where(change.used == 1)
	)
	applied = (
		frappe.qb.from_(notice)
		.select(notice.reference_name, notice.kind, notice.decided_on)
		.where((notice.reference_doctype == doctype) & notice.reference_name.isin(names or [""]))
		.where((notice.docstatus == 1) & (notice.workflow_state == APPLIED))
	)
	found: dict[tuple[str, str], Any] = {}
	for name, action, on in frappe.qb.from_(recorded.union_all(applied)).select("*").run():
		found[name, action] = max(on, found.get((name, action), on))
	return found


def _changes(doctype: str, names: list[str]) -> dict[str, int]:
	"""How many changes were applied to each contract; one query."""
	if not names:
		return {}
	notice = frappe.qb.DocType(CHANGE)
	return dict(
		frappe.qb.from_(notice)
		.select(notice.reference_name, Count("*"))
		.where((notice.reference_doctype == doctype) & notice.reference_name.isin(names))
		.where((notice.docstatus == 1) & (notice.workflow_state == APPLIED))
		.groupby(notice.reference_name)
		.run()
	)


# Carried out


def _of_orders(heads: dict[str, frappe._dict]) -> dict[str, dict[str, Any]]:
	"""What becomes of sales orders from release to payment."""
	names = list(heads) or [""]
	released = _released(names)
	started, begun = _production(names)
	out, back = _deliveries(names)
	bills = _invoices(names)
	paid = _payments(names, bills)
	complaints = complained.counts(names)
	found = {}
	for name, head in heads.items():
		own = [b for b in bills.get(name, ()) if not b.is_return]
		settled = bool(own) and number(head.per_billed) >= Decimal("99.99")
		settled = settled and all(number(b.outstanding_amount) < CENT for b in own)
		days = paid.get(name, [])
		gone = out.get(name, [])
		found[name] = {
			"released": released.get(name),
			"in_production": name in begun,
			"production_started": started.get(name),
			"per_delivered": number(head.per_delivered),
			"nothing_to_deliver": bool(head.skip_delivery),
			"first_delivery": min(gone, default=None),
			"last_delivery": max(gone, default=None),
			"first_payment": min(days, default=None),
			"last_payment": max(days, default=None),
			"settled": settled,
			"returns": back.get(name, 0),
			"complaints": complaints.get(name, 0),
		}
	return found


def _released(names: list[str]) -> dict[str, date]:
	"""When the first production notice of each order was released (D3); one query. One that was withdrawn
	counts no more.
	"""
	notice = frappe.qb.DocType(NOTICE)
	rows = (
		frappe.qb.from_(notice)
		.select(notice.reference_name, Min(notice.released_on))
		.where((notice.reference_doctype == ORDER) & notice.reference_name.isin(names))
		.where((notice.docstatus == 1) & (notice.withdrawn == 0))
		.groupby(notice.reference_name)
		.run()
	)
	return {name: _day(on) for name, on in rows}


def _production(names: list[str]) -> tuple[dict[str, date], set[str]]:
	"""When the first work order of each sales order began, and which have begun at all; one query."""
	work = frappe.qb.DocType("Work Order")
	rows = (
		frappe.qb.from_(work)
		.select(work.sales_order, Min(work.actual_start_date))
		.where(work.sales_order.isin(names) & (work.docstatus == 1))
		.where(work.status.isin(STARTED) & (work.actual_start_date.notnull() | (work.produced_qty > 0)))
		.groupby(work.sales_order)
		.run()
	)
	return {name: _day(on) for name, on in rows if on}, {name for name, _on in rows}


def _deliveries(names: list[str]) -> tuple[dict[str, list[date]], dict[str, int]]:
	"""The days on which goods of each order left, first and last, and how often goods came back; three
	queries.

	By delivery notes, and by invoices that move stock.
	"""
	out: dict[str, list[date]] = defaultdict(list)
	back: dict[str, int] = defaultdict(int)
	for doctype, field in (("Delivery Note", "against_sales_order"), ("Sales Invoice", "sales_order")):
		doc, row = frappe.qb.DocType(doctype), frappe.qb.DocType(f"{doctype} Item")
		query = (
			frappe.qb.from_(row)
			.join(doc)
			.on((doc.name == row.parent) & (row.parenttype == doctype))
			.select(
				row[field],
				doc.is_return,
				Min(doc.posting_date),
				Max(doc.posting_date),
				Count(doc.name).distinct(),
			)
			.where(row[field].isin(names) & (doc.docstatus == 1))
			.groupby(row[field], doc.is_return)
		)
		if doctype == "Sales Invoice":
			query = query.where(doc.update_stock == 1)
		if frappe.db.has_column(doctype, "qms_return_slip"):
			# What came back by a return slip is counted with the slip.
			query = query.where(
				(doc.is_return == 0) | doc.qms_return_slip.isnull() | (doc.qms_return_slip == "")
			)
		for name, is_return, first, last, times in query.run():
			if is_return:
				back[name] += times
			else:
				out[name] += [_day(first), _day(last)]
	for name, times in _return_slips(names):
		back[name] += times
	return out, back


def _return_slips(names: list[str]) -> list[tuple[str, int]]:
	"""How many return slips of goods of each order were put forward, and neither refused nor taken back; one
	query (G1).
	"""
	slip, row = frappe.qb.DocType(RETURN_SLIP), frappe.qb.DocType("Return Slip Item")
	return (
		frappe.qb.from_(row)
		.join(slip)
		.on((slip.name == row.parent) & (row.parenttype == RETURN_SLIP))
		.select(row.contract, Count(slip.name).distinct())
		.where(row.contract.isin(names) & slip.workflow_state.notin(NO_RETURN))
		# G4: the sample is good, and the customer keeps the goods.
		.where(slip.decision.isnull() | (slip.decision != "Kept by the Customer"))
		.groupby(row.contract)
		.run()
	)


def _invoices(names: list[str]) -> dict[str, list[frappe._dict]]:
	"""The invoices of each order; one query."""
	doc, row = frappe.qb.DocType("Sales Invoice"), frappe.qb.DocType("Sales Invoice Item")
	found = defaultdict(list)
	for bill in (
		frappe.qb.from_(row)
		.join(doc)
		.on((doc.name == row.parent) & (row.parenttype == "Sales Invoice"))
		.select(
			row.sales_order,
			doc.name,
			doc.is_return,
			doc.is_pos,
			doc.paid_amount,
			doc.posting_date,
			doc.outstanding_amount,
		)
		.distinct()
		.where(row.sales_order.isin(names) & (doc.docstatus == 1))
		.run(as_dict=True)
	):
		found[bill.sales_order].append(bill)
	return found


def _payments(names: list[str], bills: dict[str, list[frappe._dict]]) -> dict[str, list[date]]:
	"""The days on which money came for each order: on invoices, at the counter, in advance; three queries.

	Payment Entries and Journal Entries alike. A credit note is no payment.
	"""
	found: dict[str, list[date]] = defaultdict(list)
	orders_of = defaultdict(list)
	for order, rows in bills.items():
		for bill in rows:
			orders_of[bill.name].append(order)
			if bill.is_pos and not bill.is_return and number(bill.paid_amount) > 0:
				found[order].append(_day(bill.posting_date))
	entry = frappe.qb.DocType("Payment Ledger Entry")
	if orders_of:
		for bill, first, last in (
			frappe.qb.from_(entry)
			.select(entry.against_voucher_no, Min(entry.posting_date), Max(entry.posting_date))
			.where((entry.against_voucher_type == "Sales Invoice") & (entry.delinked == 0))
			.where(entry.against_voucher_no.isin(sorted(orders_of)) & (entry.amount < 0))
			.where(entry.voucher_type.isin(["Payment Entry", "Journal Entry"]))
			.groupby(entry.against_voucher_no)
			.run()
		):
			for order in orders_of[bill]:
				found[order] += [_day(first), _day(last)]
	for order, first, last in _advances(names):
		found[order] += [_day(first), _day(last)]
	return found


def _advances(names: list[str]) -> list[tuple]:
	"""First and last day on which orders were paid in advance, where ERPNext keeps these; two queries."""
	if not frappe.db.table_exists(ADVANCES):
		return []
	advance, found = frappe.qb.DocType(ADVANCES), []
	for doctype in ("Payment Entry", "Journal Entry"):
		voucher = frappe.qb.DocType(doctype)
		found += (
			frappe.qb.from_(advance)
			.join(voucher)
			.on((voucher.name == advance.voucher_no) & (voucher.docstatus == 1))
			.select(advance.against_voucher_no, Min(voucher.posting_date), Max(voucher.posting_date))
			.where((advance.against_voucher_type == ORDER) & advance.against_voucher_no.isin(names))
			.where((advance.voucher_type == doctype) & (advance.delinked == 0))
			.groupby(advance.against_voucher_no)
			.run()
		)
	return found


# Which contracts a document is about


def contracts_of(doctype: str, name: str) -> dict[str, set[str]]:
	"""Return the contracts that a document is about, by type: of those that others are made by (D5)."""
	if doctype in content.CONTRACT_DOCTYPES:
		return {doctype: {name}}
	if doctype in ("Delivery Note", "Sales Invoice"):
		field = "against_sales_order" if doctype == "Delivery Note" else "sales_order"
		return {ORDER: _orders(f"{doctype} Item", field, doctype, [name])}
	if doctype == complained.COMPLAINT:
		return {ORDER: complained.orders_of(name)}
	if doctype == RETURN_SLIP:
		return {ORDER: _orders("Return Slip Item", "contract", doctype, [name])}
	if doctype == "Payment Entry":
		rows = frappe.get_all(
			"Payment Entry Reference",
			filters={"parent": name, "parenttype": doctype},
			fields=["reference_doctype as type", "reference_name as name"],
		)
	elif doctype == "Journal Entry":
		rows = frappe.get_all(
			"Journal Entry Account",
			filters={"parent": name, "parenttype": doctype, "reference_name": ("is", "set")},
			fields=["reference_type as type", "reference_name as name"],
		)
	else:
		return {}
	# What is taken off again names them no more, but for the ledger, which keeps what it named once.
	rows += frappe.get_all(
		"Payment Ledger Entry",
		filters={"voucher_type": doctype, "voucher_no": name},
		fields=["against_voucher_type as type", "against_voucher_no as name"],
	)
	if frappe.db.table_exists(ADVANCES):
		rows += frappe.get_all(
			ADVANCES,
			filters={"voucher_type": doctype, "voucher_no": name},
			fields=["against_voucher_type as type", "against_voucher_no as name"],
		)
	orders = {r.name for r in rows if r.type == ORDER}
	bills = {r.name for r in rows if r.type == "Sales Invoice"}
	if bills:
		orders |= _orders("Sales Invoice Item", "sales_order", "Sales Invoice", sorted(bills))
	return {ORDER: orders}


def _orders(table: str, field: str, doctype: str, parents: list[str]) -> set[str]:
	return set(
		frappe.get_all(
			table,
			filters={"parent": ("in", parents), "parenttype": doctype, field: ("is", "set")},
			pluck=field,
			distinct=True,
		)
	)
