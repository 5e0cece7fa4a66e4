"""What the forms show: the evaluation on a contract, and on reviews and opinions what is being reviewed (C6,
C7, C9).
"""

import json
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import format_date, format_datetime
from markupsafe import Markup

from qms_customer.contract import (
	adoption_panel,
	approved,
	authorise,
	change_review,
	content,
	decide,
	delivery_date,
	facts,
	forecast,
	inherit,
	notice_panel,
	people,
	proposed,
	register_panel,
	rejected,
	reviews,
	states,
)
from qms_customer.contract.gate import describe
from qms_customer.contract.settings import departments, settings
from qms_customer.feedback import requirements
from qms_customer.messages import say
from qms_customer.rules import content as content_rules
from qms_customer.rules import mark
from qms_customer.rules import people as people_rules
from qms_customer.rules import review as rules
from qms_customer.rules.capacity import WEEKS, hours
from qms_customer.rules.classification import CAPACITY, CRITERIA, Classification, Path, Verdict
from qms_customer.rules.contract import CLASSES, VERBAL_ORDER
from qms_customer.rules.people import SALES_USER
from qms_customer.shown import label, render, value


def overview(doc: Document) -> dict[str, Any]:
	"""Return what the form of a contract document shows about its review: html, buttons, hash (C2-C6, C9)."""
	if doc.docstatus == 2 or not facts.is_gated(doc):
		return {"gated": False, "html": adoption_panel.not_live(doc), "actions": []}
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
	rejected_same = bool(rejected.authority(canonical))
	inherits = bool(base and base.approval and not differences and not verbal)
	inherits = inherits and not rejected_same and not rejected.of_document(doc)
	open_review = review if review and review.docstatus == 0 else None
	stale = bool(open_review and not approved.says_the_same(canonical, open_review))
	full_record = classification.path not in (Path.SIGNATURE, Path.SALES)
	user = frappe.session.user
	actions = []
	if not usable and not (inherits and doc.docstatus == 0) and reviews.may_prepare(user):
		if not open_review or stale:
			actions.append("start")
			if _signature_offered(classification, user, doc) and not rejected_same:
				actions.append("sign")
	missing = facts.missing_to_start(doc, full_record)
	opinions = reviews.opinions_of(review.name) if review else []
	standing, colour = _contract_standing(
		doc,
		review,
		opinions,
		approval,
		usable,
		base if inherits else None,
		stale,
		rejected_same,
		len(missing),
	)
	changing = notice_panel.of_order(doc)
	html = render(
		"panels/overview.html",
		doc=doc,
		notices=changing["notices"],
		adoption=adoption_panel.of_approval(approval),
		classification=classification,
		criteria=_criteria(classification),
		seats=seats,
		approver=(open_review.approver_role if open_review and not stale else approver) or SALES_USER,
		reasons=[_html(e.message, e.args) for e in classification.reasons],
		missing=[_html(m.message, m.args) for m in missing],
		differences=[describe(doc.doctype, c) for c in differences],
		base=base,
		inherits=inherits,
		approval=approval if usable else None,
		expired=approval if approval and not usable else None,
		review=review,
		stale=stale,
		changes=(review.changes or "").splitlines() if stale and review else [],
		in_review=bool(open_review and not stale),
		opinions=opinions,
		actions_open=[a for a in reviews.actions_of(review.name) if a.status in ("Open", "Done")]
		if review
		else [],
		capacity=_capacity_of(doc),
		register=register_panel.of_contract(doc.doctype, doc.name),
		register_colours=register_panel.COLOURS,
		changed_requirements=requirements.of_contract(doc),
	)
	return {
		"gated": True,
		"html": html,
		"actions": actions,
		"hash": fingerprint,
		"review": review.name if review else None,
		"rejected_same": rejected_same,
		"committable": usable or inherits,
		"standing": standing,
		"colour": colour,
		"may_refresh": _may_refresh(doc, in_force=usable),
		**changing,
	}


def _may_refresh(doc: Document, in_force: bool) -> bool:
	"""Whether this person may have the forecast of a draft computed, where there is something to forecast."""
	if doc.docstatus != 0 or in_force or not delivery_date.may_refresh(frappe.session.user):
		return False
	return bool(forecast.made({code for code, _quantity, _due in facts.goods_rows(doc)}))


