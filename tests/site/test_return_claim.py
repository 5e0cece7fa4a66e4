"""A return that is a quality claim: the retained sample, the explanation, the answer (G3, G4)."""

from __future__ import annotations

import json

import frappe
import pytest
from frappe.model.document import Document
from frappe.utils import add_days, nowdate

from qms_customer.contract import states
from qms_customer.messages import QMSRefusal
from qms_customer.records import verification
from qms_customer.returns import batch, claim
from qms_customer.returns import claim_api as api
from qms_customer.rules import people as roles
from qms_customer.setup import inspections
from tests.support import claims as r
from tests.support import contracts as c
from tests.support import sales
from tests.support.doors import nothing_changes
from tests.support.people import as_user, make_user
from tests.support.sql import count_queries

INSPECTION = "Quality Inspection"


def todos(slip: Document) -> set[str]:
	return set(
		frappe.get_all(
			"ToDo",
			filters={"reference_type": r.SLIP, "reference_name": slip.name, "status": "Open"},
			pluck="allocated_to",
		)
	)


def verified(slip: Document) -> None:
	assert verification.verify(r.SLIP, slip.name).findings == []


@pytest.mark.rule("G3")
def test_a_claim_is_tested_before_anybody_approves(world: c.World) -> None:
	quality = world.person(roles.QUALITY)
	slip = r.claimed(world)
	assert slip.workflow_state == states.RETURN_TESTING
	assert [(t.item_code, t.batch_no) for t in slip.sample_tests] == [
		(slip.items[0].item_code, slip.items[0].batch_no)
	]
	assert quality in todos(slip)
	with as_user(world.person(roles.BUSINESS_MANAGER)), pytest.raises(QMSRefusal, match=r"G2: .*this step"):
		api.decide(slip.name, "Approved", r.shown(slip), "/")


@pytest.mark.rule("G3")
def test_the_inspection_follows_the_template_of_the_item(world: c.World) -> None:
	slip = r.claimed(world)
	name = r.inspected(world, slip)
	doc = frappe.get_doc(INSPECTION, name)
	assert (doc.reference_type, doc.reference_name) == (r.SLIP, slip.name)
	assert (doc.item_code, doc.batch_no) == (slip.items[0].item_code, slip.items[0].batch_no)
	assert doc.quality_inspection_template and len(doc.readings) == 1
	assert doc.docstatus == 1 and doc.status == "Accepted"
	# ERPNext has written its name into the row; that is no content of the record.
	assert slip.items[0].quality_inspection == name
	verified(slip)
	# Whoever asks again gets the one that is there.
	with as_user(world.person(roles.QUALITY)):
		assert api.make_inspection(slip.name, slip.sample_tests[0].name)["name"] == name


@pytest.mark.rule("G3")
def test_an_item_without_a_template_says_so_and_takes_another(world: c.World) -> None:
	code = r.device(quality_inspection_template=None)
	customer, lot = r.sold(code)
	slip = r.put_forward(world, customer, (code, lot, 2))
	other = r.template()
	with as_user(world.person(roles.QUALITY)):
		with pytest.raises(QMSRefusal, match=r"G3: .*no Quality Inspection Template"):
			api.make_inspection(slip.name, slip.sample_tests[0].name)
		assert api.make_inspection(slip.name, slip.sample_tests[0].name, other)["name"]


@pytest.mark.rule("G3")
def test_the_samples_left_come_from_the_warehouses_flagged_for_them(world: c.World) -> None:
	code = r.device()
	customer, lot = r.sold(code)
	kept = r.place("qms_retained_samples")
	sales.received(code, 3, batch_no=lot, t_warehouse=kept)
	slip = r.put_forward(world, customer, (code, lot, 2))
	test = slip.sample_tests[0]
	assert (test.sample_warehouse, test.sample_qty) == (kept, 3)
	with pytest.raises(QMSRefusal, match=r"G3: .*stock shows 3 retained samples"):
		r.found(world, slip, "No Sample Left")


