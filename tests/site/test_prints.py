"""Records on paper: what the prints carry, whatever the user's language, as page and as PDF (K2-K4, K6)."""

from __future__ import annotations

import html as entities
import io
import json
import re
import shutil
import sys

import frappe
import pytest
from frappe.model.document import Document
from frappe.utils import add_to_date, now_datetime
from frappe.www.printview import get_html_and_style
from pypdf import PdfReader, PdfWriter

from qms_customer.records import api, corrections, ledger, pdf, prints
from qms_customer.rules import forms
from qms_customer.rules import people as roles
from qms_customer.shown import language
from tests.support import contracts as c
from tests.support.people import as_user, make_user

REVIEW, OPINION = "Contract Review", "Contract Review Opinion"
needs_wkhtmltopdf = pytest.mark.skipif(not shutil.which("wkhtmltopdf"), reason="wkhtmltopdf is not there")


def html(doc: Document, user: str | None = None) -> str:
	"""Return the print of a record as the Desk shows it."""
	with as_user(user or "Administrator"):
		return get_html_and_style(doc.doctype, doc.name, doc.doctype)["html"]


def text(page: str) -> str:
	"""Return what a reader of a page sees."""
	page = re.sub(r"<(style|script)\b.*?</\1>", " ", page, flags=re.DOTALL)
	return re.sub(r"\s+", " ", entities.unescape(re.sub(r"<[^>]*>", " ", page)))


def printed(doc: Document, **values: object) -> bytes | PdfWriter:
	"""Return the PDF of a record as the Desk downloads it."""
	with as_user("Administrator"):
		frappe.local.form_dict.pop("pdf_generator", None)
		return frappe.get_print(doc.doctype, doc.name, doc.doctype, as_pdf=True, **values)


def pages(file: bytes) -> list[str]:
	"""Return the texts of the pages without blanks, which stand where the renderer likes."""
	return [re.sub(r"\s+", "", page.extract_text()) for page in PdfReader(io.BytesIO(file)).pages]


def decided(world: c.World) -> Document:
	return c.approve(world, c.order(c.item(stock=50)))


def overruled(world: c.World) -> Document:
	review = c.start(world, c.order(c.item()))
	said = "缺量规 <b>no</b> gauge"
	c.answer(world, review, "Quality", answer="Not Met", comment=said, action_blocks="Nothing")
	c.answer_all(world, review)
	return c.decide(review.reload(), world.gm, overrule_reason="gauge on loan from the customer")


def undecided(world: c.World) -> Document:
	return c.start(world, c.order(c.item(stock=50)))


def corrected(world: c.World) -> Document:
	review = decided(world)
	with as_user(world.vp):
		corrections.correct(REVIEW, review.name, "solution", "分两批 in <two> lots", "笔误 & slip", shown="/")
	return review.reload()


def last_hash(doc: Document) -> str:
	return list(ledger.entries(doc.doctype, doc.name))[-1].entry.chain_hash


@pytest.mark.rule("K2", "K3", "K6")
@pytest.mark.parametrize("make", [decided, overruled, undecided, corrected])
def test_a_print_carries_form_signatures_and_hash(world: c.World, make: object) -> None:
	review = make(world)
	for doc in (review, c.opinion(review, "Sales")):
		page = text(html(doc))
		form = prints.form_of(doc)
		for part in (doc.name, form.number, form.version, last_hash(doc), "签名 Signatures", "打印 Printed"):
			assert part in page, part
		assert "data:image/svg+xml;base64," in html(doc)
		assert "相符" in page and "不符" not in page
		signatures = ledger.signatures(doc.doctype, doc.name)
		assert ("未签名 NOT SIGNED" in page) == (not signatures)
		for s in signatures:
			assert f"{s.full_name} ({s.signer})" in page
			assert f"{s.signed_on:%Y-%m-%d %H:%M:%S} {s.time_zone}" in page
			assert s.meaning in page
	assert bool(ledger.signatures(REVIEW, review.name)) == (make is not undecided)


