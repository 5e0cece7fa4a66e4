"""The settings of the app as the rules take them: limits, routing table, aspects."""

from decimal import Decimal

import frappe

from qms_customer.rules import aspects as rules
from qms_customer.rules import escalation
from qms_customer.rules.classification import Thresholds

DOCTYPE = "QMS Customer Settings"


def settings() -> frappe._dict:
	"""Return the settings document, from the cache."""
	return frappe.get_cached_doc(DOCTYPE)


def thresholds() -> Thresholds:
	"""Return the limits of C4 and C5; 0 in the settings means that a limit is not used."""
	s = settings()

	def limit(value: float | None) -> Decimal | None:
		return Decimal(str(value)) if value else None

	return Thresholds(
		limit(s.small_amount), limit(s.small_quantity), limit(s.large_amount), limit(s.large_quantity)
	)


def departments() -> list[rules.Department]:
	"""Return the routing table (C3, C4), the procedure's own where the settings have none yet."""
	rows = [
		rules.Department(d.department, d.role, bool(d.circulated), bool(d.convened), bool(d.leading))
		for d in settings().departments
	]
	return rows or list(rules.DEPARTMENTS)


def aspects() -> list[rules.Aspect]:
	"""Return the aspects of C6, the procedure's own where the settings have none yet."""
	rows = [rules.Aspect(a.department, a.topic, a.question) for a in settings().aspects]
	return rows or list(rules.ASPECTS)


def escalation_steps() -> list[escalation.Step]:
	"""Return the line that overdue things go up (L3), the default one where the settings have none yet."""
	rows = [
		escalation.Step(s.waits_for, s.after_days, s.role, s.department or "") for s in settings().escalation
	]
	return rows or list(escalation.DEFAULTS)
