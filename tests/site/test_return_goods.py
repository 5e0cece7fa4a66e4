"""What becomes of goods whose return is approved: route, arrival, destruction, disposition (G6, G7)."""

from __future__ import annotations

import frappe
import pytest
from erpnext.accounts.doctype.accounting_period.accounting_period import ClosedAccountingPeriod
from frappe.utils import add_days, nowdate

from qms_customer.contract import states
from qms_customer.messages import QMSRefusal
from qms_customer.records import verification
from qms_customer.returns import claim_api
from qms_customer.returns import disposition_api as api
from qms_customer.rules import people as roles
from tests.support import claims, sales
from tests.support import contracts as c
from tests.support import disposed as d
from tests.support import goods as g
from tests.support.company import ABBR, COMPANY
from tests.support.people import as_user, make_user

NOTE, ENTRY = "Delivery Note", "Stock Entry"


@pytest.fixture
def slip(world: c.World) -> frappe._dict:
	"""An approved slip on four of ten pieces of a batch that were delivered without a contract."""
	code = c.item(has_batch_no=1, create_new_batch=0)
	batch = sales.batch(code, 20)
	note = sales.delivered(c.customer(), {"item_code": code, "qty": 10, "batch_no": batch})
	return frappe._dict(note=note, batch=batch, code=code, doc=d.approved(world, (note, 0, 4)))


def refused(call: object, pattern: str) -> None:
	"""Assert that a step is refused, and that neither stock nor accounts moved."""
	before = g.ledgers()
	with pytest.raises(QMSRefusal, match=pattern):
		call()
	assert g.ledgers() == before


# The route


@pytest.mark.rule("G6")
def test_g6_goods_come_back_into_quarantine_by_erpnexts_own_return(world, slip):
	doc = d.routed(world, slip.doc)
	assert doc.workflow_state == states.RETURN_AWAITED
	assert (doc.freight, doc.goods_value, doc.routed_by) == (10, 40, world.sales)
	doc = d.received(world, doc)
	assert doc.workflow_state == states.RETURN_QUARANTINED
	returned = frappe.get_doc(NOTE, doc.arrivals[0].document)
	assert (returned.docstatus, returned.is_return, returned.return_against) == (1, 1, slip.note.name)
	assert (returned.qms_return_slip, returned.issue_credit_note) == (doc.name, 0)
	assert d.stock(slip.code, d.quarantine(), slip.batch) == 4
	assert verification.verify(d.SLIP, doc.name).findings == []
	quality = world.person(roles.QUALITY)
	assert frappe.db.exists("ToDo", {"reference_name": doc.name, "allocated_to": quality, "status": "Open"})


@pytest.mark.rule("G6")
def test_g6_sales_decides_the_route_by_cost_and_says_why(world, slip):
	for user in (world.person(roles.QUALITY), world.person(roles.FINANCE)):
		refused(lambda user=user: d.routed(world, slip.doc, user=user), "G6: .*decided by")
	refused(lambda: d.routed(world, slip.doc, reason="/"), "Say why")
	refused(lambda: d.routed(world, slip.doc, freight=None), "what it would cost")
	refused(lambda: d.routed(world, slip.doc, "Elsewhere"), "come back or are destroyed")
	with as_user(world.sales):
		refused(
			lambda: api.decide_route(slip.doc.name, "stale", "Back to Us", 1, "Cheap"), "C12: .*has changed"
		)


@pytest.mark.rule("G6")
def test_g6_administrator_decides_nothing(world, slip):
	with pytest.raises(QMSRefusal, match=r"G6: .*decided by"):
		api.decide_route(slip.doc.name, d.shown(slip.doc), "Back to Us", 1, "Cheap")


@pytest.mark.rule("G6")
def test_g6_what_has_not_come_yet_may_take_another_route(world, slip):
	doc = d.back(world, slip.doc, 3)
	assert doc.workflow_state == states.RETURN_AWAITED
	doc = d.routed(world, doc, "Destroyed on Site")
	assert (doc.workflow_state, doc.goods_value) == (states.RETURN_DESTROYING, 10)
	doc = d.destroyed(world, doc, 1)
	assert doc.workflow_state == states.RETURN_QUARANTINED


