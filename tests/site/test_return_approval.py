"""Who approves a return slip (G2, C12, C13, L2, L3)."""

from __future__ import annotations

import frappe
import pytest
from frappe.model.document import Document
from frappe.utils import add_days, nowdate

from qms_customer.contract import scheduled, states
from qms_customer.messages import QMSRefusal
from qms_customer.records import verification
from qms_customer.returns import approval
from qms_customer.returns import claim_api as api
from qms_customer.rules import people as roles
from tests.support import claims as r
from tests.support import contracts as c
from tests.support import returned, sales
from tests.support.doors import nothing_changes
from tests.support.people import as_user, logged_in, make_user


def pending(world: c.World, **values) -> Document:
	code = r.device()
	customer, lot = r.sold(code)
	return r.put_forward(world, customer, (code, lot, 2), claimed=False, **values)


def todos(slip: Document) -> set[str]:
	return set(
		frappe.get_all(
			"ToDo",
			filters={"reference_type": r.SLIP, "reference_name": slip.name, "status": "Open"},
			pluck="allocated_to",
		)
	)


def delegated(delegator: str, delegate: str, role: str) -> None:
	with as_user(delegator):
		doc = frappe.get_doc(
			{
				"doctype": "Approval Delegation",
				"delegator": delegator,
				"delegate": delegate,
				"role": role,
				"from_date": nowdate(),
				"to_date": add_days(nowdate(), 5),
				"reason": "Travel",
			}
		)
		doc.insert(ignore_permissions=True)
		doc.submit()


@pytest.mark.rule("G2", "L3")
def test_the_business_manager_approves_and_the_slip_moves_on(world: c.World) -> None:
	manager = world.person(roles.BUSINESS_MANAGER)
	slip = pending(world)
	assert slip.workflow_state == states.RETURN_PENDING and todos(slip) == {manager}
	r.decide(slip, manager)
	assert (slip.docstatus, slip.decision, slip.workflow_state) == (1, "Approved", states.RETURN_ROUTING)
	row = slip.approvals[0]
	assert (row.role, row.decision, row.decided_by) == (roles.BUSINESS_MANAGER, "Approved", manager)
	# Sales is asked for the next step.
	assert todos(slip) == {world.second_sales()}
	signature = frappe.get_last_doc("Electronic Signature", {"reference_name": slip.name})
	assert (signature.meaning, signature.signer) == (approval.APPROVED, manager)
	assert verification.verify(r.SLIP, slip.name).findings == []


@pytest.mark.rule("G2")
@pytest.mark.parametrize("first", [roles.BUSINESS_MANAGER, roles.GENERAL_MANAGER])
def test_a_bulk_return_needs_both_in_either_order(world: c.World, first: str) -> None:
	people = {role: world.person(role) for role in (roles.BUSINESS_MANAGER, roles.GENERAL_MANAGER)}
	slip = pending(world, is_bulk=1)
	assert todos(slip) == set(people.values())
	r.decide(slip, people[first])
	assert (slip.docstatus, slip.workflow_state) == (0, states.RETURN_PENDING) and not slip.decision
	second = next(role for role in people if role != first)
	assert todos(slip) == {people[second]}
	with nothing_changes(slip), pytest.raises(QMSRefusal):
		r.decide(slip, people[first])
	r.decide(slip, people[second])
	assert (slip.docstatus, slip.workflow_state) == (1, states.RETURN_ROUTING)
	assert [a.role for a in slip.approvals] == [first, second]
	assert verification.verify(r.SLIP, slip.name).findings == []


@pytest.mark.rule("G2")
def test_one_person_with_both_roles_approves_a_bulk_return_once(world: c.World) -> None:
	both = make_user(roles.BUSINESS_MANAGER, roles.GENERAL_MANAGER)
	slip = pending(world, is_bulk=1)
	r.decide(slip, both)
	assert slip.approvals[0].role == roles.GENERAL_MANAGER
	with nothing_changes(slip), pytest.raises(QMSRefusal, match=r"G2: .*two people"):
		r.decide(slip, both)
	r.decide(slip, world.person(roles.BUSINESS_MANAGER))
	assert slip.docstatus == 1


@pytest.mark.rule("G2", "L2")
def test_nor_does_a_delegate_give_the_second_approval_for_the_first_manager(world: c.World) -> None:
	manager, delegate = make_user(roles.BUSINESS_MANAGER, roles.GENERAL_MANAGER), make_user(roles.SERVICE)
	delegated(manager, delegate, roles.BUSINESS_MANAGER)
	slip = pending(world, is_bulk=1)
	r.decide(slip, manager)
	with nothing_changes(slip), pytest.raises(QMSRefusal, match=r"G2: .*two people"):
		r.decide(slip, delegate)


