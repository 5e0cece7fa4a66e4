"""What a change notice changes, as rows of old and new that people read (E1, E6, E7)."""

import frappe
from frappe.model.document import Document

from qms_customer.contract import measure
from qms_customer.contract.gate import describe
from qms_customer.contract.proposed import ORDER
from qms_customer.rules.content import Change
from qms_customer.rules.notice import CHANGE
from qms_customer.shown import label, value


def rows(notice: Document) -> list[dict[str, str]]:
	"""Return each difference as `where`, `field`, `old` and `new`, in the user's language.

	A line that is added or removed has no field: `where` says it all. A contract that is cancelled, closed
	or re-opened has none of these.
	"""
	return [_row(notice, c) for c in measure.described(notice)] if notice.kind == CHANGE else []


def _row(notice: Document, c: Change) -> dict[str, str]:
	meta = frappe.get_meta(ORDER)
	where = c.row
	if c.table:
		table = meta.get_field(c.table)
		where = f"{label(meta, c.table)} {c.row}".strip()
		meta = frappe.get_meta(table.options)
	if not c.field:
		return {"where": describe(ORDER, c), "field": "", "old": "", "new": ""}
	return {
		"where": where,
		"field": label(meta, c.field),
		"old": value(meta, c.field, c.old, notice.currency or "") or "–",
		"new": value(meta, c.field, c.new, notice.currency or "") or "–",
	}
