"""Nobody reads the feedback or the complaint of another customer: portal users, guests, and users of the Desk
who are limited to a customer of theirs (K7, L1).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import frappe
import pytest
from frappe.desk.form.load import get_communications, get_docinfo, getdoc
from frappe.desk.query_report import run
from frappe.desk.search import search_link
from frappe.model.document import Document
from frappe.utils.print_format import download_pdf
from frappe.www.printview import get_html_and_style

from qms_customer.feedback import complaint_api, feedback_api, reporting_api
from qms_customer.records import api as records_api
from qms_customer.rules import people as roles
from tests.support import complaints as h
from tests.support import contracts as c
from tests.support import feedback as f
from tests.support import mails as m
from tests.support.people import as_user, make_user

SECRET = "Kryptonite"
REFUSED = (frappe.PermissionError, frappe.DoesNotExistError)


def complaint_of(world: c.World, customer: str) -> Document:
	"""Return a complaint with a mail, a comment, a file; all say the word."""
	doc = h.complaint(world, customer=customer, details=f"{SECRET} leaks", subject=SECRET)
	for one in (doc, frappe.get_doc(f.FEEDBACK, doc.feedback)):
		one.add_comment("Comment", SECRET)
		frappe.get_doc(
			{
				"doctype": "File",
				"file_name": f"{SECRET}.txt",
				"content": f"{SECRET} {one.name}",
				"is_private": 1,
				"attached_to_doctype": one.doctype,
				"attached_to_name": one.name,
			}
		).insert()
		frappe.get_doc(
			{
				"doctype": "Communication",
				"communication_type": "Communication",
				"communication_medium": "Email",
				"sent_or_received": "Received",
				"subject": SECRET,
				"content": SECRET,
				"sender": m.CUSTOMER,
				"reference_doctype": one.doctype,
				"reference_name": one.name,
			}
		).insert()
	return doc


def limit(user: str, customer: str) -> str:
	frappe.get_doc(
		{"doctype": "User Permission", "user": user, "allow": "Customer", "for_value": customer}
	).insert()
	frappe.clear_cache(user=user)
	return user


def portal(customer: str) -> str:
	user = make_user("Customer")
	frappe.db.set_value("User", user, "user_type", "Website User")
	doc = frappe.get_doc({"doctype": "Contact", "first_name": c.unique("Gu"), "user": user})
	doc.add_email(user, is_primary=1)
	doc.append("links", {"link_doctype": "Customer", "link_name": customer})
	doc.insert()
	frappe.clear_cache(user=user)
	return user


def calls(module: ModuleType, name: str) -> Iterator[tuple[str, Callable[[], Any]]]:
	"""Every function of a form that takes the name of a document, called as a client would."""
	for label, function in inspect.getmembers(module, inspect.isfunction):
		parameters = inspect.signature(function).parameters
		if function not in frappe.whitelisted or "name" not in parameters or label == "make_from":
			continue
		given = {
			key: ""
			for key, one in parameters.items()
			if one.default is inspect.Parameter.empty and key != "name"
		}
		given["name"] = name
		if "doctype" in given:
			given["doctype"] = f.FEEDBACK
		for key in ("sequence", "old", "new"):
			if key in given:
				given[key] = 1
		yield label, lambda function=function, given=given: function(**given)


def doors(doc: Document) -> Iterator[tuple[str, Callable[[], Any]]]:
	doctype, name = doc.doctype, doc.name
	yield "get", lambda: frappe.client.get(doctype, name)
	yield "get_value", lambda: frappe.client.get_value(doctype, ["name", "details"], {"name": name})
	yield "get_list", lambda: frappe.client.get_list(doctype, fields=["name", "details"], limit_page_length=0)
	yield "get_count", lambda: frappe.client.get_count(doctype, filters={"name": name})
	yield (
		"children",
		lambda: frappe.client.get_list(
			"Complaint Reply" if doctype == h.COMPLAINT else "Feedback Duplicate",
			parent=doctype,
			fields=["parent"],
		),
	)
	yield "search", lambda: search_link(doctype, name)
	yield "load", lambda: getdoc(doctype, name)
	yield "timeline", lambda: get_docinfo(doctype=doctype, name=name)
	yield "mails", lambda: get_communications(doctype, name)
	yield "print", lambda: get_html_and_style(doc=doctype, name=name)
	yield "pdf", lambda: download_pdf(doctype, name)
	for other in ("File", "Comment", "Communication"):
		about = "attached_to_name" if other == "File" else "reference_name"
		yield (
			f"list of {other}",
			lambda other=other, about=about: frappe.client.get_list(
				other, filters={about: name}, fields=["name"]
			),
		)
	file = frappe.db.get_value("File", {"attached_to_name": name})
	yield "file", lambda: frappe.client.get("File", file)
	mail = frappe.db.get_value("Communication", {"reference_name": name})
	yield "mail", lambda: frappe.client.get("Communication", mail)


def tried(door: Callable[[], Any], *words: str) -> str:
	"""Return what somebody learns at a door: "" if nothing."""
	frappe.local.response = frappe._dict(docs=[])
	try:
		found = door()
	except REFUSED:
		return ""
	except frappe.ValidationError as error:
		# Refused before anything was looked at, or told that it is not theirs.
		found = str(error)
	shown = frappe.as_json([found, frappe.local.response])
	return shown if any(word in shown for word in words) or found == 1 else ""


@pytest.mark.rule("L1", "K7")
def test_whoever_is_limited_to_a_customer_learns_nothing_of_another(world: c.World) -> None:
	mine, other = c.customer(), c.customer()
	doc, own = complaint_of(world, other), h.complaint(world, customer=mine)
	feedback = frappe.get_doc(f.FEEDBACK, doc.feedback)
	for user in (
		limit(make_user(roles.SALES_USER), mine),
		limit(make_user(roles.QUALITY, roles.SERVICE, roles.MANAGEMENT_REPRESENTATIVE), mine),
		limit(make_user(roles.AUDITOR, "Inbox User", "System Manager"), mine),
	):
		with as_user(user):
			assert frappe.get_list(h.COMPLAINT, pluck="name") == [own.name]
			for one in (doc, feedback):
				for label, door in doors(one):
					assert not tried(door, one.name, SECRET), (user, one.doctype, label)
			for module, name in (
				(feedback_api, feedback.name),
				(complaint_api, doc.name),
				(reporting_api, doc.name),
			):
				for _label, door in calls(module, name):
					with pytest.raises((frappe.PermissionError, frappe.DoesNotExistError)):
						door()
			for label, door in calls(records_api, feedback.name):
				assert not tried(door, SECRET), label
			for report in ("Complaint Trends", "Reportability Decisions"):
				if not frappe.get_doc("Report", report).is_permitted():
					continue
				found = run(
					report, filters=frappe.as_json({"group_by": "Customer"}), ignore_prepared_report=True
				)
				assert other not in frappe.as_json(found["result"]) and doc.name not in frappe.as_json(found)


@pytest.mark.rule("L1", "K7")
def test_a_customer_on_the_portal_reads_no_complaint(world: c.World) -> None:
	other = c.customer()
	doc = complaint_of(world, other)
	feedback = frappe.get_doc(f.FEEDBACK, doc.feedback)
	# Not even who is a contact of the complainant: there is no page for it.
	for user in (portal(c.customer()), portal(other), "Guest"):
		with as_user(user):
			for one in (doc, feedback):
				for label, door in doors(one):
					assert not tried(door, one.name, SECRET), (user, one.doctype, label)
				assert not frappe.has_website_permission(frappe.get_doc(one.doctype, one.name))
			for module, name in (
				(feedback_api, feedback.name),
				(complaint_api, doc.name),
				(reporting_api, doc.name),
			):
				for _label, door in calls(module, name):
					with pytest.raises((frappe.PermissionError, frappe.DoesNotExistError)):
						door()


@pytest.mark.rule("L1", "K7")
def test_nor_over_the_network(world: c.World, http: Callable[..., Any]) -> None:
	other = c.customer()
	doc = complaint_of(world, other)
	url = frappe.db.get_value("File", {"attached_to_name": doc.name}, "file_url")
	clients = [
		http(portal(other)),
		http("Guest"),
		http(limit(make_user(roles.SALES_USER), c.customer())),
	]
	for client in clients:
		for doctype, name in ((h.COMPLAINT, doc.name), (f.FEEDBACK, doc.feedback)):
			for path, values in (
				(f"/api/resource/{doctype}/{name}", {}),
				(f"/api/resource/{doctype}", {"fields": '["*"]', "limit_page_length": "0"}),
				(f"/api/v2/document/{doctype}/{name}", {}),
				("/printview", {"doctype": doctype, "name": name}),
				("/api/method/frappe.utils.print_format.download_pdf", {"doctype": doctype, "name": name}),
				(f"/app/customer-complaint/{name}", {}),
				(f"/{doctype.lower().replace(' ', '-')}/{name}", {}),
				("/api/method/frappe.desk.reportview.get", {"doctype": doctype, "fields": '["*"]'}),
				("/api/method/frappe.desk.form.load.getdoc", {"doctype": doctype, "name": name}),
				("/api/method/frappe.utils.global_search.search", {"text": SECRET}),
				("/api/method/frappe.utils.global_search.web_search", {"text": SECRET}),
				(url, {}),
			):
				answer = client.get(path, params=values)
				# What was asked for comes back on pages of errors.
				assert SECRET not in answer.text.replace(f"{SECRET}.txt", ""), (path, answer.text[:500])