@pytest.mark.rule("G2", "C13")
def test_a_rejection_says_why_and_is_final(world: c.World) -> None:
	manager = world.person(roles.BUSINESS_MANAGER)
	slip = pending(world, is_bulk=1)
	for comment, said in (("/", "C13"), (" ", "K1")):
		with nothing_changes(slip), pytest.raises(QMSRefusal, match=said):
			r.decide(slip, manager, "Rejected", comment)
	with nothing_changes(slip), pytest.raises(QMSRefusal, match=r"G2: .*not a decision"):
		r.decide(slip, manager, "Perhaps")
	r.decide(slip, manager, "Rejected", "The packs were opened")
	assert (slip.docstatus, slip.workflow_state) == (1, states.RETURN_REJECTED)
	assert slip.closed_on and not todos(slip)
	with as_user(world.gm), pytest.raises(QMSRefusal, match=r"C12: .*decided already"):
		api.decide(slip.name, "Approved", r.shown(slip), "/")
	assert verification.verify(r.SLIP, slip.name).findings == []


@pytest.mark.rule("C12", "G2")
def test_nobody_approves_what_they_prepared_tested_or_explained(world: c.World) -> None:
	quality = make_user(roles.QUALITY, roles.BUSINESS_MANAGER)
	world._people[roles.QUALITY] = quality
	slip = r.bad(world, r.claimed(world))
	assert quality not in approval.who_decides(slip)
	with nothing_changes(slip), pytest.raises(QMSRefusal, match="C12: you tested"):
		r.decide(slip, quality)
	seller = make_user(roles.SALES_USER, roles.BUSINESS_MANAGER)
	with as_user(seller):
		api.get_claim(slip.name)
	world._people["second sales"] = seller
	other = pending(world)
	with nothing_changes(other), pytest.raises(QMSRefusal, match="C12: you prepared"):
		r.decide(other, seller)
	with as_user(seller):
		assert "C12" in api.get_claim(other.name)["why_not"]


@pytest.mark.rule("C12", "G2")
def test_who_explained_to_the_customer_does_not_approve(world: c.World) -> None:
	slip = r.good(world, r.claimed(world))
	manager = make_user(roles.BUSINESS_MANAGER)
	world._people["second sales"] = manager
	r.explained(world, slip)
	r.answered(world, slip, "Insists on the Return")
	with nothing_changes(slip), pytest.raises(QMSRefusal, match="C12: you prepared"):
		r.decide(slip, manager)
	r.decide(slip, world.person(roles.BUSINESS_MANAGER))
	assert slip.docstatus == 1


@pytest.mark.rule("C12", "K3", "L1")
def test_neither_administrator_nor_a_system_user_nor_any_role_of_erpnext_approves(world: c.World) -> None:
	slip = pending(world)
	for user in (
		"Administrator",
		make_user("System Manager", "Sales Manager", "Sales Master Manager"),
		world.sales,
		world.person(roles.QUALITY),
	):
		with as_user(user), nothing_changes(slip), pytest.raises(QMSRefusal, match=r"G2: .*decided by"):
			api.decide(slip.name, "Approved", r.shown(slip), "/")


@pytest.mark.rule("K3", "C12")
def test_an_approval_is_signed_on_what_was_shown(world: c.World) -> None:
	manager = world.person(roles.BUSINESS_MANAGER)
	slip = pending(world)
	with as_user(manager), pytest.raises(QMSRefusal, match=r"C12: .*has changed"):
		api.decide(slip.name, "Approved", "0" * 64, "/")
	with logged_in(manager), pytest.raises(QMSRefusal, match="K3"):
		api.decide(slip.name, "Approved", r.shown(slip), "/")
	with logged_in(manager), pytest.raises(QMSRefusal, match="K3"):
		api.decide(slip.name, "Approved", r.shown(slip), "/", {"user": manager, "password": "wrong"})
	assert slip.reload().docstatus == 0 and not slip.approvals


