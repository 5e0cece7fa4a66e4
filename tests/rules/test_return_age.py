"""A return slip does not stand still unnoticed (L3)."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_customer.rules import return_age, returns
from qms_customer.rules.people import BUSINESS_MANAGER, GENERAL_MANAGER, QUALITY, SALES_USER
from qms_customer.rules.return_age import Moments, rate, since, waited_for

DAY = {name: date(2026, 3, n) for n, name in enumerate(Moments.__dataclass_fields__, 1)}


@pytest.mark.rule("L3")
@pytest.mark.parametrize(
	("state", "begun"),
	[
		(returns.DRAFT, "made"),
		(returns.TESTING, "put_forward"),
		(returns.EXPLAINING, "found"),
		(returns.PENDING, "answered"),
		(returns.DISPOSING, "taken_back"),
		(returns.AWAITED, "taken_back"),
		(returns.DESTROYING, "taken_back"),
		(returns.QUARANTINED, "taken_back"),
		(returns.SETTLING, "taken_back"),
	],
)
def test_a_state_begins_with_what_led_into_it(state: str, begun: str) -> None:
	assert since(state, Moments(**DAY)) == DAY[begun]
	assert since(state, Moments(DAY["made"])) == DAY["made"]


@pytest.mark.rule("L3")
def test_what_did_not_happen_counts_for_nothing() -> None:
	plain = {k: v for k, v in DAY.items() if k not in ("taken_back", "found", "answered")}
	assert since(returns.AWAITED, Moments(**plain)) == DAY["routed"]
	assert since(returns.QUARANTINED, Moments(**plain)) == DAY["received"]
	assert since(returns.PENDING, Moments(**plain)) == DAY["put_forward"]
	assert since(returns.SETTLING, Moments(**plain)) == DAY["reopened"]
	del plain["reopened"]
	assert since(returns.SETTLING, Moments(**plain)) == DAY["given"]


@pytest.mark.rule("L3", "G2", "G3", "G4", "G6")
def test_who_is_waited_for() -> None:
	assert waited_for(returns.TESTING) == waited_for(returns.QUARANTINED) == (QUALITY,)
	assert waited_for(returns.EXPLAINING) == waited_for(returns.DISPOSING) == (SALES_USER,)
	assert waited_for(returns.SETTLING) == (SALES_USER,)
	assert waited_for(returns.PENDING) == (BUSINESS_MANAGER,)
	both = (BUSINESS_MANAGER, GENERAL_MANAGER)
	assert waited_for(returns.PENDING, both, frozenset({BUSINESS_MANAGER})) == (GENERAL_MANAGER,)


@pytest.mark.rule("L3")
@pytest.mark.parametrize("state", [returns.CLOSED, returns.REJECTED, returns.WITHDRAWN])
def test_what_has_ended_is_waited_for_by_nobody(state: str) -> None:
	assert since(state, Moments(**DAY)) is None and waited_for(state) == ()


@pytest.mark.rule("L3")
def test_every_state_is_open_or_ended() -> None:
	assert {*return_age.OPEN, returns.CLOSED, returns.REJECTED, returns.WITHDRAWN} == set(returns.STATES)


@pytest.mark.rule("H8")
def test_a_rate_needs_deliveries() -> None:
	assert rate(Decimal(3), Decimal(12)) == 25 and rate(Decimal(3), Decimal()) is None


@pytest.mark.rule("L3")
@given(st.sampled_from(return_age.OPEN), st.lists(st.dates() | st.none(), min_size=7, max_size=7), st.dates())
def test_since_is_a_moment_of_the_slip(state: str, days: list, made: date) -> None:
	assert since(state, Moments(made, *days)) in {made, *days} - {None}
