"""Visitors of the site write to us: taken in once, as text, and nothing is shown to them (H1, A10, K7)."""

from __future__ import annotations

import contextlib
import random
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from email import message_from_string
from email.header import decode_header, make_header
from pathlib import Path
from typing import Any

import frappe
import pytest
from frappe.desk.form.load import getdoc
from frappe.model.document import Document
from frappe.utils import add_days, get_datetime, getdate, nowdate

from qms_customer.contract import states
from qms_customer.feedback import feedback_api, guest, guest_api, patient_show, receipts
from qms_customer.records import ledger, verification
from qms_customer.rules import guest_form as rules
from qms_customer.rules import people as roles
from qms_customer.www import customer_feedback as page
from tests.support import contracts as c
from tests.support import feedback as f
from tests.support import guest as g
from tests.support import killing, sales
from tests.support.people import as_user
from tests.support.services import WebServer
from tests.support.sql import count_queries

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"
KILLS = 20


@pytest.fixture(autouse=True)
def form(isolated: None) -> None:
	g.opened()


@pytest.fixture
def mails(monkeypatch: pytest.MonkeyPatch) -> None:
	"""E-mails go into the queue."""
	monkeypatch.setitem(frappe.conf, "mute_emails", 0)
	monkeypatch.setattr(frappe.flags, "mute_emails", False, raising=False)
	frappe.local.outgoing_email_account = {}
	frappe.cache.delete_value("qms_can_mail")


def taken_in(*args: Any, **said: str) -> Document:
	answer = g.received(*args, **said)
	assert (answer.faults, answer.status) == ([], 200)
	return frappe.get_doc(f.FEEDBACK, answer.number)


def nonce_of(ticket: str) -> str:
	return rules.read_ticket(guest._secret(), ticket, int(time.time()))[1]


def todos(doc: Document) -> set[str]:
	about = {"reference_type": f.FEEDBACK, "reference_name": doc.name, "status": "Open"}
	return set(frappe.get_all("ToDo", about, pluck="allocated_to"))


def files(doc: Document) -> list[Document]:
	names = frappe.get_all(
		"File", {"attached_to_doctype": f.FEEDBACK, "attached_to_name": doc.name}, order_by="file_name"
	)
	return [frappe.get_doc("File", one.name) for one in names]


def on_disk() -> set[Path]:
	return {
		p for where in ("private", "public") for p in Path(frappe.get_site_path(where, "files")).iterdir()
	}


@contextlib.contextmanager
def nothing_is_kept() -> Iterator[None]:
	"""Fail if the block leaves a record, a file or a mail."""
	kinds = (f.FEEDBACK, ledger.SNAPSHOT, "File", "Email Queue", "Comment", "ToDo")
	before = {kind: frappe.db.count(kind) for kind in kinds}, on_disk()
	yield
	assert ({kind: frappe.db.count(kind) for kind in kinds}, on_disk()) == before


# What is taken in


