"""Patient data: what an edit leaves, who is granted it, when it is erased (K7)."""

from __future__ import annotations

from datetime import date

import pytest

from qms_customer.rules import patient as rules

TODAY = date(2026, 11, 27)
M = rules.MASK


@pytest.mark.rule("K7")
def test_a_mask_that_was_left_alone_says_that_nothing_changed() -> None:
	stored = {"patient_age": "61", "patient_sex": "F"}
	given = {"patient_reference": M, "patient_age": M, "patient_sex": "", "patient_details": " Stroke "}
	assert rules.merged(stored, given) == {"patient_age": "61", "patient_details": "Stroke"}
	assert rules.merged(stored, {}) == stored
	assert rules.masks({"patient_age"}) == {
		"patient_reference": None,
		"patient_age": M,
		"patient_sex": None,
		"patient_details": None,
	}


@pytest.mark.rule("K7")
@pytest.mark.parametrize(
	("change", "covers"),
	[
		({}, True),
		({"user": "other"}, False),
		({"company": "other"}, False),
		({"feedback": "other"}, False),
		({"today": date(2026, 11, 28)}, True),
		({"today": date(2026, 11, 29)}, False),
	],
)
def test_a_grant_is_for_one_person_one_case_and_until_a_day(change: dict, covers: bool) -> None:
	asked = {"user": "a", "company": "c", "feedback": "f", "today": TODAY, **change}
	until = date(2026, 11, 28)
	assert rules.Grant("g", "a", "c", "f", until).covers(**asked) is covers
	assert not rules.Grant("g", "a", "c", "f", until, revoked=True).covers(**asked)
	whole = rules.Grant("g", "a", "c", "", until)
	assert whole.covers(**{**asked, "feedback": "any"}) is (covers or "feedback" in change)


@pytest.mark.rule("K7")
@pytest.mark.parametrize(
	("by", "until", "reason", "words"),
	[
		("m", TODAY, "Audit", []),
		("a", TODAY, "Audit", ["himself"]),
		("m", None, "Audit", ["until when"]),
		("m", date(2026, 11, 26), "/", ["until when", "why"]),
	],
)
def test_a_grant_has_an_end_and_a_reason(by: str, until: date | None, reason: str, words: list[str]) -> None:
	found = rules.grant_refusals(by, "a", until, TODAY, reason)
	assert len(found) == len(words)
	assert all(word in one.message for word, one in zip(words, found, strict=True))


@pytest.mark.rule("K7")
def test_only_what_is_in_force_is_revoked() -> None:
	grant = rules.Grant("g", "a", "c", "", TODAY)
	assert rules.revoke_refusals(grant, TODAY, "The audit is over") == []
	assert len(rules.revoke_refusals(grant, date(2026, 11, 28), " ")) == 2


@pytest.mark.rule("K7")
def test_what_is_erased_is_there_and_closed_and_has_a_reason() -> None:
	assert rules.erasure_refusals(True, True, "Asked for by the patient") == []
	assert len(rules.erasure_refusals(False, False, "/")) == 3


@pytest.mark.rule("K7")
@pytest.mark.parametrize(
	("closed", "years", "today", "due"),
	[
		(date(2024, 11, 27), 2, TODAY, True),
		(date(2024, 11, 28), 2, TODAY, False),
		(date(2000, 1, 1), 0, TODAY, False),
		(None, 2, TODAY, False),
		(date(2024, 2, 29), 1, date(2025, 2, 28), False),
		(date(2024, 2, 29), 1, date(2025, 3, 1), True),
	],
)
def test_it_is_looked_at_after_its_years(closed: date | None, years: int, today: date, due: bool) -> None:
	assert rules.is_due(closed, years, today) is due
