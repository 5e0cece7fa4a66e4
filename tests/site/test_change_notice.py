"""Contract change notices, from making one to the changed order, and what is refused on the way (E1-E5, E7,
C9-C13).
"""

from __future__ import annotations

import frappe
import pytest
from frappe.model.document import Document
from frappe.utils import add_days, getdate, now_datetime

from qms_customer.contract import approved, content, notice_prints, notices, proposed, states
from qms_customer.contract import change_api as api
from qms_customer.messages import QMSRefusal
from qms_customer.records import approvals
from qms_customer.rules import people as roles
from tests.support import changes as ch
from tests.support import contracts as c
from tests.support.people import as_user, make_user

REFUSED = (frappe.ValidationError, frappe.PermissionError)
NOTICE, ORDER = ch.NOTICE, "Sales Order"


@pytest.fixture
def order(world: c.World) -> Document:
	return c.committed_order(world, c.item(stock=50))


def stored(order: Document) -> Document:
	return frappe.get_doc(ORDER, order.name)


def is_approved(order: Document) -> bool:
	return approved.committed(ORDER, [order.name])[order.name]


# Making and editing


@pytest.mark.rule("E1")
@pytest.mark.rule("E8")
def test_a_notice_begins_with_what_the_order_says(world: c.World, order: Document) -> None:
	with as_user(world.second_sales()):
		notice = frappe.get_doc(NOTICE, api.make_notice(order.name)["name"])
	assert notice.workflow_state == states.NOTICE_DRAFT
	assert (notice.customer, notice.company) == (order.customer, order.company)
	line = notice.lines[0]
	assert (line.old_qty, line.new_qty, line.change) == (5, 5, "Keep")
	assert line.order_row == order.items[0].name
	assert notice.new_qms_delivery_method == "Sea freight" == notice.old_qms_delivery_method
	assert len(notice.new_qms_requirements) == 5
	assert not proposed.proposal_of(notice)
	assert notice.fingerprint == notice.old_fingerprint == content.fingerprint_of(order)
	assert notice.old_grand_total == order.grand_total


@pytest.mark.rule("E1")
def test_what_happens_to_a_line_follows_from_its_values(world: c.World, order: Document) -> None:
	notice = ch.make(world, order)
	code = c.item(stock=5)
	with as_user(world.second_sales()):
		notice.lines[0].new_qty = 8
		notice.append(
			"lines",
			{"item_code": code, "new_qty": 2, "new_rate": 7, "new_delivery_date": order.delivery_date},
		)
		notice.save()
	assert [line.change for line in notice.lines] == ["Change", "Add"]
	assert notice.lines[1].new_uom == "Nos" and notice.lines[1].new_conversion_factor == 1
	assert not notice.refusals
	assert (notice.old_grand_total, notice.new_grand_total, notice.difference) == (500, 814, 314)
	# The order is as it was: what comes of it was only tried.
	assert stored(order).grand_total == 500 and is_approved(order)
	assert notice.outcome == "Review"
	proposal = proposed.proposal_of(notice)
	assert dict(proposal.rows[0].values) == {"qty": 8.0}
	assert proposal.rows[1].row == "" and proposal.rows[1].values["item_code"] == code
	ch.edit(world, notice, new_qty=5, remove=1)
	assert notice.lines[0].change == "Remove"
	ch.edit(world, notice, remove=0)
	assert notice.lines[0].change == "Keep"


