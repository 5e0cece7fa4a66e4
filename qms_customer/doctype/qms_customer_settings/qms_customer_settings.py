"""QMS Customer Settings: every number of the procedures, the routing table, the scope."""

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.model.naming import NamingSeries

from qms_customer.contract import adopt, scope
from qms_customer.contract.people import own_roles
from qms_customer.contract.settings import DOCTYPE
from qms_customer.feedback import signals
from qms_customer.messages import refuse, refuse_one
from qms_customer.records import signing
from qms_customer.records.token import is_moving
from qms_customer.rules import aspects as aspect_rules
from qms_customer.rules import escalation, forms, mark
from qms_customer.rules import review as rules
from qms_customer.rules import scope as scope_rules
from qms_customer.rules import signals as signal_rules


class QMSCustomerSettings(Document):
	"""C3-C6, C9, B4: validated, and each change kept with who made it and why."""

	def validate(self) -> None:
		"""Refuse limits that contradict each other, and a routing table that the procedure does not allow."""
		for small, large in (("small_amount", "large_amount"), ("small_quantity", "large_quantity")):
			if self.get(small) and self.get(large) and self.get(small) > self.get(large):
				refuse_one("C5", mark("The limit of small orders lies above that of large ones."))
		if bool(self.small_amount) != bool(self.small_quantity):
			refuse_one("C5", mark("Small orders need both limits, amount and quantity, or none."))
		for field in ("small_amount", "small_quantity", "large_amount", "large_quantity"):
			if (self.get(field) or 0) < 0:
				refuse_one("C4", mark("A limit is not negative."))
		for field in ("approval_validity_days", "opinion_due_days", "decision_due_days", "action_due_days"):
			if (self.get(field) or 0) < 0:
				refuse_one("B4", mark("A number of days is not negative."))
		found = rules.routing_refusals(
			[
				aspect_rules.Department(
					d.department, d.role, bool(d.circulated), bool(d.convened), bool(d.leading)
				)
				for d in self.departments
			],
			[aspect_rules.Aspect(a.department, a.topic, a.question) for a in self.aspects],
		)
		found += forms.refusals(
			[
				forms.Form(
					f.record_type or "",
					f.form_number or "",
					f.form_version or "",
					f.form_owner or "",
					f.retention_years or 0,
				)
				for f in self.record_forms
			]
		)
		found += escalation.refusals(
			[
				escalation.Step(s.waits_for or "", s.after_days or 0, s.role or "", s.department or "")
				for s in self.escalation
			],
			{d.department for d in self.departments},
		)
		if found:
			refuse(found)
		# 0 in the form: the default.
		if found := signal_rules.limits_refusals(signals.limits(self)):
			refuse(found)
		self._check_standing_review()
		if self.contract_series:
			# Frappe says what is wrong with it.
			NamingSeries(self.contract_series).validate()
		if not is_moving(self):
			self._settle_scope()

	def before_save(self) -> None:
		"""Refuse a change without a reason: limits and routing decide who reviews."""
		before = self.get_doc_before_save()
		if is_moving(self) or before is None or not _changed(self, before):
			return
		if not (self.change_reason or "").strip():
			refuse_one("C9", mark("Say why these settings change: fill in Reason for This Change."))
		signing.in_hand()
		self.flags.qms_changed = True

	def on_update(self) -> None:
		"""Follow the routing table with the workflows; keep the reason in the log and empty the field for the
		next.
		"""
		from qms_customer.setup.workflows import sync_workflows

		frappe.clear_document_cache(DOCTYPE, DOCTYPE)
		sync_workflows()
		if self.flags.qms_changed:
			self.flags.qms_changed = False
			narrowed = self.flags.pop("qms_narrowed", False)
			meaning = mark("Scope Narrowed") if narrowed else mark("Settings Changed")
			signing.sign(self, meaning, self._role(), comment=self.change_reason)
		if self.change_reason and not is_moving(self):
			self.add_comment(
				"Info", _("Settings changed: {0}").format(frappe.utils.escape_html(self.change_reason))
			)
			frappe.db.set_single_value(DOCTYPE, "change_reason", "", update_modified=False)
			self.change_reason = ""

	def before_change(self) -> None:
		"""K2: a setting that is written past the form has neither reason nor signature."""
		if not is_moving(self):
			refuse_one("K2", mark("{0} is changed on its form, with reason and signature."), DOCTYPE)

	def on_trash(self) -> None:
		"""C10: who set what, and when, stays on record."""
		if not frappe.flags.in_uninstall:
			refuse_one("C10", mark("{0} {1} is a record and is not deleted."), self.doctype, "")

	def before_rename(self, old: str, new: str, merge: bool = False) -> None:
		"""C10: nor is it called otherwise."""
		refuse_one("C10", mark("{0} {1} is a record and keeps its number."), self.doctype, "")

	def _role(self) -> str:
		"""Return as what the user changes the settings: the first of their roles that may write them (K3)."""
		may = {p.role for p in self.meta.permissions if p.write and not p.permlevel}
		return min(own_roles(frappe.session.user) & may, default="")

	def _settle_scope(self) -> None:
		"""E8: what was live and is still wanted stays live; nothing goes live by being typed."""
		wanted = scope.cells(self)
		if not wanted:
			refuse_one(
				"E8",
				mark("The scope has no row. Name companies and item groups; an empty row stands for all."),
			)
		stored = scope.cells(self.get_doc_before_save()) if self.get_doc_before_save() else []
		moments = {(c.live_since, c.adoption) for c in stored}
		for number, cell in enumerate(wanted, 1):
			if (cell.live_since or cell.adoption) and (cell.live_since, cell.adoption) not in moments:
				refuse_one(
					"E8",
					mark(
						"Row {0} of the scope: a go-live is not entered here, nor ahead of its time. It is "
						"the moment at which a Contract Adoption is signed."
					),
					number,
				)
		above = scope.above()
		cells = scope_rules.settle(stored, wanted, above)
		if cells != wanted:
			adopt.set_cells(self, cells)
		self.flags.qms_narrowed = bool(scope_rules.narrowed(stored, cells, above))

	def _check_standing_review(self) -> None:
		if not self.standing_review:
			return
		review = frappe.db.get_value(
			"Contract Review",
			self.standing_review,
			["decision", "withdrawn", "reference_doctype"],
			as_dict=True,
		)
		if (
			not review
			or review.decision != rules.APPROVED
			or review.withdrawn
			or review.reference_doctype == "Sales Order"
		):
			refuse_one(
				"D4",
				mark(
					"The standing review for counter sales is an approved review of a blanket order or "
					"quotation."
				),
			)


def _changed(doc: Document, before: Document) -> bool:
	for field in doc.meta.fields:
		if field.fieldname == "change_reason" or field.fieldtype in ("Section Break", "Column Break"):
			continue
		if field.fieldtype == "Table":
			columns = [f.fieldname for f in frappe.get_meta(field.options).fields]
			if [[str(r.get(c) or "") for c in columns] for r in doc.get(field.fieldname)] != [
				[str(r.get(c) or "") for c in columns] for r in before.get(field.fieldname)
			]:
				return True
		elif frappe.utils.cstr(doc.get(field.fieldname) or "") != frappe.utils.cstr(
			before.get(field.fieldname) or ""
		):
			return True
	return False