@pytest.mark.rule("G2")
@pytest.mark.rule("G6")
def test_g2_nothing_moves_before_the_return_is_approved(world, slip):
	frappe.db.set_value(d.SLIP, slip.doc.name, "workflow_state", states.RETURN_PENDING)
	slip.doc.reload()
	refused(lambda: d.routed(world, slip.doc), "G6: .*not at this step")
	refused(lambda: d.received(world, slip.doc), "G6: .*not at this step")


# Arrival


@pytest.mark.rule("G7")
def test_g7_goods_arrive_in_parts_and_never_more_than_approved(world, slip):
	doc = d.back(world, slip.doc, 1)
	assert doc.workflow_state == states.RETURN_AWAITED
	refused(lambda: d.received(world, doc, 4), "G7: .*3 are outstanding")
	doc = d.received(world, doc, 3)
	assert doc.workflow_state == states.RETURN_QUARANTINED
	assert [row.qty for row in doc.arrivals] == [1, 3]
	refused(lambda: d.received(world, doc, 1), "not at this step")
	assert d.stock(slip.code, d.quarantine(), slip.batch) == 4


@pytest.mark.rule("G6")
def test_g6_what_differs_from_the_slip_is_recorded(world, slip):
	doc = d.routed(world, slip.doc)
	extra = {"other_batch": "B-9", "other_qty": 2}
	refused(lambda: d.received(world, doc, 3, **extra), "describe what came")
	doc = d.received(world, doc, 3, difference="One less, two of batch B-9", **extra)
	(row,) = doc.arrivals
	assert (row.qty, row.other_batch, row.other_qty) == (3, "B-9", 2)
	assert row.difference == "One less, two of batch B-9"
	assert d.stock(slip.code, d.quarantine()) == 3


@pytest.mark.rule("G6")
def test_g6_what_never_comes_is_written_off_with_a_reason_and_moves_nothing(world, slip):
	doc = d.back(world, slip.doc, 3)
	before = g.ledgers()
	refused(lambda: d.not_coming(world, doc, 1, reason="/"), "Say why")
	doc = d.not_coming(world, doc, 1)
	assert g.ledgers() == before
	assert (doc.workflow_state, doc.arrivals[-1].difference) == (states.RETURN_QUARANTINED, "Lost")
	doc = d.disposed(world, doc, "Scrap", 3)
	assert doc.workflow_state == states.RETURN_SETTLING


@pytest.mark.rule("G6")
def test_g6_where_erpnext_refuses_nothing_is_half_done(world, slip):
	doc = d.routed(world, slip.doc)
	frappe.db.set_single_value("Stock Settings", "stock_frozen_upto", add_days(nowdate(), 1))
	frappe.clear_document_cache("Stock Settings", "Stock Settings")
	before, notes = g.ledgers(), frappe.db.count(NOTE)
	with pytest.raises(frappe.ValidationError, match="frozen"):
		d.received(world, doc)
	assert (g.ledgers(), frappe.db.count(NOTE)) == (before, notes)
	assert not doc.reload().arrivals


@pytest.mark.rule("G6")
def test_g6_without_a_quarantine_nothing_is_received(world, slip):
	doc = d.routed(world, slip.doc)
	frappe.db.set_value("Warehouse", d.quarantine(), "qms_quarantine", 0)
	frappe.clear_document_cache("Warehouse", d.quarantine())
	refused(lambda: d.received(world, doc), "no quarantine warehouse")


@pytest.mark.rule("G7")
def test_g7_serial_numbers_come_back_each_once(world):
	code = c.item(has_serial_no=1)
	numbers = sales.serials(code, 3)
	note = sales.delivered(c.customer(), {"item_code": code, "qty": 3, "serial_no": "\n".join(numbers)})
	two = "\n".join(numbers[:2])
	doc = d.approved(world, {"delivery": note, "stock_qty": 2, "serial_nos": two})
	doc = d.routed(world, doc)
	refused(lambda: d.received(world, doc, 1, serial_nos=numbers[2]), "not outstanding")
	refused(lambda: d.received(world, doc, 2, serial_nos=numbers[0]), "1 serial numbers for 2")
	doc = d.received(world, doc, 1, serial_nos=numbers[1])
	refused(lambda: d.received(world, doc, 1, serial_nos=numbers[1]), "not outstanding")
	doc = d.received(world, doc, 1, serial_nos=numbers[0])
	assert {frappe.db.get_value("Serial No", n, "warehouse") for n in numbers[:2]} == {d.quarantine()}
	refused(lambda: d.disposed(world, doc, "Scrap", 1, serial_nos=numbers[2]), "not in quarantine")
	doc = d.disposed(world, doc, "Scrap", 1, serial_nos=numbers[0])
	refused(lambda: d.disposed(world, doc, "Scrap", 1, serial_nos=numbers[0]), "not in quarantine")
	assert frappe.db.get_value("Serial No", numbers[0], "warehouse") is None


