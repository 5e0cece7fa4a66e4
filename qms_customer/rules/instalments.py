"""An invoice asks for the instalments that its order agreed: the same shares, due on the same terms (F1)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from qms_customer.rules.inheritance import implied_date

WHOLE = Decimal(100)
# In percent of the total: ERPNext rounds portions. In money: what rounding amounts leaves over.
PORTION = Decimal("0.01")
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Instalment:
	"""A row of a payment schedule. `portion`: percent of the total, 0 where an `amount` was agreed.

	`counted_from`, `days`, `months`: how ERPNext counts the due date from that of the invoice; "" where the
	date itself is agreed. `discount_from`, `discount_days` (months, where it counts months): the same of the
	last day of the discount.
	"""

	due: date
	portion: Decimal = Decimal()
	amount: Decimal = Decimal()
	term: str = ""
	mode: str = ""
	counted_from: str = ""
	days: int = 0
	months: int = 0
	discount: Decimal = Decimal()
	discount_type: str = "Percentage"
	discount_until: date | None = None
	discount_from: str = ""
	discount_days: int = 0
	# What it says besides; not compared.
	description: str = ""


Schedule = tuple[Instalment, ...]


@dataclass(frozen=True)
class Dates:
	"""When an order was written, and when its invoice: first as a draft, and as it is dated."""

	ordered: date | None
	drafted: date
	posted: date


def agreed(schedule: Sequence[Instalment], ordered: date | None) -> Schedule:
	"""Return the instalments of an order of this date, none if all that stands there is what ERPNext writes
	where nobody agreed anything: the whole amount, at once (F1).
	"""
	if whole(schedule) and (ordered is None or schedule[0].due <= ordered):
		return ()
	return tuple(schedule)


def whole(schedule: Sequence[Instalment]) -> bool:
	"""Return whether all that a schedule says is a day on which everything is due."""
	return len(schedule) == 1 and all(
		one.portion == WHOLE and not (one.term or one.mode or one.counted_from or one.discount)
		for one in schedule
	)


def portions(schedule: Sequence[Instalment]) -> list[Decimal]:
	"""Return the share of each instalment in percent: an amount that was agreed is a share of the order's
	whole, so that the invoice of a part asks for a part of it (F1).
	"""
	total = sum((i.amount for i in schedule), Decimal())
	return [i.portion or (WHOLE * i.amount / total if total else Decimal()) for i in schedule]


def due(schedule: Sequence[Instalment], dates: Dates) -> Schedule:
	"""Return the instalments as the invoice bears them: as shares, with the dates that the terms give (F1).

	A date that had passed when the invoice was written is that of the invoice; as ERPNext wants the dates of
	a schedule to differ, the next of them a day later.
	"""
	found, taken = [], set()
	for one, portion in zip(schedule, portions(schedule), strict=True):
		count, count_discount = _counting(one), _counting_discount(one)
		day = count(dates.posted) if count else max(one.due, dates.posted)
		while day in taken:
			day += timedelta(days=1)
		taken.add(day)
		until = count_discount(dates.posted) if count_discount else one.discount_until
		until = min(until, day) if until and one.discount else None
		found.append(replace(one, due=day, portion=portion, amount=Decimal(), discount_until=until))
	return tuple(found)


def same_terms(one: Sequence[Instalment], other: Sequence[Instalment]) -> bool:
	"""Return whether two orders can be billed on one invoice: the same shares, due on the same terms (F1)."""

	def terms(schedule: Sequence[Instalment]) -> list[tuple]:
		return [
			(
				portion.quantize(PORTION),
				*((i.counted_from, i.days, i.months) if i.counted_from else ("", i.due)),
				*(i.term, i.mode, i.discount),
				*(() if not i.discount else (i.discount_type, i.discount_from, i.discount_days)),
				i.discount_until if i.discount and not i.discount_from else None,
			)
			for i, portion in zip(schedule, portions(schedule), strict=True)
		]

	return terms(one) == terms(other)


def with_discounts_of(agreed: Sequence[Instalment], written: Sequence[Instalment]) -> Schedule:
	"""Return a schedule with the discounts that were agreed in the rows whose term is that of the order: what
	stands there is what the term says now, whoever wrote it (F1).
	"""
	if len(agreed) != len(written):
		return tuple(written)
	return tuple(
		replace(mine, discount=theirs.discount, discount_type=theirs.discount_type)
		if mine.term and mine.term == theirs.term
		else mine
		for mine, theirs in zip(written, agreed, strict=True)
	)


def as_agreed(written: Sequence[Instalment], schedule: Sequence[Instalment], dates: Dates) -> bool:
	"""Return whether an invoice asks for what its order agreed, or says nothing (F1).

	Terms that count from the invoice count from its date, or from the day on which its draft was made, as
	ERPNext does not count again when a draft is dated later.
	"""
	if not written:
		return True
	if len(written) != len(schedule):
		return False
	total = sum((i.amount for i in written), Decimal())
	tolerance = max(PORTION, WHOLE * CENT / total) if total else PORTION
	late = timedelta(days=len(schedule) - 1)

	def equal(pairs: Iterable[tuple[tuple[Instalment, Decimal], tuple[Instalment, Decimal, date]]]) -> bool:
		return all(
			abs(said - wanted) <= tolerance and _same(mine, theirs, day, dates, late)
			for (mine, said), (theirs, wanted, day) in pairs
		)

	days = [one.due for one in due(schedule, dates)]
	mine = list(zip(written, portions(written), strict=True))
	theirs = list(zip(schedule, portions(schedule), days, strict=True))
	if equal(zip(mine, theirs, strict=True)):
		return True
	# In another order of rows.
	mine.sort(key=lambda x: x[0].due)
	theirs.sort(key=lambda x: x[2])
	return equal(zip(mine, theirs, strict=True))


def text(schedule: Sequence[Instalment]) -> str:
	"""Return a schedule as a person compares it, in any language."""
	return "; ".join(
		" ".join(
			filter(
				None,
				(
					f"{portion.quantize(PORTION):f}%",
					one.due.isoformat(),
					one.term,
					one.mode,
					_discount(one),
				),
			)
		)
		for one, portion in zip(schedule, portions(schedule), strict=True)
	)


def _discount(one: Instalment) -> str:
	if not one.discount:
		return ""
	much = f"−{one.discount.normalize():f}{'%' if one.discount_type == 'Percentage' else ''}"
	return f"{much} ≤ {one.discount_until.isoformat()}" if one.discount_until else much


def _same(mine: Instalment, theirs: Instalment, day: date, dates: Dates, late: timedelta) -> bool:
	"""Whether one instalment is due as agreed, as on the `day` that would be filled in; a name that the
	invoice lacks says nothing.
	"""
	if (theirs.term and mine.term and mine.term != theirs.term) or (theirs.mode and mine.mode != theirs.mode):
		return False
	if mine.due != day and not _in_time(mine.due, theirs.due, _counting(theirs), dates, late):
		return False
	if not mine.discount and theirs.discount_type == "Amount":
		# ERPNext leaves it out where it copies the schedule of the order.
		return True
	if mine.discount != theirs.discount:
		return False
	if not theirs.discount:
		return True
	if mine.discount_type != theirs.discount_type:
		return False
	if mine.discount_until is None:
		# As ERPNext copies it.
		return not theirs.discount_from
	return _in_time(mine.discount_until, theirs.discount_until, _counting_discount(theirs), dates, late)


def _in_time(
	written: date,
	fixed: date | None,
	count: Callable[[date], date] | None,
	dates: Dates,
	late: timedelta,
) -> bool:
	"""Whether a date lies where the terms put it."""
	if count is None:
		if fixed is None:
			return False
		invoiced = max(dates.posted, dates.drafted)
		return fixed <= written <= (invoiced + late if fixed < invoiced else fixed)
	if written == fixed and dates.ordered and fixed != count(dates.ordered):
		# Set by hand on the order: agreed as it stands.
		return True
	first, last = sorted((count(dates.drafted), count(dates.posted)))
	return first <= written <= last + late


def _counting(one: Instalment) -> Callable[[date], date] | None:
	if not one.counted_from:
		return None
	return lambda day: _counted(day, one.counted_from, one.days, one.months)


def _counting_discount(one: Instalment) -> Callable[[date], date] | None:
	if not one.discount_from:
		return None
	return lambda day: _counted(day, one.discount_from, one.discount_days, one.discount_days)


def _counted(written: date, counted_from: str, days: int, months: int) -> date:
	return date.fromisoformat(implied_date(written.isoformat(), counted_from, str(days), str(months)))
