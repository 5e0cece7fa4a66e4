"""Where people look: workspace, cards, charts, reports, connections; with the permissions of who looks."""

from __future__ import annotations

import json
from typing import Any

import frappe
import pytest
from frappe.desk.desktop import get_desktop_page, get_workspace_sidebar_items
from frappe.desk.doctype.number_card.number_card import get_result
from frappe.desk.notifications import get_open_count
from frappe.desk.query_report import run
from frappe.desk.reportview import get as report_view
from frappe.utils import add_days, now_datetime, nowdate

from qms_customer.messages import QMSRefusal
from qms_customer.rules import people as roles
from tests.support import altering as h
from tests.support import contracts as c
from tests.support.company import COMPANY
from tests.support.people import as_user, make_user
from tests.support.sql import count_queries

NAME = "QMS Customer"
REVIEW, OPINION, ACTION = "Contract Review", "Contract Review Opinion", "Review Action"
SCRIPTS = ("Contract Review Cycle Times", "Contract Reviews by State and Class", "Overdue by Department")
OF_CHANGES = (
	"Contract Changes by Customer and Reason",
	"Change Notices Unacknowledged",
	"Promised against Actual Delivery",
)
BUILDER = {
	"Contract Reviews by Class and Decision": REVIEW,
	"Review Opinions Outstanding": OPINION,
	"Review Actions Outstanding": ACTION,
	"Overruled Objections": REVIEW,
	"Deliveries under Reason Codes": "Delivery Authorisation",
	"Contracts Altered without Approval": "Contract Sweep Finding",
	"Contracts Not Signed Yet": "Contract Register Entry",
	"Originals Not Acknowledged": "Contract Register Entry",
}
CARDS = (
	"Contract Review Tasks for Me",
	"Contract Reviews in Progress",
	"Contract Reviews to Decide",
	"Overdue Opinions",
	"Overdue Actions",
	"Goods to Authorise",
	"Change Notices Open",
	"Overdue Changes",
	"Changes Not Acknowledged",
	"Return Slips Open",
	"Complaints Open",
	"Feedback to Assess",
	"Regulator Deadlines Overdue",
	"Complaint Signals Open",
)
WITHOUT_REGULATORS = (roles.PLANNING, roles.PURCHASING, roles.FINANCE)
OF_COMPLAINTS = (
	*("Customer Feedback", "Customer Complaint", "Complaint Signal", "Event Code", "Reportability Decision"),
	*("Reporting Regime", "Reporting Rule", "Feedback Log", "Complaint Log", "Open Complaints by Age"),
	*("Complaints Without Investigation", "Effectiveness of Complaint Actions", "Complaint Trends"),
	"Reportability Decisions",
)
EVERY_ROLE = (*roles.ROLES, "System Manager")


def limited_to(user: str, customer: str) -> None:
	"""Let a user see nothing but what is of one customer."""
	frappe.get_doc(
		{"doctype": "User Permission", "user": user, "allow": "Customer", "for_value": customer}
	).insert()
	frappe.clear_cache(user=user)


def hidden_from(role: str) -> set[str]:
	"""ERPNext lets a bare System Manager read no orders, and so no report about them."""
	return {"Promised against Actual Delivery"} if role == "System Manager" else set()


def overdue(world: c.World, **values: Any) -> Any:
	"""Return a review whose opinion of Sales is overdue."""
	review = c.start(world, c.order(c.item(stock=50), **values))
	asked = c.opinion(review, "Sales")
	frappe.db.set_value(OPINION, asked.name, "due_date", add_days(nowdate(), -3), update_modified=False)
	return review


def count(card: str) -> float:
	"""Return what a number card shows, its dynamic filters worked out as the browser does."""
	doc = frappe.get_doc("Number Card", card)
	filters = json.loads(doc.filters_json)
	values = {
		"frappe.datetime.get_today()": nowdate(),
		"frappe.datetime.system_datetime()": str(now_datetime())[:19],
		"frappe.session.user": frappe.session.user,
	}
	filters += [[*f[:3], values[f[3]]] for f in json.loads(doc.dynamic_filters_json or "[]")]
	return get_result(doc.as_json(), json.dumps(filters))


def rows_of(report: str, **filters: Any) -> list[dict]:
	"""Return the rows that a script report shows to the user."""
	found = run(report, filters=json.dumps(filters), ignore_prepared_report=True)
	return [row for row in found["result"] if isinstance(row, dict)]


