"""Customer Feedback 顾客信息反馈单: what anybody says about us or our products; moved by feedback/ only."""

from typing import Any, ClassVar

from frappe.model.document import Document

from qms_customer.feedback import guest, intake, mails, patient, record
from qms_customer.records.controlled import ControlledRecord
from qms_customer.records.token import is_moving
from qms_customer.rules import mark


class CustomerFeedback(ControlledRecord):
	"""H1, H2, A10. Whoever of ours hears something records it, and edits it until it is assessed."""

	EDITABLE: ClassVar[frozenset[str]] = frozenset(
		{"subject", "source", "phase", "channel", "concerned_user", "company", "received_on", "aware_by"}
		| {"happened_on", "event_country", "customer", "contact_name", "language", "contact_email"}
		| {"contact_phone", "contact_address", "item_code", "batch_no", "serial_no", "udi", "details"}
		| {"concern", "customer_told", "item_told"}
		| {"patient_reference", "patient_age", "patient_sex", "patient_details"}
		# They follow from the customer and the item, anew each time.
		| {"customer_name", "item_name"}
	)

	def insert(self, *args: Any, **kwargs: Any) -> Document:
		"""H1: an e-mail is recorded with all that it says, as it is kept (mails.on_email); Frappe would
		record its subject beforehand, also of what a program has sent.
		"""
		if not is_moving(self) and mails.arriving():
			return self
		return super().insert(*args, **kwargs)

	def before_insert(self) -> None:
		"""K7: what is known of a patient is taken out before anything of the site sees it."""
		# Frappe asks only afterwards whether who typed it may.
		self.validate_higher_perm_levels()
		patient.take(self)

	def before_validate(self) -> None:
		"""Let people record feedback, and edit it until it is assessed; refuse all else (C11, H4, K7)."""
		patient.take(self)
		if is_moving(self):
			super().before_validate()
			return
		if self.is_new():
			record.refuse_unless_plain(self)
			return
		self.load_doc_before_save()
		before = self.get_doc_before_save()
		record.refuse_other_awareness(self, before)
		super().before_validate()
		if before.decision:
			self._refuse()
		intake.refuse_concerned(before, "H2", mark("The feedback is about you: somebody else edits it."))

	def validate(self) -> None:
		"""Complete what a person has recorded, and refuse what cannot be (H1, H4)."""
		if not is_moving(self):
			record.on_edit(self)

	def before_save(self) -> None:
		"""C12: count every move, so that a decision on an older view is noticed."""
		self.turn = (self.turn or 0) + 1

	def on_update(self) -> None:
		"""K2, K7: an edit is recorded; what is sent back shows who made it no more than they may see."""
		super().on_update()
		patient.store(self)
		if not is_moving(self):
			self.apply_fieldlevel_read_permissions()

	def after_insert(self) -> None:
		"""H2: it waits for its assessment. H1: the e-mail of which somebody made it goes with it."""
		if self.origin_doctype == mails.COMMUNICATION and not is_moving(self):
			mails.hang_kept(self)
		if self.flags.asked_later:
			guest.hold_place(self)
		else:
			record.ask(self)
