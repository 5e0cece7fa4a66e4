"""Where returns are seen: reports, prints, escalation, register, customer file, dashboards (G1, G6, H8)."""

from __future__ import annotations

import json
from typing import Any

import frappe
import pytest
from frappe.desk.notifications import get_open_count
from frappe.desk.query_report import run
from frappe.model.document import Document
from frappe.utils import add_days, getdate, nowdate
from frappe.www.printview import get_html_and_style

from qms_customer.contract import customer_file, escalation, register
from qms_customer.messages import QMSRefusal
from qms_customer.records import contents, prints
from qms_customer.returns import claim_api, disposition_api, quarantine_stock, waiting
from qms_customer.rules import people as roles
from tests.site.test_prints import pages, text
from tests.support import claims, sales
from tests.support import contracts as c
from tests.support import disposed as d
from tests.support.company import COMPANY
from tests.support.people import as_user, make_user
from tests.support.sql import count_queries

RATES, OPEN, STOCK = "Returns and Their Rates", "Open Return Slips", "Quarantine Stock"
REPORTS = (RATES, OPEN, STOCK)
SLIP = "Return Slip"
EVERY_ROLE = (*roles.ROLES, "System Manager")


def goods(quantity: float = 10, **values: Any) -> Document:
	"""Return the delivery of one batch to a customer, without a contract."""
	code = c.item(has_batch_no=1, create_new_batch=0)
	row = {"item_code": code, "qty": quantity, "batch_no": sales.batch(code, 3 * quantity)}
	return sales.delivered(c.customer(), row, **values)


def rows_of(report: str, **filters: Any) -> list[dict]:
	found = run(report, filters=json.dumps(filters), ignore_prepared_report=True)
	return [row for row in found["result"] if isinstance(row, dict)]


def page(doc: Document, name: str, user: str = "Administrator") -> str:
	with as_user(user):
		return text(get_html_and_style(doc.doctype, doc.name, name)["html"])


def make_late(slip: Document, days: int, *fields: str) -> None:
	for field in fields:
		frappe.db.set_value(
			SLIP, slip.name, field, f"{add_days(nowdate(), -days)} 10:00:00", update_modified=False
		)


# Reports


@pytest.mark.rule("L1")
@pytest.mark.parametrize("role", EVERY_ROLE)
def test_a_reader_of_each_role_sees_the_reports(world: c.World, role: str) -> None:
	note = goods()
	d.back(world, d.approved(world, (note, 0, 4)))
	with as_user(make_user(role)):
		assert rows_of(RATES, customer=note.customer)
		assert rows_of(OPEN, customer=note.customer)
		assert rows_of(STOCK, item_code=note.items[0].item_code)


@pytest.mark.rule("L1")
def test_who_holds_no_role_of_ours_does_not(world: c.World) -> None:
	d.back(world, d.approved(world, (goods(), 0, 4)))
	with as_user(make_user("Stock User")):
		for report in REPORTS:
			with pytest.raises(frappe.PermissionError):
				rows_of(report)


@pytest.mark.rule("L1")
def test_user_permissions_hold_in_them(world: c.World) -> None:
	mine, theirs = goods(), goods()
	for note in (mine, theirs):
		d.back(world, d.approved(world, (note, 0, 4)))
	user = make_user(roles.QUALITY)
	frappe.get_doc(
		{"doctype": "User Permission", "user": user, "allow": "Customer", "for_value": mine.customer}
	).insert()
	frappe.clear_cache(user=user)
	with as_user(user):
		assert {r["group"] for r in rows_of(RATES, group_by="Customer")} == {mine.customer}
		assert {r["customer_name"] for r in rows_of(OPEN)} == {mine.customer_name}
		found = {r["item_code"]: r for r in rows_of(STOCK)}
		assert mine.customer_name in found[mine.items[0].item_code]["customers"]
		hidden = found[theirs.items[0].item_code]
		assert (hidden["customers"], hidden["without_slip"]) == ("", 0)
		assert "RS-" not in hidden["slips"]
	frappe.get_doc(
		{"doctype": "User Permission", "user": user, "allow": "Item", "for_value": mine.items[0].item_code}
	).insert()
	frappe.clear_cache(user=user)
	with as_user(user):
		assert {r["item_code"] for r in rows_of(STOCK)} == {mine.items[0].item_code}


