"""An approved change alters the order exactly as approved, through ERPNext's own ways, or not at all."""

from __future__ import annotations

import datetime
import json
from typing import Any

import frappe
import pytest
from erpnext.controllers.accounts_controller import update_child_qty_rate
from erpnext.selling.doctype.sales_order.sales_order import make_delivery_note, make_sales_invoice
from frappe.model.document import Document
from frappe.utils import add_days, flt, nowdate
from frappe.utils.password import check_password

from qms_customer.contract import altering, approved, content, permit
from qms_customer.contract.attempt import attempt
from qms_customer.messages import QMSRefusal
from qms_customer.rules import content as content_rules
from qms_customer.setup import executor
from tests.support import altering as h
from tests.support import contracts as c
from tests.support.company import ABBR
from tests.support.doors import fresh, refused, stored
from tests.support.people import as_user

ORDER = "Sales Order"
LATER = str(datetime.date.today() + datetime.timedelta(days=45))


def state() -> dict[str, Any]:
	"""What of the session a change might leave behind."""
	return {
		"user": frappe.session.user,
		"sid": frappe.session.sid,
		"data": id(frappe.session.data),
		"form": id(frappe.local.form_dict),
		"log": list(frappe.local.message_log),
		"callbacks": [list(getattr(frappe.db, n)._functions) for n in ("before_commit", "after_commit")],
		"realtime": list(getattr(frappe.local, "_realtime_log", [])),
		"permits": list(getattr(frappe.local, "qms_permits", [])),
	}


def approved_as_it_stands(doc: Document) -> bool:
	return approved.committed(ORDER, [doc.name])[doc.name]


def terms(name: str, *portions: float) -> str:
	for number, portion in enumerate(portions):
		frappe.get_doc(
			{
				"doctype": "Payment Term",
				"payment_term_name": f"{name} {number}",
				"invoice_portion": portion,
				"due_date_based_on": "Day(s) after invoice date",
				"credit_days": 10 * (number + 1),
			}
		).insert()
	return (
		frappe.get_doc(
			{
				"doctype": "Payment Terms Template",
				"template_name": name,
				"terms": [
					{
						"payment_term": f"{name} {number}",
						"invoice_portion": portion,
						"due_date_based_on": "Day(s) after invoice date",
						"credit_days": 10 * (number + 1),
					}
					for number, portion in enumerate(portions)
				],
			}
		)
		.insert()
		.name
	)


def vat() -> dict[str, Any]:
	account = frappe.get_all(
		"Account", {"company": c.COMPANY, "account_type": "Tax", "is_group": 0}, pluck="name", limit=1
	)[0]
	return {"charge_type": "On Net Total", "account_head": account, "description": "VAT", "rate": 10}


def address(customer: str, city: str) -> str:
	return (
		frappe.get_doc(
			{
				"doctype": "Address",
				"address_title": c.unique("Ward"),
				"address_type": "Shipping",
				"address_line1": "1 Road",
				"city": city,
				"country": "China",
				"links": [{"link_doctype": "Customer", "link_name": customer}],
			}
		)
		.insert()
		.name
	)


# What a change does


