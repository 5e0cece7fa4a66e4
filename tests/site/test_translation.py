"""The app speaks Chinese to whoever works in Chinese, and English to others."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import frappe
import pytest
from frappe import _
from frappe.translate import get_all_translations, get_translations_from_apps, get_translations_from_csv

from qms_customer.contract import api, gate
from qms_customer.messages import QMSRefusal, say, term
from qms_customer.rules import people as roles
from qms_customer.rules import review as rules
from qms_customer.rules.classification import Path
from qms_customer.rules.content import Change
from qms_customer.rules.contract import VERBAL_ORDER
from tests.support import contracts as c
from tests.support.people import as_user, make_user

CJK = re.compile("[\u4e00-\u9fff]")
# Words of ERPNext that mean something else here. Each row changes them for the whole site: keep it short.
OVERRIDDEN = {
	"Approve",  # 批准, the procedures' word; 同意 is an answer of an opinion
	"Customer Feedback",  # 顾客信息反馈单, the name of the form; Frappe has 客户反馈
	"In Stock",  # 有现货
	"Not in Stock",  # 无库存
	"No",  # untranslated in Frappe
	"Return",  # 退回: Frappe has 回报, the yield of an investment
	"Withdrawn",  # 已撤销: Frappe has 取消, which is Cancel
}


@contextmanager
def language(code: str) -> Iterator[None]:
	"""Run the block as for a user who works in this language."""
	before = frappe.local.lang
	frappe.local.lang = code
	try:
		yield
	finally:
		frappe.local.lang = before


def words(html: str, *names: object) -> list[str]:
	"""Return the English words that a reader of the page sees, given names taken out."""
	text = re.sub(r"<(style|script)\b.*?</\1>|<[^>]*>|&\w+;", " ", html, flags=re.DOTALL)
	for name in sorted((str(n) for n in names if n), key=len, reverse=True):
		text = text.replace(name, " ")
	return re.findall(r"[A-Za-z]{3,}(?:[ -][A-Za-z]+)*", text)


def given_names(doc: frappe.model.document.Document) -> set[str]:
	"""Return what a contract shows as somebody wrote it: names of records, items and people, free texts."""
	found = {"SHA-256", "PMC", doc.name, doc.customer, doc.customer_name, doc.company, doc.address_display}
	found |= {doc.payment_terms_template, doc.qms_delivery_method, doc.qms_payment_method, doc.currency}
	found |= {r.requirement for r in doc.qms_requirements} | {r.payment_term for r in doc.payment_schedule}
	for row in doc.items:
		found |= {row.item_code, row.item_name, row.uom, row.stock_uom, row.warehouse}
	for doctype in ("Contract Review", "Contract Review Opinion", "Review Action", "Product Standard"):
		found |= set(frappe.get_all(doctype, pluck="name"))
	return {str(f) for f in found if f} | set(frappe.get_all("User", pluck="full_name"))


def refusal_in(code: str, call: object) -> str:
	"""Return what a refused call says in a language: its message and its title."""
	frappe.clear_messages()
	with language(code), pytest.raises(QMSRefusal) as refused:
		call()
	return f"{refused.value} {json.dumps(frappe.message_log, default=str, ensure_ascii=False)}"


def test_frappe_reads_the_file_of_the_app() -> None:
	own = get_translations_from_csv("zh", "qms_customer")
	assert own["Contract Review"] == "合同评审"
	path = frappe.get_app_path("qms_customer", "translations", "zh.csv")
	with open(path, encoding="utf-8", newline="") as file:
		assert len(own) == len(list(csv.reader(file)))
	merged = get_all_translations("zh")
	assert {k: v for k, v in own.items() if merged.get(k) != v} == {}


def test_terms_come_out_in_chinese_and_stay_english_in_english() -> None:
	for text, chinese in (
		("Contract Review", "合同评审"),
		("QMS Sales User", "销售员"),
		("Circulated", "传阅"),
		("Non-routine", "非常规合同"),
		("Solution / Countermeasure", "解决方案/对策"),
	):
		with language("zh"):
			assert _(text) == chinese
		with language("zh-TW"):
			assert CJK.search(_(text))
		assert _(text) == text
	with language("zh"):
		assert term("Production") == "生产部" and _("Production") == "生产"
		assert term("Quality, PMC, R&D") == "品质部、PMC、研发部"
		assert term("Acme Co., Ltd.") == "Acme Co., Ltd."
		assert say("{0}: {1} for {2}", ["<b>", "x", "y"]).startswith("&lt;b&gt;")
	assert term("Quality, R&D") == "Quality, R&D"


def test_a_users_language_decides() -> None:
	user = make_user(roles.SALES_USER, language="zh")
	with as_user(user):
		assert frappe.translate.get_user_lang(user) == "zh"
		with language(frappe.translate.get_user_lang(user)):
			assert frappe.get_meta("Contract Review").name == "Contract Review"
			assert _("Contract Review") == "合同评审"


def test_words_of_erpnext_keep_their_translation() -> None:
	"""A row without a context holds for the whole site; other words of ours have a context."""
	others = get_translations_from_apps("zh", [a for a in frappe.get_installed_apps() if a != "qms_customer"])
	changed = {
		source
		for source, chinese in get_translations_from_csv("zh", "qms_customer").items()
		if others.get(source, chinese) != chinese
	}
	assert changed <= OVERRIDDEN, {s: others[s] for s in changed - OVERRIDDEN}


@pytest.mark.rule("C1")
def test_a_refusal_is_in_the_users_language(world: c.World) -> None:
	doc = c.order(c.item(stock=50))
	chinese = refusal_in("zh", doc.submit)
	assert f"C1: {doc.name}尚无合同评审。" in chinese and "需要合同评审" in chinese
	assert "contract review" not in chinese.lower()
	doc.reload()
	english = refusal_in("en", doc.submit)
	assert f"C1: {doc.name} has no contract review yet." in english and not CJK.search(english)


@pytest.mark.rule("A1", "A2", "A6", "A9")
def test_all_that_is_missing_is_said_in_chinese(world: c.World) -> None:
	doc = c.order(
		c.item(),
		qms_contract_form="",
		qms_delivery_method="",
		qms_payment_method=None,
		qms_requirements=[],
		qms_documents=[{"title": "Drawing", "document_type": "Drawing"}],
	)
	world.everybody()
	with as_user(world.sales):
		said = refusal_in("zh", lambda: api.start_review(doc.doctype, doc.name))
	for part in ("A1: 请填写合同形式。", "A9: 请明确交货方式。", "法律法规要求", "合同内容不完整"):
		assert part in said, said
	assert "class" not in said and "State" not in said


@pytest.mark.rule("C11")
def test_departments_and_answers_are_named_in_chinese() -> None:
	refusals = rules.decision_refusals(
		rules.APPROVED,
		roles.SALES_VP,
		roles.GENERAL_MANAGER,
		[
			rules.Opinion("Quality", "x", (rules.NOT_MET,)),
			rules.Opinion("Production", "y", (rules.NOT_MET,)),
			rules.Opinion("Purchasing"),
		],
		[],
		0,
		"",
		"",
	)
	with language("zh"):
		said = [say(r.message, r.args) for r in refusals]
	assert "品质部、生产部有异议尚未解决：只有总经理可以否决异议。" in said
	assert "尚未收到采购部的评审意见。" in said
	assert "本评审由“总经理”审批。" in said


@pytest.mark.rule("C7", "E8")
def test_a_difference_is_described_in_the_users_language() -> None:
	with language("zh"):
		choice = Change("", "", "qms_packaging", "Standard", "Special")
		assert gate.describe("Sales Order", choice) == "包装：由标准改为特殊"
		assert gate.place("Sales Order", choice) == "包装"
		assert gate.describe("Sales Order", Change("", "", "qms_packaging_details", "", "x")) == (
			"包装说明：由（空）改为x"
		)
	assert gate.describe("Sales Order", choice) == "Packaging: Special instead of Standard"


@pytest.mark.parametrize("path", [Path.CIRCULATED, Path.CONVENED])
def test_the_panels_are_in_chinese(world: c.World, path: Path) -> None:
	special = {"qms_packaging": "Special", "qms_packaging_details": "9"} if path is Path.CONVENED else {}
	doc = c.order(c.item(), qms_contract_form=VERBAL_ORDER, **special)
	panels = {}
	with language("zh"):
		panels["contract before its review"] = api.get_overview(doc.doctype, doc.name)["html"]
		review = c.start(world, doc)
		panels["opinion"] = api.get_opinion_panel(c.opinion(review, "Quality").name)["html"]
		c.answer(world, review, "R&D", answer="Met with Conditions", comment="9", action_blocks="Production")
		c.answer(world, review, "Quality", answer="Not Met", comment="9")
		review.reload()
		panels["contract in review"] = api.get_overview(doc.doctype, doc.name)["html"]
		panels["review"] = api.get_review_panel(review.name)["html"]
		c.answer_all(world, review)
		with as_user(world.sales):
			doc.reload()
			doc.items[0].qty = 4
			doc.save()
		panels["contract edited"] = api.get_overview(doc.doctype, doc.name)["html"]
		panels["review out of date"] = api.get_review_panel(review.name)["html"]
	assert review.review_path == path.value
	names = given_names(doc)
	left = {panel: found for panel, html in panels.items() if (found := words(html, *names))}
	assert not left
	assert "品质部" in panels["review"] and "不满足" in panels["review"]


def test_the_panels_stay_english_in_english(world: c.World) -> None:
	doc = c.order(c.item())
	review = c.start(world, doc)
	c.answer(world, review, "Quality", answer="Not Met", comment="9")
	for panel in (api.get_overview(doc.doctype, doc.name), api.get_review_panel(review.name)):
		assert "Quality" in words(panel["html"]) and not CJK.search(panel["html"])


@pytest.mark.rule("C7")
def test_where_a_difference_lies_is_named_alone(world: c.World) -> None:
	"""Not cut out of a sentence at its colon, which is another character in Chinese."""
	code = c.item(stock=50)
	offer = c.quotation(code, rate=90)
	offer.submit()
	doc = c.order_from(offer)
	doc.items[0].rate = 100
	doc.qms_contract_form = VERBAL_ORDER
	doc.insert()
	with language("zh"):
		review = c.start(world, doc)
	places = [d.item for d in review.discrepancies]
	assert places and not [p for p in places if "：" in p or "改为" in p], places
	assert any(code in p and CJK.search(p) for p in places)
