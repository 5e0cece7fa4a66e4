"""What follows an applied change: departments acknowledge it, the customer is told (E6, E7, F5)."""

from __future__ import annotations

import json
from typing import Any

import frappe
import pytest
from frappe.model.document import Document
from frappe.utils import add_days, add_to_date, now_datetime, nowdate

from qms_customer.contract import change_api as changes_api
from qms_customer.contract import (
	distribution,
	distribution_panel,
	letters,
	mail_templates,
	notice_prints,
	scheduled,
	states,
	telling,
)
from qms_customer.contract import distribution_api as api
from qms_customer.messages import QMSRefusal
from qms_customer.records import verification
from qms_customer.rules import escalation
from qms_customer.rules import people as roles
from qms_customer.setup import install
from tests.support import changes as ch
from tests.support import contracts as c
from tests.support.people import as_user, logged_in, make_user
from tests.support.sql import count_queries

REFUSED = (frappe.ValidationError, frappe.PermissionError)
ACKNOWLEDGEMENT, NOTICE, ORDER = "Change Acknowledgement", ch.NOTICE, "Sales Order"
ROLES = {**c.DEPARTMENT_ROLES, "Finance": roles.FINANCE}


@pytest.fixture
def order(world: c.World) -> Document:
	return c.committed_order(world, c.item(stock=50))


def applied(world: c.World, order: Document, **line: Any) -> Document:
	"""Return a notice whose change of the first line is approved and applied."""
	for role in ROLES.values():
		world.person(role)
	return ch.apply(world, ch.edit(world, ch.make(world, order), **(line or {"new_rate": 90})))


def asked(notice: Document) -> dict[str, Document]:
	"""Return the acknowledgements of a notice by department."""
	names = frappe.get_all(ACKNOWLEDGEMENT, {"change_notice": notice.name}, pluck="name")
	return {d.department: d for d in (frappe.get_doc(ACKNOWLEDGEMENT, name) for name in names)}


def acknowledge(world: c.World, record: Document, user: str = "", comment: str = "/") -> Document:
	with as_user(user or world.person(record.department_role)):
		shown = api.get_acknowledgement_panel(record.name)["hash"]
		api.acknowledge(record.name, shown, comment)
	return record.reload()


def todos(doc: Document, status: str = "Open") -> set[str]:
	return set(
		frappe.get_all(
			"ToDo",
			{"reference_type": doc.doctype, "reference_name": doc.name, "status": status},
			pluck="allocated_to",
		)
	)


def tell(world: c.World, notice: Document, how: str = "Call", **values: Any) -> Document:
	given = {
		"subject": "Your order",
		"message": "<p>Agreed as asked</p>",
		"whom": "Dr. Li",
		"told_on": str(now_datetime()),
		**values,
	}
	with as_user(world.second_sales()):
		api.tell_result(notice.name, how, **given)
	return notice.reload()


def account() -> str:
	"""Make an account to send e-mail with."""
	doc = frappe.get_doc(
		{
			"doctype": "Email Account",
			"email_account_name": c.unique("Sales"),
			"email_id": f"sales-{frappe.generate_hash(length=6)}@company.example",
			"enable_outgoing": 1,
			"default_outgoing": 1,
			"smtp_server": "mail.company.example",
			"no_smtp_authentication": 1,
			"awaiting_password": 1,
		}
	)
	doc.flags.ignore_validate = True
	doc.insert()
	return doc.name


# Acknowledgement


@pytest.mark.rule("E6", "L3")
def test_an_applied_change_is_put_before_every_department(world: c.World, order: Document) -> None:
	notice = applied(world, order)
	records = asked(notice)
	assert {d: r.department_role for d, r in records.items()} == ROLES
	for record in records.values():
		assert record.workflow_state == states.AWAITING_ACKNOWLEDGEMENT and record.docstatus == 0
		assert (record.reference_name, record.customer) == (order.name, order.customer)
		assert str(record.due_date) > nowdate()
		assert world.person(record.department_role) in todos(record)
	assert records["Finance"].reason == "Money or terms change."


