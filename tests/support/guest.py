"""Visitors of the site: the web form open to them, what they send, and files good and bad."""

from __future__ import annotations

import io
import time
from collections.abc import Iterable
from typing import Any

import frappe
from PIL import Image
from pypdf import PdfWriter
from werkzeug.datastructures import FileStorage

from qms_customer.contract.settings import DOCTYPE
from qms_customer.feedback import guest
from qms_customer.rules import guest_form as rules
from tests.support.company import COMPANY
from tests.support.people import as_user

SEND = "qms_customer.feedback.guest_api.send"
PAGE = "/customer-feedback"
SAID = {"source": "Clinical Institution", "concern": "Problem", "details": "The catheter leaks at the hub"}
SCRIPT = "<script>alert('guest')</script>"

File = tuple[str, bytes]


def opened(**settings: Any) -> None:
	"""Open the form to visitors."""
	for name, value in {"guest_form": 1, "guest_form_company": COMPANY, **settings}.items():
		frappe.db.set_single_value(DOCTYPE, name, value)
	frappe.clear_document_cache(DOCTYPE, DOCTYPE)


def ticket(age: int = 60) -> str:
	"""Return the ticket of a form that was given out so many seconds ago."""
	return rules.ticket(guest._secret(), int(time.time()) - age, frappe.generate_hash(length=24))


def received(
	files: Iterable[File] = (), *, given: str | None = None, trap: str = "", **said: str
) -> guest.Answer:
	"""Take in what a visitor sends, within this transaction."""
	storage = [FileStorage(io.BytesIO(content), filename=name) for name, content in files]
	with as_user("Guest"):
		return guest.receive_or_say_why(ticket() if given is None else given, {**SAID, **said}, trap, storage)


def picture(kind: str = "JPEG", more: bytes = b"") -> bytes:
	"""Return a small picture, and what is hung on it."""
	out = io.BytesIO()
	Image.frombytes("RGB", (8, 8), frappe.generate_hash(length=192).encode()).save(out, kind)
	return out.getvalue() + more


def pdf(script: str = "", password: str = "") -> bytes:
	"""Return a PDF, with a script in it, or locked."""
	writer, out = PdfWriter(), io.BytesIO()
	writer.add_blank_page(100, 100)
	writer.add_metadata({"/Title": frappe.generate_hash(length=12)})
	if script:
		writer.add_js(script)
	if password:
		writer.encrypt(password)
	writer.write(out)
	return out.getvalue()
