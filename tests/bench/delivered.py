"""Many delivered rows for the measurements: copies, by SQL, of one delivery."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import frappe

from tests.support import contracts as c
from tests.support import sales as s
from tests.support.copies import copy_row

# Rows of a document, and batches in all.
EACH, BATCHES = 5, 500
TABLES = ("Delivery Note", "Delivery Note Item", "Serial and Batch Bundle", "Serial and Batch Entry")


def delivered_rows(rows: int, days: int, committed: Callable[[], None]) -> dict[str, Any]:
	"""Insert and commit so many delivered rows, in documents of five over the last `days`; each has a bundle
	of one entry. Returns item (`code`) and `customer`; the batches are B-BENCH-0000001 and on.
	"""
	code = c.item(has_batch_no=1, has_expiry_date=1, create_new_batch=0)
	customer = c.customer()
	batch = s.batch(code, 10)
	note = s.delivered(customer, {"item_code": code, "qty": 2, "batch_no": batch})
	row = note.items[0]
	bundle = row.serial_and_batch_bundle
	entry = frappe.db.get_value("Serial and Batch Entry", {"parent": bundle})
	day = f"date_sub(r.posting_date, interval mod(s.seq, {days}) day)"
	of_row = f"concat('DN-BENCH-', lpad(1 + (s.seq - 1) div {EACH}, 7, '0'))"
	copy_row("Batch", batch, BATCHES, {"name": _named("B-BENCH"), "batch_id": _named("B-BENCH")})
	copy_row("Delivery Note", note.name, rows // EACH, {"name": _named("DN-BENCH"), "posting_date": day})
	copy_row(
		"Delivery Note Item",
		row.name,
		rows,
		{
			"name": _named("DNI-BENCH"),
			"parent": of_row,
			"idx": f"1 + mod(s.seq, {EACH})",
			"serial_and_batch_bundle": _named("SABB-BENCH"),
		},
	)
	copy_row(
		"Serial and Batch Bundle",
		bundle,
		rows,
		{"name": _named("SABB-BENCH"), "voucher_no": of_row, "voucher_detail_no": _named("DNI-BENCH")},
	)
	copy_row(
		"Serial and Batch Entry",
		entry,
		rows,
		{
			"name": _named("SBE-BENCH"),
			"parent": _named("SABB-BENCH"),
			"batch_no": f"concat('B-BENCH-', lpad(1 + mod(s.seq, {BATCHES}), 7, '0'))",
		},
	)
	committed()
	for doctype in TABLES:
		frappe.db.sql(f"analyze table `tab{doctype}`")
	return {"code": code, "customer": customer}


def _named(prefix: str) -> str:
	return f"concat('{prefix}-', lpad(s.seq, 7, '0'))"
