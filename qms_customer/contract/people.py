"""Who holds a role in their own right, who acts by delegation, and who is a person at all (L1, L2, C9,
K3).
"""

import frappe
from frappe.utils import getdate, nowdate

from qms_customer.rules import people as rules


def own_roles(user: str) -> set[str]:
	"""Return the roles given to a user by name. Administrator's "all roles" is no assignment (C12, K3)."""
	if user in rules.ACCOUNTS_WITHOUT_PERSON or not frappe.get_cached_value("User", user, "enabled"):
		return set()
	return set(frappe.get_all("Has Role", filters={"parenttype": "User", "parent": user}, pluck="role"))


def holders(role: str) -> list[str]:
	"""Return the enabled people who hold a role in their own right (L1)."""
	user, has_role = frappe.qb.DocType("User"), frappe.qb.DocType("Has Role")
	rows = (
		frappe.qb.from_(has_role)
		.join(user)
		.on(user.name == has_role.parent)
		.select(user.name)
		.where((has_role.parenttype == "User") & (has_role.role == role) & (user.enabled == 1))
		.orderby(user.name)
		.run(pluck=True)
	)
	return [u for u in rows if u not in rules.ACCOUNTS_WITHOUT_PERSON]


def delegations(role: str) -> list[rules.Delegation]:
	"""Return the delegations of a role in force today (L2)."""
	today = nowdate()
	return [
		rules.Delegation(d.delegator, d.delegate, role, getdate(d.from_date), getdate(d.to_date))
		for d in frappe.get_all(
			"Approval Delegation",
			filters={"docstatus": 1, "role": role, "from_date": ("<=", today), "to_date": (">=", today)},
			fields=["delegator", "delegate", "from_date", "to_date"],
			order_by="creation",
		)
	]


def authorities(user: str, required_role: str) -> list[rules.Authority]:
	"""Return the ways in which a user may decide today what `required_role`, or a higher one, decides (C9,
	L2).
	"""
	if not is_enabled_person(user):
		return []
	roles, found = own_roles(user), []
	rank = rules.AUTHORITY_RANK
	for role in sorted((r for r in rank if r and rank[r] >= rank[required_role]), key=rank.get):
		found += rules.authorities(user, role, roles, delegations(role), holders(role), getdate())
	return found


def deciders(role: str) -> list[str]:
	"""Return who may decide as a role today: its holders and their delegates (L2, L3)."""
	own = holders(role)
	return own + sorted({d.delegate for d in delegations(role) if d.delegator in own} - set(own))


def is_enabled_person(user: str) -> bool:
	"""Return whether a user is somebody: enabled, with a desk login, not an account of the system (K3)."""
	if user in rules.ACCOUNTS_WITHOUT_PERSON:
		return False
	row = frappe.get_cached_value("User", user, ["enabled", "user_type"], as_dict=True)
	return bool(row and row.enabled and row.user_type == "System User")


def is_present(user: str) -> bool:
	"""Return whether the user is here in person: not by API key, and not in a background job (C9, K3)."""
	if not is_enabled_person(user) or user != frappe.session.user or getattr(frappe.local, "job", None):
		return False
	request = getattr(frappe.local, "request", None)
	return not (request and request.headers.get("Authorization"))


def full_name(user: str) -> str:
	"""Return the printed name of a user (K3)."""
	return frappe.get_cached_value("User", user, "full_name") or user
