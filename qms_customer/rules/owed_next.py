"""What is owed to a regulator after an exchange: a report that was announced, the answer to a question (H4;
ISO 13485 8.2.3; 21 CFR 803.56; MDR 2017/745 Art. 87(6), Art. 89(1)).

No rule says until when: the regulator does, or who reports. What was not said is never "nothing more".
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from qms_customer.rules import mark
from qms_customer.rules.reportability import (
	ACKNOWLEDGED,
	ANSWER,
	FINAL,
	FOLLOW_UP,
	FROM,
	INITIAL,
	QUESTION,
	TO,
	WITHDRAWN,
	Exchange,
)
from qms_customer.rules.review import Refusal

NOTHING_MORE = "Nothing More"
# In years: beyond it a day was mistyped.
FARTHEST = 10
_REPORTS = (NOTHING_MORE, FOLLOW_UP, FINAL)
# By what is exchanged what may be owed after it; a question is always owed an answer.
AFTER = {
	(TO, INITIAL): _REPORTS,
	(TO, FOLLOW_UP): _REPORTS,
	(TO, ANSWER): (NOTHING_MORE, ANSWER),
	(FROM, QUESTION): (ANSWER,),
	(FROM, ACKNOWLEDGED): _REPORTS,
}
# What was announced and is settled by a report; a final one has what follow-ups would have said.
_SETTLES = {FOLLOW_UP: (FOLLOW_UP,), FINAL: (FOLLOW_UP, FINAL)}
# What can answer a question: a report may be the answer.
ANSWERING = (ANSWER, FOLLOW_UP, FINAL)


@dataclass(frozen=True)
class Open:
	"""What was announced or asked for and is not sent yet. `since`: when that was exchanged, in which
	`direction`; `due`: the last moment. Both with a time zone.
	"""

	key: str
	what: str
	since: datetime
	due: datetime
	direction: str = TO


def owed_after(direction: str, kind: str, given: str) -> str:
	"""Return what is owed after an exchange: what was said, and of a question its answer (H4)."""
	choices = AFTER.get((direction, kind), ())
	return choices[0] if len(choices) == 1 else given


def is_more(owed: str) -> bool:
	"""Return whether something is owed next (H4)."""
	return owed not in ("", NOTHING_MORE)


def refusals(one: Exchange, reported: bool, waiting: Collection[Open], zone: str) -> list[Refusal]:
	"""Return what stands against what an exchange says of the time after it, all at once (H4).

	`reported`: an initial report was sent before; `waiting`: what is not sent yet; `zone`: the regulator's.
	"""
	found = []
	choices = AFTER.get((one.direction, one.kind), ())
	if choices and one.owed_next not in choices:
		found.append(Refusal("H4", mark("Say what is owed next, or that nothing more is."), ()))
	elif is_more(one.owed_next) and not choices:
		found.append(Refusal("H4", mark("Nothing is owed after this: {0}."), (one.kind,)))
	elif is_more(one.owed_next):
		if one.owed_next in (FOLLOW_UP, FINAL) and not reported and one.kind != INITIAL:
			found.append(Refusal("H4", mark("There is no initial report to follow up."), ()))
		found += _day_refusals(one, zone)
	return found + _about_refusals(one, waiting)


def _day_refusals(one: Exchange, zone: str) -> list[Refusal]:
	day = one.next_day
	if day is None:
		return [Refusal("H4", mark("Say until which day it is owed: {0}."), (one.owed_next,))]
	if one.on is None:
		return []
	there = one.on.astimezone(ZoneInfo(zone)).date()
	if day < there:
		return [Refusal("H4", mark("It cannot be owed until a day before the exchange: check both."), ())]
	if day.year > there.year + FARTHEST:
		return [Refusal("H4", mark("This day is too far away: {0}."), (str(day),))]
	return []


def _about_refusals(one: Exchange, waiting: Collection[Open]) -> list[Refusal]:
	"""What stands against what it is about: a question that it answers, what is not owed any more."""
	sent = one.direction == TO
	answering = sent and one.kind in ANSWERING
	withdrawing = not sent and one.kind == WITHDRAWN
	choices = {o.key: o for o in waiting if withdrawing or o.what == ANSWER}
	about = choices.get(one.answers)
	if one.answers and not (answering or withdrawing):
		return [Refusal("H4", mark("This answers no question: {0}."), (one.kind,))]
	if one.answers and not about:
		return [Refusal("H4", mark("That is not open any more: reload the form and choose what is."), ())]
	if withdrawing and not about:
		return [Refusal("H4", mark("Say what is not owed any more."), ())]
	if about and one.on and one.on < about.since:
		return [Refusal("H4", mark("That was asked for after this was sent: check both times."), ())]
	if one.kind != ANSWER or not sent or about:
		return []
	if not choices:
		return [Refusal("H4", mark("There is no open question: record the question first."), ())]
	if len(choices) > 1:
		return [Refusal("H4", mark("Say which question it answers."), ())]
	if one.on and all(one.on < o.since for o in choices.values()):
		return [Refusal("H4", mark("That was asked for after this was sent: check both times."), ())]
	return []


def settled(one: Exchange, waiting: Iterable[Open]) -> list[str]:
	"""Return the keys of what an exchange settles (H4).

	A report that was announced by its kind; the question that it says it answers, and an answer the only one
	that is open; what is not owed any more. Nothing that was announced or asked for after it.
	"""
	if one.on is None or (one.direction == FROM and one.kind != WITHDRAWN):
		return []
	before = [o for o in waiting if o.since <= one.on]
	found = [o.key for o in before if o.what in _SETTLES.get(one.kind, ()) or o.key == one.answers]
	if one.kind == ANSWER and not one.answers:
		found += [o.key for o in before if o.what == ANSWER]
	return found


def moved(one: Exchange, waiting: Iterable[Open], now: datetime) -> str:
	"""Return the key of what gets a new day because the same is announced or asked for again, "" if nothing
	does: then it is owed besides (H4).

	What is overdue gets none: it stays overdue until it is sent. A day that the regulator has set is moved by
	the regulator only, nothing by an older letter. Each question has a day of its own.
	"""
	if one.owed_next == ANSWER or one.on is None:
		return ""
	return next(
		(
			o.key
			for o in waiting
			if o.what == one.owed_next
			and o.due >= now
			and o.since <= one.on
			and (o.direction == TO or one.direction == FROM)
		),
		"",
	)
