"""Roles, authorities, delegation and separation of duties (L1, L2, C9, C12; ISO 13485 5.5.1)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from qms_customer.rules import mark

# L1: the app's own roles.
SALES_USER = "QMS Sales User"
BUSINESS_MANAGER = "QMS Business Manager"
SALES_VP = "QMS Sales VP"
GENERAL_MANAGER = "QMS General Manager"
RND = "QMS R&D"
QUALITY = "QMS Quality"
PRODUCTION = "QMS Production"
PLANNING = "QMS Planning"
PURCHASING = "QMS Purchasing"
FINANCE = "QMS Finance"
MANAGEMENT_REPRESENTATIVE = "QMS Management Representative"
SERVICE = "QMS Service"
AUDITOR = "QMS Auditor"

ROLES = (
	SALES_USER,
	BUSINESS_MANAGER,
	SALES_VP,
	GENERAL_MANAGER,
	RND,
	QUALITY,
	PRODUCTION,
	PLANNING,
	PURCHASING,
	FINANCE,
	MANAGEMENT_REPRESENTATIVE,
	SERVICE,
	AUDITOR,
)

# L2: what a manager can delegate. A salesperson's or a department's signature is their own.
DELEGABLE = (BUSINESS_MANAGER, SALES_VP, GENERAL_MANAGER, MANAGEMENT_REPRESENTATIVE)

# C13: "the same authority or higher".
AUTHORITY_RANK = {"": 0, BUSINESS_MANAGER: 1, SALES_VP: 2, GENERAL_MANAGER: 3}

# K3: a signature is a person's. These accounts are nobody's name.
ACCOUNTS_WITHOUT_PERSON = frozenset({"Administrator", "Guest"})


@dataclass(frozen=True)
class Delegation:
	"""L2: authority of `role`, given by `delegator` to `delegate` from `start` to `end` inclusive."""

	delegator: str
	delegate: str
	role: str
	start: date
	end: date

	def covers(self, day: date) -> bool:
		"""Return whether the delegation is in force on `day` (L2)."""
		return self.start <= day <= self.end


@dataclass(frozen=True)
class Authority:
	"""With what right somebody decides: their own role, or (L2) for the manager who delegated it."""

	role: str
	acting_for: str = ""


def authorities(
	user: str,
	role: str,
	own_roles: Iterable[str],
	delegations: Iterable[Delegation],
	holders: Iterable[str],
	today: date,
) -> list[Authority]:
	"""Return the ways in which `user` may decide as `role` today, own right first; empty if none.

	L2: only somebody who holds the role in their own right (`holders`) can have delegated it, so there are no
	chains; a delegation to oneself, or of a role that is nobody's to give away, counts for nothing. K3: an
	account that is nobody's never decides.
	"""
	if user in ACCOUNTS_WITHOUT_PERSON:
		return []
	found = [Authority(role)] if role in set(own_roles) else []
	holding = set(holders) if role in DELEGABLE else set()
	for d in delegations:
		if d.delegate == user and d.role == role and d.delegator != user and d.covers(today):
			if d.delegator in holding and d.delegator not in ACCOUNTS_WITHOUT_PERSON:
				found.append(Authority(role, d.delegator))
	return found


def separation_refusal(user: str, acting_for: str, preparers: Iterable[str], opiners: Iterable[str]) -> str:
	"""Return why `user` may not decide (marked for translation), or "" if nothing stands against it.

	C12: nobody approves a review that they prepared or gave an opinion on. It holds for the manager whose
	authority is used as much as for the delegate who uses it: otherwise one would approve one's own work by
	proxy.
	"""
	prepared, gave = set(preparers), set(opiners)
	if user in prepared:
		return mark("C12: you prepared this contract or its review, so somebody else has to decide it.")
	if user in gave:
		return mark("C12: you gave an opinion on this review, so somebody else has to decide it.")
	if acting_for and acting_for in prepared | gave:
		return mark(
			"C12: the manager for whom you act prepared this review or gave an opinion on it, so "
			"their authority cannot be used here."
		)
	return ""


def highest(roles: Iterable[str]) -> str:
	"""Return the role of the highest authority, "" if there is none (C13)."""
	return max(roles, key=lambda role: AUTHORITY_RANK.get(role, 0), default="")


def strongest_first(options: Iterable[Authority]) -> list[Authority]:
	"""Return the ways of deciding, the highest authority first: who overrules uses theirs (C11)."""
	return sorted(options, key=lambda option: -AUTHORITY_RANK.get(option.role, 0))


def choose_authority(
	options: Iterable[Authority], user: str, preparers: Iterable[str], opiners: Iterable[str]
) -> tuple[Authority | None, str]:
	"""Return the first authority that separation of duties (C12) allows, and "" or the last refusal."""
	preparers, opiners, reason = list(preparers), list(opiners), ""
	for option in options:
		reason = separation_refusal(user, option.acting_for, preparers, opiners)
		if not reason:
			return option, ""
	return None, reason
