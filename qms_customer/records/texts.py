"""What people write into records: text, in which no script comes to those who read it (K2, K3)."""

import re

import frappe
from frappe.model.document import Document
from frappe.utils.html_utils import acceptable_elements, mathml_elements, sanitize_html, svg_elements

from qms_customer.messages import refuse_one
from qms_customer.rules import mark

# The kinds of fields that the Desk shows as HTML; code is shown as it is.
SHOWN = ("Data", "Small Text", "Text", "Long Text", "Text Editor")
# As much as the database takes into one field of text, in bytes.
MOST = 65_535
# What a browser takes for the beginning of a tag, and one that says nothing to it: "in <two> lots".
TAG = re.compile(r"<[a-zA-Z/!?]")
WORD = re.compile(r"<([a-zA-Z]+)>")
KNOWN = {
	*(name.lower() for name in (*acceptable_elements, *svg_elements, *mathml_elements)),
	*("html", "head", "body", "meta", "link", "base", "title", "style", "script", "noscript", "template"),
	*("iframe", "frame", "frameset", "noframes", "object", "embed", "noembed", "applet"),
	*("textarea", "xmp", "plaintext", "listing"),
}


def clean(text: str) -> str:
	"""Return a text as Frappe would store it in a draft, without scripts; refuses what cannot be stored.

	Frappe leaves what looks like JSON as it is; a person's text in quotation marks does, too.
	"""
	try:
		length = len(text.encode())
	except UnicodeEncodeError:
		refuse_one("K1", mark("Your text contains a character that is none. Write it again."))
	if length > MOST:
		refuse_one(
			"K1",
			mark("Your text is too long: {0} of at most {1} bytes. Shorten it, or attach it as a file."),
			str(length),
			str(MOST),
		)
	words = WORD.findall(text)
	if len(TAG.findall(text)) == len(words) and not KNOWN.intersection(w.lower() for w in words):
		return text
	return sanitize_html(text, always_sanitize=True)


def clean_document(doc: Document) -> None:
	"""Clean what a record says. Frappe does so with drafts only: it expects nothing new in what is submitted,
	where our decision functions write comment and decision in one go with the submission.
	"""
	for one in (doc, *doc.get_all_children()):
		for field in one.meta.fields:
			value = one.get(field.fieldname)
			if field.fieldtype in SHOWN and value and isinstance(value, str):
				if (cleaned := clean(value)) != value:
					one.set(field.fieldname, cleaned)


class Cleaned(Document):
	"""A record: its texts are cleaned whatever its status."""

	def _sanitize_content(self) -> None:
		super()._sanitize_content()
		if not frappe.flags.in_install:
			clean_document(self)
