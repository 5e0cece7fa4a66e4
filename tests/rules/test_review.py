"""Who reviews, who approves, what stands against a decision."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_customer.rules import aspects as a
from qms_customer.rules import people, review
from qms_customer.rules.classification import Classification, Path
from qms_customer.rules.review import Action, Opinion

VP, GM, BM = people.SALES_VP, people.GENERAL_MANAGER, people.BUSINESS_MANAGER
ROLES = ["", *people.ROLES, "System Manager"]
BLANK = st.sampled_from(["", " ", "\n"])
OPINIONS = st.lists(
	st.builds(
		Opinion,
		st.sampled_from(["Sales", "R&D", "Quality"]),
		st.just("somebody"),
		st.lists(st.sampled_from([*review.ANSWERS, ""]), max_size=3).map(tuple),
	),
	max_size=4,
)
ACTIONS = st.lists(
	st.builds(Action, st.just("ACT-1"), st.sampled_from(review.BLOCKS), st.booleans()), max_size=4
)


def names(path, departments=a.DEPARTMENTS):
	found = Classification((), False, False, False, (), path)
	return [s.department.name for s in review.seats(found, departments)]


def decide(**changes):
	values = {
		"decision": review.APPROVED,
		"authority_role": GM,
		"required_role": GM,
		"opinions": [Opinion("R&D", "bo", (review.MET,))],
		"actions": [],
		"open_differences": 0,
		"comment": "",
		"overrule_reason": "",
	}
	return sorted(r.rule for r in review.decision_refusals(**{**values, **changes}))


# Seats and routing


@pytest.mark.rule("C2", "C3", "C4", "C5")
def test_seats_by_path():
	assert names(Path.SIGNATURE) == []
	assert names(Path.SALES) == [a.SALES]
	assert set(names(Path.CIRCULATED)) == {a.SALES, a.RND, a.QUALITY, a.PRODUCTION_DEPT}
	assert set(names(Path.CONVENED)) == {d.name for d in a.DEPARTMENTS}


@pytest.mark.rule("C4")
def test_c4_rnd_leads():
	found = review.seats(Classification((), False, False, False, (), Path.CONVENED), a.DEPARTMENTS)
	assert [s.department.name for s in found if "leads" in s.reason] == [a.RND]
	assert all(s.reason.startswith("C4") for s in found)


@pytest.mark.rule("C3", "C4")
@given(st.lists(st.booleans(), min_size=len(a.DEPARTMENTS) * 2, max_size=len(a.DEPARTMENTS) * 2))
def test_c3_c4_settings_cannot_leave_out_whom_the_procedure_names(flags):
	departments = [
		replace(d, circulated=flags[2 * i], convened=flags[2 * i + 1]) for i, d in enumerate(a.DEPARTMENTS)
	]
	assert a.CIRCULATED_FLOOR <= set(names(Path.CIRCULATED, departments))
	assert a.CONVENED_FLOOR <= set(names(Path.CONVENED, departments))
	refused = {r.rule for r in review.routing_refusals(departments, a.ASPECTS)}
	circulated = {d.name for d in departments if d.circulated}
	convened = {d.name for d in departments if d.convened}
	assert ("C3" in refused) is (not a.CIRCULATED_FLOOR <= circulated)
	assert ("C4" in refused) is (not a.CONVENED_FLOOR <= convened)


@pytest.mark.rule("C3", "C4")
def test_a_site_may_add_departments():
	extra = a.Department("Service", people.SERVICE, circulated=True, convened=False)
	assert "Service" in names(Path.CIRCULATED, [*a.DEPARTMENTS, extra])
	assert "Service" not in names(Path.CONVENED, [*a.DEPARTMENTS, extra])


@pytest.mark.rule("C3", "C4", "C6")
def test_default_routing_table_is_right():
	assert review.routing_refusals(a.DEPARTMENTS, a.ASPECTS) == []


@pytest.mark.rule("C6")
@pytest.mark.parametrize("department", a.DEPARTMENTS, ids=lambda d: d.name)
def test_c6_every_department_has_aspects_and_no_aspect_is_orphaned(department):
	name = department.name
	without = [x for x in a.ASPECTS if x.department != name]
	assert ("C6", (name,)) in [(r.rule, r.args) for r in review.routing_refusals(a.DEPARTMENTS, without)]
	less = [d for d in a.DEPARTMENTS if d.name != name]
	assert ("C6", (name,)) in [(r.rule, r.args) for r in review.routing_refusals(less, a.ASPECTS)]
	twice = [*a.DEPARTMENTS, department]
	assert ("C6", (name,)) in [(r.rule, r.args) for r in review.routing_refusals(twice, a.ASPECTS)]


@pytest.mark.rule("C6")
@pytest.mark.parametrize(
	("department", "words"),
	[
		(a.RND, "technical standards|environmental|packaging and process"),
		(a.QUALITY, "acceptance|inspection capability|regulatory"),
		(a.PRODUCTION_DEPT, "capacity|equipment|process"),
		(a.PMC, "overall capacity|delivery date"),
		(a.PURCHASING, "availability|lead time"),
		(a.SALES, "price|payment|delivery method|differences from the quotation"),
	],
)
def test_c6_aspects_that_the_procedure_names(department, words):
	questions = " / ".join(x.question.lower() for x in review.aspects_of(department, a.ASPECTS))
	assert all(word in questions for word in words.split("|"))


@pytest.mark.rule("C7")
@pytest.mark.parametrize(
	"words",
	[
		"documented",
		"understood alike",
		"differences from the quotation",
		"regulatory",
		"user training",
		"consistent",
	],
)
def test_c7_each_assurance_is_asked(words):
	assert [x for x in a.ASPECTS if words in x.question.lower()]


@pytest.mark.rule("C6", "C13")
def test_c6_untouched():
	assert review.untouched(a.QUALITY, {a.COMMERCIAL}, a.ASPECTS)
	assert not review.untouched(a.SALES, {a.COMMERCIAL}, a.ASPECTS)
	own_topic = [a.Aspect("Service", "Of this site", "Can it be serviced?")]
	assert not review.untouched("Service", {a.COMMERCIAL}, own_topic)
	assert review.untouched("Service", set(), own_topic)


@pytest.mark.rule("C6", "C13")
@given(st.sets(st.sampled_from(a.TOPICS)), st.sampled_from(a.DEPARTMENTS))
def test_c6_a_department_is_asked_again_iff_one_of_its_topics_is_touched(touched, department):
	topics = {x.topic for x in a.ASPECTS if x.department == department.name}
	assert review.untouched(department.name, touched, a.ASPECTS) is not bool(topics & touched)


# Opinions


@pytest.mark.rule("C11", "C6")
def test_c11_every_aspect_is_answered():
	assert [r.rule for r in review.opinion_refusals([])] == ["C6"]
	found = review.opinion_refusals([("q1", review.MET, ""), ("q2", "", ""), ("q3", "Perhaps", "so")])
	assert [(r.rule, r.args) for r in found] == [("C11", ("q2",)), ("C11", ("q3",))]


@pytest.mark.rule("C10")
@given(st.sampled_from(review.ANSWERS), BLANK)
def test_c10_condition_or_objection_says_what_it_is(answer, blank):
	found = [r.rule for r in review.opinion_refusals([("q", answer, blank)])]
	assert found == (["C10"] if answer in (review.CONDITIONS, review.NOT_MET) else [])
	assert review.opinion_refusals([("q", answer, "because")]) == []


# Decisions


@pytest.mark.rule("C9")
def test_c9_matrix():
	assert review.APPROVERS == {
		Path.SIGNATURE: "",
		Path.SALES: VP,
		Path.CIRCULATED: VP,
		Path.CONVENED: GM,
	}


@pytest.mark.rule("C9")
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("decision", review.DECISIONS)
def test_c9_required_authority_or_higher(role, decision):
	def refused(required):
		return "C9" in decide(decision=decision, authority_role=role, required_role=required, comment="x")

	assert refused(GM) is (role != GM)
	assert refused(VP) is (role not in (VP, GM))
	assert refused(BM) is (role not in (BM, VP, GM))
	# Small and routine: the salesperson, or a manager; no other department.
	assert refused("") is (role not in (people.SALES_USER, BM, VP, GM))


@pytest.mark.rule("C9")
def test_c9_only_three_decisions():
	assert decide(decision="Perhaps") == ["C9"]


@pytest.mark.rule("C11")
@pytest.mark.parametrize("answers", [(), ("",), (review.MET, ""), ("Perhaps",)], ids=str)
def test_c11_outstanding_opinion_blocks_approval(answers):
	assert decide(opinions=[Opinion("R&D", "bo", answers)]) == ["C11"]
	assert decide(opinions=[Opinion("R&D", "bo", answers)], overrule_reason="haste") == ["C11"]


OBJECTION = [Opinion("R&D", "bo", (review.MET, review.NOT_MET))]


@pytest.mark.rule("C11")
def test_c11_objection_blocks_unless_the_general_manager_overrules_with_a_reason():
	assert decide(opinions=OBJECTION) == ["C11"]
	assert decide(opinions=OBJECTION, overrule_reason=" ") == ["C11"]
	assert decide(opinions=OBJECTION, overrule_reason="tested since") == []
	assert decide(opinions=OBJECTION, overrule_reason="x", authority_role=VP, required_role=VP) == ["C11"]


@pytest.mark.rule("C10", "C11")
def test_c10_conditions_do_not_block_by_themselves():
	assert decide(opinions=[Opinion("R&D", "bo", (review.CONDITIONS, review.NOT_APPLICABLE))]) == []


@pytest.mark.rule("C7")
def test_c7_open_differences_block_approval():
	assert decide(open_differences=1) == ["C7"]
	assert decide(open_differences=1, overrule_reason="x") == ["C7"]


@pytest.mark.rule("C10")
@given(ACTIONS)
def test_c10_open_actions_hold_up_what_they_are_marked_for(actions):
	def held(what):
		return [x for x in actions if x.blocks == what and not x.done]

	assert decide(actions=actions) == ["C10"] * len(held(review.BLOCKS_APPROVAL))
	for what in review.BLOCKS:
		assert review.blocking(actions, what) == held(what)


@pytest.mark.rule("C13")
@given(st.sampled_from([review.REJECTED, review.RETURNED]), BLANK, OPINIONS, ACTIONS)
def test_c13_rejection_says_why_and_needs_nothing_else(decision, blank, opinions, actions):
	values = {"decision": decision, "opinions": opinions, "actions": actions, "open_differences": 3}
	assert decide(**values, comment=blank) == ["C13"]
	assert decide(**values, comment="the date cannot be kept") == []


@pytest.mark.rule("C7", "C9", "C10", "C11")
@given(st.sampled_from(ROLES), st.sampled_from([VP, GM]), OPINIONS, ACTIONS, st.integers(0, 2), st.booleans())
def test_an_approval_without_refusal_has_everything(role, required, opinions, actions, differences, reason):
	found = decide(
		authority_role=role,
		required_role=required,
		opinions=opinions,
		actions=actions,
		open_differences=differences,
		overrule_reason="reason" if reason else "",
	)
	fine = (
		role in ((VP, GM) if required == VP else (GM,))
		and all(o.answers and "" not in o.answers for o in opinions)
		and (not any(review.NOT_MET in o.answers for o in opinions) or (role == GM and reason))
		and not any(x.blocks == review.BLOCKS_APPROVAL and not x.done for x in actions)
		and not differences
	)
	assert (found == []) is fine


@pytest.mark.rule("C13")
@given(
	st.sampled_from(review.DECISIONS),
	st.sampled_from(["", BM, VP, GM]),
	st.booleans(),
	st.sampled_from(["", " ", "reason"]),
	st.sampled_from(["", VP, GM]),
)
def test_c13_rejected_content_comes_back_with_a_reason_to_the_same_authority_or_higher(
	decision, earlier, same, reason, required
):
	rank = people.AUTHORITY_RANK
	refusals, role = review.again_refusals(decision, earlier, same, reason, required)
	assert rank[role] >= rank[required]
	if decision == review.REJECTED and same:
		assert rank[role] == max(rank[required], rank[earlier])
		assert [r.rule for r in refusals] == ([] if reason.strip() else ["C13"])
	else:
		assert (refusals, role) == ([], required)


@pytest.mark.rule("C5", "C9", "C12")
@given(st.booleans(), st.sampled_from(list(Path)), st.booleans(), st.booleans())
def test_c5_signature_alone(enabled, path, is_person, is_salesperson):
	refusal = review.signature_refusal(enabled, path, is_person, is_salesperson)
	assert (refusal is None) is (enabled and path is Path.SIGNATURE and is_person and is_salesperson)


@pytest.mark.rule("C9")
def test_c9_never_administrator():
	assert review.signature_refusal(True, Path.SIGNATURE, False, True).rule == "C9"


PEOPLE = st.sampled_from(["anna", "bo", "chen"])
HELD = st.sets(st.sampled_from([people.RND, people.QUALITY, people.SALES_USER, BM]))


@pytest.mark.rule("C10")
@given(PEOPLE, HELD, PEOPLE, st.booleans())
def test_c10_the_owner_reports_or_a_colleague_of_an_owner_who_left(user, held, owner, enabled):
	allowed = review.may_report(user, held, owner, enabled, people.RND)
	if enabled or user == owner:
		assert allowed == (user == owner)
	else:
		assert allowed == bool(held & {people.RND, people.SALES_USER, BM})


@pytest.mark.rule("C10")
@given(PEOPLE, HELD, PEOPLE, st.sampled_from(["", "anna", "bo"]), st.booleans())
def test_c10_never_who_did_it_verifies(user, held, done_by, verifier, enabled):
	allowed = review.may_verify(user, held, done_by, verifier, enabled, people.RND)
	if user == done_by:
		assert not allowed
	elif verifier and enabled and verifier != done_by:
		assert allowed == (user == verifier)
	else:
		assert allowed == (people.RND in held)
