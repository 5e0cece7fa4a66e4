"""Feedback, complaints, reportability decisions and signals on paper: whole, in both languages, the patient
for nobody but who may read of one (H1-H5, H8, K3, K4, K6, K7).
"""

from __future__ import annotations

import re

import frappe
import pytest
from frappe.model.document import Document
from frappe.utils import add_days, add_to_date, now_datetime, nowdate
from frappe.www.printview import get_html_and_style

from qms_customer.feedback import patient_show, signals
from qms_customer.messages import QMSRefusal
from qms_customer.records import contents, ledger, prints
from qms_customer.rules import complaint as rules
from qms_customer.rules import people as roles
from qms_customer.rules import reportability
from qms_customer.rules import signals as signal_rules
from qms_customer.shown import language
from tests.site import test_signals
from tests.site.test_prints import last_hash, pages, text
from tests.support import advisory
from tests.support import complaints as h
from tests.support import contracts as c
from tests.support import feedback as f
from tests.support import reported as r
from tests.support.people import as_user, make_user

COMPLAINT, FEEDBACK, DECISION, SIGNAL = h.COMPLAINT, f.FEEDBACK, r.DECISION, signals.DOCTYPE
MANAGEMENT = roles.MANAGEMENT_REPRESENTATIVE
NMPA, EU, FDA = reportability.NMPA, reportability.EU, reportability.FDA
PATIENT = {
	"patient_reference": "P-1717",
	"patient_age": "61 years",
	"patient_sex": "Female",
	"patient_details": "Fever after treatment",
}
EVIL = "<img src=x onerror=alert(1)><script>alert(2)</script>\"'{{ 7*7 }}"
LONG = "导管接头处渗漏，护士在更换敷料时发现，已停用并封存。" * 60 + "W" * 300
WITHHELD = "按 K7 不显示 Withheld (K7)"


def html(doc: Document, user: str = "Administrator") -> str:
	"""Return the print of a record as the Desk shows it: by the default format of its DocType."""
	with as_user(user):
		frappe.local.form_dict.pop("format", None)
		return get_html_and_style(doc.doctype, doc.name)["html"]


def sheet(doc: Document, user: str = "Administrator") -> str:
	return text(html(doc, user))


def steady(doc: Document, user: str) -> str:
	"""Return a print without what tells its record and the time of printing apart from others."""
	return re.sub(r"打印 Printed .*", "", sheet(doc, user))


def contains(page: str, *parts: object) -> None:
	for part in parts:
		assert str(part) in page, part


def product(*regimes: str) -> str:
	return r.device(*regimes, has_batch_no=1, create_new_batch=0)


def coded(term: str, term_zh: str) -> str:
	"""Return a code of the tree with its terms."""
	code = {"code": c.unique("C").replace(" ", "-"), "term": term, "term_zh": term_zh, "annex": "Own"}
	return frappe.get_doc({"doctype": "Event Code", "own": 1, **code}).insert(ignore_permissions=True).name


def handled(world: c.World, **values: object) -> Document:
	"""Return a complaint that only waits to be closed, with all that can stand on one."""
	quality, owner = world.person(roles.QUALITY), world.person(roles.PRODUCTION)
	given = {
		"item_code": product(NMPA, EU),
		"udi": "(01)06900009900018(10)LOT-1",
		"contact_address": "上海市徐汇区 1 号",
		"event_country": "China",
		**PATIENT,
		**values,
	}
	doc = h.complaint(world, **given)
	h.rated(world, doc, harm="Serious", probability="Remote", chosen="Medium", reason="Found before use")
	r.answer(world, doc, serious_injury="Yes")
	r.decide(world, r.of(doc, NMPA), reportability.REPORTABLE, "A nurse was injured")
	r.send(world, r.of(doc, NMPA), number="NMPA-7788", comment="Through the portal")
	r.decide(world, r.of(doc, EU), reportability.REPORTABLE, "Also a serious incident there")
	given = h.findings(
		cause_code=coded("Adhesive failure", "粘接失效"),
		problem_codes=[coded("Leak", "渗漏")],
		health_codes=[coded("Skin irritation", "皮肤刺激")],
		failed_specification="Yes",
		used_for="Treatment",
		event_relation="The leak caused it",
	)
	h.do(quality, "investigate", doc.reload(), given)
	h.do(quality, "add_action", doc, "Product Handling", "Block the batch", owner, add_days(nowdate(), 2))
	h.do(owner, "finish_action", doc, doc.corrections[-1].name, "Blocked in the warehouse")
	procedure = frappe.get_doc(
		{"doctype": "Quality Procedure", "quality_procedure_name": c.unique("QP")}
	).insert(ignore_permissions=True)
	h.do(quality, "open_non_conformance", doc, procedure=procedure.name, subject="Glue line 3")
	given = {
		"corrective_preventive": "Corrective",
		"problem": "Oven too cold",
		"responsible": owner,
		"completion_by": add_days(nowdate(), 5),
	}
	h.do(quality, "open_quality_action", doc, **given)
	return doc


