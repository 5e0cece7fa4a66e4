"""Mails as a mail server hands them over, and the inbox into which they come."""

from __future__ import annotations

from collections.abc import Sequence
from email.header import Header
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import formatdate, make_msgid
from typing import Any

import frappe
import pytest
from frappe.email.doctype.email_account.email_account import EmailAccount
from frappe.email.receive import InboundMail
from frappe.model.document import Document

INBOX = "feedback@maker.example"
CUSTOMER = "gu@hospital.example"


def inbox(**values: Any) -> Document:
	"""Return the Email Account whose folder is appended to feedback; it sends too."""
	if name := frappe.db.get_value("Email Account", {"email_id": INBOX}):
		return frappe.get_doc("Email Account", name)
	return frappe.get_doc(
		{
			"doctype": "Email Account",
			"email_account_name": "Feedback",
			"email_id": INBOX,
			"enable_incoming": 1,
			"use_imap": 1,
			"email_server": "imap.maker.example",
			"imap_folder": [{"folder_name": "INBOX", "append_to": "Customer Feedback"}],
			"create_contact": 0,
			"enable_outgoing": 1,
			"smtp_server": "smtp.maker.example",
			"awaiting_password": 1,
			**values,
		}
	).insert()


def sending(monkeypatch: pytest.MonkeyPatch) -> None:
	"""Let the site put mails into its queue, from which nothing leaves in tests."""
	monkeypatch.setitem(frappe.conf, "mute_emails", 0)
	monkeypatch.setattr(frappe.flags, "mute_emails", False, raising=False)
	frappe.local.outgoing_email_account = {}


def message(
	text: str = "The catheter leaks at the hub",
	*,
	html: str = "",
	subject: str = "It leaks",
	sender: str | None = f"Dr Gu <{CUSTOMER}>",
	message_id: str | None = "",
	files: Sequence[tuple[str, bytes]] = (),
	charset: str = "utf-8",
	**headers: str,
) -> bytes:
	"""Return a mail as bytes; `headers` by name, with "_" for "-"; `message_id` None: it has none."""
	body: Any = MIMEText(text, "plain", charset)
	if html:
		both = MIMEMultipart("alternative")
		if text:
			both.attach(body)
		both.attach(MIMEText(html, "html", charset))
		body = both
	if files:
		mixed = MIMEMultipart("mixed")
		mixed.attach(body)
		for name, content in files:
			part = MIMEBase("application", "octet-stream")
			part.set_payload(content)
			part.add_header("Content-Disposition", "attachment", filename=name)
			mixed.attach(part)
		body = mixed
	body["Subject"] = Header(subject, charset)
	if sender:
		body["From"] = sender
	body["To"] = INBOX
	body["Date"] = headers.pop("Date", "") or formatdate()
	if message_id is not None:
		body["Message-ID"] = message_id or make_msgid(domain="hospital.example")
	for name, value in headers.items():
		body[name.replace("_", "-")] = value
	return body.as_bytes()


def deliver(raw: bytes, account: Document | None = None) -> Document:
	"""Let a mail come in as Frappe's job does, and return what is kept of it."""
	box: EmailAccount = account or inbox()
	appended = box.imap_folder[0].append_to if box.imap_folder else None
	return InboundMail(raw, box, append_to=appended).process().reload()


def feedback_of(kept: Document) -> Document:
	"""Return the feedback on which a mail is hung."""
	assert kept.reference_doctype == "Customer Feedback", (kept.reference_doctype, kept.subject)
	return frappe.get_doc(kept.reference_doctype, kept.reference_name)


def answer_to(kept: Document, **more: Any) -> bytes:
	"""Return an answer to a mail that was kept."""
	return message(**{"subject": f"Re: {kept.subject}", "In_Reply_To": f"<{kept.message_id}>", **more})
