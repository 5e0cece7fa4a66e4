"""The site tests: each runs as Administrator in a transaction of its own, alone or in any order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
	from tests.support import contracts as c


@pytest.fixture(autouse=True)
def _isolated(isolated: None) -> None:
	"""Isolate every test (see `isolated` in tests/conftest.py)."""


# Imported when they are asked for: on a machine without a bench these tests are only counted.


@pytest.fixture
def world(isolated: None) -> c.World:
	"""People, made as they are asked for, and what they make."""
	from tests.support import contracts

	return contracts.World()


@pytest.fixture
def actors(isolated: None) -> tuple[str, ...]:
	"""Users who may do everything in ERPNext, for whom a door is shut all the same."""
	from tests.support import goods

	return goods.everybody()
