"""What is overdue goes up the line: once a day at most, by business days, covered by delegation (L3, L2)."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import frappe
import pytest
from frappe.model.document import Document
from frappe.utils import add_days, getdate, nowdate

from qms_customer.contract import api, authorise, escalation, scheduled, workdays
from qms_customer.messages import QMSRefusal
from qms_customer.rules import escalation as rules
from qms_customer.rules import people as roles
from qms_customer.setup import install
from tests.support import contracts as c
from tests.support import goods as g
from tests.support.company import COMPANY
from tests.support.people import as_user, make_user
from tests.support.sql import count_queries

OPINION, REVIEW, ACTION = "Contract Review Opinion", "Contract Review", "Review Action"
LINE = (roles.BUSINESS_MANAGER, roles.SALES_VP, roles.GENERAL_MANAGER, roles.MANAGEMENT_REPRESENTATIVE)


@pytest.fixture
def world() -> c.World:
	world = c.World()
	for role in LINE:
		world.person(role)
	return world


def holiday_list(
	first: datetime.date | str, last: datetime.date | str, *days: str, weekends: bool = True
) -> str:
	"""Give the company a Holiday List, with Saturdays and Sundays, and return its name."""
	first, last = getdate(first), getdate(last)
	off = {getdate(day) for day in days}
	if weekends:
		dates = (first + datetime.timedelta(n) for n in range((last - first).days + 1))
		off |= {day for day in dates if day.weekday() > 4}
	name = (
		frappe.get_doc(
			{
				"doctype": "Holiday List",
				"holiday_list_name": c.unique("Holidays"),
				"from_date": first,
				"to_date": last,
				"holidays": [{"holiday_date": day, "description": "Off"} for day in sorted(off)],
			}
		)
		.insert()
		.name
	)
	frappe.db.set_value("Company", COMPANY, "default_holiday_list", name)
	frappe.clear_document_cache("Company", COMPANY)
	return name


def late(doc: Document, days: int, field: str = "due_date") -> None:
	frappe.db.set_value(doc.doctype, doc.name, field, add_days(nowdate(), -days), update_modified=False)


def told(doc: Document, on: str | None = None) -> dict[str, str | None]:
	"""Return who was told of a document on a day, and as what."""
	return dict(
		frappe.get_all(
			"Review Escalation",
			filters={"reference_name": doc.name, "told_on": on or nowdate()},
			fields=["user", "told_as"],
			as_list=True,
		)
	)


def heard(doc: Document, user: str) -> list[str]:
	"""Return what a user's notifications say of a document being overdue."""
	return frappe.get_all(
		"Notification Log",
		filters={"document_name": doc.name, "for_user": user, "subject": ("like", "Overdue%")},
		pluck="subject",
	)


def a_day_passes() -> None:
	"""Let what was told today have been told yesterday."""
	for row in frappe.get_all("Review Escalation", fields=["name", "told_on"], order_by="told_on"):
		frappe.db.set_value("Review Escalation", row.name, "told_on", add_days(row.told_on, -1))


def waiting_for_sales(world: c.World) -> Document:
	"""Return an opinion of Sales that nobody has given."""
	return c.opinion(c.start(world, c.order(c.item(stock=50))), "Sales")


@pytest.mark.rule("L3")
def test_what_is_overdue_goes_up_once_a_day(world: c.World) -> None:
	asked = waiting_for_sales(world)
	scheduled.remind_overdue()
	assert told(asked) == {}
	late(asked, 1)
	for _again in range(3):
		scheduled.remind_overdue()
	manager = world.person(roles.BUSINESS_MANAGER)
	assert told(asked) == {
		world.sales: None,
		world.second_sales(): None,
		manager: roles.BUSINESS_MANAGER,
	} or told(asked) == {world.sales: None, manager: roles.BUSINESS_MANAGER}
	assert heard(asked, manager) == [
		f"Overdue by 1 business day(s): the opinion of Sales on {asked.reference_name}"
		" (you are told as QMS Business Manager)"
	]
	assert len(heard(asked, world.sales)) == 1


