"""Telling the customer how far their contract is (F5): an e-mail from a template, kept as Communication."""

import frappe
from frappe import _
from frappe.core.doctype.communication.email import make
from frappe.model.document import Document
from frappe.utils import cint, escape_html, split_emails, validate_email_address

from qms_customer.contract import progress
from qms_customer.messages import refuse_one
from qms_customer.rules import mark, says
from qms_customer.shown import language, render

# By the language of the customer; English where there is none.
TEMPLATES = {"en": "Contract Progress (English)", "zh": "Contract Progress (Chinese)"}
TEXTS = {
	"en": (
		"Order {{ po_no or name }}: progress",
		"<p>Dear {{ contact or customer_name }},</p>"
		"<p>this is how far your order {{ po_no or name }} is:</p>{{ progress }}"
		"<p>Please tell us if you have questions, or if your requirements have changed.</p>"
		"<p>{{ sender }}<br>{{ company }}</p>",
	),
	"zh": (
		"订单 {{ po_no or name }} 进度通报",
		"<p>{{ contact or customer_name }}，您好！</p>"
		"<p>贵方订单 {{ po_no or name }} 目前进度如下：</p>{{ progress }}"
		"<p>如有疑问，或要求有变化，请及时告知我们。</p>"
		"<p>{{ sender }}<br>{{ company }}</p>",
	),
}


def draft(order: Document) -> dict[str, str]:
	"""Return recipients, subject and text of the e-mail, in the customer's language, for a person to send
	(F5).
	"""
	code = (
		"zh" if (frappe.db.get_value("Customer", order.customer, "language") or "").startswith("zh") else "en"
	)
	template = TEMPLATES[code]
	if not frappe.db.exists("Email Template", template):
		refuse_one("F5", mark("The e-mail template {0} is missing: the next migration makes it."), template)
	with language(code):
		table = render(
			"panels/progress_mail.html",
			rows=progress.shown(order.name, progress.of([order.name])[order.name]),
		)
	said = {
		"name": order.name,
		"po_no": order.po_no,
		"customer_name": order.customer_name,
		"contact": order.get("contact_display"),
		"company": order.company,
		"sender": frappe.utils.get_fullname(frappe.session.user),
	}
	text = frappe.get_cached_doc("Email Template", template).get_formatted_email(
		# Templates of the site escape nothing; the table is ours, and has.
		{**{name: escape_html(value or "") for name, value in said.items()}, "progress": table}
	)
	return {
		"recipients": order.get("contact_email") or "",
		"subject": text["subject"],
		"message": text["message"],
	}


def send(order: Document, recipients: str, subject: str, message: str, by_mail: bool = True) -> str:
	"""Send the e-mail and keep it as Communication of the order; returns its name (F5).

	Not `by_mail`: the customer was told otherwise, and what was said is kept.
	"""
	addresses = [a for a in split_emails(recipients or "") if validate_email_address(a)]
	if not addresses and by_mail:
		refuse_one("F5", mark("Say to whom: a valid e-mail address of the customer."))
	if not says(subject or "") or not says(frappe.utils.strip_html(message or "")):
		refuse_one("F5", mark("The customer is told something: subject and text are missing."))
	told = make(
		doctype=order.doctype,
		name=order.name,
		subject=subject,
		content=message,
		recipients=", ".join(addresses),
		send_email=bool(cint(by_mail)),
		communication_medium="Email" if by_mail else "Other",
	)
	frappe.msgprint(_("The customer was told. It is kept on the order."), alert=True, indicator="green")
	return told["name"]
