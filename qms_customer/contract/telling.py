"""Telling the customer the result of a change (E7, F5): an e-mail from a template of the site, or, where
there is no account to send it with, a record of how the customer was told otherwise.
"""

from html import unescape
from typing import Any

import frappe
from frappe import _
from frappe.email.doctype.email_account.email_account import EmailAccount
from frappe.model.document import Document
from frappe.utils import (
	get_datetime,
	get_formatted_email,
	now_datetime,
	sanitize_html,
	split_emails,
	strip_html,
	validate_email_address,
)
from markupsafe import Markup, escape

from qms_customer.contract import changed_rows, notify, people, reviews
from qms_customer.contract.proposed import NOTICE, ORDER
from qms_customer.messages import refuse, refuse_one
from qms_customer.records.token import moving
from qms_customer.rules import distribution as rules
from qms_customer.rules import mark
from qms_customer.rules import notice as notice_rules
from qms_customer.rules import people as people_rules
from qms_customer.shown import language, render

# K2: the event of the chain.
TOLD = mark("Customer Told")
# By the language of the customer, else of the site; English where there is no text.
TEMPLATES = {"en": "Contract Change Result (English)", "zh": "Contract Change Result (Chinese)"}
_WHAT = (
	"{% if decision == 'Approved' %}{{ changes_table }}{% elif comment %}<p>{{ comment }}</p>{% endif %}\n"
)
TEXTS = {
	"en": (
		"Order {{ po_no or name }}: {{ result }}",
		"<p>Dear {{ contact or customer_name }},</p>\n"
		"<p>about the change {{ notice }} of your order {{ po_no or name }}: {{ result }}.</p>\n"
		+ _WHAT
		+ "<p>Please tell us if this is not what was agreed, or if you have questions.</p>\n"
		"<p>{{ sender }}<br>{{ company }}</p>",
	),
	"zh": (
		"订单 {{ po_no or name }}：{{ result }}",
		"<p>{{ contact or customer_name }}，您好！</p>\n"
		"<p>关于贵方订单 {{ po_no or name }} 的合同变更 {{ notice }}：{{ result }}。</p>\n"
		+ _WHAT
		+ "<p>如与双方商定的内容不符，或有任何疑问，请及时告知我们。</p>\n"
		"<p>{{ sender }}<br>{{ company }}</p>",
	),
}
_DONE = {
	notice_rules.CHANGE: mark("the contract was changed as agreed"),
	notice_rules.CANCEL: mark("the contract was cancelled as agreed"),
	notice_rules.CLOSE: mark("the contract was closed as agreed"),
	notice_rules.REOPEN: mark("the contract was re-opened as agreed"),
}
_NOT_DONE = {
	"Rejected": mark("we cannot agree to the change; the contract stays as it is"),
	"Withdrawn": mark("the change was withdrawn; the contract stays as it is"),
}


def ask(notice: Document) -> None:
	"""Put it into the inbox of who prepared a notice that the customer is told its result (E7, L3)."""
	user = notice.prepared_by
	users = (
		[user] if user and people.is_enabled_person(user) else people.holders(people_rules.BUSINESS_MANAGER)
	)
	notify.assign(
		notice,
		users,
		_("Tell {0} the result of the change {1} of {2}").format(
			notice.customer_name, notice.name, notice.reference_name
		),
	)


def may_tell(notice: Document, user: str) -> bool:
	"""Return whether a person of Sales may tell the customer the result of a notice: it is decided (E7)."""
	return notice.docstatus == 1 and people.is_present(user) and reviews.may_prepare(user)


def draft(notice: Document, code: str = "") -> dict[str, Any]:
	"""Return recipients, subject and text for a person to look at, change and send (E7, F5).

	`code`: the language; without it the customer's. `can_send`: whether the site has an account to send with.
	"""
	_refuse_unless_sales(notice)
	order = frappe.get_doc(ORDER, notice.reference_name)
	code = _language(notice.customer, code)
	template = TEMPLATES[code]
	if not frappe.db.exists("Email Template", template):
		refuse_one("E7", mark("The e-mail template {0} is missing: the next migration makes it."), template)
	with language(code):
		said = _said(notice, order)
	text = frappe.get_cached_doc("Email Template", template).get_formatted_email(said)
	return {
		"template": template,
		"language": code,
		"recipients": _address(notice, order),
		"whom": order.get("contact_display") or "",
		# A line of text and no markup: what was escaped for the template reads as it is.
		"subject": unescape(strip_html(text["subject"])).strip(),
		"message": text["message"],
		"can_send": bool(_account()),
	}


