"""The nightly sweep finds each committed contract that says what nobody approved, and only those."""

import json

import frappe
import pytest
from frappe.model.document import Document
from frappe.utils import add_to_date, now_datetime

from qms_customer.contract import adopt, approved, sweep, sweep_api, sweep_job
from qms_customer.rules import people as roles
from qms_customer.rules import sweep as rules
from tests.support import contracts as c
from tests.support.people import as_user, make_user
from tests.support.sql import count_queries

SCHEDULER = "qms_customer.contract.sweep.nightly"


def swept() -> Document:
	"""Sweep once, batch after batch, in this transaction."""
	record = sweep.start()
	while sweep.sweep_batch(record.name):
		pass
	return record.reload()


def findings(**filters: str) -> list[frappe._dict]:
	return frappe.get_all(
		sweep.FINDING,
		filters=filters,
		fields=["name", "reference_name", "status", "differences", "last_saved_by", "fingerprint"],
		order_by="creation",
	)


def tamper(doc: Document, rate: float = 1) -> None:
	"""Write past everything, as a script on the database would."""
	row = doc.items[0].name
	frappe.db.sql("update `tabSales Order Item` set rate = %s where name = %s", (rate, row))


@pytest.mark.rule("E8")
def test_e8_what_was_approved_is_not_found(world: c.World) -> None:
	c.committed_order(world, c.item(stock=50))
	record = swept()
	assert (record.status, record.found, record.open_findings) == ("Finished", 0, 0)
	assert record.looked_at and not record.running and record.finished_on
	assert not findings()


@pytest.mark.rule("E8")
def test_e8_a_rate_written_into_the_database_is_found_with_difference_and_name(world: c.World) -> None:
	doc, other = c.committed_order(world, c.item(stock=50)), c.committed_order(world, c.item(stock=50))
	tamper(doc)
	frappe.db.sql(
		"update `tabSales Order Item` set modified = %s, modified_by = %s where name = %s",
		(add_to_date(now_datetime(), hours=1), "thief@example.com", doc.items[0].name),
	)
	record = swept()
	(found,) = findings()
	assert record.found == record.open_findings == 1
	assert (found.reference_name, found.status) == (doc.name, rules.OPEN)
	assert found.last_saved_by == "thief@example.com"
	assert "1 instead of 100" in found.differences and other.name not in found.differences
	finding = frappe.get_doc(sweep.FINDING, found.name)
	assert (finding.approval_doctype, finding.approval_name) == ("Contract Review", doc.qms_contract_review)
	assert finding.customer == doc.customer


@pytest.mark.rule("E8")
@pytest.mark.parametrize(
	("table", "statement"),
	[
		("Sales Order", "update `tabSales Order` set qms_delivery_method = 'By drone' where name = %s"),
		("Sales Order Item", "delete from `tabSales Order Item` where parent = %s"),
		("Payment Schedule", "delete from `tabPayment Schedule` where parent = %s"),
		(
			"Contract Requirement",
			"update `tabContract Requirement` set requirement = 'Blue' where parent = %s",
		),
		("Sales Order", "update `tabSales Order` set customer = 'Somebody else' where name = %s"),
	],
)
def test_e8_head_rows_and_tables_count(world: c.World, table: str, statement: str) -> None:
	doc = c.committed_order(world, c.item(stock=50))
	frappe.db.sql(statement, doc.name)
	swept()
	assert [f.reference_name for f in findings()] == [doc.name], table


@pytest.mark.rule("E8", "C1")
def test_e8_an_order_committed_past_the_gate_is_found(world: c.World) -> None:
	doc = c.order(c.item())
	frappe.db.sql("update `tabSales Order` set docstatus = 1 where name = %s", doc.name)
	swept()
	(found,) = findings()
	assert found.reference_name == doc.name and "Nobody approved" in found.differences


@pytest.mark.rule("E8", "C1")
def test_e8_goods_that_were_turned_into_a_service_are_found(world: c.World) -> None:
	settings = frappe.get_doc("QMS Customer Settings")
	settings.gate_services = 0
	settings.change_reason = "Services are not reviewed"
	c.save_settings(settings)
	doc = c.committed_order(world, c.item(stock=50))
	service = c.item(is_stock_item=0)
	frappe.db.sql("update `tabSales Order Item` set item_code = %s where parent = %s", (service, doc.name))
	only = c.order(service)
	only.submit()
	swept()
	assert [f.reference_name for f in findings()] == [doc.name]


@pytest.mark.rule("E8")
def test_e8_a_finding_stands_once_until_it_fits_again(world: c.World) -> None:
	doc = c.committed_order(world, c.item(stock=50))
	tamper(doc)
	swept()
	assert swept().found == 0
	(first,) = findings()
	tamper(doc, 2)
	assert swept().found == 0
	(again,) = findings()
	assert again.name == first.name and again.fingerprint != first.fingerprint
	assert "2 instead of 100" in again.differences
	tamper(doc, 100)
	record = swept()
	assert (record.fit_again, record.open_findings) == (1, 0)
	assert [f.status for f in findings()] == [rules.FITS_AGAIN]
	tamper(doc, 1)
	assert swept().found == 1
	assert [f.status for f in findings()] == [rules.FITS_AGAIN, rules.OPEN]


