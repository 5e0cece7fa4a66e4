"""The background jobs of the register: following one document, and computing all anew batch by batch (D5)."""

import frappe
from frappe.utils import now_datetime
from frappe.utils.background_jobs import get_job_status
from rq.job import JobStatus

from qms_customer.contract import register
from qms_customer.contract.approved import ADOPTION


def enqueue(doctype: str, name: str) -> None:
	"""Have the contracts that a document is about followed in the background.

	Once, however often it is asked for before that begins; a job that has begun already may have looked
	already, so that the next one is queued beside it.
	"""
	job = f"qms_register::{doctype}::{name}"
	try:
		begun = get_job_status(job) == JobStatus.STARTED
		frappe.enqueue(
			"qms_customer.contract.register_job.follow",
			queue="long" if doctype == ADOPTION else "default",
			job_id=None if begun else job,
			deduplicate=not begun,
			doctype=doctype,
			name=name,
		)
	except Exception:
		# The document is saved; the nightly job catches up.
		frappe.log_error(title=f"The register did not follow {name}")


def follow(doctype: str, name: str) -> None:
	"""Follow the contracts that a document is about, as they stand once their entries are locked."""
	if doctype == ADOPTION:
		catch_up()
		return
	entries = register.entries_about(doctype, name)
	# What is read from here on is not older than the lock of the entries.
	frappe.db.commit()
	if register.update(entries):
		for entry in entries:
			# A form that nobody types in shows it at once.
			frappe.publish_realtime(
				"doc_update",
				{"modified": str(now_datetime()), "doctype": register.DOCTYPE, "name": entry},
				doctype=register.DOCTYPE,
				docname=entry,
				after_commit=True,
			)


def catch_up() -> None:
	"""Compute the whole register anew, a batch a transaction: nightly, whatever became of the jobs (D5).

	Constant memory; who is killed has lost one batch, and begins anew the next night.
	"""
	while register.make_missing(register.BATCH):
		# Its own, so that nobody who signs meanwhile waits for more than one batch.
		frappe.db.commit()
	after = ""
	while names := register.batch(after):
		# As above: the lock comes first.
		frappe.db.commit()
		register.update(names)
		frappe.db.commit()
		after = names[-1]