def review_panel(review: Document) -> dict[str, Any]:
	"""Return what the form of a review shows, which decisions this person may take, and the hash to send back
	(C12).
	"""
	if review.change_notice:
		doc, _canonical = proposed.of_review(review, lock=False)
	else:
		doc = frappe.get_doc(review.reference_doctype, review.reference_name)
	canonical = json.loads(review.content)
	opinions = reviews.opinions_of(review.name)
	actions = reviews.actions_of(review.name)
	html = render(
		"panels/review.html",
		review=review,
		changed=change_review.described(review) if review.change_notice else [],
		criteria=_stored_criteria(review),
		content=_content(canonical),
		requirements=_by_class(review.requirements),
		documents=review.documents,
		differences=review.discrepancies,
		opinions=opinions,
		actions=actions,
		# H9: decided reviews are about what was known then.
		changed_requirements=requirements.of_contract(doc) if review.docstatus == 0 else [],
		changes=(review.changes or "").splitlines(),
		capacity=_capacity(review.forecast),
		dates=_dates(review, doc),
	)
	authority, why_not = _authority(review)
	overruling, _why_not = _authority(review, overruling=True)
	standing, colour = _standing(review, opinions)
	return {
		"html": html,
		"standing": standing,
		"colour": colour,
		"hash": reviews.shown_hash(review),
		"may_decide": authority is not None,
		"may_overrule": bool(overruling and overruling.role == people_rules.GENERAL_MANAGER),
		"why_not": why_not,
		**_signs_as(authority),
		"override_roles": decide.override_roles(frappe.session.user),
		"objections": [o.department for o in opinions if o.outcome == "Objected"],
		# Of objections that were taken back since: the general manager's reason lets these pass, too.
		"open_objections": [
			a.name
			for a in actions
			if a.from_objection and a.blocks == rules.BLOCKS_APPROVAL and a.status in ("Open", "Done")
		],
		"may_resubmit": review.workflow_state == states.RETURNED and reviews.may_prepare(frappe.session.user),
		"may_start_next": review.workflow_state in (states.OUT_OF_DATE, states.REJECTED, states.RETURNED)
		and doc.docstatus == 0
		and reviews.may_prepare(frappe.session.user),
		"may_override": review.docstatus == 0 and bool(decide.override_roles(frappe.session.user)["more"]),
		**_may_answer(review, doc),
	}


def _may_answer(review: Document, doc: Document) -> dict[str, Any]:
	"""What of C8 this person may do on a review: refresh the forecast, answer with a date, agree it."""
	user = frappe.session.user
	open_ = review.docstatus == 0 and review.workflow_state != states.OUT_OF_DATE
	concerned = bool(
		review.forecast or review.possible_date or _capacity_verdict(review) != Verdict.MET.value
	)
	roles = people.own_roles(user)
	sales = [r for r in reviews.PREPARERS if r in roles]
	dues = delivery_date.dues(doc)
	return {
		"fingerprint": review.fingerprint,
		"may_refresh": open_ and bool(review.forecast) and delivery_date.may_refresh(user),
		"may_assess": open_ and concerned and people_rules.PLANNING in roles,
		"may_agree": open_ and bool(review.possible_date) and bool(sales),
		"agrees_as": max(sales, key=lambda r: people_rules.AUTHORITY_RANK.get(r, 0), default=""),
		# A suggestion for the dialog; nobody's answer.
		"suggested_date": str(review.earliest_date or (max(dues) if dues else "")),
	}


def _capacity_verdict(review: Document) -> str:
	row = next((c for c in review.criteria if c.criterion == CAPACITY), None)
	return (row.override or row.computed) if row else ""


def _capacity(stored: str | None) -> dict[str, Any] | None:
	"""The forecast as it was kept: the tightest workstations week by week, in hours (C8)."""
	if not stored:
		return None
	kept = json.loads(stored)
	tables = []
	for one in kept["loaded"]:
		# Others that are late already are not this order's doing: its own weeks count, and those after it.
		short = False
		rows, total, own, free = [], 0, 0, 0
		for week in one["weeks"]:
			needed = week["committed"] + week["in_review"] + week["own"]
			total, own, free = total + needed, own + week["own"], free + week["capacity"]
			short |= free < total and own > 0
			rows.append(
				{
					"begins": week["begins"],
					**{k: hours(week[k]) for k in ("capacity", "committed", "in_review", "own")},
					"left": hours(free - total),
					"short": free < total,
					"used": min(round(100 * needed / week["capacity"]), 100) if week["capacity"] else 0,
				}
			)
		# What comes after the last week with any need says nothing.
		last = max(
			(i for i, w in enumerate(one["weeks"]) if w["committed"] + w["in_review"] + w["own"]), default=0
		)
		tables.append({"name": one["name"], "rows": rows[: last + 1], "short": short})
	return {"tables": tables, "left_out": kept["left_out"], "weeks": WEEKS}