@pytest.mark.rule("H1", "H2", "K7")
def test_what_a_visitor_says_is_recorded_as_told_and_put_before_who_assesses_it(world: c.World) -> None:
	quality, service = world.person(roles.QUALITY), world.person(roles.SERVICE)
	code = c.item(has_batch_no=1, create_new_batch=0)
	theirs = {
		"customer_told": c.customer(),
		"contact_name": "Dr Gu",
		"contact_phone": "+86 21 5555",
		"item_told": code,
		"batch_no": sales.batch(code, 3),
		"event_country": "Germany",
	}
	frappe.local.lang = "zh"
	doc = taken_in(**theirs, patient_details="Fever for two days")
	frappe.local.lang = "en"
	assert {name: doc.get(name) for name in theirs} == theirs
	assert (doc.channel, doc.company, doc.language, doc.owner) == ("Web Form", c.COMPANY, "zh", "Guest")
	assert (doc.docstatus, doc.workflow_state) == (0, states.FEEDBACK_TO_ASSESS)
	assert doc.assess_by and doc.aware_on == doc.received_on
	# A name is no proof of being that customer, nor of having had that batch.
	assert not (doc.customer or doc.customer_name or doc.item_code)
	assert verification.verify(f.FEEDBACK, doc.name).findings == []
	assert "Fever" not in frappe.as_json(frappe.get_all(ledger.SNAPSHOT, fields=["content"]))
	with as_user(service):
		getdoc(f.FEEDBACK, doc.name)
		assert "Fever" not in frappe.as_json(frappe.response.docs)
	with as_user(quality):
		frappe.response.docs = []
		getdoc(f.FEEDBACK, doc.name)
		assert "Fever" not in frappe.as_json(frappe.response.docs)
		# Whoever may read it asks for it, and that is logged.
		assert patient_show.show(f.FEEDBACK, doc.name) == {"patient_details": "Fever for two days"}
	assert not todos(doc)
	guest.follow_up_again()
	assert todos(doc) == {quality, service}
	tasks = frappe.get_all("Workflow Action", {"reference_name": doc.name}, pluck="name")
	assert len(tasks) == 1 and frappe.get_doc("Workflow Action", tasks[0]).permitted_roles
	guest.follow_up_again()
	assert frappe.db.count("ToDo", {"reference_name": doc.name}) == 2
	f.assess(world, doc, "Complaint")
	with as_user(quality):
		assert patient_show.show(f.COMPLAINT, doc.complaint) == {"patient_details": "Fever for two days"}


@pytest.mark.rule("A10")
def test_an_enquiry_comes_the_same_way_and_is_answered_there(world: c.World) -> None:
	service = world.person(roles.SERVICE)
	doc = taken_in(
		concern="Enquiry", details="Is the pump for children?", contact_email="gu@hospital.example"
	)
	f.assess(world, doc, "Not a Complaint")
	# Nobody of ours has recorded it: Service answers.
	assert todos(doc) == {service}
	with as_user(service):
		feedback_api.answer(doc.name, f.shown(doc), "From 20 kg", "E-mail, today")
	assert doc.reload().workflow_state == states.FEEDBACK_CLOSED


@pytest.mark.rule("H4")
def test_a_distributors_day_starts_the_clocks_and_nobody_elses(world: c.World) -> None:
	before, event = add_days(nowdate(), -3), add_days(nowdate(), -5)
	said = {"aware_on": before, "happened_on": event, "customer_told": "Medi Trade"}
	doc = taken_in(source="Distributor", **said)
	assert (getdate(doc.aware_on), doc.aware_by) == (getdate(before), "Medi Trade")
	assert get_datetime(doc.happened_on) == get_datetime(event)
	other = taken_in(source="User", **said)
	assert (other.aware_on, other.aware_by) == (other.received_on, "Web Form")
	# It is tomorrow already where the visitor is.
	assert get_datetime(taken_in(happened_on=add_days(nowdate(), 1)).happened_on) <= get_datetime()
	for wrong in (
		{"happened_on": "yesterday"},
		{"happened_on": add_days(nowdate(), 2)},
		{"happened_on": "0001-01-01"},
	):
		with nothing_is_kept():
			assert g.received(**wrong).status == 422
	with nothing_is_kept():
		answer = g.received(source="Distributor", aware_on=event, happened_on=before)
	assert answer.faults == ["It was known before it happened: check both times."]


