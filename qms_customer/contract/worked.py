"""What is asked to be made for orders, what notices release of it, and what work orders take: read in a
constant number of queries, whatever the number of rows (D3, D4, M1).
"""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import frappe
from frappe.utils import cint, getdate

from qms_customer.contract import approved, scope
from qms_customer.contract.facts import number
from qms_customer.contract.settings import settings
from qms_customer.rules import production as rules

NOTICE, LINE = "Production Notice", "Production Notice Item"
ORDER, WORK = "Sales Order", "Work Order"
# What a work order says about what it makes, how much, and for whom.
FIELDS = (
	"production_item",
	"qty",
	"sales_order",
	"production_plan",
	"production_plan_item",
	"production_plan_sub_assembly_item",
	"material_request",
	"material_request_item",
)


def needing(orders: Iterable[str]) -> set[str]:
	"""Return which orders are made by production notice: where the settings ask for one and the gate is live,
	but for contracts that were adopted at go-live (D3, D4); at most one query besides the scope's.
	"""
	orders = sorted(set(orders))
	if not orders or not cint(settings().production_needs_notice):
		return set()
	names = scope.covered_contracts(ORDER, orders)
	return names - _adopted(names) if names else set()


def _adopted(names: Iterable[str]) -> set[str]:
	line, signed = frappe.qb.DocType(approved.ADOPTED), frappe.qb.DocType(approved.ADOPTION)
	return set(
		frappe.qb.from_(line)
		.join(signed)
		.on(signed.name == line.adoption)
		.select(line.reference_name)
		.where((line.reference_doctype == ORDER) & line.reference_name.isin(sorted(names)))
		.where((line.fingerprint != "") & (signed.docstatus == 1))
		.run(pluck=True)
	)


def parts(orders: Iterable[str]) -> dict[str, list[rules.Part]]:
	"""Return by order what it asks to be made or delivered, in the order of its rows, a bundle as its parts
	(D3, M1); three queries. Services, and what the supplier delivers to the customer, are not ours to make.
	"""
	orders = sorted(set(orders))
	if not orders:
		return {}
	rows = frappe.get_all(
		"Sales Order Item",
		filters={"parent": ("in", orders), "parenttype": ORDER, "delivered_by_supplier": 0},
		fields=[
			"name",
			"parent",
			"item_code",
			"stock_qty",
			"conversion_factor",
			"delivered_qty",
			"delivery_date",
		],
		order_by="parent, idx",
	)
	packed: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
	for p in frappe.get_all(
		"Packed Item",
		filters={"parent": ("in", orders), "parenttype": ORDER},
		fields=["parent_detail_docname", "item_code", "qty"],
		order_by="parent, idx",
	):
		packed[p.parent_detail_docname][p.item_code] += number(p.qty)
	codes = {r.item_code for r in rows} | {code for some in packed.values() for code in some}
	stocked = set(frappe.get_all("Item", {"name": ("in", sorted(codes)), "is_stock_item": 1}, pluck="name"))
	found: dict[str, list[rules.Part]] = {name: [] for name in orders}
	for r in rows:
		quantity = number(r.stock_qty)
		delivered = number(r.delivered_qty) * number(r.conversion_factor or 1)
		share = delivered / quantity if quantity else Decimal()
		due = getdate(r.delivery_date) if r.delivery_date else None
		for code, amount in (packed.get(r.name) or {r.item_code: quantity}).items():
			if code in stocked:
				found[r.parent].append(rules.Part(r.name, code, amount, due, amount * share))
	return found


def released(orders: Iterable[str], but: str = "") -> dict[str, list[rules.Line]]:
	"""Return by order the lines of its released notices, those withdrawn and `but` left out; one query."""
	return _lines(orders, 1, but)


def undecided(orders: Iterable[str], but: str = "") -> dict[str, list[rules.Line]]:
	"""Return by order the lines of notices that wait for their release, `but` left out; one query."""
	return _lines(orders, 0, but)


def _lines(orders: Iterable[str], docstatus: int, but: str) -> dict[str, list[rules.Line]]:
	notice, line = frappe.qb.DocType(NOTICE), frappe.qb.DocType(LINE)
	found: dict[str, list[rules.Line]] = defaultdict(list)
	for row in (
		frappe.qb.from_(line)
		.join(notice)
		.on(notice.name == line.parent)
		.select(
			notice.reference_name,
			line.idx,
			line.order_row,
			line.item_code,
			line.qty,
			line.planned_start,
			line.planned_finish,
			line.product_standard,
		)
		.where(
			(notice.reference_doctype == ORDER)
			& notice.reference_name.isin(sorted(set(orders)) or [""])
			& (notice.docstatus == docstatus)
			& (notice.withdrawn == 0)
			& (notice.name != but)
			& (line.parenttype == NOTICE)
		)
		.orderby(notice.creation, line.idx)
		.run(as_dict=True)
	):
		found[row.reference_name].append(
			rules.Line(
				row.idx,
				row.order_row or "",
				row.item_code,
				number(row.qty),
				row.planned_start,
				row.planned_finish,
				row.product_standard or "",
			)
		)
	return found


