"""A return slip from the call to putting it forward: made, completed, counted, withdrawn (G1, G2, G7)."""

from __future__ import annotations

import frappe
import pytest
from erpnext.accounts.doctype.sales_invoice.sales_invoice import make_delivery_note as delivery_of
from erpnext.accounts.doctype.sales_invoice.sales_invoice import make_sales_return
from erpnext.stock.doctype.delivery_note.delivery_note import make_sales_invoice as bill_of
from frappe.model.document import Document

from qms_customer.contract import states
from qms_customer.messages import QMSRefusal
from qms_customer.records import contents, verification
from qms_customer.returns import edit, make
from qms_customer.returns import return_api as api
from qms_customer.rules import people as roles
from tests.support import claims, sales
from tests.support import contracts as c
from tests.support import disposed as d
from tests.support import returned as r
from tests.support.doors import nothing_changes
from tests.support.people import as_user, make_user
from tests.support.plain import hooks_off
from tests.support.sql import count_queries


def said(slip: Document) -> list[str]:
	copy = frappe.get_doc(slip.as_dict())
	return [f"{p.rule}: {p.message} {p.args}" for p in edit.problems(copy, edit.complete(copy))]


def typed(world: c.World, customer: str, *rows: dict, **values: object) -> Document:
	"""A slip that Sales fills in by hand."""
	with as_user(world.second_sales()):
		return frappe.get_doc(
			{
				"doctype": r.SLIP,
				"customer": customer,
				"company": c.COMPANY,
				"wanted": "Refund",
				"items": [{"reason_details": "Leaks", "qty": 1, **row} for row in rows],
				**values,
			}
		).insert()


@pytest.mark.rule("G1")
def test_a_slip_of_a_delivery_says_all_that_the_procedure_asks_for(world: c.World) -> None:
	note = r.delivered(10)
	slip = r.slip(world, note, 4)
	row = slip.items[0]
	assert (slip.customer, slip.source_name, slip.workflow_state) == (
		note.customer,
		note.name,
		states.RETURN_DRAFT,
	)
	assert (row.item_code, row.batch_no, row.stock_qty, row.delivery, row.delivery_row) == (
		note.items[0].item_code,
		note.items[0].batch_no,
		4,
		note.name,
		note.items[0].name,
	)
	assert (row.rate, row.amount, slip.total_qty, slip.total_amount) == (100, 400, 4, 400)
	assert str(row.delivered_on) == str(note.posting_date)


@pytest.mark.rule("G1")
def test_it_is_put_forward_once_the_customer_has_confirmed(world: c.World) -> None:
	slip = r.slip(world, r.delivered(10), 4)
	with pytest.raises(QMSRefusal, match="G1: The customer has not confirmed"):
		r.put_forward(world, slip)
	r.put_forward(world, r.confirmed(world, slip))
	assert slip.workflow_state == states.RETURN_PENDING
	assert slip.put_forward_by == world.second_sales()
	assert verification.verify(r.SLIP, slip.name).findings == []


@pytest.mark.rule("G1")
def test_what_was_confirmed_is_void_when_the_slip_says_something_else(world: c.World) -> None:
	slip = r.confirmed(world, r.slip(world, r.delivered(10), 4))
	with as_user(world.second_sales()):
		slip.contact_name = "Dr Wu"
		slip.save()
		assert slip.confirmation == "Signed Paper"
		slip.items[0].qty = 5
		slip.save()
	assert not slip.reload().confirmation
	assert not slip.confirmation_file


@pytest.mark.rule("G1")
def test_nobody_begins_with_what_its_steps_fill_in(world: c.World) -> None:
	note = r.delivered(10)
	slip = typed(
		world,
		note.customer,
		{"item_code": note.items[0].item_code, "batch_no": note.items[0].batch_no, "rate": 1, "amount": 1},
		decision="Approved",
		confirmation="Signed Paper",
		put_forward_on="2026-01-01 00:00:00",
		workflow_state=states.RETURN_AWAITED,
	)
	slip.reload()
	assert not (slip.decision or slip.confirmation or slip.put_forward_on)
	assert (slip.workflow_state, slip.items[0].rate) == (states.RETURN_DRAFT, 100)
	with pytest.raises(QMSRefusal, match="C11"):
		typed(
			world,
			note.customer,
			{"item_code": note.items[0].item_code},
			approvals=[{"role": roles.BUSINESS_MANAGER}],
		)


