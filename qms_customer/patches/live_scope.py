"""The scope has a table of its own; where the app was in use already, the gate was live for everything."""

import frappe
from frappe.utils import now

from qms_customer.contract.settings import DOCTYPE
from qms_customer.records.token import moving
from qms_customer.rules import mark


def execute() -> None:
	"""Go on as before: everything is reviewed (C1)."""
	settings = frappe.get_doc(DOCTYPE)
	if settings.scope or not settings.departments:
		return
	settings.append("scope", {"live_since": now()[:19]})
	with moving(settings, mark("Upgraded")):
		settings.save(ignore_permissions=True)