@pytest.mark.rule("G7")
def test_g7_goods_delivered_in_another_unit(world):
	code = c.item(uoms=[{"uom": "Box", "conversion_factor": 10}], has_batch_no=1, create_new_batch=0)
	batch = sales.batch(code, 50)
	note = sales.delivered(
		c.customer(), {"item_code": code, "qty": 2, "uom": "Box", "conversion_factor": 10, "batch_no": batch}
	)
	whole = frappe.db.get_value("UOM", "Box", "must_be_whole_number")
	frappe.db.set_value("UOM", "Box", "must_be_whole_number", 0)
	frappe.clear_document_cache("UOM", "Box")
	doc = d.back(world, d.approved(world, (note, 0, 15)), 5)
	returned = frappe.get_doc(NOTE, doc.arrivals[0].document)
	assert (returned.items[0].qty, returned.items[0].uom, returned.items[0].stock_qty) == (-0.5, "Box", -5)
	assert d.stock(code, d.quarantine(), batch) == 5
	frappe.db.set_value("UOM", "Box", "must_be_whole_number", 1)
	frappe.clear_document_cache("UOM", "Box")
	refused(lambda: d.received(world, doc, 5), "G7: .*whole")
	d.received(world, doc, 10)
	assert d.stock(code, d.quarantine(), batch) == 15
	frappe.db.set_value("UOM", "Box", "must_be_whole_number", whole)


@pytest.mark.rule("G7")
def test_g7_parts_of_a_bundle_come_back_together(world):
	pump = c.item(has_batch_no=1, create_new_batch=0)
	tube, kit = c.item(stock=50), c.item(is_stock_item=0)
	batches = [sales.batch(pump, 4), sales.batch(pump, 10)]
	frappe.get_doc(
		{
			"doctype": "Product Bundle",
			"new_item_code": kit,
			"items": [{"item_code": pump, "qty": 1}, {"item_code": tube, "qty": 2}],
		}
	).insert()
	from tests.support.plain import hooks_off

	with hooks_off():
		note = g.delivery_by_hand(c.customer(), {"item_code": kit, "qty": 3})
		for part in note.packed_items:
			if part.item_code == pump:
				part.use_serial_batch_fields, part.batch_no = 1, batches[1]
		note.save()
		note.submit()
	parts = {part.item_code: part for part in note.reload().packed_items}

	def of(quantities: dict[str, float]) -> list[dict]:
		return [
			{"delivery": note, "row": parts[code], "item_code": code, "stock_qty": n}
			for code, n in quantities.items()
		]

	doc = d.routed(world, d.approved(world, *of({pump: 2, tube: 4})))
	refused(lambda: d.received(world, doc, 2, 0), "G7: .*come back together")
	doc = d.received(world, doc, 1, 2)
	assert d.stock(pump, d.quarantine(), batches[1]) == 1
	assert d.stock(tube, d.quarantine()) == 2
	doc = d.received(world, doc, 1, 2)
	assert doc.workflow_state == states.RETURN_QUARANTINED


@pytest.mark.rule("G7")
def test_g7_a_delivery_of_before_bundles_comes_back(world):
	code = c.item(has_batch_no=1, create_new_batch=0)
	batch = sales.batch(code, 20)
	note = sales.delivered(c.customer(), {"item_code": code, "qty": 10, "batch_no": batch})
	doc = d.approved(world, (note, 0, 4))
	sales.as_text(NOTE, note)
	doc = d.back(world, doc)
	assert d.stock(code, d.quarantine()) == 4
	assert doc.workflow_state == states.RETURN_QUARANTINED


@pytest.mark.rule("G7")
def test_g7_goods_of_an_invoice_that_moved_stock_come_back_by_its_return(world):
	code = c.item(stock=20)
	invoice = sales.invoiced(c.customer(), {"item_code": code, "qty": 5, "use_serial_batch_fields": 0})
	doc = d.back(world, d.approved(world, (invoice, 0, 2), wanted="Refund"))
	returned = frappe.get_doc("Sales Invoice", doc.arrivals[0].document)
	assert (returned.docstatus, returned.is_return, returned.update_stock) == (1, 1, 1)
	assert d.stock(code, d.quarantine()) == 2
	with as_user(world.sales), pytest.raises(QMSRefusal, match="Nothing of"):
		api.draft_credit_notes(doc.name, d.shown(doc))


