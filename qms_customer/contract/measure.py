"""What a notice says and needs, computed from its order and its proposal (E1-E5, E7)."""

import json
from collections.abc import Iterable
from datetime import date
from typing import Any

import frappe
from erpnext.stock.get_item_details import get_conversion_factor
from frappe import _
from frappe.model.document import Document
from frappe.utils import flt, format_date, getdate, strip_html

from qms_customer.contract import altering, content, planned
from qms_customer.contract.proposed import LINE_FIELDS, ORDER, head_changes, proposal_of
from qms_customer.contract.settings import aspects, departments, settings
from qms_customer.messages import refuse_one, say
from qms_customer.rules import change, mark
from qms_customer.rules import content as content_rules
from qms_customer.rules import notice as rules
from qms_customer.rules.content import normal
from qms_customer.rules.fields import topics
from qms_customer.rules.review import Refusal

OLD_LINE_FIELDS = (
	*(f"old_{name}" for name in LINE_FIELDS),
	"reviewed_delivery_date",
	"delivered_qty",
	"item_name",
)


def take_over(notice: Document, order: Document) -> None:
	"""Write what an order says now into a notice, as old values; what it proposes is kept (E1, E7)."""
	canonical = content.content_of(order)
	proposes = head_changes(notice)
	for name in rules.HEAD_FIELDS:
		if name in rules.HEAD_TABLES:
			if name not in proposes:
				columns = [
					*content.schema(ORDER).tables[name],
					*(("file",) if name == "qms_documents" else ()),
				]
				notice.set(f"new_{name}", [{c: row.get(c) for c in columns} for row in order.get(name) or ()])
			continue
		value = order.get(name)
		notice.set(f"old_{name}", strip_html(value or "") if name == "terms" else value)
		if name not in proposes:
			notice.set(f"new_{name}", value)
	_take_over_lines(notice, order)
	notice.old_content = content_rules.text(canonical)
	notice.old_fingerprint = content_rules.fingerprint(canonical)
	notice.currency = order.currency


def measure(notice: Document) -> None:
	"""Write into a notice what comes of it: content, totals, what ERPNext refuses, what it needs and why.

	The order is changed and put back to find out (E7): nothing remains but the lock of the order.
	"""
	for line in notice.lines:
		changed = any(
			normal(line.get(f"new_{n}"), kind) != normal(line.get(f"old_{n}"), kind)
			for n, kind in LINE_FIELDS.items()
		)
		line.change = rules.what_happens(line.order_row or "", bool(line.remove), changed)
	hash_documents(notice)
	old = json.loads(notice.old_content)
	proposal = proposal_of(notice)
	# A line that is not filled in yet is no proposal that ERPNext could be asked about.
	unclear = line_refusals(notice)
	outcome = altering.dry_run(notice.reference_name, proposal) if proposal and not unclear else None
	notice.refusals = "\n".join(outcome.refusals) if outcome else None
	new = outcome.content if outcome else (None if unclear else old)
	notice.content = content_rules.text(new) if new else None
	notice.fingerprint = content_rules.fingerprint(new) if new else None
	_totals(notice, outcome)
	if new is None:
		notice.outcome, notice.departments_concerned, notice.shift_days = None, None, 0
		notice.reasons, notice.plan_evidence = None, None
		return
	asked = _asked(notice, old, new)
	need = change.needed(asked, settings().free_shift_days or 0, departments(), aspects())
	notice.outcome = need.outcome.value
	notice.departments_concerned = ", ".join(need.departments)
	notice.reasons = "\n".join(f"{r.rule}: {strip_html(say(r.message, r.args))}" for r in need.reasons)
	notice.shift_days = max((abs(d) for d in asked.days), default=0)


def asks_pmc(notice: Document) -> bool:
	"""Return whether PMC's answer decides what a notice needs (E3)."""
	if not notice.content:
		return False
	changes = content_rules.diff(json.loads(notice.old_content), json.loads(notice.content))
	return change.asks_pmc(change.Asked(notice.kind, notice.asked_by, tuple(changes)))


