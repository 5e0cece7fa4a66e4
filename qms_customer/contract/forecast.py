"""The capacity forecast of a contract document as it was stored last: saving only reads it (B1 b, C8).

What computes it is contract/capacity.py.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

import frappe
from frappe.model.document import Document
from frappe.query_builder.functions import Coalesce, NullIf
from frappe.utils import cint, date_diff, getdate

from qms_customer.contract.settings import settings
from qms_customer.rules import mark
from qms_customer.rules.capacity import goods_hash
from qms_customer.rules.classification import NO_FORECAST, Evidence, Verdict

DOCTYPE = "Capacity Forecast"
OTHER_GOODS = mark("The capacity forecast is of other goods or dates than these: refresh it")
TOO_OLD = mark("The capacity forecast is {0} days old, it counts for {1}: refresh it")
BY_FORECAST = "Capacity Forecast"
Goods = Sequence[tuple[str, Decimal, date | None]]


def decides() -> bool:
	"""Return whether what is made is judged by the forecast, not by its lead time (settings)."""
	return settings().capacity_by == BY_FORECAST


def made(codes: Iterable[str]) -> set[str]:
	"""Return which items are made here, by an active BOM with operations; one query."""
	codes = list(codes)
	if not codes:
		return set()
	item, template, bom = (frappe.qb.DocType(d) for d in ("Item", "Item", "BOM"))
	template = template.as_("template")
	rows = (
		frappe.qb.from_(item)
		.left_join(template)
		.on(template.name == item.variant_of)
		.join(bom)
		.on(bom.name == Coalesce(NullIf(item.default_bom, ""), template.default_bom))
		.select(item.name)
		.where(
			item.name.isin(codes)
			& (item.is_sub_contracted_item == 0)
			& (bom.docstatus == 1)
			& (bom.is_active == 1)
			& (bom.with_operations == 1)
		)
		.run()
	)
	return {code for (code,) in rows}


def evidence(doc: Document, goods: Goods) -> tuple[Evidence, ...]:
	"""Return what the stored forecast says of exactly these goods; if it is missing, of other goods, or too
	old, that it is unknown (B2). One query.
	"""
	row = stored(doc)
	if row is None:
		return ()
	if message := stale(row, goods):
		return (message,)
	return read_evidence(row.evidence)


def stored(doc: Document) -> frappe._dict | None:
	"""Return the stored forecast of a contract document."""
	if not doc.name:
		return None
	return frappe.db.get_value(
		DOCTYPE,
		{"reference_doctype": doc.doctype, "reference_name": doc.name},
		["name", "goods_hash", "computed_on", "evidence", "earliest_date", "loaded", "left_out"],
		as_dict=True,
	)


def stale(row: frappe._dict, goods: Goods) -> Evidence | None:
	"""Return why a stored forecast does not count any more, or None (B2)."""
	if row.goods_hash != goods_hash(goods):
		return Evidence(Verdict.UNKNOWN, OTHER_GOODS)
	days, most = date_diff(getdate(), getdate(row.computed_on)), cint(settings().forecast_valid_days) or 7
	if days > most:
		return Evidence(Verdict.UNKNOWN, TOO_OLD, (str(days), str(most)))
	return None


def is_wanted(fact: Evidence) -> bool:
	"""Return whether a fact says that there is no forecast that counts."""
	return fact.message in (NO_FORECAST, OTHER_GOODS, TOO_OLD)


def read_evidence(text: str | None) -> tuple[Evidence, ...]:
	"""Return evidence as it was stored."""
	return tuple(
		Evidence(Verdict(e["verdict"]), e["message"], tuple(e["args"])) for e in json.loads(text or "[]")
	)
