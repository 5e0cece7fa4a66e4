"""Whether a complaint is reported, per regime: asked, answered, decided, exchanged (H4)."""

from __future__ import annotations

from datetime import datetime

import frappe
import pytest
from frappe.utils import add_to_date, get_datetime, now_datetime

from qms_customer.feedback import complaint_api, regimes, reporting, reporting_job, reporting_steps
from qms_customer.feedback import reporting_api as api
from qms_customer.messages import QMSRefusal
from qms_customer.records import verification
from qms_customer.rules import complaint as states
from qms_customer.rules import people as roles
from qms_customer.rules import reportability as rules
from tests.support import complaints as k
from tests.support import contracts as c
from tests.support import reported as r
from tests.support.doors import nothing_changes
from tests.support.people import as_user
from tests.support.sql import count_queries

NMPA, EU, FDA = rules.NMPA, rules.EU, rules.FDA


def todos(doc: object) -> set[str]:
	return set(
		frappe.get_all(
			"ToDo",
			filters={"reference_type": r.DECISION, "reference_name": doc.name, "status": "Open"},
			pluck="allocated_to",
		)
	)


def verified(*documents: object) -> None:
	for doc in documents:
		assert verification.verify(doc.doctype, doc.name).findings == []


def moment(text: str) -> datetime:
	return get_datetime(text)


@pytest.mark.rule("H4")
def test_what_ships_is_data_of_the_site_and_is_not_written_over() -> None:
	known = regimes.read()
	assert {one.name: one.zone for one in known.regimes.values()} == {
		NMPA: "Asia/Shanghai",
		rules.NMPA_RECALL: "Asia/Shanghai",
		EU: "Europe/Brussels",
		FDA: "America/New_York",
	}
	assert {one.name: one.country for one in known.regimes.values()} == {
		one.name: one.country for one in rules.REGIMES
	}
	assert set(known.rules) == set(rules.DEFAULTS)
	row = frappe.get_doc("Reporting Rule", {"regime": NMPA, "event": rules.DEATH, "overseas": "No"})
	row.update({"time_limit": 5, "confirmed": 1}).save()
	frappe.get_doc("Reporting Regime", EU).update({"time_zone": "Europe/Berlin"}).save()
	regimes.seed()
	assert frappe.db.get_value("Reporting Rule", row.name, "time_limit") == 5
	assert frappe.db.get_value("Reporting Regime", EU, "time_zone") == "Europe/Berlin"
	assert frappe.db.count("Reporting Rule") == len(rules.DEFAULTS)


@pytest.mark.rule("H4")
@pytest.mark.parametrize(
	("doctype", "values", "said"),
	[
		("Reporting Regime", {"regime": "X", "time_zone": "Mars/Olympus"}, "no time zone"),
		("Reporting Regime", {"regime": "X", "time_zone": "../etc/passwd"}, "no time zone"),
		("Reporting Rule", {"time_limit": 0}, "at least one"),
		("Reporting Rule", {"source": "/"}, "where that is written"),
		("Reporting Rule", {"valid_from": "2026-02-01", "valid_to": "2026-01-01"}, "ends before"),
	],
)
def test_a_rule_that_gives_no_deadline_is_refused(doctype: str, values: dict, said: str) -> None:
	rule = {"regime": NMPA, "event": rules.DEATH, "what": "Event Report", "time_limit": 1, "source": "Law 1"}
	doc = frappe.get_doc({"doctype": doctype, **(rule if doctype == "Reporting Rule" else {}), **values})
	with pytest.raises(QMSRefusal, match=said):
		doc.insert()


@pytest.mark.rule("H4")
def test_each_market_gets_a_decision_of_its_own_and_nobody_twice(world: c.World) -> None:
	quality = world.person(roles.QUALITY)
	doc = r.complaint(NMPA, EU)
	assert sorted(reporting.undecided(doc.name)) == [NMPA, EU]
	for regime in (NMPA, EU):
		decision = r.of(doc, regime)
		assert (decision.decision, decision.suggested) == (rules.UNDECIDED, rules.UNDECIDED)
		assert quality in todos(decision)
		verified(decision)
	assert reporting.ask(doc) == []
	assert not reporting.reportable(doc.name)


