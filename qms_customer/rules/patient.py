"""Patient data: what it is, who reads it, who is granted it, when it may be erased (K7)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from qms_customer.rules import mark, says
from qms_customer.rules.people import MANAGEMENT_REPRESENTATIVE, QUALITY, SERVICE
from qms_customer.rules.review import Refusal

FIELDS = ("patient_reference", "patient_age", "patient_sex", "patient_details")
# What stands in a field of the record for what is sealed.
MASK = "•••"
# Who reads it without a grant, the strongest last; and who records it: who talks with the hospital, too.
READERS = (QUALITY, MANAGEMENT_REPRESENTATIVE)
RECORDERS = (SERVICE, QUALITY, MANAGEMENT_REPRESENTATIVE)
# By what it is read.
FORM, PRINT = "Form", "Print"
WAYS = (FORM, PRINT)


@dataclass(frozen=True)
class Grant:
	"""K7: what the management representative granted to somebody; `feedback` "" is all of the company."""

	name: str
	grantee: str
	company: str
	feedback: str
	until: date
	revoked: bool = False

	def covers(self, user: str, company: str, feedback: str, today: date) -> bool:
		"""Return whether it lets a user read the patient data of a case today (K7)."""
		return (
			not self.revoked
			and today <= self.until
			and self.grantee == user
			and self.company == company
			and self.feedback in ("", feedback)
		)


def merged(stored: Mapping[str, str], given: Mapping[str, str | None]) -> dict[str, str]:
	"""Return what is known after an edit: a mask that was left alone says that nothing changed (K7)."""
	found = dict(stored)
	for field in FIELDS:
		value = (given.get(field, MASK) or "").strip()
		if value == MASK:
			continue
		if value:
			found[field] = value
		else:
			found.pop(field, None)
	return found


def masks(known: Collection[str]) -> dict[str, str | None]:
	"""Return what the fields of a record say: the mask where something is known, else nothing (K7)."""
	return {field: MASK if field in known else None for field in FIELDS}


def grant_refusals(by: str, grantee: str, until: date | None, today: date, reason: str) -> list[Refusal]:
	"""Return what stands against a grant: oneself, no end, an end that is over, no reason (K7)."""
	found = []
	if by == grantee:
		found.append(Refusal("K7", mark("Nobody grants patient data to himself or herself.")))
	if until is None or until < today:
		found.append(Refusal("K7", mark("Say until when it is granted; the day is not in the past.")))
	if not says(reason):
		found.append(Refusal("K7", mark("Say why it is granted.")))
	return found


def revoke_refusals(grant: Grant, today: date, reason: str) -> list[Refusal]:
	"""Return what stands against revoking a grant: that it has ended, or no reason (K7)."""
	found = []
	if grant.revoked or today > grant.until:
		found.append(Refusal("K7", mark("{0} has ended already."), (grant.name,)))
	if not says(reason):
		found.append(Refusal("K7", mark("Say why it is revoked.")))
	return found


def erasure_refusals(is_known: bool, is_closed: bool, reason: str) -> list[Refusal]:
	"""Return what stands against erasing patient data: nothing there, the case is open, no reason (K7)."""
	found = []
	if not is_known:
		found.append(Refusal("K7", mark("There is no patient data to erase.")))
	if not is_closed:
		found.append(Refusal("K7", mark("Patient data is erased once feedback and complaint are closed.")))
	if not says(reason):
		found.append(Refusal("K7", mark("Say why it is erased.")))
	return found


def is_due(closed_on: date | None, years: int, today: date) -> bool:
	"""Return whether the management representative is asked about a closed case; 0 years asks never (K7)."""
	if not closed_on or years <= 0:
		return False
	year = closed_on.year + years
	try:
		due = closed_on.replace(year=year)
	except ValueError:
		# The 29th of February, in a year without one.
		due = date(year, 3, 1)
	return today >= due
