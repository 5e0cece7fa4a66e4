"""Receipts: who writes to us without a person answering at once is told the number, by mail (A10, H1).

A receipt says that it comes from a program, so that no program answers it, and an address gets a few a day:
anybody can write the address of somebody else into a mail or a form.
"""

import hashlib

import frappe
from frappe import _
from frappe.email.doctype.email_account.email_account import EmailAccount
from frappe.email.email_body import EMail, get_message_id
from frappe.model.document import Document
from frappe.utils import now_datetime, nowdate, validate_email_address

# How many receipts an address gets in a day, and how many leave in all.
TO_ONE, IN_ALL = 10, 500
DAY = 24 * 60 * 60
# Exchange's name for what RFC 3834 calls Auto-Submitted.
SUPPRESS = "X-Auto-Response-Suppress"


def send(
	feedback: Document, recipient: str, language: str = "", sender: str = "", answers: str = ""
) -> str | None:
	"""Put a receipt into the queue, within this transaction, and keep it with the feedback; returns the name
	of the e-mail, None where none is sent (A10).

	`language`: of the recipient; in that of the site and in English where it is not known. `sender`: the
	address to answer to. `answers`: the e-mail that it answers, by name. What the other side has written is
	not repeated: nobody sends texts of theirs through us.
	"""
	recipient = (recipient or "").strip()
	if validate_email_address(recipient) != recipient or any(c in recipient for c in ", \r\n"):
		return None
	account = _account(sender)
	if not account or not _within(recipient.lower()):
		return None
	languages = [language] if language else list(dict.fromkeys((_of_site(), "en")))
	subject = " / ".join(
		dict.fromkeys(
			_("We have received your message: {0}", lang).format(feedback.name) for lang in languages
		)
	)
	kept = frappe.get_doc(
		{
			"doctype": "Communication",
			"communication_type": "Automated Message",
			"communication_medium": "Email",
			"sent_or_received": "Sent",
			"communication_date": now_datetime(),
			"subject": subject,
			"content": "".join(f"<p>{line}</p>" for lang in languages for line in _lines(feedback, lang)),
			"sender": account.email_id,
			"recipients": recipient,
			"message_id": get_message_id().strip(" <>"),
			"email_account": account.name if account.is_exists_in_db() else None,
			"reference_doctype": feedback.doctype,
			"reference_name": feedback.name,
		}
	)
	kept.flags.skip_add_signature = True
	# Nobody is here who could hold a right over e-mails.
	kept.insert(ignore_permissions=True)
	frappe.sendmail(
		recipients=[recipient],
		sender=account.email_id,
		reply_to=account.email_id,
		subject=subject,
		message=kept.content,
		reference_doctype=feedback.doctype,
		reference_name=feedback.name,
		message_id=kept.message_id,
		in_reply_to=answers or None,
		communication=kept.name,
		email_headers={SUPPRESS: "All"},
		add_unsubscribe_link=0,
	)
	return kept.name


def say_that_it_is_automatic(mail: EMail) -> None:
	"""Say so in the head of what Frappe sends for `send`, which itself lets no such header be set (A10)."""
	if mail.msg_root.get(SUPPRESS) == "All":
		mail.set_header("Auto-Submitted", "auto-replied")


def _lines(feedback: Document, language: str) -> tuple[str, ...]:
	return (
		_(
			"Thank you. Your message is recorded under the number {0}, and somebody reads it.", language
		).format(feedback.name),
		_("You may answer this e-mail if you want to add something.", language),
	)


def _account(address: str) -> EmailAccount | None:
	if frappe.are_emails_muted():
		return None
	return EmailAccount.find_outgoing(match_by_email=address or None)


def _of_site() -> str:
	return frappe.db.get_single_value("System Settings", "language") or "en"


def _within(address: str) -> bool:
	"""Count a receipt, and return whether it may still leave today."""
	# In redis: it counts at once for everybody, and who clears the caches begins anew.
	for whose, most in ((hashlib.sha256(address.encode()).hexdigest(), TO_ONE), ("all", IN_ALL)):
		name = frappe.cache.make_key(f"qms_receipts:{nowdate()}:{whose}")
		count = frappe.cache.incr(name)
		frappe.cache.expire(name, DAY)
		if count > most:
			return False
	return True
