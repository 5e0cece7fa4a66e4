"""What holds up the shop floor goes up the line: changes that wait for PMC, the customer or a decision, tasks
that are not released, provisional contracts past their date (L3, E2, E3, E6, D3, A4, L2).
"""

from __future__ import annotations

import frappe
import pytest
from frappe.model.document import Document
from frappe.utils import add_days, getdate, nowdate

from qms_customer.contract import escalation, scheduled, states
from qms_customer.records import verification
from qms_customer.rules import escalation as rules
from qms_customer.rules import people as roles
from qms_customer.setup import install
from tests.site.test_escalation import a_day_passes, heard, holiday_list, late, told
from tests.site.test_production import compiled, passed_on, release
from tests.site.test_register import signed
from tests.support import changes as ch
from tests.support import contracts as c
from tests.support.people import as_user, make_user
from tests.support.plant import product
from tests.support.sql import count_queries

MANAGER, VP, GM = roles.BUSINESS_MANAGER, roles.SALES_VP, roles.GENERAL_MANAGER


@pytest.fixture
def world() -> c.World:
	world = c.World()
	for role in (MANAGER, VP, GM, roles.PLANNING, roles.PRODUCTION):
		world.person(role)
	return world


@pytest.fixture
def order(world: c.World) -> Document:
	return c.committed_order(world, c.item(stock=50))


def shift(world: c.World, order: Document, days: int = 3) -> Document:
	"""Return a notice of a shift of the date that waits for PMC and for the customer."""
	return ch.forward(world, ch.shifted(world, order, days))


def to_decide(world: c.World, order: Document) -> Document:
	"""Return a notice that waits for the sales manager's signature."""
	notice = ch.confirm(
		world, shift(world, order), "Call", call_record="He called", internal_record="Told PMC"
	)
	return ch.answer_plan(world, notice)


def waits(doc: Document, user: str) -> str:
	"""Return what a user was told today is overdue of a document."""
	return frappe.db.get_value(
		"Review Escalation", {"reference_name": doc.name, "user": user, "told_on": nowdate()}, "waits_for"
	)


@pytest.mark.rule("E2", "E3", "L3")
def test_a_change_waits_for_pmc_and_for_the_customer(world: c.World, order: Document) -> None:
	notice = shift(world, order)
	assert getdate(notice.due_date) == getdate(add_days(nowdate(), 3))
	scheduled.remind_overdue()
	assert told(notice) == {}
	late(notice, 1)
	for _again in range(3):
		scheduled.remind_overdue()
	pmc, sales, manager = world.person(roles.PLANNING), world.second_sales(), world.person(MANAGER)
	assert told(notice) == {pmc: None, sales: None, manager: MANAGER}
	assert (waits(notice, pmc), waits(notice, sales)) == (rules.PLAN_ANSWER, rules.CONFIRMATION)
	assert heard(notice, pmc) == [
		f"Overdue by 1 business day(s): whether change notice {notice.name} of {order.name} affects the "
		"production plan"
	]
	assert len(heard(notice, manager)) == 1 and "confirmation" in heard(notice, sales)[0]
	# PMC has answered: the customer alone is waited for; nothing ran for four days.
	ch.answer_plan(world, notice)
	a_day_passes()
	late(notice, 5)
	scheduled.remind_overdue()
	assert told(notice) == {sales: None, manager: MANAGER, world.vp: VP, world.gm: GM}
	assert heard(notice, world.gm)[0].startswith("Overdue by 5 business day(s): the customer's confirmation")
	assert len(heard(notice, pmc)) == 1
	assert verification.verify(notice.doctype, notice.name).findings == []


@pytest.mark.rule("E3", "L3")
def test_a_change_waits_for_its_decision_from_then_on(world: c.World, order: Document) -> None:
	notice = to_decide(world, order)
	assert notice.workflow_state == states.NOTICE_PENDING
	assert getdate(notice.due_date) == getdate(add_days(nowdate(), install.DECISION_DUE_DAYS))
	late(notice, 2)
	scheduled.remind_overdue()
	assert told(notice) == {world.person(MANAGER): None, world.gm: GM}
	assert waits(notice, world.gm) == rules.DECISION
	ch.decide(notice, world.person(MANAGER))
	a_day_passes()
	scheduled.remind_overdue()
	assert told(notice) == {}


@pytest.mark.rule("C12", "L3")
def test_who_took_part_in_a_change_is_not_waited_for(world: c.World, order: Document) -> None:
	"""The business manager wrote the contract: the Sales VP is waited for."""
	manager = world.person(MANAGER)
	frappe.db.set_value("Sales Order", order.name, "owner", manager)
	notice = to_decide(world, order)
	late(notice, 1)
	scheduled.remind_overdue()
	assert told(notice) == {world.vp: None}


