"""The rest of a batch whose retained sample is bad: where it is, and what is done about it (G5; ISO 13485
8.3.3).
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import frappe
from frappe import _
from frappe.desk.form import assign_to
from frappe.model.document import Document
from frappe.query_builder.functions import Sum
from frappe.utils import now_datetime, nowdate

from qms_customer.contract import notify, people, sales_record, states
from qms_customer.contract.facts import number
from qms_customer.contract.sites import customers_at
from qms_customer.messages import refuse, refuse_one
from qms_customer.records import signing
from qms_customer.returns import accounted, making, opened, quarantine, said
from qms_customer.rules import claim as rules
from qms_customer.rules import mark, says
from qms_customer.rules.content import NUMBER, normal
from qms_customer.rules.people import AUTHORITY_RANK, MANAGEMENT_REPRESENTATIVE, QUALITY
from qms_customer.rules.returns import BAD

# K2, K3: the events of the chain; the last is a signature.
BLOCKED = mark("Batch Blocked")
MOVED = mark("Batch Moved to Quarantine")
OPENED = mark("Non-Conformance Opened")
LOOKED_AT = mark("Batch Looked At")

QUARANTINE, RETAINED = quarantine.FLAG, "qms_retained_samples"
Pair = tuple[str, str]


# Stock


def on_hand(pairs: Iterable[Pair]) -> dict[Pair, dict[str, Decimal]]:
	"""Return by item and batch what lies in which warehouse, in the stock unit; two queries (G3, G5).

	From Serial and Batch Bundles and from ledger rows that name the batch themselves: both are in real data.
	"""
	pairs = {p for p in pairs if p[1]}
	found: dict[Pair, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
	if not pairs:
		return {}
	items, batches = sorted({p[0] for p in pairs}), sorted({p[1] for p in pairs})
	ledger, entry = frappe.qb.DocType("Stock Ledger Entry"), frappe.qb.DocType("Serial and Batch Entry")
	bundled = (
		frappe.qb.from_(entry)
		.join(ledger)
		.on(ledger.serial_and_batch_bundle == entry.parent)
		.select(ledger.item_code, entry.batch_no, ledger.warehouse, Sum(entry.qty))
		.where(entry.batch_no.isin(batches) & ledger.item_code.isin(items) & (ledger.is_cancelled == 0))
		.groupby(ledger.item_code, entry.batch_no, ledger.warehouse)
	)
	plain = (
		frappe.qb.from_(ledger)
		.select(ledger.item_code, ledger.batch_no, ledger.warehouse, Sum(ledger.actual_qty))
		.where(ledger.batch_no.isin(batches) & ledger.item_code.isin(items) & (ledger.is_cancelled == 0))
		.where(ledger.serial_and_batch_bundle.isnull() | (ledger.serial_and_batch_bundle == ""))
		.groupby(ledger.item_code, ledger.batch_no, ledger.warehouse)
	)
	for item, batch, warehouse, quantity in (*bundled.run(), *plain.run()):
		if (item, batch) in pairs:
			found[item, batch][warehouse] += number(quantity)
	return {pair: {w: q for w, q in at.items() if q > 0} for pair, at in found.items()}


def samples_left(company: str, pairs: Iterable[Pair]) -> dict[Pair, tuple[str, Decimal]]:
	"""Return by item and batch the retained samples that are left: the warehouse with most, and all of them
	(G3).
	"""
	flagged = set(quarantine.flagged(company, RETAINED))
	if not flagged:
		return {}
	found = {}
	for pair, places in on_hand(pairs).items():
		kept = {w: q for w, q in places.items() if w in flagged}
		if kept:
			found[pair] = (max(sorted(kept), key=kept.get), sum(kept.values(), Decimal()))
	return found


# What there is


def prepare(slip: Document) -> None:
	"""Give each batch that was found bad a row for what is done about it; the caller saves the slip (G5)."""
	known = {(m.item_code, m.batch_no) for m in slip.batch_measures}
	for item, batch in rules.to_be_looked_at(said.findings(slip), known):
		slip.append("batch_measures", {"item_code": item, "batch_no": batch})


def ask(slip: Document) -> None:
	"""Put the batches that nobody has looked at yet into the inbox of Quality (G5, L3)."""
	waiting = [m.batch_no for m in slip.batch_measures if not m.looked_on]
	if waiting:
		text = _("Look at the rest of the bad batch {0}: {1}").format(", ".join(waiting), slip.name)
		notify.assign(slip, people.holders(QUALITY), text)


def rest(slip: Document, item: str, batch: str) -> dict[str, Any]:
	"""Return where a batch is, to be looked at (G5); see `rests`."""
	return rests(slip, [(item, batch)])[item, batch]


def rests(slip: Document, pairs: Iterable[Pair]) -> dict[Pair, dict[str, Any]]:
	"""Return by item and batch where it is, to be looked at: deliveries by customer, stock by warehouse (G5).

	With the permissions of who asks; `withheld` names the DocTypes of which they do not see all. A constant
	number of queries, whatever the number of batches; none without.
	"""
	pairs = list(dict.fromkeys(pairs))
	if not pairs:
		return {}
	record = sales_record.read(sales_record.Wanted(batches=frozenset(batch for _item, batch in pairs)))
	lines: dict[Pair, list[frappe._dict]] = defaultdict(list)
	for line in record.lines:
		lines[_key(line.item_code, line.batch_no)].append(line)
	seen = {pair: {(line.reference_doctype, line.delivery) for line in lines[_key(*pair)]} for pair in pairs}
	unseen = _unseen(seen)
	places = on_hand(pairs)
	standing = _standing({w for at in places.values() for w in at})
	disabled = set(
		frappe.get_all("Batch", {"name": ("in", [b for _i, b in pairs]), "disabled": 1}, pluck="name")
	)
	return {
		(item, batch): {
			"customers": by_customer(slip.customer, lines[_key(item, batch)]),
			"stock": [
				frappe._dict(standing[w], warehouse=w, quantity=q)
				for w, q in sorted(places.get((item, batch), {}).items())
			],
			"withheld": record.withheld + [d for d in unseen[item, batch] if d not in record.withheld],
			"disabled": batch in disabled,
		}
		for item, batch in pairs
	}


def _key(item: str, batch: str) -> Pair:
	# The database does not tell upper from lower case.
	return item, (batch or "").casefold()


def by_customer(customer: str, lines: Iterable[frappe._dict]) -> list[frappe._dict]:
	"""Return the lines of the sales record by customer, this one first (G5, H5)."""
	found: dict[str, frappe._dict] = {}
	for line in lines:
		one = found.setdefault(
			line.customer,
			frappe._dict(
				customer=line.customer,
				customer_name=line.customer_name,
				quantity=Decimal(),
				deliveries=[],
				own=line.customer == customer,
			),
		)
		one.quantity += number(line.qty)
		if not line.is_return and (line.reference_doctype, line.delivery) not in one.deliveries:
			one.deliveries.append((line.reference_doctype, line.delivery))
	return sorted(found.values(), key=lambda c: (not c.own, c.customer_name or c.customer))


def _standing(warehouses: Iterable[str]) -> dict[str, dict[str, Any]]:
	"""What is known of warehouses: whose, quarantine, retained samples, at which customer's; two queries."""
	names = sorted(warehouses)
	sites = customers_at(names)
	return {
		w.name: {
			"company": w.company,
			"quarantine": bool(w[QUARANTINE]),
			"retained": bool(w[RETAINED]),
			"customer": sites.get(w.name, ""),
		}
		for w in frappe.get_all(
			"Warehouse",
			filters={"name": ("in", names or [""])},
			fields=["name", "company", QUARANTINE, RETAINED],
		)
	}


