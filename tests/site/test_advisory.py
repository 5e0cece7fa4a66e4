"""Where harm is possible the management representative decides whether users are told (I1, I2)."""

import json

import frappe
import pytest
from frappe.utils import add_days, getdate, nowdate

from qms_customer.contract import escalation, scheduled
from qms_customer.feedback import advisory, concerned, signal_api
from qms_customer.feedback import advisory_api as api
from qms_customer.records import verification
from qms_customer.rules import advisory as rules
from qms_customer.rules import people as roles
from qms_customer.rules import reportability
from qms_customer.rules import signals as signal_rules
from tests.site.test_signals import watched
from tests.support import advisory as a
from tests.support import complaints as k
from tests.support import contracts as c
from tests.support import reported, sales
from tests.support import returned as r
from tests.support.people import as_user, make_user
from tests.support.sql import count_queries

REFUSED = (frappe.ValidationError, frappe.PermissionError)


def entries(doc: frappe.model.document.Document) -> list[tuple[str, str]]:
	return [(row.entry, row.details or "") for row in doc.entries]


@pytest.mark.rule("I1", "I2", "L3")
def test_i1_a_serious_harm_asks_once_with_all_to_whom_the_batch_went(world: c.World) -> None:
	mr, code = a.representative(world), r.device()
	batch, other = sales.batch(code, 40), sales.batch(code, 40)
	first, second = c.customer(), c.customer()
	note = sales.delivered(first, {"item_code": code, "qty": 6, "batch_no": batch})
	invoice = sales.invoiced(second, {"item_code": code, "qty": 5, "batch_no": batch})
	sales.delivered(second, {"item_code": code, "qty": 7, "batch_no": other})
	sales.returned(note, qty=-2, stock_qty=-2)
	complaint = a.complaint(world, note, batch_no=batch)
	k.rated(world, complaint)
	assert not frappe.db.exists(a.DECISION, {"reference_name": complaint.name})
	doc = a.of(a.serious(world, complaint))
	assert (doc.decision, doc.item_code, doc.batches, doc.whole) == (rules.UNDECIDED, code, batch, 0)
	assert (doc.harm, doc.severity, entries(doc)) == ("Serious", "High", [(rules.SERIOUS, "Serious")])
	found = {one.document: one for one in concerned.table(doc.deliveries)}
	assert set(found) == {note.name, invoice.name}
	assert (found[note.name].customer, found[note.name].quantity, found[note.name].returned) == (
		first,
		"6",
		"2",
	)
	assert found[invoice.name].doctype == "Sales Invoice"
	assert (doc.customers, doc.delivered_qty, doc.returned_qty, doc.stock_qty) == (2, 11, 2, 31)
	(stock,) = concerned.table(doc.stock)
	assert (stock.warehouse, stock.quantity, stock.quarantine) == (c.warehouse(), "31", 0)
	due = str(add_days(getdate(), 2))
	assert (str(doc.due_on), a.todos(doc)[mr]) == (due, due)
	# Asked again for the same, nothing happens.
	before = doc.as_dict()
	assert advisory.of_complaint(complaint.reload()) == doc.name
	a.serious(world, complaint)
	assert doc.reload().as_dict() == before
	with as_user(a.representative(world)):
		html = api.get_panel(doc.name)["html"]
	assert first in html and "31" in html


