"""D1, D2, D5, A4: contracts are numbered, signed, handed over, and followed from receipt to payment."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import frappe
import pytest
from erpnext.accounts.doctype.payment_entry.payment_entry import get_payment_entry
from erpnext.selling.doctype.sales_order.sales_order import make_delivery_note, make_sales_invoice
from erpnext.stock.doctype.delivery_note.delivery_note import make_sales_return
from frappe.desk.notifications import get_open_count
from frappe.desk.query_report import run as run_report
from frappe.model.base_document import get_controller
from frappe.model.document import Document
from frappe.utils import add_days, getdate, nowdate

from qms_customer.contract import api, register, register_api, register_job, register_prints, registration
from qms_customer.messages import QMSRefusal
from qms_customer.patches import fill_register
from qms_customer.records import verification
from qms_customer.rules import people as roles
from qms_customer.rules import register as rules
from tests.support import contracts as c
from tests.support.company import ABBR
from tests.support.people import as_user, logged_in, make_user, outside_tests
from tests.support.sql import count_queries

ENTRY = register.DOCTYPE


def entry(doc: Document) -> Document:
	"""Follow a contract, and return its entry."""
	(name,) = register.follow(doc.doctype, doc.name)
	return frappe.get_doc(ENTRY, name)


def shown(one: Document) -> str:
	return register_api.get_register_panel(one.name)["hash"]


def number(world: c.World, one: Document, kind: str = rules.FORMAL, **values: Any) -> Document:
	with as_user(world.sales):
		proposed = register_api.get_proposed_number(one.name)["number"]
		register_api.assign_number(one.name, values.pop("number", proposed), kind, **values)
	return one.reload()


def sign(world: c.World, one: Document, user: str | None = None) -> Document:
	with as_user(user or world.vp):
		register_api.sign_entry(one.name, shown(one), "/")
	return one.reload()


def signed(world: c.World, doc: Document, kind: str = rules.FORMAL, **values: Any) -> Document:
	return sign(world, number(world, entry(doc), kind, **values))


def inbox(user: str, one: Document) -> int:
	return frappe.db.count("ToDo", {"allocated_to": user, "reference_name": one.name, "status": "Open"})


def deliver(doc: Document, qty: float | None = None) -> Document:
	note = make_delivery_note(doc.name)
	if qty:
		note.items[0].qty = qty
	note.insert()
	note.submit()
	return note


def bill(doc: Document) -> Document:
	invoice = make_sales_invoice(doc.name)
	invoice.insert()
	invoice.submit()
	return invoice


def pay(doctype: str, name: str, amount: float | None = None) -> Document:
	payment = get_payment_entry(doctype, name, party_amount=amount)
	payment.reference_no, payment.reference_date = "1", nowdate()
	payment.insert()
	payment.submit()
	return payment


# Followed from receipt to payment


@pytest.mark.rule("D5")
def test_an_entry_is_made_when_the_first_review_begins(world: c.World) -> None:
	doc = c.order(c.item(stock=50))
	assert register.follow(doc.doctype, doc.name) == []
	review = c.start(world, doc)
	one = entry(doc)
	assert one.register_state == rules.UNDER_REVIEW and one.contract_review == review.name
	assert one.received_on == getdate(doc.transaction_date)
	assert one.review_started_on == getdate()
	assert one.customer == doc.customer and one.amount == doc.grand_total
	assert entry(doc).name == one.name and frappe.db.count(ENTRY, {"reference_name": doc.name}) == 1


@pytest.mark.rule("D5")
def test_from_receipt_to_payment(world: c.World) -> None:
	doc = c.committed_order(world, c.item(stock=50), qty=5)
	one = entry(doc)
	assert one.register_state == rules.APPROVED and one.approved_on == getdate()
	one = sign(world, number(world, one))
	assert one.register_state == rules.SIGNED, "signing moves it at once"
	advance = pay("Sales Order", doc.name, 100)
	one = entry(doc)
	assert one.register_state == rules.SIGNED and one.payment_started_on == getdate()
	advance.cancel()
	assert entry(doc).payment_started_on is None
	deliver(doc, 2)
	one = entry(doc)
	assert one.register_state == rules.PARTLY_DELIVERED and one.delivery_started_on == getdate()
	assert one.per_delivered == 40
	note = deliver(doc)
	assert entry(doc).register_state == rules.DELIVERED
	invoice = bill(doc)
	assert entry(doc).register_state == rules.DELIVERED
	first = pay("Sales Invoice", invoice.name, 200)
	assert register.follow("Payment Entry", first.name) == [one.name]
	assert one.reload().register_state == rules.PARTLY_PAID
	last = pay("Sales Invoice", invoice.name)
	assert register.follow("Payment Entry", last.name) == [one.name]
	one.reload()
	assert one.register_state == rules.PAID and one.paid_on == getdate()
	c.plain_returns()
	back = make_sales_return(note.name)
	back.insert()
	back.submit()
	assert register.follow("Delivery Note", back.name) == [one.name]
	assert one.reload().returns == 1
	assert verification.verify(ENTRY, one.name).findings == []


@pytest.mark.rule("D5")
def test_a_journal_entry_pays_as_well(world: c.World) -> None:
	from erpnext.accounts.doctype.journal_entry.journal_entry import get_payment_entry_against_invoice

	doc = c.committed_order(world, c.item(stock=50), qty=1)
	deliver(doc)
	invoice = bill(doc)
	one = entry(doc)
	paid = frappe.get_doc(get_payment_entry_against_invoice("Sales Invoice", invoice.name))
	paid.accounts[1].account = f"Cash - {ABBR}"
	paid.posting_date, paid.cheque_no, paid.cheque_date = nowdate(), "1", nowdate()
	paid.insert()
	paid.submit()
	assert register.follow("Journal Entry", paid.name) == [one.name]
	assert one.reload().register_state == rules.PAID


@pytest.mark.rule("D5")
def test_a_contract_that_is_cancelled_or_closed_stands_so(world: c.World) -> None:
	doc = c.committed_order(world, c.item(stock=50))
	one = entry(doc)
	c.end(doc, "Close")
	assert entry(doc).register_state == rules.CLOSED
	assert one.reload().closed_on == getdate()
	c.end(doc, "Re-open")
	assert entry(doc).register_state == rules.APPROVED
	c.end(doc)
	one = entry(doc)
	assert one.register_state == rules.CANCELLED and one.cancelled_on == getdate()
	with pytest.raises(QMSRefusal):
		number(world, one)


@pytest.mark.rule("D5")
def test_a_draft_that_was_edited_is_not_approved_any_more(world: c.World) -> None:
	doc = c.order(c.item(stock=50))
	c.approve(world, doc)
	assert entry(doc).register_state == rules.APPROVED
	doc.reload()
	doc.items[0].qty += 1
	doc.save()
	assert entry(doc).register_state == rules.UNDER_REVIEW


@pytest.mark.rule("D5")
def test_the_register_is_rebuilt_with_the_same_result(world: c.World) -> None:
	code = c.item(stock=100)
	docs = [c.committed_order(world, code, qty=4) for _ in range(3)]
	for doc in docs[1:]:
		deliver(doc, 2)
	bill(docs[2])
	for doc in docs:
		entry(doc)
	quotation = c.quotation(code, qms_is_tender=1)
	c.start(world, quotation)
	entry(quotation)
	register.rebuild()
	fields = ["name", "contract_number", *sorted(register.RECORDS[ENTRY].bookkeeping)]
	before = frappe.get_all(ENTRY, fields=fields, order_by="name")
	assert register.rebuild() == 0, "what was followed is what is computed anew"
	frappe.db.sql("update `tabContract Register Entry` set register_state='Paid', changes=7, paid_on=null")
	assert register.rebuild() >= 4
	assert frappe.get_all(ENTRY, fields=fields, order_by="name") == before


@pytest.mark.rule("D5")
def test_missing_entries_are_made_by_the_rebuild(world: c.World) -> None:
	doc = c.committed_order(world, c.item(stock=50))
	assert not register.entry_of(doc.doctype, doc.name)
	register.rebuild()
	one = frappe.get_doc(ENTRY, register.entry_of(doc.doctype, doc.name))
	assert one.register_state == rules.APPROVED
	assert verification.verify(ENTRY, one.name).findings == []


@pytest.mark.rule("D5")
def test_an_order_under_a_reviewed_blanket_order_is_in_the_register(world: c.World) -> None:
	blanket = c.blanket_order((c.item(stock=50), 100, 10))
	c.approve(world, blanket)
	one = entry(blanket)
	assert one.register_state == rules.APPROVED and one.amount == 1000


def test_following_takes_a_constant_number_of_queries(world: c.World) -> None:
	code = c.item(stock=100)
	docs = [c.committed_order(world, code, qty=2) for _ in range(4)]
	names = [entry(doc).name for doc in docs]
	register.update(names)
	with count_queries() as one:
		register.update(names[:1])
	with count_queries() as four:
		register.update(names)
	assert one.count == four.count and one.count <= 26, (one.count, four.count)


def test_asking_for_it_costs_the_database_nothing(world: c.World) -> None:
	doc = c.committed_order(world, c.item(stock=100))
	before = len(frappe.db.after_commit._functions)
	with count_queries() as queries:
		for _ in range(3):
			register.later(doc.doctype, doc.name)
	assert queries.count == 0
	assert len(frappe.db.after_commit._functions) - before <= 1


@pytest.mark.rule("D5")
def test_events_ask_to_be_followed(world: c.World) -> None:
	def asked() -> set[tuple[str, str]]:
		found = {getattr(f, "qms_register", None) for f in frappe.db.after_commit._functions} - {None}
		frappe.db.after_commit.reset()
		return found

	doc = c.order(c.item(stock=50))
	assert (doc.doctype, doc.name) not in asked()
	c.approve(world, doc)
	assert (doc.doctype, doc.name) in asked()
	doc.reload().submit()
	assert (doc.doctype, doc.name) in asked()
	note = deliver(doc)
	assert ("Delivery Note", note.name) in asked()
	invoice = bill(doc)
	assert ("Sales Invoice", invoice.name) in asked()
	payment = pay("Sales Invoice", invoice.name)
	assert ("Payment Entry", payment.name) in asked()


def follow_what_was_asked_for() -> None:
	"""Do what the background does after a commit: follow the documents that the events named."""
	keys = [getattr(f, "qms_register", None) for f in frappe.db.after_commit._functions]
	frappe.db.after_commit.reset()
	for doctype, name in filter(None, keys):
		register.follow(doctype, name)


def events(world: c.World, doc: Document, rng: random.Random) -> Iterator[str]:
	"""Let a contract go on at random, as far as ERPNext lets it."""
	notes, invoices, payments = [], [], []

	def close() -> None:
		c.end(doc, "Close")

	def open_again() -> None:
		c.end(doc, "Re-open")

	c.plain_returns()

	def come_back() -> None:
		back = make_sales_return(notes.pop().name)
		back.insert()
		back.submit()

	steps = {
		"deliver": lambda: notes.append(deliver(doc, 1)),
		"return": come_back,
		"bill": lambda: invoices.append(bill(doc)),
		"pay some": lambda: payments.append(pay("Sales Invoice", rng.choice(invoices).name, 50)),
		"pay": lambda: payments.append(pay("Sales Invoice", rng.choice(invoices).name)),
		"pay in advance": lambda: payments.append(pay("Sales Order", doc.name, 10)),
		"take back": lambda: payments.pop().cancel(),
		"close": close,
		"open again": open_again,
		"sign": lambda: signed(world, doc),
	}
	while True:
		name = rng.choice(sorted(steps))
		frappe.db.savepoint("event")
		try:
			steps[name]()
		except (frappe.ValidationError, IndexError, AttributeError):
			frappe.db.rollback(save_point="event")
			frappe.clear_messages()
			continue
		yield name


@pytest.mark.rule("D5")
@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_following_it_is_what_the_rebuild_computes(world: c.World, seed: int) -> None:
	doc = c.committed_order(world, c.item(stock=100), qty=3)
	follow_what_was_asked_for()
	happened = []
	for _number, name in zip(range(7), events(world, doc, random.Random(seed)), strict=False):
		happened.append(name)
		# The events alone: nobody looks after what they do not ask for.
		follow_what_was_asked_for()
		assert register.rebuild() == 0, happened


# Numbered and signed


@pytest.mark.rule("D1")
def test_numbered_once_and_never_again(world: c.World) -> None:
	code = c.item(stock=50)
	first, second = (entry(c.committed_order(world, code)) for _ in range(2))
	one = number(world, first)
	assert one.contract_number and one.numbered_by == world.sales
	for given in (one.contract_number, ""):
		with pytest.raises(QMSRefusal, match="D1"):
			number(world, second, number=given)
	with pytest.raises(QMSRefusal, match="has its number already"):
		number(world, one, number="HT-OTHER")
	two = number(world, second)
	assert two.contract_number != one.contract_number
	own = number(world, entry(c.committed_order(world, code)), number="  HT  special ")
	assert own.contract_number == "HT special"


@pytest.mark.rule("D1")
def test_a_proposal_that_is_not_taken_is_proposed_again(world: c.World) -> None:
	first = registration.proposed_number()
	assert registration.proposed_number() == first
	one = entry(c.committed_order(world, c.item(stock=50)))
	number(world, one)
	assert one.contract_number == first and registration.proposed_number() != first


@pytest.mark.rule("D1")
def test_of_two_who_take_one_number_at_once_the_second_is_told(
	world: c.World, monkeypatch: pytest.MonkeyPatch
) -> None:
	first, second = (entry(c.committed_order(world, c.item(stock=50))) for _ in range(2))
	taken = number(world, first).contract_number
	# As the second one sees it, who looked before the first had committed.
	monkeypatch.setattr(registration, "_taken", lambda number: False)
	with pytest.raises(QMSRefusal, match="given already"):
		number(world, second, number=taken)


@pytest.mark.rule("D1")
def test_the_series_is_a_setting(world: c.World) -> None:
	settings = frappe.get_doc("QMS Customer Settings")
	settings.update({"contract_series": "XS.YY.-.###", "change_reason": "As on paper"})
	c.save_settings(settings)
	assert registration.proposed_number() == f"XS{getdate():%y}-001"
	settings.reload()
	settings.update({"contract_series": "no%good", "change_reason": "?"})
	with pytest.raises(frappe.ValidationError):
		c.save_settings(settings)


@pytest.mark.rule("D1")
def test_who_numbers_is_sales(world: c.World) -> None:
	one = entry(c.committed_order(world, c.item(stock=50)))
	for user in (world.person(roles.QUALITY), "Administrator"):
		with as_user(user), pytest.raises(QMSRefusal, match="D1"):
			register_api.assign_number(one.name, "HT-1", rules.FORMAL)


@pytest.mark.rule("D1")
def test_signed_by_the_vice_general_manager_once_it_is_approved_and_numbered(world: c.World) -> None:
	doc = c.order(c.item(stock=50))
	c.start(world, doc)
	one = number(world, entry(doc))
	with pytest.raises(QMSRefusal, match="review of what it says is approved"):
		sign(world, one)
	review = frappe.get_doc("Contract Review", one.contract_review)
	c.answer_all(world, review)
	c.decide(review.reload(), world.vp)
	one = entry(doc)
	assert inbox(world.vp, one) == 1
	one = sign(world, one)
	assert one.signed_by == world.vp and one.signed_on and one.signed_role == roles.SALES_VP
	assert one.register_state == rules.SIGNED
	assert registration.is_signed(doc.name)
	assert inbox(world.vp, one) == 0
	signature = frappe.get_last_doc("Electronic Signature", {"reference_name": one.name})
	assert signature.meaning == "Contract Signed" and signature.signer == world.vp
	with pytest.raises(QMSRefusal, match="signed already"):
		sign(world, one)
	assert verification.verify(ENTRY, one.name).findings == []


@pytest.mark.rule("D1")
def test_without_a_number_it_is_not_signed(world: c.World) -> None:
	one = entry(c.committed_order(world, c.item(stock=50)))
	with pytest.raises(QMSRefusal, match="Sales numbers"):
		sign(world, one)


@pytest.mark.rule("C12")
def test_nobody_signs_what_they_prepared(world: c.World) -> None:
	one = number(world, entry(c.committed_order(world, c.item(stock=50))))
	both = make_user(roles.SALES_USER, roles.GENERAL_MANAGER)
	frappe.db.set_value(ENTRY, one.name, "numbered_by", both)
	with pytest.raises(QMSRefusal, match="C12"):
		sign(world, one.reload(), both)
	for user in (world.sales, "Administrator"):
		with pytest.raises(QMSRefusal, match="D1"):
			sign(world, one, user)


@pytest.mark.rule("D1")
def test_by_the_settings_the_general_manager_alone_signs(world: c.World) -> None:
	settings = frappe.get_doc("QMS Customer Settings")
	settings.contract_signer = "General Manager"
	settings.change_reason = "We are small"
	c.save_settings(settings)
	one = number(world, entry(c.committed_order(world, c.item(stock=50))))
	with pytest.raises(QMSRefusal, match="D1"):
		sign(world, one)
	assert sign(world, one, world.gm).signed_role == roles.GENERAL_MANAGER


@pytest.mark.rule("C12")
def test_signed_is_what_was_shown(world: c.World) -> None:
	doc = c.order(c.item(stock=50))
	c.approve(world, doc)
	one = number(world, entry(doc))
	before = shown(one)
	doc.reload()
	doc.items[0].qty += 1
	doc.save()
	with as_user(world.vp), pytest.raises(QMSRefusal, match="C12"):
		register_api.sign_entry(one.name, before, "/")
	with as_user(world.vp), pytest.raises(QMSRefusal, match="D1"):
		register_api.sign_entry(one.name, shown(one), "/")


@pytest.mark.rule("K3")
def test_a_signature_needs_the_password_and_a_comment(world: c.World) -> None:
	one = number(world, entry(c.committed_order(world, c.item(stock=50))))
	with logged_in(world.vp), pytest.raises(QMSRefusal, match="K3"):
		register_api.sign_entry(one.name, shown(one), "/")
	with as_user(world.vp), pytest.raises(QMSRefusal, match="K1"):
		register_api.sign_entry(one.name, shown(one), "")


# Handed over


@pytest.mark.rule("D2")
def test_copy_and_original_are_handed_over_and_finance_acknowledges(world: c.World) -> None:
	finance = world.person(roles.FINANCE)
	one = number(world, entry(c.committed_order(world, c.item(stock=50))))
	with as_user(world.sales), pytest.raises(QMSRefusal, match="not signed yet"):
		register_api.hand_over(one.name, rules.COPY, "Cabinet 3")
	one = sign(world, one)
	with as_user(world.sales):
		with pytest.raises(QMSRefusal, match="D2"):
			register_api.hand_over(one.name, rules.COPY, "")
		register_api.hand_over(one.name, rules.COPY, "Cabinet 3")
	with as_user(finance), pytest.raises(QMSRefusal, match="has not handed"):
		register_api.acknowledge_original(one.name, shown(one), "/")
	with as_user(world.sales):
		register_api.hand_over(one.name, rules.ORIGINAL)
		with pytest.raises(QMSRefusal, match="recorded already"):
			register_api.hand_over(one.name, rules.ORIGINAL)
	assert inbox(finance, one) == 1
	with as_user(world.sales), pytest.raises(QMSRefusal, match="D2"):
		register_api.acknowledge_original(one.name, shown(one), "/")
	with as_user(finance):
		register_api.acknowledge_original(one.name, shown(one), "/")
	one.reload()
	assert one.copy_by == one.original_by == world.sales and one.copy_place == "Cabinet 3"
	assert one.received_by == finance and one.original_received_on
	assert inbox(finance, one) == 0
	assert verification.verify(ENTRY, one.name).findings == []


@pytest.mark.rule("D2")
def test_who_hands_the_original_over_does_not_acknowledge_it(world: c.World) -> None:
	both = make_user(roles.SALES_USER, roles.FINANCE)
	one = signed(world, c.committed_order(world, c.item(stock=50)))
	with as_user(both):
		register_api.hand_over(one.name, rules.ORIGINAL)
		with pytest.raises(QMSRefusal, match="D2"):
			register_api.acknowledge_original(one.name, shown(one), "/")


# Provisional contracts


@pytest.mark.rule("A4")
def test_a_provisional_contract_is_followed_until_a_formal_one_replaces_it(world: c.World) -> None:
	code, customer = c.item(stock=50), c.customer()
	doc = c.committed_order(world, code, customer=customer)
	with pytest.raises(QMSRefusal, match="A4"):
		number(world, entry(doc), rules.PROVISIONAL)
	one = signed(world, doc, rules.PROVISIONAL, formal_due=add_days(nowdate(), 3))
	assert inbox(world.sales, one) == 1
	stranger = signed(world, c.committed_order(world, code))
	formal = signed(world, c.committed_order(world, code, customer=customer))
	with as_user(world.sales):
		for wrong in (stranger.name, one.name, "", "CRE-NONE"):
			with pytest.raises(QMSRefusal, match="A4"):
				register_api.make_formal(one.name, shown(one), formal_entry=wrong, comment="/")
		register_api.make_formal(one.name, shown(one), formal_entry=formal.name, comment="/")
		with pytest.raises(QMSRefusal, match="A4"):
			register_api.make_formal(one.name, shown(one), formal_entry=formal.name, comment="/")
	one.reload()
	assert one.formal_entry == formal.name and one.formal_by == world.sales
	assert inbox(world.sales, one) == 0
	assert verification.verify(ENTRY, one.name).findings == []


@pytest.mark.rule("A4")
def test_or_the_file_of_the_formal_contract(world: c.World) -> None:
	one = signed(
		world,
		c.committed_order(world, c.item(stock=50)),
		rules.PROVISIONAL,
		formal_due=add_days(nowdate(), 3),
	)
	with as_user(world.sales):
		with pytest.raises(QMSRefusal, match="not stored"):
			register_api.make_formal(one.name, shown(one), formal_file="/private/files/none.pdf", comment="/")
		file = c.upload()
		register_api.make_formal(one.name, shown(one), formal_file=file.file_url, comment="/")
	assert one.reload().formal_on


@pytest.mark.rule("A4")
def test_reminders_once_a_day_and_again_after_missed_days(
	world: c.World, monkeypatch: pytest.MonkeyPatch
) -> None:
	said: list[str] = []
	monkeypatch.setattr(
		registration.notify, "tell", lambda users, subject, doc, **more: said.append((doc.name, tuple(users)))
	)
	one = signed(
		world,
		c.committed_order(world, c.item(stock=50)),
		rules.PROVISIONAL,
		formal_due=add_days(nowdate(), 3),
	)
	said.clear()
	registration.remind()
	registration.remind()
	assert [name for name, _users in said].count(one.name) == 1
	frappe.db.set_value(ENTRY, one.name, {"formal_due": nowdate(), "reminded_on": add_days(nowdate(), -30)})
	said.clear()
	registration.remind()
	registration.remind()
	assert [users for name, users in said if name == one.name] == [(world.sales,)]
	# What is overdue goes up the line: test_escalation.
	frappe.db.set_value(
		ENTRY, one.name, {"formal_due": add_days(nowdate(), -20), "reminded_on": add_days(nowdate(), -30)}
	)
	said.clear()
	registration.remind()
	assert not [users for name, users in said if name == one.name]


# Kept


@pytest.mark.rule("K2")
def test_nobody_writes_an_entry_by_hand(world: c.World) -> None:
	one = entry(c.committed_order(world, c.item(stock=50)))
	one.register_state = rules.PAID
	with pytest.raises(QMSRefusal):
		one.save()
	with pytest.raises(QMSRefusal):
		frappe.get_doc(ENTRY, one.name).db_set("contract_number", "HT-X")
	with pytest.raises(QMSRefusal):
		frappe.delete_doc(ENTRY, one.name, force=True)
	with pytest.raises(QMSRefusal):
		frappe.get_doc(
			{
				"doctype": ENTRY,
				"reference_doctype": one.reference_doctype,
				"reference_name": c.order(c.item()).name,
				"register_state": rules.PAID,
			}
		).insert()


def test_everybody_of_ours_reads_it(world: c.World) -> None:
	one = entry(c.committed_order(world, c.item(stock=50)))
	for role in roles.ROLES:
		with as_user(make_user(role)):
			assert register_api.get_register_panel(one.name)["html"]
			assert frappe.get_list(ENTRY, filters={"name": one.name})


def test_a_stranger_does_not_read_it(world: c.World) -> None:
	one = entry(c.committed_order(world, c.item(stock=50)))
	with as_user(make_user("Employee")), pytest.raises(frappe.PermissionError):
		register_api.get_register_panel(one.name)


def test_the_contract_shows_its_entry(world: c.World) -> None:
	doc = c.committed_order(world, c.item(stock=50))
	one = signed(world, doc)
	assert one.contract_number in api.get_overview(doc.doctype, doc.name)["html"]


# Lists, reports, prints


def run(report: str, **filters: Any) -> dict[str, Any]:
	return run_report(report, filters=filters, ignore_prepared_report=True)


@pytest.mark.parametrize("role", [roles.AUDITOR, roles.SALES_USER, roles.FINANCE, roles.SERVICE])
def test_our_roles_open_the_reports(world: c.World, role: str) -> None:
	doc = c.committed_order(world, c.item(stock=50))
	one = signed(world, doc, rules.PROVISIONAL, formal_due=add_days(nowdate(), -3))
	with as_user(make_user(role)), outside_tests():
		found = run("Contract Register", company=doc.company, customer=doc.customer)
		assert [r["entry"] for r in found["result"]] == [one.name]
		assert found["chart"]
		late = run("Provisional Contracts Open", customer=doc.customer)
		assert [(r["entry"], r["days_late"]) for r in late["result"]] == [(one.name, 3)]


def test_the_register_is_filtered_by_state_class_and_kind(world: c.World) -> None:
	customer = c.customer()
	one = signed(world, c.committed_order(world, c.item(stock=50), customer=customer))
	for name, right, wrong in (
		("state", rules.SIGNED, rules.PAID),
		("contract_class", one.contract_class, "Non-routine"),
		("kind", rules.FORMAL, rules.PROVISIONAL),
	):
		assert len(run("Contract Register", customer=customer, **{name: right})["result"]) == 1
		assert not run("Contract Register", customer=customer, **{name: wrong})["result"]
	with pytest.raises(QMSRefusal):
		run("Contract Register", from_date=nowdate(), to_date=add_days(nowdate(), -1))


@pytest.mark.parametrize("report", ["Contract Register", "Provisional Contracts Open"])
def test_the_reports_take_one_query_a_report(world: c.World, report: str) -> None:
	from importlib import import_module

	module = import_module(f"qms_customer.report.{frappe.scrub(report)}.{frappe.scrub(report)}")
	code, counted = c.item(stock=50), []
	for _ in range(3):
		signed(world, c.committed_order(world, code), rules.PROVISIONAL, formal_due=nowdate())
		module.execute({})
		with count_queries() as queries:
			module.execute({})
		counted.append(queries.count)
	assert len(set(counted)) == 1 and counted[0] <= 2, counted


@pytest.mark.rule("K6")
def test_an_entry_and_a_page_of_the_register_are_printed(world: c.World) -> None:
	doc = c.committed_order(world, c.item(stock=50))
	one = signed(world, doc)
	printed = frappe.get_print(ENTRY, one.name, "Contract Register Entry")
	for text in ("合同登记表", one.contract_number, "QMS-CR-07", "Contract Signed"):
		assert text in printed, text
	with as_user(make_user(roles.AUDITOR)):
		page = register_prints.page_html({"customer": doc.customer})
		assert one.contract_number in page and "合同编号" in page and "登记人" in page
		register_api.print_page(json.dumps({"customer": doc.customer}))
		assert frappe.local.response.filecontent[:4] == b"%PDF"
	with as_user(make_user("Employee")), pytest.raises(frappe.PermissionError):
		register_api.print_page("{}")


def test_documents_lead_to_their_entry(world: c.World) -> None:
	doc = c.committed_order(world, c.item(stock=50))
	entry(doc)
	for doctype, name in ((doc.doctype, doc.name), ("Customer", doc.customer)):
		counted = get_open_count(doctype, name)["count"]
		links = counted["external_links_found"] + counted["internal_links_found"]
		assert {link["doctype"]: link["count"] for link in links}[ENTRY] == 1


# In the background


@pytest.mark.rule("D5")
def test_the_nightly_job_makes_up_for_what_was_lost(world: c.World, committed: Callable[[], None]) -> None:
	code = c.item(stock=50)
	docs = [c.committed_order(world, code) for _ in range(3)]
	committed()
	fill_register.execute()
	names = [register.entry_of(doc.doctype, doc.name) for doc in docs]
	assert all(names)
	deliver(docs[0], 1)
	committed()
	register_job.catch_up()
	states = [frappe.db.get_value(ENTRY, name, "register_state") for name in names]
	assert states == [rules.PARTLY_DELIVERED, rules.APPROVED, rules.APPROVED]
	deliver(docs[1])
	committed()
	register_job.follow(docs[1].doctype, docs[1].name)
	assert frappe.db.get_value(ENTRY, names[1], "register_state") == rules.DELIVERED


@pytest.mark.rule("D5")
def test_one_that_cannot_be_entered_keeps_nobody_out(world: c.World, monkeypatch: pytest.MonkeyPatch) -> None:
	code = c.item(stock=50)
	bad, good = (c.committed_order(world, code) for _ in range(2))
	# Frappe may load the module under a second name.
	controller = get_controller(ENTRY)
	insert = controller.insert

	def fails(self: Document, *args: Any, **more: Any) -> Document:
		if self.reference_name == bad.name:
			raise RuntimeError("no room")
		return insert(self, *args, **more)

	monkeypatch.setattr(controller, "insert", fails)
	register.rebuild()
	assert register.entry_of(good.doctype, good.name) and not register.entry_of(bad.doctype, bad.name)
	monkeypatch.undo()
	register.rebuild()
	assert register.entry_of(bad.doctype, bad.name)


@pytest.mark.rule("D5")
def test_an_order_that_its_quotation_approved_is_in_the_register(world: c.World) -> None:
	offer = c.quotation(c.item(stock=50), qms_is_tender=1)
	c.approve(world, offer)
	offer.reload().submit()
	doc = c.order_from(offer).insert()
	doc.submit()
	one = number(world, entry(doc))
	assert one.register_state == rules.APPROVED and not one.contract_review
	prepared = frappe.get_last_doc("Contract Review", {"reference_name": offer.name}).prepared_by
	assert prepared in registration.preparers(one)
	assert sign(world, one).register_state == rules.SIGNED
