"""Altering a committed order exactly as approved, all or nothing (E7, E8).

What a change makes of an order is found out by doing it and taking it back: `dry_run`. Its result is what
the departments review and somebody approves; `apply` does the same again and compares. So nothing here
foresees what ERPNext will calculate.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import frappe
from erpnext.controllers.accounts_controller import update_child_qty_rate
from frappe import _
from frappe.model.document import Document
from frappe.query_builder.functions import Count
from frappe.utils import strip_html

from qms_customer.contract import altered_head, approved, content, packed, permit, reservations
from qms_customer.contract.attempt import attempt
from qms_customer.messages import refuse, refuse_one
from qms_customer.rules import alteration, mark
from qms_customer.rules import content as content_rules
from qms_customer.rules.notice import Proposal
from qms_customer.setup import executor

ORDER = permit.ORDER
TOTALS = ("grand_total", "base_grand_total", "delivery_date", "currency")
STANDING = ("docstatus", "status", "per_delivered", "per_billed", *TOTALS)
# What Update Items asks of each row, those that stay as they are too.
ASKED = ("item_code", "qty", "rate", "uom", "conversion_factor", "delivery_date")


@dataclass(frozen=True)
class Outcome:
	"""What a change would do to an order.

	`content`: the canonical content afterwards, None if it cannot be done. `refusals`: what stands against
	it, in words, in the user's language. `totals`: "grand_total", "base_grand_total", "delivery_date" and
	"currency", before under "old", afterwards under "new".
	"""

	content: dict[str, Any] | None
	refusals: list[str] = field(default_factory=list)
	totals: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def dry_run(order_name: str, proposal: Proposal) -> Outcome:
	"""Return what a change would make of an order; nothing of it remains (E7).

	The same code as `apply`, rolled back: no mail, no job, no message, nothing cached. The order stays locked
	until the transaction ends. Errors that are no refusals of ERPNext or of us are raised.
	"""
	said = len(frappe.local.message_log)
	old = _lock(order_name)
	totals = {"old": {name: old[name] for name in TOTALS}}
	try:
		_refuse_unapproved(order_name, old, proposal)
		with attempt(keep=False):
			canonical = _execute(order_name, old, proposal)
			new = frappe.db.get_value(ORDER, order_name, TOTALS, as_dict=True)
	except (frappe.ValidationError, frappe.PermissionError) as refusal:
		return Outcome(None, _words(frappe.local.message_log[said:], refusal), totals)
	else:
		return Outcome(canonical, [], {**totals, "new": {name: new[name] for name in TOTALS}})
	finally:
		frappe.local.message_log = frappe.local.message_log[:said]


def apply(notice: Document, proposal: Proposal, fingerprint: str) -> Document:
	"""Alter the order of a notice so that its content has the approved fingerprint, and return it (E7, E8).

	In the caller's transaction, whose user is the approver; all or nothing, also where the caller goes on.
	Raises frappe.ValidationError or frappe.PermissionError where ERPNext refuses, QMSRefusal where the result
	would not be what was approved.
	"""
	order_name = notice.reference_name
	with attempt(keep=True):
		canonical = _execute(order_name, _lock(order_name), proposal)
		if content_rules.fingerprint(canonical) != fingerprint:
			refuse_one(
				"E7",
				mark(
					"{0} would not become what was approved: it, or what ERPNext calculates it from, has "
					"changed since then. Bring the notice up to date and have it reviewed again."
				),
				order_name,
			)
		if proposal.kind == permit.CHANGE:
			approved.record(
				ORDER,
				order_name,
				canonical,
				source_doctype=notice.doctype,
				source_name=notice.name,
				approved_by=frappe.session.user,
				valid_until=None,
				review_path=notice.get("review_path") or "",
			)
	return frappe.get_doc(ORDER, order_name)


def _lock(order_name: str) -> frappe._dict:
	"""How the order stands, read under its lock: nobody delivers, bills or changes it meanwhile."""
	order, part = frappe.qb.DocType(ORDER), frappe.qb.DocType("Packed Item")
	reservation = frappe.qb.DocType(reservations.DOCTYPE)
	found = (
		frappe.qb.from_(order)
		.select(
			*(order[name] for name in STANDING),
			frappe.qb.from_(part)
			.select(Count("*"))
			.where((part.parent == order_name) & (part.parenttype == ORDER))
			.as_("parts"),
			frappe.qb.from_(reservation)
			.select(Count("*"))
			.where((reservation.voucher_no == order_name) & (reservation.docstatus == 1))
			.as_("reservations"),
		)
		.where(order.name == order_name)
		.for_update()
		.run(as_dict=True)
	)
	if not found:
		frappe.throw(_("{0} {1} not found").format(_(ORDER), order_name), frappe.DoesNotExistError)
	return found[0]


def _refuse_unapproved(order_name: str, old: frappe._dict, proposal: Proposal) -> None:
	"""What somebody wrote into an order past us does not become approved with the next change of it (E8)."""
	changes = proposal.kind == permit.CHANGE and old.docstatus == alteration.SUBMITTED
	if changes and not approved.committed(ORDER, [order_name])[order_name]:
		refuse_one(
			"E8",
			mark(
				"{0} does not say what was approved of it. Have it reviewed as it stands before it is "
				"changed."
			),
			order_name,
		)


def _execute(order_name: str, old: frappe._dict, proposal: Proposal) -> dict[str, Any]:
	"""Do it, as the executing identity, and return the content of the order afterwards."""
	standing = alteration.Standing(
		order_name, old.docstatus, old.status or "", float(old.per_delivered or 0), float(old.per_billed or 0)
	)
	if found := alteration.kind_refusals(proposal.kind, standing):
		refuse(found)
	with permit.granted(order_name, proposal.kind), executor.acting():
		if proposal.kind == permit.CHANGE:
			plan = _change(order_name, old, proposal)
		else:
			_KINDS[proposal.kind](order_name)
	values = content.stored_values(ORDER, [order_name])[order_name]
	if proposal.kind == permit.CHANGE:
		_refuse_missed(values, proposal, plan)
	return content_rules.content(content.schema(ORDER), values)


def _change(order_name: str, old: frappe._dict, proposal: Proposal) -> alteration.Plan:
	"""Head fields first, then the rows: Update Items calculates everything anew, from the new head."""
	rows = frappe.get_all(
		"Sales Order Item",
		filters={"parent": order_name, "parenttype": ORDER, "parentfield": "items"},
		fields=["name", *ASKED],
		order_by="idx",
	)
	plan = alteration.plan(proposal, rows, ASKED)
	if plan.refusals:
		refuse(plan.refusals)
	recalculates = altered_head.write(order_name, proposal.head, plan.written)
	if plan.asks or recalculates:
		reserved = reservations.of(order_name) if old.reservations else ()
		parts = packed.of(order_name) if old.parts else {}
		update_child_qty_rate(ORDER, json.dumps(plan.items, default=str), order_name)
		packed.restore(order_name, parts)
		reservations.restore(order_name, reserved)
	return plan


def _refuse_missed(values: Mapping[str, Any], proposal: Proposal, plan: alteration.Plan) -> None:
	"""A value that ERPNext, or a customisation of the site, did not take as it was proposed is no change."""
	shape = content.schema(ORDER)
	head = {name: value for name, value in proposal.head.items() if name in shape.fields}
	missed = alteration.missed(head, values, shape.fields, labels=_labels(ORDER))
	for row in values.get("items") or ():
		if wanted := plan.expected.get(row["name"]):
			missed += alteration.missed(
				wanted, row, shape.tables["items"], row["item_code"], _labels("Sales Order Item")
			)
	if missed:
		refuse(missed)


def _labels(doctype: str) -> dict[str, str]:
	return {f.fieldname: _(f.label or f.fieldname, context=doctype) for f in frappe.get_meta(doctype).fields}


def _cancel(order_name: str) -> None:
	frappe.get_doc(ORDER, order_name).cancel()


def _close(order_name: str) -> None:
	_set_status(order_name, "Closed")


def _reopen(order_name: str) -> None:
	# ERPNext finds out by itself what an order that is no longer closed is.
	_set_status(order_name, "Draft")


def _set_status(order_name: str, status: str) -> None:
	doc = frappe.get_doc(ORDER, order_name)
	doc.update_status(status)
	doc.update_blanket_order()


_KINDS = {
	permit.CANCEL: _cancel,
	permit.CLOSE: _close,
	permit.REOPEN: _reopen,
}


def _words(log: list[Any], refusal: Exception) -> list[str]:
	"""What was said on the way to a refusal, without markup, each once."""
	texts: list[str] = []
	for entry in log:
		message = entry.get("message") if isinstance(entry, dict) else entry
		texts += message if isinstance(message, list) else [str(message or "")]
	if not texts:
		texts = [str(refusal) or type(refusal).__name__]
	return list(dict.fromkeys(t for t in (strip_html(str(text)).strip() for text in texts) if t))