@pytest.mark.rule("G3", "G4")
def test_good_goes_to_the_customer_who_keeps_the_goods(world: c.World) -> None:
	slip = r.good(world, r.claimed(world))
	assert slip.workflow_state == states.RETURN_EXPLAINING and slip.docstatus == 0
	assert todos(slip) == {world.second_sales()}
	with pytest.raises(QMSRefusal, match="G4: Explain the finding"):
		r.answered(world, slip, "Keeps the Goods")
	r.explained(world, slip)
	r.answered(world, slip, "Keeps the Goods")
	assert (slip.workflow_state, slip.docstatus) == (states.RETURN_CLOSED, 1)
	assert slip.decision == "Kept by the Customer" and slip.closed_on
	assert not todos(slip)
	verified(slip)
	signed = frappe.get_all(
		"Electronic Signature", {"reference_name": slip.name}, pluck="meaning", order_by="sequence"
	)
	assert signed == [claim.TESTED, claim.EXPLAINED, claim.KEPT]


@pytest.mark.rule("G4")
def test_who_insists_goes_on_to_approval(world: c.World) -> None:
	manager = world.person(roles.BUSINESS_MANAGER)
	slip = r.explained(world, r.good(world, r.claimed(world)))
	r.answered(world, slip, "Insists on the Return", comment="They want their money")
	assert (slip.workflow_state, slip.docstatus) == (states.RETURN_PENDING, 0)
	assert manager in todos(slip)
	r.decide(slip, manager)
	assert (slip.workflow_state, slip.docstatus) == (states.RETURN_ROUTING, 1)
	verified(slip)


@pytest.mark.rule("G4", "K3")
@pytest.mark.parametrize(
	("values", "said"),
	[
		({"answer": "Perhaps"}, "G4: Say whether"),
		({"answered_by": " "}, "G4: Say who"),
		({"answered_on": ""}, "G4: Say on which day"),
		({"answered_on": "no day"}, "G4: This is no date"),
		({"answered_on": 1}, "K3: .*future"),
		({"answered_on": -1}, "K3: .*before the explanation"),
		({"comment": ""}, "K1"),
	],
)
def test_an_answer_is_complete_and_not_ahead_of_the_act(world: c.World, values: dict, said: str) -> None:
	slip = r.explained(world, r.good(world, r.claimed(world)))
	days = values.get("answered_on")
	given = {**values, **({"answered_on": add_days(nowdate(), days)} if isinstance(days, int) else {})}
	with nothing_changes(slip), pytest.raises(QMSRefusal, match=said):
		r.answered(world, slip, given.pop("answer", "Keeps the Goods"), **given)


@pytest.mark.rule("G3")
def test_no_sample_left_is_a_finding_and_no_dead_end(world: c.World) -> None:
	slip = r.claimed(world)
	with pytest.raises(QMSRefusal, match=r"G3: .*where a sample was looked for"):
		r.found(world, slip, "No Sample Left")
	r.found(world, slip, "No Sample Left", comment="Looked in cabinet 3 and in the archive list")
	assert slip.workflow_state == states.RETURN_PENDING
	r.decide(slip, world.person(roles.BUSINESS_MANAGER))
	assert slip.workflow_state == states.RETURN_ROUTING
	verified(slip)


@pytest.mark.rule("G3", "G5")
def test_one_bad_batch_makes_the_claim_justified_and_all_are_tested(world: c.World) -> None:
	code = r.device()
	customer, first = r.sold(code)
	_customer, second = r.sold(code, customer=customer)
	slip = r.put_forward(world, customer, (code, first, 1), (code, second, 1))
	r.found(world, slip, "Bad", r.inspected(world, slip, "20"))
	assert slip.workflow_state == states.RETURN_TESTING
	assert [m.batch_no for m in slip.batch_measures] == [first]
	r.found(world, slip, "Good", r.inspected(world, slip, row=1), row=1)
	assert slip.workflow_state == states.RETURN_PENDING
	verified(slip)