def tell(
	name: str,
	how: str,
	subject: str,
	message: str,
	recipients: str = "",
	whom: str = "",
	told_on: str = "",
) -> Document:
	"""Tell the customer the result by e-mail, or record how they were told; returns the notice (E7, F5, K3).

	Either way it is kept as a Communication of the order and of the notice. It may be told again: what stands
	on the notice is the last time, all are kept.
	"""
	notice = frappe.get_doc(NOTICE, name, for_update=True)
	people.check_readable(notice)
	_refuse_unless_sales(notice)
	user, now = frappe.session.user, now_datetime()
	addresses = [a for a in split_emails(recipients or "") if validate_email_address(a)]
	by_mail = how == rules.EMAIL
	told = rules.Told(
		how or "", whom or "", now if by_mail else _moment(told_on), strip_html(message or ""), addresses
	)
	if found := rules.told_refusals(told, bool(by_mail and _account()), notice.decided_on, now):
		refuse(found, _("The Customer Is Not Told Yet"))
	kept = _keep(notice, told, subject, message)
	if by_mail:
		kept.send_email()
	with moving(notice, TOLD):
		notice.db_set(
			{
				"told_on": told.when,
				"told_by": user,
				"told_how": told.how,
				"told_whom": ", ".join(addresses) if by_mail else told.whom,
				"told_communication": kept.name,
			}
		)
	notify.done(notice)
	return notice


def _keep(notice: Document, told: rules.Told, subject: str, message: str) -> Document:
	by_mail = told.how == rules.EMAIL
	kept = frappe.get_doc(
		{
			"doctype": "Communication",
			"communication_type": "Communication",
			"communication_medium": rules.WAYS[told.how],
			"sent_or_received": "Sent",
			"communication_date": told.when,
			"subject": (subject or "").strip() or _("Result of the change {0}").format(notice.name),
			"content": message,
			"sender": get_formatted_email(frappe.session.user),
			"recipients": ", ".join(told.addresses) if by_mail else None,
			"reference_doctype": notice.reference_doctype,
			"reference_name": notice.reference_name,
			"timeline_links": [{"link_doctype": NOTICE, "link_name": notice.name}],
		}
	)
	if not by_mail:
		clean = Markup(sanitize_html(message))
		kept.content = render("panels/told.html", how=told.how, whom=told.whom, message=clean)
	# It is kept as it was read, without what a site adds to e-mails at their end.
	kept.flags.skip_add_signature = True
	# Who may tell the customer was checked; they need no right over all e-mails.
	kept.insert(ignore_permissions=True)
	return kept


def _said(notice: Document, order: Document) -> dict[str, Any]:
	"""What a template may say, in the language of the block; escaped, as templates do not."""
	changes = changed_rows.rows(notice)
	result = _(_DONE[notice.kind]) if notice.decision == "Approved" else _(_NOT_DONE[notice.decision])
	said = {
		"notice": notice.name,
		"kind": notice.kind,
		"decision": notice.decision,
		"result": result,
		"comment": notice.decision_comment if notice.decision_comment != "/" else "",
		"name": order.name,
		"po_no": order.po_no,
		"customer_name": notice.customer_name,
		"contact": order.get("contact_display"),
		"company": order.company,
		"sender": people.full_name(frappe.session.user),
	}
	return {
		**{name: escape(value or "") for name, value in said.items()},
		"changes": [{k: escape(v) for k, v in row.items()} for row in changes],
		"changes_table": render("panels/change_mail.html", changes=changes),
	}


def _language(customer: str, code: str) -> str:
	"""Which text: as asked for, else the customer's language, else the site's."""
	wanted = (
		code
		or frappe.get_cached_value("Customer", customer, "language")
		or frappe.db.get_default("lang")
		or "en"
	)
	return next((known for known in TEMPLATES if wanted.split("-")[0].lower() == known), "en")


def _address(notice: Document, order: Document) -> str:
	"""The address to begin with: of the order's contact, else who wrote to us, else the customer's."""
	if order.get("contact_email"):
		return order.contact_email
	if notice.communication:
		email = frappe.db.get_value(
			"Communication", notice.communication, ["sender", "sent_or_received"], as_dict=True
		)
		if email and email.sent_or_received == "Received" and validate_email_address(email.sender or ""):
			return email.sender
	return frappe.get_cached_value("Customer", notice.customer, "email_id") or ""


def _account() -> Document | None:
	"""The account to send with, None where nobody would be told: Frappe takes a dummy where e-mails are
	muted.
	"""
	if frappe.are_emails_muted():
		return None
	return EmailAccount.find_outgoing(match_by_email=frappe.session.user, match_by_doctype=ORDER)


def _refuse_unless_sales(notice: Document) -> None:
	if notice.docstatus != 1:
		refuse_one("E7", mark("{0} is not decided yet: there is no result to tell."), notice.name)
	if not may_tell(notice, frappe.session.user):
		refuse_one(
			"E7", mark("The customer is told by Sales: the role {0} is needed."), people_rules.SALES_USER
		)


def _moment(value: str | None) -> Any:
	try:
		return get_datetime(value) if value else None
	except Exception:
		refuse_one("E7", mark("This is no date: {0}."), str(value))
