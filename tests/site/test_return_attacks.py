"""Ways around the steps of a return slip: another door, another role, two at once (G1, G7, C11, C12)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import frappe
import pytest
from frappe.model.workflow import apply_workflow

from qms_customer.contract import states
from qms_customer.messages import QMSRefusal
from qms_customer.returns import return_api as api
from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support import returned as r
from tests.support.doors import nothing_changes
from tests.support.people import as_user
from tests.support.web import messages

PUT_FORWARD = "qms_customer.returns.return_api.put_forward"
BY_LINK = "qms_customer.returns.return_api.confirm_by_link"


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
	refused = pytest.raises((QMSRefusal, frappe.PermissionError))
	with as_user(world.person(roles.BUSINESS_MANAGER)), refused, nothing_changes():
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


@pytest.mark.rule("G7")
def test_of_two_slips_of_the_same_goods_put_forward_at_once_one_is_refused(
	world: c.World, http: Callable[..., Any], committed: Callable[[], None]
) -> None:
	note = r.delivered(10)
	for _ in range(3):
		slips = [r.confirmed(world, r.slip(world, note, 6)) for _ in range(2)]
		seen = [r.shown(slip) for slip in slips]
		clients = [http(user) for user in (world.second_sales(), world.sales)]
		committed()
		with ThreadPoolExecutor(2) as threads:
			answers = list(
				threads.map(
					lambda client, slip, seen: client.call(PUT_FORWARD, name=slip.name, content_hash=seen),
					clients,
					slips,
					seen,
				)
			)
		assert sorted(a.status_code for a in answers) == [200, 417], [messages(a) for a in answers]
		committed()
		claimed = [slip for slip in slips if slip.reload().workflow_state == states.RETURN_PENDING]
		assert len(claimed) == 1
		with as_user(world.second_sales()):
			api.withdraw(claimed[0].name, r.shown(claimed[0]), "Found again")


@pytest.mark.rule("G1")
def test_a_link_confirms_over_the_network_without_a_login_and_shows_nothing_else(
	world: c.World, http: Callable[..., Any], committed: Callable[[], None]
) -> None:
	slip = r.slip(world, r.delivered(10), 4)
	with as_user(world.second_sales()):
		token = api.make_link(slip.name, r.shown(slip))["url"].split("token=")[1]
	committed()
	guest = http("Guest")
	page = guest.get(f"/return-slip?token={token}", headers={"Accept-Language": "zh"})
	assert slip.name in page.text
	assert slip.items[0].batch_no in page.text
	assert "退货单" in page.text
	assert slip.name not in guest.get(f"/return-slip?token={token[:-1]}x").text
	assert slip.name not in guest.get(f"/return-slip?token={slip.name}").text
	rows = [{"row": slip.items[0].name, "qty": 3, "reason": "<script>alert(1)</script>"}]
	args = {"confirmed_by": "Dr Gu", "agreed": 1, "rows": rows}
	assert guest.call(BY_LINK, token=token[:-1] + "x", **args).status_code == 417
	assert guest.call("qms_customer.returns.return_api.get_panel", name=slip.name).status_code == 403
	assert guest.call(BY_LINK, token=token, **args).status_code == 200
	assert guest.call(BY_LINK, token=token, **args).status_code == 417
	committed()
	slip.reload()
	assert (slip.confirmed_by, slip.items[0].qty) == ("Dr Gu", 3)
	assert "<script>" not in (slip.items[0].reason_details or "")
	# Whoever guesses is stopped.
	codes = [guest.call(BY_LINK, token="x" * 43, **args).status_code for _ in range(25)]
	assert codes[-1] == 429
