"""The background job of the sweep: batch after batch, each committed by itself (E8)."""

import frappe

from qms_customer.contract import sweep


def run(name: str) -> None:
	"""Sweep to the end, from wherever it stands; a batch is a transaction (E8)."""
	while True:
		more = sweep.sweep_batch(name)
		done, expected = frappe.db.get_value(sweep.SWEEP, name, ["looked_at", "expected"])
		# Its own, so that the site is never held up, and a job that is killed has lost one batch at most.
		frappe.db.commit()
		frappe.publish_progress(
			min(100, 100 * done / expected) if expected else 100,
			title=name,
			doctype=sweep.SWEEP,
			docname=name,
		)
		if not more:
			return
