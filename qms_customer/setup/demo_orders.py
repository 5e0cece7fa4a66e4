"""Contracts of the demo company in every state of their review, each brought there by its people.

A function is one story. Its docstring is what bin/demo says about it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import frappe
from frappe.model.document import Document
from frappe.utils import add_days, now_datetime, nowdate

from qms_customer.contract import api, change_api, production_api
from qms_customer.contract.reviews import OPINION, REVIEW
from qms_customer.rules import contract as contract_rules
from qms_customer.rules import people as roles
from qms_customer.rules import review as rules
from qms_customer.rules.aspects import DEPARTMENTS
from qms_customer.setup import demo_data as data

if TYPE_CHECKING:
	from qms_customer.setup.demo import Demo

# By role of the routing table, who gives the opinion. The first salesperson prepares, so the second one
# answers.
OPINERS = {
	roles.SALES_USER: "sales2",
	roles.RND: "rnd",
	roles.QUALITY: "quality",
	roles.PRODUCTION: "production",
	roles.PLANNING: "pmc",
	roles.PURCHASING: "purchasing",
}
OPINER = {d.name: OPINERS[d.role] for d in DEPARTMENTS}

Answers = dict[str, dict[str, Any]]


def _row(answer: str, comment: str, **action: Any) -> dict[str, Any]:
	return {"answer": answer, "comment": comment, **action}


# What people do


def requirements(text: str, special: str = "") -> list[dict[str, Any]]:
	"""Return the requirements table: one stated, a regulatory one, none of the other classes (A2)."""
	stated = {contract_rules.STATED: (text, special), contract_rules.REGULATORY: ("NMPA 注册证有效", "")}
	return [
		{"requirement_class": kind, "requirement": stated[kind][0], "special": stated[kind][1]}
		if kind in stated
		else {"requirement_class": kind, "none_identified": 1}
		for kind in contract_rules.CLASSES
	]


def contract_fields(text: str, **values: Any) -> dict[str, Any]:
	"""Return what any contract says besides its rows (A1, A2, A9)."""
	special = values.pop("special", "")
	return {
		"qms_contract_form": contract_rules.ORDER,
		"qms_delivery_method": "陆运 Road freight, DAP",
		"qms_payment_method": "Wire Transfer",
		"qms_packaging": contract_rules.STANDARD_PACKAGING,
		"qms_requirements": requirements(text, special),
		**values,
	}


def order(
	demo: Demo, po_no: str, customer: str, item: str, qty: float, rate: float, days: int = 45, **values: Any
) -> Document:
	"""Let the salesperson write an order that lacks nothing."""
	due = add_days(nowdate(), days)
	text = values.pop("text", "按标准配置交货 Standard configuration, delivered with manual in Chinese")
	with demo.acting("sales"):
		return frappe.get_doc(
			{
				"doctype": "Sales Order",
				"company": demo.company,
				"customer": customer,
				"po_no": po_no,
				"po_date": nowdate(),
				"transaction_date": nowdate(),
				"delivery_date": due,
				"payment_terms_template": data.TERMS,
				"items": [
					{
						"item_code": item,
						"qty": qty,
						"rate": rate,
						"delivery_date": due,
						"warehouse": demo.finished_goods,
					}
				],
				**contract_fields(text, **values),
			}
		).insert()


def start(demo: Demo, doc: Document) -> Document:
	"""Let the salesperson start the review."""
	with demo.acting("sales"):
		name = api.start_review(doc.doctype, doc.name)["name"]
	return frappe.get_doc(REVIEW, name)


def answer(
	demo: Demo, review: Document, department: str, comment: str = "/", worst: dict[str, Any] | None = None
) -> None:
	"""Let a department give its opinion: all met, but for the last aspect what `worst` says."""
	opinion = frappe.get_doc(
		OPINION, {"contract_review": review.name, "department": department, "docstatus": 0, "superseded": 0}
	)
	rows = [{"name": row.name, "answer": rules.MET} for row in opinion.answers]
	rows[-1].update(worst or {})
	with demo.acting(OPINER[department]):
		api.give_opinion(opinion.name, api.get_opinion_panel(opinion.name)["hash"], rows, comment)


def answer_all(demo: Demo, review: Document, answers: Answers | None = None) -> None:
	"""Let every department that is asked give its opinion; `answers` by department, else all met."""
	for department in frappe.get_all(
		OPINION,
		filters={"contract_review": review.name, "docstatus": 0},
		pluck="department",
		order_by="creation, name",
	):
		answer(demo, review, department, worst=(answers or {}).get(department))


def decide(
	demo: Demo,
	review: Document,
	who: str,
	decision: str = rules.APPROVED,
	comment: str = "/",
	overrule: str = "",
) -> None:
	"""Let a manager decide on what the form of the review shows."""
	with demo.acting(who):
		shown = api.get_review_panel(review.name)["hash"]
		api.decide_review(review.name, decision, shown, comment, overrule, "/")


def approve(demo: Demo, doc: Document, who: str = "vp") -> None:
	"""Take a contract through its whole review to approval."""
	review = start(demo, doc)
	answer_all(demo, review)
	decide(demo, review, who, comment="同意 Agreed")


def submit(demo: Demo, doc: Document, who: str = "sales") -> Document:
	"""Let somebody submit a document, as it is stored now."""
	with demo.acting(who):
		doc = frappe.get_doc(doc.doctype, doc.name)
		doc.submit()
	return doc


def release_to_production(demo: Demo, doc: Document) -> Document:
	"""Let PMC pass the task of an order on, and Production fill the notice in and release it."""
	with demo.acting("pmc"):
		shown = production_api.get_order(doc.name)
		task = "按合同交期组织生产 Make by the date of the contract"
		name = production_api.pass_on(doc.name, task, shown["hash"])["name"]
	with demo.acting("production"):
		notice = frappe.get_doc("Production Notice", name)
		for row in notice.items:
			row.planned_start, row.planned_finish = nowdate(), add_days(nowdate(), 30)
		said = "按作业指导书生产 By the work instruction"
		notice.update({"special_requirements": "/", "packaging": "/", "instructions": said})
		notice.save()
		shown = production_api.get_notice(name)
		production_api.release(name, shown["hash"], "/")
	return notice.reload()


# The stories


def draft(demo: Demo) -> None:
	"""a draft whose review has not started"""
	order(demo, "QS-2001", data.HOSPITAL_A, "LL-IP10", 5, 6200)


def incomplete(demo: Demo) -> None:
	"""a draft that says neither how it is delivered nor how it is packed"""
	order(demo, "HT-2002", data.DISTRIBUTOR_A, "LL-SP20", 8, 5400, qms_delivery_method="", qms_packaging="")


def in_review(demo: Demo) -> None:
	"""in review: circulated, two of four opinions in"""
	doc = order(demo, "YH-2003", data.HOSPITAL_B, "LL-SP20", 12, 5600)
	review = start(demo, doc)
	answer(demo, review, "R&D", "技术要求符合企业标准")
	answer(demo, review, "Quality", "按出厂检验规程验收")


def pending(demo: Demo) -> None:
	"""pending approval: in stock, reviewed by Sales, waits for the VP"""
	doc = order(demo, "QS-2004", data.HOSPITAL_A, "LL-PM30", 2, 18500)
	answer_all(demo, start(demo, doc))


def approved(demo: Demo) -> None:
	"""approved by the VP's delegate, not submitted yet"""
	approve(demo, order(demo, "BC-2005", data.DISTRIBUTOR_B, "LL-IP10", 8, 5900), "manager")