def line_refusals(notice: Document) -> list[Refusal]:
	"""Return what is wrong with the proposed lines (E1)."""
	if notice.kind != rules.CHANGE:
		return []
	found = []
	for line in notice.lines:
		if line.change in (rules.KEEP, rules.REMOVE):
			continue
		values = {n: line.get(f"new_{n}") for n in LINE_FIELDS} | {"item_code": line.item_code}
		found += rules.line_refusals(line.idx, line.order_row or "", values, flt(line.delivered_qty))
	if notice.lines and all(line.change == rules.REMOVE for line in notice.lines):
		found.append(
			Refusal("E1", mark("All lines are removed: make a notice to cancel or close the contract."))
		)
	return found


def keep_lines(notice: Document) -> None:
	"""Put back what a form does not decide on lines: which rows of the order they are, and how those stand
	(E1).
	"""
	before = {row.order_row: row for row in notice.get_doc_before_save().lines if row.order_row}
	seen = set()
	for line in notice.lines:
		old = before.get(line.order_row) if line.order_row not in seen else None
		if old is None:
			line.order_row, line.remove = None, 0
			for name in OLD_LINE_FIELDS:
				line.set(name, None)
			continue
		seen.add(line.order_row)
		line.item_code = old.item_code
		for name in OLD_LINE_FIELDS:
			line.set(name, old.get(name))
	if set(before) - seen:
		refuse_one("E1", mark("A line of the contract is not deleted here. Tick its box to have it removed."))


def complete(notice: Document) -> None:
	"""Fill in what follows from what was typed: names of added items, their unit, the factor of a unit
	(E1).
	"""
	for line in notice.lines:
		if not line.item_code:
			continue
		if not line.order_row:
			item = frappe.get_cached_value("Item", line.item_code, ["item_name", "stock_uom"], as_dict=True)
			line.item_name = item.item_name if item else None
			line.new_uom = line.new_uom or (item and item.stock_uom)
		moved = normal(line.new_uom, content_rules.TEXT) != normal(line.old_uom, content_rules.TEXT)
		same_factor = flt(line.new_conversion_factor) == flt(line.old_conversion_factor)
		if line.new_uom and (not flt(line.new_conversion_factor) or (moved and same_factor)):
			found = get_conversion_factor(line.item_code, line.new_uom)
			line.new_conversion_factor = flt(found.get("conversion_factor"))


def hash_documents(notice: Document) -> None:
	"""Write the SHA-256 of each contract document's bytes into its row; what was sent does not count (A6)."""
	from qms_customer.erp.commitment import file_hash

	for row in notice.get("new_qms_documents") or ():
		row.sha256 = file_hash(row.file)


def shown_hash(notice: Document) -> str:
	"""Return the hash of what a person sees on a notice (C12)."""
	seen = {
		"old": notice.old_fingerprint,
		"new": notice.fingerprint,
		"turn": notice.turn,
		"state": notice.workflow_state,
		"kind": notice.kind,
		"asked_by": notice.asked_by,
		"reason": notice.reason,
		"outcome": notice.outcome,
		"departments": notice.departments_concerned,
		"plan": [notice.plan_answer, notice.plan_comment, notice.plan_answered_by],
		"confirmed": [
			str(notice.get(f) or "")
			for f in ("confirmed_by", "confirmed_on", "confirmed_how", "confirmed_evidence", "call_record")
		],
	}
	return content_rules.fingerprint(json.dumps(seen, ensure_ascii=False, sort_keys=True, default=str))


def described(notice: Document) -> list[content_rules.Change]:
	"""Return each difference of the two contents of a notice (E1)."""
	if not (notice.content and notice.old_content):
		return []
	return content_rules.diff(json.loads(notice.old_content), json.loads(notice.content))


def _asked(notice: Document, old: dict[str, Any], new: dict[str, Any]) -> change.Asked:
	changes = tuple(content_rules.diff(old, new)) if notice.kind == rules.CHANGE else ()
	works, evidence = _planned(notice)
	notice.plan_evidence = "\n".join(evidence)
	return change.Asked(
		notice.kind,
		notice.asked_by or "",
		changes,
		frozenset(content_rules.topics_of(changes, ORDER, topics(ORDER))),
		tuple(_days(notice)),
		change.plan_of(notice.plan_answer or "", works, notice.affects_production or ""),
	)


