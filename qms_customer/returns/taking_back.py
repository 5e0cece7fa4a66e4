"""What was booked on a return slip by mistake is taken back: its document is cancelled, the row stays and
says why (G6, G7, K2).
"""

from collections import defaultdict
from decimal import Decimal

import frappe
from frappe.model.document import Document
from frappe.utils import now_datetime

from qms_customer.contract import people
from qms_customer.contract.facts import number
from qms_customer.messages import refuse, refuse_one
from qms_customer.records import signing
from qms_customer.returns import accounted, edit, inbox, making, opened, route, slips
from qms_customer.rules import disposal as rules
from qms_customer.rules import mark, says
from qms_customer.rules.people import QUALITY
from qms_customer.rules.returns import Key
from qms_customer.rules.review import Refusal

# K3: what the signature means.
TAKEN_BACK = mark("Booking Taken Back")


def take_back(name: str, content_hash: str, row: str, reason: str) -> Document:
	"""Take an arrival, a destruction, a write-off or a disposition back, signed, and return the slip (G6,
	K3).

	All rows of the same document go together. Not while something rests on it: a disposition, a
	replacement, a credit. Raises QMSRefusal.
	"""
	opened.lock_customer(name)
	slip = opened.locked(name, content_hash)
	rows = _of_one_document(slip, row)
	role = opened.require_role(
		"G6",
		mark("A booking is taken back by: {0}."),
		(QUALITY,) if rows[0].doctype == "Return Disposition" else (*route.SALES, QUALITY),
	)
	found = _refusals(slip, rows)
	if not says(reason or ""):
		found.append(Refusal("G6", mark("Say why it is taken back."), ()))
	if found:
		refuse(found)
	signing.in_hand()
	with making.documents(slip.name) as step:
		if write_off := rows[0].get("write_off"):
			step.cancel("Stock Entry", write_off)
		if rows[0].document:
			step.cancel(rows[0].document_type, rows[0].document)
	for one in rows:
		one.update(
			{
				"taken_back_on": now_datetime(),
				"taken_back_by": frappe.session.user,
				"taken_back_by_name": people.full_name(frappe.session.user),
				"taken_back_reason": reason,
			}
		)
	if rows[0].get("how") == rules.NOT_COMING and (
		found := edit.taken_since(slip, accounted.outstanding(slip))
	):
		# Meanwhile another slip may have claimed what was said not to come (G7).
		refuse(found)
	slips.settle(slip)
	opened.save(slip)
	signing.sign(slip, TAKEN_BACK, role, comment=reason, shown_hash=content_hash)
	inbox.ask(slip)
	return slip


def _of_one_document(slip: Document, name: str) -> list[Document]:
	rows = accounted.live([*slip.arrivals, *slip.dispositions])
	one = next((row for row in rows if row.name == name), None)
	if one is None:
		refuse_one("G6", mark("This is taken back already, or is not of {0}. Reload it."), slip.name)
	if not one.document:
		return [one]
	return [row for row in rows if (row.document_type, row.document) == (one.document_type, one.document)]


def _refusals(slip: Document, rows: list[Document]) -> list[Refusal]:
	if rows[0].doctype == "Return Disposition":
		# The goods stand in quarantine again; what was sent back comes back by its own cancelled document.
		return []
	received: dict[Key, Decimal] = defaultdict(Decimal)
	others: dict[Key, Decimal] = defaultdict(Decimal)
	for row in rows:
		if row.how != rules.NOT_COMING:
			less = received if row.how == rules.RECEIVED else others
			less[row.item_code, row.batch_no or ""] += number(row.qty)
	# A return that is itself the credit note goes with the goods.
	owed = accounted.owed(slip, but=rows[0].document or "", exact=True)
	found = rules.taking_back_refusals(accounted.held(slip), received, owed)
	return found + rules.taking_back_refusals({}, others, owed)
