"""Ways around the steps of a return slip: another door, another role, two at once (G1, G7, C11, C12)."""

from __future__ import annotations

import frappe
import pytest
from frappe.model.workflow import apply_workflow

from qms_customer.contract import states
from qms_customer.messages import QMSRefusal
from qms_customer.returns import return_api as api
from tests.support import contracts as c
from tests.support import returned as r
from tests.support.doors import nothing_changes
from tests.support.people import as_user


@pytest.fixture
def world() -> c.World:
	return c.World()


@pytest.mark.rule("C11")
def test_steps_are_not_written_past_their_functions(world: c.World) -> None:
	slip = r.slip(world, r.delivered(10), 4)
	for user in (world.second_sales(), "Administrator"):
		for field, value in (
			("confirmation", "Signed Paper"),
			("put_forward_on", "2026-01-01 00:00:00"),
			("workflow_state", states.RETURN_PENDING),
			("link_hash", "0" * 64),
			("is_bulk", 1),
			("decision", "Approved"),
		):
			with as_user(user), pytest.raises(QMSRefusal), nothing_changes():
				frappe.client.set_value(r.SLIP, slip.name, field, value)
		with as_user(user), pytest.raises((QMSRefusal, frappe.PermissionError)), nothing_changes():
			frappe.get_doc(r.SLIP, slip.name).submit()


@pytest.mark.rule("C12")
def test_an_older_view_moves_nothing(world: c.World) -> None:
	slip = r.slip(world, r.delivered(10), 4)
	old = r.shown(slip)
	r.confirmed(world, slip)
	with as_user(world.second_sales()):
		for step in (api.put_forward, api.make_link):
			with pytest.raises(QMSRefusal, match="C12"), nothing_changes():
				step(slip.name, old)
		with pytest.raises(QMSRefusal, match="C12"), nothing_changes():
			api.withdraw(slip.name, old, "Found again")


@pytest.mark.rule("G2")
def test_the_workflow_decides_nothing(world: c.World) -> None:
	slip = r.claiming(world, r.delivered(10), 4)
	from qms_customer.rules import people as roles

	with as_user(world.person(roles.BUSINESS_MANAGER)), pytest.raises(QMSRefusal), nothing_changes():
		apply_workflow(slip, "Approve")


@pytest.mark.rule("G1")
def test_steps_are_not_repeated(world: c.World) -> None:
	slip = r.claiming(world, r.delivered(10), 4)
	with as_user(world.second_sales()):
		with pytest.raises(QMSRefusal, match="not at this step"):
			api.put_forward(slip.name, r.shown(slip))
		with pytest.raises(QMSRefusal, match="not at this step"):
			api.make_link(slip.name, r.shown(slip))
		with pytest.raises(QMSRefusal, match="not at this step"):
			api.attach_paper(slip.name, r.shown(slip), c.upload().file_url, "Dr Gu", frappe.utils.nowdate())


@pytest.mark.rule("G7")
def test_derived_values_that_a_client_sends_do_not_count(world: c.World) -> None:
	note, other = r.delivered(10), r.delivered(10)
	slip = r.slip(world, note, 4)
	with as_user(world.second_sales()):
		slip.items[0].update(
			{
				"stock_qty": 1,
				"conversion_factor": 0.01,
				"rate": 0.01,
				"amount": 1,
				"delivery": other.name,
				"delivery_row": other.items[0].name,
				"has_batch_no": 0,
			}
		)
		slip.save()
	row = slip.reload().items[0]
	assert (row.stock_qty, row.rate, row.amount, row.delivery) == (4, 100, 400, note.name)
	assert row.has_batch_no


@pytest.mark.rule("G1")
def test_a_slip_is_neither_amended_nor_copied_with_its_steps(world: c.World) -> None:
	slip = r.claiming(world, r.delivered(10), 4)
	with as_user(world.second_sales()):
		copy = frappe.copy_doc(slip)
		copy.insert()
	assert (copy.workflow_state, copy.confirmation, copy.put_forward_on) == (states.RETURN_DRAFT, None, None)
