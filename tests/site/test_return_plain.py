"""ERPNext's own return button, past a return slip: refused, said or let pass, by setting (G1, G2)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import frappe
import pytest
from erpnext.accounts.doctype.pos_closing_entry.pos_closing_entry import make_closing_entry_from_opening
from erpnext.accounts.doctype.pos_invoice.pos_invoice import make_sales_return as return_to_till
from erpnext.controllers.sales_and_purchase_return import make_return_doc
from frappe import client
from frappe.desk.form.save import savedocs
from frappe.model.document import Document

from qms_customer.contract import states
from qms_customer.erp import plain_return
from qms_customer.messages import QMSRefusal
from qms_customer.records import verification
from qms_customer.returns import accounted, counter, making, quarantine, quarantine_stock
from qms_customer.returns import disposition_api as api
from qms_customer.rules import disposal
from qms_customer.rules import returns as rules
from qms_customer.setup import install
from tests.support import contracts as c
from tests.support import disposed as d
from tests.support import goods as g
from tests.support import sales
from tests.support.counter import pay, sale, till
from tests.support.doors import copied, fresh, sent
from tests.support.people import as_user, make_user
from tests.support.plain import hooks_off
from tests.support.sql import count_queries
from tests.support.web import messages

NOTE, INVOICE, COUNTER = "Delivery Note", "Sales Invoice", "POS Invoice"
NO_SLIP = r"(?s)G1: .* without a return slip.*Create, Return Slip.*G2: The business manager approves"


def delivered(doctype: str = NOTE, quantity: float = 5) -> Document:
	"""Return a delivery of goods without a batch."""
	row = {"item_code": c.item(stock=50), "qty": quantity, "use_serial_batch_fields": 0}
	return (sales.delivered if doctype == NOTE else sales.invoiced)(c.customer(), row)


def back(delivery: Document, quantity: float | None = None, **values: Any) -> Document:
	"""Return the stored draft that ERPNext's own return button makes."""
	doc = make_return_doc(delivery.doctype, delivery.name)
	doc.update(values)
	if quantity is not None:
		doc.items[0].qty = -quantity
	return doc.insert()


def said() -> str:
	"""Return what the user was told since the last time."""
	found = " ".join(str(m["message"]) for m in frappe.local.message_log)
	frappe.clear_messages()
	return found


# The setting


@pytest.mark.rule("G1", "G2")
@pytest.mark.parametrize("doctype", [NOTE, INVOICE])
def test_g1_a_return_that_no_slip_has_made_is_refused(actors: tuple[str, ...], doctype: str) -> None:
	delivery = delivered(doctype)
	doc = back(delivery)
	assert delivery.name in g.submit_refused(actors, doc, NO_SLIP)
	# The way on is one click away.
	with as_user(actors[1]):
		frappe.clear_messages()
		g.refused(("Administrator",), doc.submit, NO_SLIP)
		message = frappe.local.message_log[-1]
	assert message["primary_action"]["client_action"] == "qms_customer.make_return_slip"
	assert message["primary_action"]["args"] == {"doctype": doctype, "name": delivery.name}


@pytest.mark.rule("G1", "G2")
@pytest.mark.parametrize("doctype", [NOTE, INVOICE])
def test_g1_by_setting_it_is_said_or_let_pass(actors: tuple[str, ...], doctype: str) -> None:
	for policy, told in ((rules.WARN, True), (rules.ALLOW, False)):
		c.plain_returns(policy)
		doc = back(delivered(doctype), 2)
		said()
		assert g.moved(g.submitted(actors, doc)) == 2
		assert ("G1: " in said()) == told