@pytest.mark.rule("E1")
def test_old_values_are_not_typed(world: c.World, order: Document) -> None:
	notice, other = ch.make(world, order), c.item()
	with as_user(world.second_sales()):
		notice.lines[0].update({"old_qty": 1, "reviewed_delivery_date": "2000-01-01", "item_code": other})
		notice.save()
	line = notice.reload().lines[0]
	assert (line.old_qty, line.item_code) == (5, order.items[0].item_code)
	assert getdate(line.reviewed_delivery_date) == getdate(order.items[0].delivery_date)
	with as_user(world.second_sales()):
		notice.lines[0].order_row = "of another order"
		with pytest.raises(QMSRefusal, match="E1"):
			notice.save()
	notice.reload()
	with as_user(world.second_sales()):
		notice.set("lines", [])
		with pytest.raises(QMSRefusal, match="E1"):
			notice.save()
	for field, value in (
		("outcome", "Call Record"),
		("content", "{}"),
		("fingerprint", "0"),
		("workflow_state", states.NOTICE_PENDING),
		("plan_answer", "Not Affected"),
		("confirmed_by", "Me"),
		("approver_role", roles.SALES_USER),
		("old_fingerprint", "0"),
		("reference_name", "SO-1"),
		("kind", "Cancel"),
		("prepared_by", "Administrator"),
	):
		notice.reload()
		with as_user(world.second_sales()), pytest.raises(REFUSED):
			notice.set(field, value)
			notice.save()


@pytest.mark.rule("E1")
@pytest.mark.rule("E8")
def test_who_makes_a_notice_and_of_what(world: c.World, order: Document) -> None:
	for role in (roles.QUALITY, roles.PLANNING, roles.AUDITOR, roles.FINANCE):
		with as_user(make_user(role)), pytest.raises(REFUSED):
			api.make_notice(order.name)
	with as_user("Administrator"), pytest.raises(QMSRefusal):
		api.make_notice(order.name)
	draft = c.order(c.item(stock=5))
	with as_user(world.sales):
		with pytest.raises(QMSRefusal, match="E1"):
			api.make_notice(draft.name)
		with pytest.raises(QMSRefusal, match="E1"):
			api.make_notice(order.name, "Give Away")
		with pytest.raises(REFUSED):
			frappe.get_doc(
				{"doctype": NOTICE, "reference_doctype": ORDER, "reference_name": order.name}
			).insert()


@pytest.mark.rule("E7")
def test_what_erpnext_would_refuse_is_said_before_approval(world: c.World, order: Document) -> None:
	notice = ch.edited(world, order, new_qty=0)
	with as_user(world.second_sales()), pytest.raises(QMSRefusal, match="E1"):
		api.put_forward(notice.name, ch.shown(notice))
	assert stored(order).items[0].qty == 5


@pytest.mark.rule("E1")
def test_put_forward_lacks_are_said_at_once(world: c.World, order: Document) -> None:
	with as_user(world.second_sales()):
		notice = frappe.get_doc(NOTICE, api.make_notice(order.name)["name"])
		with pytest.raises(QMSRefusal) as refusal:
			api.put_forward(notice.name, ch.shown(notice))
	assert len(refusal.value.args[0]) == 4
	notice = ch.edited(world, order, new_qty=6)
	with as_user(world.second_sales()), pytest.raises(QMSRefusal, match="C12"):
		api.put_forward(notice.name, "another hash")


# Reviewed changes


@pytest.mark.rule("E2")
@pytest.mark.rule("C1")
@pytest.mark.rule("E7")
def test_a_change_is_confirmed_reviewed_and_applied(world: c.World, order: Document) -> None:
	world.everybody()
	notice = ch.edited(world, order, new_rate=90)
	ch.forward(world, notice)
	assert notice.workflow_state == states.NOTICE_CONFIRMING
	assert notice.departments_concerned == "Sales"
	ch.confirm(world, notice)
	assert notice.workflow_state == states.NOTICE_REVIEW
	review = ch.review_of(notice)
	assert (review.change_notice, review.change_kind) == (notice.name, "Change")
	assert review.fingerprint == notice.fingerprint != notice.old_fingerprint
	# The order still shows the review under which it was committed.
	assert stored(order).qms_contract_review == order.qms_contract_review != review.name
	assert review.amount == 450
	ch.agree(world, notice)
	c.decide(review.reload(), world.vp)
	notice.reload()
	assert notice.workflow_state == states.NOTICE_APPLIED and notice.docstatus == 1
	assert (notice.decided_by, notice.decision) == (world.vp, "Approved")
	changed = stored(order)
	assert (changed.items[0].rate, changed.grand_total) == (90, 450)
	assert content.fingerprint_of(changed) == notice.fingerprint
	assert is_approved(changed)
	assert changed.qms_contract_review == order.qms_contract_review
	row = frappe.get_last_doc(approved.DOCTYPE, {"reference_name": order.name})
	assert (row.source_doctype, row.source_name) == (NOTICE, notice.name)
	assert not list(approvals.verify())


