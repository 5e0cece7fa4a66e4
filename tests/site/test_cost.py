"""A document event of ours adds a constant number of queries, whatever the number of lines."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import frappe
import pytest
from erpnext.selling.doctype.sales_order.sales_order import make_delivery_note
from frappe.model.document import Document

from qms_customer.records import corrections, ledger, signing
from tests.support import contracts as c
from tests.support.people import as_user
from tests.support.plain import hooks_off
from tests.support.sql import count_queries

LINES = (1, 10, 50)
REVIEW = "Contract Review"


def save(doc: Document) -> int:
	doc = frappe.get_doc(doc.doctype, doc.name)
	doc.po_no = frappe.generate_hash(length=5)
	with count_queries() as queries:
		doc.save()
	return queries.count


def submit(doc: Document) -> int:
	doc = frappe.get_doc(doc.doctype, doc.name)
	with count_queries() as queries:
		doc.submit()
	return queries.count


def draft(code: str, lines: int, **values: object) -> Document:
	return c.order([{"item_code": code, "qty": 1, "rate": 10 + i} for i in range(lines)], **values)


def test_saving_a_draft_order_adds_a_constant_number_of_queries(world: c.World) -> None:
	code, customer = c.item(stock=500), c.customer()
	added = {}
	for lines in LINES:
		doc = draft(code, lines, customer=customer)
		save(doc)
		with hooks_off():
			plain = save(doc)
		added[lines] = save(doc) - plain
	assert len(set(added.values())) == 1, added
	assert added[1] <= 14, added


def test_submitting_an_approved_order_adds_a_constant_number_of_queries(world: c.World) -> None:
	code, customer = c.item(stock=500), c.customer()
	added = {}
	# The first round fills caches that every later request finds filled.
	for lines in (LINES[0], *LINES):
		first, second = (draft(code, lines, customer=customer) for _ in range(2))
		c.approve(world, first)
		c.approve(world, second)
		with hooks_off():
			submit(draft(code, lines, customer=customer))
			plain = submit(second)
		added[lines] = submit(first) - plain
	assert len(set(added.values())) == 1, added
	assert added[1] <= 4, added


@pytest.mark.rule("D4")
def test_delivering_adds_a_constant_number_of_queries(world: c.World) -> None:
	"""The order is read anew as it is stored, table by table, and compared with what was approved of it."""
	code, customer = c.item(stock=5000), c.customer()
	added = {}
	# ERPNext makes and deletes a file for many lines only; the first round fills caches.
	for lines in (10, 10, 50):
		notes = []
		for _ in range(3):
			order = draft(code, lines, customer=customer)
			c.approve(world, order)
			order.reload().submit()
			notes.append(make_delivery_note(order.name).insert())
		with hooks_off():
			submit(notes[0])
			plain = submit(notes[1])
		added[lines] = submit(notes[2]) - plain
	assert len(set(added.values())) == 1, added
	assert added[10] <= 32, added


SIGNING_ADDS = 8


@contextlib.contextmanager
def queries_of_signing(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
	"""Count the queries of verifying the signer, signing and chaining: all that a transition has more."""
	spent: list[int] = []
	inside: list[None] = []

	def counted(function: Callable[..., Any]) -> Callable[..., Any]:
		def call(*args: Any, **kwargs: Any) -> Any:
			if inside:
				return function(*args, **kwargs)
			inside.append(None)
			try:
				with count_queries() as queries:
					return function(*args, **kwargs)
			finally:
				inside.pop()
				spent.append(queries.count)

		return call

	with monkeypatch.context() as patch:
		patch.setattr(signing, "in_hand", counted(signing.in_hand))
		patch.setattr(signing, "sign", counted(signing.sign))
		yield spent


@pytest.mark.rule("K3")
def test_signing_adds_a_constant_number_of_queries(world: c.World, monkeypatch: pytest.MonkeyPatch) -> None:
	"""To the plain transition, whatever the number of lines, rows and entries of the chain before."""
	added: dict[tuple[str, int], list[int]] = {}
	code, customer = c.item(stock=500), c.customer()
	# The first round fills caches that every later request finds filled.
	for lines in (LINES[0], *LINES):
		review = c.start(world, draft(code, lines, customer=customer))
		with queries_of_signing(monkeypatch) as spent:
			c.answer_all(world, review)
		added["opinion", lines] = spent
		with queries_of_signing(monkeypatch) as spent:
			c.decide(review.reload(), world.vp)
		added["decision", lines] = spent
		for number in range(3):
			shown = frappe.db.get_value(REVIEW, review.name, "decision_comment")
			with as_user(world.vp), queries_of_signing(monkeypatch) as spent:
				corrections.correct(
					REVIEW, review.name, "decision_comment", str(number), "a slip", shown=shown
				)
			added[f"correction {number}", lines] = spent
	totals = {key: sum(spent) for key, spent in added.items()}
	assert max(totals.values()) <= SIGNING_ADDS, totals
	for what in ("opinion", "decision", "correction 1", "correction 2"):
		assert len({totals[what, lines] for lines in LINES}) == 1, totals


@pytest.mark.rule("K2")
def test_recording_a_move_without_a_signature_adds_two_queries(world: c.World) -> None:
	review = c.start(world, c.order(c.item(stock=50)))
	with count_queries() as queries:
		ledger.append(review, "Looked At")
	assert queries.count == 2, queries
