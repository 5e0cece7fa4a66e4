"""What is signed when contracts are adopted, and which may be adopted afterwards."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_customer.rules import adoption
from qms_customer.rules.adoption import Candidate

LIVE = date(2026, 3, 1)
names = st.text("ABC-0123", min_size=1, max_size=6)
contracts = st.dictionaries(names, st.text("0123456789abcdef", min_size=64, max_size=64), max_size=8)


@pytest.mark.rule("E8")
@given(contracts, st.randoms(use_true_random=False))
def test_the_hash_does_not_depend_on_the_order(found: dict[str, str], shuffle) -> None:
	lines = [adoption.line("Sales Order", n, f) for n, f in found.items()]
	mixed = list(lines)
	shuffle.shuffle(mixed)
	assert adoption.baseline_hash(mixed) == adoption.baseline_hash(lines)


@pytest.mark.rule("E8")
@given(contracts, names)
def test_the_hash_binds_every_contract_and_its_content(found: dict[str, str], name: str) -> None:
	def of(some: dict[str, str]) -> str:
		return adoption.baseline_hash(adoption.line("Sales Order", n, f) for n, f in some.items())

	changed = {**found, name: hashlib.sha256(b"other").hexdigest()}
	assert of(changed) != of(found)
	if name in found:
		assert of({n: f for n, f in found.items() if n != name}) != of(found)


def test_the_hash_can_be_computed_with_a_shell() -> None:
	"""As printed: one line a contract, sorted, each ended by a line feed."""
	lines = ["Sales Order\tB\t22", "Blanket Order\tA\t11"]
	text = "Blanket Order\tA\t11\nSales Order\tB\t22\n"
	assert adoption.baseline_hash(lines) == hashlib.sha256(text.encode()).hexdigest()


def candidate(**values: object) -> Candidate:
	return Candidate(**{"name": "SO-1", "docstatus": 0, "dated": LIVE, "live_since": LIVE, **values})


@pytest.mark.rule("E8")
@pytest.mark.parametrize("docstatus", [0, 1])
def test_what_was_agreed_before_the_go_live_is_adopted(docstatus: int) -> None:
	assert not adoption.supplement_refusals([candidate(docstatus=docstatus)])


@pytest.mark.rule("E8", "C1", "C13")
@pytest.mark.parametrize(
	("values", "words"),
	[
		({"docstatus": 2}, "cancelled"),
		({"live_since": None}, "no part of the scope"),
		({"approved": True}, "approved already"),
		({"rejected": True, "in_review": True}, "rejected"),
		({"in_review": True}, "review of its own"),
		({"dated": LIVE + timedelta(days=1)}, "after the go-live"),
		({"dated": None}, "after the go-live"),
		({"problem": "It has no rows of goods or services."}, "no rows"),
	],
)
def test_the_way_round_the_review_is_closed(values: dict[str, object], words: str) -> None:
	(refusal,) = adoption.supplement_refusals([candidate(**values), candidate(name="SO-2")])
	assert words in " ".join((refusal.message, *refusal.args)) and refusal.args[0] == "SO-1"


@pytest.mark.parametrize(
	("canonical", "words"),
	[
		({"fields": {"company": "A"}, "tables": {}}, "no rows"),
		({"fields": {}, "tables": {"items": [{"item_code": "X"}]}}, "no company"),
		({"fields": {"company": "A"}, "tables": {"items": [{"item_code": "X"}]}}, ""),
	],
)
def test_a_content_that_says_nothing_is_not_adopted(canonical: dict, words: str) -> None:
	problem = adoption.problem_of(canonical)
	assert words in problem and bool(problem) == bool(words)
