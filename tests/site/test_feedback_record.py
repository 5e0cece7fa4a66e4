"""All feedback is recorded, by whoever of ours hears it, with when it was first known (H1, H4, K7)."""

from __future__ import annotations

import frappe
import pytest
from frappe.utils import add_days, add_to_date, get_datetime, getdate, now_datetime, nowdate

from qms_customer.contract import states, workdays
from qms_customer.feedback import complaint_api, intake, reporting_api
from qms_customer.feedback import feedback_api as api
from qms_customer.messages import QMSRefusal
from qms_customer.records import verification
from qms_customer.returns import opened
from qms_customer.rules import people as roles
from qms_customer.rules.patient import MASK, RECORDERS
from tests.support import contracts as c
from tests.support import feedback as f
from tests.support import sales
from tests.support.doors import nothing_changes
from tests.support.people import as_user, make_user
from tests.support.sql import count_queries

PATIENT = {"patient_reference": "P-17", "patient_age": "61", "patient_sex": "F", "patient_details": "Stroke"}


def hours(number: int) -> str:
	return str(add_to_date(now_datetime(), hours=number))[:19]


@pytest.mark.rule("H1")
@pytest.mark.parametrize("role", intake.RECORDERS)
def test_whoever_of_ours_hears_something_records_it(world: c.World, role: str) -> None:
	with as_user(world.person(role)):
		doc = frappe.get_doc(f.values()).insert()
		doc.subject = "Leaking catheter"
		doc.save()
	assert (doc.workflow_state, doc.docstatus) == (states.FEEDBACK_TO_ASSESS, 0)
	assert verification.verify(f.FEEDBACK, doc.name).findings == []


@pytest.mark.rule("L1")
def test_the_auditor_records_nothing(world: c.World) -> None:
	with as_user(world.person(roles.AUDITOR)), pytest.raises(frappe.PermissionError):
		frappe.get_doc(f.values()).insert()


@pytest.mark.rule("H1")
def test_what_is_missing_is_said_at_once(world: c.World) -> None:
	with as_user(world.sales), pytest.raises(QMSRefusal) as refusal:
		frappe.get_doc(f.values(source="", details=" ")).insert()
	assert "Say who it comes from" in str(refusal.value)
	assert "Say what was said" in str(refusal.value)


@pytest.mark.rule("H1")
def test_an_unknown_customer_batch_or_device_is_recorded_all_the_same(world: c.World) -> None:
	doc = f.recorded(world, contact_name="A passer-by", batch_no="no such batch", serial_no="no such device")
	assert (doc.batch_no, doc.customer) == ("no such batch", None)


@pytest.mark.rule("H1")
def test_a_scanned_code_says_which_device_it_is(world: c.World) -> None:
	number, other = "06900009900018", "06900009900070"
	code = c.item(has_batch_no=1, create_new_batch=0, barcodes=[{"barcode": number}])
	batch = sales.batch(code, 3, name=f"B{frappe.generate_hash(length=6).upper()}")
	doc = f.recorded(world, udi=f"01{number}10{batch}")
	assert (doc.item_code, doc.batch_no) == (code, batch)
	unknown = f.recorded(world, udi=f"01{other}10NO-SUCH")
	assert not unknown.item_code
	assert unknown.udi
	assert not frappe.message_log


@pytest.mark.rule("H4")
def test_awareness_is_at_the_latest_the_receipt(world: c.World) -> None:
	received = hours(-5)
	assert get_datetime(f.recorded(world, received_on=received).aware_on) == get_datetime(received)
	assert get_datetime(f.recorded(world, aware_on=hours(-30)).aware_on) < get_datetime(hours(-29))
	for times in (
		{"aware_on": hours(1)},
		{"received_on": hours(-5), "aware_on": hours(-4)},
		{"received_on": hours(2)},
		{"happened_on": hours(3)},
		{"happened_on": hours(-1), "aware_on": hours(-2)},
	):
		with pytest.raises(QMSRefusal, match=r"(H4|K3):"), nothing_changes():
			f.recorded(world, **times)


