"""The demo company of bin/demo: it loads, shows every state, and a second load changes nothing."""

from __future__ import annotations

import frappe
import pytest

from qms_customer.messages import QMSRefusal
from qms_customer.rules import people as roles
from qms_customer.setup import demo, demo_data
from tests.support import env
from tests.support.company import COMPANY

NOT_COUNTED = {"tabSessions", "tabSingles", "__global_search"}


def counts() -> dict[str, tuple]:
	"""Return rows and latest modification of each table."""
	found = {}
	for table in frappe.db.get_tables(cached=False):
		if table in NOT_COUNTED:
			continue
		latest = "max(modified)" if table.startswith("tab") and table != "tabSeries" else "null"
		try:
			found[table] = frappe.db.sql(f"select count(*), {latest} from `{table}`")[0]
		except frappe.db.ProgrammingError:
			found[table] = frappe.db.sql(f"select count(*), null from `{table}`")[0]
	return found


@pytest.fixture
def loaded() -> int:
	"""Load the demo into this test's transaction."""
	return demo.load(COMPANY, env.PASSWORD)


def test_a_login_for_each_role() -> None:
	given = {role for person in demo_data.PEOPLE for role in person.ours}
	assert given == set(roles.ROLES)


def test_the_demo_loads_once(loaded: int) -> None:
	assert loaded == len(demo.steps())
	before = counts()
	assert demo.load(COMPANY, env.PASSWORD) == 0
	assert counts() == before
	_every_state_is_there()
	_the_gate_stands()


def _every_state_is_there() -> None:
	reviews = frappe.get_all(
		"Contract Review", fields=["workflow_state", "review_path", "overruled", "acting_for"]
	)
	states = {r.workflow_state for r in reviews}
	assert states == {
		"In Review",
		"Pending Approval",
		"Review Returned",
		"Out of Date",
		"Approved",
		"Rejected",
	}
	assert {r.review_path for r in reviews} == {
		"Salesperson Signature",
		"Sales Alone",
		"Circulated",
		"Convened",
	}
	assert any(r.overruled for r in reviews) and any(r.acting_for for r in reviews)
	assert frappe.db.count("Review Action", {"status": "Open"}) >= 2
	orders = {
		o.po_no or "verbal": o
		for o in frappe.get_all(
			"Sales Order",
			fields=["name", "po_no", "docstatus", "status", "qms_review_status", "qms_contract_review"],
		)
	}
	assert (orders["QS-2001"].docstatus, orders["QS-2001"].qms_contract_review) == (0, None)
	assert orders["QS-2006"].docstatus == 1
	assert frappe.db.exists(
		"Delivery Note Item", {"against_sales_order": orders["QS-2006"].name, "docstatus": 1}
	)
	assert frappe.db.exists("Work Order", {"sales_order": orders["HT-2007"].name, "docstatus": 1})
	assert {orders[no].qms_review_status for no in ("YH-2013", "BC-2014")} == {"Inherited"}
	assert orders["BC-2017"].docstatus == 2
	# Nobody's name but the people's stands under a decision.
	for field in ("prepared_by", "decided_by"):
		assert not frappe.get_all("Contract Review", {field: "Administrator"})


def _the_gate_stands() -> None:
	for po_no, rule in (("QS-2001", "C1"), ("QS-2004", "C1"), ("BC-2008", "C1"), ("HT-2010", "C1")):
		order = frappe.get_doc("Sales Order", {"po_no": po_no})
		with pytest.raises(QMSRefusal, match=rule):
			order.submit()
