"""What becomes of goods whose return is approved: by cost, back or destroyed where they are; in quarantine;
replaced or credited, once (G6, G7; ISO 13485 8.3, 7.5.8).

Quantities are in the stock unit.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from qms_customer.rules import mark, says
from qms_customer.rules.goods import TOLERANCE
from qms_customer.rules.returns import NOTHING_MORE, ROUTES, WANTED, Key
from qms_customer.rules.review import Refusal

# What happened to goods that were approved to come back.
RECEIVED, DESTROYED, NOT_COMING = "Received", "Destroyed on Site", "Not Coming"

REWORK, SCRAP = "Rework", "Scrap"
TO_STOCK, SEND_BACK = "Return to Stock", "Send Back to the Customer"
DISPOSITIONS = (REWORK, SCRAP, TO_STOCK, SEND_BACK)
# Goods that are reworked stay in quarantine until they are inspected again.
FINAL = (SCRAP, TO_STOCK, SEND_BACK)

# What the customer wants, where money is given back.
MONEY = ("Refund", "Credit")

# Which goods: those that came back, or stock of a bad batch that was put into quarantine with them (G5).
RETURNED, BLOCKED = "Returned Goods", "Blocked Stock"


# The route, by cost


def route_refusals(route: str, freight: Decimal | None, reason: str) -> list[Refusal]:
	"""Return what stands against a route: it is one of two, its freight is known and its reason given
	(G6).
	"""
	found = []
	if route not in ROUTES:
		found.append(Refusal("G6", mark("Decide whether the goods come back or are destroyed on site."), ()))
	if freight is None or freight < 0:
		found.append(Refusal("G6", mark("Enter what it would cost to have the goods back."), ()))
	if not says(reason):
		found.append(Refusal("G6", mark("Say why the goods take this route."), ()))
	return found


# Arrival, and what never comes


@dataclass(frozen=True)
class Part:
	"""A row of an approved slip, and what became of it so far: `accounted` came, was destroyed or will not
	come. `serials`: those that are still outstanding.
	"""

	name: str
	number: int
	item: str
	batch: str
	approved: Decimal
	accounted: Decimal = Decimal()
	serials: frozenset[str] = frozenset()
	has_serials: bool = False

	@property
	def outstanding(self) -> Decimal:
		"""Return what is still to be accounted for; never below zero."""
		return max(self.approved - self.accounted, Decimal())


@dataclass(frozen=True)
class Coming:
	"""What of a row of a slip came, was destroyed, or will not come.

	`difference`: in words. `other_batch`, `other_quantity`: what came with it that is not on the slip.
	"""

	row: str
	quantity: Decimal
	serials: tuple[str, ...] = ()
	difference: str = ""
	other_batch: str = ""
	other_quantity: Decimal = Decimal()


def allotted(
	coming: Mapping[Key, Decimal], serials: frozenset[tuple[str, str]], parts: Iterable[Part]
) -> list[Coming] | None:
	"""Return goods that came as what came of each row, the first row first; None if the rows do not await
	all of them (G7).

	`serials`: by item. A row whose serial numbers are known takes those of them that came.
	"""
	left, numbers = dict(coming), set(serials)
	found = []
	for part in parts:
		key = (part.item, part.batch)
		mine = tuple(sorted(one for one in part.serials if (part.item, one) in numbers))
		most = min(part.outstanding, Decimal(len(mine))) if part.has_serials else part.outstanding
		quantity = min(left.get(key, Decimal()), most)
		if quantity > TOLERANCE:
			left[key] -= quantity
			numbers.difference_update((part.item, one) for one in mine)
			found.append(Coming(part.name, quantity, mine))
	if numbers or any(quantity > TOLERANCE for quantity in left.values()):
		return None
	return found


def coming_refusals(coming: Sequence[Coming], parts: Mapping[str, Part]) -> list[Refusal]:
	"""Return what stands against accounting for goods of a slip, all at once (G6, G7).

	Never more than is outstanding of each row, each serial number once. What is not on the slip is not
	booked by it: it is described, and needs a slip of its own.
	"""
	found: list[Refusal] = []
	taken: dict[str, Decimal] = defaultdict(Decimal)
	seen: set[tuple[str, str]] = set()
	if not coming:
		return [Refusal("G6", mark("Say how many of which row."), ())]
	for one in coming:
		part = parts.get(one.row)
		if part is None:
			found.append(
				Refusal("G6", mark("A row is not of this return slip. Reload it and start again."), ())
			)
			continue
		taken[one.row] += one.quantity
		if one.quantity <= 0 and not one.other_quantity:
			found.append(
				Refusal("G6", mark("Row {0}, {1}: the quantity is missing."), (str(part.number), part.item))
			)
		if (one.other_batch or one.other_quantity) and not says(one.difference):
			found.append(
				Refusal(
					"G6",
					mark("Row {0}, {1}: describe what came that is not on the slip."),
					(str(part.number), part.item),
				)
			)
		if one.quantity < 0 or one.other_quantity < 0:
			found.append(
				Refusal("G6", mark("Row {0}, {1}: a quantity is below zero."), (str(part.number), part.item))
			)
		if part.has_serials:
			found += _serials(part, one, seen)
	for name, quantity in taken.items():
		part = parts[name] if name in parts else None
		if part and quantity > part.outstanding + TOLERANCE:
			found.append(
				Refusal(
					"G7",
					mark(
						"Row {0}, {1}: {2} would be booked, {3} are outstanding. What came beyond that is "
						"described as a difference, and needs a return slip of its own."
					),
					(str(part.number), part.item, plain(quantity), plain(part.outstanding)),
				)
			)
	return found


def nothing_refusals(coming: Iterable[Coming]) -> list[Refusal]:
	"""Return that a destruction is of goods of the slip, each of them some (G6)."""
	if all(one.quantity > 0 for one in coming):
		return []
	return [Refusal("G6", mark("Say how many of which row."), ())]


def _serials(part: Part, one: Coming, seen: set[tuple[str, str]]) -> list[Refusal]:
	found = []
	if len(one.serials) != one.quantity:
		found.append(
			Refusal(
				"G1",
				mark("Row {0}, {1}: {2} serial numbers for {3} pieces."),
				(str(part.number), part.item, str(len(one.serials)), plain(one.quantity)),
			)
		)
	for serial in one.serials:
		if (part.item, serial) in seen or serial not in part.serials:
			found.append(
				Refusal(
					"G7",
					mark("Row {0}: serial number {1} is not outstanding on this return slip."),
					(str(part.number), serial),
				)
			)
		seen.add((part.item, serial))
	return found


# Destruction on site


@dataclass(frozen=True)
class Destruction:
	"""The evidence of a destruction: who, when, photos, and a witness or a certificate."""

	by: str
	on: date | None
	photos: bool
	witness: str = ""
	certificate: bool = False


def destruction_refusals(seen: Destruction, approved_on: date, today: date) -> list[Refusal]:
	"""Return what the evidence of a destruction lacks, all at once (G6).

	Not before the return was approved (G2), not ahead of the act (K3); nobody is their own witness.
	"""
	found = []
	if not says(seen.by):
		found.append(Refusal("G6", mark("Say who destroyed the goods."), ()))
	if seen.on is None:
		found.append(Refusal("G6", mark("Say when the goods were destroyed."), ()))
	elif seen.on > today:
		found.append(Refusal("K3", mark("A destruction is recorded after it happened."), ()))
	elif seen.on < approved_on:
		found.append(
			Refusal(
				"G2",
				mark("The goods are destroyed after the return is approved: not before {0}."),
				(str(approved_on),),
			)
		)
	if not seen.photos:
		found.append(Refusal("G6", mark("Attach photos of the destruction."), ()))
	if not says(seen.witness) and not seen.certificate:
		found.append(Refusal("G6", mark("Name a witness, or attach the certificate of destruction."), ()))
	if says(seen.witness) and _same_name(seen.witness, seen.by):
		found.append(Refusal("G6", mark("The witness is not who destroyed the goods."), ()))
	return found


def _same_name(one: str, other: str) -> bool:
	return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


# Disposition of what is in quarantine


@dataclass(frozen=True)
class Held:
	"""What of one item and batch came back under a slip and is in quarantine. `since`: when the last of it
	arrived, or was given into rework: it is inspected after that. `reworked`: what is in rework.
	"""

	received: Decimal = Decimal()
	disposed: Decimal = Decimal()
	reworked: Decimal = Decimal()
	serials: frozenset[str] = frozenset()
	has_serials: bool = False
	since: datetime | None = None

	@property
	def left(self) -> Decimal:
		"""Return how much is still in quarantine; never below zero."""
		return max(self.received - self.disposed, Decimal())


@dataclass(frozen=True)
class Inspection:
	"""A quality inspection as the disposition asks about it. `by_quality`: a person of Quality made it.
	`tested`: it says what was found; ERPNext's says "Accepted" from the beginning.
	"""

	name: str
	item: str
	batch: str
	made_on: datetime
	accepted: bool = False
	submitted: bool = False
	of_slip: bool = False
	by_quality: bool = False
	tested: bool = False


@dataclass(frozen=True)
class Disposing:
	"""What Quality decides about goods in quarantine."""

	item: str
	batch: str
	quantity: Decimal
	disposition: str
	serials: tuple[str, ...] = ()
	comment: str = ""
	source: str = RETURNED


def disposition_refusals(
	wanted: Disposing, held: Held | None, inspection: Inspection | None
) -> list[Refusal]:
	"""Return what stands against a disposition, all at once (G6).

	Goods go back to stock only after an accepted inspection by Quality that is younger than their arrival and
	their rework.
	"""
	if wanted.disposition not in DISPOSITIONS:
		return [Refusal("G6", mark("{0} is not a disposition."), (wanted.disposition or "?",))]
	if held is None or not held.received:
		return [
			Refusal(
				"G6",
				mark("{0}, batch {1}: nothing of it is in quarantine by this return slip."),
				(wanted.item or "?", wanted.batch or "–"),
			)
		]
	found = []
	if wanted.source == BLOCKED and wanted.disposition == SEND_BACK:
		found.append(Refusal("G6", mark("{0} never was with this customer."), (wanted.item,)))
	room = held.left - (held.reworked if wanted.disposition == REWORK else Decimal())
	if wanted.quantity <= 0 or wanted.quantity > room + TOLERANCE:
		found.append(
			Refusal(
				"G6",
				mark("{0}, batch {1}: {2} would be disposed of, {3} are in quarantine by this return slip."),
				(wanted.item, wanted.batch or "–", plain(wanted.quantity), plain(max(room, Decimal()))),
			)
		)
	if held.has_serials:
		if len(set(wanted.serials)) != wanted.quantity:
			found.append(
				Refusal(
					"G1",
					mark("{0}: {1} serial numbers for {2} pieces."),
					(wanted.item, str(len(set(wanted.serials))), plain(wanted.quantity)),
				)
			)
		found += [
			Refusal("G6", mark("Serial number {0} is not in quarantine by this return slip."), (serial,))
			for serial in sorted(set(wanted.serials) - held.serials)
		]
	if not says(wanted.comment):
		found.append(Refusal("G6", mark("Say why this is done with the goods."), ()))
	if wanted.disposition == TO_STOCK:
		found += inspection_refusals(wanted, inspection, held.since)
	return found


def untested(inspection: str) -> Refusal:
	"""Return the refusal of an inspection that says nothing of what was found (G6, K2)."""
	return Refusal(
		"G6",
		mark(
			"Inspection {0} does not say what was found. Enter the value of each reading, or tick Manual "
			"Inspection in the reading and rate it; without readings, write it in Remarks."
		),
		(inspection,),
	)


def inspection_refusals(
	wanted: Disposing, inspection: Inspection | None, since: datetime | None
) -> list[Refusal]:
	"""Return why an inspection does not let goods back into stock, [] if it does (G6)."""
	if inspection is None:
		return [
			Refusal(
				"G6",
				mark("Goods go back to stock after Quality has inspected and accepted them. Inspect first."),
				(),
			)
		]
	name = inspection.name
	if found := _of_others(wanted, inspection):
		return found
	if not (inspection.submitted and inspection.accepted):
		found.append(Refusal("G6", mark("{0} is not submitted, or did not accept the goods."), (name,)))
	if not inspection.by_quality:
		found.append(Refusal("G6", mark("{0} was not made by a person of Quality."), (name,)))
	if not inspection.tested:
		found.append(untested(name))
	if since and inspection.made_on < since:
		found.append(
			Refusal("G6", mark("{0} is older than the arrival or the rework of the goods."), (name,))
		)
	return found


def _of_others(wanted: Disposing, inspection: Inspection) -> list[Refusal]:
	if inspection.of_slip and (inspection.item, inspection.batch) == (wanted.item, wanted.batch):
		return []
	return [
		Refusal(
			"G6",
			mark("{0} is not the inspection of these goods: item, batch and slip are theirs."),
			(inspection.name,),
		)
	]


def sending_refusals(
	wanted: Disposing, inspection: Inspection | None, inspected: bool, expired: date | None
) -> list[Refusal]:
	"""Return why ERPNext would not let goods out to the customer again, [] if it would (G6).

	`inspected`: the item is inspected before every delivery. `expired`: when the batch did. Whether
	goods go out that were not accepted is a setting of ERPNext's stock.
	"""
	found = []
	if expired:
		found.append(
			Refusal(
				"G6",
				mark(
					"{0}, batch {1} has expired on {2}: it is not sent back any more. Give the customer a "
					"replacement or a credit, and scrap it."
				),
				(wanted.item, wanted.batch, str(expired)),
			)
		)
	if inspection:
		return found + _of_others(wanted, inspection)
	if inspected:
		found.append(
			Refusal(
				"G6",
				mark(
					"{0} is inspected before it is delivered, also when it is sent back. Inspect it, and "
					"submit the inspection."
				),
				(wanted.item,),
			)
		)
	return found


# What the customer gets for it, once


@dataclass(frozen=True)
class Owed:
	"""Of one item: what came back or was destroyed, and what the customer has for it: a replacement, a
	credit, or the goods themselves again.
	"""

	came: Decimal = Decimal()
	replaced: Decimal = Decimal()
	credited: Decimal = Decimal()
	sent_back: Decimal = Decimal()

	@property
	def room(self) -> Decimal:
		"""Return what may still be replaced, credited or sent back; never below zero (G7)."""
		return max(self.came - self.replaced - self.credited - self.sent_back, Decimal())


def owed_refusals(wanted: Mapping[str, Decimal], owed: Mapping[str, Owed], what: str) -> list[Refusal]:
	"""Return what stands against giving the customer something for goods that came back (G7).

	`what`: a sentence with four places: item, wanted, came, given already. The same goods are replaced,
	credited or sent back, and once.
	"""
	found = []
	for item, quantity in wanted.items():
		one = owed.get(item, Owed())
		if quantity > one.room + TOLERANCE:
			given = one.replaced + one.credited + one.sent_back
			found.append(Refusal("G7", what, (item, plain(quantity), plain(one.came), plain(given))))
	return found


TO_CREDIT = mark(
	"{0}: {1} would be credited; {2} came back or were destroyed, of which {3} are replaced, credited or "
	"sent back already."
)
TO_SEND_BACK = mark(
	"{0}: {1} would be sent back; {2} came back or were destroyed, of which {3} are replaced, credited or "
	"sent back already."
)


def given_refusals(instead: str, wanted: str, reason: str) -> list[Refusal]:
	"""Return what stands against giving a customer something else than `wanted`, which was said last, or
	nothing more (G6).
	"""
	found = []
	if instead not in (*WANTED, NOTHING_MORE) or instead == wanted:
		found.append(Refusal("G6", mark("Say what is given instead, or that nothing more is given."), ()))
	if not says(reason or ""):
		found.append(Refusal("G6", mark("Say why, and what was agreed with the customer."), ()))
	return found


def taking_back_refusals(
	held: Mapping[Key, Held], less: Mapping[Key, Decimal], owed: Mapping[str, Owed]
) -> list[Refusal]:
	"""Return what stands against undoing the booking of goods that were said to have come or been destroyed
	(G6, G7): what was decided about them, and what the customer has for them, rests on it.

	`less`: by item and batch what would not have come after all; only of what was received, `held` says how
	much of it is disposed of.
	"""
	found = []
	gone: dict[str, Decimal] = defaultdict(Decimal)
	for (item, batch), quantity in less.items():
		gone[item] += quantity
		if (one := held.get((item, batch))) and quantity > one.left - one.reworked + TOLERANCE:
			found.append(
				Refusal(
					"G6",
					mark("{0}, batch {1}: a disposition rests on this. Take that back first."),
					(item, batch or "–"),
				)
			)
	for item, quantity in gone.items():
		if quantity > owed.get(item, Owed()).room + TOLERANCE:
			found.append(
				Refusal(
					"G7",
					mark("{0} was replaced, credited or sent back already. Cancel that document first."),
					(item,),
				)
			)
	return found


def totals(rows: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
	"""Return the sums of quantities by name."""
	found: dict[str, Decimal] = defaultdict(Decimal)
	for name, quantity in rows:
		found[name] += quantity
	return dict(found)


def plain(quantity: Decimal) -> str:
	"""Return a quantity as people write it: without noughts at its end, never with an exponent."""
	return f"{quantity.normalize():f}"