@pytest.mark.rule("G1")
def test_it_is_not_edited_any_more_once_it_is_put_forward(world: c.World) -> None:
	slip = r.claiming(world, r.delivered(10), 4)
	with as_user(world.second_sales()):
		slip.items[0].qty = 9
		with pytest.raises(QMSRefusal, match="C11"):
			slip.save()


@pytest.mark.rule("G7")
def test_never_more_than_was_delivered_less_what_is_back_and_on_other_slips(world: c.World) -> None:
	note = r.delivered(10)
	sales.returned(note, qty=-2, stock_qty=-2)
	first = r.claiming(world, note, 5)
	assert first.workflow_state == states.RETURN_PENDING
	second = r.slip(world, note)
	assert second.items[0].qty == 3
	with as_user(world.second_sales()):
		second.items[0].qty = 4
		second.save()
	with pytest.raises(QMSRefusal, match="10 were delivered, 2 are back already and 5 are on other"):
		r.put_forward(world, r.confirmed(world, second))
	with as_user(world.second_sales()):
		api.withdraw(first.name, r.shown(first), "Found again")
	r.put_forward(world, second)


@pytest.mark.rule("G7")
def test_two_drafts_of_the_same_goods_are_counted_one_after_the_other(world: c.World) -> None:
	note = r.delivered(10)
	one, two = (r.confirmed(world, r.slip(world, note, 6)) for _ in range(2))
	r.put_forward(world, one)
	with pytest.raises(QMSRefusal, match="G7"):
		r.put_forward(world, two)
	assert two.reload().workflow_state == states.RETURN_DRAFT


@pytest.mark.rule("G7")
def test_another_customers_batch_is_called_by_its_name(world: c.World) -> None:
	note = r.delivered(10)
	code = note.items[0].item_code
	mine = r.delivered(10, code=code)
	slip = typed(world, mine.customer, {"item_code": code, "batch_no": note.items[0].batch_no})
	name = frappe.db.get_value("Customer", note.customer, "customer_name")
	assert any("never to" in p and name in p for p in said(slip))
	wrong = typed(world, mine.customer, {"item_code": code, "batch_no": sales.batch(code, 1)})
	assert any("nothing of batch" in p for p in said(wrong))


@pytest.mark.rule("G7")
def test_cancelled_deliveries_and_returns_do_not_count(world: c.World) -> None:
	note = r.delivered(10)
	back = sales.returned(note, qty=-4, stock_qty=-4)
	assert r.slip(world, note).items[0].qty == 6
	with sales.hooks_off():
		back.reload().cancel()
	slip = r.slip(world, note)
	assert slip.items[0].qty == 10
	with sales.hooks_off():
		note.reload().cancel()
	assert any("nothing of batch" in p for p in said(slip))
	with pytest.raises(QMSRefusal, match="delivered nothing"):
		make.from_delivery(note.doctype, note.name)


@pytest.mark.rule("G7")
def test_rows_with_batch_in_their_text_count_as_well(world: c.World) -> None:
	note = r.delivered(10)
	sales.as_text("Delivery Note", note)
	assert r.slip(world, note.reload()).items[0].qty == 10


@pytest.mark.rule("G7")
def test_goods_of_several_deliveries_become_several_rows(world: c.World) -> None:
	code, customer = r.device(), c.customer()
	batch = sales.batch(code, 20)
	first = r.delivered(5, customer, code, batch_no=batch)
	second = sales.invoiced(customer, {"item_code": code, "qty": 5, "batch_no": batch})
	slip = typed(world, customer, {"item_code": code, "batch_no": batch, "qty": 8})
	assert [(row.delivery, row.qty) for row in slip.items] == [(second.name, 5), (first.name, 3)]
	assert said(slip) == []


