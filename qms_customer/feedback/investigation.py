"""A complaint is investigated, or the reason for not doing so is recorded and approved (H3)."""

from collections.abc import Mapping
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import getdate, nowdate

from qms_customer.contract.settings import departments
from qms_customer.feedback import coding, complaint_inbox, complaints, handled, reporting, standing
from qms_customer.messages import refuse, refuse_one
from qms_customer.records import signing
from qms_customer.returns import opened
from qms_customer.rules import complaint as rules
from qms_customer.rules import event_codes, mark, says
from qms_customer.rules.people import QUALITY
from qms_customer.rules.review import Refusal

# K3: what the signatures mean.
INVESTIGATED = mark("Complaint Investigated")
PROPOSED = mark("No Investigation Proposed")
NOT_INVESTIGATED = mark("No Investigation Approved")
TO_INVESTIGATE = mark("No Investigation Rejected")
EVENT_COMPLETED = mark("Reportable Event Completed")

CONFIRMED = {"Yes": True, "No": False, "Could Not Be Told": None}
# 21 CFR 820.35(b): what the investigation of a reportable event answers.
REPORTABLE = ("failed_specification", "used_for", "event_relation")


def finish(name: str, content_hash: str, given: Mapping[str, Any]) -> Document:
	"""Record, signed by who investigated, what was found; returns the complaint (H3).

	`given`: begun, ended, results, confirmed, cause_code, problem_codes, health_codes, department,
	no_department, and what reportable events need.
	"""
	doc = _at(name, content_hash)
	role = opened.require_role("H3", mark("A complaint is investigated by: {0}."), handled.INVESTIGATORS)
	texts = {k: str(v).strip() for k, v in given.items() if v is not None and not isinstance(v, list)}
	one = rules.Investigation(
		handled.day(texts.get("begun")),
		handled.day(texts.get("ended")),
		texts.get("results", ""),
		texts.get("cause_code", ""),
		CONFIRMED.get(texts.get("confirmed", "")),
		texts.get("department", ""),
		texts.get("no_department", ""),
		frappe.session.user,
	)
	found = [*_unrated(doc), *complaints.lacking(doc)]
	found += rules.investigation_refusals(one, getdate(doc.received_on), getdate(nowdate()))
	if texts.get("confirmed") not in CONFIRMED:
		found.append(Refusal("H3", mark("Say whether what is complained about was found.")))
	if one.department and one.department not in {d.name for d in departments()}:
		found.append(Refusal("H3", mark("{0} is no department of the settings."), (one.department,)))
	if reporting.reportable(doc.name):
		found += event_refusals(doc, texts)
	codes = {table: _codes(given.get(table)) for table in (event_codes.PROBLEM, event_codes.HEALTH)}
	found += coding.refusals({event_codes.CAUSE: [one.cause], **codes})
	if found:
		refuse(found)
	signing.in_hand()
	doc.update(
		{
			"investigation_begun": one.begun,
			"investigation_ended": one.ended,
			"investigation_results": one.results,
			"confirmed": texts["confirmed"],
			"cause_code": one.cause,
			"department": one.department or None,
			"no_department": one.no_department or None,
			**{field: texts.get(field) or None for field in REPORTABLE},
			**{table: [{"event_code": c} for c in rows] for table, rows in codes.items()},
			**handled.signed_now("investigated"),
		}
	)
	_write(doc)
	signing.sign(doc, INVESTIGATED, role, "", one.results, content_hash)
	complaint_inbox.ask(doc)
	return doc


def complete_event(name: str, content_hash: str, given: Mapping[str, Any]) -> Document:
	"""Record, signed by Quality, what the record of a reportable event holds, where that was decided after
	the investigation; returns the complaint (H4; 21 CFR 820.35(b)).
	"""
	doc = handled.open_one(name, content_hash, rule="H4")
	role = handled.require_quality()
	texts = {field: str(given.get(field) or "").strip() for field in REPORTABLE}
	found = event_refusals(doc, texts)
	for field in REPORTABLE[:2]:
		if texts[field] and texts[field] not in (doc.meta.get_options(field) or "").split("\n"):
			found.append(Refusal("H4", mark("{0} is no answer to this."), (texts[field],)))
	if found:
		refuse(found)
	signing.in_hand()
	doc.update(texts)
	opened.save(doc)
	signing.sign(doc, EVENT_COMPLETED, role, "", texts["event_relation"], content_hash)
	complaint_inbox.ask(doc)
	return doc