@pytest.mark.rule("H4")
def test_no_market_and_no_product_are_all_markets_and_the_country_of_the_event_is_one() -> None:
	assert sorted(reporting.undecided(r.complaint().name)) == [NMPA, EU, FDA]
	nameless = r.complaint(item_code=None)
	assert sorted(reporting.undecided(nameless.name)) == [NMPA, EU, FDA]
	abroad = r.complaint(NMPA, event_country="United States")
	assert sorted(reporting.undecided(abroad.name)) == [NMPA, FDA]
	# A recall begins with a decision of ours.
	assert sorted(reporting.undecided(r.complaint(rules.NMPA_RECALL).name)) == [NMPA, EU, FDA]


@pytest.mark.rule("H4")
def test_a_market_that_was_never_asked_is_undecided() -> None:
	doc = r.complaint(NMPA)
	item = frappe.get_doc("Item", doc.item_code)
	item.append("qms_markets", {"regime": FDA})
	item.save()
	assert sorted(reporting.undecided(doc.name)) == [NMPA, FDA]
	frappe.db.set_value("Reporting Regime", {"asked": 1}, "disabled", 1)
	assert reporting.undecided(doc.name) == [NMPA]
	frappe.db.delete(r.DECISION, {"complaint": doc.name})
	assert reporting.undecided(doc.name)


@pytest.mark.rule("H4")
@pytest.mark.parametrize(
	("regime", "aware", "country", "answers", "due"),
	[
		# The site is in Shanghai. NMPA, death: 7 days, abroad 30; nobody knows where: the shorter.
		(NMPA, "2026-11-01 20:00:00", "China", {"death": "Yes"}, "2026-11-08 23:59:59"),
		(NMPA, "2026-11-01 20:00:00", None, {"death": "Yes"}, "2026-11-08 23:59:59"),
		(NMPA, "2026-11-01 20:00:00", "Germany", {"death": "Yes"}, "2026-12-01 23:59:59"),
		(NMPA, "2026-11-01 20:00:00", "China", {"serious_injury": "Yes"}, "2026-11-21 23:59:59"),
		# A group event: the notice within 12 hours.
		(NMPA, "2026-11-01 20:00:00", "China", {"group_event": "Yes"}, "2026-11-02 08:00:00"),
		# Over the leap day: 9 + 20 = 29 February.
		(NMPA, "2024-02-09 08:00:00", "China", {"potential": "Yes"}, "2024-02-29 23:59:59"),
		(NMPA, "2023-02-09 08:00:00", "China", {"potential": "Yes"}, "2023-03-01 23:59:59"),
		# Brussels is 7 hours behind in winter, 6 in summer: 1 November there, until the end of the 11th.
		(EU, "2026-11-01 20:00:00", None, {"death": "Yes"}, "2026-11-12 06:59:59"),
		(EU, "2026-11-01 20:00:00", None, {"serious_injury": "Yes"}, "2026-11-17 06:59:59"),
		# Three in the morning of the 21st here is nine in the evening of the 20th there, in summer.
		(EU, "2026-06-21 03:00:00", None, {"public_threat": "Yes"}, "2026-06-23 05:59:59"),
		# New York: known on 1 November there, in standard time from that day on; 1 December.
		(FDA, "2026-11-02 03:00:00", None, {"death": "Yes"}, "2026-12-02 12:59:59"),
		# Known on 20 February, due on 22 March in daylight time. A malfunction, as it could do harm.
		(FDA, "2026-02-20 23:00:00", None, {"potential": "Yes"}, "2026-03-23 11:59:59"),
	],
)
def test_deadlines_as_counted_by_hand(
	world: c.World, regime: str, aware: str, country: str | None, answers: dict, due: str
) -> None:
	doc = r.answer(world, r.complaint(regime, aware_on=aware, event_country=country), **answers)
	decision = r.of(doc, regime)
	assert decision.suggested == rules.REPORTABLE
	assert decision.due_on == moment(due)
	r.decide(world, decision, rules.REPORTABLE)
	assert decision.due_on == moment(due) == min(row.due_on for row in decision.clocks)
	verified(doc, decision)