@pytest.mark.rule("G3")
def test_only_the_rows_with_a_reason_of_quality_are_tested(world: c.World) -> None:
	code = r.device()
	customer, first = r.sold(code)
	_customer, second = r.sold(code, customer=customer)
	leaks, wrong = (
		frappe.get_doc({"doctype": "Return Reason", "reason": c.unique("R"), "is_quality": q}).insert().name
		for q in (1, 0)
	)
	slip = r.put_forward(world, customer, (code, first, 1), (code, second, 1))
	for row, reason in zip(slip.items, (leaks, wrong), strict=True):
		row.reason_code = reason
	slip.set("sample_tests", [])
	claim.prepare(slip)
	assert [t.batch_no for t in slip.sample_tests] == [first]


@pytest.mark.rule("G3")
def test_a_finding_rests_on_the_inspection_of_this_batch_for_this_slip(world: c.World) -> None:
	slip, other = r.claimed(world), r.claimed(world)
	draft = r.inspected(world, slip, submit=False)
	with pytest.raises(QMSRefusal, match=r"G3: .*is not submitted"):
		r.found(world, slip, "Good", draft)
	with pytest.raises(QMSRefusal, match=r"G3: .*rests on a Quality Inspection"):
		r.found(world, slip, "Good")
	with pytest.raises(QMSRefusal, match=r"G3: .*rests on a Quality Inspection"):
		r.found(world, slip, "Bad", "MAT-QA-1999-00001")
	with pytest.raises(QMSRefusal, match=r"G3: .*is not of"):
		r.found(world, slip, "Good", r.inspected(world, other))
	with pytest.raises(QMSRefusal, match=r"G3: .*say what was found"):
		r.found(world, slip, "Very Good", draft)
	assert slip.reload().workflow_state == states.RETURN_TESTING


@pytest.mark.rule("G3")
def test_a_sample_with_a_rejected_reading_is_not_good(world: c.World) -> None:
	slip = r.claimed(world)
	name = r.inspected(world, slip, "20", submit=False)
	with as_user(world.person(roles.QUALITY)):
		doc = frappe.get_doc(INSPECTION, name)
		# ERPNext leaves the result to whoever ticks this.
		doc.manual_inspection, doc.status = 1, "Accepted"
		doc.submit()
	assert doc.status == "Accepted"
	with pytest.raises(QMSRefusal, match=r"G3: .*was not accepted"):
		r.found(world, slip, "Good", name)


@pytest.mark.rule("G3")
def test_an_inspection_says_nothing_until_somebody_of_quality_has_tested(world: c.World) -> None:
	slip = r.claimed(world)
	quality = world.person(roles.QUALITY)
	other = make_user("Quality Manager", "Stock User", roles.SALES_USER)
	with as_user(quality):
		name = api.make_inspection(slip.name, slip.sample_tests[0].name)["name"]
		assert not api.get_claim(slip.name)["tests"][0]["status"]
		doc = frappe.get_doc(INSPECTION, name)
		for _turn in range(2):
			with pytest.raises(QMSRefusal, match=r"G3: .*readings without a value"):
				doc.submit()
			doc = frappe.get_doc(INSPECTION, name)
			# Nor without validation.
			doc.flags.ignore_validate = True
	doc = frappe.get_doc(INSPECTION, name)
	doc.readings[0].reading_1 = "5"
	doc.save()
	for user in (other, "Administrator"):
		with as_user(user), pytest.raises(QMSRefusal, match="G3: A retained sample is tested by"):
			frappe.get_doc(INSPECTION, name).submit()
	with as_user(quality):
		doc.reload()
		doc.inspected_by = other
		with pytest.raises(QMSRefusal, match=r"G3: .*not made by a person of Quality"):
			doc.submit()
		frappe.get_doc(INSPECTION, name).submit()
	r.found(world, slip.reload(), "Good", name)


@pytest.mark.rule("G3")
def test_a_result_that_came_past_the_door_is_none(world: c.World) -> None:
	slip = r.claimed(world)
	name = r.inspected(world, slip, "20")
	frappe.db.set_value("Quality Inspection Reading", {"parent": name}, "reading_1", None)
	with pytest.raises(QMSRefusal, match=r"G3: .*readings without a value"):
		r.found(world, slip, "Bad", name)
	# Rated by hand, it is somebody's judgement.
	frappe.db.set_value("Quality Inspection Reading", {"parent": name}, "manual_inspection", 1)
	r.found(world, slip, "Bad", name)


