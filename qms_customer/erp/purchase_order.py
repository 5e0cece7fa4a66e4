"""Purchase Order whose supplier delivers to the customer: the goods leave for a contract all the same (D4)."""

from frappe.model.document import Document

from qms_customer.contract.facts import number
from qms_customer.erp.release import order_rows, order_states
from qms_customer.messages import refuse, refuse_one
from qms_customer.rules import goods, mark


def before_validate(doc: Document, method: str | None = None) -> None:
	"""A submit that skips ERPNext's validation does not skip the gate (D4)."""
	if doc.flags.ignore_validate and doc.docstatus == 1:
		before_submit(doc)


def before_submit(doc: Document, method: str | None = None) -> None:
	"""Refuse a drop-shipment that is not for a row of an approved order (D4)."""
	rows = _drop_ship_rows(doc)
	if rows:
		_refuse(doc, rows, "ordered_qty")


def before_update_after_submit(doc: Document, method: str | None = None) -> None:
	"""Rows that became a drop-shipment after the order was placed meet the gate as well (D4)."""
	before = doc.get_doc_before_save()
	known = {d.name for d in before.items if d.delivered_by_supplier} if before else set()
	if any(d.delivered_by_supplier and d.name not in known for d in doc.items):
		_refuse(doc, _drop_ship_rows(doc), "")


def before_change(doc: Document, method: str | None = None) -> None:
	"""Refuse "Delivered" for an order that is not, or no longer, approved as it stands (D4)."""
	before = doc.get_doc_before_save()
	if doc.status != "Delivered" or (before is not None and before.status == "Delivered"):
		return
	rows = _drop_ship_rows(doc)
	if rows:
		_refuse(doc, rows, "")


def _drop_ship_rows(doc: Document) -> list[goods.ReleaseRow]:
	return [
		goods.ReleaseRow(
			d.idx,
			d.item_code,
			number(d.stock_qty or (d.qty or 0) * (d.conversion_factor or 1)),
			d.sales_order or "",
			d.sales_order_item or "",
		)
		for d in doc.items
		if d.delivered_by_supplier
	]


def _refuse(doc: Document, rows: list[goods.ReleaseRow], taken: str) -> None:
	"""`taken`: count against what other purchase orders took; "" only asks whether the orders are approved."""
	orders = order_states({r.order for r in rows if r.order}, "Delivery")
	if any(not r.order for r in rows):
		refuse_one("D4", mark("A drop-shipment names the sales order that it delivers."))
	if taken:
		bundled = {d.idx for d in doc.items if d.get("sales_order_packed_item")}
		found = goods.release_refusals(
			doc.get("customer") or "",
			doc.company,
			[r for r in rows if r.number not in bundled],
			orders,
			order_rows({r.order_row for r in rows if r.order_row}, taken),
		)
		found += goods.order_refusals(
			doc.get("customer") or "", doc.company, {r.order for r in rows if r.number in bundled}, orders
		)
	else:
		found = goods.order_refusals(doc.get("customer") or "", doc.company, {r.order for r in rows}, orders)
	if found:
		refuse(found)
