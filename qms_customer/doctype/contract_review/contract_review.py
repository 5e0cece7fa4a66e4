"""Contract Review: one per content put forward; moved by contract/reviews.py and contract/decide.py only."""

import frappe
from frappe.utils import get_datetime, now_datetime

from qms_customer.contract import states
from qms_customer.erp.file import is_stored
from qms_customer.messages import refuse, refuse_one
from qms_customer.records.controlled import ControlledRecord
from qms_customer.records.token import is_moving
from qms_customer.rules import contract as rules
from qms_customer.rules import mark
from qms_customer.rules.review import Refusal


class ContractReview(ControlledRecord):
	"""C1-C13. People edit the resolution of differences, the customer's confirmations, and the solution."""

	EDITABLE = frozenset({"discrepancies", "confirmations", "solution"})

	def before_validate(self) -> None:
		"""C11: an opinion counted since the form was opened does not keep anybody from saving what they type.

		What counts the moves of the review is as it is stored, whatever the form sends.
		"""
		before = self.get_doc_before_save()
		if before is not None and not is_moving(self):
			self.outstanding, self.turn = before.outstanding, before.turn
			if self.workflow_state in (states.IN_REVIEW, states.PENDING_APPROVAL):
				self.workflow_state = before.workflow_state
		super().before_validate()

	def validate(self) -> None:
		"""C7: a difference is resolved, not rewritten; A3: who recorded a confirmation is noted."""
		if is_moving(self):
			return
		before = {d.name: d for d in self.get_doc_before_save().discrepancies}
		for row in self.discrepancies:
			old = before.pop(row.name, None)
			fields = ("source", "item", "old_value", "new_value")
			if old is None or any((row.get(f) or "") != (old.get(f) or "") for f in fields):
				refuse_one(
					"C7",
					mark("A difference is resolved by its resolution; the difference itself stays as it is."),
				)
			if (row.resolution or "") != (old.resolution or ""):
				row.resolved_by, row.resolved_on = frappe.session.user, now_datetime()
			else:
				row.resolved_by, row.resolved_on = old.resolved_by, old.resolved_on
		if before:
			refuse_one(
				"C7",
				mark("A difference is resolved by its resolution; the difference itself stays as it is."),
			)
		known = {c.name: c for c in self.get_doc_before_save().confirmations}
		for row in self.confirmations:
			row.recorded_by = known[row.name].recorded_by if row.name in known else frappe.session.user
		self._check_confirmations()

	def _check_confirmations(self) -> None:
		"""A3, K3: what is recorded as a confirmation has happened, and its evidence is stored."""
		found = []
		for row in self.confirmations:
			when = get_datetime(row.confirmed_on) if row.confirmed_on else None
			found += rules.confirmation_refusals(row.idx, when, now_datetime(), is_stored(row.evidence))
		if found:
			refuse([Refusal(m.rule, m.message, m.args) for m in found])

	def before_save(self) -> None:
		"""C12: count every move, so that a decision on an older view is noticed."""
		self.turn = (self.turn or 0) + 1