@pytest.mark.rule("H4")
def test_working_days_follow_the_holiday_list_of_the_regime_with_its_days_made_up(world: c.World) -> None:
	"""National Day 2026: 1-7 October off, Saturday the 10th worked. 8, 9, 10, 12, 13 October."""
	days = [f"2026-10-0{n}" for n in range(1, 8)] + ["2026-10-11", "2026-10-17", "2026-10-18"]
	holidays = frappe.get_doc(
		{
			"doctype": "Holiday List",
			"holiday_list_name": c.unique("CN"),
			"from_date": "2026-09-28",
			"to_date": "2026-10-31",
			"holidays": [{"holiday_date": day, "description": "Off"} for day in days],
		}
	).insert()
	frappe.get_doc(
		{
			"doctype": "Reporting Rule",
			"regime": NMPA,
			"event": rules.REMEDIAL_ACTION,
			"what": "Assessment",
			"time_limit": 5,
			"unit": rules.WORKING_DAYS,
			"source": "Test",
		}
	).insert()
	doc = r.complaint(NMPA, aware_on="2026-09-30 09:00:00")
	r.answer(world, doc, remedial="Yes")
	# Without a list every day counts: that gives less time.
	assert r.of(doc, NMPA).due_on == moment("2026-10-05 23:59:59")
	frappe.get_doc("Reporting Regime", NMPA).update({"holiday_list": holidays.name}).save()
	reporting.follow(doc)
	assert r.of(doc, NMPA).due_on == moment("2026-10-13 23:59:59")


@pytest.mark.rule("H4")
def test_while_undecided_the_shortest_limit_that_is_possible_counts(world: c.World) -> None:
	doc = r.complaint(NMPA, aware_on="2026-11-01 20:00:00", event_country="China")
	assert r.of(doc, NMPA).due_on == moment("2026-11-02 08:00:00")
	given = dict.fromkeys(("group_event", "death"), "No")
	with as_user(world.person(roles.QUALITY)):
		api.answer(doc.name, r.shown(doc), given)
	assert r.of(doc, NMPA).due_on == moment("2026-11-21 23:59:59")


@pytest.mark.rule("H4", "L3")
def test_an_answer_that_no_rule_speaks_of_has_the_shortest_limit_and_is_told_of(world: c.World) -> None:
	doc = r.complaint(NMPA, FDA, aware_on="2026-11-01 20:00:00", event_country="China")
	r.answer(world, doc, malfunction="Yes")
	for regime, due in ((NMPA, "2026-11-02 08:00:00"), (FDA, "2026-12-02 12:59:59")):
		decision = r.of(doc, regime)
		assert (decision.suggested, decision.decision) == (rules.UNDECIDED, rules.UNDECIDED)
		assert decision.due_on == moment(due), regime
	assert r.of(doc, NMPA).told
	with as_user(world.person(roles.QUALITY)):
		assert "No rule speaks of it" in api.get_panel(r.of(doc, NMPA).name)["html"]
	r.decide(world, r.of(doc, NMPA), rules.NOT_REPORTABLE, "It could do no harm")
	# A malfunction that could do no harm is not reported (21 CFR 803.3), or by its rule if somebody says so.
	decision = r.decide(world, r.of(doc, FDA), rules.REPORTABLE)
	assert [row.what for row in decision.clocks] == ["Event Report"]


@pytest.mark.rule("H4", "K3")
def test_undecided_is_never_not_reportable(world: c.World) -> None:
	doc = r.complaint(NMPA)
	decision = r.of(doc, NMPA)
	for answers in ({}, {"death": ""}):
		if answers:
			r.answer(world, doc, **answers)
		with (
			nothing_changes(decision),
			pytest.raises(QMSRefusal, match=r'H4: .*never "not reportable"|H4: .*never &quot;'),
		):
			r.decide(world, decision.reload(), rules.NOT_REPORTABLE, "Harmless")
	r.answer(world, doc)
	decision.reload()
	assert (decision.suggested, decision.decision) == (rules.NOT_REPORTABLE, rules.UNDECIDED)
	with pytest.raises(QMSRefusal, match="H4: Say why it is not reportable"):
		r.decide(world, decision, rules.NOT_REPORTABLE, "/")
	with pytest.raises(QMSRefusal, match="H4: Decide"):
		r.decide(world, decision, rules.UNDECIDED, "Later")
	r.decide(world, decision, rules.NOT_REPORTABLE, "Nobody was harmed")
	assert reporting.undecided(doc.name) == [] and not reporting.reportable(doc.name)
	assert decision.decided_by == world.person(roles.QUALITY) and decision.due_on is None
	assert not todos(decision)
	verified(doc, decision)


