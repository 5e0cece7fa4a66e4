"""Whatever people do with goods that come back, in any order: nothing comes back, is replaced or is credited
twice (G6, G7).

Deliveries, slips, arrivals, destructions, dispositions, replacements, credit notes, each by who would do it,
and taken back or cancelled again; and between them people who try to get past. More and other walks than the
fixed ones: QMS_MACHINE_EXAMPLES=200 bin/test tests/site/test_return_machine.py
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any, ClassVar

import frappe
import pytest
from erpnext.selling.doctype.sales_order.sales_order import make_delivery_note
from erpnext.stock.doctype.delivery_note.delivery_note import make_sales_return
from frappe import client
from frappe.model.document import Document
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant

from qms_customer.contract import states
from qms_customer.returns import accounted, delivered, make, making, return_api
from qms_customer.returns import claim_api as claims_api
from qms_customer.returns import disposition_api as api
from qms_customer.rules import disposal
from qms_customer.rules import people as roles
from tests.support import claims, goods, returned, sales
from tests.support import contracts as c
from tests.support import disposed as d
from tests.support.machine import NUMBERS, Step, Walk, walk
from tests.support.people import as_user, make_user

SLIP, NOTE, INVOICE = "Return Slip", "Delivery Note", "Sales Invoice"
ORDERED = 8

QUANTITIES = st.sampled_from([1, 1, 2, 2, 3, 4, 9])
PEOPLE = st.sampled_from(["sales", "second sales", "clerk", "quality", "manager", "gm", "Administrator"])
WANTED = st.sampled_from(["Exchange", "Exchange", "Exchange", "Refund", "Repair"])
HOSTILE = (
	"return_past_the_slip",
	"cancel_a_document_of_a_slip",
	"take_out_of_quarantine",
	"write_into_a_slip",
	"claim_a_document",
	"replace_more",
	"cancel_a_slip",
)
STEPS: dict[str, Step] = {
	"deliver": Step(4, {"number": NUMBERS, "qty": QUANTITIES}),
	"cancel_a_delivery": Step(1, {"number": NUMBERS}, lambda walk: walk.notes()),
	"a_slip_up_to_its_goods": Step(
		5, {"number": NUMBERS, "qty": QUANTITIES, "wanted": WANTED}, lambda walk: walk.notes()
	),
	"make_a_slip": Step(
		1, {"number": NUMBERS, "qty": QUANTITIES, "wanted": WANTED}, lambda walk: walk.notes()
	),
	"slip_goes_on": Step(
		2,
		{"number": NUMBERS, "decision": st.sampled_from(["Approved"] * 4 + ["Rejected"])},
		lambda walk: walk.open_slips(),
	),
	"slip_is_withdrawn": Step(1, {"number": NUMBERS}, lambda walk: walk.open_slips()),
	"decide_route": Step(1, {"number": NUMBERS, "to": st.sampled_from(["Back to Us", "Destroyed on Site"])}),
	"receive": Step(5, {"number": NUMBERS, "qty": QUANTITIES}),
	"destroy": Step(2, {"number": NUMBERS, "qty": QUANTITIES}),
	"not_coming": Step(1, {"number": NUMBERS, "qty": QUANTITIES}),
	"dispose": Step(
		4, {"number": NUMBERS, "qty": QUANTITIES, "what": st.sampled_from(disposal.DISPOSITIONS)}
	),
	"replace": Step(5, {"number": NUMBERS, "qty": QUANTITIES}),
	"cancel_a_replacement": Step(1, {"number": NUMBERS}, lambda walk: walk.replacements()),
	"invoice": Step(1, {"number": NUMBERS}, lambda walk: walk.notes()),
	"credit": Step(2, {"number": NUMBERS}),
	"take_back": Step(5, {"number": NUMBERS, "other": NUMBERS}, lambda walk: walk.bookings()),
	"get_past": Step(
		5,
		{
			"door": st.sampled_from(HOSTILE),
			"who": PEOPLE,
			"number": NUMBERS,
			"swallowed": st.booleans(),
		},
	),
}


class Site:
	"""What is there before the walks: people, a contract of goods without and with batches and with serial
	numbers, all of them in stock.
	"""

	def __init__(self) -> None:
		world = self.world = c.World()
		world.everybody()
		self.people = {
			"sales": world.sales,
			"second sales": world.second_sales(),
			"clerk": make_user(*goods.EVERY_RIGHT),
			"quality": world.person(roles.QUALITY),
			"manager": world.person(roles.BUSINESS_MANAGER),
			"gm": world.gm,
			"Administrator": "Administrator",
		}
		d.quarantine()
		batched = c.item(has_batch_no=1, create_new_batch=0)
		serial = c.item(has_serial_no=1)
		self.batches = {batched: sales.batch(batched, 90)}
		self.serials = {serial: sales.serials(serial, 40)}
		self.items = [c.item(stock=90), batched, serial]
		rows = [{"item_code": code, "qty": ORDERED, "rate": 100} for code in self.items]
		self.order = c.committed_order(world, rows).name
		self.procedure = d.procedure()
		self.evidence = {}
		for who in ("sales", "second sales"):
			with as_user(self.people[who]):
				self.evidence[who] = c.upload().file_url


class Returns(Walk):
	"""The life of the goods of one contract at the hands of many."""

	site: ClassVar[Site]
	steps = STEPS

	def __init__(self) -> None:
		super().__init__()
		self.world, self.order = self.site.world, self.site.order
		self.customer = frappe.db.get_value("Sales Order", self.order, "customer")

	@initialize(number=NUMBERS, come=st.booleans())
	def goods_have_left(self, number: int, come: bool) -> None:
		"""There is something that may come back, or has."""
		self.deliver(number, 4)
		self.a_slip_up_to_its_goods(number, 3, "Exchange")
		if come:
			self.receive(1, 2)
			self.destroy(1, 2)

	def forget(self) -> None:
		for name in (*self.notes(), *self.slips()):
			frappe.clear_document_cache(NOTE, name)
			frappe.clear_document_cache(SLIP, name)

	# What there is

	def notes(self, **filters: Any) -> list[str]:
		"""The submitted deliveries of the customer, the oldest first."""
		return frappe.get_all(
			NOTE,
			filters={"customer": self.customer, "docstatus": 1, "is_return": 0, **filters},
			pluck="name",
			order_by="creation, name",
		)

	def replacements(self) -> list[str]:
		return self.notes(qms_replacement=1)

	def slips(self, *states_of: str) -> list[str]:
		filters: dict[str, Any] = {"customer": self.customer}
		if states_of:
			filters["workflow_state"] = ("in", states_of)
		return frappe.get_all(SLIP, filters=filters, pluck="name", order_by="creation, name")

	def open_slips(self) -> list[str]:
		return self.slips(states.RETURN_DRAFT, states.RETURN_PENDING)

	def bookings(self) -> list[tuple[str, str]]:
		"""The slips, each with a booking that was not taken back."""
		found = []
		for name in self.slips():
			slip = frappe.get_doc(SLIP, name)
			found += [(name, row.name) for row in accounted.live([*slip.arrivals, *slip.dispositions])]
		return found

	def slip(self, number: int) -> Document | None:
		"""One of the slips, rather one that is approved."""
		names = self.slips(*states.RETURN_APPROVED) or self.slips()
		return frappe.get_doc(SLIP, names[number % len(names)]) if names else None

	# Deliveries

	def deliver(self, number: int, qty: int) -> None:
		code = self.site.items[number % 3]

		def leave() -> None:
			note = make_delivery_note(self.order)
			note.items = [row for row in note.items if row.item_code == code]
			if note.items:
				note.items[0].qty = min(qty, note.items[0].qty) if number % 4 else qty
				note.insert()
				self.fill(note)
				note.submit()

		self.attempt("clerk", leave, "delivered")

	def fill(self, note: Document) -> None:
		"""Say which batch and which devices leave."""
		for row in note.items:
			if row.item_code in self.site.batches:
				row.use_serial_batch_fields, row.batch_no = 1, self.site.batches[row.item_code]
			elif row.item_code in self.site.serials:
				there = frappe.get_all(
					"Serial No",
					filters={"item_code": row.item_code, "warehouse": c.warehouse()},
					pluck="name",
					order_by="name",
				)
				row.use_serial_batch_fields, row.serial_no = 1, "\n".join(there[: int(row.qty)])
		note.save()

	def cancel_a_delivery(self, number: int) -> None:
		names = self.notes()
		note = frappe.get_doc(NOTE, names[number % len(names)])
		self.attempt("clerk", note.cancel, "delivery cancelled")

	# Slips

	def make_a_slip(self, number: int, qty: int, wanted: str) -> None:
		names, made = self.notes(), []

		def insert() -> None:
			doc = make.from_delivery(NOTE, names[number % len(names)])
			doc.wanted = wanted
			row = doc.items[0]
			row.reason_details = "Leaks"
			row.qty = qty if number % 5 == 4 else min(qty, row.qty)
			if row.has_serial_no:
				row.serial_nos = "\n".join(accounted.serials(row.serial_nos)[: int(row.qty)])
			made.append(doc.insert().name)

		if self.attempt("second sales", insert, "slip made"):
			self.slip_step(made[0], "Approved")

	def slip_goes_on(self, number: int, decision: str) -> None:
		names = self.open_slips()
		self.slip_step(names[number % len(names)], decision)

	def slip_step(self, name: str, decision: str) -> bool:
		"""The next step of a slip that is not decided, by who does it."""
		slip = frappe.get_doc(SLIP, name)
		if slip.workflow_state == states.RETURN_DRAFT and not slip.confirmed_on:
			return self.attempt(
				"second sales",
				lambda: return_api.attach_paper(
					name,
					returned.shown(slip),
					self.site.evidence["second sales"],
					"Dr Gu",
					str(slip.posting_date),
				),
				"confirmed",
			)
		if slip.workflow_state == states.RETURN_DRAFT:
			return self.attempt(
				"second sales", lambda: return_api.put_forward(name, returned.shown(slip)), "put forward"
			)
		given = {row.role for row in slip.approvals}
		who = "gm" if roles.BUSINESS_MANAGER in given else "manager"
		return self.attempt(
			who, lambda: claims_api.decide(name, decision, claims.shown(slip), "so be it"), f"slip {decision}"
		)

	def a_slip_up_to_its_goods(self, number: int, qty: int, wanted: str) -> None:
		known = self.slips()
		self.make_a_slip(number, qty, wanted)
		for name in set(self.slips()) - set(known):
			for _ in range(4):
				if name in self.open_slips():
					self.slip_step(name, "Approved")
			self.route(frappe.get_doc(SLIP, name), "Back to Us" if number % 4 else "Destroyed on Site")

	def slip_is_withdrawn(self, number: int) -> None:
		names = self.open_slips()
		slip = frappe.get_doc(SLIP, names[number % len(names)])
		self.attempt(
			"second sales",
			lambda: return_api.withdraw(slip.name, returned.shown(slip), "As the customer said"),
			"withdrawn",
		)

	# Goods

	def route(self, slip: Document, to: str) -> None:
		self.attempt(
			"sales", lambda: api.decide_route(slip.name, d.shown(slip), to, 10, "By cost"), f"route {to}"
		)

	def decide_route(self, number: int, to: str) -> None:
		if slip := self.slip(number):
			self.route(slip, to)

	def rows(self, slip: Document, number: int, qty: int) -> list[dict[str, Any]]:
		"""What a form would send of a row: sometimes more than there is."""
		row = slip.items[number % len(slip.items)]
		part = accounted.parts(slip)[row.name]
		quantity = float(min(qty, part.outstanding)) if number % 5 else qty
		numbers = sorted(part.serials) if number % 5 else accounted.serials(row.serial_nos)
		return [
			{"slip_row": row.name, "qty": quantity, "serial_nos": "\n".join(numbers[: int(quantity)])},
		]

	def receive(self, number: int, qty: int) -> None:
		if slip := self.slip(number):
			rows = self.rows(slip, number, qty)
			self.attempt("quality", lambda: api.receive(slip.name, d.shown(slip), rows), "received")

	def destroy(self, number: int, qty: int) -> None:
		if slip := self.slip(number):
			rows, evidence = self.rows(slip, number, qty), d.evidence(photos=self.site.evidence["sales"])
			self.attempt(
				"sales",
				lambda: api.record_destruction(slip.name, d.shown(slip), rows, evidence),
				"destroyed",
			)

	def not_coming(self, number: int, qty: int) -> None:
		if slip := self.slip(number):
			rows = self.rows(slip, number, qty)
			self.attempt("sales", lambda: api.write_off(slip.name, d.shown(slip), rows, "Lost"), "not coming")

	def dispose(self, number: int, qty: int, what: str) -> None:
		slip = self.slip(number)
		if not slip:
			return
		row = slip.items[number % len(slip.items)]
		key = (row.item_code, row.batch_no or "")
		held = accounted.held(slip).get(key, disposal.Held())
		quantity = float(min(qty, held.left)) if number % 5 else qty
		numbers = "\n".join(sorted(held.serials)[: int(quantity)])

		def decide() -> None:
			seen = ""
			if what == disposal.TO_STOCK and number % 3:
				doc = frappe.get_doc("Quality Inspection", api.make_inspection(slip.name, *key)["name"])
				doc.manual_inspection, doc.status, doc.remarks = 1, "Accepted", "Tight"
				doc.save()
				doc.submit()
				seen = doc.name
			api.dispose(
				slip.name,
				d.shown(slip),
				row.item_code,
				what,
				quantity,
				row.batch_no or "",
				serial_nos=numbers,
				comment="As inspected",
				quality_inspection=seen,
				target=c.warehouse(),
				procedure=self.site.procedure,
			)

		self.attempt("quality", decide, what)

	def replace(self, number: int, qty: int) -> None:
		"""Draft the replacement, and send it: all of it, less, or more."""
		slip = self.slip(number)
		if not slip:
			return
		filters = {making.FIELD: slip.name, making.REPLACEMENT: 1, "docstatus": 0}
		if not frappe.db.exists(NOTE, filters):
			self.attempt(
				"sales", lambda: api.draft_replacement(slip.name, d.shown(slip)), "replacement drafted"
			)
		if (name := frappe.db.get_value(NOTE, filters)) and number % 4:
			note = frappe.get_doc(NOTE, name)

			def send() -> None:
				note.items[0].qty = qty if number % 3 else note.items[0].qty
				self.fill(note)
				note.submit()

			self.attempt("clerk", send, "replaced")

	def cancel_a_replacement(self, number: int) -> None:
		names = self.replacements()
		note = frappe.get_doc(NOTE, names[number % len(names)])
		self.attempt("clerk", note.cancel, "replacement cancelled")

	def invoice(self, number: int) -> None:
		from erpnext.stock.doctype.delivery_note.delivery_note import make_sales_invoice

		names = self.notes()

		def bill() -> None:
			make_sales_invoice(names[number % len(names)]).insert().submit()

		self.attempt("clerk", bill, "invoiced")

	def credit(self, number: int) -> None:
		if slip := self.slip(number):
			self.attempt("sales", lambda: api.draft_credit_notes(slip.name, d.shown(slip)), "credited")

	def take_back(self, number: int, other: int) -> None:
		found = self.bookings()
		name, row = found[(number + other) % len(found)]
		slip = frappe.get_doc(SLIP, name)
		kind = "disposition" if any(row == one.name for one in slip.dispositions) else "arrival"
		self.attempt(
			"quality", lambda: api.take_back(name, d.shown(slip), row, "Booked twice"), f"{kind} taken back"
		)

	# Getting past

	def get_past(self, door: str, who: str, number: int, swallowed: bool) -> None:
		before = self.standing()
		self.attempt(who, lambda: getattr(self, door)(number), door, swallowed)
		assert self.standing() == before, door

	def standing(self) -> dict[str, Any]:
		"""What the customer has, and what the quarantine holds, and what the slips say."""
		return {
			"customer": self.with_customer(),
			"quarantine": self.in_quarantine(),
			"slips": frappe.get_all(
				SLIP,
				filters={"customer": self.customer},
				fields=["name", "workflow_state", "docstatus", "wanted", "route"],
				order_by="name",
			),
		}

	def return_past_the_slip(self, number: int) -> None:
		note = make_sales_return(self.notes()[number % len(self.notes())])
		note.insert()
		note.submit()

	def cancel_a_document_of_a_slip(self, number: int) -> None:
		found = []
		for name in self.slips():
			slip = frappe.get_doc(SLIP, name)
			rows = accounted.live([*slip.arrivals, *slip.dispositions])
			found += [(row.document_type, row.document) for row in rows if row.document]
		if found:
			frappe.get_doc(*found[number % len(found)]).cancel()

	def take_out_of_quarantine(self, number: int) -> None:
		code = self.site.items[number % 3]
		row = {
			"item_code": code,
			"qty": 1,
			"s_warehouse": d.quarantine(),
			"t_warehouse": c.warehouse(),
			"use_serial_batch_fields": 1,
			"batch_no": self.site.batches.get(code),
		}
		doc = {
			"doctype": "Stock Entry",
			"stock_entry_type": "Material Transfer",
			"company": frappe.db.get_value("Sales Order", self.order, "company"),
			"items": [row],
		}
		frappe.get_doc(doc).insert().submit()

	def write_into_a_slip(self, number: int) -> None:
		slip = self.slip(number)
		if slip:
			field, value = [("wanted", "Credit"), ("workflow_state", "Closed"), ("route", "Back to Us")][
				number % 3
			]
			if slip.docstatus == 0 and field == "wanted":
				return
			client.set_value(SLIP, slip.name, field, value)

	def claim_a_document(self, number: int) -> None:
		slip = self.slip(number)
		note = frappe.get_doc(NOTE, self.notes()[number % len(self.notes())])
		note.set(making.FIELD, slip.name if slip else "RS-0")
		note.set(making.REPLACEMENT, 1)
		note.save()
		assert note.get(making.FIELD) == frappe.db.get_value(NOTE, note.name, making.FIELD)

	def replace_more(self, number: int) -> None:
		"""Under no slip, what the contract has no room for."""
		line = frappe.get_doc("Sales Order", self.order).items[number % 3]
		out = self.with_customer().get(line.item_code, 0)
		note = goods.delivery_by_hand(
			self.customer,
			{
				"item_code": line.item_code,
				"qty": ORDERED - out + 1,
				"against_sales_order": self.order,
				"so_detail": line.name,
			},
		)
		self.fill(note)
		note.submit()

	def cancel_a_slip(self, number: int) -> None:
		slip = self.slip(number)
		if slip:
			slip.cancel()

	# What always holds

	def with_customer(self) -> dict[str, float]:
		"""By item what the customer has, as the stock ledger says it."""
		ledger, note = frappe.qb.DocType("Stock Ledger Entry"), frappe.qb.DocType(NOTE)
		found: dict[str, float] = defaultdict(float)
		for code, quantity in (
			frappe.qb.from_(ledger)
			.join(note)
			.on(note.name == ledger.voucher_no)
			.select(ledger.item_code, ledger.actual_qty)
			.where((note.customer == self.customer) & (ledger.is_cancelled == 0))
			.where(ledger.voucher_type == NOTE)
			.run()
		):
			found[code] -= quantity
		return {code: quantity for code, quantity in found.items() if quantity}

	def in_quarantine(self) -> dict[str, float]:
		rows = frappe.get_all(
			"Bin",
			filters={"warehouse": d.quarantine(), "item_code": ("in", self.site.items)},
			fields=["item_code", "actual_qty"],
		)
		return {row.item_code: row.actual_qty for row in rows if row.actual_qty}

	def documents(self, doctype: str, slip: str, **filters: Any) -> dict[str, float]:
		"""By item what documents of a slip have moved or credited, as their own rows say."""
		names = frappe.get_all(doctype, filters={making.FIELD: slip, **filters}, pluck="name")
		found: dict[str, float] = defaultdict(float)
		for row in frappe.get_all(
			f"{doctype} Item", filters={"parent": ("in", names or [""])}, fields=["item_code", "stock_qty"]
		):
			found[row.item_code] += abs(row.stock_qty)
		return found

	@invariant()
	def the_customer_has_what_was_ordered_at_most(self) -> None:
		have = self.with_customer()
		for line in frappe.get_doc("Sales Order", self.order).items:
			assert 0 <= have.get(line.item_code, 0) <= ORDERED, (line.item_code, have)
			assert line.delivered_qty == have.get(line.item_code, 0), (line.item_code, have)

	@invariant()
	def open_slips_claim_what_the_customer_has_at_most(self) -> None:
		claimed: dict[str, float] = defaultdict(float)
		numbers: list[str] = []
		for name in self.slips(*making.CLAIMING):
			for part in accounted.parts(frappe.get_doc(SLIP, name)).values():
				claimed[part.item] += float(part.outstanding)
				numbers += part.serials
		have = self.with_customer()
		assert all(quantity <= have.get(code, 0) for code, quantity in claimed.items()), (claimed, have)
		assert len(numbers) == len(set(numbers)), numbers
		there = frappe.get_all(
			"Serial No", filters={"name": ("in", numbers or [""]), "warehouse": ("is", "set")}
		)
		assert not there, there

	@invariant()
	def goods_are_replaced_credited_or_sent_back_once(self) -> None:
		for name in self.slips():
			slip = frappe.get_doc(SLIP, name)
			came = self.documents(NOTE, name, is_return=1, docstatus=1)
			said: dict[str, float] = defaultdict(float)
			for row in accounted.live(slip.arrivals):
				if row.how != disposal.NOT_COMING:
					said[row.item_code] += row.qty
			assert came == said, (name, came, said)
			# What is sent back is a delivery note of the slip too.
			again = self.documents(NOTE, name, is_return=0, docstatus=1)
			credit = self.documents(INVOICE, name, is_return=1, docstatus=("<", 2))
			for code in {*again, *credit}:
				assert again.get(code, 0) + credit.get(code, 0) <= came.get(code, 0), (name, code)
			for row in slip.items:
				assert came.get(row.item_code, 0) <= row.stock_qty

	@invariant()
	def the_quarantine_holds_what_the_slips_say(self) -> None:
		said: dict[str, float] = defaultdict(float)
		for name in self.slips():
			for (item, _batch), held in accounted.held(frappe.get_doc(SLIP, name)).items():
				said[item] += float(held.left)
		assert self.in_quarantine() == {code: quantity for code, quantity in said.items() if quantity}

	@invariant()
	def what_may_come_back_is_what_is_there_and_not_claimed(self) -> None:
		company = frappe.db.get_value("Sales Order", self.order, "company")
		batches = self.site.batches
		pairs = frozenset((code, batches.get(code, "")) for code in self.site.items)
		plain = frozenset(code for code in self.site.items if code not in batches)
		found = delivered.facts(delivered.Wanted(company, self.customer, pairs, plain)).balances
		have = self.with_customer()
		for (code, _batch), balance in found.items():
			assert float(balance.delivered - balance.back) == have.get(code, 0), (code, balance, have)
			if code in self.site.serials:
				assert len(balance.serials) == have.get(code, 0), (balance, have)


@pytest.mark.rule("G6", "G7")
def test_whatever_is_done_nothing_comes_back_or_is_replaced_twice() -> None:
	Returns.site = Site()
	Returns.people = Returns.site.people
	walk(Returns, steps=16)
	# The walks are no use if they never get far.
	for what in ("received", "destroyed", "replaced", "arrival taken back"):
		assert Returns.done[what], (what, Returns.done)
	assert any(Returns.done[what] for what in disposal.FINAL), Returns.done
