"""Goods of a blocked batch, whatever door is tried: they neither leave nor are used (G5)."""

from __future__ import annotations

from typing import Any

import frappe
import pytest
from erpnext.selling.doctype.sales_order.sales_order import make_sales_invoice
from erpnext.stock.doctype.delivery_note.delivery_note import make_sales_return
from frappe import client
from frappe.model.document import Document

from qms_customer.erp import blocked_batch
from qms_customer.messages import QMSRefusal
from qms_customer.returns import claim_api as api
from qms_customer.returns.batch import on_hand
from qms_customer.rules import people as roles
from tests.support import claims as r
from tests.support import contracts as c
from tests.support import disposed as d
from tests.support import goods as g
from tests.support import returned, sales
from tests.support.company import ABBR, COMPANY
from tests.support.counter import sale, standing, till
from tests.support.people import as_user, make_user
from tests.support.plain import hooks_off
from tests.support.sql import count_queries

BLOCKED = "G5: Row 1, .*is blocked"
NOTE, ENTRY, INVOICE = "Delivery Note", "Stock Entry", "Sales Invoice"


@pytest.fixture
def code() -> str:
	return returned.device()


def block(batch: str) -> str:
	"""Block a batch as somebody does on its form."""
	doc = frappe.get_doc("Batch", batch)
	doc.disabled = 1
	doc.save()
	return batch


def held(code: str, batch: str) -> float:
	"""Return how much of a batch is in quarantine; ERPNext's own function counts nothing of a blocked one."""
	return float(on_hand([(code, batch)])[code, batch].get(d.quarantine(), 0))


def of(batch: str, **values: Any) -> dict[str, Any]:
	return {"use_serial_batch_fields": 1, "batch_no": batch, **values}


def note(world: c.World, code: str, qty: float = 2, **row: Any) -> Document:
	"""Return a draft delivery note of an approved order."""
	return g.delivery(c.committed_order(world, code, qty=qty), **row)


def entry(purpose: str, *rows: dict[str, Any], **values: Any) -> Document:
	return frappe.get_doc(
		{
			"doctype": ENTRY,
			"stock_entry_type": purpose,
			"company": COMPANY,
			"items": [{"qty": 1, **row} for row in rows],
			**values,
		}
	).insert()


@pytest.mark.rule("G5")
def test_erpnext_alone_lets_a_blocked_batch_leave_that_is_named(world: c.World, code: str) -> None:
	batch = block(sales.batch(code, 10))
	with hooks_off():
		doc = note(world, code, **of(batch))
		doc.submit()
	assert g.moved(doc) == -2


@pytest.mark.rule("G5")
def test_no_delivery_takes_it_and_another_batch_leaves(
	world: c.World, code: str, actors: tuple[str, ...]
) -> None:
	bad, good = sales.batch(code, 10), sales.batch(code, 10)
	draft = note(world, code, **of(bad))
	block(bad)
	g.submit_refused(actors, draft, BLOCKED)
	# Nor by its name in other letters, without validation, or among many.
	draft.reload()
	draft.flags.ignore_validate = True
	draft.items[0].batch_no = bad.lower()
	g.refused(actors, draft.submit, BLOCKED)
	docs = frappe.as_json([{"doctype": NOTE, "docname": draft.name, "docstatus": 1}])
	assert client.bulk_update(docs)["failed_docs"]
	assert frappe.db.get_value(NOTE, draft.name, "docstatus") == 0
	draft = frappe.get_doc(NOTE, draft.name)
	draft.items[0].batch_no = good
	assert g.moved(g.submitted(actors, draft.save())) == -2


