"""Event Code: a problem, cause or health effect by its code; published ones come by import, a site's own by
hand or by its file.
"""

from frappe.utils.nestedset import NestedSet

from qms_customer.feedback import event_codes


class EventCode(NestedSet):
	"""H3, H8: never deleted or renamed, as complaints hold it; disabled instead."""

	nsm_parent_field = "parent_event_code"

	def before_naming(self) -> None:
		"""One spelling of a code: the database does not tell a from A."""
		self.code = (self.code or "").strip().upper()

	def before_validate(self) -> None:
		"""Refuse, before anything is written, what people do not change of a published code."""
		event_codes.before_validate(self)

	def on_update(self) -> None:
		"""Keep the tree, and show that what stands above has codes below."""
		super().on_update()
		event_codes.show_below(self)

	def on_trash(self, allow_root_deletion: bool = False) -> None:
		"""H3: what names it keeps it."""
		event_codes.refuse_removal(self)

	def after_delete(self) -> None:
		"""H3: nor by what asks nobody first."""
		event_codes.refuse_removal(self)

	def before_rename(self, old: str, new: str, merge: bool = False) -> None:
		"""H3: a code is its name."""
		event_codes.refuse_rename(old)