@pytest.mark.rule("G1")
def test_g1_where_nothing_is_set_it_is_refused(actors: tuple[str, ...]) -> None:
	assert plain_return.policy() == rules.REFUSE
	row = frappe.qb.DocType("Singles")
	ours = (row.doctype == "QMS Customer Settings") & (row.field == "plain_returns")
	for value in ("", "Anything", None):
		if value is None:
			frappe.qb.from_(row).delete().where(ours).run()
		else:
			frappe.qb.update(row).set(row.value, value).where(ours).run()
		frappe.clear_document_cache("QMS Customer Settings", "QMS Customer Settings")
		assert plain_return.policy() == rules.REFUSE
	install._settings()
	assert frappe.db.get_single_value("QMS Customer Settings", "plain_returns") == rules.REFUSE
	# Whoever lets them pass signs for it, with a reason.
	settings = frappe.get_doc("QMS Customer Settings")
	settings.plain_returns = rules.ALLOW
	with pytest.raises(frappe.ValidationError, match="Reason for This Change"):
		c.save_settings(settings)
	settings = frappe.get_doc("QMS Customer Settings")
	settings.update({"plain_returns": rules.ALLOW, "change_reason": "Until the staff is trained"})
	c.save_settings(settings)
	assert g.moved(g.submitted(actors, back(delivered()))) == 5


@pytest.mark.rule("G1")
def test_g1_credit_that_moves_no_stock_passes(actors: tuple[str, ...]) -> None:
	customer, code = c.customer(), c.item(stock=9)
	billed = sales.invoiced(customer, {"item_code": code, "qty": 5}, update_stock=0)
	assert g.moved(g.submitted(actors, back(billed))) == 0
	service = c.item(is_stock_item=0, with_standard=False)
	served = sales.invoiced(customer, {"item_code": service})
	assert g.moved(g.submitted(actors, back(served, update_stock=1))) == 0
	# The box is ticked at the last moment.
	late = back(sales.invoiced(customer, {"item_code": code, "qty": 5}), update_stock=0)
	g.refused(actors, lambda: client.save(sent(late, docstatus=1, update_stock=1)), NO_SLIP)


@pytest.mark.rule("G1", "G6")
def test_g1_the_steps_of_a_slip_pass(world: c.World) -> None:
	for doctype in (NOTE, INVOICE):
		doc = d.back(world, d.approved(world, (delivered(doctype), 0, 2)))
		assert doc.workflow_state == states.RETURN_QUARANTINED
	note = delivered()
	routed = d.routed(world, d.approved(world, (note, 0, 2)), "Destroyed on Site", reason="Not worth it")
	assert d.destroyed(world, routed).workflow_state == states.RETURN_SETTLING


# Ways around


@pytest.mark.rule("G1", "G2", "G6")
def test_g1_no_door_submits_a_return_that_names_a_slip(world: c.World, actors: tuple[str, ...]) -> None:
	note = delivered()
	slip = d.routed(world, d.approved(world, (note, 0, 5)))
	doc = back(note)
	for actor in actors:
		with as_user(actor), pytest.raises(frappe.ValidationError, match=r"G6: .*set by the return slip"):
			client.set_value(NOTE, doc.name, making.FIELD, slip.name)
		with as_user(actor), pytest.raises(frappe.ValidationError, match=r"G6: .*set by the return slip"):
			client.insert({**copied(back(note, 1)), making.FIELD: slip.name})
	# Whoever writes SQL can write the link; the slip still has not made it.
	frappe.db.set_value(NOTE, doc.name, making.FIELD, slip.name, update_modified=False)
	doc.reload()
	bypass = fresh(doc)
	bypass.flags.ignore_validate = bypass.flags.ignore_permissions = True
	for door in (
		lambda: client.submit(sent(doc)),
		lambda: client.save(sent(doc, docstatus=1)),
		lambda: savedocs(sent(doc), "Submit"),
		bypass.submit,
	):
		g.refused(actors, door, NO_SLIP)
	many = json.dumps([{"doctype": NOTE, "docname": doc.name, "docstatus": 1}])
	for actor in actors:
		with as_user(actor):
			assert len(client.bulk_update(many)["failed_docs"]) == 1
	for flags in ({}, {"ignore_validate": True}):
		new = make_return_doc(NOTE, note.name)
		new.docstatus = 1
		new.flags.update(flags)
		g.refused(actors, new.insert, NO_SLIP)
	assert frappe.db.get_value(NOTE, doc.name, "docstatus") == 0
	# A step of one slip submits what it made, and nothing else.
	with making.documents(slip.name):
		g.refused(actors, fresh(doc).submit, NO_SLIP)


