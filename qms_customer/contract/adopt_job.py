"""The background jobs of adoption: batch after batch, each committed by itself (E8)."""

import frappe

from qms_customer.contract import adopt, content


def collect(name: str) -> None:
	"""Collect a list to its end, from wherever it stands; a batch is a transaction (E8)."""
	while True:
		more = adopt.collect_batch(name)
		# Its own, so that the site is never held up, and a job that is killed has lost one batch at most.
		frappe.db.commit()
		done, expected = frappe.db.get_value(adopt.DOCTYPE, name, ["looked_at", "expected"])
		frappe.publish_progress(
			min(100, 100 * done / expected) if expected else 100,
			title=name,
			doctype=adopt.DOCTYPE,
			docname=name,
		)
		if not more:
			return


def after_signing(name: str) -> None:
	"""Show on its contracts that they were adopted, and list those that came in between (E8)."""
	adopt.list_stragglers(name)
	# That list stands, whatever becomes of the marks; and a batch of these is as short as one of the list.
	frappe.db.commit()
	place: tuple[str, str] | None = (content.CONTRACT_DOCTYPES[0], "")
	while place:
		place = adopt.mark_batch(name, place)
		frappe.db.commit()