@pytest.mark.parametrize("role", EVERY_ROLE)
def test_each_role_sees_the_workspace(role: str) -> None:
	frappe.db.set_single_value("System Settings", "enable_onboarding", 1)
	user = make_user(role)
	with as_user(user):
		assert NAME in [one["name"] for one in get_workspace_sidebar_items()["pages"]]
		shown = get_desktop_page(json.dumps({"name": NAME, "title": NAME, "public": 1}))
		page = json.loads(frappe.as_json(shown))
	# Who may not read decisions about regulators gets no card of them.
	hidden = {"Regulator Deadlines Overdue"} if role in WITHOUT_REGULATORS else set()
	assert {card["label"] for card in page["number_cards"]["items"]} == set(CARDS) - hidden
	assert {chart["label"] for chart in page["charts"]["items"]} == set(SCRIPTS)
	assert len(page["shortcuts"]["items"]) == 4
	links = {link["label"] for card in page["cards"]["items"] for link in card["links"]}
	assert (
		set(BUILDER) | set(SCRIPTS) | (set(OF_CHANGES) - hidden_from(role)) | {REVIEW, OPINION, ACTION}
		<= links
	)
	if role in (roles.AUDITOR, roles.QUALITY, roles.SERVICE, roles.MANAGEMENT_REPRESENTATIVE):
		assert set(OF_COMPLAINTS) <= links
	onboarding = page["onboardings"]["items"]
	assert bool(onboarding) == (
		role in ("System Manager", roles.GENERAL_MANAGER, roles.MANAGEMENT_REPRESENTATIVE)
	)


def test_who_holds_no_role_of_ours_sees_nothing_of_it(world: c.World) -> None:
	overdue(world)
	outsider = make_user("Stock User")
	with as_user(outsider):
		for report in SCRIPTS:
			with pytest.raises(frappe.PermissionError):
				run(report, filters="{}")
		with pytest.raises(frappe.PermissionError):
			count("Contract Reviews in Progress")


@pytest.mark.rule("L3")
def test_number_cards_count_what_waits(world: c.World) -> None:
	with as_user(world.second_sales()):
		before = {card: count(card) for card in CARDS}
	review = overdue(world)
	# Nobody waits for a draft.
	draft, late = (h.notice(world, c.committed_order(world, c.item(stock=50))) for _ in range(2))
	frappe.db.set_value(late.doctype, late.name, "due_date", add_days(nowdate(), -1))
	c.hold_up(world, c.start(world, c.order(c.item(stock=50))), "Delivery")
	action = frappe.get_last_doc(ACTION)
	frappe.db.set_value(ACTION, action.name, "due_date", add_days(nowdate(), -1))
	with as_user(world.second_sales()):
		added = {card: count(card) - before[card] for card in CARDS}
	assert added["Contract Reviews in Progress"] == 2
	assert added["Contract Reviews to Decide"] == 1
	assert added["Overdue Opinions"] == 1 and added["Overdue Actions"] == 1
	assert added["Contract Review Tasks for Me"] >= 1
	assert not draft.due_date and added["Overdue Changes"] == 1
	assert frappe.get_doc(REVIEW, review.name).docstatus == 0


@pytest.mark.rule("L1")
def test_a_person_limited_by_user_permissions_sees_no_counts_of_others(world: c.World) -> None:
	mine, theirs = c.customer(), c.customer()
	for customer in (mine, theirs):
		overdue(world, customer=customer)
		c.approve(world, c.order(c.item(stock=50), customer=customer))
		other = c.start(world, c.order(c.item(stock=50), customer=customer))
		c.hold_up(world, other, "Delivery")
		frappe.db.set_value(ACTION, {"customer": customer}, "due_date", add_days(nowdate(), -2))
	user = make_user(roles.AUDITOR)
	limited_to(user, mine)
	with as_user(user):
		assert count("Contract Reviews in Progress") == 2
		assert count("Contract Reviews to Decide") == 1
		assert count("Overdue Opinions") == 1
		assert count("Overdue Actions") == 1
		times = rows_of("Contract Review Cycle Times")
		assert len([r for r in times if r.get("review")]) == 1
		assert times[0]["customer_name"] == frappe.db.get_value("Customer", mine, "customer_name")
		assert sum(r["all"] for r in rows_of("Contract Reviews by State and Class")) == 3
		departments = rows_of("Overdue by Department")
		assert sum(r["opinions_overdue"] for r in departments) == 1
		assert sum(r["actions_overdue"] for r in departments) == 1
		shown = report_of("Contract Reviews by Class and Decision")
		assert {row["customer_name"] for row in shown} == {times[0]["customer_name"]}


