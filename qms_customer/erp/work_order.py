"""Work Order: production for a contract starts only when its review is approved (D4, C10)."""

import frappe
from frappe.model.document import Document

from qms_customer.erp.release import order_states
from qms_customer.messages import refuse
from qms_customer.rules import goods


def before_validate(doc: Document, method: str | None = None) -> None:
	"""A submit that skips ERPNext's validation does not skip the gate (D4)."""
	if doc.flags.ignore_validate and doc.docstatus == 1:
		before_submit(doc)


def before_submit(doc: Document, method: str | None = None) -> None:
	"""Refuse production for orders whose review is not approved, however the work order names them (D4)."""
	_refuse(orders_of(doc))


def before_update_after_submit(doc: Document, method: str | None = None) -> None:
	"""Refuse to move a running work order to an order that is not approved (D4)."""
	before = doc.get_doc_before_save()
	if doc.sales_order and (before is None or before.sales_order != doc.sales_order):
		_refuse({doc.sales_order})


def before_change(doc: Document, method: str | None = None) -> None:
	"""The same for a single field written past the form (D4)."""
	if doc.docstatus == 1:
		before_update_after_submit(doc)


def orders_of(doc: Document) -> set[str]:
	"""Return the sales orders that a work order is for: named, or by its production plan or material request.

	A plan that combines items blanks the order on its work orders: then all orders of the plan count.
	"""
	found = {doc.sales_order} if doc.sales_order else set()
	if not found and doc.production_plan:
		found |= set(
			frappe.get_all(
				"Production Plan Sales Order",
				filters={"parent": doc.production_plan, "parenttype": "Production Plan"},
				pluck="sales_order",
			)
		)
		found |= set(
			frappe.get_all(
				"Production Plan Item",
				filters={"parent": doc.production_plan, "sales_order": ("is", "set")},
				pluck="sales_order",
			)
		)
	if doc.material_request:
		found |= set(
			frappe.get_all(
				"Material Request Item",
				filters={"parent": doc.material_request, "sales_order": ("is", "set")},
				pluck="sales_order",
			)
		)
	return {f for f in found if f}


def _refuse(names: set[str]) -> None:
	if not names:
		return
	found = goods.order_refusals("", "", sorted(names), order_states(names, "Production", lock=False))
	if found:
		refuse(found)