@pytest.mark.rule("E8")
def test_e8_what_is_not_in_force_any_more_is_no_open_finding(world: c.World) -> None:
	doc = c.committed_order(world, c.item(stock=50))
	tamper(doc)
	swept()
	frappe.db.sql("update `tabSales Order` set docstatus = 2 where name = %s", doc.name)
	swept()
	assert [f.status for f in findings()] == [rules.NOT_IN_FORCE]


@pytest.mark.rule("E8")
def test_e8_an_adopted_order_fits_and_is_found_when_it_is_altered(world: c.World) -> None:
	late = c.order(c.item(), transaction_date=add_to_date(None, days=-7, as_string=True))
	with as_user(make_user("System Manager")):
		record = adopt.supplement([("Sales Order", late.name)], "Imported")
	with as_user(world.gm):
		adopt.sign(record.name, record.baseline_hash, "/")
	late.reload().submit()
	swept()
	assert not findings()
	tamper(late)
	swept()
	(found,) = findings()
	assert frappe.db.get_value(sweep.FINDING, found.name, "approval_doctype") == "Contract Adoption"


@pytest.mark.rule("E8", "K2")
def test_e8_a_renamed_customer_is_no_deviation_and_a_stranger_of_that_name_is(world: c.World) -> None:
	doc = c.committed_order(world, c.item(stock=50))
	old = doc.customer
	frappe.rename_doc("Customer", old, old + " (new)", force=True, show_alert=False)
	swept()
	assert not findings()
	frappe.db.sql("update `tabSales Order` set customer = %s where name = %s", (old, doc.name))
	swept()
	assert [f.reference_name for f in findings()] == [doc.name]


@pytest.mark.rule("E8", "K3", "C12")
def test_e8_a_finding_is_explained_by_who_answers_for_it_signed(world: c.World) -> None:
	doc = c.committed_order(world, c.item(stock=50))
	tamper(doc)
	swept()
	(found,) = findings()
	text = "Restored from the backup of Monday; put right by a notice"
	for user in (
		world.sales,
		world.vp,
		make_user("System Manager"),
		make_user(roles.AUDITOR),
		"Administrator",
	):
		with as_user(user), pytest.raises((frappe.ValidationError, frappe.PermissionError)):
			sweep_api.explain_finding(found.name, found.fingerprint, text)
	representative = make_user(roles.MANAGEMENT_REPRESENTATIVE)
	with as_user(representative):
		for said, hashed, rule in (("/", found.fingerprint, "K1"), (text, "other", "C12")):
			with pytest.raises(frappe.ValidationError, match=rule):
				sweep_api.explain_finding(found.name, hashed, said)
		sweep_api.explain_finding(found.name, found.fingerprint, text)
		with pytest.raises(frappe.ValidationError, match="E8"):
			sweep_api.explain_finding(found.name, found.fingerprint, text)
	finding = frappe.get_doc(sweep.FINDING, found.name)
	assert (finding.status, finding.explained_by) == (rules.EXPLAINED, representative)
	assert frappe.db.exists(
		"Electronic Signature", {"reference_name": finding.name, "meaning": sweep.EXPLAINED}
	)
	# What was explained is not listed twice; what is altered after that is.
	assert swept().found == 0
	tamper(doc, 3)
	assert swept().found == 1


@pytest.mark.rule("E8", "C12")
def test_e8_nobody_explains_what_they_saved_last(world: c.World) -> None:
	doc = c.committed_order(world, c.item(stock=50))
	tamper(doc)
	gm = world.gm
	frappe.db.sql(
		"update `tabSales Order` set modified = %s, modified_by = %s where name = %s",
		(add_to_date(now_datetime(), hours=1), gm, doc.name),
	)
	swept()
	(found,) = findings()
	with as_user(gm), pytest.raises(frappe.ValidationError, match="C12"):
		sweep_api.explain_finding(found.name, found.fingerprint, "It was me")


@pytest.mark.rule("E8", "K2")
@pytest.mark.parametrize("doctype", [sweep.SWEEP, sweep.FINDING])
def test_e8_nobody_writes_sweeps_or_findings_by_hand(world: c.World, doctype: str) -> None:
	doc = c.committed_order(world, c.item(stock=50))
	tamper(doc)
	swept()
	name = frappe.get_all(doctype, pluck="name")[0]
	for change in (
		lambda: frappe.get_doc({"doctype": doctype, "status": "Finished"}).insert(),
		lambda: frappe.get_doc(doctype, name).db_set("status", "Finished"),
		lambda: frappe.get_doc(doctype, name).update({"status": "Explained"}).save(),
		lambda: frappe.delete_doc(doctype, name),
		lambda: frappe.rename_doc(doctype, name, "other"),
	):
		with pytest.raises((frappe.ValidationError, frappe.PermissionError)):
			change()


