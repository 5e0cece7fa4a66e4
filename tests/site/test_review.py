"""A contract review from start to decision, by the people who do it."""

from __future__ import annotations

import frappe
import pytest

from qms_customer.contract import api
from qms_customer.messages import QMSRefusal
from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support.people import as_user


@pytest.fixture
def world() -> c.World:
	return c.World()


@pytest.mark.rule("C1", "C2", "C9")
def test_routine_in_stock_is_reviewed_by_sales_and_approved_by_the_vp(world: c.World) -> None:
	doc = c.order(c.item(stock=50))
	with pytest.raises(QMSRefusal, match="C1"):
		doc.submit()
	doc.reload()
	review = c.start(world, doc)
	assert (review.contract_class, review.review_path) == ("Routine", "Sales Alone")
	assert review.approver_role == roles.SALES_VP
	assert [o.department for o in frappe.get_all("Contract Review Opinion", {"contract_review": review.name}, "department")] == ["Sales"]
	c.answer_all(world, review)
	review.reload()
	assert review.workflow_state == "Pending Approval"
	c.decide(review, world.vp)
	assert (review.docstatus, review.decision, review.decided_by) == (1, "Approved", world.vp)
	doc.reload()
	doc.submit()
	assert doc.docstatus == 1
