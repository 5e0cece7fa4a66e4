"""The inbox: a mail that comes in through an Email Account appended to Customer Feedback is recorded, hung on
the record that it answers, or, if a program has sent it, only kept (A10, H1, H5).

Frappe reads the mail and keeps it as Communication; what it would record of it beforehand, and on what record
it would hang it for a number in the subject or in an address, is decided here instead.
"""

import sys
from datetime import datetime
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import frappe
from frappe import _
from frappe.core.api.file import get_max_file_size
from frappe.core.doctype.communication.communication import parse_email
from frappe.email.receive import Email, InboundMail, SentEmailInInboxError
from frappe.model.document import Document
from frappe.utils import escape_html, get_datetime, get_url, now_datetime, validate_email_address

from qms_customer.contract import notify, people, states
from qms_customer.feedback import decisions, email_text, handled, intake, make, receipts, received, record
from qms_customer.messages import refuse_one
from qms_customer.rules import mail as rules
from qms_customer.rules import mark
from qms_customer.rules.people import QUALITY, SERVICE

COMMUNICATION, UNHANDLED = "Communication", "Unhandled Email"
# Records that a mail is hung on only if it answers one of theirs.
OURS = (intake.DOCTYPE, handled.DOCTYPE)
# How many of the mails that a mail says it answers are looked up.
MOST = 20


def arriving() -> InboundMail | None:
	"""Return the mail that Frappe is keeping just now, None if it keeps none.

	Its head says whether a person has sent it, and Frappe hands the head to nobody: it is read where Frappe
	holds it, on the stack.
	"""
	frame = sys._getframe(1)
	while frame is not None:
		holder = frame.f_locals.get("self")
		if isinstance(holder, InboundMail):
			return holder
		frame = frame.f_back
	return None


def accounts() -> list[str]:
	"""Return the Email Accounts that are appended to feedback, as a whole or by a folder (H1)."""
	whole = frappe.get_all("Email Account", filters={"append_to": intake.DOCTYPE}, pluck="name")
	folders = frappe.get_all(
		"IMAP Folder",
		filters={"append_to": intake.DOCTYPE, "parenttype": "Email Account"},
		pluck="parent",
		distinct=True,
	)
	return sorted({*whole, *folders})


def before_account(account: Document, method: str | None = None) -> None:
	"""Refuse an Email Account for feedback that would lose mails, or answer programs (A10, H1)."""
	if not account.enable_incoming:
		return
	folders = [row.append_to for row in account.imap_folder] if account.use_imap else []
	if intake.DOCTYPE not in (account.append_to, *folders):
		return
	if not account.use_imap:
		refuse_one(
			"H1",
			mark(
				"By POP3 a mail is deleted on the mail server before it is recorded here. Use IMAP, and "
				"append its folder to Customer Feedback."
			),
		)
	if account.enable_auto_reply:
		refuse_one(
			"A10",
			mark(
				"Enable Auto Reply answers programs as well, and they answer back. Switch it off: whoever "
				"sends feedback gets a receipt with its number."
			),
		)
	if account.notify_if_unreplied:
		refuse_one(
			"L3",
			mark(
				"Notify If Unreplied does not know feedback. Switch it off: what is not assessed in time "
				"goes up the line of the settings."
			),
		)


def on_email(doc: Document, method: str | None = None) -> None:
	"""A mail is being kept: hang it on the record that it answers, or record it (A10, H1, H5)."""
	if doc.sent_or_received != "Received":
		return
	named = doc.reference_doctype in OURS
	_unlink_guessed(doc)
	if not (doc.flags.in_receive and doc.is_new() and (mail := arriving())):
		return
	ours = _append_to(mail) == intake.DOCTYPE
	if not (ours or named):
		return
	_refuse_twice(doc)
	_name_files(mail)
	head = _head(mail)
	kind = rules.kind(head)
	if thread := _thread(mail, kind):
		_hang(doc, *thread)
		doc.flags.qms_automatic = kind in (rules.AUTOMATIC, rules.OWN)
		if kind or not _is_over(thread):
			_say_what_is_missing(mail, *thread)
			_tell(doc, kind)
			return
	elif ours and doc.reference_doctype and not named:
		# It answers a mail about something else of ours, and is seen there as well.
		doc.add_link(doc.reference_doctype, doc.reference_name)
	_hang(doc)
	if kind:
		# Kept, and listed by the report of mails that are no feedback.
		return
	arrived = _arrived(mail)
	feedback = make.of_email(doc)
	feedback.update({"received_on": arrived, "aware_on": arrived})
	if thread:
		feedback.append(
			"duplicates",
			{"feedback": thread[1], "linked_by": frappe.session.user, "linked_on": now_datetime()},
		)
	feedback, is_new = received.store(feedback, _key(mail.mail, mail.raw_message), received.WITHOUT_SOURCE)
	if not is_new and _is_kept(feedback):
		raise SentEmailInInboxError
	_hang(doc, feedback.doctype, feedback.name)
	_say_what_is_missing(mail, feedback.doctype, feedback.name)
	doc.flags.qms_receipt = is_new and rules.may_answer(head)