@pytest.mark.rule("E1")
def test_terms_requirements_and_documents_change_too(world: c.World, order: Document) -> None:
	world.everybody()
	notice = ch.make(world, order)
	file = c.upload()
	with as_user(world.second_sales()):
		notice.new_qms_delivery_method = "Air freight"
		notice.new_po_no = "PO-77"
		notice.new_qms_requirements[0].requirement = "Sterile, in single bags"
		notice.append(
			"new_qms_documents",
			{"title": "Drawing", "document_type": "Drawing", "document_version": "B", "file": file.file_url},
		)
		notice.save()
	assert not notice.refusals
	assert notice.new_qms_documents[0].sha256
	assert set(notice.departments_concerned.split(", ")) >= {"Sales", "R&D", "Quality"}
	ch.apply(world, notice)
	changed = stored(order)
	assert (changed.qms_delivery_method, changed.po_no) == ("Air freight", "PO-77")
	assert changed.qms_requirements[0].requirement == "Sterile, in single bags"
	assert changed.qms_documents[0].file == file.file_url
	assert is_approved(changed)


@pytest.mark.rule("C12")
def test_who_prepared_a_notice_does_not_decide_it(world: c.World, order: Document) -> None:
	world.everybody()
	notice = ch.edited(world, order, new_rate=90)
	with as_user(world.vp):
		# The VP edits the draft: a preparer.
		notice.reload()
		notice.lines[0].new_rate = 80
		notice.save()
	ch.forward_and_confirm(world, notice)
	review = ch.agree(world, notice)
	with as_user(world.vp), pytest.raises(QMSRefusal, match="C12"):
		c.api.decide_review(review.name, "Approved", c.shown(review), "/", "", "/")
	c.decide(review, world.gm)
	assert stored(order).items[0].rate == 80


@pytest.mark.rule("C9")
@pytest.mark.rule("C12")
def test_a_notice_under_review_moves_by_its_review_only(world: c.World, order: Document) -> None:
	world.everybody()
	notice = ch.edited(world, order, new_rate=90)
	ch.forward_and_confirm(world, notice)
	for user in (world.vp, world.gm, "Administrator"):
		with as_user(user):
			with pytest.raises(QMSRefusal):
				api.decide_notice(notice.name, "Approved", ch.shown(notice), "/")
			with pytest.raises(REFUSED):
				frappe.get_doc(NOTICE, notice.name).submit()
			with pytest.raises(REFUSED):
				frappe.client.set_value(NOTICE, notice.name, "workflow_state", states.NOTICE_PENDING)
			with pytest.raises(REFUSED):
				frappe.client.delete(NOTICE, notice.name)
			with pytest.raises(REFUSED):
				frappe.model.workflow.apply_workflow(frappe.get_doc(NOTICE, notice.name), "Approve")
	assert stored(order).items[0].rate == 100


@pytest.mark.rule("C13")
def test_rejection_is_final_and_remembered(world: c.World, order: Document) -> None:
	world.everybody()
	notice = ch.edited(world, order, new_rate=90)
	ch.forward_and_confirm(world, notice)
	review = ch.agree(world, notice)
	c.decide(review, world.vp, "Rejected", "not at this price")
	notice.reload()
	assert (notice.workflow_state, notice.docstatus) == (states.NOTICE_REJECTED, 1)
	assert stored(order).items[0].rate == 100
	again = ch.edited(world, order, new_rate=90)
	with as_user(world.second_sales()), pytest.raises(QMSRefusal, match="C13"):
		api.put_forward(again.name, ch.shown(again))
	ch.forward(world, again, "The customer pays at once")
	assert again.approver_role == roles.SALES_VP
	# The order itself was not rejected: it goes on under its own review.
	assert is_approved(order)


