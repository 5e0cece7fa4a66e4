"""What the forms show: the evaluation on a contract, and on reviews and opinions what is being reviewed (C6, C7, C9)."""

import json
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import format_date, format_datetime, get_link_to_form
from jinja2 import Environment, PackageLoader, select_autoescape
from markupsafe import Markup

from qms_customer.contract import approved, authorise, content, decide, facts, inherit, people, reviews, states
from qms_customer.contract.gate import describe
from qms_customer.contract.settings import departments, settings
from qms_customer.messages import say
from qms_customer.rules import content as content_rules
from qms_customer.rules import people as people_rules
from qms_customer.rules import review as rules
from qms_customer.rules.classification import CRITERIA, Classification, Path
from qms_customer.rules.contract import CLASSES, VERBAL_ORDER
from qms_customer.rules.people import SALES_USER

VERDICT_COLOUR = {"Met": "green", "Not Met": "red", "Unknown": "orange"}
ANSWER_COLOUR = {"Met": "green", "Met with Conditions": "orange", "Not Met": "red", "Not Applicable": "gray"}


def overview(doc: Document) -> dict[str, Any]:
	"""Return what the form of a contract document shows about its review: html, buttons, hash (C2-C6, C9)."""
	if doc.docstatus == 2 or not facts.is_gated(doc):
		return {"gated": False, "html": "", "actions": []}
	canonical = content.content_of(doc)
	fingerprint = content_rules.fingerprint(canonical)
	approvals = approved.rows(doc.doctype, [doc.name])
	approval = approved.match(doc.doctype, fingerprint, approvals)
	usable = bool(approval and (doc.docstatus == 1 or approved.is_valid(approval)))
	review = _latest_review(doc)
	classification = facts.evaluate(doc, _overrides(review, fingerprint))
	seats = rules.seats(classification, departments())
	approver = rules.APPROVERS[classification.path]
	base = inherit.base_of(doc)
	differences = inherit.differences(doc, base) if base else []
	verbal = doc.get("qms_contract_form") == VERBAL_ORDER
	inherits = bool(base and base.approval and not differences and not verbal)
	open_review = review if review and review.docstatus == 0 else None
	stale = bool(open_review and open_review.fingerprint != fingerprint)
	full_record = classification.path not in (Path.SIGNATURE, Path.SALES)
	user = frappe.session.user
	actions = []
	if not usable and not (inherits and doc.docstatus == 0) and reviews.may_prepare(user):
		if not open_review or stale:
			actions.append("start")
			if _signature_offered(classification, user, doc):
				actions.append("sign")
	html = _render(
		"overview.html",
		doc=doc,
		classification=classification,
		criteria=_criteria(classification),
		seats=seats,
		approver=approver or SALES_USER,
		reasons=[say(e.message, e.args) for e in classification.reasons],
		missing=[say(m.message, m.args) for m in facts.missing_to_start(doc, full_record)],
		differences=[describe(doc.doctype, c) for c in differences],
		base=base,
		inherits=inherits,
		approval=approval if usable else None,
		expired=approval if approval and not usable else None,
		review=review,
		stale=stale,
		changes=(review.changes or "").splitlines() if stale and review else [],
		opinions=reviews.opinions_of(review.name) if review else [],
		actions_open=[a for a in reviews.actions_of(review.name) if a.status in ("Open", "Done")]
		if review
		else [],
	)
	return {
		"gated": True,
		"html": html,
		"actions": actions,
		"hash": fingerprint,
		"review": review.name if review else None,
		"rejected_same": bool(
			review and review.decision == rules.REJECTED and review.fingerprint == fingerprint
		),
		"committable": usable or inherits,
	}


