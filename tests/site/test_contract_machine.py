"""Whatever people do to contracts, in any order: a committed one says what was approved last (D4, E7, E8).

Orders, change notices, deliveries and returns, each by who would do it, and between them people who try to
get past. More and other walks than the fixed ones, told as they come, not shortened:
QMS_MACHINE_EXAMPLES=200 bin/test tests/site/test_contract_machine.py
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, ClassVar

import frappe
import pytest
from erpnext.controllers.accounts_controller import update_child_qty_rate
from erpnext.selling.doctype.sales_order import sales_order as erpnext_order
from erpnext.stock.doctype.delivery_note.delivery_note import make_sales_return
from frappe import client
from frappe.model.document import Document
from frappe.model.workflow import apply_workflow
from frappe.utils import add_days, getdate, nowdate
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant

from qms_customer.contract import approved, content, proposed, register, states, sweep
from qms_customer.contract import change_api as api
from qms_customer.rules import people as roles
from qms_customer.rules import register as register_rules
from tests.site import test_doors_alteration as doors
from tests.site.test_sweep import findings, swept
from tests.support import changes as ch
from tests.support import contracts as c
from tests.support import goods
from tests.support.machine import NUMBERS, Step, Walk, walk
from tests.support.people import make_user

ORDER, NOTICE, NOTE, REVIEW = "Sales Order", ch.NOTICE, "Delivery Note", "Contract Review"
AUTHORITIES = {roles.BUSINESS_MANAGER, roles.SALES_VP, roles.GENERAL_MANAGER}
MOST_ORDERS = 3

PEOPLE = st.sampled_from(["sales", "second sales", "clerk", "manager", "vp", "gm", "Administrator"])
KINDS = st.sampled_from([*["Change"] * 7, "Close", "Close", "Re-open", "Cancel"])
PROPOSALS = st.lists(
	st.sampled_from(
		["more", "less", "less", "rate", "later", "later", "much later", "sooner", "add", "remove", "head"]
	),
	min_size=1,
	max_size=2,
)
ASKERS = st.sampled_from([*["Customer"] * 3, "Company"])
DECISIONS = st.sampled_from([*["Approved"] * 8, "Rejected", "Returned"])
# What a field door writes: the table, the field, and the value that a number gives.
FIELDS: tuple[tuple[str, str, Callable[[int], Any]], ...] = (
	("", "po_no", lambda n: f"PO-{n}"),
	("", "qms_delivery_method", lambda n: f"Mule {n}"),
	("", "delivery_date", lambda n: getdate(add_days(nowdate(), 60 + n))),
	("", "discount_amount", lambda n: n + 1),
	("", "tc_name", lambda n: None),
	("", "docstatus", lambda n: [0, 2][n % 2]),
	("items", "qty", lambda n: n + 1),
	("items", "rate", lambda n: n + 1),
	("items", "delivery_date", lambda n: getdate(add_days(nowdate(), 60 + n))),
	("items", "delivered_qty", lambda n: 0),
	("qms_requirements", "requirement", lambda n: f"Colour {n}"),
)
STATUS_DOORS = (
	doors.set_status,
	doors.set_status_from_list,
	doors.set_status_by_save,
	doors.set_status_alone,
)
CANCEL_DOORS = (
	doors.cancelled_by_form,
	doors.cancelled_by_savedocs,
	doors.cancelled_by_client,
	doors.cancelled_by_save,
	doors.cancelled_by_set_value,
	doors.cancelled_by_cancel_all,
)
HOSTILE = (
	"write_a_field",
	"write_a_field_of_a_row",
	"update_items",
	"set_a_status",
	"cancel",
	"amend",
	"put_in_a_row",
	"take_out_a_row",
	"delete",
	"forge_an_approval",
	"move_a_notice",
	"write_into_a_notice",
	"submit_unreviewed",
)
# By SQL, and whether that is something that was promised.
STATEMENTS = {
	"update `tabSales Order Item` set qty = qty + 1 where name = %(row)s": True,
	"update `tabSales Order Item` set rate = rate - 1 where name = %(row)s": True,
	"update `tabSales Order Item` set delivery_date = '2050-01-01' where name = %(row)s": True,
	"delete from `tabSales Order Item` where name = %(row)s": True,
	"update `tabSales Order` set po_no = 'SQL' where name = %(order)s": True,
	"update `tabSales Order` set customer = 'Somebody else' where name = %(order)s": True,
	"update `tabContract Requirement` set requirement = 'Blue' where parent = %(order)s": True,
	"delete from `tabPayment Schedule` where parent = %(order)s": True,
	"update `tabApproved Content` set withdrawn = 1 where reference_name = %(order)s": True,
	"update `tabSales Order` set per_delivered = 12, status = 'On Hold' where name = %(order)s": False,
	"update `tabSales Order Item` set delivered_qty = 1, warehouse = 'Elsewhere' where name = %(row)s": False,
	"update `tabSales Order Item` set idx = 9 - idx where parent = %(order)s": False,
}


# Of every contract.
ALWAYS_FOUND = [
	s for s, wrong in STATEMENTS.items() if wrong and s.startswith("update `tabSales Order Item`")
]


STEPS: dict[str, Step] = {
	"change_the_contract": Step(
		4, {"number": NUMBERS, "kind": KINDS, "what": PROPOSALS, "asked_by": ASKERS, "decision": DECISIONS}
	),
	"make_a_notice": Step(2, {"number": NUMBERS, "kind": KINDS, "what": PROPOSALS, "asked_by": ASKERS}),
	"notice_goes_on": Step(
		2,
		{"number": NUMBERS, "far": st.booleans(), "decision": DECISIONS},
		lambda walk: walk.notices(docstatus=0),
	),
	"notice_is_taken_back": Step(
		1,
		{"number": NUMBERS, "how": st.sampled_from(["withdraw", "withdraw", "revise", "negotiate"])},
		lambda walk: walk.notices(docstatus=0),
	),
	"anybody_decides": Step(
		1,
		{"number": NUMBERS, "who": PEOPLE, "decision": DECISIONS},
		lambda walk: walk.notices(docstatus=0),
	),
	"deliver": Step(8, {"number": NUMBERS, "qty": st.sampled_from([1, 1, 1, 2, 2, 3, 9])}),
	"take_back": Step(
		4,
		{"number": NUMBERS, "qty": st.sampled_from([1, 1, 2, 9])},
		lambda walk: walk.notes(is_return=0),
	),
	"cancel_a_delivery": Step(1, {"number": NUMBERS}, lambda walk: walk.notes(is_return=0)),
	"cancel_a_return": Step(2, {"number": NUMBERS}, lambda walk: walk.notes(is_return=1)),
	"hold_or_resume": Step(1, {"number": NUMBERS, "status": st.sampled_from(["On Hold", "Draft"])}),
	"make_an_order": Step(
		1, {"qty": st.integers(1, 6), "number": NUMBERS}, lambda walk: len(walk.orders) < MOST_ORDERS
	),
	"order_goes_on": Step(2, {"number": NUMBERS, "far": st.booleans()}, lambda walk: walk.of_status(0)),
	"edit_a_draft": Step(1, {"number": NUMBERS, "qty": st.integers(1, 6)}, lambda walk: walk.of_status(0)),
	"get_past": Step(
		10,
		{
			"door": st.sampled_from(HOSTILE),
			"who": PEOPLE,
			"number": NUMBERS,
			"other": NUMBERS,
			"swallowed": st.booleans(),
		},
	),
	"write_by_sql": Step(
		2,
		{"number": NUMBERS, "other": NUMBERS, "statement": st.sampled_from(sorted(STATEMENTS))},
		lambda walk: walk.of_status(1),
	),
}


class Site:
	"""What is there before the walks: people, goods in stock, and one committed order."""

	def __init__(self) -> None:
		# ERPNext would let more leave than was ordered: ours is the gate that does not.
		frappe.db.set_single_value("Stock Settings", "over_delivery_receipt_allowance", 400)
		# Signed: the records of the site are verified after each walk.
		rules = frappe.get_single("QMS Customer Settings")
		rules.update({"plain_returns": "Allow", "change_reason": "Returns are tested elsewhere"})
		c.save_settings(rules)
		world = self.world = c.World()
		world.everybody()
		self.people = {
			"sales": world.sales,
			"second sales": world.second_sales(),
			"clerk": make_user(*goods.EVERY_RIGHT),
			"manager": world.person(roles.BUSINESS_MANAGER),
			"vp": world.vp,
			"gm": world.gm,
			"planning": world.person(roles.PLANNING),
			"Administrator": "Administrator",
		}
		self.items = [c.item(stock=900) for _ in range(3)]
		self.customer = c.customer()
		self.evidence = c.upload().file_url
		self.order = c.committed_order(world, self.rows(5, 100), customer=self.customer).name

	def rows(self, qty: float, rate: float) -> list[dict[str, Any]]:
		"""Return two rows of an order."""
		return [{"item_code": code, "qty": qty, "rate": rate} for code in self.items[:2]]


class Contracts(Walk):
	"""The life of a few contracts at the hands of many."""

	site: ClassVar[Site]
	steps = STEPS

	def __init__(self) -> None:
		super().__init__()
		self.world = self.site.world
		self.orders = [self.site.order]

	@initialize(begun=st.sampled_from([True, False]))
	def goods_have_left(self, begun: bool) -> None:
		"""Some walks begin with a contract that is partly delivered and of which something came back."""
		if begun:
			self.deliver(0, 2)
			self.take_back(1, 1)

	def at_the_end(self) -> None:
		if self.of_status(1):
			self.write_by_sql(0, 0, ALWAYS_FOUND[self.done["walks"] % len(ALWAYS_FOUND)])

	def forget(self) -> None:
		for name in self.orders:
			frappe.clear_document_cache(ORDER, name)

	def order(self, number: int, docstatus: int | None = None) -> Document:
		"""One of the orders; of those that stand so, if there are any."""
		names = self.orders if docstatus is None else self.of_status(docstatus) or self.orders
		return frappe.get_doc(ORDER, names[number % len(names)])

	def notices(self, **filters: Any) -> list[str]:
		return frappe.get_all(
			NOTICE,
			filters={"reference_name": ("in", self.orders), **filters},
			pluck="name",
			order_by="creation, name",
		)

	def notes(self, **filters: Any) -> list[str]:
		rows = frappe.get_all(
			f"{NOTE} Item", filters={"against_sales_order": ("in", self.orders)}, pluck="parent"
		)
		return frappe.get_all(
			NOTE,
			filters={"name": ("in", rows or [""]), "docstatus": 1, **filters},
			pluck="name",
			order_by="creation, name",
		)

	def of_status(self, docstatus: int) -> list[str]:
		"""The orders that are drafts, committed or cancelled, the oldest first."""
		return frappe.get_all(
			ORDER,
			filters={"name": ("in", self.orders), "docstatus": docstatus},
			pluck="name",
			order_by="creation",
		)

	# Orders and their reviews

	def make_an_order(self, qty: int, number: int) -> None:
		made: list[str] = []

		def insert() -> None:
			rows = self.site.rows(qty, 50 + number)
			made.append(c.order(rows, customer=self.site.customer).name)

		self.surely("sales", insert, "order made")
		self.orders += made

	def order_goes_on(self, number: int, far: bool) -> None:
		"""The next step of a draft: its review is started, answered, decided, and it is submitted."""
		for _ in range(4 if far else 1):
			doc = self.order(number, 0)
			if doc.docstatus != 0 or not self.order_step(doc):
				return

	def order_step(self, doc: Document) -> bool:
		fingerprint = content.fingerprint_of(doc)
		if self.is_approved(doc.name, fingerprint):
			return self.surely("sales", doc.submit, "order submitted")
		name = frappe.db.get_value(
			REVIEW, {"reference_name": doc.name, "docstatus": 0, "fingerprint": fingerprint}
		)
		review = frappe.get_doc(REVIEW, name) if name else None
		if review and review.workflow_state == states.IN_REVIEW:
			return self.surely("sales", lambda: c.answer_all(self.world, review), "review answered")
		if review and review.workflow_state == states.PENDING_APPROVAL:
			user = self.world.vp if review.approver_role == roles.SALES_VP else self.world.gm
			return self.surely("vp", lambda: c.decide(review, user), "review approved")
		return self.attempt("sales", lambda: c.start(self.world, doc, "once more"), "review started")

	def edit_a_draft(self, number: int, qty: int) -> None:
		doc = self.order(number, 0)
		if doc.docstatus == 0:
			doc.items[0].qty = qty
			self.attempt("sales", doc.save, "draft edited")

	# Change notices

	def make_a_notice(self, number: int, kind: str, what: list[str], asked_by: str) -> None:
		order = self.order(number, None if number == 11 else 1)

		def make() -> None:
			notice = ch.make(self.world, order, kind, asked_by=asked_by)
			if kind == "Change":
				for one in what:
					self.propose(notice, one, number)
				notice.save()

		made = self.attempt("second sales", make, f"{kind} proposed")
		assert made == (order.docstatus == 1), self.said

	def change_the_contract(
		self, number: int, kind: str, what: list[str], asked_by: str, decision: str
	) -> None:
		"""A notice from the first word to the decision."""
		known = self.notices(docstatus=0)
		self.make_a_notice(number, kind, what, asked_by)
		for name in set(self.notices(docstatus=0)) - set(known):
			self.go_on(name, True, decision)

	def propose(self, notice: Document, what: str, number: int) -> None:
		# Not what the notice adds itself.
		stand = [one for one in notice.lines if one.old_qty]
		line = stand[number % len(stand)]
		if what == "more":
			line.new_qty = line.old_qty + 1 + number % 3
		elif what == "less":
			line.new_qty = max(line.old_qty - 1 - number % 4, 1)
		elif what == "rate":
			line.new_rate = line.old_rate + 5 - number
		elif what in ("later", "much later", "sooner"):
			days = {"later": 1 + number % 4, "much later": 9 + number, "sooner": -2}[what]
			line.new_delivery_date = add_days(line.old_delivery_date, days)
		elif what == "add":
			due = str(notice.lines[0].old_delivery_date)
			code = self.site.items[number % 3]
			notice.append("lines", {"item_code": code, "new_qty": 2, "new_rate": 7, "new_delivery_date": due})
		elif what == "remove":
			line.remove = 1
		else:
			notice.new_qms_delivery_method = ["Sea freight", "Air freight", "Lorry"][number % 3]

	def notice_goes_on(self, number: int, far: bool, decision: str) -> None:
		names = self.notices(docstatus=0)
		self.go_on(names[number % len(names)], far, decision)

	def go_on(self, name: str, far: bool, decision: str) -> None:
		"""The next step of a notice, or all up to its decision; each by who does it."""
		for _ in range(6 if far else 1):
			notice = frappe.get_doc(NOTICE, name)
			if notice.docstatus or not self.notice_step(notice, decision):
				return

	def notice_step(self, notice: Document, decision: str) -> bool:
		name, order = notice.name, frappe.get_doc(ORDER, notice.reference_name)
		if proposed.is_out_of_date(notice, order):
			return self.attempt("second sales", lambda: api.rebase(name), "rebased")
		if notice.workflow_state == states.NOTICE_DRAFT:
			return self.attempt("second sales", lambda: ch.forward(self.world, notice, "Again"), "forward")
		if notice.workflow_state == states.NOTICE_CONFIRMING and not notice.confirmed_by:
			how = "Signed Agreement" if notice.asked_by == "Company" else "E-mail"
			return self.attempt(
				"sales",
				lambda: ch.confirm(self.world, notice, how, evidence=self.site.evidence),
				"confirmed",
			)
		if notice.workflow_state == states.NOTICE_CONFIRMING:
			return self.attempt("planning", lambda: ch.answer_plan(self.world, notice), "planned")
		if notice.workflow_state == states.NOTICE_PENDING:
			who = {roles.SALES_VP: "vp", roles.GENERAL_MANAGER: "gm"}.get(notice.approver_role, "manager")
			user = self.site.people[who]
			return self.attempt(
				who, lambda: ch.decide(notice, user, decision, "so be it"), f"{notice.kind} {decision}"
			)
		review = ch.review_of(notice)
		if review.workflow_state == states.IN_REVIEW:
			return self.attempt("sales", lambda: ch.agree(self.world, notice), "agreed")
		if review.workflow_state != states.PENDING_APPROVAL:
			return self.attempt("second sales", lambda: api.revise(name, "it was returned"), "revised")
		user = self.world.vp if review.approver_role == roles.SALES_VP else self.world.gm
		return self.attempt(
			"vp", lambda: c.decide(review, user, decision, "so be it"), f"{notice.kind} {decision}"
		)

	def notice_is_taken_back(self, number: int, how: str) -> None:
		names = self.notices(docstatus=0)
		name = names[number % len(names)]
		if how == "negotiate":
			self.attempt(
				"second sales",
				lambda: api.negotiate(name, "Dr. Li", f"{nowdate()} 00:00:00", "No", "Not Agreed Yet"),
				how,
			)
		else:
			self.attempt("second sales", lambda: getattr(api, how)(name, "as the customer said"), how)

	def anybody_decides(self, number: int, who: str, decision: str) -> None:
		"""Nobody decides what they prepared, whatever they are (C12)."""
		names = self.notices(docstatus=0)
		notice = frappe.get_doc(NOTICE, names[number % len(names)])
		done = self.attempt(
			who, lambda: api.decide_notice(notice.name, decision, ch.shown(notice), "/"), "decided by anybody"
		)
		if notice.contract_review:
			review = ch.review_of(notice)
			done |= self.attempt(
				who,
				lambda: c.api.decide_review(review.name, decision, c.shown(review), "so be it", "", "/"),
				"decided by anybody",
			)
		assert not (done and who in ("second sales", "sales", "clerk", "Administrator")), who

	# Goods

	def waits(self, order: Document, row: str) -> bool:
		"""Whether a change of a line is not decided, as the notices themselves say it."""
		for name in self.notices(docstatus=0, reference_name=order.name):
			notice = frappe.get_doc(NOTICE, name)
			if notice.kind != "Change":
				return True
			if notice.new_qms_delivery_method != notice.old_qms_delivery_method:
				return True
			if any(line.order_row == row and line.change in ("Change", "Remove") for line in notice.lines):
				return True
		return False

	def deliver(self, number: int, qty: int) -> None:
		"""Goods leave if and only if the order is in force, the line does not wait, and so much is left."""
		order = self.order(number, None if number == 11 else 1)
		row = order.items[number % len(order.items)]
		note = {
			"item_code": row.item_code,
			"qty": qty,
			"rate": row.rate,
			"against_sales_order": order.name,
			"so_detail": row.name,
		}
		may = (
			order.docstatus == 1
			and order.status not in ("Closed", "On Hold")
			and self.out_of(order).get(row.name, 0) + qty <= row.qty
			and not self.waits(order, row.name)
		)
		left = self.attempt(
			"clerk", lambda: goods.delivery_by_hand(order.customer, note).submit(), "delivered"
		)
		assert left == may, (left, may, self.said)

	def take_back(self, number: int, qty: int) -> None:
		names = self.notes(is_return=0)

		def back() -> None:
			note = make_sales_return(names[number % len(names)])
			note.items[0].qty = max(note.items[0].qty, -qty) if number % 4 else -qty
			note.insert()
			note.submit()

		self.attempt("clerk", back, "returned")

	def cancel_a_delivery(self, number: int) -> None:
		names = self.notes(is_return=0)
		self.attempt("clerk", frappe.get_doc(NOTE, names[number % len(names)]).cancel, "delivery cancelled")

	def cancel_a_return(self, number: int) -> None:
		names = self.notes(is_return=1)
		self.attempt("clerk", frappe.get_doc(NOTE, names[number % len(names)]).cancel, "return cancelled")

	def hold_or_resume(self, number: int, status: str) -> None:
		"""That is nothing that was promised; but a closed order is not resumed so."""
		order = self.order(number)
		done = self.attempt("sales", lambda: erpnext_order.update_status(status, order.name), status)
		assert not (done and order.status == "Closed" and order.docstatus == 1)

	# Getting past

	def get_past(self, door: str, who: str, number: int, other: int, swallowed: bool) -> None:
		before = self.standing()
		self.attempt(
			who,
			lambda: getattr(self, door)(self.order(number, None if number > 9 else 1), other),
			door,
			swallowed,
		)
		after = self.standing()
		assert {k: after.get(k) for k in before} == before, door

	def standing(self) -> dict[str, tuple[int, bool, str]]:
		"""How the committed orders stand: in force or not, closed or not, and what they say."""
		found = {}
		for name in self.orders:
			doc = frappe.get_doc(ORDER, name)
			if doc.docstatus:
				found[name] = (doc.docstatus, doc.status == "Closed", content.fingerprint_of(doc))
		return found

	def write_a_field(self, order: Document, number: int) -> None:
		heads = [f for f in FIELDS if not f[0]]
		_table, field, value = heads[number % len(heads)]
		self.write(order, "", field, value(number), number)

	def write_a_field_of_a_row(self, order: Document, number: int) -> None:
		rows = [f for f in FIELDS if f[0]]
		table, field, value = rows[number % len(rows)]
		self.write(order, table, field, value(number), number)

	def write(self, order: Document, table: str, field: str, value: Any, number: int) -> None:
		if order.docstatus != 0:
			doors.FIELD_DOORS[number % len(doors.FIELD_DOORS)](order, table, field, value)

	def update_items(self, order: Document, number: int) -> None:
		rows = doors.update_rows(order, number % len(order.items))
		row = rows[number % len(rows)]
		how = number % 6
		if how == 0:
			row["qty"] += 1
		elif how == 1:
			row["qty"] = 1
		elif how == 2:
			row["rate"] -= 1
		elif how == 3:
			row["delivery_date"] = add_days(nowdate(), 90)
		elif how == 4:
			rows.append(
				{
					"item_code": self.site.items[2],
					"qty": 1,
					"rate": 1,
					"delivery_date": add_days(nowdate(), 90),
					"idx": len(rows) + 1,
				}
			)
		else:
			rows.remove(row)
		update_child_qty_rate(ORDER, json.dumps(rows, default=str), order.name)

	def set_a_status(self, order: Document, number: int) -> None:
		STATUS_DOORS[number % len(STATUS_DOORS)](order, ["Closed", "Draft", "Completed"][number % 3])

	def cancel(self, order: Document, number: int) -> None:
		CANCEL_DOORS[number % len(CANCEL_DOORS)](order)

	def amend(self, order: Document, number: int) -> None:
		copy = frappe.copy_doc(order)
		copy.amended_from = order.name
		copy.insert()
		copy.submit()

	def put_in_a_row(self, order: Document, number: int) -> None:
		if order.docstatus:
			row = {**json.loads(order.items[0].as_json()), "idx": 9}
			del row["name"]
			if number % 2:
				# ERPNext breaks on a date of JSON among those of the database.
				del row["delivery_date"]
				client.insert(frappe.as_json(row))
			else:
				frappe.get_doc(row).insert(ignore_permissions=True)

	def take_out_a_row(self, order: Document, number: int) -> None:
		if order.docstatus:
			row = order.items[number % len(order.items)]
			if number % 2:
				client.delete(row.doctype, row.name)
			else:
				frappe.delete_doc(row.doctype, row.name, force=True)

	def delete(self, order: Document, number: int) -> None:
		if order.docstatus:
			frappe.delete_doc(ORDER, order.name, force=bool(number % 2))

	def forge_an_approval(self, order: Document, number: int) -> None:
		rows = frappe.get_all(
			approved.DOCTYPE, filters={"reference_name": order.name}, pluck="name", order_by="creation"
		)
		if not rows:
			return
		row = frappe.get_doc(approved.DOCTYPE, rows[-1])
		if number % 3 == 0:
			client.set_value(row.doctype, row.name, "fingerprint", "0" * 64)
		elif number % 3 == 1:
			row.db_set("withdrawn", 1)
		else:
			frappe.copy_doc(row).insert(ignore_permissions=True)

	def move_a_notice(self, order: Document, number: int) -> None:
		names = self.notices(docstatus=0)
		if not names:
			return
		notice = frappe.get_doc(NOTICE, names[number % len(names)])
		if number % 4 == 0:
			notice.submit()
		elif number % 4 == 1:
			client.submit(notice.as_json())
		elif number % 4 == 2:
			apply_workflow(notice.as_json(), "Approve")
		else:
			client.set_value(NOTICE, notice.name, "workflow_state", states.NOTICE_PENDING)

	def write_into_a_notice(self, order: Document, number: int) -> None:
		names = self.notices()
		if not names:
			return
		notice = frappe.get_doc(NOTICE, names[number % len(names)])
		if number % 3 == 0:
			client.set_value(NOTICE, notice.name, "fingerprint", "0" * 64)
		elif number % 3 == 1 and notice.lines:
			client.set_value("Contract Change Line", notice.lines[0].name, "new_qty", 99)
		else:
			notice.cancel()

	def submit_unreviewed(self, order: Document, number: int) -> None:
		if order.docstatus == 0 and not self.is_approved(order.name, content.fingerprint_of(order)):
			if number % 2:
				client.submit(order.as_json())
			else:
				order.db_set("docstatus", 1)

	def write_by_sql(self, number: int, other: int, statement: str) -> None:
		"""What nobody's door sees the sweep finds, that and nothing else, and no goods leave for it."""
		order = self.order(number, 1)
		row = order.items[other % len(order.items)]
		wrong = STATEMENTS[statement]
		frappe.db.savepoint("by_sql")
		frappe.db.sql(statement, {"order": order.name, "row": row.name})
		frappe.clear_document_cache(ORDER, order.name)
		found = {look.name for look in sweep.look_at(ORDER, self.of_status(1)) if not look.fits}
		assert found == ({order.name} if wrong else set()), statement
		swept()
		assert [f.reference_name for f in findings()] == ([order.name] if wrong else []), statement
		if wrong:
			note = {"item_code": row.item_code, "against_sales_order": order.name, "so_detail": row.name}
			assert not self.attempt(
				"clerk", lambda: goods.delivery_by_hand(order.customer, note).submit(), "delivered after SQL"
			)
		frappe.db.rollback(save_point="by_sql")
		frappe.clear_document_cache(ORDER, order.name)
		self.done["found by the sweep" if wrong else "harmless to the sweep"] += 1

	# What always holds

	def is_approved(self, order: str, fingerprint: str) -> bool:
		return bool(self.approvals(order, fingerprint=fingerprint))

	def approvals(self, order: str, **filters: Any) -> list[frappe._dict]:
		"""What the ledger itself holds of an order, the oldest first."""
		return frappe.get_all(
			approved.DOCTYPE,
			filters={"reference_doctype": ORDER, "reference_name": order, "withdrawn": 0, **filters},
			fields=["fingerprint", "source_doctype", "source_name", "approved_by"],
			order_by="approved_on, creation",
		)

	def out_of(self, order: Document) -> dict[str, float]:
		"""What has left of each row of an order, returns taken off, as the delivery notes themselves say."""
		found: dict[str, float] = {}
		for row in frappe.get_all(
			f"{NOTE} Item",
			filters={"against_sales_order": order.name, "docstatus": 1},
			fields=["so_detail", "qty"],
		):
			found[row.so_detail] = found.get(row.so_detail, 0) + row.qty
		return found

	@invariant()
	def a_committed_order_says_what_was_approved_last(self) -> None:
		for name in self.orders:
			doc = frappe.get_doc(ORDER, name)
			if doc.docstatus == 0:
				continue
			latest = self.approvals(name)[-1]
			assert content.fingerprint_of(doc) == latest.fingerprint, name
			source = frappe.get_doc(latest.source_doctype, latest.source_name)
			assert (source.docstatus, source.decision, source.reference_name) == (1, "Approved", name)
			assert source.fingerprint == latest.fingerprint
			assert source.decided_by == latest.approved_by
			assert source.decided_by not in (source.prepared_by, doc.owner)
			assert AUTHORITIES & set(frappe.get_roles(source.decided_by)), source.decided_by

	@invariant()
	def the_sweep_finds_nothing(self) -> None:
		names = self.of_status(1)
		looks = sweep.look_at(ORDER, names)
		assert {look.name for look in looks} == set(names)
		for look in looks:
			assert look.fits, look.name
			assert look.fingerprint == content.fingerprint_of(frappe.get_doc(ORDER, look.name))

	@invariant()
	def no_more_is_delivered_than_was_ordered(self) -> None:
		for name in self.orders:
			doc = frappe.get_doc(ORDER, name)
			rows, out = {row.name: row for row in doc.items}, self.out_of(doc)
			for row, qty in out.items():
				assert 0 <= qty <= (rows[row].qty if row in rows else 0), (name, row, qty)
			for row in doc.items:
				assert row.delivered_qty == out.get(row.name, 0), (name, row.name)

	@invariant()
	def the_register_follows(self) -> None:
		for name in self.orders:
			register.follow(ORDER, name)
		assert register.rebuild() == 0
		for name in self.orders:
			entry = frappe.db.get_value(
				register.DOCTYPE,
				{"reference_name": name},
				["register_state", "changes", "returns"],
				as_dict=True,
			)
			doc = frappe.get_doc(ORDER, name)
			if entry is None:
				assert doc.docstatus == 0
				continue
			if doc.docstatus == 1:
				assert entry.register_state == self.state_of(doc), (name, entry)
			elif doc.docstatus == 2:
				assert entry.register_state == register_rules.CANCELLED
			applied = self.notices(reference_name=name, docstatus=1, decision="Approved")
			assert entry.changes == len(applied), (name, entry, applied)

	def state_of(self, doc: Document) -> str:
		if doc.status == "Closed":
			return register_rules.CLOSED
		out = sum(Decimal(str(qty)) for qty in self.out_of(doc).values())
		if not out:
			return register_rules.APPROVED
		whole = sum(Decimal(str(row.qty)) for row in doc.items)
		return register_rules.DELIVERED if out == whole else register_rules.PARTLY_DELIVERED


@pytest.mark.rule("D4", "E7", "E8")
def test_whatever_is_done_a_committed_order_says_what_was_approved() -> None:
	Contracts.site = Site()
	Contracts.people = Contracts.site.people
	walk(Contracts)
	# The walks are no use if they never get far.
	for what in ("Change Approved", "delivered", "returned", "found by the sweep"):
		assert Contracts.done[what], (what, Contracts.done)