@pytest.mark.rule("E7")
def test_rows_change_with_all_that_follows(world: c.World) -> None:
	first, second = (c.item(stock=50) for _ in range(2))
	third = c.item(item_defaults=[{"company": c.COMPANY, "default_warehouse": c.warehouse()}])
	doc = c.committed_order(
		world,
		[{"item_code": first, "qty": 5, "rate": 100}, {"item_code": second, "qty": 2, "rate": 50}],
		taxes=[vat()],
		payment_terms_template=terms(c.unique("Split"), 30, 70),
	)
	proposal = h.change(
		h.row(doc.items[0].name, qty=8, rate=90, delivery_date=LATER),
		h.removed(doc.items[1].name),
		h.added(item_code=third, qty=3, rate=40, uom="Nos", conversion_factor=1, delivery_date=LATER),
	)
	outcome = altering.dry_run(doc.name, proposal)
	assert not outcome.refusals, outcome.refusals
	assert outcome.totals["old"]["grand_total"] == 660 and outcome.totals["new"]["grand_total"] == 924
	assert str(outcome.totals["new"]["delivery_date"]) == LATER
	changed = h.alter(world, doc, proposal)
	assert [(r.item_code, r.qty, r.rate, r.amount, str(r.delivery_date), r.idx) for r in changed.items] == [
		(first, 8, 90, 720, LATER, 1),
		(third, 3, 40, 120, LATER, 2),
	]
	assert (changed.net_total, changed.grand_total, str(changed.delivery_date)) == (840, 924, LATER)
	assert [flt(p.payment_amount, 2) for p in changed.payment_schedule] == [277.2, 646.8]
	assert approved_as_it_stands(changed)
	assert frappe.db.get_value("Bin", {"item_code": first, "warehouse": c.warehouse()}, "reserved_qty") == 8
	assert not frappe.db.get_value("Bin", {"item_code": second, "warehouse": c.warehouse()}, "reserved_qty")
	assert changed.modified_by == executor.USER
	row = frappe.get_last_doc("Approved Content", {"reference_name": doc.name})
	assert (row.source_doctype, row.approved_by) == ("Contract Change Notice", world.vp)


@pytest.mark.rule("E7")
def test_each_term_of_the_head(world: c.World) -> None:
	doc = c.committed_order(world, c.item(stock=50), taxes=[vat()])
	there = address(doc.customer, "Wuhan")
	split = terms(c.unique("Half"), 50, 50)
	cases = {
		"po_no": "PO-7",
		"po_date": nowdate(),
		"customer_address": there,
		"shipping_address_name": there,
		"qms_delivery_method": "Air freight",
		"named_place": "Wuhan",
		"incoterm": frappe.get_all("Incoterm", pluck="name", limit=1)[0]
		if frappe.db.count("Incoterm")
		else None,
		"payment_terms_template": split,
		"apply_discount_on": "Net Total",
		"additional_discount_percentage": 10,
		"qms_packaging": "Special",
		"qms_packaging_details": "In crates",
		"from_date": nowdate(),
		"to_date": LATER,
		"terms": "<p>Twice a year</p>",
		"qms_requirements": [
			{
				"requirement_class": r.requirement_class,
				"none_identified": r.none_identified,
				"requirement": "New",
			}
			for r in doc.qms_requirements[:1]
		]
		+ [
			{"requirement_class": r.requirement_class, "none_identified": 1} for r in doc.qms_requirements[1:]
		],
	}
	for field, value in cases.items():
		if value is None:
			continue
		before = content.content_of(fresh(doc))
		changed = h.alter(world, doc, h.change(**{field: value}))
		assert approved_as_it_stands(changed), field
		assert content_rules.diff(before, content.content_of(changed)), field
	assert "Wuhan" in changed.shipping_address and "Wuhan" in changed.address_display
	assert (changed.net_total, changed.grand_total) == (450, 495)
	assert [flt(p.payment_amount, 2) for p in changed.payment_schedule] == [247.5, 247.5]
	changed = h.alter(world, doc, h.change(discount_amount=100))
	assert (changed.discount_amount, changed.additional_discount_percentage, changed.grand_total) == (
		100,
		0,
		440,
	)


@pytest.mark.rule("E7")
def test_a_shipping_rule_replaces_the_charge_of_the_one_before(world: c.World) -> None:
	account = frappe.get_all(
		"Account", {"company": c.COMPANY, "account_type": "Chargeable", "is_group": 0}, pluck="name", limit=1
	) or frappe.get_all("Account", {"company": c.COMPANY, "root_type": "Income", "is_group": 0}, pluck="name")
	rules = [
		frappe.get_doc(
			{
				"doctype": "Shipping Rule",
				"label": c.unique("Freight"),
				"company": c.COMPANY,
				"account": account[0],
				"cost_center": f"Main - {ABBR}",
				"shipping_rule_type": "Selling",
				"calculate_based_on": "Fixed",
				"shipping_amount": amount,
			}
		)
		.insert()
		.name
		for amount in (30, 70)
	]
	doc = c.committed_order(world, c.item(stock=50))
	assert h.alter(world, doc, h.change(shipping_rule=rules[0])).grand_total == 530
	assert h.alter(world, doc, h.change(shipping_rule=rules[1])).grand_total == 570
	assert h.alter(world, doc, h.change(shipping_rule=None)).grand_total == 500


