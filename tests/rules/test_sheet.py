"""K6: what people typed is never run as a formula where a report is exported to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_customer.rules.sheet import plain


@pytest.mark.rule("K6")
@pytest.mark.parametrize(
	"text", ['=HYPERLINK("x")', "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3+cmd|x", "\t=1", "\r=1"]
)
def test_a_formula_is_put_behind_an_apostrophe(text: str) -> None:
	assert plain(text) == f"'{text}"


@pytest.mark.rule("K6")
@pytest.mark.parametrize("text", ["", "Hospital", "+86 (21) 555-0100", "-5", "A=B", "a@b.example"])
def test_all_else_stays_as_it_is(text: str) -> None:
	assert plain(text) == text


@given(st.text())
def test_nothing_is_lost(text: str) -> None:
	assert plain(text).removeprefix("'") == text.removeprefix("'")
	assert not plain(text).startswith(("=", "@"))
