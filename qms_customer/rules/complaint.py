"""A complaint from its assessment to its closing: severity, investigation or the approved reason for none,
CAPA, reply, effectiveness (H3, H5; ISO 13485 8.2.2; 21 CFR 820.35(a)).
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from qms_customer.rules import mark, says
from qms_customer.rules.people import ACCOUNTS_WITHOUT_PERSON, MANAGEMENT_REPRESENTATIVE, QUALITY
from qms_customer.rules.review import Refusal

# The states of a complaint, in the order in which one follows another.
INVESTIGATING = "Complaint in Investigation"
ACTING = "Action on Complaint"
REPLYING = "Reply to Complaint Due"
VERIFYING = "Effectiveness to be Checked"
CLOSING = "Complaint to be Closed"
CLOSED = "Complaint Closed"
STATES = (INVESTIGATING, ACTING, REPLYING, VERIFYING, CLOSING, CLOSED)


# Severity, by a matrix

HARM = ("None", "Negligible", "Minor", "Serious", "Critical", "Catastrophic")
PROBABILITY = ("Improbable", "Remote", "Occasional", "Probable", "Frequent")
LOW, MEDIUM, HIGH, CRITICAL = "Low", "Medium", "High", "Critical"
SEVERITIES = (LOW, MEDIUM, HIGH, CRITICAL)
# A harm that may be fatal is critical, however rare; serious harm is high at least (ISO 14971's extremes).
MATRIX: Mapping[str, tuple[str, str, str, str, str]] = {
	"None": (LOW, LOW, LOW, LOW, LOW),
	"Negligible": (LOW, LOW, LOW, LOW, MEDIUM),
	"Minor": (LOW, LOW, MEDIUM, MEDIUM, HIGH),
	"Serious": (HIGH, HIGH, HIGH, CRITICAL, CRITICAL),
	"Critical": (CRITICAL, CRITICAL, CRITICAL, CRITICAL, CRITICAL),
	"Catastrophic": (CRITICAL, CRITICAL, CRITICAL, CRITICAL, CRITICAL),
}


def severity(harm: str, probability: str) -> str:
	"""Return how severe a complaint is by the matrix, "" where harm or probability is not said (H5).

	What is not known is not low: a complaint without severity goes nowhere.
	"""
	if harm not in MATRIX or probability not in PROBABILITY:
		return ""
	return MATRIX[harm][PROBABILITY.index(probability)]


def severity_refusals(harm: str, probability: str, chosen: str, reason: str) -> list[Refusal]:
	"""Return what stands against a severity: the matrix's, or another one with the reason for it (H5)."""
	by_matrix = severity(harm, probability)
	if not by_matrix:
		return [Refusal("H5", mark("Say which harm there is or may be, and how probable it is."), ())]
	if chosen not in SEVERITIES:
		return [Refusal("H5", mark("{0} is not a severity."), (chosen or "?",))]
	if chosen != by_matrix and not says(reason):
		text = mark("By the matrix the severity is {0}. Say why it is {1}.")
		return [Refusal("H5", text, (by_matrix, chosen))]
	return []


# What the record holds (21 CFR 820.35(a))


@dataclass(frozen=True)
class Record:
	"""What a complaint says of what it is about. `identified`: by a UDI, UPC, batch or serial number;
	`why_not`: why something of it is not known.
	"""

	device: str = ""
	received_on: date | None = None
	identified: bool = False
	complainant: str = ""
	reachable: bool = False
	details: str = ""
	why_not: str = ""


def record_refusals(one: Record) -> list[Refusal]:
	"""Return what a complaint lacks (H3; 21 CFR 820.35(a)), all at once.

	What is not known for certain says so with a reason: asked for and not told is an answer, a blank is none.
	"""
	found = []
	if not says(one.device):
		found.append(Refusal("H3", mark("Name the device."), ()))
	if one.received_on is None:
		found.append(Refusal("H3", mark("Say when the complaint was received."), ()))
	if not says(one.details):
		found.append(Refusal("H3", mark("Say what is complained about, and how it came about."), ()))
	unknown = [
		text
		for known, text in (
			(one.identified, mark("UDI, batch or serial number")),
			(says(one.complainant), mark("name of the complainant")),
			(one.reachable, mark("address or phone of the complainant")),
		)
		if not known
	]
	if unknown and not says(one.why_not):
		text = mark("{0} is missing: enter it, or say why it is not known.")
		found += [Refusal("H3", text, (what,)) for what in unknown]
	return found


# Investigation, or the approved reason for none


