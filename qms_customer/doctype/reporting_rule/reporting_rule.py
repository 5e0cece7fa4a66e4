"""Reporting Rule: one limit of one regime, with its source."""

from frappe.model.document import Document
from frappe.utils import cint, getdate

from qms_customer.messages import refuse_one
from qms_customer.rules import mark, says


class ReportingRule(Document):
	"""H4: site data, dated and cited, so that a regulatory-affairs person can correct it."""

	def validate(self) -> None:
		"""Refuse a rule that gives no deadline, or says not where it comes from (H4)."""
		if cint(self.time_limit) <= 0:
			refuse_one("H4", mark("A limit is at least one hour or one day."))
		if not says(self.source or "") or not says(self.what or ""):
			refuse_one("H4", mark("Say what is owed, and where that is written."))
		if self.valid_from and self.valid_to and getdate(self.valid_to) < getdate(self.valid_from):
			refuse_one("H4", mark("The rule ends before it begins."))
