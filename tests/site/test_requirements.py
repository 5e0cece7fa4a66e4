"""Feedback that requirements change feeds contract changes, reviews and design (H9)."""

import frappe
import pytest
from frappe.model.document import Document

from qms_customer.contract import panel
from qms_customer.feedback import feedback_api as api
from qms_customer.records import verification
from qms_customer.rules import feedback as rules
from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support import feedback as f
from tests.support.people import as_user

REFUSED = (frappe.ValidationError, frappe.PermissionError)


def changed(world: c.World, requirement: str = rules.CONTRACT, **values: object) -> Document:
	"""Return feedback that was assessed as a changed requirement."""
	doc = f.recorded(world, details="From May on the label has to name the importer", **values)
	given = {"nature": rules.REQUIREMENT, "reason": "New label", "requirement": requirement}
	return f.assess(world, doc, rules.NOT_A_COMPLAINT, **given)


def take_up(user: str, doc: Document, how: str, reference: str = "", comment: str = "As asked") -> Document:
	with as_user(user):
		api.take_up(doc.name, f.shown(doc), how, reference, comment)
	return doc.reload()


def inbox(doc: Document) -> set[str]:
	about = {"reference_type": f.FEEDBACK, "reference_name": doc.name, "status": "Open"}
	return set(frappe.get_all("ToDo", about, pluck="allocated_to"))


def shown_on(doc: Document, user: str) -> bool:
	with as_user(user):
		return "qms-changed-requirements" in panel.overview(doc)["html"]


@pytest.mark.rule("H9", "E1", "A10")
def test_h9_the_seller_takes_a_changed_requirement_up_by_a_change_notice(world: c.World) -> None:
	seller = world.sales
	order = c.order(c.item(stock=50))
	frappe.db.set_value(order.doctype, order.name, "owner", seller)
	c.approve(world, order.reload())
	order.reload().submit()
	with pytest.raises(frappe.ValidationError, match="H9"):
		changed(world, requirement="", customer=order.customer)
	doc = changed(world, customer=order.customer)
	assert inbox(doc) == {seller}
	assert shown_on(order, world.sales)
	with pytest.raises(frappe.ValidationError, match="H9"):
		f.answer(world, doc)
	another = c.committed_order(world, c.item(stock=50)).name
	with as_user(seller):
		shown = api.get_panel(doc.name)
		assert (order.name in shown["orders"], shown["notices"]) == (True, [])
		assert {"take_up", "make_notice"} <= set(shown["may"]) and "answer" not in shown["may"]
		with pytest.raises(frappe.ValidationError, match="H9"):
			api.make_notice(doc.name, another)
		name = api.make_notice(doc.name, order.name)["name"]
		assert api.get_panel(doc.name)["notices"] == [name]
	notice = frappe.get_doc("Contract Change Notice", name)
	assert (notice.feedback, notice.reference_name) == (doc.name, order.name)
	assert doc.name in notice.reason and "importer" in notice.reason
	for user, how, reference, comment in (
		(world.person(roles.QUALITY), rules.BY_NOTICE, name, "As asked"),
		(seller, rules.BY_NOTICE, "CCN-NONE", "As asked"),
		(seller, rules.BY_NOTICE, name, "/"),
		(seller, rules.BY_REVIEW, "", "As asked"),
	):
		with pytest.raises(REFUSED):
			take_up(user, doc, how, reference, comment)
	take_up(seller, doc, rules.BY_NOTICE, name)
	assert (doc.taken_up_how, doc.taken_up_name, doc.taken_up_by) == (rules.BY_NOTICE, name, seller)
	assert not shown_on(order, world.sales)
	with pytest.raises(frappe.ValidationError, match="H9"):
		take_up(seller, doc, rules.NOT_TAKEN_UP)
	assert f.answer(world, doc).docstatus == 1
	assert frappe.db.exists(
		"Electronic Signature", {"reference_name": doc.name, "meaning": "Changed Requirement Taken Up"}
	)
	for doctype, one in ((f.FEEDBACK, doc.name), (notice.doctype, name)):
		assert verification.verify(doctype, one).findings == []


@pytest.mark.rule("H9", "C7")
def test_h9_what_law_or_design_asks_goes_to_rnd_and_shows_on_reviews_of_the_product(world: c.World) -> None:
	item = c.item(stock=50)
	rnd = world.person(roles.RND)
	doc = changed(world, rules.REGULATION, item_code=item, source="Regulator")
	assert inbox(doc) == {rnd}
	# A wish of another customer about the same product is no matter of this contract.
	changed(world, item_code=item, customer=c.customer())
	draft = c.order(item)
	with as_user(world.sales):
		html = panel.overview(draft)["html"]
	assert doc.name in html and html.count("qms-changed-requirements") == 1
	assert html.count("customer-feedback/") == 1
	with pytest.raises(REFUSED):
		take_up(world.sales, doc, rules.BY_DESIGN, comment="ECO-12")
	take_up(rnd, doc, rules.BY_DESIGN, comment="ECO-12: importer on the label")
	assert not shown_on(draft, world.sales)
	assert f.answer(world, doc).workflow_state == "Feedback Closed"
