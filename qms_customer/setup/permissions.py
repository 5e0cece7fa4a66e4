"""Read access of our roles to the documents of ERPNext that reviews are about (L1)."""

import frappe
from frappe.permissions import add_permission, update_permission_property

from qms_customer.rules.people import (
	AUDITOR,
	BUSINESS_MANAGER,
	FINANCE,
	GENERAL_MANAGER,
	MANAGEMENT_REPRESENTATIVE,
	PLANNING,
	PRODUCTION,
	QUALITY,
	RND,
	ROLES,
	SALES_USER,
	SALES_VP,
	SERVICE,
)

# Who answers for what was sold to whom (D6): goods leave with invoices, too.
SALES_RECORD = (
	*(SALES_USER, BUSINESS_MANAGER, SALES_VP, GENERAL_MANAGER, QUALITY, FINANCE),
	*(MANAGEMENT_REPRESENTATIVE, SERVICE, AUDITOR),
)

# Who sees what was found on goods that customers return.
RETURNS = (*SALES_RECORD, PRODUCTION, RND)

# Who books returned goods (G6).
RETURNED_GOODS = (SALES_USER, BUSINESS_MANAGER, SALES_VP, QUALITY, SERVICE)

READERS = {
	"Sales Order": ROLES,
	"Quotation": ROLES,
	"Blanket Order": ROLES,
	"Customer": ROLES,
	"Item": ROLES,
	"Delivery Note": ROLES,
	"Work Order": ROLES,
	# A change that is distributed names what is open in production (E6).
	"Job Card": (PLANNING, PRODUCTION),
	"Production Plan": (PLANNING, PRODUCTION),
	"Sales Invoice": SALES_RECORD,
	"POS Invoice": SALES_RECORD,
	# The sales record is looked up by batch (K6).
	"Batch": ROLES,
	"Quality Inspection": RETURNS,
	"Quality Inspection Template": (QUALITY,),
	"Non Conformance": RETURNS,
	"Quality Procedure": (QUALITY, MANAGEMENT_REPRESENTATIVE, AUDITOR),
	# ERPNext asks for rights on the bundle even where a step of a slip makes its document; it moves nothing.
	"Serial and Batch Bundle": RETURNED_GOODS,
	# ERPNext lets only Accounts read these, and the contract names one (A9).
	"Mode of Payment": (SALES_USER, BUSINESS_MANAGER, SALES_VP, GENERAL_MANAGER),
	# Who changes the settings chooses roles in the routing table.
	"Role": (GENERAL_MANAGER, MANAGEMENT_REPRESENTATIVE),
}
# What is done in ERPNext's own documents: test samples, block a bad batch, open a non-conformance, name what
# came back (G3, G5, G6).
WRITERS = {
	"Quality Inspection": ((QUALITY,), ("create", "write", "submit")),
	"Batch": ((QUALITY,), ("write",)),
	"Non Conformance": ((QUALITY,), ("create", "write")),
	"Serial and Batch Bundle": (RETURNED_GOODS, ("create", "write", "submit", "cancel")),
}
MARK = "qms_customer_standard_permissions"


def make() -> None:
	"""Give our roles read access, after Frappe has copied the standard permissions into custom ones."""
	for doctype, roles in READERS.items():
		written, rights = WRITERS.get(doctype, ((), ()))
		known = set(frappe.get_all("Custom DocPerm", filters={"parent": doctype}, pluck="role"))
		if not known:
			frappe.db.set_default(f"{MARK}:{doctype}", "1")
		for role in roles:
			if role not in known:
				add_permission(doctype, role, 0)
				more = (rights if role in written else ()) + (("export",) if role == AUDITOR else ())
				for right in ("report", "print", *more):
					update_permission_property(doctype, role, 0, right, 1, validate=False)


def grant_written() -> None:
	"""Give the rights of a later version where our roles had the document to read already (G5)."""
	for doctype, (roles, rights) in WRITERS.items():
		for role in roles:
			for right in rights:
				update_permission_property(doctype, role, 0, right, 1, validate=False)


def remove() -> None:
	"""Take our roles' access back; where only we made the permissions custom, restore the standard ones."""
	for doctype in READERS:
		frappe.db.delete("Custom DocPerm", {"parent": doctype, "role": ("in", ROLES)})
		if frappe.db.get_default(f"{MARK}:{doctype}"):
			frappe.db.delete("Custom DocPerm", {"parent": doctype})
			frappe.defaults.clear_default(f"{MARK}:{doctype}")
		frappe.clear_cache(doctype=doctype)