@pytest.mark.rule("H4")
def test_a_regime_without_rules_in_force_is_not_decided_away(world: c.World) -> None:
	doc = r.answer(world, r.complaint(NMPA))
	frappe.db.set_value("Reporting Rule", {"regime": NMPA}, "valid_to", "2020-01-01")
	with pytest.raises(QMSRefusal, match=r"H4: .*no rules in force"):
		r.decide(world, r.of(doc, NMPA), rules.NOT_REPORTABLE, "Harmless")


@pytest.mark.rule("H4")
def test_an_event_without_a_rule_is_reported_until_a_persons_date(world: c.World) -> None:
	doc = r.answer(world, r.complaint(NMPA), malfunction="Yes")
	decision = r.of(doc, NMPA)
	assert decision.suggested == rules.UNDECIDED
	with pytest.raises(QMSRefusal, match=r"H4: .*say until when"):
		r.decide(world, decision, rules.REPORTABLE)
	with pytest.raises(QMSRefusal, match=r"H4: .*before anybody knew"):
		r.decide(world, decision, rules.REPORTABLE, due_on="2020-01-01 00:00:00")
	due = str(add_to_date(now_datetime(), days=3))[:19]
	r.decide(world, decision, rules.REPORTABLE, due_on=due)
	assert decision.due_on == moment(due) and decision.clocks[0].what == "Event Report"
	r.send(world, decision)
	assert decision.due_on is None


@pytest.mark.rule("H4")
def test_awareness_corrected_to_earlier_moves_every_deadline_at_once(world: c.World) -> None:
	doc = r.answer(world, r.complaint(NMPA, EU, aware_on="2026-11-10 20:00:00"), serious_injury="Yes")
	decided = r.decide(world, r.of(doc, NMPA), rules.REPORTABLE)
	assert decided.due_on == moment("2026-11-30 23:59:59")
	with pytest.raises(QMSRefusal, match="H4: Say why"):
		r.correct(world, doc, "2026-11-03 20:00:00", "/")
	r.correct(world, doc, "2026-11-03 20:00:00", "The distributor had a letter")
	decided.reload()
	assert decided.decision == rules.REPORTABLE
	assert decided.due_on == decided.clocks[0].due_on == moment("2026-11-23 23:59:59")
	assert decided.aware_on == moment("2026-11-03 20:00:00")
	assert r.of(doc, EU).due_on == moment("2026-11-19 06:59:59")
	verified(doc, decided, r.of(doc, EU))


@pytest.mark.rule("H4")
def test_awareness_corrected_to_later_is_signed_by_the_management_representative(world: c.World) -> None:
	doc = r.complaint(NMPA, aware_on="2026-11-03 20:00:00")
	with nothing_changes(doc), pytest.raises(QMSRefusal, match="H4: A later awareness"):
		r.correct(world, doc, "2026-11-04 20:00:00", "A slip of the pen")
	r.correct(world, doc, "2026-11-04 20:00:00", "A slip of the pen", roles.MANAGEMENT_REPRESENTATIVE)
	assert doc.aware_on == moment("2026-11-04 20:00:00")
	later = str(add_to_date(now_datetime(), days=1))[:19]
	with pytest.raises(QMSRefusal, match="H4: Nobody learns of it after"):
		r.correct(world, doc, later, "Tomorrow", roles.MANAGEMENT_REPRESENTATIVE)


