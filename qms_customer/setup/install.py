"""Install and migrate: each leaves the site as the app needs it."""

from collections.abc import Callable, Iterable

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import now

from qms_customer.contract import adopt, mail_templates
from qms_customer.contract.settings import DOCTYPE
from qms_customer.feedback import regimes
from qms_customer.records import pdf
from qms_customer.records.token import moving
from qms_customer.rules import escalation, forms, mark
from qms_customer.rules.aspects import ASPECTS, DEPARTMENTS
from qms_customer.setup import custom_fields, executor, inspections, permissions, workflows

REASON_CODES = {
	"Sample": "Free sample for evaluation",
	"Loan": "Loan or demonstration device, comes back",
	"Replacement": "Replacement of returned or defective goods",
	"Consignment": "Stock put down at the customer's site",
}
# G1: why goods come back, and whether that is a claim about their quality.
RETURN_REASONS = {
	mark("Quality Defect"): 1,
	mark("Packaging Damaged"): 1,
	mark("Damaged in Transport"): 0,
	mark("Wrong Goods Delivered"): 0,
	mark("Too Many Delivered"): 0,
	mark("Expired or Too Close to Expiry"): 0,
	mark("Ordered by Mistake"): 0,
	mark("Other Reason"): 0,
}
DECISION_DUE_DAYS = 3


def after_install() -> None:
	"""Make custom fields, settings with the procedures' defaults, reason codes and permissions."""
	custom_fields.make()
	_settings()
	_reason_codes()
	_return_reasons()
	regimes.seed()
	mail_templates.make()
	permissions.make()
	inspections.make()
	executor.make()
	pdf.make()
	adopt.stop_submitting_repeats()


def after_sync() -> None:
	"""Make the workflows, once the fixtures with their states are there."""
	workflows.sync_workflows()


def after_migrate() -> None:
	"""Bring custom fields, permissions and workflows to what this version needs."""
	custom_fields.make()
	_settings()
	_reason_codes()
	_return_reasons()
	regimes.seed()
	mail_templates.make()
	permissions.make()
	inspections.make()
	executor.make()
	pdf.make()
	workflows.sync_workflows()


def _settings() -> None:
	"""Fill in the procedures' defaults where the settings have none yet; their chain says so (K2)."""
	settings = frappe.get_doc(DOCTYPE)
	fresh = not settings.departments
	if fresh:
		_limits_and_routing(settings)
		_scope(settings)
	# Whoever saves the settings keeps both tables filled: empty means that they are new.
	missing = [fill for table, fill in _TABLES.items() if not settings.get(table)]
	if not fresh and settings.escalation:
		missing += _new_steps(settings)
	# What a later version brought: fields that were never stored, and forms of records that are new.
	known = frappe.db.get_singles_dict(DOCTYPE)
	new = [f for f in settings.meta.fields if f.default is not None and f.fieldname not in known]
	forms_ = [f for f in forms.DEFAULTS if not _has_form(settings, f)] if settings.record_forms else []
	if not fresh and not missing and not new and not forms_:
		return
	settings.update({f.fieldname: settings.cast(f.default, f) for f in new})
	_add_forms(settings, forms_)
	for fill in missing:
		fill(settings)
	with moving(settings, mark("Installed") if fresh else mark("Upgraded")):
		settings.save(ignore_permissions=True)


def _limits_and_routing(settings: Document) -> None:
	settings.update(
		{
			field.fieldname: field.default
			for field in settings.meta.fields
			if field.default is not None and settings.get(field.fieldname) in (None, "", 0)
		}
	)
	for d in DEPARTMENTS:
		settings.append(
			"departments",
			{
				"department": d.name,
				"role": d.role,
				"circulated": int(d.circulated),
				"convened": int(d.convened),
				"leading": int(d.leading),
			},
		)
	for a in ASPECTS:
		settings.append("aspects", {"department": a.department, "topic": a.topic, "question": a.question})


def _scope(settings: Document) -> None:
	"""E8: on a site that trades nothing is held up by surprise: the gate waits for the go-live. On a fresh
	one it is live at once, as there is nothing to adopt.
	"""
	settings.append("scope", {} if trades() else {"live_since": now()[:19]})


def trades() -> bool:
	"""Return whether a site has contracts that were committed before us (tenders are not told apart yet)."""
	return bool(
		frappe.db.exists("Sales Order", {"docstatus": 1})
		or frappe.db.exists("Blanket Order", {"docstatus": 1, "blanket_order_type": "Selling"})
	)


def _forms(settings: Document) -> None:
	"""K4: the forms that the procedures name, with how long their records are kept."""
	_add_forms(settings, forms.DEFAULTS)


def _add_forms(settings: Document, added: Iterable[forms.Form]) -> None:
	for f in added:
		settings.append(
			"record_forms",
			{
				"record_type": f.record_type,
				"form_number": f.number,
				"form_version": f.version,
				"form_owner": f.owner,
				"retention_years": f.years,
			},
		)


def _has_form(settings: Document, form: forms.Form) -> bool:
	return any(row.record_type == form.record_type for row in settings.record_forms)


def _escalation(settings: Document) -> None:
	"""L3: how long a decision may take, and the line that overdue things go up."""
	settings.decision_due_days = settings.decision_due_days or DECISION_DUE_DAYS
	_steps(settings, escalation.DEFAULTS)


def _steps(settings: Document, steps: Iterable[escalation.Step]) -> None:
	for s in steps:
		settings.append(
			"escalation",
			{"waits_for": s.kind, "after_days": s.after, "role": s.role, "department": s.department},
		)


def _new_steps(settings: Document) -> list[Callable[[Document], None]]:
	"""L3: whom a site that is upgraded tells of what a later version brought, once that is overdue."""
	known = {row.waits_for for row in settings.escalation}
	new = [step for step in escalation.DEFAULTS if step.kind not in known]
	return [lambda s: _steps(s, new)] if new else []


_TABLES = {"record_forms": _forms, "escalation": _escalation}


def _reason_codes() -> None:
	# Data from now on: in the language of the site, not of whoever looks at it.
	language = frappe.db.get_default("lang")
	for code, description in REASON_CODES.items():
		if not frappe.db.exists("Delivery Reason Code", code):
			frappe.get_doc(
				{
					"doctype": "Delivery Reason Code",
					"code": code,
					"description": _(description, lang=language),
				}
			).insert(ignore_permissions=True)


def _return_reasons() -> None:
	"""G1: the list that a site extends; one that a site has disabled or renamed does not come back."""
	if frappe.db.count("Return Reason"):
		return
	for reason, is_quality in RETURN_REASONS.items():
		frappe.get_doc({"doctype": "Return Reason", "reason": reason, "is_quality": is_quality}).insert(
			ignore_permissions=True
		)