@pytest.mark.rule("L2", "G2")
def test_a_delegate_approves_for_the_manager_and_says_so(world: c.World) -> None:
	manager, delegate = world.person(roles.BUSINESS_MANAGER), make_user(roles.SERVICE)
	slip = pending(world)
	delegated(manager, delegate, roles.BUSINESS_MANAGER)
	scheduled.assign_to_delegates()
	assert delegate in todos(slip)
	scheduled.assign_to_delegates()
	assert len([t for t in todos(slip) if t == delegate]) == 1
	r.decide(slip, delegate)
	assert slip.approvals[0].acting_for == manager
	signature = frappe.get_last_doc("Electronic Signature", {"reference_name": slip.name})
	assert (signature.signer, signature.acting_for) == (delegate, manager)


@pytest.mark.rule("L2", "C12")
def test_a_delegate_of_a_manager_who_prepared_it_does_not_approve(world: c.World) -> None:
	manager, delegate = make_user(roles.BUSINESS_MANAGER), make_user(roles.SERVICE)
	delegated(manager, delegate, roles.BUSINESS_MANAGER)
	world._people["second sales"] = manager
	slip = pending(world)
	with nothing_changes(slip), pytest.raises(QMSRefusal, match="C12: the manager for whom you act"):
		r.decide(slip, delegate)


@pytest.mark.rule("G2", "L3")
def test_where_no_business_manager_may_the_next_higher_one_is_asked(world: c.World) -> None:
	vp = world.vp
	slip = pending(world)
	assert todos(slip) == {vp}
	r.decide(slip, vp)
	assert slip.approvals[0].role == roles.BUSINESS_MANAGER and slip.docstatus == 1


@pytest.mark.rule("G2", "L3")
def test_where_nobody_may_who_put_it_forward_is_told(world: c.World) -> None:
	slip = pending(world)
	assert not todos(slip)
	assert frappe.db.exists(
		"Notification Log", {"for_user": world.second_sales(), "document_name": slip.name}
	)


@pytest.mark.rule("L1")
def test_the_decision_asks_who_may_read_first(world: c.World) -> None:
	slip = pending(world)
	with as_user(make_user("Stock User")), pytest.raises(frappe.PermissionError):
		api.decide(slip.name, "Approved", "0" * 64, "/")


def approvers(slip: Document) -> tuple[str, ...]:
	return (roles.BUSINESS_MANAGER, *((roles.GENERAL_MANAGER,) if slip.is_bulk else ()))


@pytest.mark.rule("G7", "G2")
def test_nothing_is_approved_that_a_return_past_the_slip_has_taken(world: c.World) -> None:
	manager = world.person(roles.BUSINESS_MANAGER)
	note = returned.delivered(10)
	slip = returned.claiming(world, note, 4)
	back = sales.returned(note, qty=-7)
	with nothing_changes(slip), pytest.raises(QMSRefusal, match=r"G7: .*4 would come back.*3 may still"):
		r.decide(slip, manager)
	# What is undone makes room again.
	back.reload().cancel()
	for role in approvers(slip):
		r.decide(slip, world.person(role))
	assert slip.docstatus == 1
	assert verification.verify(r.SLIP, slip.name).findings == []


@pytest.mark.rule("G7", "G2")
def test_nor_what_is_left_of_another_delivery_only_and_it_may_be_rejected(world: c.World) -> None:
	manager = world.person(roles.BUSINESS_MANAGER)
	note = returned.delivered(10)
	row = {"item_code": note.items[0].item_code, "qty": 10, "batch_no": note.items[0].batch_no}
	sales.delivered(note.customer, row)
	slip = returned.claiming(world, note, 4)
	sales.returned(note, qty=-7)
	with nothing_changes(slip), pytest.raises(QMSRefusal, match=r"G7: Row 1.*same delivery"):
		r.decide(slip, manager)
	r.decide(slip, manager, "Rejected", "It is back already")
	assert slip.workflow_state == states.RETURN_REJECTED and slip.closed_on


@pytest.mark.rule("G7", "G2")
def test_the_second_approval_of_a_bulk_return_counts_again(world: c.World) -> None:
	settings = frappe.get_doc("QMS Customer Settings")
	settings.update({"bulk_return_qty": 3, "change_reason": "Bulk"})
	c.save_settings(settings)
	note = returned.delivered(10)
	slip = returned.claiming(world, note, 4)
	assert slip.is_bulk
	r.decide(slip, world.person(roles.BUSINESS_MANAGER))
	sales.returned(note, qty=-7)
	with nothing_changes(slip), pytest.raises(QMSRefusal, match="G7: "):
		r.decide(slip, world.person(roles.GENERAL_MANAGER))