@pytest.mark.rule("G1", "G2")
def test_g1_nor_does_a_request(world: c.World, http: Callable[..., Any]) -> None:
	note = delivered()
	slip = d.routed(world, d.approved(world, (note, 0, 5)))
	doc = back(note)
	user = http()
	wanted = {**copied(doc), making.FIELD: slip.name}
	for answer in (
		user.post(f"/api/resource/{NOTE}", json=wanted),
		user.put(f"/api/resource/{NOTE}/{doc.name}", json={making.FIELD: slip.name}),
		user.put(f"/api/resource/{NOTE}/{doc.name}", json={making.FIELD: slip.name, "docstatus": 1}),
	):
		assert answer.status_code == 417
		assert any("set by the return slip" in m for m in messages(answer)), messages(answer)
	answer = user.put(f"/api/resource/{NOTE}/{doc.name}", json={"docstatus": 1})
	assert answer.status_code == 417
	assert "G1: " in str(messages(answer))
	answer = user.call("frappe.client.submit", doc=json.loads(sent(doc)))
	assert answer.status_code == 417
	assert "G1: " in str(messages(answer))
	frappe.db.rollback()
	assert frappe.db.get_value(NOTE, doc.name, ["docstatus", making.FIELD]) == (0, None)


@pytest.mark.rule("G1", "G6")
def test_g1_what_a_slip_took_back_is_not_amended_past_it(world: c.World, actors: tuple[str, ...]) -> None:
	slip = d.back(world, d.approved(world, (delivered(), 0, 2)))
	made = slip.arrivals[0].document
	d.taken_back(world, slip, slip.arrivals[0])
	again = frappe.copy_doc(frappe.get_doc(NOTE, made))
	again.update({"amended_from": made, "docstatus": 0, making.FIELD: slip.name})
	for actor in actors:
		with as_user(actor), pytest.raises(frappe.ValidationError, match=r"G6: .*set by the return slip"):
			frappe.copy_doc(again, ignore_no_copy=False).update({making.FIELD: slip.name}).insert()
	again.set(making.FIELD, None)
	for row in again.items:
		row.warehouse = c.warehouse()
	again.set_warehouse = None
	g.submit_refused(actors, again.insert(), NO_SLIP)


@pytest.mark.rule("G1")
def test_g1_an_amended_return_is_a_new_one(actors: tuple[str, ...]) -> None:
	c.plain_returns()
	doc = g.submitted(actors, back(delivered()))
	fresh(doc).cancel()
	c.plain_returns(rules.REFUSE)
	again = frappe.copy_doc(fresh(doc))
	again.update({"amended_from": doc.name, "docstatus": 0})
	g.submit_refused(actors, again.insert(), NO_SLIP)


@pytest.mark.rule("G1", "G6")
def test_g1_a_drafted_credit_note_does_not_turn_into_a_return(
	world: c.World, actors: tuple[str, ...]
) -> None:
	from tests.site.test_return_exchange import invoiced

	order, note, _batch = d.ordered(world, batched=False)
	invoiced(order)
	slip = d.back(world, d.approved(world, (note, 0, 4), wanted="Refund"))
	with as_user(world.sales):
		(name,) = api.draft_credit_notes(slip.name, d.shown(slip))
	doc = frappe.get_doc(INVOICE, name)
	late = fresh(doc)
	late.update_stock = 1
	late.flags.ignore_validate = True
	late.items[0].warehouse = c.warehouse()
	g.refused(actors, late.submit, "D4|G1")
	g.submitted(actors, doc)