@pytest.mark.rule("E8")
@pytest.mark.parametrize("kind", ["Cancel", "Close"])
def test_termination_is_a_change(world: c.World, order: Document, kind: str) -> None:
	world.everybody()
	notice = ch.make(world, order, kind)
	assert notice.outcome == "Review"
	assert notice.departments_concerned == "Sales, Production, PMC, Purchasing"
	ch.apply(world, notice)
	assert notice.workflow_state == states.NOTICE_APPLIED
	after = stored(order)
	assert (after.docstatus, after.status) == ((2, "Cancelled") if kind == "Cancel" else (1, "Closed"))
	if kind == "Close":
		again = ch.make(world, after, "Re-open")
		ch.apply(world, again)
		assert stored(order).status == "To Deliver and Bill"


@pytest.mark.rule("C13")
def test_a_rejected_cancellation_rejects_nothing_that_was_promised(world: c.World, order: Document) -> None:
	world.everybody()
	notice = ch.make(world, order, "Cancel")
	ch.forward_and_confirm(world, notice)
	c.decide(ch.agree(world, notice), world.vp, "Rejected", "we deliver")
	assert stored(order).docstatus == 1
	# A change of the same order is put forward freely.
	other = ch.edited(world, order, new_rate=95)
	ch.forward(world, other)
	assert not other.again_reason


@pytest.mark.rule("E5")
def test_what_the_company_asks_is_signed_by_the_customer(world: c.World, order: Document) -> None:
	world.everybody()
	notice = ch.shifted(world, order, 2, asked_by="Company")
	assert notice.outcome == "Review"
	ch.forward(world, notice)
	with pytest.raises(QMSRefusal, match="E5"):
		ch.confirm(world, notice, "E-mail")
	with pytest.raises(QMSRefusal, match="E5"):
		ch.confirm(world, notice, "Signed Agreement", evidence="/private/files/nowhere.pdf")
	with as_user(world.second_sales()):
		api.negotiate(notice.name, "Dr. Li", str(now_datetime()), "Wants a discount", "Not Agreed Yet")
	ch.confirm(world, notice, "Signed Agreement")
	assert notice.workflow_state == states.NOTICE_REVIEW
	assert notice.negotiations[0].outcome == "Not Agreed Yet"


@pytest.mark.rule("E2")
def test_not_agreed_is_withdrawn_with_its_outcome(world: c.World, order: Document) -> None:
	world.everybody()
	notice = ch.edited(world, order, new_rate=50)
	ch.forward_and_confirm(world, notice)
	with as_user(world.second_sales()):
		with pytest.raises(QMSRefusal):
			api.withdraw(notice.name, "/")
		api.withdraw(notice.name, "The customer gives way")
	notice.reload()
	assert (notice.workflow_state, notice.docstatus) == (states.NOTICE_WITHDRAWN, 1)
	assert ch.review_of(notice).decision == "Superseded"
	assert not frappe.db.exists(
		"Contract Review Opinion", {"contract_review": notice.contract_review, "docstatus": 0}
	)


# Shifts of the delivery date


@pytest.mark.rule("E3")
@pytest.mark.rule("E4")
def test_a_small_shift_needs_a_call_pmc_and_the_sales_manager(world: c.World, order: Document) -> None:
	world.everybody()
	manager = world.person(roles.BUSINESS_MANAGER)
	notice = ch.shifted(world, order, 3)
	assert (notice.outcome, notice.shift_days) == ("Call Record", 3)
	ch.forward(world, notice)
	assert frappe.db.exists(
		"ToDo", {"reference_name": notice.name, "allocated_to": world.person(roles.PLANNING)}
	)
	with pytest.raises(QMSRefusal, match="E4"):
		ch.confirm(world, notice, "Call", call_record="He called", internal_record="/")
	ch.confirm(world, notice, "Call", call_record="He called", internal_record="Told PMC")
	assert notice.workflow_state == states.NOTICE_CONFIRMING
	ch.answer_plan(world, notice)
	assert notice.workflow_state == states.NOTICE_PENDING
	assert frappe.db.exists(
		"ToDo", {"reference_name": notice.name, "allocated_to": manager, "status": "Open"}
	)
	# Neither who prepared it, nor PMC, nor somebody of another department signs it.
	for user in (
		world.second_sales(),
		world.person(roles.PLANNING),
		world.person(roles.QUALITY),
		"Administrator",
	):
		with as_user(user), pytest.raises(QMSRefusal):
			api.decide_notice(notice.name, "Approved", ch.shown(notice), "/")
	ch.decide(notice, manager)
	assert notice.workflow_state == states.NOTICE_APPLIED
	assert getdate(stored(order).items[0].delivery_date) == getdate(add_days(order.items[0].delivery_date, 3))
	assert is_approved(order)
	assert not list(approvals.verify())