def finished(world: c.World, **values: object) -> Document:
	"""Return a complaint of which all is done but the closing."""
	doc = handled(world, **values)
	for doctype, field, status in (
		("Non Conformance", "non_conformance", "Resolved"),
		("Quality Action", "quality_action", "Completed"),
	):
		(name,) = [row.get(field) for row in doc.corrections if row.get(field)]
		one = frappe.get_doc(doctype, name)
		for row in one.get("resolutions") or ():
			row.status = status
		one.status = status
		one.save(ignore_permissions=True)
	checked = {"check_needed": 1, "criterion": "No leak in 100 pieces", "due": nowdate()}
	h.acted(world, doc.reload(), comment="/", **checked)
	h.replied(world, doc, message="<p>We are <b>sorry</b></p><p>A new one is on its way</p>")
	return h.do(world.person(roles.QUALITY), "check_effectiveness", doc, "Yes", "None of 100 leaked")


def closed(world: c.World, **values: object) -> Document:
	doc = finished(world, **values)
	r.send(world, r.of(doc, EU), what=r.of(doc, EU).clocks[0].what, number="EU-99")
	advisory.decided(world, doc)
	h.do(h.second_quality(world), "close", doc, "Nothing is open")
	return h.do(world.person(MANAGEMENT), "close", doc, "Agreed")


@pytest.mark.rule("H1", "H2", "A10", "K4", "K6")
def test_feedback_is_printed_from_its_record_to_its_answer(world: c.World) -> None:
	first = f.recorded(world)
	doc = f.recorded(
		world,
		contact_name="顾医生",
		contact_phone="+86 10 5555",
		contact_address="上海市徐汇区 1 号",
		batch_no="LOT-9",
		udi="(01)06900009900018",
	)
	file = c.upload(attached_to_doctype=FEEDBACK, attached_to_name=doc.name)
	page = sheet(doc)
	contains(page, "顾客信息反馈单 Customer Feedback", "QP17-01 A/0", doc.name, "尚未评估：是否为投诉未决定")
	contains(page, "NOT SIGNED", "临床机构 Clinical Institution", "电话 Phone", "LOT-9", "顾医生", "5555")
	contains(page, "The catheter leaks at the hub", file.file_name, contents.file_hash(file), last_hash(doc))
	with as_user(world.person(roles.QUALITY)):
		f.api.link_duplicate(doc.name, f.shown(doc), first.name)
	f.assess(world, doc.reload(), "Not a Complaint")
	contains(sheet(doc), "尚未答复 NOT ANSWERED", "咨询 Enquiry", "Asks for a catalogue", first.name)
	f.answer(world, doc, "Sent the catalogue 目录已寄出")
	page = sheet(doc)
	contains(page, "目录已寄出", "E-mail, today", doc.answered_by_name)
	for signature in ledger.signatures(FEEDBACK, doc.name):
		contains(page, f"{signature.full_name} ({signature.signer})", signature.meaning)
	assert "NOT ANSWERED" not in page and "NOT SIGNED" not in page and "尚未评估" not in page