@pytest.mark.rule("I1", "H4")
def test_i1_answers_reports_and_what_is_known_later_ask_again(world: c.World) -> None:
	note = r.delivered(4)
	complaint = a.complaint(world, note)
	reported.answer(world, complaint, death="Yes", malfunction="Yes")
	doc = a.of(complaint)
	assert (entries(doc), doc.answers) == ([("Death", "")], "death")
	a.do(a.representative(world), "decide", doc, rules.NOT_NEEDED, "Of another cause")
	assert not a.todos(doc)
	# Severity of less than serious harm, a batch that is the same: nothing new.
	k.rated(world, complaint)
	assert doc.reload().decision == rules.NOT_NEEDED
	decision = reported.of(
		complaint, frappe.get_all(reported.DECISION, {"complaint": complaint.name}, pluck="regime")[0]
	)
	reported.decide(world, decision, reportability.REPORTABLE, "A death", due_on=str(add_days(nowdate(), 9)))
	assert doc.reload().decision == rules.UNDECIDED
	assert doc.entries[-1].entry == rules.REPORTABLE and doc.entries[-1].details == decision.regime
	assert not doc.decided_by and a.representative(world) in a.todos(doc)
	# What was decided, "needed" too, was decided of that batch.
	a.do(a.representative(world), "decide", doc, rules.NEEDED, "They use it daily")
	batch = sales.batch(note.items[0].item_code, 3)
	k.do(world.person(roles.SERVICE), "describe", complaint, {"batch_no": batch})
	assert (doc.reload().decision, doc.batches) == (rules.UNDECIDED, batch)
	assert frappe.db.count(a.DECISION, {"reference_name": complaint.name}) == 1
	assert verification.verify(a.DECISION, doc.name).findings == []


@pytest.mark.rule("I1", "I2")
def test_i1_a_product_that_is_not_known_yet_is_asked_for_and_followed(world: c.World) -> None:
	complaint = a.complaint(world, r.delivered(4))
	frappe.db.set_value(
		k.COMPLAINT, complaint.name, {"item_code": None, "batch_no": None}, update_modified=False
	)
	doc = a.of(a.serious(world, complaint.reload(), "Catastrophic"))
	assert not doc.item_code and doc.deliveries == "[]"
	with pytest.raises(frappe.ValidationError, match="I2"):
		a.do(a.representative(world), "decide", doc, rules.NEEDED, "Whatever it is")
	note = r.delivered(3)
	k.do(world.person(roles.SERVICE), "describe", complaint, {"item_code": note.items[0].item_code})
	doc.reload()
	assert (doc.item_code, doc.whole, doc.delivered_qty) == (note.items[0].item_code, 1, 3)
	assert frappe.db.count(a.DECISION, {"reference_name": complaint.name}) == 1


@pytest.mark.rule("I1", "C12", "K3")
def test_i1_the_representative_decides_signed_and_judges_no_own_case_away(world: c.World) -> None:
	note = r.delivered(10)
	complaint = a.complaint(world, note)
	doc = a.of(a.serious(world, complaint))
	for user in (world.sales, world.gm, world.person(roles.QUALITY), "Administrator"):
		with pytest.raises(REFUSED):
			a.do(user, "decide", doc, rules.NEEDED, "x")
	handler = make_user(roles.MANAGEMENT_REPRESENTATIVE, roles.QUALITY)
	k.do(handler, "add_action", complaint, "Correction", "Look", handler, nowdate())
	with pytest.raises(frappe.ValidationError, match="C12"):
		a.do(handler, "decide", doc, rules.NOT_NEEDED, "Nothing in it")
	with pytest.raises(frappe.ValidationError, match="I1"):
		a.do(a.representative(world), "decide", doc, rules.NOT_NEEDED, "/")
	# Goods have moved since: what is signed is what is so.
	sales.returned(note, qty=-1, stock_qty=-1)
	with pytest.raises(frappe.ValidationError, match="I2"):
		a.do(handler, "decide", doc, rules.NEEDED, "It may hurt")
	a.do(handler, "recompute", doc)
	a.do(handler, "decide", doc, rules.NEEDED, "It may hurt")
	assert (doc.decision, doc.returned_qty, doc.decided_by) == (rules.NEEDED, 1, handler)
	# It stays with the representative until there is a notice.
	assert a.representative(world) in a.todos(doc)
	assert frappe.db.exists(
		"Electronic Signature", {"reference_name": doc.name, "meaning": "Decided: Advisory Notice Needed"}
	)
	with pytest.raises(frappe.ValidationError, match="I1"):
		a.do(a.representative(world), "decide", doc, rules.NOT_NEEDED, "Changed my mind")
	a.do(a.representative(world), "reopen", doc, "The supplier's test says otherwise")
	assert (doc.decision, doc.reason, doc.entries[-1].entry) == (rules.UNDECIDED, None, rules.AGAIN)
	for change in (
		lambda: frappe.get_doc({"doctype": a.DECISION, "decision": rules.NOT_NEEDED}).insert(),
		lambda: doc.db_set("decision", rules.NOT_NEEDED),
		lambda: doc.update({"customers": 0}).save(),
		lambda: frappe.delete_doc(a.DECISION, doc.name),
	):
		with pytest.raises(REFUSED):
			change()
	assert verification.verify(a.DECISION, doc.name).findings == []