@pytest.mark.rule("H1")
def test_a_form_counts_once_and_only_ours_counts(world: c.World) -> None:
	given = g.ticket()
	with nothing_is_kept():
		answer = g.received(
			given=given, details=" ", contact_email="a@b.example, c@d.example", event_country="X"
		)
	assert answer.faults == [
		"Write what you want to tell us.",
		"Choose a country of the list.",
		"a@b.example, c@d.example is no e-mail address.",
	]
	assert answer.ticket == given
	with nothing_is_kept():
		assert g.received(given=given, trap="http://buy.example").status == 422
		for wrong in ("", "x.y.z", g.ticket()[:-1] + "g", g.ticket(rules.LONGEST + 5)):
			answer = g.received(given=wrong)
			assert answer.status == 422 and answer.ticket not in ("", wrong)
		assert "very fast" in g.received(given=g.ticket(0)).faults[0]
	first = g.received(given=given)
	frappe.db.after_commit.run()
	with nothing_is_kept():
		again = g.received(given=given, details="Another text")
	assert (again.number, again.status) == (first.number, 200)


@pytest.mark.rule("H1")
def test_what_is_rolled_back_may_be_sent_again(world: c.World) -> None:
	given, before = g.ticket(), on_disk()
	# While it is being written, another one of the same form waits.
	assert guest._hold(nonce_of(given))
	assert g.received(given=given).status == 409
	guest._let_go(nonce_of(given))
	frappe.db.savepoint("unwritten")
	g.received([("a.jpg", g.picture())], given=given)
	assert len(on_disk() - before) == 1
	frappe.db.rollback(save_point="unwritten")
	frappe.db.after_rollback.run()
	assert on_disk() == before
	assert g.received(given=given).number


@pytest.mark.rule("H1")
def test_the_site_takes_in_so_many_an_hour_and_says_so(world: c.World) -> None:
	g.opened(guest_form_per_hour=2)
	taken_in(), taken_in()
	given = g.ticket()
	before = frappe.db.count("Error Log")
	for _time in range(2):
		answer = g.received(given=given)
		assert (answer.status, answer.ticket) == (429, given)
	assert frappe.db.count("Error Log") == before + 1
	g.opened(guest_form_per_hour=3)


@pytest.mark.rule("H1")
def test_the_form_is_shut_until_it_is_opened(world: c.World) -> None:
	g.opened(guest_form=0)
	with as_user("Guest"), nothing_is_kept():
		shut = page.get_context(frappe._dict())
		assert (shut.http_status_code, shut.company, shut.answer) == (404, None, None)
		with pytest.raises(frappe.PageDoesNotExistError):
			guest_api.send(ticket=g.ticket(), **g.SAID)


@pytest.mark.rule("H1")
def test_it_costs_the_same_number_of_queries_whoever_is_asked(world: c.World) -> None:
	taken_in()
	with count_queries() as few:
		taken_in()
	for role in (roles.QUALITY, roles.SERVICE):
		world.person(role)
	taken_in()
	with count_queries() as many:
		taken_in()
	assert many.count <= few.count + 1, [one.text for one in many.statements]


# The receipt


@pytest.mark.rule("H1")
def test_the_receipt_has_the_number_and_nothing_of_what_was_written(world: c.World, mails: None) -> None:
	said = {
		"details": "BUY PILLS https://pills.example",
		"contact_name": "PILLS for you",
		"customer_told": "PILLS Inc",
		"item_told": "PILLS",
	}
	address = f"{frappe.generate_hash(length=8)}@hospital.example"
	frappe.local.lang = "zh"
	answer = g.received(**said, contact_email=address)
	frappe.local.lang = "en"
	assert answer.mailed
	with as_user("Guest"):
		guest.follow_up(answer.number)
		guest.follow_up(answer.number)
	assert frappe.db.count("Email Queue", {"reference_name": answer.number}) == 1
	queued = frappe.get_last_doc("Email Queue")
	assert [one.recipient for one in queued.recipients] == [address]
	assert (queued.reference_doctype, queued.reference_name) == (f.FEEDBACK, answer.number)
	mail = message_from_string(queued.message)
	subject = str(make_header(decode_header(mail["Subject"])))
	parts = [p.get_payload(decode=True).decode() for p in mail.walk() if not p.is_multipart()]
	assert answer.number in subject and all(answer.number in part for part in parts)
	assert "我们已收到您的信息" in subject and "somebody reads it" not in parts[0]
	assert "PILLS" not in subject + "".join(parts) + queued.message
	# No machine is to answer it (RFC 3834), and Frappe's own inbox knows it.
	assert (mail["Auto-Submitted"], mail["X-Auto-Response-Suppress"]) == ("auto-replied", "All")
	assert "isnotification" in queued.message