@pytest.mark.rule("C12", "L3")
def test_nor_for_the_decision_of_its_review(world: c.World, order: Document) -> None:
	"""The Sales VP made the notice whose review is to be decided: the general manager is waited for."""
	world.everybody()
	notice = ch.forward(world, ch.edit(world, ch.make(world, order), new_qty=7))
	review = ch.agree(world, ch.confirm(world, notice))
	frappe.db.set_value(review.doctype, review.name, "approver_role", VP)
	frappe.db.set_value(notice.doctype, notice.name, "editors", f"{notice.editors}\n{world.vp}")
	frappe.db.set_value("ToDo", {"reference_name": review.name}, "creation", add_days(nowdate(), -4))
	scheduled.remind_overdue()
	assert told(review) == {world.gm: None}


@pytest.mark.rule("L2", "L3")
def test_who_covers_for_the_manager_hears_of_the_change(world: c.World, order: Document) -> None:
	notice = to_decide(world, order)
	delegate, manager = make_user("Sales User"), world.person(MANAGER)
	with as_user(manager):
		frappe.get_doc(
			{
				"doctype": "Approval Delegation",
				"delegator": manager,
				"delegate": delegate,
				"role": MANAGER,
				"from_date": nowdate(),
				"to_date": add_days(nowdate(), 3),
				"reason": "Travel",
			}
		).insert().submit()
	late(notice, 1)
	scheduled.remind_overdue()
	assert told(notice) == {manager: None, delegate: None}
	assert frappe.has_permission(notice.doctype, "read", doc=notice.name, user=delegate)


@pytest.mark.rule("E7", "L3")
def test_a_change_that_its_contract_has_left_behind_is_sales_delay(world: c.World, order: Document) -> None:
	world.everybody()
	notice = shift(world, order)
	ch.apply(world, ch.edit(world, ch.make(world, order), new_rate=90))
	late(notice, 1)
	scheduled.remind_overdue()
	sales = world.second_sales()
	assert told(notice) == {sales: None, world.person(MANAGER): MANAGER}
	assert "up to date, or withdraw it" in heard(notice, sales)[0]
	# Whoever made it has left: the others of Sales.
	a_day_passes()
	frappe.db.set_value("User", sales, "enabled", 0)
	scheduled.remind_overdue()
	assert told(notice)[world.sales] is None and sales not in told(notice)


@pytest.mark.rule("L3")
def test_what_nobody_waits_for_is_not_overdue(world: c.World, order: Document) -> None:
	"""A draft asks nobody yet, and a review has dates of its own; taken back, a notice has none either."""
	world.everybody()
	draft = ch.make(world, order)
	late(draft, 30)
	reviewed = ch.confirm(world, ch.forward(world, ch.edit(world, ch.make(world, order), new_qty=7)))
	assert reviewed.workflow_state == states.NOTICE_REVIEW and not reviewed.due_date
	late(reviewed, 30)
	back = shift(world, order)
	with as_user(world.second_sales()):
		ch.api.revise(back.name, "The customer thinks again")
	assert not back.reload().due_date
	scheduled.remind_overdue()
	assert told(draft) == told(reviewed) == told(back) == {}


@pytest.mark.rule("L3")
def test_a_change_put_forward_before_it_had_a_date_is_dated_by_its_making(
	world: c.World, order: Document
) -> None:
	notice = shift(world, order)
	frappe.db.set_value(
		notice.doctype, notice.name, {"due_date": None, "prepared_on": add_days(nowdate(), -4)}
	)
	scheduled.remind_overdue()
	assert set(told(notice)) == {world.person(roles.PLANNING), world.second_sales(), world.person(MANAGER)}
	assert "Overdue by 1 " in heard(notice, world.second_sales())[0]


@pytest.mark.rule("L3")
def test_changes_are_due_on_business_days(world: c.World, order: Document) -> None:
	today = getdate(nowdate())
	holiday_list(
		add_days(today, -10), add_days(today, 100), *(add_days(today, n) for n in (1, 2)), weekends=False
	)
	assert getdate(shift(world, order).due_date) == getdate(add_days(today, 5))