@pytest.mark.rule("G7")
@pytest.mark.parametrize("sell", [sales.invoiced, sales.delivered])
@pytest.mark.parametrize(
	("sold", "parts", "discount", "given"),
	[
		(10, (3, 7), 100, [(-30, -15, -285), (-70, -35, -665)]),
		# In parts that are rounded, and none above what is left.
		(3, (1, 1, 1), 100, [(-33.33, -16.67, -83.34), (-33.34, -16.66, -83.32), (-33.33, -16.67, -83.34)]),
		# ERPNext would refuse the first part: all of the discount is more than its price.
		(10, (1, 9), 300, [(-30, -5, -75), (-270, -45, -675)]),
	],
)
def test_g7_charges_and_discount_come_back_in_parts(world, sell, sold, parts, discount, given):
	code = c.item(stock=20)
	row = {"item_code": code, "qty": sold, "use_serial_batch_fields": 0}
	delivery = sell(c.customer(), row, **sales.charged(50, discount))
	doc = d.routed(world, d.approved(world, (delivery, 0, sold), wanted="Refund"))
	for part in parts:
		doc = d.received(world, doc, part)
	notes = [frappe.get_doc(row.document_type, row.document) for row in doc.arrivals]
	assert [(n.discount_amount, n.taxes[0].tax_amount, n.grand_total) for n in notes] == given
	assert sum(n.grand_total for n in notes) == pytest.approx(-delivery.grand_total)


@pytest.mark.rule("G7")
def test_g7_of_free_goods_each_piece_bears_its_part_of_the_charges(world):
	row = {"item_code": c.item(stock=20), "qty": 4, "rate": 0, "use_serial_batch_fields": 0}
	delivery = sales.invoiced(c.customer(), row, **sales.charged(60, 0))
	assert delivery.grand_total == 60
	doc = d.routed(world, d.approved(world, (delivery, 0, 4), wanted="Refund"))
	for part in (1, 3):
		doc = d.received(world, doc, part)
	notes = [frappe.get_doc(row.document_type, row.document) for row in doc.arrivals]
	assert [n.grand_total for n in notes] == [-15, -45]


@pytest.mark.rule("G7")
def test_g7_the_return_of_an_invoice_that_moved_stock_is_its_credit(world, actors):
	code = c.item(stock=20)
	invoice = sales.invoiced(c.customer(), {"item_code": code, "qty": 5, "use_serial_batch_fields": 0})
	doc = d.back(world, d.approved(world, (invoice, 0, 2), wanted="Refund"))
	with as_user(world.sales):
		assert not api.get_goods(doc.name)["may_credit"]
	refused(lambda: d.disposed(world, doc, "Send Back to the Customer"), "credited or sent back already")
	doc = d.taken_back(world, doc, doc.arrivals[0])
	assert frappe.db.get_value("Sales Invoice", doc.arrivals[0].document, "docstatus") == 2
	# Who wants goods for it gets goods, and they are invoiced.
	doc = d.back(world, d.approved(world, (invoice, 0, 1)))
	with as_user(world.sales):
		note = frappe.get_doc(NOTE, api.draft_replacement(doc.name, d.shown(doc))["name"])
	note.items[0].warehouse = c.warehouse()
	note.save()
	assert g.submitted(actors, note).reload().status == "To Bill"
	doc = d.back(world, d.approved(world, (invoice, 0, 1), wanted="Repair"))
	assert d.disposed(world, doc, "Send Back to the Customer").workflow_state == states.RETURN_CLOSED


@pytest.mark.rule("G7")
def test_g7_a_cancelled_delivery_has_nothing_to_come_back(world, slip):
	doc = d.routed(world, slip.doc)
	with pytest.raises(QMSRefusal, match=r"G7: .*on return slip"):
		slip.note.reload().cancel()
	frappe.db.set_value(NOTE, slip.note.name, "docstatus", 2)
	refused(lambda: d.received(world, doc), "G7: .*cancelled")
	assert d.not_coming(world, doc).workflow_state == states.RETURN_CLOSED