@pytest.mark.rule("G3")
def test_an_inspection_without_readings_shows_nothing(world: c.World) -> None:
	slip = r.claimed(world)
	name = r.inspected(world, slip)
	frappe.db.delete("Quality Inspection Reading", {"parent": name})
	with pytest.raises(QMSRefusal, match=r"G3: .*has no readings"):
		r.found(world, slip, "Good", name)


@pytest.mark.rule("G3", "K3")
def test_only_quality_finds_in_person_and_on_what_was_shown(world: c.World) -> None:
	slip = r.claimed(world)
	name, row = r.inspected(world, slip), slip.sample_tests[0].name
	given = [{"row": row, "finding": "Good", "quality_inspection": name, "comment": "/"}]
	everything = make_user("System Manager", "Quality Manager", roles.SALES_USER, roles.GENERAL_MANAGER)
	for user in (everything, "Administrator", world.gm):
		with as_user(user), nothing_changes(slip), pytest.raises(QMSRefusal, match=r"G3: .*tested by"):
			api.find(slip.name, r.shown(slip), given)
	with as_user(world.person(roles.QUALITY)):
		with pytest.raises(QMSRefusal, match="C12"):
			api.find(slip.name, "0" * 64, given)
		with pytest.raises(QMSRefusal, match=r"G3: .*two findings"):
			api.find(slip.name, r.shown(slip), given * 2)
		for rubbish in ("{", json.dumps([1]), json.dumps([{"row": [1]}]), json.dumps({"row": row})):
			with pytest.raises(QMSRefusal, match=r"G3: .*cannot be read"):
				api.find(slip.name, r.shown(slip), rubbish)
		with pytest.raises(QMSRefusal, match=r"G3: .*is no test"):
			api.find(slip.name, r.shown(slip), [{**given[0], "row": "another"}])
		with pytest.raises(QMSRefusal, match="G3: Say what was found"):
			api.find(slip.name, r.shown(slip), [])
		api.find(slip.name, r.shown(slip), json.dumps(given))
		slip.reload()
		# It is found once.
		with pytest.raises(QMSRefusal, match=r"G3: .*this step"):
			api.find(slip.name, r.shown(slip), given)


@pytest.mark.rule("G3", "K2")
def test_what_a_signed_finding_rests_on_is_not_taken_back(world: c.World) -> None:
	slip = r.good(world, r.claimed(world))
	name = slip.sample_tests[0].quality_inspection
	doc = frappe.get_doc(INSPECTION, name)
	for user in (make_user("System Manager", "Quality Manager"), "Administrator"):
		with as_user(user), pytest.raises(QMSRefusal, match=r"G3: .*rests on"):
			frappe.get_doc(INSPECTION, name).cancel()
	with pytest.raises(frappe.ValidationError):
		frappe.delete_doc(INSPECTION, name, force=True)
	assert doc.reload().docstatus == 1


@pytest.mark.rule("G3")
def test_an_inspection_that_nobody_relied_on_is_cancelled_as_ever(world: c.World) -> None:
	slip = r.claimed(world)
	name = r.inspected(world, slip)
	with as_user("Administrator"):
		frappe.get_doc(INSPECTION, name).cancel()
	slip.reload()
	assert not slip.items[0].quality_inspection
	verified(slip)
	with pytest.raises(QMSRefusal, match=r"G3: .*is not submitted"):
		r.found(world, slip, "Good", name)


