"""No door commits an order whose content nobody approved; each lets an approved one through."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import frappe
import pytest
from erpnext.manufacturing.doctype.blanket_order.blanket_order import make_order
from erpnext.selling.doctype.quotation.quotation import make_sales_order
from frappe import client
from frappe.desk.doctype.bulk_update import bulk_update
from frappe.desk.form import save
from frappe.handler import run_doc_method
from frappe.model.document import Document
from frappe.model.workflow import apply_workflow, bulk_workflow_approval
from frappe.utils import add_days, nowdate

from qms_customer.messages import QMSRefusal
from tests.support import contracts as c
from tests.support.company import COMPANY
from tests.support.doors import WHO, copied, counts, fresh, login, nothing_changes, refused, sent, stored
from tests.support.people import as_user
from tests.support.sql import count_queries
from tests.support.web import messages


@pytest.fixture(params=WHO)
def user(request: pytest.FixtureRequest) -> str:
	return login(request.param)


def approved_order(world: c.World, **values: Any) -> Document:
	doc = c.order(c.item(stock=50), **values)
	c.approve(world, doc)
	return fresh(doc)


def by_submit(doc: Document) -> None:
	doc.submit()


def by_save(doc: Document) -> None:
	doc.docstatus = 1
	doc.save()


def by_form(doc: Document) -> None:
	save.savedocs(sent(doc), "Submit")


def by_form_update(doc: Document) -> None:
	save.savedocs(sent(doc), "Update")


def by_client_submit(doc: Document) -> None:
	client.submit(sent(doc))


def by_client_save(doc: Document) -> None:
	client.save(sent(doc, docstatus=1))


def by_client_save_with_flags(doc: Document) -> None:
	client.save(sent(doc, docstatus=1, flags={"ignore_validate": 1, "in_print": 1}, ignore_validate=1))


def by_set_value(doc: Document) -> None:
	client.set_value(doc.doctype, doc.name, json.dumps({"docstatus": 1}))


def by_run_doc_method(doc: Document) -> None:
	frappe.local.request = frappe._dict(method="POST", headers={})
	try:
		run_doc_method("submit", docs=sent(doc))
	finally:
		del frappe.local.request


def by_run_doc_method_of_name(doc: Document) -> None:
	frappe.local.request = frappe._dict(method="POST", headers={})
	try:
		run_doc_method("submit", dt=doc.doctype, dn=doc.name)
	finally:
		del frappe.local.request


def without_validation(doc: Document) -> None:
	doc.flags.ignore_validate = True
	doc.submit()


def without_permission(doc: Document) -> None:
	doc.flags.update(ignore_permissions=True, ignore_mandatory=True, ignore_links=True)
	doc.flags.ignore_validate_update_after_submit = True
	doc.submit()


def by_single_field(doc: Document) -> None:
	doc.db_set("docstatus", 1)


def by_single_field_after_failed_submit(doc: Document) -> None:
	try:
		doc.submit()
	except frappe.ValidationError:
		frappe.clear_messages()
	doc.db_set({"docstatus": 1, "status": "To Deliver and Bill"})


IN_PROCESS = [
	by_submit,
	by_save,
	by_form,
	by_form_update,
	by_client_submit,
	by_client_save,
	by_client_save_with_flags,
	by_set_value,
	by_run_doc_method,
	by_run_doc_method_of_name,
	without_validation,
	without_permission,
	by_single_field,
	by_single_field_after_failed_submit,
]


@pytest.mark.rule("C1")
@pytest.mark.parametrize("door", IN_PROCESS, ids=lambda d: d.__name__)
def test_submit(world: c.World, user: str, door: Callable[[Document], None]) -> None:
	doc = c.order(c.item(stock=50))
	with refused("C1", doc, user=user, words="Start Contract Review"):
		door(fresh(doc))
	c.approve(world, doc)
	with as_user(user):
		door(fresh(doc))
	assert frappe.db.get_value("Sales Order", doc.name, "docstatus") == 1


@pytest.mark.rule("C1")
@pytest.mark.parametrize(
	"door", [by_submit, by_form, by_client_submit, without_validation], ids=lambda d: d.__name__
)
@pytest.mark.parametrize(
	"change",
	[
		{"customer_po": {"po_no": "PO-2"}},
		{"rows": {"qty": 6}},
		{"rows": {"rate": 99}},
		{"head": {"qms_delivery_method": "Air freight"}},
		{"head": {"additional_discount_percentage": 5}},
	],
	ids=lambda v: str(next(iter(v.values()))),
)
def test_submit_of_something_else_than_was_approved(
	world: c.World, user: str, door: Callable[[Document], None], change: dict
) -> None:
	"""The form sends the change together with the submit, so that no save comes before it."""
	doc = approved_order(world)
	with refused("C1", doc, user=user, words="next version"):
		altered = fresh(doc)
		for place, values in change.items():
			(altered.items[0] if place == "rows" else altered).update(values)
		door(altered)


@pytest.mark.rule("C1")
def test_bulk_update_swallows_the_refusal_and_leaves_nothing(world: c.World, user: str) -> None:
	doc, good = c.order(c.item(stock=50)), approved_order(world)
	rows = [
		{"doctype": "Sales Order", "docname": d.name, "docstatus": 1, "flags": {"ignore_validate": 1}}
		for d in (doc, good)
	]
	with nothing_changes(doc), as_user(user):
		failed = client.bulk_update(json.dumps(rows))["failed_docs"]
	assert [f["doc"]["docname"] for f in failed] == [doc.name] and "QMSRefusal" in failed[0]["exc"]
	assert fresh(good).docstatus == 1


def inserted(values: dict) -> None:
	frappe.get_doc(values).insert()


def client_inserted(values: dict) -> None:
	client.insert(json.dumps(values))


def many_inserted(values: dict) -> None:
	client.insert_many(json.dumps([values]))


def inserted_by_form(values: dict) -> None:
	save.savedocs(json.dumps({**values, "name": "new-sales-order-1", "__islocal": 1}), "Submit")


def inserted_by_form_as_draft(values: dict) -> None:
	save.savedocs(json.dumps({**values, "name": "new-sales-order-1", "__islocal": 1}), "Save")


def inserted_without_validation(values: dict) -> None:
	doc = frappe.get_doc(values)
	doc.flags.update(ignore_validate=True, ignore_permissions=True, ignore_mandatory=True)
	doc.insert()


@pytest.mark.rule("C1")
@pytest.mark.parametrize(
	"door",
	[inserted, client_inserted, many_inserted, inserted_by_form, inserted_without_validation],
	ids=lambda d: d.__name__,
)
def test_insert_as_submitted(world: c.World, user: str, door: Callable[[dict], None]) -> None:
	values = copied(c.order(c.item(stock=50)))
	with refused("C1", user=user):
		door({**values, "docstatus": 1})
	with as_user(user):
		# The form's own "Submit" cannot save a draft; its "Save" can.
		(inserted_by_form_as_draft if door is inserted_by_form else door)(values)
	doc = frappe.get_last_doc("Sales Order")
	assert doc.docstatus == 0
	c.approve(world, doc)
	doc.reload()
	with as_user(user):
		doc.submit()


@pytest.mark.rule("C1")
def test_the_name_of_an_approved_order_gives_a_new_one_nothing(world: c.World, user: str) -> None:
	doc = approved_order(world)
	values = {**copied(doc), "name": doc.name, "po_no": "other", "docstatus": 1}
	with refused("C1", doc, user=user):
		frappe.get_doc(values).insert(set_name=f"{doc.name}-B")
	with nothing_changes(doc), as_user(user), pytest.raises(frappe.LinkExistsError):
		frappe.delete_doc("Sales Order", doc.name)


HTTP = {
	"PUT": lambda w, d: w.put(f"/api/resource/Sales Order/{d.name}", json={"docstatus": 1}),
	"PUT v1": lambda w, d: w.put(f"/api/v1/resource/Sales Order/{d.name}", json={"docstatus": 1}),
	"PUT v2": lambda w, d: w.put(f"/api/v2/document/Sales Order/{d.name}/", json={"docstatus": 1}),
	"PATCH v2": lambda w, d: w.patch(f"/api/v2/document/Sales Order/{d.name}/", json={"docstatus": 1}),
	"run_method": lambda w, d: w.post(f"/api/resource/Sales Order/{d.name}", json={"run_method": "submit"}),
	"method v2": lambda w, d: w.post(f"/api/v2/document/Sales Order/{d.name}/method/submit", json={}),
	"run_doc_method v2": lambda w, d: w.post(
		"/api/v2/method/run_doc_method", json={"method": "submit", "document": json.loads(sent(d))}
	),
	"run_doc_method": lambda w, d: w.call("run_doc_method", method="submit", docs=sent(d)),
	"run_doc_method dt": lambda w, d: w.call("run_doc_method", method="submit", dt="Sales Order", dn=d.name),
	"client.submit": lambda w, d: w.call("frappe.client.submit", doc=sent(d)),
	"client.save": lambda w, d: w.call("frappe.client.save", doc=sent(d, docstatus=1)),
	"client.set_value": lambda w, d: w.call(
		"frappe.client.set_value", doctype="Sales Order", name=d.name, fieldname={"docstatus": 1}
	),
	"savedocs": lambda w, d: w.call("frappe.desk.form.save.savedocs", doc=sent(d), action="Submit"),
}
HTTP_NEW = {
	"POST": lambda w, v: w.post("/api/resource/Sales Order", json=v),
	"POST v2": lambda w, v: w.post("/api/v2/document/Sales Order/", json=v),
	"client.insert": lambda w, v: w.call("frappe.client.insert", doc=v),
}


def shown(response: Any) -> str:
	"""The messages of a refused request, of either version of the API."""
	errors = response.json().get("errors") or []
	return " ".join([*messages(response), *(str(e.get("message")) for e in errors)])


@pytest.mark.rule("C1")
def test_submit_over_http(world: c.World, user: str, http: Callable[..., Any]) -> None:
	code = c.item(stock=200)
	doc = c.order(code)
	ready = {}
	for door in HTTP:
		ready[door] = c.order(code)
		c.approve(world, ready[door])
	web = http(user)
	values = {**copied(doc), "docstatus": 1}
	before = stored("Sales Order", doc.name), counts()
	for door, call in {**HTTP, **HTTP_NEW}.items():
		response = call(web, doc if door in HTTP else values)
		assert response.status_code == 417, (door, response.status_code, response.text[-600:])
		assert "C1: " in shown(response), (door, response.text)
		frappe.db.rollback()
		assert (stored("Sales Order", doc.name), counts()) == before, door
	for door, call in HTTP.items():
		response = call(web, fresh(ready[door]))
		assert response.status_code == 200, (door, response.text[-600:])
		frappe.db.rollback()
		assert frappe.db.get_value("Sales Order", ready[door].name, "docstatus") == 1, door


@pytest.mark.rule("C1")
@pytest.mark.parametrize("number", [2, 21])
def test_bulk_submit_from_the_list(
	world: c.World, user: str, number: int, committed: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
	code = c.item(stock=500)
	drafts = [c.order(code).name for _ in range(number - 1)]
	good = c.order(code)
	c.approve(world, good)
	committed()
	results: list[list[str]] = []
	if number > 20:
		monkeypatch.setattr(frappe, "enqueue", lambda job, queue, timeout, **k: results.append(job(**k)))
	before = {name: stored("Sales Order", name) for name in drafts}
	with as_user(user):
		failed = bulk_update.submit_cancel_or_update_docs("Sales Order", json.dumps([*drafts, good.name]))
	assert (failed or results[0]) == drafts
	assert {name: stored("Sales Order", name) for name in drafts} == before
	assert fresh(good).docstatus == 1


@pytest.mark.rule("C1")
def test_submission_queue(
	world: c.World, user: str, committed: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
	"""Submitting in the background: the person is told, the order is a draft as before."""
	doc, good = c.order(c.item(stock=50)), approved_order(world)
	committed()
	before = stored("Sales Order", doc.name)
	# The worker's side of it: it gets the document and calls the queue's own method.
	module = "frappe.core.doctype.submission_queue.submission_queue"
	monkeypatch.setattr(f"{module}.get_current_job", lambda: frappe._dict(id="a job"))
	with as_user(user):
		for one in (fresh(doc), fresh(good)):
			queue = frappe.new_doc("Submission Queue")
			queue.ref_doctype, queue.ref_docname = one.doctype, one.name
			queue.insert(one, "submit")
			committed()
			one.unlock()
			queue.background_submission(one, "submit")
			committed()  # as the worker does at the end of a job
	frappe.db.rollback()
	told = frappe.get_all("Submission Queue", fields=["ref_docname", "status", "exception"])
	assert stored("Sales Order", doc.name) == before and fresh(good).docstatus == 1, told
	told = frappe.get_all(
		"Submission Queue", filters={"ref_docname": doc.name}, fields=["status", "exception"]
	)
	assert told[0].status == "Failed" and "C1" in told[0].exception


def order_workflow(**final: Any) -> None:
	for name in ("Open Order", "Sold Order"):
		frappe.get_doc({"doctype": "Workflow State", "workflow_state_name": name}).insert()
	frappe.get_doc({"doctype": "Workflow Action Master", "workflow_action_name": "Sell"}).insert()
	frappe.get_doc(
		{
			"doctype": "Workflow",
			"workflow_name": "Orders of the site",
			"document_type": "Sales Order",
			"workflow_state_field": "workflow_state",
			"is_active": 1,
			"send_email_alert": 0,
			"states": [
				{"state": "Open Order", "doc_status": "0", "allow_edit": "All"},
				{"state": "Sold Order", "doc_status": "1", "allow_edit": "All", **final},
			],
			"transitions": [
				{
					"state": "Open Order",
					"action": "Sell",
					"next_state": "Sold Order",
					"allowed": "All",
					"allow_self_approval": 1,
				}
			],
		}
	).insert()


@pytest.mark.rule("C1")
def test_apply_workflow_of_the_site(world: c.World, user: str, committed: Callable[[], None]) -> None:
	order_workflow()
	doc, good = c.order(c.item(stock=50)), c.order(c.item(stock=50))
	c.approve(world, good)
	with refused("C1", doc, user=user):
		apply_workflow(sent(fresh(doc)), "Sell")
	committed()
	before = stored("Sales Order", doc.name)
	with as_user(user):
		bulk_workflow_approval(json.dumps([doc.name]), "Sales Order", "Sell")
	assert stored("Sales Order", doc.name) == before
	with as_user(user):
		apply_workflow(sent(fresh(good)), "Sell")
	good = fresh(good)
	assert (good.docstatus, good.workflow_state) == (1, "Sold Order")
	with pytest.raises(QMSRefusal, match="change notice"):
		good.cancel()


@pytest.mark.rule("C1")
def test_a_workflow_that_alters_what_it_submits(
	world: c.World, user: str, committed: Callable[[], None]
) -> None:
	"""The field is set before the gate, so what is submitted is not what was approved."""
	order_workflow(update_field="qms_delivery_method", update_value="Air freight")
	doc = c.order(c.item(stock=50))
	c.approve(world, doc)
	with refused("C1", doc, user=user):
		apply_workflow(sent(fresh(doc)), "Sell")


@pytest.mark.rule("C1")
def test_content_altered_behind_the_gate(world: c.World, user: str, monkeypatch: pytest.MonkeyPatch) -> None:
	"""Another app alters the order between our gate and the database: also refused, also without a trace."""
	doc = approved_order(world)
	altered = fresh(doc)

	def rise(self: Document) -> None:
		self.items[0].qty = 500

	monkeypatch.setattr(type(altered), "validate_workflow", rise)
	with refused("C1", doc, user=user, words="altered while it was submitted"):
		altered.submit()


def imported(doctype: str, rows: list[dict], **values: Any) -> Document:
	text = io.StringIO()
	writer = csv.DictWriter(text, list(rows[0]))
	writer.writeheader()
	writer.writerows(rows)
	file = frappe.get_doc(
		{
			"doctype": "File",
			"file_name": f"import-{frappe.generate_hash(length=6)}.csv",
			"content": text.getvalue(),
			"is_private": 1,
		}
	).insert()
	job = frappe.get_doc(
		{
			"doctype": "Data Import",
			"reference_doctype": doctype,
			"import_type": "Insert New Records",
			"import_file": file.file_url,
			**values,
		}
	).insert()
	frappe.db.commit()
	job.start_import()
	frappe.db.rollback()
	return job.reload()


@pytest.mark.rule("C1")
def test_data_import_with_submit(world: c.World, user: str, committed: Callable[[], None]) -> None:
	doc = c.order(c.item(stock=50))
	rows = [
		{
			"Customer": doc.customer,
			"Date": nowdate(),
			"Company": COMPANY,
			"Currency": "CNY",
			"Delivery Date": add_days(nowdate(), 30),
			"Item Code (Items)": doc.items[0].item_code,
			"Quantity (Items)": 5,
			"Rate (Items)": 100,
			"Delivery Warehouse (Items)": c.warehouse(),
			"Delivery Date (Items)": add_days(nowdate(), 30),
		}
	]
	committed()
	before = counts()
	with as_user(user):
		job = imported("Sales Order", rows, submit_after_import=1)
	log = frappe.get_all(
		"Data Import Log", filters={"data_import": job.name}, fields=["success", "messages", "exception"]
	)
	assert job.status != "Success" and "C1" in (log[0].messages or "") + (log[0].exception or ""), (
		job.status,
		log,
	)
	assert counts() == before
	with as_user(user):
		job = imported("Sales Order", rows)
	assert job.status in ("Success", "Partial Success"), job.status
	assert counts()["Sales Order"] == before["Sales Order"] + 1
	assert frappe.get_last_doc("Sales Order").docstatus == 0


@pytest.mark.rule("C1")
@pytest.mark.parametrize("doctype", ["Sales Order", "Quotation"])
def test_auto_repeat_with_submit_is_not_set_up(world: c.World, user: str, doctype: str) -> None:
	frappe.db.set_value("DocType", doctype, "allow_auto_repeat", 1)
	frappe.clear_cache(doctype=doctype)
	name = approved_order(world).name if doctype == "Sales Order" else tender(c.item(stock=50)).name
	values = {
		"doctype": "Auto Repeat",
		"reference_doctype": doctype,
		"reference_document": name,
		"frequency": "Daily",
		"start_date": nowdate(),
	}
	before = frappe.db.count("Auto Repeat")
	with refused("C1", user=user, words="Submit on Creation"):
		frappe.get_doc({**values, "submit_on_creation": 1}).insert()
	assert frappe.db.count("Auto Repeat") == before
	with as_user(user):
		repeat = frappe.get_doc(values).insert()
	with refused("C1", user=user):
		repeat.submit_on_creation = 1
		repeat.save()
	assert not frappe.db.get_value("Auto Repeat", repeat.name, "submit_on_creation")


@pytest.mark.rule("C1")
@pytest.mark.parametrize("submit", [0, 1])
def test_the_draft_of_an_auto_repeat_waits_for_its_review(world: c.World, user: str, submit: int) -> None:
	"""Also where submitting was ticked before the app was installed."""
	doc = approved_order(world)
	doc.submit()
	with as_user(user):
		repeat = frappe.get_doc(
			{
				"doctype": "Auto Repeat",
				"reference_doctype": "Sales Order",
				"reference_document": doc.name,
				"frequency": "Daily",
				"start_date": nowdate(),
			}
		).insert()
		frappe.db.set_value("Auto Repeat", repeat.name, "submit_on_creation", submit)
		repeat.reload().create_documents()
	made = frappe.get_all(
		"Sales Order", filters={"auto_repeat": repeat.name, "name": ("!=", doc.name)}, fields=["*"]
	)
	assert [(m.docstatus, m.qms_review_status, m.qms_contract_review) for m in made] == [(0, None, None)]
	again = frappe.get_doc("Sales Order", made[0].name)
	with refused("C1", again, user=user):
		again.submit()
	again.reload().save()
	c.approve(world, again)
	with as_user(user):
		fresh(again).submit()


@pytest.mark.rule("C1", "E8")
def test_an_amended_order_needs_its_own_review(world: c.World, user: str) -> None:
	doc = approved_order(world)
	doc.submit()
	with as_user(user):
		c.end(doc)
		doc.reload()
		amended = frappe.copy_doc(doc)
		amended.docstatus = 0
		amended.amended_from = doc.name
		for field in ("qms_contract_review", "qms_review_status"):
			amended.set(field, doc.get(field))
		amended.insert()
	assert not amended.qms_contract_review and not amended.qms_review_status
	with refused("C1", amended, user=user, words="no contract review yet"):
		fresh(amended).submit()
	review = c.approve(world, amended)
	assert review.review_version == 2 and review.previous_review
	with as_user(user):
		fresh(amended).submit()


@pytest.mark.rule("C1")
def test_what_shows_the_review_is_not_written_by_others(world: c.World, user: str) -> None:
	doc = c.order(c.item(stock=50))
	values = {
		"qms_review_status": "Approved",
		"qms_contract_class": "Routine",
		"qms_review_path": "Small order",
	}
	with as_user(user):
		doc = fresh(doc)
		doc.update(values)
		doc.save()
	assert not doc.qms_review_status
	review = c.start(world, doc)
	# A form that was open before the review began is saved after it.
	with as_user(user):
		doc.save()
	assert (fresh(doc).qms_review_status, fresh(doc).qms_contract_review) == ("In Review", review.name)
	order = approved_order(world)
	order.submit()
	with as_user(user):
		order.update({"qms_review_status": "Rejected", "qms_contract_review": review.name})
		order.save()
	assert fresh(order).qms_review_status == "Approved"


def tender(code: str, qty: float = 5, rate: float = 100, **values: Any) -> Document:
	return frappe.get_doc(
		{
			"doctype": "Quotation",
			"company": COMPANY,
			"quotation_to": "Customer",
			"party_name": values.pop("customer", None) or c.customer(),
			"transaction_date": nowdate(),
			"valid_till": add_days(nowdate(), 60),
			"qms_is_tender": 1,
			"qms_contract_form": "Order",
			"qms_delivery_method": "Sea freight",
			"qms_payment_method": "Cash",
			"qms_packaging": "Standard",
			"qms_promised_date": add_days(nowdate(), 30),
			"payment_terms_template": c.payment_terms(),
			"qms_requirements": c.requirements(),
			"items": [{"item_code": code, "qty": qty, "rate": rate, "warehouse": c.warehouse()}],
			**values,
		}
	).insert()


@pytest.mark.rule("C1")
@pytest.mark.parametrize("door", IN_PROCESS, ids=lambda d: d.__name__)
def test_tender(world: c.World, user: str, door: Callable[[Document], None]) -> None:
	doc = tender(c.item(stock=50))
	with refused("C1", doc, user=user):
		door(fresh(doc))
	c.approve(world, doc)
	with as_user(user):
		door(fresh(doc))
	assert fresh(doc).docstatus == 1


@pytest.mark.rule("C1")
def test_a_quotation_that_is_no_tender_is_gated_by_setting(world: c.World, user: str) -> None:
	doc = tender(c.item(stock=50), qms_is_tender=0)
	settings = frappe.get_doc("QMS Customer Settings")
	settings.update({"gate_quotations": 1, "change_reason": "all quotations"})
	c.save_settings(settings)
	with refused("C1", doc, user=user):
		fresh(doc).submit()
	settings.update({"gate_quotations": 0, "change_reason": "tenders only"})
	c.save_settings(settings)
	with as_user(user):
		fresh(doc).submit()


@pytest.mark.rule("C1")
def test_order_from_an_unreviewed_quotation(world: c.World, user: str) -> None:
	quotation = tender(c.item(stock=50), qms_is_tender=0)
	quotation.submit()
	with as_user(user):
		doc = make_sales_order(quotation.name)
		doc.delivery_date = add_days(nowdate(), 30)
		doc.insert()
	with refused("C1", doc, user=user):
		fresh(doc).submit()
	c.approve(world, doc)
	with as_user(user):
		fresh(doc).submit()


@pytest.mark.rule("C1")
@pytest.mark.parametrize(
	"door",
	[by_submit, by_form, by_client_submit, by_set_value, without_validation, by_single_field],
	ids=lambda d: d.__name__,
)
def test_blanket_order(world: c.World, user: str, door: Callable[[Document], None]) -> None:
	doc = c.blanket_order((c.item(stock=500), 100, 100))
	with refused("C1", doc, user=user):
		door(fresh(doc))
	c.approve(world, doc)
	with as_user(user):
		door(fresh(doc))
	assert fresh(doc).docstatus == 1


@pytest.mark.rule("C1")
def test_order_from_a_blanket_order_that_nobody_submitted(world: c.World, user: str) -> None:
	blanket = c.blanket_order((c.item(stock=500), 100, 100))
	c.approve(world, blanket)
	fresh(blanket).submit()
	frappe.flags.args = frappe._dict(doctype="Sales Order")
	with as_user(user):
		doc = make_order(blanket.name)
		doc.update({"delivery_date": add_days(nowdate(), 3), "qms_delivery_method": "Air freight"})
		doc.items[0].qty = 5
		doc.insert()
	with refused("C1", doc, user=user):
		fresh(doc).submit()


@pytest.mark.rule("C1")
def test_inter_company_order(world: c.World, user: str) -> None:
	from erpnext.buying.doctype.purchase_order.purchase_order import make_inter_company_sales_order

	code = c.item(stock=50)
	inside = {"represents_company": COMPANY, "companies": [{"company": COMPANY}]}
	c.customer(is_internal_customer=1, **inside)
	supplier = frappe.get_doc(
		{
			"doctype": "Supplier",
			"supplier_name": c.unique("Sister"),
			"supplier_group": "All Supplier Groups",
			"is_internal_supplier": 1,
			**inside,
		}
	).insert()
	for kind in ("Buying", "Selling"):
		frappe.db.set_value("Price List", f"Standard {kind}", {"buying": 1, "selling": 1})
	purchase = frappe.get_doc(
		{
			"doctype": "Purchase Order",
			"company": COMPANY,
			"supplier": supplier.name,
			"schedule_date": add_days(nowdate(), 30),
			"buying_price_list": "Standard Buying",
			"items": [
				{
					"item_code": code,
					"qty": 5,
					"rate": 100,
					"schedule_date": add_days(nowdate(), 30),
					"warehouse": c.warehouse(),
				}
			],
		}
	).insert()
	purchase.submit()
	with as_user(user):
		doc = make_inter_company_sales_order(purchase.name)
		doc.update(
			{
				"delivery_date": add_days(nowdate(), 30),
				"qms_contract_form": "Order",
				"qms_delivery_method": "Sea freight",
				"qms_payment_method": "Cash",
				"qms_packaging": "Standard",
			}
		)
		doc.set("qms_requirements", c.requirements())
		doc.insert()
	assert doc.inter_company_order_reference == purchase.name
	with refused("C1", doc, user=user):
		fresh(doc).submit()
	c.approve(world, doc)
	with as_user(user):
		fresh(doc).submit()


@pytest.mark.rule("C1")
def test_submit_costs_the_same_for_one_line_and_for_fifty(world: c.World) -> None:
	"""What the gate adds to a submit does not grow with the order."""
	from qms_customer.erp import commitment

	spent = []
	for lines in (1, 50):
		codes = [c.item(stock=10) for _ in range(min(lines, 10))]
		doc = c.order([{"item_code": codes[n % len(codes)], "qty": 1, "rate": 100 + n} for n in range(lines)])
		c.approve(world, doc)
		doc = fresh(doc)
		doc.docstatus = 1
		doc.load_doc_before_save()
		commitment.before_submit(doc)
		with count_queries() as queries:
			commitment.before_validate(doc)
			commitment.before_submit(doc)
			commitment.on_submit(doc)
			doc.docstatus = 0
			commitment.before_save(doc)
		spent.append(queries.count)
	assert spent[0] == spent[1] <= 20, spent
