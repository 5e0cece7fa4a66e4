"""Where people look for changes: reports and cards, with the permissions of who looks (E1, E6, E7, F5)."""

from __future__ import annotations

import json
from typing import Any

import frappe
import pytest
from frappe.desk.query_report import run
from frappe.model.document import Document
from frappe.utils import add_days, getdate, nowdate

from qms_customer.messages import QMSRefusal
from qms_customer.rules import people as roles
from tests.support import changes as ch
from tests.support import contracts as c
from tests.support import goods as g
from tests.support.people import as_user, make_user
from tests.support.sql import count_queries

BY_REASON = "Contract Changes by Customer and Reason"
UNACKNOWLEDGED = "Change Notices Unacknowledged"
PUNCTUAL = "Promised against Actual Delivery"
REPORTS = (BY_REASON, UNACKNOWLEDGED, PUNCTUAL)
EVERY_ROLE = (*roles.ROLES, "System Manager")


def shown(report: str, **filters: Any) -> dict:
	return run(report, filters=json.dumps(filters), ignore_prepared_report=True)


def rows_of(report: str, **filters: Any) -> list[dict]:
	return [row for row in shown(report, **filters)["result"] if isinstance(row, dict)]


def changed(world: c.World, order: Document, **line: Any) -> Document:
	return ch.apply(world, ch.edit(world, ch.make(world, order), **(line or {"new_rate": 90})))


def far() -> dict[str, str]:
	"""Orders of other tests are due in other weeks; these filters leave none of this test out."""
	return {"from_date": add_days(nowdate(), -400), "to_date": add_days(nowdate(), 400)}


@pytest.mark.rule("L1")
@pytest.mark.parametrize("role", EVERY_ROLE)
def test_a_plain_reader_of_each_role_sees_them(world: c.World, role: str) -> None:
	order = c.committed_order(world, c.item(stock=50))
	changed(world, order)
	with as_user(make_user(role)):
		for report in REPORTS:
			if report == PUNCTUAL and role == "System Manager":
				# ERPNext lets a bare System Manager read no orders.
				with pytest.raises(frappe.PermissionError):
					shown(report)
			else:
				assert rows_of(report, customer=order.customer, company=order.company), report


@pytest.mark.rule("L1")
def test_who_holds_no_role_of_ours_does_not(world: c.World) -> None:
	changed(world, c.committed_order(world, c.item(stock=50)))
	with as_user(make_user("Stock User")):
		for report in REPORTS:
			with pytest.raises(frappe.PermissionError):
				shown(report)


@pytest.mark.rule("L1")
def test_user_permissions_hold_in_them(world: c.World) -> None:
	mine, theirs = (c.committed_order(world, c.item(stock=50)) for _n in range(2))
	for order in (mine, theirs):
		changed(world, order)
	user = make_user(roles.AUDITOR)
	frappe.get_doc(
		{"doctype": "User Permission", "user": user, "allow": "Customer", "for_value": mine.customer}
	).insert()
	frappe.clear_cache(user=user)
	with as_user(user):
		for report in REPORTS:
			rows = [r for r in rows_of(report, **(far() if report == PUNCTUAL else {})) if r["customer_name"]]
			assert {r["customer_name"] for r in rows} == {mine.customer_name}, report


@pytest.mark.rule("E1")
def test_changes_by_customer_and_reason(world: c.World) -> None:
	order = c.committed_order(world, c.item(stock=50))
	changed(world, order, new_rate=90)
	changed(world, order, new_rate=80)
	open_ = ch.make(world, order, reason_category="Quantity")
	ch.edit(world, open_, new_qty=7)
	with as_user(make_user(roles.AUDITOR)):
		found = {r["reason_category"]: r for r in rows_of(BY_REASON, customer=order.customer)}
		ours = found["Customer's Requirement"]
		assert (ours["notices"], ours["applied"], ours["open"]) == (2, 2, 0)
		assert (ours["difference"], ours["currency"]) == (-100, order.currency)
		assert (found["Quantity"]["open"], found["Quantity"]["difference"]) == (1, 0)
		assert len(rows_of(BY_REASON, customer=order.customer, reason_category="Quantity")) == 1
		assert rows_of(BY_REASON, customer=order.customer, kind="Cancel") == []
		chart = shown(BY_REASON, customer=order.customer)["chart"]["data"]
		assert chart["datasets"][0]["values"] == [2, 0]
		with pytest.raises(QMSRefusal):
			shown(BY_REASON, from_date="2026-02-01", to_date="2026-01-01")