def delivered(demo: Demo) -> None:
	"""approved, submitted and delivered"""
	from erpnext.selling.doctype.sales_order.sales_order import make_delivery_note

	doc = order(demo, "QS-2006", data.HOSPITAL_A, "LL-IP10", 10, 6200, days=10)
	approve(demo, doc)
	submit(demo, doc)
	with demo.acting("warehouse"):
		note = make_delivery_note(doc.name)
		note.insert()
		note.submit()


def in_production(demo: Demo) -> None:
	"""circulated, approved, submitted; released to production, the work order has started"""
	doc = order(demo, "HT-2007", data.DISTRIBUTOR_A, "LL-SP20", 20, 5200, days=60)
	approve(demo, doc)
	doc = submit(demo, doc)
	release_to_production(demo, doc)
	with demo.acting("production"):
		work = frappe.get_doc(
			{
				"doctype": "Work Order",
				"company": demo.company,
				"production_item": "LL-SP20",
				"bom_no": frappe.db.get_value("Item", "LL-SP20", "default_bom"),
				"qty": 20,
				"sales_order": doc.name,
				"sales_order_item": doc.items[0].name,
				"source_warehouse": demo.stores,
				"wip_warehouse": f"Work In Progress - {demo.abbr}",
				"fg_warehouse": demo.finished_goods,
				"planned_start_date": now_datetime(),
			}
		)
		work.set_work_order_operations()
		work.insert()
		work.submit()


