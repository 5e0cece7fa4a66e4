"""Signals from complaints: opened once, grown while open, assessed signed, opened anew by new ones (H8)."""

from datetime import date, timedelta

import frappe
import pytest
from frappe.desk.query_report import run
from frappe.utils import add_to_date, get_datetime, getdate, now_datetime, nowdate

from qms_customer.feedback import action_api, complaint_api, signals
from qms_customer.feedback import signal_api as api
from qms_customer.records import verification
from qms_customer.report.complaint_trends import complaint_trends
from qms_customer.rules import people as roles
from qms_customer.rules import signals as rules
from qms_customer.rules.signals import Complaint, Delivery
from tests.support import complaints as k
from tests.support import contracts as c
from tests.support import returned as r
from tests.support import sales as s
from tests.support.people import as_user, make_user
from tests.support.sql import count_queries

SIGNAL = signals.DOCTYPE


def ago(days: int) -> date:
	return getdate() - timedelta(days=days)


def complaints(item: str, count: int, first: int = 1) -> list[Complaint]:
	return [Complaint(f"CC-{item}-{n}", ago(1), item) for n in range(first, first + count)]


def delivered(item: str) -> list[Delivery]:
	"""A fifth of what was delivered in the window: five complaints are a signal (see tests/rules)."""
	return [Delivery(ago(10), 250, item), Delivery(ago(200), 1000, item)]


def watched(item: str, count: int) -> list[str]:
	return signals.watch(complaints(item, count), delivered(item), getdate())


def assess(
	name: str, outcome: str = rules.CHANCE, text: str = "Five hospitals, five causes", seen: str = ""
) -> None:
	api.assess_signal(name, seen or api.get_shown(name)["hash"], outcome, text)


@pytest.mark.rule("H8")
def test_h8_a_limit_that_is_crossed_opens_one_signal() -> None:
	item = c.item()
	assert watched(item, 4) == []
	(name,) = watched(item, 5)
	signal = frappe.get_doc(SIGNAL, name)
	assert (signal.status, signal.dimension, signal.group_value, signal.item_code) == (
		rules.OPEN,
		rules.PRODUCT,
		item,
		item,
	)
	assert (signal.complaints, signal.delivered, signal.rate, signal.limit_count) == (5, 250, 20, 5)
	assert (signal.reference_complaints, signal.reference_delivered) == (0, 1000)
	assert signal.probability == pytest.approx(0.00032)
	assert (signal.by_number, signal.by_rate, signal.by_statistics) == (0, 0, 1)
	assert [row.complaint for row in signal.cases] == [f"CC-{item}-{n}" for n in range(1, 6)]


@pytest.mark.rule("H8")
def test_h8_the_job_done_twice_does_nothing_twice() -> None:
	item = c.item()
	(name,) = watched(item, 5)
	before = frappe.get_doc(SIGNAL, name).as_dict()
	assert watched(item, 5) == []
	assert frappe.get_doc(SIGNAL, name).as_dict() == before
	assert watched(item, 7) == []
	assert frappe.get_doc(SIGNAL, name).complaints == 7
	assert frappe.db.count(SIGNAL, {"item_code": item}) == 1


@pytest.mark.rule("H8")
def test_h8_the_database_lets_no_second_signal_of_a_group_be_open(monkeypatch: pytest.MonkeyPatch) -> None:
	item = c.item()
	watched(item, 5)
	monkeypatch.setattr(signals, "_latest", lambda keys: {})
	assert watched(item, 5) == []
	assert frappe.db.count(SIGNAL, {"item_code": item}) == 1


