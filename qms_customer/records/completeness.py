"""K1: before a record is signed, every field that applies is filled in, or marked "/" by a person."""

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import escape_html

from qms_customer.messages import QMSRefusal
from qms_customer.records.registry import RECORDS


def missing(doc: Document) -> list[tuple[str, str]]:
	"""Return the fields that apply and are empty, with their labels in the user's language (K1)."""
	found = []
	for field, applies in RECORDS[doc.doctype].complete.items():
		if applies(doc) and not str(doc.get(field) or "").strip():
			label = doc.meta.get_field(field).label
			found.append((field, _(label, context=doc.doctype)))
	return found


def refuse_incomplete(doc: Document) -> None:
	"""Refuse to sign a record that is not complete: all that is missing in one message, each a jump to it
	(K1).
	"""
	fields = missing(doc)
	if not fields:
		return
	jumps = ", ".join(
		f'<a class="qms-jump" data-fieldname="{field}">{escape_html(label)}</a>' for field, label in fields
	)
	frappe.throw(
		_('K1: Not filled in yet: {0}. Fill it in, or write "/" where it does not apply.').format(jumps),
		QMSRefusal,
		title=_("The Record Is Incomplete"),
	)
