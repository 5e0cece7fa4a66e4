"""What 200,000 complaints cost: lists and Report Builder pages beside those of a plain DocType of that size,
the signals computed from them, and the hourly job over 20,000 open decisions (H4, H8).

	bin/test tests/bench/bench_complaints.py -s
	QMS_BENCH_COMPLAINTS=20000 bin/test tests/bench/bench_complaints.py -s

Bars: 1.2 for each page; a minute for the signals.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator

import frappe
import pytest

from qms_customer.feedback import regimes, reporting_job, signals
from qms_customer.rules import complaint as states
from qms_customer.rules import people as roles
from qms_customer.rules import reportability
from tests.bench.delivered import BATCHES, delivered_rows
from tests.bench.twins import compare, count, grouped, page, twins
from tests.support import complaints as k
from tests.support import contracts as c
from tests.support import reported as r
from tests.support.copies import copy_row
from tests.support.people import as_user, make_user
from tests.support.sql import count_queries

COMPLAINTS = int(os.environ.get("QMS_BENCH_COMPLAINTS", "200000"))
DECISIONS, DELIVERED = COMPLAINTS // 10, COMPLAINTS // 2
OURS, PLAIN = "Customer Complaint", "Plain Bench Complaint"
# As many days as signals look at with the settings that ship.
DAYS, SECONDS = 455, 60.0
READERS = (roles.QUALITY, roles.AUDITOR)
SHOWN = ["name", "customer_name", "received_on", "item_name", "severity", "workflow_state"]
MORE = ["item_code", "batch_no", "due_on", "closed_on", "cause_code", "department", "company", "owner"]

# One in ten is open.
_STATES = [states.CLOSED] * 9 + [states.INVESTIGATING]
_SEQ = "lpad(s.seq, 7, '0')"
DIFFERS = {
	"name": f"concat('CC-BENCH-', {_SEQ})",
	"modified": "date_sub(r.modified, interval s.seq * 37 second)",
	"creation": "date_sub(r.creation, interval s.seq * 41 second)",
	"received_on": f"date_sub(r.received_on, interval mod(s.seq * 7919, {DAYS * 24}) hour)",
	"workflow_state": "elt(1 + mod(s.seq, 10), {})".format(", ".join(f"'{s}'" for s in _STATES)),
	"severity": "elt(1 + mod(s.seq, 4), 'Low', 'Medium', 'High', 'Critical')",
	"item_code": "concat('ITEM-BENCH-', mod(s.seq, 97))",
	"item_name": "concat('Catheter ', mod(s.seq, 97))",
	"batch_no": f"concat('B-BENCH-', lpad(1 + mod(s.seq, {BATCHES}), 7, '0'))",
	"cause_code": "concat('CAUSE-', mod(s.seq, 211))",
	"customer": "concat('CUST-BENCH-', mod(s.seq, 997))",
	"customer_name": "concat('Hospital ', mod(s.seq, 997))",
}
OPEN, ONE_ITEM = [["workflow_state", "=", states.INVESTIGATING]], [["item_code", "=", "ITEM-BENCH-7"]]
CUSTOMERS, LATE = [["customer_name", "like", "%11%"]], [["severity", "=", "Critical"]]
PAGES: dict[str, Callable[[str], int]] = {
	"list, newest first": lambda d: page(d, SHOWN, [], "modified desc", 0, 20),
	"list, by state": lambda d: page(d, SHOWN, OPEN, "modified desc", 0, 20),
	"list, by item": lambda d: page(d, SHOWN, ONE_ITEM, "modified desc", 0, 20),
	"list, by received on": lambda d: page(d, SHOWN, [], "received_on desc", 0, 20),
	"list, by customer": lambda d: page(d, SHOWN, CUSTOMERS, "modified desc", 0, 20),
	"list, a tenth on": lambda d: page(d, SHOWN, [], "modified desc", COMPLAINTS // 10, 20),
	"count, all": lambda d: count(d, []),
	"count, by state": lambda d: count(d, OPEN),
	"count, by customer": lambda d: count(d, CUSTOMERS),
	"report, 500 rows": lambda d: page(d, SHOWN + MORE, [], "modified desc", 0, 500),
	"report, by received on": lambda d: page(d, SHOWN + MORE, LATE, "received_on desc", 0, 500),
	"report, by state": lambda d: grouped(d, "workflow_state"),
	"report, by item": lambda d: grouped(d, "item_code"),
}


@pytest.fixture
def two_of_a_size(committed: Callable[[], None]) -> Iterator[None]:
	"""Copies of a complaint, which differ where lists sort and filter, and a plain DocType."""
	doc = k.complaint(c.World())
	committed()
	with twins(OURS, PLAIN, doc.name, DIFFERS, COMPLAINTS, committed, READERS):
		yield


def test_lists_and_report_builder_pages(two_of_a_size: None) -> None:
	missed = []
	for role in READERS:
		print(f"\n{COMPLAINTS} rows each, as {role}")
		with as_user(make_user(role)):
			missed += compare(OURS, PLAIN, PAGES)
	assert not missed


def test_signals(committed: Callable[[], None]) -> None:
	"""All complaints lie in the days that are looked at; a batch has ten times as many as the others."""
	given = delivered_rows(DELIVERED, DAYS, committed)
	doc = k.complaint(c.World(), item_code=given["code"], customer=given["customer"])
	of_one = {
		**DIFFERS,
		"item_code": "r.item_code",
		"batch_no": f"if(mod(s.seq, 57) = 0, 'B-BENCH-0000007', {DIFFERS['batch_no']})",
	}
	copy_row(OURS, doc.name, COMPLAINTS, of_one)
	committed()
	frappe.db.sql(f"analyze table `tab{OURS}`")
	make_user(roles.QUALITY)
	committed()
	figures = []
	for night in ("first", "next"):
		took, memory, queries = measured(signals.nightly, committed)
		opened = frappe.get_all(signals.DOCTYPE, fields=["dimension", "group_value", "complaints"])
		print(
			f"\n{COMPLAINTS} complaints, {DELIVERED} delivered rows, {night} night: {took:.1f} s,"
			f" +{memory:.0f} MB at the peak, {queries} queries, {len(opened)} open: {opened[:3]}"
		)
		figures.append(took)
	assert [s.group_value for s in opened if s.dimension == "Batch"] == ["B-BENCH-0000007"]
	assert max(figures) <= SECONDS, figures


def test_the_hourly_job(committed: Callable[[], None]) -> None:
	world = c.World()
	doc = r.answer(world, r.complaint(reportability.NMPA, event_country="China"), death="Yes")
	decision = r.decide(world, r.of(doc, reportability.NMPA), reportability.REPORTABLE)
	complaint = f"concat('CC-BENCH-', {_SEQ})"
	name = f"concat('RD-BENCH-', {_SEQ})"
	copy_row(OURS, doc.name, DECISIONS, {"name": complaint})
	copy_row(r.DECISION, decision.name, DECISIONS, {"name": name, "complaint": complaint})
	row = {"name": f"concat('RC-BENCH-', {_SEQ})", "parent": name}
	copy_row(reporting_job.CLOCK, decision.clocks[0].name, DECISIONS, row)
	committed()
	for doctype in (OURS, r.DECISION, reporting_job.CLOCK):
		frappe.db.sql(f"analyze table `tab{doctype}`")
	reporting_job.run()
	for what in ("nothing has changed", "one in a hundred was known earlier"):
		took, memory, queries = measured(reporting_job.run, committed)
		print(f"\n{DECISIONS} decisions, {what}: {took:.1f} s, +{memory:.0f} MB, {queries} queries")
		frappe.db.sql(
			f"update `tab{OURS}` set aware_on = date_sub(aware_on, interval 1 hour)"
			" where name like 'CC-BENCH-%%00'"
		)
		committed()
	# What was changed last is not followed yet.
	names = frappe.get_all(r.DECISION, {"name": ("like", "RD-BENCH-%")}, pluck="name")
	assert len(reporting_job.due(names, regimes.read())) == len(names) // 100


def measured(job: Callable[[], object], committed: Callable[[], None]) -> tuple[float, float, int]:
	"""Run a job; return its seconds, by how many MB the process grew at its peak, and its queries."""
	before = _status("VmRSS")
	with open("/proc/self/clear_refs", "w") as file:
		file.write("5")  # the peak is counted from here on
	with count_queries() as queries:
		began = time.perf_counter()
		job()
		committed()
		took = time.perf_counter() - began
	return took, _status("VmHWM") - before, queries.count


def _status(what: str) -> float:
	with open("/proc/self/status") as file:
		return next(int(line.split()[1]) for line in file if line.startswith(what)) / 1024