@pytest.mark.rule("H1")
def test_few_receipts_go_to_one_address(world: c.World, mails: None) -> None:
	address = f"{frappe.generate_hash(length=8)}@hospital.example"
	sent = []
	for one in (address, address.upper(), *[address] * (receipts.TO_ONE - 1)):
		answer = g.received(contact_email=one)
		guest.follow_up(answer.number)
		sent.append((answer.mailed, frappe.db.count("Email Queue", {"reference_name": answer.number})))
	assert sent == [(True, 1)] * receipts.TO_ONE + [(False, 0)]
	for wrong in (
		*("nobody", "a@b.example, c@d.example", "a@b.example\nBcc: c@d.example", "Gu <a@b.example>"),
		*("a@b.example;c@d.example", "a@b.example%0aBcc:c@d.example, x", "a b@c.example"),
	):
		with nothing_is_kept():
			assert g.received(contact_email=wrong).status == 422, wrong


@pytest.mark.rule("H1")
def test_without_an_account_for_e_mail_it_is_taken_in_all_the_same(
	world: c.World, mails: None, monkeypatch: pytest.MonkeyPatch
) -> None:
	monkeypatch.setitem(frappe.conf, "mail_server", None)
	frappe.local.outgoing_email_account = {}
	answer = g.received(contact_email="gu@hospital.example")
	guest.follow_up(answer.number)
	assert answer.number and not answer.mailed
	assert not frappe.db.exists("Email Queue", {"reference_name": answer.number})


# Attachments


@pytest.mark.rule("H1")
def test_files_are_private_named_by_us_and_kept(world: c.World) -> None:
	given = [
		("../../<img src=x onerror=alert(1)>.JPG", g.picture()),
		("leak.png", g.picture("PNG")),
		("leak.webp", g.picture("WEBP")),
		("报告.pdf", g.pdf()),
		("leak.mp4", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + frappe.generate_hash(length=64).encode()),
	]
	frappe.form_dict.file_size = "1; drop table"
	doc = taken_in(given)
	stored = files(doc)
	assert [one.file_name for one in stored] == [
		f"{doc.name}-{n}-{name}"
		for n, name in enumerate(
			("img-src-x-onerror-alert-1.jpg", "leak.png", "leak.webp", "报告.pdf", "leak.mp4"), 1
		)
	]
	for one, (_name, content) in zip(stored, given, strict=True):
		assert one.is_private and one.file_url.startswith("/private/files/") and one.owner == "Guest"
		# Frappe takes out of a JPEG where it was made.
		if not one.file_name.endswith(".jpg"):
			assert Path(one.get_full_path()).read_bytes() == content and one.file_size == len(content)
	# H1: evidence from the moment it is recorded.
	with pytest.raises(frappe.ValidationError, match="K2"):
		frappe.delete_doc("File", stored[0].name)