def event_refusals(doc: Document, given: Mapping[str, Any] | None = None) -> list[Refusal]:
	"""Return what the record of a reportable event lacks (H4; 21 CFR 820.35(b)); `given`: what is to be
	written on it.
	"""
	values = doc if given is None else given
	return [
		Refusal("H4", mark("The event is reportable: fill in {0}."), (_(doc.meta.get_label(field)),))
		for field in REPORTABLE
		if not says(values.get(field) or "")
	]


def propose_none(name: str, content_hash: str, reason: str, similar: str = "") -> Document:
	"""Propose, signed by Quality, that a complaint is not investigated; returns it (H3).

	Somebody else approves it (C12). Until then it waits to be investigated as before.
	"""
	doc = _at(name, content_hash)
	role = handled.require_quality()
	found = _unrated(doc) + _none_refusals(doc, reason, similar, frappe.session.user)
	if found:
		refuse(found)
	signing.in_hand()
	doc.update(
		{
			"no_investigation_reason": reason,
			"similar_complaint": similar or None,
			**handled.signed_now("no_investigation"),
			**_not_approved(),
		}
	)
	_write(doc)
	signing.sign(doc, PROPOSED, role, "", reason, content_hash)
	complaint_inbox.ask(doc)
	return doc


def decide_none(name: str, content_hash: str, decision: str, comment: str) -> Document:
	"""Approve or reject, signed by somebody else of Quality, that a complaint is not investigated; returns it
	(H3, C12).
	"""
	doc = _at(name, content_hash)
	role = opened.require_role("H3", mark("That it is not investigated is approved by: {0}."), (QUALITY,))
	if not doc.no_investigation_on or doc.no_investigation_approved_on:
		refuse_one("H3", mark("Nobody has proposed not to investigate {0}."), doc.name)
	if decision not in ("Approved", "Rejected"):
		refuse_one("H3", mark("Approve it, or reject it."))
	if decision == "Rejected" and not says(comment):
		refuse_one("H3", mark("Say why it is to be investigated."))
	approving = decision == "Approved"
	found = complaints.lacking(doc) if approving else []
	found += [
		one
		for one in _none_refusals(
			doc,
			doc.no_investigation_reason or "",
			doc.similar_complaint or "",
			doc.no_investigation_by,
			frappe.session.user,
		)
		# What stands against it is the reason to reject it.
		if approving or one.rule == "C12"
	]
	if found:
		refuse(found)
	signing.in_hand()
	if approving:
		doc.update(handled.signed_now("no_investigation_approved"))
	else:
		doc.update(
			{"no_investigation_by": None, "no_investigation_by_name": None, "no_investigation_on": None}
		)
	doc.no_investigation_comment = comment or "/"
	_write(doc)
	signing.sign(doc, NOT_INVESTIGATED if approving else TO_INVESTIGATE, role, "", comment, content_hash)
	complaint_inbox.ask(doc)
	return doc


def _at(name: str, content_hash: str) -> Document:
	return handled.open_one(name, content_hash, rules.INVESTIGATING)


def _write(doc: Document) -> None:
	standing.settle(doc)
	opened.save(doc)


def _unrated(doc: Document) -> list[Refusal]:
	return [] if doc.severity else [Refusal("H5", mark("Decide first how severe the complaint is."))]


def _none_refusals(doc: Document, reason: str, similar: str, by: str, approved_by: str = "") -> list[Refusal]:
	other = (
		frappe.db.get_value(
			handled.DOCTYPE, similar, ["name", "investigated_on", "investigation_results"], as_dict=True
		)
		if similar
		else None
	)
	one = rules.NoInvestigation(
		reason or "",
		similar or "",
		bool(other and standing.is_investigated(other)),
		bool(reporting.reportable(doc.name) or reporting.undecided(doc.name)),
		by,
		approved_by,
	)
	return rules.no_investigation_refusals(one, doc.name)


def _not_approved() -> dict[str, None]:
	return dict.fromkeys(f"no_investigation_approved_{name}" for name in ("by", "by_name", "on"))


def _codes(given: Any) -> list[str]:
	rows = given if isinstance(given, list) else [] if not given else str(given).split("\n")
	return list(dict.fromkeys(str(one).strip() for one in rows if str(one).strip()))
