"""E-mails Not Recorded as Feedback: what came into an inbox of feedback and hangs on no record, as a program
has sent it; whoever sees that a person has written it records it (H1).
"""

from typing import Any

import frappe
from frappe import _
from frappe.utils import add_days, cint, nowdate

from qms_customer.feedback import email_text, mails
from qms_customer.rules.sheet import plain

DAYS = 30
# As much of a mail as shows what it is.
SHOWN = 300


def execute(filters: dict[str, Any] | None = None) -> tuple[list[dict], list[dict]]:
	"""Return columns and rows, the latest mail first; three queries."""
	days = cint((filters or {}).get("days")) or DAYS
	return _columns(), [_row(mail) for mail in mails.unrecorded(add_days(nowdate(), -days))]


def _row(mail: frappe._dict) -> dict[str, Any]:
	return {
		"name": mail.name,
		"creation": mail.creation,
		"sender": plain(email_text.name(mail.sender or "")),
		"subject": plain(email_text.name(mail.subject or "")),
		"said": plain(" ".join(email_text.details(mail).split())[:SHOWN]),
	}


def _columns() -> list[dict[str, Any]]:
	return [
		{
			"fieldname": "creation",
			"label": _("Received On", context="Customer Feedback"),
			"fieldtype": "Datetime",
			"width": 160,
		},
		{"fieldname": "sender", "label": _("Sender"), "fieldtype": "Data", "width": 200},
		{"fieldname": "subject", "label": _("Subject"), "fieldtype": "Data", "width": 220},
		{
			"fieldname": "said",
			"label": _("What Was Said", context="Customer Feedback"),
			"fieldtype": "Data",
			"width": 420,
		},
		{"fieldname": "name", "label": _("E-mail"), "fieldtype": "Data", "width": 110},
	]