@pytest.mark.rule("K6")
def test_a_review_is_printed_whole(world: c.World) -> None:
	review = overruled(world)
	page = text(html(review))
	assert "常规合同评审表 Routine Contract Review" in page and "QMS-CR-01 A/0" in page
	for label in (
		*("顾客明示的要求", "Requirements", "分类判据与证据", "与以前表述不一致的要求"),
		*("顾客确认", "部门评审意见", "措施 Actions", "解决方案/对策"),
		*("Sterile, delivered on pallets", "gauge on loan from the customer"),
	):
		assert label in page, label
	for criterion in review.criteria:
		for e in json.loads(criterion.evidence):
			assert e["message"].format(*e["args"]) in page
	for name in frappe.get_all(OPINION, filters={"contract_review": review.name}, pluck="name"):
		opinion = frappe.get_doc(OPINION, name)
		assert name in page and all(a.aspect in page for a in opinion.answers)
		(signature,) = ledger.signatures(OPINION, name)
		assert f"{signature.full_name} ({signature.signer})" in page
	assert "有异议 Objected" in page
	assert all(row.item_code in page for row in frappe.get_doc("Sales Order", review.reference_name).items)
	opinion = text(html(c.opinion(review, "Quality")))
	assert "合同评审意见表" in opinion and "缺量规" in opinion and "Overruled" in opinion


@pytest.mark.rule("K3")
def test_what_is_not_decided_says_so(world: c.World) -> None:
	review = undecided(world)
	page = text(html(review))
	assert "尚未审批，未签名 NOT DECIDED, NOT SIGNED" in page
	assert "尚未出具，未签名 NOT GIVEN, NOT SIGNED" in page
	assert "尚未出具，未签名 NOT GIVEN, NOT SIGNED" in text(html(c.opinion(review, "Sales")))
	c.answer_all(world, review)
	c.decide(review.reload(), world.vp)
	page = text(html(review))
	assert "NOT DECIDED" not in page and "NOT SIGNED" not in page and "NOT GIVEN" not in page


@pytest.mark.rule("K2")
def test_a_correction_keeps_the_old_value_legible(world: c.World) -> None:
	review = corrected(world)
	page = html(review)
	assert re.search(r"<del>/</del><sup[^>]*>\[1\]</sup>\s*<ins>分两批 in &lt;two&gt; lots</ins>", page)
	(one,) = corrections.of(REVIEW, review.name)
	row = "[1] 解决方案/对策 Solution / Countermeasure / → 分两批 in <two> lots 笔误 & slip"
	assert f"{row} {one.corrected_by_name}, {one.corrected_on:%Y-%m-%d %H:%M:%S}" in text(page)
	assert "Corrected" in text(page)


@pytest.mark.rule("K6")
def test_both_languages_whatever_the_users(world: c.World) -> None:
	review = overruled(world)
	for doc in (review, c.opinion(review, "Sales")):
		seen = []
		for code in ("en", "zh", "de"):
			with language(code):
				seen.append(re.sub(r"打印 Printed .*", "", text(html(doc))))
		assert seen[0] == seen[1] == seen[2]


def test_what_people_wrote_is_text_and_not_html(world: c.World) -> None:
	review = overruled(world)
	for doc in (review, c.opinion(review, "Quality")):
		page = html(doc)
		assert "<b>no</b>" not in page and "&lt;b&gt;no&lt;/b&gt;" in page
	evil = "<img src=x onerror=alert(1)>\"'{{ 7*7 }}"
	frappe.db.set_value(REVIEW, review.name, "customer_name", evil, update_modified=False)
	page = html(review)
	assert "<img src=x" not in page and "&lt;img src=x" in page and "{{ 7*7 }}" in page


@pytest.mark.rule("K6")
def test_who_may_not_read_gets_no_print(world: c.World) -> None:
	review = decided(world)
	opinion = c.opinion(review, "Sales")
	stranger = make_user("Stock User")
	for doc in (review, opinion):
		with pytest.raises(frappe.PermissionError):
			html(doc, stranger)
		with as_user(stranger), pytest.raises(frappe.PermissionError):
			frappe.get_print(doc.doctype, doc.name, doc.doctype, as_pdf=True)
		with as_user(stranger), pytest.raises(frappe.PermissionError):
			api.print_version(doc.doctype, doc.name, 1)
	# Nor by a template of their own that calls the same function.
	with as_user(stranger), pytest.raises(frappe.PermissionError):
		prints.stored(frappe.get_doc({"doctype": REVIEW, "name": review.name}))
	auditor = make_user(roles.AUDITOR)
	assert review.name in html(review, auditor)