@pytest.mark.rule("H4")
def test_the_rule_in_force_on_the_day_of_awareness_counts(world: c.World) -> None:
	old = frappe.get_doc("Reporting Rule", {"regime": NMPA, "event": rules.DEATH, "overseas": "No"})
	new = frappe.copy_doc(old)
	new.update({"valid_from": "2026-11-01", "time_limit": 3}).insert()
	old.update({"valid_to": "2026-10-31"}).save()
	doc = r.complaint(NMPA, aware_on="2026-11-01 20:00:00", event_country="China")
	r.answer(world, doc, death="Yes")
	assert r.of(doc, NMPA).due_on == moment("2026-11-04 23:59:59")
	r.correct(world, doc, "2026-10-31 20:00:00", "The day before")
	assert r.of(doc, NMPA).due_on == moment("2026-11-07 23:59:59")


@pytest.mark.rule("H4")
def test_what_is_known_later_opens_a_no_again_and_never_ends_a_yes(world: c.World) -> None:
	doc = r.answer(world, r.complaint(NMPA))
	decision = r.decide(world, r.of(doc, NMPA), rules.NOT_REPORTABLE, "Nobody was harmed")
	r.answer(world, doc, serious_injury="Yes")
	decision.reload()
	assert (decision.decision, decision.suggested) == (rules.UNDECIDED, rules.REPORTABLE)
	assert reporting.undecided(doc.name) == [NMPA] and todos(decision)
	r.decide(world, decision, rules.REPORTABLE, "The patient was hospitalised")
	due = decision.due_on
	r.answer(world, doc)
	decision.reload()
	assert (decision.decision, decision.suggested) == (rules.REPORTABLE, rules.NOT_REPORTABLE)
	assert decision.due_on == due
	verified(doc, decision)


@pytest.mark.rule("H4")
def test_a_rule_that_is_taken_out_ends_no_deadline(world: c.World) -> None:
	doc = r.answer(world, r.complaint(NMPA), death="Yes")
	decision = r.decide(world, r.of(doc, NMPA), rules.REPORTABLE)
	due = decision.due_on
	frappe.db.set_value("Reporting Rule", {"regime": NMPA}, "valid_to", "2020-01-01")
	reporting.follow(doc)
	assert decision.reload().due_on == due and reporting.owed(doc.name) == [NMPA]


@pytest.mark.rule("H4")
def test_a_rule_that_came_since_opens_a_no_again(world: c.World) -> None:
	doc = r.answer(world, r.complaint(NMPA), malfunction="Yes")
	decision = r.decide(world, r.of(doc, NMPA), rules.NOT_REPORTABLE, "No rule asks for it")
	reporting_job.catch_up()
	assert decision.reload().decision == rules.NOT_REPORTABLE
	rule = {
		"regime": NMPA,
		"event": rules.MALFUNCTION,
		"what": "Event Report",
		"time_limit": 20,
		"source": "New",
	}
	frappe.get_doc({"doctype": "Reporting Rule", "unit": rules.CALENDAR_DAYS, **rule}).insert()
	reporting_job.catch_up()
	assert decision.reload().decision == rules.UNDECIDED


