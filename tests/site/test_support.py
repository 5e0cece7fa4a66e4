"""The test support itself: isolation, committing, the web server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import frappe
import pytest

from tests.support.people import as_user, make_user, outside_tests
from tests.support.services import WebServer
from tests.support.sql import count_queries, parse
from tests.support.web import messages

MARK = "left by a test"


@pytest.mark.parametrize("turn", [1, 2])
def test_a_test_is_rolled_back(turn: int) -> None:
	assert not frappe.db.exists("Note", {"title": MARK})
	assert frappe.get_cached_value("System Settings", None, "app_name") != MARK
	frappe.get_doc({"doctype": "Note", "title": MARK}).insert()
	settings = frappe.get_doc("System Settings")
	settings.app_name = MARK
	settings.save()
	assert frappe.get_cached_value("System Settings", None, "app_name") == MARK
	frappe.set_user("Guest")
	frappe.msgprint("hello")
	frappe.flags.something = 1


@pytest.mark.parametrize("turn", [1, 2])
def test_what_was_cached_of_changed_rows_is_forgotten(turn: int) -> None:
	settings = "QMS Customer Settings"
	rows = frappe.get_meta(settings).get_field("departments").options
	assert frappe.defaults.get_global_default("qms_mark") is None
	assert MARK not in [row.department for row in frappe.get_cached_doc(settings).departments]
	frappe.defaults.set_global_default("qms_mark", MARK)
	frappe.db.sql(f"update `tab{rows}` set department = %s where parent = %s", (MARK, settings))
	frappe.clear_document_cache(settings, settings)
	with as_user(make_user("Sales User")):
		assert frappe.defaults.get_global_default("qms_mark") == MARK
		assert MARK in [row.department for row in frappe.get_cached_doc(settings).departments]


def test_another_user_knows_the_metadata_as_it_is_now() -> None:
	user = make_user("Sales User")
	assert frappe.get_meta("ToDo").track_changes
	frappe.db.set_value("DocType", "ToDo", "track_changes", 0)
	frappe.clear_cache(doctype="ToDo")
	with as_user(user):
		assert not frappe.get_meta("ToDo").track_changes
		frappe.db.set_value("DocType", "ToDo", "track_changes", 1)
		frappe.clear_cache(doctype="ToDo")
	assert frappe.get_meta("ToDo").track_changes


@pytest.mark.parametrize("turn", [1, 2])
def test_a_committing_test_is_put_back(turn: int, committed: Callable[[], None]) -> None:
	assert not frappe.db.exists("ToDo", {"description": MARK})
	assert frappe.session.user == "Administrator" and not frappe.message_log and not frappe.flags.something
	counter = frappe.db.get_value("Series", "QMST-", "current", order_by=None)
	assert counter is None
	frappe.get_doc({"doctype": "ToDo", "description": MARK}).insert()
	frappe.db.sql("insert into `tabSeries` (name, current) values ('QMST-', 7)")
	frappe.db.delete("Language", {"name": "zu"})
	assert not frappe.db.exists("Currency", {"name": "EUR", "symbol": MARK})
	frappe.db.set_value("Currency", "EUR", "symbol", MARK, update_modified=False)
	committed()


def test_users_and_roles() -> None:
	user = make_user("Sales User", ["Stock User"])
	with as_user(user):
		assert frappe.session.user == user
		assert {"Sales User", "Stock User"} <= set(frappe.get_roles())
		assert "System Manager" not in frappe.get_roles()
		assert not frappe.has_permission("User", "create")
	assert frappe.session.user == "Administrator"


def test_versions_are_kept_outside_tests() -> None:
	todo = frappe.get_doc({"doctype": "ToDo", "description": "a"}).insert()
	frappe.db.set_value("DocType", "ToDo", "track_changes", 1)
	frappe.clear_cache(doctype="ToDo")
	with outside_tests():
		todo.reload()
		todo.description = "b"
		todo.save()
	assert frappe.db.exists("Version", {"ref_doctype": "ToDo", "docname": todo.name})


def test_statements_are_counted() -> None:
	with count_queries() as queries:
		frappe.db.sql("select 1")
		frappe.db.set_value("Currency", "EUR", "symbol", "E")
	assert queries.count >= 2 and len(queries.writes) == 1, str(queries)


@pytest.mark.parametrize(
	("text", "kind", "table"),
	[
		("select * from `tabToDo`", "read", ""),
		("INSERT INTO `tabSales Order` (`name`) VALUES (%s)", "write", "tabSales Order"),
		("update tabSeries set current = 1", "write", "tabSeries"),
		("delete from `tabHas Role` where parent = 'x'", "write", "tabHas Role"),
		("ALTER TABLE `tabToDo` ADD COLUMN `x` int", "ddl", "tabToDo"),
		("commit", "commit", ""),
		("rollback to savepoint abc", "other", ""),
		("rollback", "rollback", ""),
	],
)
def test_statements_are_understood(text: str, kind: str, table: str) -> None:
	statement = parse(text)
	assert (statement.kind, statement.table) == (kind, table)


def test_rest(http: Callable[..., Any]) -> None:
	user = make_user("Sales User")
	client = http(user)
	assert client.get("/api/method/frappe.auth.get_logged_user").json()["message"] == user
	made = client.post("/api/resource/ToDo", json={"description": MARK, "allocated_to": user})
	assert made.status_code == 200, made.text
	frappe.db.rollback()  # a new snapshot: see what the server committed
	assert frappe.db.exists("ToDo", made.json()["data"]["name"])
	refused = client.call("frappe.client.insert", doc={"doctype": "User", "email": "x@example.com"})
	assert refused.status_code == 403 and isinstance(messages(refused), list)
	assert http("Guest").get("/api/resource/ToDo").status_code == 403


def test_rest_leaves_nothing(http: Callable[..., Any]) -> None:
	assert http().get("/api/resource/ToDo", params={"limit_page_length": 0}).json()["data"] == []


def test_a_killed_worker_is_replaced(web_server: WebServer) -> None:
	first = web_server.worker_pids()
	assert len(first) == 2
	web_server.kill_worker(first[0])
	assert web_server.answers()