@pytest.mark.rule("H1")
@pytest.mark.parametrize(
	("name", "make"),
	[
		("a.svg", lambda: SVG),
		("a.jpg", lambda: SVG),
		("a.html", lambda: HTML),
		("a.pdf", lambda: HTML),
		("a.html", lambda: b"\xff\xd8\xff\xe0" + HTML),
		("a.jpg", lambda: g.picture(more=HTML)),
		("a.png", lambda: g.picture("PNG", b"<?php system($_GET[0]);")),
		("a.gif", lambda: g.picture("GIF")),
		("a.jpg", lambda: g.picture("PNG")),
		("a.jpg", lambda: b"\xff\xd8\xff\xe0 no picture"),
		("a.png", lambda: g.picture("PNG")[:60]),
		("a.pdf", lambda: g.pdf(script="app.alert(1)")),
		("a.pdf", lambda: g.pdf(password="secret")),
		("a.pdf", lambda: b"%PDF-1.7 nothing"),
		("a.pdf.exe", lambda: g.pdf()),
		("a.zip", lambda: b"PK\x03\x04" + bytes(99)),
		("a.jpg", lambda: b""),
		("a.jpg", lambda: g.picture(more=bytes(rules.FILE_SIZE))),
	],
)
def test_what_is_no_picture_is_not_let_in(world: c.World, name: str, make: Callable[[], bytes]) -> None:
	with nothing_is_kept():
		answer = g.received([("good.jpg", g.picture()), (name, make())])
	assert answer.status == 422 and [one for one in answer.faults if one.startswith(name)], answer.faults


# Attacks over the network


@pytest.mark.rule("H1", "K7")
def test_script_in_every_field_comes_to_nobody_and_no_other_field_is_written(
	world: c.World, http: Callable[..., Any], committed: Callable[[], None]
) -> None:
	quality = world.person(roles.QUALITY)
	customer, code = c.customer(), c.item()
	committed()
	visitor = http("Guest")
	free = ("details", "customer_told", "contact_name", "contact_phone", "item_told", "batch_no", "serial_no")
	said = {**g.SAID, **dict.fromkeys((*free, "udi", "patient_details"), g.SCRIPT)}
	forged = {
		**{"docstatus": "1", "workflow_state": states.FEEDBACK_CLOSED, "decision": "Not a Complaint"},
		**{"assessed_by": quality, "owner": quality, "creation": "2001-01-01", "name": "FB-2001-00001"},
		**{
			"channel": "Desk",
			"company": "Another",
			"customer": customer,
			"item_code": code,
			"nature": "Praise",
		},
		**{
			"patient_reference": "P-1",
			"concerned_user": quality,
			"received_on": "2001-01-01",
			"doctype": "ToDo",
		},
		**{
			"aware_by": quality,
			"origin_doctype": "Issue",
			"language": "fr",
			"flags": "{}",
			"file_url": "/files/x",
		},
		**{"subject": "Forged", "naming_series": "X-", "is_private": "0", "file_size": "1", "docname": "x"},
	}
	answer = visitor.post(
		f"/api/method/{g.SEND}",
		data={**said, **forged, "ticket": g.ticket()},
		files=[("files", (f"{g.SCRIPT}.jpg", g.picture(), "text/html"))],
	)
	assert answer.status_code == 200, answer.text
	number = answer.json()["message"]["number"]
	assert set(answer.json()) == {"message"}
	committed()
	doc = frappe.get_doc(f.FEEDBACK, number)
	assert doc.details == "< script>alert('guest')< /script>"
	assert (doc.docstatus, doc.workflow_state, doc.owner) == (0, states.FEEDBACK_TO_ASSESS, "Guest")
	assert (doc.channel, doc.company, doc.language, doc.aware_by) == ("Web Form", c.COMPANY, "en", "Web Form")
	assert doc.creation > get_datetime("2002-01-01") and doc.received_on > get_datetime("2002-01-01")
	assert not frappe.db.exists(f.FEEDBACK, forged["name"])
	for name in ("decision", "assessed_by", "customer", "item_code", "nature", "patient_reference"):
		assert not doc.get(name), name
	for name in ("concerned_user", "origin_doctype", "origin_name"):
		assert not doc.get(name), name
	assert doc.subject.startswith("< script>")
	stored = files(doc)[0]
	assert (stored.is_private, stored.file_name) == (1, f"{number}-1-script.jpg")

	# Whoever of ours looks at it gets no script, in whatever way.
	reader = http(quality)
	shown = [
		reader.call("frappe.desk.form.load.getdoc", "GET", doctype=f.FEEDBACK, name=number),
		reader.call(
			"frappe.desk.reportview.get",
			doctype=f.FEEDBACK,
			fields=[f"`tab{f.FEEDBACK}`.`{name}`" for name in (*free, "name", "subject")],
		),
		reader.call("qms_customer.feedback.feedback_api.get_panel", name=number),
		reader.get(
			"/printview", params={"doctype": f.FEEDBACK, "name": number}, headers={"Accept": "text/html"}
		),
	]
	for one in shown:
		assert one.status_code == 200, one.text
		assert not re.search(r"<script>alert\('guest'\)", one.text, re.IGNORECASE)
	assert all("< script>" in one.text for one in shown[:2])
	picture = reader.get(stored.file_url)
	assert (picture.status_code, picture.headers["Content-Type"]) == (200, "image/jpeg")

	# A number, guessed or known, opens nothing.
	doors = [
		visitor.get(f"/api/resource/{f.FEEDBACK}/{number}"),
		visitor.get(f"/api/resource/{f.FEEDBACK}"),
		visitor.call("frappe.client.get", doctype=f.FEEDBACK, name=number),
		visitor.call(
			"frappe.client.get_value", doctype=f.FEEDBACK, filters={"name": number}, fieldname="details"
		),
		visitor.call("qms_customer.feedback.feedback_api.get_panel", name=number),
		visitor.get("/printview", params={"doctype": f.FEEDBACK, "name": number}),
		visitor.get(stored.file_url),
		visitor.get(f"/api/method/{g.SEND}"),
	]
	assert [one.status_code for one in doors] == [403] * len(doors)
	for path in (f"{g.PAGE}?name={number}", f"{g.PAGE}?number={number}"):
		assert number not in visitor.get(path).text


