"""The customer confirms a return slip: on paper that Sales attaches, or by a signed link that expires (G1).

The link holds a random token of which the slip keeps the SHA-256 only. It shows this slip and nothing else,
is good for one confirmation, and ends with its day, with a newer link, and with every change of what the slip
says.
"""

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import cint, get_datetime, get_url, getdate, now_datetime

from qms_customer.contract import notify, states
from qms_customer.contract.facts import number
from qms_customer.contract.settings import settings
from qms_customer.erp.file import is_stored, require_readable
from qms_customer.messages import refuse, refuse_one
from qms_customer.records import contents
from qms_customer.returns import edit, forward, opened
from qms_customer.rules import allocation, mark, says
from qms_customer.rules.sales_record import serials_in

# K2: the events of the chain.
ON_PAPER = mark("Signed Paper Attached")
LINKED = mark("Link for the Customer Made")
BY_LINK = mark("Confirmed by the Customer")

PAPER, LINK = "Signed Paper", "Signed Link"
PAGE = "/return-slip"
DAYS = 14
# As much as a name, and a reason, may say.
NAME_LENGTH, REASON_LENGTH = 140, 1000


def attach_paper(name: str, content_hash: str, file: str, confirmed_by: str, confirmed_on: str) -> Document:
	"""Record that the customer signed the slip on paper, with the paper, and return the slip (G1)."""
	slip = opened.locked(name, content_hash)
	opened.require_state(slip, "G1", states.RETURN_DRAFT)
	forward.require_maker()
	if not is_stored(file):
		refuse_one("G1", mark("Attach the paper that the customer signed."))
	require_readable("G1", file)
	if not says(confirmed_by):
		refuse_one("G1", mark("Say who signed for the customer."))
	day = _day(confirmed_on)
	if day > getdate():
		refuse_one("K3", mark("A signature is not dated ahead: {0}."), str(day))
	slip.update(
		{
			"confirmation": PAPER,
			"confirmed_by": confirmed_by.strip()[:NAME_LENGTH],
			"confirmed_on": get_datetime(day),
			"confirmation_file": file,
			"confirmation_hash": contents.file_hash(frappe._dict(file_url=file)),
			"link_hash": None,
			"link_expires": None,
		}
	)
	opened.save(slip, ON_PAPER)
	return slip


def make_link(name: str, content_hash: str) -> str:
	"""Return a new link with which the customer confirms the slip; the one before it ends (G1).

	What the slip says is complete and right before the customer sees it. The address is given once: the slip
	keeps a hash of it.
	"""
	slip = opened.locked(name, content_hash)
	opened.require_state(slip, "G1", states.RETURN_DRAFT)
	forward.require_maker()
	said = edit.statement(slip)
	found = edit.problems(slip, edit.complete(slip))
	if found:
		refuse(found)
	if said != edit.statement(slip):
		refuse_one("G1", mark("The slip has changed. Save it first."))
	token = secrets.token_urlsafe(32)
	slip.update(dict.fromkeys(edit.CONFIRMATION))
	slip.link_hash = _hash(token)
	slip.link_expires = now_datetime() + timedelta(days=cint(settings().return_link_days) or DAYS)
	opened.save(slip, LINKED)
	return get_url(f"{PAGE}?token={token}")


def shown(token: str) -> Document | None:
	"""Return the slip of a link that is still good, None for any other (G1)."""
	name = _named(token)
	slip = frappe.get_doc(opened.DOCTYPE, name) if name else None
	return slip if slip and _is_good(slip, token) else None


