"""Warehouses that stand at a customer's: what is put down there has left, consigned (D4)."""

from collections.abc import Iterable

import frappe


def customers_at(warehouses: Iterable[str | None]) -> dict[str, str]:
	"""Return by warehouse the customer at whose site it is; a warehouse is where its group is. One query.

	The innermost group that says where it is counts.
	"""
	names = sorted({w for w in warehouses if w})
	if not names:
		return {}
	target, site = frappe.qb.DocType("Warehouse"), frappe.qb.DocType("Warehouse").as_("site")
	rows = (
		frappe.qb.from_(target)
		.join(site)
		.on((site.lft <= target.lft) & (site.rgt >= target.rgt))
		.select(target.name, site.qms_customer)
		.where(target.name.isin(names) & (site.qms_customer != ""))
		.orderby(site.lft)
		.run()
	)
	return dict(rows)