def _capacity_of(doc: Document) -> dict[str, Any] | None:
	"""The stored forecast of a draft, if it is of these goods still."""
	row = forecast.stored(doc) if doc.docstatus == 0 else None
	if row is None or forecast.stale(row, facts.goods_rows(doc)):
		return None
	kept = _capacity(json.dumps({"loaded": json.loads(row.loaded or "[]"), "left_out": row.left_out}))
	return {
		**kept,
		"computed_on": row.computed_on,
		"earliest": row.earliest_date,
		# Where it decides, they stand under the criterion.
		"facts": [
			{"verdict": e.verdict.value, "text": _html(e.message, e.args)}
			for e in (() if forecast.decides() else forecast.read_evidence(row.evidence))
		],
	}


def _dates(review: Document, doc: Document) -> dict[str, Any]:
	"""What C8 still asks for on an open review, in words."""
	if review.docstatus != 0:
		return {"missing": [], "differs": False}
	found = delivery_date.before_approval(review, doc)
	return {"missing": [Markup(say(r.message, r.args)) for r in found]}


def decisions(records: list[Document]) -> dict[str, Any]:
	"""Return what a decision on several reviews shows of each, and the hashes to send back (C9, C12, K3)."""
	rows = []
	for review in records:
		opinions = reviews.opinions_of(review.name)
		authority, why_not = _authority(review, opinions)
		rows.append(
			{
				"review": review,
				"objections": [o.department for o in opinions if o.outcome == "Objected"],
				# `say` and the messages of rules/ have made both safe already.
				"why_not": "" if authority else Markup(why_not or _standing(review, opinions)[0]),
				**_signs_as(authority),
			}
		)
	return {
		"html": render("panels/decisions.html", rows=rows),
		"reviews": [
			{
				"name": r["review"].name,
				"content_hash": reviews.shown_hash(r["review"]),
				"may_decide": bool(r["role"]),
				"convened": r["review"].review_path == Path.CONVENED.value,
				"role": r["role"],
				"acting_for": r["acting_for"],
			}
			for r in rows
		],
	}


def _signs_as(authority: people_rules.Authority | None) -> dict[str, str]:
	"""Return as what, and for whom, a person would sign (K3, L2)."""
	return {
		"role": authority.role if authority else "",
		"acting_for": people.full_name(authority.acting_for) if authority and authority.acting_for else "",
	}


def opinion_panel(opinion: Document) -> dict[str, Any]:
	"""Return what the form of an opinion shows, what this person may do, and the hash to send back (C6, C11,
	C13).
	"""
	review = frappe.get_doc(reviews.REVIEW, opinion.contract_review)
	earlier = frappe.get_doc(reviews.OPINION, opinion.re_affirms) if opinion.re_affirms else None
	changes = []
	if earlier:
		previous = json.loads(frappe.db.get_value(reviews.REVIEW, earlier.contract_review, "content"))
		changes = [
			describe(review.reference_doctype, c)
			for c in content_rules.diff(previous, json.loads(review.content))
		]
	html = render(
		"panels/opinion.html",
		review=review,
		changed=change_review.described(review) if review.change_notice else [],
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
		"standing": _opinion_standing(opinion, review),
		"hash": review.fingerprint,
		"may_give": mine,
		"may_re_affirm": bool(mine and opinion.may_re_affirm),
		"earlier_outcome": earlier.outcome if earlier else "",
		"action_due_days": settings().action_due_days,
	}