def by_row(lines: Iterable[rules.Line]) -> dict[tuple[str, str], Decimal]:
	"""Return the quantities of lines by row of the order and item."""
	found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
	for line in lines:
		found[line.key] += line.quantity
	return dict(found)


def by_item(of_orders: dict[str, list[rules.Line]]) -> dict[tuple[str, str], Decimal]:
	"""Return the quantities of the lines of orders, by order and item."""
	found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
	for order, lines in of_orders.items():
		for line in lines:
			found[order, line.item] += line.quantity
	return dict(found)


class Sources:
	"""For which orders work orders are made, where they name none: by the rows of plans and requests that
	they come from; three queries.
	"""

	def __init__(self, plans: Iterable[str], requests: Iterable[str]) -> None:
		plans = sorted(set(plans))
		self.lines: dict[str, frappe._dict] = {}
		self.references: dict[tuple[str, str], dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
		self.requested: dict[str, frappe._dict] = {}
		requests = set(requests)
		if plans:
			for line in frappe.get_all(
				"Production Plan Item",
				filters={"parent": ("in", plans), "parenttype": "Production Plan"},
				fields=[
					"name",
					"parent",
					"item_code",
					"sales_order",
					"sales_order_item",
					"material_request",
					"material_request_item",
					"planned_qty",
				],
			):
				self.lines[line.name] = line
				requests |= {line.material_request} if line.material_request else set()
			for ref in frappe.get_all(
				"Production Plan Item Reference",
				filters={"parent": ("in", plans), "parenttype": "Production Plan"},
				fields=["parent", "item_reference", "sales_order", "qty"],
			):
				self.references[ref.parent, ref.item_reference or ""][ref.sales_order] += number(ref.qty)
		if requests:
			for row in frappe.get_all(
				"Material Request Item",
				filters={"parent": ("in", sorted(requests)), "parenttype": "Material Request"},
				fields=["name", "parent", "item_code", "sales_order", "qty", "conversion_factor"],
			):
				self.requested[row.name] = row

	def shares(self, work: Any) -> dict[str, Decimal]:
		"""Return for which orders a work order is made, with which part of it (together 1), {} if none."""
		if work.sales_order:
			return {work.sales_order: Decimal(1)}
		if work.production_plan:
			mine = [x for x in self.lines.values() if x.parent == work.production_plan]
			line = self.lines.get(work.production_plan_item or "")
			if line and line.parent == work.production_plan and line.item_code == work.production_item:
				mine = [line]
			weights: dict[str, Decimal] = defaultdict(Decimal)
			for x in mine:
				if x.item_code == work.production_item:
					for order, part in self.of_line(x).items():
						weights[order] += part * number(x.planned_qty)
			if weights:
				return _parts_of_one(weights)
		if work.material_request:
			mine = [r for r in self.requested.values() if r.parent == work.material_request]
			named = [
				r
				for r in mine
				if r.name == work.material_request_item and r.item_code == work.production_item
			]
			weights = defaultdict(Decimal)
			for r in named or [r for r in mine if r.item_code == work.production_item]:
				if r.sales_order:
					weights[r.sales_order] += number(r.qty)
			return _parts_of_one(weights)
		return {}

	def of_line(self, line: frappe._dict) -> dict[str, Decimal]:
		"""Return for which orders a row of a production plan is, with which part of it (together 1)."""
		if line.sales_order:
			return {line.sales_order: Decimal(1)}
		row = self.requested.get(line.material_request_item or "")
		if row and row.sales_order:
			return {row.sales_order: Decimal(1)}
		return _parts_of_one(self.references.get((line.parent, line.sales_order_item or ""), {}))


def _parts_of_one(weights: dict[str, Decimal]) -> dict[str, Decimal]:
	weights = {order: weight for order, weight in weights.items() if order}
	total = sum(weights.values(), Decimal())
	if not total:
		return dict.fromkeys(weights, Decimal(1))
	return {order: weight / total for order, weight in weights.items()}


def sources_of(orders: Iterable[str]) -> tuple[set[str], set[str]]:
	"""Return the production plans and the material requests that name orders; three queries."""
	orders = sorted(set(orders))
	if not orders:
		return set(), set()
	rows = frappe.get_all(
		"Material Request Item",
		filters={"sales_order": ("in", orders), "parenttype": "Material Request"},
		fields=["parent"],
		distinct=True,
	)
	requests = {r.parent for r in rows}
	named = {"sales_order": orders, "material_request": sorted(requests)}
	plans = set(
		frappe.get_all(
			"Production Plan Item",
			filters={"parenttype": "Production Plan"},
			or_filters=_any_of(named),
			pluck="parent",
		)
	)
	plans |= set(
		frappe.get_all(
			"Production Plan Item Reference",
			filters={"sales_order": ("in", orders), "parenttype": "Production Plan"},
			pluck="parent",
		)
	)
	return plans, requests


def asked_for(orders: Iterable[str]) -> dict[str, set[str]]:
	"""Return by order the items that it asks for, its bundles as their parts; three queries."""
	return {order: {p.item for p in some} for order, some in parts(orders).items()}


def finished_items(work_orders: Iterable[Any]) -> dict[str, str]:
	"""Return, for work orders that their production plan makes as sub-assemblies, what they are built into,
	"" where that is not known; one query, none where there are none.

	The row that a work order names has to be one of its plan, for this item.
	"""
	named = [w for w in work_orders if w.production_plan and w.production_plan_sub_assembly_item]
	if not named:
		return {}
	part, line = (
		frappe.qb.DocType("Production Plan Sub Assembly Item"),
		frappe.qb.DocType("Production Plan Item"),
	)
	plan = frappe.qb.DocType("Production Plan")
	rows = {
		row.name: row
		for row in frappe.qb.from_(part)
		.join(plan)
		.on(plan.name == part.parent)
		.left_join(line)
		.on((line.name == part.production_plan_item) & (line.parent == part.parent))
		.select(part.name, part.parent, part.production_item, plan.combine_sub_items, line.item_code)
		.where(part.name.isin(sorted({w.production_plan_sub_assembly_item for w in named})))
		.run(as_dict=True)
	}
	found = {}
	for w in named:
		row = rows.get(w.production_plan_sub_assembly_item)
		if row and (row.parent, row.production_item) == (w.production_plan, w.production_item):
			# Combined ones are for several rows, and name only the first of them.
			found[w.name or ""] = "" if row.combine_sub_items else row.item_code or ""
	return found


def _any_of(wanted: dict[str, list[str]]) -> dict[str, tuple[str, list[str]]]:
	"""Filters for any of these values; none for a field without one: "" would find all that name nothing."""
	return {field: ("in", values) for field, values in wanted.items() if values}


def work(orders: Iterable[str], but: str = "", drafts: bool = False) -> list[rules.Work]:
	"""Return the work orders that are for these orders, `but` left out, in the order of their making, each
	with what it takes and made (D4, M1); at most eleven queries.

	A sub-assembly that a plan makes is no work on the order's own items. One that is closed takes what it
	made; what was lost on the way is not taken, so that it can be made again, as ERPNext counts it.
	"""
	orders = set(orders)
	if not orders:
		return []
	plans, requests = sources_of(orders)
	rows = frappe.get_all(
		WORK,
		filters={"docstatus": ("<", 2) if drafts else 1, "name": ("!=", but or "")},
		or_filters=_any_of(
			{
				"sales_order": sorted(orders),
				"production_plan": sorted(plans),
				"material_request": sorted(requests),
			}
		),
		fields=["name", "docstatus", "status", "produced_qty", "process_loss_qty", *FIELDS],
		order_by="creation, name",
	)
	unnamed = [r for r in rows if not r.sales_order]
	sources = Sources(
		{r.production_plan for r in unnamed if r.production_plan},
		{r.material_request for r in unnamed if r.material_request},
	)
	finished = finished_items(rows)
	asked = asked_for(orders) if finished else {}
	found = []
	for r in rows:
		made, lost = number(r.produced_qty), number(r.process_loss_qty)
		taken = made if r.status == "Closed" else max(number(r.qty) - lost, made)
		for order, share in sources.shares(r).items():
			if order in orders and not rules.is_part(
				r.production_item, finished.get(r.name), asked.get(order, ())
			):
				found.append(
					rules.Work(
						r.name, order, r.production_item, taken * share, made * share, r.docstatus == 0
					)
				)
	return found


def last_turns(orders: Iterable[str], lock: bool = False) -> dict[str, int]:
	"""Return by order how often work orders were let pass by its notices (their bookkeeping); one query."""
	notice = frappe.qb.DocType(NOTICE)
	query = (
		frappe.qb.from_(notice)
		.select(notice.reference_name, notice.turn, notice.name, notice.withdrawn, notice.docstatus)
		.where((notice.reference_doctype == ORDER) & notice.reference_name.isin(sorted(set(orders)) or [""]))
		.orderby(notice.name)
	)
	found: dict[str, int] = defaultdict(int)
	for row in (query.for_update() if lock else query).run(as_dict=True):
		# What is released or withdrawn meanwhile is noticed as well.
		found[row.reference_name] += cint(row.turn) * 8 + row.docstatus * 2 + cint(row.withdrawn) + 1
	return dict(found)


def count_turn(orders: Iterable[str]) -> None:
	"""Note on the notices of orders that work orders were let pass: whoever waited for the lock looks again.

	Bookkeeping of a record, not part of what it says.
	"""
	notice = frappe.qb.DocType(NOTICE)
	(
		frappe.qb.update(notice)
		.set(notice.turn, notice.turn + 1)
		.where(
			(notice.reference_doctype == ORDER)
			& notice.reference_name.isin(sorted(set(orders)) or [""])
			& (notice.docstatus == 1)
		)
		.run()
	)
