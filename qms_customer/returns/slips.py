"""Where a return slip stands (G2-G6)."""

from collections.abc import Iterable
from decimal import Decimal

from frappe.model.document import Document
from frappe.utils import now_datetime

from qms_customer.contract.facts import number
from qms_customer.returns import said
from qms_customer.returns.accounted import due, live
from qms_customer.rules import returns as rules
from qms_customer.rules.disposal import BLOCKED, FINAL


def settle(slip: Document) -> None:
	"""Set the state of a slip to what follows from what it says; the caller saves it (G2-G6)."""
	slip.workflow_state = rules.state(standing(slip))
	if slip.workflow_state not in _ENDED:
		if slip.closed_on:
			slip.reopened_on = now_datetime()
		slip.closed_on = None
	elif not slip.closed_on:
		slip.closed_on = now_datetime()


def standing(slip: Document) -> rules.Standing:
	"""Return what is known of a slip as the rules take it."""
	arrivals, dispositions = live(slip.arrivals), live(slip.dispositions)
	decided = slip.decision == "Approved"
	came = {how: _sum(a.qty for a in arrivals if a.how == how) for how in _HOW}
	return rules.Standing(
		put_forward=bool(slip.put_forward_on),
		claim=bool(slip.is_quality_claim),
		finding=said.finding(slip),
		answer=slip.customer_answer or "",
		approvals=frozenset(a.role for a in said.given(slip)),
		approvers=said.approvers(slip),
		rejected=slip.decision == "Rejected",
		withdrawn=slip.decision == "Withdrawn",
		route=slip.route or "",
		approved=_sum(row.stock_qty for row in slip.items),
		received=came["Received"],
		destroyed=came["Destroyed on Site"],
		written_off=came["Not Coming"],
		# What is reworked stays in quarantine.
		disposed=_sum(d.qty for d in dispositions if d.disposition in FINAL and d.source != BLOCKED),
		due=due(slip, exact=True) if decided else Decimal(),
	)


_ENDED = (rules.CLOSED, rules.REJECTED, rules.WITHDRAWN)
_HOW = ("Received", "Destroyed on Site", "Not Coming")


def _sum(values: Iterable[float | None]) -> Decimal:
	return sum((number(v) for v in values), Decimal())
