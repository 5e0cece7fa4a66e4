"""Purchase Order whose supplier delivers to the customer: the goods leave for a contract all the same
(D4).
"""

from frappe.model.document import Document

from qms_customer.erp.release import drop_ship_rows, leaving, order_states, reviewed_rows
from qms_customer.messages import refuse
from qms_customer.rules import goods, mark
from qms_customer.rules.review import Refusal


def before_validate(doc: Document, method: str | None = None) -> None:
	"""A submit that skips ERPNext's validation does not skip the gate (D4)."""
	if doc.flags.ignore_validate and doc.docstatus == 1:
		before_submit(doc)


def before_submit(doc: Document, method: str | None = None) -> None:
	"""Refuse a drop-shipment that is not for a row of an approved order (D4)."""
	_refuse(doc)


def before_update_after_submit(doc: Document, method: str | None = None) -> None:
	"""Rows that became a drop-shipment, or grew, after the order was placed meet the gate as well (D4).

	Update Items saves the rows before the order, so that what they were is not known here.
	"""
	_refuse(doc)


def before_change(doc: Document, method: str | None = None) -> None:
	"""Refuse "Delivered" for an order that is not, or no longer, approved as it stands (D4)."""
	before = doc.get_doc_before_save()
	if doc.status == "Delivered" and (before is None or before.status != "Delivered"):
		_refuse(doc)


def _refuse(doc: Document) -> None:
	shipped = [d for d in doc.items if d.delivered_by_supplier]
	if not shipped:
		return
	reviewed = reviewed_rows(doc.company, [_row(d) for d in shipped])
	numbers = {r.number for r in reviewed}
	shipped = [d for d in shipped if d.idx in numbers]
	rows, found = [], []
	for d in shipped:
		if not d.sales_order:
			found.append(
				Refusal(
					"D4",
					mark(
						"Row {0}, {1}: a drop-shipment names the sales order that it delivers. Make it from "
						"the order."
					),
					(str(d.idx), d.item_code),
				)
			)
			continue
		rows.append(_row(d))
	parts = {d.sales_order_packed_item for d in shipped if d.get("sales_order_packed_item")}
	# The orders first: their lock is what a second purchase order waits for.
	orders = order_states({r.order for r in rows}, "Delivery")
	found += goods.release_refusals(
		doc.get("customer") or "",
		doc.company,
		rows,
		orders,
		drop_ship_rows({r.order_row for r in rows if r.order_row} - parts, parts, doc.name or ""),
		by_supplier=True,
	)
	if found:
		refuse(found)


def _row(row: Document) -> goods.ReleaseRow:
	part = row.get("sales_order_packed_item") or ""
	return goods.ReleaseRow(
		row.idx, row.item_code, leaving(row), row.sales_order or "", part or row.sales_order_item or ""
	)
