"""The rest of a batch whose retained sample is bad (G5)."""

from __future__ import annotations

import json
from decimal import Decimal

import frappe
import pytest
from frappe.model.document import Document

from qms_customer.contract import states
from qms_customer.messages import QMSRefusal
from qms_customer.records import verification
from qms_customer.returns import batch, claim_panel
from qms_customer.returns import claim_api as api
from qms_customer.rules import people as roles
from qms_customer.setup import permissions
from tests.support import claims as r
from tests.support import contracts as c
from tests.support import disposed as d
from tests.support import sales
from tests.support.company import ABBR, COMPANY
from tests.support.doors import nothing_changes
from tests.support.people import as_user, make_user
from tests.support.sql import count_queries


@pytest.fixture
def quarantine() -> str:
	frappe.db.set_value("Warehouse", {"qms_quarantine": 1}, "qms_quarantine", 0)
	return r.place("qms_quarantine")


@pytest.fixture
def slip(world: c.World) -> Document:
	"""A bad batch of 25: 10 with the customer, 5 with another one, 10 in stock."""
	code = r.device()
	customer, lot = r.sold(code)
	sales.delivered(c.customer(), {"item_code": code, "qty": 5, "batch_no": lot})
	return r.bad(world, r.put_forward(world, customer, (code, lot, 4)))


def keeper() -> str:
	"""Somebody of Quality who also moves stock and opens non-conformances in ERPNext."""
	return make_user(roles.QUALITY, "Stock User", "Stock Manager")


def procedure() -> str:
	return (
		frappe.get_doc({"doctype": "Quality Procedure", "quality_procedure_name": c.unique("QP")})
		.insert()
		.name
	)


def row(slip: Document) -> Document:
	return slip.batch_measures[0]


def looked_at(slip: Document, user: str, comment: str) -> Document:
	with as_user(user):
		api.look_at_batch(slip.name, r.shown(slip), row(slip).name, comment)
	return slip.reload()


@pytest.mark.rule("G5", "L3")
def test_a_bad_sample_goes_to_approval_and_the_batch_waits_for_quality(
	world: c.World, slip: Document
) -> None:
	assert slip.workflow_state == states.RETURN_PENDING
	assert [(m.item_code, m.batch_no) for m in slip.batch_measures] == [
		(slip.items[0].item_code, slip.items[0].batch_no)
	]
	todo = frappe.get_all(
		"ToDo", {"reference_name": slip.name, "allocated_to": world.person(roles.QUALITY), "status": "Open"}
	)
	assert todo
	# It still waits when the slip is decided, even rejected: the batch is bad.
	r.decide(slip, world.person(roles.BUSINESS_MANAGER), "Rejected", "Bought elsewhere")
	assert frappe.db.exists(
		"ToDo", {"reference_name": slip.name, "allocated_to": world.person(roles.QUALITY), "status": "Open"}
	)
	looked_at(slip, world.person(roles.QUALITY), "All of it is with two customers, who are told")
	assert not frappe.db.exists(
		"ToDo", {"reference_name": slip.name, "allocated_to": world.person(roles.QUALITY), "status": "Open"}
	)
	assert verification.verify(r.SLIP, slip.name).findings == []


@pytest.mark.rule("G5")
def test_the_other_deliveries_and_the_stock_are_listed(
	world: c.World, slip: Document, quarantine: str
) -> None:
	item, lot = row(slip).item_code, row(slip).batch_no
	with as_user(world.person(roles.QUALITY)):
		found = batch.rest(slip, item, lot)
		html = api.get_claim(slip.name)["html"]
	assert [(c_.own, float(c_.quantity), len(c_.deliveries)) for c_ in found["customers"]] == [
		(True, 10.0, 1),
		(False, 5.0, 1),
	]
	assert [(s.warehouse, float(s.quantity)) for s in found["stock"]] == [(c.warehouse(), 10.0)]
	assert found["customers"][1].deliveries[0][1] in html and c.warehouse() in html


@pytest.mark.rule("G5")
def test_deliveries_from_before_bundles_and_what_came_back_count(world: c.World, slip: Document) -> None:
	item, lot = row(slip).item_code, row(slip).batch_no
	note = sales.delivered(c.customer(), {"item_code": item, "qty": 4, "batch_no": lot})
	sales.returned(note, qty=-1)
	sales.as_text("Delivery Note", note)
	with as_user(world.person(roles.QUALITY)):
		found = batch.rest(slip, item, lot)
	mine = next(one for one in found["customers"] if one.customer == note.customer)
	assert float(mine.quantity) == 3 and mine.deliveries == [("Delivery Note", note.name)]


