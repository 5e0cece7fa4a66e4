"""Classification of a contract: the three criteria, their evidence, the path they lead to (B1-B4, C2-C5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from functools import cached_property

from qms_customer.rules import mark, says
from qms_customer.rules.contract import SPECIAL_TECHNICAL


class Verdict(str, Enum):
	"""B2: a criterion is met, not met, or unknown; unknown never counts as met."""

	MET = "Met"
	NOT_MET = "Not Met"
	UNKNOWN = "Unknown"


class Path(str, Enum):
	"""C9: how a contract is reviewed, from the least scrutiny to the most."""

	SIGNATURE = "Salesperson Signature"
	SALES = "Sales Alone"
	CIRCULATED = "Circulated"
	CONVENED = "Convened"

	@property
	def rank(self) -> int:
		"""Scrutiny, 0 (least) to 3 (most)."""
		return list(Path).index(self)


STANDARD, CAPACITY, TERMS = "a", "b", "c"
NO_FORECAST = mark("There is no capacity forecast of these goods yet: refresh it")
CRITERIA = {
	STANDARD: mark("Technical requirements meet the enterprise standard"),
	CAPACITY: mark("Quantity and delivery date lie within capacity"),
	TERMS: mark("Packaging, price and payment terms are explicit"),
}


@dataclass(frozen=True)
class Evidence:
	"""B3: one fact behind a criterion; `message` is marked for translation and takes `args`."""

	verdict: Verdict
	message: str
	args: tuple[str, ...] = ()


@dataclass(frozen=True)
class Criterion:
	"""B1: one of the three criteria, with all its evidence."""

	code: str
	evidence: tuple[Evidence, ...]
	override: Verdict | None = None

	@property
	def computed(self) -> Verdict:
		"""The verdict of the evidence: the worst of it; no evidence is unknown (B2)."""
		worst = Verdict.MET if self.evidence else Verdict.UNKNOWN
		for e in self.evidence:
			if e.verdict is Verdict.NOT_MET:
				return Verdict.NOT_MET
			if e.verdict is Verdict.UNKNOWN:
				worst = Verdict.UNKNOWN
		return worst

	@cached_property
	def verdict(self) -> Verdict:
		"""The verdict that holds: a person's override (B3), else the computed one."""
		return self.override or self.computed


@dataclass(frozen=True)
class Standard:
	"""The enterprise standard (product technical requirements) to which an item is made."""

	number: str
	version: str
	valid_from: date | None
	valid_to: date | None
	enabled: bool = True


@dataclass(frozen=True)
class Line:
	"""One line of goods or services, bundles already taken apart into their components.

	`free` is the stock that no other commitment needs, `quantity` is in the stock unit; `free` is shared by
	the lines of an item, which are added up here.
	"""

	item: str
	quantity: Decimal
	goods: bool = True
	standard: Standard | None = None
	free: Decimal | None = None
	lead_time_days: int | None = None
	due: date | None = None
	disabled: bool = False
	# Made here, by a BOM with operations: a capacity forecast can tell.
	made: bool = False


@dataclass(frozen=True)
class Price:
	"""One priced line of the contract, as the customer sees it."""

	item: str
	rate: Decimal
	free_item: bool = False


@dataclass(frozen=True)
class Facts:
	"""All that the classification looks at, read from the ERP once.

	`amount` is in company currency; None: no exchange rate is known, so neither is the amount. `capacity`:
	what the capacity forecast of exactly these goods says; None: lead times decide alone (see settings).
	"""

	today: date
	lines: Sequence[Line]
	prices: Sequence[Price]
	packaging: str
	payment_terms: str
	payment_method: str
	delivery_method: str
	special: Sequence[str]
	amount: Decimal | None
	quantity: Decimal
	capacity: tuple[Evidence, ...] | None = None


@dataclass(frozen=True)
class Thresholds:
	"""Settings: amounts in company currency, quantities in stock units. None: the limit is not used.

	C5 is off unless both small limits are set. C4: at or above either large limit an order is large. An
	unknown amount is not known to be small, nor not to be large (B2).
	"""

	small_amount: Decimal | None = None
	small_quantity: Decimal | None = None
	large_amount: Decimal | None = None
	large_quantity: Decimal | None = None


@dataclass(frozen=True)
class Classification:
	"""What the facts lead to: class, size, path, and why."""

	criteria: tuple[Criterion, ...]
	in_stock: bool
	small: bool
	large: bool
	special: tuple[str, ...]
	path: Path
	reasons: tuple[Evidence, ...] = field(default=())

	@property
	def routine(self) -> bool:
		"""B1: routine means that all three criteria hold."""
		return all(c.verdict is Verdict.MET for c in self.criteria)


