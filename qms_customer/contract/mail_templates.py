"""The e-mail templates that the app brings: made where there are none, as the site words them."""

import frappe

from qms_customer.contract import progress_mail, telling
from qms_customer.feedback import reply

# By language the name, and by language subject and text.
_OURS = tuple((part.TEMPLATES, part.TEXTS) for part in (progress_mail, telling, reply))


def make() -> None:
	"""Make the e-mail templates at install and migration, where there are none (E7, F5, H5)."""
	for names, texts in _OURS:
		for code, name in names.items():
			if not frappe.db.exists("Email Template", name):
				subject, response = texts[code]
				frappe.get_doc(
					{
						"doctype": "Email Template",
						"name": name,
						"subject": subject,
						"use_html": 1,
						"response_html": response,
					}
				).insert(ignore_permissions=True)


def remove() -> None:
	"""Remove the e-mail templates at uninstall; what was sent with them stands in the e-mails."""
	for names, _texts in _OURS:
		for name in names.values():
			frappe.delete_doc(
				"Email Template", name, force=True, ignore_permissions=True, ignore_missing=True
			)
