"""Who reviews, who approves, and what stands against a decision (C2-C6, C9-C13)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qms_customer.rules import mark, says
from qms_customer.rules.aspects import CIRCULATED_FLOOR, CONVENED_FLOOR, SALES, TOPICS, Aspect, Department
from qms_customer.rules.classification import Classification, Path
from qms_customer.rules.people import AUTHORITY_RANK, BUSINESS_MANAGER, GENERAL_MANAGER, SALES_USER, SALES_VP

# C9: the approvers' matrix. C5: the salesperson's signature is review and approval.
APPROVERS = {
	Path.SIGNATURE: "",
	Path.SALES: SALES_VP,
	Path.CIRCULATED: SALES_VP,
	Path.CONVENED: GENERAL_MANAGER,
}

# C6, C11: the answers of an opinion, none of them pre-filled.
MET = "Met"
CONDITIONS = "Met with Conditions"
NOT_MET = "Not Met"
NOT_APPLICABLE = "Not Applicable"
ANSWERS = (MET, CONDITIONS, NOT_MET, NOT_APPLICABLE)

# C10: what an action holds up until it is done.
BLOCKS_NOTHING = "Nothing"
BLOCKS_APPROVAL = "Approval"
BLOCKS_PRODUCTION = "Production"
BLOCKS_DELIVERY = "Delivery"
BLOCKS = (BLOCKS_NOTHING, BLOCKS_APPROVAL, BLOCKS_PRODUCTION, BLOCKS_DELIVERY)

APPROVED = "Approved"
REJECTED = "Rejected"
RETURNED = "Returned"
DECISIONS = (APPROVED, REJECTED, RETURNED)


@dataclass(frozen=True)
class Seat:
	"""A department that has to give an opinion, and why it is asked."""

	department: Department
	reason: str


@dataclass(frozen=True)
class Opinion:
	"""C11: a department's opinion as it stands; `answers` is empty until it is given."""

	department: str
	given_by: str = ""
	answers: tuple[str, ...] = ()

	@property
	def given(self) -> bool:
		"""Whether the opinion is given: it has answers, and none of them is blank."""
		return bool(self.answers) and all(a in ANSWERS for a in self.answers)

	@property
	def objects(self) -> bool:
		"""Whether the department objects: one aspect is not met."""
		return NOT_MET in self.answers


@dataclass(frozen=True)
class Action:
	"""C10: an action that followed from an opinion or a decision."""

	name: str
	blocks: str
	done: bool


@dataclass(frozen=True)
class Refusal:
	"""Why a step is refused: the rule, and a message marked for translation with its arguments."""

	rule: str
	message: str
	args: tuple[str, ...] = ()


def seats(classification: Classification, departments: Sequence[Department]) -> list[Seat]:
	"""Return the departments that review, each with the reason.

	C5 nobody but the salesperson; C2 Sales alone; C3 circulated to those marked for it, Production, R&D and
	Quality always; C4 convened with all marked for it.
	"""
	path = classification.path
	if path is Path.SIGNATURE:
		return []
	if path is Path.SALES:
		return [Seat(d, mark("C2: routine and in stock")) for d in departments if d.name == SALES]
	if path is Path.CIRCULATED:
		return [
			Seat(d, mark("C3: routine, not in stock"))
			for d in departments
			if d.circulated or d.name in CIRCULATED_FLOOR
		]
	return [
		Seat(
			d,
			mark("C4: non-routine, large or special; this department leads")
			if d.leading
			else mark("C4: non-routine, large or special"),
		)
		for d in departments
		if d.convened or d.name in CONVENED_FLOOR
	]


def routing_refusals(departments: Sequence[Department], aspects: Sequence[Aspect]) -> list[Refusal]:
	"""Return what is wrong with a routing table (C3, C4, C6): a department missing, twice, or idle."""
	found = []
	names = [d.name for d in departments]
	for name in sorted({n for n in names if names.count(n) > 1}):
		found.append(Refusal("C6", mark("Department {0} stands twice in the routing table."), (name,)))
	for rule, floor, asked in (
		("C3", CIRCULATED_FLOOR, {d.name for d in departments if d.circulated}),
		("C4", CONVENED_FLOOR, {d.name for d in departments if d.convened}),
	):
		for name in sorted(floor - asked):
			found.append(
				Refusal(rule, mark("Department {0} must take part: the procedure names it."), (name,))
			)
	answered = {a.department for a in aspects}
	for department in departments:
		if department.name not in answered:
			found.append(
				Refusal("C6", mark("Department {0} has no aspect to answer for."), (department.name,))
			)
	for name in sorted(answered - set(names)):
		found.append(
			Refusal("C6", mark("Aspects are given for {0}, which is not in the routing table."), (name,))
		)
	return found


def untouched(department: str, touched: Iterable[str], aspects: Iterable[Aspect]) -> bool:
	"""Return whether a change of these topics leaves all aspects of a department alone (C6, C13)."""
	touched = set(touched)
	return not touched or not any(
		a.topic in touched or a.topic not in TOPICS for a in aspects if a.department == department
	)


