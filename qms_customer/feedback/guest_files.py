"""The attachments of visitors: looked at before anything is written, stored with the feedback alone (H1)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import filetype
import frappe
from frappe.model.document import Document
from PIL import Image
from pypdf import PdfReader
from pypdf.generic import IndirectObject
from werkzeug.datastructures import FileStorage

from qms_customer.rules import guest_form as rules

FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
# A picture of more points, and a PDF of more objects, is there to keep the server busy.
POINTS, OBJECTS = 100_000_000, 50_000
# What a PDF does besides being read.
ACTIVE = frozenset(
	{"/JS", "/JavaScript", "/Launch", "/EmbeddedFiles", "/EmbeddedFile", "/RichMedia", "/XFA", "/SubmitForm"}
)


@dataclass(frozen=True)
class Upload:
	"""A file of a visitor: what the rules ask of it, and its bytes."""

	attached: rules.Attached
	content: bytes


def read(files: Sequence[FileStorage]) -> list[Upload]:
	"""Return the files of a request; of one that is too large only as much as shows it (H1)."""
	found = []
	for file in files:
		if not file.filename:  # a browser sends an empty one where none is chosen
			continue
		content = file.stream.read(rules.FILE_SIZE + 1)
		name = rules.plain(file.filename)[-100:]
		kind = filetype.guess_mime(content) or ""
		fits = kind in rules.KINDS and len(content) <= rules.FILE_SIZE and len(found) < rules.FILES
		unsafe = fits and not _is_safe(kind, content)
		found.append(Upload(rules.Attached(name, len(content), kind, unsafe), content))
	return found


def store(feedback: Document, uploads: Sequence[Upload]) -> None:
	"""Attach the files to the feedback, each private and under a name of ours (H1).

	Part of the transaction: Frappe deletes the bytes when it is rolled back.
	"""
	# Frappe believes a request that says how large its file is.
	frappe.form_dict.pop("file_size", None)
	for number, one in enumerate(uploads, 1):
		name = rules.file_name(one.attached.name, one.attached.kind)
		frappe.get_doc(
			{
				"doctype": "File",
				"file_name": f"{feedback.name}-{number}-{name}",
				"attached_to_doctype": feedback.doctype,
				"attached_to_name": feedback.name,
				"is_private": 1,
				"content": one.content,
			}
		).insert(ignore_permissions=True)


def _is_safe(kind: str, content: bytes) -> bool:
	"""Whether a file is what it says it is, and does nothing. Readers of files fail in many ways."""
	try:
		if kind == "application/pdf":
			return _is_quiet(PdfReader(BytesIO(content)))
		if kind in FORMATS:
			with Image.open(BytesIO(content), formats=[FORMATS[kind]]) as image:
				small = image.width * image.height <= POINTS
				image.verify()
			return small and not rules.is_page(content)
		return not rules.is_page(content)
	except Exception:
		return False


def _is_quiet(reader: PdfReader) -> bool:
	if reader.is_encrypted:
		return False
	for number, one in enumerate(_parts(reader.trailer["/Root"])):
		if number > OBJECTS or one in ACTIVE:
			return False
	return True


def _parts(root: Any) -> Iterator[Any]:
	"""Yield all keys and values that a PDF reaches from its root, each object once."""
	todo, seen = [root], set()
	while todo:
		one = todo.pop()
		if isinstance(one, IndirectObject):
			if one.idnum in seen:
				continue
			seen.add(one.idnum)
			one = one.get_object()
		if isinstance(one, dict):
			yield from one.keys()
			todo += one.values()
		elif isinstance(one, list):
			todo += one
		elif isinstance(one, str):
			yield str(one)