@pytest.mark.rule("L1")
def test_nor_somebody_limited_to_a_company(world: c.World) -> None:
	overdue(world)
	user = make_user(roles.GENERAL_MANAGER)
	other = frappe.get_doc(
		{
			"doctype": "Company",
			"company_name": c.unique("Other Co"),
			"abbr": frappe.generate_hash(length=4).upper(),
			"default_currency": "CNY",
			"country": "China",
		}
	)
	other.flags.ignore_validate = True
	other.db_insert()
	frappe.get_doc(
		{"doctype": "User Permission", "user": user, "allow": "Company", "for_value": other.name}
	).insert(ignore_links=True)
	frappe.clear_cache(user=user)
	with as_user(user):
		assert not any(count(card) for card in CARDS)
		for report in SCRIPTS:
			assert rows_of(report) == []
	with as_user(make_user(roles.GENERAL_MANAGER)):
		assert count("Overdue Opinions") >= 1
		assert rows_of("Overdue by Department", company=COMPANY)
		assert rows_of("Overdue by Department", company=other.name) == []


@pytest.mark.rule("C10")
def test_cycle_times_count_days_to_the_last_opinion_and_to_the_decision(world: c.World) -> None:
	code = c.item(stock=50)
	review = c.approve(world, c.order(code))
	moments = {"prepared_on": -10, "decided_on": -2}
	for field, days in moments.items():
		frappe.db.set_value(REVIEW, review.name, field, add_days(nowdate(), days) + " 12:00:00")
	opinion = {"contract_review": review.name}
	frappe.db.set_value(
		OPINION,
		opinion,
		{
			"given_on": add_days(nowdate(), -4) + " 00:00:00",
			"creation": add_days(nowdate(), -9) + " 12:00:00",
			"due_date": add_days(nowdate(), -5),
		},
	)
	with as_user(make_user(roles.AUDITOR)):
		row, total = rows_of("Contract Review Cycle Times", item_code=code, department="Sales")
		assert row["review"] == review.name
		assert (row["days_opinions"], row["days_decision"], row["days"]) == (5.5, 2.5, 8.0)
		assert (row["opinions"], row["late"], row["days_department"]) == (1, 1, 4.5)
		assert (total["opinions"], total["late"], total["days"], total["is_total"]) == (1, 1, 8.0, 1)
		assert rows_of("Contract Review Cycle Times", item_code=code, department="Quality") == []
		assert rows_of("Contract Review Cycle Times", item_code=code, contract_class="Non-routine") == []
		assert rows_of("Contract Review Cycle Times", item_code=code, to_date=add_days(nowdate(), -3)) == []
		assert rows_of("Contract Review Cycle Times", item_code="no such item") == []
		found = run("Contract Review Cycle Times", filters=json.dumps({"item_code": code}))
		assert found["chart"]["data"]["datasets"][0]["values"] == [5.5]
		assert [s["value"] for s in found["report_summary"]] == [1, "8", "8", "8", "100 %"]
		with pytest.raises(QMSRefusal):
			rows_of("Contract Review Cycle Times", from_date="2026-02-01", to_date="2026-01-01")


@pytest.mark.rule("L3")
def test_overdue_by_department_leaves_out_what_cannot_be_given(world: c.World) -> None:
	doc = c.order(c.item(stock=50))
	review = c.start(world, doc)
	frappe.db.set_value(OPINION, {"contract_review": review.name}, "due_date", add_days(nowdate(), -3))

	def owed() -> int:
		return sum(r["opinions_overdue"] for r in rows_of("Overdue by Department"))

	before = owed()
	assert before >= 1
	doc.reload()
	doc.items[0].rate = 77
	doc.save()
	assert owed() == before - 1


@pytest.mark.parametrize("report", SCRIPTS)
def test_reports_take_a_constant_number_of_queries(world: c.World, report: str) -> None:
	counts = []
	for _round in range(3):
		overdue(world)
		c.approve(world, c.order(c.item(stock=50)))
		c.hold_up(world, c.start(world, c.order(c.item(stock=50))), "Delivery")
		rows_of(report)
		with count_queries() as queries:
			rows_of(report)
		counts.append(queries.count)
	assert len(set(counts)) == 1, counts


def report_of(name: str) -> list[dict]:
	"""Return what the Report Builder shows of a saved report, asked as its page does."""
	saved = frappe.get_doc("Report", name)
	assert saved.report_type == "Report Builder" and saved.is_permitted()
	settings = json.loads(saved.json)
	doctype = saved.ref_doctype
	frappe.local.form_dict = frappe._dict(
		doctype=doctype,
		fields=json.dumps([f"`tab{doctype}`.`{name}`" for name, _doctype in settings["fields"]]),
		filters=json.dumps(settings["filters"]),
		order_by=settings["order_by"],
		start=0,
		page_length=500,
		view="Report",
	)
	found = report_view()
	return [dict(zip(found["keys"], row, strict=True)) for row in found["values"]] if found else []