def on_kept(doc: Document, method: str | None = None) -> None:
	"""A mail is recorded and kept: whoever sent it gets a receipt (A10)."""
	if not doc.flags.qms_receipt:
		return
	feedback = frappe.get_doc(doc.reference_doctype, doc.reference_name)
	language = feedback.customer and frappe.db.get_value("Customer", feedback.customer, "language")
	sender = frappe.db.get_value("Email Account", doc.email_account, "email_id") if doc.email_account else ""
	frappe.db.savepoint("qms_receipt")
	try:
		receipts.send(feedback, doc.sender or "", language or "", sender or "", doc.name)
	except Exception:
		# What was said is recorded, whatever becomes of its receipt.
		frappe.db.rollback(save_point="qms_receipt")
		feedback.log_error("A receipt could not be sent")


def on_update(doc: Document, method: str | None = None) -> None:
	"""What is attached to a mail about a record is attached to the record as well: of e-mails themselves most
	of its readers may read nothing (H1).
	"""
	if doc.flags.in_receive and doc.reference_doctype in OURS and not doc.flags.qms_automatic:
		attach(doc)


def attach(email: Document) -> None:
	"""Attach to a record what is attached to an e-mail about it, once (H1)."""
	filters = {"attached_to_doctype": COMMUNICATION, "attached_to_name": email.name}
	files = frappe.get_all("File", filters=filters, fields=["file_name", "file_url"], order_by="creation")
	to = {"attached_to_doctype": email.reference_doctype, "attached_to_name": email.reference_name}
	there = set(frappe.get_all("File", filters=to, pluck="file_url")) if files else set()
	for one in files:
		if one.file_url not in there:
			# The same bytes under a second name; whoever sent the mail is no user who could attach them.
			frappe.get_doc({"doctype": "File", "is_private": 1, **one, **to}).insert(ignore_permissions=True)


def hang_kept(feedback: Document) -> None:
	"""Hang the e-mail of which a person has made feedback on it, with what is attached to it (H1)."""
	email = frappe.get_doc(COMMUNICATION, feedback.origin_name, for_update=True)
	_refuse_recorded(email)
	if email.reference_doctype and email.reference_name:
		# It belongs to something else, and stays there: the feedback names it (K2).
		return
	_hang(email, feedback.doctype, feedback.name)
	email.db_update()
	attach(email)


def record_kept(name: str) -> Document:
	"""Record an e-mail as feedback that was taken for one of a program, and return the feedback (H1)."""
	email = frappe.get_doc(COMMUNICATION, name)
	if email.email_account not in accounts() or email.sent_or_received != "Received":
		refuse_one("H1", mark("{0} is no e-mail to an inbox of feedback."), name)
	_refuse_recorded(email)
	feedback = make.of_email(email)
	# Known since it was kept, whoever looks at it when.
	feedback.received_on = feedback.aware_on = min(get_datetime(email.communication_date), now_datetime())
	feedback, _is_new = received.store(feedback, received.key("kept", name), received.WITHOUT_SOURCE)
	hang_kept(feedback)
	return feedback


def _refuse_recorded(email: Document) -> None:
	if email.reference_doctype in OURS:
		refuse_one("H1", mark("The e-mail is recorded already: {0}."), email.reference_name)


def on_unhandled(doc: Document, method: str | None = None) -> None:
	"""A mail that Frappe could not keep is recorded all the same, as far as it can be read (H1)."""
	if doc.email_account not in accounts():
		return
	frappe.db.savepoint("qms_unhandled")
	try:
		_record_unhandled(doc)
	except Exception:
		# Frappe keeps it as unhandled in any case, and a System Manager reads why.
		frappe.db.rollback(save_point="qms_unhandled")
		doc.log_error("An e-mail could not be recorded as feedback")