def _unseen(seen: dict[Pair, set[tuple[str, str]]]) -> dict[Pair, list[str]]:
	"""By item and batch the DocTypes with deliveries in the ledger that a list (`seen`) does not have: User
	Permissions keep them from its reader, and nobody signs for what they did not see. What goes to companies
	of the group is left out.
	"""
	ledger, entry = frappe.qb.DocType("Stock Ledger Entry"), frappe.qb.DocType("Serial and Batch Entry")
	items, batches = sorted({i for i, _b in seen}), sorted({b for _i, b in seen})
	pairs = {_key(*pair): pair for pair in seen}
	missing: dict[tuple[str, str], set[Pair]] = defaultdict(set)
	for item, bundled, text, doctype, name in (
		frappe.qb.from_(ledger)
		.left_join(entry)
		.on(entry.parent == ledger.serial_and_batch_bundle)
		.select(ledger.item_code, entry.batch_no, ledger.batch_no, ledger.voucher_type, ledger.voucher_no)
		.distinct()
		.where(ledger.item_code.isin(items) & (ledger.is_cancelled == 0))
		.where(ledger.voucher_type.isin(("Delivery Note", "Sales Invoice")))
		.where(entry.batch_no.isin(batches) | ledger.batch_no.isin(batches))
		.run()
	):
		for batch in {bundled, text} - {None, ""}:
			pair = pairs.get(_key(item, batch))
			if pair and (doctype, name) not in seen[pair]:
				missing[doctype, name].add(pair)
	found: dict[Pair, list[str]] = {pair: [] for pair in seen}
	for doctype, only in (("Delivery Note", {}), ("Sales Invoice", {"is_consolidated": 0})):
		names = sorted(name for kind, name in missing if kind == doctype)
		filters = {"name": ("in", names), "is_internal_customer": 0, **only}
		for name in frappe.get_all(doctype, filters=filters, pluck="name") if names else ():
			for pair in missing[doctype, name]:
				if doctype not in found[pair]:
					found[pair].append(doctype)
	return found


