"""Uninstall: refused while records would be lost; else ERPNext is left as it was before us."""

import frappe

from qms_customer.contract import mail_templates
from qms_customer.records import export
from qms_customer.records.kinds import MODULE
from qms_customer.rules.people import ROLES
from qms_customer.setup import custom_fields, executor, inspections, permissions, workflows

ONBOARDING = "QMS Customer"
# States and actions of workflows that Frappe ships itself.
SHIPPED = ("Approved", "Rejected", "Pending", "Approve", "Reject", "Review")
# Where rows about our DocTypes stand, besides what is said about single records (export.ABOUT).
OF_DOCTYPE = {
	"Property Setter": "doc_type",
	"Custom DocPerm": "parent",
	"List Filter": "reference_doctype",
	"Document Follow": "ref_doctype",
	"Tag Link": "document_type",
	"Energy Point Log": "reference_doctype",
	"View Log": "reference_doctype",
	"Event Participants": "reference_doctype",
	"Dynamic Link": "link_doctype",
	"Communication Link": "link_doctype",
	"Assignment Rule": "document_type",
	"Auto Repeat": "reference_doctype",
}


def before_uninstall() -> None:
	"""Refuse without a verified export (K2); then remove what we added to ERPNext's own documents."""
	export.refuse_uninstall()
	workflows.remove_workflows()
	_remove_onboarding_steps()
	executor.remove()
	permissions.remove()
	inspections.remove()
	mail_templates.remove()
	custom_fields.remove()
	ours = frappe.get_all("DocType", filters={"module": MODULE}, pluck="name")
	_remove_rows_about(ours)
	_remove_roles()
	_remove_states()
	frappe.db.delete("Patch Log", {"patch": ("like", "qms_customer.%")})
	frappe.defaults.clear_default(export.MARK)


def _remove_onboarding_steps() -> None:
	"""They belong to no module, so Frappe would leave them behind."""
	steps = frappe.get_all("Onboarding Step Map", filters={"parent": ONBOARDING}, pluck="step")
	frappe.db.delete("Onboarding Step Map", {"parent": ONBOARDING})
	frappe.db.delete("Onboarding Step", {"name": ("in", steps or [""])})


def _remove_rows_about(ours: list[str]) -> None:
	"""What was said about single records is in the export; their DocTypes are gone in a moment."""
	for doctype, field in {**export.ABOUT, **OF_DOCTYPE}.items():
		if frappe.db.exists("DocType", doctype) and frappe.db.has_column(doctype, field):
			frappe.db.delete(doctype, {field: ("in", ours)})
	frappe.db.delete("Singles", {"doctype": ("in", ours)})
	frappe.db.delete("Series", {"name": ("in", _series(ours))})


def _series(ours: list[str]) -> list[str]:
	"""The counters of our naming series, one a year."""
	series = frappe.qb.DocType("Series")
	prefixes = {
		(frappe.get_meta(d).get_field("naming_series").options or "").split(".")[0]
		for d in ours
		if frappe.get_meta(d).get_field("naming_series")
	}
	names = frappe.qb.from_(series).select(series.name).run(pluck=True)
	return [n for n in names if any(p and n.startswith(p) for p in prefixes)]


def _remove_roles() -> None:
	for child in ("Has Role", "DocPerm", "Custom DocPerm"):
		frappe.db.delete(child, {"role": ("in", ROLES)})
	for role in ROLES:
		if frappe.db.exists("Role", role):
			frappe.delete_doc("Role", role, force=True, ignore_permissions=True)


def _remove_states() -> None:
	"""Our states and actions of workflows, but for those that Frappe ships, or that another workflow uses."""
	for doctype, table, field in (
		("Workflow State", "Workflow Document State", "state"),
		("Workflow Action Master", "Workflow Transition", "action"),
	):
		(names,) = (
			f["filters"][0][2]
			for f in frappe.get_hooks("fixtures", app_name="qms_customer")
			if f["dt"] == doctype
		)
		used = frappe.get_all(table, filters={field: ("in", names)}, pluck=field)
		for name in set(names) - set(used) - set(SHIPPED):
			if frappe.db.exists(doctype, name):
				frappe.delete_doc(doctype, name, force=True, ignore_permissions=True)