@pytest.mark.rule("G5")
def test_the_batch_is_blocked_by_who_may_change_batches(world: c.World, slip: Document) -> None:
	with as_user(world.sales), nothing_changes(slip), pytest.raises(frappe.PermissionError):
		api.block_batch(slip.name, r.shown(slip), row(slip).name)
	quality = world.person(roles.QUALITY)
	with as_user(quality):
		api.block_batch(slip.name, r.shown(slip), row(slip).name)
	slip.reload()
	assert frappe.db.get_value("Batch", row(slip).batch_no, "disabled") == 1
	assert row(slip).blocked and row(slip).blocked_by == quality
	with as_user(quality):
		assert not api.get_claim(slip.name)["batches"][0]["may_block"]
	assert verification.verify(r.SLIP, slip.name).findings == []


@pytest.mark.rule("G5")
def test_its_stock_moves_to_quarantine_and_nothing_else_does(
	world: c.World, slip: Document, quarantine: str
) -> None:
	item, lot = row(slip).item_code, row(slip).batch_no
	kept = r.place("qms_retained_samples")
	sales.received(item, 2, batch_no=lot, t_warehouse=kept)
	other = sales.batch(item, 6)
	user = keeper()
	with as_user(user):
		api.block_batch(slip.name, r.shown(slip), row(slip).name)
		api.move_batch(slip.name, r.shown(slip), row(slip).name)
	slip.reload()
	entry = frappe.get_doc("Stock Entry", row(slip).stock_entry)
	assert (entry.docstatus, entry.purpose, entry.qms_return_slip) == (1, "Material Transfer", slip.name)
	at = batch.on_hand([(item, lot), (item, other)])
	assert {w: float(q) for w, q in at[item, lot].items()} == {quarantine: 10.0, kept: 2.0}
	assert {w: float(q) for w, q in at[item, other].items()} == {c.warehouse(): 6.0}
	assert row(slip).moved_qty == 10 and row(slip).moved_by == user
	with as_user(user), nothing_changes(slip), pytest.raises(QMSRefusal, match="G5: No stock"):
		api.move_batch(slip.name, r.shown(slip), row(slip).name)
	assert verification.verify(r.SLIP, slip.name).findings == []


@pytest.mark.rule("G5")
def test_devices_with_serial_numbers_are_moved_by_their_numbers(world: c.World, quarantine: str) -> None:
	code = r.device(has_serial_no=1)
	lot = frappe.get_doc({"doctype": "Batch", "batch_id": c.unique("B"), "item": code}).insert().name
	names = [c.unique("SN") for _ in range(5)]
	sales.received(code, 5, batch_no=lot, serial_no="\n".join(names))
	customer = c.customer()
	sales.delivered(
		customer, {"item_code": code, "qty": 2, "batch_no": lot, "serial_no": "\n".join(names[:2])}
	)
	slip = r.bad(world, r.put_forward(world, customer, (code, lot, 1)))
	with as_user(keeper()):
		api.move_batch(slip.name, r.shown(slip), row(slip).name)
	moved = frappe.get_all("Serial No", {"warehouse": quarantine}, pluck="name")
	assert sorted(moved) == sorted(names[2:])


@pytest.mark.rule("G5", "G6")
def test_without_a_quarantine_warehouse_it_says_what_to_do(world: c.World, slip: Document) -> None:
	frappe.db.set_value("Warehouse", {"qms_quarantine": 1}, "qms_quarantine", 0)
	with as_user(keeper()), nothing_changes(slip), pytest.raises(QMSRefusal, match=r"G6: .*Flag one"):
		api.move_batch(slip.name, r.shown(slip), row(slip).name)


@pytest.mark.rule("G5")
def test_who_may_not_move_stock_in_erpnext_does_not_here(
	world: c.World, slip: Document, quarantine: str
) -> None:
	with as_user(world.person(roles.QUALITY)):
		assert not api.get_claim(slip.name)["batches"][0]["may_move"]
		with nothing_changes(slip), pytest.raises(frappe.PermissionError):
			api.move_batch(slip.name, r.shown(slip), row(slip).name)


@pytest.mark.rule("G5")
def test_a_closed_period_moves_nothing_and_records_nothing(
	world: c.World, slip: Document, quarantine: str
) -> None:
	frappe.db.set_single_value("Stock Settings", "stock_frozen_upto", "2099-12-31")
	frappe.clear_document_cache("Stock Settings", "Stock Settings")
	frappe.db.savepoint("before_it")
	with (
		as_user(keeper()),
		pytest.raises(frappe.ValidationError, match=r"Stock transactions before .* are frozen"),
	):
		api.move_batch(slip.name, r.shown(slip), row(slip).name)
	frappe.db.rollback(save_point="before_it")
	assert not row(slip.reload()).stock_entry