@pytest.mark.rule("E7")
def test_units_bundles_and_foreign_currency(world: c.World) -> None:
	code = c.item(is_stock_item=0)
	parts = [c.item(stock=50), c.item(stock=50)]
	frappe.get_doc(
		{
			"doctype": "Product Bundle",
			"new_item_code": code,
			"items": [{"item_code": parts[0], "qty": 2}, {"item_code": parts[1], "qty": 1}],
		}
	).insert()
	boxed = c.item(stock=500, uoms=[{"uom": "Box", "conversion_factor": 10}])
	rate = {"from_currency": "USD", "to_currency": "CNY", "exchange_rate": 7, "for_selling": 1}
	frappe.get_doc({"doctype": "Currency Exchange", "date": nowdate(), **rate}).insert()
	doc = c.committed_order(
		world,
		[{"item_code": code, "qty": 1, "rate": 300}, {"item_code": boxed, "qty": 20, "rate": 5}],
		currency="USD",
		conversion_rate=7,
	)
	names = {p.item_code: p.name for p in doc.packed_items}
	changed = h.alter(
		world,
		doc,
		h.change(h.row(doc.items[0].name, qty=3), h.row(doc.items[1].name, uom="Box", qty=4, rate=50)),
	)
	assert {p.item_code: p.qty for p in changed.packed_items} == {parts[0]: 6, parts[1]: 3}
	# Purchase orders that ship a part name its row.
	assert {p.item_code: p.name for p in changed.packed_items} == names
	box = changed.items[1]
	assert (box.uom, box.conversion_factor, box.stock_qty, box.base_rate) == ("Box", 10, 40, 350)
	assert (changed.grand_total, changed.base_grand_total) == (1100, 7700)
	assert approved_as_it_stands(changed)


@pytest.mark.rule("E7")
def test_a_partly_delivered_and_billed_order(world: c.World) -> None:
	code = c.item(stock=50)
	doc = c.committed_order(world, code, qty=10)
	note = make_delivery_note(doc.name)
	note.items[0].qty = 4
	note.insert().submit()
	bill = make_sales_invoice(doc.name)
	bill.items[0].qty = 4
	bill.insert().submit()
	doc.reload()
	assert (doc.per_delivered, doc.per_billed) == (40, 40)
	for qty, rate, words in ((3, 100, "delivered"), (4, 50, "billed amount")):
		outcome = altering.dry_run(doc.name, h.change(h.row(doc.items[0].name, qty=qty, rate=rate)))
		assert outcome.content is None and words in " ".join(outcome.refusals), outcome
	assert altering.dry_run(doc.name, h.change(h.removed(doc.items[0].name))).refusals
	changed = h.alter(world, doc, h.change(h.row(doc.items[0].name, qty=8)))
	assert (changed.per_delivered, changed.per_billed, changed.status) == (50, 50, "To Deliver and Bill")
	changed = h.alter(world, changed, h.change(h.row(doc.items[0].name, qty=4)))
	assert (changed.per_delivered, changed.per_billed) == (100, 100)
	assert frappe.db.get_value(ORDER, doc.name, "status") == "Completed"


