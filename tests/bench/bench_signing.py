"""What signing and verifying cost: share of time in a transition, signatures verified a second, memory.

	bin/test tests/bench/bench_signing.py -s
	QMS_BENCH_ENTRIES=100000 bin/test tests/bench/bench_signing.py -s      (default 20,000 entries)

Figures, and the verdicts of the requirements. The number of queries is asserted in tests/site/test_cost.py.
"""

from __future__ import annotations

import os
import resource
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import frappe
import pytest

from qms_customer.contract import decide
from qms_customer.records import anchoring, credentials, ledger, signing, verification
from qms_customer.rules import chain
from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support.people import as_user

ENTRIES = int(os.environ.get("QMS_BENCH_ENTRIES", 20_000))
CONTENT = 10_000
# Entries of one record.
LENGTH = 5
DOCTYPE = "Contract Review"
ROUNDS = 40


def synthetic(entries: int) -> Iterator[chain.Stored]:
	"""Signed entries of made-up reviews, each content of 10 kB different from the last."""
	filler = "客户要求 requirement, " * (CONTENT // 28)
	at, last = ledger.now(), None
	for number in range(entries):
		record = (DOCTYPE, f"BENCH-{number // LENGTH:06}")
		last = last if number % LENGTH else None
		text = chain.canonical(
			{"doctype": DOCTYPE, "fields": {"number": str(number), "text": filler}, "tables": {}}
		)
		content = text + " " * max(0, CONTENT - len(text.encode()))
		signature = chain.Signature(
			"Approved",
			"vp@example.com",
			"Wang Fang 王芳",
			"QMS Sales VP",
			"",
			"",
			at,
			"/",
			"Password",
			"0123456789abcdef",
			1,
			chain.sha256(content),
			chain.sha256(record[1]),
			"",
		)
		last = chain.link(record, "Approved", "vp@example.com", at, content, signature, last)
		yield chain.Stored(last, content, signature)


def fill(entries: int) -> None:
	"""Insert synthetic entries past everything, into the transaction of the test."""
	shown, zone = ledger.local(ledger.now()), frappe.utils.get_system_timezone()
	own = {f: f for f in ledger.FIELDS}
	snapshots, signatures = [], []

	def flush() -> None:
		for doctype, rows in ((ledger.SNAPSHOT, snapshots), (ledger.SIGNATURE, signatures)):
			frappe.db.bulk_insert(doctype, list(rows[0]), [tuple(r.values()) for r in rows], chunk_size=250)
			rows.clear()

	for number, stored in enumerate(synthetic(entries)):
		entry = stored.entry
		shown = ledger.local(entry.at)
		place = {"reference_doctype": entry.doctype, "reference_name": entry.name, "sequence": entry.sequence}
		snapshots.append(
			{
				"name": f"bench snapshot {number}",
				**dict(zip(ledger.ENTRY_FIELDS, asdict(entry).values(), strict=True)),
				"recorded_on": shown,
				"time_zone": zone,
				"content": stored.content,
				"signature": f"bench signature {number}",
			}
		)
		signatures.append(
			{
				"name": f"bench signature {number}",
				**place,
				"signed_on": shown,
				"time_zone": zone,
				**{f: getattr(stored.signature, f) for f in own},
			}
		)
		if len(snapshots) == 250:
			flush()
	if snapshots:
		flush()


def measured(call: Callable[[], Any]) -> tuple[Any, float, int]:
	"""Return the result of a call, how long it took, and by how many kB the process grew at most."""
	before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
	began = time.perf_counter()
	result = call()
	return result, time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before


def chains() -> tuple[int, int]:
	"""Verify all chains, contents and signatures: the first step."""
	result = verification.Result()
	verification._verify_chains(result, DOCTYPE, "", None)
	assert result.findings == [], result.findings[:3]
	return result.entries, result.signatures


def anchors() -> None:
	"""Verify the anchors, and all entries against them."""
	result = verification.Result()
	verification._verify_anchors(result, "", "", ())
	assert result.findings == [] and result.anchors


@pytest.mark.rule("K2")
def test_chains_are_verified_fast_and_in_constant_memory() -> None:
	print()
	peaks = {}
	for entries in sorted({1_000, ENTRIES // 4, ENTRIES}):
		frappe.db.savepoint("bench")
		began = time.perf_counter()
		fill(entries)
		filled = time.perf_counter() - began
		cpu = time.process_time()
		(seen, signed), took, grown = measured(chains)
		cpu = time.process_time() - cpu
		assert seen == signed == entries
		print(
			f"{entries:>7} signatures of {CONTENT} bytes: {took:6.2f} s, {entries / took:7.0f}/s, "
			f"{entries / cpu:7.0f}/s of this process's CPU; memory +{grown} kB (filled in {filled:.0f} s)"
		)
		if entries == ENTRIES:
			_name, took_to_anchor, grown = measured(anchoring.anchor)
			print(f"{'':>7} anchored in {took_to_anchor:.1f} s, memory +{grown} kB")
			_none, took_anchors, grown = measured(anchors)
			print(f"{'':>7} compared with their anchors in {took_anchors:.1f} s, memory +{grown} kB")
		frappe.db.rollback(save_point="bench")
		frappe.db.savepoint("bench")
		fill(entries // 10)
		tracemalloc.start()
		chains()
		peaks[entries // 10] = tracemalloc.get_traced_memory()[1]
		tracemalloc.stop()
		frappe.db.rollback(save_point="bench")
	print("peak of python objects by entries:", {n: f"{p // 1024} kB" for n, p in peaks.items()})
	assert entries / took >= 5_000
	# Batches of the database's cursor are all that it holds.
	assert max(peaks.values()) < 60 * 1024 * 1024


def test_the_share_of_signing_in_a_transition(monkeypatch: pytest.MonkeyPatch) -> None:
	"""Without the hash of the password, which is made slow on purpose."""
	world = c.World()
	review = c.start(world, c.order(c.item(stock=50)))
	monkeypatch.setattr(credentials, "_matches", lambda secret, stored: True)
	spent: list[float] = []
	depth: list[None] = []

	def timed(function: Callable[..., Any]) -> Callable[..., Any]:
		def call(*args: Any, **kwargs: Any) -> Any:
			if depth:
				return function(*args, **kwargs)
			depth.append(None)
			began = time.perf_counter()
			try:
				return function(*args, **kwargs)
			finally:
				depth.pop()
				spent.append(time.perf_counter() - began)

		return call

	monkeypatch.setattr(signing, "in_hand", timed(signing.in_hand))
	monkeypatch.setattr(signing, "sign", timed(signing.sign))
	print()

	def show(what: str, act: Callable[[], Any], rounds: int = ROUNDS) -> None:
		shares, totals = [], []
		for _ in range(rounds):
			spent.clear()
			began = time.perf_counter()
			act()
			total = time.perf_counter() - began
			totals.append(total * 1000)
			shares.append(sum(spent) / (total - sum(spent)))
		share = statistics.median(shares)
		print(f"{what:<24} {statistics.median(totals):6.1f} ms, signing adds {share:6.1%} to the rest")
		assert share <= 0.5

	user = world.sales
	quality = world.person(roles.QUALITY)

	def complete() -> None:
		with as_user(user):
			decide.complete_action(actions.pop(), "done")

	actions = [
		decide.add_action(review, "test it", "Delivery", user, None, quality, roles.QUALITY).name
		for _ in range(ROUNDS)
	]
	show("action done", complete)
	orders = [c.start(world, c.order(c.item(stock=50))) for _ in range(8)]

	def answer() -> None:
		c.answer(world, orders[-1], "Sales")

	def decide_it() -> None:
		c.decide(orders.pop(), world.vp)

	def opinion_then_decision() -> None:
		answer()
		decide_it()

	show("opinion and decision", opinion_then_decision, 8)
