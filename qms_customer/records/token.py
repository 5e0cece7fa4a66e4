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


@contextmanager
def moving(doc: Document) -> Iterator[None]:
	"""Let this one document object, and no other, be written by its decision function inside the block."""
	held = _held()
	held.append(doc)
	try:
		yield
	finally:
		held.pop()


def is_moving(doc: Document) -> bool:
	"""Return whether this very object is being moved by its decision function."""
	return any(doc is one for one in _held())


def _held() -> list[Document]:
	if not hasattr(frappe.local, "qms_moving"):
		frappe.local.qms_moving = []
	return frappe.local.qms_moving