@pytest.mark.rule("L3")
def test_days_on_which_nothing_ran_are_one_message_that_says_how_late_it_is(world: c.World) -> None:
	asked = waiting_for_sales(world)
	late(asked, 1)
	scheduled.remind_overdue()
	a_day_passes()
	# The scheduler was off for three days.
	late(asked, 5)
	scheduled.remind_overdue()
	said = heard(asked, world.sales)
	assert len(said) == 2 and sorted(said)[1].startswith("Overdue by 5 business day(s)")
	assert set(told(asked)) >= {world.vp, world.gm} and len(heard(asked, world.gm)) == 1
	rows = frappe.get_all(
		"Review Escalation", {"reference_name": asked.name, "user": world.gm}, ["days_late"]
	)
	assert [row.days_late for row in rows] == [5]


@pytest.mark.rule("L3")
def test_a_run_that_was_interrupted_is_made_up_for_and_nobody_is_told_twice(world: c.World) -> None:
	one, other = waiting_for_sales(world), waiting_for_sales(world)
	late(one, 1)
	scheduled.remind_overdue()
	late(other, 1)
	# A person who joins the line later in the day is told, the others are not told again.
	frappe.db.delete("Review Escalation", {"reference_name": one.name, "user": world.sales})
	scheduled.remind_overdue()
	assert len(heard(one, world.person(roles.BUSINESS_MANAGER))) == 1
	assert len(heard(other, world.sales)) == 1
	with pytest.raises(Exception, match="Duplicate entry"):
		escalation._record(
			OPINION,
			frappe._dict(name=one.name, company=COMPANY),
			rules.OPINION,
			1,
			{world.person(roles.BUSINESS_MANAGER): ""},
		)


@pytest.mark.rule("L3")
def test_two_runs_at_once_tell_once(world: c.World) -> None:
	"""The second one has read before the first one wrote."""
	asked = waiting_for_sales(world)
	late(asked, 1)
	first, second = escalation.notices(), escalation.notices()
	errors = frappe.db.count("Error Log")
	for notices in (first, second):
		for notice in notices:
			with escalation._alone("test"):
				escalation._tell(notice, {})
	assert len(heard(asked, world.sales)) == 1
	assert frappe.db.count("Error Log") == errors


@pytest.mark.rule("L3")
def test_weekends_and_holidays_do_not_count_and_nobody_is_told_on_them(world: c.World) -> None:
	asked = waiting_for_sales(world)
	today = nowdate()
	holiday_list(
		add_days(today, -100), add_days(today, 100), add_days(today, -1), add_days(today, -2), weekends=False
	)
	late(asked, 2)
	scheduled.remind_overdue()
	assert "Overdue by 1 business day(s)" in heard(asked, world.sales)[0]
	a_day_passes()
	holiday_list(add_days(today, -100), add_days(today, 100), today, weekends=False)
	late(asked, 9)
	scheduled.remind_overdue()
	assert told(asked) == {}


@pytest.mark.rule("L3")
def test_dates_due_are_business_days(world: c.World) -> None:
	today = getdate(nowdate())
	holiday_list(
		add_days(today, -10), add_days(today, 100), *(add_days(today, n) for n in (1, 2, 4)), weekends=False
	)
	asked = waiting_for_sales(world)
	assert getdate(asked.due_date) == getdate(add_days(today, 6))
	assert workdays.after(0, COMPANY) == today
	assert workdays.after(2, None) == getdate(add_days(today, 2))


@pytest.mark.rule("L3")
def test_a_holiday_list_that_ends_keeps_its_weekly_days_off_and_the_administrator_hears(
	world: c.World,
) -> None:
	admin = make_user("System Manager")
	today = getdate(nowdate())
	last = today - datetime.timedelta(days=today.weekday() + 15)
	name = holiday_list(last - datetime.timedelta(days=364), last)
	calendar = workdays.calendar(COMPANY)
	monday = last + datetime.timedelta(days=7 - last.weekday())
	assert [calendar.is_workday(monday + datetime.timedelta(n)) for n in range(7)] == [1, 1, 1, 1, 1, 0, 0]
	for _again in range(2):
		scheduled.remind_overdue()
	notes = {"document_type": "Holiday List", "document_name": name, "for_user": admin}
	assert frappe.get_all("Notification Log", notes, pluck="subject")[0].startswith(f"Holiday List {name} of")
	assert frappe.db.count("Notification Log", notes) == 1
	for _day in range(6):
		a_day_passes()
		scheduled.remind_overdue()
	assert frappe.db.count("Notification Log", notes) == 1
	a_day_passes()
	scheduled.remind_overdue()
	assert frappe.db.count("Notification Log", notes) == 2


