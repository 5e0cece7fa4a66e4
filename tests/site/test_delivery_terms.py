"""Goods leave by the agreed method, and are paid by the agreed method and terms (F1)."""

from __future__ import annotations

import frappe
import pytest
from erpnext.accounts.doctype.payment_entry.payment_entry import get_payment_entry
from erpnext.accounts.doctype.sales_invoice.sales_invoice import make_sales_return as make_credit_note
from erpnext.selling.doctype.sales_order.sales_order import make_delivery_note, make_sales_invoice
from erpnext.stock.doctype.delivery_note.delivery_note import make_sales_invoice as invoice_of_note
from erpnext.stock.doctype.delivery_note.delivery_note import make_sales_return
from frappe import client
from frappe.model.document import Document
from frappe.utils import add_days, getdate, nowdate

from qms_customer.erp import delivery_terms
from qms_customer.setup import install
from tests.support import contracts as c
from tests.support.company import COMPANY

pytestmark = pytest.mark.rule("F1")


def prepaid() -> str:
	"""A template: 40 % before dispatch, the rest 30 days after the invoice."""
	return template("QMS Prepaid", ("QMS Prepaid 40", 40, 1, 0), ("QMS Rest 60", 60, 0, 30))


def template(name: str, *terms: tuple[str, int, int, int]) -> str:
	"""A template of (term, portion, before dispatch, days); not on one day: ERPNext wants the dates of a
	schedule to differ.
	"""
	for term, portion, first, days in terms:
		if not frappe.db.exists("Payment Term", term):
			frappe.get_doc(
				{
					"doctype": "Payment Term",
					"payment_term_name": term,
					"invoice_portion": portion,
					"due_date_based_on": "Day(s) after invoice date",
					"credit_days": days,
					"qms_before_dispatch": first,
				}
			).insert()
	if not frappe.db.exists("Payment Terms Template", name):
		frappe.get_doc(
			{
				"doctype": "Payment Terms Template",
				"template_name": name,
				"terms": [
					{
						"payment_term": term,
						"invoice_portion": portion,
						"due_date_based_on": "Day(s) after invoice date",
						"credit_days": days,
					}
					for term, portion, _first, days in terms
				],
			}
		).insert()
	return name


def prepaid_order(world: c.World, **values: object) -> Document:
	return c.committed_order(world, c.item(stock=50), payment_terms_template=prepaid(), **values)


def pay(order: Document, amount: float, submit: bool = True) -> Document:
	"""Book an advance on an order."""
	entry = get_payment_entry("Sales Order", order.name, bank_account=cash())
	entry.update({"reference_no": "1", "reference_date": nowdate(), "paid_amount": amount})
	entry.received_amount = amount
	entry.references[0].allocated_amount = amount
	entry.set("references", entry.references[:1])
	entry.references[0].payment_term = None
	entry.insert()
	if submit:
		entry.submit()
	return entry


def cash() -> str:
	return frappe.db.get_value("Account", {"company": COMPANY, "account_type": "Cash", "is_group": 0})


def refused(doc: Document, words: str) -> None:
	with pytest.raises(frappe.ValidationError, match=words):
		doc.submit()
	doc.reload()


def test_a_delivery_bears_the_terms_of_its_order_and_no_others(world: c.World) -> None:
	order = c.committed_order(world, c.item(stock=50))
	note = make_delivery_note(order.name)
	note.insert()
	assert (note.qms_delivery_method, note.qms_payment_method) == ("Sea freight", "Cash")
	assert note.qms_payment_terms == order.payment_terms_template
	for field, value in (
		("qms_delivery_method", "Air freight"),
		("qms_payment_method", "Cheque"),
		("qms_payment_terms", prepaid()),
	):
		note.set(field, value)
		note.save()
		refused(note, "F1")
		note.set(field, None)
		note.save()
	assert note.qms_delivery_method == "Sea freight"
	note.submit()
	with pytest.raises(frappe.ValidationError, match="F1"):
		note.db_set("qms_delivery_method", "Air freight")
	c.plain_returns()
	back = make_sales_return(note.name)
	back.qms_delivery_method = "Courier"
	back.insert().submit()


