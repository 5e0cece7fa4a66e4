"""Base of our records: written by their decision functions only, never cancelled, deleted or renamed (K2,
C10, C13).
"""

from typing import ClassVar

import frappe
from frappe import _
from frappe.model.document import Document

from qms_customer.messages import refuse_one
from qms_customer.records import ledger
from qms_customer.records.registry import RECORDS
from qms_customer.records.texts import Cleaned
from qms_customer.records.token import is_moving
from qms_customer.rules import mark
from qms_customer.rules.content import KINDS, TEXT, normal

# The event of a chain: see K2.
EDITED = mark("Edited")


class ControlledRecord(Cleaned):
	"""A record whose fields outside `EDITABLE` only a decision function writes."""

	# Fields that people with write permission edit on a draft.
	EDITABLE: ClassVar[frozenset[str]] = frozenset()

	def before_validate(self) -> None:
		"""Refuse, before anything is written, whatever does not come through a decision function."""
		if self.flags.in_notification_update:
			# It runs inside the save of a decision, on the same object, which goes on to be signed: a value
			# that a Notification has set on it is taken back.
			self.flags.in_notification_update = False
			self.reload()
			self._refuse()
		if is_moving(self):
			return
		if self.is_new() or self.docstatus != 0:
			self._refuse()
		before = self.get_doc_before_save()
		if before is None:
			self.load_doc_before_save()
			before = self.get_doc_before_save()
		for name in ("owner", "creation"):
			if not _same(self, before, name, "Datetime" if name == "creation" else "Data"):
				self._refuse()
		for field in self.meta.fields:
			if field.fieldname in self.EDITABLE or field.fieldtype in (
				"Section Break",
				"Column Break",
				"HTML",
			):
				continue
			if field.fieldtype == "Table":
				if not _same_rows(self.get(field.fieldname), before.get(field.fieldname)):
					self._refuse(field.label)
			elif not _same(self, before, field.fieldname, field.fieldtype):
				self._refuse(field.label)

	def on_update(self) -> None:
		"""K2: what a person edits on a draft is recorded as well."""
		if not is_moving(self) and self.doctype in RECORDS:
			ledger.append(self, EDITED)

	def before_submit(self) -> None:
		"""C11, C12: only the decision function submits."""
		if not is_moving(self):
			self._refuse()

	def before_update_after_submit(self) -> None:
		"""K2: a decided record does not change."""
		if not is_moving(self):
			self._refuse()

	def on_update_after_submit(self) -> None:
		"""K2: nor with validation left out; what was stored is put back."""
		if not is_moving(self):
			self._put_back()
			self._refuse()

	def on_cancel(self) -> None:
		"""C13: nor cancelled so."""
		self._put_back()
		self._refuse()

	def before_change(self) -> None:
		"""K2: nor by a single field written past the form."""
		if not is_moving(self):
			self._refuse()

	def before_cancel(self) -> None:
		"""C13: a decision stands; it is followed by another one, not taken back."""
		self._refuse()

	def on_trash(self) -> None:
		"""C10: records are kept."""
		if not frappe.flags.in_uninstall:
			refuse_one("C10", mark("{0} {1} is a record and is not deleted."), self.doctype, self.name)

	def after_delete(self) -> None:
		"""C10: nor by what asks nobody first, as the import of a package does; all of it is rolled back."""
		ControlledRecord.on_trash(self)

	def before_rename(self, old: str, new: str, merge: bool = False) -> None:
		"""C10: a record keeps its number."""
		refuse_one("C10", mark("{0} {1} is a record and keeps its number."), self.doctype, old)

	def validate_workflow(self) -> None:
		"""The decision function has checked the person's authority; a delegate need not hold the transition's
		role.
		"""
		if not is_moving(self):
			super().validate_workflow()

	def _put_back(self) -> None:
		if before := self.get_doc_before_save():
			before.db_update()
			before.update_children()

	def _refuse(self, label: str = "") -> None:
		if label:
			refuse_one(
				"C11",
				mark("{0} of {1} is set by the review itself and cannot be changed here."),
				_(label),
				self.name,
			)
		refuse_one(
			"C11",
			mark("{0} {1} moves only by a person's decision on its form. Open it and use the buttons there."),
			self.doctype,
			self.name or "",
		)


def _same(doc: Document, before: Document, name: str, fieldtype: str | None) -> bool:
	"""Whether a field has the same value; a form sends 500 for 500.0, and dates as text."""
	kind = KINDS.get(fieldtype, TEXT)
	return normal(doc.get(name), kind) == normal(before.get(name), kind)


def _same_rows(rows: list, before: list) -> bool:
	if len(rows) != len(before):
		return False
	for row, old in zip(rows, before, strict=True):
		for name in row.meta.get_valid_columns():
			if name in ("modified", "modified_by", "idx"):
				continue
			field = row.meta.get_field(name)
			if not _same(row, old, name, field and field.fieldtype):
				return False
	return True