def movable(slip: Document, found: dict[str, Any]) -> list[frappe._dict]:
	"""Return the stock of a batch that is moved to quarantine: of the slip's company, not there yet, neither
	retained samples nor goods at a customer's site (G5).
	"""
	return [
		s
		for s in found["stock"]
		if s.company == slip.company and not (s.quarantine or s.retained or s.customer)
	]


# What is done


def block(name: str, content_hash: str, row: str) -> Document:
	"""Block a bad batch (Batch.disabled), by who may change batches; returns the slip (G5)."""
	slip, measure = _open(name, content_hash, row)
	batch = frappe.get_doc("Batch", measure.batch_no, for_update=True)
	batch.check_permission("write")
	if not batch.disabled:
		batch.disabled = 1
		batch.save()
	if not measure.blocked:
		measure.blocked, measure.blocked_by = 1, frappe.session.user
		measure.blocked_on = now_datetime()
		opened.save(slip, BLOCKED)
	return slip


def move(name: str, content_hash: str, row: str) -> Document:
	"""Move the stock of a bad batch to quarantine by a Stock Entry, by who may make one; returns the slip
	(G5).
	"""
	slip, measure = _open(name, content_hash, row)
	for right in ("create", "submit"):
		frappe.has_permission("Stock Entry", right, throw=True)
	target = quarantine.warehouse(slip.company)
	goods = movable(slip, rest(slip, measure.item_code, measure.batch_no))
	if not goods:
		refuse_one("G5", mark("No stock of batch {0} lies outside quarantine."), measure.batch_no)
	entry = _stock_entry(slip, measure, goods, target)
	# The right to make it was checked; into quarantine goods come by a step of a slip only.
	with making.documents(slip.name) as step:
		step.submit(entry)
	measure.stock_entry = entry.name
	measure.moved_qty = float(number(measure.moved_qty) + sum((g.quantity for g in goods), Decimal()))
	measure.moved_by, measure.moved_on = frappe.session.user, now_datetime()
	opened.save(slip, MOVED)
	return slip


def open_non_conformance(
	name: str, content_hash: str, row: str, procedure: str, subject: str, details: str = ""
) -> Document:
	"""Open ERPNext's Non Conformance on a bad batch, by who may; returns the slip (G5, G6)."""
	slip, measure = _open(name, content_hash, row)
	frappe.has_permission("Non Conformance", "create", throw=True)
	if measure.non_conformance:
		refuse_one("G5", mark("{0} is open on this batch already."), measure.non_conformance)
	if not (procedure and frappe.db.exists("Quality Procedure", procedure)):
		refuse_one("G5", mark("Choose the quality procedure by which nonconforming product is handled."))
	if not says(subject):
		refuse_one("G5", mark("Say what the non-conformance is about."))
	non_conformance = frappe.get_doc(
		{
			"doctype": "Non Conformance",
			"subject": subject,
			"procedure": procedure,
			"status": "Open",
			"details": details,
			"qms_return_slip": slip.name,
		}
	)
	non_conformance.insert()
	measure.non_conformance = non_conformance.name
	opened.save(slip, OPENED)
	return slip