def test_orders_with_different_terms_leave_apart(world: c.World) -> None:
	customer, code = c.customer(), c.item(stock=50)
	one = c.committed_order(world, code, customer=customer)
	other = c.committed_order(world, code, customer=customer, qms_delivery_method="Air freight")
	note = make_delivery_note(other.name, make_delivery_note(one.name)).insert()
	assert {d.against_sales_order for d in note.items} == {one.name, other.name}
	refused(note, "differs")


def test_an_invoice_with_stock_bears_them_too(world: c.World) -> None:
	order = c.committed_order(world, c.item(stock=50))
	invoice = make_sales_invoice(order.name)
	invoice.update_stock = 1
	invoice.insert()
	assert invoice.qms_delivery_method == "Sea freight"
	assert invoice.payment_terms_template == order.payment_terms_template
	invoice.payment_terms_template = prepaid()
	invoice.set("payment_schedule", [])
	invoice.save()
	refused(invoice, "F1.*Payment Terms")
	invoice.payment_terms_template = order.payment_terms_template
	invoice.set("payment_schedule", [])
	invoice.save()
	invoice.submit()


def test_what_is_paid_first_holds_up_the_delivery_until_it_is(world: c.World) -> None:
	order = prepaid_order(world)
	assert [bool(r.qms_before_dispatch) for r in order.payment_schedule] == [True, False]
	note = make_delivery_note(order.name).insert()
	refused(note, "paid before dispatch")
	pay(order, 150)
	pay(order, 50, submit=False)
	refused(note, "200.00 .* 150.00")
	last = pay(order, 50)
	last.cancel()
	refused(note, "paid before dispatch")
	pay(order, 50)
	note.submit()


def test_what_was_paid_back_is_not_paid(world: c.World) -> None:
	order = prepaid_order(world)
	entry = pay(order, 200)
	back = frappe.get_doc(
		{
			"doctype": "Payment Entry",
			"payment_type": "Pay",
			"company": COMPANY,
			"party_type": "Customer",
			"party": order.customer,
			"paid_from": cash(),
			"paid_to": entry.paid_from,
			"paid_amount": 80,
			"received_amount": 80,
			"source_exchange_rate": 1,
			"target_exchange_rate": 1,
			"reference_no": "2",
			"reference_date": nowdate(),
			"references": [
				{
					"reference_doctype": "Payment Entry",
					"reference_name": entry.name,
					"allocated_amount": 80,
				}
			],
		}
	)
	# As it stands after ERPNext reconciled the payment out with the one that came in.
	back.flags.ignore_validate = back.flags.ignore_mandatory = True
	back.insert()
	back.db_set("docstatus", 1)
	back.references[0].db_set("docstatus", 1)
	refused(make_delivery_note(order.name).insert(), "200.00 .* 120.00")


def journal(order: Document, against: str, amount: float) -> Document:
	party = frappe.get_cached_value("Company", COMPANY, "default_receivable_account")
	entry = frappe.get_doc(
		{
			"doctype": "Journal Entry",
			"company": COMPANY,
			"posting_date": nowdate(),
			"accounts": [
				{
					"account": against,
					"debit_in_account_currency": amount,
					"cost_center": frappe.get_cached_value("Company", COMPANY, "cost_center"),
				},
				{
					"account": party,
					"party_type": "Customer",
					"party": order.customer,
					"credit_in_account_currency": amount,
					"reference_type": "Sales Order",
					"reference_name": order.name,
					"is_advance": "Yes",
				},
			],
		}
	).insert()
	entry.submit()
	return entry


def test_a_journal_entry_counts_where_money_moved(world: c.World) -> None:
	order = prepaid_order(world)
	expense = frappe.db.get_value(
		"Account", {"company": COMPANY, "root_type": "Expense", "is_group": 0, "account_type": ""}
	)
	journal(order, expense, 200)
	note = make_delivery_note(order.name).insert()
	refused(note, "paid before dispatch")
	journal(order, cash(), 200)
	note.submit()