@pytest.mark.rule("H4")
def test_awareness_is_corrected_only_by_its_step(world: c.World) -> None:
	doc = f.recorded(world)
	with as_user(world.sales):
		with pytest.raises(QMSRefusal, match="Correct Awareness"), nothing_changes(doc):
			frappe.client.set_value(f.FEEDBACK, doc.name, "aware_on", hours(-9))
		with pytest.raises(QMSRefusal, match="Say why"), nothing_changes(doc):
			api.correct_awareness(doc.name, f.shown(doc), hours(-9), "/")
		earlier = hours(-9)
		api.correct_awareness(doc.name, f.shown(doc), earlier, "The distributor knew in the morning", "Mr Li")
	doc.reload()
	assert (get_datetime(doc.aware_on), doc.aware_by) == (get_datetime(earlier), "Mr Li")
	assert verification.verify(f.FEEDBACK, doc.name).findings == []


@pytest.mark.rule("H4")
def test_a_later_awareness_is_approved_by_the_management_representative(world: c.World) -> None:
	doc = f.recorded(world, aware_on=hours(-9))
	for user in (world.sales, world.person(roles.QUALITY), world.gm):
		with as_user(user), pytest.raises(QMSRefusal, match="the management representative approves"):
			api.correct_awareness(doc.name, f.shown(doc), hours(-3), "The distributor erred")
	with as_user(world.person(roles.MANAGEMENT_REPRESENTATIVE)):
		own = frappe.get_doc(f.values(aware_on=hours(-9))).insert()
		with pytest.raises(QMSRefusal, match="the management representative approves"):
			api.correct_awareness(own.name, f.shown(own), hours(-3), "I erred")
		with pytest.raises(QMSRefusal, match="at the latest now"):
			api.correct_awareness(doc.name, f.shown(doc), hours(1), "The distributor erred")
		api.correct_awareness(doc.name, f.shown(doc), hours(-3), "The distributor erred")
	signed = frappe.get_last_doc("Electronic Signature", {"reference_name": doc.name})
	assert (signed.meaning, signed.role) == (
		"Time of Awareness Corrected",
		roles.MANAGEMENT_REPRESENTATIVE,
	)


@pytest.mark.rule("L3")
def test_it_waits_in_the_inbox_until_its_business_day(world: c.World) -> None:
	quality, service = world.person(roles.QUALITY), world.person(roles.SERVICE)
	doc = f.recorded(world, concerned_user=service)
	due = workdays.calendar(c.COMPANY).add_workdays(getdate(nowdate()), 2)
	assert getdate(doc.assess_by) == due
	asked = dict(
		frappe.get_all(
			"ToDo",
			filters={"reference_type": f.FEEDBACK, "reference_name": doc.name, "status": "Open"},
			fields=["allocated_to", "date"],
			as_list=True,
		)
	)
	assert asked[quality] == due
	assert service not in asked
	# A later receipt gives nobody more time.
	early = f.recorded(world, received_on=hours(-24 * 9))
	before = early.assess_by
	with as_user(world.sales):
		early.received_on = hours(-1)
		early.save()
	with as_user(world.sales), pytest.raises(QMSRefusal):
		early.assess_by = add_days(nowdate(), 30)
		early.save()
	assert getdate(early.reload().assess_by) == getdate(before)


@pytest.mark.rule("K7")
def test_what_is_known_of_the_patient_is_masked_for_everybody(world: c.World) -> None:
	with as_user(world.person(roles.QUALITY)):
		doc = frappe.get_doc(f.values(**PATIENT)).insert()
	for role in roles.ROLES:
		with as_user(world.person(role)):
			seen = frappe.client.get(f.FEEDBACK, doc.name)
			listed = frappe.get_list(
				f.FEEDBACK, filters={"name": doc.name}, fields=["name", "patient_details"]
			)
			panel = api.get_panel(doc.name)
		# Who records it sees that something is recorded; it is read in one place only, which logs it.
		mask = MASK if role in RECORDERS else None
		assert seen.get("patient_details") == listed[0].get("patient_details") == mask, role
		assert "Stroke" not in str(panel)
	chained = frappe.get_all("Record Snapshot", filters={"reference_name": doc.name}, pluck="content")
	assert chained
	assert "Stroke" not in str(chained)


