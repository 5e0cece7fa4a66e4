"""Renaming and merging masters: approved text is never rewritten, so the new name is recorded (C1, K2)."""

import frappe
from frappe.model.document import Document
from frappe.utils import now_datetime

from qms_customer.contract.content import CONTRACT_DOCTYPES, link_kinds
from qms_customer.records.token import moving


def after_rename(doc: Document, method: str | None, old: str, new: str, merge: bool = False) -> None:
	"""Record under which name a master that contracts name is found from now on."""
	if frappe.flags.in_install or doc.doctype not in masters():
		return
	alias = frappe.get_doc(
		{
			"doctype": "Record Alias",
			"master_doctype": doc.doctype,
			"old_name": old,
			"new_name": new,
			"merged": int(bool(merge)),
			"renamed_by": frappe.session.user,
			"renamed_on": now_datetime(),
		}
	)
	with moving(alias):
		# Whoever may rename the master thereby records it.
		alias.insert(ignore_permissions=True)


def masters() -> set[str]:
	"""Return the DocTypes whose names stand in the committed fields of contracts."""
	named = {kind for doctype in CONTRACT_DOCTYPES for kind in link_kinds(doctype).values()}
	# Whom a quotation is made to, besides a customer.
	return named | {"Lead", "Prospect"}