def opinion_refusals(answers: Sequence[tuple[str, str, str]]) -> list[Refusal]:
	"""Return what an opinion lacks. `answers`: (question, answer, comment) of each aspect.

	C6, C11: every aspect is answered, none pre-filled. C10: a condition or an objection says what it is.
	"""
	found = []
	if not answers:
		found.append(Refusal("C6", mark("The opinion has no aspects.")))
	for question, answer, comment in answers:
		if answer not in ANSWERS:
			found.append(Refusal("C11", mark("Not answered yet: {0}"), (question,)))
		elif answer in (CONDITIONS, NOT_MET) and not says(comment):
			found.append(Refusal("C10", mark("Say what the condition or objection is: {0}"), (question,)))
	return found


def decision_refusals(
	decision: str,
	authority_role: str,
	required_role: str,
	opinions: Sequence[Opinion],
	actions: Sequence[Action],
	open_differences: int,
	comment: str,
	overrule_reason: str,
) -> list[Refusal]:
	"""Return what stands against a decision, all at once.

	C9 authority; C11 all opinions given, no open objection unless the general manager overrules with a
	reason; C7 no unresolved difference from an earlier statement; C10 no open action that blocks approval; a
	rejection or return says why.
	"""
	found = []
	if decision not in DECISIONS:
		return [Refusal("C9", mark("{0} is not a decision."), (decision,))]
	if not _may_decide(authority_role, required_role):
		found.append(Refusal("C9", mark("This review is decided by: {0}."), (required_role or SALES_USER,)))
	if decision != APPROVED:
		if not says(comment):
			found.append(Refusal("C13", mark("Say why the review is rejected or returned.")))
		return found
	for opinion in opinions:
		if not opinion.given:
			found.append(Refusal("C11", mark("The opinion of {0} is outstanding."), (opinion.department,)))
	objections = [o.department for o in opinions if o.objects]
	if objections:
		names = ", ".join(objections)
		if authority_role != GENERAL_MANAGER:
			found.append(
				Refusal(
					"C11", mark("Open objection of {0}: only the general manager may overrule it."), (names,)
				)
			)
		elif not says(overrule_reason):
			found.append(
				Refusal("C11", mark("Open objection of {0}: give the reason for overruling it."), (names,))
			)
	if open_differences:
		found.append(
			Refusal(
				"C7",
				mark("{0} differences from the quotation or tender are not resolved."),
				(str(open_differences),),
			)
		)
	for action in actions:
		if action.blocks == BLOCKS_APPROVAL and not action.done:
			found.append(
				Refusal("C10", mark("Action {0} blocks the approval and is not done."), (action.name,))
			)
	return found


def _may_decide(role: str, required: str) -> bool:
	"""C9: the required authority or a higher one; where a salesperson's signature does (C5), also theirs."""
	if not required and role == SALES_USER:
		return True
	return AUTHORITY_RANK.get(role, 0) >= max(AUTHORITY_RANK[required], 1)


def again_refusals(
	earlier_decision: str, earlier_role: str, same_content: bool, reason: str, required_role: str
) -> tuple[list[Refusal], str]:
	"""Return what stands against putting a content forward again, and the role that must decide.

	C13: a rejection is final; the same content comes back only with a reason, and the same authority or a
	higher one decides it. Changed content is simply the next version.
	"""
	if earlier_decision != REJECTED or not same_content:
		return [], required_role
	higher = (
		earlier_role if AUTHORITY_RANK.get(earlier_role, 0) > AUTHORITY_RANK[required_role] else required_role
	)
	if not says(reason):
		return [
			Refusal(
				"C13",
				mark(
					"This content was rejected. Put it forward again only with a reason, or change "
					"the contract."
				),
			)
		], higher
	return [], higher


def signature_refusal(enabled: bool, path: Path, is_person: bool, is_salesperson: bool) -> Refusal | None:
	"""Return why a salesperson's signature alone cannot be review and approval (C5, C9), or None.

	Small and routine only, under the ceiling; never for Administrator or a system user.
	"""
	if not enabled or path is not Path.SIGNATURE:
		return Refusal("C5", mark("The salesperson's signature alone is for small routine orders only."))
	if not is_person:
		return Refusal(
			"C9", mark("The signature must be a person's, not that of Administrator or a system user.")
		)
	if not is_salesperson:
		return Refusal("C5", mark("Only a salesperson signs a small routine order."))
	return None


def blocking(actions: Iterable[Action], what: str) -> list[Action]:
	"""Return the open actions that hold up production or delivery (C10, D4)."""
	return [a for a in actions if a.blocks == what and not a.done]


def aspects_of(department: str, aspects: Iterable[Aspect]) -> list[Aspect]:
	"""Return the aspects that a department answers for, in the order of the table (C6)."""
	return [a for a in aspects if a.department == department]


def may_report(user: str, roles: Iterable[str], owner: str, owner_enabled: bool, verifier_role: str) -> bool:
	"""Return whether a person may report an action done (C10): its owner.

	If the owner's account is disabled: a colleague who holds the verifier's role, or Sales.
	"""
	if user == owner or owner_enabled:
		return user == owner
	return bool(set(roles) & {verifier_role, SALES_USER, BUSINESS_MANAGER})


def may_verify(
	user: str, roles: Iterable[str], done_by: str, verifier: str, verifier_enabled: bool, verifier_role: str
) -> bool:
	"""Return whether a person may verify an action (C10): its verifier, never who did it.

	If nobody is named, or the one named is disabled or did it in place of its owner: who holds the role.
	"""
	if user == done_by:
		return False
	if verifier and verifier_enabled and verifier != done_by:
		return user == verifier
	return verifier_role in set(roles)