@pytest.mark.rule("I1", "L2")
def test_i1_a_delegate_decides_for_the_representative(world: c.World) -> None:
	doc = a.asked(world)
	delegate = make_user(roles.SALES_VP)
	with as_user(a.representative(world)):
		frappe.get_doc(
			{
				"doctype": "Approval Delegation",
				"role": roles.MANAGEMENT_REPRESENTATIVE,
				"delegator": a.representative(world),
				"delegate": delegate,
				"from_date": nowdate(),
				"to_date": add_days(nowdate(), 5),
				"reason": "Leave",
			}
		).insert().submit()
	scheduled.assign_to_delegate(roles.MANAGEMENT_REPRESENTATIVE, delegate)
	assert delegate in a.todos(doc)
	a.do(delegate, "decide", doc, rules.NOT_NEEDED, "Used up")
	assert (doc.decided_by, doc.acting_for) == (delegate, a.representative(world))


@pytest.mark.rule("I1", "I2")
def test_i2_the_representative_widens_narrows_and_asks(world: c.World) -> None:
	note = r.delivered(10)
	code = note.items[0].item_code
	other = sales.batch(code, 9)
	sales.delivered(c.customer(), {"item_code": code, "qty": 4, "batch_no": other})
	doc = a.of(a.serious(world, a.complaint(world, note)))
	mine, mr, quality = doc.batches, a.representative(world), world.person(roles.QUALITY)
	for user, given in (
		(quality, {"named": [other], "reason": "Same mould"}),
		(mr, {"named": ["NOBODY'S"], "reason": "Same mould"}),
		(mr, {"named": [other], "reason": ""}),
		(mr, {"whole": 1, "named": [other], "reason": "Same mould"}),
	):
		with pytest.raises(frappe.ValidationError, match=r"I[12]"):
			a.do(user, "set_scope", doc, **given)
	a.do(mr, "set_scope", doc, named=json.dumps([mine, other]), reason="Same mould")
	assert (doc.customers, doc.delivered_qty, doc.scope_by) == (2, 14, mr)
	a.do(mr, "set_scope", doc, whole=1, reason="The mould of all")
	assert (doc.customers, doc.delivered_qty, doc.batches) == (2, 14, "")
	# What a person said stays, whatever the complaint says of its batch.
	complaint = frappe.get_doc(k.COMPLAINT, doc.reference_name)
	k.do(world.person(roles.SERVICE), "describe", complaint, {"batch_no": other})
	assert doc.reload().whole == 1
	due = doc.due_on
	a.do(mr, "ask_more", doc, "Was the edge sharp in the retained sample?")
	assert (doc.decision, doc.due_on) == (rules.UNDECIDED, due)
	assert {mr, quality} <= set(a.todos(doc))
	with pytest.raises(frappe.ValidationError, match="I1"):
		a.do(mr, "give", doc, "Yes")
	a.do(quality, "give", doc, "Yes, in two of five")
	assert mr in a.todos(doc) and quality not in a.todos(doc)
	assert [e for e, _details in entries(doc)] == [
		rules.SERIOUS,
		rules.SCOPE,
		rules.SCOPE,
		rules.QUESTION,
		rules.GIVEN,
	]


