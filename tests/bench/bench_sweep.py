"""What the nightly sweep costs: contracts a second on one core, memory (E8).

	bin/test tests/bench/bench_sweep.py -s                              (20,000 orders of 5 lines)
	QMS_BENCH_ORDERS=100000 bin/test tests/bench/bench_sweep.py -s

Bars: 3 minutes for 100,000, and as much memory at the end as after the first 10,000.

Copies, by SQL, of real orders with taxes, payment schedule and requirements, each with an approval of its
own; one in a thousand is altered past everything.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable

import frappe

from qms_customer.contract import content, sweep
from qms_customer.rules import content as content_rules
from tests.support import contracts as c
from tests.support.company import COMPANY
from tests.support.copies import copy_orders

ORDERS = int(os.environ.get("QMS_BENCH_ORDERS", 20_000))
PREFIX = "BENCH-"
# Seconds for 100,000; MB more than after the first 10,000, which fill the caches.
SECONDS, GROWTH, FIRST = 180, 10, 10_000


def approve_copies() -> None:
	"""Write an approval of each copy: the ledger is as long as the order book."""
	model = frappe.get_doc("Approved Content", {"reference_doctype": "Sales Order"})
	columns = [
		column
		for column in frappe.db.get_table_columns("Approved Content")
		if column not in ("name", "reference_name", "content", "fingerprint")
	]
	quoted = ", ".join(f"`{column}`" for column in columns)
	last = ""
	while names := frappe.get_all(
		"Sales Order",
		filters=[["name", "like", f"{PREFIX}%"], ["name", ">", last]],
		pluck="name",
		order_by="name",
		limit=1000,
	):
		rows = []
		for name, canonical in content.stored_contents("Sales Order", names).items():
			text = content_rules.text(canonical)
			rows.append((frappe.generate_hash(length=10), name, text, content_rules.fingerprint(text)))
		for row in rows:
			frappe.db.sql(
				f"insert into `tabApproved Content` (name, reference_name, content, fingerprint, {quoted})"
				f" select %s, %s, %s, %s, {quoted} from `tabApproved Content` where name = %s",
				(*row, model.name),
			)
		frappe.db.commit()
		last = names[-1]


def resident() -> float:
	"""Return how many MB this process holds now."""
	with open("/proc/self/statm") as file:
		return int(file.read().split()[1]) * resource.getpagesize() / 2**20


def test_sweep(committed: Callable[[], None]) -> None:
	world = c.World()
	tax = frappe.db.get_value("Account", {"company": COMPANY, "account_type": "Tax"})
	taxes = [{"charge_type": "On Net Total", "account_head": tax, "description": "VAT", "rate": 13}]
	code = c.item(stock=500)
	models = [
		c.committed_order(
			world,
			[{"item_code": code, "qty": 1, "rate": 10 + row} for row in range(5)],
			taxes=taxes,
		)
		for _n in range(2)
	]
	committed()
	copy_orders(models, ORDERS, PREFIX)
	approve_copies()
	altered = frappe.get_all(
		"Sales Order", filters={"name": ("like", f"{PREFIX}%00500")}, pluck="name", limit=ORDERS // 1000
	)
	for name in altered:
		frappe.db.sql("update `tabSales Order Item` set rate = 1 where parent = %s limit 1", name)
	frappe.db.commit()
	record = sweep.start()
	frappe.db.commit()
	batches, memory, more = [], [], True
	began, busy = time.perf_counter(), time.process_time()
	while more:
		one = time.perf_counter()
		more = sweep.sweep_batch(record.name)
		frappe.db.commit()
		batches.append(time.perf_counter() - one)
		memory.append(resident())
	total, busy = time.perf_counter() - began, time.process_time() - busy
	record.reload()
	found = {f.reference_name for f in frappe.get_all(sweep.FINDING, fields=["reference_name"])}
	assert found == set(altered)
	print(
		f"\n{record.looked_at} contracts swept in {total:.0f} s ({busy:.0f} s of them Python):"
		f" {record.looked_at / total:.0f} a second, {100_000 / record.looked_at * total:.0f} s for 100,000"
	)
	first = memory[: max(FIRST // sweep.BATCH, 1)]
	print(
		f"a batch of {sweep.BATCH}: {sorted(batches)[len(batches) // 2] * 1000:.0f} ms at the median,"
		f" {max(batches) * 1000:.0f} ms at most; found {len(found)} of {len(altered)}\n"
		f"resident memory: {memory[0]:.0f} MB after a batch, at most {max(first):.0f} MB in the first"
		f" {FIRST:,}, {max(memory):.0f} MB in all"
	)
	assert 100_000 / record.looked_at * total <= SECONDS
	assert max(memory) - max(first) <= GROWTH