@pytest.mark.rule("E7")
@pytest.mark.parametrize("picked", [0, 1])
def test_what_is_reserved_stays_reserved(world: c.World, picked: int) -> None:
	settings = frappe.get_doc("Stock Settings")
	settings.update({"enable_stock_reservation": 1, "allow_partial_reservation": 1})
	settings.flags.ignore_validate = True
	settings.save()
	codes = [c.item(stock=50), c.item(stock=50)]
	doc = c.committed_order(
		world, [{"item_code": i, "qty": 5, "rate": 10, "reserve_stock": 1} for i in codes]
	)
	doc.create_stock_reservation_entries()
	reserved = {r.item_code: r.stock_reserved_qty for r in fresh(doc).items}
	assert reserved == dict.fromkeys(codes, 5)
	if picked:
		# As after a pick list: then ERPNext cancels what is reserved and makes nothing anew.
		frappe.db.set_value(ORDER, doc.name, "per_picked", 20)
	changed = h.alter(world, doc, h.change(h.row(doc.items[0].name, qty=3, rate=12)))
	assert {r.item_code: r.stock_reserved_qty for r in changed.items} == {codes[0]: 3, codes[1]: 5}
	assert frappe.db.get_value("Bin", {"item_code": codes[1]}, "reserved_stock") == 5


@pytest.mark.rule("E7")
def test_an_amended_order_and_a_drop_shipped_row(world: c.World) -> None:
	supplier = (
		frappe.get_doc(
			{"doctype": "Supplier", "supplier_name": c.unique("M"), "supplier_group": "All Supplier Groups"}
		)
		.insert()
		.name
	)
	first = c.committed_order(world, c.item(stock=50))
	h.alter(world, first, h.Proposal("Cancel"))
	again = frappe.copy_doc(fresh(first))
	again.amended_from, again.docstatus = first.name, 0
	again.items[0].update({"delivered_by_supplier": 1, "supplier": supplier})
	again.insert()
	c.approve(world, again)
	again.reload().submit()
	changed = h.alter(world, again, h.change(h.row(again.items[0].name, qty=7)))
	assert changed.items[0].qty == 7 and changed.items[0].supplier == supplier
	assert approved_as_it_stands(changed)


# Cancel, close, re-open


@pytest.mark.rule("E8")
def test_closing_reopening_and_cancelling(world: c.World) -> None:
	doc = c.committed_order(world, c.item(stock=50))
	assert h.alter(world, doc, h.Proposal("Close")).status == "Closed"
	for kind in ("Close", "Cancel", "Change"):
		outcome = altering.dry_run(doc.name, h.Proposal(kind, (h.row(doc.items[0].name, qty=9),)))
		assert "Re-open it first" in outcome.refusals[0]
	reopened = h.alter(world, doc, h.Proposal("Re-open"))
	assert reopened.status == "To Deliver and Bill" and approved_as_it_stands(reopened)
	assert altering.dry_run(doc.name, h.Proposal("Re-open")).refusals
	cancelled = h.alter(world, doc, h.Proposal("Cancel"))
	assert (cancelled.docstatus, cancelled.status) == (2, "Cancelled")
	assert "not a committed order" in altering.dry_run(doc.name, h.Proposal("Change")).refusals[0]


@pytest.mark.rule("E8")
def test_a_delivered_order_is_not_cancelled(world: c.World) -> None:
	doc = c.committed_order(world, c.item(stock=50))
	note = make_delivery_note(doc.name)
	note.items[0].qty = 1
	note.insert().submit()
	outcome = altering.dry_run(doc.name, h.Proposal("Cancel"))
	assert outcome.content is None and note.name in " ".join(outcome.refusals)
	assert fresh(doc).docstatus == 1


# What stands against it


