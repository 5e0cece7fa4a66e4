"""D6, K6: the sales record tells of every device sold which it was, to whom it went, and what came back."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import frappe
import pytest
from frappe.desk.query_report import _export_query, run
from frappe.utils import add_days, getdate, nowdate
from pypdf import PdfReader

from qms_customer.contract import customer_api, sales_record
from qms_customer.messages import QMSRefusal
from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support import goods as g
from tests.support import sales as s
from tests.support.counter import sale, till
from tests.support.people import as_user, make_user
from tests.support.plain import hooks_off
from tests.support.sql import count_queries

REPORT = "Sales Record"


def rows_of(user: str | None = None, **filters: Any) -> list[dict]:
	"""Return the rows that the report shows to a user."""
	with as_user(user or "Administrator"):
		found = run(REPORT, filters=json.dumps(filters), ignore_prepared_report=True)
	return [row for row in found["result"] if isinstance(row, dict)]


def told(rows: list[dict]) -> list[tuple]:
	return [(r["delivery"], r["batch_no"], r["serial_no"], r["qty"]) for r in rows]


def batched(**values: Any) -> str:
	return c.item(has_batch_no=1, has_expiry_date=1, create_new_batch=0, **values)


def pages(content: bytes) -> list[str]:
	"""Return the texts of a PDF's pages without blanks."""
	return [re.sub(r"\s+", "", page.extract_text()) for page in PdfReader(io.BytesIO(content)).pages]


@pytest.mark.rule("D6")
def test_each_delivery_is_told_with_batch_buyer_and_place() -> None:
	code = batched(item_name="Infusion Pump", description="<p>220 V, <b>IPX1</b></p>")
	batch, customer = s.batch(code, 10, expires=90), c.customer(customer_name="Riverside Hospital")
	place, person = s.address(customer), s.contact(customer)
	world = c.World()
	order = c.committed_order(world, code, qty=5, customer=customer)
	with hooks_off():
		note = g.delivery(order, 3, batch_no=batch, use_serial_batch_fields=1)
		note.update({"shipping_address_name": place, "contact_person": person})
		note.save()
		note.submit()
	(row,) = rows_of(customer=customer)
	assert (row["delivery"], row["contract"], row["customer"]) == (note.name, order.name, customer)
	assert (row["product"], row["item_code"], row["specification"]) == (
		"Infusion Pump",
		code,
		"220 V, IPX1",
	)
	assert (row["batch_no"], row["qty"], row["stock_uom"]) == (batch, 3, "Nos")
	assert row["expiry_date"] == getdate(add_days(nowdate(), 90))
	assert "1 Harbour Road" in row["address"] and "<" not in row["address"]
	assert "Dr Gu" in row["contact"] and "555 0100" in row["contact"]
	# Another address of the customer later changes nothing of what was delivered.
	frappe.db.set_value("Address", place, "address_line1", "2 Other Road")
	assert "1 Harbour Road" in rows_of(customer=customer)[0]["address"]


@pytest.mark.rule("D6")
def test_a_row_of_several_batches_and_a_batch_in_several_rows() -> None:
	code, customer = batched(), c.customer()
	a, b = s.batch(code, 10), s.batch(code, 10)
	note = s.delivered(
		customer,
		{"item_code": code, "qty": 2, "batch_no": a},
		{"item_code": code, "qty": 3, "batch_no": b},
		{"item_code": code, "qty": 1, "batch_no": a},
	)
	assert told(rows_of(customer=customer)) == [
		(note.name, a, "", 2),
		(note.name, b, "", 3),
		(note.name, a, "", 1),
	]
	# One bundle with two batches.
	bundle = frappe.get_doc("Serial and Batch Bundle", note.items[1].serial_and_batch_bundle)
	entry = bundle.entries[0]
	frappe.db.set_value(entry.doctype, entry.name, "qty", -1)
	twin = frappe.copy_doc(entry)
	twin.update(
		{"parent": bundle.name, "parenttype": bundle.doctype, "parentfield": "entries", "batch_no": a}
	)
	twin.update({"qty": -2, "idx": 2, "docstatus": 1})
	twin.db_insert()
	found = told(rows_of(customer=customer))
	assert (note.name, b, "", 1) in found and (note.name, a, "", 2) in found[1:]
	assert sum(r[3] for r in found) == 6
	assert {r["batch_no"] for r in rows_of(batch_no=a)} == {a}
	assert sum(r["qty"] for r in rows_of(batch_no=a)) == 5