@pytest.mark.rule("G5")
def test_nor_one_that_names_it_in_a_bundle(world: c.World, code: str, actors: tuple[str, ...]) -> None:
	batch = sales.batch(code, 10)
	draft = note(world, code)
	bundle = frappe.get_doc(
		{
			"doctype": "Serial and Batch Bundle",
			"company": COMPANY,
			"item_code": code,
			"warehouse": draft.items[0].warehouse,
			"type_of_transaction": "Outward",
			"voucher_type": NOTE,
			"voucher_no": draft.name,
			"voucher_detail_no": draft.items[0].name,
			"entries": [{"batch_no": batch, "qty": -2, "warehouse": draft.items[0].warehouse}],
		}
	).insert()
	draft.items[0].update({"use_serial_batch_fields": 0, "serial_and_batch_bundle": bundle.name})
	draft.save()
	block(batch)
	g.submit_refused(actors, draft, BLOCKED)


@pytest.mark.rule("G5")
def test_nor_a_device_by_its_serial_number_named_or_chosen(world: c.World, actors: tuple[str, ...]) -> None:
	code = returned.device(has_serial_no=1)
	lot = frappe.get_doc({"doctype": "Batch", "batch_id": c.unique("B"), "item": code}).insert().name
	names = [c.unique("SN") for _ in range(4)]
	sales.received(code, 4, batch_no=lot, serial_no="\n".join(names))
	block(lot)
	named = note(world, code, use_serial_batch_fields=1, serial_no="\n".join(names[:2]))
	g.submit_refused(actors, named, BLOCKED)
	frappe.db.set_single_value("Stock Settings", "auto_create_serial_and_batch_bundle_for_outward", 1)
	chosen = note(world, code, use_serial_batch_fields=0)
	with as_user(actors[0]), pytest.raises((QMSRefusal, frappe.ValidationError)):
		chosen.submit()
	stored = frappe.db.get_value(NOTE, chosen.name, "docstatus")
	assert stored == 0 and not frappe.db.exists("Stock Ledger Entry", {"voucher_no": chosen.name})


@pytest.mark.rule("G5")
def test_nor_a_part_of_a_bundle(world: c.World, code: str, actors: tuple[str, ...]) -> None:
	batch = sales.batch(code, 10)
	kit = c.item(is_stock_item=0, with_standard=False)
	frappe.get_doc(
		{"doctype": "Product Bundle", "new_item_code": kit, "items": [{"item_code": code, "qty": 2}]}
	).insert()
	draft = note(world, kit, qty=1)
	for part in draft.packed_items:
		part.update(of(batch, warehouse=c.warehouse()))
	draft.save()
	block(batch)
	g.submit_refused(actors, draft, "G5: Row .*is blocked")


@pytest.mark.rule("G5")
def test_no_invoice_and_no_till_takes_it(world: c.World, code: str, actors: tuple[str, ...]) -> None:
	batch = sales.batch(code, 20)
	order = c.committed_order(world, code, qty=2)
	bill = make_sales_invoice(order.name)
	bill.update_stock = 1
	bill.items[0].update(of(batch, warehouse=c.warehouse()))
	bill.insert()
	standing(world, c.blanket_order((code, 5, 100)))
	counter = sale(till(), c.customer(), {"item_code": code, **of(batch)})
	block(batch)
	g.submit_refused(actors, bill, BLOCKED)
	g.submit_refused(actors, counter, BLOCKED)
	# To bill moves no goods.
	bill.update_stock = 0
	g.submitted(actors, bill.save())


@pytest.mark.rule("G5")
def test_it_neither_goes_to_a_customers_site_nor_into_a_product(
	world: c.World, code: str, actors: tuple[str, ...]
) -> None:
	batch = sales.batch(code, 20)
	site = frappe.get_doc(
		{
			"doctype": "Warehouse",
			"warehouse_name": c.unique("Site"),
			"company": COMPANY,
			"parent_warehouse": f"All Warehouses - {ABBR}",
			"qms_customer": c.customer(),
		}
	).insert()
	row = {"item_code": code, "s_warehouse": c.warehouse(), **of(batch)}
	product = c.item(stock=1)
	consigned = entry("Material Transfer", {**row, "t_warehouse": site.name})
	used = entry("Repack", row, {"item_code": product, "t_warehouse": c.warehouse()})
	staged = entry("Material Transfer for Manufacture", {**row, "t_warehouse": f"Stores - {ABBR}"})
	block(batch)
	with pytest.raises(QMSRefusal, match=BLOCKED):
		blocked_batch.before_submit(consigned)
	# ERPNext asks as well where a row names the batch, when it validates.
	for doc in (used, staged):
		doc.flags.ignore_validate = True
		g.refused(actors, doc.submit, BLOCKED)


