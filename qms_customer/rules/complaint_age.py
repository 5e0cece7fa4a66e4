"""How long a complaint is open and has stood at its step, against our own targets; what was done in time
(H2, H4, H5, L3).
"""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import date, datetime

from qms_customer.rules import complaint as rules

# Business days at one step until a complaint is overdue there, where the settings say nothing.
STEP_DAYS = 10

# By state the moments that may have led into it, besides those of the states before it.
_INTO = {
	rules.INVESTIGATING: ("opened", "followed", "reopened"),
	rules.ACTING: ("accounted", "ineffective"),
	rules.REPLYING: ("planned", "done"),
	rules.VERIFYING: ("replied", "check_from"),
	rules.CLOSING: ("effective",),
}
OPEN = tuple(_INTO)

# The last day of each age group but the last one.
AGES = (7, 14, 30, 60, 90)
AGE_GROUPS = ("0–7", "8–14", "15–30", "31–60", "61–90", ">90")

# How what was due stands.
IN_TIME, LATE, DUE, OVERDUE = "In Time", "Late", "Due", "Overdue"
TIMELINESS = (IN_TIME, LATE, DUE, OVERDUE)


@dataclass(frozen=True)
class Moments:
	"""When what happened to a complaint, the last time, None where it did not.

	`followed`: its state changed with a document that belongs to it. `accounted`: investigated, or approved
	that it is not. `check_from`: the day from which effectiveness is checked: nothing is waited for before.
	"""

	opened: date
	followed: date | None = None
	reopened: date | None = None
	accounted: date | None = None
	ineffective: date | None = None
	planned: date | None = None
	done: date | None = None
	replied: date | None = None
	check_from: date | None = None
	effective: date | None = None


def since(state: str, moments: Moments) -> date | None:
	"""Return the day since which a complaint waits at its step, None if it is closed (L3).

	That may lie ahead: effectiveness is not checked before its day.
	"""
	if state not in _INTO:
		return None
	led = [name for step in OPEN[: OPEN.index(state) + 1] for name in _INTO[step]]
	if state != rules.VERIFYING:
		# A check that was done, or is no longer needed, holds up nothing.
		led = [name for name in led if name != "check_from"]
	return max(day for name in led if (day := getattr(moments, name)))


def age_group(days: int) -> str:
	"""Return the group of an age in calendar days."""
	return AGE_GROUPS[bisect_left(AGES, days)]


def timeliness(due: date | None, done: date | None, now: date) -> str:
	"""Return whether what was due was done in time, or still may be; "" if it was never due.

	All of one kind: days, of which the last still counts, or moments.
	"""
	if due is None:
		return ""
	if done is not None:
		return IN_TIME if done <= due else LATE
	return DUE if now <= due else OVERDUE


def days_late(due: datetime | None, done: datetime | None, now: datetime) -> float | None:
	"""Return by how many days, of 24 hours, something was or is late, None if it is not."""
	if due is None or (late := (done or now) - due).total_seconds() <= 0:
		return None
	return late.total_seconds() / 86400
