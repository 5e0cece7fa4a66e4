"""Reportability Decision: whether a complaint is reported under one regime; moved by feedback/reporting*.py
only.
"""

import frappe

from qms_customer.records.controlled import ControlledRecord
from qms_customer.records.token import is_moving


class ReportabilityDecision(ControlledRecord):
	"""H4. Undecided until somebody of Quality signs."""

	def before_validate(self) -> None:
		"""Refuse whoever saves it past its steps, unchanged too: that would be a turn nobody took (C12)."""
		super().before_validate()
		if not is_moving(self):
			self._refuse()

	def before_save(self) -> None:
		"""C12: count every move, so that a decision on an older view is noticed."""
		self.turn = (self.turn or 0) + 1


def on_doctype_update() -> None:
	"""H4: one decision for a complaint and a regime; what waits for somebody is found every hour."""
	frappe.db.add_index("Reportability Decision", ["decision", "due_on"])
	frappe.db.add_unique("Reportability Decision", ["complaint", "regime"], "qms_complaint_regime")