def _record_unhandled(doc: Document) -> None:
	mail = Email(doc.raw or "")
	sender = mail.from_email or ""
	if rules.kind(_head(mail)):
		return
	email = frappe._dict(
		doctype=UNHANDLED,
		name=doc.name,
		subject=mail.subject,
		text_content=mail.text_content,
		content=mail.html_content,
	)
	arrived = _arrived(mail)
	address = validate_email_address(sender)
	feedback = frappe.new_doc(intake.DOCTYPE)
	feedback.update(
		{
			"origin_doctype": UNHANDLED,
			"origin_name": doc.name,
			"channel": record.CHANNELS[UNHANDLED],
			"company": make.company(),
			"subject": email_text.subject(email),
			"details": email_text.details(email),
			"contact_name": email_text.name(getattr(mail, "from_real_name", "") or sender),
			"contact_email": address if address and "," not in address else None,
			"received_on": arrived,
			"aware_on": arrived,
			"aware_by": doc.email_account,
		}
	)
	received.store(feedback, _key(mail.mail, mail.raw_message), received.WITHOUT_SOURCE)


def _append_to(mail: InboundMail) -> str | None:
	return mail.append_to if mail.email_account.use_imap else mail.email_account.append_to


def _unlink_guessed(doc: Document) -> None:
	"""Take a mail off the records whose numbers stand in the addresses it was sent to, where a site links
	mails so, each time it is saved: whoever guesses a number may write it there (H5).
	"""
	if doc.reference_doctype not in OURS and not any(row.link_doctype in OURS for row in doc.timeline_links):
		return
	told = [str(doc.get(field) or "") for field in ("recipients", "cc", "bcc")]
	guessed = {(str(kind).lower(), str(name).lower()) for kind, name in parse_email(told)}
	before = doc.get_doc_before_save()
	doc.timeline_links = [
		row
		for row in doc.timeline_links
		if row.link_doctype not in OURS or (row.link_doctype.lower(), row.link_name.lower()) not in guessed
	]
	about = (str(doc.reference_doctype).lower(), str(doc.reference_name).lower())
	if about in guessed and not (before and before.reference_name):
		_hang(doc)


def _refuse_twice(doc: Document) -> None:
	"""Leave alone what another worker has kept meanwhile; Frappe looks before, and without a lock (H1)."""
	if not doc.message_id:
		return
	frappe.db.get_value("Email Account", doc.email_account, "name", for_update=True)
	if frappe.db.get_value(
		COMMUNICATION, {"message_id": doc.message_id, "sent_or_received": "Received"}, "name", for_update=True
	):
		# Frappe passes over a mail on this error, and takes back what it has written of it.
		raise SentEmailInInboxError


def _head(mail: Email) -> rules.Head:
	message: Message = mail.mail
	headers = {name.lower(): str(value) for name, value in message.items()}
	report = message.get_content_type() == "multipart/report"
	own = frappe.get_all("Email Account", filters={"email_id": ("is", "set")}, pluck="email_id")
	return rules.Head(
		sender=mail.from_email or "",
		subject=mail.subject or "",
		headers=headers,
		report=str(message.get_param("report-type") or "report").lower() if report else "",
		own=frozenset(one.lower() for one in own),
		site=get_url(),
		domain=frappe.local.site,
	)


def _thread(mail: InboundMail, kind: str) -> tuple[str, str] | None:
	"""Return the record on which a mail is hung that this one answers, by the identifier of that mail, which
	only who has got it can know (H1, H5).
	"""
	ids = _answers(mail.mail, kind)
	if not ids:
		return None
	kept = frappe.get_all(
		COMMUNICATION,
		filters={"message_id": ("in", ids), "reference_doctype": ("in", OURS)},
		fields=["reference_doctype", "reference_name", "sent_or_received", "sender", "recipients", "cc"],
		order_by="creation desc",
	)
	for one in kept:
		ways = [str(one[field] or "") for field in ("sender", "recipients", "cc")]
		wrote = [address for _name, address in getaddresses(ways) if address]
		if rules.belongs(one.sent_or_received == "Sent", mail.from_email or "", wrote):
			return _followed(one.reference_doctype, one.reference_name)
	queued = frappe.get_all(
		"Email Queue",
		filters={"message_id": ("in", ids), "reference_doctype": ("in", OURS)},
		fields=["reference_doctype", "reference_name"],
		order_by="creation desc",
		limit=1,
	)
	return _followed(queued[0].reference_doctype, queued[0].reference_name) if queued else None


def _answers(message: Message, kind: str) -> list[str]:
	"""The identifiers of the mails that a mail says it answers, or that came back with it."""
	said = [str(message.get(name) or "") for name in ("In-Reply-To", "References")]
	if kind == rules.BOUNCE:
		for part in message.walk():
			if part.get_content_type() in ("message/rfc822", "text/rfc822-headers"):
				returned = part.get_payload()
				for one in returned if isinstance(returned, list) else [frappe.safe_decode(returned)]:
					found = one.get("Message-ID") if isinstance(one, Message) else _id_in(one)
					said.append(str(found or ""))
	ids = [one.strip("<> \t\r\n,") for one in " ".join(said).split()]
	return list(dict.fromkeys(one for one in ids if one))[-MOST:]


