"""Who hears of what is overdue, and when it goes up the line (L3, L2)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from qms_customer.rules import mark
from qms_customer.rules.people import (
	ACCOUNTS_WITHOUT_PERSON,
	AUTHORITY_RANK,
	BUSINESS_MANAGER,
	DELEGABLE,
	GENERAL_MANAGER,
	MANAGEMENT_REPRESENTATIVE,
	PLANNING,
	SALES_VP,
	Delegation,
)
from qms_customer.rules.review import Refusal
from qms_customer.rules.workdays import Calendar

OPINION = "Opinion"
DECISION = "Decision"
ACTION = "Action"
AUTHORISATION = "Authorisation"
# E6: a department has not acknowledged a change.
ACKNOWLEDGEMENT = "Acknowledgement"
# E2, E5: the customer has not confirmed a change, or it has to be brought up to date.
CONFIRMATION = "Confirmation"
# E3: PMC has not said whether a change affects the production plan.
PLAN_ANSWER = "Plan Answer"
# D3: a task that was passed on is not released to the workshop.
RELEASE = "Release"
# A4: no formal contract has replaced a provisional one by its date.
FORMAL_CONTRACT = "Formal Contract"
# G2-G6: a return slip stands still.
RETURN = "Return Slip"
# H5: a complaint is not closed by its day.
COMPLAINT = "Complaint"
# H2, A10: feedback is not assessed, or not answered.
FEEDBACK = "Feedback"
# H4: whether an event is reported is not decided, or the report is not sent.
REPORT = "Report to Regulator"
# I1: whether users are told is not decided.
ADVISORY = "Advisory Notice"
KINDS = (
	OPINION,
	DECISION,
	ACTION,
	AUTHORISATION,
	ACKNOWLEDGEMENT,
	CONFIRMATION,
	PLAN_ANSWER,
	RELEASE,
	FORMAL_CONTRACT,
	RETURN,
	COMPLAINT,
	FEEDBACK,
	REPORT,
	ADVISORY,
)


@dataclass(frozen=True)
class Step:
	"""L3: what is `after` business days overdue is told to who holds `role`.

	With a department the step is for what that department owes alone.
	"""

	kind: str
	after: int
	role: str
	department: str = ""


# From the day after it is due, whoever is waited for is reminded; then it goes up, one level after another.
DEFAULTS = (
	Step(OPINION, 1, BUSINESS_MANAGER),
	Step(OPINION, 3, SALES_VP),
	Step(OPINION, 5, GENERAL_MANAGER),
	Step(DECISION, 2, GENERAL_MANAGER),
	Step(DECISION, 5, MANAGEMENT_REPRESENTATIVE),
	Step(ACTION, 1, BUSINESS_MANAGER),
	Step(ACTION, 3, SALES_VP),
	Step(ACTION, 5, GENERAL_MANAGER),
	Step(AUTHORISATION, 1, SALES_VP),
	Step(AUTHORISATION, 3, GENERAL_MANAGER),
	Step(ACKNOWLEDGEMENT, 1, BUSINESS_MANAGER),
	Step(ACKNOWLEDGEMENT, 3, SALES_VP),
	Step(ACKNOWLEDGEMENT, 5, GENERAL_MANAGER),
	Step(CONFIRMATION, 1, BUSINESS_MANAGER),
	Step(CONFIRMATION, 3, SALES_VP),
	Step(CONFIRMATION, 5, GENERAL_MANAGER),
	Step(PLAN_ANSWER, 1, BUSINESS_MANAGER),
	Step(PLAN_ANSWER, 3, SALES_VP),
	Step(PLAN_ANSWER, 5, GENERAL_MANAGER),
	# PMC passed the task on, and hears that nothing came of it.
	Step(RELEASE, 1, PLANNING),
	Step(RELEASE, 3, GENERAL_MANAGER),
	Step(FORMAL_CONTRACT, 1, BUSINESS_MANAGER),
	Step(FORMAL_CONTRACT, 5, SALES_VP),
	Step(FORMAL_CONTRACT, 10, GENERAL_MANAGER),
	Step(RETURN, 1, BUSINESS_MANAGER),
	Step(RETURN, 5, GENERAL_MANAGER),
	Step(COMPLAINT, 1, MANAGEMENT_REPRESENTATIVE),
	Step(COMPLAINT, 5, GENERAL_MANAGER),
	Step(FEEDBACK, 1, MANAGEMENT_REPRESENTATIVE),
	Step(FEEDBACK, 3, GENERAL_MANAGER),
	Step(REPORT, 1, MANAGEMENT_REPRESENTATIVE),
	Step(REPORT, 2, GENERAL_MANAGER),
	# The management representative is reminded; the next above is the general manager.
	Step(ADVISORY, 1, GENERAL_MANAGER),
)


@dataclass(frozen=True)
class Waiting:
	"""Something that waits for people since `due`.

	`roles` and `people`: who is waited for, by role or by name; `without`: who may not do it (C12).
	"""

	kind: str
	due: date
	roles: tuple[str, ...] = ()
	people: tuple[str, ...] = ()
	department: str = ""
	without: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Staff:
	"""Who is there today: the enabled people of each role, and the delegations in force (L1, L2)."""

	holders: Mapping[str, Sequence[str]]
	delegations: Sequence[Delegation] = ()
	enabled: Collection[str] = field(default_factory=frozenset)

	def acting_as(self, role: str, without: Collection[str] = ()) -> list[str]:
		"""Return who acts as a role: its holders, and the delegates that cover for them (L2).

		`without`: who takes no part (C12), neither in person nor through a delegate.
		"""
		own = [u for u in self.holders.get(role, ()) if u not in without]
		if role not in DELEGABLE:
			return own
		lent = {d.delegate for d in self.delegations if d.role == role and d.delegator in own}
		return own + sorted(u for u in lent - set(own) - set(without) if u in self.enabled)

	def deciding(self, role: str, without: Collection[str] = ()) -> str:
		"""Return the lowest authority from a role up as which somebody may decide who took no part, "" if
		nobody may (C12, C13, L2).
		"""
		ranks = sorted(AUTHORITY_RANK.items(), key=lambda item: item[1])
		return next(
			(r for r, rank in ranks if rank >= AUTHORITY_RANK[role] and self.acting_as(r, without)), ""
		)

	def covering(self, user: str) -> list[str]:
		"""Return a person, if still there, and who covers for them while they are absent (L2)."""
		lent = {
			d.delegate
			for d in self.delegations
			if d.delegator == user and user in self.holders.get(d.role, ()) and d.delegate in self.enabled
		}
		return ([user] if user in self.enabled else []) + sorted(lent - {user})


def days_late(waiting: Waiting, today: date, calendar: Calendar) -> int:
	"""Return how many business days something is overdue; 0 until the business day after it was due (L3)."""
	return calendar.workdays_between(waiting.due, today)


def reached(steps: Iterable[Step], kind: str, late: int, department: str = "") -> list[Step]:
	"""Return the steps up the line that something has reached, the lowest first (L3)."""
	return sorted(
		(s for s in steps if s.kind == kind and s.after <= late and s.department in ("", department)),
		key=lambda s: s.after,
	)


def who_hears(
	waiting: Waiting, today: date, calendar: Calendar, steps: Iterable[Step], staff: Staff
) -> dict[str, str]:
	"""Return who is told today that something is overdue, and as which role; "" for who is waited for (L3).

	Nobody is told on a day off: the next business day says how late it is by then. Where nobody is left
	who may do it, the line hears of it all the same.
	"""
	late = days_late(waiting, today, calendar)
	if not late or not calendar.is_workday(today):
		return {}
	told: dict[str, str] = {}
	for user in waiting.people:
		told |= dict.fromkeys(staff.covering(user), "")
	for role in waiting.roles:
		told |= dict.fromkeys(staff.acting_as(role, waiting.without), "")
	for step in reached(steps, waiting.kind, late, waiting.department):
		for user in staff.acting_as(step.role):
			told.setdefault(user, step.role)
	return {user: role for user, role in told.items() if user not in ACCOUNTS_WITHOUT_PERSON}


def refusals(steps: Sequence[Step], departments: Collection[str]) -> list[Refusal]:
	"""Return what is wrong with a line (L3): a step twice, of no department, too early, or missing."""
	found = []
	for step in dict.fromkeys(s for s in steps if steps.count(s) > 1):
		found.append(Refusal("L3", mark("{0}, {1}: the same step stands twice."), (step.kind, step.role)))
	for step in steps:
		if step.after < 1:
			found.append(
				Refusal(
					"L3",
					mark("{0}, {1}: a step up the line comes at least one business day after the due date."),
					(step.kind, step.role),
				)
			)
		if step.department and step.department not in departments:
			found.append(
				Refusal(
					"L3",
					mark("{0}, {1}: department {2} is not in the routing table."),
					(step.kind, step.role, step.department),
				)
			)
	for kind in KINDS:
		if not any(s.kind == kind and not s.department for s in steps):
			found.append(
				Refusal(
					"L3",
					mark("{0}: say who is told when it is overdue; a step without a department is needed."),
					(kind,),
				)
			)
	return found