@pytest.mark.rule("G7")
def test_serial_numbers_that_came_back_are_not_returned_twice(world: c.World) -> None:
	code = c.item(has_serial_no=1)
	names = sales.serials(code, 3)
	note = sales.delivered(c.customer(), {"item_code": code, "qty": 3, "serial_no": "\n".join(names)})
	slip = r.slip(world, note)
	assert sorted(slip.items[0].serial_nos.split("\n")) == sorted(names)
	sales.returned(note, qty=-1, stock_qty=-1, serial_no=names[0])
	assert any(names[0] in p and "not with the customer" in p for p in said(slip))
	one = typed(world, note.customer, {"item_code": code, "qty": 0, "serial_nos": names[1].lower()})
	assert (one.items[0].qty, one.items[0].serial_nos) == (1, names[1])
	twice = typed(world, note.customer, *({"item_code": code, "serial_nos": names[1]} for _ in range(2)))
	assert any("stands in row" in p for p in said(twice))
	r.put_forward(world, r.confirmed(world, one))
	again = typed(world, note.customer, {"item_code": code, "serial_nos": names[1]})
	assert any("is on return slip" in p and one.name in p for p in said(again))


@pytest.mark.rule("G7")
def test_units_are_counted_in_the_stock_unit(world: c.World) -> None:
	code = r.device(uoms=[{"uom": "Box", "conversion_factor": 5}])
	note = r.delivered(2, code=code, uom="Box", conversion_factor=5)
	slip = r.slip(world, note)
	assert (slip.items[0].qty, slip.items[0].uom) == (10, "Nos")
	with as_user(world.second_sales()):
		slip.items[0].update({"qty": 2, "uom": "Box"})
		slip.save()
	assert (slip.items[0].stock_qty, slip.items[0].amount) == (10, 200)
	assert said(slip) == []
	with as_user(world.second_sales()):
		slip.items[0].uom = "Kg"
		slip.save()
	assert any("is no unit of this item" in p for p in said(slip))
	with as_user(world.second_sales()):
		slip.items[0].update({"uom": "Nos", "qty": 1.5})
		slip.save()
	assert any("whole numbers" in p for p in said(slip))


@pytest.mark.rule("G7")
def test_parts_of_bundles_come_back_as_parts(world: c.World) -> None:
	part = r.device()
	batch = sales.batch(part, 20)
	kit = c.item(is_stock_item=0)
	frappe.get_doc(
		{"doctype": "Product Bundle", "new_item_code": kit, "items": [{"item_code": part, "qty": 2}]}
	).insert()
	with sales.hooks_off():
		note = frappe.get_doc(
			{
				"doctype": "Delivery Note",
				"company": c.COMPANY,
				"customer": c.customer(),
				"items": [{"item_code": kit, "qty": 3, "rate": 100, "warehouse": c.warehouse()}],
			}
		).insert()
		note.packed_items[0].update({"use_serial_batch_fields": 1, "batch_no": batch})
		note.save()
		note.submit()
	slip = r.slip(world, note)
	row = slip.items[0]
	assert (row.item_code, row.batch_no, row.qty, row.delivery_row) == (
		part,
		batch,
		6,
		note.packed_items[0].name,
	)
	by_kit = typed(world, note.customer, {"item_code": kit})
	assert any("no stock item" in p for p in said(by_kit))


@pytest.mark.rule("G2")
def test_a_bulk_return_is_one_by_share_quantity_or_amount(world: c.World) -> None:
	note = r.delivered(10)
	assert not r.slip(world, note, 4).is_bulk
	assert r.slip(world, note, 5).is_bulk
	settings = frappe.get_doc("QMS Customer Settings")
	settings.update({"bulk_return_share": 0, "bulk_return_amount": 300, "change_reason": "G2"})
	c.save_settings(settings)
	assert r.slip(world, note, 3).is_bulk
	assert not r.slip(world, note, 2).is_bulk
	settings.reload().update({"bulk_return_amount": 0, "bulk_return_qty": 9, "change_reason": "G2"})
	c.save_settings(settings)
	assert r.slip(world, note, 9).is_bulk
	assert not r.slip(world, note, 8).is_bulk


@pytest.mark.rule("G2")
def test_a_bulk_return_in_parts_is_a_bulk_return(world: c.World) -> None:
	note = r.delivered(10)
	r.claiming(world, note, 4)
	assert r.slip(world, note, 1).is_bulk


@pytest.mark.rule("G2")
def test_a_quantity_in_parts_is_a_bulk_return_too(world: c.World) -> None:
	settings = frappe.get_doc("QMS Customer Settings")
	settings.update({"bulk_return_share": 0, "bulk_return_qty": 9, "change_reason": "G2"})
	c.save_settings(settings)
	note = r.delivered(20)
	r.claiming(world, note, 5)
	assert not r.slip(world, note, 3).is_bulk
	assert r.slip(world, note, 4).is_bulk


