"""Alerts before and after the deadlines of regulators, at most one of each stage (H4, L3)."""

from collections import defaultdict
from datetime import datetime

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import cint, format_datetime, get_datetime

from qms_customer.contract import escalation, people
from qms_customer.feedback import decisions
from qms_customer.records.token import moving
from qms_customer.rules import mark
from qms_customer.rules import reportability as rules
from qms_customer.rules.people import GENERAL_MANAGER, MANAGEMENT_REPRESENTATIVE, QUALITY
from qms_customer.shown import language

UNDECIDED_DUE = mark(
	"Not decided yet whether complaint {0} is reportable ({1}). If it is, the report is due on {2}."
)
UNDECIDED_LATE = mark(
	"Overdue: not decided whether complaint {0} is reportable ({1}). If it is, the report was due on {2}."
)
REPORT_DUE = mark("The report of complaint {0} ({1}) is due on {2}.")
REPORT_LATE = mark("Overdue: the report of complaint {0} ({1}) was due on {2}.")
# What was announced to the regulator, or asked for by it: a report, an answer.
NEXT_DUE = mark("To the regulator on complaint {0} ({1}), due on {2}: {3}")
NEXT_LATE = mark("Overdue: to the regulator on complaint {0} ({1}), due on {2}: {3}")


def stage(decision: Document) -> int:
	"""Return which stage a deadline has reached of which nobody was told yet, 0 for none (H4)."""
	if not decision.due_on:
		return 0
	reached = rules.urgency(decisions.moment(decision.due_on), decisions.now())
	return reached if reached > cint(decision.told) else 0


def alert(decision: Document) -> bool:
	"""Tell of a deadline that is nearer by a stage, or over, and return whether it was told of (H4).

	Quality; from a day before on the management representative too; once it is over the general manager. Told
	and noted stand or fall together.
	"""
	reached = stage(decision)
	if not reached:
		return False
	roles = [QUALITY]
	if reached > 1:
		roles.append(MANAGEMENT_REPRESENTATIVE)
	late = rules.is_overdue(reached)
	if late:
		roles.append(GENERAL_MANAGER)
	first = decisions.first_open(decision)
	what = first.what if first and first.asked_on and _same(first.due_on, decision.due_on) else ""
	if what:
		text = NEXT_LATE if late else NEXT_DUE
	elif decision.decision == rules.UNDECIDED:
		text = UNDECIDED_LATE if late else UNDECIDED_DUE
	else:
		text = REPORT_LATE if late else REPORT_DUE
	# Counting is no content: no entry in the chain, and no turn for whoever has the form open.
	with moving(decision):
		decision.db_set("told", reached, update_modified=False)
	languages = escalation.languages()
	groups = defaultdict(list)
	for user in dict.fromkeys(user for role in roles for user in people.holders(role)):
		if people.may_see(user, decision):
			groups[languages.get(user)].append(user)
	for code, users in groups.items():
		with language(code or frappe.local.lang):
			said = _(text).format(
				decision.complaint,
				decision.regime,
				format_datetime(decision.due_on),
				_(what) if what else "",
			)
		escalation.notify_now(users, said, decision.doctype, decision.name)
	return True


def _same(one: str | datetime, other: str | datetime) -> bool:
	return get_datetime(one) == get_datetime(other)