@pytest.mark.rule("K6")
def test_who_may_not_read_the_contract_gets_no_print_of_its_review(world: c.World) -> None:
	review = decided(world)
	auditor = make_user(roles.AUDITOR)
	frappe.get_doc(
		{
			"doctype": "User Permission",
			"user": auditor,
			"allow": "Customer",
			"for_value": c.customer(),
			"apply_to_all_doctypes": 1,
		}
	).insert()
	for doc in (review, c.opinion(review, "Sales")):
		with pytest.raises((frappe.PermissionError, frappe.PrintFormatError)):
			html(doc, auditor)
		for door in (api.print_version, api.get_version):
			with as_user(auditor), pytest.raises(frappe.PermissionError):
				door(doc.doctype, doc.name, 1)


@pytest.mark.rule("K6")
def test_a_print_shows_no_opinion_that_its_reader_may_not_read(world: c.World) -> None:
	review = overruled(world)
	friend = make_user("Stock User")
	flags = {"ignore_share_permission": True}
	frappe.share.add_docshare(REVIEW, review.name, friend, read=1, flags=flags)
	page = text(html(review, friend))
	assert "缺量规" not in page and "4 项未显示" in page and "1 项未显示" in page
	assert "缺量规" in text(html(review))


@pytest.mark.rule("K2")
def test_what_is_printed_is_what_is_stored(world: c.World) -> None:
	review = undecided(world)
	sent = review.as_dict()
	sent.update(decision="Approved", decision_comment="FORGED", docstatus=1, customer_name="FORGED")
	with as_user("Administrator"):
		page = get_html_and_style(frappe.as_json(sent), print_format=REVIEW)["html"]
	assert "FORGED" not in page and "NOT DECIDED" in page


@pytest.mark.rule("K2")
def test_a_record_that_was_altered_says_so_on_paper(world: c.World) -> None:
	review = decided(world)
	frappe.db.set_value(REVIEW, review.name, "decision_comment", "tampered", update_modified=False)
	assert "记录核验不符 The record does not verify : " in text(html(review))
	opinion = c.opinion(review, "Sales")
	place = {"reference_name": opinion.name, "sequence": 1}
	frappe.db.set_value(ledger.SNAPSHOT, place, "content", "{}", update_modified=False)
	assert "The record does not verify" in text(html(opinion))


@pytest.mark.rule("K4")
def test_a_record_keeps_the_form_that_was_in_force_when_it_was_made(world: c.World) -> None:
	review = decided(world)
	settings = frappe.get_doc("QMS Customer Settings")
	assert {f.record_type for f in settings.record_forms} == {f.record_type for f in forms.DEFAULTS}
	row = next(f for f in settings.record_forms if f.record_type == forms.ROUTINE_REVIEW)
	row.form_version, settings.change_reason = "B/1", "form revised"
	c.save_settings(settings)
	signed = ledger.signatures("QMS Customer Settings", "QMS Customer Settings")[-1]
	assert signed.comment == "form revised"
	assert prints.form_of(review).version == "A/0"
	later = undecided(world)
	later.creation = add_to_date(now_datetime(), seconds=5)
	assert (prints.form_of(later).number, prints.form_of(later).version) == ("QMS-CR-01", "B/1")


@pytest.mark.rule("K4")
@pytest.mark.parametrize(
	("change", "said"),
	[
		({"form_number": " "}, "(?i)number"),
		({"retention_years": -1}, "years"),
		({"record_type": forms.NON_ROUTINE_REVIEW}, "two forms"),
	],
)
def test_settings_refuse_a_form_that_is_none(change: dict, said: str) -> None:
	settings = frappe.get_doc("QMS Customer Settings")
	settings.record_forms[0].update(change)
	settings.change_reason = "try"
	with pytest.raises(frappe.ValidationError, match=said):
		c.save_settings(settings)


# Past versions


@pytest.mark.rule("K2", "K6")
def test_a_past_version_says_which_it_is(world: c.World) -> None:
	review = corrected(world)
	entries = [e.entry for e in ledger.entries(REVIEW, review.name)]
	with as_user(world.sales):
		page = text(api.get_version(REVIEW, review.name, 1)["html"])
		latest = text(api.get_version(REVIEW, review.name, len(entries))["html"])
		api.print_version(REVIEW, review.name, 1)
	first = entries[0]
	person = frappe.db.get_value("User", first.by, "full_name")
	on = frappe.db.get_value(ledger.SNAPSHOT, {"reference_name": review.name, "sequence": 1}, "recorded_on")
	assert f"并非当前记录 Past version 1 of {len(entries)}: not the record as it stands" in page
	for part in (review.name, first.event, f"{person} ({first.by})", f"{on:%Y-%m-%d %H:%M:%S} "):
		assert part in page
	assert first.content_hash in page and first.chain_hash in page and "未签名 NOT SIGNED" in page
	assert "not the record as it stands" not in latest and "Corrected" in latest and "笔误 & slip" in latest
	response = frappe.local.response
	assert (response.type, response.filename) == ("pdf", f"{review.name}-1.pdf")
	sheets = pages(response.filecontent)
	assert f"Pastversion1of{len(entries)}" in sheets[0] and first.chain_hash in sheets[0]
	for number, sheet in enumerate(sheets, 1):
		assert f"Page{number}of{len(sheets)}" in sheet
		assert review.name in sheet and first.chain_hash[:16] in sheet


