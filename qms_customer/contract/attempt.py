"""Doing something to ERPNext's documents so that all of it stays, or nothing (E7)."""

from collections.abc import Iterator
from contextlib import contextmanager

import frappe
from frappe.utils import CallbackManager

CALLBACKS = ("before_commit", "after_commit", "before_rollback", "after_rollback")
# What Frappe collects by process, to send it once it is committed.
QUEUES = ("_realtime_log", "_webhook_queue")


@contextmanager
def attempt(keep: bool) -> Iterator[None]:
	"""Keep what the block does if `keep` and it raises nothing; else roll back to where it began.

	What was to be sent after the commit (mails, jobs, webhooks, what open forms are told) goes the same way,
	and what was cached of documents that were written is dropped. Frappe's own rollback to a savepoint does
	none of that. Not for blocks that commit.
	"""
	outer = {name: getattr(frappe.db, name) for name in CALLBACKS}
	inner = {name: CallbackManager() for name in CALLBACKS}
	queues = {name: getattr(frappe.local, name) for name in QUEUES if hasattr(frappe.local, name)}
	saving, muted = list(frappe.flags.currently_saving or ()), frappe.flags.mute_emails
	point, kept = f"qms_{frappe.generate_hash(length=10)}", False
	for name in CALLBACKS:
		setattr(frappe.db, name, inner[name])
	for name in queues:
		delattr(frappe.local, name)
	if not keep:
		frappe.flags.mute_emails = True
	frappe.db.savepoint(point)
	try:
		yield
		kept = keep
	finally:
		for name in CALLBACKS:
			setattr(frappe.db, name, outer[name])
		frappe.flags.mute_emails = muted
		if kept:
			_merge(outer, inner, queues)
		else:
			frappe.flags.currently_saving = saving
			_undo(point, inner)
			_put_back(queues)


def _merge(
	outer: dict[str, CallbackManager], inner: dict[str, CallbackManager], queues: dict[str, list]
) -> None:
	for name in CALLBACKS:
		outer[name].add(inner[name].run)
	for name, earlier in queues.items():
		setattr(frappe.local, name, [*earlier, *getattr(frappe.local, name, ())])


def _undo(point: str, inner: dict[str, CallbackManager]) -> None:
	inner["before_rollback"].run()
	try:
		frappe.db.rollback(save_point=point)
	except frappe.db.OperationalError:
		# After a deadlock the database has taken back everything, the savepoint among it.
		pass
	# Of documents that were written it drops what is cached: it may have been read back meanwhile.
	inner["after_rollback"].run()


def _put_back(queues: dict[str, list]) -> None:
	for name in QUEUES:
		if name in queues:
			setattr(frappe.local, name, queues[name])
		elif hasattr(frappe.local, name):
			delattr(frappe.local, name)