@pytest.mark.rule("G2")
def test_bundles_that_come_back_in_parts_are_a_bulk_return(world: c.World) -> None:
	part = c.item(stock=50)
	note = sales.delivered(
		c.customer(), {"item_code": sales.kit((part, 1)), "qty": 10, "use_serial_batch_fields": 0}
	)
	packed = note.packed_items[0]
	assert not r.slip(world, note, 4).is_bulk
	d.back(world, d.approved(world, {"delivery": note, "row": packed, "item_code": part, "stock_qty": 4}))
	assert r.slip(world, note, 1).is_bulk


@pytest.mark.rule("G2")
def test_what_came_of_another_slip_is_counted_once(world: c.World) -> None:
	note = r.delivered(10)
	d.back(world, d.approved(world, (note, 0, 3)), 2)
	assert not r.slip(world, note, 1).is_bulk
	assert r.slip(world, note, 2).is_bulk


@pytest.mark.rule("G2")
def test_a_credit_that_moves_no_stock_is_no_return_of_goods(world: c.World) -> None:
	code = c.item(stock=20)
	invoice = sales.invoiced(c.customer(), {"item_code": code, "qty": 10, "use_serial_batch_fields": 0})
	with sales.hooks_off():
		credit = make_sales_return(invoice.name)
		credit.update_stock = 0
		credit.items[0].qty = -4
		credit.insert().submit()
	assert not r.slip(world, invoice, 1).is_bulk
	assert r.slip(world, invoice, 5).is_bulk


@pytest.mark.rule("G3")
def test_a_reason_of_quality_makes_a_claim_unless_said_otherwise(world: c.World) -> None:
	note = r.delivered(10)
	row = {"item_code": note.items[0].item_code, "batch_no": note.items[0].batch_no}
	claim = typed(world, note.customer, {**row, "reason_code": "Quality Defect"})
	assert claim.is_quality_claim
	other = typed(
		world, note.customer, {**row, "reason_code": "Quality Defect"}, claim_reason="Dropped by the user"
	)
	assert not other.is_quality_claim
	r.put_forward(world, r.confirmed(world, claim))
	assert claim.workflow_state == states.RETURN_TESTING


@pytest.mark.rule("G1")
def test_a_slip_is_withdrawn_signed_and_with_a_reason(world: c.World) -> None:
	slip = r.claiming(world, r.delivered(10), 4)
	with as_user(world.second_sales()):
		with pytest.raises(QMSRefusal, match="Say why"):
			api.withdraw(slip.name, r.shown(slip), "/")
	with as_user(world.person(roles.QUALITY)), pytest.raises(QMSRefusal, match="withdrawn by Sales"):
		api.withdraw(slip.name, r.shown(slip), "No")
	with as_user(world.second_sales()):
		api.withdraw(slip.name, r.shown(slip), "Found again")
		assert slip.reload().workflow_state == states.RETURN_WITHDRAWN
		with pytest.raises(QMSRefusal, match="decided already"):
			api.withdraw(slip.name, r.shown(slip), "Again")
	assert (slip.docstatus, slip.decision) == (1, "Withdrawn")
	assert slip.closed_on
	assert verification.verify(r.SLIP, slip.name).findings == []


@pytest.mark.rule("G2")
def test_a_slip_goes_all_the_way_to_its_approval(world: c.World) -> None:
	slip = r.approved_slip(world, r.delivered(10), 5)
	assert (slip.is_bulk, slip.workflow_state, slip.docstatus) == (1, states.RETURN_ROUTING, 1)


@pytest.mark.rule("G1")
def test_a_code_is_a_device_a_batch_or_a_barcode(world: c.World) -> None:
	note = r.delivered(10)
	code, batch = note.items[0].item_code, note.items[0].batch_no
	item = frappe.get_doc("Item", code)
	item.append("barcodes", {"barcode": "6901234567892"})
	item.save()
	serial_item = c.item(has_serial_no=1)
	serial = sales.serials(serial_item, 1)[0]
	device = sales.delivered(c.customer(), {"item_code": serial_item, "qty": 1, "serial_no": serial})
	with as_user(world.second_sales()):
		assert api.read_code(batch)["batch_no"] == batch
		assert api.read_code("6901234567892")["item_code"] == code
		found = api.make_from_code(serial)["slip"]
		assert (found["customer"], found["items"][0]["serial_nos"]) == (device.customer, serial)
		assert api.make_from_code(batch)["slip"]["customer"] == note.customer
		with pytest.raises(QMSRefusal, match="has batches"):
			api.make_from_code("6901234567892")
		with pytest.raises(QMSRefusal, match="Scan it again"):
			api.read_code("nothing of ours")
	other = r.delivered(5, code=code, batch_no=batch)
	with as_user(world.second_sales()):
		choice = api.make_from_code(batch)["choice"]
		assert {one["customer"] for one in choice} == {note.customer, other.customer}
		assert api.make_from_code(batch, customer=other.customer)["slip"]["customer"] == other.customer