@pytest.mark.rule("E6")
def test_finance_is_not_asked_when_only_a_date_shifts(world: c.World, order: Document) -> None:
	manager = world.person(roles.BUSINESS_MANAGER)
	world.everybody()
	notice = ch.confirm(world, ch.forward(world, ch.shifted(world, order, 9)))
	notice = ch.decide(ch.answer_plan(world, notice), manager)
	assert notice.decision == "Approved" and notice.outcome == "Written Notice"
	assert set(asked(notice)) == set(c.DEPARTMENT_ROLES)


@pytest.mark.rule("E6", "K3")
def test_a_department_acknowledges_by_signature(world: c.World, order: Document) -> None:
	notice = applied(world, order)
	record = acknowledge(world, asked(notice)["Production"], comment="Told the workshop")
	person = world.person(roles.PRODUCTION)
	assert (record.docstatus, record.acknowledged_by, record.comment) == (1, person, "Told the workshop")
	assert record.workflow_state == states.ACKNOWLEDGED
	signature = frappe.get_last_doc("Electronic Signature", {"reference_name": record.name})
	assert (signature.signer, signature.meaning) == (person, distribution.ACKNOWLEDGED)
	assert not todos(record)
	assert not verification.verify(ACKNOWLEDGEMENT, record.name).findings
	with pytest.raises(QMSRefusal, match="E6"):
		acknowledge(world, record)


@pytest.mark.rule("E6")
def test_sales_hears_when_the_last_department_has_acknowledged(world: c.World, order: Document) -> None:
	notice = applied(world, order)
	for _department, record in sorted(asked(notice).items(), key=lambda one: one[0] != "Sales"):
		assert not heard(notice, "All departments")
		# The second person of Sales prepared the notice, and acknowledges for Sales: that approves nothing.
		acknowledge(world, record, world.second_sales() if record.department == "Sales" else "")
	assert heard(notice, "All departments") == {notice.prepared_by, notice.decided_by}


def heard(doc: Document, text: str) -> set[str]:
	return set(
		frappe.get_all(
			"Notification Log",
			{"document_name": doc.name, "subject": ("like", f"%{text}%")},
			pluck="for_user",
		)
	)


@pytest.mark.rule("E6", "C12", "K3")
def test_nobody_else_acknowledges_for_a_department(world: c.World, order: Document) -> None:
	record = asked(applied(world, order))["Quality"]
	shown = record.fingerprint
	for user in (world.second_sales(), world.gm, make_user(roles.AUDITOR), make_user("System Manager")):
		with as_user(user), pytest.raises(REFUSED):
			api.acknowledge(record.name, shown, "/")
	with as_user("Administrator"), pytest.raises(REFUSED):
		api.acknowledge(record.name, shown, "/")
	quality = world.person(roles.QUALITY)
	with as_user(quality):
		for hash_, comment, rule in ((shown, " ", "K1"), ("0", "/", "C12")):
			with pytest.raises(QMSRefusal, match=rule):
				api.acknowledge(record.name, hash_, comment)
	with logged_in(quality), pytest.raises(QMSRefusal, match="K3"):
		api.acknowledge(record.name, shown, "/")
	assert record.reload().docstatus == 0


@pytest.mark.rule("E6", "K2")
def test_an_acknowledgement_is_a_record_that_no_other_door_moves(world: c.World, order: Document) -> None:
	notice = applied(world, order)
	record = asked(notice)["Quality"]
	quality = world.person(roles.QUALITY)
	for user in (quality, "Administrator"):
		with as_user(user):
			doc = frappe.get_doc(ACKNOWLEDGEMENT, record.name)
			with pytest.raises(REFUSED):
				doc.submit()
			for field, value in (("acknowledged_by", quality), ("department_role", roles.SALES_USER)):
				doc = frappe.get_doc(ACKNOWLEDGEMENT, record.name)
				doc.set(field, value)
				with pytest.raises(REFUSED):
					doc.save()
				with pytest.raises(REFUSED):
					frappe.get_doc(ACKNOWLEDGEMENT, record.name).db_set(field, value)
			with pytest.raises(REFUSED):
				frappe.delete_doc(ACKNOWLEDGEMENT, record.name)
			with pytest.raises(REFUSED):
				frappe.get_doc({**record.as_dict(), "name": None, "doctype": ACKNOWLEDGEMENT}).insert()
	given = acknowledge(world, record)
	with as_user("Administrator"), pytest.raises(REFUSED):
		frappe.get_doc(ACKNOWLEDGEMENT, given.name).cancel()


