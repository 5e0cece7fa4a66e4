"""Determining requirements: forms, classes of requirement, what must be there (A1-A3, A6, A7, A9)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from qms_customer.rules import mark

# A1: the five forms in which a contract arrives.
FORMAL_CONTRACT = "Formal Contract"
LETTER = "Letter"
FAX = "Fax"
ORDER = "Order"
VERBAL_ORDER = "Verbal Order"
FORMS = (FORMAL_CONTRACT, LETTER, FAX, ORDER, VERBAL_ORDER)

# A2: the five classes of requirement.
STATED = "Stated by the Customer"
IMPLIED = "Necessary for the Intended Use"
REGULATORY = "Statutory and Regulatory"
TRAINING = "User Training"
COMPANY = "Added by the Company"
CLASSES = (STATED, IMPLIED, REGULATORY, TRAINING, COMPANY)

# A7: what a special requirement can be about. Technical ones bear on criterion (a) of B1.
SPECIAL_MATERIAL = "Raw Material"
SPECIAL_PACKAGING = "Packaging"
SPECIAL_PROCESS = "Production Process"
SPECIAL_DATE = "Delivery Date"
SPECIAL_TECHNICAL = "Technical"
SPECIAL_OTHER = "Other"
SPECIALS = (
	SPECIAL_MATERIAL,
	SPECIAL_PACKAGING,
	SPECIAL_PROCESS,
	SPECIAL_DATE,
	SPECIAL_TECHNICAL,
	SPECIAL_OTHER,
)
DESIGNED_BEFORE_PRODUCTION = frozenset({SPECIAL_PACKAGING, SPECIAL_PROCESS})
# The clock of somebody's computer may be ahead of the server's.
CLOCKS_DIFFER = timedelta(minutes=5)
STANDARD_PACKAGING = "Standard"
SPECIAL_PACKAGING_CHOICE = "Special"


@dataclass(frozen=True)
class Requirement:
	"""A2, A7: a requirement of the contract; `none` says that a person found none in this class."""

	kind: str
	text: str = ""
	special: str = ""
	none: bool = False


@dataclass(frozen=True)
class Confirmation:
	"""A3: who of the customer's confirmed a verbal order, when, how, with what evidence."""

	confirmed_by: str = ""
	confirmed_on: str = ""
	method: str = ""
	evidence: str = ""

	def complete(self) -> bool:
		"""Return whether who, when, how and evidence are all there (A3)."""
		return all(_said(v) for v in (self.confirmed_by, self.confirmed_on, self.method, self.evidence))


@dataclass(frozen=True)
class Document:
	"""A6: an attachment that carries requirements, with its version and the SHA-256 of its bytes."""

	title: str = ""
	version: str = ""
	file: str = ""
	sha256: str = ""


@dataclass(frozen=True)
class Missing:
	"""One thing that is missing: the rule, and a message marked for translation with its arguments."""

	rule: str
	message: str
	args: tuple[str, ...] = ()


def missing_to_start(
	form: str,
	delivery_method: str,
	payment_method: str,
	packaging: str,
	packaging_details: str,
	documents: Sequence[Document],
	requirements: Sequence[Requirement],
	full_record: bool,
) -> list[Missing]:
	"""Return all that a contract still lacks before its review can start, in one list.

	A1 form; A9 delivery and payment method; A6 each document with version and file; A7 special packaging
	described. `full_record` (any review that departments take part in): A2, each of the five classes has a
	requirement or the statement that there is none.
	"""
	missing = []
	if form not in FORMS:
		missing.append(Missing("A1", mark("Say in which form the contract arrived.")))
	if not delivery_method.strip():
		missing.append(Missing("A9", mark("State the delivery method.")))
	if not payment_method.strip():
		missing.append(Missing("A9", mark("State the payment method.")))
	if packaging == SPECIAL_PACKAGING_CHOICE and not packaging_details.strip():
		missing.append(Missing("A7", mark("Describe the special packaging.")))
	for number, document in enumerate(documents, 1):
		if not all(_said(v) for v in (document.title, document.version, document.file, document.sha256)):
			missing.append(
				Missing(
					"A6", mark("Contract document in row {0} needs title, version and file."), (str(number),)
				)
			)
	for number, requirement in enumerate(requirements, 1):
		if requirement.kind not in CLASSES or not (requirement.text.strip() or requirement.none):
			missing.append(
				Missing("A2", mark("Requirement in row {0} needs a class and a text."), (str(number),))
			)
		elif requirement.none and _said(requirement.special):
			missing.append(
				Missing(
					"A7",
					mark(
						"Requirement in row {0} is special and none at the same time: it has to be "
						"one of them."
					),
					(str(number),),
				)
			)
	if full_record:
		present = {r.kind for r in requirements}
		for kind in CLASSES:
			if kind not in present:
				missing.append(
					Missing(
						"A2",
						mark("No requirement of the class {0}: state one, or that there is none."),
						(kind,),
					)
				)
	return missing


def missing_to_approve(form: str, confirmations: Iterable[Confirmation]) -> list[Missing]:
	"""Return what must be there before approval: a verbal order needs a complete confirmation (A3)."""
	if form == VERBAL_ORDER and not any(c.complete() for c in confirmations):
		return [
			Missing(
				"A3",
				mark(
					"The customer has not confirmed this verbal order: record who confirmed it, when "
					"and how, with the "
					"evidence attached."
				),
			)
		]
	return []


def confirmation_refusals(
	number: int, confirmed_on: datetime | None, now: datetime, stored: bool
) -> list[Missing]:
	"""Return what is wrong with a confirmation as it is recorded: it has happened, its evidence is there (A3,
	K3).
	"""
	found = []
	if confirmed_on and confirmed_on > now + CLOCKS_DIFFER:
		found.append(Missing("A3", mark("The confirmation in row {0} lies in the future."), (str(number),)))
	if not stored:
		found.append(
			Missing(
				"A3",
				mark("The evidence of the confirmation in row {0} is no file that is stored here."),
				(str(number),),
			)
		)
	return found


def special_requirements(requirements: Iterable[Requirement], packaging: str) -> list[str]:
	"""Return the kinds of special requirement that the contract states, sorted (A7)."""
	kinds = {r.special for r in requirements if r.special and not r.none}
	if packaging == SPECIAL_PACKAGING_CHOICE:
		kinds.add(SPECIAL_PACKAGING)
	return sorted(kinds)


def design_before_production(requirements: Iterable[Requirement], packaging: str) -> list[str]:
	"""Return the special kinds that Technology designs and the customer confirms before production (A7)."""
	return [k for k in special_requirements(requirements, packaging) if k in DESIGNED_BEFORE_PRODUCTION]


def _said(value: object) -> bool:
	"""Whether there is anything but blanks."""
	return bool(value) and bool(str(value).strip())