@pytest.mark.rule("D3", "L3")
def test_a_task_that_is_not_released_by_its_start_goes_up(world: c.World) -> None:
	order = c.committed_order(world, product())
	notice = passed_on(world, order)
	production, pmc = world.person(roles.PRODUCTION), world.person(roles.PLANNING)
	scheduled.remind_overdue()
	assert told(notice) == {}
	# Without a planned start, in the days of the settings.
	frappe.db.set_value(
		notice.doctype, notice.name, {"planned_start": None, "passed_on": add_days(nowdate(), -4)}
	)
	for _again in range(2):
		scheduled.remind_overdue()
	assert told(notice) == {production: None, pmc: roles.PLANNING}
	assert heard(notice, production) == [
		f"Overdue by 1 business day(s): the release of production notice {notice.name} of {order.name}"
	]
	a_day_passes()
	frappe.db.set_value(notice.doctype, notice.name, "planned_start", add_days(nowdate(), 2))
	scheduled.remind_overdue()
	assert told(notice) == {}
	frappe.db.set_value(notice.doctype, notice.name, "planned_start", add_days(nowdate(), -3))
	scheduled.remind_overdue()
	assert told(notice) == {production: None, pmc: roles.PLANNING, world.gm: GM}
	release(world, compiled(world, notice))
	a_day_passes()
	scheduled.remind_overdue()
	assert told(notice) == {}


@pytest.mark.rule("D3", "L3")
def test_of_a_task_that_cannot_be_released_nobody_hears_and_an_ended_one_is_to_be_withdrawn(
	world: c.World,
) -> None:
	order = c.committed_order(world, product())
	notice = passed_on(world, order)
	production, pmc = world.person(roles.PRODUCTION), world.person(roles.PLANNING)
	frappe.db.set_value(
		notice.doctype, notice.name, {"passed_on": add_days(nowdate(), -4), "planned_start": None}
	)
	frappe.db.set_value("Sales Order", order.name, "status", "On Hold")
	scheduled.remind_overdue()
	assert told(notice) == {}
	frappe.db.set_value("Sales Order", order.name, "status", "Closed")
	scheduled.remind_overdue()
	assert set(told(notice)) == {production, pmc}
	text = (
		f"Overdue by 1 business day(s): withdraw production notice {notice.name}, as {order.name} has ended"
	)
	assert heard(notice, production) == heard(notice, pmc) == [text]


@pytest.mark.rule("A4", "L3")
def test_a_provisional_contract_past_its_date_goes_up(world: c.World, order: Document) -> None:
	entry = signed(world, order, "Provisional", formal_due=add_days(nowdate(), 3))
	scheduled.remind_overdue()
	assert told(entry) == {}
	late(entry, 5, "formal_due")
	for _again in range(2):
		scheduled.remind_overdue()
	manager = world.person(MANAGER)
	assert told(entry) == {world.sales: None, manager: MANAGER, world.vp: VP}
	assert len(heard(entry, world.sales)) == 1 and entry.contract_number in heard(entry, manager)[0]
	# Whoever numbered it has left.
	a_day_passes()
	frappe.db.set_value("User", world.sales, "enabled", 0)
	scheduled.remind_overdue()
	assert told(entry) == {manager: None, world.vp: VP}
	a_day_passes()
	frappe.db.set_value(entry.doctype, entry.name, "formal_on", nowdate())
	scheduled.remind_overdue()
	assert told(entry) == {}


@pytest.mark.rule("L3")
def test_reading_what_is_overdue_of_changes_takes_a_constant_number_of_queries(world: c.World) -> None:
	counts = []
	for _round in range(3):
		notices = [make(world, c.committed_order(world, c.item(stock=50))) for make in (shift, to_decide)]
		task = passed_on(world, c.committed_order(world, product()))
		entry = signed(world, c.committed_order(world, c.item(stock=50)), "Provisional", formal_due=nowdate())
		for notice in notices:
			late(notice, 9)
		late(task, 9, "passed_on")
		late(entry, 9, "formal_due")
		escalation.notices()
		with count_queries() as queries:
			found = escalation.notices()
		counts.append((len(found), queries.count))
	assert [n for n, _queries in counts] == [5, 10, 15]
	assert len({queries for _n, queries in counts}) == 1, counts


@pytest.mark.rule("L3")
def test_a_site_that_is_upgraded_gets_days_and_line() -> None:
	kinds = (rules.CONFIRMATION, rules.PLAN_ANSWER, rules.RELEASE, rules.FORMAL_CONTRACT)
	frappe.db.delete("Escalation Step", {"waits_for": ("in", kinds)})
	frappe.db.delete("Singles", {"field": ("in", ("notice_due_days", "release_due_days"))})
	frappe.clear_document_cache("QMS Customer Settings", "QMS Customer Settings")
	for _again in range(2):
		install._settings()
	settings = frappe.get_doc("QMS Customer Settings")
	assert (settings.notice_due_days, settings.release_due_days) == (3, 3)
	assert sorted(s.waits_for for s in settings.escalation) == sorted(s.kind for s in rules.DEFAULTS)
	c.save_settings(settings)
