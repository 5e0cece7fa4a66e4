"""What the capacity forecast looks at, read from ERPNext, and its result stored (B1 b, C8).

A constant number of queries, and four more for each level of the BOMs, whatever the number of orders, lines
and workstations. What is read, and what is left out, is described in docs/capacity.md.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import date, timedelta
from decimal import Decimal
from math import ceil

import frappe
from frappe.model.document import Document
from frappe.query_builder.functions import Coalesce, NullIf, Sum
from frappe.utils import cint, flt, getdate, now_datetime

from qms_customer.contract import facts, forecast
from qms_customer.contract.facts import is_own_stock, number
from qms_customer.records.registry import REVIEW
from qms_customer.rules import capacity as rules
from qms_customer.rules.review import APPROVED

# Work orders that are over, as ERPNext's own capacity planning has it.
OVER = ("Completed", "Stopped", "Closed", "Cancelled")
# The tightest workstations are stored week by week; the others are counted in the evidence.
MOST_SHOWN = 8


def keep_fresh(doc: Document, always: bool = False) -> None:
	"""Compute the forecast of a contract document if what is stored does not count any more (B2, B4).

	For moments that decide: a review starts, is decided or re-checked. Saving never computes.
	"""
	if not (always or forecast.decides()):
		return
	goods = facts.goods_rows(doc)
	made = forecast.made({code for code, _quantity, _due in goods})
	if not made:
		return
	row = forecast.stored(doc)
	if row is not None and not forecast.stale(row, goods):
		return
	if forecast.decides():
		compute(doc)
		return
	# Lead times decide: the forecast informs, and what is wrong with it holds nobody up.
	frappe.db.savepoint("qms_capacity")
	try:
		compute(doc)
	except Exception:
		frappe.db.rollback(save_point="qms_capacity")
		frappe.log_error(title=f"The capacity of {doc.name} could not be forecast")


def compute(doc: Document) -> rules.Forecast | None:
	"""Compute and store the forecast of a contract document; None if nothing of it is made here (C8)."""
	goods = facts.goods_rows(doc)
	made = forecast.made({code for code, _quantity, _due in goods})
	if not made:
		return None
	own = [rules.Demand(code, quantity, due, doc.name or "") for code, quantity, due in goods if code in made]
	found = rules.forecast(read_plant(doc, made), own)
	_store(doc, found, rules.goods_hash(goods))
	return found


def enqueue(doc: Document) -> None:
	"""Have the forecast of a contract document computed in the background, once however often it is asked
	for.
	"""
	doctype, name = doc.doctype, doc.name

	def ask() -> None:
		try:
			frappe.enqueue(
				"qms_customer.contract.capacity.compute_in_background",
				queue="long",
				job_id=f"qms_capacity::{doctype}::{name}",
				deduplicate=True,
				doctype=doctype,
				name=name,
			)
		except Exception:
			# The document is saved; without a forecast it is unknown, which is what its form says.
			frappe.log_error(title=f"The capacity forecast of {name} was not queued")

	frappe.db.after_commit.add(ask)


def compute_in_background(doctype: str, name: str) -> None:
	"""Compute the forecast of a contract document as it is stored now, and let open forms show it."""
	if not frappe.db.exists(doctype, name):
		return
	doc = frappe.get_doc(doctype, name)
	if doc.docstatus == 0 and compute(doc):
		frappe.publish_realtime(
			"qms_capacity", {"name": name}, doctype=doctype, docname=name, after_commit=True
		)


def read_plant(doc: Document, own: Iterable[str]) -> rules.Plant:
	"""Return all that the forecast looks at besides the order itself (C8)."""
	orders = _open_work_orders()
	operations = _operations()
	materials = [d for d in _materials() if orders[d[0]].company == doc.company]
	committed = [
		*(
			rules.Demand(code, quantity, _day(orders[name].planned_start_date), name)
			for name, code, quantity in materials
		),
		*(
			rules.Demand(code, quantity, due, name)
			for name, code, quantity, due in _ordered(doc.company, 1, doc)
		),
	]
	since = _in_review(doc)
	in_review = [
		rules.Demand(code, quantity, due, name, since[name])
		for name, code, quantity, due in (_ordered(doc.company, 0, doc) if since else ())
		if name in since
	]
	codes = {*own, *(d.item for d in committed), *(d.item for d in in_review)}
	items, boms = _items_and_boms(codes)
	# A bundle's parent and services are nothing that is made or kept.
	goods = {code for code, item in items.items() if item.is_stock_item}
	stock = _stock(goods, doc.company, {o.wip_warehouse for o in orders.values() if not o.skip_transfer})
	return rules.Plant(
		today=getdate(),
		workstations=tuple(_workstations(doc.company)),
		items=tuple(
			rules.Item(
				code,
				"" if items[code].is_sub_contracted_item else items[code].bom or "",
				items[code].lead_time_days or None,
				stock.get(code, Decimal()),
			)
			for code in sorted(goods)
		),
		boms=tuple(boms),
		supplies=tuple(_supplies(goods, doc.company, orders.values())),
		loads=tuple(_loads(orders, operations, _job_cards())),
		committed=tuple(d for d in committed if d.item in goods),
		in_review=tuple(d for d in in_review if d.item in goods),
		gap=cint(frappe.db.get_single_value("Manufacturing Settings", "mins_between_operations")) or 10,
	)


def _store(doc: Document, found: rules.Forecast, goods_hash: str) -> None:
	values = {
		"reference_doctype": doc.doctype,
		"reference_name": doc.name,
		"company": doc.company,
		"goods_hash": goods_hash,
		"computed_on": now_datetime(),
		"verdict": found.verdict.value,
		"earliest_date": found.earliest,
		"evidence": json.dumps([asdict(e) for e in found.evidence], ensure_ascii=False, default=str),
		"loaded": json.dumps(
			[asdict(one) for one in found.loaded[:MOST_SHOWN]], ensure_ascii=False, default=str
		),
		"left_out": found.left_out,
	}
	row = forecast.stored(doc)
	if row:
		frappe.db.set_value(forecast.DOCTYPE, row.name, values)
		return
	# Computed by the system for whoever may see the contract; nobody writes one by hand.
	frappe.get_doc({"doctype": forecast.DOCTYPE, **values}).insert(ignore_permissions=True)


# What a review keeps

# What an answer consists of: carried to the next version of the review while the goods are the same.
ANSWER = (
	"possible_date",
	"countermeasure",
	"assessed_by",
	"assessed_by_name",
	"assessed_on",
	"agreed_date",
	"customer_answer",
	"agreed_by",
	"agreed_by_name",
	"agreed_on",
	"answer_goods",
	"answered_in",
)


def snapshot(doc: Document) -> dict[str, object]:
	"""Return what a review keeps of the stored forecast of its contract: what its class rested on (B3)."""
	row = forecast.stored(doc)
	goods = facts.goods_rows(doc)
	if row is None or forecast.stale(row, goods):
		return {"by_forecast": 0, "forecast": None, "forecast_on": None, "earliest_date": None}
	made = forecast.made({code for code, _quantity, _due in goods})
	return {
		"by_forecast": int(bool(made) and forecast.decides()),
		"forecast": json.dumps(
			{
				"evidence": json.loads(row.evidence or "[]"),
				"loaded": json.loads(row.loaded or "[]"),
				"left_out": row.left_out,
			},
			ensure_ascii=False,
		),
		"forecast_on": row.computed_on,
		"earliest_date": row.earliest_date,
	}


def carried(earlier: str | None, doc: Document) -> dict[str, object]:
	"""Return the answer that an earlier version of the review holds, if it was for the same goods: a contract
	that is changed to the date agreed keeps the agreement (C8).
	"""
	if not earlier:
		return {}
	row = frappe.db.get_value(REVIEW, earlier, ["name", *ANSWER], as_dict=True)
	if not row or not row.possible_date or row.answer_goods != goods_of(doc):
		return {}
	return {**{field: row[field] for field in ANSWER}, "answered_in": row.answered_in or row.name}


def goods_of(doc: Document) -> str:
	"""Return a hash of the goods of a contract document, whenever they are due."""
	return rules.goods_hash(facts.goods_rows(doc), dates=False)


# Work under way


def _open_work_orders() -> dict[str, frappe._dict]:
	"""Open work orders of all companies: workstations belong to none."""
	rows = frappe.get_all(
		"Work Order",
		filters={"docstatus": 1, "status": ("not in", OVER)},
		fields=[
			"name",
			"company",
			"production_item",
			"qty",
			"produced_qty",
			"process_loss_qty",
			"planned_start_date",
			"planned_end_date",
			"expected_delivery_date",
			"wip_warehouse",
			"skip_transfer",
		],
	)
	return {r.name: r for r in rows}


def _of_open(row):
	"""A query of rows of open work orders."""
	order = frappe.qb.DocType("Work Order")
	return (
		order,
		frappe.qb.from_(row)
		.join(order)
		.on(order.name == row.parent)
		.where((order.docstatus == 1) & order.status.notin(OVER)),
	)


def _operations() -> list[frappe._dict]:
	row = frappe.qb.DocType("Work Order Operation")
	_order, query = _of_open(row)
	return (
		query.select(
			row.name,
			row.parent,
			row.workstation,
			row.workstation_type,
			row.time_in_mins,
			row.completed_qty,
			row.process_loss_qty,
			row.planned_end_time,
		)
		.where(row.status != "Completed")
		.run(as_dict=True)
	)


def _materials() -> list[tuple[str, str, Decimal]]:
	"""What open work orders still have to be given: (work order, item, quantity)."""
	row = frappe.qb.DocType("Work Order Item")
	order, query = _of_open(row)
	rows = query.select(
		row.parent,
		row.item_code,
		row.required_qty,
		row.transferred_qty,
		row.returned_qty,
		row.consumed_qty,
		order.skip_transfer,
	).run(as_dict=True)
	found = []
	for r in rows:
		given = flt(r.consumed_qty) if r.skip_transfer else flt(r.transferred_qty) - flt(r.returned_qty)
		if flt(r.required_qty) > given:
			found.append((r.parent, r.item_code, number(flt(r.required_qty) - given)))
	return found


def _job_cards() -> dict[str, list[frappe._dict]]:
	"""Job cards under way, by the operation of their work order."""
	card, order = frappe.qb.DocType("Job Card"), frappe.qb.DocType("Work Order")
	rows = (
		frappe.qb.from_(card)
		.join(order)
		.on(order.name == card.work_order)
		.select(
			card.name,
			card.work_order,
			card.operation_id,
			card.workstation,
			card.workstation_type,
			card.for_quantity,
			card.total_time_in_mins,
			card.time_required,
			card.is_corrective_job_card,
		)
		.where((card.docstatus == 0) & (order.docstatus == 1) & order.status.notin(OVER))
		.run(as_dict=True)
	)
	found: dict[str, list[frappe._dict]] = {}
	for r in rows:
		found.setdefault("" if r.is_corrective_job_card else r.operation_id or "", []).append(r)
	return found


def _loads(
	orders: dict[str, frappe._dict], operations: list[frappe._dict], cards: dict[str, list[frappe._dict]]
) -> Iterable[rules.Load]:
	"""What open work orders still need of workstations: each job card under way at its own workstation, the
	rest of an operation at that of the operation (C8).
	"""
	for op in operations:
		order = orders.get(op.parent)
		quantity = flt(order.qty) if order else 0
		if quantity <= 0:
			continue
		due = _day(op.planned_end_time) or _ends(order)
		left = max(quantity - flt(op.completed_qty) - flt(op.process_loss_qty), 0)
		for card in cards.get(op.name, ()):
			share = min(flt(card.for_quantity), left)
			left -= share
			minutes = flt(op.time_in_mins) * share / quantity - flt(card.total_time_in_mins)
			yield from _load(
				minutes,
				due,
				card.workstation or op.workstation,
				card.workstation_type or op.workstation_type,
			)
		yield from _load(flt(op.time_in_mins) * left / quantity, due, op.workstation, op.workstation_type)
	# Corrective work, and cards whose operation is gone: what they say themselves.
	for card in cards.get("", ()):
		if order := orders.get(card.work_order):
			yield from _load(
				flt(card.time_required) - flt(card.total_time_in_mins),
				_ends(order),
				card.workstation,
				card.workstation_type,
			)


def _load(minutes: float, due: date, workstation: str | None, kind: str | None) -> Iterable[rules.Load]:
	if minutes > 0:
		yield rules.Load(ceil(round(minutes, 6)), due, workstation or "", "" if workstation else kind or "")


def _ends(order: frappe._dict) -> date:
	"""When a work order is planned to end."""
	ends = order.planned_end_date or order.expected_delivery_date or order.planned_start_date
	return _day(ends) or getdate()


# Orders


def _ordered(company: str, docstatus: int, but: Document) -> list[tuple[str, str, Decimal, date | None]]:
	"""What orders still have to deliver: (order, item, quantity in stock units, date); bundles replaced by
	their components. Two queries.
	"""
	order, row, packed = (frappe.qb.DocType(d) for d in ("Sales Order", "Sales Order Item", "Packed Item"))

	def of_orders(query):
		return query.where(
			(order.company == company)
			& (order.docstatus == docstatus)
			& (order.name != (but.name or ""))
			& order.status.notin(("Closed", "Completed"))
			& (row.delivered_by_supplier == 0)
		)

	rows = of_orders(
		frappe.qb.from_(row)
		.join(order)
		.on(order.name == row.parent)
		.select(
			order.name,
			row.item_code,
			(row.stock_qty - row.delivered_qty * row.conversion_factor).as_("qty"),
			Coalesce(row.delivery_date, order.delivery_date).as_("due"),
		)
	).run(as_dict=True)
	rows += of_orders(
		frappe.qb.from_(packed)
		.join(row)
		.on(row.name == packed.parent_detail_docname)
		.join(order)
		.on(order.name == row.parent)
		.select(
			order.name,
			packed.item_code,
			(
				packed.qty
				* Coalesce(NullIf(packed.conversion_factor, 0), 1)
				* (1 - row.delivered_qty / NullIf(row.qty, 0))
			).as_("qty"),
			Coalesce(row.delivery_date, order.delivery_date).as_("due"),
		)
		.where(packed.parenttype == "Sales Order")
	).run(as_dict=True)
	return [(r.name, r.item_code, number(r.qty), _day(r.due)) for r in rows if flt(r.qty) > 0]


def _in_review(doc: Document) -> dict[str, str]:
	"""Draft orders ahead of this one: in review, or approved and not submitted yet; with when their first
	review began, before that of this one (C8).
	"""
	review, order = frappe.qb.DocType("Contract Review"), frappe.qb.DocType("Sales Order")
	rows = (
		frappe.qb.from_(review)
		.join(order)
		.on((order.name == review.reference_name) & (review.reference_doctype == "Sales Order"))
		.select(
			review.reference_name, review.prepared_on, review.docstatus, review.decision, review.withdrawn
		)
		.where((order.docstatus == 0) & (order.company == doc.company))
		.run(as_dict=True)
	)
	began: dict[str, str] = {}
	standing = set()
	for r in rows:
		began[r.reference_name] = min(began.get(r.reference_name, "9"), str(r.prepared_on))
		if r.docstatus == 0 or (r.decision == APPROVED and not r.withdrawn):
			standing.add(r.reference_name)
	mine = began.get(doc.name, "9") if doc.name in standing else "9"
	return {name: when for name, when in began.items() if name in standing and when < mine}


# Items, stock, what is on its way


def _items_and_boms(codes: set[str]) -> tuple[dict[str, frappe._dict], list[rules.Bom]]:
	"""Return the items and all that they are made of, level by level; four queries a level."""
	items: dict[str, frappe._dict] = {}
	boms: dict[str, rules.Bom] = {}
	named: set[str] = set()
	seen: set[str] = set()
	while codes or named:
		for row in _items(codes):
			items[row.name] = row
		wanted = {
			*(items[c].bom for c in codes if c in items and items[c].bom and items[c].is_stock_item),
			*named,
		}
		level = _boms(wanted - seen)
		boms.update({b.name: b for b in level})
		parts = [part for bom in level for part in bom.parts]
		seen |= wanted
		named = {part.bom for part in parts if part.bom} - seen
		codes = {part.item for part in parts} - set(items)
	# What a subcontractor makes is bought, whatever BOM a row names.
	outside = {code for code, item in items.items() if item.is_sub_contracted_item}
	return items, [
		replace(b, parts=tuple(replace(p, bom="") if p.item in outside else p for p in b.parts))
		for b in boms.values()
	]


def _items(codes: set[str]) -> list[frappe._dict]:
	"""Items, with the BOM they are made by: a variant's template's, if it has none."""
	if not codes:
		return []
	item, template = frappe.qb.DocType("Item"), frappe.qb.DocType("Item").as_("template")
	return (
		frappe.qb.from_(item)
		.left_join(template)
		.on(template.name == item.variant_of)
		.select(
			item.name,
			item.is_stock_item,
			item.is_sub_contracted_item,
			item.lead_time_days,
			Coalesce(NullIf(item.default_bom, ""), template.default_bom).as_("bom"),
		)
		.where(item.name.isin(list(codes)))
		.run(as_dict=True)
	)


def _boms(names: set[str]) -> list[rules.Bom]:
	if not names:
		return []
	valid = {
		b.name: b
		for b in frappe.get_all(
			"BOM",
			filters={"name": ("in", list(names)), "docstatus": 1, "is_active": 1},
			fields=["name", "item", "quantity", "with_operations", "process_loss_percentage"],
		)
	}
	if not valid:
		return []
	of_valid = {"parent": ("in", list(valid)), "parenttype": "BOM"}
	steps: dict[str, list[rules.Step]] = {}
	for o in frappe.get_all(
		"BOM Operation",
		filters=of_valid,
		fields=[
			"parent",
			"operation",
			"workstation",
			"workstation_type",
			"time_in_mins",
			"fixed_time",
			"batch_size",
		],
		order_by="parent, idx",
	):
		if valid[o.parent].with_operations:
			steps.setdefault(o.parent, []).append(
				rules.Step(
					o.operation or "",
					number(o.time_in_mins),
					o.workstation or "",
					"" if o.workstation else o.workstation_type or "",
					bool(o.fixed_time),
					number(o.batch_size or 1),
				)
			)
	parts: dict[str, list[rules.Part]] = {}
	for p in frappe.get_all(
		"BOM Item",
		filters={
			**of_valid,
			"is_stock_item": 1,
			"sourced_by_supplier": 0,
			"include_item_in_manufacturing": 1,
		},
		fields=["parent", "item_code", "stock_qty", "bom_no"],
		order_by="parent, idx",
	):
		parts.setdefault(p.parent, []).append(rules.Part(p.item_code, number(p.stock_qty), p.bom_no or ""))
	return [
		rules.Bom(
			b.name,
			b.item,
			number(b.quantity),
			tuple(steps.get(b.name, ())),
			tuple(parts.get(b.name, ())),
			number(b.process_loss_percentage),
		)
		for b in valid.values()
	]


def _stock(codes: set[str], company: str, in_work: set[str]) -> dict[str, Decimal]:
	"""What lies in the company's own warehouses; not what was handed to work orders already."""
	if not codes:
		return {}
	default = frappe.db.get_single_value("Manufacturing Settings", "default_wip_warehouse")
	bin_, warehouse = frappe.qb.DocType("Bin"), frappe.qb.DocType("Warehouse")
	rows = (
		frappe.qb.from_(bin_)
		.join(warehouse)
		.on(warehouse.name == bin_.warehouse)
		.select(bin_.item_code, Sum(bin_.actual_qty - bin_.reserved_qty_for_sub_contract))
		.where(
			bin_.item_code.isin(list(codes))
			& is_own_stock(warehouse, company)
			& bin_.warehouse.notin([w for w in {*in_work, default} if w] or [""])
		)
		.groupby(bin_.item_code)
		.run()
	)
	return {code: number(quantity) for code, quantity in rows if flt(quantity) > 0}


