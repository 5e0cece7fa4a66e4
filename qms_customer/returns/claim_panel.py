"""What the form of a return slip shows of claim, batches and approval, and who may do what there (G2-G5)."""

from decimal import Decimal
from typing import Any

import frappe
from frappe.core.doctype.user_permission.user_permission import get_permitted_documents
from frappe.model.document import Document
from frappe.utils import cint

from qms_customer.contract import people, reviews, states
from qms_customer.messages import say
from qms_customer.returns import approval, batch, claim, delivered, opened, said
from qms_customer.rules.people import MANAGEMENT_REPRESENTATIVE, QUALITY
from qms_customer.shown import render

COLOURS = {"Good": "green", "Bad": "red", "No Sample Left": "orange"}


def panel(slip: Document) -> dict[str, Any]:
	"""Return what the form shows, and what the current user may do (G2-G5)."""
	user = frappe.session.user
	tests, batches = _tests(slip), _batches(slip)
	role, why_not = (
		approval.may_decide(slip, user) if slip.workflow_state == states.RETURN_PENDING else ("", "")
	)
	testing = slip.workflow_state == states.RETURN_TESTING
	explaining = slip.workflow_state == states.RETURN_EXPLAINING and reviews.may_prepare(user)
	return {
		"html": render(
			"panels/return_claim.html",
			doc=slip,
			tests=tests,
			batches=batches,
			colours=COLOURS,
			outstanding=said.outstanding(slip) if slip.workflow_state == states.RETURN_PENDING else (),
		),
		"hash": opened.shown_hash(slip),
		"may_find": testing and QUALITY in people.own_roles(user),
		"may_inspect": testing and bool(frappe.has_permission(claim.INSPECTION, "create")),
		"tests": [
			{
				"row": t.row,
				"item": t.item,
				"batch": t.batch,
				"template": t.template,
				"inspection": t.inspection.name if t.inspection else "",
				"submitted": bool(t.inspection and t.inspection.docstatus == 1),
				# A draft says "Accepted" before anybody has tested anything.
				"status": (t.inspection.status or "") if t.inspection and t.inspection.docstatus == 1 else "",
			}
			for t in tests
			if not t.finding
		],
		"may_explain": explaining,
		"may_answer": explaining and bool(slip.explained_on),
		"may_decide": bool(role),
		"decides_as": role,
		"why_not": say(why_not) if why_not else "",
		"batches": [
			{
				"row": b.row,
				"item": b.item,
				"batch": b.batch,
				"may_block": not b.disabled and bool(frappe.has_permission("Batch", "write")),
				"may_move": bool(b.movable) and bool(frappe.has_permission("Stock Entry", "submit")),
				"may_open": not b.non_conformance
				and bool(frappe.has_permission("Non Conformance", "create")),
				"may_look": not b.looked_on
				and bool({QUALITY, MANAGEMENT_REPRESENTATIVE} & people.own_roles(user)),
			}
			for b in batches
		],
	}


def _tests(slip: Document) -> list[frappe._dict]:
	if not slip.sample_tests:
		return []
	made = claim.usable(slip)
	templates = {
		i.name: i.quality_inspection_template
		for i in frappe.get_all(
			"Item",
			filters={"name": ("in", sorted({t.item_code for t in slip.sample_tests}))},
			fields=["name", "quality_inspection_template"],
		)
	}
	return [
		frappe._dict(
			row=t.name,
			item=t.item_code,
			batch=t.batch_no or "",
			warehouse=t.sample_warehouse or "",
			left=f"{t.sample_qty or 0:g}",
			finding=t.finding or "",
			comment=t.comment or "",
			by=t.found_by_name or "",
			on=t.found_on,
			template=templates.get(t.item_code) or "",
			inspection=(made.get((t.item_code, t.batch_no or "")) or [None])[-1],
		)
		for t in slip.sample_tests
	]


def _batches(slip: Document) -> list[frappe._dict]:
	found = []
	rests = batch.rests(slip, [(m.item_code, m.batch_no) for m in slip.batch_measures])
	seen = shown(rests)
	for m in slip.batch_measures:
		rest = rests[m.item_code, m.batch_no]
		found.append(
			frappe._dict(
				rest,
				row=m.name,
				item=m.item_code,
				batch=m.batch_no,
				movable=batch.movable(slip, rest),
				stock=seen[m.item_code, m.batch_no],
				blocked=bool(cint(m.blocked)),
				stock_entry=m.stock_entry or "",
				non_conformance=m.non_conformance or "",
				comment=m.comment or "",
				looked_by=m.looked_by_name or "",
				looked_on=m.looked_on,
			)
		)
	return found


def shown(rests: dict[batch.Pair, dict[str, Any]]) -> dict[batch.Pair, list[frappe._dict]]:
	"""Return the stock of batches as the current user may see it: the rest of it in one sum, no customer's
	name that they may not read; a constant number of queries (G5, H5).
	"""
	companies, warehouses = get_permitted_documents("Company"), get_permitted_documents("Warehouse")
	customers = delivered.readable(s.customer for rest in rests.values() for s in rest["stock"])
	found = {}
	for pair, rest in rests.items():
		seen, hidden = [], Decimal()
		for s in rest["stock"]:
			if (companies and s.company not in companies) or (warehouses and s.warehouse not in warehouses):
				hidden += s.quantity
			else:
				away = bool(s.customer)
				seen.append(
					frappe._dict(s, away=away, customer=s.customer if s.customer in customers else "")
				)
		if hidden:
			seen.append(frappe._dict(warehouse="", quantity=hidden))
		found[pair] = seen
	return found
