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
from frappe.utils import cint, escape_html, now_datetime, nowdate, validate_email_address

# How many receipts an address gets in a day, and how many leave in all.
TO_ONE, IN_ALL = 5, 500
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
	if not is_address(recipient):
		return None
	account = _account(sender)
	if not account or not _within(recipient):
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
			"content": "".join(
				f"<p>{escape_html(line)}</p>"
				for lang in languages
				for line in _lines(feedback, lang, bool(answers))
			),
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
		is_notification=True,
	)
	return kept.name


def is_sent(feedback: Document) -> bool:
	"""Return whether feedback has had its receipt (H1)."""
	about = {"reference_doctype": feedback.doctype, "reference_name": feedback.name}
	return bool(frappe.db.exists("Communication", {**about, "communication_type": "Automated Message"}))


def is_due(recipient: str) -> bool:
	"""Return whether an address would get a receipt now: it is one, has not had enough, and there is an
	account to send with (H1).
	"""
	if not is_address(recipient) or frappe.are_emails_muted():
		return False
	if any(cint(frappe.cache.get(name)) >= most for name, most in _counters(recipient)):
		return False
	known = frappe.cache.get_value("qms_can_mail", expires=True)
	if known is None:
		# Reading it takes as long as writing a record.
		known = bool(EmailAccount.find_outgoing())
		frappe.cache.set_value("qms_can_mail", known, expires_in_sec=300)
	return known


def is_address(text: str) -> bool:
	"""Return whether a text is one e-mail address and nothing else: no list, no name, no line of a head."""
	return bool(text) and text.isascii() and " " not in text and validate_email_address(text) == text


def say_that_it_is_automatic(mail: EMail) -> None:
	"""Say so in the head of what Frappe sends for `send`, which itself lets no such header be set (A10)."""
	if mail.msg_root.get(SUPPRESS) == "All":
		mail.set_header("Auto-Submitted", "auto-replied")


def _lines(feedback: Document, language: str, answers: bool) -> tuple[str, ...]:
	taken = _("Thank you. Your message is recorded under the number {0}, and somebody reads it.", language)
	if answers:
		more = _("You may answer this e-mail if you want to add something.", language)
	else:
		more = _(
			"You need not reply. If you have sent us nothing, somebody has typed your address.", language
		)
	return taken.format(feedback.name), more, feedback.company


def _account(address: str) -> EmailAccount | None:
	if frappe.are_emails_muted():
		return None
	return EmailAccount.find_outgoing(match_by_email=address or None)


def _of_site() -> str:
	return frappe.db.get_single_value("System Settings", "language") or "en"


def _within(address: str) -> bool:
	"""Count a receipt, and return whether it may still leave today."""
	# In redis: it counts at once for everybody, and who clears the caches begins anew.
	for name, most in _counters(address):
		count = frappe.cache.incr(name)
		frappe.cache.expire(name, DAY)
		if count > most:
			return False
	return True


def _counters(address: str) -> list[tuple[bytes, int]]:
	digest = hashlib.sha256(address.lower().encode()).hexdigest()
	return [
		(frappe.cache.make_key(f"qms_receipts:{nowdate()}:{whose}"), most)
		for whose, most in ((digest, TO_ONE), ("all", IN_ALL))
	]
