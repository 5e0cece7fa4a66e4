"""Patient data comes out of no door of Frappe's, whoever opens it (K7)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import frappe
import frappe.desk.form.load
import frappe.desk.reportview
import frappe.desk.search
import frappe.utils.global_search
import pytest
from frappe.core.doctype.data_export.exporter import export_data
from frappe.model.document import Document

from qms_customer.feedback import patient
from qms_customer.feedback import patient_api as api
from qms_customer.messages import QMSRefusal
from qms_customer.rules import patient as rules
from qms_customer.rules import people as roles
from tests.support import complaints as h
from tests.support import contracts as c
from tests.support import feedback as f
from tests.support import patients as p
from tests.support.people import as_user, make_user, outside_tests

API = "qms_customer.feedback.patient_api."
REFUSED = (QMSRefusal, frappe.PermissionError, frappe.ValidationError, frappe.AuthenticationError)
# Whatever is rendered as a template may read every table, and call what is whitelisted.
TEMPLATE = """{{ doc.patient_details }} {{ frappe.get_doc(doc.doctype, doc.name).as_dict() }}
{{ frappe.get_all("Patient Data", fields=["*"]) }} {{ frappe.get_all(doc.doctype, fields=["*"]) }}"""
CALL = '{{ frappe.call("%sshow", doctype="Customer Feedback", name="%s") }}'


def case(world: c.World) -> tuple[Document, Document]:
	"""Return feedback and its complaint, with a patient."""
	feedback = p.recorded(world)
	f.assess(world, feedback, "Complaint")
	return feedback, frappe.get_doc(h.COMPLAINT, feedback.complaint)


def form(**values: Any) -> None:
	frappe.local.form_dict = frappe._dict(values)


def doors(doc: Document) -> Iterator[tuple[str, Callable[[], Any]]]:
	"""Yield the ways in which Frappe hands out a record, or what stands beside it."""
	kind, name = doc.doctype, doc.name
	columns = [f"`tab{kind}`.`{field}`" for field in ("name", *rules.FIELDS)]
	listed = {"doctype": kind, "fields": json.dumps(columns), "filters": json.dumps({"name": name})}

	def loaded() -> Any:
		frappe.desk.form.load.getdoc(kind, name)
		return frappe.response

	def report() -> Any:
		form(**listed, view="Report", limit_page_length=20)
		return frappe.desk.reportview.get()

	def exported() -> Any:
		form(**listed, file_format_type="CSV", title=kind)
		frappe.desk.reportview.export_query()
		return str(frappe.response)

	def data_export() -> Any:
		fields = json.dumps({kind: ["name", *rules.FIELDS]})
		export_data(kind, kind, True, True, fields, "CSV", False, json.dumps({"name": name}))
		return str(frappe.response)

	yield "get", lambda: frappe.client.get(kind, name)
	yield "get_value", lambda: frappe.client.get_value(kind, list(rules.FIELDS), {"name": name})
	yield "get_list", lambda: frappe.client.get_list(kind, fields=["*"], filters={"name": name})
	yield "getdoc", loaded
	yield "report builder", report
	yield "export of a report", exported
	yield "data export", data_export
	yield "link search", lambda: frappe.desk.search.search_link(kind, name)
	yield "global search", lambda: frappe.utils.global_search.search("zxq")
	yield "print", lambda: frappe.get_print(kind, name)
	yield "copy", lambda: frappe.copy_doc(frappe.get_doc(kind, name)).as_dict()
	# As a webhook sends it.
	yield "document", lambda: frappe.get_doc(kind, name).as_json()
	yield "template", lambda: frappe.render_template(TEMPLATE, {"doc": doc})
	sealed = patient.of(doc.get("feedback") or name).name
	yield "sealed", lambda: frappe.client.get("Patient Data", sealed)
	yield "all of it sealed", lambda: frappe.client.get_list("Patient Data", fields=["*"])
	yield "print of it sealed", lambda: frappe.get_print("Patient Data", sealed)


@pytest.mark.rule("K7")
@pytest.mark.parametrize(
	"role", [roles.SALES_USER, roles.SERVICE, roles.AUDITOR, roles.QUALITY, "System Manager", "Administrator"]
)
def test_it_comes_out_of_no_door(world: c.World, role: str) -> None:
	user = role if role == "Administrator" else world.person(role) if role in roles.ROLES else make_user(role)
	opened = set()
	for doc in case(world):
		for name, door in doors(doc):
			with as_user(user):
				frappe.local.response = frappe._dict(docs=[])
				try:
					answer = door()
				except REFUSED as refusal:
					answer = str(refusal)
				else:
					opened.add(name)
			assert p.leaks(str(answer)) == [], (doc.doctype, name)
			form()
	# The test would prove nothing if all doors were shut.
	assert {"document", "template"} <= opened
	if role in roles.ROLES or role == "Administrator":
		assert {"get", "get_list", "getdoc", "report builder", "print"} <= opened
	assert frappe.db.count("Patient Data Access") == 0


@pytest.mark.rule("K7")
def test_it_stands_nowhere_in_the_database(world: c.World) -> None:
	quality = world.person(roles.QUALITY)
	notification = frappe.get_doc(
		{
			"doctype": "Notification",
			"name": c.unique("About a patient"),
			"document_type": h.COMPLAINT,
			"event": "Save",
			"channel": "System Notification",
			"subject": "{{ doc.patient_details }}",
			"message": TEMPLATE,
			"recipients": [{"receiver_by_role": roles.QUALITY}],
		}
	)
	notification.insert()
	frappe.clear_cache(doctype=h.COMPLAINT)
	_feedback, doc = case(world)
	h.rated(world, doc)
	p.read(quality, doc)
	with as_user(quality):
		assert p.leaks(api.patient_show.print_form(doc.doctype, doc.name))
	notification.db_set("enabled", 0)
	frappe.clear_cache(doctype=h.COMPLAINT)
	with outside_tests(), as_user(world.person(roles.SERVICE)):
		api.record(doc.name, h.shown(doc), {"patient_sex": "F zx", "patient_age": "61 y zx"})
	assert frappe.get_all("Version", {"docname": doc.name})
	assert frappe.get_all("Notification Log", {"subject": ("like", "%•••%")})
	# It would be found, if it stood there: what is sealed is.
	sealed = patient.of(doc.feedback).sealed
	assert p.tables_with(sealed[:60]) == ["tabPatient Data"]
	assert p.tables_with(*p.WORDS) == []


@pytest.mark.rule("K7")
def test_what_fails_leaves_none_of_it_in_the_error_log(world: c.World) -> None:
	given = {**f.values(**{**p.PATIENT, "patient_age": "61", "patient_sex": "F"}), "received_on": "no day"}
	long = "zxq " + "The ward is on the seventh floor. " * 60 + "zxq end"
	given["patient_details"] = long
	with as_user(world.person(roles.QUALITY)):
		form(doc=json.dumps(given))
		try:
			frappe.client.insert(json.dumps(given))
		except Exception:
			log = frappe.log_error("Feedback about F and '61' failed")
	assert "received_on" in log.error
	for word in ("PZX-9417", "'61'", '"61"', '\\"61\\"', "'F'", "seventh floor", "zxq"):
		assert word not in log.error, word
	form()
	doc = p.recorded(world)
	with as_user(world.person(roles.QUALITY)):
		values = api.patient_show.show(f.FEEDBACK, doc.name)
		try:
			raise RuntimeError(str(values))
		except RuntimeError:
			log = frappe.log_error("Shown")
	assert p.leaks(log.error) == []


@pytest.mark.rule("K7")
def test_over_the_network(world: c.World, http: Callable[..., Any]) -> None:
	doc, quality, service = p.recorded(world), world.person(roles.QUALITY), world.person(roles.SERVICE)
	key = frappe.generate_hash(length=15)
	frappe.db.set_value("User", quality, "api_key", key)
	from frappe.utils.password import set_encrypted_password

	set_encrypted_password("User", quality, "s3cret-of-quality", "api_secret")
	template = frappe.get_doc(
		{
			"doctype": "Email Template",
			"name": c.unique("Reply"),
			"subject": "x",
			"response": CALL % (API, doc.name),
		}
	).insert()
	given = {"doctype": f.FEEDBACK, "name": doc.name}
	person, other, guest = http(quality), http(service), http("Guest")

	# Nobody by another way than by pressing the button.
	texts = [
		person.get(f"/api/resource/{f.FEEDBACK}/{doc.name}").text,
		person.get(f"/api/v2/document/{f.FEEDBACK}/{doc.name}").text,
		person.get(f"/api/v2/document/{f.FEEDBACK}", params={"fields": json.dumps(["*"])}).text,
		person.get(f"/api/resource/{f.FEEDBACK}", params={"fields": json.dumps(["*"])}).text,
		person.get("/printview", params={**given, "trigger_print": 0}).text,
		person.call(
			"frappe.email.doctype.email_template.email_template.get_email_template",
			template_name=template.name,
			doc=json.dumps({"name": doc.name}),
		).text,
	]
	refused = [
		person.call(f"{API}show", "GET", **given),
		person.call(f"{API}print_form", "GET", **given),
		person.post(f"/api/v2/method/{API}show", json=given),
		person.post("/api/method/frappe.ping", json={**given, "cmd": f"{API}show"}),
		other.call(f"{API}show", **given),
		guest.call(f"{API}show", **given),
		guest.post(
			f"/api/method/{API}show", json=given, headers={"Authorization": f"token {key}:s3cret-of-quality"}
		),
	]
	assert [r.status_code for r in refused if r.status_code == 200] == []
	assert p.leaks("".join([*texts, *(r.text for r in refused)])) == []
	frappe.db.rollback()
	assert p.accesses(doc) == []

	shown = person.call(f"{API}show", **given)
	assert shown.json()["message"] == p.PATIENT
	paper = person.call(f"{API}print_form", **given)
	assert "PZX-9417" in paper.json()["message"]
	frappe.db.rollback()
	assert [(e.user, e.how) for e in p.accesses(doc)] == [(quality, "Form"), (quality, "Print")]

	# Recorded over the network, the answer is masked.
	made = other.post(f"/api/resource/{f.FEEDBACK}", json=f.values(**p.PATIENT))
	assert made.status_code == 200 and p.leaks(made.text) == []
	assert made.json()["data"]["patient_details"] == rules.MASK


@pytest.mark.rule("K7")
def test_what_a_failed_request_leaves_in_redis_says_nothing_of_it(world: c.World) -> None:
	doc = p.recorded(world)
	given = {"patient_reference": "PZX-9417", "doc": frappe.as_json(p.PATIENT), "cmd": "x"}
	assert p.read(world.person(roles.QUALITY), doc)
	frappe.local.form_dict = frappe._dict(given)
	try:
		frappe.log_error(f"It broke\n{p.PATIENT}", f"{given}", defer_insert=True)
		waiting = frappe.cache.lrange("insert_queue_for_Error Log", 0, -1)
		assert waiting and p.leaks(str(waiting)) == []
		assert p.leaks(frappe.local.form_dict) == [] and frappe.local.form_dict.cmd == "x"
	finally:
		frappe.cache.delete_value("insert_queue_for_Error Log")
		frappe.local.form_dict = frappe._dict()


@pytest.mark.rule("K7")
def test_a_notification_of_the_site_does_not_get_it_while_it_is_recorded(world: c.World) -> None:
	frappe.get_doc(
		{
			"doctype": "Notification",
			"name": c.unique("Told"),
			"subject": "New",
			"document_type": f.FEEDBACK,
			"event": "New",
			"channel": "System Notification",
			"message": "Told: {{ doc.flags }} {{ doc.as_dict() }}",
			"recipients": [{"receiver_by_role": roles.QUALITY}],
			"enabled": 1,
		}
	).insert()
	frappe.cache.delete_value("notifications")
	doc = p.recorded(world)
	told = frappe.get_all("Notification Log", {"document_name": doc.name}, ["subject", "email_content"])
	assert any("Told" in (one.email_content or "") for one in told)
	assert p.leaks(told) == []