@pytest.mark.rule("H8", "K3", "C12")
def test_h8_quality_or_the_representative_assesses_it_signed(world: c.World) -> None:
	item = c.item()
	(name,) = watched(item, 5)
	for user in (
		world.sales,
		world.gm,
		make_user(roles.AUDITOR),
		make_user("System Manager"),
		"Administrator",
	):
		with as_user(user), pytest.raises((frappe.ValidationError, frappe.PermissionError)):
			assess(name)
	user = make_user(roles.QUALITY)
	with as_user(user):
		for outcome, text, seen, rule in (
			("", "x", "", "H8"),
			("Whatever", "x", "", "H8"),
			(rules.CHANCE, " ", "", "H8"),
			(rules.CHANCE, "x", "other", "C12"),
		):
			with pytest.raises(frappe.ValidationError, match=rule):
				assess(name, outcome, text, seen)
		assess(name, rules.WATCHED, "Mould 3 was worn")
		with pytest.raises(frappe.ValidationError, match="H8"):
			assess(name)
	signal = frappe.get_doc(SIGNAL, name)
	assert (signal.status, signal.outcome, signal.assessed_by) == (rules.ASSESSED, rules.WATCHED, user)
	assert frappe.db.exists("Electronic Signature", {"reference_name": name, "meaning": signals.ASSESSED})


@pytest.mark.rule("H8", "C12")
def test_h8_what_has_grown_since_it_was_shown_is_looked_at_again() -> None:
	item = c.item()
	(name,) = watched(item, 5)
	seen = api.get_shown(name)["hash"]
	watched(item, 6)
	with as_user(make_user(roles.QUALITY)):
		with pytest.raises(frappe.ValidationError, match="C12"):
			assess(name, seen=seen)
		assess(name)


@pytest.mark.rule("H8")
def test_h8_after_an_assessment_new_complaints_open_another_and_old_ones_do_not() -> None:
	item = c.item()
	(name,) = watched(item, 5)
	with as_user(make_user(roles.QUALITY)):
		assess(name)
	assert watched(item, 5) == []
	(second,) = watched(item, 6)
	assert second != name
	with as_user(make_user(roles.QUALITY)):
		assess(second)
	# Nor do complaints that only the first one named.
	assert watched(item, 6) == []
	assert watched(item, 5) == []


@pytest.mark.rule("H8", "L3")
def test_h8_who_assesses_has_it_in_the_inbox_until_then() -> None:
	user, other = make_user(roles.QUALITY), make_user(roles.MANAGEMENT_REPRESENTATIVE)
	(name,) = watched(c.item(), 5)
	about = {"reference_type": SIGNAL, "reference_name": name, "status": "Open"}
	assert {user, other} <= set(frappe.get_all("ToDo", about, pluck="allocated_to"))
	with as_user(user):
		assess(name)
	assert not frappe.get_all("ToDo", about)


@pytest.mark.rule("H8", "K2")
def test_h8_nobody_writes_signals_by_hand() -> None:
	(name,) = watched(c.item(), 5)
	for change in (
		lambda: frappe.get_doc({"doctype": SIGNAL, "status": rules.OPEN}).insert(),
		lambda: frappe.get_doc(SIGNAL, name).db_set("status", rules.ASSESSED),
		lambda: frappe.get_doc(SIGNAL, name).update({"complaints": 1}).save(),
		lambda: frappe.delete_doc(SIGNAL, name),
		lambda: frappe.rename_doc(SIGNAL, name, "other"),
	):
		with pytest.raises((frappe.ValidationError, frappe.PermissionError)):
			change()


@pytest.mark.rule("H8", "D6")
def test_h8_deliveries_are_counted_by_product_batch_and_customer() -> None:
	note = r.delivered(7)
	row = note.items[0]
	mine = [d for d in signals.deliveries(ago(1), getdate())[0] if d.product == row.item_code]
	assert [(d.qty, d.customer, d.day) for d in mine] == [(7, note.customer, getdate(note.posting_date))]
	assert mine[0].batch


