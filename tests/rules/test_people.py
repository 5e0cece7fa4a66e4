"""Roles, delegation and separation of duties."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_customer.rules import people
from qms_customer.rules.people import Authority, Delegation, authorities, choose_authority, separation_refusal

TODAY = date(2026, 5, 20)
DAY = timedelta(days=1)
VP = people.SALES_VP

NAMES = st.sampled_from(["anna", "bo", "chen", "du", "Administrator", "Guest"])
SOME = st.lists(NAMES, max_size=4)
DELEGATIONS = st.lists(
	st.builds(
		Delegation,
		delegator=NAMES,
		delegate=NAMES,
		role=st.sampled_from([VP, people.GENERAL_MANAGER, people.SALES_USER]),
		start=st.sampled_from([TODAY - 9 * DAY, TODAY, TODAY + DAY]),
		end=st.sampled_from([TODAY - DAY, TODAY, TODAY + 9 * DAY]),
	),
	max_size=6,
)


def given_by(delegator, delegate="bo", role=VP, start=TODAY, end=TODAY):
	return Delegation(delegator, delegate, role, start, end)


@pytest.mark.rule("L1")
def test_l1_roles_are_thirteen_and_the_apps_own():
	assert len(people.ROLES) == len(set(people.ROLES)) == 13
	assert all(role.startswith("QMS ") for role in people.ROLES)


@pytest.mark.rule("L1", "C9")
def test_authority_ranks_follow_the_hierarchy():
	rank = people.AUTHORITY_RANK
	assert rank[""] < rank[people.BUSINESS_MANAGER] < rank[VP] < rank[people.GENERAL_MANAGER]
	assert people.AUDITOR not in rank


@pytest.mark.rule("L2")
@pytest.mark.parametrize(
	("offset", "covered"), [(-1, False), (0, True), (3, True), (5, True), (6, False)], ids=str
)
def test_l2_delegation_holds_from_first_to_last_day(offset, covered):
	delegation = given_by("anna", start=TODAY, end=TODAY + 5 * DAY)
	day = TODAY + offset * DAY
	assert delegation.covers(day) is covered
	assert bool(authorities("bo", VP, [], [delegation], ["anna"], day)) is covered


@pytest.mark.rule("L2")
def test_l2_delegate_signs_as_such_and_own_right_comes_first():
	found = authorities("bo", VP, [VP], [given_by("anna")], ["anna", "bo"], TODAY)
	assert found == [Authority(VP), Authority(VP, "anna")]
	assert authorities("bo", VP, [], [given_by("anna")], ["anna"], TODAY) == [Authority(VP, "anna")]


@pytest.mark.rule("L2")
def test_l2_no_chain_of_delegation():
	chain = [given_by("anna", "bo"), given_by("bo", "chen")]
	assert authorities("chen", VP, [], chain, ["anna"], TODAY) == []


@pytest.mark.rule("L2")
def test_l2_delegation_of_another_role_counts_for_nothing():
	delegation = given_by("anna", role=people.BUSINESS_MANAGER)
	assert authorities("bo", VP, [], [delegation], ["anna"], TODAY) == []


@pytest.mark.rule("L2", "C11")
@pytest.mark.parametrize("role", sorted(set(people.ROLES) - set(people.DELEGABLE)))
def test_l2_only_a_managers_authority_can_be_delegated(role):
	assert authorities("bo", role, [], [given_by("anna", role=role)], ["anna"], TODAY) == []


@pytest.mark.rule("L2")
@pytest.mark.parametrize("role", people.DELEGABLE)
def test_l2_each_manager_can_delegate(role):
	found = authorities("bo", role, [], [given_by("anna", role=role)], ["anna"], TODAY)
	assert found == [Authority(role, "anna")]


@pytest.mark.rule("L2", "C12")
@given(user=NAMES, own=st.booleans(), delegations=DELEGATIONS, holders=SOME)
def test_l2_every_authority_goes_back_to_a_holder(user, own, delegations, holders):
	for found in authorities(user, VP, [VP] if own else [], delegations, holders, TODAY):
		assert user not in people.ACCOUNTS_WITHOUT_PERSON
		assert found.acting_for not in people.ACCOUNTS_WITHOUT_PERSON
		assert found.acting_for != user
		if found.acting_for:
			assert found.acting_for in holders
			assert any(
				(d.delegator, d.delegate, d.role) == (found.acting_for, user, VP) and d.covers(TODAY)
				for d in delegations
			)
		else:
			assert own


@pytest.mark.rule("C12")
@pytest.mark.parametrize("account", sorted(people.ACCOUNTS_WITHOUT_PERSON))
def test_c12_administrator_decides_nothing(account):
	assert authorities(account, VP, [VP], [given_by("anna", account)], ["anna", account], TODAY) == []


@pytest.mark.rule("C12")
@given(user=NAMES, own=st.booleans(), delegations=DELEGATIONS, holders=SOME, preparers=SOME, opiners=SOME)
def test_c12_nobody_decides_on_own_work_nor_by_proxy(user, own, delegations, holders, preparers, opiners):
	options = authorities(user, VP, [VP] if own else [], delegations, holders, TODAY)
	chosen, reason = choose_authority(options, user, preparers, opiners)
	barred = set(preparers) | set(opiners)
	if chosen:
		assert reason == ""
		assert chosen in options
		assert user not in barred
		assert chosen.acting_for not in barred
	elif options:
		assert reason.startswith("C12")
		assert user in barred or all(o.acting_for in barred for o in options)
	else:
		assert reason == ""


@pytest.mark.rule("C12", "L2")
def test_c12_another_delegators_authority_is_used_where_the_first_is_barred():
	options = [Authority(VP, "anna"), Authority(VP, "chen")]
	assert choose_authority(options, "bo", ["anna"], []) == (Authority(VP, "chen"), "")
	assert choose_authority(options, "bo", ["anna"], ["chen"])[0] is None


@pytest.mark.rule("C12")
def test_c12_preparers_and_opiners_may_be_generators():
	options = [Authority(VP, "anna"), Authority(VP, "chen")]
	chosen, _ = choose_authority(iter(options), "bo", iter(["anna"]), iter(["chen"]))
	assert chosen is None


@pytest.mark.rule("C12")
def test_c12_says_which_of_the_three_stands_against_it():
	reasons = {
		separation_refusal("bo", "", ["bo"], []),
		separation_refusal("bo", "", [], ["bo"]),
		separation_refusal("bo", "anna", [], ["anna"]),
	}
	assert len(reasons) == 3
	assert separation_refusal("bo", "anna", ["anna"], []) in reasons
	assert separation_refusal("bo", "anna", ["chen"], ["du"]) == ""


@pytest.mark.rule("L2", "C12")
def test_l2_administrators_authority_cannot_be_delegated():
	assert authorities("bo", VP, [], [given_by("Administrator")], ["Administrator"], TODAY) == []


@pytest.mark.rule("C13")
@given(st.lists(st.sampled_from([*people.AUTHORITY_RANK, "System Manager"])))
def test_c13_the_highest_authority_counts(roles):
	found = people.highest(iter(roles))
	assert found == "" if not roles else found in roles
	assert all(people.AUTHORITY_RANK.get(found, 0) >= people.AUTHORITY_RANK.get(role, 0) for role in roles)


@pytest.mark.rule("C11")
def test_c11_who_overrules_uses_the_highest_authority_the_own_right_first():
	options = [Authority(VP), Authority(people.GENERAL_MANAGER), Authority(people.GENERAL_MANAGER, "anna")]
	strongest = people.strongest_first(iter(options))
	assert strongest == [*options[1:], options[0]]
	assert choose_authority(strongest, "bo", ["chen"], []) == (options[1], "")