# The till


def sold(*rows: dict[str, Any]) -> tuple[Document, Document]:
	"""Return an open till, and what was sold there."""
	opening, customer = till(), c.customer()
	with hooks_off():
		doc = sale(opening, customer, *rows)
		doc.submit()
	return opening, doc


def to_till(doc: Document, *quantities: float) -> Document:
	"""Return the stored draft of a return at the till: all of it, or these quantities of its rows."""
	made = return_to_till(doc.name)
	for place, row in enumerate(made.items if quantities else ()):
		row.qty = -quantities[place] if place < len(quantities) else 0
	made.set("items", [row for row in made.items if row.qty])
	return pay(made)


@pytest.mark.rule("G1", "G2")
def test_g1_the_till_takes_back_what_a_slip_awaits(world: c.World, actors: tuple[str, ...]) -> None:
	code, other = c.item(stock=50), c.item(stock=50)
	_opening, bill = sold({"item_code": code, "qty": 6}, {"item_code": other, "qty": 2})
	g.submit_refused(actors, to_till(bill, 1), NO_SLIP)
	slip = d.approved(world, (bill, 0, 4))
	# Approved, and not yet decided that it comes back.
	g.submit_refused(actors, to_till(bill, 1), NO_SLIP)
	d.routed(world, slip)
	refused = f"(?s){NO_SLIP}.*G7: Return slip {slip.name} does not cover"
	for quantities in ((5,), (0, 1), (4, 1)):
		g.submit_refused(actors, to_till(bill, *quantities), refused)
	doc = g.submitted(actors, to_till(bill, 3))
	assert doc.reload().get(making.FIELD) == slip.name
	g.submit_refused(actors, to_till(bill, 2), refused)
	assert doc.items[0].warehouse == d.quarantine()
	(row,) = slip.reload().arrivals
	assert (row.how, row.qty, row.document_type, row.document) == (disposal.RECEIVED, 3, COUNTER, doc.name)
	assert (row.warehouse, row.by_user, slip.workflow_state) == (
		d.quarantine(),
		actors[0],
		states.RETURN_AWAITED,
	)
	assert verification.verify(d.SLIP, slip.name).findings == []
	# It is taken back on the slip; then it counts no more, and amended it is looked at anew.
	g.refused(actors, fresh(doc).cancel, f"G6: .*booked on return slip {slip.name}")
	d.taken_back(world, slip, row)
	assert doc.reload().docstatus == 2
	again = frappe.copy_doc(doc)
	again.update({"amended_from": doc.name, "docstatus": 0, making.FIELD: slip.name})
	again = pay(again)
	assert not again.get(making.FIELD)
	g.submitted(actors, again)
	assert again.reload().get(making.FIELD) == slip.name
	assert accounted.came(slip.reload()) == {code: 3}
	late = to_till(bill, 1)
	# The customer keeps the rest after all: the slip awaits nothing any more.
	d.not_coming(world, slip, 1)
	assert slip.workflow_state == states.RETURN_QUARANTINED
	g.submit_refused(actors, late, NO_SLIP)


def closed(opening: Document, bill: Document) -> tuple[Document, list[Document]]:
	"""Close a till, and return the closing and the invoices that it makes for a customer, the sale first."""
	closing = make_closing_entry_from_opening(opening)
	closing.insert()
	closing.submit()  # ERPNext commits here
	made = frappe.get_all(
		INVOICE, {"is_consolidated": 1, "docstatus": 1, "customer": bill.customer}, order_by="is_return"
	)
	return closing, [frappe.get_doc(INVOICE, one.name) for one in made]