@pytest.mark.rule("H8")
def test_h8_batches_causes_and_customers_are_watched_too() -> None:
	item, customer = c.item(), c.customer()
	made = [Complaint(f"CC-{item}-{n}", ago(1), item, "LOT-9", "NO SUCH CODE", customer) for n in range(1, 6)]
	goods = [
		Delivery(ago(10), 250, item, "LOT-9", customer),
		Delivery(ago(200), 1000, item, "LOT-8", customer),
	]
	names = signals.watch(made, goods, getdate())
	found = {s.dimension: s for s in (frappe.get_doc(SIGNAL, name) for name in names)}
	assert set(found) == set(rules.DIMENSIONS)
	assert (found[rules.BATCH].batch_no, found[rules.BATCH].item_code) == ("LOT-9", item)
	assert found[rules.CUSTOMER].customer == customer
	assert found[rules.CAUSE].cause_code == "NO SUCH CODE"


@pytest.mark.rule("H8")
def test_h8_the_limits_are_settings_and_say_something() -> None:
	assert signals.limits() == rules.Limits()
	settings = frappe.get_doc("QMS Customer Settings")
	settings.signal_number, settings.change_reason = 2, "We are few"
	c.save_settings(settings)
	item = c.item()
	(name,) = signals.watch(complaints(item, 2), [], getdate())
	signal = frappe.get_doc(SIGNAL, name)
	assert (signal.by_number, signal.by_statistics, signal.limit_count, signal.rate) == (1, 0, 0, 0)
	settings.reload()
	settings.signal_probability, settings.change_reason = 0.7, "Anything goes"
	with pytest.raises(frappe.ValidationError, match="H8"):
		c.save_settings(settings)


@pytest.mark.rule("H8")
def test_h8_the_nightly_job_opens_them(monkeypatch: pytest.MonkeyPatch) -> None:
	item = c.item()
	monkeypatch.setattr(signals, "complaints", lambda first, last: complaints(item, 5))
	monkeypatch.setattr(signals, "deliveries", lambda first, last: (delivered(item), []))
	signals.nightly()
	assert frappe.db.count(SIGNAL, {"item_code": item, "status": rules.OPEN}) == 1


@pytest.mark.rule("H8", "H2", "D6")
def test_h8_real_complaints_are_counted_against_real_deliveries(
	world: c.World, monkeypatch: pytest.MonkeyPatch
) -> None:
	"""A fifth of what was delivered, in the window: five complaints are a signal in each respect."""
	code, customer, cause = c.item(has_batch_no=1, create_new_batch=0), c.customer(), k.code()
	lot, other = s.batch(code, 10), s.batch(code, 20)
	s.delivered(customer, {"item_code": code, "qty": 4, "batch_no": lot})
	earlier = s.delivered(customer, {"item_code": code, "qty": 16, "batch_no": other})
	frappe.db.set_value("Delivery Note", earlier.name, "posting_date", ago(200))
	about = {"item_code": code, "customer": customer, "batch_no": lot}
	with k.regulators(monkeypatch):
		closed = k.closed(world, **about, received_on=add_to_date(now_datetime(), days=-80))
		again = k.to_close(world, **about)
		k.do(k.second_quality(world), "close", again, "/")
		manager = world.person(roles.MANAGEMENT_REPRESENTATIVE)
		k.do(manager, "reopen", again, "Investigation", "Another letter came")
		unfounded = k.investigated(world, k.complaint(world, **about), confirmed="No", cause_code=cause)
		# Today is in the window until midnight.
		late = get_datetime(f"{getdate()} 00:00:01")
		made = [closed, again, unfounded, k.complaint(world, **about, received_on=late, aware_on=late)]
		k.complaint(world, **about, received_on=add_to_date(now_datetime(), days=-500))
	assert {one.name for one in signals.complaints(ago(454), getdate())} >= {one.name for one in made}
	signals.nightly()
	assert not frappe.get_all(SIGNAL, {"item_code": code})
	fifth = k.complaint(world, **about)
	frappe.db.set_value(k.COMPLAINT, {"name": ("in", [one.name for one in made])}, "cause_code", cause)
	frappe.db.set_value(k.COMPLAINT, fifth.name, "cause_code", cause)
	signals.nightly()
	found = {
		one.dimension: one
		for one in (frappe.get_doc(SIGNAL, n) for n in frappe.get_all(SIGNAL, pluck="name"))
	}
	assert set(found) == set(rules.DIMENSIONS)
	for one in found.values():
		assert {row.complaint for row in one.cases} == {doc.name for doc in [*made, fifth]}
		assert (one.complaints, one.delivered, one.reference_delivered) == (5, 4, 16), one.dimension
	assert found[rules.BATCH].batch_no == lot and found[rules.CAUSE].cause_code == cause
	html = api.get_shown(found[rules.BATCH].name)["html"]
	assert "Found to be so: 2; Not found to be so: 1; Not investigated yet, or not at all: 2" in html


