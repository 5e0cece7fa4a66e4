"""Changes of committed orders for the tests: a proposal tried, and applied as if it had been approved."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, NamedTuple
from unittest import mock

import frappe
from erpnext.controllers.accounts_controller import update_child_qty_rate
from frappe.model.document import Document
from frappe.utils import add_days, now_datetime

from qms_customer.contract import altering, approved, notices
from qms_customer.rules import content as content_rules
from qms_customer.rules import people as roles
from qms_customer.rules.notice import Proposal, RowChange
from tests.support import contracts as c
from tests.support.people import as_user, make_user
from tests.support.plain import hooks_off
from tests.support.sql import count_queries


def row(name: str, **values: Any) -> RowChange:
	"""Return the change of a row."""
	return RowChange(name, values=values)


def added(**values: Any) -> RowChange:
	"""Return a row that is added."""
	return RowChange("", values=values)


def removed(name: str) -> RowChange:
	"""Return the removal of a row."""
	return RowChange(name, remove=True)


def change(*rows: RowChange, **head: Any) -> Proposal:
	"""Return the proposal of a change."""
	return Proposal("Change", rows, head)


def notice(world: c.World, order: Document, kind: str = "Change") -> Document:
	"""Return a notice, a draft, that names the order."""
	with as_user(world.sales):
		return notices.make(order, kind, reason="the customer wants it")


def fingerprint(outcome: altering.Outcome) -> str:
	"""Return the fingerprint that a dry run promises; fails if ERPNext refuses."""
	assert not outcome.refusals, outcome.refusals
	return content_rules.fingerprint(outcome.content)


def alter(world: c.World, order: Document, proposal: Proposal, user: str | None = None) -> Document:
	"""Try a change and apply it, as the Sales VP who approved it, and return the order."""
	made = notice(world, order, proposal.kind)
	promised = fingerprint(altering.dry_run(order.name, proposal))
	with as_user(user or world.vp):
		altering.apply(made, proposal, promised)
	return frappe.get_doc("Sales Order", order.name)


def shift(world: c.World, order: Document, days: int) -> Document:
	"""Return a notice that shifts each row by some days, confirmed and answered for: its approval is next
	(E3, E4).
	"""
	made = notice(world, order)
	with as_user(world.sales):
		made.reload()
		made.affects_production = "No"
		made.reason_category = made.meta.get_field("reason_category").options.strip().split("\n")[0]
		for line in made.lines:
			line.new_delivery_date = add_days(line.old_delivery_date, days)
		made.save()
		made = notices.put_forward(made.name, notices.shown_hash(made.reload()))
	with as_user(world.person(roles.PLANNING)):
		notices.answer_plan(
			made.name, notices.shown_hash(made.reload()), "Not Affected", "In stock; nothing is planned"
		)
	with as_user(world.sales):
		notices.confirm(
			made.name,
			notices.shown_hash(made.reload()),
			"Dr Li",
			str(now_datetime()),
			"Call",
			call_record="Dr Li asks for it later",
			internal_record="Told to everybody",
		)
	return made.reload()


# What applying a change may add to the queries of Update Items, whatever the number of lines.
MAY_ADD = 10


class Spent(NamedTuple):
	"""What something took."""

	queries: int
	seconds: float


def against_update_items(world: c.World, lines: int) -> tuple[Spent, Spent]:
	"""Return what ERPNext's Update Items takes without us, and what applying the same change takes: a new
	quantity of each line. Notice, ledger and signature apart.
	"""
	code, customer, person = c.item(stock=5000), c.customer(), make_user("Sales Manager", "Sales User")
	# The first round fills caches.
	_against_update_items(world, 1, code, customer, person)
	return _against_update_items(world, lines, code, customer, person)


def _against_update_items(
	world: c.World, lines: int, code: str, customer: str, person: str
) -> tuple[Spent, Spent]:
	rows = [{"item_code": code, "qty": 1, "rate": 10 + i} for i in range(lines)]
	plain, ours = (c.committed_order(world, rows, customer=customer) for _ in range(2))
	proposal = change(*(row(r.name, qty=2) for r in ours.items))
	names = ("item_code", "rate", "uom", "conversion_factor", "idx")
	sent = [
		{"docname": r.name, "qty": 2, "delivery_date": str(r.delivery_date), **{n: r.get(n) for n in names}}
		for r in plain.items
	]
	# By somebody of Sales: Administrator is asked nothing. Each as in a request of its own, which has not
	# looked up any master yet.
	frappe.db.value_cache.clear()
	with as_user(person), hooks_off():
		theirs = _spent(lambda: update_child_qty_rate("Sales Order", json.dumps(sent), plain.name))
	named = frappe._dict(doctype="Contract Change Notice", name="x", reference_name=ours.name)
	promised = fingerprint(altering.dry_run(ours.name, proposal))
	frappe.db.value_cache.clear()
	with mock.patch.object(approved, "record", lambda *args, **values: ""):
		mine = _spent(lambda: altering.apply(named, proposal, promised))
	# The order that is handed back is read for the caller.
	read = _spent(lambda: frappe.get_doc("Sales Order", ours.name))
	return theirs, Spent(mine.queries - read.queries, mine.seconds - read.seconds)


def _spent(act: Callable[[], object]) -> Spent:
	with count_queries() as queries:
		began = time.perf_counter()
		act()
		took = time.perf_counter() - began
	return Spent(queries.count, took)