@pytest.mark.rule("E6", "L1")
def test_an_auditor_reads_it_and_an_outsider_does_not(world: c.World, order: Document) -> None:
	record = asked(applied(world, order))["PMC"]
	with as_user(make_user(roles.AUDITOR)):
		shown = api.get_acknowledgement_panel(record.name)
		assert not shown["may_acknowledge"] and order.name in shown["html"]
		assert "Acknowledged by the Departments" in api.get_distribution(record.change_notice)["html"]
	with as_user(make_user("Stock User")), pytest.raises(frappe.PermissionError):
		api.get_acknowledgement_panel(record.name)


@pytest.mark.rule("E6", "E8")
def test_a_cancelled_contract_is_acknowledged_too(world: c.World, order: Document) -> None:
	for role in ROLES.values():
		world.person(role)
	notice = ch.apply(world, ch.make(world, order, "Cancel"))
	assert frappe.db.get_value(ORDER, order.name, "docstatus") == 2
	records = asked(notice)
	assert set(records) == set(ROLES)
	record = acknowledge(world, records["Production"])
	assert record.docstatus == 1
	with as_user(world.person(roles.PLANNING)):
		assert "Cancel" in api.get_acknowledgement_panel(records["PMC"].name)["html"]
	tell(world, notice)
	assert notice.told_how == "Call"


@pytest.mark.rule("E6", "E3")
def test_pmc_sees_what_is_in_production_for_the_lines_that_changed(world: c.World, order: Document) -> None:
	code = order.items[0].item_code
	work = frappe.get_doc(
		{
			"doctype": "Work Order",
			"production_item": code,
			"sales_order": order.name,
			"sales_order_item": order.items[0].name,
			"qty": 5,
			"company": order.company,
			"status": "In Process",
			"planned_end_date": add_days(order.items[0].delivery_date, 2),
			"docstatus": 1,
		}
	)
	work.name = c.unique("WO")
	work.db_insert()
	notice = applied(world, order, new_qty=6)
	record = asked(notice)["PMC"]
	(affected,) = json.loads(record.affected)
	assert (affected["kind"], affected["name"]) == ("Work Order", work.name)
	with as_user(world.person(roles.PLANNING)):
		html = api.get_acknowledgement_panel(record.name)["html"]
	assert f"/app/work-order/{work.name.replace(' ', '%20')}" in html and "In Process" in html


@pytest.mark.rule("E6")
def test_who_is_missing_is_said(world: c.World, order: Document) -> None:
	for user in frappe.get_all("Has Role", {"role": roles.FINANCE, "parenttype": "User"}, pluck="parent"):
		frappe.db.delete("Has Role", {"parent": user, "role": roles.FINANCE})
	world.everybody()
	notice = ch.apply(world, ch.edit(world, ch.make(world, order), new_rate=90))
	assert asked(notice)["Finance"].docstatus == 0
	assert notice.prepared_by in heard(notice, "Nobody holds the role")


@pytest.mark.rule("E6")
def test_nothing_is_asked_of_a_change_that_is_rejected(world: c.World, order: Document) -> None:
	world.everybody()
	notice = ch.forward(world, ch.edit(world, ch.make(world, order), new_rate=90))
	review = ch.agree(world, ch.confirm(world, notice))
	c.decide(review, world.vp if review.approver_role == roles.SALES_VP else world.gm, "Rejected", "Too low")
	notice.reload()
	assert notice.decision == "Rejected" and not asked(notice)
	# The result goes back to the customer all the same.
	assert todos(notice) == {notice.prepared_by}
	with as_user(world.second_sales()):
		assert "cannot agree" in api.draft_result(notice.name)["message"]