def rejected(demo: Demo) -> None:
	"""rejected by the VP"""
	doc = order(demo, "BC-2008", data.DISTRIBUTOR_B, "LL-PM30", 3, 9900)
	review = start(demo, doc)
	answer_all(demo, review)
	decide(
		demo, review, "vp", rules.REJECTED, "价格低于成本线 The price does not cover warranty and training"
	)


def returned(demo: Demo) -> None:
	"""non-routine (the enterprise standard has expired), returned by the general manager"""
	doc = order(demo, "YH-2009", data.HOSPITAL_B, "LL-NB40", 30, 680)
	review = start(demo, doc)
	answer_all(demo, review, {"R&D": _row(rules.NOT_MET, "企业标准已过期，需换版后再接单")})
	decide(demo, review, "gm", rules.RETURNED, "请研发先完成标准换版 R&D renews the standard first")


def out_of_date(demo: Demo) -> None:
	"""out of date: the quantity was edited during the review"""
	doc = order(demo, "HT-2010", data.DISTRIBUTOR_A, "LL-SP20", 10, 5400, days=50)
	review = start(demo, doc)
	answer(demo, review, "R&D")
	answer(demo, review, "Production", "产能充足")
	with demo.acting("sales"):
		doc = frappe.get_doc("Sales Order", doc.name)
		doc.items[0].qty = 16
		doc.save()


def overruled(demo: Demo) -> None:
	"""non-routine with conditions; an objection overruled by the general manager; submitted"""
	doc = order(
		demo,
		"HT-2011",
		data.DISTRIBUTOR_A,
		"LL-TH50",
		3000,
		160,
		days=40,
		text="OEM 丝印及彩盒 Private label, printed carton",
		special=contract_rules.SPECIAL_PACKAGING,
		qms_contract_form=contract_rules.FORMAL_CONTRACT,
		qms_packaging=contract_rules.SPECIAL_PACKAGING_CHOICE,
		qms_packaging_details="彩盒 10 只/盒，客户商标 Printed carton of 10, customer's brand",
	)
	review = start(demo, doc)
	answer_all(
		demo,
		review,
		{
			"R&D": _row(
				rules.CONDITIONS,
				"彩盒设计稿须经客户确认 The customer confirms the artwork",
				action_owner=demo.user("sales"),
				action_verifier=demo.user("rnd"),
				action_blocks=rules.BLOCKS_PRODUCTION,
			),
			"Quality": _row(
				rules.CONDITIONS,
				"出货前备案产品技术要求 The product technical requirements are on file before dispatch",
				action_owner=demo.user("rnd"),
				action_verifier=demo.user("quality"),
				action_blocks=rules.BLOCKS_DELIVERY,
			),
			"Production": _row(rules.NOT_MET, "本月产线已排满 The line is fully booked this month"),
		},
	)
	decide(
		demo,
		review,
		"gm",
		comment="战略客户 Strategic customer",
		overrule="安排周末加班两周 Two weekends of overtime are approved, which frees the line",
	)
	submit(demo, doc)


