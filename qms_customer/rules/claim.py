"""A return that is a quality claim: the retained sample, the explanation, who approves, what becomes of the
rest of the batch (G2-G5, C12, K3; ISO 13485 8.2.2, 8.3.3).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from qms_customer.rules import mark, says
from qms_customer.rules.people import ACCOUNTS_WITHOUT_PERSON, AUTHORITY_RANK, Authority
from qms_customer.rules.returns import ANSWERS, BAD, FINDINGS, GOOD, NO_SAMPLE
from qms_customer.rules.review import Refusal

APPROVED, REJECTED = "Approved", "Rejected"
DECISIONS = (APPROVED, REJECTED)
ACCEPTED = "Accepted"


@dataclass(frozen=True)
class Inspection:
	"""A Quality Inspection of ERPNext as far as a finding rests on it.

	`of_slip`: it refers to this return slip, as the test of a retained sample. `readings`: the result of
	each, in order. `tested`: each has a value, or was rated by hand: ERPNext rates them before anybody
	tests. `by_quality`: who inspected is of Quality.
	"""

	name: str
	item: str
	batch: str
	of_slip: bool
	submitted: bool
	accepted: bool
	readings: tuple[str, ...] = ()
	tested: bool = False
	by_quality: bool = False


@dataclass(frozen=True)
class Found:
	"""What Quality says of the retained sample of one item and batch; `samples_left`: by the stock."""

	item: str
	batch: str
	finding: str
	comment: str = ""
	samples_left: Decimal = Decimal()
	inspection: Inspection | None = None


def overall(findings: Iterable[str]) -> str:
	"""Return what the findings of all batches of a claim come to, "" as long as one is missing (G3).

	One bad sample makes the claim justified. Where none is bad, one batch without a sample leaves it open
	whether the customer is right: it is decided, not explained away.
	"""
	found = list(findings)
	if not found or any(f not in FINDINGS for f in found):
		return ""
	return next((f for f in (BAD, NO_SAMPLE) if f in found), GOOD)


def finding_refusals(found: Found) -> list[Refusal]:
	"""Return what stands against a finding (G3).

	Good and bad rest on a submitted inspection of the same item and batch; good only on an accepted one with
	no reading rejected. No sample left is a finding as well, with where it was looked for.
	"""
	place = (found.item, found.batch or "–")
	if found.finding not in FINDINGS:
		return [Refusal("G3", mark("{0}, batch {1}: say what was found on the retained sample."), place)]
	if found.finding == NO_SAMPLE:
		return _no_sample_refusals(found)
	if wrong := _inspection_refusal(found):
		return [wrong]
	if not (found.comment or "").strip():
		return [Refusal("K1", mark('Give a comment, or write "/" where there is none.'))]
	one = found.inspection
	sound = one.accepted and all(r == ACCEPTED for r in one.readings)
	if found.finding == GOOD and not sound:
		return [
			Refusal(
				"G3",
				mark("{0}, batch {1}: inspection {2} was not accepted, so the sample is not good."),
				(*place, one.name),
			)
		]
	if found.finding == BAD and sound and not says(found.comment):
		return [
			Refusal(
				"G3",
				mark(
					"{0}, batch {1}: inspection {2} was accepted. Say in the comment why the sample is bad."
				),
				(*place, one.name),
			)
		]
	return []


def _no_sample_refusals(found: Found) -> list[Refusal]:
	place = (found.item, found.batch or "–")
	if says(found.comment):
		return []
	if found.samples_left > 0:
		message = mark(
			"{0}, batch {1}: the stock shows {2} retained samples. Test one, or say in the comment why there "
			"is none."
		)
		return [Refusal("G3", message, (*place, f"{found.samples_left.normalize():f}"))]
	return [
		Refusal("G3", mark("{0}, batch {1}: say in the comment where a sample was looked for."), place),
	]


def _inspection_refusal(found: Found) -> Refusal | None:
	place, one = (found.item, found.batch or "–"), found.inspection
	if one is None:
		return Refusal(
			"G3", mark("{0}, batch {1}: the finding rests on a Quality Inspection. Make it first."), place
		)
	if not one.submitted:
		return Refusal("G3", mark("Inspection {0} is not submitted."), (one.name,))
	if (one.item, one.batch) != (found.item, found.batch) or not one.of_slip:
		return Refusal(
			"G3",
			mark("Inspection {0} is not of {1}, batch {2}, for this return slip."),
			(one.name, *place),
		)
	return result_refusal(one)


def result_refusal(one: Inspection) -> Refusal | None:
	"""Return why an inspection shows nothing about a retained sample, None if it does (G3, K2).

	ERPNext's inspection says "Accepted" from the beginning, and rates an empty reading like any other.
	"""
	if not one.readings:
		return Refusal(
			"G3",
			mark("Inspection {0} has no readings: it was not made by a template. Make another one."),
			(one.name,),
		)
	if not one.tested:
		return Refusal(
			"G3",
			mark(
				"Inspection {0} has readings without a value: nothing was tested there. Enter what was "
				"measured, or tick Manual Inspection in the reading and rate it."
			),
			(one.name,),
		)
	if not one.by_quality:
		return Refusal("G3", mark("{0} was not made by a person of Quality."), (one.name,))
	return None


def explanation_refusals(explanation: str) -> list[Refusal]:
	"""Return what stands against recording what was explained to the customer (G4)."""
	if says(explanation):
		return []
	return [Refusal("G4", mark("Write down what was explained to the customer."))]


def answer_refusals(
	explanation: str, answer: str, answered_by: str, answered_on: date | None, explained: date, today: date
) -> list[Refusal]:
	"""Return what stands against recording the customer's answer to the explanation (G4, K3)."""
	found = []
	if not says(explanation):
		found.append(Refusal("G4", mark("Explain the finding to the customer first.")))
	if answer not in ANSWERS:
		found.append(Refusal("G4", mark("Say whether the customer keeps the goods or insists.")))
	if not says(answered_by):
		found.append(Refusal("G4", mark("Say who of the customer answered.")))
	if answered_on is None:
		found.append(Refusal("G4", mark("Say on which day the customer answered.")))
	elif answered_on > today:
		found.append(Refusal("K3", mark("The day of the answer lies in the future.")))
	elif answered_on < explained:
		found.append(Refusal("K3", mark("The day of the answer lies before the explanation.")))
	return found


