"""What the customer gets in the end: a slip ends when they have it, or when somebody decides otherwise; and
what is booked is counted anew (G6, G7).
"""

from __future__ import annotations

import frappe
import pytest
from erpnext.stock.doctype.delivery_note.delivery_note import make_sales_return
from frappe.model.document import Document
from frappe.utils import getdate

from qms_customer.contract import states
from qms_customer.messages import QMSRefusal
from qms_customer.records import verification
from qms_customer.report.open_return_slips import open_return_slips
from qms_customer.returns import accounted, credit, waiting
from qms_customer.returns import disposition_api as api
from qms_customer.rules import people as roles
from tests.site.test_return_exchange import INVOICE, NOTE, invoiced, replacement
from tests.support import claims, returned, sales
from tests.support import contracts as c
from tests.support import disposed as d
from tests.support import goods as g
from tests.support.company import COMPANY
from tests.support.people import as_user
from tests.support.plain import hooks_off

MANAGER = roles.BUSINESS_MANAGER


def asked(slip: Document) -> set[str]:
	"""Who has the slip in the inbox."""
	return set(frappe.get_all("ToDo", {"reference_name": slip.name, "status": "Open"}, pluck="allocated_to"))


@pytest.mark.rule("G6", "L3")
def test_g6_a_slip_ends_when_the_customer_has_what_was_asked_for(world, actors):
	_order, note, _batch = d.ordered(world, batched=False)
	slip = d.destroyed(world, d.routed(world, d.approved(world, (note, 0, 4)), "Destroyed on Site"))
	assert slip.workflow_state == states.RETURN_SETTLING and not slip.closed_on
	assert asked(slip) == {slip.put_forward_by}
	(row,) = [r for r in open_return_slips.execute({"company": COMPANY})[1] if r["slip"] == slip.name]
	assert row["state"] == states.RETURN_SETTLING
	doc = replacement(world, slip)
	assert slip.reload().workflow_state == states.RETURN_SETTLING
	doc.items[0].qty = 3
	doc.save()
	g.submitted(actors, doc)
	assert slip.reload().workflow_state == states.RETURN_SETTLING
	rest = replacement(world, slip)
	g.submitted(actors, rest)
	assert slip.reload().workflow_state == states.RETURN_CLOSED and slip.closed_on
	assert asked(slip) == set()
	with as_user(actors[0]):
		rest.reload().cancel()
	assert slip.reload().workflow_state == states.RETURN_SETTLING and not slip.closed_on
	assert asked(slip) == {slip.put_forward_by}
	assert verification.verify(d.SLIP, slip.name).findings == []


@pytest.mark.rule("G6")
def test_g6_a_credit_note_that_finance_changes_is_followed(world):
	order, note, _batch = d.ordered(world, batched=False)
	invoiced(order)
	slip = d.back(world, d.approved(world, (note, 0, 4), wanted="Refund"))
	slip = d.disposed(world, slip, "Scrap")
	assert slip.workflow_state == states.RETURN_SETTLING
	with as_user(world.sales):
		(name,) = api.draft_credit_notes(slip.name, d.shown(slip))
	assert slip.reload().workflow_state == states.RETURN_CLOSED
	doc = frappe.get_doc(INVOICE, name)
	doc.items[0].qty = -3
	doc.save()
	assert slip.reload().workflow_state == states.RETURN_SETTLING
	doc.items[0].qty = -4
	doc.save()
	assert slip.reload().workflow_state == states.RETURN_CLOSED
	frappe.db.set_value("Return Disposition", slip.dispositions[0].name, "decided_on", "2026-01-05 10:00:00")
	doc.delete()
	assert slip.reload().workflow_state == states.RETURN_SETTLING
	# What is open again is not overdue since it was open before (L3).
	(one,) = waiting.read({"name": slip.name})
	assert slip.reopened_on and one.since == getdate(slip.reopened_on)
	frappe.db.set_value(
		"Return Disposition", slip.dispositions[0].name, "decided_on", slip.dispositions[0].decided_on
	)
	assert verification.verify(d.SLIP, slip.name).findings == []