def test_payments_of_its_invoices_count(world: c.World) -> None:
	order = prepaid_order(world)
	invoice = make_sales_invoice(order.name).insert()
	invoice.submit()
	entry = get_payment_entry("Sales Invoice", invoice.name, bank_account=cash())
	entry.update({"reference_no": "1", "reference_date": nowdate()})
	entry.insert().submit()
	make_delivery_note(order.name).insert().submit()


def test_the_setting_switches_it_off(world: c.World) -> None:
	order = prepaid_order(world)
	settings = frappe.get_doc("QMS Customer Settings")
	settings.update({"payment_before_dispatch": 0, "change_reason": "Trust"})
	c.save_settings(settings)
	assert not delivery_terms.pays_first()
	make_delivery_note(order.name).insert().submit()


def test_a_payment_term_that_is_altered_later_alters_no_contract(world: c.World) -> None:
	order = prepaid_order(world)
	frappe.db.set_value("Payment Term", "QMS Prepaid 40", "qms_before_dispatch", 0)
	frappe.clear_document_cache("Payment Term", "QMS Prepaid 40")
	refused(make_delivery_note(order.name).insert(), "paid before dispatch")


def test_an_upgrade_switches_it_on_once(world: c.World) -> None:
	row = frappe.qb.DocType("Singles")
	ours = (row.doctype == "QMS Customer Settings") & (row.field == "payment_before_dispatch")
	frappe.qb.from_(row).delete().where(ours).run()
	frappe.clear_document_cache("QMS Customer Settings", "QMS Customer Settings")
	install._settings()
	assert delivery_terms.pays_first()
	frappe.qb.update(row).set(row.value, "0").where(ours).run()
	frappe.clear_document_cache("QMS Customer Settings", "QMS Customer Settings")
	install._settings()
	assert not delivery_terms.pays_first()


def test_a_delivery_from_before_is_saved_as_it_is(world: c.World) -> None:
	"""What left before there were these fields bears none, and is not filled in afterwards."""
	order = c.committed_order(world, c.item(stock=50))
	note = make_delivery_note(order.name).insert()
	note.submit()
	fields = delivery_terms.FIELDS["Delivery Note"].values()
	frappe.db.set_value("Delivery Note", note.name, dict.fromkeys(fields))
	note.reload()
	note.save()
	assert not note.reload().qms_delivery_method


def test_a_credit_note_that_was_paid_out_takes_it_back(world: c.World) -> None:
	order = prepaid_order(world)
	invoice = make_sales_invoice(order.name).insert()
	invoice.submit()
	entry = get_payment_entry("Sales Invoice", invoice.name, bank_account=cash())
	entry.update({"reference_no": "1", "reference_date": nowdate()})
	entry.insert().submit()
	credit = make_credit_note(invoice.name).insert()
	credit.submit()
	back = get_payment_entry("Sales Invoice", credit.name, bank_account=cash())
	back.update({"reference_no": "2", "reference_date": nowdate()})
	back.insert().submit()
	assert back.payment_type == "Pay"
	refused(make_delivery_note(order.name).insert(), "200.00 .* 0.00")


def test_rest_says_nothing_else(world: c.World) -> None:
	"""A client that sends another method, or takes the terms out, gains nothing."""
	order = c.committed_order(world, c.item(stock=50))
	draft = make_delivery_note(order.name)
	draft.qms_delivery_method = "Air freight"
	name = client.insert(draft.as_dict())["name"]
	with pytest.raises(frappe.ValidationError, match="F1"):
		client.submit(frappe.get_doc("Delivery Note", name).as_dict())
	client.set_value("Delivery Note", name, "qms_delivery_method", "")
	client.submit(frappe.get_doc("Delivery Note", name).as_dict())
	with pytest.raises(frappe.ValidationError):
		client.set_value("Delivery Note", name, "qms_delivery_method", "Air freight")
	assert frappe.db.get_value("Delivery Note", name, "qms_delivery_method") == "Sea freight"


