"""C8: PMC answers with a date, Sales agrees it with the customer, and the contract says what was agreed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from qms_customer.rules import mark, says
from qms_customer.rules.review import Refusal


@dataclass(frozen=True)
class Answer:
	"""The date by which PMC can deliver all of it, and the one that was agreed with the customer."""

	possible: date | None = None
	agreed: date | None = None


def assessment_refusals(
	possible: date | None, countermeasure: str, dues: Sequence[date], today: date
) -> list[Refusal]:
	"""Return why PMC's answer is none: no date, a past one, a later one without a countermeasure."""
	if possible is None:
		return [Refusal("C8", mark("Answer with the date by which all of it can be delivered."))]
	if possible < today:
		return [Refusal("C8", mark("The date lies in the past: {0}."), (possible.isoformat(),))]
	if not countermeasure.strip():
		return [Refusal("K1", mark('Give the countermeasure, or write "/" where none is needed.'))]
	if dues and possible > max(dues) and not says(countermeasure):
		return [
			Refusal(
				"C8",
				mark("{0} is later than the contract says ({1}): record the countermeasure."),
				(possible.isoformat(), max(dues).isoformat()),
			)
		]
	return []


def agreement_refusals(answer: Answer, agreed: date | None, customer_answer: str) -> list[Refusal]:
	"""Return why a date is not agreed: PMC has not answered, or with a later one, or the customer not."""
	if answer.possible is None:
		return [Refusal("C8", mark("PMC answers with a date first: Sales and PMC assess it together."))]
	if agreed is None:
		return [Refusal("C8", mark("Give the date that was agreed with the customer."))]
	if agreed < answer.possible:
		return [_before(agreed, answer.possible)]
	if not says(customer_answer):
		return [Refusal("C8", mark("Record what the customer answered: who, when, how."))]
	return []


def approval_refusals(needed: bool, answer: Answer, dues: Sequence[date]) -> list[Refusal]:
	"""Return what of C8 stands against an approval.

	`needed`: criterion (b) is not met, by the forecast. What was agreed binds whether it was needed or not.
	"""
	if needed and answer.possible is None:
		return [
			Refusal("C8", mark("Criterion (b) is not met: PMC has to answer with a date before approval."))
		]
	if needed and answer.agreed is None:
		return [
			Refusal(
				"C8",
				mark("PMC answered {0}: Sales has to agree a date with the customer before approval."),
				(answer.possible.isoformat(),),
			)
		]
	if answer.agreed is None:
		return []
	if answer.possible and answer.agreed < answer.possible:
		return [_before(answer.agreed, answer.possible)]
	if differs(answer.agreed, dues):
		return [
			Refusal(
				"C8",
				mark(
					"{0} is agreed with the customer, the contract says {1}: Sales changes the contract and "
					"starts the next version."
				),
				(answer.agreed.isoformat(), max(dues).isoformat() if dues else "–"),
			)
		]
	return []


def differs(agreed: date | None, dues: Sequence[date]) -> bool:
	"""Return whether the contract says another last date than was agreed."""
	return agreed is not None and (not dues or max(dues) != agreed)


def _before(agreed: date, possible: date) -> Refusal:
	return Refusal(
		"C8",
		mark("{0} is before {1}, the date that PMC answered: PMC answers anew, or a later date is agreed."),
		(agreed.isoformat(), possible.isoformat()),
	)