@pytest.mark.rule("H4")
def test_what_is_owed_to_the_regulator_is_sent_one_by_one(world: c.World) -> None:
	doc = r.answer(world, r.complaint(NMPA), group_event="Yes")
	decision = r.decide(world, r.of(doc, NMPA), rules.REPORTABLE)
	assert {row.what for row in decision.clocks} == {
		"Notice of a Group Event",
		"Report of Each Case",
		"Stop, Self-Inspection and Report",
	}
	for refused, said in (
		({"what": "Event Report"}, "H4: Say which of the reports"),
		({"what": "Notice of a Group Event", "file": ""}, "H4: Attach what was sent"),
		({"what": "Notice of a Group Event", "number": " "}, "K1: Give the number"),
		({"what": "Notice of a Group Event", "kind": rules.FINAL}, "H4: There is no initial report"),
		({"what": "Notice of a Group Event", "direction": rules.FROM}, "H4: Say what was sent"),
		({"what": "Notice of a Group Event", "on": ""}, "H4: Say when"),
		({"what": "Notice of a Group Event", "on": "2099-01-01 00:00:00"}, "K3: .*future"),
		({"what": "Notice of a Group Event", "on": "2020-01-01 00:00:00"}, "H4: .*before anybody knew"),
		({"what": "Notice of a Group Event", "on": "no time"}, "H4: This is no time"),
	):
		with nothing_changes(decision), pytest.raises(QMSRefusal, match=said):
			r.send(world, decision, **refused)
	first = decision.due_on
	r.send(world, decision, what="Notice of a Group Event")
	assert decision.due_on > first and reporting.owed(doc.name) == [NMPA]
	row = decision.exchanges[0]
	assert (row.direction, row.kind, row.number) == (rules.TO, rules.INITIAL, "2026-1")
	assert row.by_user == world.person(roles.QUALITY) and len(row.file_hash) == 64
	with pytest.raises(QMSRefusal, match="H4: Notice of a Group Event was sent already"):
		r.send(world, decision, what="Notice of a Group Event")
	r.send(world, decision, what="Report of Each Case")
	r.send(world, decision, what="Stop, Self-Inspection and Report")
	assert decision.due_on is None and reporting.owed(doc.name) == [] and not todos(decision)
	r.send(world, decision, direction=rules.FROM, kind=rules.QUESTION, file="", comment="Which batch?")
	r.send(world, decision, kind=rules.FOLLOW_UP)
	r.send(world, decision, kind=rules.FINAL)
	assert [row.kind for row in decision.exchanges][3:] == [rules.QUESTION, rules.FOLLOW_UP, rules.FINAL]
	signed = frappe.get_all("Electronic Signature", {"reference_name": decision.name}, pluck="meaning")
	assert signed.count(reporting_steps.EXCHANGED) == 6
	verified(doc, decision)
	# What was reported is not decided away.
	with pytest.raises(QMSRefusal, match="H4: It was reported already"):
		r.decide(world, decision, rules.NOT_REPORTABLE, "A mistake")


@pytest.mark.rule("H4")
def test_what_is_worse_than_what_was_sent_is_owed_anew(world: c.World) -> None:
	# Aware on 10 November in Brussels: 15, 10 and 2 days.
	doc = r.answer(world, r.complaint(EU, aware_on="2026-11-10 20:00:00"), serious_injury="Yes")
	decision = r.send(world, r.decide(world, r.of(doc, EU), rules.REPORTABLE))
	assert decision.due_on is None and not todos(decision)
	for answers, what, due in (
		({"death": "Yes"}, "Update: Death", "2026-11-21 06:59:59"),
		(
			{"death": "Yes", "public_threat": "Yes"},
			"Update: Serious Public Health Threat",
			"2026-11-13 06:59:59",
		),
	):
		r.answer(world, doc, serious_injury="Yes", **answers)
		decision.reload()
		assert [row.what for row in decision.clocks if not row.sent_on] == [what]
		assert decision.due_on == moment(due)
		assert reporting.owed(doc.name) == [EU] and todos(decision)
		with pytest.raises(QMSRefusal, match="H4: Event Report was sent already"):
			r.send(world, decision)
		r.send(world, decision, what=what)
		assert decision.due_on is None and reporting.owed(doc.name) == [] and not todos(decision)
	reporting_job.catch_up()
	# Known no more, it is not owed a third time when it is known again.
	for answers in ({"death": "Yes"}, {}, {"death": "Yes"}):
		r.answer(world, doc, serious_injury="Yes", **answers)
		assert reporting.owed(doc.name) == []
	assert len(decision.reload().clocks) == 3
	verified(doc, decision)


@pytest.mark.rule("H4")
def test_another_duty_is_owed_after_the_first_report_was_sent(world: c.World) -> None:
	doc = r.answer(world, r.complaint(FDA, aware_on="2026-11-10 20:00:00"), potential="Yes")
	decision = r.send(world, r.decide(world, r.of(doc, FDA), rules.REPORTABLE))
	r.answer(world, doc, potential="Yes", remedial="Yes")
	decision.reload()
	# Without a Holiday List every day counts: five days from the 10th, in New York.
	assert [(row.what, row.due_on) for row in decision.clocks if not row.sent_on] == [
		("5-Day Report", moment("2026-11-16 12:59:59"))
	]
	assert reporting.owed(doc.name) == [FDA] and todos(decision)
	r.send(world, decision, what="5-Day Report")
	assert reporting.owed(doc.name) == []
	verified(doc, decision)


