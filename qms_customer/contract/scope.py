"""Where contracts are reviewed, as the settings say it: asked at every door (C1, D4, E8).

Nothing is asked of the database where everything is live. Where the scope names companies, their contracts
are told apart by what is in memory; where it names item groups, by one query more, through the group tree.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable

import frappe
from frappe.model.document import Document

from qms_customer.contract.settings import settings
from qms_customer.rules import scope as rules
from qms_customer.rules.scope import Cell

GROUP, PACKED = "Item Group", "Packed Item"


def cells(doc: Document | None = None) -> list[Cell]:
	"""Return the scope of the settings, or of a document with the same table."""
	return [
		# As a form sends it back, without fractions of a second.
		Cell(r.for_company or "", r.item_group or "", str(r.live_since or "")[:19], r.adoption or "")
		for r in (doc or settings()).get("scope") or ()
	]


def live() -> list[Cell]:
	"""Return where the gate is live."""
	return [c for c in cells() if c.live_since]


def everything() -> bool:
	"""Return whether the gate is live for every contract there can be."""
	return any(c.place == ("", "") for c in live())


def covers(doc: Document) -> bool:
	"""Return whether a contract document lies where the gate is live (C1); at most one query."""
	mine = [c for c in live() if c.company in ("", doc.company or "")]
	if not mine or any(not c.group for c in mine):
		return bool(mine)
	codes = {d.get("item_code") or "" for d in (*(doc.get("items") or ()), *(doc.get("packed_items") or ()))}
	groups = _groups(codes, mine)
	return rules.covered(mine, doc.company or "", [groups.get(c) for c in codes])


def covered_items(company: str | None, codes: Iterable[str]) -> set[str]:
	"""Return which items of a company are reviewed (D4); at most one query."""
	codes = set(codes)
	mine = [c for c in live() if c.company in ("", company or "")]
	if not mine or any(not c.group for c in mine):
		return codes if mine else set()
	groups = _groups(codes, mine)
	return {code for code in codes if rules.covered(mine, company or "", [groups.get(code)])}


def covered_contracts(doctype: str, names: Iterable[str], within: Iterable[Cell] | None = None) -> set[str]:
	"""Return which stored contracts lie where the gate is live, or in the cells given (D4, E8).

	At most four queries, whatever their number.
	"""
	names, within = sorted(set(names)), live() if within is None else list(within)
	if not names or not within:
		return set()
	if any(c.place == ("", "") for c in within):
		return set(names)
	companies = dict(
		frappe.get_all(doctype, filters={"name": ("in", names)}, fields=["name", "company"], as_list=True)
	)
	found, unclear = set(), []
	for name, company in companies.items():
		mine = [c for c in within if c.company in ("", company or "")]
		if any(not c.group for c in mine):
			found.add(name)
		elif mine:
			unclear.append(name)
	if unclear:
		codes = _codes(doctype, unclear)
		groups = _groups({c for some in codes.values() for c in some}, within)
		for name in unclear:
			if rules.covered(within, companies[name] or "", [groups.get(c) for c in codes[name]]):
				found.add(name)
	return found


def above() -> dict[str, frozenset[str]]:
	"""Return by item group itself and all above it; one query, for the settings alone."""
	groups = frappe.get_all(GROUP, fields=["name", "lft", "rgt"])
	return {
		g.name: frozenset(o.name for o in groups if o.lft <= g.lft and o.rgt >= g.rgt) | {g.name}
		for g in groups
	}


def _codes(doctype: str, names: list[str]) -> dict[str, set[str]]:
	found: dict[str, set[str]] = defaultdict(set)
	tables = [f"{doctype} Item", *([] if doctype == "Blanket Order" else [PACKED])]
	for table in tables:
		for parent, code in frappe.get_all(
			table,
			filters={"parent": ("in", names), "parenttype": doctype},
			fields=["parent", "item_code"],
			as_list=True,
		):
			found[parent].add(code or "")
	return found


def _groups(codes: Collection[str], within: Iterable[Cell]) -> dict[str, frozenset[str]]:
	"""Return by item which groups of these cells it lies in; one query. An unknown item is missing."""
	wanted = sorted({c.group for c in within if c.group})
	if not codes or not wanted:
		return {}
	item, own, top = frappe.qb.DocType("Item"), frappe.qb.DocType(GROUP), frappe.qb.DocType(GROUP).as_("top")
	found: dict[str, frozenset[str]] = {}
	for code, group, known in (
		frappe.qb.from_(item)
		.left_join(own)
		.on(own.name == item.item_group)
		.left_join(top)
		.on((top.lft <= own.lft) & (top.rgt >= own.rgt) & top.name.isin(wanted))
		.select(item.name, top.name, own.name)
		.where(item.name.isin(sorted(codes)))
		.run()
	):
		if known:
			found[code] = found.get(code, frozenset()) | ({group} if group else set())
	return found