@pytest.mark.rule("E7")
def test_what_erpnext_refuses_is_said_before(world: c.World) -> None:
	code = c.item(stock=50)
	doc = c.committed_order(world, code)
	row = doc.items[0].name

	def said(proposal: Any) -> str:
		outcome = altering.dry_run(doc.name, proposal)
		assert outcome.content is None
		return " ".join(outcome.refusals)

	assert "zero" in said(h.change(h.row(row, qty=0)))
	assert "no longer on the order" in said(h.change(h.row("gone", qty=1)))
	assert "currency" in said(h.change(currency="USD"))
	assert said(h.change(h.row(row, delivery_date=add_days(nowdate(), -9))))
	assert said(h.change(h.removed(row)))
	assert said(h.change(po_date=LATER + "x"))[:1]
	assert said(h.change(payment_terms_template="No such template"))
	# Below what ERPNext keeps of a rate: it would be another one.
	assert "ERPNext makes" in said(h.change(h.row(row, rate=10.123456)))
	limit = {"company": c.COMPANY, "credit_limit": 600}
	customer = frappe.get_doc("Customer", doc.customer)
	customer.append("credit_limits", limit)
	customer.save()
	assert "Credit limit" in said(h.change(h.row(row, qty=7)))
	frappe.get_doc(
		{
			"doctype": "Authorization Rule",
			"transaction": ORDER,
			"based_on": "Grand Total",
			"company": c.COMPANY,
			"value": 550,
			"approving_role": "Sales Master Manager",
		}
	).insert()
	assert "Sales Master Manager" in said(
		h.change(h.row(row, qty=5.9, rate=100)) if False else h.change(h.row(row, rate=115))
	)
	assert fresh(doc).items[0].rate == 100


@pytest.mark.rule("E7")
def test_the_result_is_what_was_approved_or_nothing(world: c.World) -> None:
	doc = c.committed_order(world, c.item(stock=50))
	proposal = h.change(h.row(doc.items[0].name, qty=6))
	notice = h.notice(world, doc)
	promised = h.fingerprint(altering.dry_run(doc.name, proposal))
	# Somebody with the database writes it meanwhile.
	frappe.db.set_value("Sales Order Item", doc.items[0].name, "rate", 1, update_modified=False)
	before, ledger = stored(ORDER, doc.name), frappe.db.count("Approved Content")
	with as_user(world.vp):
		session = state()
		with pytest.raises(QMSRefusal, match="E7"):
			altering.apply(notice, proposal, promised)
		session["log"] = state()["log"]
		assert state() == session
	assert stored(ORDER, doc.name) == before and frappe.db.count("Approved Content") == ledger


@pytest.mark.rule("E8")
def test_what_somebody_wrote_past_us_is_not_approved_with_the_next_change(world: c.World) -> None:
	doc = c.committed_order(world, c.item(stock=50))
	frappe.db.set_value("Sales Order Item", doc.items[0].name, "rate", 1, update_modified=False)
	outcome = altering.dry_run(doc.name, h.change(po_no="X-1"))
	assert outcome.content is None and "reviewed as it stands" in outcome.refusals[0]


