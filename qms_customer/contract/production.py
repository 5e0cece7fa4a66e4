"""The production notice 生产通知单: PMC passes the task on, Production compiles and releases it (A7, D3).

Work orders and production plans ask what is released through erp/production_need.py.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import cint, get_datetime, getdate, now_datetime

from qms_customer.contract import content, facts, notify, people, registration, states, worked
from qms_customer.contract.facts import number
from qms_customer.contract.settings import settings
from qms_customer.erp.file import is_stored
from qms_customer.erp.release import order_states
from qms_customer.messages import refuse, refuse_one
from qms_customer.records import contents, signing
from qms_customer.records.completeness import refuse_incomplete
from qms_customer.records.token import moving
from qms_customer.rules import contract as contract_rules
from qms_customer.rules import goods, mark, says
from qms_customer.rules import production as rules
from qms_customer.rules.people import PLANNING, PRODUCTION
from qms_customer.rules.review import Refusal

DOCTYPE, ORDER = worked.NOTICE, worked.ORDER


def pass_on(
	order: Document,
	lines: Iterable[Mapping[str, Any]],
	task: str,
	content_hash: str,
	supersedes: str = "",
) -> Document:
	"""Hand the task of an order on to Production, signed by PMC, and return the notice (D3).

	`lines`: order_row, item_code, qty (stock unit), planned_start, planned_finish; all that is left to be
	made where there are none. `supersedes`: the notice that this one takes the place of once it is released.
	"""
	_require_role(PLANNING, mark("A task is passed on to production by: {0}."))
	frappe.db.get_value(ORDER, order.name, "name", for_update=True)
	order = frappe.get_doc(ORDER, order.name)
	if content_hash != content.fingerprint_of(order):
		refuse_one("D3", mark("The order has changed since it was shown to you. Reload it and start again."))
	if not says(task or ""):
		refuse_one("D3", mark("Say what the task is: what Production has to know."))
	old = _superseded(order.name, supersedes)
	found = _order_refusals(order, blocked=False)
	parts = worked.parts([order.name])[order.name]
	rows = [dict(row) for row in lines] or left_to_pass_on(order.name, supersedes)
	notice = frappe.get_doc(
		{
			"doctype": DOCTYPE,
			"reference_doctype": ORDER,
			"reference_name": order.name,
			"customer": order.customer,
			"customer_name": order.customer_name,
			"company": order.company,
			"passed_by": frappe.session.user,
			"passed_by_name": people.full_name(frappe.session.user),
			"passed_on": now_datetime(),
			"task": task,
			"special_requirements": _special_requirements(order),
			"packaging": _packaging(order),
			"supersedes": old.name if old else None,
			"fingerprint": content_hash,
			"workflow_state": states.PRODUCTION_PASSED,
			"items": [_row(one) for one in rows],
		}
	)
	complete(notice, parts)
	others = worked.by_row(worked.released([order.name], supersedes)[order.name])
	found += rules.line_refusals(lines_of(notice), parts, others, "")
	if found:
		refuse(found)
	signing.in_hand()
	with moving(notice):
		# The authority was checked above; nobody has a general right to make notices.
		notice.insert(ignore_permissions=True)
	signing.sign(notice, mark("Task Passed On"), PLANNING, comment=task, shown_hash=content_hash)
	notify.assign(
		notice,
		[user for user in people.holders(PRODUCTION) if user != notice.passed_by],
		_("Compile and release the production notice of {0}").format(order.name),
		str(notice.planned_start or "") or None,
	)
	return notice


def release(name: str, content_hash: str, comment: str) -> Document:
	"""Release a notice to the workshop, signed by Production, and return it (D3, A7, C10, C12)."""
	notice = _locked(name)
	if notice.docstatus != 0:
		refuse_one("D3", mark("{0} was decided already."), notice.name)
	_require_role(PRODUCTION, mark("A production notice is released by: {0}."))
	if reason := rules.release_refusal(frappe.session.user, notice.passed_by):
		refuse([Refusal("C12", reason)])
	order = frappe.get_doc(ORDER, notice.reference_name)
	if content_hash != shown_hash(notice, order):
		refuse_one(
			"D3",
			mark("The notice or its order has changed since it was shown to you. Reload it and sign again."),
		)
	found = release_refusals(notice, order)
	if found:
		refuse(found)
	notice.update(
		{
			"released_by": frappe.session.user,
			"released_by_name": people.full_name(frappe.session.user),
			"released_on": now_datetime(),
			"release_comment": comment,
			"fingerprint": content.fingerprint_of(order),
			"workflow_state": states.PRODUCTION_RELEASED,
		}
	)
	refuse_incomplete(notice)
	signing.in_hand()
	with moving(notice):
		# The authority was checked above; its role has no general right to submit.
		notice.flags.ignore_permissions = True
		notice.submit()
	signing.sign(notice, mark("Released to Production"), PRODUCTION, comment=comment, shown_hash=content_hash)
	if notice.supersedes:
		old = frappe.get_doc(DOCTYPE, notice.supersedes, for_update=True)
		_take_back(old, _("Superseded by {0}").format(notice.name), mark("Superseded"), notice.name)
	notify.done(notice)
	notify.tell([notice.passed_by], _("{0}: {1}").format(notice.name, _(notice.workflow_state)), notice)
	return notice


def release_refusals(notice: Document, order: Document) -> list[Refusal]:
	"""Return what stands against the release of a notice, all at once (D3, A7, C10)."""
	parts = worked.parts([order.name])[order.name]
	lines = lines_of(notice)
	others = worked.released([order.name], notice.supersedes or "")[order.name]
	found = _order_refusals(order, blocked=True)
	found += rules.line_refusals(lines, parts, worked.by_row(others), notice.excess_reason or "")
	found += rules.schedule_refusals(lines)
	found += rules.design_refusals(designs_needed(order), designs_of(notice), now_datetime())
	if notice.supersedes:
		old = frappe.get_doc(DOCTYPE, notice.supersedes)
		if old.withdrawn:
			found.append(
				Refusal("D3", mark("{0}, which this one supersedes, is withdrawn already."), (old.name,))
			)
		rest = worked.by_row([*others, *lines])
		found += rules.withdrawal_refusals(lines_of(old), rest, worked.work([order.name]))
	return found


def withdraw(name: str, content_hash: str, reason: str) -> Document:
	"""Take a notice back by which nothing was made yet, signed, and return it (D3).

	Work orders that were submitted on it go on; they are listed, and their people told.
	"""
	notice = _locked(name)
	role = next((r for r in (PRODUCTION, PLANNING) if r in people.own_roles(frappe.session.user)), "")
	_require_role(role or PRODUCTION, mark("A production notice is withdrawn by Production or PMC."))
	if notice.withdrawn:
		refuse_one("D3", mark("{0} is withdrawn already."), notice.name)
	order = frappe.get_doc(ORDER, notice.reference_name)
	if content_hash != shown_hash(notice, order):
		refuse_one(
			"D3",
			mark("The notice or its order has changed since it was shown to you. Reload it and sign again."),
		)
	if not says(reason or ""):
		refuse_one("D3", mark("Say why."))
	if notice.docstatus == 1:
		others = worked.by_row(worked.released([order.name], notice.name)[order.name])
		found = rules.withdrawal_refusals(lines_of(notice), others, worked.work([order.name]))
		if found:
			refuse(found)
	signing.in_hand()
	_take_back(notice, reason)
	signing.sign(notice, mark("Withdrawn from Production"), role, comment=reason, shown_hash=content_hash)
	notify.done(notice)
	text = _("{0}: {1}").format(notice.name, _(notice.workflow_state))
	notify.tell({notice.passed_by, notice.released_by, *people.holders(PRODUCTION)}, text, notice)
	return notice


def _take_back(notice: Document, reason: str, event: str = "", superseded_by: str = "") -> None:
	order = notice.reference_name
	left = worked.by_row(worked.released([order], notice.name)[order])
	running = (
		rules.without_notice([d.item_code for d in notice.items], left, worked.work([order]))
		if notice.docstatus == 1
		else []
	)
	notice.update(
		{
			"withdrawn": 1,
			"withdrawn_by_name": people.full_name(frappe.session.user),
			"withdrawn_on": now_datetime(),
			"withdrawn_reason": reason,
			"superseded_by": superseded_by or None,
			"still_running": ", ".join(running) or None,
			"workflow_state": states.PRODUCTION_WITHDRAWN,
		}
	)
	with moving(notice, event):
		# The authority was checked by the decision that this belongs to.
		notice.flags.ignore_permissions = True
		# Its order may be cancelled by now.
		notice.flags.ignore_links = True
		notice.submit() if notice.docstatus == 0 else notice.save()


def running_without(notice: Document) -> list[str]:
	"""Return the work orders that run for more than the released notices of the order cover (D3)."""
	order = notice.reference_name
	left = worked.by_row(worked.released([order])[order])
	return rules.without_notice([d.item_code for d in notice.items], left, worked.work([order]))


def complete(notice: Document, parts: list[rules.Part]) -> None:
	"""Fill in what follows from the order: row, item, unit, what is ordered and promised, the standard (D3).

	A line that somebody added by its item is of the first row that asks for it and has no line yet.
	"""
	known = {part.key: part for part in parts}
	taken = {(row.order_row, row.item_code) for row in notice.items if row.order_row}
	codes = sorted({row.item_code for row in notice.items if row.item_code})
	items = {
		i.name: i
		for i in frappe.get_all(
			"Item",
			filters={"name": ("in", codes or [""])},
			fields=["name", "item_name", "stock_uom", "qms_product_standard"],
		)
	}
	named = [i.qms_product_standard for i in items.values() if i.qms_product_standard]
	standards = {
		s.name: f"{s.standard_number} {s.standard_version or ''}".strip()
		for s in frappe.get_all(
			"Product Standard",
			filters={"name": ("in", named or [""])},
			fields=["name", "standard_number", "standard_version"],
		)
	}
	for row in notice.items:
		if (row.order_row, row.item_code) not in known:
			free = next((p for p in parts if p.item == row.item_code and p.key not in taken), None)
			row.order_row = free.row if free else ""
			if free:
				taken.add(free.key)
		part = known.get((row.order_row, row.item_code))
		item = items.get(row.item_code) or frappe._dict()
		row.item_name, row.uom = item.item_name, item.stock_uom
		row.ordered_qty = float(part.quantity) if part else 0
		row.promised_date = part.promised if part else None
		if not (row.product_standard or "").strip():
			row.product_standard = standards.get(item.qms_product_standard) or ""
	for row in notice.designs:
		row.sha256 = contents.file_hash(frappe._dict(file_url=row.file))
	starts = [getdate(r.planned_start) for r in notice.items if r.planned_start]
	ends = [getdate(r.planned_finish) for r in notice.items if r.planned_finish]
	notice.planned_start, notice.planned_finish = min(starts, default=None), max(ends, default=None)


def lines_of(notice: Document) -> list[rules.Line]:
	"""Return the lines of a notice as the rules take them (D3)."""
	return [
		rules.Line(
			row.idx or place,
			row.order_row or "",
			row.item_code or "",
			number(row.qty),
			getdate(row.planned_start) if row.planned_start else None,
			getdate(row.planned_finish) if row.planned_finish else None,
			row.product_standard or "",
		)
		for place, row in enumerate(notice.items, 1)
	]


def designs_of(notice: Document) -> list[rules.Design]:
	"""Return the designs of a notice as the rules take them (A7)."""
	return [
		rules.Design(
			row.idx,
			row.kind or "",
			row.title or "",
			bool(row.sha256) and is_stored(row.file),
			row.confirmed_by or "",
			get_datetime(row.confirmed_on) if row.confirmed_on else None,
			row.method or "",
		)
		for row in notice.designs
	]


def designs_needed(order: Document) -> list[str]:
	"""Return the kinds of special requirement that are designed and confirmed before production (A7)."""
	return contract_rules.design_before_production(
		facts.requirements(order), order.get("qms_packaging") or ""
	)


def left_to_pass_on(order: str, but: str = "") -> list[dict[str, Any]]:
	"""Return what of an order is made here (it has a bill of materials) and on no notice yet (D3)."""
	parts = worked.parts([order])[order]
	made = set(
		frappe.get_all(
			"BOM",
			filters={
				"item": ("in", sorted({p.item for p in parts}) or [""]),
				"docstatus": 1,
				"is_active": 1,
				"is_default": 1,
			},
			pluck="item",
		)
	)
	noticed = worked.by_row([*worked.released([order], but)[order], *worked.undecided([order], but)[order]])
	found = []
	for part in parts:
		left = part.quantity - noticed.get(part.key, Decimal())
		if part.item in made and left > goods.TOLERANCE:
			found.append(
				{
					"order_row": part.row,
					"item_code": part.item,
					"qty": float(left),
					"planned_finish": str(part.promised or "") or None,
				}
			)
	return found


def shown_hash(notice: Document, order: Document) -> str:
	"""Return the hash of all that a signature on a notice rests on: what it says, and its order (K3)."""
	seen = json.dumps([contents.text_of(notice), content.fingerprint_of(order)], ensure_ascii=False)
	return hashlib.sha256(seen.encode()).hexdigest()


def _order_refusals(order: Document, blocked: bool) -> list[Refusal]:
	"""What stands against producing for an order: not in force, not approved, held up (D3, D4, C10)."""
	if order.docstatus != 1 or order.status in ("Closed", "On Hold"):
		return [Refusal("D3", mark("{0} is not in force: nothing is made for it."), (order.name,))]
	stands = order_states([order.name], "Production", lock=False)
	found = goods.order_refusals("", "", [order.name], stands)
	if not blocked:
		found = [r for r in found if r.rule != "C10"]
	if cint(settings().production_needs_signed) and not registration.is_signed(order.name):
		found.append(
			Refusal(
				"D1",
				mark("The contract {0} is not signed and registered yet. It is made after that."),
				(order.name,),
			)
		)
	return found


def not_releasable(orders: Collection[str]) -> tuple[set[str], set[str]]:
	"""Return of these orders those that have ended, and those that are held up: on hold, without approval, or
	by an action of their review (D3, C10); a constant number of queries, none where there are no orders.
	"""
	if not orders:
		return set(), set()
	heads = frappe.get_all(ORDER, {"name": ("in", sorted(orders))}, ["name", "docstatus", "status"])
	ended = {h.name for h in heads if h.docstatus != 1 or h.status == "Closed"} | (
		set(orders) - {h.name for h in heads}
	)
	stands = order_states(set(orders) - ended, "Production", lock=False)
	held_up = {n for n, s in stands.items() if not (s.in_force and s.approved) or s.blocked_by}
	return ended, held_up | {h.name for h in heads if h.status == "On Hold" and h.docstatus == 1}


def _superseded(order: str, name: str) -> Document | None:
	if not name:
		return None
	old = frappe.get_doc(DOCTYPE, name)
	if old.reference_name != order or old.docstatus != 1 or old.withdrawn:
		refuse_one("D3", mark("{0} is no released notice of this order: it cannot be superseded."), name)
	return old


def _row(given: Mapping[str, Any]) -> dict[str, Any]:
	fields = ("order_row", "item_code", "qty", "planned_start", "planned_finish", "remarks")
	return {name: given.get(name) or None for name in fields}


def _special_requirements(order: Document) -> str:
	return "\n".join(
		f"{_(r.special)}: {r.requirement}"
		for r in order.get("qms_requirements") or ()
		if r.special and not r.none_identified
	)


def _packaging(order: Document) -> str:
	kind, details = order.get("qms_packaging") or "", order.get("qms_packaging_details") or ""
	return ": ".join(text for text in (_(kind, context=ORDER) if kind else "", details) if text)


def _require_role(role: str, message: str) -> None:
	user = frappe.session.user
	if not people.is_present(user) or role not in people.own_roles(user):
		refuse_one("D3", message, role)


def _locked(name: str) -> Document:
	"""Return a notice, locked after its contract."""
	order = frappe.db.get_value(DOCTYPE, name, "reference_name")
	frappe.db.get_value(ORDER, order, "name", for_update=True)
	notice = frappe.get_doc(DOCTYPE, name, for_update=True)
	people.check_readable(notice)
	return notice
