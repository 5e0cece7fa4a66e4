"""What the gate costs: queries and time to save, submit and deliver an order, with our hooks and without.

	bin/test tests/bench/bench_order.py -s

Figures, no verdict: machines differ. The number of queries is asserted in tests/site/test_cost.py.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import frappe
from frappe.model.document import Document

from tests.support import contracts as c
from tests.support.plain import hooks_off
from tests.support.sql import count_queries

LINES = (1, 10, 50, 200)
ROUNDS = 5


def draft(code: str, lines: int, customer: str) -> Document:
	return c.order([{"item_code": code, "qty": 1, "rate": 10 + i} for i in range(lines)], customer=customer)


def measure(action: Callable[[Document], object], doc: Document) -> tuple[int, float]:
	doc = frappe.get_doc(doc.doctype, doc.name)
	with count_queries() as queries:
		began = time.perf_counter()
		action(doc)
		took = time.perf_counter() - began
	return queries.count, took * 1000


def save(doc: Document) -> None:
	doc.po_no = frappe.generate_hash(length=6)
	doc.save()


def row(what: str, lines: int, plain: list[tuple[int, float]], ours: list[tuple[int, float]]) -> None:
	before, after = (statistics.median(t for _, t in m) for m in (plain, ours))
	print(
		f"{what:<22} {lines:>5} {plain[-1][0]:>8} {ours[-1][0] - plain[-1][0]:>+7} "
		f"{before:>10.1f} {after:>10.1f} {after / before:>7.2f}"
	)


def test_cost_of_the_gate() -> None:
	world = c.World()
	code, customer = c.item(stock=100000), c.customer()
	print()
	print(
		f"{'event':<22} {'lines':>5} {'queries':>8} {'added':>7} {'plain ms':>10} {'ours ms':>10} "
		f"{'ratio':>7}"
	)
	for lines in LINES:
		doc = draft(code, lines, customer)
		measure(save, doc)
		plain, ours = [], []
		for _ in range(ROUNDS):
			with hooks_off():
				plain.append(measure(save, doc))
			ours.append(measure(save, doc))
		row("Sales Order save", lines, plain, ours)
		plain, ours = [], []
		for _ in range(3):
			first, second = draft(code, lines, customer), draft(code, lines, customer)
			c.approve(world, first)
			with hooks_off():
				plain.append(measure(lambda d: d.submit(), second))
			ours.append(measure(lambda d: d.submit(), first))
		row("Sales Order submit", lines, plain, ours)
		plain, ours = [], []
		with hooks_off():
			plain.append(measure(lambda d: d.submit(), note(second)))
		ours.append(measure(lambda d: d.submit(), note(first)))
		row("Delivery Note submit", lines, plain, ours)


def note(order: Document) -> Document:
	"""The draft delivery note of an order."""
	from erpnext.selling.doctype.sales_order.sales_order import make_delivery_note

	return make_delivery_note(order.name).insert()