@pytest.mark.rule("K2")
def test_a_past_version_that_was_altered_says_so(world: c.World) -> None:
	review = decided(world)
	place = {"reference_name": review.name, "sequence": 1}
	content = frappe.db.get_value(ledger.SNAPSHOT, place, "content").replace(review.customer_name, "Somebody")
	frappe.db.set_value(ledger.SNAPSHOT, place, "content", content, update_modified=False)
	assert "THE STORED CONTENT WAS CHANGED" in api.get_version(REVIEW, review.name, 1)["html"]


# PDF


def check_file(doc: Document, file: bytes) -> None:
	sheets = pages(file)
	form = prints.form_of(doc)
	for number, sheet in enumerate(sheets, 1):
		assert f"Page{number}of{len(sheets)}" in sheet
		assert f"第{number}" in sheet
		assert f"{form.number}{form.version}·{doc.name}" in sheet and last_hash(doc)[:16] in sheet
	whole = "".join(sheets)
	assert last_hash(doc) in whole
	for label in ("合同", "签名", "记录编号", "打印"):
		assert label in whole, label
	if not ledger.signatures(doc.doctype, doc.name):
		assert "NOTSIGNED" in whole


@pytest.mark.rule("K6")
@pytest.mark.parametrize("make", [decided, overruled, undecided, corrected])
def test_the_pdf_numbers_its_pages_and_its_chinese_is_text(world: c.World, make: object) -> None:
	review = make(world)
	for doc in (review, c.opinion(review, "Sales")):
		check_file(doc, printed(doc))


@pytest.mark.rule("K6")
@needs_wkhtmltopdf
def test_so_does_wkhtmltopdf_where_weasyprint_does_not_run(
	world: c.World, monkeypatch: pytest.MonkeyPatch
) -> None:
	review = corrected(world)
	monkeypatch.setitem(sys.modules, "weasyprint", None)
	check_file(review, printed(review))
	check_file(c.opinion(review, "Sales"), printed(c.opinion(review, "Sales")))


@pytest.mark.rule("K6")
def test_a_long_review_breaks_over_pages(world: c.World) -> None:
	rows = [{"item_code": c.item(), "qty": 5 + n, "rate": 100} for n in range(40)]
	review = c.start(world, c.order(rows, days=5))
	file = printed(review)
	check_file(review, file)
	sheets = pages(file)
	assert len(sheets) > 4
	# Each page that a table goes on to begins with its heading.
	assert sum("合同内容" in sheet for sheet in sheets) >= 2
	assert all(row["item_code"].replace(" ", "") in "".join(sheets) for row in rows)


def test_several_records_go_into_one_file_and_a_password_locks_it(world: c.World) -> None:
	review = decided(world)
	writer = PdfWriter()
	assert printed(review, output=writer) is writer
	one = len(writer.pages)
	printed(c.opinion(review, "Sales"), output=writer)
	assert len(writer.pages) > one
	locked = PdfReader(io.BytesIO(printed(review, password="Geheim-1")))
	assert locked.is_encrypted and locked.decrypt("Geheim-1")


def test_other_prints_are_left_to_frappe() -> None:
	assert pdf.generate("Standard", "<p>x</p>", {}, None, "chrome") is None
	assert frappe.get_cached_value("Print Format", REVIEW, "pdf_generator") == pdf.GENERATOR


def test_a_print_fetches_nothing_from_elsewhere() -> None:
	for url in (
		"file:///etc/passwd",
		"http://127.0.0.1/secret",
		"http://localhost/files/../../../site_config.json",
		"http://localhost/files/%2e%2e/%2e%2e/site_config.json",
	):
		with pytest.raises(ValueError):
			pdf._fetch(url)
