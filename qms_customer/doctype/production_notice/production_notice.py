"""Production Notice: what the workshop makes for a contract; moved by contract/production.py only."""

import frappe

from qms_customer.contract import production, worked
from qms_customer.messages import refuse
from qms_customer.records.controlled import ControlledRecord
from qms_customer.records.token import is_moving
from qms_customer.rules import production as rules


class ProductionNotice(ControlledRecord):
	"""D3, A7. Production and Technology fill in lines, requirements and designs of a draft."""

	EDITABLE = frozenset(
		{
			"items",
			"designs",
			"excess_reason",
			"special_requirements",
			"packaging",
			"instructions",
			# Follow from the lines.
			"planned_start",
			"planned_finish",
		}
	)

	def validate(self) -> None:
		"""Fill in what follows from the order, and refuse lines that it does not ask for (D3)."""
		if is_moving(self):
			return
		order = self.reference_name
		parts = worked.parts([order])[order]
		production.complete(self, parts)
		before = {row.name: row for row in self.get_doc_before_save().designs}
		for row in self.designs:
			old = before.get(row.name)
			row.recorded_by = old.recorded_by if old else frappe.session.user
		others = worked.by_row(worked.released([order], self.supersedes or "")[order])
		# Too much is said at the release, once the reason for it can be there.
		lines = production.lines_of(self)
		found = rules.line_refusals(lines, parts, others, self.excess_reason or "-")
		if found:
			refuse(found)