def look_at(name: str, content_hash: str, row: str, comment: str) -> Document:
	"""Sign, as Quality, that the other deliveries and the stock of a bad batch were looked at; returns the
	slip (G5).

	What was looked at is kept with the record, as it was at that time. What was not done has its reason.
	"""
	slip, measure = _open(name, content_hash, row)
	role = opened.require_role(
		"G5", mark("The rest of a batch is looked at by: {0}."), (MANAGEMENT_REPRESENTATIVE, QUALITY)
	)
	if measure.looked_on:
		refuse_one("G5", mark("Batch {0} was looked at by {1}."), measure.batch_no, measure.looked_by_name)
	found = rest(slip, measure.item_code, measure.batch_no)
	if found["withheld"]:
		refuse_one(
			"G5",
			mark("You may not read all deliveries of the batch ({0}): somebody who may looks at it."),
			", ".join(_(d) for d in found["withheld"]),
		)
	outside = sum((s.quantity for s in found["stock"] if not (s.quarantine or s.retained)), Decimal())
	refusals = rules.look_refusals(
		rules.Measures(
			measure.item_code,
			measure.batch_no,
			found["disabled"],
			outside,
			measure.non_conformance or "",
		),
		comment,
	)
	if refusals:
		refuse(refusals)
	signing.in_hand()
	user = frappe.session.user
	measure.update(
		{
			"deliveries": sum(len(c.deliveries) for c in found["customers"]),
			"customers": len(found["customers"]),
			"delivered_qty": float(sum((c.quantity for c in found["customers"]), Decimal())),
			"stock_qty": float(outside),
			"seen": _kept(found),
			"comment": comment,
			"looked_by": user,
			"looked_by_name": people.full_name(user),
			"looked_on": now_datetime(),
		}
	)
	opened.save(slip)
	signing.sign(slip, LOOKED_AT, role, "", f"{measure.batch_no}: {comment}", content_hash)
	if all(m.looked_on for m in slip.batch_measures) and not _asked_for_more(slip):
		_close_inbox(slip)
	return slip


def _asked_for_more(slip: Document) -> bool:
	"""Whether Quality is asked about the same slip for something else: other samples, goods that came."""
	return slip.workflow_state == states.RETURN_TESTING or any(
		one.left > 0 for one in accounted.held(slip).values()
	)


def _close_inbox(slip: Document) -> None:
	"""L3: Quality has done its part; what a manager was asked about the same slip stays open."""
	deciding = {u for role in AUTHORITY_RANK if role for u in people.holders(role)}
	users = sorted(set(people.holders(QUALITY)) - deciding)
	for user in frappe.get_all(
		"ToDo",
		filters={
			"reference_type": slip.doctype,
			"reference_name": slip.name,
			"status": "Open",
			"allocated_to": ("in", users or [""]),
		},
		pluck="allocated_to",
		distinct=True,
	):
		assign_to.set_status(
			slip.doctype, slip.name, assign_to=user, status="Closed", ignore_permissions=True
		)


def _open(name: str, content_hash: str, row: str) -> tuple[Document, Document]:
	slip = opened.locked(name, content_hash)
	if not people.is_present(frappe.session.user):
		refuse_one("K3", mark("Only a person with a login of their own does this."))
	measure = next((m for m in slip.batch_measures if m.name == row), None)
	if measure is None or (measure.item_code, measure.batch_no, BAD) not in said.findings(slip):
		refuse_one("G5", mark("{0} has no bad batch of this row."), slip.name)
	return slip, measure


def _stock_entry(slip: Document, measure: Document, goods: list[frappe._dict], target: str) -> Document:
	serials = _serials(measure.item_code, measure.batch_no, [g.warehouse for g in goods])
	return frappe.get_doc(
		{
			"doctype": "Stock Entry",
			"stock_entry_type": "Material Transfer",
			"purpose": "Material Transfer",
			"company": slip.company,
			"posting_date": nowdate(),
			"qms_return_slip": slip.name,
			"remarks": _("Batch {0} to quarantine: its retained sample is bad ({1})").format(
				measure.batch_no, slip.name
			),
			"items": [
				{
					"item_code": measure.item_code,
					"qty": float(g.quantity),
					"s_warehouse": g.warehouse,
					"t_warehouse": target,
					"use_serial_batch_fields": 1,
					"batch_no": measure.batch_no,
					"serial_no": "\n".join(serials.get(g.warehouse, ())) or None,
				}
				for g in goods
			],
		}
	)


def _serials(item: str, batch: str, places: list[str]) -> dict[str, list[str]]:
	"""The serial numbers of a batch by warehouse; none for an item without; at most one query."""
	if not frappe.get_cached_value("Item", item, "has_serial_no"):
		return {}
	found: dict[str, list[str]] = defaultdict(list)
	for one in frappe.get_all(
		"Serial No",
		filters={"item_code": item, "batch_no": batch, "warehouse": ("in", places)},
		fields=["name", "warehouse"],
		order_by="name",
	):
		found[one.warehouse].append(one.name)
	return found


def _kept(found: dict[str, Any]) -> str:
	"""What was looked at, as text that is kept and read again."""
	return json.dumps(
		{
			"customers": [
				{
					"customer": c.customer,
					"quantity": normal(c.quantity, NUMBER),
					"deliveries": [name for _doctype, name in c.deliveries],
				}
				for c in found["customers"]
			],
			"stock": [
				{"warehouse": s.warehouse, "quantity": normal(s.quantity, NUMBER)} for s in found["stock"]
			],
		},
		ensure_ascii=False,
		indent=1,
	)
