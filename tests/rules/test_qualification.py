"""A5, D6: whether a buyer is qualified."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_customer.rules import qualification as q
from qms_customer.rules.qualification import Licence, Standing, licence_standing, standing

TODAY = date(2026, 6, 1)
DAYS = st.integers(-400, 400).map(lambda n: TODAY + timedelta(days=n))
LICENCES = st.builds(
	Licence,
	st.sampled_from(q.LICENCE_KINDS),
	st.sampled_from(["", "No. 1"]),
	st.none() | DAYS,
	st.none() | DAYS,
	st.booleans(),
)


def held(days: int, kind: str = q.BUSINESS_LICENCE, **more: object) -> Licence:
	return Licence(kind, "No. 1", until=TODAY + timedelta(days=days), **more)


@pytest.mark.rule("A5")
@pytest.mark.parametrize(
	("licence", "expected"),
	[
		(held(q.NOTICE_DAYS + 1), Standing.VALID),
		(held(q.NOTICE_DAYS), Standing.ENDS_SOON),
		(held(0), Standing.ENDS_SOON),
		(held(-1), Standing.EXPIRED),
		(Licence(q.BUSINESS_LICENCE, "No. 1", unlimited=True), Standing.VALID),
		(Licence(q.BUSINESS_LICENCE, "No. 1"), Standing.UNKNOWN),
		(Licence(q.BUSINESS_LICENCE, " ", until=TODAY + timedelta(days=400)), Standing.UNKNOWN),
		(held(400, since=TODAY + timedelta(days=1)), Standing.UNKNOWN),
		(held(400, since=TODAY), Standing.VALID),
	],
)
def test_a_licence_holds_to_its_last_day(licence: Licence, expected: Standing) -> None:
	assert licence_standing(licence, TODAY) is expected


@pytest.mark.rule("A5")
@pytest.mark.parametrize("kind", [q.DISTRIBUTOR, q.AGENT])
def test_who_trades_needs_the_business_licence(kind: str) -> None:
	good = held(400)
	assert standing(kind, [good], TODAY) == (Standing.VALID, good)
	assert standing(kind, [held(400, q.PRACTICE_LICENCE)], TODAY) == (Standing.MISSING, None)


@pytest.mark.rule("A5")
@pytest.mark.parametrize("kind", [q.HOSPITAL, q.CLINIC])
def test_who_treats_needs_the_practice_licence(kind: str) -> None:
	assert standing(kind, [held(400)], TODAY)[0] is Standing.MISSING
	assert standing(kind, [held(400, q.PRACTICE_LICENCE)], TODAY)[0] is Standing.VALID


@pytest.mark.rule("A5")
def test_a_renewed_licence_counts_and_other_buyers_need_none() -> None:
	assert standing(q.AGENT, [held(-5), held(300)], TODAY) == (Standing.VALID, held(300))
	assert standing(q.OTHER, [], TODAY)[0] is Standing.NONE_NEEDED
	# Unknown never counts as met.
	assert standing("", [held(300)], TODAY)[0] is Standing.UNKNOWN


@pytest.mark.rule("A5")
@given(st.sampled_from(q.BUYER_KINDS), st.lists(LICENCES, max_size=4), LICENCES)
def test_one_more_licence_never_makes_it_worse_than_having_none(
	kind: str, licences: list[Licence], more: Licence
) -> None:
	good = (Standing.VALID, Standing.ENDS_SOON, Standing.NONE_NEEDED)
	before, _licence = standing(kind, licences, TODAY)
	after, _licence = standing(kind, [*licences, more], TODAY)
	assert before not in good or after in good


@pytest.mark.rule("A5")
@given(st.sampled_from([q.DISTRIBUTOR, q.HOSPITAL]), st.lists(LICENCES, max_size=4))
def test_qualified_means_a_licence_of_its_kind_that_holds(kind: str, licences: list[Licence]) -> None:
	found, decisive = standing(kind, licences, TODAY)
	if found in (Standing.VALID, Standing.ENDS_SOON):
		assert decisive in licences and decisive.kind == q.REQUIRED[kind] and decisive.number
		assert decisive.unlimited or decisive.until >= TODAY
