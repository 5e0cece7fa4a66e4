"""Cancelling, closing and re-opening a contract (E8): an order by a change notice, a blanket order, which has
none, with a reason on record.
"""

from typing import NoReturn

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import add_to_date, now_datetime

from qms_customer.contract import people, permit
from qms_customer.contract.facts import is_gated
from qms_customer.messages import refuse_one
from qms_customer.records.token import moving
from qms_customer.rules import mark

DOCTYPE = "Contract Status Change"
ACTIONS = ("Cancel", "Close", "Re-open")
# A reason is given for what happens next, not for some later day.
VALID_MINUTES = 60


def record_reason(doc: Document, action: str, reason: str) -> Document:
	"""Record why a contract is about to be cancelled, closed or re-opened, and return the record (E8)."""
	if action not in ACTIONS:
		refuse_one("E8", mark("{0} is not something that is done to a contract."), action)
	if not (reason or "").strip():
		refuse_one("E8", mark("Say why."))
	if doc.doctype == permit.ORDER:
		refuse_without_notice(doc, action)
	record = frappe.get_doc(
		{
			"doctype": DOCTYPE,
			"reference_doctype": doc.doctype,
			"reference_name": doc.name,
			"action": action,
			"reason": reason.strip(),
			"recorded_by": frappe.session.user,
			"recorded_by_name": people.full_name(frappe.session.user),
			"recorded_on": now_datetime(),
		}
	)
	with moving(record):
		# The right to do it to the contract itself was checked by the caller.
		record.insert(ignore_permissions=True)
	return record


def require_reason_for_status(doc: Document, before: Document) -> None:
	"""Refuse closing or re-opening an order but by a change notice (E8)."""
	if doc.doctype != "Sales Order" or doc.status == before.status:
		return
	action = "Close" if doc.status == "Closed" else "Re-open" if before.status == "Closed" else ""
	if permit.allows(doc.doctype, doc.name, action):
		return
	if action and doc.status != "Cancelled" and is_gated(doc):
		require_reason(doc, action)


def require_reason(doc: Document, action: str) -> None:
	"""Use up the reason that this user recorded for this action on this contract, or refuse (E8).

	ERPNext writes a new status twice in one go: one reason covers what is done to this one object. An order
	needs a notice instead.
	"""
	if doc.doctype == permit.ORDER:
		refuse_without_notice(doc, action)
	covered = _covered()
	if any(one is doc and what == action for one, what in covered):
		return
	found = frappe.get_all(
		DOCTYPE,
		filters={
			"reference_doctype": doc.doctype,
			"reference_name": doc.name,
			"action": action,
			"used": 0,
			"recorded_by": frappe.session.user,
			"recorded_on": (">=", add_to_date(now_datetime(), minutes=-VALID_MINUTES)),
		},
		pluck="name",
		order_by="creation desc",
		limit=1,
	)
	if not found:
		refuse_one(
			"E8",
			mark("{1} of {0} needs a reason on record. Use the button on its form, which asks for it."),
			doc.name,
			action,
			title=_("Reason Needed"),
		)
	record = frappe.get_doc(DOCTYPE, found[0])
	with moving(record):
		record.db_set("used", 1, update_modified=False)
	covered[:] = [(one, what) for one, what in covered if one is not doc]
	covered.append((doc, action))


def refuse_without_notice(doc: Document, action: str) -> NoReturn:
	"""Refuse to end or re-open an order but by an approved change notice (E8)."""
	refuse_one(
		"E8",
		mark("{1} of {0} is a change of the contract: it goes through a contract change notice."),
		doc.name,
		action,
		title=_("Contract Cannot Be Changed"),
		notice_of=doc.name,
	)


def _covered() -> list[tuple[Document, str]]:
	"""The objects, in this process, for whose status a reason was used up; no client can put one there."""
	if not hasattr(frappe.local, "qms_reasons_used"):
		frappe.local.qms_reasons_used = []
	return frappe.local.qms_reasons_used
