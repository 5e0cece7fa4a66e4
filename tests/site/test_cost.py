"""A document event of ours adds a constant number of queries, whatever the number of lines."""

from __future__ import annotations

import frappe
import pytest
from frappe.model.document import Document

from tests.support import contracts as c
from tests.support.plain import hooks_off
from tests.support.sql import count_queries

LINES = (1, 10, 50)


@pytest.fixture
def world() -> c.World:
	return c.World()


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
