"""Many documents for the measurements: copies, by SQL, of a few real ones."""

from __future__ import annotations

import frappe
from frappe.model.document import Document

TABLES = ("Sales Order Item", "Sales Taxes and Charges", "Payment Schedule", "Contract Requirement")


def copy_orders(models: list[Document], count: int, prefix: str, **differs: str) -> None:
	"""Insert and commit `count` copies of some orders, with their rows, each named by its number.

	`differs`: SQL for columns of the order that are not the same in each copy; `seq` is its number.
	"""
	each = count // len(models)
	for number, model in enumerate(models):
		name = f"concat('{prefix}{number}-', lpad(seq, 7, '0'))"
		columns = _columns("Sales Order", "name")
		values = ", ".join(differs.get(column, f"`{column}`") for column in columns)
		frappe.db.sql(
			f"insert into `tabSales Order` (name, {_quoted(columns)}) select {name}, {values}"
			f" from `tabSales Order`, seq_1_to_{each} where `tabSales Order`.name = %s",
			model.name,
		)
		for table in TABLES:
			columns = _quoted(_columns(table, "name", "parent"))
			frappe.db.sql(
				f"insert into `tab{table}` (name, parent, {columns})"
				f" select concat(left(name, 10), '-{number}-', seq), {name}, {columns}"
				f" from `tab{table}`, seq_1_to_{each} where parent = %s and parenttype = 'Sales Order'",
				model.name,
			)
		frappe.db.commit()


def copy_row(doctype: str, name: str, count: int, differs: dict[str, str], into: str = "") -> None:
	"""Insert `count` copies of a row, into the table of another DocType if one is named: what both have.

	`differs`: by column SQL for what is not the same in each copy; `r` is the row, `s.seq` the copy's number.
	"""
	into = into or doctype
	known = set(frappe.db.get_table_columns(doctype))
	columns = [column for column in _columns(into) if column in known]
	chosen = ", ".join(differs.get(column, f"r.`{column}`") for column in columns)
	frappe.db.sql(
		f"insert into `tab{into}` ({_quoted(columns)}) select {chosen}"
		f" from `tab{doctype}` r, seq_1_to_{count} s where r.name = %s",
		name,
	)


def _columns(doctype: str, *but: str) -> list[str]:
	return [column for column in dict.fromkeys(frappe.db.get_table_columns(doctype)) if column not in but]


def _quoted(columns: list[str]) -> str:
	return ", ".join(f"`{column}`" for column in columns)
