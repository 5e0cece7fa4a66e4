"""Letters and e-mails in which a customer asks for a change (E1): which contract they are about, and keeping
them with the notice that is made of them (K2).
"""

from collections.abc import Iterable

import frappe
from frappe.model.document import Document
from frappe.utils import parse_addr

from qms_customer.contract.proposed import NOTICE, ORDER

COMMUNICATION = "Communication"
MOST = 20


def about(letter: Document) -> dict[str, list[str]]:
	"""Return the committed orders that a letter may be about, and its customers; those the reader may see.

	`named`: the orders that the letter itself hangs on; `orders`: these, or else the latest ones of the
	customers that it hangs on, or whose contact wrote it. A constant number of queries.
	"""
	links = _links(letter)
	named = _orders({"name": ("in", links.get(ORDER, []) or [""])})
	customers = sorted({*links.get("Customer", []), *_customers(letter, links.get("Contact", []))})
	orders = named or (_orders({"customer": ("in", customers)}) if customers else [])
	return {"named": named, "orders": orders, "customers": customers}


def keep(notice: Document, name: str | None) -> None:
	"""Hang a letter on the notice that rests on it: so it stays what it said, as all e-mails of records do
	(K2).
	"""
	if not name:
		return
	letter = frappe.get_doc(COMMUNICATION, name)
	if (NOTICE, notice.name) in _pairs(letter):
		return
	letter.append("timeline_links", {"link_doctype": NOTICE, "link_name": notice.name})
	letter.flags.skip_add_signature = True
	# Who makes the notice may read the letter, and need not be allowed to change any.
	letter.save(ignore_permissions=True)


def _orders(filters: dict) -> list[str]:
	return frappe.get_list(
		ORDER,
		filters={**filters, "docstatus": 1},
		pluck="name",
		order_by="transaction_date desc, name desc",
		limit_page_length=MOST,
	)


def _customers(letter: Document, contacts: Iterable[str]) -> list[str]:
	"""The customers whose contacts these are, or whose contact the sender is."""
	contacts = list(contacts)
	if address := parse_addr(letter.sender or "")[1]:
		contacts += frappe.get_all("Contact Email", filters={"email_id": address}, pluck="parent")
	if not contacts:
		return []
	return frappe.get_all(
		"Dynamic Link",
		filters={"parenttype": "Contact", "parent": ("in", contacts), "link_doctype": "Customer"},
		pluck="link_name",
	)


def _links(letter: Document) -> dict[str, list[str]]:
	found: dict[str, list[str]] = {}
	for doctype, name in _pairs(letter):
		found.setdefault(doctype, []).append(name)
	return found


def _pairs(letter: Document) -> list[tuple[str, str]]:
	pairs = [(letter.reference_doctype, letter.reference_name)]
	pairs += [(row.link_doctype, row.link_name) for row in letter.get("timeline_links") or ()]
	return [(doctype, name) for doctype, name in pairs if doctype and name]
