"""Reporting Regime: an authority, where its days begin and end, which of them are days off."""

from zoneinfo import ZoneInfo

import frappe
from frappe.model.document import Document

from qms_customer.messages import refuse_one
from qms_customer.rules import mark


class ReportingRegime(Document):
	"""H4: site data, kept by Quality and the management representative."""

	def validate(self) -> None:
		"""Refuse a time zone that there is not: deadlines are counted in it (H4)."""
		try:
			ZoneInfo(self.time_zone or "")
		except (ValueError, OSError, KeyError):
			refuse_one("H4", mark("{0} is no time zone. Choose one from the list."), self.time_zone or "–")

	def on_trash(self) -> None:
		"""H4: a regime that is no more is disabled; deciding without it would be no decision."""
		if not frappe.flags.in_uninstall:
			refuse_one("H4", mark("Disable the regime instead: what was decided under it names it."))