@pytest.mark.rule("D6", "K6")
def test_many_bundles_are_read_as_few_are(monkeypatch: pytest.MonkeyPatch) -> None:
	code, part, customer = batched(), batched(), c.customer()
	kit = c.item(is_stock_item=0, with_standard=False)
	batch, other = s.batch(code, 10), s.batch(part, 10)
	frappe.get_doc(
		{"doctype": "Product Bundle", "new_item_code": kit, "items": [{"item_code": part, "qty": 2}]}
	).insert()
	note = s.delivered(customer, {"item_code": code, "qty": 4, "batch_no": batch})
	s.returned(note, qty=-1, batch_no=batch, use_serial_batch_fields=1)
	s.invoiced(customer, {"item_code": code, "qty": 2, "batch_no": batch})
	s.delivered(
		customer,
		{"item_code": kit},
		packed_items=[
			{"parent_item": kit, "item_code": part, "batch_no": other, "use_serial_batch_fields": 1}
		],
	)
	period = {"from_date": getdate(add_days(nowdate(), -1)), "to_date": getdate(nowdate())}
	asked = [
		sales_record.Wanted(customer=customer, **period),
		sales_record.Wanted(customer=customer, item_code=part, **period),
		sales_record.Wanted(batch_no=batch),
	]
	few = [sales_record.read(wanted).lines for wanted in asked]
	assert {line.batch_no for line in few[0]} >= {batch}
	monkeypatch.setattr(sales_record, "FEW", 0)
	assert [sales_record.read(wanted).lines for wanted in asked] == few


@pytest.mark.rule("D6", "K6")
def test_devices_are_found_by_their_serial_number() -> None:
	code, customer = c.item(has_serial_no=1), c.customer()
	names = s.serials(code, 4)
	note = s.delivered(customer, {"item_code": code, "qty": 3, "serial_no": "\n".join(names[:3])})
	(row,) = rows_of(customer=customer)
	assert sorted(row["serial_no"].split(", ")) == sorted(names[:3]) and row["qty"] == 3
	assert told(rows_of(serial_no=names[1])) == [(note.name, "", names[1], 1)]
	assert told(rows_of(serial_no=names[1].lower())) == [(note.name, "", names[1], 1)]
	assert rows_of(serial_no=names[3]) == [] and rows_of(serial_no=names[0][:-2]) == []
	s.as_text("Delivery Note", note)
	assert told(rows_of(serial_no=names[2])) == [(note.name, "", names[2], 1)]


@pytest.mark.rule("D6", "K6")
def test_rows_of_before_bundles_count_as_well() -> None:
	code, customer = batched(), c.customer()
	batch = s.batch(code, 10)
	note = s.delivered(customer, {"item_code": code, "qty": 4, "batch_no": batch})
	s.as_text("Delivery Note", note)
	for found in (rows_of(customer=customer), rows_of(batch_no=batch)):
		assert told(found) == [(note.name, batch, "", 4)]
		assert found[0]["expiry_date"]


@pytest.mark.rule("D6")
def test_what_comes_back_is_negative_and_names_its_delivery() -> None:
	code, customer = batched(), c.customer()
	batch = s.batch(code, 10)
	note = s.delivered(customer, {"item_code": code, "qty": 4, "batch_no": batch})
	back = s.returned(note, qty=-1, batch_no=batch, use_serial_batch_fields=1)
	first, second = rows_of(batch_no=batch)
	assert told([first, second]) == [(note.name, batch, "", 4), (back.name, batch, "", -1)]
	assert second["return_against"] == note.name and second["kind"] != first["kind"]
	assert sum(r["qty"] for r in rows_of(customer=customer)) == 3


@pytest.mark.rule("D6")
def test_invoices_that_move_stock_and_the_counter_count_once() -> None:
	code, customer = batched(), c.customer()
	batch = s.batch(code, 20)
	bill = s.invoiced(customer, {"item_code": code, "qty": 2, "batch_no": batch})
	only = s.invoiced(customer, {"item_code": code, "qty": 9, "batch_no": batch}, update_stock=0)
	assert told(rows_of(customer=customer)) == [(bill.name, batch, "", 2)]
	# Sold over the counter, then consolidated: the invoice that repeats it is left out.
	with hooks_off():
		counter = sale(
			till(), customer, {"item_code": code, "qty": 3, "batch_no": batch, "use_serial_batch_fields": 1}
		)
		counter.submit()
	frappe.db.set_value("Sales Invoice", only.name, {"update_stock": 1, "is_consolidated": 1})
	for found in (rows_of(customer=customer), rows_of(batch_no=batch)):
		assert sorted(told(found)) == sorted([(bill.name, batch, "", 2), (counter.name, batch, "", 3)])


