"""People of the test site who are there from the start, disabled: making a user costs more than enabling one.

`python -m tests.support.pool` in the sites directory makes those that are missing.
"""

from __future__ import annotations

import frappe

from qms_customer.rules import people as roles
from tests.support import env
from tests.support.people import make_user
from tests.support.staged import staged

# What a salesperson of ERPNext holds besides our role.
ERP_SALES = ("Sales User", "Sales Manager")
PEOPLE = {
	**{role: (role,) for role in roles.ROLES},
	**{role: (role, *ERP_SALES) for role in (roles.SALES_USER, roles.BUSINESS_MANAGER)},
	"second sales": (roles.SALES_USER, *ERP_SALES),
}


def email(key: str) -> str:
	"""Return the login of a person of the pool."""
	return f"{frappe.scrub(key).replace('&', 'and')}@pool.qms-test.localhost"


@staged
def enabled(key: str) -> str:
	"""Enable a person of the pool for the running test, and return the login."""
	user = email(key)
	frappe.db.set_value("User", user, "enabled", 1)
	frappe.clear_document_cache("User", user)
	return user


def main() -> None:
	"""Make who is missing, with no mails to be composed for them, and commit."""
	frappe.init(env.SITE)
	frappe.connect()
	try:
		frappe.flags.in_test = True
		for number, (key, names) in enumerate(PEOPLE.items(), 1):
			if not frappe.db.exists("User", email(key)):
				make_user(*names, email=email(key), first_name=f"Person {number}")
			frappe.db.set_value("User", email(key), "enabled", 0)
			frappe.db.set_value("Notification Settings", email(key), "enable_email_notifications", 0)
		frappe.db.commit()
		frappe.clear_cache()
	finally:
		frappe.destroy()


if __name__ == "__main__":
	main()
