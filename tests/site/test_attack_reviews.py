"""What an attacker, an auditor and an unlucky user found about reviews: each hole stays closed."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from typing import Any

import frappe
import pytest
from frappe import client
from frappe.model.document import Document
from frappe.utils import add_days, add_to_date, now_datetime, nowdate
from frappe.utils.file_manager import save_file
from PIL import Image

from qms_customer.contract import api, people, scheduled
from qms_customer.messages import QMSRefusal
from qms_customer.rules import people as roles
from qms_customer.rules.contract import VERBAL_ORDER
from tests.support import contracts as c
from tests.support import goods as g
from tests.support.company import CURRENCY
from tests.support.doors import copied, fresh, nothing_changes
from tests.support.people import as_user, make_user

REFUSED = (frappe.ValidationError, frappe.PermissionError)
SETTINGS = "QMS Customer Settings"


def set_limits(**values: Any) -> None:
	settings = frappe.get_doc(SETTINGS)
	settings.update({"change_reason": "limits for a test", **values})
	c.save_settings(settings)


def rejected(world: c.World, doc: Document) -> Document:
	review = c.start(world, doc)
	c.answer_all(world, review)
	review.reload()
	by = world.vp if review.approver_role == roles.SALES_VP else world.gm
	return c.decide(review, by, "Rejected", "the customer does not pay")


def edited(doc: Document, qty: float) -> Document:
	doc = fresh(doc)
	doc.items[0].qty = qty
	return doc.save()


def tender(world: c.World, **values: Any) -> Document:
	doc = c.quotation(c.item(stock=50), qms_is_tender=1, **values)
	c.approve(world, doc)
	doc.reload()
	return doc.submit()


def delegate(manager: str, to: str, days: int = 0, role: str = roles.SALES_VP) -> Document:
	with as_user(manager):
		return (
			frappe.get_doc(
				{
					"doctype": "Approval Delegation",
					"role": role,
					"delegate": to,
					"from_date": add_days(nowdate(), days),
					"to_date": add_days(nowdate(), days + 1),
					"reason": "ill",
				}
			)
			.insert()
			.submit()
		)


def disable(name: str) -> None:
	user = frappe.get_doc("User", name)
	user.enabled = 0
	user.save()


def asked(user: str, doc: Document) -> bool:
	todo = {"reference_name": doc.name, "allocated_to": user, "status": "Open"}
	return bool(frappe.db.exists("ToDo", todo))


# Rows and files


def criterion(world: c.World) -> tuple[Document, str, dict]:
	review = c.start(world, c.order(c.item(with_standard=False)))
	return review.criteria[0], world.sales, {"override": "Met"}


def answer(world: c.World) -> tuple[Document, str, dict]:
	opinion = c.opinion(c.start(world, c.order(c.item())), "Quality")
	return opinion.answers[0], world.sales, {"answer": "Met", "aspect": "Is lunch ready?"}


def discrepancy(world: c.World) -> tuple[Document, str, dict]:
	quotation = c.quotation(c.item(stock=50))
	quotation.submit()
	order = c.order_from(quotation)
	order.items[0].rate = 50
	review = c.start(world, order.insert())
	return review.discrepancies[0], world.sales, {"old_value": "50", "resolved_by": world.vp}


def department(world: c.World) -> tuple[Document, str, dict]:
	row = next(d for d in frappe.get_doc(SETTINGS).departments if d.department == "Quality")
	return row, make_user("System Manager"), {"role": roles.SALES_USER}


@pytest.mark.rule("C9", "B3", "C7", "C11", "K2")
@pytest.mark.parametrize("which", [criterion, answer, discrepancy, department], ids=lambda f: f.__name__)
def test_rows_of_our_own_records_are_not_saved_alone(world: c.World, which: Callable[..., Any]) -> None:
	row, user, values = which(world)
	row = frappe.get_doc(row.doctype, row.name)
	before = {name: row.get(name) for name in values}
	sent = frappe.as_json([{"doctype": row.doctype, "docname": row.name, **values}])
	copy = {k: v for k, v in json.loads(row.as_json()).items() if k not in ("name", "creation", "modified")}
	one = next(iter(values))
	for who in (user, "Administrator"):
		with as_user(who):
			for door in (
				lambda: client.save(frappe.as_json({**json.loads(row.as_json()), **values})),
				lambda: client.set_value(row.doctype, row.name, one, values[one]),
				lambda: frappe.get_doc(row.doctype, row.name).db_set(one, values[one]),
				lambda: frappe.delete_doc(row.doctype, row.name),
				lambda: frappe.get_doc(copy).insert(),
				lambda: frappe.get_doc({**copy, "parenttype": row.parenttype.upper()}).insert(),
			):
				with pytest.raises(REFUSED):
					door()
			assert client.bulk_update(sent)["failed_docs"]
	assert frappe.db.get_value(row.doctype, row.name, list(values), as_dict=True) == before
	assert frappe.db.count(row.doctype, {"parent": row.parent}) == len(fresh_rows(row))


def fresh_rows(row: Document) -> list:
	return frappe.get_doc(row.parenttype, row.parent).get(row.parentfield)


@pytest.mark.rule("E8")
@pytest.mark.parametrize("name", ["parenttype", "parentfield"])
def test_a_row_does_not_come_in_under_a_name_that_only_the_database_takes_for_the_same(
	world: c.World, name: str
) -> None:
	"""MariaDB finds the rows of "Sales Order" when it is asked for "sales order"."""
	order = c.committed_order(world, c.item(stock=50))
	row = json.loads(order.items[0].as_json())
	for key in ("name", "creation", "modified"):
		row.pop(key)
	row[name] = row[name].upper()
	with nothing_changes(order), pytest.raises(REFUSED):
		frappe.get_doc(row).insert()


@pytest.mark.rule("C9", "B3", "C4")
def test_a_salesperson_does_not_talk_a_review_down_to_the_vp(world: c.World) -> None:
	"""The whole of the attack that rows saved alone made possible; and its last step by itself."""
	review = c.start(world, c.order(c.item(stock=50, with_standard=False)))
	assert review.approver_role == roles.GENERAL_MANAGER
	row = review.criteria[0]
	with as_user(world.sales), pytest.raises(QMSRefusal, match="K2"):
		client.save(frappe.as_json({**json.loads(fresh(row).as_json()), "override": "Met"}))
	# Had somebody got so far by SQL: a verdict that nobody signed, and a criterion that there is not.
	frappe.db.set_value(row.doctype, row.name, "override", "Met")
	frappe.db.set_value(row.doctype, review.criteria[2].name, "criterion", "x")
	with as_user(world.sales):
		with pytest.raises(QMSRefusal, match="B3"):
			api.override_criterion(review.name, "x", "Unknown", "")
		api.override_criterion(review.name, "b", "Unknown", "I do not know")
	assert review.reload().approver_role == roles.GENERAL_MANAGER


@pytest.mark.rule("K2", "E8", "C10")
@pytest.mark.parametrize(
	("doctype", "field"),
	[("Sales Order", "po_no"), ("Approved Content", "fingerprint"), ("Review Action", "status")],
)
def test_a_file_does_not_write_into_the_record_it_says_it_hangs_on(
	world: c.World, doctype: str, field: str
) -> None:
	"""Frappe writes a file's new address into `attached_to_field` by SQL when `is_private` changes.

	Whoever can read a record could do that: the ledger spoilt, or an action that no longer holds goods up.
	"""
	order = c.committed_order(
		world, c.item(stock=50), qms_packaging="Special", qms_packaging_details="double pouch"
	)
	name = order.name if doctype == "Sales Order" else frappe.get_last_doc(doctype).name
	before = frappe.db.get_value(doctype, name, field)
	place = {"attached_to_doctype": doctype, "attached_to_name": name, "attached_to_field": field}
	with as_user(world.person(roles.QUALITY)):
		hung, loose = c.upload(**place), c.upload()
		with pytest.raises(QMSRefusal, match="K2"):
			client.set_value("File", hung.name, "is_private", 0)
		with pytest.raises(QMSRefusal, match="K2"):
			client.set_value("File", loose.name, {**place, "is_private": 0})
	assert frappe.db.get_value(doctype, name, field) == before


@pytest.mark.rule("K2", "E8")
@pytest.mark.parametrize("named", [True, False])
def test_nor_into_a_field_of_a_draft_a_row_or_the_settings(world: c.World, named: bool) -> None:
	"""Without a field, frappe looks for one that holds the address: a purchase order number, say."""
	file = c.upload()
	doc = c.order(c.item(stock=50), po_no=file.file_url)
	place = {"attached_to_doctype": "Sales Order", "attached_to_name": doc.name}
	client.set_value("File", file.name, {**place, "attached_to_field": "po_no" if named else None})
	with pytest.raises(QMSRefusal, match="K2"):
		client.set_value("File", file.name, "is_private", 0)
	assert fresh(doc).po_no == file.file_url
	if named:
		for place in (
			{"attached_to_doctype": SETTINGS.lower(), "attached_to_name": SETTINGS},
			{"attached_to_doctype": "Sales Order Item", "attached_to_name": doc.items[0].name},
		):
			file = c.upload(**place, attached_to_field="standing_review")
			with pytest.raises(QMSRefusal, match="K2"):
				client.set_value("File", file.name, "is_private", 0)


@pytest.mark.rule("K2")
def test_a_file_of_something_else_is_made_public_as_ever() -> None:
	image = c.upload(attached_to_doctype="Item", attached_to_name=c.item(), attached_to_field="image")
	client.set_value("File", image.name, "is_private", 0)
	item = frappe.get_doc("Item", image.attached_to_name)
	assert item.image == fresh(image).file_url and item.image.startswith("/files/")


@pytest.mark.rule("A6", "A3", "C10", "K2")
@pytest.mark.parametrize("which", ["in review", "committed", "confirmation", "evidence"])
def test_a_file_that_a_contract_or_a_record_names_is_neither_deleted_nor_moved(
	world: c.World, which: str
) -> None:
	with as_user(world.sales):
		file = c.upload()
	path, bytes_ = file.get_full_path(), file.get_content()
	row = {"title": "Drawing", "document_type": "Drawing", "document_version": "A", "file": file.file_url}
	if which == "in review":
		c.start(world, c.order(c.item(), qms_documents=[row]))
	elif which == "committed":
		order = c.committed_order(world, c.item(stock=50), qms_documents=[row])
		file.db_set({"attached_to_doctype": "Sales Order", "attached_to_name": order.name})
	elif which == "confirmation":
		review = c.start(world, c.order(c.item(stock=50), qms_contract_form=VERBAL_ORDER))
		confirm(world, review, evidence=file.file_url)
	else:
		review = c.start(world, c.order(c.item()))
		c.answer(world, review, "Quality", answer="Met with Conditions", comment="gauge")
		with as_user(world.sales):
			action = frappe.db.get_value("Review Action", {"contract_review": review.name})
			api.complete_action(action, "bought", file.file_url)
	for who in (world.sales, "Administrator"):
		with as_user(who):
			for door in (
				lambda: frappe.delete_doc("File", file.name),
				lambda: frappe.delete_doc("File", file.name, force=True, ignore_permissions=True),
				lambda: client.set_value("File", file.name, "is_private", 0),
				lambda: client.set_value("File", file.name, "file_url", "/private/files/other.txt"),
			):
				with pytest.raises(QMSRefusal, match="K2"):
					door()
	assert os.path.exists(path) and fresh(file).get_content() == bytes_


def photograph(colour: str) -> bytes:
	out = io.BytesIO()
	Image.new("RGB", (64, 64), colour).save(out, "PNG")
	return out.getvalue()


@pytest.mark.rule("A6")
def test_nor_written_over_by_another_that_takes_its_name(world: c.World) -> None:
	"""frappe writes an image that it optimises under the name that its File says it has."""
	file = c.upload(file_name=f"{frappe.generate_hash(length=8)}.png", content=photograph("red"))
	row = {"title": "Artwork", "document_type": "Artwork", "document_version": "A", "file": file.file_url}
	c.start(world, c.order(c.item(), qms_documents=[row]))
	bytes_ = fresh(file).get_content()
	with as_user(world.sales):
		mine = c.upload(file_name=f"{frappe.generate_hash(length=8)}.png", content=photograph("blue"))
		client.set_value("File", mine.name, "file_name", file.file_name)
	for one in (mine, file):
		with pytest.raises(QMSRefusal, match="K2"):
			fresh(one).optimize_file()
	assert fresh(file).get_content() == bytes_
	assert save_file("note.txt", frappe.generate_hash(), None, None, is_private=1).exists_on_disk()
	spare = c.upload(file_name=f"{frappe.generate_hash(length=8)}.png", content=photograph("green"))
	fresh(spare).optimize_file()


@pytest.mark.rule("A6")
def test_a_file_of_a_draft_can_be_taken_back(world: c.World) -> None:
	file = c.upload()
	row = {"title": "Drawing", "document_type": "Drawing", "document_version": "A", "file": file.file_url}
	c.order(c.item(), qms_documents=[row])
	frappe.delete_doc("File", file.name)
	assert not os.path.exists(file.get_full_path())


def confirm(world: c.World, review: Document, **values: Any) -> Document:
	said = {"confirmed_by": "Dr Li", "confirmed_on": nowdate(), "method": "E-mail"}
	review.reload().append("confirmations", {**said, "evidence": c.upload().file_url, **values})
	with as_user(world.sales):
		return review.save()


@pytest.mark.rule("A3", "K3")
@pytest.mark.parametrize(
	"false",
	[
		{"evidence": "/private/files/none.pdf"},
		{"evidence": "https://example.com/mail"},
		{"confirmed_on": "2099-01-01"},
	],
)
def test_a_confirmation_has_happened_and_its_evidence_is_there(world: c.World, false: dict) -> None:
	review = c.start(world, c.order(c.item(stock=50), qms_contract_form=VERBAL_ORDER))
	c.answer_all(world, review)
	with pytest.raises(QMSRefusal, match="A3"):
		confirm(world, review, **false)
	# A clock that is a little ahead does not matter.
	confirm(world, review, confirmed_on=add_to_date(now_datetime(), minutes=1))
	c.decide(review.reload(), world.vp)
	assert review.decision == "Approved"


@pytest.mark.rule("A3")
def test_evidence_that_is_gone_confirms_nothing(world: c.World) -> None:
	review = c.start(world, c.order(c.item(stock=50), qms_contract_form=VERBAL_ORDER))
	c.answer_all(world, review)
	file = c.upload()
	confirm(world, review, evidence=file.file_url)
	os.remove(file.get_full_path())
	with pytest.raises(QMSRefusal, match="A3"):
		c.decide(review.reload(), world.vp)


# What was rejected


@pytest.mark.rule("C13")
@pytest.mark.parametrize("renamed", [False, True])
@pytest.mark.parametrize("way", ["review", "signature", "twin"])
def test_rejected_content_does_not_come_back_by_a_detour(world: c.World, way: str, renamed: bool) -> None:
	"""Rejected, edited, put forward, edited back; or the same content on a copy of the order."""
	set_limits(small_amount=10000, small_quantity=100)
	doc = c.order(c.item(stock=50))
	rejected(world, doc)
	if renamed:
		frappe.rename_doc("Customer", doc.customer, c.unique("Renamed"), force=True)
	if way == "twin":
		doc = frappe.get_doc(copied(fresh(doc))).insert()
	else:
		c.start(world, edited(doc, 6))
		doc = edited(doc, 5)
	with as_user(world.sales):
		shown = api.get_overview("Sales Order", doc.name)
		assert shown["rejected_same"] and "sign" not in shown["actions"]
		with pytest.raises(QMSRefusal, match="C13"):
			if way == "signature":
				api.sign_small_order("Sales Order", doc.name, shown["hash"])
			else:
				api.start_review("Sales Order", doc.name)


@pytest.mark.rule("C13", "B3")
def test_what_the_general_manager_rejected_does_not_fall_to_the_vp_by_a_detour(world: c.World) -> None:
	doc = c.order(c.item(lead_time_days=0))
	rejected(world, doc)
	c.start(world, edited(doc, 6))
	doc = edited(doc, 5)
	again = c.start(world, doc, "the customer accepts partial deliveries")
	with as_user(world.person(roles.PLANNING)):
		api.override_criterion(again.name, "b", "Met", "week 50")
	assert again.reload().review_path == "Circulated" and again.approver_role == roles.GENERAL_MANAGER


@pytest.mark.rule("C13", "C1")
@pytest.mark.parametrize("state", ["rejected", "undecided", "rejected twin"])
def test_an_order_whose_own_review_was_rejected_or_is_undecided_does_not_inherit(
	world: c.World, state: str
) -> None:
	base = tender(world)
	order = c.order_from(base).insert()
	if state == "undecided":
		c.start(world, order)
	else:
		rejected(world, order)
	if state == "rejected twin":
		order = c.order_from(base).insert()
	assert not api.get_overview("Sales Order", order.name)["committable"]
	with pytest.raises(QMSRefusal, match="C1"):
		fresh(order).submit()


@pytest.mark.rule("C1", "C13")
@pytest.mark.parametrize("amended", [False, True])
def test_a_reviewed_tender_is_one_still_when_the_tick_is_gone(world: c.World, amended: bool) -> None:
	if amended:
		quotation = tender(world)
		quotation.cancel()
		after = frappe.copy_doc(quotation)
		after.update({"amended_from": quotation.name, "docstatus": 0, "qms_is_tender": 0})
		after.items[0].rate = 10
		after.insert()
	else:
		quotation = c.quotation(c.item(stock=50), qms_is_tender=1)
		rejected(world, quotation)
		after = fresh(quotation)
		after.qms_is_tender = 0
		after.save()
	with pytest.raises(QMSRefusal, match="C1"):
		after.submit()


# Who decides


@pytest.mark.rule("C12")
def test_who_gave_an_opinion_that_was_asked_anew_does_not_decide(world: c.World) -> None:
	both = make_user(roles.QUALITY, roles.SALES_VP)
	review = c.start(world, c.order(c.item()))
	c.answer(world, review, "Quality", user=both, answer="Not Met", comment="no gauge")
	c.answer_all(world, review)
	c.decide(review.reload(), world.vp, "Returned", "find a gauge")
	with as_user(world.sales):
		api.resubmit_review(review.name)
	c.answer(world, review.reload(), "Quality")
	assert not asked(both, review) and asked(world.vp, review)
	with as_user(both):
		panel = api.get_review_panel(review.name)
		assert not panel["may_decide"] and "C12" in panel["why_not"]
	with pytest.raises(QMSRefusal, match="C12"):
		c.decide(review.reload(), both)


@pytest.mark.rule("C12", "C7")
@pytest.mark.parametrize("did", ["wrote the order", "resolved a difference"])
def test_who_prepared_the_contract_does_not_approve_it(world: c.World, did: str) -> None:
	boss = make_user(roles.SALES_VP, *c.ERP_SALES)
	quotation = c.quotation(c.item(stock=50))
	quotation.submit()
	doc = c.order_from(quotation)
	doc.items[0].rate = 90
	doc.insert()
	review = c.start(world, doc)
	if did == "wrote the order":
		frappe.db.set_value("Sales Order", doc.name, "owner", boss)
	review.reload().discrepancies[0].resolution = "agreed by e-mail"
	with as_user(boss if did == "resolved a difference" else world.sales):
		review.save()
	deputy = make_user(roles.SERVICE)
	delegate(boss, deputy)
	c.answer_all(world, review)
	assert asked(world.vp, review) and not asked(boss, review) and not asked(deputy, review)
	for who in (boss, deputy):
		with as_user(who):
			assert "C12" in api.get_review_panel(review.name)["why_not"]
		with pytest.raises(QMSRefusal, match="C12"):
			c.decide(review.reload(), who)


@pytest.mark.rule("C9", "K3")
def test_administrator_does_not_sign_as_somebody_else(world: c.World, http: Callable[..., Any]) -> None:
	review = c.start(world, c.order(c.item(stock=50)))
	c.answer_all(world, review)
	seen = c.shown(review.reload())
	web = http()
	web.call("frappe.core.doctype.user.user.impersonate", user=world.vp, reason="support").raise_for_status()
	response = web.call(
		"qms_customer.contract.api.decide_review", name=review.name, decision="Approved", content_hash=seen
	)
	frappe.db.rollback()
	assert response.status_code == 417 and "C9" in response.text, response.text[:200]
	assert fresh(review).docstatus == 0


@pytest.mark.rule("L2", "K3")
def test_nor_lends_somebody_elses_authority(world: c.World) -> None:
	deputy = make_user(roles.SERVICE)
	with as_user(world.vp):
		frappe.session.data.impersonated_by = "Administrator"
		assert not people.is_present(world.vp)
	with pytest.raises(QMSRefusal, match="L2"):
		with as_user(world.vp):
			frappe.session.data.impersonated_by = "Administrator"
			delegate_values = {"role": roles.SALES_VP, "delegate": deputy, "reason": "support"}
			dates = {"from_date": nowdate(), "to_date": nowdate()}
			frappe.get_doc({"doctype": "Approval Delegation", **delegate_values, **dates}).insert()


@pytest.mark.rule("C11", "C9")
def test_who_is_vp_and_general_manager_overrules_as_the_latter(world: c.World) -> None:
	both = make_user(roles.SALES_VP, roles.GENERAL_MANAGER)
	review = c.start(world, c.order(c.item()))
	c.answer(world, review, "Quality", answer="Not Met", comment="no gauge")
	c.answer_all(world, review)
	with as_user(both):
		assert api.get_review_panel(review.name)["may_overrule"]
	c.decide(review.reload(), both, overrule_reason="on loan")
	assert (review.decision, review.decided_role) == ("Approved", roles.GENERAL_MANAGER)
	assert review.overruled == "Quality"


@pytest.mark.rule("L1")
@pytest.mark.parametrize("allow", ["Company", "Customer"])
def test_who_may_not_see_the_contract_sees_none_of_its_records(world: c.World, allow: str) -> None:
	"""The panels show the whole content, prices included; and a ToDo would share the record."""
	outsider = make_user(roles.QUALITY, roles.SALES_USER, roles.SALES_VP, "Sales User")
	other = {
		"doctype": "Company",
		"company_name": c.unique("Other"),
		"abbr": frappe.generate_hash(length=4).upper(),
		"default_currency": CURRENCY,
		"country": "China",
	}
	value = c.customer() if allow == "Customer" else frappe.get_doc(other).insert().name
	frappe.get_doc(
		{"doctype": "User Permission", "user": outsider, "allow": allow, "for_value": value}
	).insert()
	review = c.start(world, c.order(c.item()))
	opinion = c.opinion(review, "Quality")
	c.answer(world, review, "R&D", answer="Met with Conditions", comment="mould")
	answers = [{"name": a.name, "answer": "Met"} for a in opinion.answers]
	assert not asked(outsider, opinion) and asked(world.person(roles.QUALITY), opinion)

	def refused(*calls: Callable[[], Any]) -> None:
		with as_user(outsider):
			for call in calls:
				with pytest.raises(REFUSED):
					call()

	refused(
		lambda: api.get_overview("Sales Order", review.reference_name),
		lambda: api.get_review_panel(review.name),
		lambda: api.get_opinion_panel(opinion.name),
		lambda: api.give_opinion(opinion.name, review.fingerprint, answers),
		lambda: api.override_criterion(review.name, "b", "Not Met", "x"),
	)
	with pytest.raises(QMSRefusal, match="C10"):
		c.answer(
			world,
			review,
			"Quality",
			answer="Met with Conditions",
			comment="x",
			action_owner=outsider,
		)
	c.answer_all(world, review)
	seen = c.shown(review.reload())
	refused(lambda: api.decide_review(review.name, "Approved", seen))
	assert not asked(outsider, review)
	c.decide(review, world.vp)
	assert frappe.db.exists("Approved Content", {"source_name": review.name})
	with as_user(outsider):
		for doctype in ("Contract Review", "Contract Review Opinion", "Review Action", "Approved Content"):
			name = {"reference_name": review.reference_name}
			assert not frappe.get_list(doctype, name), doctype


@pytest.mark.rule("L1", "D4")
def test_nor_the_authorisation_of_goods_without_an_order(world: c.World) -> None:
	boss, outsider = world.person(roles.BUSINESS_MANAGER), make_user(roles.BUSINESS_MANAGER)
	frappe.get_doc(
		{"doctype": "User Permission", "user": outsider, "allow": "Customer", "for_value": c.customer()}
	).insert()
	note = g.delivery_by_hand(c.customer(), {"item_code": c.item(stock=9)})
	name = api.request_authorisation("Delivery Note", note.name, "Sample", "trial")["name"]
	record = frappe.get_doc("Delivery Authorisation", name)
	assert asked(boss, record) and not asked(outsider, record)
	with as_user(outsider), pytest.raises(REFUSED):
		api.get_authorisation_panel(name)


# What follows from a review


@pytest.mark.rule("C11", "C10")
def test_a_reason_that_lets_an_action_pass_is_kept(world: c.World) -> None:
	"""The objection was taken back, the action that it raised is still open."""
	review = c.start(world, c.order(c.item()))
	c.answer(world, review, "Quality", answer="Not Met", comment="no gauge", action_blocks="Approval")
	c.answer_all(world, review)
	c.decide(review.reload(), world.vp, "Returned", "find a gauge")
	with as_user(world.sales):
		api.resubmit_review(review.name)
	c.answer(world, review.reload(), "Quality")
	action = frappe.db.get_value("Review Action", {"contract_review": review.name})
	assert api.get_review_panel(review.name)["open_objections"] == [action]
	with pytest.raises(QMSRefusal, match="C10"):
		c.decide(review.reload(), world.gm)
	c.decide(review.reload(), world.gm, overrule_reason="on loan")
	assert (review.overrule_reason, review.overruled) == ("on loan", action)
	overruled = frappe.get_doc("Review Action", action)
	assert (overruled.status, overruled.verification) == ("Overruled", "on loan")


@pytest.mark.rule("C10")
def test_the_next_version_does_not_shake_off_what_blocks_approval(world: c.World) -> None:
	doc = c.order(c.item())
	first = c.start(world, doc)
	values = {"comment": "x", "action_blocks": "Approval"}
	c.answer(world, first, "Quality", answer="Met with Conditions", **values)
	action = frappe.db.get_value("Review Action", {"contract_review": first.name})
	doc.reload()
	doc.po_no = "PO-7"
	doc.save()
	review = c.start(world, doc)
	c.answer_all(world, review)
	assert action in api.get_review_panel(review.name)["html"]
	with pytest.raises(QMSRefusal, match="C10"):
		c.decide(review.reload(), world.vp)
	with as_user(world.sales):
		api.complete_action(action, "done")
	with as_user(world.person(roles.QUALITY)):
		api.verify_action(action, 1, "seen")
	c.decide(review.reload(), world.vp)
	assert review.decision == "Approved"


@pytest.mark.rule("C10", "C13")
def test_who_re_affirms_a_condition_does_not_ask_for_it_twice(world: c.World) -> None:
	doc = c.order(c.item())
	c.answer(world, c.start(world, doc), "Quality", answer="Met with Conditions", comment="gauge")
	for method in ("Wire Transfer", "Cash"):
		doc.reload()
		doc.qms_payment_method = method
		doc.save()
		review = c.start(world, doc)
		with as_user(world.person(roles.QUALITY)):
			api.re_affirm(c.opinion(review, "Quality").name, review.fingerprint)
		assert c.opinion(review, "Quality").outcome == "Agreed with Conditions"
	assert frappe.db.count("Review Action", {"reference_name": doc.name}) == 1


@pytest.mark.rule("C10")
def test_the_action_of_someone_who_left_is_finished_by_a_colleague(world: c.World) -> None:
	"""Else the contract could never be delivered."""
	review = c.start(world, c.order(c.item()))
	owner = make_user(roles.RND)
	c.answer(world, review, "R&D", answer="Met with Conditions", comment="mould", action_owner=owner)
	action = frappe.get_doc("Review Action", {"contract_review": review.name})
	colleague = world.person(roles.RND)
	assert action.verifier == colleague
	with as_user(colleague), pytest.raises(QMSRefusal, match="C10"):
		api.complete_action(action.name, "the mould is there")
	disable(owner)
	with as_user(world.person(roles.PRODUCTION)), pytest.raises(QMSRefusal, match="C10"):
		api.complete_action(action.name, "the mould is there")
	third = make_user(roles.RND)
	with as_user(colleague):
		assert shown_to(action)["may_report"]
		assert api.complete_action(action.name, "the mould is there")["status"] == "Done"
		# The one named to verify did it instead: somebody else of the department verifies.
		with pytest.raises(QMSRefusal, match="C10"):
			api.verify_action(action.name, 1, "seen")
	assert asked(third, action) and not asked(colleague, action)
	with as_user(third):
		assert shown_to(action)["may_verify"]
		assert api.verify_action(action.name, 0, "too small")["status"] == "Open"
	assert asked(colleague, action)
	with as_user(world.sales):
		api.complete_action(action.name, "a bigger one")
	with as_user(third), pytest.raises(QMSRefusal, match="C10"):
		api.verify_action(action.name, 1, "seen")
	disable(colleague)
	with as_user(third):
		assert api.verify_action(action.name, 1, "seen")["status"] == "Verified"


def shown_to(action: Document) -> dict[str, Any]:
	doc = fresh(action)
	doc.run_method("onload")
	return doc.get("__onload")


@pytest.mark.rule("C10")
@pytest.mark.parametrize("who", ["preparer verifies", "somebody disabled", "Administrator"])
def test_an_action_has_two_people_who_can_do_it(world: c.World, who: str) -> None:
	"""Without an owner named it is the preparer's; who verifies it then cannot be the preparer."""
	review = c.start(world, c.order(c.item()))
	gone = make_user(roles.RND)
	disable(gone)
	hands = {
		"preparer verifies": {"action_verifier": world.sales},
		"somebody disabled": {"action_owner": gone},
		"Administrator": {"action_verifier": "Administrator"},
	}[who]
	with pytest.raises(QMSRefusal, match="C10"):
		c.answer(world, review, "R&D", answer="Met with Conditions", comment="mould", **hands)
	# What stands in a row that asks for nothing does not matter.
	c.answer(world, review, "R&D", **hands)
	assert not frappe.db.exists("Review Action", {"contract_review": review.name})


