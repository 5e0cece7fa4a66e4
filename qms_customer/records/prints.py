"""Records on paper: form number and version, labels in Chinese and English, signatures, corrections, the hash
of the record (K2, K3, K4, K6; 21 CFR 11.50).

What is printed is what is stored, never what a client sent, and only to those who may read it.
"""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import get_datetime, get_system_timezone, now_datetime
from markupsafe import Markup, escape

from qms_customer.contract.people import check_readable, full_name
from qms_customer.contract.settings import settings
from qms_customer.records import corrections, history, ledger, live, pdf
from qms_customer.records.registry import RECORDS, SETTINGS
from qms_customer.rules import chain
from qms_customer.shown import both, label_in_both, render


@dataclass(frozen=True)
class Standing:
	"""Where the chain of a record stands at the time of printing."""

	last: chain.Entry | None
	findings: tuple[str, ...]


def stored(doc: Document) -> Document:
	"""Return the stored document of one that is to be printed; refuses who may not read it or its contract.

	The Desk prints what the browser sends as well; a print of a record shows what is stored.
	"""
	found = frappe.get_doc(doc.doctype, doc.name)
	# The flag is set by callers in the server, who print for somebody they know.
	if not frappe.flags.ignore_print_permissions:
		check_readable(found)
	return found


def readable(doctype: str, filters: dict, fields: list[str] | None = None) -> tuple[list[frappe._dict], int]:
	"""Return the rows that the user may read, and how many they may not: a print shows no more than the Desk
	(L1).
	"""
	everything = frappe.get_all(doctype, filters=filters, fields=fields or ["*"], order_by="creation, name")
	if not everything or frappe.flags.ignore_print_permissions:
		return everything, 0
	names = (
		set(frappe.get_list(doctype, filters=filters, pluck="name", limit=0))
		if frappe.has_permission(doctype, "read")
		else set()
	)
	kept = [row for row in everything if row.name in names]
	return kept, len(everything) - len(kept)


def page(doc: Document, template: str, title: Markup, form: str = "", **context: Any) -> str:
	"""Return a record as the paper form would be; `template` is its middle (K6).

	`form`: the form of the settings, where a record is printed as another one than its own (K4).
	"""
	marks = corrections.of(doc.doctype, doc.name)
	standing = standing_of(doc)
	last = standing.last
	return render(
		template,
		doc=doc,
		title=title,
		form=form_of(doc, form),
		entry=last,
		signatures=ledger.signatures(doc.doctype, doc.name),
		corrections=marks,
		standing=standing,
		qr=qr(_code(doc, last)) if last else "",
		printed_by=full_name(frappe.session.user),
		printed_on=when(now_datetime(), get_system_timezone()),
		**helpers(doc, marks),
		**context,
	)


def version_pdf(doc: Document, sequence: int) -> bytes:
	"""Return a past version of a record as a PDF, its pages numbered and marked as what they are (K2, K6).

	The caller has checked that the user may read the record.
	"""
	entry = history.entry_of(doc.doctype, doc.name, sequence)
	return pdf.numbered(
		render(
			"prints/version.html",
			doc=doc,
			form=form_of(doc),
			entry=entry,
			qr=qr(_code(doc, entry)),
			**history.parts(entry, label_in_both, _legible),
			printed_by=full_name(frappe.session.user),
			printed_on=when(now_datetime(), get_system_timezone()),
			**helpers(doc, []),
		)
	)


def _legible(meta: Any, name: str, text: str) -> str:
	"""A stored value on paper: what is stored as JSON line by line, all else as it is."""
	field = meta.get_field(name) if meta else None
	if not field or field.fieldtype != "Code" or not text:
		return text
	try:
		return "\n".join(_lines(json.loads(text)))
	except ValueError:
		return text


def _lines(value: Any, name: str = "") -> Iterator[str]:
	if isinstance(value, dict):
		for key in value:
			yield from _lines(value[key], f"{name}.{key}" if name else key)
	elif isinstance(value, list) and any(isinstance(one, dict | list) for one in value):
		for number, one in enumerate(value, 1):
			if isinstance(one, dict) and not any(isinstance(v, dict | list) and v for v in one.values()):
				yield f"{name} {number}: " + ", ".join(f"{k} {v}" for k, v in one.items())
			elif isinstance(one, dict) and "message" in one:
				yield f"{one.get('verdict', '')}: {one['message'].format(*one.get('args', ()))}"
			else:
				yield from _lines(one, f"{name} {number}")
	else:
		shown = ", ".join(str(v) for v in value) if isinstance(value, list) else value
		yield f"{name}: {shown}"


