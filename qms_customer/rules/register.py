"""The contract register: where a contract stands, and what of it waits for whom (A4, D1, D2, D5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from qms_customer.rules import mark
from qms_customer.rules.review import Refusal

# D5: from receipt to payment, in this order; the last two end a contract.
RECEIVED = "Received"
UNDER_REVIEW = "Under Review"
APPROVED = "Approved"
SIGNED = "Signed"
RELEASED = "Released"
IN_PRODUCTION = "In Production"
PARTLY_DELIVERED = "Partly Delivered"
DELIVERED = "Delivered"
PARTLY_PAID = "Partly Paid"
PAID = "Paid"
CLOSED = "Closed"
CANCELLED = "Cancelled"
STATES = (
	RECEIVED,
	UNDER_REVIEW,
	APPROVED,
	SIGNED,
	RELEASED,
	IN_PRODUCTION,
	PARTLY_DELIVERED,
	DELIVERED,
	PARTLY_PAID,
	PAID,
	CLOSED,
	CANCELLED,
)

# A4: what sort of contract was signed.
FORMAL, PROVISIONAL = "Formal", "Provisional"
KINDS = (FORMAL, PROVISIONAL)
# D2: what is handed over.
COPY, ORIGINAL = "Copy", "Original"

# ERPNext rounds percentages to two digits: 3 of 3 thirds are 99.99.
WHOLE = Decimal("99.99")
# A4: how long before its date a formal contract is asked for first, and how often from then on, in days.
REMINDED_EVERY = 7


@dataclass(frozen=True)
class Facts:
	"""What the documents say of a contract (D5). None: it has not happened.

	`approved`: when what it says was approved, None if that is not in force. `in_production`, `delivered` and
	`settled` say whether, the dates when: of goods that the supplier delivers there is no date.
	`per_delivered`: percent, as ERPNext counts it, returns taken off. `settled`: all of it is billed, and
	nothing of that is open. `changes`, `returns`, `complaints`: how many.
	"""

	received: date | None = None
	review_started: date | None = None
	approved: date | None = None
	signed: date | None = None
	released: date | None = None
	in_production: bool = False
	production_started: date | None = None
	per_delivered: Decimal = Decimal()
	nothing_to_deliver: bool = False
	first_delivery: date | None = None
	last_delivery: date | None = None
	first_payment: date | None = None
	last_payment: date | None = None
	settled: bool = False
	closed: date | None = None
	cancelled: date | None = None
	changes: int = 0
	returns: int = 0
	complaints: int = 0


@dataclass(frozen=True)
class Standing:
	"""Where a contract stands, and since when it was in each state that it has reached."""

	state: str
	dates: Mapping[str, date]


def standing(facts: Facts) -> Standing:
	"""Return where a contract stands, with the date of each state that it has reached (D5).

	Computed from the facts alone: whoever followed each event, and whoever looks only now, get the same.
	Money says where a contract stands only once all goods have left: one that is paid in advance is still in
	production, and has the dates of its payments all the same.
	"""
	whole = facts.per_delivered >= WHOLE
	done = whole or facts.nothing_to_deliver
	reached = {
		RECEIVED: (True, facts.received),
		UNDER_REVIEW: (facts.review_started is not None, facts.review_started),
		APPROVED: (facts.approved is not None, facts.approved),
		SIGNED: (facts.signed is not None, facts.signed),
		RELEASED: (facts.released is not None, facts.released),
		IN_PRODUCTION: (facts.in_production, facts.production_started),
		PARTLY_DELIVERED: (facts.per_delivered > 0, facts.first_delivery),
		DELIVERED: (whole, facts.last_delivery),
		PARTLY_PAID: (facts.first_payment is not None, facts.first_payment),
		PAID: (facts.settled, facts.last_payment),
		CLOSED: (facts.closed is not None, facts.closed),
		CANCELLED: (facts.cancelled is not None, facts.cancelled),
	}
	counts = [s for s in STATES if reached[s][0] and (done or s not in (PARTLY_PAID, PAID))]
	return Standing(counts[-1], {s: day for s, (is_so, day) in reached.items() if is_so and day})


def number_refusals(
	state: str, number: str, taken: bool, kind: str, formal_due: date | None
) -> list[Refusal]:
	"""Return what stands against giving a contract this number, as this kind of contract (D1, A4)."""
	found = []
	if state == CANCELLED:
		found.append(Refusal("D1", mark("The contract is cancelled.")))
	if not number.strip():
		found.append(Refusal("D1", mark("Give the number of the contract.")))
	if taken:
		found.append(
			Refusal("D1", mark("The number {0} was given already, and is not given again."), (number,))
		)
	if kind not in KINDS:
		found.append(Refusal("A4", mark("Say whether the contract is formal or provisional.")))
	if kind == PROVISIONAL and formal_due is None:
		found.append(Refusal("A4", mark("Say by when a formal contract replaces the provisional one.")))
	return found


def signing_refusals(state: str, number: str, approved: bool) -> list[Refusal]:
	"""Return what stands against signing a contract: it is approved, numbered, and not cancelled (D1, C1)."""
	found = []
	if state == CANCELLED:
		found.append(Refusal("D1", mark("The contract is cancelled.")))
	elif not approved:
		found.append(Refusal("D1", mark("A contract is signed once the review of what it says is approved.")))
	if not number.strip():
		found.append(Refusal("D1", mark("Sales numbers the contract before it is signed.")))
	return found


def formal_refusals(kind: str, replaced: bool, names: bool, signed: bool | None) -> list[Refusal]:
	"""Return what stands against replacing a provisional contract by a formal one (A4).

	`names`: whether the formal contract is named at all. `signed`: whether the one that is named in the
	register is a formal, signed one of the same customer, None if none is named there.
	"""
	if kind != PROVISIONAL:
		return [Refusal("A4", mark("The contract is not provisional."))]
	if replaced:
		return [Refusal("A4", mark("A formal contract has replaced it already."))]
	if not names:
		return [
			Refusal("A4", mark("Name the formal contract: its file, its entry in the register, or both."))
		]
	if signed is False:
		return [
			Refusal(
				"A4", mark("The entry that replaces it is a signed, formal contract of the same customer.")
			)
		]
	return []


def is_open(kind: str, replaced: date | None, state: str) -> bool:
	"""Return whether a provisional contract still waits for the formal one (A4)."""
	return kind == PROVISIONAL and replaced is None and state != CANCELLED


def is_reminded(due: date | None, last: date | None, today: date, every: int = REMINDED_EVERY) -> bool:
	"""Return whether people are reminded today of the formal contract that is due (A4).

	From `every` days before its date until that date, every `every` days; what is overdue goes up the line.
	On days that were missed nothing was said, so it is said on the next one; twice on a day it is not said.
	"""
	if due is None or not due - timedelta(days=every) <= today <= due:
		return False
	return last is None or today >= last + timedelta(days=every)
