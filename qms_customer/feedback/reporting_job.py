"""Hourly, in the background: decisions that are missing are asked for, deadlines follow rules and calendars,
and what is near or over is told (H4, L3).

All are looked at as stored, a few queries for each batch; locked and written are only those for which
something has changed. Idempotent: nothing is asked or told twice. One that fails is logged and stops nothing
else.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

import frappe
from frappe.model.document import Document

from qms_customer.feedback import regimes, reporting, reporting_alerts
from qms_customer.rules import complaint as states
from qms_customer.rules import reportability as rules

BATCH = 500
CLOCK = "Reporting Clock"


def hourly() -> None:
	"""Start the job; while one waits or runs, there is no second one (H4)."""
	frappe.enqueue(
		"qms_customer.feedback.reporting_job.run",
		queue="long",
		job_id="qms_reporting",
		deduplicate=True,
		timeout=3600,
	)


def run() -> None:
	"""The job: a transaction for each that is written, so that nobody waits for all of it (H4)."""
	catch_up(frappe.db.commit)


def catch_up(pause: Callable[[], None] = lambda: None) -> None:
	"""Ask, recompute and alert (H4). `pause`: between one complaint and the next."""
	known = regimes.read()
	complaints = _open_complaints()
	there = _decided([one.name for one in complaints])
	_ask_missing(complaints, there, known, pause)
	pause()
	for batch in _batches(_waiting(there)):
		for name, complaint in due(batch, known):
			# A lock comes first: what is read after it is as it stands then.
			pause()
			with alone(_failed(name)):
				follow(name, complaint, known)
		pause()


def _open_complaints() -> list[frappe._dict]:
	return frappe.get_all(
		reporting.COMPLAINT,
		filters={"docstatus": ("<", 2)},
		or_filters=[["workflow_state", "!=", states.CLOSED], ["workflow_state", "is", "not set"]],
		fields=["name", "item_code", "event_country"],
		order_by="name",
	)


def _decided(complaints: Sequence[str]) -> dict[str, dict[str, frappe._dict]]:
	"""The decisions of complaints, by complaint and regime."""
	found: dict[str, dict[str, frappe._dict]] = defaultdict(dict)
	for batch in _batches(complaints):
		for row in frappe.get_all(
			reporting.DOCTYPE,
			filters={"complaint": ("in", batch)},
			fields=["name", "complaint", "regime", "decision"],
			order_by="",
		):
			found[row.complaint][row.regime] = row
	return found


def _ask_missing(
	complaints: Collection[frappe._dict],
	there: dict[str, dict[str, frappe._dict]],
	known: regimes.Known,
	pause: Callable[[], None],
) -> None:
	"""Make the decisions that open complaints lack: a product came to a market, a regime was added (H4)."""
	for name, wanted in reporting.regimes_of(complaints, known).items():
		if any(regime not in there.get(name, ()) for regime in wanted):
			pause()
			with alone(f"Reportability of {name} could not be asked"):
				reporting.ask(frappe.get_doc(reporting.COMPLAINT, name, for_update=True))


def _waiting(there: dict[str, dict[str, frappe._dict]]) -> list[str]:
	"""The decisions that wait for somebody, and of open complaints those not to report: a rule that came
	since opens them again.
	"""
	found = {
		row.name
		for regimes_ in there.values()
		for row in regimes_.values()
		if row.decision == rules.NOT_REPORTABLE
	}
	for filters in (
		{"decision": rules.UNDECIDED},
		{"due_on": ("is", "set")},
		{"first_due_on": ("is", "set")},
	):
		found.update(frappe.get_all(reporting.DOCTYPE, filters=filters, pluck="name", order_by=""))
	return sorted(found)


def due(names: Collection[str], known: regimes.Known) -> list[tuple[str, str]]:
	"""Return of these decisions those that have to be written or told of, each with its complaint (H4).

	Three queries, whatever their number; nothing is locked or written.
	"""
	decisions = _stored(names)
	complaints = {
		row.name: row
		for row in frappe.get_all(
			reporting.COMPLAINT,
			filters={"name": ("in", sorted({d.complaint for d in decisions}) or [""])},
			fields=["name", "creation", *reporting.FOLLOWED],
			order_by="",
		)
	}
	found = []
	for decision in decisions:
		try:
			current = reporting.is_current(decision, complaints[decision.complaint], known)
			if not current or reporting_alerts.news(decision):
				found.append((decision.name, decision.complaint))
		except Exception:
			# A complaint that is gone by SQL, a regime that nobody knows.
			frappe.log_error(title=_failed(decision.name))
	return found


def _stored(names: Collection[str]) -> list[Document]:
	"""Decisions as they are stored, with their clocks, without what was exchanged; two queries."""
	heads = frappe.get_all(reporting.DOCTYPE, filters={"name": ("in", names)}, fields=["*"], order_by="name")
	clocks = defaultdict(list)
	for row in frappe.get_all(
		CLOCK,
		filters={"parenttype": reporting.DOCTYPE, "parent": ("in", names)},
		fields=["*"],
		order_by="parent, idx",
	):
		clocks[row.parent].append(row)
	return [
		frappe.get_doc({"doctype": reporting.DOCTYPE, **head, "clocks": clocks.get(head.name, [])})
		for head in heads
	]


def follow(name: str, complaint: str, known: regimes.Known) -> None:
	"""Bring one decision to what is known now, and tell of its deadline; locked with its complaint (H4).

	The complaint first, as by its own steps.
	"""
	about = frappe.get_doc(reporting.COMPLAINT, complaint, for_update=True)
	decision = frappe.get_doc(reporting.DOCTYPE, name, for_update=True)
	if not reporting.refresh(decision, about, known):
		reporting_alerts.alert(decision)


def _batches(names: Iterable[str]) -> Iterator[list[str]]:
	rest = iter(names)
	while batch := list(islice(rest, BATCH)):
		yield batch


@contextmanager
def alone(title: str) -> Iterator[None]:
	"""What fails in the block is undone and logged, and stops nothing else."""
	frappe.db.savepoint("qms_reporting")
	try:
		yield
	except Exception:
		frappe.db.rollback(save_point="qms_reporting")
		frappe.log_error(title=title[:140])


def _failed(name: str) -> str:
	return f"Deadline of {name} could not be followed"[:140]