def review_panel(review: Document) -> dict[str, Any]:
	"""Return what the form of a review shows, which decisions this person may take, and the hash to send back (C12)."""
	doc = frappe.get_doc(review.reference_doctype, review.reference_name)
	canonical = json.loads(review.content)
	opinions = reviews.opinions_of(review.name)
	html = _render(
		"review.html",
		review=review,
		criteria=_stored_criteria(review),
		content=_content(canonical),
		requirements=_by_class(review.requirements),
		documents=review.documents,
		differences=review.discrepancies,
		opinions=opinions,
		actions=reviews.actions_of(review.name),
		changes=(review.changes or "").splitlines(),
	)
	may, why_not = _may_decide(review, opinions)
	return {
		"html": html,
		"hash": reviews.shown_hash(review),
		"may_decide": may,
		"why_not": why_not,
		"acting_for": may and _acting_for(review, opinions),
		"objections": [o.department for o in opinions if o.outcome == "Objected"],
		"may_resubmit": review.workflow_state == states.RETURNED and reviews.may_prepare(frappe.session.user),
		"may_start_next": review.workflow_state in (states.OUT_OF_DATE, states.REJECTED, states.RETURNED)
		and doc.docstatus == 0
		and reviews.may_prepare(frappe.session.user),
		"may_override": review.docstatus == 0
		and bool(
			people.own_roles(frappe.session.user) & ({d.role for d in departments()} | decide.LESS_SCRUTINY)
		),
	}


def opinion_panel(opinion: Document) -> dict[str, Any]:
	"""Return what the form of an opinion shows, what this person may do, and the hash to send back (C6, C11, C13)."""
	review = frappe.get_doc(reviews.REVIEW, opinion.contract_review)
	earlier = frappe.get_doc(reviews.OPINION, opinion.re_affirms) if opinion.re_affirms else None
	changes = []
	if earlier:
		previous = json.loads(frappe.db.get_value(reviews.REVIEW, earlier.contract_review, "content"))
		changes = [
			describe(review.reference_doctype, c)
			for c in content_rules.diff(previous, json.loads(review.content))
		]
	html = _render(
		"opinion.html",
		review=review,
		criteria=_stored_criteria(review),
		content=_content(json.loads(review.content)),
		requirements=_by_class(review.requirements),
		documents=review.documents,
		differences=review.discrepancies,
		earlier=earlier,
		changes=changes,
		stale_changes=(review.changes or "").splitlines(),
	)
	mine = (
		opinion.docstatus == 0
		and not opinion.superseded
		and review.docstatus == 0
		and not review.out_of_date
		and opinion.department_role in people.own_roles(frappe.session.user)
	)
	return {
		"html": html,
		"hash": review.fingerprint,
		"may_give": mine,
		"may_re_affirm": bool(mine and opinion.may_re_affirm),
		"action_due_days": settings().action_due_days,
	}


def authorisation_panel(authorisation: Document) -> dict[str, Any]:
	"""Return what the form of a delivery authorisation shows, and whether this person may decide it (D4)."""
	html = _render("authorisation.html", content=json.loads(authorisation.content), doc=authorisation)
	user = frappe.session.user
	options = people.authorities(user, people_rules.BUSINESS_MANAGER)
	authority, _why = people_rules.choose_authority(options, user, authorise.preparers(authorisation), [])
	return {
		"html": html,
		"hash": authorisation.fingerprint,
		"may_decide": authorisation.docstatus == 0 and authority is not None,
	}


def _may_decide(review: Document, opinions: list) -> tuple[bool, str]:
	if review.docstatus != 0 or review.workflow_state != states.PENDING_APPROVAL:
		return False, ""
	user = frappe.session.user
	options = people.authorities(user, review.approver_role)
	if not options:
		return False, ""
	authority, reason = people_rules.choose_authority(
		options, user, reviews.preparers(review), [o.given_by for o in opinions if o.given_by]
	)
	return authority is not None, _(reason) if reason else ""


def _acting_for(review: Document, opinions: list) -> str:
	user = frappe.session.user
	authority, _reason = people_rules.choose_authority(
		people.authorities(user, review.approver_role),
		user,
		reviews.preparers(review),
		[o.given_by for o in opinions if o.given_by],
	)
	return people.full_name(authority.acting_for) if authority and authority.acting_for else ""