def small(demo: Demo) -> None:
	"""small and routine: reviewed and approved by the salesperson's signature"""
	doc = order(demo, "BJ-2012", data.CLINIC, "LL-IS60", 100, 9, days=7)
	with demo.acting("sales"):
		shown = api.get_overview(doc.doctype, doc.name)
		api.sign_small_order(doc.doctype, doc.name, shown["hash"])
	submit(demo, doc)


def tender(demo: Demo) -> None:
	"""a tender reviewed as a quotation; the order that was won inherits its review"""
	from erpnext.selling.doctype.quotation.quotation import make_sales_order

	promised = add_days(nowdate(), 60)
	with demo.acting("sales"):
		quotation = frappe.get_doc(
			{
				"doctype": "Quotation",
				"quotation_to": "Customer",
				"party_name": data.HOSPITAL_B,
				"company": demo.company,
				"transaction_date": nowdate(),
				"valid_till": add_days(nowdate(), 90),
				"payment_terms_template": data.TERMS,
				"qms_is_tender": 1,
				"qms_promised_date": promised,
				"items": [
					{"item_code": "LL-PM30", "qty": 20, "rate": 17800, "warehouse": demo.finished_goods},
				],
				**contract_fields(
					"招标文件要求三年质保 Three years of warranty, as in the tender documents",
					qms_contract_form=contract_rules.FORMAL_CONTRACT,
				),
			}
		).insert()
	approve(demo, quotation)
	submit(demo, quotation)
	with demo.acting("sales"):
		doc = make_sales_order(quotation.name)
		doc.update({"po_no": "YH-2013", "po_date": nowdate(), "delivery_date": promised})
		for row in doc.items:
			row.update({"qty": 15, "delivery_date": promised})
		doc.insert()
	submit(demo, doc)


def blanket(demo: Demo) -> None:
	"""a blanket order reviewed once; a call-off inherits its review"""
	from erpnext.manufacturing.doctype.blanket_order.blanket_order import make_order

	with demo.acting("sales"):
		frame = frappe.get_doc(
			{
				"doctype": "Blanket Order",
				"blanket_order_type": "Selling",
				"customer": data.DISTRIBUTOR_B,
				"company": demo.company,
				"from_date": nowdate(),
				"to_date": add_days(nowdate(), 180),
				"qms_lead_time_days": 14,
				"qms_payment_terms": data.TERMS,
				"items": [{"item_code": "LL-IS60", "qty": 3000, "rate": 8}],
				**contract_fields("每批附检验报告 A test report with every lot"),
			}
		).insert()
	approve(demo, frame)
	submit(demo, frame)
	due = add_days(nowdate(), 20)
	with demo.acting("sales"):
		# As the button of the form sends it; ERPNext reads it from the request.
		frappe.flags.args = frappe._dict(doctype="Sales Order")
		try:
			doc = make_order(frame.name)
		finally:
			del frappe.flags["args"]
		doc.update(
			{
				"po_no": "BC-2014",
				"po_date": nowdate(),
				"transaction_date": nowdate(),
				"delivery_date": due,
				"payment_terms_template": data.TERMS,
			}
		)
		for row in doc.items:
			row.update({"qty": 600, "delivery_date": due, "warehouse": demo.finished_goods})
		doc.insert()
	submit(demo, doc)


