"""Work orders and production plans of a contract need a released production notice (D3, D4)."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

import frappe
from frappe.model.document import Document

from qms_customer.contract import worked
from qms_customer.contract.facts import number
from qms_customer.messages import refuse_one
from qms_customer.rules import mark
from qms_customer.rules import production as rules
from qms_customer.rules.review import Refusal


def of_work_order(doc: Document, orders: Iterable[str]) -> list[Refusal]:
	"""Return what released notices do not cover of a work order that is for these orders (D4).

	At most 24 queries, whatever the number of rows. The notices are locked: of two work orders for the last
	piece of a notice, the second counts the first, or is refused.
	"""
	needing = worked.needing(orders)
	if not needing:
		return []
	_one_after_the_other(needing)
	row = frappe._dict({field: doc.get(field) for field in worked.FIELDS})
	sources = worked.Sources(
		{row.production_plan} - {None, ""} if not row.sales_order else (),
		{row.material_request} - {None, ""} if not row.sales_order else (),
	)
	asked = worked.asked_for(needing)
	demands = []
	row.name = doc.name or ""
	part_of = worked.finished_items([row]).get(row.name)
	shares = sources.shares(row)
	for order in sorted(needing):
		mine = asked.get(order, set())
		if row.production_item not in mine or rules.is_part(row.production_item, part_of, mine):
			# A sub-assembly; what is neither that nor asked for needs a notice of the order all the same.
			demands.append(rules.Demand(order, part_of if part_of in mine else ""))
		else:
			share = shares.get(order)
			# An order that it names besides: by its plan or request.
			quantity = number(row.qty) * share if share is not None else None
			demands.append(rules.Demand(order, row.production_item, quantity))
	released = worked.by_item(worked.released(needing))
	taken = rules.taken_by_item(worked.work(needing, but=doc.name or ""))
	return rules.cover_refusals(demands, released, taken)


def let_pass(orders: Iterable[str]) -> None:
	"""Note on the notices of orders that a work order took of them; whoever waited looks again (D4)."""
	if needing := worked.needing(orders):
		worked.count_turn(needing)


def of_plan(doc: Document) -> list[Refusal]:
	"""Return what released notices do not cover of a production plan (D4): of each order that it plans for,
	what other plans, and work orders of none, take already counts.
	"""
	sources = _sources_in_memory(doc)
	wanted: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
	for line in sources.lines.values():
		for order, share in sources.of_line(line).items():
			wanted[order, line.item_code] += number(line.planned_qty) * share
	needing = worked.needing({order for order, _item in wanted})
	if not needing:
		return []
	_one_after_the_other(needing)
	demands = [rules.Demand(o, i, quantity) for (o, i), quantity in wanted.items() if o in needing]
	released = worked.by_item(worked.released(needing))
	return rules.cover_refusals(demands, released, _taken_with_plans(needing, doc.name or ""))


def _taken_with_plans(orders: set[str], but: str, drafts: bool = False) -> dict[tuple[str, str], Decimal]:
	"""What submitted plans, and work orders that come of none of them, take of orders."""
	names, _requests = worked.sources_of(orders)
	plans = set(
		frappe.get_all(
			"Production Plan",
			filters={
				"name": ("in", sorted(names - {but}) or [""]),
				"docstatus": ("<", 2) if drafts else 1,
				"status": ("!=", "Closed"),
			},
			pluck="name",
		)
	)
	sources = worked.Sources(plans, ())
	found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
	for line in sources.lines.values():
		for order, share in sources.of_line(line).items():
			if order in orders:
				found[order, line.item_code] += number(line.planned_qty) * share
	# "" would find all that come of no plan.
	counted = sorted((plans | {but}) - {""})
	of_plans = (
		set(frappe.get_all(worked.WORK, filters={"production_plan": ("in", counted)}, pluck="name"))
		if counted
		else set()
	)
	for one in worked.work(orders, drafts=drafts):
		if one.name not in of_plans:
			found[one.order, one.item] += one.taken
	return found


def planned_too(orders: Iterable[str]) -> dict[tuple[str, str], Decimal]:
	"""Return what plans and work orders, drafts too, take of orders: nothing is made for it a second time."""
	return _taken_with_plans(set(orders), "", drafts=True)


def _sources_in_memory(doc: Document) -> worked.Sources:
	"""The rows of a plan as it stands in memory, with the requests that they come from."""
	sources = worked.Sources((), {d.material_request for d in doc.po_items if d.material_request})
	for number_, d in enumerate(doc.po_items):
		sources.lines[d.name or str(number_)] = frappe._dict({**d.as_dict(), "parent": doc.name or ""})
	for ref in doc.get("prod_plan_references") or ():
		sources.references[doc.name or "", ref.item_reference or ""][ref.sales_order] += number(ref.qty)
	return sources


def _one_after_the_other(orders: set[str]) -> None:
	"""Lock the notices of orders. What was let pass since this transaction first looked is not seen by what
	it reads: then it has to begin anew.
	"""
	if worked.last_turns(orders) != worked.last_turns(orders, lock=True):
		refuse_one(
			"D4",
			mark("Production notices or work orders of {0} moved meanwhile. Try again."),
			", ".join(sorted(orders)),
		)
