"""Contract Review Opinion: a department's answers to its own aspects; given through contract/decide.py
only.
"""

import frappe

from qms_customer.contract.people import own_roles
from qms_customer.messages import refuse_one
from qms_customer.records.controlled import ControlledRecord
from qms_customer.records.token import is_moving
from qms_customer.rules import mark


class ContractReviewOpinion(ControlledRecord):
	"""C6, C11. The department saves answers as it works; giving the opinion is the decision function's."""

	EDITABLE = frozenset({"answers", "comment"})

	def validate(self) -> None:
		"""C11: only the department answers, and only what it was asked."""
		if is_moving(self):
			return
		if self.department_role not in own_roles(frappe.session.user):
			refuse_one(
				"C11", mark("This opinion is given by a person with the role {0}."), self.department_role
			)
		before = self.get_doc_before_save()
		if [(a.name, a.aspect, a.topic) for a in self.answers] != [
			(a.name, a.aspect, a.topic) for a in before.answers
		]:
			refuse_one("C6", mark("The aspects are those of the routing table: answer them as they stand."))