@pytest.mark.rule("E7")
@pytest.mark.parametrize("how", ["done", "refused", "broken"])
def test_a_dry_run_leaves_nothing(world: c.World, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
	doc = c.committed_order(world, c.item(stock=50))
	before, session = stored(ORDER, doc.name), state()
	counts = {d: frappe.db.count(d) for d in ("Version", "Comment", "Email Queue", "Approved Content")}
	proposal = h.change(h.row(doc.items[0].name, qty=9 if how != "refused" else 0), po_no="X-1")
	if how == "broken":
		monkeypatch.setattr(altering.packed, "restore", lambda *a: 1 / 0)
		with pytest.raises(ZeroDivisionError):
			altering.dry_run(doc.name, proposal)
	else:
		outcome = altering.dry_run(doc.name, proposal)
		assert bool(outcome.content) == (how == "done")
	assert stored(ORDER, doc.name) == before and state() == session
	assert {d: frappe.db.count(d) for d in counts} == counts
	assert frappe.get_cached_value(ORDER, doc.name, "po_no") == doc.po_no


@pytest.mark.rule("E7")
def test_callbacks_of_a_change_that_is_kept_run_after_those_before(world: c.World) -> None:
	ran: list[str] = []
	frappe.db.after_commit.add(lambda: ran.append("before"))
	with attempt(keep=True):
		frappe.db.after_commit.add(lambda: ran.append("kept"))
	with pytest.raises(ValueError), attempt(keep=True):
		frappe.db.after_commit.add(lambda: ran.append("lost"))
		raise ValueError
	with attempt(keep=False):
		frappe.db.after_commit.add(lambda: ran.append("tried"))
	frappe.db.after_commit.run()
	assert ran == ["before", "kept"]


# The executing identity and its permit


@pytest.mark.rule("E7")
def test_the_executing_identity_is_nobody(world: c.World) -> None:
	user = frappe.get_doc("User", executor.USER)
	assert not user.enabled and user.user_type == "Website User"
	assert set(frappe.get_roles(executor.USER)) == {executor.ROLE, "All", "Guest"}
	with pytest.raises(frappe.AuthenticationError):
		check_password(executor.USER, "admin")
	for values in ({"enabled": 1}, {"new_password": "Eastern_43A1W"}):
		user = frappe.get_doc("User", executor.USER).update(values)
		with pytest.raises(QMSRefusal, match="E7"):
			user.save()
	user = frappe.get_doc("User", executor.USER)
	with pytest.raises(QMSRefusal, match="E7"):
		user.add_roles("System Manager")
	with executor.acting():
		assert frappe.has_permission(ORDER, "cancel") and not frappe.has_permission(ORDER, "share")
		for doctype in ("Customer", "Contract Review", "Delivery Note", "User"):
			assert not frappe.has_permission(doctype, "write"), doctype
	frappe.get_doc(
		{
			"doctype": "Has Role",
			"parent": executor.USER,
			"parenttype": "User",
			"parentfield": "roles",
			"role": "System Manager",
		}
	).db_insert()
	frappe.clear_cache(user=executor.USER)
	with pytest.raises(QMSRefusal, match="E7"), executor.acting():
		pass
	executor.make()
	with executor.acting():
		pass


@pytest.mark.rule("E7")
def test_the_approver_needs_no_right_on_the_order(world: c.World) -> None:
	doc = c.committed_order(world, c.item(stock=50))
	with as_user(world.vp):
		assert not frappe.has_permission(ORDER, "write", doc.name)
	assert h.alter(world, doc, h.change(h.row(doc.items[0].name, qty=6))).items[0].qty == 6


@pytest.mark.rule("E8")
def test_a_permit_is_for_one_order_and_one_kind(world: c.World) -> None:
	doc, other = (c.committed_order(world, c.item(stock=50)) for _ in range(2))
	with permit.granted(doc.name, permit.CHANGE):
		with refused("E8", other, user="Administrator"):
			fresh(other).db_set("po_no", "1")
		with refused("E8", doc, user="Administrator"):
			fresh(doc).cancel()
		row = fresh(doc).items[0]
		row.parent = other.name
		with refused("E8", other, user="Administrator"):
			row.save()
	with permit.granted(doc.name, permit.CANCEL), refused("E8", doc, user="Administrator"):
		fresh(doc).db_set("po_no", "1")
	assert not permit.allows(ORDER, doc.name)


@pytest.mark.rule("E8")
def test_a_refusal_offers_the_notice(world: c.World) -> None:
	doc = c.committed_order(world, c.item(stock=50))
	rows = [{"docname": r.name, "item_code": r.item_code, "qty": 9, "rate": r.rate} for r in doc.items]
	for door in (
		lambda: fresh(doc).db_set("po_no", "9"),
		lambda: update_child_qty_rate(ORDER, json.dumps(rows), doc.name),
	):
		frappe.clear_messages()
		frappe.db.savepoint("door")
		with pytest.raises(QMSRefusal, match="change notice"):
			door()
		frappe.db.rollback(save_point="door")
		action = frappe.local.message_log[-1]["primary_action"]
		assert action["client_action"] == "qms_customer.offer_notice"
		assert action["args"] == {"order": doc.name}


# What it costs


@pytest.mark.rule("E7")
def test_applying_adds_at_most_ten_queries_to_update_items(world: c.World) -> None:
	"""Notice, ledger and signature apart, at 1 and at 200 lines."""
	found = {lines: h.against_update_items(world, lines) for lines in (1, 200)}
	added = {lines: ours.queries - plain.queries for lines, (plain, ours) in found.items()}
	assert max(added.values()) <= h.MAY_ADD, added
