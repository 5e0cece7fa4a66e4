"""The customer who complained is answered: from a template, sent and recorded (H5)."""

from html import unescape
from typing import Any

import frappe
from frappe.email.doctype.email_account.email_account import EmailAccount
from frappe.email.email_body import get_message_id
from frappe.model.document import Document
from frappe.utils import (
	escape_html,
	format_date,
	get_datetime,
	get_formatted_email,
	now_datetime,
	strip_html,
	validate_email_address,
)

from qms_customer.feedback import complaint_inbox, handled, standing
from qms_customer.messages import refuse, refuse_one
from qms_customer.records import signing, texts
from qms_customer.returns import opened
from qms_customer.rules import complaint as rules
from qms_customer.rules import mark

# K3: what the signatures mean.
SENT = mark("Reply to the Customer Sent")
RECORDED = mark("Reply to the Customer Recorded")

# What a template may say of a complaint; of patients it says nothing (K7).
SHOWN = (
	*("name", "feedback", "company", "customer_name", "complainant", "item_code", "item_name"),
	*("batch_no", "serial_no", "udi", "details", "investigation_results", "actions_comment"),
)

# H5: what the app brings; a site words it as it likes. The results are ours: a person decides what the
# customer is told of them.
TEMPLATES = {"en": "Complaint Reply (English)", "zh": "Complaint Reply (Chinese)"}
TEXTS = {
	"en": (
		"Your complaint {{ name }}: {{ item_name or item_code }}",
		"<p>Dear {{ complainant or customer_name }},</p>\n"
		"<p>thank you for telling us on {{ received_on }} about {{ item_name or item_code }}"
		"{% if batch_no %}, batch {{ batch_no }}{% endif %}:</p>\n"
		"<blockquote>{{ details }}</blockquote>\n"
		"{% if investigation_results %}<p>We have looked into it: {{ investigation_results }}</p>\n"
		"{% endif %}"
		"<p>Please tell us, naming {{ name }}, if this does not answer what you told us.</p>\n"
		"<p>{{ company }}</p>",
	),
	"zh": (
		"投诉 {{ name }} 的答复：{{ item_name or item_code }}",
		"<p>{{ complainant or customer_name }}，您好！</p>\n"
		"<p>感谢您于 {{ received_on }} 就 {{ item_name or item_code }}"
		"{% if batch_no %}（批号 {{ batch_no }}）{% endif %}向我们反映：</p>\n"
		"<blockquote>{{ details }}</blockquote>\n"
		"{% if investigation_results %}<p>经调查：{{ investigation_results }}</p>\n{% endif %}"
		"<p>如有未尽之处，请注明编号 {{ name }} 与我们联系。</p>\n"
		"<p>{{ company }}</p>",
	),
}


def preview(doc: Document, email_template: str) -> dict[str, str]:
	"""Return subject and text that a template makes of a complaint; a person looks at them (H5)."""
	template = frappe.get_doc("Email Template", email_template)
	template.check_permission("read")
	# What anybody has written into the complaint is text in a mail, and no tag.
	values: dict[str, Any] = {field: escape_html(str(doc.get(field) or "")) for field in SHOWN}
	values["received_on"] = format_date(doc.received_on)
	made = template.get_formatted_email({**values, "doc": frappe._dict(values)})
	# A line of text and no markup: what was escaped for the template reads as it is.
	return {
		"subject": unescape(strip_html(made["subject"])).strip(),
		"message": texts.clean(made["message"] or ""),
	}


