"""What lists and Report Builder pages of 100,000 reviews cost, beside those of a plain DocType of that size.

bin/test tests/bench/bench_lists.py -s
QMS_BENCH_REVIEWS=20000 bin/test tests/bench/bench_lists.py -s
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from qms_customer.rules import people as roles
from tests.bench.twins import compare, count, grouped, page, twins
from tests.support import contracts as c
from tests.support.people import as_user, make_user

REVIEWS = int(os.environ.get("QMS_BENCH_REVIEWS", "100000"))
OURS, PLAIN = "Contract Review", "Plain Bench Review"
SHOWN = [
	"name",
	"customer_name",
	"reference_name",
	"contract_class",
	"review_path",
	"decision",
	"workflow_state",
]
MORE = [
	"amount",
	"quantity",
	"prepared_by_name",
	"prepared_on",
	"decided_by",
	"decided_on",
	"company",
	"owner",
]


DIFFERS = {
	"name": "concat('CR-BENCH-', lpad(s.seq, 7, '0'))",
	"modified": "date_sub(r.modified, interval s.seq * 37 second)",
	"creation": "date_sub(r.creation, interval s.seq * 41 second)",
	"amount": "mod(s.seq * 7919, 500000)",
	"workflow_state": "elt(1 + mod(s.seq, 3), 'Approved', 'Pending Approval', 'Rejected')",
	"contract_class": "elt(1 + mod(s.seq, 2), 'Routine', 'Non-routine')",
	"customer_name": "concat('Hospital ', mod(s.seq, 997))",
	"prepared_on": "date_sub(r.prepared_on, interval s.seq * 39 second)",
}


@pytest.fixture
def two_of_a_size(committed: Callable[[], None]) -> Iterator[None]:
	"""Copies of an approved review, which differ where lists sort and filter, and a plain DocType."""
	world = c.World()
	review = c.approve(world, c.order(c.item(stock=50)))
	committed()
	with twins(OURS, PLAIN, review.name, DIFFERS, REVIEWS, committed):
		yield


WAITING, CUSTOMERS = [["workflow_state", "=", "Pending Approval"]], [["customer_name", "like", "%11%"]]
LARGE = [["amount", ">", 400000]]
PAGES: dict[str, Callable[[str], int]] = {
	"list, newest first": lambda d: page(d, SHOWN, [], "modified desc", 0, 20),
	"list, by state": lambda d: page(d, SHOWN, WAITING, "modified desc", 0, 20),
	"list, by customer": lambda d: page(d, SHOWN, CUSTOMERS, "modified desc", 0, 20),
	"list, a tenth on": lambda d: page(d, SHOWN, [], "modified desc", REVIEWS // 10, 20),
	"count, all": lambda d: count(d, []),
	"count, by state": lambda d: count(d, WAITING),
	"count, by customer": lambda d: count(d, CUSTOMERS),
	"report, 500 rows": lambda d: page(d, SHOWN + MORE, [], "modified desc", 0, 500),
	"report, by amount": lambda d: page(d, SHOWN + MORE, LARGE, "amount desc", 0, 500),
	"report, by class": lambda d: grouped(d, "contract_class"),
}


def test_lists_and_report_builder_pages(two_of_a_size: None) -> None:
	print(f"\n{REVIEWS} rows each")
	with as_user(make_user(roles.SALES_VP)):
		assert not compare(OURS, PLAIN, PAGES)