@pytest.mark.rule("E6", "E7")
def test_who_does_not_know_yet(world: c.World) -> None:
	order = c.committed_order(world, c.item(stock=50))
	notice = changed(world, order)
	production = frappe.get_last_doc(
		"Change Acknowledgement", {"change_notice": notice.name, "department": "Production"}
	)
	frappe.db.set_value(production.doctype, production.name, "due_date", add_days(nowdate(), -3))
	with as_user(make_user(roles.AUDITOR)):
		rows = rows_of(UNACKNOWLEDGED, customer=order.customer)
		assert rows[0]["late"] == 3 and rows[0]["acknowledgement"] == production.name
		assert len(rows) == 8 and rows[-1]["reference_name"] == order.name
		assert sum(not r["acknowledgement"] for r in rows) == 1
		(late,) = rows_of(UNACKNOWLEDGED, customer=order.customer, overdue=1)
		assert late["notice"] == notice.name
		assert len(rows_of(UNACKNOWLEDGED, customer=order.customer, department="Quality")) == 1
		assert shown(UNACKNOWLEDGED, customer=order.customer)["report_summary"][2]["value"] == 1


def deliver(order: Document, qty: float) -> None:
	order.reload()
	g.delivery(order, qty).submit()


@pytest.mark.rule("E4", "F5")
def test_promised_against_actual(world: c.World) -> None:
	code = c.item(stock=50)
	order = c.committed_order(world, code)
	due = getdate(order.items[0].delivery_date)
	# With a new price besides, it is reviewed.
	changed(world, order, new_delivery_date=add_days(due, 9), new_rate=90)
	with as_user(make_user(roles.AUDITOR)):
		(row,) = rows_of(PUNCTUAL, customer=order.customer, **far())
		assert (row["promised_first"], row["promised"]) == (due, getdate(add_days(due, 9)))
		assert (row["standing"], row["days"], row["left"]) == ("Not Due Yet", None, 0)
		assert rows_of(PUNCTUAL, customer=order.customer, standing="Late", **far()) == []
	deliver(order, 2)
	deliver(order, 3)
	with as_user(make_user(roles.SALES_USER)):
		(row,) = rows_of(PUNCTUAL, customer=order.customer, **far())
		assert (row["standing"], row["left"]) == ("On Time", 5)
		assert row["complete_on"] == getdate(nowdate())
		assert row["days"] == (getdate(nowdate()) - getdate(add_days(due, 9))).days
		assert row["days_first"] == row["days"] + 9
	frappe.db.set_value("Sales Order Item", order.items[0].name, "delivery_date", add_days(nowdate(), -4))
	with as_user(make_user(roles.AUDITOR)):
		(row,) = rows_of(PUNCTUAL, customer=order.customer, **far())
		assert (row["standing"], row["days"]) == ("Late", 4)
		for by, key in (("Customer", order.customer_name), ("Item", code), ("Month", None)):
			(group,) = rows_of(PUNCTUAL, customer=order.customer, group_by=by, **far())
			assert (group["lines"], group["late"], group["share"], group["moved"]) == (1, 1, 0, 1)
			assert group["group"] == (key or str(row["promised"])[:7])
		found = shown(PUNCTUAL, customer=order.customer, **far())
		assert [d["values"] for d in found["chart"]["data"]["datasets"]] == [[0], [1], [0], [0], [0]]


@pytest.mark.rule("F5")
def test_what_has_not_left_in_time_is_overdue(world: c.World) -> None:
	order = c.committed_order(world, c.item(stock=50))
	frappe.db.set_value("Sales Order Item", order.items[0].name, "delivery_date", add_days(nowdate(), -3))
	with as_user(make_user(roles.AUDITOR)):
		(row,) = rows_of(PUNCTUAL, customer=order.customer, **far())
		assert (row["standing"], row["days"]) == ("Overdue", 3)


@pytest.mark.parametrize("report", REPORTS)
def test_they_take_a_constant_number_of_queries(world: c.World, report: str) -> None:
	counts = []
	customer = c.customer()
	filters = {"customer": customer, **(far() if report == PUNCTUAL else {})}
	for _round in range(2):
		for _order in range(2):
			order = c.committed_order(world, c.item(stock=50), customer=customer)
			changed(world, order)
			deliver(order, 1)
		rows_of(report, **filters)
		with count_queries() as queries:
			rows_of(report, **filters)
		counts.append(queries.count)
	assert len(set(counts)) == 1, counts


@pytest.mark.rule("E1", "E6")
def test_customers_and_orders_lead_to_their_changes(world: c.World) -> None:
	from frappe.desk.notifications import get_open_count

	order = c.committed_order(world, c.item(stock=50))
	changed(world, order)

	def found(doctype: str, name: str) -> dict[str, int]:
		counted = get_open_count(doctype, name)["count"]
		links = counted["external_links_found"] + counted["internal_links_found"]
		return {link["doctype"]: link["count"] for link in links}

	assert found("Sales Order", order.name)[ch.NOTICE] == 1
	assert found("Sales Order", order.name)["Change Acknowledgement"] == 7
	assert found("Customer", order.customer)[ch.NOTICE] == 1