@pytest.mark.rule("G7")
def test_a_device_that_was_sold_again_is_with_whoever_has_it_now(world: c.World) -> None:
	code = c.item(has_serial_no=1)
	serial = sales.serials(code, 1)[0]
	first = sales.delivered(c.customer(), {"item_code": code, "qty": 1, "serial_no": serial})
	sales.returned(first)
	second = sales.delivered(c.customer(), {"item_code": code, "qty": 1, "serial_no": serial})
	with as_user(world.second_sales()):
		assert api.make_from_code(serial)["slip"]["customer"] == second.customer
	assert any(
		"not with the customer" in p for p in said(typed(world, first.customer, _device(code, serial)))
	)
	assert said(typed(world, second.customer, _device(code, serial))) == []
	sales.returned(second)
	sales.delivered(first.customer, {"item_code": code, "qty": 1, "serial_no": serial})
	assert said(typed(world, first.customer, _device(code, serial))) == []


def _device(code: str, serial: str) -> dict:
	return {"item_code": code, "serial_nos": serial}


@pytest.mark.rule("G7")
def test_goods_without_batches_are_counted_by_item(world: c.World) -> None:
	code = c.item(stock=50)
	note = sales.delivered(c.customer(), {"item_code": code, "qty": 10})
	r.claiming(world, note, 7)
	slip = r.slip(world, note)
	assert (slip.items[0].qty, slip.items[0].batch_no) == (3, None)
	more = typed(world, note.customer, {"item_code": code, "qty": 4})
	assert any("G7" in p for p in said(more))
	with_batch = typed(
		world, note.customer, {"item_code": code, "batch_no": r.delivered(1).items[0].batch_no}
	)
	assert any("has no batches" in p for p in said(with_batch))


@pytest.mark.rule("G7")
def test_invoices_that_move_no_stock_deliver_nothing(world: c.World) -> None:
	code, customer = r.device(), c.customer()
	batch = sales.batch(code, 20)
	bill = sales.invoiced(customer, {"item_code": code, "qty": 5}, update_stock=0)
	with pytest.raises(QMSRefusal, match="delivered by a delivery note"):
		make.from_delivery("Sales Invoice", bill.name)
	assert any(
		"nothing of batch" in p for p in said(typed(world, customer, {"item_code": code, "batch_no": batch}))
	)


@pytest.mark.rule("G1", "G7")
def test_a_slip_is_made_of_the_deliveries_that_an_invoice_bills(world: c.World) -> None:
	code, customer = c.item(stock=50), c.customer()
	rows = [{"item_code": code, "qty": 5}, {"item_code": r.device(), "qty": 2}]
	rows[1]["batch_no"] = sales.batch(rows[1]["item_code"], 9)
	note = sales.delivered(customer, *rows)
	other = sales.delivered(customer, {"item_code": code, "qty": 7})
	draft = bill_of(note.name)
	# Only the first row is billed.
	draft.set("items", draft.items[:1])
	with hooks_off():
		bill = draft.insert()
		bill.submit()
	slip = make.from_delivery("Sales Invoice", bill.name)
	assert [(i.item_code, i.qty, i.delivery, i.delivery_row) for i in slip.items] == [
		(code, 5, note.name, note.items[0].name)
	]
	assert (slip.source_doctype, slip.source_name) == ("Sales Invoice", bill.name)
	# An invoice that was there before its delivery.
	before = sales.invoiced(customer, {"item_code": code, "qty": 3}, update_stock=0)
	with pytest.raises(QMSRefusal, match=r"G7: .*delivered by a delivery note"):
		make.from_delivery("Sales Invoice", before.name)
	later = delivery_of(before.name)
	with hooks_off():
		later.insert()
		later.submit()
	slip = make.from_delivery("Sales Invoice", before.name)
	assert [(i.delivery, i.qty) for i in slip.items] == [(later.name, 3)]
	assert other.name not in {i.delivery for i in slip.items}
	with as_user(world.person(roles.PRODUCTION)), pytest.raises(frappe.PermissionError):
		api.make_from_delivery("Sales Invoice", bill.name)