def differing(demo: Demo) -> None:
	"""differs from its quotation: pending approval, one difference unresolved"""
	from erpnext.selling.doctype.quotation.quotation import make_sales_order

	with demo.acting("sales"):
		quotation = frappe.get_doc(
			{
				"doctype": "Quotation",
				"quotation_to": "Customer",
				"party_name": data.DISTRIBUTOR_A,
				"company": demo.company,
				"transaction_date": nowdate(),
				"valid_till": add_days(nowdate(), 60),
				"payment_terms_template": data.TERMS,
				"qms_lead_time_days": 40,
				"items": [
					{"item_code": "LL-IP10", "qty": 10, "rate": 6000, "warehouse": demo.finished_goods}
				],
				**contract_fields("按标准配置 Standard configuration"),
			}
		).insert()
		quotation.submit()
		doc = make_sales_order(quotation.name)
		due = add_days(nowdate(), 45)
		doc.update({"po_no": "HT-2015", "po_date": nowdate(), "delivery_date": due})
		for row in doc.items:
			row.update({"qty": 14, "rate": 5800, "delivery_date": due})
		doc.insert()
	answer_all(demo, start(demo, doc))


def verbal(demo: Demo) -> None:
	"""a verbal order, confirmed by the customer's e-mail, waits for the VP"""
	doc = order(demo, "", data.HOSPITAL_A, "LL-IS60", 800, 9, qms_contract_form=contract_rules.VERBAL_ORDER)
	review = start(demo, doc)
	with demo.acting("sales"):
		evidence = frappe.get_doc(
			{
				"doctype": "File",
				"file_name": f"confirmation-{doc.name}.txt",
				"attached_to_doctype": REVIEW,
				"attached_to_name": review.name,
				"is_private": 1,
				"content": "确认：输液器 IS-60 共 800 套，单价 9.00 元。"
				" We confirm 800 infusion sets IS-60 at CNY 9.00.",
			}
		).insert()
		review = frappe.get_doc(REVIEW, review.name)
		review.append(
			"confirmations",
			{
				"confirmed_by": "青山市人民医院设备科 王主任",
				"confirmed_on": now_datetime(),
				"method": "E-mail",
				"evidence": evidence.file_url,
			},
		)
		review.save()
	answer_all(demo, review)


def cancelled(demo: Demo) -> None:
	"""submitted, then cancelled by a change notice that the customer confirmed and everybody reviewed"""
	doc = order(demo, "BC-2017", data.DISTRIBUTOR_B, "LL-IP10", 4, 6000)
	approve(demo, doc)
	doc = submit(demo, doc)
	with demo.acting("sales"):
		name = change_api.make_notice(
			doc.name, "Cancel", "Customer", "客户撤单 The customer withdrew the order"
		)
		notice = frappe.get_doc("Contract Change Notice", name["name"])
		notice.update({"affects_production": "No", "reason_category": "Customer's Requirement"})
		notice.save()
		letter = frappe.get_doc(
			{
				"doctype": "File",
				"file_name": f"withdrawal-{doc.name}.txt",
				"attached_to_doctype": notice.doctype,
				"attached_to_name": notice.name,
				"is_private": 1,
				"content": "兹撤销本订单。 We withdraw this order.",
			}
		).insert()
		change_api.put_forward(notice.name, _shown(notice))
		change_api.confirm(
			notice.name, _shown(notice), "王主任", str(now_datetime()), "Letter", letter.file_url
		)
	review = frappe.get_doc(REVIEW, notice.reload().contract_review)
	answer_all(demo, review)
	decide(demo, review, "vp" if review.approver_role == roles.SALES_VP else "gm", comment="同意 Agreed")


def _shown(notice: Document) -> str:
	return change_api.get_notice_panel(notice.name)["hash"]


STORIES: tuple[tuple[str, str, Callable[[Demo], None]], ...] = tuple(
	(f"order {story.__name__}", story.__doc__ or "", story)
	for story in (
		draft,
		incomplete,
		in_review,
		pending,
		approved,
		delivered,
		in_production,
		rejected,
		returned,
		out_of_date,
		overruled,
		small,
		tender,
		blanket,
		differing,
		verbal,
		cancelled,
	)
)