@pytest.mark.rule("D6", "K6")
def test_a_kit_is_told_by_its_parts() -> None:
	kit, part = c.item(is_stock_item=0, with_standard=False), batched()
	batch, customer = s.batch(part, 30), c.customer()
	frappe.get_doc(
		{"doctype": "Product Bundle", "new_item_code": kit, "items": [{"item_code": part, "qty": 2}]}
	).insert()
	world = c.World()
	order = c.committed_order(world, kit, qty=3, customer=customer)
	with hooks_off():
		note = g.delivery(order, 3)
		note.packed_items[0].update({"batch_no": batch, "use_serial_batch_fields": 1})
		note.save()
		note.submit()
	expected = [(note.name, batch, "", 6)]
	for found in (
		rows_of(customer=customer),
		rows_of(batch_no=batch),
		rows_of(item_code=part),
		rows_of(contract=order.name),
	):
		assert told(found) == expected
		assert (found[0]["part_of"], found[0]["contract"]) == (kit, order.name)
	assert rows_of(item_code=kit, customer=customer) == []
	s.as_text("Delivery Note", note)
	assert told(rows_of(batch_no=batch)) == expected


@pytest.mark.rule("K6")
def test_it_is_retrieved_by_contract_customer_item_batch_and_period() -> None:
	code, other, customer = batched(), c.item(stock=9), c.customer()
	batch = s.batch(code, 10)
	day = add_days(nowdate(), -1)
	new = s.delivered(customer, {"item_code": code, "qty": 1, "batch_no": batch}, {"item_code": other})
	old = s.delivered(customer, {"item_code": code, "qty": 2, "batch_no": batch})
	frappe.db.set_value("Delivery Note", old.name, "posting_date", add_days(nowdate(), -800))
	assert {r["delivery"] for r in rows_of(customer=customer)} == {new.name}
	assert {r["delivery"] for r in rows_of(customer=customer, from_date=add_days(nowdate(), -900))} == {
		old.name,
		new.name,
	}
	assert rows_of(customer=customer, to_date=day) == []
	assert [r["item_code"] for r in rows_of(customer=customer, item_code=other)] == [other]
	# A trace leaves nothing out, whatever the period says.
	assert {r["delivery"] for r in rows_of(batch_no=batch, from_date=day, to_date=day)} == {
		old.name,
		new.name,
	}
	assert rows_of(batch_no="no such batch") == [] and rows_of(serial_no="no such device") == []
	assert rows_of(contract="no such order") == []
	with pytest.raises(QMSRefusal, match="K6"):
		rows_of(from_date=nowdate(), to_date=day)


@pytest.mark.rule("D6")
def test_drafts_cancelled_ones_and_what_a_company_sends_itself_are_no_sales() -> None:
	code, customer = c.item(stock=50), c.customer()
	with hooks_off():
		g.delivery_by_hand(customer, {"item_code": code})
		note = s.delivered(customer, {"item_code": code})
		note.cancel()
	itself = s.delivered(customer, {"item_code": code})
	frappe.db.set_value(
		"Delivery Note", itself.name, {"is_internal_customer": 1, "represents_company": itself.company}
	)
	assert rows_of(customer=customer) == []


@pytest.mark.rule("D6", "L1")
@pytest.mark.parametrize("role", roles.ROLES)
def test_each_role_reads_what_it_may(role: str) -> None:
	code, customer = c.item(stock=50), c.customer()
	note = s.delivered(customer, {"item_code": code})
	bill = s.invoiced(customer, {"item_code": code})
	user = make_user(role)
	seen = {r["delivery"] for r in rows_of(user, customer=customer)}
	with as_user(user):
		found = run(REPORT, filters=json.dumps({"customer": customer}), ignore_prepared_report=True)
		may = bool(frappe.has_permission("Sales Invoice", "read"))
	assert seen == ({note.name, bill.name} if may else {note.name})
	# Who does not see all of it is told so.
	assert ("Sales Invoice" in (found.get("message") or "")) is not may
	assert may is (role not in (roles.RND, roles.PRODUCTION, roles.PLANNING, roles.PURCHASING))