def repeating(doc: Document, place: str = "") -> Document:
	"""Return the draft of an invoice that says it consolidates a return at the till, into quarantine."""
	row = doc.items[0]
	made = frappe.get_doc(
		{
			"doctype": INVOICE,
			**{"company": doc.company, "customer": doc.customer, "is_return": 1, "update_stock": 1},
			"items": [
				{
					**{"item_code": row.item_code, "qty": row.qty, "rate": 100},
					"warehouse": place or d.quarantine(),
					**{"pos_invoice": doc.name, "pos_invoice_item": row.name},
					"allow_zero_valuation_rate": 1,
				}
			],
		}
	).insert()
	made.is_consolidated = 1  # from now on ERPNext counts nothing anew
	return made.save()


@pytest.mark.rule("G6", "G7")
def test_g6_what_comes_back_at_the_till_goes_into_quarantine(
	world: c.World, actors: tuple[str, ...], committed: Callable[[], None]
) -> None:
	code, other = c.item(stock=50), c.item(stock=50)
	opening, bill = sold({"item_code": code, "qty": 6}, {"item_code": other, "qty": 2})
	slip = d.routed(world, d.approved(world, (bill, 0, 4)))
	# Whoever the cashier is: the door has checked that the slip awaits it.
	cashier = make_user("Accounts User", "Accounts Manager", "Sales Manager")
	with as_user(cashier):
		assert not frappe.has_permission(d.SLIP, "write")
	doc = g.submitted((cashier,), to_till(bill, 4))
	assert slip.reload().workflow_state == states.RETURN_QUARANTINED
	assert (accounted.came(slip), [row.by_user for row in slip.arrivals]) == ({code: 4}, [cashier])
	# The stock ledger has it from the closing on: until then nothing leaves.
	assert not quarantine_stock.read(item=code)
	with pytest.raises(QMSRefusal, match="Close the till first"):
		d.disposed(world, slip, disposal.SCRAP, 1)
	g.submit_refused(actors, repeating(doc, c.warehouse()), "G6: Row 1, .*goes into QMS Quarantine")
	closing, made = closed(opening, bill)
	assert [g.moved(one) for one in made] == [-8, 4]
	assert (d.stock(code, d.quarantine()), d.stock(code, c.warehouse())) == (4, 44)
	(stands,) = quarantine_stock.read(item=code)
	assert (stands.slips, stands.without_slip) == ({slip.name: 4}, 0)
	# A closing repeats each return once; nothing else puts goods there.
	g.submit_refused(actors, repeating(doc), "D4: Row 1: a consolidated invoice repeats")
	# What Quality has not decided about may be closed anew.
	with pytest.raises(frappe.ValidationError, match="POS Closing Entry"):
		d.taken_back(world, slip.reload(), slip.arrivals[0])
	frappe.db.rollback()
	closing.reload().cancel()
	assert d.stock(code, d.quarantine()) == 0
	d.taken_back(world, slip.reload(), slip.arrivals[0])
	assert (doc.reload().docstatus, slip.workflow_state) == (2, states.RETURN_AWAITED)


@pytest.mark.rule("G6")
def test_g6_a_closing_is_not_undone_once_quality_has_decided(
	world: c.World, actors: tuple[str, ...], committed: Callable[[], None]
) -> None:
	code = c.item(stock=50)
	opening, bill = sold({"item_code": code, "qty": 6})
	slip = d.routed(world, d.approved(world, (bill, 0, 2)))
	g.submitted(actors, to_till(bill, 2))
	closing, _made = closed(opening, bill)
	doc = d.disposed(world, slip.reload(), disposal.SCRAP, 2)
	assert doc.workflow_state == states.RETURN_SETTLING
	# ERPNext rolls back all that is not committed.
	committed()
	g.refused(("Administrator",), closing.reload().cancel, "G6: .*quarantine of returned goods")


