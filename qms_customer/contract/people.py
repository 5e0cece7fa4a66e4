"""Who holds a role in their own right, who acts by delegation, and who is a person at all (L1, L2, C9,
K3).
"""

from collections.abc import Iterable

import frappe
import frappe.share
from frappe.model.document import Document
from frappe.permissions import has_user_permission
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


def deciders(role: str, without: Iterable[str] = ()) -> list[str]:
	"""Return who may decide as a role today: its holders and their delegates (L2, L3).

	`without`: who takes no part (C12), neither in person nor through a delegate.
	"""
	without = set(without)
	own = [user for user in holders(role) if user not in without]
	lent = {d.delegate for d in delegations(role) if d.delegator in own and is_enabled_person(d.delegate)}
	return own + sorted(lent - set(own) - without)


def is_enabled_person(user: str) -> bool:
	"""Return whether a user is somebody: enabled, with a desk login, not an account of the system (K3)."""
	if user in rules.ACCOUNTS_WITHOUT_PERSON:
		return False
	row = frappe.get_cached_value("User", user, ["enabled", "user_type"], as_dict=True)
	return bool(row and row.enabled and row.user_type == "System User")


def is_present(user: str) -> bool:
	"""Return whether the user is here in person: not by API key, not in a background job, and not somebody
	else who goes by their name (C9, K3).
	"""
	if not is_enabled_person(user) or user != frappe.session.user or getattr(frappe.local, "job", None):
		return False
	if (frappe.session.get("data") or {}).get("impersonated_by"):
		return False
	request = getattr(frappe.local, "request", None)
	return not (request and request.headers.get("Authorization"))


def may_see(user: str, doc: Document) -> bool:
	"""Return whether no User Permission of the site keeps a record, or what it is about, from a user (L1)."""
	return all(has_user_permission(one, user) for one in (doc, subject_of(doc)) if one is not None)


def check_readable(doc: Document) -> None:
	"""Refuse who may not read a record, or the document that it is about: it shows its content (L1)."""
	doc.check_permission("read")
	if subject := subject_of(doc):
		subject.check_permission("read")


def let_read(users: Iterable[str], doc: Document) -> None:
	"""Share what a record is about with those of its users who could not read it (L1, L2)."""
	subject = subject_of(doc)
	for user in users if subject else ():
		if not frappe.has_permission(doc=subject, doctype=subject.doctype, user=user):
			# Whoever moves the record hands the work on, whatever they may share themselves.
			frappe.share.add_docshare(
				subject.doctype, subject.name, user, read=1, flags={"ignore_share_permission": True}
			)


def subject_of(doc: Document) -> Document | None:
	"""Return the contract, or other document, that a record is about, None if there is none any more."""
	doctype, name = doc.get("reference_doctype"), doc.get("reference_name")
	return frappe.get_cached_doc(doctype, name) if doctype and frappe.db.exists(doctype, name) else None


def full_name(user: str) -> str:
	"""Return the printed name of a user (K3)."""
	return frappe.get_cached_value("User", user, "full_name") or user