def _supplies(codes: set[str], company: str, orders: Iterable[frappe._dict]) -> Iterable[rules.Supply]:
	"""Work orders under way, purchase orders and subcontracting orders; three sources, two queries."""
	for o in orders:
		left = flt(o.qty) - flt(o.produced_qty) - flt(o.process_loss_qty)
		if o.company == company and o.production_item in codes and left > 0:
			yield rules.Supply(o.production_item, number(left), _ends(o))
	for kind in ("Purchase Order", "Subcontracting Order"):
		order, row = frappe.qb.DocType(kind), frappe.qb.DocType(f"{kind} Item")
		query = (
			frappe.qb.from_(row)
			.join(order)
			.on(order.name == row.parent)
			.select(
				row.item_code,
				row.qty,
				row.received_qty,
				row.conversion_factor,
				Coalesce(row.expected_delivery_date, row.schedule_date, order.schedule_date).as_("on_date"),
			)
			.where(
				(order.docstatus == 1)
				& (order.company == company)
				& order.status.notin(("Closed", "Completed", "Delivered", "Cancelled"))
				& row.item_code.isin(list(codes) or [""])
				& (row.qty > row.received_qty)
			)
		)
		if kind == "Purchase Order":
			query = query.where(row.delivered_by_supplier == 0)
		for r in query.run(as_dict=True):
			left = (flt(r.qty) - flt(r.received_qty)) * (flt(r.conversion_factor) or 1)
			yield rules.Supply(r.item_code, number(left), _day(r.on_date) or getdate())