def authorisation_panel(authorisation: Document) -> dict[str, Any]:
	"""Return what the form of a delivery authorisation shows, and whether this person may decide it (D4)."""
	html = render("panels/authorisation.html", content=json.loads(authorisation.content), doc=authorisation)
	user = frappe.session.user
	options = people.authorities(user, people_rules.BUSINESS_MANAGER)
	authority, why_not = people_rules.choose_authority(options, user, authorise.preparers(authorisation), [])
	standing, colour = _authorisation_standing(authorisation)
	if authorisation.docstatus == 0 and options:
		standing = _(why_not) if why_not else _("It waits for your decision: Actions.")
	return {
		"html": html,
		"standing": standing,
		"colour": colour,
		"hash": authorisation.fingerprint,
		"may_decide": authorisation.docstatus == 0 and authority is not None,
		**_signs_as(authority),
	}


def release_standing(doc: Document) -> dict[str, Any]:
	"""Return where the authorisation of goods without an order stands, nothing if none was asked for (D4)."""
	latest = frappe.get_all(
		authorise.DOCTYPE,
		filters={"reference_doctype": doc.doctype, "reference_name": doc.name},
		fields=["name", "workflow_state", "docstatus", "decision", "decided_by_name", "decided_on"],
		order_by="creation desc",
		limit=1,
	)
	if not latest:
		return {}
	standing, colour = _authorisation_standing(latest[0])
	if latest[0].decision == rules.APPROVED and not authorise.is_authorised(doc):
		standing, colour = _("The goods have changed since they were authorised: ask again."), "orange"
	return {"name": latest[0].name, "standing": standing, "colour": colour}


def _authorisation_standing(record: Document | frappe._dict) -> tuple[str, str]:
	if record.docstatus == 0:
		text = mark("Authorisation {0} waits for the decision of: {1}.")
		return say(text, [record.name, people_rules.BUSINESS_MANAGER]), "blue"
	colour = "green" if record.decision == rules.APPROVED else "red"
	when = format_datetime(record.decided_on)
	return say(mark("{0} by {1} on {2}."), [record.workflow_state, record.decided_by_name, when]), colour


def _contract_standing(
	doc: Document,
	review: Document | None,
	opinions: list,
	approval: frappe._dict | None,
	usable: bool,
	base: inherit.Base | None,
	stale: bool,
	rejected_same: bool,
	missing: int,
) -> tuple[str, str]:
	"""Return in one line, with a colour, where a draft contract stands and what moves it on (C1)."""
	if usable and approval:
		return say(mark("Approved in {0}: it can be submitted."), [approval.source_name]), "green"
	if base:
		return say(mark("Covered by the approved review of {0}: it can be submitted."), [base.name]), "green"
	if approval:
		until = format_date(approval.valid_until)
		return say(mark("The approval was valid until {0}. Start the review again."), [until]), "red"
	if review and review.docstatus == 0:
		if stale and review.workflow_state != states.OUT_OF_DATE:
			return _stands(states.OUT_OF_DATE, review, opinions)
		return _standing(review, opinions)
	if review and review.withdrawn:
		return say(mark("The approval in {0} was withdrawn. Start the review again."), [review.name]), "red"
	if review and review.decision == rules.REJECTED and rejected_same:
		text = mark("Rejected in {0}. Change the contract, and start the next version of its review.")
		return say(text, [review.name]), "red"
	if missing:
		text = mark("It needs an approved review. Before that can start, {0} statements are missing.")
		return say(text, [missing]), "orange"
	return _("It needs an approved review before it can be submitted: press Start Contract Review."), "orange"


def _standing(review: Document, opinions: list) -> tuple[str, str]:
	"""Return in one line, with a colour, where a review stands and who moves it on (C9-C13)."""
	return _stands(review.workflow_state, review, opinions)


def _stands(state: str, review: Document, opinions: list) -> tuple[str, str]:
	if state == states.IN_REVIEW:
		waiting = ", ".join(o.department for o in opinions if o.docstatus == 0)
		return say(mark("Review {0} waits for the opinions of: {1}."), [review.name, waiting]), "blue"
	if state == states.PENDING_APPROVAL:
		text = mark("Review {0} waits for the decision of: {1}.")
		return say(text, [review.name, review.approver_role]), "blue"
	if state == states.RETURNED:
		text = mark("Review {0} was returned: Sales changes the contract, or resubmits it unchanged.")
		return say(text, [review.name]), "orange"
	if state == states.OUT_OF_DATE:
		text = mark("The contract was edited during its review {0}: Sales starts the next version.")
		return say(text, [review.name]), "orange"
	colour = {"Approved": "green", "Rejected": "red"}.get(review.decision, "blue")
	if not review.decided_by:
		return say("{0}: {1}", [state, review.decision_comment or ""]), colour
	when = format_datetime(review.decided_on)
	return say(mark("{0} by {1} on {2}."), [review.decision, review.decided_by_name, when]), colour