@pytest.mark.rule("H8", "H4")
def test_h8_a_complaint_shows_the_signals_of_what_it_is_about(world: c.World) -> None:
	doc = k.complaint(world)
	signals.about(doc)  # whatever Frappe reads of the user once
	with count_queries() as none:
		assert signals.about(doc) == []
	watched(c.item(), 5)
	(name,) = watched(doc.item_code, 5)
	with as_user(world.person(roles.QUALITY)):
		shown = complaint_api.get_complaint(doc.name)["html"]
		assert name in shown and "Think of a group event" in shown
		assess(name)
		shown = complaint_api.get_complaint(doc.name)["html"]
		assert name in shown and "group event" not in shown
	with count_queries() as one:
		assert [found.name for found in signals.about(doc)] == [name]
	assert one.count == none.count == 1


def needs_action() -> tuple[str, str]:
	"""Return a signal of which Quality has said that something is done, and who said so."""
	(name,) = watched(c.item(), 5)
	user = make_user(roles.QUALITY)
	with as_user(user):
		assess(name, rules.ACTION, "Mould 3 is worn")
	return name, user


def act(user: str, step: str, name: str, *args: str, **values: str) -> None:
	with as_user(user):
		getattr(action_api, step)(SIGNAL, name, api.get_shown(name)["hash"], *args, **values)


def standing(name: str) -> tuple[str, set[str]]:
	"""Return the status of a signal, and who has it in the inbox."""
	about = {"reference_type": SIGNAL, "reference_name": name, "status": "Open"}
	return frappe.db.get_value(SIGNAL, name, "status"), set(
		frappe.get_all("ToDo", about, pluck="allocated_to")
	)


@pytest.mark.rule("H8", "H5", "L3")
def test_h8_action_needed_opens_what_follows_and_follows_it(world: c.World) -> None:
	name, user = needs_action()
	status, asked = standing(name)
	assert status == rules.ACTING and user in asked
	procedure = frappe.get_doc({"doctype": "Quality Procedure", "quality_procedure_name": c.unique("QP")})
	given = {"procedure": procedure.insert().name, "subject": "Mould 3"}
	for stranger in (world.sales, make_user(roles.AUDITOR), "Administrator"):
		with pytest.raises((frappe.ValidationError, frappe.PermissionError)):
			act(stranger, "open_non_conformance", name, **given)
	with as_user(user), pytest.raises(frappe.ValidationError, match="C12"):
		action_api.open_non_conformance(SIGNAL, name, "other", **given)
	with as_user(user), pytest.raises(frappe.ValidationError, match="H5: Actions are taken on"):
		action_api.open_non_conformance("Quality Action", name, "other", **given)
	act(user, "open_non_conformance", name, **given)
	owner = world.person(roles.PRODUCTION)
	action = {"corrective_preventive": "Corrective", "problem": "Worn", "responsible": owner}
	act(user, "open_quality_action", name, **action, completion_by=nowdate())
	by_hand = {"kind": "Correction", "description": "Sort the stock", "action_owner": owner}
	act(user, "add_action", name, **by_hand, due_date=nowdate())
	assert owner in standing(name)[1]
	signal = frappe.get_doc(SIGNAL, name)
	paper = frappe.get_doc("Non Conformance", signal.corrections[0].non_conformance)
	capa = frappe.get_doc("Quality Action", signal.corrections[1].quality_action)
	shown = api.get_shown(name)
	assert paper.name in shown["html"] and capa.name in shown["html"]
	for document in (paper, capa):
		with pytest.raises((frappe.ValidationError, frappe.LinkExistsError)):
			frappe.delete_doc(document.doctype, document.name, force=True)
	act(owner, "finish_action", name, signal.corrections[2].name, "Sorted")
	paper.update({"status": "Resolved"}).save()
	assert standing(name)[0] == rules.ACTING
	capa.resolutions[0].status = "Completed"
	capa.save()
	assert standing(name) == (rules.ASSESSED, set())
	# Opened again there, it is open here.
	paper.update({"status": "Open"}).save()
	assert standing(name)[0] == rules.ACTING
	assert verification.verify(SIGNAL, name).findings == []
	signed = frappe.get_all("Electronic Signature", {"reference_name": name}, pluck="meaning")
	assert sorted(signed) == ["Action on Signal Done", signals.ASSESSED]