@pytest.mark.rule("H1")
def test_without_scripts_a_visitor_keeps_what_they_typed(
	world: c.World, http: Callable[..., Any], committed: Callable[[], None]
) -> None:
	committed()
	visitor = http("Guest")
	visitor.headers["Accept"] = "text/html"
	form = visitor.get(g.PAGE, headers={"Accept-Language": "zh-CN"})
	assert "向我们反馈" in form.text and 'name="_lang" value="zh"' in form.text
	typed = {**g.SAID, "details": f'"{g.SCRIPT}', "source": "", "_lang": "zh", "event_country": "Germany"}
	assert frappe.db.count(f.FEEDBACK) == 0
	refused = visitor.post(f"/api/method/{g.SEND}", data={**typed, "ticket": g.ticket()})
	assert refused.status_code == 422 and "请选择您的身份。" in refused.text
	assert g.SCRIPT not in refused.text and "&#34;&lt;script&gt;" in refused.text
	assert 'value="Germany" selected' in refused.text and 'value="Problem" selected' in refused.text
	again = re.search(r'name="ticket" value="([^"]+)"', refused.text)[1]
	done = visitor.post(f"/api/method/{g.SEND}", data={**typed, "source": "Regulator", "ticket": again})
	committed()
	doc = frappe.get_last_doc(f.FEEDBACK)
	assert done.status_code == 200 and doc.name in done.text and "感谢您的反馈" in done.text
	assert (doc.language, doc.source) == ("zh", "Regulator")
	# Sent again by the browser's reload: the same number, and no second record.
	assert doc.name in visitor.post(f"/api/method/{g.SEND}", data={**typed, "ticket": again}).text
	committed()
	assert frappe.db.count(f.FEEDBACK) == 1