@pytest.mark.rule("E6")
def test_distribution_costs_the_same_for_few_and_for_many_lines(world: c.World) -> None:
	counts = []
	for lines in (1, 12):
		rows = [{"item_code": c.item(stock=50), "qty": 5, "rate": 100} for _n in range(lines)]
		notice = applied(world, c.committed_order(world, rows))
		frappe.db.delete(ACKNOWLEDGEMENT, {"change_notice": notice.name})
		with count_queries() as queries:
			distribution.after_applied(notice)
		counts.append(queries.count)
	assert abs(counts[0] - counts[1]) <= 2, counts


@pytest.mark.rule("E6", "K6")
def test_the_printed_notice_says_who_knows_of_it(world: c.World, order: Document) -> None:
	notice = applied(world, order)
	acknowledge(world, asked(notice)["Quality"], comment="Test plan changed")
	tell(world, notice)
	paper = str(notice_prints.qms_change_notice_form(notice))
	assert paper.count("NOT ACKNOWLEDGED YET") == len(ROLES) - 1
	assert "Test plan changed" in paper and "Dr. Li" in paper


# Overdue


@pytest.mark.rule("E6", "L3")
def test_what_nobody_acknowledges_goes_up_the_line(world: c.World, order: Document) -> None:
	manager = world.person(roles.BUSINESS_MANAGER)
	record = asked(applied(world, order))["Production"]
	scheduled.remind_overdue()
	assert not heard(record, "Overdue")
	frappe.db.set_value(ACKNOWLEDGEMENT, record.name, "due_date", add_days(nowdate(), -1))
	for _again in range(2):
		scheduled.remind_overdue()
	told = dict(
		frappe.get_all(
			"Review Escalation",
			{"reference_name": record.name},
			["user", "told_as"],
			as_list=True,
		)
	)
	assert told[world.person(roles.PRODUCTION)] is None
	assert told[manager] == roles.BUSINESS_MANAGER
	acknowledge(world, record)
	frappe.db.delete("Review Escalation", {"reference_name": record.name})
	scheduled.remind_overdue()
	assert not frappe.db.exists("Review Escalation", {"reference_name": record.name})


@pytest.mark.rule("E6", "L3", "K4")
def test_a_site_that_is_upgraded_gets_days_line_and_form() -> None:
	kind = escalation.ACKNOWLEDGEMENT
	frappe.db.delete("Escalation Step", {"waits_for": kind})
	frappe.db.delete("Record Form", {"record_type": ACKNOWLEDGEMENT})
	frappe.db.delete("Singles", {"field": "acknowledgement_due_days"})
	frappe.clear_document_cache("QMS Customer Settings", "QMS Customer Settings")
	for _again in range(2):
		install._settings()
	settings = frappe.get_doc("QMS Customer Settings")
	assert settings.acknowledgement_due_days == 2
	steps = [s for s in settings.escalation if s.waits_for == kind]
	assert len(steps) == sum(s.kind == kind for s in escalation.DEFAULTS)
	assert sum(f.record_type == ACKNOWLEDGEMENT for f in settings.record_forms) == 1
	c.save_settings(settings)


# Telling the customer


@pytest.mark.rule("E7", "F5")
def test_the_customer_is_told_by_other_means_and_it_is_kept(world: c.World, order: Document) -> None:
	notice = applied(world, order)
	assert todos(notice) == {notice.prepared_by}
	tell(world, notice, "Call")
	assert (notice.told_how, notice.told_whom, notice.told_by) == ("Call", "Dr. Li", world.second_sales())
	kept = frappe.get_doc("Communication", notice.told_communication)
	assert (kept.reference_doctype, kept.reference_name) == (ORDER, order.name)
	assert (NOTICE, notice.name) in [(r.link_doctype, r.link_name) for r in kept.timeline_links]
	assert kept.communication_medium == "Phone" and "Dr. Li" in kept.content
	assert not todos(notice)
	assert not verification.verify(NOTICE, notice.name).findings
	with pytest.raises(QMSRefusal, match="K2"):
		kept.content = "Something else"
		kept.save()
	# Told again: the last time stands on the notice, both are kept.
	tell(world, notice, "Letter", whom="Head of purchasing")
	assert notice.told_whom == "Head of purchasing"
	assert frappe.db.count("Communication", {"reference_name": order.name, "sent_or_received": "Sent"}) == 2
	assert "Head of purchasing" in distribution_panel.of_notice(notice)["html"]


