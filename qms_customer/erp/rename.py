"""Renaming and merging masters: approved and signed text is never rewritten, so the new name is recorded (C1,
K2).
"""

from itertools import product

import frappe
from frappe.model.document import Document
from frappe.utils import now_datetime

from qms_customer.contract.authorise import COVERED
from qms_customer.contract.content import CONTRACT_DOCTYPES, link_kinds
from qms_customer.messages import refuse_one
from qms_customer.records import contents
from qms_customer.records.registry import RECORDS
from qms_customer.records.token import moving
from qms_customer.rules import mark


def after_rename(doc: Document, method: str | None, old: str, new: str, merge: bool = False) -> None:
	"""Record under which name a master that contracts or records name is found from now on."""
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
	with moving(alias, mark("Renamed")):
		# Whoever may rename the master thereby records it.
		alias.insert(ignore_permissions=True)


def before_item_rename(doc: Document, method: str | None, old: str, new: str, merge: bool = False) -> None:
	"""Refuse to merge an item that was approved into another: the contract would be for another device (E8).

	An item that is renamed stays what it is; a customer that was entered twice is one customer.
	"""
	if not merge:
		return
	ledgers = {name: frappe.qb.DocType(name) for name in ("Approved Content", "Adopted Contract")}
	stands = {
		"Approved Content": ledgers["Approved Content"].withdrawn == 0,
		"Adopted Contract": ledgers["Adopted Contract"].fingerprint != "",
	}
	for doctype, kind in product(
		("Sales Order Item", "Quotation Item", "Blanket Order Item", "Packed Item"), ledgers
	):
		row, ledger = frappe.qb.DocType(doctype), ledgers[kind]
		named = row.item_code == old
		if doctype == "Packed Item":
			named |= row.parent_item == old
		found = (
			frappe.qb.from_(row)
			.join(ledger)
			.on((ledger.reference_doctype == row.parenttype) & (ledger.reference_name == row.parent))
			.select(row.parent)
			.where(named & stands[kind] & (row.docstatus < 2))
			.limit(1)
			.run()
		)
		if found:
			refuse_one(
				"E8",
				mark(
					"{0} stands in contracts that were approved for it, among them {2}; it is not turned "
					"into {1}. Disable it instead."
				),
				old,
				new,
				found[0][0],
			)


def masters() -> set[str]:
	"""Return the DocTypes whose names stand in the committed fields of contracts, or in our records."""
	named = {kind for doctype in CONTRACT_DOCTYPES for kind in link_kinds(doctype).values()}
	named |= {kind for doctype in RECORDS for kind in contents.link_kinds(doctype).values()}
	# What a record is about, and whom a quotation is made to, besides a customer.
	return (named - RECORDS.keys()) | {*CONTRACT_DOCTYPES, *COVERED, "Lead", "Prospect"}
