"""E-mails: which of them a person has written, and which belongs to a record already (A10, H1, H5)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_customer.rules import mail as rules
from qms_customer.rules.mail import AUTOMATIC, BOUNCE, OWN, PERSON, Head

OURS = {"own": frozenset({"feedback@maker.example"}), "site": "https://qms.maker.example", "domain": "qms"}
GU = "gu@hospital.example"


def head(sender: str = GU, subject: str = "It leaks", report: str = "", **headers: str) -> Head:
	return Head(sender, subject, {k.replace("_", "-"): v for k, v in headers.items()}, report, **OURS)


@pytest.mark.rule("A10", "H1")
@pytest.mark.parametrize(
	("mail", "kind", "answered"),
	[
		(head(), PERSON, True),
		(head(auto_submitted="no"), PERSON, True),
		(head(precedence="list"), PERSON, True),
		(head(subject="Re: automatic reply: it leaks"), PERSON, True),
		(head(return_path=f"<{GU}>"), PERSON, True),
		(head(sender=""), PERSON, False),
		(head(sender="no-reply@hospital.example"), PERSON, False),
		(head(sender="donotreply@hospital.example"), PERSON, False),
		(head(sender="noreen@hospital.example"), PERSON, True),
		(head(sender="FEEDBACK@maker.example"), PERSON, False),
		(head(x_auto_response_suppress="OOF, AutoReply"), PERSON, False),
		(head(x_auto_response_suppress="None"), PERSON, True),
		(head(list_id="<news.example>"), PERSON, False),
		(head(auto_submitted="auto-replied"), AUTOMATIC, False),
		(head(auto_submitted="Auto-Generated; type=x"), AUTOMATIC, False),
		(head(precedence="BULK"), AUTOMATIC, False),
		(head(precedence="auto_reply"), AUTOMATIC, False),
		(head(x_autoreply="yes"), AUTOMATIC, False),
		(head(return_path="<>"), AUTOMATIC, False),
		(head(report="disposition-notification"), AUTOMATIC, False),
		(head(subject="Automatic reply: It leaks"), AUTOMATIC, False),
		(head(subject="自动回复：已收到"), AUTOMATIC, False),
		(head(sender="MAILER-DAEMON@mx.example"), BOUNCE, False),
		(head(sender="postmaster@mx.example", return_path="<>"), BOUNCE, False),
		(head(report="delivery-status"), BOUNCE, False),
		(head(x_failed_recipients=GU), BOUNCE, False),
		(head(subject="Undeliverable: Your complaint"), BOUNCE, False),
		(head(x_frappe_site="https://QMS.maker.example"), OWN, False),
		(head(x_frappe_site="https://erp.hospital.example"), PERSON, True),
		(head(message_id="<1.2.3@qms>"), OWN, False),
		(head(message_id="<1.2.3@notqms>"), PERSON, True),
	],
)
def test_what_a_program_sends_makes_no_record_and_gets_no_answer(
	mail: Head, kind: str, answered: bool
) -> None:
	assert (rules.kind(mail), rules.may_answer(mail)) == (kind, answered)


@pytest.mark.rule("H1", "H5")
def test_an_answer_belongs_to_a_record_by_what_only_its_readers_know() -> None:
	assert rules.belongs(True, "anybody@else.example", ())
	assert rules.belongs(False, GU.upper(), (GU, "feedback@maker.example"))
	assert not rules.belongs(False, "mallory@evil.example", (GU,))
	assert not rules.belongs(False, "", ("",))


@pytest.mark.rule("H1")
@pytest.mark.parametrize(
	("text", "shown"),
	[
		("  It   leaks \r\n\r\n\r\n\r\nat the hub\r", "It leaks\n\nat the hub"),
		("<script>x</script>", "< script>x< /script>"),
		("<<script>", "<< script>"),
		("Batch <LOT-1>, 3 < 4, 1<2", "Batch < LOT-1>, 3 < 4, 1<2"),
		("<!-- x --><?php", "< !-- x -->< ?php"),
		("a\x00b\x1bc\u202e", "abc"),
	],
)
def test_a_text_is_read_and_nothing_else(text: str, shown: str) -> None:
	assert rules.plain(text) == shown


@pytest.mark.rule("H1")
@pytest.mark.parametrize(
	("text", "name"),
	[
		("photo of the hub.jpg", "photo of the hub.jpg"),
		("导管.jpg", "导管.jpg"),
		("../../etc/passwd", "passwd"),
		("C:\\temp\\a.jpg", "a.jpg"),
		('a" onmouseover="alert(1).svg', "a_ onmouseover=_alert(1).svg"),
		("<img src=x onerror=alert(1)>.html", "_img src=x onerror=alert(1)_.html"),
		("a\x00b\n\u202egpj.exe", "abgpj.exe"),
		("...", "_"),
		("", "_"),
		("x" * 300 + ".pdf", "x" * 100 + ".pdf"),
	],
)
def test_the_name_of_a_file_is_a_name(text: str, name: str) -> None:
	assert rules.file_name(text) == name


@given(st.text(), st.integers(min_value=0, max_value=40))
def test_a_text_is_shortened_between_two_characters(text: str, most: int) -> None:
	said, left_off = rules.shortened(text, most)
	whole: Any = text.encode("utf-8", "replace").decode()
	assert len(said.encode()) <= most
	assert whole.startswith(said)
	assert left_off == (len(whole.encode()) > most)
	assert rules.plain(rules.plain(text)) == rules.plain(text)
