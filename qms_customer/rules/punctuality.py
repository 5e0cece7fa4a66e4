"""What was promised against when it left: of each line of a contract, in calendar days (E4, F5)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from qms_customer.rules import mark


class Standing(StrEnum):
	"""Where a line stands against its promise."""

	ON_TIME = mark("On Time")
	LATE = mark("Late")
	OPEN = mark("Not Due Yet")
	OVERDUE = mark("Overdue")
	CLOSED = mark("Closed")


@dataclass(frozen=True)
class Delivery:
	"""Goods of a line that left on a day, in the unit in which its quantity is given."""

	day: date
	quantity: Decimal


@dataclass(frozen=True)
class Punctuality:
	"""How a line was delivered.

	`complete_on`: when all of it had left, None while it has not. `days`: late (above 0) or early (below)
	against the date promised last, `days_first` against the date promised first; of what is overdue, as of
	today; None where there is nothing to compare.
	"""

	standing: Standing
	first_on: date | None
	last_on: date | None
	complete_on: date | None
	days: int | None
	days_first: int | None


def first_promise(current: date | None, shifts: Iterable[tuple[date | None, date | None]]) -> date | None:
	"""Return the date that was promised first: the one before the earliest shift that was applied.

	`shifts`: date before and date after of each, the earliest first; what does not move the date is none.
	"""
	return next((before for before, after in shifts if before and before != after), current)


def punctuality(
	promised: date | None,
	promised_first: date | None,
	quantity: Decimal,
	deliveries: Iterable[Delivery],
	today: date,
	closed: bool = False,
) -> Punctuality:
	"""Return how a line was delivered against its dates.

	A line is delivered on the day on which the last piece of it leaves: a part in time does not make it
	punctual. What came back later does not undo that it left. A line that was closed short is judged by
	nothing.
	"""
	left = sorted((d for d in deliveries if d.quantity > 0), key=lambda d: d.day)
	total, complete = Decimal(), None
	for one in left:
		total += one.quantity
		if complete is None and total >= quantity:
			complete = one.day
	first, last = (left[0].day, left[-1].day) if left else (None, None)

	def days(since: date | None, until: date | None) -> int | None:
		return (until - since).days if since and until else None

	if complete:
		late = days(promised, complete)
		standing = Standing.LATE if late and late > 0 else Standing.ON_TIME
		return Punctuality(standing, first, last, complete, late, days(promised_first, complete))
	if closed:
		return Punctuality(Standing.CLOSED, first, last, None, None, None)
	if promised and today > promised:
		return Punctuality(
			Standing.OVERDUE, first, last, None, days(promised, today), days(promised_first, today)
		)
	return Punctuality(Standing.OPEN, first, last, None, None, None)
