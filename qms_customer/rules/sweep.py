"""What the nightly sweep makes of a contract: found, altered again, fits again (E8; the invariant of C1, D4).

A committed contract's content is always one that somebody with the authority approved. What is not, is listed
once, until it fits again or the management representative has explained it.
"""

from dataclasses import dataclass

OPEN, FITS_AGAIN, NOT_IN_FORCE, EXPLAINED = "Open", "Fits Again", "Not in Force", "Explained"

# What is done with a contract that was looked at.
NOTHING, FOUND, ALTERED_AGAIN, ENDED = "nothing", "found", "altered again", "ended"


@dataclass(frozen=True)
class Known:
	"""The latest finding about a contract: where it stands, and the fingerprint that was found."""

	status: str
	fingerprint: str


def step(fits: bool, fingerprint: str, known: Known | None) -> str:
	"""Return what is done with a contract that was looked at (E8).

	A finding that is explained covers the content that was explained, and no other.
	"""
	if fits:
		return ENDED if known and known.status == OPEN else NOTHING
	if known is None or known.status in (FITS_AGAIN, NOT_IN_FORCE):
		return FOUND
	if known.fingerprint == fingerprint:
		return NOTHING
	return ALTERED_AGAIN if known.status == OPEN else FOUND
