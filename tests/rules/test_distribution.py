"""Whom a change reaches, who acknowledges it, and how a customer is told (E6, E7, F5)."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_customer.rules import distribution as rules
from qms_customer.rules import notice
from qms_customer.rules import people as roles
from qms_customer.rules.aspects import DEPARTMENTS, Department
from qms_customer.rules.content import Change

NOW = datetime(2026, 11, 26, 12, 0)
DATE = Change("items", "PUMP × 5", "delivery_date", "2026-12-01", "2026-12-04")
PRICE = Change("items", "PUMP × 5", "rate", "100", "90")
ADDED = Change("items", "PUMP × 5", "", "", "{}")
TERMS = Change("payment_schedule", "1", "due_date", "2026-12-01", "2026-12-04")
PACKED = Change("", "", "qms_packaging", "Standard", "Special Packaging")


def names(kind: str, *changes: Change, departments: tuple[Department, ...] = DEPARTMENTS) -> list[str]:
	return [r.department for r in rules.recipients(kind, changes, departments)]


@pytest.mark.rule("E6")
def test_every_department_that_executes_the_contract_is_asked() -> None:
	assert names(notice.CHANGE, DATE) == [d.name for d in DEPARTMENTS]
	assert names(notice.CHANGE, PACKED) == [d.name for d in DEPARTMENTS]


@pytest.mark.rule("E6")
@pytest.mark.parametrize("change", [PRICE, ADDED, TERMS])
def test_finance_is_asked_where_money_or_terms_change(change: Change) -> None:
	assert names(notice.CHANGE, DATE, change)[-1] == rules.FINANCE_DEPARTMENT


@pytest.mark.rule("E6")
@pytest.mark.parametrize("kind", [notice.CANCEL, notice.CLOSE, notice.REOPEN])
def test_finance_is_asked_when_the_contract_ends_or_goes_on(kind: str) -> None:
	assert names(kind)[-1] == rules.FINANCE_DEPARTMENT


@pytest.mark.rule("E6")
def test_a_department_of_the_routing_table_is_asked_once() -> None:
	own = (*DEPARTMENTS, Department(rules.FINANCE_DEPARTMENT, "Accounts", False, True))
	found = rules.recipients(notice.CANCEL, (), own)
	assert [r.role for r in found if r.department == rules.FINANCE_DEPARTMENT] == ["Accounts"]


@pytest.mark.rule("E6")
@given(
	st.sampled_from(notice.KINDS),
	st.lists(st.sampled_from([DATE, PRICE, ADDED, TERMS, PACKED])),
	st.lists(st.sampled_from([DATE, PRICE, ADDED, TERMS, PACKED])),
)
def test_more_changes_never_reach_fewer(kind: str, some: list[Change], more: list[Change]) -> None:
	assert set(names(kind, *some)) <= set(names(kind, *some, *more))


@pytest.mark.rule("E6", "K1")
def test_only_the_department_acknowledges_and_in_person() -> None:
	assert not rules.acknowledge_refusals(roles.PLANNING, {roles.PLANNING}, True, "/")
	(refused,) = rules.acknowledge_refusals(roles.PLANNING, {roles.SALES_USER}, True, "/")
	assert refused.rule == "E6"
	assert rules.acknowledge_refusals(roles.PLANNING, {roles.PLANNING}, False, "/")[0].rule == "E6"
	assert rules.acknowledge_refusals(roles.PLANNING, {roles.PLANNING}, True, "  ")[0].rule == "K1"


def told(**values: object) -> rules.Told:
	return rules.Told(
		**{"how": "Call", "whom": "Dr. Li", "when": NOW - timedelta(hours=1), "text": "Agreed", **values}
	)


@pytest.mark.rule("E7", "F5")
def test_telling_says_how_whom_when_and_what() -> None:
	decided = NOW - timedelta(days=1)
	assert not rules.told_refusals(told(), False, decided, NOW)
	for missing in ({"how": ""}, {"how": "Telepathy"}, {"whom": " "}, {"when": None}, {"text": "/"}):
		assert rules.told_refusals(told(**missing), False, decided, NOW), missing


@pytest.mark.rule("K3")
def test_nobody_is_told_ahead_or_before_it_was_decided() -> None:
	decided = NOW - timedelta(hours=2)
	for when in (NOW + timedelta(hours=1), decided - timedelta(hours=1)):
		(refused,) = rules.told_refusals(told(when=when), False, decided, NOW)
		assert refused.rule == "K3"
	# The form knows minutes, the decision seconds.
	assert not rules.told_refusals(
		told(when=decided.replace(second=0)), False, decided.replace(second=40), NOW
	)


@pytest.mark.rule("E7")
def test_an_e_mail_needs_an_account_and_an_address() -> None:
	mail = told(how=rules.EMAIL, whom="", when=NOW, addresses=["li@hospital.example"])
	assert not rules.told_refusals(mail, True, None, NOW)
	assert rules.told_refusals(mail, False, None, NOW)
	assert rules.told_refusals(told(how=rules.EMAIL), True, None, NOW)
