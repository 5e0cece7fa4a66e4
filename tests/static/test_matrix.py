"""The validation matrix is up to date, and every rule of this release has a test."""

from __future__ import annotations

from tests.support import matrix


def test_every_rule_of_this_release_is_proved() -> None:
	assert not set(matrix.TITLES) - set(matrix.collect())


def test_the_matrix_is_up_to_date() -> None:
	assert matrix.TARGET.read_text() == matrix.text(), "run: python -m tests.support.matrix"
