"""Quarantine, whatever door is tried: nothing leaves or enters but by a step of a return slip (G6)."""

from __future__ import annotations

from typing import Any

import frappe
import pytest
from frappe import client
from frappe.model.document import Document
from frappe.utils import nowdate

from qms_customer.messages import QMSRefusal
from tests.support import contracts as c
from tests.support import disposed as d
from tests.support import goods as g
from tests.support import sales
from tests.support.company import ABBR, COMPANY
from tests.support.people import as_user

QUARANTINE = "G6: .*is the quarantine of returned goods"
NOTE, ENTRY = "Delivery Note", "Stock Entry"


@pytest.fixture
def code() -> str:
	return c.item(stock=30)


@pytest.fixture
def slip(world: c.World, code: str) -> Document:
	"""Four pieces of an item in quarantine by an approved slip."""
	note = sales.delivered(c.customer(), {"item_code": code, "qty": 10, "use_serial_batch_fields": 0})
	return d.back(world, d.approved(world, (note, 0, 4)))


def entry(purpose: str, code: str, **row: Any) -> Document:
	return frappe.get_doc(
		{
			"doctype": ENTRY,
			"stock_entry_type": purpose,
			"company": COMPANY,
			"items": [{"item_code": code, "qty": 1, **row}],
		}
	).insert()


@pytest.mark.rule("G6")
def test_g6_nothing_is_sold_or_used_from_quarantine(world, slip, code, actors):
	place = d.quarantine()
	g.submit_refused(actors, entry("Material Issue", code, s_warehouse=place), QUARANTINE)
	g.submit_refused(
		actors, entry("Material Transfer", code, s_warehouse=place, t_warehouse=c.warehouse()), QUARANTINE
	)
	order = c.committed_order(world, code, qty=1)
	g.submit_refused(actors, g.delivery(order, warehouse=place), QUARANTINE)
	invoice = frappe.get_doc(
		{
			"doctype": "Sales Invoice",
			"company": COMPANY,
			"customer": slip.customer,
			"update_stock": 1,
			"items": [{"item_code": code, "qty": 1, "rate": 1, "warehouse": place}],
		}
	).insert()
	g.submit_refused(actors, invoice, f"{QUARANTINE}|D4")
	count = frappe.get_doc(
		{
			"doctype": "Stock Reconciliation",
			"company": COMPANY,
			"purpose": "Stock Reconciliation",
			"expense_account": f"Stock Adjustment - {ABBR}",
			"cost_center": f"Main - {ABBR}",
			"items": [{"item_code": code, "warehouse": place, "qty": 1, "valuation_rate": 10}],
		}
	).insert()
	g.submit_refused(actors, count, QUARANTINE)
	assert d.stock(code, place) == 4


@pytest.mark.rule("G6")
def test_g6_nothing_is_put_into_quarantine_past_a_slip(world, slip, code, actors):
	into = entry("Material Transfer", code, s_warehouse=c.warehouse(), t_warehouse=d.quarantine())
	g.submit_refused(actors, into, QUARANTINE)
	g.submit_refused(actors, entry("Material Receipt", code, t_warehouse=d.quarantine()), QUARANTINE)


@pytest.mark.rule("G6")
def test_g6_the_ledger_itself_refuses(world, slip, code):
	with pytest.raises(QMSRefusal, match=QUARANTINE):
		frappe.get_doc(
			{
				"doctype": "Stock Ledger Entry",
				"item_code": code,
				"warehouse": d.quarantine(),
				"posting_date": nowdate(),
				"posting_time": "23:00",
				"voucher_type": NOTE,
				"voucher_no": slip.arrivals[0].document,
				"actual_qty": -1,
				"company": COMPANY,
			}
		).submit()


@pytest.mark.rule("G6")
def test_g6_submitting_many_at_once_or_without_validation_goes_round_nothing(world, slip, code):
	out = entry("Material Issue", code, s_warehouse=d.quarantine())
	out.flags.ignore_validate = True
	with pytest.raises(QMSRefusal, match=QUARANTINE):
		out.submit()
	out = entry("Material Issue", code, s_warehouse=d.quarantine())
	docs = frappe.as_json([{"doctype": ENTRY, "docname": out.name, "docstatus": 1}])
	assert client.bulk_update(docs)["failed_docs"]
	assert frappe.db.get_value(ENTRY, out.name, "docstatus") == 0
	assert d.stock(code, d.quarantine()) == 4


@pytest.mark.rule("G6")
def test_g6_nobody_claims_that_a_document_is_of_a_slip(world, slip, code, actors):
	def forged() -> None:
		frappe.get_doc(
			{
				"doctype": ENTRY,
				"stock_entry_type": "Material Issue",
				"company": COMPANY,
				"qms_return_slip": slip.name,
				"items": [{"item_code": code, "qty": 1, "s_warehouse": d.quarantine()}],
			}
		).insert()

	g.refused(actors, forged, "G6: .*set by the return slip")
	plain = g.delivery_by_hand(slip.customer, {"item_code": code})
	for field, value in (("qms_return_slip", slip.name), ("qms_replacement", 1)):
		g.refused(
			actors,
			lambda field=field, value=value: client.set_value(NOTE, plain.name, field, value),
			"G6: .*set by the return slip",
		)
		with pytest.raises(QMSRefusal, match="G6"):
			plain.reload().db_set(field, value)


@pytest.mark.rule("G6")
def test_g6_what_a_slip_has_booked_is_not_cancelled_elsewhere(world, slip, actors):
	returned = frappe.get_doc(NOTE, slip.arrivals[0].document)
	g.refused(actors, returned.cancel, "G6: .*Take it back there")
	scrapped = d.disposed(world, slip, "Scrap", 1)
	issue = frappe.get_doc(ENTRY, scrapped.dispositions[0].document)
	g.refused(actors, issue.cancel, "G6: .*Take it back there")


@pytest.mark.rule("G6")
def test_g6_a_quarantine_with_goods_in_it_stays_one(world, slip, actors):
	place = frappe.get_doc("Warehouse", d.quarantine())
	place.qms_quarantine = 0
	g.refused(actors[1:], place.save, "G6: .*changed when it is empty")
	g.refused(
		actors[1:],
		lambda: client.set_value("Warehouse", d.quarantine(), "qms_quarantine", 0),
		"changed when it is empty",
	)
	with pytest.raises(QMSRefusal, match="empty"):
		frappe.rename_doc("Warehouse", d.quarantine(), c.warehouse(), merge=True)
	# Nor does a warehouse with goods become one.
	with pytest.raises(QMSRefusal, match="empty"):
		client.set_value("Warehouse", c.warehouse(), "qms_quarantine", 1)


@pytest.mark.rule("G6")
def test_g6_a_draft_is_no_way_to_alter_what_was_booked(world, slip):
	for values in ({"qty": 9}, {"how": "Not Coming"}):
		with pytest.raises(QMSRefusal):
			row = frappe.get_doc("Return Arrival", slip.arrivals[0].name)
			row.update(values)
			row.save()
	with as_user(world.sales), pytest.raises((QMSRefusal, frappe.PermissionError)):
		doc = frappe.get_doc(d.SLIP, slip.name)
		doc.append("dispositions", {"item_code": doc.items[0].item_code, "qty": 4, "disposition": "Scrap"})
		doc.save()
