"""The measurements: each runs as Administrator in a transaction of its own, alone or in any order."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _isolated(isolated: None) -> None:
	"""Isolate every test (see `isolated` in tests/conftest.py)."""