@pytest.mark.rule("L3")
def test_a_holiday_list_with_time_left_is_no_news(world: c.World) -> None:
	holiday_list(nowdate(), add_days(nowdate(), 60))
	scheduled.remind_overdue()
	assert not frappe.db.exists("Review Escalation", {"reference_doctype": "Holiday List"})


@pytest.mark.rule("L3")
def test_a_decision_waits_since_it_was_asked_for(world: c.World) -> None:
	review = c.start(world, c.order(c.item(stock=50)))
	c.answer_all(world, review)
	scheduled.remind_overdue()
	assert told(review) == {}
	todo = {"reference_type": REVIEW, "reference_name": review.name}
	frappe.db.set_value("ToDo", todo, "creation", add_days(nowdate(), -4))
	# Somebody edits the review, or opens another ToDo: it waits as long all the same.
	frappe.db.set_value(REVIEW, review.name, "modified", nowdate())
	scheduled.remind_overdue()
	assert told(review) == {world.vp: None}
	a_day_passes()
	frappe.db.set_value("ToDo", todo, "creation", add_days(nowdate(), -8))
	scheduled.remind_overdue()
	assert told(review) == {
		world.vp: None,
		world.gm: roles.GENERAL_MANAGER,
		world.person(roles.MANAGEMENT_REPRESENTATIVE): roles.MANAGEMENT_REPRESENTATIVE,
	}
	c.decide(review.reload(), world.vp)
	a_day_passes()
	scheduled.remind_overdue()
	assert told(review) == {}


@pytest.mark.rule("C12")
def test_who_took_part_is_not_waited_for(world: c.World) -> None:
	"""The Sales VP gave the opinion of Sales: the general manager is waited for."""
	review = c.start(world, c.order(c.item(stock=50)))
	frappe.get_doc("User", world.vp).add_roles(roles.SALES_USER)
	c.answer(world, review, "Sales", user=world.vp)
	frappe.db.set_value("ToDo", {"reference_name": review.name}, "creation", add_days(nowdate(), -4))
	scheduled.remind_overdue()
	assert told(review) == {world.gm: None}


@pytest.mark.rule("L2")
def test_absence_is_covered_by_the_delegate(world: c.World) -> None:
	review = c.start(world, c.order(c.item(stock=50)))
	c.answer_all(world, review)
	delegate = make_user("Sales User")
	with as_user(world.vp):
		frappe.get_doc(
			{
				"doctype": "Approval Delegation",
				"delegator": world.vp,
				"delegate": delegate,
				"role": roles.SALES_VP,
				"from_date": nowdate(),
				"to_date": add_days(nowdate(), 3),
				"reason": "Travel",
			}
		).insert().submit()
	scheduled.assign_to_delegates()
	frappe.db.set_value("ToDo", {"reference_name": review.name}, "creation", add_days(nowdate(), -4))
	scheduled.remind_overdue()
	assert set(told(review)) == {world.vp, delegate}
	assert len(heard(review, delegate)) == 1
	assert frappe.has_permission(REVIEW, "read", doc=review.name, user=delegate)


@pytest.mark.rule("C10", "L3")
def test_an_action_waits_for_its_owner_and_then_for_its_verifier(world: c.World) -> None:
	review = c.start(world, c.order(c.item(stock=50)))
	c.hold_up(world, review, "Delivery")
	action = frappe.get_last_doc(ACTION)
	late(action, 1)
	scheduled.remind_overdue()
	manager = {world.person(roles.BUSINESS_MANAGER): roles.BUSINESS_MANAGER}
	assert told(action) == {world.sales: None, **manager}
	c.report_done(world, action.name)
	a_day_passes()
	scheduled.remind_overdue()
	assert told(action) == {world.second_sales(): None, **manager}
	c.verify_done(world, action.name)
	a_day_passes()
	scheduled.remind_overdue()
	assert told(action) == {}