def _signature_offered(classification: Classification, user: str, doc: Document) -> bool:
	return (
		rules.signature_refusal(
			bool(settings().small_amount and settings().small_quantity),
			classification.path,
			people.is_enabled_person(user),
			SALES_USER in people.own_roles(user),
		)
		is None
	)


def _latest_review(doc: Document) -> Document | None:
	name = frappe.db.get_value(
		reviews.REVIEW,
		{"reference_doctype": doc.doctype, "reference_name": doc.name},
		"name",
		order_by="creation desc",
	)
	return frappe.get_doc(reviews.REVIEW, name) if name else None


def _overrides(review: Document | None, fingerprint: str) -> dict:
	return reviews.overrides_of(review) if review and review.fingerprint == fingerprint else {}


def _criteria(classification: Classification) -> list[dict]:
	return [
		{
			"code": c.code,
			"title": CRITERIA[c.code],
			"verdict": c.verdict.value,
			"computed": c.computed.value,
			"evidence": [{"verdict": e.verdict.value, "text": say(e.message, e.args)} for e in c.evidence],
		}
		for c in classification.criteria
	]


def _stored_criteria(review: Document) -> list[dict]:
	return [
		{
			"code": c.criterion,
			"title": c.title,
			"verdict": c.override or c.computed,
			"computed": c.computed,
			"override": c.override,
			"reason": c.override_reason,
			"by": c.override_by_name,
			"evidence": [
				{"verdict": e["verdict"], "text": say(e["message"], e["args"])}
				for e in json.loads(c.evidence)
			],
		}
		for c in review.criteria
	]


def _by_class(requirements: list) -> list[tuple[str, list]]:
	return [(k, [r for r in requirements if r.requirement_class == k]) for k in CLASSES]


def _content(canonical: dict) -> dict[str, Any]:
	"""The canonical content with labels, as a person reads it."""
	doctype = canonical["doctype"]
	meta = frappe.get_meta(doctype)
	head = [(_label(meta, name), _value(meta, name, value)) for name, value in canonical["fields"].items()]
	tables = []
	for table, rows in canonical["tables"].items():
		if table in ("qms_requirements", "qms_documents"):
			continue
		field = meta.get_field(table)
		row_meta = frappe.get_meta(field.options)
		columns = [f.fieldname for f in row_meta.fields if any(f.fieldname in r for r in rows)]
		tables.append(
			{
				"label": field.label or table,
				"columns": [_label(row_meta, c) for c in columns],
				"rows": [[_value(row_meta, c, r.get(c, "")) for c in columns] for r in rows],
			}
		)
	return {"doctype": doctype, "head": sorted(head), "tables": tables}


def _label(meta: Any, name: str) -> str:
	field = meta.get_field(name)
	return _(field.label or name) if field else name


def _value(meta: Any, name: str, value: str) -> str:
	field = meta.get_field(name)
	if not field or not value:
		return value
	if field.fieldtype == "Date":
		return format_date(value)
	if field.fieldtype == "Check":
		return _("Yes") if value == "1" else _("No")
	if field.fieldtype in ("Text Editor", "HTML Editor"):
		return frappe.utils.strip_html(value)
	if field.fieldtype == "Select":
		return _(value)
	return value


def _render(template: str, **context: Any) -> str:
	env = Environment(
		loader=PackageLoader("qms_customer", "templates/panels"),
		autoescape=select_autoescape(default_for_string=True, default=True),
		trim_blocks=True,
		lstrip_blocks=True,
	)
	env.globals.update(
		_=_,
		link=lambda doctype, name, label=None: Markup(get_link_to_form(doctype, name, label or name)),
		full_name=people.full_name,
		date=format_date,
		datetime=lambda value: format_datetime(value) if value else "",
		verdict_colour=VERDICT_COLOUR,
		answer_colour=ANSWER_COLOUR,
	)
	return env.get_template(template).render(**context)
