"""What the register of 100,000 contracts costs: lists and Report Builder pages beside those of a plain
DocType of that size, and the report of a year.

	bin/test tests/bench/bench_register.py -s
	QMS_BENCH_CONTRACTS=20000 bin/test tests/bench/bench_register.py -s

The contracts lie in five years.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator

import pytest
from frappe.desk.query_report import run as run_report
from frappe.utils import add_days, nowdate

from qms_customer.contract import register
from qms_customer.rules import people as roles
from qms_customer.rules import register as rules
from tests.bench.twins import ROUNDS, compare, count, grouped, page, twins
from tests.support import contracts as c
from tests.support.people import as_user, make_user, outside_tests
from tests.support.sql import count_queries

CONTRACTS = int(os.environ.get("QMS_BENCH_CONTRACTS", "100000"))
OURS, PLAIN = register.DOCTYPE, "Plain Bench Register"
YEARS, YEAR_SECONDS = 5, 2.0
SHOWN = ["name", "contract_number", "reference_name", "customer_name", "amount", "register_state"]
MORE = ["contract_kind", "contract_date", "signed_on", "paid_on", "per_delivered", "changes", "company"]


_STATES = ", ".join(f"'{s}'" for s in rules.STATES)
DIFFERS = {
	"name": "concat('CRE-BENCH-', lpad(s.seq, 7, '0'))",
	"contract_number": "concat('HT-BENCH-', s.seq)",
	"reference_name": "concat('SO-BENCH-', s.seq)",
	"modified": "date_sub(r.modified, interval s.seq * 37 second)",
	"creation": "date_sub(r.creation, interval s.seq * 41 second)",
	"contract_date": f"date_sub(r.contract_date, interval mod(s.seq * 7919, {365 * YEARS}) day)",
	"amount": "mod(s.seq * 7919, 500000)",
	"register_state": f"elt(1 + mod(s.seq, {len(rules.STATES)}), {_STATES})",
	"contract_class": "elt(1 + mod(s.seq, 2), 'Routine', 'Non-routine')",
	"contract_kind": "if(mod(s.seq, 20), 'Formal', 'Provisional')",
	"customer_name": "concat('Hospital ', mod(s.seq, 997))",
}


@pytest.fixture
def two_of_a_size(committed: Callable[[], None]) -> Iterator[None]:
	"""Copies of an entry, which differ where lists sort and filter, and a plain DocType."""
	world = c.World()
	doc = c.committed_order(world, c.item(stock=50))
	(one,) = register.follow(doc.doctype, doc.name)
	committed()
	with twins(OURS, PLAIN, one, DIFFERS, CONTRACTS, committed):
		yield


def _of_a_year() -> list:
	return [["contract_date", "between", [add_days(nowdate(), -365), nowdate()]]]


PAID = [["register_state", "=", rules.PAID]]
CUSTOMERS, LARGE = [["customer_name", "like", "%11%"]], [["amount", ">", 400000]]
PAGES: dict[str, Callable[[str], int]] = {
	"list, newest first": lambda d: page(d, SHOWN, [], "modified desc", 0, 20),
	"list, by state": lambda d: page(d, SHOWN, PAID, "modified desc", 0, 20),
	"list, by customer": lambda d: page(d, SHOWN, CUSTOMERS, "modified desc", 0, 20),
	"list, of a year": lambda d: page(d, SHOWN, _of_a_year(), "modified desc", 0, 20),
	"list, a tenth on": lambda d: page(d, SHOWN, [], "modified desc", CONTRACTS // 10, 20),
	"count, all": lambda d: count(d, []),
	"count, by state": lambda d: count(d, PAID),
	"report, 500 rows": lambda d: page(d, SHOWN + MORE, [], "modified desc", 0, 500),
	"report, by amount": lambda d: page(d, SHOWN + MORE, LARGE, "amount desc", 0, 500),
	"report, by state": lambda d: grouped(d, "register_state"),
}


def test_lists_and_report_builder_pages(two_of_a_size: None) -> None:
	print(f"\n{CONTRACTS} rows each")
	with as_user(make_user(roles.SALES_VP)):
		assert not compare(OURS, PLAIN, PAGES)


def test_the_report_of_a_year(two_of_a_size: None) -> None:
	filters = {"from_date": add_days(nowdate(), -365), "to_date": nowdate()}
	with as_user(make_user(roles.AUDITOR)), outside_tests():
		run_report("Contract Register", filters=filters, ignore_prepared_report=True)  # fills the caches
		took = []
		for _ in range(ROUNDS // 2):
			began = time.perf_counter()
			with count_queries() as queries:
				found = run_report("Contract Register", filters=filters, ignore_prepared_report=True)
			took.append(time.perf_counter() - began)
	median = statistics.median(took)
	said = f"{len(found['result'])} rows, {queries.count} queries"
	print(f"\nreport of a year of {CONTRACTS}: {median:.2f} s, {said}; bar {YEAR_SECONDS} s")
	assert median <= YEAR_SECONDS