@pytest.mark.rule("L1")
def test_who_is_limited_to_a_customer_sees_no_other() -> None:
	code, mine, theirs = c.item(stock=50), c.customer(), c.customer()
	notes = [s.delivered(customer, {"item_code": code}) for customer in (mine, theirs)]
	user = make_user(roles.AUDITOR)
	frappe.get_doc(
		{"doctype": "User Permission", "user": user, "allow": "Customer", "for_value": mine}
	).insert()
	frappe.clear_cache(user=user)
	assert {r["delivery"] for r in rows_of(user, item_code=code)} == {notes[0].name}
	outsider = make_user("Employee")
	with pytest.raises(frappe.PermissionError):
		rows_of(outsider)
	with as_user(outsider), pytest.raises(frappe.PermissionError):
		customer_api.sales_record_pdf()


@pytest.mark.rule("D6")
def test_the_number_of_queries_does_not_grow_with_the_rows() -> None:
	code, customer = batched(), c.customer()
	batch = s.batch(code, 500)
	counts = []
	for _round in range(3):
		s.delivered(customer, *({"item_code": code, "batch_no": batch} for _ in range(5)))
		for wanted in (sales_record.Wanted(customer=customer), sales_record.Wanted(batch_no=batch)):
			sales_record.read(wanted)
			with count_queries() as queries:
				assert sales_record.read(wanted).lines
			counts.append(queries.count)
	assert set(counts[::2]) == {counts[0]} and set(counts[1::2]) == {counts[1]}, counts
	assert max(counts) <= 25


@pytest.mark.rule("K6")
def test_what_people_typed_is_exported_as_text() -> None:
	"""Frappe gives spreadsheets whatever a report holds: our reports hold no formula."""
	customer = c.customer(customer_name=c.unique("=HYPERLINK(A1)"))
	s.delivered(customer, {"item_code": c.item(stock=5)})
	for kind in ("CSV", "Excel"):
		params = frappe._dict(
			report_name=REPORT,
			file_format_type=kind,
			filters={"item_code": rows_of(customer=customer)[0]["item_code"]},
			visible_idx=[0],
			include_indentation=0,
		)
		_name, _ending, content = _export_query(
			params, {"delimiter": ",", "quoting": 0}, populate_response=False
		)
		if kind == "CSV":
			assert not re.search(r"(^|,)\"?=", content.decode(), re.MULTILINE)
		else:
			from openpyxl import load_workbook

			sheet = load_workbook(io.BytesIO(content)).active
			assert "f" not in {cell.data_type for row in sheet.iter_rows() for cell in row}


@pytest.mark.rule("D6", "K4", "K6")
def test_the_form_qp07_02_is_printed_in_both_languages() -> None:
	code, customer = (
		batched(item_name="Infusion Pump"),
		c.customer(customer_name="Riverside Hospital 河滨医院"),
	)
	batch = s.batch(code, 50, name=c.unique("B"))
	note = s.delivered(customer, {"item_code": code, "qty": 4, "batch_no": batch})
	s.returned(note, qty=-1, batch_no=batch, use_serial_batch_fields=1)
	with as_user(make_user(roles.AUDITOR)):
		customer_api.sales_record_pdf(json.dumps({"batch_no": batch}))
	answer = frappe.local.response
	assert answer.type == "pdf" and answer.filename == "QP07-02.pdf"
	(page,) = pages(answer.filecontent)
	for part in (
		*("销售记录SalesRecord", "QP07-02", "A/0", "长期保存Forgood", "河滨医院", batch.replace(" ", "")),
		*("InfusionPump", "退货Return", "交付4.0delivered4.0", "退回1.0returned1.0", "不限期间"),
		*("第1页共1页", "Page1of1", "编制CompiledBy", f"{nowdate()[:7]}"),
	):
		assert part in page, (part, page)


@pytest.mark.rule("K6")
def test_too_much_for_a_form_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
	code, customer = c.item(stock=5), c.customer()
	s.delivered(customer, {"item_code": code}, {"item_code": code, "qty": 2})
	monkeypatch.setattr("qms_customer.contract.customer_prints.MOST", 1)
	with pytest.raises(QMSRefusal, match="2 lines are too many"):
		customer_api.sales_record_pdf({"customer": customer})
