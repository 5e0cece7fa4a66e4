"""The inbox: a mail is recorded, hung on the record that it answers, or kept without one (A10, H1, H5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from email import message_from_string
from typing import Any

import frappe
import pytest
from frappe.email.receive import InboundMail, SentEmailInInboxError
from frappe.model.document import Document
from frappe.utils import add_to_date, get_datetime, now_datetime

from qms_customer.contract import states
from qms_customer.feedback import mails as door
from qms_customer.feedback import receipts, received_api
from qms_customer.messages import QMSRefusal
from qms_customer.records import verification
from qms_customer.rules import complaint as rules
from qms_customer.rules import people as roles
from tests.support import complaints as h
from tests.support import contracts as c
from tests.support import feedback as f
from tests.support import mails as m
from tests.support.imap import mailbox
from tests.support.people import as_user, make_user

ALERT = "<script>alert(1)</script>"
DAY = "Mon, 02 Nov 2026 08:30:00 +0800"


def number() -> int:
	return frappe.db.count(f.FEEDBACK)


def queued(kept: Document) -> list[str]:
	return frappe.get_all(
		"Email Queue", filters={"reference_name": kept.reference_name}, pluck="message", order_by="creation"
	)


@pytest.fixture
def decided(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
	"""Whether complaints are reportable was decided."""
	with h.regulators(monkeypatch):
		yield


def contact(address: str, *customers: str) -> None:
	doc = frappe.get_doc({"doctype": "Contact", "first_name": c.unique("Gu")})
	doc.add_email(address, is_primary=1)
	for one in customers:
		doc.append("links", {"link_doctype": "Customer", "link_name": one})
	doc.insert()


@pytest.mark.rule("H1", "A10")
def test_a_mail_is_recorded_in_the_words_of_who_wrote_it(world: c.World) -> None:
	customer = c.customer()
	contact(m.CUSTOMER, customer)
	world.person(roles.SERVICE)
	kept = m.deliver(
		m.message("It leaks.\r\n\r\n\r\n\r\nBatch <LOT-1>, 3 < 4\r\n", Received=f"from mx by us; {DAY}")
	)
	doc = m.feedback_of(kept)
	assert (doc.channel, doc.subject, doc.source) == ("E-mail", "It leaks", "")
	assert doc.details == "It leaks.\n\nBatch < LOT-1>, 3 < 4"
	assert (doc.contact_name, doc.contact_email, doc.customer) == ("Dr Gu", m.CUSTOMER, customer)
	assert (doc.origin_doctype, doc.origin_name) == ("Communication", kept.name)
	# It is known since it came to our mail server, whatever its sender says.
	assert doc.received_on == doc.aware_on
	zone = frappe.utils.get_system_timezone()
	assert zone and abs(get_datetime(doc.received_on) - get_datetime("2026-11-02 00:30:00")).days < 1
	assert doc.workflow_state == states.FEEDBACK_TO_ASSESS
	assert frappe.db.exists("ToDo", {"reference_name": doc.name, "allocated_to": world.person(roles.SERVICE)})
	assert verification.verify(f.FEEDBACK, doc.name).findings == []
	# Several customers of one address: nobody guesses.
	contact("two@agent.example", customer, c.customer())
	assert not m.feedback_of(m.deliver(m.message(sender="two@agent.example"))).customer


@pytest.mark.rule("H1", "H2")
def test_who_says_it_is_said_before_it_is_assessed(world: c.World) -> None:
	doc = m.feedback_of(m.deliver(m.message()))
	with pytest.raises(QMSRefusal, match="Say who it comes from"):
		f.assess(world, doc, "Complaint")
	with as_user(world.sales):
		doc.reload().source = "Clinical Institution"
		doc.save()
	assert f.assess(world, doc, "Complaint").complaint


@pytest.mark.rule("H1")
@pytest.mark.parametrize("charset", ["gb18030", "gb2312", "big5", "utf-8"])
def test_chinese_mails_are_read(charset: str) -> None:
	text = "导管在接口处漏液" if charset != "big5" else "導管漏液"
	doc = m.feedback_of(m.deliver(m.message(text, subject=text, charset=charset)))
	assert (doc.subject, doc.details) == (text, text)


@pytest.mark.rule("H1")
def test_nothing_in_a_mail_runs_in_the_desk() -> None:
	html = (
		f"<html><head><style>p{{}}</style></head><body>{ALERT}<!-- {ALERT} -->"
		'<p onclick="alert(1)">It <b>leaks</b></p>'
		'<p>at the <img src=x onerror="alert(1)">hub</p></body></html>'
	)
	name = f"../../{ALERT}<img src=x onerror=alert(1)>.html"
	kept = m.deliver(
		m.message(
			"",
			html=html,
			subject=f"{ALERT} It leaks",
			sender=f'"<img src=x onerror=alert(1)>" <{m.CUSTOMER}>',
			files=[(name, b"<script>alert(1)</script>"), ("photo.svg", b"<svg onload='alert(1)'/>")],
		)
	)
	doc = m.feedback_of(kept)
	assert doc.details == "It leaks\n\nat the hub"
	for text in (doc.subject, doc.contact_name, doc.details, kept.content):
		assert "<script" not in text and "<img" not in (text if text != kept.content else "")
		assert "onerror" not in kept.content and "onclick" not in kept.content
	files = frappe.get_all(
		"File",
		filters={"attached_to_name": ("in", [kept.name, doc.name])},
		fields=["file_url", "is_private", "file_name", "attached_to_name"],
	)
	assert len(files) == 4
	for one in files:
		assert one.is_private and one.file_url.startswith("/private/files/") and ".." not in one.file_url
		assert "<" not in one.file_url + one.file_name, one
		assert "/" not in one.file_url.removeprefix("/private/files/"), one
	plain = m.feedback_of(m.deliver(m.message(f"{ALERT} <gu@hospital.example> <img src=x onerror=alert(1)>")))
	assert "<script" not in plain.details and "<img" not in plain.details
	assert "gu@hospital.example" in plain.details and "onerror=alert(1)" in plain.details


@pytest.mark.rule("H1")
def test_a_huge_mail_and_an_empty_one_are_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
	kept = m.deliver(m.message("漏液 " * 200_000))
	doc = m.feedback_of(kept)
	assert len(doc.details.encode()) < 65_535 and "The rest is in the e-mail" in doc.details
	assert len(kept.content) >= 600_000
	empty = m.feedback_of(m.deliver(m.message("", subject="")))
	assert empty.details == "The e-mail has no text."
	monkeypatch.setattr(door, "get_max_file_size", lambda: 10)
	large = m.feedback_of(m.deliver(m.message(files=[("film.mp4", b"12345678901"), ("a.txt", b"1")])))
	said = frappe.get_all("Comment", filters={"reference_name": large.name}, pluck="content")
	assert any("film.mp4" in one and "a.txt" not in one for one in said), said


@pytest.mark.rule("H1")
def test_a_mail_that_is_delivered_twice_is_recorded_once() -> None:
	raw = m.message()
	first = m.deliver(raw)
	before = number()
	assert m.deliver(raw).name == first.name
	# One without an identifier is known by all of it.
	raw = m.message(message_id=None)
	m.deliver(raw)
	with pytest.raises(SentEmailInInboxError):
		m.deliver(raw)
	m.deliver(m.message("Another one", message_id=None))
	assert number() == before + 2


@pytest.mark.rule("H1")
def test_a_mail_without_sender_is_recorded_from_what_frappe_could_not_keep() -> None:
	account, raw = m.inbox(), m.message(sender=None)
	# As its job does: whatever it cannot keep becomes an Unhandled Email.
	with pytest.raises(AttributeError):
		InboundMail(raw, account, append_to=f.FEEDBACK).process()
	frappe.get_doc(
		{
			"doctype": "Unhandled Email",
			"raw": raw.decode(),
			"uid": "7",
			"reason": "…",
			"message_id": "x",
			"email_account": account.name,
		}
	).insert(ignore_permissions=True)
	doc = frappe.get_last_doc(f.FEEDBACK)
	assert (doc.channel, doc.details, doc.contact_email) == ("E-mail", "The catheter leaks at the hub", None)
	assert doc.origin_doctype == "Unhandled Email"


# Threads


@pytest.mark.rule("H1", "A10")
def test_an_answer_is_hung_on_what_it_answers(world: c.World, monkeypatch: pytest.MonkeyPatch) -> None:
	m.inbox()
	m.sending(monkeypatch)
	first = m.deliver(m.message())
	doc = m.feedback_of(first)
	receipt = frappe.get_doc(
		"Communication", {"reference_name": doc.name, "communication_type": "Automated Message"}
	)
	before = number()
	for kept in (
		m.deliver(m.answer_to(receipt, sender="nurse@hospital.example")),
		m.deliver(m.answer_to(first, text="It still leaks", files=[("a.bin", b"photo")])),
	):
		assert (kept.reference_doctype, kept.reference_name) == (doc.doctype, doc.name)
	assert number() == before
	assert frappe.db.exists("File", {"attached_to_doctype": f.FEEDBACK, "attached_to_name": doc.name})
	# What it answers may be about something else of ours: it is seen there as well.
	offer = frappe.get_doc(
		{
			"doctype": "Communication",
			"communication_type": "Communication",
			"communication_medium": "Email",
			"sent_or_received": "Sent",
			"subject": "Our offer",
			"sender": m.INBOX,
			"recipients": m.CUSTOMER,
			"message_id": "offer@maker.example",
			"reference_doctype": "Customer",
			"reference_name": c.customer(),
		}
	).insert()
	kept = m.deliver(m.answer_to(offer, text="The old one leaks"))
	assert m.feedback_of(kept).name != doc.name
	assert offer.reference_name in [row.link_name for row in kept.timeline_links]
	# Once it was assessed, the complaint is answered.
	doc.reload().source = "User"
	doc.save()
	complaint = f.assess(world, doc, "Complaint").complaint
	kept = m.deliver(m.answer_to(receipt))
	assert (kept.reference_doctype, kept.reference_name) == (h.COMPLAINT, complaint)


@pytest.mark.rule("H1", "H5")
def test_a_guessed_number_leads_nowhere(world: c.World, decided: None) -> None:
	complaint = h.closed(world)
	known = f.recorded(world, subject="It leaks", contact_email=m.CUSTOMER)
	account = m.inbox()
	# Frappe looks for the number in the subject, and for an older record of the same subject.
	account.append_to = f.FEEDBACK
	account.enable_automatic_linking = 1
	account.save()
	stranger = "mallory@evil.example"
	for raw in (
		m.message(subject=f"Re: (#{known.name})", sender=stranger),
		m.message(subject=known.name, sender=stranger),
		m.message(subject="Re: It leaks"),
		m.message(subject="Re:"),
		m.message(In_Reply_To=f"<{known.name}@{frappe.local.site}>", sender=stranger),
		m.message(Cc=f"feedback+Customer%20Complaint+{complaint.name}@maker.example", sender=stranger),
	):
		before = number()
		kept = m.deliver(raw, account.reload())
		assert number() == before + 1, raw
		assert m.feedback_of(kept).name not in (known.name, complaint.feedback)
		assert not [row for row in kept.timeline_links if row.link_doctype in door.OURS]
	# Nor by the identifier of a mail from elsewhere, which can be guessed, unless one took part in it.
	first = m.deliver(m.message(message_id="<1@hospital.example>"))
	assert m.deliver(m.answer_to(first, sender=stranger)).reference_name != first.reference_name
	assert m.deliver(m.answer_to(first)).reference_name == first.reference_name
	assert complaint.reload().workflow_state == rules.CLOSED


@pytest.mark.rule("H1", "H5")
def test_no_other_account_hangs_a_mail_on_a_record_for_its_number(world: c.World, decided: None) -> None:
	complaint = h.closed(world)
	other = m.inbox(
		email_account_name="Office",
		imap_folder=[{"folder_name": "INBOX", "append_to": ""}],
		enable_automatic_linking=1,
	)
	to = f"office+Customer%20Complaint+{complaint.name}@maker.example"
	kept = m.deliver(m.message(Cc=to), other)
	# Of a complaint it speaks all the same: it is recorded.
	assert m.feedback_of(kept).name != complaint.feedback
	assert complaint.reload().workflow_state == rules.CLOSED
	before = number()
	assert not m.deliver(m.message("Lunch?"), other).reference_name
	assert number() == before


@pytest.mark.rule("H5")
def test_the_answer_of_a_customer_opens_a_closed_complaint_again(world: c.World, decided: None) -> None:
	complaint = h.closed(world)
	sent = frappe.get_doc(
		{
			"doctype": "Communication",
			"communication_type": "Communication",
			"communication_medium": "Email",
			"sent_or_received": "Sent",
			"subject": "Your complaint",
			"content": "Sorry",
			"sender": m.INBOX,
			"recipients": m.CUSTOMER,
			"message_id": "random@maker.example",
			"reference_doctype": complaint.doctype,
			"reference_name": complaint.name,
		}
	).insert()
	away = m.deliver(m.answer_to(sent, Auto_Submitted="auto-replied", files=[("logo.bin", b"1")]))
	assert away.reference_name == complaint.name
	assert complaint.reload().workflow_state == rules.CLOSED
	bounce = m.message(
		"not delivered",
		subject="Undelivered Mail Returned to Sender",
		sender="MAILER-DAEMON@mx.example",
		References="<random@maker.example>",
	)
	# The customer has not got the reply: that is to be known.
	assert m.deliver(bounce).reference_name == complaint.name
	assert complaint.reload().workflow_state == rules.CLOSING
	assert "Undelivered" in complaint.reopenings[-1].reason
	h.do(h.second_quality(world), "close", complaint, "/")
	m.deliver(m.answer_to(sent, text="It leaks again"))
	assert len(complaint.reload().reopenings) == 2
	h.verified(complaint)


@pytest.mark.rule("A10", "H1")
def test_an_answer_to_closed_feedback_is_recorded_anew(world: c.World) -> None:
	first = m.deliver(m.message("Please send the catalogue"))
	doc = m.feedback_of(first)
	doc.source = "User"
	doc.save()
	closed = f.answer(world, f.assess(world, doc, "Not a Complaint"))
	anew = m.feedback_of(m.deliver(m.answer_to(first, text="Thanks. By the way, the old one leaks")))
	assert anew.name != closed.name
	assert [row.feedback for row in anew.duplicates] == [closed.name]


# Programs


@pytest.mark.rule("A10", "H1")
def test_a_program_makes_no_record_and_gets_no_answer(
	world: c.World, monkeypatch: pytest.MonkeyPatch
) -> None:
	account = m.inbox()
	m.sending(monkeypatch)
	before = number()
	programs = [
		m.message(subject="Away", Auto_Submitted="auto-replied"),
		m.message(subject="Away", Auto_Submitted="auto-generated; x=y"),
		m.message(Precedence="bulk"),
		m.message(Return_Path="<>"),
		m.message(sender="MAILER-DAEMON@mx.example"),
		m.message(subject="Automatic reply: Your complaint"),
		m.message(subject="自动回复：收到"),
		m.message(X_Frappe_Site=frappe.utils.get_url()),
	]
	kept = [m.deliver(one) for one in programs]
	assert number() == before
	assert not frappe.db.count("Email Queue", {"sender": ("like", f"%{m.INBOX}%")})
	assert all(not one.reference_name for one in kept)
	# Kept, and listed: whoever sees that a person has written it records it.
	assert {one.name for one in kept} <= {row.name for row in door.unrecorded(add_to_date(None, days=-1))}
	with as_user(world.sales), pytest.raises(QMSRefusal, match="recorded by"):
		received_api.record_email(kept[1].name)
	with as_user(world.person(roles.SERVICE)):
		made = received_api.record_email(kept[1].name)["name"]
		with pytest.raises(QMSRefusal, match=made):
			received_api.record_email(kept[1].name)
	assert kept[1].reload().reference_name == made
	# A mail of one inbox to itself is left alone by Frappe.
	with pytest.raises(SentEmailInInboxError):
		m.deliver(m.message(sender=account.email_id))
	# Somebody of ours passes on what was said: recorded, without a receipt.
	frappe.get_doc(
		{"doctype": "Email Account", "email_account_name": "Sales", "email_id": "sales@maker.example"}
	).insert()
	passed_on = m.deliver(m.message(sender="sales@maker.example"))
	assert m.feedback_of(passed_on) and not queued(passed_on)


@pytest.mark.rule("A10")
def test_a_receipt_says_the_number_and_that_a_program_sends_it(monkeypatch: pytest.MonkeyPatch) -> None:
	m.inbox()
	m.sending(monkeypatch)
	kept = m.deliver(m.message(f"{ALERT} buy pills"))
	(sent,) = queued(kept)
	head = message_from_string(sent)
	assert head["Auto-Submitted"] == "auto-replied" and head["X-Auto-Response-Suppress"] == "All"
	assert head["In-Reply-To"] == f"<{kept.message_id}>"
	assert kept.reference_name in str(head["Subject"])
	assert "pills" not in sent
	# So it is no mail of a person where another site of this kind gets it.
	assert not queued(m.deliver(m.message(X_Auto_Response_Suppress="All")))
	assert not queued(m.deliver(m.message(sender="no-reply@hospital.example")))
	assert not queued(m.deliver(m.message(List_Unsubscribe="<https://x.example>")))
	# A flood from one address is recorded, and answered a few times.
	got = sum(
		bool(queued(m.deliver(m.message(sender="flood@evil.example")))) for _ in range(receipts.TO_ONE + 3)
	)
	assert got == receipts.TO_ONE


@pytest.mark.rule("H1", "A10")
def test_an_inbox_that_would_lose_mails_or_answer_programs_is_refused() -> None:
	for values, message in (
		({"use_imap": 0, "append_to": f.FEEDBACK, "imap_folder": []}, "POP3"),
		({"enable_auto_reply": 1}, "Auto Reply"),
		({"notify_if_unreplied": 1, "send_notification_to": "a@maker.example"}, "Unreplied"),
	):
		with pytest.raises(QMSRefusal, match=message):
			m.inbox(**values)
		frappe.db.rollback()
	other = {"imap_folder": [{"folder_name": "INBOX", "append_to": "Issue"}], "enable_auto_reply": 1}
	assert m.inbox(**other).name


@pytest.mark.rule("H1")
def test_feedback_is_made_by_hand_of_a_kept_mail_once(world: c.World) -> None:
	from qms_customer.feedback import feedback_api

	kept = m.deliver(m.message(Precedence="junk", files=[("a.txt", b"1")]))
	user = make_user(roles.SERVICE, "Inbox User")
	with as_user(user):
		doc = frappe.get_doc(feedback_api.make_from("Communication", kept.name))
		doc.source = "User"
		doc.insert()
		with pytest.raises(QMSRefusal, match="recorded already"):
			feedback_api.make_from("Communication", kept.name)
	assert (doc.channel, doc.details) == ("E-mail", "The catheter leaks at the hub")
	assert kept.reload().reference_name == doc.name
	assert frappe.db.exists("File", {"attached_to_name": doc.name})
	assert get_datetime(doc.aware_on) <= now_datetime()


@pytest.mark.rule("H1")
def test_what_is_attached_is_read_by_who_reads_the_feedback(world: c.World) -> None:
	kept = m.deliver(m.message(files=[("photo.bin", b"photo")]))
	url = frappe.db.get_value("File", {"attached_to_name": kept.reference_name}, "file_url")
	with as_user(world.sales):
		one = frappe.get_doc("File", {"attached_to_name": kept.reference_name, "file_url": url})
		assert one.has_permission("read")
	with as_user(make_user("Stock User")):
		assert not frappe.get_doc("File", one.name).has_permission("read")


@pytest.mark.rule("H1")
def test_a_mailbox_is_pulled_as_a_whole(committed: Callable[[], None]) -> None:
	with mailbox(
		m.message("One"), m.message(sender=None), m.message("无\n漏液", charset="gb18030")
	) as server:
		account = m.inbox(
			email_server="127.0.0.1",
			incoming_port=server.server_address[1],
			email_sync_option="ALL",
			password="secret",
			awaiting_password=0,
		)
		committed()
		before = number()
		# One cannot be kept as it is: Frappe says so when it is through.
		with pytest.raises(Exception, match="from_real_name"):
			account.receive()
		assert number() == before + 3
		assert frappe.db.count("Unhandled Email", {"email_account": account.name}) == 1
		server.mails += [m.message("Four"), m.message("Away", Auto_Submitted="auto-replied")]
		for _ in range(3):
			account = frappe.get_doc("Email Account", account.name)
			account.receive()
		assert number() == before + 4
		said = frappe.get_all(f.FEEDBACK, pluck="details", order_by="creation desc", limit=4)
		assert said == ["Four", "无\n漏液", "The catheter leaks at the hub", "One"]


@pytest.mark.rule("H1")
def test_two_workers_that_pull_the_same_mail_record_it_once(elsewhere_twice: Callable[..., Any]) -> None:
	before = number()
	results = elsewhere_twice(m.message())
	frappe.db.rollback()
	assert number() == before + 1
	assert sorted(type(one).__name__ for one in results) == ["SentEmailInInboxError", "str"], results


@pytest.fixture
def elsewhere_twice(committed: Callable[[], None]) -> Callable[..., Any]:
	"""Return a function that lets two connections keep one mail at the same time."""
	import threading

	from tests.support import env

	account = m.inbox().name
	committed()

	def run(raw: bytes) -> list[Any]:
		results: list[Any] = []
		both = threading.Barrier(2, timeout=60)

		def work() -> None:
			frappe.init(env.SITE, sites_path=".")
			frappe.connect()
			frappe.flags.in_test = True
			try:
				mail = InboundMail(raw, frappe.get_doc("Email Account", account), append_to=f.FEEDBACK)
				known = mail.is_exist_in_system()
				both.wait()
				assert not known
				results.append(mail._build_communication_doc().name)
				frappe.db.commit()
			except Exception as error:
				frappe.db.rollback()
				results.append(error)
			finally:
				frappe.destroy()

		threads = [threading.Thread(target=work) for _ in range(2)]
		for one in threads:
			one.start()
		for one in threads:
			one.join(timeout=90)
		return results

	return run