@pytest.mark.rule("G6")
def test_g6_no_closing_puts_goods_there_that_no_slip_awaited(actors: tuple[str, ...]) -> None:
	c.plain_returns(rules.ALLOW)
	place = d.quarantine()
	_opening, bill = sold({"item_code": c.item(stock=50), "qty": 6})
	doc = to_till(bill, 2)
	doc.items[0].warehouse = place
	g.submit_refused(actors, doc.save(), "G6: .*quarantine of returned goods")
	doc = g.submitted(actors, to_till(bill, 2))
	g.submit_refused(actors, repeating(doc), "G6: .*quarantine of returned goods")


@pytest.mark.rule("G6", "G7")
def test_g7_bundles_come_back_at_the_till_part_by_part(
	world: c.World, actors: tuple[str, ...], committed: Callable[[], None]
) -> None:
	pump, kit = c.item(stock=50), c.item(is_stock_item=0)
	parts = [{"item_code": pump, "qty": 2}]
	frappe.get_doc({"doctype": "Product Bundle", "new_item_code": kit, "items": parts}).insert()
	opening, bill = sold({"item_code": kit, "qty": 3})
	part = bill.packed_items[0]
	slip = d.approved(world, {"delivery": bill, "row": part, "item_code": pump, "stock_qty": 4})
	d.routed(world, slip)
	g.submit_refused(actors, to_till(bill, 3), "does not cover")
	g.submitted(actors, to_till(bill, 2))
	assert slip.reload().workflow_state == states.RETURN_QUARANTINED
	closed(opening, bill)
	assert d.stock(pump, d.quarantine()) == 4


@pytest.mark.rule("G7")
def test_g7_bundles_that_were_sold_by_the_box_come_back_at_the_till(
	world: c.World, actors: tuple[str, ...]
) -> None:
	pump = c.item(stock=50)
	kit = sales.kit((pump, 2))
	_opening, bill = sold({"item_code": kit, "qty": 1, "uom": "Box", "conversion_factor": 10})
	part = bill.packed_items[0]
	assert part.qty == 20
	slip = d.approved(world, {"delivery": bill, "row": part, "item_code": pump, "stock_qty": 20})
	d.routed(world, slip)
	g.submitted(actors, to_till(bill, 1))
	assert accounted.came(slip.reload()) == {pump: 20}


@pytest.mark.rule("G7")
def test_g7_the_till_takes_no_device_back_twice(world: c.World, actors: tuple[str, ...]) -> None:
	device = c.item(has_serial_no=1)
	one, two = sales.serials(device, 2)
	row = {"item_code": device, "qty": 2, "serial_no": f"{one}\n{two}", "use_serial_batch_fields": 1}
	_opening, bill = sold(row)
	slip = d.approved(world, {"delivery": bill, "stock_qty": 1, "serial_nos": one})

	def draft() -> Document:
		doc = to_till(bill, 1)
		doc.items[0].update({"use_serial_batch_fields": 1, "serial_and_batch_bundle": None, "serial_no": one})
		return doc.save()

	# Before its route is decided no slip awaits it: it comes past the slip.
	c.plain_returns(rules.ALLOW)
	g.submitted(actors, draft())
	slip = d.routed(world, slip)
	g.submit_refused(actors, draft(), f"G7: .*serial number {one} came back")
	assert not slip.reload().arrivals