@pytest.mark.rule("E4")
def test_nobody_walks_past_the_limit(world: c.World, order: Document) -> None:
	world.everybody()
	manager = world.person(roles.BUSINESS_MANAGER)
	first = ch.shifted(world, order, 3)
	ch.forward_and_confirm(world, first, "Call", call_record="He called", internal_record="Told PMC")
	ch.answer_plan(world, first)
	ch.decide(first, manager)
	second = ch.shifted(world, stored(order), 3)
	assert getdate(second.lines[0].reviewed_delivery_date) == getdate(order.items[0].delivery_date)
	assert (second.outcome, second.shift_days) == ("Written Notice", 6)
	ch.forward(world, second)
	with pytest.raises(QMSRefusal, match="E4"):
		ch.confirm(world, second, "Call", call_record="He called", internal_record="Told PMC")
	ch.confirm(world, second)
	ch.answer_plan(world, second)
	ch.decide(second, manager)
	# It passed without a review: the days go on being counted from the first date.
	back = ch.shifted(world, stored(order), -2)
	assert (back.outcome, back.shift_days) == ("Call Record", 4)


@pytest.mark.rule("E4")
def test_the_limit_is_a_setting_and_can_be_none(world: c.World, order: Document) -> None:
	settings = frappe.get_doc("QMS Customer Settings")
	assert settings.free_shift_days == 5
	settings.update({"change_reason": "for a test", "free_shift_days": 0})
	c.save_settings(settings)
	assert ch.shifted(world, order, 1).outcome == "Written Notice"


@pytest.mark.rule("E3")
def test_affected_plan_goes_to_review_by_all(world: c.World, order: Document) -> None:
	world.everybody()
	notice = ch.shifted(world, order, -3)
	ch.forward_and_confirm(world, notice, "Call", call_record="He called", internal_record="Told PMC")
	with pytest.raises(QMSRefusal, match="E3"):
		ch.answer_plan(world, notice, "Affected", "/")
	with as_user(world.second_sales()), pytest.raises(QMSRefusal, match="E3"):
		api.answer_plan(notice.name, ch.shown(notice), "Not Affected", "/")
	ch.answer_plan(world, notice, "Affected", "The line is full that week")
	assert notice.outcome == "Review"
	assert notice.departments_concerned == "Sales, R&D, Quality, Production, PMC, Purchasing"
	# A call does not confirm what is reviewed: the customer is asked in writing.
	assert (notice.workflow_state, notice.confirmed_by) == (states.NOTICE_CONFIRMING, None)
	ch.confirm(world, notice)
	assert notice.workflow_state == states.NOTICE_REVIEW


@pytest.mark.rule("E3")
def test_sales_itself_says_that_production_is_affected(world: c.World, order: Document) -> None:
	notice = ch.shifted(world, order, 1, affects_production="Yes")
	assert notice.outcome == "Review"


@pytest.mark.rule("E3")
@pytest.mark.rule("L2")
def test_returned_to_sales_and_signed_by_a_higher_one(world: c.World, order: Document) -> None:
	world.everybody()
	notice = ch.shifted(world, order, 3)
	ch.forward_and_confirm(world, notice)
	ch.answer_plan(world, notice)
	with as_user(world.vp), pytest.raises(QMSRefusal):
		api.decide_notice(notice.name, "Returned", ch.shown(notice), "/")
	ch.decide(notice, world.vp, "Returned", "Say which call")
	found = (notice.workflow_state, notice.confirmed_by, notice.plan_answer)
	assert found == (states.NOTICE_DRAFT, None, None)
	ch.forward_and_confirm(world, notice)
	ch.answer_plan(world, notice)
	ch.decide(notice, world.vp, "Rejected", "No")
	assert (notice.workflow_state, notice.docstatus) == (states.NOTICE_REJECTED, 1)
	assert is_approved(order)