@pytest.mark.rule("H8")
def test_h8_nothing_is_opened_from_a_signal_that_needs_no_action() -> None:
	(name,) = watched(c.item(), 5)
	user = make_user(roles.QUALITY)
	given = {"kind": "Correction", "description": "Sort", "action_owner": user, "due_date": nowdate()}
	with pytest.raises(frappe.ValidationError, match="H8: Assess the signal first"):
		act(user, "add_action", name, **given)
	with as_user(user):
		assert api.get_shown(name)["may"] == ["assess"]
		assess(name)
		assert api.get_shown(name)["may"] == []
	with pytest.raises(frappe.ValidationError, match="H8: Assess the signal first"):
		act(user, "add_action", name, **given)


@pytest.mark.rule("H8", "K6")
@pytest.mark.parametrize("by", rules.DIMENSIONS)
def test_h8_the_report_shows_trends_with_limits(monkeypatch: pytest.MonkeyPatch, by: str) -> None:
	item, customer = c.item(), c.customer()
	made = [Complaint(f"CC-{n}", ago(40 * n), item, "=LOT", "NO CODE", customer) for n in range(5)]
	monkeypatch.setattr(signals, "complaints", lambda first, last, read: made)
	goods = [Delivery(ago(10), 250, item, "=LOT", customer), Delivery(ago(200), 1000, item, "", customer)]
	monkeypatch.setattr(signals, "deliveries", lambda first, last: (goods, []))
	with as_user(make_user(roles.QUALITY)):
		_columns, rows, message, chart = complaint_trends.execute({"group_by": by})[:4]
	assert len(rows) == 1 and not message and chart
	row = rows[0]
	assert (row["complaints"], row["delivered"], row["limit_count"]) == (
		(5, 250, 5) if by == rules.BATCH else (3, 250, row["limit_count"])
	)
	assert sum(chart["data"]["datasets"][0]["values"]) == 5
	if by == rules.BATCH:
		assert row["group"] == "'=LOT" and row["item_code"] == item
	monkeypatch.setattr(signals, "deliveries", lambda first, last: ([], ["Sales Invoice"]))
	with as_user(make_user(roles.QUALITY)):
		_columns, rows, message, _chart = complaint_trends.execute({"group_by": by})[:4]
	assert rows[0]["delivered"] is None and rows[0]["rate"] is None and message


@pytest.mark.rule("H8")
def test_h8_the_report_answers_before_there_are_complaints() -> None:
	with as_user(make_user(roles.QUALITY)):
		run("Complaint Trends", filters="{}", ignore_prepared_report=True)
	with pytest.raises(frappe.ValidationError, match="H8"):
		complaint_trends.execute({"group_by": "Weather"})


@pytest.mark.rule("H8")
def test_h8_many_groups_without_a_signal_cost_no_query_each() -> None:
	def quiet(groups: int) -> int:
		made = [one for n in range(groups) for one in complaints(f"P{n}", 1)]
		with count_queries() as counted:
			signals.watch(made, [], getdate())
		return counted.count

	quiet(1)
	assert quiet(200) == quiet(2)
