"""What is owed to a regulator after an exchange: a report that was announced, the answer to a question (H4;
ISO 13485 8.2.3; 21 CFR 803.56; MDR 2017/745 Art. 87(6), Art. 89(1)).

No rule says until when: the regulator does, or who reports. What was not said is never "nothing more".
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

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
	Exchange,
)
from qms_customer.rules.review import Refusal

NOTHING_MORE = "Nothing More"
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
	"""What was announced or asked for and is not sent yet. `since`: the exchange that did so; `due`: the last
	moment. Both with a time zone.
	"""

	key: str
	what: str
	since: datetime
	due: datetime


def owed_after(direction: str, kind: str, given: str) -> str:
	"""Return what is owed after an exchange: what was said, and of a question its answer (H4)."""
	choices = AFTER.get((direction, kind), ())
	return choices[0] if len(choices) == 1 else given


def refusals(one: Exchange, reported: bool, waiting: Collection[Open]) -> list[Refusal]:
	"""Return what stands against what an exchange says of the time after it, all at once (H4).

	`reported`: an initial report was sent before; `waiting`: what is not sent yet.
	"""
	found = []
	choices = AFTER.get((one.direction, one.kind), ())
	more = one.owed_next not in ("", NOTHING_MORE)
	if choices and one.owed_next not in choices:
		found.append(Refusal("H4", mark("Say what is owed next, or that nothing more is."), ()))
	elif more and not choices:
		found.append(Refusal("H4", mark("Nothing is owed after this: {0}."), (one.kind,)))
	elif more:
		if one.owed_next in (FOLLOW_UP, FINAL) and not reported and one.kind != INITIAL:
			found.append(Refusal("H4", mark("There is no initial report to follow up."), ()))
		if one.next_day is None:
			found.append(Refusal("H4", mark("Say until which day it is owed: {0}."), (one.owed_next,)))
		elif one.on and one.next_day < one.on.date():
			found.append(
				Refusal("H4", mark("It cannot be owed until a day before the exchange: check both."), ())
			)
	return found + _answer_refusals(one, waiting)


def _answer_refusals(one: Exchange, waiting: Collection[Open]) -> list[Refusal]:
	questions = {o.key: o for o in waiting if o.what == ANSWER}
	asked = questions.get(one.answers)
	if one.answers and (one.direction != TO or one.kind not in ANSWERING):
		return [Refusal("H4", mark("This answers no question: {0}."), (one.kind,))]
	if one.answers and not asked:
		return [Refusal("H4", mark("That question is not open: reload the form and choose one that is."), ())]
	if asked and one.on and one.on < asked.since:
		return [Refusal("H4", mark("The question came after this was sent: check both times."), ())]
	if one.kind == ANSWER and one.direction == TO and not one.answers and len(questions) > 1:
		return [Refusal("H4", mark("Say which question it answers."), ())]
	return []


def settled(one: Exchange, waiting: Iterable[Open]) -> list[str]:
	"""Return the keys of what an exchange settles (H4).

	A report that was announced by its kind; the question that it says it answers, and an answer the only one
	that is open. Nothing that was announced or asked for after it was sent.
	"""
	if one.direction != TO or one.on is None:
		return []
	before = [o for o in waiting if o.since <= one.on]
	found = [o.key for o in before if o.what in _SETTLES.get(one.kind, ()) or o.key == one.answers]
	if one.kind == ANSWER and not one.answers:
		found += [o.key for o in before if o.what == ANSWER]
	return found


def moved(what: str, waiting: Iterable[Open], now: datetime) -> str:
	"""Return the key of what gets a new day because the same is announced again, "" if nothing does (H4).

	What is overdue gets none: it stays overdue until it is sent. Each question has a day of its own.
	"""
	if what == ANSWER:
		return ""
	return next((o.key for o in waiting if o.what == what and o.due >= now), "")
