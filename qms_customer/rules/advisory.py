"""Whether users are told of a product by an advisory notice 忠告性通知: what asks for it, to whom it went
(I1, I2; ISO 13485 8.2.3, 8.3.3).

The notice itself is not decided here: it follows from "needed". Undecided is never "not needed".
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from qms_customer.rules import mark, says
from qms_customer.rules import reportability as events
from qms_customer.rules.complaint import CRITICAL, HARM
from qms_customer.rules.people import ACCOUNTS_WITHOUT_PERSON
from qms_customer.rules.review import Refusal
from qms_customer.rules.sales_record import TOLERANCE

UNDECIDED, NEEDED, NOT_NEEDED = "Undecided", "Notice Needed", "No Notice Needed"
DECISIONS = (NEEDED, NOT_NEEDED)

# Calendar days until it is decided: the shortest limit in days that regulators set (EU, serious public health
# threat). Users who may be harmed do not wait for a weekend, nor longer than a regulator does.
DAYS = 2

# What asks for a decision.
SERIOUS = mark("Serious Harm")
REPORTABLE = mark("Reportable to a Regulator")
SIGNAL = mark("Signal: Action Needed")
BY_HAND = mark("Asked by a Person")
# What happens to one that was asked for.
QUESTION = mark("More Information Needed")
GIVEN = mark("Information Given")
SCOPE = mark("Scope Changed")
AGAIN = mark("Opened Again")
# The answers to the questionnaire that mean that somebody may be harmed, or that something has to be done.
ANSWERS: Mapping[str, str] = {
	"death": events.DEATH,
	"serious_injury": events.SERIOUS_INJURY,
	"unanticipated": events.UNANTICIPATED,
	"potential": events.POTENTIAL,
	"public_threat": events.PUBLIC_HEALTH_THREAT,
	"remedial": events.REMEDIAL_ACTION,
}
ENTRIES = (SERIOUS, *ANSWERS.values(), REPORTABLE, SIGNAL, BY_HAND, QUESTION, GIVEN, SCOPE, AGAIN)


def grounds(harm: str, severity: str, answers: Mapping[str, str]) -> list[tuple[str, str]]:
	"""Return what of a complaint asks for a decision whether users are told, each with details (I1).

	A harm that is serious or worse, a complaint that somebody rated critical, a "yes" to a question about
	harm or remedial action. However improbable: that is weighed by who decides.
	"""
	serious = harm in HARM and HARM.index(harm) >= HARM.index("Serious")
	found = [(SERIOUS, harm if serious else severity)] if serious or severity == CRITICAL else []
	return found + [(event, "") for question, event in ANSWERS.items() if answers.get(question) == events.YES]


# To whom it went


@dataclass(frozen=True, slots=True)
class Line:
	"""A line of the sales record: quantity in the stock unit, negative for what came back, which then names
	the delivery `against` which it came.
	"""

	doctype: str
	document: str
	day: date
	customer: str
	customer_name: str
	batch: str
	serials: tuple[str, ...]
	quantity: Decimal
	is_return: bool = False
	against: str = ""


@dataclass(slots=True)
class Delivered:
	"""What one document brought to a customer of one batch, what of it came back since, and the serial
	numbers that are still there.
	"""

	doctype: str
	document: str
	day: date
	customer: str
	customer_name: str
	batch: str
	quantity: Decimal = Decimal()
	returned: Decimal = Decimal()
	serials: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Recipients:
	"""I2: the deliveries concerned, in their order; `unbatched`: how much of the product was delivered of
	which no batch is on record: it may be of these, and is not among them.
	"""

	deliveries: list[Delivered]
	unbatched: Decimal = Decimal()

	@property
	def customers(self) -> int:
		"""Return to how many customers it went, also those that have sent all of it back."""
		return len({one.customer for one in self.deliveries})

	def total(self, of: str) -> Decimal:
		"""Return the sum of `quantity` or `returned`."""
		return sum((getattr(one, of) for one in self.deliveries), Decimal())


def recipients(
	lines: Iterable[Line], batches: Collection[str] = (), serials: Collection[str] = ()
) -> Recipients:
	"""Return the deliveries of these batches or devices, without any of all of the product (I2).

	What came back is taken off the delivery against which it came; what names none stands for itself, with
	nothing delivered. A delivery all of which came back stays: its user had it.
	"""
	wanted = {batch.casefold() for batch in batches}
	devices = {serial.casefold() for serial in serials}
	found: dict[tuple[str, str, str], Delivered] = {}
	unbatched = Decimal()
	lines = list(lines)
	names = {(one.document, one.batch.casefold()) for one in lines if not one.is_return}
	gone: dict[tuple[str, str], set[str]] = {}
	for line in lines:
		quantity = abs(line.quantity)
		own = [s for s in line.serials if s.casefold() in devices] if devices else list(line.serials)
		if devices and own:
			quantity = Decimal(len(own))
		elif (wanted or devices) and line.batch.casefold() not in wanted:
			if wanted and not line.batch:
				unbatched += -quantity if line.is_return else quantity
			continue
		batch = line.batch.casefold()
		against = line.is_return and (line.against, batch) in names
		document = line.against if against else line.document
		one = found.setdefault(
			(line.customer, document, batch),
			Delivered(
				line.doctype, document, line.day, line.customer, line.customer_name, line.batch, Decimal()
			),
		)
		if line.is_return:
			one.returned += quantity
			gone.setdefault((document, batch), set()).update(own)
		else:
			# A return may stand before its delivery.
			one.doctype, one.day = line.doctype, line.day
			one.quantity += quantity
			one.serials += own
	for one in found.values():
		back = gone.get((one.document, one.batch.casefold()), set())
		one.serials = [s for s in dict.fromkeys(one.serials) if s not in back]
	listed = sorted(found.values(), key=lambda d: (d.day, d.document, d.batch))
	return Recipients(listed, unbatched if unbatched >= TOLERANCE else Decimal())


# Deciding


def decision_refusals(decision: str, reason: str, product: bool, handled: bool, by: str) -> list[Refusal]:
	"""Return what stands against a decision, all at once (I1, C12).

	`product`: it is known which it is. `handled`: who decides, or the one for whom they act, handled the
	complaint: such a person may say that users are told, which is the careful side, and not that nobody is.
	"""
	found = []
	if by in ACCOUNTS_WITHOUT_PERSON:
		found.append(Refusal("I1", mark("An account of the system decides nothing."), ()))
	if decision not in DECISIONS:
		return [*found, Refusal("I1", mark("Decide: is an advisory notice needed?"), ())]
	if decision == NEEDED and not product:
		found.append(
			Refusal(
				"I2",
				mark(
					"Which product it is, is not known: nobody can be told. Complete the record of the "
					"complaint, or ask for more information."
				),
				(),
			)
		)
	if decision == NOT_NEEDED and handled:
		found.append(
			Refusal(
				"C12",
				mark(
					"You handled the complaint: you may decide that a notice is needed; that none is, "
					"somebody else decides."
				),
				(),
			)
		)
	if not says(reason):
		found.append(Refusal("I1", mark("Say why the notice is needed, or why it is not."), ()))
	return found


def scope_refusals(
	batches: Collection[str], unknown: Collection[str], whole: bool, reason: str
) -> list[Refusal]:
	"""Return what stands against another scope: `whole`, or these batches and serial numbers (I2)."""
	found = []
	if whole and batches:
		found.append(Refusal("I2", mark("Either all of the product, or the batches that are named."), ()))
	if not whole and not batches:
		found.append(
			Refusal("I2", mark("Name the batches or serial numbers, or take all of the product."), ())
		)
	found += [
		Refusal("I2", mark("{0} is neither a batch nor a serial number of this product."), (one,))
		for one in unknown
	]
	if not says(reason):
		found.append(Refusal("I2", mark("Say why more or less is concerned."), ()))
	return found
