"""By which codes a complaint may be coded: enabled, and of the right kind (H3, H8)."""

from collections.abc import Collection
from typing import Any

import frappe
from pypika.functions import Max
from pypika.terms import ExistsCriterion

from qms_customer.feedback.event_codes import DOCTYPE
from qms_customer.rules import event_codes as rules
from qms_customer.rules import mark
from qms_customer.rules.review import Refusal

KINDS = {
	rules.PROBLEM: mark("the problem"),
	rules.CAUSE: mark("the cause"),
	rules.HEALTH: mark("the effect on health"),
}
MOST = 50


def refusals(given: dict[str, Collection[str]]) -> list[Refusal]:
	"""Return what stands against codes, by what they are for (`rules.USES`); two queries (H3)."""
	wanted = sorted({code for codes in given.values() for code in codes if code})
	if not wanted:
		return []
	table = frappe.qb.DocType(DOCTYPE)
	rows = (
		frappe.qb.from_(table)
		.select(table.name, table.annex, table.lft, table.rgt)
		.where(table.name.isin(wanted) & (table.disabled == 0))
		.run(as_dict=True)
	)
	known = {row.name: (row.annex, above) for row, above in zip(rows, _above(rows), strict=True)}
	found = []
	for use, codes in given.items():
		for code in filter(None, codes):
			if code not in known:
				found.append(Refusal("H3", mark("There is no code {0} in the tree."), (code,)))
			elif not rules.fits(use, code, *known[code]):
				found.append(Refusal("H3", mark("{0} is no code of {1}."), (code, KINDS[use])))
	return found


def choose(use: str, text: str, start: int = 0, length: int = 20) -> list[dict[str, Any]]:
	"""Return enabled codes of a kind that a text is found in, with what stands above each in the tree; two
	queries (H3). The caller has checked that the user may read codes.
	"""
	if use not in rules.USES:
		return []
	code, above = frappe.qb.DocType(DOCTYPE), frappe.qb.DocType(DOCTYPE).as_("above")
	annexes = rules.USES[use]
	# As rules.fits says it, for all codes at once.
	elsewhere = (
		frappe.qb.from_(above)
		.select(above.name)
		.where((above.lft < code.lft) & (above.rgt > code.rgt))
		.where((above.annex != rules.OWN) & above.annex.notin(annexes))
	)
	like = "%" + text.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
	rows = (
		frappe.qb.from_(code)
		.select(code.name, code.term, code.term_zh, code.lft, code.rgt)
		.where((code.disabled == 0) & code.name.notin(list(rules.ANNEXES)))
		.where(code.annex.isin(annexes) | ((code.annex == rules.OWN) & ExistsCriterion(elsewhere).negate()))
		.where(code.name.like(like) | code.term.like(like) | code.term_zh.like(like))
		.orderby(code.lft, code.name)
		.limit(min(length, MOST))
		.offset(start)
		.run(as_dict=True)
	)
	paths = _paths(rows)
	return [{"name": row.name, "term": _term(row), "path": paths.get(row.name, "")} for row in rows]


def _above(rows: Collection[Any]) -> list[str]:
	"""In which annex each code stands: own codes may stand below published ones; one query, or none."""
	own = [row for row in rows if row.annex == rules.OWN]
	if not own:
		return ["" for _row in rows]
	code, above = frappe.qb.DocType(DOCTYPE), frappe.qb.DocType(DOCTYPE).as_("above")
	found = dict(
		frappe.qb.from_(code)
		.join(above)
		.on((above.lft < code.lft) & (above.rgt > code.rgt) & (above.annex != rules.OWN))
		.where(code.name.isin([row.name for row in own]))
		.groupby(code.name)
		.select(code.name, Max(above.annex))
		.run()
	)
	return [found.get(row.name, "") for row in rows]


def _paths(rows: Collection[Any]) -> dict[str, str]:
	"""The terms of all that stands above each code, from the annex down; one query."""
	if not rows:
		return {}
	code, above = frappe.qb.DocType(DOCTYPE), frappe.qb.DocType(DOCTYPE).as_("above")
	found: dict[str, list[str]] = {}
	for row in (
		frappe.qb.from_(code)
		.join(above)
		.on((above.lft < code.lft) & (above.rgt > code.rgt))
		.where(code.name.isin([row.name for row in rows]))
		.orderby(code.name, above.lft)
		.select(code.name, above.term, above.term_zh)
		.run(as_dict=True)
	):
		found.setdefault(row.name, []).append(_term(row))
	return {name: " > ".join(terms) for name, terms in found.items()}


def _term(row: Any) -> str:
	"""A term in the language of who asks."""
	chinese = (frappe.local.lang or "").startswith("zh")
	return (row.term_zh if chinese else "") or row.term or ""