def _code(doc: Document, entry: Any) -> str:
	return f"{doc.doctype} {doc.name} {entry.sequence} {entry.chain_hash}"


def helpers(doc: Document, marks: list[frappe._dict]) -> dict[str, Any]:
	"""Return what templates of prints need besides: labels and terms in both languages, correction marks."""
	return {
		"both": both,
		"label": lambda field, table="": label_in_both(
			frappe.get_meta(doc.meta.get_field(table).options) if table else doc.meta, field
		),
		"term": lambda value, context=None: both(str(value), context=context) if value else "",
		"when": when,
		"amount": amount,
		"marked": lambda field, row=None: marked(doc, row, field, marks),
	}


def marked(doc: Document, row: Document | None, field: str, marks: list[frappe._dict]) -> Markup:
	"""Return a value with its corrections: each earlier one struck through, with the number of the correction
	(K2).
	"""
	value = str((row or doc).get(field) or "")
	place = (row.parentfield, row.name, field) if row else ("", "", field)
	earlier = Markup("").join(
		Markup('<del>{}</del><sup class="qms-mark">[{}]</sup> ').format(m.old_value or "–", number)
		for number, m in enumerate(marks, 1)
		if (m.table_field or "", m.row_name or "", m.field) == place
	)
	return earlier + (Markup("<ins>{}</ins>").format(value) if earlier else escape(value))


def standing_of(doc: Document) -> Standing:
	"""Return the last entry of a record's chain and what verification finds now: a hash on paper vouches for
	nothing that does not verify.
	"""
	entries = list(ledger.entries(doc.doctype, doc.name))
	if not entries:
		return Standing(None, (chain.NOT_RECORDED,))
	found = [f.kind for f in chain.verify(entries)]
	found += [f.kind for f in live.verify(doc.doctype, doc.name, live.Aliases())]
	return Standing(entries[-1].entry, tuple(dict.fromkeys(found)))


def form_of(doc: Document, kind: str = "") -> frappe._dict:
	"""Return number, version, owner and years of a record's form, or of another `kind` of form, as they were
	in force when the record was made (K4).
	"""
	kind = kind or RECORDS[doc.doctype].form(doc)
	then = frappe.get_all(
		ledger.SNAPSHOT,
		filters={"reference_doctype": SETTINGS, "recorded_on": ("<=", doc.creation)},
		order_by="sequence desc",
		limit=1,
		pluck="content",
	)
	for rows in (_forms_in(then[0]) if then else [], settings().record_forms):
		for row in rows:
			if row.get("record_type") == kind:
				return frappe._dict(
					type=kind,
					number=row.get("form_number") or "",
					version=row.get("form_version") or "",
					owner=row.get("form_owner") or "",
					years=int(row.get("retention_years") or 0),
				)
	return frappe._dict(type=kind, number="", version="", owner="", years=None)


def _forms_in(content: str) -> list[dict]:
	try:
		return json.loads(content)["tables"].get("record_forms", [])
	except (ValueError, KeyError, AttributeError):
		return []


def qr(text: str) -> str:
	"""Return a QR code as the address of an image: SVG, which both builds of wkhtmltopdf draw."""
	from pyqrcode import create

	rows = create(text, error="M").code
	size = len(rows) + 8
	squares = "".join(
		f"M{x + 4} {y + 4}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark
	)
	svg = (
		f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" width="{size * 8}" '
		f'height="{size * 8}" shape-rendering="crispEdges"><rect width="{size}" height="{size}" fill="#fff"/>'
		f'<path d="{squares}" fill="#000"/></svg>'
	)
	return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def when(value: object, zone: str = "") -> str:
	"""Return a time in one form whatever the user's: paper goes to people of other places."""
	if not value:
		return ""
	return f"{get_datetime(value):%Y-%m-%d %H:%M:%S}{' ' + zone if zone else ''}"


def amount(value: object, currency: str = "") -> str:
	"""Return an amount in one form whatever the user's."""
	return f"{float(value or 0):,.2f} {currency or ''}".strip()
