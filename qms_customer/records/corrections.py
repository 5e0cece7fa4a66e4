"""K2: a field of a signed record is corrected legibly: the old value stays, with who, when and why."""

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import escape_html, format_datetime

from qms_customer.contract.people import full_name, own_roles
from qms_customer.messages import refuse_one
from qms_customer.records import ledger, signing, texts
from qms_customer.records.registry import RECORDS
from qms_customer.records.token import moving
from qms_customer.rules import mark, says
from qms_customer.rules.people import MANAGEMENT_REPRESENTATIVE, QUALITY

DOCTYPE = "Record Correction"
MEANING = mark("Corrected")
# Whoever keeps the records corrects them, besides those who signed the one concerned.
KEEPERS = {MANAGEMENT_REPRESENTATIVE, QUALITY}


def correctable(doc: Document) -> list[dict[str, str]]:
	"""Return the fields of a signed record that the user may correct, with their present values (K2)."""
	if not _role(doc):
		return []
	found = []
	for name in sorted(RECORDS[doc.doctype].correctable):
		table, _dot, field = name.rpartition(".")
		rows = doc.get(table) if table else [doc]
		for row in rows:
			label = _(row.meta.get_label(field), context=row.doctype)
			found.append(
				{
					"table": table,
					"row": row.name if table else "",
					"field": field,
					"label": f"{_(doc.meta.get_label(table), context=doc.doctype)} {row.idx}: {label}"
					if table
					else label,
					"value": str(row.get(field) or ""),
				}
			)
	# What was written comes first: it is what needs correcting most often.
	return sorted(found, key=lambda one: not one["value"])


def correct(
	doctype: str,
	name: str,
	field: str,
	value: str,
	reason: str,
	table: str = "",
	row: str = "",
	shown: str = "",
) -> Document:
	"""Correct one field of a signed record, signed, and return the record (K2).

	`shown`: the value that the person was shown; another one is refused. Raises QMSRefusal.
	"""
	doc = frappe.get_doc(doctype, name, for_update=True)
	doc.check_permission("read")
	path = f"{table}.{field}" if table else field
	if path not in RECORDS[doctype].correctable:
		refuse_one(
			"K2",
			mark("{0} decides something: it is not corrected, a new version replaces the record."),
			_(doc.meta.get_label(field) or field, context=doctype),
		)
	if not _is_signed(doc):
		refuse_one("K2", mark("{0} is not signed yet: edit it."), name)
	role = _role(doc)
	if not role:
		refuse_one(
			"K2", mark("A record is corrected by somebody who signed it, or by who keeps the records.")
		)
	if not says(reason):
		refuse_one("K2", mark("Say why it is corrected."))
	reason = texts.clean(reason)
	target = next((r for r in doc.get(table) if r.name == row), None) if table else doc
	if target is None:
		refuse_one("K2", mark("There is no such row in {0} any more. Reload it."), name)
	old = str(target.get(field) or "")
	if old != (shown or ""):
		refuse_one("K2", mark("{0} was changed since it was shown. Reload it."), name)
	if not value.strip() or value == old:
		refuse_one("K2", mark('Give the right value; "/" if there is none.'))
	signing.in_hand()
	target.set(field, value)
	with moving(doc):
		# Who may correct was checked above; nobody has a general right to write a signed record.
		doc.flags.ignore_permissions = True
		# Frappe lets none of these fields change after the submission; a correction is the only way (K2).
		doc.flags.ignore_links = doc.flags.ignore_validate_update_after_submit = True
		doc.save()
	user = frappe.session.user
	entry = signing.sign(doc, MEANING, role, "", reason)
	ledger.insert(
		DOCTYPE,
		reference_doctype=doctype,
		reference_name=name,
		sequence=entry.sequence,
		table_field=table,
		row_name=row,
		field=field,
		field_label=target.meta.get_label(field),
		old_value=old,
		# As it was stored: frappe may have cleaned it.
		new_value=str(target.get(field) or ""),
		reason=reason,
		corrected_by=user,
		corrected_by_name=full_name(user),
		corrected_on=ledger.local(entry.at),
	)
	return doc


def of(doctype: str, name: str) -> list[frappe._dict]:
	"""Return the corrections of a record, oldest first (K2)."""
	return frappe.get_all(
		DOCTYPE,
		filters={"reference_doctype": doctype, "reference_name": name},
		fields=[
			"sequence",
			"table_field",
			"row_name",
			"field",
			"field_label",
			"old_value",
			"new_value",
			"reason",
			"corrected_by",
			"corrected_by_name",
			"corrected_on",
		],
		order_by="creation, name",
	)


def of_fields(doctype: str, name: str) -> list[dict[str, str]]:
	"""Return what the form shows beside a corrected field of the head: what it said, who, when, why (K2)."""
	return [
		{
			"field": c.field,
			"old_value": c.old_value or "",
			"note": _("{0}, {1}: {2}").format(c.corrected_by_name, format_datetime(c.corrected_on), c.reason),
		}
		for c in of(doctype, name)
		if not c.table_field
	]


def html(doctype: str, name: str) -> str:
	"""Return the corrections of a record for form and print: the old value struck through (K2)."""
	rows = "".join(
		"<tr><td>{}</td><td><del>{}</del> → <ins>{}</ins></td><td>{}</td><td>{}<br>{}</td></tr>".format(
			*(
				escape_html(str(v))
				for v in (
					_shown_label(doctype, c),
					c.old_value or "",
					c.new_value or "",
					c.reason,
					c.corrected_by_name,
					format_datetime(c.corrected_on),
				)
			)
		)
		for c in of(doctype, name)
	)
	if not rows:
		return ""
	heads = "".join(f"<th>{h}</th>" for h in (_("Field"), _("Correction"), _("Reason"), _("Corrected By")))
	return (
		f'<table class="table table-bordered qms-table qms-corrections"><thead><tr>{heads}</tr></thead>'
		f"<tbody>{rows}</tbody></table>"
	)


def _shown_label(doctype: str, correction: frappe._dict) -> str:
	meta = frappe.get_meta(doctype)
	if table := meta.get_field(correction.table_field):
		meta = frappe.get_meta(table.options)
	# What the form calls it; of a field that is no more, what it was called.
	field = meta.get_field(correction.field)
	return _(field.label if field else correction.field_label, context=meta.name)


def _is_signed(doc: Document) -> bool:
	return bool(
		frappe.db.exists(ledger.SIGNATURE, {"reference_doctype": doc.doctype, "reference_name": doc.name})
	)


def _role(doc: Document) -> str:
	"""Return as what the user may correct a record: as who keeps it, or as who signed it; "" if not."""
	user = frappe.session.user
	if keeps := sorted(own_roles(user) & KEEPERS):
		return keeps[0]
	return (
		frappe.db.get_value(
			ledger.SIGNATURE,
			{"reference_doctype": doc.doctype, "reference_name": doc.name, "signer": user},
			"role",
			order_by="sequence desc",
		)
		or ""
	)
