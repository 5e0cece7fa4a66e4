"""How long a return slip has stood where it stands, and who is waited for (L3, G2-G6)."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from qms_customer.rules import returns
from qms_customer.rules.people import BUSINESS_MANAGER, QUALITY, SALES_USER

# Business days in one state until a slip is overdue, where the settings say nothing.
DAYS = 10

# By state: which moments lead into it, and who is waited for.
_INTO = {
	returns.DRAFT: (("made",), (SALES_USER,)),
	returns.TESTING: (("put_forward",), (QUALITY,)),
	returns.EXPLAINING: (("put_forward", "found"), (SALES_USER,)),
	returns.PENDING: (("put_forward", "found", "answered"), (BUSINESS_MANAGER,)),
	returns.DISPOSING: (("decided", "taken_back"), (SALES_USER,)),
	returns.AWAITED: (("decided", "routed", "taken_back"), (SALES_USER,)),
	returns.DESTROYING: (("decided", "routed", "taken_back"), (SALES_USER,)),
	returns.QUARANTINED: (("decided", "received", "taken_back"), (QUALITY,)),
	returns.SETTLING: (("decided", "booked", "disposed", "taken_back", "given", "reopened"), (SALES_USER,)),
}
OPEN = tuple(_INTO)


@dataclass(frozen=True)
class Moments:
	"""When what happened to a slip, None where it did not: the last time, of what happens more than once."""

	made: date
	put_forward: date | None = None
	found: date | None = None
	answered: date | None = None
	decided: date | None = None
	routed: date | None = None
	received: date | None = None
	booked: date | None = None
	disposed: date | None = None
	given: date | None = None
	reopened: date | None = None
	taken_back: date | None = None


def since(state: str, moments: Moments) -> date | None:
	"""Return the day since which a slip is in a state, None if nothing is waited for any more (L3)."""
	if state not in _INTO:
		return None
	days = [d for name in _INTO[state][0] if (d := getattr(moments, name))]
	return max(days, default=moments.made)


def waited_for(state: str, approvers: tuple[str, ...] = (), given: frozenset[str] = frozenset()) -> tuple:
	"""Return the roles that owe the next step of a slip, none if nothing is waited for any more (L3).

	`approvers`: who approves it (G2), and which of them have.
	"""
	if state == returns.PENDING and approvers:
		return tuple(role for role in approvers if role not in given)
	return _INTO[state][1] if state in _INTO else ()


def rate(returned: Decimal, delivered: Decimal) -> Decimal | None:
	"""Return returned goods as a percentage of delivered ones, None if nothing was delivered (H8)."""
	return returned * 100 / delivered if delivered > 0 else None
