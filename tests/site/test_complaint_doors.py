"""Complaints and what was decided about them are written by their steps: by no import and on no board."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import frappe
import pytest
from frappe.core.doctype.data_import.importer import Importer
from frappe.desk.doctype.kanban_board import kanban_board
from frappe.model.document import Document

from qms_customer.messages import QMSRefusal
from qms_customer.rules import people as roles
from tests.support import complaints as h
from tests.support import contracts as c
from tests.support import feedback as f
from tests.support import reported
from tests.support.doors import nothing_changes
from tests.support.people import as_user

WORDS = {
	h.FEEDBACK: "What Was Said",
	h.COMPLAINT: "What Is Complained About",
	reported.DECISION: "Reason",
}


def told(world: c.World) -> list[Document]:
	"""Return feedback that was assessed, its complaint, and what is to be decided about it."""
	said = f.assess(world, f.recorded(world, item_code=c.item()), "Complaint")
	complaint = frappe.get_doc(h.COMPLAINT, said.complaint)
	decision = frappe.get_last_doc(reported.DECISION, {"complaint": complaint.name})
	return [said, complaint, decision]


@pytest.mark.rule("H1", "H4", "H5", "K2")
def test_an_import_changes_nothing(
	world: c.World, actors: tuple[str, ...], committed: Callable[[], None], tmp_path: Path
) -> None:
	docs = told(world)
	committed()
	before = {doc.doctype: frappe.db.count(doc.doctype) for doc in docs}
	for doc in docs:
		label = WORDS[doc.doctype]
		assert label in [field.label for field in doc.meta.fields]
		file = tmp_path / f"{doc.doctype}.csv"
		for user in (world.person(roles.QUALITY), *actors):
			for kind in ("Update Existing Records", "Insert New Records"):
				# Feedback is recorded by whoever hears something, by an import too.
				if kind.startswith("Insert") and doc.doctype == h.FEEDBACK:
					continue
				file.write_text(f"ID,{label}\n{doc.name},other\n")
				settings = frappe.new_doc(
					"Data Import", reference_doctype=doc.doctype, import_type=kind, payload_count=1
				)
				with nothing_changes(*docs), as_user(user):
					log = Importer(
						doc.doctype, data_import=settings, file_path=str(file), console=True
					).import_data()
				assert not any(row.success for row in log or ()), (doc.doctype, user, kind)
				frappe.clear_messages()
	assert {name: frappe.db.count(name) for name in before} == before


@pytest.mark.rule("H4", "H5", "K2")
@pytest.mark.parametrize(
	("place", "field", "to"),
	[(0, "workflow_state", "Feedback Closed"), (1, "severity", "Low"), (2, "decision", "Not Reportable")],
)
def test_a_card_on_a_board_is_not_moved(
	world: c.World, actors: tuple[str, ...], place: int, field: str, to: str
) -> None:
	doc = told(world)[place]
	choices = [to, *{str(doc.get(field) or "None"), "Other"} - {to}]
	board = frappe.get_doc(
		{
			"doctype": "Kanban Board",
			"kanban_board_name": c.unique("Board"),
			"reference_doctype": doc.doctype,
			"field_name": field,
			"columns": [{"column_name": choice} for choice in choices],
		}
	).insert()
	for user in (world.person(roles.QUALITY), *actors):
		with as_user(user), nothing_changes(doc):
			with pytest.raises((QMSRefusal, frappe.PermissionError, frappe.ValidationError)):
				kanban_board.update_order_for_single_card(board.name, doc.name, choices[1], to, 0, 0)
		frappe.clear_messages()