# Workstations


def _workstations(company: str) -> Iterable[rules.Workstation]:
	"""Workstations with their hours and holidays: their own Holiday List, else the company's."""
	stations = frappe.get_all(
		"Workstation", fields=["name", "holiday_list", "production_capacity", "workstation_type"]
	)
	minutes: dict[str, float] = {}
	for row in frappe.get_all(
		"Workstation Working Hour",
		filters={"enabled": 1, "parenttype": "Workstation"},
		fields=["parent", "start_time", "end_time"],
	):
		if row.start_time is not None and row.end_time is not None:
			spent = (row.end_time - row.start_time).total_seconds() / 60
			minutes[row.parent] = minutes.get(row.parent, 0) + max(spent, 0)
	every_day = frappe.db.get_single_value("Manufacturing Settings", "allow_production_on_holidays")
	default = frappe.get_cached_value("Company", company, "default_holiday_list")
	lists = {} if every_day else _holidays({s.holiday_list or default for s in stations} - {None, ""})
	for s in stations:
		name = s.holiday_list or default
		until, days = lists.get(name, (None, frozenset()))
		yield rules.Workstation(
			s.name,
			int(minutes.get(s.name, 0)),
			max(s.production_capacity or 1, 1),
			days,
			until,
			s.workstation_type or "",
			(name or "") if until else "",
		)


def _holidays(names: set[str]) -> dict[str, tuple[date, frozenset[date]]]:
	"""By Holiday List: its last day, and its days within the horizon."""
	if not names:
		return {}
	ends = frappe.get_all("Holiday List", filters={"name": ("in", list(names))}, fields=["name", "to_date"])
	days: dict[str, set[date]] = {}
	for row in frappe.get_all(
		"Holiday",
		filters={
			"parent": ("in", list(names)),
			"parenttype": "Holiday List",
			"holiday_date": ("between", (getdate(), getdate() + timedelta(days=rules.DAYS))),
		},
		fields=["parent", "holiday_date"],
	):
		days.setdefault(row.parent, set()).add(getdate(row.holiday_date))
	return {e.name: (getdate(e.to_date), frozenset(days.get(e.name, ()))) for e in ends}


def _day(value: object) -> date | None:
	return getdate(value) if value else None
