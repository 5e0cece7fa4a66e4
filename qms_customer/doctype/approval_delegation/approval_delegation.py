"""Approval Delegation: a manager lends an authority to a named person for a period (L2)."""

import frappe
from frappe.utils import getdate

from qms_customer.contract import people, scheduled
from qms_customer.messages import refuse_one
from qms_customer.records import signing
from qms_customer.records.completeness import refuse_incomplete
from qms_customer.records.texts import Cleaned
from qms_customer.records.token import is_moving
from qms_customer.rules import mark
from qms_customer.rules.people import DELEGABLE


class ApprovalDelegation(Cleaned):
	"""L2: made by the manager in person, never for the past, never by somebody who only acts for another."""

	def validate(self) -> None:
		"""Refuse a delegation that the manager cannot give."""
		user = frappe.session.user
		if self.is_new():
			self.delegator = user
		if self.delegator != user or not people.is_present(user):
			refuse_one("L2", mark("A manager delegates their own authority, in person."))
		if self.role not in DELEGABLE:
			refuse_one("L2", mark("{0} is not an authority that is delegated."), self.role)
		if self.role not in people.own_roles(user):
			refuse_one(
				"L2", mark("You do not hold {0} yourself: what is lent to you cannot be lent on."), self.role
			)
		if self.delegate == self.delegator or not people.is_enabled_person(self.delegate):
			refuse_one("L2", mark("The delegate is another person with a login."))
		self.validate_from_to_dates("from_date", "to_date")
		if self.docstatus == 0 and getdate(self.from_date) < getdate():
			refuse_one("L2", mark("A delegation does not begin in the past."))

	def before_submit(self) -> None:
		"""K3: signed by the manager. L2: what was a draft for days does not begin in the past either."""
		signing.in_hand()
		if getdate(self.from_date) < getdate():
			refuse_one("L2", mark("A delegation does not begin in the past."))

	def on_submit(self) -> None:
		"""K3: from now on it is a record. L3: what waits reaches the delegate on its first day."""
		refuse_incomplete(self)
		signing.sign(self, mark("Delegated"), self.role, comment=self.reason or "")
		if getdate(self.from_date) <= getdate():
			scheduled.assign_to_delegate(self.role, self.delegate)

	def before_cancel(self) -> None:
		"""L2: the manager takes it back, or a system manager when the manager is gone."""
		if frappe.session.user != self.delegator and "System Manager" not in people.own_roles(
			frappe.session.user
		):
			refuse_one("L2", mark("Only {0} takes this delegation back."), self.delegator)
		signing.in_hand()

	def on_cancel(self) -> None:
		"""K3: taken back, with a signature."""
		own = frappe.session.user == self.delegator
		signing.sign(self, mark("Taken Back"), self.role if own else "System Manager")

	def before_change(self) -> None:
		"""K2: nothing of a signed delegation is written past the form."""
		if self.docstatus != 0 and not is_moving(self) and not self.flags.in_insert:
			refuse_one("K2", mark("{0} {1} is signed and does not change."), self.doctype, self.name)

	def before_update_after_submit(self) -> None:
		"""K2: a signed delegation does not change."""
		if not is_moving(self):
			refuse_one("K2", mark("{0} {1} is signed and does not change."), self.doctype, self.name)

	def before_rename(self, old: str, new: str, merge: bool = False) -> None:
		"""C10: a record keeps its number."""
		refuse_one("C10", mark("{0} {1} is a record and keeps its number."), self.doctype, old)

	def on_trash(self) -> None:
		"""L2: under which authority somebody signed stays on record."""
		if self.docstatus != 0:
			refuse_one("C10", mark("{0} {1} is a record and is not deleted."), self.doctype, self.name)
