"""The identity under which approved changes are written to orders: nobody's, and nobody logs in as it (E7).

Its rights are those of its one role: to alter sales orders, and to move what is reserved for them. They are
not those of the approver, who may have none on the order, or more.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import frappe
from frappe.model.document import Document
from frappe.permissions import AUTOMATIC_ROLES, add_permission, update_permission_property

from qms_customer.messages import refuse_one
from qms_customer.rules import mark
from qms_customer.setup.permissions import MARK, READERS

ROLE = "QMS Contract Executor"
USER = "qms-contract-executor@qms-customer.invalid"
NAME = "QMS Contract Executor"
# What Update Items, cancelling and closing ask for; "create" is for a row that is added, "delete" for one
# that is removed: what is submitted is not deleted.
RIGHTS = {
	"Sales Order": ("write", "create", "submit", "cancel", "delete"),
	"Stock Reservation Entry": ("write", "create", "submit", "cancel"),
	# Read, to ask how much there is to reserve.
	"Item": (),
}
# What Frappe replaces when the user of a session changes, and what is of the session itself.
SESSION = ("user", "sid", "data")


def make() -> None:
	"""Make the executing user and its role, with what the change of an order needs and no more (E7)."""
	if not frappe.db.exists("Role", ROLE):
		frappe.get_doc({"doctype": "Role", "role_name": ROLE, "desk_access": 0}).insert(
			ignore_permissions=True
		)
	for doctype, rights in RIGHTS.items():
		_permit(doctype, rights)
	_make_user()


def remove() -> None:
	"""Remove the executing user and its role; what it wrote keeps its name, which is a text there."""
	for doctype in RIGHTS:
		frappe.db.delete("Custom DocPerm", {"parent": doctype, "role": ROLE})
		if frappe.db.get_default(f"{MARK}:{doctype}") and doctype not in READERS:
			frappe.db.delete("Custom DocPerm", {"parent": doctype})
			frappe.defaults.clear_default(f"{MARK}:{doctype}")
		frappe.clear_cache(doctype=doctype)
	for child in ("Has Role", "DocPerm", "Custom DocPerm"):
		frappe.db.delete(child, {"role": ROLE})
	if frappe.db.exists("User", USER):
		frappe.delete_doc("User", USER, force=True, ignore_permissions=True)
	if frappe.db.exists("Role", ROLE):
		frappe.delete_doc("Role", ROLE, force=True, ignore_permissions=True)


@contextmanager
def acting() -> Iterator[None]:
	"""Act as the executing identity inside the block; the session is the person's again afterwards (E7)."""
	_refuse_another()
	session, form = frappe.local.session, frappe.local.form_dict
	before = {name: session.get(name) for name in SESSION}
	frappe.set_user(USER)
	try:
		yield
	finally:
		# Frappe forgets what it knows about the rights of a user; then what is of the session.
		frappe.set_user(before["user"])
		session.update(before)
		frappe.local.form_dict = form


def before_user_changes(doc: Document, method: str | None = None) -> None:
	"""Keep the executing identity what it is: disabled, without password, with its one role (E7)."""
	if doc.name != USER:
		return
	if doc.enabled or doc.get("new_password") or doc.role_profile_name or _roles(doc) != {ROLE}:
		refuse_one(
			"E7",
			mark("{0} writes approved changes and is nobody: it stays disabled, with its one role."),
			USER,
		)


def _roles(doc: Document) -> set[str]:
	return {row.role for row in doc.roles}


def _refuse_another() -> None:
	if set(frappe.get_roles(USER)) - set(AUTOMATIC_ROLES) != {ROLE}:
		refuse_one(
			"E7",
			mark("The user {0}, who writes approved changes, is missing or altered. Migrate the site."),
			USER,
		)


def _permit(doctype: str, rights: tuple[str, ...]) -> None:
	known = set(frappe.get_all("Custom DocPerm", filters={"parent": doctype}, pluck="role"))
	if not known:
		frappe.db.set_default(f"{MARK}:{doctype}", "1")
	if ROLE not in known:
		add_permission(doctype, ROLE, 0)
	for right in rights:
		update_permission_property(doctype, ROLE, 0, right, 1, validate=False)


def _make_user() -> None:
	if not frappe.db.exists("User", USER):
		user = frappe.get_doc(
			{
				"doctype": "User",
				"email": USER,
				"first_name": NAME,
				"full_name": NAME,
				"enabled": 0,
				"user_type": "Website User",
				"send_welcome_email": 0,
				"thread_notify": 0,
			}
		)
		user.name = USER
		# Written without its events: there is nobody to welcome, to remember as a contact, or to notify.
		user.db_insert()
	frappe.db.delete("Has Role", {"parent": USER, "parenttype": "User", "role": ("!=", ROLE)})
	if not frappe.db.exists("Has Role", {"parent": USER, "parenttype": "User", "role": ROLE}):
		frappe.get_doc(
			{
				"doctype": "Has Role",
				"parent": USER,
				"parenttype": "User",
				"parentfield": "roles",
				"role": ROLE,
				"idx": 1,
			}
		).db_insert()
	frappe.db.set_value("User", USER, {"enabled": 0, "user_type": "Website User"}, update_modified=False)
	frappe.clear_cache(user=USER)
