"""Lists and Report Builder pages of a DocType of ours, beside those of a plain one of its size.

The plain DocType is a custom one with the same fields, rows, indexes and permissions, and nothing of ours
around it.
"""

from __future__ import annotations

import contextlib
import json
import statistics
import time
from collections.abc import Callable, Iterator

import frappe
from frappe.desk import reportview

from qms_customer.rules import people as roles
from tests.support.copies import copy_row

ROUNDS, BAR = 11, 1.2


@contextlib.contextmanager
def twins(
	ours: str,
	plain: str,
	name: str,
	differs: dict[str, str],
	rows: int,
	committed: Callable[[], None],
	readers: tuple[str, ...] = (roles.SALES_VP,),
) -> Iterator[None]:
	"""Run the block with so many copies of a record, and as many rows of a plain DocType.

	`differs`: by column, what SQL makes of the record `r` in copy `s.seq`. `readers`: the roles that read the
	plain one. The rows of all other tables are
	put back after the test; the plain table is one that the site has not.
	"""
	try:
		_plain_doctype(ours, plain, readers)
		for doctype in (ours, plain):
			copy_row(ours, name, rows, differs, doctype)
			committed()
			frappe.db.sql(f"analyze table `tab{doctype}`")
		yield
	finally:
		frappe.db.rollback()
		frappe.delete_doc("DocType", plain, force=True, ignore_missing=True)
		frappe.db.sql_ddl(f"drop table if exists `tab{plain}`")
		committed()
		tables = [t.removeprefix("tab") for t in frappe.db.get_tables(cached=False)]
		assert not frappe.db.exists("DocType", plain) and plain not in tables


def _plain_doctype(ours: str, plain: str, readers: tuple[str, ...]) -> None:
	"""The same columns and indexes; making it commits."""
	frappe.db.sql_ddl(f"drop table if exists `tab{plain}`")  # of a run that was killed
	stored, meta = set(frappe.db.get_table_columns(ours)), frappe.get_meta(ours)
	frappe.get_doc(
		{
			"doctype": "DocType",
			"name": plain,
			"module": "Core",
			"custom": 1,
			"is_submittable": meta.is_submittable,
			"fields": [
				{
					"fieldname": f.fieldname,
					"fieldtype": "Data" if f.fieldtype in ("Link", "Dynamic Link") else f.fieldtype,
					"label": f.label,
					"options": f.options if f.fieldtype == "Select" else "",
					"search_index": f.search_index,
					"in_list_view": f.in_list_view,
				}
				for f in meta.fields
				if f.fieldname in stored
			],
			"permissions": [{"role": role, "read": 1, "report": 1} for role in readers],
		}
	).insert()
	_same_indexes(ours, plain)


def _same_indexes(ours: str, plain: str) -> None:
	"""Those over several columns too: what has more of them needs more of the database's memory, and a page
	that is not in it takes longer whatever it shows.
	"""

	def of(doctype: str) -> dict[str, tuple[bool, tuple[str, ...]]]:
		found: dict[str, list] = {}
		for row in frappe.db.sql(f"show index from `tab{doctype}`", as_dict=True):
			found.setdefault(row.Key_name, []).append(row)
		return {
			name: (not rows[0].Non_unique, tuple(r.Column_name for r in rows)) for name, rows in found.items()
		}

	there = {columns for _unique, columns in of(plain).values()}
	for name, (unique, columns) in of(ours).items():
		if columns not in there:
			listed = ", ".join(f"`{column}`" for column in columns)
			kind = "unique index" if unique else "index"
			frappe.db.sql_ddl(f"alter table `tab{plain}` add {kind} `{name}` ({listed})")


def page(
	doctype: str, fields: list[str], filters: list, order_by: str, start: int, length: int, **more: str
) -> int:
	"""Ask as the list view or the Report Builder does, and return how many rows came."""
	frappe.local.form_dict = frappe._dict(
		doctype=doctype,
		fields=json.dumps([f if "(" in f else f"`tab{doctype}`.`{f}`" for f in fields]),
		filters=json.dumps([[doctype, *f] for f in filters]),
		order_by=order_by if "_" in order_by else f"`tab{doctype}`.{order_by}",
		start=start,
		page_length=length,
		view="List",
		**more,
	)
	return len((reportview.get() or {}).get("values", ()))


def count(doctype: str, filters: list) -> int:
	"""Ask how many there are, as the foot of the list does."""
	frappe.local.form_dict = frappe._dict(
		doctype=doctype, filters=json.dumps([[doctype, *f] for f in filters]), fields="[]", distinct="false"
	)
	return reportview.get_count()


def grouped(doctype: str, field: str) -> int:
	"""Count by a field, as a saved report of the Report Builder does."""
	fields = [f"count(`tab{doctype}`.`name`) as _aggregate_column", field]
	group_by = f"`tab{doctype}`.`{field}`"
	return page(doctype, fields, [], "_aggregate_column desc", 0, 20, group_by=group_by)


def compare(ours: str, plain: str, pages: dict[str, Callable[[str], int]]) -> list[str]:
	"""Print what each page takes of either, and return those that miss the bar."""
	print(f"{'page':<22} {'rows':>6} {'plain ms':>10} {'ours ms':>10} {'ratio':>7}")
	missed = []
	for what, ask in pages.items():
		took: dict[str, list[float]] = {ours: [], plain: []}
		rows = {doctype: ask(doctype) for doctype in took}  # fills the caches
		for number in range(ROUNDS):
			# The first one by turns: whoever comes second finds warmer caches.
			for doctype in (plain, ours) if number % 2 else (ours, plain):
				began = time.perf_counter()
				ask(doctype)
				took[doctype].append((time.perf_counter() - began) * 1000)
		theirs, mine = (statistics.median(took[d]) for d in (plain, ours))
		ratio = statistics.median(a / b for a, b in zip(took[ours], took[plain], strict=True))
		figures = f"{rows[ours]:>6} {theirs:>10.1f} {mine:>10.1f} {ratio:>7.2f}"
		print(f"{what:<22} {figures}  bar {BAR}: {'met' if ratio <= BAR else 'MISSED'}")
		if ratio > BAR:
			missed.append(what)
		# The record that the copies were made of is a row of ours alone.
		assert rows[plain] and abs(rows[ours] - rows[plain]) <= 1, rows
	return missed