# The payment schedule of an invoice.


def hand_made(**values: object) -> list[dict[str, object]]:
	"""Rows of a schedule that somebody agreed without a template."""
	rows = ((20, 30, "First"), (70, 70, "Rest"))
	return [
		{"due_date": add_days(nowdate(), days), "invoice_portion": portion, "description": text, **values}
		for days, portion, text in rows
	]


@pytest.fixture(params=[0, 1], ids=["template", "fetched"])
def fetching(request: pytest.FixtureRequest) -> int:
	"""Whether ERPNext fetches the payment terms of an order for its invoice."""
	frappe.db.set_single_value("Accounts Settings", "automatically_fetch_payment_terms", request.param)
	return request.param


def two_terms(world: c.World, **values: object) -> Document:
	"""An order of 40 % at once and 60 % in 30 days."""
	terms = template("QMS Two Terms", ("QMS At Once 40", 40, 0, 0), ("QMS Later 60", 60, 0, 30))
	return c.committed_order(world, c.item(stock=50), payment_terms_template=terms, **values)


def by_hand(world: c.World) -> Document:
	"""An order without a template: its schedule was agreed as it stands."""
	return c.committed_order(
		world, c.item(stock=50), payment_terms_template=None, payment_schedule=hand_made()
	)


def dates(doc: Document) -> list[tuple[str, float]]:
	return [(str(r.due_date), r.invoice_portion) for r in doc.payment_schedule]


def test_an_invoice_asks_for_what_the_order_agreed(world: c.World, fetching: int) -> None:
	order = two_terms(world)
	invoice = make_sales_invoice(order.name).insert()
	assert invoice.payment_terms_template == order.payment_terms_template
	assert dates(invoice) == [(nowdate(), 40), (add_days(nowdate(), 30), 60)]
	assert sum(r.payment_amount for r in invoice.payment_schedule) == invoice.grand_total
	invoice.reload().payment_schedule[1].due_date = getdate(add_days(nowdate(), 29))
	invoice.save()
	refused(invoice, "F1.*Payment schedule")
	invoice.set("payment_schedule", [])
	invoice.save()
	invoice.submit()
	credit = make_credit_note(invoice.name).insert()
	credit.submit()
	assert not credit.payment_schedule


@pytest.mark.parametrize(
	"rows",
	[
		[(50, 0), (50, 30)],
		[(100, 30)],
		[(40, 0), (60, 10)],
	],
)
def test_shares_and_dates_are_not_written_over(world: c.World, rows: list[tuple[int, int]]) -> None:
	invoice = make_sales_invoice(two_terms(world).name).insert()
	invoice.set("payment_schedule", [])
	for portion, days in rows:
		row = {"invoice_portion": portion, "due_date": add_days(nowdate(), days)}
		invoice.append("payment_schedule", row)
	invoice.save()
	refused(invoice, "F1.*Payment schedule")


def test_a_schedule_without_a_template_is_borne_too(world: c.World, fetching: int) -> None:
	order = by_hand(world)
	invoice = make_sales_invoice(order.name).insert()
	assert dates(invoice) == dates(order)
	assert [r.description for r in invoice.payment_schedule] == ["First", "Rest"]
	invoice.submit()


def test_an_invoice_of_a_part_and_of_a_delivery(world: c.World, fetching: int) -> None:
	for order in (two_terms(world), by_hand(world)):
		note = make_delivery_note(order.name)
		note.items[0].qty = 2
		note.insert().submit()
		invoice = invoice_of_note(note.name).insert()
		assert [portion for _day, portion in dates(invoice)] == [
			r.invoice_portion for r in order.payment_schedule
		]
		assert sum(r.payment_amount for r in invoice.payment_schedule) == invoice.grand_total == 200
		invoice.submit()
		rest = make_sales_invoice(order.name)
		rest.update_stock = 1
		rest.insert().submit()
		assert rest.grand_total == 300


