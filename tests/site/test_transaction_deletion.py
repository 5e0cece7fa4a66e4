"""A company's transactions are deleted by ERPNext, whole; our records stay as they are (C10)."""

from __future__ import annotations

from typing import Any

import frappe
import pytest
from erpnext.selling.doctype.sales_order.sales_order import make_delivery_note
from frappe.model.document import Document

from qms_customer import hooks
from qms_customer.contract import adopt
from qms_customer.messages import QMSRefusal
from qms_customer.records import anchoring, verification
from tests.support import contracts as c
from tests.support.company import COMPANY
from tests.support.people import as_user, make_user


def all_of_ours() -> dict[str, Any]:
	"""Every row of our tables, but for the rows of the contracts themselves."""
	of_contracts = ("Contract Requirement", "Contract Document")
	found: dict[str, Any] = {}
	for doctype in frappe.get_all("DocType", {"module": "QMS Customer", "issingle": 0}, pluck="name"):
		table = frappe.qb.DocType(doctype)
		query = frappe.qb.from_(table).select("*").orderby(table.name)
		if doctype in of_contracts:
			query = query.where(table.parenttype == "Contract Review")
		found[doctype] = query.run(as_dict=True)
	found["settings"] = frappe.get_doc("QMS Customer Settings").as_dict()
	return found


@pytest.fixture
def traded() -> Document:
	"""A reviewed order, delivered; a signed list; an authorisation; an anchor over all that."""
	world = c.World()
	doc = c.committed_order(world, c.item(stock=20), qty=3)
	note = make_delivery_note(doc.name).insert()
	note.submit()
	late = c.imported_order(c.item())
	with as_user(make_user("System Manager")):
		record = adopt.supplement([("Sales Order", late.name)], "Imported")
	with as_user(world.gm):
		adopt.sign(record.name, record.baseline_hash, "/")
	anchoring.anchor()
	return doc


def deletion() -> Document:
	doc = frappe.get_doc({"doctype": "Transaction Deletion Record", "company": COMPANY}).insert()
	doc.process_in_single_transaction = True
	return doc


@pytest.mark.rule("C10", "K2")
def test_deleting_the_transactions_of_a_company_leaves_our_records(traded: Document) -> None:
	before = all_of_ours()
	for doctype in (
		"Contract Review",
		"Contract Review Opinion",
		"Approved Content",
		"Contract Adoption",
		"Adopted Contract",
		"Record Snapshot",
		"Electronic Signature",
		"Record Anchor",
	):
		assert before[doctype], doctype
	doc = deletion()
	doc.submit()
	doc.start_deletion_tasks()
	assert frappe.db.get_value(doc.doctype, doc.name, ["status", "error_log"]) == ("Completed", None)
	assert not frappe.db.exists("Sales Order", traded.name)
	assert not frappe.db.count("Delivery Note", {"company": COMPANY})
	after = all_of_ours()
	assert {k: v for k, v in after.items() if before[k] != v} == {}
	assert not verification.verify().findings


@pytest.mark.rule("C10")
def test_nobody_takes_our_records_out_of_the_exclusions(traded: Document) -> None:
	doc = deletion()
	doc.populate_doctypes_to_be_ignored_table()
	doc.doctypes_to_be_ignored = [
		row for row in doc.doctypes_to_be_ignored if row.doctype_name != "Contract Review"
	]
	frappe.db.savepoint("submit")
	with pytest.raises(QMSRefusal, match="Contract Review"):
		doc.submit()
	frappe.db.rollback(save_point="submit")
	doc = deletion()
	doc.submit()
	frappe.db.delete(
		"Transaction Deletion Record Item", {"parent": doc.name, "doctype_name": "Adopted Contract"}
	)
	with pytest.raises(QMSRefusal, match="Adopted Contract"):
		frappe.get_doc(doc.doctype, doc.name).start_deletion_tasks()


def test_every_doctype_of_ours_with_a_company_is_excluded() -> None:
	named = frappe.get_all(
		"DocField", {"fieldtype": "Link", "options": "Company"}, pluck="parent", distinct=True
	)
	only = {"module": "QMS Customer", "istable": 0, "issingle": 0, "name": ("in", named)}
	ours = frappe.get_all("DocType", only, pluck="name")
	assert set(ours) <= set(hooks.company_data_to_be_ignored)