@pytest.mark.rule("H4")
def test_a_report_that_was_sent_is_late_once_awareness_was_earlier(world: c.World) -> None:
	doc = r.complaint(NMPA, aware_on=add_to_date(now_datetime(), days=-1), event_country="China")
	r.answer(world, doc, serious_injury="Yes")
	decision = r.send(world, r.decide(world, r.of(doc, NMPA), rules.REPORTABLE))
	(row,) = decision.clocks
	assert row.sent_on <= row.due_on
	earlier = add_to_date(now_datetime(), days=-30)
	r.correct(world, doc, earlier, "The distributor had a letter")
	(row,) = decision.reload().clocks
	assert row.due_on.date() == add_to_date(earlier, days=20).date()
	assert row.sent_on > row.due_on and decision.due_on is None and reporting.owed(doc.name) == []
	# Later again: what it was is not forgotten.
	r.correct(world, doc, add_to_date(now_datetime(), days=-2), "Slip", roles.MANAGEMENT_REPRESENTATIVE)
	assert decision.reload().clocks[0].due_on == row.due_on
	verified(doc, decision)


@pytest.mark.rule("H4")
def test_nothing_is_sent_before_it_is_decided(world: c.World) -> None:
	decision = r.of(r.answer(world, r.complaint(NMPA), death="Yes"), NMPA)
	with nothing_changes(decision), pytest.raises(QMSRefusal, match="H4: Decide first"):
		r.send(world, decision)
	# The regulator may ask at any time.
	r.send(world, decision, direction=rules.FROM, kind=rules.QUESTION, file="", comment="What happened?")


@pytest.mark.rule("H4")
def test_the_forms_show_where_it_stands(world: c.World) -> None:
	doc = r.answer(world, r.complaint(NMPA, EU), death="Yes")
	decision = r.of(doc, NMPA)
	with as_user(world.person(roles.QUALITY)):
		shown = api.get_panel(decision.name)
		assert shown["may"] == ["decide", "exchange"] and shown["suggested"] == rules.REPORTABLE
		assert "left" in shown["html"] and "To Be Confirmed" in shown["html"]
		assert shown["owed"] == []
		whole = api.get_complaint_panel(doc.name)
	assert whole["may"] == ["answer"] and NMPA in whole["html"]
	r.decide(world, decision, rules.REPORTABLE)
	with as_user(world.person(roles.AUDITOR)):
		shown = api.get_panel(decision.name)
		assert shown["may"] == [] and api.get_complaint_panel(doc.name)["may"] == []
	assert shown["owed"] == ["Event Report"]


@pytest.mark.rule("H4")
def test_asking_and_following_cost_the_same_for_each_regime(world: c.World) -> None:
	doc = r.complaint(NMPA)
	with count_queries() as one:
		reporting.follow(doc)
	more = r.complaint(NMPA, EU, FDA)
	with count_queries() as three:
		reporting.follow(more)
	# Of each decision its row and its two tables, locked.
	assert len(three.statements) - len(one.statements) <= 2 * 6


@pytest.mark.rule("H4")
def test_where_no_regime_is_set_up_it_is_undecided_and_says_what_to_do(world: c.World) -> None:
	doc = k.investigated(world, k.complaint(world))
	for table in (r.DECISION, "Reporting Rule", "Reporting Regime"):
		frappe.db.delete(table)
	(said,) = reporting.undecided(doc.name)
	assert "Reporting Regime" in said
	k.acted(world, doc)
	assert doc.workflow_state == states.ACTING
	with as_user(world.person(roles.QUALITY)):
		assert said in complaint_api.get_complaint(doc.name)["html"]
		assert said in api.get_complaint_panel(doc.name)["html"]
	# Set up, it is asked in each of them within the hour, and still no "no".
	regimes.seed()
	reporting_job.catch_up()
	assert set(reporting.undecided(doc.name)) == {NMPA, EU, FDA}
