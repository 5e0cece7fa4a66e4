"""What anybody says about us or our products: recorded, assessed, complaint or not (A10, F6, H1, H2, H9;
ISO 13485 8.2.1, 8.2.2).

A complaint is known from the beginning by nobody: until somebody has decided, feedback is open, never "no".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from qms_customer.rules import mark, says
from qms_customer.rules.people import ACCOUNTS_WITHOUT_PERSON, BUSINESS_MANAGER, RND, SALES_USER
from qms_customer.rules.review import Refusal
from qms_customer.rules.workdays import Calendar

# H1: who says it.
SOURCES = (
	"Clinical Institution",
	"Distributor",
	"User",
	"Patient or Relative",
	"Regulator",
	"Employee",
	"Other",
)
# H1: when it is said, as the sale goes.
PHASES = ("Before the Sale", "During the Sale", "After the Sale")

# H2: what is decided.
COMPLAINT, NOT_A_COMPLAINT = "Complaint", "Not a Complaint"
DECISIONS = (COMPLAINT, NOT_A_COMPLAINT)

# H2: what a complaint says is deficient (ISO 13485 3.4): of a released device, or of a service that affects
# its performance.
SERVICE = mark("Service that Affects Performance")
DEFICIENCIES = (
	mark("Identity"),
	mark("Quality"),
	mark("Durability"),
	mark("Reliability"),
	mark("Usability"),
	mark("Safety"),
	mark("Performance"),
	SERVICE,
)

# A10, H9: what feedback is that is no complaint.
ENQUIRY, REQUIREMENT, SUGGESTION, PRAISE, OTHER = (
	"Enquiry",
	"Changed Requirement",
	"Suggestion",
	"Praise",
	"Other",
)
NATURES = (ENQUIRY, REQUIREMENT, SUGGESTION, PRAISE, OTHER)

# H9: what a changed requirement concerns: an order or its delivery, the law, or the design of the product.
CONTRACT, REGULATION, DESIGN = "Contract", "Regulation", "Design"
REQUIREMENTS = (CONTRACT, REGULATION, DESIGN)
# H9: how it is taken up.
BY_NOTICE, BY_REVIEW, BY_DESIGN, NOT_TAKEN_UP = (
	"Contract Change Notice",
	"Contract Review",
	"Design Change",
	"Nothing Changes",
)
WAYS = (BY_NOTICE, BY_REVIEW, BY_DESIGN, NOT_TAKEN_UP)
# H2: what a complaint is (ISO 13485 3.4), on screen where it is decided.
DEFINITION = mark(
	"A complaint is what anybody says, in writing, by e-mail or by mouth, of a device that has left our "
	"control: that something is wrong with its identity, quality, durability, reliability, usability, safety "
	"or performance, or with a service that affects its performance. Whether the customer is right is no "
	"part of this question."
)

# Business days until feedback is assessed, where the settings say nothing.
DAYS = 2


@dataclass(frozen=True)
class Assessment:
	"""H2: what somebody decides about feedback. `deficiencies`: what is said to be deficient. `released`: the
	device has left our control; None: not known. `concerned`: the users about whom somebody complains.
	`requirement`: what a changed requirement concerns (H9).
	"""

	decision: str
	deficiencies: tuple[str, ...] = ()
	released: bool | None = None
	nature: str = ""
	reason: str = ""
	by: str = ""
	concerned: frozenset[str] = frozenset()
	requirement: str = ""


def assessment_refusals(a: Assessment) -> list[Refusal]:
	"""Return what stands against an assessment, all at once (H2).

	Whoever says that a released device, or a service that affects it, is deficient complains: that is decided
	by the definition and not away from it. Anything else needs its nature and a reason.
	"""
	found = []
	if a.by in ACCOUNTS_WITHOUT_PERSON:
		found.append(Refusal("H2", mark("An account of the system assesses nothing."), ()))
	elif a.by in a.concerned:
		found.append(
			Refusal(
				"H2", mark("The feedback is about you: somebody else assesses whether it is a complaint."), ()
			)
		)
	if a.decision not in DECISIONS:
		return [*found, Refusal("H2", mark("Decide: is this a complaint?"), ())]
	unknown = [one for one in a.deficiencies if one not in DEFICIENCIES]
	if unknown:
		found.append(Refusal("H2", mark("{0} is not in the definition of a complaint."), (unknown[0],)))
	if a.decision == COMPLAINT:
		if not a.deficiencies:
			found.append(Refusal("H2", mark("Say what is said to be deficient."), ()))
		if a.released is False and SERVICE not in a.deficiencies:
			found.append(
				Refusal(
					"H2",
					mark(
						"A device that has not left our control is no matter of a complaint: record it as a "
						"nonconformity, and say here why this is no complaint."
					),
					(),
				)
			)
		return found
	if a.deficiencies and a.released is not False:
		found.append(
			Refusal(
				"H2",
				mark(
					"{0} of a released device is said to be deficient: by the definition this is a "
					"complaint, whether the customer is right or not."
				),
				(a.deficiencies[0],),
			)
		)
	if a.nature not in NATURES:
		found.append(Refusal("H2", mark("Say what it is, if no complaint."), ()))
	elif a.nature == REQUIREMENT and a.requirement not in REQUIREMENTS:
		found.append(
			Refusal(
				"H9", mark("Say what the changed requirement concerns: contract, regulation or design."), ()
			)
		)
	if not says(a.reason):
		found.append(Refusal("H2", mark("Say why this is not a complaint."), ()))
	return found


def assess_by(received: date, days: int, calendar: Calendar) -> date:
	"""Return the day until which feedback is assessed: so many business days after it came (H2, L3)."""
	return calendar.add_workdays(received, days if days > 0 else DAYS)


# Awareness


@dataclass(frozen=True)
class Times:
	"""When what was reported happened, when anybody of ours or of a distributor first knew, and when it was
	recorded; all with a time zone. `received`: when it came to us.
	"""

	recorded: datetime
	aware: datetime | None = None
	happened: datetime | None = None
	received: datetime | None = None


def time_refusals(times: Times) -> list[Refusal]:
	"""Return what stands against the times of a record (H4, K3): awareness starts the clocks of regulators.

	It is never later than the record, and never before what it is about. Not known is the moment of the
	record: the caller fills that in.
	"""
	found = []
	if times.aware is None:
		found.append(
			Refusal("H4", mark("Say when anybody in the company or a distributor first knew of it."), ())
		)
	elif times.aware > times.recorded:
		found.append(
			Refusal(
				"H4", mark("Nobody learns of it after it is recorded: awareness is at the latest now."), ()
			)
		)
	elif times.received and times.aware > times.received:
		found.append(
			Refusal(
				"H4", mark("What was received is known: awareness is at the latest when it was received."), ()
			)
		)
	if times.received and times.received > times.recorded:
		found.append(Refusal("K3", mark("It was received in the future: correct the time."), ()))
	if times.happened and times.happened > times.recorded:
		found.append(Refusal("K3", mark("What happened lies in the future."), ()))
	elif times.happened and times.aware and times.happened > times.aware:
		found.append(Refusal("H4", mark("It was known before it happened: check both times."), ()))
	return found


def awareness_refusals(before: datetime, after: datetime, reason: str, approved: bool) -> list[Refusal]:
	"""Return what stands against correcting when it was first known (H4, K2).

	Earlier: with a reason; the clocks move at once. Later gives us more time: somebody else approves that.
	"""
	found = []
	if not says(reason):
		found.append(Refusal("H4", mark("Say why the time of awareness is corrected."), ()))
	if after > before and not approved:
		found.append(
			Refusal(
				"H4",
				mark("A later awareness moves deadlines out: the management representative approves it."),
				(),
			)
		)
	return found


# Duplicates


@dataclass(frozen=True)
class Like:
	"""Feedback as it is compared: `words` is how alike the texts are, 0 to 100."""

	name: str
	item: str = ""
	batch: str = ""
	serials: frozenset[str] = frozenset()
	contact: str = ""
	words: float = 0


# Points from which on feedback is suggested as a duplicate.
ALIKE = 60


def points(one: Like, other: Like) -> float:
	"""Return how much speaks for two reports being of the same event, 0 to 100 (H1).

	The same device is nearly proof; the same batch or person with like words is a hint; words alone are none:
	many people say the same of different devices.
	"""
	if one.serials & other.serials and one.item == other.item:
		return 100
	if one.serials and other.serials:
		return 0
	if not one.item or one.item != other.item:
		return 0
	if one.batch and other.batch and one.batch != other.batch:
		return 0
	same = 30 * bool(one.batch and one.batch == other.batch) + 20 * bool(
		one.contact and one.contact.casefold() == other.contact.casefold()
	)
	return min(same + other.words / 2, 99)


def duplicates(one: Like, others: Iterable[Like], most: int = 5) -> list[tuple[str, float]]:
	"""Return the names of reports that may be of the same event with their points, the likeliest first (H1).

	They are suggested and linked; nothing is merged away.
	"""
	found = [(other.name, points(one, other)) for other in others if other.name != one.name]
	return sorted((f for f in found if f[1] >= ALIKE), key=lambda f: (-f[1], f[0]))[:most]


# Service (F6)

IS_COMPLAINT, NO_COMPLAINT = "Yes", "No"


def service_refusals(answer: str, reason: str) -> list[Refusal]:
	"""Return what stands against finishing a service record: it answers whether this is a complaint (F6).

	"No" is reasoned, as in any assessment.
	"""
	if answer not in (IS_COMPLAINT, NO_COMPLAINT):
		return [
			Refusal("F6", mark("Is this a complaint? Answer it before the service record is finished."), ())
		]
	if answer == NO_COMPLAINT and not says(reason):
		return [Refusal("F6", mark("Say why the service is not about a complaint."), ())]
	return []


# Answers to enquiries (A10)


def answer_refusals(nature: str, answer: str, sent: bool, by: str, taken_up: bool = False) -> list[Refusal]:
	"""Return what stands against closing feedback that was assessed as no complaint (A10, H1, H9).

	An enquiry is closed with the answer that was given; other feedback with what was done about it; a changed
	requirement not before somebody has signed how it was taken up.
	"""
	found = []
	if nature == REQUIREMENT and not taken_up:
		found.append(
			Refusal(
				"H9", mark("How the changed requirement was taken up is not signed yet: do that first."), ()
			)
		)
	if by in ACCOUNTS_WITHOUT_PERSON:
		found.append(Refusal("A10", mark("An account of the system answers nothing."), ()))
	if not says(answer):
		text = (
			mark("Record the answer that was given.")
			if nature == ENQUIRY
			else mark("Record what was done about it, or why nothing.")
		)
		found.append(Refusal("A10" if nature == ENQUIRY else "H1", text, ()))
	elif nature == ENQUIRY and not sent:
		found.append(Refusal("A10", mark("Record how and when the answer was given."), ()))
	return found


# Changed requirements (H9)


def taken_up_by(requirement: str) -> tuple[str, ...]:
	"""Return who says how a changed requirement was taken up (H9): Sales what concerns a contract, R&D what
	concerns law or design.
	"""
	return (SALES_USER, BUSINESS_MANAGER) if requirement == CONTRACT else (RND,)


def taken_up_refusals(how: str, document: bool, comment: str, by: str) -> list[Refusal]:
	"""Return what stands against saying how a changed requirement was taken up (H9).

	`document`: the change notice or review that is named is there, and of this customer. A design change, and
	why nothing changes, is said in words.
	"""
	found = []
	if by in ACCOUNTS_WITHOUT_PERSON:
		found.append(Refusal("H9", mark("An account of the system answers nothing."), ()))
	if how not in WAYS:
		return [*found, Refusal("H9", mark("Say how the requirement was taken up."), ())]
	if how in (BY_NOTICE, BY_REVIEW) and not document:
		found.append(
			Refusal(
				"H9", mark("Name the change notice or review of this customer by which it was taken up."), ()
			)
		)
	if not says(comment):
		found.append(
			Refusal(
				"H9", mark("Say what comes of it: the design change with its number, or why nothing."), ()
			)
		)
	return found


# What is required of a record (H1)

REQUIRED: Mapping[str, str] = {
	"source": mark("Say who it comes from."),
	"channel": mark("Say how it came."),
	"received_on": mark("Say when it was received."),
	"details": mark("Say what was said, in the words of who said it."),
}


def record_refusals(values: Mapping[str, object], required: Sequence[str] = tuple(REQUIRED)) -> list[Refusal]:
	"""Return what a record of feedback lacks (H1). An unknown contact is no reason not to record it."""
	return [Refusal("H1", REQUIRED[name], ()) for name in required if not says(str(values.get(name) or ""))]