def judge_standard(facts: Facts) -> Criterion:
	"""Criterion (a) of B1: each item is made to an enterprise standard valid today and at each delivery.

	Every line counts by itself: of an item's lines the earliest date binds for capacity, but the latest for
	validity. A standard that ends, and a delivery without a date: unknown (B2).
	"""
	evidence = []
	for line in facts.lines:
		standard = line.standard
		if not line.goods:
			found = Evidence(Verdict.MET, mark("{0}: a service, no product standard applies"), (line.item,))
		elif line.disabled:
			found = Evidence(Verdict.NOT_MET, mark("{0}: the item is disabled"), (line.item,))
		elif standard is None:
			found = Evidence(Verdict.UNKNOWN, mark("{0}: no enterprise standard is recorded"), (line.item,))
		else:
			name = f"{standard.number} {standard.version}".strip()
			last = max(facts.today, line.due or facts.today)
			if not standard.enabled:
				verdict, text = Verdict.NOT_MET, mark("{0}: enterprise standard {1} is withdrawn")
			elif standard.valid_from is None:
				verdict, text = Verdict.UNKNOWN, mark("{0}: enterprise standard {1} has no validity date")
			elif standard.valid_from > facts.today or (standard.valid_to and standard.valid_to < last):
				verdict = Verdict.NOT_MET
				text = mark("{0}: enterprise standard {1} is not valid until delivery")
			elif standard.valid_to and line.due is None:
				verdict = Verdict.UNKNOWN
				text = mark("{0}: enterprise standard {1} ends, and there is no delivery date")
			else:
				verdict, text = Verdict.MET, mark("{0}: enterprise standard {1} is valid")
			found = Evidence(verdict, text, (line.item, name))
		if found not in evidence:
			evidence.append(found)
	if SPECIAL_TECHNICAL in facts.special:
		evidence.append(
			Evidence(Verdict.NOT_MET, mark("A technical requirement deviates from the enterprise standard"))
		)
	return Criterion(STANDARD, tuple(evidence))


def judge_capacity(facts: Facts) -> tuple[Criterion, bool]:
	"""Criterion (b) of B1, and whether all goods are in stock (C2).

	An item is within capacity if free stock covers it, or its lead time ends by its due date. No lead time,
	no date, or no quantity (a quotation of unit prices) is unknown. What is made here is judged by the
	capacity forecast instead, where the settings say so (C8): it is of the order as a whole.
	"""
	evidence, in_stock, forecast = [], True, False
	unstated = {line.item for line in facts.lines if line.quantity <= 0}
	for line in _per_item(facts.lines):
		if line.item in unstated:
			in_stock = False
			evidence.append(Evidence(Verdict.UNKNOWN, mark("{0}: a quantity is not stated"), (line.item,)))
			continue
		if not line.goods:
			evidence.append(Evidence(Verdict.MET, mark("{0}: a service, no stock is needed"), (line.item,)))
			continue
		quantity = _plain(line.quantity)
		if line.free is not None and line.free >= line.quantity:
			evidence.append(
				Evidence(
					Verdict.MET,
					mark("{0}: {1} needed, {2} free in stock"),
					(line.item, quantity, _plain(line.free)),
				)
			)
			continue
		in_stock = False
		free = _plain(line.free) if line.free is not None else "?"
		if line.made and facts.capacity is not None:
			forecast = True
			continue
		if line.due is None:
			evidence.append(
				Evidence(
					Verdict.UNKNOWN,
					mark("{0}: {1} needed, {2} free in stock, no delivery date"),
					(line.item, quantity, free),
				)
			)
		elif not line.lead_time_days or line.lead_time_days < 0:
			evidence.append(
				Evidence(
					Verdict.UNKNOWN,
					mark("{0}: {1} needed, {2} free in stock, lead time not recorded"),
					(line.item, quantity, free),
				)
			)
		else:
			ready = facts.today + timedelta(days=line.lead_time_days)
			verdict = Verdict.MET if ready <= line.due else Verdict.NOT_MET
			evidence.append(
				Evidence(
					verdict,
					mark("{0}: {1} needed, {2} free in stock, lead time {3} days gives {4}, due {5}"),
					(
						line.item,
						quantity,
						free,
						str(line.lead_time_days),
						ready.isoformat(),
						line.due.isoformat(),
					),
				)
			)
	if forecast:
		evidence += facts.capacity or [Evidence(Verdict.UNKNOWN, NO_FORECAST)]
	return Criterion(CAPACITY, tuple(evidence)), in_stock


def judge_terms(facts: Facts) -> Criterion:
	"""Criterion (c) of B1, A9: packaging, prices, payment terms, payment and delivery method are explicit."""
	evidence = []
	for text, stated, absent in (
		(facts.packaging, mark("Packaging: {0}"), mark("Packaging is not stated")),
		(facts.payment_terms, mark("Payment terms: {0}"), mark("Payment terms are not stated")),
		(facts.payment_method, mark("Payment method: {0}"), mark("Payment method is not stated")),
		(facts.delivery_method, mark("Delivery method: {0}"), mark("Delivery method is not stated")),
	):
		if text.strip():
			evidence.append(Evidence(Verdict.MET, stated, (text.strip(),)))
		else:
			evidence.append(Evidence(Verdict.UNKNOWN, absent))
	unpriced = sorted({p.item for p in facts.prices if p.rate <= 0 and not p.free_item})
	if unpriced:
		evidence.append(Evidence(Verdict.NOT_MET, mark("No price: {0}"), (", ".join(unpriced),)))
	elif facts.prices:
		evidence.append(Evidence(Verdict.MET, mark("All {0} lines have a price"), (str(len(facts.prices)),)))
	else:
		evidence.append(Evidence(Verdict.UNKNOWN, mark("There are no lines")))
	return Criterion(TERMS, tuple(evidence))


