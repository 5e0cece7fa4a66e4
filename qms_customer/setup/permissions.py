"""Read access of our roles to the documents of ERPNext that reviews are about (L1)."""

import frappe
from frappe.permissions import add_permission, update_permission_property

from qms_customer.rules.people import AUDITOR, ROLES

READ_BY_ALL = ("Sales Order", "Quotation", "Blanket Order", "Customer", "Item", "Delivery Note", "Work Order")
MARK = "qms_customer_standard_permissions"


def make() -> None:
	"""Give our roles read access, after Frappe has copied the standard permissions into custom ones."""
	for doctype in READ_BY_ALL:
		known = set(frappe.get_all("Custom DocPerm", filters={"parent": doctype}, pluck="role"))
		if not known:
			frappe.db.set_default(f"{MARK}:{doctype}", "1")
		for role in ROLES:
			if role not in known:
				add_permission(doctype, role, 0)
				for right in ("report", "print") + (("export",) if role == AUDITOR else ()):
					update_permission_property(doctype, role, 0, right, 1, validate=False)


def remove() -> None:
	"""Take our roles' access back; where only we had made the permissions custom, restore the standard
	ones.
	"""
	for doctype in READ_BY_ALL:
		frappe.db.delete("Custom DocPerm", {"parent": doctype, "role": ("in", ROLES)})
		if frappe.db.get_default(f"{MARK}:{doctype}"):
			frappe.db.delete("Custom DocPerm", {"parent": doctype})
			frappe.defaults.clear_default(f"{MARK}:{doctype}")
		frappe.clear_cache(doctype=doctype)