@pytest.mark.rule("G7")
def test_g7_what_was_sold_over_the_counter_is_returned_there(world, slip):
	frappe.db.set_value("Return Slip Item", slip.doc.items[0].name, "delivery_doctype", "POS Invoice")
	doc = d.routed(world, slip.doc.reload())
	refused(lambda: d.received(world, doc), "G6: .*over the counter: return it at the till")
	with as_user(world.sales):
		assert [part["counter"] for part in api.get_goods(doc.name)["parts"]] == [True]
		assert "Returned at the Till" in api.get_goods(doc.name)["html"]


@pytest.mark.rule("G7")
def test_g7_only_the_batch_of_the_slip_is_booked(world):
	code = c.item(has_batch_no=1, create_new_batch=0)
	one, other = sales.batch(code, 10), sales.batch(code, 10)
	customer = c.customer()
	sales.delivered(customer, {"item_code": code, "qty": 5, "batch_no": other})
	note = sales.delivered(customer, {"item_code": code, "qty": 5, "batch_no": one})
	doc = d.routed(world, d.approved(world, {"delivery": note, "stock_qty": 2, "batch_no": other}))
	refused(lambda: d.received(world, doc), "not what .* delivered")


# Destruction on site


@pytest.mark.rule("G6")
def test_g6_destruction_leaves_stock_and_accounts_right(world, slip):
	account = f"Write Off - {ABBR}"
	frappe.db.set_value("Company", COMPANY, "write_off_account", account)
	frappe.clear_document_cache("Company", COMPANY)
	cost = frappe.db.get_value("Company", COMPANY, "default_expense_account")
	before = d.booked(account), d.booked(cost)
	doc = d.routed(world, slip.doc, "Destroyed on Site", reason="Freight is more than they are worth")
	assert doc.workflow_state == states.RETURN_DESTROYING
	doc = d.destroyed(world, doc)
	assert doc.workflow_state == states.RETURN_SETTLING
	row = doc.arrivals[0]
	assert (row.how, row.destroyed_by, row.witness) == ("Destroyed on Site", "Dr Gu", "Mr Lin")
	assert len(row.evidence_hash) == 64
	assert d.stock(slip.code, d.quarantine()) == 0
	assert frappe.db.get_value("Stock Entry", row.write_off, "purpose") == "Material Issue"
	assert frappe.db.get_value(f"{NOTE} Item", slip.note.items[0].name, "returned_qty") == 4
	# What they cost is no cost of sales any more, it is written off.
	assert d.booked(account) - before[0] == pytest.approx(40)
	assert d.booked(cost) - before[1] == pytest.approx(-40)
	assert verification.verify(d.SLIP, doc.name).findings == []


@pytest.mark.rule("G6")
def test_g6_a_destruction_without_its_evidence_is_refused(world, slip):
	doc = d.routed(world, slip.doc, "Destroyed on Site")
	for values, message in (
		({"destroyed_by": ""}, "who destroyed"),
		({"destroyed_on": ""}, "when the goods"),
		({"destroyed_on": add_days(nowdate(), 1)}, "K3"),
		({"destroyed_on": add_days(nowdate(), -1)}, "G2"),
		({"photos": ""}, "photos"),
		({"photos": "/private/files/never-stored.png"}, "photos"),
		({"witness": ""}, "witness"),
		({"witness": "dr gu"}, "not who destroyed"),
	):
		refused(lambda values=values: d.destroyed(world, doc, **values), message)
	refused(lambda: d.destroyed(world, doc, user=world.person(roles.FINANCE)), "recorded by")
	refused(lambda: d.received(world, doc), "not at this step")
	# Nor does somebody name a file that they may not see: on the slip its readers would.
	hidden = c.upload()
	for values in (
		{"photos": hidden.file_url},
		{"certificate": hidden.file_url},
		{"certificate": "/files/no"},
	):
		refused(lambda values=values: d.destroyed(world, doc, **values), "no file that you may read")
	# The same file is theirs as well where it hangs on something that they may read.
	shared = frappe.copy_doc(hidden)
	shared.update({"attached_to_doctype": d.SLIP, "attached_to_name": doc.name})
	shared.insert()
	doc = d.destroyed(world, doc, witness="", certificate=hidden.file_url)
	assert len(doc.arrivals[0].certificate_hash) == 64