@pytest.mark.rule("C10", "L3")
def test_the_action_of_somebody_who_has_left_goes_to_who_may_stand_in(world: c.World) -> None:
	review = c.start(world, c.order(c.item(stock=50)))
	c.hold_up(world, review, "Delivery")
	action = frappe.get_last_doc(ACTION)
	late(action, 1)
	frappe.db.set_value("User", world.sales, "enabled", 0)
	scheduled.remind_overdue()
	assert told(action).get(world.second_sales(), "not told") is None
	assert world.sales not in told(action)


@pytest.mark.rule("D4", "L3")
def test_goods_without_an_order_that_nobody_authorises_go_up(world: c.World) -> None:
	note = g.delivery_by_hand(c.customer(), {"item_code": c.item(stock=5)})
	name = api.request_authorisation(note.doctype, note.name, "Sample", "Trial")["name"]
	record = frappe.get_doc(authorise.DOCTYPE, name)
	scheduled.remind_overdue()
	assert told(record) == {}
	late(record, 4, "requested_on")
	scheduled.remind_overdue()
	assert told(record) == {world.person(roles.BUSINESS_MANAGER): None, world.vp: roles.SALES_VP}


@pytest.mark.rule("L3")
def test_a_review_that_sales_has_to_move_is_not_the_departments_delay(world: c.World) -> None:
	doc = c.order(c.item(stock=50))
	asked = c.opinion(c.start(world, doc), "Sales")
	late(asked, 9)
	doc.reload()
	doc.items[0].rate = 77
	doc.save()
	scheduled.remind_overdue()
	assert told(asked) == {}


@pytest.mark.rule("L1", "L3")
def test_whom_user_permissions_keep_it_from_is_not_told(world: c.World) -> None:
	asked = waiting_for_sales(world)
	late(asked, 9)
	elsewhere = c.customer()
	frappe.get_doc(
		{"doctype": "User Permission", "user": world.vp, "allow": "Customer", "for_value": elsewhere}
	).insert()
	# One that keeps nothing: it is read whole all the same.
	order = frappe.get_doc("Sales Order", asked.reference_name)
	frappe.get_doc(
		{"doctype": "User Permission", "user": world.gm, "allow": "Customer", "for_value": order.customer}
	).insert()
	frappe.clear_cache(user=world.vp)
	frappe.clear_cache(user=world.gm)
	scheduled.remind_overdue()
	assert world.vp not in told(asked) and not heard(asked, world.vp)
	assert world.gm in told(asked)


@pytest.mark.rule("L3")
def test_one_bad_row_does_not_stop_the_rest(world: c.World, monkeypatch: pytest.MonkeyPatch) -> None:
	bad, good = waiting_for_sales(world), waiting_for_sales(world)
	late(bad, 2)
	late(good, 2)
	tell = escalation._tell

	def fails(notice: escalation.Notice, languages: dict[str, str]) -> None:
		tell(notice, languages)
		if notice.item.row.name == bad.name:
			raise ValueError("a row that breaks")

	monkeypatch.setattr(escalation, "_tell", fails)
	scheduled.remind_overdue()
	assert told(bad) == {} and heard(bad, world.sales) == []
	assert world.sales in told(good)
	assert frappe.db.exists("Error Log", {"method": ("like", f"%{bad.name}%")})
	monkeypatch.undo()
	scheduled.remind_overdue()
	assert len(heard(bad, world.sales)) == 1 and len(heard(good, world.sales)) == 1