@dataclass(frozen=True)
class Investigation:
	"""H3: what was found, as data. `cause`: a code of the site's tree; `confirmed`: what is complained about
	was found; None: could not be told. `department`: who is responsible, "" if nobody of ours.
	"""

	begun: date | None = None
	ended: date | None = None
	results: str = ""
	cause: str = ""
	confirmed: bool | None = None
	department: str = ""
	no_department: str = ""
	by: str = ""


def investigation_refusals(one: Investigation, received: date, today: date) -> list[Refusal]:
	"""Return what stands against the end of an investigation, all at once (H3)."""
	found = []
	if one.by in ACCOUNTS_WITHOUT_PERSON:
		found.append(Refusal("H3", mark("An account of the system investigates nothing."), ()))
	if one.begun is None or one.ended is None:
		found.append(Refusal("H3", mark("Say when the investigation began and ended."), ()))
	elif not received <= one.begun <= one.ended:
		found.append(
			Refusal(
				"K3", mark("An investigation begins after the complaint came, and ends after it began."), ()
			)
		)
	elif one.ended > today:
		found.append(Refusal("K3", mark("The end of the investigation lies in the future."), ()))
	if not says(one.results):
		found.append(Refusal("H3", mark("Write down what the investigation found."), ()))
	if not says(one.cause):
		found.append(
			Refusal("H3", mark("Choose the cause; that none could be found is a cause as well."), ())
		)
	if not one.department and not says(one.no_department):
		found.append(
			Refusal("H3", mark("Name the department that is responsible, or say why none of ours is."), ())
		)
	return found


@dataclass(frozen=True)
class NoInvestigation:
	"""H3: why a complaint is not investigated. `similar`: the complaint of the same kind that was;
	`similar_investigated`: that one has results. `by`: who says so, `approved_by`: of Quality, who agrees.
	"""

	reason: str = ""
	similar: str = ""
	similar_investigated: bool = False
	reportable_open: bool = False
	by: str = ""
	approved_by: str = ""


def no_investigation_refusals(one: NoInvestigation, itself: str) -> list[Refusal]:
	"""Return what stands against not investigating (H3; 21 CFR 820.35(a)(6)).

	With a reason, or a reference to a similar complaint that was investigated, approved by somebody else.
	What is or may be reportable is always investigated (21 CFR 820.35(b)).
	"""
	found = []
	if one.reportable_open:
		found.append(
			Refusal(
				"H3",
				mark(
					"A complaint that is reportable, or of which it is not decided, is always investigated."
				),
				(),
			)
		)
	if not says(one.reason):
		found.append(Refusal("H3", mark("Say why it is not investigated."), ()))
	if one.similar == itself and itself:
		found.append(Refusal("H3", mark("A complaint is not similar to itself."), ()))
	elif one.similar and not one.similar_investigated:
		found.append(
			Refusal("H3", mark("{0} was not investigated either: it proves nothing."), (one.similar,))
		)
	if one.approved_by and (one.approved_by == one.by or one.approved_by in ACCOUNTS_WITHOUT_PERSON):
		found.append(Refusal("C12", mark("Somebody else approves that it is not investigated."), ()))
	return found


# Effectiveness


@dataclass(frozen=True)
class Effectiveness:
	"""H5: whether what was done helped. `criterion`, `due`: set with the action; `effective`: None until it
	was checked.
	"""

	needed: bool = False
	criterion: str = ""
	due: date | None = None
	effective: bool | None = None
	evidence: str = ""


def effectiveness_refusals(one: Effectiveness, checked: bool, today: date) -> list[Refusal]:
	"""Return what stands against planning an effectiveness check, or (`checked`) against its result (H5)."""
	if not one.needed:
		return []
	found = []
	if not says(one.criterion):
		found.append(Refusal("H5", mark("Say by what it is seen that the action was effective."), ()))
	if one.due is None:
		found.append(Refusal("H5", mark("Say when it is checked whether the action was effective."), ()))
	if not checked:
		return found
	if one.effective is None:
		found.append(Refusal("H5", mark("Say whether the action was effective."), ()))
	if not says(one.evidence):
		found.append(Refusal("H5", mark("Say what shows it."), ()))
	if one.due and today < one.due:
		found.append(Refusal("H5", mark("It is checked on {0}, not before."), (str(one.due),)))
	return found


# Where a complaint stands


@dataclass(frozen=True)
class Standing:
	"""What is known of a complaint; the state follows from it. `accounted`: investigated, or the approved
	reason for not doing so. `acting`: actions, CAPA or regulators' decisions are open. `effective`: what the
	check found.
	"""

	accounted: bool = False
	acting: bool = True
	replied: bool = False
	check_needed: bool = False
	effective: bool | None = None
	closings: frozenset[str] = frozenset()


