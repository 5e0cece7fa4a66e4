"""The daily anchor and who signs meanwhile; the commands that verify and export (K2; 21 CFR 11.10(c))."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import frappe
import pytest

from qms_customer.contract import api
from qms_customer.records import anchoring, ledger, verification
from qms_customer.rules import chain
from tests.support import contracts as c
from tests.support import env
from tests.support.locks import watched
from tests.support.people import as_user
from tests.support.web import messages

REVIEW = "Contract Review"
Http = Callable[..., Any]


class Elsewhere:
	"""A second connection to the site, in a thread of its own, that does one thing after the other."""

	def __init__(self) -> None:
		self._calls: list[Callable[[], Any]] = []
		self._asked, self._answered = threading.Semaphore(0), threading.Semaphore(0)
		self._answer: Any = None
		self._thread = threading.Thread(target=self._run, daemon=True)
		self._thread.start()
		self.wait()

	def _run(self) -> None:
		frappe.init(env.SITE, sites_path=".")
		frappe.connect()
		frappe.flags.in_test = True
		while True:
			self._answered.release()
			self._asked.acquire()
			call = self._calls.pop(0)
			if call is None:
				break
			try:
				self._answer = call()
			except Exception as error:
				self._answer = error
		frappe.destroy()

	def begin(self, call: Callable[[], Any]) -> None:
		self._calls.append(call)
		self._asked.release()

	def wait(self) -> Any:
		if not self._answered.acquire(timeout=40):
			raise TimeoutError("the other connection waits")
		return self._answer

	def do(self, call: Callable[[], Any]) -> Any:
		self.begin(call)
		return self.wait()

	def close(self) -> None:
		self._calls.append(None)
		self._asked.release()
		self._thread.join(timeout=10)


@pytest.fixture
def elsewhere(committed: Callable[[], None]) -> Iterator[Elsewhere]:
	other = Elsewhere()
	yield other
	other.close()


def asked(world: c.World) -> tuple[Any, Any]:
	review = c.start(world, c.order(c.item(stock=50)))
	return review, c.opinion(review, "Sales")


def give(client: Any, review: Any, opinion: Any, user: str) -> Any:
	return client.call(
		"qms_customer.contract.api.give_opinion",
		name=opinion.name,
		content_hash=review.fingerprint,
		answers=[{"name": a.name, "answer": "Met"} for a in opinion.answers],
		comment="/",
		signature={"user": user, "password": env.PASSWORD},
	)


@pytest.mark.rule("K2")
def test_nobody_who_signs_waits_for_the_anchor(
	world: c.World, http: Http, committed: Callable[[], None]
) -> None:
	"""The job's transaction is open, with all its locks, while people start, answer and sign."""
	review, opinion = asked(world)
	waiting, _opinion = asked(world)
	user = world.second_sales()
	client = http(user)
	seller = http(world.sales)
	order = c.order(c.item(stock=50))
	committed()
	assert anchoring.anchor()
	with watched() as waits:
		answer = give(client, review, opinion, user)
		started = seller.call(
			"qms_customer.contract.api.start_review", doctype="Sales Order", name=order.name
		)
	assert (answer.status_code, started.status_code) == (200, 200), messages(answer) + messages(started)
	assert waits.seen == [] and waits.looks > 5
	committed()
	left = [row[2] for row in anchoring._without(99)]
	assert opinion.name in left and waiting.name not in left
	assert anchoring.anchor()
	assert verification.verify().findings == []


@pytest.mark.rule("K2")
def test_two_anchors_at_once_are_one(
	world: c.World, elsewhere: Elsewhere, committed: Callable[[], None]
) -> None:
	asked(world)
	committed()
	# It has read, and goes to write while the other is not committed yet.
	elsewhere.do(lambda: frappe.db.count(ledger.SNAPSHOT))
	first = anchoring.anchor()
	elsewhere.begin(anchoring.anchor)
	committed()
	assert elsewhere.wait() is None
	elsewhere.do(lambda: frappe.db.rollback())
	assert frappe.get_all(ledger.ANCHOR, pluck="name") == [first]
	assert elsewhere.do(anchoring.anchor) is None, "nothing is left"
	elsewhere.do(lambda: frappe.db.commit())
	committed()
	assert verification.verify().findings == []


