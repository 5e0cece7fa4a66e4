"""What an e-mail says, as text that is read and nothing else; the e-mail itself stays as it came (H1)."""

import frappe
from bs4 import BeautifulSoup, Comment, NavigableString
from frappe import _
from frappe.model.document import Document

from qms_customer.rules import mail as rules

# As much as goes into the record, in bytes; the rest is read in the e-mail.
MOST = 60_000
_UNREAD = (
	"script",
	"style",
	"head",
	"title",
	"noscript",
	"template",
	"iframe",
	"object",
	"embed",
	"svg",
	"math",
)
_LINES = (
	"br",
	"p",
	"div",
	"li",
	"tr",
	"h1",
	"h2",
	"h3",
	"h4",
	"h5",
	"h6",
	"blockquote",
	"pre",
	"table",
	"hr",
)


def details(email: Document) -> str:
	"""Return what an e-mail says; its subject where it has no text (H1)."""
	text = rules.plain(email.text_content or "") or of_html(email.content or "")
	text = text or subject(email) or _("The e-mail has no text.")
	said, left_off = rules.shortened(text, MOST)
	return f"{said}\n\n{_('The rest is in the e-mail.')}" if left_off else said


def subject(email: Document) -> str:
	"""Return the subject of an e-mail in one line, "" for none (H1)."""
	text = name(email.subject or "")
	return "" if text == "No Subject" else text


def name(text: str) -> str:
	"""Return a text of a mail's head in one line of at most 140 characters."""
	return " ".join(rules.plain(text).split())[:140]


def of_html(html: str) -> str:
	"""Return the text of a mail written in HTML, a line for each paragraph (H1)."""
	tree = BeautifulSoup(html, "html.parser")
	for tag in tree.find_all(_UNREAD):
		tag.extract()
	for text in tree.find_all(string=lambda one: isinstance(one, Comment)):
		text.extract()
	for tag in tree.find_all(_LINES):
		tag.insert_before(NavigableString("\n"))
		tag.insert_after(NavigableString("\n"))
	return rules.plain(tree.get_text())


def customer(address: str) -> str | None:
	"""Return the customer of whoever has this address, None for none or several; two queries (H1).

	Anybody can write any address into a mail: it is what the sender says, and a person looks at it.
	"""
	contacts = frappe.get_all("Contact Email", filters={"email_id": address}, pluck="parent", limit=50)
	found = contacts and frappe.get_all(
		"Dynamic Link",
		filters={"parenttype": "Contact", "parent": ("in", contacts), "link_doctype": "Customer"},
		pluck="link_name",
		distinct=True,
		limit=2,
	)
	return found[0] if found and len(set(found)) == 1 else None