@pytest.mark.rule("L3")
def test_each_is_told_in_their_own_language(world: c.World) -> None:
	asked = waiting_for_sales(world)
	late(asked, 1)
	manager = world.person(roles.BUSINESS_MANAGER)
	frappe.db.set_value("User", manager, "language", "zh")
	scheduled.remind_overdue()
	subject = frappe.get_all(
		"Notification Log", {"document_name": asked.name, "for_user": manager}, pluck="subject"
	)[0]
	assert subject == f"已逾期1个工作日：销售部对{asked.reference_name}的评审意见（作为业务经理通知您）"
	assert heard(asked, world.sales)[0].startswith("Overdue by 1")


@pytest.mark.parametrize("limited", [False, True], ids=["plain", "user permissions"])
@pytest.mark.rule("L3")
def test_reading_what_is_overdue_takes_a_constant_number_of_queries(world: c.World, limited: bool) -> None:
	if limited:
		frappe.get_doc(
			{"doctype": "User Permission", "user": world.gm, "allow": "Customer", "for_value": c.customer()}
		).insert()
		frappe.clear_cache(user=world.gm)
	counts = []
	for _round in range(3):
		asked = waiting_for_sales(world)
		late(asked, 9)
		review = c.start(world, c.order(c.item(stock=50)))
		c.hold_up(world, review, "Delivery")
		late(frappe.get_last_doc(ACTION), 9)
		frappe.db.set_value("ToDo", {"reference_name": review.name}, "creation", add_days(nowdate(), -9))
		escalation.notices()
		with count_queries() as queries:
			found = escalation.notices()
		counts.append((len(found), queries.count))
	assert [n for n, _queries in counts] == [3, 6, 9]
	# Savepoints of the rows apart, one of each a row.
	assert len({queries for _n, queries in counts}) == 1, counts


@pytest.mark.rule("L3")
def test_the_line_is_a_setting_that_reaches_everything(world: c.World) -> None:
	settings = frappe.get_doc("QMS Customer Settings")
	assert [(s.waits_for, s.after_days, s.role) for s in settings.escalation] == [
		(s.kind, s.after, s.role) for s in rules.DEFAULTS
	]
	assert settings.decision_due_days == install.DECISION_DUE_DAYS
	settings.change_reason = "test"
	settings.escalation = [s for s in settings.escalation if s.waits_for != "Action"]
	with pytest.raises(QMSRefusal, match="L3"):
		c.save_settings(settings)
	settings = frappe.get_doc("QMS Customer Settings")
	settings.change_reason = "Quality's own line"
	settings.append(
		"escalation",
		{
			"waits_for": "Opinion",
			"department": "Sales",
			"after_days": 1,
			"role": roles.MANAGEMENT_REPRESENTATIVE,
		},
	)
	c.save_settings(settings)
	asked = waiting_for_sales(world)
	late(asked, 1)
	scheduled.remind_overdue()
	assert told(asked)[world.person(roles.MANAGEMENT_REPRESENTATIVE)] == roles.MANAGEMENT_REPRESENTATIVE


@pytest.mark.rule("L3")
def test_who_was_told_is_read_and_written_by_nobody(world: c.World) -> None:
	asked = waiting_for_sales(world)
	late(asked, 1)
	scheduled.remind_overdue()
	row = frappe.get_last_doc("Review Escalation")
	with as_user(make_user(roles.AUDITOR)):
		assert frappe.get_list("Review Escalation", {"reference_name": asked.name})
	actions: tuple[Callable[[], object], ...] = (
		lambda: row.db_set("days_late", 0),
		lambda: row.delete(),
		lambda: frappe.get_doc({**row.as_dict(), "name": None, "told_on": "2020-01-01"}).insert(),
		lambda: row.reload().update({"days_late": 0}).save(),
	)
	for act in actions:
		with pytest.raises(QMSRefusal):
			act()


@pytest.mark.rule("L3")
def test_an_upgrade_fills_in_the_line() -> None:
	frappe.db.delete("Escalation Step")
	frappe.db.delete("Singles", {"doctype": "QMS Customer Settings", "field": "decision_due_days"})
	frappe.clear_document_cache("QMS Customer Settings", "QMS Customer Settings")
	install._settings()
	settings = frappe.get_doc("QMS Customer Settings")
	assert len(settings.escalation) == len(rules.DEFAULTS) and settings.decision_due_days == 3