@pytest.mark.rule("G1", "L1")
def test_no_customer_is_named_to_whom_user_permissions_hide_them(world: c.World) -> None:
	note = r.delivered(10)
	code, batch = note.items[0].item_code, note.items[0].batch_no
	other = sales.delivered(c.customer(), {"item_code": code, "qty": 1, "batch_no": batch})
	user = make_user(roles.SALES_USER)
	frappe.get_doc(
		{"doctype": "User Permission", "user": user, "allow": "Customer", "for_value": note.customer}
	).insert()
	third = c.customer()
	mixed = typed(world, third, {"item_code": code, "batch_no": batch})
	assert any("was delivered to" in p and "never to" in p for p in said(mixed))
	with as_user(user):
		# One is left to choose from: the one whom they may see.
		assert api.make_from_code(batch)["slip"]["customer"] == note.customer
		with pytest.raises(QMSRefusal, match=r"G7: .*whom you may see"):
			api.make_from_code(batch, customer=other.customer)
	alone = make_user(roles.SALES_USER)
	frappe.get_doc(
		{"doctype": "User Permission", "user": alone, "allow": "Customer", "for_value": third}
	).insert()
	with as_user(alone):
		known = edit.complete(mixed)
		found = " ".join(str(one) for one in edit.problems(mixed, known))
	assert "nothing of batch" in found and "never to" not in found


@pytest.mark.rule("L1")
def test_who_does_not_fill_in_slips_makes_none(world: c.World) -> None:
	note = r.delivered(10)
	with as_user(world.person(roles.PRODUCTION)), pytest.raises(frappe.PermissionError):
		api.make_from_delivery(note.doctype, note.name)
	slip = r.confirmed(world, r.slip(world, note, 4))
	with as_user(world.gm), pytest.raises(QMSRefusal, match="filled in by"):
		api.put_forward(slip.name, r.shown(slip))
	with pytest.raises(QMSRefusal, match="filled in by"):
		# Administrator.
		api.put_forward(slip.name, r.shown(slip))


@pytest.mark.rule("G7")
def test_the_number_of_queries_does_not_depend_on_rows(world: c.World) -> None:
	def cost(rows: int) -> int:
		customer = c.customer()
		made = []
		for _ in range(rows):
			code = r.device()
			made.append({"item_code": code, "qty": 2, "batch_no": sales.batch(code, 5)})
		note = sales.delivered(customer, *made)
		slip = r.slip(world, note)
		assert len(slip.items) == rows
		edit.complete(slip)
		with count_queries() as counted:
			edit.complete(slip)
		return counted.count

	assert cost(2) == cost(6)


@pytest.mark.rule("K2", "G1")
def test_photos_of_what_is_complained_about_are_kept(world: c.World) -> None:
	slip = r.slip(world, r.delivered(10), 4)
	on = {"attached_to_doctype": r.SLIP, "attached_to_name": slip.name}
	with as_user(world.second_sales()):
		c.upload(**on).delete()
		photo = c.upload(**on)
	r.put_forward(world, r.confirmed(world, slip))
	refused = "K2: .*" + slip.name
	late = c.upload(**on)
	for user in (world.second_sales(), "Administrator"):
		with as_user(user):
			for file in (photo, late):
				with nothing_changes(slip):
					with pytest.raises(QMSRefusal):
						frappe.delete_doc("File", file.name, ignore_permissions=True)
					with pytest.raises(QMSRefusal, match=refused):
						frappe.get_doc("File", file.name).update({"attached_to_name": ""}).save(
							ignore_permissions=True
						)
				assert frappe.get_doc("File", file.name).exists_on_disk()
	# Whoever decides signs them, each with its SHA-256.
	claims.decide(slip.reload(), world.person(roles.BUSINESS_MANAGER))
	signed = frappe.get_all(
		"Electronic Signature", filters={"reference_name": slip.name}, pluck="attachments"
	)
	for file in (photo, late):
		assert any(contents.file_hash(file) in one for one in signed)