def send(
	name: str,
	content_hash: str,
	kind: str,
	recipient: str,
	subject: str,
	message: str,
	email_template: str = "",
) -> Document:
	"""Send the reply by e-mail, signed, and record it; returns the complaint (H5)."""
	doc, role = _at(name, content_hash, kind)
	recipient = (recipient or "").strip()
	if found := rules.reply_refusals(kind, rules.MAIL, recipient, strip_html(message or "")):
		refuse(found)
	# One, and no list: what else goes into the head of a mail is not let in.
	if validate_email_address(recipient) != recipient or "\n" in recipient or "," in recipient:
		refuse_one("H5", mark("{0} is no e-mail address."), recipient)
	subject = " ".join((subject or "").split())
	if not subject:
		refuse_one("H5", mark("Give the reply a subject."))
	if email_template and not frappe.db.exists("Email Template", email_template):
		refuse_one("H5", mark("There is no {0} {1}."), "Email Template", email_template)
	if not _account():
		refuse_one(
			"H5",
			mark(
				"This site has no account to send e-mail with. Tell the customer in another way, and "
				"record it."
			),
		)
	message = texts.clean(message)
	signing.in_hand()
	kept = frappe.get_doc(
		{
			"doctype": "Communication",
			"communication_type": "Communication",
			"communication_medium": "Email",
			"sent_or_received": "Sent",
			"communication_date": now_datetime(),
			"subject": subject,
			"content": message,
			"sender": get_formatted_email(frappe.session.user),
			"recipients": recipient,
			"email_template": email_template or None,
			# By it the customer's answer finds back, also when the queue is cleared.
			"message_id": get_message_id().strip(" <>"),
			"reference_doctype": doc.doctype,
			"reference_name": doc.name,
		}
	)
	# It is kept as it was read, without what a site adds to e-mails at their end.
	kept.flags.skip_add_signature = True
	# Who may answer was checked; they need no right over all e-mails.
	kept.insert(ignore_permissions=True)
	# Into the queue within this transaction: it leaves if, and only if, it is recorded.
	kept.send_email()
	row = {
		"kind": kind,
		"how": rules.MAIL,
		"recipient": recipient,
		"subject": subject,
		"message": message,
		"email_template": email_template or None,
		"communication": kept.name,
	}
	return _write(doc, row, SENT, role, content_hash)


def record(
	name: str, content_hash: str, kind: str, how: str, recipient: str, message: str, answered_on: str = ""
) -> Document:
	"""Record, signed, a reply that was given otherwise, or why none is possible; returns the complaint
	(H5).
	"""
	doc, role = _at(name, content_hash, kind)
	found = rules.reply_refusals(kind, how, recipient or "", message or "")
	if how == rules.MAIL:
		refuse_one("H5", mark("An e-mail is sent from here, so that it is kept."))
	if found:
		refuse(found)
	on = _when(answered_on)
	if on > now_datetime() or on < get_datetime(doc.received_on):
		refuse_one("K3", mark("A reply is given after the complaint came, and not in the future."))
	signing.in_hand()
	row = {
		"kind": kind,
		"how": how,
		"recipient": recipient or None,
		"message": message,
		"answered_on": on,
	}
	return _write(doc, row, RECORDED, role, content_hash)


def _at(name: str, content_hash: str, kind: str) -> tuple[Document, str]:
	# That it is being looked into is told at any time; the outcome, once there is one.
	at = (rules.REPLYING,) if kind == rules.FINAL else ()
	doc = handled.open_one(name, content_hash, *at, rule="H5")
	role = opened.require_role("H5", mark("The customer is answered by: {0}."), handled.SPEAKERS)
	return doc, role


def _write(doc: Document, row: dict[str, Any], meaning: str, role: str, content_hash: str) -> Document:
	done = handled.signed_now("replied")
	doc.append("reply", {"answered_on": done["replied_on"], **row, **done})
	standing.settle(doc)
	opened.save(doc)
	said = f"{row['how']}: {row.get('subject') or strip_html(row['message'])[:140]}"
	signing.sign(doc, meaning, role, "", said, content_hash)
	complaint_inbox.ask(doc)
	return doc


def _account() -> Document | None:
	"""The account to send with, None where nobody would get the mail: Frappe takes a dummy where e-mails are
	muted.
	"""
	if frappe.are_emails_muted():
		return None
	return EmailAccount.find_outgoing(match_by_email=frappe.session.user, match_by_doctype=handled.DOCTYPE)


def _when(value: str) -> Any:
	try:
		return get_datetime(value) if value else now_datetime()
	except Exception:
		refuse_one("K3", mark("This is no date: {0}."), str(value))
