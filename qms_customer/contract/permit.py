"""The right to alter one committed order, held in this process while an approved change is applied (E7, E8).

It lives outside every document, like the right to move a record (records/token.py), so that no client can
send it. It names the order and what is done to it: everything else, and every other order, stays refused.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import frappe

from qms_customer.rules.notice import CANCEL, CHANGE, CLOSE, REOPEN

__all__ = ["CANCEL", "CHANGE", "CLOSE", "REOPEN", "allows", "granted"]

ORDER = "Sales Order"


@dataclass(frozen=True)
class Permit:
	"""What may be done to which order: one of the kinds of a change notice (E1)."""

	order: str
	kind: str


@contextmanager
def granted(order: str, kind: str) -> Iterator[None]:
	"""Let one order be changed, cancelled, closed or re-opened inside the block, whoever writes it (E7)."""
	held = _held()
	held.append(Permit(order, kind))
	try:
		yield
	finally:
		held.pop()


def allows(doctype: str, name: str | None, kind: str = CHANGE) -> bool:
	"""Return whether this is what an approved change is being applied for, in this process, now (E8)."""
	return doctype == ORDER and Permit(name or "", kind) in _held()


def _held() -> list[Permit]:
	if not hasattr(frappe.local, "qms_permits"):
		frappe.local.qms_permits = []
	return frappe.local.qms_permits
