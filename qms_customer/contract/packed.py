"""Keeping the names of the parts of bundles while Update Items packs them anew (E7).

Purchase orders that ship a part to the customer name its row. ERPNext writes the same rows under new names.
"""

import frappe
from pypika import Case

from qms_customer.contract.permit import ORDER

KEY = ("parent_detail_docname", "parent_item", "item_code")


def of(order_name: str) -> dict[tuple[str, ...], str]:
	"""Return the names of the packed rows of an order, by bundle row and part."""
	rows = frappe.get_all(
		"Packed Item",
		filters={"parent": order_name, "parenttype": ORDER},
		fields=["name", *KEY],
		order_by="idx",
	)
	return {tuple(row[k] or "" for k in KEY): row.name for row in rows}


def restore(order_name: str, before: dict[tuple[str, ...], str]) -> None:
	"""Give the rows that are the same part of the same bundle their names back; at most two queries."""
	if not before:
		return
	renamed = {
		name: before[key] for key, name in of(order_name).items() if key in before and before[key] != name
	}
	if not renamed:
		return
	packed = frappe.qb.DocType("Packed Item")
	names = Case()
	for new, old in renamed.items():
		names = names.when(packed.name == new, old)
	frappe.qb.update(packed).set(packed.name, names).where(packed.name.isin(list(renamed))).run()