@pytest.mark.rule("G5")
@pytest.mark.parametrize(
	("doctype", "table", "item"),
	[
		("Subcontracting Receipt", "supplied_items", "rm_item_code"),
		("Purchase Receipt", "supplied_items", "rm_item_code"),
		("Purchase Invoice", "supplied_items", "rm_item_code"),
		("Asset Capitalization", "stock_items", "item_code"),
	],
)
def test_no_subcontractor_and_no_asset_uses_it_up(
	world: c.World, code: str, doctype: str, table: str, item: str
) -> None:
	batch, good = sales.batch(code, 20), sales.batch(code, 20)
	block(batch)

	def using(which: str, **values: Any) -> Document:
		doc = frappe.get_doc(
			{
				"doctype": doctype,
				"company": COMPANY,
				"update_stock": 1,
				table: [{item: code, "batch_no": which, "idx": 1}],
				**values,
			}
		)
		doc.name = c.unique(doctype)
		return doc

	# By the hooks, as a submit runs them; then by what ERPNext has chosen.
	for call in ("before_submit", "before_validate"):
		doc = using(batch)
		doc.docstatus, doc.flags.ignore_validate = 1, True
		with pytest.raises(QMSRefusal, match=f"{BLOCKED[:-12]}.*{code}.*blocked"):
			hooked(doc, call)
	hooked(using(good), "before_submit")
	hooked(using(batch, is_return=1), "before_submit")
	doc = using("")
	hooked(doc, "before_submit")
	doc.get(table)[0].name = c.unique("Row")
	frappe.get_doc(
		{
			"doctype": "Serial and Batch Bundle",
			**{"company": COMPANY, "item_code": code, "warehouse": c.warehouse()},
			**{"type_of_transaction": "Outward", "voucher_type": doctype, "voucher_no": doc.name},
			"voucher_detail_no": doc.get(table)[0].name,
			"entries": [{"batch_no": batch, "qty": -1, "warehouse": c.warehouse()}],
		}
	).db_insert()
	bundle = frappe.get_last_doc("Serial and Batch Bundle")
	frappe.get_doc(
		{
			"doctype": "Serial and Batch Entry",
			**{"parent": bundle.name, "parenttype": bundle.doctype, "parentfield": "entries"},
			**{"batch_no": batch, "qty": -1},
		}
	).db_insert()
	with pytest.raises(QMSRefusal, match="blocked"):
		hooked(doc, "on_submit")


def hooked(doc: Document, event: str) -> None:
	"""Run our functions that a document's event is hooked to."""
	for path in frappe.get_doc_hooks().get(doc.doctype, {}).get(event, []):
		if path.startswith("qms_customer.erp.blocked_batch"):
			frappe.get_attr(path)(doc, event)


@pytest.mark.rule("G5")
def test_inside_the_company_it_moves_and_it_comes_back(
	world: c.World, code: str, actors: tuple[str, ...]
) -> None:
	batch = sales.batch(code, 20)
	sold = sales.delivered(c.customer(), {"item_code": code, "qty": 4, **of(batch)})
	block(batch)
	row = {"item_code": code, "s_warehouse": c.warehouse(), **of(batch)}
	other = r.place("qms_retained_samples")
	g.submitted(actors, entry("Material Transfer", {**row, "t_warehouse": other}))
	g.submitted(actors, entry("Material Issue", row))
	c.plain_returns()
	back = make_sales_return(sold.name).insert()
	assert g.moved(g.submitted(actors, back)) == 4