@pytest.mark.rule("H1")
def test_reports_of_one_event_are_suggested_and_linked_and_both_stay(world: c.World) -> None:
	code, other = c.item(), c.item()
	first = f.recorded(world, item_code=code, batch_no="B1", contact_email="gu@hospital.example")
	same = f.recorded(
		world,
		item_code=code,
		batch_no="B1",
		contact_email="Gu@hospital.example",
		details="At the hub the catheter leaks!",
	)
	f.recorded(world, item_code=other, batch_no="B1", contact_email="gu@hospital.example")
	f.recorded(world, item_code=code, batch_no="B2", contact_email="gu@hospital.example")
	with as_user(world.person(roles.QUALITY)):
		panel = api.get_panel(same.name)
		assert panel["similar"] == [first.name]
		api.link_duplicate(same.name, panel["hash"], first.name)
		assert api.get_panel(same.name)["similar"] == []
		assert same.name in api.get_panel(first.name)["html"]
		for doc, twin in ((same, first), (first, same)):
			with pytest.raises(QMSRefusal, match="linked already"):
				api.link_duplicate(doc.name, f.shown(doc), twin.name)
		with pytest.raises(QMSRefusal, match="not another report of itself"):
			api.link_duplicate(same.name, f.shown(same), same.name)
	same.reload()
	assert [row.feedback for row in same.duplicates] == [first.name]
	assert same.workflow_state == first.reload().workflow_state == states.FEEDBACK_TO_ASSESS
	with as_user(world.sales), pytest.raises(QMSRefusal, match="H1"):
		api.link_duplicate(first.name, f.shown(first), same.name)


@pytest.mark.rule("H1", "H4")
def test_a_report_of_the_same_event_that_was_known_earlier_is_told_of(world: c.World) -> None:
	early, late = add_to_date(now_datetime(), days=-9), add_to_date(now_datetime(), days=-2)
	code, quality, other = c.item(), world.person(roles.QUALITY), make_user(roles.QUALITY)
	first = f.recorded(world, item_code=code, aware_on=early)
	later = f.assess(world, f.recorded(world, item_code=code, aware_on=late), "Complaint")
	complaint = frappe.get_doc("Customer Complaint", later.complaint)

	def shown() -> list[bool]:
		with as_user(quality):
			panels = (
				api.get_panel(first.name),
				api.get_panel(later.name),
				reporting_api.get_complaint_panel(complaint.name),
			)
		return ["qms-known-earlier" in panel["html"] for panel in panels]

	assert shown() == [False, False, False]
	frappe.clear_messages()
	# Whichever of the two is linked with the other.
	with as_user(quality):
		api.link_duplicate(first.name, f.shown(first), later.name)
	said = [m["message"] for m in frappe.message_log]
	assert len(said) == 1 and first.name in said[0] and f"Correct Awareness on {complaint.name}" in said[0]
	told = {"document_type": "Customer Complaint", "document_name": complaint.name, "for_user": other}
	assert frappe.db.get_value("Notification Log", told, "subject").startswith(first.name)
	assert shown() == [False, False, True]
	with as_user(quality):
		complaint_api.correct_awareness(
			complaint.name, opened.shown_hash(complaint.reload()), str(early), "Known by the other report"
		)
	assert shown() == [False, False, False]


@pytest.mark.rule("H1")
def test_the_same_device_is_nearly_proof(world: c.World) -> None:
	code = c.item()
	first = f.recorded(world, item_code=code, serial_no="SN-1", details="It is hot")
	second = f.recorded(world, item_code=code, serial_no="SN-1", details="Smoke came out")
	f.recorded(world, item_code=code, serial_no="SN-2", details="Smoke came out")
	with as_user(world.person(roles.SERVICE)):
		assert api.get_panel(second.name)["similar"] == [first.name]


@pytest.mark.rule("H1")
def test_the_panel_costs_the_same_however_many_reports_there_are(world: c.World) -> None:
	code = c.item()
	doc = f.recorded(world, item_code=code, batch_no="B1")
	counted = []
	for _round in range(2):
		with as_user(world.person(roles.QUALITY)):
			api.get_panel(doc.name)
			with count_queries() as queries:
				api.get_panel(doc.name)
		counted.append(queries.count)
		for number in range(5):
			f.recorded(world, item_code=code, batch_no=f"C{number}")
	assert counted[0] == counted[1]
