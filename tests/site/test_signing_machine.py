"""Whatever people do to a review, in any order: no record is unverifiable, none changes silently (K2, K3).

More and other walks than the fixed ones: QMS_WALKS=200 bin/test tests/site/test_signing_machine.py
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any, ClassVar

import frappe
import pytest
from frappe import client
from frappe.core.doctype.deleted_document.deleted_document import restore
from frappe.model.document import Document
from frappe.model.workflow import apply_workflow
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from qms_customer.contract import api, scheduled
from qms_customer.records import anchoring, ledger, verification
from qms_customer.records import api as records_api
from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support import env, isolation, pool
from tests.support.people import as_user

REVIEW, OPINION, ACTION = "Contract Review", "Contract Review Opinion", "Review Action"
OURS = (
	REVIEW,
	OPINION,
	ACTION,
	"Approved Content",
	"Record Correction",
	*(
		ledger.SNAPSHOT,
		ledger.SIGNATURE,
		ledger.ANCHOR,
		ledger.ANCHORED,
	),
)
WALKS = int(os.environ.get("QMS_WALKS", 0))

PEOPLE = st.sampled_from(["sales", "second sales", "quality", "rnd", "vp", "gm", "Administrator"])
NUMBERS = st.integers(0, 30)
ANSWERS = st.sampled_from(["Met", "Met", "Met", "Met with Conditions", "Not Met"])
DECIDERS = st.sampled_from(["gm", "gm", "gm", "vp", "vp", "sales", "Administrator"])
DECISIONS = st.sampled_from(["Approved", "Approved", "Rejected", "Returned"])
KEEPERS = st.sampled_from(["quality", "quality", "vp", "gm", "sales"])
SELLERS = st.sampled_from(["sales", "sales", "second sales", "gm"])
# Each with what is drawn for it; a number behind the name repeats it, since it is done more often.
STEPS: dict[str, dict[str, st.SearchStrategy]] = {
	"answer": {"number": NUMBERS, "answer": ANSWERS},
	"answer,2": {"number": NUMBERS, "answer": ANSWERS},
	"answer_somebody_elses": {"who": PEOPLE, "number": NUMBERS},
	"everybody_agrees": {},
	"everybody_agrees,2": {},
	"decide": {"who": DECIDERS, "decision": DECISIONS},
	"decide,2": {"who": DECIDERS, "decision": DECISIONS},
	"decide,3": {"who": DECIDERS, "decision": DECISIONS},
	"resubmit": {"who": SELLERS},
	"edit_the_order": {"who": SELLERS, "method": st.sampled_from(["Sea freight", "Air freight", "Lorry"])},
	"start_again": {"who": SELLERS},
	"start_again,2": {"who": SELLERS},
	"override": {"who": PEOPLE, "verdict": st.sampled_from(["Met", "Not Met"]), "number": NUMBERS},
	"correct": {
		"who": KEEPERS,
		"number": NUMBERS,
		"text": st.sampled_from(["one", "two", "", "<b>bold</b>"]),
	},
	"correct,2": {"who": KEEPERS, "number": NUMBERS, "text": st.sampled_from(["three", "four"])},
	"act": {"who": PEOPLE, "number": NUMBERS, "how": st.sampled_from(["complete", "verify", "send back"])},
	"commit_the_order": {"who": SELLERS},
	"rename_the_customer": {},
	"at_night": {"what": st.sampled_from([anchoring.anchor, scheduled.recheck_approvals])},
}
DOORS = (
	"delete",
	"rename",
	"save_a_change",
	"save_rows",
	"put_in",
	"submit_past_the_buttons",
	"restore_what_was_not_deleted",
	"sign_with_the_wrong_password",
)


class Life(RuleBasedStateMachine):
	"""The life of a contract review, and of the order under it, at the hands of many."""

	made: ClassVar[dict[str, Any]] = {}

	def __init__(self) -> None:
		super().__init__()
		frappe.db.savepoint("example")
		self.world = c.World()
		self.world.everybody()
		self.people = {
			"sales": self.world.sales,
			"second sales": self.world.second_sales(),
			"quality": self.world.person(roles.QUALITY),
			"rnd": self.world.person(roles.RND),
			"vp": self.world.vp,
			"gm": self.world.gm,
			"Administrator": "Administrator",
		}
		self.seen: dict[tuple[str, str], tuple] = {}

	@initialize(stock=st.booleans())
	def start(self, stock: bool) -> None:
		doc = c.order(c.item(stock=50 if stock else 0))
		c.start(self.world, doc)
		self.order = doc.name

	def teardown(self) -> None:
		frappe.db.rollback(save_point="example")
		isolation.forget()

	@rule(step=st.sampled_from([*STEPS]), data=st.data())
	def work(self, step: str, data: st.DataObject) -> None:
		"""Somebody does their work, or somebody else tries to do it for them."""
		drawn = {k: data.draw(v, label=k) for k, v in STEPS[step].items()}
		getattr(self, step.split(",")[0])(**drawn)

	@rule(door=st.sampled_from(DOORS), who=PEOPLE, doctype=st.sampled_from(OURS), number=NUMBERS)
	def tamper(self, door: str, who: str, doctype: str, number: int) -> None:
		"""Somebody tries a door that leads past the records' own."""
		getattr(self, door)(who, doctype, number)

	# What they do

	def attempt(self, who: str, call: Callable[[], Any]) -> bool:
		"""Do it as a request would: all of it, or nothing."""
		frappe.db.savepoint("request")
		try:
			with as_user(self.people[who]):
				call()
		except (frappe.ValidationError, frappe.PermissionError, frappe.DoesNotExistError):
			frappe.db.rollback(save_point="request")
			frappe.clear_document_cache("Sales Order", self.order)
			frappe.clear_messages()
			return False
		return True

	def review(self, number: int = 0) -> Document:
		"""The newest review of the order, or an older one."""
		names = frappe.get_all(
			REVIEW, filters={"reference_name": self.order}, pluck="name", order_by="creation desc"
		)
		return frappe.get_doc(REVIEW, names[number % len(names)])

	def one(self, doctype: str, number: int) -> Document:
		"""Any document of a type; a review if there is none."""
		names = frappe.get_all(doctype, pluck="name", order_by="creation, name")
		return frappe.get_doc(doctype, names[number % len(names)]) if names else self.review(number)

	def answer(self, number: int, answer: str) -> None:
		review = self.review()
		names = frappe.get_all(
			OPINION, filters={"contract_review": review.name, "docstatus": 0}, order_by="name", pluck="name"
		)
		if not names:
			return
		opinion = frappe.get_doc(OPINION, names[number % len(names)])
		rows = [{"name": a.name, "answer": "Met"} for a in opinion.answers]
		rows[number % len(rows)].update(answer=answer, comment="" if answer == "Met" else "look at it")
		who = {"Sales": "second sales", "Quality": "quality", "R&D": "rnd"}.get(opinion.department)
		self.people.setdefault(opinion.department, self.world.person(opinion.department_role))
		self.attempt(
			who or opinion.department, lambda: api.give_opinion(opinion.name, review.fingerprint, rows, "/")
		)

	def answer_somebody_elses(self, who: str, number: int) -> None:
		opinion = self.one(OPINION, number)
		rows = [{"name": a.name, "answer": "Met"} for a in opinion.answers]
		self.attempt(
			who,
			lambda: api.give_opinion(
				opinion.name, opinion.content_hash or self.review().fingerprint, rows, "/"
			),
		)

	def decide(self, who: str, decision: str) -> None:
		review = self.review()
		self.attempt(
			who, lambda: api.decide_review(review.name, decision, c.shown(review), "so be it", "we dare", "/")
		)

	def everybody_agrees(self) -> None:
		review = self.review()
		if review.docstatus == 0 and not review.out_of_date:
			self.attempt("Administrator", lambda: c.answer_all(self.world, review))

	def resubmit(self, who: str) -> None:
		self.attempt(who, lambda: api.resubmit_review(self.review().name))

	def edit_the_order(self, who: str, method: str) -> None:
		doc = frappe.get_doc("Sales Order", self.order)
		doc.qms_delivery_method = method
		self.attempt(who, doc.save)

	def start_again(self, who: str) -> None:
		self.attempt(who, lambda: api.start_review("Sales Order", self.order, "once more"))

	def override(self, who: str, verdict: str, number: int) -> None:
		review = self.review()
		criterion = review.criteria[number % len(review.criteria)].criterion
		self.attempt(who, lambda: api.override_criterion(review.name, criterion, verdict, "it looks so"))

	def correct(self, who: str, number: int, text: str) -> None:
		signed = frappe.get_all(
			ledger.SIGNATURE,
			filters={"reference_doctype": ("in", (REVIEW, OPINION, ACTION))},
			fields=["reference_doctype", "reference_name"],
			order_by="creation, name",
		)
		if not signed:
			return
		doc = frappe.get_doc(*signed[number % len(signed)].values())
		field = {REVIEW: "decision_comment", OPINION: "comment", ACTION: "description"}.get(doc.doctype)
		shown = doc.get(field) or ""
		self.attempt(
			who,
			lambda: records_api.correct(
				doc.doctype, doc.name, field, text, "a slip", self.pen(who), shown=shown
			),
		)

	def act(self, who: str, number: int, how: str) -> None:
		action = self.one(ACTION, number)
		if action.doctype != ACTION:
			return
		if how == "complete":
			self.attempt(who, lambda: api.complete_action(action.name, "done"))
		else:
			self.attempt(who, lambda: api.verify_action(action.name, how == "verify", "seen"))

	def commit_the_order(self, who: str) -> None:
		self.attempt(who, lambda: frappe.get_doc("Sales Order", self.order).submit())

	def rename_the_customer(self) -> None:
		doc = frappe.get_doc("Sales Order", self.order)
		self.attempt(
			"Administrator",
			lambda: frappe.rename_doc("Customer", doc.customer, c.unique("Renamed"), force=True),
		)

	def at_night(self, what: Callable[[], Any]) -> None:
		what()

	# What they try

	def delete(self, who: str, doctype: str, number: int) -> None:
		doc = self.one(doctype, number)
		assert not self.attempt(who, lambda: frappe.delete_doc(doc.doctype, doc.name, force=bool(number % 2)))
		assert not self.attempt(who, lambda: client.delete(doc.doctype, doc.name))

	def rename(self, who: str, doctype: str, number: int) -> None:
		doc = self.one(doctype, number)
		assert not self.attempt(who, lambda: frappe.rename_doc(doc.doctype, doc.name, "mine", force=True))

	def save_a_change(self, who: str, doctype: str, number: int) -> None:
		doc = self.one(doctype, number)
		fields = [
			f
			for f in doc.meta.fields
			if f.fieldtype in ("Data", "Small Text", "Text", "Long Text", "Int", "Check", "Select", "Code")
		]
		field = fields[number % len(fields)]
		value = 7 if field.fieldtype in ("Int", "Check") else (field.options or "x").split("\n")[-1]
		for door in (
			lambda: client.set_value(doc.doctype, doc.name, field.fieldname, value),
			lambda: client.save(frappe.as_json({**json.loads(doc.as_json()), field.fieldname: value})),
			lambda: frappe.get_doc(doc.doctype, doc.name).db_set(field.fieldname, value),
		):
			self.attempt(who, door)

	def save_rows(self, who: str, _doctype: str, number: int) -> None:
		doc = self.one([REVIEW, OPINION][number % 2], number)
		table = doc.meta.get_table_fields()[number % len(doc.meta.get_table_fields())].fieldname
		fewer = {**json.loads(doc.as_json()), table: []}
		more = {
			**json.loads(doc.as_json()),
			table: [*json.loads(doc.as_json())[table], {"answer": "Met", "item": "x"}],
		}
		self.attempt(who, lambda: client.save(frappe.as_json(fewer)))
		self.attempt(who, lambda: client.save(frappe.as_json(more)))

	def put_in(self, who: str, doctype: str, number: int) -> None:
		values = json.loads(self.one(doctype, number).as_json())
		values.pop("name")
		assert not self.attempt(who, lambda: client.insert(frappe.as_json(values)))
		assert not self.attempt(who, lambda: frappe.get_doc(values).insert(ignore_permissions=True))

	def submit_past_the_buttons(self, who: str, _doctype: str, number: int) -> None:
		doc = self.one([REVIEW, OPINION][number % 2], number)
		assert not self.attempt(who, doc.submit) or doc.docstatus == 0
		self.attempt(who, doc.cancel)
		self.attempt(who, lambda: apply_workflow(doc.as_json(), "Approve"))

	def restore_what_was_not_deleted(self, who: str, _doctype: str, number: int) -> None:
		doc = self.one([REVIEW, OPINION][number % 2], number)
		deleted = frappe.get_doc(
			{
				"doctype": "Deleted Document",
				"deleted_doctype": doc.doctype,
				"deleted_name": doc.name,
				"data": doc.as_json(),
			}
		)
		deleted.db_insert()
		assert not self.attempt(who, lambda: restore(deleted.name, alert=False))

	def sign_with_the_wrong_password(self, who: str, _doctype: str, number: int) -> None:
		review = self.review()
		pen = {"user": self.people[who], "password": "wrong" if number % 2 else ""}
		assert not self.attempt(
			who, lambda: api.decide_review(review.name, "Approved", c.shown(review), "/", signature=pen)
		)

	def pen(self, who: str) -> dict[str, str]:
		return {"user": self.people[who], "password": env.PASSWORD}

	# What always holds

	@invariant()
	def nothing_is_found(self) -> None:
		found = verification.verify().findings
		assert found == [], found

	@invariant()
	def nothing_that_was_recorded_changes(self) -> None:
		now: dict[tuple[str, str], tuple] = {}
		for doctype in (
			ledger.SNAPSHOT,
			ledger.SIGNATURE,
			ledger.ANCHOR,
			ledger.ANCHORED,
			"Record Correction",
		):
			table = frappe.qb.DocType(doctype)
			for row in frappe.qb.from_(table).select("*").run(as_dict=True):
				now[(doctype, row["name"])] = tuple(sorted((k, str(v)) for k, v in row.items()))
		for key, values in self.seen.items():
			assert now.get(key) == values, key
		self.seen = now


@pytest.mark.rule("K2", "K3", "C12")
def test_no_walk_ends_in_a_record_that_is_unverifiable_or_silently_changed() -> None:
	pool.enabled(roles.QUALITY)
	run_state_machine_as_test(
		Life,
		settings=settings(
			max_examples=WALKS or 10,
			stateful_step_count=12,
			derandomize=not WALKS,
			deadline=None,
			database=None,
			suppress_health_check=list(HealthCheck),
		),
	)
