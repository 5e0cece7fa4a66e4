"""What the sales record of a year costs: 100,000 delivered rows, each with its batch; and a trace of one.

bin/test tests/bench/bench_sales_record.py -s
QMS_BENCH_ROWS=20000 bin/test tests/bench/bench_sales_record.py -s
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from typing import Any

import pytest
from frappe.desk.query_report import run
from frappe.utils import add_days, getdate, nowdate

from qms_customer.contract import sales_record
from qms_customer.contract.sales_record import Wanted
from qms_customer.rules import people as roles
from tests.bench.delivered import delivered_rows
from tests.support.people import as_user, make_user
from tests.support.sql import count_queries

ROWS = int(os.environ.get("QMS_BENCH_ROWS", "100000"))
# Seconds: to read it, and for the report as the Desk gets it. Four fifths of it are spent in Python, on
# taking 220,000 rows from the database driver.
READ, REPORT, TRACE = 15.0, 20.0, 1.0


@pytest.fixture
def a_year(committed: Callable[[], None]) -> dict[str, Any]:
	"""100,000 delivered rows of one item over 365 days, of 500 batches."""
	return delivered_rows(ROWS, 365, committed)


def test_a_year_and_a_trace(a_year: dict[str, Any]) -> None:
	user = make_user(roles.QUALITY)
	today = getdate(nowdate())
	missed = []

	def measured(what: str, bar: float, ask: Callable[[], int]) -> int:
		with count_queries() as queries:
			began, working = time.perf_counter(), time.process_time()
			rows = ask()
			took, working = time.perf_counter() - began, time.process_time() - working
		figures = f"{rows:>8} rows {queries.count:>4} queries {took:>7.2f} s ({working:.2f} s in Python)"
		print(f"{what:<24} {figures}  bar {bar}")
		if took > bar:
			missed.append(what)
		return rows

	print()
	with as_user(user):
		year = Wanted(getdate(add_days(today, -366)), today)
		batch = Wanted(batch_no="B-BENCH-0000007")
		filters = json.dumps({"from_date": str(year.from_date), "to_date": str(today)})
		sales_record.read(batch)  # fills the caches
		assert measured("a year, read", READ, lambda: len(sales_record.read(year).lines)) > ROWS
		measured("a year, as the Desk", REPORT, lambda: len(run("Sales Record", filters=filters)["result"]))
		assert measured("a batch, read", TRACE, lambda: len(sales_record.read(batch).lines)) == ROWS // 500
	assert not missed