@pytest.mark.rule("G6", "K3", "L1")
def test_g6_the_business_manager_decides_that_something_else_is_given(world, actors):
	order, note, _batch = d.ordered(world, batched=False)
	invoiced(order)
	slip = d.disposed(world, d.back(world, d.approved(world, (note, 0, 4))), "Scrap")
	for user in (world.sales, world.person(roles.QUALITY), *actors):
		if frappe.has_permission(d.SLIP, "read", user=user):
			with pytest.raises(QMSRefusal, match="decided by"):
				d.given(world, slip, user=user)
	for instead, reason in (("Exchange", "so"), ("Refund", "/"), ("Gift", "so")):
		with as_user(world.person(MANAGER)), pytest.raises(QMSRefusal, match="G6: "):
			api.decide_given(slip.name, d.shown(slip), instead, reason)
	draft = replacement(world, slip)
	slip = d.given(world, slip, "Refund")
	# What was asked for stays as it was confirmed.
	assert (slip.wanted, slip.given, slip.given_by) == ("Exchange", "Refund", world.person(MANAGER))
	g.submit_refused(actors, draft, "G6: .*no approved exchange")
	with as_user(world.sales):
		assert len(api.draft_credit_notes(slip.name, d.shown(slip))) == 1
	assert slip.reload().workflow_state == states.RETURN_CLOSED
	signed = frappe.get_all(
		"Electronic Signature", {"reference_name": slip.name, "signer": slip.given_by}, pluck="meaning"
	)
	assert "What Is Given Instead Decided" in signed
	assert verification.verify(d.SLIP, slip.name).findings == []


@pytest.mark.rule("G6")
def test_g6_what_is_waived_is_what_was_due_then(world):
	order, note, _batch = d.ordered(world, batched=False)
	invoiced(order)
	slip = d.back(world, d.approved(world, (note, 0, 6), wanted="Refund"), 4)
	for disposed in (False, True):
		# Goods are still to come: of these nobody knows yet.
		with pytest.raises(QMSRefusal, match="not at this step"):
			d.given(world, slip)
		if not disposed:
			slip = d.disposed(world, slip, "Scrap", 4)
	slip = d.disposed(world, d.received(world, slip, 2), "Scrap", 2)
	with as_user(world.sales):
		(name,) = api.draft_credit_notes(slip.name, d.shown(slip))
	draft = frappe.get_doc(INVOICE, name)
	draft.items[0].qty = -4
	draft.save()
	slip = d.given(world, slip.reload())
	assert (slip.workflow_state, slip.waived_qty) == (states.RETURN_CLOSED, 2)
	draft.delete()
	assert slip.reload().workflow_state == states.RETURN_SETTLING
	with as_user(world.sales):
		assert api.draft_credit_notes(slip.name, d.shown(slip))
	assert verification.verify(d.SLIP, slip.name).findings == []


@pytest.mark.rule("G7")
def test_g7_no_credit_of_another_customer_counts(world, actors):
	order, note, _batch = d.ordered(world, batched=False)
	invoiced(order)
	slip = d.back(world, d.approved(world, (note, 0, 4), wanted="Refund"))
	with as_user(world.sales):
		(name,) = api.draft_credit_notes(slip.name, d.shown(slip))
	frappe.db.set_value(INVOICE, name, "customer", c.customer())
	assert accounted.due(slip) == 4
	with as_user(actors[0]), pytest.raises(QMSRefusal, match="another customer"):
		credit.before_submit(frappe.get_doc(INVOICE, name))


@pytest.mark.rule("G6", "D4")
def test_g6_all_that_quality_sends_back_leaves_or_nothing_of_it(world, actors):
	order, note, _batch = d.ordered(world, batched=False)
	slip = d.back(world, d.approved(world, (note, 0, 5), wanted="Repair"))
	g.submitted(actors, g.delivery(order, 3))
	with pytest.raises(QMSRefusal, match=r"D4: .*5 would be sent back, .* has room for 2"):
		d.disposed(world, slip, "Send Back to the Customer")
	assert d.stock(note.items[0].item_code, d.quarantine()) == 5
	assert not slip.reload().dispositions
	slip = d.disposed(world, slip, "Send Back to the Customer", 2)
	assert d.delivered(order) == 10


@pytest.mark.rule("G6")
def test_g6_what_is_no_number_is_refused_in_words(world):
	_order, note, _batch = d.ordered(world, batched=False)
	slip = d.routed(world, d.approved(world, (note, 0, 5)))
	for qty in ("NaN", float("nan"), "Infinity", "five"):
		with pytest.raises(QMSRefusal, match="quantity is missing"):
			d.received(world, slip, qty)