# Several at once, and taken back


@pytest.mark.rule("E7")
@pytest.mark.rule("C12")
def test_the_second_of_two_notices_is_brought_up_to_date(world: c.World, order: Document) -> None:
	world.everybody()
	first, second = ch.make(world, order), ch.make(world, order)
	ch.edit(world, first, new_rate=90)
	ch.edit(world, second, new_qty=7)
	with as_user(world.second_sales()):
		assert first.name in api.get_notice_panel(second.name)["html"]
	ch.forward_and_confirm(world, second)
	review = ch.agree(world, second)
	ch.apply(world, first)
	with as_user(world.gm), pytest.raises(QMSRefusal, match="E7"):
		c.api.decide_review(review.name, "Approved", c.shown(review), "/", "", "/")
	with as_user(world.second_sales()):
		assert api.get_notice_panel(second.name)["may_rebase"]
		api.rebase(second.name)
	second.reload()
	line = second.lines[0]
	assert second.workflow_state == states.NOTICE_DRAFT and not second.confirmed_by
	assert (line.old_rate, line.new_rate, line.old_qty, line.new_qty) == (90, 90, 5, 7)
	assert review.reload().decision == "Superseded"
	ch.apply(world, second)
	changed = stored(order)
	assert (changed.items[0].rate, changed.items[0].qty) == (90, 7)
	assert is_approved(order)
	assert ch.review_of(second).previous_review == review.name


@pytest.mark.rule("C12")
@pytest.mark.rule("C13")
def test_taken_back_and_changed_it_is_reviewed_anew(world: c.World, order: Document) -> None:
	world.everybody()
	notice = ch.edited(world, order, new_rate=90)
	ch.forward(world, notice)
	with as_user(world.second_sales()), pytest.raises(REFUSED):
		notice.lines[0].new_rate = 1
		notice.save()
	notice.reload()
	ch.confirm(world, notice)
	review = ch.agree(world, notice)
	with as_user(world.second_sales()):
		api.revise(notice.name, "Another price")
	ch.edit(world, notice, new_rate=95)
	ch.forward_and_confirm(world, notice)
	new = ch.review_of(notice)
	assert new.name != review.name and new.review_version == 2
	with as_user(world.vp), pytest.raises(QMSRefusal):
		c.api.decide_review(review.name, "Approved", c.shown(review), "/", "", "/")
	c.decide(ch.agree(world, notice), world.vp)
	assert stored(order).items[0].rate == 95


@pytest.mark.rule("K2")
def test_what_a_notice_rests_on_is_kept(world: c.World, order: Document) -> None:
	notice = ch.edited(world, order, new_rate=90)
	ch.forward(world, notice)
	file = c.upload()
	ch.confirm(world, notice, evidence=file.file_url)
	with pytest.raises(QMSRefusal, match="K2"):
		file.reload().delete()


@pytest.mark.rule("L1")
def test_readers_read_and_change_nothing(world: c.World, order: Document) -> None:
	notice = ch.edited(world, order, new_rate=90)
	for role in (roles.AUDITOR, roles.QUALITY, roles.PLANNING, roles.FINANCE):
		with as_user(make_user(role)):
			assert api.get_notice_panel(notice.name)["html"]
			for call in (
				lambda: api.put_forward(notice.name, ch.shown(notice)),
				lambda: api.withdraw(notice.name, "because"),
				lambda: api.revise(notice.name, "because"),
				lambda: api.rebase(notice.name),
				lambda: frappe.get_doc(NOTICE, notice.name).save(),
			):
				with pytest.raises(REFUSED):
					call()
	with as_user(make_user("Employee")), pytest.raises(REFUSED):
		api.get_notice_panel(notice.name)


