"""Review Replay on a real bench: what it reads, who may see it, its cost; and exports that ERPNext makes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import frappe
import pytest
from frappe.core.doctype.prepared_report.prepared_report import generate_report, make_prepared_report
from frappe.desk.query_report import run
from frappe.model.document import Document
from frappe.utils import add_days, getdate

from qms_customer.contract import past_orders
from qms_customer.contract.facts import read_facts
from qms_customer.messages import QMSRefusal
from qms_customer.replay.orders import Orders
from qms_customer.replay.settings import Settings, parse
from qms_customer.replay.settings import read as read_settings
from qms_customer.report.review_replay.review_replay import TABLES, execute
from qms_customer.rules import people as roles
from qms_customer.rules import replay as rules
from tests.support import contracts as c
from tests.support import pool
from tests.support.people import as_user, make_user
from tests.support.plain import hooks_off
from tests.support.sql import count_queries

REPORT = "Review Replay"
ASSUMED = {"assume_standard": 1, "assume_capacity": 1, "assume_terms": 1}
# A day on which no other test has orders.
DAY = "2019-05-14"


def past(code: str | list[dict], rate: float = 100, day: str = DAY, **values) -> Document:
	"""An order of a time before the app: submitted without a review, nothing of ours on it."""
	with hooks_off():
		rows = code if isinstance(code, list) else [{"item_code": code, "qty": 5, "rate": rate}]
		due = add_days(day, 30)
		doc = c.order(
			[{"delivery_date": due, **row} for row in rows],
			**{
				"transaction_date": day,
				"delivery_date": due,
				"qms_packaging": "",
				"qms_payment_method": "",
				"qms_delivery_method": "",
				"qms_requirements": [],
				**values,
			},
		)
		doc.submit()
	return frappe.get_doc("Sales Order", doc.name)


def replayed(**filters) -> dict:
	"""The report of that day as the Desk gets it."""
	return run(REPORT, {"from_date": DAY, "to_date": DAY, **ASSUMED, **filters}, ignore_prepared_report=True)


def counts(report: dict) -> dict[str, int]:
	"""How many orders went which way."""
	return {row["c0"]: row["c1"] for row in report["result"]}


@pytest.fixture
def limits() -> None:
	"""Limits that the tests know."""
	for name, value in (
		("small_amount", 0),
		("small_quantity", 0),
		("large_amount", 50000),
		("large_quantity", 0),
	):
		frappe.db.set_single_value("QMS Customer Settings", name, value)
	frappe.clear_document_cache("QMS Customer Settings", "QMS Customer Settings")


@pytest.mark.rule("B1", "C3", "C4")
def test_past_orders_go_the_ways_of_the_rules(limits: None) -> None:
	code = c.item(with_standard=False)
	past(code)
	past(code, rate=20000)
	past(code, day="2019-05-13")
	with hooks_off():
		c.order(code, transaction_date=DAY)  # a draft
	ways = {"Salesperson Signature": 0, "Sales Alone": 0, "Circulated": 1, "Convened": 1}
	assert counts(replayed()) == ways
	# B2: what is not on record counts as not met, unless it is assumed.
	assert counts(replayed(assume_standard=0))["Convened"] == 2
	assert counts(replayed(assume_terms=0))["Convened"] == 2
	assert counts(replayed(assume_in_stock=1)) == ways | {"Circulated": 0, "Sales Alone": 1}
	# Other limits are filters; the settings stay as they are.
	other = {"own_limits": 1, "large_amount": 500000, "small_amount": 1000, "small_quantity": 100}
	assert counts(replayed(**other)) == ways | {"Salesperson Signature": 1, "Convened": 0}
	assert counts(replayed(own_limits=1))["Convened"] == 0
	assert counts(replayed(company="Nobody Ltd")) == {}


@pytest.mark.rule("B1")
def test_a_past_order_is_read_as_the_live_one_is(limits: None) -> None:
	"""Of what both know they know the same: lines, bundles, prices, terms, value, special requirements."""
	part, device = c.item(), c.item(with_standard=False, lead_time_days=0)
	bundle = frappe.get_doc(
		{
			"doctype": "Product Bundle",
			"new_item_code": c.item(is_stock_item=0),
			"items": [{"item_code": part, "qty": 3}],
		}
	).insert()
	doc = past(
		[
			{"item_code": bundle.new_item_code, "qty": 2, "rate": 50},
			{"item_code": device, "qty": 4, "rate": 9.5, "delivery_date": add_days(DAY, 60)},
		],
		qms_packaging="Special",
		qms_packaging_details="Sterile",
	)
	for name in frappe.get_all("Product Standard", pluck="name"):
		frappe.db.set_value("Product Standard", name, "valid_from", "2018-01-01")
	live = read_facts(doc)
	(found,) = past_orders.read(past_orders.Wanted(getdate(DAY), getdate(DAY)))
	assert found.name == doc.name and found.day == getdate(DAY)

	def known(facts):
		return [
			(line.item, line.quantity, line.goods, line.standard, line.lead_time_days, line.due)
			for line in facts.lines
		]

	assert known(found.facts) == known(live) and len(live.lines) == 2
	for name in (
		"prices",
		"packaging",
		"payment_terms",
		"payment_method",
		"delivery_method",
		"amount",
		"quantity",
	):
		assert list_or_value(getattr(found.facts, name)) == list_or_value(getattr(live, name)), name
	assert list(found.facts.special) == list(live.special) == ["Packaging"]
	assert found.absent == {
		*(rules.STOCK, rules.STANDARD, rules.LEAD_TIME, rules.PAYMENT_METHOD, rules.DELIVERY_METHOD)
	}


def test_a_period_is_read_month_by_month(limits: None) -> None:
	"""Each order once, the oldest first, those of the first and the last day of a month too."""
	code = c.item(with_standard=False)
	days = ["2019-01-31", "2019-02-28", "2019-04-30", "2019-02-01", "2019-05-01"]
	made = {day: past(code, day=day).name for day in days}

	def read(start: str, end: str) -> list[str]:
		wanted = past_orders.Wanted(getdate(start), getdate(end))
		return [o.name for o in past_orders.read(wanted) if o.name in made.values()]

	assert read("1900-01-01", "2199-12-31") == [made[day] for day in sorted(days)]
	assert read("2019-02-01", "2019-04-30") == [made[day] for day in sorted(days)[1:4]]
	assert read("2019-03-01", "2019-03-31") == read("1900-01-01", "1900-12-31") == []


def test_a_standard_that_came_later_says_nothing(limits: None) -> None:
	"""It is unknown which one was in force, and so it can be assumed; one that has run out is not valid."""
	past(c.item(qms_product_standard=c.standard(valid_from="2020-01-01")))
	assert counts(replayed())["Circulated"] == 1
	assert counts(replayed(assume_standard=0))["Convened"] == 1
	past(c.item(qms_product_standard=c.standard(valid_from="2018-01-01", valid_to="2019-05-20")))
	assert counts(replayed()) | {"Circulated": 1, "Convened": 1} == counts(replayed())


def list_or_value(value: object) -> object:
	return list(value) if isinstance(value, list | tuple) else value


def test_every_table_has_rows_and_a_chart(limits: None) -> None:
	code = c.item(with_standard=False)
	for rate in (100, 20000):
		past(code, rate=rate)
	for show in TABLES:
		report = replayed(show=show, own_limits=1, large_amount=50000, small_amount=2000, small_quantity=100)
		assert report["result"], show
		assert report["chart"]["data"]["labels"], show
		assert len(report["report_summary"]) == 5
		names = {column["fieldname"] for column in report["columns"]}
		assert all(names <= set(row) for row in report["result"]), show
	assert "1 of 2 orders" in report["message"] or "2 of 2 orders" in report["message"]


def test_in_chinese(limits: None) -> None:
	past(c.item(with_standard=False))
	frappe.local.lang = "zh"
	try:
		report = replayed(show="Departments")
	finally:
		frappe.local.lang = "en"
	assert report["columns"][0]["label"] == "提出意见的部门"
	assert "生产部" in [row["c0"] for row in report["result"]]
	assert "非常规" in report["message"]


def test_prepared_in_the_background_it_is_the_same(limits: None, committed: Callable[[], None]) -> None:
	past(c.item(with_standard=False))
	user = make_user(roles.GENERAL_MANAGER, language="zh")
	frappe.db.set_value("Report", REPORT, "prepared_report", 1)
	filters = {"from_date": DAY, "to_date": DAY, "show": "Departments", **ASSUMED}
	with as_user(user):
		frappe.local.lang = "zh"
		at_once = run(REPORT, dict(filters), ignore_prepared_report=True)
		assert not run(REPORT, dict(filters))["doc"]
		name = make_prepared_report(REPORT, json.dumps(filters))["name"]
		committed()
		frappe.local.lang = "en"  # as a worker starts
		frappe.local.job = frappe._dict(user=user)
		generate_report(name)
		del frappe.local.job
		frappe.local.lang = "zh"
		prepared = run(REPORT, dict(filters))
	assert prepared["doc"].status == "Completed", prepared["doc"].error_message
	for part in ("columns", "result", "message", "chart", "report_summary"):
		assert json.loads(frappe.as_json(prepared[part])) == json.loads(frappe.as_json(at_once[part])), part
	assert "非常规" in prepared["message"]


def test_a_constant_number_of_queries(limits: None) -> None:
	code = c.item(with_standard=False)
	found = {}
	for number in range(1, 6):
		past([{"item_code": code, "qty": n + 1, "rate": 10} for n in range(number)])
		frappe.clear_document_cache("QMS Customer Settings", "QMS Customer Settings")
		replayed()
		with count_queries() as queries:
			execute({"from_date": DAY, "to_date": DAY, **ASSUMED})
		found[number] = queries.count
	assert len(set(found.values())) == 1 and found[1] <= 8, found


@pytest.mark.parametrize(
	("filters", "rule"),
	[
		({"show": "Everything"}, "B1"),
		({"from_date": "2019-06-01", "to_date": "2019-05-01"}, "B1"),
		({"own_limits": 1, "large_amount": -5}, "C4"),
		({"own_limits": 1, "small_amount": 5}, "C5"),
		({"own_limits": 1, "small_amount": 5, "small_quantity": 1, "large_amount": 3}, "C5"),
	],
)
def test_filters_that_make_no_sense(filters: dict, rule: str) -> None:
	with pytest.raises(QMSRefusal, match=f"^{rule}:"):
		execute({"from_date": DAY, "to_date": DAY, **filters})


@pytest.mark.parametrize(
	("role", "allowed"),
	[
		(roles.MANAGEMENT_REPRESENTATIVE, True),
		(roles.GENERAL_MANAGER, True),
		(roles.SALES_VP, True),
		(roles.AUDITOR, True),
		(roles.SALES_USER, False),
		(roles.PRODUCTION, False),
	],
)
def test_who_may_see_it(limits: None, role: str, allowed: bool) -> None:
	past(c.item(with_standard=False))
	with as_user(pool.enabled(role)):
		if allowed:
			assert counts(replayed())["Circulated"] == 1
		else:
			with pytest.raises(frappe.PermissionError):
				replayed()


def test_only_orders_that_the_user_may_see_count(limits: None) -> None:
	code = c.item(with_standard=False)
	mine = past(code)
	past(code)
	manager = pool.enabled(roles.GENERAL_MANAGER)
	frappe.get_doc(
		{"doctype": "User Permission", "user": manager, "allow": "Customer", "for_value": mine.customer}
	).insert()
	with as_user(manager):
		assert sum(counts(replayed()).values()) == 1


# What ERPNext exports, the command reads


def expect(path: Path, doc: Document, settings: Settings | None = None) -> Orders:
	"""The order is read from a real export as it is."""
	orders = Orders(path, settings or Settings())
	found = {order.name: order for order in orders}
	facts = found[doc.name].facts
	assert found[doc.name].day == getdate(doc.transaction_date)
	assert [(line.item, float(line.quantity), line.due) for line in facts.lines] == [
		(row.item_code, row.stock_qty, getdate(row.delivery_date)) for row in doc.items
	]
	assert float(facts.amount) == pytest.approx(doc.base_grand_total)
	assert [float(price.rate) for price in facts.prices] == [row.rate for row in doc.items]
	assert not orders.source.bad
	return orders


@pytest.fixture
def exported() -> Document:
	rows = [
		{"item_code": c.item(), "qty": 1234, "rate": 10.25},
		{"item_code": c.item(), "qty": 3, "rate": 1000},
	]
	return past(rows, po_no="PO, with a comma")


@pytest.fixture(params=["en", "zh"])
def language(request: pytest.FixtureRequest):
	frappe.local.lang = request.param
	yield request.param
	frappe.local.lang = "en"


@pytest.mark.parametrize("kind", ["CSV", "Excel"])
def test_the_report_builders_export(exported: Document, language: str, kind: str, tmp_path: Path) -> None:
	from frappe.desk.reportview import _export_query

	child = "`tabSales Order Item`"
	own = ("name", "status", "customer", "transaction_date", "base_grand_total", "payment_terms_template")
	params = {
		"doctype": "Sales Order",
		"fields": [
			*(f"`tabSales Order`.`{field}`" for field in own),
			*(f"{child}.`{field}`" for field in ("item_code", "stock_qty", "rate", "delivery_date")),
		],
		"filters": {"name": exported.name},
		"file_format_type": kind,
		"as_list": True,
		"title": "Sales Order",
		"add_totals_row": "1",
		"translate_values": "1",
		"order_by": f"{child}.`idx` asc",
	}
	csv_params = {"delimiter": ",", "quoting": 0}
	_title, ending, content = _export_query(frappe._dict(params), csv_params, populate_response=False)
	path = tmp_path / f"orders.{ending}"
	path.write_bytes(content)
	orders = expect(path, exported)
	assert orders.source.rows == 2 and rules.PAYMENT_TERMS not in orders.source.absent


def test_the_export_for_data_import(exported: Document, language: str, tmp_path: Path) -> None:
	from frappe.core.doctype.data_import.exporter import Exporter
	from frappe.utils.csvutils import to_csv

	exporter = Exporter(
		"Sales Order",
		export_fields={
			"Sales Order": ["name", "customer", "transaction_date", "base_grand_total"],
			"items": ["name", "item_code", "stock_qty", "rate", "delivery_date"],
		},
		export_data=True,
		export_filters={"name": exported.name},
	)
	path = tmp_path / "orders.csv"
	path.write_text(to_csv(exporter.get_csv_array_for_export()), encoding="utf-8")
	expect(path, exported)


def test_data_export(exported: Document, language: str, tmp_path: Path) -> None:
	from frappe.core.doctype.data_export.exporter import export_data

	export_data(
		doctype="Sales Order",
		all_doctypes=True,
		with_data=True,
		template=True,
		filters=json.dumps({"name": exported.name}),
		select_columns=json.dumps(
			{
				"Sales Order": ["name", "transaction_date", "delivery_date", "base_grand_total"],
				"Sales Order Item": ["name", "item_code", "qty", "stock_qty", "rate", "delivery_date"],
				"Payment Schedule": ["name", "payment_term", "due_date"],
			}
		),
	)
	path = tmp_path / "orders.csv"
	path.write_text(frappe.response.pop("result"), encoding="utf-8")
	form = frappe.db.get_default("date_format") or "yyyy-mm-dd"
	settings = None if form == "yyyy-mm-dd" else parse({"replay": {"date_format": form}})
	expect(path, exported, settings)


def test_documents_and_settings_as_json(exported: Document, tmp_path: Path) -> None:
	path = tmp_path / "orders.json"
	path.write_text(frappe.as_json([exported.as_dict()]))
	expect(path, exported)
	from frappe.core.doctype.data_import.data_import import export_json

	settings = frappe.get_doc("QMS Customer Settings")
	export_json("QMS Customer Settings", str(tmp_path / "settings.json"), name="-")
	for found in (
		parse(json.loads(frappe.as_json(settings.as_dict()))),
		read_settings(tmp_path / "settings.json"),
	):
		assert [d.name for d in found.departments] == [d.department for d in settings.departments]
		assert float(found.thresholds.large_amount or 0) == settings.large_amount


def test_the_labels_are_erpnexts_own() -> None:
	"""What a replay knows by a label in Chinese, German, French or Spanish is what ERPNext calls it there."""
	from qms_customer.replay import columns

	known = (
		"transaction_date",
		"customer",
		"base_grand_total",
		"payment_terms_template",
		"status",
		"company",
	)
	rows = ("item_code", "qty", "stock_qty", "rate", "amount", "base_amount", "delivery_date", "item_group")
	for language in ("zh", "de", "fr", "es"):
		frappe.local.lang = language
		try:
			for doctype, table, names in (("Sales Order", "", known), ("Sales Order Item", "items", rows)):
				for name in names:
					label = frappe._(frappe.get_meta(doctype).get_label(name))
					heading = f"{label} ({frappe._(doctype)})" if table else label
					assert (table, name) in columns.candidates(heading), (language, heading)
		finally:
			frappe.local.lang = "en"
