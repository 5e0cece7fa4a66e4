"""Hourly: decisions that are missing are asked for, deadlines follow rules and calendars, and what is near or
over is told (H4, L3).

Idempotent: nothing is asked or told twice. One complaint that fails is logged and stops nothing else.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import frappe

from qms_customer.feedback import regimes, reporting, reporting_alerts
from qms_customer.rules import complaint as states
from qms_customer.rules import reportability as rules


def hourly() -> None:
	"""Ask, recompute and alert (H4)."""
	known = regimes.read()
	follow_open(known, ask_missing(known))


def ask_missing(known: regimes.Known) -> list[str]:
	"""Make the decisions that open complaints lack: a product came to a market, a regime was added (H4).

	Returns the open complaints.
	"""
	complaints = frappe.get_all(
		reporting.COMPLAINT,
		filters={"docstatus": ("<", 2)},
		or_filters=[["workflow_state", "!=", states.CLOSED], ["workflow_state", "is", "not set"]],
		fields=["name", "item_code", "event_country"],
		order_by="name",
	)
	names = [one.name for one in complaints]
	there = set(
		frappe.get_all(
			reporting.DOCTYPE,
			filters={"complaint": ("in", names or [""])},
			fields=["complaint", "regime"],
			as_list=True,
		)
	)
	for name, wanted in reporting.regimes_of(complaints, known).items():
		if any((name, regime) not in there for regime in wanted):
			with alone(f"Reportability of {name} could not be asked"):
				reporting.ask(frappe.get_doc(reporting.COMPLAINT, name))
	return names


def follow_open(known: regimes.Known, complaints: list[str]) -> None:
	"""Bring all decisions that wait for somebody to what the rules say now, and tell what is urgent (H4).

	Of open complaints those not to report too: a rule that came since opens them again.
	"""
	waiting = (
		{"decision": rules.UNDECIDED},
		{"decision": rules.REPORTABLE, "due_on": ("is", "set")},
		{"decision": rules.NOT_REPORTABLE, "complaint": ("in", complaints or [""])},
	)
	for name in dict.fromkeys(
		name
		for filters in waiting
		for name in frappe.get_all(reporting.DOCTYPE, filters=filters, pluck="name", order_by="name")
	):
		with alone(f"Deadline of {name} could not be followed"):
			follow(name, known)


def follow(name: str, known: regimes.Known) -> None:
	"""Bring one decision to what is known now, and tell of its deadline; locked only if there is something to
	do (H4).
	"""
	decision = frappe.get_doc(reporting.DOCTYPE, name)
	complaint = frappe.get_doc(reporting.COMPLAINT, decision.complaint)
	if reporting.is_current(decision, complaint, known) and not reporting_alerts.stage(decision):
		return
	decision = frappe.get_doc(reporting.DOCTYPE, name, for_update=True)
	if not reporting.refresh(decision, complaint, known):
		reporting_alerts.alert(decision)


@contextmanager
def alone(title: str) -> Iterator[None]:
	"""What fails in the block is undone and logged, and stops nothing else."""
	frappe.db.savepoint("qms_reporting")
	try:
		yield
	except Exception:
		frappe.db.rollback(save_point="qms_reporting")
		frappe.log_error(title=title[:140])