@pytest.mark.rule("H2")
def test_feedback_that_is_a_complaint_names_it_and_what_is_deficient(world: c.World) -> None:
	doc = f.assess(world, f.recorded(world), "Complaint", deficiencies=["Safety", "Usability"])
	page = sheet(doc)
	contains(
		page, doc.complaint, "投诉 Complaint", "安全性 Safety", "可用性 Usability", "控制中放行的医疗器械"
	)
	assert "How and When It Was Given" not in page


@pytest.mark.rule("H3", "H4", "H5", "K3", "K4", "K6")
def test_a_closed_complaint_is_printed_with_all_that_its_record_holds(world: c.World) -> None:
	doc = closed(world)
	photo = c.upload(attached_to_doctype=FEEDBACK, attached_to_name=doc.feedback)
	page = sheet(doc)
	contains(page, "用户投诉及处理记录 Customer Complaint", "QP07-01 A/0", doc.name, last_hash(doc), "相符")
	# 21 CFR 820.35(a), in its order.
	contains(page, doc.item_name, f"{doc.received_on:%Y-%m-%d %H:%M:%S}", "(01)06900009900018", "LOT-1")
	contains(page, "Dr Gu", "上海市徐汇区 1 号", "+86 10 5555", "The catheter leaks at the hub")
	contains(page, doc.investigation_begun, "glued at too low a temperature", "Blocked in the warehouse")
	contains(page, "We are sorry A new one is on its way", "器械是否不符合规格 Did the Device Fail")
	contains(page, "治疗 Treatment", "The leak caused it")
	# Severity, codes, responsibility.
	contains(page, "按矩阵 By the Matrix 高 High", "Found before use", "生产部 Production")
	contains(
		page,
		"问题 Problem",
		"渗漏 Leak",
		"原因 Cause",
		"粘接失效 Adhesive failure",
		"皮肤刺激 Skin irritation",
	)
	# Actions, their documents and what became of them.
	contains(page, "纠正措施 Corrective Action", "Oven too cold", "Completed", "Resolved", "Glue line 3")
	for row in doc.corrections:
		contains(page, row.non_conformance or row.quality_action or "Block the batch")
	contains(page, "No leak in 100 pieces", "None of 100 leaked", "Nothing is open", "Agreed")
	# Each regime.
	contains(page, "A nurse was injured", "须报告 Reportable", "NMPA-7788", "Through the portal", "SHA-256")
	contains(page, "EU-99", "已报告 Sent")
	assert "NOT SENT YET" not in page
	unconfirmed = frappe.db.exists(
		"Reporting Rule", {"regime": NMPA, "event": "Serious Injury", "confirmed": 0}
	)
	assert unconfirmed and "待确认 TO BE CONFIRMED" in page
	contains(page, photo.file_name, contents.file_hash(photo))
	signatures = ledger.signatures(COMPLAINT, doc.name)
	assert len(signatures) >= 8
	for s in signatures:
		contains(page, f"{s.full_name} ({s.signer})", s.meaning, f"{s.signed_on:%Y-%m-%d %H:%M:%S}")
	for absent in ("NOT CLOSED", "NOT SIGNED", "NOT DECIDED", "STILL OPEN", "OPENED AGAIN", "NOT CODED"):
		assert absent not in page, absent
	seen = []
	for code in ("en", "zh", "de"):
		with language(code):
			seen.append(steady(doc, "Administrator"))
	assert seen[0] == seen[1] == seen[2]


@pytest.mark.rule("H3", "H4", "H5", "K3")
def test_a_complaint_that_is_open_says_what_is_missing(world: c.World) -> None:
	doc = h.complaint(world, item_code=product(NMPA, EU))
	page = sheet(doc)
	contains(page, "尚未关闭 NOT CLOSED", "NOT SIGNED", "尚未判定 NOT DECIDED", "尚未编码 NOT CODED YET")
	contains(page, "尚未调查 NOT INVESTIGATED YET", "尚未答复 NOT ANSWERED YET", "未回答 not answered")
	assert re.search(rf"REPORTING TO REGULATORS NOT DECIDED : .*{NMPA}.*{EU}", page)
	# What is empty may still be filled in: nothing is struck.
	assert not re.search(r"有效性判定准则 Criterion of Effectiveness /", page)


