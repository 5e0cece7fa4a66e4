"""Feedback 顾客信息反馈单 (QP17-01), complaint 用户投诉及处理记录 (QP07-01), reportability decision and
signal on paper (H1-H5, H8, K6, K7).
"""

from collections.abc import Iterable
from typing import Any

import frappe
from bs4 import BeautifulSoup
from frappe.model.document import Document
from frappe.utils import get_datetime, get_system_timezone
from markupsafe import Markup

from qms_customer.contract.people import full_name
from qms_customer.feedback import handled, intake, patient_show, regimes, reporting, standing
from qms_customer.feedback.decisions import DOCTYPE as DECISION
from qms_customer.records import contents, prints
from qms_customer.returns.prints import quantity
from qms_customer.rules import complaint as rules
from qms_customer.rules import patient as patient_rules
from qms_customer.rules import reportability
from qms_customer.shown import both, language

CODE = "Event Code"
_ENDS_LINE = ("p", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote")


def qms_feedback_form(doc: Document) -> Markup:
	"""Return feedback as the paper form would be; refuses who may not read it (H1, H2, K6, K7)."""
	feedback = prints.stored(doc)
	return _page(
		feedback,
		"prints/customer_feedback.html",
		both("Customer Feedback", "顾客信息反馈单"),
		patient=_patient(feedback),
		deficiencies=(feedback.deficiencies or "").split("\n"),
		full_name=full_name,
		files=contents.attachments(feedback.doctype, feedback.name),
	)


def qms_complaint_form(doc: Document) -> Markup:
	"""Return a complaint as the paper form would be, with all that its record holds (H3-H5; 21 CFR
	820.35(a)); refuses who may not read it.

	What others decided about it is printed for those who may read that.
	"""
	complaint = prints.stored(doc)
	decisions, decisions_withheld = _decisions(complaint.name)
	return _page(
		complaint,
		"prints/customer_complaint.html",
		both("Customer Complaint", "用户投诉及处理记录"),
		patient=_patient(complaint),
		by_matrix=rules.severity(complaint.harm or "", complaint.probability or ""),
		codes=_codes(complaint),
		questions=reportability.QUESTIONS,
		undecided=_undecided(complaint.name),
		decisions=decisions,
		decisions_withheld=decisions_withheld,
		actions=standing.actions(complaint),
		void=_void(complaint),
		text_of=text_of,
		full_name=full_name,
		files=_files(complaint),
		# One that is opened again is not done: what is empty may still be filled in (K1).
		struck=complaint.workflow_state == rules.CLOSED,
		closed=complaint.workflow_state == rules.CLOSED,
	)


def qms_reportability_form(doc: Document) -> Markup:
	"""Return a reportability decision as a paper form, with what was exchanged with the regulator; refuses
	who may not read it (H4, K6).
	"""
	decision = prints.stored(doc)
	complaints, _withheld = prints.readable(handled.DOCTYPE, {"name": decision.complaint}, ["name"])
	known = regimes.read()
	complaint = frappe.get_doc(handled.DOCTYPE, decision.complaint) if complaints else None
	found = reporting.evaluate(complaint, decision.regime, known) if complaint else None
	suggestion = found.suggestion if found else None
	return _page(
		decision,
		"prints/reportability_decision.html",
		both("Reportability Decision", "可报告性判定记录"),
		regime=known.regimes[decision.regime],
		answers=[
			(prints.label_in_both(complaint.meta, one), complaint.get(one)) for one in reportability.QUESTIONS
		]
		if complaint
		else None,
		rules_apply=bool(suggestion and suggestion.rules),
		rules=(suggestion.rules or [one.rule for one in found.possible]) if found else (),
		file_name=file_name,
		files=contents.attachments(decision.doctype, decision.name),
		struck=decision.decision != reportability.UNDECIDED,
	)


def qms_signal_form(doc: Document) -> Markup:
	"""Return a signal of complaints as a paper form; refuses who may not read it (H8, K6)."""
	signal = prints.stored(doc)
	return _page(
		signal,
		"prints/complaint_signal.html",
		both("Complaint Signal", "投诉信号记录"),
		company="",
		quantity=quantity,
		number=lambda value: f"{float(value or 0):.6g}",
		struck=signal.status == "Assessed",
	)


def text_of(html: str) -> str:
	"""Return the text of what was written with mark-up, its lines kept."""
	soup = BeautifulSoup(html or "", "html5lib")
	for tag in soup.find_all("br"):
		tag.replace_with("\n")
	for tag in soup.find_all(_ENDS_LINE):
		tag.append("\n")
	return soup.get_text().strip()


def file_name(url: str) -> str:
	"""Return the name of a file by its address."""
	return (url or "").rpartition("/")[2]


def _page(doc: Document, template: str, title: Markup, **context: Any) -> Markup:
	values = {"company": doc.get("company"), "zone": get_system_timezone(), "listed": _listed, **context}
	return Markup(prints.page(doc, template, title, **values))


def _listed(terms: Iterable[str], context: str | None = None) -> Markup:
	"""Terms in both languages, one a line."""
	return Markup("\n").join(both(one, context=context) for one in terms if one)


def _patient(doc: Document) -> bool:
	"""Whether the patient is printed: where somebody asked for that, who may, which is logged (K7)."""
	values = patient_show.printed(doc)
	# Whether anything is known is not told either.
	doc.update(dict.fromkeys(patient_rules.FIELDS) | values)
	return bool(values)


def _codes(complaint: Document) -> list[tuple[Markup, frappe._dict]]:
	"""Return each code of a complaint with its terms, by what it is a code of; one query."""
	wanted = [(both("Problem", "问题"), row.event_code) for row in complaint.problem_codes]
	if complaint.cause_code:
		wanted.append((both("Cause", "原因"), complaint.cause_code))
	wanted += [(both("Health Effect", "健康影响"), row.event_code) for row in complaint.health_codes]
	known = {
		row.name: row
		for row in frappe.get_all(
			CODE,
			filters={"name": ("in", [code for _kind, code in wanted] or [""])},
			fields=["name", "term", "term_zh", "annex", "edition", "own"],
		)
	}
	return [(kind, known.get(code) or frappe._dict(name=code)) for kind, code in wanted]


def _undecided(complaint: str) -> list[Markup]:
	"""Return the regimes in which it is not decided whether a complaint is reported (H4)."""
	with language("en"):
		found = reporting.undecided(complaint)
	return [both(one) for one in found]


def _decisions(complaint: str) -> tuple[list[frappe._dict], int]:
	"""Return the decisions that the user may read, with deadlines and exchanges, and how many they may not;
	a query for each table.
	"""
	found, withheld = prints.readable(DECISION, {"complaint": complaint})
	tables = {
		field: frappe.get_all(
			frappe.get_meta(DECISION).get_field(field).options,
			filters={"parenttype": DECISION, "parent": ("in", [one.name for one in found] or [""])},
			fields=["*"],
			order_by="idx",
		)
		for field in ("clocks", "exchanges")
	}
	for one in found:
		for field, rows in tables.items():
			one[field] = [row for row in rows if row.parent == one.name]
		for row in one.exchanges:
			row.file_name = file_name(row.file)
	return found, withheld


def _void(complaint: Document) -> dict[str, bool]:
	"""Return which steps are done anew, as the complaint was opened again, and which closings hold (H5)."""
	again = [(row.again, get_datetime(row.reopened_on)) for row in complaint.reopenings]

	def is_void(step: str, *times: Any) -> bool:
		since = rules.counts_from(again, step)
		return any(times) and not any(standing.counts(on, since) for on in times)

	return {
		"investigation": is_void(
			"Investigation", complaint.investigated_on, complaint.no_investigation_approved_on
		),
		"actions": is_void("Actions", complaint.actions_on),
		"effectiveness": is_void("Effectiveness", complaint.checked_on),
		**{row.name: is_void("Reply", row.replied_on) for row in complaint.reply},
		**{row.name: is_void("Closing", row.closed_on) for row in complaint.closings},
	}


def _files(complaint: Document) -> list[dict[str, str]]:
	"""Return the files of a complaint and, for who may read it, of the feedback that it came from."""
	found = contents.attachments(complaint.doctype, complaint.name)
	feedback: Iterable[Any] = ()
	if complaint.feedback:
		feedback, _withheld = prints.readable(intake.DOCTYPE, {"name": complaint.feedback}, ["name"])
	for one in feedback:
		found += contents.attachments(intake.DOCTYPE, one.name)
	return found