@pytest.mark.rule("G6")
def test_g6_the_evidence_of_a_destruction_is_kept(world, slip):
	doc = d.destroyed(world, d.routed(world, slip.doc, "Destroyed on Site"))
	file = frappe.get_doc("File", {"file_url": doc.arrivals[0].evidence})
	with pytest.raises(QMSRefusal, match="K2"):
		file.delete()


# Disposition


@pytest.mark.rule("G6")
def test_g6_goods_go_back_to_stock_after_an_accepted_inspection_by_quality(world, slip):
	doc = d.back(world, slip.doc)
	target = c.warehouse()
	to_stock = {"what": "Return to Stock", "target": target}
	refused(lambda: d.disposed(world, doc, **to_stock), "Inspect first")
	draft = d.inspected(world, doc, submit=False)
	refused(lambda: d.disposed(world, doc, **to_stock, quality_inspection=draft), "not submitted")
	with as_user(world.person(roles.QUALITY)):
		frappe.get_doc("Quality Inspection", draft).submit()
	for wrong in ("", d.quarantine(), f"All Warehouses - {ABBR}"):
		refused(
			lambda wrong=wrong: d.disposed(
				world, doc, "Return to Stock", target=wrong, quality_inspection=draft
			),
			"Choose the warehouse",
		)
	before = d.stock(slip.code, target, slip.batch)
	doc = d.disposed(world, doc, **to_stock, quality_inspection=draft)
	assert doc.workflow_state == states.RETURN_SETTLING
	assert d.stock(slip.code, target, slip.batch) == before + 4
	assert d.stock(slip.code, d.quarantine()) == 0
	case = doc.dispositions[0].non_conformance
	assert frappe.db.get_value("Non Conformance", case, "qms_return_slip") == doc.name
	with pytest.raises(QMSRefusal, match=r"G6: .*rests on it"):
		frappe.get_doc("Quality Inspection", draft).cancel()
	assert verification.verify(d.SLIP, doc.name).findings == []


@pytest.mark.rule("G6")
def test_g6_an_inspection_by_others_or_rejected_lets_nothing_back(world, slip):
	doc = d.back(world, slip.doc)
	stranger = make_user("System Manager", "Quality Manager", roles.PRODUCTION)
	refused(lambda: d.inspected(world, doc, user=stranger), "G6: .*are inspected by: QMS Quality")
	by_stranger = d.inspected(world, doc, user=stranger, submit=False)
	with as_user(world.person(roles.QUALITY)):
		frappe.get_doc("Quality Inspection", by_stranger).submit()
	to_stock = {"what": "Return to Stock", "target": c.warehouse()}
	refused(lambda: d.disposed(world, doc, **to_stock, quality_inspection=by_stranger), "person of Quality")
	rejected = d.inspected(world, doc, "Rejected")
	refused(lambda: d.disposed(world, doc, **to_stock, quality_inspection=rejected), "did not accept")


@pytest.mark.rule("G6")
def test_g6_quality_decides_and_nobody_else(world, slip):
	doc = d.back(world, slip.doc)
	for user in (world.sales, world.gm, make_user(*g.EVERY_RIGHT)):
		if not frappe.has_permission(d.SLIP, "read", user=user):
			continue
		refused(lambda user=user: d.disposed(world, doc, "Scrap", user=user), "G6: .*decided by")
	with pytest.raises(QMSRefusal, match="decided by"):
		api.dispose(doc.name, d.shown(doc), slip.code, "Scrap", 1, slip.batch, comment="x")


@pytest.mark.rule("G6")
def test_g6_what_is_reworked_stays_in_quarantine_until_it_is_inspected_again(world, slip):
	doc = d.back(world, slip.doc)
	early = d.inspected(world, doc)
	doc = d.disposed(world, doc, "Rework")
	assert doc.workflow_state == states.RETURN_QUARANTINED
	assert d.stock(slip.code, d.quarantine()) == 4
	refused(lambda: d.disposed(world, doc, "Rework", 1), "0 are in quarantine")
	to_stock = {"what": "Return to Stock", "target": c.warehouse()}
	refused(lambda: d.disposed(world, doc, **to_stock, quality_inspection=early), "older than")
	late = d.inspected(world, doc)
	assert late != early
	doc = d.disposed(world, doc, **to_stock, quality_inspection=late)
	assert doc.workflow_state == states.RETURN_SETTLING


