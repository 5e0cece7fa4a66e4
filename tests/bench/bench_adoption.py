"""What a go-live costs: contracts listed a second, the longest transaction, memory, what the doors pay later.

	bin/test tests/bench/bench_adoption.py -s
	QMS_BENCH_ORDERS=100000 bin/test tests/bench/bench_adoption.py -s      (default 20,000 orders)

Copies, by SQL, of a few real orders of one and of ten lines, with taxes, payment schedule and requirements.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable

import frappe
import pytest

from qms_customer.contract import adopt, approved, baseline, scope
from qms_customer.records.token import moving
from qms_customer.rules import people as roles
from qms_customer.rules.scope import Cell
from tests.support import contracts as c
from tests.support.company import COMPANY
from tests.support.copies import copy_orders
from tests.support.people import as_user, make_user
from tests.support.sql import count_queries

ORDERS = int(os.environ.get("QMS_BENCH_ORDERS", 20_000))
PREFIX = "BENCH-"


def timed(call: Callable[[], object]) -> float:
	began = time.perf_counter()
	call()
	return time.perf_counter() - began


def test_adoption(committed: Callable[[], None]) -> None:
	world = c.World()
	it = make_user("System Manager")
	assert world.gm
	settings = frappe.get_doc("QMS Customer Settings")
	adopt.set_cells(settings, [Cell()])
	with moving(settings, "Upgraded"):
		settings.save()
	code = c.item(stock=50)
	tax = frappe.db.get_value("Account", {"company": COMPANY, "account_type": "Tax"})
	taxes = [{"charge_type": "On Net Total", "account_head": tax, "description": "VAT", "rate": 13}]
	models = [
		c.order([{"item_code": code, "qty": 1, "rate": 10 + n} for n in range(rows)], taxes=taxes)
		for rows in (1, 1, 1, 10)
	]
	for one in models:
		one.submit()
	committed()
	print(f"\n{ORDERS} orders copied in {timed(lambda: copy_orders(models, ORDERS, PREFIX)):.0f} s")

	with as_user(it):
		name = adopt.prepare().name
		adopt.start(name)
	committed()
	before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
	batches, more, queries = [], True, 0
	while more:
		with count_queries() as counted:
			began = time.perf_counter()
			more = adopt.collect_batch(name)
			frappe.db.commit()
			batches.append(time.perf_counter() - began)
		queries = max(queries, counted.count)
	grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
	record = frappe.get_doc(adopt.DOCTYPE, name)
	assert record.contracts >= ORDERS and not record.problems
	total = sum(batches)
	print(f"collected {record.contracts} contracts in {total:.0f} s: {record.contracts / total:.0f} a second")
	print(
		f"a batch of {baseline.BATCH}: {sorted(batches)[len(batches) // 2] * 1000:.0f} ms at the median, "
		f"{max(batches[:-1]) * 1000:.0f} ms at most, {queries} queries at most; the last one, with the hash "
		f"over all: {batches[-1] * 1000:.0f} ms; memory +{grown / 1024:.0f} MB"
	)

	touched = frappe.get_all("Sales Order", {"name": ("like", f"{PREFIX}%")}, pluck="name", limit=500)
	frappe.db.set_value("Sales Order", {"name": ("in", touched)}, "per_delivered", 0)
	committed()
	found: list = []
	spent = timed(lambda: found.append(baseline.delta(record)))
	assert not found[0].names()
	print(f"compared with 500 contracts touched since: {spent * 1000:.0f} ms")

	def sign() -> None:
		with as_user(world.person(roles.GENERAL_MANAGER)):
			adopt.sign(name, record.baseline_hash, "/")
		frappe.db.commit()

	print(f"signed, one transaction: {timed(sign) * 1000:.0f} ms")
	assert scope.everything()
	lookups = [timed(lambda n=n: approved.committed("Sales Order", [n])) for n in touched[:50]]
	assert all(approved.committed("Sales Order", touched).values())
	print(f"a door's lookup of one order: {sorted(lookups)[25] * 1000:.1f} ms at the median")

	place: tuple[str, str] | None = ("Sales Order", "")
	marked = []
	while place:
		began = time.perf_counter()
		place = adopt.mark_batch(name, place)
		frappe.db.commit()
		marked.append(time.perf_counter() - began)
	print(f"shown on the contracts: {sum(marked):.0f} s, {max(marked) * 1000:.0f} ms a batch at most")
	size = frappe.db.sql(
		"select round((data_length + index_length) / 1048576) from information_schema.tables"
		" where table_schema = %s and table_name = 'tabAdopted Contract'",
		frappe.db.cur_db_name,
	)[0][0]
	print(f"the list takes {size} MB")
	with pytest.raises(frappe.ValidationError):
		adopt.collect_batch(name) or adopt.start(name)
