"""What nobody approved is listed once, until it fits again or is explained."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_customer.rules import sweep
from qms_customer.rules.sweep import Known, step


@pytest.mark.rule("E8")
@pytest.mark.parametrize(
	("fits", "fingerprint", "known", "expected"),
	[
		(True, "a", None, sweep.NOTHING),
		(False, "a", None, sweep.FOUND),
		(False, "a", Known(sweep.OPEN, "a"), sweep.NOTHING),
		(False, "b", Known(sweep.OPEN, "a"), sweep.ALTERED_AGAIN),
		(True, "b", Known(sweep.OPEN, "a"), sweep.ENDED),
		(False, "a", Known(sweep.EXPLAINED, "a"), sweep.NOTHING),
		(False, "b", Known(sweep.EXPLAINED, "a"), sweep.FOUND),
		(True, "b", Known(sweep.EXPLAINED, "a"), sweep.NOTHING),
		(False, "a", Known(sweep.FITS_AGAIN, "a"), sweep.FOUND),
		(False, "a", Known(sweep.NOT_IN_FORCE, "a"), sweep.FOUND),
		(True, "a", Known(sweep.FITS_AGAIN, "a"), sweep.NOTHING),
	],
)
def test_e8_each_step(fits, fingerprint, known, expected):
	assert step(fits, fingerprint, known) == expected


@pytest.mark.rule("E8")
@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abc"), st.booleans()), max_size=30))
def test_e8_after_each_sweep_what_does_not_fit_stands_in_the_list(looks):
	"""And nothing that fits is listed as open; what was explained was explained as it is."""
	known: Known | None = None
	for fits, fingerprint, explains in looks:
		what = step(fits, fingerprint, known)
		if what in (sweep.FOUND, sweep.ALTERED_AGAIN):
			known = Known(sweep.OPEN, fingerprint)
		elif what == sweep.ENDED:
			known = Known(sweep.FITS_AGAIN, known.fingerprint)
		if not fits:
			assert known.status in (sweep.OPEN, sweep.EXPLAINED) and known.fingerprint == fingerprint
		else:
			assert known is None or known.status != sweep.OPEN
		if explains and known and known.status == sweep.OPEN:
			known = Known(sweep.EXPLAINED, known.fingerprint)