@pytest.mark.rule("G5", "G6")
def test_its_stock_is_moved_to_quarantine_by_the_slip(world: c.World) -> None:
	d.quarantine()
	slip = r.bad(world, r.claimed(world))
	keeper = make_user(roles.QUALITY, "Stock User", "Stock Manager")
	row = slip.batch_measures[0]
	with as_user(keeper):
		api.block_batch(slip.name, r.shown(slip), row.name)
		api.move_batch(slip.name, r.shown(slip), row.name)
	slip.reload()
	assert held(row.item_code, row.batch_no) == slip.batch_measures[0].moved_qty > 0


@pytest.mark.rule("G5", "G6")
def test_what_came_back_of_it_is_scrapped_and_not_sent_back(world: c.World, code: str) -> None:
	batch = sales.batch(code, 20)
	sold = sales.delivered(c.customer(), {"item_code": code, "qty": 10, **of(batch)})
	block(batch)
	slip = d.back(world, d.approved(world, (sold, 0, 4)))
	assert held(code, batch) == 4
	with pytest.raises(QMSRefusal, match=BLOCKED):
		d.disposed(world, slip, "Send Back to the Customer", 1)
	slip.reload()
	d.disposed(world, slip, "Scrap", 4)
	assert held(code, batch) == 0


@pytest.mark.rule("G5", "K2")
def test_quality_alone_releases_what_a_slip_has_blocked(world: c.World, actors: tuple[str, ...]) -> None:
	slip = r.bad(world, r.claimed(world))
	quality, batch = world.person(roles.QUALITY), slip.batch_measures[0].batch_no
	with as_user(quality):
		api.block_batch(slip.name, r.shown(slip), slip.batch_measures[0].name)
	code = slip.items[0].item_code
	draft = note(world, code, **of(batch))
	g.submit_refused(actors, draft, BLOCKED)
	keeper = make_user("Item Manager", "Stock Manager", "System Manager")
	said = f"G5: Batch {batch} is blocked by return slip {slip.name}"
	for user in (keeper, "Administrator"):
		with as_user(user), pytest.raises(QMSRefusal, match=said):
			client.set_value("Batch", batch, "disabled", 0)
		with as_user(user), pytest.raises(QMSRefusal, match=said):
			frappe.get_doc("Batch", batch).db_set("disabled", 0)
	other = sales.batch(code, 1)
	with pytest.raises(QMSRefusal, match=r"G5: .*not made one batch"):
		frappe.rename_doc("Batch", batch, other, merge=True)
	with as_user(quality):
		client.set_value("Batch", batch, "disabled", 0)
	trace = {"reference_doctype": "Batch", "reference_name": batch, "comment_type": "Info"}
	assert frappe.db.get_value("Comment", trace, "owner") == quality
	assert g.moved(g.submitted(actors, draft)) == -2


@pytest.mark.rule("G5")
def test_a_batch_that_no_slip_has_blocked_is_released_as_ever(code: str) -> None:
	batch = block(sales.batch(code, 1))
	client.set_value("Batch", batch, "disabled", 0)
	assert not frappe.db.get_value("Batch", batch, "disabled")


@pytest.mark.rule("G5")
def test_the_door_costs_the_same_for_one_line_and_for_many(world: c.World, code: str) -> None:
	batches = [sales.batch(code, 100) for _ in range(3)]
	counts = {}
	for lines in (1, 30):
		rows = [
			{"item_code": code, "qty": 1, "rate": 100 + i, "warehouse": c.warehouse(), **of(batches[i % 3])}
			for i in range(lines)
		]
		doc = frappe.get_doc({"doctype": NOTE, "company": COMPANY, "customer": c.customer(), "items": rows})
		with count_queries() as queries:
			blocked_batch.before_submit(doc)
		counts[lines] = queries.count
	assert counts[1] == counts[30] == 1, counts
