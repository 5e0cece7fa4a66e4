"""What goes wrong while a change is applied: the worker dies, two approve at once, the order is written
meanwhile. Never an order that says what nobody approved, nor a notice that says it was applied and was not.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import frappe
import pytest
import requests
from erpnext.selling.doctype.sales_order.sales_order import make_delivery_note
from frappe.model.document import Document
from frappe.utils import add_days, getdate

from qms_customer.contract import altering, approved, notices
from qms_customer.records import ledger, verification
from qms_customer.rules import people as roles
from tests.support import altering as h
from tests.support import contracts as c
from tests.support import env, killing
from tests.support.people import as_user, make_user
from tests.support.services import WebServer
from tests.support.web import Client, messages

Http = Callable[..., Any]
API = "qms_customer.contract.change_api."
NOTICE, ORDER = notices.DOCTYPE, "Sales Order"
KILLS = 24


def approve(client: Client, notice: Document, user: str, seen: str) -> requests.Response:
	return client.call(
		API + "decide_notice",
		name=notice.name,
		decision="Approved",
		content_hash=seen,
		comment="/",
		signature={"user": user, "password": env.PASSWORD},
	)


def standing(notice: Document, order: Document) -> tuple[bool, bool, bool, bool]:
	"""Whether notice, order, ledger and signature say that the change was applied."""
	due = frappe.db.get_value("Sales Order Item", {"parent": order.name}, "delivery_date")
	return (
		frappe.db.get_value(NOTICE, notice.name, "docstatus") == 1,
		getdate(due) != getdate(order.items[0].delivery_date),
		bool(frappe.db.exists(approved.DOCTYPE, {"source_name": notice.name})),
		bool(frappe.db.exists(ledger.SIGNATURE, {"reference_name": notice.name, "meaning": notices.APPLIED})),
	)


@pytest.mark.rule("E7")
def test_a_worker_that_dies_while_a_change_is_applied_leaves_no_half_of_it(
	world: c.World, http: Http, web_server: WebServer, committed: Callable[[], None]
) -> None:
	world.everybody()
	manager, code, customer = world.person(roles.BUSINESS_MANAGER), c.item(stock=5000), c.customer()
	pairs = []
	for _ in range(KILLS + 2):
		order = c.committed_order(world, code, customer=customer)
		pairs.append((h.shift(world, order, 3), order))
	seen = {notice.name: notices.shown_hash(notice) for notice, _order in pairs}
	client = http(manager)
	client.headers["Connection"] = "close"

	def approving(notice: Document) -> killing.Call:
		return lambda: approve(client, notice, manager, seen[notice.name])

	calls = [approving(notice) for notice, _order in pairs]
	lasts = killing.usual(web_server, calls[:2])
	results = killing.at_random_moments(web_server, random.Random(72), lasts, calls[2:])
	deadline = time.monotonic() + 10
	while time.monotonic() < deadline:
		committed()
		states = [standing(*pair) for pair in pairs]
		if all(len(set(s)) == 1 for s in states):
			break
		time.sleep(0.2)
	assert all(len(set(s)) == 1 for s in states), (results, states)
	assert results[killing.DIED] >= KILLS / 4 and set(results) <= {"200", killing.DIED}, results
	orders = [order.name for _notice, order in pairs]
	assert all(approved.committed(ORDER, orders).values())
	assert verification.verify().findings == []
	# Nothing is stuck: whoever was not heard approves again.
	for (notice, _order), state in zip(pairs, states, strict=True):
		if not state[0]:
			answer = approve(client, notice, manager, seen[notice.name])
			assert answer.status_code == 200, messages(answer)
			break


@pytest.mark.rule("E7", "C12")
def test_of_two_who_approve_at_once_one_alters_the_order_once(
	world: c.World, http: Http, committed: Callable[[], None]
) -> None:
	order = c.committed_order(world, c.item(stock=50))
	notice = h.shift(world, order, 3)
	people = [world.person(roles.BUSINESS_MANAGER), make_user(roles.BUSINESS_MANAGER)]
	seen = notices.shown_hash(notice)
	clients = [http(user) for user in people]
	with ThreadPoolExecutor(2) as threads:
		answers = list(threads.map(lambda client, user: approve(client, notice, user, seen), clients, people))
	assert sorted(a.status_code for a in answers) == [200, 417], [messages(a) for a in answers]
	committed()
	assert standing(notice, order) == (True, True, True, True)
	assert frappe.db.count(approved.DOCTYPE, {"source_name": notice.name}) == 1
	assert verification.verify().findings == []


@pytest.mark.rule("D4", "E7")
def test_a_delivery_and_an_approval_at_once(
	world: c.World, http: Http, committed: Callable[[], None]
) -> None:
	"""Whichever comes first: the goods wait for the notice, or leave for the changed order."""
	order = c.committed_order(world, c.item(stock=50))
	notice = h.shift(world, order, 3)
	note = make_delivery_note(order.name).insert()
	manager = world.person(roles.BUSINESS_MANAGER)
	seen = notices.shown_hash(notice)
	client, stock = http(manager), http()
	with ThreadPoolExecutor(2) as threads:
		done = threads.submit(approve, client, notice, manager, seen)
		left = threads.submit(
			lambda: stock.put(f"/api/resource/Delivery Note/{note.name}", json={"docstatus": 1})
		)
		answers = done.result(), left.result()
	assert answers[0].status_code == 200, messages(answers[0])
	committed()
	assert standing(notice, order) == (True, True, True, True)
	if answers[1].status_code != 200:
		assert "D4" in " ".join(messages(answers[1]))
		frappe.get_doc("Delivery Note", note.name).submit()
	assert approved.committed(ORDER, [order.name])[order.name]


@pytest.mark.rule("E7")
def test_an_order_written_meanwhile_is_not_altered(world: c.World) -> None:
	order = c.committed_order(world, c.item(stock=50))
	notice = h.shift(world, order, 3)
	seen = notices.shown_hash(notice)
	frappe.db.set_value(ORDER, order.name, "po_no", "written by SQL", update_modified=False)
	frappe.db.savepoint("meanwhile")
	with as_user(world.person(roles.BUSINESS_MANAGER)), pytest.raises(frappe.ValidationError, match="E7"):
		notices.decide(notice.name, "Approved", seen, "/")
	frappe.db.rollback(save_point="meanwhile")
	assert standing(notice, order) == (False, False, False, False)


@pytest.mark.rule("E7")
@pytest.mark.parametrize("step", ["update", "restore", "values", "record"])
def test_a_failure_in_the_middle_leaves_no_trace(
	world: c.World, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
	order = c.committed_order(world, c.item(stock=50))
	notice = h.shift(world, order, 3)
	target = {
		"update": (altering, "update_child_qty_rate"),
		"restore": (altering.packed, "restore"),
		"values": (altering.content, "stored_values"),
		"record": (altering.approved, "record"),
	}[step]

	def die(*args: Any, **values: Any) -> None:
		raise OSError("the worker dies here")

	seen, user = notices.shown_hash(notice), frappe.session.user
	proposal, promised = notices.proposal_of(notice), notice.fingerprint
	monkeypatch.setattr(*target, die)
	with as_user(world.person(roles.BUSINESS_MANAGER)), pytest.raises(OSError):
		# Nobody rolls back around it: it has done so itself.
		altering.apply(notice, proposal, promised)
	monkeypatch.undo()
	assert standing(notice, order) == (False, False, False, False)
	assert frappe.session.user == user
	with as_user(world.person(roles.BUSINESS_MANAGER)):
		notices.decide(notice.name, "Approved", seen, "/")
	assert standing(notice, order) == (True, True, True, True)
	assert add_days(order.items[0].delivery_date, 3)
