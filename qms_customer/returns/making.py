"""The right to make ERPNext's documents for a return slip, held in this process while one step runs (G6).

It lives outside every document, like the right to move a record (records/token.py), so that no client can
send it. What moves returned goods is made, submitted and cancelled in here and nowhere else.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document

from qms_customer.contract import states
from qms_customer.messages import refuse_one
from qms_customer.rules import mark

FIELD, REPLACEMENT = "qms_return_slip", "qms_replacement"
# Put forward, and goods are still to come back or to be destroyed.
CLAIMING = (
	*(states.RETURN_TESTING, states.RETURN_EXPLAINING, states.RETURN_PENDING, states.RETURN_ROUTING),
	*(states.RETURN_AWAITED, states.RETURN_DESTROYING),
)
# A document that names a slip is made by a step of the slip.
DOCTYPES = ("Delivery Note", "Sales Invoice", "POS Invoice", "Stock Entry")


@dataclass
class Making:
	"""The documents that one step of a slip makes, submits or cancels."""

	slip: str
	documents: set[tuple[str, str]] = field(default_factory=set)

	def insert(self, doc: Document) -> Document:
		"""Store a draft for the slip and return it."""
		doc.set(FIELD, self.slip)
		# Who may do the step was checked by it; whoever takes goods back need not keep stock or accounts.
		doc.flags.ignore_permissions = True
		return doc.insert()

	def submit(self, doc: Document) -> Document:
		"""Store, if it is new, and submit a document of the slip, and return it."""
		if not doc.name or doc.is_new():
			self.insert(doc)
		self.documents.add((doc.doctype, doc.name))
		# As in insert.
		doc.flags.ignore_permissions = True
		doc.submit()
		return doc

	def cancel(self, doctype: str, name: str) -> None:
		"""Cancel a document of the slip; nothing if it is cancelled."""
		doc = frappe.get_doc(doctype, name)
		if doc.docstatus != 1:
			return
		self.documents.add((doctype, name))
		# As in insert.
		doc.flags.ignore_permissions = True
		# The slip that names it stays, and says that it was taken back.
		doc.flags.ignore_links = True
		doc.cancel()


def blank(doctype: str) -> Document:
	"""Return an empty document that ERPNext's own functions fill in for a step, whatever the person may make
	by themselves.
	"""
	doc = frappe.new_doc(doctype)
	# As in Making.insert.
	doc.flags.ignore_permissions = True
	return doc


def anew(doc: Document) -> Document:
	"""Return an unsaved document as it reads when a form sends it: what a return counts back on delivery and
	order, ERPNext decides when the document is made in memory, not when it becomes a return.
	"""
	return frappe.get_doc(doc.as_dict())


@contextmanager
def documents(slip: str) -> Iterator[Making]:
	"""Let documents be made for one slip inside the block; if one fails, none of them is left (G6)."""
	held = _held()
	held.append(Making(slip))
	point = f"qms_{frappe.generate_hash(length=10)}"
	frappe.db.savepoint(point)
	try:
		yield held[-1]
	except Exception:
		frappe.db.rollback(save_point=point)
		raise
	finally:
		held.pop()


def is_for(slip: str) -> bool:
	"""Return whether documents are being made for this slip, in this process, now."""
	return any(one.slip == slip for one in _held())


def cover(doc: Document, slip: str) -> None:
	"""Let a return that somebody submits at the till name the slip that was found to cover it (G2, G7)."""
	_covered()[doc.doctype, doc.name] = slip
	doc.set(FIELD, slip)


def repeat(doc: Document) -> None:
	"""Note that a consolidated invoice was found to repeat returns that slips cover, for this submit (G6)."""
	_covered()[doc.doctype, doc.name] = ""


def uncover(doc: Document) -> None:
	"""Forget what an earlier try to submit a document found (G7)."""
	if _covered().pop((doc.doctype, doc.name), ""):
		doc.set(FIELD, None)


def is_covered(doctype: str | None, name: str | None) -> bool:
	"""Return whether slips cover what a document that is being submitted here, now, puts into quarantine."""
	return (doctype, name) in _covered()


def moves(doctype: str | None, name: str | None) -> bool:
	"""Return whether this document is being submitted or cancelled by a step of its slip, now."""
	return any((doctype, name) in one.documents for one in _held())


def before_validate(doc: Document, method: str | None = None) -> None:
	"""Refuse a document that claims to be of a slip, or a replacement, and was not made by it (G6, G7)."""
	before = doc.get_doc_before_save()
	for name in (FIELD, REPLACEMENT):
		now, then = _value(doc, name), _value(before, name) if before else ""
		if name == FIELD and now and now == _covered().get((doc.doctype, doc.name)):
			continue
		if now != then and not is_for(str(doc.get(FIELD) or "")):
			refuse_one(
				"G6",
				mark("{0} is set by the return slip when it makes the document. Use the button there."),
				_(doc.meta.get_label(name)),
			)


def before_cancel(doc: Document, method: str | None = None) -> None:
	"""Refuse to cancel what a return slip has booked: it is taken back there, with a reason (G6)."""
	if slip := doc.get(FIELD):
		# Before the contract, as the steps of the slip do.
		frappe.db.get_value("Return Slip", slip, "name", for_update=True)
	if doc.get(FIELD) and not moves(doc.doctype, doc.name) and _moved_bad_batch(doc):
		refuse_one(
			"G5",
			mark(
				"{0} moved goods of a bad batch to quarantine for return slip {1}. They leave it there, by "
				"Decide Disposition: what is good goes back to stock after its inspection."
			),
			doc.name,
			doc.get(FIELD),
		)
	if doc.get(FIELD) and not moves(doc.doctype, doc.name) and _is_booked(doc):
		refuse_one(
			"G6",
			mark("{0} is booked on return slip {1}. Take it back there, with the reason."),
			doc.name,
			doc.get(FIELD),
		)
	if not doc.get("is_return") and (slip := _claimed(doc)):
		refuse_one(
			"G7",
			mark("Goods of {0} are on return slip {1}, which is open. Decide it, or withdraw it, first."),
			doc.name,
			slip,
		)


def on_cancel(doc: Document, method: str | None = None) -> None:
	"""Let a document be cancelled although a slip points to it: the record stays (C10)."""
	doc.ignore_linked_doctypes = (*(doc.get("ignore_linked_doctypes") or ()), "Return Slip")


def _claimed(doc: Document) -> str:
	"""The open return slip on which goods of a delivery are still to come back, "" if there is none."""
	slip, row = frappe.qb.DocType("Return Slip"), frappe.qb.DocType("Return Slip Item")
	found = (
		frappe.qb.from_(row)
		.join(slip)
		.on(slip.name == row.parent)
		.select(slip.name)
		.where((row.delivery == doc.name) & (row.delivery_doctype == doc.doctype))
		.where(slip.workflow_state.isin(CLAIMING))
		.limit(1)
		.run(pluck=True)
	)
	return found[0] if found else ""


def _moved_bad_batch(doc: Document) -> bool:
	"""Whether a stock entry put stock of a bad batch into quarantine: neither a disposition nor a
	destruction names it.
	"""
	return doc.doctype == "Stock Entry" and not (
		frappe.db.exists("Return Disposition", {"document_type": doc.doctype, "document": doc.name})
		or frappe.db.exists("Return Arrival", {"write_off": doc.name})
	)


def _is_booked(doc: Document) -> bool:
	if doc.doctype == "Stock Entry":
		# Whatever it moved into quarantine, out of it, or off the books, a signed step rests on it.
		return True
	found = {"document_type": doc.doctype, "document": doc.name, "taken_back_on": ("is", "not set")}
	return bool(frappe.db.exists("Return Disposition", found) or frappe.db.exists("Return Arrival", found))


def _value(doc: Document, name: str) -> str:
	value: Any = doc.get(name)
	return "" if value in (None, "", 0, "0") else str(value)


def _covered() -> dict[tuple[str, str | None], str]:
	if not hasattr(frappe.local, "qms_covered"):
		frappe.local.qms_covered = {}
	return frappe.local.qms_covered


def _held() -> list[Making]:
	if not hasattr(frappe.local, "qms_making"):
		frappe.local.qms_making = []
	return frappe.local.qms_making