@pytest.mark.rule("H3")
def test_why_a_complaint_is_not_investigated_is_printed(world: c.World) -> None:
	similar = h.investigated(world, h.complaint(world))
	doc = h.rated(world, h.complaint(world, item_code=product(NMPA)))
	r.answer(world, doc)
	r.decide(world, r.of(doc, NMPA), reportability.NOT_REPORTABLE, "Nobody was harmed")
	h.do(world.person(roles.QUALITY), "propose_none", doc.reload(), "The same batch again", similar.name)
	page = sheet(doc)
	contains(page, "The same batch again", similar.name, "尚未批准 NOT APPROVED", "NOT INVESTIGATED YET")
	h.do(h.second_quality(world), "decide_none", doc, "Approved", "Same lot, same leak")
	page = sheet(doc)
	contains(page, "已批准 Approved", "Same lot, same leak", doc.no_investigation_approved_by_name)
	contains(page, "无须报告 Not Reportable", "Nobody was harmed")
	assert "NOT INVESTIGATED YET" not in page and "NOT APPROVED" not in page


@pytest.mark.rule("H5", "K2")
def test_a_complaint_that_was_opened_again_says_what_is_void(world: c.World) -> None:
	doc = closed(world)
	assert "VOID" not in sheet(doc)
	h.do(world.person(roles.SERVICE), "reopen", doc, "Actions", "Another piece of the lot leaks")
	page = sheet(doc)
	contains(
		page,
		"已重新打开 OPENED AGAIN",
		"Another piece of the lot leaks",
		"措施 Actions",
		"尚未关闭 NOT CLOSED",
	)
	assert page.count("已失效：其后重新打开 VOID: opened again since") == 3
	# Actions and the reply are done anew; the investigation still holds.
	assert page.count("须重新进行：其后投诉已重新打开 TO BE DONE AGAIN") == 1
	contains(page, "Nothing is open", "glued at too low a temperature")


@pytest.mark.rule("K7")
def test_the_patient_is_printed_where_somebody_asks_who_may_and_nowhere_else(world: c.World) -> None:
	quality = world.person(roles.QUALITY)
	with as_user(quality):
		reported = frappe.get_doc(f.values(**PATIENT)).insert()
		nobody = frappe.get_doc(f.values()).insert()
	doc = h.complaint(world, item_code=product(NMPA), **PATIENT)
	for one in (reported, doc):
		for role in (roles.QUALITY, MANAGEMENT, roles.SALES_USER, roles.SERVICE, roles.AUDITOR):
			page = html(one, world.person(role))
			assert WITHHELD in text(page), role
			assert not [value for value in PATIENT.values() if value in page], role
		with as_user(quality):
			file = frappe.attach_print(one.doctype, one.name, print_format=one.doctype)["fcontent"]
			assert "Fever" not in "".join(pages(file)) and "Withheld(K7)" in "".join(pages(file))
			page = patient_show.print_form(one.doctype, one.name, one.doctype)
			assert WITHHELD not in text(page)
			contains(text(page), *PATIENT.values())
		with as_user(world.person(roles.AUDITOR)), pytest.raises(QMSRefusal, match="K7"):
			patient_show.print_form(one.doctype, one.name, one.doctype)
	# Whether anything is known is not told either.
	with_it, without = (text(html(one, world.person(roles.AUDITOR))) for one in (reported, nobody))
	assert with_it.count("K7") == without.count("K7") and WITHHELD in with_it and WITHHELD in without