@pytest.mark.rule("G1", "G7")
def test_g7_the_till_takes_back_the_batch_and_the_devices_of_the_slip(
	world: c.World, actors: tuple[str, ...], committed: Callable[[], None]
) -> None:
	code = c.item(has_batch_no=1, create_new_batch=0)
	one, two = sales.batch(code, 10), sales.batch(code, 10)
	device = c.item(has_serial_no=1)
	numbers = sales.serials(device, 3)
	plain = {"use_serial_batch_fields": 1}
	opening, bill = sold(
		{"item_code": code, "qty": 4, "batch_no": one, **plain},
		{"item_code": code, "qty": 4, "batch_no": two, **plain},
		{"item_code": device, "qty": 3, "serial_no": "\n".join(numbers), **plain},
	)
	slip = d.approved(
		world, (bill, 0, 3), {"delivery": bill, "place": 2, "stock_qty": 1, "serial_nos": numbers[0]}
	)
	d.routed(world, slip)

	def draft(*quantities: float, serial: str = "") -> Document:
		doc = to_till(bill, *quantities)
		for row in doc.items:
			row.update({"use_serial_batch_fields": 1, "serial_and_batch_bundle": None})
			if row.item_code == device:
				row.serial_no = serial
			else:
				row.batch_no = one if row.pos_invoice_item == bill.items[0].name else two
		return doc.save()

	for doc in (draft(0, 2), draft(4), draft(0, 0, 1, serial=numbers[1])):
		g.submit_refused(actors, doc, f"(?s){NO_SLIP}.*G7: Return slip {slip.name} does not cover")
	g.submitted(actors, draft(2, 0, 1, serial=numbers[0]))
	g.submit_refused(actors, draft(2), "does not cover")
	g.submitted(actors, draft(1))
	assert frappe.db.count(COUNTER, {making.FIELD: slip.name, "docstatus": 1}) == 2
	came = sorted((row.batch_no or row.serial_nos, row.qty) for row in slip.reload().arrivals)
	assert came == sorted([(one, 2), (one, 1), (numbers[0], 1)])
	assert slip.workflow_state == states.RETURN_QUARANTINED
	closed(opening, bill)
	assert d.stock(code, d.quarantine(), one) == 3
	assert frappe.db.get_value("Serial No", numbers[0], "warehouse") == d.quarantine()


@pytest.mark.rule("G1")
def test_g1_the_till_obeys_the_setting_too(actors: tuple[str, ...]) -> None:
	for policy, told in ((rules.WARN, True), (rules.ALLOW, False)):
		c.plain_returns(policy)
		_opening, bill = sold({"item_code": c.item(stock=50), "qty": 2})
		doc = to_till(bill, 1)
		said()
		g.submitted(actors, doc)
		assert ("G1: " in said()) == told


@pytest.mark.rule("G6")
def test_g6_what_a_slip_awaits_is_booked_on_it_whatever_the_setting(
	world: c.World, actors: tuple[str, ...]
) -> None:
	c.plain_returns(rules.ALLOW)
	_opening, bill = sold({"item_code": c.item(stock=50), "qty": 2})
	slip = d.routed(world, d.approved(world, (bill, 0, 1)))
	g.submitted(actors, to_till(bill, 1))
	assert slip.reload().workflow_state == states.RETURN_QUARANTINED


# What it costs


@pytest.mark.rule("G1")
def test_g1_the_door_asks_as_much_however_many_rows(world: c.World) -> None:
	asked: dict[tuple[str, int], int] = {}
	for lines in (1, 20):
		rows = [{"item_code": c.item(stock=9), "qty": 2, "use_serial_batch_fields": 0} for _ in range(lines)]
		note = sales.delivered(c.customer(), *rows)
		_opening, bill = sold(*rows)
		slip = d.routed(world, d.approved(world, *((bill, place, 1) for place in range(lines))))
		till_return = to_till(bill, *[1] * lines)
		c.plain_returns(rules.WARN)
		# What frappe knows of settings and DocTypes is in its caches.
		assert counter.covering(till_return)[0] == slip.name
		assert quarantine.warehouse(till_return.company) == d.quarantine()
		assert plain_return.policy() == rules.WARN
		for what, doc in (("delivery", note), ("return", back(note)), ("till", till_return)):
			with count_queries() as queries:
				plain_return.before_submit(doc)
			asked[what, lines] = queries.count
		assert till_return.get(making.FIELD) == slip.name
		c.plain_returns(rules.REFUSE)
	assert asked["delivery", 1] == asked["delivery", 20] == 0
	assert asked["return", 1] == asked["return", 20] <= 3
	# What comes is counted anew, of all that was delivered (G7).
	assert asked["till", 1] == asked["till", 20] <= 36