@pytest.mark.rule("E8")
def test_e8_who_starts_one_by_hand(world: c.World) -> None:
	for user in (world.sales, make_user(roles.AUDITOR)):
		with as_user(user), pytest.raises(frappe.ValidationError, match="E8"):
			sweep_api.start_sweep()
	with as_user(world.gm):
		first = sweep_api.start_sweep()["name"]
		# One at a time.
		assert sweep_api.start_sweep()["name"] == first
	sweep.nightly()
	assert frappe.db.count(sweep.SWEEP, {"status": "Running"}) == 1


@pytest.mark.rule("E8")
def test_e8_a_sweep_goes_on_where_it_was_killed(world: c.World, monkeypatch: pytest.MonkeyPatch) -> None:
	docs = [c.committed_order(world, c.item(stock=50)) for _n in range(3)]
	for doc in docs:
		tamper(doc)
	monkeypatch.setattr(sweep, "BATCH", 1)
	record = sweep.start()
	assert sweep.sweep_batch(record.name)
	assert len(findings()) == 1
	# Killed here: what comes later takes it up, and finds nothing twice.
	frappe.db.set_value(sweep.SWEEP, record.name, "heartbeat", add_to_date(now_datetime(), hours=-1))
	queued: list[str] = []
	monkeypatch.setattr(sweep, "_enqueue", queued.append)
	sweep.resume_killed()
	assert queued == [record.name]
	while sweep.sweep_batch(record.name):
		pass
	assert sorted(f.reference_name for f in findings()) == sorted(doc.name for doc in docs)
	record.reload()
	assert record.found == 3 and record.looked_at >= 3
	# A job that comes too late does nothing.
	assert sweep.sweep_batch(record.name) is False


@pytest.mark.rule("E8")
def test_e8_the_job_runs_to_the_end_and_tells_who_answers_for_it(world: c.World, committed: object) -> None:
	doc = c.committed_order(world, c.item(stock=50))
	tamper(doc)
	representative = make_user(roles.MANAGEMENT_REPRESENTATIVE)
	record = sweep.start()
	sweep_job.run(record.name)
	record.reload()
	assert record.status == "Finished" and record.found == 1
	assert frappe.db.exists(
		"ToDo", {"reference_name": record.name, "allocated_to": representative, "status": "Open"}
	)


@pytest.mark.rule("E8")
def test_e8_a_batch_takes_a_constant_number_of_queries(world: c.World) -> None:
	names = [c.committed_order(world, c.item(stock=50)).name for _n in range(2)]
	sweep.look_at("Sales Order", names)
	with count_queries() as one:
		sweep.look_at("Sales Order", names[:1])
	names += [c.committed_order(world, c.item(stock=50)).name for _n in range(3)]
	with count_queries() as many:
		looks = sweep.look_at("Sales Order", names)
	assert all(look.fits for look in looks) and len(looks) == 5
	assert many.count == one.count


@pytest.mark.rule("E8")
def test_e8_quotations_and_blanket_orders_are_swept_as_well(world: c.World) -> None:
	tender = c.quotation(c.item(stock=50), qms_is_tender=1)
	c.approve(world, tender)
	tender.reload().submit()
	frame = c.blanket_order((c.item(stock=50), 5, 100))
	c.approve(world, frame)
	frame.reload().submit()
	swept()
	assert not findings()
	# Without its tick it is a tender still.
	frappe.db.sql("update `tabQuotation` set qms_is_tender = 0 where name = %s", tender.name)
	frappe.db.sql("update `tabBlanket Order Item` set rate = 1 where parent = %s", frame.name)
	swept()
	assert sorted(f.reference_name for f in findings()) == sorted([tender.name, frame.name])


@pytest.mark.rule("E8")
def test_e8_it_runs_every_night() -> None:
	assert SCHEDULER in frappe.get_hooks("scheduler_events")["daily"]
	assert "qms_customer.contract.sweep.resume_killed" in frappe.get_hooks("scheduler_events")["hourly"]


@pytest.mark.rule("E8", "L1")
@pytest.mark.parametrize("role", [roles.AUDITOR, roles.SALES_USER, roles.MANAGEMENT_REPRESENTATIVE])
def test_e8_the_report_is_read_by(world: c.World, role: str) -> None:
	from frappe.desk import reportview

	doc = c.committed_order(world, c.item(stock=50))
	tamper(doc)
	swept()
	report = frappe.get_doc("Report", "Contracts Altered without Approval")
	wanted = json.loads(report.json)
	with as_user(make_user(role)):
		frappe.local.form_dict = frappe._dict(
			doctype=report.ref_doctype,
			fields=json.dumps([f"`tab{d}`.`{f}`" for f, d in wanted["fields"]]),
			filters=json.dumps(wanted["filters"]),
			order_by=wanted["order_by"],
			start=0,
			page_length=20,
		)
		rows = reportview.get()
	assert any(doc.name in row for row in rows["values"])


def test_the_ledger_is_not_asked_for_what_is_not_there() -> None:
	assert sweep.look_at("Sales Order", []) == []
	assert approved.rows("Sales Order", [""]) == []