@pytest.mark.rule("H4", "K6")
def test_a_decision_is_printed_with_rules_deadlines_and_exchanges(world: c.World) -> None:
	doc = r.complaint(NMPA, event_country="China")
	decision = r.of(doc, NMPA)
	page = sheet(decision)
	contains(
		page,
		"可报告性判定记录 Reportability Decision",
		"QMS-CR-19",
		"不得视为无须报告",
		"未回答 not answered",
	)
	contains(page, "Asia/Shanghai", "TO BE CONFIRMED", "National Medical Products")
	r.answer(world, doc, serious_injury="Yes")
	r.decide(world, decision.reload(), reportability.REPORTABLE, "The patient was hospitalised")
	page = sheet(decision)
	contains(page, "REPORT NOT SENT YET", f"{decision.due_on:%Y-%m-%d %H:%M:%S}", "hospitalised")
	contains(page, "20 日历日 Calendar Days", "严重伤害 Serious Injury", decision.decided_by_name)
	r.send(world, decision, number="NMPA-1", comment="By <b>post</b>")
	page = sheet(decision)
	contains(page, "NMPA-1", "By <b>post</b>", decision.exchanges[0].file_hash, "首次报告 Initial Report")
	assert "NOT SENT YET" not in page and "LATE" not in page and "无后续 Nothing More" in page
	r.send(
		world,
		decision,
		direction=reportability.FROM,
		kind=reportability.QUESTION,
		number="NMPA-Q",
		file="",
		comment="Which batch?",
	)
	for page in (sheet(decision), sheet(doc.reload())):
		contains(page, "NMPA-Q", "对询问的答复 Answer to a Question", str(decision.exchanges[1].next_day))
	page = sheet(decision)
	contains(page, "NOT SENT YET TO THE REGULATOR", f"{decision.first_due_on:%Y-%m-%d %H:%M:%S}")
	assert "REPORT NOT SENT YET" not in page
	r.send(world, decision, kind=reportability.ANSWER, number="NMPA-A")
	page = sheet(decision)
	contains(page, "NMPA-A", "NMPA-Q (")
	assert "NOT SENT YET" not in page
	for s in ledger.signatures(DECISION, decision.name):
		contains(page, f"{s.full_name} ({s.signer})", s.meaning)
	frappe.db.set_value(
		"Reporting Clock",
		{"parent": decision.name},
		"sent_on",
		add_to_date(decision.clocks[0].due_on, hours=1),
	)
	contains(sheet(decision), "逾期 LATE", "记录核验不符")


@pytest.mark.rule("L1")
def test_a_print_shows_no_more_than_its_reader_may_read(world: c.World) -> None:
	doc = r.answer(world, r.complaint(NMPA), death="Yes")
	decision = r.decide(world, r.of(doc, NMPA), reportability.NOT_REPORTABLE, "Died of something else")
	finance = world.person(roles.FINANCE)
	page = sheet(doc, finance)
	assert "something else" not in page and "1 项未显示" in page
	assert "something else" in sheet(doc, world.person(roles.SERVICE))
	for one in (doc, decision, f.recorded(world)):
		with pytest.raises(frappe.PermissionError):
			html(one, make_user("Stock User"))
	friend = make_user("Stock User")
	frappe.share.add_docshare(
		DECISION, decision.name, friend, read=1, flags={"ignore_share_permission": True}
	)
	page = sheet(decision, friend)
	assert "问题与规则未显示" in page and "是否有人死亡" not in page and "something else" in page


@pytest.mark.rule("H8")
def test_a_signal_is_printed_with_its_numbers_and_its_assessment(world: c.World) -> None:
	item = c.item()
	(name,) = test_signals.watched(item, 5)
	signal = frappe.get_doc(SIGNAL, name)
	contains(
		sheet(signal), "投诉信号记录 Complaint Signal", "QMS-CR-24", "尚未评估 NOT ASSESSED", item, "0.00032"
	)
	contains(sheet(signal), f"CC-{item}-5", "1,000", "NOT SIGNED")
	with as_user(world.person(roles.QUALITY)):
		test_signals.assess(name, signal_rules.ACTION, "Mould 3 is worn 模具磨损")
	page = sheet(signal)
	contains(page, "模具磨损", "需要采取措施 Action Needed")
	assert "NOT ASSESSED" not in page and "NOT SIGNED" not in page