@pytest.mark.rule("G5")
def test_a_non_conformance_is_opened_on_erpnexts_own_document(world: c.World, slip: Document) -> None:
	quality = world.person(roles.QUALITY)
	by = procedure()
	for values, said in (
		(("", "Leaks"), "G5: Choose the quality procedure"),
		(("No such thing", "Leaks"), "G5: Choose the quality procedure"),
		((by, "/"), "G5: Say what"),
	):
		with as_user(quality), nothing_changes(slip), pytest.raises(QMSRefusal, match=said):
			api.open_non_conformance(slip.name, r.shown(slip), row(slip).name, *values)
	with as_user(quality):
		api.open_non_conformance(slip.name, r.shown(slip), row(slip).name, by, "Pouch leaks", "See the test")
	slip.reload()
	doc = frappe.get_doc("Non Conformance", row(slip).non_conformance)
	assert (doc.status, doc.procedure, doc.qms_return_slip) == ("Open", by, slip.name)
	with (
		as_user(quality),
		nothing_changes(slip),
		pytest.raises(QMSRefusal, match=r"G5: .*open on this batch"),
	):
		api.open_non_conformance(slip.name, r.shown(slip), row(slip).name, by, "Again")


@pytest.mark.rule("G5", "K3")
def test_quality_signs_that_it_was_looked_at_and_what_was_seen_is_kept(
	world: c.World, slip: Document, quarantine: str
) -> None:
	user = keeper()
	with nothing_changes(slip), pytest.raises(QMSRefusal, match=r"G5: .*Do it, or say why not"):
		looked_at(slip, user, "/")
	with as_user(user):
		api.block_batch(slip.name, r.shown(slip), row(slip).name)
		api.move_batch(slip.name, r.shown(slip), row(slip).name)
		api.open_non_conformance(slip.name, r.shown(slip), row(slip).name, procedure(), "Leaks")
	looked_at(slip, user, "/")
	one = row(slip)
	assert (one.deliveries, one.customers, one.delivered_qty, one.stock_qty) == (2, 2, 15, 0)
	seen = json.loads(one.seen)
	assert len(seen["customers"]) == 2 and seen["stock"] == [{"warehouse": quarantine, "quantity": "10"}]
	signature = frappe.get_last_doc("Electronic Signature", {"reference_name": slip.name})
	assert (signature.meaning, signature.signer, signature.role) == (batch.LOOKED_AT, user, roles.QUALITY)
	with nothing_changes(slip), pytest.raises(QMSRefusal, match=r"G5: .*was looked at by"):
		looked_at(slip, user, "/")
	assert verification.verify(r.SLIP, slip.name).findings == []


@pytest.mark.rule("G5", "L1", "K3")
def test_only_quality_signs_it_and_only_who_sees_all_deliveries(world: c.World, slip: Document) -> None:
	for user in (world.gm, world.sales, "Administrator", make_user("System Manager", "Quality Manager")):
		with nothing_changes(slip), pytest.raises(QMSRefusal, match=r"G5: .*looked at by: |K3"):
			looked_at(slip, user, "Nothing to do")
	frappe.db.set_value(
		"Custom DocPerm", {"parent": "POS Invoice", "role": roles.QUALITY}, "read", 0, update_modified=False
	)
	frappe.clear_cache(doctype="POS Invoice")
	try:
		with nothing_changes(slip), pytest.raises(QMSRefusal, match="G5: You may not read"):
			looked_at(slip, world.person(roles.QUALITY), "Nothing to do")
	finally:
		frappe.clear_cache(doctype="POS Invoice")


@pytest.mark.rule("G5", "L1")
def test_nobody_signs_for_deliveries_that_user_permissions_hide(world: c.World, slip: Document) -> None:
	quality = make_user(roles.QUALITY)
	frappe.get_doc(
		{
			"doctype": "User Permission",
			"user": quality,
			"allow": "Customer",
			"for_value": slip.customer,
			"apply_to_all_doctypes": 1,
		}
	).insert()
	with as_user(quality):
		found = batch.rest(slip, row(slip).item_code, row(slip).batch_no)
	assert len(found["customers"]) == 1 and found["withheld"] == ["Delivery Note"]
	with nothing_changes(slip), pytest.raises(QMSRefusal, match="G5: You may not read"):
		looked_at(slip, quality, "Only one customer has it")