@pytest.mark.rule("C10", "L3")
def test_a_rejection_closes_the_opinions_that_nobody_waits_for_any_more(world: c.World) -> None:
	review = c.start(world, c.order(c.item()))
	c.answer(world, review, "Quality")
	opinions = frappe.get_all("Contract Review Opinion", {"contract_review": review.name}, pluck="name")
	c.decide(review.reload(), world.vp, "Rejected", "the customer does not pay")
	assert review.outstanding == 0
	assert not frappe.get_all("Contract Review Opinion", {"name": ("in", opinions), "docstatus": 0})
	for open_ in (
		frappe.get_all("ToDo", {"reference_name": ("in", opinions), "status": "Open"}),
		frappe.get_all("Workflow Action", {"reference_name": ("in", opinions), "status": "Open"}),
	):
		assert not open_
	assert c.opinion(review, "Quality").given_by


@pytest.mark.rule("C11", "C9")
@pytest.mark.parametrize("by", ["opinion", "override", "edit"])
def test_a_returned_review_is_returned_until_sales_resubmits_it(world: c.World, by: str) -> None:
	doc = c.order(c.item())
	review = c.start(world, doc)
	c.answer(world, review, "Quality", answer="Not Met", comment="no gauge")
	c.answer_all(world, review, but=("Production",) if by == "opinion" else ())
	c.decide(review.reload(), world.vp, "Returned", "find a gauge")
	if by == "opinion":
		c.answer(world, review.reload(), "Production")
	elif by == "override":
		with as_user(world.person(roles.RND)):
			api.override_criterion(review.name, "b", "Met", "seen")
	else:
		edited(edited(doc, 6), 5)
	assert review.reload().workflow_state == "Review Returned"
	assert fresh(doc).qms_review_status == "Review Returned"
	with as_user(world.sales):
		assert api.resubmit_review(review.name)["workflow_state"] == "In Review"