@pytest.mark.rule("G3", "G4", "K2")
def test_no_other_door_writes_finding_answer_or_approval(world: c.World) -> None:
	slip = r.claimed(world)
	user = make_user("System Manager", roles.QUALITY, roles.SALES_USER, roles.BUSINESS_MANAGER)
	for values in (
		{"explanation": "It is fine"},
		{"customer_answer": "Keeps the Goods"},
		{"workflow_state": states.RETURN_PENDING},
		{"decision": "Approved"},
	):
		with as_user(user), nothing_changes(slip), pytest.raises(QMSRefusal):
			doc = frappe.get_doc(r.SLIP, slip.name)
			doc.update(values)
			doc.save()
	with as_user(user), nothing_changes(slip), pytest.raises(QMSRefusal):
		doc = frappe.get_doc(r.SLIP, slip.name)
		doc.sample_tests[0].finding = "Good"
		doc.save()
	with as_user(user), nothing_changes(slip), pytest.raises(QMSRefusal):
		doc = frappe.get_doc(r.SLIP, slip.name)
		doc.append("approvals", {"role": roles.BUSINESS_MANAGER, "decision": "Approved"})
		doc.save()
	with as_user(user), nothing_changes(slip), pytest.raises(QMSRefusal):
		frappe.get_doc("Return Sample Test", slip.sample_tests[0].name).db_set("finding", "Good")
	with as_user(user), nothing_changes(slip), pytest.raises((QMSRefusal, frappe.PermissionError)):
		frappe.get_doc(r.SLIP, slip.name).submit()
	with nothing_changes(slip), pytest.raises(QMSRefusal):
		frappe.get_doc(r.SLIP, slip.name).submit()


@pytest.mark.rule("G3")
def test_stock_of_batches_is_read_in_two_queries_from_bundles_and_texts(world: c.World) -> None:
	code = r.device()
	lots = [sales.batch(code, 5 + n) for n in range(4)]
	pairs = [(code, lot) for lot in lots]
	entry = frappe.db.get_value(
		"Stock Ledger Entry", {"item_code": code, "actual_qty": 5}, ["name", "serial_and_batch_bundle"]
	)
	frappe.db.set_value(
		"Stock Ledger Entry", entry[0], {"serial_and_batch_bundle": None, "batch_no": lots[0]}
	)
	with count_queries() as few:
		one = batch.on_hand(pairs[:1])
	with count_queries() as many:
		found = batch.on_hand(pairs)
	assert few.count == many.count == 2
	assert [float(sum(found[p].values())) for p in pairs] == [5, 6, 7, 8]
	assert one[pairs[0]] == found[pairs[0]]


@pytest.mark.rule("G3", "L1")
def test_the_panel_offers_what_the_person_may_do(world: c.World) -> None:
	slip = r.claimed(world)
	with as_user(world.person(roles.QUALITY)):
		panel = api.get_claim(slip.name)
	assert panel["may_find"] and panel["may_inspect"] and len(panel["tests"]) == 1
	assert not (panel["may_decide"] or panel["may_explain"])
	with as_user(world.person(roles.BUSINESS_MANAGER)):
		assert not api.get_claim(slip.name)["may_find"]
	with as_user(make_user("Stock User")), pytest.raises(frappe.PermissionError):
		api.get_claim(slip.name)


@pytest.mark.rule("G3")
def test_erpnexts_list_of_references_gets_one_more_and_is_put_back() -> None:
	def options() -> list[str]:
		frappe.clear_cache(doctype=INSPECTION)
		return frappe.get_meta(INSPECTION).get_field("reference_type").options.split("\n")

	where = {"doc_type": INSPECTION, "field_name": "reference_type", "property": "options"}
	assert options()[-1] == r.SLIP and frappe.db.count("Property Setter", where) == 1
	inspections.make()
	assert options().count(r.SLIP) == 1
	inspections.remove()
	assert r.SLIP not in options() and not frappe.db.count("Property Setter", where)
	# What a site added itself stays.
	setter = {"doctype": "Property Setter", "doctype_or_field": "DocField", "property_type": "Text", **where}
	frappe.get_doc({**setter, "value": "\n".join([*options(), "Maintenance Visit"])}).insert()
	inspections.make()
	assert options()[-2:] == ["Maintenance Visit", r.SLIP]
	inspections.remove()
	assert options()[-1] == "Maintenance Visit"