@pytest.mark.rule("G5", "L1")
def test_the_panel_names_no_place_and_no_customer_that_its_reader_may_not_see(
	world: c.World, slip: Document
) -> None:
	code, lot = row(slip).item_code, row(slip).batch_no
	at = c.customer(customer_name=c.unique("Clinic"))
	site = frappe.get_doc(
		{
			"doctype": "Warehouse",
			"warehouse_name": c.unique("Site"),
			"company": COMPANY,
			"parent_warehouse": f"All Warehouses - {ABBR}",
			"qms_customer": at,
		}
	).insert()
	rest = frappe._dict(warehouse=site.name, company=COMPANY, quantity=Decimal(2), customer=at)
	elsewhere = frappe._dict(warehouse="Stores - X", company="X", quantity=Decimal(3), customer="")
	rests = {(code, lot): {"stock": [rest, elsewhere]}}
	with as_user(world.person(roles.QUALITY)):
		(seen, hidden) = claim_panel.shown(rests)[code, lot]
	assert (seen.customer, hidden.warehouse) == (at, "Stores - X")
	reader = make_user(roles.QUALITY)
	for allow, value in (("Customer", slip.customer), ("Company", COMPANY)):
		frappe.get_doc(
			{
				"doctype": "User Permission",
				"user": reader,
				"allow": allow,
				"for_value": value,
				"apply_to_all_doctypes": 1,
			}
		).insert()
	with as_user(reader):
		(seen, hidden) = claim_panel.shown(rests)[code, lot]
	assert (seen.warehouse, seen.customer, seen.away) == (site.name, "", True)
	assert (hidden.warehouse, hidden.quantity) == ("", 3)


@pytest.mark.rule("G5")
def test_a_good_batch_is_not_touched(world: c.World) -> None:
	good = r.good(world, r.claimed(world))
	assert not good.batch_measures
	with as_user(keeper()), nothing_changes(good), pytest.raises(QMSRefusal, match=r"G5: .*no bad batch"):
		api.block_batch(good.name, r.shown(good), good.sample_tests[0].name)


@pytest.mark.rule("G5", "L1")
def test_quality_gets_the_rights_it_needs_where_the_app_was_in_use(world: c.World) -> None:
	frappe.db.set_value("Custom DocPerm", {"parent": "Batch", "role": roles.QUALITY}, "write", 0)
	frappe.clear_cache(doctype="Batch")
	permissions.grant_written()
	with as_user(world.person(roles.QUALITY)):
		assert frappe.has_permission("Batch", "write")
		assert frappe.has_permission("Quality Inspection", "submit")
		assert not frappe.has_permission("Quality Inspection", "delete")


def asked(world: c.World, slip: Document) -> bool:
	"""Whether the slip waits in the inbox of Quality."""
	about = {"reference_name": slip.name, "allocated_to": world.person(roles.QUALITY), "status": "Open"}
	return bool(frappe.db.exists("ToDo", about))


@pytest.mark.rule("G5", "G3", "L3")
def test_the_test_of_another_sample_still_waits_when_the_bad_batch_was_looked_at(world: c.World) -> None:
	quality, code = world.person(roles.QUALITY), r.device()
	customer, first = r.sold(code)
	_customer, second = r.sold(code, customer=customer)
	slip = r.bad(world, r.put_forward(world, customer, (code, first, 1), (code, second, 1)))
	looked_at(slip, quality, "All of it is with this customer")
	assert slip.workflow_state == states.RETURN_TESTING and asked(world, slip)
	r.found(world, slip, "Good", r.inspected(world, slip, row=1), row=1)
	assert slip.workflow_state == states.RETURN_PENDING and not asked(world, slip)


@pytest.mark.rule("G5", "L3")
def test_the_batch_waits_for_quality_also_after_the_route_was_decided(world: c.World, slip: Document) -> None:
	r.decide(slip, world.person(roles.BUSINESS_MANAGER))
	assert asked(world, slip)
	d.routed(world, slip)
	assert asked(world, slip)


@pytest.mark.rule("G5")
def test_several_bad_batches_are_read_at_once_and_each_as_by_itself(world: c.World) -> None:
	code, other = r.device(), r.device()
	customer, first = r.sold(code)
	lots = [(code, first)]
	for item in (code, other):
		_customer, batch_no = r.sold(item, customer=customer)
		lots.append((item, batch_no))
	sales.delivered(c.customer(), {"item_code": code, "qty": 3, "batch_no": first})
	sales.as_text("Delivery Note", sales.delivered(customer, {"item_code": other, "batch_no": lots[2][1]}))
	slip = r.put_forward(world, customer, *((*lot, 1) for lot in lots))
	with as_user(world.person(roles.QUALITY)):
		alone = {lot: batch.rest(slip, *lot) for lot in lots}
		with count_queries() as few:
			batch.rests(slip, lots[:1])
		with count_queries() as many:
			found = batch.rests(slip, lots)
	assert found == alone and few.count == many.count
	assert [len(found[lot]["customers"]) for lot in lots] == [2, 1, 1]
	assert [float(found[lot]["customers"][0].quantity) for lot in lots] == [10, 10, 11]