@pytest.mark.rule("K6")
def test_what_guests_and_customers_wrote_is_text(world: c.World) -> None:
	"""As it lies in the database, whatever was cleaned on its way there."""
	one, doc = f.recorded(world), h.complaint(world, item_code=product(NMPA))
	reply = {"kind": "Interim", "how": "Letter", "message": "x", "recipient": "x"}
	h.do(world.person(roles.SERVICE), "record_reply", doc, **reply)
	device = ("details", "batch_no", "serial_no", "udi", "customer_name", "item_name")
	contact = ("subject", "aware_by", "contact_name", "contact_email", "contact_phone", "contact_address")
	said = (
		(one, (*device, *contact)),
		(doc, (*device, "complainant", "complainant_contact", "why_not_known")),
	)
	for record, fields in said:
		name = f"{frappe.generate_hash(length=6)}<svg onload=alert(3)>.txt"
		file = c.upload(attached_to_doctype=record.doctype, attached_to_name=record.name)
		frappe.db.set_value("File", file.name, "file_name", name, update_modified=False)
		frappe.db.set_value(record.doctype, record.name, dict.fromkeys(fields, EVIL), update_modified=False)
	row = {"parent": doc.name}
	frappe.db.set_value("Complaint Reply", row, {"message": f"<p>a</p>{EVIL}", "recipient": EVIL})
	for record, fields in said:
		page = html(record, world.person(roles.QUALITY))
		for tag in ("<img src=x", "<script>alert", "<svg onload"):
			assert tag not in page, tag
		assert "&lt;svg onload" in page
		# Each of them is there, and none is a template.
		assert page.count("{{ 7*7 }}") >= len(fields) and page.count("&lt;img src=x") >= len(fields)
	with as_user(world.person(roles.QUALITY)):
		about = frappe.get_doc(f.values(**dict.fromkeys(PATIENT, EVIL))).insert()
		page = patient_show.print_form(FEEDBACK, about.name, FEEDBACK)
	assert "{{ 7*7 }}" in page and "<img src=x" not in page and "<script>alert" not in page


@pytest.mark.rule("K6")
@pytest.mark.parametrize("make", [finished, h.complaint])
def test_the_pdf_of_a_complaint_is_numbered_and_long_texts_go_on(world: c.World, make: object) -> None:
	doc = make(world, details=LONG)
	with as_user(world.person(roles.AUDITOR)):
		sheets = pages(frappe.get_print(COMPLAINT, doc.name, COMPLAINT, as_pdf=True))
	form = prints.form_of(doc)
	for number, one in enumerate(sheets, 1):
		contains(
			one, f"Page{number}of{len(sheets)}", f"第{number}", f"{form.number}{form.version}·{doc.name}"
		)
		contains(one, last_hash(doc)[:16])
	whole = "".join(sheets)
	assert whole.count("护士在更换敷料时发现") >= 55 and "W" * 40 in whole and "Withheld(K7)" in whole
	assert ("NOTSENTYET" in whole) is (make is finished)
	# A text that goes over the end of a page leaves no page nearly empty before it.
	assert all(len(one) > 300 for one in sheets[:-1])
	assert doc.workflow_state == (rules.CLOSING if make is finished else rules.INVESTIGATING)


@pytest.mark.rule("K4", "K6")
def test_each_has_its_form_and_its_print_is_the_default(world: c.World) -> None:
	for doctype, number in (
		(FEEDBACK, "QP17-01"),
		(COMPLAINT, "QP07-01"),
		(DECISION, "QMS-CR-19"),
		(SIGNAL, "QMS-CR-24"),
	):
		assert frappe.get_meta(doctype).default_print_format == doctype
		form = frappe.get_cached_value("Print Format", doctype, ["doc_type", "pdf_generator"], as_dict=True)
		assert (form.doc_type, form.pdf_generator) == (doctype, "qms_customer")
		made = frappe._dict(doctype=doctype, creation=now_datetime())
		assert prints.form_of(made).number == number