@pytest.mark.rule("E7", "F5")
def test_the_message_says_old_and_new_in_the_customers_language(world: c.World, order: Document) -> None:
	notice = applied(world, order)
	with as_user(world.second_sales()):
		english = api.draft_result(notice.name)
		chinese = api.draft_result(notice.name, "zh")
	assert english["language"] == "en" and order.name in english["subject"]
	for text in ("100.00", "90.00", "Rate"):
		assert text in english["message"], text
	assert "合同" in chinese["message"] and "90.00" in chinese["message"]
	frappe.db.set_value("Customer", order.customer, "language", "zh")
	frappe.clear_document_cache("Customer", order.customer)
	frappe.db.set_value(
		"Email Template",
		telling.TEMPLATES["zh"],
		"response_html",
		"{{ customer_name }}: 本站自定 {{ result }}",
	)
	frappe.clear_document_cache("Email Template", telling.TEMPLATES["zh"])
	with as_user(world.second_sales()):
		assert "本站自定" in api.draft_result(notice.name)["message"]
	mail_templates.make()
	assert "本站自定" in frappe.db.get_value("Email Template", telling.TEMPLATES["zh"], "response_html")


@pytest.mark.rule("E7")
def test_what_a_name_says_is_no_markup_in_the_message(world: c.World) -> None:
	order = c.committed_order(world, c.item(stock=50), po_no="A & B")
	frappe.db.set_value(ORDER, order.name, "contact_display", "<b>Bold</b>")
	notice = applied(world, order)
	with as_user(world.second_sales()):
		draft = api.draft_result(notice.name)
	assert "<b>Bold" not in draft["message"] and "&lt;b&gt;Bold" in draft["message"]
	assert "A &amp; B" in draft["message"] and "A & B" in draft["subject"]