@pytest.mark.rule("K2")
def test_an_entry_that_is_committed_late_is_in_the_next_anchor(
	world: c.World, elsewhere: Elsewhere, committed: Callable[[], None]
) -> None:
	review, opinion = asked(world)
	user, rows = world.second_sales(), [{"name": a.name, "answer": "Met"} for a in opinion.answers]
	committed()

	def sign() -> Any:
		with as_user(user):
			return api.give_opinion(opinion.name, review.fingerprint, rows, "/")

	answer = elsewhere.do(sign)
	assert answer == {"name": opinion.name, "outcome": "Agreed"}, answer
	anchoring.anchor()
	committed()
	elsewhere.do(lambda: frappe.db.commit())
	committed()
	assert verification.verify().findings == []
	anchoring.anchor()
	committed()
	result = verification.verify()
	assert result.findings == [] and result.anchors == 2 and result.holds[0] == 2


@pytest.mark.rule("K2")
def test_an_anchor_holds_so_many_entries_and_the_next_goes_on(
	world: c.World, monkeypatch: pytest.MonkeyPatch
) -> None:
	monkeypatch.setattr(anchoring, "MOST", 2)
	asked(world)
	asked(world)
	total = frappe.db.count(ledger.SNAPSHOT)
	anchoring.anchor()
	assert sum(frappe.get_all(ledger.ANCHOR, pluck="entries")) == total
	assert frappe.db.count(ledger.ANCHOR) == (total + 1) // 2
	assert verification.verify().findings == []
	assert anchoring.anchor() is None


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
	"""Run a bench command on the test site."""
	return subprocess.run(
		[sys.executable, "-m", "frappe.utils.bench_helper", "frappe", "--site", env.SITE, *arguments],
		cwd=env.sites_path(),
		env=env.frappe_environment(),
		capture_output=True,
		text=True,
	)


def alone(tmp_path: Path, *files: Path) -> subprocess.CompletedProcess[str]:
	"""Check exported files with the file rules/chain.py alone, where there is no Frappe."""
	script = tmp_path / "check.py"
	script.write_text(Path(chain.__file__).read_text())
	return subprocess.run([sys.executable, "-I", "-S", script, *files], capture_output=True, text=True)


@pytest.mark.rule("K2")
def test_the_commands_verify_and_export(
	world: c.World, committed: Callable[[], None], tmp_path: Path
) -> None:
	review = c.approve(world, c.order(c.item(stock=50)))
	anchoring.anchor()
	committed()
	anchors, records = tmp_path / "anchors.jsonl", tmp_path / "records.jsonl"
	exported = bench("export-records", "--anchors", str(anchors), "--records", str(records))
	assert exported.returncode == 0, exported.stderr
	checked = alone(tmp_path, anchors, records)
	assert checked.returncode == 0, checked
	sound = bench("verify-records", "--anchors", str(anchors), "--progress")
	assert sound.returncode == 0 and "0 findings" in sound.stdout, sound
	assert "holds up to anchor 1" in sound.stdout
	last = json.loads(anchors.read_text())["anchor_hash"]
	assert last in checked.stdout and last in sound.stdout

	frappe.db.set_value(REVIEW, review.name, "decision_comment", "other", update_modified=False)
	frappe.db.delete(
		ledger.SNAPSHOT, {"reference_doctype": REVIEW, "reference_name": review.name, "sequence": 1}
	)
	committed()
	broken = bench("verify-records", "--json")
	assert broken.returncode == 1, broken
	answer = json.loads(broken.stdout)
	kinds = {(f["kind"], f["name"], f["sequence"]) for f in answer["findings"]}
	assert kinds == {
		(chain.REMOVED, review.name, 1),
		(chain.RECORD_REMOVED, review.name, 1),
		(chain.DOCUMENT_CHANGED, review.name, 2),
	}
	assert answer["holds"] == [0, ""]
	one = bench("verify-records", "--doctype", REVIEW, "--name", review.name)
	assert one.returncode == 1 and "3 findings" in one.stdout, one
	other = bench("verify-records", "--doctype", "Contract Review Opinion")
	assert other.returncode == 0, other
	wrong = bench("verify-records", "--doctype", "Sales Order")
	assert wrong.returncode == 2 and "no" in wrong.stderr, wrong
	# What was exported before the deed is still whole by itself; what is exported now is not.
	assert alone(tmp_path, anchors, records).returncode == 0
	bench("export-records", "--anchors", str(tmp_path / "new.jsonl"), "--records", str(records))
	against = alone(tmp_path, anchors, records)
	assert against.returncode == 1 and f"{chain.RECORD_REMOVED}\t{REVIEW}\t{review.name}\t1" in against.stdout