@pytest.mark.rule("G6")
def test_g6_scrap_is_written_off_and_the_case_is_opened_once(world, slip):
	doc = d.back(world, slip.doc)
	refused(lambda: d.disposed(world, doc, "Scrap", procedure=""), "quality procedure")
	doc = d.disposed(world, doc, "Scrap", 1)
	refused(lambda: d.disposed(world, doc, "Scrap", 4), "3 are in quarantine")
	doc = d.disposed(world, doc, "Scrap", 3, procedure="")
	assert len({row.non_conformance for row in doc.dispositions}) == 1
	assert d.stock(slip.code, d.quarantine()) == 0
	assert doc.workflow_state == states.RETURN_SETTLING


@pytest.mark.rule("G6")
def test_g6_goods_without_a_contract_are_sent_back_by_the_decision(world, slip):
	doc = d.back(world, slip.doc)
	doc = d.disposed(world, doc, "Send Back to the Customer")
	note = frappe.get_doc(NOTE, doc.dispositions[0].document)
	assert (note.docstatus, note.is_return, note.customer) == (1, 0, doc.customer)
	assert d.batch_of(note.items[0]) == slip.batch
	assert doc.workflow_state == states.RETURN_CLOSED


@pytest.mark.rule("G6")
def test_g6_what_is_inspected_before_delivery_is_sent_back_with_its_inspection(world, slip):
	doc = d.back(world, slip.doc)
	frappe.db.set_value("Item", slip.code, "inspection_required_before_delivery", 1)
	frappe.clear_document_cache("Item", slip.code)
	refused(lambda: d.disposed(world, doc, "Send Back to the Customer"), "inspected before it is delivered")
	seen = d.inspected(world, doc)
	doc = d.disposed(world, doc, "Send Back to the Customer", quality_inspection=seen)
	assert frappe.get_doc(NOTE, doc.dispositions[0].document).items[0].quality_inspection == seen


@pytest.mark.rule("G6")
def test_g6_what_has_expired_is_not_sent_back(world, slip):
	doc = d.back(world, slip.doc)
	frappe.db.set_value("Batch", slip.batch, "expiry_date", add_days(nowdate(), -1))
	frappe.clear_document_cache("Batch", slip.batch)
	refused(lambda: d.disposed(world, doc, "Send Back to the Customer"), "has expired on")


# What was booked by mistake


@pytest.mark.rule("G6")
@pytest.mark.rule("K2")
def test_g6_a_booking_is_taken_back_on_the_slip_with_the_reason(world, slip):
	doc = d.back(world, slip.doc)
	returned = doc.arrivals[0].document
	doc = d.disposed(world, doc, "Scrap", 1)
	refused(lambda: d.taken_back(world, doc, doc.arrivals[0]), "rests on this")
	refused(lambda: d.taken_back(world, doc, doc.dispositions[0], "/"), "Say why")
	doc = d.taken_back(world, doc, doc.dispositions[0])
	assert d.stock(slip.code, d.quarantine()) == 4
	doc = d.taken_back(world, doc, doc.arrivals[0])
	assert frappe.db.get_value(NOTE, returned, "docstatus") == 2
	assert d.stock(slip.code, d.quarantine()) == 0
	assert (doc.workflow_state, doc.arrivals[0].taken_back_reason) == (
		states.RETURN_AWAITED,
		"Booked twice",
	)
	refused(lambda: d.taken_back(world, doc, doc.arrivals[0]), "taken back already")
	doc = d.received(world, doc)
	assert doc.workflow_state == states.RETURN_QUARANTINED
	assert verification.verify(d.SLIP, doc.name).findings == []


@pytest.mark.rule("G6")
def test_g6_a_destruction_that_was_recorded_by_mistake_is_taken_back(world, slip):
	doc = d.destroyed(world, d.routed(world, slip.doc, "Destroyed on Site"))
	doc = d.taken_back(world, doc, doc.arrivals[0])
	assert doc.workflow_state == states.RETURN_DESTROYING
	assert frappe.db.get_value("Stock Entry", doc.arrivals[0].write_off, "docstatus") == 2
	assert frappe.db.get_value(f"{NOTE} Item", slip.note.items[0].name, "returned_qty") == 0
	doc = d.not_coming(world, doc)
	doc = d.taken_back(world, doc, doc.arrivals[-1])
	assert doc.workflow_state == states.RETURN_DESTROYING


# Stock of a bad batch