@pytest.mark.rule("E7", "F5")
def test_the_customer_is_told_by_e_mail_where_there_is_an_account(
	world: c.World, order: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
	notice = applied(world, order)
	# Muted, a site has an account that reaches nobody.
	with as_user(world.second_sales()):
		without = api.draft_result(notice.name)
	assert not without["can_send"]
	with pytest.raises(QMSRefusal, match="no account"):
		tell(world, notice, "E-mail", recipients="li@hospital.example")
	monkeypatch.setitem(frappe.conf, "mute_emails", 0)
	monkeypatch.setitem(frappe.conf, "mail_server", None)
	frappe.flags.mute_emails = False
	frappe.local.outgoing_email_account = {}
	with as_user(world.second_sales()):
		assert not api.draft_result(notice.name)["can_send"]
	account()
	frappe.local.outgoing_email_account = {}
	with as_user(world.second_sales()):
		assert api.draft_result(notice.name)["can_send"]
	for nobody in ("", "no address"):
		with pytest.raises(QMSRefusal, match="address"):
			tell(world, notice, "E-mail", recipients=nobody)
	tell(world, notice, "E-mail", recipients="li@hospital.example", whom="", told_on="")
	assert (notice.told_how, notice.told_whom) == ("E-mail", "li@hospital.example")
	queued = frappe.get_last_doc("Email Queue", {"communication": notice.told_communication})
	assert [r.recipient for r in queued.recipients] == ["li@hospital.example"]


@pytest.mark.rule("E7", "K3")
def test_only_sales_tells_and_only_what_is_decided(world: c.World, order: Document) -> None:
	draft = ch.make(world, order)
	with pytest.raises(QMSRefusal, match="E7"):
		tell(world, draft)
	notice = applied(world, order, new_rate=80)
	for user in (world.person(roles.PLANNING), make_user(roles.AUDITOR), "Administrator"):
		with as_user(user):
			with pytest.raises(REFUSED):
				api.tell_result(notice.name, "Call", "S", "M", "", "Dr. Li", str(now_datetime()))
			with pytest.raises(REFUSED):
				api.draft_result(notice.name)
	for wrong in (
		{"whom": ""},
		{"told_on": str(add_to_date(now_datetime(), hours=2))},
		{"told_on": str(add_days(now_datetime(), -3))},
		{"told_on": "yesterday"},
		{"message": "/"},
		{"how": "Telepathy"},
	):
		with pytest.raises(QMSRefusal):
			tell(world, notice, **wrong)
	assert not notice.reload().told_on
	with as_user("Administrator"), pytest.raises(REFUSED):
		notice.db_set("told_on", now_datetime())


# Letters


def letter(order: Document, **values: Any) -> Document:
	return frappe.get_doc(
		{
			"doctype": "Communication",
			"communication_type": "Communication",
			"communication_medium": "Email",
			"sent_or_received": "Received",
			"subject": "Please deliver later",
			"content": "<p>Two days later, please</p>",
			"sender": "li@hospital.example",
			"reference_doctype": ORDER,
			"reference_name": order.name,
			**values,
		}
	).insert()


def reader(world: c.World) -> str:
	"""A salesperson who may read e-mail."""
	user = make_user(roles.SALES_USER, "Sales User", "Inbox User")
	return user


@pytest.mark.rule("E1", "K2")
def test_a_notice_is_made_of_the_customers_letter(world: c.World, order: Document) -> None:
	mail = letter(order)
	with as_user(reader(world)):
		assert api.get_orders_about(mail.name)["named"] == [order.name]
		name = api.make_notice_of(mail.name, order.name, "Change", mail.subject)["name"]
	notice = frappe.get_doc(NOTICE, name)
	assert (notice.communication, notice.asked_by, notice.reason) == (mail.name, "Customer", mail.subject)
	mail.reload()
	assert (NOTICE, name) in [(r.link_doctype, r.link_name) for r in mail.timeline_links]
	mail.content = "Never mind"
	with pytest.raises(QMSRefusal, match="K2"):
		mail.save()
	with pytest.raises(REFUSED):
		frappe.delete_doc("Communication", mail.name)
	letters.keep(notice, mail.name)
	assert len(mail.reload().timeline_links) == len({r.link_name for r in mail.timeline_links})


@pytest.mark.rule("E1")
def test_a_letter_of_a_contact_offers_the_orders_of_its_customer(world: c.World, order: Document) -> None:
	other = c.committed_order(world, c.item(stock=50))
	address = f"li-{frappe.generate_hash(length=6)}@hospital.example"
	frappe.get_doc(
		{
			"doctype": "Contact",
			"first_name": "Li",
			"email_ids": [{"email_id": address, "is_primary": 1}],
			"links": [{"link_doctype": "Customer", "link_name": order.customer}],
		}
	).insert()
	mail = letter(order, sender=address, reference_doctype=None, reference_name=None)
	with as_user(reader(world)):
		found = api.get_orders_about(mail.name)
	assert found["customers"] == [order.customer]
	assert found["orders"] == [order.name] and other.name not in found["orders"]


@pytest.mark.rule("E1", "L1")
def test_a_letter_opens_no_door(world: c.World, order: Document) -> None:
	mail = letter(order)
	for user in (make_user(roles.AUDITOR, "Inbox User"), make_user("Inbox User", "Stock User")):
		with as_user(user), pytest.raises(REFUSED):
			api.make_notice_of(mail.name, order.name)
	with as_user(world.second_sales()), pytest.raises(REFUSED):
		api.make_notice_of(letter(c.order(c.item())).name, "SO-none")
	# The confirmation is kept with the notice as well.
	notice = ch.forward(world, ch.edit(world, ch.make(world, order), new_rate=90))
	with as_user(reader(world)):
		shown = changes_api.get_notice_panel(notice.name)["hash"]
		changes_api.confirm(
			notice.name, shown, "Dr. Li", str(now_datetime()), "E-mail", communication=mail.name
		)
	assert (NOTICE, notice.name) in [(r.link_doctype, r.link_name) for r in mail.reload().timeline_links]