def _id_in(headers: str) -> str:
	lines = (line.partition(":") for line in headers.splitlines())
	return next((value.strip() for name, _colon, value in lines if name.lower() == "message-id"), "")


def _followed(doctype: str, name: str) -> tuple[str, str] | None:
	"""What was assessed as a complaint is answered on the complaint."""
	if doctype == intake.DOCTYPE and (found := frappe.db.get_value(doctype, name, "complaint")):
		return handled.DOCTYPE, found
	return (doctype, name) if frappe.db.exists(doctype, name) else None


def _is_over(thread: tuple[str, str]) -> bool:
	"""Whether nobody would read what is added: feedback that is closed. A complaint is opened again."""
	doctype, name = thread
	return doctype == intake.DOCTYPE and frappe.db.get_value(doctype, name, "docstatus") == 1


def _hang(doc: Document, doctype: str | None = None, name: str | None = None) -> None:
	doc.update({"reference_doctype": doctype, "reference_name": name})
	doc.reference_owner = frappe.db.get_value(doctype, name, "owner") if name else None
	doc.status = "Linked" if name else "Open"


def _tell(doc: Document, kind: str) -> None:
	"""Tell who assesses, or answers, feedback that something was added; a complaint tells by itself (L3)."""
	if doc.reference_doctype != intake.DOCTYPE or kind == rules.AUTOMATIC:
		return
	feedback = frappe.get_doc(doc.reference_doctype, doc.reference_name)
	users = {*people.holders(SERVICE), *people.holders(QUALITY)}
	if feedback.workflow_state == states.FEEDBACK_TO_ANSWER:
		users.update(record.answerers(feedback))
	users = sorted(u for u in users - {feedback.concerned_user} if people.may_see(u, feedback))
	notify.tell(users, _("A mail came in on the feedback {0}").format(feedback.name), feedback)


def _arrived(mail: Email) -> datetime:
	"""When a mail came to our mail server: it writes that on top, under it anybody may write anything.

	In the site's time, never in the future (H4).
	"""
	now = now_datetime().replace(microsecond=0)
	said = (mail.mail.get_all("Received") or [""])[0].rpartition(";")[2].strip()
	try:
		at = parsedate_to_datetime(said)
		at = decisions.local(at if at.tzinfo else at.replace(tzinfo=ZoneInfo("UTC")))
	except (ValueError, TypeError, OverflowError):
		at = get_datetime(mail.date)
	return min(at.replace(microsecond=0), now)


def _key(message: Message, raw: bytes | str) -> str:
	"""What a mail is known by: its identifier, which stays the same however often it is delivered, and who
	sent it; all of it where it has none.
	"""
	if identifier := str(message.get("Message-ID") or "").strip():
		return received.key("mail", identifier, str(message.get("From") or ""))
	return received.key("mail", raw.decode("latin-1") if isinstance(raw, bytes) else raw)


def _name_files(mail: InboundMail) -> None:
	"""Give attachments names that are nothing but names, before Frappe keeps them with markup in them."""
	taken: set[str] = set()
	for number, one in enumerate(mail.attachments, start=1):
		name = rules.file_name(unquote(str(one["fname"])))
		if name in taken:
			name = f"{number} {name}"
		taken.add(name)
		# By its name Frappe finds a picture's place in the text.
		if one["fname"] in mail.cid_map:
			mail.cid_map[name] = mail.cid_map[one["fname"]]
		one["fname"] = name


def _is_kept(feedback: Document) -> bool:
	return bool(
		frappe.db.exists(
			COMMUNICATION,
			{
				"reference_doctype": feedback.doctype,
				"reference_name": feedback.name,
				"sent_or_received": "Received",
			},
		)
	)


def _say_what_is_missing(mail: InboundMail, doctype: str, name: str) -> None:
	"""Name on a record the attachments that Frappe passes over without a word (H1)."""
	most = get_max_file_size()
	if names := [str(one["fname"]) for one in mail.attachments if len(one["fcontent"]) > most]:
		text = escape_html(_("Too large to be kept: {0}").format(", ".join(names)))
		frappe.get_doc(doctype, name).add_comment("Info", text)


def unrecorded(since: Any) -> list[frappe._dict]:
	"""Return the mails to our inboxes that are on no record: of programs, as far as can be told (H1)."""
	names = accounts()
	if not names:
		return []
	return frappe.get_all(
		COMMUNICATION,
		filters={
			"email_account": ("in", names),
			"sent_or_received": "Received",
			"communication_medium": "Email",
			"reference_name": ("is", "not set"),
			"creation": (">=", since),
		},
		fields=["name", "creation", "sender", "sender_full_name", "subject", "text_content", "content"],
		order_by="creation desc",
		limit=500,
	)
