"""ERPNext without our hooks, in the same process, for comparison."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import frappe


@contextlib.contextmanager
def hooks_off() -> Iterator[None]:
	"""Run the block with the document events of ERPNext and Frappe alone."""
	ours = frappe.get_doc_hooks()
	frappe.local.doc_events_hooks = {
		doctype: {
			event: [h for h in handlers if not h.startswith("qms_customer.")]
			for event, handlers in events.items()
		}
		for doctype, events in ours.items()
	}
	try:
		yield
	finally:
		frappe.local.doc_events_hooks = ours