@pytest.mark.rule("I1", "H8")
def test_i1_a_signal_that_needs_action_asks_and_so_does_quality_by_hand(world: c.World) -> None:
	note = r.delivered(8)
	code = note.items[0].item_code
	(name,) = watched(code, 5)
	signal = frappe.get_doc(advisory.SIGNAL, name)
	with as_user(make_user(roles.QUALITY)):
		signal_api.assess_signal(
			name, signal_api.get_shown(name)["hash"], signal_rules.ACTION, "Mould 3 is worn"
		)
	doc = a.of(signal, code)
	assert (doc.whole, doc.delivered_qty, entries(doc)) == (1, 8, [(rules.SIGNAL, "Mould 3 is worn")])
	complaint = a.complaint(world, note)
	with as_user(world.sales), pytest.raises(REFUSED):
		api.ask(complaint.doctype, complaint.name, "I have a feeling")
	with as_user(world.person(roles.QUALITY)):
		with pytest.raises(frappe.ValidationError, match="I1"):
			api.ask(complaint.doctype, complaint.name, " ")
		with pytest.raises(frappe.ValidationError, match="I1"):
			api.ask("Customer", complaint.customer, "x")
		(name,) = api.ask(complaint.doctype, complaint.name, "The label says the wrong size")["names"]
		assert api.ask(complaint.doctype, complaint.name, "The label says the wrong size")["names"] == [name]
		found = api.get_of(complaint.doctype, complaint.name)
	assert [one.name for one in found["decisions"]] == [name] and found["may_ask"]
	assert entries(frappe.get_doc(a.DECISION, name)) == [(rules.BY_HAND, "The label says the wrong size")]


@pytest.mark.rule("I1", "L3")
def test_i1_what_is_not_decided_goes_up_and_never_lapses(world: c.World) -> None:
	mr, gm = a.representative(world), world.gm
	doc = a.asked(world)
	frappe.db.set_value(a.DECISION, doc.name, "due_on", add_days(nowdate(), -6), update_modified=False)
	told = next(n for n in escalation.notices() if n.item.row.name == doc.name)
	assert told.people[mr] == "" and told.people[gm] == roles.GENERAL_MANAGER
	assert doc.item_name in told.item.subject(told.late)
	assert doc.reload().decision == rules.UNDECIDED


@pytest.mark.rule("I2", "L1")
def test_i2_who_is_limited_to_some_customers_does_not_see_whom_it_reaches(world: c.World) -> None:
	doc = a.asked(world)
	user = make_user(roles.QUALITY)
	frappe.get_doc(
		{"doctype": "User Permission", "user": user, "allow": "Customer", "for_value": c.customer()}
	).insert()
	with as_user(user):
		assert frappe.get_list(a.DECISION, {"name": doc.name}) == []
		with pytest.raises(frappe.PermissionError):
			api.get_panel(doc.name)
	with as_user(world.sales), pytest.raises(frappe.PermissionError):
		api.get_panel(doc.name)
	with as_user(world.person(roles.QUALITY)):
		assert frappe.get_list(a.DECISION, {"name": doc.name})
		assert api.get_panel(doc.name)["may"] == ["recompute", "give"]


@pytest.mark.rule("I2")
def test_i2_many_deliveries_cost_no_query_each(world: c.World) -> None:
	doc = a.asked(world, 5)
	code, batch = doc.item_code, doc.batches

	def computed() -> int:
		with count_queries() as counted:
			concerned.read(doc)
		return counted.count

	computed()
	few = computed()
	for _ in range(4):
		sales.delivered(c.customer(), {"item_code": code, "qty": 1, "batch_no": batch})
	assert computed() == few
	assert concerned.read(doc)["customers"] == 5
