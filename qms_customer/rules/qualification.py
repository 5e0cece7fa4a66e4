"""Whether a buyer is qualified: which licence it needs, and how long that holds (A5, D6)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum

DISTRIBUTOR, AGENT, HOSPITAL, CLINIC, OTHER = "Distributor", "Agent", "Hospital", "Clinic", "Other Buyer"
BUYER_KINDS = (DISTRIBUTOR, AGENT, HOSPITAL, CLINIC, OTHER)

BUSINESS_LICENCE = "Medical Device Business Licence"
PRACTICE_LICENCE = "Medical Practice Licence"
OTHER_LICENCE = "Other Licence"
LICENCE_KINDS = (BUSINESS_LICENCE, PRACTICE_LICENCE, OTHER_LICENCE)

# A5: a distributor or agent trades in devices, a hospital or clinic uses them. The procedures name no licence
# for other buyers.
REQUIRED = {
	DISTRIBUTOR: BUSINESS_LICENCE,
	AGENT: BUSINESS_LICENCE,
	HOSPITAL: PRACTICE_LICENCE,
	CLINIC: PRACTICE_LICENCE,
}
# So many days before its end a licence is shown as about to expire.
NOTICE_DAYS = 60


class Standing(Enum):
	"""Where the qualification of a buyer stands; the worst comes last."""

	NONE_NEEDED = "None Needed"
	VALID = "Licence Valid"
	ENDS_SOON = "About to Expire"
	UNKNOWN = "Qualification Unknown"
	MISSING = "Licence Missing"
	EXPIRED = "Licence Expired"


@dataclass(frozen=True)
class Licence:
	"""A licence of a buyer. Without `until` it counts only if it is `unlimited`: unknown is not met."""

	kind: str
	number: str = ""
	since: date | None = None
	until: date | None = None
	unlimited: bool = False


def licence_standing(licence: Licence, on: date) -> Standing:
	"""Return whether a licence holds on a day: `VALID`, `ENDS_SOON`, `EXPIRED`, or `UNKNOWN` (A5).

	One without a number, or that does not say until when, is unknown; so is one that does not hold yet.
	"""
	if licence.until and licence.until < on:
		return Standing.EXPIRED
	if not licence.number.strip() or (licence.since and licence.since > on):
		return Standing.UNKNOWN
	if licence.until is None:
		return Standing.VALID if licence.unlimited else Standing.UNKNOWN
	return Standing.ENDS_SOON if licence.until - on <= timedelta(days=NOTICE_DAYS) else Standing.VALID


def standing(buyer_kind: str, licences: Iterable[Licence], on: date) -> tuple[Standing, Licence | None]:
	"""Return where the qualification of a buyer stands on a day, and the licence that says so (A5).

	The best of the licences that its kind needs counts; which goods the scope covers is not judged here.
	"""
	if not buyer_kind:
		return Standing.UNKNOWN, None
	needed = REQUIRED.get(buyer_kind)
	if needed is None:
		return Standing.NONE_NEEDED, None
	order = (Standing.VALID, Standing.ENDS_SOON, Standing.UNKNOWN, Standing.EXPIRED)
	found = [(licence_standing(one, on), one) for one in licences if one.kind == needed]
	if not found:
		return Standing.MISSING, None
	return min(found, key=lambda pair: (order.index(pair[0]), -(pair[1].until or date.max).toordinal()))