@pytest.mark.rule("H1", "H2")
def test_a_worker_that_dies_while_a_visitor_sends_loses_nothing_and_takes_nothing_in_twice(
	world: c.World, http: Callable[..., Any], web_server: WebServer, committed: Callable[[], None]
) -> None:
	"""At random points; who was not heard sends the same form again."""
	world.person(roles.QUALITY)
	g.opened(guest_form_per_hour=1000)
	committed()
	tickets = [g.ticket() for _ in range(KILLS + 2)]
	photos = [g.picture() for _ in tickets]
	client = http("Guest")
	client.headers["Connection"] = "close"

	def sending(number: int) -> killing.Call:
		return lambda: client.post(
			f"/api/method/{g.SEND}",
			data={**g.SAID, "ticket": tickets[number], "details": f"Message {number}"},
			files=[("files", ("leak.jpg", photos[number]))],
			headers={"X-Forwarded-For": f"10.1.0.{number}"},
		)

	calls = [sending(number) for number in range(len(tickets))]
	lasts = killing.usual(web_server, calls[:2])
	results = killing.at_random_moments(web_server, random.Random(8), lasts, calls[2:])
	assert set(results) <= {"200", killing.DIED} and results[killing.DIED] >= KILLS / 4, results
	committed()
	before = set(frappe.get_all(f.FEEDBACK, pluck="name"))
	assert len(before) >= results["200"] + 2
	# What is known of a form in redis may be gone too.
	for key in frappe.cache.get_keys("qms_guest_form:"):
		frappe.cache.delete(key)
	numbers = []
	for call in calls:
		answer = call()
		assert answer.status_code == 200, answer.text
		numbers.append(answer.json()["message"]["number"])
	committed()
	stored = frappe.get_all(f.FEEDBACK, fields=["name", "details"], order_by="name")
	assert sorted(numbers) == [one.name for one in stored] and before <= set(numbers)
	assert sorted(one.details for one in stored) == sorted(f"Message {n}" for n in range(len(tickets)))
	assert [len(files(frappe.get_doc(f.FEEDBACK, name))) for name in numbers] == [1] * len(numbers)
	assert verification.verify(f.FEEDBACK).findings == []
	# The jobs of the dead are lost, and are made up for.
	guest.follow_up_again()
	assert all(todos(frappe.get_doc(f.FEEDBACK, name)) for name in numbers)


@pytest.mark.rule("H1")
def test_who_took_a_form_in_and_died_before_saying_so_is_asked_the_database(world: c.World) -> None:
	given = g.ticket()
	number = g.received(given=given).number
	guest._let_go(nonce_of(given))
	assert guest._hold(nonce_of(given))
	again = g.received(given=given)
	assert (again.number, again.status, again.faults) == (number, 200, [])


@pytest.mark.rule("H1")
def test_a_flood_is_stopped_and_what_was_taken_in_is_whole(
	world: c.World, http: Callable[..., Any], committed: Callable[[], None]
) -> None:
	most = 30
	g.opened(guest_form_per_hour=most)
	committed()
	clients = [http("Guest") for _ in range(6)]

	def send(number: int) -> int:
		# An address of its own for each, as whoever floods may pretend.
		return (
			clients[number % 6]
			.post(
				f"/api/method/{g.SEND}",
				data={**g.SAID, "ticket": tickets[number], "details": f"Message {number}"},
				headers={"X-Forwarded-For": f"10.0.{number // 250}.{number % 250}"},
			)
			.status_code
		)

	tickets = [g.ticket() for _ in range(150)]
	with ThreadPoolExecutor(6) as threads:
		codes = list(threads.map(send, range(150)))
	committed()
	assert {code: codes.count(code) for code in set(codes)} == {200: most, 429: 150 - most}
	names = frappe.get_all(f.FEEDBACK, pluck="name")
	assert len(names) == most
	for name in names[:3]:
		assert verification.verify(f.FEEDBACK, name).findings == []
	# One address of the network, whatever it sends, is stopped before that.
	g.opened(guest_form_per_hour=1000)
	committed()
	codes = [clients[0].post(f"/api/method/{g.SEND}", data={}).status_code for _ in range(22)]
	assert codes == [422] * 20 + [429] * 2
