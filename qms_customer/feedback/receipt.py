"""The receipt for what somebody sent us: its number, by mail, and nothing of what they wrote (H1).

Whoever types somebody else's address has us write to a stranger: so the text is ours alone, few go to one
address, and a machine that gets one is told not to answer (RFC 3834).
"""

import hashlib

import frappe
from frappe import _
from frappe.email.doctype.email_account.email_account import EmailAccount
from frappe.email.doctype.email_queue.email_queue import QueueBuilder
from frappe.email.email_body import EMail
from frappe.model.document import Document
from frappe.utils import cint, escape_html, validate_email_address

# To one address within a day.
MOST, SECONDS = 3, 24 * 60 * 60


class _Automatic(QueueBuilder):
	"""An e-mail that says that no person has written it."""

	def prepare_email_content(self) -> EMail:
		mail = super().prepare_email_content()
		mail.set_header("Auto-Submitted", "auto-replied")
		mail.set_header("X-Auto-Response-Suppress", "All")
		return mail


def is_address(text: str) -> bool:
	"""Return whether a text is one e-mail address and nothing else: no list, no name, no line of a head."""
	return bool(text) and text.isascii() and " " not in text and validate_email_address(text) == text


def is_due(feedback: Document) -> bool:
	"""Return whether a receipt is to be sent: there is an address, and an account to send with (H1)."""
	address = feedback.contact_email or ""
	if not is_address(address) or frappe.are_emails_muted():
		return False
	if cint(frappe.cache.get(_key(address))) >= MOST:
		return False
	known = frappe.cache.get_value("qms_can_mail", expires=True)
	if known is None:
		# Reading it takes as long as writing a record.
		known = _can_mail()
		frappe.cache.set_value("qms_can_mail", known, expires_in_sec=300)
	return known


def _can_mail() -> bool:
	return bool(EmailAccount.find_outgoing())


def send(feedback: Document) -> None:
	"""Put the receipt of feedback into the queue, in the language of this request; once (H1).

	Without an account to send with, or where an address has got enough, there is none.
	"""
	about = {"reference_doctype": feedback.doctype, "reference_name": feedback.name}
	if not is_due(feedback) or not _can_mail() or frappe.db.exists("Email Queue", about):
		return
	key = _key(feedback.contact_email)
	if frappe.cache.incrby(key, 1) == 1:
		frappe.cache.expire(key, SECONDS)
	said = (
		_("We have received your message. Its number is {0}.").format(feedback.name),
		_("We will look into it, and get in touch if we need to know more or have an answer for you."),
		_("You need not reply to this e-mail. If you have sent us nothing, somebody has typed your address."),
		feedback.company,
	)
	_Automatic(
		recipients=[feedback.contact_email],
		subject=_("We have received your message: {0}").format(feedback.name),
		message="".join(f"<p>{escape_html(one)}</p>" for one in said),
		text_content="\n\n".join(said),
		**about,
		add_unsubscribe_link=0,
		is_notification=True,
	).process()


def _key(address: str) -> bytes:
	digest = hashlib.sha256(address.lower().encode()).hexdigest()
	return frappe.cache.make_key(f"qms_receipts:{digest}")
