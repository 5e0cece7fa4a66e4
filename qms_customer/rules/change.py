"""What a change of a contract needs before it may be made (E2-E5, C1 for changes)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from qms_customer.rules import mark
from qms_customer.rules.aspects import (
	COMMERCIAL,
	MATERIALS,
	PLANNING,
	PRODUCTION,
	SALES,
	TOPICS,
	Aspect,
	Department,
)
from qms_customer.rules.content import Change
from qms_customer.rules.notice import CHANGE, CUSTOMER

# E4: calendar days, unless a site says otherwise.
FREE_DAYS = 5
# A contract that is cancelled, closed or re-opened concerns those who execute it.
EXECUTING = frozenset({COMMERCIAL, PRODUCTION, PLANNING, MATERIALS})

PLAN_UNKNOWN, PLAN_NOT_AFFECTED, PLAN_AFFECTED = "", "Not Affected", "Affected"


class Needed(StrEnum):
	"""What a change needs, from the least to the most."""

	NONE = "None"
	CALL_RECORD = "Call Record"
	WRITTEN_NOTICE = "Written Notice"
	REVIEW = "Review"


ORDER = tuple(Needed)


@dataclass(frozen=True)
class Reason:
	"""Why: the rule, and a message marked for translation with its arguments."""

	rule: str
	message: str
	args: tuple[str, ...] = ()


@dataclass(frozen=True)
class Asked:
	"""A change as it is asked for.

	`changes`: each difference of the contents. `topics`: what these touch (C6). `days`: E4, of each row whose
	date shifts, calendar days from the date last reviewed, early or late alike. `plan`: whether the
	production plan is affected, as PMC answered, or as ERPNext's data shows.
	"""

	kind: str
	asked_by: str
	changes: tuple[Change, ...] = ()
	topics: frozenset[str] = frozenset()
	days: tuple[int, ...] = ()
	plan: str = PLAN_UNKNOWN


@dataclass(frozen=True)
class Need:
	"""What a change needs, which departments review it, and why."""

	outcome: Needed
	departments: tuple[str, ...] = ()
	reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Work:
	"""Something open in ERPNext, planned for rows of the order; `ends` None if nobody planned when."""

	kind: str
	name: str
	ends: date | None
	due: date | None


def needed(
	asked: Asked, free_days: int, departments: Sequence[Department], aspects: Iterable[Aspect]
) -> Need:
	"""Return what a change needs, with the reasons (E2-E5).

	E3: only where the customer shifts nothing but delivery dates, and the production plan is not affected, is
	there no new review. E4: up to `free_days` a record of the call is enough, else it is in writing. E5:
	what the company asks is always reviewed.
	"""
	aspects = tuple(aspects)
	if asked.kind != CHANGE:
		return Need(
			Needed.REVIEW,
			_concerned(EXECUTING, departments, aspects),
			(Reason("E8", mark("Cancelling, closing or re-opening a contract is a change of it.")),),
		)
	if not asked.changes:
		return Need(Needed.NONE, (), (Reason("E1", mark("Nothing that was promised changes.")),))
	reasons = []
	if asked.asked_by != CUSTOMER:
		reasons.append(Reason("E5", mark("The company asks for it.")))
	if not only_dates(asked.changes):
		reasons.append(Reason("E2", mark("More than delivery dates changes.")))
	everybody = only_dates(asked.changes) and asked.plan == PLAN_AFFECTED
	if asked.plan == PLAN_AFFECTED:
		reasons.append(Reason("E3", mark("The production plan is affected.")))
	if reasons:
		concerned = (
			tuple(d.name for d in departments)
			if everybody
			else _concerned(asked.topics, departments, aspects)
		)
		return Need(Needed.REVIEW, concerned, tuple(reasons))
	days = max((abs(d) for d in asked.days), default=0)
	counted = (str(days), str(free_days))
	# A change of dates without a row that shifts cannot be counted: unknown never counts as little.
	if asked.days and days <= free_days:
		return Need(
			Needed.CALL_RECORD,
			(),
			(
				Reason("E3", mark("The customer shifts only delivery dates, and the production plan stays.")),
				Reason("E4", mark("{0} calendar days from the date last reviewed: at most {1}."), counted),
			),
		)
	return Need(
		Needed.WRITTEN_NOTICE,
		(),
		(
			Reason("E3", mark("The customer shifts only delivery dates, and the production plan stays.")),
			Reason("E4", mark("{0} calendar days from the date last reviewed: more than {1}."), counted),
		),
	)


def only_dates(changes: Iterable[Change]) -> bool:
	"""Return whether nothing but delivery dates changes, and anything at all does (E3)."""
	changes = tuple(changes)
	return bool(changes) and all(c.field == "delivery_date" and c.table in ("", "items") for c in changes)


def asks_pmc(asked: Asked) -> bool:
	"""Return whether PMC's answer decides what is needed (E3)."""
	return asked.kind == CHANGE and asked.asked_by == CUSTOMER and only_dates(asked.changes)


def affected(works: Iterable[Work]) -> list[Work]:
	"""Return what ERPNext has planned that does not end in time for the new date (E3).

	Work that nobody planned an end of counts: unknown is not "not affected".
	"""
	return [w for w in works if w.ends is None or w.due is None or w.ends > w.due]


def plan_of(answer: str, works: Iterable[Work], sales_says: str) -> str:
	"""Return whether the production plan is affected (E1, E3): data that shows it needs no answer of PMC,
	and no answer turns it away.
	"""
	if sales_says == "Yes" or affected(works):
		return PLAN_AFFECTED
	return answer


def _concerned(
	touched: Iterable[str], departments: Sequence[Department], aspects: Iterable[Aspect]
) -> tuple[str, ...]:
	"""The departments whose aspects change (C6); somebody always reviews: Sales, if nobody's do."""
	touched, aspects = set(touched), tuple(aspects)
	found = tuple(
		d.name
		for d in departments
		if any(a.department == d.name and (a.topic in touched or a.topic not in TOPICS) for a in aspects)
	)
	return found or tuple(d.name for d in departments if d.name == SALES)