@pytest.mark.rule("G1", "H8")
def test_returns_against_deliveries(world: c.World) -> None:
	note = goods(10)
	row, customer = note.items[0], note.customer
	reason = frappe.get_all("Return Reason", pluck="name", limit=1)[0]
	slip = d.approved(world, {"delivery": note, "place": 0, "stock_qty": 4, "reason_code": reason})
	d.back(world, slip, 3)
	frappe.db.set_value(SLIP, slip.name, "is_quality_claim", 1)
	claims.put_forward(world, customer, (row.item_code, row.batch_no, 2), claimed=False)
	sales.delivered(customer, {"item_code": row.item_code, "qty": 10, "batch_no": row.batch_no})
	with as_user(make_user(roles.AUDITOR)):
		for by, where in (("Item", {}), ("Batch", {"batch_no": row.batch_no}), ("Customer", {})):
			(found,) = rows_of(RATES, group_by=by, customer=customer, **where)
			assert (found["slips"], found["claims"]) == (2, 1), by
			assert (found["put_forward"], found["approved"], found["open"]) == (6, 4, 2)
			assert (found["came"], found["delivered"], found["rate"]) == (3, 20, 20)
		by_reason = {r["group"]: r for r in rows_of(RATES, group_by="Reason", customer=customer)}
		assert len(by_reason) == 2 and {r["delivered"] for r in by_reason.values()} == {20}
		before = add_days(nowdate(), -30)
		assert not rows_of(RATES, customer=customer, from_date=add_days(before, -30), to_date=before)
		with pytest.raises(QMSRefusal):
			rows_of(RATES, from_date="2026-02-01", to_date="2026-01-01")
		with pytest.raises(QMSRefusal):
			rows_of(RATES, group_by="owner")


@pytest.mark.rule("G1", "H8")
def test_rates_lead_to_items_and_customers_and_are_of_one_reason(world: c.World) -> None:
	note = goods(10)
	some, other = frappe.get_all("Return Reason", pluck="name", limit=2)
	for reason, quantity in ((some, 4), (other, 1)):
		d.approved(world, {"delivery": note, "place": 0, "stock_qty": quantity, "reason_code": reason})
	with as_user(make_user(roles.AUDITOR)):
		for by, target, key in (
			("Item", "Item", note.items[0].item_code),
			("Batch", "Item", note.items[0].item_code),
			("Customer", "Customer", note.customer),
		):
			filters = json.dumps({"group_by": by, "customer": note.customer, "reason_code": some})
			found = run(RATES, filters=filters, ignore_prepared_report=True)
			first = found["columns"][0]
			assert (first["fieldtype"], first["options"]) == ("Link", target)
			(row,) = (r for r in found["result"] if isinstance(r, dict))
			assert (row["group"], row["approved"], row["delivered"]) == (key, 4, 10), by
		assert (
			row["customer_name"] == note.customer_name
			and note.customer_name in found["chart"]["data"]["labels"]
		)


@pytest.mark.rule("G1", "H8")
def test_what_is_refused_or_bad_is_counted_as_such(world: c.World) -> None:
	slip = claims.bad(world, claims.claimed(world, 4))
	claims.decide(slip, world.person(roles.BUSINESS_MANAGER), "Rejected", "Used wrongly")
	with as_user(make_user(roles.AUDITOR)):
		(found,) = rows_of(RATES, customer=slip.customer)
	assert (found["bad"], found["refused"], found["approved"], found["rate"]) == (1, 4, 0, 0)


@pytest.mark.rule("L3")
def test_open_slips_say_who_owes_the_next_step(world: c.World) -> None:
	note = goods()
	slip = d.approved(world, (note, 0, 4))
	with as_user(make_user(roles.AUDITOR)):
		(row,) = rows_of(OPEN, customer=note.customer)
		assert (row["state"], row["days"], row["late"]) == ("Route to be Decided", 0, 0)
		assert row["waits_for"] == roles.SALES_USER
		assert not rows_of(OPEN, customer=note.customer, overdue=1)
	make_late(slip, 60, "decided_on", "creation")
	with as_user(make_user(roles.AUDITOR)):
		(row,) = rows_of(OPEN, customer=note.customer, overdue=1)
		assert row["late"] == row["days"] - waiting.days() > 0 and row["age"] == 60
		assert not rows_of(OPEN, customer=note.customer, workflow_state="In Quarantine")
	d.back(world, slip)
	with as_user(make_user(roles.AUDITOR)):
		(row,) = rows_of(OPEN, customer=note.customer)
		assert (row["days"], row["waits_for"]) == (0, roles.QUALITY)
	d.disposed(world, slip.reload(), "Scrap")
	make_late(slip, 40, "decided_on")
	with as_user(make_user(roles.AUDITOR)):
		(row,) = rows_of(OPEN, customer=note.customer)
		assert (row["state"], row["days"], row["waits_for"]) == ("Settlement Due", 0, roles.SALES_USER)
	d.given(world, slip.reload())
	with as_user(make_user(roles.AUDITOR)):
		assert not rows_of(OPEN, customer=note.customer)