@dataclass(frozen=True)
class Approval:
	"""G2: an approval already given: as which role, by whom, and for which manager."""

	role: str
	by: str
	acting_for: str = ""


def outstanding(approvers: Sequence[str], given: Iterable[Approval]) -> tuple[str, ...]:
	"""Return the roles whose approval is still missing, the highest first (G2)."""
	done = {g.role for g in given}
	missing = (r for r in approvers if r not in done)
	return tuple(sorted(missing, key=lambda r: -AUTHORITY_RANK.get(r, 0)))


def separation_refusal(
	user: str,
	acting_for: str,
	prepared: Collection[str],
	found: Collection[str],
	given: Iterable[Approval] = (),
) -> str:
	"""Return why `user` may not decide on a return slip (marked for translation), "" if nothing stands
	against it (C12, G2, G3).

	It holds for the manager whose authority is used as much as for the delegate. A bulk return is approved by
	two people: who approved already, in person or by a delegate, is not the second one.
	"""
	if user in ACCOUNTS_WITHOUT_PERSON:
		return mark("C12: an account of the system decides nothing.")
	people = [user, acting_for] if acting_for else [user]
	if user in prepared:
		return mark("C12: you prepared this return slip, so somebody else has to decide it.")
	if user in found:
		return mark("C12: you tested the retained sample, so somebody else has to decide this return slip.")
	if any(p in prepared or p in found for p in people):
		return mark(
			"C12: the manager for whom you act prepared this return slip or tested the sample, so their "
			"authority cannot be used here."
		)
	took_part = {p for g in given for p in (g.by, g.acting_for) if p}
	if any(p in took_part for p in people):
		return mark("G2: a bulk return is approved by two people, and your side has approved already.")
	return ""


def choose(
	options: Iterable[tuple[str, Authority]],
	user: str,
	prepared: Collection[str],
	found: Collection[str],
	given: Iterable[Approval] = (),
) -> tuple[str, Authority | None, str]:
	"""Return for which role a user decides and by which authority, and "" or why they may not (G2, C12).

	`options`: role asked for and authority, in the order in which they are preferred.
	"""
	given, reason = list(given), ""
	for role, authority in options:
		reason = separation_refusal(user, authority.acting_for, prepared, found, given)
		if not reason:
			return role, authority, ""
	return "", None, reason


def decision_refusals(decision: str, comment: str) -> list[Refusal]:
	"""Return what stands against a decision itself (G2, C13, K1): a rejection says why."""
	if decision not in DECISIONS:
		return [Refusal("G2", mark("{0} is not a decision."), (decision,))]
	if not (comment or "").strip():
		return [Refusal("K1", mark('Give a comment, or write "/" where there is none.'))]
	if decision == REJECTED and not says(comment):
		return [Refusal("C13", mark("Say why the return is rejected: the customer will ask."))]
	return []


def to_be_looked_at(
	findings: Iterable[tuple[str, str, str]], looked_at: Collection[tuple[str, str]]
) -> list[tuple[str, str]]:
	"""Return the batches, as item and batch, that were found bad and are not looked at yet (G5).

	`findings`: item, batch, finding. An item without batches has no rest to look at by batch.
	"""
	found = dict.fromkeys((item, batch) for item, batch, finding in findings if finding == BAD and batch)
	return [key for key in found if key not in looked_at]


@dataclass(frozen=True)
class Measures:
	"""G5: what was done about the rest of a bad batch before Quality signs that it was looked at.

	`stock`: what of it lies outside quarantine, in the stock unit.
	"""

	item: str
	batch: str
	blocked: bool = False
	stock: Decimal = Decimal()
	non_conformance: str = ""


def look_refusals(measures: Measures, comment: str) -> list[Refusal]:
	"""Return what stands against signing that a bad batch was looked at (G5).

	Whatever is not done is a decision as well: it needs a reason.
	"""
	undone = not measures.blocked or measures.stock > 0 or not measures.non_conformance
	if not (comment or "").strip():
		return [Refusal("K1", mark('Give a comment, or write "/" where there is none.'))]
	if undone and not says(comment):
		return [
			Refusal(
				"G5",
				mark(
					"{0}, batch {1}: it is not blocked, or stock lies outside quarantine, or there is no "
					"non-conformance. Do it, or say why not."
				),
				(measures.item, measures.batch),
			)
		]
	return []


@dataclass(frozen=True)
class Leaving:
	"""A row with which goods of a batch would leave, or be used."""

	number: int
	item: str
	batch: str


def blocked_refusals(rows: Iterable[Leaving], blocked: Iterable[str]) -> list[Refusal]:
	"""Return what stands against goods leaving: those of a blocked batch stay, each row said once (G5).

	The database does not tell upper from lower case, so neither does this.
	"""
	held = {name.casefold() for name in blocked}
	return [
		Refusal(
			"G5",
			mark(
				"Row {0}, {1}: batch {2} is blocked. Its goods neither leave nor are used until Quality "
				"releases it. Choose another batch."
			),
			(str(row.number), row.item, row.batch),
		)
		for row in dict.fromkeys(rows)
		if row.batch.casefold() in held
	]
