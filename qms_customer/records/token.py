"""The right to move a record: held in this process, for the length of one decision, by one function (C11,
C12).

A submit, a state change or a deletion of our records that does not come through the decision functions finds
no token and is refused, whoever asks and through whatever door. It lives outside the document, so that no
client can send it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import frappe
from frappe.model.document import Document

from qms_customer.records import ledger
from qms_customer.records.registry import RECORDS


@contextmanager
def moving(doc: Document, event: str = "") -> Iterator[None]:
	"""Let this one document object, and no other, be written by its decision function inside the block.

	`event`: what is recorded in the chain of the record afterwards (K2). Without it nothing is: the caller
	signs the record, or has only counted something on it (its bookkeeping, see registry).
	"""
	held = _held()
	held.append(doc)
	try:
		yield
	finally:
		held.pop()
	if event and doc.doctype in RECORDS:
		ledger.append(doc, event)


def is_moving(doc: Document) -> bool:
	"""Return whether this very object is being moved by its decision function."""
	return any(doc is one for one in _held())


def _held() -> list[Document]:
	if not hasattr(frappe.local, "qms_moving"):
		frappe.local.qms_moving = []
	return frappe.local.qms_moving