@pytest.mark.rule("L3", "G2")
def test_of_a_slip_to_be_approved_the_inboxes_say_who_decides(world: c.World) -> None:
	manager = world.person(roles.BUSINESS_MANAGER)
	note = goods()
	slip = claims.put_forward(
		world, note.customer, (note.items[0].item_code, note.items[0].batch_no, 1), claimed=False
	)
	(one,) = waiting.read({"name": slip.name})
	assert manager in one.people and one.roles == ()


@pytest.mark.rule("G6")
def test_quarantine_stock_is_of_its_slips(world: c.World) -> None:
	note = goods()
	row = note.items[0]
	slip = d.back(world, d.approved(world, (note, 0, 4)))
	with as_user(make_user(roles.AUDITOR)):
		(found,) = rows_of(STOCK, item_code=row.item_code)
		assert (found["batch_no"], found["qty"], found["slips"]) == (row.batch_no, 4, slip.name)
		assert (found["value"], found["without_slip"], found["rework"]) == (40, 0, 0)
		assert found["since"] == getdate(nowdate()) and found["customers"] == note.customer_name
	d.disposed(world, slip, "Rework", 3)
	with as_user(make_user(roles.AUDITOR)):
		(found,) = rows_of(STOCK, item_code=row.item_code)
		assert (found["qty"], found["rework"]) == (4, 3) and found["non_conformances"]
	d.disposed(world, slip, "Scrap", 3)
	(found,) = quarantine_stock.read(COMPANY, row.item_code)
	assert (found.quantity, found.rework, found.without_slip) == (1, 0, 0)
	d.disposed(world, slip, "Scrap", 1)
	assert not quarantine_stock.read(COMPANY, row.item_code)


@pytest.mark.rule("G5", "G6")
def test_blocked_stock_of_a_bad_batch_stands_in_it_too(world: c.World) -> None:
	d.quarantine()
	slip = claims.bad(world, claims.claimed(world, 4))
	measure = slip.batch_measures[0]
	user = world.person(roles.QUALITY)
	frappe.get_doc("User", user).add_roles("Stock User", "Stock Manager")
	with as_user(user):
		claim_api.move_batch(slip.name, claims.shown(slip), measure.name)
	(found,) = quarantine_stock.read(COMPANY, measure.item_code)
	assert found.slips == {slip.name: found.quantity} and found.without_slip == 0


@pytest.mark.rule("G6")
def test_stock_that_no_slip_accounts_for_is_shown(world: c.World) -> None:
	code = c.item(has_batch_no=1, create_new_batch=0)
	place = d.quarantine()
	frappe.db.set_value("Warehouse", place, "qms_quarantine", 0)
	frappe.clear_document_cache("Warehouse", place)
	batch = sales.batch(code, 1)
	sales.received(code, 5, batch_no=batch, t_warehouse=place)
	frappe.db.set_value("Warehouse", place, "qms_quarantine", 1)
	frappe.clear_document_cache("Warehouse", place)
	(found,) = quarantine_stock.read(COMPANY, code)
	assert (found.quantity, found.without_slip, found.slips) == (5, 5, {})


@pytest.mark.parametrize("report", REPORTS)
def test_they_take_a_constant_number_of_queries(world: c.World, report: str) -> None:
	counts = []
	for _round in range(3):
		for _slip in range(2):
			d.back(world, d.approved(world, (goods(), 0, 4)))
		rows_of(report)
		with count_queries() as queries:
			rows_of(report)
		counts.append(queries.count)
	assert len(set(counts[1:])) == 1, counts


# Prints


@pytest.mark.rule("G1", "K6")
def test_a_slip_is_printed_whole_with_a_place_to_sign(world: c.World) -> None:
	note = goods()
	slip = d.approved(world, (note, 0, 4), contact_name="顾 <b>医生</b>")
	d.back(world, slip)
	d.disposed(world, slip.reload(), "Scrap")
	found = page(slip, SLIP)
	form = prints.form_of(slip)
	assert "退货单 Return Slip" in found and form.number in found and slip.name in found
	row = slip.items[0]
	for part in (
		*(row.item_code, row.batch_no, note.customer_name, note.name, "Leaks", "顾 <b>医生</b>"),
		*("姓名、签字、盖章", "客户填写或确认", "Scrap", "Back to Us", "Worth more than the freight"),
	):
		assert part in found, part
	file = frappe.get_print(SLIP, slip.name, SLIP, as_pdf=True)
	assert all(slip.name in one for one in pages(file)) and "第1页" in pages(file)[0]


