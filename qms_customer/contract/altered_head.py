"""Writing what Update Items cannot: the head of an order, and fields of its rows, by ERPNext's save (E7).

One allow-list says which fields of the head a change may name: `rules/notice.py`. What follows from a field,
as on the form of a draft, is done here, a function each.
"""

from collections.abc import Callable, Mapping
from typing import Any

import frappe
from frappe.contacts.doctype.address.address import render_address
from frappe.model.document import Document

from qms_customer.contract import permit
from qms_customer.contract.content import schema
from qms_customer.messages import refuse
from qms_customer.rules import mark
from qms_customer.rules.notice import HEAD_FIELDS
from qms_customer.rules.review import Refusal

# From which totals, taxes or the schedule are calculated: Update Items does that, with all that follows.
CALCULATED_FROM = frozenset(
	{
		"payment_terms_template",
		"shipping_rule",
		"shipping_address_name",
		"apply_discount_on",
		"additional_discount_percentage",
		"discount_amount",
		"disable_rounded_total",
	}
)


def write(order_name: str, head: Mapping[str, Any], rows: Mapping[str, Mapping[str, Any]]) -> bool:
	"""Write fields of the head, and those of rows that Update Items does not know (E7).

	Returns whether totals, taxes or payment schedule have to be calculated anew. Raises QMSRefusal for a
	field that is not on the allow-list. Inside a permit.
	"""
	if strange := [name for name in head if name not in HEAD_FIELDS]:
		refuse(
			[
				Refusal("E7", mark("{0} is not a field that a change notice changes."), (name,))
				for name in strange
			]
		)
	if not head and not rows:
		return False
	doc = frappe.get_doc(permit.ORDER, order_name)
	shape = schema(permit.ORDER)
	for name in head:
		if follow := _BEFORE.get(name):
			follow(doc)
	for name, value in head.items():
		doc.set(name, _rows(value) if name in shape.tables else value)
	for name in head:
		if follow := _AFTER.get(name):
			follow(doc, head)
	by_name = {row.name: row for row in doc.items}
	for name, values in rows.items():
		by_name[name].update(values)
	doc.flags.ignore_validate_update_after_submit = True
	doc.save()
	return bool(CALCULATED_FROM & set(head))


def _rows(value: Any) -> list[dict[str, Any]]:
	return [dict(row) for row in value or ()]


def _drop_shipping_charge(doc: Document) -> None:
	"""The charge of the rule that held until now is a row of the taxes.

	ERPNext's own way of removing it calculates at once, by the rule that still stands there.
	"""
	if not doc.shipping_rule:
		return
	rule = frappe.get_cached_doc("Shipping Rule", doc.shipping_rule)
	charges = [
		tax
		for tax in doc.taxes
		if (tax.charge_type, tax.account_head, tax.cost_center) == ("Actual", rule.account, rule.cost_center)
	]
	if charges:
		doc.taxes.remove(charges[-1])


def _show_address(doc: Document, head: Mapping[str, Any]) -> None:
	# Whose address it is was chosen on the notice; the executing identity reads no addresses.
	doc.address_display = render_address(doc.customer_address, check_permissions=False)


def _show_shipping_address(doc: Document, head: Mapping[str, Any]) -> None:
	doc.shipping_address = render_address(doc.shipping_address_name, check_permissions=False)


def _forget_schedule(doc: Document, head: Mapping[str, Any]) -> None:
	"""ERPNext makes an empty schedule anew from the template, at the new total."""
	doc.set("payment_schedule", [])


def _discount_by_amount(doc: Document, head: Mapping[str, Any]) -> None:
	"""A percentage that stands there would overrule the amount."""
	if "additional_discount_percentage" not in head:
		doc.additional_discount_percentage = 0


_BEFORE: dict[str, Callable[[Document], None]] = {"shipping_rule": _drop_shipping_charge}
_AFTER: dict[str, Callable[[Document, Mapping[str, Any]], None]] = {
	"customer_address": _show_address,
	"shipping_address_name": _show_shipping_address,
	"payment_terms_template": _forget_schedule,
	"discount_amount": _discount_by_amount,
}