@pytest.mark.rule("C10", "C11", "L1")
def test_the_saved_reports_answer_the_auditors_questions(world: c.World) -> None:
	objected = c.start(world, c.order(c.item()))
	c.answer(world, objected, "Quality", answer="Not Met", comment="No method to test it")
	c.answer_all(world, objected)
	c.decide(objected.reload(), world.gm, overrule_reason="Tested outside")
	waiting = c.start(world, c.order(c.item(stock=50)))
	c.hold_up(world, c.start(world, c.order(c.item(stock=50))), "Delivery")
	action = frappe.get_last_doc(ACTION)
	auditor = make_user(roles.AUDITOR)
	with as_user(auditor):
		assert objected.name in [r["name"] for r in report_of("Contract Reviews by Class and Decision")]
		overruled = {r["name"]: r for r in report_of("Overruled Objections")}
		assert overruled[objected.name]["overrule_reason"] == "Tested outside"
		assert waiting.name not in overruled
		assert waiting.name in [r["contract_review"] for r in report_of("Review Opinions Outstanding")]
		assert action.name in [r["name"] for r in report_of("Review Actions Outstanding")]
		report_of("Deliveries under Reason Codes")
		for doctype in ("Number Card", "Dashboard Chart", "Report"):
			for right in ("write", "create", "delete"):
				assert not frappe.has_permission(doctype, right), (doctype, right)


@pytest.mark.parametrize("name", BUILDER)
def test_the_columns_of_a_saved_report_are_fields(name: str) -> None:
	saved = frappe.get_doc("Report", name)
	assert (saved.ref_doctype, saved.is_standard) == (BUILDER[name], "Yes")
	known = {f.fieldname for f in frappe.get_meta(saved.ref_doctype).fields} | {
		"name",
		"creation",
		"docstatus",
	}
	assert {column for column, _doctype in json.loads(saved.json)["fields"]} <= known


@pytest.mark.rule("C10", "K6")
def test_contracts_customers_and_items_lead_to_their_reviews(world: c.World) -> None:
	code, customer = c.item(stock=50), c.customer()
	doc = c.order(code, customer=customer)
	review = c.start(world, doc)
	offer = c.quotation(code)
	frappe.db.set_value(REVIEW, c.start(world, c.order(code)).name, "reference_name", offer.name)

	def found(doctype: str, name: str) -> dict[str, int]:
		counted = get_open_count(doctype, name)["count"]
		links = counted["external_links_found"] + counted["internal_links_found"]
		return {link["doctype"]: link["count"] for link in links}

	assert found("Sales Order", doc.name)[REVIEW] == 1
	assert found("Customer", customer)[REVIEW] == 1
	assert found("Item", code)["Product Standard"] == 1
	# A review of a document of another type that is numbered alike is not shown.
	assert REVIEW not in {d for d, n in found("Quotation", offer.name).items() if n}
	assert review.reference_name == doc.name


@pytest.mark.parametrize(
	"doctype", ["Sales Order", "Quotation", "Blanket Order", "Customer", "Item", "Batch"]
)
def test_erpnexts_own_connections_stay(doctype: str) -> None:
	from importlib import import_module

	own = frappe.get_meta(doctype)
	module = frappe.modules.load_doctype_module(doctype, suffix="_dashboard")
	plain = import_module(module.__name__).get_data()
	ours = own.get_dashboard_data()
	items = [i for group in ours["transactions"] for i in group["items"]]
	assert {i for group in plain["transactions"] for i in group["items"]} <= set(items)
	assert ours["fieldname"] == plain["fieldname"]
	for key in ("non_standard_fieldnames", "internal_links", "dynamic_links"):
		assert (plain.get(key) or {}).items() <= (ours.get(key) or {}).items(), key
	if doctype == "Sales Order":
		# Payments of an order are found by a field of this name, which knows no type.
		assert "reference_name" not in (ours.get("dynamic_links") or {})


def test_all_that_the_workspace_names_is_there() -> None:
	page = frappe.get_doc("Workspace", NAME)
	for block in json.loads(page.content):
		data = block["data"]
		for key, rows, field in (
			("number_card_name", page.number_cards, "label"),
			("chart_name", page.charts, "label"),
			("shortcut_name", page.shortcuts, "label"),
			("card_name", page.links, "label"),
		):
			if key in data:
				assert data[key] in [row.get(field) for row in rows]
	for link in page.links:
		if link.type == "Link":
			assert frappe.db.exists(link.link_type, link.link_to), link.link_to
	for tour in ("QMS Customer Settings", REVIEW):
		doc = frappe.get_doc("Form Tour", tour)
		for step in doc.steps:
			assert frappe.get_meta(doc.reference_doctype).get_field(step.fieldname), step.fieldname
	for step in frappe.get_doc("Module Onboarding", NAME).steps:
		assert frappe.db.exists("Onboarding Step", step.step)
