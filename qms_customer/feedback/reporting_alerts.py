"""Alerts before and after the deadlines of regulators, at most one of each stage (H4, L3)."""

from collections import defaultdict
from collections.abc import Iterable

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import cint, format_datetime

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


def news(decision: Document) -> list[tuple[Document, int]]:
	"""Return which deadlines have reached a stage of which nobody was told yet, with the stage (H4).

	That of the rules is the decision's own; each that was announced or asked for has its row.
	"""
	found = []
	for told in (decision, *decisions.asked(decision)):
		if told.due_on:
			reached = rules.urgency(decisions.moment(told.due_on), decisions.now())
			if reached > cint(told.told):
				found.append((told, reached))
	return found


def alert(decision: Document) -> bool:
	"""Tell of deadlines that are nearer by a stage, or over, and return whether any was told of (H4).

	Quality; from a day before on the management representative too; once it is over the general manager. Told
	and noted stand or fall together.
	"""
	found = news(decision)
	for told, reached in found:
		roles = [QUALITY]
		if reached > 1:
			roles.append(MANAGEMENT_REPRESENTATIVE)
		late = rules.is_overdue(reached)
		if late:
			roles.append(GENERAL_MANAGER)
		# Counting is no content: no entry in the chain, and no turn for whoever has the form open.
		with moving(decision):
			frappe.db.set_value(told.doctype, told.name, "told", reached, update_modified=False)
			told.told = reached
		_tell(decision, told, _text(decision, told, late), roles)
	return bool(found)


def _text(decision: Document, told: Document, late: bool) -> str:
	if told is not decision:
		return NEXT_LATE if late else NEXT_DUE
	if decision.decision == rules.UNDECIDED:
		return UNDECIDED_LATE if late else UNDECIDED_DUE
	return REPORT_LATE if late else REPORT_DUE


def _tell(decision: Document, told: Document, text: str, roles: Iterable[str]) -> None:
	"""Tell who holds these roles, each in their language."""
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
				format_datetime(told.due_on),
				"" if told is decision else _(told.what),
			)
		escalation.notify_now(users, said, decision.doctype, decision.name)