def _planned(notice: Document) -> tuple[list[change.Work], list[str]]:
	dues: dict[str, date | None] = {
		line.order_row: getdate(line.new_delivery_date) if line.new_delivery_date else None
		for line in notice.lines
		if line.order_row and line.change in (rules.ALTER, rules.REMOVE)
	}
	works = planned.works(notice.reference_name, dues)
	late = {(w.kind, w.name) for w in change.affected(works)}
	words = [
		_("{0} {1}: ends {2}, proposed date {3}: {4}").format(
			_(w.kind),
			w.name,
			format_date(w.ends) if w.ends else _("unknown", context="Production Plan"),
			format_date(w.due) if w.due else "–",
			_("affected") if (w.kind, w.name) in late else _("not affected"),
		)
		for w in works
	]
	if dues:
		words += [
			_("Stock is reserved: {0}").format(name) for name in planned.reserved(notice.reference_name, dues)
		]
	return works, words


def _days(notice: Document) -> Iterable[int]:
	"""E4: by row whose date shifts, calendar days from the date last reviewed."""
	for line in notice.lines:
		if line.change != rules.ALTER or not line.new_delivery_date:
			continue
		if normal(line.new_delivery_date, content_rules.DATE) == normal(
			line.old_delivery_date, content_rules.DATE
		):
			continue
		since = line.reviewed_delivery_date or line.old_delivery_date
		if since:
			yield (getdate(line.new_delivery_date) - getdate(since)).days


def _totals(notice: Document, outcome: altering.Outcome | None) -> None:
	totals = outcome.totals if outcome else {}
	old, new = totals.get("old") or {}, totals.get("new") or {}
	if not old:
		old = frappe.db.get_value(
			ORDER, notice.reference_name, ["grand_total", "delivery_date"], as_dict=True
		)
	if not new:
		new = old
	notice.old_grand_total, notice.new_grand_total = flt(old["grand_total"]), flt(new["grand_total"])
	notice.difference = flt(new["grand_total"]) - flt(old["grand_total"])
	notice.old_delivery_date, notice.new_delivery_date = old["delivery_date"], new["delivery_date"]


def _take_over_lines(notice: Document, order: Document) -> None:
	if notice.kind != rules.CHANGE:
		return
	known = {line.order_row: line for line in notice.lines if line.order_row}
	added = [line for line in notice.lines if not line.order_row]
	reviewed = _reviewed_dates(order)
	notice.set("lines", [])
	for row in order.items:
		line = known.get(row.name)
		values: dict[str, Any] = {
			"order_row": row.name,
			"item_code": row.item_code,
			"item_name": row.item_name,
			"remove": line.remove if line else 0,
			"delivered_qty": row.delivered_qty,
			"reviewed_delivery_date": reviewed.get(row.name, row.delivery_date),
		}
		for name, kind in LINE_FIELDS.items():
			kept = line is not None and normal(line.get(f"new_{name}"), kind) != normal(
				line.get(f"old_{name}"), kind
			)
			values[f"old_{name}"] = row.get(name)
			values[f"new_{name}"] = line.get(f"new_{name}") if kept else row.get(name)
		notice.append("lines", values)
	for line in added:
		notice.append(
			"lines", {n: line.get(n) for n in ("item_code", "item_name", *(f"new_{f}" for f in LINE_FIELDS))}
		)


def _reviewed_dates(order: Document) -> dict[str, date | None]:
	"""By row whose date was changed by notices, the date last reviewed (E4); one query."""
	notice, line = frappe.qb.DocType("Contract Change Notice"), frappe.qb.DocType("Contract Change Line")
	rows = (
		frappe.qb.from_(line)
		.join(notice)
		.on((notice.name == line.parent) & (line.parenttype == "Contract Change Notice"))
		.select(line.order_row, line.old_delivery_date, notice.outcome)
		.where((notice.reference_name == order.name) & (notice.docstatus == 1))
		.where((notice.decision == "Approved") & (line.change == rules.ALTER))
		.where(line.old_delivery_date != line.new_delivery_date)
		.orderby(notice.decided_on, order=frappe.qb.desc)
		.run(as_dict=True)
	)
	shifts: dict[str, list[tuple[date | None, bool]]] = {}
	for row in rows:
		shifts.setdefault(row.order_row, []).append(
			(row.old_delivery_date, row.outcome == change.Needed.REVIEW)
		)
	return {
		row.name: rules.reviewed_date(getdate(row.delivery_date), shifts[row.name])
		for row in order.items
		if row.name in shifts
	}
