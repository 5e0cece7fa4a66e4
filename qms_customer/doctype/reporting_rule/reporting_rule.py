"""Reporting Rule: one limit of one regime, with its source."""

import frappe
from frappe.model.document import Document
from frappe.utils import add_days, cint, getdate

from qms_customer.messages import refuse_one
from qms_customer.rules import mark, says
from qms_customer.rules.reportability import more_time
from qms_customer.shown import label


class ReportingRule(Document):
	"""H4: site data, dated and cited, so that a regulatory-affairs person can correct it."""

	def validate(self) -> None:
		"""Refuse a rule that gives no deadline, or says not where it comes from, and one in force that gives
		more time than it did (H4).
		"""
		if cint(self.time_limit) <= 0:
			refuse_one("H4", mark("A limit is at least one hour or one day."))
		if not says(self.source or "") or not says(self.what or ""):
			refuse_one("H4", mark("Say what is owed, and where that is written."))
		if self.valid_from and self.valid_to and getdate(self.valid_to) < getdate(self.valid_from):
			refuse_one("H4", mark("The rule ends before it begins."))
		before = self.get_doc_before_save()
		if before and _begun(before):
			self._refuse_more_time(before)

	def on_trash(self) -> None:
		"""H4: by a rule that was in force deadlines were counted; it is ended, and stays to be read."""
		if not frappe.flags.in_uninstall:
			refuse_one("H4", mark("A rule is not deleted: end it with Valid To."))

	def _refuse_more_time(self, before: Document) -> None:
		if field := more_time(before.as_dict(), self.as_dict()):
			refuse_one(
				"H4",
				mark("Another {0} would give more time to a rule in force: end it, and add a new one."),
				label(self.meta, field),
			)
		ends, ended = self.valid_to and getdate(self.valid_to), before.valid_to and getdate(before.valid_to)
		if ends and ends < getdate() and ends != ended and not self._is_followed(add_days(ends, 1)):
			refuse_one(
				"H4",
				mark("It ends in the past: enter first the rule for the same event that holds from {0} on."),
				frappe.format_value(add_days(ends, 1), "Date"),
			)

	def _is_followed(self, day: object) -> bool:
		"""Whether another rule holds on a day for the same event, wherever it happened."""
		others = frappe.get_all(
			self.doctype,
			filters={
				"name": ("!=", self.name),
				"regime": self.regime,
				"event": self.event,
				"what": self.what,
			},
			fields=["overseas", "valid_from", "valid_to"],
		)
		return any(
			(one.overseas or "") in ("", self.overseas)
			and (not one.valid_from or getdate(one.valid_from) <= getdate(day))
			and (not one.valid_to or getdate(one.valid_to) >= getdate(day))
			for one in others
		)


def _begun(rule: Document) -> bool:
	return not rule.valid_from or getdate(rule.valid_from) <= getdate()
