"""Putting work into people's inbox: ToDo with notification, and closing it when it is done (L3)."""

from collections.abc import Iterable
from typing import Any

import frappe
from frappe.desk.doctype.notification_log.notification_log import enqueue_create_notification
from frappe.desk.form import assign_to
from frappe.model.document import Document

from qms_customer.contract import people


def assign(doc: Document, users: Iterable[str], description: str, due: str | None = None) -> None:
	"""Give each user a ToDo on a record, with the notification that comes with it (L3).

	Not to those from whom User Permissions keep it (frappe would share it with them): L1. Who is asked
	without holding a role of ours, a delegate, may read what it is about.
	"""
	users = [u for u in dict.fromkeys(users) if people.may_see(u, doc)]
	if not users:
		return
	people.let_read(users, doc)
	assign_to.add(
		{
			"doctype": doc.doctype,
			"name": doc.name,
			"assign_to": users,
			"description": description,
			"date": due,
		},
		# Whoever moves the record hands the work on; they need no right over other people's ToDos.
		ignore_permissions=True,
	)


def done(doc: Document, user: str | None = None) -> None:
	"""Close the ToDos and the open Workflow Actions of a document that has moved on (L3)."""
	_close("ToDo", {"reference_type": doc.doctype, "reference_name": doc.name}, {"status": "Closed"})
	frappe.db.set_value(doc.doctype, doc.name, "_assign", None, update_modified=False)
	_close(
		"Workflow Action",
		{
			"reference_doctype": doc.doctype,
			"reference_name": doc.name,
			"workflow_state": ("!=", doc.get("workflow_state") or ""),
		},
		{"status": "Completed", "completed_by": user or frappe.session.user},
	)


def _close(doctype: str, about: dict[str, Any], values: dict[str, str]) -> None:
	"""Write what closes them into the open ones.

	By name: an update by what they are about would lock the gaps beside them, and hold up whoever moves
	another document on.
	"""
	if names := frappe.get_all(doctype, filters={**about, "status": "Open"}, pluck="name"):
		table = frappe.qb.DocType(doctype)
		query = frappe.qb.update(table).where(table.name.isin(names))
		for field, value in values.items():
			query = query.set(table[field], value)
		query.run()


def tell(users: Iterable[str], subject: str, doc: Document, also_oneself: bool = False) -> None:
	"""Send a notification about a document to users, in the background: no mail trouble undoes a decision."""
	others = [u for u in dict.fromkeys(users) if u and (also_oneself or u != frappe.session.user)]
	if others:
		enqueue_create_notification(
			others,
			{
				"type": "Alert",
				"document_type": doc.doctype,
				"document_name": doc.name,
				"subject": subject,
				"from_user": frappe.session.user,
			},
		)