def state(s: Standing) -> str:
	"""Return where a complaint stands (H3, H5).

	What was not effective goes back to action. It is closed when Quality and the management representative
	have both signed.
	"""
	if not s.accounted:
		return INVESTIGATING
	if s.acting or (s.check_needed and s.effective is False):
		return ACTING
	if not s.replied:
		return REPLYING
	if s.check_needed and s.effective is None:
		return VERIFYING
	return CLOSED if set(CLOSERS) <= s.closings else CLOSING


# H5: who closes, each once, by two people who did not handle it.
CLOSERS = (QUALITY, MANAGEMENT_REPRESENTATIVE)


def closing_refusal(user: str, role: str, handlers: Collection[str], closed_by: Mapping[str, str]) -> str:
	"""Return why `user` may not close a complaint in a role (marked for translation), "" if nothing stands
	against it (H5, C12). `closed_by`: by role who has signed already.
	"""
	if user in ACCOUNTS_WITHOUT_PERSON:
		return mark("H5: an account of the system closes nothing.")
	if role not in CLOSERS:
		return mark("H5: a complaint is closed by Quality and by the management representative.")
	if role in closed_by:
		return mark("H5: this role has signed already.")
	if user in handlers:
		return mark("H5: you handled this complaint, so somebody else has to close it.")
	if user in closed_by.values():
		return mark("H5: a complaint is closed by two people, and you have signed already.")
	return ""


def reopening_refusals(closed: bool, reason: str) -> list[Refusal]:
	"""Return what stands against an entry in a closed complaint: it opens it again, with a reason (H5)."""
	if closed and not says(reason):
		return [Refusal("H5", mark("The complaint is closed. Say why it is opened again."), ())]
	return []


def open_days(received: date, closed: date | None, today: date) -> int:
	"""Return for how many calendar days a complaint is, or was, open (H5)."""
	return max(((closed or today) - received).days, 0)


def handlers(people: Iterable[str]) -> frozenset[str]:
	"""Return who handled a complaint: all who wrote on it, but for accounts of the system (H5)."""
	return frozenset(people) - ACCOUNTS_WITHOUT_PERSON - {""}


# How many calendar days a complaint has until it is to be closed, where the settings say nothing.
DAYS = 30


# Actions

CORRECTION, CORRECTIVE, PRODUCT = "Correction", "Corrective Action", "Product Handling"
KINDS_OF_ACTION = (CORRECTION, CORRECTIVE, PRODUCT)


def plan_refusals(number: int, corrective: bool, checked: bool, reason: str) -> list[Refusal]:
	"""Return what stands against deciding which actions a complaint needs (H5).

	`number`: of the actions on it. None is a decision too, with its reason. Whether a corrective action
	helped is always checked.
	"""
	found = []
	if not number and not says(reason):
		found.append(Refusal("H5", mark("Name an action, or say why none is needed."), ()))
	if corrective and not checked:
		found.append(Refusal("H5", mark("Whether a corrective action was effective is always checked."), ()))
	return found


# Replies

MAIL, LETTER, PHONE, VISIT, NOT_POSSIBLE = "E-mail", "Letter", "Phone", "Visit", "Not Possible"
# What is recorded of a reply that was not sent from here.
OTHERWISE = (LETTER, PHONE, VISIT, NOT_POSSIBLE)
INTERIM, FINAL = "Interim", "Final"


def reply_refusals(kind: str, how: str, to: str, message: str) -> list[Refusal]:
	"""Return what stands against a reply to the customer (H5).

	That none is possible is said with a reason.
	"""
	found = []
	if kind not in (INTERIM, FINAL):
		found.append(Refusal("H5", mark("Say whether the reply is an interim or the final one."), ()))
	if how not in (MAIL, *OTHERWISE):
		found.append(Refusal("H5", mark("Say how the customer was answered."), ()))
	if how == NOT_POSSIBLE:
		if not says(message):
			found.append(Refusal("H5", mark("Say why no reply is possible."), ()))
		return found
	if not says(to):
		found.append(Refusal("H5", mark("Say who was answered."), ()))
	if not says(message):
		found.append(Refusal("H5", mark("Write down what was answered."), ()))
	return found


# Opened again

# From which step on a complaint is handled again; the last: it is only closed anew.
AGAIN = ("Investigation", "Actions", "Reply", "Effectiveness", "Closing")


def counts_from(reopenings: Iterable[tuple[str, datetime]], step: str) -> datetime | None:
	"""Return since when what was done at a step counts, None: from the beginning (H5).

	A complaint that is opened again at a step is handled anew from there on: what follows is void with it.
	"""
	return max((on for again, on in reopenings if AGAIN.index(again) <= AGAIN.index(step)), default=None)
