"""What is owed to a regulator after an exchange (H4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_customer.rules import owed_next as rules
from qms_customer.rules import reportability as r
from qms_customer.rules.owed_next import NOTHING_MORE, Open

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SENT = r.Exchange(r.TO, r.INITIAL, "Event Report", "1", NOON, True, owed_next=NOTHING_MORE)


def asked(key: str, days: int = 0, due: int = 10, what: str = r.ANSWER, direction: str = r.TO) -> Open:
	return Open(key, what, NOON + timedelta(days=days), NOON + timedelta(days=due), direction)


def said(one: r.Exchange, reported: bool = True, *waiting: Open, zone: str = "UTC") -> str:
	return " ".join(refusal.message for refusal in rules.refusals(one, reported, waiting, zone))


@pytest.mark.rule("H4")
@pytest.mark.parametrize("kind", [r.INITIAL, r.FOLLOW_UP])
def test_after_a_report_it_is_said_what_is_owed(kind: str) -> None:
	one = replace(SENT, kind=kind, owed_next="")
	assert "Say what is owed next" in said(one)
	assert said(replace(one, owed_next=NOTHING_MORE)) == ""
	assert "Say until which day" in said(replace(one, owed_next=r.FINAL))
	assert said(replace(one, owed_next=r.FINAL, next_day=date(2026, 4, 1))) == ""
	# The day itself is enough, the day before is a mistake of typing.
	assert said(replace(one, owed_next=r.FINAL, next_day=date(2026, 3, 2))) == ""
	assert "a day before" in said(replace(one, owed_next=r.FINAL, next_day=date(2026, 3, 1)))
	assert "too far away" in said(replace(one, owed_next=r.FINAL, next_day=date.max))
	assert "Say what is owed next" in said(replace(one, owed_next=r.ANSWER, next_day=date(2026, 4, 1)))


@pytest.mark.rule("H4")
def test_a_question_is_owed_an_answer_until_a_day() -> None:
	assert rules.owed_after(r.FROM, r.QUESTION, "") == r.ANSWER
	one = r.Exchange(r.FROM, r.QUESTION, number="Q-1", on=NOON, owed_next=r.ANSWER, comment="Which batch?")
	assert "Say until which day" in said(one, False)
	assert said(replace(one, next_day=date(2026, 3, 9)), False) == ""


@pytest.mark.rule("H4")
def test_nothing_follows_a_final_report_and_a_follow_up_needs_a_report_before() -> None:
	assert rules.owed_after(r.TO, r.FINAL, "") == ""
	assert said(replace(SENT, kind=r.FINAL, owed_next="")) == ""
	assert "Nothing is owed after" in said(replace(SENT, kind=r.FINAL, owed_next=r.FOLLOW_UP))
	received = r.Exchange(r.FROM, r.ACKNOWLEDGED, number="A-1", on=NOON, owed_next=r.FINAL)
	received = replace(received, next_day=date(2026, 5, 1))
	assert said(received) == "" and "no initial report" in said(received, False)


@pytest.mark.rule("H4")
def test_an_answer_says_which_question_it_answers() -> None:
	answer = replace(SENT, kind=r.ANSWER, on=NOON + timedelta(days=2))
	one, other = asked("a"), asked("b", 1)
	assert said(answer, False, one) == "" and "no open question" in said(answer, False)
	assert "asked for after" in said(answer, False, asked("c", 3))
	assert "Say which question" in said(answer, False, one, other)
	assert said(replace(answer, answers="b"), False, one, other) == ""
	assert "not open" in said(replace(answer, answers="c"), False, one)
	assert "not open" in said(replace(answer, answers="f"), True, asked("f", what=r.FINAL))
	assert "asked for after" in said(replace(answer, answers="c"), False, asked("c", 3))
	assert "answers no question" in said(replace(SENT, answers="a"), True, one)
	from_them = r.Exchange(r.FROM, r.ACKNOWLEDGED, on=NOON, owed_next=NOTHING_MORE, answers="a")
	assert "answers no question" in said(from_them, True, one)


@pytest.mark.rule("H4")
def test_what_settles_what() -> None:
	open_ = [
		asked("question"),
		asked("follow-up", what=r.FOLLOW_UP),
		asked("final", what=r.FINAL),
		asked("later", days=9, what=r.FINAL),
	]
	at = replace(SENT, on=NOON + timedelta(days=1))
	assert rules.settled(at, open_) == []
	assert rules.settled(replace(at, kind=r.FOLLOW_UP), open_) == ["follow-up"]
	assert rules.settled(replace(at, kind=r.FOLLOW_UP, answers="question"), open_) == [
		"question",
		"follow-up",
	]
	assert rules.settled(replace(at, kind=r.FINAL), open_) == ["follow-up", "final"]
	assert rules.settled(replace(at, kind=r.ANSWER), open_) == ["question"]
	assert rules.settled(replace(at, direction=r.FROM, kind=r.ACKNOWLEDGED), open_) == []
	off = replace(at, direction=r.FROM, kind=r.WITHDRAWN, owed_next="", answers="final")
	assert rules.settled(off, open_) == ["final"] and said(off, True, *open_) == ""
	assert "Say what is not owed" in said(replace(off, answers=""), True, *open_)


@pytest.mark.rule("H4")
def test_a_new_day_takes_the_place_of_one_that_is_not_over() -> None:
	now = NOON + timedelta(days=11)
	late, later = asked("late", what=r.FINAL), asked("later", due=30, what=r.FINAL)
	one = replace(SENT, kind=r.FOLLOW_UP, on=now, owed_next=r.FINAL)
	assert rules.moved(one, [late], now) == ""
	assert rules.moved(one, [late, later], now) == "later"
	assert rules.moved(replace(one, owed_next=r.FOLLOW_UP), [late, later], now) == ""
	assert rules.moved(replace(one, owed_next=r.ANSWER), [asked("q", due=30)], now) == ""
	# Not by a letter from before it was announced, nor by us if it was the regulator who has set the day.
	assert rules.moved(replace(one, on=NOON), [asked("x", 1, 30, r.FINAL)], now) == ""
	theirs = asked("theirs", due=30, what=r.FINAL, direction=r.FROM)
	assert rules.moved(one, [theirs], now) == ""
	letter = replace(one, direction=r.FROM, kind=r.ACKNOWLEDGED)
	assert rules.moved(letter, [theirs], now) == "theirs" and rules.moved(letter, [later], now) == "later"


@pytest.mark.rule("H4")
def test_the_day_of_an_exchange_is_that_where_the_regulator_is() -> None:
	# 08:00 in Shanghai is the evening before in Washington.
	on = datetime(2026, 3, 2, 8, tzinfo=ZoneInfo("Asia/Shanghai"))
	one = r.Exchange(r.FROM, r.QUESTION, number="Q", on=on, owed_next=r.ANSWER, next_day=date(2026, 3, 1))
	assert said(one, False, zone="America/New_York") == ""
	assert "a day before" in said(one, False, zone="Asia/Shanghai")


KINDS = st.sampled_from([(d, k) for d, kinds in r.EXCHANGES.items() for k in kinds])
OPENS = st.lists(
	st.builds(
		asked,
		st.uuids().map(str),
		st.integers(0, 20),
		st.integers(20, 40),
		st.sampled_from([r.ANSWER, r.FOLLOW_UP, r.FINAL]),
	),
	max_size=5,
)


@pytest.mark.rule("H4")
@given(KINDS, OPENS, st.integers(0, 25), st.booleans(), st.data())
def test_no_question_is_settled_but_by_an_answer_that_came_after_it(
	which: tuple[str, str], open_: list[Open], days: int, reported: bool, data: st.DataObject
) -> None:
	direction, kind = which
	answers = data.draw(st.sampled_from(["", *[o.key for o in open_]]))
	choices = rules.AFTER.get(which, ("",))
	one = r.Exchange(
		direction,
		kind,
		number="1",
		on=NOON + timedelta(days=days),
		has_file=True,
		owed_next=data.draw(st.sampled_from(choices)),
		next_day=date(2027, 1, 1),
		answers=answers,
	)
	if rules.refusals(one, reported, open_, "UTC"):
		return
	settled = rules.settled(one, open_)
	by_key = {o.key: o for o in open_}
	assert len(set(settled)) == len(settled)
	for key in settled:
		assert by_key[key].since <= one.on and (direction == r.TO or (kind == r.WITHDRAWN and key == answers))
	questions = [key for key in settled if by_key[key].what == r.ANSWER]
	assert len(questions) <= 1 and (not questions or kind in (*rules.ANSWERING, r.WITHDRAWN))
	# Whoever says which question is answered settles that one.
	assert not answers or answers in settled
