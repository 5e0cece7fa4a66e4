"""What goes wrong while people sign: the worker dies, two sign at once, two hundred sign at once (K3)."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import frappe
import pytest
import requests
from frappe.model.document import Document

from qms_customer.contract import decide
from qms_customer.records import ledger, verification
from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support import env, killing, pool
from tests.support.locks import watched
from tests.support.people import make_user
from tests.support.services import WebServer
from tests.support.web import Client, messages

Http = Callable[..., Any]
API = "qms_customer.contract.api."
REVIEW, OPINION, ACTION = "Contract Review", "Contract Review Opinion", "Review Action"
KILLS = 100
SIGNERS = 200


@dataclass
class Task:
	"""One thing to sign, by one person."""

	doctype: str
	name: str
	method: str
	arguments: dict[str, Any]
	user: str

	def sign(self, client: Client) -> requests.Response:
		"""Sign it over HTTP, on a connection of its own."""
		return client.call(
			API + self.method, **self.arguments, signature={"user": self.user, "password": env.PASSWORD}
		)


def opinion_task(review: Document, opinion: Document, user: str) -> Task:
	answers = [{"name": a.name, "answer": "Met"} for a in opinion.answers]
	given = {"name": opinion.name, "content_hash": review.fingerprint, "answers": answers, "comment": "/"}
	return Task(OPINION, opinion.name, "give_opinion", given, user)


def action_task(review: Document, user: str, verifier: str) -> Task:
	action = decide.add_action(review, "test it", "Delivery", user, None, verifier, roles.QUALITY)
	return Task(ACTION, action.name, "complete_action", {"name": action.name, "evidence": "tested"}, user)


def closing(client: Client) -> Client:
	"""The client, with a new connection for each request: the other end may be dead."""
	client.headers["Connection"] = "close"
	return client


def is_moved(task: Task) -> bool:
	if task.doctype == OPINION:
		return bool(frappe.db.get_value(OPINION, task.name, "docstatus"))
	return frappe.db.get_value(ACTION, task.name, "status") != "Open"


def is_signed(task: Task) -> bool:
	return bool(
		frappe.db.exists(ledger.SIGNATURE, {"reference_doctype": task.doctype, "reference_name": task.name})
	)


@pytest.mark.rule("K3")
def test_a_worker_that_dies_while_somebody_signs_leaves_no_half_of_it(
	world: c.World, http: Http, web_server: WebServer, committed: Callable[[], None]
) -> None:
	"""A hundred times, at random points: never a moved document without signature, nor the reverse."""
	world.everybody()
	quality, code, customer = world.person(roles.QUALITY), c.item(), c.customer()
	people = {d: world.person(role) for d, role in c.DEPARTMENT_ROLES.items()} | {
		"Sales": world.second_sales()
	}
	tasks: list[Task] = []
	for _ in range(7):
		order = c.order(code, customer=customer, qms_packaging="Special", qms_packaging_details="double")
		review = c.start(world, order)
		tasks += [opinion_task(review, c.opinion(review, d), user) for d, user in people.items()]
	tasks += [action_task(review, world.sales, quality) for _ in range(KILLS + 6 - len(tasks))]
	clients = {user: closing(http(user)) for user in {t.user for t in tasks}}
	dice = random.Random(13485)
	dice.shuffle(tasks)
	calm, tasks = tasks[:6], tasks[6:]

	def signing(task: Task) -> killing.Call:
		return lambda: task.sign(clients[task.user])

	lasts = killing.usual(web_server, [signing(t) for t in calm])
	results = killing.at_random_moments(web_server, dice, lasts, [signing(t) for t in tasks])
	assert web_server.answers()
	# The database takes back what the dead had not committed.
	deadline = time.monotonic() + 10
	while time.monotonic() < deadline:
		committed()
		if all(is_moved(t) == is_signed(t) for t in tasks):
			break
		time.sleep(0.2)
	halves = [t.name for t in tasks if is_moved(t) != is_signed(t)]
	assert halves == [], results
	assert results[killing.DIED] >= KILLS / 4 and results["200"] >= KILLS / 20, results
	assert set(results) <= {"200", killing.DIED}, results
	for name in {t.arguments["name"] for t in tasks if t.doctype == OPINION}:
		review = frappe.db.get_value(OPINION, name, "contract_review")
		waiting = frappe.db.count(OPINION, {"contract_review": review, "docstatus": 0})
		assert frappe.db.get_value(REVIEW, review, "outstanding") == waiting
	assert verification.verify().findings == []
	# Nothing is stuck: whoever was not heard signs again.
	for task in [t for t in tasks if not is_moved(t)][:3]:
		answer = task.sign(clients[task.user])
		assert answer.status_code == 200, messages(answer)
	committed()
	assert verification.verify().findings == []


@pytest.mark.rule("K3", "C12")
def test_of_two_who_sign_the_same_at_once_one_is_told(
	world: c.World, http: Http, committed: Callable[[], None]
) -> None:
	review = c.start(world, c.order(c.item(stock=50)))
	opinion = c.opinion(review, "Sales")
	third = make_user(roles.SALES_USER)
	tasks = [opinion_task(review, opinion, user) for user in (world.second_sales(), third)]
	clients = [http(t.user) for t in tasks]
	with ThreadPoolExecutor(2) as threads:
		answers = list(threads.map(lambda t, client: t.sign(client), tasks, clients))
	assert sorted(a.status_code for a in answers) == [200, 417], [messages(a) for a in answers]
	told = next(messages(a) for a in answers if a.status_code == 417)
	assert any("was given already by" in m for m in told), told
	committed()
	assert len(ledger.signatures(OPINION, opinion.name)) == 1
	assert verification.verify().findings == []


def many_people(like: str, number: int) -> list[str]:
	"""Insert users like one of the pool, with the same password: making them as people do would take long."""

	def copies(table: str, where: dict[str, Any], change: Callable[[dict, str], dict]) -> None:
		source = frappe.qb.Table(table)
		query = frappe.qb.from_(source).select("*")
		for field, value in where.items():
			query = query.where(source[field] == value)
		rows = [change(dict(row), user) for user in users for row in query.run(as_dict=True)]
		frappe.qb.into(source).columns(*rows[0]).insert(*(tuple(r.values()) for r in rows)).run()

	users = [f"signer{n}@qms-test.localhost" for n in range(number)]
	copies(
		"tabUser",
		{"name": like},
		lambda r, u: (
			r | {"name": u, "email": u, "enabled": 1, "username": None, "api_key": None, "full_name": u}
		),
	)
	copies(
		"tabHas Role",
		{"parent": like},
		lambda r, u: r | {"name": frappe.generate_hash(length=12), "parent": u},
	)
	copies("__Auth", {"doctype": "User", "name": like}, lambda r, u: r | {"name": u})
	copies("tabSigning Credential", {"name": like}, lambda r, u: r | {"name": u, "user": u})
	return users


@pytest.mark.rule("K3")
def test_two_hundred_people_sign_and_nobody_waits_for_another(
	world: c.World, http: Http, web_server: WebServer, committed: Callable[[], None]
) -> None:
	"""Each their own document, through two workers: none fails, none waits for another's lock."""
	world.everybody()
	code, customer = c.item(stock=500), c.customer()
	reviews = [c.start(world, c.order(code, customer=customer)) for _ in range(12)]
	# Not before: each review asks all who hold the role.
	users = many_people(pool.email(roles.SALES_USER), SIGNERS)
	tasks = [opinion_task(r, c.opinion(r, "Sales"), user) for r, user in zip(reviews, users, strict=False)]
	tasks += [action_task(reviews[0], user, world.person(roles.QUALITY)) for user in users[12:]]
	committed()
	clients = {user: closing(Client(web_server.url)) for user in users}
	with ThreadPoolExecutor(8) as threads:
		list(threads.map(lambda user: clients[user].login(user, env.PASSWORD), users))
	with watched() as waits, ThreadPoolExecutor(SIGNERS) as threads:
		began = time.monotonic()
		answers = list(threads.map(lambda t: t.sign(clients[t.user]), tasks))
		took = time.monotonic() - began
	for client in clients.values():
		client.close()
	failed = [(a.status_code, messages(a)) for a in answers if a.status_code != 200]
	assert failed == [], failed[:3]
	assert waits.seen == [], waits.seen[:5]
	assert waits.looks > took, "the watcher slept"
	committed()
	assert all(is_moved(t) and is_signed(t) for t in tasks)
	assert verification.verify().findings == []