def test_an_invoice_after_an_advance(world: c.World, fetching: int) -> None:
	order = two_terms(world)
	pay(order, 200)
	invoice = make_sales_invoice(order.name)
	invoice.allocate_advances_automatically = 1
	invoice.insert().submit()
	assert invoice.total_advance == 200


def test_a_template_that_is_altered_later_alters_no_contract(world: c.World, fetching: int) -> None:
	order = two_terms(world)
	altered = frappe.get_doc("Payment Terms Template", order.payment_terms_template)
	altered.terms[1].credit_days = 90
	altered.save()
	invoice = make_sales_invoice(order.name).insert()
	assert dates(invoice)[1] == (add_days(nowdate(), 30), 60)
	invoice.submit()


def test_a_discount_that_is_altered_later_alters_no_contract(world: c.World, fetching: int) -> None:
	order = two_terms(world)
	agreed = order.payment_schedule[1]
	for name, discount in ((agreed.name, 2), (order.payment_schedule[0].name, 0)):
		frappe.db.set_value("Payment Schedule", name, {"discount": discount, "discount_type": "Percentage"})
	frappe.clear_document_cache("Sales Order", order.name)
	frappe.db.set_value("Payment Term", agreed.payment_term, {"discount": 9, "discount_type": "Percentage"})
	invoice = make_sales_invoice(order.name).insert()
	for _again in range(2):
		assert [r.discount for r in invoice.payment_schedule] == [0, 2]
		invoice = frappe.get_doc("Sales Invoice", invoice.name)
		invoice.save()
	invoice.submit()


def test_the_usual_terms_of_the_customer_give_way(world: c.World, fetching: int) -> None:
	customer = c.customer()
	frappe.db.set_value("Customer", customer, "payment_terms", c.payment_terms())
	frappe.clear_document_cache("Customer", customer)
	for order in (two_terms(world, customer=customer), by_hand(world)):
		invoice = make_sales_invoice(order.name)
		# As the Desk shows it before it is saved.
		invoice.set_payment_schedule()
		invoice.insert()
		assert len(invoice.payment_schedule) == 2
		invoice.submit()


def test_a_draft_is_dated_later(world: c.World, fetching: int) -> None:
	invoice = make_sales_invoice(two_terms(world).name).insert()
	invoice.reload().set_posting_time = 1
	invoice.posting_date = add_days(nowdate(), 3)
	invoice.payment_schedule[0].due_date = getdate(invoice.posting_date)
	invoice.save()
	invoice.submit()


def test_an_amended_invoice_is_due_anew(world: c.World) -> None:
	invoice = make_sales_invoice(two_terms(world).name).insert()
	invoice.submit()
	invoice.reload().cancel()
	amended = frappe.copy_doc(invoice)
	amended.update({"amended_from": invoice.name, "docstatus": 0})
	for row in amended.get_all_children():
		row.docstatus = 0
	for row in amended.payment_schedule:
		row.due_date = getdate(add_days(row.due_date, -9))
	amended.insert()
	assert dates(amended) == dates(invoice)
	amended.submit()


def test_a_change_of_the_terms_changes_the_invoice(world: c.World) -> None:
	"""What holds is what the order says when the invoice is made."""
	order = by_hand(world)
	frappe.db.set_value(
		"Payment Schedule", order.payment_schedule[1].name, "due_date", add_days(nowdate(), 90)
	)
	frappe.clear_document_cache("Sales Order", order.name)
	invoice = make_sales_invoice(order.name).insert()
	assert dates(invoice)[1] == (add_days(nowdate(), 90), 70)
	invoice.submit()


def test_orders_with_different_schedules_are_billed_apart(world: c.World) -> None:
	customer, code = c.customer(), c.item(stock=50)
	terms = {"payment_terms_template": None, "customer": customer}
	one, other = (
		c.committed_order(world, code, payment_schedule=hand_made(**late), **terms)
		for late in ({}, {"mode_of_payment": "Cash"})
	)
	both = make_sales_invoice(other.name, make_sales_invoice(one.name)).insert()
	assert {d.sales_order for d in both.items} == {one.name, other.name}
	refused(both, "F1.*differs")


