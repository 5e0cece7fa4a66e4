"""What a visitor of the site may say is text, and what they attach is what it seems to be (H1, A10)."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_customer.rules import guest_form as g

SECRET = b"of the site"
NONCE = "a" * 24
SAID = {"source": "User", "concern": g.PROBLEM, "details": "It leaks at the hub"}
JPEG = "image/jpeg"


def refused(said: dict[str, str] | None = None, *files: g.Attached, trap: str = "", **more: Any) -> list[str]:
	found = g.refusals({**(SAID if said is None else said), **more}, files, trap)
	assert {one.rule for one in found} <= {"H1"}
	return [one.message.format(*one.args) for one in found]


@pytest.mark.rule("H1")
@pytest.mark.parametrize(
	("typed", "stored"),
	[
		("<script>alert(1)</script>", "< script>alert(1)< /script>"),
		("<img src=x onerror=alert(1)>", "< img src=x onerror=alert(1)>"),
		("<!-- markdown --><b>x", "< !-- markdown -->< b>x"),
		("pressure <5 bar, > 2 bar", "pressure <5 bar, > 2 bar"),
		('{"a": "<svg/onload=1>"}', '{"a": "< svg/onload=1>"}'),
		("  a\r\nb\tc  ", "a b c"),
		("a\u202egpj.exe\x00\u200b", "agpj.exe"),
		("\ud800 half", "half"),
		("导管渗漏 \U0001f489", "导管渗漏 \U0001f489"),
	],
)
def test_what_is_typed_stays_text(typed: str, stored: str) -> None:
	assert g.plain(typed) == stored


@pytest.mark.rule("H1")
@given(st.text())
def test_no_text_has_a_tag_and_no_word_is_lost(typed: str) -> None:
	stored = g.plain(typed, lines=True)
	assert not re.search(r"<[a-zA-Z/!?]", stored)
	assert g.plain(stored, lines=True) == stored
	letters = [one for one in typed if one.isascii() and one.isalnum()]
	assert [one for one in stored if one.isascii() and one.isalnum()] == letters


@pytest.mark.rule("H1")
@pytest.mark.parametrize(
	("name", "kind", "stored"),
	[
		("../../etc/passwd.jpg", JPEG, "passwd.jpg"),
		("..\\..\\site_config.png", "image/png", "site_config.png"),
		("<img src=x onerror=alert(1)>.jpg", JPEG, "img-src-x-onerror-alert-1.jpg"),
		("page.html.jpeg", JPEG, "page-html.jpg"),
		("漏液 照片.jpg", JPEG, "漏液-照片.jpg"),
		(".jpg", JPEG, "file.jpg"),
		("x" * 300 + ".pdf", "application/pdf", "x" * 40 + ".pdf"),
		("a%2e%2e%2f?#.mp4", "video/mp4", "a-2e-2e-2f.mp4"),
	],
)
def test_an_attachment_is_named_by_us(name: str, kind: str, stored: str) -> None:
	assert g.file_name(name, kind) == stored


@pytest.mark.rule("H1", "A10")
def test_what_is_missing_or_too_much_is_said_at_once() -> None:
	assert refused() == []
	assert refused({}) == [
		"Choose who you are.",
		"Choose what it is about.",
		"Write what you want to tell us.",
	]
	assert refused(source="Employee") == ["Choose who you are."]
	assert refused(concern="Complaint") == ["Choose what it is about."]
	assert refused(details="x" * 5001) == ["What do you want to tell us?: at most 5000 characters."]
	assert refused(details="https://a.example " * 4) == [
		"Name at most 3 addresses of web pages; attach the rest."
	]
	assert refused(details="https://a.example " * 3) == []
	assert len(refused(trap="http://buy.example")) == 1
	assert set(g.LABELS) == set(g.LENGTHS)


@pytest.mark.rule("H1")
def test_attachments_are_what_they_seem_few_and_not_large() -> None:
	picture = g.Attached("a.jpg", 1000, JPEG)
	assert refused(None, *[picture] * g.FILES) == []
	assert refused(None, *[picture] * (g.FILES + 1)) == ["Attach at most 5 files."]
	assert refused(None, g.Attached("a.jpg", g.FILE_SIZE + 1, JPEG)) == ["a.jpg is too large: at most 8 MB."]
	assert refused(None, *[g.Attached("a.JPEG", g.FILE_SIZE, JPEG)] * 3) == [
		"The files are too large together: at most 20 MB."
	]
	for wrong in (
		g.Attached("a.svg", 10, ""),
		g.Attached("a.svg", 10, JPEG),
		g.Attached("a.html", 10, JPEG),
		g.Attached("a.png", 10, JPEG),
		g.Attached("a", 10, JPEG),
		g.Attached("a.jpg", 10, "text/html"),
		g.Attached("a.exe", 10, "application/x-msdownload"),
	):
		assert [text for text in refused(None, wrong) if "is not accepted" in text], wrong
	assert "cannot be read" in refused(None, g.Attached("a.jpg", 10, JPEG, unsafe=True))[0]
	assert g.is_page(b"\xff\xd8\xff....<ScRiPt>") and not g.is_page(b"\xff\xd8\xff<?xpacket")


@pytest.mark.rule("H1")
def test_a_form_is_ours_not_too_fast_and_not_too_old() -> None:
	given_out = g.ticket(SECRET, 1000, NONCE)
	state = {now: g.read_ticket(SECRET, given_out, 1000 + now) for now in (0, 2, 3, g.LONGEST, g.LONGEST + 1)}
	assert [one[0] for one in state.values()] == [g.EARLY, g.EARLY, g.GOOD, g.GOOD, g.OVER]
	assert {one[1] for one in state.values()} == {NONCE}
	seal = given_out.split(".")[2]
	for forged in (
		*("", ".", "..", "...", "1000", f"1000.{NONCE}", f"1000.{NONCE}.", f"1000.{NONCE}.{seal[:-1]}"),
		*(
			f"1001.{NONCE}.{seal}",
			f"1000.{'b' * 24}.{seal}",
			f"-1000.{NONCE}.{seal}",
			f"１000.{NONCE}.{seal}",
		),
		*(f"1000.{NONCE}.{seal}\ud800", g.ticket(b"another site", 1000, NONCE), "1e3.x.y", "9" * 400),
	):
		assert g.read_ticket(SECRET, forged, 1010) == (g.OVER, ""), forged
