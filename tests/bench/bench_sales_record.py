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

import frappe
import pytest
from frappe.desk.query_report import run
from frappe.utils import add_days, getdate, nowdate

from qms_customer.contract import sales_record
from qms_customer.contract.sales_record import Wanted
from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support import sales as s
from tests.support.copies import copy_row
from tests.support.people import as_user, make_user
from tests.support.sql import count_queries

ROWS = int(os.environ.get("QMS_BENCH_ROWS", "100000"))
EACH = 5
# Seconds: to read it, and for the report as the Desk gets it. Four fifths of it are spent in Python, on
# taking 220,000 rows from the database driver.
READ, REPORT, TRACE = 15.0, 20.0, 1.0


@pytest.fixture
def a_year(committed: Callable[[], None]) -> dict[str, Any]:
	"""Copies of one delivery over 365 days: five rows each, each with a bundle of one entry; 500 batches."""
	code = c.item(has_batch_no=1, has_expiry_date=1, create_new_batch=0)
	customer = c.customer()
	batch = s.batch(code, 10)
	note = s.delivered(customer, {"item_code": code, "qty": 2, "batch_no": batch})
	row = note.items[0]
	bundle = row.serial_and_batch_bundle
	entry = frappe.db.get_value("Serial and Batch Entry", {"parent": bundle})
	documents, day = ROWS // EACH, "date_sub(r.posting_date, interval mod(s.seq, 365) day)"
	of_row = f"concat('DN-BENCH-', lpad(1 + (s.seq - 1) div {EACH}, 7, '0'))"
	copy_row("Batch", batch, 500, {"name": _named("B-BENCH"), "batch_id": _named("B-BENCH")})
	copy_row("Delivery Note", note.name, documents, {"name": _named("DN-BENCH"), "posting_date": day})
	copy_row(
		"Delivery Note Item",
		row.name,
		ROWS,
		{
			"name": _named("DNI-BENCH"),
			"parent": of_row,
			"idx": f"1 + mod(s.seq, {EACH})",
			"serial_and_batch_bundle": _named("SABB-BENCH"),
		},
	)
	copy_row(
		"Serial and Batch Bundle",
		bundle,
		ROWS,
		{"name": _named("SABB-BENCH"), "voucher_no": of_row, "voucher_detail_no": _named("DNI-BENCH")},
	)
	copy_row(
		"Serial and Batch Entry",
		entry,
		ROWS,
		{
			"name": _named("SBE-BENCH"),
			"parent": _named("SABB-BENCH"),
			"batch_no": "concat('B-BENCH-', lpad(1 + mod(s.seq, 500), 7, '0'))",
		},
	)
	committed()
	for doctype in (
		"Delivery Note",
		"Delivery Note Item",
		"Serial and Batch Bundle",
		"Serial and Batch Entry",
	):
		frappe.db.sql(f"analyze table `tab{doctype}`")
	return {"code": code, "customer": customer}


def _named(prefix: str) -> str:
	return f"concat('{prefix}-', lpad(s.seq, 7, '0'))"


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
