"""Goods that come back: what may, who approves, what became of them (G1-G7; ISO 13485 8.2.2, 8.3, 7.5.8)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from qms_customer.rules import mark, says
from qms_customer.rules.goods import TOLERANCE
from qms_customer.rules.people import BUSINESS_MANAGER, GENERAL_MANAGER
from qms_customer.rules.review import Refusal

# G3: what Quality found on the retained sample of the same batch.
GOOD, BAD, NO_SAMPLE = "Good", "Bad", "No Sample Left"
FINDINGS = (GOOD, BAD, NO_SAMPLE)

# G4: the customer's answer to the explanation that the sample is good.
KEEPS, INSISTS = "Keeps the Goods", "Insists on the Return"
ANSWERS = (KEEPS, INSISTS)

# G6: where the goods go.
BACK, ON_SITE = "Back to Us", "Destroyed on Site"
ROUTES = (BACK, ON_SITE)

# G6: what the customer wants for goods that came back, and that they get nothing more.
WANTED = ("Exchange", "Refund", "Repair", "Credit")
NOTHING_MORE = "Nothing More"

# G1, G2: what becomes of ERPNext's own return of goods that is made without a slip.
REFUSE, WARN, ALLOW = "Refuse", "Warn", "Allow"

REJECTED, WITHDRAWN = "Return Rejected", "Return Withdrawn"

# The states of a return slip, in the order in which one follows another.
DRAFT = "Return Draft"
TESTING = "Sample Test"
EXPLAINING = "With the Customer"
PENDING = "Return Pending Approval"
DISPOSING = "Route to be Decided"
AWAITED = "Goods Awaited"
DESTROYING = "Destruction Awaited"
QUARANTINED = "In Quarantine"
SETTLING = "Settlement Due"
CLOSED = "Return Closed"
STATES = (
	DRAFT,
	TESTING,
	EXPLAINING,
	PENDING,
	DISPOSING,
	AWAITED,
	DESTROYING,
	QUARANTINED,
	SETTLING,
	CLOSED,
	REJECTED,
	WITHDRAWN,
)

Key = tuple[str, str]


@dataclass(frozen=True)
class Movement:
	"""Goods of one item and batch that went to a customer (positive) or came back (negative), stock unit.

	`serials`: those that moved, for items that have them. `order`: the position in time.
	"""

	item: str
	batch: str
	quantity: Decimal
	serials: frozenset[str] = frozenset()
	document: str = ""
	day: date | None = None
	order: int = 0


@dataclass(frozen=True)
class Claimed:
	"""What another return slip that is still open has claimed and is not back yet, in the stock unit."""

	slip: str
	item: str
	batch: str
	quantity: Decimal
	serials: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Granted:
	"""What an approved slip still awaits of one sale, in the stock unit, and the serial numbers it names."""

	slip: str
	quantities: Mapping[Key, Decimal]
	serials: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True)
class SlipRow:
	"""A row of a return slip: item, batch, serial numbers as they were typed or scanned, quantity in the
	stock unit.

	`has_batch`, `has_serials`: what the item demands.
	"""

	number: int
	item: str
	quantity: Decimal
	batch: str = ""
	serials: tuple[str, ...] = ()
	has_batch: bool = False
	has_serials: bool = False
	reason: str = ""


@dataclass(frozen=True)
class Balance:
	"""What a customer has of one item and batch: delivered, back, claimed by other open slips (G7)."""

	delivered: Decimal = Decimal()
	back: Decimal = Decimal()
	claimed: Decimal = Decimal()
	serials: frozenset[str] = frozenset()
	claimed_serials: Mapping[str, str] | None = None

	@property
	def returnable(self) -> Decimal:
		"""What may still come back, in the stock unit; never below zero (G7)."""
		return max(self.delivered - self.back - self.claimed, Decimal())


def balances(movements: Iterable[Movement], claims: Iterable[Claimed] = ()) -> dict[Key, Balance]:
	"""Return by item and batch what the customer of these movements has and may return (G7).

	A serial number is with the customer if the last movement that names it went out: it may have come back,
	been repaired and gone out again.
	"""
	delivered: dict[Key, Decimal] = defaultdict(Decimal)
	back: dict[Key, Decimal] = defaultdict(Decimal)
	claimed: dict[Key, Decimal] = defaultdict(Decimal)
	place: dict[Key, dict[str, bool]] = defaultdict(dict)
	named: dict[Key, dict[str, str]] = defaultdict(dict)
	for m in sorted(movements, key=lambda m: m.order):
		key = (m.item, m.batch)
		if m.quantity >= 0:
			delivered[key] += m.quantity
		else:
			back[key] -= m.quantity
		for serial in m.serials:
			place[key][serial] = m.quantity > 0
	for claim in claims:
		key = (claim.item, claim.batch)
		claimed[key] += claim.quantity
		named[key].update(dict.fromkeys(claim.serials, claim.slip))
	return {
		key: Balance(
			delivered[key],
			back[key],
			claimed[key],
			frozenset(serial for serial, there in place[key].items() if there),
			dict(named[key]),
		)
		for key in {*delivered, *back, *claimed}
	}


def slip_refusals(
	rows: Sequence[SlipRow], found: Mapping[Key, Balance], customer: str, others: Mapping[Key, str]
) -> list[Refusal]:
	"""Return what stands against the rows of a return slip, all at once (G1, G7).

	`found`: what this customer has. `others`: by item and batch another customer to whom it was delivered,
	so that a mix-up is called by its name.
	"""
	refusals: list[Refusal] = []
	wanted: dict[Key, Decimal] = defaultdict(Decimal)
	numbers: dict[tuple[str, str], int] = {}
	for row in rows:
		if problem := _incomplete(row):
			refusals.append(problem)
			continue
		key = (row.item, row.batch)
		balance = found.get(key)
		if balance is None or not balance.delivered:
			refusals.append(_never_delivered(row, customer, others.get(key, "")))
			continue
		wanted[key] += row.quantity
		refusals += _serial_refusals(row, balance, numbers)
	for (item, batch), quantity in wanted.items():
		balance = found[item, batch]
		if quantity > balance.returnable + TOLERANCE:
			refusals.append(
				Refusal(
					"G7",
					mark(
						"{0}, batch {1}: {2} would come back, of which {3} were delivered, {4} are back "
						"already and {5} are on other open return slips. Reduce the quantity."
					),
					(
						item,
						batch or "–",
						_plain(quantity),
						_plain(balance.delivered),
						_plain(balance.back),
						_plain(balance.claimed),
					),
				)
			)
	return refusals


def _incomplete(row: SlipRow) -> Refusal | None:
	"""G1: product, quantity, batch or serial number and reason stand on the slip."""
	number = str(row.number)
	if row.quantity <= 0:
		return Refusal("G1", mark("Row {0}, {1}: say how many come back."), (number, row.item))
	if row.has_batch and not row.batch:
		return Refusal("G1", mark("Row {0}, {1}: name the batch."), (number, row.item))
	if row.batch and not row.has_batch:
		return Refusal("G1", mark("Row {0}, {1}: this item has no batches."), (number, row.item))
	if row.has_serials and not row.serials:
		return Refusal("G1", mark("Row {0}, {1}: name the serial numbers."), (number, row.item))
	if not says(row.reason):
		return Refusal("G1", mark("Row {0}, {1}: say why it comes back."), (number, row.item))
	return None


def _never_delivered(row: SlipRow, customer: str, other: str) -> Refusal:
	if other:
		return Refusal(
			"G7",
			mark("Row {0}, {1}: batch {2} was delivered to {3}, never to {4}. Check the label."),
			(str(row.number), row.item, row.batch or "–", other, customer),
		)
	return Refusal(
		"G7",
		mark("Row {0}, {1}: nothing of batch {2} was delivered to {3}. Check item and batch."),
		(str(row.number), row.item, row.batch or "–", customer),
	)


def _serial_refusals(row: SlipRow, balance: Balance, seen: dict[tuple[str, str], int]) -> list[Refusal]:
	"""What stands against the serial numbers of a row; `seen` remembers in which row each was named."""
	if not row.has_serials:
		return []
	found = []
	number = str(row.number)
	if len(row.serials) != row.quantity:
		found.append(
			Refusal(
				"G1",
				mark("Row {0}, {1}: {2} serial numbers for {3} pieces."),
				(number, row.item, str(len(row.serials)), _plain(row.quantity)),
			)
		)
	for serial in row.serials:
		if (row.item, serial) in seen:
			found.append(
				Refusal(
					"G7",
					mark("Row {0}: serial number {1} stands in row {2} already."),
					(number, serial, str(seen[row.item, serial])),
				)
			)
			continue
		seen[row.item, serial] = row.number
		if serial not in balance.serials:
			found.append(
				Refusal(
					"G7",
					mark(
						"Row {0}: serial number {1} is not with the customer: it was not delivered to them "
						"in this batch, or it came back already."
					),
					(number, serial),
				)
			)
		elif slip := (balance.claimed_serials or {}).get(serial):
			found.append(
				Refusal(
					"G7", mark("Row {0}: serial number {1} is on return slip {2}."), (number, serial, slip)
				)
			)
	return found


@dataclass(frozen=True)
class BulkLimits:
	"""G2: from when on a return is a bulk return; None: the limit is not used. `share`: of what was
	delivered, 0 to 1.
	"""

	quantity: Decimal | None = None
	amount: Decimal | None = None
	share: Decimal | None = None


def approver(
	quantity: Decimal, amount: Decimal | None, delivered: Decimal, limits: BulkLimits
) -> tuple[str, ...]:
	"""Return who approves a return: the business manager, for a bulk return the general manager as well (G2).

	At a limit is bulk. An amount that is not known counts as over its limit.
	"""
	bulk = (
		(limits.quantity is not None and quantity >= limits.quantity)
		or (limits.amount is not None and (amount is None or amount >= limits.amount))
		or (limits.share is not None and (delivered <= 0 or quantity >= limits.share * delivered))
	)
	return (BUSINESS_MANAGER, GENERAL_MANAGER) if bulk else (BUSINESS_MANAGER,)


@dataclass(frozen=True)
class Standing:
	"""What is known of a return slip; the state follows from it."""

	put_forward: bool = False
	claim: bool = False
	finding: str = ""
	answer: str = ""
	approvals: frozenset[str] = frozenset()
	approvers: tuple[str, ...] = (BUSINESS_MANAGER,)
	rejected: bool = False
	withdrawn: bool = False
	route: str = ""
	approved: Decimal = Decimal()
	received: Decimal = Decimal()
	destroyed: Decimal = Decimal()
	written_off: Decimal = Decimal()
	disposed: Decimal = Decimal()
	due: Decimal = Decimal()


def state(s: Standing) -> str:
	"""Return where a return slip stands (G2-G6).

	A quality claim is tested before anybody approves (G3); a good sample is explained to the customer first
	(G4). `written_off`: what was approved and will not come, with a recorded reason. `due`: what came back or
	was destroyed and is neither replaced, credited nor sent back.
	"""
	if s.withdrawn:
		return WITHDRAWN
	if s.rejected:
		return REJECTED
	if not s.put_forward:
		return DRAFT
	if s.claim and s.finding not in FINDINGS:
		return TESTING
	if s.claim and s.finding == GOOD and s.answer == KEEPS:
		return CLOSED
	if s.claim and s.finding == GOOD and s.answer != INSISTS:
		return EXPLAINING
	if not set(s.approvers) <= s.approvals:
		return PENDING
	outstanding = s.approved - s.received - s.destroyed - s.written_off
	if outstanding > TOLERANCE:
		if s.route not in ROUTES:
			return DISPOSING
		return AWAITED if s.route == BACK else DESTROYING
	if s.received - s.disposed > TOLERANCE:
		return QUARANTINED
	return SETTLING if s.due > TOLERANCE else CLOSED


def replacement_refusal(
	item: str, quantity: Decimal, approved: Mapping[str, Decimal], replaced: Mapping[str, Decimal]
) -> Refusal | None:
	"""Return what stands against sending a replacement under the same contract line, None if nothing does.

	The same item and at most the quantity whose return was approved, once (G6, G7): anything else is a new
	promise and is reviewed as one (C1).
	"""
	room = approved.get(item, Decimal()) - replaced.get(item, Decimal())
	if item not in approved:
		return Refusal(
			"C1",
			mark("{0} is not what comes back: another item is a new order, with a contract review."),
			(item,),
		)
	if quantity > room + TOLERANCE:
		return Refusal(
			"G7",
			mark("{0}: {1} would go out as a replacement, {2} may still. More is a new order."),
			(item, _plain(quantity), _plain(max(room, Decimal()))),
		)
	return None


def _plain(quantity: Decimal) -> str:
	return f"{quantity.normalize():f}"


def covering(
	coming: Mapping[Key, Decimal], serials: frozenset[tuple[str, str]], granted: Iterable[Granted]
) -> str:
	"""Return the first slip that awaits all of these goods, "" if none does (G2, G7).

	Each item and batch by itself, and no serial number that the slip does not name.
	"""
	for one in granted:
		if serials <= one.serials and all(
			quantity <= one.quantities.get(key, Decimal()) + TOLERANCE for key, quantity in coming.items()
		):
			return one.slip
	return ""