@pytest.mark.rule("G5", "K6")
def test_the_rest_of_a_bad_batch_is_printed(world: c.World) -> None:
	slip = claims.bad(world, claims.claimed(world, 4))
	found = page(slip, SLIP)
	assert "问题批号的其余产品" in found and "NOT LOOKED AT YET" in found
	with as_user(world.person(roles.QUALITY)):
		claim_api.look_at_batch(
			slip.name, claims.shown(slip), slip.batch_measures[0].name, "Sold out elsewhere"
		)
	found, measure = page(slip.reload(), SLIP), slip.batch_measures[0]
	assert "NOT LOOKED AT YET" not in found
	for part in ("Sold out elsewhere", measure.looked_by_name, f"{measure.stock_qty:g}"):
		assert part in found, part


@pytest.mark.rule("G6", "G7", "K6")
def test_what_the_customer_got_and_who_saw_it_destroyed_is_printed(world: c.World) -> None:
	_order, note, _batch = d.ordered(world)
	sheet = page(d.approved(world, (note, 0, 1)), SLIP)
	assert "换货与贷项凭证" not in sheet and "附件" not in sheet
	slip = d.routed(world, d.approved(world, (note, 0, 4)), "Destroyed on Site")
	slip = d.destroyed(world, slip, 4)
	with as_user(world.sales):
		replacement = disposition_api.draft_replacement(slip.name, d.shown(slip))["name"]
	photo = c.upload(attached_to_doctype=SLIP, attached_to_name=slip.name)
	for _state in ("草稿 Draft", "已提交 Submitted"):
		found = page(slip, SLIP)
		for part in ("换货与贷项凭证", replacement, _state, "见证人", "Mr Lin", "Dr Gu"):
			assert part in found, part
		assert photo.file_name in found and contents.file_hash(photo) in found
		frappe.get_doc("Delivery Note", replacement).submit()


@pytest.mark.rule("G6", "K6")
def test_credit_notes_are_printed(world: c.World) -> None:
	code = c.item(has_batch_no=1, create_new_batch=0)
	bill = sales.invoiced(c.customer(), {"item_code": code, "qty": 5, "batch_no": sales.batch(code, 9)})
	slip = d.back(world, d.approved(world, (bill, 0, 2), wanted="Refund"))
	assert slip.arrivals[0].document_type == "Sales Invoice"
	assert f"贷项凭证 Credit Notes {slip.arrivals[0].document}" in page(slip, SLIP)


@pytest.mark.rule("G1", "K3")
def test_what_is_not_approved_says_so(world: c.World) -> None:
	slip = claims.claimed(world)
	found = page(slip, SLIP)
	assert "尚未批准，不得据此收货" in found and "NOT TESTED YET" in found and "NOT SIGNED" in found
	claims.bad(world, slip)
	claims.decide(slip, world.person(roles.BUSINESS_MANAGER), "Rejected", "Used wrongly")
	found = page(slip, SLIP)
	assert "退货已驳回" in found and "Used wrongly" in found and "不得据此收货" not in found


@pytest.mark.rule("G6", "K6")
def test_the_certificate_says_what_was_destroyed(world: c.World) -> None:
	note = goods()
	slip = d.routed(world, d.approved(world, (note, 0, 4)), "Destroyed on Site")
	nothing = page(slip, "Destruction Certificate")
	assert "NOTHING WAS DESTROYED" in nothing and "Mr Lin" not in nothing
	d.destroyed(world, slip, 3)
	found = page(slip, "Destruction Certificate")
	row = slip.arrivals[0]
	for part in (
		*("销毁证明 Certificate of Destruction", "QMS-CR-16", row.item_code, row.batch_no, "Dr Gu"),
		*("Mr Lin", row.evidence_hash, row.document, row.write_off, "见证人", "3 Nos"),
	):
		assert part in found, part
	assert "NOTHING WAS DESTROYED" not in found
	d.taken_back(world, slip.reload(), slip.arrivals[0])
	assert "NOTHING WAS DESTROYED" in page(slip, "Destruction Certificate")


@pytest.mark.rule("L1")
def test_who_may_not_read_a_slip_prints_none(world: c.World) -> None:
	slip = d.approved(world, (goods(), 0, 4))
	with pytest.raises(frappe.PermissionError):
		page(slip, SLIP, make_user("Stock User"))


