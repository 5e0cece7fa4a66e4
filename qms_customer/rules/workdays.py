"""Business days by a company's calendar of holidays (L3).

Without a calendar every day counts: weekends are not assumed, as companies have them on different days.
Beyond the dates of a calendar, the weekdays that it mostly has off stay off; other holidays there are
not known and count as business days.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Calendar:
	"""L3: the days off from `first` to `last`, both included; with neither, no calendar at all."""

	first: date | None = None
	last: date | None = None
	off: frozenset[date] = frozenset()

	@cached_property
	def weekly(self) -> frozenset[int]:
		"""The weekdays (Monday is 0) that are off more often than not within the calendar.

		All seven would leave no day to work on: then none is.
		"""
		if not self.first or not self.last or self.first > self.last:
			return frozenset()
		weeks, rest = divmod((self.last - self.first).days + 1, 7)
		extra = {(self.first + DAY * n).weekday() for n in range(rest)}
		taken = [0] * 7
		for day in self.off:
			if self.covers(day):
				taken[day.weekday()] += 1
		found = frozenset(w for w in range(7) if 2 * taken[w] > weeks + (w in extra))
		return found if len(found) < 7 else frozenset()

	def covers(self, day: date) -> bool:
		"""Return whether the calendar says something about a day."""
		return bool(self.first and self.last and self.first <= day <= self.last)

	def is_workday(self, day: date) -> bool:
		"""Return whether a day is a business day (L3)."""
		if self.covers(day):
			return day not in self.off
		return day.weekday() not in self.weekly

	def workdays_between(self, start: date, end: date) -> int:
		"""Return the number of business days after `start`, up to and including `end` (L3)."""
		days = (end - start).days
		return sum(self.is_workday(start + DAY * n) for n in range(1, days + 1))

	def add_workdays(self, start: date, number: int) -> date:
		"""Return the business day that is `number` business days after `start`; `start` itself for none."""
		day = start
		while number > 0:
			day += DAY
			number -= self.is_workday(day)
		return day


EVERY_DAY = Calendar()