def test_open_notices_of_an_order(world: c.World, order: Document) -> None:
	notice = ch.make(world, order)
	with as_user(world.sales):
		assert [n["name"] for n in api.get_open_notices(order.name)] == [notice.name]
		assert c.api.get_overview(ORDER, order.name)["may_change"]
	assert [n.name for n in notices.open_notices(order.name)] == [notice.name]


def planned_work(order: Document, ends: str) -> str:
	"""Store a work order of the first line, in work until a day; no more of it matters here."""
	work = frappe.get_doc(
		{
			"doctype": "Work Order",
			"name": c.unique("WO"),
			"production_item": order.items[0].item_code,
			"sales_order": order.name,
			"sales_order_item": order.items[0].name,
			"company": order.company,
			"qty": 5,
			"status": "In Process",
			"docstatus": 1,
			"planned_end_date": ends,
		}
	)
	work.db_insert()
	return work.name


@pytest.mark.rule("E3")
def test_what_erpnext_has_planned_is_the_evidence(world: c.World, order: Document) -> None:
	world.everybody()
	due = order.items[0].delivery_date
	work = planned_work(order, f"{add_days(due, -1)} 12:00:00")
	later = ch.shifted(world, order, 3)
	assert later.outcome == "Call Record"
	assert work in later.plan_evidence
	earlier = ch.shifted(world, order, -3)
	assert earlier.outcome == "Review"
	assert earlier.departments_concerned == "Sales, R&D, Quality, Production, PMC, Purchasing"


@pytest.mark.rule("E3")
def test_work_that_is_planned_after_pmc_answered_is_noticed(world: c.World, order: Document) -> None:
	world.everybody()
	manager = world.person(roles.BUSINESS_MANAGER)
	notice = ch.shifted(world, order, -3)
	ch.forward_and_confirm(world, notice)
	ch.answer_plan(world, notice)
	planned_work(order, f"{order.items[0].delivery_date} 12:00:00")
	with as_user(manager), pytest.raises(QMSRefusal, match="E3"):
		api.decide_notice(notice.name, "Approved", ch.shown(notice), "/")
	ch.decide(notice, manager, "Returned", "The work is planned already")
	assert notice.outcome == "Review"


@pytest.mark.rule("K6")
def test_the_printed_form(world: c.World, order: Document) -> None:
	world.everybody()
	notice = ch.edited(world, order, new_rate=90)
	draft = notice_prints.qms_change_notice_form(notice)
	assert "合同变更通知单" in draft and "NOT DECIDED" in draft
	ch.apply(world, notice)
	paper = notice_prints.qms_change_notice_form(notice)
	boss = frappe.db.get_value("User", world.vp, "full_name")
	for text in (notice.name, "QMS-CR-11", "顾客确认", "Dr. Li", "变更后", "90", boss):
		assert text in paper
	assert "NOT DECIDED" not in paper and "does not verify" not in paper


@pytest.mark.rule("C12")
@pytest.mark.rule("L2")
def test_a_delegate_of_a_preparer_does_not_decide(world: c.World, order: Document) -> None:
	world.everybody()
	notice = ch.shifted(world, order, 2)
	manager = world.person(roles.BUSINESS_MANAGER)
	with as_user(manager):
		notice.reload()
		notice.reason = "They call again"
		notice.save()
	ch.forward_and_confirm(world, notice)
	ch.answer_plan(world, notice)
	with as_user(manager), pytest.raises(QMSRefusal, match="C12"):
		api.decide_notice(notice.name, "Approved", ch.shown(notice), "/")
	assert manager not in notices.who_decides(notice)
	ch.decide(notice, world.vp)
	assert notice.workflow_state == states.NOTICE_APPLIED


@pytest.mark.rule("B4")
def test_the_amount_of_the_changed_order_decides_who_approves(world: c.World, order: Document) -> None:
	world.everybody()
	settings = frappe.get_doc("QMS Customer Settings")
	settings.update({"change_reason": "for a test", "large_amount": 1000})
	c.save_settings(settings)
	notice = ch.edited(world, order, new_rate=900)
	ch.forward_and_confirm(world, notice)
	review = ch.agree(world, notice)
	assert review.approver_role == roles.GENERAL_MANAGER
	assert stored(order).grand_total == 500