# Escalation


@pytest.mark.rule("L3")
def test_a_slip_that_stands_still_goes_up_the_line(world: c.World) -> None:
	manager, general = world.person(roles.BUSINESS_MANAGER), world.person(roles.GENERAL_MANAGER)
	slip = d.approved(world, (goods(), 0, 4))

	def told() -> dict[str, str]:
		found = {n.item.row.name: n for n in escalation.notices()}
		return found[slip.name].people if slip.name in found else {}

	assert not told()
	days = waiting.days()
	frappe.db.set_value("Company", COMPANY, "default_holiday_list", None)
	frappe.clear_document_cache("Company", COMPANY)
	make_late(slip, days, "decided_on")
	assert not told()
	make_late(slip, days + 1, "decided_on")
	assert world.sales in told() and told()[manager] == roles.BUSINESS_MANAGER and general not in told()
	make_late(slip, days + 5, "decided_on")
	assert told()[general] == roles.GENERAL_MANAGER
	escalation.escalate()
	said = frappe.get_all(
		"Notification Log", filters={"document_name": slip.name, "for_user": general}, pluck="subject"
	)
	assert len(said) == 1 and slip.name in said[0] and "Route to be Decided" in said[0]
	assert not told()
	# A step that is done is not overdue.
	d.routed(world, slip)
	frappe.db.delete("Review Escalation", {"reference_name": slip.name})
	assert not told()


@pytest.mark.rule("L3")
def test_the_line_of_returns_is_in_the_settings(world: c.World) -> None:
	steps = frappe.get_doc("QMS Customer Settings").escalation
	assert [s.role for s in steps if s.waits_for == SLIP] == [roles.BUSINESS_MANAGER, roles.GENERAL_MANAGER]


@pytest.mark.rule("L3")
def test_reading_what_waits_takes_a_constant_number_of_queries(world: c.World) -> None:
	counts = []
	for _round in range(2):
		d.approved(world, (goods(), 0, 4))
		waiting.read()
		with count_queries() as queries:
			waiting.read()
		counts.append(queries.count)
	assert counts[0] == counts[1] <= 6


# Register, customer file, dashboards


@pytest.mark.rule("D5", "G1")
def test_the_register_counts_returns_of_a_contract(world: c.World) -> None:
	order, note, _batch = d.ordered(world)

	def count() -> int:
		register.follow("Delivery Note", note.name)
		return frappe.db.get_value(register.DOCTYPE, register.entry_of("Sales Order", order.name), "returns")

	assert count() == 0
	slip = d.approved(world, (note, 0, 4))
	assert count() == 1
	# The slip's own return documents are not counted again, however many there are.
	d.received(world, d.routed(world, slip), 2)
	d.received(world, slip.reload(), 2)
	assert count() == 1
	second = d.approved(world, (note, 0, 1))
	assert count() == 2
	frappe.db.set_value(SLIP, second.name, {"decision": "Rejected", "workflow_state": "Return Rejected"})
	assert count() == 1
	assert register.entries_about(SLIP, slip.name) == [register.entry_of("Sales Order", order.name)]


@pytest.mark.rule("D5")
def test_a_return_from_before_counts_as_it_did(world: c.World) -> None:
	order, note, _batch = d.ordered(world)
	sales.returned(note.reload())
	register.follow("Delivery Note", note.name)
	entry = register.entry_of("Sales Order", order.name)
	assert frappe.db.get_value(register.DOCTYPE, entry, "returns") == 1


@pytest.mark.rule("D6", "G1")
def test_the_customer_file_lists_the_slips(world: c.World) -> None:
	note = goods()
	slip = d.approved(world, (note, 0, 4))
	with as_user(make_user(roles.SALES_USER)):
		found = {s.key: s for s in customer_file.read(note.customer).sections}["return_slips"]
	assert found.total == 1 and found.rows[0][0].name == slip.name
	assert found.rows[0][6].text == "Route to be Decided"


@pytest.mark.rule("G1", "K6")
def test_batch_item_customer_and_contract_lead_to_the_slips(world: c.World) -> None:
	order, note, batch = d.ordered(world)
	d.approved(world, (note, 0, 4))
	for doctype, name in (
		("Batch", batch),
		("Item", order.items[0].item_code),
		("Customer", order.customer),
		("Sales Order", order.name),
	):
		counted = get_open_count(doctype, name)["count"]["external_links_found"]
		assert [one["count"] for one in counted if one["doctype"] == SLIP] == [1], doctype
