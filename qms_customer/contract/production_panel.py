"""What the forms show of production: on the order how far it is, on the notice what stands against its
release (D3, A7, M1).
"""

from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import format_datetime
from markupsafe import Markup

from qms_customer.contract import content, people, production, progress, worked
from qms_customer.contract.facts import is_gated, number
from qms_customer.erp.release import order_states
from qms_customer.messages import say, sentence
from qms_customer.rules import mark
from qms_customer.rules import production as rules
from qms_customer.rules.people import PLANNING, PRODUCTION, RND
from qms_customer.shown import render


def of_order(order: Document) -> dict[str, Any]:
	"""Return what the form of a sales order shows of production and delivery, and what this person may do."""
	if order.docstatus != 1 or not is_gated(order):
		return {"shown": False, "html": ""}
	user = frappe.session.user
	in_force = order.status not in ("Closed", "On Hold")
	left = production.left_to_pass_on(order.name) if in_force else []
	return {
		"shown": True,
		"html": render(
			"panels/progress.html",
			rows=progress.shown(order.name, progress.of([order.name])[order.name]),
			notices=_notices(order.name),
			needs=order.name in worked.needing([order.name]),
			left=bool(left),
		),
		"hash": content.fingerprint_of(order),
		"may_pass_on": in_force and _holds(user, PLANNING) and bool(left),
		"left": left,
		"role": PLANNING,
		"may_tell": in_force and bool(frappe.has_permission("Sales Order", "email", order)),
	}


def of_notice(notice: Document) -> dict[str, Any]:
	"""Return what the form of a notice shows, what stands against its release, and what this person may do
	(D3, A7, C10, M1).
	"""
	order = frappe.get_doc(worked.ORDER, notice.reference_name)
	user = frappe.session.user
	draft, stands = notice.docstatus == 0, not notice.withdrawn
	standing, colour = _standing(notice)
	refusals = production.release_refusals(notice, order) if draft and stands else []
	blocked = order_states([order.name], "Production", lock=False)[order.name].blocked_by
	found = progress.of([order.name])[order.name]
	items = {row.item_code for row in notice.items}
	why_not = rules.release_refusal(user, notice.passed_by) if _holds(user, PRODUCTION) else ""
	taken = rules.taken_by_item(worked.work([order.name], drafts=True), drafts=True)
	left = _left(notice, order.name, taken) if not draft and stands else []
	withdraws_as = next((r for r in (PRODUCTION, PLANNING) if _holds(user, r)), "")
	makes = frappe.has_permission("Work Order", "create")
	return {
		"html": render(
			"panels/production_notice.html",
			doc=notice,
			rows=progress.shown(order.name, [p for p in found if p.item in items]),
			missing=[Markup(sentence(r)) for r in refusals],
			actions=blocked,
			designs=[_(kind) for kind in production.designs_needed(order)],
			changed=stands and notice.fingerprint != content.fingerprint_of(order),
			work=_work_orders(order.name, items),
			running=production.running_without(notice) if notice.withdrawn and notice.released_by else [],
		),
		"standing": standing,
		"colour": colour,
		"hash": production.shown_hash(notice, order),
		"may_release": draft and stands and _holds(user, PRODUCTION) and not why_not,
		"why_not": _(why_not) if why_not and draft and stands else "",
		"may_withdraw": stands and bool(withdraws_as),
		"withdraws_as": withdraws_as,
		"may_supersede": stands and not draft and _holds(user, PLANNING),
		"may_make": bool(left) and bool(makes),
		"may_plan": bool(left) and bool(frappe.has_permission("Production Plan", "create")),
		"may_edit": draft and stands and any(_holds(user, r) for r in (PRODUCTION, PLANNING, RND)),
		"order_hash": content.fingerprint_of(order),
	}


def _left(notice: Document, order: str, taken: dict) -> list[rules.Line]:
	released = worked.by_item(worked.released([order]))
	return rules.to_make(
		production.lines_of(notice),
		{item: quantity for (_order, item), quantity in released.items()},
		{item: quantity for (o, item), quantity in taken.items() if o == order},
	)


def _notices(order: str) -> list[frappe._dict]:
	"""The notices of an order that the user may read, the first first."""
	return frappe.get_list(
		production.DOCTYPE,
		filters={"reference_doctype": worked.ORDER, "reference_name": order},
		fields=["name", "workflow_state", "planned_start", "planned_finish", "withdrawn", "docstatus"],
		order_by="creation",
		limit_page_length=0,
	)


def _work_orders(order: str, items: set[str]) -> list[frappe._dict]:
	"""The work orders for items of an order, drafts too, with how far they are."""
	names = [w.name for w in worked.work([order], drafts=True) if w.item in items]
	found = frappe.get_all(
		"Work Order",
		filters={"name": ("in", names or [""])},
		fields=["name", "production_item", "qty", "produced_qty", "status"],
		order_by="creation",
	)
	for row in found:
		row.qty, row.made = rules.text(number(row.qty)), rules.text(number(row.produced_qty))
	return found


def _standing(notice: Document) -> tuple[str, str]:
	if notice.withdrawn:
		text = mark("Withdrawn by {0} on {1}: {2}")
		when = format_datetime(notice.withdrawn_on)
		return say(text, [notice.withdrawn_by_name, when, notice.withdrawn_reason]), "red"
	if notice.docstatus == 0:
		text = mark("Passed on by {0} on {1}: Production fills in the notice and releases it.")
		return say(text, [notice.passed_by_name, format_datetime(notice.passed_on)]), "orange"
	text = mark("Released to production by {0} on {1}.")
	return say(text, [notice.released_by_name, format_datetime(notice.released_on)]), "green"


def _holds(user: str, role: str) -> bool:
	return role in people.own_roles(user)