@pytest.mark.rule("G5")
@pytest.mark.rule("G6")
def test_g6_stock_that_was_blocked_leaves_quarantine_by_a_disposition_too(world, actors):
	d.quarantine()
	slip = claims.bad(world, claims.claimed(world))
	code, batch = slip.items[0].item_code, slip.items[0].batch_no
	with as_user(make_user(*g.EVERY_RIGHT, roles.QUALITY)):
		claim_api.move_batch(slip.name, claims.shown(slip), slip.batch_measures[0].name)
	slip.reload()
	moved = slip.batch_measures[0].moved_qty
	assert d.stock(code, d.quarantine(), batch) == moved > 2
	entry = frappe.get_doc("Stock Entry", slip.batch_measures[0].stock_entry)
	g.refused(actors, entry.cancel, "G5: .*by Decide Disposition")
	blocked = {"source": "Blocked Stock"}
	refused(lambda: d.disposed(world, slip, "Send Back to the Customer", 1, **blocked), "never was with")
	refused(lambda: d.disposed(world, slip, "Scrap", 1), "nothing of it")
	state = slip.workflow_state
	slip = d.disposed(world, slip, "Scrap", 1, **blocked)
	to_stock = {"what": "Return to Stock", "target": c.warehouse(), **blocked}
	refused(lambda: d.disposed(world, slip, qty=1, **to_stock), "Inspect first")
	seen = d.inspected(world, slip, **blocked)
	slip = d.disposed(world, slip, qty=moved - 1, quality_inspection=seen, **to_stock)
	assert d.stock(code, d.quarantine(), batch) == 0
	assert slip.workflow_state == state
	assert verification.verify(d.SLIP, slip.name).findings == []


@pytest.mark.rule("G6", "K1")
def test_g6_a_slip_says_when_it_ended_and_no_more_when_it_is_open_again(world, slip):
	doc = d.given(world, d.disposed(world, d.back(world, slip.doc), "Scrap"))
	assert doc.workflow_state == states.RETURN_CLOSED and doc.closed_on
	doc = d.taken_back(world, doc, doc.dispositions[0])
	assert doc.workflow_state == states.RETURN_QUARANTINED and not doc.closed_on
	doc = d.disposed(world, doc, "Scrap")
	assert doc.workflow_state == states.RETURN_CLOSED and doc.closed_on
	assert verification.verify(d.SLIP, doc.name).findings == []


# A period that is closed in accounts


@pytest.mark.rule("G6")
@pytest.mark.parametrize("step", ["receive", "destroy", "scrap"])
def test_g6_in_a_closed_period_nothing_is_booked_and_nothing_is_recorded(world, slip, step):
	if step == "destroy":
		doc = d.routed(world, slip.doc, "Destroyed on Site")
	else:
		doc = d.routed(world, slip.doc)
	if step == "scrap":
		doc = d.received(world, doc)
	closed = ENTRY if step == "scrap" else NOTE
	# Of a destruction the return is booked, and the write-off is not.
	for doctype in {closed, ENTRY} if step == "destroy" else {closed}:
		period = frappe.get_doc(
			{
				"doctype": "Accounting Period",
				"period_name": c.unique("Closed"),
				"company": COMPANY,
				"start_date": nowdate(),
				"end_date": nowdate(),
				"closed_documents": [{"document_type": doctype, "closed": 1}],
			}
		).insert()
		before = (g.ledgers(), doc.reload().modified, doc.workflow_state, len(doc.arrivals))
		signed = frappe.db.count("Electronic Signature", {"reference_name": doc.name})
		drafts = {one: frappe.db.count(one) for one in (NOTE, ENTRY, "Non Conformance")}
		frappe.db.savepoint("before_it")
		with pytest.raises(ClosedAccountingPeriod, match=f"cannot create a {doctype} within the closed"):
			if step == "receive":
				d.received(world, doc)
			elif step == "destroy":
				d.destroyed(world, doc)
			else:
				d.disposed(world, doc, "Scrap", 1)
		# As a request does that fails.
		frappe.db.rollback(save_point="before_it")
		doc.reload()
		assert before == (g.ledgers(), doc.modified, doc.workflow_state, len(doc.arrivals))
		assert not doc.dispositions
		assert frappe.db.count("Electronic Signature", {"reference_name": doc.name}) == signed
		assert {one: frappe.db.count(one) for one in drafts} == drafts
		period.delete()