def by_link(
	token: str, confirmed_by: str, rows: Iterable[Mapping[str, Any]], agreed: bool | int | str
) -> None:
	"""Record the customer's confirmation by the link, with what they corrected (G1, G7).

	`rows`: of each row its name (`row`), `qty` in the stock unit, `serial_nos` and `reason`. Reason and, only
	downward, quantity may be corrected; nothing comes back of a row of 0. Raises QMSRefusal.
	"""
	name = _named(token)
	if name:
		opened.lock_customer(name)
	slip = frappe.get_doc(opened.DOCTYPE, name, for_update=True) if name else None
	if slip is None or not _is_good(slip, token):
		refuse_one("G1", mark("This link is not valid any more. Ask us for a new one."))
	if not says(confirmed_by or "") or len(confirmed_by) > NAME_LENGTH:
		refuse_one("G1", mark("Give your name."))
	if not cint(agreed):
		refuse_one("G1", mark("Tick that the slip is right."))
	_correct(slip, list(rows))
	known = edit.complete(slip, exact=True)
	if edit.problems(slip, known):
		# What stands against it may speak of others: that is not for this page.
		refuse_one("G1", mark("The slip cannot be confirmed as it stands. Please call us."))
	slip.update(
		{
			"confirmation": LINK,
			"confirmed_by": confirmed_by.strip(),
			"confirmed_on": now_datetime(),
			"confirmation_file": None,
			"confirmation_hash": _hash(edit.statement(slip)),
			"link_hash": None,
			"link_expires": None,
		}
	)
	opened.save(slip, BY_LINK)
	notify.tell(
		[slip.owner],
		_("{0}: the customer has confirmed the return slip. Put it forward.").format(slip.name),
		slip,
		also_oneself=True,
	)


def _correct(slip: Document, rows: list[Mapping[str, Any]]) -> None:
	given = {str(one.get("row") or ""): one for one in rows if isinstance(one, Mapping)}
	stated = {
		row.name: (number(row.stock_qty), frozenset(serials_in(row.serial_nos or ""))) for row in slip.items
	}
	corrected = {
		name: (_quantity(one.get("qty")), frozenset(serials_in(str(one.get("serial_nos") or ""))))
		for name, one in given.items()
	}
	if found := allocation.correction_refusals(stated, corrected):
		refuse(found)
	if len(given) < len(stated):
		refuse_one("G1", mark("The slip has changed meanwhile. Ask for a new link."))
	kept = []
	for row in slip.items:
		quantity, serials = corrected[row.name]
		reason = str(given[row.name].get("reason") or "").strip()
		if not quantity:
			continue
		if not says(reason) and not row.reason_code:
			refuse_one("G1", mark("Row {0}, {1}: say why it comes back."), str(row.idx), row.item_code)
		if len(reason) > REASON_LENGTH:
			refuse_one("G1", mark("Say it in at most {0} characters."), str(REASON_LENGTH))
		if quantity != stated[row.name][0]:
			row.update({"uom": row.stock_uom, "qty": float(quantity)})
		if row.has_serial_no:
			row.serial_nos = "\n".join(s for s in serials_in(row.serial_nos or "") if s in serials)
		row.reason_details = reason
		kept.append(row)
	slip.set("items", [])
	for place, row in enumerate(kept, 1):
		slip.append("items", row)
		row.idx = place


def _named(token: object) -> str:
	if not isinstance(token, str) or not 20 <= len(token) <= 100:
		return ""
	return frappe.db.get_value(opened.DOCTYPE, {"link_hash": _hash(token)}, "name") or ""


def _is_good(slip: Document, token: str) -> bool:
	return bool(
		slip.docstatus == 0
		and slip.workflow_state == states.RETURN_DRAFT
		and slip.link_hash
		and secrets.compare_digest(slip.link_hash, _hash(token))
		and slip.link_expires
		and get_datetime(slip.link_expires) > now_datetime()
	)


def _hash(text: str) -> str:
	return hashlib.sha256(text.encode()).hexdigest()


def _quantity(value: object) -> Decimal:
	try:
		found = Decimal(str(value or 0))
	except InvalidOperation:
		found = Decimal(-1)
	return found if found.is_finite() else Decimal(-1)


def _day(value: str) -> Any:
	try:
		return getdate(value or None)
	except Exception:
		refuse_one("G1", mark("This is no date: {0}."), str(value))
