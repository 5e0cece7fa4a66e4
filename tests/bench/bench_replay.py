"""What the report Review Replay costs inside ERPNext over a year of orders: time, queries, memory.

	bin/test tests/bench/bench_replay.py -s
	QMS_BENCH_ORDERS=20000 bin/test tests/bench/bench_replay.py -s      (default 100,000 orders)

Copies, by SQL, of a few real orders of one and of two lines, spread over a year. The bar is the time after
which Frappe moves a report to the background by itself.
"""

from __future__ import annotations

import os
import resource
import statistics
import time
from collections.abc import Callable

from frappe.desk.query_report import run
from frappe.utils import add_days

from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support import pool
from tests.support.copies import copy_orders
from tests.support.people import as_user
from tests.support.plain import hooks_off
from tests.support.sql import count_queries

ORDERS = int(os.environ.get("QMS_BENCH_ORDERS", 100_000))
FIRST, LAST = "2018-01-01", "2018-12-31"
BAR = 15
ROUNDS = 3
ASSUMED = {"assume_standard": 1, "assume_capacity": 1, "assume_terms": 1}
LIMITS = {"own_limits": 1, "small_amount": 5_000, "small_quantity": 100, "large_amount": 150_000}


def test_replay_report(committed: Callable[[], None]) -> None:
	codes = [c.item(with_standard=number % 2 == 0) for number in range(4)]
	customer = c.customer()
	with hooks_off():
		models = [
			c.order(
				[
					{"item_code": code, "qty": 5 + n, "rate": 100, "delivery_date": add_days(LAST, 30)}
					for n, code in enumerate(codes[start : start + lines])
				],
				customer=customer,
				transaction_date=FIRST,
				delivery_date=add_days(LAST, 30),
			)
			for start, lines in ((0, 1), (1, 1), (0, 2), (2, 2))
		]
		for one in models:
			one.submit()
	committed()
	began = time.perf_counter()
	copy_orders(
		models,
		ORDERS,
		"BENCH-",
		transaction_date=f"date_add('{FIRST}', interval mod(seq, 365) day)",
		base_grand_total="mod(seq * 7919, 200000)",
	)
	print(f"\n{ORDERS} orders copied in {time.perf_counter() - began:.0f} s")

	before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
	took, queries = [], set()
	filters = {"from_date": FIRST, "to_date": LAST, **ASSUMED}
	with as_user(pool.enabled(roles.SALES_VP)):
		for number in range(ROUNDS):
			with count_queries() as counted:
				began = time.perf_counter()
				report = run(
					"Review Replay", filters | (LIMITS if number else {}), ignore_prepared_report=True
				)
				took.append(time.perf_counter() - began)
			queries.add(counted.count)
			assert sum(row["c1"] for row in report["result"]) == ORDERS // len(models) * len(models) + len(
				models
			)
	grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
	median = statistics.median(took)
	print(
		f"replayed in {median:.1f} s, {ORDERS / median:.0f} orders a second, {max(queries)} queries, "
		f"memory +{grown:.0f} MB  bar {BAR} s: {'met' if median <= BAR else 'MISSED'}"
	)