@pytest.mark.rule("L2", "L3")
def test_what_waits_for_a_manager_reaches_the_delegate_of_today(world: c.World) -> None:
	"""Whoever it is: the delegate holds none of our roles, and none that reads quotations."""
	review = c.start(world, c.quotation(c.item(stock=50), qms_is_tender=1))
	c.answer_all(world, review)
	deputy, late = make_user("Stock User"), make_user("Stock User")
	delegate(world.vp, late, days=3)
	assert not asked(late, review)
	delegate(world.vp, deputy)
	assert asked(deputy, review)
	with as_user(deputy):
		api.decide_review(review.name, "Approved", api.get_review_panel(review.name)["hash"], "/")
	assert (review.reload().decided_by, review.acting_for) == (deputy, world.vp)


@pytest.mark.rule("L2", "L3", "D4")
def test_and_one_whose_period_begins_later_on_its_first_day(world: c.World) -> None:
	review = c.start(world, c.order(c.item(stock=50)))
	c.answer_all(world, review)
	boss, deputy = world.person(roles.BUSINESS_MANAGER), make_user(roles.SERVICE)
	note = g.delivery_by_hand(c.customer(), {"item_code": c.item(stock=9)})
	name = api.request_authorisation("Delivery Note", note.name, "Sample", "trial")["name"]
	record = frappe.get_doc("Delivery Authorisation", name)
	delegate(world.vp, deputy, days=3)
	delegate(boss, deputy, days=3, role=roles.BUSINESS_MANAGER)
	scheduled.assign_to_delegates()
	assert not asked(deputy, review) and not asked(deputy, record)
	frappe.db.set_value("Approval Delegation", {"delegate": deputy}, "from_date", nowdate())
	for _ in range(2):
		scheduled.assign_to_delegates()
		assert asked(deputy, review) and asked(deputy, record)
	assert frappe.db.count("ToDo", {"allocated_to": deputy, "reference_name": review.name}) == 1
	with as_user(deputy):
		api.decide_authorisation(name, "Approved", api.get_authorisation_panel(name)["hash"], "/")


