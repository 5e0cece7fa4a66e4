"""Trends of complaints: counts and rates by product, batch, cause and customer, and when they are a signal
(H8; ISO 13485 8.4; EU 2017/745 Art. 88).

**Method.** A group of complaints is compared with a reference by the exact conditional test of two Poisson
rates (Przyborowski and Wilenski, Biometrika 31, 1940): if both had the same rate per unit delivered, then of
the `n` complaints of both together each falls on the group with the probability `share` = its part of what
was delivered. The probability that `k` or more of them do is

    P(X >= k), X ~ Binomial(n = k + r, share)  =  I_share(k, r + 1)

with `r` complaints of the reference and I the regularized incomplete beta function. At or below the
configured probability (0.00135, one side of three standard deviations, as of control charts) it is a signal.

**Why.** Complaints are few, independent of each other, and out of many units: counts follow Poisson, and the
normal limits of p and u charts are wrong where there are less than about five. The reference is counted
itself: an upper limit of Poisson that takes its rate as known signals too early where the past is short, and
at the first complaint of what had none. This test takes both as counted and is exact for any of them.
I is computed by SciPy, which neither Frappe nor ERPNext bring: it is the reference implementation that
others are checked against, a wheel for each platform, and a sum of our own would be one more to validate.

**What is compared.** A product, a cause and a customer with their own past: the window with the period before
it, so that the mix of products is about the same. A batch is delivered once and has no past: it is compared,
over both periods, with the other batches of its product. So many complaints as are configured are needed;
a single serious one is a matter of reportability (H4), not of statistics.

**Limits that a site sets** as well: a number of complaints in the window, and a rate per 1,000 delivered.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from qms_customer.rules import mark, says
from qms_customer.rules.review import Refusal

PRODUCT, BATCH, CAUSE, CUSTOMER = "Product", "Batch", "Cause", "Customer"
DIMENSIONS = (PRODUCT, BATCH, CAUSE, CUSTOMER)

NUMBER, RATE, STATISTICAL = "Configured Number", "Configured Rate", "Statistical Limit"
METHODS = (NUMBER, RATE, STATISTICAL)

# In action: somebody decided that something is done, and it is not done yet.
OPEN, ACTING, ASSESSED = "Open", "In Action", "Assessed"
PER = 1000


@dataclass(frozen=True)
class Complaint:
	"""A complaint as it is counted; what is not known is ""."""

	name: str
	day: date
	product: str = ""
	batch: str = ""
	cause: str = ""
	customer: str = ""


@dataclass(frozen=True)
class Delivery:
	"""What left us on a day, in stock units."""

	day: date
	qty: float
	product: str = ""
	batch: str = ""
	customer: str = ""


@dataclass(frozen=True)
class Limits:
	"""H8: the settings. 0 of `number` and `rate` (per 1,000 delivered): not used."""

	window_days: int = 90
	reference_days: int = 365
	probability: float = 0.00135
	least: int = 3
	number: int = 0
	rate: float = 0


@dataclass(frozen=True)
class Period:
	"""From `first` to `last`, both included."""

	first: date
	last: date

	def holds(self, day: date) -> bool:
		"""Return whether a day lies in the period."""
		return self.first <= day <= self.last


@dataclass(frozen=True)
class Key:
	"""What a group has in common. `product`: of a batch, whose number is one of its product only."""

	dimension: str
	value: str
	product: str = ""


@dataclass(frozen=True)
class Tally:
	"""H8: a group: its complaints and what was delivered, and the same of what it is compared with."""

	key: Key
	complaints: tuple[str, ...]
	delivered: float
	reference_complaints: int
	reference_delivered: float

	@property
	def count(self) -> int:
		"""Return how many complaints the group has."""
		return len(self.complaints)


def limits_refusals(limits: Limits) -> list[Refusal]:
	"""Return what stands against settings of signals (H8)."""
	found = []
	if limits.window_days < 1 or limits.reference_days < 1:
		found.append(Refusal("H8", mark("Window and period of comparison have at least one day each."), ()))
	if not 0 < limits.probability < 0.5:
		found.append(Refusal("H8", mark("The probability of a false signal lies between 0 and 0.5."), ()))
	if limits.least < 1 or limits.number < 0 or limits.rate < 0:
		found.append(
			Refusal("H8", mark("Limits of signals are not negative; one complaint is the least."), ())
		)
	return found


def periods(today: date, limits: Limits) -> tuple[Period, Period]:
	"""Return the window, which ends today, and the period before it that it is compared with (H8)."""
	first = today - timedelta(days=limits.window_days - 1)
	before = first - timedelta(days=limits.reference_days)
	return Period(first, today), Period(before, first - timedelta(days=1))


def tallies(
	complaints: Iterable[Complaint], deliveries: Iterable[Delivery], window: Period, reference: Period
) -> list[Tally]:
	"""Return all groups that have complaints in the window, the most complaints first (H8).

	A batch counts over both periods. What is delivered back is no delivery less: it was in use.
	"""
	named: dict[Key, set[str]] = defaultdict(set)
	before: dict[Key, set[str]] = defaultdict(set)
	recent: set[Key] = set()
	for one in complaints:
		now = window.holds(one.day)
		if not now and not reference.holds(one.day):
			continue
		for key in keys(one):
			if now:
				recent.add(key)
			(named if now or key.dimension == BATCH else before)[key].add(one.name)
		if one.product:
			# What the batches of a product are compared with.
			before[Key(BATCH, "", one.product)].add(one.name)
	out: dict[Key, float] = defaultdict(float)
	out_before: dict[Key, float] = defaultdict(float)
	for d in deliveries:
		now = window.holds(d.day)
		if d.qty <= 0 or not (now or reference.holds(d.day)):
			continue
		into = out if now else out_before
		into[Key(PRODUCT, d.product)] += d.qty
		into[Key(CUSTOMER, d.customer)] += d.qty
		into[Key(CAUSE, "")] += d.qty
		if d.batch:
			out[Key(BATCH, d.batch, d.product)] += d.qty
		out_before[Key(BATCH, "", d.product)] += d.qty
	found = []
	for key in recent:
		base = {BATCH: Key(BATCH, "", key.product), CAUSE: Key(CAUSE, "")}.get(key.dimension, key)
		delivered = out[key if key.dimension == BATCH else base]
		references, reference_delivered = len(before[key]), out_before[base]
		if key.dimension == BATCH:
			references = len(before[base] - named[key])
			reference_delivered = max(0.0, reference_delivered - delivered)
		found.append(Tally(key, tuple(sorted(named[key])), delivered, references, reference_delivered))
	return sorted(
		found, key=lambda t: (-t.count, DIMENSIONS.index(t.key.dimension), t.key.value, t.key.product)
	)


def keys(one: Complaint) -> list[Key]:
	"""Return the groups that a complaint belongs to; what is not known is none (H8)."""
	found = [
		Key(PRODUCT, one.product),
		Key(CAUSE, one.cause),
		Key(CUSTOMER, one.customer),
		Key(BATCH, one.batch, one.product) if one.product else Key(BATCH, ""),
	]
	return [key for key in found if key.value]


def rate(complaints: int, delivered: float) -> float | None:
	"""Return complaints per 1,000 delivered; None where nothing was delivered: that is no rate of 0 (H8)."""
	return complaints * PER / delivered if delivered > 0 else None


def chance(count: int, delivered: float, references: int, reference_delivered: float) -> float | None:
	"""Return how probable so many complaints or more are if the group is like its reference (H8; see above).

	None where there is nothing to compare: either of them had no deliveries.
	"""
	if delivered <= 0 or reference_delivered <= 0:
		return None
	if count <= 0:
		return 1.0
	# Only who computes needs it: it is large.
	from scipy.special import betainc

	return float(betainc(count, references + 1, delivered / (delivered + reference_delivered)))


def limit(tally: Tally, limits: Limits) -> int | None:
	"""Return the number of complaints from which on a group like this is a signal (H8); None: there is none.

	The probability falls with each complaint, so the first number that is improbable enough is found by
	halving.
	"""
	if tally.delivered <= 0 or tally.reference_delivered <= 0:
		return None

	def crosses(count: int) -> bool:
		p = chance(count, tally.delivered, tally.reference_complaints, tally.reference_delivered)
		return p is not None and p <= limits.probability

	low, high = 0, max(limits.least, 1)
	while not crosses(high):
		low, high = high, high * 2
		if high > 10_000_000:
			return None
	while high - low > 1:
		middle = (low + high) // 2
		low, high = (low, middle) if crosses(middle) else (middle, high)
	return max(high, limits.least)


def crossed(tally: Tally, limits: Limits) -> tuple[str, ...]:
	"""Return by which methods a group is a signal, none if it is none (H8)."""
	found = []
	if limits.number and tally.count >= limits.number:
		found.append(NUMBER)
	per = rate(tally.count, tally.delivered)
	if limits.rate and per is not None and per >= limits.rate:
		found.append(RATE)
	if tally.count >= limits.least:
		p = chance(tally.count, tally.delivered, tally.reference_complaints, tally.reference_delivered)
		if p is not None and p <= limits.probability:
			found.append(STATISTICAL)
	return tuple(found)


# What becomes of a signal

NOTHING, OPENED, GROWN = "Nothing", "Opened", "Grown"


@dataclass(frozen=True)
class Standing:
	"""The latest signal of a group: whether it is assessed, and of which complaints it spoke."""

	status: str
	complaints: frozenset[str]


def step(tally: Tally, latest: Standing | None) -> str:
	"""Return what is done about a group that is a signal: done twice, nothing is done twice (H8).

	What is open is one signal, however long it stays so. After its assessment a complaint that it did not
	know opens another, also while something is done about the first: somebody says whether that is enough.
	"""
	if latest is None:
		return OPENED
	new = set(tally.complaints) - latest.complaints
	if latest.status == OPEN:
		return GROWN if new else NOTHING
	return OPENED if new else NOTHING


# Assessing

ACTION, WATCHED, CHANCE = "Action Needed", "Watched Further", "No Common Cause"
OUTCOMES = (ACTION, WATCHED, CHANCE)


def status(outcome: str, actions: Collection[bool]) -> str:
	"""Return where a signal stands (H8). `actions`: of each that was opened for it, whether it is open.

	Where action is needed something is opened, and the signal waits until all of it is done.
	"""
	if not outcome:
		return OPEN
	return ACTING if outcome == ACTION and (not actions or any(actions)) else ASSESSED


def assessment_refusals(status: str, outcome: str, why: str) -> list[Refusal]:
	"""Return what stands against assessing a signal; `why`: the reason (H8)."""
	found = []
	if status != OPEN:
		found.append(Refusal("H8", mark("This signal has been assessed."), ()))
	if outcome not in OUTCOMES:
		found.append(Refusal("H8", mark("Say what comes of the signal."), ()))
	if not says(why):
		found.append(Refusal("H8", mark("Say why, and what is done."), ()))
	return found
