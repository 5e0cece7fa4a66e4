"""What the form of a change notice shows: where it stands, what changes, and who does what next (E1-E5)."""

from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import format_datetime

from qms_customer.contract import changed_rows, measure, notices, people, reviews, states
from qms_customer.contract.proposed import ORDER, is_out_of_date
from qms_customer.messages import say
from qms_customer.rules import change, mark
from qms_customer.rules import people as people_rules
from qms_customer.shown import render


def panel(notice: Document) -> dict[str, Any]:
	"""Return html, standing and colour, the hash to send back, and what this person may do now (C12)."""
	user = frappe.session.user
	order = frappe.get_doc(ORDER, notice.reference_name)
	open_ = notice.docstatus == 0
	stale = open_ and is_out_of_date(notice, order)
	sales = reviews.may_prepare(user)
	state = notice.workflow_state
	authority, why_not = _authority(notice)
	asks_pmc = open_ and state == states.NOTICE_CONFIRMING and measure.asks_pmc(notice)
	standing, colour = _standing(notice, stale, asks_pmc)
	others = [row for row in notices.open_notices(order.name) if row.name != notice.name] if open_ else []
	html = render(
		"panels/notice.html",
		notice=notice,
		order=order,
		stale=stale,
		others=others,
		changes=changed_rows.rows(notice),
		refusals=(notice.refusals or "").splitlines(),
		reasons=(notice.reasons or "").splitlines(),
		departments=(notice.departments_concerned or "").split(", ") if notice.departments_concerned else [],
		evidence=(notice.plan_evidence or "").splitlines(),
		steps=_steps(notice),
		asks_pmc=asks_pmc,
		outcome_colour={"Review": "orange", "Written Notice": "blue", "Call Record": "green"},
	)
	waiting = (states.NOTICE_CONFIRMING, states.NOTICE_REVIEW, states.NOTICE_PENDING)
	return {
		"html": html,
		"standing": standing,
		"colour": colour,
		"hash": measure.shown_hash(notice),
		"may_put_forward": open_ and not stale and sales and state == states.NOTICE_DRAFT,
		"may_confirm": open_
		and not stale
		and sales
		and state == states.NOTICE_CONFIRMING
		and not notice.confirmed_by,
		"may_answer": asks_pmc
		and not stale
		and not notice.plan_answer
		and people_rules.PLANNING in people.own_roles(user),
		"may_negotiate": open_ and sales and state in waiting,
		"may_revise": open_ and not stale and sales and state in waiting,
		"may_rebase": stale and sales and order.docstatus == 1,
		"may_withdraw": open_ and sales,
		"may_decide": authority is not None and not stale,
		"why_not": why_not,
		"call_is_enough": notice.outcome == change.Needed.CALL_RECORD,
		"rejected_before": bool(open_ and state == states.NOTICE_DRAFT and notices.rejected_by(notice)),
		"sales_role": notices.sales_role(user),
		"role": authority.role if authority else "",
		"acting_for": people.full_name(authority.acting_for) if authority and authority.acting_for else "",
	}


def of_order(doc: Document) -> dict[str, Any]:
	"""Return what the form of an order shows about its notices: those open, and whether one may be made
	(E8).
	"""
	if doc.doctype != ORDER or doc.docstatus != 1:
		return {"notices": [], "may_change": False}
	return {
		"notices": [
			{"name": n.name, "kind": n.kind, "state": n.workflow_state, "by": n.prepared_by_name}
			for n in notices.open_notices(doc.name)
		],
		"may_change": reviews.may_prepare(frappe.session.user),
	}


def _standing(notice: Document, stale: bool, asks_pmc: bool) -> tuple[str, str]:
	"""Where a notice stands and who moves it on, in one line, with a colour."""
	if notice.docstatus == 1:
		colour = {"Approved": "green", "Rejected": "red"}.get(notice.decision, "gray")
		when = format_datetime(notice.decided_on)
		return say(mark("{0} by {1} on {2}."), [notice.workflow_state, notice.decided_by_name, when]), colour
	if stale:
		return _(
			"The contract was changed since this notice was made: bring the notice up to date."
		), "orange"
	state = notice.workflow_state
	if state == states.NOTICE_DRAFT:
		if notice.refusals:
			return _("ERPNext would refuse this change: see below."), "red"
		return _("Say what changes and why, save, and put the notice forward."), "blue"
	if state == states.NOTICE_CONFIRMING:
		waits = []
		if not notice.confirmed_by:
			waits.append(_("the customer's confirmation, which Sales records"))
		if asks_pmc and not notice.plan_answer:
			waits.append(_("PMC's answer whether the production plan is affected"))
		return say(mark("It waits for: {0}."), ["; ".join(waits)]), "orange"
	if state == states.NOTICE_REVIEW:
		return say(mark("The change is under review in {0}."), [notice.contract_review or ""]), "blue"
	role = notice.approver_role or people_rules.BUSINESS_MANAGER
	return say(mark("It waits for the decision of: {0}."), [role]), "blue"


def _steps(notice: Document) -> list[dict[str, str]]:
	"""The way of a notice, each step done, current or to come."""
	review = notice.outcome == change.Needed.REVIEW
	names = [
		(states.NOTICE_DRAFT, _("Prepared", context="Contract Change Notice")),
		(states.NOTICE_CONFIRMING, _("Confirmed by the customer")),
		(states.NOTICE_REVIEW, _("Reviewed by the departments"))
		if review
		else (states.NOTICE_PENDING, _("Signed by the sales manager")),
		(states.NOTICE_APPLIED, _("Contract changed")),
	]
	order = [state for state, _label in names]
	at = order.index(notice.workflow_state) if notice.workflow_state in order else -1
	done = notice.decision == "Approved"
	return [
		{
			"label": text,
			"state": "done" if done or (at >= 0 and i < at) else "now" if i == at else "",
		}
		for i, (_state, text) in enumerate(names)
	]


def _authority(notice: Document) -> tuple[people_rules.Authority | None, str]:
	"""With what right this person may sign the change now, or None and why not (E3, C12, L2)."""
	if notice.docstatus != 0 or notice.workflow_state != states.NOTICE_PENDING:
		return None, ""
	user = frappe.session.user
	options = people.authorities(user, notice.approver_role or people_rules.BUSINESS_MANAGER)
	if not options:
		return None, ""
	authority, reason = people_rules.choose_authority(
		options, user, notices.preparers(notice), notices.opiners(notice)
	)
	return authority, _(reason) if reason else ""