@pytest.mark.rule("L2")
def test_a_system_manager_takes_back_the_delegation_of_a_manager_who_left(world: c.World) -> None:
	lent = delegate(world.vp, make_user(roles.SERVICE))
	disable(world.vp)
	with as_user(world.gm), pytest.raises(REFUSED):
		fresh(lent).cancel()
	with as_user(make_user("System Manager")):
		with pytest.raises(REFUSED):
			frappe.copy_doc(lent).insert()
		fresh(lent).cancel()
	assert fresh(lent).docstatus == 2


@pytest.mark.rule("C12", "K2", "C13")
def test_a_customer_who_is_renamed_during_the_review_is_the_same_customer(world: c.World) -> None:
	doc = c.order(c.item(stock=50))
	review = c.start(world, doc)
	frappe.rename_doc("Customer", doc.customer, c.unique("Renamed"), force=True)
	c.answer_all(world, review)
	with as_user(world.sales):
		assert "start" not in api.get_overview("Sales Order", doc.name)["actions"]
		with pytest.raises(QMSRefusal, match="under review already"):
			api.start_review("Sales Order", doc.name)
		fresh(doc).save()
	assert not review.reload().out_of_date
	frappe.rename_doc("Item", doc.items[0].item_code, c.unique("DEV"), force=True)
	c.decide(review.reload(), world.vp)
	fresh(doc).submit()