def test_one_agreed_date_is_borne_too(world: c.World, fetching: int) -> None:
	when = add_days(nowdate(), 60)
	schedule = [{"due_date": when, "invoice_portion": 100}]
	order = c.committed_order(world, c.item(stock=50), payment_terms_template=None, payment_schedule=schedule)
	invoice = make_sales_invoice(order.name).insert()
	assert dates(invoice) == [(when, 100)]
	invoice.payment_schedule[0].due_date = getdate(add_days(nowdate(), 300))
	invoice.save()
	refused(invoice, "F1.*Payment schedule")
	invoice.payment_schedule[0].due_date = getdate(when)
	invoice.save().submit()


def test_an_emptied_schedule_is_taken_from_the_order_whatever_the_usual_terms(
	world: c.World, fetching: int
) -> None:
	customer = c.customer()
	frappe.db.set_value("Customer", customer, "payment_terms", c.payment_terms())
	frappe.clear_document_cache("Customer", customer)
	order = c.committed_order(
		world,
		c.item(stock=50),
		payment_terms_template=None,
		payment_schedule=hand_made(),
		customer=customer,
	)
	invoice = make_sales_invoice(order.name)
	invoice.set_payment_schedule()
	invoice.insert().reload().payment_schedule[1].due_date = getdate(add_days(nowdate(), 200))
	invoice.save()
	refused(invoice, "F1.*Empty the table and save")
	invoice.set("payment_schedule", [])
	invoice.save()
	assert dates(invoice) == dates(order)
	invoice.submit()


def test_instalments_come_to_the_whole(world: c.World) -> None:
	invoice = make_sales_invoice(two_terms(world).name).insert().reload()
	for row, amount in zip(invoice.payment_schedule, (4, 6), strict=True):
		row.update({"invoice_portion": 0, "payment_amount": amount, "base_payment_amount": amount})
	invoice.save()
	refused(invoice, "Total Payment Amount in Payment Schedule")


def test_a_service_is_billed_on_the_terms_of_its_order_with_stock_or_without(world: c.World) -> None:
	service = c.item(is_stock_item=0)
	terms = template("QMS Two Terms", ("QMS At Once 40", 40, 0, 0), ("QMS Later 60", 60, 0, 30))
	order = c.committed_order(world, service, payment_terms_template=terms)
	for moves in (0, 1):
		invoice = make_sales_invoice(order.name)
		invoice.update_stock = moves
		invoice.insert().reload().payment_schedule[1].due_date = getdate(add_days(nowdate(), 200))
		invoice.save()
		refused(invoice, "F1.*Payment schedule")


def test_what_says_that_it_is_paid_at_once_is(world: c.World) -> None:
	order = two_terms(world)
	invoice = make_sales_invoice(order.name)
	invoice.is_pos = 1
	invoice.append("payments", {"mode_of_payment": "Cash", "account": cash(), "amount": 0})
	invoice.due_date = add_days(nowdate(), 700)
	invoice.insert()
	refused(invoice, f"F1.*paid at once, and {invoice.grand_total:g} of it is not.*{order.name}")
	invoice.payments[0].amount = invoice.grand_total
	invoice.save().submit()


def test_what_is_paid_at_once_or_bills_no_order_has_no_schedule(world: c.World) -> None:
	code = c.item(stock=50)
	order = c.committed_order(world, code)
	invoice = make_sales_invoice(order.name)
	invoice.is_pos = 1
	invoice.append("payments", {"mode_of_payment": "Cash", "account": cash(), "amount": invoice.grand_total})
	invoice.insert().submit()
	assert not invoice.payment_schedule
	free = make_sales_invoice(c.committed_order(world, code).name)
	for row in free.items:
		row.sales_order = row.so_detail = None
	free.payment_terms_template = prepaid()
	free.set("payment_schedule", [])
	free.insert().submit()