@pytest.mark.rule("G6", "K2")
def test_g6_an_inspection_that_says_nothing_lets_nothing_back(world):
	_order, note, _batch = d.ordered(world, batched=False)
	slip = d.back(world, d.approved(world, (note, 0, 4)))
	name = d.inspected(world, slip, submit=False)
	doc = frappe.get_doc("Quality Inspection", name)
	doc.remarks = "/"
	doc.save()
	with as_user(world.person(roles.QUALITY)), pytest.raises(QMSRefusal, match="does not say what was found"):
		doc.submit()
	# ERPNext has it accepted all the same.
	frappe.db.set_value("Quality Inspection", name, {"docstatus": 1, "status": "Accepted"})
	with pytest.raises(QMSRefusal, match="does not say what was found"):
		d.disposed(world, slip, "Return to Stock", target=c.warehouse(), quality_inspection=name)


@pytest.mark.rule("G6", "L3")
def test_g6_that_goods_will_not_come_needs_no_route(world):
	_order, note, _batch = d.ordered(world, batched=False)
	slip = d.approved(world, (note, 0, 4))
	assert slip.workflow_state == states.RETURN_ROUTING
	slip = d.not_coming(world, slip)
	assert slip.workflow_state == states.RETURN_CLOSED
	slip = d.taken_back(world, slip, slip.arrivals[0])
	assert slip.workflow_state == states.RETURN_ROUTING
	assert asked(slip) == {slip.put_forward_by}


@pytest.mark.rule("G7")
def test_g7_goods_that_another_slip_claims_meanwhile_are_not_awaited_again(world):
	note = returned.delivered(10)
	slip = d.not_coming(world, d.approved(world, (note, 0, 8)))
	other = returned.approved_slip(world, note, 5)
	with pytest.raises(QMSRefusal, match=r"G7: .*Since the return was approved"):
		d.taken_back(world, slip, slip.arrivals[0])
	assert slip.reload().workflow_state == states.RETURN_CLOSED
	d.not_coming(world, other)
	assert d.taken_back(world, slip, slip.arrivals[0]).workflow_state == states.RETURN_ROUTING


@pytest.mark.rule("G7")
def test_g7_each_batch_of_a_row_is_counted_by_itself(world):
	"""ERPNext counts the row of a delivery as a whole."""
	c.plain_returns()
	code = c.item(has_batch_no=1, create_new_batch=0)
	one, other = sales.batch(code, 10), sales.batch(code, 10)
	with as_user(g.everybody()[0]):
		note = g.delivery_by_hand(c.customer(), {"item_code": code, "qty": 10})
	bundle = {
		"doctype": "Serial and Batch Bundle",
		"company": COMPANY,
		"item_code": code,
		"warehouse": c.warehouse(),
		"type_of_transaction": "Outward",
		"voucher_type": NOTE,
		"voucher_no": note.name,
		"voucher_detail_no": note.items[0].name,
		"entries": [{"batch_no": b, "qty": -5, "warehouse": c.warehouse()} for b in (one, other)],
	}
	stored = frappe.get_doc(bundle).insert()
	note.items[0].update({"use_serial_batch_fields": 0, "serial_and_batch_bundle": stored.name})
	note.save()
	with hooks_off():
		note.submit()
	d.quarantine()
	draft = returned.slip(world, note)
	with as_user(world.second_sales()):
		draft.items = [row for row in draft.items if row.batch_no == one]
		draft.save()
	slip = returned.put_forward(world, returned.confirmed(world, draft))
	for user in (world.person(MANAGER), world.gm):
		slip = claims.decide(slip, user)
	slip = d.routed(world, slip)
	assert [(r.batch_no, r.stock_qty) for r in slip.items] == [(one, 5)]
	back = make_sales_return(note.name)
	back.items[0].update({"qty": -5, "use_serial_batch_fields": 1, "batch_no": slip.items[0].batch_no})
	back.items[0].serial_and_batch_bundle = None
	back.insert().submit()
	with pytest.raises(QMSRefusal, match=r"G7: .*0 may still"):
		d.received(world, slip)
	assert not slip.reload().arrivals