# What a form or a client sends


@pytest.mark.rule("C11")
@pytest.mark.parametrize(
	"answers", ["5", "not json", '"Met"', '[{"name": []}]', "[5]", '[{"name": "x", "answer": {}}]']
)
def test_answers_that_make_no_sense_are_refused(world: c.World, answers: str) -> None:
	review = c.start(world, c.order(c.item()))
	opinion = c.opinion(review, "Quality")
	with as_user(world.person(roles.QUALITY)), nothing_changes(opinion):
		with pytest.raises(QMSRefusal, match="C11"):
			api.give_opinion(opinion.name, review.fingerprint, answers)


@pytest.mark.rule("C11", "C12")
def test_an_opinion_does_not_take_away_what_somebody_types_in_the_review(world: c.World) -> None:
	review = c.start(world, c.order(c.item()))
	form = fresh(review)
	c.answer(world, review, "Quality")
	form.solution = "partial deliveries"
	with as_user(world.sales):
		form.save()
	c.answer_all(world, review)
	stale = c.shown(fresh(review))
	form.solution = "deliveries each month"
	with as_user(world.sales):
		client.save(form.as_json())
	stored = fresh(review)
	assert (stored.workflow_state, stored.outstanding) == ("Pending Approval", 0)
	assert stored.solution == "deliveries each month" and stored.turn > form.turn
	waiting = {"reference_name": review.name, "status": "Open"}
	assert frappe.db.exists("Workflow Action", waiting)
	with as_user(world.vp), pytest.raises(QMSRefusal, match="C12"):
		api.decide_review(review.name, "Approved", stale)
	c.decide(stored, world.vp)