def classify(
	facts: Facts, thresholds: Thresholds, overrides: Mapping[str, Verdict] | None = None
) -> Classification:
	"""Return class, size and path of a contract (B1, B2, C2-C5, C9).

	`overrides` are a person's verdicts (B3), already checked by `override_refusal`.
	"""
	overrides = overrides or {}
	capacity, in_stock = judge_capacity(facts)
	criteria = tuple(
		Criterion(c.code, c.evidence, overrides[c.code]) if c.code in overrides else c
		for c in (judge_standard(facts), capacity, judge_terms(facts))
	)
	routine = all(c.verdict is Verdict.MET for c in criteria)
	t = thresholds
	large = bool(
		(t.large_amount is not None and (facts.amount is None or facts.amount >= t.large_amount))
		or (t.large_quantity is not None and facts.quantity >= t.large_quantity)
	)
	small = bool(
		t.small_amount is not None
		and t.small_quantity is not None
		and facts.amount is not None
		and facts.amount < t.small_amount
		and facts.quantity < t.small_quantity
		and not large
	)
	special = tuple(sorted(facts.special))
	reasons = [
		Evidence(c.verdict, mark("Non-routine: criterion ({0}) is {1}"), (c.code, c.verdict.value))
		for c in criteria
		if c.verdict is not Verdict.MET
	]
	if facts.amount is None and t.large_amount is not None:
		reasons.append(
			Evidence(
				Verdict.UNKNOWN,
				mark("Value unknown: no exchange rate to the company's currency is on record for this date"),
			)
		)
	elif large:
		reasons.append(Evidence(Verdict.NOT_MET, mark("Large: at or above the limit for amount or quantity")))
	if special:
		reasons.append(Evidence(Verdict.NOT_MET, mark("Special requirements: {0}"), (", ".join(special),)))
	if reasons:
		path = Path.CONVENED
	elif small:
		path = Path.SIGNATURE
		reasons.append(Evidence(Verdict.MET, mark("Small and routine")))
	elif in_stock:
		path = Path.SALES
		reasons.append(Evidence(Verdict.MET, mark("Routine and in stock")))
	else:
		path = Path.CIRCULATED
		reasons.append(Evidence(Verdict.MET, mark("Routine, not in stock")))
	assert routine or path is Path.CONVENED
	return Classification(criteria, in_stock, small, large, special, path, tuple(reasons))


def override_refusal(computed: Verdict, wanted: Verdict, reason: str, signer: str) -> str:
	"""Return why a person's verdict cannot replace the computed one (marked for translation), or "" (B3).

	Towards more scrutiny is always allowed; towards less (to "met") needs a reason and somebody who signs for
	it.
	"""
	if wanted is Verdict.MET and computed is not Verdict.MET:
		if not says(reason):
			return mark("B3: a criterion can be set to met only with a reason.")
		if not signer.strip():
			return mark("B3: a criterion can be set to met only by a person who signs for it.")
	if wanted is Verdict.UNKNOWN and computed is Verdict.NOT_MET:
		return mark("B3: what is known not to be met does not become unknown.")
	return ""


def has_risen(approved: Path, now: Path) -> bool:
	"""Return whether a contract needs more scrutiny now than it got (B4)."""
	return now.rank > approved.rank


def _per_item(lines: Sequence[Line]) -> list[Line]:
	"""Lines of the same item added up for capacity: their sum, earliest date, longest lead time."""
	merged: dict[str, Line] = {}
	for line in lines:
		first = merged.get(line.item)
		if first is None:
			merged[line.item] = line
			continue
		merged[line.item] = replace(
			first,
			quantity=first.quantity + line.quantity,
			goods=first.goods or line.goods,
			free=_least(first.free, line.free),
			lead_time_days=_longest(first.lead_time_days, line.lead_time_days),
			due=_least(first.due, line.due),
			made=first.made or line.made,
		)
	return list(merged.values())


def _least(one, other):
	"""The smaller of two; unknown if either is."""
	return None if one is None or other is None else min(one, other)


def _longest(one: int | None, other: int | None) -> int | None:
	"""The longer of two lead times; unknown if either is (ERPNext's 0 says that none is recorded)."""
	return max(one, other) if one and other and one > 0 and other > 0 else None


def _plain(number: Decimal) -> str:
	"""A number without exponent or trailing zeros."""
	text = f"{number:f}"
	return text.rstrip("0").rstrip(".") if "." in text else text
