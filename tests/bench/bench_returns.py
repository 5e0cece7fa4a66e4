"""What a customer may still return of a batch, over a million ledger rows, beside ERPNext's own Serial
and Batch Summary for the same question (G7).

bin/test tests/bench/bench_returns.py -s
QMS_BENCH_ROWS=100000 bin/test tests/bench/bench_returns.py -s
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import frappe
import pytest
from erpnext.stock.report.serial_and_batch_summary.serial_and_batch_summary import execute
from frappe.utils import add_days, nowdate

from qms_customer.contract.facts import number
from qms_customer.returns import delivered
from tests.support import contracts as c
from tests.support import sales as s
from tests.support.company import COMPANY
from tests.support.sql import count_queries

ROWS = int(os.environ.get("QMS_BENCH_ROWS", "1000000"))
EACH, CUSTOMERS, FASTER = 5, 1000, 20
# The tables that hold a row for each movement, or each delivery.
LARGE = (
	*("Delivery Note", "Delivery Note Item", "Serial and Batch Bundle", "Serial and Batch Entry"),
	"Stock Ledger Entry",
)


def _copies(doctype: str, of: str, rows: int, differs: dict[str, str]) -> None:
	columns = frappe.db.get_table_columns(doctype)
	into = ", ".join(f"`{k}`" for k in columns)
	chosen = ", ".join(differs.get(k, f"r.`{k}`") for k in columns)
	frappe.db.sql(
		f"insert into `tab{doctype}` ({into}) select {chosen} from `tab{doctype}` r, seq_1_to_{rows} s "
		"where r.name = %s",
		of,
	)


def _named(prefix: str) -> str:
	return f"concat('{prefix}-', lpad(s.seq, 7, '0'))"


@pytest.fixture
def a_batch(committed: Callable[[], None]) -> dict[str, Any]:
	"""One batch in a million rows of the ledger, delivered five rows at a time to a thousand customers."""
	code = c.item(has_batch_no=1, create_new_batch=0)
	customer = c.customer()
	batch = s.batch(code, 10)
	note = s.delivered(customer, {"item_code": code, "qty": 2, "batch_no": batch})
	row = note.items[0]
	bundle = row.serial_and_batch_bundle
	entry = frappe.db.get_value("Serial and Batch Entry", {"parent": bundle})
	moved = frappe.db.get_value("Stock Ledger Entry", {"voucher_no": note.name})
	of_row = f"concat('DN-BENCH-', lpad(1 + (s.seq - 1) div {EACH}, 7, '0'))"
	_copies(
		"Customer", customer, CUSTOMERS, {"name": _named("CUST-BENCH"), "customer_name": _named("CUST-BENCH")}
	)
	_copies(
		"Delivery Note",
		note.name,
		ROWS // EACH,
		{
			"name": _named("DN-BENCH"),
			"customer": f"concat('CUST-BENCH-', lpad(1 + mod(s.seq, {CUSTOMERS}), 7, '0'))",
			"posting_date": "date_sub(r.posting_date, interval mod(s.seq, 365) day)",
		},
	)
	_copies(
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
	_copies(
		"Serial and Batch Bundle",
		bundle,
		ROWS,
		{"name": _named("SABB-BENCH"), "voucher_no": of_row, "voucher_detail_no": _named("DNI-BENCH")},
	)
	_copies(
		"Serial and Batch Entry", entry, ROWS, {"name": _named("SBE-BENCH"), "parent": _named("SABB-BENCH")}
	)
	_copies(
		"Stock Ledger Entry",
		moved,
		ROWS,
		{
			"name": _named("SLE-BENCH"),
			"voucher_no": of_row,
			"voucher_detail_no": _named("DNI-BENCH"),
			"serial_and_batch_bundle": _named("SABB-BENCH"),
		},
	)
	committed()
	for doctype in LARGE:
		frappe.db.sql(f"analyze table `tab{doctype}`")
	return {"code": code, "batch": batch, "customer": "CUST-BENCH-0000007"}


def ours(about: dict[str, Any]) -> Decimal:
	"""Return what may still come back, as a return slip counts it."""
	key = (about["code"], about["batch"])
	found = delivered.facts(delivered.Wanted(COMPANY, about["customer"], frozenset({key})))
	return found.balances[key].returnable


def theirs(about: dict[str, Any]) -> Decimal:
	"""Return the same from ERPNext's report on the batch, its rows of this customer's deliveries."""
	_columns, rows = execute(
		frappe._dict(
			company=COMPANY,
			item_code=about["code"],
			batch_no=about["batch"],
			voucher_type="Delivery Note",
			from_date=add_days(nowdate(), -400),
			to_date=nowdate(),
		)
	)
	mine = set(frappe.get_all("Delivery Note", {"customer": about["customer"], "docstatus": 1}, pluck="name"))
	return -sum((number(row.qty) for row in rows if row.voucher_no in mine), Decimal())


@contextmanager
def sent() -> Iterator[list[str]]:
	"""Collect the statements of the block as the database gets them, values filled in."""
	found: list[str] = []
	plain = frappe.db.sql

	def sql(*args: Any, **kwargs: Any) -> Any:
		result = plain(*args, **kwargs)
		found.append(str(frappe.db.last_query))
		return result

	frappe.db.sql = sql
	try:
		yield found
	finally:
		del frappe.db.sql


def scans(statements: list[str]) -> list[str]:
	"""Return which steps of the statements read a large table from end to end."""
	found = []
	for text in statements:
		if not text.lstrip().lower().startswith("select"):
			continue
		for step in frappe.db.sql(f"explain {text}".replace("%", "%%"), as_dict=True):
			if step.type in ("ALL", "index") and int(step.rows or 0) > ROWS // 100:
				found.append(f"{step.table}: {step.type}, {step.rows} rows: {text[:200]}")
	return found


def timed(ask: Callable[[], Decimal], times: int) -> tuple[Decimal, float]:
	took = []
	for _time in range(times):
		began = time.perf_counter()
		answer = ask()
		took.append(time.perf_counter() - began)
	return answer, statistics.median(took)


@pytest.mark.rule("G7")
def test_what_may_come_back_of_a_batch(a_batch: dict[str, Any]) -> None:
	ours(a_batch)  # fills the caches
	with count_queries() as queries, sent() as statements:
		ours(a_batch)
	slow = scans(statements)
	mine, quick = timed(lambda: ours(a_batch), 5)
	other, took = timed(lambda: theirs(a_batch), 1)
	print(
		f"\n{ROWS} rows, of the customer {ROWS // CUSTOMERS}: returnable {mine} in {quick * 1000:.1f} ms, "
		f"{queries.count} queries; Serial and Batch Summary {took:.2f} s: {took / quick:.0f} times"
	)
	print("\n".join(slow))
	assert mine == other == 2 * Decimal(ROWS // CUSTOMERS)
	assert not slow
	assert took / quick >= FASTER
