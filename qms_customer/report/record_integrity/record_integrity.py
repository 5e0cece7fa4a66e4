"""Record Integrity: what was changed, removed, inserted or moved in signed records, by whatever door (K2)."""

from typing import Any

import frappe
from frappe import _
from frappe.utils import format_datetime

from qms_customer.messages import refuse_one
from qms_customer.records import ledger, verification
from qms_customer.rules import chain, mark

# Entries that are verified while somebody waits; with more, the report is made in the background.
AT_ONCE = 20_000


def execute(filters: dict[str, Any] | None = None) -> tuple[list[dict], list[dict], str]:
	"""Return the columns, what was found, and in one line what was verified (K2)."""
	filters = frappe._dict(filters or {})
	doctype, name = filters.reference_doctype or "", filters.reference_name or ""
	if doctype and doctype not in verification.known_doctypes():
		refuse_one("K2", mark("{0} is no record."), doctype)
	if not (doctype and name):
		_refuse_at_once()
	result = verification.verify(doctype, name if doctype else "")
	savers = _last_saved(result.findings)
	rows = [
		{
			"finding": _(f.kind),
			"reference_doctype": f.doctype or ledger.ANCHOR,
			"reference_name": f.name,
			"sequence": f.sequence or None,
			"detail": f.detail,
			**savers.get((f.doctype, f.name), {}),
		}
		for f in result.findings
	]
	return _columns(), rows, _summary(result)


def _refuse_at_once() -> None:
	if getattr(frappe.local, "job", None):
		return
	count = frappe.db.count(ledger.SNAPSHOT)
	if count > AT_ONCE:
		refuse_one(
			"K2",
			mark(
				"{0} entries are verified in the background: use Generate New Report, or choose one document."
			),
			str(count),
		)


def _columns() -> list[dict]:
	return [
		{"fieldname": "finding", "label": _("Finding"), "fieldtype": "Data", "width": 320},
		{
			"fieldname": "reference_doctype",
			"label": _("Document Type"),
			# A link would be followed by people only who may read the definitions of documents.
			"fieldtype": "Data",
			"width": 170,
		},
		{
			"fieldname": "reference_name",
			"label": _("Document"),
			"fieldtype": "Dynamic Link",
			"options": "reference_doctype",
			"width": 170,
		},
		{"fieldname": "sequence", "label": _("No. in the Chain"), "fieldtype": "Int", "width": 70},
		{"fieldname": "detail", "label": _("Detail"), "fieldtype": "Data", "width": 360},
		{"fieldname": "saved_by", "label": _("Last Saved By"), "fieldtype": "Data", "width": 160},
		{"fieldname": "saved_on", "label": _("Last Saved On"), "fieldtype": "Datetime", "width": 160},
	]


def _last_saved(findings: list[chain.Finding]) -> dict[tuple[str, str], dict]:
	"""Return who saved each of these documents last, as the document itself says; one query a DocType."""
	found = {}
	for doctype in {f.doctype for f in findings if f.doctype in verification.known_doctypes()}:
		names = sorted({f.name for f in findings if f.doctype == doctype})
		if frappe.get_meta(doctype).issingle:
			rows = [frappe.get_doc(doctype)]
		else:
			rows = frappe.get_all(
				doctype, filters={"name": ("in", names)}, fields=["name", "modified", "modified_by"]
			)
		for row in rows:
			found[(doctype, row.name)] = {
				"saved_by": frappe.utils.get_fullname(row.modified_by),
				"saved_on": row.modified,
			}
	return found


def _summary(result: verification.Result) -> str:
	counted = _("{0} records, {1} entries, {2} signatures and {3} anchors were verified.").format(
		result.records, result.entries, result.signatures, result.anchors
	)
	number, at = result.holds
	if not number:
		return counted
	return (
		counted
		+ " "
		+ _("All holds up to anchor {0} of {1}.").format(number, format_datetime(ledger.local(at)))
	)