def _opinion_standing(opinion: Document, review: Document) -> str:
	if opinion.docstatus == 1 and opinion.given_by:
		when = format_datetime(opinion.given_on)
		return say(mark("{0} by {1} on {2}."), [opinion.outcome, opinion.given_by_name, when])
	if opinion.docstatus == 1:
		return _("Closed: this opinion is not needed any more.")
	if review.out_of_date:
		return _stands(states.OUT_OF_DATE, review, [])[0]
	return say(mark("This opinion is given by a person with the role {0}."), [opinion.department_role])


def _authority(review: Document, overruling: bool = False) -> tuple[people_rules.Authority | None, str]:
	"""Return with what right this person may decide the review now (or, in doing so, overrule an objection),
	or None and why not (C9, C11, C12, L2).
	"""
	if review.docstatus != 0 or review.workflow_state != states.PENDING_APPROVAL:
		return None, ""
	user = frappe.session.user
	options = people.authorities(user, review.approver_role)
	if not options:
		return None, ""
	if overruling:
		options = people_rules.strongest_first(options)
	authority, reason = people_rules.choose_authority(
		options, user, reviews.preparers(review), reviews.opiners(review)
	)
	return authority, _(reason) if reason else ""


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
		{
			"reference_doctype": doc.doctype,
			"reference_name": doc.name,
			"change_notice": ("is", "not set"),
		},
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
			"evidence": [{"verdict": e.verdict.value, "text": _html(e.message, e.args)} for e in c.evidence],
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
				{"verdict": e["verdict"], "text": _html(e["message"], e["args"])}
				for e in json.loads(c.evidence)
			],
		}
		for c in review.criteria
	]


def _html(message: str, args: Any) -> Markup:
	"""A message of rules/ for a template: `say` has made it safe already."""
	return Markup(say(message, args))


def _by_class(requirements: list) -> list[tuple[str, list]]:
	return [(k, [r for r in requirements if r.requirement_class == k]) for k in CLASSES]


def _content(canonical: dict) -> dict[str, Any]:
	"""The canonical content with labels, as a person reads it."""
	doctype = canonical["doctype"]
	meta = frappe.get_meta(doctype)
	fields = _telling(canonical["fields"])
	currency = fields.get("currency", "")
	head = [
		(label(meta, f.fieldname), value(meta, f.fieldname, fields[f.fieldname], currency))
		for f in meta.fields
		if f.fieldname in fields
	]
	known = {f.fieldname for f in meta.fields}
	head += [(name, value) for name, value in sorted(fields.items()) if name not in known]
	tables = []
	for table, rows in canonical["tables"].items():
		if table in ("qms_requirements", "qms_documents"):
			continue
		field = meta.get_field(table)
		row_meta = frappe.get_meta(field.options)
		rows = [_telling(r) for r in rows]
		columns = [f.fieldname for f in row_meta.fields if any(f.fieldname in r for r in rows)]
		tables.append(
			{
				"label": label(meta, table),
				"columns": [label(row_meta, c) for c in columns],
				"rows": [[value(row_meta, c, r.get(c, ""), currency) for c in columns] for r in rows],
			}
		)
	return {"doctype": doctype, "head": head, "tables": tables}


# What says nothing by itself: a factor of one, the manner of a discount that is not given.
_NEUTRAL = {"conversion_rate": "1", "plc_conversion_rate": "1", "conversion_factor": "1"}
_ONLY_WITH = {
	"apply_discount_on": ("additional_discount_percentage", "discount_amount"),
	"discount_type": ("discount",),
	"discount_date": ("discount",),
	"discount_validity_based_on": ("discount",),
}


def _telling(values: dict[str, str]) -> dict[str, str]:
	"""Return the values of a head or a row without those that say nothing by themselves."""

	def says_nothing(name: str, value: str) -> bool:
		if name in _ONLY_WITH:
			return not any(values.get(other) for other in _ONLY_WITH[name])
		if name == "description":
			return frappe.utils.strip_html(value).strip() == values.get("item_code")
		return _NEUTRAL.get(name) == value

	return {name: value for name, value in values.items() if not says_nothing(name, value)}
