"""PMC answers with a date, Sales agrees it, the contract says it (C8)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_customer.rules.agreement import (
	Answer,
	agreement_refusals,
	approval_refusals,
	assessment_refusals,
	differs,
)

pytestmark = pytest.mark.rule("C8")
TODAY = date(2026, 6, 1)
DUE = date(2026, 7, 1)
LATER = date(2026, 7, 20)


def rules(found):
	return [r.rule for r in found]


def test_pmc_answers_with_a_date_and_a_countermeasure_where_it_is_later():
	assert assessment_refusals(DUE, "/", [DUE], TODAY) == []
	assert assessment_refusals(LATER, "A second shift from July", [DUE], TODAY) == []
	assert rules(assessment_refusals(LATER, "/", [DUE], TODAY)) == ["C8"]
	assert rules(assessment_refusals(DUE, " ", [DUE], TODAY)) == ["K1"]
	assert rules(assessment_refusals(None, "/", [DUE], TODAY)) == ["C8"]
	assert rules(assessment_refusals(TODAY - timedelta(days=1), "/", [DUE], TODAY)) == ["C8"]
	# A contract without a date: any answer is one.
	assert assessment_refusals(LATER, "/", [], TODAY) == []


def test_sales_agrees_no_date_before_that_of_pmc_and_records_the_answer():
	answer = Answer(possible=LATER)
	assert agreement_refusals(answer, LATER, "Dr Li, by phone") == []
	assert agreement_refusals(answer, LATER + timedelta(days=1), "Dr Li, by phone") == []
	assert rules(agreement_refusals(answer, DUE, "Dr Li")) == ["C8"]
	assert rules(agreement_refusals(answer, None, "Dr Li")) == ["C8"]
	assert rules(agreement_refusals(answer, LATER, "/")) == ["C8"]
	assert rules(agreement_refusals(Answer(), LATER, "Dr Li")) == ["C8"]


def test_approval_waits_for_both_and_for_the_contract_to_say_it():
	assert rules(approval_refusals(True, Answer(), [DUE])) == ["C8"]
	assert rules(approval_refusals(True, Answer(possible=LATER), [DUE])) == ["C8"]
	agreed = Answer(LATER, LATER)
	assert rules(approval_refusals(True, agreed, [DUE])) == ["C8"]
	assert rules(approval_refusals(False, agreed, [DUE])) == ["C8"]
	assert approval_refusals(True, agreed, [DUE, LATER]) == []
	# PMC answered anew since.
	assert rules(approval_refusals(True, Answer(LATER + timedelta(days=9), LATER), [LATER])) == ["C8"]
	assert approval_refusals(False, Answer(), [DUE]) == []
	assert differs(DUE, []) and not differs(None, [])


DATES = st.dates(date(2026, 6, 1), date(2026, 9, 1))


@given(st.booleans(), st.none() | DATES, st.none() | DATES, st.lists(DATES, max_size=3))
def test_what_is_approved_says_what_was_agreed(needed, possible, agreed, dues):
	if approval_refusals(needed, Answer(possible, agreed), dues) == []:
		if needed:
			assert possible and agreed
		if agreed:
			assert max(dues) == agreed and agreed >= (possible or agreed)
